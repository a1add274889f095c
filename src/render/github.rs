//! Annotations for a job of GitHub Actions: workflow commands, one a line.
//!
//! Why: what stands before the next level, and what cannot work as written, belongs beside the line that it is about.
//! A job shows ten annotations of a kind a step, so the ten that help most are written and no more: what a gate misses,
//! then what is broken, then what stands before the next level, then what only looks automatic.
//!
//! Invariant: a text can neither end its line nor its property, so nothing of the repository becomes a command. The
//! escapes are those of the runner: `%`, CR and LF everywhere, `:` and `,` in properties besides.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::escape::visible;
use super::{Gated, phrases};
use crate::report::{Evidence, RemedyKind, Report, Strength, System};

/// Annotations in all.
const MOST: usize = 10;
/// Annotations of one kind, so that none crowds out the others.
const EACH: usize = 4;

/// One annotation.
struct Note {
    command: &'static str,
    path: Option<String>,
    line: Option<u32>,
    title: String,
    message: String,
}

/// Writes the annotations of every system, the primary one first.
pub(super) fn write(report: &Report, out: &mut dyn Write, gate: Option<&Gated>) -> io::Result<()> {
    let mut notes = Vec::new();
    for line in gate.filter(|gate| !gate.passed).iter().flat_map(|gate| &gate.lines).take(EACH) {
        let title = "treering: below what was asked".to_owned();
        let (path, line_number) = named(report, line).unzip();
        notes.push(Note { command: "error", path, line: line_number, title, message: line.clone() });
    }
    if report.systems.is_empty() {
        let subject = &report.repository.subject;
        let title = format!("treering: {}", phrases::subject(subject.kind));
        notes.push(Note { command: "notice", path: None, line: None, title, message: subject.why.clone() });
    }
    let (first, others): (Vec<_>, Vec<_>) = report.systems.iter().partition(|system| system.primary);
    for system in first.into_iter().chain(others) {
        notes.extend(broken(system).into_iter().take(EACH));
        notes.extend(blocking(system, gate).into_iter().take(EACH));
        // a place that has its note already needs no second one that says less
        let known = |note: &Note| notes.iter().any(|n| n.path == note.path && n.line == note.line);
        let more: Vec<Note> = lookalikes(system).into_iter().filter(|note| !known(note)).take(EACH).collect();
        notes.extend(more);
    }
    let mut told = BTreeSet::new();
    notes.retain(|note| told.insert((note.path.clone(), note.line, note.message.clone())));
    for note in notes.iter().take(MOST) {
        one(note, out)?;
    }
    Ok(())
}

/// The first place in a sentence that the report knows as one: where what it tells is to be changed.
fn named(report: &Report, sentence: &str) -> Option<(String, u32)> {
    let known = |path: &str| {
        let blocked = |s: &System| s.models.iter().flat_map(|m| &m.blocking).flat_map(|b| &b.evidence).any(|e| is_at(e, path));
        let missed = |s: &System| {
            let near = s.practices.iter().filter_map(|p| p.nearest_miss.as_ref());
            near.flat_map(|n| &n.evidence).chain(s.practices.iter().flat_map(|p| &p.evidence)).any(|e| is_at(e, path))
        };
        report.systems.iter().any(|s| blocked(s) || missed(s))
    };
    let words = sentence.split_whitespace().map(|word| word.trim_matches(|c: char| "()`,;:.".contains(c)));
    words.filter_map(|word| word.rsplit_once(':')).find_map(|(path, line)| {
        let line = line.parse().ok().filter(|line| *line > 0)?;
        known(path).then(|| (path.to_owned(), line))
    })
}

fn is_at(evidence: &Evidence, path: &str) -> bool {
    evidence.repository.is_none() && evidence.path.as_deref() == Some(path)
}

fn one(note: &Note, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "::{} ", note.command)?;
    if let Some(path) = &note.path {
        write!(out, "file={},", property(path))?;
        if let Some(line) = note.line.filter(|line| *line > 0) {
            write!(out, "line={line},")?;
        }
    }
    writeln!(out, "title={}::{}", property(&note.title), data(&visible(&note.message)))
}

