//! From the stages' results to the report: plain data, redacted once, every claim with its place.

mod assess;
mod highlights;
mod remedies;
pub(crate) mod settings;
mod steps;
mod unread;

use std::collections::{BTreeMap, BTreeSet};

use super::redact;
use super::{
    Cause, Chain, Claim, Counts, Coverage, Evidence, FilesFrom, HistoryInput, Hop, Inputs, NearestMiss, Practice, Report,
    Repository, Ruleset, SCHEMA_VERSION, SettingsInput, Skipped, Subject, Summary, System, Tool,
};
use crate::fact::Book;
use crate::graph::Graph;
use crate::practices::{self, Judged, Miss};
use crate::rules::model::Model;
use crate::rules::practice::PracticeRule;
use crate::signals::{Owner, Signals};
use crate::source::{Location, Notice, RepoPath};
use crate::walk::{Copies, Inventory};
use crate::words::{EdgeKind, Strength};

pub(crate) use remedies::{Raised, raise};
pub(crate) use unread::Unread;

/// What the stages found, borrowed for writing it down.
pub(crate) struct Findings<'f> {
    /// The files.
    pub(crate) inventory: &'f Inventory,
    /// What was seen.
    pub(crate) signals: &'f Signals,
    /// What starts what.
    pub(crate) graph: &'f Graph,
    /// What every file states.
    pub(crate) book: &'f Book,
    /// The practice rules.
    pub(crate) rules: &'f [PracticeRule],
    /// Automation that was seen and not read.
    pub(crate) unread: &'f [Unread],
    /// Whether a file starts nothing by what it is: a test, a document, an example, a notebook.
    pub(crate) aside: &'f dyn Fn(&str) -> bool,
    /// One line of a file's text, for snippets; empty where it cannot be read.
    pub(crate) line: &'f dyn Fn(&Location) -> String,
}

/// What is known of the clone and of how the scan was asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// Digest of the rules.
    pub(crate) digest: String,
    /// The commit scanned.
    pub(crate) commit: Option<String>,
    /// When it was committed.
    pub(crate) committed_at: Option<String>,
    /// The remote, without secrets.
    pub(crate) remote: Option<String>,
    /// Its oldest commit.
    pub(crate) first_commit: Option<String>,
    /// The revision asked for.
    pub(crate) revision: Option<String>,
    /// Whether there is no work tree: what is scanned is the commit of HEAD.
    pub(crate) bare: bool,
    /// The models asked for.
    pub(crate) models: Vec<String>,
    /// Whether there is a Git repository.
    pub(crate) in_git: bool,
    /// Commits, branches and tags that were seen, and whether the history is cut off.
    pub(crate) history: Option<(usize, usize, usize, bool)>,
    /// The day from which age is counted back, as asked for.
    pub(crate) as_of: Option<String>,
    /// The folder below the root that was asked for.
    pub(crate) below: Option<String>,
    /// What the settings changed.
    pub(crate) settings: Option<SettingsInput>,
    /// Whether only places are told, and no text of files.
    pub(crate) places_only: bool,
    /// Copies of other repositories that were given.
    pub(crate) with: Copies,
    /// Number of files read.
    pub(crate) read: usize,
    /// Whether probes are written down beside the practices, for whoever asks why a criterion holds.
    pub(crate) probes: bool,
}

/// A system with all that was said of it.
pub(crate) struct JudgedSystem<'s> {
    /// The system.
    pub(crate) system: &'s crate::subject::System,
    /// Whether it is the primary one.
    pub(crate) primary: bool,
    /// How many had as much to say for themselves, where it is the primary one; else none.
    pub(crate) alike: usize,
    /// Its practices and probes.
    pub(crate) practices: Vec<Judged>,
    /// The table of them that its models were graded by.
    pub(crate) verdicts: crate::verdict::Verdicts,
    /// Its maturity models.
    pub(crate) models: Vec<(&'s Model, crate::maturity::Assessment)>,
    /// What would mend the causes that hold its practices back.
    pub(crate) remedies: Vec<Raised<'s>>,
}

