//! What a practice, a requirement or a signal came to in a repository.

use super::{phrases, words};
use crate::explain::{Explanation, Inspection, Scope, Sighting, Start, Strength};
use crate::render::page::{Ink, Line, Page, width_of};
use crate::report::{Assessment, Cause, Criterion, Evidence, Practice, Report, Repository, System, Unknown, Verdict};

/// Systems that are all told in full; of more, the primary one alone.
const FULL: usize = 3;
/// Systems of the same answer that are named.
const NAMED: usize = 3;
/// Chains and places told.
const CHAINS: usize = 3;
const PLACES: usize = 6;
/// Kinds of files not read that are told.
const KINDS: usize = 2;

/// What to call a system, where there are several.
pub(super) fn name(page: &mut Page<'_>, system: &System, report: &Report) {
    if report.systems.len() < 2 && !system.generated {
        return;
    }
    let folder = if system.path == "." { "the root" } else { &system.path };
    let mut line = Line::of(Ink::Strong, "  System ").place(folder, None);
    if system.primary {
        line = line.add(Ink::Quiet, " (the primary one)");
    } else if system.generated {
        line = line.add(Ink::Quiet, " (what the template would generate)");
    }
    page.wrap(2, 2, &line);
}

/// What to call several systems of the same answer.
fn names(page: &mut Page<'_>, systems: &[&System], report: &Report) {
    let Some((first, others)) = systems.split_first() else { return };
    if others.is_empty() {
        return name(page, first, report);
    }
    let most = if page.verbose() > 0 { usize::MAX } else { NAMED };
    let folder = |system: &System| if system.path == "." { "the root".to_owned() } else { system.path.clone() };
    let mut line = Line::of(Ink::Strong, "  Systems ");
    for (number, system) in systems.iter().enumerate().take(most) {
        line = line.plain(if number == 0 { "" } else { ", " }).place(&folder(system), None);
        if system.primary {
            line = line.add(Ink::Quiet, " (the primary one)");
        }
    }
    if let Some(more) = systems.len().checked_sub(most).filter(|n| *n > 0) {
        line = line.add(Ink::Quiet, &format!(" and {more} more"));
    }
    page.wrap(2, 4, &line.add(Ink::Quiet, ", all alike"));
}

/// What is told of each system, once for those of which the same is told; in the order of the first of each.
pub(super) fn alike<'r>(page: &mut Page<'_>, report: &'r Report, tell: impl Fn(&mut Page<'_>, &'r System) -> Option<()>) {
    let mut groups: Vec<(Page<'_>, Vec<&System>)> = Vec::new();
    for system in &report.systems {
        let mut one = page.trial();
        if tell(&mut one, system).is_none() {
            continue;
        }
        match groups.iter_mut().find(|(told, all)| told.says(&one) && !all.iter().any(|s| s.generated != system.generated)) {
            Some((_, all)) => all.push(system),
            None => groups.push((one, vec![system])),
        }
    }
    groups.sort_by_key(|(_, all)| !all.iter().any(|system| system.primary));
    for (told, systems) in groups {
        names(page, &systems, report);
        page.append(&told);
    }
}

/// What a practice came to, system by system.
pub(super) fn practice(page: &mut Page<'_>, rule: &Explanation, report: &Report) {
    super::title(page, report);
    if report.systems.is_empty() {
        return super::no_system(page, report);
    }
    // the first of many in full, of the others the verdict
    let full = report.systems.iter().position(|system| system.primary).unwrap_or(0);
    let many = report.systems.len() > FULL;
    alike(page, report, |page, system| {
        let practice = system.practices.iter().find(|p| p.id == rule.id)?;
        if many && page.verbose() == 0 && report.systems.get(full).is_some_and(|first| first.path != system.path) {
            let (ink, sentence) = words::practice(practice);
            page.wrap(2, 4, &Line::of(ink, sentence.trim_end_matches('.')).plain("."));
            return Some(());
        }
        one(page, practice, report);
        remedy(page, practice, system);
        used(page, rule, system);
        Some(())
    });
}

