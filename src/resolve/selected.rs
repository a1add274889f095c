//! Which of the tests that it collects pytest is told to run: by words (`-k`), by marks (`-m`), by their names.
//!
//! Invariants: a test is left out only where that is certain; what cannot be read leaves out nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::RepoPath;

/// Most tokens of an expression that are read.
const MAX_TOKENS: usize = 200;
/// Deepest brackets of an expression that are followed.
const DEPTH: u32 = 30;

/// A test, as the runner knows it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Test {
    /// Its file.
    pub(crate) path: RepoPath,
    /// Its classes and itself, outermost first.
    pub(crate) names: Vec<String>,
    /// Marks of it, of its classes and of its file.
    pub(crate) marks: BTreeSet<String>,
    /// Cases may give it further names.
    pub(crate) more_names: bool,
    /// Something that is not known here may mark it.
    pub(crate) more_marks: bool,
    /// How the class that it stands in is made.
    pub(crate) class: Option<Held>,
}

/// The class of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    /// Own and plain.
    Plain,
    /// Own and plain, with a constructor.
    Made,
    /// It builds on something from outside, as a `TestCase` does, or on what is not known.
    Other,
}

/// What a runner is told about the tests of the files that it collects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    /// `-k`.
    pub(super) words: Option<String>,
    /// `-m`.
    pub(super) marks: Option<String>,
    /// `--deselect`: beginnings of `path::Class::test`, and as written.
    pub(super) deselected: Vec<(String, String)>,
    /// Files of which only some tests are named, as `Class::test`.
    pub(super) named: BTreeMap<RepoPath, Vec<String>>,
    /// Which names are those of tests, where a runner goes by names.
    pub(super) collects: Option<Collects>,
    /// Only methods of test cases are collected, as by `unittest`.
    pub(super) cases: bool,
}

/// By what names pytest knows classes and functions, each a beginning or a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Collects {
    /// `python_classes`.
    pub(super) classes: Vec<String>,
    /// `python_functions`.
    pub(super) functions: Vec<String>,
}

impl Collects {
    /// What settings say; where they say nothing, the usual.
    pub(super) fn of(classes: &[&str], functions: &[&str]) -> Self {
        let or = |told: &[&str], usual: &str| -> Vec<String> {
            if told.is_empty() { vec![usual.to_owned()] } else { told.iter().map(|word| (*word).to_owned()).collect() }
        };
        Self { classes: or(classes, "Test"), functions: or(functions, "test") }
    }

    /// Why a test is none by its name or that of its class.
    fn leaves_out(&self, test: &Test) -> Option<String> {
        let (name, classes) = test.names.split_last()?;
        let written = |patterns: &[String]| format!("`{}`", patterns.join("`, `"));
        let sets_up = matches!(name.as_str(), "setUp" | "setUpClass");
        match (classes.last(), test.class) {
            // the framework from outside goes by its own names
            (_, Some(Held::Other)) => {
                return (!sets_up && !name.starts_with("test")).then(|| format!("`{name}` is no test by its name"));
            }
            (Some(class), Some(Held::Made)) if fits(class, &self.classes) => {
                return Some(format!("`{class}` has a constructor, so its tests are not collected"));
            }
            _ => {}
        }
        if let Some(class) = classes.iter().find(|class| !fits(class, &self.classes)) {
            return Some(format!("`{class}` does not fit {}, so its tests are not collected", written(&self.classes)));
        }
        (!sets_up && !fits(name, &self.functions)).then(|| format!("`{name}` does not fit {}", written(&self.functions)))
    }

    /// Whether a function may be a test here although it is none by the usual names.
    pub(crate) fn is_test(&self, name: &str) -> bool {
        fits(name, &self.functions)
    }
}

/// Whether a name begins with one of these, or fits it as a pattern.
fn fits(name: &str, patterns: &[String]) -> bool {
    let glob = |pattern: &str| globset::Glob::new(pattern).is_ok_and(|glob| glob.compile_matcher().is_match(name));
    patterns.iter().any(|pattern| name.starts_with(pattern.as_str()) || (pattern.contains(['*', '?', '[']) && glob(pattern)))
}

impl Selection {
    /// Whether a function may be a test by the names that the runner goes by.
    pub(crate) fn collects(&self, name: &str) -> bool {
        self.collects.as_ref().is_some_and(|collects| collects.is_test(name))
    }

