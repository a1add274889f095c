//! What puts tasks into a queue: the program that makes a graph of all kinds of tasks, and programs of one's own that are
//! given a list of them.
//!
//! Which tasks of a graph run is decided by a program, so no task is more than likely to. A program of one's own hands over
//! the list that it is given where it calls what hands over; of any other that is only likely.

use super::{Invocation, Lead, Located, Target, View, launch};
use crate::fact::{FactKind, FileFacts, UnitKind};
use crate::source::{self, RepoPath};
use crate::syntax::shell::Word;
use crate::words::{EdgeKind, Strength};

/// The folder with the kinds, where none is named.
const ROOT: &str = "taskcluster";
/// The word by which a list says that it waits.
const LIST: &str = "tasks";
/// Most files that a program is given.
const MAX_GIVEN: usize = 20;

/// `taskgraph decision`, `taskgraph action-callback`, also behind `mach`.
pub(super) fn graph(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let words: Vec<&str> = invocation.arguments().iter().map(|w| w.text.as_str()).collect();
    let words = words.strip_prefix(&["taskgraph"]).unwrap_or(&words);
    if !matches!(words.first(), Some(&("decision" | "action-callback"))) {
        return Vec::new();
    }
    let named = words.iter().zip(words.iter().skip(1)).find(|(option, _)| matches!(**option, "--root" | "-r")).map(|(_, at)| *at);
    let named = named.or_else(|| words.iter().find_map(|word| word.strip_prefix("--root=")));
    let named = named.filter(|at| !at.contains('$')).unwrap_or(ROOT);
    let Some(root) = source::join(invocation.dir().unwrap_or("."), named) else { return Vec::new() };
    let kinds = view.book.iter().filter(|(path, facts)| {
        source::file_name(path) == "kind.yml"
            && path.strip_prefix(root.as_str()).is_some_and(|r| r.starts_with('/'))
            && whole(path, facts)
    });
    let lead = |path: &RepoPath| Lead {
        to: Target::Unit { path: path.clone(), kind: UnitKind::Workflow, name: path.to_string() },
        edge: EdgeKind::Submits,
        strength: Strength::Inferred,
        what: format!("makes tasks of {}", source::file_name(source::folder(path))),
    };
    kinds.map(|(path, _)| lead(path)).collect()
}

/// Whether a file is as a whole one unit.
fn whole(path: &str, facts: &FileFacts) -> bool {
    facts.units.first().is_some_and(|unit| unit.kind == UnitKind::Workflow && unit.name == path)
}

/// Whether a file is a list that waits to be handed over.
fn waits(path: &str, facts: &FileFacts) -> bool {
    let call = |kind: &FactKind| matches!(kind, FactKind::Trigger(trigger) if trigger.is_call() && trigger.text == LIST);
    whole(path, facts) && facts.facts.iter().any(|fact| fact.unit == Some(0) && call(&fact.kind))
}

/// The lists of tasks among what a program of one's own is given.
pub(super) fn handed_over(invocation: &Invocation<'_>, leads: &[Lead], rest: &[Word], view: &View<'_>) -> Vec<Lead> {
    let Some(Lead { to: Target::File { path: program, .. }, strength: by, .. }) = leads.first() else { return Vec::new() };
    let is_text = |word: &&Word| word.text.ends_with(".yml") || word.text.ends_with(".yaml");
    let mut found = Vec::new();
    for word in rest.iter().filter(is_text).take(MAX_GIVEN) {
        let Located::Found(path, strength) = launch::located(invocation, &word.text, view) else { continue };
        if !view.book.get(&path).is_some_and(|facts| waits(&path, facts)) {
            continue;
        }
        let least = if hands_over(program, view) { Strength::Resolved } else { Strength::Inferred };
        let to = Target::Unit { kind: UnitKind::Workflow, name: path.to_string(), path };
        let what = format!("hands over {}", word.text);
        found.push(Lead { to, edge: EdgeKind::Submits, strength: strength.min(*by).min(least), what });
    }
    found
}

/// Whether a program calls what hands over definitions.
fn hands_over(program: &RepoPath, view: &View<'_>) -> bool {
    let Some(code) = view.book.get(program).and_then(|facts| facts.code.as_deref()) else { return false };
    let packages = || code.module.imports.iter().filter(|import| import.level == 0).filter_map(|i| i.module.split('.').next());
    let calls = || code.module.calls.iter().filter_map(|call| call.callee.last());
    packages().any(|package| calls().any(|method| view.programs.hands_over(package, method)))
}
