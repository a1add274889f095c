//! Is a model, or one dimension of it, at the level that is asked for?
//!
//! Invariant: a level that is not reached is refused only where it would not be reached either if all that is unknown
//! were met.

use std::collections::BTreeMap;

use super::asked::{Asked, LevelAsked, Weighing};
use super::{Outcome, Status, nearest, practice, why, why_unknown};
use crate::error::Error;
use crate::report::{Assessment, Blocking, Cause, Coverage, Practice, Reached, System, Three, Unknown, Verdict};

/// Unknown practices that are named; more would drown the sentence.
const NAMED: usize = 4;

/// The ladder of a model or of one of its dimensions.
struct Ladder<'r> {
    numbers: Option<Three<u8>>,
    could_be: Option<Three<u8>>,
    incomplete: &'r [String],
    reached: &'r [Reached],
}

/// The ladder that is asked about; none where the model does not have it.
fn ladder<'r>(model: &'r Assessment, dimension: Option<&str>) -> Option<Ladder<'r>> {
    let three = |floor: Option<u8>, level: Option<u8>, ceiling: Option<u8>| {
        let level = level?;
        Some(Three { floor: floor.unwrap_or(level), level, ceiling: ceiling.unwrap_or(level) })
    };
    match dimension {
        Some(name) => model.dimensions.get(name).map(|d| Ladder {
            numbers: three(d.floor, d.level, d.ceiling),
            could_be: d.could_be,
            incomplete: &d.incomplete,
            reached: &d.reached,
        }),
        None if model.level.is_none() && !model.dimensions.is_empty() => None,
        None => Some(Ladder {
            numbers: three(model.floor, model.level, model.ceiling),
            could_be: model.could_be,
            incomplete: &model.incomplete,
            reached: &model.reached,
        }),
    }
}

/// What is gated on.
pub(super) fn number<T: Copy>(three: Three<T>, weighing: Weighing) -> T {
    match weighing {
        Weighing::Level => three.level,
        Weighing::Complete => three.floor,
    }
}

/// Judges one system; `of` names it where that is needed.
pub(super) fn judge(
    system: &System,
    asked: &LevelAsked,
    all: &Asked,
    of: &str,
    coverage: &Coverage,
    outcome: &mut Outcome,
) -> Result<(), Error> {
    let (name, wanted, weighing) = (asked.name(), asked.level, all.weighing);
    let Some(model) = system.models.iter().find(|m| m.id == asked.model) else {
        outcome.add(Status::NoVerdict, &format!("no verdict on {name}{of}: the model was not applied"));
        return Ok(());
    };
    let Some(ladder) = ladder(model, asked.dimension.as_deref()) else {
        let there: Vec<String> = model.dimensions.keys().map(|d| format!("{}.{d}", model.id)).collect();
        return Err(Error::Usage(format!("{name} gives no level; ask for one of {}", there.join(", "))));
    };
    let Some(numbers) = ladder.numbers else {
        outcome.add(Status::NoVerdict, &format!("no verdict on {name}{of}: nothing of it can be seen in a repository"));
        return Ok(());
    };
    let found = number(numbers, weighing);
    let alone = match weighing {
        Weighing::Level => "",
        Weighing::Complete => " from what is proven",
    };
    if found >= wanted {
        // a level that hangs on links that are likely only is no lie, and whoever gates on it must know
        let proven = numbers.floor;
        let thin = if found >= proven.saturating_add(2) {
            format!("; only {proven} is proven, which --evidence complete judges")
        } else {
            String::new()
        };
        outcome.add(Status::Fine, &format!("passed: {name} is at level {found}{alone}{of}, {wanted} was asked{thin}"));
        return Ok(());
    }
    let why = why(&all.place, &format!("{name}.{wanted}"));
    if let Some(could_be) = ladder.could_be.map(|c| number(c, weighing)).filter(|c| *c >= wanted) {
        let unknown = unknown(system, ladder.incomplete, coverage);
        let line = format!(
            "no verdict: {name} is at level {found}{alone}{of}, {wanted} was asked, and it would be {could_be} if what is unknown were met: {unknown}{why}"
        );
        outcome.add(Status::NoVerdict, &line);
        return Ok(());
    }
    let mut line = format!("below: {name} is at level {found}{alone}{of}, {wanted} was asked");
    if let Some(told) = open(system, model, asked, &ladder, weighing) {
        line.push_str("; ");
        line.push_str(&told);
    }
    if numbers.ceiling >= wanted {
        line.push_str(&format!(" (level {} if the outside is confirmed)", numbers.ceiling));
    }
    line.push_str(&why);
    outcome.add(Status::Below, &line);
    Ok(())
}

