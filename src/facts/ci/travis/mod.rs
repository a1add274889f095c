//! Travis CI: the jobs of the configuration, stage after stage, with the phases of each.
//!
//! A job of `jobs: include` has what it does not say itself from the top. Of a matrix the variables are told apart, the
//! versions of a language are not. Within `script` a failing command fails the job and stops none of the others; what
//! comes after success is lost where it fails.
//!
//! Invariants: a schedule is set up in the service, so here it is only meant; deployments run where their `on` says so.

mod phases;
#[cfg(test)]
mod tests;

use super::commands::listed;
use super::condition::{self, Language, Value};
use super::held::{Held, Truth};
use super::plan::{Need, Plan, Planned, Source};
use crate::fact::{FactKind, FileFacts, Guard, Unit, UnitId, UnitKind};
use crate::facts::{Context, Reader, When};
use crate::source::{NoticeKind, SourceFile};
use crate::syntax::tree::{Kind, Node};
use crate::words::TriggerKind;
use std::collections::BTreeMap;

/// Where the service looks for it.
const ROOT: &str = ".travis.yml";
/// Most jobs of one file.
const MAX_JOBS: usize = 200;

/// The configuration of the repository.
pub(crate) const CONFIGURATION: Reader =
    Reader { name: "Travis CI configuration", wants: |path| path == ROOT, when: When::Always, read };

/// A configuration while it is read.
type Reading<'c> = super::reading::Reading<'c>;

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    Reading::of_yaml(file, context, |tree, reading| match tree.root() {
        Some(root) if root.kind() == Kind::Map => configuration(root, reading),
        Some(_) => reading.wrong(1, "a configuration has keys at the top, and this has none"),
        None => {}
    })
}

fn sources() -> Vec<Source> {
    vec![
        Source::implied(TriggerKind::Push, "push"),
        Source::implied(TriggerKind::Pr, "pull request"),
        Source::asked(TriggerKind::Tag, "tag"),
        Source::schedule_elsewhere(),
        Source::asked(TriggerKind::Api, "a call of the service"),
    ]
}

/// A job: its own keys, where it has any, and its stage.
struct Job<'t> {
    own: Option<Node<'t>>,
    name: String,
    line: u32,
    stage: String,
}

fn configuration(root: Node<'_>, reading: &mut Reading<'_>) {
    let jobs = jobs(root, reading);
    if jobs.is_empty() {
        return;
    }
    let (name, end_line) = (reading.file.path.to_string(), reading.last_line());
    let workflow = reading.unit(Unit { kind: UnitKind::Workflow, name, title: None, line: 1, end_line, parent: None });
    let order = stages(root, &jobs);
    let sources = sources();
    let known = phases::variables(root, root, workflow, reading);
    let mut groups: BTreeMap<usize, UnitId> = BTreeMap::new();
    let mut planned: Vec<(usize, Planned)> = Vec::new();
    for job in &jobs {
        let (stage, condition) = order
            .iter()
            .position(|(stage, _)| *stage == job.stage)
            .map_or((0, None), |at| (at, order.get(at).and_then(|(_, node)| *node)));
        let parent = if order.len() < 2 {
            workflow
        } else {
            *groups.entry(stage).or_insert_with(|| {
                let name = job.stage.clone();
                let (line, parent) = (job.line, Some(workflow));
                reading.unit(Unit { kind: UnitKind::Group, name, title: None, line, end_line: line, parent })
            })
        };
        let id = reading.unit(Unit {
            kind: UnitKind::Job,
            name: job.name.clone(),
            title: None,
            line: job.line,
            end_line: job.own.map_or(end_line, Node::end_line).max(job.line),
            parent: Some(parent),
        });
        if let Some(group) = groups.get(&stage).and_then(|group| reading.facts.units.get_mut(*group)) {
            group.end_line = group.end_line.max(job.own.map_or(end_line, Node::end_line));
        }
        let line = phases::read(root, job.own, id, job.line, reading);
        let conditions = [root.get("if"), condition.and_then(|c| c.get("if")), job.own.and_then(|own| own.get("if"))];
        let line = conditions.iter().flatten().map(|n| n.site_line()).next_back().unwrap_or(line);
        let tagged = phases::deploys_tags(root, job.own);
        let mut held: Vec<Held> = sources.iter().map(|s| held(root, &conditions, s.kind, &known)).collect();
        for (held, source) in held.iter_mut().zip(&sources) {
            held.named |= source.kind == TriggerKind::Tag && tagged && held.truth != Truth::No;
        }
        if is_allowed_to_fail(root, job) {
            let line = job.line;
            reading.fact(id, line, FactKind::Guard(Guard::AllowFailure("allow_failures".to_owned())));
        }
        planned.push((stage, Planned { id, name: job.name.clone(), line, held, needs: Vec::new(), by_hand: None }));
    }
    let before: Vec<usize> = planned.iter().map(|(stage, _)| *stage).collect();
    let allowed: Vec<bool> = jobs.iter().map(|job| is_allowed_to_fail(root, job)).collect();
    for ((stage, job), of) in planned.iter_mut().zip(&jobs) {
        // the last stage before it that has jobs
        let last = before.iter().filter(|s| **s < *stage).max();
        let of_last = before.iter().enumerate().filter(|(_, s)| Some(*s) == last);
        let stops = |on: usize| allowed.get(on) != Some(&true);
        job.needs = of_last.map(|(on, _)| Need { on, line: of.line, stops: stops(on) }).collect();
    }
    let jobs = planned.into_iter().map(|(_, job)| job).collect();
    Plan { workflow, line: 1, sources, jobs, strict: false }.state(reading);
}

