//! Python files: the module as plain data. What its names mean is decided where other files are known.

use std::sync::Arc;

use crate::fact::{Code, FileFacts};
use crate::facts::{Context, Reader, When, unparsable};
use crate::source::{self, Notice, SourceFile};
use crate::syntax::SyntaxError;
use crate::syntax::python::{Mode, parse};

/// Reads `*.py`.
pub(crate) const READER: Reader =
    Reader { name: "Python", wants: |path| matches!(source::extension(path), Some("py" | "pyw")), when: When::Telling, read };

pub(super) fn read(file: &SourceFile, context: &Context) -> FileFacts {
    let module = parse(&file.text, Mode::Module);
    let mut facts =
        FileFacts { notices: first_error(file, &module.errors, |line| line).into_iter().collect(), ..FileFacts::default() };
    super::started::commands(&module, &file.path, context, &mut facts);
    facts.code = Some(Arc::new(Code { module, notebook: false, lines: Vec::new() }));
    facts
}

/// One notice a file: a parser that lost its way says much about little.
pub(super) fn first_error(file: &SourceFile, errors: &[SyntaxError], line: impl Fn(u32) -> u32) -> Option<Notice> {
    let first = errors.first()?;
    let more = match errors.len() {
        1 => String::new(),
        n => format!(" (and {} more in this file); what could be read was read", n - 1),
    };
    Some(unparsable(file, &SyntaxError { line: line(first.line), message: format!("{}{more}", first.message) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> (usize, Vec<String>) {
        let facts = read(&SourceFile::new("a.py".into(), text.into()), &Context::default());
        let notices = facts.notices.iter().map(|n| n.at.as_ref().map_or_else(String::new, |at| at.to_string())).collect();
        (facts.code.map_or(0, |c| c.module.calls.len()), notices)
    }

    #[test]
    fn a_file_is_its_module() {
        assert_eq!(check("f()\ng()\n"), (2, vec![]));
        assert!((READER.wants)("a/b.py") && !(READER.wants)("a/b.pyc") && !(READER.wants)("py"));
    }

    #[test]
    fn a_broken_file_says_where_and_gives_the_rest() {
        let (calls, notices) = check("f()\ndef (:\ng()\n");
        assert!(calls >= 1);
        assert_eq!(notices, ["a.py:2"]);
    }
}