/// Hops that cannot work at this commit, and commands whose target is missing.
fn broken(system: &System) -> Vec<Note> {
    let note = |path: &str, line: Option<u32>, message: String| Note {
        command: "warning",
        path: Some(path.to_owned()),
        line,
        title: "treering: cannot run as written".to_owned(),
        message,
    };
    let missing = system.lookalikes.iter().filter_map(|l| {
        let at = l.evidence.iter().find(|e| is_break(e) && e.repository.is_none())?;
        Some(note(at.path.as_deref()?, at.line, l.why.clone()))
    });
    let mut notes: Vec<Note> = missing.collect();
    let chains = system.practices.iter().flat_map(|p| {
        let missed = p.nearest_miss.as_ref().and_then(|n| n.chain.as_ref());
        p.chains.iter().chain(missed)
    });
    for hop in chains.flat_map(|chain| &chain.0).filter(|hop| hop.strength == Strength::Broken && hop.repository.is_none()) {
        // the reason, where there is one, is told already
        if !notes.iter().any(|n| n.path.as_deref() == Some(&hop.path) && n.line == Some(hop.line)) {
            notes.push(note(&hop.path, Some(hop.line), format!("{}: cannot run as written", hop.what)));
        }
    }
    notes
}

/// The mark that the report puts on a place where the automation breaks.
fn is_break(evidence: &Evidence) -> bool {
    evidence.signal == "broken"
}

/// What stands before the next level, of the models that a gate asked for, where one did; what several ask for is told
/// once, and what is there but for the proof of it is nothing to do.
fn blocking(system: &System, gate: Option<&Gated>) -> Vec<Note> {
    let is_asked = |id: &String| gate.is_none_or(|gate| gate.models.is_empty() || gate.models.contains(id));
    let mut told = BTreeSet::new();
    let mut notes = Vec::new();
    for model in system.models.iter().filter(|model| is_asked(&model.id)) {
        let to_do = model.blocking.iter().filter(|b| b.unknown.is_none() && b.remedy != Some(RemedyKind::Confirm));
        // one action is one change, whatever it is told of
        for blocking in to_do {
            if !told.insert(if blocking.action.is_empty() { blocking.practice.as_str() } else { blocking.action.as_str() }) {
                continue;
            }
            let of = blocking.dimension.as_deref().map(|d| format!(" {d}")).unwrap_or_default();
            let at = blocking.evidence.iter().find(|e| e.path.is_some() && e.repository.is_none());
            let action = if blocking.action.is_empty() { String::new() } else { format!("; {}", blocking.action) };
            notes.push(Note {
                command: "notice",
                path: at.and_then(|e| e.path.clone()),
                line: at.and_then(|e| e.line),
                title: format!("treering: before {}{of} {}", phrases::model_name(model), blocking.level),
                message: format!("{} ({}){action}", blocking.what.trim_end_matches('.'), blocking.practice),
            });
        }
    }
    // those beside a line help most
    notes.sort_by_key(|note| note.path.is_none());
    notes
}

fn lookalikes(system: &System) -> Vec<Note> {
    let note = |l: &crate::report::Lookalike| {
        // only lines of the scanned repository can be annotated
        let at = l.evidence.iter().find(|e| e.path.is_some() && e.repository.is_none())?;
        Some(Note {
            command: "notice",
            path: at.path.clone(),
            line: at.line,
            title: "treering: looks automatic, is not".to_owned(),
            message: l.why.clone(),
        })
    };
    system.lookalikes.iter().filter(|l| !l.evidence.iter().any(is_break)).filter_map(note).collect()
}

/// The message of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property of a command. A path must stay what it is, so it is escaped and not made visible.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_cannot_write_a_command() {
        let note = Note {
            command: "notice",
            path: Some("a,line=9::b\n::error::c.py".to_owned()),
            line: Some(2),
            title: "x: y".to_owned(),
            message: "100%\r\n::stop-commands::t".to_owned(),
        };
        let mut out = Vec::new();
        one(&note, &mut out).unwrap_or_default();
        assert_eq!(
            String::from_utf8_lossy(&out),
            "::notice file=a%2Cline=9%3A%3Ab%0A%3A%3Aerror%3A%3Ac.py,line=2,title=x%3A y::100%25\\r\\n::stop-commands::t\n"
        );
    }
}
