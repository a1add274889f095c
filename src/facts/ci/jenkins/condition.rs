//! `when` and `if`: whether they hold for a run that such a trigger started.

use std::collections::BTreeSet;

use super::super::held::{Held, Truth};
use super::block;
use super::values::{Call, Scope, dotted, named};
use crate::syntax::groovy::{Piece, shown, statements};
use crate::words::TriggerKind;

/// Deepest nesting of conditions.
const DEPTH: usize = 20;

/// What a condition is judged for.
pub(super) struct Ask<'s> {
    pub(super) kind: TriggerKind,
    pub(super) scope: &'s Scope,
}

fn just(holds: bool) -> Held {
    Held::just(if holds { Truth::Yes } else { Truth::No })
}

/// The block of a `when`.
pub(super) fn when(pieces: &[Piece], ask: &Ask<'_>, depth: usize) -> Held {
    parts(pieces, ask, depth).into_iter().fold(Held::just(Truth::Yes), Held::and)
}

fn parts(pieces: &[Piece], ask: &Ask<'_>, depth: usize) -> Vec<Held> {
    if depth > DEPTH {
        return vec![Held::asking("…")];
    }
    statements(pieces).map(|statement| one(statement, ask, depth)).collect()
}

fn one(statement: &[Piece], ask: &Ask<'_>, depth: usize) -> Held {
    let Some(call) = Call::of(statement) else { return Held::asking(&shown(statement)) };
    let inside = block(statement, &call.name).unwrap_or(&[]);
    let said = |names: &[&str]| ask.scope.argument(&call.arguments, names).map(|said| said.text);
    match call.name.as_str() {
        "not" => when(inside, ask, depth + 1).not(),
        "allOf" => when(inside, ask, depth + 1),
        "anyOf" => Held::any(parts(inside, ask, depth + 1)),
        "expression" => expression(inside, ask, depth + 1),
        "branch" => branch(said(&["pattern"]).as_deref(), ask),
        "changeRequest" => asked(ask.kind == TriggerKind::Pr),
        "buildingTag" | "tag" => asked(ask.kind == TriggerKind::Tag),
        "triggeredBy" => {
            let cause = said(&["cause"]).unwrap_or_default();
            asked(match cause.rsplit(['.', '$']).next().unwrap_or("") {
                "TimerTrigger" | "TimerTriggerCause" | "ParameterizedTimerTriggerCause" => ask.kind == TriggerKind::Schedule,
                "UserIdCause" => ask.kind == TriggerKind::Manual,
                "SCMTrigger" | "SCMTriggerCause" | "GitHubPushCause" | "BranchIndexingCause" | "BranchEventCause" => {
                    matches!(ask.kind, TriggerKind::Push | TriggerKind::Pr | TriggerKind::Tag)
                }
                "BuildUpstreamCause" | "UpstreamCause" => ask.kind == TriggerKind::Upstream,
                _ => return Held::asking(&shown(statement)),
            })
        }
        "environment" => {
            let of = |key: &str| ask.scope.text(named(&call.arguments, &[key])?).map(|said| said.text);
            match (of("name"), of("value")) {
                (Some(name), Some(value)) => {
                    compared(Operand::of_name(&format!("env.{name}"), ask), Operand::Text(value), statement)
                }
                _ => Held::asking(&shown(statement)),
            }
        }
        "equals" => {
            let of = |key: &str| Some(Operand::of(named(&call.arguments, &[key])?, ask));
            match (of("expected"), of("actual")) {
                (Some(expected), Some(actual)) => compared(actual, expected, statement),
                _ => Held::asking(&shown(statement)),
            }
        }
        // these say when it is asked
        "beforeAgent" | "beforeInput" | "beforeOptions" => just(true),
        _ => Held::asking(&shown(statement)),
    }
}

fn asked(holds: bool) -> Held {
    Held { named: true, ..just(holds) }
}

fn branch(pattern: Option<&str>, ask: &Ask<'_>) -> Held {
    if !TriggerKind::ON_A_BRANCH.contains(&ask.kind) {
        return just(false);
    }
    let text = format!("branch {}", pattern.unwrap_or("?"));
    let literal = pattern.filter(|p| !p.contains(['*', '?', '$', '|', '(']));
    Held { branches: literal.map(|p| BTreeSet::from([p.to_owned()])), ..Held::asking(&text) }
}

