//! What the settings of pytest say about which tests are run, wherever they stand.

use super::setting;
use crate::fact::FileFacts;
use crate::facts::{Context, Reader, When};
use crate::resolve::COLLECTED;
use crate::source::{SourceFile, file_name};
use crate::syntax::ini;
use crate::syntax::tree::Node;

/// `pytest.ini`, and the same in `tox.ini` and `setup.cfg`.
pub(crate) const READER: Reader = Reader {
    name: "pytest",
    wants: |path| matches!(file_name(path), "pytest.ini" | ".pytest.ini" | "tox.ini" | "setup.cfg"),
    when: When::Always,
    read,
};

fn read(file: &SourceFile, _: &Context<'_>) -> FileFacts {
    let mut facts = FileFacts::default();
    let parsed = ini::parse(&file.text);
    let section = if file.name() == "setup.cfg" { "tool:pytest" } else { "pytest" };
    match parsed.tree.root().and_then(|root| root.get(section)) {
        Some(section) => settings(section, &mut facts),
        // the file alone says where tests begin
        None if file.name().ends_with("pytest.ini") => setting(&mut facts, 1, "pytest", ""),
        None => {}
    }
    facts
}

/// The settings of a section or table. A list holds words as they are, a text is split later.
pub(super) fn settings(section: Node<'_>, facts: &mut FileFacts) {
    setting(facts, section.line(), "pytest", "");
    for key in COLLECTED {
        let Some(value) = section.get(key) else { continue };
        match value.text() {
            Some(text) => setting(facts, value.line(), &format!("pytest.{key}"), text),
            None => value.strings().into_iter().for_each(|(word, line)| setting(facts, line, &format!("pytest.{key}[]"), word)),
        }
    }
}
