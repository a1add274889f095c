//! The report for a person at a terminal.
//!
//! Why: an engineer wants to know what to change, a lead what level it is, an auditor which line says so; in one
//! screen, in plain words. Invariants: readable without colour; nothing of the repository reaches the terminal
//! unescaped (see `page`); the same report and style give the same bytes.

mod chains;
mod levels;
mod next;
mod who;

use std::io::{self, Write};

use super::links::Target;
use super::page::{Ink, Line, Page, width_of};
use super::{Style, phrases};
use crate::report::{
    Cause, Chain, Evidence, FilesFrom, Hop, NearestMiss, Notice, NoticeKind, Op, Practice, Report, Repository, SettingKey,
    SubjectKind, System, Unknown, Verdict,
};

/// Lines that a report takes where it can, at 80 columns.
const LINES: usize = 55;

/// Lines of the strongest chains, without their title: no fewer, whatever else there is to say, and no more.
const LEAST_CHAINS: usize = 11;
const MOST_CHAINS: usize = 22;

/// Writes the report for a terminal.
pub(super) fn write(report: &Report, out: &mut dyn Write, style: &Style) -> io::Result<()> {
    let mut page = Page::new(style);
    head(&mut page, report);
    let primary = style.told.first(report);
    // what comes after the chains is written first, for they take the room that is left
    match primary {
        Some(system) => above(&mut page, report, system),
        None => no_system(&mut page, report),
    }
    // a narrow page needs more lines for the same
    let lines = LINES * 80 / page.width().min(80);
    let mut rest = after(&page, report, primary, Room::Enough);
    // what the chains take at least
    let mut shortest = page.trial();
    if let Some(system) = primary.filter(|_| page.verbose() == 0) {
        chains::strongest(&mut shortest, system, report, LEAST_CHAINS);
    }
    let least = shortest.lines().min(2 + LEAST_CHAINS);
    for room in [Room::Less, Room::Little] {
        if page.verbose() == 0 && page.lines() + rest.lines() + least > lines {
            rest = after(&page, report, primary, room);
        }
    }
    if let Some(system) = primary {
        let room = lines.saturating_sub(page.lines() + rest.lines() + 2).clamp(LEAST_CHAINS, MOST_CHAINS);
        chains::strongest(&mut page, system, report, room);
    }
    page.append(&rest);
    out.write_all(page.finish().as_bytes())
}

/// How much room there is for what stands after the chains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Room {
    /// For all of it.
    Enough,
    /// For all but what asks nobody to do anything.
    Less,
    /// For one thing less of each kind.
    Little,
}

/// All that stands after the chains of the primary system.
fn after<'s>(page: &Page<'s>, report: &Report, primary: Option<&System>, room: Room) -> Page<'s> {
    let mut rest = page.trial();
    if let Some(system) = primary {
        below(&mut rest, report, system, room);
    }
    for system in report.systems.iter().filter(|s| primary.is_none_or(|p| !std::ptr::eq(p, *s))) {
        // of many, the whole of each is what nobody reads to its end
        if page.tells_all() {
            rest.blank();
            title_of(&mut rest, system, &report.repository);
            above(&mut rest, report, system);
            chains::strongest(&mut rest, system, report, MOST_CHAINS);
            below(&mut rest, report, system, Room::Enough);
        }
    }
    notices(&mut rest, report, primary);
    foot(&mut rest, primary);
    rest
}

/// What a place links to.
fn link(repository: &Repository, evidence: &Evidence) -> Option<Target> {
    phrases::evidence_link(repository, evidence)
}

