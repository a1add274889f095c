//! `if:` and `continue-on-error:` — what holds a job or step back, or fails to.
//!
//! A condition is taken apart at `&&`, `||` and `!`; what is about triggers, refs and the repository becomes a guard
//! of its own, what is known from the file is decided, and the rest is kept as it is written.

use super::expression::{self, Expression};
use super::triggers::{self, Event, Started};
use super::{Known, Reading};
use crate::fact::{FactKind, Guard, UnitId, UnitKind};
use crate::rules::surroundings::Way;
use crate::syntax::shell;
use crate::syntax::tree::Node;
use crate::words::TriggerKind;

/// Which failures of the jobs it needs keep a job away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Heeds {
    /// It runs although a job that it needs failed.
    pub(super) runs: bool,
    /// Needed jobs whose success the condition asks for all the same; `*` for all.
    pub(super) but: Vec<String>,
}

impl Heeds {
    /// Whether it stays away when that job fails.
    pub(super) fn stops_on(&self, job: &str) -> bool {
        !self.runs || self.but.iter().any(|b| b == job || b == "*")
    }
}

/// Reads the guards of a job or step.
pub(super) fn read(node: Node<'_>, unit: UnitId, known: &Known, reading: &mut Reading<'_>) -> Heeds {
    let mut after = Heeds::default();
    if let Some(condition) = node.get("if") {
        let line = node.key_line("if").unwrap_or_else(|| condition.line());
        match condition.text() {
            Some(text) if is_always_true(text) => {
                let value = format!("`{}` is a text that is always true", one_line(text));
                reading.fact(unit, line, FactKind::Setting { key: "if".to_owned(), value });
            }
            Some(text) => {
                let ways = reading.ways.clone();
                let is_step = reading.facts.units.get(unit).is_some_and(|u| u.kind == UnitKind::Step);
                let (guards, answer) = of_condition(text, known, reading.own, ways.as_deref().unwrap_or(&[]));
                for guard in guards {
                    // a step that asks for what another came to is held by it all the same
                    if is_step && matches!(guard, Guard::Always(_)) && !answer.but.is_empty() {
                        continue;
                    }
                    reading.fact(unit, line, FactKind::Guard(guard));
                }
                after = answer;
            }
            None => reading.wrong(line, "`if` is no condition"),
        }
    }
    if let Some(allowed) = node.get("continue-on-error") {
        let line = node.key_line("continue-on-error").unwrap_or_else(|| allowed.line());
        let text = allowed.text().unwrap_or("").trim();
        let value = expression::substitute(text, &|name| known.value(name));
        match value.as_str() {
            "false" | "" => {}
            "true" => reading.fact(unit, line, FactKind::Guard(Guard::AllowFailure("continue-on-error".to_owned()))),
            _ => reading.fact(unit, line, FactKind::Guard(Guard::AllowFailure(format!("continue-on-error: {text}")))),
        }
    }
    after
}

/// Text outside of the braces makes a non-empty string, which is always true: `${{ x }} == 'y'`.
fn is_always_true(text: &str) -> bool {
    let text = text.trim();
    let whole = text.strip_prefix("${{").and_then(|t| t.strip_suffix("}}")).is_some_and(|inner| !inner.contains("${{"));
    text.contains("${{") && !whole
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a condition, or a part of it, asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Asked {
    never: bool,
    /// It names a status function that lets it run after a failure.
    always: Option<String>,
    /// It asks that something before it failed.
    failed: Option<String>,
    events: Option<Vec<TriggerKind>>,
    refs: Vec<Vec<String>>,
    repositories: Vec<String>,
    /// Needed jobs that must have succeeded.
    succeeded: Vec<String>,
    rest: Vec<String>,
}

impl Asked {
    fn limit(&mut self, kinds: Vec<TriggerKind>) {
        self.events = Some(match self.events.take() {
            Some(known) => known.into_iter().filter(|k| kinds.contains(k)).collect(),
            None => kinds,
        });
    }

    /// The triggers it leaves, where it asks for any or for refs that only some have.
    fn kinds(&self) -> Option<Vec<TriggerKind>> {
        let mut all = self.clone();
        for refs in &self.refs {
            let tags = refs.iter().all(|r| r.starts_with("refs/tags"));
            let kinds = if tags { &[TriggerKind::Tag][..] } else { TriggerKind::ON_A_BRANCH };
            all.limit(kinds.to_vec());
        }
        all.events
    }

    /// It asks for nothing that may be missing.
    fn is_free(&self) -> bool {
        !self.never
            && self.failed.is_none()
            && self.events.is_none()
            && self.refs.is_empty()
            && self.repositories.is_empty()
            && self.rest.is_empty()
    }
}

/// What the parts of a condition are judged by.
struct Facts<'k> {
    known: &'k Known,
    started: Started,
    /// The condition asks whether a pull request was merged, which is told as a push.
    merged: bool,
    /// The ways in which the workflow is started, where it says so.
    ways: &'k [Way],
}

