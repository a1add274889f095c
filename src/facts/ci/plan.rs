//! When the jobs of a pipeline run: what starts it, for which of that each of them runs, what they wait for, and which of
//! them wait for a person.
//!
//! A reader says of every job how far it runs for each way of starting the pipeline; what follows from that is the same
//! for all services. Jobs behind one that a person starts are a person's as well.
//!
//! Invariants: jobs that wait for each other never run; what only a setting of the service fulfils is only meant.

use std::collections::BTreeSet;

use super::held::{Held, Truth};
use super::reading::Reading;
use crate::fact::{FactKind, Guard, Needs, Trigger, UnitId, Until};
use crate::words::{Strength, TriggerKind};

/// A way in which a pipeline is started.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) kind: TriggerKind,
    /// As it is told.
    pub(super) text: String,
    /// The line that says so; none where nothing does.
    pub(super) line: Option<u32>,
    /// Branches that it is limited to.
    pub(super) branches: Vec<String>,
    /// Whether every pipeline is started so that does not exclude it.
    pub(super) implied: bool,
    /// Why it is only meant.
    pub(super) elsewhere: Option<&'static str>,
    /// What makes it more than meant is that something hands over the file.
    pub(super) put: bool,
    /// Another file calls it, which starts nothing by itself.
    pub(super) called: bool,
}

impl Source {
    /// What starts every pipeline that does not exclude it.
    pub(super) fn implied(kind: TriggerKind, text: &str) -> Self {
        let branches = Vec::new();
        let text = text.to_owned();
        Self { kind, text, line: None, branches, implied: true, elsewhere: None, put: false, called: false }
    }

    /// Another file calls the pipeline; `text` is the word that says so. What waits for a person waits in there too.
    pub(super) fn call(text: &str) -> Self {
        Self { called: true, ..Self::implied(TriggerKind::Upstream, text) }
    }

    /// What starts only those that ask for it.
    pub(super) fn asked(kind: TriggerKind, text: &str) -> Self {
        Self { implied: false, ..Self::implied(kind, text) }
    }

    /// A schedule that is set up in the service.
    pub(super) fn schedule_elsewhere() -> Self {
        Self { elsewhere: Some("it is set up in the service"), ..Self::asked(TriggerKind::Schedule, "schedule") }
    }

    /// Whoever starts it so may say more than the file does.
    const fn is_told(&self) -> bool {
        !matches!(self.kind, TriggerKind::Push | TriggerKind::Tag | TriggerKind::Pr)
    }
}

/// A job that another waits for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Need {
    /// Its number among the jobs of the plan.
    pub(super) on: usize,
    /// The line that says so.
    pub(super) line: u32,
    /// Whether the later stays away when it fails.
    pub(super) stops: bool,
}

/// A job, as far as it is decided when it runs.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    pub(super) id: UnitId,
    pub(super) name: String,
    /// Where its conditions stand.
    pub(super) line: u32,
    /// How far it runs, for each source of the plan.
    pub(super) held: Vec<Held>,
    pub(super) needs: Vec<Need>,
    /// The word by which it waits for a person.
    pub(super) by_hand: Option<String>,
}

/// The jobs of one pipeline.
pub(super) struct Plan {
    pub(super) workflow: UnitId,
    pub(super) line: u32,
    pub(super) sources: Vec<Source>,
    pub(super) jobs: Vec<Planned>,
    /// A job of whose needs none runs does not run either; else it goes on without them.
    pub(super) strict: bool,
}

/// What a job comes to for one source.
#[derive(Debug, Clone, Default)]
struct Way {
    runs: bool,
    /// Why a person comes first.
    waits: Option<String>,
}

