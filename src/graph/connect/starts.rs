//! What starts the units: the triggers they state, and the calls and events by which one sets off another.
//!
//! A trigger whose sender is not in sight is `assumed`; so is a branch that the clone does not know.

use std::collections::BTreeMap;

use super::{Build, Waiting, command_key, node_key};
use crate::fact::{Fact, FactKind, FileFacts, Trigger, UnitId, UnitKind, Until};
use crate::graph::{Edge, NodeId, NodeKind, Wait, python};
use crate::source::{Location, RepoPath};
use crate::words::{EdgeKind, Scope, Strength, TriggerKind};

/// Most manifests that apply one another in a row.
const APPLIED_DEPTH: usize = 8;

/// Whether a file holds objects of a cluster.
pub(super) fn holds_objects(facts: &FileFacts) -> bool {
    facts.units.iter().any(|unit| unit.kind == UnitKind::Manifest)
}

/// Behind what starts something that no command here applies.
const UNAPPLIED: &str = ": nothing in this repository applies it, so somebody must";

impl Build<'_> {
    /// Triggers start the units that state them; workflows that wait for another are started by that one.
    pub(super) fn trigger(&mut self, path: &RepoPath, fact: &Fact, trigger: &Trigger) {
        let Some(unit) = fact.unit else { return };
        let to = self.unit(path, unit);
        let at = Location::line(path, fact.line);
        if trigger.is_call() {
            return;
        }
        let declared = self.is_declared(path, unit, trigger);
        if trigger.kind == TriggerKind::Upstream && !trigger.from.is_empty() && trigger.off.is_none() {
            let mut any = false;
            for name in &trigger.from {
                let found = self.workflows_named(name);
                any |= !found.is_empty();
                // one that waits for more than the other to be there
                let held = trigger.held.as_ref().filter(|held| matches!(held.until, Some(Until::All(_))));
                for from in &found {
                    self.declared.extend(declared.then_some(self.graph.edges.len()));
                    let what = match held {
                        Some(held) => format!("{}: {}", trigger.text, held.why),
                        None => trigger.text.clone(),
                    };
                    if let Some(held) = held {
                        self.held.push(Waiting { edge: self.graph.edges.len(), path: path.clone(), held: held.clone() });
                    }
                    let strength = held.map_or(Strength::Resolved, |held| held.strength);
                    self.link(*from, to, EdgeKind::Starts, strength, at.clone(), what);
                }
                // one that may as well lie elsewhere is not missing
                if found.is_empty() && trigger.held.is_none() {
                    let what = format!("no workflow is called `{name}`");
                    let from = self.add(format!("missing:{path}#{name}"), NodeKind::Missing, at.clone(), what.clone());
                    self.link(from, to, EdgeKind::Starts, Strength::Broken, at.clone(), what);
                }
            }
            if any || trigger.held.is_none() {
                return;
            }
        }
        // a controller follows the repository of an address, which may be this one
        let followed = trigger.kind == TriggerKind::Push && !trigger.from.is_empty();
        let elsewhere = followed && !trigger.from.iter().any(|address| self.is_here(address));
        let outside = elsewhere || matches!(trigger.kind, TriggerKind::Api | TriggerKind::Upstream);
        let absent = !outside && trigger.kind == TriggerKind::Push && self.branch_is_absent(&trigger.branches);
        // a definition that may lie anywhere is a sample there
        let sample = matches!(self.scope(path), Scope::Docs | Scope::Example | Scope::Test | Scope::Disabled);
        let held = trigger.held.as_ref().map_or(Strength::Resolved, |h| h.strength);
        let strength = if outside || absent || sample { Strength::Assumed } else { held };
        let key = format!("trigger:{path}#{}:{}", fact.line, trigger.text);
        let from = self.add(key, NodeKind::Trigger(trigger.kind), at.clone(), trigger.text.clone());
        let what = match &trigger.held {
            _ if absent => format!("{}: no such branch in this clone", trigger.text),
            Some(held) if trigger.off.is_none() => {
                self.held.push(Waiting { edge: self.graph.edges.len(), path: path.clone(), held: held.clone() });
                format!("{}: {}", trigger.text, held.why)
            }
            _ => trigger.text.clone(),
        };
        self.declared.extend(declared.then_some(self.graph.edges.len()));
        self.graph.edge(Edge { off: trigger.off.clone(), ..Edge::plain(from, to, EdgeKind::Starts, strength, at, what) });
    }

    /// Whether a trigger stands in a file that must be applied, such as an object of a cluster; a controller that follows a repository is there already.
    fn is_declared(&self, path: &RepoPath, unit: UnitId, trigger: &Trigger) -> bool {
        // what is put into a service by its file is nothing before
        let put = trigger.held.as_ref().is_some_and(|held| held.until == Some(Until::Applied));
        let of = self.book.get(path).and_then(|facts| facts.units.get(unit));
        if put && of.is_some_and(|unit| unit.kind == UnitKind::Manifest) {
            return true;
        }
        let Some(facts) = self.book.get(path).filter(|facts| holds_objects(facts)) else { return false };
        let kind = facts.units.get(unit).map(|unit| unit.kind);
        let follows = trigger.kind == TriggerKind::Push && !trigger.from.is_empty();
        // one that tells what it waits for is not asked again
        let told = trigger.held.as_ref().is_some_and(|held| held.until.is_some());
        let stands = kind == Some(UnitKind::Manifest) || (kind == Some(UnitKind::Action) && !told);
        stands && !follows && trigger.kind != TriggerKind::Manual
    }

    /// With fewer than two branches known, a branch filter is believed.
    fn branch_is_absent(&self, patterns: &[String]) -> bool {
        let known = &self.checkout.branches;
        known.len() >= 2
            && !patterns.is_empty()
            && !patterns.iter().any(|p| p.contains(['*', '?', '[', '+', '!']) || known.iter().any(|b| b == p))
    }

    /// Whether an address names the repository that the clone came from.
    fn is_here(&self, address: &str) -> bool {
        let Some(remote) = &self.checkout.remote else { return false };
        let address = address.trim_end_matches('/').trim_end_matches(".git");
        address.strip_suffix(remote.as_str()).is_some_and(|host| host.ends_with(['/', ':']))
    }

    /// What stands in a manifest starts something once the manifest is applied, by whomever; then its name is known too.
    pub(super) fn applied(&mut self) {
        if self.declared.is_empty() && self.named.is_empty() {
            return;
        }
        let is_manifest = |node: &crate::graph::Node| node.kind == NodeKind::Unit(UnitKind::Manifest);
        // how surely each file is applied; what another manifest applies is applied no more surely than that one
        let mut applied: BTreeMap<RepoPath, Strength> = BTreeMap::new();
        for _ in 0..APPLIED_DEPTH {
            let before = applied.clone();
            for edge in self.graph.edges.iter().filter(|e| matches!(e.kind, EdgeKind::Applies | EdgeKind::Submits)) {
                let (from, to) = (&self.graph.nodes[edge.from], &self.graph.nodes[edge.to]);
                let by = match before.get(&from.at.path) {
                    Some(by) if is_manifest(from) => *by,
                    // a controller that follows its folder needs nobody to apply it again
                    None if is_manifest(from) && !self.graph.arriving(edge.from).any(|e| e.kind == EdgeKind::Starts) => continue,
                    _ => Strength::Resolved,
                };
                let strength = by.min(edge.strength);
                let known = applied.entry(to.at.path.clone()).or_insert(strength);
                *known = (*known).max(strength);
            }
            if applied == before {
                break;
            }
        }
        let of = |graph: &crate::graph::Graph, edge: usize| applied.get(&graph.nodes[graph.edges[edge].to].at.path).copied();
        for declared in self.declared.drain(..) {
            let known = of(&self.graph, declared);
            let edge = &mut self.graph.edges[declared];
            match known {
                Some(strength) => edge.strength = edge.strength.min(strength),
                // a person may, or another repository
                None => {
                    edge.strength = edge.strength.min(Strength::Assumed);
                    if edge.off.is_none() && !edge.what.ends_with(UNAPPLIED) {
                        edge.what.push_str(UNAPPLIED);
                        self.graph.waits.insert(declared, Wait::Applied);
                    }
                }
            }
        }
        for edge in self.named.drain(..) {
            let known = of(&self.graph, edge);
            let edge = &mut self.graph.edges[edge];
            if edge.strength == Strength::Inferred {
                edge.strength = known.unwrap_or(Strength::Inferred).max(Strength::Inferred);
            }
        }
    }

    fn workflows_named(&self, name: &str) -> Vec<NodeId> {
        let mut found = Vec::new();
        for (path, facts) in self.book {
            for (index, unit) in facts.units.iter().enumerate() {
                let is = match unit.kind {
                    UnitKind::Workflow => unit.title.as_deref() == Some(name) || unit.name == name || &**path == name,
                    UnitKind::Action => unit.name == name && holds_objects(facts),
                    _ => false,
                };
                if is {
                    found.push(self.unit(path, index));
                }
            }
        }
        found
    }

    /// Workflows that wait to be called, and nothing here calls or starts them: the open door is told as switched off.
    pub(super) fn uncalled(&mut self) {
        for (path, facts) in self.book {
            for fact in &facts.facts {
                let (FactKind::Trigger(trigger), Some(unit)) = (&fact.kind, fact.unit) else { continue };
                let to = self.unit(path, unit);
                if !trigger.is_call() || self.graph.arriving(to).next().is_some() {
                    continue;
                }
                let at = Location::line(path, fact.line);
                let key = format!("trigger:{path}#{}:{}", fact.line, trigger.text);
                let from = self.add(key, NodeKind::Trigger(trigger.kind), at.clone(), trigger.text.clone());
                self.link(from, to, EdgeKind::Starts, Strength::Assumed, at, trigger.text.clone());
                if let Some(edge) = self.graph.edges.last_mut() {
                    edge.off.clone_from(&trigger.off);
                }
            }
        }
    }

    /// Calls from inside the repository to workflows that answer to an event by its name.
    pub(super) fn callers_of_events(&mut self) {
        let mut answering: Vec<(String, NodeId, Location)> = Vec::new();
        for (path, facts) in self.book {
            for fact in &facts.facts {
                if let (FactKind::Trigger(trigger), Some(unit)) = (&fact.kind, fact.unit)
                    && trigger.kind == TriggerKind::Api
                    && trigger.off.is_none()
                {
                    for event in &trigger.from {
                        answering.push((event.clone(), self.unit(path, unit), Location::line(path, fact.line)));
                    }
                }
            }
        }
        for (event, to, at) in answering {
            for (from, place) in self.event_callers(&event) {
                self.link(
                    from,
                    to,
                    EdgeKind::Starts,
                    Strength::Resolved,
                    place,
                    format!("sends event `{event}`, answered at {at}"),
                );
            }
        }
    }

    fn event_callers(&self, event: &str) -> Vec<(NodeId, Location)> {
        let mut found = Vec::new();
        for (path, facts) in self.book {
            for (index, fact) in facts.facts.iter().enumerate() {
                let (says, key) = match (&fact.kind, fact.unit) {
                    (FactKind::Command(c), _) => {
                        let text = c.text();
                        (text.contains("dispatches") && text.contains(event), command_key(path, index))
                    }
                    (FactKind::Uses(u), Some(unit)) => {
                        (u.reference.contains("dispatch") && u.with.iter().any(|(_, v)| v == event), node_key(path, facts, unit))
                    }
                    _ => continue,
                };
                if says && let Some(node) = self.graph.find(&key) {
                    found.push((node, Location::line(path, fact.line)));
                }
            }
            let Some(code) = &facts.code else { continue };
            let sends = code.module.strings.iter().any(|(s, _)| s.contains("/dispatches"));
            let names = code.module.strings.iter().find(|(s, _)| s == event);
            if let (true, Some((_, line))) = (sends, names)
                && let Some(node) = self.graph.find(&python::key_at_line(path, &code.module, *line))
            {
                found.push((node, Location::line(path, code.file_line(*line))));
            }
        }
        found
    }
}
