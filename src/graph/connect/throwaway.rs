//! Jobs that make a cluster on their own machine: what they deploy there is tried out, and gone when they end.

use crate::fact::{FactKind, FileFacts, UnitId, UnitKind, UsesTarget};
use crate::rules::programs::Programs;

/// Whether a unit stands in a job that makes such a cluster.
pub(super) fn holds(facts: &FileFacts, unit: UnitId, programs: &Programs) -> bool {
    let Some(job) = job_of(facts, unit) else { return false };
    facts.facts.iter().filter(|fact| fact.unit.and_then(|unit| job_of(facts, unit)) == Some(job)).any(|fact| match &fact.kind {
        FactKind::Command(command) => {
            let words: Vec<&str> = command.words.iter().skip(1).take(2).map(|word| word.text.as_str()).collect();
            programs.makes_a_throwaway_cluster(command.program(), &words.join(" "))
        }
        FactKind::Uses(uses) => match &uses.to {
            UsesTarget::Remote(reference) => programs.is_throwaway_step(reference),
            _ => false,
        },
        _ => false,
    })
}

/// The job around a unit, or the unit that stands for one.
fn job_of(facts: &FileFacts, unit: UnitId) -> Option<UnitId> {
    let mut at = unit;
    // no unit encloses itself, but a bound costs nothing
    for _ in 0..64 {
        let it = facts.units.get(at)?;
        match it.kind {
            UnitKind::Job => return Some(at),
            UnitKind::Workflow => return None,
            _ => at = it.parent?,
        }
    }
    None
}