fn head(page: &mut Page<'_>, report: &Report) {
    let repository = &report.repository;
    let mut line =
        Line::of(Ink::Quiet, &format!("{} {} · rules {}", report.tool.name, report.tool.version, report.tool.ruleset.version));
    if let Some(commit) = &repository.commit {
        let day = phrases::day(repository).map(|day| format!(" ({day})")).unwrap_or_default();
        line = line.add(Ink::Quiet, &format!(" · commit {}{day}", phrases::short(commit)));
    }
    let ink = if repository.dirty == Some(true) { Ink::Part } else { Ink::Quiet };
    page.wrap(0, 2, &line.add(ink, &format!(", {}", phrases::state(report))));
    asked(page, report);
    page.blank();
    let systems: Vec<&System> = report.systems.iter().filter(|s| !s.generated).collect();
    match (systems.as_slice(), repository.subject.kind) {
        ([system], SubjectKind::MlSystem) => title_of(page, system, repository),
        ([_, ..], SubjectKind::MlSystem | SubjectKind::MlCollection) => collection(page, report, &systems),
        // what a template would generate is what is judged
        (_, SubjectKind::Template) if report.systems.iter().any(|s| s.generated) => {
            let first = report.systems.iter().find(|s| s.primary).or_else(|| report.systems.first());
            if let Some(system) = first {
                title_of(page, system, repository);
            }
        }
        (_, kind) => {
            // where a part of machine learning is there, "none" would say more than was looked for
            let partly = kind == SubjectKind::NotMl && (!repository.subject.evidence.is_empty() || report.inputs.below.is_some());
            let told = if partly { "no system that trains or serves was recognised" } else { phrases::subject(kind) };
            page.wrap(0, 2, &Line::of(Ink::Strong, phrases::repository_name(repository)).plain(": ").plain(told));
        }
    }
}

/// What the reader must know of how the scan was asked for: a line each for the folder, the day and the settings.
fn asked(page: &mut Page<'_>, report: &Report) {
    let inputs = &report.inputs;
    if let Some(below) = &inputs.below {
        page.wrap(0, 2, &Line::new().plain("read from the root; reported is what lies below ").place(below, None));
    }
    if let Some(day) = &inputs.as_of {
        page.wrap(0, 2, &Line::new().plain(&format!("as of {day}: commits after that day do not count")));
    }
    for with in &inputs.with {
        let commit = with.commit.as_deref().map_or_else(|| "no commit".to_owned(), |id| format!("commit {}", phrases::short(id)));
        let changed = if with.dirty == Some(true) { ", with changes" } else { "" };
        page.wrap(0, 2, &Line::new().plain(&format!("followed into a copy of {} ({commit}{changed})", with.repository)));
    }
    let Some(settings) = &inputs.settings else { return };
    let changed = |key: SettingKey| settings.entries.iter().filter(move |e| e.key == key && e.touched > 0);
    let mut parts = Vec::new();
    let left_out = report.coverage.left_out as usize;
    if left_out > 0 {
        parts.push(format!("{} left out", phrases::count(left_out, "file", "files")));
    }
    parts.extend(changed(SettingKey::Subject).map(|e| format!("subject corrected (line {})", e.line)));
    for (key, one, many) in [(SettingKey::System, "system named", "systems named"), (SettingKey::Off, "rule off", "rules off")] {
        let lines: Vec<String> = changed(key).map(|e| e.line.to_string()).collect();
        if !lines.is_empty() {
            let word = if lines.len() == 1 { "line" } else { "lines" };
            parts.push(format!("{} ({word} {})", phrases::count(lines.len(), one, many), lines.join(", ")));
        }
    }
    // what was written in vain is a mistake that only its author can find
    let idle: Vec<String> = settings.entries.iter().filter(|e| e.touched == 0).map(|e| e.line.to_string()).collect();
    if !idle.is_empty() && !parts.is_empty() {
        parts.push(format!(
            "{} nothing ({} {})",
            if idle.len() == 1 { "changes" } else { "change" },
            if idle.len() == 1 { "line" } else { "lines" },
            idle.join(", ")
        ));
    }
    let in_vain = if idle.is_empty() {
        String::new()
    } else {
        format!(" ({} {})", if idle.len() == 1 { "line" } else { "lines" }, idle.join(", "))
    };
    let told = if parts.is_empty() { format!("changes nothing{in_vain}") } else { parts.join(" · ") };
    let compared = settings.compared(report).map(|told| format!("; {told}")).unwrap_or_default();
    page.wrap(0, 2, &Line::new().place(&settings.file, None).plain(": ").add(Ink::Part, &told).plain(&compared));
    if page.verbose() > 0 {
        for entry in &settings.entries {
            let reason = entry.reason.as_deref().map(|r| format!(" (reason: {r})")).unwrap_or_default();
            let place = format!("{}:{}", settings.file, entry.line);
            let line = Line::new().place(&place, None).plain(&format!("  {}: {}{reason}", entry.names, entry.effect));
            page.wrap(2, 4, &line);
        }
    }
}