/// The unknown practices, those of one reason together.
fn unknown(system: &System, ids: &[String], coverage: &Coverage) -> String {
    let mut by_reason: BTreeMap<Option<Unknown>, Vec<&str>> = BTreeMap::new();
    for id in ids.iter().take(NAMED) {
        let because = system.practices.iter().find(|p| p.id == *id).and_then(|p| p.because);
        let reason = match because {
            Some(Cause::Unknown(why)) => Some(why),
            _ => None,
        };
        by_reason.entry(reason).or_default().push(id);
    }
    let told = |(reason, ids): (Option<Unknown>, Vec<&str>)| {
        let reason = reason.map(|reason| format!(" ({})", why_unknown(reason, &ids, coverage))).unwrap_or_default();
        format!("{}{reason}", ids.join(", "))
    };
    let mut parts: Vec<String> = by_reason.into_iter().map(told).collect();
    if let Some(more) = ids.len().checked_sub(NAMED).filter(|n| *n > 0) {
        parts.push(format!("and {more} more"));
    }
    parts.join(", ")
}

/// What keeps a ladder from the level that is asked for: the one change that reaches it, where there is one; otherwise
/// the nearest and what is needed besides.
fn open(system: &System, model: &Assessment, asked: &LevelAsked, ladder: &Ladder<'_>, weighing: Weighing) -> Option<String> {
    let dimension = asked.dimension.as_deref();
    // the report says it where the headline is asked for
    let listed = || model.blocking.iter().filter(|b| b.dimension.as_deref() == dimension && b.unknown.is_none());
    let alone = listed().find(|b| b.lifts_to.is_some_and(|level| level >= asked.level));
    let of_set = || listed().find(|b| model.together.contains(&b.practice));
    if let Some(blocking) = alone.or_else(of_set).or_else(|| listed().next()).filter(|_| weighing == Weighing::Level) {
        // what the action says already is not said twice
        let what = blocking.what.trim_end_matches('.');
        let what = if blocking.action.contains(what) { String::new() } else { format!(": {what}") };
        let action = if blocking.action.is_empty() { String::new() } else { format!("; {}", blocking.action) };
        let lifts = blocking.lifts_to.map(|level| format!(" (reaches {level} by itself)")).unwrap_or_default();
        let told = format!("what level {} asks is open ({}){what}{action}{lifts}", blocking.level, blocking.practice);
        let nearest = nearest(&told, &blocking.evidence);
        // the same action stands for one change
        let mut rest: Vec<&Blocking> = Vec::new();
        for other in listed().filter(|b| b.level <= asked.level && b.action != blocking.action) {
            if !rest.iter().any(|b| b.action == other.action) {
                rest.push(other);
            }
        }
        let named: Vec<&str> = rest.iter().take(NAMED).map(|b| b.practice.as_str()).collect();
        let more = rest.len().checked_sub(NAMED).filter(|n| *n > 0).map(|n| format!(" and {n} more")).unwrap_or_default();
        // what opens the next level together was tried; of a level beyond it only what is open is known
        let together: Vec<&str> = model.together.iter().map(String::as_str).filter(|id| *id != blocking.practice).collect();
        if alone.is_none() && dimension.is_none() && model.together.contains(&blocking.practice) && !together.is_empty() {
            return Some(format!(
                "{told}{nearest}; level {} is reached with what is open of {} besides",
                blocking.level,
                together.join(", ")
            ));
        }
        let others = match alone {
            None if !rest.is_empty() => format!("; open besides: {}{more}", named.join(", ")),
            _ => String::new(),
        };
        return Some(told + &nearest + &others);
    }
    let found = number(ladder.numbers?, weighing);
    let next = ladder.reached.iter().find(|r| r.level > found && !number(r.holds, weighing))?;
    let weak = |row: &&crate::report::Row| number(row.weight, weighing).is_some_and(|w| w < 1.0);
    // a share that is too small is a matter of the rows, otherwise the key is open
    let short = next.needed.is_some_and(|needed| number(next.share, weighing) < needed - 1e-9);
    let row = next.rows.iter().filter(weak).min_by(|a, b| {
        let weight = |row: &crate::report::Row| number(row.weight, weighing).unwrap_or(1.0);
        weight(a).total_cmp(&weight(b))
    });
    let asks = row.filter(|_| short).map_or(next.key.as_str(), |row| row.of.as_str());
    let open = format!("what level {} asks is open", next.level);
    let weak = |p: &&Practice| !matches!(p.verdict, Verdict::Met | Verdict::NotApplicable);
    let named = words(asks).into_iter().filter_map(|id| system.practices.iter().find(|p| p.id == id).filter(weak));
    // what is nearly there is the nearest to change
    let nearest = named.max_by_key(|p| practice::rank(p));
    Some(match nearest {
        Some(practice) => format!("{open}: {}", practice::short_of(system, practice)),
        None => format!("{open}: {asks}"),
    })
}

/// What looks like an id in the words of a key or a row.
fn words(asks: &str) -> Vec<&str> {
    asks.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_'))).filter(|word| word.contains('.')).collect()
}
