//! Whether the code that makes an object keeps it: asks it for its own methods, and hands it to nobody who might run others.
//! Why: a library runs methods of an object only if it is given the object.
//!
//! Invariants: what cannot be told counts as handed on; the search through functions that give the object back is bounded.

use super::Build;
use crate::resolve::program::{At, Destination, FileId};
use crate::syntax::python::{CallId, Module, Name, Part, Root, ScopeId, ScopeKind, Target, Value};

/// Most functions one after the other that give the object back.
const DEPTH: usize = 3;
/// Most places that one of them is called at.
const MAX_CALLERS: usize = 20;

/// By what the object is known.
enum Held<'m> {
    /// A variable, seen in that scope and those inside, or everywhere in the file.
    Variable(&'m str, Option<ScopeId>),
    /// An attribute of `self`.
    Field(&'m str),
}

impl Build<'_> {
    /// Whether the object that a call makes is only asked by own code, for methods that are written here.
    pub(super) fn is_kept(&self, file: FileId, made: CallId, depth: usize) -> bool {
        let Some(code) = self.program.files().get(file).filter(|_| depth <= DEPTH) else { return false };
        let module = code.module();
        let Some(call) = module.calls.get(made).filter(|call| !call.discarded) else { return false };
        let is_made = |value: &Value| matches!(value, Value::Call(it) if *it == made);
        let holds = |value: &Value| any(value, &is_made);
        let mut asked = false;
        for (id, other) in module.calls.iter().enumerate() {
            if other.callee.root == Root::Call(made) {
                if !self.is_own(file, id) {
                    return false;
                }
                asked = true;
            }
            if other.args.iter().chain(other.keywords.iter().map(|(_, value)| value)).any(holds) {
                return false;
            }
        }
        if module.expressions.iter().any(|it| holds(&it.value)) {
            return false;
        }
        let mut given_back = false;
        for it in module.returns.iter().filter(|it| holds(&it.value)) {
            if it.yields || !is_made(&it.value) {
                return false;
            }
            given_back = true;
        }
        for assign in module.assigns.iter().filter(|it| holds(&it.value)) {
            for target in &assign.targets {
                let Some(held) = held(module, target, assign.scope).filter(|_| is_made(&assign.value)) else { return false };
                if matches!(held, Held::Variable(_, None)) && self.imported.contains(&file) {
                    return false;
                }
                match self.uses(file, module, &held) {
                    Some((here, back)) => {
                        asked |= here;
                        given_back |= back;
                    }
                    None => return false,
                }
            }
        }
        if given_back {
            let function = At { file, scope: call.scope };
            let plain =
                module.scopes.get(call.scope).is_some_and(|it| it.kind == ScopeKind::Function && it.decorators.is_empty());
            let callers = self.callers.get(&function).map_or(&[][..], Vec::as_slice);
            if !plain || self.handed.contains(&function) || callers.is_empty() || callers.len() > MAX_CALLERS {
                return false;
            }
            return callers.iter().all(|(file, call)| self.is_kept(*file, *call, depth + 1));
        }
        asked
    }

    fn is_own(&self, file: FileId, call: CallId) -> bool {
        matches!(self.program.reached(file, call), Destination::Own { .. })
    }

    /// Whether what is held is asked for an own method, and whether it is given back; none where it is handed on.
    fn uses(&self, file: FileId, module: &Module, held: &Held<'_>) -> Option<(bool, bool)> {
        let (mut asked, mut given_back) = (false, false);
        let rest = |name: &Name, scope: ScopeId| held.rest(module, name, scope);
        let is_it = |value: &Value, scope: ScopeId| matches!(value, Value::Name(name) if rest(name, scope) == Some(0));
        let holds = |value: &Value, scope: ScopeId| any(value, &|value| is_it(value, scope));
        for (id, call) in module.calls.iter().enumerate() {
            match rest(&call.callee, call.scope) {
                Some(0 | 1) if !self.is_own(file, id) => return None,
                Some(0 | 1) => asked = true,
                _ => {}
            }
            if call.args.iter().chain(call.keywords.iter().map(|(_, value)| value)).any(|value| holds(value, call.scope)) {
                return None;
            }
        }
        if module.expressions.iter().any(|it| holds(&it.value, it.scope))
            || module.assigns.iter().any(|it| holds(&it.value, it.scope))
        {
            return None;
        }
        for it in module.returns.iter().filter(|it| holds(&it.value, it.scope)) {
            if it.yields || !is_it(&it.value, it.scope) || matches!(held, Held::Field(_)) {
                return None;
            }
            given_back = true;
        }
        Some((asked, given_back))
    }
}

impl Held<'_> {
    /// How many attributes a name takes from what is held, where it begins with that.
    fn rest(&self, module: &Module, name: &Name, scope: ScopeId) -> Option<usize> {
        match self {
            Self::Variable(own, seen) => {
                let here = name.root == Root::Local((*own).to_owned()) && seen.is_none_or(|outer| within(module, scope, outer));
                here.then_some(name.path.len())
            }
            // another object may be the one that holds it
            Self::Field(own) => name.path.iter().position(|part| part == own).map(|at| name.path.len() - at - 1),
        }
    }
}

/// By what a target makes an object known, where that is a variable or an attribute of `self`.
fn held<'m>(module: &'m Module, target: &'m Target, scope: ScopeId) -> Option<Held<'m>> {
    let Target::Name(Name { root: Root::Local(first), path }) = target else { return None };
    let it = module.scopes.get(scope)?;
    match (&path[..], it.kind) {
        ([], ScopeKind::Function) if !it.globals.contains(first) => Some(Held::Variable(first, Some(scope))),
        ([], ScopeKind::Module | ScopeKind::Main) => Some(Held::Variable(first, None)),
        ([field], ScopeKind::Function) if first == "self" => Some(Held::Field(field)),
        _ => None,
    }
}

/// Whether a scope is another one or stands in it.
fn within(module: &Module, mut scope: ScopeId, outer: ScopeId) -> bool {
    while scope != outer {
        match module.scopes.get(scope) {
            // what stands around begins before
            Some(it) if it.parent < scope => scope = it.parent,
            _ => return false,
        }
    }
    true
}

/// Whether a value, or one that it is made of, is what is asked for. Values nest only so deep.
fn any(value: &Value, is: &dyn Fn(&Value) -> bool) -> bool {
    if is(value) {
        return true;
    }
    let of = |value: &Value| any(value, is);
    match value {
        Value::FString { parts } => parts.iter().any(|part| matches!(part, Part::Hole(value) if of(value))),
        Value::List(all) | Value::Tuple(all) | Value::BoolOp { values: all, .. } => all.iter().any(of),
        Value::Dict(pairs) => pairs.iter().any(|(key, value)| of(key) || of(value)),
        Value::BinOp { left, right, .. } => of(left) || of(right),
        Value::Starred(inner) => of(inner),
        Value::Choice { then, otherwise, .. } => of(then) || of(otherwise),
        _ => false,
    }
}
