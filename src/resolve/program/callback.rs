//! Every call of a file: what it leads to, and which own functions it hands over.

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use super::super::python::Place;
use super::infer::{Ctx, Found, Infer, Type, joined};
use super::{At, Decorator, Destination, FileId, Passed};
use crate::rules::callables::{Callables, Starts};
use crate::syntax::python::{Call, CallId, Name, Root, Value};

/// Method names of Python's own types: on an unknown receiver they say nothing about own classes.
const COMMON: &[&str] = &[
    "add",
    "append",
    "clear",
    "close",
    "copy",
    "count",
    "decode",
    "discard",
    "encode",
    "endswith",
    "extend",
    "find",
    "flush",
    "format",
    "get",
    "index",
    "insert",
    "isdigit",
    "items",
    "join",
    "keys",
    "lower",
    "open",
    "pop",
    "popitem",
    "read",
    "readline",
    "readlines",
    "remove",
    "replace",
    "reverse",
    "seek",
    "setdefault",
    "sort",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "title",
    "union",
    "update",
    "upper",
    "values",
    "write",
    "writelines",
    "set_index",
    "reset_index",
    "to_csv",
    "to_dict",
    "to_json",
    "is_file",
    "is_dir",
    "read_text",
    "write_text",
];

impl<'f> Infer<'f> {
    /// What every call of a file leads to. What is known already is kept.
    pub(super) fn reach_all(&mut self, file: FileId, known: Option<Vec<Destination>>) -> Vec<Destination> {
        self.begin();
        let calls = self.world.files.get(file).map_or(0, |f| f.module().calls.len());
        match known {
            None => (0..calls).map(|call| self.reach(file, call).unwrap_or(Destination::Unknown { own: false })).collect(),
            Some(known) => known
                .into_iter()
                .enumerate()
                .map(|(call, before)| match before {
                    Destination::Unknown { own } => {
                        let found = self.reach(file, call).or_else(|| self.by_method(file, call));
                        found.unwrap_or(Destination::Unknown { own })
                    }
                    before => before,
                })
                .collect(),
        }
    }

    fn reach(&mut self, file: FileId, call: CallId) -> Option<Destination> {
        let world = self.world;
        let Some(Found { what, sure }) = self.callee(file, call) else { return self.looks_own(file, call) };
        let own = |to: At, class: Option<At>, makes: Option<At>, named: bool| {
            let base = class.and_then(|c| world.bases.get(&c)).and_then(|b| b.external.first());
            let name = world.scope(to).and_then(|s| s.name.rsplit('.').next()).unwrap_or_default();
            let external_base = base.and_then(|b| if named { joined(b, '#', name) } else { Some(b.clone()) });
            Some(Destination::Own { to, makes, external_base, sure })
        };
        match what {
            Type::External(name) => Some(Destination::External { name, sure }),
            Type::Instance(name) => Some(Destination::External { name: joined(&name, '#', "__call__")?, sure }),
            Type::Function(f) => own(f, world.class_of(f), None, true),
            Type::Method(f, class) => own(f, Some(class), None, true),
            Type::Class(class) => {
                let to = self.method(class, "__init__").unwrap_or(class);
                own(to, Some(class), Some(class), false)
            }
            Type::Object(class) | Type::Itself(class) => match self.method(class, "__call__") {
                Some(f) => own(f, Some(class), None, true),
                None => {
                    let base = world.bases.get(&class).and_then(|b| b.external.first());
                    let outside = base.and_then(|b| joined(b, '#', "__call__"));
                    Some(outside.map_or(Destination::Unknown { own: true }, |name| Destination::External { name, sure: false }))
                }
            },
            Type::Module(_) => Some(Destination::Unknown { own: true }),
            Type::Super(_) | Type::Literal(..) | Type::Tables(_) => None,
        }
    }

    /// A call that could not be followed although what it is called on is own code.
    fn looks_own(&mut self, file: FileId, call: CallId) -> Option<Destination> {
        let world = self.world;
        let ctx = world.at_call(file, call)?;
        let callee = &world.files.get(file)?.module().calls.get(call)?.callee;
        let of = match (&callee.root, callee.path.len()) {
            (Root::Item(of, _), 0) => self.name(of, ctx),
            (_, 0) => None,
            (_, length) => self.chain(callee, length - 1, ctx),
        };
        let own = match of?.what {
            Type::Module(_) | Type::Class(_) | Type::Object(_) | Type::Itself(_) | Type::Super(_) => true,
            Type::Literal(Value::Dict(_) | Value::List(_) | Value::Tuple(_), _) => callee.path.is_empty(),
            _ => false,
        };
        own.then_some(Destination::Unknown { own: true })
    }

