//! What jobs wait for: stages, `needs`, and people who start one of those before.

use std::collections::{BTreeMap, BTreeSet};

use super::super::reading::Reading;
use super::jobs::Job;
use super::merged::{Config, get};
use super::starts::{Source, When};
use crate::fact::{FactKind, Needs, UnitId, UnitKind};
use crate::source::{NoticeKind, RepoPath};

/// Most rounds in which it is worked out who waits for a person.
const MAX_ROUNDS: usize = 60;

/// A pipeline in which a job is missing that another of its jobs must wait for cannot begin.
pub(super) fn without_their_needs(jobs: &mut [Job<'_>], sources: &[Source]) {
    for source in sources {
        for _ in 0..MAX_ROUNDS {
            let absent: BTreeSet<&str> =
                jobs.iter().filter(|j| j.ways.get(source).is_none_or(Vec::is_empty)).map(|j| j.name).collect();
            let lacks = |job: &Job<'_>| {
                !absent.contains(job.name) && job.needs.iter().flatten().any(|(name, must, _)| *must && absent.contains(&**name))
            };
            let out: Vec<usize> = jobs.iter().enumerate().filter(|(_, j)| lacks(j)).map(|(at, _)| at).collect();
            if out.is_empty() {
                break;
            }
            for at in out {
                if let Some(job) = jobs.get_mut(at) {
                    job.ways.remove(source);
                }
            }
        }
    }
}

/// The jobs that one waits for: those it names, or else all of earlier stages.
fn before<'j, 't>(job: &Job<'t>, jobs: &'j [Job<'t>]) -> Vec<&'j Job<'t>> {
    if let Some(needs) = &job.needs {
        return jobs.iter().filter(|j| needs.iter().any(|(name, ..)| name == j.name)).collect();
    }
    let mut found: Vec<&Job<'t>> = Vec::new();
    for stage in (0..job.stage).rev() {
        let of_stage = || jobs.iter().filter(|j| j.stage == stage);
        found.extend(of_stage());
        // one that names nothing waits for all before it
        if of_stage().any(|j| j.needs.is_none()) {
            break;
        }
    }
    found
}

/// Works out which jobs wait for one that a person starts.
pub(super) fn wait_for_people(jobs: &mut [Job<'_>], sources: &[Source]) {
    let after: Vec<Vec<usize>> = {
        let places: BTreeMap<&str, usize> = jobs.iter().enumerate().map(|(at, j)| (j.name, at)).collect();
        jobs.iter().map(|j| before(j, jobs).iter().filter_map(|b| places.get(b.name).copied()).collect()).collect()
    };
    for source in sources {
        for _ in 0..MAX_ROUNDS {
            let mut changed: Vec<(usize, String)> = Vec::new();
            for (at, job) in jobs.iter().enumerate().filter(|(_, j)| !j.waits.contains_key(source)) {
                let waits = after.get(at).into_iter().flatten().filter_map(|b| jobs.get(*b)).find(|b| {
                    let by_hand = b.is_by_hand(*source);
                    // who names one that a person starts waits for it in any case
                    by_hand && (job.needs.is_some() || b.waits.contains_key(source) || !b.is_optional(*source))
                });
                if let Some(first) = waits {
                    changed.push((at, first.name.to_owned()));
                }
            }
            if changed.is_empty() {
                break;
            }
            for (at, name) in changed {
                if let Some(job) = jobs.get_mut(at) {
                    job.waits.insert(*source, name);
                }
            }
        }
    }
}

/// What a job waits for, in this file and in others.
pub(super) fn order<'t>(
    config: &Config<'t>,
    job: &Job<'t>,
    id: UnitId,
    jobs: &[Job<'t>],
    ids: &BTreeMap<&str, UnitId>,
    root: &RepoPath,
    reading: &mut Reading<'_>,
) {
    let named = job.needs.iter().flatten();
    for (name, required, line) in named.clone() {
        let known = jobs.iter().any(|j| j.name == name);
        if !known && *required && config.complete && *root == reading.file.path {
            reading.notice(*line, NoticeKind::NotFollowed, &format!("there is no job `{name}` to wait for"));
        }
    }
    let always = Source::ALL
        .iter()
        .chain(&[Source::Parent])
        .flat_map(|s| job.by_itself(*s))
        .next()
        .is_some_and(|w| matches!(w.when, When::Itself(Some(_))));
    let own = reading.file.path.clone();
    let needs = get(&job.map, "needs").or_else(|| get(&job.map, "stage")).filter(|e| config.path(e.doc) == Some(&own));
    let line = needs.map_or(job.line, |e| e.line);
    let shared: Vec<Source> = job.ways.iter().filter(|(_, ways)| !ways.is_empty()).map(|(source, _)| *source).collect();
    for earlier in before(job, jobs) {
        // in no pipeline are both of them, or the later goes on without it
        let together = shared.iter().filter(|s| earlier.ways.get(s).is_some_and(|w| !w.is_empty()));
        let mut together = together.filter(|s| job.needs.is_some() || !(earlier.is_by_hand(**s) && earlier.is_optional(**s)));
        if earlier.name == job.name || together.next().is_none() {
            continue;
        }
        let allowed = earlier.allows_failure
            || earlier.ways.values().flatten().any(|w| w.allows_failure == Some(true) && matches!(w.when, When::Itself(_)));
        let at = named.clone().find(|(name, ..)| name == earlier.name).filter(|_| needs.is_some()).map_or(line, |(_, _, at)| *at);
        let stops = !allowed && !always;
        match ids.get(earlier.name) {
            Some(on) => reading.fact(id, at, FactKind::Needs(Needs { on: *on, stops })),
            None => {
                let Some(path) = config.path(earlier.doc).cloned() else { continue };
                reading.fact(id, at, FactKind::After { path, kind: UnitKind::Job, name: earlier.name.to_owned(), stops });
            }
        }
    }
}
