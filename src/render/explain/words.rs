//! Plain words for edges, strengths, weights, starts and scopes.

use super::phrases;
use crate::explain::{EdgeKind, Link, Scope, Start, Strength};
use crate::render::page::{Ink, Line, Page, width_of};
use crate::report::{Cause, Chain, Criterion, Evidence, Hop, Practice, Repository, Starter, Unknown, Verdict};

/// What one end of an edge does to the other.
pub(super) const fn edge(edge: EdgeKind) -> &'static str {
    match edge {
        EdgeKind::Starts => "starts",
        EdgeKind::Contains => "holds",
        EdgeKind::Precedes => "comes before",
        EdgeKind::Invokes => "runs",
        EdgeKind::Calls => "calls",
        EdgeKind::Imports => "imports",
        EdgeKind::Submits => "hands over",
        EdgeKind::Applies => "applies",
        EdgeKind::Writes => "makes",
        EdgeKind::Reads => "takes",
        EdgeKind::Tests => "tests",
        EdgeKind::Gates => "holds back",
    }
}

/// How sure it is; nothing where it is written out and was read.
pub(super) const fn unsure(strength: Strength) -> Option<&'static str> {
    match strength {
        Strength::Resolved => None,
        Strength::Inferred => Some("by name"),
        Strength::Assumed => Some("assumed"),
        Strength::Broken => Some("cannot work as written"),
    }
}

/// How sure a whole chain is.
pub(super) const fn chain(strength: Strength) -> (Ink, &'static str) {
    match strength {
        Strength::Resolved => (Ink::Good, "every hop is written out and was read"),
        Strength::Inferred => (Ink::Part, "one hop is known by name or convention only"),
        Strength::Assumed => (Ink::Part, "one hop hangs on something that is not in this scan"),
        Strength::Broken => (Ink::Bad, "one hop cannot work as written"),
    }
}

pub(super) fn hop_place(hop: &Hop) -> String {
    phrases::hop_place(hop)
}

/// A chain hop by hop, each with what it does and, where it is not written out, how sure it is.
pub(super) fn hops(page: &mut Page<'_>, chain: &Chain, indent: usize, repository: &Repository) {
    let widest = chain.0.iter().map(|hop| width_of(&hop_place(hop))).max().unwrap_or(0);
    let at = (indent + widest + 2).min(page.width() / 2);
    let last = chain.0.len().saturating_sub(1);
    for (index, hop) in chain.0.iter().enumerate() {
        let mut line = Line::new().plain(&hop.what);
        let does = match hop.op {
            Some(op) if index == last => phrases::deed(op),
            _ if index == last && hop.outside.is_none() && chain.0.len() > 1 => "",
            _ => edge(hop.edge),
        };
        let says: Vec<&str> = [Some(does), unsure(hop.strength)].into_iter().flatten().filter(|w| !w.is_empty()).collect();
        if !says.is_empty() {
            let ink = if hop.strength < Strength::Resolved { Ink::Part } else { Ink::Quiet };
            line = line.add(ink, &format!(" [{}]", says.join(", ").replace(' ', "\u{a0}")));
        }
        page.pair(indent, &Line::new().place(&hop_place(hop), phrases::hop_link(repository, hop)), at, &line);
        if let Some(outside) = &hop.outside {
            let told = format!("{outside} is not in this scan, so what it does cannot be said here");
            page.wrap(indent + 2, indent + 4, &Line::of(Ink::Part, &told));
        }
    }
}

/// A verdict as a sentence, without its full stop.
pub(super) fn practice(practice: &Practice) -> (Ink, String) {
    let (ink, word) = phrases::verdict(practice.verdict, practice.because, practice.chains.first());
    let text = match (practice.verdict, &practice.nearest_miss) {
        (Verdict::Met, _) if practice.chains.is_empty() => "Met: declared at this commit".to_owned(),
        (Verdict::Met, _) => "Met: declared at this commit, and every hop was read".to_owned(),
        (Verdict::Indicated, Some(miss)) => format!("Partly: {}", miss.text),
        (Verdict::NotShown, _) => "Not found".to_owned(),
        (Verdict::Unknown, _) => match practice.because {
            Some(Cause::Unknown(Unknown::NoHistory)) => {
                "Unknown: only the history can tell, and the clone does not hold enough of it (fetch-depth: 0)".to_owned()
            }
            Some(Cause::Unknown(Unknown::NotRead)) => "Unknown: a file that may show it was not read".to_owned(),
            _ => "Unknown: this version cannot look for all that counts, and found nothing of what it looks for".to_owned(),
        },
        _ => capital(&word),
    };
    (ink, text)
}

pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The verdict of a requirement in a few words.
pub(super) fn criterion(criterion: &Criterion) -> (Ink, String) {
    match (criterion.verdict, criterion.holds) {
        (Some(verdict), _) => phrases::verdict(verdict, criterion.because, None),
        (None, Some(true)) => (Ink::Bad, "the shortcoming is there".to_owned()),
        (None, Some(false)) => (Ink::Good, "the shortcoming is not there".to_owned()),
        (None, None) => (Ink::Quiet, "not visible here".to_owned()),
    }
}

