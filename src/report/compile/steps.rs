//! Who starts each of the eight steps: the operation that stands for a step, or else a practice of its kind, and the
//! strongest starter that leads there.
//!
//! Invariant: no step is said to be missing that the head of the report or a practice shows.

use std::collections::BTreeSet;

use super::super::system::{Starter, Step, StepName};
use super::highlights::{find, first_seen, holds, people};
use super::{Findings, JudgedSystem, evidence_of, signal};
use crate::graph::NodeId;
use crate::graph::reach::Walk;
use crate::practices::{self, Judged};
use crate::source::Location;
use crate::words::{Because, Op, Strength, TriggerKind, Unknown, Verdict};

/// Who starts each of the eight steps.
pub(super) fn steps(findings: &Findings<'_>, system: &JudgedSystem<'_>) -> Vec<Step> {
    let mut steps: Vec<Step> = StepName::ALL.iter().map(|step| one_step(findings, system, *step)).collect();
    // what a service reports of itself starts with the service
    let serves = steps.iter().find(|s| s.step == StepName::Serve).map(|s| s.starter);
    for step in steps.iter_mut().filter(|s| s.step == StepName::Monitor && s.why == OF_SERVICE) {
        if let (Some(starter), Starter::Person | Starter::Nobody) = (serves, step.starter) {
            step.starter = starter;
        }
    }
    steps
}

/// What is said of monitoring that watches the service alone.
const OF_SERVICE: &str = "of the service, not of the model";

/// Why what starts by itself is there in part only, as its practice tells; empty where that has nothing against it.
fn in_part(findings: &Findings<'_>, system: &JudgedSystem<'_>, step: StepName, practice: &str) -> String {
    let id = match step {
        StepName::Prepare | StepName::Evaluate | StepName::Validate => "training.automated",
        _ => practice,
    };
    let Some(judged) = find(system, id).filter(|p| p.standing.verdict == Verdict::Indicated) else { return String::new() };
    let by_name = judged.chains.first().is_some_and(|c| c.strength == Strength::Inferred);
    match judged.standing.because {
        Some(Because::Inferred) if by_name => "linked by name".to_owned(),
        Some(Because::Weak | Because::Inferred) => {
            judged.near.as_ref().map(|near| super::sentence(findings, near)).unwrap_or_default()
        }
        _ => String::new(),
    }
}

