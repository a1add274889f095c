//! Registrations: what makes an orchestrator, or a process that keeps running, start a function.
//!
//! The code that registers only says what is to be started, so it runs nothing. Whether what it registers with is there
//! is not known here: the trigger waits (`Held`) for that code, or for a command.

use super::Lowering;
use super::schedule::{Says, triggers};
use crate::fact::{Defined, FactKind, Held, Trigger, UnitKind, Until, UsesTarget};
use crate::resolve::program::{At, Destination, FileId, Meaning, text_of};
use crate::rules::orchestrator::{Registration, Tables, names};
use crate::source;
use crate::syntax::python::{Call, CallId, Name, Root, ScopeKind, Target, Value};
use crate::words::{EdgeKind, Strength, TriggerKind};

/// Most callers of one function that registers what it is handed.
const MOST_CALLERS: usize = 50;
/// Deepest nesting of a schedule that is made of parameters.
const NESTED: usize = 6;

/// What is registered.
pub(super) enum Registered {
    /// An own function, and whether it was followed literally.
    Function(At, bool),
    /// A function by its file and name.
    Named(String, String),
    /// What a function without a name calls: its scope.
    Unnamed(At),
    /// Something that cannot be followed, as it is named.
    Elsewhere(String),
}

/// How something is registered, where that is not by the call alone.
#[derive(Clone, Copy)]
enum By<'b> {
    /// A decorator.
    Decorator,
    /// A call in an own function, which takes what it registers from who calls it.
    Caller(Caller<'b>),
}

/// A call of an own function.
#[derive(Clone, Copy)]
struct Caller<'b> {
    /// The function that is called.
    to: At,
    file: FileId,
    call: &'b Call,
    /// Parameters that the call does not fill.
    offset: usize,
}

impl<'b> Lowering<'b> {
    /// The registrations of a file.
    pub(super) fn registrations(&mut self, file: FileId) {
        let module = self.code(file).module();
        for (id, call) in module.calls.iter().enumerate() {
            let Some(rule) = self.rule.registrations.iter().find(|rule| self.registers(file, id, call, rule)) else { continue };
            let what = self.registered(file, id, call, rule);
            if rule.only_scheduled && self.when(file, call, rule, true).is_empty() {
                continue;
            }
            // it hands the function over, and runs nothing here
            self.defined(file, id, Defined::default());
            match what {
                Some(what) => self.registration(file, id, call, rule, what, None),
                None => self.told_by_callers(file, id, call, rule),
            }
        }
        for (id, _) in module.scopes.iter().enumerate().filter(|(_, s)| s.kind == ScopeKind::Function) {
            let at = At { file, scope: id };
            let rules = self.rule.registrations.iter();
            let found: Vec<_> = rules.filter_map(|rule| Some((rule, self.decorator(at, &rule.decorator)?))).collect();
            for (rule, decorator) in found {
                let Some((id_of_call, call)) = decorator.and_then(|id| Some((id, self.call(file, id)?))) else { continue };
                if rule.only_scheduled && self.when(file, call, rule, false).is_empty() {
                    continue;
                }
                self.facts(file).orchestrated.functions.insert(id);
                self.registration(file, id_of_call, call, rule, Registered::Function(at, true), Some(By::Decorator));
            }
        }
    }

    /// Whether a call registers something by this rule.
    fn registers(&self, file: FileId, id: CallId, call: &Call, rule: &Registration) -> bool {
        match self.outside(file, id) {
            Some(name) => names(&rule.call, name),
            // a method of what was handed over
            None => {
                let method = call.callee.path.last().filter(|_| matches!(call.callee.root, Root::Local(_)));
                let open = matches!(self.program.reached(file, id), Destination::Unknown { .. });
                open && method.is_some_and(|method| rule.method.contains(method))
            }
        }
    }

    fn registered(&self, file: FileId, id: CallId, call: &'b Call, rule: &Registration) -> Option<Registered> {
        if let Some(key) = &rule.function {
            let value = self.keyword(file, call, key).or_else(|| call.args.get(rule.function_at))?;
            return self.target_function(file, call, value);
        }
        if let (Root::Call(inner), Some(key)) = (&call.callee.root, &rule.entrypoint) {
            let from = self.call(file, *inner)?;
            let text = self.literal(file, from, self.keyword(file, from, key)?)?;
            let (path, name) = text.rsplit_once(':')?;
            let beside = source::join(source::folder(&self.code(file).path), path);
            let path = [source::join(".", path), beside].into_iter().flatten().find(|p| self.program.file(p, None).is_some())?;
            return Some(Registered::Named(path, name.to_owned()));
        }
        let passed = self.program.passed(file, id).iter().find(|p| self.functions.contains_key(&p.at));
        passed.map(|p| Registered::Function(p.at, true))
    }

