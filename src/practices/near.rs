//! The nearest miss: the closest thing to what was asked, and the link at which it stopped.
//!
//! A practice has many parts, and most of them are there in most repositories: that a service predicts is no near miss of
//! a rollback. So only what the first part that failed asks for is looked at, and of that only what is the practice's own
//! object; what the rule names under `near` goes before. Told in the order in which it helps most: a link that is
//! switched off, a start that does not count, a start that a person must give, a thing that nothing starts, a thing in a
//! place that does not count.
//!
//! Invariant: what starts by itself is never told to need a person; rather nothing is told than something beside the point.

use std::collections::{BTreeMap, BTreeSet};

use super::Miss;
use super::chain::Chain;
use super::clause::Judge;
use crate::graph::reach::{Reached, Walk};
use crate::graph::{Edge, Graph, NodeId, NodeKind};
use crate::resolve::DOUBT;
use crate::rules::practice::{Before, Clause, From, Half, Notebooks, On, PracticeAsk, PracticeRule, Select, Tested};
use crate::rules::signal::OneOrMany;
use crate::signals::{Owner, Signal, Signals};
use crate::source::{Location, RepoPath};
use crate::subject::System;
use crate::words::{Because, EdgeKind, Op, Scope, Strength, TriggerKind};

/// One thing that was asked for and not found.
enum Ask<'r> {
    /// Such a signal, started so.
    Seen(From, &'r Select),
    /// A check before something.
    Check(&'r Before),
    /// A test of something.
    Test(&'r Tested),
    /// Known already.
    Found(Miss),
}

/// Finds the nearest miss of a practice that nothing shows.
pub(crate) fn miss(judge: &mut Judge<'_>, rule: &PracticeRule) -> Option<Miss> {
    if let Some(half) = rule.halves.iter().find_map(|half| half_there(judge, half)) {
        return Some(half);
    }
    // what both sides should share is no question where there is only one of them
    if rule.met.as_ref().is_some_and(of_both_sides) && judge.evidence().system.serves.is_empty() {
        return None;
    }
    let mut asked: Vec<Ask<'_>> = Vec::new();
    rule.near.iter().for_each(|clause| named(clause, &mut asked));
    if let Some(clause) = &rule.met {
        failing(judge, clause, &mut asked);
    }
    let whoever = !rule.met.iter().chain(&rule.near).any(asks_who);
    // a check before what is there comes before one that would have nothing to hold back
    let beside_nothing: Vec<&Before> = asked.iter().filter_map(Ask::check).collect();
    let miss = asked.iter().find_map(|ask| match ask {
        Ask::Seen(from, select) => stopped(judge, *from, select, whoever),
        Ask::Check(before) => unordered(judge, before, false),
        Ask::Test(tested) => beside(judge, tested),
        Ask::Found(miss) => Some(miss.clone()),
    });
    miss.or_else(|| beside_nothing.into_iter().find_map(|before| unordered(judge, before, true)))
}

impl<'r> Ask<'r> {
    const fn check(&self) -> Option<&'r Before> {
        match self {
            Self::Check(before) => Some(before),
            _ => None,
        }
    }
}

/// Whether a clause asks who starts something; a person is no reason against anything where none does.
fn asks_who(clause: &Clause) -> bool {
    match clause {
        Clause::All(parts) | Clause::Any(parts) => parts.iter().any(asks_who),
        Clause::Count(count) => count.of.iter().any(asks_who),
        Clause::Cap(cap) => asks_who(&cap.of),
        Clause::Not(inner) => asks_who(inner),
        Clause::Signal(select) => matches!(select.on, On::Ci | On::Unattended),
        Clause::Reach(reach) => reach.from != From::Anyone,
        Clause::Tested(_) | Clause::Practice(_) => true,
        _ => false,
    }
}

/// Whether a clause asks for something that training and serving share.
fn of_both_sides(clause: &Clause) -> bool {
    match clause {
        Clause::All(parts) | Clause::Any(parts) => parts.iter().any(of_both_sides),
        Clause::Signal(select) => select.on == On::BothRuns,
        _ => false,
    }
}

/// What is there of two halves: it starts or stands as asked, and something else stands where the other half should.
fn half_there(judge: &mut Judge<'_>, half: &Half) -> Option<Miss> {
    let has = judge.clause(&half.has);
    if !has.holds() || has.standing.because == Some(Because::Idle) {
        return None;
    }
    if has.standing.because == Some(Because::Broken) {
        // a half that cannot run is what is to be mended first
        return has.why;
    }
    let first = has.chains.first().and_then(|chain| chain.hops.first()).filter(|_| half.says.contains("{start}"));
    let said = match first {
        Some(first) => half.says.replace("{start}", &first.what),
        None => half.says.clone(),
    };
    let (graph, all) = (judge.evidence().graph, &judge.evidence().signals.all);
    let seen = match &half.instead {
        None => has.signals.first().copied(),
        Some(instead) => {
            let answer = judge.clause(instead);
            if !answer.holds() || answer.standing.because == Some(Because::Idle) {
                return None;
            }
            // what another start than this leads to is another matter
            let started = first.and(has.chains.first()).and_then(|chain| chain.edges.first()).map(|e| graph.edges[*e].from);
            let run = started.map(|node| graph.reach(&[node], Walk::at(Strength::Assumed)));
            let is_file = |signal: usize| graph.node_of(signal).is_none();
            let runs = |signal: usize| run.as_ref().is_none_or(|run| graph.nodes_of(signal).any(|n| run.has(n)));
            let found = match instead {
                Clause::Signal(select) if !is_file(*answer.signals.first()?) => {
                    judge.targets(select).into_iter().map(|(signal, _)| signal).collect()
                }
                _ => answer.signals,
            };
            Some(found.into_iter().find(|signal| is_file(*signal) || runs(*signal))?)
        }
    };
    let start = first.map(|first| first.at.clone());
    match said.split_once("{seen}") {
        None => start.map(|at| Miss::plain(at, said)),
        Some((before, after)) => {
            let seen = seen?;
            Some(Miss::quote(start.unwrap_or_else(|| all[seen].at.clone()), before, seen, after))
        }
    }
}

/// The link that is written and switched off, where that alone keeps what a rule asks for from being started at all.
pub(super) fn switched_off(judge: &mut Judge<'_>, rule: &PracticeRule) -> Option<Miss> {
    let mut asked: Vec<Ask<'_>> = Vec::new();
    failing(judge, rule.met.as_ref()?, &mut asked);
    asked.into_iter().find_map(|ask| {
        let Ask::Seen(from, select) = ask else { return None };
        let (targets, tests) = (judge.targets(select), select.scope.contains(&Scope::Test));
        let started = reached(judge, from, Walk::at(Strength::Assumed).with_tests(tests));
        let none = from != From::Anyone && !targets.iter().any(|(_, n)| started.has(*n));
        if none { off(judge, from, &targets, tests) } else { None }
    })
}

/// What a rule names itself.
fn named<'r>(clause: &'r Clause, into: &mut Vec<Ask<'r>>) {
    match clause {
        Clause::All(parts) | Clause::Any(parts) => parts.iter().for_each(|p| named(p, into)),
        Clause::Signal(select) => into.push(Ask::Seen(started_by(select.on), select)),
        Clause::Reach(reach) => into.push(Ask::Seen(reach.from, &reach.to)),
        Clause::Leads(leads) => into.push(Ask::Seen(From::Anyone, &leads.to)),
        Clause::Before(before) => into.push(Ask::Check(before)),
        Clause::Tested(tested) => into.push(Ask::Test(tested)),
        Clause::Count(count) => count.of.iter().for_each(|p| named(p, into)),
        Clause::Cap(cap) => named(&cap.of, into),
        Clause::Imported(_)
        | Clause::InImage(_)
        | Clause::ImageHolds(_)
        | Clause::ImageCarries(_)
        | Clause::Not(_)
        | Clause::Steps(_)
        | Clause::Share(_)
        | Clause::History(_)
        | Clause::Practice(_) => {}
    }
}

