//! The report for a job summary or a comment: what matters, in the Markdown that hosts of repositories render.
//!
//! Why: a summary is read beside many others, so it answers a few questions and leaves the rest to the other formats:
//! which level, who starts each step and by which chain, what stands before the next level, what could not be read.
//!
//! Invariant: whatever comes from the repository passes [`text`] or [`place`], so that it can neither open markup, a
//! link or a mention nor break a row of a table.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::escape::visible;
use super::{Style, phrases};
use crate::report::{Assessment, Blocking, Evidence, Hop, RemedyKind, Report, Repository, Starter, Step, StepName, System};

/// Entries of a list.
const MOST: usize = 3;

/// Writes the summary.
pub(super) fn write(report: &Report, out: &mut dyn Write, style: &Style) -> io::Result<()> {
    let mut page = String::new();
    let primary = style.told.first(report);
    head(&mut page, report, primary);
    if let Some(gate) = &style.gate {
        let _ = writeln!(page, "**{}**\n", if gate.passed { "Gates passed" } else { "Below what was asked" });
        gate.lines.iter().for_each(|line| page.push_str(&format!("- {}\n", text(line))));
        page.push_str(if gate.lines.is_empty() { "" } else { "\n" });
    }
    match primary {
        Some(system) => {
            levels(&mut page, report, system);
            steps(&mut page, &system.steps);
            chains(&mut page, system, &report.repository);
            next(&mut page, system, &report.repository);
        }
        None => {
            let _ = writeln!(page, "{}\n", text(&report.repository.subject.why));
            page.push_str("No level is claimed: the maturity models speak of systems that train or serve a model.\n\n");
        }
    }
    foot(&mut page, report, primary);
    out.write_all(page.as_bytes())
}

fn head(page: &mut String, report: &Report, primary: Option<&System>) {
    let repository = &report.repository;
    let name = phrases::repository_name(repository);
    let kind = phrases::subject(repository.subject.kind);
    let title = match primary {
        Some(system) if report.systems.len() == 1 && !system.generated => phrases::system_name(system, repository),
        _ => name.to_owned(),
    };
    let _ = writeln!(page, "## treering: {}, {kind}\n", text(&title));
    let mut line = String::new();
    if let Some(commit) = &repository.commit {
        let day = phrases::day(repository).map(|day| format!(" ({})", text(&day))).unwrap_or_default();
        let _ = write!(line, "Commit {}{day}, ", text(&phrases::short(commit)));
    }
    let _ = writeln!(page, "{line}{}; rules {}.\n", phrases::state(report), text(&report.tool.ruleset.version));
    if let Some(told) = report.inputs.settings.as_ref().and_then(|settings| settings.told(report)) {
        let _ = writeln!(page, "{}.\n", text(&told));
    }
}

fn levels(page: &mut String, report: &Report, primary: &System) {
    let systems: Vec<&System> = report.systems.iter().collect();
    if systems.len() > 1 {
        let _ = writeln!(page, "{} systems; what follows is of {}.\n", systems.len(), text(&folder(primary)));
        for system in systems.iter().take(10) {
            let of = |m: &Assessment| m.level.map(|level| format!("{} {level}", text(&m.id)));
            let levels: Vec<String> = system.models.iter().filter_map(of).collect();
            let _ = writeln!(page, "- {}: {}", text(&folder(system)), levels.join(", "));
        }
        if let Some(more) = systems.len().checked_sub(10).filter(|n| *n > 0) {
            let _ = writeln!(page, "- and {more} more");
        }
        page.push('\n');
    }
    if primary.models.is_empty() {
        return;
    }
    page.push_str("| model | level | from what is proven | if the outside is confirmed |\n| --- | --- | --- | --- |\n");
    for model in &primary.models {
        let number = |n: Option<u8>| n.map(|n| n.to_string()).unwrap_or_default();
        let name = text(&phrases::model_name(model));
        match model.level {
            Some(level) => {
                let top = model.reached.iter().map(|r| r.level).max();
                let of = top.map(|top| format!(" of {top}")).unwrap_or_default();
                let _ = writeln!(page, "| {name} | **{level}**{of} | {} | {} |", number(model.floor), number(model.ceiling));
            }
            None => {
                let cells: Vec<String> = model
                    .dimensions
                    .iter()
                    .filter_map(|(name, d)| d.level.map(|level| format!("{} {level}", text(name))))
                    .collect();
                let told = if cells.is_empty() { "not visible".to_owned() } else { cells.join(", ") };
                let _ = writeln!(page, "| {name} | {told} | | |");
            }
        }
    }
    page.push('\n');
}

