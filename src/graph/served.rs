//! What answers requests is run by those who make it answer.
//!
//! `@app.post("/fit")` hands a function to an application. A program that only imports the file, for a name or a constant,
//! runs nothing of that; a server that is given the application does, and a client of a test that asks it without one. So
//! what a module registers is run by the places that make an application answer: programs that are given one by its name
//! (`uvicorn api:app`), and calls (`uvicorn.run(app)`, `app.run()`).
//!
//! Invariant: a place runs only what is registered by modules that its own code brings in.

use std::collections::{BTreeMap, BTreeSet};

use super::{Edge, Graph, NodeId, NodeKind, python};
use crate::resolve::Program;
use crate::rules::Catalog;
use crate::source::{self, Location};
use crate::syntax::python::Value;
use crate::words::{EdgeKind, Scope, Strength};

/// Most starts that are looked at.
const MOST: usize = 2_000;

/// Adds an edge for everything that a module registers, from each place that makes it answer.
pub(super) fn connect(graph: &mut Graph, program: &Program, catalog: &Catalog) {
    let registered = std::mem::take(&mut graph.registered);
    if registered.is_empty() {
        return;
    }
    let answering = answering(graph, program);
    let mut by_module: BTreeMap<NodeId, Vec<usize>> = BTreeMap::new();
    for (index, edge) in registered.iter().enumerate() {
        by_module.entry(edge.from).or_default().push(index);
    }
    let mut found: BTreeSet<(NodeId, usize)> = BTreeSet::new();
    let mut add = |from: NodeId, brought: &BTreeSet<NodeId>| {
        let modules = by_module.iter().filter(|(module, _)| brought.contains(module));
        found.extend(modules.flat_map(|(_, all)| all).map(|index| (from, *index)));
    };
    let registers: BTreeSet<NodeId> = by_module.keys().copied().collect();
    let (to_register, to_answer) = (bringing(graph, &registers), bringing(graph, &answering));
    let wanted = |(start, by_server): &(NodeId, bool)| to_register.contains(start) && (*by_server || to_answer.contains(start));
    for (start, by_server) in starts(graph, catalog).into_iter().filter(wanted).take(MOST) {
        let brought = brought(graph, start);
        if by_server {
            add(start, &brought);
            continue;
        }
        for place in answering.iter().filter(|place| brought.contains(place)) {
            // whoever is handed the application knows nothing of where it comes from
            if to_register.contains(place) {
                add(*place, &self::brought(graph, *place));
            } else {
                add(start, &brought);
            }
        }
    }
    // tests are started by their runner
    let tests = answering.iter().filter(|place| graph.nodes[**place].scope == Scope::Test && to_register.contains(place));
    for place in tests.take(MOST) {
        add(*place, &brought(graph, *place));
    }
    for (from, index) in found {
        let Some(edge) = registered.get(index).filter(|edge| edge.to != from) else { continue };
        if !graph.leaving(from).any(|e| e.to == edge.to && e.at == edge.at) {
            // what a test asks for stands in its requests; to make a client only brings the functions in
            let kind = if graph.nodes[from].scope == Scope::Test { EdgeKind::Imports } else { edge.kind };
            graph.edge(Edge { from, kind, ..edge.clone() });
        }
    }
}

