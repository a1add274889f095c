//! What was there in a saved report and is not there any more?
//!
//! Why: a level says that something was lost, not what; so every practice that holds less well is named, with the hop
//! of its old chain that broke. Places are compared without their lines, which move with every edit.
//!
//! Invariants: reports of other rules are never compared, for a rule that changed is no change of the repository; what
//! could not be looked for is not lost, it leaves without a verdict.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::asked::{Asked, Of, Weighing};
use super::level::number;
use super::practice::{rank, unknown};
use super::{Outcome, Status, folder, place, why};
use crate::error::Error;
use crate::render::{verdict, visible};
use crate::report::{Assessment, EdgeKind, Hop, Practice, Report, Repository, SCHEMA_VERSION, Strength, System, Three, Verdict};

/// A saved report.
#[derive(Debug, Clone, PartialEq)]
pub struct Baseline {
    /// The file that it was read from, as the user named it.
    pub name: String,
    /// What it says.
    pub report: Report,
}

/// As much of a report as every version has.
#[derive(Deserialize)]
struct Form {
    schema_version: String,
}

impl Baseline {
    /// Reads a saved report; `name` is the file that it came from, for messages.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] where it is no report, or one of another form.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self, Error> {
        let name = visible(name).into_owned();
        // where, and not what: the message must not repeat whatever the file holds
        let wrong = |e: &serde_json::Error| {
            Error::Usage(format!(
                "`{name}` is no JSON report of treering (line {}, column {}); save one with `treering scan PATH --format json -o report.json`",
                e.line(),
                e.column()
            ))
        };
        let form: Form = serde_json::from_slice(bytes).map_err(|e| wrong(&e))?;
        let major = |version: &str| version.split('.').next().unwrap_or_default().to_owned();
        if major(&form.schema_version) != major(SCHEMA_VERSION) {
            return Err(Error::Usage(format!(
                "`{name}` has the form {}, and this version compares {SCHEMA_VERSION}; save it anew with `treering scan PATH --format json -o {name}`",
                visible(&form.schema_version)
            )));
        }
        let report = serde_json::from_slice(bytes).map_err(|e| wrong(&e))?;
        Ok(Self { name, report })
    }
}

/// Names each practice and each level that is lost since a saved report, and counts what is better; `rescan` is the
/// command that scans the same repository with the same rules.
///
/// # Errors
///
/// [`Error::Usage`] where the baseline was judged by other rules, with the command that makes it comparable.
pub fn compare(baseline: &Baseline, report: &Report, asked: &Asked, rescan: &str) -> Result<Outcome, Error> {
    let old = &baseline.report;
    let (of, weighing) = (&asked.of, asked.weighing);
    comparable(baseline, report, rescan)?;
    let mut found = Found { place: asked.place.clone(), ..Found::default() };
    let several = old.systems.len().max(report.systems.len()) > 1;
    for (before, now) in pairs(&old.systems, &report.systems) {
        if matches!(of, Of::Path(path) if *path != before.path && now.is_none_or(|n| *path != n.path)) {
            continue;
        }
        let of = if several { format!(" in {}", folder(before)) } else { String::new() };
        match now {
            Some(now) => {
                levels(before, now, weighing, &of, &mut found);
                practices(before, now, &of, report, &mut found);
            }
            None => gone(before, report, &mut found),
        }
    }
    let commit = old.repository.commit.as_deref().map(|c| format!(" of commit {}", c.chars().take(7).collect::<String>()));
    let mut outcome = Outcome::default();
    outcome.add(
        Status::Fine,
        &format!(
            "compared with `{}`{}: {} lost, {} better{}{}",
            baseline.name,
            commit.unwrap_or_default(),
            found.lost,
            found.better.len(),
            named(&found.better),
            if found.open > 0 { format!(", {} without a verdict", found.open) } else { String::new() }
        ),
    );
    outcome.join(found.outcome);
    if !told_apart(&old.repository, &report.repository) {
        let told = "neither report names a remote or a first commit, so that both are of one project is taken on trust";
        outcome.add(Status::Fine, told);
    }
    Ok(outcome)
}

/// Whether two reports say enough of where they come from to be told apart.
fn told_apart(old: &Repository, new: &Repository) -> bool {
    let both = |of: fn(&Repository) -> bool| of(old) && of(new);
    both(|r| r.remote.is_some()) || both(|r| r.first_commit.is_some())
}

