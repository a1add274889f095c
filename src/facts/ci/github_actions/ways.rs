//! The ways in which a workflow says that it is started: for each event the ref that it is on, and what nobody gives.

use std::collections::BTreeMap;

use super::triggers::{self, Event};
use crate::facts::Context;
use crate::rules::surroundings::{Way, Ways};
use crate::syntax::shell::HOLE;
use crate::syntax::tree::Node;
use crate::words::TriggerKind;

/// Most refs of one event.
const MAX_REFS: usize = 40;

/// The ways of a workflow; none where others call it, which starts it in theirs. `merges`: whether it asks if a pull
/// request was merged.
pub(super) fn of(root: Node<'_>, merges: bool, context: &Context<'_>) -> Option<Ways> {
    let on = root.get("on").or_else(|| root.get("true"))?;
    let mut events: Vec<(&str, Option<Node<'_>>)> = on.strings().into_iter().map(|(event, _)| (event, None)).collect();
    events.extend(on.entries().map(|(event, filter)| (event.text, Some(filter))));
    if events.iter().any(|(event, _)| *event == "workflow_call") {
        return None;
    }
    let by_hand = events.iter().find(|(event, _)| *event == "workflow_dispatch").and_then(|(_, filter)| *filter);
    let inputs: Vec<&str> = by_hand
        .and_then(|filter| filter.get("inputs"))
        .map(|inputs| inputs.entries().map(|(key, _)| key.text).collect())
        .unwrap_or_default();
    let mut ways = Vec::new();
    for (event, filter) in events {
        let Event::Starts(kind) = triggers::event(event) else { continue };
        for (kind, refs) in refs(event, kind, filter, merges) {
            let mut given = BTreeMap::from([("GITHUB_EVENT_NAME".to_owned(), vec![event.to_owned()])]);
            let tag = |full: &String| full.starts_with("refs/tags/");
            let of_type = match (refs.iter().all(tag), refs.iter().any(tag)) {
                (true, _) => Some("tag"),
                (_, false) => Some("branch"),
                _ => None,
            };
            if !refs.iter().any(|full| full.starts_with("refs/pull/") || full.starts_with(HOLE)) {
                given.extend(of_type.map(|word| ("GITHUB_REF_TYPE".to_owned(), vec![word.to_owned()])));
            }
            given.insert("GITHUB_REF".to_owned(), refs);
            if kind != TriggerKind::Pr && !event.starts_with("pull_request") {
                for name in ["GITHUB_BASE_REF", "GITHUB_HEAD_REF"] {
                    given.insert(name.to_owned(), vec![String::new()]);
                }
            }
            if let Some(surroundings) = context.surroundings {
                surroundings.complete(&mut given);
            }
            // nobody gives inputs to what starts by itself
            if event != "workflow_dispatch" {
                for input in &inputs {
                    given.insert(format!("inputs.{input}"), vec![String::new()]);
                    given.insert(format!("github.event.inputs.{input}"), vec![String::new()]);
                }
            }
            ways.push(Way { kind, given });
        }
    }
    (!ways.is_empty()).then(|| ways.into())
}

/// The kinds of trigger that an event comes to, and the refs on which each is.
fn refs(event: &str, kind: TriggerKind, filter: Option<Node<'_>>, merges: bool) -> Vec<(TriggerKind, Vec<String>)> {
    let listed = |key: &str, before: &str| {
        let all = triggers::patterns(filter, key);
        // with patterns that take back, or without any, it may be any
        let open = all.iter().all(|p| p.starts_with('!')) || all.len() > MAX_REFS;
        let one = |pattern: &String| match pattern.find(['*', '?', '+', '[']) {
            Some(at) => format!("{before}{}{HOLE}", pattern.get(..at).unwrap_or_default()),
            None => format!("{before}{pattern}"),
        };
        let any = vec![format!("{before}{HOLE}")];
        (!all.is_empty(), if open { any } else { all.iter().filter(|p| !p.starts_with('!')).map(one).collect() })
    };
    let branch = || vec![format!("refs/heads/{HOLE}")];
    let request = || vec![format!("refs/pull/{HOLE}/merge")];
    match event {
        "push" => {
            let (by_branch, branches) = listed("branches", "refs/heads/");
            let (by_tag, tags) = listed("tags", "refs/tags/");
            // the one that is not named is left out, where the other is
            let mut found = Vec::new();
            if by_branch || !by_tag {
                // what leaves out the main branch is told as a pull request
                found.push((TriggerKind::Push, branches.clone()));
                found.push((TriggerKind::Pr, branches));
            }
            if by_tag || !by_branch {
                found.push((TriggerKind::Tag, tags));
            }
            found
        }
        "release" => vec![(TriggerKind::Tag, vec![format!("refs/tags/{HOLE}")]), (TriggerKind::Manual, vec![HOLE.to_owned()])],
        "create" => vec![(TriggerKind::Tag, vec![format!("refs/{HOLE}")])],
        "pull_request" | "pull_request_review" | "pull_request_review_comment" => {
            let (_, into) = listed("branches", "refs/heads/");
            let merged = merges.then_some((TriggerKind::Push, into));
            merged.into_iter().chain([(kind, request())]).collect()
        }
        "pull_request_target" => {
            let (_, into) = listed("branches", "refs/heads/");
            let merged = merges.then_some((TriggerKind::Push, into.clone()));
            merged.into_iter().chain([(kind, into)]).collect()
        }
        "schedule" | "repository_dispatch" | "workflow_run" => vec![(kind, branch())],
        _ => vec![(kind, vec![HOLE.to_owned()])],
    }
}
