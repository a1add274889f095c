//! Settings that a module takes when it is imported, and that its configuration file does not have.
//!
//! Certain only where all of it is written down: the document is named by a literal and lies in the repository, it is read
//! by a loader that the rules know (here, or in an own function that opens what it is given), nothing else is bound to
//! the name, and the key is taken on the top level without condition or handler. Which loaders return plain mappings,
//! and which classes raise where an attribute is missing, stands in `rules/interpreter.yaml`.

use std::collections::BTreeMap;

use crate::fact::Book;
use crate::resolve::program::{Callee, CodeFile, Destination, FileId};
use crate::resolve::{Program, View};
use crate::rules::interpreter::Table;
use crate::source::{self, Location, RepoPath};
use crate::syntax::python::{Assign, AssignKind, Call, CallId, Module, Name, Root, ScopeId, Target, Value};
use crate::syntax::tree::{Kind, Node};

/// Steps followed inside one expression or binding.
const MAX_DEPTH: u32 = 12;

/// For each module that certainly fails on import: the line, and why.
pub(super) fn missing_keys(
    program: &Program,
    book: &Book,
    view: &View<'_>,
    table: &Table,
) -> BTreeMap<RepoPath, (Location, String)> {
    let mut found = BTreeMap::new();
    for (id, file) in program.files().iter().enumerate().filter(|(_, f)| f.embedded.is_none()) {
        let asks = Asks { program, table, id, file, module: file.module() };
        if let Some(missing) = asks.documents(book, view).iter().find_map(|document| asks.missing(document)) {
            found.insert(file.path.clone(), missing);
        }
    }
    found
}

/// A document that a name of the top level stands for.
struct Document<'p> {
    name: &'p str,
    path: RepoPath,
    root: Node<'p>,
    /// Missing attributes raise as well.
    attributes: bool,
}

/// How a scope loads the one document that it loads.
struct Loaded<'p> {
    /// What is opened.
    opened: &'p Value,
    /// The call that loads.
    by: CallId,
}

struct Asks<'p> {
    program: &'p Program,
    table: &'p Table,
    id: FileId,
    file: &'p CodeFile,
    module: &'p Module,
}

