//! The order of steps: what is written between them, and what one takes from another.

use std::collections::{BTreeMap, BTreeSet};

use super::Lowering;
use crate::fact::{FactKind, Needs, UnitId, UnitKind, UsesTarget};
use crate::resolve::program::{At, FileId, Meaning, text_of};
use crate::rules::orchestrator::names;
use crate::syntax::python::{AssignKind, Call, CallId, FlowKind, Module, Name, Root, ScopeId, Target, Value};
use crate::words::EdgeKind;

/// Deepest nesting of a value that steps are looked for in.
const DEPTH: u32 = 10;
/// Most looks into values for one file.
const LOOKS: u32 = 200_000;
/// Most orders of one file.
const ORDERS: usize = 50_000;

/// Where names of a file are given values, by scope and name.
type Given<'b> = BTreeMap<(ScopeId, &'b str), Vec<&'b Value>>;

struct Look<'l, 'b> {
    of: &'l Lowering<'b>,
    file: FileId,
    module: &'b Module,
    given: Given<'b>,
    looks: u32,
    pairs: BTreeSet<(usize, usize)>,
}

impl<'b> Lowering<'b> {
    /// The order of the steps of a file.
    pub(super) fn order(&mut self, file: FileId) {
        if !self.steps.iter().any(|s| s.file == file) {
            return;
        }
        let mut look = self.look(file);
        look.written();
        look.data();
        look.made_for_others();
        if !look.of.rule.unordered {
            look.in_sequence();
        }
        look.by_name();
        let pairs = std::mem::take(&mut look.pairs);
        for (first, then) in pairs {
            let (Some(before), Some(after)) = (self.steps.get(first).cloned(), self.steps.get(then).cloned()) else { continue };
            // across files an order would name units of another file
            if before.file != after.file || before.pipe != after.pipe || first == then {
                continue;
            }
            let Some(call) = self.call(after.file, after.call) else { continue };
            let stops = !self.goes_on_anyway(after.file, after.call, call);
            let line = call.line;
            self.fact(after.file, after.unit, line, FactKind::Needs(Needs { on: before.unit, stops }));
        }
    }

    /// The steps that the pipelines of a file list belong to them, and so do those of which one of them chooses.
    pub(super) fn listed(&mut self, file: FileId) {
        if !self.pipes.iter().any(|pipe| pipe.file == file && pipe.lists.is_some()) {
            return;
        }
        let mut look = self.look(file);
        let mut all: Vec<(UnitId, u32, BTreeSet<usize>)> = Vec::new();
        for pipe in self.pipes.iter().filter(|pipe| pipe.file == file) {
            let Some(call) = pipe.call.and_then(|call| self.call(file, call)) else { continue };
            let Some(value) = pipe.lists.as_deref().and_then(|key| self.keyword(file, call, key)) else { continue };
            let mut found: BTreeSet<usize> = look.steps_in(call.scope, value, DEPTH).into_iter().collect();
            for _ in 0..DEPTH {
                let more: Vec<usize> = found.iter().flat_map(|step| look.chosen(*step)).collect();
                let before = found.len();
                found.extend(more);
                if found.len() == before {
                    break;
                }
            }
            all.push((pipe.unit, call.line, found));
        }
        for (unit, line, steps) in all {
            if steps.is_empty() {
                let what = "steps that cannot be told here".to_owned();
                self.hand_over(file, unit, line, &what, UsesTarget::Remote(what.clone()), EdgeKind::Contains);
            }
            for step in steps {
                let (Some(step), Some(left)) = (self.steps.get(step).cloned(), self.links.checked_sub(1)) else { continue };
                self.links = left;
                let to = self.target(step.file, step.unit, UnitKind::Job);
                let UsesTarget::Unit { name, .. } = &to else { continue };
                let says = name.clone();
                self.hand_over(file, unit, line, &says, to, EdgeKind::Contains);
            }
        }
    }

