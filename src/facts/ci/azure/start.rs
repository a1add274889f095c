//! What starts a pipeline (`trigger`, `pr`, `schedules`, `resources`), and what holds its parts back (`condition`).

use super::super::held::{self, one_line};
use super::Reading;
use super::expression::{self, Known};
use super::scope::Scope;
use crate::fact::{FactKind, Guard, Trigger, UnitId};
use crate::facts::ci::reading::with_paths;
use crate::syntax::tree::{Kind, Node};
use crate::words::TriggerKind;

/// Everything that may start a pipeline.
const KINDS: &[TriggerKind] = &[
    TriggerKind::Push,
    TriggerKind::Tag,
    TriggerKind::Pr,
    TriggerKind::Schedule,
    TriggerKind::Upstream,
    TriggerKind::Api,
    TriggerKind::Manual,
];

/// Reads what starts the pipeline whose unit is 0.
pub(super) fn triggers(root: Node<'_>, reading: &mut Reading<'_>) {
    let mut state = |line: u32, trigger: Trigger| {
        reading.own.kinds.insert(trigger.kind);
        if let (TriggerKind::Push, [only]) = (trigger.kind, trigger.branches.as_slice())
            && !only.contains(['*', '!', '?'])
            && !trigger.text.starts_with("schedule")
        {
            reading.own.branch = Some(only.clone());
        }
        reading.fact(0, line, FactKind::Trigger(trigger));
    };
    let plain = |kind: TriggerKind, text: String| Trigger::plain(kind, text);
    let said = ["pr", "schedules"].iter().any(|key| root.get(key).is_some());
    match root.get("trigger") {
        Some(trigger) if is_none(trigger) => {}
        Some(trigger) => {
            let line = root.key_line("trigger").unwrap_or_else(|| trigger.line());
            let (branches, tags) = (patterns(trigger, "branches"), patterns(trigger, "tags"));
            let branches = if matches!(trigger.kind(), Kind::Seq | Kind::Scalar) { listed(trigger) } else { branches };
            if !tags.is_empty() {
                state(line, plain(TriggerKind::Tag, format!("tag {}", tags.join(", "))));
            }
            if tags.is_empty() || !branches.is_empty() {
                let all = branches.is_empty() || branches.iter().any(|b| b == "*");
                let text = if all { "push".to_owned() } else { format!("push {}", branches.join(", ")) };
                let text = with_paths(text, &patterns(trigger, "paths"));
                let branches = if all { Vec::new() } else { branches };
                state(line, Trigger { branches, ..plain(TriggerKind::Push, text) });
            }
        }
        // every push, unless the organisation says otherwise; whether anything runs the file is known outside
        None => {
            let push = plain(TriggerKind::Push, "push, as nothing else is said".to_owned());
            state(1, if said { push } else { push.elsewhere("whether a service runs this file is known there") });
        }
    }
    if let Some(pr) = root.get("pr").filter(|pr| !is_none(*pr)) {
        let line = root.key_line("pr").unwrap_or_else(|| pr.line());
        let branches = if pr.kind() == Kind::Map { patterns(pr, "branches") } else { listed(pr) };
        state(line, Trigger { branches, ..plain(TriggerKind::Pr, "pull request".to_owned()) });
    }
    for schedule in root.get("schedules").into_iter().flat_map(Node::items) {
        let line = schedule.key_line("cron").unwrap_or_else(|| schedule.site_line());
        let Some(cron) = schedule.get("cron").and_then(Node::text) else { continue };
        let branches = patterns(schedule, "branches");
        // without that word it runs only where something was pushed since it ran last
        let always = schedule.get("always").and_then(Node::as_bool) == Some(true);
        let trigger = if always {
            plain(TriggerKind::Schedule, format!("schedule \"{}\"", cron.trim()))
        } else {
            plain(TriggerKind::Push, format!("schedule \"{}\", after a change alone", cron.trim()))
        };
        state(line, Trigger { branches, ..trigger });
    }
    resources(root, &mut state, &plain);
    if let Some(schedule) = root.get("schedules").filter(|s| !matches!(s.kind(), Kind::Seq | Kind::Null)) {
        reading.wrong(schedule.site_line(), "`schedules` is no list");
    }
}

fn resources(root: Node<'_>, state: &mut dyn FnMut(u32, Trigger), plain: &dyn Fn(TriggerKind, String) -> Trigger) {
    let Some(resources) = root.get("resources") else { return };
    for (key, kind, what) in [
        ("pipelines", TriggerKind::Upstream, "after pipeline"),
        ("repositories", TriggerKind::Upstream, "a push to"),
        ("containers", TriggerKind::Upstream, "a new image of"),
        ("packages", TriggerKind::Upstream, "a new package of"),
        ("webhooks", TriggerKind::Api, "a call of webhook"),
    ] {
        for one in resources.get(key).into_iter().flat_map(Node::items) {
            let trigger = one.get("trigger");
            if key != "webhooks" && trigger.is_none_or(|t| is_none(t) || t.as_bool() == Some(false)) {
                continue;
            }
            let named = ["source", "name", "image", "repository", "webhook", "pipeline", "container", "package"];
            let name = named.iter().find_map(|k| one.get(k)?.text()).unwrap_or("something");
            let line = one.key_line("trigger").unwrap_or_else(|| one.site_line());
            state(line, plain(kind, format!("{what} {name}")).elsewhere("the service knows it by that name"));
        }
    }
}

