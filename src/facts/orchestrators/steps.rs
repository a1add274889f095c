//! Steps: which calls make one, in which pipeline, and what it runs.

use std::collections::BTreeSet;

use super::deployments::PUT;
use super::{Lowering, MOST, Step};
use crate::fact::{Defined, FactKind, OnFailure, UnitId, UnitKind, Uses, UsesTarget};
use crate::facts::shell::{HOLE, Shell, lower, quoted};
use crate::resolve::program::{At, Destination, FileId, Meaning, name_text};
use crate::rules::orchestrator::{Body, Step as Rule, names};
use crate::syntax::python::{Call, CallId, Name, Part, Root, Value};
use crate::words::EdgeKind;

/// Deepest nesting of a text that is put together.
pub(super) const DEPTH: u32 = 8;
/// Callers on the way from a step to its pipeline.
pub(super) const CALLERS: u32 = 4;

/// A unit that something is stated of, and the line of the code.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) file: FileId,
    pub(super) unit: usize,
    pub(super) line: u32,
}

/// What makes a step: the rule of its class, where there is one, and the own class that it is an object of.
struct Operator<'b> {
    rule: Option<&'b Rule>,
    own: Option<At>,
}

impl<'b> Lowering<'b> {
    /// Every step of a file.
    pub(super) fn steps(&mut self, file: FileId) {
        let module = self.code(file).module();
        let later = self.rule.pipelines.iter().all(|p| p.body == Body::Later);
        for (id, scope) in module.scopes.iter().enumerate() {
            let at = At { file, scope: id };
            let decorated = self.rule.steps.iter().find_map(|s| self.decorator(at, &s.decorator));
            if let Some(call) = decorated.filter(|_| !scope.decorators.is_empty()) {
                self.facts(file).orchestrated.functions.insert(id);
                if let Some(call) = call {
                    self.defined(file, call, Defined::default());
                }
            }
        }
        for (id, call) in module.calls.iter().enumerate() {
            let done = self.added.get(&file).is_some_and(|facts| facts.orchestrated.calls.contains_key(&id));
            if done || self.steps.len() >= MOST {
                continue;
            }
            if let Some(at) = self.formed(file, id) {
                self.formed_pipeline(file, id, call, at);
            } else if let Some(at) = self.decorated(file, id, 4) {
                self.decorated_step(file, id, call, at, later);
            } else if let Some(operator) = self.operator(file, id, call) {
                self.operator_step(file, id, call, operator);
            } else if let Some((of, rule)) = self.described(file, call) {
                self.described_step(file, id, call, of, rule);
            }
        }
    }

