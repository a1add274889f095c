//! What starts a pipeline: annotations that a host's events are matched with, and listeners that are called.

use super::super::reading::Reading;
use super::{action, apart, name, runs};
use crate::fact::{FactKind, Trigger, UnitId};
use crate::syntax::tree::Node;
use crate::words::TriggerKind;

/// Most triggers of one object.
const MAX_STATED: usize = 50;
/// What stands in front of the annotations.
const FRONT: &str = "pipelinesascode.tekton.dev/";

/// The annotations of a run.
pub(super) fn annotated(doc: Node<'_>, unit: UnitId, reading: &mut Reading<'_>) {
    let Some(all) = doc.get("metadata").and_then(|m| m.get("annotations")) else { return };
    let of = |name: &str| {
        let key = format!("{FRONT}{name}");
        Some((all.get(&key)?.text()?.to_owned(), all.key_line(&key).unwrap_or_else(|| all.line())))
    };
    let branches: Vec<String> = of("on-target-branch").map(|(text, _)| listed(&text)).unwrap_or_default();
    let mut state = |kind: TriggerKind, line: u32, branches: Vec<String>, sure: bool| {
        let text = match kind {
            TriggerKind::Pr => "pull request".to_owned(),
            TriggerKind::Manual => "a comment".to_owned(),
            TriggerKind::Api => "an incoming call".to_owned(),
            _ if branches.is_empty() => kind.to_string(),
            _ => format!("{kind} {}", branches.join(", ")),
        };
        let trigger = Trigger { branches, ..Trigger::plain(kind, text) };
        let trigger = if sure { trigger } else { trigger.elsewhere("an expression decides which events") };
        reading.fact(unit, line, FactKind::Trigger(trigger));
    };
    // an expression takes the place of the others
    if let Some((text, line)) = of("on-cel-expression") {
        let is = |word: &str| [format!("\"{word}\""), format!("'{word}'")].iter().any(|quoted| text.contains(quoted));
        let branch = text.split("target_branch").nth(1).and_then(|rest| {
            let rest = rest.trim_start().strip_prefix("==")?.trim_start();
            let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            rest.get(1..)?.split(quote).next()
        });
        let branches: Vec<String> = branch.into_iter().flat_map(listed).collect();
        let tag = text.contains("refs/tags/");
        match (is("push"), is("pull_request")) {
            (false, false) => state(TriggerKind::Push, line, Vec::new(), false),
            (push, request) => {
                if push {
                    state(if tag { TriggerKind::Tag } else { TriggerKind::Push }, line, branches.clone(), true);
                }
                if request {
                    state(TriggerKind::Pr, line, branches, true);
                }
            }
        }
        return;
    }
    if let Some((text, line)) = of("on-event") {
        let tags = !branches.is_empty() && branches.iter().all(|b| b.starts_with("refs/tags/"));
        for event in listed(&text) {
            match event.as_str() {
                "push" if tags => state(TriggerKind::Tag, line, Vec::new(), true),
                "push" => state(TriggerKind::Push, line, branches.clone(), true),
                "pull_request" => state(TriggerKind::Pr, line, branches.clone(), true),
                "incoming" => state(TriggerKind::Api, line, Vec::new(), false),
                _ => {}
            }
        }
    }
    if let Some((_, line)) = of("on-comment") {
        state(TriggerKind::Manual, line, Vec::new(), true);
    }
}

/// `[a, b]` or `a`, as these annotations write lists.
fn listed(text: &str) -> Vec<String> {
    let inner = text.trim().trim_start_matches('[').trim_end_matches(']');
    let items = inner.split(',').map(|item| item.trim().trim_matches(['"', '\'']).trim_start_matches("refs/heads/"));
    items.filter(|item| !item.is_empty()).map(str::to_owned).take(MAX_STATED).collect()
}

/// Listeners, triggers, and what they make.
pub(super) fn object(doc: Node<'_>, reading: &mut Reading<'_>) -> bool {
    match doc.at("kind") {
        Some("TriggerTemplate") => runs::template(doc, reading),
        Some("Trigger") => {
            if let (Some(id), Some(spec)) = (action(doc, reading), doc.get("spec")) {
                makes(spec, id, reading);
            }
        }
        Some("EventListener") => listener(doc, reading),
        Some("TriggerBinding" | "ClusterTriggerBinding" | "ClusterInterceptor" | "Interceptor") => {}
        _ => return false,
    }
    true
}

fn listener(doc: Node<'_>, reading: &mut Reading<'_>) {
    let listens = doc.at("metadata.name").unwrap_or("?");
    let all = doc.get("spec").and_then(|spec| spec.get("triggers"));
    for (number, one) in (1..).zip(all.into_iter().flat_map(Node::items).take(MAX_STATED)) {
        let own = one.at("name").map_or_else(|| format!("{number}"), str::to_owned);
        let id = apart(format!("eventlistener/{listens}/{own}").to_ascii_lowercase(), one, reading);
        let kinds = events(one);
        for kind in if kinds.is_empty() { vec![TriggerKind::Api] } else { kinds } {
            let text = if kind == TriggerKind::Api { "a call of the listener".to_owned() } else { kind.to_string() };
            let trigger = Trigger::plain(kind, text).elsewhere("the host must be told the listener's address");
            reading.fact(id, one.line(), FactKind::Trigger(trigger));
        }
        makes(one, id, reading);
    }
}

/// What a trigger makes: a template by its name, or another trigger.
fn makes(one: Node<'_>, id: UnitId, reading: &mut Reading<'_>) {
    if let Some(named) = one.get("triggerRef").and_then(Node::text) {
        return name("trigger", named, one.line(), id, reading);
    }
    let Some(template) = one.get("template") else { return };
    match template.at("ref").or_else(|| template.at("name")) {
        Some(named) => name("triggertemplate", named, template.line(), id, reading),
        None => {
            for made in template.get("spec").and_then(|s| s.get("resourcetemplates")).into_iter().flat_map(Node::items) {
                runs::run(made, id, reading);
            }
        }
    }
}

/// The events that interceptors let through, as far as they name them.
fn events(one: Node<'_>) -> Vec<TriggerKind> {
    let mut kinds = Vec::new();
    for text in one.get("interceptors").into_iter().flat_map(|i| i.find("**")).filter_map(Node::text) {
        // `[push]`, or a test of the header
        let is = |word: &str| text == word || text.contains(&format!("'{word}'")) || text.contains(&format!("\"{word}\""));
        if is("push") || text == "Push Hook" {
            kinds.push(TriggerKind::Push);
        }
        if is("pull_request") || text == "Merge Request Hook" {
            kinds.push(TriggerKind::Pr);
        }
    }
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}
