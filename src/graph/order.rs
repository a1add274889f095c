//! What lies before what, on every path or on some.
//!
//! `first` lies before `then` where no found path from a starter reaches `then` without `first` having run, and having
//! been able to stop it. Order comes from three places: siblings in a sequence (steps, commands, lines of a function),
//! stated orders between units (`precedes`), and branches that enclose what they hold back.

use std::collections::BTreeMap;

use super::reach::Walk;
use super::{Edge, Graph, NodeId, NodeKind, Order};
use crate::words::{EdgeKind, Strength};

/// A place where `first` was seen: a node, a place in it, and what of the node it may hold back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The node it stands on.
    pub(crate) node: NodeId,
    /// Its place in the node.
    pub(crate) order: Order,
    /// Which signal it is.
    pub(crate) signal: usize,
    /// Lines it encloses and holds back, where it is a branch; both inclusive.
    pub(crate) encloses: Option<(u32, u32)>,
    /// Whether it can stop what follows it in its own node.
    pub(crate) stops: bool,
    /// Whether it does so only by returning early, which those who call it do not notice.
    pub(crate) returns: bool,
}

/// The answer for one target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Dominance {
    /// Every found path passes one.
    pub(crate) every: bool,
    /// Some found path passes one.
    pub(crate) some: bool,
    /// The signal that was passed, the first found.
    pub(crate) by: Option<usize>,
    /// A node on a path that passes none.
    pub(crate) bypass: Option<NodeId>,
}

impl Graph {
    /// Asks whether `first` lies before the place `order` of `target` on the paths from the starters.
    /// Bounded by the number of nodes; cycles count as neither passing nor avoiding.
    pub(crate) fn before(&self, target: NodeId, order: Order, first: &[Seen], starters: &[NodeId]) -> Dominance {
        let walk = Walk::at(Strength::Assumed);
        let live = self.reach(starters, walk);
        // a branch that only holds back what it encloses stops nobody elsewhere
        let nodes: Vec<NodeId> = first.iter().filter(|s| s.stops && !s.returns).map(|s| s.node).collect();
        let contains = self.failing_with(&nodes);
        let mut ask = Ask { graph: self, first, contains, live, starters, memo: BTreeMap::new(), open: Vec::new() };
        ask.place(target, order)
    }
}

impl Graph {
    /// Every node that fails when one of these does: its failure is heeded by all on the way.
    fn failing_with(&self, nodes: &[NodeId]) -> Vec<bool> {
        let mut fails = vec![false; self.nodes.len()];
        let mut stack = nodes.to_vec();
        for node in nodes {
            fails[*node] = true;
        }
        while let Some(node) = stack.pop() {
            // what only some triggers run does not make all of it fail
            for edge in self.arriving(node).filter(|e| e.runs() && e.off.is_none() && e.discarded.is_none() && e.guard.is_none())
            {
                // who runs things side by side, and who starts them, fails with them; in a sequence the failure must stop it
                let heeded = edge.stops || !self.nodes[edge.from].sequential;
                if heeded && edge.strength > Strength::Broken && !fails[edge.from] {
                    fails[edge.from] = true;
                    stack.push(edge.from);
                }
            }
        }
        fails
    }
}

/// Whether `first` has certainly run where `asked` runs, as far as their conditions say. The same words mean the same
/// where units of one parent state them; in code one of them may stand behind an `else`.
fn runs_with(graph: &Graph, first: &Edge, asked: Option<&Edge>) -> bool {
    let stated = |edge: &Edge| edge.kind == EdgeKind::Contains && matches!(graph.nodes[edge.to].kind, NodeKind::Unit(_));
    let condition =
        first.condition.is_none() || asked.is_some_and(|a| a.condition == first.condition && stated(a) && stated(first));
    condition && (first.guard.is_none() || asked.is_some_and(|a| a.guard == first.guard))
}

struct Ask<'g> {
    graph: &'g Graph,
    first: &'g [Seen],
    contains: Vec<bool>,
    live: super::reach::Reached,
    starters: &'g [NodeId],
    memo: BTreeMap<NodeId, Dominance>,
    open: Vec<NodeId>,
}

