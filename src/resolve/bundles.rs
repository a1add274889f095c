//! `databricks bundle`: which bundle and target a command deploys, and which job it runs.

use super::{Invocation, Lead, Located, Run, Target, View, wholes};
use crate::fact::{FactKind, FileFacts, UnitId, UnitKind};
use crate::source::{self, RepoPath};
use crate::words::{EdgeKind, Strength};

/// What a bundle's definition is called.
pub(crate) const BUNDLES: &[&str] = &["databricks.yml", "databricks.yaml", "bundle.yml", "bundle.yaml"];

/// Settings that name the target where the command does not.
const SETTINGS: &[&str] = &["DATABRICKS_BUNDLE_ENV", "DATABRICKS_BUNDLE_TARGET"];

/// `databricks bundle deploy [-t TARGET]`, `databricks bundle run [-t TARGET] JOB`; a job by its number is anywhere.
pub(super) fn follow(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let words: Vec<&str> = invocation.arguments().iter().map(|w| w.text.as_str()).collect();
    let mut plain: Vec<&str> = Vec::new();
    let mut target: Option<&str> = None;
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        match word {
            "-t" | "--target" | "-e" | "--environment" => target = words.next(),
            "--var" | "-p" | "--profile" | "-o" | "--output" | "--params" | "--python-params" | "--notebook-params"
            | "--only" | "--job-id" | "--json" => drop(words.next()),
            // what follows is given to the job
            "--" => break,
            word => match word.split_once('=') {
                Some(("-t" | "--target" | "-e" | "--environment", value)) => target = Some(value),
                _ if word.starts_with('-') => {}
                _ => plain.push(word),
            },
        }
    }
    match plain.as_slice() {
        ["jobs", "create" | "reset", ..] => put(invocation, view).into_iter().collect(),
        ["bundle", "deploy", ..] => deploy(invocation, target, view).into_iter().collect(),
        ["bundle", "run", job, ..] => run(invocation, job, view).into_iter().collect(),
        ["jobs", "run-now" | "submit", ..] | ["runs", "submit", ..] => {
            let what = "a job that the service knows by its number".to_owned();
            let to = Target::Outside { what: what.clone() };
            vec![Lead { to, edge: EdgeKind::Submits, strength: Strength::Assumed, what }]
        }
        _ => Vec::new(),
    }
}

/// The bundle of the folder in which a command runs, or of one above.
fn bundle<'v>(invocation: &Invocation<'_>, view: &View<'v>) -> Option<(&'v RepoPath, &'v FileFacts)> {
    let mut at = invocation.dir()?;
    loop {
        let named = BUNDLES.iter().filter_map(|name| source::join(at, name));
        if let Some(found) = named.into_iter().find_map(|path| view.book.get_key_value(path.as_str())) {
            return Some(found);
        }
        if at == "." {
            return None;
        }
        at = source::folder(at);
    }
}

/// `dbx deploy [--environment E] [--jobs A,B]`, `dbx launch --job A`: jobs of the deployment file, which lies where it
/// usually does unless it is named.
pub(super) fn dbx(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    const VALUED: &[&str] = &[
        "-e",
        "--environment",
        "--deployment-file",
        "--jobs",
        "--job",
        "--workflows",
        "--tags",
        "--parameters",
        "--branch-name",
    ];
    const USUAL: &[&str] = &["conf/deployment.yml", "conf/deployment.yaml", "conf/deployment.json"];
    let said = super::cluster::Said::of(invocation, VALUED);
    let [verb @ ("deploy" | "launch" | "execute"), plain @ ..] = said.words.as_slice() else { return Vec::new() };
    // files alone make no job
    let words: Vec<&str> = invocation.arguments().iter().map(|w| w.text.as_str()).collect();
    if *verb == "deploy" && words.iter().any(|word| matches!(*word, "--files-only" | "--assets-only" | "--write-specs-to-file")) {
        return Vec::new();
    }
    let named = said.values(&["--deployment-file"]).next();
    let found = named.into_iter().chain(USUAL.iter().copied().filter(|_| named.is_none())).find_map(|file| {
        match invocation.locate(file, view) {
            Located::Found(path, strength) => Some((path, strength)),
            _ => None,
        }
    });
    let Some((path, strength)) = found else { return Vec::new() };
    let environment = said.values(&["-e", "--environment"]).next().unwrap_or("default");
    let asked: Vec<&str> =
        said.values(&["--jobs", "--job", "--workflows"]).flat_map(|v| v.split(',')).chain(plain.iter().copied()).collect();
    let (kind, edge) =
        if *verb == "deploy" { (UnitKind::Manifest, EdgeKind::Applies) } else { (UnitKind::Workflow, EdgeKind::Submits) };
    let facts = view.book.get(&path);
    let units = facts.into_iter().flat_map(|facts| &facts.units).filter(|unit| unit.kind == kind);
    let meant = units.filter(|unit| {
        let job = unit.name.strip_prefix(environment).and_then(|rest| rest.strip_prefix(' '));
        job.is_some_and(|job| asked.contains(&job) || (asked.is_empty() && *verb == "deploy"))
    });
    let lead = |to: Target, what: String| Lead { to, edge, strength, what };
    let leads: Vec<Lead> = meant
        .map(|unit| {
            let to = Target::Unit { path: path.clone(), kind, name: unit.name.clone() };
            lead(to, format!("{verb}s job {}", unit.name))
        })
        .collect();
    // the file is read once something leads to it
    if leads.is_empty() && !facts.is_some_and(|facts| facts.units.iter().any(|unit| unit.kind == UnitKind::Workflow)) {
        let what = format!("{verb}s a job of {path}");
        return vec![Lead { edge: EdgeKind::Applies, ..lead(Target::File { path, run: Run::Manifest }, what) }];
    }
    leads
}

