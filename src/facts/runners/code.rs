//! Tasks that are Python functions: sessions of nox, tasks of invoke.
//!
//! A task is a target that calls its function; the commands that the function starts through its session or context stand
//! on the lines of these calls, like every program that code starts.

use std::sync::Arc;

use super::tasks::{define, folder_in, hand_over, runs, takes_in};
use crate::fact::{Code, FileFacts, OnFailure, UnitId, UsesTarget};
use crate::facts::code::started::{Started, full_name, keyword, line_of, state, text_of};
use crate::facts::{Context, Reader, When};
use crate::resolve::tasks::key;
use crate::source::{self, SourceFile, extension, file_name, folder};
use crate::syntax::python::{Call, FlowKind, Mode, Module, Name, Root, Scope, ScopeKind, Value, parse};

/// `noxfile.py`, and `tasks.py` where it is one of invoke.
pub(crate) const READER: Reader =
    Reader { name: "tasks in Python", wants, when: When::Recognised(|path, text| is_nox(path) || imports_invoke(text)), read };

/// Most functions and calls that are looked at.
const MOST: usize = 1_000;

fn wants(path: &str) -> bool {
    is_nox(path) || file_name(path) == "tasks.py" || (file_name(folder(path)) == "tasks" && extension(path) == Some("py"))
}

fn is_nox(path: &str) -> bool {
    file_name(path) == "noxfile.py"
}

fn imports_invoke(text: &str) -> bool {
    text.lines().any(|line| {
        let mut words = line.split_whitespace();
        matches!(words.next(), Some("from" | "import"))
            && words.next().is_some_and(|module| module.split('.').next() == Some("invoke"))
    })
}

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let module = parse(&file.text, Mode::Module);
    let mut facts = FileFacts::default();
    if is_nox(&file.path) {
        nox(&module, file, context, &mut facts);
    } else {
        invoke(&module, file, context, &mut facts);
    }
    facts.code = Some(Arc::new(Code { module, notebook: false, lines: Vec::new() }));
    facts
}

/// A function with the decorator that makes it a task; the call, where the decorator is one.
fn decorated<'m>(module: &'m Module, is: &dyn Fn(&str) -> bool) -> Vec<(&'m Scope, Option<&'m Call>)> {
    let of = |scope: &'m Scope| {
        scope.decorators.iter().find_map(|decorator| match decorator {
            Value::Name(name) => is(&full_name(module, name)?).then_some((scope, None)),
            Value::Call(id) => {
                let call = module.calls.get(*id)?;
                is(&full_name(module, &call.callee)?).then_some((scope, Some(call)))
            }
            _ => None,
        })
    };
    module.scopes.iter().filter(|s| s.kind == ScopeKind::Function).filter_map(of).take(MOST).collect()
}

/// The target of a function.
fn target(runner: &str, task: &str, scope: &Scope, file: &SourceFile, facts: &mut FileFacts) -> UnitId {
    let unit = define(facts, runner, task, scope.line, scope.end_line);
    let to = UsesTarget::Function { path: file.path.to_string(), name: scope.name.clone(), sure: true };
    hand_over(facts, unit, scope.line, scope.name.clone(), to, OnFailure::Stops);
    unit
}

