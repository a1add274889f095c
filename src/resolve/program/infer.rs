//! Names and values, followed to what they stand for.
//!
//! Each question is answered once and remembered; a question that meets itself on the way, or goes too deep, is
//! answered with "unknown". Questions come in a fixed order, so the answers do not depend on anything else.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::super::python::Place;
use super::index::{Bind, home};
use super::quick::Quick;
use super::settle::Settled;
use super::{At, FileId, Sites, World};
use crate::syntax::python::{FlowId, Name, Param, Root, ScopeId, ScopeKind, Value};

/// Questions inside questions.
const MAX_DEPTH: u32 = 48;
/// Functions entered for what they return or are given, one inside the other.
const MAX_HOPS: u32 = 5;
/// Names that are looked for among all that is kept, one inside the other.
const MAX_LOOKED_FOR: usize = 4;
/// Deepest nesting of expressions that are followed into one another, for whatever reason.
const MAX_NESTED: u32 = 150;
/// Deepest nesting of elements of literals that are taken out of one another.
const MAX_OPENED: usize = 32;
/// Steps for everything that is asked of one file.
const MAX_STEPS: u64 = 4_000_000;
/// Characters of a name made up from parts.
const MAX_NAME: usize = 300;

/// What a value is.
#[derive(Debug, Clone)]
pub(super) enum Type<'f> {
    /// The thing of this name, from outside.
    External(Arc<str>),
    /// What calling the thing of this name gives.
    Instance(Arc<str>),
    /// Own module.
    Module(Rc<Place>),
    /// Own function, called with all its parameters.
    Function(At),
    /// Own function of an object: the function, and the class of the object.
    Method(At, At),
    /// Own class.
    Class(At),
    /// Object of an own class.
    Object(At),
    /// `self`: an object of the class or of one that builds on it.
    Itself(At),
    /// The bases of a class, as `super()` gives them.
    Super(At),
    /// A literal, and where it stands.
    Literal(&'f Value, Rc<Ctx<'f>>),
    /// One of several literal tables, and where they stand.
    Tables(Rc<[(&'f Value, Rc<Ctx<'f>>)]>),
}

/// A type, and whether it was followed literally.
#[derive(Debug, Clone)]
pub(super) struct Found<'f> {
    pub(super) what: Type<'f>,
    pub(super) sure: bool,
}

impl<'f> Found<'f> {
    pub(super) fn sure(what: Type<'f>) -> Self {
        Self { what, sure: true }
    }

    /// No surer than another.
    pub(super) fn after(self, sure: bool) -> Self {
        Self { sure: self.sure && sure, ..self }
    }
}

/// Where a value stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ctx<'f> {
    pub(super) file: FileId,
    pub(super) scope: ScopeId,
    /// Bindings of the same scope count from before this line.
    pub(super) at: u32,
    /// Flows that it stands under.
    pub(super) conditions: &'f [FlowId],
}

/// A question about something that has a number in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Bind(FileId, u32),
    Call(FileId, usize),
    Callee(FileId, usize),
    Returns(At),
    Yields(At),
    Param(At, usize),
}

impl Key {
    /// The question as one number: kind, file, number, position; none where there are more than anybody has.
    fn packed(self) -> Option<u64> {
        let (kind, file, number, position) = match self {
            Self::Bind(file, number) => (0, file, number as usize, 0),
            Self::Call(file, call) => (1, file, call, 0),
            Self::Callee(file, call) => (2, file, call, 0),
            Self::Returns(at) => (3, at.file, at.scope, 0),
            Self::Yields(at) => (4, at.file, at.scope, 0),
            Self::Param(at, position) => (5, at.file, at.scope, position),
        };
        let fits = file < 1 << 22 && number < 1 << 24 && position < 1 << 12;
        fits.then_some(kind << 58 | (file as u64) << 36 | (number as u64) << 12 | position as u64)
    }
}

/// Under way, or answered.
type Answers<K, T, S = std::hash::RandomState> = HashMap<K, Option<T>, S>;