/// One system in a line: its name, where it trains and serves.
fn title_of(page: &mut Page<'_>, system: &System, repository: &Repository) {
    let mut line = Line::of(Ink::Strong, &phrases::system_name(system, repository)).plain(if system.generated {
        ": a template; below, the ML system that it would generate"
    } else {
        ": one ML system"
    });
    let mut before = " (";
    for (verb, places) in [("trains ", &system.trains), ("serves ", &system.serves)] {
        if let Some(evidence) = places.iter().find(|e| e.path.is_some()) {
            let path = evidence.path.as_deref().unwrap_or_default();
            line = line.plain(before).plain(verb).place(path, link(repository, evidence));
            before = ", ";
        }
    }
    if before == ", " {
        line = line.plain(")");
    } else if !system.why.is_empty() {
        // neither trains nor serves: a reader must know what makes it a system
        line = line.plain(&format!(" ({})", system.why));
    }
    page.wrap(0, 2, &line);
}

/// Several systems: a line each, then the primary one in full.
fn collection(page: &mut Page<'_>, report: &Report, systems: &[&System]) {
    let kind = report.repository.subject.kind;
    let told = if kind == SubjectKind::MlCollection {
        "; none shares a model or the code that trains or predicts"
    } else {
        " in one repository"
    };
    page.wrap(0, 2, &Line::of(Ink::Strong, &format!("{} ML systems", systems.len())).plain(told));
    let levels = |system: &System| -> String {
        let of = |m: &crate::report::Assessment| m.level.map(|level| format!("{}\u{a0}{level}", m.id.replace(' ', "\u{a0}")));
        system.models.iter().filter_map(of).collect::<Vec<_>>().join(" · ")
    };
    // of equal levels, one line is enough
    let mut groups: Vec<(String, Vec<&System>)> = Vec::new();
    for system in systems.iter().copied() {
        let told = levels(system);
        let is_first = |s: &System| page.first(report).is_some_and(|first| first.path == s.path);
        let alone = page.verbose() > 0 || is_first(system);
        match groups.iter_mut().find(|(other, all)| !alone && *other == told && !all.iter().any(|s| is_first(s))) {
            Some((_, all)) => all.push(system),
            None => groups.push((told, vec![system])),
        }
    }
    let told_below = page.first(report).map(|first| first.path.clone());
    let is_first = |s: &System| told_below.as_ref() == Some(&s.path);
    groups.sort_by_key(|(_, all)| !all.iter().any(|s| is_first(s)));
    let name = |system: &System| if system.path == "." { "the root".to_owned() } else { system.path.clone() };
    let firsts = groups.iter().filter_map(|(_, all)| all.first());
    let widest = firsts.map(|s| width_of(&name(s))).max().unwrap_or(0);
    let at = (2 + widest + 2).min(page.width() / 2);
    for (told, all) in &groups {
        let Some((first, others)) = all.split_first() else { continue };
        let mut line = Line::new().plain(told);
        if is_first(first) {
            let why = if first.primary { format!(": {}", first.why) } else { String::new() };
            line = line.add(Ink::Quiet, &format!(" (below{why})"));
        } else if !others.is_empty() {
            line = line.add(Ink::Quiet, &format!(", and so {} more", others.len()));
        }
        page.pair(2, &Line::new().place(&name(first), None), at, &line);
    }
    if !page.tells_all() {
        page.wrap(2, 2, &Line::of(Ink::Quiet, "the whole of another: --system FOLDER; of each: --system all"));
    }
}

