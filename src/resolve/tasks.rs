//! Tasks of runners by name: where one is defined, in the file itself or in one that it takes in.
//!
//! A runner's file is read into targets that carry the runner's name before their own (`just train`), because one file
//! may define tasks of several runners. The name alone is the task that runs where none is named.

use std::collections::{BTreeMap, BTreeSet};

use super::{Lead, Run, Target, View};
use crate::fact::{Fact, FactKind, FileFacts, UnitKind, Uses, UsesTarget};
use crate::settings::alike;
use crate::source::{self, RepoPath};
use crate::words::{EdgeKind, Strength};

/// Files that take in each other, looked at for one name.
const MAX_FILES: usize = 100;
/// The setting of a task that says how many arguments it takes.
pub(crate) const PARAMETERS: &str = "task.parameters";
/// What the name of a task ends in, where it is read for arguments that are not known.
pub(crate) const ARGUMENTS: &str = " …";

/// The name of a task's target; the empty task is the one that a bare call runs.
pub(crate) fn key(runner: &str, task: &str) -> String {
    if task.is_empty() { runner.to_owned() } else { format!("{runner} {task}") }
}

/// What a name leads to.
pub(super) enum Found {
    /// This task of this file.
    There(RepoPath, String),
    /// A file that was not read yet.
    Ask(RepoPath),
    /// Nothing, and something that may define it cannot be read.
    Open,
    /// Nothing; the name that may be meant instead.
    Gone(Option<String>),
}

/// Looks for a task in a file and in what that takes in, then in the files that take it in without a name: all that they
/// take in so is one.
pub(super) fn find(runner: &str, path: &RepoPath, task: &str, view: &View<'_>) -> Found {
    let found = below(runner, path, task, view);
    if !matches!(found, Found::Gone(_)) {
        return found;
    }
    let mut takers: Vec<&RepoPath> = vec![path];
    let mut at = 0;
    while let Some(inner) = takers.get(at).copied().filter(|_| at < MAX_FILES) {
        at += 1;
        let takes = |facts: &FileFacts| taken_in(facts).any(|(_, name, to)| name.is_empty() && to == Some(&**inner));
        let more: Vec<&RepoPath> = view.book.iter().filter(|(_, facts)| takes(facts)).map(|(path, _)| path).collect();
        takers.extend(more.into_iter().filter(|path| !takers.contains(path)).collect::<Vec<_>>());
    }
    let above = takers.into_iter().skip(1).map(|taker| below(runner, taker, task, view));
    above.into_iter().find(|found| !matches!(found, Found::Gone(_))).unwrap_or(found)
}

/// The same downwards. A file that is taken in under a name has its tasks behind that name, with `:`, `::` or `.` between.
fn below(runner: &str, path: &RepoPath, task: &str, view: &View<'_>) -> Found {
    let mut seen: BTreeSet<(RepoPath, String)> = BTreeSet::new();
    let mut queue: Vec<(RepoPath, String)> = vec![(path.clone(), task.to_owned())];
    let mut open = false;
    let mut nearest: Option<String> = None;
    let mut at = 0;
    while let Some((path, task)) = queue.get(at).cloned() {
        at += 1;
        if at > MAX_FILES {
            return Found::Open;
        }
        if !seen.insert((path.clone(), task.clone())) {
            continue;
        }
        let Some(facts) = view.book.get(&path) else {
            if view.inventory.contains(&path) {
                return Found::Ask(path);
            }
            open = true;
            continue;
        };
        if let Some(name) = named(facts, runner, &task) {
            return Found::There(path, name);
        }
        nearest = nearest.or_else(|| near(facts, runner, &task));
        // one line may name several places of which the first that is there counts
        let mut parts: BTreeMap<(u32, &str), Vec<Option<&str>>> = BTreeMap::new();
        for (line, prefix, to) in taken_in(facts) {
            parts.entry((line, prefix)).or_default().push(to);
        }
        for ((_, prefix), places) in parts {
            let rest = if prefix.is_empty() { Some(task.as_str()) } else { behind(&task, prefix) };
            let Some(rest) = rest else { continue };
            match places.into_iter().flatten().find(|to| view.inventory.contains(to)) {
                Some(to) => queue.push((to.into(), rest.to_owned())),
                None => open = true,
            }
        }
    }
    if open { Found::Open } else { Found::Gone(nearest) }
}

/// What is left of a task's name behind the name of what holds it.
fn behind<'t>(task: &'t str, prefix: &str) -> Option<&'t str> {
    let rest = task.strip_prefix(prefix)?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix("::").or_else(|| rest.strip_prefix([':', '.'])) }
}

