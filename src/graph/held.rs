//! Triggers that wait for somebody to register them or to switch them on: sure where something does it that starts by
//! itself, or that keeps running once it is deployed (a service, an image that is started, what a manifest starts).

use super::connect::{Waiting, command_key};
use super::reach::{Reached, Walk};
use super::{Graph, NodeId, NodeKind, Wait, python};
use crate::fact::{Book, Command, FactKind, Guard, PROFILES, REPLICAS, UnitKind, Until};
use crate::source::{self, Location, RepoPath};
use crate::words::{EdgeKind, Scope, Strength, TriggerKind};

/// Makes sure what something unattended registers.
pub(super) fn release(graph: &mut Graph, book: &Book, waiting: &[Waiting]) {
    for one in waiting {
        if let Some(remedy) = &one.held.remedy {
            graph.waits.insert(one.edge, Wait::SwitchedOn(remedy.clone()));
        }
    }
    if waiting.iter().all(|w| w.held.until.is_none()) {
        return;
    }
    let mut starters = graph.triggers(TriggerKind::is_unattended);
    starters.extend(kept(graph, book));
    let walks = [Strength::Resolved, Strength::Inferred].map(|least| (least, graph.reach(&starters, Walk::at(least))));
    let by_hand = begun_by_people(graph);
    // more edges follow, and what was worked out for these walks would not know of them
    graph.guards = std::sync::OnceLock::new();
    for one in waiting {
        let Some(until) = &one.held.until else { continue };
        if let Until::Values(wanted) = until {
            let releases = super::values::of_template(graph, book, &one.path, wanted);
            let none = !releases.is_empty() && releases.iter().all(|release| release.holds == Some(false));
            if let Some(edge) = graph.edges.get_mut(one.edge).filter(|_| none) {
                edge.off = Some(format!("switched off by {}", wanted_in_words(wanted)));
                continue;
            }
        }
        let done = |(_, live): &&(Strength, Reached)| done_by(until, &one.path, graph, book, live).is_some();
        let Some(strength) = walks.iter().find(done).map(|(strength, _)| *strength) else {
            // what somebody must run is named
            let node = done_by(until, &one.path, graph, book, &by_hand);
            let command = match until {
                Until::Command { words, .. } => Some(words.join(" ")),
                _ => None,
            };
            let at = match until {
                Until::Line(line) => Some(Location::line(&one.path, *line)),
                _ => None,
            };
            // its own line: from where a person gets there is told in words
            let at = node.map(|node| graph.nodes[node].at.clone()).filter(|at| at.line > 0).or(at);
            if at.is_some() || command.is_some() {
                graph.waits.insert(one.edge, Wait::Registered { at, command });
            }
            let told = node.map(|node| who(graph, &by_hand, node, &one.path));
            if let (Some(told), Some(edge)) = (told, graph.edges.get_mut(one.edge)) {
                if edge.what.ends_with(&one.held.why) {
                    edge.what.push_str(&format!(" ({told} does)"));
                }
            }
            continue;
        };
        if let Some(edge) = graph.edges.get_mut(one.edge) {
            edge.strength = strength;
            if let Some(short) = edge.what.strip_suffix(&format!(": {}", one.held.why)) {
                edge.what = short.to_owned();
            }
        }
    }
}

/// What people's entries lead to: those that no other entry runs where there are such, so that the script is told that
/// calls the program and not the program.
fn begun_by_people(graph: &Graph) -> Reached {
    let entries: Vec<NodeId> = graph.entries().into_iter().filter(|n| !graph.nodes[*n].notebook).collect();
    let walk = Walk { imports: false, ..Walk::at(Strength::Inferred) };
    let next: Vec<NodeId> =
        entries.iter().flat_map(|n| graph.leaving(*n)).filter(|e| e.runs() && e.off.is_none()).map(|e| e.to).collect();
    let led = graph.reach(&next, walk);
    let first: Vec<NodeId> = entries.iter().copied().filter(|n| !led.has(*n)).collect();
    graph.reach(if first.is_empty() { &entries } else { &first }, walk)
}

/// The line with which somebody begins what leads to a node; of a file in the same folder its name is enough.
fn who(graph: &Graph, by_hand: &Reached, node: NodeId, beside: &RepoPath) -> String {
    let at = by_hand.path(node).first().map_or(&graph.nodes[node].at, |edge| &graph.edges[*edge].at);
    let told = at.to_string();
    if source::folder(&at.path) != source::folder(beside) {
        return told;
    }
    told.rsplit_once('/').map_or(told.clone(), |(_, name)| name.to_owned())
}