    /// A method on something unknown, where only one own class has a method of that name, and the file knows the class
    /// or the name is no everyday word.
    fn by_method(&mut self, file: FileId, call: CallId) -> Option<Destination> {
        let world = self.world;
        let ctx = world.at_call(file, call)?;
        let callee = &world.files.get(file)?.module().calls.get(call)?.callee;
        let method = callee.path.last().filter(|m| !m.starts_with("__") && !COMMON.contains(&m.as_str()))?;
        let [class] = world.methods.get(method.as_str())?.as_slice() else { return None };
        if self.chain(callee, callee.path.len() - 1, ctx).is_some() {
            return None;
        }
        let telling = method.trim_matches('_').contains('_');
        if !(telling || class.file == file || self.imported_files(file).contains(&class.file)) {
            return None;
        }
        let to = self.method(*class, method)?;
        let base = world.bases.get(class).and_then(|b| b.external.first());
        Some(Destination::Own { to, makes: None, external_base: base.and_then(|b| joined(b, '#', method)), sure: false })
    }

    /// Files that a file imports directly.
    fn imported_files(&mut self, file: FileId) -> Rc<HashSet<FileId>> {
        let world = self.world;
        let found = self.imports_of.entry(file).or_insert_with(|| {
            let mut files = HashSet::new();
            if let Some(code) = world.files.get(file) {
                for import in &code.module().imports {
                    let place = world.modules.of_import(&code.from, import);
                    let child = place.as_ref().zip(import.name.as_deref()).and_then(|(p, name)| world.modules.child(p, name));
                    for place in [place, child].into_iter().flatten() {
                        if let Place::File(path) = place {
                            files.extend(world.by_path.get(&path));
                        }
                    }
                }
            }
            Rc::new(files)
        });
        found.clone()
    }

    /// Own functions, and own classes that build on one from outside, that the calls of a file hand over.
    pub(super) fn passed(&mut self, file: FileId, reached: &[Destination]) -> BTreeMap<CallId, Vec<Passed>> {
        let world = self.world;
        let mut all = BTreeMap::new();
        let Some(code) = world.files.get(file) else { return all };
        let decorators: HashSet<CallId> = code
            .module()
            .scopes
            .iter()
            .flat_map(|s| &s.decorators)
            .filter_map(|d| match d {
                Value::Call(id) => Some(*id),
                _ => None,
            })
            .collect();
        for (id, call) in code.module().calls.iter().enumerate() {
            let Some(ctx) = world.at_call(file, id) else { continue };
            let mut found: Vec<Passed> = Vec::new();
            let mut take = |handed: Vec<Passed>, sure: bool| {
                for one in handed {
                    if !found.iter().any(|p| p.at == one.at) {
                        found.push(Passed { sure: one.sure && sure, ..one });
                    }
                }
            };
            if !reached.get(id).is_some_and(only_looks) {
                let runs = Runs::of(&world.callables, reached.get(id), reached, &code.module().calls);
                let placed = call.args.iter().enumerate().map(|(at, v)| (v, runs.argument(at, v)));
                let named = call.keywords.iter().map(|(name, v)| (v, runs.named(&world.callables, name)));
                for (value, sure) in placed.chain(named) {
                    let mut ats = Vec::new();
                    self.handed(value, ctx, 2, reached, &mut ats);
                    take(ats, sure);
                }
            }
            if !decorators.contains(&id) {
                let mut ats = Vec::new();
                self.called_by_wrapper(call, ctx, &mut ats);
                take(ats, false);
            }
            if !found.is_empty() {
                all.insert(id, found);
            }
        }
        all
    }

    fn handed(&mut self, value: &'f Value, ctx: Ctx<'f>, depth: u32, reached: &[Destination], into: &mut Vec<Passed>) {
        let Some(depth) = depth.checked_sub(1).filter(|_| into.len() < 50) else { return };
        let may = match value {
            Value::Name(Name { root: Root::Local(_), .. }) => true,
            // only Python's own or own code gives functions back
            Value::Call(call) => match reached.get(*call) {
                Some(Destination::External { name, .. }) => name.starts_with("functools."),
                Some(Destination::Own { makes, .. }) => makes.is_none(),
                _ => false,
            },
            _ => false,
        };
        match value {
            _ if may => {
                let Some(Found { what, sure }) = self.value(value, ctx) else { return };
                let at = match what {
                    Type::Function(f) | Type::Method(f, _) => Some(f),
                    Type::Class(class) => Some(class).filter(|c| self.world.bases.get(c).is_some_and(|b| !b.external.is_empty())),
                    _ => None,
                };
                into.extend(at.map(|at| Passed { at, sure }));
            }
            Value::List(values) | Value::Tuple(values) => values.iter().for_each(|v| self.handed(v, ctx, depth, reached, into)),
            Value::Dict(pairs) => pairs.iter().for_each(|(_, v)| self.handed(v, ctx, depth, reached, into)),
            Value::Starred(value) => self.handed(value, ctx, depth, reached, into),
            _ => {}
        }
    }

