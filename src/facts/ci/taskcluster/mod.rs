//! Taskcluster: the definition of a repository, which is a template that is filled in for every event; hooks, which start
//! a task at times; lists of tasks that a program hands to the queue; and the kinds of tasks from which a graph is made.
//!
//! The definition is worked out once for each way of starting it, so that a task has just the conditions that its template
//! gives it. Hooks work once somebody has put them into the service. Lists and kinds start nothing by themselves.
//!
//! Invariants: what only a run knows is a hole, and a task behind it may run; parts, depth and tasks are bounded.

mod expression;
mod hooks;
mod kinds;
mod tasks;
mod template;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::held::{Held, Truth};
use super::plan::{Need, Plan, Planned, Source};
use crate::fact::{FileFacts, Unit, UnitId, UnitKind};
use crate::facts::{Context, Reader, When};
use crate::source::{NoticeKind, SourceFile};
use crate::syntax::tree::{Kind, Node};
use crate::words::TriggerKind;
use template::{Made, What};

pub(crate) use hooks::HOOK;
pub(crate) use kinds::KIND;
pub(crate) use kinds::TIMES;

/// Where the service looks for the definition.
const ROOT: &str = ".taskcluster.yml";
/// Most tasks of one file.
const MAX_TASKS: usize = 500;

/// The definition of the repository.
pub(crate) const DEFINITION: Reader =
    Reader { name: "Taskcluster definition", wants: |path| path == ROOT, when: When::Always, read };

/// Lists of tasks that a program hands over.
pub(crate) const TASKS: Reader = Reader {
    name: "Taskcluster tasks",
    wants: |path| (path.ends_with(".yml") || path.ends_with(".yaml")) && path != ROOT,
    when: When::Recognised(|_, text| is_list(text)),
    read: read_list,
};

/// A file while it is read.
type Reading<'c> = super::reading::Reading<'c>;

/// Whether a file is one of these, which no other reader takes for something that is applied.
pub(in crate::facts) fn is_ours(path: &str, text: &str) -> bool {
    path == ROOT || is_list(text) || ((KIND.wants)(path) && kinds::is_kind(text))
}

/// Whether a text is a list of tasks.
fn is_list(text: &str) -> bool {
    let top = text.lines().any(|line| line.trim_end() == "tasks:");
    let pool = text.contains("workerType:") || text.contains("taskQueueId:");
    top && pool && text.contains("payload:") && text.contains("deadline:")
}

/// A way in which the service starts the tasks of a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Push,
    Tag,
    Request,
    Release,
    Cron,
    Action,
}

impl Way {
    const ALL: [Self; 6] = [Self::Push, Self::Tag, Self::Request, Self::Release, Self::Cron, Self::Action];

    fn source(self) -> Source {
        match self {
            Self::Push => Source::implied(TriggerKind::Push, "push"),
            Self::Tag => Source::asked(TriggerKind::Tag, "tag"),
            Self::Request => Source::implied(TriggerKind::Pr, "pull request"),
            Self::Release => Source::asked(TriggerKind::Tag, "release"),
            // the times stand in a file of their own
            Self::Cron => Source { called: true, ..Source::asked(TriggerKind::Schedule, "cron") },
            Self::Action => Source::asked(TriggerKind::Manual, "an action of a person"),
        }
    }