impl<'p> Asks<'p> {
    /// Names of the top level that are given a document once, and nothing else.
    fn documents(&self, book: &'p Book, view: &View<'_>) -> Vec<Document<'p>> {
        let mut found = Vec::new();
        for assign in self.module.assigns.iter().filter(|a| a.scope == 0 && a.conditions.is_empty()) {
            let Some(name) = only_name(assign) else { continue };
            if bindings(self.module, 0, name).count() != 1 || is_global(self.module, name) {
                continue;
            }
            let Some((path, attributes)) = self.document(&assign.value) else { continue };
            let near = source::join(source::folder(&self.file.path), path).filter(|p| view.inventory.contains(p));
            let top = source::join(".", path).filter(|p| view.inventory.contains(p));
            // where two files fit, which one is read depends on where it is started
            let path = match (near, top) {
                (Some(near), Some(top)) if near != top => continue,
                (Some(path), _) | (None, Some(path)) => RepoPath::from(path),
                (None, None) => continue,
            };
            let Some(tree) = book.get(&path).and_then(|f| f.tree.as_deref()) else { continue };
            if tree.docs().count() == 1
                && let Some(root) = tree.root().filter(|r| r.kind() == Kind::Map)
            {
                found.push(Document { name, path, root, attributes });
            }
        }
        found
    }

    /// The literal path of the document that a value is, whole.
    fn document(&self, value: &'p Value) -> Option<(&'p str, bool)> {
        let Value::Call(id) = value else { return None };
        let call = self.module.calls.get(*id).filter(|c| c.in_try.is_none())?;
        if let Some(own) = self.own(*id) {
            let file = self.program.files().get(own.0)?;
            let inside = Asks { program: self.program, table: self.table, id: own.0, file, module: file.module() };
            let loaded = inside.loaded(own.1)?;
            let mut returns = inside.module.returns.iter().filter(|r| r.scope == own.1);
            let only = returns.next().filter(|r| returns.next().is_none() && r.conditions.iter().all(|c| inside.is_with(*c)))?;
            let attributes = inside.whole(&only.value, own.1, loaded.by, MAX_DEPTH)?;
            let path = match loaded.opened {
                Value::Str(path) => path,
                Value::Name(name) if name.path.is_empty() => inside.given(own.1, name, call)?,
                _ => return None,
            };
            return Some((path, attributes));
        }
        // most calls load nothing: only then is the rest of the top level looked at
        let name = self.outside(*id).filter(|name| self.table.loaders.contains(name) || self.table.strict.contains(name));
        let loaded = name.and_then(|_| self.loaded(0))?;
        let attributes = self.whole(value, 0, loaded.by, MAX_DEPTH)?;
        let Value::Str(path) = loaded.opened else { return None };
        Some((path, attributes))
    }

    /// The own function that a call certainly calls.
    fn own(&self, call: CallId) -> Option<(FileId, ScopeId)> {
        match self.program.reached(self.id, call) {
            Destination::Own { to, makes: None, sure: true, .. } => Some((to.file, to.scope)),
            _ => None,
        }
    }

    fn outside(&self, call: CallId) -> Option<String> {
        match self.program.callee(&self.file.path, self.file.embedded, call) {
            Callee::External { name, .. } => Some(name),
            _ => None,
        }
    }

    fn is_with(&self, flow: usize) -> bool {
        self.module.flows.get(flow).is_some_and(|f| f.kind == crate::syntax::python::FlowKind::With)
    }

    /// What a scope loads, where it loads one document.
    fn loaded(&self, scope: ScopeId) -> Option<Loaded<'p>> {
        let loads = |id: CallId| self.outside(id).is_some_and(|name| self.table.loaders.contains(&name));
        let calls = || self.module.calls.iter().enumerate().filter(|(_, c)| c.scope == scope);
        let mut by = calls().filter(|(id, _)| loads(*id));
        let (by, load) = by.next().filter(|_| by.next().is_none())?;
        let from = match load.args.first()? {
            Value::Call(open) => *open,
            Value::Name(name) => {
                let Root::Local(local) = &name.root else { return None };
                let mut bound = bindings(self.module, scope, local);
                let Value::Call(open) =
                    bound.next().filter(|b| b.kind == AssignKind::With && name.path.is_empty())?.value.clone()
                else {
                    return None;
                };
                bound.next().is_none().then_some(open)?
            }
            _ => return None,
        };
        let open = self.module.calls.get(from)?;
        let opens = matches!(&open.callee.root, Root::Local(name) if name == "open") && open.callee.path.is_empty();
        let opened = open.args.first().filter(|_| opens)?;
        Some(Loaded { opened, by })
    }

    /// Whether a value is all of what was loaded; and whether its attributes raise.
    fn whole(&self, value: &Value, scope: ScopeId, load: CallId, depth: u32) -> Option<bool> {
        let depth = depth.checked_sub(1)?;
        match value {
            Value::Call(id) if *id == load => Some(false),
            Value::Call(id) => {
                let call = self.module.calls.get(*id)?;
                let wraps = self.outside(*id).is_some_and(|name| self.table.strict.contains(&name));
                if !wraps || !call.keywords.is_empty() || call.args.len() != 1 {
                    return None;
                }
                self.whole(call.args.first()?, scope, load, depth).map(|_| true)
            }
            // each binding is all of it; the last one says what it is
            Value::Name(name) => {
                let Root::Local(local) = &name.root else { return None };
                let mut last = None;
                for bound in bindings(self.module, scope, local) {
                    if !name.path.is_empty() || !bound.conditions.iter().all(|c| self.is_with(*c)) {
                        return None;
                    }
                    // `params = Box(params)` takes what was bound before
                    last = Some(match (&bound.value, last) {
                        (Value::Call(id), Some(_)) if self.takes(*id, local) => {
                            self.table.strict.contains(&self.outside(*id)?).then_some(true)?
                        }
                        (other, None) => self.whole(other, scope, load, depth)?,
                        _ => return None,
                    });
                }
                last
            }
            _ => None,
        }
    }

    fn takes(&self, call: CallId, local: &str) -> bool {
        self.module.calls.get(call).is_some_and(|c| {
            c.keywords.is_empty()
                && matches!(&c.args[..], [Value::Name(Name { root: Root::Local(it), path })] if it == local && path.is_empty())
        })
    }

    /// The literal that a call gives for a parameter of the function in `scope`.
    fn given(&self, scope: ScopeId, param: &Name, call: &'p Call) -> Option<&'p str> {
        let Root::Local(param) = &param.root else { return None };
        let params = &self.module.scopes.get(scope)?.params;
        let position = params.iter().position(|p| p.name == *param)?;
        // a parameter that the function binds anew is something else
        if bindings(self.module, scope, param).next().is_some() {
            return None;
        }
        let by_name = call.keywords.iter().find(|(name, _)| name == param).map(|(_, value)| value);
        match by_name.or_else(|| call.args.get(position))? {
            Value::Str(path) => Some(path),
            _ => None,
        }
    }

    /// The first key that the top level takes and the document does not have.
    fn missing(&self, document: &Document<'p>) -> Option<(Location, String)> {
        let mut asked: Vec<(Vec<&str>, u32)> = Vec::new();
        let mut take = |value: &'p Value, line: u32| self.keys(value, document, &mut |keys| asked.push((keys, line)), MAX_DEPTH);
        for assign in self.module.assigns.iter().filter(|a| a.scope == 0 && a.conditions.is_empty()) {
            take(&assign.value, assign.line);
        }
        for call in self.module.calls.iter().filter(|c| c.scope == 0 && c.conditions.is_empty() && c.in_try.is_none()) {
            for value in call.args.iter().chain(call.keywords.iter().map(|(_, v)| v)) {
                take(value, call.line);
            }
        }
        asked.sort_by_key(|(_, line)| *line);
        asked.iter().find_map(|(keys, line)| {
            let mut node = document.root;
            for key in keys {
                match node.get(key) {
                    Some(inner) => node = inner,
                    None if node.kind() == Kind::Map => {
                        let what = format!(
                            "{} has no key `{}`, which is taken when the module is loaded",
                            document.path,
                            keys.join(".")
                        );
                        return Some((Location::line(&self.file.path, *line), what));
                    }
                    None => return None,
                }
            }
            None
        })
    }

    /// The literal keys that a value takes from a document.
    fn keys(&self, value: &'p Value, document: &Document<'_>, found: &mut dyn FnMut(Vec<&'p str>), depth: u32) {
        let Some(depth) = depth.checked_sub(1) else { return };
        match value {
            Value::Name(name) => {
                if let Some(keys) = self.path(name, document, depth).filter(|keys| !keys.is_empty()) {
                    found(keys);
                }
            }
            Value::List(values) | Value::Tuple(values) => values.iter().for_each(|v| self.keys(v, document, found, depth)),
            Value::Dict(pairs) => pairs.iter().for_each(|(_, v)| self.keys(v, document, found, depth)),
            Value::BinOp { left, right, .. } => {
                self.keys(left, document, found, depth);
                self.keys(right, document, found, depth);
            }
            _ => {}
        }
    }

    /// The keys from the document's name to this one; none where it begins elsewhere or is more than keys.
    fn path(&self, name: &'p Name, document: &Document<'_>, depth: u32) -> Option<Vec<&'p str>> {
        let depth = depth.checked_sub(1)?;
        let mut keys = match &name.root {
            Root::Local(local) if local == document.name => Vec::new(),
            Root::Item(of, key) => {
                let mut keys = self.path(of, document, depth)?;
                let Value::Str(key) = &**key else { return None };
                keys.push(key.as_str());
                keys
            }
            _ => return None,
        };
        if !name.path.is_empty() && !document.attributes {
            return None;
        }
        keys.extend(name.path.iter().map(String::as_str));
        Some(keys)
    }
}

/// The one plain name that an assignment binds.
fn only_name(assign: &Assign) -> Option<&str> {
    match &assign.targets[..] {
        [Target::Name(Name { root: Root::Local(name), path })] if path.is_empty() && assign.kind == AssignKind::Assign => {
            Some(name)
        }
        _ => None,
    }
}

/// Everything bound to a name in a scope, or done to what it stands for.
fn bindings<'m>(module: &'m Module, scope: ScopeId, name: &'m str) -> impl Iterator<Item = &'m Assign> {
    let begins = move |it: &Name| matches!(&it.root, Root::Local(local) if local == name);
    module.assigns.iter().filter(move |a| {
        a.scope == scope
            && a.targets.iter().any(|target| match target {
                Target::Name(it) | Target::Item(it, _) => begins(it),
                Target::Tuple(names) => names.iter().any(begins),
            })
    })
}

/// Whether a function binds the name of the top level.
fn is_global(module: &Module, name: &str) -> bool {
    module.scopes.iter().any(|s| s.globals.iter().any(|g| g == name))
}