fn one(page: &mut Page<'_>, practice: &Practice, report: &Report) {
    let repository = &report.repository;
    let (ink, sentence) = words::practice(practice);
    page.wrap(2, 4, &Line::of(ink, sentence.trim_end_matches('.')).plain("."));
    if practice.verdict == Verdict::NotApplicable {
        page.wrap(2, 4, &Line::new().plain("What it is about is not here, so it neither lifts nor lowers a level."));
    }
    let found = matches!(practice.verdict, Verdict::Met | Verdict::Indicated | Verdict::Contradicted);
    if !found && !practice.looked_for.is_empty() {
        page.wrap(2, 4, &Line::of(Ink::Quiet, "Looked for: ").plain(&practice.looked_for.join(", ")).plain("."));
    }
    if let Some(miss) = practice.nearest_miss.as_ref().filter(|_| !found) {
        page.wrap(2, 4, &Line::of(Ink::Quiet, "Nearest: ").plain(&miss.text).plain("."));
    }
    if let Some(miss) = practice.nearest_miss.as_ref().filter(|m| !m.evidence.is_empty()) {
        let first = practice.chains.first();
        let shown = |e: &&Evidence| {
            phrases::place(e).is_some_and(|p| {
                miss.text.contains(&p) || found && first.is_some_and(|c| c.0.iter().any(|hop| words::hop_place(hop) == p))
            })
        };
        let places: Vec<&Evidence> = miss.evidence.iter().filter(|e| !shown(e)).collect();
        words::all_evidence(page, &places, 2, repository);
    }
    not_read(page, practice, report);
    let closer: Vec<String> =
        practice.qualifiers.iter().filter(|(_, w)| !w.is_empty()).map(|(k, w)| format!("{k} {}", w.join(", "))).collect();
    if !closer.is_empty() {
        page.wrap(2, 4, &Line::of(Ink::Quiet, "More closely: ").plain(&closer.join("; ")).plain("."));
    }
    chains(page, practice, repository);
}

/// What mends the cause here, and what else it mends.
fn remedy(page: &mut Page<'_>, practice: &Practice, system: &System) {
    let Some(remedy) = system.remedies.iter().find(|remedy| remedy.practices.contains(&practice.id)) else { return };
    let mut line = Line::of(Ink::Quiet, "To do here: ").plain(remedy.action.trim_end_matches('.'));
    let others: Vec<&str> = remedy.practices.iter().map(String::as_str).filter(|id| *id != practice.id).collect();
    if !others.is_empty() {
        line = line.add(Ink::Quiet, &format!("; it holds back as well: {}", others.join(", ")));
    }
    page.wrap(2, 4, &line.plain("."));
}

/// The chains and the places that carry a verdict.
fn chains(page: &mut Page<'_>, practice: &Practice, repository: &Repository) {
    for chain in practice.chains.iter().take(CHAINS) {
        let weakest = chain.0.iter().map(|hop| hop.strength).min();
        let lacking = practice.verdict == Verdict::Indicated && weakest == Some(Strength::Resolved);
        if let Some((ink, told)) = weakest.map(words::chain) {
            // what keeps it from being met is no hop of the chain, and was told above
            let told = if lacking { "every hop was read; what is missing stands above" } else { told };
            let word = if chain.0.len() > 1 { "Chain, " } else { "One place, " };
            let told =
                if chain.0.len() > 1 { told } else { told.trim_start_matches("every hop ").trim_start_matches("one hop ") };
            page.wrap(2, 4, &Line::of(Ink::Strong, word.trim_end()).add(ink, &format!(" {told}:")));
        }
        words::hops(page, chain, 4, repository);
    }
    if let Some(more) = practice.chains.len().checked_sub(CHAINS).filter(|n| *n > 0) {
        page.wrap(2, 2, &Line::of(Ink::Quiet, &format!("and {}", phrases::count(more, "more chain", "more chains"))));
    }
    let hops = || practice.chains.iter().take(CHAINS).flat_map(|chain| &chain.0);
    let told = |e: &&Evidence| phrases::place(e).is_some_and(|place| hops().any(|hop| words::hop_place(hop) == place));
    let rest: Vec<&Evidence> = practice.evidence.iter().filter(|e| !told(e)).collect();
    if !rest.is_empty() {
        let title = if practice.chains.is_empty() { "Seen in:" } else { "Rests on these as well:" };
        page.wrap(2, 4, &Line::of(Ink::Strong, title));
        words::all_evidence(page, &rest, PLACES, repository);
    }
}

/// For what is unknown: the files that may show it, by kind, in a line or two.
fn not_read(page: &mut Page<'_>, practice: &Practice, report: &Report) {
    if practice.because != Some(Cause::Unknown(Unknown::NotRead)) {
        return;
    }
    let mut kinds: Vec<(&str, &str, usize)> = Vec::new();
    for seen in report.coverage.seen_not_read.iter().filter(|seen| seen.practices.contains(&practice.id)) {
        match kinds.iter_mut().find(|(known, ..)| *known == seen.what) {
            Some((_, _, more)) => *more += 1,
            None => kinds.push((&seen.what, &seen.path, 0)),
        }
    }
    let most = if page.verbose() > 0 { usize::MAX } else { KINDS };
    let mut line = Line::of(Ink::Quiet, "Seen and not read by this version: ");
    for (number, (what, path, more)) in kinds.iter().take(most).enumerate() {
        let more = if *more > 0 { format!(" and {more} more") } else { String::new() };
        line = line.plain(if number > 0 { "; " } else { "" }).plain(what).plain(" (").place(path, None).plain(&more).plain(")");
    }
    if let Some(more) = kinds.len().checked_sub(most).filter(|n| *n > 0) {
        line = line.add(Ink::Quiet, &format!("; {}: -v", phrases::count(more, "more kind", "more kinds")));
    }
    if !kinds.is_empty() {
        page.wrap(2, 4, &line.plain("."));
    }
}

