//! Does a practice hold as well as is asked for?

use super::asked::{Asked, Bar, PracticeAsked};
use super::{Outcome, Status, nearest, why, why_unknown};
use crate::render::verdict;
use crate::report::{Cause, Coverage, Practice, System, Verdict};

/// Judges one system; `of` names it where that is needed.
pub(super) fn judge(system: &System, asked: &PracticeAsked, all: &Asked, of: &str, coverage: &Coverage, outcome: &mut Outcome) {
    let id = &asked.id;
    let Some(practice) = system.practices.iter().find(|p| p.id == *id) else {
        outcome.add(Status::NoVerdict, &format!("no verdict on {id}{of}: it was not judged"));
        return;
    };
    let bar = match asked.bar {
        Bar::Met => "met",
        Bar::Indicated => "indicated",
    };
    match practice.verdict {
        Verdict::Met => outcome.add(Status::Fine, &format!("passed: {id} is met{of}")),
        Verdict::Indicated if asked.bar == Bar::Indicated && works(practice) => {
            outcome.add(Status::Fine, &format!("passed: {id} is {}{of}", verdict(practice)));
        }
        Verdict::NotApplicable => {
            outcome.add(Status::Fine, &format!("{id} does not apply{of}, so it does not stand in the way"));
        }
        Verdict::Unknown => {
            outcome.add(
                Status::NoVerdict,
                &format!("no verdict on {id}{of}: {}{}", unknown(practice, coverage), why(&all.place, id)),
            );
        }
        _ => {
            outcome.add(
                Status::Below,
                &format!("below: {bar} was asked{of}, and {}{}", short_of(system, practice), why(&all.place, id)),
            );
        }
    }
}

/// Why nothing can be said of a practice.
pub(super) fn unknown(practice: &Practice, coverage: &Coverage) -> String {
    match practice.because {
        Some(Cause::Unknown(why)) => why_unknown(why, &[&practice.id], coverage),
        _ => "it could not be looked for".to_owned(),
    }
}

/// Whether what is indicated does its work all the same.
fn works(practice: &Practice) -> bool {
    match practice.because {
        Some(Cause::Indicated(because)) => because.works(),
        _ => true,
    }
}

/// How well a practice holds, from 0 for not at all to 3 for met.
pub(super) fn rank(practice: &Practice) -> u8 {
    match practice.verdict {
        Verdict::Met => 3,
        Verdict::Attested => 2,
        Verdict::Indicated => 1 + u8::from(works(practice)),
        Verdict::NotShown | Verdict::Unknown | Verdict::Contradicted | Verdict::NotApplicable => 0,
    }
}

/// How a practice stands, what is missing, and what to change where.
pub(super) fn short_of(system: &System, practice: &Practice) -> String {
    let mut told = format!("{} is {}", practice.id, verdict(practice));
    if let Some(miss) = &practice.nearest_miss {
        told.push_str("; ");
        told.push_str(&miss.text);
    }
    let places = practice.nearest_miss.as_ref().map_or(&practice.evidence, |miss| &miss.evidence);
    let action = system
        .models
        .iter()
        .flat_map(|m| &m.blocking)
        .find(|b| b.practice.split('[').next() == Some(&practice.id) && !b.action.is_empty())
        .map_or_else(|| format!("`treering explain {}` says what counts", practice.id), |b| b.action.clone());
    let nearest = nearest(&told, places);
    format!("{told}{nearest}; {action}")
}
