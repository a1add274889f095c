//! Where the value of a name was made: the call, through names, attributes of objects, parameters and small functions.
//!
//! Invariants: one place or none: what may have been made in several places has no origin; steps are bounded.

use super::super::python::Place;
use super::index::{Bind, What, home};
use super::infer::{Ctx, Infer, Type, decorated};
use super::{At, Destination, FileId, Program};
use crate::syntax::python::{CallId, Name, Root, Value};

/// Names, attributes, parameters and functions on the way.
const STEPS: u32 = 16;
/// Callers that are asked what they give.
const CALLERS: usize = 20;

impl Program {
    /// The call that made a value (`line` in the code), whatever names it has had since.
    pub(crate) fn origin(&self, at: At, line: u32, value: &Value) -> Option<(FileId, CallId)> {
        self.origin_of(at, line, value, STEPS)
    }

    /// The literal that a value is, and where that stands.
    pub(crate) fn literal<'p>(&'p self, at: At, line: u32, value: &'p Value) -> Option<(At, u32, &'p Value)> {
        let ctx = Ctx { file: at.file, scope: at.scope, at: line, conditions: &[] };
        let found = Infer::new(&self.world, Some(&self.sites)).value(value, ctx)?;
        match found.what {
            Type::Literal(value, ctx) if found.sure => Some((At { file: ctx.file, scope: ctx.scope }, ctx.at, value)),
            _ => None,
        }
    }

    /// What a name, or an attribute of an own object, is bound to, where that is one thing, and where that stands: through
    /// parameters what all callers give.
    pub(crate) fn bound_to<'p>(&'p self, at: At, line: u32, name: &'p Name) -> Option<(At, u32, &'p Value)> {
        let Root::Local(local) = &name.root else { return None };
        match name.path.as_slice() {
            [] => {
                let (file, bind) = self.last_bind(at, line, local)?;
                self.expression(file, bind)
            }
            [field] => {
                let ctx = Ctx { file: at.file, scope: at.scope, at: line, conditions: &[] };
                let of = Infer::new(&self.world, Some(&self.sites)).chain(name, 0, ctx)?;
                let (Type::Object(class) | Type::Itself(class)) = of.what else { return None };
                let own = self
                    .class_order(class)
                    .iter()
                    .find_map(|own| Some((own.file, self.world.files.get(own.file)?.index.field(own.scope, field)?)));
                let (file, [only]) = own? else { return None };
                self.expression(file, only)
            }
            _ => None,
        }
    }

    /// What a plain name is bound to, where that is one thing, and where that stands.
    pub(crate) fn bound_locally(&self, at: At, line: u32, local: &str) -> Option<(At, u32, &Value)> {
        let (file, bind) = self.last_bind(at, line, local)?;
        self.expression(file, bind)
    }

    /// The expression that a binding gives.
    fn expression(&self, file: FileId, bind: &Bind) -> Option<(At, u32, &Value)> {
        let module = self.world.files.get(file)?.module();
        match bind.what {
            What::Assign(id, None) => {
                let assign = module.assigns.get(id)?;
                Some((At { file, scope: assign.scope }, assign.line, &assign.value))
            }
            What::Import(id) => {
                let import = module.imports.get(id)?;
                let from = &self.world.files.get(file)?.from;
                let Some(Place::File(path)) = self.world.modules.of_import(from, import) else { return None };
                let file = *self.world.by_path.get(&path)?;
                let [only @ Bind { what: What::Assign(..), .. }] =
                    self.world.files.get(file)?.index.name(0, import.name.as_deref()?)?
                else {
                    return None;
                };
                self.expression(file, only)
            }
            What::Param(scope, position) => {
                let function = module.scopes.get(scope)?;
                let param = function.params.get(position)?;
                let around = At { file, scope: function.parent };
                let mut given = self.callers(At { file, scope }).into_iter().take(CALLERS).map(|(from, id, offset)| {
                    let call = self.world.files.get(from)?.module().calls.get(id)?;
                    let by_name = call.keywords.iter().find(|(key, _)| *key == param.name).map(|(_, v)| v);
                    match by_name.or_else(|| call.args.get(position.checked_sub(offset)?)) {
                        Some(value) => Some((At { file: from, scope: call.scope }, self.line_of(from, id), value)),
                        None => Some((around, function.line, param.default.as_ref()?)),
                    }
                });
                let first = given.next()??;
                let plain = matches!(first.2, Value::Str(_) | Value::Int(_) | Value::Bool(_) | Value::None);
                given.all(|other| plain && other.is_some_and(|other| other.2 == first.2)).then_some(first)
            }
            _ => None,
        }
    }

    fn origin_of(&self, at: At, line: u32, value: &Value, steps: u32) -> Option<(FileId, CallId)> {
        let steps = steps.checked_sub(1)?;
        match value {
            Value::Call(call) => self.of_call(at.file, *call, steps),
            Value::Name(name) => self.of_name(at, line, name, name.path.len(), steps),
            _ => None,
        }
    }

    /// What a call gives that is made further in, by an own function; else the call itself.
    fn of_call(&self, file: FileId, call: CallId, steps: u32) -> Option<(FileId, CallId)> {
        match self.reached(file, call) {
            Destination::Own { to, makes: None, .. } => self.of_function(*to, steps.checked_sub(1)?),
            _ => Some((file, call)),
        }
    }

    /// The one result of a function.
    fn of_function(&self, function: At, steps: u32) -> Option<(FileId, CallId)> {
        let code = self.world.files.get(function.file)?;
        let [only] = code.index.returns(function.scope) else { return None };
        let result = code.module().returns.get(*only).filter(|r| !r.yields)?;
        self.origin_of(function, result.line, &result.value, steps)
    }

    /// The line before which names in a call are bound.
    pub(crate) fn line_of(&self, file: FileId, call: CallId) -> u32 {
        self.world.files.get(file).map_or(u32::MAX, |code| code.index.call_line(call))
    }

    /// The call that made what the first attributes of a name lead to.
    pub(crate) fn origin_within(&self, at: At, line: u32, name: &Name, attributes: usize) -> Option<(FileId, CallId)> {
        self.of_name(at, line, name, attributes, STEPS)
    }

    fn of_name(&self, at: At, line: u32, name: &Name, attributes: usize, steps: u32) -> Option<(FileId, CallId)> {
        let steps = steps.checked_sub(1)?;
        let Some(last) = attributes.checked_sub(1) else {
            return match &name.root {
                Root::Local(local) => self.of_local(at, line, local, steps),
                Root::Call(call) => self.of_call(at.file, *call, steps),
                _ => None,
            };
        };
        let field = name.path.get(last)?;
        let ctx = Ctx { file: at.file, scope: at.scope, at: line, conditions: &[] };
        let of = Infer::new(&self.world, Some(&self.sites)).chain(name, last, ctx)?;
        match of.what {
            Type::Object(class) | Type::Itself(class) => self.of_field(class, field, steps),
            _ => None,
        }
    }

    /// What the objects of a class have under a name.
    fn of_field(&self, class: At, field: &str, steps: u32) -> Option<(FileId, CallId)> {
        for own in self.class_order(class) {
            let code = self.world.files.get(own.file)?;
            if let Some(scope) = code.index.definition(own.scope, field) {
                let decorators = &code.module().scopes.get(scope)?.decorators;
                let is_value = decorated(decorators, "property") || decorated(decorators, "cached_property");
                return if is_value { self.of_function(At { scope, ..*own }, steps) } else { None };
            }
            if let Some(binds) = code.index.field(own.scope, field) {
                let [only] = binds else { return None };
                return self.of_bind(own.file, only, steps);
            }
        }
        None
    }

    fn of_local(&self, at: At, line: u32, name: &str, steps: u32) -> Option<(FileId, CallId)> {
        let (file, bind) = self.last_bind(at, line, name)?;
        self.of_bind(file, bind, steps)
    }

    /// What a plain name is bound to where it is used.
    fn last_bind(&self, at: At, line: u32, name: &str) -> Option<(FileId, &Bind)> {
        let ctx = Ctx { file: at.file, scope: at.scope, at: line, conditions: &[] };
        let (scope, binds) = self.world.binds(ctx, name)?;
        let module = self.world.files.get(at.file)?.module();
        let here = scope == home(module, at.scope);
        let before: Vec<&Bind> = binds?.iter().filter(|bind| !here || bind.line < line).collect();
        let last = *before.last()?;
        // one that may not have happened leaves what was there before
        let maybe = matches!(last.what, What::Assign(id, _) if module.assigns.get(id).is_some_and(|a| !a.conditions.is_empty()));
        if before.len() > 1 && (maybe || !here) { None } else { Some((at.file, last)) }
    }

    fn of_bind(&self, file: FileId, bind: &Bind, steps: u32) -> Option<(FileId, CallId)> {
        let steps = steps.checked_sub(1)?;
        let module = self.world.files.get(file)?.module();
        match bind.what {
            What::Assign(id, None) => {
                let assign = module.assigns.get(id)?;
                self.origin_of(At { file, scope: assign.scope }, assign.line, &assign.value, steps)
            }
            What::Import(id) => {
                let import = module.imports.get(id)?;
                let name = import.name.as_deref()?;
                let from = &self.world.files.get(file)?.from;
                let Some(Place::File(path)) = self.world.modules.of_import(from, import) else { return None };
                let file = *self.world.by_path.get(&path)?;
                self.of_local(At { file, scope: 0 }, u32::MAX, name, steps)
            }
            What::Param(scope, position) => {
                let param = module.scopes.get(scope)?.params.get(position)?;
                let mut found = self.callers(At { file, scope }).into_iter().take(CALLERS).map(|(file, id, offset)| {
                    let call = self.world.files.get(file)?.module().calls.get(id)?;
                    let by_name = call.keywords.iter().find(|(key, _)| *key == param.name).map(|(_, v)| v);
                    let value = by_name.or_else(|| call.args.get(position.checked_sub(offset)?))?;
                    self.origin_of(At { file, scope: call.scope }, self.line_of(file, id), value, steps)
                });
                let first = found.next()??;
                found.all(|other| other == Some(first)).then_some(first)
            }
            _ => None,
        }
    }
}
