//! Python programs that are told words: one copy of their nodes for each course (`Program::course`); lists of words that
//! decide the same share one.
//!
//! What a program is told belongs to the way on which it was started, not to the node. So whoever starts it with words
//! that decide over its branches is led to copies of the functions that hang on them, and everything behind those is
//! shared. In a copy what cannot run keeps its edge, switched off, with the words as the reason.
//!
//! Invariants: a copy has the edges and signals of its original and no others; an original is never changed, so whoever
//! starts the program otherwise finds it as it was; copies of one program are bounded, and beyond the bound nothing is
//! sure.

use std::collections::{BTreeMap, BTreeSet};

use super::{Edge, EdgeId, Graph, NodeId, Order, python};
use crate::resolve::Program;
use crate::resolve::environment::Environment;
use crate::resolve::program::{At, CodeFile, Course, Start, Told, Why};
use crate::signals::Signals;
use crate::source::{Location, RepoPath};
use crate::syntax::python::CallId;
use crate::syntax::shell::Word;
use crate::words::{EdgeKind, Strength};

/// Copies of one program.
const MAX_COPIES: usize = 64;
/// Nodes of all copies together.
const MAX_NODES: usize = 50_000;

/// A command that starts a program with words.
pub(super) struct Launched {
    /// The node of the command.
    pub(super) command: NodeId,
    /// The file of the program.
    pub(super) path: RepoPath,
    /// The function or object that it starts with; none for the file itself.
    pub(super) named: Option<String>,
    /// The words behind the program's name.
    pub(super) words: Vec<Word>,
    /// Variables of the environment that are certain.
    pub(super) environment: Environment,
}

/// Words as the program gets them: what a template or another language fills in is no literal, and more may follow.
pub(super) fn words(words: &[Word], more: bool) -> Vec<Word> {
    let mut found: Vec<Word> = Vec::new();
    let mut inside = false;
    for word in words {
        let text = word.text.as_str();
        let literal = word.literal && !inside && !text.contains(['$', '{', '}', '%', '`', '*']);
        match found.last_mut().filter(|_| inside) {
            // `{{ name }}` is one word
            Some(before) => before.text = format!("{} {text}", before.text),
            None => found.push(Word { text: text.to_owned(), literal }),
        }
        inside = match (text.rfind("{{"), text.rfind("}}")) {
            (Some(open), close) => close.is_none_or(|close| close < open),
            (None, Some(_)) => false,
            (None, None) => inside,
        };
    }
    if more {
        found.push(Word { text: "…".to_owned(), literal: false });
    }
    found
}

/// A copy, as those who start the program find it.
struct Copy {
    course: Course,
    /// What stands for what.
    instead: BTreeMap<NodeId, NodeId>,
}

/// Leads each command to the copy of its program that its words ask for.
pub(super) fn vary(graph: &mut Graph, program: &Program, signals: &Signals, launched: &[Launched]) {
    type Key<'l> = (&'l RepoPath, Option<&'l str>);
    let mut copies: BTreeMap<Key<'_>, Vec<Copy>> = BTreeMap::new();
    type Given<'l> = (Vec<(&'l str, bool)>, &'l Environment);
    let mut known: BTreeMap<(Key<'_>, Given<'_>), Option<usize>> = BTreeMap::new();
    let mut made = 0;
    for one in launched {
        let key = (&one.path, one.named.as_deref());
        let words = (one.words.iter().map(|w| (w.text.as_str(), w.literal)).collect(), &one.environment);
        let of = copies.entry(key).or_default();
        let at = *known.entry((key, words)).or_insert_with(|| {
            let start = one.named.as_deref().map_or(Start::File, Start::Named);
            let course = program.course(&one.path, start, &one.words, &one.environment)?;
            if let Some(same) = of.iter().position(|copy| copy.course == course) {
                return Some(same);
            }
            if of.len() < MAX_COPIES && made < MAX_NODES {
                let number = made;
                let instead = Making { graph, program, signals, course: &course, number }.make(&one.path, one.named.as_deref());
                made += instead.len() + 1;
                of.push(Copy { course, instead });
                return Some(of.len() - 1);
            }
            Some(usize::MAX)
        });
        match at.map(|at| of.get(at)) {
            Some(Some(copy)) => {
                let instead = copy.instead.clone();
                lead(graph, one.command, &instead);
            }
            // too many to tell apart
            Some(None) => doubt(graph, one.command),
            None => {}
        }
    }
}