    /// Why a test is certainly not run.
    pub(crate) fn leaves_out(&self, test: &Test) -> Option<String> {
        if self.cases && !matches!(test.class, Some(Held::Other)) {
            let own = test.names.last().map_or("it", String::as_str);
            return Some(format!("`{own}` is in no `TestCase`, and `unittest` collects nothing else"));
        }
        if let Some(why) = self.collects.as_ref().and_then(|collects| collects.leaves_out(test)) {
            return Some(why);
        }
        if let Some(words) = &self.words
            && holds(words, &|word| test.is_called(word)) == Some(false)
        {
            return Some(format!("`-k {words}` leaves it out"));
        }
        if let Some(marks) = &self.marks
            && holds(marks, &|mark| test.is_marked(mark)) == Some(false)
        {
            return Some(format!("`-m {marks}` leaves it out"));
        }
        let own = test.names.join("::");
        let id = format!("{}::{own}", test.path);
        // a beginning that ends within the brackets of a case leaves out that case alone
        if let Some((_, written)) = self.deselected.iter().find(|(start, _)| id.starts_with(start.as_str())) {
            return Some(format!("`--deselect {written}` leaves it out"));
        }
        let named = self.named.get(&test.path)?;
        let is = |name: &String| own == *name || own.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with("::"));
        (!named.iter().any(is)).then(|| format!("only `{}` of its file is named", named.join("`, `")))
    }
}

impl Test {
    /// Whether one of its names, those of its file and marks among them, holds a word, whatever the case.
    fn is_called(&self, word: &str) -> Option<bool> {
        let word = word.to_lowercase();
        let holds = |name: &str| name.to_lowercase().contains(&word);
        if self.names.iter().any(|n| holds(n)) || self.marks.iter().any(|m| holds(m)) {
            return Some(true);
        }
        if holds(crate::source::file_name(&self.path)) {
            return Some(true);
        }
        // whether folders count hangs on the version
        (!holds(&self.path) && !self.more_names && !self.more_marks).then_some(false)
    }

    fn is_marked(&self, mark: &str) -> Option<bool> {
        if self.marks.contains(mark) { Some(true) } else { (!self.more_marks).then_some(false) }
    }
}

/// The truth of an expression of names, `and`, `or`, `not` and brackets; none where it cannot be read or said.
fn holds(text: &str, is: &dyn Fn(&str) -> Option<bool>) -> Option<bool> {
    let tokens = tokens(text)?;
    // without a word nothing is asked
    if tokens.is_empty() {
        return Some(true);
    }
    let mut reading = Reading { tokens: &tokens, at: 0, is };
    let truth = reading.any(DEPTH)?;
    (reading.at == tokens.len()).then_some(truth)?
}

fn tokens(text: &str) -> Option<Vec<&str>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '+' | '-' | '.' | '[' | ']' | '\\' | '/');
        let end = if matches!(first, '(' | ')') { 1 } else { rest.find(|c| !word(c)).unwrap_or(rest.len()) };
        if end == 0 || found.len() >= MAX_TOKENS {
            return None;
        }
        let (token, after) = rest.split_at_checked(end)?;
        found.push(token);
        rest = after.trim_start();
    }
    Some(found)
}

/// The outer option says whether it can be read, the inner one whether it is known.
struct Reading<'t> {
    tokens: &'t [&'t str],
    at: usize,
    is: &'t dyn Fn(&str) -> Option<bool>,
}

impl Reading<'_> {
    fn takes(&mut self, token: &str) -> bool {
        let found = self.tokens.get(self.at) == Some(&token);
        self.at += usize::from(found);
        found
    }

    fn any(&mut self, depth: u32) -> Option<Option<bool>> {
        let mut truth = self.all(depth)?;
        while self.takes("or") {
            truth = either(truth, self.all(depth)?, true);
        }
        Some(truth)
    }

    fn all(&mut self, depth: u32) -> Option<Option<bool>> {
        let mut truth = self.one(depth)?;
        while self.takes("and") {
            truth = either(truth, self.one(depth)?, false);
        }
        Some(truth)
    }

    fn one(&mut self, depth: u32) -> Option<Option<bool>> {
        let depth = depth.checked_sub(1)?;
        if self.takes("not") {
            return Some(self.one(depth)?.map(|yes| !yes));
        }
        if self.takes("(") {
            let truth = self.any(depth)?;
            return self.takes(")").then_some(truth);
        }
        let token = self.tokens.get(self.at).filter(|t| !matches!(**t, ")" | "and" | "or"))?;
        self.at += 1;
        Some(match *token {
            "True" => Some(true),
            "False" | "None" => Some(false),
            name => (self.is)(name),
        })
    }
}

