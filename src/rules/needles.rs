//! Which words must stand in a text before it is worth parsing: one automaton over the literals of all rules.
//!
//! Names are decided first, words second, structure last. A rule about content always has a word of at least four
//! letters; `check` refuses one that has none.

use std::collections::BTreeSet;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::pattern::{Format, last_word};
use super::signal::{CallMatch, CommandMatch, ImportMatch, Matcher, PathMatch, SignalRule};

/// Shortest word that tells anything.
pub(crate) const SHORTEST: usize = 4;

/// The automaton and what else decides by name.
#[derive(Debug)]
pub(crate) struct Needles {
    automaton: Option<AhoCorasick>,
    /// Formats that some rule asks for.
    pub(crate) formats: BTreeSet<Format>,
    /// Globs of texts without a reader.
    pub(crate) text_globs: Vec<String>,
    /// First words of imports that rules name.
    pub(crate) roots: BTreeSet<String>,
}

impl Needles {
    /// Collects the words of all rules.
    pub(crate) fn of(signals: &[SignalRule]) -> Self {
        let mut words: BTreeSet<String> = BTreeSet::new();
        let mut formats = BTreeSet::new();
        let mut text_globs = BTreeSet::new();
        let mut roots = BTreeSet::new();
        for rule in signals {
            for matcher in &rule.any {
                words.extend(literals(matcher));
                match matcher {
                    Matcher::Yaml(_) => drop(formats.insert(Format::Yaml)),
                    Matcher::Json(_) => drop(formats.insert(Format::Json)),
                    Matcher::Toml(_) => drop(formats.insert(Format::Toml)),
                    Matcher::Hcl(_) => drop(formats.insert(Format::Hcl)),
                    Matcher::Ini(_) => drop(formats.insert(Format::Ini)),
                    Matcher::Text(text) => text_globs.extend(text.files.all().iter().cloned()),
                    Matcher::Path(PathMatch::Full(full)) if !full.text.all().is_empty() => {
                        text_globs.extend(full.any.all().iter().cloned());
                    }
                    Matcher::PythonCall(call) => {
                        let names = match call {
                            CallMatch::Names(names) => names.all(),
                            CallMatch::Full(full) => full.name.all(),
                        };
                        roots.extend(names.iter().filter_map(|n| n.split(['.', '#']).next()).map(str::to_owned));
                    }
                    Matcher::PythonImport(ImportMatch::Names(names)) => {
                        roots.extend(names.all().iter().filter_map(|n| n.split('.').next()).map(str::to_owned));
                    }
                    _ => {}
                }
            }
        }
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::DFA))
            .match_kind(MatchKind::Standard)
            .build(words.iter().filter(|w| w.len() >= SHORTEST))
            .ok();
        Self { automaton, formats, text_globs: text_globs.into_iter().collect(), roots }
    }

    /// Whether some rule's word stands in the text, as a word of its own at least on its left.
    pub(crate) fn telling(&self, text: &str) -> bool {
        let Some(automaton) = &self.automaton else { return true };
        let bytes = text.as_bytes();
        automaton.find_overlapping_iter(text).any(|hit| {
            let before = hit.start().checked_sub(1).and_then(|i| bytes.get(i));
            before.is_none_or(|b| !b.is_ascii_alphanumeric() && *b != b'_')
        })
    }
}

/// The words of which one must stand in a text for the matcher to see anything in it.
pub(crate) fn literals(matcher: &Matcher) -> Vec<String> {
    let last = |names: &[String]| -> Vec<String> {
        names
            .iter()
            .filter_map(|n| match last_word(n) {
                Some(word) if word.len() >= SHORTEST => Some(word.to_owned()),
                _ => n.split(['.', '#', '*']).filter(|w| !w.is_empty()).max_by_key(|w| w.len()).map(str::to_owned),
            })
            .collect()
    };
    match matcher {
        Matcher::Path(_) | Matcher::Git(_) | Matcher::Dependency(_) | Matcher::PythonBranch(_) => Vec::new(),
        Matcher::Yaml(m) | Matcher::Json(m) | Matcher::Toml(m) | Matcher::Hcl(m) | Matcher::Ini(m) => {
            if !m.literal.all().is_empty() {
                return m.literal.all().to_vec();
            }
            // the most telling: a literal value, else the longest part of a key
            let condition = m.conditions.iter().find(|c| !c.not && c.exists != Some(false));
            condition.map_or_else(Vec::new, |c| {
                let values: Vec<String> = c.equals.all().iter().chain(c.prefix.all()).cloned().collect();
                if !values.is_empty() && values.iter().all(|v| v.len() >= SHORTEST) {
                    return values;
                }
                let key = c.key.split(['.', '[', ']', '*', '"']).filter(|k| !k.is_empty()).max_by_key(|k| k.len());
                let each = m.each.as_deref().unwrap_or("").split(['.', '[', ']', '*', '"']).filter(|k| !k.is_empty()).max_by_key(|k| k.len());
                key.or(each).map(|k| vec![k.to_owned()]).unwrap_or_default()
            })
        }
        Matcher::Dockerfile(m) => m.instruction.all().to_vec(),
        Matcher::PythonImport(ImportMatch::Names(names)) => names.all().iter().filter_map(|n| n.split('.').next()).map(str::to_owned).collect(),
        Matcher::PythonCall(CallMatch::Names(names)) => last(names.all()),
        Matcher::PythonCall(CallMatch::Full(full)) => {
            let mut words = last(full.name.all());
            words.extend(last(full.decorator.all()));
            words.extend(last(full.subclass.all()));
            words.extend(full.method.all().iter().map(|m| if m.len() >= SHORTEST { m.clone() } else { format!(".{m}(") }));
            words
        }
        Matcher::ShellCommand(command) => {
            let words = match command {
                CommandMatch::Words(words) => words.all(),
                CommandMatch::Full(full) => full.words.all(),
            };
            words
                .iter()
                .flat_map(|line| {
                    let word = line.split_whitespace().filter(|w| !w.contains('*')).max_by_key(|w| w.len()).unwrap_or("");
                    word.split('|').map(str::to_owned).collect::<Vec<_>>()
                })
                .collect()
        }
        Matcher::Uses(uses) => match uses {
            super::signal::UsesMatch::Names(names) => names.all().to_vec(),
            super::signal::UsesMatch::Full(full) => full.name.all().to_vec(),
        },
        Matcher::Text(text) => text.literal.all().to_vec(),
    }
}
