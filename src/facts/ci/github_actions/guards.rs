//! `if:` and `continue-on-error:` — what holds a job or step back, or fails to.

use crate::fact::{Fact, FactKind, FileFacts, Guard, UnitId};
use crate::syntax::tree::Node;
use crate::words::TriggerKind;

/// Reads the guards of a job or step.
pub(super) fn read(node: Node<'_>, unit: UnitId, facts: &mut FileFacts) {
    if let Some(condition) = node.get("if")
        && let Some(text) = condition.text()
    {
        let line = node.key_line("if").unwrap_or_else(|| condition.line());
        for guard in condition_guards(text) {
            push(facts, unit, line, guard);
        }
    }
    if let Some(allowed) = node.get("continue-on-error") {
        let literal_no = allowed.as_bool() == Some(false) || allowed.text() == Some("false");
        if !literal_no {
            let line = node.key_line("continue-on-error").unwrap_or_else(|| allowed.line());
            push(facts, unit, line, Guard::AllowFailure("continue-on-error".to_owned()));
        }
    }
}

fn push(facts: &mut FileFacts, unit: UnitId, line: u32, guard: Guard) {
    facts.facts.push(Fact { unit: Some(unit), line, end_line: line, kind: FactKind::Guard(guard) });
}

/// Whether a condition lets a job run although one it needs failed.
pub(super) fn runs_after_failure(text: &str) -> bool {
    ["always()", "failure()", "cancelled()"].iter().any(|word| text.contains(word))
}

/// The guards a condition comes to. What joins its parts with `||` is not taken apart.
fn condition_guards(text: &str) -> Vec<Guard> {
    let whole = text.trim();
    let inner = whole.strip_prefix("${{").and_then(|t| t.strip_suffix("}}")).map_or(whole, str::trim);
    if inner == "false" {
        return vec![Guard::Never("if: false".to_owned())];
    }
    if inner == "true" || inner.is_empty() {
        return Vec::new();
    }
    // text outside of the braces makes a non-empty string, which is always true
    if whole.contains("${{") && !(whole.starts_with("${{") && whole.ends_with("}}") && whole.matches("${{").count() == 1) {
        return vec![Guard::Always(format!("`{whole}` is a text that is always true"))];
    }
    if inner.contains("||") {
        return either(inner);
    }
    let mut guards: Vec<Guard> = Vec::new();
    let mut rest = Vec::new();
    for part in inner.split("&&").map(|p| p.trim().trim_matches(['(', ')']).trim()) {
        match single(part) {
            Some(guard) => guards.push(guard),
            None if part == "success()" => {}
            None => rest.push(part),
        }
    }
    if !rest.is_empty() {
        guards.push(Guard::If(rest.join(" && ")));
    }
    guards
}

/// Alternatives that are all about what started the workflow come to one list of triggers.
fn either(text: &str) -> Vec<Guard> {
    let mut kinds: Vec<TriggerKind> = Vec::new();
    for part in text.split("||").map(|p| p.trim().trim_matches(['(', ')']).trim()) {
        match single(part) {
            Some(Guard::Event(more)) => kinds.extend(more),
            Some(Guard::Always(word)) => return vec![Guard::Always(word)],
            _ => return vec![Guard::If(text.to_owned())],
        }
    }
    vec![Guard::Event(kinds)]
}

/// One comparison whose meaning is known.
fn single(part: &str) -> Option<Guard> {
    if runs_after_failure(part) && !part.contains("==") {
        return Some(Guard::Always(part.to_owned()));
    }
    if let Some(tag) = part.strip_prefix("startsWith(github.ref,") {
        let value = quoted(tag)?;
        return Some(Guard::Ref(vec![value]));
    }
    let (left, right, equal) = match part.split_once("==") {
        Some((left, right)) => (left.trim(), right.trim(), true),
        None => {
            let (left, right) = part.split_once("!=")?;
            (left.trim(), right.trim(), false)
        }
    };
    let value = quoted(right)?;
    match (left, equal) {
        ("github.repository", true) => Some(Guard::Repository(value)),
        ("github.repository_owner", true) => Some(Guard::Repository(format!("{value}/"))),
        ("github.ref" | "github.ref_name" | "github.head_ref" | "github.base_ref", true) if left != "github.base_ref" && left != "github.head_ref" => {
            Some(Guard::Ref(vec![value]))
        }
        ("github.ref_type", true) => Some(Guard::Ref(vec![if value == "tag" { "refs/tags/*".to_owned() } else { value }])),
        ("github.event_name", equal) => {
            let named = events(&value);
            Some(Guard::Event(if equal { named } else { TriggerKind::ALL.iter().copied().filter(|k| !named.contains(k)).collect() }))
        }
        _ => None,
    }
}

fn events(name: &str) -> Vec<TriggerKind> {
    match name {
        "push" => vec![TriggerKind::Push, TriggerKind::Tag],
        "pull_request" | "pull_request_target" => vec![TriggerKind::Pr],
        "schedule" => vec![TriggerKind::Schedule],
        "release" => vec![TriggerKind::Tag],
        "repository_dispatch" => vec![TriggerKind::Api],
        "workflow_run" => vec![TriggerKind::Upstream],
        _ => vec![TriggerKind::Manual],
    }
}

/// The text between the first pair of quotes.
fn quoted(text: &str) -> Option<String> {
    let open = text.find(['\'', '"'])?;
    let rest = &text[open + 1..];
    let close = rest.find(['\'', '"'])?;
    Some(rest[..close].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_told_apart() {
        assert_eq!(condition_guards("false"), [Guard::Never("if: false".into())]);
        assert_eq!(condition_guards("${{ github.repository == 'a/b' }}"), [Guard::Repository("a/b".into())]);
        assert!(matches!(condition_guards("${{ steps.plan.outcome }} == 'success'")[..], [Guard::Always(_)]));
        assert_eq!(condition_guards("github.event_name == 'schedule' || github.event_name == 'push'").len(), 1);
        assert_eq!(
            condition_guards("github.ref == 'refs/heads/main' && needs.drift.outputs.found == 'true'"),
            [Guard::Ref(vec!["refs/heads/main".into()]), Guard::If("needs.drift.outputs.found == 'true'".into())]
        );
    }
}