    /// The name under which templates know it.
    const fn name(self) -> &'static str {
        match self {
            Self::Push | Self::Tag => "github-push",
            Self::Request => "github-pull-request",
            Self::Release => "github-release",
            Self::Cron => "cron",
            Self::Action => "action",
        }
    }

    /// What the service tells a template.
    fn told(self, path: &str) -> What {
        let own = |path: &str| ["html_url", "clone_url", "git_url", "ssh_url", "url"].contains(&path);
        match path {
            "tasks_for" => What::Text(self.name().to_owned()),
            "event.ref" if self == Self::Push => What::Front("refs/heads/".to_owned()),
            "event.ref" if self == Self::Tag => What::Front("refs/tags/".to_owned()),
            "event.action" if self == Self::Request => What::OneOf(&["opened", "reopened", "synchronize"]),
            "event.action" if self == Self::Release => What::OneOf(&["published", "released", "created"]),
            "event.action" | "event.ref" => What::Null,
            "event" | "event.repository" => What::Given(path.to_owned()),
            "repository" | "push" | "cron" | "action" => match self {
                Self::Cron | Self::Action => What::Given(path.to_owned()),
                _ => What::Null,
            },
            "repository.url" | "repository.base_url" => What::Own,
            path if path.strip_prefix("event.repository.").is_some_and(own) => What::Own,
            path if path.starts_with("event.pull_request") && self != Self::Request => What::Null,
            path if path.starts_with("event.release") && self != Self::Release => What::Null,
            path => {
                let of_request = ["event.pull_request.head.repo.", "event.pull_request.base.repo."];
                if of_request.iter().any(|front| path.strip_prefix(front).is_some_and(own)) {
                    return What::Own;
                }
                if path.contains('.') { What::Given(path.to_owned()) } else { What::Open }
            }
        }
    }
}

/// A task, and how far it runs for each way of starting it.
struct Found {
    id: Option<String>,
    name: String,
    task: Made,
    held: Vec<Held>,
}

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    Reading::of_yaml(file, context, |tree, reading| {
        let Some(root) = tree.root().filter(|root| root.kind() == Kind::Map) else { return };
        let Some(tasks) = root.get("tasks") else { return reading.wrong(1, "there is nothing under `tasks`") };
        let workflow = whole(reading);
        let ways = Way::ALL;
        let found = match root.at("version") {
            Some("0") => of_events(tasks, &ways),
            _ => of_ways(tasks, &ways),
        };
        let line = root.key_line("tasks").unwrap_or(1);
        let sources = ways.map(Way::source).to_vec();
        state(found, sources, (workflow, line), reading);
    })
}

/// The unit of the whole file.
fn whole(reading: &mut Reading<'_>) -> UnitId {
    let (name, end_line) = (reading.file.path.to_string(), reading.last_line());
    reading.unit(Unit { kind: UnitKind::Workflow, name, title: None, line: 1, end_line, parent: None })
}

/// A list of tasks: nothing starts it but what hands it over.
fn read_list(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    Reading::of_yaml(file, context, |tree, reading| {
        let Some(tasks) = tree.root().and_then(|root| root.get("tasks")) else { return };
        let line = tree.root().and_then(|root| root.key_line("tasks")).unwrap_or(1);
        let parts = template::made(tasks, &|_| What::Open);
        let found: Vec<Found> = listed(parts, 1, 0);
        if found.is_empty() {
            return;
        }
        let workflow = whole(reading);
        state(found, vec![Source::call("tasks")], (workflow, line), reading);
    })
}

/// The tasks among what a template comes to, in the way of that number.
fn listed(parts: Vec<Made>, ways: usize, way: usize) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let mut open: Vec<Made> = parts.into_iter().rev().collect();
    while let Some(mut part) = open.pop() {
        let held = std::mem::replace(&mut part.held, Held::just(Truth::Yes));
        if let What::List(items) = part.what {
            open.extend(items.into_iter().rev().map(|one| Made { held: held.clone().and(one.held), ..one }));
        } else if tasks::is_task(&part) && found.len() < MAX_TASKS {
            let (id, name) = tasks::names(&part, found.len());
            let mut all = vec![Held::just(Truth::No); ways];
            if let Some(own) = all.get_mut(way) {
                *own = held;
            }
            found.push(Found { id, name, task: part, held: all });
        }
    }
    found
}

