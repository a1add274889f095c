//! What the guards of a unit come to: for whom it runs, whether its failure counts, and whether only a failure starts it
//! (then it is off, but a way for what undoes or tells: `rescue`).

use super::Build;
use crate::fact::{Fact, FactKind, FileFacts, Guard, Trigger, Unit, UnitKind};
use crate::words::TriggerKind;

impl Build<'_> {
    /// What the guards of a unit, among its `own` facts, come to; `stated` are the facts of every unit.
    pub(super) fn guards(&self, facts: &FileFacts, unit: &Unit, own: &[&Fact], stated: &[Vec<&Fact>]) -> Gate {
        let mut gate = Gate::default();
        for fact in own {
            let FactKind::Guard(guard) = &fact.kind else { continue };
            match guard {
                Guard::If(text) => gate.condition = Some(text.clone()),
                Guard::Never(word) => gate.never(format!("switched off by `{word}`")),
                Guard::Repository(name) => {
                    if let Some(remote) = &self.checkout.remote
                        && !same_repository(remote, name)
                    {
                        gate.never(format!("runs only in {name}, and this is {remote}"));
                    }
                }
                Guard::Ref(patterns) => {
                    let tags = patterns.iter().all(|p| p.starts_with("refs/tags"));
                    gate.limit(if tags { &[TriggerKind::Tag] } else { TriggerKind::ON_A_BRANCH }, format!("{patterns:?}"));
                }
                Guard::Event(kinds) => gate.limit(kinds, format!("{kinds:?}")),
                Guard::AllowFailure(word) => gate.discarded = Some(word.clone()),
                Guard::Always(_) => gate.anyway = true,
                Guard::AfterFailure(word) => {
                    gate.rescue = gate.off.is_none();
                    gate.off.get_or_insert_with(|| format!("it runs only after a failure (`{word}`)"));
                }
            }
        }
        // a limit to triggers that a called workflow does not name itself says nothing
        let mut top = unit.parent;
        while let Some(parent) = top.and_then(|u| facts.units.get(u)).and_then(|u| u.parent) {
            top = Some(parent);
        }
        let of_top = top.and_then(|top| stated.get(top)).map_or(&[][..], Vec::as_slice);
        let states = |asked: fn(&Trigger) -> bool| of_top.iter().any(|f| matches!(&f.kind, FactKind::Trigger(t) if asked(t)));
        // a workflow that states no trigger at all is a part of one that does
        let is_part = top.and_then(|u| facts.units.get(u)).is_some_and(|u| u.kind == UnitKind::Workflow) && !states(|_| true);
        if !(is_part || states(|t| !t.is_call())) || unit.parent.is_none() {
            gate.events = None;
        }
        gate
    }
}

/// What the guards of a unit come to.
#[derive(Debug, Default)]
pub(super) struct Gate {
    pub(super) off: Option<String>,
    pub(super) discarded: Option<String>,
    pub(super) condition: Option<String>,
    /// It runs only after a failure.
    pub(super) rescue: bool,
    pub(super) events: Option<Vec<TriggerKind>>,
    pub(super) asks: String,
    /// It runs whatever became of what stands before it.
    pub(super) anyway: bool,
}

impl Gate {
    fn never(&mut self, why: String) {
        (self.off, self.rescue) = (Some(why), false);
    }

    fn limit(&mut self, kinds: &[TriggerKind], asks: String) {
        self.asks.push_str(&asks);
        self.events = Some(match self.events.take() {
            Some(known) => known.into_iter().filter(|k| kinds.contains(k)).collect(),
            None => kinds.to_vec(),
        });
    }
}

fn same_repository(remote: &str, name: &str) -> bool {
    match name.strip_suffix('/') {
        Some(owner) => remote.split('/').next().is_some_and(|o| o.eq_ignore_ascii_case(owner)),
        None => remote.eq_ignore_ascii_case(name),
    }
}
