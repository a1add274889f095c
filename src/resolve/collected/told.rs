//! What options and settings tell pytest about what it collects.

use std::collections::{BTreeMap, BTreeSet};

use globset::{GlobBuilder, GlobMatcher};

use super::super::View;
use super::super::selected::{Collects, Selection};
use crate::fact::{FactKind, FileFacts};
use crate::source::{self, RepoPath, file_name, folder};
use crate::syntax::python::{AssignKind, Root, Target, Value};
use crate::syntax::shell::{self, Word};

/// Settings that say what is collected.
pub(crate) const COLLECTED: &[&str] =
    &["addopts", "norecursedirs", "python_classes", "python_files", "python_functions", "testpaths"];

/// Files that may hold them, in the order in which they are looked for.
const FILES: &[&str] = &["pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg"];
/// Folders above that are looked at.
const DEPTH: usize = 32;
/// Most folders that the pattern of a list of test folders is tried on.
const MAX_FOLDERS: usize = 100_000;
/// Most paths that are left out.
const MAX_IGNORED: usize = 200;

/// Options of pytest that are followed, of which the value is the same word or the next.
const VALUES: &[&str] = &["--deselect", "--ignore-glob", "--ignore", "--config-file", "--override-ini"];

/// What one run of pytest is told.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Which tests of the files.
    pub(super) selection: Selection,
    /// Where tests are looked for, where nothing is named.
    pub(super) roots: Vec<String>,
    /// The file of these settings.
    settings: Option<RepoPath>,
    ignored: Vec<(Fits, String)>,
    files: Vec<GlobMatcher>,
    folders: Vec<(GlobMatcher, String)>,
    root: String,
}

#[derive(Debug)]
enum Fits {
    Below(String),
    Glob(GlobMatcher),
}

impl Fits {
    fn is(&self, path: &str) -> bool {
        match self {
            Self::Below(folder) => {
                path.strip_prefix(folder.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
            Self::Glob(glob) => glob.is_match(path),
        }
    }
}

/// What a command line says, one option after the other.
#[derive(Debug, Default)]
struct Options {
    words: Option<String>,
    marks: Option<String>,
    deselected: Vec<String>,
    ignored: Vec<String>,
    ignored_globs: Vec<String>,
    config: Option<String>,
    overridden: BTreeMap<String, String>,
}

impl Options {
    fn read(&mut self, words: &[Word]) {
        let mut words = words.iter().peekable();
        while let Some(word) = words.next() {
            let text = word.text.as_str();
            let (option, value) = if let Some(option) = VALUES.iter().find(|o| text.starts_with(**o)) {
                match text.get(option.len()..) {
                    Some("") => (*option, None),
                    Some(rest) if rest.starts_with('=') => (*option, rest.get(1..)),
                    _ => continue,
                }
            } else if let Some(option) =
                ["-k", "-m", "-c", "-o"].into_iter().find(|o| text.starts_with(o) && !text.starts_with("--"))
            {
                (option, text.get(2..).filter(|rest| !rest.is_empty()).map(|rest| rest.strip_prefix('=').unwrap_or(rest)))
            } else {
                continue;
            };
            let (value, literal) = match value {
                Some(value) => (value, word.literal),
                None => words.next().map_or(("", false), |next| (next.text.as_str(), next.literal)),
            };
            let literal = literal && !value.contains('$');
            let known = || Some(value.to_owned()).filter(|_| literal);
            match option {
                "-k" => self.words = known(),
                "-m" => self.marks = known(),
                "-c" | "--config-file" => self.config = known(),
                "--deselect" => self.deselected.extend(known()),
                "--ignore" => self.ignored.extend(known()),
                "--ignore-glob" => self.ignored_globs.extend(known()),
                _ => self.overridden.extend(value.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned()))),
            }
        }
    }
}

/// The settings that hold for what is collected from a folder: those nearest above it.
fn settings<'v>(from: &str, named: Option<&str>, view: &View<'v>) -> Option<(RepoPath, &'v FileFacts)> {
    let holds = |path: String| {
        let facts = view.book.get(path.as_str())?;
        let is = facts.facts.iter().any(|f| matches!(&f.kind, FactKind::Setting { key, .. } if key == "pytest"));
        is.then(|| (RepoPath::from(path.as_str()), facts))
    };
    if let Some(named) = named {
        return holds(named.to_owned());
    }
    let mut at = from;
    for _ in 0..DEPTH {
        if let Some(found) = FILES.iter().find_map(|name| holds(source::join(at, name)?)) {
            return Some(found);
        }
        if at == "." {
            break;
        }
        at = folder(at);
    }
    None
}

