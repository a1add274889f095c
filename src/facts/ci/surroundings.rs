//! What services set by themselves: what started a run, and on which branch or tag. A script that asks for it does one
//! thing after a push and another at night, as a condition of the file would say it. What they set stands in
//! `rules/surroundings.yaml`.
//!
//! Invariant: a variable that is not told here for a way of starting may be anything there; a command is only kept from a
//! way of starting where its text cannot run with what is told.

use std::collections::BTreeSet;

use crate::rules::surroundings::Way;
use crate::syntax::shell::{self, Script, Told};
use crate::words::TriggerKind;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::shell::Options;

    fn told(text: &str, known: bool) -> String {
        let script = shell::parse(text, &Options::default());
        let runs = by_ways(&script, Told::default(), &crate::rules::surroundings::built_in().ways(known));
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
