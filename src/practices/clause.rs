//! The few verbs a practice rule may use, and what each answers.
//!
//! Every clause answers with a standing of its own: met where its evidence is resolved throughout, indicated for the
//! worst defect on its best path, not shown otherwise. `all` is as good as its least part where all hold, else what the
//! first part says that does not; `any` takes the best. `signal`, `share` and `history` are answered here, the other verbs
//! in files of their own.

use std::collections::{BTreeMap, BTreeSet};

use super::answer::{Answer, cap, joined};
use super::named::{self, Named};
use super::select::{is_kind, select};
use super::{Evidence, Judged, Miss, Proof, STARTS, near, nothing_found, rank, remedy};
use crate::graph::reach::{Reached, Walk};
use crate::graph::{Edge, NodeId};
use crate::rules::practice::{Clause, From, HistoryAsk, Notebooks, On, Part, PracticeAsk, PracticeRule, Select, Share, ShareOf};
use crate::signals::Owner;
use crate::source::RepoPath;
use crate::verdict::Standing;
use crate::words::{Because, EdgeKind, Scope, Strength, TriggerKind, Unknown, Verdict};

/// Before an action on a service where nothing serves.
const UNSERVED: &str = "write what serves the model, which is not here; then ";

/// Reads the rules for one system and remembers what it has answered.
pub(crate) struct Judge<'e> {
    pub(super) evidence: &'e Evidence<'e>,
    pub(super) done: BTreeMap<String, (Judged, BTreeMap<String, Standing>)>,
    pub(super) open: Vec<String>,
    pub(super) walks: BTreeMap<(From, Vec<TriggerKind>, usize, Walk), Reached>,
    pub(super) triggers: BTreeMap<TriggerKind, Vec<NodeId>>,
    pub(super) entries: Vec<NodeId>,
    pub(super) live: std::cell::OnceCell<Reached>,
    pub(super) run_by_others: std::cell::OnceCell<(Reached, BTreeSet<RepoPath>)>,
    /// What the training run names, worked out when first asked for.
    pub(super) named: Option<Named>,
    /// The same of the run that serves.
    pub(super) named_by_serving: Option<Named>,
    /// Nodes that were asked whether what they roll out is something else than what serves.
    others: std::cell::RefCell<BTreeMap<NodeId, bool>>,
}

impl<'e> Judge<'e> {
    pub(crate) fn new(evidence: &'e Evidence<'e>) -> Self {
        let triggers = TriggerKind::ALL.iter().map(|kind| (*kind, evidence.graph.triggers(|k| k == *kind))).collect();
        let entries = evidence.graph.entries();
        Self {
            evidence,
            done: BTreeMap::new(),
            open: Vec::new(),
            walks: BTreeMap::new(),
            triggers,
            entries,
            live: std::cell::OnceCell::new(),
            run_by_others: std::cell::OnceCell::new(),
            named: None,
            named_by_serving: None,
            others: std::cell::RefCell::default(),
        }
    }

