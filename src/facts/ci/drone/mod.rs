//! Drone and Woodpecker, which come from one root: pipelines of steps in containers, with conditions on what started them.
//!
//! In Drone every document of the one file is a pipeline, filtered by `trigger`; in Woodpecker every file is one, filtered
//! by `when`. The steps of both run one after the other, unless one says what it depends on.
//!
//! Invariants: schedules are set up in the service, so here they are only meant; a step of settings alone is a published
//! plugin; what a word asks that is not known here may hold.

mod conditions;
mod steps;
#[cfg(test)]
mod tests;

use super::held::Held;
use super::plan::{Need, Plan, Planned, Source};
use crate::fact::{FactKind, FileFacts, Guard, Unit, UnitId, UnitKind};
use crate::facts::{Context, Reader, When};
use crate::source::{SourceFile, file_name};
use crate::syntax::tree::{Kind, Node, Tree};
use crate::words::TriggerKind;

use conditions::{Dialect, Event};

/// Most pipelines of one file.
const MAX_PIPELINES: usize = 200;

/// The file of Drone.
pub(crate) const DRONE: Reader = Reader {
    name: "Drone pipeline",
    wants: |path| matches!(path, ".drone.yml" | ".drone.yaml"),
    when: When::Always,
    read: |file, context| read(file, context, Dialect::Drone),
};

/// The files of Woodpecker.
pub(crate) const WOODPECKER: Reader = Reader {
    name: "Woodpecker workflow",
    wants: |path| {
        let ends = path.ends_with(".yml") || path.ends_with(".yaml");
        // folders in the folder are passed over
        ends && (matches!(path, ".woodpecker.yml" | ".woodpecker.yaml")
            || path.strip_prefix(".woodpecker/").is_some_and(|rest| !rest.contains('/')))
    },
    when: When::Always,
    read: |file, context| read(file, context, Dialect::Woodpecker),
};

/// A file while it is read.
type Reading<'c> = super::reading::Reading<'c>;

fn read(file: &SourceFile, context: &Context<'_>, dialect: Dialect) -> FileFacts {
    Reading::of_yaml(file, context, |tree, reading| documents(tree, dialect, reading))
}

