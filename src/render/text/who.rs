//! Who starts each step.

use super::phrases;
use crate::render::page::{Ink, Line, Page};
use crate::report::{Repository, Starter, Step, StepName};

/// Who starts each step, gathered by starter; what was found nowhere stands by itself.
pub(super) fn steps(page: &mut Page<'_>, steps: &[Step], repository: &Repository) {
    let shown: Vec<&Step> = steps.iter().filter(|s| s.step != StepName::Analyse).collect();
    if shown.is_empty() {
        return;
    }
    page.title("WHO STARTS EACH STEP (Google's eight; analysis is always manual)");
    let absent = |s: &Step| s.starter == Starter::Nobody && s.evidence.is_empty() && s.why.is_empty();
    for starter in [Starter::Itself, Starter::Outside, Starter::Person, Starter::Nobody, Starter::Unknown] {
        let of: Vec<&Step> = shown.iter().copied().filter(|s| s.starter == starter && !absent(s)).collect();
        let (ink, word) = phrases::starter(starter);
        one_starter(page, ink, word, &of, repository);
    }
    let absent: Vec<&Step> = shown.iter().copied().filter(|s| absent(s)).collect();
    one_starter(page, Ink::Bad, "not found", &absent, repository);
}

fn one_starter(page: &mut Page<'_>, ink: Ink, word: &str, steps: &[&Step], repository: &Repository) {
    // what is true of several steps is said once, behind them
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for step in steps {
        match groups.iter_mut().find(|(why, _)| *why == step.why) {
            Some((_, names)) => names.push(phrases::step(step.step)),
            None => groups.push((&step.why, vec![phrases::step(step.step)])),
        }
    }
    groups.sort_by_key(|(why, _)| !why.is_empty());
    let mut line = Line::new();
    let mut before = "";
    for (why, names) in groups {
        let why = if why.is_empty() { String::new() } else { format!(" ({why})") };
        line = line.plain(before).plain(&names.join(", ")).add(Ink::Quiet, &why);
        before = "; ";
    }
    if line.is_empty() {
        return;
    }
    page.pair(2, &Line::of(ink, word), 13, &line);
    if page.verbose() > 0 {
        for (step, evidence) in steps.iter().filter_map(|step| Some((step, step.evidence.first()?))) {
            let Some(place) = phrases::place(evidence) else { continue };
            let link = super::link(repository, evidence);
            page.pair(13, &Line::of(Ink::Quiet, phrases::step(step.step)), 23, &Line::new().place(&place, link));
        }
    }
}