impl Ask<'_> {
    /// Whether `first` has run when the place `order` of `node` is reached.
    fn place(&mut self, node: NodeId, order: Order) -> Dominance {
        self.place_on(node, order, None)
    }

    /// The same for what an edge leads to, which may run on a condition itself.
    fn place_on(&mut self, node: NodeId, order: Order, asked: Option<&Edge>) -> Dominance {
        if let Some(by) = self.locally(node, order, asked) {
            return Dominance { every: true, some: true, by: Some(by), bypass: None };
        }
        self.node(node)
    }

    /// Whether `first` has run when `node` begins.
    fn node(&mut self, node: NodeId) -> Dominance {
        if let Some(known) = self.memo.get(&node) {
            return known.clone();
        }
        if self.open.contains(&node) || self.open.len() > 300 {
            return Dominance { every: true, ..Dominance::default() };
        }
        if let Some(by) = self.preceded(node) {
            let answer = Dominance { every: true, some: true, by: Some(by), bypass: None };
            self.memo.insert(node, answer.clone());
            return answer;
        }
        self.open.push(node);
        let mut answer = Dominance { every: true, ..Dominance::default() };
        let mut paths = 0;
        if self.starters.contains(&node) {
            answer.every = false;
            answer.bypass = Some(node);
            paths += 1;
        }
        let graph = self.graph;
        for edge in graph.arriving(node) {
            let counts = edge.runs() && edge.kind != EdgeKind::Imports && edge.off.is_none() && edge.strength > Strength::Broken;
            if !counts || !self.live.has(edge.from) {
                continue;
            }
            paths += 1;
            let started_by_unit = edge.kind == EdgeKind::Starts && matches!(self.graph.nodes[edge.from].kind, NodeKind::Unit(_));
            let part = if started_by_unit && self.contains[edge.from] {
                Dominance { every: true, some: true, by: self.within(edge.from), bypass: None }
            } else {
                self.place_on(edge.from, edge.order, Some(edge))
            };
            answer.every &= part.every;
            answer.some |= part.some;
            answer.by = answer.by.or(part.by);
            answer.bypass = answer.bypass.or(part.bypass);
        }
        if paths == 0 {
            answer.every = false;
            answer.bypass = Some(node);
        }
        self.open.pop();
        self.memo.insert(node, answer.clone());
        answer
    }

    /// Earlier in the same node: a signal of its own, a branch around the place, or an earlier sibling that contains it.
    /// A sibling that runs on a condition counts for those that run on the same.
    fn locally(&self, node: NodeId, order: Order, asked: Option<&Edge>) -> Option<usize> {
        let own = self.first.iter().find(|seen| {
            seen.node == node
                && (seen.encloses.is_some_and(|(from, to)| (from..=to).contains(&order.0)) || (seen.stops && seen.order < order))
        });
        if let Some(seen) = own {
            return Some(seen.signal);
        }
        // no failure before it keeps it away
        if !self.graph.nodes[node].sequential || asked.is_some_and(|edge| edge.anyway) {
            return None;
        }
        self.graph
            .leaving(node)
            .filter(|e| e.runs() && e.stops && e.discarded.is_none() && e.off.is_none())
            .find(|e| e.order < order && self.contains[e.to] && runs_with(self.graph, e, asked))
            .and_then(|e| self.within(e.to))
    }

    /// A unit that must finish before `node` contains it.
    fn preceded(&self, node: NodeId) -> Option<usize> {
        let mut seen = vec![node];
        let mut stack = vec![node];
        while let Some(at) = stack.pop() {
            for edge in self.graph.arriving(at).filter(|e| e.kind == EdgeKind::Precedes && e.stops && e.off.is_none()) {
                if seen.contains(&edge.from) || seen.len() > 2_000 {
                    continue;
                }
                if self.contains[edge.from] {
                    return self.within(edge.from);
                }
                seen.push(edge.from);
                stack.push(edge.from);
            }
        }
        None
    }

    /// The first signal found inside a node that is known to contain one.
    fn within(&self, node: NodeId) -> Option<usize> {
        let inside = self.graph.reach(&[node], Walk::at(Strength::Assumed));
        self.first
            .iter()
            .filter(|s| inside.has(s.node) && s.stops && !s.returns)
            .min_by_key(|s| (inside.hops(s.node), s.node, s.order))
            .map(|s| s.signal)
    }
}
