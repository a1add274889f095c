//! One file: why it is there, what was read in it, what leads to it, where it leads and where that stops.

use std::collections::{BTreeMap, BTreeSet};

use super::start::Starts;
use super::{MOST, Seen, Sighting, Start, practices, sighting};
use crate::fact::{Command, Fact, FactKind, FileFacts, Guard, OnFailure, Pin, UnitKind, UsesTarget};
use crate::graph::{Edge, Node, NodeId, NodeKind};
use crate::report::redact::snippet;
use crate::report::{EdgeKind, Notice, Strength};
use crate::source::{Location, file_name};
use crate::words::Scope;

/// A file of the repository, or one line of it.
#[derive(Debug, Clone, PartialEq)]
pub struct FileView {
    /// Its repository, where that is not the scanned one but a copy that was given.
    pub repository: Option<String>,
    /// The file.
    pub path: String,
    /// The line that was asked for.
    pub line: Option<u32>,
    /// What stands on that line, redacted.
    pub snippet: Option<String>,
    /// Number of its lines; none where it cannot be read as text.
    pub lines: Option<u32>,
    /// Why it is there.
    pub scope: Scope,
    /// What put it into that scope; none for source, which is what nothing else fits.
    pub scope_why: Option<String>,
    /// Whether it lies in a folder that looks like a project of its own.
    pub nested_root: bool,
    /// Names of the systems that it belongs to.
    pub systems: Vec<String>,
    /// Why it was not read, where that is known.
    pub unread: Option<String>,
    /// Whether some reader or rule opened it.
    pub read: bool,
    /// The units around the line, outermost first, as `job train (lines 3 to 9)`.
    pub within: Vec<String>,
    /// What was counted and not listed.
    pub also: Vec<String>,
    /// Lines that say something, in order; line 0 is the file as a whole.
    pub rows: Vec<Row>,
    /// How many such lines were left out.
    pub more: usize,
    /// Where the line says nothing: the nearest lines that do.
    pub nearest: Vec<u32>,
    /// Who starts it; none where nothing in it can run.
    pub start: Option<Start>,
    /// What could not be read or followed in it.
    pub notices: Vec<Notice>,
}

/// One line and all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row {
    /// 1-based; 0 for the file as a whole.
    pub line: u32,
    /// What stands there, redacted.
    pub snippet: Option<String>,
    /// What was read, in words.
    pub reads: Vec<String>,
    /// The signals that were recognised.
    pub signals: Vec<Sighting>,
    /// What leads here from other files.
    pub from: Vec<Link>,
    /// Where it leads.
    pub to: Vec<Link>,
    /// Where following stopped, and why.
    pub stops: Vec<String>,
    /// Ids of the practices whose chains pass here.
    pub practices: Vec<String>,
}

/// One edge, seen from one of its ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What it says.
    pub edge: EdgeKind,
    /// How sure it is.
    pub strength: Strength,
    /// The other end, in words.
    pub what: String,
    /// Where the other end is, as `path:line`; none outside of the repository.
    pub place: Option<String>,
    /// Whether it leaves what was scanned.
    pub outside: bool,
    /// Whether it names something that is not there.
    pub missing: bool,
    /// Set where it is switched off; says by what.
    pub off: Option<String>,
    /// The condition it stands under, as written.
    pub condition: Option<String>,
    /// Set where a failure of it is thrown away; says by what.
    pub discarded: Option<String>,
}