/// Two truths joined by `or` (which one that is true decides) or `and` (which one that is false decides).
fn either(a: Option<bool>, b: Option<bool>, decides: bool) -> Option<bool> {
    if a == Some(decides) || b == Some(decides) { Some(decides) } else { a.and(b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test() -> Test {
        Test {
            path: "tests/unit/test_fit.py".into(),
            names: vec!["TestFit".into(), "test_learns".into()],
            marks: BTreeSet::from(["slow".to_owned()]),
            ..Test::default()
        }
    }

    #[test]
    fn words_and_marks_leave_out() {
        let words = |text: &str| Selection { words: Some(text.into()), ..Selection::default() }.leaves_out(&test()).is_some();
        for out in ["not learns", "other", "fit and other", "not (slow or x)", "not test_fit.py"] {
            assert!(words(out), "{out}");
        }
        for run in ["learns", "TESTFIT", "not other", "fit or x", "", "unit", "not unit", "not (", "a b", "learns and"] {
            assert!(!words(run), "{run}");
        }
        let marks = |text: &str| Selection { marks: Some(text.into()), ..Selection::default() }.leaves_out(&test()).is_some();
        for out in ["not slow", "gpu", "slow and gpu", "slo"] {
            assert!(marks(out), "{out}");
        }
        for run in ["slow", "not gpu", "gpu or slow", "slow(level=1)"] {
            assert!(!marks(run), "{run}");
        }
        let open = Test { more_names: true, more_marks: true, ..test() };
        let by =
            |words: &str, marks: &str| Selection { words: Some(words.into()), marks: Some(marks.into()), ..Selection::default() };
        assert_eq!(by("cuda", "gpu").leaves_out(&open), None);
        assert!(by("learns", "not slow").leaves_out(&open).is_some());
    }

    #[test]
    fn names_leave_out() {
        let named = |name: &str| Selection {
            named: BTreeMap::from([("tests/unit/test_fit.py".into(), vec![name.to_owned()])]),
            ..Selection::default()
        };
        assert_eq!(named("TestFit").leaves_out(&test()), None);
        assert_eq!(named("TestFit::test_learns").leaves_out(&test()), None);
        assert!(named("TestFit::test_learn").leaves_out(&test()).is_some());
        let deselected = |start: &str| Selection {
            deselected: vec![(format!("tests/unit/{start}"), start.to_owned())],
            ..Selection::default()
        };
        assert!(deselected("test_fit.py").leaves_out(&test()).is_some());
        assert!(deselected("test_fit.py::TestFit::test_learns").leaves_out(&test()).is_some());
        assert_eq!(deselected("test_fit.py::TestFit::test_learns[cpu]").leaves_out(&test()), None);
    }

    #[test]
    fn hostile_expressions_end() {
        let words = |text: String| Selection { words: Some(text), ..Selection::default() }.leaves_out(&test());
        assert_eq!(words("(".repeat(100)), None);
        assert_eq!(words("not ".repeat(5_000)), None);
    }

    #[test]
    fn names_of_classes_and_functions() {
        let of = |class: Option<Held>, names: &[&str]| Test {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            class,
            ..Test::default()
        };
        let out = |collects: &Collects, test: Test| collects.leaves_out(&test).is_some();
        let usual = Collects::of(&[], &[]);
        assert!(!out(&usual, of(None, &["test_rows"])));
        assert!(!out(&usual, of(Some(Held::Plain), &["TestRows", "test_all"])));
        assert!(out(&usual, of(Some(Held::Plain), &["Rows", "test_all"])));
        assert!(out(&usual, of(Some(Held::Made), &["TestRows", "test_all"])));
        assert!(!out(&usual, of(Some(Held::Other), &["Rows", "test_all"])));
        assert!(out(&usual, of(None, &["check_rows"])));
        let told = Collects::of(&["*Checks"], &["check_*"]);
        assert!(!out(&told, of(Some(Held::Plain), &["RowChecks", "check_all"])));
        assert!(out(&told, of(None, &["test_rows"])));
    }
}
