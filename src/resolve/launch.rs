//! Programs that run a file of the repository: Python, shells, notebooks, and the project's own commands.

use std::collections::BTreeSet;

use super::{Invocation, Lead, Located, Run, Target, View, collected, placed, run_by_path, run_of, runners};
use crate::fact::{Command, Fact, FactKind, FileFacts, UnitKind, Uses, UsesTarget};
use crate::source::{self, RepoPath};
use crate::syntax::python::ScopeKind;
use crate::syntax::shell::Word;
use crate::words::{EdgeKind, Strength};

/// Where a path that is run lies: first in the image in which the command runs, a full one in that it is given.
pub(super) fn located(invocation: &Invocation<'_>, text: &str, view: &View<'_>) -> Located {
    let inside = placed::inside(invocation.command, invocation.path, invocation.unit, view);
    let Some(inside) = inside.filter(|_| !text.contains('$') && !text.starts_with('-') && !text.is_empty()) else {
        return outside(invocation, text, view);
    };
    let there = inside.at(text, view);
    if let Some(path) = there.as_ref().filter(|_| inside.strength() == Strength::Resolved) {
        return Located::Found(path.as_str().into(), Strength::Resolved);
    }
    match (outside(invocation, text, view), there) {
        (Located::Missing(_) | Located::Unknown, Some(path)) => Located::Found(path.into(), inside.strength()),
        (found, _) => self::lacking(found, &inside),
    }
}

/// What lies here, and perhaps not in the image.
fn lacking(found: Located, inside: &placed::Inside<'_>) -> Located {
    match found {
        // the image does not take it along, as far as it is known what is copied
        Located::Found(path, strength) if inside.lacks(&path) => Located::Found(path, strength.min(Strength::Inferred)),
        found => found,
    }
}

fn outside(invocation: &Invocation<'_>, text: &str, view: &View<'_>) -> Located {
    let full = text.starts_with('/') && !text.contains('$');
    let found = if full { placed::by_machine(invocation.path, invocation.unit, text, view) } else { None };
    found.map_or_else(|| invocation.locate(text, view), |(path, strength)| Located::Found(path.into(), strength))
}

fn lead(to: Target, strength: Strength, what: String) -> Lead {
    Lead { to, edge: EdgeKind::Invokes, strength, what }
}

/// Options of Python and of `spark-submit` whose value is the next word.
const VALUED: &[&str] = &[
    "-W",
    "-X",
    "--archives",
    "--class",
    "--conf",
    "--deploy-mode",
    "--driver-class-path",
    "--driver-cores",
    "--driver-memory",
    "--exclude-packages",
    "--executor-cores",
    "--executor-memory",
    "--files",
    "--jars",
    "--keytab",
    "--master",
    "--name",
    "--num-executors",
    "--packages",
    "--principal",
    "--properties-file",
    "--proxy-user",
    "--py-files",
    "--queue",
    "--repositories",
    "--total-executor-cores",
];

/// `python file.py`, `python -m package.module`, and runners that are themselves run as modules.
pub(super) fn python(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let arguments = invocation.arguments();
    let mut at = 0;
    while let Some(word) = arguments.get(at) {
        match word.text.as_str() {
            "-m" => return arguments.get(at + 1).map(|m| module(invocation, &m.text, at + 2, view)).unwrap_or_default(),
            "-c" | "-" => return Vec::new(),
            option if VALUED.contains(&option) => at += 2,
            text if text.starts_with('-') => at += 1,
            text if text.ends_with(".jar") => return super::jvm::of_archive(arguments.get(..at).unwrap_or_default(), view),
            text => {
                let mut leads = file(invocation, text, view);
                let rest = arguments.get(at + 1..).unwrap_or_default();
                leads.extend(of_words(&leads, rest, view));
                leads.extend(super::queued::handed_over(invocation, &leads, rest, view));
                return leads;
            }
        }
    }
    Vec::new()
}