impl Plan {
    /// States triggers, guards and order.
    pub(super) fn state<Own>(&self, reading: &mut Reading<'_, Own>) {
        let Some(order) = self.order() else {
            let line = self.line;
            reading.wrong(line, "some jobs wait for each other, so the pipeline is refused");
            reading.never(self.workflow, line, "jobs that wait for each other");
            return;
        };
        let ways = self.ways(&order);
        let automatic = |job: usize, source: usize| -> bool {
            let (Some(way), Some(held)) = (way(&ways, job, source), self.held(job, source)) else { return false };
            let told = self.sources.get(source).is_some_and(Source::is_told);
            way.runs && way.waits.is_none() && (told || held.outside.is_none())
        };
        let stated = self.triggers(&automatic, reading);
        for (number, job) in self.jobs.iter().enumerate() {
            let of: Vec<usize> = (0..self.sources.len()).filter(|s| automatic(number, *s)).collect();
            self.guards(number, &of, &ways, &stated, reading);
            for need in &job.needs {
                let both = |s: usize| [number, need.on].iter().all(|j| way(&ways, *j, s).is_some_and(|w| w.runs));
                let Some(on) = self.jobs.get(need.on).map(|j| j.id) else { continue };
                if (0..self.sources.len()).any(both) || self.sources.is_empty() {
                    reading.fact(job.id, need.line, FactKind::Needs(Needs { on, stops: need.stops }));
                }
            }
        }
    }

    fn held(&self, job: usize, source: usize) -> Option<&Held> {
        self.jobs.get(job)?.held.get(source)
    }

    /// The jobs so that each comes after those it waits for; none where some wait for each other.
    fn order(&self) -> Option<Vec<usize>> {
        let mut open: Vec<usize> = self.jobs.iter().map(|j| j.needs.len()).collect();
        let mut later: Vec<Vec<usize>> = vec![Vec::new(); self.jobs.len()];
        for (number, job) in self.jobs.iter().enumerate() {
            for need in &job.needs {
                later.get_mut(need.on)?.push(number);
            }
        }
        let mut order: Vec<usize> = (0..open.len()).filter(|j| open.get(*j) == Some(&0)).collect();
        let mut at = 0;
        while let Some(done) = order.get(at).copied() {
            at += 1;
            for next in later.get(done)? {
                let left = open.get_mut(*next)?;
                *left -= 1;
                if *left == 0 {
                    order.push(*next);
                }
            }
        }
        (order.len() == self.jobs.len()).then_some(order)
    }

    /// For every job and source whether it runs, and whether a person comes first.
    fn ways(&self, order: &[usize]) -> Vec<Vec<Way>> {
        let mut ways: Vec<Vec<Way>> = vec![vec![Way::default(); self.sources.len()]; self.jobs.len()];
        for number in order {
            let Some(job) = self.jobs.get(*number) else { continue };
            for source in 0..self.sources.len() {
                let before = || job.needs.iter().filter_map(|n| Some((self.jobs.get(n.on)?, way(&ways, n.on, source)?)));
                let there = !self.strict || job.needs.is_empty() || before().any(|(_, w)| w.runs);
                let runs = there && job.held.get(source).is_some_and(|h| h.truth != Truth::No);
                let person = before().find(|(_, w)| w.runs && w.waits.is_some());
                let after = person.map(|(j, _)| format!("after job `{}`, which waits for a person", j.name));
                let waits = job.by_hand.clone().or(after);
                if let Some(own) = ways.get_mut(*number).and_then(|w| w.get_mut(source)) {
                    *own = Way { runs, waits };
                }
            }
        }
        ways
    }

