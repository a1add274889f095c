//! What services set by themselves: what started a run, and on which branch or tag. A script that asks for it does one
//! thing after a push and another at night, as a condition of the file would say it.
//!
//! Invariant: a variable that is not told here for a way of starting may be anything there; a command is only kept from a
//! way of starting where its text cannot run with what is told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use crate::syntax::shell::{self, HOLE, Script, Told};
use crate::words::TriggerKind;

/// One way of starting something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Way {
    /// What starts it.
    pub(crate) kind: TriggerKind,
    /// What variables and expressions then may be, with a hole for what only a run knows.
    pub(crate) given: BTreeMap<String, Vec<String>>,
}

/// All ways of starting something.
pub(crate) type Ways = Arc<[Way]>;

/// Whether a command of a text runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Runs {
    /// Why it never does.
    pub(crate) off: Option<String>,
    /// The kinds of trigger with which it does, where that are not all.
    pub(crate) admits: Option<Vec<TriggerKind>>,
}

/// Which commands of a text run, held against every way of starting it. `told` is what holds in all of them.
pub(crate) fn by_ways(script: &Script, told: Told, ways: &[Way]) -> Vec<Runs> {
    let mut runs: Vec<Runs> = shell::ruled_out(script, &told).into_iter().map(|off| Runs { off, admits: None }).collect();
    let names: BTreeSet<&str> = ways.iter().flat_map(|way| way.given.keys().map(String::as_str)).collect();
    let asks = |text: &str| text.contains('$') && names.iter().any(|name| text.contains(name));
    if !script.commands.iter().any(|c| c.conditions.iter().any(|condition| asks(&condition.test)))
        && !script.commands.iter().any(|c| c.assignments.iter().any(|(_, word)| asks(&word.text)))
    {
        return runs;
    }
    let each: Vec<(TriggerKind, Vec<Option<String>>)> =
        ways.iter().map(|way| (way.kind, shell::ruled_out(script, &Told { given: way.given.clone(), ..told.clone() }))).collect();
    for (number, runs) in runs.iter_mut().enumerate().filter(|(_, runs)| runs.off.is_none()) {
        let why = |off: &Vec<Option<String>>| off.get(number).cloned().flatten();
        let admitted: BTreeSet<TriggerKind> = each.iter().filter(|(_, off)| why(off).is_none()).map(|(kind, _)| *kind).collect();
        let all: BTreeSet<TriggerKind> = each.iter().map(|(kind, _)| *kind).collect();
        if admitted.is_empty() {
            runs.off = each.iter().find_map(|(_, off)| why(off));
        } else if admitted != all {
            runs.admits = Some(admitted.into_iter().collect());
        }
    }
    runs
}

static CLOSED: LazyLock<Ways> = LazyLock::new(|| all(true));
static OPEN: LazyLock<Ways> = LazyLock::new(|| all(false));

/// The ways in which services start something. `known`: one of them does; else nothing of what they set may be there.
pub(crate) fn of_any(known: bool) -> Ways {
    if known { CLOSED.clone() } else { OPEN.clone() }
}

fn all(known: bool) -> Ways {
    let one = |kind: &TriggerKind| {
        let mut given: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, values) in set(*kind) {
            let unset = (!known).then(String::new);
            given.insert((*name).to_owned(), values.iter().map(|v| v.replace('~', HOLE)).chain(unset).collect());
        }
        with_expressions(&mut given);
        Way { kind: *kind, given }
    };
    TriggerKind::ALL.iter().map(one).collect()
}

