//! Functions that make one thing each, pipelines that select among them, and objects that start pipelines.
//!
//! An asset names what it is made from by its parameters. Its step stands in its own file; whoever selects it holds it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Lowering, MOST, Maker};
use crate::fact::{Defined, FactKind, Needs, OnFailure, Trigger, UnitId, UnitKind, Uses, UsesTarget};
use crate::resolve::program::{At, FileId, Meaning, text_of};
use crate::rules::orchestrator::{Assets, Starter, names};
use crate::syntax::python::{Call, CallId, ScopeKind, Value};
use crate::words::{EdgeKind, TriggerKind};

use super::schedule::{Says, triggers};

/// Deepest nesting of a selection.
const DEPTH: u32 = 6;

/// A function that makes things.
struct Asset<'b> {
    at: At,
    unit: UnitId,
    name: String,
    call: Option<&'b Call>,
}

/// All assets, and which makes what.
#[derive(Default)]
struct Known<'b> {
    all: Vec<Asset<'b>>,
    by_name: BTreeMap<String, usize>,
    by_function: BTreeMap<At, usize>,
    after: Vec<BTreeSet<usize>>,
}

impl<'b> Lowering<'b> {
    /// Assets and starters of all files.
    pub(super) fn assets(&mut self, files: &[FileId]) {
        let rule = self.rule;
        let mut known = Known::default();
        if let Some(assets) = &rule.assets {
            files.iter().for_each(|file| self.find_assets(*file, assets, &mut known));
            self.order_assets(assets, &mut known);
            for pipe in 0..self.pipes.len() {
                let Some(it) = self.pipes.get(pipe).filter(|p| p.selects.is_some()).cloned() else { continue };
                let Some(call) = it.call.and_then(|call| self.call(it.file, call)) else { continue };
                let value = it.selects.as_deref().and_then(|key| self.keyword(it.file, call, key)).or_else(|| call.args.get(1));
                let selected = match value {
                    Some(value) => self.selected(it.file, call, value, assets, &known, DEPTH),
                    None => Some((0..known.all.len()).collect()),
                };
                self.hold(it.file, it.unit, call.line, selected, &known);
            }
            files.iter().for_each(|file| self.everything(*file, assets, &known));
        }
        if !rule.starters.is_empty() {
            files.iter().for_each(|file| self.starters(*file, &known));
        }
    }

    fn find_assets(&mut self, file: FileId, rule: &Assets, known: &mut Known<'b>) {
        let module = self.code(file).module();
        for (id, scope) in module.scopes.iter().enumerate().filter(|(_, s)| s.kind == ScopeKind::Function) {
            let at = At { file, scope: id };
            let Some(decorator) = self.decorator(at, &rule.decorator).filter(|_| known.all.len() < MOST) else { continue };
            let call = decorator.and_then(|call| self.call(file, call));
            let own = scope.name.rsplit('.').next().unwrap_or_default();
            let given = call.and_then(|c| self.literal(file, c, self.keyword(file, c, &rule.name)?));
            let name = given.unwrap_or(own).to_owned();
            let unit = self.unit(file, UnitKind::Job, &name, (scope.line, scope.end_line), None);
            self.facts(file).orchestrated.functions.insert(id);
            if let Some(call) = decorator {
                self.defined(file, call, Defined { unit: Some(unit), runs: false });
            }
            self.function(file, unit, scope.line, at, true);
            let index = known.all.len();
            if let Some(Value::Dict(pairs)) = call.and_then(|c| self.keyword(file, c, &rule.several)) {
                for key in pairs.iter().filter_map(|(key, _)| text(key)) {
                    known.by_name.insert(key.to_owned(), index);
                }
            }
            known.by_name.insert(name.clone(), index);
            known.by_function.insert(at, index);
            known.all.push(Asset { at, unit, name, call });
        }
    }

    /// What is made from what: by parameters, and by the keywords that name it.
    fn order_assets(&mut self, rule: &Assets, known: &mut Known<'b>) {
        let mut after: Vec<BTreeSet<usize>> = Vec::with_capacity(known.all.len());
        for asset in &known.all {
            let mut from = BTreeSet::new();
            let params = self.program.scope(asset.at).map_or(&[][..], |s| &s.params);
            from.extend(params.iter().filter_map(|p| known.by_name.get(&p.name)));
            if let Some(call) = asset.call {
                for value in rule.after.iter().filter_map(|key| self.keyword(asset.at.file, call, key)) {
                    from.extend(self.selected(asset.at.file, call, value, rule, known, DEPTH).unwrap_or_default());
                }
            }
            after.push(from);
        }
        for (then, from) in after.iter().enumerate() {
            for first in from.iter().filter(|first| **first != then) {
                let (Some(first), Some(then)) = (known.all.get(*first), known.all.get(then)) else { continue };
                self.before(first, then);
            }
        }
        known.after = after;
    }