    /// What a call makes a step of, if it does.
    fn operator(&self, file: FileId, id: CallId, call: &'b Call) -> Option<Operator<'b>> {
        let (made, own): (Vec<&str>, _) = match self.program.reached(file, id) {
            Destination::External { name, .. } => (vec![name], None),
            Destination::Own { makes: Some(class), .. } => {
                (self.program.external_bases(*class).iter().map(|base| &**base).collect(), Some(*class))
            }
            _ => return None,
        };
        let is = |patterns: &[String]| made.iter().any(|name| !name.contains('#') && names(patterns, name));
        if let Some(rule) = self.rule.steps.iter().find(|s| is(&s.call)) {
            return Some(Operator { rule: Some(rule), own });
        }
        let other = self.rule.other_steps.as_ref()?;
        let is_step = is(&other.call) && self.keyword(file, call, &other.keyword).is_some();
        is_step.then_some(Operator { rule: None, own })
    }

    /// The own function that is a pipeline and of which another form is called (`flow.with_options(…)()`).
    fn formed(&self, file: FileId, id: CallId) -> Option<At> {
        let call = self.call(file, id)?;
        let Root::Call(inner) = call.callee.root else { return None };
        let form = self.call(file, inner)?.callee.path.last().filter(|_| call.callee.path.is_empty())?;
        let passed = self.program.passed(file, inner).iter().filter(|_| self.rule.forms.contains(form));
        // a form that waits for its schedule runs nothing here
        let scheduled = self.rule.registrations.iter().filter(|r| r.only_scheduled);
        let waits = scheduled
            .flat_map(|r| &r.schedule)
            .any(|key| self.call(file, inner).is_some_and(|c| c.keywords.iter().any(|(k, _)| k == key)));
        let within = self.functions.contains_key(&At { file, scope: call.scope });
        passed.map(|passed| passed.at).find(|at| self.functions.contains_key(at)).filter(|_| !waits && !within)
    }

    fn formed_pipeline(&mut self, file: FileId, id: CallId, call: &'b Call, at: At) {
        let name = self.functions.get(&at).cloned().unwrap_or_default();
        let unit = self.unit(file, UnitKind::Job, &name, (call.line, call.end_line), None);
        self.defined(file, id, Defined { unit: Some(unit), runs: true });
        if let Root::Call(inner) = call.callee.root {
            self.defined(file, inner, Defined::default());
        }
        self.function(file, unit, call.line, at, true);
    }

    fn decorated_step(&mut self, file: FileId, id: CallId, call: &'b Call, at: At, later: bool) {
        let form = call.callee.path.last().is_some_and(|method| self.rule.forms.contains(method));
        let waited = !call.callee.path.last().is_some_and(|method| self.rule.runs.contains(method));
        let pipe = self.owner(file, id, CALLERS);
        let function = At { file, scope: call.scope };
        let flow = self.functions.contains_key(&function) && pipe.is_none();
        if form {
            self.defined(file, id, Defined::default());
            return;
        }
        if pipe.is_none() && !flow {
            // outside of a pipeline the tool that runs steps where they are called runs it here
            if later {
                self.defined(file, id, Defined::default());
            }
            return;
        }
        let name = self.program.scope(at).and_then(|s| s.name.rsplit('.').next()).unwrap_or_default().to_owned();
        let unit = self.step(file, id, call, &name, pipe, waited && flow);
        self.function(file, unit, call.line, at, true);
    }

    fn operator_step(&mut self, file: FileId, id: CallId, call: &'b Call, Operator { rule, own }: Operator<'b>) {
        let pipe = self.owner(file, id, CALLERS);
        let in_flow = self.functions.contains_key(&At { file, scope: call.scope });
        // a list of the pipeline, or who hands it over, may name it later
        let loose = self.rule.pipelines.iter().any(|p| p.lists.is_some());
        self.defined(file, id, Defined::default());
        // where code is the pipeline, any code may start another
        let later = self.rule.pipelines.iter().all(|p| p.body == Body::Later);
        let starts = !later && pipe.is_none() && rule.is_some_and(|rule| rule.pipeline.is_some());
        if rule.is_some_and(|rule| rule.described) || (pipe.is_none() && !in_flow && !loose && !starts) {
            return;
        }
        let named = self.step_name(file, call);
        let unit = self.step(file, id, call, &named, pipe, in_flow && pipe.is_none());
        self.defined(file, id, Defined { unit: Some(unit), runs: pipe.is_none() && (in_flow || starts) });
        let place = Place { file, unit, line: call.line };
        match (rule, own) {
            (Some(rule), _) => self.content(place, (file, id), rule),
            (None, Some(class)) => self.own_step(place, call, class),
            (None, None) => {}
        }
    }

    /// A step of an own class: the text that it is given likely runs, on whatever machine that names; without one its method
    /// does.
    fn own_step(&mut self, to: Place, call: &'b Call, class: At) {
        let Some(other) = self.rule.other_steps.as_ref() else { return };
        let at = At { file: to.file, scope: call.scope };
        let given = other.shell.iter().find_map(|key| self.keyword(to.file, call, key));
        if let Some(text) = given.and_then(|value| self.text(at, call.line, value, DEPTH)) {
            let (line, context) = (self.code(to.file).code.file_line(to.line), self.context);
            let how = Shell { elsewhere: true, ..Shell::default() };
            lower(&without_templates(&text), &|_| line, to.unit, &how, context, self.facts(to.file));
            return;
        }
        // what hands every text on is no work of its own, and would join all that it is given
        for method in other.methods.iter().filter_map(|name| self.program.method(class, name)) {
            self.function(to.file, to.unit, to.line, method, true);
        }
    }

    /// What a step is called.
    pub(super) fn step_name(&self, file: FileId, call: &'b Call) -> String {
        let key = self.rule.other_steps.as_ref().map_or("name", |o| o.keyword.as_str());
        let named = self.keyword(file, call, key).and_then(|value| self.literal(file, call, value)).map(str::to_owned);
        named.unwrap_or_else(|| call.callee.last().unwrap_or("step").to_owned())
    }

    /// States what a step runs, as the call says that describes it.
    pub(super) fn content(&mut self, to: Place, of: (FileId, CallId), rule: &'b Rule) {
        let Some(call) = self.call(of.0, of.1) else { return };
        let given = |lowering: &Self, key: &str| lowering.keyword(of.0, call, key);
        let at = At { file: of.0, scope: call.scope };
        if let Some(key) = &rule.function {
            let is_function = |v: &&'b Value| matches!(self.program.meaning(at, call.line, v), Some((Meaning::Function(_), _)));
            let by_place = || rule.function_at.and_then(|at| call.args.get(at));
            if let Some(value) = given(self, key).or_else(by_place).or_else(|| call.args.first().filter(is_function)) {
                self.callable(to, of, call, value);
            }
        }
        if let Some(value) = rule.shell.as_deref().and_then(|key| given(self, key)) {
            let dir =
                rule.folder.iter().find_map(|key| given(self, key)).and_then(|folder| self.folder(of.0, at, call.line, folder));
            if let Some(text) = self.text(at, call.line, value, DEPTH) {
                let (text, mounted) = self.as_mounted(&without_templates(&text));
                let dir = dir.or_else(|| mounted.then(|| ".".to_owned()));
                // a file is read as the text itself
                let text = if text.trim().ends_with(".sh") && !text.trim().contains(' ') { format!("bash {text}") } else { text };
                let line = self.code(to.file).code.file_line(to.line);
                let context = self.context;
                lower(&text, &|_| line, to.unit, &Shell { dir, ..Shell::default() }, context, self.facts(to.file));
            }
        } else if !rule.script.is_empty() {
            self.script(to, of, rule);
            self.made_by_the_step(to, of, rule);
        }
        if let Some(value) = rule.image.as_deref().and_then(|key| given(self, key)) {
            self.image(to, of.0, call, value, rule);
        }
        if let Some(key) = &rule.pipeline
            && let Some(value) = given(self, key).or_else(|| call.args.first())
        {
            self.other_pipeline(to, of.0, call, value);
        }
        if let Some(key) = &rule.file {
            self.defined_by_file(to, of.0, call, given(self, key).or_else(|| call.args.first()));
        }
    }

    pub(super) fn step(&mut self, file: FileId, id: CallId, call: &Call, name: &str, pipe: Option<usize>, waited: bool) -> usize {
        let owner = pipe.and_then(|p| self.pipes.get(p)).map(|p| (p.file, p.unit));
        let parent = owner.filter(|(of, _)| *of == file).map(|(_, unit)| unit);
        let unit = self.unit(file, UnitKind::Job, name, (call.line, call.end_line), parent);
        if let Some((of, by)) = owner.filter(|(of, _)| *of != file) {
            let name = self.facts(file).units[unit].name.clone();
            let path = self.code(file).path.to_string();
            let to = UsesTarget::Unit { path: Some(path), kind: UnitKind::Job, name: name.clone() };
            let line = self.added.get(&of).and_then(|f| f.units.get(by)).map_or(1, |u| u.line);
            self.hand_over(of, by, line, &name, to, EdgeKind::Contains);
        }
        self.defined(file, id, Defined { unit: Some(unit), runs: pipe.is_none() });
        self.by_call.insert((file, id), self.steps.len());
        self.steps.push(Step { file, call: id, unit, pipe, waited });
        unit
    }

    /// The unit hands over to something. `line` is one of the code.
    pub(super) fn hand_over(&mut self, file: FileId, unit: usize, line: u32, says: &str, to: UsesTarget, edge: EdgeKind) {
        let uses = Uses { reference: says.to_owned(), with: Vec::new(), to, edge, on_failure: OnFailure::Stops };
        self.fact(file, unit, line, FactKind::Uses(uses));
    }

    /// The unit runs an own function.
    pub(super) fn function(&mut self, file: FileId, unit: usize, line: u32, at: At, sure: bool) {
        let Some(scope) = self.program.scope(at) else { return };
        let (name, path) = (scope.name.clone(), self.code(at.file).path.to_string());
        let says = format!("runs {}()", name.rsplit('.').next().unwrap_or(&name));
        self.hand_over(file, unit, line, &says, UsesTarget::Function { path, name, sure }, EdgeKind::Calls);
    }

    fn callable(&mut self, to: Place, (of, id): (FileId, CallId), call: &'b Call, value: &'b Value) {
        let Place { file, unit, line } = to;
        match self.program.meaning(At { file: of, scope: call.scope }, call.line, value) {
            Some((Meaning::Function(at), sure)) => {
                // a lambda runs with what it stands in, so what it calls is not told apart
                if !matches!(value, Value::Lambda(_)) {
                    self.function(file, unit, line, at, sure);
                }
            }
            _ => match self.program.passed(of, id).first() {
                Some(passed) if matches!(value, Value::Call(_)) => self.function(file, unit, line, passed.at, passed.sure),
                _ => {
                    let what = match value {
                        Value::Name(name) => name_text(name),
                        _ => "a function that cannot be followed".to_owned(),
                    };
                    self.hand_over(file, unit, line, &what, UsesTarget::Remote(what.clone()), EdgeKind::Calls);
                }
            },
        }
    }

    fn image(&mut self, to: Place, file: FileId, call: &'b Call, value: &'b Value, rule: &'b Rule) {
        let at = At { file, scope: call.scope };
        let image = self.text(at, call.line, value, DEPTH).map_or_else(|| HOLE.to_owned(), |text| without_templates(&text));
        let mut text = format!("docker run {}", quoted(&image));
        for value in rule.command.iter().filter_map(|key| self.keyword(file, call, key)) {
            let given = |value| self.text(at, call.line, value, DEPTH);
            let more = match self.program.meaning(at, call.line, value) {
                Some((Meaning::Literal(Value::List(items) | Value::Tuple(items)), _)) => {
                    let words = items.iter().take(50).map(|item| given(item).unwrap_or_else(|| HOLE.to_owned()));
                    words.map(|word| quoted(&without_templates(&word))).collect::<Vec<_>>().join(" ")
                }
                // a text is split as a shell would
                _ => given(value).map(|text| without_templates(&text)).unwrap_or_default(),
            };
            text.push(' ');
            text.push_str(more.trim());
        }
        // what is told in place of the image's own command is followed as well
        let (line, context) = (self.code(to.file).code.file_line(to.line), self.context);
        lower(&text, &|_| line, to.unit, &Shell::default(), context, self.facts(to.file));
    }

    /// A step that starts another pipeline, by its name.
    fn other_pipeline(&mut self, to: Place, file: FileId, call: &'b Call, value: &'b Value) {
        let name = self.literal(file, call, value);
        let found = name.and_then(|name| self.pipes.iter().find(|p| p.name == name));
        let says = name.map_or_else(|| "starts a pipeline".to_owned(), |name| format!("starts {name}"));
        let flow = name.and_then(|name| name.split_once('/')).and_then(|(flow, deployment)| self.flow_named(flow, deployment));
        let other = match (found, flow) {
            (Some(pipe), _) => self.target(pipe.file, pipe.unit, UnitKind::Workflow),
            (None, Some(function)) => function,
            (None, None) => UsesTarget::Remote(name.unwrap_or("a pipeline").to_owned()),
        };
        self.hand_over(to.file, to.unit, to.line, &says, other, EdgeKind::Starts);
    }

    /// The function that is the pipeline of that name, where there is one; surely where something here deploys it under the
    /// name of the deployment that is started. Where the one deployment of that name says that it runs what is not there,
    /// that is what would be started.
    fn flow_named(&self, flow: &str, deployment: &str) -> Option<UsesTarget> {
        let same = |name: &str| name == flow || name.replace('_', "-") == flow;
        // what is declared in a file is known to the service once a command has handed that over
        let put = |fact: &crate::fact::Fact| match &fact.kind {
            FactKind::Command(command) => PUT.iter().any(|words| command.text().starts_with(words)),
            _ => false,
        };
        let is_put = || self.book.values().any(|facts| facts.facts.iter().any(put));
        let declared: BTreeSet<(String, String)> = self.declared(deployment).collect();
        let is_there = |(path, name): &(String, String)| {
            let mut files = self.program.files().iter().filter(|code| *code.path == **path);
            files.any(|code| code.module().scopes.iter().any(|scope| scope.name == *name))
        };
        if let Some((path, name)) = declared.iter().next().filter(|entry| declared.len() == 1 && !is_there(entry)) {
            return Some(UsesTarget::Function { path: path.clone(), name: name.clone(), sure: is_put() });
        }
        let mut flows = self.functions.iter().filter(|(_, name)| same(name));
        let at = *flows.next().filter(|_| flows.next().is_none())?.0;
        let (path, name) = (self.code(at.file).path.to_string(), self.program.scope(at)?.name.clone());
        let of_flow = declared.contains(&(path.clone(), name.clone()));
        Some(UsesTarget::Function { path, name, sure: (of_flow && is_put()) || self.deploys(at, deployment) })
    }

    /// The functions that files of deployments name under the name of a deployment, with their files.
    fn declared(&self, deployment: &str) -> impl Iterator<Item = (String, String)> {
        self.book.values().flat_map(move |facts| {
            let is = move |unit: UnitId| {
                facts.units.get(unit).is_some_and(|unit| unit.kind == UnitKind::Workflow && unit.name == deployment)
            };
            facts.facts.iter().filter(move |fact| fact.unit.is_some_and(is)).filter_map(|fact| match &fact.kind {
                FactKind::Uses(Uses { to: UsesTarget::Function { path, name, .. }, .. }) => Some((path.clone(), name.clone())),
                _ => None,
            })
        })
    }

    /// Whether code registers a function under that name.
    fn deploys(&self, function: At, name: &str) -> bool {
        let calls = |file: FileId| (0..self.code(file).module().calls.len()).map(move |call| (file, call));
        (0..self.program.files().len()).flat_map(calls).any(|(file, id)| {
            let Some(called) = self.outside(file, id) else { return false };
            let Some(call) = self.call(file, id).filter(|_| self.rule.registrations.iter().any(|r| names(&r.call, called)))
            else {
                return false;
            };
            let named = self.keyword(file, call, "name").or_else(|| call.args.first());
            self.program.passed(file, id).iter().any(|passed| passed.at == function)
                && named.and_then(|value| self.literal(file, call, value)) == Some(name)
        })
    }

    /// A text that is put together, with holes for what only a run knows; none where nothing of it is known.
    pub(super) fn text(&self, at: At, line: u32, value: &'b Value, depth: u32) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        let or_hole = |value: &'b Value| self.text(at, line, value, depth).unwrap_or_else(|| HOLE.to_owned());
        match value {
            Value::Str(text) => Some(text.clone()),
            Value::Int(number) => Some(number.to_string()),
            Value::FString { parts } => Some(
                parts
                    .iter()
                    .map(|part| match part {
                        Part::Text(text) => text.clone(),
                        Part::Hole(value) => or_hole(value),
                    })
                    .collect(),
            ),
            Value::BinOp { op: "+", left, right } => Some(or_hole(left) + &or_hole(right)),
            // a path and what lies below it
            Value::BinOp { op: "/", left, right } => Some(format!("{}/{}", or_hole(left), or_hole(right))),
            Value::BinOp { op: "%", left, .. } => Some(filled(&self.text(at, line, left, depth)?, '%')),
            Value::Call(id) => {
                let call = self.call(at.file, *id)?;
                match self.outside(at.file, *id).unwrap_or_default() {
                    "os.path.join" | "posixpath.join" => {
                        return Some(call.args.iter().take(20).map(or_hole).collect::<Vec<_>>().join("/"));
                    }
                    "os.environ.get" | "os.getenv" => {
                        let key = call.args.first().and_then(|key| self.literal(at.file, call, key))?;
                        return self.variable(key);
                    }
                    "str" | "pathlib.Path" | "pathlib.PurePath" => return self.text(at, line, call.args.first()?, depth),
                    _ => {}
                }
                match &call.callee {
                    Name { root: Root::Str(text), path } if path.first().is_some_and(|m| m == "format") => {
                        Some(filled(text, '{'))
                    }
                    Name { root: Root::Str(text), path } if path.first().is_some_and(|m| m == "join") => {
                        let Some(Value::List(items) | Value::Tuple(items)) = call.args.first() else { return None };
                        Some(items.iter().take(50).map(or_hole).collect::<Vec<_>>().join(text))
                    }
                    _ => None,
                }
            }
            Value::Name(name) => match self.program.meaning(at, line, value) {
                Some((Meaning::Literal(literal), _)) if literal != value => self.text(at, line, literal, depth),
                _ => self.attribute(at, line, name, depth),
            },
            _ => None,
        }
    }
}

/// `%s`, `%(day)s` or `{day}` become holes.
fn filled(text: &str, mark: char) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(mark) {
        out.push_str(before);
        if after.starts_with(mark) {
            out.push(mark);
            rest = after.get(mark.len_utf8()..).unwrap_or_default();
            continue;
        }
        out.push_str(HOLE);
        let (after, close) = match mark {
            '{' => (after, &['}'][..]),
            _ => (
                after.split_once(')').filter(|_| after.starts_with('(')).map_or(after, |(_, kind)| kind),
                &['s', 'd', 'f', 'r'][..],
            ),
        };
        rest = after.find(close).and_then(|end| after.get(end + 1..)).unwrap_or_default();
    }
    out + rest
}

/// Templates that are filled in when the step runs become holes.
fn without_templates(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        let next =
            [("{{", "}}"), ("{%", "%}")].into_iter().filter_map(|(open, close)| Some((rest.find(open)?, open, close))).min();
        let Some((at, open, close)) = next else { break };
        out.push_str(rest.get(..at).unwrap_or_default());
        let inside = rest.get(at + 2..).unwrap_or_default();
        if open == "{{" {
            out.push_str(HOLE);
        }
        rest = inside.find(close).and_then(|end| inside.get(end + 2..)).unwrap_or_default();
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_become_holes() {
        assert_eq!(without_templates("fit --day {{ ds }} {% if a %}--all{% endif %}"), "fit --day ${_} --all");
        assert_eq!(without_templates("fit {{ unclosed"), "fit ${_}");
        assert_eq!(filled("fit {day} {{x}}", '{'), "fit ${_} {x}}");
        assert_eq!(filled("fit %s %(day)s", '%'), "fit ${_} ${_}");
    }
}
