//! Levels and what stands between here and the next one.

use super::phrases;
use crate::render::page::{Ink, Line, Page};
use crate::report::{Assessment, Blocking, Dimension, Reached, Repository, Row, Starter, Step, StepName, System};

/// The table of levels, and what a reader must know to take them for what they are.
pub(super) fn levels(page: &mut Page<'_>, system: &System) {
    if system.models.is_empty() {
        return;
    }
    let names: Vec<String> = system.models.iter().map(phrases::model_name).collect();
    let left = names.iter().map(|n| n.chars().count()).max().unwrap_or(0).clamp(18, 30) + 3;
    let wide = page.width() >= left + 54;
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
        remarks(page, model, wide);
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

fn top(reached: &[Reached]) -> Option<u8> {
    reached.iter().map(|r| r.level).max()
}

fn of_top(level: u8, reached: &[Reached]) -> String {
    top(reached).map_or_else(|| level.to_string(), |top| format!("{level}/{top}"))
}

/// Four cells of the table; the last one runs free. Non-breaking spaces keep the columns.
fn columns([a, b, c, d]: [&str; 4]) -> String {
    format!("{a:<6}{b:<15}{c:<16}{d}").trim_end().replace(' ', "\u{a0}")
}

fn table_row(page: &mut Page<'_>, model: &Assessment, name: &str, level: u8, left: usize) {
    let floor = model.floor.map(|f| f.to_string()).unwrap_or_default();
    let ceiling = model.ceiling.filter(|c| *c > level).map(|c| c.to_string()).unwrap_or_default();
    let tally = tally(model, level).map(|[met, part, no]| format!("{met} met {part} part {no} no")).unwrap_or_default();
    let cells = columns([&of_top(level, &model.reached), &format!("  {floor}"), &format!("  {ceiling}"), &tally]);
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
    if !more.is_empty() {
        page.wrap(4, 4, &Line::new().plain(&more.join("; ")));
    }
}

/// How many of the rows that weigh for a level are met, partly met and not met; none where nothing weighs for it.
fn tally(model: &Assessment, level: u8) -> Option<[usize; 3]> {
    let rows: &[Row] = model.reached.iter().find(|r| r.level == level).map(|r| r.rows.as_slice()).filter(|r| !r.is_empty())?;
    let weights = || rows.iter().filter_map(|row| row.weight.level);
    let met = weights().filter(|w| *w >= 1.0).count();
    let no = weights().filter(|w| *w <= 0.0).count();
    Some([met, weights().count() - met - no, no])
}

/// The rows of a level as a sentence.
fn rows(model: &Assessment, level: u8) -> Option<String> {
    let [met, part, no] = tally(model, level)?;
    let of = phrases::count(met + part + no, "row", "rows");
    Some(format!("{of} weigh for level {level}: {met} met, {part} partly, {no} not"))
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

fn remarks(page: &mut Page<'_>, model: &Assessment, wide: bool) {
    let mut remarks = Vec::new();
    // at level 0 nothing weighs yet, so the first level is what a reader wants to know of
    remarks.extend(match model.level {
        Some(0) => rows(model, 1),
        Some(level) if !wide => rows(model, level),
        _ => None,
    });
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
        remarks.push(format!("{unknown} could not be looked for and might change a number"));
    }
    if page.verbose() > 0 {
        if let Some(strict) = model.strict {
            remarks.push(format!("{strict} if every core requirement is taken to the letter"));
        }
        if model.level.is_some() && !model.dimensions.is_empty() {
            let column = |(name, d): (&String, &Dimension)| {
                let title = if d.title.is_empty() { name } else { &d.title };
                d.level.map_or_else(|| format!("{title} not visible"), |l| format!("{title} {}", of_top(l, &d.reached)))
            };
            let columns: Vec<String> = model.dimensions.iter().map(column).collect();
            remarks.push(format!("by column: {}", columns.join(", ")));
        }
        if !model.incomplete.is_empty() {
            remarks.push(format!("could change: {}", model.incomplete.join(", ")));
        }
    }
    if !remarks.is_empty() {
        page.wrap(6, 6, &Line::of(Ink::Quiet, &format!("({})", remarks.join("; "))));
    }
}

/// Who starts each step, gathered by starter; what was found nowhere stands by itself.
pub(super) fn steps(page: &mut Page<'_>, steps: &[Step]) {
    let shown: Vec<&Step> = steps.iter().filter(|s| s.step != StepName::Analyse).collect();
    if shown.is_empty() {
        return;
    }
    page.title("WHO STARTS EACH STEP (Google's eight; analysis is always manual)");
    let absent = |s: &Step| s.starter == Starter::Nobody && s.evidence.is_empty() && s.why.is_empty();
    for starter in [Starter::Itself, Starter::Outside, Starter::Person, Starter::Nobody, Starter::Unknown] {
        let of: Vec<&Step> = shown.iter().copied().filter(|s| s.starter == starter && !absent(s)).collect();
        let (ink, word) = phrases::starter(starter);
        one_starter(page, ink, word, &of);
    }
    let absent: Vec<&Step> = shown.iter().copied().filter(|s| absent(s)).collect();
    one_starter(page, Ink::Bad, "not found", &absent);
}

fn one_starter(page: &mut Page<'_>, ink: Ink, word: &str, steps: &[&Step]) {
    let mut line = Line::new();
    let mut before = "";
    for step in steps {
        let why = if step.why.is_empty() { String::new() } else { format!(" ({})", step.why) };
        line = line.plain(before).plain(phrases::step(step.step)).add(Ink::Quiet, &why);
        before = ", ";
    }
    if !line.is_empty() {
        page.pair(2, &Line::of(ink, word), 13, &line);
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
        let by_column = model.level.is_none();
        let next = model.blocking.iter().map(|b| b.level).min().unwrap_or_default();
        let head = if by_column {
            format!("{}, each category by itself", phrases::model_name(model))
        } else {
            format!("{}: level {next}", phrases::model_name(model))
        };
        let open = match model.strict_gaps.len() {
            0 => String::new(),
            1 => " (1 requirement of the levels reached is still open: -v)".to_owned(),
            n => format!(" ({n} requirements of the levels reached are still open: -v)"),
        };
        page.wrap(2, 4, &Line::of(Ink::Strong, &head).add(Ink::Quiet, &open));
        for (at, blocking) in model.blocking.iter().take(most).enumerate() {
            page.pair(4, &Line::of(Ink::Quiet, &(at + 1).to_string()), 7, &action(blocking, repository));
        }
        if let Some(more) = model.blocking.len().checked_sub(most).filter(|n| *n > 0) {
            page.wrap(7, 7, &Line::of(Ink::Quiet, &format!("and {more} more: -v")));
        }
    }
    if page.verbose() > 0 {
        still_open(page, system);
    }
}

/// Requirements of levels that are reached, read to the letter.
fn still_open(page: &mut Page<'_>, system: &System) {
    if system.models.iter().all(|m| m.strict_gaps.is_empty()) {
        return;
    }
    page.title("STILL OPEN IN THE LEVELS REACHED, if read to the letter");
    for model in system.models.iter().filter(|m| !m.strict_gaps.is_empty()) {
        page.wrap(2, 4, &Line::of(Ink::Strong, &phrases::model_name(model)));
        for gap in &model.strict_gaps {
            let mut line = Line::of(Ink::Quiet, &format!("level {}: ", gap.level)).plain(&gap.what);
            if !gap.practices.is_empty() {
                line = line.add(Ink::Quiet, &format!(" (see {})", gap.practices.join(", ")));
            }
            page.wrap(4, 7, &line);
        }
    }
}

fn action(blocking: &Blocking, repository: &Repository) -> Line {
    let mut line = Line::new();
    let told = if blocking.action.is_empty() { &blocking.what } else { &blocking.action };
    if let Some(column) = &blocking.dimension {
        line = line.add(Ink::Strong, &format!("{column} {}: ", blocking.level));
    }
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