/// What is known of a file; none where there is no such file.
pub(super) fn view(seen: &Seen<'_>, path: &str, line: Option<u32>) -> Option<FileView> {
    let inventory = seen.findings.inventory;
    let skipped = inventory.skipped().iter().find(|s| *s.path == *path);
    if !inventory.contains(path) && skipped.is_none() {
        return None;
    }
    let text = inventory.read(path);
    let lines = text.as_ref().ok().map(|t| u32::try_from(t.text.lines().count()).unwrap_or(u32::MAX));
    let known = seen.book.get(path);
    let mut unread: Vec<String> = skipped.map(|s| s.why.sentence().to_owned()).into_iter().collect();
    unread.extend(
        seen.findings
            .unread
            .iter()
            .filter(|file| *file.path == *path)
            .map(|file| format!("{}, which this version does not read", file.what)),
    );
    unread.extend(text.as_ref().err().filter(|_| skipped.is_none()).map(|notice| snippet(&notice.text)));
    let mut rows = rows(seen, path, line);
    let nodes = nodes_at(seen, path, line, &rows);
    let starts = Starts::of(seen.findings.graph);
    for (index, found) in seen.findings.signals.all.iter().enumerate() {
        if *found.at.path == *path && found.commit.is_none() && covers(&found.at, line) {
            let row = rows.entry(line.unwrap_or(found.at.line)).or_default();
            let mut told = sighting(seen, &starts, index);
            if line.is_some() && seen.findings.graph.node_of(index).is_none() && !nodes.is_empty() {
                // what has no place of its own in the graph is started with the line that it stands on
                told.start = starts.best(&nodes);
            }
            add(&mut row.signals, told);
        }
    }
    if let (Some(line), Some(code)) = (line, known.and_then(|facts| facts.code.as_ref())) {
        let row = rows.entry(line).or_default();
        let seen_as: Vec<&str> = row.signals.iter().filter_map(|s| s.evidence.snippet.as_deref()).collect();
        // a line that a rule knows needs no word on what no rule knows
        let stops =
            if seen_as.is_empty() { super::call::stops(seen.program, seen.standard, path, code, line) } else { Vec::new() };
        stops.into_iter().for_each(|stop| add(&mut row.stops, snippet(&stop)));
    }
    rows.retain(|_, row| !row.says_nothing());
    for (line, row) in &mut rows {
        row.line = *line;
        row.snippet = text.as_ref().ok().map(|t| t.line_text(*line).trim()).filter(|t| !t.is_empty()).map(snippet);
    }
    let nearest = match line {
        Some(asked) if rows.is_empty() => {
            let mut all = self::rows(seen, path, None);
            let signals = seen.findings.signals.all.iter().filter(|s| *s.at.path == *path && s.commit.is_none());
            all.extend(signals.map(|signal| (signal.at.line, Row::default())));
            nearest(&all, asked)
        }
        _ => Vec::new(),
    };
    let placement = seen.placements.get(path);
    let scope = placement.map_or(Scope::Source, |p| p.scope);
    let more = rows.len().saturating_sub(MOST);
    let owns = |s: &&crate::report::compile::JudgedSystem<'_>| s.system.owns(path);
    Some(FileView {
        repository: None,
        path: path.to_owned(),
        line,
        snippet: line.and_then(|l| text.as_ref().ok().map(|t| snippet(t.line_text(l)))).filter(|s| !s.is_empty()),
        lines,
        scope,
        scope_why: if scope == Scope::Source { None } else { (seen.scope)(path) },
        nested_root: placement.is_some_and(|p| p.nested_root),
        systems: seen.judged.iter().filter(owns).map(|s| snippet(&s.system.name)).collect(),
        unread: unread.into_iter().next(),
        read: known.is_some() || !rows.is_empty(),
        within: match (line, known) {
            (Some(line), Some(facts)) => within(facts, path, line),
            _ => Vec::new(),
        },
        also: if line.is_none() { known.map(also).unwrap_or_default() } else { Vec::new() },
        rows: rows.into_values().take(MOST).collect(),
        more,
        nearest,
        start: (!nodes.is_empty()).then(|| starts.best(&nodes)),
        notices: seen
            .notices
            .iter()
            .filter(|n| n.at.as_ref().is_some_and(|at| *at.path == *path && (line.is_none() || at.line == 0 || covers(at, line))))
            .map(Notice::from)
            .collect(),
    })
}

impl Row {
    fn says_nothing(&self) -> bool {
        self.reads.is_empty() && self.signals.is_empty() && self.from.is_empty() && self.to.is_empty() && self.stops.is_empty()
    }
}

/// Whether a place touches the line that is asked for.
fn covers(at: &Location, line: Option<u32>) -> bool {
    line.is_none_or(|line| (at.line..=at.end_line.unwrap_or(at.line)).contains(&line))
}

