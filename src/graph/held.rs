//! Triggers that wait for somebody to register them or to switch them on: sure where something does it that starts by
//! itself, or that keeps running once it is deployed (a service, an image that is started, what a manifest starts).

use super::connect::{Waiting, command_key};
use super::reach::{Reached, Walk};
use super::{Graph, NodeId, NodeKind, python};
use crate::fact::{Book, Command, FactKind, Guard, PROFILES, REPLICAS, UnitKind, Until};
use crate::source::{self, RepoPath};
use crate::words::{EdgeKind, Scope, Strength, TriggerKind};

/// Makes sure what something unattended registers.
pub(super) fn release(graph: &mut Graph, book: &Book, waiting: &[Waiting]) {
    if waiting.iter().all(|w| w.held.until.is_none()) {
        return;
    }
    let mut starters = graph.triggers(TriggerKind::is_unattended);
    starters.extend(kept(graph, book));
    let walks = [Strength::Resolved, Strength::Inferred].map(|least| (least, graph.reach(&starters, Walk::at(least))));
    // more edges follow, and what was worked out for these walks would not know of them
    graph.guards = std::sync::OnceLock::new();
    for one in waiting {
        let Some(until) = &one.held.until else { continue };
        let done = |(_, live): &&(Strength, Reached)| is_done(until, &one.path, graph, book, live);
        let Some(strength) = walks.iter().find(done).map(|(strength, _)| *strength) else { continue };
        if let Some(edge) = graph.edges.get_mut(one.edge) {
            edge.strength = strength;
            if let Some(short) = edge.what.strip_suffix(&format!(": {}", one.held.why)) {
                edge.what = short.to_owned();
            }
        }
    }
}

/// What keeps running once it is deployed, and is not switched off.
fn kept(graph: &Graph, book: &Book) -> Vec<NodeId> {
    let keeps = |node: NodeId| {
        graph.nodes.get(node).is_some_and(|it| {
            let runs = matches!(it.kind, NodeKind::Unit(UnitKind::Service | UnitKind::Manifest));
            runs && matches!(it.scope, Scope::Source | Scope::Elsewhere)
        })
    };
    let mut off: Vec<NodeId> = Vec::new();
    for (path, facts) in book {
        // a service that is not among those that are started together is no process that runs on
        let apart = |key: &str| key == PROFILES || key == REPLICAS;
        let never = facts.facts.iter().filter(|fact| match &fact.kind {
            FactKind::Guard(Guard::Never(_)) => true,
            FactKind::Setting { key, .. } => apart(key),
            _ => false,
        });
        let units = never.filter_map(|fact| fact.unit).filter(|unit| facts.units.get(*unit).is_some());
        off.extend(units.filter_map(|unit| graph.find(&super::connect::node_key(path, facts, unit))));
    }
    off.sort_unstable();
    // what a file of objects holds is started by each object
    let files = |node: NodeId| {
        let is = |id: NodeId| graph.nodes.get(id).is_some_and(|n| n.kind == NodeKind::Unit(UnitKind::Manifest));
        is(node) && graph.leaving(node).any(|edge| is(edge.to))
    };
    // a list of schedules that nobody takes runs nothing
    let empty = |node: NodeId| graph.leaving_ids(node).is_empty();
    let all = (0..graph.nodes.len()).filter(|node| keeps(*node) && !empty(*node) && !files(*node));
    all.filter(|node| off.binary_search(node).is_err()).collect()
}

fn is_done(until: &Until, path: &RepoPath, graph: &Graph, book: &Book, live: &Reached) -> bool {
    let runs = |key: &str| graph.find(key).is_some_and(|node| live.has(node));
    let command = |fits: &dyn Fn(&Command) -> bool| {
        book.iter().any(|(path, facts)| {
            let mut all = facts.facts.iter().enumerate();
            all.any(|(index, fact)| {
                matches!(&fact.kind, FactKind::Command(command) if fits(command)) && runs(&command_key(path, index))
            })
        })
    };
    match until {
        Until::Applied => graph.edges.iter().any(|edge| {
            let hands_over = matches!(edge.kind, EdgeKind::Applies | EdgeKind::Submits) && edge.strength == Strength::Resolved;
            hands_over && edge.off.is_none() && graph.nodes[edge.to].at.path == *path && live.has(edge.from)
        }),
        Until::Line(line) => {
            let code = book.get(path).and_then(|facts| facts.code.as_ref());
            code.is_some_and(|code| runs(&python::key_at_line(path, &code.module, *line)))
        }
        Until::Installed { path: other, names } => {
            let path = other.as_ref().unwrap_or(path);
            book.get(path).is_some_and(|facts| {
                let named =
                    facts.units.iter().enumerate().filter(|(_, u)| u.kind == UnitKind::Manifest && names.contains(&u.name));
                named.into_iter().any(|(unit, _)| runs(&super::connect::node_key(path, facts, unit)))
            })
        }
        Until::Command { words, dir } => command(&|command| {
            let program = std::iter::once(command.program());
            let said = program.chain(command.words.iter().skip(1).map(|w| w.text.as_str()));
            words.iter().map(String::as_str).eq(said.take(words.len())) && command.dir.as_deref().is_none_or(|at| at == dir)
        }),
        Until::Words(all) => command(&|command| all.iter().any(|words| says(command, words))),
    }
}

/// Whether the words stand in a command in this order. A path is named by its end.
fn says(command: &Command, words: &[String]) -> bool {
    let mut said = command.words.iter().map(|w| w.text.as_str());
    words.iter().all(|word| {
        said.any(|text| {
            text == word
                || source::file_name(text) == word
                || (word.contains('.') && word.ends_with(&format!("/{}", text.trim_start_matches("./"))))
        })
    })
}
