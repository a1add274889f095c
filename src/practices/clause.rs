//! The few verbs a practice rule may use, and what each answers.
//!
//! Every clause answers with a standing of its own: met where its evidence is resolved throughout, indicated for the
//! worst defect on its best path, not shown otherwise. `all` takes the least, `any` the best.

use std::collections::{BTreeMap, BTreeSet};

use super::chain::{Chain, chain};
use super::named::{self, Named};
use super::select::{is_kind, select};
use super::{Evidence, Judged, Miss, Proof, near, nothing_found, rank};
use crate::graph::order::Seen;
use crate::graph::reach::{Reached, Walk};
use crate::graph::{NodeId, NodeKind, Order};
use crate::rules::practice::{Before, Clause, From, HistoryAsk, Notebooks, On, Part, Paths, PracticeAsk, PracticeRule, Reach, Select, Share, ShareOf, Tested};
use crate::source::Location;
use crate::verdict::Standing;
use crate::words::{Because, Scope, Strength, TriggerKind, Unknown, Verdict};

/// The answer to one clause.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) standing: Standing,
    pub(crate) signals: Vec<usize>,
    pub(crate) places: Vec<Proof>,
    pub(crate) chains: Vec<Chain>,
    /// For every `key=word` seen: the best standing of a path that carries it.
    pub(crate) qualified: BTreeMap<String, Standing>,
    /// What keeps it from being met, where an indicated answer knows.
    pub(crate) why: Option<Miss>,
}

impl Answer {
    pub(crate) fn plain(verdict: Verdict) -> Self {
        Self { standing: Standing::plain(verdict), signals: Vec::new(), places: Vec::new(), chains: Vec::new(), qualified: BTreeMap::new(), why: None }
    }

    pub(crate) fn no() -> Self {
        Self::plain(Verdict::NotShown)
    }

    pub(crate) fn holds(&self) -> bool {
        matches!(self.standing.verdict, Verdict::Met | Verdict::Indicated | Verdict::Attested)
    }

    /// At most indicated, because of this; a worse reason of its own stays.
    fn cap(mut self, because: Because) -> Self {
        let before = self.standing;
        self.standing = cap(self.standing, because);
        if self.standing != before {
            // what it said of itself is no longer what holds it down
            self.why = None;
        }
        for standing in self.qualified.values_mut() {
            *standing = cap(*standing, because);
        }
        self
    }

    /// Takes in the proof of a part that holds as well.
    fn join(&mut self, other: Self) {
        self.signals.extend(other.signals);
        self.places.extend(other.places);
        self.chains.extend(other.chains);
        for (word, standing) in other.qualified {
            let best = self.qualified.entry(word).or_insert(standing);
            if rank(standing) > rank(*best) {
                *best = standing;
            }
        }
    }
}

/// All parts together, as good as the one that decides.
fn joined(parts: Vec<Answer>, decides: usize) -> Answer {
    let mut all = Answer::plain(Verdict::Met);
    if let Some(part) = parts.get(decides) {
        all.standing = part.standing;
        all.why.clone_from(&part.why);
    }
    parts.into_iter().for_each(|part| all.join(part));
    all
}

fn cap(standing: Standing, because: Because) -> Standing {
    match standing.verdict {
        Verdict::Met => Standing::indicated(because),
        Verdict::Indicated => Standing::indicated(standing.because.map_or(because, |b| b.min(because))),
        _ => standing,
    }
}

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

/// Reads the rules for one system and remembers what it has answered.
pub(crate) struct Judge<'e> {
    evidence: &'e Evidence<'e>,
    done: BTreeMap<String, (Judged, BTreeMap<String, Standing>)>,
    open: Vec<String>,
    walks: BTreeMap<(From, Vec<TriggerKind>, usize, Walk), Reached>,
    triggers: BTreeMap<TriggerKind, Vec<NodeId>>,
    entries: Vec<NodeId>,
    live: std::cell::OnceCell<Reached>,
    /// What the training run names, worked out when first asked for.
    named: Option<Named>,
}