/// Leads a command to the copies; where it goes over the name of an installed command, that is copied as well.
fn lead(graph: &mut Graph, command: NodeId, instead: &BTreeMap<NodeId, NodeId>) {
    for id in graph.leaving_ids(command).to_vec() {
        let to = graph.edges[id].to;
        if let Some(copy) = instead.get(&to) {
            graph.lead_to(id, *copy);
            continue;
        }
        let inner: Vec<EdgeId> =
            graph.leaving_ids(to).iter().copied().filter(|e| instead.contains_key(&graph.edges[*e].to)).collect();
        if inner.is_empty() || !matches!(graph.nodes[to].kind, super::NodeKind::Unit(crate::fact::UnitKind::EntryPoint)) {
            continue;
        }
        let key = format!("{command}~{}", graph.nodes[to].key);
        let (mut node, edges) = (graph.nodes[to].clone(), graph.leaving_ids(to).to_vec());
        (node.key, node.entry) = (key.clone(), false);
        let copy = graph.node(key, |_| node);
        for inner in edges {
            let edge = graph.edges[inner].clone();
            let to = instead.get(&edge.to).copied().unwrap_or(edge.to);
            graph.edge(Edge { from: copy, to, ..edge });
        }
        graph.lead_to(id, copy);
    }
}

/// What the words choose is not known.
fn doubt(graph: &mut Graph, command: NodeId) {
    for id in graph.leaving_ids(command).to_vec() {
        let edge = &mut graph.edges[id];
        edge.strength = edge.strength.min(Strength::Inferred);
    }
}

struct Making<'g> {
    graph: &'g mut Graph,
    program: &'g Program,
    signals: &'g Signals,
    course: &'g Course,
    number: usize,
}

impl Making<'_> {
    /// Copies all that differs; says what stands for what, seen from outside.
    fn make(&mut self, path: &RepoPath, named: Option<&str>) -> BTreeMap<NodeId, NodeId> {
        let course = self.course;
        let program = self.program;
        // who is called first, so that callers find the copies
        let mut copied: BTreeMap<usize, NodeId> = BTreeMap::new();
        let mut outside = BTreeMap::new();
        for (place, told) in course.told.iter().enumerate().filter(|(_, t)| t.differs) {
            if let Some(node) = self.node(told.at) {
                copied.insert(place, self.twin(node, place));
            }
        }
        let starts: Vec<(NodeId, NodeId)> = course
            .starts
            .iter()
            .filter_map(|place| Some((self.node(course.told.get(*place)?.at)?, *copied.get(place)?)))
            .collect();
        for (place, told) in course.told.iter().enumerate() {
            let (Some(copy), Some(node), Some(code)) =
                (copied.get(&place), self.node(told.at), program.files().get(told.at.file))
            else {
                continue;
            };
            self.edges(node, *copy, Some((told, code)), &copied, &[]);
            self.signals(node, *copy, told, code);
        }
        if let Some((at, place)) = course.chosen
            && let (Some(node), Some(copy)) = (self.node(at), copied.get(&place))
        {
            outside.insert(node, *copy);
        }
        let root = match named {
            None => self.graph.find(&python::program_key(path)),
            Some(name) => self.graph.find(&python::function_key(path, name)),
        };
        if let Some(root) = root {
            let copy = match starts.iter().find(|(node, _)| *node == root) {
                Some((_, copy)) => *copy,
                None => {
                    let copy = self.twin(root, usize::MAX);
                    self.edges(root, copy, None, &copied, &starts);
                    copy
                }
            };
            outside.insert(root, copy);
        }
        outside
    }

    /// The node of a scope.
    fn node(&self, at: At) -> Option<NodeId> {
        let code = self.program.files().get(at.file)?;
        match code.embedded {
            Some(fact) => self.graph.find(&python::embedded_key(&code.path, fact)),
            None => self.graph.find(&python::scope_key(&code.path, code.module(), at.scope)),
        }
    }

    fn twin(&mut self, node: NodeId, place: usize) -> NodeId {
        let mut twin = self.graph.nodes[node].clone();
        twin.key = format!("{}.{place}~{}", self.number, twin.key);
        twin.entry = false;
        twin.signals.clear();
        self.graph.node(twin.key.clone(), |_| twin)
    }

    /// Copies the edges of a node, as the words have them.
    fn edges(
        &mut self,
        node: NodeId,
        copy: NodeId,
        told: Option<(&Told, &CodeFile)>,
        copied: &BTreeMap<usize, NodeId>,
        starts: &[(NodeId, NodeId)],
    ) {
        let course = self.course;
        let lines = told.map(|(told, code)| Lines::of(told, code));
        let others: BTreeSet<NodeId> = course.others.iter().filter_map(|at| self.node(*at)).collect();
        let chosen = course.chosen.and_then(|(at, place)| Some((self.node(at)?, *copied.get(&place)?)));
        for id in self.graph.leaving_ids(node).to_vec() {
            let mut edge = Edge { from: copy, ..self.graph.edges[id].clone() };
            let call = lines.as_ref().and_then(|l| l.call(&edge));
            if let Some(lines) = lines.as_ref().filter(|l| l.code.path == edge.at.path && edge.kind != EdgeKind::Precedes) {
                match lines.why(edge.at.line, call) {
                    Some(Why::Off(why)) => drop(edge.off.get_or_insert_with(|| why.clone())),
                    Some(Why::Unsure(test)) => {
                        edge.strength = edge.strength.min(Strength::Inferred);
                        edge.condition = Some(test.clone());
                    }
                    None => {}
                }
            }
            let into = call.and_then(|call| told?.0.into.get(&call)).filter(|(at, _)| self.node(*at) == Some(edge.to));
            if edge.kind == EdgeKind::Calls && others.contains(&edge.to) && into.is_none() {
                edge.off.get_or_insert_with(|| course.instead.clone());
            }
            if edge.off.is_none() {
                let found = into.and_then(|(_, place)| copied.get(place)).copied();
                let found = found.or_else(|| chosen.filter(|(plain, _)| *plain == edge.to).map(|(_, copy)| copy));
                let found = found.or_else(|| starts.iter().find(|(plain, _)| *plain == edge.to).map(|(_, copy)| *copy));
                edge.to = found.unwrap_or(edge.to);
            }
            if edge.to != copy {
                self.graph.edge(edge);
            }
        }
        for id in self.graph.arriving_ids(node).to_vec() {
            let edge = &self.graph.edges[id];
            let off = lines.as_ref().is_some_and(|l| matches!(l.why(edge.at.line, None), Some(Why::Off(_))));
            if edge.kind == EdgeKind::Reads && !off {
                self.graph.edge(Edge { to: copy, ..self.graph.edges[id].clone() });
            }
        }
    }

    /// The signals of a node stand on its copy as well, but for those that cannot run. What hangs on a word that is not
    /// known stands behind an edge of its own.
    fn signals(&mut self, node: NodeId, copy: NodeId, told: &Told, code: &CodeFile) {
        let lines = Lines::of(told, code);
        let mut doubtful: BTreeMap<&str, NodeId> = BTreeMap::new();
        let mut off: BTreeSet<&str> = BTreeSet::new();
        for signal in self.graph.nodes[node].signals.clone() {
            let Some(line) = self.signals.all.get(signal).map(|s| s.at.line) else { continue };
            let at = Location::line(&code.path, line);
            let plain = |from, to, what: String| Edge {
                order: Order(line, 0),
                ..Edge::plain(from, to, EdgeKind::Calls, Strength::Inferred, at.clone(), what)
            };
            let holder = match lines.why(line, None) {
                None => copy,
                Some(Why::Off(why)) => {
                    if off.insert(why) {
                        let edge = plain(copy, node, self.graph.nodes[node].label.clone());
                        self.graph.edge(Edge { off: Some(why.clone()), ..edge });
                    }
                    continue;
                }
                Some(Why::Unsure(test)) => match doubtful.get(test.as_str()) {
                    Some(holder) => *holder,
                    None => {
                        let holder = self.twin(copy, doubtful.len());
                        doubtful.insert(test, holder);
                        let edge = plain(copy, holder, format!("if {test}"));
                        self.graph.edge(Edge { condition: Some(test.clone()), ..edge });
                        holder
                    }
                },
            };
            self.graph.nodes[holder].signals.push(signal);
            self.graph.copied_signals.entry(signal).or_default().push(holder);
        }
    }
}