    /// `task.delay()`, `step.submit()`: a method of what a decorator made of an own function runs that function.
    fn called_by_wrapper(&mut self, call: &'f Call, ctx: Ctx<'f>, into: &mut Vec<Passed>) {
        // of a name or of something in a module; what is longer belongs to objects
        let Some(before) = call.callee.path.len().checked_sub(1).filter(|n| *n <= 2) else { return };
        if !matches!(&call.callee.root, Root::Local(name) if name != "self") {
            return;
        }
        if let Some(Found { what: Type::Function(at) | Type::Method(at, _), sure }) = self.chain(&call.callee, before, ctx) {
            into.push(Passed { at, sure });
        }
    }

    /// What decorates a function or class.
    pub(super) fn decorators(&mut self, at: At) -> Vec<Decorator> {
        let world = self.world;
        let Some(scope) = world.scope(at) else { return Vec::new() };
        let ctx = Ctx { file: at.file, scope: scope.parent, at: scope.line, conditions: &scope.conditions };
        let mut found = Vec::new();
        for decorator in scope.decorators.iter().take(20) {
            let (name, call) = match decorator {
                Value::Name(name) => (Some(name), None),
                Value::Call(id) => {
                    (world.files.get(at.file).and_then(|f| f.module().calls.get(*id)).map(|c| &c.callee), Some(*id))
                }
                _ => (None, None),
            };
            let Some(name) = name else { continue };
            let what = match call {
                Some(call) => self.callee(at.file, call),
                None => self.name(name, ctx),
            };
            let (outside, own): (Option<Arc<str>>, Option<At>) = match what.map(|f| f.what) {
                Some(Type::External(name) | Type::Instance(name)) => (Some(name), None),
                Some(Type::Function(f) | Type::Method(f, _)) => (None, Some(f)),
                _ => (None, None),
            };
            // `@cli.command()`: what it is registered with may be an own function itself
            let with = match name.path.len().checked_sub(1).and_then(|before| self.chain(name, before, ctx)).map(|f| f.what) {
                Some(Type::Function(f)) => Some(f),
                _ => own,
            };
            found.push(Decorator { text: super::name_text(name), outside, own: with, call });
        }
        found
    }
}

/// Which of the functions that a call hands over certainly run.
enum Runs<'t> {
    /// Nothing is known of what takes them.
    Unknown,
    /// Each of them.
    All,
    /// The first, if it stands there by itself.
    First,
    /// One argument, later; whether something in the file lets it begin.
    Later(&'t Starts, bool),
}

impl<'t> Runs<'t> {
    fn of(table: &'t Callables, by: Option<&Destination>, reached: &[Destination], calls: &[Call]) -> Self {
        let Some(Destination::External { name, .. }) = by else { return Self::Unknown };
        if table.runs.contains(&**name) {
            return Self::All;
        }
        if table.exposes.contains(&**name) {
            return Self::First;
        }
        let Some(starts) = table.starts.get(&**name) else { return Self::Unknown };
        let begins = |(to, call): (&Destination, &Call)| match to {
            Destination::External { name: called, .. } => {
                called.rsplit_once('#').is_some_and(|(of, method)| of == &**name && starts.by.contains(method))
            }
            // one of several that stand in a list
            Destination::Unknown { .. } => call.callee.path.last().is_some_and(|method| starts.by.contains(method)),
            Destination::Own { .. } => false,
        };
        Self::Later(starts, reached.iter().zip(calls).any(begins))
    }

    fn argument(&self, at: usize, value: &Value) -> bool {
        match self {
            Self::Unknown => false,
            Self::All => true,
            Self::First => at == 0 && matches!(value, Value::Name(_)),
            Self::Later(starts, begins) => *begins && starts.at == at,
        }
    }

    fn named(&self, table: &Callables, keyword: &str) -> bool {
        match self {
            Self::All => true,
            Self::Unknown => table.keywords.contains(keyword),
            Self::First => false,
            Self::Later(starts, begins) => *begins && starts.keyword == keyword,
        }
    }
}

/// Calls of Python's own that look at a function or class and never run it.
fn only_looks(reached: &Destination) -> bool {
    let Destination::External { name, .. } = reached else { return false };
    let runs = matches!(&**name, "map" | "filter" | "sorted" | "min" | "max");
    !runs
        && (!name.contains(['.', '#']) && super::infer::is_builtin(name)
            || matches!(&**name, "functools.wraps" | "functools.update_wrapper"))
        || name.starts_with("inspect.")
        || name.starts_with("typing.")
}