/// Functions and modules in which a call makes an application answer. One that is named by a text is brought in by it.
fn answering(graph: &mut Graph, program: &Program) -> BTreeSet<NodeId> {
    let mut places = BTreeSet::new();
    let mut named = Vec::new();
    for (file, code) in program.files().iter().enumerate() {
        for (_, call) in code.module().calls.iter().enumerate().filter(|(id, _)| program.makes_answer(file, *id)) {
            let key = match code.embedded {
                Some(fact) => python::embedded_key(&code.path, fact),
                None => python::scope_key(&code.path, code.module(), call.scope),
            };
            let Some(place) = graph.find(&key) else { continue };
            places.insert(place);
            if let Some(Value::Str(text)) = call.args.first()
                && let Some((module, _)) = text.split_once(':')
            {
                let line = code.code.file_line(call.line);
                named.push((place, module.replace('.', "/"), Location::line(&code.path, line), text.clone()));
            }
        }
    }
    for (place, module, at, text) in named {
        let fits = |path: &str| {
            let path = path.strip_suffix(".py").map(|p| p.strip_suffix("/__init__").unwrap_or(p));
            path.and_then(|path| path.strip_suffix(&module)).is_some_and(|before| before.is_empty() || before.ends_with('/'))
        };
        let mut all = program.files().iter().filter(|code| code.embedded.is_none() && fits(&code.path));
        // which of several is meant depends on where it is run
        let (first, more) = (all.next(), all.next().is_some());
        if let Some(to) = first.and_then(|code| graph.find(&python::module_key(&code.path))).filter(|to| *to != place) {
            let strength = if more { Strength::Inferred } else { Strength::Resolved };
            graph.edge(Edge::plain(place, to, EdgeKind::Imports, strength, at, format!("serves {text}")));
        }
    }
    places
}

/// Where Python is started, and whether by a program that makes an application answer.
fn starts(graph: &Graph, catalog: &Catalog) -> Vec<(NodeId, bool)> {
    let mut found: BTreeMap<NodeId, bool> = BTreeMap::new();
    for edge in graph.edges.iter().filter(|edge| edge.runs() && is_python(graph, edge.to) && !is_python(graph, edge.from)) {
        let by = &graph.nodes[edge.from];
        let serves = |word: &str| catalog.programs.serves.contains(source::file_name(word));
        *found.entry(edge.to).or_default() |= by.kind == NodeKind::Command && by.label.split_whitespace().any(serves);
    }
    for node in (0..graph.nodes.len()).filter(|node| graph.nodes[*node].kind == NodeKind::Program) {
        found.entry(node).or_default();
    }
    found.into_iter().collect()
}

fn is_python(graph: &Graph, node: NodeId) -> bool {
    matches!(graph.nodes[node].kind, NodeKind::Program | NodeKind::Module | NodeKind::Function)
}

/// What the code of a node brings in: what it calls and imports, and the modules in which that stands.
fn brought(graph: &Graph, start: NodeId) -> BTreeSet<NodeId> {
    let mut seen = BTreeSet::from([start]);
    let mut stack = vec![start];
    while let Some(node) = stack.pop() {
        let module = graph.find(&python::module_key(&graph.nodes[node].at.path));
        let next = graph.leaving(node).filter(|e| brings(e)).map(|e| e.to).chain(module);
        stack.extend(next.filter(|to| is_python(graph, *to) && seen.insert(*to)));
    }
    seen
}

/// Every node whose code brings in one of these.
fn bringing(graph: &Graph, wanted: &BTreeSet<NodeId>) -> BTreeSet<NodeId> {
    let mut of_file: BTreeMap<&str, Vec<NodeId>> = BTreeMap::new();
    for node in (0..graph.nodes.len()).filter(|node| is_python(graph, *node)) {
        of_file.entry(&graph.nodes[node].at.path).or_default().push(node);
    }
    let mut seen = wanted.clone();
    let mut stack: Vec<NodeId> = wanted.iter().copied().collect();
    while let Some(node) = stack.pop() {
        let it = &graph.nodes[node];
        let beside = of_file.get(&*it.at.path).filter(|_| it.kind == NodeKind::Module);
        let before = graph.arriving(node).filter(|e| brings(e)).map(|e| e.from);
        let before = before.chain(beside.into_iter().flatten().copied());
        stack.extend(before.filter(|from| is_python(graph, *from) && seen.insert(*from)));
    }
    seen
}

fn brings(edge: &Edge) -> bool {
    edge.runs() && edge.off.is_none() && edge.strength > Strength::Broken
}