    fn look(&self, file: FileId) -> Look<'_, 'b> {
        let module = self.code(file).module();
        let mut given = Given::new();
        for assign in module.assigns.iter().filter(|a| a.kind != AssignKind::For) {
            for target in &assign.targets {
                let names: Vec<&Name> = match target {
                    Target::Name(name) => vec![name],
                    Target::Tuple(names) => names.iter().collect(),
                    Target::Item(of, _) => vec![of],
                };
                for name in names {
                    if let (Root::Local(local), true) = (&name.root, name.path.is_empty()) {
                        given.entry((assign.scope, local.as_str())).or_default().push(&assign.value);
                    }
                }
            }
        }
        // what is put into a list later is in it as well
        for call in module.calls.iter().filter(|call| matches!(call.callee.path.as_slice(), [method] if method == "append")) {
            if let (Root::Local(local), Some(value)) = (&call.callee.root, call.args.first()) {
                given.entry((call.scope, local.as_str())).or_default().push(value);
            }
        }
        Look { of: self, file, module, given, looks: LOOKS, pairs: BTreeSet::new() }
    }

    /// Whether a step runs although one before it failed.
    fn goes_on_anyway(&self, file: FileId, id: CallId, call: &'b Call) -> bool {
        // a decorated step has its keyword in the decorator
        let decorator = self.decorated(file, id, 4).and_then(|at| {
            let all = self.program.decorators(at).iter();
            all.filter_map(|d| self.call(at.file, d.call?)).find_map(|c| self.keyword(at.file, c, "trigger_rule"))
        });
        let Some(rule) = self.keyword(file, call, "trigger_rule").or(decorator) else { return false };
        let text = match self.program.meaning(At { file, scope: call.scope }, call.line, rule) {
            Some((Meaning::Literal(Value::Str(text)), _)) => text.to_lowercase(),
            _ => text_of(rule, 2).to_lowercase(),
        };
        let last = text.trim_matches('"').rsplit('.').next().unwrap_or_default();
        self.rule.anyway.iter().any(|word| word == last)
    }
}

/// Names in a text, a list or a mapping of texts.
fn named_data<'v>(value: &'v Value) -> Vec<&'v str> {
    let all: Vec<&'v Value> = match value {
        Value::List(items) | Value::Tuple(items) => items.iter().take(200).collect(),
        Value::Dict(pairs) => pairs.iter().take(200).map(|(_, item)| item).collect(),
        one => vec![one],
    };
    let name = |value: &'v Value| match value {
        Value::Str(name) => Some(name.as_str()),
        _ => None,
    };
    all.into_iter().filter_map(name).collect()
}

