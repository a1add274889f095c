//! What a reader should see first: the strongest chains, open ends, and what looks automatic and is not.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Chain;
use super::super::redact;
use super::super::system::{ChainHead, Evidence, Lookalike, OpenEnd, Starter, Step, StepName};
use super::{Findings, JudgedSystem, chain, evidence_of, place, signal};
use crate::graph::reach::Walk;
use crate::graph::{NodeId, NodeKind};
use crate::practices::{self, Judged, rank};
use crate::source::is_copy;
use crate::verdict::Standing;
use crate::words::{Because, EdgeKind, Op, Strength, TriggerKind, Verdict};

/// Practices whose chains are worth a headline, with what they do.
const HEADS: &[(&str, Op)] = &[
    ("training.continuous", Op::Train),
    ("training.automated", Op::Train),
    ("deploy.automated", Op::Deploy),
    ("pipeline.cd", Op::Deploy),
    ("loop.retrain", Op::Train),
    ("registry.promotion", Op::Promote),
    ("monitoring.data_drift", Op::Monitor),
    ("monitoring.model_quality", Op::Monitor),
    ("data.ingest_automated", Op::Ingest),
];

pub(super) fn find<'j>(system: &'j JudgedSystem<'_>, id: &str) -> Option<&'j Judged> {
    system.practices.iter().find(|p| p.id == id)
}

pub(super) fn holds(judged: &Judged) -> bool {
    matches!(judged.standing.verdict, Verdict::Met | Verdict::Indicated)
}

/// The best chain of each headline practice that holds, strongest first.
pub(super) fn chain_heads(findings: &Findings<'_>, system: &JudgedSystem<'_>, steps: &[Step]) -> Vec<ChainHead> {
    let mut heads: Vec<(u8, ChainHead)> = Vec::new();
    for (id, op) in HEADS {
        let Some(judged) = find(system, id).filter(|p| holds(p)) else { continue };
        // the chain that does what the practice is about, where the parts of the answer have several
        let does = |c: &&crate::practices::Chain| findings.signals.all[c.signal].op == Some(*op);
        let Some(best) = judged.chains.iter().find(does).or_else(|| judged.chains.first()) else { continue };
        let written = chain(findings, best);
        // without a trigger the first hop is a line of a program, which says less than the program
        let start = best.edges.first().map(|e| findings.graph.edges[*e].from).or_else(|| findings.graph.node_of(best.signal));
        let text = match start.filter(|_| best.trigger.is_none()) {
            Some(start) => redact::snippet(&findings.graph.nodes[start].label),
            None => written.0.first().map(|first| first.what.clone()).unwrap_or_default(),
        };
        // headed by what it does in the end, whoever asked for it
        let op = written.0.last().and_then(|last| last.op).unwrap_or(*op);
        heads.push((
            rank(judged.standing),
            ChainHead {
                chain: written,
                op,
                practice: (*id).to_owned(),
                trigger: best.trigger,
                text,
                strength: best.strength,
                because: judged.standing.because,
            },
        ));
    }
    heads.extend(of_steps(findings, steps, &heads));
    heads.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
    // the same way may be told of two practices; the stronger one tells it
    let mut strongest: Vec<ChainHead> = Vec::new();
    for (_, head) in heads {
        if !strongest.iter().any(|told| same_way(&told.chain, &head.chain) || only_starts_weaker(told, &head)) {
            strongest.push(head);
        }
    }
    strongest.truncate(6);
    strongest
}

/// Whether a chain does what a stronger one does at the same place, and a person starts it.
fn only_starts_weaker(told: &ChainHead, head: &ChainHead) -> bool {
    let end = |head: &ChainHead| head.chain.0.last().map(|hop| (hop.path.clone(), hop.line, hop.repository.clone()));
    let by_hand = |head: &ChainHead| head.trigger.is_none_or(|kind| kind == TriggerKind::Manual);
    told.op == head.op && end(told) == end(head) && by_hand(head) && !by_hand(told)
}