/// What is better, behind its number.
fn named(better: &[String]) -> String {
    if better.is_empty() {
        return String::new();
    }
    let first: Vec<&str> = better.iter().take(BETTER).map(String::as_str).collect();
    let more = better.len().checked_sub(BETTER).filter(|n| *n > 0).map(|n| format!(" and {n} more")).unwrap_or_default();
    format!(" ({}{more})", first.join(", "))
}

/// How many of what is better are named.
const BETTER: usize = 8;

/// What the comparison found.
#[derive(Default)]
struct Found {
    outcome: Outcome,
    lost: usize,
    open: usize,
    better: Vec<String>,
    /// How the repository is named behind `treering explain ID`; empty where nobody knows.
    place: String,
}

impl Found {
    fn lost(&mut self, line: &str) {
        self.lost += 1;
        self.outcome.add(Status::Below, line);
    }

    /// Where the whole answer on an id stands.
    fn why(&self, id: &str) -> String {
        why(&self.place, id)
    }

    fn open(&mut self, line: &str) {
        self.open += 1;
        self.outcome.add(Status::NoVerdict, line);
    }
}

fn comparable(baseline: &Baseline, report: &Report, rescan: &str) -> Result<(), Error> {
    same_repository(baseline, report)?;
    let (old, new) = (&baseline.report.tool.ruleset.digest, &report.tool.ruleset.digest);
    if old == new {
        return Ok(());
    }
    let name = &baseline.name;
    let repository = &baseline.report.repository;
    let how = match repository.commit.as_deref().filter(|_| repository.dirty != Some(true)) {
        Some(commit) => format!("scan its commit again: {rescan} --rev {} --format json -o {name}", visible(commit)),
        None => {
            format!("check out what was scanned then, which no commit holds, and run {rescan} --format json -o {name}")
        }
    };
    Err(Error::Usage(format!(
        "`{name}` was judged by other rules ({}, these are {new}), so a difference would say nothing of the repository; {how}",
        visible(old)
    )))
}

/// Refuses a baseline of something else: of another repository, or of a system that goes by neither its folder nor its
/// name here. That nothing of it is lost would be true and say nothing.
fn same_repository(baseline: &Baseline, report: &Report) -> Result<(), Error> {
    let (old, new) = (&baseline.report, report);
    let refused = |was: &str, is: &str| {
        Err(Error::Usage(format!(
            "`{}` is the report of {}, and this is {}; name the baseline that was saved here",
            baseline.name,
            visible(was),
            visible(is)
        )))
    };
    if let (Some(was), Some(is)) = (&old.repository.remote, &new.repository.remote) {
        if address(was) != address(is) {
            return refused(was, is);
        }
    }
    if let (Some(was), Some(is)) = (&old.repository.first_commit, &new.repository.first_commit) {
        if was != is && (old.repository.remote.is_none() || new.repository.remote.is_none()) {
            let of = |id: &str| format!("a repository that begins with commit {}", id.chars().take(7).collect::<String>());
            return refused(&of(was), &of(is));
        }
    }
    let first = |report: &'_ Report| report.systems.iter().position(|s| s.primary).unwrap_or(0);
    let (Some(was), Some(is)) = (old.systems.get(first(old)), new.systems.get(first(new))) else { return Ok(()) };
    if new.systems.iter().any(|s| s.path == was.path || s.name == was.name) {
        return Ok(());
    }
    refused(&format!("the system in {}", folder(was)), &format!("one in {}", folder(is)))
}

/// The host and the name behind it, whichever way they are reached.
fn address(remote: &str) -> String {
    let bare = remote.rsplit_once("://").map_or(remote, |(_, rest)| rest);
    let bare = bare.split_once('@').map_or(bare, |(_, rest)| rest);
    bare.trim_end_matches('/').trim_end_matches(".git").replace(':', "/").to_ascii_lowercase()
}

/// Each old system with what it is now: that of its folder, or, where one system of each is left over, that one, for a
/// folder that moved is no loss.
fn pairs<'r>(old: &'r [System], new: &'r [System]) -> Vec<(&'r System, Option<&'r System>)> {
    let at = |systems: &'r [System], path: &str| systems.iter().find(|s| s.path == path);
    let mut left = new.iter().filter(|s| at(old, &s.path).is_none());
    let moved = left.next().filter(|_| left.next().is_none());
    let alone = old.iter().filter(|s| at(new, &s.path).is_none()).count() == 1;
    old.iter().map(|s| (s, at(new, &s.path).or(moved.filter(|_| alone)))).collect()
}

