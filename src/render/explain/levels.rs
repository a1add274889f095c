//! What a level or a model came to in a repository.

use super::{here, phrases, words};
use crate::explain::Explanation;
use crate::render::page::{Ink, Line, Page};
use crate::report::{Assessment, Blocking, Reached, Report, System};

/// What one level came to, system by system.
pub(super) fn level(page: &mut Page<'_>, rule: &Explanation, asked: (&str, Option<&str>, u8), report: &Report) {
    let (model, dimension, level) = asked;
    super::title(page, report);
    if report.systems.is_empty() {
        return super::no_system(page, report);
    }
    let answer = |page: &mut Page<'_>, system: &System| {
        let assessment = system.models.iter().find(|m| m.id == model)?;
        let all = dimension.map_or(Some(&assessment.reached), |d| assessment.dimensions.get(d).map(|d| &d.reached));
        let reached = all.and_then(|all| all.iter().find(|r| r.level == level))?;
        let at = dimension.map_or(assessment.level, |d| assessment.dimensions.get(d).and_then(|d| d.level));
        let could_be = dimension.map_or(assessment.could_be, |d| assessment.dimensions.get(d).and_then(|d| d.could_be));
        stands(page, reached, at, could_be.is_some_and(|c| c.level >= level));
        opens(page, reached, system, report);
        rows(page, rule, reached, assessment, system, report);
        let of = |b: &&Blocking| b.level == level && b.dimension.as_deref() == dimension;
        lifts(page, &assessment.blocking.iter().filter(of).collect::<Vec<_>>());
        Some(())
    };
    here::alike(page, report, answer);
}

/// Whether it holds, and what is missing where it does not.
fn stands(page: &mut Page<'_>, reached: &Reached, at: Option<u8>, open: bool) {
    let number = reached.level;
    let share = reached.share.level;
    let enough = reached.needed.is_none_or(|needed| share >= needed);
    let sentence = match (reached.holds.level, at) {
        (true, Some(at)) if at >= number => {
            (Ink::Good, format!("Reached: level {number} holds, and the system stands at level {at}."))
        }
        (true, at) => {
            let at =
                at.map(|at| format!(" The system stands at level {at}, because a level between is missing.")).unwrap_or_default();
            (Ink::Part, format!("What level {number} asks for is there.{at}"))
        }
        (false, _) if open => (
            Ink::Part,
            format!("Not decided: by what was read level {number} does not hold, and it would if all that is unknown were met."),
        ),
        (false, _) if enough => (Ink::Bad, format!("Not reached: what opens level {number} is not there.")),
        (false, _) => (Ink::Bad, format!("Not reached: level {number} does not hold.")),
    };
    page.wrap(2, 4, &Line::of(sentence.0, &sentence.1));
    if !reached.rows.is_empty() {
        let needed = match reached.needed {
            Some(needed) if needed > 0.0 => format!("; {} are needed", words::per_cent(needed)),
            _ => "; no share is needed".to_owned(),
        };
        let told = format!("Its rows weigh {} in the mean{needed}.", words::per_cent(share));
        page.wrap(2, 4, &Line::new().plain(&told));
    }
    let yes = |holds: bool| if holds { "yes" } else { "no" };
    let needed = reached.needed.filter(|needed| !reached.holds.floor && *needed > reached.share.floor);
    let short = needed.map_or_else(String::new, |needed| {
        let (share, needed) = (words::per_cent(reached.share.floor), words::per_cent(needed));
        format!(" ({share}, {needed} are needed; what is there in part does not count)")
    });
    if reached.holds.floor != reached.holds.level || reached.holds.ceiling != reached.holds.level {
        let told = format!(
            "From what is proven: {}{}. If what lies outside is confirmed: {}.",
            yes(reached.holds.floor),
            short,
            yes(reached.holds.ceiling)
        );
        page.wrap(2, 4, &Line::new().plain(&told));
    }
    if reached.thin {
        page.wrap(2, 4, &Line::of(Ink::Part, "It is thin: less than half of what it asks for is shown."));
    }
}

/// The practices that open a level, each with where it stands.
fn opens(page: &mut Page<'_>, reached: &Reached, system: &System, report: &Report) {
    let word = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '[' | ']' | '='));
    let mut ids: Vec<&str> = Vec::new();
    for id in reached.key.split(word) {
        let bare = id.split('[').next().unwrap_or(id);
        if !ids.contains(&id) && system.practices.iter().any(|p| p.id == bare) {
            ids.push(id);
        }
    }
    if !ids.is_empty() {
        page.blank();
        page.wrap(2, 4, &Line::of(Ink::Strong, "Of what opens it:"));
        here::rests_on(page, ids.into_iter(), system, report);
    }
}

/// The rows with their weights, what each stands for and what it rests on.
fn rows(page: &mut Page<'_>, rule: &Explanation, reached: &Reached, assessment: &Assessment, system: &System, report: &Report) {
    for row in &reached.rows {
        let Some(weighing) = rule.rows.get(&row.id) else { continue };
        let (ink, weight) = words::weight(row.weight.level);
        let weighs = if row.weight.level.is_some() { "weighs " } else { "" };
        let says = assessment.criteria.iter().find(|c| c.id == weighing.stands_for).map(|c| c.says.as_str()).unwrap_or_default();
        page.blank();
        let head = Line::of(Ink::Strong, &weighing.stands_for)
            .plain(", ")
            .add(ink, &format!("{weighs}{weight}"))
            .plain(": ")
            .plain(says);
        page.wrap(2, 4, &head);
        here::rests_on(page, weighing.practices.iter().map(String::as_str), system, report);
    }
}

