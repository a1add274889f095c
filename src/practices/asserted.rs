//! What a test asserts on: whether what a call gives is looked at, or is only handed on to what the test is about.
//!
//! Invariants: only the names of the test itself are followed; what cannot be read is taken for looked at.

use std::collections::{BTreeMap, BTreeSet};

use super::Evidence;
use crate::graph::{Edge, EdgeId, NodeId, Order};
use crate::signals::Signal;
use crate::syntax::python::{Call, CallId, FlowKind, Module, Name, Root, ScopeId, ScopeKind, Target, Value};
use crate::words::{EdgeKind, Op};

/// Deepest value that is looked into.
const DEPTH: u32 = 16;
/// Rounds in which names take over what other names hold.
const ROUNDS: usize = 8;
/// Beginnings of the names of what asserts.
const ASSERTS: &[&str] = &["assert", "expect"];
/// How an edge to a fixture begins to say what it is.
const FIXTURE: &str = "fixture ";
/// Signals of tests that something is asked of a model.
const ABOUT_MODELS: &str = "test.model.";

/// Calls of a test of which something is kept, and none of it is what the test asserts on.
pub(super) fn only_fed(evidence: &Evidence<'_>, test: NodeId, beyond: &[bool]) -> BTreeSet<EdgeId> {
    let (graph, at) = (evidence.graph, &evidence.graph.nodes[test].at);
    let Some(code) = evidence.book.get(&at.path).and_then(|facts| facts.code.as_ref()) else { return BTreeSet::new() };
    let module = &code.module;
    let Some(scope) = module.scopes.iter().position(|s| code.file_line(s.line) == at.line && s.kind == ScopeKind::Function)
    else {
        return BTreeSet::new();
    };
    // as the graph numbers the calls of a line
    let mut on_line: BTreeMap<u32, u32> = BTreeMap::new();
    let mut orders: BTreeMap<Order, CallId> = BTreeMap::new();
    for (id, call) in module.calls.iter().enumerate() {
        let count = on_line.entry(code.file_line(call.line)).or_default();
        orders.insert(Order(code.file_line(call.line), *count), id);
        *count += 1;
    }
    // a fixture gives its value to the parameter of its name
    let params: BTreeMap<&str, CallId> = module.scopes.get(scope).map_or_else(BTreeMap::new, |s| {
        s.params.iter().enumerate().map(|(place, param)| (param.name.as_str(), module.calls.len() + place)).collect()
    });
    let given_by = |edge: &Edge| match edge.what.strip_prefix(FIXTURE) {
        Some(name) => params.get(name).copied(),
        None => orders.get(&edge.order).copied(),
    };
    let leaving = || graph.leaving_ids(test).iter().filter(|id| graph.edges[**id].kind == EdgeKind::Calls);
    let calls: Vec<(EdgeId, CallId)> = leaving().filter_map(|id| Some((*id, given_by(&graph.edges[*id])?))).collect();
    let makes = |signal: &Signal| {
        matches!(signal.op, Some(Op::Train | Op::Tune | Op::Evaluate | Op::Serve)) || signal.id.starts_with(ABOUT_MODELS)
    };
    let here = evidence.signals.all.iter().filter(|s| s.at.path == at.path && makes(s));
    let lines: BTreeSet<u32> = here.map(|s| s.at.line).collect();
    let more: BTreeSet<CallId> =
        calls.iter().filter(|(e, _)| beyond.get(graph.edges[*e].to) == Some(&true)).map(|(_, c)| *c).collect();
    let opaque =
        |id: CallId| more.contains(&id) || module.calls.get(id).is_some_and(|call| lines.contains(&code.file_line(call.line)));
    let held = params.iter().map(|(name, id)| ((*name).to_owned(), BTreeSet::from([*id]))).collect();
    let mut reading = Reading { module, scope, opaque: &opaque, held, unknown: false };
    reading.assignments();
    let looked_at = reading.asserted();
    if reading.unknown {
        return BTreeSet::new();
    }
    let kept = |id: CallId| module.calls.get(id).is_none_or(|call| call.scope == scope && !call.discarded);
    calls.into_iter().filter(|(_, call)| kept(*call) && !looked_at.contains(call)).map(|(edge, _)| edge).collect()
}

/// What the names of a test hold: the calls that gave it.
struct Reading<'m> {
    module: &'m Module,
    scope: ScopeId,
    /// Calls that make something else of what they are given.
    opaque: &'m dyn Fn(CallId) -> bool,
    held: BTreeMap<String, BTreeSet<CallId>>,
    /// Something that is asserted could not be read.
    unknown: bool,
}