/// The tasks of a template, worked out for every way of starting it.
fn of_ways(node: Node<'_>, ways: &[Way]) -> Vec<Found> {
    let asked = named(node);
    let mut found: Vec<Found> = Vec::new();
    for (number, way) in ways.iter().enumerate() {
        for one in listed(template::made(node, &|path| way.told(path)), ways.len(), number) {
            let known = found.iter().position(|known| known.name == one.name && known.task == one.task);
            match known {
                Some(at) => {
                    let own = found.get_mut(at).and_then(|known| known.held.get_mut(number));
                    if let (Some(own), Some(held)) = (own, one.held.get(number)) {
                        own.clone_from(held);
                    }
                }
                None if found.len() < MAX_TASKS => found.push(one),
                None => {}
            }
        }
    }
    let at = |way: Way| ways.iter().position(|w| *w == way);
    for one in &mut found {
        for (number, way) in ways.iter().enumerate() {
            let is_named = match way {
                Way::Push | Way::Request => false,
                // a tag is a push as well, unless it is asked for
                Way::Tag => at(Way::Push).and_then(|push| one.held.get(push)).is_some_and(|held| held.truth == Truth::No),
                other => asked.contains(other.name()),
            };
            if let Some(held) = one.held.get_mut(number) {
                held.named = is_named && held.truth != Truth::No;
            }
        }
    }
    found
}

/// The ways of starting that a template tells apart by their names.
fn named(node: Node<'_>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for part in node.find("**") {
        let keys = part.entries().map(|(key, _)| key.text);
        for text in part.text().into_iter().chain(keys).filter(|text| text.contains("tasks_for")) {
            found.extend(expression::events_named(text));
        }
    }
    found
}

/// The tasks of a definition in the first form, each of which lists its events.
fn of_events(node: Node<'_>, ways: &[Way]) -> Vec<Found> {
    let mut found = listed(template::made(node, &|_| What::Open), ways.len(), 0);
    for one in &mut found {
        let all = one.task.at("extra.github.events").map(Made::items).unwrap_or_default();
        let events: Vec<&str> = all.iter().filter_map(Made::text).collect();
        let branches = one.task.at("extra.github.branches").map(Made::items).unwrap_or_default();
        let branches: BTreeSet<String> = branches.iter().filter_map(Made::text).map(str::to_owned).collect();
        one.held = ways
            .iter()
            .map(|way| {
                let is = match way {
                    Way::Push => events.contains(&"push"),
                    Way::Tag => events.contains(&"tag"),
                    Way::Request => events.iter().any(|event| event.starts_with("pull_request")),
                    Way::Release => events.contains(&"release"),
                    Way::Cron | Way::Action => false,
                };
                match is {
                    false => Held::just(Truth::No),
                    true if *way == Way::Push && !branches.is_empty() => {
                        Held { branches: Some(branches.clone()), ..Held::just(Truth::Maybe) }
                    }
                    true => Held { named: true, ..Held::just(Truth::Yes) },
                }
            })
            .collect();
    }
    found
}

/// States the tasks as jobs of a unit, when each runs, and which it waits for.
fn state(found: Vec<Found>, sources: Vec<Source>, (workflow, line): (UnitId, u32), reading: &mut Reading<'_>) {
    if found.len() >= MAX_TASKS {
        reading.notice(line, NoticeKind::TooLarge, "too many tasks in one file; the others were not read");
    }
    let mut jobs: Vec<Planned> = Vec::new();
    let mut known: Vec<(Option<String>, usize)> = Vec::new();
    for one in &found {
        let Some(id) = tasks::job(&one.task, &one.name, workflow, reading) else { break };
        known.push((one.id.clone(), jobs.len()));
        let line = one.task.line.max(1);
        jobs.push(Planned { id, name: one.name.clone(), line, held: one.held.clone(), needs: Vec::new(), by_hand: None });
    }
    for (number, one) in found.iter().enumerate().take(jobs.len()) {
        let (waits, stops) = tasks::waits(&one.task);
        for (name, line) in waits {
            let on = known.iter().filter(|(id, on)| *on != number && id.as_deref() == Some(name.as_str())).map(|(_, on)| *on);
            // of forms of one task, those that run when this does
            let both = |on: &usize| {
                let pairs = jobs.get(*on).map(|j| &j.held).into_iter().flatten().zip(&one.held);
                pairs.into_iter().any(|(a, b)| a.truth != Truth::No && b.truth != Truth::No)
            };
            let needs: Vec<Need> = on.filter(both).map(|on| Need { on, line: line.max(1), stops }).collect();
            if let Some(job) = jobs.get_mut(number) {
                job.needs.extend(needs);
            }
        }
    }
    Plan { workflow, line, sources, jobs, strict: true }.state(reading);
}
