//! The verb `reach`: who starts what, by which chain, and how good that is.
//!
//! Of several chains the best decides: those that no notebook starts before those that one does, broken ones last; within
//! each the greatest weakest strength, then continuous before other unattended triggers before people, then fewest hops.
//! One walk for each strength and class of starters, in falling order, ends at the first that arrives. Where all that is
//! sought follows a failure (rollback, alert, notify), edges marked `rescue` are ways as well.

use std::collections::{BTreeMap, BTreeSet};

use super::answer::{Answer, cap};
use super::chain::{Chain, chain};
use super::clause::Judge;
use super::{Miss, near, rank, tied};
use crate::fact::UnitKind;
use crate::graph::reach::{Reached, Walk};
use crate::graph::{Edge, NodeId, NodeKind};
use crate::rules::practice::{From, Notebooks, Reach, Select};
use crate::source::{Location, RepoPath};
use crate::verdict::Standing;
use crate::words::{Because, EdgeKind, Op, Scope, Strength, TriggerKind, Verdict};

/// Most things past which a way may lead that are looked at one by one.
const MAX_MARKS: usize = 40;

/// In which order chains are looked for: the strength, and whether by notebooks that people go through; either in the end.
const ORDER: [(Strength, Option<bool>); 7] = [
    (Strength::Resolved, Some(false)),
    (Strength::Inferred, Some(false)),
    (Strength::Assumed, Some(false)),
    (Strength::Resolved, Some(true)),
    (Strength::Inferred, Some(true)),
    (Strength::Assumed, Some(true)),
    (Strength::Broken, None),
];