/// The chains of what starts by itself, serving and monitoring, that no practice above tells.
fn of_steps(findings: &Findings<'_>, steps: &[Step], told: &[(u8, ChainHead)]) -> Vec<(u8, ChainHead)> {
    let graph = findings.graph;
    let mut found = Vec::new();
    for (name, practice, ops) in [
        (StepName::Serve, "serving.defined", [Op::Serve, Op::Deploy]),
        (StepName::Monitor, "monitoring.data_drift", [Op::Monitor; 2]),
    ] {
        // what is said of a step beside who starts it is that it is there in part only
        let itself = |step: &&Step| step.step == name && step.starter == Starter::Itself && step.why.is_empty();
        let Some(step) = steps.iter().find(itself) else { continue };
        let sure = |head: &ChainHead| !matches!(head.because, Some(Because::Assumed | Because::Idle | Because::Broken));
        let works = |head: &ChainHead| sure(head) && head.trigger.is_some_and(TriggerKind::is_unattended);
        if told.iter().any(|(_, head)| ops.contains(&head.op) && works(head)) {
            continue;
        }
        // the very place that the step is told by
        let at = |evidence: &Evidence| Some((evidence.path.clone()?, evidence.line?));
        let Some((path, line)) = step.evidence.iter().find_map(at) else { continue };
        let here =
            |(_, seen): &(usize, &crate::signals::Signal)| *seen.at.path == *path && seen.at.line == line && seen.off.is_none();
        let signals: Vec<usize> = findings.signals.all.iter().enumerate().filter(here).map(|(signal, _)| signal).collect();
        let starters = graph.triggers(TriggerKind::is_unattended);
        let way = [Strength::Resolved, Strength::Inferred].into_iter().find_map(|least| {
            let reached = graph.reach(&starters, Walk::at(least));
            let nodes = signals.iter().flat_map(|signal| graph.nodes_of(*signal).map(|node| (*signal, node)));
            let (signal, node) =
                nodes.filter(|(_, node)| reached.has(*node)).min_by_key(|(s, node)| (reached.hops(*node), *s))?;
            Some(practices::lead(graph, findings.signals, reached.path(node), node, signal))
        });
        let Some(way) = way else { continue };
        let written = chain(findings, &way);
        let because = (way.strength < Strength::Resolved).then_some(Because::Inferred);
        let head = ChainHead {
            op: written.0.last().and_then(|last| last.op).filter(|op| ops.contains(op)).unwrap_or(ops[0]),
            text: written.0.first().map(|first| first.what.clone()).unwrap_or_default(),
            chain: written,
            practice: practice.to_owned(),
            trigger: way.trigger,
            strength: way.strength,
            because,
        };
        found.push((rank(because.map_or(Standing::plain(Verdict::Met), Standing::indicated)), head));
    }
    found
}

/// Whether two chains lead over the same places; how sure a hop is may differ by who asks.
fn same_way(one: &Chain, other: &Chain) -> bool {
    one.0.iter().map(|hop| (&hop.path, hop.line)).eq(other.0.iter().map(|hop| (&hop.path, hop.line)))
}