/// Answers questions about a program.
pub(super) struct Infer<'f> {
    pub(super) world: &'f World,
    /// Calls of each own function, once they are known.
    pub(super) sites: Option<&'f Sites>,
    known: Answers<u64, Option<Found<'f>>, Quick>,
    exports: Answers<(FileId, &'f str), Option<Found<'f>>>,
    pub(super) imports_of: HashMap<FileId, Rc<std::collections::HashSet<FileId>>>,
    depth: u32,
    /// Expressions that are looked at within one another.
    nested: u32,
    hops: u32,
    steps: u64,
    /// Names that are looked for among all that is kept, right now.
    looked_for: Vec<*const (FileId, Bind)>,
    /// Elements of literals that are looked at, right now.
    opened: Vec<*const Value>,
    /// A question was found to hang on itself; for whoever asks to set back.
    pub(super) circle: bool,
}

impl<'f> Infer<'f> {
    pub(super) fn new(world: &'f World, sites: Option<&'f Sites>) -> Self {
        Self {
            world,
            sites,
            known: HashMap::default(),
            exports: HashMap::new(),
            imports_of: HashMap::new(),
            depth: 0,
            nested: 0,
            hops: 0,
            steps: 0,
            looked_for: Vec::new(),
            opened: Vec::new(),
            circle: false,
        }
    }

    /// A new file has steps of its own.
    pub(super) fn begin(&mut self) {
        self.steps = 0;
    }

    /// Whether another step may be taken.
    pub(super) fn step(&mut self) -> bool {
        self.steps += 1;
        self.steps < MAX_STEPS
    }

    /// The answer to a question, asked once.
    pub(super) fn once(&mut self, key: Key, ask: impl FnOnce(&mut Self) -> Option<Found<'f>>) -> Option<Found<'f>> {
        let key = key.packed()?;
        if let Some(known) = self.known.get(&key) {
            self.circle |= known.is_none();
            return known.clone().flatten();
        }
        if self.depth >= MAX_DEPTH || !self.step() {
            return None;
        }
        self.known.insert(key, None);
        self.depth += 1;
        let answer = ask(self);
        self.depth -= 1;
        self.known.insert(key, Some(answer.clone()));
        answer
    }

    /// Looks among the places that are kept under one name; a search that meets itself on the way finds nothing.
    pub(super) fn among(
        &mut self,
        places: &'f [(FileId, Bind)],
        look: impl FnOnce(&mut Self) -> Option<Found<'f>>,
    ) -> Option<Found<'f>> {
        if self.looked_for.contains(&places.as_ptr()) || self.looked_for.len() >= MAX_LOOKED_FOR || !self.step() {
            self.circle = true;
            return None;
        }
        self.looked_for.push(places.as_ptr());
        let found = look(self);
        self.looked_for.pop();
        found
    }

