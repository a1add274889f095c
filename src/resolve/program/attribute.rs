//! What stands behind a dot, in brackets, in a loop or after `with`.

use std::rc::Rc;
use std::sync::Arc;

use super::super::python::Place;
use super::index::{Bind, What};
use super::infer::{Ctx, Found, Infer, Type, decorated, joined};
use super::settle::{Settled, is_class};
use super::{ALTERNATIVE, At, World};
use crate::syntax::python::{AssignKind, Call, CallId, FlowKind, Name, Root, ScopeKind, Value};

/// Elements of a literal that are looked at.
const MAX_ITEMS: usize = 40;
/// Sub-classes that are looked at.
const MAX_SUBCLASSES: usize = 50;

/// What a class has under a name.
enum Member<'f> {
    /// A function.
    Function(At),
    /// A value of the class or of its objects.
    Value(Found<'f>),
    /// Nothing of its own; the class from outside that may have it.
    Outside(Arc<str>, bool),
}

impl<'f> Infer<'f> {
    /// What an attribute of something is.
    pub(super) fn attribute(&mut self, found: Found<'f>, name: &'f str) -> Option<Found<'f>> {
        if !self.step() {
            return None;
        }
        let sure = found.sure;
        let outside = |what: Option<Arc<str>>| Some(Found { what: Type::External(what?), sure });
        match found.what {
            Type::External(of) if of.contains(ALTERNATIVE) => None,
            Type::External(of) => self.of_outside(joined(&of, '.', name)?, name, sure),
            Type::Instance(of) => self.of_outside(joined(&of, '#', name)?, name, sure),
            Type::Module(place) => Some(self.of_module(&place, name)?.after(sure)),
            // what a decorator from outside makes of a function: `flow.serve`, `task.delay`
            Type::Function(_) | Type::Method(..) if self.world.callables.written.contains(name) => Some(found),
            Type::Function(function) | Type::Method(function, _) => {
                let (by, by_sure) = self.wrapper(function)?;
                outside(joined(&by, '#', name)).map(|f| f.after(by_sure))
            }
            Type::Class(class) => match self.member(class, name, None).or_else(|| self.given(class, name).map(Member::Value))? {
                Member::Function(f) => {
                    let bound = decorated(&self.world.scope(f)?.decorators, "classmethod");
                    Some(Found { what: if bound { Type::Method(f, class) } else { Type::Function(f) }, sure })
                }
                Member::Value(found) => Some(found.after(sure)),
                Member::Outside(base, base_sure) => outside(joined(&base, '.', name)).map(|f| f.after(base_sure)),
            },
            Type::Object(class) => {
                let member = self.member(class, name, None).or_else(|| self.given(class, name).map(Member::Value))?;
                Some(self.bound(member, class, name)?.after(sure))
            }
            Type::Itself(class) => Some(self.of_itself(class, name)?.after(sure)),
            Type::Super(class) => {
                let member = self.member(class, name, Some(class))?;
                Some(self.bound(member, class, name)?.after(sure))
            }
            Type::Literal(value, _) => outside(joined(literal_type(value)?, '#', name)),
            Type::Tables(tables) => outside(joined(literal_type(tables.first()?.0)?, '#', name)),
        }
    }

    fn of_module(&mut self, place: &Place, name: &'f str) -> Option<Found<'f>> {
        let world = self.world;
        if let Place::File(path) = place
            && let Some(file) = world.by_path.get(path)
            && let Some(found) = self.export(*file, name)
        {
            return Some(found);
        }
        world.modules.child(place, name).map(|child| Found::sure(Type::Module(child.into())))
    }

    /// A member as an object has it.
    fn bound(&mut self, member: Member<'f>, class: At, name: &str) -> Option<Found<'f>> {
        match member {
            Member::Function(f) => {
                let decorators = &self.world.scope(f)?.decorators;
                if decorated(decorators, "property") || decorated(decorators, "cached_property") {
                    return self.returned(f);
                }
                let free = decorated(decorators, "staticmethod");
                Some(Found::sure(if free { Type::Function(f) } else { Type::Method(f, class) }))
            }
            Member::Value(found) => Some(found),
            Member::Outside(base, sure) => Some(Found { what: Type::External(joined(&base, '#', name)?), sure }),
        }
    }

    /// An attribute of `self`, which may be an object of a class that builds on this one.
    fn of_itself(&mut self, class: At, name: &'f str) -> Option<Found<'f>> {
        let world = self.world;
        let member = self.member(class, name, None);
        let others = world.overriding(class, name);
        let only = match others.as_slice() {
            [(sub, function)] => Some((*function, *sub)),
            _ => None,
        };
        match member {
            Some(Member::Function(f)) if !others.is_empty() && world.is_abstract(f) => {
                only.map(|(f, sub)| Found { what: Type::Method(f, sub), sure: false })
            }
            Some(Member::Function(f)) => Some(self.bound(Member::Function(f), class, name)?.after(others.is_empty())),
            Some(Member::Outside(..)) | None if only.is_some() => {
                only.map(|(f, sub)| Found { what: Type::Method(f, sub), sure: false })
            }
            Some(member) => self.bound(member, class, name),
            None => self.given(class, name).or_else(|| self.given_below(class, name)),
        }
    }

    /// What the classes that build on one give their objects under a name that itself gives none: never sure.
    fn given_below(&mut self, class: At, name: &'f str) -> Option<Found<'f>> {
        let world = self.world;
        let mut settled = Settled::default();
        for sub in world.below(class) {
            let Some(fields) = world.files.get(sub.file).and_then(|code| code.index.field(sub.scope, name)) else { continue };
            let found = self.agree(sub.file, fields.iter());
            settled.add(found);
        }
        settled.finish().map(|found| found.after(false))
    }

    /// What a class has under a name, its bases in their order; with `after`, only what comes behind that class.
    fn member(&mut self, class: At, name: &'f str, after: Option<At>) -> Option<Member<'f>> {
        let world = self.world;
        let bases = world.bases.get(&class)?;
        let from = after.map_or(0, |a| bases.order.iter().position(|c| *c == a).map_or(0, |i| i + 1));
        for own in bases.order.iter().skip(from) {
            let code = world.files.get(own.file)?;
            let binds = code.index.name(own.scope, name);
            if let Some(scope) = code.index.definition(own.scope, name) {
                let at = At { scope, ..*own };
                let class = world.kind(at)? == ScopeKind::Class;
                return Some(if class { Member::Value(Found::sure(Type::Class(at))) } else { Member::Function(at) });
            }
            let fields = code.index.field(own.scope, name).and_then(|f| self.agree(own.file, f.iter()));
            if let Some(found) = fields.or_else(|| binds.and_then(|b| self.settle(own.file, b, None))) {
                return Some(Member::Value(found));
            }
            if let Some(found) = binds.and_then(|_| self.built_with(*own, name)) {
                return Some(Member::Value(found));
            }
        }
        let base = bases.external.first()?;
        Some(Member::Outside(base.clone(), bases.external.len() == 1 && !bases.unknown))
    }

    /// The own function that a class has under a name.
    pub(super) fn method(&mut self, class: At, name: &'f str) -> Option<At> {
        match self.member(class, name, None)? {
            Member::Function(f) => Some(f),
            _ => None,
        }
    }

    /// The decorator from outside that decides what a function's name stands for.
    fn wrapper(&mut self, function: At) -> Option<(Arc<str>, bool)> {
        let world = self.world;
        let scope = world.scope(function)?;
        let ctx = Ctx { file: function.file, scope: scope.parent, at: scope.line, conditions: &scope.conditions };
        for decorator in scope.decorators.iter().take(10) {
            let found = match decorator {
                Value::Name(name) => self.name(name, ctx),
                Value::Call(call) => self.callee(function.file, *call),
                _ => None,
            };
            if let Some(Found { what: Type::External(name), sure }) = found {
                return Some((name, sure));
            }
        }
        None
    }

    /// An element with a key.
    pub(super) fn item(&mut self, of: &'f Name, key: &'f Value, ctx: Ctx<'f>) -> Option<Found<'f>> {
        let found = self.name(of, ctx);
        if let Some(Found { what: Type::Class(class), sure }) = found {
            return Some(Found { what: Type::Class(class), sure });
        }
        if let Some(Found { what: Type::Literal(table, inside), sure }) = &found
            && let Some(found) = self.literal_item(table, key, **inside, ctx)
            && !matches!(found.what, Type::Literal(Value::None, _))
        {
            return Some(found.after(*sure));
        }
        if let Some(Found { what: Type::Tables(tables), .. }) = &found {
            return self.of_each(tables, |this, table, inside| this.literal_item(table, key, inside, ctx));
        }
        if let Some(holder) = &found
            && let Some(found) = self.put_in(holder, of, key, ctx)
        {
            return Some(found);
        }
        // what was stored together comes back together
        if let Some(Found { what: Type::Instance(by), sure }) = found
            && self.world.callables.stored.contains(&*by)
        {
            return Some(Found { what: Type::Instance(by), sure });
        }
        // what was put in: `models["a"] = …`
        let Root::Local(local) = &of.root else { return None };
        let (scope, _) = self.world.binds(ctx, local).filter(|_| of.path.is_empty())?;
        let binds = self.world.files.get(ctx.file)?.index.item(scope, local)?;
        self.agree(ctx.file, binds.iter()).map(|f| f.after(false))
    }

    /// An element of a literal; for a key that is not known what all elements come to, which is never sure.
    pub(super) fn literal_item(&mut self, table: &'f Value, key: &'f Value, inside: Ctx<'f>, ctx: Ctx<'f>) -> Option<Found<'f>> {
        let known = match key {
            Value::Str(_) | Value::Int(_) | Value::Bool(_) => Some((key, true)),
            other => match self.value(other, ctx) {
                Some(Found { what: Type::Literal(key @ (Value::Str(_) | Value::Int(_)), _), sure }) => Some((key, sure)),
                _ => None,
            },
        };
        match (table, known) {
            (Value::Dict(pairs), Some((key, sure))) => {
                let (_, value) = pairs.iter().rev().find(|(k, _)| k == key)?;
                self.held_in(value, inside).map(|f| f.after(sure))
            }
            // nobody knows which is meant, but in a loop over the table each has its turn
            (Value::Dict(pairs), None) => {
                let found = self.any_element(pairs.iter().map(|(_, v)| v), inside)?;
                let each = self.goes_over(key, table, ctx);
                Some(found.after(each))
            }
            (Value::List(items) | Value::Tuple(items), Some((Value::Int(at), sure))) => {
                let at =
                    usize::try_from(*at).ok().or_else(|| items.len().checked_sub(usize::try_from(at.unsigned_abs()).ok()?))?;
                self.held_in(items.get(at)?, inside).map(|f| f.after(sure))
            }
            (Value::List(items) | Value::Tuple(items), _) => {
                self.any_element(items.iter(), inside).map(|found| found.after(false))
            }
            _ => None,
        }
    }

    /// Whether a key is that of a loop over the very table, so that each element has its turn.
    fn goes_over(&mut self, key: &'f Value, table: &'f Value, ctx: Ctx<'f>) -> bool {
        let Value::Name(Name { root: Root::Local(local), path }) = key else { return false };
        let world = self.world;
        let Some((_, Some(binds))) = world.binds(ctx, local).filter(|_| path.is_empty()) else { return false };
        let Some(module) = world.files.get(ctx.file).map(|code| code.module()) else { return false };
        let [Bind { what: What::Assign(id, None), .. }] = binds else { return false };
        let Some(assign) = module.assigns.get(*id).filter(|assign| assign.kind == AssignKind::For) else { return false };
        // a loop over what itself is looked up by the key would go round
        if !matches!(&assign.value, Value::Name(Name { root: Root::Local(_), .. })) {
            return false;
        }
        let ctx = Ctx { scope: assign.scope, at: assign.line, conditions: &assign.conditions, ..ctx };
        matches!(self.value(&assign.value, ctx).map(|f| f.what), Some(Type::Literal(over, _)) if std::ptr::eq(over, table))
    }

    /// Each element of a literal in turn: known objects and classes from outside are these for certain; anything else is
    /// never sure. Tables that differ are several.
    fn any_element(&mut self, values: impl Iterator<Item = &'f Value>, inside: Ctx<'f>) -> Option<Found<'f>> {
        let mut all = Vec::new();
        for value in values.take(MAX_ITEMS) {
            all.push(self.held_in(value, inside));
        }
        self.whichever(all)
    }

    fn whichever(&mut self, all: Vec<Option<Found<'f>>>) -> Option<Found<'f>> {
        let table = |found: &Option<Found<'f>>| match found {
            Some(Found { what: Type::Literal(value @ (Value::Dict(_) | Value::List(_) | Value::Tuple(_)), ctx), .. }) => {
                Some((*value, ctx.clone()))
            }
            _ => None,
        };
        if all.len() > 1
            && let Some(tables) = all.iter().map(table).collect::<Option<Vec<_>>>()
        {
            return Some(Found { what: Type::Tables(tables.into()), sure: false });
        }
        let mut settled = Settled::default();
        all.into_iter().for_each(|found| settled.add(found));
        let found = settled.finish()?;
        let known = matches!(&found.what, Type::Instance(_)) || matches!(&found.what, Type::External(name) if is_class(name));
        Some(found.after(known))
    }

    /// One position or key of each of several tables.
    fn of_each(
        &mut self,
        tables: &[(&'f Value, Rc<Ctx<'f>>)],
        mut one: impl FnMut(&mut Self, &'f Value, Ctx<'f>) -> Option<Found<'f>>,
    ) -> Option<Found<'f>> {
        let mut all = Vec::new();
        for (table, inside) in tables.iter().take(MAX_ITEMS) {
            all.push(one(self, table, **inside));
        }
        self.whichever(all)
    }

    /// One position of something that is unpacked.
    pub(super) fn part(&mut self, found: Found<'f>, part: Option<usize>) -> Option<Found<'f>> {
        let Some(part) = part else { return Some(found) };
        let position = |this: &mut Self, table: &'f Value, inside: Ctx<'f>| match table {
            Value::Tuple(items) | Value::List(items) => this.value(items.get(part)?, inside),
            _ => None,
        };
        match found.what {
            Type::Literal(table, inside) => Some(position(self, table, *inside)?.after(found.sure)),
            Type::Tables(tables) => self.of_each(&tables, position),
            // what was stored together comes back together
            Type::Instance(by) if self.world.callables.stored.contains(&*by) => {
                Some(Found { what: Type::Instance(by), sure: found.sure })
            }
            _ => None,
        }
    }

    /// What a loop variable is, over a value; `part` where it is unpacked.
    pub(super) fn element(&mut self, over: &'f Value, part: Option<usize>, ctx: Ctx<'f>) -> Option<Found<'f>> {
        if !self.step() {
            return None;
        }
        let world = self.world;
        if let Value::Call(id) = over {
            let call = world.files.get(ctx.file)?.module().calls.get(*id)?;
            let first = call.args.first();
            return match (call.callee.last()?, part) {
                ("enumerate", Some(1)) => self.element(first?, None, ctx),
                ("zip", Some(part)) => self.element(call.args.get(part)?, None, ctx),
                ("items", Some(1)) | ("values", None) if !call.callee.path.is_empty() => {
                    match self.chain(&call.callee, call.callee.path.len() - 1, ctx)?.what {
                        Type::Literal(Value::Dict(pairs), inside) => self.any_element(pairs.iter().map(|(_, v)| v), *inside),
                        _ => None,
                    }
                }
                ("sorted" | "list" | "reversed" | "set" | "tuple" | "iter" | "tqdm", part) => self.element(first?, part, ctx),
                _ => {
                    let (Type::Function(f) | Type::Method(f, _)) = self.callee(ctx.file, *id)?.what else { return None };
                    match self.yielded(f) {
                        Some(given) => self.part(given, part),
                        None => self.returned(f).and_then(|all| self.each(all, part)),
                    }
                }
            };
        }
        let found = self.value(over, ctx)?;
        let more = if matches!(found.what, Type::Literal(Value::List(_), _)) { self.appended(over, ctx) } else { Vec::new() };
        self.each_of(found, more, part)
    }

    /// What the code of the same function puts into a list before it goes over it, one by one.
    fn appended(&self, list: &'f Value, ctx: Ctx<'f>) -> Vec<(&'f Value, Ctx<'f>)> {
        let Value::Name(name @ Name { root: Root::Local(_), .. }) = list else { return Vec::new() };
        let Some(code) = self.world.files.get(ctx.file).filter(|_| name.path.is_empty()) else { return Vec::new() };
        let put = |(id, call): (CallId, &'f Call)| {
            let appends = matches!(call.callee.path.as_slice(), [method] if method == "append");
            let at = code.index.call_line(id);
            let before = appends && call.scope == ctx.scope && call.callee.root == name.root && at < ctx.at;
            let inside = Ctx { file: ctx.file, scope: call.scope, at, conditions: &call.conditions };
            call.args.first().filter(|_| before).map(|value| (value, inside))
        };
        code.module().calls.iter().enumerate().filter_map(put).take(MAX_ITEMS).collect()
    }

    /// What stands in a list, one after the other; `part` of each.
    fn each(&mut self, list: Found<'f>, part: Option<usize>) -> Option<Found<'f>> {
        self.each_of(list, Vec::new(), part)
    }

    /// The same with what was put in later.
    fn each_of(&mut self, list: Found<'f>, more: Vec<(&'f Value, Ctx<'f>)>, part: Option<usize>) -> Option<Found<'f>> {
        let Type::Literal(Value::List(items) | Value::Tuple(items), inside) = list.what else { return None };
        let mut all = Vec::new();
        let items = items.iter().take(MAX_ITEMS).map(|item| (item, *inside)).chain(more);
        for (item, inside) in items.take(MAX_ITEMS) {
            let item = match (part, item) {
                (None, item) => Some(item),
                (Some(part), Value::Tuple(parts) | Value::List(parts)) => parts.get(part),
                _ => None,
            };
            all.push(item.and_then(|item| self.value(item, inside)));
        }
        self.whichever(all)
    }

    /// What `with … as` gives.
    pub(super) fn entered(&mut self, value: &'f Value, ctx: Ctx<'f>) -> Option<Found<'f>> {
        if let Value::Call(id) = value
            && let Some(Found { what: Type::Function(f) | Type::Method(f, _), .. }) = self.callee(ctx.file, *id)
            && let Some(given) = self.yielded(f)
        {
            return Some(given);
        }
        let found = self.value(value, ctx)?;
        let Type::Object(class) = found.what else { return Some(found) };
        match self.method(class, "__enter__").and_then(|f| self.returned(f)) {
            Some(Found { what: Type::Itself(_), .. }) | None => Some(found),
            Some(given) => Some(given.after(found.sure)),
        }
    }
}

impl World {
    /// Sub-classes, at any distance.
    fn below(&self, class: At) -> Vec<At> {
        let mut seen = vec![class];
        let mut next = 0;
        while let Some(class) = seen.get(next).copied() {
            next += 1;
            for sub in self.subclasses.get(&class).into_iter().flatten() {
                if seen.len() < MAX_SUBCLASSES && !seen.contains(sub) {
                    seen.push(*sub);
                }
            }
        }
        seen.split_off(1)
    }

    /// Sub-classes, at any distance, that define a method of that name themselves.
    fn overriding(&self, class: At, name: &str) -> Vec<(At, At)> {
        let defined = |sub: At| {
            let scope = self.files.get(sub.file)?.index.definition(sub.scope, name)?;
            Some((sub, At { scope, ..sub }))
        };
        self.below(class).into_iter().filter_map(defined).collect()
    }

    /// The methods that stand in the place of one that only says that sub-classes must have it.
    pub(super) fn stand_ins(&self, method: At) -> Vec<At> {
        let Some(class) = self.class_of(method).filter(|class| self.subclasses.contains_key(class)) else { return Vec::new() };
        let name = self.scope(method).and_then(|scope| scope.name.rsplit('.').next()).unwrap_or_default();
        let others = self.overriding(class, name);
        if others.is_empty() || !self.is_abstract(method) {
            return Vec::new();
        }
        others.into_iter().map(|(_, method)| method).collect()
    }

    /// A method that only says that sub-classes must have it.
    fn is_abstract(&self, function: At) -> bool {
        let Some(scope) = self.scope(function) else { return false };
        decorated(&scope.decorators, "abstractmethod")
            || self.files.get(function.file).is_some_and(|f| {
                f.module().flows.iter().any(|flow| {
                    let raised = match &flow.test {
                        Some(Value::Name(name)) => name.last(),
                        Some(Value::Call(call)) => f.module().calls.get(*call).and_then(|c| c.callee.last()),
                        _ => None,
                    };
                    flow.scope == function.scope
                        && flow.kind == FlowKind::Raise
                        && flow.parent.is_none()
                        && raised == Some("NotImplementedError")
                })
            })
    }
}

/// The class of a literal.
fn literal_type(value: &Value) -> Option<&'static str> {
    Some(match value {
        Value::Str(_) | Value::FString { .. } => "str",
        Value::Int(_) => "int",
        Value::Float(_) => "float",
        Value::Bool(_) => "bool",
        Value::List(_) => "list",
        Value::Tuple(_) => "tuple",
        Value::Dict(_) => "dict",
        _ => return None,
    })
}
