//! The expression language of workflows, as far as it can be read without a run.
//!
//! Invariants: quotes and parentheses are respected; nesting and length are bounded; what is not understood stays text.

/// Longer conditions are kept as one text.
const MAX_LENGTH: usize = 4_000;
/// Deeper nesting is kept as text.
const MAX_DEPTH: usize = 16;
/// Longest text that one substitution may make, in bytes.
const MAX_GROWN: usize = 1 << 20;

/// A condition, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expression<'t> {
    /// Any of these.
    Or(Vec<Expression<'t>>),
    /// All of these.
    And(Vec<Expression<'t>>),
    /// Not this.
    Not(Box<Expression<'t>>),
    /// A comparison, a call or a value, as written.
    Leaf(&'t str),
}

/// Takes a condition apart at `||`, `&&` and `!`.
pub(super) fn parse(text: &str) -> Expression<'_> {
    if text.len() > MAX_LENGTH {
        return Expression::Leaf(text);
    }
    parse_at(text, 0)
}

fn parse_at(text: &str, depth: usize) -> Expression<'_> {
    let text = without_parentheses(text.trim());
    if depth > MAX_DEPTH {
        return Expression::Leaf(text);
    }
    for (mark, any) in [("||", true), ("&&", false)] {
        let parts = split(text, mark);
        if parts.len() > 1 {
            let parts = parts.into_iter().map(|part| parse_at(part, depth + 1)).collect();
            return if any { Expression::Or(parts) } else { Expression::And(parts) };
        }
    }
    match text.strip_prefix('!') {
        Some(rest) if !rest.starts_with('=') => Expression::Not(Box::new(parse_at(rest, depth + 1))),
        _ => Expression::Leaf(text),
    }
}

/// Takes off pairs of parentheses around the whole.
fn without_parentheses(text: &str) -> &str {
    let mut text = text;
    for _ in 0..MAX_DEPTH {
        let Some(inner) = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) else { return text };
        let mut open = 0_i32;
        for (_, c) in outside_quotes(inner) {
            match c {
                '(' => open += 1,
                ')' => open -= 1,
                _ => {}
            }
            if open < 0 {
                return text;
            }
        }
        text = inner.trim();
    }
    text
}

/// Characters that stand outside of quotes, with their offsets.
fn outside_quotes(text: &str) -> impl Iterator<Item = (usize, char)> + '_ {
    let mut quoted = false;
    text.char_indices().filter(move |(_, c)| {
        if *c == '\'' {
            quoted = !quoted;
            return false;
        }
        !quoted
    })
}

/// Splits at a mark that stands outside of quotes, parentheses and brackets.
pub(super) fn split<'t>(text: &'t str, mark: &str) -> Vec<&'t str> {
    let mut parts = Vec::new();
    let (mut open, mut from, mut skip) = (0_i32, 0, 0);
    for (at, c) in outside_quotes(text) {
        match c {
            '(' | '[' => open += 1,
            ')' | ']' => open -= 1,
            _ => {}
        }
        if open == 0 && at >= skip && text.get(at..).is_some_and(|rest| rest.starts_with(mark)) {
            parts.extend(text.get(from..at));
            from = at + mark.len();
            skip = from;
        }
    }
    parts.extend(text.get(from..));
    parts
}

/// The two sides of a comparison; true where they must be equal.
pub(super) fn comparison(text: &str) -> Option<(&str, &str, bool)> {
    for (mark, equal) in [("==", true), ("!=", false)] {
        if let [left, right] = split(text, mark)[..] {
            return Some((left.trim(), right.trim(), equal));
        }
    }
    None
}

/// The arguments of a call of that function, where the text is nothing else.
pub(super) fn call<'t>(text: &'t str, function: &str) -> Option<Vec<&'t str>> {
    let head = text.get(..function.len())?;
    let inner = text.get(function.len()..)?.trim().strip_prefix('(')?.strip_suffix(')')?;
    head.eq_ignore_ascii_case(function).then(|| split(inner, ",").into_iter().map(str::trim).collect())
}

