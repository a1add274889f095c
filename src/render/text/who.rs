//! Who starts each step.

use super::phrases;
use crate::render::page::{Ink, Line, Page};
use crate::report::{Repository, Starter, Step, StepName, System};

/// Who starts each step, gathered by starter; what was found nowhere stands by itself.
pub(super) fn steps(page: &mut Page<'_>, system: &System, repository: &Repository) {
    let shown: Vec<&Step> = system.steps.iter().filter(|s| s.step != StepName::Analyse).collect();
    if shown.is_empty() {
        return;
    }
    page.title("WHO STARTS EACH STEP (Google's eight; analysis is always manual)");
    for starter in [Starter::Itself, Starter::Outside, Starter::Person, Starter::Broken, Starter::Nobody, Starter::Unknown] {
        let of: Vec<&Step> = shown.iter().copied().filter(|s| s.starter == starter && !phrases::is_absent(s)).collect();
        let (ink, word) = phrases::starter(starter);
        one_starter(page, ink, word, &of, system, repository);
    }
    let absent: Vec<&Step> = shown.iter().copied().filter(|s| phrases::is_absent(s)).collect();
    one_starter(page, Ink::Bad, "not found", &absent, system, repository);
}

fn one_starter(page: &mut Page<'_>, ink: Ink, word: &str, steps: &[&Step], system: &System, repository: &Repository) {
    let why = |step: &Step| if page.verbose() == 0 { shorter(&step.why, system) } else { step.why.clone() };
    let groups = phrases::by_reason(steps, why);
    // the same file for want of which several are unknown is named once
    let unread = |why: &str| why.find(UNREAD).map(|at| why.get(at..).unwrap_or_default().to_owned());
    let of_all = groups.first().and_then(|(why, _)| unread(why));
    let of_all = of_all.filter(|all| groups.len() > 1 && groups.iter().all(|(why, _)| unread(why).as_ref() == Some(all)));
    let mut line = Line::new();
    let mut before = "";
    for (why, names) in &groups {
        let why = of_all.as_ref().map_or(why.as_str(), |all| why.strip_suffix(all.as_str()).unwrap_or(why));
        let why = why.trim_end_matches([' ', ';']);
        let why = if why.is_empty() { String::new() } else { format!(" ({why})") };
        line = line.plain(before).plain(&names.join(", ")).add(Ink::Quiet, &why);
        before = "; ";
    }
    if let Some(all) = of_all {
        line = line.add(Ink::Quiet, &format!("; {all}"));
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

/// What stands before the name of a file that was not read.
const UNREAD: &str = "not read: ";

/// Why, where a chain below says the rest: the start is enough.
fn shorter(why: &str, system: &System) -> String {
    let told = |text: &str| system.chain_heads.iter().any(|head| head.text.starts_with(text));
    match [": ", ", once ", " ("].iter().filter_map(|at| why.split_once(at)).map(|(start, _)| start).find(|start| told(start)) {
        Some(start) => start.replace(' ', "\u{a0}"),
        None => why.to_owned(),
    }
}
