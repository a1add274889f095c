//! Deployments of flows as YAML: `prefect.yaml`, and the files that older versions wrote.
//!
//! `deployments[].entrypoint` names file and function from the folder of the file; `schedules[]` or `schedule` and
//! `triggers[]` say what starts it. Nothing is registered before somebody runs the command that reads the file.

use std::sync::Arc;

use crate::fact::{Fact, FactKind, FileFacts, Held, OnFailure, Trigger, Unit, UnitId, UnitKind, Until, Uses, UsesTarget};
use crate::facts::{Context, Reader, When, unparsable};
use crate::source::{self, SourceFile};
use crate::syntax::tree::{Kind, Node};
use crate::syntax::yaml;
use crate::words::{EdgeKind, Strength, TriggerKind};

/// The commands that hand such a file over, as they begin.
pub(super) const PUT: &[&str] = &["prefect deploy", "prefect deployment apply"];

pub(crate) const READER: Reader = Reader { name: "prefect", wants, when: When::Always, read };

/// Most deployments of one file.
const MOST: usize = 500;

fn wants(path: &str) -> bool {
    let name = source::file_name(path);
    matches!(name, "prefect.yaml" | "prefect.yml") || name.ends_with("-deployment.yaml")
}

fn read(file: &SourceFile, _: &Context<'_>) -> FileFacts {
    let parsed = yaml::parse(&file.text);
    let mut facts = FileFacts::default();
    for root in parsed.tree.docs() {
        match root.get("deployments").filter(|d| d.kind() == Kind::Seq) {
            Some(all) => all.items().take(MOST).for_each(|one| deployment(file, one, &["prefect", "deploy"], &mut facts)),
            None if root.get("flow_name").is_some() => {
                deployment(file, root, &["prefect", "deployment", "apply"], &mut facts);
            }
            None => {}
        }
    }
    if !facts.units.is_empty() {
        facts.notices = parsed.errors.iter().map(|e| unparsable(file, e)).collect();
        facts.tree = Some(Arc::new(parsed.tree));
    }
    facts
}

fn deployment(file: &SourceFile, one: Node<'_>, by: &[&str], facts: &mut FileFacts) {
    let Some((path, function)) = one.get("entrypoint").and_then(Node::text).and_then(|e| e.rsplit_once(':')) else { return };
    let folder = source::folder(&file.path);
    let Some(path) = source::join(folder, path) else { return };
    let unit = facts.units.len();
    facts.units.push(Unit {
        kind: UnitKind::Workflow,
        name: one.get("name").and_then(Node::text).unwrap_or(function).to_owned(),
        title: None,
        line: one.line(),
        end_line: one.end_line().max(one.line()),
        parent: None,
    });
    let line = one.key_line("entrypoint").unwrap_or_else(|| one.line());
    let to = UsesTarget::Function { path, name: function.to_owned(), sure: true };
    let uses = Uses {
        reference: format!("runs {function}()"),
        with: Vec::new(),
        to,
        edge: EdgeKind::Calls,
        on_failure: OnFailure::Stops,
    };
    push(facts, unit, line, FactKind::Uses(uses));
    push(facts, unit, one.line(), FactKind::Trigger(Trigger::plain(TriggerKind::Manual, "Prefect, by hand".to_owned())));
    let paused = ["paused", "is_schedule_active"].iter().find(|key| {
        let said = one.get(key).and_then(Node::as_bool);
        said == Some(**key == "paused")
    });
    let lists = one.get("schedules").into_iter().flat_map(Node::items);
    let schedules: Vec<Node<'_>> = lists.chain(one.get("schedule")).take(MOST).collect();
    for schedule in schedules {
        let inner = schedule.get("schedule").filter(|s| s.kind() == Kind::Map).unwrap_or(schedule);
        let found = ["cron", "interval", "rrule"].iter().find_map(|key| Some((inner.get(key)?, inner.key_line(key)?)));
        let Some((value, line)) = found.filter(|(value, _)| value.text().is_some_and(|t| !t.is_empty())) else { continue };
        let mut trigger = Trigger::plain(TriggerKind::Schedule, format!("schedule {:?}", value.text().unwrap_or_default()));
        let inactive = [schedule, inner].iter().any(|s| s.get("active").and_then(Node::as_bool) == Some(false));
        trigger.off = paused
            .map(|key| format!("switched off by `{key}`"))
            .or_else(|| inactive.then(|| "switched off by `active: false`".to_owned()));
        push(facts, unit, line, FactKind::Trigger(held(trigger, by, folder)));
    }
    for event in one.get("triggers").into_iter().flat_map(Node::items).take(MOST) {
        let mut trigger = Trigger::plain(TriggerKind::Api, "an event of the orchestrator".to_owned());
        let off = event.get("enabled").and_then(Node::as_bool) == Some(false);
        trigger.off = off.then(|| "switched off by `enabled: false`".to_owned());
        push(facts, unit, event.line(), FactKind::Trigger(trigger));
    }
}

fn held(trigger: Trigger, by: &[&str], folder: &str) -> Trigger {
    let words: Vec<String> = by.iter().map(|word| (*word).to_owned()).collect();
    let why = format!("it works once somebody has run `{}`", by.join(" "));
    let until = Some(Until::Command { words, dir: folder.to_owned() });
    Trigger { held: Some(Held { strength: Strength::Assumed, why, until, remedy: None }), ..trigger }
}

fn push(facts: &mut FileFacts, unit: UnitId, line: u32, kind: FactKind) {
    facts.facts.push(Fact { unit: Some(unit), line, end_line: line, kind });
}
