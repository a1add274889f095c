//! Programs that are started through functions of one's own: `run("fit.py")`, where `run` gives what it is told to
//! `subprocess`.
//!
//! Runs once, between the rounds, as calls must be followed across files. The command stands where the outermost caller
//! says what to start, and is started by whoever runs the code there.
//!
//! Invariants: callers are climbed only as far as what they hand on is what they were handed; what only a run knows is a
//! hole; callers and levels are bounded.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::started::{self, Given, Start};
use crate::fact::FileFacts;
use crate::facts::Context;
use crate::facts::shell::HOLE;
use crate::resolve::Program;
use crate::resolve::program::{At, Callers, FileId, Meaning};
use crate::source::RepoPath;
use crate::syntax::python::{AssignKind, Call, CallId, Module, Name, ParamKind, Part, Root, Scope, ScopeKind, Value};

/// Most commands that are found this way in one repository.
const MOST: usize = 2_000;
/// Functions on the way from what says what to start to what starts it.
const LEVELS: usize = 4;
/// Deepest nesting of a value that is put together.
const DEPTH: u32 = 8;
/// Longest list of words.
const WORDS: usize = 200;
/// Most values looked at for what one call tells.
const STEPS: u32 = 4_000;

/// What the parameters of a function are given, as literals with holes.
type Values = BTreeMap<String, Value>;

/// The commands, by the file that says what to start.
pub(in crate::facts) fn commands(program: &Program, context: &Context<'_>) -> BTreeMap<RepoPath, FileFacts> {
    let mut added: BTreeMap<RepoPath, FileFacts> = BTreeMap::new();
    let asking = asking(program);
    if asking.is_empty() {
        return added;
    }
    let mut search = Search { program, callers: program.all_callers(MOST), left: MOST };
    for (file, id, start) in asking {
        let module = module(program, file);
        let Some(call) = module.calls.get(id) else { continue };
        for outer in search.outermost(At { file, scope: call.scope }, &mut Vec::new()) {
            let caller = module_call(program, outer.file, outer.call);
            let Some(caller) = caller.filter(|_| outer.says_something()) else { continue };
            let values = outer.values.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
            let stops = start.stops && caller.in_try.is_none();
            let (Some(code), Some(home)) = (program.files().get(outer.file), program.files().get(file)) else { continue };
            let facts = added.entry(code.path.clone()).or_default();
            let given = Given { values, at: Some(caller), file: Some(&home.path), ..Given::default() };
            started::one(module, call, &Start { stops, ..start }, &given, context, facts);
        }
    }
    added.retain(|_, facts| !facts.facts.is_empty());
    added
}

/// Calls that start what the function around them is told.
fn asking(program: &Program) -> Vec<(FileId, CallId, Start)> {
    let mut found = Vec::new();
    for (file, code) in program.files().iter().enumerate() {
        if code.embedded.is_some() || code.code.notebook {
            continue;
        }
        let module = code.module();
        for (id, call, start) in started::starts(module) {
            let Some(function) = module.scopes.get(call.scope).filter(|s| s.kind == ScopeKind::Function) else { continue };
            let values = function.params.iter().map(|p| (p.name.as_str(), Value::None)).collect();
            if started::asks(module, call, &Given { values, ..Given::default() }) {
                found.push((file, id, start));
            }
        }
    }
    found.truncate(MOST);
    found
}

fn module(program: &Program, file: FileId) -> &Module {
    // the identifiers come from the program itself
    program.files()[file].module()
}

fn module_call(program: &Program, file: FileId, call: CallId) -> Option<&Call> {
    program.files().get(file)?.module().calls.get(call)
}

/// A call that says, itself or through others, what a function is told.
struct Outer {
    file: FileId,
    call: CallId,
    values: Values,
}

impl Outer {
    /// Something of what it tells is known; else it only hands on what nobody tells it.
    fn says_something(&self) -> bool {
        let known = |value: &Value| match value {
            Value::Str(text) => text != HOLE,
            Value::List(items) | Value::Tuple(items) => items.iter().any(|item| matches!(item, Value::Str(t) if t != HOLE)),
            _ => false,
        };
        self.values.values().any(known)
    }
}

struct Search<'p> {
    program: &'p Program,
    callers: Callers,
    left: usize,
}