/// Which of several places a reader should see first, least first: what starts by itself before what a person starts
/// and what nothing starts; what a headline leads to; what others use before what by its name tries it out, code before
/// notebooks, definitions before what only calls them, and files that do more with a model before those that do less.
pub(super) fn first_seen(findings: &Findings<'_>, system: &JudgedSystem<'_>) -> impl Fn(usize) -> [u8; 7] {
    let graph = findings.graph;
    let live = graph.reach(&graph.triggers(|k| k != TriggerKind::Manual), Walk::at(Strength::Assumed));
    let by_hand = graph.reach(&people(findings), Walk::at(Strength::Inferred));
    let heads = HEADS.iter().filter_map(|(id, _)| find(system, id)).filter(|p| holds(p));
    let told: BTreeSet<usize> = heads.filter_map(|p| p.chains.first()).map(|c| c.signal).collect();
    let mut does: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for seen in findings.signals.all.iter().filter(|seen| seen.off.is_none()) {
        does.entry(&seen.at.path).or_default().extend(seen.op.map(|op| op.word()));
    }
    move |signal| {
        let seen = &findings.signals.all[signal];
        let node = graph.node_of(signal);
        let starts = match () {
            _ if graph.nodes_of(signal).any(|n| live.has(n)) => 0,
            _ if graph.nodes_of(signal).any(|n| by_hand.has(n)) => 1,
            _ => 2,
        };
        let name = crate::source::file_name(&seen.at.path).to_lowercase();
        let named = |words: &[&str]| words.iter().any(|word| name.contains(word));
        let defines = node.is_some_and(|n| matches!(graph.nodes[n].kind, NodeKind::Function | NodeKind::File));
        // a trial that a job runs on every push is started before the real thing, and is not it
        let flags = [
            named(&["smoke", "test", "profil", "bench"]),
            !told.contains(&signal),
            named(&["example", "demo"]),
            seen.notebook,
            !defines,
        ];
        let [trial, untold, shows, notebook, calls] = flags.map(u8::from);
        let done = does.get(&*seen.at.path).map_or(0, |ops| u8::try_from(ops.len()).unwrap_or(u8::MAX));
        [trial, starts, untold, shows, notebook, calls, u8::MAX - done]
    }
}

/// What a person can start: triggers by hand, and programs. What is in an image is not among them: that is started where
/// something names the image.
pub(super) fn people(findings: &Findings<'_>) -> Vec<NodeId> {
    let graph = findings.graph;
    let mut people = graph.triggers(|k| k == TriggerKind::Manual);
    people.extend(graph.entries().into_iter().filter(|n| !graph.is_start_of_image(*n)));
    people
}

/// Where the automation leaves what was scanned.
pub(super) fn open_ends(findings: &Findings<'_>, system: &JudgedSystem<'_>) -> Vec<OpenEnd> {
    let graph = findings.graph;
    let mut starters = graph.triggers(|_| true);
    starters.extend(graph.entries());
    let live = graph.reach(&starters, Walk::at(Strength::Assumed));
    let mut ends: BTreeMap<String, OpenEnd> = BTreeMap::new();
    let mut by_command: std::collections::BTreeSet<String> = std::collections::BTreeSet::new();
    for (id, edge) in graph.edges.iter().enumerate() {
        let leaves = graph.nodes[edge.to].kind == NodeKind::Outside && edge.off.is_none();
        if !leaves || !live.has(edge.from) || !system.system.owns(&edge.at.path) || !system.system.is_source(&edge.at.path) {
            continue;
        }
        let outside = redact::snippet(&graph.nodes[edge.to].label);
        // what is handed over stands where it is named, and no chain goes past that
        let stands_here = |p: &Judged| {
            let signal = |s: &usize| findings.signals.all[*s].at == edge.at;
            let seen = p.signals.iter().any(signal) || p.chains.iter().any(|c| signal(&c.signal));
            p.standing.because == Some(Because::Assumed) && (seen || p.near.as_ref().is_some_and(|near| near.at == edge.at))
        };
        let hangs = |p: &&Judged| p.chains.iter().any(|c| c.edges.contains(&id)) || stands_here(p);
        let practices: Vec<String> = system.practices.iter().filter(hangs).map(|p| p.id.clone()).collect();
        let end = ends.entry(outside.clone()).or_insert_with(|| OpenEnd {
            outside,
            why: "it was not in this scan, so nobody can say here what it does".to_owned(),
            evidence: Vec::new(),
            practices: Vec::new(),
        });
        by_command.extend((graph.nodes[edge.from].kind == NodeKind::Command).then(|| end.outside.clone()));
        if end.evidence.len() < 4 {
            end.evidence.push(place(findings, &edge.at, "open-end"));
        }
        end.practices.extend(practices);
        end.practices.sort();
        end.practices.dedup();
    }
    if let Some(loaded) = system.system.serves.first().filter(|_| system.system.trains.is_empty()) {
        let training = |p: &&Judged| p.id.starts_with("training.") && !holds(p);
        let outside = "the training of this model".to_owned();
        let end = OpenEnd {
            outside: outside.clone(),
            why: "nothing here trains what is served, so what starts its training, and how, is decided elsewhere".to_owned(),
            evidence: vec![signal(findings, *loaded)],
            practices: system.practices.iter().filter(training).map(|p| p.id.clone()).collect(),
        };
        ends.insert(outside, end);
    }
    // a published step that no verdict hangs on says nothing; a workflow of elsewhere may hold anything, and so may what
    // a command names
    let tells = |end: &OpenEnd| !end.practices.is_empty() || end.outside.contains(".y") || by_command.contains(&end.outside);
    ends.into_values().filter(tells).take(40).collect()
}

