//! Hooks: tasks that the service starts at times, at messages, or when it is called. A hook that lies here works once
//! something has put it into the service.

use std::sync::Arc;

use super::super::reading::Reading;
use super::template::{self, Made, What};
use super::{MAX_TASKS, tasks};
use crate::fact::{FactKind, FileFacts, Held, Trigger, Unit, UnitKind, Until};
use crate::facts::{Context, Reader, When, unparsable};
use crate::source::{SourceFile, extension};
use crate::syntax::json;
use crate::syntax::tree::{Kind, Node};
use crate::words::{Strength, TriggerKind};

/// Definitions of hooks.
pub(crate) const HOOK: Reader = Reader {
    name: "Taskcluster hook",
    wants: |path| extension(path) == Some("json"),
    when: When::Recognised(|_, text| is_hook(text)),
    read,
};

fn is_hook(text: &str) -> bool {
    let pool = text.contains("\"workerType\"") || text.contains("\"taskQueueId\"");
    let starts = ["\"schedule\"", "\"bindings\"", "\"triggerSchema\""].iter().any(|key| text.contains(key));
    pool && starts && text.contains("\"task\"") && text.contains("\"payload\"")
}

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let parsed = json::parse(&file.text);
    let mut reading: Reading<'_> = Reading::new(file, context);
    reading.facts.notices = parsed.errors.iter().map(|e| unparsable(file, e)).collect();
    if let Some(root) = parsed.tree.root().filter(|root| root.get("task").is_some()) {
        hook(root, &mut reading);
    }
    reading.facts.tree = Some(Arc::new(parsed.tree));
    reading.facts
}

fn hook(root: Node<'_>, reading: &mut Reading<'_>) {
    let (name, end_line) = (reading.file.name().to_owned(), reading.last_line());
    reading.unit(Unit { kind: UnitKind::Manifest, name, title: None, line: 1, end_line, parent: None });
    let Some(node) = root.get("task") else { return };
    let named = root.at("metadata.name").unwrap_or("?");
    let name = format!("hook {named}");
    // apart from the file: who puts it into the service does not run the task
    let id = reading.unit(Unit { kind: UnitKind::Action, name, title: None, line: 1, end_line, parent: None });
    let put = || {
        let why = "it works once somebody has put it into the service".to_owned();
        Some(Held { strength: Strength::Assumed, why, until: Some(Until::Applied), remedy: None })
    };
    let mut starts = 0;
    for (every, line) in root.get("schedule").map(Node::strings).unwrap_or_default().into_iter().take(MAX_TASKS) {
        starts += 1;
        let trigger = Trigger { held: put(), ..Trigger::plain(TriggerKind::Schedule, format!("schedule \"{every}\"")) };
        reading.fact(id, line, FactKind::Trigger(trigger));
    }
    for binding in root.get("bindings").into_iter().flat_map(Node::items).filter(|b| b.kind() == Kind::Map).take(50) {
        let Some(exchange) = binding.at("exchange") else { continue };
        starts += 1;
        // who sends it is not followed
        let trigger = Trigger { held: put(), ..Trigger::plain(TriggerKind::Upstream, format!("a message of {exchange}")) };
        reading.fact(id, binding.line(), FactKind::Trigger(trigger));
    }
    if starts == 0 {
        let line = root.key_line("triggerSchema").or_else(|| root.key_line("task")).unwrap_or(1);
        let trigger = Trigger { held: put(), ..Trigger::plain(TriggerKind::Api, "a call of the hook".to_owned()) };
        reading.fact(id, line, FactKind::Trigger(trigger));
    }
    let told = |path: &str| if path.contains('.') { What::Given(path.to_owned()) } else { What::Open };
    let made: Vec<Made> = template::made(node, &told);
    if let [task] = made.as_slice() {
        tasks::job(task, named, id, reading);
    }
}
