//! Whether an own function compares something as greater or less: what is called a verdict is one only then.

use super::{At, Destination, FileId, Program};
use crate::syntax::python::{CallId, FlowKind, Value};

/// Functions that are entered, one inside the other.
const DEPTH: u32 = 4;
/// Most calls of one function that are followed.
const CALLS: usize = 40;
/// Deepest value that is looked into.
const NESTED: u32 = 12;

impl Program {
    /// Whether the own function that a call runs compares so, or one that it calls.
    pub(crate) fn orders(&self, file: FileId, call: CallId) -> bool {
        match self.reached(file, call) {
            Destination::Own { to, .. } => self.orders_in(*to, DEPTH),
            _ => false,
        }
    }

    fn orders_in(&self, function: At, depth: u32) -> bool {
        let (Some(depth), Some(code)) = (depth.checked_sub(1), self.files().get(function.file)) else { return false };
        let module = code.module();
        let asks = |kind: FlowKind| matches!(kind, FlowKind::If | FlowKind::Elif | FlowKind::Assert | FlowKind::While);
        let returned = module.returns.iter().filter(|r| r.scope == function.scope).map(|r| &r.value);
        let bound = module.assigns.iter().filter(|a| a.scope == function.scope).map(|a| &a.value);
        let tested = module.flows.iter().filter(|f| f.scope == function.scope && asks(f.kind)).filter_map(|f| f.test.as_ref());
        if returned.chain(bound).chain(tested).any(|value| orders(value, NESTED)) {
            return true;
        }
        let calls = module.calls.iter().enumerate().filter(|(_, call)| call.scope == function.scope);
        let given = calls.clone().flat_map(|(_, call)| call.args.iter().chain(call.keywords.iter().map(|(_, value)| value)));
        given.take(CALLS).any(|value| orders(value, NESTED))
            || calls.take(CALLS).any(|(id, _)| match self.reached(function.file, id) {
                Destination::Own { to, .. } => self.orders_in(*to, depth),
                _ => false,
            })
    }
}

/// Whether a value is, or holds, such a comparison.
fn orders(value: &Value, depth: u32) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    let inner = |value: &Value| orders(value, depth);
    match value {
        Value::Compare { left, ops, rights } => {
            ops.iter().any(|op| matches!(*op, "<" | "<=" | ">" | ">=")) || inner(left) || rights.iter().any(inner)
        }
        Value::BoolOp { values, .. } | Value::List(values) | Value::Tuple(values) => values.iter().any(inner),
        Value::Dict(items) => items.iter().any(|(_, value)| inner(value)),
        Value::Unary { value, .. } | Value::Starred(value) => inner(value),
        Value::BinOp { left, right, .. } => inner(left) || inner(right),
        Value::Choice { test, then, otherwise } => inner(test) || inner(then) || inner(otherwise),
        _ => false,
    }
}
