//! GitHub Actions: workflows of the repository root, and actions.
//!
//! A workflow is a unit that holds jobs, a job holds steps, a step holds commands or hands over to an action.
//! Workflows of sub-folders never run and are not read.
//!
//! Invariants: a wrong type under any key is a notice and costs that key alone; the number of jobs and steps and the
//! amount of shell text read of one file are bounded, however often anchors repeat it.

mod called;
mod dialect;
mod expression;
mod guards;
mod jobs;
mod known;
mod matrix;
mod outcome;
mod steps;
#[cfg(test)]
mod tests;
mod triggers;
mod ways;

use std::sync::Arc;

use crate::fact::{Command, FactKind, FileFacts, Inputs, OnFailure, Unit, UnitId, UnitKind, Uses, UsesTarget};
use crate::facts::{Context, Reader, When, unparsable};
use crate::source::{self, SourceFile, file_name, folder};
use crate::syntax::shell::{self, Word};
use crate::syntax::tree::{Kind, Node};
use crate::syntax::yaml;
use crate::words::EdgeKind;

use super::called::Callee;
use known::Known;
use triggers::Started;

/// Workflows.
pub(crate) const WORKFLOW: Reader = Reader {
    name: "GitHub Actions workflow",
    wants: is_workflow,
    when: When::Always,
    read: |file, context| workflow(file, context, &[]),
};

/// Actions: composite ones have steps of their own.
pub(crate) const ACTION: Reader =
    Reader { name: "GitHub action", wants: is_action, when: When::Always, read: |file, context| action(file, context, &[]) };

/// The same readers for files that others call with inputs.
pub(crate) const CALLED: &[(&str, super::ReadFor)] = &[(WORKFLOW.name, workflow), (ACTION.name, action)];

fn is_workflow(path: &str) -> bool {
    file_name(folder(path)) == "workflows" && source::WORKFLOW_HOMES.contains(&folder(folder(path))) && is_yaml(path)
}

fn is_action(path: &str) -> bool {
    is_yaml(path) && file_name(path).starts_with("action.") && file_name(path).len() <= "action.yaml".len()
}

fn is_yaml(path: &str) -> bool {
    path.ends_with(".yml") || path.ends_with(".yaml")
}

/// A file being read, with what the guards of its jobs must know of its triggers.
type Reading<'c> = super::reading::Reading<'c, Started>;

fn workflow(file: &SourceFile, context: &Context<'_>, calls: &[Inputs]) -> FileFacts {
    let file = &*dialect::plain(file);
    let parsed = yaml::parse(&file.text);
    let mut reading = Reading::new(file, context);
    reading.facts.notices = parsed.errors.iter().map(|e| unparsable(file, e)).collect();
    match parsed.tree.root() {
        Some(root) if root.kind() == Kind::Map => {
            top(UnitKind::Workflow, file.name(), root, &mut reading);
            triggers::read(root, &mut reading);
            reading.ways = ways::of(root, reading.own.merges, context);
            settings(root, 0, &mut reading);
            let clocks = root.get("on").map_or_else(Vec::new, |on| on.find("schedule[].cron"));
            let clocks = clocks.into_iter().filter_map(|cron| cron.text()).map(|cron| cron.trim().to_owned()).collect();
            let known = Known { clocks: std::rc::Rc::new(clocks), ..Known::default() }.with(root);
            match reading.map(root, "jobs") {
                Some(jobs) => {
                    let started = reading.facts.facts.iter().any(|f| matches!(&f.kind, FactKind::Trigger(t) if t.off.is_none()));
                    let callee = Callee { inputs: called::of_workflow(root, jobs), calls, started };
                    super::called::read(callee, root.line(), &mut reading, &|unit, inputs, reading| {
                        let mut known = known.called_with(inputs);
                        if inputs.is_empty() {
                            known.by_hand = called::by_hand(root);
                        }
                        jobs::read(jobs, unit, &known, reading);
                    });
                }
                None if root.get("jobs").is_none() => reading.wrong(1, "a workflow without `jobs` does nothing"),
                None => {}
            }
        }
        Some(root) => reading.wrong(root.line(), "a workflow has keys at the top, and this has none"),
        None => {}
    }
    reading.facts.tree = Some(Arc::new(parsed.tree));
    reading.facts
}

/// The unit of the whole file.
fn top(kind: UnitKind, name: &str, root: Node<'_>, reading: &mut Reading<'_>) {
    let lines = reading.last_line();
    let title = root.get("name").and_then(Node::text).map(str::to_owned);
    reading.unit(Unit { kind, name: name.to_owned(), title, line: 1, end_line: lines, parent: None });
}

