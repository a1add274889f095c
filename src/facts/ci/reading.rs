//! A file of a CI system while it is read: what was found so far, and what may still be read of it.
//!
//! Invariant: the number of steps, of notices and the amount of shell text are bounded for every system alike, however
//! often anchors, matrices and templates repeat them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::fact::{FactKind, FileFacts, Guard, OnFailure, Trigger, Unit, UnitId, UnitKind, Uses, UsesTarget};
use crate::facts::Context;
use crate::rules::pattern::Format;
use crate::rules::surroundings::Ways;
use crate::source::{Location, Notice, NoticeKind, SourceFile};
use crate::syntax::shell;
use crate::syntax::tree::{Kind, Node, Tree};
use crate::words::{EdgeKind, TriggerKind};

/// Most steps read of one file.
pub(super) const MAX_STEPS: usize = 4_000;
/// Most bytes of shell text read of one file, with what matrices and anchors repeat.
const MAX_SHELL: usize = 2 << 20;
/// Most variables of one place.
const MAX_VARIABLES: usize = 200;
/// Longest value of a variable, in bytes.
const MAX_VALUE: usize = 2_000;
/// Most notices about one file.
const MAX_NOTICES: usize = 50;

/// Patterns of paths that are told of a trigger.
const PATHS: usize = 2;

/// What starts something, with the paths that must have changed: `push main, only model/**`. Patterns with `!` before them
/// are those that do not count.
pub(super) fn with_paths(text: String, paths: &[String]) -> String {
    let told = |word: &str, of: Vec<&str>| match of.len() {
        0 => String::new(),
        n if n > PATHS => {
            let first: Vec<&str> = of.into_iter().take(PATHS).collect();
            format!(", {word} {} and {} more", first.join(", "), n - PATHS)
        }
        _ => format!(", {word} {}", of.join(", ")),
    };
    let (not, only): (Vec<&str>, Vec<&str>) = paths.iter().map(String::as_str).partition(|p| p.starts_with('!'));
    let not = not.into_iter().map(|p| p.trim_start_matches('!')).collect();
    format!("{text}{}{}", told("only", only), told("except", not))
}

/// A file being read. `own` is what only its system keeps.
pub(in crate::facts) struct Reading<'c, Own = ()> {
    pub(in crate::facts) file: &'c SourceFile,
    pub(in crate::facts) context: &'c Context<'c>,
    pub(in crate::facts) facts: FileFacts,
    pub(super) own: Own,
    /// The ways in which the file says that it is started; none for those of its service.
    pub(super) ways: Option<Ways>,
    pub(super) steps_left: usize,
    shell_left: usize,
    /// Shell texts that were parsed: a file is read for every set of inputs, and most of its steps name none of those
    /// that differ. `shell_left` bounds them.
    scripts: HashMap<(String, shell::Options), Arc<shell::Script>>,
}

impl<'c, Own: Default> Reading<'c, Own> {
    pub(in crate::facts) fn new(file: &'c SourceFile, context: &'c Context<'c>) -> Self {
        let (facts, own) = (FileFacts::default(), Own::default());
        Self { file, context, facts, own, ways: None, steps_left: MAX_STEPS, shell_left: MAX_SHELL, scripts: HashMap::new() }
    }
}

impl<'c, Own: Default> Reading<'c, Own> {
    /// A file of YAML: what breaks its rules is told, its document is kept, and between them `with` reads it.
    pub(super) fn of_yaml(file: &'c SourceFile, context: &'c Context<'c>, with: impl FnOnce(&Tree, &mut Self)) -> FileFacts {
        let document = context.document(file, Format::Yaml);
        let mut reading = Self::new(file, context);
        reading.facts.notices = document.notices(file);
        with(&document.tree, &mut reading);
        reading.facts.tree = Some(document.tree.clone());
        reading.facts
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

    /// A step of a job, while there are any left.
    pub(super) fn step(&mut self, name: &str, (line, end_line): (u32, u32), parent: UnitId) -> Option<UnitId> {
        let named = |name: &str| Some(name.to_owned()).filter(|n| !n.is_empty());
        let unit = Unit {
            kind: UnitKind::Step,
            name: name.to_owned(),
            title: named(name),
            line,
            end_line: end_line.max(line),
            parent: Some(parent),
        };
        self.take_step(line).then(|| self.unit(unit))
    }

    /// A unit hands over to something published, or to what lies elsewhere.
    pub(super) fn outside(&mut self, unit: UnitId, line: u32, reference: &str, with: Vec<(String, String)>) {
        let (reference, to) = (reference.to_owned(), UsesTarget::Remote(reference.to_owned()));
        let uses = Uses { reference, with, to, edge: EdgeKind::Invokes, on_failure: OnFailure::Stops };
        self.fact(unit, line, FactKind::Uses(uses));
    }

    /// A unit is switched off; says by what.
    pub(super) fn never(&mut self, unit: UnitId, line: u32, word: &str) {
        self.fact(unit, line, FactKind::Guard(Guard::Never(word.to_owned())));
    }

    /// Nothing starts a unit but a person.
    pub(super) fn by_hand(&mut self, unit: UnitId, line: u32, word: &str) {
        self.fact(unit, line, FactKind::Trigger(Trigger::plain(TriggerKind::Manual, word.to_owned())));
        self.never(unit, line, word);
    }

    /// Variables under a key, as a map or as a list of maps and of texts like `NAME=value`: stated of a unit, and returned
    /// as far as they are literal. `fill` puts what is known into a value.
    pub(super) fn variables(
        &mut self,
        owner: Node<'_>,
        key: &str,
        unit: UnitId,
        fill: &dyn Fn(&str) -> String,
    ) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        let Some(node) = owner.get(key) else { return found };
        let mut pairs: Vec<(String, String, u32)> = Vec::new();
        let lists = if node.kind() == Kind::Seq { node.items().collect() } else { vec![node] };
        for one in lists {
            pairs.extend(one.entries().filter_map(|(k, v)| Some((k.text.to_owned(), fill(v.text()?), k.line))));
            let texts = one.text().into_iter().flat_map(str::split_whitespace).filter_map(|text| text.split_once('='));
            pairs.extend(texts.map(|(k, v)| (k.to_owned(), fill(v.trim_matches(['"', '\''])), one.site_line())));
        }
        if pairs.is_empty() && node.kind() == Kind::Scalar {
            self.wrong(node.site_line(), &format!("`{key}` holds no variables"));
        }
        for (name, value, line) in pairs.into_iter().take(MAX_VARIABLES).filter(|(_, value, _)| value.len() <= MAX_VALUE) {
            self.setting(unit, line, &name, &value);
            if !value.contains(['$', '`']) {
                found.insert(name, value);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::with_paths;

    #[test]
    fn paths_stand_in_the_words_of_a_trigger() {
        let told =
            |paths: &[&str]| with_paths("push main".to_owned(), &paths.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>());
        assert_eq!(told(&[]), "push main");
        assert_eq!(told(&["model/**"]), "push main, only model/**");
        assert_eq!(told(&["a", "b", "c", "!docs/**"]), "push main, only a, b and 1 more, except docs/**");
    }
}
