//! The verb `tested`: a test that asserts something runs what is meant, and CI runs the test.

use std::collections::{BTreeMap, BTreeSet};

use super::answer::Answer;
use super::clause::Judge;
use super::{Miss, near};
use crate::graph::reach::Walk;
use crate::graph::{NodeId, NodeKind};
use crate::rules::practice::{From, Notebooks, On, Select, Tested};
use crate::source::Location;
use crate::verdict::Standing;
use crate::words::{Because, EdgeKind, Scope, Strength};

/// Most callers of a function that asserts; more share a tool and not a test.
const MAX_CALLERS: usize = 20;

impl Judge<'_> {
    /// What asserts: each assertion where it stands, and for the tests that call the function which makes it.
    fn asserting(&self, asserts: &Select) -> Vec<(usize, NodeId)> {
        let graph = self.evidence.graph;
        let direct = self.targets(asserts);
        let mut all = direct.clone();
        for (signal, node) in direct {
            // a file in which a decorator only registers a test does not run it
            let runs = |from: NodeId| graph.nodes[from].kind != NodeKind::Module;
            let calls = graph.arriving(node).filter(|e| e.kind == EdgeKind::Calls && e.off.is_none());
            let calls = calls.filter(|e| e.strength == Strength::Resolved || runs(e.from));
            let callers: BTreeSet<NodeId> = calls.map(|e| e.from).filter(|n| graph.nodes[*n].scope == Scope::Test).collect();
            if callers.len() <= MAX_CALLERS {
                all.extend(callers.into_iter().map(|caller| (signal, caller)));
            }
        }
        all
    }

    /// Where CI hands its work over to another repository, and runs no test of this one itself.
    fn handed_over(&mut self, asserts: &Select) -> Option<Location> {
        let delegated = Select { id: crate::rules::signal::OneOrMany::One("ci.delegated".into()), ..Select::default() };
        let handed = self.targets(&delegated);
        let found = self.best(From::Ci, &[], &handed, false)?;
        let tests = self.targets(asserts);
        let own = self.competing(From::Ci, &[], &tests, true, Notebooks::Never, true);
        (!own.holds()).then(|| self.evidence.signals.all[found.signal].at.clone())
    }

    /// Which test is left out by what CI runs, and why: a mark, or what the runner is told.
    fn left_out(&self, tests: &[(usize, NodeId)]) -> Option<(usize, String)> {
        let graph = self.evidence.graph;
        let ci = near::reached(self, From::Ci, Walk::at(Strength::Assumed).with_tests(true));
        let off = |to: NodeId| {
            let mut arriving = graph.arriving(to).filter(|e| e.kind == EdgeKind::Tests && ci.has(e.from));
            arriving.find_map(|e| e.off.clone())
        };
        let of = |test: NodeId| {
            let files = graph.arriving(test).filter(|e| e.kind == EdgeKind::Tests).map(|e| e.from);
            off(test).or_else(|| files.collect::<BTreeSet<_>>().into_iter().find_map(off))
        };
        tests.iter().find_map(|(signal, test)| Some((*signal, of(*test)?)))
    }

    /// `tested`: a test that asserts reaches what is meant, and CI runs it.
    pub(super) fn tested(&mut self, ask: &Tested) -> Answer {
        let graph = self.evidence.graph;
        let asserts = Select {
            id: crate::rules::signal::OneOrMany::One("test.assertion".into()),
            scope: vec![Scope::Test],
            ..Select::default()
        };
        let wanted = self.targets(&ask.of);
        let own: Option<Vec<NodeId>> = ask.by.as_ref().map(|by| self.targets(by).into_iter().map(|(_, n)| n).collect());
        let stands_in: Vec<NodeId> =
            ask.without.as_ref().map(|not| self.targets(not).into_iter().map(|(_, n)| n).collect()).unwrap_or_default();
        // only who sends a request runs the routes of what it imports
        let sends = Select {
            id: crate::rules::signal::OneOrMany::One("test.client.predict".into()),
            scope: vec![Scope::Test],
            ..Select::default()
        };
        let sending: BTreeSet<NodeId> = self.targets(&sends).into_iter().map(|(_, n)| n).collect();
        let mut exercised: Vec<(usize, NodeId)> = Vec::new();
        let mut reached_signals: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        // a test asserts many times, and is walked once
        let mut walked: BTreeMap<NodeId, Option<Vec<usize>>> = BTreeMap::new();
        for (signal, test) in self.asserting(&asserts) {
            let hits = walked.entry(test).or_insert_with(|| {
                let called = graph.reach(&[test], Walk { imports: false, ..Walk::at(Strength::Inferred) });
                // importing runs the top level; what is only registered there waits for somebody who asks for it
                let asks = sending.iter().any(|n| called.has(*n));
                let least = if asks { Strength::Inferred } else { Strength::Resolved };
                let run = (!ask.called).then(|| graph.reach(&[test], Walk { requests: asks, ..Walk::at(least) }));
                let has = |n: NodeId| called.has(n) || run.as_ref().is_some_and(|run| run.has(n));
                if own.as_ref().is_some_and(|own| !own.iter().any(|n| has(*n))) || stands_in.iter().any(|n| called.has(*n)) {
                    return None;
                }
                let hits = || wanted.iter().filter(|(_, n)| has(*n));
                let nodes: BTreeSet<NodeId> = hits().map(|(_, n)| *n).collect();
                (nodes.len() >= ask.at_least).then(|| hits().map(|(s, _)| *s).collect())
            });
            if let Some(hits) = hits {
                exercised.push((signal, test));
                reached_signals.insert(signal, hits.clone());
            }
        }
        if exercised.is_empty() {
            return Answer::no();
        }
        let mut answer = self.competing(From::Ci, &[], &exercised, true, Notebooks::Never, true);
        if !answer.holds() {
            let elsewhere = self.handed_over(&asserts);
            answer.standing = Standing::indicated(if elsewhere.is_some() { Because::Assumed } else { Because::Idle });
            answer.signals = exercised.iter().map(|(s, _)| *s).take(3).collect();
            let handed = elsewhere.is_some();
            let after = match elsewhere {
                Some(at) => format!(" may be run by what {at} hands over to, which is not in this scan"),
                None => near::elsewhere(On::Ci).to_owned(),
            };
            let at = |signal: usize| self.evidence.signals.all[signal].at.clone();
            let left_out = if handed { None } else { self.left_out(&exercised) };
            answer.why = match left_out {
                Some((signal, why)) => Some(Miss::quote(at(signal), "", signal, format!(" is not run in CI: {why}"))),
                None => exercised.first().map(|(signal, _)| Miss::quote(at(*signal), "", *signal, after)),
            };
        }
        let also: Vec<usize> = answer.signals.iter().filter_map(|s| reached_signals.get(s)).flatten().copied().take(3).collect();
        for signal in answer.signals.iter().chain(&also) {
            for (key, word) in &self.evidence.signals.all[*signal].qualifiers {
                answer.qualified.insert(format!("{key}={word}"), answer.standing);
            }
        }
        answer.signals.extend(also);
        answer
    }
}