fn module(invocation: &Invocation<'_>, name: &str, rest: usize, view: &View<'_>) -> Vec<Lead> {
    match name {
        "pytest" | "unittest" | "nose" | "nose2" => return collected::of_runner(invocation, rest, name, view),
        "coverage" => return collected::of_runner(invocation, rest, "coverage", view),
        "papermill" | "nbconvert" | "jupyter" => return notebook(invocation, view),
        "spacy" | "weasel" => {
            let words: Vec<&str> = invocation.arguments().iter().skip(rest).map(|w| w.text.as_str()).collect();
            return super::projects::of_spacy(invocation, &words, view);
        }
        "pip" => return super::installs::follow(invocation, view),
        "luigi" => return super::flows::luigi(invocation, view),
        "awslambdaric" => {
            let word = invocation.arguments().get(rest);
            return word.and_then(|word| super::stacks::handler(invocation, &word.text, view)).into_iter().collect();
        }
        _ => {}
    }
    if let Some(leads) = runners::as_module(invocation, rest, view) {
        return leads;
    }
    if view.programs.serves.contains(name) {
        return served(invocation, invocation.arguments().get(rest..).unwrap_or_default(), view);
    }
    let what = format!("python -m {name}");
    let from: RepoPath = format!("{}/_", invocation.dir().unwrap_or(".")).trim_start_matches("./").into();
    let inside = placed::inside(invocation.command, invocation.path, invocation.unit, view);
    let ends = ["/__main__.py", ".py"];
    let there = inside.as_ref().and_then(|inside| Some((inside.module(".", name, &ends, view)?, inside.strength())));
    let to = |(path, strength): (String, Strength)| {
        vec![lead(Target::File { path: path.into(), run: Run::Module }, strength, what.clone())]
    };
    if let Some(there) = there.clone().filter(|(_, strength)| *strength == Strength::Resolved) {
        return to(there);
    }
    match view.imports.main(&from, name) {
        None if there.is_some() => there.map(to).unwrap_or_default(),
        Some(path) => {
            let sure = invocation.dir().is_some() && !inside.is_some_and(|inside| inside.lacks(&path));
            let strength = if sure { Strength::Resolved } else { Strength::Inferred };
            vec![lead(Target::File { path, run: Run::Module }, strength, what)]
        }
        // the first part is ours, and the rest is not there
        None if invocation.dir().is_some()
            && view.imports.is_own(name.split('.').next().unwrap_or(name))
            && name.contains('.')
            && !name.contains('$') =>
        {
            let missing = format!("there is no module `{name}`");
            vec![lead(Target::Missing { path: name.to_owned(), what: missing }, Strength::Broken, what)]
        }
        None => Vec::new(),
    }
}

fn file(invocation: &Invocation<'_>, text: &str, view: &View<'_>) -> Vec<Lead> {
    match located(invocation, text, view) {
        Located::Found(path, strength) if view.inventory.contains(&path) => {
            vec![lead(Target::File { run: run_of(&path), path }, strength, format!("python {text}"))]
        }
        Located::Found(path, strength) => {
            let main = format!("{path}/__main__.py");
            let to = Target::File { path: main.into(), run: Run::Program };
            vec![lead(to, strength, format!("python {text}"))]
        }
        Located::Missing(path) if text.ends_with(".py") && certain(invocation, &path, view) => {
            let what = format!("`{path}` is not there");
            vec![lead(Target::Missing { path, what }, Strength::Broken, format!("python {text}"))]
        }
        _ => Vec::new(),
    }
}

/// The units of a file that is run which the words behind its name run (`python flow.py run`).
fn of_words(leads: &[Lead], rest: &[Word], view: &View<'_>) -> Vec<Lead> {
    let plain: Vec<&str> = rest.iter().map(|w| w.text.as_str()).filter(|w| !w.starts_with('-')).collect();
    let mut found = Vec::new();
    for first in leads {
        let Target::File { path, run: Run::Program } = &first.to else { continue };
        let Some(facts) = view.book.get(path) else { continue };
        for (words, unit) in &facts.orchestrated.run_by {
            let said = plain.windows(words.len().max(1)).any(|window| window.iter().eq(words.iter()));
            if let Some(unit) = facts.units.get(*unit).filter(|_| said) {
                let to = Target::Unit { path: path.clone(), kind: unit.kind, name: unit.name.clone() };
                found.push(lead(to, first.strength, format!("{} {}", first.what, words.join(" "))));
            }
        }
    }
    found
}

