//! Several bindings, branches or callers, and the one thing they come to.
//!
//! Things that agree are that thing. Where only some are known, or several come from outside, the first is taken and
//! is no longer sure; several own things come to nothing, because a call never means more than one.

use super::index::{Bind, What, decides};
use super::infer::{Ctx, Found, Infer, Key, Type};
use super::{ALTERNATIVE, At, FileId};
use crate::syntax::python::{Assign, AssignKind, FlowId, Param, ParamKind, ScopeKind, Value};

/// Bindings that are looked at for one use.
const MAX_BINDS: usize = 20;
/// Callers that are asked what they pass.
pub(super) const MAX_SITES: usize = 5;

/// What several possibilities come to.
#[derive(Debug, Default)]
pub(super) struct Settled<'f> {
    first: Option<Found<'f>>,
    unsure: bool,
    differs: bool,
}

impl<'f> Settled<'f> {
    /// One more possibility. `None` stands for "not known", and a literal `None` for nothing at all.
    pub(super) fn add(&mut self, found: Option<Found<'f>>) {
        let Some(found) = found else {
            self.unsure = true;
            return;
        };
        if matches!(found.what, Type::Literal(Value::None, _)) {
            return;
        }
        self.unsure |= !found.sure;
        let Some(first) = &self.first else {
            self.first = Some(found);
            return;
        };
        let outside = |t: &Type<'_>| matches!(t, Type::External(_) | Type::Instance(_));
        match (&first.what, &found.what) {
            (a, b) if same(a, b) => {}
            // one of several classes, each known: a rule for all of them is sure
            (Type::Instance(a), Type::Instance(b)) if !self.unsure && joint(a, b).is_some() => {
                if let Some(name) = joint(a, b) {
                    self.first = Some(Found { what: Type::Instance(name), sure: first.sure });
                }
            }
            (Type::External(a), Type::External(b)) if !self.unsure && is_class(a) && is_class(b) && joint(a, b).is_some() => {
                if let Some(name) = joint(a, b) {
                    self.first = Some(Found { what: Type::External(name), sure: first.sure });
                }
            }
            (a, b) if outside(a) && outside(b) => self.unsure = true,
            // a literal stands in until the thing is there
            (Type::Literal(..), b) if !matches!(b, Type::Literal(..)) => {
                self.unsure = true;
                self.first = Some(found);
            }
            (a, Type::Literal(..)) if !matches!(a, Type::Literal(..)) => self.unsure = true,
            _ => self.differs = true,
        }
    }

    pub(super) fn finish(self) -> Option<Found<'f>> {
        let first = self.first.filter(|_| !self.differs)?;
        Some(first.after(!self.unsure))
    }
}

/// Classes that one value may have.
const MAX_CLASSES: usize = 8;

/// Both names as alternatives, in the order in which they were found; none where they are too many or no plain classes.
fn joint(a: &str, b: &str) -> Option<std::sync::Arc<str>> {
    let plain = !a.contains('#') && !b.contains(['#', ALTERNATIVE]);
    let known = a.split(ALTERNATIVE).any(|one| one == b);
    let few = a.matches(ALTERNATIVE).count() + 2 <= MAX_CLASSES;
    match (plain, known, few) {
        (true, true, _) => Some(a.into()),
        (true, false, true) => Some(format!("{a}{ALTERNATIVE}{b}").into()),
        _ => None,
    }
}

/// A class from outside, or one of several, by the custom that their names begin with a capital.
pub(super) fn is_class(name: &str) -> bool {
    let capital = |one: &str| one.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_uppercase()));
    !name.contains('#') && name.split(ALTERNATIVE).all(capital)
}

fn same(a: &Type<'_>, b: &Type<'_>) -> bool {
    match (a, b) {
        (Type::External(a), Type::External(b)) | (Type::Instance(a), Type::Instance(b)) => a == b,
        (Type::Module(a), Type::Module(b)) => a == b,
        (Type::Function(a), Type::Function(b)) | (Type::Class(a), Type::Class(b)) | (Type::Super(a), Type::Super(b)) => a == b,
        (Type::Object(a) | Type::Itself(a), Type::Object(b) | Type::Itself(b)) => a == b,
        (Type::Method(a, x), Type::Method(b, y)) => (a, x) == (b, y),
        (Type::Literal(a, _), Type::Literal(b, _)) => std::ptr::eq(*a, *b) || (plain(a) && a == b),
        _ => false,
    }
}

