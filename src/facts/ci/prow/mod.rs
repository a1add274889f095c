//! Prow: jobs that events of the host start in pods of a cluster. `.prow.yaml` and the files in `.prow/` hold those of the
//! repository itself; a configuration elsewhere holds those of many, each under the name of its repository, and those
//! that a clock starts.
//!
//! A job by itself is a pipeline. What is decorated gets a clone of the repository and works in it; anything else works in
//! its image. Which files a configuration is made of is told to the service, so what starts their jobs is only meant there.
//!
//! Invariants: a job that asks neither for every change nor for some waits for a comment; a clock starts nothing that the
//! repository itself declares, as the service reads none there.

mod jobs;
#[cfg(test)]
mod tests;

use super::held::{Held, Truth};
use super::plan::{Plan, Planned, Source};
use crate::fact::{FactKind, FileFacts, Guard, Unit, UnitKind};
use crate::facts::{Context, Reader, When};
use crate::source::{NoticeKind, SourceFile};
use crate::syntax::top;
use crate::syntax::tree::{Kind, Node};
use crate::words::TriggerKind;

/// Where the service looks in a repository.
const OWN: &str = ".prow.yaml";
/// The folder that it reads in place of that.
const FOLDER: &str = ".prow/";
/// Lists of jobs, by what starts those.
const LISTS: &[&str] = &["presubmits", "postsubmits", "periodics"];
/// Most jobs of one file.
const MAX_JOBS: usize = 500;

/// Jobs of the repository itself, and those of a configuration.
pub(crate) const JOBS: Reader = Reader { name: "Prow jobs", wants, when: When::Recognised(is_ours), read };

/// A file while it is read.
type Reading<'c> = super::reading::Reading<'c>;

fn wants(path: &str) -> bool {
    path.ends_with(".yaml") || path.ends_with(".yml")
}

fn is_own(path: &str) -> bool {
    path == OWN || path.starts_with(FOLDER)
}

fn is_ours(path: &str, text: &str) -> bool {
    is_own(path) || is_jobs(text)
}

/// Whether a text holds lists of jobs.
pub(in crate::facts) fn is_jobs(text: &str) -> bool {
    top::has(text, LISTS) && text.contains("spec:")
}

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    Reading::of_yaml(file, context, |tree, reading| {
        let Some(root) = tree.root() else { return };
        let own = is_own(&file.path);
        let mut left = MAX_JOBS;
        for list in LISTS {
            let Some(node) = root.get(list) else { continue };
            if *list == "periodics" && own {
                let line = root.key_line(list).unwrap_or_else(|| node.line());
                reading.wrong(line, "no clock starts jobs that the repository itself declares");
                continue;
            }
            match node.kind() {
                Kind::Seq => all(list, node, own, &mut left, reading),
                // of a configuration, by repository
                Kind::Map if !own => node.entries().for_each(|(_, jobs)| all(list, jobs, own, &mut left, reading)),
                _ => reading.wrong(node.line(), &format!("`{list}` holds no jobs")),
            }
        }
    })
}

fn all(list: &str, jobs: Node<'_>, own: bool, left: &mut usize, reading: &mut Reading<'_>) {
    for job in jobs.items() {
        if *left == 0 {
            reading.notice(job.line(), NoticeKind::TooLarge, "too many jobs in one file; the others were not read");
            return;
        }
        *left -= 1;
        if job.kind() == Kind::Map { one(list, job, own, reading) } else { reading.wrong(job.line(), "a job without keys") }
    }
}

