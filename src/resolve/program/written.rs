//! Values that stand outside of the code that names them: the default of a variable of the environment, a key of a
//! document of the repository.
//!
//! Told only where it is written down: a name bound once, a default that is a literal, a document that is named by a
//! literal and loaded whole. What the machine sets in the place of a default is not known here; who asks says what a
//! default proves.
//!
//! Invariants: bounded in depth; what is bound twice, computed or given under a condition is none.

use super::super::python::Place;
use super::{At, Callee, Destination, FileId, Program};
use crate::rules::interpreter::Table;
use crate::source::{self, RepoPath};
use crate::syntax::python::{
    Assign, AssignKind, Call, CallId, FlowId, FlowKind, ImportGuard, Name, Part, Root, ScopeId, Target, Value,
};

/// Steps from name to name, into functions and through wrappers.
const MAX_DEPTH: u32 = 10;
/// Steps that a text takes which is put together, and most parts of one.
const TOGETHER: u32 = 3;
const MAX_PARTS: usize = 20;

/// A value and where it stands.
#[derive(Debug, Clone, Copy)]
struct Stands<'p> {
    file: FileId,
    scope: ScopeId,
    value: &'p Value,
}

impl Program {
    /// The text that a value comes to by a default or a document.
    pub(crate) fn written(
        &self,
        (path, embedded): (&str, Option<usize>),
        scope: ScopeId,
        value: &Value,
        table: &Table,
    ) -> Option<String> {
        let file = self.file(path, embedded)?;
        match value {
            Value::Name(name) => self.name_written(file, scope, name, table, MAX_DEPTH),
            Value::Call(call) => self.call_written(file, scope, *call, table, MAX_DEPTH),
            Value::FString { .. } | Value::BinOp { .. } | Value::Str(_) => {
                self.value_written(Stands { file, scope, value }, table, MAX_DEPTH)
            }
            _ => None,
        }
    }