/// Writes everything down.
pub(crate) fn compile(
    findings: &Findings<'_>,
    asked: &Asked,
    subject: &crate::subject::Subject,
    systems: &[JudgedSystem<'_>],
    notices: &[Notice],
) -> Report {
    let mut evidence: Vec<Evidence> = subject.signals.iter().map(|s| signal(findings, *s)).collect();
    evidence.extend(subject.places.iter().map(|at| place(findings, at, "subject")));
    let seen_not_read = unread::seen_not_read(findings, systems);
    let chains = systems.iter().flat_map(|s| &s.practices).flat_map(|p| &p.chains);
    let needed: BTreeSet<&RepoPath> = chains.flat_map(|chain| &chain.hops).map(|hop| &hop.at.path).collect();
    let aside = |notice: &Notice| notice.at.as_ref().is_some_and(|at| (findings.aside)(&at.path) && !needed.contains(&at.path));
    let systems: Vec<System> = systems.iter().map(|s| system(findings, s, asked.probes)).collect();
    let skipped: Vec<Skipped> = findings
        .inventory
        .skipped()
        .iter()
        .take(1_000)
        .map(|s| Skipped { path: redact::snippet(&s.path), why: s.why.sentence().to_owned() })
        .collect();
    let primary = systems.iter().find(|s| s.primary);
    let summary = Summary {
        systems: systems.len() as u64,
        primary: primary.map(|s| s.path.clone()),
        levels: primary.map(|s| s.models.iter().map(|m| (m.id.clone(), m.level)).collect()).unwrap_or_default(),
        practices: Counts::of(primary.iter().flat_map(|s| s.practices.iter().map(|p| p.verdict))),
        notices: notices.len() as u64,
    };
    let mut report = Report {
        schema_version: SCHEMA_VERSION.to_owned(),
        tool: Tool {
            name: "treering".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ruleset: Ruleset { version: env!("CARGO_PKG_VERSION").to_owned(), digest: asked.digest.clone() },
        },
        claim: Claim::Declared,
        inputs: Inputs {
            tree: match (asked.in_git, &asked.revision) {
                (_, Some(_)) => FilesFrom::Revision,
                (true, None) if asked.bare => FilesFrom::Revision,
                (true, None) => FilesFrom::WorkTree,
                (false, None) => FilesFrom::Folder,
            },
            revision: asked.revision.clone(),
            models: asked.models.clone(),
            as_of: asked.as_of.clone(),
            below: asked.below.as_deref().map(redact::snippet),
            settings: asked.settings.clone(),
            with: super::copies::given(&asked.with),
            history: asked.history.map(|(commits, branches, tags, cut_off)| HistoryInput {
                commits: commits as u64,
                branches: branches as u64,
                tags: tags as u64,
                cut_off,
            }),
        },
        repository: Repository {
            commit: asked.commit.clone(),
            committed_at: asked.committed_at.clone(),
            dirty: match (asked.in_git, findings.inventory.dirty() > 0) {
                (true, false) if findings.inventory.is_unsure() => None,
                (true, differs) => Some(differs),
                (false, _) => None,
            },
            changed: findings.inventory.dirty() as u64,
            remote: asked.remote.as_deref().map(redact::address),
            first_commit: asked.first_commit.clone(),
            subject: Subject { kind: subject.kind, why: subject.why.clone(), evidence },
        },
        summary,
        systems,
        coverage: Coverage {
            files: findings.inventory.entries().len() as u64,
            read: asked.read as u64,
            left_out: findings.inventory.left_out().len() as u64,
            skipped,
            seen_not_read,
        },
        notices: notices.iter().map(|n| super::Notice { aside: aside(n), ..super::Notice::from(n) }).collect(),
    };
    if asked.places_only {
        super::places::only(&mut report);
    }
    super::copies::told(report, &asked.with)
}

fn system(findings: &Findings<'_>, judged: &JudgedSystem<'_>, probes: bool) -> System {
    let titles: BTreeMap<&str, &PracticeRule> = findings.rules.iter().map(|r| (r.id.as_str(), r)).collect();
    let practices: Vec<Practice> = judged
        .practices
        .iter()
        .filter(|p| probes || !p.id.starts_with("probe."))
        .filter_map(|p| Some(practice(findings, titles.get(p.id.as_str())?, p)))
        .collect();
    let first = highlights::first_seen(findings, judged);
    let steps = steps::steps(findings, judged);
    let of = |ids: &[usize]| -> Vec<Evidence> {
        let mut ids = ids.to_vec();
        // several rules may see one call: the surest tells it
        let at = |s: usize| &findings.signals.all[s];
        ids.sort_by_key(|s| (first(*s), &at(*s).at.path, at(*s).at.line, std::cmp::Reverse(at(*s).strength), *s));
        ids.dedup_by_key(|s| (at(*s).at.path.clone(), at(*s).at.line));
        ids.into_iter().take(20).map(|s| signal(findings, s)).collect()
    };
    System {
        path: judged.system.path.clone(),
        name: judged.system.name.clone(),
        primary: judged.primary,
        why: match judged.alike {
            n if n > 1 => format!("{}; the first by name of {n} with as much of it", judged.system.why),
            _ => judged.system.why.clone(),
        },
        generated: judged.system.generated,
        trains: of(&judged.system.trains),
        serves: of(&judged.system.serves),
        models: judged.models.iter().map(|(model, found)| assess::assessment(findings, model, found, judged, &titles)).collect(),
        open_ends: highlights::open_ends(findings, judged),
        lookalikes: highlights::lookalikes(findings, judged),
        chain_heads: highlights::chain_heads(findings, judged, &steps),
        steps,
        remedies: remedies::remedies(findings, judged),
        practices,
    }
}

fn practice(findings: &Findings<'_>, rule: &PracticeRule, judged: &Judged) -> Practice {
    Practice {
        id: judged.id.clone(),
        title: rule.question.clone(),
        verdict: judged.standing.verdict,
        because: cause(judged.standing),
        evidence: evidence_of(findings, judged),
        chains: judged.chains.iter().map(|c| chain(findings, c)).collect(),
        qualifiers: judged.qualifiers.iter().map(|(k, words)| (k.clone(), words.iter().cloned().collect())).collect(),
        looked_for: if rule.looked_for.is_empty() { Vec::new() } else { vec![rule.looked_for.clone()] },
        nearest_miss: judged.near.as_ref().map(|near| NearestMiss {
            text: sentence(findings, near),
            evidence: vec![nearest(findings, judged, near)],
            chain: None,
        }),
    }
}

/// Where a nearest miss stands. What only the history shows is cited by its commit.
pub(super) fn nearest(findings: &Findings<'_>, judged: &Judged, near: &Miss) -> Evidence {
    let in_history = |s: &usize| findings.signals.all.get(*s).is_some_and(|seen| seen.commit.is_some());
    let told = near.seen.iter().chain(&judged.signals).copied().find(in_history).filter(|_| &*near.at.path == ".");
    told.map_or_else(|| place(findings, &near.at, "nearest"), |seen| signal(findings, seen))
}

pub(super) fn cause(standing: crate::verdict::Standing) -> Option<Cause> {
    standing.because.map(Cause::from).or_else(|| standing.unknown.map(Cause::from))
}

/// The places that carry a verdict: signals, then commits and counted places.
pub(super) fn evidence_of(findings: &Findings<'_>, judged: &Judged) -> Vec<Evidence> {
    let mut seen: BTreeSet<(RepoPath, u32)> = BTreeSet::new();
    let mut all: Vec<Evidence> = judged
        .signals
        .iter()
        .filter(|s| {
            let at = &findings.signals.all[**s].at;
            seen.insert((at.path.clone(), at.line))
        })
        .take(12)
        .map(|s| signal(findings, *s))
        .collect();
    for proof in &judged.places {
        all.push(Evidence {
            path: proof.at.as_ref().map(|at| at.path.to_string()),
            line: proof.at.as_ref().map(|at| at.line).filter(|l| *l > 0),
            commit: proof.commit.as_ref().map(|(id, _)| id.clone()),
            date: proof.commit.as_ref().map(|(_, date)| date.chars().take(10).collect()),
            snippet: Some(redact::snippet(&proof.what)),
            signal: judged.id.clone(),
            ..Evidence::default()
        });
    }
    all
}

/// A signal as evidence.
pub(crate) fn signal(findings: &Findings<'_>, index: usize) -> Evidence {
    let seen = &findings.signals.all[index];
    if let Some((id, date)) = &seen.commit {
        return Evidence {
            commit: Some(id.clone()),
            date: Some(date.chars().take(10).collect()),
            snippet: Some(redact::snippet(&seen.what)),
            signal: seen.id.to_string(),
            ..Evidence::default()
        };
    }
    place(findings, &seen.at, &seen.id)
}

/// A place as evidence.
pub(super) fn place(findings: &Findings<'_>, at: &Location, signal: &str) -> Evidence {
    Evidence {
        path: Some(at.path.to_string()),
        line: Some(at.line).filter(|l| *l > 0),
        end_line: at.end_line,
        blob: findings.inventory.get(&at.path).and_then(|e| e.blob.clone()),
        snippet: code(findings, at),
        signal: signal.to_owned(),
        ..Evidence::default()
    }
}

/// What is said of a nearest miss, with the line that it quotes.
pub(super) fn sentence(findings: &Findings<'_>, miss: &Miss) -> String {
    let Some(seen) = miss.seen.and_then(|s| findings.signals.all.get(s)) else { return redact::sentence(&miss.before) };
    let line = code(findings, &seen.at).unwrap_or_else(|| redact::snippet(&seen.what));
    let quoted = match line.char_indices().nth(80) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
        None => line,
    };
    let place = if seen.at == miss.at || seen.commit.is_some() { String::new() } else { format!(" ({})", seen.at) };
    let (before, after) = (redact::sentence(&miss.before), redact::sentence(&miss.after));
    // a snippet is trimmed; the sentence is not
    let space = |text: &str, has: bool| if has && !text.is_empty() { " " } else { "" };
    let (left, right) = (space(&before, miss.before.ends_with(' ')), space(&after, miss.after.starts_with(' ')));
    format!("{before}{left}`{quoted}`{place}{right}{after}")
}