impl Facts<'_> {
    /// What the refs that a part asks for leave of the ways in which the workflow is started.
    fn on_refs(&self, asked: &mut Asked) {
        for refs in &asked.refs.clone() {
            let fits = |way: &Way, full: &str| {
                let name = if full.starts_with("refs/") { "github.ref" } else { "github.ref_name" };
                way.given.get(name).is_none_or(|values| values.iter().any(|value| shell::may_be(full, value)))
            };
            let open = |way: &&Way| refs.iter().any(|full| full.contains(' ') || fits(way, full));
            let tags = refs.iter().all(|r| r.starts_with("refs/tags"));
            // others are left out by the kind of ref already
            let plain = if tags { &[TriggerKind::Tag][..] } else { TriggerKind::ON_A_BRANCH };
            let left: Vec<TriggerKind> = self.ways.iter().filter(open).map(|way| way.kind).collect();
            asked.never |= !self.ways.is_empty() && left.is_empty();
            if self.ways.iter().any(|way| plain.contains(&way.kind) && !left.contains(&way.kind)) {
                asked.limit(left);
            }
        }
    }
}

/// The guards that a condition comes to.
fn of_condition(text: &str, known: &Known, started: Started, ways: &[Way]) -> (Vec<Guard>, Heeds) {
    let whole = text.trim();
    let inner = whole.strip_prefix("${{").and_then(|t| t.strip_suffix("}}")).map_or(whole, str::trim);
    if inner.is_empty() && whole.is_empty() {
        return (Vec::new(), Heeds::default());
    }
    let facts = Facts { known, started, merged: inner.contains("pull_request.merged"), ways };
    let asked = judge(&expression::parse(inner), false, &facts);
    let shown = one_line(inner);
    if asked.never {
        return (vec![Guard::Never(format!("if: {shown}"))], Heeds::default());
    }
    let mut guards = Vec::new();
    guards.extend(asked.repositories.into_iter().map(Guard::Repository));
    guards.extend(asked.refs.into_iter().map(Guard::Ref));
    guards.extend(asked.events.map(Guard::Event));
    let after = Heeds { runs: asked.always.is_some(), but: asked.succeeded };
    guards.extend(match (asked.failed, asked.always) {
        (Some(word), _) => Some(Guard::AfterFailure(word)),
        (None, always) => always.map(Guard::Always),
    });
    if !asked.rest.is_empty() {
        guards.push(Guard::If(asked.rest.join(" && ")));
    }
    (guards, after)
}

/// Recursion ends where the parser's does.
fn judge(expression: &Expression<'_>, negated: bool, facts: &Facts<'_>) -> Asked {
    match (expression, negated) {
        (Expression::Not(inner), _) => judge(inner, !negated, facts),
        (Expression::And(parts), false) | (Expression::Or(parts), true) => all(parts.iter().map(|p| judge(p, negated, facts))),
        (Expression::Or(parts), false) | (Expression::And(parts), true) => {
            any(parts.iter().map(|p| judge(p, negated, facts)).collect(), &written(expression, negated))
        }
        (Expression::Leaf(text), _) => leaf(text, negated, facts),
    }
}

