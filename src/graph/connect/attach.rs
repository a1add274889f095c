//! Signals on the nodes that do what they say: a command, a unit, a function, a file.
//!
//! What looks like a deployment and puts nothing where it stays is no deployment; what a function does only once a person
//! has answered is done for that person, on a node of its own behind a guard.

use super::{Build, command_key, node_key, shorten, throwaway};
use crate::fact::{FactKind, FileFacts, UnitKind, Uses, UsesTarget};
use crate::graph::{Edge, NodeId, NodeKind, python};
use crate::resolve;
use crate::signals::{Owner, Signal, Signals};
use crate::source::Location;
use crate::syntax::python::{Scope, ScopeKind};
use crate::words::{EdgeKind, Op, Strength};

impl Build<'_> {
    /// Whether all that a command applies is known, be it by its name, and nothing of it runs anything: names, rights, ways to
    /// what runs.
    fn only_prepares(&self, command: NodeId) -> bool {
        let mut applied = 0;
        for edge in self.graph.leaving(command) {
            let to = &self.graph.nodes[edge.to];
            match (edge.kind, edge.strength, &to.kind) {
                (EdgeKind::Applies, Strength::Resolved | Strength::Inferred, NodeKind::Unit(UnitKind::Manifest)) => {}
                (EdgeKind::Writes | EdgeKind::Precedes, ..) => continue,
                _ => return false,
            }
            let Some(facts) = self.book.get(&to.at.path) else { return false };
            let starts = facts.facts.iter().any(|f| matches!(f.kind, FactKind::Uses(_) | FactKind::Command(_)));
            let objects: Vec<&str> = facts.units.iter().skip(1).filter_map(|u| Some(u.name.split_once('/')?.0)).collect();
            if starts || objects.is_empty() || !objects.iter().all(|kind| self.view.programs.idle.contains(*kind)) {
                return false;
            }
            applied += 1;
        }
        applied > 0
    }

    /// Whether all that a command applies is known, and every image in it is one that others build, while this repository
    /// builds its own under names that can be compared; what is known to serve a model is nobody else's.
    fn deploys_others(&self, command: NodeId, signals: &Signals) -> bool {
        let mut images = 0;
        for edge in self.graph.leaving(command).filter(|e| !matches!(e.kind, EdgeKind::Writes | EdgeKind::Precedes)) {
            let path = &self.graph.nodes[edge.to].at.path;
            let known = edge.kind == EdgeKind::Applies && edge.strength == Strength::Resolved;
            let Some(facts) = self.book.get(path).filter(|_| known) else { return false };
            if signals.all.iter().any(|s| s.op == Some(Op::Serve) && s.at.path == *path) {
                return false;
            }
            for fact in &facts.facts {
                let image = match &fact.kind {
                    FactKind::Uses(Uses { to: UsesTarget::Image(image), .. }) => Some(image.as_str()),
                    FactKind::Uses(_) => None,
                    FactKind::Command(command) => command.image.as_deref(),
                    _ => continue,
                };
                if !image.is_some_and(|image| resolve::is_image_of_others(image, self.view)) {
                    return false;
                }
                images += 1;
            }
        }
        images > 0
    }

    /// Whether what looks like a deployment puts nothing where it stays.
    fn deploys_nothing(&self, node: NodeId, owner: Owner, facts: Option<&FileFacts>, signals: &Signals) -> bool {
        let unit = match owner {
            Owner::Command(fact) => facts.and_then(|f| f.facts.get(fact)).and_then(|fact| fact.unit),
            Owner::Unit(unit) => Some(unit),
            _ => None,
        };
        let tried = facts.zip(unit).is_some_and(|(facts, unit)| throwaway::holds(facts, unit, self.view.programs));
        tried || (matches!(owner, Owner::Command(_)) && (self.only_prepares(node) || self.deploys_others(node, signals)))
    }

    /// The node of what a function does only once a person has answered, for what that does there.
    fn asked(&mut self, key: &str, signal: &Signal) -> Option<NodeId> {
        // whoever is served answers a form as well
        let Owner::Code(scope) = signal.owner else { return None };
        if signal.op == Some(Op::Serve) {
            return None;
        }
        let from = self.graph.find(key)?;
        let code = self.book.get(&signal.at.path)?.code.as_deref()?;
        let on_line = |call: &&crate::syntax::python::Call| {
            call.scope == scope && !call.conditions.is_empty() && code.file_line(call.line) == signal.at.line
        };
        let call = code.module.calls.iter().find(on_line)?;
        let file = self.program.file(&signal.at.path, None)?;
        let asks = self.program.asks_a_person(file, &call.conditions)?;
        let at = Location::line(&signal.at.path, signal.at.line);
        let text = shorten(&format!("if {asks}"));
        let node = self.add(format!("{key}?{}", signal.at.line), NodeKind::Function, at.clone(), text.clone());
        let guard = python::for_a_person(Some(asks));
        let edge = Edge::plain(from, node, EdgeKind::Contains, Strength::Resolved, at, text);
        self.graph.edge(Edge { guard, ..edge });
        Some(node)
    }

    /// Puts each signal on the node that does it.
    pub(super) fn attach(&mut self, signals: &Signals) {
        self.graph.signal_nodes = vec![None; signals.all.len()];
        for (index, signal) in signals.all.iter().enumerate() {
            let path = &signal.at.path;
            let facts = self.book.get(path);
            if resolve::is_about_nothing(path, signal.at.line, self.view) {
                self.graph.void.insert(index);
                continue;
            }
            let key = match (signal.owner, facts) {
                (Owner::Unit(unit), Some(facts)) if unit < facts.units.len() => node_key(path, facts, unit),
                (Owner::Command(fact), _) => command_key(path, fact),
                // what a definition does is done by the step that it defines
                (Owner::Code(_), Some(facts)) if let Some(unit) = python::defined_at(facts, signal.at.line) => {
                    node_key(path, facts, unit)
                }
                (Owner::Code(scope), Some(facts)) => match &facts.code {
                    Some(code) => python::scope_key(path, &code.module, scope),
                    None => continue,
                },
                (Owner::Embedded(fact, _), _) => python::embedded_key(path, fact),
                // a way back that is told by the name of a function is what that function does
                (Owner::File, Some(facts)) if signal.op == Some(Op::Rollback) && facts.code.is_some() => {
                    let named = facts.code.as_ref().and_then(|code| {
                        let starts =
                            |scope: &Scope| scope.kind == ScopeKind::Function && code.file_line(scope.line) == signal.at.line;
                        Some(python::scope_key(path, &code.module, code.module.scopes.iter().position(starts)?))
                    });
                    named.unwrap_or_else(|| python::program_key(path))
                }
                (Owner::File, _) => format!("file:{path}"),
                _ => continue,
            };
            // a program in a language without a reader does its work as a whole, started or not
            if signal.owner == Owner::File && matches!(signal.op, Some(Op::Train | Op::Serve)) && self.graph.find(&key).is_none()
            {
                self.add(key.clone(), NodeKind::File, Location::file(path), path.to_string());
            }
            let asked = self.asked(&key, signal);
            if let Some(node) = asked.or_else(|| self.graph.find(&key)) {
                if signal.op == Some(Op::Deploy) && self.deploys_nothing(node, signal.owner, facts, signals) {
                    self.graph.void.insert(index);
                    continue;
                }
                self.graph.nodes[node].signals.push(index);
                self.graph.signal_nodes[index] = Some(node);
            }
        }
    }
}
