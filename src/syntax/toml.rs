//! TOML into the common tree.
//!
//! A wrong line costs that line, and a wrong table header its table: they are blanked and the rest
//! is read again. The library's tables are sorted by name; here they are put back into file order
//! by the place of their keys.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::build::{Builder, Leaf, Lines, MAX_DEPTH, MAX_TEXT, Stop};
use super::tree::{Parsed, Style};

/// Reads a TOML text. Dates and numbers stay text as written.
pub fn parse(text: &str) -> Parsed {
    if text.len() > MAX_TEXT {
        return Parsed::failed(1, format!("longer than {MAX_TEXT} bytes"));
    }
    if let Some(offset) = too_deep(text) {
        let line = Lines::new(text).at(offset);
        return Parsed::failed(line, format!("nested more than {MAX_DEPTH} levels deep"));
    }
    let mut lowering = Lowering { builder: Builder::default(), lines: Lines::new(text), text };
    let mut source = text.to_owned();
    for round in 0..=MAX_REPAIRS {
        let (document, errors) = DeTable::parse_recoverable(&source);
        let lines = &lowering.lines;
        // The earliest is real; those after it may only follow from it.
        let wrong = errors
            .iter()
            .map(|error| (lines.at(error.span().map_or(0, |span| span.start)), error.message()))
            .min_by_key(|&(line, _)| line);
        let Some((line, message)) = wrong else {
            // A stop is already noted, and what was built stays.
            let _ = lowering.table(document.get_ref(), 1, 0);
            break;
        };
        lowering.builder.note(line, message);
        let repaired = blank(&source, line);
        if round == MAX_REPAIRS || repaired == source {
            let _ = lowering.table(document.get_ref(), 1, 0);
            break;
        }
        source = repaired;
    }
    lowering.builder.finish()
}

/// How often a text with errors is read again.
const MAX_REPAIRS: usize = 16;

/// The text with one line (1-based) replaced by spaces; of a table header also what is below it,
/// which belongs to no other table. No offset changes.
fn blank(text: &str, wrong: u32) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_wrong_table = false;
    for (number, line) in (1u32..).zip(text.split_inclusive('\n')) {
        let is_header = line.trim_start().starts_with('[');
        in_wrong_table = if number == wrong { is_header } else { in_wrong_table && !is_header };
        if number == wrong || in_wrong_table {
            out.extend(line.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { char::from(byte) } else { ' ' }));
        } else {
            out.push_str(line);
        }
    }
    out
}

/// Where nesting exceeds the limit, if it does. Every dot in a key nests as a brace does; the
/// library bounds both but not their product, and its values are dropped by recursion.
fn too_deep(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    // Per open bracket, the dots seen since the last comma; the first is for what is outside.
    let mut dots = vec![0usize];
    let mut total = 0usize;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let mut next = at + 1;
        match byte {
            b'"' | b'\'' => next = after_string(bytes, at, byte),
            b'#' => next = memchr::memchr(b'\n', bytes.get(at..)?).map_or(bytes.len(), |end| at + end),
            b'[' | b'{' => {
                dots.push(0);
                total += 1;
            }
            b']' | b'}' if dots.len() > 1 => total -= 1 + dots.pop().unwrap_or(0),
            b'.' => {
                total += 1;
                if let Some(level) = dots.last_mut() {
                    *level += 1;
                }
            }
            b',' => total -= dots.last_mut().map_or(0, std::mem::take),
            b'\n' if dots.len() == 1 => total -= dots.last_mut().map_or(0, std::mem::take),
            _ => {}
        }
        if total > MAX_DEPTH {
            return Some(at);
        }
        at = next;
    }
    None
}

/// Where a string that starts at `at` ends; one that is not closed ends with its line.
fn after_string(bytes: &[u8], at: usize, quote: u8) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let triple = [quote; 3];
    let long = rest.starts_with(&triple);
    let mut i = if long { 3 } else { 1 };
    while let Some(&byte) = rest.get(i) {
        match byte {
            b'\\' if quote == b'"' && (long || rest.get(i + 1) != Some(&b'\n')) => i += 1,
            b'\n' if !long => return at + i,
            _ if long && rest.get(i..).is_some_and(|rest| rest.starts_with(&triple)) => {
                // Two more quotes may belong to the text.
                let more = rest.iter().skip(i + 3).take(2).take_while(|&&byte| byte == quote).count();
                return at + i + 3 + more;
            }
            _ if !long && byte == quote => return at + i + 1,
            _ => {}
        }
        i += 1;
    }
    bytes.len()
}

struct Lowering<'s> {
    builder: Builder,
    lines: Lines,
    text: &'s str,
}