/// A part of a condition as text again.
fn written(expression: &Expression<'_>, negated: bool) -> String {
    let text = match expression {
        Expression::Leaf(text) => one_line(text),
        Expression::Not(inner) => return written(inner, !negated),
        Expression::Or(parts) => format!("({})", parts.iter().map(|p| written(p, false)).collect::<Vec<_>>().join(" || ")),
        Expression::And(parts) => format!("({})", parts.iter().map(|p| written(p, false)).collect::<Vec<_>>().join(" && ")),
    };
    if negated { format!("!{text}") } else { text }
}

fn all(parts: impl Iterator<Item = Asked>) -> Asked {
    parts.fold(Asked::default(), |mut sum, part| {
        sum.never |= part.never;
        sum.always = sum.always.take().or(part.always);
        sum.failed = sum.failed.take().or(part.failed);
        if let Some(kinds) = part.events {
            sum.limit(kinds);
        }
        sum.refs.extend(part.refs);
        sum.repositories.extend(part.repositories);
        sum.succeeded.extend(part.succeeded);
        sum.rest.extend(part.rest);
        sum
    })
}

fn any(parts: Vec<Asked>, text: &str) -> Asked {
    let mut parts: Vec<Asked> = parts.into_iter().filter(|p| !p.never).collect();
    match parts.len() {
        0 => return Asked { never: true, ..Asked::default() },
        1 => return parts.swap_remove(0),
        _ => {}
    }
    let mut sum = Asked { always: parts.iter().find_map(|p| p.always.clone()), ..Asked::default() };
    if parts.iter().all(|p| p.failed.is_some()) {
        sum.failed = Some(text.to_owned());
        return sum;
    }
    if parts.iter().any(Asked::is_free) {
        return sum;
    }
    let only_refs = |p: &Asked| p.events.is_none() && p.repositories.is_empty() && p.rest.is_empty() && p.refs.len() == 1;
    if parts.iter().all(only_refs) {
        sum.refs.push(parts.into_iter().flat_map(|p| p.refs).flatten().collect());
        return sum;
    }
    if let Some(kinds) = parts.iter().map(Asked::kinds).collect::<Option<Vec<_>>>() {
        let mut union: Vec<TriggerKind> = kinds.into_iter().flatten().collect();
        union.sort();
        union.dedup();
        sum.events = Some(union);
        if parts.iter().all(|p| p.rest.is_empty() && p.repositories.is_empty()) {
            return sum;
        }
    }
    sum.rest.push(text.to_owned());
    sum
}

/// One comparison or call.
fn leaf(text: &str, negated: bool, facts: &Facts<'_>) -> Asked {
    let text = text.trim();
    let mut asked = Asked::default();
    let shown = || if negated { format!("!{}", one_line(text)) } else { one_line(text) };
    let status = text.strip_suffix("()").map(str::trim).unwrap_or("");
    match (status.to_ascii_lowercase().as_str(), negated) {
        ("always", false) => asked.always = Some("always()".to_owned()),
        ("cancelled", true) => asked.always = Some("!cancelled()".to_owned()),
        ("always", true) => asked.never = true,
        // after a failure only
        ("failure" | "cancelled", false) | ("success", true) => {
            asked.always = Some(shown());
            asked.failed = Some(shown());
        }
        ("success", false) | ("failure", true) => asked.succeeded.push("*".to_owned()),
        _ => {
            let known = decided(text, facts.known);
            if let Some(truth) = known {
                asked.never = truth == negated;
                return asked;
            }
            if !about_the_start(text, negated, facts, &mut asked) {
                asked.rest.push(shown());
            }
            facts.on_refs(&mut asked);
        }
    }
    asked
}

/// Whether it holds, where the file itself says so: literals, variables with literal values, cells of the matrix (of
/// which one is enough).
fn decided(text: &str, known: &Known) -> Option<bool> {
    if let Some((left, right, equal)) = expression::comparison(text) {
        let (name, value) = match (expression::literal(left), expression::literal(right)) {
            (Some(left), Some(right)) => return Some(left.eq_ignore_ascii_case(&right) == equal),
            (None, Some(value)) => (left, value),
            (Some(value), None) => (right, value),
            (None, None) => return None,
        };
        let values = known.values(&expression::path(name)?);
        let holds = |v: &String| v.eq_ignore_ascii_case(&value) == equal;
        return (!values.is_empty()).then(|| values.iter().any(holds));
    }
    match text {
        "false" | "0" | "''" | "null" => Some(false),
        "" => None,
        _ => match expression::literal(text) {
            Some(_) => Some(true),
            None => {
                let values = known.values(&expression::path(text)?);
                (!values.is_empty()).then(|| values.iter().any(|v| !matches!(v.as_str(), "" | "false" | "0")))
            }
        },
    }
}

