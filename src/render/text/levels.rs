//! Levels and what stands between here and the next one.

use super::phrases;
use crate::render::page::{Ink, Line, Page};
use crate::report::{Assessment, Blocking, Dimension, Evidence, Reached, Repository, Row, Starter, Step, StepName, System};

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
        page.pair(0, &title, left, &quiet("LEVEL", "from complete", "if the outside", "rows of the"));
        page.pair(0, &Line::new(), left, &quiet("", "chains alone", "is confirmed", "next level"));
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
    page.wrap(2, 2, &Line::of(Ink::Quiet, "A judgement: two careful readers agree in 3 of 4 repositories, else one apart."));
}

/// Title and edition; that a model's cells are inferred is said below it.
fn name_of(model: &Assessment) -> String {
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
        let told = format!("Unknown practices, if met, might lift {}.", parts.join(", "));
        page.wrap(2, 4, &Line::of(Ink::Part, &told));
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
    format!("{a:<7}{b:<15}{c:<16}{d}").trim_end().replace(' ', "\u{a0}")
}

fn table_row(page: &mut Page<'_>, model: &Assessment, name: &str, level: u8, left: usize) {
    let floor = model.floor.map(|f| f.to_string()).unwrap_or_default();
    let ceiling = model.ceiling.map(|c| c.to_string()).unwrap_or_default();
    // where nothing weighs, any of what stands in the way opens the level
    let tally = tally(model, next_of(model, level))
        .map_or_else(|| "see NEXT LEVEL".to_owned(), |[met, part, no]| format!("{met} met {part} part {no} no"));
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
    more.extend(rows(model, next_of(model, level)));
    if !more.is_empty() {
        page.wrap(4, 4, &Line::new().plain(&more.join("; ")));
    }
}

