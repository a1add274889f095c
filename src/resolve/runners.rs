//! Task runners by their command lines: which tasks of which file a command runs.
//!
//! Each runner says where its file lies, which words are options, and which of the rest are tasks. A task that is not
//! defined breaks the command; where the same words may also be a program, nothing is said.

use super::tasks::{self, Found};
use super::{Invocation, Lead, Run, Target, View, collected, launch};
use crate::fact::{Command, UnitKind};
use crate::source::{self, RepoPath};
use crate::words::{EdgeKind, Strength};

/// How a runner is spoken to.
struct Runner {
    /// The word in front of its tasks' names.
    name: &'static str,
    /// Its files, the preferred first.
    files: &'static [&'static str],
    /// Whether folders above are searched as well.
    above: bool,
    /// Options whose value is the next word.
    valued: &'static [&'static str],
    /// Options that name the file.
    file: &'static [&'static str],
    /// Options that name the folder.
    dir: &'static [&'static str],
    /// Words with which nothing runs.
    idle: &'static [&'static str],
}

/// The parts of a command line.
struct Said<'c> {
    dir: Option<String>,
    file: Option<&'c str>,
    /// What is no option, up to `--`.
    rest: Vec<&'c str>,
}

const JUST: Runner = Runner {
    name: "just",
    files: &["justfile", "Justfile", ".justfile"],
    above: true,
    valued: &["--shell", "--shell-arg", "--dotenv-path", "--dotenv-filename", "--color", "--chooser", "-E"],
    file: &["-f", "--justfile"],
    dir: &["-d", "--working-directory"],
    idle: &[
        "-l",
        "--list",
        "--summary",
        "-n",
        "--dry-run",
        "--show",
        "-s",
        "--evaluate",
        "--fmt",
        "--dump",
        "--choose",
        "--init",
        "--version",
    ],
};
const TASK: Runner = Runner {
    name: "task",
    files: &[
        "Taskfile.yml",
        "taskfile.yml",
        "Taskfile.yaml",
        "taskfile.yaml",
        "Taskfile.dist.yml",
        "taskfile.dist.yml",
        "Taskfile.dist.yaml",
        "taskfile.dist.yaml",
    ],
    above: true,
    valued: &["-o", "--output", "-C", "--concurrency", "-I", "--interval", "--sort"],
    file: &["-t", "--taskfile"],
    dir: &["-d", "--dir"],
    idle: &[
        "-l",
        "--list",
        "-a",
        "--list-all",
        "-n",
        "--dry",
        "--status",
        "--summary",
        "-i",
        "--init",
        "-g",
        "--global",
        "--version",
    ],
};
const MISE: Runner = Runner {
    name: "mise",
    files: &["mise.toml", ".mise.toml", "mise/config.toml", ".mise/config.toml", ".config/mise.toml", ".config/mise/config.toml"],
    above: true,
    valued: &["-j", "--jobs", "-o", "--output", "-E", "--env", "-t", "--tool"],
    file: &[],
    dir: &["-C", "--cd"],
    idle: &["-n", "--dry-run", "--help", "--version"],
};
const POE: Runner = Runner {
    name: "poe",
    files: &["pyproject.toml", "poe_tasks.toml", "poe_tasks.yaml", "poe_tasks.yml", "poe_tasks.json"],
    above: true,
    valued: &["-e", "--executor", "-X"],
    file: &[],
    dir: &["-C", "--directory", "--root"],
    idle: &["-d", "--dry-run", "--help", "-h", "--version"],
};
const TOX: Runner = Runner {
    name: "tox",
    files: &["tox.ini", "setup.cfg", "pyproject.toml", "tox.toml"],
    above: true,
    valued: &[
        "-e",
        "--env",
        "--envlist",
        "-m",
        "-f",
        "--workdir",
        "--root",
        "-p",
        "--parallel",
        "--result-json",
        "--discover",
        "-x",
        "--override",
        "--index-url",
        "-i",
        "--installpkg",
    ],
    file: &["-c", "--conf"],
    dir: &[],
    idle: &["-l", "--listenvs", "-a", "--listenvs-all", "--showconfig", "--notest", "--help", "--version", "--devenv"],
};
const NOX: Runner = Runner {
    name: "nox",
    files: &["noxfile.py"],
    above: false,
    valued: &[
        "-p",
        "--python",
        "--pythons",
        "-db",
        "--default-venv-backend",
        "-fb",
        "--force-venv-backend",
        "--envdir",
        "--report",
        "--extra-pythons",
    ],
    file: &["-f", "--noxfile"],
    dir: &[],
    idle: &["-l", "--list", "--list-sessions", "--help", "-h", "--version", "--install-only"],
};
const INVOKE: Runner = Runner {
    name: "invoke",
    files: &["tasks.py", "tasks/__init__.py"],
    above: true,
    valued: &["-T", "--command-timeout", "-F", "--list-format", "-D", "--list-depth", "-s", "--shell"],
    file: &[],
    dir: &["-r", "--search-root"],
    idle: &["-l", "--list", "-R", "--dry", "-h", "--help", "-V", "--version"],
};
const NODE: Runner = Runner {
    name: "npm",
    files: &["package.json"],
    above: true,
    valued: &["--loglevel", "--reporter", "--registry", "--network-timeout", "--mutex"],
    file: &[],
    dir: &["--prefix", "-C", "--dir", "--cwd"],
    idle: &["--help", "--version"],
};
/// Runners whose call is a wrapper at once, as they run programs too; only their file and folder matter.
const WRAPPING: &[(&str, Runner)] = &[
    ("pdm run", wrapping("pdm", &["pyproject.toml"])),
    ("rye run", wrapping("rye", &["pyproject.toml"])),
    ("hatch run", wrapping("hatch", &["hatch.toml", "pyproject.toml"])),
    ("pixi run", wrapping("pixi", &["pixi.toml", "pyproject.toml"])),
    ("pipenv run", wrapping("pipenv", &["Pipfile"])),
];

