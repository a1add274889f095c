//! Resources of Google's cloud.

use super::builds;
use super::folders::{Configuration, Resource};
use crate::fact::{Trigger, UnitId};
use crate::facts::ci::reading::Reading;
use crate::facts::deploy::wiring;
use crate::syntax::tree::{Kind, Node};
use crate::words::TriggerKind;

/// Words by which a file is known to declare some of them.
pub(super) const KINDS: &[&str] = &[
    "google_cloud_scheduler_job",
    "google_cloudfunctions_function",
    "google_cloudfunctions2_function",
    "google_cloud_run_v2_job",
    "google_cloud_run_v2_service",
    "google_cloud_run_service",
    "google_eventarc_trigger",
    "google_cloudbuild_trigger",
];

/// Whether a resource runs something or passes a start on.
pub(super) fn takes_part(resource: &Resource<'_>) -> bool {
    matches!(
        resource.kind,
        "google_cloud_scheduler_job"
            | "google_cloudfunctions_function"
            | "google_cloudfunctions2_function"
            | "google_cloud_run_v2_job"
            | "google_eventarc_trigger"
            | "google_cloudbuild_trigger"
            | "google_pubsub_topic"
    ) || keeps(resource)
}

/// Whether it keeps running once it is there.
pub(super) fn keeps(resource: &Resource<'_>) -> bool {
    matches!(resource.kind, "google_cloud_run_v2_service" | "google_cloud_run_service")
}

pub(super) fn lower(all: &Configuration<'_>, key: &str, resource: Resource<'_>, unit: UnitId, reading: &mut Reading<'_>) {
    let Resource { kind, node, line, .. } = resource;
    match kind {
        "google_cloud_scheduler_job" => {
            let Some(every) = node.get("schedule") else { return };
            wiring::starts(unit, every.line(), all.switched(all.clock(every), resource, &[("paused", "true")]), reading);
            for target in ["http_target", "pubsub_target", "app_engine_http_target"].iter().filter_map(|key| node.get(key)) {
                // whom it is, is no target
                let named = ["uri", "topic_name"].iter().find_map(|key| target.get(key));
                match named {
                    Some(to) => called(all, to, unit, reading),
                    None => wiring::open(unit, target.line(), "a target that only a deployment knows", reading),
                }
            }
        }
        "google_cloudbuild_trigger" => builds::trigger(all, resource, unit, reading),
        "google_cloudfunctions_function" | "google_cloudfunctions2_function" => function(all, resource, unit, reading),
        "google_cloud_run_v2_job" | "google_cloud_run_v2_service" | "google_cloud_run_service" => {
            let template = node.get("template");
            let inner = template.and_then(|t| t.get("template").or_else(|| t.get("spec"))).or(template);
            let containers = inner.into_iter().flat_map(Node::entries).filter(|(key, _)| key.text == "containers");
            for (_, one) in containers {
                match one.get("command").filter(|c| c.kind() == Kind::Seq && c.items().next().is_some()) {
                    Some(_) => {
                        crate::facts::ci::container::command(one, "command", unit, &crate::facts::ci::container::literal, reading)
                    }
                    None => one.get("image").into_iter().for_each(|image| all.image(image, unit, reading)),
                }
            }
        }
        "google_eventarc_trigger" => {
            let types: Vec<&str> = node
                .entries()
                .filter(|(key, of)| key.text == "matching_criteria" && of.at("attribute") == Some("type"))
                .filter_map(|(_, of)| of.get("value")?.text())
                .collect();
            wiring::starts(unit, line, all.switched(event(types.first().copied()), resource, &[]), reading);
            node.get("destination").into_iter().for_each(|to| all.pass_all(unit, to, reading));
        }
        "google_pubsub_topic" => {
            let refers = |node: Option<Node<'_>>| node.and_then(|n| all.referred(n)).is_some_and(|(other, _)| other == key);
            let takes = |other: &Resource<'_>| {
                let of = other.node.get("event_trigger");
                let carried = other.node.get("transport").and_then(|t| t.get("pubsub"));
                let named = of.and_then(|t| t.get("pubsub_topic").or_else(|| t.get("resource")));
                refers(named) || refers(carried.and_then(|p| p.get("topic")))
            };
            all.pass_to(unit, line, &takes, reading);
        }
        _ => {}
    }
}

/// What an address or a topic leads to: the first resource that it names.
fn called(all: &Configuration<'_>, to: Node<'_>, unit: UnitId, reading: &mut Reading<'_>) {
    let known = all.references(to.text().unwrap_or_default(), 0);
    let part = known.into_iter().find(|(_, resource)| takes_part(resource));
    match part {
        Some((key, resource)) => {
            let path = Some(resource.path.to_string()).filter(|path| *path != *reading.file.path);
            wiring::pass(unit, to.line(), &key, path, reading);
        }
        None => all.pass(unit, to, reading),
    }
}

/// What an event is, by its type.
fn event(kind: Option<&str>) -> Trigger {
    match kind {
        Some(kind) if kind.contains("storage.object") && (kind.contains("finalize") || kind.contains("Finalized")) => {
            Trigger::plain(TriggerKind::Data, "an object arrives".to_owned())
        }
        Some(kind) if kind.contains("pubsub") => wiring::message("topic"),
        _ => wiring::request("event"),
    }
}

/// A function: its entry point in the code that is packed, and the event that starts it.
fn function(all: &Configuration<'_>, resource: Resource<'_>, unit: UnitId, reading: &mut Reading<'_>) {
    let Resource { node, line, .. } = resource;
    let build = node.get("build_config").unwrap_or(node);
    let source = build.get("source").and_then(|s| s.get("storage_source")).and_then(|s| s.get("object"));
    let dir = source.or_else(|| node.get("source_archive_object")).and_then(|object| all.packed(object));
    let python = build.at("runtime").is_none_or(|runtime| runtime.starts_with("python"));
    let entry = build.get("entry_point").filter(|e| !e.is_expression()).and_then(Node::text);
    // the file has a fixed name
    let handler = entry.map(|entry| format!("main.{entry}"));
    let at = build.key_line("entry_point").unwrap_or(line);
    all.handler(dir.filter(|_| python), handler, (unit, at), reading);
    if let Some(of) = node.get("event_trigger") {
        let trigger = event(of.get("event_type").and_then(Node::text));
        wiring::starts(unit, of.line(), all.switched(trigger, resource, &[]), reading);
    }
    if node.get("trigger_http").and_then(Node::as_bool) == Some(true) {
        wiring::starts(unit, node.key_line("trigger_http").unwrap_or(line), wiring::request("address"), reading);
    }
}