impl Search<'_> {
    /// The calls that say what a function is told; `inner` are the functions that it is on the way to.
    fn outermost(&mut self, at: At, inner: &mut Vec<At>) -> Vec<Outer> {
        let Some(function) = self.program.scope(at).filter(|s| s.kind == ScopeKind::Function) else { return Vec::new() };
        if inner.len() >= LEVELS || inner.contains(&at) {
            return Vec::new();
        }
        inner.push(at);
        let mut found = Vec::new();
        for (file, id, offset) in self.callers.of(at) {
            let program = self.program;
            let Some(call) = module_call(program, file, id).filter(|_| self.left > 0) else { break };
            self.left -= 1;
            let around = around(module(program, file), call);
            let left = Cell::new(STEPS);
            let rounds = started::rounds(module(program, file), call);
            let rounds = if rounds.is_empty() { vec![BTreeMap::new()] } else { rounds };
            let mut before: Vec<Values> = Vec::new();
            for round in &rounds {
                let here = Told { left: &left, program, file, call, around: around.map(|(_, scope)| scope), round };
                let told = here.told(function, at.file, offset, None);
                let asks = told.iter().any(|(_, (_, open))| *open);
                let plain =
                    |told: BTreeMap<String, (Value, bool)>| told.into_iter().map(|(name, (value, _))| (name, value)).collect();
                let told: Values = plain(told);
                // a round that changes nothing of what is told is no other call
                if before.contains(&told) {
                    continue;
                }
                let outer = match around {
                    Some((scope, _)) if asks => self.outermost(At { file, scope }, inner),
                    _ => Vec::new(),
                };
                if outer.is_empty() {
                    found.push(Outer { file, call: id, values: told.clone() });
                }
                before.push(told);
                found.extend(outer.into_iter().map(|outer| {
                    let values = plain(here.told(function, at.file, offset, Some(&outer.values)));
                    Outer { values, ..outer }
                }));
            }
        }
        inner.pop();
        found
    }
}

/// The function around a call.
fn around<'m>(module: &'m Module, call: &Call) -> Option<(usize, &'m Scope)> {
    let mut at = call.scope;
    for _ in 0..LEVELS {
        let scope = module.scopes.get(at)?;
        match scope.kind {
            ScopeKind::Function => return Some((at, scope)),
            _ if at == 0 => return None,
            _ => at = scope.parent,
        }
    }
    None
}

/// What one call tells.
struct Told<'p> {
    /// Values that may still be looked at.
    left: &'p Cell<u32>,
    program: &'p Program,
    file: FileId,
    call: &'p Call,
    /// The function in which it stands.
    around: Option<&'p Scope>,
    /// What the names of the loop around it are given.
    round: &'p BTreeMap<&'p str, Value>,
}

