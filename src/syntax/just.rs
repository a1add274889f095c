//! Justfiles: recipes, their parameters and bodies, and what is known of the variables. Nothing is evaluated that would
//! have to be run; what only a run knows is left as the hole that the caller gives.
//!
//! Invariants: lines are 1-based; recipes, variables, and the growth of texts are bounded; a line that is not understood
//! is stepped over.

use std::collections::BTreeMap;

/// Most recipes kept of one file.
const MAX_RECIPES: usize = 2_000;
/// Longest text that an expression may come to.
const MAX_TEXT: usize = 64 << 10;

/// A justfile, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Justfile {
    /// In the order of the text.
    pub recipes: Vec<Recipe>,
    /// Other names of recipes: alias, recipe, line.
    pub aliases: Vec<(String, String, u32)>,
    /// Other files: the name that their recipes get in front (empty for `import`), the path if one is given,
    /// the line.
    pub parts: Vec<(String, Option<String>, u32)>,
    /// Variables in the order of the text: name, expression as written, whether commands see it too.
    pub variables: Vec<(String, String, bool)>,
    /// Settings by name, with their values as written.
    pub settings: BTreeMap<String, String>,
}

/// A recipe.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recipe {
    /// Its name.
    pub name: String,
    /// Its parameters with their defaults as written, where they have one.
    pub params: Vec<(String, Option<String>)>,
    /// The last parameter takes any number of arguments.
    pub variadic: bool,
    /// Recipes that run first, and after it, each with its arguments as written.
    pub before: Vec<(String, Vec<String>)>,
    /// Those that run after it.
    pub after: Vec<(String, Vec<String>)>,
    /// Attributes as written: `private`, `script('python3')`.
    pub attributes: Vec<String>,
    /// Lines of the body with their numbers, lines that go on joined for recipes that are no script.
    pub body: Vec<(String, u32)>,
    /// The line of its name.
    pub line: u32,
    /// Its last line.
    pub end_line: u32,
}

impl Recipe {
    /// Whether the body is one text for an interpreter, and which: the line behind `#!`, or the attribute's word.
    pub fn interpreter(&self) -> Option<&str> {
        let shebang = self.body.first().and_then(|(line, _)| line.strip_prefix("#!"));
        let attribute =
            || self.attributes.iter().find_map(|a| a.strip_prefix("script")).map(|a| a.trim_matches(['(', ')', '\'', '"']));
        shebang.or_else(attribute)
    }
}

/// Reads a justfile.
pub fn parse(text: &str) -> Justfile {
    let mut file = Justfile::default();
    let mut attributes: Vec<String> = Vec::new();
    let mut lines = (1u32..).zip(text.lines()).peekable();
    while let Some((number, first)) = lines.next() {
        if first.starts_with([' ', '\t']) || first.trim().is_empty() || first.starts_with('#') {
            continue;
        }
        // a header may go on
        let mut line = first.to_owned();
        while line.ends_with('\\') && line.len() < MAX_TEXT {
            let Some((_, more)) = lines.next() else { break };
            line.pop();
            line.push_str(more.trim());
        }
        let line = line.trim_end();
        if let Some(inner) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            attributes.extend(pieces(inner, ',').into_iter().map(|a| a.trim().replace(": ", "(").replace(" (", "(")));
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().take(4).collect();
        match words.as_slice() {
            ["set", ..] => {
                let rest = line.get(3..).unwrap_or_default();
                let (name, value) = rest.split_once(":=").unwrap_or((rest, "true"));
                file.settings.insert(name.trim().to_owned(), value.trim().to_owned());
            }
            ["alias", name, ":=", to] => file.aliases.push(((*name).to_owned(), (*to).to_owned(), number)),
            ["import" | "import?", ..] => {
                let path = line.split_once(char::is_whitespace).map(|(_, path)| unquoted(path.trim()));
                file.parts.push((String::new(), path.flatten(), number));
            }
            ["mod" | "mod?", name, ..] if !line.contains(":=") && !line.contains(": ") && !line.ends_with(':') => {
                let path = line.split_once(*name).and_then(|(_, path)| unquoted(path.trim()));
                file.parts.push(((*name).to_owned(), path, number));
            }
            _ => {
                if let Some((name, value)) = assignment(line) {
                    let exported = name.starts_with("export ") || file.settings.contains_key("export");
                    let name = name.trim_start_matches("export ").trim().to_owned();
                    file.variables.push((name, value.to_owned(), exported));
                } else if let Some(mut recipe) = header(line).filter(|_| file.recipes.len() < MAX_RECIPES) {
                    (recipe.line, recipe.end_line) = (number, number);
                    recipe.attributes = std::mem::take(&mut attributes);
                    let mut indent: Option<String> = None;
                    while let Some((number, line)) = lines.next_if(|(_, l)| l.starts_with([' ', '\t']) || l.trim().is_empty()) {
                        if line.trim().is_empty() {
                            recipe.body.push((String::new(), number));
                            continue;
                        }
                        let own: String = line.chars().take_while(|c| c.is_whitespace()).collect();
                        let indent = indent.get_or_insert(own);
                        let bare = line.strip_prefix(indent.as_str()).unwrap_or_else(|| line.trim_start());
                        recipe.body.push((bare.to_owned(), number));
                        recipe.end_line = number;
                    }
                    while recipe.body.last().is_some_and(|(line, _)| line.is_empty()) {
                        recipe.body.pop();
                    }
                    if recipe.interpreter().is_none() {
                        recipe.body = joined(&recipe.body);
                    }
                    file.recipes.push(recipe);
                }
            }
        }
        attributes.clear();
    }
    file
}