/// What is written and what of it is not there, the name told once.
fn broken(what: &str, missing: &str) -> String {
    // where the reference has no words of its own, what is missing is all there is to say
    if what.is_empty() || missing.contains(what) {
        return missing.to_owned();
    }
    if what.contains(missing) {
        return what.to_owned();
    }
    let named = missing.strip_prefix('`').and_then(|rest| rest.split_once("` ")).filter(|(name, _)| what.contains(name));
    named.map_or_else(|| format!("{what}: {missing}"), |(_, why)| format!("{what}: it {why}"))
}

/// Whether something leads to what makes a model.
fn trains(findings: &Findings<'_>, node: NodeId) -> bool {
    let reached = findings.graph.reach(&[node], Walk::at(Strength::Assumed));
    let makes = |op: Op| matches!(op, Op::Train | Op::Tune | Op::Register);
    let all = findings.signals.all.iter().enumerate().filter(|(_, seen)| seen.off.is_none() && seen.op.is_some_and(makes));
    all.flat_map(|(signal, _)| findings.graph.nodes_of(signal)).any(|n| reached.has(n))
}

/// Whether what is said to be missing is a task by a name that sets a variable: then the words were not understood.
fn is_setting(missing: &str) -> bool {
    let of_task = missing.contains(" no target ") || missing.contains(" no task ");
    of_task && missing.split('`').skip(1).step_by(2).any(|name| name.contains('='))
}