/// A job: the pipeline that it is, and the work in it.
fn one(list: &str, job: Node<'_>, own: bool, reading: &mut Reading<'_>) {
    let Some(name) = job.at("name") else { return reading.wrong(job.line(), "a job without a name") };
    let (line, end_line) = (job.line(), job.end_line().max(job.line()));
    let unit = |kind, parent| Unit { kind, name: name.to_owned(), title: None, line, end_line, parent };
    let workflow = reading.unit(unit(UnitKind::Workflow, None));
    let id = reading.unit(unit(UnitKind::Job, Some(workflow)));
    let (mut source, held) = started(list, name, job);
    if !own && source.kind != TriggerKind::Manual {
        source.elsewhere = Some("the service must be told that this file is part of its configuration");
    }
    if job.get("optional").and_then(Node::as_bool) == Some(true) {
        let line = job.key_line("optional").unwrap_or(line);
        reading.fact(id, line, FactKind::Guard(Guard::AllowFailure("optional: true".to_owned())));
    }
    jobs::work(job, id, own, reading);
    let at = ["run_if_changed", "skip_if_only_changed", "always_run"].iter().find_map(|key| job.key_line(key)).unwrap_or(line);
    let planned = Planned { id, name: name.to_owned(), line: at, held: vec![held], needs: Vec::new(), by_hand: None };
    Plan { workflow, line, sources: vec![source], jobs: vec![planned], strict: false }.state(reading);
}

/// What starts a job, and how far it then runs.
fn started(list: &str, name: &str, job: Node<'_>) -> (Source, Held) {
    let line = |key: &str| job.key_line(key);
    let changed = ["run_if_changed", "skip_if_only_changed"].into_iter().find(|key| job.at(key).is_some_and(|s| !s.is_empty()));
    let always = job.get("always_run").and_then(Node::as_bool);
    let source = match list {
        "periodics" => {
            let clock = ["cron", "interval", "minimum_interval"].into_iter().find_map(|key| Some((key, job.at(key)?)));
            let (text, at) = match clock {
                Some(("cron", every)) => (format!("schedule \"{every}\""), line("cron")),
                Some((key, every)) => (format!("schedule every {every}"), line(key)),
                None => return (Source::implied(TriggerKind::Manual, "a person"), Held::just(Truth::Yes)),
            };
            return (Source { line: at, ..Source::implied(TriggerKind::Schedule, &text) }, Held::just(Truth::Yes));
        }
        // every push, unless it says otherwise
        "postsubmits" if always == Some(false) => Source::implied(TriggerKind::Manual, "a person"),
        "postsubmits" => Source::implied(TriggerKind::Push, "push"),
        _ if always == Some(true) || changed.is_some() => Source::implied(TriggerKind::Pr, "pull request"),
        _ => Source::implied(TriggerKind::Manual, &format!("the comment `/test {name}`")),
    };
    let held = Held::just(if changed.is_some() { Truth::Maybe } else { Truth::Yes });
    let at = changed.or_else(|| job.get("always_run").map(|_| "always_run")).and_then(line);
    let line = at.or_else(|| line("name"));
    let asked: Vec<&str> = job.get("branches").map(Node::strings).unwrap_or_default().into_iter().map(|(p, _)| p).collect();
    let source = match source.kind {
        TriggerKind::Manual => source,
        // the service asks the names of tags in the same place
        TriggerKind::Push if !asked.is_empty() && asked.iter().all(|pattern| is_version(pattern)) => {
            Source::implied(TriggerKind::Tag, "a tag that is a version")
        }
        _ => Source { branches: asked.iter().map(|pattern| plain(pattern)).collect::<Option<_>>().unwrap_or_default(), ..source },
    };
    (Source { line, ..source }, held)
}

/// The branch or branches of a pattern, which is an expression; none where that is any branch.
fn plain(pattern: &str) -> Option<String> {
    let name = pattern.trim_start_matches('^').trim_end_matches('$').replace("\\", "").replace(".*", "*").replace(".+", "*");
    (!name.is_empty() && name != "*").then_some(name)
}

/// Whether only names of versions fit a pattern.
fn is_version(pattern: &str) -> bool {
    let rest = pattern.trim_start_matches('^').trim_start_matches(['v', '(', '[']);
    rest.starts_with("\\d") || rest.starts_with("0-9") || rest.starts_with("0|[1-9]")
}