fn gone(before: &System, report: &Report, found: &mut Found) {
    let met = before.practices.iter().filter(|p| p.verdict == Verdict::Met).count();
    let levels: Vec<String> = before.models.iter().filter_map(|m| m.level.map(|level| format!("{} {level}", m.id))).collect();
    let now = if report.systems.is_empty() { format!(": {}", report.repository.subject.why) } else { String::new() };
    found.lost(&format!(
        "lost: there is no ML system in {} any more; it had {}{met} practices met{now}",
        folder(before),
        levels.iter().map(|l| format!("{l}, ")).collect::<String>()
    ));
}

fn levels(before: &System, now: &System, weighing: Weighing, of: &str, found: &mut Found) {
    for old in &before.models {
        let Some(new) = now.models.iter().find(|m| m.id == old.id) else {
            found.outcome.add(Status::Fine, &format!("{} was not applied now, so its levels are not compared", old.id));
            continue;
        };
        for (name, was, is, could_be) in numbers(old, new) {
            let (was, is) = (number(was, weighing), number(is, weighing));
            if is > was {
                found.better.push(format!("{name}{of} {is}"));
            } else if is < was {
                if could_be.is_some_and(|c| number(c, weighing) >= was) {
                    found.open(&format!(
                        "no verdict: {name}{of} was at level {was} and is at {is}, and would not be lower if what is unknown were met"
                    ));
                } else {
                    let why = found.why(&format!("{name}.{was}"));
                    found.lost(&format!("lost: {name}{of} was at level {was} and is at {is}{why}"));
                }
            }
        }
    }
}

/// Each number of a model, with its name, what it was, what it is and what it could be.
fn numbers(old: &Assessment, new: &Assessment) -> Vec<(String, Three<u8>, Three<u8>, Option<Three<u8>>)> {
    let three = |floor: Option<u8>, level: Option<u8>, ceiling: Option<u8>| {
        Some(Three { floor: floor?, level: level?, ceiling: ceiling? })
    };
    let overall = |m: &Assessment| three(m.floor, m.level, m.ceiling);
    if let (Some(was), Some(is)) = (overall(old), overall(new)) {
        return vec![(old.id.clone(), was, is, new.could_be)];
    }
    old.dimensions
        .iter()
        .filter_map(|(name, was)| {
            let is = new.dimensions.get(name)?;
            let of = |d: &crate::report::Dimension| three(d.floor, d.level, d.ceiling);
            Some((format!("{}.{name}", old.id), of(was)?, of(is)?, is.could_be))
        })
        .collect()
}

fn practices(before: &System, now: &System, of: &str, report: &Report, found: &mut Found) {
    let there = there(now);
    // one cause is told once: with the first practice that it cost, and then the others
    let mut causes: Vec<(String, &str, Vec<String>)> = Vec::new();
    for old in &before.practices {
        let Some(new) = now.practices.iter().find(|p| p.id == old.id) else { continue };
        if rank(new) > rank(old) {
            found.better.push(format!("{}{of}", old.id));
        }
        // what is not asked of it any more is nothing that it lost
        if rank(new) >= rank(old) || new.verdict == Verdict::NotApplicable {
            continue;
        }
        let was = format!("{}{of} was {}", old.id, verdict(old));
        if new.verdict == Verdict::Unknown {
            found.open(&format!("no verdict: {was} and could not be looked for now: {}", unknown(new, &report.coverage)));
            continue;
        }
        let loss = format!("{was} and is {}", verdict(new));
        let cause = broke(old, new, now, &there);
        if let Some(of) = cause.as_ref().and_then(|cause| causes.iter_mut().find(|(known, ..)| known == cause)) {
            found.lost += 1;
            of.2.push(loss);
            continue;
        }
        let miss = new.nearest_miss.as_ref().map(|miss| format!("; now: {}", miss.text)).unwrap_or_default();
        let told = cause.as_ref().map(|cause| format!("; {cause}{miss}")).unwrap_or_default();
        let why = found.why(&old.id);
        found.lost(&format!("lost: {loss}{told}{why}"));
        causes.extend(cause.map(|cause| (cause, old.id.as_str(), Vec::new())));
    }
    for (_, first, more) in causes.into_iter().filter(|(.., more)| !more.is_empty()) {
        found.outcome.add(Status::Below, &format!("lost with {first}: {}", more.join("; ")));
    }
}