/// The jobs: those that are listed, and the one of the top where it has a matrix or nothing is listed.
fn jobs<'t>(root: Node<'t>, reading: &mut Reading<'_>) -> Vec<Job<'t>> {
    let list = ["jobs", "matrix"].iter().find_map(|key| root.get(key)).and_then(|jobs| jobs.get("include").or(Some(jobs)));
    let listed: Vec<Node<'t>> = match list {
        Some(list) if list.kind() == Kind::Seq => list.items().collect(),
        Some(list)
            if list.get("exclude").is_none() && list.get("allow_failures").is_none() && list.get("fast_finish").is_none() =>
        {
            reading.wrong(list.site_line(), "`jobs` lists none");
            Vec::new()
        }
        _ => Vec::new(),
    };
    let mut found: Vec<Job<'t>> = Vec::new();
    let has = |key: &str| root.get(key).is_some();
    let many = |node: Option<Node<'_>>| node.is_some_and(|n| n.kind() == Kind::Seq && n.items().count() > 1);
    let env = root.get("env");
    let matrix = ["python", "r", "julia", "os", "arch", "dist"].iter().any(|key| many(root.get(key)))
        || many(env)
        || env.is_some_and(|e| e.get("matrix").or_else(|| e.get("jobs")).is_some());
    if has("script") && (listed.is_empty() || matrix) {
        let line = root.key_line("script").unwrap_or(1);
        found.push(Job { own: None, name: "test".to_owned(), line, stage: "test".to_owned() });
    }
    let mut stage = "test".to_owned();
    for (number, own) in listed.into_iter().enumerate() {
        let line = own.entries().map(|(key, _)| key.line).min().unwrap_or_else(|| own.site_line());
        if own.kind() != Kind::Map {
            reading.wrong(line, "a job without keys");
            continue;
        }
        if found.len() >= MAX_JOBS {
            reading.notice(line, NoticeKind::TooLarge, "too many jobs; the others were not read");
            break;
        }
        let of = |key: &str| own.get(key).map(|n| n.get("name").unwrap_or(n)).and_then(Node::text);
        if let Some(named) = of("stage") {
            stage = named.to_ascii_lowercase();
        }
        let name = of("name").map_or_else(|| format!("job {}", number + 1), str::to_owned);
        found.push(Job { own: Some(own), name, line, stage: stage.clone() });
    }
    found
}