impl Told<'_> {
    /// What each parameter is given, and whether that depends on what the function around the call is given.
    fn told(&self, function: &Scope, home: FileId, offset: usize, given: Option<&Values>) -> BTreeMap<String, (Value, bool)> {
        let (positional, all) = self.positional(given);
        let value = |at: usize, param: &crate::syntax::python::Param| {
            let mut open = false;
            let value = match param.kind {
                ParamKind::Rest => {
                    let rest = positional.iter().skip(at);
                    open = rest.clone().any(|(_, open)| *open);
                    Some(Value::Tuple(rest.map(|(value, _)| value.clone()).collect()))
                }
                ParamKind::KeywordRest => None,
                _ => {
                    let by_name = started::keyword(self.call, &param.name).map(|v| self.literal(v, given, DEPTH, &mut open));
                    let said = by_name.or_else(|| {
                        let (value, hangs) = positional.get(at)?;
                        open |= hangs;
                        Some(value.clone())
                    });
                    let default = param.default.as_ref().filter(|_| said.is_none() && all);
                    let there = Told { file: home, around: None, ..*self };
                    said.or_else(|| default.map(|v| there.literal(v, None, DEPTH, &mut false)))
                }
            };
            value.map(|value| (param.name.clone(), (value, open)))
        };
        let params = function.params.iter().skip(offset).enumerate();
        params.filter_map(|(at, param)| value(at, param)).collect()
    }

    /// What is given by position, each with whether it hangs on what the function around is given, and whether that is
    /// all: it ends at a list that is taken apart and not known.
    fn positional(&self, given: Option<&Values>) -> (Vec<(Value, bool)>, bool) {
        let mut found = Vec::new();
        for arg in &self.call.args {
            let mut open = false;
            match arg {
                Value::Starred(inner) => match self.literal(inner, given, DEPTH, &mut open) {
                    Value::List(items) | Value::Tuple(items) => found.extend(items.into_iter().map(|item| (item, open))),
                    hole => {
                        found.push((hole, open));
                        return (found, false);
                    }
                },
                plain => {
                    let value = self.literal(plain, given, DEPTH, &mut open);
                    found.push((value, open));
                }
            }
        }
        (found, true)
    }

    /// A value as a literal; what is not known is a hole. `open` becomes true where it hangs on what the function around
    /// is given, and that is not said.
    fn literal(&self, value: &Value, given: Option<&Values>, depth: u32, open: &mut bool) -> Value {
        let hole = || Value::Str(HOLE.to_owned());
        let Some(depth) = depth.checked_sub(1).filter(|_| self.left.get() > 0) else { return hole() };
        self.left.set(self.left.get() - 1);
        match value {
            Value::Str(_) | Value::Int(_) | Value::Bool(_) | Value::None => value.clone(),
            Value::List(items) | Value::Tuple(items) => {
                let mut all = Vec::new();
                for item in items.iter().take(WORDS) {
                    let inner = if let Value::Starred(inner) = item { &**inner } else { item };
                    match self.literal(inner, given, depth, open) {
                        Value::List(inner) | Value::Tuple(inner) if matches!(item, Value::Starred(_)) => all.extend(inner),
                        one => all.push(one),
                    }
                }
                all.truncate(WORDS);
                Value::List(all)
            }
            Value::FString { parts } => {
                let text = parts.iter().map(|part| match part {
                    Part::Text(text) => text.clone(),
                    Part::Hole(value) => match self.literal(value, given, depth, open) {
                        Value::Str(text) => text,
                        Value::Int(number) => number.to_string(),
                        _ => HOLE.to_owned(),
                    },
                });
                Value::Str(text.collect())
            }
            Value::BinOp { op: "+", left, right } => {
                match (self.literal(left, given, depth, open), self.literal(right, given, depth, open)) {
                    (Value::List(mut left), Value::List(right)) => {
                        left.extend(right);
                        Value::List(left)
                    }
                    (Value::Str(left), Value::Str(right)) => Value::Str(left + &right),
                    _ => hole(),
                }
            }
            Value::Name(name) => self.named(name, value, given, depth, open),
            Value::Call(id) => {
                let made = module_call(self.program, self.file, *id);
                let wraps = made.filter(|c| c.callee.path.is_empty() && c.args.len() == 1 && c.keywords.is_empty());
                match wraps.map(|c| (&c.callee.root, c.args.first())) {
                    Some((Root::Local(name), Some(inner))) if matches!(name.as_str(), "str" | "list" | "tuple") => {
                        self.literal(inner, given, depth, open)
                    }
                    _ => self.written(value),
                }
            }
            Value::BinOp { op: "/", .. } => self.written(value),
            _ => hole(),
        }
    }

    /// A path that is put together from what is written down in the file.
    fn written(&self, value: &Value) -> Value {
        let module = module(self.program, self.file);
        let file = self.program.files().get(self.file).map(|code| &*code.path);
        let text = started::text_in(module, file, self.call.scope, value);
        Value::Str(text.unwrap_or_else(|| HOLE.to_owned()))
    }

    fn named(&self, name: &Name, value: &Value, given: Option<&Values>, depth: u32, open: &mut bool) -> Value {
        let hole = || Value::Str(HOLE.to_owned());
        let local = match &name.root {
            Root::Local(local) if name.path.is_empty() => Some(local),
            _ => None,
        };
        if let Some(local) = local.filter(|local| self.around.is_some_and(|f| f.params.iter().any(|p| p.name == **local))) {
            let known = given.and_then(|given| given.get(local)).cloned();
            *open |= given.is_none();
            return known.unwrap_or_else(hole);
        }
        if let Some(value) = local.and_then(|local| self.round.get(local.as_str())) {
            return self.literal(value, given, depth, open);
        }
        if let Some(local) = local
            && let Some(only) = self.given_once(local)
        {
            return self.literal(only, given, depth, open);
        }
        let at = At { file: self.file, scope: self.call.scope };
        // `STEPS[name]`
        if let Root::Item(of, key) = &name.root
            && name.path.is_empty()
            && let Value::Str(key) = self.literal(key, given, depth, open)
            && let Some((Meaning::Literal(Value::Dict(pairs)), true)) =
                self.program.meaning(at, self.call.line, &Value::Name((**of).clone()))
        {
            let found = pairs.iter().rev().find(|(k, _)| matches!(k, Value::Str(text) if *text == key));
            return found.map_or_else(hole, |(_, value)| self.literal(value, given, depth, open));
        }
        match self.program.meaning(at, self.call.line, value) {
            Some((Meaning::Outside(name), _)) if &*name == "sys.executable" => Value::Str("python".to_owned()),
            Some((Meaning::Literal(found @ (Value::Str(_) | Value::Int(_) | Value::None)), true)) => found.clone(),
            _ if local.is_some() => self.written(value),
            _ => hole(),
        }
    }

    /// What a name of the function around is given, where it is given one value and nothing is added to it.
    fn given_once(&self, name: &str) -> Option<&Value> {
        let module = module(self.program, self.file);
        let mut gives =
            module.assigns.iter().filter(|a| a.scope == self.call.scope && a.targets.iter().any(|t| started::is_local(t, name)));
        let only = gives.next().filter(|_| gives.next().is_none())?;
        let grows = module
            .calls
            .iter()
            .any(|c| c.scope == self.call.scope && c.callee.root == Root::Local(name.to_owned()) && !c.callee.path.is_empty());
        (only.kind == AssignKind::Assign && only.conditions.is_empty() && !grows).then_some(&only.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::FactKind;
    use crate::resolve::program::tests::book;

    fn found(text: &str) -> Vec<String> {
        let (book, modules) = book(text);
        let program = Program::build(&book, &modules, &crate::rules::callables::built_in());
        let mut lines = Vec::new();
        for (path, facts) in commands(&program, &Context::default()) {
            for fact in &facts.facts {
                let FactKind::Command(command) = &fact.kind else { continue };
                lines.push(format!("{path}:{} {} @{}", fact.line, command.text(), command.dir.as_deref().unwrap_or("?")));
            }
        }
        lines
    }

    const RUN: &str = "--- lib/run.py\nimport subprocess\ndef run(name, *, args=None, where=None):\n    command = [python(), '-m', name, *(args or [])]\n    subprocess.run(command, check=True, cwd=where)\n";

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(found(&format!("{text}{RUN}")), expected, "{text}");
    }

    #[test]
    fn a_function_of_another_file_starts_what_it_is_told() {
        check("--- dag.py\nfrom lib.run import run\ndef task():\n    run('ml.fit')\n", &["dag.py:3 python -m ml.fit ${_} @."]);
        check(
            "--- dag.py\nimport lib.run as r\nM = 'ml.fit'\nr.run(M, where='jobs')\n",
            &["dag.py:3 python -m ml.fit ${_} @jobs"],
        );
        check("--- dag.py\nfrom lib.run import run\nrun(f'ml.{x}', where=ROOT)\n", &["dag.py:2 python -m ml.${_} ${_} @?"]);
    }

    #[test]
    fn what_is_handed_on_is_said_by_whoever_hands_it_on_first() {
        let hands = "from lib.run import run\ndef go(name):\n    run(name)\n";
        check(
            &format!("--- dag.py\n{hands}def a():\n    go('ml.fit')\ngo('ml.push')\n"),
            &["dag.py:5 python -m ml.fit ${_} @.", "dag.py:6 python -m ml.push ${_} @."],
        );
        check(&format!("--- dag.py\n{hands}"), &[]);
        let circle = "--- dag.py\nfrom lib.run import run\ndef go(*names):\n    run(*names)\n    go(*names)\n";
        check(&format!("{circle}go('a')\n"), &["dag.py:5 python -m a ${_} @."]);
        check(&format!("{circle}go(*all)\n"), &[]);
        // nobody tells what day it is, and all else is told
        let day = "--- dag.py\nfrom lib.run import run\ndef task(day):\n    run('ml.fit', args=['--day', day], where='jobs')\n";
        check(day, &["dag.py:3 python -m ml.fit ${_} @jobs"]);
    }

    #[test]
    fn functions_and_methods_of_one_file() {
        let text = "--- a.py\nimport subprocess, sys\ndef module(name, *rest):\n    subprocess.run([sys.executable, '-m', name, *rest], check=True)\ndef shell(cmd, where='.'):\n    print(cmd)\n    subprocess.run(cmd, shell=True, cwd=where)\nclass Steps:\n    def go(self, step):\n        subprocess.run(['make', step])\n    def all(self):\n        self.go('fit')\nmodule('ml.fit', '--fast')\nshell('make push', where='ml')\nmodule(chosen)\n";
        assert_eq!(found(text), ["a.py:12 python -m ml.fit --fast @.", "a.py:13 make push @ml", "a.py:11 make fit @."]);
    }

    #[test]
    fn tests_and_strangers_start_nothing() {
        check("--- tests/test_run.py\nfrom lib.run import run\nrun('ml.fit')\n", &[]);
        check("--- dag.py\nfrom lib.other import run\nrun('ml.fit')\n", &[]);
    }

    #[test]
    fn lists_of_lists_end() {
        let list = |of: &str| format!("[{}]", vec![of; 150].join(", "));
        let text = format!("    a = {}\n    b = {}\n    c = {}\n    d = {}\n", list("'x'"), list("*a"), list("*b"), list("*c"));
        let dag = format!("--- dag.py\nfrom lib.run import run\ndef task():\n{text}    run('ml.fit', args={})\n", list("d"));
        assert_eq!(found(&format!("{dag}{RUN}")), ["dag.py:7 python -m ml.fit ${_} @?"]);
    }

    #[test]
    fn a_program_that_is_not_known_is_none() {
        let by = |first: &str| {
            found(&format!(
                "--- a.py\nfrom b import run\nrun('fit.py')\n--- b.py\nimport subprocess\ndef run(script):\n    subprocess.run([{first}, script])\n"
            ))
        };
        assert_eq!(by("venv_python()"), ["a.py:2 python fit.py @."]);
        assert_eq!(by("formatter"), [""; 0]);
    }
}
