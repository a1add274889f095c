//! One walk: what is reached from a set of starters by edges of a least strength, and by which way.
//!
//! A walk is breadth first, so each thing is reached by the fewest hops, ties in the order of path and line. Which of
//! several walks decides is for those who ask (`practices/reach.rs`), and so is what nearly was reached.
//!
//! A guard lets some triggers through, so up to the last guard a walk tells apart who started it; memory is bounded by
//! the nodes before guards times the kinds of trigger.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::{EdgeId, Graph, NodeId, NodeKind};
use crate::fact::UnitKind;
use crate::resolve::Quick;
use crate::signals::{Signal, Signals};
use crate::words::{EdgeKind, Scope, Strength, TriggerKind};

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
    /// Whether it may take what runs only after a failure.
    pub(crate) rescue: bool,
    /// Whether it follows what is run for those who send requests.
    pub(crate) requests: bool,
}

impl Walk {
    /// Only what really runs, at this strength or better.
    pub(crate) const fn at(least: Strength) -> Self {
        Self { least, tests: false, off: false, things: false, imports: true, rescue: false, requests: true }
    }

    /// The same, into test code as well.
    pub(crate) const fn with_tests(self, tests: bool) -> Self {
        Self { tests, ..self }
    }

    /// The same, into what runs only after a failure, where what is asked for belongs there.
    pub(crate) const fn with_rescue(self, rescue: bool) -> Self {
        Self { rescue, ..self }
    }
}

/// What guards ask of a walk: which triggers must be told apart, and at which nodes that matters still.
#[derive(Debug, Clone, Default)]
pub(crate) struct Guards {
    /// The kinds that some guard tells apart, sorted.
    kinds: Vec<TriggerKind>,
    /// For nodes from which a guarded edge can be reached: their number among those.
    before: BTreeMap<NodeId, usize>,
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
        let leads = graph.reach_back(&sources, Walk { tests: true, off: true, things: true, ..Walk::at(Strength::Broken) });
        let before = (0..leads.len()).filter(|n| leads[*n]).enumerate().map(|(number, node)| (node, number)).collect();
        Self { kinds, before: if sources.is_empty() { BTreeMap::new() } else { before } }
    }

    fn state(&self, kind: TriggerKind) -> State {
        self.kinds.binary_search(&kind).unwrap_or(self.kinds.len()) + 1
    }

    fn admits(&self, guard: &super::Guarded, state: State) -> bool {
        state == MIDDLE || self.kinds.get(state - 1).is_some_and(|kind| guard.admits.contains(kind))
    }

    /// The place of a node in a state; behind all guards states are no longer told apart.
    fn slot(&self, nodes: usize, node: NodeId, state: State) -> usize {
        match self.before.get(&node) {
            Some(number) if state != MIDDLE => nodes + number * (self.kinds.len() + 1) + state - 1,
            _ => node,
        }
    }
}

/// How every node was first reached from a set of starters. Only what was reached takes room: most walks are short, and
/// there are many. Whoever asks for the same walk shares it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reached(Arc<Ways>);

#[derive(Debug, Default)]
struct Ways {
    /// What was reached, in this order.
    nodes: Vec<NodeId>,
    /// For every node that was reached: the number of hops, and the slot that was first.
    first: HashMap<NodeId, (u32, usize), Quick>,
    /// For every slot behind the starters: the edge by which it was first reached, and the slot it came from.
    by: HashMap<usize, (EdgeId, usize), Quick>,
}

impl Ways {
    fn first_at(&mut self, node: NodeId, hops: u32, slot: usize) {
        if let Entry::Vacant(entry) = self.first.entry(node) {
            entry.insert((hops, slot));
            self.nodes.push(node);
        }
    }
}

impl Reached {
    /// Whether the node was reached.
    pub(crate) fn has(&self, node: NodeId) -> bool {
        self.0.first.contains_key(&node)
    }

    /// Everything that was reached, nearest first.
    pub(crate) fn nodes(&self) -> &[NodeId] {
        &self.0.nodes
    }