/// What is about who or what started the run, on which ref, in which repository. False where it is not understood.
fn about_the_start(text: &str, negated: bool, facts: &Facts<'_>, asked: &mut Asked) -> bool {
    if let Some(arguments) = expression::call(text, "startsWith").filter(|_| !negated) {
        return starts_with(&arguments, asked);
    }
    if let Some(arguments) = expression::call(text, "contains") {
        return contains(&arguments, negated, facts, asked);
    }
    let (name, value, equal) = match expression::comparison(text) {
        Some((left, right, equal)) => {
            // either side may be the literal
            let (name, value) = if expression::literal(left).is_some() { (right, left) } else { (left, right) };
            (name, Some(value), equal != negated)
        }
        None => (text, None, !negated),
    };
    let Some(name) = expression::path(name) else { return false };
    let literal = value.and_then(expression::literal);
    match (name.as_str(), literal.as_deref()) {
        ("github.repository", Some(value)) if equal => asked.repositories.push(value.to_owned()),
        ("github.repository_owner", Some(value)) if equal => asked.repositories.push(format!("{value}/")),
        ("github.event_name", Some(value)) => return by_event(value, equal, facts, asked),
        ("github.ref", Some(value)) if equal => asked.refs.push(vec![value.to_owned()]),
        ("github.ref_name", Some(value)) if equal => asked.refs.push(vec![value.to_owned()]),
        ("github.ref", None) | ("github.ref_name", None) if equal && value.is_some_and(|v| v.contains("default_branch")) => {
            asked.refs.push(vec!["the default branch".to_owned()]);
        }
        ("github.ref_type", Some("tag")) if equal => asked.refs.push(vec!["refs/tags/*".to_owned()]),
        ("github.ref_type", Some("branch")) if equal => asked.refs.push(vec!["refs/heads/*".to_owned()]),
        ("github.base_ref" | "github.head_ref", Some(value)) if equal && !value.is_empty() => {
            asked.limit(pull_requests(facts));
            asked.rest.push(one_line(text));
        }
        (name, _) => {
            if let Some(job) = name.strip_prefix("needs.").and_then(|n| n.strip_suffix(".result"))
                && literal.as_deref() == Some("success")
                && equal
            {
                asked.succeeded.push(job.to_owned());
                return true;
            }
            if name.starts_with("steps.")
                && name.rsplit('.').next().is_some_and(|last| matches!(last, "outcome" | "conclusion"))
                && literal.as_deref() == Some("success")
                && equal
            {
                asked.succeeded.push(name.to_owned());
                return true;
            }
            // nobody gives inputs to what starts by itself
            if name.starts_with("inputs.") && facts.started.own_inputs && equal && literal.as_deref().is_none_or(is_given) {
                asked.limit(vec![TriggerKind::Manual]);
                asked.rest.push(one_line(text));
                return true;
            }
            return name
                .strip_prefix("github.event.")
                .is_some_and(|field| equal && by_payload(field, literal.as_deref(), text, facts, asked));
        }
    }
    true
}

/// Whether a value is another than the empty one, which an input has that nobody gives.
fn is_given(value: &str) -> bool {
    !matches!(value, "" | "false" | "0")
}

fn starts_with(arguments: &[&str], asked: &mut Asked) -> bool {
    let [subject, value] = arguments else { return false };
    let Some(value) = expression::literal(value) else { return false };
    match *subject {
        "github.ref" => asked.refs.push(vec![format!("{value}*")]),
        "github.repository" => match value.split_once('/') {
            Some((owner, "")) => asked.repositories.push(format!("{owner}/")),
            _ => return false,
        },
        "github.event.ref" => asked.refs.push(vec![format!("{value}*")]),
        _ => return false,
    }
    true
}

