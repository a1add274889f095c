//! Whether two things that one start reaches belong together: a job that trains and a job that rolls out run side by side
//! as often as one after the other.

use std::collections::{BTreeSet, VecDeque};

use crate::fact::UnitKind;
use crate::graph::reach::{Reached, Walk};
use crate::graph::{Graph, NodeId, NodeKind};
use crate::words::{EdgeKind, Strength};

/// Whether the target runs in the job of one of the marks, waits for that job, or takes what it makes. `direct` are the
/// ways to the marks, `things` those to the target, from one start.
pub(super) fn is_tied(graph: &Graph, (direct, marks): (&Reached, &[NodeId]), things: &Reached, target: NodeId) -> bool {
    let to_target: BTreeSet<NodeId> = nodes(graph, things, target).into_iter().collect();
    marks.iter().any(|mark| {
        let way = nodes(graph, direct, *mark);
        // what a whole run starts when it is over waits for all that is in it
        let of_runs = way.iter().filter(|node| is_run(graph, **node));
        let mut after = of_runs.flat_map(|run| graph.leaving(*run)).filter(|e| e.kind == EdgeKind::Starts);
        if after.any(|edge| to_target.contains(&edge.to)) {
            return true;
        }
        let inside: Vec<NodeId> = way.into_iter().filter(|node| !is_start(graph, *node)).collect();
        let Some(job) = inside.iter().copied().find(|node| is_job(graph, *node)).or(inside.first().copied()) else {
            return false;
        };
        graph.reach(&[job], Walk { things: true, ..Walk::at(Strength::Assumed) }).has(target) || waits(graph, &inside, &to_target)
    })
}

/// The nodes of a way, the start first.
fn nodes(graph: &Graph, reached: &Reached, node: NodeId) -> Vec<NodeId> {
    let path = reached.path(node);
    let first = path.first().map(|edge| graph.edges[*edge].from);
    first.into_iter().chain(path.iter().map(|edge| graph.edges[*edge].to)).collect()
}

fn is_start(graph: &Graph, node: NodeId) -> bool {
    matches!(graph.nodes[node].kind, NodeKind::Trigger(_)) || is_run(graph, node)
}

fn is_run(graph: &Graph, node: NodeId) -> bool {
    graph.nodes[node].kind == NodeKind::Unit(UnitKind::Workflow)
}

fn is_job(graph: &Graph, node: NodeId) -> bool {
    graph.nodes[node].kind == NodeKind::Unit(UnitKind::Job)
}

/// Whether one of these is waited for, at whatever remove, by one of those.
fn waits(graph: &Graph, first: &[NodeId], then: &BTreeSet<NodeId>) -> bool {
    let mut seen: BTreeSet<NodeId> = first.iter().copied().collect();
    let mut queue: VecDeque<NodeId> = first.iter().copied().collect();
    while let Some(node) = queue.pop_front() {
        for edge in graph.leaving(node).filter(|edge| edge.kind == EdgeKind::Precedes) {
            if then.contains(&edge.to) {
                return true;
            }
            if seen.insert(edge.to) {
                queue.push_back(edge.to);
            }
        }
    }
    false
}
