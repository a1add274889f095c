//! Makefiles: which targets there are, what they need, and what their recipes run.
//!
//! The reader is our own and tolerant: what matters are recipes as the shell gets them, in every branch that may be
//! taken, with variables put in at the time make would do it. Nothing is run and no file is opened; `include` and
//! `$(MAKE) -C` are recorded for whoever follows them.
//!
//! What is not known stays visible and stays valid shell text: a variable that the file does not set is `${NAME}`,
//! as it comes from outside; `$(shell x)` is `$(x)`; the result of another function is `${function}`.
//!
//! Invariants: a condition that can be decided from the file and the given values is, with the defaults of `?=`
//! standing; of any other both branches are kept and marked. Size, rules, steps and depth of expansion are bounded.

mod expand;

use std::collections::{BTreeMap, BTreeSet};

use super::SyntaxError;
use expand::Variables;

/// Longer files are not read.
const MAX_TEXT: usize = 1 << 20;
/// Rules kept of one file.
const MAX_RULES: usize = 10_000;
/// Lines of recipes kept of one file.
const MAX_RECIPES: usize = 50_000;
/// Conditionals inside one another.
const MAX_NESTING: usize = 64;
/// Errors kept of one file.
const MAX_ERRORS: usize = 20;

/// A Makefile, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Makefile {
    /// In the order of the file. A target may stand in several.
    pub rules: Vec<Rule>,
    /// Values at the end of the file, variables in them put in, and the line that set them; 0 for given ones.
    pub variables: BTreeMap<String, (String, u32)>,
    /// Names of variables that recipes get in their environment.
    pub exported: BTreeSet<String>,
    /// What `include`, `-include` and `sinclude` name, and the line; patterns as they stand. Text that make puts together
    /// and then reads (`$(eval …)`, `$(call …)` alone on a line) is as unknown as a file whose name is computed.
    pub includes: Vec<(String, u32)>,
    /// A recipe is one script, not one for each line.
    pub oneshell: bool,
    /// What `make` makes when nothing is named.
    pub default: Option<String>,
    /// What could not be read.
    pub errors: Vec<SyntaxError>,
}

/// One rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    /// What it makes; patterns with their `%`.
    pub targets: Vec<String>,
    /// What must be made before, order-only ones included.
    pub prerequisites: Vec<String>,
    /// Its line.
    pub line: u32,
    /// Empty for a rule that only adds prerequisites.
    pub recipe: Vec<Recipe>,
    /// Stands in a branch that may not be taken.
    pub conditional: bool,
}

/// One line of a recipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// As the shell gets it; lines that are joined by a backslash stand as written.
    pub text: String,
    /// Its first line.
    pub line: u32,
    /// `-` in front, or `.IGNORE`: failure is ignored.
    pub ignore_errors: bool,
    /// `@` in front, or `.SILENT`.
    pub silent: bool,
    /// Stands in a branch that may not be taken.
    pub conditional: bool,
}

/// Reads a Makefile. `given` are variables of the command line (`make k=v`), which win over those of the file.
/// Never fails: what could not be read is in [`Makefile::errors`].
pub fn parse(text: &str, given: &BTreeMap<String, String>) -> Makefile {
    let mut reader = Reader { variables: Variables::new(given), prefix: '\t', ..Reader::default() };
    if text.len() > MAX_TEXT {
        reader.error(1, format!("longer than {MAX_TEXT} bytes"));
        return reader.file;
    }
    reader.read(text.strip_prefix('\u{feff}').unwrap_or(text));
    reader.finish()
}

/// One `ifeq` and its like.
struct Branch {
    /// What is read now belongs to a branch that is, or may be, taken.
    active: bool,
    /// Not known whether it is.
    open: bool,
    /// An earlier branch has certainly been taken.
    settled: bool,
    line: u32,
}

/// A recipe before expansion.
struct Raw {
    rule: usize,
    text: String,
    line: u32,
    conditional: bool,
}