    fn value_written(&self, at: Stands<'_>, table: &Table, depth: u32) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        match at.value {
            Value::Str(text) => Some(text.clone()),
            Value::Name(name) => self.name_written(at.file, at.scope, name, table, depth),
            Value::Call(call) => self.call_written(at.file, at.scope, *call, table, depth),
            // what is put together nests little, as every part may be put together again
            Value::FString { parts } if parts.len() <= MAX_PARTS => {
                let depth = depth.checked_sub(TOGETHER)?;
                let text = |part: &'_ Part| match part {
                    Part::Text(text) => Some(text.clone()),
                    Part::Hole(value) => self.value_written(Stands { value, ..at }, table, depth),
                };
                parts.iter().map(text).collect()
            }
            Value::BinOp { op: "+", left, right } => {
                let depth = depth.checked_sub(TOGETHER)?;
                let left = self.value_written(Stands { value: left, ..at }, table, depth)?;
                Some(left + &self.value_written(Stands { value: right, ..at }, table, depth)?)
            }
            // what is set counts before what stands behind `or`
            Value::BoolOp { op: "or", values } => self.value_written(Stands { value: values.last()?, ..at }, table, depth),
            _ => None,
        }
    }

    fn call(&self, file: FileId, call: CallId) -> Option<&Call> {
        self.world.files.get(file)?.module().calls.get(call)
    }

    fn outside(&self, file: FileId, call: CallId) -> Option<String> {
        let code = self.world.files.get(file)?;
        match self.callee(&code.path, code.embedded, call) {
            Callee::External { name, .. } => Some(name),
            _ => None,
        }
    }

    /// `os.getenv("A", "b")`; `config["a"].get("b")`, with its default where the document has none.
    fn call_written(&self, file: FileId, scope: ScopeId, id: CallId, table: &Table, depth: u32) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        let call = self.call(file, id)?;
        let default = || {
            let named = call.keywords.iter().find(|(key, _)| key == "default").map(|(_, v)| v);
            named.or_else(|| call.args.get(1))
        };
        let environment = matches!(self.outside(file, id).as_deref(), Some("os.getenv" | "os.environ.get" | "os.environ#get"));
        if environment {
            return self.value_written(Stands { file, scope, value: default()? }, table, depth);
        }
        // a key taken by a method
        let (Some("get"), Some(Value::Str(key))) = (call.callee.last(), call.args.first()) else { return None };
        let mut of = call.callee.clone();
        of.path.pop()?;
        let key = Name { root: Root::Item(Box::new(of), Box::new(Value::Str(key.clone()))), path: Vec::new() };
        self.name_written(file, scope, &key, table, depth)
    }

    fn name_written(&self, file: FileId, scope: ScopeId, name: &Name, table: &Table, depth: u32) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        if let Some(at) = self.bound_once(file, scope, name, depth) {
            return self.value_written(at, table, depth);
        }
        let (base, keys) = taken(name)?;
        // `cfg.a.b`: attributes may begin with a module's
        for own in (0..=keys.len()).rev().filter(|own| *own < 2) {
            let base = Name { root: Root::Local(base.to_owned()), path: keys.get(..own)?.to_vec() };
            if let Some(document) = self.document(file, scope, &base, table, depth) {
                let keys = keys.get(own..)?.join(".");
                let tree = self.trees.get(&document)?;
                return (tree.docs().count() == 1).then(|| tree.root()?.at(&keys).map(str::to_owned)).flatten();
            }
        }
        None
    }

    /// The one value that a plain name, or a name of an own module, is bound to.
    fn bound_once(&self, file: FileId, scope: ScopeId, name: &Name, depth: u32) -> Option<Stands<'_>> {
        let depth = depth.checked_sub(1)?;
        let Root::Local(local) = &name.root else { return None };
        let code = self.world.files.get(file)?;
        if name.path.is_empty() {
            let module = code.module();
            if module.scopes.get(scope).is_some_and(|s| s.params.iter().any(|p| p.name == *local)) {
                return None;
            }
            // the main block shares the names of the top level
            let main = module.scopes.get(scope).is_some_and(|s| s.kind == crate::syntax::python::ScopeKind::Main);
            let scopes: &[ScopeId] = if scope == 0 || main { &[0] } else { &[scope, 0] };
            for scope in scopes {
                let mut bound = module.assigns.iter().filter(|a| (a.scope == *scope) && binds(a, local));
                if let Some(first) = bound.next() {
                    // what is under `with` happens as surely as what is not
                    let always = |f: &FlowId| module.flows.get(*f).is_some_and(|f| f.kind == FlowKind::With);
                    let plain = first.kind == AssignKind::Assign && first.conditions.iter().all(always) && bound.next().is_none();
                    return plain.then_some(Stands { file, scope: *scope, value: &first.value });
                }
            }
        }
        let fits = |i: &&crate::syntax::python::Import| i.local == *local && i.guard == ImportGuard::None;
        let import = code.module().imports.iter().rev().find(fits)?;
        let place = self.world.modules.of_import(&code.from, import)?;
        let child = import.name.as_deref().and_then(|name| self.world.modules.child(&place, name));
        let (place, inner) = match (&import.name, child, name.path.as_slice()) {
            (_, Some(child), [inner]) => (child, inner.clone()),
            (Some(inner), None, []) => (place, inner.clone()),
            (None, None, [inner]) if import.aliased || !import.module.contains('.') => (place, inner.clone()),
            _ => return None,
        };
        let Place::File(path) = place else { return None };
        let file = *self.world.by_path.get(&path)?;
        self.bound_once(file, 0, &Name { root: Root::Local(inner), path: Vec::new() }, depth)
    }

    /// The document that a name stands for, whole.
    fn document(&self, file: FileId, scope: ScopeId, name: &Name, table: &Table, depth: u32) -> Option<RepoPath> {
        let depth = depth.checked_sub(1)?;
        match self.bound_once(file, scope, name, depth) {
            Some(Stands { file, scope, value: Value::Call(call) }) => self.loaded(file, scope, *call, None, table, depth),
            Some(Stands { file, scope, value: Value::Name(name) }) => self.document(file, scope, name, table, depth),
            _ => None,
        }
    }

    /// The document that a call loads; `given` is what an own function was called with.
    fn loaded(
        &self,
        file: FileId,
        scope: ScopeId,
        id: CallId,
        given: Option<(At, &Call)>,
        table: &Table,
        depth: u32,
    ) -> Option<RepoPath> {
        let depth = depth.checked_sub(1)?;
        let call = self.call(file, id)?;
        let module = self.world.files.get(file)?.module();
        match self.reached(file, id) {
            Destination::External { name, .. } if table.loaders.contains(&**name) => {
                let opened = match call.args.first()? {
                    Value::Call(open) => *open,
                    Value::Name(Name { root: Root::Local(local), path }) if path.is_empty() => {
                        let mut bound = module.assigns.iter().filter(|a| a.scope == call.scope && binds(a, local));
                        match (bound.next(), bound.next()) {
                            (Some(Assign { value: Value::Call(open), .. }), None) => *open,
                            _ => return None,
                        }
                    }
                    _ => return None,
                };
                let open = self.call(file, opened)?;
                let plain = matches!(&open.callee.root, Root::Local(name) if name == "open") && open.callee.path.is_empty();
                self.at_path(file, open.args.first().filter(|_| plain)?, given)
            }
            Destination::External { name, .. } if table.opens.contains(&**name) => self.at_path(file, call.args.first()?, given),
            Destination::External { name, .. } if table.strict.contains(&**name) => match call.args.first()? {
                Value::Call(inner) => self.loaded(file, scope, *inner, given, table, depth),
                Value::Name(name) => self.document(file, scope, name, table, depth),
                _ => None,
            },
            Destination::Own { to, makes: None, sure: true, .. } => {
                let own = self.world.files.get(to.file)?.module();
                let mut returns = own.returns.iter().filter(|r| r.scope == to.scope);
                let only = returns.next().filter(|r| returns.next().is_none() && !r.yields)?;
                let given = Some((*to, call));
                match &only.value {
                    Value::Call(inner) => self.loaded(to.file, to.scope, *inner, given, table, depth),
                    Value::Name(Name { root: Root::Local(local), path }) if path.is_empty() => {
                        let mut bound = own.assigns.iter().filter(|a| a.scope == to.scope && binds(a, local));
                        match (bound.next(), bound.next()) {
                            (Some(Assign { value: Value::Call(inner), .. }), None) => {
                                self.loaded(to.file, to.scope, *inner, given, table, depth)
                            }
                            _ => None,
                        }
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The document at a literal path: beside the file or from the root, where only one of these is there.
    fn at_path(&self, file: FileId, value: &Value, given: Option<(At, &Call)>) -> Option<RepoPath> {
        let text = match value {
            Value::Str(text) => text,
            // the path is a parameter of the function that loads it
            Value::Name(Name { root: Root::Local(param), path }) if path.is_empty() => {
                let (at, call) = given?;
                let params = &self.world.scope(at)?.params;
                let position = params.iter().position(|p| p.name == *param)?;
                let by_name = call.keywords.iter().find(|(name, _)| name == param).map(|(_, value)| value);
                match by_name.or_else(|| call.args.get(position)).or(params.get(position)?.default.as_ref())? {
                    Value::Str(text) => text,
                    _ => return None,
                }
            }
            _ => return None,
        };
        let near = source::join(source::folder(&self.world.files.get(file)?.path), text).map(RepoPath::from);
        let top = source::join(".", text).map(RepoPath::from);
        let known = |path: Option<RepoPath>| path.filter(|p| self.trees.contains_key(p));
        match (known(near), known(top)) {
            (Some(near), Some(top)) if near != top => None,
            (near, top) => near.or(top),
        }
    }
}

/// A name taken apart: `config["a"].b` is `config` and the keys `a`, `b`.
fn taken(name: &Name) -> Option<(&str, Vec<String>)> {
    let mut keys: Vec<String> = name.path.iter().rev().cloned().collect();
    let mut root = &name.root;
    for _ in 0..MAX_DEPTH {
        match root {
            Root::Local(local) => {
                keys.reverse();
                return (!keys.is_empty()).then_some((local, keys));
            }
            Root::Item(of, key) => {
                let Value::Str(key) = &**key else { return None };
                keys.push(key.clone());
                keys.extend(of.path.iter().rev().cloned());
                root = &of.root;
            }
            _ => return None,
        }
    }
    None
}

/// Whether an assignment binds a plain name.
pub(super) fn binds(assign: &Assign, name: &str) -> bool {
    let is = |it: &Name| it.path.is_empty() && matches!(&it.root, Root::Local(local) if local == name);
    assign.targets.iter().any(|target| match target {
        Target::Name(it) => is(it),
        Target::Tuple(names) => names.iter().any(is),
        Target::Item(..) => false,
    })
}
