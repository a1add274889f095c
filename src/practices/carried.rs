//! What a command rolls out, as far as that can be told, and whether any of it answers with the model.
//!
//! Why: a push that rolls out a page and the program behind it deploys no model, whatever else here serves one. Only what
//! is known counts against a roll-out: where it leads to no image that is built here, it may hold anything.

use std::collections::BTreeSet;

use super::Proof;
use super::answer::Answer;
use super::clause::Judge;
use crate::fact::{Book, Data, DataKind, FactKind, UnitKind};
use crate::graph::reach::Walk;
use crate::graph::{Graph, NodeId, NodeKind};
use crate::rules::practice::{Clause, ImageCarries, Notebooks};
use crate::signals::Signals;
use crate::source::{self, RepoPath};
use crate::subject::{System, beneath};
use crate::words::{EdgeKind, Strength};

/// Most image definitions that are looked at.
const MOST: usize = 500;

/// Whether everything that is rolled out from there is known, and none of it holds what serves.
pub(crate) fn another(graph: &Graph, signals: &Signals, book: &Book, system: &System, node: NodeId) -> bool {
    if system.serves.is_empty() {
        return false;
    }
    // what is handed to another machine stands on the line of the command that hands it over
    let beside = graph.arriving(node).flat_map(|by| graph.leaving(by.from).filter(move |e| e.at == by.at && e.off.is_none()));
    let is_command = graph.nodes[node].kind == NodeKind::Command;
    let mut starts: Vec<NodeId> = std::iter::once(node).chain(beside.filter(|_| is_command).map(|e| e.to)).collect();
    // what is pushed under a name is what was built under it
    let things = starts.iter().flat_map(|n| graph.leaving(*n)).filter(|e| e.kind == EdgeKind::Writes && e.off.is_none());
    let makers = things.flat_map(|e| graph.arriving(e.to)).filter(|e| e.kind == EdgeKind::Writes && e.off.is_none());
    let makers: BTreeSet<NodeId> = makers.map(|e| e.from).collect();
    // a name that is computed means the same only where the same file computes it
    let beside = |maker: &&NodeId| graph.nodes[**maker].at.path == graph.nodes[node].at.path;
    starts.extend(makers.iter().filter(beside));
    let rolled = graph.reach(&starts, Walk::at(Strength::Assumed));
    let all = rolled.nodes();
    let definitions: BTreeSet<&RepoPath> = all
        .iter()
        .filter(|n| graph.is_start_of_image(**n) || graph.nodes[**n].kind == NodeKind::Unit(UnitKind::Image))
        .map(|n| &graph.nodes[*n].at.path)
        .collect();
    if definitions.is_empty() || all.iter().any(|n| system.serve_run[*n]) {
        return false;
    }
    // a file that is not there, and a repository that is not here, may hold it; what carries the command itself does not
    let own: BTreeSet<NodeId> = graph.leaving(node).map(|e| e.to).collect();
    let open = |n: &&NodeId| matches!(graph.nodes[**n].kind, NodeKind::Outside | NodeKind::Missing) && !own.contains(n);
    if all.iter().any(|n| open(&n)) {
        return false;
    }
    let serving: BTreeSet<&RepoPath> = system
        .serves
        .iter()
        .map(|s| &signals.all[*s].at.path)
        .chain(system.serve_files.iter().filter(|path| system.is_source(path)))
        .collect();
    let files = all.iter().filter(|n| matches!(graph.nodes[**n].kind, NodeKind::Unit(UnitKind::Service)));
    let mounted: Vec<String> = files
        .map(|n| &graph.nodes[*n].at.path)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .filter_map(|path| book.get(path))
        .flat_map(|facts| &facts.facts)
        .filter_map(|fact| match &fact.kind {
            FactKind::Data(Data { kind: DataKind::Path, key, .. }) => Some(key.clone()),
            _ => None,
        })
        .collect();
    let places: Vec<String> = definitions.into_iter().flat_map(|path| copied(book, path)).chain(mounted).collect();
    !serving.iter().any(|file| places.iter().any(|place| beneath(file, place)))
}

/// Where a roll-out of that image may take its files from: what its definition copies, from the folder in which that lies
/// and from the root, for either may be what is sent to be built.
fn copied(book: &Book, definition: &str) -> Vec<String> {
    let Some(facts) = book.get(definition) else { return Vec::new() };
    let own = source::folder(definition);
    let mut places = Vec::new();
    for fact in &facts.facts {
        let FactKind::Instruction(it) = &fact.kind else { continue };
        let copies = matches!(it.keyword.as_str(), "COPY" | "ADD") && !it.flags.iter().any(|(flag, _)| flag == "from");
        let Some((_, from)) = it.args.split_last().filter(|_| copies) else { continue };
        for from in from.iter().filter(|from| !from.contains("://")) {
            let from = from.trim_start_matches('/').trim_end_matches(['/', '*']);
            let from = if from.is_empty() { "." } else { from };
            // all of a folder is that of the definition, where it has one of its own
            let roots: &[&str] = if from == "." && !own.is_empty() { &[own] } else { &[own, "."] };
            places.extend(roots.iter().filter_map(|root| source::join(root, from)));
        }
    }
    places
}

/// `image_carries`: one image definition copies the file of what is meant, and such a file beside it.
pub(super) fn answer(judge: &mut Judge<'_>, ask: &ImageCarries) -> Answer {
    let evidence = judge.evidence();
    let found = judge.clause(&Clause::Signal(ask.file.clone()));
    let held = |place: &String, signal: usize| beneath(&evidence.signals.all[signal].at.path, place);
    let work: Vec<usize> = judge
        .targets(&ask.of)
        .into_iter()
        .map(|(signal, _)| signal)
        .filter(|signal| ask.of.notebooks != Notebooks::Never || !evidence.signals.all[*signal].notebook)
        .collect();
    let is_definition = |fact: &crate::fact::Fact| matches!(fact.kind, FactKind::Instruction(_));
    let definitions = evidence.book.iter().filter(|(_, facts)| facts.facts.iter().any(is_definition));
    for (path, _) in definitions.take(MOST) {
        let places = copied(evidence.book, path);
        let has = |signal: &usize| places.iter().any(|place| held(place, *signal));
        if let (Some(of), Some(file)) = (work.iter().find(|s| has(s)), found.signals.iter().find(|s| has(s))) {
            let at = evidence.signals.all[*file].at.clone();
            let mut answer = Answer { signals: vec![*file, *of], ..found.clone() };
            answer.places = vec![Proof { at: Some(at), commit: None, what: format!("{path} takes it in") }];
            return answer;
        }
    }
    Answer::no()
}