impl Reading<'_> {
    fn assignments(&mut self) {
        let (module, scope) = (self.module, self.scope);
        for _ in 0..ROUNDS {
            let before: usize = self.held.values().map(BTreeSet::len).sum();
            for assign in module.assigns.iter().filter(|a| a.scope == scope) {
                let mut from = BTreeSet::new();
                self.take(&assign.value, DEPTH, &mut from);
                for target in &assign.targets {
                    let names: Vec<&Name> = match target {
                        Target::Name(name) | Target::Item(name, _) => vec![name],
                        Target::Tuple(names) => names.iter().collect(),
                    };
                    for name in names {
                        if let Root::Local(local) = &name.root {
                            self.held.entry(local.clone()).or_default().extend(&from);
                        }
                    }
                }
            }
            if self.held.values().map(BTreeSet::len).sum::<usize>() == before {
                break;
            }
        }
        self.unknown = false;
    }

    /// The calls whose results are asserted on.
    fn asserted(&mut self) -> BTreeSet<CallId> {
        let mut found = BTreeSet::new();
        let (module, scope) = (self.module, self.scope);
        for flow in module.flows.iter().filter(|f| f.scope == scope) {
            let asks = matches!(flow.kind, FlowKind::Assert | FlowKind::If | FlowKind::Elif | FlowKind::While);
            if let Some(test) = flow.test.as_ref().filter(|_| asks) {
                self.take(test, DEPTH, &mut found);
            }
        }
        for (id, call) in module.calls.iter().enumerate().filter(|(_, call)| call.scope == scope) {
            let named = call.callee.last().unwrap_or_default();
            // what stands alone may look at what it is given, or write it where it is looked at
            if ASSERTS.iter().any(|start| named.starts_with(start)) || (call.discarded && !(self.opaque)(id)) {
                self.given(call, DEPTH, &mut found);
            }
        }
        found
    }

    fn given(&mut self, call: &Call, depth: u32, into: &mut BTreeSet<CallId>) {
        self.root(&call.callee.root, depth, into);
        for value in call.args.iter().chain(call.keywords.iter().map(|(_, value)| value)) {
            self.take(value, depth, into);
        }
    }

    fn root(&mut self, root: &Root, depth: u32, into: &mut BTreeSet<CallId>) {
        let Some(depth) = depth.checked_sub(1) else { return };
        match root {
            Root::Local(local) => into.extend(self.held.get(local).into_iter().flatten()),
            Root::Call(call) => self.call(*call, depth, into),
            Root::Item(of, _) => self.root(&of.root, depth, into),
            Root::Str(_) | Root::Other => {}
        }
    }

    /// A call holds what it gives itself, and what it was given where it only passes that on.
    fn call(&mut self, id: CallId, depth: u32, into: &mut BTreeSet<CallId>) {
        if !into.insert(id) || (self.opaque)(id) {
            return;
        }
        let module = self.module;
        if let (Some(call), Some(depth)) = (module.calls.get(id), depth.checked_sub(1)) {
            self.given(call, depth, into);
        }
    }

    fn take(&mut self, value: &Value, depth: u32, into: &mut BTreeSet<CallId>) {
        let Some(depth) = depth.checked_sub(1) else { return };
        match value {
            Value::Name(name) => self.root(&name.root, depth, into),
            Value::Call(call) => self.call(*call, depth, into),
            Value::List(all) | Value::Tuple(all) | Value::BoolOp { values: all, .. } => {
                all.iter().for_each(|value| self.take(value, depth, into));
            }
            Value::Dict(pairs) => pairs.iter().for_each(|(_, value)| self.take(value, depth, into)),
            Value::Compare { left, rights, .. } => {
                self.take(left, depth, into);
                rights.iter().for_each(|value| self.take(value, depth, into));
            }
            Value::BinOp { left, right, .. } => {
                self.take(left, depth, into);
                self.take(right, depth, into);
            }
            Value::Unary { value, .. } | Value::Starred(value) => self.take(value, depth, into),
            Value::Choice { test, then, otherwise } => {
                [test, then, otherwise].into_iter().for_each(|value| self.take(value, depth, into));
            }
            Value::Other => self.unknown = true,
            Value::FString { .. }
            | Value::Lambda(_)
            | Value::Str(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Bool(_)
            | Value::None => {}
        }
    }
}
