//! Walks of the graph (not the room `walk`, which lists files) that were done, kept for whoever asks the same again: every system, and every cause supposed to be mended, asks
//! what the same triggers start.
//!
//! Invariants: only a graph that is finished keeps any, so none tells of what was there before an edge was added; how much
//! is kept is bounded, and what is not kept is walked again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::NodeId;
use super::reach::{Reached, Walk};

/// Most nodes that are kept, over all walks.
const MOST: usize = 1 << 20;

/// What was walked, by how and from where.
#[derive(Debug, Default)]
pub(super) struct Walks(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    known: BTreeMap<Walk, BTreeMap<Vec<NodeId>, Reached>>,
    nodes: usize,
}

impl Walks {
    fn known(&self, starters: &[NodeId], walk: Walk) -> Option<Reached> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.known.get(&walk)?.get(starters).cloned()
    }

    fn keep(&self, starters: &[NodeId], walk: Walk, reached: &Reached) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // starters are reached as well
        let more = starters.len() + reached.nodes().len() + 1;
        if kept.nodes + more <= MOST {
            kept.nodes += more;
            kept.known.entry(walk).or_default().insert(starters.to_vec(), reached.clone());
        }
    }
}

/// The walks of a graph, and those of the one that it is a copy of.
#[derive(Debug, Clone)]
pub(super) struct Remembered {
    own: Arc<Walks>,
    of: Option<Original>,
}

/// What a copy differs from. A walk that comes by no place that is another is the same walk in both.
#[derive(Debug, Clone)]
struct Original {
    walks: Arc<Walks>,
    /// How many nodes it has; those behind are the copy's own.
    nodes: usize,
    /// From where edges leave that are others in the copy, or were added to it, sorted.
    changed: Vec<NodeId>,
}

impl Remembered {
    pub(super) fn none() -> Self {
        Self { own: Arc::default(), of: None }
    }

    /// Of a copy of a graph with so many nodes, in which edges that leave these nodes are others.
    pub(super) fn of_copy(&self, nodes: usize, mut changed: Vec<NodeId>) -> Self {
        changed.sort_unstable();
        changed.dedup();
        Self { own: Arc::default(), of: Some(Original { walks: Arc::clone(&self.own), nodes, changed }) }
    }

    /// The walk as it was done before, else as it is done now.
    pub(super) fn or_walk(&self, starters: &[NodeId], walk: Walk, done: impl FnOnce() -> Reached) -> Reached {
        if let Some(known) = self.own.known(starters, walk) {
            return known;
        }
        let of = self.of.as_ref().filter(|of| starters.iter().all(|node| *node < of.nodes));
        if let Some(known) = of.and_then(|of| of.walks.known(starters, walk)).filter(|known| self.is_shared(known)) {
            return known;
        }
        let reached = done();
        match of.filter(|_| self.is_shared(&reached)) {
            Some(of) => of.walks.keep(starters, walk, &reached),
            None => self.own.keep(starters, walk, &reached),
        }
        reached
    }

    fn is_shared(&self, reached: &Reached) -> bool {
        self.of.as_ref().is_some_and(|of| !of.changed.iter().any(|node| reached.has(*node)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Edge, Graph, Node, NodeKind};
    use crate::source::Location;
    use crate::words::{EdgeKind, Scope, Strength, TriggerKind};

    fn at(line: u32) -> Location {
        Location::line(&"a.py".into(), line)
    }

    /// Nodes 0 to 4; 0 leads to 1, 1 to 2 by what is switched off, and 3 to 4.
    fn graph() -> Graph {
        let mut graph = Graph::default();
        for number in 0..5 {
            graph.node(number.to_string(), |key| Node {
                key: key.to_owned(),
                kind: NodeKind::Function,
                at: at(number),
                label: key.to_owned(),
                scope: Scope::Source,
                notebook: false,
                sequential: false,
                entry: false,
                environment: None,
                signals: Vec::new(),
            });
        }
        for (from, to) in [(0, 1), (1, 2), (3, 4)] {
            graph.edge(Edge::plain(from, to, EdgeKind::Calls, Strength::Resolved, at(1), String::new()));
        }
        graph.edges[1].off = Some("switched off".to_owned());
        graph.walks = Some(Remembered::none());
        graph
    }

    #[test]
    fn a_copy_walks_anew_where_it_is_another_and_only_there() {
        let walk = Walk::at(Strength::Resolved);
        let graph = graph();
        for _ in 0..2 {
            assert_eq!(graph.reach(&[0], walk).nodes(), [0, 1]);
        }
        let copy = graph.changed(&[1], |edge| edge.off = None);
        for _ in 0..2 {
            assert_eq!(copy.reach(&[0], walk).nodes(), [0, 1, 2]);
            assert_eq!(copy.reach(&[3], walk).nodes(), [3, 4]);
            assert_eq!(graph.reach(&[0], walk).nodes(), [0, 1]);
            assert_eq!(graph.reach(&[3], walk).nodes(), [3, 4]);
        }
        let started = graph.started(&[3], &[TriggerKind::Push], &at(9));
        for _ in 0..2 {
            assert_eq!(started.reach(&[5], walk).nodes(), [5, 3, 4]);
            assert_eq!(started.reach(&[0], walk).nodes(), [0, 1]);
        }
    }
}