fn values<'v>(facts: &'v FileFacts, key: &str) -> Vec<&'v str> {
    let of = |f: &'v crate::fact::Fact| match &f.kind {
        FactKind::Setting { key: own, value } if own.strip_prefix("pytest.").is_some_and(|k| k.trim_end_matches("[]") == key) => {
            Some((own.ends_with("[]"), value.as_str()))
        }
        _ => None,
    };
    let each = |(list, value): (bool, &'v str)| if list { vec![value] } else { value.split_whitespace().collect() };
    facts.facts.iter().filter_map(of).flat_map(each).collect()
}

/// A text that is taken apart as a shell would.
fn words(text: &str) -> Vec<Word> {
    let line = format!("pytest {}", text.split_whitespace().collect::<Vec<_>>().join(" "));
    let script = shell::parse(&line, &shell::Options::default());
    script.commands.first().map_or_else(Vec::new, |c| c.words.get(1..).unwrap_or_default().to_vec())
}

impl Told {
    /// What pytest is told that is started in a folder with such arguments, and collects from another.
    pub(super) fn of(
        (dir, from): (&str, &str),
        arguments: &[Word],
        environment: &[(String, Option<String>)],
        view: &View<'_>,
    ) -> Self {
        let mut own = Options::default();
        own.read(arguments);
        let config = own.config.as_deref().and_then(|c| source::join(dir, c));
        let found = settings(from, config.as_deref(), view);
        let mut all = Options::default();
        if let Some(text) = own.overridden.get("addopts") {
            all.read(&words(text));
        } else if let Some((_, facts)) = &found {
            for fact in &facts.facts {
                match &fact.kind {
                    FactKind::Setting { key, value } if key == "pytest.addopts" => all.read(&words(value)),
                    _ => {}
                }
            }
            let list: Vec<Word> = values_of_list(facts);
            all.read(&list);
        }
        for (_, value) in environment.iter().filter(|(name, _)| name == "PYTEST_ADDOPTS") {
            all.read(&value.as_deref().map(words).unwrap_or_default());
        }
        all.read(arguments);
        let root = found.as_ref().map_or(dir, |(path, _)| folder(path)).to_owned();
        let get = |key: &str| -> Vec<&str> {
            match own.overridden.get(key) {
                Some(text) => text.split_whitespace().collect(),
                None => found.as_ref().map(|(_, facts)| values(facts, key)).unwrap_or_default(),
            }
        };
        let mut told = Self { root: root.clone(), ..Self::default() };
        for pattern in get("python_files") {
            told.files.extend(glob(pattern));
        }
        for pattern in get("norecursedirs") {
            told.folders.extend(glob(pattern).map(|glob| (glob, pattern.to_owned())));
        }
        if dir == root {
            for path in get("testpaths").into_iter().filter_map(|path| source::join(&root, path.trim_end_matches('/'))) {
                if path.contains(['*', '?', '[']) {
                    told.roots.extend(folders_like(&path, view));
                    continue;
                }
                let is = view.inventory.is_dir(&path) || view.inventory.contains(&path);
                told.roots.extend(Some(path).filter(|_| is));
            }
        }
        let joined = |written: &String| source::join(dir, written.trim_end_matches('/'));
        for written in all.ignored.iter().take(MAX_IGNORED) {
            told.ignored.extend(joined(written).map(|path| (Fits::Below(path), format!("`--ignore={written}` leaves it out"))));
        }
        for written in all.ignored_globs.iter().take(MAX_IGNORED) {
            let fits = joined(written).and_then(|path| glob(&path)).map(Fits::Glob);
            told.ignored.extend(fits.map(|fits| (fits, format!("`--ignore-glob={written}` leaves it out"))));
        }
        told.selection = Selection {
            cases: false,
            words: all.words.filter(|w| !w.trim().is_empty()),
            marks: all.marks.filter(|m| !m.trim().is_empty()),
            deselected: all.deselected.iter().filter_map(|d| Some((source::join(&root, d)?, d.clone()))).collect(),
            named: BTreeMap::new(),
            collects: Some(Collects::of(&get("python_classes"), &get("python_functions"))),
        };
        told.settings = found.map(|(path, _)| path);
        told.conftests(view);
        told
    }

