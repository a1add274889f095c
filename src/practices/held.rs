//! `image_holds`: an image that a service builds and runs takes in the file in which the work stands.
//!
//! Asked where the start of an image cannot be followed to the work, because a server, a scheduler or a worker loads it.
//! What is known of the start decides first: an image that starts a program of this repository which does not lead to the
//! work does something else, whatever lies in it.

use super::answer::Answer;
use super::clause::Judge;
use super::select::select;
use super::{Proof, rank};
use crate::fact::{CONTEXT, Data, DataKind, Fact, FactKind, UnitKind, Uses};
use crate::graph::reach::Walk;
use crate::graph::{Edge, Node, NodeId, NodeKind};
use crate::rules::practice::{ImageHolds, Notebooks, Select};
use crate::source::{self, Location, RepoPath};
use crate::subject::beneath;
use crate::words::{Scope, Strength};

/// Most services that are looked at.
const MOST: usize = 500;
/// Programs that only keep a container up for somebody who enters it.
const WAITS: &[&str] = &["bash", "sh", "sleep", "tail"];

/// The best pair of a started image and a file in it.
pub(crate) fn answer(judge: &Judge<'_>, ask: &ImageHolds) -> Answer {
    let evidence = judge.evidence();
    let (graph, all) = (evidence.graph, &evidence.signals.all);
    let counts = |select: &Select, signal: usize| select.notebooks != Notebooks::Never || !all[signal].notebook;
    let of = |select: &Select| -> Vec<(usize, NodeId)> {
        judge.targets(select).into_iter().filter(|(signal, _)| counts(select, *signal)).collect()
    };
    let (images, services, work) = (select(evidence, &ask.image), of(&ask.built_by), of(&ask.of));
    let mut best = Answer::no();
    for (by, service) in services.into_iter().take(MOST) {
        let facts = stated(judge, service);
        let runs = |fact: &&Fact| matches!(&fact.kind, FactKind::Command(command) if command.words.len() > 1 && !WAITS.contains(&command.program()));
        let is_image = |path: &str| images.iter().any(|(signal, _)| *all[*signal].at.path == *path);
        for (uses, definition, at) in built(judge, service, &facts, &is_image) {
            // a definition that starts nothing, or a shell, is run by what the service tells it
            let own = images.iter().find(|(signal, _)| all[*signal].at.path == *definition).map(|(signal, _)| *signal);
            if own.is_none() && !facts.iter().any(runs) {
                continue;
            }
            let inside = taken_in(judge, uses, definition, &facts);
            // what it starts, apart from what was run to build it
            let starts = graph.leaving(service).filter(|e| e.runs() && e.off.is_none());
            let builds = |node: &Node| match node.kind {
                NodeKind::Unit(UnitKind::Service) => false,
                NodeKind::Unit(UnitKind::Image) => true,
                _ => node.at.path == *definition,
            };
            let starts = starts.filter(|e| !builds(&graph.nodes[e.to])).map(|e| e.to);
            let starts: Vec<NodeId> = starts.collect();
            let reached = graph.reach(&starts, Walk::at(Strength::Inferred));
            // a start that breaks off loads nothing
            let even_broken = graph.reach(&starts, Walk::at(Strength::Broken));
            let program = |node: &Node| node.kind == NodeKind::Program && node.scope == Scope::Source;
            let followed = graph.nodes.iter().enumerate().any(|(id, node)| even_broken.has(id) && program(node));
            let found = work.iter().filter(|(signal, node)| {
                (!followed || reached.has(*node)) && inside.iter().any(|place| beneath(&all[*signal].at.path, place))
            });
            let surest = found.max_by_key(|(signal, _)| (all[*signal].strength, std::cmp::Reverse(*signal)));
            let Some((signal, node)) = surest else { continue };
            let mut answer = judge.of_files(&ask.of, vec![(*signal, Some(*node))]);
            answer.signals = own.into_iter().chain([by, *signal]).collect();
            answer.places = vec![Proof { at: Some(at.clone()), commit: None, what: format!("builds {definition} and runs it") }];
            if rank(answer.standing) > rank(best.standing) {
                best = answer;
            }
        }
    }
    best
}

/// What a service states.
fn stated<'e>(judge: &Judge<'e>, service: NodeId) -> Vec<&'e Fact> {
    let evidence = judge.evidence();
    let node = &evidence.graph.nodes[service];
    let Some(facts) = evidence.book.get(&node.at.path) else { return Vec::new() };
    let own = |unit: usize| facts.units.get(unit).is_some_and(|u| u.line == node.at.line);
    facts.facts.iter().filter(|fact| fact.unit.is_some_and(own)).collect()
}

/// The image definitions that a service builds, as they were found, with the place that says so.
fn built<'e>(
    judge: &Judge<'e>,
    service: NodeId,
    facts: &[&'e Fact],
    defines: &dyn Fn(&str) -> bool,
) -> Vec<(&'e Uses, &'e RepoPath, &'e Location)> {
    let graph = judge.evidence().graph;
    let mut found = Vec::new();
    for fact in facts {
        let FactKind::Uses(uses) = &fact.kind else { continue };
        let named = |e: &&Edge| e.runs() && e.at.line == fact.line && e.strength > Strength::Broken;
        let image = |e: &&Edge| {
            let to = &graph.nodes[e.to];
            to.kind == NodeKind::Unit(UnitKind::Image) || (to.kind != NodeKind::Unit(UnitKind::Service) && defines(&to.at.path))
        };
        found.extend(graph.leaving(service).filter(named).filter(image).map(|e| (uses, &graph.nodes[e.to].at.path, &e.at)));
    }
    found
}

/// Files and folders of the repository that are in an image once a service runs it: what its definition copies, read
/// from the folder that is sent to be built, and what the service mounts.
fn taken_in(judge: &Judge<'_>, uses: &Uses, definition: &str, service: &[&Fact]) -> Vec<String> {
    // where the definition was found by the end of its path, so is the folder
    let before = uses.reference.strip_suffix(definition).unwrap_or("");
    let context = uses.with.iter().find(|(key, _)| key == CONTEXT).map_or(".", |(_, dir)| dir.as_str());
    let context = if before.trim_end_matches('/') == context && !before.is_empty() {
        "."
    } else {
        context.strip_prefix(before).unwrap_or(context)
    };
    let mut places = Vec::new();
    if let Some(facts) = judge.evidence().book.get(definition) {
        for fact in &facts.facts {
            let FactKind::Instruction(it) = &fact.kind else { continue };
            let copies = matches!(it.keyword.as_str(), "COPY" | "ADD") && !it.flags.iter().any(|(flag, _)| flag == "from");
            let Some((_, from)) = it.args.split_last().filter(|_| copies) else { continue };
            let own = from.iter().filter(|from| !from.contains("://"));
            places.extend(own.filter_map(|f| source::join(context, f.trim_start_matches('/').trim_end_matches(['/', '*']))));
        }
        // a builder with a language of its own names what it copies by the paths of what is sent
        if !facts.facts.iter().any(|fact| matches!(fact.kind, FactKind::Instruction(_))) {
            let all = facts.tree.iter().flat_map(|tree| tree.docs()).flat_map(|root| root.find("**"));
            let named = all.filter_map(|node| node.text()).filter(|text| text.contains('/'));
            places.extend(named.filter_map(|text| source::join(context, text)).filter(|place| place != "."));
        }
    }
    for fact in service {
        if let FactKind::Data(Data { kind: DataKind::Path, key, .. }) = &fact.kind {
            places.push(key.clone());
        }
    }
    places
}
