//! Buildkite: the pipeline that agents take from the repository, and others beside it.
//!
//! Steps run side by side; what stands behind a `wait` or a `block` waits for all before it, unless it names itself what
//! it waits for. The service runs one file by its name; which pipeline takes another one is set up there, or it is taken
//! by a step that uploads it.
//!
//! Invariants: steps that a program makes are an open end; what a person unblocks is told as such.

mod steps;
#[cfg(test)]
mod tests;

use super::condition::{self, Language, Value};
use super::held::{Held, Truth};
use super::plan::{Plan, Source};
use crate::fact::{FileFacts, Unit, UnitKind};
use crate::facts::{Context, Reader, When};
use crate::source::{SourceFile, file_name};
use crate::syntax::top;
use crate::syntax::tree::{Kind, Node};
use crate::words::TriggerKind;

/// Pipelines of the repository.
pub(crate) const PIPELINE: Reader = Reader { name: "Buildkite pipeline", wants: is_one, when: When::Recognised(has_steps), read };

/// A pipeline while it is read.
type Reading<'c> = super::reading::Reading<'c>;

fn is_one(path: &str) -> bool {
    let ends = path.ends_with(".yml") || path.ends_with(".yaml");
    ends && (path.starts_with(".buildkite/") || is_default(path))
}

/// Whether agents take a file by its name.
fn is_default(path: &str) -> bool {
    let folder = path.trim_end_matches(file_name(path));
    matches!(folder, "" | ".buildkite/" | "buildkite/")
        && match file_name(path) {
            "buildkite.yml" | "buildkite.yaml" => folder.is_empty(),
            "pipeline.yml" | "pipeline.yaml" => !folder.is_empty(),
            _ => false,
        }
}

/// Whether a text has steps at its top: other files lie beside pipelines.
fn has_steps(path: &str, text: &str) -> bool {
    let listed = |line: &str| {
        ["label", "command", "commands", "group", "wait", "block", "name", "key"]
            .iter()
            .any(|key| line.strip_prefix("- ").is_some_and(|l| l.trim_start().trim_start_matches('"').starts_with(key)))
    };
    is_default(path) || top::has(text, &["steps"]) || text.lines().any(listed)
}

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    Reading::of_yaml(file, context, |tree, reading| {
        let Some(root) = tree.root() else { return };
        let steps = if root.kind() == Kind::Map { root.get("steps") } else { Some(root) };
        match steps.filter(|steps| steps.kind() == Kind::Seq) {
            Some(steps) => pipeline(root, steps, reading),
            None => reading.wrong(1, "a pipeline without a list of steps"),
        }
    })
}

fn pipeline(root: Node<'_>, steps: Node<'_>, reading: &mut Reading<'_>) {
    let (name, end_line) = (reading.file.path.to_string(), reading.last_line());
    let workflow = reading.unit(Unit { kind: UnitKind::Workflow, name, title: None, line: 1, end_line, parent: None });
    let sources = sources(&reading.file.path);
    let jobs = steps::of_pipeline(root, steps, workflow, &sources, reading);
    let line = root.key_line("steps").unwrap_or(1);
    Plan { workflow, line, sources, jobs, strict: false }.state(reading);
}

fn sources(path: &str) -> Vec<Source> {
    let elsewhere = (!is_default(path)).then_some("which pipeline takes this file is set up in the service");
    let implied = |kind, text| Source { elsewhere, ..Source::implied(kind, text) };
    vec![
        implied(TriggerKind::Push, "push"),
        implied(TriggerKind::Pr, "pull request"),
        Source::asked(TriggerKind::Tag, "tag"),
        Source::schedule_elsewhere(),
        Source::asked(TriggerKind::Manual, "a person runs the pipeline"),
        Source::asked(TriggerKind::Api, "a call of the service"),
        Source::asked(TriggerKind::Upstream, "another pipeline"),
    ]
}

/// Whether a condition holds for one way of starting the pipeline.
fn judged(text: &str, kind: TriggerKind) -> Held {
    condition::judge(text, Language::Names, &|name| value(name, kind))
}

fn value(name: &str, kind: TriggerKind) -> Value {
    let unset = |is: TriggerKind, value: Value| if kind == is { value } else { Value::Null };
    match name {
        "build.source" => Value::Source(
            match kind {
                TriggerKind::Schedule => "schedule",
                TriggerKind::Manual => "ui",
                TriggerKind::Api => "api",
                TriggerKind::Upstream => "trigger_job",
                _ => "webhook",
            }
            .to_owned(),
        ),
        "build.tag" => unset(TriggerKind::Tag, Value::Tag),
        "build.branch" => {
            if kind == TriggerKind::Tag {
                Value::Some
            } else {
                Value::Branch
            }
        }
        "pipeline.default_branch" => Value::Usual,
        "build.pull_request.id" | "build.pull_request.base_branch" | "build.pull_request.repository" => {
            unset(TriggerKind::Pr, Value::Only)
        }
        "build.pull_request.draft" | "build.pull_request.labels" | "build.pull_request.repository.fork" => {
            unset(TriggerKind::Pr, Value::Some)
        }
        _ => match name.strip_prefix("build.env(").or_else(|| name.strip_prefix("env(")).map(|n| n.trim_end_matches(')')) {
            Some(variable) => match variable.trim_matches(['"', '\'']) {
                "BUILDKITE_BRANCH" => value("build.branch", kind),
                "BUILDKITE_TAG" => value("build.tag", kind),
                "BUILDKITE_SOURCE" => value("build.source", kind),
                variable if variable.starts_with("BUILDKITE_") => Value::Some,
                _ => Value::Outside,
            },
            None => Value::Some,
        },
    }
}

/// How far the branches that a step names let it run.
fn of_branches(patterns: &str, kind: TriggerKind) -> Held {
    let all: Vec<&str> = patterns.split_whitespace().collect();
    let plain = all.iter().all(|p| !p.contains(['*', '!']));
    let sure = all.is_empty() || all.contains(&"*");
    let branches = (plain && kind == TriggerKind::Push && !sure).then(|| all.iter().map(|b| (*b).to_owned()).collect());
    Held { branches, ..Held::just(if sure { Truth::Yes } else { Truth::Maybe }) }
}
