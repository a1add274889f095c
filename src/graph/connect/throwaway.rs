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
        // a copy of the cloud on the machine of the job
        FactKind::Setting { key, value } => key.starts_with("AWS_ENDPOINT_URL") && is_here(value),
        FactKind::Uses(uses) => match &uses.to {
            UsesTarget::Remote(reference) => programs.is_throwaway_step(reference),
            _ => false,
        },
        _ => false,
    })
}

/// Whether an address is one of the machine that asks.
fn is_here(address: &str) -> bool {
    let host = address.trim_start_matches("http://").trim_start_matches("https://");
    ["localhost", "127.0.0.1", "0.0.0.0", "localstack"].iter().any(|name| host.starts_with(name))
}

/// The job around a unit, or the unit that stands for one.
pub(in crate::graph) fn job_of(facts: &FileFacts, unit: UnitId) -> Option<UnitId> {
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