/// What a hop says: its own words; where a chain ends at a test or at a call whose callee is not known for sure, the line
/// as it stands, because a list of names would lose what is compared.
fn written(findings: &Findings<'_>, chain: &practices::Chain, hop: &practices::Hop, last: bool) -> String {
    let seen = &findings.signals.all[chain.signal];
    let is_code = hop.at.path.ends_with(".py") || hop.at.path.ends_with(".ipynb");
    // what code does is not told by how it was started, nor by several names at once
    let same_line = (&hop.at.path, hop.at.line) == (&seen.at.path, seen.at.line);
    let in_code = last && same_line && matches!(seen.owner, Owner::Code(_));
    if in_code && !is_code && hop.what != *seen.what {
        return redact::snippet(&seen.what);
    }
    let unsure = seen.branch.is_some() || seen.strength < Strength::Resolved || seen.what.contains('|');
    let line = if last && is_code && unsure && hop.at == seen.at { code(findings, &hop.at) } else { None };
    // what starts it is told in our words, of which nothing is cut
    let told = if hop.edge == EdgeKind::Starts { redact::sentence } else { redact::snippet };
    line.unwrap_or_else(|| told(&hop.what))
}

/// The line at a place as its author wrote it, redacted; none where the whole file is meant or the line says nothing.
fn code(findings: &Findings<'_>, at: &Location) -> Option<String> {
    if at.line == 0 {
        return None;
    }
    quoted(&(findings.line)(at), at.path.ends_with(".ipynb"))
}