fn one_step(findings: &Findings<'_>, system: &JudgedSystem<'_>, step: StepName) -> Step {
    let (ops, practice): (&[Op], &str) = match step {
        StepName::Extract => (&[Op::Ingest], "data.ingest_automated"),
        StepName::Analyse => {
            return Step {
                step,
                starter: Starter::Person,
                evidence: Vec::new(),
                why: "analysis is done by people, at every level".to_owned(),
            };
        }
        StepName::Prepare => (&[Op::Features], "training.orchestrated"),
        StepName::Train => (&[Op::Train], "training.automated"),
        StepName::Evaluate => (&[Op::Evaluate], "model.evaluated"),
        StepName::Validate => (&[Op::Gate], "model.gated"),
        StepName::Serve => (&[Op::Deploy], "deploy.automated"),
        StepName::Monitor => (&[Op::Monitor], "monitoring.data_drift"),
    };
    let graph = findings.graph;
    let targets = targets(findings, system, |s| s.op.is_some_and(|op| ops.contains(&op)));
    let judged = find(system, practice);
    let unseen = || judged.is_some_and(|p| p.standing.verdict == Verdict::Unknown);
    let open = open(findings, system, step, practice);
    // a service that reports its errors says nothing of the model
    let service = |i: &usize| findings.signals.all[*i].id.starts_with("monitor.service");
    let only_service = step == StepName::Monitor && !targets.is_empty() && targets.iter().all(|(i, _)| service(i));
    let targets: Vec<_> = targets.into_iter().filter(|(i, _)| only_service || !service(i)).collect();
    // a roll-out of something else serves nothing
    let another = |n: NodeId| practices::rolls_out_another(graph, findings.signals, findings.book, system.system, n);
    let targets: Vec<_> = targets.into_iter().filter(|(_, n)| step != StepName::Serve || !another(*n)).collect();
    let targets = if targets.is_empty() { told_by_practice(findings, system, step) } else { targets };
    if targets.is_empty() {
        let starter = if unseen() { Starter::Unknown } else { Starter::Nobody };
        let why = open.clone().filter(|_| unseen()).map(|file| format!("not read: {file}")).unwrap_or_default();
        return match step {
            StepName::Serve => served(findings, system, open),
            // what a platform is told to watch runs nothing here
            StepName::Monitor => declared(findings, system, starter, why),
            _ => Step { step, starter, evidence: Vec::new(), why },
        };
    }
    let only_serving = not_training(findings, system, step, judged.is_some_and(holds));
    let fits = |starters: Vec<NodeId>| starters.into_iter().filter(|n| !only_serving.contains(n)).collect::<Vec<_>>();
    let unattended = fits(graph.triggers(|k| k.is_unattended()));
    let outside = fits(graph.triggers(|k| matches!(k, TriggerKind::Api | TriggerKind::Upstream)));
    let miss = judged.and_then(|p| p.near.as_ref()).map(|n| super::sentence(findings, n)).unwrap_or_default();
    let left = practices::leaves(graph, findings.signals, system.system);
    let first = seen_first(findings, system);
    let mut targets = targets;
    targets.sort_by_key(|(signal, _)| (first(*signal), *signal));
    let reach = |starters: Vec<NodeId>, least| nearest(findings, &targets, &starters, least, &first);
    // what brings the service about may be no command that says so
    let by_practice = judged.filter(|p| step == StepName::Serve && holds(p)).and_then(|p| {
        let chain = p.chains.first().filter(|c| c.strength >= Strength::Inferred)?;
        let works = !matches!(p.standing.because, Some(Because::Assumed | Because::Idle | Because::Broken));
        (works && chain.trigger.is_some_and(TriggerKind::is_unattended)).then_some(chain.signal)
    });
    let (starter, at, why) = if let Some(at) = reach(unattended.clone(), Strength::Inferred).or(by_practice) {
        (Starter::Itself, Some(at), in_part(findings, system, step, practice))
    } else if let Some(at) = reach(unattended, Strength::Assumed).or_else(|| reach(outside, Strength::Assumed)) {
        (Starter::Outside, Some(at), outside_words(&miss))
    } else if let Some(at) = reach(people(findings), Strength::Inferred) {
        by_hand(Some(at), open, left.clone())
    } else if let Some(told) = broken(findings, &targets, fits(graph.triggers(|k| k.is_unattended()))) {
        told
    } else if let Some(told) = in_an_image(findings, &targets, left).filter(|_| open.is_none()) {
        told
    } else {
        idle(targets.first().map(|(i, _)| *i), open)
    };
    let why = if only_service && starter != Starter::Unknown { OF_SERVICE.to_owned() } else { why };
    Step { step, starter, evidence: at.map(|s| vec![signal(findings, s)]).unwrap_or_default(), why }
}

/// Why a step hangs on the outside; that it does is said by the word before it.
fn outside_words(miss: &str) -> String {
    let miss = miss.strip_suffix(": decided outside of this repository").unwrap_or(miss);
    miss.replacen(": it works once ", ", once ", 1)
}

/// Triggers that start no step of training: those that bring this system to answer and never to train, for the data that an
/// answer is made of is fetched and prepared then as well; and, where the step's own practice does not hold, all that never
/// train, for a test fetches data too.
fn not_training(findings: &Findings<'_>, system: &JudgedSystem<'_>, step: StepName, holds: bool) -> BTreeSet<NodeId> {
    if !matches!(step, StepName::Extract | StepName::Prepare) || system.system.trains.is_empty() {
        return BTreeSet::new();
    }
    let graph = findings.graph;
    let leading = |signals: &[usize]| {
        let aims: Vec<NodeId> = signals.iter().flat_map(|i| graph.nodes_of(*i)).collect();
        graph.reach_back(&aims, Walk::at(Strength::Assumed))
    };
    let (serves, trains) = (leading(&system.system.serves), leading(&system.system.trains));
    graph.triggers(|_| true).into_iter().filter(|n| !trains[*n] && (serves[*n] || !holds)).collect()
}

/// What was not read and may start a step, as `a.yml and 4 more`; none where all that may start it was read.
fn open(findings: &Findings<'_>, system: &JudgedSystem<'_>, step: StepName, practice: &'static str) -> Option<String> {
    // what starts training may go on to all of its steps
    let ids = match step {
        StepName::Serve | StepName::Monitor | StepName::Analyse | StepName::Train => [practice, practice],
        StepName::Extract | StepName::Prepare | StepName::Evaluate | StepName::Validate => ["training.automated", practice],
    };
    let not_read = |id: &&str| find(system, id).is_some_and(|p| p.standing.unknown == Some(Unknown::NotRead));
    let id = ids.iter().find(|id| not_read(id))?;
    Some(super::unread::named(findings, id).unwrap_or_else(|| "part of the repository".to_owned()))
}