impl Judge<'_> {
    /// Who may start a chain, and the nodes of all of them, strongest class first.
    pub(crate) fn starters(&self, from: From, only: &[TriggerKind]) -> Vec<Vec<NodeId>> {
        use TriggerKind::{Alert, Api, Data, Manual, Pr, Push, Registry, Schedule, Tag, Upstream};
        let of = |kinds: &[TriggerKind]| -> Vec<NodeId> {
            let wanted = kinds.iter().filter(|k| only.is_empty() || only.contains(k));
            let mut nodes: Vec<NodeId> = wanted.filter_map(|k| self.triggers.get(k)).flatten().copied().collect();
            nodes.sort_unstable();
            nodes
        };
        let continuous = &[Schedule, Data, Registry, Alert];
        match from {
            From::Unattended => vec![of(continuous), of(&[Push, Tag]), of(&[Pr]), of(&[Api, Upstream])],
            From::UnattendedNotPr => vec![of(continuous), of(&[Push, Tag]), of(&[Api, Upstream])],
            From::Continuous | From::Recurring => vec![of(continuous), of(&[Api, Upstream])],
            From::Ci => vec![of(&[Push, Tag]), of(&[Pr])],
            From::Release => vec![of(&[Push, Tag])],
            From::Alert => vec![of(&[Alert])],
            From::Anyone => {
                // what no other entry runs is where somebody begins; a notebook that somebody goes through comes last, for it
                // is the weakest of starts
                let people = |notebook: bool, first: bool| -> Vec<NodeId> {
                    let graph = self.evidence.graph;
                    let fits =
                        |n: &&NodeId| graph.nodes[**n].notebook == notebook && (notebook || first != self.is_run_by_another(**n));
                    self.entries.iter().filter(|_| only.is_empty()).filter(fits).copied().collect()
                };
                vec![
                    of(continuous),
                    of(&[Push, Tag]),
                    of(&[Pr]),
                    of(&[Api, Upstream]),
                    of(&[Manual]),
                    people(false, true),
                    people(false, false),
                    people(true, true),
                ]
            }
        }
    }

    /// Whether some entry runs another, be it as a program that is told words.
    fn is_run_by_another(&self, entry: NodeId) -> bool {
        let graph = self.evidence.graph;
        let (run, programs) = self.run_by_others();
        run.has(entry) || graph.nodes[entry].kind == NodeKind::Program && programs.contains(&graph.nodes[entry].at.path)
    }

    /// What some entry runs, so that entries among it are begun elsewhere, and the programs among that; worked out when
    /// first asked. That an image could be started is no beginning of what is in it.
    fn run_by_others(&self) -> &(Reached, BTreeSet<RepoPath>) {
        self.run_by_others.get_or_init(|| {
            let graph = self.evidence.graph;
            let walk = Walk { imports: false, ..Walk::at(Strength::Inferred) };
            let entries = self.entries.iter().filter(|n| !graph.is_start_of_image(**n));
            let runs = |e: &&Edge| e.runs() && e.kind != EdgeKind::Imports && e.off.is_none() && e.strength >= walk.least;
            let next: BTreeSet<NodeId> = entries.flat_map(|n| graph.leaving(*n)).filter(runs).map(|e| e.to).collect();
            let run = graph.reach(&next.into_iter().collect::<Vec<_>>(), walk);
            let nodes = graph.nodes.iter().enumerate().filter(|(n, node)| node.kind == NodeKind::Program && run.has(*n));
            let programs = nodes.map(|(_, node)| node.at.path.clone()).collect();
            (run, programs)
        })
    }

    /// What something unattended starts, worked out when first asked.
    pub(super) fn live(&self) -> &Reached {
        self.live.get_or_init(|| {
            let starters: Vec<NodeId> = self.starters(From::Unattended, &[]).into_iter().flatten().collect();
            self.evidence.graph.reach(&starters, Walk::at(Strength::Assumed))
        })
    }

    pub(super) fn walk(&mut self, from: From, only: &[TriggerKind], class: usize, starters: &[NodeId], walk: Walk) -> &Reached {
        let graph = self.evidence.graph;
        self.walks.entry((from, only.to_vec(), class, walk)).or_insert_with(|| graph.reach(starters, walk))
    }

    /// The best chain from the starters to one of the targets.
    pub(super) fn best(&mut self, from: From, only: &[TriggerKind], targets: &[(usize, NodeId)], tests: bool) -> Option<Chain> {
        let (graph, signals) = (self.evidence.graph, &self.evidence.signals.all);
        let classes = self.starters(from, only);
        let all = || classes.iter().enumerate().filter(|(_, s)| !s.is_empty());
        // undoing and telling is what comes after a failure; anything else that does is no way to do it
        let mends = |(signal, _): &(usize, NodeId)| signals[*signal].op.is_some_and(Op::follows_failure);
        let rescue = !targets.is_empty() && targets.iter().all(mends);
        let by_notebook = |starters: &[NodeId]| starters.iter().all(|n| graph.nodes[*n].notebook);
        for (least, notebooks) in ORDER {
            for (class, starters) in all().filter(|(_, s)| notebooks.is_none_or(|wanted| by_notebook(s) == wanted)) {
                let reached = self.walk(from, only, class, starters, Walk::at(least).with_tests(tests).with_rescue(rescue));
                let best = targets
                    .iter()
                    .filter(|(signal, node)| reached.has(*node) && signals[*signal].strength >= least)
                    .min_by_key(|(signal, node)| (reached.hops(*node), &signals[*signal].at, *signal));
                if let Some((signal, node)) = best {
                    let path = reached.path(*node);
                    return Some(chain(graph, self.evidence.signals, path, *node, *signal));
                }
            }
        }
        None
    }

    pub(super) fn standing_of(&self, chain: &Chain, check: bool, notebooks: Notebooks) -> Standing {
        let mut standing = match chain.strength {
            Strength::Resolved => Standing::plain(Verdict::Met),
            Strength::Inferred => Standing::indicated(Because::Inferred),
            Strength::Assumed => Standing::indicated(Because::Assumed),
            Strength::Broken => Standing::indicated(Because::Broken),
        };
        // who asks a service for its answers asks for work of that kind; that somebody sets off other work is not shown
        let on_request = chain.edges.iter().any(|e| self.evidence.graph.edges[*e].on_request);
        let answers = [Op::Serve, Op::Monitor, Op::Features, Op::ValidateData];
        if on_request && self.evidence.signals.all[chain.signal].op.is_some_and(|op| !answers.contains(&op)) {
            standing = cap(standing, Because::Inferred);
        }
        if check && chain.unheeded.is_some() {
            standing = cap(standing, Because::Broken);
        }
        // objects of a cluster that are known by a name only are rolled out no more surely
        if self.evidence.signals.all[chain.signal].op == Some(Op::Deploy)
            && let Some(node) = self.evidence.graph.node_of(chain.signal)
        {
            let graph = self.evidence.graph;
            let all = || graph.leaving(node).filter(|e| e.kind == EdgeKind::Applies && e.off.is_none());
            let by_name =
                |e: &Edge| e.strength == Strength::Inferred && graph.nodes[e.to].kind == NodeKind::Unit(UnitKind::Manifest);
            if all().next().is_some() && all().all(by_name) {
                standing = cap(standing, Because::Inferred);
            }
        }
        let graph = self.evidence.graph;
        let start = chain.edges.first().map(|e| graph.edges[*e].from).or_else(|| graph.node_of(chain.signal));
        let gone_through = chain.trigger.is_none() && start.is_some_and(|n| graph.nodes[n].notebook);
        if gone_through && notebooks != Notebooks::Yes {
            standing = cap(standing, Because::Idle);
        }
        let notebook = self.evidence.signals.all[chain.signal].notebook;
        let run_by_something = chain.trigger.is_some_and(|t| t != TriggerKind::Manual) || chain.edges.len() > 2;
        if notebook && notebooks == Notebooks::Capped && !run_by_something {
            standing = cap(standing, Because::Idle);
        }
        standing
    }

    /// The chain by which somebody or something gets to what an answer without chains rests on, where it is no weaker than
    /// the answer; for telling only.
    pub(super) fn way_to(&mut self, answer: &Answer) -> Option<Chain> {
        let least = match (answer.standing.verdict, answer.standing.because) {
            (Verdict::Met, _) => Strength::Resolved,
            (Verdict::Indicated, Some(Because::Weak | Because::Inferred | Because::Assumed)) => Strength::Inferred,
            _ => return None,
        };
        let graph = self.evidence.graph;
        let targets: Vec<(usize, NodeId)> =
            answer.signals.iter().take(MAX_MARKS).flat_map(|s| graph.nodes_of(*s).map(|n| (*s, n))).collect();
        self.best(From::Anyone, &[], &targets, false).filter(|found| found.strength >= least)
    }

    /// What keeps a chain from being complete, and where.
    pub(super) fn why_of(&self, chain: &Chain, standing: Standing) -> Option<Miss> {
        let last = chain.hops.last()?;
        match standing.because? {
            Because::Broken if chain.strength > Strength::Broken => {
                let why = chain.unheeded.as_deref()?;
                Some(Miss::quote(last.at.clone(), "the failure of ", chain.signal, format!(" stops nothing: {why}")))
            }
            Because::Idle => Some(Miss::quote(last.at.clone(), "", chain.signal, " is in a notebook, which only a person runs")),
            Because::Weak => None,
            _ => near::weakest(chain),
        }
    }

    /// The place that an answer is best told by.
    pub(super) fn place_of(&self, answer: &Answer) -> Option<Location> {
        let signal = answer.signals.first().map(|s| self.evidence.signals.all[*s].at.clone());
        let chain = || answer.chains.first().and_then(|c| c.hops.last()).map(|h| h.at.clone());
        signal.or_else(chain).or_else(|| answer.places.iter().find_map(|p| p.at.clone()))
    }

    pub(super) fn qualify(&self, chain: &Chain, standing: Standing, into: &mut BTreeMap<String, Standing>) {
        let mut add = |word: String| {
            let best = into.entry(word).or_insert(standing);
            if rank(standing) > rank(*best) {
                *best = standing;
            }
        };
        for (key, word) in &self.evidence.signals.all[chain.signal].qualifiers {
            add(format!("{key}={word}"));
        }
        if let Some(trigger) = chain.trigger {
            add(format!("trigger={trigger}"));
        }
        let graph = self.evidence.graph;
        let nodes = chain.edges.iter().map(|e| graph.edges[*e].to);
        for node in nodes.clone() {
            for other in &graph.nodes[node].signals {
                for (key, word) in &self.evidence.signals.all[*other].qualifiers {
                    add(format!("{key}={word}"));
                }
            }
        }
        match nodes.filter_map(|n| graph.nodes[n].environment.as_deref()).last() {
            Some(name) => add(format!("env={}", environment_word(name))),
            None => add("env=prod".to_owned()),
        }
    }

    /// `reach`: every target's best chain competes; the best decides.
    pub(super) fn reach(&mut self, ask: &Reach) -> Answer {
        if ask.in_ci {
            let mut answer = self.reach(&Reach { in_ci: false, ..ask.clone() });
            answer.chains.retain(|chain| self.in_ci(chain));
            return if answer.chains.is_empty() { Answer::no() } else { answer };
        }
        let mut targets = self.targets(&ask.to);
        if ask.to.notebooks == Notebooks::Never {
            targets.retain(|(signal, _)| !self.evidence.signals.all[*signal].notebook);
        }
        if let Some(via) = &ask.via {
            return self.reach_via(ask, via, &targets);
        }
        if let Some(past) = &ask.past {
            return self.reach_past(ask, past, targets);
        }
        self.competing(ask.from, &ask.triggers, &targets, ask.check, ask.to.notebooks, ask.to.scope.contains(&Scope::Test))
    }

    /// `past`: the starter reaches what carries such a signal, and that very thing in turn leads to the target. As good as
    /// the weaker of the two halves; of several things the best decides.
    pub(super) fn reach_past(&mut self, ask: &Reach, past: &Select, targets: Vec<(usize, NodeId)>) -> Answer {
        let mut best = Answer::no();
        let marks = self.targets(past);
        // where nothing leads on, none is looked at by itself
        if self.behind(&marks, targets.clone()).is_empty() {
            return best;
        }
        for mark in marks.into_iter().take(MAX_MARKS) {
            let behind = self.behind(&[mark], targets.clone());
            if behind.is_empty() {
                continue;
            }
            let both = self.halves(ask, past, mark, &behind);
            if rank(both.standing) > rank(best.standing) || best.chains.is_empty() {
                best = both;
            }
        }
        best
    }

    /// The way to a mark, and the way from there on.
    fn halves(&mut self, ask: &Reach, past: &Select, mark: (usize, NodeId), behind: &[(usize, NodeId)]) -> Answer {
        let first = self.competing(ask.from, &ask.triggers, &[mark], ask.check, past.notebooks, false);
        if !first.holds() {
            return first;
        }
        let second = self.competing(From::Anyone, &[], behind, false, ask.to.notebooks, false);
        let mut both = Answer::plain(Verdict::Met);
        (both.standing, both.why) = if rank(first.standing) < rank(second.standing) {
            (first.standing, first.why.clone())
        } else {
            (second.standing, second.why.clone())
        };
        both.signals = first.signals.iter().chain(&second.signals).copied().collect();
        both.chains = first.chains.into_iter().take(1).chain(second.chains.into_iter().take(1)).collect();
        both.qualified = first
            .qualified
            .into_iter()
            .map(|(word, s)| (word, if rank(s) < rank(both.standing) { s } else { both.standing }))
            .collect();
        both
    }

    /// A chain that was found otherwise, with what it stands for.
    pub(crate) fn of_chain(&self, found: Chain, ask: &Select) -> Answer {
        let mut answer = Answer::no();
        answer.standing = self.standing_of(&found, ask.check, ask.notebooks);
        answer.why = self.why_of(&found, answer.standing);
        self.qualify(&found, answer.standing, &mut answer.qualified);
        answer.signals = vec![found.signal];
        answer.chains = vec![found];
        answer
    }

    pub(super) fn competing(
        &mut self,
        from: From,
        only: &[TriggerKind],
        targets: &[(usize, NodeId)],
        check: bool,
        notebooks: Notebooks,
        tests: bool,
    ) -> Answer {
        let mut answer = Answer::no();
        let mut chains: Vec<(Standing, Chain)> = Vec::new();
        let kinds: Vec<TriggerKind> = if only.is_empty() { TriggerKind::ALL.to_vec() } else { only.to_vec() };
        // one best chain over all starters, and one for each kind of trigger and each target, for the qualifiers
        if let Some(found) = self.best(from, only, targets, tests) {
            chains.push((self.standing_of(&found, check, notebooks), found));
        } else {
            return answer;
        }
        for kind in kinds {
            if let Some(found) = self.best(from, &[kind], targets, tests) {
                let standing = self.standing_of(&found, check, notebooks);
                if !chains.iter().any(|(_, c)| *c == found) {
                    chains.push((standing, found));
                }
            }
        }
        for target in targets.iter().take(200) {
            if let Some(found) = self.best(from, only, &[*target], tests)
                && !chains.iter().any(|(_, c)| *c == found)
            {
                chains.push((self.standing_of(&found, check, notebooks), found));
            }
        }
        let strongest = chains.iter().map(|(s, _)| rank(*s)).max().unwrap_or(0);
        let first = chains.iter().position(|(s, _)| rank(*s) == strongest).unwrap_or(0);
        chains.swap(0, first);
        for (standing, found) in &chains {
            self.qualify(found, *standing, &mut answer.qualified);
        }
        answer.standing = chains[0].0;
        answer.why = self.why_of(&chains[0].1, chains[0].0);
        answer.signals = vec![chains[0].1.signal];
        answer.chains = chains.into_iter().map(|(_, c)| c).take(3).collect();
        answer
    }

    /// Whether the work of a chain is done by a job of CI itself: what a program declares is run by its orchestrator, and a
    /// service or an object of a cluster runs where that is.
    fn in_ci(&self, chain: &Chain) -> bool {
        let graph = self.evidence.graph;
        let mut units =
            chain.edges.iter().flat_map(|e| [graph.edges[*e].from, graph.edges[*e].to]).filter_map(|node| {
                match graph.nodes[node].kind {
                    NodeKind::Unit(kind) => Some((kind, &graph.nodes[node].at.path)),
                    _ => None,
                }
            });
        let mut jobs = false;
        let alone = units.all(|(kind, path)| {
            jobs |= kind == UnitKind::Workflow;
            let of_program =
                matches!(kind, UnitKind::Workflow | UnitKind::Group | UnitKind::Job | UnitKind::Step) && path.ends_with(".py");
            !of_program && !matches!(kind, UnitKind::Service | UnitKind::Manifest)
        });
        alone && jobs
    }

    /// `via`: the same starter must reach both; tried one starter at a time.
    pub(super) fn reach_via(&mut self, ask: &Reach, via: &Select, targets: &[(usize, NodeId)]) -> Answer {
        let through = self.targets(via);
        if through.is_empty() || targets.is_empty() {
            return Answer::no();
        }
        let graph = self.evidence.graph;
        let mut best: Option<(Standing, Chain)> = None;
        let tests = ask.to.scope.contains(&Scope::Test);
        let nodes = |seen: &[(usize, NodeId)]| seen.iter().map(|(_, node)| *node).collect::<Vec<_>>();
        for least in [Strength::Resolved, Strength::Inferred, Strength::Assumed, Strength::Broken] {
            // backwards once, so that only starters are walked from that may lead to both
            let all = Walk { things: true, ..Walk::at(least).with_tests(tests) };
            let through_it = graph.reach_back(&nodes(&through), Walk::at(least));
            let to_target = graph.reach_back(&nodes(targets), all);
            for starter in self.starters(ask.from, &ask.triggers).into_iter().flatten().take(500) {
                if !through_it[starter] || !to_target[starter] {
                    continue;
                }
                let direct = graph.reach(&[starter], Walk::at(least));
                if !through.iter().any(|(_, node)| direct.has(*node)) {
                    continue;
                }
                let things = graph.reach(&[starter], all);
                let marks: Vec<NodeId> = through.iter().map(|(_, node)| *node).filter(|node| direct.has(*node)).collect();
                let is_tied = |node: NodeId| !ask.tied || tied::is_tied(graph, (&direct, &marks), &things, node);
                let hits = targets.iter().filter(|(_, node)| things.has(*node) && is_tied(*node));
                let hit = hits.min_by_key(|(s, node)| (things.hops(*node), *s));
                if let Some((signal, node)) = hit {
                    let path = things.path(*node);
                    let found = chain(graph, self.evidence.signals, path, *node, *signal);
                    let standing = self.standing_of(&found, ask.check, ask.to.notebooks);
                    if best.as_ref().is_none_or(|(s, _)| rank(standing) > rank(*s)) {
                        best = Some((standing, found));
                    }
                }
            }
            if best.is_some() {
                break;
            }
        }
        let Some((standing, found)) = best else { return Answer::no() };
        let mut answer = Answer::no();
        self.qualify(&found, standing, &mut answer.qualified);
        answer.standing = standing;
        answer.why = self.why_of(&found, standing);
        answer.signals = vec![found.signal];
        answer.chains = vec![found];
        answer
    }

    /// Targets that run because of something that carries such a signal: called by it, after it on a condition, or
    /// enclosed by a branch that is one.
    fn behind(&self, marks: &[(usize, NodeId)], targets: Vec<(usize, NodeId)>) -> Vec<(usize, NodeId)> {
        let graph = self.evidence.graph;
        let containing = graph.reach_back(&marks.iter().map(|(_, n)| *n).collect::<Vec<_>>(), Walk::at(Strength::Assumed));
        // taking in the file of a check asks nothing of it
        let checked = |e: &&Edge| e.runs() && e.kind != EdgeKind::Imports && containing[e.to];
        let mut from: BTreeSet<NodeId> = BTreeSet::new();
        for node in 0..graph.nodes.len() {
            for edge in graph.leaving(node).filter(|e| e.off.is_none()) {
                // what started the check started the rest as well, whatever the check says
                let of_a_trigger = matches!(graph.nodes[edge.from].kind, NodeKind::Trigger(_));
                let starts = edge.kind == EdgeKind::Starts && !of_a_trigger;
                // and whatever starts the run in which it is checked follows from no check
                let besides = || graph.leaving(node).filter(checked).any(|e| e.to != edge.to);
                let started_by = starts && containing[edge.from] && (!containing[edge.to] || besides());
                // one of two ways to run the check again is no answer to the other
                let earlier = edge.condition.is_some()
                    && edge.runs()
                    && (marks.iter().any(|(s, n)| *n == node && self.evidence.signals.all[*s].at.line <= edge.at.line)
                        || graph.leaving(node).filter(checked).any(|e| e.order < edge.order && e.to != edge.to));
                let after = edge.condition.is_some()
                    && graph.arriving(edge.to).any(|e| e.kind == EdgeKind::Precedes && containing[e.from]);
                if started_by || earlier || after {
                    from.insert(edge.to);
                }
            }
        }
        for (signal, node) in marks {
            let seen = &self.evidence.signals.all[*signal];
            if let Some(branch) = seen.branch {
                from.extend(graph.leaving(*node).filter(|e| (branch.from..=branch.to).contains(&e.order.0)).map(|e| e.to));
            }
        }
        let reached = graph.reach(&from.into_iter().collect::<Vec<_>>(), Walk::at(Strength::Assumed));
        targets
            .into_iter()
            .filter(|(signal, node)| {
                let here = marks.iter().any(|(s, n)| {
                    n == node
                        && self.evidence.signals.all[*s]
                            .branch
                            .is_some_and(|b| (b.from..=b.to).contains(&self.evidence.signals.all[*signal].at.line))
                });
                here || reached.has(*node)
            })
            .collect()
    }
}

/// The usual word for an environment's name; the name itself where it is none of the usual ones.
fn environment_word(name: &str) -> String {
    let lower = name.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|w| lower.contains(w));
    if has(&["prod", "live"]) && !has(&["preprod", "pre-prod", "nonprod", "non-prod"]) {
        "prod".to_owned()
    } else if has(&["stag", "preprod", "pre-prod", "uat"]) {
        "staging".to_owned()
    } else if has(&["test", "dev", "qa", "sandbox", "nonprod", "non-prod"]) {
        "test".to_owned()
    } else {
        lower
    }
}
