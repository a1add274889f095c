//! What would mend the causes that hold practices back: in words, one of each, with all that hangs on it.

use std::collections::BTreeMap;

use super::super::copies::repository_of;
use super::super::model::Three;
use super::super::redact;
use super::super::system::{Remedied, RemedyKind};
use super::highlights::find;
use super::{Findings, JudgedSystem, place};
use crate::maturity;
use crate::practices::{self, Judged, LIKELY, Remedy, Starts, Way};
use crate::rules::model::Model;
use crate::verdict::Standing;

/// A remedy with the practices that it would bring about, and what that would make of the models.
pub(crate) struct Raised<'s> {
    /// The remedy.
    pub(crate) remedy: Remedy,
    /// Ids of the practices that hang on the cause.
    pub(crate) practices: Vec<String>,
    /// What each model, or a column of one without a level, would come to.
    pub(crate) numbers: Vec<(&'s str, Option<&'s str>, maturity::Three<u8>)>,
}

/// Most causes of which it is worked out what mending them would lift.
const CAUSES: usize = 24;

/// Every practice and probe, with what its qualifiers come to.
type Table = [(Judged, BTreeMap<String, Standing>)];

/// The causes that hold practices back, each once with all that hangs on it, and what each model would come to without it;
/// `mended` judges anew with a remedy, where that can be supposed.
pub(crate) fn raise<'s>(
    practices: &Table,
    models: &[(&'s Model, maturity::Assessment)],
    mended: &dyn Fn(&Remedy) -> Option<Vec<(Judged, BTreeMap<String, Standing>)>>,
) -> Vec<Raised<'s>> {
    let mut found: Vec<(Remedy, Vec<String>)> = Vec::new();
    for (practice, _) in practices.iter().filter(|(p, _)| !p.id.starts_with("probe.")) {
        let Some(remedy) = &practice.remedy else { continue };
        // what is not proven of two practices at one place is two things
        let same = |known: &Remedy| known.way == remedy.way && known.at == remedy.at && known.way != Way::Confirm;
        match found.iter_mut().find(|(known, ..)| same(known)) {
            Some((_, ids)) => ids.push(practice.id.clone()),
            None => found.push((remedy.clone(), vec![practice.id.clone()])),
        }
    }
    found.sort_by_key(|(_, ids)| std::cmp::Reverse(ids.len()));
    let all = found.into_iter().enumerate().map(|(number, (remedy, mut ids))| {
        let mut numbers = Vec::new();
        // that somebody looks there brings nothing about yet
        let after = match remedy.way {
            _ if number >= CAUSES => None,
            Way::Confirm if !remedy.alone => None,
            Way::Confirm => Some(practices::verdicts(&practices::raised(practices, &ids))),
            _ => mended(&remedy).map(|table| {
                let more = better(practices, &table).into_iter().filter(|id| !ids.contains(id));
                ids.extend(more.collect::<Vec<_>>());
                practices::verdicts(&table)
            }),
        };
        if let Some(verdicts) = after {
            for (model, before) in models {
                let after = maturity::grade(model, &verdicts);
                let overall = (None, before.overall.numbers, after.overall.numbers);
                let columns = model.dimensions.iter().zip(before.dimensions.iter().zip(&after.dimensions));
                let columns = columns.map(|(d, ((_, b), (_, a)))| (Some(d.name.as_str()), b.numbers, a.numbers));
                let columns = columns.filter(|_| before.overall.numbers.is_none());
                for (column, before, after) in std::iter::once(overall).chain(columns) {
                    if let Some(after) = after.filter(|after| Some(*after) != before) {
                        numbers.push((model.id.as_str(), column, after));
                    }
                }
            }
        }
        Raised { remedy, practices: ids, numbers }
    });
    all.collect()
}

/// The practices that hold better than before.
fn better(before: &Table, after: &Table) -> Vec<String> {
    let both = before.iter().zip(after).filter(|((old, _), (new, _))| !old.id.starts_with("probe.") && old.id == new.id);
    both.filter(|((old, _), (new, _))| practices::rank(new.standing) > practices::rank(old.standing))
        .map(|(_, (new, _))| new.id.clone())
        .collect()
}

/// All remedies of a system, those of most practices first.
pub(super) fn remedies(findings: &Findings<'_>, system: &JudgedSystem<'_>) -> Vec<Remedied> {
    let one = |raised: &Raised<'_>| {
        let number = |model: &str, column: Option<&str>, three: &maturity::Three<u8>| {
            let name = column.map_or_else(|| model.to_owned(), |column| format!("{model}.{column}"));
            (name, Three { floor: three.floor, level: three.level, ceiling: three.ceiling })
        };
        Remedied {
            kind: kind(&raised.remedy),
            action: action(&raised.remedy, &not_proven(findings, raised.practices.first().and_then(|id| find(system, id)))),
            evidence: vec![place(findings, &raised.remedy.at, "remedy")],
            practices: raised.practices.clone(),
            lifts: raised.numbers.iter().map(|(model, column, three)| number(model, *column, three)).collect(),
        }
    };
    system.remedies.iter().map(one).collect()
}

pub(super) const fn kind(remedy: &Remedy) -> RemedyKind {
    match &remedy.way {
        Way::SwitchOn(_) => RemedyKind::SwitchOn,
        Way::Register(_) => RemedyKind::Register,
        Way::Apply => RemedyKind::Apply,
        Way::Start(_) => RemedyKind::Start,
        Way::Repair(_) => RemedyKind::Repair,
        Way::Heed(_) => RemedyKind::Heed,
        Way::Follow(_) => RemedyKind::Follow,
        Way::Confirm => RemedyKind::Confirm,
    }
}

/// What is to be done, and where.
/// `not_proven` is what stands open where nothing is to be done.
pub(super) fn action(remedy: &Remedy, not_proven: &str) -> String {
    let at = &remedy.at;
    let told = match &remedy.way {
        Way::SwitchOn(how) => format!("{how} ({at})"),
        Way::Register(None) => format!("run {at} in a job that starts on push"),
        Way::Register(Some(command)) => format!("run `{command}` in a job that starts on push ({at})"),
        Way::Apply => format!("apply {at} in a job that starts on push"),
        Way::Start(starts) => format!("let {} start {at}", starter(*starts)),
        Way::Repair(what) => format!("repair {at}: {what}"),
        Way::Heed(why) => format!("let {at} fail the run: {why}"),
        Way::Follow(what) => match repository_of(what) {
            Some(name) => format!("scan with a copy of what {at} names: --with {name}=COPY"),
            None => format!("look up what {at} names, which is not in this scan: `{what}`"),
        },
        Way::Confirm => format!("nothing to change if it is so; not proven: {not_proven}"),
    };
    redact::snippet(&told)
}

/// What is likely of a practice and not proven, as its nearest miss tells.
pub(super) fn not_proven(findings: &Findings<'_>, judged: Option<&Judged>) -> String {
    let near = judged.and_then(|p| p.near.as_ref());
    let told = near.map(|near| (super::sentence(findings, near), near.at.to_string())).unwrap_or_default();
    let (text, at) = (told.0.strip_suffix(LIKELY).unwrap_or(&told.0), told.1);
    if at.is_empty() || text.contains(&at) { text.to_owned() } else { format!("{text} ({at})") }
}

const fn starter(starts: Starts) -> &'static str {
    match starts {
        Starts::Time => "a schedule or new data",
        Starts::Any => "a push, tag or schedule",
        Starts::Release => "a push or tag",
        Starts::Ci => "a push or pull request",
        Starts::Push => "a push",
        Starts::Both => "a push, and a schedule or new data,",
    }
}