/// The requirements that ask for a practice, and what they say here.
fn used(page: &mut Page<'_>, rule: &Explanation, system: &System) {
    let asks = |c: &&Criterion| c.practices.iter().any(|p| p.split('[').next() == Some(rule.id.as_str()));
    let all: Vec<(&Assessment, &Criterion)> =
        system.models.iter().flat_map(|m| m.criteria.iter().filter(asks).map(move |c| (m, c))).collect();
    if all.is_empty() {
        return;
    }
    page.wrap(2, 4, &Line::of(Ink::Strong, "Criteria that ask for it:"));
    let widest = all.iter().map(|(_, c)| c.id.chars().count()).max().unwrap_or(0);
    let at = (4 + widest + 2).min(page.width() * 3 / 5);
    for (model, criterion) in all {
        let (ink, verdict) = words::criterion(criterion);
        // the letter asks for all that the publisher writes, the row for the practice alone
        let weighs = weights(rule, model, &criterion.id);
        let letter = if weighs.is_empty() { "" } else { "to the letter " };
        let mut line = Line::of(Ink::Quiet, letter).add(ink, &verdict);
        if !weighs.is_empty() {
            line = line.add(Ink::Quiet, &format!("; its row weighs {}", weighs.join(", ")));
        }
        page.pair(4, &Line::new().plain(&criterion.id), at, &line);
    }
}

/// `in full at level 2`, for every level where a row stands for the requirement.
fn weights(rule: &Explanation, model: &Assessment, id: &str) -> Vec<String> {
    let of = |level: &crate::report::Reached| -> Vec<String> {
        let rows = level.rows.iter().filter(|r| rule.rows.get(&r.id).is_some_and(|row| row.stands_for == id));
        rows.map(|r| format!("{} at level {}", words::weight(r.weight.level).1, level.level)).collect()
    };
    let mut all: Vec<String> = model.reached.iter().flat_map(of).collect();
    all.dedup();
    all
}

/// What a requirement came to, system by system.
pub(super) fn criterion(page: &mut Page<'_>, rule: &Explanation, model: &str, report: &Report) {
    let id = rule.id.as_str();
    super::title(page, report);
    if report.systems.is_empty() {
        return super::no_system(page, report);
    }
    for system in &report.systems {
        let Some(assessment) = system.models.iter().find(|m| m.id == model) else { continue };
        let Some(found) = assessment.criteria.iter().find(|c| c.id == id) else { continue };
        name(page, system, report);
        let (ink, verdict) = words::criterion(found);
        page.wrap(2, 4, &Line::of(ink, &words::capital(&verdict)).plain("."));
        if found.verdict.is_none() && found.holds.is_none() {
            page.wrap(2, 4, &Line::new().plain("No rule can decide it from files; a person would have to state it."));
        }
        let weighs = weights(rule, assessment, id);
        if !weighs.is_empty() {
            page.wrap(2, 4, &Line::of(Ink::Quiet, "Weighs: ").plain(&weighs.join(", ")).plain("."));
        }
        if !found.practices.is_empty() {
            page.wrap(2, 4, &Line::of(Ink::Strong, "What decides it:"));
            rests_on(page, found.practices.iter().map(String::as_str), system, report);
        }
        let evidence: Vec<&Evidence> = found.evidence.iter().collect();
        if !evidence.is_empty() {
            page.wrap(2, 4, &Line::of(Ink::Strong, "Seen in:"));
            words::all_evidence(page, &evidence, PLACES, &report.repository);
        }
    }
}

/// Practices with their verdicts, and why.
pub(super) fn rests_on<'p>(page: &mut Page<'_>, ids: impl Iterator<Item = &'p str>, system: &System, report: &Report) {
    for id in ids {
        let bare = id.split('[').next().unwrap_or(id);
        let Some(practice) = system.practices.iter().find(|p| p.id == bare) else { continue };
        let (ink, word) = phrases::verdict(practice.verdict, practice.because, practice.chains.first());
        let mut line = match (&practice.nearest_miss, practice.verdict) {
            (Some(miss), Verdict::Indicated) => Line::of(ink, "partly").plain(": ").plain(&miss.text),
            (Some(miss), _) => Line::of(ink, &word).add(Ink::Quiet, "; nearest: ").plain(&miss.text),
            (None, _) => Line::of(ink, &word),
        };
        let chain = practice.chains.first().filter(|_| practice.verdict == Verdict::Met);
        if let Some((first, last)) = chain.and_then(|c| c.0.first().zip(c.0.last())) {
            let (start, end) = (words::hop_place(first), words::hop_place(last));
            line = line.plain("\u{a0} ").place(&end, None);
            if start != end {
                line = line.plain(", from ").place(&start, None);
            }
        } else if let Some(place) = seen_at(practice) {
            line = line.plain("\u{a0} ").place(&place, None);
        } else if let Some((path, _)) = unread(practice, report) {
            line = line.plain(": ").place(path, None);
        }
        let id = id.replace('[', " (").replace(']', ")").replace('=', " ");
        page.pair(4, &Line::new().plain(&id), 30.min(page.width() / 2), &line);
    }
}

