//! The answer to "why?" for a person at a terminal.
//!
//! Why: whoever doubts a verdict wants the rule, what it came to here and the lines that say so, in one read. The rule's
//! own words come from the rule, the rest from the report of one scan; nothing is decided here. Invariants: those of the
//! report for a terminal (readable without colour, nothing unescaped, same bytes for the same answer).

mod file;
mod here;
mod levels;
mod words;

use std::io::{self, Write};

use super::Style;
use super::page::{Ink, Line, Page};
use super::phrases;
use crate::explain::{Explained, Explanation, Inspection};
use crate::report::{Report, SubjectKind, Verdict};

/// Writes what a rule asks, what it came to in a repository, or what is known of a file there.
///
/// # Errors
/// Only those of the writer.
pub fn write_explanation(
    rule: Option<&Explanation>,
    found: Option<&Inspection>,
    out: &mut dyn Write,
    style: &Style,
) -> io::Result<()> {
    let mut page = Page::new(style);
    match (rule, found) {
        (Some(rule), found) => of_rule(&mut page, rule, found),
        (None, Some(Inspection { file: Some(view), report, .. })) => file::file(&mut page, view, report),
        (None, _) => {}
    }
    out.write_all(page.finish().as_bytes())
}

fn of_rule(page: &mut Page<'_>, rule: &Explanation, found: Option<&Inspection>) {
    let kind = match &rule.kind {
        Explained::Practice if rule.id.starts_with("probe.") => "a probe, asked by criteria only",
        Explained::Practice => "a practice",
        Explained::Signal => "a signal",
        Explained::Criterion { .. } => "a criterion",
        Explained::Level { .. } => "a level",
        Explained::Model => "a maturity model",
        Explained::Levels => "how a level is decided",
    };
    let left = Line::of(Ink::Strong, &rule.id).add(Ink::Quiet, &format!(", {kind}"));
    page.edges(0, &left, &Line::of(Ink::Quiet, &rule.origin));
    page.wrap(0, 0, &Line::new().plain(&rule.asks));
    if let Some(found) = found {
        match &rule.kind {
            Explained::Practice => here::practice(page, rule, &found.report),
            Explained::Signal => here::signal(page, found),
            Explained::Criterion { model } => here::criterion(page, rule, model, &found.report),
            Explained::Level { model, dimension, level } => {
                levels::level(page, rule, (model, dimension.as_deref(), *level), &found.report);
            }
            Explained::Model => levels::model(page, &rule.id, &found.report),
            Explained::Levels => levels::all(page, &found.report),
        }
    }
    for (title, lines) in &rule.sections {
        // told where the repository is, with what it came to there
        let told = ["USED BY", "LOOKED FOR", "IT MAY SAY MORE CLOSELY", "WEIGHS IN", "ROWS THAT WEIGH", "SEEN AND NOT READ YET"];
        if found.is_some_and(|f| !f.report.systems.is_empty()) && (told.contains(&title.as_str()) || done(rule, title, found)) {
            continue;
        }
        page.title(title);
        if title == "ALSO ASKED FOR AT THIS LEVEL" && lines.iter().any(|line| line.contains(" (core): ")) {
            let told = "None of these weighs for the level; core ones count where it is taken to the letter.";
            page.wrap(2, 4, &Line::of(Ink::Quiet, told));
        }
        for line in lines {
            section_line(page, line);
        }
    }
}

/// What would bring a practice about is no news where it is met.
fn done(rule: &Explanation, title: &str, found: Option<&Inspection>) -> bool {
    let of = |s: &crate::report::System| s.practices.iter().find(|p| p.id == rule.id).is_some_and(|p| p.verdict == Verdict::Met);
    title == "TO BRING IT ABOUT" && found.is_some_and(|f| f.report.systems.iter().all(of))
}

/// A line that begins with an id and a colon has the id set apart.
fn section_line(page: &mut Page<'_>, line: &str) {
    let id = |head: &str| {
        head.contains('.') && !head.contains(' ')
            || head.contains(" (") && head.split(' ').next().is_some_and(|w| w.contains('.'))
    };
    match line.split_once(": ").filter(|(head, _)| id(head)) {
        Some((head, rest)) => page.wrap(2, 4, &Line::of(Ink::Strong, head).plain(": ").plain(rest)),
        None => page.wrap(2, 4, &Line::new().plain(line)),
    }
}

/// The title of what was found, and where it was looked for.
fn title(page: &mut Page<'_>, report: &Report) {
    let commit = report.repository.commit.as_deref().map(|c| format!(" at commit {}", phrases::short(c))).unwrap_or_default();
    let dirty = if report.repository.dirty == Some(true) { ", with changes that are not committed" } else { "" };
    page.blank();
    page.wrap(0, 2, &Line::of(Ink::Title, "IN THIS REPOSITORY").add(Ink::Quiet, &format!("{commit}{dirty}")));
}

/// Why nothing is judged.
fn no_system(page: &mut Page<'_>, report: &Report) {
    let why = &report.repository.subject.why;
    // where a part of machine learning is there, "none" would say more than was looked for
    let kind = match report.repository.subject.kind {
        SubjectKind::NotMl if !report.repository.subject.evidence.is_empty() => String::new(),
        kind => format!(" It is taken for {}", phrases::subject(kind)),
    };
    let between = if kind.is_empty() { " " } else { ": " };
    page.wrap(
        2,
        2,
        &Line::new()
            .plain("Nothing is judged here: no system that trains or serves a model was recognised.")
            .plain(&kind)
            .plain(between)
            .plain(why)
            .plain(if why.ends_with('.') { "" } else { "." }),
    );
}