fn nox(module: &Module, file: &SourceFile, context: &Context<'_>, facts: &mut FileFacts) {
    let sessions = decorated(module, &|name| matches!(name, "nox.session" | "nox_poetry.session" | "nox_uv.session"));
    let mut by_default: Vec<(String, u32)> = Vec::new();
    for (scope, call) in &sessions {
        let given = |name: &str| call.and_then(|call| keyword(call, name));
        let name = match given("name") {
            Some(Value::Str(name)) => name.clone(),
            _ => scope.name.clone(),
        };
        if given("default") != Some(&Value::Bool(false)) {
            by_default.push((name.clone(), scope.line));
        }
        let unit = target("nox", &name, scope, file, facts);
        for call in calls_of(module, scope).filter(|c| c.callee.path == ["notify"]) {
            if let Some(Value::Str(other)) = call.args.first() {
                runs(facts, unit, call.line.max(scope.line), key("nox", other), OnFailure::Stops);
            }
        }
    }
    // `nox.options.sessions = ["fit"]`
    let is_option = |name: &Name| full_name(module, name).as_deref() == Some("nox.options.sessions");
    let chosen = module
        .assigns
        .iter()
        .find(|a| a.targets.iter().any(|t| matches!(t, crate::syntax::python::Target::Name(name) if is_option(name))));
    let listed: Option<Vec<(String, u32)>> = chosen.map(|chosen| match &chosen.value {
        Value::List(items) | Value::Tuple(items) => {
            items.iter().filter_map(|item| Some((text_of(module, item)?, chosen.line))).collect()
        }
        _ => Vec::new(),
    });
    let bare = define(facts, "nox", "", 1, 1);
    for (name, line) in listed.unwrap_or(by_default) {
        runs(facts, bare, line, key("nox", &name), OnFailure::Stops);
    }
    for call in module.calls.iter().filter(|c| is_handle(module, c, "session", "Session")).take(MOST) {
        let installs = |program: &str| line_of(module, &call.args).map(|words| format!("{program} install {words}"));
        let text = match call.callee.path.first().map(String::as_str) {
            Some("run" | "run_always" | "run_install") => {
                let own: Vec<Value> = call.args.iter().filter(|a| !is_posargs(a)).cloned().collect();
                line_of(module, &own)
            }
            Some("install") => installs("pip"),
            Some("conda_install") => installs("conda"),
            _ => continue,
        };
        let Some(text) = text else { continue };
        let stops = call.in_try.is_none() && keyword(call, "success_codes").is_none();
        let dir = moved(module, call, &["chdir", "cd"], folder(&file.path));
        state(&Started { text, line: call.line, dir, stops, through: Some("nox -s") }, context, facts);
    }
}

/// `*session.posargs`, which is empty where nobody gives any.
fn is_posargs(value: &Value) -> bool {
    matches!(value, Value::Starred(inner) if matches!(&**inner, Value::Name(name) if name.last() == Some("posargs")))
}

fn invoke(module: &Module, file: &SourceFile, context: &Context<'_>, facts: &mut FileFacts) {
    let named = |name: &str| name.replace('_', "-");
    for (scope, call) in &decorated(module, &|name| matches!(name, "invoke.task" | "invoke.tasks.task")) {
        let given = |name: &str| call.and_then(|call| keyword(call, name));
        let name = match given("name") {
            Some(Value::Str(name)) => name.clone(),
            _ => named(&scope.name),
        };
        let of = |value: &Value| match value {
            Value::Name(name) => name.last().map(named),
            // `call(build, fast=True)`
            Value::Call(id) => module.calls.get(*id).and_then(|c| c.args.first()).and_then(|v| match v {
                Value::Name(name) => name.last().map(named),
                _ => None,
            }),
            Value::Str(name) => Some(name.clone()),
            _ => None,
        };
        let list = |value: Option<&Value>| match value {
            Some(Value::List(items) | Value::Tuple(items)) => items.iter().filter_map(of).collect::<Vec<_>>(),
            _ => Vec::new(),
        };
        let unit = define(facts, "invoke", &name, scope.line, scope.end_line);
        let first: Vec<String> = call.iter().flat_map(|c| &c.args).filter_map(of).chain(list(given("pre"))).collect();
        for task in first {
            runs(facts, unit, scope.line, key("invoke", &task), OnFailure::Stops);
        }
        let to = UsesTarget::Function { path: file.path.to_string(), name: scope.name.clone(), sure: true };
        hand_over(facts, unit, scope.line, scope.name.clone(), to, OnFailure::Stops);
        for task in list(given("post")) {
            runs(facts, unit, scope.end_line, key("invoke", &task), OnFailure::Stops);
        }
        let mut others = list(given("aliases"));
        if given("default") == Some(&Value::Bool(true)) {
            others.push(String::new());
        }
        for alias in others {
            let other = define(facts, "invoke", &alias, scope.line, scope.line);
            runs(facts, other, scope.line, key("invoke", &name), OnFailure::Stops);
        }
    }
    collections(module, file, facts);
    for call in
        module.calls.iter().filter(|c| is_handle(module, c, "c", "Context") || is_handle(module, c, "ctx", "Context")).take(MOST)
    {
        if !matches!(call.callee.path.first().map(String::as_str), Some("run" | "sudo")) {
            continue;
        }
        let Some(text) = call.args.first().or_else(|| keyword(call, "command")).and_then(|v| text_of(module, v)) else {
            continue;
        };
        let stops = call.in_try.is_none() && keyword(call, "warn") != Some(&Value::Bool(true));
        let dir = moved(module, call, &["cd"], started_in(&file.path));
        state(&Started { text, line: call.line, dir, stops, through: None }, context, facts);
    }
}

