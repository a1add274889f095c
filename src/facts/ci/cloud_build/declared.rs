//! Triggers that Terraform declares: which event of the repository, and which file is built then.
//!
//! Somebody must apply the configuration once. Where nothing here does so by itself, the trigger is only assumed.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::reading::Reading;
use super::NAME;
use crate::fact::{Asked, FactKind, FileFacts, Held, OnFailure, Trigger, Unit, UnitKind, Until, Uses, UsesTarget};
use crate::facts::{Context, Reader, When};
use crate::source::{RepoPath, SourceFile, extension};
use crate::syntax::hcl;
use crate::syntax::tree::Node;
use crate::words::{EdgeKind, Strength, TriggerKind};

/// The resource that is a trigger.
const RESOURCE: &str = "google_cloudbuild_trigger";
/// Most triggers of one file.
const MAX_TRIGGERS: usize = 100;

/// Terraform files with triggers.
pub(crate) const TRIGGER: Reader = Reader {
    name: "Cloud Build trigger",
    wants: |path| extension(path) == Some("tf"),
    when: When::Recognised(|_, text| text.contains(RESOURCE)),
    read,
};

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    // what cannot be read of it is told by whoever reads it as a document
    let parsed = hcl::parse(&file.text);
    let mut reading: Reading<'_> = Reading::new(file, context);
    let mut others: BTreeSet<RepoPath> = BTreeSet::new();
    let resources =
        parsed.tree.root().and_then(|root| root.get("resource").map(|_| root.find(&format!("resource.{RESOURCE}.*"))));
    for trigger in resources.unwrap_or_default().into_iter().take(MAX_TRIGGERS) {
        let Some(named) = trigger.get("filename").filter(|n| !n.is_expression()) else { continue };
        let Some(path) = named.text().and_then(|text| crate::source::join(".", text)) else { continue };
        if reading.facts.units.is_empty() {
            let (name, end_line) = (file.name().to_owned(), reading.last_line());
            reading.unit(Unit { kind: UnitKind::Manifest, name, title: None, line: 1, end_line, parent: None });
        }
        let line = named.line();
        let name = format!("{RESOURCE} {}", trigger.at("name").unwrap_or("?"));
        // apart from the file, and as small as can be: who applies the file does not run the build
        let id = reading.unit(Unit { kind: UnitKind::Action, name, title: None, line, end_line: line, parent: None });
        for (line, stated) in events(trigger) {
            reading.fact(id, line, FactKind::Trigger(stated));
        }
        let to = UsesTarget::File(path.clone());
        let uses = Uses { reference: path.clone(), with: Vec::new(), to, edge: EdgeKind::Submits, on_failure: OnFailure::Stops };
        reading.fact(id, line, FactKind::Uses(uses));
        others.insert(path.as_str().into());
    }
    reading.facts.asked = Some(Asked { reader: NAME, parts: BTreeSet::new(), others }).filter(|asked| !asked.others.is_empty());
    reading.facts.tree = Some(Arc::new(parsed.tree));
    reading.facts
}

/// The events that a trigger answers to.
fn events(trigger: Node<'_>) -> Vec<(u32, Trigger)> {
    let off = trigger.get("disabled").and_then(Node::as_bool).filter(|off| *off).map(|_| "disabled = true".to_owned());
    let approval = trigger.get("approval_config").and_then(|a| a.get("approval_required")).and_then(Node::as_bool) == Some(true);
    let mut found: Vec<(u32, Trigger)> = Vec::new();
    let mut state = |node: Node<'_>, kind: TriggerKind, text: String, branches: Vec<String>| {
        let why = "somebody must apply the configuration".to_owned();
        let held = Held { strength: Strength::Assumed, why, until: Some(Until::Applied) };
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
                    let branch = push.get("branch").filter(|b| !b.is_expression()).and_then(Node::text).and_then(plain);
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
                let branch = of.get("branch_name").filter(|b| !b.is_expression()).and_then(Node::text).and_then(plain);
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

/// The one branch that a pattern means, where it means one.
fn plain(pattern: &str) -> Option<String> {
    let name = pattern.trim_start_matches('^').trim_end_matches('$');
    let is_plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '/'));
    is_plain.then(|| name.to_owned())
}
