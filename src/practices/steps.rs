//! `steps`: kinds of work as separate, linked steps of one definition.
//!
//! One task that runs everything is no pipeline, so every kind must be matched with a step of its own.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use super::answer::Answer;
use super::clause::Judge;
use super::{LIKELY, Miss, Proof};
use crate::fact::UnitKind;
use crate::graph::reach::Walk;
use crate::graph::{Graph, NodeId, NodeKind, breaks};
use crate::rules::practice::{From, Select, Steps};
use crate::rules::signal::OneOrMany;
use crate::verdict::Standing;
use crate::words::{Because, EdgeKind, Strength, Verdict};

/// The best definition that has the steps.
pub(crate) fn answer(judge: &Judge<'_>, ask: &Steps) -> Answer {
    let graph = judge.evidence().graph;
    let kinds: Vec<Vec<(usize, NodeId)>> =
        ask.of.iter().map(|ops| judge.targets(&Select { op: ops.clone(), ..Select::default() })).collect();
    // what a step is called tells what it does only where what it runs is there to be told by nothing else
    let called: Vec<Vec<(usize, NodeId)>> = ask
        .of
        .iter()
        .map(|ops| {
            let ids = ops.iter().filter_map(|op| ask.named.get(op)).flat_map(|ids| ids.all().iter().cloned()).collect::<Vec<_>>();
            if ids.is_empty() { Vec::new() } else { judge.targets(&Select { id: OneOrMany::Many(ids), ..Select::default() }) }
        })
        .collect();
    // where a step is a function of one's own, what somebody called it tells something; few definitions have such steps
    let words: OnceCell<Vec<Vec<Regex>>> = OnceCell::new();
    let compiled =
        || ask.of.iter().map(|ops| ops.iter().filter_map(|op| Regex::new(ask.words.get(op)?).ok()).collect()).collect();
    // the kind that must be one of the steps
    let needed: Vec<usize> =
        ask.of.iter().enumerate().filter(|(_, ops)| ops.iter().any(|op| ask.with.contains(op))).map(|(kind, _)| kind).collect();
    let everyone: Vec<NodeId> = judge.starters(From::Anyone, &[]).into_iter().flatten().collect();
    let live = graph.reach(&everyone, Walk::at(Strength::Inferred));
    let out = breaks::out_of_order(graph);
    let aims: Vec<NodeId> = kinds.iter().flatten().map(|(_, node)| *node).collect();
    let leading = graph.reach_back(&aims, Walk::at(Strength::Inferred));
    // what a node does is the same in every definition that it is a step of
    let mut known: BTreeMap<NodeId, Vec<Option<Told>>> = BTreeMap::new();
    let mut best = Answer::no();
    let mut loose: Option<Answer> = None;
    for Group { weak, at, members } in groups(graph) {
        let members: Vec<NodeId> = members.into_iter().filter(|n| live.has(*n)).collect();
        if members.len() < ask.at_least {
            continue;
        }
        let does: Vec<(NodeId, Vec<Option<Told>>)> = members
            .iter()
            .map(|node| {
                if let Some(does) = known.get(node) {
                    return (*node, does.clone());
                }
                let run = leading[*node].then(|| graph.reach(&[*node], Walk::at(Strength::Inferred)));
                let runs = |n: NodeId| run.as_ref().is_some_and(|run| run.has(n));
                let signal = |found: Option<&(usize, NodeId)>| found.map(|(s, _)| Told::By(*s));
                let first = |targets: &Vec<(usize, NodeId)>| signal(targets.iter().find(|(_, n)| runs(*n)));
                let whole = !graph.leaving(*node).any(|e| e.strength == Strength::Broken && e.off.is_none());
                let own = |targets: &Vec<(usize, NodeId)>| signal(targets.iter().find(|(_, n)| whole && n == node));
                let function = function(graph, *node).filter(|_| whole);
                let by_name = |kind: usize| {
                    let name = function?;
                    let words = words.get_or_init(compiled).get(kind)?;
                    words.iter().any(|word| word.is_match(name)).then_some(Told::ByName)
                };
                let kinds = kinds.iter().zip(&called).enumerate();
                let does: Vec<Option<Told>> =
                    kinds.map(|(kind, (does, called))| first(does).or_else(|| own(called)).or_else(|| by_name(kind))).collect();
                known.insert(*node, does.clone());
                (*node, does)
            })
            .collect();
        let matched = matching(&does, kinds.len(), &needed);
        let has = |kind: &usize| matched.iter().any(|(_, k, _)| k == kind);
        if matched.len() < ask.at_least || !(needed.is_empty() || needed.iter().any(has)) {
            continue;
        }
        let nodes: Vec<NodeId> = matched.iter().map(|(n, _, _)| *n).collect();
        if !weak && !linked(graph, &nodes) {
            loose = loose.or_else(|| unlinked(judge, &matched));
            continue;
        }
        let mut found = Answer::plain(Verdict::Met);
        if matched.iter().any(|(node, _, _)| out[*node]) {
            found.standing = Standing::indicated(Because::Broken);
        } else if weak {
            found.standing = Standing::indicated(Because::Weak);
            let script = &graph.nodes[at];
            let text = format!("the steps follow each other in {}", script.label);
            found.why = (script.at.line > 0).then(|| Miss::plain(script.at.clone(), text));
        } else if let Some((node, ..)) = matched.iter().find(|(_, _, told)| matches!(told, Told::ByName)) {
            found.standing = Standing::indicated(Because::Inferred);
            let step = &graph.nodes[*node];
            let text = format!("{} tells what it does by its name only; that it does so{LIKELY}", step.label);
            found.why = Some(Miss::plain(step.at.clone(), text));
        }
        found.signals = matched.iter().filter_map(|(_, _, told)| told.signal()).collect();
        // the definition itself is evidence, step by step
        let step =
            |node: NodeId| Proof { at: Some(graph.nodes[node].at.clone()), commit: None, what: graph.nodes[node].label.clone() };
        found.places = matched
            .iter()
            .filter(|(node, _, _)| matches!(graph.nodes[*node].kind, NodeKind::Unit(_)))
            .map(|(node, _, _)| step(*node))
            .collect();
        if super::rank(found.standing) > super::rank(best.standing) {
            best = found;
        }
    }
    if ask.loose {
        return loose.filter(|_| best.standing.verdict != Verdict::Met).unwrap_or_else(Answer::no);
    }
    // steps of their own that nothing ties are nearer to a pipeline than the lines of a script
    if best.standing.verdict == Verdict::NotShown || best.standing.because == Some(Because::Weak) {
        best.why = loose.and_then(|loose| loose.why).or(best.why);
    }
    best
}

