//! `on:` — what starts a workflow.

use crate::fact::{Fact, FactKind, FileFacts, Trigger};
use crate::source::SourceFile;
use crate::syntax::tree::{Kind, Node};
use crate::words::TriggerKind;

/// Reads every trigger, and those that are written and commented out.
pub(super) fn read(root: Node<'_>, file: &SourceFile, facts: &mut FileFacts) {
    // YAML 1.1 readers turn the key `on` into a boolean
    let key = if root.get("on").is_some() { "on" } else { "true" };
    if let Some(on) = root.get(key) {
        let line = root.key_line(key).unwrap_or_else(|| on.line());
        match on.kind() {
            Kind::Map => {
                for (event, filter) in on.entries() {
                    one(event.text, event.line, filter, facts);
                }
            }
            _ => {
                for (event, at) in on.strings() {
                    plain(event, if at > 0 { at } else { line }, facts);
                }
            }
        }
    }
    commented_out(file, facts);
}

fn plain(event: &str, line: u32, facts: &mut FileFacts) {
    if let Some(kind) = kind_of(event) {
        push(facts, line, trigger(kind, event.to_owned()));
    }
}

fn trigger(kind: TriggerKind, text: String) -> Trigger {
    Trigger { kind, text, branches: Vec::new(), paths: Vec::new(), from: Vec::new(), off: None }
}

fn push(facts: &mut FileFacts, line: u32, trigger: Trigger) {
    facts.facts.push(Fact { unit: Some(0), line, end_line: line, kind: FactKind::Trigger(trigger) });
}

/// Which of the ten words an event is; none for what only others call.
fn kind_of(event: &str) -> Option<TriggerKind> {
    Some(match event {
        "push" => TriggerKind::Push,
        "pull_request" | "pull_request_target" | "merge_group" | "pull_request_review" => TriggerKind::Pr,
        "release" | "create" => TriggerKind::Tag,
        "schedule" => TriggerKind::Schedule,
        "registry_package" => TriggerKind::Registry,
        "repository_dispatch" => TriggerKind::Api,
        "workflow_run" | "deployment_status" | "deployment" | "check_suite" | "check_run" | "status" | "page_build" => TriggerKind::Upstream,
        "workflow_call" => return None,
        // everything else is something that a person does on the site
        _ => TriggerKind::Manual,
    })
}

fn strings(node: Node<'_>, key: &str) -> Vec<String> {
    node.get(key).map(|n| n.strings().into_iter().map(|(s, _)| s.to_owned()).collect()).unwrap_or_default()
}

fn one(event: &str, line: u32, filter: Node<'_>, facts: &mut FileFacts) {
    let Some(kind) = kind_of(event) else { return };
    let types = strings(filter, "types");
    let mut paths = strings(filter, "paths");
    paths.extend(strings(filter, "paths-ignore").into_iter().map(|p| format!("!{p}")));
    match event {
        "schedule" => {
            for item in filter.items() {
                let Some(cron) = item.get("cron") else { continue };
                let at = item.key_line("cron").unwrap_or_else(|| cron.line());
                push(facts, at, trigger(kind, format!("schedule \"{}\"", cron.text().unwrap_or(""))));
            }
        }
        "push" => {
            let (branches, tags) = (strings(filter, "branches"), strings(filter, "tags"));
            let only_tags = !tags.is_empty() && branches.is_empty() && filter.get("branches-ignore").is_none();
            if !tags.is_empty() {
                push(facts, line, Trigger { paths: paths.clone(), ..trigger(TriggerKind::Tag, format!("tag {}", tags.join(", "))) });
            }
            if !only_tags {
                let text = if branches.is_empty() { "push".to_owned() } else { format!("push {}", branches.join(", ")) };
                push(facts, line, Trigger { branches, paths, ..trigger(kind, text) });
            }
        }
        "workflow_run" => {
            let from = strings(filter, "workflows");
            push(facts, line, Trigger { text: format!("after {}", from.join(", ")), from, ..trigger(kind, String::new()) });
        }
        "repository_dispatch" => {
            let text = if types.is_empty() { event.to_owned() } else { format!("{event} {}", types.join(", ")) };
            push(facts, line, Trigger { from: types, ..trigger(kind, text) });
        }
        _ => {
            let text = if types.is_empty() { event.to_owned() } else { format!("{event} {}", types.join(", ")) };
            push(facts, line, Trigger { branches: strings(filter, "branches"), paths, ..trigger(kind, text) });
        }
    }
}

/// A trigger that is commented out is the nearest miss of many reports: `# - cron: "0 3 * * 1"`, `# push:`.
fn commented_out(file: &SourceFile, facts: &mut FileFacts) {
    let live_schedule = facts.facts.iter().any(|f| matches!(&f.kind, FactKind::Trigger(t) if t.kind == TriggerKind::Schedule));
    for (number, line) in (1_u32..).zip(file.text.lines()).take(400) {
        if line.starts_with("jobs:") {
            break;
        }
        let Some(comment) = line.trim_start().strip_prefix('#') else { continue };
        let comment = comment.trim_start_matches(['#', ' ']);
        let off = Some("commented out".to_owned());
        if let Some(cron) = comment.strip_prefix("- cron:").or_else(|| comment.strip_prefix("cron:")) {
            if !live_schedule {
                let cron = cron.trim().trim_matches(['"', '\'']);
                push(facts, number, Trigger { off, ..trigger(TriggerKind::Schedule, format!("schedule \"{cron}\"")) });
            }
        } else if let Some(event) = ["push:", "pull_request:", "release:"].iter().find(|e| comment.trim_end() == **e) {
            let event = event.trim_end_matches(':');
            if let Some(kind) = kind_of(event) {
                push(facts, number, Trigger { off, ..trigger(kind, event.to_owned()) });
            }
        }
    }
}