/// A literal: a text in quotes, a number, a truth value.
pub(super) fn literal(text: &str) -> Option<String> {
    if let Some(inner) = text.strip_prefix('\'').and_then(|t| t.strip_suffix('\'')) {
        let plain = inner.replace("''", "\u{0}");
        return (!plain.contains('\'')).then(|| plain.replace('\u{0}', "'"));
    }
    let is_number = text.starts_with(|c: char| c.is_ascii_digit() || c == '-') && text.parse::<f64>().is_ok();
    (is_number || matches!(text, "true" | "false")).then(|| text.to_owned())
}

/// The strings of a list that is written as JSON: `fromJSON('["a", "b"]')`.
pub(super) fn json_strings(text: &str) -> Option<Vec<String>> {
    let argument = call(text, "fromJSON")?;
    let [argument] = argument[..] else { return None };
    let parsed = crate::syntax::json::parse(&literal(argument)?);
    let root = parsed.tree.root()?;
    let found: Vec<String> = root.items().filter_map(|item| Some(item.text()?.to_owned())).collect();
    (!found.is_empty()).then_some(found)
}

/// The name of a value, spelt with dots: `matrix['size']` is `matrix.size`.
pub(super) fn path(text: &str) -> Option<String> {
    let text = text.trim().replace("['", ".").replace("']", "");
    let is_path = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '*'));
    is_path.then_some(text)
}

/// The expressions of a text (what stands between `${{` and `}}`), in order.
pub(super) fn expressions(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("${{") {
        let Some((inner, tail)) = after.split_once("}}") else { break };
        found.push(inner.trim());
        rest = tail;
    }
    found
}

/// Puts values of one line that are known in the place of their expressions; all others stay as written.
pub(super) fn substitute(text: &str, known: &dyn Fn(&str) -> Option<String>) -> String {
    fill(text, &|name| known(name).filter(|v| !v.contains('\n'))).0
}

/// Puts values that are known in the place of their expressions, those of several lines too; all others stay as
/// written. Beside the text stands for each of its lines the line of `text` that it came from, counted from 0.
pub(super) fn fill(text: &str, known: &dyn Fn(&str) -> Option<String>) -> (String, Vec<u32>) {
    let mut out = String::with_capacity(text.len());
    let (mut lines, mut line) = (vec![0], 0_u32);
    let mut as_written = |part: &str, out: &mut String, lines: &mut Vec<u32>| {
        for _ in part.matches('\n') {
            line += 1;
            lines.push(line);
        }
        out.push_str(part);
        line
    };
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let Some((inner, tail)) = after.split_once("}}") else { break };
        let at = as_written(before, &mut out, &mut lines);
        match value(inner.trim(), known).filter(|v| out.len() + v.len() < MAX_GROWN) {
            Some(value) => {
                lines.extend(value.matches('\n').map(|_| at));
                out.push_str(&value);
            }
            None => {
                as_written("${{", &mut out, &mut lines);
                as_written(inner, &mut out, &mut lines);
                as_written("}}", &mut out, &mut lines);
            }
        }
        rest = tail;
    }
    as_written(rest, &mut out, &mut lines);
    (out, lines)
}

/// The value of one expression. An input that nobody gave is empty, so `inputs.x || 'y'` is `y` for whatever starts
/// by itself.
fn value(expression: &str, known: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let plain = |text: &str| literal(text).or_else(|| known(&path(text)?));
    let choices = split(expression, "||");
    let Some((last, first)) = choices.split_last().filter(|(_, first)| !first.is_empty()) else { return plain(expression) };
    let or_empty = |text: &str| plain(text).or_else(|| is_input(&path(text)?).then(String::new));
    for choice in first {
        let chosen = both(choice, &or_empty)?;
        if !is_false(&chosen) {
            return Some(chosen);
        }
    }
    both(last, &plain)
}

/// The value of `a && b`: the first that is false, else the last. None where one of them is not known.
fn both(text: &str, value: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let mut chosen = None;
    for part in split(text.trim(), "&&") {
        let part = without_parentheses(part.trim());
        let found = match comparison(part) {
            Some((left, right, equal)) => (value(left)?.eq_ignore_ascii_case(&value(right)?) == equal).to_string(),
            None => value(part)?,
        };
        // what is only partly known may be anything
        if found.contains("${{") {
            return None;
        }
        let ends = is_false(&found);
        chosen = Some(found);
        if ends {
            break;
        }
    }
    chosen
}

