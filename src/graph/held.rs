//! Triggers that wait for somebody to register them or to switch them on: sure where something unattended does it.

use super::connect::{Waiting, command_key};
use super::reach::{Reached, Walk};
use super::{Graph, python};
use crate::fact::{Book, FactKind, Until};
use crate::source::RepoPath;
use crate::words::{EdgeKind, Strength, TriggerKind};

/// Makes sure what something unattended registers.
pub(super) fn release(graph: &mut Graph, book: &Book, waiting: &[Waiting]) {
    if waiting.iter().all(|w| w.held.until.is_none()) {
        return;
    }
    let live = graph.reach(&graph.triggers(TriggerKind::is_unattended), Walk::at(Strength::Resolved));
    // more edges follow, and what was worked out for this walk would not know of them
    graph.guards = std::sync::OnceLock::new();
    for one in waiting {
        let Some(until) = &one.held.until else { continue };
        if is_done(until, &one.path, graph, book, &live)
            && let Some(edge) = graph.edges.get_mut(one.edge)
        {
            edge.strength = Strength::Resolved;
            if let Some(short) = edge.what.strip_suffix(&format!(": {}", one.held.why)) {
                edge.what = short.to_owned();
            }
        }
    }
}

fn is_done(until: &Until, path: &RepoPath, graph: &Graph, book: &Book, live: &Reached) -> bool {
    let runs = |key: &str| graph.find(key).is_some_and(|node| live.has(node));
    match until {
        Until::Line(line) => {
            let code = book.get(path).and_then(|facts| facts.code.as_ref());
            code.is_some_and(|code| runs(&python::key_at_line(path, &code.module, *line)))
        }
        Until::Applied => {
            let applies = |e: &&super::Edge| e.kind == EdgeKind::Applies && e.off.is_none() && e.strength == Strength::Resolved;
            graph.edges.iter().filter(applies).any(|e| graph.nodes[e.to].at.path == *path && live.has(e.from))
        }
        Until::Command { words, dir } => book.iter().any(|(path, facts)| {
            facts.facts.iter().enumerate().any(|(index, fact)| {
                let FactKind::Command(command) = &fact.kind else { return false };
                let program = std::iter::once(command.program());
                let said = program.chain(command.words.iter().skip(1).map(|w| w.text.as_str()));
                words.iter().map(String::as_str).eq(said.take(words.len()))
                    && command.dir.as_deref().is_none_or(|at| at == dir)
                    && runs(&command_key(path, index))
            })
        }),
    }
}
