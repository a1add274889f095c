//! Azure ML: jobs, components, schedules and deployments as YAML files that a command hands to the service.
//!
//! A job runs when somebody submits its file; a component when a job names it, and never because it is put into the
//! service; what a schedule names when its clock says so, once the schedule was put there. So the file of a component or
//! schedule is a unit of its own beside what it defines, and handing it over reaches that unit alone.
//!
//! Paths are those of the file's own folder; code is the folder that is sent along, and commands run in it.

mod kind;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use self::kind::Document;
use crate::fact::{
    Called, FactKind, FileFacts, Guard, Held, Inputs, Needs, OnFailure, Trigger, Unit, UnitId, UnitKind, Until, Uses, UsesTarget,
};
use crate::facts::shell::{Shell, lower};
use crate::facts::{Context, Reader, When, unparsable};
use crate::source::{self, SourceFile, folder};
use crate::syntax::tree::{Kind, Node, Style};
use crate::syntax::yaml;
use crate::words::{EdgeKind, Strength, TriggerKind};

/// Files of the command line's second version, told by their schema or by their keys.
pub(crate) const READER: Reader = Reader { name: "Azure ML", wants: kind::may_be, when: When::Recognised(kind::is_one), read };

/// Whether a file is this reader's.
pub(crate) fn owns(path: &str, text: &str) -> bool {
    kind::may_be(path) && kind::is_one(path, text)
}

/// Most steps of one file.
const MAX_STEPS: usize = 2_000;
/// Most bytes of shell text of one file, with what anchors repeat.
const MAX_SHELL: usize = 1 << 20;
/// Deepest nesting of pipelines in one file, and of values that are looked through for references.
const DEPTH: u32 = 6;

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let parsed = yaml::parse(&file.text);
    let facts = FileFacts { notices: parsed.errors.iter().map(|e| unparsable(file, e)).collect(), ..FileFacts::default() };
    let lines = u32::try_from(file.text.lines().count()).unwrap_or(u32::MAX).max(1);
    let mut reading =
        Reading { home: folder(&file.path), name: file.name(), lines, context, facts, steps: MAX_STEPS, shell: MAX_SHELL };
    if let Some(root) = parsed.tree.root() {
        reading.document(root);
    }
    let mut facts = reading.facts;
    facts.tree = Some(Arc::new(parsed.tree));
    facts
}

/// A file while it is read.
struct Reading<'c> {
    home: &'c str,
    name: &'c str,
    lines: u32,
    context: &'c Context<'c>,
    facts: FileFacts,
    steps: usize,
    shell: usize,
}

