//! INI files as Python's tools write them (`setup.cfg`, `tox.ini`, `.flake8`), into the common tree.
//!
//! Sections are maps by their whole name (`testenv:train`); keys before any section stand at the
//! top. A value goes on over the lines that are indented deeper than its key, and keeps its lines:
//! blank and comment lines between them are empty lines of the text.

use super::build::{Builder, Leaf, MAX_TEXT, Stop};
use super::tree::{Parsed, Style};

/// Reads an INI text. Values are text as written; a key alone has no value (null).
pub fn parse(text: &str) -> Parsed {
    if text.len() > MAX_TEXT {
        return Parsed::failed(1, format!("longer than {MAX_TEXT} bytes"));
    }
    let mut builder = Builder::default();
    // A stop is already noted, and what was built stays.
    let _ = read(text, &mut builder);
    builder.finish()
}

fn read(text: &str, builder: &mut Builder) -> Result<(), Stop> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = (1u32..).zip(text.lines()).peekable();
    let mut in_section = false;
    builder.open(true, 1, None)?;
    while let Some((number, line)) = lines.next() {
        let content = line.trim();
        if content.is_empty() || is_comment(content) {
            continue;
        }
        if let Some(section) = section(content) {
            if in_section {
                builder.close(0);
            }
            in_section = true;
            builder.leaf(Leaf::new(section, number, Style::Plain))?;
            builder.open(true, number, None)?;
            continue;
        }
        let (key, first) = match content.find(['=', ':']) {
            Some(at) => (content.get(..at).unwrap_or_default(), content.get(at + 1..)),
            None => (content, None),
        };
        let key = key.trim_end();
        if key.is_empty() {
            builder.note(number, "a value without a key");
            continue;
        }
        let mut value = Value::start(first.map(str::trim), number);
        let indent = indent(line);
        while let Some(&(number, line)) = lines.peek() {
            let content = line.trim();
            let is_filler = content.is_empty() || is_comment(content);
            if !is_filler && self::indent(line) <= indent {
                break;
            }
            value.add(if is_filler { "" } else { content }, number);
            lines.next();
        }
        builder.leaf(Leaf::new(key, number, Style::Plain))?;
        builder.leaf(value.leaf(number))?;
    }
    if in_section {
        builder.close(0);
    }
    builder.close(0);
    Ok(())
}

fn is_comment(content: &str) -> bool {
    content.starts_with(['#', ';'])
}

/// The name in a section header; what follows the bracket may only be a comment.
fn section(content: &str) -> Option<&str> {
    let (name, rest) = content.strip_prefix('[')?.rsplit_once(']')?;
    let rest = rest.trim_start();
    (rest.is_empty() || is_comment(rest)).then(|| name.trim())
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// A value and where it stands.
struct Value {
    text: Option<String>,
    line: u32,
    end_line: u32,
    /// Empty lines that count only if something follows.
    fillers: usize,
}

impl Value {
    fn start(first: Option<&str>, line: u32) -> Value {
        Value { text: first.map(str::to_owned), line, end_line: line, fillers: 0 }
    }

    fn add(&mut self, content: &str, line: u32) {
        if content.is_empty() {
            self.fillers += 1;
            return;
        }
        let fillers = std::mem::take(&mut self.fillers);
        match &mut self.text {
            Some(text) if !text.is_empty() => {
                text.extend(std::iter::repeat_n('\n', fillers + 1));
                text.push_str(content);
            }
            text => {
                *text = Some(content.to_owned());
                self.line = line;
            }
        }
        self.end_line = line;
    }

    fn leaf(&self, key_line: u32) -> Leaf<'_> {
        match &self.text {
            Some(text) => {
                let style = if self.end_line > key_line { Style::Literal } else { Style::Plain };
                Leaf { end_line: self.end_line, ..Leaf::new(text, self.line, style) }
            }
            None => Leaf::null(key_line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::{Kind, Node};
    use super::*;

    const TOX: &str = "\
; top
envlist = py311
[tox]
skip = true
[testenv:train]
deps =
    -r requirements.txt
    # a comment

    mlflow
commands = python -m churn.train
  dvc push
setenv : A=1
lonely
[tox]
skip = false
";

    #[test]
    fn sections_values_and_lines() {
        let parsed = parse(TOX);
        assert_eq!(parsed.errors, []);
        let root = parsed.tree.root().unwrap();
        assert_eq!(root.get("envlist").unwrap().text(), Some("py311"));
        let train = root.get("testenv:train").unwrap();
        assert_eq!((train.line(), train.end_line()), (5, 14));
        let deps = train.get("deps").unwrap();
        assert_eq!(deps.text(), Some("-r requirements.txt\n\n\nmlflow"));
        assert_eq!((deps.line(), deps.end_line(), deps.style()), (7, 10, Style::Literal));
        let commands = train.get("commands").unwrap();
        assert_eq!((commands.text(), commands.line()), (Some("python -m churn.train\ndvc push"), 11));
        assert_eq!(train.get("setenv").unwrap().text(), Some("A=1"));
        assert_eq!(train.get("lonely").unwrap().kind(), Kind::Null);
        assert_eq!(root.find("tox.skip").iter().map(|node| node.line()).collect::<Vec<_>>(), [4, 16]);
        assert_eq!(root.get("tox").unwrap().get("skip").and_then(Node::as_bool), Some(false));
    }

    #[test]
    fn noise_is_no_panic() {
        for text in ["", "[", "]", "[]", "=x", "[a]]\n=\n", "  a\n b\n", "a =\n\n\n", "\u{feff}[é]\nü=ß"] {
            let _ = parse(text);
        }
        assert_eq!(parse("= x\n").errors[0].line, 1);
    }
}