/// Whether a file that is not there cannot have been made on the way: no other command of the same file names it or
/// brings in what is elsewhere, and nothing that was used fetched its folder.
pub(super) fn certain(invocation: &Invocation<'_>, path: &str, view: &View<'_>) -> bool {
    let Some(facts) = view.book.get(invocation.path) else { return true };
    // an action of another repository works on what its callers have brought along
    let handed = facts.units.first().is_some_and(|unit| unit.kind == UnitKind::Action);
    if handed && crate::source::is_copy(invocation.path) {
        return false;
    }
    // inside an image the paths are those of the image
    let in_image = invocation.unit.and_then(|u| facts.units.get(u)).is_some_and(|u| {
        // a document that is handed over says what runs on a machine of its own
        let handed_over = u.kind == UnitKind::Job && u.parent.is_none();
        handed_over || matches!(u.kind, UnitKind::Image | UnitKind::Service | UnitKind::Manifest)
    });
    !in_image && !invocation.is_placed() && !may_be_made(invocation.path, path, view)
}

/// Whether a file may put another there that the repository does not have.
pub(super) fn may_be_made(by: &RepoPath, path: &str, view: &View<'_>) -> bool {
    let name = crate::source::file_name(path);
    let Some(facts) = view.book.get(by) else { return false };
    let made = view.made.get_or_init(|| view.book.iter().map(|(path, facts)| (path.clone(), Made::by(facts, view))).collect());
    let may = |at: &usize| matches!(facts.facts.get(*at).map(|f| &f.kind), Some(FactKind::Uses(uses)) if may_hold(uses, path));
    made.get(by)
        .is_some_and(|made| made.fetched || made.written.iter().any(|out| out.ends_with(name)) || made.used.iter().any(may))
}

/// What may put files there that a file's own repository does not have: asked for at every script that is missing.
pub(super) struct Made {
    /// Something of it brings in what is elsewhere.
    fetched: bool,
    /// Where output goes, each once.
    written: BTreeSet<String>,
    /// The facts that use something of others.
    used: Vec<usize>,
}

impl Made {
    fn by(facts: &FileFacts, view: &View<'_>) -> Self {
        let mut made = Self { fetched: false, written: BTreeSet::new(), used: Vec::new() };
        let brings = |fact: &Fact| matches!(&fact.kind, FactKind::Command(c) if fetches(c, view));
        for (at, fact) in facts.facts.iter().enumerate() {
            match &fact.kind {
                FactKind::Command(command) => {
                    made.fetched |= brings(fact);
                    made.written.extend(command.stdout.clone());
                }
                FactKind::Uses(uses) => match &uses.to {
                    UsesTarget::File(own) => {
                        let own = super::calls::file(own, view).and_then(|own| view.book.get(&own));
                        made.fetched |= own.is_some_and(|own| own.facts.iter().any(brings));
                    }
                    _ => made.used.push(at),
                },
                _ => {}
            }
        }
        made
    }
}

/// Commands that bring files in from elsewhere.
fn fetches(command: &Command, view: &View<'_>) -> bool {
    view.programs.fetches(command.program(), command.words.get(1).map(|w| w.text.as_str()))
}

/// Whether something published that was used may have put a file there: a copy of a repository, what an earlier job
/// kept, what a cache kept. Others that are told a `path` only read it.
fn may_hold(uses: &Uses, path: &str) -> bool {
    let name = uses.reference.split('@').next().unwrap_or("").to_ascii_lowercase();
    let given = |key: &str| uses.with.iter().find(|(k, _)| k == key).map(|(_, value)| value.trim());
    let holds = |folder: &str| {
        let folder = folder.trim().trim_start_matches("./").trim_end_matches('/');
        let computed = folder.contains(['$', '*']);
        folder.is_empty()
            || folder == "."
            || computed
            || path == folder
            || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
    };
    if name.contains("checkout") {
        return given("repository").is_some_and(|_| given("path").is_none()) || given("path").is_some_and(holds);
    }
    if name.contains("download-artifact") || name.contains("download-workflow-artifact") {
        return given("path").is_none_or(holds);
    }
    name.contains("cache") && given("path").is_some_and(|paths| paths.lines().filter(|l| !l.trim().is_empty()).any(holds))
}