fn contains(arguments: &[&str], negated: bool, facts: &Facts<'_>, asked: &mut Asked) -> bool {
    let [list, item] = arguments else { return false };
    // one of several events
    if *item == "github.event_name"
        && let Some(names) = expression::json_strings(list)
    {
        let kinds: Option<Vec<Vec<TriggerKind>>> = names.iter().map(|name| kinds_of(name, facts)).collect();
        let Some(kinds) = kinds else { return false };
        let named: Vec<TriggerKind> = kinds.into_iter().flatten().collect();
        asked.limit(if negated { others(&named, facts) } else { named });
        return true;
    }
    let literal = expression::literal(item);
    match (*list, literal.as_deref()) {
        ("github.ref", Some(value)) if !negated && value.contains("refs/tags") => asked.refs.push(vec![format!("{value}*")]),
        // nothing that was needed failed
        ("needs.*.result", Some("failure")) if negated => asked.succeeded.push("*".to_owned()),
        (list, _) => {
            let text = format!("contains({list}, {item})");
            let field = list.strip_prefix("github.event.");
            return !negated && field.is_some_and(|field| by_payload(field, None, &text, facts, asked));
        }
    }
    true
}

fn by_event(name: &str, equal: bool, facts: &Facts<'_>, asked: &mut Asked) -> bool {
    let Some(named) = kinds_of(name, facts) else { return false };
    asked.limit(if equal { named } else { others(&named, facts) });
    true
}

/// Triggers other than those; a tag may be there by more than one event.
fn others(named: &[TriggerKind], facts: &Facts<'_>) -> Vec<TriggerKind> {
    let tags_stay = facts.started.tags_by_push && facts.started.tags_by_release;
    TriggerKind::ALL.iter().copied().filter(|k| !named.contains(k) || (*k == TriggerKind::Tag && tags_stay)).collect()
}

fn kinds_of(name: &str, facts: &Facts<'_>) -> Option<Vec<TriggerKind>> {
    match (triggers::event(name), name) {
        (_, "push") => {
            let tag = facts.started.tags_by_push.then_some(TriggerKind::Tag);
            Some([TriggerKind::Push].into_iter().chain(tag).collect())
        }
        (Event::Starts(TriggerKind::Pr), _) => Some(pull_requests(facts)),
        (Event::Starts(kind), _) => Some(vec![kind]),
        _ => None,
    }
}

fn pull_requests(facts: &Facts<'_>) -> Vec<TriggerKind> {
    // one that was merged is told as a push
    if facts.merged { vec![TriggerKind::Push] } else { vec![TriggerKind::Pr] }
}

