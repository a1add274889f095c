//! What stands between here and the next level of each model.
//!
//! Invariant: nobody is told to change what was not looked at: practices that are unknown stand apart, with what they
//! hang on.

use super::{Room, phrases};
use crate::render::page::{Ink, Line, Page};
use crate::report::{Assessment, Blocking, Coverage, Evidence, Remedied, RemedyKind, Report, Repository, System, Unknown};

/// Actions shown for a model, unless the user wants all.
const ACTIONS: usize = 3;

/// Practices named that hang on one cause, and causes that only this program cannot prove, unless the user wants all.
const HANGING: usize = 2;
const NOT_PROVEN: usize = 1;

/// Practices that make a cause worth telling where it lifts no level by itself.
const MANY: usize = 3;

/// The same where each of them is enough by itself: a choice needs fewer than a list of work.
const CHOICES: usize = 2;

/// Columns that are told of a model without an overall level.
const COLUMNS: usize = 3;

/// What was told so far: an action that several levels ask for keeps its number, and a place is not told twice in a row.
#[derive(Default)]
struct Told<'r> {
    actions: Vec<&'r str>,
    last: String,
    /// The file that was named for what is not decided.
    unread: String,
    /// Whether one change less is told of each model, for want of room.
    tight: bool,
}

impl<'r> Told<'r> {
    fn knows(&self, blocking: &Blocking) -> bool {
        self.actions.contains(&said(blocking))
    }

    /// The number of an action, which it has from now on.
    fn number(&mut self, blocking: &'r Blocking) -> usize {
        self.number_of(said(blocking))
    }

    fn number_of(&mut self, words: &'r str) -> usize {
        let known = self.actions.iter().position(|told| *told == words);
        1 + known.unwrap_or_else(|| {
            self.actions.push(words);
            self.actions.len() - 1
        })
    }
}

/// What keeps the system from the next level of each model.
pub(super) fn next(page: &mut Page<'_>, system: &System, report: &Report, room: Room) {
    let proofs: Vec<(&Assessment, &Remedied, u8)> = system.models.iter().filter_map(|m| proves(m, system)).collect();
    if system.models.iter().all(|m| m.blocking.is_empty()) && proofs.is_empty() {
        return;
    }
    page.title("NEXT LEVEL, nearest first");
    let mut told = Told { tight: room == Room::Little, ..Told::default() };
    for model in system.models.iter().filter(|m| !m.blocking.is_empty()) {
        // in full, or where it stands alone, each change is told
        if model.level.is_none() && page.verbose() == 0 && system.models.len() > 1 {
            columns(page, model, &told);
            continue;
        }
        one_model(page, model, &mut told, system, report);
    }
    proven(page, system, &proofs, &mut told, &report.repository);
    if room == Room::Enough {
        not_proven(page, system, &report.repository);
    }
    if page.verbose() > 0 {
        still_open(page, system);
    }
}

/// The one change that proves most of a level that is likely, where there is one.
fn proves<'s>(model: &'s Assessment, system: &'s System) -> Option<(&'s Assessment, &'s Remedied, u8)> {
    let (level, floor) = model.level.zip(model.floor).filter(|(level, floor)| floor < level)?;
    let lifted = |remedy: &'s Remedied| remedy.lifts.get(&model.id).map(|three| (remedy, three.floor.min(level)));
    let work = system.remedies.iter().filter(|remedy| remedy.kind != RemedyKind::Confirm);
    let all = work.filter_map(lifted).filter(|(_, proven)| *proven > floor);
    // the first of equals, which is the one of most practices
    all.rev().max_by_key(|(_, proven)| *proven).map(|(remedy, proven)| (model, remedy, proven))
}

