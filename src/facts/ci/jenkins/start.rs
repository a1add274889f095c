//! What starts a pipeline, what it may be given, and what it takes from elsewhere.

use super::super::held;
use super::condition::{self, Ask};
use super::values::{Call, Scope, assigned, named};
use super::{Reading, block};
use crate::fact::{FactKind, Guard, OnFailure, Trigger, UnitId, Uses, UsesTarget};
use crate::syntax::groovy::{Piece, arguments, shown, statements};
use crate::words::{EdgeKind, TriggerKind};

/// Deepest brackets in which a block is looked for.
const DEPTH: usize = 30;
/// Most triggers and parameters of one file.
const MAX_STATED: usize = 100;
/// What is said of a job that only the service knows.
const ELSEWHERE: &str = "the job that runs this file is set up in the service";

/// States what starts the pipeline, and what it may be given.
pub(super) fn triggers(pieces: &[Piece], scope: &Scope, top: UnitId, reading: &mut Reading<'_>) {
    let mut found: Vec<(u32, Trigger)> = Vec::new();
    for stated in blocks(pieces, &["triggers", "pipelineTriggers"]).into_iter().take(MAX_STATED) {
        found.extend(one(stated, pieces, scope));
    }
    if !found.iter().any(|(_, trigger)| trigger.kind == TriggerKind::Push) {
        found.push((1, Trigger::plain(TriggerKind::Push, "push".to_owned()).elsewhere(ELSEWHERE)));
    }
    let says = |words: &[&str]| words.iter().any(|word| reading.file.text.contains(word));
    for (kind, text, words) in [
        (TriggerKind::Pr, "pull request", &["changeRequest", "CHANGE_ID"][..]),
        (TriggerKind::Tag, "tag", &["buildingTag", "TAG_NAME", "tag '", "tag \""][..]),
        (TriggerKind::Schedule, "schedule", &["TimerTrigger"][..]),
    ] {
        if says(words) && !found.iter().any(|(_, trigger)| trigger.kind == kind) {
            found.push((1, Trigger::plain(kind, text.to_owned()).elsewhere(ELSEWHERE)));
        }
    }
    // whoever may build the job may start it, whatever else does
    let given = blocks(pieces, &["parameters"]).first().and_then(|stated| Some(stated.first()?.line));
    let text = if given.is_some() { "a person gives the parameters" } else { "a person builds the job" };
    found.push((given.unwrap_or(1), Trigger::plain(TriggerKind::Manual, text.to_owned())));
    for (line, trigger) in found {
        reading.own.kinds.insert(trigger.kind);
        reading.fact(top, line, FactKind::Trigger(trigger));
    }
    reading.own.kinds.insert(TriggerKind::Manual);
}

/// The statements of every block with one of these names, wherever it stands: `triggers { … }`, `parameters([…])`.
fn blocks<'p>(pieces: &'p [Piece], names: &[&str]) -> Vec<&'p [Piece]> {
    let mut found = Vec::new();
    let mut waiting: Vec<(&[Piece], usize)> = vec![(pieces, 0)];
    while let Some((inside, depth)) = waiting.pop() {
        for (at, piece) in inside.iter().enumerate() {
            if depth < DEPTH {
                waiting.extend(['(', '[', '{'].iter().filter_map(|open| piece.group(*open)).map(|inner| (inner, depth + 1)));
            }
            let Some(next) = inside.get(at + 1).filter(|_| piece.word().is_some_and(|word| names.contains(&word))) else {
                continue;
            };
            if let Some(block) = next.group('{') {
                found.extend(statements(block));
            } else if let Some(given) = next.group('(') {
                let listed = given.first().and_then(|piece| piece.group('[')).unwrap_or(given);
                found.extend(arguments(listed));
            }
        }
    }
    found.sort_by_key(|stated| stated.first().map_or(0, |piece| piece.line));
    found
}

fn one(stated: &[Piece], script: &[Piece], scope: &Scope) -> Option<(u32, Trigger)> {
    let line = stated.first()?.line;
    // `[$class: 'TimerTrigger', spec: '…']`
    let (name, given): (String, Vec<&[Piece]>) = match stated.first()?.group('[') {
        Some(inside) => {
            let all: Vec<&[Piece]> = arguments(inside).collect();
            let class = scope.text(named(&all, &["$class"])?)?.text;
            (class, named(&all, &["spec", "scmpoll_spec"]).into_iter().collect())
        }
        None => {
            let call = Call::of(stated)?;
            (call.name, call.arguments)
        }
    };
    let plain = |kind: TriggerKind, text: String| Trigger::plain(kind, text);
    let trigger = match name.rsplit('.').next().unwrap_or(&name) {
        "cron" | "parameterizedCron" | "TimerTrigger" => {
            let given: Vec<&[Piece]> = given.iter().map(|argument| behind(argument, script)).collect();
            match given.iter().flat_map(|argument| literals(argument)).find(|(text, _)| is_cron(text)) {
                Some((text, _)) => {
                    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                    let branches = given.iter().find_map(|argument| branch_of(argument)).into_iter().collect();
                    Trigger { branches, ..plain(TriggerKind::Schedule, format!("schedule \"{text}\"")) }
                }
                None if given.iter().any(|argument| !literals(argument).is_empty()) => return None,
                None => plain(TriggerKind::Schedule, "schedule".to_owned()).elsewhere("its time is computed"),
            }
        }
        "pollSCM" | "SCMTrigger" => plain(TriggerKind::Push, "push, which is polled for".to_owned()),
        "githubPush" | "bitbucketPush" | "gitlab" | "gitlabPush" | "gitee" => plain(TriggerKind::Push, "push".to_owned()),
        "upstream" => {
            let given: Vec<&[Piece]> = given;
            let jobs = scope.argument(&given, &["upstreamProjects"]).map_or_else(|| "another".to_owned(), |said| said.text);
            plain(TriggerKind::Upstream, format!("after job {jobs}")).elsewhere("the service knows it by that name")
        }
        "issueCommentTrigger" => plain(TriggerKind::Manual, "a comment".to_owned()),
        other => plain(TriggerKind::Api, format!("a call, by {other}")).elsewhere("who calls is known in the service"),
    };
    Some((line, trigger))
}

