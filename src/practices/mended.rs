//! What all practices would come to, were one cause mended: the same judge, asked about a graph in which it is.
//!
//! Why: one change may bring about more than the practices whose miss it is (what starts by itself makes its runner,
//! its data and its record automatic as well), and less than a guess would say. Invariant: what only somebody else can
//! do, or what is not proven, is supposed of no graph.

use std::collections::BTreeMap;

use super::remedy::{Remedy, Starts, Way};
use super::{Evidence, Judged, judge};
use crate::graph::reach::Walk;
use crate::graph::{Edge, EdgeId, Graph, NodeId, NodeKind, Wait};
use crate::source::Location;
use crate::verdict::Standing;
use crate::words::{EdgeKind, Strength, TriggerKind};

/// Every practice and probe as it would be with that remedy; none where nothing of the graph would be another.
pub(crate) fn mended(evidence: &Evidence<'_>, remedy: &Remedy) -> Option<Vec<(Judged, BTreeMap<String, Standing>)>> {
    let graph = graph_with(evidence, remedy)?;
    Some(judge(&Evidence { graph: &graph, ..*evidence }))
}

fn graph_with(evidence: &Evidence<'_>, remedy: &Remedy) -> Option<Graph> {
    let (graph, at) = (evidence.graph, &remedy.at);
    if let Way::Start(starts) = &remedy.way {
        let nodes = begun_at(evidence, at);
        return (!nodes.is_empty()).then(|| graph.started(&nodes, kinds(*starts), at));
    }
    let is_meant = |id: EdgeId| {
        let edge = &graph.edges[id];
        let here = edge.at == *at;
        match (&remedy.way, graph.waits.get(&id)) {
            (Way::SwitchOn(how), Some(Wait::SwitchedOn(known))) => here && how == known,
            (Way::SwitchOn(_), None) => here && edge.off.is_some(),
            (Way::Register(how), Some(Wait::Registered { at: begun, command })) => {
                how == command && begun.as_ref().unwrap_or(&edge.at) == at
            }
            (Way::Apply, Some(Wait::Applied)) => here,
            (Way::Repair(_), None) => {
                let cause = graph.broken_by.get(&id).copied().unwrap_or(id);
                edge.strength == Strength::Broken && graph.edges[cause].at == *at
            }
            (Way::Heed(_), _) => here && (edge.discarded.is_some() || (edge.kind == EdgeKind::Contains && !edge.stops)),
            _ => false,
        }
    };
    let edges: Vec<EdgeId> = (0..graph.edges.len()).filter(|id| is_meant(*id)).collect();
    let mend = |edge: &mut Edge| match remedy.way {
        Way::Heed(_) => {
            edge.discarded = None;
            edge.stops = true;
        }
        _ => {
            edge.off = None;
            edge.strength = Strength::Resolved;
        }
    };
    (!edges.is_empty()).then(|| graph.changed(&edges, mend))
}

/// What a person begins there: what a button starts, what stands there as something to be started, or what runs the thing
/// that stands there.
fn begun_at(evidence: &Evidence<'_>, at: &Location) -> Vec<NodeId> {
    let graph = evidence.graph;
    let there = |n: &NodeId| graph.nodes[*n].at == *at;
    let buttons = graph.triggers(|kind| kind == TriggerKind::Manual);
    let pressed = buttons.iter().filter(|n| there(n)).flat_map(|n| graph.leaving(*n));
    let mut nodes: Vec<NodeId> =
        pressed.filter(|edge| edge.kind == EdgeKind::Starts && edge.off.is_none()).map(|e| e.to).collect();
    let entries = graph.entries();
    if nodes.is_empty() {
        nodes.extend(entries.iter().filter(|n| there(n)));
    }
    if nodes.is_empty() {
        let people = graph.reach(&entries, Walk::at(Strength::Inferred));
        let signals = evidence.signals.all.iter().enumerate().filter(|(_, seen)| seen.at == *at && seen.off.is_none());
        let standing = signals.filter_map(|(number, _)| graph.node_of(number));
        nodes.extend(standing.map(|n| if people.has(n) { people.start(graph, n) } else { n }));
    }
    nodes.retain(|n| !matches!(graph.nodes[*n].kind, NodeKind::Outside | NodeKind::Missing));
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}

const fn kinds(starts: Starts) -> &'static [TriggerKind] {
    use TriggerKind::{Pr, Push, Schedule};
    match starts {
        Starts::Time => &[Schedule],
        Starts::Any | Starts::Release | Starts::Push => &[Push],
        Starts::Ci => &[Push, Pr],
        Starts::Both => &[Push, Schedule],
    }
}
