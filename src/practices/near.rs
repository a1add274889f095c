//! The nearest miss: the closest thing to what was asked, and the link at which it stopped.
//!
//! A practice has many parts, and most of them are there in most repositories: that a service predicts is no near miss of
//! a rollback. So only what the first part that failed asks for is looked at, and of that only what is the practice's own
//! object; what the rule names under `near` goes before. Told in the order in which it helps most: a link that is
//! switched off, a start that does not count, a start that a person must give, a thing that nothing starts, a thing in a
//! place that does not count.
//!
//! Invariant: what starts by itself is never told to need a person; rather nothing is told than something beside the point.

use super::Miss;
use super::chain::Chain;
use super::clause::Judge;
use crate::graph::reach::{Reached, Walk};
use crate::graph::{Edge, Graph, NodeId, NodeKind};
use crate::resolve::DOUBT;
use crate::rules::practice::{Before, Clause, From, Notebooks, On, PracticeAsk, PracticeRule, Select, Tested};
use crate::rules::signal::OneOrMany;
use crate::signals::{Signal, Signals};
use crate::source::Location;
use crate::subject::System;
use crate::words::{EdgeKind, Op, Scope, Strength, TriggerKind};

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
    let mut asked: Vec<Ask<'_>> = Vec::new();
    rule.near.iter().for_each(|clause| named(clause, &mut asked));
    if let Some(clause) = &rule.met {
        failing(judge, clause, &mut asked);
    }
    asked.into_iter().find_map(|ask| match ask {
        Ask::Seen(from, select) => stopped(judge, from, select),
        Ask::Check(before) => unordered(judge, before),
        Ask::Test(tested) => beside(judge, tested),
        Ask::Found(miss) => Some(miss),
    })
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
        | Clause::Share(_)
        | Clause::History(_)
        | Clause::Steps(_) => {}
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

/// Where the way to such a thing ends.
fn stopped(judge: &Judge<'_>, from: From, select: &Select) -> Option<Miss> {
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
    if let Some(miss) = by_a_person(judge, &targets, tests) {
        return Some(miss.for_want_of_a_start());
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
    let all: Vec<NodeId> = (0..graph.nodes.len()).filter(|n| started.has(*n)).collect();
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
/// after that, and last what is only in an image.
fn by_a_person(judge: &Judge<'_>, targets: &[(usize, NodeId)], tests: bool) -> Option<Miss> {
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
        return Some(match start.kind {
            NodeKind::Trigger(_) => {
                Miss::quote(start.at.clone(), format!("{} starts ", start.label), *signal, ": a person must press it")
            }
            NodeKind::Unit(crate::fact::UnitKind::Service | crate::fact::UnitKind::Image) => {
                let image = graph.is_start_of_image(live.start(graph, *node));
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
        });
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

/// A check that is there, and does not stand before what it should hold back.
fn unordered(judge: &Judge<'_>, before: &Before) -> Option<Miss> {
    let signals = &judge.evidence().signals.all;
    let mut found = judge.targets(&before.first);
    found.sort_by_key(|(s, _)| (signals[*s].notebook, *s));
    let (signal, _) = found.first()?;
    let held = before.then.op.first().map_or("what it should hold back", |op| held_back(*op));
    let after = if judge.targets(&before.then).is_empty() {
        format!(" stands here, and there is no {held} that it could hold back")
    } else {
        format!(" stands here, and does not hold back {held}")
    };
    Some(Miss::quote(signals[*signal].at.clone(), "", *signal, after))
}

const fn held_back(op: Op) -> &'static str {
    match op {
        Op::Train | Op::Tune => "training",
        Op::Register => "registration",
        Op::Promote => "promotion",
        Op::Deploy => "deployment",
        _ => "what follows",
    }
}

/// Tests that are there, and do not reach what they should test.
fn beside(judge: &Judge<'_>, tested: &Tested) -> Option<Miss> {
    if judge.targets(&tested.of).is_empty() {
        return None;
    }
    let asserts = Select { id: OneOrMany::One("test.assertion".into()), scope: vec![Scope::Test], ..Select::default() };
    let own = tested.by.as_ref().map(|by| judge.targets(by)).filter(|own| !own.is_empty());
    let ci = reached(judge, From::Ci, Walk::at(Strength::Assumed).with_tests(true));
    let found = own.unwrap_or_else(|| judge.targets(&asserts));
    let (signal, runs) =
        found.iter().find(|(_, n)| ci.has(*n)).map(|(s, _)| (*s, true)).or_else(|| Some((found.first()?.0, false)))?;
    let what = match tested.of.op.first() {
        Some(Op::Train | Op::Tune) => "the training code",
        Some(Op::Serve) => "the scoring code",
        Some(Op::Features | Op::Ingest) => "the data preparation",
        _ => "what should be tested",
    };
    let after = if runs {
        format!(" runs in CI, and does not call {what}")
    } else {
        format!(" does not call {what}, and CI does not run it")
    };
    Some(Miss::quote(judge.evidence().signals.all[signal].at.clone(), "", signal, after))
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
        On::BothRuns => " is not part of both training and serving",
        On::ForTraining => " only leads to answers of the model, or watches them",
        On::Applied => " stands here, and no command brings it about",
        On::Live | On::File | On::Own | On::Unattended => " stands here, and nothing starts it",
    }
}
