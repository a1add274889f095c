//! A form of requests (a class of pydantic) is a check of the model's input only where the function that takes it asks the
//! model; others are switched off here. It needs walks, so it is not done in `signals`.
//!
//! Invariant: only a form that is declared for functions of an application, none of which leads to an answer of the model,
//! is taken out; one that nothing declares may be checked by hand.

use std::collections::BTreeMap;

use super::reach::Walk;
use super::{Graph, python};
use crate::resolve::Program;
use crate::resolve::program::At;
use crate::signals::{Owner, Signals};
use crate::words::{Op, Strength};

/// The qualifier of a form of requests, and its word.
const AT: (&str, &str) = ("at", "serving");

/// Switches off forms of requests that are those of other requests.
pub(super) fn of_others(signals: &mut Signals, graph: &Graph, program: &Program) {
    let form =
        |s: &crate::signals::Signal| s.op.is_none() && s.off.is_none() && s.qualifiers.get(AT.0).is_some_and(|word| word == AT.1);
    if !signals.all.iter().any(form) {
        return;
    }
    let serving = signals.all.iter().enumerate().filter(|(_, s)| s.op == Some(Op::Serve) && s.off.is_none());
    let serving: Vec<_> = serving.flat_map(|(index, _)| graph.nodes_of(index)).collect();
    if serving.is_empty() {
        return;
    }
    let to_answer = graph.reach_back(&serving, Walk::at(Strength::Inferred));
    // of each class whether some function that takes it asks the model, and the first that takes it
    let mut taken: BTreeMap<At, (bool, String)> = BTreeMap::new();
    for (file, code) in program.files().iter().enumerate().filter(|(_, code)| code.embedded.is_none()) {
        for scope in 0..code.module().scopes.len() {
            let at = At { file, scope };
            if !program.decorators(at).iter().any(|decorator| program.is_of_an_application(decorator)) {
                continue;
            }
            let Some(node) = graph.find(&python::scope_key(&code.path, code.module(), scope)) else { continue };
            for class in program.declared(at) {
                taken.entry(class).or_insert_with(|| (false, graph.nodes[node].label.clone())).0 |= to_answer[node];
            }
        }
    }
    for signal in signals.all.iter_mut().filter(|s| form(s)) {
        let Owner::Code(scope) = signal.owner else { continue };
        let Some(file) = program.file(&signal.at.path, None) else { continue };
        if let Some((false, by)) = taken.get(&At { file, scope }) {
            signal.off = Some(format!("is what {by} takes, which does not ask the model"));
        }
    }
}