/// `none`, also as the one item of a list, as many write it.
fn is_none(node: Node<'_>) -> bool {
    let mut items = node.items();
    let single = items.next().filter(|_| items.next().is_none());
    node.text().or_else(|| single?.text()).is_some_and(|t| t.eq_ignore_ascii_case("none"))
}

fn listed(node: Node<'_>) -> Vec<String> {
    node.strings().into_iter().map(|(text, _)| text.trim_start_matches("refs/heads/").to_owned()).collect()
}

/// What a filter lets in, and what it keeps out with `!` in front.
fn patterns(node: Node<'_>, key: &str) -> Vec<String> {
    let Some(filter) = node.get(key) else { return Vec::new() };
    if filter.kind() != Kind::Map {
        return listed(filter);
    }
    let of = |key: &str| filter.get(key).map(listed).unwrap_or_default();
    of("include").into_iter().chain(of("exclude").into_iter().map(|p| format!("!{p}"))).collect()
}

/// What is known of a name in a run that such a trigger started.
fn known(name: &str, kind: TriggerKind, branch: Option<&str>, scope: &Scope) -> Known {
    let Some(variable) = name.strip_prefix("variables.") else {
        return scope.of(name).map_or(Known::Nothing, Known::Text);
    };
    match variable.to_ascii_lowercase().as_str() {
        "build.reason" => Known::Text(
            match kind {
                TriggerKind::Pr => "PullRequest",
                TriggerKind::Schedule => "Schedule",
                TriggerKind::Manual => "Manual",
                TriggerKind::Upstream | TriggerKind::Api => "ResourceTrigger",
                _ => "IndividualCI",
            }
            .to_owned(),
        ),
        "build.sourcebranch" if kind == TriggerKind::Push && branch.is_some() => {
            Known::Text(format!("refs/heads/{}", branch.unwrap_or_default()))
        }
        "build.sourcebranch" => Known::Begins(match kind {
            TriggerKind::Pr => "refs/pull/",
            TriggerKind::Tag => "refs/tags/",
            _ => "refs/heads/",
        }),
        "build.sourcebranchname" | "build.repository.name" | "system.pullrequest.targetbranch" => Known::Begins(""),
        _ => match scope.variable(variable).filter(|v| !v.is_empty()) {
            Some(value) if value.contains("$(") || value.contains("$[") || value.contains("${{") => Known::Begins(""),
            Some(value) => Known::Text(value),
            None => Known::Nothing,
        },
    }
}

/// What holds a stage, job or step back. True where it runs although something before it failed.
pub(super) fn guards(node: Node<'_>, unit: UnitId, scope: &Scope, reading: &mut Reading<'_>) -> bool {
    let mut anyhow = false;
    let line_of = |key: &str| scope.line(node.key_line(key).unwrap_or_else(|| node.site_line()));
    if let Some(open) = &scope.open {
        reading.fact(unit, scope.line(node.site_line()), FactKind::Guard(Guard::If(open.clone())));
    }
    if let Some(text) = scope.get(node, "condition").and_then(|c| scope.text(c)) {
        let line = line_of("condition");
        match expression::parse(&text) {
            Some(parsed) => {
                let stated: Vec<TriggerKind> = reading.own.kinds.iter().copied().collect();
                let kinds = if stated.is_empty() { KINDS } else { &stated };
                let branch = reading.own.branch.clone();
                let judge = |kind| expression::judge(&parsed, &|name| known(name, kind, branch.as_deref(), scope));
                held::guards((unit, line), &format!("condition: {text}"), kinds, &judge, reading);
                let word_of = || format!("condition: {}", one_line(&text));
                if expression::only_after_failures(&parsed) {
                    reading.fact(unit, line, FactKind::Guard(Guard::AfterFailure(word_of())));
                }
                // one that does not ask how it went runs in any case
                anyhow = expression::after_failures(&parsed) || !expression::asks_success(&parsed);
                if anyhow && !expression::only_after_failures(&parsed) {
                    reading.fact(unit, line, FactKind::Guard(Guard::Always(word_of())));
                }
            }
            None => reading.fact(unit, line, FactKind::Guard(Guard::If(one_line(&text)))),
        }
    }
    if let Some(enabled) = scope.get(node, "enabled").and_then(|e| scope.text(e)).filter(|e| e.eq_ignore_ascii_case("false")) {
        reading.fact(unit, line_of("enabled"), FactKind::Guard(Guard::Never(format!("enabled: {enabled}"))));
    }
    let goes_on = scope.get(node, "continueOnError").and_then(|c| scope.text(c));
    if let Some(word) = goes_on.filter(|w| !w.is_empty() && !w.eq_ignore_ascii_case("false")) {
        reading.fact(unit, line_of("continueOnError"), FactKind::Guard(Guard::AllowFailure(format!("continueOnError: {word}"))));
    }
    // a stage that a person must start
    if scope.get(node, "trigger").and_then(|t| scope.text(t)).is_some_and(|t| t == "manual") {
        let line = line_of("trigger");
        let by_hand = Trigger { kind: TriggerKind::Manual, text: "trigger: manual".to_owned(), off: None, ..Trigger::call("") };
        reading.fact(unit, line, FactKind::Trigger(by_hand));
        reading.fact(unit, line, FactKind::Guard(Guard::Never("trigger: manual".to_owned())));
    }
    anyhow
}