/// What keeps running once it is deployed, and is not switched off.
fn kept(graph: &Graph, book: &Book) -> Vec<NodeId> {
    let keeps = |node: NodeId| {
        graph.nodes.get(node).is_some_and(|it| {
            let runs = matches!(it.kind, NodeKind::Unit(UnitKind::Service | UnitKind::Manifest));
            runs && matches!(it.scope, Scope::Source | Scope::Elsewhere)
        })
    };
    let mut off: Vec<NodeId> = Vec::new();
    for (path, facts) in book {
        // a service that is not among those that are started together is no process that runs on
        let apart = |key: &str| key == PROFILES || key == REPLICAS;
        let never = facts.facts.iter().filter(|fact| match &fact.kind {
            FactKind::Guard(Guard::Never(_)) => true,
            FactKind::Setting { key, .. } => apart(key),
            _ => false,
        });
        // an image that a command starts for other words runs for whoever gives that command
        let told = facts.called.iter().flat_map(|called| called.by_inputs.iter().map(|(_, unit)| *unit));
        let units = never.filter_map(|fact| fact.unit).chain(told).filter(|unit| facts.units.get(*unit).is_some());
        off.extend(units.filter_map(|unit| graph.find(&super::connect::node_key(path, facts, unit))));
    }
    off.sort_unstable();
    // what a file of objects holds is started by each object
    let files = |node: NodeId| {
        let is = |id: NodeId| graph.nodes.get(id).is_some_and(|n| n.kind == NodeKind::Unit(UnitKind::Manifest));
        is(node) && graph.leaving(node).any(|edge| is(edge.to))
    };
    // a list of schedules that nobody takes runs nothing
    let empty = |node: NodeId| graph.leaving_ids(node).is_empty();
    let all = (0..graph.nodes.len()).filter(|node| keeps(*node) && !empty(*node) && !files(*node));
    all.filter(|node| off.binary_search(node).is_err()).collect()
}

/// What runs that a trigger waits for; none where nothing of it does.
fn done_by(until: &Until, path: &RepoPath, graph: &Graph, book: &Book, live: &Reached) -> Option<NodeId> {
    let runs = |key: &str| graph.find(key).filter(|node| live.has(*node));
    let command = |fits: &dyn Fn(&Command) -> bool| {
        book.iter().find_map(|(path, facts)| {
            facts.facts.iter().enumerate().find_map(|(index, fact)| match &fact.kind {
                FactKind::Command(command) if fits(command) => runs(&command_key(path, index)),
                _ => None,
            })
        })
    };
    match until {
        Until::Applied => {
            let applies = |edge: &&crate::graph::Edge| {
                let hands_over =
                    matches!(edge.kind, EdgeKind::Applies | EdgeKind::Submits) && edge.strength == Strength::Resolved;
                hands_over && edge.off.is_none() && graph.nodes[edge.to].at.path == *path && live.has(edge.from)
            };
            graph.edges.iter().find(applies).map(|edge| edge.from)
        }
        Until::Line(line) => {
            let code = book.get(path).and_then(|facts| facts.code.as_ref())?;
            runs(&python::key_at_line(path, &code.module, *line))
        }
        Until::Installed { path: other, names } => {
            let path = other.as_ref().unwrap_or(path);
            let facts = book.get(path)?;
            let named = facts.units.iter().enumerate().filter(|(_, u)| u.kind == UnitKind::Manifest && names.contains(&u.name));
            named.into_iter().find_map(|(unit, _)| runs(&super::connect::node_key(path, facts, unit)))
        }
        Until::Anywhere(names) => {
            let waited = |kind: UnitKind| matches!(kind, UnitKind::Manifest | UnitKind::Action);
            book.iter().find_map(|(path, facts)| {
                let named = facts.units.iter().enumerate().filter(|(_, u)| waited(u.kind) && names.contains(&u.name));
                named.into_iter().find_map(|(unit, _)| runs(&super::connect::node_key(path, facts, unit)))
            })
        }
        Until::All(all) => {
            let done = all.iter().map(|until| done_by(until, path, graph, book, live)).collect::<Option<Vec<_>>>();
            done.and_then(|nodes| nodes.first().copied())
        }
        Until::Command { words, dir } => command(&|command| {
            let program = std::iter::once(command.program());
            let said = program.chain(command.words.iter().skip(1).map(|w| w.text.as_str()));
            words.iter().map(String::as_str).eq(said.take(words.len())) && command.dir.as_deref().is_none_or(|at| at == dir)
        }),
        Until::Values(wanted) => {
            let releases = super::values::of_template(graph, book, path, wanted);
            releases.into_iter().find(|release| release.holds == Some(true) && live.has(release.by)).map(|release| release.by)
        }
        Until::Words(all) => command(&|command| all.iter().any(|words| says(command, words))),
    }
}

/// What values must be otherwise.
fn wanted_in_words(wanted: &[(String, bool)]) -> String {
    let told: Vec<String> = wanted.iter().map(|(key, is)| format!("`{key}: {}`", !is)).collect();
    format!("the values of its chart ({})", told.join(" or "))
}

/// Whether the words stand in a command in this order. A path is named by its end.
fn says(command: &Command, words: &[String]) -> bool {
    let mut said = command.words.iter().map(|w| w.text.as_str());
    words.iter().all(|word| {
        said.any(|text| {
            text == word
                || source::file_name(text) == word
                || (word.contains('.') && word.ends_with(&format!("/{}", text.trim_start_matches("./"))))
        })
    })
}