/// The name that the target of a task has in a file; a `*` in it stands for anything.
fn named(facts: &FileFacts, runner: &str, task: &str) -> Option<String> {
    let wanted = key(runner, task);
    let mut names = facts.units.iter().filter(|u| u.kind == UnitKind::Target).map(|u| u.name.as_str());
    if names.clone().any(|name| name == wanted) {
        return Some(wanted);
    }
    let fits = |name: &str| {
        name.split_once('*').is_some_and(|(start, end)| {
            wanted.len() >= start.len() + end.len() && wanted.starts_with(start) && wanted.ends_with(end)
        })
    };
    names.find(|name| name.starts_with(runner) && fits(name)).map(str::to_owned)
}

/// The task of a file whose name is most like one that is not there.
fn near(facts: &FileFacts, runner: &str, task: &str) -> Option<String> {
    let start = format!("{runner} ");
    let tasks = facts.units.iter().filter_map(|u| u.name.strip_prefix(&start)).filter(|name| !name.ends_with(ARGUMENTS));
    tasks.filter(|name| alike(name, task)).map(str::to_owned).next()
}

/// Files whose tasks a file takes in, each with the line and the name that they get in front; none where it lies elsewhere.
fn taken_in(facts: &FileFacts) -> impl Iterator<Item = (u32, &str, Option<&str>)> {
    facts.facts.iter().filter(|fact| fact.unit.is_none()).filter_map(|fact: &Fact| match &fact.kind {
        FactKind::Uses(Uses { reference, to, edge: EdgeKind::Imports, .. }) => match to {
            UsesTarget::File(path) => Some((fact.line, reference.as_str(), Some(path.as_str()))),
            UsesTarget::Remote(_) => Some((fact.line, reference.as_str(), None)),
            _ => None,
        },
        _ => None,
    })
}

/// Whether a file defines tasks of a runner, or takes some in.
pub(super) fn speaks(facts: &FileFacts, runner: &str) -> bool {
    let start = format!("{runner} ");
    facts.units.iter().any(|u| u.kind == UnitKind::Target && (u.name == runner || u.name.starts_with(&start)))
        || taken_in(facts).next().is_some()
}

/// How many arguments a task takes.
pub(super) fn parameters(path: &RepoPath, name: &str, view: &View<'_>) -> usize {
    let Some(facts) = view.book.get(path) else { return 0 };
    let Some(unit) = facts.units.iter().position(|u| u.kind == UnitKind::Target && u.name == name) else { return 0 };
    let stated = facts.facts.iter().filter(|f| f.unit == Some(unit)).find_map(|f| match &f.kind {
        FactKind::Setting { key, value } if key == PARAMETERS => value.parse().ok(),
        _ => None,
    });
    stated.unwrap_or(0)
}

/// What naming a task leads to; `certain`: where it is not defined the run fails.
pub(super) fn lead(runner: &str, path: &RepoPath, task: &str, certain: bool, view: &View<'_>) -> Option<Lead> {
    let what = key(runner, task);
    let with = |to: Target, strength: Strength| Some(Lead { to, edge: EdgeKind::Invokes, strength, what: what.clone() });
    match find(runner, path, task, view) {
        Found::There(path, name) => with(Target::Unit { path, kind: UnitKind::Target, name }, Strength::Resolved),
        Found::Ask(path) => with(Target::File { path, run: Run::Manifest }, Strength::Resolved),
        Found::Gone(near) if certain && !task.contains(['$', '*']) => {
            let meant = near.map(|near| format!("; `{near}` is what comes nearest")).unwrap_or_default();
            let missing = match task {
                "" => format!("`{path}` has no default task"),
                task => format!("`{path}` has no task `{task}`{meant}"),
            };
            with(Target::Missing { path: path.to_string(), what: missing }, Strength::Broken)
        }
        Found::Open if certain => {
            let what = format!("`{task}`, which `{path}` takes from elsewhere");
            with(Target::Outside { what }, Strength::Assumed)
        }
        Found::Gone(_) | Found::Open => None,
    }
}

/// What the reference of one task to another leads to; nothing where the name is none of a runner.
pub(super) fn reference(name: &str, path: &RepoPath, view: &View<'_>) -> Vec<Lead> {
    name.split_once(' ').and_then(|(runner, task)| lead(runner, path, task, true, view)).into_iter().collect()
}

/// The nearest file of these names, in a folder or in one above it, that defines tasks of a runner; else the nearest.
pub(super) fn file(runner: &str, dir: &str, names: &[&str], above: bool, view: &View<'_>) -> Option<RepoPath> {
    let mut first: Option<RepoPath> = None;
    let mut dir = dir;
    loop {
        for name in names {
            let Some(path) = source::join(dir, name).filter(|p| view.inventory.contains(p)).map(RepoPath::from) else {
                continue;
            };
            if view.book.get(&path).is_none_or(|facts| speaks(facts, runner)) {
                return Some(path);
            }
            first = first.or(Some(path));
        }
        if !above || dir == "." {
            return first;
        }
        dir = source::folder(dir);
    }
}