    fn before(&mut self, first: &Asset<'b>, then: &Asset<'b>) {
        let Some(left) = self.links.checked_sub(1) else { return };
        self.links = left;
        let line = self.program.scope(then.at).map_or(1, |s| s.line);
        if first.at.file == then.at.file {
            self.fact(then.at.file, then.unit, line, FactKind::Needs(Needs { on: first.unit, stops: true }));
            return;
        }
        // an order between files is stated by the one that comes first, at its own line
        let line = self.program.scope(first.at).map_or(1, |s| s.line);
        let to = self.target(then.at.file, then.unit, UnitKind::Job);
        let says = format!("before {}", then.name);
        let uses = Uses { reference: says, with: Vec::new(), to, edge: EdgeKind::Precedes, on_failure: OnFailure::Stops };
        self.fact(first.at.file, first.unit, line, FactKind::Uses(uses));
    }

    /// A unit of some file, as something to hand over to.
    pub(super) fn target(&self, file: FileId, unit: UnitId, kind: UnitKind) -> UsesTarget {
        let name = self.added.get(&file).and_then(|f| f.units.get(unit)).map_or_else(String::new, |u| u.name.clone());
        UsesTarget::Unit { path: Some(self.code(file).path.to_string()), kind, name }
    }

    /// The assets that a value selects; none where that cannot be read.
    fn selected(
        &self,
        file: FileId,
        call: &'b Call,
        value: &'b Value,
        rule: &Assets,
        known: &Known<'b>,
        depth: u32,
    ) -> Option<BTreeSet<usize>> {
        let depth = depth.checked_sub(1)?;
        let all = || (0..known.all.len()).collect::<BTreeSet<usize>>();
        let every = |values: &mut dyn Iterator<Item = &'b Value>| -> Option<BTreeSet<usize>> {
            let mut found = BTreeSet::new();
            for value in values.take(200) {
                found.extend(self.selected(file, call, value, rule, known, depth)?);
            }
            Some(found)
        };
        match value {
            Value::BinOp { op: "|", left, right } => return every(&mut [&**left, &**right].into_iter()),
            Value::BinOp { .. } => return None,
            Value::Call(id) => {
                let inner = self.call(file, *id)?;
                let name = self.outside(file, *id)?;
                if names(&rule.all, name) {
                    return Some(all());
                }
                if names(&rule.some, name) {
                    let named = inner.keywords.iter().map(|(_, v)| v);
                    return every(&mut inner.args.iter().chain(named));
                }
                return None;
            }
            _ => {}
        }
        match self.program.meaning(At { file, scope: call.scope }, call.line, value)?.0 {
            Meaning::Function(at) => known.by_function.get(&at).map(|asset| BTreeSet::from([*asset])),
            Meaning::Literal(Value::Str(text)) if text == "*" => Some(all()),
            Meaning::Literal(Value::Str(text)) => {
                let name = text.trim_matches(['*', '+']).rsplit('/').next().unwrap_or_default();
                let asset = *known.by_name.get(name)?;
                let mut found = BTreeSet::from([asset]);
                if text.starts_with(['*', '+']) {
                    known.upstream(&mut found);
                }
                Some(found)
            }
            Meaning::Literal(Value::List(items) | Value::Tuple(items)) => every(&mut items.iter()),
            // `ins={"rows": AssetIn()}`: the names are the keys
            Meaning::Literal(Value::Dict(pairs)) => {
                Some(pairs.iter().filter_map(|(key, _)| known.by_name.get(text(key)?).copied()).collect())
            }
            _ => None,
        }
    }

    /// The unit holds these steps.
    fn hold(&mut self, file: FileId, unit: UnitId, line: u32, selected: Option<BTreeSet<usize>>, known: &Known<'b>) {
        let Some(selected) = selected else {
            let what = "assets that are selected by what cannot be read here".to_owned();
            self.hand_over(file, unit, line, &what, UsesTarget::Remote(what.clone()), EdgeKind::Contains);
            return;
        };
        for asset in selected.into_iter().filter_map(|asset| known.all.get(asset)) {
            let Some(left) = self.links.checked_sub(1) else { return };
            self.links = left;
            let to = self.target(asset.at.file, asset.unit, UnitKind::Job);
            self.hand_over(file, unit, line, &asset.name, to, EdgeKind::Contains);
        }
    }

    /// Where all is registered, a person can make all of it.
    fn everything(&mut self, file: FileId, rule: &Assets, known: &Known<'b>) {
        if known.all.is_empty() {
            return;
        }
        let module = self.code(file).module();
        let first = (0..module.calls.len()).find(|id| self.outside(file, *id).is_some_and(|name| names(&rule.registered, name)));
        let Some(call) = first.and_then(|id| self.call(file, id)) else { return };
        let unit = self.unit(file, UnitKind::Workflow, "all assets", (call.line, call.end_line), None);
        let by_hand = Trigger::plain(TriggerKind::Manual, format!("{}, by hand", self.rule.name));
        self.fact(file, unit, call.line, FactKind::Trigger(by_hand));
        self.hold(file, unit, call.line, Some((0..known.all.len()).collect()), known);
    }

    fn starters(&mut self, file: FileId, known: &Known<'b>) {
        let module = self.code(file).module();
        let rule = self.rule;
        for (id, call) in module.calls.iter().enumerate() {
            let Some(name) = self.outside(file, id) else { continue };
            if let Some(starter) = rule.starters.iter().find(|s| names(&s.call, name)) {
                let named = self.keyword(file, call, "name").and_then(|v| self.literal(file, call, v)).map(str::to_owned);
                self.defined(file, id, Defined::default());
                self.starter(file, id, call, starter, named, true, known);
            }
        }
        for (id, scope) in module.scopes.iter().enumerate().filter(|(_, s)| s.kind == ScopeKind::Function) {
            let at = At { file, scope: id };
            let found = rule.starters.iter().find_map(|s| Some((s, self.decorator(at, &s.decorator)?)));
            let Some((starter, Some(id_of_call))) = found else { continue };
            let Some(call) = self.call(file, id_of_call) else { continue };
            self.facts(file).orchestrated.functions.insert(id);
            self.defined(file, id_of_call, Defined::default());
            let named = scope.name.rsplit('.').next().map(str::to_owned);
            self.starter(file, id_of_call, call, starter, named, false, known);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "what is known of one object, used once")]
    fn starter(
        &mut self,
        file: FileId,
        id: CallId,
        call: &'b Call,
        rule: &'b Starter,
        named: Option<String>,
        is_call: bool,
        known: &Known<'b>,
    ) {
        let at = At { file, scope: call.scope };
        let first = call.args.first().filter(|_| is_call);
        let values: Vec<&'b Value> =
            rule.pipeline.iter().filter_map(|key| self.keyword(file, call, key)).chain(first).take(1).collect();
        let Some(value) = values.first().copied() else { return };
        let items: Vec<&'b Value> = match value {
            Value::List(items) | Value::Tuple(items) => items.iter().take(50).collect(),
            one => vec![one],
        };
        let pipes: Vec<usize> = items
            .iter()
            .filter_map(|item| match self.program.meaning(at, call.line, item) {
                Some((Meaning::Function(f), _)) => self.pipe_of.get(&(f.file, Maker::Body(f.scope))).copied(),
                Some((Meaning::Literal(Value::Str(name)), _)) => self.pipes.iter().position(|p| p.name == *name),
                _ => {
                    let made = self.program.maker(at, call.line, item)?;
                    self.pipe_of.get(&(made.0, Maker::Call(made.1))).copied()
                }
            })
            .collect();
        let name = named.unwrap_or_else(|| text_of(value, 2));
        let unit = self.unit(file, UnitKind::Workflow, &name, (call.line, call.end_line), None);
        self.defined(file, id, Defined { unit: Some(unit), runs: false });
        if pipes.is_empty() {
            let selected = rule_of(self).and_then(|assets| self.selected(file, call, value, assets, known, DEPTH));
            self.hold(file, unit, call.line, selected, known);
        }
        for pipe in pipes {
            let Some(it) = self.pipes.get(pipe).cloned() else { continue };
            let to = self.target(it.file, it.unit, UnitKind::Workflow);
            self.hand_over(file, unit, call.line, &format!("starts {}", it.name), to, EdgeKind::Invokes);
        }
        let (line, found) = match rule.schedule.as_deref() {
            Some(key) => {
                let schedule = self.keyword(file, call, key);
                let says = schedule.map_or(Says::Never, |value| self.says(file, call, value));
                (self.line_of(file, call, schedule, &says), triggers(says))
            }
            None => (call.line, vec![Trigger::plain(rule.by, format!("{} {name}", rule.by))]),
        };
        let (key, running) = &rule.status;
        let on = self.keyword(file, call, key).is_some_and(|value| text_of(value, 2).ends_with(running.as_str()));
        for mut trigger in found {
            if trigger.held.is_none() {
                trigger.held = self.rule.paused.as_ref().and_then(|paused| self.paused(file, paused, &name, on));
            }
            self.fact(file, unit, line, FactKind::Trigger(trigger));
        }
    }
}

impl Known<'_> {
    /// Adds what the assets are made from.
    fn upstream(&self, of: &mut BTreeSet<usize>) {
        let mut stack: Vec<usize> = of.iter().copied().collect();
        while let Some(asset) = stack.pop() {
            for first in self.after.get(asset).into_iter().flatten() {
                if of.insert(*first) {
                    stack.push(*first);
                }
            }
        }
    }
}

fn rule_of<'b>(lowering: &Lowering<'b>) -> Option<&'b Assets> {
    lowering.rule.assets.as_ref()
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::Str(text) => Some(text),
        _ => None,
    }
}
