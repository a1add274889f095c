//! `in_image`: work that runs inside an image which is built here and which something starts.
//!
//! An image definition alone shows nothing, and a container that starts a shell does not either: what counts is the way
//! from whoever starts the image, over its first command, to the work.

use std::collections::BTreeMap;

use super::answer::Answer;
use super::clause::Judge;
use crate::fact::UnitKind;
use crate::graph::reach::Walk;
use crate::graph::{EdgeId, Graph, NodeId, NodeKind};
use crate::rules::practice::{Notebooks, Select};
use crate::words::Strength;

/// The best chain through a started image.
pub(crate) fn answer(judge: &Judge<'_>, ask: &Select) -> Answer {
    let evidence = judge.evidence();
    let (graph, signals) = (evidence.graph, evidence.signals);
    let mut targets = judge.targets(ask);
    if ask.notebooks == Notebooks::Never {
        targets.retain(|(signal, _)| !signals.all[*signal].notebook);
    }
    let started = started(graph);
    for least in [Strength::Resolved, Strength::Inferred, Strength::Assumed, Strength::Broken] {
        let from: Vec<NodeId> =
            started.iter().filter(|(_, by)| by.is_none_or(|e| graph.edges[e].strength >= least)).map(|(n, _)| *n).collect();
        let reached = graph.reach(&from, Walk::at(least));
        let fits = targets.iter().filter(|(signal, node)| reached.has(*node) && signals.all[*signal].strength >= least);
        let Some((signal, node)) = fits.min_by_key(|(signal, node)| (reached.hops(*node), &signals.all[*signal].at, *signal))
        else {
            continue;
        };
        let mut path: Vec<EdgeId> = reached.path(*node);
        let first = reached.start(graph, *node);
        if let Some(by) = started.get(&first).copied().flatten() {
            path.insert(0, by);
        }
        let found = super::chain::chain(graph, signals, path, *node, *signal);
        return judge.of_chain(found, ask);
    }
    Answer::no()
}

/// What begins inside an image, and the edge by which it is started from outside; a service that names both its image
/// and its command is one by itself.
fn started(graph: &Graph) -> BTreeMap<NodeId, Option<EdgeId>> {
    let is = |node: NodeId, kind: UnitKind| graph.nodes[node].kind == NodeKind::Unit(kind);
    let mut started = BTreeMap::new();
    for node in (0..graph.nodes.len()).filter(|n| is(*n, UnitKind::Service)) {
        if graph.nodes[node].key.starts_with("image-start:") {
            let by = graph.arriving_ids(node).iter().filter(|e| graph.edges[**e].runs() && graph.edges[**e].off.is_none());
            if let Some(by) = by.copied().max_by_key(|e| (graph.edges[*e].strength, std::cmp::Reverse(*e))) {
                started.insert(node, Some(by));
            }
        } else if graph.leaving(node).any(|e| e.runs() && e.strength > Strength::Broken && is(e.to, UnitKind::Image)) {
            started.insert(node, None);
        }
    }
    started
}
