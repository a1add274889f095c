//! What one part of a program puts where another finds it: attributes of applications and of objects, elements of tables,
//! fields that an object is made with, and what a framework hands in.

use std::collections::HashMap;

use super::index::{Bind, What};
use super::infer::{Ctx, Found, Infer, Key, Type};
use super::settle::{MAX_SITES, Settled, is_class};
use super::{At, CodeFile, FileId, Site};
use crate::syntax::python::{Call, Name, Param, Target, Value, marker};

/// Places that are looked at for one question.
const MAX_PLACES: usize = 20;

/// By the last name of what is given something: the file, and the binding.
type Places = HashMap<Box<str>, Vec<(FileId, Bind)>>;

/// What all files put into things.
#[derive(Debug, Default)]
pub(super) struct Kept {
    fields: Places,
    items: Places,
}

impl Kept {
    pub(super) fn of(files: &[CodeFile]) -> Self {
        let mut kept = Self::default();
        for (file, code) in files.iter().enumerate() {
            let both = [(&mut kept.fields, &code.index.kept_fields), (&mut kept.items, &code.index.kept_items)];
            for (places, of) in both {
                for (name, bind) in of {
                    places.entry(name.clone()).or_default().push((file, *bind));
                }
            }
        }
        kept
    }
}

impl<'f> Infer<'f> {
    /// An attribute of something from outside by its full name: what was put there, where that is an application.
    pub(super) fn of_outside(&mut self, full: std::sync::Arc<str>, name: &str, sure: bool) -> Option<Found<'f>> {
        let world = self.world;
        if let Some(places) = world.kept.fields.get(name)
            && let Some(at) = world.callables.kept_at(&full).filter(|at| !at.is_empty())
        {
            let parts: Vec<&str> = at.split('.').collect();
            let found = self.put(places, |this, target, ctx| {
                let Target::Name(target) = target else { return false };
                let before = target.path.len().checked_sub(parts.len());
                before.is_some_and(|before| {
                    target.path.iter().skip(before).eq(parts.iter()) && this.is_application(target, before, parts.len() > 1, ctx)
                })
            });
            if let Some(found) = found {
                return Some(found.after(sure));
            }
        }
        Some(Found { what: Type::External(full), sure })
    }

    /// Whether a name with its first attributes is an application. A hook that is handed the application need not say so:
    /// where it puts something into one of its parts, that tells enough.
    fn is_application(&mut self, name: &'f Name, attributes: usize, in_part: bool, ctx: Ctx<'f>) -> bool {
        match self.chain(name, attributes, ctx).map(|found| found.what) {
            Some(Type::External(of) | Type::Instance(of)) => self.world.callables.kept_at(&of) == Some(""),
            Some(_) => false,
            None => in_part,
        }
    }

    /// What is assigned to an attribute of a class or of its objects from elsewhere.
    pub(super) fn given(&mut self, class: At, name: &str) -> Option<Found<'f>> {
        let places = self.world.kept.fields.get(name)?;
        self.put(places, |this, target, ctx| {
            let Target::Name(target) = target else { return false };
            let of = target.path.len().checked_sub(1).and_then(|before| this.chain(target, before, ctx));
            matches!(of.map(|f| f.what), Some(Type::Class(of) | Type::Object(of) | Type::Itself(of)) if of == class)
        })
    }

    /// What is put into a table under a key; for a key that is not known what all come to, which is never sure.
    pub(super) fn put_in(&mut self, table: &Found<'f>, of: &'f Name, key: &'f Value, ctx: Ctx<'f>) -> Option<Found<'f>> {
        let world = self.world;
        let places = world.kept.items.get(of.last()?)?;
        // a table of data has its rows and columns from elsewhere
        let place = |what: &Type<'_>| match what {
            Type::External(name) | Type::Instance(name) => world.callables.kept_at(name).map(str::to_owned),
            _ => None,
        };
        let here = place(&table.what);
        if here.is_none() && !matches!(table.what, Type::Literal(Value::Dict(_), _)) {
            return None;
        }
        let wanted = self.key(key, ctx);
        let mut other = false;
        let found = self.put(places, |this, target, ctx| {
            let Target::Item(holder, key) = target else { return false };
            if wanted.is_some_and(|wanted| matches!(key, Value::Str(given) if given != wanted)) {
                return false;
            }
            let same = match (this.name(holder, ctx).map(|f| f.what), &table.what) {
                (Some(Type::Literal(one, _)), Type::Literal(other, _)) => std::ptr::eq(one, *other),
                (Some(one), _) => here.is_some() && place(&one) == here,
                _ => false,
            };
            if !same {
                return false;
            }
            let given = this.key(key, ctx);
            other |= wanted.is_none() || given.is_none();
            wanted.is_none() || given.is_none() || wanted == given
        })?;
        Some(found.after(table.sure && !other))
    }

    /// A key that is a text.
    fn key(&mut self, key: &'f Value, ctx: Ctx<'f>) -> Option<&'f str> {
        match key {
            Value::Str(text) => Some(text),
            Value::Name(_) => match self.value(key, ctx)?.what {
                Type::Literal(Value::Str(text), _) => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    /// What all places give of which something holds.
    fn put(
        &mut self,
        places: &'f [(FileId, Bind)],
        holds: impl FnMut(&mut Self, &'f Target, Ctx<'f>) -> bool,
    ) -> Option<Found<'f>> {
        self.among(places, |this| this.put_there(places, holds))
    }

    fn put_there(
        &mut self,
        places: &'f [(FileId, Bind)],
        mut holds: impl FnMut(&mut Self, &'f Target, Ctx<'f>) -> bool,
    ) -> Option<Found<'f>> {
        let world = self.world;
        let mut settled = Settled::default();
        let mut any = false;
        for (file, bind) in places.iter().take(MAX_PLACES) {
            let What::Assign(id, part) = bind.what else { continue };
            let assign = world.files.get(*file)?.module().assigns.get(id)?;
            let ctx = Ctx { file: *file, scope: assign.scope, at: assign.line, conditions: &assign.conditions };
            let fits = part.is_none() && assign.targets.iter().any(|target| holds(self, target, ctx));
            if fits {
                any = true;
                let found = self.bind(*file, bind);
                settled.add(found);
            }
        }
        settled.finish().filter(|_| any).map(|found| found.after(places.len() <= MAX_PLACES))
    }

    /// What the objects of a class that declares a field are made with for it: what all calls of the class give, if they
    /// are few and agree.
    pub(super) fn built_with(&mut self, class: At, name: &str) -> Option<Found<'f>> {
        let world = self.world;
        let sites = self.sites?.get(&class).filter(|sites| sites.len() <= MAX_SITES)?;
        let module = world.files.get(class.file)?.module();
        let declared = module.assigns.iter().filter(|a| a.scope == class.scope && a.annotation.is_some());
        let fields = declared.filter_map(|a| match a.targets.as_slice() {
            [Target::Name(field)] if field.path.is_empty() => field.last(),
            _ => None,
        });
        let position = fields.take(MAX_PLACES).position(|field| field == name)?;
        // a class has no parameters of its own, so the number of the field tells the question
        self.hop(Key::Param(class, position), |this| this.given_at(sites, position, name))
    }

    fn given_at(&mut self, sites: &'f [Site], position: usize, name: &str) -> Option<Found<'f>> {
        let world = self.world;
        let mut settled = Settled::default();
        for site in sites {
            let call = world.files.get(site.file)?.module().calls.get(site.call)?;
            let ctx = world.at_call(site.file, site.call)?;
            let spread = call.args.iter().any(|v| matches!(v, Value::Starred(_)));
            let named = call.keywords.iter().find(|(key, _)| key == name).map(|(_, value)| value);
            let found = named.or_else(|| call.args.get(position).filter(|_| !spread)).and_then(|value| self.value(value, ctx));
            settled.add(found);
        }
        settled.finish()
    }

    /// What a call gives that stands for the result of the function it is made with.
    pub(super) fn stood_for(&mut self, name: &str, call: &'f Call, ctx: Ctx<'f>) -> Option<Found<'f>> {
        let keyword = self.world.callables.stands_for.get(name)?;
        let of = call.keywords.iter().find(|(key, _)| key == keyword).map(|(_, value)| value).or_else(|| call.args.first())?;
        let found = self.value(of, ctx)?;
        let given = match found.what {
            Type::Function(f) | Type::Method(f, _) => self.returned(f).or_else(|| self.yielded(f))?,
            Type::Class(class) => Found::sure(Type::Object(class)),
            Type::External(name) if is_class(&name) => Found::sure(Type::Instance(name)),
            _ => return None,
        };
        Some(given.after(found.sure))
    }

    /// What a framework gives for a parameter whose default, or whose type, says what it stands for.
    pub(super) fn handed_in(&mut self, param: &'f Param, around: Ctx<'f>) -> Option<Found<'f>> {
        let world = self.world;
        let default = match &param.default {
            Some(Value::Call(call)) => Some((around.file, *call)),
            _ => None,
        };
        let inline = param.marker.map(|call| (around.file, call));
        let (file, id) = default.or(inline).or_else(|| self.marked(param.annotation.as_ref()?, around))?;
        let Type::External(name) = self.callee(file, id)?.what else { return None };
        let call = world.files.get(file)?.module().calls.get(id)?;
        let ctx = world.at_call(file, id)?;
        self.stood_for(&name, call, ctx)
    }

    /// The call beside a type that has a name of its own: `ModelDep = Annotated[Model, Depends(load)]`.
    fn marked(&mut self, name: &'f Name, ctx: Ctx<'f>) -> Option<(FileId, usize)> {
        let world = self.world;
        let mut file = ctx.file;
        let mut word = name.last().filter(|_| name.path.is_empty())?;
        for _ in 0..4 {
            let code = world.files.get(file)?;
            match code.index.name(0, word)?.last()?.what {
                What::Assign(id, None) => return Some((file, marker(&code.module().assigns.get(id)?.value)?)),
                What::Import(id) => {
                    let import = code.module().imports.get(id)?;
                    let Some(super::Place::File(path)) = world.modules.of_import(&code.from, import) else { return None };
                    file = *world.by_path.get(&path)?;
                    word = import.name.as_deref()?;
                }
                _ => return None,
            }
        }
        None
    }
}
