//! Registrations: what makes an orchestrator start a function that is a pipeline.

use super::Lowering;
use super::schedule::{Says, triggers};
use crate::fact::{Defined, FactKind, Held, Trigger, UnitKind, UsesTarget};
use crate::resolve::program::{At, FileId, Meaning};
use crate::rules::orchestrator::{Registration, names};
use crate::source;
use crate::syntax::python::{Call, CallId, Root, Value};
use crate::words::{EdgeKind, Strength, TriggerKind};

/// What is registered.
enum Registered {
    /// An own function, and whether it was followed literally.
    Function(At, bool),
    /// A function by its file and name.
    Named(String, String),
}

impl<'b> Lowering<'b> {
    /// The registrations of a file.
    pub(super) fn registrations(&mut self, file: FileId) {
        let module = self.code(file).module();
        for (id, call) in module.calls.iter().enumerate() {
            let Some(name) = self.outside(file, id) else { continue };
            let Some(rule) = self.rule.registrations.iter().find(|r| names(&r.call, name)) else { continue };
            // it hands the function over, and runs nothing here
            self.defined(file, id, Defined::default());
            if let Some(what) = self.registered(file, id, call, rule) {
                self.registration(file, id, call, rule, what);
            }
        }
    }

    fn registered(&self, file: FileId, id: CallId, call: &'b Call, rule: &Registration) -> Option<Registered> {
        if let Some(key) = &rule.function {
            let value = self.keyword(file, call, key).or_else(|| call.args.first())?;
            return match self.program.meaning(At { file, scope: call.scope }, call.line, value)? {
                (Meaning::Function(at), sure) => Some(Registered::Function(at, sure)),
                _ => None,
            };
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

    fn registration(&mut self, file: FileId, id: CallId, call: &'b Call, rule: &'b Registration, what: Registered) {
        let own = match &what {
            Registered::Function(at, _) => self.functions.get(at).cloned(),
            Registered::Named(_, name) => Some(name.clone()),
        };
        let named = self.keyword(file, call, "name").or_else(|| call.args.first().filter(|_| rule.function.is_none()));
        let named = named.and_then(|value| self.literal(file, call, value)).map(str::to_owned).or(own);
        let named = named.unwrap_or_else(|| "deployment".to_owned());
        let unit = self.unit(file, UnitKind::Workflow, &named, (call.line, call.end_line), None);
        self.defined(file, id, Defined { unit: Some(unit), runs: false });
        match what {
            Registered::Function(at, sure) => self.function(file, unit, call.line, at, sure),
            Registered::Named(path, name) => {
                let says = format!("runs {name}()");
                self.hand_over(file, unit, call.line, &says, UsesTarget::Function { path, name, sure: true }, EdgeKind::Calls);
            }
        }
        let by_hand = Trigger::plain(TriggerKind::Manual, format!("{}, by hand", self.rule.name));
        self.fact(file, unit, call.line, FactKind::Trigger(by_hand));
        let mut found: Vec<(u32, Trigger)> = Vec::new();
        for value in rule.schedule.iter().filter_map(|key| self.keyword(file, call, key)) {
            let says = self.says(file, call, value);
            let line = self.line_of(file, call, Some(value), &says);
            found.extend(triggers(says).into_iter().map(|trigger| (line, trigger)));
        }
        for value in rule.events.iter().filter_map(|key| self.keyword(file, call, key)) {
            if self.says(file, call, value) != Says::Never {
                found.push((call.line, Trigger::plain(TriggerKind::Api, "an event of the orchestrator".to_owned())));
            }
        }
        let paused = rule.paused.as_deref().and_then(|key| Some((key, self.keyword(file, call, key)?)));
        for (line, mut trigger) in found {
            if let Some((key, Value::Bool(true))) = paused {
                trigger.off = Some(format!("switched off by `{key}=True`"));
            } else if trigger.held.is_none() {
                let until = Some(crate::fact::Until::Line(self.code(file).code.file_line(call.line)));
                let why = "it works once somebody has run the code that registers it".to_owned();
                trigger.held = Some(Held { strength: Strength::Assumed, why, until });
            }
            self.fact(file, unit, line, FactKind::Trigger(trigger));
        }
    }
}