/// The parts that keep a clause from holding: of `all` the first, of `any` one of each.
fn failing<'r>(judge: &mut Judge<'_>, clause: &'r Clause, into: &mut Vec<Ask<'r>>) {
    match clause {
        Clause::All(parts) => {
            if let Some(first) = parts.iter().find(|part| !judge.clause(part).holds()) {
                failing(judge, first, into);
            }
        }
        Clause::Any(parts) => parts.iter().for_each(|part| failing(judge, part, into)),
        Clause::Count(count) => {
            for part in &count.of {
                let answer = judge.clause(part);
                if !answer.holds() {
                    failing(judge, part, into);
                } else if let Some(signal) = answer.signals.first() {
                    let at = judge.evidence().signals.all[*signal].at.clone();
                    let after = format!(" is one of the {} things that are asked for", count.at_least);
                    into.push(Ask::Found(Miss::quote(at, "", *signal, after)));
                }
            }
        }
        Clause::Practice(PracticeAsk::Id(id)) => {
            let id = id.split('[').next().unwrap_or(id);
            into.extend(judge.practice(id).0.near.map(Ask::Found));
        }
        Clause::Cap(cap) => failing(judge, &cap.of, into),
        Clause::Signal(select) if own(select) => into.push(Ask::Seen(started_by(select.on), select)),
        Clause::Reach(reach) if own(&reach.to) => into.push(Ask::Seen(reach.from, &reach.to)),
        Clause::Before(before) if own(&before.first) => into.push(Ask::Check(before)),
        Clause::Tested(tested) => into.push(Ask::Test(tested)),
        // not the practice's own object
        Clause::Signal(_) | Clause::Reach(_) | Clause::Before(_) => {}
        // no one thing is nearest to these
        Clause::Not(_)
        | Clause::Leads(_)
        | Clause::Imported(_)
        | Clause::InImage(_)
        | Clause::ImageHolds(_)
        | Clause::ImageCarries(_)
        | Clause::Share(_)
        | Clause::History(_) => {}
        Clause::Steps(steps) => into.extend(super::steps::answer(judge, steps).why.map(Ask::Found)),
    }
}

