//! A file of a CI system while it is read: what was found so far, and what may still be read of it.
//!
//! Invariant: the number of steps, of notices and the amount of shell text are bounded for every system alike, however
//! often anchors, matrices and templates repeat them.

use std::collections::HashMap;
use std::sync::Arc;

use crate::fact::{FactKind, FileFacts, Unit, UnitId};
use crate::facts::Context;
use crate::source::{Location, Notice, NoticeKind, SourceFile};
use crate::syntax::shell;
use crate::syntax::tree::{Kind, Node};

/// Most steps read of one file.
pub(super) const MAX_STEPS: usize = 4_000;
/// Most bytes of shell text read of one file, with what matrices and anchors repeat.
const MAX_SHELL: usize = 2 << 20;
/// Most notices about one file.
const MAX_NOTICES: usize = 50;

/// A file being read. `own` is what only its system keeps.
pub(in crate::facts) struct Reading<'c, Own = ()> {
    pub(in crate::facts) file: &'c SourceFile,
    pub(in crate::facts) context: &'c Context<'c>,
    pub(in crate::facts) facts: FileFacts,
    pub(super) own: Own,
    pub(super) steps_left: usize,
    shell_left: usize,
    /// Shell texts that were parsed: a file is read for every set of inputs, and most of its steps name none of those
    /// that differ. `shell_left` bounds them.
    scripts: HashMap<(String, shell::Options), Arc<shell::Script>>,
}

impl<'c, Own: Default> Reading<'c, Own> {
    pub(in crate::facts) fn new(file: &'c SourceFile, context: &'c Context<'c>) -> Self {
        let (facts, own) = (FileFacts::default(), Own::default());
        Self { file, context, facts, own, steps_left: MAX_STEPS, shell_left: MAX_SHELL, scripts: HashMap::new() }
    }
}

impl<Own> Reading<'_, Own> {
    pub(in crate::facts) fn fact(&mut self, unit: UnitId, line: u32, kind: FactKind) {
        self.facts.state(unit, line, kind);
    }

    /// Parses a shell text, once.
    pub(in crate::facts) fn script(&mut self, text: &str, options: shell::Options) -> Arc<shell::Script> {
        let key = (text.to_owned(), options);
        if let Some(known) = self.scripts.get(&key) {
            return known.clone();
        }
        let script = Arc::new(shell::parse(text, &key.1));
        self.scripts.insert(key, script.clone());
        script
    }

    pub(in crate::facts) fn setting(&mut self, unit: UnitId, line: u32, key: &str, value: &str) {
        self.fact(unit, line, FactKind::Setting { key: key.to_owned(), value: value.to_owned() });
    }

    pub(in crate::facts) fn unit(&mut self, unit: Unit) -> UnitId {
        self.facts.units.push(unit);
        self.facts.units.len() - 1
    }

    /// The number of the last line.
    pub(in crate::facts) fn last_line(&self) -> u32 {
        u32::try_from(self.file.text.lines().count()).unwrap_or(u32::MAX).max(1)
    }

    pub(in crate::facts) fn notice(&mut self, line: u32, kind: NoticeKind, text: &str) {
        if self.facts.notices.len() < MAX_NOTICES {
            self.facts.notices.push(Notice { at: Some(Location::line(&self.file.path, line)), kind, text: text.to_owned() });
        }
    }

    /// Something that the service would not accept.
    pub(in crate::facts) fn wrong(&mut self, line: u32, text: &str) {
        self.notice(line, NoticeKind::Unparsable, text);
    }

    /// Takes one more step, while there are any left.
    pub(in crate::facts) fn take_step(&mut self, line: u32) -> bool {
        if self.steps_left == 0 {
            self.notice(line, NoticeKind::TooLarge, "too many steps in one file; the others were not read");
            return false;
        }
        self.steps_left -= 1;
        true
    }

    /// Takes that much shell text, while there is room.
    pub(in crate::facts) fn take_text(&mut self, line: u32, text: &str) -> bool {
        if text.len() > self.shell_left {
            self.notice(line, NoticeKind::TooLarge, "too much shell text in one file; the rest was not read");
            return false;
        }
        self.shell_left -= text.len();
        true
    }

    /// The value of a key that must hold keys itself; an expression in its place is nobody's mistake.
    pub(in crate::facts) fn map<'t>(&mut self, node: Node<'t>, key: &str) -> Option<Node<'t>> {
        let value = node.get(key)?;
        match value.kind() {
            Kind::Map => Some(value),
            Kind::Null => None,
            _ => {
                if value.text().is_none_or(|t| !t.contains("${{")) {
                    let line = node.key_line(key).unwrap_or_else(|| value.site_line());
                    self.wrong(line, &format!("`{key}` has no keys"));
                }
                None
            }
        }
    }
}
