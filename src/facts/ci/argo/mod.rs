//! Argo: workflows, their schedules and templates, and the sensors that start them when something happens.
//!
//! A workflow is written as templates that name each other; what runs is worked out from its first one, so that every
//! task is a job with the values that it is given. A template that others refer to is a unit that nothing contains:
//! applying it runs nothing. What is applied, and so whether anything here runs at all, is known to the graph alone.
//!
//! Invariants: values that only a run knows are holes; depth, tasks and text are bounded; what comes after a step that
//! waits for a person is started by that person.

mod events;
mod tasks;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::reading::Reading;
use crate::fact::{FactKind, OnFailure, Trigger, Unit, UnitId, UnitKind, Uses, UsesTarget};
use crate::syntax::tree::Node;
use crate::words::{EdgeKind, TriggerKind};

/// Most schedules and events of one object.
const MAX_STATED: usize = 50;
/// Most templates of one object.
const MAX_TEMPLATES: usize = 300;

/// Names that templates are put in for, and their values.
type Values = BTreeMap<String, String>;

/// Reads an object; false where it is no object of these.
pub(super) fn object(doc: Node<'_>, unit: UnitId, reading: &mut Reading<'_>) -> bool {
    if !doc.at("apiVersion").is_some_and(|api| api.starts_with("argoproj.io/")) {
        return false;
    }
    let spec = doc.get("spec");
    match (doc.at("kind"), spec) {
        (Some("Workflow"), Some(spec)) => tasks::workflow(spec, unit, reading),
        (Some("CronWorkflow"), Some(spec)) => {
            let Some(id) = action(doc, reading) else { return true };
            schedules(spec, id, reading);
            if let Some(spec) = spec.get("workflowSpec") {
                tasks::workflow(spec, id, reading);
            }
        }
        (Some("WorkflowTemplate" | "ClusterWorkflowTemplate"), Some(spec)) => defined(doc, spec, reading),
        (Some("Sensor"), Some(spec)) => events::sensor(doc, spec, reading),
        (Some("EventSource"), Some(spec)) => events::source(doc, spec, reading),
        _ => return false,
    }
    true
}

/// `schedule`, or `schedules` of newer versions.
fn schedules(spec: Node<'_>, unit: UnitId, reading: &mut Reading<'_>) {
    let off = (spec.get("suspend").and_then(Node::as_bool) == Some(true)).then(|| "suspend: true".to_owned());
    let listed = ["schedule", "schedules"].iter().filter_map(|key| spec.get(key)).flat_map(Node::strings);
    for (every, line) in listed.take(MAX_STATED) {
        let trigger = Trigger { off: off.clone(), ..Trigger::plain(TriggerKind::Schedule, format!("schedule \"{every}\"")) };
        reading.fact(unit, line, FactKind::Trigger(trigger));
    }
}

/// What others refer to: the whole, and each of its templates.
fn defined(doc: Node<'_>, spec: Node<'_>, reading: &mut Reading<'_>) {
    let Some(whole) = action(doc, reading) else { return };
    tasks::workflow(spec, whole, reading);
    let key = reading.facts.units.get(whole).map(|unit| unit.name.clone()).unwrap_or_default();
    for template in spec.get("templates").into_iter().flat_map(Node::items).take(MAX_TEMPLATES) {
        if let Some(name) = template.at("name") {
            let id = apart(format!("{key}#{name}").to_ascii_lowercase(), template, reading);
            tasks::template(spec, template, id, reading);
        }
    }
}

/// The unit of what an object runs, apart from the object itself: who applies the object does not run it.
fn action(doc: Node<'_>, reading: &mut Reading<'_>) -> Option<UnitId> {
    let key = format!("{}/{}", doc.at("kind")?, doc.at("metadata.name")?).to_ascii_lowercase();
    Some(apart(key, doc, reading))
}

fn apart(name: String, node: Node<'_>, reading: &mut Reading<'_>) -> UnitId {
    let end_line = node.end_line().max(node.line());
    reading.unit(Unit { kind: UnitKind::Action, name, title: None, line: node.line(), end_line, parent: None })
}

/// Hands over to an object of the cluster.
fn refer(key: &str, line: u32, unit: UnitId, reading: &mut Reading<'_>) {
    let uses = Uses {
        reference: key.to_owned(),
        with: Vec::new(),
        to: UsesTarget::Object(key.to_ascii_lowercase()),
        edge: EdgeKind::Invokes,
        on_failure: OnFailure::Stops,
    };
    reading.fact(unit, line, FactKind::Uses(uses));
}