/// Lines that end in a backslash go on in the next.
fn joined(body: &[(String, u32)]) -> Vec<(String, u32)> {
    let mut lines: Vec<(String, u32)> = Vec::new();
    let mut open = false;
    for (line, number) in body {
        match lines.last_mut().filter(|_| open) {
            Some((before, _)) => {
                before.push('\n');
                before.push_str(line);
            }
            None if line.is_empty() => continue,
            None => lines.push((line.clone(), *number)),
        }
        open = line.ends_with('\\');
    }
    lines
}

fn assignment(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(":=")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "_- ".contains(c);
    (name.chars().all(plain) && !name.trim().is_empty()).then(|| (name.trim(), uncommented(value)))
}

/// `@name a b="x" *rest: first (second "y") && last`.
fn header(line: &str) -> Option<Recipe> {
    let colon = outside(line, &|rest| rest.starts_with(':'))?;
    let (head, tail) = (line.get(..colon)?, line.get(colon + 1..)?);
    let mut words = pieces(head.trim_start_matches('@'), ' ').into_iter().filter(|w| !w.is_empty());
    let name = words.next()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') || !name.chars().all(plain) {
        return None;
    }
    let mut recipe = Recipe { name: name.to_owned(), ..Recipe::default() };
    for word in words.take(100) {
        recipe.variadic |= word.starts_with(['*', '+']);
        let word = word.trim_start_matches(['*', '+', '$']);
        let (name, default) = word.split_once('=').map_or((word, None), |(name, default)| (name, Some(default.to_owned())));
        recipe.params.push((name.to_owned(), default));
    }
    let mut behind = false;
    for word in pieces(uncommented(tail), ' ').into_iter().filter(|w| !w.is_empty()).take(200) {
        if word == "&&" {
            behind = true;
            continue;
        }
        let inner = word.strip_prefix('(').and_then(|w| w.strip_suffix(')')).unwrap_or(word);
        let mut parts = pieces(inner, ' ').into_iter().filter(|w| !w.is_empty());
        let Some(name) = parts.next() else { continue };
        let called = (name.to_owned(), parts.map(str::to_owned).collect());
        if behind { recipe.after.push(called) } else { recipe.before.push(called) }
    }
    Some(recipe)
}

/// The place of the first text that fits outside of quotes and brackets.
fn outside(text: &str, fits: &dyn Fn(&str) -> bool) -> Option<usize> {
    let mut quote: Option<char> = None;
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(q), c) if q == c => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, _) if depth == 0 && text.get(at..).is_some_and(fits) => return Some(at),
            _ => {}
        }
    }
    None
}

/// The text between separators that stand outside of quotes and brackets.
fn pieces(text: &str, separator: char) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = outside(rest, &|rest| rest.starts_with(separator)) {
        let (piece, more) = rest.split_at(at);
        found.push(piece);
        rest = more.get(separator.len_utf8()..).unwrap_or_default();
        if found.len() > 1_000 {
            break;
        }
    }
    found.push(rest);
    found
}

fn uncommented(text: &str) -> &str {
    outside(text, &|rest| rest.starts_with('#')).map_or(text, |at| text.get(..at).unwrap_or(text)).trim()
}

fn unquoted(text: &str) -> Option<String> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    text.get(1..)?.split(quote).next().map(str::to_owned)
}