/// Where tasks are run: in the folder of `tasks.py`, or above that of the package `tasks`.
fn started_in(path: &str) -> &str {
    let own = folder(path);
    if file_name(path) != "tasks.py" && file_name(own) == "tasks" { folder(own) } else { own }
}

/// Modules whose tasks are called with the module's name in front. Any other collection may give any name to any task.
fn collections(module: &Module, file: &SourceFile, facts: &mut FileFacts) {
    let last = |value: &Value| match value {
        Value::Name(name) => name.last().map(str::to_owned),
        _ => None,
    };
    for call in module.calls.iter().filter(|c| matches!(c.callee.last(), Some("add_collection" | "add_task"))).take(MOST) {
        let taken = call.args.first().and_then(|value| match value {
            // `Collection.from_module(docs)`
            Value::Call(id) => module.calls.get(*id).and_then(|c| c.args.first()).and_then(last),
            value => last(value),
        });
        let named = match keyword(call, "name").or_else(|| call.args.get(1)) {
            Some(Value::Str(name)) => Some(name.clone()),
            _ => taken.clone(),
        };
        let is_task = call.callee.last() == Some("add_task");
        let there = taken.filter(|_| !is_task).and_then(|taken| source::join(folder(&file.path), &format!("{taken}.py")));
        match named.filter(|_| !is_task) {
            Some(name) => takes_in(facts, call.line, &name.replace('_', "-"), there),
            None => takes_in(facts, call.line, "", None),
        }
    }
}

/// Calls in the text of a function, of whatever its first parameter is.
fn calls_of<'m>(module: &'m Module, scope: &'m Scope) -> impl Iterator<Item = &'m Call> {
    let first = scope.params.first().map(|p| p.name.as_str());
    module.calls.iter().filter(move |c| {
        (scope.line..=scope.end_line).contains(&c.line)
            && matches!(&c.callee.root, Root::Local(name) if Some(name.as_str()) == first)
    })
}

/// Whether what a call is asked of is the handle that a task is given: the first parameter of the function around it,
/// by its usual name, its type, or because the function is decorated.
fn is_handle(module: &Module, call: &Call, usual: &str, class: &str) -> bool {
    let (Root::Local(name), [_]) = (&call.callee.root, call.callee.path.as_slice()) else { return false };
    let mut at = call.scope;
    // functions within functions, as deep as anybody goes
    for _ in 0..8 {
        let Some(scope) = module.scopes.get(at) else { return false };
        if let Some(param) = scope.params.iter().find(|p| p.name == *name) {
            let first = scope.params.first().is_some_and(|p| p.name == *name);
            let typed = param.annotation.as_ref().and_then(|a| a.last()) == Some(class);
            return name == usual || typed || (first && !scope.decorators.is_empty());
        }
        if scope.parent == at {
            return false;
        }
        at = scope.parent;
    }
    false
}

