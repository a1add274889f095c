//! Triggers of Cloud Build: which event of the repository, and which file is built then.
//!
//! Somebody must apply the configuration once. Where nothing here does so by itself, the trigger is only assumed.

use super::folders::{Configuration, Resource};
use crate::fact::{FactKind, Held, OnFailure, Trigger, UnitId, Until, Uses, UsesTarget};
use crate::facts::ci::CLOUD_BUILD;
use crate::facts::ci::reading::Reading;
use crate::facts::deploy::wiring;
use crate::source;
use crate::syntax::tree::Node;
use crate::words::{EdgeKind, Strength, TriggerKind};

/// A trigger whose file is named.
pub(super) fn trigger(all: &Configuration<'_>, resource: Resource<'_>, unit: UnitId, reading: &mut Reading<'_>) {
    let Some(named) = resource.node.get("filename") else { return };
    let Some(path) = all.literal(named).and_then(|text| source::join(".", &text)) else { return };
    for (line, stated) in events(resource.node) {
        reading.fact(unit, line, FactKind::Trigger(stated));
    }
    let to = UsesTarget::File(path.clone());
    let uses = Uses { reference: path.clone(), with: Vec::new(), to, edge: EdgeKind::Submits, on_failure: OnFailure::Stops };
    reading.fact(unit, named.line(), FactKind::Uses(uses));
    // what starts it is said here
    reading.facts.handed.insert(path.as_str().into(), CLOUD_BUILD);
}

/// The events that a trigger answers to.
fn events(trigger: Node<'_>) -> Vec<(u32, Trigger)> {
    let off = trigger.get("disabled").and_then(Node::as_bool).filter(|off| *off).map(|_| "disabled = true".to_owned());
    let approval = trigger.get("approval_config").and_then(|a| a.get("approval_required")).and_then(Node::as_bool) == Some(true);
    let mut found: Vec<(u32, Trigger)> = Vec::new();
    let mut state = |node: Node<'_>, kind: TriggerKind, text: String, branches: Vec<String>| {
        let why = "somebody must apply the configuration".to_owned();
        let held = Held { strength: Strength::Assumed, why, until: Some(Until::Applied), remedy: None };
        // a person must say yes to every run
        let kind = if approval { TriggerKind::Manual } else { kind };
        let held = Some(held).filter(|_| kind != TriggerKind::Manual);
        found.push((node.line(), Trigger { branches, off: off.clone(), held, ..Trigger::plain(kind, text) }));
    };
    for source in ["github", "repository_event_config", "bitbucket_server_trigger_config"] {
        let Some(of) = trigger.get(source) else { continue };
        if let Some(push) = of.get("push") {
            match push.get("tag") {
                Some(_) => state(push, TriggerKind::Tag, "tag".to_owned(), Vec::new()),
                None => {
                    let branch =
                        push.get("branch").filter(|b| !b.is_expression()).and_then(Node::text).and_then(wiring::plain_branch);
                    let text = branch.as_ref().map_or("push".to_owned(), |branch| format!("push {branch}"));
                    state(push, TriggerKind::Push, text, branch.into_iter().collect());
                }
            }
        }
        if let Some(request) = of.get("pull_request") {
            state(request, TriggerKind::Pr, "pull request".to_owned(), Vec::new());
        }
    }
    if let Some(of) = trigger.get("trigger_template") {
        match of.get("tag_name") {
            Some(_) => state(of, TriggerKind::Tag, "tag".to_owned(), Vec::new()),
            None => {
                let branch =
                    of.get("branch_name").filter(|b| !b.is_expression()).and_then(Node::text).and_then(wiring::plain_branch);
                state(of, TriggerKind::Push, "push".to_owned(), branch.into_iter().collect());
            }
        }
    }
    if let Some(of) = trigger.get("pubsub_config") {
        state(of, TriggerKind::Api, "a message of a topic".to_owned(), Vec::new());
    }
    if let Some(of) = trigger.get("webhook_config") {
        state(of, TriggerKind::Api, "a call".to_owned(), Vec::new());
    }
    if found.is_empty() {
        found.push((
            trigger.line(),
            Trigger { off, ..Trigger::plain(TriggerKind::Manual, "a person runs the trigger".to_owned()) },
        ));
    }
    found
}