fn no_system(page: &mut Page<'_>, report: &Report) {
    let subject = &report.repository.subject;
    page.wrap(2, 2, &Line::new().plain(&subject.why));
    for evidence in subject.evidence.iter().take(3) {
        if let Some(place) = phrases::place(evidence) {
            let what = Line::of(Ink::Quiet, evidence.snippet.as_deref().unwrap_or_default());
            page.pair(4, &Line::new().place(&place, link(&report.repository, evidence)), 4 + width_of(&place) + 2, &what);
        }
    }
    let claims = matches!(subject.kind, SubjectKind::MlSystem | SubjectKind::MlCollection);
    let told = match report.inputs.below.as_deref().filter(|_| claims) {
        Some(below) => format!("No level is claimed: no system that trains or serves a model lies below {below}."),
        None => "No level is claimed: the maturity models speak of systems that train or serve a model, and none was found here."
            .to_owned(),
    };
    page.wrap(2, 2, &Line::new().plain(&told));
    if report.inputs.below.is_some() {
        page.wrap(
            2,
            4,
            &Line::of(Ink::Quiet, "to scan that folder alone: treering scan ").place(page.asked(), None).plain(" --no-parent"),
        );
    }
}

/// What is told of a system before its chains.
fn above(page: &mut Page<'_>, report: &Report, system: &System) {
    levels::levels(page, system);
    who::steps(page, system, &report.repository);
}

/// What is told of a system after its chains.
fn below(page: &mut Page<'_>, report: &Report, system: &System, room: Room) {
    let repository = &report.repository;
    chains::lookalikes(page, system, repository, room == Room::Little);
    chains::open_ends(page, system, repository);
    next::next(page, system, report, room);
    practices(page, system, repository);
}

fn practices(page: &mut Page<'_>, system: &System, repository: &Repository) {
    if system.practices.is_empty() {
        return;
    }
    page.blank();
    let title = Line::of(Ink::Title, &phrases::count(system.practices.len(), "PRACTICE", "PRACTICES"));
    let tally = Line::new().plain(&phrases::tally(system).join(" · "));
    // where it fits; a line of its own it is not worth
    let each = " (each:\u{a0}-v)";
    let fits = page.verbose() == 0 && 14 + tally.width() + width_of(each) <= page.width();
    page.pair(0, &title, 14, &tally.add(Ink::Quiet, if fits { each } else { "" }));
    if page.verbose() > 0 {
        for practice in &system.practices {
            one_practice(page, practice, system, repository);
        }
        if page.verbose() > 1 {
            criteria(page, system);
        }
    }
}

fn one_practice(page: &mut Page<'_>, practice: &Practice, system: &System, repository: &Repository) {
    let (ink, word) = phrases::verdict(practice.verdict, practice.because, practice.chains.first());
    let told = practice.nearest_miss.as_ref().filter(|_| practice.verdict == Verdict::Indicated);
    let mut line = Line::of(ink, told.map_or(word.as_str(), |_| "partly"));
    if let Some(miss) = told {
        line = line.plain(": ").plain(&missed(miss));
    } else if let Some(miss) = &practice.nearest_miss {
        line = line.add(Ink::Quiet, "; nearest: ").plain(&missed(miss));
    }
    // places stand free, for they are never broken
    for (number, (place, link)) in decides(practice, system, repository).into_iter().enumerate() {
        line = line.plain(if number == 0 { "\u{a0} " } else { " \u{2192} " }).place(&place, link);
    }
    if practice.nearest_miss.is_none() && practice.verdict == Verdict::NotShown && !practice.looked_for.is_empty() {
        line = line.add(Ink::Quiet, &format!(" (looked for {})", practice.looked_for.join(", ")));
    }
    let at = if page.width() >= 70 { 34 } else { 26 };
    page.pair(2, &Line::new().plain(&practice.id), at, &line);
}

/// What was found beside the place where it was found.
fn missed(miss: &NearestMiss) -> String {
    let path = miss.evidence.first().and_then(|e| e.path.as_deref()).unwrap_or_default();
    phrases::seen_from(&miss.text, path)
}