/// What was read and what leads where, by line. With a line, only what touches it, all under that line.
fn rows(seen: &Seen<'_>, path: &str, line: Option<u32>) -> BTreeMap<u32, Row> {
    let graph = seen.findings.graph;
    let mut rows: BTreeMap<u32, Row> = BTreeMap::new();
    let led: BTreeSet<u32> = graph.edges.iter().filter(|e| *e.at.path == *path && e.runs()).map(|e| e.at.line).collect();
    for fact in seen.book.get(path).iter().flat_map(|facts| &facts.facts) {
        // where an edge was made of it, the edge tells more
        let told = matches!(fact.kind, FactKind::Uses(_)) && led.contains(&fact.line);
        let touches = !told && line.is_none_or(|l| (fact.line..=fact.end_line).contains(&l));
        if let Some(words) = touches.then(|| in_words(fact, seen.book.get(path), line.is_some())).flatten() {
            add(&mut rows.entry(line.unwrap_or(fact.line)).or_default().reads, snippet(&words));
        }
    }
    for (id, edge) in graph.edges.iter().enumerate() {
        let (from, to) = (&graph.nodes[edge.from], &graph.nodes[edge.to]);
        let here = *edge.at.path == *path && covers(&edge.at, line);
        if here {
            let at = line.unwrap_or(edge.at.line);
            let passing = practices(seen, |p| p.chains.iter().any(|c| c.edges.contains(&id)));
            if !passing.is_empty() || !matches!(edge.kind, EdgeKind::Contains | EdgeKind::Precedes) {
                let row = rows.entry(at).or_default();
                row.practices.extend(passing);
                row.practices.sort();
                row.practices.dedup();
            }
            let itself = !matches!(to.kind, NodeKind::Outside | NodeKind::Missing)
                && to.at.path == edge.at.path
                && to.at.line == edge.at.line;
            if !matches!(edge.kind, EdgeKind::Contains | EdgeKind::Precedes) && !itself && !is_own_trigger(from, edge) {
                add(&mut rows.entry(at).or_default().to, link(edge, to));
            }
        }
        // of a unit, what leads to it stands where it begins
        let arrives = *to.at.path == *path && *edge.at.path != *path && line.is_none_or(|l| to.at.line.max(1) == l);
        if arrives && !matches!(edge.kind, EdgeKind::Contains | EdgeKind::Precedes) {
            let mut back = link(edge, from);
            let by_file = edge.what.is_empty() || edge.kind == EdgeKind::Imports;
            back.what = snippet(if by_file { &from.label } else { &edge.what });
            back.place = Some(edge.at.to_string());
            if to.kind == NodeKind::Missing {
                // what is not there is run by nothing: the other place lacks the same
                back.what = edge.at.to_string();
                back.missing = true;
            }
            add(&mut rows.entry(line.unwrap_or(to.at.line)).or_default().from, back);
        }
    }
    for (id, node) in graph.nodes.iter().enumerate() {
        let stuck = node.kind == NodeKind::Command && *node.at.path == *path && covers(&node.at, line);
        if stuck && node.signals.is_empty() && !graph.leaving(id).any(|e| e.kind != EdgeKind::Precedes) {
            let row = rows.entry(line.unwrap_or(node.at.line)).or_default();
            add(&mut row.stops, "no rule knows this command".to_owned());
        }
    }
    rows
}

/// A trigger and the workflow that it stands in: said by what was read already.
fn is_own_trigger(from: &Node, edge: &Edge) -> bool {
    edge.kind == EdgeKind::Starts && matches!(from.kind, NodeKind::Trigger(_)) && from.at.path == edge.at.path
}

fn add<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if list.len() < MOST && !list.contains(&item) {
        list.push(item);
    }
}

fn link(edge: &Edge, other: &Node) -> Link {
    let outside = other.kind == NodeKind::Outside;
    let missing = other.kind == NodeKind::Missing;
    let thing = other.kind == NodeKind::Thing;
    Link {
        edge: edge.kind,
        strength: edge.strength,
        what: snippet(&other.label),
        place: (!outside && !missing && !thing && !other.at.path.is_empty()).then(|| other.at.to_string()),
        outside,
        missing,
        off: edge.off.as_deref().map(snippet),
        condition: edge.condition.as_deref().map(snippet),
        discarded: edge.discarded.as_deref().map(snippet),
    }
}

