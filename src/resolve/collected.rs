//! Test runners: which test files a command collects.

use super::{Invocation, Lead, Located, Target, View, placed};
use crate::fact::FactKind;
use crate::source::{self, RepoPath, file_name};
use crate::words::{EdgeKind, Strength};

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
    let mut missing: Option<String> = None;
    let mut skip = false;
    let mut words = arguments.iter().peekable();
    while let Some(word) = words.next() {
        if std::mem::take(&mut skip) {
            continue;
        }
        let text = word.text.split("::").next().unwrap_or("");
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
                    _ if !fitting.is_empty() => {}
                    Located::Found(path, _) => named.push(path),
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
    let paths = if named.is_empty() {
        if let Some(path) = missing {
            let gone = format!("`{path}` holds no tests");
            return vec![Lead {
                to: Target::Missing { path, what: gone },
                edge: EdgeKind::Tests,
                strength: Strength::Broken,
                what,
            }];
        }
        let dir = invocation.dir().unwrap_or(".");
        let configured = test_paths(view);
        let roots = if configured.is_empty() || dir != "." { vec![dir.to_owned()] } else { configured };
        roots.iter().flat_map(|root| below(root, view)).collect()
    } else {
        what = format!("{runner} {}", named.iter().map(|p| p.to_string()).collect::<Vec<_>>().join(" "));
        // a file that is named is collected whatever it is called
        named.iter().flat_map(|p| if view.inventory.contains(p) { vec![p.clone()] } else { below(p, view) }).collect::<Vec<_>>()
    };
    if paths.is_empty() {
        let gone = "there are no test files to collect".to_owned();
        return vec![Lead {
            to: Target::Missing { path: ".".to_owned(), what: gone },
            edge: EdgeKind::Tests,
            strength: Strength::Broken,
            what,
        }];
    }
    vec![Lead { to: Target::Tests { paths }, edge: EdgeKind::Tests, strength: Strength::Resolved, what }]
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
fn below(folder: &str, view: &View<'_>) -> Vec<RepoPath> {
    view.inventory
        .below(folder)
        .iter()
        .filter(|e| {
            let name = file_name(&e.path);
            name.ends_with(".py") && (name.starts_with("test") || name.ends_with("_test.py"))
        })
        .filter(|e| !e.path.split('/').any(|part| part.starts_with('.') || part == "node_modules" || part == "build"))
        .map(|e| e.path.clone())
        .collect()
}

/// Folders that the project's configuration names.
fn test_paths(view: &View<'_>) -> Vec<String> {
    view.book
        .get("pyproject.toml")
        .into_iter()
        .flat_map(|f| &f.facts)
        .filter_map(|fact| match &fact.kind {
            FactKind::Setting { key, value } if key == "pytest.testpaths" => Some(value.trim_end_matches('/').to_owned()),
            _ => None,
        })
        .filter(|path| view.inventory.is_dir(path))
        .collect()
}