/// That something trains or serves at all is asked beside many things; practices that are about it name it themselves.
pub(super) fn own(select: &Select) -> bool {
    !select.id.all().is_empty() || select.op.iter().any(|op| !matches!(op, Op::Train | Op::Serve))
}

const fn started_by(on: On) -> From {
    match on {
        On::Ci => From::Ci,
        On::Unattended => From::Unattended,
        _ => From::Anyone,
    }
}

/// Whoever starts it, and what that reaches.
pub(super) fn reached(judge: &Judge<'_>, from: From, walk: Walk) -> Reached {
    let starters: Vec<NodeId> = judge.starters(from, &[]).into_iter().flatten().collect();
    judge.evidence().graph.reach(&starters, walk)
}

/// Where the way to such a thing ends. Where a rule asks nowhere who starts it, `whoever`, that a person does is no end.
fn stopped(judge: &Judge<'_>, from: From, select: &Select, whoever: bool) -> Option<Miss> {
    let evidence = judge.evidence();
    let (graph, signals) = (evidence.graph, &evidence.signals.all);
    let tests = select.scope.contains(&Scope::Test);
    let mut targets = judge.targets(select);
    targets.sort_by_key(|(signal, _)| signals[*signal].notebook);
    if select.notebooks == Notebooks::Never {
        targets.retain(|(signal, _)| !signals[*signal].notebook);
    }
    targets.retain(|(signal, node)| !installs_another(judge, *signal, *node));
    let counts = reached(judge, from, Walk::at(Strength::Assumed).with_tests(tests));
    if from != From::Anyone && targets.iter().any(|(_, n)| counts.has(*n)) {
        // it is started as asked; what is missing lies elsewhere
        return None;
    }
    if let Some(miss) = off(judge, from, &targets, tests) {
        return Some(miss);
    }
    // what starts by itself needs no person, whoever else may start it
    let by_itself = reached(judge, From::Unattended, Walk::at(Strength::Assumed).with_tests(tests));
    if let Some((signal, node)) = targets.iter().filter(|(_, n)| by_itself.has(*n)).min_by_key(|(_, n)| by_itself.hops(*n)) {
        let start = &graph.nodes[by_itself.start(graph, *node)];
        let asked = lacks(from)?;
        return Some(Miss::quote(start.at.clone(), format!("{} starts ", start.label), *signal, format!("; {asked}")));
    }
    // what was not read may start it and lead past what is missing
    let whoever = whoever && !super::STARTS.iter().any(|id| evidence.unread.contains(*id));
    if let Some((miss, counts)) = by_a_person(judge, &targets, tests) {
        return (!(whoever && counts)).then(|| miss.for_want_of_a_start());
    }
    if let Some((signal, _)) = targets.first() {
        return Some(
            Miss::quote(signals[*signal].at.clone(), "", *signal, " stands here, and nothing starts it").for_want_of_a_start(),
        );
    }
    let (signal, seen) = judge
        .anywhere(select)
        .into_iter()
        .map(|(s, _)| (s, &signals[s]))
        .min_by_key(|(_, s)| (s.notebook, std::cmp::Reverse(s.scope), &s.at))?;
    Some(Miss::quote(seen.at.clone(), "", signal, out_of_place(seen)?))
}

