//! The table of levels.

use super::phrases;
use crate::render::page::{Ink, Line, Page};
use crate::report::{Assessment, Dimension, Reached, Row, System};

/// The table of levels, and what a reader must know to take them for what they are.
pub(super) fn levels(page: &mut Page<'_>, system: &System) {
    if system.models.is_empty() {
        return;
    }
    let names: Vec<String> = system.models.iter().map(name_of).collect();
    let left = names.iter().map(|n| n.chars().count()).max().unwrap_or(0).clamp(18, 30) + 3;
    let wide = page.width() >= left + 57;
    if wide && system.models.iter().any(|m| m.level.is_some()) {
        page.blank();
        let title = Line::of(Ink::Title, "LEVELS");
        let quiet = |a: &str, b: &str, c: &str, d: &str| Line::of(Ink::Quiet, &columns([a, b, c, d]));
        page.pair(0, &title, left, &quiet("LEVEL", "from what", "if the outside", "rows of the"));
        page.pair(0, &Line::new(), left, &quiet("", "is proven", "is confirmed", "next level"));
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
    unsure(page, system);
    judgement(page, system);
}

/// How far a level can be trusted, in one line.
fn judgement(page: &mut Page<'_>, system: &System) {
    let mut told = "A judgement: two readers agree in 3 of 4, else one apart".to_owned();
    let inferred: Vec<&str> =
        system.models.iter().filter(|m| m.source_basis.contains("inferred")).map(|m| m.id.as_str()).collect();
    if !inferred.is_empty() {
        told.push_str(&format!("; {} is inferred", inferred.join(", ")));
    }
    page.wrap(2, 4, &Line::of(Ink::Quiet, &format!("{told}.")));
}

/// Title and edition; that a model's cells are inferred is said below it.
pub(super) fn name_of(model: &Assessment) -> String {
    let name = phrases::model_name(model);
    name.strip_suffix(" (inferred)").map(str::to_owned).unwrap_or(name)
}

/// What was not looked for and might change a number, in one sentence for all models, each by the name a gate has for it.
fn unsure(page: &mut Page<'_>, system: &System) {
    // in full, each model tells which
    let of = |m: &Assessment| {
        let lifted = m.could_be.map(|c| c.level).filter(|could| m.level.is_none_or(|level| *could > level));
        let what = lifted.map_or_else(|| format!("{}'s other numbers", m.id), |level| format!("{} to {level}", m.id));
        format!("{what} ({})", m.incomplete.len()).replace(' ', "\u{a0}")
    };
    let parts: Vec<String> = system.models.iter().filter(|m| !m.incomplete.is_empty()).map(of).collect();
    if !parts.is_empty() && page.verbose() == 0 {
        let told = format!("Unknown practices might lift {}.", parts.join(", "));
        page.wrap(2, 4, &Line::of(Ink::Part, &told));
    }
}

fn top(reached: &[Reached]) -> Option<u8> {
    reached.iter().map(|r| r.level).max()
}

fn of_top(level: u8, reached: &[Reached]) -> String {
    top(reached).map_or_else(|| level.to_string(), |top| format!("{level}/{top}"))
}

/// Columns of the first three cells of the table.
const WIDE: usize = 33;

/// Four cells of the table; the last one runs free. Non-breaking spaces keep the columns.
fn columns([a, b, c, d]: [&str; 4]) -> String {
    format!("{a:<7}{b:<11}{c:<15}{d}").trim_end().replace(' ', "\u{a0}")
}

fn table_row(page: &mut Page<'_>, model: &Assessment, name: &str, level: u8, left: usize) {
    let floor = model.floor.map(|f| f.to_string()).unwrap_or_default();
    let ceiling = model.ceiling.map(|c| c.to_string()).unwrap_or_default();
    // where nothing weighs, any of what stands in the way opens the level
    let tally = tally(model, next_of(model, level)).map_or_else(
        || "see NEXT LEVEL".to_owned(),
        |all| {
            let words = |last: &'static str| all.into_iter().zip(["met", "part", "no", last]);
            let told = |(n, word): (usize, &str)| (n > 0).then(|| format!("{n} {word}"));
            let tally = |last| words(last).filter_map(told).collect::<Vec<_>>().join(" ");
            let whole = tally("unknown");
            if left + WIDE + whole.len() <= page.width() { whole } else { tally("open") }
        },
    );
    let cells = columns([&of_top(level, &model.reached), &format!("  {floor}"), &format!("  {ceiling}"), &tally]);
    page.pair(2, &Line::of(Ink::Strong, name), left, &Line::of(Ink::Strong, &cells));
}

fn list_row(page: &mut Page<'_>, model: &Assessment, name: &str, level: u8) {
    let of = top(&model.reached).map(|top| format!(" of {top}")).unwrap_or_default();
    page.wrap(2, 4, &Line::of(Ink::Strong, name).add(Ink::Strong, &format!(" level {level}{of}")));
    let mut more = Vec::new();
    if let Some(floor) = model.floor.filter(|f| *f != level) {
        more.push(format!("{floor} from what is proven"));
    }
    if let Some(ceiling) = model.ceiling.filter(|c| *c > level) {
        more.push(format!("{ceiling} if the outside is confirmed"));
    }
    more.extend(rows(model, next_of(model, level)));
    if !more.is_empty() {
        page.wrap(4, 4, &Line::new().plain(&more.join("; ")));
    }
}

/// The level whose rows a reader wants to know of: the next one, or the highest where it is reached.
fn next_of(model: &Assessment, level: u8) -> u8 {
    model.reached.iter().map(|r| r.level).filter(|l| *l > level).min().unwrap_or(level)
}

/// How many of the rows that weigh for a level are met, partly met, not met and not known; none where nothing weighs for it.
fn tally(model: &Assessment, level: u8) -> Option<[usize; 4]> {
    let rows: &[Row] = model.reached.iter().find(|r| r.level == level).map(|r| r.rows.as_slice()).filter(|r| !r.is_empty())?;
    let weights = || rows.iter().filter_map(|row| row.weight.level);
    let met = weights().filter(|w| *w >= 1.0).count();
    let no = weights().filter(|w| *w <= 0.0).count();
    let open = rows.iter().filter(|row| row.unknown).count().min(no);
    Some([met, weights().count() - met - no, no - open, open])
}

/// The rows of a level as a sentence.
fn rows(model: &Assessment, level: u8) -> Option<String> {
    let [met, part, no, open] = tally(model, level)?;
    let open = if open > 0 { format!(", {open} unknown") } else { String::new() };
    Some(format!("rows of level {level}: {met} met, {part} partly, {no} not{open}"))
}

/// A model that gives no overall number: its columns.
fn cells(page: &mut Page<'_>, model: &Assessment, name: &str, left: usize) {
    let mut line = Line::new();
    for (name, dimension) in &model.dimensions {
        let Some(level) = dimension.level else { continue };
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
    let hidden: Vec<&str> = model.dimensions.iter().filter(|(_, d)| d.level.is_none()).map(|(n, _)| n.as_str()).collect();
    if model.level.is_none() && !hidden.is_empty() && page.verbose() > 0 {
        remarks.push(format!("{} not visible", hidden.join(", ")));
    }
    if !model.traits.is_empty() {
        let levels = model.traits.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
        let word = if model.traits.len() == 1 { "level" } else { "levels" };
        let (level, missing) = (model.level.unwrap_or_default(), next_of(model, model.level.unwrap_or_default()));
        remarks.push(format!("what {word} {levels} asks for is there; level {missing} is not, so it is {level}"));
    }
    if let Some(level) = model.level {
        if model.reached.iter().any(|r| r.level == level && r.thin) {
            remarks.push(format!("thin: less than half of what level {level} asks for is shown"));
        }
        if let Some(attested) = model.with_attestations.filter(|a| *a != level) {
            remarks.push(format!("{attested} with what people have stated"));
        }
    }
    if page.verbose() > 0 && model.source_basis.contains("inferred") {
        remarks.push("inferred: the publisher's text is not public".to_owned());
    }
    let columns: Vec<u8> = model.dimensions.values().filter_map(|d| d.level).collect();
    let apart = columns.iter().max().zip(columns.iter().min()).is_some_and(|(most, least)| most - least >= 2);
    if model.level.is_some() && (page.verbose() > 0 || apart) {
        if !model.dimensions.is_empty() {
            let column = |(name, d): (&String, &Dimension)| {
                let title = if d.title.is_empty() { name } else { &d.title };
                match d.level {
                    // by the names that gates have for them
                    level if page.verbose() == 0 => level.map(|l| format!("{name} {l}")),
                    Some(l) => Some(format!("{title} {}", of_top(l, &d.reached))),
                    None => Some(format!("{title} not visible")),
                }
            };
            let columns: Vec<String> = model.dimensions.iter().filter_map(column).collect();
            remarks.push(format!("by column: {}", columns.join(", ")));
        }
        if let Some(strict) = model.strict {
            remarks.push(format!("{strict} to the letter"));
        }
    }
    if page.verbose() > 0 {
        if !model.incomplete.is_empty() {
            remarks.push(format!("not looked for, and might change a number: {}", model.incomplete.join(", ")));
        }
    }
    if !remarks.is_empty() {
        page.wrap(6, 6, &Line::of(Ink::Quiet, &format!("({})", remarks.join("; "))));
    }
}
