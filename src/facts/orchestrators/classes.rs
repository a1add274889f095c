//! Classes that are pipelines, whose steps are decorated methods, and classes that are tasks, which name those before them.
//!
//! Making an object of such a class runs none of it: a flow is run, or handed to what schedules it, by words behind the
//! name of its file; a task is built by a call, or by its name. So what makes objects only defines.

use std::collections::BTreeMap;

use super::schedule::{Says, triggers};
use super::{Lowering, MOST};
use crate::fact::{Defined, FactKind, Held, Needs, Trigger, UnitId, UnitKind};
use crate::resolve::program::{At, Destination, FileId, text_of};
use crate::rules::orchestrator::{Class, names};
use crate::syntax::python::{Call, Root, ScopeKind, Value};
use crate::words::{EdgeKind, Strength, TriggerKind};

impl<'b> Lowering<'b> {
    /// Flows and tasks of all files.
    pub(super) fn classes(&mut self, files: &[FileId]) {
        let mut known: BTreeMap<At, (&'b Class, UnitId)> = BTreeMap::new();
        for rule in &self.rule.classes {
            for file in files {
                let scopes = self.code(*file).module().scopes.iter().enumerate();
                for (scope, it) in scopes.filter(|(_, s)| s.kind == ScopeKind::Class) {
                    let at = At { file: *file, scope };
                    let bases = self.program.external_bases(at);
                    if known.len() >= MOST || known.contains_key(&at) || !bases.iter().any(|base| names(&rule.subclass, base)) {
                        continue;
                    }
                    let name = it.name.rsplit('.').next().unwrap_or_default();
                    let kind = if rule.steps.is_empty() { UnitKind::Target } else { UnitKind::Workflow };
                    let unit = self.unit(*file, kind, name, (it.line, it.end_line), None);
                    // its decorators only say when and where it runs
                    self.facts(*file).orchestrated.functions.insert(scope);
                    known.insert(at, (rule, unit));
                }
            }
        }
        for (at, (rule, unit)) in known.clone() {
            match &rule.method {
                None => self.flow(at, rule, unit),
                Some(method) => self.one_task(at, rule, method, unit, &known),
            }
        }
        if !known.is_empty() {
            (0..self.program.files().len()).for_each(|file| self.objects(file, &known));
        }
    }

    /// Its steps, their order, and what starts it.
    fn flow(&mut self, at: At, rule: &'b Class, unit: UnitId) {
        let file = at.file;
        let Some(line) = self.program.scope(at).map(|s| s.line) else { return };
        self.facts(file).orchestrated.pipelines.push(unit);
        let by_hand = Trigger::plain(TriggerKind::Manual, format!("{}, by hand", self.rule.name));
        self.fact(file, unit, line, FactKind::Trigger(by_hand));
        let run_by = rule.run_by.iter().map(|words| (words.clone(), unit));
        self.facts(file).orchestrated.run_by.extend(run_by);
        self.flow_starts(at, rule, unit, line);
        // what a class nearer to the flow has stands for what another has under the same name
        let mut steps: BTreeMap<String, (At, UnitId)> = BTreeMap::new();
        for class in self.program.class_order(at).to_vec() {
            for method in self.program.methods(class) {
                let Some(scope) = self.program.scope(method) else { continue };
                let name = scope.name.rsplit('.').next().unwrap_or_default().to_owned();
                if steps.contains_key(&name) || self.decorator(method, &rule.steps).is_none() {
                    continue;
                }
                // of another file it has no line here
                let lines = if method.file == file { (scope.line, scope.end_line) } else { (line, line) };
                let step = self.unit(file, UnitKind::Job, &name, lines, Some(unit));
                self.facts(method.file).orchestrated.functions.insert(method.scope);
                self.function(file, step, lines.0, method, true);
                steps.insert(name, (method, step));
            }
        }
        let Some(next) = &rule.next else { return };
        for (method, step) in steps.values() {
            let module = self.code(method.file).module();
            for call in module.calls.iter().filter(|call| call.scope == method.scope && is_own(call, next)) {
                for then in call.args.iter().take(100).flat_map(own_names) {
                    let Some((_, then)) = steps.get(then).filter(|(_, then)| then != step) else { continue };
                    let line = if method.file == file { call.line } else { line };
                    self.fact(file, *then, line, FactKind::Needs(Needs { on: *step, stops: true }));
                }
            }
        }
    }

    fn flow_starts(&mut self, at: At, rule: &'b Class, unit: UnitId, line: u32) {
        let file = at.file;
        for decorator in self.program.decorators(at) {
            let Some(name) = decorator.outside.as_deref() else { continue };
            let call = decorator.call.and_then(|call| self.call(file, call));
            if let Some(id) = decorator.call {
                self.defined(file, id, Defined::default());
            }
            let line = call.map_or(line, |call| call.line);
            let mut found = if names(&rule.schedule, name) {
                let given = call.into_iter().flat_map(|c| &c.keywords);
                let given = given.filter(|(_, value)| !matches!(value, Value::Bool(false) | Value::None));
                let told: Vec<String> = given.map(|(key, value)| format!("{key}={}", text_of(value, 2))).collect();
                match (told.is_empty(), &rule.bare) {
                    (false, _) => triggers(Says::Clock(told.join(" "))),
                    (true, Some(bare)) => triggers(Says::Clock(bare.clone())),
                    (true, None) => Vec::new(),
                }
            } else if names(&rule.events, name) {
                let trigger = Trigger::plain(TriggerKind::Api, format!("@{}", decorator.text));
                let why = "what sends the event is not in sight".to_owned();
                vec![Trigger { held: Some(Held { strength: Strength::Assumed, why, until: None, remedy: None }), ..trigger }]
            } else {
                continue;
            };
            for mut trigger in found.drain(..) {
                self.waits_for_process(file, line, None, &mut trigger);
                self.fact(file, unit, line, FactKind::Trigger(trigger));
            }
        }
    }

    /// What comes before a task, and its work.
    fn one_task(&mut self, at: At, rule: &'b Class, method: &str, unit: UnitId, known: &BTreeMap<At, (&'b Class, UnitId)>) {
        let Some((line, name)) = self.program.scope(at).map(|s| (s.line, s.name.clone())) else { return };
        let file = at.file;
        self.facts(file).orchestrated.run_by.push((vec![name], unit));
        if let Some(before) = rule.requires.as_deref().and_then(|name| self.program.method(at, name)) {
            let calls = self.code(before.file).module().calls.iter().enumerate();
            let made: Vec<At> = calls
                .filter(|(_, call)| call.scope == before.scope)
                .filter_map(|(id, _)| match self.program.reached(before.file, id) {
                    Destination::Own { makes, .. } => *makes,
                    _ => None,
                })
                .filter(|made| *made != at)
                .collect();
            for made in made.into_iter().take(100) {
                self.hand_to_task(file, unit, line, made, known);
            }
        }
        for decorator in self.program.decorators(at) {
            let Some(call) = decorator.call.filter(|_| decorator.outside.as_deref().is_some_and(|name| names(&rule.after, name)))
            else {
                continue;
            };
            self.defined(file, call, Defined::default());
            let given: Vec<At> =
                self.program.passed(file, call).iter().map(|passed| passed.at).filter(|task| *task != at).collect();
            for task in given.into_iter().take(100) {
                self.hand_to_task(file, unit, line, task, known);
            }
        }
        if let Some(work) = self.program.method(at, method) {
            let line = self.program.scope(work).filter(|_| work.file == file).map_or(line, |s| s.line);
            self.function(file, unit, line, work, true);
        }
    }