/// What proves the levels that are likely: one change, with all models of which it does.
fn proven<'r>(
    page: &mut Page<'_>,
    system: &'r System,
    proofs: &[(&Assessment, &'r Remedied, u8)],
    told: &mut Told<'r>,
    repository: &Repository,
) {
    let mut groups: Vec<(&'r Remedied, Vec<String>)> = Vec::new();
    for (model, remedy, level) in proofs {
        let what = format!("{}\u{a0}{level}", model.id);
        match groups.iter_mut().find(|(known, _)| known.action == remedy.action) {
            Some((_, all)) => all.push(what),
            None => groups.push((remedy, vec![what])),
        }
    }
    // what proves no level by itself, and still holds back the most
    let most = system.remedies.iter().find(|remedy| remedy.kind != RemedyKind::Confirm && remedy.practices.len() >= MANY);
    let below = system.models.iter().any(|m| m.floor < m.level || m.ceiling > m.level);
    if let Some(most) = most.filter(|most| below && groups.is_empty() && !told.actions.contains(&most.action.as_str())) {
        groups.push((most, Vec::new()));
    }
    for (remedy, levels) in groups {
        let known = told.actions.contains(&remedy.action.as_str());
        let number = told.number_of(&remedy.action);
        let head = match levels.as_slice() {
            [] => "One cause of many gaps".to_owned(),
            all => format!("Proves {}", all.join(", ")),
        };
        let head = Line::of(Ink::Strong, &head);
        if known {
            page.wrap(2, 4, &head.plain(&format!(": {number}\u{a0}above")));
            continue;
        }
        page.wrap(2, 4, &head);
        let number = Line::of(Ink::Quiet, &format!("{number:>2}").replace(' ', "\u{a0}"));
        let mut line = Line::new().plain(&remedy.action).join(hanging(remedy, page.verbose()));
        // a place that the words do not hold
        let place = remedy.evidence.iter().find_map(|e| phrases::place(e).map(|place| (e, place)));
        if let Some((evidence, place)) = place.filter(|(_, place)| !remedy.action.contains(place.as_str())) {
            line = line.plain(" ").place(&place, super::link(repository, evidence));
        }
        page.pair(4, &number, 8, &line);
    }
}

/// Practices that hang on one cause, where they are several.
fn hanging(remedy: &Remedied, verbose: u8) -> Line {
    let most = if verbose > 0 { usize::MAX } else { HANGING };
    let [_, _, ..] = remedy.practices.as_slice() else { return Line::new() };
    let named: Vec<&str> = remedy.practices.iter().take(most).map(String::as_str).collect();
    let more = match remedy.practices.len() - named.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Line::of(Ink::Quiet, &format!("; for {}{more}", named.join(", ")))
}

/// What is there as far as can be told: no work for anybody, told once.
fn not_proven(page: &mut Page<'_>, system: &System, repository: &Repository) {
    let asked = |b: &&Blocking| b.remedy == Some(RemedyKind::Confirm);
    let mut told: Vec<&Blocking> = Vec::new();
    for blocking in system.models.iter().flat_map(|m| &m.blocking).filter(asked) {
        if !told.iter().any(|known| known.action == blocking.action) {
            told.push(blocking);
        }
    }
    let most = if page.verbose() > 0 { usize::MAX } else { NOT_PROVEN };
    for blocking in told.iter().take(most) {
        let what = blocking.action.split_once("not proven: ").map_or(blocking.action.as_str(), |(_, what)| what);
        let mut line = Line::of(Ink::Quiet, "likely, not proven: ");
        let place = blocking.evidence.iter().find_map(|e| phrases::place(e).map(|place| (e, place)));
        line = match place.filter(|(_, place)| what.ends_with(&format!("({place})"))) {
            Some((evidence, place)) => {
                let text = what.strip_suffix(&format!("({place})")).unwrap_or(what);
                line.plain(text).plain("(").place(&place, super::link(repository, evidence)).plain(")")
            }
            None => line.plain(what),
        };
        line = line.add(Ink::Quiet, "; nothing to change if it is so");
        if let Some(more) = told.len().checked_sub(most).filter(|n| *n > 0) {
            line = line.add(Ink::Quiet, &format!(" (and {more} more:\u{a0}-v)"));
        }
        page.wrap(2, 4, &line);
    }
}

/// A model by its columns, where actions told above lift them.
fn columns(page: &mut Page<'_>, model: &Assessment, told: &Told<'_>) {
    let mut seen: Vec<&str> = Vec::new();
    let mut parts: Vec<String> = Vec::new();
    for blocking in model.blocking.iter().filter(|b| b.unknown.is_none() && b.lifts_to.is_some() && told.knows(b)) {
        let column = blocking.dimension.as_deref().unwrap_or_default();
        if seen.contains(&column) || seen.len() >= COLUMNS {
            continue;
        }
        seen.push(column);
        let number = told.actions.iter().position(|t| *t == said(blocking)).unwrap_or_default() + 1;
        parts.push(format!("{column} {} by {number}", blocking.lifts_to.unwrap_or(blocking.level)).replace(' ', "\u{a0}"));
    }
    let name = Line::of(Ink::Strong, &super::levels::name_of(model)).plain(": ");
    let ask = format!("explain {}, as in the last line", model.id).replace(' ', "\u{a0}");
    let line = if parts.is_empty() {
        let all: Vec<&Blocking> = model.blocking.iter().filter(|b| b.unknown.is_none()).collect();
        let changes = changes(&all).len();
        name.plain(&phrases::count(changes, "change", "changes")).add(Ink::Quiet, &format!(": {ask}"))
    } else {
        name.plain(&parts.join("; ")).add(Ink::Quiet, &format!(" (the rest: {ask})"))
    };
    page.wrap(2, 4, &line);
}

fn one_model<'r>(page: &mut Page<'_>, model: &'r Assessment, told: &mut Told<'r>, system: &'r System, report: &Report) {
    let (open, all): (Vec<&Blocking>, Vec<&Blocking>) = model.blocking.iter().partition(|b| b.unknown.is_some());
    let decided = changes(&all);
    let by_column = model.level.is_none();
    let name = super::levels::name_of(model);
    let next = model.blocking.iter().map(|b| b.level).min().unwrap_or_default();
    let head = if by_column { format!("{name}, each category by itself") } else { format!("{name}, level {next}") };
    let head = Line::of(Ink::Strong, &head);
    if decided.is_empty() && open.is_empty() {
        return page.wrap(2, 4, &head.plain(": nothing to change that is known; what is missing is a proof, see below"));
    }
    if decided.is_empty() {
        return page.wrap(2, 4, &head.plain(": not decided, ").join(hangs_on(page, &open, &report.coverage, &mut told.unread)));
    }
    let alone = model.blocking.iter().any(|b| b.lifts_to.is_some());
    let several = if alone || by_column { "" } else { ": no single change reaches it" };
    let shown = nearest(page, model, &decided, told);
    let all = decided.len();
    let more = if all > shown.len() { format!(" ({} of {all} changes; all:\u{a0}-v)", shown.len()) } else { String::new() };
    page.wrap(2, 4, &head.add(Ink::Quiet, several).add(Ink::Quiet, &more));
    let known = |b: &&Blocking| page.verbose() == 0 && told.knows(b);
    let (again, fresh): (Vec<&Blocking>, Vec<&Blocking>) = shown.into_iter().partition(|b| known(b));
    if !again.is_empty() {
        page.wrap(5, 8, &Line::of(Ink::Quiet, if by_column { "" } else { "also " }).join(as_above(&again, told)));
    }
    let (elsewhere, here): (Vec<&Blocking>, Vec<&Blocking>) = fresh.into_iter().partition(|b| b.elsewhere);
    for blocking in here {
        numbered(page, blocking, told, system, &report.repository);
    }
    if !elsewhere.is_empty() {
        page.wrap(5, 8, &Line::of(Ink::Quiet, "where the model is trained, which was not found here:"));
    }
    for blocking in elsewhere {
        numbered(page, blocking, told, system, &report.repository);
    }
    reaching(page, model, told, next);
    if !open.is_empty() {
        page.wrap(5, 8, &Line::of(Ink::Quiet, "not decided: ").join(hangs_on(page, &open, &report.coverage, &mut told.unread)));
    }
}

/// Which changes reach the next level together, by their numbers.
fn reaching(page: &mut Page<'_>, model: &Assessment, told: &Told<'_>, next: u8) {
    let of = |id: &String| model.blocking.iter().find(|b| b.practice == *id && b.unknown.is_none());
    let number = |b: &Blocking| told.actions.iter().position(|known| *known == said(b)).map(|at| at + 1);
    let numbers: Option<Vec<usize>> = model.together.iter().map(|id| number(of(id)?)).collect();
    let Some(mut numbers) = numbers.filter(|all| !all.is_empty()) else { return };
    numbers.sort_unstable();
    let all: Vec<String> = numbers.iter().map(usize::to_string).collect();
    let told = match all.split_last() {
        Some((last, first)) if !first.is_empty() => format!("{} and {last} together reach {next}", first.join(", ")),
        _ => return,
    };
    page.wrap(5, 8, &Line::of(Ink::Good, &told.replace(' ', "\u{a0}")));
}

/// What there is to do: a change that mends several rows once for each column, and nothing where nothing is to be changed.
fn changes<'m>(all: &[&'m Blocking]) -> Vec<&'m Blocking> {
    let mut decided: Vec<&Blocking> = Vec::new();
    for blocking in all.iter().filter(|b| b.remedy != Some(RemedyKind::Confirm)) {
        let same = |known: &&Blocking| (&known.dimension, said(known)) == (&blocking.dimension, said(blocking));
        if !decided.iter().any(same) {
            decided.push(blocking);
        }
    }
    decided
}