    /// The practice of that id, judged once.
    pub(crate) fn practice(&mut self, id: &str) -> (Judged, BTreeMap<String, Standing>) {
        if let Some(done) = self.done.get(id) {
            return done.clone();
        }
        let unknown = |id: &str, why: Unknown| Judged {
            id: id.to_owned(),
            standing: Standing::unknown(why),
            signals: Vec::new(),
            places: Vec::new(),
            chains: Vec::new(),
            qualifiers: BTreeMap::new(),
            near: None,
            action: String::new(),
            elsewhere: false,
            meant: None,
            remedy: None,
        };
        let nobody_looks = || (unknown(id, Unknown::NoDetector), BTreeMap::new());
        let Some(rule) = self.evidence.rules.iter().find(|r| r.id == id) else { return nobody_looks() };
        if self.open.iter().any(|o| o == id) {
            return nobody_looks();
        }
        if self.evidence.off.contains(id) {
            // unknown, never "not found": nobody looked; and never better than what was found without it
            return (unknown(id, Unknown::SwitchedOff), BTreeMap::new());
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
        // whether the rule's own words say why it is no more
        let mut said = false;
        let mut decided = None;
        for (number, weaker) in rule.indicated.iter().enumerate() {
            if best.standing.verdict == Verdict::Met {
                break;
            }
            let mut found = self.clause(&weaker.when).cap(weaker.because);
            if rank(found.standing) > rank(best.standing) && found.holds() {
                if found.standing.because == Some(weaker.because) && !weaker.says.is_empty() {
                    // what is written and switched off says more than that it is missing
                    let says = |at| Miss::plain(at, weaker.says.clone());
                    found.why = near::switched_off(self, rule).or_else(|| self.place_of(&found).map(says));
                    said = true;
                } else {
                    said = false;
                }
                decided = Some(number);
                best = found;
            }
        }
        if !best.holds()
            && let Some(clause) = &rule.not_applicable
        {
            let reason = self.clause(clause);
            if reason.holds() {
                best = Answer { standing: Standing::plain(Verdict::NotApplicable), qualified: BTreeMap::new(), ..reason };
            }
        }
        if !best.holds()
            && best.standing.verdict != Verdict::NotApplicable
            && let Some(clause) = &rule.contradicted
        {
            let against = self.clause(clause);
            if against.holds() {
                best = Answer { standing: Standing::plain(Verdict::Contradicted), qualified: BTreeMap::new(), ..against };
            }
        }
        // who imports something is no start of it
        let of_imports = matches!(rule.met, Some(Clause::Imported(_)));
        if best.holds() && best.chains.is_empty() && !of_imports {
            best.chains = self.way_to(&best).into_iter().collect();
        }
        super::act::first(self, rule, &mut best);
        // what starts nothing here, or cannot run, may be started or run by what was not read
        let elsewhere =
            matches!(best.standing.because, Some(Because::Idle | Because::Broken)) && self.evidence.unread.contains(&rule.id);
        if best.standing.verdict == Verdict::NotShown || elsewhere {
            best.standing = nothing_found(rule, self.evidence.unread);
        }
        let near = match best.standing.verdict {
            // what could not be looked for may be there: nothing is said to keep it from counting
            Verdict::Met | Verdict::NotApplicable | Verdict::Unknown => None,
            Verdict::Indicated => best.why.take(),
            _ => near::miss(self, rule),
        };
        let starts_unread = || STARTS.iter().any(|id| self.evidence.unread.contains(*id));
        let near = match near {
            // it is there, and what was not read may start it
            Some(miss) if miss.unstarted && best.standing.verdict == Verdict::NotShown && starts_unread() => {
                best.standing = Standing::unknown(Unknown::NotRead);
                None
            }
            near => near,
        };
        let (action, meant) = match best.standing.verdict {
            Verdict::Met | Verdict::NotApplicable => (String::new(), None),
            _ => self.fitting(rule, near.as_ref()),
        };
        // what is done to a service wants one first
        let unserved =
            rule.subjects == [Part::Serve] && self.evidence.system.serves.is_empty() && !rule.id.starts_with("serving.");
        let action = if unserved && !action.is_empty() { format!("{UNSERVED}{action}") } else { action };
        // advice on training is for whoever trains
        let elsewhere = rule.subjects == [Part::Train] && self.evidence.system.trains.is_empty();
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
        let counted = self.counted(rule, best.standing.verdict, decided);
        let missing: Vec<String> = counted.iter().filter(|(_, found, _)| !found).map(|(name, ..)| name.clone()).collect();
        let action = match missing.join(", ") {
            told if told.is_empty() || action.is_empty() => action,
            told => format!("{action} (missing: {told})"),
        };
        // the rule's own words say that something is missing: better is what
        let near = match near {
            Some(near) if said && best.standing.verdict == Verdict::Indicated && !missing.is_empty() => {
                Some(Miss { before: named_parts(&counted), ..near })
            }
            near => near,
        };
        if !missing.is_empty() {
            qualifiers.insert("missing".to_owned(), missing.into_iter().collect());
        }
        let mut seen = BTreeSet::new();
        best.signals.retain(|signal| seen.insert(*signal));
        best.chains.dedup();
        let found = remedy::Found { standing: best.standing, chains: &best.chains, near: near.as_ref(), said };
        let remedy = remedy::of(self, rule, &found);
        let judged = Judged {
            id: rule.id.clone(),
            standing: best.standing,
            signals: best.signals,
            places: best.places,
            chains: best.chains,
            qualifiers,
            near,
            action,
            elsewhere,
            meant,
            remedy,
        };
        (judged, qualified)
    }

    /// What is to be done about a practice given what is there, and where that is, if the nearest miss is not it already.
    fn fitting(&mut self, rule: &PracticeRule, near: Option<&Miss>) -> (String, Option<crate::source::Location>) {
        for fitting in &rule.actions {
            let answer = self.clause(&fitting.when);
            if !answer.holds() {
                continue;
            }
            let all = &self.evidence.signals.all;
            let is_near = |near: &Miss| answer.signals.iter().any(|s| all[*s].at == near.at || near.seen == Some(*s));
            let meant = if near.is_some_and(is_near) { None } else { self.place_of(&answer) };
            return (fitting.action.clone(), meant.filter(|at| at.line > 0));
        }
        (rule.action.clone(), None)
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
            Clause::ImageHolds(ask) => super::held::answer(self, ask),
            Clause::ImageCarries(ask) => super::carried::answer(self, ask),
            Clause::Steps(steps) => super::steps::answer(self, steps),
            Clause::Practice(PracticeAsk::Id(ask)) => {
                let (id, word) =
                    ask.split_once('[').map_or((ask.as_str(), None), |(id, rest)| (id, Some(rest.trim_end_matches(']'))));
                let (judged, qualified) = self.practice(id);
                let standing = match word {
                    None => judged.standing,
                    Some(word) => qualified.get(word).copied().unwrap_or(Standing::plain(Verdict::NotShown)),
                };
                let why = judged.near.filter(|_| standing.verdict == Verdict::Indicated);
                Answer {
                    standing,
                    signals: judged.signals,
                    places: judged.places,
                    chains: judged.chains,
                    qualified: BTreeMap::new(),
                    why,
                }
            }
            Clause::Cap(inner) => self.clause(&inner.of).cap(inner.because),
        }
    }