impl<'e> Judge<'e> {
    pub(crate) fn new(evidence: &'e Evidence<'e>) -> Self {
        let triggers = TriggerKind::ALL.iter().map(|kind| (*kind, evidence.graph.triggers(|k| k == *kind))).collect();
        let entries = evidence.graph.entries();
        Self { evidence, done: BTreeMap::new(), open: Vec::new(), walks: BTreeMap::new(), triggers, entries, live: std::cell::OnceCell::new(), named: None }
    }

    /// The practice of that id, judged once.
    pub(crate) fn practice(&mut self, id: &str) -> (Judged, BTreeMap<String, Standing>) {
        if let Some(done) = self.done.get(id) {
            return done.clone();
        }
        let unknown = |id: &str| Judged {
            id: id.to_owned(),
            standing: Standing::unknown(Unknown::NoDetector),
            signals: Vec::new(),
            places: Vec::new(),
            chains: Vec::new(),
            qualifiers: BTreeMap::new(),
            near: None,
            action: String::new(),
        };
        let Some(rule) = self.evidence.rules.iter().find(|r| r.id == id) else { return (unknown(id), BTreeMap::new()) };
        if self.open.iter().any(|o| o == id) {
            return (unknown(id), BTreeMap::new());
        }
        self.open.push(id.to_owned());
        let judged = self.rule(rule);
        self.open.pop();
        self.done.insert(id.to_owned(), judged.clone());
        judged
    }

    fn rule(&mut self, rule: &PracticeRule) -> (Judged, BTreeMap<String, Standing>) {
        let mut best = match &rule.met {
            Some(clause) => self.clause(clause),
            None => Answer::no(),
        };
        if rule.observability == crate::words::Observability::Partial && rule.met.is_some() {
            // what a rule calls partial is capped by its own clauses, not here: protection as code may be met
        }
        for weaker in &rule.indicated {
            if best.standing.verdict == Verdict::Met {
                break;
            }
            let mut found = self.clause(&weaker.when).cap(weaker.because);
            if rank(found.standing) > rank(best.standing) && found.holds() {
                if found.standing.because == Some(weaker.because) && !weaker.says.is_empty() {
                    found.why = self.place_of(&found).map(|at| Miss::plain(at, weaker.says.clone()));
                }
                best = found;
            }
        }
        if !best.holds() && let Some(clause) = &rule.not_applicable {
            let reason = self.clause(clause);
            if reason.holds() {
                best = Answer { standing: Standing::plain(Verdict::NotApplicable), qualified: BTreeMap::new(), ..reason };
            }
        }
        if !best.holds() && best.standing.verdict != Verdict::NotApplicable && let Some(clause) = &rule.contradicted {
            let against = self.clause(clause);
            if against.holds() {
                best = Answer { standing: Standing::plain(Verdict::Contradicted), qualified: BTreeMap::new(), ..against };
            }
        }
        if best.standing.verdict == Verdict::NotShown {
            best.standing = nothing_found(rule, self.evidence.unread);
        }
        let near = match best.standing.verdict {
            // what could not be looked for may be there: nothing is said to keep it from counting
            Verdict::Met | Verdict::NotApplicable | Verdict::Unknown => None,
            Verdict::Indicated => best.why.take(),
            _ => near::miss(self, rule),
        };
        let fits = |judge: &mut Self| rule.actions.iter().find(|fitting| judge.clause(&fitting.when).holds());
        let action = match best.standing.verdict {
            Verdict::Met | Verdict::NotApplicable => String::new(),
            _ => fits(self).map_or(&rule.action, |fitting| &fitting.action).clone(),
        };
        // advice on training is for whoever trains
        let elsewhere = rule.subjects == [Part::Train] && self.evidence.system.trains.is_empty();
        let action = if elsewhere && !action.is_empty() { format!("where the model is trained (not here): {action}") } else { action };
        let mut qualifiers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut qualified = best.qualified.clone();
        qualified.retain(|word, _| {
            word.split_once('=').is_some_and(|(key, word)| {
                rule.qualifiers.get(key).is_some_and(|words| words.is_empty() || words.iter().any(|w| w == word))
            })
        });
        if best.holds() {
            for word in qualified.keys() {
                if let Some((key, word)) = word.split_once('=') {
                    qualifiers.entry(key.to_owned()).or_default().insert(word.to_owned());
                }
            }
        }
        let mut seen = BTreeSet::new();
        best.signals.retain(|signal| seen.insert(*signal));
        best.chains.dedup();
        let judged = Judged {
            id: rule.id.clone(),
            standing: best.standing,
            signals: best.signals,
            places: best.places,
            chains: best.chains,
            qualifiers,
            near,
            action,
        };
        (judged, qualified)
    }

