//! CircleCI: the workflows of the configuration, each a pipeline of its own, with the jobs, commands and executors that
//! they name.
//!
//! A job is lowered for every entry of a workflow, with the parameters that the entry gives; so are commands. A schedule
//! may stand in the file (`triggers`), or be set up in the service, and then it is only meant. Orbs lie elsewhere, unless
//! the file holds them itself. A configuration that goes on with another file of the repository names it.
//!
//! Invariants: names that only a run can say stay open; calls of commands are bounded in depth and number; what the
//! service would refuse is a notice.

mod jobs;
mod known;
mod steps;
#[cfg(test)]
mod tests;

use super::commands::listed;
use super::held::{Held, Truth};
use super::plan::{Plan, Source};
use crate::fact::{Asked, FactKind, FileFacts, Trigger, Unit, UnitId, UnitKind};
use crate::facts::{Context, Reader, When};
use crate::source::{NoticeKind, RepoPath, SourceFile};
use crate::syntax::tree::{Kind, Node};
use crate::words::TriggerKind;
use std::collections::BTreeSet;

use known::{Asking, Known};

/// The name under which it is asked for other files.
const NAME: &str = "CircleCI configuration";
/// Where the service looks for the configuration.
const ROOT: &str = ".circleci/config.yml";
/// Most workflows of one file.
const MAX_WORKFLOWS: usize = 200;

/// The configuration, and those that it goes on with.
pub(crate) const CONFIGURATION: Reader = Reader { name: NAME, wants: |path| path == ROOT, when: When::Always, read };

/// A configuration while it is read.
type Reading<'c> = super::reading::Reading<'c, Own>;

/// What is found on the way.
#[derive(Debug, Default)]
struct Own {
    /// Files of this repository that it goes on with.
    others: BTreeSet<RepoPath>,
    /// Calls of commands that may still be followed.
    calls_left: usize,
    /// Jobs that were lowered.
    jobs: usize,
}

/// Most calls of commands in one file.
const MAX_CALLS: usize = 4_000;

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    Reading::of_yaml(file, context, |tree, reading| {
        reading.own.calls_left = MAX_CALLS;
        match tree.root() {
            Some(root) if root.kind() == Kind::Map => configuration(root, reading),
            Some(_) => reading.wrong(1, "a configuration has keys at the top, and this has none"),
            None => {}
        }
        let others = std::mem::take(&mut reading.own.others);
        let asked = Asked { reader: NAME, parts: BTreeSet::new(), others };
        reading.facts.asked = Some(asked).filter(|asked| !asked.others.is_empty());
    })
}

fn configuration(root: Node<'_>, reading: &mut Reading<'_>) {
    let known = Known::of(root);
    // one that another goes on with waits for that
    let called = &*reading.file.path != ROOT;
    let end_line = reading.last_line();
    let whole =
        |name: &str| Unit { kind: UnitKind::Workflow, name: name.to_owned(), title: None, line: 1, end_line, parent: None };
    let top = called.then(|| {
        let id = reading.unit(whole(&reading.file.path));
        reading.fact(id, 1, FactKind::Trigger(Trigger::call("continuation")));
        id
    });
    let workflows = reading.map(root, "workflows");
    let mut found = 0;
    for (key, node) in workflows.into_iter().flat_map(Node::entries).filter(|(key, _)| key.text != "version") {
        if found >= MAX_WORKFLOWS {
            reading.notice(key.line, NoticeKind::TooLarge, "too many workflows; the others were not read");
            break;
        }
        if node.kind() != Kind::Map {
            reading.wrong(key.line, &format!("workflow `{}` has no keys", key.text));
            continue;
        }
        found += 1;
        let kind = if called { UnitKind::Group } else { UnitKind::Workflow };
        let line = key.line;
        let end_line = node.end_line().max(line);
        let unit = Unit { kind, name: key.text.to_owned(), title: None, line, end_line, parent: top };
        let id = reading.unit(unit);
        workflow(node, id, line, &known, called, reading);
    }
    // without workflows a job of this name is all there is
    let build = root.get("jobs").and_then(|jobs| jobs.get("build"));
    if let Some(build) = build.filter(|_| found == 0 && workflows.is_none()) {
        let line = root.get("jobs").and_then(|jobs| jobs.key_line("build")).unwrap_or(1);
        let id = top.unwrap_or_else(|| reading.unit(whole(&reading.file.path)));
        let planned = jobs::alone(build, id, line, &known, reading);
        Plan { workflow: id, line, sources: sources(called), jobs: vec![planned], strict: true }.state(reading);
    } else if found == 0 && !known.is_setup {
        reading.wrong(1, "neither a workflow nor a job `build`");
    }
}