impl Lowering<'_> {
    /// Recursion ends with the depth limit of the builder.
    fn table(&mut self, table: &DeTable<'_>, line: u32, end_line: u32) -> Result<(), Stop> {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        self.builder.open(true, line, None)?;
        for (key, value) in entries {
            let span = key.span();
            let written = self.text.get(span.clone()).unwrap_or_default();
            let style = if written.starts_with(['"', '\'']) { Style::Quoted } else { Style::Plain };
            let line = self.lines.at(span.start);
            self.builder.leaf(Leaf::new(key.get_ref(), line, style))?;
            self.value(value)?;
        }
        self.builder.close(end_line);
        Ok(())
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>) -> Result<(), Stop> {
        let span = value.span();
        let written = self.text.get(span.clone()).unwrap_or_default();
        let line = self.lines.at(span.start);
        let end_line = self.lines.before(span.end.max(span.start + 1));
        match value.get_ref() {
            DeValue::Table(table) => self.table(table, line, end_line),
            DeValue::Array(items) => {
                self.builder.open(false, line, None)?;
                for item in items.iter() {
                    self.value(item)?;
                }
                self.builder.close(end_line);
                Ok(())
            }
            DeValue::String(text) => {
                let (style, line) = string_style(written, line);
                self.builder.leaf(Leaf { end_line, ..Leaf::new(text, line, style) }).map(drop)
            }
            _ => self.builder.leaf(Leaf { end_line, ..Leaf::new(written, line, Style::Plain) }).map(drop),
        }
    }
}

/// A string over several lines without escapes keeps its lines; one that opens with a line break
/// starts after it.
fn string_style(written: &str, line: u32) -> (Style, u32) {
    let body = match written.strip_prefix("'''") {
        Some(body) => body,
        None => match written.strip_prefix("\"\"\"") {
            Some(body) if !body.contains('\\') => body,
            _ => return (Style::Quoted, line),
        },
    };
    let starts_below = body.starts_with('\n') || body.starts_with("\r\n");
    if body.contains('\n') { (Style::Literal, line + u32::from(starts_below)) } else { (Style::Quoted, line) }
}

#[cfg(test)]
mod tests {
    use super::super::tree::{Kind, Node};
    use super::*;

    const MANIFEST: &str = "\
[project]
name = \"churn\" # why
dependencies = [
  \"mlflow>=2\",
  'xgboost',
]
[tool.poetry.dependencies]
python = \"^3.11\"
torch = { version = \"2\", extras = [\"gpu\"] }
[[tool.mypy.overrides]]
module = \"a\"
[[tool.mypy.overrides]]
module = \"b\"
[a.\"b.c\"]
when = 2024-01-02
big = 1_000
on = true
script = '''
one
two'''
";

    #[test]
    fn tables_lists_and_their_lines() {
        let parsed = parse(MANIFEST);
        assert_eq!(parsed.errors, []);
        let root = parsed.tree.root().unwrap();
        let keys: Vec<_> = root.entries().map(|(key, _)| (key.text, key.line)).collect();
        assert_eq!(keys, [("project", 1), ("tool", 7), ("a", 14)]);
        let dependencies = root.find("project.dependencies")[0];
        assert_eq!(dependencies.strings(), [("mlflow>=2", 4), ("xgboost", 5)]);
        assert_eq!((dependencies.line(), dependencies.end_line()), (3, 6));
        let poetry = root.find("tool.poetry.dependencies")[0];
        assert_eq!(poetry.key_line("torch"), Some(9));
        assert_eq!(poetry.find("torch.extras[]")[0].text(), Some("gpu"));
        let overrides = root.find("tool.mypy.overrides[].module");
        assert_eq!(overrides.iter().map(|node| node.line()).collect::<Vec<_>>(), [11, 13]);
        assert_eq!(root.find("tool.mypy.overrides")[0].end_line(), 13);
        let odd = root.find("a.\"b.c\"")[0];
        assert_eq!((odd.line(), odd.end_line()), (14, 20));
        assert_eq!(odd.get("when").unwrap().text(), Some("2024-01-02"));
        assert_eq!(odd.get("big").unwrap().text(), Some("1_000"));
        assert_eq!(odd.get("on").and_then(Node::as_bool), Some(true));
        let script = odd.get("script").unwrap();
        assert_eq!((script.text(), script.style(), script.line()), (Some("one\ntwo"), Style::Literal, 19));
    }

    #[test]
    fn a_wrong_line_costs_itself() {
        let parsed = parse("a = 1\nb = = 2\n[c]\nd = 3\nd = 4\n<<<<<<< HEAD\n[e]\nf = 5\n");
        assert_eq!(parsed.errors.iter().map(|error| error.line).collect::<Vec<_>>(), [2, 5, 6]);
        assert_eq!(parsed.tree.find("a")[0].text(), Some("1"));
        assert_eq!(parsed.tree.find("c.d")[0].line(), 4);
        assert_eq!(parsed.tree.find("e.f")[0].line(), 8);
        let parsed = parse("[a]\nx = 1\n[a]\ny = 2\n[b]\nz = 3\n[c\nw = 4\n");
        assert_eq!(parsed.tree.find("*.*").len(), 2);
        assert_eq!(parsed.errors.len(), 2);
    }

    #[test]
    fn nesting_is_bounded() {
        let dotted = "a.".repeat(70);
        for text in [
            format!("a = {}", "[".repeat(100_000)),
            format!("a = {}", "{a=".repeat(100_000)),
            format!("{}a = 1", "a.".repeat(100_000)),
            format!("x = {}", format!("{{{dotted}b = ").repeat(79)),
        ] {
            let parsed = parse(&text);
            assert!(!parsed.errors.is_empty());
        }
        assert_eq!(parse("").tree.root().unwrap().kind(), Kind::Map);
    }
}