/// What a hop says, whatever its line and the lines of what it speaks of.
type Said<'r> = (&'r str, String, EdgeKind);

fn said(hop: &Hop) -> Said<'_> {
    (&hop.path, unnumbered(&hop.what), hop.edge)
}

/// A text without the numbers of the lines that it names.
fn unnumbered(text: &str) -> String {
    let mut parts = text.split(':');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |told, part| format!("{told}:{}", part.trim_start_matches(|c: char| c.is_ascii_digit())))
}

/// Every hop that a report shows of a system, with the best strength it has anywhere.
fn there(system: &System) -> BTreeMap<Said<'_>, Strength> {
    let of_practices = system.practices.iter().flat_map(|p| {
        let near = p.nearest_miss.as_ref().and_then(|n| n.chain.as_ref());
        p.chains.iter().chain(near)
    });
    let heads = system.chain_heads.iter().map(|h| &h.chain);
    let mut hops = BTreeMap::new();
    for hop in of_practices.chain(heads).flat_map(|chain| &chain.0) {
        let best = hops.entry(said(hop)).or_insert(hop.strength);
        *best = (*best).max(hop.strength);
    }
    hops
}

/// Where the chain that carried a practice broke: a place that the new report calls broken before one that it merely
/// does not show.
fn broke(old: &Practice, new: &Practice, now: &System, there: &BTreeMap<Said<'_>, Strength>) -> Option<String> {
    let hops = old.chains.first().map(|chain| chain.0.as_slice()).unwrap_or_default();
    let at = |hop: &Hop| if hop.line > 0 { format!("{}:{}", hop.path, hop.line) } else { hop.path.clone() };
    for hop in hops {
        let broken = now.lookalikes.iter().find_map(|l| {
            let at = l.evidence.iter().find(|e| e.signal == "broken" && e.path.as_deref() == Some(&hop.path))?;
            let same = l.why.contains(&hop.what) || at.snippet.as_deref().is_some_and(|s| s.contains(&hop.what));
            same.then(|| format!("it breaks at {}: {}", place(at).unwrap_or_default(), l.why))
        });
        if broken.is_some() {
            return broken;
        }
    }
    // a hop that cannot run does so for a line before it in its file, where one is known to be broken
    let gone = |hop: &&Hop| there.get(&said(hop)) == Some(&Strength::Broken);
    if let Some(hop) = hops.iter().find(gone) {
        let cause = now.lookalikes.iter().filter_map(|l| {
            let at = l.evidence.iter().find(|e| e.signal == "broken" && e.path.as_deref() == Some(&hop.path))?;
            at.line.filter(|line| *line <= hop.line).map(|line| (line, l, at))
        });
        if let Some((_, cause, at)) = cause.max_by_key(|(line, ..)| *line) {
            return Some(format!("it breaks at {}: {}", place(at).unwrap_or_default(), cause.why));
        }
    }
    let weaker = hops.iter().find(|hop| there.get(&said(hop)).is_none_or(|strength| *strength < hop.strength));
    let told = match weaker.map(|hop| (hop, there.get(&said(hop)))) {
        Some((hop, Some(Strength::Broken))) => format!("it breaks at {} ({}): cannot run as written", at(hop), hop.what),
        Some((hop, Some(Strength::Assumed))) => format!("{} ({}) leads outside now", at(hop), hop.what),
        Some((hop, Some(_))) => format!("{} ({}) is linked by name now", at(hop), hop.what),
        Some((hop, None)) => format!("the first hop that is not shown any more is {} ({})", at(hop), hop.what),
        None => {
            let shown =
                |place: &crate::report::Evidence| new.evidence.iter().any(|e| e.path == place.path && e.signal == place.signal);
            let first = old.evidence.iter().find(|e| !shown(e)).and_then(place)?;
            format!("it was shown by {first}")
        }
    };
    Some(told)
}

#[cfg(test)]
mod tests {
    use super::unnumbered;

    #[test]
    fn a_place_that_moved_is_the_same() {
        assert_eq!(
            unnumbered("it works once somebody has run it (Makefile:26)"),
            unnumbered("it works once somebody has run it (Makefile:31)")
        );
        assert_ne!(unnumbered("python fit.py"), unnumbered("python fit2.py"));
    }
}