fn numbered<'r>(page: &mut Page<'_>, blocking: &'r Blocking, told: &mut Told<'r>, system: &System, repository: &Repository) {
    let known = told.knows(blocking);
    let number = Line::of(Ink::Quiet, &format!("{:>2}", told.number(blocking)).replace(' ', "\u{a0}"));
    page.pair(4, &number, 8, &action(page.verbose(), blocking, known, system, repository, &mut told.last));
}

/// What unknown practices hang on, by reason.
fn hangs_on(page: &Page<'_>, open: &[&Blocking], coverage: &Coverage, named: &mut String) -> Line {
    let mut line = Line::new();
    for (why, one, many) in [
        (Unknown::NotRead, "hangs on ", "hang on "),
        (Unknown::NoDetector, "has no detector yet", "have no detector yet"),
        (Unknown::NoHistory, "needs the history", "need the history"),
        (Unknown::SwitchedOff, "is switched off in the settings", "are switched off in the settings"),
    ] {
        let of: Vec<&Blocking> = open.iter().copied().filter(|b| b.unknown == Some(why)).collect();
        let Some(first) = of.first() else { continue };
        let ids = || of.iter().map(|b| b.practice.as_str());
        let few = page.verbose() > 0 || of.len() == 1;
        let what = if few { ids().collect::<Vec<_>>().join(", ") } else { of.len().to_string() };
        let between = if line.is_empty() { "" } else { "; " };
        line = line.plain(between).plain(&what).plain(" ");
        line = line.plain(if of.len() == 1 { one } else { many });
        if why == Unknown::NotRead {
            line = match coverage.undecided_by(ids()) {
                Some((path, _)) if *named == *path => line.plain("what was not read"),
                Some((path, more)) => {
                    path.clone_into(named);
                    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                    line.place(path, None).plain(&format!("{more} (not read)"))
                }
                None => line.plain("files that were not listed"),
            };
        }
        if let Some(level) = first.lifts_to.filter(|_| of.len() == 1) {
            line = line.add(Ink::Quiet, &format!("; if it holds, {level} is reached"));
        }
    }
    line
}