/// What an expression comes to, with `hole` for what only a run knows.
pub fn value(expression: &str, variables: &BTreeMap<String, String>, hole: &str) -> String {
    let mut text = String::new();
    let sum = expression.trim();
    if sum.starts_with("if ") || sum.contains("&&") || sum.contains("||") {
        return hole.to_owned();
    }
    for (number, part) in pieces(sum, '/').into_iter().enumerate() {
        if number > 0 {
            text.push('/');
        }
        for atom in pieces(part, '+') {
            let atom = atom.trim();
            let plain = !atom.is_empty() && atom.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
            match unquoted(atom).filter(|inner| inner.len() + 2 == atom.len()) {
                Some(inner) => text.push_str(&inner),
                None if atom.is_empty() => {}
                None if plain => text.push_str(variables.get(atom).map_or(hole, String::as_str)),
                None if matches!(atom, "justfile_directory()" | "source_directory()") => {
                    text.push_str(variables.get(HERE).map_or(hole, String::as_str));
                }
                None => text.push_str(hole),
            }
            if text.len() > MAX_TEXT {
                return hole.to_owned();
            }
        }
    }
    text
}

/// Under which name the folder of the file stands among the variables.
pub const HERE: &str = "justfile_directory()";

/// A line with its expressions put in.
pub fn filled(line: &str, variables: &BTreeMap<String, String>, hole: &str) -> String {
    let mut filled = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((start, behind)) = rest.split_once("{{") {
        filled.push_str(start);
        // four braces are two
        if let Some(escaped) = behind.strip_prefix("{{") {
            filled.push_str("{{");
            rest = escaped;
            continue;
        }
        let Some((inner, after)) = behind.split_once("}}") else {
            rest = behind;
            break;
        };
        filled.push_str(&value(inner, variables, hole));
        rest = after;
        if filled.len() > MAX_TEXT {
            break;
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipes_have_parameters_and_others_before_them() {
        let text = "set shell := [\"bash\", \"-c\"]\nexport py := \"python\" # ours\nname := py + \"3\"\nalias t := fit\nimport? 'more.just'\nmod docs\n\n# fits\n[private]\n@fit day=\"all\" *rest: data (check day \"a b\") && push\n    {{py}} train.py \\\n      {{day}}\n    -rm x\n\ndata:\n    #!/usr/bin/env bash\n    set -e\n\n    ls\n";
        let file = parse(text);
        assert_eq!(file.variables.iter().map(|(n, _, e)| (n.as_str(), *e)).collect::<Vec<_>>(), [("py", true), ("name", false)]);
        assert_eq!(file.aliases, [("t".to_owned(), "fit".to_owned(), 4)]);
        assert_eq!(file.parts[0], (String::new(), Some("more.just".to_owned()), 5));
        assert_eq!(file.parts[1], ("docs".to_owned(), None, 6));
        let fit = &file.recipes[0];
        assert_eq!((fit.name.as_str(), fit.variadic, fit.line, fit.end_line), ("fit", true, 10, 13));
        assert_eq!(fit.params, [("day".to_owned(), Some("\"all\"".to_owned())), ("rest".to_owned(), None)]);
        assert_eq!(fit.before[1], ("check".to_owned(), vec!["day".to_owned(), "\"a b\"".to_owned()]));
        assert_eq!((fit.after[0].0.as_str(), fit.attributes[0].as_str()), ("push", "private"));
        assert_eq!(fit.body, [("{{py}} train.py \\\n  {{day}}".to_owned(), 11), ("-rm x".to_owned(), 13)]);
        assert_eq!(file.recipes[1].interpreter(), Some("/usr/bin/env bash"));
        assert_eq!(file.recipes[1].body.len(), 4);
    }

    #[test]
    fn expressions_come_to_text_or_to_a_hole() {
        let known = BTreeMap::from([("dir".to_owned(), "ml".to_owned())]);
        for (expression, is) in [
            ("dir / \"fit.py\"", "ml/fit.py"),
            ("'a' + dir", "aml"),
            ("env('X', 'y')", "?"),
            ("other", "?"),
            ("`date`", "?"),
            ("if dir == 'a' { 'b' } else { 'c' }", "?"),
        ] {
            assert_eq!(value(expression, &known, "?"), is, "{expression}");
        }
        assert_eq!(filled("run {{ dir }} {{{{x {{", &known, "?"), "run ml {{x ");
    }

    #[test]
    fn broken_text_is_stepped_over() {
        for text in ["[", "a b c", "x := ", "set", "fit: (((((", "\"\": y\n  z", "é\"é: b\n\té\\"] {
            let _ = parse(text);
        }
        assert_eq!(parse("fit:\n\tls\n").recipes[0].body, [("ls".to_owned(), 2)]);
    }
}