const fn wrapping(name: &'static str, files: &'static [&'static str]) -> Runner {
    Runner { name, files, above: true, valued: &[], file: &[], dir: &[], idle: &[] }
}

/// Words that these programs take for themselves, whatever tasks there are.
const OWN_WORDS: &[(&str, &str)] = &[
    (
        "mise",
        "activate alias backends bin-paths cache completion config deactivate doctor en env exec fmt generate implode install \
         install-into latest link lock ls ls-remote mcp outdated plugins prune registry reshim search self-update set settings \
         shell sync tool trust uninstall unset unuse upgrade use version watch where which x",
    ),
    (
        "pdm",
        "add build cache completion config export fix import info init install list lock new outdated plugin publish py python \
         remove search self show sync update use venv",
    ),
    (
        "yarn",
        "add audit cache config create dlx exec global import info init install link list outdated pack publish remove set \
         unlink up upgrade version versions why workspaces",
    ),
    (
        "pnpm",
        "add audit config create deploy dlx env exec fetch i import info init install link list ls outdated pack prune publish \
         rebuild remove setup store unlink up update upgrade why",
    ),
];

/// Whether a word is one that a program takes for itself.
fn is_own_word(program: &str, word: &str) -> bool {
    OWN_WORDS.iter().any(|(name, words)| *name == program && words.split_whitespace().any(|own| own == word))
}

/// What a runner that was taken off as a wrapper runs, where the word behind it is one of its tasks.
pub(super) fn wrapped(invocation: &Invocation<'_>, view: &View<'_>) -> Option<Vec<Lead>> {
    let last = invocation.command.through.last()?;
    let (_, runner) = WRAPPING.iter().find(|(words, _)| words == last)?;
    // `hatch run +py=3.12 test:unit` picks variants of an environment
    let task = invocation.command.words.iter().find(|w| !w.text.starts_with('+')).filter(|w| w.literal)?.text.as_str();
    let path = tasks::file(runner.name, invocation.dir()?, runner.files, runner.above, view)?;
    let lead = tasks::lead(runner.name, &path, task, false, view)?;
    let is_task = matches!(lead.to, Target::Unit { .. });
    is_task.then(|| vec![lead])
}

/// `just RECIPE [ARGUMENTS]`.
pub(super) fn just(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let Some(said) = read(invocation, &JUST) else { return Vec::new() };
    let path = match file(invocation, &JUST, &said, view) {
        Ok(path) => path,
        Err(leads) => return leads,
    };
    let words: Vec<&str> = said.rest.into_iter().filter(|w| !w.contains('=')).collect();
    // `just module recipe` is `just module::recipe`
    let (mut words, first) = match words.as_slice() {
        [module, recipe, rest @ ..]
            if matches!(tasks::find("just", &path, &format!("{module}::{recipe}"), view), Found::There(..)) =>
        {
            (rest.to_vec(), format!("{module}::{recipe}"))
        }
        [recipe, rest @ ..] => (rest.to_vec(), (*recipe).to_owned()),
        [] => (Vec::new(), String::new()),
    };
    let mut leads = Vec::new();
    let mut recipe = first;
    loop {
        let takes = match tasks::find("just", &path, &recipe, view) {
            Found::There(path, name) => tasks::parameters(&path, &name, view),
            _ => usize::MAX,
        };
        let given = takes.min(words.len());
        let open = format!("{recipe}{}", tasks::ARGUMENTS);
        // what is given takes the place of what the recipe would take by itself
        let known = given > 0 && matches!(tasks::find("just", &path, &open, view), Found::There(..));
        leads.extend(tasks::lead("just", &path, if known { &open } else { &recipe }, sure(invocation, view), view));
        let rest = words.split_off(given);
        let Some((next, rest)) = rest.split_first() else { return leads };
        (recipe, words) = ((*next).to_owned(), rest.to_vec());
    }
}

/// `task TASK… [VARIABLE=VALUE…] [-- ARGUMENTS]`, and taskipy's `task TASK`.
pub(super) fn task(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let Some(said) = read(invocation, &TASK) else { return Vec::new() };
    let words: Vec<&str> = said.rest.iter().copied().filter(|w| !w.contains('=')).collect();
    // a program of Python packages has the same name
    let project = said.dir.as_deref().and_then(|dir| tasks::file("taskipy", dir, &["pyproject.toml"], true, view));
    let own = project.zip(words.first()).and_then(|(path, task)| tasks::lead("taskipy", &path, task, false, view));
    match own.filter(|lead| matches!(lead.to, Target::Unit { .. })) {
        Some(lead) => vec![lead],
        None => all(invocation, &TASK, &said, words, view),
    }
}

/// `mise run TASK [ARGUMENTS] [::: TASK …]`, and `mise TASK`.
pub(super) fn mise(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let Some(said) = read(invocation, &MISE) else { return Vec::new() };
    let (words, plain) = match said.rest.as_slice() {
        ["run" | "r", words @ ..] | ["tasks" | "task" | "t", "run" | "r", words @ ..] => (words, false),
        words => (words, true),
    };
    if plain && words.first().is_some_and(|word| is_own_word("mise", word)) {
        return Vec::new();
    }
    let named: Vec<&str> = words.split(|w| *w == ":::").filter_map(|part| part.first().copied()).collect();
    let Some(dir) = said.dir.as_deref() else { return Vec::new() };
    let path = tasks::file(MISE.name, dir, MISE.files, MISE.above, view);
    let mut leads = Vec::new();
    for task in named {
        let defined = path.as_ref().and_then(|path| tasks::lead("mise", path, task, false, view));
        if let Some(lead) = defined.filter(|lead| !matches!(lead.to, Target::Outside { .. })) {
            leads.push(lead);
        } else if let Some(path) = script_of(task, dir, view) {
            let run = if super::run_of(&path) == Run::Program { Run::Program } else { Run::Script };
            let to = Target::File { path, run };
            leads.push(Lead { to, edge: EdgeKind::Invokes, strength: Strength::Resolved, what: format!("mise {task}") });
        } else if let Some(path) = path.as_ref().filter(|_| !plain) {
            leads.extend(tasks::lead("mise", path, task, sure(invocation, view), view));
        }
    }
    leads
}

/// A task of mise that is a script of its own: `train` or `model:train` in one of the folders for them.
fn script_of(task: &str, dir: &str, view: &View<'_>) -> Option<RepoPath> {
    const FOLDERS: &[&str] = &["mise-tasks", ".mise-tasks", "mise/tasks", ".mise/tasks", ".config/mise/tasks"];
    let name = task.replace(':', "/");
    std::iter::successors(Some(dir), |at| (*at != ".").then(|| source::folder(at)))
        .flat_map(|at| FOLDERS.iter().filter_map(move |folder| source::join(at, folder)))
        .find_map(|folder| {
            let path = source::join(&folder, &name)?;
            let with = |ending: &str| format!("{path}{ending}");
            ["", ".sh", ".bash", ".py"].iter().map(|e| with(e)).find(|p| view.inventory.contains(p)).map(RepoPath::from)
        })
}

/// `poe TASK [ARGUMENTS]`.
pub(super) fn poe(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let Some(said) = read(invocation, &POE) else { return Vec::new() };
    let words = said.rest.iter().copied().take(1).collect::<Vec<_>>();
    if words.is_empty() { Vec::new() } else { all(invocation, &POE, &said, words, view) }
}

/// `pdm SCRIPT`, where it is one; `hatch test`.
pub(super) fn packager(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let program = invocation.command.program();
    let first = invocation.arguments().first().map_or("", |w| w.text.as_str());
    if program == "hatch" {
        let tests = || collected::of_runner(invocation, 1, "pytest", view);
        return if first == "test" { tests() } else { Vec::new() };
    }
    if is_own_word(program, first) {
        return Vec::new();
    }
    let path = invocation.dir().and_then(|dir| tasks::file("pdm", dir, &["pyproject.toml"], true, view));
    path.and_then(|path| tasks::lead("pdm", &path, first, false, view)).filter(|_| !first.is_empty()).into_iter().collect()
}

/// `tox [run] [-e ENVIRONMENTS]`.
pub(super) fn tox(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    const SELECTS: &[&str] = &["-m", "-f"];
    let Some(said) = read(invocation, &TOX) else { return Vec::new() };
    let words = texts(invocation);
    if !matches!(said.rest.first(), None | Some(&"run" | &"r" | &"run-parallel" | &"p"))
        || words.iter().any(|w| SELECTS.contains(w))
    {
        return Vec::new();
    }
    let mut named = values(&words, &["-e", "--env", "--envlist"], false);
    if named.contains(&"ALL") {
        named.clear();
    }
    let path = match file(invocation, &TOX, &said, view) {
        Ok(path) => path,
        Err(leads) => return leads,
    };
    let names: Vec<&str> = named.iter().flat_map(|names| names.split(',')).map(str::trim).filter(|n| !n.is_empty()).collect();
    let names = if names.is_empty() { vec![""] } else { names };
    let sure = sure(invocation, view);
    names.into_iter().flat_map(|name| environment(name, &path, sure, view)).collect()
}

/// An environment by its name, or by its factors, which take what stands for all.
fn environment(name: &str, path: &RepoPath, sure: bool, view: &View<'_>) -> Option<Lead> {
    let known = tasks::lead("tox", path, name, false, view);
    let python = |factor: &str| {
        let version = factor.strip_prefix("pypy").or_else(|| factor.strip_prefix("py")).unwrap_or(factor);
        !factor.is_empty() && version.chars().all(|c| c.is_ascii_digit() || c == '.')
    };
    match known {
        None if name.split('-').all(python) => tasks::lead("tox", path, "*", false, view),
        None => tasks::lead("tox", path, name, sure, view),
        known => known,
    }
}

/// `nox [-s SESSIONS…]`.
pub(super) fn nox(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    const SELECTS: &[&str] = &["-k", "--keywords", "-t", "--tags"];
    let Some(said) = read(invocation, &NOX) else { return Vec::new() };
    let words = texts(invocation);
    if words.iter().any(|w| SELECTS.contains(w)) {
        return Vec::new();
    }
    let mut named = values(&words, &["-s", "--session", "--sessions", "-e"], true);
    if named.is_empty() {
        named.push("");
    }
    // `tests-3.12` and `tests(a='1')` are one session for one version and one set of values
    let plain = |name: &str| {
        let name = name.split('(').next().unwrap_or(name).split("-$").next().unwrap_or(name);
        let version = |end: &str| end.starts_with(|c: char| c.is_ascii_digit()) || end.starts_with("pypy");
        match name.rsplit_once('-') {
            Some((session, end)) if version(end) => session.to_owned(),
            _ => name.to_owned(),
        }
    };
    let named: Vec<String> = named.into_iter().map(plain).collect();
    all(invocation, &NOX, &said, named.iter().map(String::as_str).collect(), view)
}

/// `invoke TASK [ITS OPTIONS] [TASK …]`.
pub(super) fn invoke(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let Some(said) = read(invocation, &INVOKE) else { return Vec::new() };
    let path = match file(invocation, &INVOKE, &said, view) {
        Ok(path) => path,
        Err(leads) => return leads,
    };
    let mut words = said.rest.iter().map(|w| w.replace('_', "-"));
    let first = words.next().unwrap_or_default();
    let sure = sure(invocation, view);
    let mut leads: Vec<Lead> = tasks::lead("invoke", &path, &first, sure && !first.is_empty(), view).into_iter().collect();
    // a later word may be the value of an option
    leads.extend(
        words.filter_map(|word| tasks::lead("invoke", &path, &word, false, view)).filter(|l| matches!(l.to, Target::Unit { .. })),
    );
    leads
}

/// `npm run SCRIPT`, and the short forms of its kin.
pub(super) fn node(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let program = invocation.command.program();
    let Some(mut said) = read(invocation, &NODE) else { return Vec::new() };
    let words = texts(invocation);
    let mut lenient = words.contains(&"--if-present");
    // a package of a workspace by its name or folder
    let mut package = values(&words, &["-w", "--workspace", "-F", "--filter"], false).first().copied();
    said.rest.retain(|word| package != Some(*word));
    if program == "yarn" && said.rest.first() == Some(&"workspace") && said.rest.len() > 2 {
        package = said.rest.get(1).copied();
        said.rest.drain(..2);
    }
    let script = match (said.rest.as_slice(), program) {
        (["run" | "run-script" | "rum" | "urn", script, ..], "npm") => *script,
        (["run" | "run-script", script, ..], _) => {
            // these run programs by the same words
            lenient |= program != "pnpm";
            *script
        }
        (["test" | "t" | "tst", ..], "npm" | "pnpm" | "yarn") => "test",
        ([verb @ ("start" | "stop" | "restart"), ..], "npm" | "pnpm" | "yarn") => *verb,
        ([script, ..], "yarn" | "pnpm") if !is_own_word(program, script) => {
            lenient = true;
            *script
        }
        _ => return Vec::new(),
    };
    let everywhere = words.iter().any(|w| matches!(*w, "--workspaces" | "-ws" | "-r" | "--recursive"));
    if everywhere || package.is_some() {
        let folder = package.map(|p| p.trim_start_matches("./").trim_end_matches('/'));
        return packages(folder, script, view);
    }
    match file(invocation, &NODE, &said, view) {
        Ok(path) => {
            tasks::lead("npm", &path, script, sure(invocation, view) && !lenient && script != "start", view).into_iter().collect()
        }
        Err(leads) => leads,
    }
}

/// The script of every package, or of those with this name or folder.
fn packages(wanted: Option<&str>, script: &str, view: &View<'_>) -> Vec<Lead> {
    let is_named = |path: &RepoPath| {
        let tree = view.book.get(path).and_then(|facts| facts.tree.as_ref());
        let name = tree.and_then(|tree| tree.root()).and_then(|root| root.at("name"));
        wanted.is_none_or(|wanted| name == Some(wanted) || source::folder(path) == wanted)
    };
    let found = view.inventory.named("package.json").map(|entry| &entry.path).filter(|path| is_named(path));
    found.filter_map(|path| tasks::lead("npm", path, script, false, view)).collect()
}

/// What a program that is run as a Python module leads to, where it is a runner.
pub(super) fn as_module(invocation: &Invocation<'_>, from: usize, view: &View<'_>) -> Option<Vec<Lead>> {
    let words = invocation.command.words.get(from..)?.to_vec();
    let program = words.first()?.text.as_str();
    let follow = match program {
        "poethepoet" => poe,
        "tox" => tox,
        "nox" => nox,
        "invoke" => invoke,
        "taskipy" => task,
        _ => return None,
    };
    let command = Command { words, ..invocation.command.clone() };
    Some(follow(
        &Invocation { command: &command, place: invocation.place.clone(), moved: invocation.moved.clone(), ..*invocation },
        view,
    ))
}

/// The words of a command up to `--`.
fn texts<'c>(invocation: &'c Invocation<'_>) -> Vec<&'c str> {
    invocation.arguments().iter().map(|w| w.text.as_str()).take_while(|w| *w != "--").collect()
}

/// The values of an option: the next word, all that follow up to the next option, or what stands behind a `=`.
fn values<'c>(words: &[&'c str], options: &[&str], many: bool) -> Vec<&'c str> {
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        if let Some((_, value)) = word.split_once('=').filter(|(option, _)| options.contains(option)) {
            found.push(value);
        }
        if options.contains(word) {
            let most = if many { usize::MAX } else { 1 };
            found.extend(words.iter().skip(at + 1).take_while(|w| !w.starts_with('-')).take(most).copied());
        }
        // `-epy312`
        if let Some(value) = options.iter().find_map(|o| word.strip_prefix(o).filter(|v| o.len() == 2 && !v.is_empty())) {
            found.push(value.trim_start_matches('='));
        }
    }
    found.dedup();
    found
}