/// Steps of their own between which no order is stated, and the one that hangs in the air.
fn unlinked(judge: &Judge<'_>, matched: &[(NodeId, usize, Told)]) -> Option<Answer> {
    let graph = judge.evidence().graph;
    let tied = |n: NodeId| graph.arriving(n).any(|e| e.kind == EdgeKind::Precedes && e.off.is_none());
    let mut steps: Vec<NodeId> = matched.iter().map(|(n, ..)| *n).collect();
    steps.sort_by_key(|n| (&graph.nodes[*n].at.path, graph.nodes[*n].at.line));
    // the first has nothing to wait for
    let node = steps.iter().skip(1).copied().find(|n| !tied(*n))?;
    let step = &graph.nodes[node];
    let many = steps.len();
    let text = if steps.iter().any(|n| tied(*n)) {
        format!("{} is one of {many} steps that are declared, and takes nothing that another makes", step.label)
    } else {
        format!("{many} kinds of step are declared, and none takes what another makes, such as {}", step.label)
    };
    let mut answer = Answer::plain(Verdict::Met);
    answer.signals = matched.iter().filter_map(|(.., told)| told.signal()).collect();
    answer.why = Some(Miss::plain(step.at.clone(), text));
    Some(answer)
}

/// What tells the kind of a step.
#[derive(Debug, Clone, Copy)]
enum Told {
    /// A signal of what it runs, or of the step itself.
    By(usize),
    /// The name of the function that it is.
    ByName,
}

impl Told {
    fn signal(self) -> Option<usize> {
        match self {
            Self::By(signal) => Some(signal),
            Self::ByName => None,
        }
    }
}