/// The nodes whose start is asked for: those of the line, innermost, or all of the file.
fn nodes_at(seen: &Seen<'_>, path: &str, line: Option<u32>, rows: &BTreeMap<u32, Row>) -> Vec<NodeId> {
    let graph = seen.findings.graph;
    let of_file = |n: &NodeId| {
        let node = &graph.nodes[*n];
        let runs = !matches!(node.kind, NodeKind::Trigger(_) | NodeKind::Outside | NodeKind::Missing | NodeKind::Thing);
        runs && *node.at.path == *path
    };
    let all: Vec<NodeId> = (0..graph.nodes.len()).filter(of_file).collect();
    let Some(line) = line else { return all };
    let mut on: Vec<NodeId> =
        graph.edges.iter().filter(|e| *e.at.path == *path && covers(&e.at, Some(line))).map(|e| e.from).collect();
    let signals = seen.findings.signals.all.iter().enumerate();
    on.extend(signals.filter(|(_, s)| *s.at.path == *path && covers(&s.at, Some(line))).filter_map(|(i, _)| graph.node_of(i)));
    on.retain(|n| of_file(n));
    if on.is_empty() && (rows.is_empty() || all.len() == 1) {
        // a line inside something that runs, although it says nothing itself
        let spans = |n: &NodeId| graph.nodes[*n].at.end_line.map(|end| end.saturating_sub(graph.nodes[*n].at.line));
        let around = all.into_iter().filter(|n| covers(&graph.nodes[*n].at, Some(line)));
        on.extend(around.min_by_key(|n| (spans(n), *n)));
    }
    on.sort_unstable();
    on.dedup();
    on
}

fn nearest(rows: &BTreeMap<u32, Row>, asked: u32) -> Vec<u32> {
    let before = rows.range(1..asked).next_back();
    let after = rows.range(asked.saturating_add(1)..).next();
    before.into_iter().chain(after).map(|(line, _)| *line).collect()
}

/// The units around a line, outermost first.
fn within(facts: &FileFacts, path: &str, line: u32) -> Vec<String> {
    let mut names = Vec::new();
    let mut at = facts.unit_at(line);
    while let Some(unit) = at.and_then(|u| facts.units.get(u)).filter(|_| names.len() < 8) {
        let title = unit.title.as_deref().filter(|t| *t != unit.name).map(|t| format!(" \"{t}\"")).unwrap_or_default();
        let lines = if unit.line == unit.end_line {
            format!("line {}", unit.line)
        } else {
            format!("lines {} to {}", unit.line, unit.end_line)
        };
        names.push(snippet(&format!("{} {}{title} ({lines})", kind(unit.kind, path), file_name(&unit.name))));
        at = unit.parent;
    }
    names.reverse();
    names
}

fn kind(kind: UnitKind, path: &str) -> &'static str {
    match kind {
        // an action is a file of its own; what other files hold to be called is a template
        UnitKind::Action if !file_name(path).starts_with("action.") => "the template",
        UnitKind::Workflow => "the workflow",
        UnitKind::Group => "the stage",
        UnitKind::Job => "the job",
        UnitKind::Step => "the step",
        UnitKind::Action => "the action",
        UnitKind::Target => "the target",
        UnitKind::Stage => "the stage",
        UnitKind::Script => "the script",
        UnitKind::ShellFunction => "the shell function",
        UnitKind::Service => "the service",
        UnitKind::Image => "the image",
        UnitKind::EntryPoint => "the command",
        UnitKind::Manifest => "the manifest",
    }
}

/// What is counted, not listed, where no line is asked for.
fn also(facts: &FileFacts) -> Vec<String> {
    let dependencies = || facts.facts.iter().filter_map(|f| if let FactKind::Dependency(d) = &f.kind { Some(d) } else { None });
    let mut also = Vec::new();
    let all = dependencies().count();
    if all > 0 {
        let exact = dependencies().filter(|d| d.pin == Pin::Exact || d.locked).count();
        also.push(format!("{all} dependencies, {exact} of them fixed to one version"));
    }
    if let Some(code) = &facts.code {
        let functions =
            code.module.scopes.iter().filter(|s| matches!(s.kind, crate::syntax::python::ScopeKind::Function)).count();
        also.push(format!("Python code: {functions} functions, {} calls", code.module.calls.len()));
    }
    let settings = facts.facts.iter().filter(|f| matches!(f.kind, FactKind::Setting { .. })).count();
    if settings > 0 {
        also.push(if settings == 1 {
            "1 variable or parameter".to_owned()
        } else {
            format!("{settings} variables and parameters")
        });
    }
    also
}