/// Whether something is rolled out that starts images which are built here and hold nothing of this system, such as the
/// tools that it works with.
fn installs_another(judge: &Judge<'_>, signal: usize, node: NodeId) -> bool {
    let evidence = judge.evidence();
    let (graph, system) = (evidence.graph, evidence.system);
    if evidence.signals.all[signal].op != Some(Op::Deploy) {
        return false;
    }
    let applied: Vec<NodeId> =
        graph.leaving(node).filter(|e| e.kind == EdgeKind::Applies && e.off.is_none()).map(|e| e.to).collect();
    if applied.is_empty() {
        return false;
    }
    let started = graph.reach(&applied, Walk::at(Strength::Assumed));
    let all = started.nodes();
    let own = |n: &NodeId| system.train_run[*n] || system.serve_run[*n];
    let open = |n: &NodeId| matches!(graph.nodes[*n].kind, NodeKind::Outside | NodeKind::Missing);
    let roots = || system.trains.iter().chain(&system.serves).flat_map(|s| graph.nodes_of(*s));
    all.iter().any(|n| graph.is_start_of_image(*n)) && !all.iter().any(|n| own(n) || open(n)) && !roots().any(|n| started.has(n))
}

/// Why a thing does not count where it stands.
fn out_of_place(seen: &Signal) -> Option<String> {
    if let Some(off) = &seen.off {
        return Some(format!(" does not count: it {off}"));
    }
    let place = match seen.scope {
        Scope::Test => "in a test",
        Scope::Docs => "in a document",
        Scope::Example => "in an example",
        Scope::Template => "in a template",
        Scope::Generated => "in a generated file",
        Scope::Vendored => "in code of others",
        Scope::Disabled => "in a file that is switched off",
        Scope::Elsewhere => "in another repository",
        Scope::Source if seen.notebook => "in a notebook",
        _ => return None,
    };
    Some(format!(" stands {place}, where it does not count"))
}

/// A link on the way that is written and switched off.
fn off(judge: &Judge<'_>, from: From, targets: &[(usize, NodeId)], tests: bool) -> Option<Miss> {
    let graph = judge.evidence().graph;
    // a person's way round is no reason to be silent about the switch
    let from = if from == From::Anyone { From::Unattended } else { from };
    let live = reached(judge, from, Walk::at(Strength::Broken).with_tests(tests));
    let written = reached(judge, from, Walk { off: true, ..Walk::at(Strength::Broken).with_tests(tests) });
    let (signal, node) =
        targets.iter().filter(|(_, n)| written.has(*n) && !live.has(*n)).min_by_key(|(_, n)| written.hops(*n))?;
    let edge = written.path(*node).into_iter().map(|e| &graph.edges[e]).find(|e| e.off.is_some())?;
    let why = edge.off.as_deref().unwrap_or_default();
    if let Some(manual) = manual_beside(graph, edge) {
        let is = if why.starts_with("switched off") { " is" } else { ":" };
        let after = format!(" when a person asks; {} (line {}){is} {why}", edge.what, edge.at.line);
        return Some(Miss::quote(manual.at.clone(), format!("{} starts ", manual.what), *signal, after));
    }
    Some(Miss::plain(edge.at.clone(), format!("{}: {why}", edge.what)))
}

/// Beside a trigger that is switched off: the button of the same workflow.
fn manual_beside<'g>(graph: &'g Graph, off: &Edge) -> Option<&'g Edge> {
    let by_hand = |e: &&Edge| e.off.is_none() && graph.nodes[e.from].kind == NodeKind::Trigger(TriggerKind::Manual);
    (off.kind == EdgeKind::Starts).then(|| graph.arriving(off.to).find(by_hand)).flatten()
}

