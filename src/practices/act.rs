//! The act that a practice is about, first: who asks for the line that shows a check wants the check, and not the training
//! that stands before it.
//!
//! Invariant: only the order of what is told changes, and what was found already is told; no verdict hangs on it.

use std::collections::BTreeSet;

use super::answer::Answer;
use super::clause::Judge;
use super::near::own;
use crate::rules::practice::{Clause, PracticeRule, Select};
use crate::words::{Op, Verdict};

/// Most parts of a rule that are asked for what they are about.
const PARTS: usize = 24;

/// Puts what a met practice is about before what it only stands beside.
pub(super) fn first(judge: &mut Judge<'_>, rule: &PracticeRule, answer: &mut Answer) {
    if answer.standing.verdict != Verdict::Met {
        return;
    }
    // what a rule calls near is what it is about
    let mut about: Vec<&Select> = rule.near.iter().filter_map(named).collect();
    if about.is_empty() {
        rule.met.iter().for_each(|clause| selects(clause, &mut about));
    }
    let acts: BTreeSet<usize> =
        about.into_iter().take(PARTS).flat_map(|select| judge.targets(select)).map(|(signal, _)| signal).collect();
    let shows = |signal: usize| acts.contains(&signal);
    if !answer.signals.iter().any(|signal| shows(*signal)) && !answer.chains.iter().any(|chain| shows(chain.signal)) {
        return;
    }
    answer.signals.sort_by_key(|signal| !shows(*signal));
    answer.chains.sort_by_key(|chain| !shows(chain.signal));
    if !answer.chains.first().is_some_and(|chain| shows(chain.signal)) {
        let mut act = answer.clone();
        act.signals.retain(|signal| shows(*signal));
        let way = judge.way_to(&act);
        answer.chains.splice(0..0, way);
    }
}

/// What a rule names as near.
fn named(clause: &Clause) -> Option<&Select> {
    match clause {
        Clause::Signal(select) => Some(select),
        Clause::Reach(reach) => Some(&reach.to),
        _ => None,
    }
}

/// Whether it is more than that something trains or serves, however it does.
fn is_act(select: &Select) -> bool {
    own(select) && !(select.id.all().is_empty() && select.op.iter().any(|op| matches!(op, Op::Train | Op::Serve)))
}

/// What the parts of a clause are about.
fn selects<'r>(clause: &'r Clause, into: &mut Vec<&'r Select>) {
    let mut add = |select: &'r Select| into.extend(is_act(select).then_some(select));
    match clause {
        Clause::All(parts) | Clause::Any(parts) => parts.iter().for_each(|part| selects(part, into)),
        Clause::Count(count) => count.of.iter().for_each(|part| selects(part, into)),
        Clause::Cap(cap) => selects(&cap.of, into),
        Clause::Signal(select) => add(select),
        Clause::Reach(reach) => match &reach.past {
            Some(past) if is_act(past) => add(past),
            _ => add(&reach.to),
        },
        // a check is what stands before; what it holds back is another matter
        Clause::Before(before) if is_act(&before.first) => add(&before.first),
        Clause::Before(before) => add(&before.then),
        Clause::Tested(tested) => tested.by.iter().for_each(|by| into.extend(is_act(by).then_some(by))),
        _ => {}
    }
}
