//! Test runners: which test files a command collects.

mod told;

use std::collections::{BTreeMap, BTreeSet};

use super::{Invocation, Lead, Located, Target, View, placed};
use crate::source::{self, RepoPath, file_name};
use crate::words::{EdgeKind, Strength};
pub(crate) use told::COLLECTED;
use told::Told;

/// Options with which a runner lists or prints, and runs no test.
const ONLY_LISTS: &[&str] =
    &["--collect-only", "--co", "--fixtures", "--markers", "--setup-plan", "--setup-only", "--version", "--help", "-h"];

/// `pytest [paths] [-k …]`.
pub(super) fn follow(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let program = invocation.command.program().to_owned();
    of_runner(invocation, 0, &program, view)
}

/// Options of runners whose value is the next word.
const TAKING: &[&str] = &[
    "--alluredir",
    "--asyncio-mode",
    "--basetemp",
    "--capture",
    "--color",
    "--confcutdir",
    "--cov-config",
    "--cov-fail-under",
    "--cov-report",
    "--cover-package",
    "--deselect",
    "--data-file",
    "--dist",
    "--durations",
    "--html",
    "--ignore",
    "--ignore-glob",
    "--import-mode",
    "--include",
    "--junit-xml",
    "--junitxml",
    "--log-cli-level",
    "--log-file",
    "--log-level",
    "--maxfail",
    "--maxprocesses",
    "--numprocesses",
    "--omit",
    "--override-ini",
    "--pattern",
    "--pythonwarnings",
    "--rcfile",
    "--reruns",
    "--reruns-delay",
    "--rootdir",
    "--source",
    "--tb",
    "--timeout",
    "--top-level-directory",
    "-W",
    "-c",
    "-k",
    "-m",
    "-n",
    "-o",
    "-p",
    "-r",
    "-t",
];

/// What a runner collects, its own arguments starting at `from`.
pub(super) fn of_runner(invocation: &Invocation<'_>, from: usize, runner: &str, view: &View<'_>) -> Vec<Lead> {
    let arguments = invocation.arguments().get(from..).unwrap_or(&[]);
    if runner == "coverage" && !arguments.iter().any(|w| w.text == "pytest" || w.text == "unittest" || w.text == "discover") {
        return Vec::new();
    }
    let unittest = runner == "unittest" || arguments.first().is_some_and(|w| w.text == "unittest");
    if arguments.iter().any(|word| ONLY_LISTS.contains(&&*word.text)) {
        return Vec::new();
    }
    let mut named: Vec<RepoPath> = Vec::new();
    let mut parts: BTreeMap<RepoPath, Vec<String>> = BTreeMap::new();
    let mut wholes: BTreeSet<RepoPath> = BTreeSet::new();
    let mut missing: Option<String> = None;
    let mut skip = false;
    let mut words = arguments.iter().peekable();
    while let Some(word) = words.next() {
        if std::mem::take(&mut skip) {
            continue;
        }
        let (text, part) = word.text.split_once("::").map_or((word.text.as_str(), None), |(text, part)| (text, Some(part)));
        match text {
            // where `unittest` begins
            "-s" | "--start-directory" if unittest => {}
            "--cov" => skip = words.peek().is_some_and(|next| !next.text.starts_with('-')),
            text if TAKING.contains(&text) => skip = true,
            // `pytest -s` shows what is printed
            "-s" if runner != "pytest" => skip = true,
            text if unittest && is_dotted(text) => match of_dotted(text, invocation, view) {
                Dotted::Found(path) => named.push(path),
                Dotted::Missing(path) => missing = Some(path),
                // a module that may be installed
                Dotted::Unknown => return Vec::new(),
            },
            text if text.starts_with('-') || text == "pytest" || text == "unittest" || text == "discover" || text == "run" => {}
            text if text.contains('/')
                || text.contains('.')
                || invocation.dir().and_then(|d| source::join(d, text)).is_some_and(|p| view.inventory.is_dir(&p)) =>
            {
                // a shell puts in the files that a pattern fits
                let fitting = invocation.dir().filter(|_| text.contains('*')).and_then(|dir| source::join(dir, text));
                let fitting = fitting.map(|pattern| placed::matching(&pattern, view)).unwrap_or_default();
                named.extend(fitting.iter().map(|path| RepoPath::from(path.as_str())));
                match invocation.locate(text, view) {
                    _ if !fitting.is_empty() => wholes.extend(fitting.iter().map(|path| RepoPath::from(path.as_str()))),
                    Located::Found(path, _) => {
                        match part.filter(|part| word.literal && !part.contains('$')) {
                            // one of its cases
                            Some(part) => {
                                parts.entry(path.clone()).or_default().push(part.split('[').next().unwrap_or_default().to_owned())
                            }
                            None => wholes.extend([path.clone()]),
                        }
                        named.push(path);
                    }
                    Located::Missing(path) => missing = Some(path),
                    // where it runs is not known (in an image, say): the folder of that name is the one meant
                    Located::Unknown if invocation.dir().is_none() && view.inventory.is_dir(text) => named.push(text.into()),
                    Located::Unknown => {}
                }
            }
            _ => {}
        }
    }
    let mut what = runner.to_owned();
    let dir = invocation.dir().unwrap_or(".");
    let from = common(&named, view).unwrap_or_else(|| dir.to_owned());
    let environment = &invocation.command.environment;
    let told = matches!(runner, "pytest" | "py.test").then(|| Told::of((dir, &from), arguments, environment, view));
    let mut found = Found { paths: Vec::new(), left_out: Vec::new(), told: told.as_ref(), view };
    if named.is_empty() {
        if let Some(path) = missing {
            let gone = format!("`{path}` holds no tests");
            return vec![Lead {
                to: Target::Missing { path, what: gone },
                edge: EdgeKind::Tests,
                strength: Strength::Broken,
                what,
            }];
        }
        match told.as_ref().filter(|told| !told.roots.is_empty()) {
            Some(told) => {
                told.roots.iter().for_each(|root| found.add(root));
                found.elsewhere(dir, &told.elsewhere());
            }
            None => found.below(dir),
        }
    } else {
        what = format!("{runner} {}", named.iter().map(|p| p.to_string()).collect::<Vec<_>>().join(" "));
        named.iter().for_each(|path| found.add(path));
    }
    let Found { paths, left_out, .. } = found;
    if paths.is_empty() && left_out.is_empty() {
        let gone = "there are no test files to collect".to_owned();
        return vec![Lead {
            to: Target::Missing { path: ".".to_owned(), what: gone },
            edge: EdgeKind::Tests,
            strength: Strength::Broken,
            what,
        }];
    }
    let mut selection = told.map(|told| told.selection).unwrap_or_default();
    selection.cases = unittest;
    selection.named = parts.into_iter().filter(|(path, _)| !wholes.contains(path)).collect();
    let selection = Box::new(selection);
    vec![Lead { to: Target::Tests { paths, left_out, selection }, edge: EdgeKind::Tests, strength: Strength::Resolved, what }]
}

