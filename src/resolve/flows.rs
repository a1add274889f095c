//! Programs of orchestrators that run a pipeline which is written in Python, by its file, its module or its name.

use super::python::Place;
use super::{Invocation, Lead, Located, Target, View};
use crate::fact::{FileFacts, UnitKind};
use crate::source::{self, RepoPath};
use crate::syntax::python::{Module, ScopeKind};
use crate::words::{EdgeKind, Strength};

/// `pyflyte run [--remote] FILE FUNCTION`, `flyte run [--local] FILE FUNCTION`.
pub(super) fn pyflyte(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let words: Vec<&str> = invocation.arguments().iter().map(|w| w.text.as_str()).collect();
    let Some(run) = words.iter().position(|word| *word == "run") else { return Vec::new() };
    let rest = words.get(run + 1..).unwrap_or_default();
    let Some(at) = rest.iter().position(|word| word.ends_with(".py")) else { return Vec::new() };
    let (Some(file), Some(function)) = (rest.get(at), rest.get(at + 1).filter(|word| !word.starts_with('-'))) else {
        return Vec::new();
    };
    let program = invocation.command.program();
    let said = |option: &str| rest.iter().take(at).any(|word| *word == option);
    let submits = if program == "flyte" { !said("--local") } else { said("--remote") };
    let edge = if submits { EdgeKind::Submits } else { EdgeKind::Invokes };
    let what = format!("{program} run {file} {function}");
    match invocation.locate(file, view) {
        Located::Found(path, strength) => {
            let known = view.book.get(&path).and_then(|facts| facts.code.as_ref());
            if known.is_some_and(|code| !has_function(&code.module, function)) {
                let missing = format!("there is no `{function}` in `{path}`");
                let to = Target::Missing { path: path.to_string(), what: missing };
                return vec![Lead { to, edge, strength: Strength::Broken, what }];
            }
            vec![Lead { to: Target::Function { path, name: (*function).to_owned() }, edge, strength, what }]
        }
        _ => Vec::new(),
    }
}

/// `prefect deployment run FLOW/NAME`: the one deployment of that name, whose flow may have a name of its own; any other
/// command is given files like any program.
pub(super) fn prefect(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let words: Vec<&str> = invocation.arguments().iter().map(|w| w.text.as_str()).collect();
    let ["deployment", "run", rest @ ..] = words.as_slice() else { return super::applied(invocation, view) };
    let Some((_, name)) = rest.iter().find_map(|word| word.split_once('/')) else { return Vec::new() };
    // declared in a file of deployments, or by the code that serves it
    let declares = |(path, facts): &(&RepoPath, &FileFacts)| {
        let file = source::file_name(path);
        let of_deployments = matches!(file, "prefect.yaml" | "prefect.yml") || file.ends_with("-deployment.yaml");
        let named = |unit: &crate::fact::Unit| unit.kind == UnitKind::Workflow && unit.name == name;
        (of_deployments || facts.code.is_some()) && facts.units.iter().any(named)
    };
    let mut found = view.book.iter().filter(declares).map(|(path, _)| path);
    let what = format!("runs deployment {name}");
    let lead = |to: Target, strength: Strength| vec![Lead { to, edge: EdgeKind::Submits, strength, what: what.clone() }];
    match (found.next(), found.next()) {
        (Some(path), None) => {
            let to = Target::Unit { path: path.clone(), kind: UnitKind::Workflow, name: name.to_owned() };
            lead(to, Strength::Inferred)
        }
        _ => lead(Target::Outside { what: format!("deployment {name} of the service") }, Strength::Assumed),
    }
}