    /// Things that a rule counts and names, whether each is there, and where it is or falls short: of the form that decided,
    /// else of the first that names any.
    fn counted(
        &mut self,
        rule: &PracticeRule,
        verdict: Verdict,
        decided: Option<usize>,
    ) -> Vec<(String, bool, Option<crate::source::Location>)> {
        if !matches!(verdict, Verdict::Indicated | Verdict::NotShown) {
            return Vec::new();
        }
        let own = decided.and_then(|at| rule.indicated.get(at)).into_iter();
        let Some(count) = own.chain(&rule.indicated).find_map(|weaker| named_count(&weaker.when)) else { return Vec::new() };
        let mut all = Vec::new();
        for (part, name) in count.of.iter().zip(&count.missing) {
            let answer = self.clause(part);
            let short = match part {
                Clause::Practice(PracticeAsk::Id(id)) if !answer.holds() => self.practice(id).0.near.map(|near| near.at),
                _ => None,
            };
            let at = if answer.holds() { self.place_of(&answer) } else { short };
            all.push((name.clone(), answer.holds(), at));
        }
        all
    }

    /// Signals meant that stand on a node.
    pub(crate) fn targets(&self, ask: &Select) -> Vec<(usize, NodeId)> {
        let graph = self.evidence.graph;
        let found = select(self.evidence, ask).into_iter();
        let nodes = |s: usize| graph.nodes_of(s).map(move |n| (s, n));
        match ask.on {
            On::Applied => found.flat_map(|(s, _)| self.applied(s).map(move |n| (s, n))).collect(),
            On::Serving => found.flat_map(|(s, _)| nodes(s)).filter(|(_, n)| !self.rolls_out_another(*n)).collect(),
            On::ForTraining => {
                found.flat_map(|(s, _)| nodes(s)).filter(|(_, n)| !self.evidence.system.only_answers(graph, *n)).collect()
            }
            _ => found.flat_map(|(s, _)| nodes(s)).collect(),
        }
    }