/// The folder a call runs in: inside a `with` that goes there, or after a call that did.
fn moved(module: &Module, call: &Call, verbs: &[&str], home: &str) -> Option<String> {
    let goes = |other: &Call| other.callee.path.last().is_some_and(|verb| verbs.contains(&verb.as_str()));
    let around = call.conditions.iter().filter_map(|flow| module.flows.get(*flow)).filter(|f| f.kind == FlowKind::With);
    let mut dir = Some(home.to_owned());
    let mut within = false;
    for flow in around {
        if let Some(Value::Call(id)) = &flow.test
            && let Some(other) = module.calls.get(*id).filter(|c| goes(c))
        {
            within = true;
            let to = other.args.first().and_then(|v| text_of(module, v));
            dir = dir.and_then(|dir| folder_in(&dir, Some(&to?)));
        }
    }
    let mut before = module.calls.iter().filter(|c| c.scope == call.scope && c.discarded && c.line < call.line && goes(c));
    match before.next_back().filter(|_| !within) {
        Some(other) => folder_in(home, Some(&other.args.first().and_then(|v| text_of(module, v))?)),
        None => dir,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::{Fact, FactKind};

    fn of(path: &str, text: &str) -> Vec<String> {
        let facts = read(&SourceFile::new(path.into(), text.to_owned()), &Context::default());
        let told = |f: &Fact| {
            let name = f.unit.and_then(|u| facts.units.get(u)).map_or("-", |u| &u.name);
            match &f.kind {
                FactKind::Command(c) => Some(format!("{name} {}: {} @{}", f.line, c.text(), c.dir.as_deref().unwrap_or("?"))),
                FactKind::Uses(u) => Some(format!("{name} {}> {}", f.line, u.reference)),
                _ => None,
            }
        };
        facts.facts.iter().filter_map(told).collect()
    }

    #[test]
    fn sessions_run_what_they_say() {
        let text = "import nox\nnox.options.sessions = ['fit']\n\n@nox.session(name='fit', python=['3.11'])\ndef learn(session):\n    session.install('-r', 'requirements.txt')\n    session.chdir('ml')\n    session.run('python', 'train.py', *session.posargs)\n    session.notify('push')\n\n@nox.session\ndef push(session):\n    for part in parts:\n        session.run(part)\n";
        assert_eq!(
            of("noxfile.py", text),
            [
                "nox fit 5> learn",
                "nox fit 9> nox push",
                "nox push 12> push",
                "nox 2> nox fit",
                "- 6: pip install -r requirements.txt @.",
                "- 8: python train.py @ml",
            ]
        );
    }

    #[test]
    fn tasks_come_after_those_they_name() {
        let text = "from invoke import task\n\n@task\ndef get_data(c):\n    with c.cd('ml'):\n        c.run('python get.py && ls', warn=True)\n\n@task(pre=[get_data], default=True)\ndef fit(ctx):\n    ctx.run(f'python train.py {ctx.x}')\n";
        assert_eq!(
            of("tasks.py", text),
            [
                "invoke get-data 4> get_data",
                "invoke fit 9> invoke get-data",
                "invoke fit 9> fit",
                "invoke 9> invoke fit",
                "- 6: python get.py @ml",
                "- 6: ls @ml",
                "- 10: python train.py ${_} @.",
            ]
        );
        let own = "from invoke import task\n\n@task\ndef check(ctx):\n    ctx.run('pytest tests')\n";
        assert_eq!(of("ml/tasks/checks.py", own), ["invoke check 4> check", "- 5: pytest tests @ml"]);
        let many = "from invoke import Collection\nfrom . import checks\nns = Collection()\nns.add_collection(checks)\n";
        assert_eq!(of("tasks/__init__.py", many), ["- 4> checks"]);
        assert!(wants("tasks/checks.py") && !wants("checks.py"));
        assert!(imports_invoke("from invoke.context import Context") && !imports_invoke("from celery import invoke"));
    }
}
