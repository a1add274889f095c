//! `on:` — what starts a workflow.

use super::Reading;
use crate::fact::{FactKind, Trigger};
use crate::facts::ci::reading::with_paths;
use crate::syntax::tree::{Kind, Node};
use crate::words::TriggerKind;

/// What the guards of jobs must know of the triggers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Started {
    /// Some condition asks whether a pull request was merged.
    pub(super) merges: bool,
    /// Pushed tags start it.
    pub(super) tags_by_push: bool,
    /// Releases (or created refs) start it.
    pub(super) tags_by_release: bool,
    /// A person gives the inputs, and no other workflow.
    pub(super) own_inputs: bool,
}

/// Reads every trigger, and those that are written and commented out.
pub(super) fn read(root: Node<'_>, reading: &mut Reading<'_>) {
    reading.own.merges = root.find("jobs.**.if").into_iter().any(|c| c.text().is_some_and(|t| t.contains("pull_request.merged")));
    // YAML 1.1 readers turn the key `on` into a boolean
    let key = if root.get("on").is_some() { "on" } else { "true" };
    match root.get(key) {
        Some(on) => {
            reading.own.own_inputs = !on.strings().iter().any(|(event, _)| *event == "workflow_call")
                && !on.entries().any(|(event, _)| event.text == "workflow_call");
            let line = root.key_line(key).unwrap_or_else(|| on.line());
            match on.kind() {
                Kind::Map => {
                    for (event, filter) in on.entries() {
                        one(event.text, event.line, Some(filter), reading);
                    }
                }
                Kind::Scalar | Kind::Seq => {
                    let events = on.strings();
                    if events.len() < on.items().count() {
                        reading.wrong(line, "`on` lists something that is no event");
                    }
                    for (event, at) in events {
                        one(event, at, None, reading);
                    }
                }
                Kind::Null => {}
            }
        }
        None if root.get("jobs").is_some() => reading.wrong(1, "a workflow without `on` never starts"),
        None => {}
    }
    commented_out(root, reading);
}

fn trigger(kind: TriggerKind, text: String) -> Trigger {
    Trigger::plain(kind, text)
}

fn push(reading: &mut Reading<'_>, line: u32, trigger: Trigger) {
    reading.fact(0, line, FactKind::Trigger(trigger));
}

/// What an event comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// It starts the workflow.
    Starts(TriggerKind),
    /// Only others call it.
    Called,
    /// There is no such event.
    Unknown,
}

/// Which of the ten words an event is.
pub(super) fn event(name: &str) -> Event {
    Event::Starts(match name {
        "push" => TriggerKind::Push,
        "pull_request" | "pull_request_target" | "pull_request_review" | "pull_request_review_comment" | "merge_group" => {
            TriggerKind::Pr
        }
        "release" | "create" => TriggerKind::Tag,
        "schedule" => TriggerKind::Schedule,
        "registry_package" => TriggerKind::Registry,
        "repository_dispatch" => TriggerKind::Api,
        "workflow_run" | "deployment" | "deployment_status" | "check_run" | "check_suite" | "status" | "page_build" => {
            TriggerKind::Upstream
        }
        "workflow_call" => return Event::Called,
        // what a person does on the site
        "workflow_dispatch"
        | "issue_comment"
        | "issues"
        | "label"
        | "milestone"
        | "discussion"
        | "discussion_comment"
        | "delete"
        | "fork"
        | "gollum"
        | "watch"
        | "public"
        | "member"
        | "project"
        | "project_card"
        | "project_column"
        | "branch_protection_rule" => TriggerKind::Manual,
        _ => return Event::Unknown,
    })
}

/// A filter's patterns; those of its `-ignore` twin with `!` in front.
pub(super) fn patterns(filter: Option<Node<'_>>, key: &str) -> Vec<String> {
    let of = |key: &str| filter.and_then(|f| f.get(key)).map(Node::strings).unwrap_or_default();
    let kept = of(key).into_iter().map(|(s, _)| s.to_owned());
    let ignored = of(&format!("{key}-ignore")).into_iter().map(|(s, _)| format!("!{s}"));
    kept.chain(ignored).collect()
}

