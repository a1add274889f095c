//! Event sources, and the sensors that run something when they tell of an event.

use super::super::reading::Reading;
use super::{MAX_STATED, action, apart, tasks};
use crate::fact::{FactKind, Trigger, Unit, UnitKind};
use crate::syntax::tree::{Kind, Node};
use crate::words::TriggerKind;

/// The unit of one event; nothing contains it, so applying its source starts nothing.
fn key(source: &str, event: &str) -> String {
    format!("eventsource/{source}/{event}").to_ascii_lowercase()
}

/// Where events come from, one unit an event.
pub(super) fn source(doc: Node<'_>, spec: Node<'_>, reading: &mut Reading<'_>) {
    let Some(source) = doc.at("metadata.name") else { return };
    let mut stated = 0;
    for (kind, events) in spec.entries().filter(|(_, events)| events.kind() == Kind::Map) {
        for (event, of) in events.entries().filter(|(_, of)| of.kind() == Kind::Map) {
            let Some((line, trigger)) = trigger(kind.text, of, event.line) else { continue };
            stated += 1;
            if stated > MAX_STATED {
                return;
            }
            let id = apart(key(source, event.text), of, reading);
            reading.fact(id, line, FactKind::Trigger(trigger));
        }
    }
}

fn trigger(kind: &str, of: Node<'_>, line: u32) -> Option<(u32, Trigger)> {
    let plain = |kind: TriggerKind, text: String| Trigger::plain(kind, text);
    Some(match kind {
        "calendar" => {
            let (key, every) = ["schedule", "interval"].iter().find_map(|key| Some((*key, of.get(key)?.text()?)))?;
            (of.key_line(key).unwrap_or(line), plain(TriggerKind::Schedule, format!("{key} \"{every}\"")))
        }
        "github" | "gitlab" | "bitbucket" | "bitbucketserver" | "gerrit" => {
            let asked: Vec<&str> = of.get("events").map(Node::strings).unwrap_or_default().into_iter().map(|(e, _)| e).collect();
            let requests = !asked.is_empty() && asked.iter().all(|e| e.contains("pull_request") || e.contains("MergeRequest"));
            let kind = if requests { TriggerKind::Pr } else { TriggerKind::Push };
            let text = if requests { "pull request".to_owned() } else { "push".to_owned() };
            (line, plain(kind, text).elsewhere("the host must be told to call"))
        }
        "minio" | "file" | "hdfs" | "azureStorage" => (line, plain(TriggerKind::Data, format!("data arrives ({kind})"))),
        "webhook" | "slack" | "stripe" | "generic" => {
            (line, plain(TriggerKind::Api, format!("a call ({kind})")).elsewhere("who calls is not in this repository"))
        }
        "sns" | "sqs" | "kafka" | "pubSub" | "redis" | "redisStream" | "nats" | "amqp" | "mqtt" | "nsq" | "pulsar"
        | "azureEventsHub" | "azureServiceBus" | "azureQueueStorage" | "emitter" => (
            line,
            plain(TriggerKind::Data, format!("a message ({kind})")).elsewhere("what is sent there is not in this repository"),
        ),
        "resource" => (
            line,
            plain(TriggerKind::Upstream, "an object changes".to_owned()).elsewhere("what changes it is not in this repository"),
        ),
        _ => return None,
    })
}

/// What starts a sensor, and what it submits.
pub(super) fn sensor(doc: Node<'_>, spec: Node<'_>, reading: &mut Reading<'_>) {
    let Some(unit) = action(doc, reading) else { return };
    for on in spec.get("dependencies").into_iter().flat_map(Node::items).take(MAX_STATED) {
        let (Some(source), Some(event)) = (on.at("eventSourceName"), on.at("eventName")) else { continue };
        let line = on.key_line("eventSourceName").unwrap_or_else(|| on.line());
        let trigger = Trigger::plain(TriggerKind::Upstream, format!("event {event} of {source}"));
        let trigger = trigger.elsewhere("its source is not in this repository");
        reading.fact(unit, line, FactKind::Trigger(Trigger { from: vec![key(source, event)], ..trigger }));
    }
    for one in spec.get("triggers").into_iter().flat_map(Node::items).take(MAX_STATED) {
        let Some(template) = one.get("template") else { continue };
        for how in ["argoWorkflow", "k8s"] {
            let made =
                template.get(how).filter(|m| matches!(m.at("operation"), None | Some("submit" | "create" | "update" | "patch")));
            let Some(object) = made.and_then(|m| m.get("source")).and_then(|s| s.get("resource")) else { continue };
            let kind = object.at("kind").unwrap_or_default();
            let name = object.at("metadata.name").or_else(|| object.at("metadata.generateName")).unwrap_or("?");
            let (line, end_line) = (object.line(), object.end_line().max(object.line()));
            let title = Some(format!("{kind} {name}"));
            let name = format!("{kind}/{name}").to_ascii_lowercase();
            let id = reading.unit(Unit { kind: UnitKind::Job, name, title, line, end_line, parent: Some(unit) });
            if let Some(spec) = object.get("spec").filter(|_| kind == "Workflow") {
                tasks::workflow(spec, id, reading);
            }
        }
    }
}