    /// What an element of a literal gives; one that is taken out of itself gives nothing.
    pub(super) fn held_in(&mut self, value: &'f Value, inside: Ctx<'f>) -> Option<Found<'f>> {
        let key: *const Value = value;
        if self.opened.contains(&key) || self.opened.len() >= MAX_OPENED {
            self.circle = true;
            return None;
        }
        self.opened.push(key);
        let found = self.value(value, inside);
        self.opened.pop();
        found
    }

    /// The same for a question that leads into another function.
    pub(super) fn hop(&mut self, key: Key, ask: impl FnOnce(&mut Self) -> Option<Found<'f>>) -> Option<Found<'f>> {
        if self.hops >= MAX_HOPS && !key.packed().is_some_and(|k| self.known.contains_key(&k)) {
            return None;
        }
        self.hops += 1;
        let answer = self.once(key, ask);
        self.hops -= 1;
        answer
    }

    /// What an expression gives.
    pub(super) fn value(&mut self, value: &'f Value, ctx: Ctx<'f>) -> Option<Found<'f>> {
        if self.nested >= MAX_NESTED || !self.step() {
            self.circle = true;
            return None;
        }
        self.nested += 1;
        let found = self.of_value(value, ctx);
        self.nested -= 1;
        found
    }

    fn of_value(&mut self, value: &'f Value, ctx: Ctx<'f>) -> Option<Found<'f>> {
        match value {
            Value::Name(name) => self.name(name, ctx),
            Value::Call(call) => self.result(ctx.file, *call),
            Value::Lambda(scope) => Some(Found::sure(Type::Function(At { file: ctx.file, scope: *scope }))),
            Value::BoolOp { op: "or", values } => self.any_of(values.iter(), ctx),
            Value::Choice { then, otherwise, .. } => self.any_of([&**then, &**otherwise].into_iter(), ctx),
            Value::BinOp { op: "|", left, right } => self.either(left, right, ctx),
            Value::BoolOp { .. } | Value::BinOp { .. } | Value::Unary { .. } | Value::Compare { .. } => None,
            Value::Starred(_) | Value::Other => None,
            _ => Some(Found::sure(Type::Literal(value, Rc::new(ctx)))),
        }
    }

    /// `A | B` of two own classes: the one that both build on.
    fn either(&mut self, left: &'f Value, right: &'f Value, ctx: Ctx<'f>) -> Option<Found<'f>> {
        let (Type::Class(one), Type::Class(other)) = (self.value(left, ctx)?.what, self.value(right, ctx)?.what) else {
            return None;
        };
        let order = |class: At| self.world.bases.get(&class).map_or(&[][..], |bases| &bases.order);
        let shared = order(one).iter().find(|class| order(other).contains(class))?;
        Some(Found { what: Type::Class(*shared), sure: false })
    }

    /// What several values come to.
    pub(super) fn any_of(&mut self, values: impl Iterator<Item = &'f Value>, ctx: Ctx<'f>) -> Option<Found<'f>> {
        let mut settled = Settled::default();
        for value in values {
            let found = self.value(value, ctx);
            settled.add(found);
        }
        settled.finish()
    }

    /// What a dotted name stands for.
    pub(super) fn name(&mut self, name: &'f Name, ctx: Ctx<'f>) -> Option<Found<'f>> {
        self.chain(name, name.path.len(), ctx)
    }

    /// The same of a name that is made up to be asked.
    pub(super) fn name_of(&mut self, name: &Name, ctx: Ctx<'f>) -> Option<Type<'f>> {
        let Root::Local(local) = &name.root else { return None };
        let world = self.world;
        // names live as long as the program: that of the text is taken, not the one that is asked
        let (scope, binds) = world.binds(ctx, local)?;
        let here = scope == home(world.files.get(ctx.file)?.module(), ctx.scope);
        let mut found = self.settle(ctx.file, binds?, here.then_some(ctx))?;
        for attribute in &name.path {
            let (Type::Object(class) | Type::Itself(class)) = found.what else { return None };
            let index = &world.files.get(class.file)?.index;
            found = self.agree(class.file, index.field(class.scope, attribute)?.iter())?;
        }
        Some(found.what)
    }

    /// The same for the name with only its first attributes.
    pub(super) fn chain(&mut self, name: &'f Name, attributes: usize, ctx: Ctx<'f>) -> Option<Found<'f>> {
        if !self.step() {
            return None;
        }
        let mut found = match &name.root {
            Root::Local(local) => self.lookup(local, ctx),
            Root::Call(call) => self.result(ctx.file, *call),
            Root::Item(of, key) => self.item(of, key, ctx),
            Root::Str(_) => Some(Found::sure(Type::Instance("str".into()))),
            Root::Other => None,
        }?;
        for attribute in name.path.iter().take(attributes) {
            found = self.attribute(found, attribute)?;
        }
        Some(found)
    }

    /// What a plain name is bound to where it is used.
    pub(super) fn lookup(&mut self, name: &'f str, ctx: Ctx<'f>) -> Option<Found<'f>> {
        let world = self.world;
        let (scope, binds) = world.binds(ctx, name)?;
        match binds {
            Some(binds) => {
                let here = scope == home(world.files.get(ctx.file)?.module(), ctx.scope);
                self.settle(ctx.file, binds, here.then_some(ctx))
            }
            None => self.star(ctx.file, name).or_else(|| is_builtin(name).then(|| Found::sure(Type::External(name.into())))),
        }
    }

    /// What a module calls by a name.
    pub(super) fn export(&mut self, file: FileId, name: &'f str) -> Option<Found<'f>> {
        if let Some(known) = self.exports.get(&(file, name)) {
            return known.clone().flatten();
        }
        if self.depth >= MAX_DEPTH || !self.step() {
            return None;
        }
        let binds = self.world.files.get(file)?.index.name(0, name);
        self.exports.insert((file, name), None);
        self.depth += 1;
        let answer = match binds {
            Some(binds) => self.settle(file, binds, None),
            None => self.star(file, name),
        };
        self.depth -= 1;
        self.exports.insert((file, name), Some(answer.clone()));
        answer
    }

    /// What a star import brings along under a name.
    fn star(&mut self, file: FileId, name: &'f str) -> Option<Found<'f>> {
        let world = self.world;
        let code = world.files.get(file)?;
        let mut outside: Vec<Arc<str>> = Vec::new();
        for import in code.index.stars.iter().rev().take(50).filter_map(|i| code.module().imports.get(*i)) {
            match world.modules.of_import(&code.from, import) {
                Some(Place::File(path)) => {
                    let Some(other) = world.by_path.get(&path).copied() else { continue };
                    let exported = world.files.get(other).is_some_and(|f| f.index.exports(name));
                    if exported
                        && other != file
                        && let Some(found) = self.export(other, name)
                    {
                        return Some(found);
                    }
                }
                None if import.level == 0 => outside.push(import.module.as_str().into()),
                _ => {}
            }
        }
        // of several modules from outside nobody can say which has it
        match outside.as_slice() {
            [one] if !is_builtin(name) => Some(Found { what: Type::External(joined(one, '.', name)?), sure: false }),
            _ => None,
        }
    }

    /// What an import binds.
    pub(super) fn import(&mut self, file: FileId, import: usize) -> Option<Found<'f>> {
        let world = self.world;
        let code = world.files.get(file)?;
        let import = code.module().imports.get(import)?;
        let outside = |name: &str| Some(Found::sure(Type::External(name.into())));
        let Some(name) = &import.name else {
            let top = import.module.split('.').next().unwrap_or_default();
            return match world.modules.locate(&code.from, &import.module) {
                Some((place @ Place::File(_), _)) if import.aliased => Some(Found::sure(Type::Module(place.into()))),
                Some((Place::File(_), root)) => {
                    world.modules.child(&Place::Folder(root), top).map(|p| Found::sure(Type::Module(p.into())))
                }
                // a folder alone gives way to an installed package of its name
                _ => outside(if import.aliased { &import.module } else { top }),
            };
        };
        let place = world.modules.of_import(&code.from, import);
        if let Some(Place::File(path)) = &place
            && let Some(other) = world.by_path.get(path)
            && let Some(found) = self.export(*other, name)
        {
            return Some(found);
        }
        if let Some(child) = place.as_ref().and_then(|p| world.modules.child(p, name)) {
            return Some(Found::sure(Type::Module(child.into())));
        }
        match place {
            Some(Place::Folder(_)) | None if import.level == 0 => {
                Some(Found::sure(Type::External(joined(&import.module, '.', name)?)))
            }
            _ => None,
        }
    }

    /// What a parameter is given.
    pub(super) fn param(&mut self, function: At, position: usize) -> Option<Found<'f>> {
        let world = self.world;
        let scope = world.scope(function)?;
        let param = scope.params.get(position)?;
        if position == 0
            && scope.kind == ScopeKind::Function
            && let Some(class) = world.class_of(function)
            && !decorated(&scope.decorators, "staticmethod")
        {
            let is_class = decorated(&scope.decorators, "classmethod") || scope.name.ends_with(".__new__");
            return Some(Found::sure(if is_class { Type::Class(class) } else { Type::Itself(class) }));
        }
        self.hop(Key::Param(function, position), |this| {
            let around = Ctx { file: function.file, scope: scope.parent, at: u32::MAX, conditions: &[] };
            if let Some(found) = this.handed_in(param, around) {
                return Some(found);
            }
            if let Some(annotation) = &param.annotation
                && let Some(found) = this.annotation(annotation, around)
            {
                return Some(found);
            }
            let passed = this.passed_to(function, position, param);
            if passed.is_some() {
                return passed;
            }
            let default: &'f Param = param;
            let found = this.value(default.default.as_ref()?, around)?;
            Some(found.after(false))
        })
    }

    /// The type that an annotation names, as a value of it; `Type[X]` is a class, which may as well build on `X`.
    pub(super) fn annotation(&mut self, name: &'f Name, ctx: Ctx<'f>) -> Option<Found<'f>> {
        if let Name { root: Root::Item(of, class), path } = name
            && let (true, Value::Name(class)) = (path.is_empty(), &**class)
            && (of.dotted().as_deref() == Some("type")
                || matches!(self.name(of, ctx)?.what, Type::External(name) if &*name == "typing.Type"))
        {
            return self.name(class, ctx).filter(|f| matches!(f.what, Type::Class(_))).map(|f| f.after(false));
        }
        let found = self.name(name, ctx)?;
        match found.what {
            Type::Class(class) => Some(Found { what: Type::Object(class), ..found }),
            Type::External(name) if says_type(&name) => Some(Found { what: Type::Instance(name), ..found }),
            _ => None,
        }
    }

    /// What a class names as its bases; parameters in brackets do not count.
    pub(super) fn direct_bases(&mut self, class: At) -> Vec<Option<Found<'f>>> {
        let Some(scope) = self.world.scope(class) else { return Vec::new() };
        let ctx = Ctx { file: class.file, scope: scope.parent, at: scope.line, conditions: &scope.conditions };
        let mut found = Vec::new();
        for base in scope.bases.iter().take(20) {
            found.push(match base {
                Value::Name(Name { root: Root::Item(of, _), path }) if path.is_empty() => self.name(of, ctx),
                other => self.value(other, ctx),
            });
        }
        found
    }
}