/// The places that decide a practice: where it falls short, of a chain that is met its two ends, and else the first thing
/// found.
fn decides(practice: &Practice, system: &System, repository: &Repository) -> Vec<(String, Option<Target>)> {
    let of = |evidence: &Evidence| phrases::place(evidence).map(|place| (place, link(repository, evidence)));
    if let Some(miss) = &practice.nearest_miss {
        return miss.evidence.iter().find_map(of).into_iter().filter(|(place, _)| !miss.text.contains(place.as_str())).collect();
    }
    let mut places: Vec<(String, Option<Target>)> = Vec::new();
    // where the chain leads to another thing than what shows the practice, the latter is enough; the code that the head of
    // the report names goes before all other code that does the same
    let same = |hop: &Hop, evidence: &Evidence| {
        evidence.path.as_deref() == Some(hop.path.as_str()) && evidence.line.unwrap_or(0) == hop.line
    };
    let leads = |chain: &&Chain| practice.evidence.first().is_none_or(|first| chain.0.iter().any(|hop| same(hop, first)));
    let heads: Vec<&Evidence> = [&system.trains, &system.serves].into_iter().filter_map(|all| all.first()).collect();
    let of_head = |evidence: &&Evidence| heads.iter().any(|head| (&head.path, head.line) == (&evidence.path, evidence.line));
    let elsewhere = |hop: &Hop| {
        let does = matches!(hop.op, Some(Op::Train | Op::Serve));
        does && practice.evidence.iter().any(|e| of_head(&e)) && !heads.iter().any(|head| same(hop, head))
    };
    let chain = practice.chains.first().filter(|_| practice.verdict == Verdict::Met).filter(leads);
    if let Some(evidence) =
        practice.evidence.iter().find(of_head).filter(|_| chain.is_some_and(|c| c.0.last().is_some_and(elsewhere)))
    {
        return of(evidence).into_iter().collect();
    }
    if let Some(chain) = chain {
        let ends = chain.0.first().into_iter().chain(chain.0.last());
        places.extend(ends.map(|hop| (chains::place(hop), phrases::hop_link(repository, hop))));
        places.dedup();
    }
    if places.is_empty() {
        places.extend(practice.evidence.iter().find_map(of));
    }
    if places.is_empty() {
        let first = practice.chains.first().and_then(|chain| chain.0.first());
        places.extend(first.map(|hop| (chains::place(hop), phrases::hop_link(repository, hop))));
    }
    places
}

fn criteria(page: &mut Page<'_>, system: &System) {
    for model in system.models.iter().filter(|m| !m.criteria.is_empty()) {
        page.title(&format!("CRITERIA of {}", model.title));
        for criterion in &model.criteria {
            let (ink, verdict) = match (criterion.verdict, criterion.holds) {
                (Some(verdict), _) => phrases::verdict(verdict, criterion.because, None),
                (None, Some(true)) => (Ink::Bad, "shortcoming".to_owned()),
                (None, Some(false)) => (Ink::Good, "no shortcoming".to_owned()),
                (None, None) => (Ink::Quiet, "not visible here".to_owned()),
            };
            page.wrap(2, 4, &Line::new().plain(&criterion.id).plain("\u{a0} ").add(ink, &verdict));
            let mut line = Line::of(Ink::Quiet, &criterion.says);
            if !criterion.practices.is_empty() {
                line = line.add(Ink::Quiet, &format!(" ({})", criterion.practices.join(", ")));
            }
            page.wrap(6, 6, &line);
        }
    }
}