/// A line worth quoting, redacted. How a file is to be run, or what it is written in, is not why it is cited.
fn quoted(line: &str, notebook: bool) -> Option<String> {
    let mut text = line.trim();
    if notebook {
        // a line of code is a string of a list
        text = text.trim_end_matches(',').trim_matches('"').trim_end_matches("\\n").trim();
    }
    if ["#!", "# -*-", "<?xml"].iter().any(|start| text.starts_with(start)) {
        return None;
    }
    let text = redact::snippet(text);
    text.chars().any(char::is_alphanumeric).then_some(text)
}

/// A chain as evidence.
pub(super) fn chain(findings: &Findings<'_>, found: &practices::Chain) -> Chain {
    let last = found.hops.len().saturating_sub(1);
    Chain(
        found
            .hops
            .iter()
            .enumerate()
            .map(|(index, hop)| Hop {
                repository: None,
                path: hop.at.path.to_string(),
                line: hop.at.line,
                what: written(findings, found, hop, index == last),
                edge: hop.edge,
                strength: hop.strength,
                op: if index == last { findings.signals.all[found.signal].op } else { None },
                outside: hop.outside.as_deref().map(redact::snippet),
            })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_says_how_a_file_is_run_is_not_quoted() {
        for line in ["#!/usr/bin/env bash", "  #!/bin/sh", "# -*- coding: utf-8 -*-", "<?xml version='1.0'?>", "---", ""] {
            assert_eq!(quoted(line, false), None, "{line}");
        }
        assert_eq!(quoted("  python train.py # nightly", false).as_deref(), Some("python train.py # nightly"));
        assert_eq!(quoted("    \"model.fit(x)\\n\",", true).as_deref(), Some("model.fit(x)"));
    }
}
