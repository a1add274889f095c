//! Levels and what stands between here and the next one.

use super::phrases;
use crate::render::page::{Ink, Line, Page};
use crate::report::{Assessment, Blocking, Reached, Repository, Row, Starter, Step, StepName, System};

/// The table of levels, and what a reader must know to take them for what they are.
pub(super) fn levels(page: &mut Page<'_>, system: &System) {
    if system.models.is_empty() {
        return;
    }
    let names: Vec<String> = system.models.iter().map(name).collect();
    let left = names.iter().map(|n| n.chars().count()).max().unwrap_or(0).clamp(18, 30) + 4;
    let wide = page.width() >= left + 52;
    if wide && system.models.iter().any(|m| m.level.is_some()) {
        page.blank();
        let title = Line::of(Ink::Title, "LEVELS");
        let quiet = |a: &str, b: &str, c: &str, d: &str| Line::of(Ink::Quiet, &columns([a, b, c, d]));
        page.pair(0, &title, left, &quiet("LEVEL", "from complete", "if the outside", "rows of that"));
        page.pair(0, &Line::new(), left, &quiet("", "chains alone", "is confirmed", "level"));
    } else {
        page.title("LEVELS");
    }
    for (model, name) in system.models.iter().zip(&names) {
        match (model.level, wide) {
            (Some(level), true) => table_row(page, model, name, level, left),
            (Some(level), false) => list_row(page, model, name, level),
            (None, _) => cells(page, model, name, left.min(page.width() / 2)),
        }
        remarks(page, model);
    }
    page.wrap(
        2,
        2,
        &Line::of(
            Ink::Quiet,
            "A level is a judgement: two careful readers give the same one in 3 of 4 repositories, and are never more than one apart.",
        ),
    );
}

/// Title and edition, the latter where the title does not hold it yet.
fn name(model: &Assessment) -> String {
    if model.edition.is_empty() || model.title.contains(&model.edition) {
        model.title.clone()
    } else {
        format!("{} {}", model.title, model.edition)
    }
}

fn top(reached: &[Reached]) -> Option<u8> {
    reached.iter().map(|r| r.level).max()
}

fn of_top(level: u8, reached: &[Reached]) -> String {
    top(reached).map_or_else(|| level.to_string(), |top| format!("{level}/{top}"))
}

/// Four cells of the table; the last one runs free. Non-breaking spaces keep the columns.
fn columns([a, b, c, d]: [&str; 4]) -> String {
    format!("{a:<7}{b:<15}{c:<17}{d}").trim_end().replace(' ', "\u{a0}")
}

fn table_row(page: &mut Page<'_>, model: &Assessment, name: &str, level: u8, left: usize) {
    let floor = model.floor.map(|f| f.to_string()).unwrap_or_default();
    let ceiling = model.ceiling.filter(|c| *c > level).map(|c| c.to_string()).unwrap_or_default();
    let cells = columns([&of_top(level, &model.reached), &format!("   {floor}"), &format!("   {ceiling}"), &tally(model, level)]);
    page.pair(2, &Line::of(Ink::Strong, name), left, &Line::of(Ink::Strong, &cells));
}

fn list_row(page: &mut Page<'_>, model: &Assessment, name: &str, level: u8) {
    let of = top(&model.reached).map(|top| format!(" of {top}")).unwrap_or_default();
    page.wrap(2, 4, &Line::of(Ink::Strong, name).add(Ink::Strong, &format!(" level {level}{of}")));
    let mut more = Vec::new();
    if let Some(floor) = model.floor.filter(|f| *f != level) {
        more.push(format!("{floor} from complete chains alone"));
    }
    if let Some(ceiling) = model.ceiling.filter(|c| *c > level) {
        more.push(format!("{ceiling} if the outside is confirmed"));
    }
    let tally = tally(model, level);
    if !tally.is_empty() {
        more.push(format!("rows of that level: {}", tally.replace(' ', "\u{a0}")));
    }
    if !more.is_empty() {
        page.wrap(4, 4, &Line::new().plain(&more.join("; ")));
    }
}

/// `6 met 3 part 1 no`, of the weighing rows of a level. Level 0 has none: then those of the first level.
fn tally(model: &Assessment, level: u8) -> String {
    let of = |level: u8| model.reached.iter().find(|r| r.level == level).filter(|r| !r.rows.is_empty());
    let count = |rows: &[Row]| {
        let weights = || rows.iter().filter_map(|row| row.weight.level);
        let met = weights().filter(|w| *w >= 1.0).count();
        let no = weights().filter(|w| *w <= 0.0).count();
        format!("{met} met {} part {no} no", weights().count() - met - no)
    };
    match (of(level), level) {
        (Some(reached), _) => count(&reached.rows),
        (None, 0) => of(1).map(|r| format!("of 1: {}", count(&r.rows))).unwrap_or_default(),
        (None, _) => String::new(),
    }
}