/// What a person can start: a workflow with a button before a target, a stage or a job, these before a program, a notebook
/// after that, and last what is only in an image. Beside it, whether that is a start at all to whom a person is one.
fn by_a_person(judge: &Judge<'_>, targets: &[(usize, NodeId)], tests: bool) -> Option<(Miss, bool)> {
    let graph = judge.evidence().graph;
    let (images, entries): (Vec<NodeId>, Vec<NodeId>) = graph.entries().into_iter().partition(|n| graph.is_start_of_image(*n));
    let (units, others): (Vec<NodeId>, Vec<NodeId>) =
        entries.into_iter().partition(|n| matches!(graph.nodes[*n].kind, NodeKind::Unit(_)));
    let (notebooks, programs): (Vec<NodeId>, Vec<NodeId>) = others.into_iter().partition(|n| graph.nodes[*n].notebook);
    for starters in [graph.triggers(|k| k == TriggerKind::Manual), units, programs, notebooks, images] {
        let live = graph.reach(&starters, Walk::at(Strength::Inferred).with_tests(tests));
        let signals = &judge.evidence().signals.all;
        let best = targets.iter().filter(|(_, n)| live.has(*n)).min_by_key(|(s, n)| (signals[*s].notebook, live.hops(*n), *s));
        let Some((signal, node)) = best else { continue };
        let start = &graph.nodes[live.start(graph, *node)];
        let image = graph.is_start_of_image(live.start(graph, *node));
        let counts = !start.notebook && !image && !signals[*signal].notebook;
        let miss = match start.kind {
            NodeKind::Trigger(_) => {
                Miss::quote(start.at.clone(), format!("{} starts ", start.label), *signal, ": a person must press it")
            }
            NodeKind::Unit(crate::fact::UnitKind::Service | crate::fact::UnitKind::Image) => {
                let who = if image { "nothing here starts" } else { "only a person starts" };
                let after = format!(" runs in the {}, which {who}", start.label);
                Miss::quote(signals[*signal].at.clone(), "", *signal, after)
            }
            _ if start.notebook => Miss::quote(start.at.clone(), "", *signal, " is in a notebook, which only a person runs"),
            NodeKind::Unit(_) => {
                let evidence = judge.evidence();
                let after = leaves(graph, evidence.signals, evidence.system).map_or_else(
                    || "; only a person starts it".to_owned(),
                    |at| format!("; only a person starts it here, and {at} leaves this scan"),
                );
                Miss::quote(start.at.clone(), format!("{} leads to ", start.label), *signal, after)
            }
            _ => Miss::quote(signals[*signal].at.clone(), "", *signal, format!(" runs when a person starts {}", start.label)),
        };
        return Some((miss, counts));
    }
    None
}

/// Where something that starts by itself hands over to what is not in this scan, and so may start anything.
pub(crate) fn leaves(graph: &Graph, signals: &Signals, system: &System) -> Option<Location> {
    let open = |(i, seen): &(usize, &Signal)| &*seen.id == OPEN && seen.off.is_none() && system.owns_signal(*i, seen);
    let mut all = signals.all.iter().enumerate().filter(open).peekable();
    all.peek()?;
    let by_itself = graph.reach(&graph.triggers(TriggerKind::is_unattended), Walk::at(Strength::Assumed));
    all.find(|(i, _)| graph.node_of(*i).is_some_and(|n| by_itself.has(n))).map(|(_, seen)| seen.at.clone())
}

/// The signal of work that is handed over to a workflow or action which is not in this scan.
pub(super) const OPEN: &str = "ci.delegated.open";

/// What does not start it, although something does.
const fn lacks(from: From) -> Option<&'static str> {
    match from {
        From::Ci => Some("no push, pull request or tag does"),
        From::Release => Some("no push or tag does"),
        From::UnattendedNotPr => Some("nothing does for what is merged"),
        From::Continuous | From::Recurring => Some("nothing does when time passes or data arrives"),
        From::Alert => Some("no alert or monitor does"),
        From::Unattended | From::Anyone => None,
    }
}