/// An expression, or a block whose last statement is one.
pub(super) fn expression(pieces: &[Piece], ask: &Ask<'_>, depth: usize) -> Held {
    let Some(last) = statements(pieces).last() else { return Held::asking("a condition") };
    if depth > DEPTH || statements(pieces).count() > 1 {
        return Held::asking(&shown(last));
    }
    let last = match last {
        [first, rest @ ..] if first.word() == Some("return") => rest,
        all => all,
    };
    let several = |sign: &str| -> Option<Vec<Held>> {
        let parts: Vec<&[Piece]> = last.split(|piece| piece.is(sign)).collect();
        (parts.len() > 1).then(|| parts.into_iter().map(|part| expression(part, ask, depth + 1)).collect())
    };
    if let Some(parts) = several("||") {
        return Held::any(parts);
    }
    if let Some(parts) = several("&&") {
        return parts.into_iter().fold(Held::just(Truth::Yes), Held::and);
    }
    match last {
        [not, rest @ ..] if not.is("!") => return expression(rest, ask, depth + 1).not(),
        [one] if one.group('(').is_some() => return expression(one.group('(').unwrap_or(&[]), ask, depth + 1),
        _ => {}
    }
    for sign in ["==", "!="] {
        if let Some(at) = last.iter().position(|piece| piece.is(sign)) {
            let (left, right) = (last.get(..at).unwrap_or(&[]), last.get(at + 1..).unwrap_or(&[]));
            let held = compared(Operand::of(left, ask), Operand::of(right, ask), last);
            return if sign == "==" { held } else { held.not() };
        }
    }
    match Operand::of(last, ask) {
        Operand::Text(text) => just(!matches!(text.as_str(), "" | "false" | "null" | "0")),
        Operand::Null => just(false),
        Operand::Some => just(true),
        Operand::Branch | Operand::Open | Operand::Once(_) => Held::asking(&shown(last)),
    }
}

/// One side of a comparison.
enum Operand {
    Text(String),
    Null,
    /// Something that is there.
    Some,
    /// This text, or nothing yet.
    Once(String),
    /// The name of the branch.
    Branch,
    /// Not known.
    Open,
}

impl Operand {
    fn of(pieces: &[Piece], ask: &Ask<'_>) -> Self {
        match dotted(pieces) {
            Some(name) => Self::of_name(name.strip_suffix(".toBoolean").unwrap_or(&name), ask),
            None => match pieces {
                // `params.FIT.toBoolean()`
                [name @ .., dot, word, group]
                    if dot.is(".") && word.word() == Some("toBoolean") && group.group('(').is_some() =>
                {
                    dotted(name).map_or(Self::Open, |name| Self::of_name(&name, ask))
                }
                _ => ask
                    .scope
                    .text(pieces)
                    .filter(|said| !said.text.contains('$'))
                    .map_or(Self::Open, |said| Self::Text(said.text)),
            },
        }
    }

    fn of_name(name: &str, ask: &Ask<'_>) -> Self {
        let there = |is: bool| if is { Self::Some } else { Self::Null };
        match name {
            "true" | "false" => return Self::Text(name.to_owned()),
            "null" => return Self::Null,
            _ if name.chars().all(|c| c.is_ascii_digit()) => return Self::Text(name.to_owned()),
            _ => {}
        }
        match name.strip_prefix("env.").unwrap_or(name) {
            "BRANCH_NAME" | "GIT_BRANCH" | "GIT_LOCAL_BRANCH" => {
                return if TriggerKind::ON_A_BRANCH.contains(&ask.kind) { Self::Branch } else { Self::Some };
            }
            "CHANGE_ID" | "CHANGE_TARGET" | "CHANGE_BRANCH" => return there(ask.kind == TriggerKind::Pr),
            "TAG_NAME" => return there(ask.kind == TriggerKind::Tag),
            _ => {}
        }
        // a person may give it another value than it has by itself
        let free = ask.scope.parameters.contains_key(name.split('.').next_back().unwrap_or(name))
            && matches!(ask.kind, TriggerKind::Manual | TriggerKind::Api | TriggerKind::Upstream);
        match ask.scope.of(name).filter(|value| !free && !value.contains('$')) {
            Some(value) => Self::Text(value.to_owned()),
            None => ask.scope.never_but(name).map_or(Self::Open, |value| Self::Once(value.to_owned())),
        }
    }
}

fn compared(left: Operand, right: Operand, whole: &[Piece]) -> Held {
    let text = shown(whole);
    match (left, right) {
        (Operand::Branch, Operand::Text(name)) | (Operand::Text(name), Operand::Branch) => {
            let name = name.trim_start_matches("origin/").to_owned();
            Held { branches: Some(BTreeSet::from([name])), ..Held::asking(&text) }
        }
        (Operand::Text(left), Operand::Text(right)) => just(left == right),
        // set once, to something else
        (Operand::Once(one), Operand::Text(other)) | (Operand::Text(other), Operand::Once(one)) if one != other => just(false),
        (Operand::Null, Operand::Null) => just(true),
        (Operand::Null, Operand::Text(_) | Operand::Some) | (Operand::Text(_) | Operand::Some, Operand::Null) => just(false),
        _ => Held::asking(&text),
    }
}
