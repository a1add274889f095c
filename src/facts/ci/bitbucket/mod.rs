//! Bitbucket Pipelines: every pipeline of the file by itself, for branches, tags, pull requests, and those that a person
//! or a schedule of the service starts.
//!
//! The parts of a pipeline run one after the other; what stands under `parallel` runs side by side. A step behind one
//! that a person starts waits for that person too. Pipes are published steps.
//!
//! Invariants: a pipeline under `custom` starts by itself only where `triggers` of the file say so; what a run decides
//! (which files were changed) may hold.

mod steps;
#[cfg(test)]
mod tests;

use super::condition::{self, Language, Value};
use super::held::{Held, Truth};
use super::plan::{Plan, Source};
use crate::fact::{FileFacts, Unit, UnitKind};
use crate::facts::{Context, Reader, When};
use crate::source::{NoticeKind, SourceFile};
use crate::syntax::tree::{Kind, Node};
use crate::words::TriggerKind;

/// Where the service looks for it.
const ROOT: &str = "bitbucket-pipelines.yml";
/// Most pipelines of one file.
const MAX_PIPELINES: usize = 200;

/// The pipelines of the repository.
pub(crate) const PIPELINES: Reader =
    Reader { name: "Bitbucket Pipelines definition", wants: |path| path == ROOT, when: When::Always, read };

/// A definition while it is read.
type Reading<'c> = super::reading::Reading<'c>;

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    Reading::of_yaml(file, context, |tree, reading| match tree.root().map(|root| (root, root.get("pipelines"))) {
        Some((root, Some(all))) if all.kind() == Kind::Map => pipelines(root, all, reading),
        Some(_) => reading.wrong(1, "there is nothing under `pipelines`"),
        None => {}
    })
}

/// A pipeline: its name, its list of parts, and what starts it.
struct Pipeline<'t> {
    name: String,
    line: u32,
    node: Node<'t>,
    sources: Vec<Source>,
    held: Vec<Held>,
}

fn pipelines(root: Node<'_>, all: Node<'_>, reading: &mut Reading<'_>) {
    let mut found: Vec<Pipeline<'_>> = Vec::new();
    for (key, node) in all.entries() {
        let line = key.line;
        if key.text == "default" {
            let sources = vec![Source { line: Some(line), ..Source::implied(TriggerKind::Push, "push") }];
            let held = vec![Held::just(Truth::Yes)];
            found.push(Pipeline { name: "default".to_owned(), line, node, sources, held });
            continue;
        }
        if !matches!(key.text, "branches" | "tags" | "bookmarks" | "pull-requests" | "custom") {
            reading.wrong(line, &format!("`{}` is no kind of pipeline", key.text));
            continue;
        }
        if node.kind() != Kind::Map {
            reading.wrong(line, &format!("`{}` has no keys", key.text));
            continue;
        }
        for (name, node) in node.entries() {
            let line = name.line;
            let at = Some(line);
            let pattern = name.text.to_owned();
            let all = matches!(name.text, "*" | "**");
            let source = match key.text {
                "branches" | "bookmarks" => {
                    let branches = if all { Vec::new() } else { vec![pattern] };
                    Source { branches, ..Source::implied(TriggerKind::Push, "push") }
                }
                "tags" => Source::implied(TriggerKind::Tag, &format!("tag {pattern}")),
                "pull-requests" => Source::implied(TriggerKind::Pr, "pull request"),
                _ => Source::implied(TriggerKind::Manual, "a person, or a schedule that is set up in the service"),
            };
            let mut sources = vec![Source { line: at, ..source }];
            let mut held = vec![Held::just(Truth::Yes)];
            if key.text == "custom" {
                for (source, asked) in triggered(root, name.text) {
                    sources.push(source);
                    held.push(asked);
                }
            }
            found.push(Pipeline { name: format!("{} {}", key.text, name.text), line, node, sources, held });
        }
    }
    if found.len() > MAX_PIPELINES {
        reading.notice(1, NoticeKind::TooLarge, "too many pipelines; the others were not read");
        found.truncate(MAX_PIPELINES);
    }
    for pipeline in found {
        let unit = Unit {
            kind: UnitKind::Workflow,
            name: pipeline.name.clone(),
            title: None,
            line: pipeline.line,
            end_line: pipeline.node.end_line().max(pipeline.line),
            parent: None,
        };
        let workflow = reading.unit(unit);
        let list = pipeline.node.get("steps").unwrap_or(pipeline.node);
        let jobs = steps::of_pipeline(root, (list, pipeline.line), workflow, &pipeline.held, &pipeline.sources, reading);
        Plan { workflow, line: pipeline.line, sources: pipeline.sources, jobs, strict: false }.state(reading);
    }
}

/// What the triggers of the file say of a custom pipeline.
fn triggered(root: Node<'_>, name: &str) -> Vec<(Source, Held)> {
    let mut found = Vec::new();
    for (event, rules) in root.get("triggers").into_iter().flat_map(Node::entries) {
        let (kind, text) = match event.text {
            "repository-push" => (TriggerKind::Push, "push"),
            // it is merged
            "pullrequest-fulfilled" => (TriggerKind::Push, "a merged pull request"),
            _ if event.text.starts_with("pullrequest-") => (TriggerKind::Pr, "pull request"),
            _ => (TriggerKind::Upstream, event.text),
        };
        for rule in rules.items() {
            let names = rule.get("pipelines").map(Node::strings).unwrap_or_default();
            let Some((_, line)) = names.into_iter().find(|(n, _)| *n == name) else { continue };
            let held = match rule.get("condition").and_then(Node::text) {
                Some(text) => judged(text, kind),
                None => Held::just(Truth::Yes),
            };
            found.push((Source { line: Some(line), ..Source::implied(kind, text) }, held));
        }
    }
    found
}

/// Whether a condition holds for one way of starting a pipeline.
fn judged(text: &str, kind: TriggerKind) -> Held {
    condition::judge(text, Language::Names, &|name| match name {
        "BITBUCKET_BRANCH" => {
            if kind == TriggerKind::Tag {
                Value::Null
            } else {
                Value::Branch
            }
        }
        "BITBUCKET_TAG" => {
            if kind == TriggerKind::Tag {
                Value::Tag
            } else {
                Value::Null
            }
        }
        _ if name.starts_with("BITBUCKET_PR_") => {
            if kind == TriggerKind::Pr {
                Value::Only
            } else {
                Value::Null
            }
        }
        _ if name.starts_with("BITBUCKET_") => Value::Some,
        _ if name.contains('(') => Value::Some,
        _ => Value::Outside,
    })
}