/// A check that is there, and does not stand before what it should hold back, or whose failure holds back nothing. What
/// only lies beside another thing of no weight is no near miss.
fn unordered(judge: &mut Judge<'_>, before: &Before, beside_nothing: bool) -> Option<Miss> {
    let held = held_back(*before.then.op.first()?)?;
    let evidence = judge.evidence();
    let signals = &evidence.signals.all;
    let mut found = judge.targets(&before.first);
    // a line of the program that answers is no check of it
    let answers = |s: usize, n: NodeId| {
        signals[s].scope == Scope::Source
            && matches!(signals[s].owner, Owner::Code(_))
            && evidence.system.only_answers(evidence.graph, n)
    };
    let (train, serve) = (&evidence.system.train_run, &evidence.system.serve_run);
    let of_training = before.then.op.contains(&Op::Train);
    let by_name = before.first.op.is_empty();
    found.retain(|(s, n)| !(by_name && answers(*s, *n) || of_training && serve[*n] && !train[*n]));
    let live = reached(judge, From::Anyone, Walk::at(Strength::Inferred).with_tests(true));
    found.sort_by_key(|(s, n)| (signals[*s].notebook, !train[*n], !live.has(*n), *s));
    let (signal, _) = *found.first()?;
    let at = || signals[signal].at.clone();
    if before.stops && !signals[signal].notebook {
        let targets: Vec<(usize, NodeId)> = found.iter().filter(|(s, _)| *s == signal).copied().collect();
        if let Some(why) = judge.best(From::Anyone, &[], &targets, false).and_then(|found| found.unheeded) {
            return Some(Miss::quote(at(), UNHEEDED, signal, format!(" stops nothing: {why}")));
        }
    }
    if judge.targets(&before.then).is_empty() {
        return beside_nothing.then(|| {
            Miss::quote(at(), "", signal, format!(" stands here, and nothing here does the {held} that it could hold back"))
        });
    }
    if beside_nothing {
        return None;
    }
    Some(Miss::quote(at(), "", signal, format!(" stands here, and does not hold back {held}")))
}

/// How a sentence begins about a check whose failure is thrown away.
pub(super) const UNHEEDED: &str = "the failure of ";

/// What a check stands before, where a word names it.
const fn held_back(op: Op) -> Option<&'static str> {
    match op {
        Op::Train | Op::Tune => Some("training"),
        Op::Register => Some("registration"),
        Op::Promote => Some("promotion"),
        Op::Deploy => Some("deployment"),
        _ => None,
    }
}

/// Most tests that are looked at for the one that comes nearest.
const TESTS: usize = 400;

