//! Semaphore: the pipeline that every push starts, and those that it promotes to.
//!
//! Blocks run side by side unless they say what they depend on; the jobs of a block run side by side too. A promotion
//! hands over to another file, by itself where a condition says when, else once a person asks for it. A file that no
//! other promotes to may be named by a schedule of the service, so what starts it is only meant.
//!
//! Invariants: what a run decides (changed files, who started what promotes) may hold; a job has the repository only from
//! its `checkout` on; a promotion is held back by a failed block only where its condition asks how the pipeline ended.

mod blocks;
mod promotions;
#[cfg(test)]
mod tests;

use super::condition::{self, Language, Value};
use super::held::Held;
use super::plan::{Plan, Source};
use crate::fact::{Asked, FileFacts, Unit, UnitKind};
use crate::facts::{Context, Reader, When};
use crate::source::SourceFile;
use crate::syntax::top;
use crate::syntax::tree::{Kind, Node};
use crate::words::TriggerKind;
use std::collections::BTreeSet;

/// The name under which a pipeline asks for those that it promotes to.
const NAME: &str = "Semaphore pipeline";
/// Where the service looks for the pipeline that a push starts.
const ROOT: &str = ".semaphore/semaphore.yml";

/// The pipeline, those that it promotes to, and those beside it.
pub(crate) const PIPELINE: Reader = Reader { name: NAME, wants: is_one, when: When::Recognised(has_blocks), read };

/// A pipeline while it is read.
type Reading<'c> = super::reading::Reading<'c>;

fn is_one(path: &str) -> bool {
    path.starts_with(".semaphore/") && (path.ends_with(".yml") || path.ends_with(".yaml"))
}

/// Whether a text has blocks at its top: files of commands lie beside pipelines.
fn has_blocks(path: &str, text: &str) -> bool {
    path == ROOT || top::has(text, &["blocks"])
}

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    Reading::of_yaml(file, context, |tree, reading| match tree.root() {
        Some(root) if root.kind() == Kind::Map => pipeline(root, reading),
        Some(_) => reading.wrong(1, "a pipeline has keys at the top, and this has none"),
        None => {}
    })
}

fn pipeline(root: Node<'_>, reading: &mut Reading<'_>) {
    let (name, end_line) = (reading.file.path.to_string(), reading.last_line());
    let title = root.at("name").map(str::to_owned);
    let workflow = reading.unit(Unit { kind: UnitKind::Workflow, name, title, line: 1, end_line, parent: None });
    let sources = sources(&reading.file.path, reading.context.joined.named);
    let mut jobs = blocks::read(root, workflow, &sources, reading);
    let mut others = BTreeSet::new();
    promotions::read(root, workflow, &sources, (&mut jobs, &mut others), reading);
    let line = root.key_line("blocks").unwrap_or(1);
    Plan { workflow, line, sources, jobs, strict: false }.state(reading);
    reading.facts.asked = Some(Asked { reader: NAME, parts: BTreeSet::new(), others }).filter(|a| !a.others.is_empty());
}

fn sources(path: &str, promoted: bool) -> Vec<Source> {
    if path == ROOT {
        return vec![
            Source::implied(TriggerKind::Push, "push"),
            // whether these start it too is set up in the service
            Source::asked(TriggerKind::Tag, "tag"),
            Source::asked(TriggerKind::Pr, "pull request"),
            Source::schedule_elsewhere(),
            Source::asked(TriggerKind::Manual, "a person runs the pipeline"),
            Source::asked(TriggerKind::Api, "a call of the service"),
        ];
    }
    if promoted {
        return vec![Source::call("promotion")];
    }
    let elsewhere = Some("which task runs this file is set up in the service");
    vec![Source { elsewhere, ..Source::implied(TriggerKind::Schedule, "schedule") }]
}

/// Whether a condition holds for one way of starting the pipeline, which ended with `result`.
fn judged(text: &str, kind: TriggerKind, result: &str) -> Held {
    condition::judge(text, Language::Words, &|name| {
        let set = |is: TriggerKind, value: Value| if kind == is { value } else { Value::Null };
        match name.to_ascii_lowercase().as_str() {
            // a pipeline that another promotes to goes on with whatever started that
            "branch" | "tag" | "pull_request" if kind == TriggerKind::Upstream => Value::Open,
            "branch" if matches!(kind, TriggerKind::Tag | TriggerKind::Pr) => Value::Null,
            "branch" => Value::Branch,
            "tag" => set(TriggerKind::Tag, Value::Tag),
            "pull_request" => set(TriggerKind::Pr, Value::Only),
            "result" => Value::Text(result.to_owned()),
            // which files were changed, why it ended
            _ => Value::Open,
        }
    })
}
