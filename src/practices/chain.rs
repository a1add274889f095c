//! A chain as evidence: the edges walked, as an ordered list of places.

use crate::graph::{EdgeId, Graph, NodeKind};
use crate::signals::Signals;
use crate::source::Location;
use crate::words::{EdgeKind, Strength, TriggerKind};

/// One hop of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hop {
    /// The line that makes it true.
    pub(crate) at: Location,
    /// What stands there.
    pub(crate) what: String,
    /// In what sense it leads on.
    pub(crate) edge: EdgeKind,
    /// How sure it is.
    pub(crate) strength: Strength,
    /// What it names, where the hop leaves the repository.
    pub(crate) outside: Option<String>,
}

/// A walk from a starter to an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chain {
    /// The hops, first to last; the last is the effect itself.
    pub(crate) hops: Vec<Hop>,
    /// The kind of its starter; none where a person starts a file directly.
    pub(crate) trigger: Option<TriggerKind>,
    /// The weakest of its hops.
    pub(crate) strength: Strength,
    /// The edges it was made of.
    pub(crate) edges: Vec<EdgeId>,
    /// The effect it ends at.
    pub(crate) signal: usize,
    /// Set where a failure on the way is thrown away or does not stop the run; says by what.
    pub(crate) unheeded: Option<String>,
}

/// Makes a chain of walked edges and the signal they lead to.
pub(crate) fn chain(graph: &Graph, signals: &Signals, edges: Vec<EdgeId>, node: crate::graph::NodeId, signal: usize) -> Chain {
    let mut hops: Vec<Hop> = Vec::new();
    for id in &edges {
        let edge = &graph.edges[*id];
        if let Some(cause) = graph.broken_by.get(id).filter(|cause| *cause != id).map(|cause| &graph.edges[*cause]) {
            breaks_at(graph, cause, &mut hops);
        }
        let outside = (graph.nodes[edge.to].kind == NodeKind::Outside).then(|| graph.nodes[edge.to].label.clone());
        let hop = Hop { at: edge.at.clone(), what: edge.what.clone(), edge: edge.kind, strength: edge.strength, outside };
        // a step, its command and what the command names often share one line: say it once, with the most telling words
        match hops.last_mut() {
            Some(last)
                if last.at.path == hop.at.path
                    && last.at.line == hop.at.line
                    && last.edge != EdgeKind::Starts
                    && last.outside.is_none() =>
            {
                last.strength = last.strength.min(hop.strength);
                if hop.edge == EdgeKind::Contains || last.edge == EdgeKind::Contains {
                    last.what = if hop.what.is_empty() { last.what.clone() } else { hop.what };
                }
                last.edge = hop.edge;
                last.outside = hop.outside;
            }
            _ => hops.push(hop),
        }
    }
    let seen = &signals.all[signal];
    let last_line = hops.last().map(|h| (h.at.path.clone(), h.at.line));
    let end = Hop { at: seen.at.clone(), what: seen.what.clone(), edge: EdgeKind::Calls, strength: seen.strength, outside: None };
    if last_line == Some((seen.at.path.clone(), seen.at.line)) && hops.len() > 1 {
        if let Some(last) = hops.last_mut() {
            last.strength = last.strength.min(seen.strength);
        }
    } else {
        hops.push(end);
    }
    let start = edges.first().map_or(node, |e| graph.edges[*e].from);
    let trigger = match graph.nodes[start].kind {
        NodeKind::Trigger(kind) => Some(kind),
        _ => None,
    };
    let weakest = edges.iter().map(|e| graph.edges[*e].strength).min().unwrap_or(Strength::Resolved);
    let unheeded = edges.iter().find_map(|e| graph.edges[*e].discarded.clone()).or_else(|| {
        edges
            .iter()
            .map(|e| &graph.edges[*e])
            .find(|e| is_lost(graph, e))
            .map(|e| format!("a later command decides the result ({})", e.at))
    });
    Chain { hops, trigger, strength: weakest.min(seen.strength), edges, signal, unheeded }
}

/// The place where a way breaks is a hop of its own, before the first that cannot run for it.
fn breaks_at(graph: &Graph, cause: &crate::graph::Edge, hops: &mut Vec<Hop>) {
    let known = |hop: &Hop| hop.strength == Strength::Broken && (&hop.at.path, hop.at.line) == (&cause.at.path, cause.at.line);
    if !hops.iter().any(known) {
        let what = graph.nodes[cause.to].label.clone();
        hops.push(Hop { at: cause.at.clone(), what, edge: cause.kind, strength: Strength::Broken, outside: None });
    }
}

/// Whether what an edge leads to may fail without anything failing for it.
pub(super) fn is_lost(graph: &Graph, edge: &crate::graph::Edge) -> bool {
    edge.discarded.is_some() || edge.kind == EdgeKind::Contains && !edge.stops && !is_last(graph, edge)
}

/// The last command of a sequence decides its status even where earlier ones do not.
fn is_last(graph: &Graph, edge: &crate::graph::Edge) -> bool {
    graph.leaving(edge.from).filter(|e| e.kind == EdgeKind::Contains).all(|e| e.order <= edge.order)
}