impl World {
    /// The bindings of a name as seen from a place, and the scope they stand in; none where no scope binds it.
    pub(super) fn binds(&self, ctx: Ctx<'_>, name: &str) -> Option<(ScopeId, Option<&[Bind]>)> {
        let code = self.files.get(ctx.file)?;
        let module = code.module();
        let mut scope = home(module, ctx.scope);
        for step in 0..64 {
            let kind = module.scopes.get(scope)?.kind;
            // methods do not see the names of the class body
            if (kind != ScopeKind::Class || step == 0)
                && let Some(binds) = code.index.name(scope, name)
            {
                return Some((scope, Some(binds)));
            }
            if scope == 0 {
                break;
            }
            scope = home(module, module.scopes.get(scope)?.parent);
        }
        Some((0, None))
    }
}

/// Two parts of a name, if the result is not absurdly long.
pub(super) fn joined(first: &str, mark: char, last: &str) -> Option<Arc<str>> {
    (first.len() + last.len() < MAX_NAME).then(|| format!("{first}{mark}{last}").into())
}

/// Whether one of the decorators is that word.
pub(super) fn decorated(decorators: &[Value], word: &str) -> bool {
    decorators.iter().any(|d| matches!(d, Value::Name(n) if n.last() == Some(word)))
}

/// Types that say what a value can do.
fn says_type(name: &str) -> bool {
    !(matches!(name, "object" | "type")
        || ["typing.", "typing_extensions.", "collections.abc."].iter().any(|p| name.starts_with(p)))
}