/// The folder that holds all that is named.
fn common(named: &[RepoPath], view: &View<'_>) -> Option<String> {
    let folder_of =
        |path: &RepoPath| if view.inventory.is_dir(path) { path.to_string() } else { source::folder(path).to_owned() };
    let mut folders = named.iter().map(folder_of);
    let first = folders.next()?;
    Some(folders.fold(first, |common, folder| {
        let same = common.split('/').zip(folder.split('/')).take_while(|(a, b)| a == b).map(|(a, _)| a);
        Some(same.collect::<Vec<_>>().join("/")).filter(|path| !path.is_empty()).unwrap_or_else(|| ".".to_owned())
    }))
}

/// Test files that are collected, and those that are left out with the reason.
struct Found<'a, 'v> {
    paths: Vec<RepoPath>,
    left_out: Vec<(RepoPath, String)>,
    told: Option<&'a Told>,
    view: &'a View<'v>,
}

impl Found<'_, '_> {
    /// What is named: a file is collected whatever it is called.
    fn add(&mut self, path: &str) {
        if self.view.inventory.contains(path) { self.paths.push(path.into()) } else { self.below(path) }
    }

    fn below(&mut self, folder: &str) {
        for path in below(folder, self.told, self.view) {
            match self.told.and_then(|told| told.leaves_out(&path)) {
                Some(why) => self.left_out.push((path, why)),
                None => self.paths.push(path),
            }
        }
    }

    /// Files that would have been collected if the settings named no other folders.
    fn elsewhere(&mut self, dir: &str, why: &str) {
        let known: BTreeSet<&RepoPath> = self.paths.iter().chain(self.left_out.iter().map(|(path, _)| path)).collect();
        let others: Vec<RepoPath> = below(dir, self.told, self.view).into_iter().filter(|path| !known.contains(path)).collect();
        self.left_out.extend(others.into_iter().map(|path| (path, why.to_owned())));
    }
}

/// Whether a word names modules by dots, as `unittest` takes them, and is no path.
fn is_dotted(text: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    text.contains('.') && !text.ends_with(".py") && text.split('.').all(part)
}

/// Where a dotted name leads.
enum Dotted {
    Found(RepoPath),
    Missing(String),
    Unknown,
}

/// The folder or file of a module, or of a class or test in it, from the folder in which the runner is started.
fn of_dotted(text: &str, invocation: &Invocation<'_>, view: &View<'_>) -> Dotted {
    let Some(dir) = invocation.dir() else { return Dotted::Unknown };
    let path = |parts: &[&str]| source::join(dir, &parts.join("/"));
    let parts: Vec<&str> = text.split('.').collect();
    for end in (1..=parts.len()).rev() {
        let Some(path) = path(parts.get(..end).unwrap_or_default()) else { continue };
        let file = format!("{path}.py");
        if view.inventory.contains(&file) {
            return Dotted::Found(file.as_str().into());
        }
        if view.inventory.is_dir(&path) {
            // tests do not stand in the file of a package itself
            return if end == parts.len() { Dotted::Found(path.as_str().into()) } else { Dotted::Missing(text.to_owned()) };
        }
    }
    Dotted::Unknown
}

/// Test files below a folder, as runners find them by name.
fn below(folder: &str, told: Option<&Told>, view: &View<'_>) -> Vec<RepoPath> {
    let is = |path: &str| match told {
        Some(told) => told.is_test_file(path),
        None => {
            let name = file_name(path);
            name.ends_with(".py") && (name.starts_with("test") || name.ends_with("_test.py"))
        }
    };
    view.inventory
        .below(folder)
        .iter()
        .filter(|e| is(&e.path))
        .filter(|e| !e.path.split('/').any(|part| part.starts_with('.') || part == "node_modules" || part == "build"))
        .map(|e| e.path.clone())
        .collect()
}

/// What settles which tests are run besides the command: `conftest.py` beside and above the files.
pub(super) fn settled_by(paths: &[RepoPath], left_out: &[(RepoPath, String)], view: &View<'_>) -> Vec<RepoPath> {
    let all = || paths.iter().chain(left_out.iter().map(|(path, _)| path));
    let above = |path: &RepoPath| {
        let folder = source::folder(path);
        folder == "." || all().any(|p| p.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')))
    };
    view.inventory.named("conftest.py").map(|entry| entry.path.clone()).filter(above).collect()
}