/// What looks automatic and is not: links switched off, links that break, checks whose failure stops nothing, and
/// effects that only a person starts.
pub(super) fn lookalikes(findings: &Findings<'_>, system: &JudgedSystem<'_>) -> Vec<Lookalike> {
    let graph = findings.graph;
    let owns = |path: &str| system.system.owns(path) && system.system.is_source(path);
    let (mut found, mut late): (Vec<Lookalike>, Vec<bool>) = (Vec::new(), Vec::new());
    let mut starters = graph.triggers(|_| true);
    starters.extend(graph.entries());
    let runs = graph.reach(&starters, Walk::at(Strength::Broken));
    // what one caller switches off and another runs is not switched off
    let is_run: std::collections::BTreeSet<_> = graph
        .edges
        .iter()
        .filter(|e| e.off.is_none() && e.runs() && runs.has(e.from))
        .map(|e| (&graph.nodes[e.to].at, &graph.nodes[e.to].label))
        .collect();
    // what a person starts pretends nothing, unless work on a model hangs on it
    let by_itself = graph.reach(&graph.triggers(|kind| kind != TriggerKind::Manual), Walk::at(Strength::Broken));
    let works: Vec<NodeId> = findings
        .signals
        .all
        .iter()
        .enumerate()
        .filter(|(_, seen)| seen.off.is_none() && seen.op.is_some_and(|op| !matches!(op, Op::Package | Op::Notify)))
        .flat_map(|(signal, _)| graph.nodes_of(signal))
        .collect();
    let leads = graph.reach_back(&works, Walk { off: true, ..Walk::at(Strength::Broken) });
    let matters = |node: NodeId| by_itself.has(node) || leads[node] || graph.arriving(node).any(|e| leads[e.from]);
    for edge in graph.edges.iter().filter(|edge| edge.kind == EdgeKind::Starts || matters(edge.from)) {
        if let Some(off) = &edge.off
            && owns(&edge.at.path)
            // what a caller does without in another repository is that one's choice to offer
            && !is_copy(&edge.at.path)
            && !is_run.contains(&(&graph.nodes[edge.to].at, &graph.nodes[edge.to].label))
            && matches!(edge.kind, EdgeKind::Starts | EdgeKind::Contains)
            // what tells of a failure, tidies up after one or goes back to what was before pretends nothing
            && (!edge.rescue || trains(findings, edge.to))
        {
            found.push(Lookalike {
                evidence: vec![place(findings, &edge.at, "switched-off")],
                why: redact::snippet(&format!("{}: {off}", edge.what)),
            });
            late.push(!by_itself.has(edge.from) && edge.kind != EdgeKind::Starts);
        } else if edge.strength == Strength::Broken
            && graph.nodes[edge.to].kind == NodeKind::Missing
            && owns(&edge.at.path)
            && runs.has(edge.from)
            && !is_setting(&graph.nodes[edge.to].label)
        {
            found.push(Lookalike {
                evidence: vec![place(findings, &edge.at, "broken")],
                why: redact::snippet(&broken(&edge.what, &graph.nodes[edge.to].label)),
            });
            late.push(!by_itself.has(edge.from));
        }
    }
    // what starts by itself goes before what a person starts
    let mut sorted: Vec<(bool, Lookalike)> = late.into_iter().zip(found).collect();
    sorted.sort_by_key(|(late, _)| *late);
    let mut found: Vec<Lookalike> = sorted.into_iter().map(|(_, one)| one).collect();
    for judged in &system.practices {
        let unheeded = judged.chains.first().and_then(|c| c.unheeded.as_ref());
        if let (Some(why), true) = (unheeded, judged.standing.because == Some(Because::Broken)) {
            found.push(Lookalike {
                evidence: evidence_of(findings, judged).into_iter().take(2).collect(),
                why: redact::snippet(&format!("its failure stops nothing: {why}")),
            });
        }
    }
    for id in ["training.automated", "deploy.automated", "model.gated", "loop.retrain", "registry.promotion"] {
        let Some(judged) = find(system, id) else { continue };
        if !matches!(judged.standing.verdict, Verdict::NotShown) {
            continue;
        }
        // a notebook and a test look like what they are
        if let Some(near) = judged.near.as_ref().filter(|near| !near.at.path.ends_with(".ipynb") && owns(&near.at.path)) {
            found.push(Lookalike { evidence: vec![place(findings, &near.at, id)], why: super::sentence(findings, near) });
        }
    }
    found.sort_by_key(|l| l.evidence.first().is_some_and(|e| e.path.as_deref().is_some_and(|p| p.ends_with(".ipynb"))));
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|l| seen.insert((l.evidence.first().map(|e| (e.path.clone(), e.line)), l.why.clone())));
    found.truncate(12);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_no_missing_task() {
        assert!(is_setting("`Makefile` has no target `MODEL=tide`"));
        assert!(!is_setting("`Makefile` has no target `tide`"));
        assert!(!is_setting("`run.py --model=tide` is not there"));
    }

    #[test]
    fn what_is_missing_is_told_once() {
        assert_eq!(broken("make retrain", "`retrain` is no target"), "make retrain: it is no target");
        assert_eq!(broken("python a.py", "`b.csv` is not tracked"), "python a.py: `b.csv` is not tracked");
        let missing = "nothing that is tracked is called `x`";
        assert_eq!(broken(missing, missing), missing);
        assert_eq!(broken("", missing), missing);
    }
}