/// A literal that is compared at no cost.
fn plain(value: &Value) -> bool {
    matches!(value, Value::Str(_) | Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::None)
}

impl<'f> Infer<'f> {
    /// What a name comes to, given its bindings in one scope. `used` says where, if in that same scope: then what is
    /// bound later does not count, and a binding that surely happened hides those before it.
    pub(super) fn settle(&mut self, file: FileId, binds: &'f [Bind], used: Option<Ctx<'f>>) -> Option<Found<'f>> {
        let world = self.world;
        let module = world.files.get(file)?.module();
        let conditions: &[FlowId] = used.map_or(&[], |ctx| ctx.conditions);
        let mut before = binds;
        if let Some(ctx) = used {
            let end = binds.partition_point(|b| b.line <= ctx.at);
            let mut visible = binds.get(..end).unwrap_or_default();
            while let [rest @ .., last] = visible {
                let own = matches!(last.what, What::Assign(id, _) if module.assigns.get(id).is_some_and(|a| a.kind == AssignKind::Assign));
                if !(own && last.line == ctx.at) {
                    break;
                }
                visible = rest;
            }
            // in a loop, or where the order of lines is not that of running
            before = if visible.is_empty() { binds } else { visible };
        }
        let surely = |bind: &Bind| {
            let under: &[FlowId] = match bind.what {
                What::Assign(id, _) => module.assigns.get(id).map_or(&[], |a| &a.conditions),
                What::Def(scope) => module.scopes.get(scope).map_or(&[], |s| &s.conditions),
                What::Import(_) | What::Param(..) => &[],
            };
            !bind.loose && under.iter().filter(|f| decides(module, **f)).all(|f| conditions.contains(f))
        };
        // most names are bound once
        if let Some(last) = before.last().filter(|b| surely(b)) {
            return self.bind(file, last).filter(|f| !matches!(f.what, Type::Literal(Value::None, _)));
        }
        let mut relevant: Vec<&'f Bind> = Vec::new();
        for bind in before.iter().rev().take(MAX_BINDS) {
            relevant.push(bind);
            if surely(bind) {
                break;
            }
        }
        relevant.reverse();
        // of imports that may fail the first is the one meant
        let imports = relevant.iter().filter(|b| matches!(b.what, What::Import(_)));
        for bind in imports.clone().filter(|b| b.loose) {
            if let Some(found) = self.bind(file, bind) {
                return Some(found);
            }
        }
        self.agree(file, relevant.into_iter())
    }

    /// What all of several bindings come to.
    pub(super) fn agree(&mut self, file: FileId, binds: impl Iterator<Item = &'f Bind>) -> Option<Found<'f>> {
        let mut settled = Settled::default();
        for bind in binds.take(MAX_BINDS) {
            let found = self.bind(file, bind);
            settled.add(found);
        }
        settled.finish()
    }

    /// What one binding binds.
    pub(super) fn bind(&mut self, file: FileId, bind: &'f Bind) -> Option<Found<'f>> {
        self.once(Key::Bind(file, bind.id), |this| match bind.what {
            What::Import(import) => this.import(file, import),
            What::Def(scope) => {
                let at = At { file, scope };
                let class = this.world.kind(at)? == ScopeKind::Class;
                Some(Found::sure(if class { Type::Class(at) } else { Type::Function(at) }))
            }
            What::Param(scope, position) => this.param(At { file, scope }, position),
            What::Assign(assign, part) => {
                let assign = this.world.files.get(file)?.module().assigns.get(assign)?;
                this.assigned(file, assign, part)
            }
        })
    }

    fn assigned(&mut self, file: FileId, assign: &'f Assign, part: Option<usize>) -> Option<Found<'f>> {
        let ctx = Ctx { file, scope: assign.scope, at: assign.line, conditions: &assign.conditions };
        let found = match assign.kind {
            AssignKind::For => self.element(&assign.value, part, ctx),
            AssignKind::With => self.entered(&assign.value, ctx).and_then(|f| self.part(f, part)),
            _ => self.value(&assign.value, ctx).and_then(|f| self.part(f, part)),
        };
        let weak =
            found.as_ref().is_none_or(|f| matches!(f.what, Type::Literal(Value::None | Value::List(_) | Value::Dict(_), _)));
        if weak
            && part.is_none()
            && let Some(annotation) = &assign.annotation
            && let Some(declared) = self.annotation(annotation, ctx)
            // that a table is a table is known
            && !matches!((&found, &declared.what), (Some(Found { what: Type::Literal(Value::List(_) | Value::Dict(_), _), .. }), Type::Instance(name)) if matches!(&**name, "dict" | "list"))
        {
            return Some(declared);
        }
        match found {
            Some(stand_in @ Found { what: Type::Instance(_), .. }) if part.is_none() => {
                let Type::Instance(name) = &stand_in.what else { return Some(stand_in) };
                let field = self.world.callables.fields.contains(&**name).then(|| self.field(assign, ctx)).flatten();
                field.or(Some(stand_in))
            }
            found => found,
        }
    }

    /// What a field of a class holds that something stands in for: what is declared, else what it is by default.
    fn field(&mut self, assign: &'f Assign, ctx: Ctx<'f>) -> Option<Found<'f>> {
        if let Some(declared) = assign.annotation.as_ref().and_then(|name| self.annotation(name, ctx)) {
            return Some(declared);
        }
        let Value::Call(call) = assign.value else { return None };
        let call = self.world.files.get(ctx.file)?.module().calls.get(call)?;
        let keyword =
            |names: &[&str]| call.keywords.iter().find(|(key, _)| names.contains(&key.as_str())).map(|(_, value)| value);
        if let Some(made) = keyword(&["default_factory", "factory"]) {
            let what = match self.value(made, ctx)?.what {
                Type::Class(class) => Type::Object(class),
                Type::External(name) => Type::Instance(name),
                _ => return None,
            };
            return Some(Found { what, sure: false });
        }
        self.value(keyword(&["default"]).or(call.args.first())?, ctx).map(|found| found.after(false))
    }

    /// What all callers pass for a parameter, if they are few and agree. Whatever way leads into the function leads over
    /// one of them, so it is as sure as what they pass; a caller that passes on what the function itself gave back adds
    /// nothing to what it takes.
    pub(super) fn passed_to(&mut self, function: At, position: usize, param: &'f Param) -> Option<Found<'f>> {
        let world = self.world;
        let sites = self.sites?.get(&function).filter(|s| s.len() <= MAX_SITES)?;
        if !matches!(param.kind, ParamKind::Plain | ParamKind::Keyword) {
            return None;
        }
        let mut settled = Settled::default();
        for site in sites {
            let call = world.files.get(site.file)?.module().calls.get(site.call)?;
            let named = call.keywords.iter().find(|(name, _)| *name == param.name).map(|(_, v)| v);
            let placed = position.checked_sub(site.offset).and_then(|i| call.args.get(..=i)).and_then(|given| {
                let spread = given.iter().any(|v| matches!(v, Value::Starred(_)));
                given.last().filter(|_| param.kind == ParamKind::Plain && !spread)
            });
            match named.or(placed) {
                Some(value) => {
                    let ctx = world.at_call(site.file, site.call)?;
                    self.circle = false;
                    let found = self.value(value, ctx);
                    if found.is_some() || !self.circle {
                        settled.add(found);
                    }
                }
                None if param.default.is_some() => {
                    let parent = world.scope(function)?.parent;
                    let around = Ctx { file: function.file, scope: parent, at: u32::MAX, conditions: &[] };
                    let found = param.default.as_ref().and_then(|d| self.value(d, around));
                    settled.add(found);
                }
                None => settled.add(None),
            }
        }
        settled.finish()
    }
}