fn notices(page: &mut Page<'_>, report: &Report, primary: Option<&System>) {
    let full = page.verbose() > 0;
    let most = if full { usize::MAX } else { 3 };
    let mut lines: Vec<Line> = not_followed(page, report, most);
    if let Some(line) = primary.and_then(|system| unknown(report, system, !full)) {
        lines.push(Line::new().plain(&line));
    }
    let skipped = &report.coverage.skipped;
    if !skipped.is_empty() && full {
        let shown: Vec<String> = skipped.iter().map(|s| format!("{} ({})", s.path, s.why)).collect();
        lines.push(Line::new().plain(&format!("could not be read: {}", shown.join(", "))));
    }
    // what was told as skipped, or at the top of the page, is not told again
    let told = |path: Option<&str>| path.is_some_and(|path| skipped.iter().any(|s| s.path == path));
    let no_git = |n: &Notice| n.kind == NoticeKind::History && report.inputs.tree == FilesFrom::Folder;
    let notices = report.notices.iter().filter(|n| !told(n.path.as_deref()) && !no_git(n));
    // trouble in files that start nothing is counted only
    let (aside, notices): (Vec<&Notice>, Vec<&Notice>) = notices.partition(|n| !full && n.aside);
    if !full {
        let files: std::collections::BTreeSet<&str> = aside.iter().filter_map(|n| n.path.as_deref()).collect();
        lines.extend(in_part(files.len(), skipped.len()));
    }
    // the same trouble in several files is told once
    let mut groups: Vec<Vec<&Notice>> = Vec::new();
    for notice in &notices {
        let same = |group: &&mut Vec<&Notice>| group.iter().any(|n| n.text == notice.text && n.kind == notice.kind);
        match groups.iter_mut().find(same).filter(|_| !full) {
            Some(group) => group.push(notice),
            None => groups.push(vec![notice]),
        }
    }
    // files that were read in part are counted, the first is named; of one alone the reason is worth its lines
    let (parts, groups): (Vec<_>, Vec<_>) =
        groups.into_iter().partition(|group| !full && group.iter().all(|n| n.kind == NoticeKind::Unparsable && n.path.is_some()));
    let broken: std::collections::BTreeSet<&str> = parts.iter().flatten().filter_map(|n| n.path.as_deref()).collect();
    let groups = match parts.first().and_then(|group| group.first()).filter(|_| broken.len() > 1) {
        Some(first) => {
            let path = first.path.as_deref().unwrap_or_default();
            let whole = phrases::path(first.repository.as_deref(), path);
            let more = phrases::count(broken.len() - 1, "more file", "more files");
            lines.push(Line::new().plain("read in part: ").place(&whole, None).plain(&format!(" and {more}: -v")));
            groups
        }
        None => parts.into_iter().chain(groups).collect(),
    };
    for group in groups.iter().take(most) {
        let Some((notice, others)) = group.split_first() else { continue };
        let mut line = Line::new();
        if let Some(path) = &notice.path {
            let whole = phrases::path(notice.repository.as_deref(), path);
            let place = notice.line.filter(|l| *l > 0).map_or_else(|| whole.clone(), |l| format!("{whole}:{l}"));
            let here = notice.repository.is_none();
            let link = || phrases::link(&report.repository, path, notice.line.unwrap_or(0));
            line = line.place(&place, here.then(link).flatten());
            if !others.is_empty() {
                line = line.plain(&format!(" and {}", phrases::count(others.len(), "more file", "more files")));
            }
            line = line.plain(": ");
        }
        lines.push(line.plain(&notice.text));
    }
    let more: usize = groups.iter().skip(most).map(Vec::len).sum();
    if more > 0 {
        lines.push(Line::of(Ink::Quiet, &format!("and {}: -v", phrases::count(more, "more notice", "more notices"))));
    }
    if lines.is_empty() {
        return;
    }
    if primary.is_none() || page.verbose() > 0 {
        page.blank();
    }
    let mut title = Line::of(Ink::Title, "NOTICES");
    for line in &lines {
        page.pair(0, &title, 14, line);
        title = Line::new();
    }
}

/// Automation that this version does not follow: how many files of which kind, and the first of each.
fn not_followed(page: &Page<'_>, report: &Report, most: usize) -> Vec<Line> {
    let seen = &report.coverage.seen_not_read;
    if seen.is_empty() {
        return Vec::new();
    }
    let mut kinds: Vec<(&str, Vec<&str>)> = Vec::new();
    for file in seen {
        match kinds.iter_mut().find(|(what, _)| *what == file.what) {
            Some((_, paths)) => paths.push(&file.path),
            None => kinds.push((&file.what, vec![&file.path])),
        }
    }
    let open = |system: &&System| system.primary || report.systems.len() == 1;
    let practices = report.systems.iter().filter(open).flat_map(|system| &system.practices);
    let hang = practices.filter(|p| p.because == Some(Cause::Unknown(Unknown::NotRead))).count();
    let hang = match hang {
        0 => String::new(),
        1 => ", and 1 practice hangs on it".to_owned(),
        all => format!(", and {all} practices hang on it"),
    };
    let mut line = Line::new().plain(&format!("seen, not read by this version{hang}: "));
    for (number, (what, paths)) in kinds.iter().take(most).enumerate() {
        let shown = if page.verbose() > 0 { paths.len() } else { 1 };
        let more = match paths.len().saturating_sub(shown) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        line = line.plain(if number == 0 { "" } else { "; " });
        // a file that was named above is not named again
        if page.verbose() == 0 && paths.first().is_some_and(|path| page.tells(path)) {
            let of = if paths.len() > 1 { format!(" ({} files)", paths.len()) } else { String::new() };
            line = line.plain(&format!("{what}{of}"));
            continue;
        }
        for (at, path) in paths.iter().take(shown).enumerate() {
            let link = phrases::link(&report.repository, path, 0);
            line = line.plain(if at == 0 { "" } else { ", " }).place(path, link);
        }
        line = line.plain(&format!("{more} ({what})"));
    }
    vec![line.plain(&match kinds.len().saturating_sub(most) {
        0 => String::new(),
        more => format!("; {more} more kinds: -v"),
    })]
}