/// `airflow dags test|trigger|backfill ID`, `airflow backfill create --dag-id ID`: the one pipeline of that name.
pub(super) fn airflow(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    const VALUED: &[&str] = &[
        "-c",
        "--conf",
        "-e",
        "--exec-date",
        "--logical-date",
        "-r",
        "--run-id",
        "-s",
        "--start-date",
        "--end-date",
        "-S",
        "--subdir",
        "-B",
        "--bundle-name",
    ];
    let words: Vec<&str> = invocation.arguments().iter().map(|w| w.text.as_str()).collect();
    let named = |rest: &[&'_ str]| {
        let mut at = 0;
        while let Some(word) = rest.get(at) {
            match *word {
                option if VALUED.contains(&option) => at += 2,
                option if option.starts_with('-') => at += 1,
                name => return Some(name.to_owned()),
            }
        }
        None
    };
    if words.iter().any(|word| matches!(*word, "--dry-run" | "-n")) {
        return Vec::new();
    }
    let (edge, name) = match words.as_slice() {
        ["dags", "test", rest @ ..] => (EdgeKind::Invokes, named(rest)),
        ["dags", "trigger" | "backfill", rest @ ..] => (EdgeKind::Submits, named(rest)),
        ["backfill", "create", rest @ ..] => {
            let at = rest.iter().position(|word| *word == "--dag-id");
            (EdgeKind::Submits, at.and_then(|at| rest.get(at + 1)).map(|name| (*name).to_owned()))
        }
        _ => return super::applied(invocation, view),
    };
    let Some(name) = name.filter(|name| !name.contains('$')) else { return Vec::new() };
    let declares = |(_, facts): &(&RepoPath, &FileFacts)| {
        facts.code.is_some() && facts.units.iter().any(|unit| unit.kind == UnitKind::Workflow && unit.name == name)
    };
    let mut found = view.book.iter().filter(declares).map(|(path, _)| path);
    let what = format!("runs {name}");
    let lead = |to: Target, strength: Strength| vec![Lead { to, edge, strength, what: what.clone() }];
    match (found.next(), found.next()) {
        (Some(path), None) => {
            lead(Target::Unit { path: path.clone(), kind: UnitKind::Workflow, name: name.clone() }, Strength::Inferred)
        }
        (None, _) if edge == EdgeKind::Submits => {
            lead(Target::Outside { what: format!("pipeline {name} of the scheduler") }, Strength::Assumed)
        }
        _ => Vec::new(),
    }
}

/// `elyra-pipeline run FILE`, `elyra-pipeline submit FILE`: the pipeline that is drawn there.
pub(super) fn elyra(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let words: Vec<&str> = invocation.arguments().iter().map(|w| w.text.as_str()).collect();
    let edge = match words.first() {
        Some(&"run") => EdgeKind::Invokes,
        Some(&"submit") => EdgeKind::Submits,
        _ => return Vec::new(),
    };
    let Some(file) = words.iter().find(|word| word.ends_with(".pipeline")) else { return Vec::new() };
    let what = format!("runs {file}");
    match invocation.locate(file, view) {
        Located::Found(path, strength) => {
            let drawn = view.book.get(&path).and_then(|facts| facts.units.iter().find(|u| u.kind == UnitKind::Workflow));
            let to = match drawn.map(|unit| unit.name.clone()) {
                Some(name) => Target::Unit { path, kind: UnitKind::Workflow, name },
                None => Target::File { path, run: super::Run::Manifest },
            };
            vec![Lead { to, edge, strength, what }]
        }
        Located::Missing(path) if super::launch::certain(invocation, &path, view) => {
            let missing = format!("`{path}` is not there");
            vec![Lead { to: Target::Missing { path, what: missing }, edge, strength: Strength::Broken, what }]
        }
        _ => Vec::new(),
    }
}

fn has_function(module: &Module, name: &str) -> bool {
    let defined = module.scopes.iter().any(|scope| scope.kind == ScopeKind::Function && scope.name == name);
    defined || module.imports.iter().any(|import| import.local == name)
}

/// `luigi --module MODULE TASK`.
pub(super) fn luigi(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let words: Vec<&str> = invocation.arguments().iter().map(|w| w.text.as_str()).collect();
    let Some(at) = words.iter().position(|word| *word == "--module") else { return Vec::new() };
    let Some(module) = words.get(at + 1) else { return Vec::new() };
    let from: RepoPath = format!("{}/_", invocation.dir().unwrap_or(".")).trim_start_matches("./").into();
    let Some(path) = view.imports.module(&from, module) else { return Vec::new() };
    let what = format!("luigi --module {module}");
    let Some(facts) = view.book.get(&path) else {
        let to = Target::File { path, run: super::Run::Module };
        return vec![Lead { to, edge: EdgeKind::Imports, strength: Strength::Resolved, what }];
    };
    let tasks = facts.units.iter().filter(|u| u.kind == UnitKind::Target && words.contains(&u.name.as_str()));
    let lead = |name: &str| {
        let to = Target::Unit { path: path.clone(), kind: UnitKind::Target, name: name.to_owned() };
        Lead { to, edge: EdgeKind::Invokes, strength: Strength::Resolved, what: format!("{what} {name}") }
    };
    let read = Lead {
        to: Target::File { path: path.clone(), run: super::Run::Module },
        edge: EdgeKind::Imports,
        strength: Strength::Resolved,
        what: what.clone(),
    };
    std::iter::once(read).chain(tasks.map(|unit| lead(&unit.name))).collect()
}

/// Packages on the way to the function that Kedro asks for.
const PACKAGES: u32 = 4;