#[derive(Default)]
struct Reader {
    file: Makefile,
    variables: Variables,
    branches: Vec<Branch>,
    recipes: Vec<Raw>,
    /// By target.
    own_variables: BTreeMap<String, BTreeMap<String, String>>,
    /// Whether recipe lines belong to a rule.
    in_rule: bool,
    prefix: char,
    full: bool,
    ignore: bool,
    silent: bool,
    export_all: bool,
}

impl Reader {
    fn error(&mut self, line: u32, message: String) {
        if self.file.errors.len() < MAX_ERRORS {
            self.file.errors.push(SyntaxError { line, message });
        }
    }

    fn active(&self) -> bool {
        self.branches.last().is_none_or(|branch| branch.active)
    }

    fn open(&self) -> bool {
        self.branches.last().is_some_and(|branch| branch.open)
    }

    fn read(&mut self, text: &str) {
        let lines: Vec<&str> = text.lines().collect();
        let mut at = 0;
        while let Some(first) = lines.get(at) {
            if self.full {
                return;
            }
            let number = u32::try_from(at + 1).unwrap_or(u32::MAX);
            let length = 1 + lines.get(at..).unwrap_or_default().iter().take_while(|line| goes_on(line)).count();
            let parts = lines.get(at..(at + length).min(lines.len())).unwrap_or_default();
            at += length;
            if self.in_rule && first.starts_with(self.prefix) {
                if self.active() {
                    let kept: Vec<&str> = parts.iter().map(|line| line.strip_prefix(self.prefix).unwrap_or(line)).collect();
                    self.recipe(kept.join("\n"), number);
                }
                continue;
            }
            let logical = joined(parts);
            let line = uncommented(&logical);
            let line = line.trim();
            if line.is_empty() || self.condition(line, number) {
                continue;
            }
            if let Some(head) = word_after(line, "define").or_else(|| word_after(line, "override define")) {
                at = self.definition(head, &lines, at, number);
                continue;
            }
            if self.active() {
                self.statement(line, number);
            }
        }
        if let Some(branch) = self.branches.last() {
            let line = branch.line;
            self.error(line, "the conditional has no endif".into());
        }
    }

    fn recipe(&mut self, text: String, line: u32) {
        if self.recipes.len() >= MAX_RECIPES {
            self.full = true;
            self.error(line, format!("more than {MAX_RECIPES} lines of recipes; the rest is not read"));
            return;
        }
        let conditional = self.open();
        if let (Some(rule), false) = (self.file.rules.len().checked_sub(1), text.trim().is_empty()) {
            self.recipes.push(Raw { rule, text, line, conditional });
        }
    }

    /// `define NAME` up to `endef`; gives the index after it.
    fn definition(&mut self, head: &str, lines: &[&str], from: usize, number: u32) -> usize {
        let mut at = from;
        let mut depth = 1;
        while let Some(line) = lines.get(at) {
            at += 1;
            let words = line.trim();
            if words == "endef" || words.starts_with("endef ") {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            } else if words.starts_with("define ") {
                depth += 1;
            }
        }
        if depth > 0 {
            self.error(number, "the definition has no endef".into());
        }
        if self.active() {
            let body = lines.get(from..at.saturating_sub(1).max(from)).unwrap_or_default().join("\n");
            let name = head.trim_end_matches(['=', ':', '?', '+', '!']).trim();
            let operator = head.get(name.len()..).unwrap_or_default().trim();
            self.variables.assign(name, if operator.is_empty() { "=" } else { operator }, &body, number, self.open());
        }
        at
    }

