//! What a job comes to where a failure is allowed first, and asked for later: a step that ends the job if another failed keeps
//! that failure, only later.

use super::Reading;
use super::expression::{self, Expression};
use crate::fact::{FactKind, Guard, UnitId};
use crate::syntax::tree::Node;

/// Takes back that a failure is lost where a later step ends the job for it, and no work stands between the two that would be
/// done all the same.
pub(super) fn kept(steps: &[(Node<'_>, UnitId)], reading: &mut Reading<'_>) {
    for (at, (step, _)) in steps.iter().enumerate() {
        let Some(condition) = step.get("if").and_then(Node::text).filter(|_| ends(*step)) else { continue };
        let whole = condition.trim();
        let inner = whole.strip_prefix("${{").and_then(|t| t.strip_suffix("}}")).map_or(whole, str::trim);
        let failed = failed(&expression::parse(inner));
        let before = steps.get(..at).unwrap_or_default();
        let named = |step: &Node<'_>| step.get("id").and_then(Node::text).is_some_and(|id| failed.iter().any(|name| name == id));
        let Some(from) = before.iter().position(|(step, _)| named(step)) else { continue };
        let between = before.get(from..).unwrap_or_default();
        if !between.iter().all(|(step, _)| named(step) || only_tells(*step)) {
            continue;
        }
        let ids: Vec<UnitId> = between.iter().filter(|(step, _)| named(step)).map(|(_, id)| *id).collect();
        let is_lost = |kind: &FactKind| matches!(kind, FactKind::Guard(Guard::AllowFailure(_)));
        reading.facts.facts.retain(|fact| !(is_lost(&fact.kind) && fact.unit.is_some_and(|unit| ids.contains(&unit))));
    }
}

/// The steps of which one that failed is enough for a condition to hold.
fn failed(condition: &Expression<'_>) -> Vec<String> {
    match condition {
        Expression::Or(parts) => parts.iter().flat_map(failed).collect(),
        // `always() && …` only lets it be asked
        Expression::And(parts) => {
            let free = |part: &&Expression<'_>| match part {
                Expression::Leaf(text) => text.trim() != "always()",
                Expression::Not(inner) => !matches!(&**inner, Expression::Leaf(text) if text.trim() == "cancelled()"),
                _ => true,
            };
            let mut left = parts.iter().filter(free);
            match (left.next(), left.next()) {
                (Some(one), None) => failed(one),
                _ => Vec::new(),
            }
        }
        Expression::Leaf(text) => one(text).into_iter().collect(),
        Expression::Not(_) => Vec::new(),
    }
}

/// `steps.NAME.outcome == 'failure'`, and the same said the other way round. The conclusion of a step whose failure is
/// allowed is success.
fn one(text: &str) -> Option<String> {
    let (left, right, equal) = expression::comparison(text)?;
    let (name, value) = match expression::literal(right) {
        Some(value) => (left, value),
        None => (right, expression::literal(left)?),
    };
    let name = expression::path(name)?;
    let step = name.strip_prefix("steps.")?.strip_suffix(".outcome")?;
    ((value == "failure") == equal && matches!(value.as_str(), "failure" | "success")).then(|| step.to_owned())
}

/// Whether the last thing a step does is to fail.
fn ends(step: Node<'_>) -> bool {
    let Some(run) = step.get("run").and_then(Node::text) else { return false };
    if step.get("continue-on-error").is_some() {
        return false;
    }
    let last = run.lines().map(str::trim).rfind(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default();
    let last = last.rsplit([';', '&']).next().unwrap_or(last).trim();
    let status = last.strip_prefix("exit ").and_then(|rest| rest.trim().parse::<u8>().ok());
    status.is_some_and(|status| status != 0) || last == "false"
}

/// Whether what a step does is done for whoever reads of the run, or begins nothing more than it would after a failure.
fn only_tells(step: Node<'_>) -> bool {
    let published = step.get("uses").and_then(Node::text).is_some_and(|it| it.starts_with("actions/upload-artifact"));
    let told = step.get("run").and_then(Node::text).is_some_and(|run| {
        run.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).all(|line| {
            let first = line.split_whitespace().next().unwrap_or_default();
            matches!(first, "echo" | "cat" | "printf" | "ls")
        })
    });
    published || told
}
