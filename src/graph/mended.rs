//! The graph as it would be, were one cause mended: a copy, for the question what that would bring about.
//!
//! Why: whoever is told to change a line wants to know what comes of it, and who answers that is the judge of what is there,
//! not a guess beside it. Invariant: nothing of a mended graph is ever shown as found.

use super::{Edge, EdgeId, Graph, Node, NodeId, NodeKind};
use crate::source::Location;
use crate::words::{EdgeKind, Scope, Strength, TriggerKind};

impl Graph {
    /// As it would be if these kinds of trigger, written at `at`, started each of these nodes.
    pub(crate) fn started(&self, nodes: &[NodeId], kinds: &[TriggerKind], at: &Location) -> Self {
        let mut graph = self.copied();
        let mut triggers = Vec::new();
        for kind in kinds {
            let key = format!("mended:{}#{at}", kind.word());
            let trigger = graph.node(key, |key| Node {
                key: key.to_owned(),
                kind: NodeKind::Trigger(*kind),
                at: at.clone(),
                label: kind.word().to_owned(),
                scope: Scope::Source,
                notebook: false,
                sequential: false,
                entry: false,
                environment: None,
                signals: Vec::new(),
            });
            for node in nodes {
                let what = kind.word().to_owned();
                graph.edge(Edge::plain(trigger, *node, EdgeKind::Starts, Strength::Resolved, at.clone(), what));
            }
            triggers.push(trigger);
        }
        graph.walks = self.walks.as_ref().map(|walks| walks.of_copy(self.nodes.len(), triggers));
        graph
    }

    /// As it would be if these edges were changed so.
    pub(crate) fn changed(&self, edges: &[EdgeId], change: impl Fn(&mut Edge)) -> Self {
        let mut graph = self.copied();
        for id in edges {
            change(&mut graph.edges[*id]);
            graph.waits.remove(id);
            graph.broken_by.remove(id);
        }
        let changed = edges.iter().map(|id| self.edges[*id].from).collect();
        graph.walks = self.walks.as_ref().map(|walks| walks.of_copy(self.nodes.len(), changed));
        graph
    }

    /// A copy that works out anew what guards ask of a walk, and knows of none.
    fn copied(&self) -> Self {
        Self { guards: std::sync::OnceLock::new(), walks: None, ..self.clone() }
    }
}