/// Variables of a workflow, job or step, as they are written.
fn settings(node: Node<'_>, unit: UnitId, reading: &mut Reading<'_>) {
    let Some(env) = reading.map(node, "env") else { return };
    for (key, value) in env.entries() {
        match value.text() {
            Some(text) => reading.fact(unit, key.line, FactKind::Setting { key: key.text.to_owned(), value: text.to_owned() }),
            None if value.kind() == Kind::Null => {}
            None => reading.wrong(key.line, &format!("variable `{}` is no text", key.text)),
        }
    }
}

/// Defaults of inputs.
fn inputs(inputs: Option<Node<'_>>, unit: UnitId, reading: &mut Reading<'_>) {
    for (key, input) in inputs.into_iter().flat_map(|i| i.entries().collect::<Vec<_>>()) {
        if let Some(text) = input.get("default").and_then(Node::text) {
            let line = input.key_line("default").unwrap_or(key.line);
            reading.fact(unit, line, FactKind::Setting { key: format!("inputs.{}", key.text), value: text.to_owned() });
        }
    }
}

fn action(file: &SourceFile, context: &Context<'_>, calls: &[Inputs]) -> FileFacts {
    let parsed = yaml::parse(&file.text);
    let mut reading = Reading::new(file, context);
    // other tools have files of that name
    if let Some(root) = parsed.tree.root()
        && let Some(runs) = root.get("runs").filter(|r| r.kind() == Kind::Map)
    {
        reading.facts.notices = parsed.errors.iter().map(|e| unparsable(file, e)).collect();
        let own = folder(&file.path).to_owned();
        top(UnitKind::Action, &own, root, &mut reading);
        inputs(root.get("inputs"), 0, &mut reading);
        let using = runs.get("using").and_then(Node::text).unwrap_or("").to_ascii_lowercase();
        match using.as_str() {
            "composite" => {
                let known = Known { action: Some(own), ..Known::default() };
                let callee = Callee { inputs: called::of_action(root, runs), calls, started: false };
                super::called::read(callee, root.line(), &mut reading, &|unit, inputs, reading| {
                    steps::read(runs, unit, &mut known.called_with(inputs), reading);
                });
            }
            "docker" => {
                let callee = Callee { inputs: called::of_action(root, runs), calls, started: false };
                super::called::read(callee, root.line(), &mut reading, &|unit, inputs, reading| {
                    image(runs, &own, unit, &Known::default().called_with(inputs), reading);
                });
            }
            _ => {
                // programs of a language that is not read
                for key in ["pre", "main", "post"] {
                    if let Some(script) = runs.get(key).and_then(Node::text) {
                        let line = runs.key_line(key).unwrap_or_else(|| runs.line());
                        reading.fact(0, line, FactKind::Setting { key: format!("runs.{key}"), value: script.to_owned() });
                    }
                }
                if !using.starts_with("node") {
                    reading.wrong(runs.line(), "`runs.using` says no known kind of action");
                }
            }
        }
    }
    reading.facts.tree = Some(Arc::new(parsed.tree));
    reading.facts
}

/// An action made of an image runs that image, in the root of the workspace; what it is told takes the place of what the
/// image would run by itself.
fn image(runs: Node<'_>, own: &str, unit: UnitId, known: &Known, reading: &mut Reading<'_>) {
    let Some(image) = runs.get("image").and_then(Node::text) else {
        return reading.wrong(runs.line(), "an action made of an image names none");
    };
    let line = runs.key_line("image").unwrap_or_else(|| runs.line());
    settings(runs, unit, reading);
    let mut with: Vec<(String, String)> = Vec::new();
    let mut told: Vec<Word> = Vec::new();
    for key in ["entrypoint", "args"] {
        let words = runs.get(key).map(Node::strings).unwrap_or_default();
        let words: Vec<String> = words.iter().map(|(text, _)| expression::substitute(text, &|name| known.filled(name))).collect();
        if !words.is_empty() {
            with.push((key.to_owned(), words.join(" ")));
        }
        told.extend(words.into_iter().map(|text| Word { literal: !text.contains('$'), text }));
    }
    let to = match image.strip_prefix("docker://") {
        Some(_) => UsesTarget::Remote(image.to_owned()),
        None => match source::join(own, image) {
            Some(path) => UsesTarget::File(path),
            None => return reading.wrong(line, "the image lies outside of the repository"),
        },
    };
    let uses = Uses { reference: image.to_owned(), with, to, edge: EdgeKind::Invokes, on_failure: OnFailure::Stops };
    reading.fact(unit, line, FactKind::Uses(uses));
    let shell::Stripped { words, wrappers: through, .. } = shell::strip(&told, reading.context.wrappers);
    if words.first().is_some_and(|w| w.literal && !w.text.starts_with('-')) {
        let command = Command { through, ..Command::new(words, Some(".".to_owned())) };
        let line = runs.key_line("entrypoint").or_else(|| runs.key_line("args")).unwrap_or(line);
        reading.fact(unit, line, FactKind::Command(command));
    }
}