    /// The function that an argument stands for: by its name, or another form of it (`fit.s()`).
    fn target_function(&self, file: FileId, call: &'b Call, value: &'b Value) -> Option<Registered> {
        if let Some((Meaning::Function(at), sure)) = self.program.meaning(At { file, scope: call.scope }, call.line, value) {
            return match value {
                Value::Lambda(scope) => Some(Registered::Unnamed(At { file, scope: *scope })),
                _ => Some(Registered::Function(at, sure)),
            };
        }
        if let Value::Lambda(scope) = value {
            return Some(Registered::Unnamed(At { file, scope: *scope }));
        }
        let Value::Call(inner) = value else { return None };
        let form = self.call(file, *inner)?.callee.path.last()?;
        let passed = self.program.passed(file, *inner).first().filter(|_| self.rule.forms.contains(form))?;
        Some(Registered::Function(passed.at, true))
    }

    /// When it is started: the line that says so, and the trigger.
    fn when(&self, file: FileId, call: &'b Call, rule: &'b Registration, by_place: bool) -> Vec<(u32, Trigger)> {
        let mut found: Vec<(u32, Trigger)> = Vec::new();
        // of a decorator the function is no argument
        let shift = usize::from(!by_place && rule.function.is_some());
        let place = rule.schedule_at.and_then(|at| call.args.get(at.checked_sub(shift)?));
        let mut values: Vec<&'b Value> = rule.schedule.iter().filter_map(|key| self.keyword(file, call, key)).collect();
        values.extend(place.filter(|_| values.is_empty()));
        let told: Vec<String> =
            rule.told.iter().filter_map(|key| Some(format!("{key}={}", text_of(self.keyword(file, call, key)?, 2)))).collect();
        for value in &values {
            let says = match self.says(file, call, value) {
                Says::Clock(text) if !told.is_empty() => Says::Clock(format!("{} {}", text.trim_matches('"'), told.join(" "))),
                says => says,
            };
            let line = self.line_of(file, call, Some(value), &says);
            found.extend(triggers(says).into_iter().map(|trigger| (line, trigger)));
        }
        if values.is_empty() && !told.is_empty() {
            found.extend(triggers(Says::Clock(told.join(" "))).into_iter().map(|trigger| (call.line, trigger)));
        }
        if rule.spoken {
            let text = self.spoken(file, call);
            found.extend(triggers(Says::Clock(text)).into_iter().map(|trigger| (call.line, trigger)));
        }
        if let Some(text) = &rule.arrives {
            found.push((call.line, Trigger::plain(TriggerKind::Data, text.clone())));
        }
        for value in rule.events.iter().filter_map(|key| self.keyword(file, call, key)) {
            if self.says(file, call, value) != Says::Never {
                found.push((call.line, Trigger::plain(TriggerKind::Api, "an event of the orchestrator".to_owned())));
            }
        }
        found
    }

    /// `every(2).days.at("10:30")`, from the names by which a call is called.
    fn spoken(&self, file: FileId, call: &'b Call) -> String {
        let mut parts: Vec<String> = Vec::new();
        let mut at = call;
        for depth in 0..6 {
            // the last name is what is called: the registration itself, or told with its arguments already
            let before = at.callee.path.split_last().map_or(&[][..], |(_, before)| before);
            parts.extend(before.iter().rev().cloned());
            if depth == 5 {
                break;
            }
            let Root::Call(inner) = at.callee.root else { break };
            let Some(next) = self.call(file, inner) else { break };
            let given = next.args.iter().take(2).map(|value| text_of(value, 1)).collect::<Vec<_>>().join(", ");
            parts.push(format!("{}({given})", next.callee.last().unwrap_or_default()));
            at = next;
        }
        parts.reverse();
        parts.join(".")
    }