/// The level whose rows a reader wants to know of: the next one, or the highest where it is reached.
fn next_of(model: &Assessment, level: u8) -> u8 {
    model.reached.iter().map(|r| r.level).filter(|l| *l > level).min().unwrap_or(level)
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
    Some(format!("rows of level {level}: {met} met, {part} partly, {no} not"))
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
    if model.source_basis.contains("inferred") {
        remarks.push("inferred: the publisher's text is not public".to_owned());
    }
    let hidden: Vec<&str> = model.dimensions.iter().filter(|(_, d)| d.level.is_none()).map(|(n, _)| n.as_str()).collect();
    if model.level.is_none() && !hidden.is_empty() {
        remarks.push(format!("{} not visible", hidden.join(", ")));
    }
    if !model.traits.is_empty() {
        let levels = model.traits.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
        let (word, holds) = if model.traits.len() == 1 { ("level", "holds") } else { ("levels", "hold") };
        remarks.push(format!("{word} {levels} {holds}, but for a level below"));
    }
    if let Some(level) = model.level {
        if model.reached.iter().any(|r| r.level == level && r.thin) {
            remarks.push(format!("thin: the rows of level {level} have under half their weight"));
        }
        if let Some(attested) = model.with_attestations.filter(|a| *a != level) {
            remarks.push(format!("{attested} with what people have stated"));
        }
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
            remarks.push(format!("not looked for, and might change a number: {}", model.incomplete.join(", ")));
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
    if !line.is_empty() {
        page.pair(2, &Line::of(ink, word), 13, &line);
    }
}

/// Actions shown for a model, unless the user wants all.
const ACTIONS: usize = 3;

/// The same where each of them is enough by itself: a choice needs fewer than a list of work.
const CHOICES: usize = 2;

/// Columns of which the first action is shown, of a model without an overall level.
const COLUMNS: usize = 2;

/// What keeps the system from the next level of each model. An action that several levels ask for keeps its number.
pub(super) fn next(page: &mut Page<'_>, system: &System, repository: &Repository) {
    if system.models.iter().all(|m| m.blocking.is_empty()) {
        return;
    }
    page.title("NEXT LEVEL, nearest first");
    let mut told: Vec<&str> = Vec::new();
    let mut last = String::new();
    for model in system.models.iter().filter(|m| !m.blocking.is_empty()) {
        let by_column = model.level.is_none();
        let next = model.blocking.iter().map(|b| b.level).min().unwrap_or_default();
        let head = if by_column {
            format!("{}, each category by itself", name_of(model))
        } else {
            format!("{}, level {next}", name_of(model))
        };
        let alone = model.blocking.iter().any(|b| b.lifts_to.is_some());
        let several = if alone || by_column { "" } else { ": no single change reaches it" };
        let nearest = nearest(page, model, &told);
        let all = model.blocking.len();
        let more = if all > nearest.len() { format!(" ({} of {all}; all: -v)", nearest.len()) } else { String::new() };
        page.wrap(2, 4, &Line::of(Ink::Strong, &head).add(Ink::Quiet, several).add(Ink::Quiet, &more.replace(": ", ":\u{a0}")));
        let known = |b: &&Blocking| page.verbose() == 0 && told.contains(&said(b));
        let (again, fresh): (Vec<&Blocking>, Vec<&Blocking>) = nearest.into_iter().partition(|b| known(b));
        if !again.is_empty() {
            page.wrap(5, 8, &Line::of(Ink::Quiet, if by_column { "" } else { "also " }).join(as_above(&again, &told)));
        }
        for blocking in fresh {
            let words = said(blocking);
            let known = told.iter().position(|t| *t == words);
            let number = known.unwrap_or_else(|| {
                told.push(words);
                told.len() - 1
            });
            let number = Line::of(Ink::Quiet, &format!("{:>2}", number + 1).replace(' ', "\u{a0}"));
            page.pair(4, &number, 8, &action(page.verbose(), blocking, known.is_some(), system, repository, &mut last));
        }
    }
    if page.verbose() > 0 {
        still_open(page, system);
    }
}

/// What a reader should see first of what stands in the way.
fn nearest<'m>(page: &Page<'_>, model: &'m Assessment, told: &[&str]) -> Vec<&'m Blocking> {
    if page.verbose() > 0 {
        return model.blocking.iter().collect();
    }
    if model.level.is_some() {
        let most = if model.blocking.iter().any(|b| b.lifts_to.is_some()) { CHOICES } else { ACTIONS };
        // what is to be done anyway, for a model above, is told as well where it is enough here
        let known = |b: &Blocking| b.lifts_to.is_some() && told.contains(&said(b));
        return model.blocking.iter().enumerate().filter(|(at, b)| *at < most || known(b)).map(|(_, b)| b).collect();
    }
    let mut columns: Vec<&str> = Vec::new();
    let mut first: Vec<&Blocking> = Vec::new();
    for blocking in &model.blocking {
        let column = blocking.dimension.as_deref().unwrap_or_default();
        if !columns.contains(&column) && first.len() < COLUMNS {
            columns.push(column);
            first.push(blocking);
        }
    }
    first
}

/// What actions of models above do here, by their numbers.
fn as_above(again: &[&Blocking], told: &[&str]) -> Line {
    let mut line = Line::new();
    for (index, blocking) in again.iter().enumerate() {
        let number = told.iter().position(|t| *t == said(blocking)).unwrap_or_default() + 1;
        line = line.plain(if index == 0 { "" } else { "; " });
        if let Some(column) = &blocking.dimension {
            line = line.add(Ink::Strong, &format!("{column} {}: ", blocking.level));
        }
        line = line.plain(&format!("{number}\u{a0}above"));
        if let Some(level) = blocking.lifts_to {
            line = line.add(Ink::Good, &format!(" (reaches {level} by itself)"));
        }
    }
    line
}

fn said(blocking: &Blocking) -> &str {
    if blocking.action.is_empty() { &blocking.what } else { &blocking.action }
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

/// One action with its place; `last` is the place that was told before it.
fn action(verbose: u8, blocking: &Blocking, known: bool, system: &System, repository: &Repository, last: &mut String) -> Line {
    let mut line = Line::new();
    if let Some(column) = &blocking.dimension {
        line = line.add(Ink::Strong, &format!("{column} {}: ", blocking.level));
    }
    let told = said(blocking);
    line = if known { line.plain("as above") } else { line.plain(told) };
    if let Some(level) = blocking.lifts_to {
        line = line.add(Ink::Good, &format!(" (reaches {level} by itself)"));
    }
    if known {
        return line;
    }
    let near = blocking.evidence.iter().find_map(|e| phrases::place(e).map(|place| (e, place)));
    let (word, place) = match near {
        Some(near) => ("; nearest: ", Some(near)),
        None => begins(&blocking.practice, system),
    };
    if place.is_none() {
        last.clear();
    }
    if let Some((evidence, place)) = place.filter(|(_, place)| !told.contains(place.as_str())) {
        let here = format!("{word}{place}");
        if verbose == 0 && here == *last {
            return line.add(Ink::Quiet, "; same place");
        }
        *last = here;
        line = line.add(Ink::Quiet, word).place(&place, super::link(repository, evidence));
        if verbose > 0 && word.contains("nearest") && !blocking.what.is_empty() && blocking.what != told {
            let path = evidence.path.as_deref().unwrap_or_default();
            line = line.add(Ink::Quiet, ": ").plain(&phrases::seen_from(&blocking.what, path));
        }
    }
    line
}

/// Where a change begins that nothing here comes near to: at the program that answers for what delivers and watches it,
/// at the one that trains for all that leads there; nowhere for what is no matter of a program, or of one that is not
/// here.
fn begins<'s>(practice: &str, system: &'s System) -> (&'static str, Option<(&'s Evidence, String)>) {
    let place = |all: &'s [Evidence]| all.iter().find_map(|e| phrases::place(e).map(|place| (e, place)));
    let trains = ("; model trained at ", place(&system.trains));
    let serves = ("; model served at ", place(&system.serves));
    match practice.split('.').next().unwrap_or_default() {
        "app" | "deploy" | "monitoring" | "serving" if serves.1.is_some() => serves,
        "app" | "deploy" | "monitoring" | "serving" => trains,
        "compute" | "data" | "experiment" | "features" | "lineage" | "loop" | "metadata" | "model" | "pipeline" | "registry"
        | "tests" | "training" => trains,
        _ => ("", None),
    }
}