    /// What a `conftest.py` says of the files beside and below it.
    fn conftests(&mut self, view: &View<'_>) {
        for path in view.inventory.named("conftest.py").map(|entry| &entry.path) {
            let Some(code) = view.book.get(path).and_then(|facts| facts.code.as_ref()) else { continue };
            for assign in code.module.assigns.iter().filter(|a| a.scope == 0 && a.conditions.is_empty()) {
                let is = |wanted: &str| {
                    matches!(assign.kind, AssignKind::Assign | AssignKind::AugAssign)
                        && assign.targets.iter().any(|t| match t {
                            Target::Name(name) => {
                                name.path.is_empty() && matches!(&name.root, Root::Local(local) if local == wanted)
                            }
                            _ => false,
                        })
                };
                let (globs, plain) = (is("collect_ignore_glob"), is("collect_ignore"));
                let (Value::List(items) | Value::Tuple(items)) = &assign.value else { continue };
                for item in items.iter().filter(|_| globs || plain).take(MAX_IGNORED) {
                    let Value::Str(text) = item else { continue };
                    let Some(joined) = source::join(folder(path), text.trim_end_matches('/')) else { continue };
                    let fits = if globs { glob(&joined).map(Fits::Glob) } else { Some(Fits::Below(joined)) };
                    let name = if globs { "collect_ignore_glob" } else { "collect_ignore" };
                    self.ignored.extend(fits.map(|fits| (fits, format!("`{name}` of {path} leaves it out"))));
                }
            }
        }
    }

    /// Whether a file is one of tests by its name.
    pub(super) fn is_test_file(&self, path: &str) -> bool {
        let name = file_name(path);
        if self.files.is_empty() {
            return name.ends_with(".py") && (name.starts_with("test_") || name.ends_with("_test.py"));
        }
        name.ends_with(".py") && self.files.iter().any(|glob| glob.is_match(name) || glob.is_match(path))
    }

    /// Why a file that is not named is not collected.
    pub(super) fn leaves_out(&self, path: &RepoPath) -> Option<String> {
        if let Some((_, why)) = self.ignored.iter().find(|(fits, _)| fits.is(path)) {
            return Some(why.clone());
        }
        let below = if self.root == "." { path } else { path.strip_prefix(self.root.as_str())? };
        let folders = || folder(below).split('/').filter(|part| !part.is_empty() && *part != ".");
        let (_, written) = self.folders.iter().find(|(glob, _)| folders().any(|part| glob.is_match(part)))?;
        Some(format!("`norecursedirs = {written}` leaves it out"))
    }

    /// Why a file that lies elsewhere than the settings say is not collected.
    pub(super) fn elsewhere(&self) -> String {
        format!("`testpaths` of {} leaves it out", self.settings.as_deref().unwrap_or("the settings"))
    }
}

/// Options that stand in a list, each a word.
fn values_of_list(facts: &FileFacts) -> Vec<Word> {
    let word = |f: &crate::fact::Fact| match &f.kind {
        FactKind::Setting { key, value } if key == "pytest.addopts[]" => Some(Word { text: value.clone(), literal: true }),
        _ => None,
    };
    facts.facts.iter().filter_map(word).collect()
}

/// The folders with Python code that a pattern fits.
fn folders_like(pattern: &str, view: &View<'_>) -> BTreeSet<String> {
    let Some(fits) = glob(pattern) else { return BTreeSet::new() };
    let python = view.inventory.entries().iter().filter(|entry| source::extension(&entry.path) == Some("py"));
    let above = python.flat_map(|entry| {
        std::iter::successors(Some(source::folder(&entry.path)), |at| Some(source::folder(at)).filter(|up| up != at))
    });
    let folders: BTreeSet<&str> = above.take(MAX_FOLDERS).collect();
    folders.into_iter().filter(|folder| fits.is_match(folder)).map(str::to_owned).collect()
}

/// As the runner does it, a star goes on over folders.
fn glob(pattern: &str) -> Option<GlobMatcher> {
    GlobBuilder::new(pattern).literal_separator(false).build().ok().map(|glob| glob.compile_matcher())
}
