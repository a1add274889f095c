//! What is known of a file, or of one line of it.

use super::{here, phrases, words};
use crate::explain::{FileView, Link, Row, Scope};
use crate::render::links::Target;
use crate::render::page::{Ink, Line, Page};
use crate::report::{Report, Repository};

/// Rows told where no line is asked for.
const ROWS: usize = 40;

/// What a line of the file links to; a copy of another repository has nothing that is known.
fn link_of(view: &FileView, repository: &Repository, line: u32) -> Option<Target> {
    if view.repository.is_some() { None } else { phrases::link(repository, &view.path, line) }
}

/// A file, or one line of it.
pub(super) fn file(page: &mut Page<'_>, view: &FileView, report: &Report) {
    let whole = phrases::path(view.repository.as_deref(), &view.path);
    let place = view.line.map_or_else(|| whole.clone(), |line| format!("{whole}:{line}"));
    let link = link_of(view, &report.repository, view.line.unwrap_or(0));
    let size = view.lines.map(|n| format!(", {}", phrases::count(n as usize, "line", "lines"))).unwrap_or_default();
    page.wrap(0, 2, &Line::new().place(&place, link).add(Ink::Quiet, if view.line.is_none() { &size } else { "" }));
    if let Some(snippet) = &view.snippet {
        page.wrap(2, 4, &Line::of(Ink::Strong, snippet));
    }
    why_here(page, view, report);
    start(page, view, report);
    read(page, view, report);
    carries(page, view);
    for notice in &view.notices {
        page.title("COULD NOT BE READ OR FOLLOWED");
        let line = notice.line.map(|l| format!("line {l}: ")).unwrap_or_default();
        page.wrap(2, 4, &Line::of(Ink::Part, &line).plain(&notice.text));
    }
}

fn why_here(page: &mut Page<'_>, view: &FileView, report: &Report) {
    let mut told = page.trial();
    why(&mut told, view, report);
    // that source counts as source is no news
    if told.lines() > 0 {
        page.title("WHY IT IS HERE");
        page.append(&told);
    }
}

fn why(page: &mut Page<'_>, view: &FileView, report: &Report) {
    let (what, means) = words::scope(view.scope);
    let because = view.scope_why.as_ref().map(|why| format!(", because {why}")).unwrap_or_default();
    if view.scope != Scope::Source || !because.is_empty() {
        page.wrap(2, 4, &Line::new().plain(&format!("{}{because}. {means}", words::capital(what))));
    }
    if view.nested_root {
        page.wrap(2, 4, &Line::new().plain("It lies in a folder that looks like a project of its own."));
    }
    if !view.systems.is_empty() && report.systems.len() > 1 {
        page.wrap(2, 4, &Line::new().plain(&format!("It belongs to {}.", view.systems.join(", "))));
    }
    if let (Some(first), true) = (view.within.first(), view.line.is_some()) {
        let rest: Vec<&str> = view.within.iter().skip(1).map(String::as_str).collect();
        let inner = if rest.is_empty() { String::new() } else { format!(", in it {}", rest.join(", in it ")) };
        page.wrap(2, 4, &Line::new().plain(&format!("The line stands in {first}{inner}.")));
    }
}

fn start(page: &mut Page<'_>, view: &FileView, report: &Report) {
    let Some(start) = &view.start else { return };
    page.title("WHAT STARTS IT");
    let (ink, sentence) = words::start(start);
    page.wrap(2, 4, &Line::of(ink, &words::capital(&sentence)).plain("."));
    // what stands in the file itself is told below
    if start.way.0.iter().any(|hop| (&hop.repository, &hop.path) != (&view.repository, &view.path)) {
        words::hops(page, &start.way, 4, &report.repository);
    }
}

/// The practices whose chains pass here, or whose evidence stands here.
fn carries(page: &mut Page<'_>, view: &FileView) {
    let signals = view.rows.iter().flat_map(|row| &row.signals).flat_map(|s| &s.practices);
    let all: std::collections::BTreeSet<&str> =
        view.rows.iter().flat_map(|row| &row.practices).chain(signals).map(String::as_str).collect();
    if !all.is_empty() {
        page.title("WHAT RESTS ON IT");
        page.wrap(2, 4, &Line::new().plain(&all.into_iter().collect::<Vec<_>>().join(", ")));
    }
}