/// `bash script.sh`, `source script.sh`.
pub(super) fn shell(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let Some(script) = invocation.arguments().iter().find(|w| !w.text.starts_with('-')) else { return Vec::new() };
    if invocation.arguments().iter().any(|w| w.text.starts_with('-') && !w.text.starts_with("--") && w.text.ends_with('c')) {
        return Vec::new();
    }
    script_lead(invocation, &script.text, view)
}

/// `Rscript file.R`, `R -f file.R`, `R CMD BATCH file.R`, `julia file.jl`, and what `-e` runs: languages without a reader,
/// whose files are reached as a whole.
pub(super) fn script(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    /// Options whose value is the next word.
    const TAKING: &[&str] = &["-t", "--threads", "-p", "--procs", "-C", "-J", "-L", "-H", "--default-packages"];
    let words: Vec<&str> = invocation.arguments().iter().map(|w| w.text.as_str()).collect();
    let program = invocation.command.program();
    if program == "quarto" {
        let named = words.iter().skip(1).find(|w| !w.starts_with('-')).filter(|_| words.first() == Some(&"render"));
        return named.map(|file| script_lead(invocation, file, view)).unwrap_or_default();
    }
    // what a program reads its commands from is an option of this one alone
    let reads_options = program == "R";
    let words = match words.as_slice() {
        ["CMD", "BATCH", rest @ ..] if reads_options => rest,
        _ if reads_options => {
            let named =
                words.iter().zip(words.iter().skip(1)).find(|(w, _)| matches!(**w, "-f" | "--file")).map(|(_, file)| *file);
            let named = named.or_else(|| words.iter().find_map(|w| w.strip_prefix("--file=")));
            if let Some(file) = named {
                return script_lead(invocation, file, view);
            }
            words.as_slice()
        }
        all => all,
    };
    let batch = reads_options && words.len() < invocation.arguments().len();
    let mut at = 0;
    let mut leads = Vec::new();
    let mut evaluated = false;
    while let Some(word) = words.get(at) {
        let told = view.programs.evaluates(program).filter(|by| by.is_told_by(word));
        match (told, words.get(at + 1)) {
            (Some(by), Some(expression)) => {
                evaluated = true;
                leads.extend(by.files(expression).into_iter().flat_map(|file| script_lead(invocation, file, view)));
                at += 2;
            }
            _ if TAKING.contains(word) => at += 2,
            _ if word.starts_with('-') => at += 1,
            // behind an expression stand its arguments
            _ if evaluated || (reads_options && !batch) => break,
            _ => return script_lead(invocation, word, view),
        }
    }
    // `R --no-save < file.R`
    let fed = invocation.command.fed.as_deref().filter(|_| leads.is_empty() && !evaluated);
    leads.extend(fed.into_iter().flat_map(|file| script_lead(invocation, file, view)));
    leads
}

fn script_lead(invocation: &Invocation<'_>, text: &str, view: &View<'_>) -> Vec<Lead> {
    match located(invocation, text, view) {
        Located::Found(path, strength) => {
            vec![lead(Target::File { run: run_by_path(&path, view), path }, strength, text.to_owned())]
        }
        Located::Missing(path) if text.ends_with(".sh") && certain(invocation, &path, view) => {
            let what = format!("`{path}` is not there");
            vec![lead(Target::Missing { path, what }, Strength::Broken, text.to_owned())]
        }
        _ => Vec::new(),
    }
}