/// Names that are there without being bound.
pub(super) fn is_builtin(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "Exception",
        "BaseException",
        "KeyboardInterrupt",
        "StopIteration",
        "SystemExit",
        "NotImplemented",
        "__import__",
        "abs",
        "all",
        "any",
        "bool",
        "breakpoint",
        "bytearray",
        "bytes",
        "callable",
        "chr",
        "classmethod",
        "compile",
        "complex",
        "delattr",
        "dict",
        "dir",
        "display",
        "divmod",
        "enumerate",
        "eval",
        "exec",
        "exit",
        "filter",
        "float",
        "format",
        "frozenset",
        "get_ipython",
        "getattr",
        "globals",
        "hasattr",
        "hash",
        "help",
        "hex",
        "id",
        "input",
        "int",
        "isinstance",
        "issubclass",
        "iter",
        "len",
        "list",
        "locals",
        "map",
        "max",
        "memoryview",
        "min",
        "next",
        "object",
        "oct",
        "open",
        "ord",
        "pow",
        "print",
        "property",
        "quit",
        "range",
        "repr",
        "reversed",
        "round",
        "set",
        "setattr",
        "slice",
        "sorted",
        "staticmethod",
        "str",
        "sum",
        "super",
        "tuple",
        "type",
        "vars",
        "zip",
    ];
    NAMES.contains(&name) || name.ends_with("Error") || name.ends_with("Warning")
}