fn lifts(page: &mut Page<'_>, blocking: &[&Blocking]) {
    if blocking.is_empty() {
        return;
    }
    page.blank();
    page.wrap(2, 4, &Line::of(Ink::Strong, "What would bring it about, nearest first:"));
    let (open, decided): (Vec<&Blocking>, Vec<&Blocking>) = blocking.iter().copied().partition(|b| b.unknown.is_some());
    for (at, one) in decided.into_iter().chain(open).take(8).enumerate() {
        let told = if one.action.is_empty() { &one.what } else { &one.action };
        let mut line = Line::new().plain(told);
        if let Some(level) = one.lifts_to {
            line = line.add(Ink::Good, &format!(" (reaches {level} by itself)"));
        }
        if one.unknown.is_some() {
            line = line.add(Ink::Part, "; not looked at, it may be there");
        }
        line = line.add(Ink::Quiet, &format!(" [{}]", one.practice));
        page.pair(4, &Line::of(Ink::Quiet, &(at + 1).to_string()), 7, &line);
    }
}

/// What a model makes of every system.
pub(super) fn model(page: &mut Page<'_>, id: &str, report: &Report) {
    super::title(page, report);
    if report.systems.is_empty() {
        return super::no_system(page, report);
    }
    let answer = |page: &mut Page<'_>, system: &System| {
        let assessment = system.models.iter().find(|m| m.id == id)?;
        numbers(page, assessment);
        for reached in &assessment.reached {
            one_level(page, &format!("{}.{}", assessment.id, reached.level), reached);
        }
        for (name, column) in &assessment.dimensions {
            let title = if column.title.is_empty() { name } else { &column.title };
            let (ink, at) = match column.level {
                Some(level) => (Ink::Strong, format!("level {level}")),
                None => (Ink::Quiet, "not visible in a repository".to_owned()),
            };
            page.pair(2, &Line::new().plain(title), 30.min(page.width() / 2), &Line::of(ink, &at));
        }
        lifts(page, &assessment.blocking.iter().collect::<Vec<_>>());
        if !assessment.incomplete.is_empty() {
            let told = format!("Could not be looked for, and might change a number: {}.", assessment.incomplete.join(", "));
            page.wrap(2, 4, &Line::of(Ink::Quiet, &told));
        }
        Some(())
    };
    here::alike(page, report, answer);
}

fn numbers(page: &mut Page<'_>, assessment: &Assessment) {
    let Some(level) = assessment.level else {
        return page.wrap(2, 4, &Line::new().plain("The model gives no overall number; each column stands by itself."));
    };
    let mut line = Line::of(Ink::Strong, &format!("Level {level}"));
    let all = [assessment.floor, assessment.ceiling, assessment.strict];
    if all.iter().all(|n| *n == Some(level)) {
        return page.wrap(2, 4, &line.plain(", however it is counted."));
    }
    let mut more = Vec::new();
    more.extend(assessment.floor.map(|f| format!("{f} from what is proven")));
    more.extend(assessment.ceiling.map(|c| format!("{c} if what lies outside is confirmed")));
    more.extend(assessment.strict.map(|s| format!("{s} if every core requirement is taken to the letter")));
    if !more.is_empty() {
        line = line.plain("; ").plain(&more.join(", "));
    }
    page.wrap(2, 4, &line.plain("."));
}

fn one_level(page: &mut Page<'_>, id: &str, reached: &Reached) {
    let (ink, word) = if reached.holds.level {
        (Ink::Good, "holds")
    } else if reached.holds.ceiling {
        (Ink::Part, "holds if what lies outside is confirmed")
    } else {
        (Ink::Bad, "does not hold")
    };
    let mut line = Line::of(ink, word);
    if !reached.rows.is_empty() {
        let needed =
            reached.needed.filter(|n| *n > 0.0).map(|n| format!(", {} are needed", words::per_cent(n))).unwrap_or_default();
        line = line.add(Ink::Quiet, &format!("; rows weigh {}{needed}", words::per_cent(reached.share.level)));
    }
    page.pair(2, &Line::new().plain(id), 14, &line);
}

/// The numbers of every model.
pub(super) fn all(page: &mut Page<'_>, report: &Report) {
    super::title(page, report);
    if report.systems.is_empty() {
        return super::no_system(page, report);
    }
    for system in &report.systems {
        here::name(page, system, report);
        for assessment in &system.models {
            page.wrap(2, 4, &Line::of(Ink::Strong, &assessment.title).add(Ink::Quiet, &format!(" (explain {})", assessment.id)));
            numbers(page, assessment);
            let columns: Vec<String> =
                assessment.dimensions.values().filter_map(|d| d.level.map(|level| format!("{} {level}", d.title))).collect();
            if assessment.level.is_none() && !columns.is_empty() {
                page.wrap(2, 4, &Line::new().plain(&columns.join(", ")).plain("."));
            }
            if !assessment.incomplete.is_empty() {
                let unknown = phrases::count(assessment.incomplete.len(), "practice", "practices");
                let told = format!("{unknown} could not be looked for and might change a number.");
                page.wrap(2, 4, &Line::of(Ink::Quiet, &told));
            }
        }
    }
}