/// A field that only some events carry.
fn by_payload(field: &str, value: Option<&str>, text: &str, facts: &Facts<'_>, asked: &mut Asked) -> bool {
    let (first, inner) = field.split_once('.').unwrap_or((field, ""));
    let kinds = match first {
        // somebody must have put it there
        "pull_request" | "issue" if inner.starts_with("labels.") => vec![TriggerKind::Manual],
        "pull_request" => pull_requests(facts),
        // one that is not among those of the workflow starts nothing
        "schedule" => match value.map(str::trim) {
            Some(asked) if !facts.known.clocks.is_empty() && facts.known.clocks.iter().all(|cron| cron != asked) => Vec::new(),
            _ => vec![TriggerKind::Schedule],
        },
        "workflow_run" | "deployment_status" | "deployment" | "check_suite" | "check_run" => vec![TriggerKind::Upstream],
        "client_payload" => vec![TriggerKind::Api],
        "inputs" | "issue" | "comment" | "discussion" => vec![TriggerKind::Manual],
        "release" => vec![TriggerKind::Tag],
        "label" => vec![TriggerKind::Manual],
        "registry_package" => vec![TriggerKind::Registry],
        "head_commit" | "commits" => vec![TriggerKind::Push],
        _ => return false,
    };
    asked.limit(kinds);
    // what the kind of trigger already says
    let said = match (first, inner) {
        ("pull_request", "merged") => value.is_none_or(|v| v == "true"),
        ("workflow_run" | "check_suite" | "check_run", "conclusion") | ("deployment_status", "state") => value == Some("success"),
        (_, "") => value.is_none(),
        _ => false,
    };
    if !said {
        asked.rest.push(one_line(text));
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(condition: &str, expected: &str) {
        let mut known = Known::default();
        known.env.insert("RUN".into(), "no".into());
        known.cells = vec![[("matrix.size".to_owned(), "big".to_owned())].into()].into();
        let started = Started { tags_by_push: true, ..Started::default() };
        let (guards, after) = of_condition(condition, &known, started, &[]);
        let mut shown: Vec<String> = guards.iter().map(|g| format!("{g:?}").replace('"', "'")).collect();
        if after.runs {
            shown.push(format!("after failures but {:?}", after.but).replace('"', "'"));
        }
        assert_eq!(shown.join("; "), expected, "{condition}");
    }

    #[test]
    fn what_is_never_and_what_is_always() {
        check("false", "Never('if: false')");
        check("${{ false && x }}", "Never('if: false && x')");
        check("env.RUN == 'yes'", "Never('if: env.RUN == 'yes'')");
        check("env.RUN != 'yes'", "");
        check("matrix.size == 'big'", "");
        check("matrix.size == 'small'", "Never('if: matrix.size == 'small'')");
        check("true", "");
        check("success()", "");
        check("always()", "Always('always()'); after failures but []");
        check("always() && (failure() || cancelled())", "AfterFailure('(failure() || cancelled())'); after failures but []");
        check("success() || failure()", "Always('failure()'); after failures but []");
        check("failure()", "AfterFailure('failure()'); after failures but []");
        check("${{ !cancelled() && needs.fit.result == 'success' }}", "Always('!cancelled()'); after failures but ['fit']");
        check("always() && !contains(needs.*.result, 'failure')", "Always('always()'); after failures but ['*']");
        assert!(is_always_true("${{ steps.plan.outcome }} == 'success'"));
        assert!(is_always_true("${{ a }} && ${{ b }}"));
        assert!(!is_always_true("${{ a && b }}"));
    }

    #[test]
    fn what_started_it() {
        check("github.event_name == 'schedule' || github.event_name == 'workflow_dispatch'", "Event([Schedule, Manual])");
        check("github.event_name == 'push' && github.ref == 'refs/heads/main'", "Ref(['refs/heads/main']); Event([Push, Tag])");
        check(
            "github.event_name == 'schedule' || (github.event_name == 'push' && github.ref == 'refs/heads/main')",
            "Event([Push, Schedule])",
        );
        check("contains(fromJSON('[\"push\", \"release\"]'), github.event_name)", "Event([Push, Tag, Tag])");
        check(
            "!(github.event_name == 'pull_request' || github.event_name == 'workflow_dispatch')",
            "Event([Push, Tag, Schedule, Data, Registry, Alert, Upstream, Api])",
        );
        check("github.event.workflow_run.conclusion == 'success'", "Event([Upstream])");
        check(
            "github.event.workflow_run.conclusion == 'failure'",
            "Event([Upstream]); If('github.event.workflow_run.conclusion == 'failure'')",
        );
        check(
            "github.event.pull_request.merged == true && github.base_ref == 'main'",
            "Event([Push]); If('github.base_ref == 'main'')",
        );
        check("github.event.pull_request.merged == true", "Event([Push])");
        check("!contains(github.event.head_commit.message, 'skip')", "If('!contains(github.event.head_commit.message, 'skip')')");
    }

    #[test]
    fn where_it_runs() {
        check("startsWith(github.ref, 'refs/tags/v')", "Ref(['refs/tags/v*'])");
        check("github.ref == 'refs/heads/main' || github.ref == 'refs/heads/dev'", "Ref(['refs/heads/main', 'refs/heads/dev'])");
        check("'a/b' == github.repository", "Repository('a/b')");
        check(
            "github.repository_owner == 'a' && needs.drift.outputs.found == 'true'",
            "Repository('a/'); If('needs.drift.outputs.found == 'true'')",
        );
        check("github.repository != 'a/b'", "If('github.repository != 'a/b'')");
        check(
            "vars.ON == 'true' || github.ref == 'refs/heads/main'",
            "If('(vars.ON == 'true' || github.ref == 'refs/heads/main')')",
        );
    }
}