type Told = (Starter, Option<usize>, String);

/// A person starts it, unless what was not read does; or what something that starts by itself hands over to.
fn by_hand(at: Option<usize>, open: Option<String>, left: Option<Location>) -> Told {
    match open {
        None if left.is_some() => {
            (Starter::Person, at, left.map(|at| format!("here; {at} leaves this scan")).unwrap_or_default())
        }
        Some(file) => (Starter::Unknown, at, format!("by hand at least; not read: {file}")),
        None => (Starter::Person, at, String::new()),
    }
}

/// Something starts it without a person, over a link that cannot run as written.
fn broken(findings: &Findings<'_>, targets: &[(usize, NodeId)], starters: Vec<NodeId>) -> Option<Told> {
    let graph = findings.graph;
    let reached = graph.reach(&starters, Walk::at(Strength::Broken));
    let (signal, node) = targets.iter().filter(|(_, n)| reached.has(*n)).min_by_key(|(i, n)| (reached.hops(*n), *i))?;
    let breaks = |edge: &usize| graph.edges[*edge].strength == Strength::Broken;
    let edge = reached.path(*node).into_iter().find(breaks)?;
    let at = &graph.edges[graph.broken_by.get(&edge).copied().unwrap_or(edge)].at;
    Some((Starter::Broken, Some(*signal), format!("but it cannot run as written: {at}")))
}

/// It runs when an image is started, and nothing starts that.
fn in_an_image(findings: &Findings<'_>, targets: &[(usize, NodeId)], left: Option<Location>) -> Option<Told> {
    let graph = findings.graph;
    let starts: Vec<NodeId> = graph.entries().into_iter().filter(|n| graph.is_start_of_image(*n)).collect();
    let reached = graph.reach(&starts, Walk::at(Strength::Inferred));
    let (signal, node) = targets.iter().filter(|(_, n)| reached.has(*n)).min_by_key(|(i, n)| (reached.hops(*n), *i))?;
    let image = &graph.nodes[reached.start(graph, *node)].at.path;
    let left = left.map(|at| format!("; {at} leaves this scan")).unwrap_or_default();
    Some((Starter::Nobody, Some(*signal), format!("in the image of {image}, which nothing here starts{left}")))
}

/// It is there and nothing starts it, unless what was not read does.
fn idle(at: Option<usize>, open: Option<String>) -> Told {
    match (at, open) {
        (_, Some(file)) => (Starter::Unknown, at, format!("not read: {file}")),
        (Some(_), None) => (Starter::Nobody, at, "written, and nothing starts it".to_owned()),
        (None, None) => (Starter::Nobody, at, String::new()),
    }
}

/// Signals of the system's own source that fit, with their nodes.
fn targets(
    findings: &Findings<'_>,
    system: &JudgedSystem<'_>,
    fits: impl Fn(&crate::signals::Signal) -> bool,
) -> Vec<(usize, NodeId)> {
    let own = |path: &str| system.system.owns(path) && system.system.is_source(path);
    let all = findings.signals.all.iter().enumerate();
    all.filter(|(_, s)| fits(s) && s.off.is_none() && own(&s.at.path))
        .flat_map(|(i, _)| findings.graph.nodes_of(i).map(move |n| (i, n)))
        .collect()
}

/// A step that no operation stands for is there all the same where a practice of its kind holds.
fn told_by_practice(findings: &Findings<'_>, system: &JudgedSystem<'_>, step: StepName) -> Vec<(usize, NodeId)> {
    let ids: &[&str] = match step {
        StepName::Evaluate => &["model.evaluated", "model.sliced"],
        StepName::Validate => &["model.gated"],
        StepName::Monitor => &["monitoring.data_drift", "monitoring.model_quality"],
        StepName::Extract | StepName::Analyse | StepName::Prepare | StepName::Train | StepName::Serve => &[],
    };
    let told = ids.iter().filter_map(|id| find(system, id)).filter(|p| holds(p));
    let mut signals: Vec<usize> = told.flat_map(|p| p.chains.iter().map(|c| c.signal).chain(p.signals.iter().copied())).collect();
    signals.sort_unstable();
    signals.dedup();
    // what a practice hangs on besides, a condition or a job that hands over, does not do the step
    signals.retain(|i| findings.signals.all[*i].op.is_some());
    signals.into_iter().flat_map(|i| findings.graph.nodes_of(i).map(move |n| (i, n))).collect()
}