/// What the lines and calls of one function come to.
struct Lines<'t> {
    told: &'t Told,
    code: &'t CodeFile,
    /// The calls of the function by their lines.
    calls: BTreeMap<u32, Vec<CallId>>,
    /// All calls of the file by line and number on it, as edges are ordered.
    numbered: BTreeMap<(u32, u32), CallId>,
}

impl<'t> Lines<'t> {
    fn of(told: &'t Told, code: &'t CodeFile) -> Self {
        let mut calls: BTreeMap<u32, Vec<CallId>> = BTreeMap::new();
        let mut numbered = BTreeMap::new();
        let mut on_line: BTreeMap<u32, u32> = BTreeMap::new();
        for (id, call) in code.module().calls.iter().enumerate() {
            let line = code.code.file_line(call.line);
            let count = on_line.entry(line).or_default();
            numbered.insert((line, *count), id);
            *count += 1;
            if call.scope == told.at.scope {
                calls.entry(line).or_default().push(id);
            }
        }
        Self { told, code, calls, numbered }
    }

    /// The call that an edge stands for.
    fn call(&self, edge: &Edge) -> Option<CallId> {
        let of = self.calls.get(&edge.at.line).filter(|_| edge.at.path == self.code.path)?;
        let numbered = self.numbered.get(&(edge.order.0, edge.order.1)).filter(|id| of.contains(id));
        numbered.or_else(|| of.first().filter(|_| of.len() == 1)).copied()
    }

    fn why(&self, line: u32, call: Option<CallId>) -> Option<&'t Why> {
        if let Some(call) = call {
            return self.told.calls.get(&call);
        }
        if let Some(calls) = self.calls.get(&line) {
            let whys: Vec<Option<&Why>> = calls.iter().map(|id| self.told.calls.get(id)).collect();
            // one that runs makes the line run
            return if whys.iter().all(Option::is_some) { whys.into_iter().flatten().last() } else { None };
        }
        let fits = || self.told.lines.iter().filter(|(first, last, _)| (*first..=*last).contains(&line)).map(|(_, _, why)| why);
        fits().find(|why| matches!(why, Why::Off(_))).or_else(|| fits().next())
    }
}