/// The name of the one own function that is the step.
fn function(graph: &Graph, step: NodeId) -> Option<&str> {
    let mut called =
        graph.leaving(step).filter(|e| e.kind == EdgeKind::Calls && e.off.is_none() && e.strength == Strength::Resolved);
    let only = called.next().filter(|_| called.next().is_none())?;
    let node = graph.nodes.get(only.to).filter(|n| n.kind == NodeKind::Function)?;
    node.key.rsplit_once('#').map(|(_, name)| name)
}

/// A definition with its steps.
struct Group {
    /// Whether it is only a sequence of commands.
    weak: bool,
    /// The definition, or its first step.
    at: NodeId,
    members: Vec<NodeId>,
}

/// Definitions with their steps.
fn groups(graph: &Graph) -> Vec<Group> {
    let mut stages: BTreeMap<String, Vec<NodeId>> = BTreeMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for node in 0..graph.nodes.len() {
        if graph.nodes[node].kind == NodeKind::Function {
            // a function that is a pipeline holds its steps itself
            let steps = graph.leaving(node).filter(|e| e.off.is_none() && e.kind == EdgeKind::Contains);
            let steps: Vec<NodeId> =
                steps.map(|e| e.to).filter(|to| graph.nodes[*to].kind == NodeKind::Unit(UnitKind::Job)).collect();
            if !steps.is_empty() {
                groups.push(Group { weak: false, at: node, members: steps });
            }
            continue;
        }
        let NodeKind::Unit(kind) = graph.nodes[node].kind else { continue };
        if kind == UnitKind::Stage {
            stages.entry(graph.nodes[node].at.path.to_string()).or_default().push(node);
            continue;
        }
        let children: Vec<NodeId> = graph
            .leaving(node)
            .filter(|e| e.off.is_none() && matches!(e.kind, EdgeKind::Contains | EdgeKind::Invokes))
            .map(|e| e.to)
            .collect();
        match kind {
            UnitKind::Workflow | UnitKind::Group | UnitKind::Job => {
                groups.push(Group { weak: false, at: node, members: children })
            }
            UnitKind::Step | UnitKind::Script | UnitKind::Target | UnitKind::Action | UnitKind::ShellFunction => {
                groups.push(Group { weak: true, at: node, members: children })
            }
            // stages are put together by file above; the others start one thing
            UnitKind::Stage | UnitKind::Service | UnitKind::Image | UnitKind::EntryPoint | UnitKind::Manifest => {}
        }
    }
    groups.extend(stages.into_values().filter_map(|members| Some(Group { weak: false, at: *members.first()?, members })));
    groups
}

/// Different steps for different kinds, as many as there can be: the step, its kind, the signal that tells it.
fn matching(does: &[(NodeId, Vec<Option<Told>>)], kinds: usize, needed: &[usize]) -> Vec<(NodeId, usize, Told)> {
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    let others = (0..kinds).filter(|kind| !needed.contains(kind));
    // what has found a step keeps one, so those that must have one come first
    for kind in needed.iter().copied().chain(others) {
        let mut seen = BTreeSet::new();
        augment(kind, does, &mut taken, &mut seen);
    }
    taken.into_iter().filter_map(|(step, kind)| Some((does[step].0, kind, does[step].1[kind]?))).collect()
}

fn augment(
    kind: usize,
    does: &[(NodeId, Vec<Option<Told>>)],
    taken: &mut BTreeMap<usize, usize>,
    seen: &mut BTreeSet<usize>,
) -> bool {
    for (step, (_, can)) in does.iter().enumerate() {
        if can[kind].is_none() || !seen.insert(step) {
            continue;
        }
        let free = match taken.get(&step).copied() {
            None => true,
            Some(other) => augment(other, does, taken, seen),
        };
        if free {
            taken.insert(step, kind);
            return true;
        }
    }
    false
}

/// Whether an order is stated between the steps: steps of a job have theirs by their place, others must name it.
fn linked(graph: &Graph, nodes: &[NodeId]) -> bool {
    let in_sequence = nodes.iter().all(|n| matches!(graph.nodes[*n].kind, NodeKind::Unit(UnitKind::Step) | NodeKind::Command));
    let stated = nodes
        .iter()
        .filter(|n| graph.arriving(**n).chain(graph.leaving(**n)).any(|e| e.kind == EdgeKind::Precedes && e.off.is_none()))
        .count();
    in_sequence || stated + 1 >= nodes.len()
}