/// `databricks jobs create --json @job.json`, in the older client `--json-file job.json`: the job's own definition.
fn put(invocation: &Invocation<'_>, view: &View<'_>) -> Option<Lead> {
    let words: Vec<&str> = invocation.arguments().iter().map(|w| w.text.as_str()).collect();
    let beside =
        |name: &str| words.iter().zip(words.iter().skip(1)).find(|(option, _)| **option == name).map(|(_, value)| *value);
    let joined = |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    let said = |name: &str| beside(name).or_else(|| joined(name));
    let named = said("--json").and_then(|value| value.strip_prefix('@')).or_else(|| said("--json-file"))?;
    let Located::Found(path, strength) = invocation.locate(named, view) else { return None };
    let what = format!("puts the job of {path}");
    // the service knows it under the one target that its file stands for
    let installs = |facts: &FileFacts| facts.units.iter().find(|unit| unit.kind == UnitKind::Manifest).map(|u| u.name.clone());
    let to = match view.book.get(&path).and_then(installs) {
        Some(name) => Target::Unit { path, kind: UnitKind::Manifest, name },
        None => Target::File { path, run: Run::Manifest },
    };
    Some(Lead { to, edge: EdgeKind::Applies, strength, what })
}

fn deploy(invocation: &Invocation<'_>, target: Option<&str>, view: &View<'_>) -> Option<Lead> {
    let Some((path, facts)) = bundle(invocation, view) else {
        let dir = invocation.dir()?;
        // a step may well move to where it is made
        let what = format!("there is no bundle in `{dir}`");
        let to = Target::Outside { what: what.clone() };
        return Some(Lead { to, edge: EdgeKind::Submits, strength: Strength::Assumed, what });
    };
    let set = target.map(str::to_owned).or_else(|| setting(invocation, view));
    let units: Vec<&crate::fact::Unit> = facts.units.iter().filter(|u| u.kind == UnitKind::Manifest).collect();
    let what = |name: &str| format!("deploys the bundle to {name}");
    let lead = |to: Target, strength: Strength, what: String| Some(Lead { to, edge: EdgeKind::Applies, strength, what });
    let name = match set.as_deref() {
        Some(name) if name.contains(['$', '{']) => {
            let what = "a target that only a run knows".to_owned();
            return lead(Target::Outside { what: what.clone() }, Strength::Assumed, what);
        }
        Some(name) => name,
        // the first is the one that is meant where none is named
        None => units.first()?.name.as_str(),
    };
    if units.iter().any(|unit| unit.name == name) {
        let to = Target::Unit { path: path.clone(), kind: UnitKind::Manifest, name: name.to_owned() };
        return lead(to, Strength::Resolved, what(name));
    }
    let missing = format!("`{path}` has no target `{name}`");
    lead(Target::Missing { path: path.to_string(), what: missing }, Strength::Broken, what(name))
}

fn run(invocation: &Invocation<'_>, job: &str, view: &View<'_>) -> Option<Lead> {
    let (path, facts) = bundle(invocation, view)?;
    if job.contains('$') {
        return None;
    }
    let parts = facts.asked.iter().flat_map(|asked| wholes::asked_for(path, asked, view)).chain([path.clone()]);
    let has = |path: &RepoPath| {
        view.book.get(path).is_some_and(|f| f.units.iter().any(|u| u.kind == UnitKind::Workflow && u.name == job))
    };
    let found = parts.into_iter().find(has);
    let what = format!("runs job {job}");
    let to = match found {
        Some(path) => Target::Unit { path, kind: UnitKind::Workflow, name: job.to_owned() },
        // a pipeline or an app runs as well
        None => Target::Outside { what: format!("`{job}` of the bundle") },
    };
    Some(Lead { to, edge: EdgeKind::Submits, strength: Strength::Resolved, what })
}

/// The target that a setting names, of the step or of what it stands in.
fn setting(invocation: &Invocation<'_>, view: &View<'_>) -> Option<String> {
    let facts = view.book.get(invocation.path)?;
    let mut around: Vec<UnitId> = Vec::new();
    let mut at = invocation.unit;
    while let Some(unit) = at.filter(|unit| !around.contains(unit)) {
        around.push(unit);
        at = facts.units.get(unit)?.parent;
    }
    around.iter().find_map(|unit| {
        facts.facts.iter().filter(|fact| fact.unit == Some(*unit)).find_map(|fact| match &fact.kind {
            FactKind::Setting { key, value } if SETTINGS.contains(&key.as_str()) => Some(value.clone()),
            _ => None,
        })
    })
}