    /// The number of hops to the node; none where it was not reached.
    pub(crate) fn hops(&self, node: NodeId) -> Option<u32> {
        self.0.first.get(&node).map(|(hops, _)| *hops)
    }

    /// The edges walked to the node, first to last.
    pub(crate) fn path(&self, node: NodeId) -> Vec<EdgeId> {
        let mut edges = Vec::new();
        let mut at = self.0.first.get(&node).map(|(_, slot)| *slot);
        while let Some((edge, from)) = at.and_then(|slot| self.0.by.get(&slot)) {
            edges.push(*edge);
            at = Some(*from);
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
        let now = || self.reach_without(starters, walk, &|_, _| false);
        match &self.walks {
            Some(walks) => walks.or_walk(starters, walk, now),
            None => now(),
        }
    }

    /// The same, past no edge that is cut.
    pub(crate) fn reach_without(&self, starters: &[NodeId], walk: Walk, cut: &dyn Fn(EdgeId, NodeId) -> bool) -> Reached {
        let guards = self.guards.get_or_init(|| Guards::of(self));
        let nodes = self.nodes.len();
        let mut reached = Ways::default();
        let mut seen: HashSet<usize, Quick> = HashSet::default();
        let mut queue = VecDeque::new();
        for start in starters {
            let state = match self.nodes[*start].kind {
                NodeKind::Trigger(kind) => guards.state(kind),
                _ => MIDDLE,
            };
            let slot = guards.slot(nodes, *start, state);
            if seen.insert(slot) {
                reached.first_at(*start, 0, slot);
                queue.push_back((*start, state, slot, 0));
            }
        }
        while let Some((node, state, slot, hops)) = queue.pop_front() {
            for id in self.leaving_ids(node) {
                let edge = &self.edges[*id];
                if !self.may(edge, walk) || cut(*id, edge.to) || edge.guard.as_ref().is_some_and(|g| !guards.admits(g, state)) {
                    continue;
                }
                let state = self.started_by(edge).map_or(state, |kind| guards.state(kind));
                let next = guards.slot(nodes, edge.to, state);
                if seen.insert(next) {
                    reached.by.insert(next, (*id, slot));
                    reached.first_at(edge.to, hops + 1, next);
                    queue.push_back((edge.to, state, next, hops + 1));
                }
            }
        }
        Reached(Arc::new(reached))
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
        let asked = walk.requests || !edge.on_request;
        kind && asked && edge.strength >= walk.least && (walk.off || edge.off.is_none() || (walk.rescue && edge.rescue))
    }

    /// Trigger nodes of the kinds asked for.
    pub(crate) fn triggers(&self, wanted: impl Fn(TriggerKind) -> bool) -> Vec<NodeId> {
        (0..self.nodes.len()).filter(|n| matches!(self.nodes[*n].kind, NodeKind::Trigger(kind) if wanted(kind))).collect()
    }

    /// Everything that a person can start directly.
    pub(crate) fn entries(&self) -> Vec<NodeId> {
        // what lies in another repository is started there by a person, and here by whoever calls it
        (0..self.nodes.len()).filter(|n| self.nodes[*n].entry && self.nodes[*n].scope != Scope::Elsewhere).collect()
    }
}

/// What is seen in a copy of another repository counts where something of the scanned one runs it; the rest is that one's
/// own affair.
pub(super) fn only_run(signals: &mut Signals, graph: &Graph) {
    let elsewhere = |signal: &Signal| signal.scope == Scope::Elsewhere;
    if !signals.all.iter().any(elsewhere) {
        return;
    }
    let mut starters = graph.triggers(|_| true);
    starters.extend(graph.entries());
    let run = graph.reach(&starters, Walk::at(Strength::Broken).with_tests(true));
    for (index, signal) in signals.all.iter_mut().enumerate().filter(|(_, signal)| elsewhere(signal)) {
        if !graph.nodes_of(index).any(|node| run.has(node)) {
            signal.off.get_or_insert_with(|| "is run by nothing in the scanned repository".to_owned());
        }
    }
}
