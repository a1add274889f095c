//! The best chain from here to there, and the nearest miss.
//!
//! Of several chains the best decides: greatest weakest strength, then continuous before other unattended triggers
//! before people, then fewest hops, then the order of path and line. That order is walked literally: one breadth-first
//! walk for each strength and each class of starters, in falling order, ends at the first that arrives.
//!
//! A guard lets some triggers through, so up to the last guard a walk tells apart who started it; memory is bounded by
//! the nodes before guards times the kinds of trigger.

use std::collections::VecDeque;

use super::{EdgeId, Graph, NodeId, NodeKind};
use crate::fact::UnitKind;
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
    /// Whether importing a file counts as running it.
    pub(crate) imports: bool,
}

impl Walk {
    /// Only what really runs, at this strength or better.
    pub(crate) const fn at(least: Strength) -> Self {
        Self { least, tests: false, off: false, things: false, imports: true }
    }

    /// The same, into test code as well.
    pub(crate) const fn with_tests(self, tests: bool) -> Self {
        Self { tests, ..self }
    }
}

/// What guards ask of a walk: which triggers must be told apart, and at which nodes that matters still.
#[derive(Debug, Clone, Default)]
pub(crate) struct Guards {
    /// The kinds that some guard tells apart, sorted.
    kinds: Vec<TriggerKind>,
    /// For every node from which a guarded edge can be reached, its number among those, from 1; 0 for all others.
    before: Vec<usize>,
    /// How many of those there are.
    count: usize,
}

/// Who started what is walked: 0 for a walk that begins in the middle, which passes every guard; then the kinds that
/// guards name; the last stands for all others.
type State = usize;
const MIDDLE: State = 0;

impl Guards {
    fn of(graph: &Graph) -> Self {
        let guards = || graph.edges.iter().filter_map(|e| Some((e.from, e.guard.as_ref()?)));
        let mut kinds: Vec<TriggerKind> = guards().flat_map(|(_, g)| g.admits.iter().copied()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let sources: Vec<NodeId> = guards().map(|(from, _)| from).collect();
        let mut before = vec![0; graph.nodes.len()];
        let mut count = 0;
        for (node, _) in graph.reach_back(&sources, Walk::at(Strength::Assumed)).into_iter().enumerate().filter(|(_, leads)| *leads) {
            count += 1;
            before[node] = count;
        }
        Self { kinds, before, count }
    }

    fn state(&self, kind: TriggerKind) -> State {
        self.kinds.binary_search(&kind).unwrap_or(self.kinds.len()) + 1
    }

    fn admits(&self, guard: &super::Guarded, state: State) -> bool {
        state == MIDDLE || self.kinds.get(state - 1).is_some_and(|kind| guard.admits.contains(kind))
    }

    /// The place of a node in a state; behind all guards states are no longer told apart.
    fn slot(&self, nodes: usize, node: NodeId, state: State) -> usize {
        match self.before[node] {
            0 => node,
            _ if state == MIDDLE => node,
            number => nodes + (number - 1) * (self.kinds.len() + 1) + state - 1,
        }
    }

    fn slots(&self, nodes: usize) -> usize {
        nodes + self.count * (self.kinds.len() + 1)
    }
}

/// How every node was first reached from a set of starters. All begins as zeros, which cost nothing: most walks see a
/// small part of a large graph.
#[derive(Debug, Clone)]
pub(crate) struct Reached {
    /// For every node: the number of hops and one more, 0 where it was not reached.
    pub(crate) hops: Vec<u32>,
    /// For every slot: the number of the edge by which it was first reached and one more, 0 for starters.
    by: Vec<usize>,
    /// For every slot: the slot it was reached from.
    from: Vec<usize>,
    /// For every node that was reached: the slot that was first.
    first: Vec<usize>,
}

impl Reached {
    /// Whether the node was reached.
    pub(crate) fn has(&self, node: NodeId) -> bool {
        self.hops.get(node).is_some_and(|hops| *hops > 0)
    }

    /// The edges walked to the node, first to last.
    pub(crate) fn path(&self, node: NodeId) -> Vec<EdgeId> {
        let mut edges = Vec::new();
        let mut at = self.first[node];
        while let Some(edge) = self.by[at].checked_sub(1) {
            edges.push(edge);
            at = self.from[at];
        }
        edges.reverse();
        edges
    }

    /// The starter from which the node was reached.
    pub(crate) fn start(&self, graph: &Graph, node: NodeId) -> NodeId {
        self.path(node).first().map_or(node, |e| graph.edges[*e].from)
    }
}

impl Graph {
    /// Walks forward from the starters, fewest hops first, ties in the order of nodes and edges. A guarded edge is
    /// taken only by what a trigger started that the guard admits.
    pub(crate) fn reach(&self, starters: &[NodeId], walk: Walk) -> Reached {
        let guards = self.guards.get_or_init(|| Guards::of(self));
        let nodes = self.nodes.len();
        let slots = guards.slots(nodes);
        let mut reached = Reached { hops: vec![0; nodes], by: vec![0; slots], from: vec![0; slots], first: vec![0; nodes] };
        let mut seen = vec![false; slots];
        let mut queue = VecDeque::new();
        for start in starters {
            let state = match self.nodes[*start].kind {
                NodeKind::Trigger(kind) => guards.state(kind),
                _ => MIDDLE,
            };
            let slot = guards.slot(nodes, *start, state);
            if !std::mem::replace(&mut seen[slot], true) {
                if reached.hops[*start] == 0 {
                    reached.hops[*start] = 1;
                    reached.first[*start] = slot;
                }
                queue.push_back((*start, state, slot, 1));
            }
        }
        while let Some((node, state, slot, hops)) = queue.pop_front() {
            for id in self.leaving_ids(node) {
                let edge = &self.edges[*id];
                if !self.may(edge, walk) || edge.guard.as_ref().is_some_and(|g| !guards.admits(g, state)) {
                    continue;
                }
                let state = self.started_by(edge).map_or(state, |kind| guards.state(kind));
                let next = guards.slot(nodes, edge.to, state);
                if !std::mem::replace(&mut seen[next], true) {
                    reached.by[next] = *id + 1;
                    reached.from[next] = slot;
                    if reached.hops[edge.to] == 0 {
                        reached.hops[edge.to] = hops + 1;
                        reached.first[edge.to] = next;
                    }
                    queue.push_back((edge.to, state, next, hops + 1));
                }
            }
        }
        reached
    }

    /// What a run is started by that another run starts: it asks by the kind of the event that this one sends.
    fn started_by(&self, edge: &super::Edge) -> Option<TriggerKind> {
        match (edge.kind, &self.nodes[edge.from].kind) {
            (EdgeKind::Starts, NodeKind::Unit(UnitKind::Workflow)) => Some(TriggerKind::Upstream),
            (EdgeKind::Starts, NodeKind::Trigger(_)) => None,
            (EdgeKind::Starts, _) => Some(TriggerKind::Api),
            _ => None,
        }
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
        let kind = (edge.runs() && (walk.imports || edge.kind != EdgeKind::Imports))
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
