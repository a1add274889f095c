//! Which words must stand in a text before it is worth parsing: automata over the literals of all rules.
//!
//! Names are decided first, words second, structure last. A rule about content always has a word of at least three
//! bytes; `check` refuses one that has none. The words of code, of documents and of other texts are kept apart, so that
//! a rule about `kind:` does not make every program worth parsing.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use globset::{GlobSet, GlobSetBuilder};

use super::pattern::{self, Format};
use super::signal::{CallMatch, CommandMatch, ImportMatch, Matcher, OneOrMany, PathMatch, SignalRule, TreeMatch, UsesMatch};
use crate::source::extension;

/// Shortest word that tells anything, in bytes.
pub(crate) const SHORTEST: usize = 3;
/// Words up to this length count only where they stand alone: `Lux` is not in `Luxembourg`.
const ALONE: usize = 3;

/// The automata and what else decides by name.
#[derive(Debug, Default)]
pub(crate) struct Needles {
    code: Words,
    documents: Words,
    /// Documents that rules ask for by their name, with the words that must stand in each such.
    named: GlobSet,
    named_words: Vec<Vec<String>>,
    commands: Words,
    others: Words,
    /// Formats that some rule asks for.
    pub(crate) formats: BTreeSet<Format>,
    /// First words of imports that rules about making and serving models name.
    pub(crate) roots: BTreeSet<String>,
    /// Texts that some rule looks at line by line, with the words of which one must stand in each such; none where the
    /// name alone tells.
    texts: GlobSet,
    text_words: Vec<Vec<String>>,
    /// Texts that are worth reading for their name alone.
    told_by_name: GlobSet,
    /// Every glob of every rule about paths, and the rule (by index) it belongs to.
    paths: GlobSet,
    path_rules: Vec<usize>,
}

impl Needles {
    /// Collects the words of all rules, whose patterns have been checked.
    pub(crate) fn of(signals: &[SignalRule]) -> Self {
        let [mut code, mut documents, mut commands, mut others] = [const { BTreeSet::<String>::new() }; 4];
        let mut needles = Self::default();
        let [mut texts, mut told_by_name, mut paths, mut named] = std::array::from_fn(|_| GlobSetBuilder::new());
        let add = |set: &mut GlobSetBuilder, globs: &OneOrMany| {
            let globs: Vec<_> = globs.all().iter().filter_map(|g| pattern::glob(g).ok()).collect();
            let number = globs.len();
            for glob in globs {
                set.add(glob);
            }
            number
        };
        for (index, rule) in signals.iter().enumerate() {
            for matcher in &rule.any {
                if let Some((format, tree)) = format_of(matcher).filter(|(_, tree)| !tree.files.all().is_empty()) {
                    needles.formats.insert(format);
                    let number = add(&mut named, &tree.files);
                    needles.named_words.extend(std::iter::repeat_n(literals(matcher), number));
                    continue;
                }
                let into = match matcher {
                    Matcher::PythonCall(_) | Matcher::PythonImport(_) => &mut code,
                    Matcher::Yaml(_) | Matcher::Json(_) | Matcher::Toml(_) | Matcher::Hcl(_) | Matcher::Ini(_) => &mut documents,
                    Matcher::ShellCommand(_) => &mut commands,
                    Matcher::Path(_)
                    | Matcher::Dockerfile(_)
                    | Matcher::PythonBranch(_)
                    | Matcher::Uses(_)
                    | Matcher::Dependency(_)
                    | Matcher::Text(_)
                    | Matcher::Git(_) => &mut others,
                };
                into.extend(literals(matcher));
                needles.formats.extend(format_of(matcher).map(|(format, _)| format));
                match matcher {
                    Matcher::Text(text) => {
                        let number = add(&mut texts, &text.files);
                        needles.text_words.extend(std::iter::repeat_n(text.literal.all().to_vec(), number));
                    }
                    Matcher::Path(path) => {
                        let globs = match path {
                            PathMatch::Globs(globs) => globs,
                            PathMatch::Full(full) => &full.any,
                        };
                        let number = add(&mut paths, globs);
                        needles.path_rules.extend(std::iter::repeat_n(index, number));
                        if matches!(path, PathMatch::Full(full) if !full.text.all().is_empty()) {
                            let number = add(&mut texts, globs);
                            needles.text_words.extend(std::iter::repeat_n(Vec::new(), number));
                            add(&mut told_by_name, globs);
                        }
                    }
                    Matcher::PythonCall(call) if makes_models(rule) => {
                        needles.roots.extend(call_names(call).iter().filter_map(|n| root(n)))
                    }
                    Matcher::PythonImport(ImportMatch::Names(names)) if makes_models(rule) => {
                        needles.roots.extend(names.all().iter().filter_map(|n| root(n)))
                    }
                    _ => {}
                }
            }
        }
        let all: BTreeSet<String> = code.iter().chain(&documents).chain(&commands).chain(&others).cloned().collect();
        Self {
            code: Words::of(code),
            documents: Words::of(documents),
            named: named.build().unwrap_or_default(),
            commands: Words::of(commands),
            others: Words::of(all),
            texts: texts.build().unwrap_or_default(),
            told_by_name: told_by_name.build().unwrap_or_default(),
            paths: paths.build().unwrap_or_default(),
            ..needles
        }
    }