/// A model that gives no overall number: its columns.
fn cells(page: &mut Page<'_>, model: &Assessment, name: &str, left: usize) {
    let mut line = Line::new();
    for (name, dimension) in &model.dimensions {
        let level = dimension.level.map_or_else(|| "not visible".to_owned(), |l| l.to_string());
        let sign = if line.is_empty() { "" } else { " · " };
        line = line.add(Ink::Quiet, sign).plain(&name.replace(' ', "\u{a0}")).add(Ink::Strong, &format!("\u{a0}{level}"));
    }
    if line.is_empty() {
        line = Line::of(Ink::Quiet, "no number: nothing in it that a scan can decide");
    }
    page.pair(2, &Line::of(Ink::Strong, name), left, &line);
}

fn remarks(page: &mut Page<'_>, model: &Assessment) {
    let mut remarks = Vec::new();
    if model.source_basis.contains("inferred") {
        remarks.push("cells inferred: the publisher's text is not public".to_owned());
    }
    if !model.traits.is_empty() {
        let levels = model.traits.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
        remarks.push(format!("also found from level {levels}"));
    }
    if let Some(level) = model.level {
        if model.reached.iter().any(|r| r.level == level && r.thin) {
            remarks.push(format!("thin: the rows of level {level} have under half their weight"));
        }
        if let Some(attested) = model.with_attestations.filter(|a| *a != level) {
            remarks.push(format!("{attested} with what people have stated"));
        }
    }
    if !model.incomplete.is_empty() {
        let unknown = phrases::count(model.incomplete.len(), "practice", "practices");
        remarks.push(format!("incomplete: {unknown} that could not be looked for might change a number"));
    }
    if page.verbose() > 0 {
        if let Some(strict) = model.strict {
            remarks.push(format!("by the publisher's letter {strict}"));
        }
        if model.level.is_some() {
            for (name, d) in &model.dimensions {
                remarks.push(d.level.map_or_else(|| format!("{name}: not visible"), |l| format!("{name}: {}", of_top(l, &d.reached))));
            }
        }
        if !model.incomplete.is_empty() {
            remarks.push(format!("could change: {}", model.incomplete.join(", ")));
        }
    }
    if !remarks.is_empty() {
        page.wrap(6, 6, &Line::of(Ink::Quiet, &format!("({})", remarks.join("; "))));
    }
}

/// Who starts each step, gathered by starter.
pub(super) fn steps(page: &mut Page<'_>, steps: &[Step]) {
    let shown: Vec<&Step> = steps.iter().filter(|s| s.step != StepName::Analyse).collect();
    if shown.is_empty() {
        return;
    }
    page.title("WHO STARTS EACH STEP (Google's eight; analysis is always manual)");
    for starter in [Starter::Itself, Starter::Outside, Starter::Person, Starter::Nobody, Starter::Unknown] {
        let mut line = Line::new();
        let mut before = "";
        for step in shown.iter().filter(|s| s.starter == starter) {
            let why = if step.why.is_empty() { String::new() } else { format!(" ({})", step.why) };
            line = line.plain(before).plain(phrases::step(step.step)).add(Ink::Quiet, &why);
            before = ", ";
        }
        if !line.is_empty() {
            let (ink, word) = phrases::starter(starter);
            page.pair(2, &Line::of(ink, word), 13, &line);
        }
    }
}

/// What keeps the system from the next level of each model.
pub(super) fn next(page: &mut Page<'_>, system: &System, repository: &Repository) {
    let most = if page.verbose() > 0 { usize::MAX } else { 4 };
    if system.models.iter().all(|m| m.blocking.is_empty()) {
        return;
    }
    page.title("NEXT LEVEL, nearest first");
    for model in system.models.iter().filter(|m| !m.blocking.is_empty()) {
        let next = model.blocking.iter().map(|b| b.level).min().unwrap_or_default();
        let lower = if model.strict_gaps.is_empty() {
            String::new()
        } else {
            format!(", and {} of lower levels still open", phrases::count(model.strict_gaps.len(), "row", "rows"))
        };
        page.wrap(2, 4, &Line::of(Ink::Strong, &format!("{} {next}", model.title)).add(Ink::Quiet, &lower));
        for (at, blocking) in model.blocking.iter().take(most).enumerate() {
            page.pair(4, &Line::of(Ink::Quiet, &(at + 1).to_string()), 7, &action(blocking, repository));
        }
        if let Some(more) = model.blocking.len().checked_sub(most).filter(|n| *n > 0) {
            page.wrap(7, 7, &Line::of(Ink::Quiet, &format!("and {more} more: -v")));
        }
        if page.verbose() > 0 {
            for gap in &model.strict_gaps {
                let line = Line::of(Ink::Quiet, &format!("{} (level {}): ", gap.row, gap.level)).plain(&gap.what);
                page.wrap(4, 7, &line);
            }
        }
    }
}

fn action(blocking: &Blocking, repository: &Repository) -> Line {
    let mut line = Line::new();
    let told = if blocking.action.is_empty() { &blocking.what } else { &blocking.action };
    line = line.plain(told);
    if let Some(level) = blocking.lifts_to {
        line = line.add(Ink::Good, &format!(" (reaches {level} by itself)"));
    }
    let nearest = blocking.evidence.iter().find_map(|e| phrases::place(e).map(|place| (e, place)));
    if let Some((evidence, place)) = nearest.filter(|(_, place)| !told.contains(place.as_str())) {
        line = line.add(Ink::Quiet, "; nearest: ").place(&place, super::link(repository, evidence));
    }
    line
}