fn folder(system: &System) -> String {
    if system.path == "." { "the root".to_owned() } else { system.path.clone() }
}

fn steps(page: &mut String, steps: &[Step]) {
    let mut parts = Vec::new();
    for starter in [Starter::Itself, Starter::Outside, Starter::Person, Starter::Broken, Starter::Nobody, Starter::Unknown] {
        let shown = steps.iter().filter(|s| s.starter == starter && s.step != StepName::Analyse && !phrases::is_absent(s));
        let of: Vec<&Step> = shown.collect();
        // what keeps a start from being all of it is no less true in short
        let told = |(why, names): (String, Vec<&str>)| {
            let why = if why.is_empty() { why } else { format!(" ({})", text(&why)) };
            format!("{}{why}", names.join(", "))
        };
        let told: Vec<String> = phrases::by_reason(&of, |step| step.why.clone()).into_iter().map(told).collect();
        if !told.is_empty() {
            parts.push(format!("- {}: {}", phrases::starter(starter).1, told.join("; ")));
        }
    }
    let absent: Vec<&str> =
        steps.iter().filter(|s| phrases::is_absent(s) && s.step != StepName::Analyse).map(|s| phrases::step(s.step)).collect();
    if !absent.is_empty() {
        parts.push(format!("- not found: {}", absent.join(", ")));
    }
    if !parts.is_empty() {
        let _ = writeln!(page, "**Who starts each step**\n\n{}\n", parts.join("\n"));
    }
}

/// The strongest chains by their two ends, and what only looks automatic.
fn chains(page: &mut String, system: &System, repository: &Repository) {
    if !system.chain_heads.is_empty() {
        page.push_str("**Strongest chains**\n\n");
    }
    for head in system.chain_heads.iter().take(MOST) {
        let hops = head.chain.0.as_slice();
        let at = |hop: &Hop| {
            let told = text(&phrases::hop_place(hop));
            let link = phrases::hop_link(repository, hop).and_then(|target| target.remote);
            link.map_or_else(|| told.clone(), |link| format!("[{told}]({link})"))
        };
        let ends: Vec<String> = hops.first().into_iter().chain(hops.last().filter(|_| hops.len() > 1)).map(at).collect();
        let (deed, state) = (phrases::head_deed(head), phrases::completeness(head).1);
        let _ = writeln!(page, "- {deed} by {}: {} ({state})", text(&head.text), ends.join(" to "));
    }
    if !system.chain_heads.is_empty() {
        page.push('\n');
    }
    if !system.lookalikes.is_empty() {
        page.push_str("**Looks automatic, is not**\n\n");
    }
    for lookalike in system.lookalikes.iter().take(MOST) {
        let at = lookalike.evidence.iter().find_map(|e| place(e, repository)).map(|at| format!("{at}: ")).unwrap_or_default();
        let _ = writeln!(page, "- {at}{}", text(&lookalike.why));
    }
    if let Some(more) = system.lookalikes.len().checked_sub(MOST).filter(|n| *n > 0) {
        let _ = writeln!(page, "- and {more} more");
    }
    if !system.lookalikes.is_empty() {
        page.push('\n');
    }
}