    /// Whether what is rolled out from there is known, and none of it serves.
    fn rolls_out_another(&self, node: NodeId) -> bool {
        if let Some(known) = self.others.borrow().get(&node) {
            return *known;
        }
        let another = {
            let evidence = self.evidence;
            super::carried::another(evidence.graph, evidence.signals, evidence.book, evidence.system, node)
        };
        self.others.borrow_mut().insert(node, another);
        another
    }

    /// What a command that applies the file of a signal leads to there.
    fn applied(&self, signal: usize) -> impl Iterator<Item = NodeId> + 'e {
        let (graph, path) = (self.evidence.graph, &self.evidence.signals.all[signal].at.path);
        let here = move |e: &&Edge| e.kind == EdgeKind::Applies && e.off.is_none() && graph.nodes[e.to].at.path == *path;
        let leads: BTreeSet<NodeId> = graph.edges.iter().filter(here).map(|e| e.to).collect();
        leads.into_iter()
    }

    /// `signal`: seen where it must be seen.
    fn signal(&mut self, ask: &Select) -> Answer {
        let mut found = select(self.evidence, ask);
        if ask.notebooks == Notebooks::Never {
            found.retain(|(s, _)| !self.evidence.signals.all[*s].notebook);
        }
        // that something is written in another repository shows nothing of this one
        let elsewhere = |s: usize| self.evidence.signals.all[s].scope == Scope::Elsewhere;
        if matches!(ask.on, On::File | On::Own) {
            found.retain(|(s, _)| !elsewhere(*s));
        }
        if ask.on == On::Own {
            // a program that declares is the project itself
            let seen = |s: usize| &self.evidence.signals.all[s];
            found.retain(|(s, _)| matches!(seen(*s).owner, Owner::Code(_)) || !self.evidence.system.beside(&seen(*s).at.path));
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
        if ask.on == On::ServeReads {
            let named = self.named_by_serving.get_or_insert_with(|| Named::of_serving(self.evidence));
            let files = named.files(self.evidence, &found);
            return if files.is_empty() { Answer::no() } else { self.of_files(ask, files) };
        }
        if matches!(ask.on, On::File | On::Own) {
            return self.of_files(ask, found);
        }
        let graph = self.evidence.graph;
        let targets: Vec<(usize, NodeId)> = found.iter().flat_map(|(s, _)| graph.nodes_of(*s).map(|n| (*s, n))).collect();
        let tests = ask.scope.contains(&Scope::Test);
        let inside = |nodes: &[bool]| -> Vec<(usize, NodeId)> { targets.iter().filter(|(_, n)| nodes[*n]).copied().collect() };
        let (from, candidates) = match ask.on {
            On::Ci => (From::Ci, targets.clone()),
            On::Unattended => (From::Unattended, targets.clone()),
            On::TrainRun | On::TrainReads => (From::Anyone, inside(&self.evidence.system.train_run)),
            On::ServeRun => (From::Anyone, inside(&self.evidence.system.serve_run)),
            On::BothRuns => (From::Anyone, self.of_both(&targets)),
            On::Applied | On::ForTraining | On::Serving => (From::Anyone, self.targets(ask)),
            On::Live | On::File | On::Own | On::ServeReads => (From::Anyone, targets.clone()),
        };
        let answer = self.competing(from, &[], &candidates, ask.check, ask.notebooks, tests);
        if answer.holds()
            || matches!(ask.on, On::Unattended | On::BothRuns | On::TrainReads | On::Applied | On::ForTraining | On::Serving)
        {
            return answer;
        }
        // written, but nothing runs it as asked
        found.retain(|(s, _)| !elsewhere(*s));
        let mut idle = Answer::no();
        if found.is_empty() {
            return idle;
        }
        idle.standing = Standing::indicated(Because::Idle);
        // code before notebooks, the order of places else
        found.sort_by_key(|(s, _)| self.evidence.signals.all[*s].notebook);
        idle.signals = found.iter().map(|(s, _)| *s).take(3).collect();
        idle.why =
            found.first().map(|(s, _)| Miss::quote(self.evidence.signals.all[*s].at.clone(), "", *s, near::elsewhere(ask.on)));
        for signal in &idle.signals {
            for (key, word) in &self.evidence.signals.all[*signal].qualifiers {
                idle.qualified.insert(format!("{key}={word}"), idle.standing);
            }
        }
        idle
    }

    /// What is part of training and of serving: the place itself, or the own function that is called there.
    fn of_both(&self, targets: &[(usize, NodeId)]) -> Vec<(usize, NodeId)> {
        let Evidence { graph, signals, system, .. } = self.evidence;
        let calls_shared = |signal: usize, node: NodeId| {
            let here = |e: &&Edge| e.at == signals.all[signal].at && e.runs() && e.off.is_none() && e.strength > Strength::Broken;
            (system.train_run[node] || system.serve_run[node]) && graph.leaving(node).filter(here).any(|e| system.both_runs[e.to])
        };
        targets.iter().filter(|(s, n)| system.both_runs[*n] || calls_shared(*s, *n)).copied().collect()
    }

    /// Signals that stand in files, whatever runs: as good as the surest of them.
    pub(super) fn of_files(&self, ask: &Select, mut found: Vec<(usize, Option<NodeId>)>) -> Answer {
        let all = &self.evidence.signals.all;
        // the surest first, and of those what something starts; last what stands in a module that cannot be loaded
        let live = self.live();
        let fails = |s: usize, n: Option<NodeId>| n.and_then(|_| self.evidence.graph.failing.get(&all[s].at.path));
        found.sort_by_key(|(s, n)| {
            (fails(*s, *n).is_some(), std::cmp::Reverse(all[*s].strength), !n.is_some_and(|n| live.has(n)))
        });
        let mut answer = Answer::plain(Verdict::Met);
        let Some((first, node)) = found.first().copied() else { return Answer::no() };
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
        if let Some((at, what)) = fails(first, node) {
            answer.standing = cap(answer.standing, Because::Broken);
            answer.why = Some(Miss::plain(at.clone(), what.clone()));
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
            .filter(|(i, s)| is_kind(s, ask) && self.evidence.system.owns_signal(*i, s))
            .filter(|(_, s)| s.scope != Scope::Elsewhere || s.off.is_none())
            .flat_map(|(i, _)| {
                let mut nodes: Vec<Option<NodeId>> = self.evidence.graph.nodes_of(i).map(Some).collect();
                nodes.resize(nodes.len().max(1), None);
                nodes.into_iter().map(move |node| (i, node))
            })
            .collect()
    }

    pub(crate) fn evidence(&self) -> &'e Evidence<'e> {
        self.evidence
    }
}

/// The first count in a clause that names its parts.
fn named_count(clause: &Clause) -> Option<&crate::rules::practice::Count> {
    match clause {
        Clause::Count(count) if count.missing.len() == count.of.len() && !count.of.is_empty() => Some(count),
        Clause::All(parts) | Clause::Any(parts) => parts.iter().find_map(named_count),
        Clause::Cap(cap) => named_count(&cap.of),
        _ => None,
    }
}

/// `missing: a, b; found: c (x.py:3), d`, with the place where something falls short.
fn named_parts(parts: &[(String, bool, Option<crate::source::Location>)]) -> String {
    let of = |found: bool| {
        let told = parts.iter().filter(|(_, is, _)| *is == found).map(|(name, _, at)| match at {
            Some(at) => format!("{name} ({at})"),
            None => name.clone(),
        });
        told.collect::<Vec<_>>().join(", ")
    };
    match of(true) {
        found if found.is_empty() => format!("missing: {}", of(false)),
        found => format!("missing: {}; found: {found}", of(false)),
    }
}
