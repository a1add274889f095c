//! `steps`: kinds of work as separate, linked steps of one definition.
//!
//! One task that runs everything is no pipeline, so every kind must be matched with a step of its own.

use std::collections::{BTreeMap, BTreeSet};

use super::clause::{Answer, Judge};
use crate::fact::UnitKind;
use crate::graph::reach::Walk;
use crate::graph::{Graph, NodeId, NodeKind, breaks};
use crate::rules::practice::{From, Select, Steps};
use crate::verdict::Standing;
use crate::words::{Because, EdgeKind, Strength, Verdict};

/// The best definition that has the steps.
pub(crate) fn answer(judge: &Judge<'_>, ask: &Steps) -> Answer {
    let graph = judge.evidence().graph;
    let kinds: Vec<Vec<(usize, NodeId)>> =
        ask.of.iter().map(|ops| judge.targets(&Select { op: ops.clone(), ..Select::default() })).collect();
    let everyone: Vec<NodeId> = judge.starters(From::Anyone, &[]).into_iter().flatten().collect();
    let live = graph.reach(&everyone, Walk::at(Strength::Inferred));
    let out = breaks::out_of_order(graph);
    let mut best = Answer::no();
    for (weak, members) in groups(graph) {
        let members: Vec<NodeId> = members.into_iter().filter(|n| live.has(*n)).collect();
        if members.len() < ask.at_least {
            continue;
        }
        let does: Vec<(NodeId, Vec<Option<usize>>)> = members
            .iter()
            .map(|node| {
                let run = graph.reach(&[*node], Walk::at(Strength::Inferred));
                let first = |targets: &Vec<(usize, NodeId)>| targets.iter().find(|(_, n)| run.has(*n)).map(|(s, _)| *s);
                (*node, kinds.iter().map(first).collect())
            })
            .collect();
        let matched = matching(&does, kinds.len());
        if matched.len() < ask.at_least || (!weak && !linked(graph, &matched.iter().map(|(n, _)| *n).collect::<Vec<_>>())) {
            continue;
        }
        let mut found = Answer::plain(Verdict::Met);
        if matched.iter().any(|(node, _)| out[*node]) {
            found.standing = Standing::indicated(Because::Broken);
        } else if weak {
            found.standing = Standing::indicated(Because::Weak);
        }
        found.signals = matched.iter().map(|(_, s)| *s).collect();
        if super::rank(found.standing) > super::rank(best.standing) {
            best = found;
        }
    }
    best
}

/// Definitions with their steps, and whether they are only a sequence of commands.
fn groups(graph: &Graph) -> Vec<(bool, Vec<NodeId>)> {
    let mut stages: BTreeMap<String, Vec<NodeId>> = BTreeMap::new();
    let mut groups: Vec<(bool, Vec<NodeId>)> = Vec::new();
    for node in 0..graph.nodes.len() {
        let NodeKind::Unit(kind) = graph.nodes[node].kind else { continue };
        if kind == UnitKind::Stage {
            stages.entry(graph.nodes[node].at.path.to_string()).or_default().push(node);
            continue;
        }
        let children: Vec<NodeId> = graph
            .leaving(node)
            .filter(|e| e.off.is_none() && matches!(e.kind, EdgeKind::Contains | EdgeKind::Invokes))
            .map(|e| e.to)
            .collect();
        match kind {
            UnitKind::Workflow | UnitKind::Job => groups.push((false, children)),
            UnitKind::Step | UnitKind::Script | UnitKind::Target | UnitKind::Action | UnitKind::ShellFunction => groups.push((true, children)),
            _ => {}
        }
    }
    groups.extend(stages.into_values().map(|nodes| (false, nodes)));
    groups
}

/// Different steps for different kinds, as many as there can be.
fn matching(does: &[(NodeId, Vec<Option<usize>>)], kinds: usize) -> Vec<(NodeId, usize)> {
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    for kind in 0..kinds {
        let mut seen = BTreeSet::new();
        augment(kind, does, &mut taken, &mut seen);
    }
    taken.into_iter().filter_map(|(step, kind)| Some((does[step].0, does[step].1[kind]?))).collect()
}

fn augment(kind: usize, does: &[(NodeId, Vec<Option<usize>>)], taken: &mut BTreeMap<usize, usize>, seen: &mut BTreeSet<usize>) -> bool {
    for (step, (_, can)) in does.iter().enumerate() {
        if can[kind].is_none() || !seen.insert(step) {
            continue;
        }
        let free = match taken.get(&step).copied() {
            None => true,
            Some(other) => augment(other, does, taken, seen),
        };
        if free {
            taken.insert(step, kind);
            return true;
        }
    }
    false
}

/// Whether an order is stated between the steps: steps of a job have theirs by their place, others must name it.
fn linked(graph: &Graph, nodes: &[NodeId]) -> bool {
    let in_sequence = nodes.iter().all(|n| matches!(graph.nodes[*n].kind, NodeKind::Unit(UnitKind::Step) | NodeKind::Command));
    let stated = nodes
        .iter()
        .filter(|n| graph.arriving(**n).chain(graph.leaving(**n)).any(|e| e.kind == EdgeKind::Precedes && e.off.is_none()))
        .count();
    in_sequence || stated + 1 >= nodes.len()
}
