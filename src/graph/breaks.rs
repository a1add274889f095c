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
    let mut broken: Vec<EdgeId> = Vec::new();
    for node in 0..graph.nodes.len() {
        if graph.nodes[node].sequential {
            let first = graph
                .leaving(node)
                .filter(|e| heeded(e) && (fails[e.to] || e.strength == Strength::Broken))
                .map(|e| e.order)
                .min();
            if let Some(first) = first {
                broken
                    .extend(graph.leaving_ids(node).iter().filter(|e| graph.edges[**e].runs() && graph.edges[**e].order > first));
            }
        }
        let behind = graph.arriving(node).any(|e| e.kind == EdgeKind::Precedes && e.stops && e.off.is_none() && fails[e.from]);
        if behind || has_nothing(graph, node) {
            broken.extend(graph.arriving_ids(node).iter().filter(|e| graph.edges[**e].runs()));
        }
    }
    for edge in broken {
        graph.edges[edge].strength = Strength::Broken;
    }
}

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