/// How many files could not be read, or only in part, of which no more is told.
fn in_part(aside: usize, skipped: usize) -> Option<Line> {
    let files = |n: usize| phrases::count(n, "file", "files");
    let told = match (aside, skipped) {
        (0, 0) => return None,
        (part, 0) => format!("{} beside the automation read in part: -v", files(part)),
        (0, none) => format!("{} could not be read: -v", files(none)),
        (part, none) => format!("{} could not be read, {part} beside the automation read in part: -v", files(none)),
    };
    Some(Line::of(Ink::Quiet, &told))
}

/// Why some practices could not be looked for.
fn unknown(report: &Report, system: &System, brief: bool) -> Option<String> {
    let folder = report.inputs.tree == FilesFrom::Folder;
    let (needs, need) = if folder {
        ("needs history (no Git repository)", "need history (no Git repository)")
    } else {
        ("needs history (fetch it all: fetch-depth: 0)", "need history (fetch it all: fetch-depth: 0)")
    };
    let named = !report.coverage.seen_not_read.is_empty();
    let number = |why: Unknown| match why {
        // told with the files
        Unknown::NotRead if named => 0,
        // nobody can do anything about it here; with the practices it is told which
        Unknown::NoDetector if brief => 0,
        why => system.practices.iter().filter(|p| p.because == Some(Cause::Unknown(why))).count(),
    };
    let mut parts = Vec::new();
    for (why, one, many) in [
        (Unknown::NoDetector, "has no detector yet", "have no detector yet"),
        (Unknown::NotRead, "hangs on files that were not listed", "hang on files that were not listed"),
        (Unknown::NoHistory, needs, need),
        (Unknown::SwitchedOff, "is switched off in the settings", "are switched off in the settings"),
    ] {
        match number(why) {
            0 => {}
            1 => parts.push(format!("1 {one}")),
            n => parts.push(format!("{n} {many}")),
        }
    }
    (!parts.is_empty()).then(|| format!("unknown: {}", parts.join(", ")))
}

fn foot(page: &mut Page<'_>, primary: Option<&System>) {
    let Some(system) = primary else { return };
    page.blank();
    page.wrap(0, 0, &Line::of(Ink::Quiet, "\"met\" = declared at this commit, every hop read. Whether it ran is not visible."));
    let ask = format!("treering explain {} {}", telling(system), page.asked());
    page.wrap(0, 2, &Line::of(Ink::Quiet, "Why: ").place(&ask, None));
}

/// The practice that is worth asking about first: what lifts a level by itself and has a place here, else what stands in
/// the way, else what the first chain shows.
fn telling(system: &System) -> &str {
    let known = |id: &str| system.practices.iter().find(|p| p.id == id.split('[').next().unwrap_or(id)).map(|p| p.id.as_str());
    let blocking = || system.models.iter().filter(|m| m.level.is_some()).flat_map(|m| &m.blocking);
    let rank = |b: &&crate::report::Blocking| (b.unknown.is_some(), b.elsewhere, b.lifts_to.is_none(), b.evidence.is_empty());
    // the first of equals, for they come nearest first
    blocking()
        .min_by_key(rank)
        .and_then(|b| known(&b.practice))
        .or_else(|| known("training.continuous"))
        .or_else(|| system.practices.first().map(|p| p.id.as_str()))
        .unwrap_or("training.continuous")
}