/// The first place that carries a practice, or its nearest miss, where the words do not name it already.
fn seen_at(practice: &Practice) -> Option<String> {
    let found = matches!(practice.verdict, Verdict::Met | Verdict::Indicated | Verdict::Contradicted);
    let miss = practice.nearest_miss.as_ref();
    let evidence = miss.map(|miss| miss.evidence.as_slice()).or_else(|| found.then_some(practice.evidence.as_slice()));
    let place = evidence.and_then(|all| all.iter().find_map(phrases::place));
    let place = place.or_else(|| practice.chains.first().filter(|_| found).and_then(|c| c.0.first()).map(words::hop_place));
    place.filter(|place| miss.is_none_or(|miss| !miss.text.contains(place.as_str())))
}

/// The file for want of which a practice is unknown.
fn unread<'r>(practice: &Practice, report: &'r Report) -> Option<(&'r str, usize)> {
    let open = practice.because == Some(Cause::Unknown(Unknown::NotRead));
    report.coverage.undecided_by([practice.id.as_str()]).filter(|_| open)
}

/// Where a signal is seen, and what rests on it.
pub(super) fn signal(page: &mut Page<'_>, found: &Inspection) {
    super::title(page, &found.report);
    if found.sightings.is_empty() {
        return page.wrap(2, 2, &Line::new().plain("Not seen in any file that was read."));
    }
    let files: std::collections::BTreeSet<_> =
        found.sightings.iter().map(|s| (&s.evidence.repository, &s.evidence.path)).collect();
    let times = phrases::count(found.sightings.len() + found.more, "place", "places");
    let of = if files.len() > 1 { format!(" of {} files", files.len()) } else { String::new() };
    let told = format!("Seen in {times}{of}.");
    page.wrap(2, 2, &Line::new().plain(&told));
    let most = if page.verbose() > 0 { usize::MAX } else { 12 };
    for sighting in found.sightings.iter().take(most) {
        seen(page, sighting, &found.report.repository);
    }
    let left = found.sightings.len().saturating_sub(most) + found.more;
    if left > 0 {
        page.wrap(2, 2, &Line::of(Ink::Quiet, &format!("and {}", phrases::count(left, "more place", "more places"))));
    }
}

fn seen(page: &mut Page<'_>, sighting: &Sighting, repository: &Repository) {
    let Some(place) = phrases::place(&sighting.evidence) else { return };
    let link = phrases::evidence_link(repository, &sighting.evidence);
    let snippet = Line::new().plain(sighting.evidence.snippet.as_deref().unwrap_or_default());
    page.pair(2, &Line::new().place(&place, link), (2 + width_of(&place) + 2).min(page.width() / 2), &snippet);
    page.wrap(6, 8, &state(sighting, None, false));
}

/// Who starts a signal where that is not told already, how sure it is, and what rests on it; empty where nothing is
/// left to say. `gathered` says that the latter is told elsewhere.
pub(super) fn state(sighting: &Sighting, told: Option<&Start>, gathered: bool) -> Line {
    let (ink, start) = words::start(&sighting.start);
    let mut says: Vec<(Ink, String)> = Vec::new();
    match &sighting.off {
        Some(off) => says.push((Ink::Bad, format!("switched off: {off}"))),
        None if sighting.evidence.commit.is_some() => says.push((Ink::Quiet, "told by the history".to_owned())),
        None if told.is_some_and(|t| t.starter == sighting.start.starter && t.by == sighting.start.by) => {}
        None => says.push((ink, start)),
    }
    says.extend(words::unsure(sighting.strength).map(|unsure| (Ink::Part, format!("recognised {unsure}"))));
    if sighting.scope != Scope::Source && told.is_none() {
        says.push((Ink::Part, format!("its file is {}", words::scope(sighting.scope).0)));
    }
    if !sighting.practices.is_empty() && !gathered {
        says.push((Ink::Quiet, format!("on it rest {}", sighting.practices.join(", "))));
    }
    let mut line = Line::new();
    for (ink, text) in says {
        line = if line.is_empty() { line } else { line.plain("; ") }.add(ink, &text);
    }
    line
}