fn named(event: &str, types: &[String]) -> String {
    if types.is_empty() { event.to_owned() } else { format!("{event} {}", types.join(", ")) }
}

/// Whether the last pattern fits all, and takes them back.
fn leaves_none(patterns: &[String]) -> bool {
    patterns.last().is_some_and(|last| matches!(last.as_str(), "!**" | "!*"))
}

fn one(name: &str, line: u32, filter: Option<Node<'_>>, reading: &mut Reading<'_>) {
    let kind = match event(name) {
        Event::Starts(kind) => kind,
        Event::Called => {
            push(reading, line, Trigger::call(name));
            return inputs(filter, reading);
        }
        Event::Unknown => return reading.wrong(line, &format!("there is no event `{name}`, so the workflow never starts")),
    };
    if let Some(filter) = filter
        && !matches!((filter.kind(), name), (Kind::Map | Kind::Null, _) | (Kind::Seq, "schedule"))
    {
        reading.wrong(line, &format!("`{name}` has a filter that is neither keys nor nothing"));
    }
    let types = patterns(filter, "types");
    let branches = patterns(filter, "branches");
    match name {
        "schedule" => schedule(line, filter, reading),
        "push" => {
            let tags = patterns(filter, "tags");
            // naming one kind of ref leaves out the other
            if !tags.is_empty() {
                reading.own.tags_by_push = true;
                let off = leaves_none(&tags).then(|| "its filter leaves no tag".to_owned());
                push(reading, line, Trigger { off, ..trigger(TriggerKind::Tag, format!("tag {}", tags.join(", "))) });
            }
            if tags.is_empty() || !branches.is_empty() {
                // what runs on every branch but the main one looks at work that is not released yet
                let left_out = branches.iter().find(|b| matches!(b.as_str(), "!main" | "!master")).map(|b| b[1..].to_owned());
                let (kind, text) = match left_out {
                    Some(main) => (TriggerKind::Pr, format!("push to any branch but {main}")),
                    None if branches.is_empty() => (kind, "push".to_owned()),
                    None => (kind, format!("push {}", branches.join(", "))),
                };
                let text = with_paths(text, &patterns(filter, "paths"));
                let off = leaves_none(&branches).then(|| "its filter leaves no branch".to_owned());
                push(reading, line, Trigger { branches, off, ..trigger(kind, text) });
            }
        }
        "release" | "create" => {
            let retracts = |t: &String| matches!(t.as_str(), "deleted" | "unpublished" | "edited");
            let kind = if !types.is_empty() && types.iter().all(retracts) { TriggerKind::Manual } else { kind };
            reading.own.tags_by_release |= kind == TriggerKind::Tag;
            push(reading, line, trigger(kind, named(name, &types)));
        }
        "pull_request" | "pull_request_target" => {
            let closed = reading.own.merges && types.iter().any(|t| t == "closed");
            if closed {
                let text = "a pull request is merged".to_owned();
                push(reading, line, Trigger { branches: branches.clone(), ..trigger(TriggerKind::Push, text) });
            }
            if !closed || types.len() > 1 {
                let text = with_paths(named(name, &types), &patterns(filter, "paths"));
                push(reading, line, Trigger { branches, ..trigger(kind, text) });
            }
        }
        "workflow_run" => {
            let from = patterns(filter, "workflows");
            let text = if from.is_empty() { name.to_owned() } else { format!("after {}", from.join(", ")) };
            push(reading, line, Trigger { branches, from, ..trigger(kind, text) });
        }
        "repository_dispatch" => {
            push(reading, line, Trigger { text: named(name, &types), from: types, ..trigger(kind, String::new()) })
        }
        _ => {
            inputs(filter, reading);
            push(reading, line, Trigger { branches, ..trigger(kind, named(name, &types)) });
        }
    }
}