impl<'b> Look<'_, 'b> {
    fn add(&mut self, first: &[usize], then: &[usize]) {
        for one in first {
            for other in then {
                if one != other && self.pairs.len() < ORDERS {
                    self.pairs.insert((*one, *other));
                }
            }
        }
    }

    /// `a >> b`, `a.set_downstream(b)`, `chain(a, b)`.
    fn written(&mut self) {
        let module = self.module;
        let stated = module.expressions.iter().map(|e| (e.scope, &e.value));
        let assigned = module.assigns.iter().map(|a| (a.scope, &a.value));
        let returned = module.returns.iter().map(|r| (r.scope, &r.value));
        for (scope, value) in stated.chain(assigned).chain(returned) {
            self.shifts(scope, value, DEPTH);
        }
        for (id, call) in module.calls.iter().enumerate() {
            let arguments: Vec<Vec<usize>> =
                call.args.iter().take(100).map(|value| self.steps_in(call.scope, value, DEPTH)).collect();
            for value in call.args.iter().take(100) {
                self.shifts(call.scope, value, DEPTH);
            }
            if self.of.outside(self.file, id).is_some_and(|name| names(&self.of.rule.chains, name)) {
                for (first, then) in arguments.iter().zip(arguments.iter().skip(1)) {
                    self.add(first, then);
                }
                continue;
            }
            let method = call.callee.path.last().map(String::as_str);
            let after = method.is_some_and(|m| self.of.rule.after.iter().any(|word| word == m));
            if matches!(method, Some("set_downstream" | "set_upstream")) || after {
                let receiver = self.receiver(call);
                for argument in arguments {
                    match method {
                        _ if after => self.add(&argument, &receiver),
                        Some("set_upstream") => self.add(&argument, &receiver),
                        _ => self.add(&receiver, &argument),
                    }
                }
            }
        }
    }

    fn receiver(&mut self, call: &'b Call) -> Vec<usize> {
        match &call.callee.root {
            Root::Local(name) => self.named(call.scope, name, DEPTH),
            Root::Call(inner) => self.of_call(*inner, DEPTH),
            Root::Item(of, _) => of.dotted().map_or_else(Vec::new, |_| match &of.root {
                Root::Local(name) => self.named(call.scope, name, DEPTH),
                _ => Vec::new(),
            }),
            _ => Vec::new(),
        }
    }

    /// Orders inside a value. The left side may be a long chain, so it is walked without recursion.
    fn shifts(&mut self, scope: ScopeId, value: &'b Value, depth: u32) {
        let Some(depth) = depth.checked_sub(1) else { return };
        match value {
            Value::List(items) | Value::Tuple(items) => items.iter().take(200).for_each(|item| self.shifts(scope, item, depth)),
            Value::BinOp { .. } => {
                let mut at = value;
                for _ in 0..2_000 {
                    let Value::BinOp { op, left, right } = at else { break };
                    self.shifts(scope, right, depth);
                    if matches!(*op, ">>" | "<<") {
                        // what a chain gives is what stands at its right end
                        let near = match &**left {
                            Value::BinOp { op: ">>" | "<<", right, .. } => right,
                            _ => left,
                        };
                        let (near, far) = (self.steps_in(scope, near, DEPTH), self.steps_in(scope, right, DEPTH));
                        // a label between two steps stands for neither
                        let near = if near.is_empty() { self.before_label(scope, left) } else { near };
                        if *op == ">>" { self.add(&near, &far) } else { self.add(&far, &near) }
                    }
                    at = left;
                }
                if !matches!(at, Value::BinOp { .. }) {
                    self.shifts(scope, at, depth);
                }
            }
            _ => {}
        }
    }

    /// `a >> Label("x") >> b`: the step before what is no step.
    fn before_label(&mut self, scope: ScopeId, value: &'b Value) -> Vec<usize> {
        let mut at = value;
        for _ in 0..20 {
            let Value::BinOp { op: ">>" | "<<", left, .. } = at else { break };
            let near = match &**left {
                Value::BinOp { op: ">>" | "<<", right, .. } => right,
                _ => left,
            };
            let found = self.steps_in(scope, near, DEPTH);
            if !found.is_empty() {
                return found;
            }
            at = left;
        }
        Vec::new()
    }

    /// What one step takes from another.
    fn data(&mut self) {
        let own: Vec<(usize, CallId)> =
            self.of.steps.iter().enumerate().filter(|(_, s)| s.file == self.file).map(|(at, s)| (at, s.call)).collect();
        for (step, id) in own {
            let mut at = Some(id);
            // `task.partial(a=1).expand(b=rows)`: the inner call takes as well
            for _ in 0..4 {
                let Some(call) = at.and_then(|id| self.module.calls.get(id)) else { break };
                let branches = &self.of.rule.branches;
                let no_data = |key: &str| matches!(key, "dag" | "task_group") || branches.iter().any(|b| b == key);
                let named = call.keywords.iter().filter(|(key, _)| !no_data(key)).map(|(_, v)| v);
                let chosen = self.chosen(step);
                self.add(&[step], &chosen);
                for value in call.args.iter().chain(named).take(200) {
                    let from = self.steps_in(call.scope, value, DEPTH);
                    self.add(&from, &[step]);
                }
                at = match call.callee.root {
                    Root::Call(inner) => Some(inner),
                    _ => None,
                };
            }
        }
    }

    /// The steps of which one chooses.
    fn chosen(&mut self, step: usize) -> Vec<usize> {
        let Some(it) = self.of.steps.get(step).filter(|s| s.file == self.file) else { return Vec::new() };
        let Some(call) = self.module.calls.get(it.call) else { return Vec::new() };
        let rule = self.of.rule;
        let values = rule.branches.iter().filter_map(|key| call.keywords.iter().find(|(k, _)| k == key)).map(|(_, value)| value);
        values.flat_map(|value| self.steps_in(call.scope, value, DEPTH)).collect()
    }

    /// What a step makes for others is a thing of its own, which they name.
    fn made_for_others(&mut self) {
        let Some(key) = self.of.rule.outputs.as_deref() else { return };
        let own: Vec<(usize, CallId)> =
            self.of.steps.iter().enumerate().filter(|(_, s)| s.file == self.file).map(|(at, s)| (at, s.call)).collect();
        let mut made: BTreeMap<(ScopeId, &'b str), Vec<usize>> = BTreeMap::new();
        let mut taken: Vec<(usize, ScopeId, &'b str)> = Vec::new();
        for (step, id) in own {
            let Some(call) = self.module.calls.get(id) else { continue };
            for (of, value) in &call.keywords {
                let mut names = Vec::new();
                self.named_in(value, &mut names, DEPTH);
                match of == key {
                    true => names.into_iter().for_each(|name| made.entry((call.scope, name)).or_default().push(step)),
                    false => taken.extend(names.into_iter().map(|name| (step, call.scope, name))),
                }
            }
        }
        for (then, scope, name) in taken {
            if self.pairs.len() >= ORDERS {
                break;
            }
            // what a step is told to write stands among its arguments as well
            let from = made.get(&(scope, name)).filter(|from| !from.contains(&then)).cloned().unwrap_or_default();
            self.add(&from, &[then]);
        }
    }

    fn named_in(&mut self, value: &'b Value, found: &mut Vec<&'b str>, depth: u32) {
        let (Some(depth), Some(left)) = (depth.checked_sub(1), self.looks.checked_sub(1)) else { return };
        self.looks = left;
        match value {
            Value::Name(Name { root: Root::Local(name), .. }) => found.push(name),
            Value::List(items) | Value::Tuple(items) => items.iter().take(200).for_each(|item| self.named_in(item, found, depth)),
            Value::Call(id) => {
                let Some(call) = self.module.calls.get(*id) else { return };
                if let (Root::Local(name), false) = (&call.callee.root, call.callee.path.is_empty()) {
                    found.push(name);
                }
                call.args
                    .iter()
                    .chain(call.keywords.iter().map(|(_, v)| v))
                    .take(50)
                    .for_each(|v| self.named_in(v, found, depth));
            }
            _ => {}
        }
    }

    /// What one step takes by the name by which another gives it.
    fn by_name(&mut self) {
        let steps = &self.of.rule.steps;
        if steps.iter().all(|rule| rule.takes.is_none() || rule.gives.is_none()) {
            return;
        }
        let mut givers: BTreeMap<(Option<usize>, &'b str), Vec<usize>> = BTreeMap::new();
        let mut takers: Vec<(Option<usize>, &'b str, usize)> = Vec::new();
        for (step, it) in self.of.steps.iter().enumerate().filter(|(_, s)| s.file == self.file) {
            let (Some(call), Some(name)) = (self.module.calls.get(it.call), self.of.outside(self.file, it.call)) else {
                continue;
            };
            let Some(rule) = steps.iter().find(|rule| names(&rule.call, name)) else { continue };
            let given = |of: &Option<(String, usize)>| {
                let (key, at) = of.as_ref()?;
                self.of.keyword(self.file, call, key).or_else(|| call.args.get(*at))
            };
            for name in given(&rule.gives).map(named_data).unwrap_or_default() {
                givers.entry((it.pipe, name)).or_default().push(step);
            }
            takers.extend(given(&rule.takes).map(named_data).unwrap_or_default().into_iter().map(|name| (it.pipe, name, step)));
        }
        for (pipe, name, step) in takers {
            let first = givers.get(&(pipe, name)).cloned().unwrap_or_default();
            self.add(&first, &[step]);
        }
    }

    /// In a function that is the pipeline a call that is waited for comes before the next, where it runs at all.
    fn in_sequence(&mut self) {
        let mut waited: Vec<usize> = (0..self.of.steps.len())
            .filter(|at| self.of.steps.get(*at).is_some_and(|s| s.file == self.file && s.pipe.is_none() && s.waited))
            .collect();
        waited.sort_by_key(|at| self.of.steps.get(*at).map(|s| s.call));
        for (place, then) in waited.iter().enumerate() {
            let Some(after) = self.of.steps.get(*then).and_then(|s| self.module.calls.get(s.call)) else { continue };
            let before = waited[..place].iter().rev().take(100).find(|first| {
                self.of.steps.get(**first).and_then(|s| self.module.calls.get(s.call)).is_some_and(|call| {
                    call.scope == after.scope && call.in_try.is_none() && after.conditions.starts_with(&call.conditions)
                })
            });
            if let Some(before) = before.copied() {
                self.add(&[before], &[*then]);
            }
        }
    }

    /// The steps that a value stands for.
    fn steps_in(&mut self, scope: ScopeId, value: &'b Value, depth: u32) -> Vec<usize> {
        let Some(depth) = depth.checked_sub(1) else { return Vec::new() };
        let Some(left) = self.looks.checked_sub(1) else { return Vec::new() };
        self.looks = left;
        let mut found = match value {
            Value::Call(id) => self.of_call(*id, depth),
            Value::Name(name) => self.of_name(scope, name, depth),
            Value::List(items) | Value::Tuple(items) => {
                items.iter().take(200).flat_map(|item| self.steps_in(scope, item, depth)).collect()
            }
            Value::Dict(pairs) => pairs.iter().take(200).flat_map(|(_, item)| self.steps_in(scope, item, depth)).collect(),
            Value::Starred(inner) => self.steps_in(scope, inner, depth),
            Value::BinOp { op: ">>" | "<<", right, .. } => self.steps_in(scope, right, depth),
            Value::BinOp { left, right, .. } => {
                let mut both = self.steps_in(scope, left, depth);
                both.extend(self.steps_in(scope, right, depth));
                both
            }
            Value::Choice { then, otherwise, .. } => {
                let mut both = self.steps_in(scope, then, depth);
                both.extend(self.steps_in(scope, otherwise, depth));
                both
            }
            _ => Vec::new(),
        };
        found.sort_unstable();
        found.dedup();
        found
    }

    fn of_name(&mut self, scope: ScopeId, name: &'b Name, depth: u32) -> Vec<usize> {
        match &name.root {
            Root::Local(local) => self.named(scope, local, depth),
            Root::Call(id) => self.of_call(*id, depth),
            Root::Item(of, _) => match depth.checked_sub(1) {
                Some(depth) => self.of_name(scope, of, depth),
                None => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// Every step that a name is given, in the innermost scope that gives it anything.
    fn named(&mut self, scope: ScopeId, name: &'b str, depth: u32) -> Vec<usize> {
        let mut at = scope;
        for _ in 0..64 {
            if let Some(values) = self.given.get(&(at, name)).cloned() {
                return values.into_iter().take(50).flat_map(|value| self.steps_in(at, value, depth)).collect();
            }
            match self.module.scopes.get(at) {
                Some(it) if it.parent != at => at = it.parent,
                _ => break,
            }
        }
        Vec::new()
    }

    fn of_call(&mut self, id: CallId, depth: u32) -> Vec<usize> {
        if let Some(step) = self.of.by_call.get(&(self.file, id)) {
            return vec![*step];
        }
        let Some(call) = self.module.calls.get(id) else { return Vec::new() };
        // looking through all steps costs as much as looking at so many values
        let own_steps = u32::try_from(self.of.steps.len() / 16).unwrap_or(u32::MAX);
        // a context that bundles steps stands for those in it
        if self.of.outside(self.file, id).is_some_and(|name| names(&self.of.rule.groups, name)) {
            let within = |call: &Call| {
                call.conditions
                    .iter()
                    .filter_map(|f| self.module.flows.get(*f))
                    .any(|flow| flow.kind == FlowKind::With && flow.test == Some(Value::Call(id)))
            };
            self.looks = self.looks.saturating_sub(own_steps);
            let own = self.of.steps.iter().enumerate().filter(|(_, s)| s.file == self.file);
            return own.filter(|(_, s)| self.module.calls.get(s.call).is_some_and(within)).map(|(at, _)| at).collect();
        }
        // `a.result()`, `rows.get("x")`: what a step gave
        if !call.callee.path.is_empty() {
            let found = self.receiver_at(call, depth);
            if !found.is_empty() {
                return found;
            }
        }
        // a function that makes steps stands for them
        if let crate::resolve::program::Destination::Own { to, .. } = self.of.program.reached(self.file, id) {
            self.looks = self.looks.saturating_sub(own_steps);
            let own =
                self.of.steps.iter().enumerate().filter(|(_, s)| s.file == self.file && to.file == self.file && s.pipe.is_some());
            let made = own.filter(|(_, s)| self.module.calls.get(s.call).is_some_and(|c| c.scope == to.scope));
            return made.map(|(at, _)| at).collect();
        }
        // `int(rows)`, `Input(path=a.outputs)`: made of what steps gave
        let named = call.keywords.iter().map(|(_, value)| value);
        call.args.iter().chain(named).take(20).flat_map(|value| self.steps_in(call.scope, value, depth)).collect()
    }

    fn receiver_at(&mut self, call: &'b Call, depth: u32) -> Vec<usize> {
        match (&call.callee.root, depth.checked_sub(1)) {
            (Root::Local(name), Some(depth)) => self.named(call.scope, name, depth),
            (Root::Call(inner), Some(depth)) => self.of_call(*inner, depth),
            _ => Vec::new(),
        }
    }
}
