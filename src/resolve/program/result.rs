//! What calls give.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::python::Place;
use super::infer::{Ctx, Found, Infer, Key, Type, joined};
use super::settle::Settled;
use super::{At, FileId, World};
use crate::source::RepoPath;
use crate::syntax::python::{Call, CallId, Name, ScopeKind, Value};

/// Methods that by custom give back what they are called on, so that chains keep their type.
const FLUENT: &[&str] = &[
    "fit",
    "partial_fit",
    "set_params",
    "set_output",
    "to",
    "cpu",
    "cuda",
    "half",
    "float",
    "double",
    "bfloat16",
    "eval",
    "train",
    "requires_grad_",
    "share_memory",
    "copy",
    "clone",
];

/// Most modules that commands name of which one may be meant.
const MAX_TOLD: usize = 8;

impl<'f> Infer<'f> {
    /// What a call calls.
    pub(super) fn callee(&mut self, file: FileId, call: CallId) -> Option<Found<'f>> {
        self.once(Key::Callee(file, call), |this| {
            let ctx = this.world.at_call(file, call)?;
            let call = this.world.files.get(file)?.module().calls.get(call)?;
            this.name(&call.callee, ctx)
        })
    }

    /// What a call gives.
    pub(super) fn result(&mut self, file: FileId, call: CallId) -> Option<Found<'f>> {
        self.once(Key::Call(file, call), |this| {
            let ctx = this.world.at_call(file, call)?;
            let written = this.world.files.get(file)?.module().calls.get(call)?;
            if let Some(found) = this.of_table(written, ctx) {
                return Some(found);
            }
            let callee = this.callee(file, call)?;
            let sure = callee.sure;
            match callee.what {
                Type::External(name) => Some(match this.made(written, ctx) {
                    Some(object) => object,
                    None => this.outside(name, written, ctx)?.after(sure),
                }),
                Type::Instance(name) => Some(Found { what: Type::Instance(joined(&name, '#', "__call__")?), sure }),
                Type::Class(class) => Some(Found { what: Type::Object(class), sure }),
                Type::Function(f) => Some(this.returned(f)?.after(sure)),
                Type::Method(f, class) => {
                    let found = this.returned(f)?.after(sure);
                    // a method that gives back its object gives back this one
                    Some(match found.what {
                        Type::Itself(_) => Found { what: Type::Object(class), ..found },
                        _ => found,
                    })
                }
                Type::Object(class) | Type::Itself(class) => {
                    let call = this.method(class, "__call__")?;
                    Some(this.returned(call)?.after(sure))
                }
                Type::Module(_) | Type::Super(_) | Type::Literal(..) | Type::Tables(_) => None,
            }
        })
    }

    /// `Own.model_validate(…)`, where the method is of the class from outside that `Own` builds on.
    fn made(&mut self, call: &'f Call, ctx: Ctx<'f>) -> Option<Found<'f>> {
        self.world.callables.made_by.get(call.callee.path.last()?)?;
        match self.chain(&call.callee, call.callee.path.len().checked_sub(1)?, ctx)?.what {
            Type::Class(class) => Some(Found { what: Type::Object(class), sure: false }),
            _ => None,
        }
    }

    /// `TABLE.get("key")`, `TABLE.pop("key")` on a literal table.
    fn of_table(&mut self, call: &'f Call, ctx: Ctx<'f>) -> Option<Found<'f>> {
        let method = call.callee.path.last()?;
        let key = call.args.first().filter(|_| matches!(method.as_str(), "get" | "pop" | "__getitem__"))?;
        match self.chain(&call.callee, call.callee.path.len().checked_sub(1)?, ctx)? {
            Found { what: Type::Literal(table @ Value::Dict(_), inside), sure } => {
                self.literal_item(table, key, *inside, ctx).map(|f| f.after(sure))
            }
            _ => None,
        }
    }

    /// What calling something from outside gives; Python's own ways to hand things around are followed.
    fn outside(&mut self, name: Arc<str>, call: &'f Call, ctx: Ctx<'f>) -> Option<Found<'f>> {
        let world = self.world;
        let first = call.args.first();
        if let Some(found) = self.stood_for(&name, call, ctx) {
            return Some(found);
        }
        match &*name {
            "functools.partial"
            | "functools.partialmethod"
            | "copy.copy"
            | "copy.deepcopy"
            | "asyncio.run"
            | "list"
            | "tuple"
            | "sorted"
            | "reversed"
            | "iter"
            | "functools.lru_cache"
            | "functools.cache" => {
                if let Some(found) = first.and_then(|v| self.value(v, ctx)) {
                    return Some(found);
                }
            }
            "typing.cast" => {
                if let Some(Value::Name(declared)) = first {
                    return self.annotation(declared, ctx);
                }
            }
            "getattr" => {
                let of = self.value(first?, ctx)?;
                return match call.args.get(1)? {
                    Value::Str(attribute) => self.attribute(of, attribute),
                    _ => None,
                };
            }
            "importlib.import_module" | "__import__" => {
                let from = &world.files.get(ctx.file)?.from;
                let known = match first? {
                    Value::Str(dotted) => Some(dotted),
                    other => match self.value(other, ctx).map(|found| found.what) {
                        Some(Type::Literal(Value::Str(dotted), _)) => Some(dotted),
                        _ => None,
                    },
                };
                let Some(dotted) = known else { return self.told_module(ctx.file, from, call) };
                return Some(Found::sure(match world.modules.locate(from, dotted) {
                    Some((place @ Place::File(_), _)) => Type::Module(place.into()),
                    _ => Type::External(dotted.as_str().into()),
                }));
            }
            "super" => return Some(Found::sure(Type::Super(world.enclosing_class(ctx)?))),
            "type" => {
                return match self.value(first?, ctx)? {
                    Found { what: Type::Object(class) | Type::Itself(class), sure } => {
                        Some(Found { what: Type::Class(class), sure })
                    }
                    Found { what: Type::Instance(name), sure } => Some(Found { what: Type::External(name), sure }),
                    _ => None,
                };
            }
            _ => {}
        }
        if let Some((object, method)) = name.rsplit_once('#')
            && FLUENT.contains(&method)
        {
            return Some(Found::sure(Type::Instance(object.into())));
        }
        Some(self.last_step(&name, call, ctx).unwrap_or_else(|| Found::sure(Type::Instance(name))))
    }

    /// The last step of what is made of several: an object that is fitted and asked as that step is, whatever comes
    /// before it. None where the steps, or what the last of them is, cannot be told.
    fn last_step(&mut self, name: &str, call: &'f Call, ctx: Ctx<'f>) -> Option<Found<'f>> {
        let world = self.world;
        let found = match world.callables.last_steps.get(name)? {
            Some(keyword) => {
                let steps = call.keywords.iter().find(|(key, _)| key == keyword).map(|(_, v)| v).or_else(|| call.args.first())?;
                if let Value::Name(list) = steps
                    && grows(world.files.get(ctx.file)?.module().calls.as_slice(), list)
                {
                    return None;
                }
                let found = self.value(steps, ctx)?;
                let Type::Literal(Value::List(steps) | Value::Tuple(steps), inside) = found.what else { return None };
                let step = match steps.last()? {
                    Value::Tuple(pair) | Value::List(pair) => pair.get(1)?,
                    step => step,
                };
                self.value(step, *inside)?.after(found.sure)
            }
            None => self.value(call.args.last()?, ctx)?,
        };
        matches!(found.what, Type::Instance(_) | Type::Object(_)).then_some(found)
    }

    /// The module of this repository that a command names, where code imports what it is told: only where there is no
    /// choice, and never surely.
    fn told_module(&self, file: FileId, from: &RepoPath, call: &Call) -> Option<Found<'f>> {
        let world = self.world;
        let taken = call.keywords.iter().find(|(key, _)| key == "fromlist").map(|(_, v)| v).or_else(|| call.args.get(3));
        let taken = match taken {
            Some(Value::List(items) | Value::Tuple(items)) => items.first(),
            _ => None,
        };
        // what is taken from it here must be there
        let used = |has: &dyn Fn(&str) -> bool| {
            let calls = world.files.get(file).map_or(&[][..], |code| code.module().calls.as_slice());
            let names = calls.iter().filter(|c| !c.callee.path.is_empty()).filter_map(|c| c.callee.last());
            names.filter(|name| *name != "main").any(has)
        };
        let has = |path: &RepoPath| {
            let module = world.by_path.get(path).and_then(|file| world.files.get(*file));
            module.is_some_and(|module| match taken {
                Some(Value::Str(name)) => module.index.name(0, name).is_some(),
                _ => used(&|name| module.index.definition(0, name).is_some()),
            })
        };
        let told: BTreeSet<RepoPath> = world
            .told_modules
            .iter()
            .filter_map(|dotted| match world.modules.locate(from, dotted)?.0 {
                Place::File(path) => Some(path),
                Place::Folder(_) => None,
            })
            .take(MAX_TOLD + 1)
            .collect();
        let mut places = told.iter().filter(|path| told.len() <= MAX_TOLD && has(path)).cloned();
        let only = places.next().filter(|_| places.next().is_none())?;
        Some(Found { what: Type::Module(Place::File(only).into()), sure: false })
    }

    /// What an own function gives back.
    pub(super) fn returned(&mut self, function: At) -> Option<Found<'f>> {
        self.hop(Key::Returns(function), |this| {
            if let Some(found) = this.results(function, false) {
                return Some(found);
            }
            let scope = this.world.scope(function)?;
            let around = Ctx { file: function.file, scope: scope.parent, at: u32::MAX, conditions: &[] };
            this.annotation(scope.returns_annotation.as_ref()?, around)
        })
    }

    /// What an own generator gives, one after the other.
    pub(super) fn yielded(&mut self, function: At) -> Option<Found<'f>> {
        self.hop(Key::Yields(function), |this| this.results(function, true))
    }

    fn results(&mut self, function: At, yields: bool) -> Option<Found<'f>> {
        let code = self.world.files.get(function.file)?;
        let mut settled = Settled::default();
        let returns = code.index.returns(function.scope).iter().filter_map(|i| code.module().returns.get(*i));
        for result in returns.filter(|r| r.yields == yields).take(20) {
            let ctx = Ctx { file: function.file, scope: function.scope, at: result.line, conditions: &result.conditions };
            let found = self.value(&result.value, ctx);
            settled.add(found);
        }
        settled.finish()
    }
}

/// Whether calls of a file put more into a list of that name.
fn grows(calls: &[Call], list: &Name) -> bool {
    calls.iter().any(|call| {
        let (Some(method), false) = (call.callee.path.last(), call.callee.root != list.root) else { return false };
        matches!(method.as_str(), "append" | "extend" | "insert")
            && call.callee.path.len() == list.path.len() + 1
            && call.callee.path.starts_with(&list.path)
    })
}

impl World {
    /// Where a call stands.
    pub(super) fn at_call(&self, file: FileId, call: CallId) -> Option<Ctx<'_>> {
        let code = self.files.get(file)?;
        let written = code.module().calls.get(call)?;
        Some(Ctx { file, scope: written.scope, at: code.index.call_line(call), conditions: &written.conditions })
    }

    /// The class around a place.
    fn enclosing_class(&self, ctx: Ctx<'_>) -> Option<At> {
        let mut at = At { file: ctx.file, scope: ctx.scope };
        for _ in 0..64 {
            let scope = self.scope(at)?;
            if scope.kind == ScopeKind::Class {
                return Some(at);
            }
            if at.scope == 0 {
                return None;
            }
            at.scope = scope.parent;
        }
        None
    }
}