fn read(page: &mut Page<'_>, view: &FileView, report: &Report) {
    page.title(if view.line.is_some() { "WHAT THE LINE SAYS" } else { "WHAT WAS READ" });
    if let Some(why) = &view.unread {
        page.wrap(2, 4, &Line::of(Ink::Part, &format!("Not read: {why}.")));
    }
    if let (Some(line), Some(lines)) = (view.line, view.lines) {
        if line > lines || line == 0 {
            return page.wrap(2, 4, &Line::of(Ink::Part, &format!("There is no line {line}; the file has {lines}.")));
        }
    }
    if view.rows.is_empty() {
        let told = match (view.line, view.read) {
            (Some(_), true) => "Nothing on this line leads anywhere or is asked for by a rule.",
            (None, true) => "It was read, and nothing in it leads anywhere or is asked for by a rule.",
            (_, false) if view.unread.is_some() => "",
            (_, false) => "It was listed and not opened: no reader knows files of this kind, and no rule asks for them.",
        };
        if !told.is_empty() {
            page.wrap(2, 4, &Line::new().plain(told));
        }
        if !view.nearest.is_empty() {
            let lines: Vec<String> = view.nearest.iter().map(u32::to_string).collect();
            page.wrap(2, 4, &Line::new().plain(&format!("The nearest that do: line {}.", lines.join(" and line "))));
        }
    }
    if view.read && view.line.is_none() && !view.also.is_empty() {
        page.wrap(2, 4, &Line::of(Ink::Quiet, &format!("In all: {}.", view.also.join("; "))));
    }
    let most = if page.verbose() > 0 || view.line.is_some() { usize::MAX } else { ROWS };
    for row in view.rows.iter().take(most) {
        one(page, row, view, report);
    }
    let left = view.rows.len().saturating_sub(most) + view.more;
    if left > 0 {
        let told = format!(
            "and {}; ask for one with {}:LINE",
            phrases::count(left, "more line", "more lines"),
            phrases::path(view.repository.as_deref(), &view.path)
        );
        page.wrap(2, 4, &Line::of(Ink::Quiet, &told));
    }
}

fn one(page: &mut Page<'_>, row: &Row, view: &FileView, report: &Report) {
    if view.line.is_none() {
        let head = if row.line == 0 { "the file".to_owned() } else { format!("line {}", row.line) };
        let link = link_of(view, &report.repository, row.line);
        page.pair(2, &Line::new().place(&head, link), 12, &Line::of(Ink::Strong, row.snippet.as_deref().unwrap_or_default()));
    }
    let (indent, at) = if view.line.is_none() { (4, 18) } else { (2, 18) };
    let say = |page: &mut Page<'_>, what: &str, line: &Line| page.pair(indent, &Line::of(Ink::Quiet, what), at, line);
    for link in &row.from {
        let verb = passive(link);
        say(page, verb, &words::link(link));
    }
    for words in row.reads.iter().filter(|w| !repeats(row, w)) {
        say(page, "read as", &Line::new().plain(words));
    }
    for signal in &row.signals {
        let op = signal.op.map(|op| format!(" ({})", phrases::deed(op))).unwrap_or_default();
        let state = here::state(signal, view.start.as_ref().or(Some(&signal.start)), view.line.is_some());
        let between = if state.is_empty() { "" } else { "; " };
        say(page, "signal", &Line::of(Ink::Strong, &signal.evidence.signal).plain(&op).plain(between).join(state));
    }
    for link in &row.to {
        say(page, words::edge(link.edge), &words::link(link));
    }
    for stop in &row.stops {
        say(page, "stops", &Line::new().plain(stop));
    }
}

/// Whether a fact says no more than the line itself, which is shown already.
fn repeats(row: &Row, words: &str) -> bool {
    let bare = |text: &str| text.trim_start_matches(['-', ' ', '@']).trim_start_matches("run: ").trim().to_owned();
    row.snippet.as_deref().is_some_and(|snippet| words.strip_prefix("runs ").is_some_and(|command| command == bare(snippet)))
}

/// What other files do to this one.
const fn passive(link: &Link) -> &'static str {
    use crate::explain::EdgeKind;
    if link.missing {
        return "the same";
    }
    match link.edge {
        EdgeKind::Starts => "started by",
        EdgeKind::Contains => "held by",
        EdgeKind::Precedes => "comes after",
        EdgeKind::Invokes => "run by",
        EdgeKind::Calls => "called by",
        EdgeKind::Imports => "imported by",
        EdgeKind::Submits => "handed over by",
        EdgeKind::Applies => "applied by",
        EdgeKind::Writes => "made by",
        EdgeKind::Reads => "takes",
        EdgeKind::Tests => "tested by",
        EdgeKind::Gates => "held back by",
    }
}
