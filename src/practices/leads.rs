//! `leads`: what carries one signal runs what carries another.
//!
//! The walk begins at the first signals and not at those who start them, so that a definition that only an orchestrator
//! starts can still be asked what it runs.

use super::answer::Answer;
use super::clause::Judge;
use crate::graph::NodeId;
use crate::graph::reach::Walk;
use crate::rules::practice::{Leads, Notebooks, Select};
use crate::verdict::Standing;
use crate::words::{Because, Strength};

/// The first pair on the strongest edges.
pub(crate) fn answer(judge: &Judge<'_>, ask: &Leads) -> Answer {
    let (graph, all) = (judge.evidence().graph, &judge.evidence().signals.all);
    let of = |select: &Select| -> Vec<(usize, NodeId)> {
        let counts = |signal: usize| select.notebooks != Notebooks::Never || !all[signal].notebook;
        judge.targets(select).into_iter().filter(|(signal, _)| counts(*signal)).collect()
    };
    let (from, to) = (of(&ask.from), of(&ask.to));
    for (least, standing) in [
        (Strength::Resolved, Standing::plain(crate::words::Verdict::Met)),
        (Strength::Inferred, Standing::indicated(Because::Inferred)),
    ] {
        for (first, node) in &from {
            let run = graph.reach(&[*node], Walk::at(least));
            if let Some((then, _)) = to.iter().find(|(signal, node)| run.has(*node) && all[*signal].strength >= least) {
                return Answer { standing, signals: vec![*first, *then], ..Answer::no() };
            }
        }
    }
    Answer::no()
}
