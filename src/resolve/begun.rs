//! What an application runs by itself once a server starts it: what its own code registers for that, and the
//! constructors of what is bound to its name. Also the family `serve` (Ray Serve), whose applications are named by their
//! import path, in a command or in a file.

use super::python::Place;
use super::{Invocation, Lead, Located, Run, Target, View};
use crate::rules::programs::Begins;
use crate::source::RepoPath;
use crate::syntax::python::{self, Call, Module, Name, Root, ScopeKind, Value};
use crate::syntax::shell::Word;
use crate::words::{EdgeKind, Strength};

/// Most functions of one application, and deepest nesting of what is bound to it.
const MOST: usize = 30;
const DEPTH: usize = 5;

/// What a server runs of the application that a file has under a name, before anybody asks it.
pub(super) fn begun(path: &RepoPath, variable: &str, strength: Strength, view: &View<'_>) -> Vec<Lead> {
    let Some(code) = view.book.get(path).and_then(|facts| facts.code.as_ref()) else { return Vec::new() };
    let module = &code.module;
    let begins = &view.programs.begins;
    let mut names: Vec<(Name, &'static str)> = Vec::new();
    let mut found: Vec<Lead> = Vec::new();
    let lead = |path: RepoPath, name: String, what: String| Lead {
        to: Target::Function { path, name },
        edge: EdgeKind::Invokes,
        strength,
        what,
    };
    for scope in module.scopes.iter().filter(|scope| scope.kind == ScopeKind::Function && scope.parent == 0) {
        let registers = scope.decorators.iter().any(|decorator| match decorator {
            Value::Call(call) => module.calls.get(*call).is_some_and(|call| {
                is_of(&call.callee, variable, &begins.decorators) && call.args.first().is_none_or(|event| is_start(event, begins))
            }),
            Value::Name(name) => is_of(name, variable, &begins.bare),
            _ => false,
        });
        if registers && scope.conditions.is_empty() {
            found.push(lead(path.clone(), scope.name.clone(), format!("when {variable} starts: {}", scope.name)));
        }
    }
    for call in module.calls.iter().filter(|call| call.scope == 0 && call.conditions.is_empty()) {
        let registers = is_of(&call.callee, variable, &begins.methods);
        if let (true, [event, Value::Name(name), ..]) = (registers, call.args.as_slice()) {
            if is_start(event, begins) {
                names.push((name.clone(), ""));
            }
        }
    }
    for call in made(variable, module) {
        let given = call.keywords.iter().filter(|(key, _)| begins.keywords.contains(key));
        for (_, value) in given {
            match value {
                Value::Name(name) => names.push((name.clone(), "")),
                Value::List(all) | Value::Tuple(all) => names.extend(all.iter().filter_map(|value| match value {
                    Value::Name(name) => Some((name.clone(), "")),
                    _ => None,
                })),
                _ => {}
            }
        }
    }
    bound(variable, module, begins, DEPTH, &mut names);
    for (name, method) in names.into_iter().take(MOST) {
        if let Some((path, name)) = function(&name, method, path, module, view) {
            let what = format!("when {variable} starts: {name}");
            found.push(lead(path, name, what));
        }
    }
    found.truncate(MOST);
    found
}

/// Whether a name is one of these of a variable: `app.on_event`.
fn is_of(name: &Name, variable: &str, methods: &std::collections::BTreeSet<String>) -> bool {
    let of = matches!(&name.root, Root::Local(first) if first == variable);
    of && matches!(name.path.as_slice(), [method] if methods.contains(method))
}

fn is_start(event: &Value, begins: &Begins) -> bool {
    matches!(event, Value::Str(word) if begins.events.contains(word))
}

/// The calls that make what is bound to a name at the top of a file.
fn made<'m>(variable: &str, module: &'m Module) -> impl Iterator<Item = &'m Call> {
    let is = |target: &python::Target| matches!(target, python::Target::Name(n) if n.dotted().as_deref() == Some(variable));
    let assigned = module.assigns.iter().filter(move |a| a.scope == 0 && a.targets.iter().any(is));
    assigned.filter_map(|assign| match assign.value {
        Value::Call(call) => module.calls.get(call),
        _ => None,
    })
}

