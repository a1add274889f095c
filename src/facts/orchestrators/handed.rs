//! Pipelines, and single jobs, on their way to where they run: compiled, published, submitted, put on a schedule.
//!
//! What only writes a pipeline down or puts it into the service runs nothing. What has it run is a unit that runs where
//! the call is reached; a schedule is one that starts once the call was. A compiled file joins both ends where its path is
//! said literally; what cannot be told is an open end.

use super::schedule::triggers;
use super::steps::{DEPTH as TEXT, Place};
use super::{Lowering, Maker};
use crate::fact::{Defined, FactKind, Held, Trigger, UnitId, UnitKind, Until, UsesTarget};
use crate::resolve::program::{At, Destination, FileId, Meaning};
use crate::rules::orchestrator::{Does, Handed, names};
use crate::syntax::python::{Call, CallId, Name, Root, ScopeId, Value};
use crate::words::{EdgeKind, Strength, TriggerKind};

/// Things on the way from what is handed over to the pipeline.
const STEPS: u32 = 8;

/// What is handed over.
enum What {
    /// A pipeline of this repository.
    Pipe(usize),
    /// A function that is a pipeline itself.
    Function(At),
    /// Work that a call describes.
    Work((FileId, CallId)),
    /// A file with the definition.
    File(String),
    /// Something that cannot be told here.
    Open(String),
}

/// What is handed over, and the schedule that an object on the way carries.
struct Found<'b> {
    what: What,
    clock: Option<Clock<'b>>,
    /// It was followed literally.
    sure: bool,
}

impl Found<'_> {
    fn of(what: What) -> Self {
        Self { what, clock: None, sure: true }
    }
}

/// A call with a schedule, and the rule that says where in it.
type Clock<'b> = (FileId, &'b Call, &'b Handed);