/// Takes a command line apart; none where it runs nothing.
fn read<'c>(invocation: &'c Invocation<'_>, runner: &Runner) -> Option<Said<'c>> {
    let mut said = Said { dir: invocation.dir().map(str::to_owned), file: None, rest: Vec::new() };
    let mut words = texts(invocation).into_iter();
    while let Some(word) = words.next() {
        let (option, value) = word.split_once('=').map_or((word, None), |(option, value)| (option, Some(value)));
        if runner.idle.contains(&word) && said.rest.is_empty() {
            return None;
        }
        if runner.dir.contains(&option) {
            let to = value.or_else(|| words.next())?;
            said.dir = said.dir.filter(|_| !to.contains('$')).and_then(|dir| source::join(&dir, to));
        } else if runner.file.contains(&option) {
            said.file = value.or_else(|| words.next());
        } else if runner.valued.contains(&word) {
            words.next();
        } else if !word.starts_with('-') {
            said.rest.push(word);
        }
    }
    Some(said)
}

/// The runner's file, or what its absence leads to.
fn file(invocation: &Invocation<'_>, runner: &Runner, said: &Said<'_>, view: &View<'_>) -> Result<RepoPath, Vec<Lead>> {
    let Some(dir) = said.dir.as_deref() else { return Err(Vec::new()) };
    let found = match said.file {
        Some(file) if file.contains('$') => return Err(Vec::new()),
        Some(file) => {
            let named = source::join(dir, file).unwrap_or_default();
            let inside = runner.files.iter().filter_map(|name| source::join(&named, name)).find(|p| view.inventory.contains(p));
            Some(named).filter(|p| view.inventory.contains(p)).or(inside).map(RepoPath::from)
        }
        None => tasks::file(runner.name, dir, runner.files, runner.above, view),
    };
    found.ok_or_else(|| {
        // a program of the project may have the same name
        let own = launch::own(invocation, view);
        let first = runner.files.first().copied().unwrap_or_default();
        let path = source::join(dir, said.file.unwrap_or(first)).unwrap_or_default();
        if !own.is_empty() || !launch::certain(invocation, &path, view) {
            return own;
        }
        let what = match said.file {
            Some(_) => format!("`{path}` is not there"),
            None => format!("there is no {first} in `{dir}`{}", if runner.above { " or above" } else { "" }),
        };
        vec![Lead { to: Target::Missing { path, what: what.clone() }, edge: EdgeKind::Invokes, strength: Strength::Broken, what }]
    })
}

/// Each of these tasks, or the one that runs where none is named.
fn all(invocation: &Invocation<'_>, runner: &Runner, said: &Said<'_>, mut words: Vec<&str>, view: &View<'_>) -> Vec<Lead> {
    if words.is_empty() {
        words.push("");
    }
    match file(invocation, runner, said, view) {
        Ok(path) => {
            let sure = sure(invocation, view);
            words.into_iter().filter_map(|task| tasks::lead(runner.name, &path, task, sure, view)).collect()
        }
        Err(leads) => leads,
    }
}

/// Whether a task that is not defined breaks the command: inside an image another file may lie there.
fn sure(invocation: &Invocation<'_>, view: &View<'_>) -> bool {
    let kind = invocation.unit.and_then(|unit| view.book.get(invocation.path)?.units.get(unit)).map(|unit| unit.kind);
    !matches!(kind, Some(UnitKind::Image | UnitKind::Service | UnitKind::Manifest))
}