fn schedule(line: u32, filter: Option<Node<'_>>, reading: &mut Reading<'_>) {
    let Some(list) = filter.filter(|f| f.kind() == Kind::Seq) else {
        return reading.wrong(line, "`schedule` is no list of `cron` lines");
    };
    for item in list.items() {
        let at = item.key_line("cron").unwrap_or_else(|| item.site_line());
        match item.get("cron").and_then(Node::text) {
            Some(cron) => {
                if cron.split_whitespace().count() != 5 {
                    reading.wrong(at, &format!("`{cron}` has not the five fields of a cron line"));
                }
                push(reading, at, trigger(TriggerKind::Schedule, format!("schedule \"{}\"", cron.trim())));
            }
            None => reading.wrong(at, "a `schedule` without a `cron` line"),
        }
    }
}

/// Defaults of the inputs of a workflow that is called or started by hand.
fn inputs(filter: Option<Node<'_>>, reading: &mut Reading<'_>) {
    super::inputs(filter.and_then(|f| f.get("inputs")), 0, reading);
}

/// A trigger that is commented out is the nearest miss of many reports: `# - cron: "0 3 * * 1"`, `# push:`. Only
/// kinds that have no live trigger, and only comments outside of the jobs.
fn commented_out(root: Node<'_>, reading: &mut Reading<'_>) {
    let live: Vec<TriggerKind> = reading
        .facts
        .facts
        .iter()
        .filter_map(|f| match &f.kind {
            FactKind::Trigger(t) if !t.is_call() => Some(t.kind),
            _ => None,
        })
        .collect();
    let jobs = root.get("jobs").map_or(0..=0, |jobs| root.key_line("jobs").unwrap_or_else(|| jobs.line())..=jobs.end_line());
    let file = reading.file;
    for (number, line) in (1_u32..).zip(file.text.lines()) {
        let Some(comment) = line.trim_start().strip_prefix('#') else { continue };
        if jobs.contains(&number) {
            continue;
        }
        for trigger in stated(comment.trim_start_matches(['#', ' ', '\t'])) {
            if !live.contains(&trigger.kind) {
                push(reading, number, Trigger { off: Some("commented out".to_owned()), ..trigger });
            }
        }
    }
}

/// Events that are seen in comments; the others are words of prose as well.
const COMMENTED: &[&str] = &[
    "push",
    "pull_request",
    "pull_request_target",
    "release",
    "registry_package",
    "repository_dispatch",
    "workflow_dispatch",
    "workflow_run",
];

/// The triggers that the text of a comment would state if it were none. Prose states nothing.
fn stated(comment: &str) -> Vec<Trigger> {
    let of = |name: &str| match event(name) {
        Event::Starts(kind) => Some(trigger(kind, name.to_owned())),
        _ => None,
    };
    // a remark behind the value
    let comment = comment.split(" #").next().unwrap_or(comment).trim_end();
    if let Some(cron) = comment.strip_prefix("- cron:").or_else(|| comment.strip_prefix("cron:")) {
        let cron = cron.trim().trim_matches(['"', '\'']).trim();
        let is_cron = cron.split_whitespace().count() == 5;
        return is_cron.then(|| trigger(TriggerKind::Schedule, format!("schedule \"{cron}\""))).into_iter().collect();
    }
    if let Some(events) = comment.strip_prefix("on:").map(str::trim).filter(|e| !e.is_empty()) {
        let list = events.strip_prefix('[').and_then(|e| e.strip_suffix(']')).unwrap_or(events);
        let all: Vec<Option<Trigger>> = list.split(',').map(|name| of(name.trim().trim_matches(['"', '\'']))).collect();
        return all.into_iter().collect::<Option<Vec<Trigger>>>().unwrap_or_default();
    }
    // `schedule:` is told by its cron lines
    match comment.split_once(':') {
        Some((name, "")) if COMMENTED.contains(&name) => of(name).into_iter().collect(),
        _ => Vec::new(),
    }
}