fn documents(tree: &Tree, dialect: Dialect, reading: &mut Reading<'_>) {
    let all = if dialect == Dialect::Drone { MAX_PIPELINES } else { 1 };
    let mut names: Vec<(String, UnitId)> = Vec::new();
    let mut waiting: Vec<(UnitId, Node<'_>)> = Vec::new();
    for (number, document) in tree.docs().take(all).enumerate() {
        if document.kind() != Kind::Map {
            reading.wrong(document.site_line(), "a pipeline has keys at the top, and this has none");
            continue;
        }
        // secrets, signatures, templates
        let kind = document.get("kind").and_then(Node::text);
        if dialect == Dialect::Drone && kind.is_some_and(|k| k != "pipeline") {
            continue;
        }
        let named = document.get("name").and_then(Node::text).map(str::to_owned);
        let name = match dialect {
            Dialect::Drone => {
                named.unwrap_or_else(|| if number == 0 { "default".to_owned() } else { format!("pipeline {}", number + 1) })
            }
            Dialect::Woodpecker => reading.file.path.to_string(),
        };
        let id = pipeline(document, &name, dialect, reading);
        if let Some(depends) = document.get("depends_on") {
            waiting.push((id, depends));
        }
        names.push((name, id));
    }
    for (id, depends) in waiting {
        after(id, depends, &names, dialect, reading);
    }
}

/// What a whole pipeline waits for: others of its file, or, in Woodpecker, of the files beside it.
fn after(id: UnitId, depends: Node<'_>, names: &[(String, UnitId)], dialect: Dialect, reading: &mut Reading<'_>) {
    for (name, line) in depends.strings() {
        let on = names.iter().find(|(known, _)| known == name).map(|(_, on)| *on);
        match on {
            Some(on) if on != id => {
                reading.fact(id, line, FactKind::Needs(crate::fact::Needs { on, stops: true }));
            }
            Some(_) => {}
            None if dialect == Dialect::Woodpecker => {
                let path = reading.file.path.to_string();
                let ending = if file_name(&path).ends_with(".yaml") { "yaml" } else { "yml" };
                let other = format!(".woodpecker/{name}.{ending}");
                let fact = FactKind::After { path: other.as_str().into(), kind: UnitKind::Workflow, name: other, stops: true };
                reading.fact(id, line, fact);
            }
            None => reading.notice(
                line,
                crate::source::NoticeKind::NotFollowed,
                &format!("there is no pipeline `{name}` here to wait for"),
            ),
        }
    }
}

fn pipeline(document: Node<'_>, name: &str, dialect: Dialect, reading: &mut Reading<'_>) -> UnitId {
    let line = document.entries().map(|(key, _)| key.line).min().unwrap_or(1);
    let end_line = if dialect == Dialect::Drone { document.end_line().max(line) } else { reading.last_line() };
    let unit = Unit { kind: UnitKind::Workflow, name: name.to_owned(), title: None, line, end_line, parent: None };
    let workflow = reading.unit(unit);
    if let Some(kind) = document.get("type").and_then(Node::text) {
        reading.fact(workflow, line, FactKind::Machine { label: kind.to_owned(), hosted: true });
    }
    let events = Event::all(dialect);
    let sources: Vec<Source> = events.iter().map(|event| event.source()).collect();
    let filter = if dialect == Dialect::Drone { "trigger" } else { "when" };
    let condition = document.get(filter);
    let at = document.key_line(filter).unwrap_or(line);
    let held: Vec<Held> = events.iter().map(|event| conditions::held(condition, *event, dialect)).collect();
    let list = document.get("steps").or_else(|| document.get("pipeline"));
    let Some(list) = list else {
        reading.wrong(line, "a pipeline without steps");
        return workflow;
    };
    let own = document.get("clone").is_none_or(|c| c.get("disable").and_then(Node::as_bool) != Some(true))
        && document.get("skip_clone").and_then(Node::as_bool) != Some(true);
    let mut planned: Vec<Planned> = Vec::new();
    let mut asked: Vec<Option<Vec<(String, u32)>>> = Vec::new();
    let mut ignored: Vec<bool> = Vec::new();
    for (name, node, step_line) in steps::named(list, reading) {
        let Some(id) = steps::job(&name, node, step_line, workflow, (own, document), reading) else { break };
        let own_condition = node.get("when");
        let line = node.key_line("when").unwrap_or(if condition.is_some() { at } else { step_line });
        let held = events
            .iter()
            .zip(&held)
            .map(|(event, around)| {
                let own = conditions::held(own_condition, *event, dialect);
                let named = own.named || around.named;
                Held { named, ..around.clone().and(own) }
            })
            .collect();
        asked.push(node.get("depends_on").map(|d| d.strings().into_iter().map(|(t, l)| (t.to_owned(), l)).collect()));
        ignored.push(steps::is_ignored(node));
        planned.push(Planned { id, name, line, held, needs: Vec::new(), by_hand: None });
    }
    let places: Vec<String> = planned.iter().map(|p| p.name.clone()).collect();
    let any = asked.iter().any(Option::is_some);
    for (number, job) in planned.iter_mut().enumerate() {
        let anyway = conditions::runs_after_failure(steps_when(list, number));
        let stops = |on: usize| !anyway && ignored.get(on) != Some(&true);
        if any {
            for (name, line) in asked.get(number).into_iter().flatten().flatten() {
                match places.iter().position(|known| known == name) {
                    Some(on) if on != number => job.needs.push(Need { on, line: *line, stops: stops(on) }),
                    Some(_) => {}
                    None => reading.wrong(*line, &format!("there is no step `{name}` to wait for")),
                }
            }
        } else if let Some(on) = number.checked_sub(1) {
            job.needs.push(Need { on, line: job.line, stops: stops(on) });
        }
        if anyway {
            let word = "status".to_owned();
            let only = conditions::runs_only_after_failure(steps_when(list, number));
            let guard = if only { Guard::AfterFailure(word) } else { Guard::Always(word) };
            reading.fact(job.id, job.line, FactKind::Guard(guard));
        }
    }
    Plan { workflow, line: at, sources, jobs: planned, strict: false }.state(reading);
    workflow
}

/// The condition of a step by its number.
fn steps_when(list: Node<'_>, number: usize) -> Option<Node<'_>> {
    let step = if list.kind() == Kind::Seq { list.items().nth(number) } else { list.entries().nth(number).map(|(_, s)| s) };
    step?.get("when")
}

impl Event {
    fn source(self) -> Source {
        match self {
            Self::Push => Source::implied(TriggerKind::Push, "push"),
            Self::Request => Source::implied(TriggerKind::Pr, "pull request"),
            Self::Tag => Source::asked(TriggerKind::Tag, "tag"),
            Self::Cron => Source::schedule_elsewhere(),
            Self::Manual => Source::asked(TriggerKind::Manual, "a person"),
            Self::Promotion => Source::asked(TriggerKind::Manual, "a person promotes a build"),
            Self::Deployment => Source::asked(TriggerKind::Api, "a deployment of the host"),
        }
    }
}