/// `papermill in.ipynb out.ipynb`, `jupyter nbconvert --execute x.ipynb`, `jupyter execute x.ipynb`; what only turns one into
/// another format runs nothing, whatever it says of how it would.
pub(super) fn notebook(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let arguments = invocation.arguments();
    let named = |name: &str| {
        let program = invocation.command.program();
        program.strip_prefix("jupyter-") == Some(name)
            || arguments.iter().take_while(|w| !w.text.ends_with(".ipynb")).any(|w| w.text == name)
    };
    let only_turns = named("nbconvert") || invocation.command.program() == "jupyter" && !named("execute") && !named("run");
    let asked = |text: &str| {
        let enabled = text.strip_prefix("--ExecutePreprocessor.enabled=").is_some_and(|it| it.eq_ignore_ascii_case("true"));
        enabled || matches!(text, "--execute" | "--NbConvertApp.execute=True")
    };
    if only_turns && !arguments.iter().any(|w| asked(&w.text)) {
        return Vec::new();
    }
    let Some(input) = arguments.iter().find(|w| w.text.ends_with(".ipynb")) else { return Vec::new() };
    match invocation.locate(&input.text, view) {
        Located::Found(path, strength) => {
            vec![lead(Target::File { path, run: Run::Notebook }, strength, format!("runs {}", input.text))]
        }
        Located::Missing(path) => {
            let what = format!("`{path}` is not there");
            vec![lead(Target::Missing { path, what }, Strength::Broken, input.text.clone())]
        }
        Located::Unknown => Vec::new(),
    }
}

/// A script by its path, a function of the same shell text, or a command that the project installs.
pub(super) fn own(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let Some(first) = invocation.command.words.first() else { return Vec::new() };
    let text = first.text.as_str();
    if text.contains('/') {
        let mut leads = match located(invocation, text, view) {
            Located::Found(path, strength) if view.inventory.contains(&path) => {
                vec![lead(Target::File { run: run_by_path(&path, view), path }, strength, text.to_owned())]
            }
            Located::Missing(path) if text.starts_with("./") && text.ends_with(".sh") && certain(invocation, &path, view) => {
                let what = format!("`{path}` is not there");
                vec![lead(Target::Missing { path, what }, Strength::Broken, text.to_owned())]
            }
            _ => Vec::new(),
        };
        if let Some(command) = installed(invocation, text, view).filter(|_| leads.is_empty()) {
            leads.push(command);
        }
        return leads;
    }
    if let Some(path) = function(invocation.path, text, view) {
        let to = Target::Unit { path, kind: UnitKind::ShellFunction, name: text.to_owned() };
        return vec![lead(to, Strength::Resolved, format!("function {text}"))];
    }
    let inside = placed::inside(invocation.command, invocation.path, invocation.unit, view);
    if let Some((path, strength)) = inside.and_then(|inside| Some((inside.program(text, view)?, inside.strength()))) {
        let path = RepoPath::from(path);
        return vec![lead(Target::File { run: run_by_path(&path, view), path }, strength, text.to_owned())];
    }
    if let Some(path) = view.commands.get(text) {
        let to = Target::Unit { path: (*path).clone(), kind: UnitKind::EntryPoint, name: text.to_owned() };
        return vec![lead(to, Strength::Resolved, text.to_owned())];
    }
    match super::stacks::handler(invocation, text, view) {
        Some(lead) => vec![lead],
        None if view.programs.serves.contains(invocation.command.program()) => served(invocation, invocation.arguments(), view),
        None => Vec::new(),
    }
}

/// A command that the project installs, by its full path where programs are put.
fn installed(invocation: &Invocation<'_>, text: &str, view: &View<'_>) -> Option<Lead> {
    let (folder, name) = text.rsplit_once('/')?;
    let programs = folder.rsplit('/').next().is_some_and(|last| matches!(last, "bin" | "Scripts"));
    let path = view.commands.get(name).filter(|_| programs && !invocation.command.at_build)?;
    let to = Target::Unit { path: (*path).clone(), kind: UnitKind::EntryPoint, name: name.to_owned() };
    Some(lead(to, Strength::Inferred, text.to_owned()))
}

