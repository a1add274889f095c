//! The nearest miss: the closest thing to what was asked, and the link at which it stopped.
//!
//! Told in the order in which it helps most: a link that is switched off, a link that is broken, a chain that a person
//! must start, a thing that nothing starts, a thing in a place that does not count.

use super::Miss;
use super::clause::{Answer, Judge};
use crate::graph::reach::Walk;
use crate::graph::NodeId;
use crate::rules::practice::{Clause, From, PracticeRule, Select};
use crate::words::{Because, Strength, Verdict};

/// Finds the nearest miss of a practice that is not met.
pub(crate) fn miss(judge: &Judge<'_>, rule: &PracticeRule, best: &Answer) -> Option<Miss> {
    if best.standing.verdict == Verdict::Indicated {
        return defect(best);
    }
    let clauses = rule.met.iter().chain(rule.indicated.iter().map(|w| &w.when)).chain(&rule.near);
    let mut asked: Vec<(Option<From>, &Select)> = Vec::new();
    clauses.for_each(|c| collect(c, &mut asked));
    asked.iter().find_map(|(from, select)| stopped(judge, *from, select))
}

/// What keeps an indicated chain from being met.
fn defect(best: &Answer) -> Option<Miss> {
    let chain = best.chains.first()?;
    if let (Some(Because::Broken), Some(why)) = (best.standing.because, &chain.unheeded) {
        let at = chain.hops.last()?.at.clone();
        return Some(Miss { at, text: format!("its failure stops nothing: {why}") });
    }
    let weakest = chain.hops.iter().min_by_key(|h| h.strength).filter(|h| h.strength < Strength::Resolved)?;
    let why = match weakest.strength {
        Strength::Broken => "cannot run as written",
        Strength::Assumed => "depends on something outside this repository",
        _ => "linked by name or convention only",
    };
    Some(Miss { at: weakest.at.clone(), text: format!("{}: {why}", weakest.what) })
}

fn collect<'c>(clause: &'c Clause, into: &mut Vec<(Option<From>, &'c Select)>) {
    match clause {
        Clause::All(parts) | Clause::Any(parts) => parts.iter().for_each(|p| collect(p, into)),
        Clause::Signal(select) | Clause::Imported(select) | Clause::InImage(select) => into.push((None, select)),
        Clause::Reach(reach) => into.push((Some(reach.from), &reach.to)),
        Clause::Before(before) => into.push((None, &before.first)),
        Clause::Count(count) => count.of.iter().for_each(|p| collect(p, into)),
        Clause::Cap(cap) => collect(&cap.of, into),
        Clause::Tested(tested) => into.push((Some(From::Ci), &tested.of)),
        Clause::Not(_) | Clause::Steps(_) | Clause::Share(_) | Clause::History(_) | Clause::Practice(_) => {}
    }
}

fn stopped(judge: &Judge<'_>, from: Option<From>, select: &Select) -> Option<Miss> {
    let evidence = judge.evidence();
    let graph = evidence.graph;
    let signals = &evidence.signals.all;
    let targets = judge.targets(select);
    let nodes: Vec<NodeId> = targets.iter().map(|(_, n)| *n).collect();
    let asked: Vec<NodeId> = judge.starters(from.unwrap_or(From::Anyone), &[]).into_iter().flatten().collect();
    let off = graph.reach(&asked, Walk { off: true, ..Walk::at(Strength::Broken) });
    if let Some(node) = nodes.iter().filter(|n| off.has(**n)).min_by_key(|n| off.hops(**n)) {
        let cut = off.path(*node).into_iter().map(|e| &graph.edges[e]).find(|e| e.off.is_some());
        if let Some(edge) = cut {
            let why = edge.off.as_deref().unwrap_or("");
            return Some(Miss { at: edge.at.clone(), text: format!("{}: {why}", edge.what) });
        }
    }
    // what starts by itself is no miss of this kind, whoever else may start it
    let unattended: Vec<NodeId> = judge.starters(From::Unattended, &[]).into_iter().flatten().collect();
    let by_itself = graph.reach(&unattended, Walk::at(Strength::Inferred));
    if nodes.iter().any(|n| by_itself.has(*n)) {
        return None;
    }
    let everyone: Vec<NodeId> = judge.starters(From::Anyone, &[]).into_iter().flatten().collect();
    let live = graph.reach(&everyone, Walk::at(Strength::Inferred));
    if let Some(node) = nodes.iter().filter(|n| live.has(**n)).min_by_key(|n| live.hops(**n)) {
        let start = live.start(graph, *node);
        let (hops, starter) = (live.path(*node).len(), &graph.nodes[start]);
        let what = targets.iter().find(|(_, n)| n == node).map_or("", |(s, _)| signals[*s].what.as_str());
        if judge.is_person(start) {
            let text = if hops == 0 {
                format!("{} reaches {what}; a person must start it", starter.label)
            } else {
                format!("{} reaches {what} in {hops} hop{}; a person must start it", starter.label, if hops == 1 { "" } else { "s" })
            };
            return Some(Miss { at: starter.at.clone(), text });
        }
        return Some(Miss { at: starter.at.clone(), text: format!("{} reaches {what}, which is not enough here", starter.label) });
    }
    if let Some((signal, _)) = targets.first() {
        let seen = &signals[*signal];
        return Some(Miss { at: seen.at.clone(), text: format!("{} stands here, and nothing starts it", seen.what) });
    }
    let elsewhere = judge.anywhere(select).into_iter().map(|(s, _)| &signals[s]).min_by_key(|s| (std::cmp::Reverse(s.scope), &s.at))?;
    let text = match &elsewhere.off {
        Some(off) => format!("{} is switched off: {off}", elsewhere.what),
        None => format!("{} stands here, in a file that counts as {}", elsewhere.what, elsewhere.scope),
    };
    Some(Miss { at: elsewhere.at.clone(), text })
}
