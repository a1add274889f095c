//! Answers that are counted rather than followed: pinned dependencies, reviewed commits.

use std::collections::BTreeSet;

use super::answer::Answer;
use super::{Evidence, Proof};
use crate::fact::{FactKind, Pin};
use crate::graph::NodeKind;
use crate::source::{Location, RepoPath, is_copy};
use crate::verdict::Standing;
use crate::words::{Unknown, Verdict};

/// The share of direct dependencies of the system, or of those that some command installs from their list, that are fixed to one version. Packages for those who work on the code
/// are no part of what runs.
pub(crate) fn pinned(evidence: &Evidence<'_>, at_least: f64) -> Answer {
    let signals = evidence.signals.all.iter().filter(|s| &*s.id == "deps.tool");
    let tools: BTreeSet<(&RepoPath, u32)> = signals.map(|s| (&s.at.path, s.at.line)).collect();
    // what nothing installs from says less than what something does
    let graph = evidence.graph;
    let installs = graph.edges.iter().filter(|e| e.runs() && e.off.is_none() && graph.nodes[e.from].kind == NodeKind::Command);
    let installed: BTreeSet<&RepoPath> = installs.map(|e| &graph.nodes[e.to].at.path).collect();
    // of everything, and of what is installed
    let mut counts = [(0_usize, 0_usize, None); 2];
    let own = |p: &str| evidence.system.owns(p) && evidence.system.is_source(p) && !is_copy(p);
    for (path, facts) in evidence.book.iter().filter(|(p, _)| own(p)) {
        for fact in &facts.facts {
            let FactKind::Dependency(dependency) = &fact.kind else { continue };
            let aside = dependency.locked || dependency.group.is_some() || dependency.name == "python";
            if aside || tools.contains(&(path, fact.line)) {
                continue;
            }
            let both = 1 + usize::from(installed.contains(path));
            for (fixed, all, place) in counts.iter_mut().take(both) {
                *all += 1;
                if dependency.pin == Pin::Exact {
                    *fixed += 1;
                    place.get_or_insert((path, fact.line));
                }
            }
        }
    }
    let mut answer = empty(Verdict::NotShown);
    let enough = |(fixed, all, _): &&(usize, usize, _)| *all > 0 && *fixed as f64 >= at_least * *all as f64;
    if let Some((fixed, all, place)) = counts.iter().find(enough) {
        let place = place.map(|(path, line)| Location::line(path, line));
        answer.standing = Standing::plain(Verdict::Met);
        answer.places.push(Proof {
            at: place,
            commit: None,
            what: format!("{fixed} of {all} direct dependencies are fixed to one version"),
        });
    }
    answer
}

/// The share of people's first-parent commits in the year before the scanned commit (or the day asked for) that carry a pull-request
/// reference by somebody else than their author.
pub(crate) fn reviewed(evidence: &Evidence<'_>, at_least: f64) -> Answer {
    let history = evidence.history;
    let (Some(newest), Some(last_day)) = (history.commits.first(), history.last_day()) else {
        let mut answer = empty(Verdict::Unknown);
        answer.standing = Standing::unknown(Unknown::NoHistory);
        return answer;
    };
    let (mut reviewed, mut all) = (0_usize, 0_usize);
    for commit in history.first_parent.iter().filter_map(|i| history.commits.get(*i)) {
        if commit.is_bot || last_day - commit.day > 365 {
            continue;
        }
        all += 1;
        let by_another = !commit.is_merge || commit.author_key != commit.committer_key;
        if commit.pr_reference && by_another {
            reviewed += 1;
        }
    }
    let mut answer = empty(Verdict::NotShown);
    if !history.is_whole() && all < 20 {
        answer.standing = Standing::unknown(Unknown::NoHistory);
    } else if all >= 5 && reviewed as f64 > at_least * all as f64 {
        answer.standing = Standing::plain(Verdict::Met);
        answer.places.push(Proof {
            at: None,
            commit: Some((newest.id.clone(), newest.date.clone())),
            what: format!("{reviewed} of {all} commits of the last year carry a pull-request reference"),
        });
    }
    answer
}

fn empty(verdict: Verdict) -> Answer {
    Answer {
        standing: Standing::plain(verdict),
        signals: Vec::new(),
        places: Vec::new(),
        chains: Vec::new(),
        qualified: std::collections::BTreeMap::new(),
        why: None,
    }
}