fn next(page: &mut String, system: &System, repository: &Repository) {
    if system.models.iter().all(|m| m.blocking.is_empty()) {
        return;
    }
    page.push_str("**Before the next level,** nearest first\n\n");
    for model in system.models.iter().filter(|m| !m.blocking.is_empty()) {
        let to_do = model.blocking.iter().filter(|b| b.remedy != Some(RemedyKind::Confirm));
        let (open, all): (Vec<&Blocking>, Vec<&Blocking>) = to_do.partition(|b| b.unknown.is_some());
        // the same action is one change
        let mut decided: Vec<&Blocking> = Vec::new();
        for one in all {
            let same = |known: &&Blocking| (&known.dimension, told(known)) == (&one.dimension, told(one));
            if !decided.iter().any(same) {
                decided.push(one);
            }
        }
        for blocking in decided.iter().take(MOST) {
            let of = blocking.dimension.as_deref().map(|d| format!(" {}", text(d))).unwrap_or_default();
            let _ = write!(page, "- {}{of} {}: {}", text(&phrases::model_name(model)), blocking.level, text(told(blocking)));
            if let Some(level) = blocking.lifts_to {
                let _ = write!(page, " (reaches {level} by itself)");
            }
            if let Some(nearest) = blocking.evidence.iter().find_map(|e| place(e, repository)) {
                let _ = write!(page, "; nearest: {nearest}");
            }
            page.push('\n');
        }
        if let Some(more) = decided.len().checked_sub(MOST).filter(|n| *n > 0) {
            let _ = writeln!(page, "- {}: and {more} more", text(&phrases::model_name(model)));
        }
        if !open.is_empty() {
            let ids: Vec<String> = open.iter().take(MOST).map(|b| text(&b.practice)).collect();
            let more = if open.len() > MOST { format!(" and {} more", open.len() - MOST) } else { String::new() };
            let _ = writeln!(page, "- {}: not decided, for unknown: {}{more}", text(&phrases::model_name(model)), ids.join(", "));
        }
    }
    page.push('\n');
}

fn told(blocking: &Blocking) -> &str {
    if blocking.action.is_empty() { &blocking.what } else { &blocking.action }
}

fn foot(page: &mut String, report: &Report, primary: Option<&System>) {
    let mut parts = Vec::new();
    if let Some(system) = primary.filter(|s| !s.practices.is_empty()) {
        let practices = phrases::count(system.practices.len(), "practice", "practices");
        parts.push(format!("{practices}: {}", phrases::tally(system).join(", ")));
    }
    let seen = report.coverage.seen_not_read.len();
    if seen > 0 {
        parts.push(format!("{} seen, not read by this version", phrases::count(seen, "file", "files")));
    }
    parts.push(phrases::count(report.notices.len(), "notice", "notices"));
    let _ = writeln!(page, "{}.", parts.join("; "));
    if primary.is_some() {
        page.push_str("\"met\" = declared at this commit, every hop read. Whether it ran is not visible.\n");
    }
}

/// A place, linked where its host is known.
fn place(evidence: &Evidence, repository: &Repository) -> Option<String> {
    let told = text(&phrases::place(evidence)?);
    let link = phrases::evidence_link(repository, evidence).and_then(|target| target.remote);
    Some(link.map_or_else(|| told.clone(), |link| format!("[{told}]({link})")))
}

/// Text of a repository as text and nothing else: marks lose their meaning, HTML its brackets, and addresses and
/// mentions are broken up so that no host makes a link or a message of them. Line ends are gone already, see
/// [`visible`].
fn text(raw: &str) -> String {
    let raw = visible(raw);
    let mut out = String::with_capacity(raw.len() + 8);
    let mut rest = raw.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '$' => out.push_str("&#36;"),
            '@' => out.push_str("@&#8203;"),
            ':' if rest.peek() == Some(&'/') => out.push_str("&#58;"),
            '.' if out.to_ascii_lowercase().ends_with("www") => out.push_str("&#46;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_cannot_write_markup() {
        assert_eq!(text("a|b `c` *d* [e](f) <img>"), "a\\|b \\`c\\` \\*d\\* \\[e\\](f) &lt;img&gt;");
        assert_eq!(text("see https://x.example @all\n| x"), "see https&#58;//x.example @&#8203;all\\\\n\\| x");
        assert_eq!(text("www.x.example"), "www&#46;x.example");
    }

    #[test]
    fn a_place_cannot_leave_its_link() {
        let evidence = Evidence { path: Some("a](x) <b>.py".to_owned()), line: Some(3), ..Evidence::default() };
        let repository = Repository {
            commit: Some("abc".to_owned()),
            committed_at: None,
            dirty: Some(false),
            changed: 0,
            remote: Some("https://github.com/acme/eta".to_owned()),
            first_commit: None,
            subject: crate::report::Subject {
                kind: crate::report::SubjectKind::MlSystem,
                why: String::new(),
                evidence: Vec::new(),
            },
        };
        assert_eq!(
            place(&evidence, &repository).unwrap_or_default(),
            "[a\\](x) &lt;b&gt;.py:3](https://github.com/acme/eta/blob/abc/a%5D%28x%29%20%3Cb%3E.py#L3)"
        );
    }
}
