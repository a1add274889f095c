//! Who starts a node, asked of the graph once for each kind of starter.

use super::Start;
use crate::graph::reach::{Reached, Walk};
use crate::graph::{Graph, NodeId, NodeKind};
use crate::report::redact::snippet;
use crate::report::{Chain, Hop, Starter};
use crate::words::{EdgeKind, Strength, TriggerKind};

/// What each kind of starter reaches, the most convincing first.
pub(super) struct Starts<'g> {
    graph: &'g Graph,
    walks: Vec<(Starter, bool, Reached)>,
}

impl<'g> Starts<'g> {
    pub(super) fn of(graph: &'g Graph) -> Self {
        let unattended = graph.triggers(TriggerKind::is_unattended);
        let outside = graph.triggers(|k| matches!(k, TriggerKind::Api | TriggerKind::Upstream));
        let buttons = graph.triggers(|k| k == TriggerKind::Manual);
        let entries = graph.entries();
        let begun = graph.reach(&entries, Walk::at(Strength::Inferred));
        // where people begin is what nothing else runs that people begin
        let is_run = |n: NodeId| {
            let runs = |e: &crate::graph::Edge| e.runs() && e.off.is_none() && e.strength >= Strength::Inferred;
            graph.arriving(n).any(|e| e.from != n && runs(e) && begun.has(e.from))
        };
        let first: Vec<NodeId> = entries.iter().copied().filter(|n| !is_run(*n)).collect();
        let reach = |starters: &[NodeId], least| graph.reach(starters, Walk::at(least));
        let walks = vec![
            (Starter::Itself, false, reach(&unattended, Strength::Inferred)),
            (Starter::Outside, false, reach(&unattended, Strength::Assumed)),
            (Starter::Outside, false, reach(&outside, Strength::Assumed)),
            (Starter::Person, false, reach(&buttons, Strength::Inferred)),
            (Starter::Person, false, reach(&first, Strength::Inferred)),
            (Starter::Person, false, begun),
            (Starter::Itself, true, graph.reach(&unattended, Walk::at(Strength::Inferred).with_tests(true))),
        ];
        Self { graph, walks }
    }

    /// Who starts a node; nobody where there is none.
    pub(super) fn start(&self, node: Option<NodeId>) -> Start {
        let nobody = Start { starter: Starter::Nobody, tests: false, by: String::new(), way: Chain::default() };
        let Some(node) = node else { return nobody };
        let Some((starter, tests, reached)) = self.walks.iter().find(|(_, _, reached)| reached.has(node)) else { return nobody };
        let start = &self.graph.nodes[reached.start(self.graph, node)];
        let by =
            if start.at.path.is_empty() { snippet(&start.label) } else { format!("{} ({})", snippet(&start.label), start.at) };
        Start { starter: *starter, tests: *tests, by, way: self.way(reached, node) }
    }

    /// The best started of several nodes, by fewest hops.
    pub(super) fn best(&self, nodes: &[NodeId]) -> Start {
        for (_, _, reached) in &self.walks {
            if let Some(node) = nodes.iter().copied().filter(|n| reached.has(*n)).min_by_key(|n| (reached.hops(*n), *n)) {
                return self.start(Some(node));
            }
        }
        self.start(None)
    }

    /// A walk as hops; what stands on one line is said once, with the last words.
    fn way(&self, reached: &Reached, node: NodeId) -> Chain {
        let mut hops: Vec<Hop> = Vec::new();
        for id in reached.path(node) {
            let edge = &self.graph.edges[id];
            let to = &self.graph.nodes[edge.to];
            let hop = Hop {
                repository: None,
                path: edge.at.path.to_string(),
                line: edge.at.line,
                what: snippet(if edge.what.is_empty() { &to.label } else { &edge.what }),
                edge: edge.kind,
                strength: edge.strength,
                op: None,
                outside: (to.kind == NodeKind::Outside).then(|| snippet(&to.label)),
            };
            match hops.last_mut() {
                Some(last) if last.path == hop.path && last.line == hop.line && last.edge != EdgeKind::Starts => {
                    let strength = last.strength.min(hop.strength);
                    *last = Hop { strength, ..hop };
                }
                _ => hops.push(hop),
            }
        }
        Chain(hops)
    }
}