impl Reading<'_> {
    fn unit(&mut self, kind: UnitKind, name: &str, lines: (u32, u32), parent: Option<UnitId>) -> UnitId {
        let unit = Unit { kind, name: name.to_owned(), title: None, line: lines.0, end_line: lines.1.max(lines.0), parent };
        self.facts.units.push(unit);
        self.facts.units.len() - 1
    }

    fn whole(&mut self, kind: UnitKind) -> UnitId {
        self.unit(kind, self.name, (1, self.lines), None)
    }

    fn uses(&mut self, unit: UnitId, line: u32, says: &str, to: UsesTarget, edge: EdgeKind) {
        let uses = Uses { reference: says.to_owned(), with: Vec::new(), to, edge, on_failure: OnFailure::Stops };
        self.facts.state(unit, line, FactKind::Uses(uses));
    }

    fn document(&mut self, root: Node<'_>) {
        match kind::of(root) {
            Some(Document::Job) => {
                let steps = root.get("jobs").is_some_and(|jobs| jobs.kind() == Kind::Map);
                let unit = self.whole(if steps { UnitKind::Workflow } else { UnitKind::Job });
                let by_hand = Trigger::plain(TriggerKind::Manual, "Azure ML, by hand".to_owned());
                self.facts.state(unit, root.line(), FactKind::Trigger(by_hand));
                self.work(root, unit, DEPTH);
            }
            Some(Document::Component) => {
                let stored = self.whole(UnitKind::Manifest);
                let steps = root.get("jobs").is_some_and(|jobs| jobs.kind() == Kind::Map);
                let unit = self.whole(if steps { UnitKind::Workflow } else { UnitKind::Action });
                self.work(root, unit, DEPTH);
                let by_inputs = vec![(Inputs::new(), unit)];
                self.facts.called = Some(Called { inputs: Inputs::new(), alone: Some(stored), by_inputs });
            }
            Some(Document::Schedule) => self.schedule(root),
            Some(Document::Deployment) => self.deployment(root),
            None => {}
        }
    }

    /// What a job, a component or a step does.
    fn work(&mut self, node: Node<'_>, unit: UnitId, depth: u32) {
        if let Some(jobs) = node.get("jobs").filter(|jobs| jobs.kind() == Kind::Map) {
            self.steps(jobs, unit, depth);
            return;
        }
        // what a search tries out, and what is done to every part of the data
        let body = ["trial", "task", "component"].iter().find_map(|key| node.get(key).filter(|n| n.kind() == Kind::Map));
        for key in ["component", "trial", "job"] {
            if let Some(named) = node.get(key).filter(|n| n.kind() == Kind::Scalar) {
                self.named(named, unit, EdgeKind::Invokes);
                return;
            }
        }
        let body = body.unwrap_or(node);
        if body.get("jobs").is_some() {
            if let Some(depth) = depth.checked_sub(1) {
                self.work(body, unit, depth);
            }
            return;
        }
        let code = self.code(body.get("code").or_else(|| node.get("code")));
        if let Some(command) = body.get("command").filter(|c| c.kind() == Kind::Scalar) {
            self.command(command, unit, code.clone());
        }
        // of a part of the data a function of the script is asked; elsewhere the script is run
        if let Some(script) = body.get("entry_script").filter(|s| s.text().is_some()) {
            self.functions(script, code.as_deref(), unit, &["init", "run"]);
        } else if let Some(script) = body.get("entry").and_then(|e| e.get("file")) {
            self.script(script, code.as_deref(), unit);
        }
    }

    /// The folder that is sent along: its path, unless it lies elsewhere.
    fn code(&self, node: Option<Node<'_>>) -> Option<String> {
        source::join(self.home, local(node?.text()?)?)
    }

    fn command(&mut self, node: Node<'_>, unit: UnitId, dir: Option<String>) {
        let Some(text) = node.text().filter(|text| text.len() <= self.shell) else { return };
        self.shell -= text.len();
        // an option that is left out where its input is not given
        let text = text.replace("$[[", "").replace("]]", "");
        let (first, exact) = (node.line(), node.style() == Style::Literal);
        let line = |n: u32| if exact { first + n.saturating_sub(1) } else { first };
        lower(&text, &line, unit, &Shell { dir, ..Shell::default() }, self.context, &mut self.facts);
    }

    fn script(&mut self, node: Node<'_>, code: Option<&str>, unit: UnitId) {
        let (Some(code), Some(script)) = (code, node.text()) else { return };
        if let Some(path) = source::join(code, script) {
            self.uses(unit, node.line(), script, UsesTarget::File(path), EdgeKind::Invokes);
        }
    }

    fn functions(&mut self, node: Node<'_>, code: Option<&str>, unit: UnitId, names: &[&str]) {
        let (Some(code), Some(script)) = (code, node.text()) else { return };
        let Some(path) = source::join(code, script) else { return };
        for name in names {
            let to = UsesTarget::Function { path: path.clone(), name: (*name).to_owned(), sure: true };
            self.uses(unit, node.line(), &format!("{name}() of {script}"), to, EdgeKind::Calls);
        }
    }

    /// A definition that is named: a file, or something that the service keeps.
    fn named(&mut self, node: Node<'_>, unit: UnitId, edge: EdgeKind) {
        let Some(text) = node.text() else { return };
        match local(text).and_then(|path| source::join(self.home, path)) {
            Some(path) => self.uses(unit, node.line(), text, UsesTarget::File(path), edge),
            None => self.uses(unit, node.line(), text, UsesTarget::Remote(text.to_owned()), edge),
        }
    }

    fn steps(&mut self, jobs: Node<'_>, pipeline: UnitId, depth: u32) {
        let Some(depth) = depth.checked_sub(1) else { return };
        let mut known: Vec<(&str, UnitId, Node<'_>)> = Vec::new();
        for (key, step) in jobs.entries().filter(|(_, step)| step.kind() == Kind::Map) {
            let Some(left) = self.steps.checked_sub(1) else { return };
            self.steps = left;
            let nested = step.get("jobs").is_some_and(|jobs| jobs.kind() == Kind::Map);
            let kind = if nested { UnitKind::Group } else { UnitKind::Job };
            let unit = self.unit(kind, key.text, (key.line, step.end_line()), Some(pipeline));
            known.push((key.text, unit, step));
            self.work(step, unit, depth);
        }
        for (_, unit, step) in &known {
            let chosen = step.at("type") == Some("if_else");
            let mut from = Vec::new();
            let asked = if chosen { step.get("condition") } else { Some(*step) };
            references(asked, DEPTH, &mut from);
            for (name, line) in from {
                if let Some((_, first, _)) = known.iter().find(|(key, ..)| *key == name).filter(|(_, first, _)| first != unit) {
                    self.facts.state(*unit, line, FactKind::Needs(Needs { on: *first, stops: true }));
                }
            }
            // the steps of which a condition chooses one come after it
            for block in ["true_block", "false_block"].iter().filter(|_| chosen).filter_map(|key| step.get(key)) {
                let mut named = Vec::new();
                references(Some(block), DEPTH, &mut named);
                for (name, line) in named {
                    let Some((_, then, _)) = known.iter().find(|(key, ..)| *key == name) else { continue };
                    let condition = step.at("condition").unwrap_or("a condition").to_owned();
                    self.facts.state(*then, line, FactKind::Needs(Needs { on: *unit, stops: true }));
                    self.facts.state(*then, line, FactKind::Guard(Guard::If(condition)));
                }
            }
        }
    }

    fn schedule(&mut self, root: Node<'_>) {
        self.whole(UnitKind::Manifest);
        let name = format!("schedule/{}", root.at("name").unwrap_or(self.name));
        let unit = self.unit(UnitKind::Manifest, &name, (1, self.lines), None);
        if let Some(when) = root.get("trigger").filter(|t| t.kind() == Kind::Map) {
            let line = when.key_line("expression").or_else(|| when.key_line("frequency")).unwrap_or_else(|| when.line());
            let text = match (when.at("expression"), when.at("frequency")) {
                (Some(cron), _) => format!("schedule \"{cron}\""),
                (None, Some(every)) => format!("schedule every {} {every}", when.at("interval").unwrap_or("1")),
                (None, None) => "schedule".to_owned(),
            };
            let why = "it works once somebody has put it into the service".to_owned();
            let held = Some(Held { strength: Strength::Assumed, why, until: Some(Until::Applied), remedy: None });
            let off = (root.get("is_enabled").and_then(Node::as_bool) == Some(false)).then(|| "is_enabled: false".to_owned());
            let trigger = Trigger { held, off, ..Trigger::plain(TriggerKind::Schedule, text) };
            self.facts.state(unit, line, FactKind::Trigger(trigger));
        }
        let Some(job) = root.get("create_job") else { return };
        match job.kind() {
            Kind::Scalar => self.named(job, unit, EdgeKind::Invokes),
            Kind::Map => {
                let key = root.key_line("create_job").unwrap_or_else(|| job.line());
                let kind = if job.get("jobs").is_some() { UnitKind::Workflow } else { UnitKind::Job };
                let inner = self.unit(kind, "create_job", (key, job.end_line()), Some(unit));
                self.work(job, inner, DEPTH);
            }
            _ => {}
        }
    }

    fn deployment(&mut self, root: Node<'_>) {
        let unit = self.whole(UnitKind::Manifest);
        if let Some(code) = root.get("code_configuration") {
            let folder = self.code(code.get("code"));
            if let Some(script) = code.get("scoring_script") {
                self.functions(script, folder.as_deref(), unit, &["init", "run"]);
            }
        }
        if let Some(component) = root.get("component").filter(|c| c.kind() == Kind::Scalar) {
            self.named(component, unit, EdgeKind::Invokes);
        }
    }
}

/// The path of a reference to something beside the file; none where the service keeps it or it lies elsewhere.
fn local(text: &str) -> Option<&str> {
    let path = text.strip_prefix("file:").unwrap_or(text);
    let elsewhere = path.contains("://") || path.starts_with("azureml:") || path.starts_with("git+") || path.contains("${{");
    (!elsewhere && !path.is_empty()).then_some(path)
}

/// The steps from which a step takes something: `${{parent.jobs.NAME.outputs.x}}`.
fn references<'t>(node: Option<Node<'t>>, depth: u32, found: &mut Vec<(&'t str, u32)>) {
    let (Some(node), Some(depth)) = (node, depth.checked_sub(1)) else { return };
    if let Some(text) = node.text() {
        for part in text.split("parent.jobs.").skip(1) {
            let end = part.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).unwrap_or(part.len());
            found.extend(part.get(..end).map(|name| (name, node.line())));
        }
    }
    node.items().for_each(|item| references(Some(item), depth, found));
    // what a step holds in itself belongs to its own steps
    node.entries().filter(|(key, _)| key.text != "jobs").for_each(|(_, value)| references(Some(value), depth, found));
}