/// Everything that may start a workflow that says nothing of it.
fn sources(called: bool) -> Vec<Source> {
    if called {
        return vec![Source::call("continuation")];
    }
    vec![
        Source::implied(TriggerKind::Push, "push"),
        Source::asked(TriggerKind::Tag, "tag"),
        Source::schedule_elsewhere(),
        Source::asked(TriggerKind::Api, "a call of the service, or a schedule that is set up there"),
    ]
}

/// The crons of a workflow.
fn schedules(node: Node<'_>, reading: &mut Reading<'_>) -> Vec<Source> {
    let Some(triggers) = node.get("triggers") else { return Vec::new() };
    let line = node.key_line("triggers").unwrap_or_else(|| triggers.site_line());
    let mut found = Vec::new();
    for trigger in listed(triggers, "triggers", reading) {
        let schedule = trigger.get("schedule");
        let Some(cron) = schedule.and_then(|s| s.get("cron")).and_then(Node::text) else {
            reading.wrong(line, "a trigger that is no schedule");
            continue;
        };
        let branches = schedule.and_then(|s| s.get("filters")).and_then(|f| f.get("branches"));
        let only = branches.and_then(|b| b.get("only")).map(Node::strings).unwrap_or_default();
        let plain = |text: &str| !text.starts_with('/') || text.chars().all(|c| c.is_alphanumeric() || "/_-".contains(c));
        let all_plain = only.iter().all(|(text, _)| plain(text));
        let branches: Vec<String> = only.iter().filter(|_| all_plain).map(|(t, _)| t.trim_matches('/').to_owned()).collect();
        found.push(Source {
            line: schedule.and_then(|s| s.key_line("cron")),
            branches,
            ..Source::implied(TriggerKind::Schedule, &format!("schedule \"{}\"", cron.trim()))
        });
    }
    found
}

fn workflow(node: Node<'_>, id: UnitId, line: u32, known: &Known<'_>, called: bool, reading: &mut Reading<'_>) {
    let scheduled = if called { Vec::new() } else { schedules(node, reading) };
    let sources = if scheduled.is_empty() { sources(called) } else { scheduled };
    let mut conditions: Vec<Held> = Vec::new();
    let mut at = line;
    for source in &sources {
        let mut held = Held::just(Truth::Yes);
        for (key, negated) in [("when", false), ("unless", true)] {
            let Some(condition) = node.get(key) else { continue };
            at = node.key_line(key).unwrap_or(line);
            let asked = known.condition(condition, &|name| known.value(name, source.kind, Asking::AsWritten), 0);
            let negate = |held: Held| if negated { held.not() } else { held };
            let mut asked = negate(asked);
            if asked.truth == Truth::No && source.kind != TriggerKind::Push && source.kind != TriggerKind::Tag {
                // whoever starts it so may set its parameters
                asked = negate(known.condition(condition, &|name| known.value(name, source.kind, Asking::Otherwise), 0));
            }
            held = held.and(asked);
        }
        conditions.push(held);
    }
    let jobs = jobs::of_workflow(node, id, &conditions, (&sources, at), known, reading);
    if conditions.iter().all(|held| held.truth == Truth::No) && !conditions.is_empty() {
        reading.never(id, at, "a condition that never holds");
    }
    Plan { workflow: id, line, sources, jobs, strict: true }.state(reading);
}