/// What a reader should see first of what stands in the way: what can be changed here before what cannot.
fn nearest<'m>(page: &Page<'_>, model: &Assessment, decided: &[&'m Blocking], told: &Told<'_>) -> Vec<&'m Blocking> {
    let mut decided = decided.to_vec();
    if page.verbose() > 0 {
        return decided;
    }
    decided.sort_by_key(|b| b.elsewhere);
    if !model.together.is_empty() {
        let is_meant = |b: &Blocking| {
            model
                .together
                .iter()
                .any(|id| b.practice == *id || model.blocking.iter().any(|other| other.practice == *id && said(other) == said(b)))
        };
        return decided.into_iter().filter(|b| is_meant(b)).collect();
    }
    if model.level.is_some() {
        // the same where what was not looked at is told as well
        let few = model.blocking.iter().any(|b| b.lifts_to.is_some() || b.unknown.is_some());
        let most = if few { CHOICES } else { ACTIONS } - usize::from(told.tight);
        // what is to be done anyway, for a model above, is told as well where it is enough here
        let known = |b: &Blocking| b.lifts_to.is_some() && told.knows(b);
        return decided.iter().enumerate().filter(|(at, b)| *at < most || known(b)).map(|(_, b)| *b).collect();
    }
    // nothing that was told lifts a column: the first change of one of them
    decided.truncate(1);
    decided
}

/// What actions of models above do here, by their numbers.
fn as_above(again: &[&Blocking], told: &Told<'_>) -> Line {
    let mut line = Line::new();
    for (index, blocking) in again.iter().enumerate() {
        let number = told.actions.iter().position(|t| *t == said(blocking)).unwrap_or_default() + 1;
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

/// The change in words, without where it belongs, which is told in a line of its own.
fn said(blocking: &Blocking) -> &str {
    if blocking.action.is_empty() {
        return &blocking.what;
    }
    match blocking.action.split_once("): ") {
        Some((_, action)) if blocking.elsewhere => action,
        _ => &blocking.action,
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

/// One action with the nearest thing found to it; `last` is the place that was told before it.
fn action(verbose: u8, blocking: &Blocking, known: bool, system: &System, repository: &Repository, last: &mut String) -> Line {
    let mut line = Line::new();
    if let Some(column) = &blocking.dimension {
        line = line.add(Ink::Strong, &format!("{column} {}: ", blocking.level));
    }
    let told = said(blocking);
    line = if known { line.plain("as above") } else { line.plain(told) };
    if let Some(level) = blocking.lifts_to {
        let follow = blocking.remedy == Some(RemedyKind::Follow);
        let (ink, how) = if follow { (Ink::Part, "if it is done there") } else { (Ink::Good, "by itself") };
        line = line.add(ink, &format!(" (reaches {level} {how})"));
    }
    if known {
        return line;
    }
    if let Some(remedy) = system.remedies.iter().find(|remedy| remedy.action == told) {
        line = line.join(hanging(remedy, verbose));
    }
    let near = blocking.evidence.iter().find_map(|e| phrases::place(e).map(|place| (e, place)));
    let (word, place) = match near {
        Some(near) => ("; nearest: ", Some(near)),
        // where the programs stand is told by the head
        None if verbose == 0 => ("", None),
        None => begins(&blocking.practice, system),
    };
    if place.is_none() {
        last.clear();
    }
    if let Some((evidence, place)) = place.filter(|(_, place)| !told.contains(place.as_str())) {
        let here = format!("{word}{place}");
        if verbose == 0 && here == *last {
            return line;
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