/// What a name stands for that the script gives a value at its top.
fn behind<'p>(argument: &'p [Piece], script: &'p [Piece]) -> &'p [Piece] {
    let [one] = argument else { return argument };
    let Some(name) = one.word() else { return argument };
    statements(script).find_map(|s| assigned(s).filter(|(own, _)| own == name).map(|(_, value)| value)).unwrap_or(argument)
}

/// Every literal text of an expression, brackets included.
fn literals(pieces: &[Piece]) -> Vec<(String, u32)> {
    let mut found = Vec::new();
    let mut waiting = vec![pieces];
    while let Some(inside) = waiting.pop() {
        for piece in inside {
            found.extend(piece.text().and_then(|text| Some((text.literal()?, piece.line))));
            waiting.extend(piece.group('('));
        }
    }
    found
}

fn is_cron(text: &str) -> bool {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with(['#', 'T'])).unwrap_or("");
    line.starts_with('@') || line.split_whitespace().count() >= 5
}

/// The branch that an expression asks for: `env.BRANCH_NAME == 'main' ? … : …`.
fn branch_of(pieces: &[Piece]) -> Option<String> {
    let own = pieces.windows(3).find_map(|part| match part {
        [name, sign, text] if name.word() == Some("BRANCH_NAME") && sign.is("==") => text.text()?.literal(),
        _ => None,
    });
    own.or_else(|| pieces.iter().filter_map(|piece| piece.group('(')).find_map(branch_of))
}

/// Parameters with what they are where nobody gives them.
pub(super) fn parameters(pieces: &[Piece], top: UnitId, scope: &mut Scope, reading: &mut Reading<'_>) {
    for stated in blocks(pieces, &["parameters"]).into_iter().take(MAX_STATED) {
        let Some(call) = Call::of(stated) else { continue };
        let said = |key: &str| scope.text(named(&call.arguments, &[key])?).map(|said| said.text);
        let Some(name) = said("name") else { continue };
        let value = match call.name.as_str() {
            "booleanParam" => named(&call.arguments, &["defaultValue"])
                .map_or(Some("false".to_owned()), |value| value.first()?.word().map(str::to_owned)),
            "choice" => named(&call.arguments, &["choices"]).and_then(|choices| {
                let list = choices.first().and_then(|piece| piece.group('['));
                let first = list.and_then(|list| arguments(list).next()).unwrap_or(choices);
                let text = scope.text(first)?.text;
                text.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
            }),
            "string" | "text" => Some(said("defaultValue").unwrap_or_default()),
            _ => said("defaultValue"),
        };
        if let Some(value) = value {
            reading.setting(top, call.line, &name, &value);
            scope.parameters.insert(name, value);
        }
    }
}

/// Shared libraries, which lie elsewhere: `@Library('x') _`, `libraries { lib('x') }`.
pub(super) fn libraries(pieces: &[Piece], top: UnitId, reading: &mut Reading<'_>) {
    for statement in statements(pieces).take(MAX_STATED) {
        if let [first, given, ..] = statement
            && first.word() == Some("@Library")
        {
            for (name, line) in literals(std::slice::from_ref(given)) {
                library(&name, line, top, reading);
            }
        }
        let Some(inside) = block(statement, "pipeline") else { continue };
        for listed in statements(inside).filter_map(|s| block(s, "libraries")).flat_map(statements) {
            for (name, line) in literals(listed) {
                library(&name, line, top, reading);
            }
        }
    }
}

pub(super) fn library(name: &str, line: u32, unit: UnitId, reading: &mut Reading<'_>) {
    outside(&format!("shared library {name}"), line, unit, reading);
}

/// Hands over to what only the service knows.
pub(super) fn outside(what: &str, line: u32, unit: UnitId, reading: &mut Reading<'_>) {
    let uses = Uses {
        reference: what.to_owned(),
        with: Vec::new(),
        to: UsesTarget::Remote(what.to_owned()),
        edge: EdgeKind::Invokes,
        on_failure: OnFailure::Stops,
    };
    reading.fact(unit, line, FactKind::Uses(uses));
}

/// Holds a unit back by a condition: the block of a `when`, or an expression.
pub(super) fn guard(pieces: &[Piece], is_when: bool, unit: UnitId, scope: &Scope, reading: &mut Reading<'_>) {
    let line = pieces.first().map_or(1, |piece| piece.line);
    let kinds: Vec<TriggerKind> = reading.own.kinds.iter().copied().collect();
    let judge = |kind| {
        let ask = Ask { kind, scope };
        if is_when { condition::when(pieces, &ask, 0) } else { condition::expression(pieces, &ask, 0) }
    };
    let word = if is_when { "when" } else { "if" };
    held::guards((unit, line), &format!("{word} {}", shown(pieces)), &kinds, &judge, reading);
}

/// A person must say yes first: what comes is started by that person.
pub(super) fn by_hand(unit: UnitId, line: u32, what: &str, reading: &mut Reading<'_>) {
    reading.fact(unit, line, FactKind::Trigger(Trigger::plain(TriggerKind::Manual, what.to_owned())));
    reading.fact(unit, line, FactKind::Guard(Guard::Never(what.to_owned())));
}