fn is_false(value: &str) -> bool {
    matches!(value, "" | "false" | "0" | "null")
}

fn is_input(name: &str) -> bool {
    ["inputs.", "github.event.inputs.", "github.event.client_payload."].iter().any(|prefix| name.starts_with(prefix))
}

/// A value in the words of those who are called: names that mean something else there say whose they are.
pub(super) fn of_the_caller(value: &str) -> String {
    const LOCAL: &[&str] = &["inputs", "env", "steps", "needs", "matrix", "job", "jobs", "strategy"];
    let local = |inner: &str| LOCAL.iter().any(|root| inner.strip_prefix(root).is_some_and(|rest| rest.starts_with(['.', '['])));
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("${{") {
        out.push_str(before);
        out.push_str("${{");
        if local(after.trim_start()) {
            out.push_str(" caller.");
            rest = after.trim_start();
        } else {
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_come_apart_at_their_joints() {
        use Expression::{And, Leaf, Not, Or};
        assert_eq!(parse("(a == 'x || y' && !b)"), And(vec![Leaf("a == 'x || y'"), Not(Box::new(Leaf("b")))]));
        assert_eq!(parse("(a) || (b)"), Or(vec![Leaf("a"), Leaf("b")]));
        assert_eq!(parse("contains(f, 'a && b') != true"), Leaf("contains(f, 'a && b') != true"));
        let deep = format!("{}a{}", "(!".repeat(500), ")".repeat(500));
        parse(&deep);
    }

    #[test]
    fn known_values_take_the_place_of_expressions() {
        let known = |name: &str| (name == "matrix.size").then(|| "big".to_owned());
        let text = "fit ${{ matrix.size }} ${{ matrix['size'] }} ${{ secrets.x }} ${{ inputs.n || '3' }} ${{ broken";
        assert_eq!(substitute(text, &known), "fit big big ${{ secrets.x }} 3 ${{ broken");
    }

    #[test]
    fn choices_are_made_of_what_is_known() {
        let known = |name: &str| match name {
            "inputs.size" => Some("big".to_owned()),
            "inputs.flag" => Some("false".to_owned()),
            "inputs.run" => Some("${{ caller.steps.a.outputs.b }}".to_owned()),
            _ => None,
        };
        for (text, expected) in [
            ("${{ inputs.size || 'small' }}", "big"),
            ("${{ inputs.flag && 'a' || 'b' }}", "b"),
            ("${{ inputs.size == 'big' && 'a' || 'b' }}", "a"),
            ("${{ inputs.size != 'big' && 'a' || 'b' }}", "b"),
            ("${{ inputs.run || 'b' }}", "${{ inputs.run || 'b' }}"),
            ("${{ secrets.a || 'b' }}", "${{ secrets.a || 'b' }}"),
            ("${{ inputs.run }}", "${{ caller.steps.a.outputs.b }}"),
        ] {
            assert_eq!(substitute(text, &known), expected);
        }
    }

    #[test]
    fn values_of_several_lines_keep_the_line_they_stand_for() {
        let known = |name: &str| (name == "inputs.script").then(|| "one\ntwo\n".to_owned());
        let (text, lines) = fill("a\n${{ inputs.script }}b\nc", &known);
        assert_eq!((text.as_str(), lines), ("a\none\ntwo\nb\nc", vec![0, 1, 1, 1, 2]));
        assert_eq!(substitute("${{ inputs.script }}", &known), "${{ inputs.script }}");
    }

    #[test]
    fn names_of_the_caller_are_told_apart() {
        assert_eq!(
            of_the_caller("x ${{inputs.a}} ${{ secrets.b }} ${{ env['c'] }}"),
            "x ${{ caller.inputs.a}} ${{ secrets.b }} ${{ caller.env['c'] }}"
        );
    }
}
