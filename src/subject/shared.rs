//! Whose is what lies outside of the folders of all systems: an image that is built in a workflow of the root, a chart
//! beside the services, the roll-out of one of them.
//!
//! It is that system's to which it leads. What carries a system to where it runs (an image, a roll-out, declared
//! resources) often leads no further, and is theirs whose folder it is given, or to whom the job leads in which it stands; where nothing leads to any,
//! theirs whose name it bears. What leads to several is shared, and so is what leads to none.

use std::collections::BTreeSet;

use super::system::{System, beneath};
use crate::fact::{Book, FactKind};
use crate::graph::reach::Walk;
use crate::graph::{Graph, NodeId};
use crate::signals::{Signal, Signals};
use crate::source;
use crate::words::{Op, Strength};

/// Beginnings of the ids of signals about what carries a system to where it runs.
const CARRYING: &[&str] = &["ci.build.", "deploy.", "env.image.", "infra.", "release."];
/// Steps that are taken to whoever runs something.
const MAX_UP: usize = 12;
/// Shortest name by which a file is known to be a system's.
const SHORTEST: usize = 3;

/// For each system: the signals that are those of others alone.
pub(super) fn of_others(systems: &[System], signals: &Signals, graph: &Graph, book: &Book) -> Vec<BTreeSet<usize>> {
    let mut found = vec![BTreeSet::new(); systems.len()];
    if systems.len() < 2 {
        return found;
    }
    let walk = Walk { things: true, ..Walk::at(Strength::Inferred).with_tests(true) };
    let leads: Vec<Vec<bool>> = systems.iter().map(|system| graph.reach_back(&seeds(system, graph), walk)).collect();
    for (index, signal) in signals.all.iter().enumerate() {
        let of = owners(index, signal, systems, (graph, book), &leads);
        if !of.is_empty() && of.len() < systems.len() {
            for (_, alien) in found.iter_mut().enumerate().filter(|(system, _)| !of.contains(system)) {
                alien.insert(index);
            }
        }
    }
    found
}

/// Everything that is a system's by its place, and where it trains and serves.
fn seeds(system: &System, graph: &Graph) -> Vec<NodeId> {
    let own = |path: &str| system.path != "." && beneath(path, &system.path) && system.owns(path);
    let mut seeds: BTreeSet<NodeId> = (0..graph.nodes.len()).filter(|n| own(&graph.nodes[*n].at.path)).collect();
    seeds.extend(system.trains.iter().chain(&system.serves).flat_map(|signal| graph.nodes_of(*signal)));
    seeds.into_iter().collect()
}

/// Whose a signal is; nobody's in particular where none is said.
fn owners(
    index: usize,
    signal: &Signal,
    systems: &[System],
    (graph, book): (&Graph, &Book),
    leads: &[Vec<bool>],
) -> BTreeSet<usize> {
    let all = || 0..systems.len();
    // what trains or serves belongs to those of whom it is a part
    let roots: BTreeSet<usize> =
        all().filter(|s| systems[*s].trains.contains(&index) || systems[*s].serves.contains(&index)).collect();
    // by its place: the folder decides
    if !roots.is_empty() || all().any(|s| systems[s].path != "." && beneath(&signal.at.path, &systems[s].path)) {
        return roots;
    }
    let mut level: BTreeSet<NodeId> = graph.nodes_of(index).collect();
    let to = |nodes: &BTreeSet<NodeId>| -> BTreeSet<usize> {
        all().filter(|s| nodes.iter().any(|n| leads[*s].get(*n).copied().unwrap_or(false))).collect()
    };
    let direct = to(&level);
    if !direct.is_empty() || !carries(signal) {
        return direct;
    }
    let told: BTreeSet<usize> = all().filter(|s| is_told(signal, &systems[*s].path, book)).collect();
    if !told.is_empty() {
        return told;
    }
    let mut seen = level.clone();
    for _ in 0..MAX_UP {
        let above = level.iter().flat_map(|n| graph.arriving(*n)).filter(|e| e.runs() && e.off.is_none()).map(|e| e.from);
        level = above.filter(|from| seen.insert(*from)).collect();
        let of = to(&level);
        if !of.is_empty() {
            return of;
        }
        if level.is_empty() {
            break;
        }
    }
    all().filter(|s| is_named(&signal.at.path, &systems[*s].path)).collect()
}

fn carries(signal: &Signal) -> bool {
    matches!(signal.op, Some(Op::Deploy | Op::Package | Op::Rollback))
        || CARRYING.iter().any(|start| signal.id.starts_with(start))
}

/// Whether a published step is given the folder of a system, or one in it.
fn is_told(signal: &Signal, system: &str, book: &Book) -> bool {
    let stated = book.get(&signal.at.path).into_iter().flat_map(|facts| &facts.facts);
    let given = stated.filter(|fact| fact.line == signal.at.line).filter_map(|fact| match &fact.kind {
        FactKind::Uses(uses) => Some(&uses.with),
        _ => None,
    });
    system != "." && given.flatten().any(|(_, value)| source::join(".", value.trim()).is_some_and(|path| beneath(&path, system)))
}

/// Whether a folder above a file, or the file, is called like a system.
fn is_named(path: &str, system: &str) -> bool {
    let name = system.rsplit('/').next().unwrap_or(system).replace('_', "-").to_lowercase();
    let is = |part: &str| {
        let part = part.replace(['_', '.', ' '], "-").to_lowercase();
        format!("-{part}-").contains(&format!("-{name}-"))
    };
    name.len() >= SHORTEST && path.split('/').any(is)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_bear_a_name() {
        assert!(is_named("deploy/boat-prices.yaml", "models/boat_prices"));
        assert!(is_named("charts/visits/values.yaml", "visits"));
        assert!(is_named(".github/workflows/visits_deploy.yml", "visits"));
        assert!(!is_named("charts/visitors/values.yaml", "visits"));
        assert!(!is_named("deploy/a.yaml", "a"));
    }
}