    fn triggers<Own>(&self, automatic: &dyn Fn(usize, usize) -> bool, reading: &mut Reading<'_, Own>) -> BTreeSet<TriggerKind> {
        let mut stated = BTreeSet::new();
        for (number, source) in self.sources.iter().enumerate() {
            let of: Vec<(&Planned, &Held)> = self
                .jobs
                .iter()
                .enumerate()
                .filter(|(job, _)| automatic(*job, number))
                .filter_map(|(_, job)| Some((job, job.held.get(number)?)))
                .filter(|(_, held)| source.implied || held.named)
                .collect();
            if of.is_empty() {
                continue;
            }
            let named = of.iter().filter(|(_, held)| held.named).map(|(job, _)| job.line).min();
            let mut branches = source.branches.clone();
            if branches.is_empty()
                && let Some(asked) = of.iter().map(|(_, held)| held.branches.clone()).collect::<Option<Vec<_>>>()
            {
                branches = asked.into_iter().flatten().collect::<BTreeSet<_>>().into_iter().collect();
            }
            let mut text = source.text.clone();
            if !branches.is_empty() {
                text = format!("{text} {}", branches.join(", "));
            }
            let trigger = Trigger { branches, ..Trigger::plain(source.kind, text) };
            let trigger = match source.elsewhere {
                _ if source.called => Trigger::call(&source.text),
                Some(why) if source.put => {
                    let held = crate::fact::Held {
                        strength: Strength::Assumed,
                        why: why.to_owned(),
                        until: Some(Until::Applied),
                        remedy: None,
                    };
                    Trigger { held: Some(held), ..trigger }
                }
                Some(why) => trigger.elsewhere(why),
                None => trigger,
            };
            reading.fact(self.workflow, source.line.or(named).unwrap_or(self.line), FactKind::Trigger(trigger));
            stated.insert(source.kind);
        }
        stated
    }

    fn guards<Own>(
        &self,
        number: usize,
        automatic: &[usize],
        ways: &[Vec<Way>],
        stated: &BTreeSet<TriggerKind>,
        reading: &mut Reading<'_, Own>,
    ) {
        let Some(job) = self.jobs.get(number) else { return };
        let kind = |source: usize| self.sources.get(source).map(|s| s.kind);
        let runs = |source: usize| way(ways, number, source).is_some_and(|w| w.runs);
        let by_hand: Vec<usize> =
            (0..self.sources.len()).filter(|s| runs(*s) && way(ways, number, *s).is_some_and(|w| w.waits.is_some())).collect();
        // by hand in any pipeline that begins by itself, or that a person begins
        let first = by_hand.iter().find(|s| automatic.is_empty() || kind(**s).is_some_and(|k| stated.contains(&k)));
        if let Some(word) = first.and_then(|s| way(ways, number, *s)?.waits.clone()) {
            if automatic.is_empty() {
                reading.by_hand(job.id, job.line, &word);
            } else {
                reading.fact(job.id, job.line, FactKind::Trigger(Trigger::plain(TriggerKind::Manual, word)));
            }
        }
        // what waits for a variable that is set elsewhere may never run
        let outside = (0..self.sources.len()).find_map(|s| {
            let asks = runs(s) && !automatic.contains(&s) && !by_hand.contains(&s);
            let name = self.held(number, s)?.outside.clone().filter(|_| asks)?;
            Some((self.sources.get(s)?, name))
        });
        if let Some((source, name)) = &outside {
            let trigger = Trigger::plain(source.kind, source.text.clone());
            let trigger = trigger.elsewhere(format!("`{name}` is set outside of the repository"));
            reading.fact(job.id, job.line, FactKind::Trigger(trigger));
        }
        let kinds: BTreeSet<TriggerKind> = automatic.iter().filter_map(|s| kind(*s)).collect();
        if automatic.is_empty() && by_hand.is_empty() && !self.sources.is_empty() {
            let word =
                if outside.is_some() { "conditions that only a setting elsewhere fulfils" } else { "conditions that never hold" };
            reading.never(job.id, job.line, word);
        } else if !stated.is_subset(&kinds) && !kinds.is_empty() {
            reading.fact(job.id, job.line, FactKind::Guard(Guard::Event(kinds.into_iter().collect())));
        }
        let held: Vec<&Held> = automatic.iter().filter_map(|s| self.held(number, *s)).collect();
        if let Some(first) = held.first()
            && held.iter().all(|h| !h.rest.is_empty())
        {
            reading.fact(job.id, job.line, FactKind::Guard(Guard::If(first.rest.join(" && "))));
        }
    }
}

fn way(ways: &[Vec<Way>], job: usize, source: usize) -> Option<&Way> {
    ways.get(job)?.get(source)
}