    /// Follows `ifeq`, `else`, `endif` and their like; false if the line is none of them.
    fn condition(&mut self, line: &str, number: u32) -> bool {
        if let Some(rest) = word_after(line, "else") {
            let below = self.branches.len().checked_sub(2).and_then(|index| self.branches.get(index));
            let (outer, outer_open) = below.map_or((true, false), |branch| (branch.active, branch.open));
            let rest = rest.trim();
            let decided = if rest.is_empty() { Some(true) } else { self.test(rest).unwrap_or(None) };
            let Some(branch) = self.branches.last_mut() else {
                self.error(number, "`else` without a condition".into());
                return true;
            };
            let open_before = branch.open;
            branch.active = outer && !branch.settled && decided != Some(false);
            branch.open = outer_open || open_before || decided.is_none();
            branch.settled |= decided == Some(true) && !open_before;
            return true;
        }
        if word_after(line, "endif").is_some() {
            if self.branches.pop().is_none() {
                self.error(number, "`endif` without a condition".into());
            }
            return true;
        }
        let Some(decided) = self.test(line) else { return false };
        if self.branches.len() >= MAX_NESTING {
            self.full = true;
            self.error(number, format!("conditionals nested deeper than {MAX_NESTING}; the rest is not read"));
            return true;
        }
        let branch = Branch {
            active: self.active() && decided != Some(false),
            open: self.open() || decided.is_none(),
            settled: decided == Some(true),
            line: number,
        };
        self.branches.push(branch);
        true
    }

    /// Whether a condition holds (nothing: not known); nothing at all if it is none.
    fn test(&self, line: &str) -> Option<Option<bool>> {
        for (word, wanted) in [("ifdef", true), ("ifndef", false)] {
            if let Some(name) = word_after(line, word) {
                let name = self.variables.expand(name.trim());
                return Some(self.variables.is_set(&name).then_some(wanted));
            }
        }
        for (word, wanted) in [("ifeq", true), ("ifneq", false)] {
            let Some(rest) = word_after(line, word).or_else(|| line.strip_prefix(word).filter(|r| r.starts_with('('))) else {
                continue;
            };
            let Some((left, right)) = operands(rest.trim()) else { return Some(None) };
            let (left, right) = (self.variables.expand(left.trim()), self.variables.expand(right.trim()));
            let known = !left.contains('$') && !right.contains('$');
            return Some(known.then_some((left.trim() == right.trim()) == wanted));
        }
        None
    }

    fn statement(&mut self, line: &str, number: u32) {
        for word in ["include", "-include", "sinclude"] {
            if let Some(rest) = word_after(line, word) {
                let files = self.variables.expand(&unlisted(rest));
                self.file.includes.extend(words(&files).map(|file| (file.to_owned(), number)));
                return;
            }
        }
        let mut line = line;
        let mut exports = false;
        let mut overrides = false;
        loop {
            if let Some(rest) = word_after(line, "export") {
                exports = true;
                line = rest.trim();
            } else if let Some(rest) = word_after(line, "override").or_else(|| word_after(line, "private")) {
                overrides |= line.starts_with("override");
                line = rest.trim();
            } else {
                break;
            }
        }
        if word_after(line, "unexport").is_some() || word_after(line, "vpath").is_some() {
            return;
        }
        match split(line) {
            Some(Split::Assignment { name, operator, value }) => {
                let name = self.variables.expand(name.trim());
                if overrides {
                    self.variables.forget_given(&name);
                }
                self.variables.assign(&name, operator, value.trim(), number, self.open());
                if name == ".RECIPEPREFIX" {
                    self.prefix = value.trim().chars().next().unwrap_or('\t');
                }
                if exports {
                    self.file.exported.insert(name);
                }
            }
            Some(Split::Rule { targets, rest }) if !exports => self.rule(targets, rest, number),
            _ if exports => {
                self.export_all |= line.is_empty();
                let names = self.variables.expand(line);
                self.file.exported.extend(words(&names).map(str::to_owned));
            }
            // A call that stands alone: `$(eval …)`, `$(info …)`.
            _ if line.starts_with('$') => {
                if line.contains("eval ") || line.contains("call ") {
                    self.file.includes.push(("$(eval)".to_owned(), number));
                }
            }
            _ => self.error(number, "neither a rule nor a variable".into()),
        }
    }