/// The file that defines a function of a shell text: the text itself, or one that it sources.
fn function(path: &RepoPath, name: &str, view: &View<'_>) -> Option<RepoPath> {
    let defining = view.functions.get(name)?;
    std::iter::once(path).chain(view.parts(path)).find(|p| defining.binary_search(p).is_ok()).cloned()
}

/// What a server is given: an application as `package.module:name`, or a file.
pub(super) fn served(invocation: &Invocation<'_>, words: &[Word], view: &View<'_>) -> Vec<Lead> {
    /// Options that name the folder in which the application lies.
    const FOLDERS: &[&str] = &["--app-dir", "--chdir", "--working-dir"];
    let inside = placed::inside(invocation.command, invocation.path, invocation.unit, view);
    let folder = words.iter().zip(words.iter().skip(1)).find(|(option, _)| FOLDERS.contains(&option.text.as_str()));
    let folder = folder.map(|(_, folder)| folder.text.as_str()).or_else(|| {
        let joined = words.iter().filter_map(|w| w.text.split_once('='));
        joined.filter(|(option, _)| FOLDERS.contains(option)).map(|(_, folder)| folder).next()
    });
    for word in words {
        let text = word.text.as_str();
        if text.ends_with(".py") {
            return match located(invocation, text, view) {
                Located::Found(path, strength) => vec![lead(Target::File { path, run: Run::Program }, strength, text.to_owned())],
                _ => Vec::new(),
            };
        }
        let Some((module, name)) = text.split_once(':') else { continue };
        if module.is_empty() || !module.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.') {
            continue;
        }
        let to = |path: RepoPath, strength| {
            let begun = super::begun::begun(&path, name, strength, view);
            let file = lead(Target::File { path, run: Run::Module }, strength, text.to_owned());
            std::iter::once(file).chain(begun).collect()
        };
        let ends = [".py", "/__init__.py"];
        let there = inside.as_ref().and_then(|i| Some((i.module(folder.unwrap_or("."), module, &ends, view)?, i.strength())));
        if let Some((path, strength)) = there.clone().filter(|(_, strength)| *strength == Strength::Resolved) {
            return to(path.into(), strength);
        }
        let dir = invocation.dir().unwrap_or(".");
        let from = folder.filter(|f| !f.starts_with('/')).and_then(|folder| source::join(dir, folder));
        let from: RepoPath = format!("{}/_", from.as_deref().unwrap_or(dir)).trim_start_matches("./").into();
        if let Some(path) = view.imports.module(&from, module) {
            let lacks = inside.as_ref().is_some_and(|inside| inside.lacks(&path));
            return to(path, if lacks { Strength::Inferred } else { Strength::Resolved });
        }
        if let Some((path, strength)) = there {
            return to(path.into(), strength);
        }
    }
    Vec::new()
}

/// `package.module:function` of an installed command; the module alone where its file was not read yet.
pub(super) fn entry(target: &str, from: &RepoPath, view: &View<'_>) -> Option<Target> {
    let (module, function) = target.split_once(':').unwrap_or((target, ""));
    let path = view.imports.module(from, module.trim())?;
    let name = function.trim();
    match view.book.get(&path).and_then(|f| f.code.as_ref()) {
        None => Some(Target::File { path, run: Run::Module }),
        Some(code) => {
            let known = code.module.scopes.iter().any(|s| s.kind == ScopeKind::Function && s.name == name);
            let imported = code.module.imports.iter().any(|i| i.local == name);
            let assigned = code.module.assigns.iter().any(|a| {
                a.targets
                    .iter()
                    .any(|t| matches!(t, crate::syntax::python::Target::Name(n) if n.dotted().as_deref() == Some(name)))
            });
            // an object that holds commands is run like a function
            if known || ((imported || assigned) && !name.is_empty()) {
                Some(Target::Function { path, name: name.to_owned() })
            } else if name.is_empty() {
                Some(Target::File { path, run: Run::Module })
            } else {
                None
            }
        }
    }
}
