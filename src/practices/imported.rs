//! `imported`: the file of such a signal shares code with another live file.

use super::answer::Answer;
use super::clause::Judge;
use crate::graph::NodeId;
use crate::graph::reach::Walk;
use crate::rules::practice::{From, Select};
use crate::words::{EdgeKind, Scope, Strength, Verdict};

/// By import in either direction.
pub(crate) fn answer(judge: &Judge<'_>, ask: &Select) -> Answer {
    let graph = judge.evidence().graph;
    let everyone: Vec<NodeId> = judge.starters(From::Anyone, &[]).into_iter().flatten().collect();
    let live = graph.reach(&everyone, Walk::at(Strength::Inferred));
    let mut best = Answer::no();
    for (signal, node) in judge.targets(ask) {
        let seen = &judge.evidence().signals.all[signal];
        if seen.notebook {
            continue;
        }
        let path = &graph.nodes[node].at.path;
        let shares = graph.edges.iter().any(|e| {
            let (from, to) = (&graph.nodes[e.from], &graph.nodes[e.to]);
            let own = (from.at.path == *path) != (to.at.path == *path);
            own && matches!(e.kind, EdgeKind::Imports | EdgeKind::Calls)
                && to.at.path.ends_with(".py")
                && from.scope == Scope::Source
                && !from.notebook
                && to.scope == Scope::Source
                && live.has(e.from)
        });
        if shares {
            best = Answer::plain(Verdict::Met);
            best.signals = vec![signal];
            break;
        }
    }
    best
}