    fn rule(&mut self, targets: &str, rest: &str, number: u32) {
        if self.file.rules.len() >= MAX_RULES {
            self.full = true;
            self.error(number, format!("more than {MAX_RULES} rules; the rest is not read"));
            return;
        }
        let expanded = self.variables.expand(targets);
        let targets: Vec<String> = words(&expanded).map(str::to_owned).collect();
        let own = rest.trim_start();
        let own = ["export ", "private ", "override "].iter().fold(own, |own, word| own.strip_prefix(word).unwrap_or(own));
        if let Some(Split::Assignment { name, operator: _, value }) = split(own) {
            let name = name.trim();
            if !name.is_empty() && !name.contains(char::is_whitespace) {
                for target in targets.into_iter().take(100) {
                    self.own_variables.entry(target).or_default().insert(name.to_owned(), value.trim().to_owned());
                }
                return;
            }
        }
        let (rest, inline) = rest.split_once(';').map_or((rest, None), |(rest, recipe)| (rest, Some(recipe)));
        // `targets: pattern: prerequisites`
        let needs = match split(rest) {
            Some(Split::Rule { rest, .. }) => rest,
            _ => rest,
        };
        let needs = self.variables.expand(needs);
        let prerequisites: Vec<String> = words(&needs).filter(|word| *word != "|").map(str::to_owned).collect();
        match targets.first().map(String::as_str) {
            Some(".ONESHELL") => self.file.oneshell = true,
            Some(".IGNORE") if prerequisites.is_empty() => self.ignore = true,
            Some(".SILENT") if prerequisites.is_empty() => self.silent = true,
            Some(".EXPORT_ALL_VARIABLES") => self.export_all = true,
            Some(first) if self.file.default.is_none() => {
                let hidden = first.starts_with('.') && !first.contains('/');
                let candidate = (!hidden && !first.contains('%')).then(|| first.to_owned());
                self.file.default = candidate;
            }
            _ => {}
        }
        self.in_rule = true;
        let conditional = self.open();
        self.file.rules.push(Rule { targets, prerequisites, line: number, recipe: Vec::new(), conditional });
        if let Some(inline) = inline {
            self.recipe(inline.trim_start().to_owned(), number);
        }
    }

    /// Recipes are expanded when all variables are known.
    fn finish(mut self) -> Makefile {
        for raw in std::mem::take(&mut self.recipes) {
            let Some(rule) = self.file.rules.get_mut(raw.rule) else { continue };
            let mut local = BTreeMap::new();
            if let [target] = rule.targets.as_slice() {
                local.extend(self.own_variables.get(target).into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())));
                if !target.contains('%') {
                    local.insert("@".to_owned(), target.clone());
                    if let Some(first) = rule.prerequisites.first() {
                        local.insert("<".to_owned(), first.clone());
                        local.insert("^".to_owned(), rule.prerequisites.join(" "));
                    }
                }
            }
            let text = self.variables.expand_with(&raw.text, &local);
            for piece in pieces(&text) {
                let (flags, text) = piece
                    .split_at_checked(piece.len() - piece.trim_start_matches(['@', '-', '+', ' ', '\t']).len())
                    .unwrap_or(("", piece));
                if text.trim().is_empty() {
                    continue;
                }
                rule.recipe.push(Recipe {
                    text: text.to_owned(),
                    line: raw.line,
                    ignore_errors: self.ignore || flags.contains('-'),
                    silent: self.silent || flags.contains('@'),
                    conditional: raw.conditional,
                });
            }
        }
        self.file.variables = self.variables.values();
        if let Some((goal, _)) = self.file.variables.get(".DEFAULT_GOAL").filter(|(goal, _)| !goal.is_empty()) {
            self.file.default = Some(goal.clone());
        }
        if self.export_all {
            self.file.exported.extend(self.file.variables.keys().cloned());
        }
        self.file
    }
}

/// A line of a recipe may have become several, by a variable of several lines; each runs on its own.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices('\n') {
        if !goes_on(text.get(..at).unwrap_or_default()) {
            pieces.push(text.get(start..at).unwrap_or_default());
            start = at + 1;
        }
    }
    pieces.push(text.get(start..).unwrap_or_default());
    pieces
}

/// Whether a line is joined with the next: it ends with an odd number of backslashes.
fn goes_on(line: &str) -> bool {
    let line = line.trim_end_matches('\r');
    (line.len() - line.trim_end_matches('\\').len()) % 2 == 1
}