/// Adds what follows from what is there: the short name of a ref, and what the same is called in expressions.
pub(super) fn with_expressions(given: &mut BTreeMap<String, Vec<String>>) {
    if let Some(refs) = given.get("GITHUB_REF") {
        let short = |full: &String| {
            let rest = full.splitn(3, '/').nth(2);
            rest.unwrap_or(full).to_owned()
        };
        let short = refs.iter().map(short).collect();
        given.insert("GITHUB_REF_NAME".to_owned(), short);
    }
    for (variable, expression) in [
        ("GITHUB_EVENT_NAME", "github.event_name"),
        ("GITHUB_REF", "github.ref"),
        ("GITHUB_REF_NAME", "github.ref_name"),
        ("GITHUB_REF_TYPE", "github.ref_type"),
        ("GITHUB_BASE_REF", "github.base_ref"),
        ("GITHUB_HEAD_REF", "github.head_ref"),
    ] {
        if let Some(values) = given.get(variable).cloned() {
            given.insert(expression.to_owned(), values);
        }
    }
}

type Set = &'static [(&'static str, &'static [&'static str])];

/// What services set for a kind of trigger; `~` is what only a run knows. What a person starts may be started on
/// anything, and within anything.
fn set(kind: TriggerKind) -> Set {
    match kind {
        TriggerKind::Push => &[
            // a pull request that is merged counts as a push
            ("GITHUB_EVENT_NAME", &["push", "pull_request", "pull_request_target"]),
            ("GITHUB_REF", &["refs/heads/~"]),
            ("GITHUB_REF_TYPE", &["branch"]),
            ("CI_PIPELINE_SOURCE", &["push"]),
            ("CI_COMMIT_BRANCH", &["~"]),
            ("CI_COMMIT_TAG", &[""]),
            ("CI_MERGE_REQUEST_IID", &[""]),
            ("CIRCLE_BRANCH", &["~"]),
            ("CIRCLE_TAG", &[""]),
            ("BUILD_REASON", &["IndividualCI", "BatchedCI"]),
            ("BUILD_SOURCEBRANCH", &["refs/heads/~"]),
            ("BUILDKITE_SOURCE", &["webhook"]),
            ("BUILDKITE_BRANCH", &["~"]),
            ("BUILDKITE_TAG", &[""]),
            ("TRAVIS_EVENT_TYPE", &["push"]),
            ("TRAVIS_BRANCH", &["~"]),
            ("TRAVIS_TAG", &[""]),
            ("TRAVIS_PULL_REQUEST", &["false"]),
            ("BITBUCKET_BRANCH", &["~"]),
            ("BITBUCKET_TAG", &[""]),
            ("BITBUCKET_PR_ID", &[""]),
        ],
        TriggerKind::Tag => &[
            ("GITHUB_EVENT_NAME", &["push", "release", "create"]),
            ("GITHUB_REF", &["refs/tags/~"]),
            ("GITHUB_REF_TYPE", &["tag"]),
            ("CI_PIPELINE_SOURCE", &["push"]),
            ("CI_COMMIT_BRANCH", &[""]),
            ("CI_COMMIT_TAG", &["~"]),
            ("CI_MERGE_REQUEST_IID", &[""]),
            ("CIRCLE_BRANCH", &[""]),
            ("CIRCLE_TAG", &["~"]),
            ("BUILD_REASON", &["IndividualCI", "BatchedCI"]),
            ("BUILD_SOURCEBRANCH", &["refs/tags/~"]),
            ("BUILDKITE_SOURCE", &["webhook"]),
            ("BUILDKITE_TAG", &["~"]),
            ("TRAVIS_EVENT_TYPE", &["push"]),
            ("TRAVIS_TAG", &["~"]),
            ("TRAVIS_PULL_REQUEST", &["false"]),
            ("BITBUCKET_BRANCH", &[""]),
            ("BITBUCKET_TAG", &["~"]),
            ("BITBUCKET_PR_ID", &[""]),
        ],
        // a push to what is not released yet counts as a pull request
        TriggerKind::Pr => &[
            (
                "GITHUB_EVENT_NAME",
                &[
                    "push",
                    "pull_request",
                    "pull_request_target",
                    "pull_request_review",
                    "pull_request_review_comment",
                    "merge_group",
                ],
            ),
            ("CI_PIPELINE_SOURCE", &["push", "merge_request_event", "external_pull_request_event"]),
            ("CI_COMMIT_TAG", &[""]),
            ("CIRCLE_TAG", &[""]),
            ("BUILD_REASON", &["PullRequest", "IndividualCI", "BatchedCI"]),
            ("BUILDKITE_SOURCE", &["webhook"]),
            ("TRAVIS_EVENT_TYPE", &["push", "pull_request"]),
            ("TRAVIS_TAG", &[""]),
            ("BITBUCKET_TAG", &[""]),
        ],
        TriggerKind::Schedule => &[
            ("GITHUB_EVENT_NAME", &["schedule"]),
            ("GITHUB_REF", &["refs/heads/~"]),
            ("GITHUB_REF_TYPE", &["branch"]),
            ("CI_PIPELINE_SOURCE", &["schedule"]),
            ("CI_MERGE_REQUEST_IID", &[""]),
            ("CIRCLE_TAG", &[""]),
            ("BUILD_REASON", &["Schedule"]),
            ("BUILD_SOURCEBRANCH", &["refs/heads/~"]),
            ("BUILDKITE_SOURCE", &["schedule"]),
            ("BUILDKITE_TAG", &[""]),
            ("TRAVIS_EVENT_TYPE", &["cron"]),
            ("TRAVIS_TAG", &[""]),
            ("TRAVIS_PULL_REQUEST", &["false"]),
            ("BITBUCKET_TAG", &[""]),
            ("BITBUCKET_PR_ID", &[""]),
        ],
        TriggerKind::Api => &[
            ("GITHUB_EVENT_NAME", &["repository_dispatch"]),
            ("CI_PIPELINE_SOURCE", &["api", "trigger"]),
            ("BUILDKITE_SOURCE", &["api"]),
            ("TRAVIS_EVENT_TYPE", &["api"]),
        ],
        TriggerKind::Upstream => &[
            (
                "GITHUB_EVENT_NAME",
                &["workflow_run", "deployment", "deployment_status", "check_run", "check_suite", "status", "page_build"],
            ),
            ("CI_PIPELINE_SOURCE", &["pipeline", "parent_pipeline"]),
            ("BUILD_REASON", &["BuildCompletion", "ResourceTrigger"]),
            ("BUILDKITE_SOURCE", &["trigger_job"]),
        ],
        TriggerKind::Registry => &[("GITHUB_EVENT_NAME", &["registry_package"])],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::shell::Options;

    fn told(text: &str, known: bool) -> String {
        let script = shell::parse(text, &Options::default());
        let runs = by_ways(&script, Told::default(), &of_any(known));
        let last = runs.last().cloned().unwrap_or_default();
        match (last.off, last.admits) {
            (Some(_), _) => "never".to_owned(),
            (None, Some(kinds)) => kinds.iter().map(|kind| format!("{kind:?}")).collect::<Vec<_>>().join(" "),
            (None, None) => "always".to_owned(),
        }
    }

    #[test]
    fn a_script_that_asks_what_started_it_runs_for_that_alone() {
        let nightly = "if [ \"$GITHUB_EVENT_NAME\" = schedule ]; then x; fi";
        assert_eq!(told(nightly, true), "Schedule Data Alert Manual");
        assert_eq!(told("if [ \"$CIRCLE_TAG\" ]; then x; fi", true), "Tag Data Registry Alert Upstream Api Manual");
        assert_eq!(told("case $CI_PIPELINE_SOURCE in web) x;; esac", true), "Data Registry Alert Manual");
        assert_eq!(told("[ \"${{ github.ref_name }}\" = main ] && x", true), "always");
        assert_eq!(told("if [ \"$GITHUB_REF\" != \"\" ]; then exit; fi; x", true), "Pr Data Registry Alert Upstream Api Manual");
        // nothing of that may be set where no service runs it
        assert_eq!(told("if [ \"$GITHUB_REF\" != \"\" ]; then exit; fi; x", false), "always");
        assert_eq!(told("if [ \"$SIZE\" = big ]; then x; fi", true), "always");
    }
}