/// A fact in words; without `every`, only what leads somewhere or holds something back.
fn in_words(fact: &Fact, facts: Option<&FileFacts>, every: bool) -> Option<String> {
    Some(match &fact.kind {
        FactKind::Trigger(trigger) if trigger.is_call() => "waits to be called by another file".to_owned(),
        FactKind::Trigger(trigger) => match &trigger.off {
            Some(off) => format!("a start, switched off ({off}): {}", trigger.text),
            None => format!("a start: {}", trigger.text),
        },
        FactKind::Command(command) => runs(command),
        FactKind::Uses(uses) => {
            let to = match uses.to.plain() {
                UsesTarget::Remote(_) => "hands over to something published elsewhere",
                UsesTarget::Image(_) => "starts the image",
                UsesTarget::Python(_) | UsesTarget::Function { .. } => "hands over to Python code",
                UsesTarget::Object(_) => "refers to",
                UsesTarget::File(_) | UsesTarget::Unit { .. } | UsesTarget::Likely(_) => "hands over to",
            };
            format!("{to}: {}{}", uses.reference, failing(&uses.on_failure))
        }
        FactKind::After { path, name, .. } => format!("waits for {name} of {path}"),
        FactKind::Needs(needs) => {
            let before = facts.and_then(|f| f.units.get(needs.on)).map(|u| u.name.as_str())?;
            format!("starts after {before}{}", if needs.stops { "" } else { ", even where that failed" })
        }
        FactKind::Guard(guard) => held_back(guard),
        FactKind::Environment(name) => format!("works in the environment {name}"),
        FactKind::Data(data) => format!("{} {}", if data.writes { "makes" } else { "takes" }, data.key),
        FactKind::Dependency(d) if every => {
            let how = match (d.locked, d.pin) {
                (true, _) => "in a lock",
                (_, Pin::Exact) => "fixed to one version",
                (_, Pin::Range) => "a range of versions",
                (_, Pin::Bare) => "any version",
            };
            format!("depends on {} {} ({how})", d.name, d.version.as_deref().unwrap_or_default())
        }
        FactKind::Instruction(i) if every => format!("{} {}", i.keyword, i.args.join(" ")),
        FactKind::Setting { key, value } if every => format!("sets {key}={value}"),
        FactKind::Machine { label, hosted } if every => {
            format!("runs on {label}{}", if *hosted { ", the default machine" } else { "" })
        }
        FactKind::Dependency(_) | FactKind::Instruction(_) | FactKind::Setting { .. } | FactKind::Machine { .. } => return None,
    })
}

fn runs(command: &Command) -> String {
    let through = if command.through.is_empty() { String::new() } else { format!(" (through {})", command.through.join(", ")) };
    let when = match command.conditions.as_slice() {
        [] => String::new(),
        all => format!(", only where {}", all.join(" and ")),
    };
    let build = if command.at_build { ", while the image is built" } else { "" };
    format!("runs {}{through}{build}{when}{}", command.text(), failing(&command.on_failure))
}

fn failing(on_failure: &OnFailure) -> String {
    match on_failure {
        OnFailure::Stops => String::new(),
        OnFailure::GoesOn => "; what follows runs although it fails".to_owned(),
        OnFailure::Discarded(by) => format!("; its failure is thrown away ({by})"),
    }
}

fn held_back(guard: &Guard) -> String {
    match guard {
        Guard::If(condition) => format!("only where {condition}"),
        Guard::Never(by) => format!("never runs: {by}"),
        Guard::Repository(name) => format!("only in the repository {name}"),
        Guard::Ref(names) => format!("only for {}", names.join(", ")),
        Guard::Event(kinds) => format!("only when started by {}", kinds.iter().map(|k| k.word()).collect::<Vec<_>>().join(", ")),
        Guard::AllowFailure(by) => format!("its failure is thrown away ({by})"),
        Guard::AfterFailure(by) => format!("runs only after a failure ({by})"),
        Guard::Always(by) => format!("runs although what came before failed ({by})"),
    }
}
