//! What single values stand for, for those who lower definitions written in Python.

use std::sync::Arc;

use super::index::What;
use super::infer::{Ctx, Infer, Type};
use super::{At, FileId, Program};
use crate::resolve::python::Place;
use crate::syntax::python::{CallId, Name, Root, Value};

/// Aliases, imports and callers on the way to where a value is made.
const STEPS: u32 = 8;

/// What a value stands for.
#[derive(Debug, Clone)]
pub(crate) enum Meaning<'p> {
    /// A literal.
    Literal(&'p Value),
    /// The thing of this name, from outside.
    Outside(Arc<str>),
    /// What calling the thing of this name gives.
    Made(Arc<str>),
    /// An own function.
    Function(At),
    /// Something else of this repository.
    Own,
}

impl Program {
    /// What a value stands for where it is used (`line` in the code), and whether it was followed literally.
    pub(crate) fn meaning<'p>(&'p self, at: At, line: u32, value: &'p Value) -> Option<(Meaning<'p>, bool)> {
        let ctx = Ctx { file: at.file, scope: at.scope, at: line, conditions: &[] };
        let found = Infer::new(&self.world, Some(&self.sites)).value(value, ctx)?;
        let what = match found.what {
            Type::Literal(value, _) => Meaning::Literal(value),
            Type::External(name) => Meaning::Outside(name),
            Type::Instance(name) => Meaning::Made(name),
            Type::Function(f) | Type::Method(f, _) => Meaning::Function(f),
            _ => Meaning::Own,
        };
        Some((what, found.sure))
    }

    /// The call whose result a value is, followed through names, imports and parameters; the last binding counts.
    pub(crate) fn maker(&self, at: At, line: u32, value: &Value) -> Option<(FileId, CallId)> {
        self.made(at, line, value, STEPS)
    }

    fn made(&self, at: At, line: u32, value: &Value, steps: u32) -> Option<(FileId, CallId)> {
        let steps = steps.checked_sub(1)?;
        match value {
            Value::Call(call) => Some((at.file, *call)),
            Value::Name(Name { root: Root::Local(name), path }) if path.is_empty() => self.bound(at, line, name, steps),
            _ => None,
        }
    }

    fn bound(&self, at: At, line: u32, name: &str, steps: u32) -> Option<(FileId, CallId)> {
        let steps = steps.checked_sub(1)?;
        let ctx = Ctx { file: at.file, scope: at.scope, at: line, conditions: &[] };
        let (scope, binds) = self.world.binds(ctx, name)?;
        let binds = binds?;
        let here = scope == super::index::home(self.world.files.get(at.file)?.module(), at.scope);
        let bind = binds.iter().rev().find(|b| !here || b.line <= line).or_else(|| binds.last())?;
        let module = self.world.files.get(at.file)?.module();
        match bind.what {
            What::Assign(id, None) => {
                let assign = module.assigns.get(id)?;
                self.made(At { scope: assign.scope, ..at }, assign.line, &assign.value, steps)
            }
            What::Import(id) => {
                let import = module.imports.get(id)?;
                let name = import.name.as_deref()?;
                let from = &self.world.files.get(at.file)?.from;
                let Some(Place::File(path)) = self.world.modules.of_import(from, import) else { return None };
                let file = *self.world.by_path.get(&path)?;
                self.bound(At { file, scope: 0 }, u32::MAX, name, steps)
            }
            What::Param(scope, position) => {
                let function = At { scope, ..at };
                let name = module.scopes.get(scope)?.params.get(position)?.name.as_str();
                let mut found = self.callers(function).into_iter().take(20).map(|(file, call, offset)| {
                    let call = self.world.files.get(file)?.module().calls.get(call)?;
                    let by_name = call.keywords.iter().find(|(key, _)| key == name).map(|(_, v)| v);
                    let value = by_name.or_else(|| call.args.get(position.checked_sub(offset)?))?;
                    self.made(At { file, scope: call.scope }, call.line, value, steps)
                });
                let first = found.next()??;
                found.all(|other| other == Some(first)).then_some(first)
            }
            _ => None,
        }
    }
}