    /// `flow.deploy(…)` in an own function that is handed the flow: what each caller hands over.
    fn told_by_callers(&mut self, file: FileId, id: CallId, call: &'b Call, rule: &'b Registration) {
        let (Root::Local(name), [_]) = (&call.callee.root, &call.callee.path[..]) else { return };
        let to = At { file, scope: call.scope };
        for (of, at, offset) in self.program.callers(to).into_iter().take(MOST_CALLERS) {
            let Some(written) = self.call(of, at) else { continue };
            let caller = Caller { to, file: of, call: written, offset };
            let Some((value, _)) = self.told(caller, name) else { continue };
            let meant = self.program.meaning(At { file: of, scope: written.scope }, written.line, value);
            let Some((Meaning::Function(function), sure)) = meant else { continue };
            if self.functions.contains_key(&function) {
                self.facts(of).orchestrated.handed.insert(at);
                let what = Registered::Function(function, sure);
                self.registration(file, id, call, rule, what, Some(By::Caller(caller)));
            }
        }
    }

    /// What a parameter of an own function is given by a call, or else by itself, and where that stands.
    fn told(&self, caller: Caller<'b>, name: &str) -> Option<(&'b Value, At)> {
        let scope = self.code(caller.to.file).module().scopes.get(caller.to.scope)?;
        let position = scope.params.iter().position(|param| param.name == name)?;
        let there = At { file: caller.file, scope: caller.call.scope };
        let by_place = position.checked_sub(caller.offset).and_then(|at| caller.call.args.get(at));
        match self.keyword(caller.file, caller.call, name).or(by_place) {
            Some(value) => Some((value, there)),
            None => Some((scope.params.get(position)?.default.as_ref()?, At { scope: scope.parent, ..caller.to })),
        }
    }

    /// The same as `when`, where what says so may be what the caller gives.
    fn when_told(&self, file: FileId, call: &'b Call, rule: &'b Registration, caller: Caller<'b>) -> Vec<(u32, Trigger)> {
        let mut found = Vec::new();
        for value in rule.schedule.iter().filter_map(|key| self.keyword(file, call, key)) {
            let says = match self.parameter_in(caller, value, NESTED) {
                // without a value there is no schedule
                Some(name) => match self.told(caller, name) {
                    Some((value, at)) => {
                        self.says_at(at, if at.file == caller.file { caller.call.line } else { call.line }, value)
                    }
                    None => Says::Unclear(text_of(value, 3)),
                },
                None => self.says(file, call, value),
            };
            found.extend(triggers(says).into_iter().map(|trigger| (call.line, trigger)));
        }
        found
    }

