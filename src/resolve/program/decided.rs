//! What decides a verdict that own code hands on: the result of a function, an item or a field of what it gives back, a
//! name that is set where a test holds.
//!
//! Each answer is one step: the expressions that a value is the same as, and where they stand. Whoever asks goes on from
//! there, as far as it cares to.

use std::cell::Cell;

use super::index::What;
use super::infer::{Ctx, Infer, Type, decorated};
use super::{At, Destination, Program};
use crate::syntax::python::{CallId, Flow, FlowId, FlowKind, Name, Root, Target, Value};

/// Expressions of one answer.
const MAX_ANSWERS: usize = 24;
/// Names, functions and tables on the way to where an object is made.
const DEPTH: u32 = 6;

/// Steps for one answer.
const STEPS: u32 = 500;

/// How far may still be gone for one answer.
#[derive(Clone, Copy)]
struct Way<'c> {
    depth: u32,
    left: &'c Cell<u32>,
}

impl Way<'_> {
    fn step(self) -> Option<Self> {
        self.left.set(self.left.get().checked_sub(1)?);
        Some(Self { depth: self.depth.checked_sub(1)?, ..self })
    }
}

/// An expression, and where it stands.
type Stands<'p> = (At, u32, &'p Value);

/// What is taken of something that holds several.
#[derive(Clone, Copy)]
enum Pick<'p> {
    Field(&'p str),
    Key(&'p str),
    Part(usize),
}

impl Program {
    /// The expressions by which own code decides what a value is; none where it is no verdict of own code.
    pub(crate) fn decided_by<'p>(&'p self, at: At, line: u32, value: &'p Value) -> Vec<Stands<'p>> {
        let mut found = Vec::new();
        let left = Cell::new(STEPS);
        let way = Way { depth: DEPTH, left: &left };
        match value {
            Value::Call(id) => self.of_verdict_call(at, line, *id, way, &mut found),
            Value::Name(Name { root: Root::Local(local), path }) if path.is_empty() => self.set(at, line, local, way, &mut found),
            Value::Name(name) => {
                let picked = match (&name.root, name.path.as_slice()) {
                    (Root::Item(of, key), []) => match &**key {
                        Value::Str(key) => Some(((**of).clone(), Pick::Key(key))),
                        _ => None,
                    },
                    (root, [.., field]) => {
                        let before = name.path.split_last().map_or(&[][..], |(_, before)| before).to_vec();
                        Some((Name { root: root.clone(), path: before }, Pick::Field(field)))
                    }
                    _ => None,
                };
                if let Some((of, pick)) = picked {
                    self.pick_of_name(at, line, &of, pick, way, &mut found);
                }
            }
            _ => {}
        }
        found.truncate(MAX_ANSWERS);
        found
    }

    fn of_verdict_call<'p>(&'p self, at: At, line: u32, id: CallId, way: Way<'_>, found: &mut Vec<Stands<'p>>) {
        let Some(call) = self.world.files.get(at.file).and_then(|code| code.module().calls.get(id)) else { return };
        match (self.reached(at.file, id), call.callee.path.split_last(), call.args.first()) {
            (Destination::Own { to, makes: None, .. }, ..) => self.results_of(*to, found),
            // `report.get("ok")`
            (_, Some((method, before)), Some(Value::Str(key))) if method == "get" => {
                let of = Name { root: call.callee.root.clone(), path: before.to_vec() };
                self.pick_of_name(at, line, &of, Pick::Key(key), way, found);
            }
            (Destination::External { name, .. }, _, Some(first)) if matches!(&**name, "bool" | "all" | "any") => match first {
                Value::List(items) | Value::Tuple(items) => found.extend(items.iter().map(|item| (at, line, item))),
                one => found.push((at, line, one)),
            },
            _ => {}
        }
    }

    /// What a function gives back; where that is a plain yes or no, the tests under which it does.
    fn results_of<'p>(&'p self, function: At, found: &mut Vec<Stands<'p>>) {
        let Some(code) = self.world.files.get(function.file) else { return };
        for result in code.index.returns(function.scope).iter().filter_map(|i| code.module().returns.get(*i)) {
            if found.len() >= MAX_ANSWERS || result.yields {
                break;
            }
            self.one(function, result.line, &result.value, &result.conditions, found);
        }
    }

    /// A value, or what it is set under where it is a plain yes or no.
    fn one<'p>(&'p self, at: At, line: u32, value: &'p Value, under: &'p [FlowId], found: &mut Vec<Stands<'p>>) {
        match value {
            Value::Bool(_) => {
                let flows = self.world.files.get(at.file).map_or(&[][..], |code| code.module().flows.as_slice());
                let tests = under.iter().filter_map(|id| flows.get(*id));
                let tests = tests.filter(|flow: &&Flow| matches!(flow.kind, FlowKind::If | FlowKind::Elif));
                found.extend(tests.filter_map(|flow| Some((at, flow.line, flow.test.as_ref()?))));
            }
            other => found.push((at, line, other)),
        }
    }

    /// What a plain name is set to where it is used.
    fn set<'p>(&'p self, at: At, line: u32, name: &str, way: Way<'_>, found: &mut Vec<Stands<'p>>) {
        for (stands, under, part) in self.bindings(at, line, name) {
            match part {
                None => self.one(stands.0, stands.1, stands.2, under, found),
                Some(part) => self.pick(stands, Pick::Part(part), way, found),
            }
        }
    }

    /// The bindings of a plain name that count where it is used: the expressions, the flows under which they stand, and the
    /// position where they are unpacked.
    fn bindings<'p>(&'p self, at: At, line: u32, name: &str) -> Vec<(Stands<'p>, &'p [FlowId], Option<usize>)> {
        let ctx = Ctx { file: at.file, scope: at.scope, at: line, conditions: &[] };
        let Some(code) = self.world.files.get(at.file) else { return Vec::new() };
        let module = code.module();
        let Some((scope, Some(binds))) = self.world.binds(ctx, name) else { return Vec::new() };
        let here = scope == super::index::home(module, at.scope);
        let mut found = Vec::new();
        for bind in binds.iter().filter(|bind| !here || bind.line <= line).rev().take(MAX_ANSWERS) {
            match bind.what {
                What::Assign(id, part) => {
                    let Some(assign) = module.assigns.get(id) else { continue };
                    let stands = (At { file: at.file, scope: assign.scope }, assign.line, &assign.value);
                    found.push((stands, assign.conditions.as_slice(), part));
                    // what is set in any case hides what was set before
                    if assign.conditions.is_empty() {
                        break;
                    }
                }
                What::Param(function, position) => {
                    let Some(param) = module.scopes.get(function).and_then(|scope| scope.params.get(position)) else { break };
                    for (file, id, offset) in self.callers(At { file: at.file, scope: function }) {
                        let Some(call) = self.world.files.get(file).and_then(|code| code.module().calls.get(id)) else {
                            continue;
                        };
                        let named = call.keywords.iter().find(|(key, _)| *key == param.name).map(|(_, value)| value);
                        let placed = || position.checked_sub(offset).and_then(|at| call.args.get(at));
                        if let Some(value) = named.or_else(placed) {
                            found.push(((At { file, scope: call.scope }, self.line_of(file, id), value), &[], None));
                        }
                    }
                    break;
                }
                _ => break,
            }
        }
        found
    }

    /// A part of what a name stands for.
    fn pick_of_name<'p>(&'p self, at: At, line: u32, name: &Name, pick: Pick<'p>, way: Way<'_>, found: &mut Vec<Stands<'p>>) {
        let Some(way) = way.step() else { return };
        let before = found.len();
        match (&name.root, name.path.as_slice()) {
            (Root::Local(local), []) => {
                // `report["ok"] = …` after `report = {}`
                if let Pick::Key(key) = pick {
                    self.put_under(at, line, local, key, found);
                }
                for (stands, _, part) in self.bindings(at, line, local) {
                    match part {
                        None => self.pick(stands, pick, way, found),
                        Some(part) => {
                            let mut parts = Vec::new();
                            self.pick(stands, Pick::Part(part), way, &mut parts);
                            parts.into_iter().for_each(|stands| self.pick(stands, pick, way, found));
                        }
                    }
                }
            }
            (Root::Call(id), []) => self.pick_of_call(at, line, *id, pick, way, found),
            _ => {}
        }
        if let (true, Pick::Field(field)) = (found.len() == before, pick) {
            let ctx = Ctx { file: at.file, scope: at.scope, at: line, conditions: &[] };
            let of = Infer::new(&self.world, Some(&self.sites)).name_of(name, ctx);
            if let Some(Type::Object(class) | Type::Itself(class)) = of {
                self.field_of(class, field, None, found);
            }
        }
    }

    /// What is put into a table of the same function under a key.
    fn put_under<'p>(&'p self, at: At, line: u32, table: &str, key: &str, found: &mut Vec<Stands<'p>>) {
        let Some(code) = self.world.files.get(at.file) else { return };
        let is = |target: &Target| match target {
            Target::Item(Name { root: Root::Local(local), path }, Value::Str(word)) => {
                path.is_empty() && local == table && word == key
            }
            _ => false,
        };
        let put = code.module().assigns.iter().filter(|a| a.scope == at.scope && a.line <= line && a.targets.iter().any(is));
        for assign in put.take(MAX_ANSWERS) {
            self.one(At { file: at.file, scope: assign.scope }, assign.line, &assign.value, &assign.conditions, found);
        }
    }

    /// A part of what an expression gives.
    fn pick<'p>(&'p self, (at, line, value): Stands<'p>, pick: Pick<'p>, way: Way<'_>, found: &mut Vec<Stands<'p>>) {
        let Some(way) = way.step().filter(|_| found.len() < MAX_ANSWERS) else { return };
        match (value, pick) {
            (Value::Dict(pairs), Pick::Key(key)) => {
                let value = pairs.iter().rev().find(|(k, _)| matches!(k, Value::Str(text) if text == key));
                found.extend(value.map(|(_, value)| (at, line, value)));
            }
            (Value::Tuple(items) | Value::List(items), Pick::Part(part)) => {
                found.extend(items.get(part).map(|item| (at, line, item)));
            }
            (Value::Call(id), _) => self.pick_of_call(at, line, *id, pick, way, found),
            (Value::Name(name), _) => self.pick_of_name(at, line, name, pick, way, found),
            _ => {}
        }
    }

    fn pick_of_call<'p>(&'p self, at: At, line: u32, id: CallId, pick: Pick<'p>, way: Way<'_>, found: &mut Vec<Stands<'p>>) {
        match self.reached(at.file, id) {
            Destination::Own { makes: Some(class), .. } => {
                if let Pick::Field(field) = pick {
                    self.field_of(*class, field, Some((at, line, id)), found);
                }
            }
            Destination::Own { to, .. } => {
                let Some(code) = self.world.files.get(to.file) else { return };
                for result in code.index.returns(to.scope).iter().filter_map(|i| code.module().returns.get(*i)) {
                    if !result.yields {
                        self.pick((*to, result.line, &result.value), pick, way, found);
                    }
                }
            }
            _ => {}
        }
    }

    /// A field of the objects of a class: what a property gives, what the object is made with, what its methods set it to.
    fn field_of<'p>(&'p self, class: At, field: &str, made: Option<(At, u32, CallId)>, found: &mut Vec<Stands<'p>>) {
        for own in self.class_order(class) {
            let Some(code) = self.world.files.get(own.file) else { continue };
            let module = code.module();
            if let Some(scope) = code.index.definition(own.scope, field) {
                let decorators = module.scopes.get(scope).map_or(&[][..], |s| s.decorators.as_slice());
                if decorated(decorators, "property") || decorated(decorators, "cached_property") {
                    self.results_of(At { scope, ..*own }, found);
                }
                return;
            }
            if let Some(binds) = code.index.field(own.scope, field) {
                for bind in binds.iter().take(MAX_ANSWERS) {
                    if let What::Assign(id, None) = bind.what
                        && let Some(assign) = module.assigns.get(id)
                    {
                        self.one(At { scope: assign.scope, ..*own }, assign.line, &assign.value, &assign.conditions, found);
                    }
                }
                return;
            }
            let declared = module.assigns.iter().filter(|a| a.scope == own.scope && a.annotation.is_some());
            let is = |t: &Target| matches!(t, Target::Name(name) if name.path.is_empty() && name.last() == Some(field));
            let Some(position) = declared.into_iter().position(|a| a.targets.iter().any(is)) else { continue };
            let sites = self.callers(class).into_iter().map(|(file, id, _)| {
                let scope = self.world.files.get(file).and_then(|c| c.module().calls.get(id)).map_or(0, |c| c.scope);
                (At { file, scope }, self.line_of(file, id), id)
            });
            let sites = made.map_or_else(|| sites.collect(), |one| vec![one]);
            for (at, line, id) in sites {
                let Some(call) = self.world.files.get(at.file).and_then(|c| c.module().calls.get(id)) else { continue };
                let named = call.keywords.iter().find(|(key, _)| key == field).map(|(_, value)| value);
                found.extend(named.or_else(|| call.args.get(position)).map(|value| (at, line, value)));
            }
            return;
        }
    }
}
