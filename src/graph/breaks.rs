//! How far a certain break reaches: what stands behind it on the same path cannot run either.
//!
//! A node *certainly fails* when it runs, without condition and with its failure heeded, something that is not there.
//! Later siblings in a sequence, and units ordered after it, get `broken` edges; what stands beside it does not. A command
//! or step of which nothing is there that it is given does not do its own work either.

use super::{EdgeId, Graph, NodeId, NodeKind};
use crate::fact::UnitKind;
use crate::words::{EdgeKind, Strength};

/// Marks what lies behind certain breaks.
pub(crate) fn degrade(graph: &mut Graph) {
    let fails = certain(graph);
    let mut broken: Vec<(EdgeId, Option<EdgeId>)> = Vec::new();
    for node in 0..graph.nodes.len() {
        if graph.nodes[node].sequential {
            if let Some(first) = first(graph, &fails, node) {
                let order = graph.edges[first].order;
                let cause = leads(graph, &fails, first);
                let after = |e: &&EdgeId| graph.edges[**e].runs() && graph.edges[**e].order > order;
                broken.extend(graph.leaving_ids(node).iter().filter(after).map(|e| (*e, cause)));
            }
        }
        let mut before =
            graph.arriving(node).filter(|e| e.kind == EdgeKind::Precedes && e.stops && e.off.is_none() && fails[e.from]);
        let before = before.next().map(|e| e.from);
        if before.is_some() || has_nothing(graph, node) {
            let cause = first(graph, &fails, before.unwrap_or(node)).and_then(|edge| leads(graph, &fails, edge));
            let cause = cause.or_else(|| graph.leaving_ids(node).iter().copied().find(|e| is_missing(graph, *e)));
            broken.extend(graph.arriving_ids(node).iter().filter(|e| graph.edges[**e].runs()).map(|e| (*e, cause)));
        }
    }
    // what was found broken before, by itself
    for (id, edge) in graph.edges.iter().enumerate().filter(|(_, e)| e.strength == Strength::Broken) {
        let cause = graph.leaving_ids(edge.to).iter().copied().find(|e| is_missing(graph, *e));
        if let Some(cause) = if is_missing(graph, id) { Some(id) } else { cause } {
            graph.broken_by.insert(id, cause);
        }
    }
    for (edge, cause) in broken {
        graph.edges[edge].strength = Strength::Broken;
        if let Some(cause) = cause {
            graph.broken_by.entry(edge).or_insert(cause);
        }
    }
}

/// The first thing that a node runs and that certainly fails.
fn first(graph: &Graph, fails: &[bool], node: NodeId) -> Option<EdgeId> {
    let breaks =
        |id: &EdgeId| heeded(&graph.edges[*id]) && (fails[graph.edges[*id].to] || graph.edges[*id].strength == Strength::Broken);
    graph.leaving_ids(node).iter().copied().filter(breaks).min_by_key(|id| graph.edges[*id].order)
}

fn is_missing(graph: &Graph, edge: EdgeId) -> bool {
    graph.nodes[graph.edges[edge].to].kind == NodeKind::Missing && graph.edges[edge].off.is_none()
}

/// The edge to what is not there, over which another fails.
fn leads(graph: &Graph, fails: &[bool], edge: EdgeId) -> Option<EdgeId> {
    let mut at = edge;
    for _ in 0..DEPTH {
        if is_missing(graph, at) {
            return Some(at);
        }
        at = first(graph, fails, graph.edges[at].to)?;
    }
    None
}

/// Most things that run each other until one of them is not there.
const DEPTH: usize = 32;

/// Whether all that a command or a step leads to is missing.
fn has_nothing(graph: &Graph, node: NodeId) -> bool {
    let works = matches!(graph.nodes[node].kind, NodeKind::Command | NodeKind::Unit(UnitKind::Step));
    let mut leads = graph.leaving(node).filter(|e| e.runs()).peekable();
    works && leads.peek().is_some() && leads.all(|e| graph.nodes[e.to].kind == NodeKind::Missing)
}

fn heeded(edge: &super::Edge) -> bool {
    edge.runs()
        && edge.stops
        && edge.discarded.is_none()
        && edge.off.is_none()
        && edge.condition.is_none()
        && edge.guard.is_none()
}

/// Every node that certainly fails, found backward from what is missing, and every unit that waits for one that does.
pub(crate) fn out_of_order(graph: &Graph) -> Vec<bool> {
    let mut out = certain(graph);
    let mut stack: Vec<NodeId> = (0..out.len()).filter(|n| out[*n]).collect();
    while let Some(node) = stack.pop() {
        let waiting = graph.leaving(node).filter(|e| e.kind == EdgeKind::Precedes && e.stops && e.off.is_none());
        for next in waiting.map(|e| e.to).collect::<Vec<_>>() {
            if !std::mem::replace(&mut out[next], true) {
                stack.push(next);
            }
        }
    }
    out
}

/// Every node that certainly fails, found backward from what is missing.
fn certain(graph: &Graph) -> Vec<bool> {
    let mut fails = vec![false; graph.nodes.len()];
    let mut stack: Vec<NodeId> = (0..graph.nodes.len()).filter(|n| graph.nodes[*n].kind == NodeKind::Missing).collect();
    for node in &stack {
        fails[*node] = true;
    }
    while let Some(node) = stack.pop() {
        let from: Vec<NodeId> = graph.arriving(node).filter(|e| heeded(e)).map(|e| e.from).collect();
        for from in from {
            // a workflow or file that merely holds jobs does not fail for the others
            if !fails[from] && graph.nodes[from].sequential {
                fails[from] = true;
                stack.push(from);
            }
        }
    }
    fails
}