    /// The first parameter of the called function that a value is made of.
    fn parameter_in(&self, caller: Caller<'b>, value: &'b Value, depth: usize) -> Option<&'b str> {
        let depth = depth.checked_sub(1)?;
        let code = self.code(caller.to.file).module();
        let inner = |value: &'b Value| self.parameter_in(caller, value, depth);
        match value {
            Value::Name(Name { root: Root::Local(name), .. }) => {
                let scope = code.scopes.get(caller.to.scope)?;
                scope.params.iter().any(|param| param.name == *name).then_some(name.as_str())
            }
            Value::Call(id) => {
                let call = code.calls.get(*id)?;
                call.args.iter().chain(call.keywords.iter().map(|(_, value)| value)).find_map(inner)
            }
            Value::List(items) | Value::Tuple(items) => items.iter().find_map(inner),
            Value::Dict(items) => items.iter().find_map(|(_, value)| inner(value)),
            Value::Choice { then, otherwise, .. } => inner(then).or_else(|| inner(otherwise)),
            Value::BoolOp { values, .. } => values.iter().find_map(inner),
            _ => None,
        }
    }

    fn registration(
        &mut self,
        file: FileId,
        id: CallId,
        call: &'b Call,
        rule: &'b Registration,
        what: Registered,
        by: Option<By<'b>>,
    ) {
        let is_call = !matches!(by, Some(By::Decorator));
        let own = match &what {
            Registered::Function(at, _) => self.functions.get(at).cloned().or_else(|| self.name_of(*at)),
            Registered::Named(_, name) | Registered::Elsewhere(name) => Some(name.clone()),
            Registered::Unnamed(at) => self.calls_of(*at).first().and_then(|(_, to, _)| self.name_of(*to)),
        };
        let named = self.keyword(file, call, "name");
        let named = named.or_else(|| call.args.first().filter(|_| is_call && rule.function.is_none()));
        let named = named.and_then(|value| self.literal(file, call, value)).map(str::to_owned).or(own);
        let named = named.unwrap_or_else(|| "deployment".to_owned());
        let unit = self.unit(file, UnitKind::Workflow, &named, (call.line, call.end_line), None);
        self.defined(file, id, Defined { unit: Some(unit), runs: false });
        self.runs(file, unit, call.line, what);
        // what a process starts nobody else can start
        if !self.is_of_a_process() {
            let by_hand = Trigger::plain(TriggerKind::Manual, format!("{}, by hand", self.rule.name));
            self.fact(file, unit, call.line, FactKind::Trigger(by_hand));
        }
        let paused = rule.paused.as_deref().and_then(|key| Some((key, self.keyword(file, call, key)?)));
        let when = match by {
            Some(By::Caller(caller)) => self.when_told(file, call, rule, caller),
            _ => self.when(file, call, rule, is_call),
        };
        for (line, mut trigger) in when {
            if let Some((key, Value::Bool(true))) = paused {
                trigger.off = Some(format!("switched off by `{key}=True`"));
            } else {
                let active = rule.active.as_ref().filter(|(key, _)| self.keyword(file, call, key) == Some(&Value::Bool(true)));
                self.waits_for_process(file, call.line, active.map(|(_, commands)| commands.as_slice()), &mut trigger);
            }
            self.fact(file, unit, line, FactKind::Trigger(trigger));
        }
    }

    /// The calls of own functions in a function without a name.
    fn calls_of(&self, at: At) -> Vec<(CallId, At, bool)> {
        let calls = self.code(at.file).module().calls.iter().enumerate().filter(|(_, call)| call.scope == at.scope);
        let own = |(id, _): (CallId, &Call)| match self.program.reached(at.file, id) {
            Destination::Own { to, makes: None, sure, .. } => Some((id, *to, *sure)),
            _ => None,
        };
        calls.filter_map(own).take(50).collect()
    }

    fn name_of(&self, at: At) -> Option<String> {
        self.program.scope(at)?.name.rsplit('.').next().map(str::to_owned)
    }

    /// The unit runs what is registered.
    pub(super) fn runs(&mut self, file: FileId, unit: usize, line: u32, what: Registered) {
        match what {
            Registered::Function(at, sure) => self.function(file, unit, line, at, sure),
            Registered::Named(path, name) => {
                let says = format!("runs {name}()");
                self.hand_over(file, unit, line, &says, UsesTarget::Function { path, name, sure: true }, EdgeKind::Calls);
            }
            // what it calls is run by the clock, and not by the code around it
            Registered::Unnamed(at) => {
                for (call, to, sure) in self.calls_of(at) {
                    self.defined(at.file, call, Defined::default());
                    self.function(file, unit, line, to, sure);
                }
            }
            Registered::Elsewhere(name) => {
                self.hand_over(file, unit, line, &name, UsesTarget::Remote(name.clone()), EdgeKind::Calls);
            }
        }
    }

    /// Whether what is registered is started by a process of one's own.
    fn is_of_a_process(&self) -> bool {
        !self.rule.process.started.is_empty() || !self.rule.process.command.is_empty()
    }

    /// The trigger works while something runs.
    pub(super) fn waits_for_process(&self, file: FileId, line: u32, also: Option<&[Vec<String>]>, trigger: &mut Trigger) {
        let process = &self.rule.process;
        if !process.started.is_empty() && !self.is_started() {
            trigger.off = Some(format!("nothing here calls `{}()`", process.started.join("()` or `")));
            return;
        }
        if trigger.held.is_some() {
            return;
        }
        let name = source::file_name(&self.code(file).path);
        let command = |words: &Vec<String>| words.iter().map(|w| w.replace("FILE", name)).collect::<Vec<_>>();
        let until = match process.command.as_slice() {
            [] => Until::Line(self.code(file).code.file_line(line)),
            all => Until::Words(all.iter().chain(also.unwrap_or_default()).map(command).collect()),
        };
        let why = process.why.clone().unwrap_or_else(|| "it works once somebody has run the code that registers it".to_owned());
        trigger.held = Some(Held { strength: Strength::Assumed, why, until: Some(until), remedy: None });
    }

    /// Whether some call may start what calls by the clock.
    fn is_started(&self) -> bool {
        let words = &self.rule.process.started;
        let starts = |call: &Call| call.callee.last().is_some_and(|last| words.iter().any(|word| word == last));
        let any = || self.program.files().iter().any(|code| code.module().calls.iter().any(starts));
        *self.seen.started.get_or_init(any)
    }

    /// Mappings that say which task is started when.
    pub(super) fn tables(&mut self, file: FileId) {
        let Some(rule) = &self.rule.tables else { return };
        let module = self.code(file).module();
        let mut found: Vec<(At, u32, &'b Value)> = Vec::new();
        for assign in &module.assigns {
            let named = assign.targets.iter().any(|target| match target {
                Target::Name(name) => name.last().is_some_and(|last| rule.named.iter().any(|n| n == last)),
                Target::Item(_, key) => matches!(key, Value::Str(key) if rule.named.contains(key)),
                Target::Tuple(_) => false,
            });
            if named {
                found.push((At { file, scope: assign.scope }, assign.line, &assign.value));
            }
        }
        for call in &module.calls {
            let given = call.keywords.iter().filter(|(key, _)| rule.named.contains(key));
            found.extend(given.map(|(_, value)| (At { file, scope: call.scope }, call.line, value)));
        }
        for (at, line, value) in found {
            let Some((Meaning::Literal(Value::Dict(entries)), _)) = self.program.meaning(at, line, value) else { continue };
            for (key, entry) in entries.iter().take(200) {
                self.entry(at, line, key, entry);
            }
        }
    }

    fn entry(&mut self, at: At, line: u32, key: &'b Value, entry: &'b Value) {
        let Some(rule) = &self.rule.tables else { return };
        let Value::Dict(pairs) = entry else { return };
        let get = |name: &str| pairs.iter().find(|(key, _)| *key == Value::Str(name.to_owned())).map(|(_, value)| value);
        let (Some(task), Some(schedule)) = (get(&rule.task), get(&rule.schedule)) else { return };
        let Some((Meaning::Literal(Value::Str(task)), _)) = self.program.meaning(at, line, task) else { return };
        let strings = &self.code(at.file).module().strings;
        let line = strings.iter().find(|(text, of)| text == task && *of >= line).map_or(line, |(_, of)| *of);
        let name = match key {
            Value::Str(name) => name.clone(),
            _ => task.clone(),
        };
        let unit = self.unit(at.file, UnitKind::Workflow, &name, (line, line), None);
        let what = self.task(task);
        self.runs(at.file, unit, line, what);
        for mut trigger in triggers(self.says_at(at, line, schedule)) {
            self.waits_for_process(at.file, line, None, &mut trigger);
            self.fact(at.file, unit, line, FactKind::Trigger(trigger));
        }
    }

    /// Every function that is a task.
    fn tasks(&self, rule: &Tables) -> Vec<(At, Option<String>, String, String)> {
        let mut all = Vec::new();
        for (file, code) in self.program.files().iter().enumerate().filter(|(_, code)| code.embedded.is_none()) {
            for (scope, it) in code.module().scopes.iter().enumerate().filter(|(_, s)| !s.decorators.is_empty()) {
                let at = At { file, scope };
                let Some(decorator) = self.decorator(at, &rule.decorator) else { continue };
                let call = decorator.and_then(|call| self.call(file, call));
                let given = call.and_then(|c| self.literal(file, c, self.keyword(file, c, &rule.name)?));
                let dotted = code.path.trim_end_matches(".py").trim_end_matches("/__init__").replace('/', ".");
                all.push((at, given.map(str::to_owned), dotted, it.name.clone()));
            }
        }
        all
    }

    /// The function that is the task of this name, where there is only one.
    fn task(&self, name: &str) -> Registered {
        let Some(rule) = &self.rule.tables else { return Registered::Elsewhere(name.to_owned()) };
        let (module, function) = name.rsplit_once('.').unwrap_or(("", name));
        let all = self.seen.tasks.get_or_init(|| self.tasks(rule));
        let is = |(_, given, dotted, own): &&(At, Option<String>, String, String)| match given {
            Some(given) => given == name,
            None => own == function && (dotted == module || dotted.ends_with(&format!(".{module}"))),
        };
        let found: Vec<At> = all.iter().filter(is).take(2).map(|(at, ..)| *at).collect();
        match found.as_slice() {
            [at] => Registered::Function(*at, true),
            _ => Registered::Elsewhere(format!("task {name}")),
        }
    }
}