/// The classes of which one is bound to a name, with those that are handed to it.
fn bound(variable: &str, module: &Module, begins: &Begins, depth: usize, found: &mut Vec<(Name, &'static str)>) {
    for call in made(variable, module) {
        of_call(call, module, begins, depth, found);
    }
}

fn of_call(call: &Call, module: &Module, begins: &Begins, depth: usize, found: &mut Vec<(Name, &'static str)>) {
    let Some((last, front)) = call.callee.path.split_last() else { return };
    let Some(depth) = depth.checked_sub(1).filter(|_| begins.bound.contains(last) && found.len() < MOST) else { return };
    let of = match &call.callee.root {
        // with options of its own: `Answers.options(…).bind(…)`
        Root::Call(inner) => module.calls.get(*inner).map(|inner| {
            let front = inner.callee.path.split_last().map_or(&[][..], |(_, front)| front);
            Name { root: inner.callee.root.clone(), path: front.to_vec() }
        }),
        root => Some(Name { root: root.clone(), path: front.to_vec() }),
    };
    found.extend(of.map(|name| (name, "__init__")));
    for value in call.args.iter().chain(call.keywords.iter().map(|(_, value)| value)) {
        match value {
            Value::Call(inner) => {
                if let Some(inner) = module.calls.get(*inner) {
                    of_call(inner, module, begins, depth, found);
                }
            }
            Value::Name(name) => {
                if let Some(name) = name.dotted() {
                    bound(&name, module, begins, depth, found);
                }
            }
            _ => {}
        }
    }
}

/// The function that a name means in a file, or a method of the class that it means.
fn function(name: &Name, method: &str, path: &RepoPath, module: &Module, view: &View<'_>) -> Option<(RepoPath, String)> {
    let dotted = name.dotted()?;
    let of = |name: &str| if method.is_empty() { name.to_owned() } else { format!("{name}.{method}") };
    let has = |module: &Module, name: &str| module.scopes.iter().any(|s| s.kind == ScopeKind::Function && s.name == name);
    if has(module, &of(&dotted)) {
        return Some((path.clone(), of(&dotted)));
    }
    let (first, rest) = dotted.split_once('.').unwrap_or((&dotted, ""));
    let import = module.imports.iter().find(|import| import.scope == 0 && import.local == first)?;
    let (there, wanted) = match (&import.name, rest) {
        (Some(taken), "") => (view.imports.of_import(path, import)?, taken.clone()),
        (None, rest) if !rest.is_empty() => (view.imports.of_import(path, import)?, rest.to_owned()),
        _ => return None,
    };
    let Place::File(there) = there else { return None };
    let code = view.book.get(&there)?.code.as_ref()?;
    has(&code.module, &of(&wanted)).then(|| (there, of(&wanted)))
}

/// `serve run MODULE:NAME`, `serve run|deploy FILE`: applications by their import path, the latter in a file that names
/// several. What is deployed to a cluster is imported there, where it most likely lies as it lies here.
pub(super) fn applications(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let Some((verb, words)) = invocation.arguments().split_first() else { return Vec::new() };
    if !matches!(verb.text.as_str(), "run" | "deploy") {
        return Vec::new();
    }
    let file = words.iter().find(|word| word.text.ends_with(".yaml") || word.text.ends_with(".yml"));
    let Some(file) = file else {
        return if verb.text == "run" { super::launch::served(invocation, words, view) } else { Vec::new() };
    };
    let Located::Found(path, strength) = invocation.locate(&file.text, view) else { return Vec::new() };
    let what = format!("serves what {} names", file.text);
    let to = Target::File { path: path.clone(), run: Run::Manifest };
    let mut leads = vec![Lead { to, edge: EdgeKind::Applies, strength, what }];
    let tree = view.book.get(&path).and_then(|facts| facts.tree.as_deref());
    for path in tree.and_then(|tree| tree.root()).into_iter().flat_map(import_paths) {
        let word = Word { text: path.to_owned(), literal: true };
        let least = if verb.text == "run" { strength } else { strength.min(Strength::Inferred) };
        let led = super::launch::served(invocation, &[word], view);
        leads.extend(led.into_iter().map(|lead| Lead { strength: lead.strength.min(least), ..lead }));
    }
    leads
}

/// The import paths of a configuration: one, or one for each application.
pub(crate) fn import_paths(root: crate::syntax::tree::Node<'_>) -> Vec<&str> {
    let single = root.at("import_path");
    let several = root.get("applications").into_iter().flat_map(|all| all.items()).filter_map(|one| one.at("import_path"));
    single.into_iter().chain(several).take(MOST).collect()
}