/// The stages in their order, each with what is said of it.
fn stages<'t>(root: Node<'t>, jobs: &[Job<'_>]) -> Vec<(String, Option<Node<'t>>)> {
    let listed = root.get("stages").map(|s| if s.kind() == Kind::Seq { s.items().collect() } else { vec![s] });
    let mut found: Vec<(String, Option<Node<'t>>)> = Vec::new();
    for stage in listed.unwrap_or_default() {
        if let Some(name) = stage.get("name").unwrap_or(stage).text() {
            found.push((name.to_ascii_lowercase(), Some(stage).filter(|s| s.kind() == Kind::Map)));
        }
    }
    for job in jobs {
        if !found.iter().any(|(name, _)| *name == job.stage) {
            found.push((job.stage.clone(), None));
        }
    }
    found.retain(|(name, _)| jobs.iter().any(|job| job.stage == *name));
    found
}

/// Whether the failure of a job is allowed: by its name, or by all that is asked of it being its own.
fn is_allowed_to_fail(root: Node<'_>, job: &Job<'_>) -> bool {
    let lists = ["jobs", "matrix"].iter().filter_map(|key| root.get(key)?.get("allow_failures"));
    let Some(own) = job.own else { return false };
    lists.flat_map(Node::items).any(|asked| {
        let mut keys = asked.entries().peekable();
        keys.peek().is_some()
            && asked
                .entries()
                .all(|(key, value)| own.get(key.text).is_some_and(|has| has.text().is_some() && has.text() == value.text()))
    })
}

/// How far a job runs for one way of starting.
fn held(root: Node<'_>, conditions: &[Option<Node<'_>>], kind: TriggerKind, known: &BTreeMap<String, String>) -> Held {
    let mut held = Held::just(Truth::Yes);
    let branches = root.get("branches");
    if let Some(only) = branches.and_then(|b| b.get("only").or(Some(b).filter(|b| b.kind() != Kind::Map))) {
        let names: Vec<&str> = only.strings().into_iter().map(|(text, _)| text).collect();
        let plain = names.iter().all(|n| !n.starts_with('/') && !n.contains('*'));
        if kind != TriggerKind::Tag && !names.is_empty() {
            let branches = plain.then(|| names.iter().map(|n| (*n).to_owned()).collect());
            held = Held { branches: branches.filter(|_| kind == TriggerKind::Push), ..Held::just(Truth::Maybe) };
        }
    }
    for condition in conditions.iter().flatten() {
        let asked = match (condition.as_bool(), condition.text()) {
            (Some(truth), _) => Held::just(if truth { Truth::Yes } else { Truth::No }),
            (None, Some(text)) => condition::judge(text, Language::Words, &|name| value(name, kind, known)),
            (None, None) => Held::just(Truth::Maybe),
        };
        held = held.and(asked);
    }
    held
}

/// What a name is, for one way of starting.
fn value(name: &str, kind: TriggerKind, known: &BTreeMap<String, String>) -> Value {
    let only = |is: TriggerKind| if kind == is { Value::Only } else { Value::Null };
    match name {
        "type" => Value::Source(
            match kind {
                TriggerKind::Pr => "pull_request",
                TriggerKind::Schedule => "cron",
                TriggerKind::Api => "api",
                _ => "push",
            }
            .to_owned(),
        ),
        "tag" => {
            if kind == TriggerKind::Tag {
                Value::Tag
            } else {
                Value::Null
            }
        }
        "branch" => {
            if kind == TriggerKind::Tag {
                Value::Some
            } else {
                Value::Branch
            }
        }
        "fork" => {
            if kind == TriggerKind::Pr {
                Value::Some
            } else {
                Value::Text("false".to_owned())
            }
        }
        "head_branch" | "head_repo" => only(TriggerKind::Pr),
        _ => match name.strip_prefix("env(").and_then(|n| n.strip_suffix(')')) {
            Some("TRAVIS_EVENT_TYPE") => value("type", kind, known),
            Some("TRAVIS_BRANCH") => value("branch", kind, known),
            Some("TRAVIS_TAG") => value("tag", kind, known),
            Some(variable) => known.get(variable).map_or(Value::Outside, |value| Value::Text(value.clone())),
            None => Value::Some,
        },
    }
}

/// The items of a list of a key of a job, or of the top where the job does not say it.
fn of<'t>(root: Node<'t>, own: Option<Node<'t>>, key: &str) -> Option<(Node<'t>, u32)> {
    let owner = own.filter(|own| own.get(key).is_some()).unwrap_or(root);
    let node = owner.get(key)?;
    Some((node, owner.key_line(key).unwrap_or_else(|| node.site_line())))
}

/// The entries of `deploy`.
fn deployments<'t>(root: Node<'t>, own: Option<Node<'t>>, reading: &mut Reading<'_>) -> Vec<Node<'t>> {
    match of(root, own, "deploy") {
        Some((node, _)) if node.kind() == Kind::Map => vec![node],
        Some((node, _)) if node.text() == Some("skip") => Vec::new(),
        Some((node, _)) => listed(node, "deploy", reading).into_iter().filter(|n| n.kind() == Kind::Map).collect(),
        None => Vec::new(),
    }
}