    fn hand_to_task(&mut self, file: FileId, unit: UnitId, line: u32, task: At, known: &BTreeMap<At, (&'b Class, UnitId)>) {
        let Some((_, other)) = known.get(&task) else { return };
        let to = self.target(task.file, *other, UnitKind::Target);
        let name = self.program.scope(task).map_or_else(String::new, |s| s.name.clone());
        self.hand_over(file, unit, line, &name, to, EdgeKind::Invokes);
    }

    /// What makes objects of them only defines; what is given objects of tasks runs those.
    fn objects(&mut self, file: FileId, known: &BTreeMap<At, (&'b Class, UnitId)>) {
        let module = self.code(file).module();
        let class_of = |lowering: &Self, id: usize| match lowering.program.reached(file, id) {
            Destination::Own { makes: Some(class), .. } => known.get(class).map(|_| *class),
            _ => None,
        };
        for (id, call) in module.calls.iter().enumerate() {
            if class_of(self, id).is_some() {
                self.defined(file, id, Defined::default());
                continue;
            }
            let Some(name) = self.outside(file, id) else { continue };
            if !self.rule.classes.iter().any(|rule| names(&rule.built_by, name)) {
                continue;
            }
            let mut tasks: Vec<At> =
                self.program.passed(file, id).iter().map(|p| p.at).filter(|at| known.contains_key(at)).collect();
            let given = call.args.iter().chain(call.keywords.iter().map(|(_, value)| value));
            for value in given.take(20) {
                let items: Vec<&Value> = match value {
                    Value::List(items) | Value::Tuple(items) => items.iter().take(100).collect(),
                    one => vec![one],
                };
                let at = At { file, scope: call.scope };
                let made = items.into_iter().filter_map(|item| self.program.maker(at, call.line, item));
                tasks.extend(made.filter(|(of, _)| *of == file).filter_map(|(_, made)| class_of(self, made)));
            }
            tasks.sort_unstable();
            tasks.dedup();
            if tasks.is_empty() {
                continue;
            }
            let unit = self.unit(file, UnitKind::Job, "tasks that are built", (call.line, call.end_line), None);
            self.defined(file, id, Defined { unit: Some(unit), runs: true });
            for task in tasks {
                self.hand_to_task(file, unit, call.line, task, known);
            }
        }
    }
}

/// Whether a call is `self.next(…)`.
fn is_own(call: &Call, name: &str) -> bool {
    matches!(&call.callee.root, Root::Local(own) if own == "self") && call.callee.path == [name]
}

/// `self.fit` names `fit`; a mapping names its values.
fn own_names(value: &Value) -> Vec<&str> {
    match value {
        Value::Name(name) => match (&name.root, name.path.as_slice()) {
            (Root::Local(own), [only]) if own == "self" => vec![only.as_str()],
            _ => Vec::new(),
        },
        Value::Dict(pairs) => pairs
            .iter()
            .take(100)
            .filter_map(|(_, value)| match value {
                Value::Name(name) => name.path.first().filter(|_| name.path.len() == 1).map(String::as_str),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}