    /// Whether a file is worth parsing before anything leads to it: a word of a rule for its format stands in it.
    pub(crate) fn tells(&self, path: &str, text: &str) -> bool {
        if self.told_by_name.is_match(path) {
            return true;
        }
        let words = match extension(path) {
            Some("py" | "pyw") => &self.code,
            Some("ipynb") => return self.code.stand_in(text) || (runs_shell(text) && self.commands.stand_in(text)),
            _ if self.texts.is_match(path) => &self.others,
            _ if pattern::format_at(path).is_some() => return self.documents.stand_in(text) || self.named_tell(path, text),
            _ => &self.others,
        };
        words.stand_in(text)
    }

    fn named_tell(&self, path: &str, text: &str) -> bool {
        let words = self.named.matches(path).into_iter().filter_map(|glob| self.named_words.get(glob));
        words.flatten().any(|word| text.contains(word.as_str()))
    }

    /// Whether some rule looks at the lines of a text at such a path.
    pub(crate) fn wants_text(&self, path: &str) -> bool {
        self.texts.is_match(path)
    }

    /// Whether the lines of such a text are worth keeping.
    pub(crate) fn lines_tell(&self, path: &str, text: &str) -> bool {
        let mut words = self.texts.matches(path).into_iter().filter_map(|glob| self.text_words.get(glob));
        words.any(|words| words.is_empty() || words.iter().any(|word| text.contains(word.as_str())))
    }

    /// Rules (by index, in order, each once) of which a glob fits the path.
    pub(crate) fn of_path(&self, path: &str) -> Vec<usize> {
        let mut rules: Vec<usize> =
            self.paths.matches(path).into_iter().filter_map(|g| self.path_rules.get(g)).copied().collect();
        rules.sort_unstable();
        rules.dedup();
        rules
    }
}

/// Whether a rule is about models; frameworks of pages, tables and files are tools of everybody.
fn makes_models(rule: &SignalRule) -> bool {
    const AREAS: &[&str] = &["tracking", "registry", "feature", "pipeline", "explain", "fair", "monitor"];
    use crate::words::Op;
    let op = rule.op.is_some_and(|op| {
        matches!(op, Op::Train | Op::Tune | Op::Evaluate | Op::Register | Op::Promote | Op::Features | Op::Monitor | Op::Serve)
    });
    op || rule.id.split('.').next().is_some_and(|area| AREAS.contains(&area))
}

/// Whether cells of a notebook may hand lines to the shell.
fn runs_shell(text: &str) -> bool {
    ["\"!", "%%bash", "%%sh", "%%script", "\\n!"].iter().any(|mark| text.contains(mark))
}

/// One automaton, built when it is first asked: many repositories have no text of its kind.
#[derive(Debug, Default)]
struct Words {
    words: Vec<String>,
    automaton: OnceLock<Option<AhoCorasick>>,
}

impl Words {
    fn of(words: BTreeSet<String>) -> Self {
        Self { words: words.into_iter().filter(|w| w.len() >= SHORTEST).collect(), automaton: OnceLock::new() }
    }

    /// None where there are no words.
    fn automaton(&self) -> Option<&AhoCorasick> {
        let build = || {
            AhoCorasick::builder()
                .kind(Some(AhoCorasickKind::ContiguousNFA))
                .match_kind(MatchKind::Standard)
                .build(&self.words)
                .ok()
        };
        if self.words.is_empty() { None } else { self.automaton.get_or_init(build).as_ref() }
    }