/// Monitoring that a platform is told to do, where no program of this system does it.
fn declared(findings: &Findings<'_>, system: &JudgedSystem<'_>, otherwise: Starter, why: String) -> Step {
    let step = StepName::Monitor;
    let met = |p: &&Judged| p.standing.verdict == Verdict::Met;
    let told = ["monitoring.data_drift", "monitoring.model_quality"].iter().filter_map(|id| find(system, id)).find(met);
    let evidence: Vec<_> = told.map(|p| evidence_of(findings, p)).unwrap_or_default().into_iter().take(1).collect();
    let (starter, why) = if evidence.is_empty() { (otherwise, why) } else { (Starter::Itself, String::new()) };
    Step { step, starter, evidence, why }
}

/// Which places of a step a reader should see first, least first: source files before notebooks, and those of the system's
/// own chains and of the head of the report before others.
fn seen_first(findings: &Findings<'_>, system: &JudgedSystem<'_>) -> impl Fn(usize) -> (bool, bool) {
    let first = first_seen(findings, system);
    let all = &findings.signals.all;
    let mut files: BTreeSet<&str> = BTreeSet::new();
    for roots in [&system.system.trains, &system.system.serves] {
        files.extend(roots.iter().min_by_key(|s| first(**s)).map(|s| &*all[*s].at.path));
    }
    let chains = OWN.iter().filter_map(|id| find(system, id)).filter(|p| holds(p)).filter_map(|p| p.chains.first());
    files.extend(chains.flat_map(|chain| &chain.edges).map(|edge| &*findings.graph.edges[*edge].at.path));
    let files: BTreeSet<String> = files.into_iter().map(str::to_owned).collect();
    move |signal| (all[signal].notebook, !files.contains(&*all[signal].at.path))
}

/// Practices whose chains are the system's own way.
const OWN: &[&str] = &["training.automated", "training.continuous", "deploy.automated", "monitoring.data_drift"];

/// The target that is reached and seen first, over the fewest hops.
fn nearest(
    findings: &Findings<'_>,
    targets: &[(usize, NodeId)],
    starters: &[NodeId],
    least: Strength,
    first: &dyn Fn(usize) -> (bool, bool),
) -> Option<usize> {
    let reached = findings.graph.reach(starters, Walk::at(least));
    targets.iter().filter(|(_, n)| reached.has(*n)).min_by_key(|(i, n)| (first(*i), reached.hops(*n), *i)).map(|(i, _)| *i)
}

/// Who starts the program that answers, where nothing here rolls it out. A job that runs on a push tries it out; only
/// what comes back by itself puts it to use.
fn served(findings: &Findings<'_>, system: &JudgedSystem<'_>, open: Option<String>) -> Step {
    let graph = findings.graph;
    let targets: Vec<(usize, NodeId)> = system.system.serves.iter().flat_map(|i| graph.nodes_of(*i).map(|n| (*i, n))).collect();
    let first = seen_first(findings, system);
    let reach = |starters: Vec<NodeId>, least| nearest(findings, &targets, &starters, least, &first);
    // who rolls it out may be elsewhere
    let assumed = |p: &&Judged| p.standing.because == Some(Because::Assumed);
    let handed_over = find(system, "deploy.automated")
        .filter(assumed)
        .map(|p| p.near.as_ref().map(|n| outside_words(&super::sentence(findings, n))).unwrap_or_default());
    let (starter, at, why) = if let Some(at) = reach(graph.triggers(TriggerKind::is_continuous), Strength::Inferred) {
        (Starter::Itself, Some(at), String::new())
    } else if let Some(near) = handed_over {
        (Starter::Outside, targets.first().map(|(i, _)| *i), near)
    } else if let Some(at) = reach(people(findings), Strength::Inferred) {
        by_hand(Some(at), open, None)
    } else if let Some(file) = open {
        (Starter::Unknown, targets.first().map(|(i, _)| *i), format!("not read: {file}"))
    } else if let Some(at) = reach(graph.triggers(TriggerKind::is_unattended), Strength::Inferred) {
        (Starter::Person, Some(at), "a job only tries it out".to_owned())
    } else if let Some(told) = broken(findings, &targets, graph.triggers(TriggerKind::is_continuous)) {
        told
    } else if let Some(told) = in_an_image(findings, &targets, None) {
        told
    } else {
        idle(targets.first().map(|(i, _)| *i), None)
    };
    let evidence = at.map(|s| vec![signal(findings, s)]).unwrap_or_default();
    Step { step: StepName::Serve, starter, evidence, why }
}