impl<'b> Lowering<'b> {
    /// Everything that is handed over in these files.
    pub(super) fn handed_over(&mut self, files: &[FileId]) {
        let rule = self.rule;
        if rule.handed.is_empty() {
            return;
        }
        let mut all: Vec<(FileId, CallId, &'b Handed)> = Vec::new();
        for file in files.iter().copied() {
            for id in 0..self.code(file).module().calls.len() {
                let Some(name) = self.outside(file, id) else { continue };
                if let Some(rule) = rule.handed.iter().find(|rule| names(&rule.call, name)) {
                    all.push((file, id, rule));
                }
            }
        }
        // what is compiled is known before anything is looked up by its path
        for (file, id, rule) in all.iter().filter(|(.., rule)| rule.does == Does::Compiles) {
            self.compiled(*file, *id, rule);
        }
        for (file, id, rule) in all.iter().filter(|(.., rule)| rule.does != Does::Compiles) {
            let known = self.facts(*file).orchestrated.calls.contains_key(id);
            if !known || matches!(rule.does, Does::Starts | Does::Schedules) {
                self.defined(*file, *id, Defined::default());
            }
            match rule.does {
                Does::Starts => self.started(*file, *id, rule),
                Does::Schedules => self.scheduled(*file, *id, rule),
                Does::Carries | Does::Compiles => {}
            }
        }
    }

    fn compiled(&mut self, file: FileId, id: CallId, rule: &'b Handed) {
        self.defined(file, id, Defined::default());
        let Some(call) = self.call(file, id) else { return };
        let Some(path) = self.path_of(file, call, rule).filter(|path| !path.contains('$')) else { return };
        if let Some(Found { what: What::Pipe(pipe), .. }) = self.named_by(file, call, rule, STEPS) {
            let known = self.compiled.entry(path).or_insert(Some(pipe));
            *known = known.filter(|known| *known == pipe);
        }
    }

    fn started(&mut self, file: FileId, id: CallId, rule: &'b Handed) {
        let Some(call) = self.call(file, id) else { return };
        let Some(found) = self.handed(file, id, rule, STEPS) else { return };
        let says = self.says_what(&found.what);
        let unit = self.unit(file, UnitKind::Job, &format!("run of {says}"), (call.line, call.end_line), None);
        self.defined(file, id, Defined { unit: Some(unit), runs: true });
        self.submit(Place { file, unit, line: call.line }, (found.what, found.sure), &says);
    }

    fn scheduled(&mut self, file: FileId, id: CallId, rule: &'b Handed) {
        let Some(call) = self.call(file, id) else { return };
        let Some(found) = self.handed(file, id, rule, STEPS) else { return };
        let says = self.says_what(&found.what);
        let unit = self.unit(file, UnitKind::Workflow, &format!("schedule of {says}"), (call.line, call.end_line), None);
        self.defined(file, id, Defined { unit: Some(unit), runs: false });
        self.submit(Place { file, unit, line: call.line }, (found.what, found.sure), &says);
        let own = self.clock_of(call, rule, file).then_some((file, call, rule));
        let mut all: Vec<(u32, Trigger)> = Vec::new();
        if let Some((of, by, clock)) = own.or(found.clock) {
            let values: Vec<&'b Value> = clock
                .schedule
                .iter()
                .filter_map(|key| self.keyword(of, by, key))
                .chain(clock.schedule_place.and_then(|place| by.args.get(place)))
                .take(3)
                .collect();
            for value in values {
                let says = self.says(of, by, value);
                let line = if of == file { self.line_of(of, by, Some(value), &says) } else { call.line };
                all.extend(triggers(says).into_iter().map(|trigger| (line, trigger)));
            }
            if let Some(key) = clock.data.iter().find(|key| self.keyword(of, by, key).is_some()) {
                all.push((call.line, Trigger::plain(TriggerKind::Data, format!("new data ({key})"))));
            }
            let off = clock.enabled.as_deref().and_then(|key| Some((key, self.keyword(of, by, key)?)));
            if let Some((key, Value::Bool(false))) = off {
                all.iter_mut().for_each(|(_, trigger)| trigger.off = Some(format!("switched off by `{key}=False`")));
            }
        }
        for (line, mut trigger) in all {
            if trigger.off.is_none() && trigger.held.is_none() {
                let until = Some(Until::Line(self.code(file).code.file_line(call.line)));
                let why = "it works once somebody has run the code that registers it".to_owned();
                trigger.held = Some(Held { strength: Strength::Assumed, why, until, remedy: None });
            }
            self.fact(file, unit, line, FactKind::Trigger(trigger));
        }
    }

    fn clock_of(&self, call: &'b Call, rule: &'b Handed, file: FileId) -> bool {
        let keys = rule.schedule.iter().chain(&rule.data);
        keys.into_iter().any(|key| self.keyword(file, call, key).is_some())
            || rule.schedule_place.is_some_and(|place| call.args.len() > place)
    }

    fn says_what(&self, what: &What) -> String {
        match what {
            What::Pipe(pipe) => self.pipes.get(*pipe).map_or_else(String::new, |pipe| pipe.name.clone()),
            What::Function(at) => self.functions.get(at).cloned().unwrap_or_default(),
            What::Work((file, id)) => self.call(*file, *id).map_or_else(String::new, |call| self.step_name(*file, call)),
            What::File(path) => path.clone(),
            What::Open(what) => what.clone(),
        }
    }

    fn submit(&mut self, to: Place, (what, sure): (What, bool), says: &str) {
        let target = match what {
            What::Pipe(pipe) => match self.pipes.get(pipe).map(|pipe| (pipe.file, pipe.unit)) {
                Some((file, unit)) => self.target(file, unit, UnitKind::Workflow),
                None => return,
            },
            What::Function(at) => return self.function(to.file, to.unit, to.line, at, sure),
            What::Work(of) => {
                match self.by_call.get(&of).and_then(|step| self.steps.get(*step)).map(|step| (step.file, step.unit)) {
                    Some((file, unit)) => self.target(file, unit, UnitKind::Job),
                    None => {
                        if let Some(rule) = self.work_of(of) {
                            self.content(to, of, rule);
                        }
                        return;
                    }
                }
            }
            What::File(path) => UsesTarget::File(path),
            What::Open(what) => UsesTarget::Remote(what),
        };
        let target = if sure { target } else { UsesTarget::Likely(Box::new(target)) };
        self.hand_over(to.file, to.unit, to.line, &format!("starts {says}"), target, EdgeKind::Submits);
    }

    /// The unit of a step, by the call that makes it.
    fn unit_of(&self, of: (FileId, CallId)) -> Option<UnitId> {
        self.by_call.get(&of).and_then(|step| self.steps.get(*step)).map(|step| step.unit)
    }

    /// What a call hands over.
    fn handed(&self, file: FileId, id: CallId, rule: &'b Handed, depth: u32) -> Option<Found<'b>> {
        let depth = depth.checked_sub(1)?;
        let call = self.call(file, id)?;
        let plain = |what: What| Some(Found::of(what));
        let found = match self.named_by(file, call, rule, depth) {
            Some(found) => Some(found),
            None => match self.path_of(file, call, rule) {
                Some(path) => match self.compiled.get(&path).copied().flatten() {
                    Some(pipe) => plain(What::Pipe(pipe)),
                    None if path.contains('$') => plain(What::Open("a pipeline that cannot be told here".to_owned())),
                    None => plain(self.file_named(file, &path).map_or(What::Open(path), What::File)),
                },
                // work may be described and run by one and the same call
                None => self.work_of((file, id)).and_then(|_| plain(What::Work((file, id)))),
            },
        };
        let mut found = found?;
        if found.clock.is_none() && self.clock_of(call, rule, file) {
            found.clock = Some((file, call, rule));
        }
        Some(found)
    }

    /// The path of a compiled pipeline, with holes.
    fn path_of(&self, file: FileId, call: &'b Call, rule: &'b Handed) -> Option<String> {
        let by_place = || rule.file_place.and_then(|place| call.args.get(place));
        let value = rule.file.iter().find_map(|key| self.keyword(file, call, key)).or_else(by_place)?;
        let text = self.text(At { file, scope: call.scope }, call.line, value, TEXT);
        Some(text.map_or_else(|| crate::facts::shell::HOLE.to_owned(), |text| text.trim_start_matches("./").to_owned()))
    }

    fn named_by(&self, file: FileId, call: &'b Call, rule: &'b Handed, depth: u32) -> Option<Found<'b>> {
        let at = At { file, scope: call.scope };
        if rule.what.is_empty() && rule.place.is_none() && rule.file.is_empty() {
            return self.of_call(self.receiver_of(file, call)?, depth);
        }
        let by_place = || rule.place.and_then(|place| call.args.get(place));
        let value = rule.what.iter().find_map(|key| self.keyword(file, call, key)).or_else(by_place)?;
        let found = self.of_value(at, call.line, value, depth);
        found.or_else(|| Some(Found::of(What::Open("a pipeline that cannot be told here".to_owned()))))
    }

    fn of_value(&self, at: At, line: u32, value: &'b Value, depth: u32) -> Option<Found<'b>> {
        let depth = depth.checked_sub(1)?;
        if let Some((Meaning::Function(function), sure)) = self.program.meaning(at, line, value) {
            if let Some(pipe) = self.pipe_of.get(&(function.file, Maker::Body(function.scope))) {
                return Some(Found::of(What::Pipe(*pipe)));
            }
            if self.functions.contains_key(&function) {
                return Some(Found { sure, ..Found::of(What::Function(function)) });
            }
        }
        // `published.id` stands for what was published
        let made = match value {
            Value::Name(Name { root: Root::Local(name), path }) if !path.is_empty() => {
                let whole = Value::Name(Name { root: Root::Local(name.clone()), path: Vec::new() });
                self.program.maker(at, line, &whole)
            }
            Value::Name(Name { root: Root::Call(id), .. }) => Some((at.file, *id)),
            _ => self.program.maker(at, line, value),
        };
        self.of_call(made?, depth)
    }

    fn of_call(&self, (file, id): (FileId, CallId), depth: u32) -> Option<Found<'b>> {
        let depth = depth.checked_sub(1)?;
        if let Some(pipe) = self.pipe_of.get(&(file, Maker::Call(id))) {
            return Some(Found::of(What::Pipe(*pipe)));
        }
        match self.program.reached(file, id) {
            Destination::Own { to, sure, .. } => {
                let found = match self.pipe_of.get(&(to.file, Maker::Body(to.scope))) {
                    Some(pipe) => Found::of(What::Pipe(*pipe)),
                    None => self.returned(to.file, to.scope, depth)?,
                };
                Some(Found { sure: found.sure && *sure, ..found })
            }
            Destination::External { name, .. } => {
                if self.unit_of((file, id)).is_some() || self.work_of((file, id)).is_some() {
                    return Some(Found::of(What::Work((file, id))));
                }
                match self.rule.handed.iter().find(|rule| names(&rule.call, name)) {
                    Some(rule) => self.handed(file, id, rule, depth),
                    // a method of what was made: `job.sweep()`
                    None => None,
                }
            }
            Destination::Unknown { .. } => self.described(file, self.call(file, id)?).map(|(of, _)| Found::of(What::Work(of))),
        }
    }

    /// What an own function gives, where it gives one thing alone.
    fn returned(&self, file: FileId, scope: ScopeId, depth: u32) -> Option<Found<'b>> {
        let module = self.code(file).module();
        let mut found = module.returns.iter().filter(|r| r.scope == scope && r.value != Value::None).take(2);
        let one = found.next().filter(|_| found.next().is_none())?;
        self.of_value(At { file, scope }, one.line, &one.value, depth)
    }
}