    /// Whether a word stands in the text, not as the tail of a longer one: `cargo` is no `argo`. A method (`.fit`) must
    /// end there as well: `.fits_in` is none.
    fn stand_in(&self, text: &str) -> bool {
        let Some(automaton) = self.automaton() else { return false };
        let bytes = text.as_bytes();
        let in_word = |at: Option<usize>| at.and_then(|i| bytes.get(i)).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
        // in a notebook the end of a line is written `\n`, whose `n` belongs to no word
        let escaped = |start: usize| start >= 2 && matches!(bytes.get(start - 2..start), Some(b"\\n" | b"\\t" | b"\\r"));
        automaton.find_overlapping_iter(text).any(|hit| match bytes.get(hit.start()) {
            Some(b'.') => !in_word(Some(hit.end())),
            _ if hit.len() <= ALONE && in_word(Some(hit.end())) => false,
            _ => !in_word(hit.start().checked_sub(1)) || escaped(hit.start()),
        })
    }
}

/// The format and conditions of a matcher over keys.
pub(crate) fn format_of(matcher: &Matcher) -> Option<(Format, &TreeMatch)> {
    match matcher {
        Matcher::Yaml(m) => Some((Format::Yaml, m)),
        Matcher::Json(m) => Some((Format::Json, m)),
        Matcher::Toml(m) => Some((Format::Toml, m)),
        Matcher::Hcl(m) => Some((Format::Hcl, m)),
        Matcher::Ini(m) => Some((Format::Ini, m)),
        _ => None,
    }
}

fn call_names(call: &CallMatch) -> &[String] {
    match call {
        CallMatch::Names(names) => names.all(),
        CallMatch::Full(full) => full.name.all(),
    }
}

/// The import root of a name pattern.
fn root(name: &str) -> Option<String> {
    name.split(['.', '#']).next().filter(|r| !r.contains('*') && !r.is_empty()).map(str::to_owned)
}

/// The longest part of a pattern that has no wildcard.
fn longest(text: &str, separators: &[char]) -> Option<String> {
    // of equals the last, which is the nearest to what is called
    text.split(separators).filter(|w| !w.is_empty()).max_by_key(|w| w.len()).map(str::to_owned)
}

/// The words of which one must stand in a text for the matcher to see anything in it. None at all where names or
/// readers decide (paths, history, branches, what is always read); a word that is empty or short is a mistake.
pub(crate) fn literals(matcher: &Matcher) -> Vec<String> {
    let called = |name: &String| match name.split_once('#') {
        Some((_, method)) if !method.contains('*') => format!(".{method}"),
        _ => longest(name, &['.', '#', '*']).unwrap_or_default(),
    };
    let named = |name: &String| longest(name, &['.', '*']).unwrap_or_default();
    if let Some((_, tree)) = format_of(matcher) {
        return tree_literals(tree);
    }
    match matcher {
        Matcher::PythonImport(ImportMatch::Names(names)) => names.all().iter().map(named).collect(),
        Matcher::PythonCall(CallMatch::Names(names)) => names.all().iter().map(called).collect(),
        Matcher::PythonCall(CallMatch::Full(full)) => full
            .name
            .all()
            .iter()
            .map(called)
            .chain(full.decorator.all().iter().chain(full.subclass.all()).map(named))
            .chain(full.method.all().iter().map(|m| if m.len() > ALONE { m.clone() } else { format!(".{m}") }))
            .chain(full.own.all().iter().map(|name| name.trim_end_matches('*').to_owned()))
            .collect(),
        Matcher::ShellCommand(command) => {
            let lines = match command {
                CommandMatch::Words(words) => words.all(),
                CommandMatch::Full(full) => full.words.all(),
            };
            // a line of wildcards alone has the empty word, which `check` refuses
            let word = |line: &String| {
                line.split_whitespace().filter(|w| !w.contains('*')).max_by_key(|w| w.len()).unwrap_or("").to_owned()
            };
            lines.iter().flat_map(|line| word(line).split('|').map(str::to_owned).collect::<Vec<_>>()).collect()
        }
        Matcher::Uses(UsesMatch::Names(names)) => names.all().to_vec(),
        Matcher::Uses(UsesMatch::Full(full)) => full.name.all().to_vec(),
        Matcher::Text(text) => text.literal.all().to_vec(),
        _ => Vec::new(),
    }
}