/// Whether Kedro finds the pipeline of a file by itself: it imports the module `pipeline` of the project's package and every
/// package in its `pipelines`, and asks each for `create_pipeline`.
fn is_found(path: &RepoPath, view: &View<'_>) -> bool {
    let Some((root, rest)) = path.rsplit_once("pipelines/") else {
        return source::file_name(path) == "pipeline.py" || path.ends_with("/pipeline/__init__.py");
    };
    let Some((package, _)) = rest.split_once('/') else { return false };
    exposes(&format!("{root}pipelines/{package}/__init__.py"), path, view, PACKAGES)
}

/// Whether a module has the function `create_pipeline` of a file, its own or by import.
fn exposes(module: &str, path: &RepoPath, view: &View<'_>, depth: u32) -> bool {
    if module == &**path {
        return true;
    }
    let (Some(depth), Some(code)) = (depth.checked_sub(1), view.book.get(module).and_then(|facts| facts.code.as_ref())) else {
        return false;
    };
    let named = code.module.imports.iter().filter(|i| matches!(i.name.as_deref(), Some("*")) || i.local == "create_pipeline");
    let from = named.filter_map(|import| view.imports.of_import(module, import));
    from.into_iter().any(|place| match place {
        Place::File(file) => exposes(&file, path, view, depth),
        Place::Folder(_) => false,
    })
}

/// `kedro run [--pipeline NAME]`: the pipelines of the project's packages; by default all that it finds.
pub(super) fn kedro(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let words: Vec<&str> = invocation.arguments().iter().map(|w| w.text.as_str()).collect();
    if words.first() != Some(&"run") {
        return Vec::new();
    }
    let mut wanted: Option<&str> = None;
    // parts of a pipeline: which is not told apart here
    let mut parts = false;
    let mut rest = words.iter().copied().skip(1);
    while let Some(word) = rest.next() {
        match word.split_once('=') {
            Some(("--pipeline" | "-p", name)) => wanted = Some(name),
            _ if matches!(word, "--pipeline" | "-p") => wanted = rest.next(),
            _ => {
                let word = word.split('=').next().unwrap_or(word);
                parts |= matches!(
                    word,
                    "--nodes"
                        | "-n"
                        | "--node"
                        | "--tags"
                        | "-t"
                        | "--tag"
                        | "--from-nodes"
                        | "--to-nodes"
                        | "--from-inputs"
                        | "--to-outputs"
                        | "--namespace"
                );
            }
        }
    }
    let wanted = wanted.filter(|name| *name != "__default__");
    if wanted.is_some_and(|name| name.contains('$')) {
        return Vec::new();
    }
    let home = invocation.dir().unwrap_or(".");
    let within = |path: &RepoPath| home == "." || path.strip_prefix(home).is_some_and(|rest| rest.starts_with('/'));
    let imports = |facts: &FileFacts| {
        facts
            .code
            .as_ref()
            .is_some_and(|code| code.module.imports.iter().any(|i| i.level == 0 && i.module.split('.').next() == Some("kedro")))
    };
    let registries = view.book.iter().filter(|(path, _)| within(path) && source::file_name(path) == "pipeline_registry.py");
    let found_by_itself = registries.into_iter().any(|(_, facts)| {
        facts.code.as_ref().is_some_and(|code| code.module.calls.iter().any(|call| call.callee.last() == Some("find_pipelines")))
    });
    let strength = if found_by_itself && !parts && invocation.dir().is_some() { Strength::Resolved } else { Strength::Inferred };
    let mut leads = Vec::new();
    for (path, facts) in view.book.iter().filter(|(path, facts)| within(path) && imports(facts)) {
        if found_by_itself && !facts.orchestrated.pipelines.is_empty() && !is_found(path, view) {
            continue;
        }
        let package = path.rsplit_once("pipelines/").and_then(|(_, rest)| rest.split('/').next());
        let package = package.map(|name| name.trim_end_matches(".py"));
        if wanted.is_some_and(|name| package != Some(name)) {
            continue;
        }
        for unit in facts.orchestrated.pipelines.iter().filter_map(|unit| facts.units.get(*unit)) {
            let to = Target::Unit { path: path.clone(), kind: UnitKind::Workflow, name: unit.name.clone() };
            leads.push(Lead {
                to,
                edge: EdgeKind::Invokes,
                strength,
                what: format!("kedro run, {}", package.unwrap_or(&unit.name)),
            });
        }
    }
    // not lowered yet: what is read next
    if leads.is_empty() {
        let entries = view.inventory.entries().iter().map(|e| &e.path).filter(|path| within(path));
        let named = entries.filter(|path| path.contains("pipelines/") && path.ends_with(".py")).take(200);
        let ask = |path: &RepoPath| Lead {
            to: Target::File { path: path.clone(), run: super::Run::Module },
            edge: EdgeKind::Imports,
            strength: Strength::Inferred,
            what: "kedro run".to_owned(),
        };
        leads.extend(named.filter(|path| !view.book.contains_key(*path)).map(ask));
    }
    leads
}
