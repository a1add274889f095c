//! The best chain from here to there, and the nearest miss.
//!
//! Of several chains the best decides: greatest weakest strength, then continuous before other unattended triggers
//! before people, then fewest hops, then the order of path and line. That order is walked literally: one breadth-first
//! walk for each strength and each class of starters, in falling order, ends at the first that arrives.

use super::{EdgeId, Graph, NodeId, NodeKind};
use crate::words::{EdgeKind, Strength, TriggerKind};

/// Which edges a walk may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Walk {
    /// No edge weaker than this.
    pub(crate) least: Strength,
    /// Whether it may cross into test code.
    pub(crate) tests: bool,
    /// Whether it may take what is switched off (for near misses).
    pub(crate) off: bool,
    /// Whether it follows things that are passed on (written here, read there).
    pub(crate) things: bool,
}

impl Walk {
    /// Only what really runs, at this strength or better.
    pub(crate) const fn at(least: Strength) -> Self {
        Self { least, tests: false, off: false, things: false }
    }

    /// The same, into test code as well.
    pub(crate) const fn with_tests(self, tests: bool) -> Self {
        Self { tests, ..self }
    }
}

/// How every node was first reached from a set of starters.
#[derive(Debug, Clone)]
pub(crate) struct Reached {
    /// For every node: the number of hops, `None` where it was not reached.
    pub(crate) hops: Vec<Option<u32>>,
    by: Vec<Option<EdgeId>>,
}

impl Reached {
    /// Whether the node was reached.
    pub(crate) fn has(&self, node: NodeId) -> bool {
        self.hops.get(node).copied().flatten().is_some()
    }

    /// The edges walked to the node, first to last.
    pub(crate) fn path(&self, graph: &Graph, node: NodeId) -> Vec<EdgeId> {
        let mut edges = Vec::new();
        let mut at = node;
        while let Some(edge) = self.by[at] {
            edges.push(edge);
            at = graph.edges[edge].from;
        }
        edges.reverse();
        edges
    }

    /// The starter from which the node was reached.
    pub(crate) fn start(&self, graph: &Graph, node: NodeId) -> NodeId {
        self.path(graph, node).first().map_or(node, |e| graph.edges[*e].from)
    }
}

impl Graph {
    /// Walks forward from the starters, fewest hops first, ties in the order of nodes and edges.
    pub(crate) fn reach(&self, starters: &[NodeId], walk: Walk) -> Reached {
        let mut hops = vec![None; self.nodes.len()];
        let mut by = vec![None; self.nodes.len()];
        let mut queue = std::collections::VecDeque::new();
        for start in starters {
            if hops[*start].is_none() {
                hops[*start] = Some(0);
                queue.push_back(*start);
            }
        }
        while let Some(node) = queue.pop_front() {
            let next = hops[node].map(|h| h + 1);
            for id in self.leaving_ids(node) {
                let edge = &self.edges[*id];
                if hops[edge.to].is_none() && self.may(edge, walk) {
                    hops[edge.to] = next;
                    by[edge.to] = Some(*id);
                    queue.push_back(edge.to);
                }
            }
        }
        Reached { hops, by }
    }

    /// Every node from which one of the targets is reached.
    pub(crate) fn reach_back(&self, targets: &[NodeId], walk: Walk) -> Vec<bool> {
        let mut seen = vec![false; self.nodes.len()];
        let mut stack: Vec<NodeId> = targets.to_vec();
        for target in targets {
            seen[*target] = true;
        }
        while let Some(node) = stack.pop() {
            for id in self.arriving_ids(node) {
                let edge = &self.edges[*id];
                if !seen[edge.from] && self.may(edge, walk) {
                    seen[edge.from] = true;
                    stack.push(edge.from);
                }
            }
        }
        seen
    }

    fn may(&self, edge: &super::Edge, walk: Walk) -> bool {
        let kind = edge.runs()
            || (walk.tests && edge.kind == EdgeKind::Tests)
            || (walk.things && matches!(edge.kind, EdgeKind::Writes | EdgeKind::Reads));
        kind && edge.strength >= walk.least && (walk.off || edge.off.is_none())
    }

    /// Trigger nodes of the kinds asked for.
    pub(crate) fn triggers(&self, wanted: impl Fn(TriggerKind) -> bool) -> Vec<NodeId> {
        (0..self.nodes.len())
            .filter(|n| matches!(self.nodes[*n].kind, NodeKind::Trigger(kind) if wanted(kind)))
            .collect()
    }

    /// Everything that a person can start directly.
    pub(crate) fn entries(&self) -> Vec<NodeId> {
        (0..self.nodes.len()).filter(|n| self.nodes[*n].entry).collect()
    }
}
