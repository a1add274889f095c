//! `trigger:` — the pipelines that a job starts: children of this repository, and those of other projects.

use super::super::reading::Reading;
use super::jobs::Job;
use super::merged::{Config, Value, get};
use super::{ROOT, is_there};
use crate::fact::{FactKind, OnFailure, UnitId, UnitKind, Uses, UsesTarget, Whole};
use crate::source::{self, RepoPath};
use crate::words::EdgeKind;

/// The files of this repository that a job starts as a pipeline of its own.
pub(super) fn named_children<'t>(config: &Config<'t>, job: &Job<'t>) -> Vec<RepoPath> {
    let Some(trigger) = get(&job.map, "trigger") else { return Vec::new() };
    let below = downstream(config, &trigger.value).and_then(|(_, path, ..)| path).into_iter();
    let map = match config.follow(&trigger.value) {
        Some(Value::Map(map)) => map,
        _ => return below.map(RepoPath::from).collect(),
    };
    let included = get(&map, "include").map(|include| children(config, &include.value)).unwrap_or_default();
    below.chain(included.into_iter().filter_map(|(path, ..)| path.ok())).map(RepoPath::from).collect()
}

/// The pipeline of another project that a job starts: the project, its pipeline in a copy that is given, and where it is
/// named.
fn downstream<'t>(config: &Config<'t>, trigger: &Value<'t>) -> Option<(String, Option<String>, usize, u32)> {
    let (project, branch, doc, line) = match config.follow(trigger)? {
        Value::Map(map) => {
            let (project, _, doc, line) = config.text_at(&map, "project")?;
            (project, config.text_at(&map, "branch").map(|(text, ..)| text), doc, line)
        }
        Value::Leaf(doc, node) => (config.text((doc, node))?, None, doc, node.site_line()),
    };
    let root = config.copies.and_then(|copies| copies.root(project.trim_start_matches('/'), branch.as_deref()));
    let path = root.and_then(|root| source::join(&root, ROOT));
    Some((project, path, doc, line))
}

type Child = (Result<String, String>, u32);

/// What `trigger: include` names: files of this repository, or what lies elsewhere, with their lines.
fn children<'t>(config: &Config<'t>, include: &Value<'t>) -> Vec<Child> {
    // a file of a copy names others of its own repository
    let path = |text: &str, doc: usize| {
        let root = config.path(doc).map_or(".", |path| source::root(path));
        let path = if text.contains(['$', '*']) { None } else { source::join(root, text.trim_start_matches('/')) };
        path.ok_or_else(|| text.to_owned())
    };
    let copied = |of: &dyn Fn(&str) -> Option<String>, project: &str| {
        let root = config.copies?.root(project.trim_start_matches('/'), of("ref").as_deref())?;
        of("file").filter(|file| !file.contains(['$', '*'])).and_then(|file| source::join(&root, file.trim_start_matches('/')))
    };
    let mut found = Vec::new();
    let mut from_map =
        |of: &dyn Fn(&str) -> Option<String>, (doc, line): (usize, u32)| match (of("local"), of("artifact"), of("project")) {
            (Some(local), ..) => found.push((path(&local, doc), line)),
            (_, Some(made), _) => found.push((Err(format!("{made}, which a job makes")), line)),
            (_, _, Some(project)) => {
                let child = copied(of, &project).ok_or_else(|| format!("a pipeline of project {project}"));
                found.push((child, line));
            }
            _ => {
                let what = of("template").or_else(|| of("remote")).or_else(|| of("component"));
                found.push((Err(what.unwrap_or_else(|| "something that is not named".to_owned())), line));
            }
        };
    match config.follow(include) {
        Some(Value::Map(map)) => {
            let at = map.first().map_or((0, 1), |e| (e.doc, e.line));
            from_map(&|key| config.text_at(&map, key).map(|(text, ..)| text), at);
        }
        Some(value) => {
            for (doc, node) in config.items(&value) {
                let at = (doc, node.site_line());
                match config.text((doc, node)) {
                    Some(text) => from_map(&|key| (key == "local").then(|| text.clone()), at),
                    None => from_map(&|key| config.text((doc, node.get(key)?)), at),
                }
            }
        }
        None => {}
    }
    found
}

/// `trigger:` starts another pipeline.
pub(super) fn bridge<'t>(config: &Config<'t>, job: &Job<'t>, id: UnitId, whole: Option<&Whole>, reading: &mut Reading<'_>) {
    let Some(trigger) = get(&job.map, "trigger") else { return };
    let own = reading.file.path.clone();
    let line_of = |doc: usize, line: u32| if config.path(doc) == Some(&own) { line } else { job.line };
    let mut state = |to: UsesTarget, reference: String, line: u32, waits: bool| {
        let on_failure = if waits { OnFailure::Stops } else { OnFailure::GoesOn };
        reading.fact(id, line, FactKind::Uses(Uses { reference, with: Vec::new(), to, edge: EdgeKind::Invokes, on_failure }));
    };
    if let Some((project, path, doc, line)) = downstream(config, &trigger.value) {
        let waits = match config.follow(&trigger.value) {
            Some(Value::Map(map)) => config.text_at(&map, "strategy").is_some(),
            _ => false,
        };
        let what = format!("the pipeline of project {project}");
        let to = match path.filter(|path| is_there(path, whole)) {
            Some(path) => UsesTarget::Unit { path: Some(path.clone()), kind: UnitKind::Workflow, name: path },
            None => UsesTarget::Remote(what.clone()),
        };
        state(to, what, line_of(doc, line), waits);
    }
    match config.follow(&trigger.value) {
        Some(Value::Map(map)) => {
            let waits = config.text_at(&map, "strategy").is_some();
            let Some(include) = get(&map, "include") else { return };
            for (child, line) in children(config, &include.value) {
                let line = line_of(include.doc, line);
                match child {
                    Ok(path) if is_there(&path, whole) => {
                        let to = UsesTarget::Unit { path: Some(path.clone()), kind: UnitKind::Workflow, name: path.clone() };
                        state(to, format!("starts {path}"), line, waits);
                    }
                    Ok(path) => state(UsesTarget::File(path.clone()), format!("starts {path}"), line, waits),
                    Err(what) => state(UsesTarget::Remote(what.clone()), what, line, waits),
                }
            }
        }
        Some(Value::Leaf(doc, node)) if config.text((doc, node)).is_none() => {
            reading.wrong(line_of(trigger.doc, trigger.line), "`trigger` names no pipeline");
        }
        _ => {}
    }
}