    /// The answer to a clause.
    pub(crate) fn clause(&mut self, clause: &Clause) -> Answer {
        match clause {
            Clause::All(parts) => {
                let mut held: Vec<Answer> = Vec::new();
                for part in parts {
                    let answer = self.clause(part);
                    if !answer.holds() {
                        return Answer { standing: answer.standing, ..Answer::no() };
                    }
                    held.push(answer);
                }
                // the part that decides comes first: it is what a reader must look at
                let least = (0..held.len()).min_by_key(|i| rank(held[*i].standing)).unwrap_or(0);
                if let Some(until) = held.get_mut(..=least) {
                    until.rotate_right(1);
                }
                joined(held, 0)
            }
            Clause::Any(parts) => {
                let mut best = Answer::no();
                for part in parts {
                    let answer = self.clause(part);
                    if !answer.holds() {
                        if best.standing.verdict == Verdict::NotShown && answer.standing.verdict == Verdict::Unknown {
                            best.standing = answer.standing;
                        }
                        continue;
                    }
                    if rank(answer.standing) > rank(best.standing) {
                        let before = std::mem::replace(&mut best, answer);
                        if before.holds() {
                            for (word, standing) in before.qualified {
                                best.qualified.entry(word).or_insert(standing);
                            }
                        }
                    } else {
                        for (word, standing) in answer.qualified {
                            best.qualified.entry(word).or_insert(standing);
                        }
                    }
                }
                best
            }
            Clause::Not(inner) => {
                let answer = self.clause(inner);
                if answer.standing.verdict == Verdict::NotShown { Answer::plain(Verdict::Met) } else { Answer::no() }
            }
            Clause::Signal(select) => self.signal(select),
            Clause::Reach(reach) => self.reach(reach),
            Clause::Leads(leads) => super::leads::answer(self, leads),
            Clause::Before(before) => self.before(before),
            Clause::Count(count) => {
                let mut held: Vec<Answer> = count.of.iter().map(|c| self.clause(c)).filter(Answer::holds).collect();
                if held.len() < count.at_least {
                    return Answer::no();
                }
                held.sort_by_key(|a| std::cmp::Reverse(rank(a.standing)));
                let decides = count.at_least.clamp(1, held.len().max(1)) - 1;
                joined(held, decides)
            }
            Clause::Share(share) => self.share(share),
            Clause::History(ask) => self.history(ask),
            Clause::Tested(tested) => self.tested(tested),
            Clause::Imported(select) => super::imported::answer(self, select),
            Clause::InImage(select) => super::image::answer(self, select),
            Clause::Steps(steps) => super::steps::answer(self, steps),
            Clause::Practice(PracticeAsk::Id(ask)) => {
                let (id, word) = ask.split_once('[').map_or((ask.as_str(), None), |(id, rest)| (id, Some(rest.trim_end_matches(']'))));
                let (judged, qualified) = self.practice(id);
                let standing = match word {
                    None => judged.standing,
                    Some(word) => qualified.get(word).copied().unwrap_or(Standing::plain(Verdict::NotShown)),
                };
                let why = judged.near.filter(|_| standing.verdict == Verdict::Indicated);
                Answer { standing, signals: judged.signals, places: judged.places, chains: judged.chains, qualified: BTreeMap::new(), why }
            }
            Clause::Cap(inner) => self.clause(&inner.of).cap(inner.because),
        }
    }

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
                // a notebook that somebody goes through comes last, for it is the weakest of starts
                let people = |notebook: bool| -> Vec<NodeId> {
                    let entries = self.entries.iter().filter(|n| only.is_empty() && self.evidence.graph.nodes[**n].notebook == notebook);
                    entries.copied().collect()
                };
                vec![of(continuous), of(&[Push, Tag]), of(&[Pr]), of(&[Api, Upstream]), of(&[Manual]), people(false), people(true)]
            }
        }
    }

    /// What something unattended starts, worked out when first asked.
    fn live(&self) -> &Reached {
        self.live.get_or_init(|| {
            let starters: Vec<NodeId> = self.starters(From::Unattended, &[]).into_iter().flatten().collect();
            self.evidence.graph.reach(&starters, Walk::at(Strength::Assumed))
        })
    }

    fn walk(&mut self, from: From, only: &[TriggerKind], class: usize, starters: &[NodeId], walk: Walk) -> &Reached {
        let graph = self.evidence.graph;
        self.walks.entry((from, only.to_vec(), class, walk)).or_insert_with(|| graph.reach(starters, walk))
    }

    /// The best chain from the starters to one of the targets.
    fn best(&mut self, from: From, only: &[TriggerKind], targets: &[(usize, NodeId)], tests: bool) -> Option<Chain> {
        let (graph, signals) = (self.evidence.graph, &self.evidence.signals.all);
        let classes = self.starters(from, only);
        let all = || classes.iter().enumerate().filter(|(_, s)| !s.is_empty());
        let by_notebook = |starters: &[NodeId]| starters.iter().all(|n| graph.nodes[*n].notebook);
        for (least, notebooks) in ORDER {
            for (class, starters) in all().filter(|(_, s)| notebooks.is_none_or(|wanted| by_notebook(s) == wanted)) {
                let reached = self.walk(from, only, class, starters, Walk::at(least).with_tests(tests));
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

    fn standing_of(&self, chain: &Chain, check: bool, notebooks: Notebooks) -> Standing {
        let mut standing = match chain.strength {
            Strength::Resolved => Standing::plain(Verdict::Met),
            Strength::Inferred => Standing::indicated(Because::Inferred),
            Strength::Assumed => Standing::indicated(Because::Assumed),
            Strength::Broken => Standing::indicated(Because::Broken),
        };
        if check && chain.unheeded.is_some() {
            standing = cap(standing, Because::Broken);
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

    /// What keeps a chain from being complete, and where.
    fn why_of(&self, chain: &Chain, standing: Standing) -> Option<Miss> {
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
    fn place_of(&self, answer: &Answer) -> Option<Location> {
        let signal = answer.signals.first().map(|s| self.evidence.signals.all[*s].at.clone());
        let chain = || answer.chains.first().and_then(|c| c.hops.last()).map(|h| h.at.clone());
        signal.or_else(chain).or_else(|| answer.places.iter().find_map(|p| p.at.clone()))
    }

    fn qualify(&self, chain: &Chain, standing: Standing, into: &mut BTreeMap<String, Standing>) {
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
    fn reach(&mut self, ask: &Reach) -> Answer {
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

    /// `past`: the starter reaches what carries such a signal, and that in turn leads to the target. As good as the
    /// weaker of the two halves.
    fn reach_past(&mut self, ask: &Reach, past: &Select, targets: Vec<(usize, NodeId)>) -> Answer {
        let behind = self.downstream_of(past, targets);
        if behind.is_empty() {
            return Answer::no();
        }
        let marks = self.targets(past);
        let first = self.competing(ask.from, &ask.triggers, &marks, ask.check, past.notebooks, false);
        if !first.holds() {
            return first;
        }
        let second = self.competing(From::Anyone, &[], &behind, false, ask.to.notebooks, false);
        let mut both = Answer::plain(Verdict::Met);
        (both.standing, both.why) = if rank(first.standing) < rank(second.standing) {
            (first.standing, first.why.clone())
        } else {
            (second.standing, second.why.clone())
        };
        both.signals = first.signals.iter().chain(&second.signals).copied().collect();
        both.chains = first.chains.into_iter().take(1).chain(second.chains.into_iter().take(1)).collect();
        both.qualified = first.qualified.into_iter().map(|(word, s)| (word, if rank(s) < rank(both.standing) { s } else { both.standing })).collect();
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

    fn competing(&mut self, from: From, only: &[TriggerKind], targets: &[(usize, NodeId)], check: bool, notebooks: Notebooks, tests: bool) -> Answer {
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

    /// `via`: the same starter must reach both; tried one starter at a time.
    fn reach_via(&mut self, ask: &Reach, via: &Select, targets: &[(usize, NodeId)]) -> Answer {
        let through = self.targets(via);
        if through.is_empty() || targets.is_empty() {
            return Answer::no();
        }
        let graph = self.evidence.graph;
        let mut best: Option<(Standing, Chain)> = None;
        for least in [Strength::Resolved, Strength::Inferred, Strength::Assumed, Strength::Broken] {
            for starter in self.starters(ask.from, &ask.triggers).into_iter().flatten().take(500) {
                let direct = graph.reach(&[starter], Walk::at(least));
                if !through.iter().any(|(_, node)| direct.has(*node)) {
                    continue;
                }
                let things = graph.reach(&[starter], Walk { things: true, ..Walk::at(least) });
                let hit = targets.iter().filter(|(_, node)| things.has(*node)).min_by_key(|(s, node)| (things.hops(*node), *s));
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
    fn downstream_of(&self, past: &Select, targets: Vec<(usize, NodeId)>) -> Vec<(usize, NodeId)> {
        let graph = self.evidence.graph;
        let marks: Vec<(usize, NodeId)> = self.targets(past);
        let containing = graph.reach_back(&marks.iter().map(|(_, n)| *n).collect::<Vec<_>>(), Walk::at(Strength::Assumed));
        let mut from: BTreeSet<NodeId> = BTreeSet::new();
        for node in 0..graph.nodes.len() {
            for edge in graph.leaving(node).filter(|e| e.off.is_none()) {
                let started_by = edge.kind == crate::words::EdgeKind::Starts && containing[edge.from];
                let earlier = edge.condition.is_some()
                    && edge.runs()
                    && (marks.iter().any(|(s, n)| *n == node && self.evidence.signals.all[*s].at.line <= edge.at.line)
                        || graph.leaving(node).any(|e| e.runs() && e.order < edge.order && containing[e.to]));
                let after = edge.condition.is_some()
                    && graph.arriving(edge.to).any(|e| e.kind == crate::words::EdgeKind::Precedes && containing[e.from]);
                if started_by || earlier || after {
                    from.insert(edge.to);
                }
            }
        }
        for (signal, node) in &marks {
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
                        && self.evidence.signals.all[*s].branch.is_some_and(|b| {
                            (b.from..=b.to).contains(&self.evidence.signals.all[*signal].at.line)
                        })
                });
                here || reached.has(*node)
            })
            .collect()
    }

    /// Signals meant that stand on a node.
    pub(crate) fn targets(&self, ask: &Select) -> Vec<(usize, NodeId)> {
        select(self.evidence, ask).into_iter().filter_map(|(s, n)| n.map(|n| (s, n))).collect()
    }

    /// `signal`: seen where it must be seen.
    fn signal(&mut self, ask: &Select) -> Answer {
        let mut found = select(self.evidence, ask);
        if ask.notebooks == Notebooks::Never {
            found.retain(|(s, _)| !self.evidence.signals.all[*s].notebook);
        }
        if found.is_empty() {
            return Answer::no();
        }
        if ask.on == On::TrainReads {
            let named = self.named.get_or_insert_with(|| Named::of(self.evidence));
            let files = named.files(self.evidence, &found);
            if !files.is_empty() {
                return self.of_files(ask, files);
            }
            found.retain(|(s, _)| !named::is_file(&self.evidence.signals.all[*s]));
        }
        if ask.on == On::File {
            return self.of_files(ask, found);
        }
        let targets: Vec<(usize, NodeId)> = found.iter().filter_map(|(s, n)| n.map(|n| (*s, n))).collect();
        let tests = ask.scope.contains(&Scope::Test);
        let inside = |nodes: &[bool]| -> Vec<(usize, NodeId)> { targets.iter().filter(|(_, n)| nodes[*n]).copied().collect() };
        let (from, candidates) = match ask.on {
            On::Ci => (From::Ci, targets.clone()),
            On::Unattended => (From::Unattended, targets.clone()),
            On::TrainRun | On::TrainReads => (From::Anyone, inside(&self.evidence.system.train_run)),
            On::ServeRun => (From::Anyone, inside(&self.evidence.system.serve_run)),
            On::BothRuns => {
                let both: Vec<bool> = self.evidence.system.train_run.iter().zip(&self.evidence.system.serve_run).map(|(t, s)| *t && *s).collect();
                (From::Anyone, inside(&both))
            }
            On::Live | On::File => (From::Anyone, targets.clone()),
        };
        let answer = self.competing(from, &[], &candidates, ask.check, ask.notebooks, tests);
        if answer.holds() || matches!(ask.on, On::Unattended | On::BothRuns | On::TrainReads) {
            return answer;
        }
        // written, but nothing runs it as asked
        let mut idle = Answer::no();
        idle.standing = Standing::indicated(Because::Idle);
        // code before notebooks, the order of places else
        found.sort_by_key(|(s, _)| self.evidence.signals.all[*s].notebook);
        idle.signals = found.iter().map(|(s, _)| *s).take(3).collect();
        idle.why = found.first().map(|(s, _)| Miss::quote(self.evidence.signals.all[*s].at.clone(), "", *s, near::elsewhere(ask.on)));
        for signal in &idle.signals {
            for (key, word) in &self.evidence.signals.all[*signal].qualifiers {
                idle.qualified.insert(format!("{key}={word}"), idle.standing);
            }
        }
        idle
    }

    /// Signals that stand in files, whatever runs: as good as the surest of them.
    fn of_files(&self, ask: &Select, mut found: Vec<(usize, Option<NodeId>)>) -> Answer {
        let all = &self.evidence.signals.all;
        // the surest first, and of those what something starts
        let live = self.live();
        found.sort_by_key(|(s, n)| (std::cmp::Reverse(all[*s].strength), !n.is_some_and(|n| live.has(n))));
        let mut answer = Answer::plain(Verdict::Met);
        let Some(first) = found.first().map(|(s, _)| *s) else { return Answer::no() };
        let strongest = all[first].strength;
        answer.standing = match strongest {
            Strength::Resolved => Standing::plain(Verdict::Met),
            Strength::Inferred => Standing::indicated(Because::Inferred),
            Strength::Assumed => Standing::indicated(Because::Assumed),
            Strength::Broken => Standing::indicated(Because::Broken),
        };
        if strongest < Strength::Resolved {
            answer.why = Some(Miss::quote(all[first].at.clone(), "", first, near::unsure(strongest)));
        }
        let only_notebooks = found.iter().all(|(s, _)| all[*s].notebook);
        if only_notebooks && ask.notebooks == Notebooks::Capped {
            answer.standing = cap(answer.standing, Because::Idle);
            answer.why = Some(Miss::quote(all[first].at.clone(), "", first, " is in a notebook, which only a person runs"));
        }
        for (signal, _) in &found {
            for (key, word) in &all[*signal].qualifiers {
                answer.qualified.insert(format!("{key}={word}"), answer.standing);
            }
        }
        answer.signals = found.into_iter().map(|(s, _)| s).take(8).collect();
        answer
    }

    /// `before`: `first` lies before `then`, on the paths that something unattended starts, or on all found paths
    /// where nothing is.
    fn before(&mut self, ask: &Before) -> Answer {
        let graph = self.evidence.graph;
        let first: Vec<Seen> = self
            .targets(&ask.first)
            .into_iter()
            .map(|(signal, node)| {
                let seen = &self.evidence.signals.all[signal];
                Seen {
                    node,
                    order: Order(seen.at.line, seen.column),
                    signal,
                    encloses: seen.branch.filter(|b| !b.stops).map(|b| (b.from, b.to)),
                    stops: seen.branch.is_none_or(|b| b.stops || b.returns),
                    returns: seen.branch.is_some_and(|b| b.returns && !b.stops),
                }
            })
            .collect();
        let mut then = self.targets(&ask.then);
        if let Some(after) = &ask.after {
            let marks: Vec<NodeId> = self.targets(after).into_iter().map(|(_, n)| n).collect();
            let all: Vec<NodeId> = self.starters(From::Anyone, &[]).into_iter().flatten().collect();
            let leading = graph.reach_back(&marks, Walk::at(Strength::Assumed));
            let shared: Vec<NodeId> = all.into_iter().filter(|n| leading[*n]).collect();
            let live = graph.reach(&shared, Walk { things: true, ..Walk::at(Strength::Assumed) });
            then.retain(|(_, node)| live.has(*node));
        }
        if first.is_empty() || then.is_empty() {
            return Answer::no();
        }
        let unattended: Vec<NodeId> = self.starters(From::Unattended, &[]).into_iter().flatten().collect();
        let live = graph.reach(&unattended, Walk::at(Strength::Assumed));
        let by_itself: Vec<(usize, NodeId)> = then.iter().filter(|(_, n)| live.has(*n)).copied().collect();
        let by_hand = !by_itself.is_empty() && ask.on == Paths::EveryPath && self.bypassed_by_hand(ask, &first, &then, &unattended);
        let (starters, judged) = if by_itself.is_empty() {
            (self.starters(From::Anyone, &[]).into_iter().flatten().collect::<Vec<_>>(), then)
        } else {
            (unattended, by_itself)
        };
        let mut every = true;
        let mut passed: Option<(usize, usize)> = None;
        for (signal, node) in &judged {
            let at = &self.evidence.signals.all[*signal];
            let found = graph.before(*node, Order(at.at.line, at.column), &first, &starters);
            every &= found.every && found.some;
            if let Some(by) = found.by {
                passed = passed.or(Some((by, *signal)));
            }
        }
        let Some((by, held)) = passed else { return Answer::no() };
        if ask.on == Paths::EveryPath && !every {
            return Answer::no();
        }
        let mut answer = Answer::plain(Verdict::Met);
        if self.evidence.signals.all[by].strength < Strength::Resolved {
            answer.standing = Standing::indicated(Because::Inferred);
            answer.why = Some(Miss::quote(self.evidence.signals.all[by].at.clone(), "", by, near::unsure(Strength::Inferred)));
        }
        let targets: Vec<(usize, NodeId)> = graph.node_of(by).map(|n| (by, n)).into_iter().collect();
        if let Some(found) = self.best(From::Anyone, &[], &targets, false) {
            if ask.stops && found.unheeded.is_some() {
                return Answer::no();
            }
            let standing = self.standing_of(&found, ask.stops, Notebooks::Capped);
            if rank(standing) < rank(answer.standing) {
                answer.standing = standing;
                answer.why = self.why_of(&found, standing);
            }
            self.qualify(&found, answer.standing, &mut answer.qualified);
            answer.chains.push(found);
        }
        answer.signals = vec![by, held];
        if by_hand { answer.cap(Because::Weak) } else { answer }
    }

    /// Whether a run that only a person starts does all the work and leaves out the check. One that starts behind
    /// `after` (a registration alone) is a part of the way, not a way around.
    fn bypassed_by_hand(&self, ask: &Before, first: &[Seen], then: &[(usize, NodeId)], unattended: &[NodeId]) -> bool {
        let Some(after) = &ask.after else { return false };
        let graph = self.evidence.graph;
        let walk = Walk::at(Strength::Inferred);
        let marks: Vec<NodeId> = self.targets(after).into_iter().map(|(_, n)| n).collect();
        let leading = graph.reach_back(&marks, walk);
        let everyone = self.starters(From::Anyone, &[]).into_iter().flatten();
        let people: Vec<NodeId> = everyone.filter(|n| leading[*n] && !unattended.contains(n)).collect();
        let live = graph.reach(&people, walk);
        then.iter().filter(|(_, node)| live.has(*node)).any(|(signal, node)| {
            let at = &self.evidence.signals.all[*signal];
            !graph.before(*node, Order(at.at.line, at.column), first, &people).every
        })
    }

    /// `tested`: a test that asserts reaches what is meant, and CI runs it.
    fn tested(&mut self, ask: &Tested) -> Answer {
        let graph = self.evidence.graph;
        let asserts = Select { id: crate::rules::signal::OneOrMany::One("test.assertion".into()), scope: vec![Scope::Test], ..Select::default() };
        let wanted = self.targets(&ask.of);
        let own: Option<Vec<NodeId>> = ask.by.as_ref().map(|by| self.targets(by).into_iter().map(|(_, n)| n).collect());
        let mut exercised: Vec<(usize, NodeId)> = Vec::new();
        let mut reached_signals: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        // a test asserts many times, and is walked once
        let mut walked: BTreeMap<NodeId, Option<Vec<usize>>> = BTreeMap::new();
        for (signal, test) in self.targets(&asserts) {
            let hits = walked.entry(test).or_insert_with(|| {
                let run = graph.reach(&[test], Walk { imports: !ask.called, ..Walk::at(Strength::Inferred) });
                if own.as_ref().is_some_and(|own| !own.iter().any(|n| run.has(*n))) {
                    return None;
                }
                let hits = || wanted.iter().filter(|(_, n)| run.has(*n));
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
            answer.standing = Standing::indicated(Because::Idle);
            answer.signals = exercised.iter().map(|(s, _)| *s).take(3).collect();
            answer.why = exercised.first().map(|(s, _)| Miss::quote(self.evidence.signals.all[*s].at.clone(), "", *s, near::elsewhere(On::Ci)));
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

    fn share(&mut self, ask: &Share) -> Answer {
        match ask.of {
            ShareOf::PinnedDependencies => super::source::pinned(self.evidence, ask.at_least),
            ShareOf::ReviewedCommits => super::source::reviewed(self.evidence, ask.at_least),
        }
    }

    fn history(&mut self, ask: &HistoryAsk) -> Answer {
        let system = self.evidence.system;
        let mut paths = BTreeSet::new();
        for part in &ask.of {
            match part {
                Part::Train => paths.extend(system.train_files.iter().cloned()),
                Part::Serve => paths.extend(system.serve_files.iter().cloned()),
                Part::Repository => paths.extend(self.evidence.book.keys().filter(|p| system.owns(p)).cloned()),
            }
        }
        if paths.is_empty() {
            return Answer::no();
        }
        let change = (self.evidence.paths)(&paths);
        let enough = change.commits.len() >= ask.commits && change.days >= ask.days;
        if !enough && !change.known {
            let mut answer = Answer::no();
            answer.standing = Standing::unknown(Unknown::NoHistory);
            return answer;
        }
        if change.commits.is_empty() || !enough {
            return Answer::no();
        }
        let mut answer = Answer::plain(Verdict::Met);
        answer.places = change
            .commits
            .into_iter()
            .take(ask.commits)
            .map(|commit| Proof { at: None, commit: Some(commit), what: "changed here".to_owned() })
            .collect();
        answer
    }

    /// Whether a signal of that kind exists anywhere, whatever its scope; for near misses.
    pub(crate) fn anywhere(&self, ask: &Select) -> Vec<(usize, Option<NodeId>)> {
        self.evidence
            .signals
            .all
            .iter()
            .enumerate()
            .filter(|(_, s)| is_kind(s, ask) && self.evidence.system.owns(&s.at.path))
            .map(|(i, _)| (i, self.evidence.graph.node_of(i)))
            .collect()
    }

    pub(crate) fn evidence(&self) -> &'e Evidence<'e> {
        self.evidence
    }

    /// Whether the start of a walk is something a person does.
    pub(crate) fn is_person(&self, node: NodeId) -> bool {
        !matches!(self.evidence.graph.nodes[node].kind, NodeKind::Trigger(kind) if kind != TriggerKind::Manual)
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