/// The test that comes nearest: it runs or takes in a file in which what should be tested stands, or which that runs. One
/// that touches none of these is no near miss.
fn beside(judge: &Judge<'_>, tested: &Tested) -> Option<Miss> {
    let evidence = judge.evidence();
    let (graph, all) = (evidence.graph, &evidence.signals.all);
    let of = judge.targets(&tested.of);
    if of.is_empty() {
        return None;
    }
    let own: BTreeSet<&RepoPath> = of.iter().map(|(s, _)| &all[*s].at.path).collect();
    let runs =
        graph.reach(&of.iter().map(|(_, n)| *n).collect::<Vec<_>>(), Walk { imports: false, ..Walk::at(Strength::Inferred) });
    let behind: BTreeSet<&RepoPath> = runs
        .nodes()
        .iter()
        .map(|n| &graph.nodes[*n])
        .filter(|node| node.kind == NodeKind::Function && node.scope == Scope::Source)
        .map(|node| &node.at.path)
        .collect();
    // backwards once, so that only tests are walked from that may come there
    let there = |n: &NodeId| own.contains(&graph.nodes[*n].at.path) || behind.contains(&graph.nodes[*n].at.path);
    let leading = graph.reach_back(&(0..graph.nodes.len()).filter(there).collect::<Vec<_>>(), Walk::at(Strength::Inferred));
    let asserts = Select { id: OneOrMany::One("test.assertion".into()), scope: vec![Scope::Test], ..Select::default() };
    let sure = reached(judge, From::Ci, Walk::at(Strength::Inferred).with_tests(true));
    let perhaps = reached(judge, From::Ci, Walk::at(Strength::Assumed).with_tests(true));
    let mut walked: BTreeMap<NodeId, Option<(u8, u32, &RepoPath)>> = BTreeMap::new();
    let mut best: Option<((u8, u32, u8, usize), &RepoPath)> = None;
    for (signal, test) in judge.targets(&asserts) {
        if walked.len() >= TESTS && !walked.contains_key(&test) {
            break;
        }
        let near = *walked.entry(test).or_insert_with(|| {
            if !leading[test] {
                return None;
            }
            let called = graph.reach(&[test], Walk { imports: false, ..Walk::at(Strength::Inferred) });
            let taken = graph.reach(&[test], Walk::at(Strength::Inferred));
            let is_near = |files: &BTreeSet<&RepoPath>, live: &Reached| {
                let there = live.nodes().iter().copied().filter(|n| files.contains(&graph.nodes[*n].at.path));
                let far = |n: &NodeId| runs.hops(*n).unwrap_or(u32::MAX);
                there.map(|n| (far(&n), &graph.nodes[n].at.path)).min()
            };
            let of = |rank: u8| move |(far, path)| (rank, far, path);
            let first = is_near(&own, &called).map(of(0));
            first.or_else(|| is_near(&behind, &called).map(of(1))).or_else(|| is_near(&own, &taken).map(of(2)))
        });
        let Some((rank, far, path)) = near else { continue };
        let ci = if sure.has(test) { 0 } else { 1 + u8::from(!perhaps.has(test)) };
        let key = (rank, far, ci, signal);
        if best.as_ref().is_none_or(|(known, _)| key < *known) {
            best = Some((key, path));
        }
    }
    let ((rank, _, ci, signal), path) = best?;
    let what = match tested.of.op.first() {
        Some(Op::Train | Op::Tune) => "the training code",
        Some(Op::Serve) => "the scoring code",
        Some(Op::Features | Op::Ingest) => "the data preparation",
        _ => "what should be tested",
    };
    let how = if rank == 2 { "takes in" } else { "runs code of" };
    let who = match ci {
        0 => "runs in CI",
        1 => "runs where CI is set up elsewhere",
        _ => "is not run in CI",
    };
    let after = format!(" {who}; it {how} {path}, and does not call {what}");
    Some(Miss::quote(all[signal].at.clone(), "", signal, after))
}

/// Where a chain is weakest, and how.
pub(super) fn weakest(chain: &Chain) -> Option<Miss> {
    let hop = chain.hops.iter().min_by_key(|h| h.strength)?;
    let is_signal = chain.hops.last().is_some_and(|last| std::ptr::eq(last, hop));
    if is_signal && hop.outside.is_none() && hop.strength < Strength::Resolved {
        return Some(Miss::quote(hop.at.clone(), "", chain.signal, unsure(hop.strength)));
    }
    let text = match (hop.strength, &hop.outside) {
        // a hop that breaks says itself what is not there
        (Strength::Broken, _) => hop.what.clone(),
        (_, Some(outside)) => format!("{outside} is not in this scan"),
        (Strength::Assumed, None) if hop.what.contains(": no such branch") => hop.what.clone(),
        (Strength::Inferred, None) if hop.what.contains(DOUBT) => hop.what.clone(),
        (Strength::Assumed, None) => format!("{}: decided outside of this repository", hop.what),
        _ => format!("{}: linked by name or convention only", hop.what),
    };
    Some(Miss::plain(hop.at.clone(), text))
}

/// Why a thing itself is not sure.
pub(super) const fn unsure(strength: Strength) -> &'static str {
    match strength {
        Strength::Broken => " cannot run as written",
        Strength::Assumed => " is decided outside of this repository",
        Strength::Inferred | Strength::Resolved => " is recognised by its name only",
    }
}

/// Why something that is written does not run as asked.
pub(super) const fn elsewhere(on: On) -> &'static str {
    match on {
        On::Ci => " is not run by a push or pull request",
        On::TrainRun => " is not part of a run that trains",
        On::TrainReads => " is not named by what trains",
        On::ServeRun => " is not part of what serves",
        On::ServeReads => " is not named by what serves",
        On::Serving => " rolls out something else than what serves",
        On::BothRuns => " is not part of both training and serving",
        On::ForTraining => " only leads to answers of the model, or watches them",
        On::Applied => " stands here, and no command brings it about",
        On::Live | On::File | On::Own | On::Unattended => " stands here, and nothing starts it",
    }
}