/// The most telling words of conditions that must all hold: the values of one of them or the longest part of a key,
/// whichever has the longest shortest word. `true` says little, `DataCaptureConfig` much.
fn tree_literals(tree: &TreeMatch) -> Vec<String> {
    if !tree.literal.all().is_empty() {
        return tree.literal.all().to_vec();
    }
    let positive = || tree.conditions.iter().filter(|c| !c.not && c.exists != Some(false));
    let values =
        positive().flat_map(|c| [c.equals.all(), c.prefix.all()]).filter(|list| !list.is_empty()).map(<[String]>::to_vec);
    let keys = positive().map(|c| c.key.as_str()).chain(tree.each.as_deref());
    let keys = keys.filter_map(|key| longest(key, &['.', '[', ']', '*', '"'])).map(|word| vec![word]);
    let telling = |words: &Vec<String>| words.iter().map(String::len).min();
    // the first of equals
    let all: Vec<Vec<String>> = keys.chain(values).collect();
    all.into_iter().rev().max_by_key(telling).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Vec<SignalRule> {
        let any: Vec<Matcher> =
            serde_yaml::with::singleton_map_recursive::deserialize(serde_yaml::Deserializer::from_str(text)).unwrap();
        vec![SignalRule {
            id: "a.b".into(),
            title: String::new(),
            about: String::new(),
            op: None,
            sets: std::collections::BTreeMap::new(),
            strength: crate::words::Strength::Resolved,
            any,
            unless: Vec::new(),
            unless_file: Vec::new(),
            only_with: Vec::new(),
            raises: None,
            scope: Vec::new(),
            source: None,
            examples: Vec::new(),
            counter_examples: Vec::new(),
            replaces: false,
        }]
    }

    fn words(text: &str) -> Vec<String> {
        rules(text).iter().flat_map(|r| &r.any).flat_map(literals).collect()
    }

    #[test]
    fn words_are_the_most_telling_parts() {
        assert_eq!(
            words("- python-call: [mlflow.register_model, 'sklearn.**#fit', 'wandb.log', 'boto3.create_*']"),
            ["register_model", ".fit", "wandb", "create_"]
        );
        assert_eq!(
            words("- python-call: { method: [fit, register_model], decorator: prefect.flow }"),
            ["prefect", ".fit", "register_model"]
        );
        assert_eq!(words("- shell-command: 'dvc repro|exp'"), ["repro", "exp"]);
        assert_eq!(
            words("- yaml: { where: [{ key: spec.x, exists: false }, { key: kind, is: InferenceService }] }"),
            ["InferenceService"]
        );
        assert_eq!(words("- yaml: { each: 'jobs.*.steps[]', where: [{ key: if, is: [on, off] }] }"), ["steps"]);
        assert_eq!(words("- shell-command: '* **'"), [""]);
    }

    #[test]
    fn a_longer_word_is_another_word() {
        let needles = Needles::of(&rules("- python-call: [argo.submit, 'sklearn.**#fit']"));
        assert!(needles.tells("a.py", "import argo; argo.submit()"));
        assert!(!needles.tells("a.py", "cargo_submit()"));
        let short = Needles::of(&rules("- python-call: kfp.dsl.If"));
        assert!(short.tells("a.py", "from kfp import dsl") && !short.tells("a.py", "dsls = 1"));
        assert!(needles.tells("a.py", "model.fit(x)"));
        assert!(!needles.tells("a.py", "box.fits_in(x)"));
        assert!(needles.tells("a.py", "model\\\n  .fit (x)"));
    }

    #[test]
    fn each_format_has_words_of_its_own() {
        let needles = Needles::of(&rules(
            "- python-call: mlflow.register_model\n- yaml: { where: [{ key: kind, is: InferenceService }] }\n- path: { any: '**/*.rst', text: 'model card' }\n- text: { files: '**/*.R', literal: xgb.train }",
        ));
        assert!(!needles.tells("a.py", "kind = 'InferenceService'"));
        assert!(needles.tells("a.yaml", "kind: InferenceService"));
        assert!(!needles.tells("a.yaml", "run: register_model"));
        assert!(needles.tells("docs/a.rst", "anything"), "the name tells enough");
        assert!(needles.wants_text("docs/a.rst") && needles.wants_text("b.R") && !needles.wants_text("a.py"));
        assert!(needles.tells("b.R", "m <- xgb.train(d)"));
        assert!(!needles.tells("b.R", "m <- lm(y ~ x)"));
        assert_eq!(needles.of_path("docs/a.rst"), [0]);
        assert!(needles.of_path("a.py").is_empty());
    }

    #[test]
    fn notebooks_write_lines_in_strings() {
        let needles = Needles::of(&rules("- python-call: mlflow.register_model\n- shell-command: dvc repro"));
        assert!(needles.tells("a.ipynb", r#"{"source": "x = 1\nregister_model(x)"}"#));
        assert!(needles.tells("a.ipynb", r#"{"source": ["!dvc repro"]}"#));
        assert!(!needles.tells("a.ipynb", r#"{"source": ["we use dvc repro"]}"#));
    }

    #[test]
    fn no_rules_tell_nothing() {
        let needles = Needles::of(&[]);
        assert!(!needles.tells("a.py", "import mlflow"));
    }
}