/// What a row weighs.
pub(super) fn weight(weight: Option<f64>) -> (Ink, String) {
    match weight {
        None => (Ink::Quiet, "no object here".to_owned()),
        Some(w) if w >= 1.0 => (Ink::Good, "in full".to_owned()),
        Some(w) if w <= 0.0 => (Ink::Bad, "nothing".to_owned()),
        Some(w) => (Ink::Part, per_cent(w)),
    }
}

pub(super) fn per_cent(share: f64) -> String {
    format!("{:.0}\u{a0}%", share * 100.0)
}

/// Who starts it, as a sentence without its full stop.
pub(super) fn start(start: &Start) -> (Ink, String) {
    match (start.starter, start.tests) {
        (Starter::Itself, true) => (Ink::Part, format!("only tests run it, started by {}", start.by)),
        (Starter::Itself, false) => (Ink::Good, format!("it starts by itself: {}", start.by)),
        (Starter::Outside, _) => (Ink::Part, format!("it starts if something outside does its part: {}", start.by)),
        (Starter::Person, _) => (Ink::Bad, format!("a person starts it: {}", start.by)),
        (Starter::Broken | Starter::Nobody | Starter::Unknown, _) => (Ink::Bad, "nothing here starts it".to_owned()),
    }
}

/// What a file is by its scope, and what that means for it.
pub(super) const fn scope(scope: Scope) -> (&'static str, &'static str) {
    match scope {
        Scope::Vendored => ("somebody else's code, copied in", "It is evidence of nothing."),
        Scope::Generated => ("written by a machine", "It is evidence of nothing."),
        Scope::Template => ("a template", "It describes repositories that it would create, not this one."),
        Scope::Disabled => ("switched off", "It does not count unless something live reaches it."),
        Scope::Test => ("test code", "It counts as a test, and what only tests run is no automation."),
        Scope::Docs => ("documentation", "It is evidence of nothing that runs."),
        Scope::Example => ("an example", "It does not count unless something live reaches it."),
        Scope::Elsewhere => ("in a copy of another repository", "It counts only where a chain from here runs it."),
        Scope::Source => ("source", "It counts in full."),
    }
}

/// One edge, from the line that is looked at.
pub(super) fn link(link: &Link) -> Line {
    let mut line = Line::new().plain(&link.what);
    // what is called by its path needs no second telling where it begins
    let told = |place: &str| place.rsplit_once(':').is_some_and(|(path, at)| at == "1" && link.what.contains(path));
    if let Some(place) = link.place.as_ref().filter(|place| !told(place) && link.what != **place) {
        line = line.plain(" (").place(place, None).plain(")");
    }
    let mut says: Vec<String> = Vec::new();
    if link.outside {
        says.push("not in this scan, so following stops here".to_owned());
    } else if link.missing {
        says.push("this cannot work as written".to_owned());
    } else if let Some(unsure) = unsure(link.strength) {
        says.push(unsure.to_owned());
    }
    says.extend(link.off.as_ref().map(|off| format!("switched off: {off}")));
    says.extend(link.condition.as_ref().map(|condition| format!("only where {condition}")));
    says.extend(link.discarded.as_ref().map(|by| format!("its failure is thrown away: {by}")));
    if says.is_empty() { line } else { line.add(Ink::Part, &format!("; {}", says.join("; "))) }
}

/// A place with what stands there, and the signal that was recognised.
pub(super) fn evidence(page: &mut Page<'_>, evidence: &Evidence, indent: usize, at: usize, repository: &Repository) {
    let Some(place) = phrases::place(evidence) else { return };
    let link = phrases::evidence_link(repository, evidence);
    let mut line = Line::new().plain(evidence.snippet.as_deref().unwrap_or_default());
    if evidence.signal.contains('.') {
        line = line.add(Ink::Quiet, &format!(" [{}]", evidence.signal));
    }
    page.pair(indent, &Line::new().place(&place, link), at, &line);
}

/// Several of them in two columns.
pub(super) fn all_evidence(page: &mut Page<'_>, all: &[&Evidence], most: usize, repository: &Repository) {
    // one line is one fact, however many signals stand on it
    let mut seen = std::collections::BTreeSet::new();
    let all: Vec<&Evidence> = all.iter().copied().filter(|e| seen.insert((phrases::place(e), e.snippet.as_deref()))).collect();
    let widest = all.iter().take(most).filter_map(|e| phrases::place(e)).map(|p| width_of(&p)).max().unwrap_or(0);
    let at = (4 + widest + 2).min(page.width() / 2);
    for one in all.iter().take(most) {
        evidence(page, one, 4, at, repository);
    }
    if let Some(more) = all.len().checked_sub(most).filter(|n| *n > 0) {
        page.wrap(4, 4, &Line::of(Ink::Quiet, &format!("and {more} more")));
    }
}
