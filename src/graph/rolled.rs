//! What a roll-out brings along: a job that only trains answers nobody, and neither does a chart of others or a secret, so
//! rolling them out deploys no model.

use super::reach::Walk;
use super::{Graph, NodeId, NodeKind};
use crate::fact::UnitKind;
use crate::resolve::NO_PROGRAM;
use crate::signals::{Signal, Signals};
use crate::words::{EdgeKind, Op, Strength};

/// The qualifier that says what is deployed, and the word for a model by its name.
const CARRIES: (&str, &str) = ("carries", "model");

/// Takes commands that roll out a service for what they are where all that they lead to trains.
pub(super) fn only_training(signals: &mut Signals, graph: &Graph) {
    let deploys = |s: &Signal| {
        s.op == Some(Op::Deploy) && s.off.is_none() && s.qualifiers.get(CARRIES.0).is_none_or(|word| word != CARRIES.1)
    };
    if !signals.all.iter().any(deploys) {
        return;
    }
    let walk = Walk::at(Strength::Inferred);
    let leading = |op: Op| {
        let meant = signals.all.iter().enumerate().filter(|(_, s)| s.op == Some(op) && s.off.is_none());
        let nodes: Vec<NodeId> = meant.flat_map(|(index, _)| graph.nodes_of(index)).collect();
        graph.reach_back(&nodes, walk)
    };
    let (to_train, to_serve) = (leading(Op::Train), leading(Op::Serve));
    let trains = |node: NodeId| {
        let command = matches!(graph.nodes[node].kind, NodeKind::Command | NodeKind::Unit(UnitKind::Step));
        if !command || !to_train[node] || to_serve[node] {
            return false;
        }
        // something beside it whose work is not in sight may be what answers
        let reached = graph.reach(&[node], Walk::at(Strength::Assumed));
        let open = |n: NodeId| match graph.nodes[n].kind {
            NodeKind::Outside => true,
            NodeKind::Unit(UnitKind::Service | UnitKind::EntryPoint) => !to_train[n],
            _ => false,
        };
        !(0..graph.nodes.len()).any(|n| n != node && reached.has(n) && open(n))
    };
    let found: Vec<usize> = (0..signals.all.len())
        .filter(|index| deploys(&signals.all[*index]))
        .filter(|index| graph.nodes_of(*index).next().is_some() && graph.nodes_of(*index).all(trains))
        .collect();
    for index in found {
        if let Some(signal) = signals.all.get_mut(index) {
            // it applies what is declared all the same
            signal.op = None;
        }
    }
}

/// Takes commands that roll out what is not there for what they are: they put nothing in place.
pub(super) fn not_there(signals: &mut Signals, graph: &Graph) {
    let is_gone = |node: NodeId| {
        let mut leaving = graph.leaving(node).filter(|e| e.off.is_none()).peekable();
        let gone = |e: &super::Edge| e.kind == EdgeKind::Applies && graph.nodes[e.to].kind == NodeKind::Missing;
        graph.nodes[node].kind == NodeKind::Command && leaving.peek().is_some() && leaving.all(gone)
    };
    for index in 0..signals.all.len() {
        let mut nodes = graph.nodes_of(index).peekable();
        if signals.all[index].op == Some(Op::Deploy) && nodes.peek().is_some() && nodes.all(is_gone) {
            signals.all[index].strength = Strength::Broken;
        }
    }
}

/// Takes commands that only bring what runs no program of this repository for no deployment.
pub(super) fn no_program(signals: &mut Signals, graph: &Graph) {
    let is_none = |node: NodeId| {
        let to = &graph.nodes[node];
        to.kind == NodeKind::Outside && NO_PROGRAM.iter().any(|told| to.label.starts_with(told))
    };
    let installs = |node: NodeId| {
        let mut leaving = graph.leaving(node).peekable();
        graph.nodes[node].kind == NodeKind::Command && leaving.peek().is_some() && leaving.all(|e| is_none(e.to))
    };
    if !(0..graph.nodes.len()).any(is_none) {
        return;
    }
    for index in 0..signals.all.len() {
        let mut nodes = graph.nodes_of(index).peekable();
        if nodes.peek().is_some() && nodes.all(installs) {
            signals.all[index].off.get_or_insert_with(|| "brings no program of this repository".to_owned());
        }
    }
}
