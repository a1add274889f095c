//! The verb `tested`: a test that asserts something runs what is meant, and CI runs the test.

use std::collections::{BTreeMap, BTreeSet};

use super::answer::Answer;
use super::clause::Judge;
use super::{Miss, asserted, near, rank};
use crate::graph::reach::{Reached, Walk};
use crate::graph::{EdgeId, NodeId, NodeKind, StandIns};
use crate::rules::practice::{From, Notebooks, On, Select, Tested};
use crate::source::Location;
use crate::verdict::Standing;
use crate::words::{Because, EdgeKind, Op, Scope, Strength, Verdict};

/// Most callers of a function that asserts; more share a tool and not a test.
const MAX_CALLERS: usize = 20;

/// What is asked of each test.
struct Asked<'a> {
    ask: &'a Tested,
    wanted: &'a [(usize, NodeId)],
    own: Option<&'a [(usize, NodeId)]>,
    without: &'a [NodeId],
    /// What sends requests.
    sending: &'a BTreeSet<NodeId>,
    /// For every node whether it does more than prepare.
    beyond: &'a [bool],
    /// For every node whether it may lead to what is wanted.
    leading: &'a [bool],
}

/// What a test runs of what is asked for.
struct Ran {
    signals: Vec<usize>,
    /// Where the way to it is not sure.
    doubt: Option<Miss>,
}

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

    /// What does more than prepare data: it trains, measures or answers, or calls what does.
    fn goes_beyond(&self) -> Vec<bool> {
        let more = Select { op: vec![Op::Train, Op::Tune, Op::Evaluate, Op::Register, Op::Serve], ..Select::default() };
        let nodes: Vec<NodeId> = self.targets(&more).into_iter().map(|(_, node)| node).collect();
        self.evidence.graph.reach_back(&nodes, Walk { imports: false, ..Walk::at(Strength::Resolved) })
    }

    /// What a test replaces while it runs, with its fixtures and what its class sets up.
    fn stand_ins(&self, called: &Reached) -> Vec<&StandIns> {
        called.nodes().iter().filter_map(|node| self.evidence.graph.stand_ins.get(node)).collect()
    }

    /// What a test runs of what is asked for; none where that is not enough.
    fn run_by(&self, test: NodeId, asked: &Asked<'_>) -> Option<Ran> {
        let (graph, ask) = (self.evidence.graph, asked.ask);
        if ask.at_least > 0 && !asked.leading[test] {
            return None;
        }
        let calls = |least| Walk { imports: false, ..Walk::at(least) };
        let all = graph.reach(&[test], calls(Strength::Inferred));
        if asked.without.iter().any(|n| all.has(*n)) {
            return None;
        }
        let replaced = if ask.replaced { Vec::new() } else { self.stand_ins(&all) };
        let instead: BTreeSet<NodeId> = replaced.iter().flat_map(|own| &own.nodes).copied().collect();
        let fed = if ask.asserted { asserted::only_fed(self.evidence, test, asked.beyond) } else { BTreeSet::new() };
        // where some of it does not run, what is left may be a way that the test does not take
        let partly = || {
            let missed = graph.reach(&instead.iter().copied().collect::<Vec<_>>(), calls(Strength::Inferred));
            asked.wanted.iter().any(|(_, n)| missed.has(*n))
        };
        let cut = |edge: EdgeId, to: NodeId| {
            instead.contains(&to) || fed.contains(&edge) || asked.beyond.get(to).copied().unwrap_or(false)
        };
        let runs = |signal: usize| {
            let at = &self.evidence.signals.all[signal].at;
            // an answer may come from a model that is made up, as long as the service itself runs
            self.evidence.signals.all[signal].op == Some(Op::Serve)
                || !replaced.iter().any(|own| own.lines.contains(&(at.path.clone(), at.line)))
        };
        let asks = asked.sending.iter().any(|n| all.has(*n));
        [Strength::Resolved, Strength::Inferred].into_iter().find_map(|least| {
            let called = graph.reach_without(&[test], calls(least), &cut);
            // importing runs the top level; what is only registered there waits for somebody who asks for it
            let walk = Walk { requests: asks, ..Walk::at(if asks { least } else { Strength::Resolved }) };
            let run = (!ask.called && !ask.asserted).then(|| graph.reach_without(&[test], walk, &cut));
            let has = |n: NodeId| called.has(n) || run.as_ref().is_some_and(|run| run.has(n));
            if asked.own.is_some_and(|own| !own.iter().any(|(s, n)| has(*n) && runs(*s))) {
                return None;
            }
            let hits: Vec<(usize, NodeId)> = asked.wanted.iter().copied().filter(|(s, n)| has(*n) && runs(*s)).collect();
            let nodes: BTreeSet<NodeId> = hits.iter().map(|(_, n)| *n).collect();
            if nodes.len() < ask.at_least {
                return None;
            }
            if least == Strength::Resolved && partly() {
                let why = "puts a stand-in where some of it would run; that the rest runs is likely, not proven";
                let doubt = Miss::plain(graph.nodes[test].at.clone(), why.to_owned());
                return Some(Ran { signals: hits.into_iter().map(|(s, _)| s).collect(), doubt: Some(doubt) });
            }
            let doubt = (least == Strength::Inferred).then(|| {
                let path =
                    hits.iter().find_map(|(_, n)| Some(called.path(*n)).filter(|path| !path.is_empty())).unwrap_or_default();
                let weak = path.into_iter().map(|e| &graph.edges[e]).find(|e| e.strength < Strength::Resolved);
                let (at, what) = weak.map_or((&graph.nodes[test].at, "the way to it"), |e| (&e.at, e.what.as_str()));
                Miss::plain(at.clone(), format!("{what}: linked by name or convention only"))
            });
            Some(Ran { signals: hits.into_iter().map(|(s, _)| s).collect(), doubt })
        })
    }

    /// `tested`: a test that asserts reaches what is meant, and CI runs it.
    pub(super) fn tested(&mut self, ask: &Tested) -> Answer {
        let asserts = Select {
            id: crate::rules::signal::OneOrMany::One("test.assertion".into()),
            scope: vec![Scope::Test],
            ..Select::default()
        };
        let wanted = self.targets(&ask.of);
        let own: Option<Vec<(usize, NodeId)>> = ask.by.as_ref().map(|by| self.targets(by));
        let stands_in: Vec<NodeId> =
            ask.without.as_ref().map(|not| self.targets(not).into_iter().map(|(_, n)| n).collect()).unwrap_or_default();
        // only who sends a request runs the routes of what it imports
        let sends = Select {
            id: crate::rules::signal::OneOrMany::One("test.client.predict".into()),
            scope: vec![Scope::Test],
            ..Select::default()
        };
        let sending: BTreeSet<NodeId> = self.targets(&sends).into_iter().map(|(_, n)| n).collect();
        let beyond = if ask.asserted { self.goes_beyond() } else { Vec::new() };
        // backwards once, so that only tests are walked from that may lead there
        let of: Vec<NodeId> = wanted.iter().map(|(_, node)| *node).collect();
        let leading = self.evidence.graph.reach_back(&of, Walk::at(Strength::Inferred));
        let (own, without) = (own.as_deref(), stands_in.as_slice());
        let asked = Asked { ask, wanted: &wanted, own, without, sending: &sending, beyond: &beyond, leading: &leading };
        let mut exercised: Vec<(usize, NodeId)> = Vec::new();
        let mut sure: BTreeSet<NodeId> = BTreeSet::new();
        let mut doubts: BTreeMap<NodeId, Miss> = BTreeMap::new();
        let mut reached_signals: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        // a test asserts many times, and is walked once
        let mut walked: BTreeMap<NodeId, Option<Ran>> = BTreeMap::new();
        for (signal, test) in self.asserting(&asserts) {
            if let Some(ran) = walked.entry(test).or_insert_with(|| self.run_by(test, &asked)) {
                exercised.push((signal, test));
                reached_signals.insert(signal, ran.signals.clone());
                match &ran.doubt {
                    Some(doubt) => {
                        doubts.insert(test, doubt.clone());
                    }
                    None => {
                        sure.insert(test);
                    }
                }
            }
        }
        if exercised.is_empty() {
            return Answer::no();
        }
        let (certain, likely): (Vec<_>, Vec<_>) = exercised.iter().copied().partition(|(_, test)| sure.contains(test));
        let mut answer = self.competing(From::Ci, &[], &certain, true, Notebooks::Never, true);
        if answer.standing.verdict != Verdict::Met && !likely.is_empty() {
            let weaker = self.competing(From::Ci, &[], &likely, true, Notebooks::Never, true);
            if rank(weaker.standing) > rank(answer.standing) {
                let met = weaker.standing.verdict == Verdict::Met;
                answer = weaker.cap(Because::Inferred);
                if met {
                    answer.why = likely.iter().find_map(|(_, test)| doubts.get(test).cloned());
                }
            }
        }
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
