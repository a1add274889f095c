//! Which versions start which jobs, and which jobs wait for each other.

use std::collections::BTreeSet;

use super::super::held::{Held, Truth};
use super::super::plan::{Need, Plan, Planned, Source};
use super::{MAX_JOBS, Reading, Resource, steps};
use crate::fact::{Unit, UnitId, UnitKind};
use crate::source::NoticeKind;
use crate::syntax::tree::{Kind, Node};
use crate::words::TriggerKind;

/// A version that a job asks for.
struct Get<'t> {
    resource: &'t str,
    passed: Vec<(&'t str, u32)>,
    triggers: bool,
}

/// Most nested steps that are looked through for what a job gets.
const DEPTH: usize = 12;

pub(super) fn read(jobs: Node<'_>, resources: &[Resource<'_>], (workflow, line): (UnitId, u32), reading: &mut Reading<'_>) {
    let all: Vec<Node<'_>> = jobs.items().filter(|job| job.kind() == Kind::Map).take(MAX_JOBS + 1).collect();
    if all.len() > MAX_JOBS {
        reading.notice(line, NoticeKind::TooLarge, "too many jobs in one pipeline; the others were not read");
    }
    let mut planned: Vec<Planned> = Vec::new();
    let mut asked: Vec<Vec<Get<'_>>> = Vec::new();
    for (number, job) in all.iter().copied().enumerate().take(MAX_JOBS) {
        let line = job.key_line("name").unwrap_or_else(|| job.line());
        let name = job.at("name").map_or_else(|| format!("job {}", number + 1), str::to_owned);
        if !reading.take_step(line) {
            break;
        }
        let end_line = job.end_line().max(line);
        let unit = Unit { kind: UnitKind::Job, name: name.clone(), title: None, line, end_line, parent: Some(workflow) };
        let id = reading.unit(unit);
        let mut gets = Vec::new();
        if let Some(plan) = job.get("plan") {
            collect(plan, 0, &mut gets);
            steps::plan(job, plan, resources, id, reading);
        }
        asked.push(gets);
        planned.push(Planned { id, name, line, held: Vec::new(), needs: Vec::new(), by_hand: None });
    }
    let mut sources: Vec<Source> = resources.iter().map(Resource::source).collect();
    // every job can be started so, and what nothing triggers cannot otherwise
    let person = sources.len();
    let by_hand = Source::asked(TriggerKind::Manual, "a person starts the job");
    sources.push(Source { elsewhere: Some(super::ONCE_SET), put: true, ..by_hand });
    let started = started(&planned, &asked, resources, person);
    let names: Vec<String> = planned.iter().map(|job| job.name.clone()).collect();
    for (number, job) in planned.iter_mut().enumerate() {
        let own = started.get(number);
        let held = |source: usize| match own.is_some_and(|own| own.contains(&source)) {
            true => Held { named: true, ..Held::just(Truth::Yes) },
            false => Held::just(Truth::No),
        };
        job.held = (0..sources.len()).map(held).collect();
        let passed: BTreeSet<(&str, u32)> = asked.get(number).into_iter().flatten().flat_map(|get| get.passed.clone()).collect();
        let mut known: BTreeSet<usize> = BTreeSet::new();
        for (name, line) in passed {
            match names.iter().position(|other| other == name).filter(|on| *on != number) {
                Some(on) if known.insert(on) => job.needs.push(Need { on, line, stops: true }),
                Some(_) => {}
                None => reading.wrong(line, &format!("there is no job `{name}` to pass")),
            }
        }
    }
    Plan { workflow, line, sources, jobs: planned, strict: false }.state(reading);
}

/// For every job what starts it: the versions that trigger it, and behind others whatever started those.
fn started(planned: &[Planned], asked: &[Vec<Get<'_>>], resources: &[Resource<'_>], person: usize) -> Vec<BTreeSet<usize>> {
    let triggers = |job: usize| asked.get(job).into_iter().flatten().filter(|get| get.triggers);
    let mut started: Vec<BTreeSet<usize>> = (0..planned.len())
        .map(|job| {
            let direct = triggers(job).filter(|get| get.passed.is_empty());
            let mut own: BTreeSet<usize> =
                direct.filter_map(|get| resources.iter().position(|one| one.name == get.resource)).collect();
            if triggers(job).next().is_none() {
                own.insert(person);
            }
            own
        })
        .collect();
    for _ in 0..planned.len() {
        let mut changed = false;
        for job in 0..planned.len() {
            let before = triggers(job).flat_map(|get| &get.passed);
            let of = before.filter_map(|(name, _)| planned.iter().position(|other| other.name == *name));
            let more: BTreeSet<usize> = of.filter_map(|on| started.get(on)).flatten().copied().collect();
            if let Some(own) = started.get_mut(job) {
                let known = own.len();
                own.extend(more);
                changed |= own.len() > known;
            }
        }
        if !changed {
            break;
        }
    }
    started
}

/// The versions that the steps of a job ask for, however they are nested.
fn collect<'t>(node: Node<'t>, depth: usize, gets: &mut Vec<Get<'t>>) {
    if depth > DEPTH || gets.len() >= MAX_JOBS {
        return;
    }
    for item in node.items() {
        collect(item, depth + 1, gets);
    }
    if let Some(name) = node.at("get") {
        gets.push(Get {
            resource: node.at("resource").unwrap_or(name),
            passed: node.get("passed").map(Node::strings).unwrap_or_default(),
            triggers: node.get("trigger").and_then(Node::as_bool) == Some(true),
        });
    }
    for key in ["in_parallel", "aggregate", "do", "try", "steps"] {
        if let Some(inner) = node.get(key) {
            collect(inner, depth + 1, gets);
        }
    }
}