/// Lines as one, as make joins them outside of recipes.
fn joined(parts: &[&str]) -> String {
    let last = parts.len().saturating_sub(1);
    let mut whole = String::new();
    for (index, part) in parts.iter().enumerate() {
        let part = if index == last { *part } else { part.trim_end_matches('\r').strip_suffix('\\').unwrap_or(part) };
        if index > 0 {
            whole.push(' ');
            whole.push_str(part.trim_start());
        } else {
            whole.push_str(part);
        }
    }
    whole
}

/// Without a comment at the end.
fn uncommented(line: &str) -> String {
    let mut out = String::new();
    let mut escaped = false;
    for next in line.chars() {
        if next == '#' {
            if !escaped {
                break;
            }
            out.pop();
        }
        escaped = next == '\\' && !escaped;
        out.push(next);
    }
    out
}

/// What follows a word at the start of a line.
fn word_after<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    line.strip_prefix(word).filter(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
}

/// Words, a reference to a variable being part of one.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    let mut after_dollar = false;
    text.split(move |c: char| {
        match c {
            '(' | '{' if after_dollar || depth > 0 => depth += 1,
            ')' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        after_dollar = c == '$';
        depth == 0 && c.is_whitespace()
    })
    .filter(|word| !word.is_empty())
}

enum Split<'a> {
    Assignment { name: &'a str, operator: &'a str, value: &'a str },
    Rule { targets: &'a str, rest: &'a str },
}

/// A line by its first operator outside of references.
fn split(line: &str) -> Option<Split<'_>> {
    let bytes = line.as_bytes();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'(' | b'{' => depth += 1,
            b')' | b'}' => depth = depth.saturating_sub(1),
            b'=' if depth == 0 => {
                let signs = usize::from(at > 0 && matches!(bytes.get(at - 1), Some(b'?' | b'+' | b'!')));
                return Some(Split::Assignment {
                    name: line.get(..at - signs)?,
                    operator: line.get(at - signs..=at)?,
                    value: line.get(at + 1..)?,
                });
            }
            // The drive of a path.
            b':' if depth == 0 && at == 1 && matches!(bytes.get(2), Some(b'/' | b'\\')) => {}
            b':' if depth == 0 => {
                let colons = bytes.get(at..)?.iter().take_while(|b| **b == b':').count();
                if bytes.get(at + colons) == Some(&b'=') {
                    return Some(Split::Assignment {
                        name: line.get(..at)?,
                        operator: ":=",
                        value: line.get(at + colons + 1..)?,
                    });
                }
                // `a b &: c` makes both at once.
                let targets = line.get(..at)?;
                return Some(Split::Rule {
                    targets: targets.strip_suffix('&').unwrap_or(targets),
                    rest: line.get(at + colons..)?,
                });
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// The two sides of `(a,b)`, `"a" "b"` or `'a' 'b'`.
fn operands(text: &str) -> Option<(&str, &str)> {
    if let Some(inner) = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
        let mut depth = 0_usize;
        for (at, byte) in inner.bytes().enumerate() {
            match byte {
                b'(' | b'{' => depth += 1,
                b')' | b'}' => depth = depth.saturating_sub(1),
                b',' if depth == 0 => return Some((inner.get(..at)?, inner.get(at + 1..)?)),
                _ => {}
            }
        }
        return None;
    }
    let quoted = |text: &str| -> Option<(usize, usize)> {
        let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        Some((1, text.get(1..)?.find(quote)? + 1))
    };
    let (start, end) = quoted(text)?;
    let left = text.get(start..end)?;
    let rest = text.get(end + 1..)?.trim_start();
    let (start, end) = quoted(rest)?;
    Some((left, rest.get(start..end)?))
}

/// `$(wildcard a/*.mk)` is the pattern, where only files of that name are taken in.
fn unlisted(files: &str) -> String {
    let mut plain = String::new();
    let mut rest = files;
    while let Some((before, (patterns, after))) =
        rest.split_once("$(wildcard ").and_then(|(before, inner)| Some((before, inner.split_once(')')?)))
    {
        plain.push_str(before);
        plain.push_str(patterns);
        rest = after;
    }
    plain + rest
}

#[cfg(test)]
mod tests;
