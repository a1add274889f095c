//! Kinds of tasks, from which a program makes the graph of all tasks for every event, and the times at which it is made.
//!
//! A kind states no start of its own: it is a part of whatever makes the graph. Which tasks of the graph run is the choice of a program; what a task says of that is a condition of its own. What
//! transforms of the project make of a task is not read.

use std::collections::BTreeMap;

use super::super::container::{self, Said, Start};
use super::super::reading::Reading;
use super::template::{self, Made, What};
use super::{MAX_TASKS, ROOT, tasks};
use crate::fact::{FactKind, FileFacts, Guard, Needs, OnFailure, Trigger, Unit, UnitId, UnitKind, Uses, UsesTarget};
use crate::facts::{Context, Reader, When};
use crate::source::{self, NoticeKind, SourceFile, file_name, folder};
use crate::syntax::tree::{Kind, Node};
use crate::words::{EdgeKind, TriggerKind};

/// Where a worker has the repository.
const CHECKOUT: &str = "/builds/worker/checkouts/vcs";

/// Kinds of tasks.
pub(crate) const KIND: Reader = Reader {
    name: "Taskcluster kind",
    wants: |path| file_name(path) == "kind.yml" && matches!(file_name(folder(folder(path))), "kinds" | "ci"),
    when: When::Recognised(|_, text| is_kind(text)),
    read,
};

/// Times at which the graph is made.
pub(crate) const TIMES: Reader =
    Reader { name: "Taskcluster times", wants: |path| path == ".cron.yml", when: When::Always, read: times };

pub(super) fn is_kind(text: &str) -> bool {
    let has = |keys: &[&str]| text.lines().any(|line| keys.iter().any(|key| line.trim_end() == *key));
    let tasks = has(&["tasks:", "jobs:", "task-defaults:", "job-defaults:", "tasks-from:", "jobs-from:"]);
    tasks && (has(&["transforms:"]) || text.contains("loader:"))
}

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    Reading::of_yaml(file, context, |tree, reading: &mut Reading<'_>| {
        let Some(root) = tree.root().filter(|root| root.kind() == Kind::Map) else { return };
        let (name, end_line) = (file.path.to_string(), reading.last_line());
        let own = file_name(folder(&file.path));
        let title = Some(format!("kind {own}"));
        let id = reading.unit(Unit { kind: UnitKind::Workflow, name, title, line: 1, end_line, parent: None });
        let of = |keys: [&str; 2]| keys.into_iter().find_map(|key| Some((root.key_line(key)?, root.get(key)?)));
        if let Some((line, _)) = of(["tasks-from", "jobs-from"]) {
            reading.notice(line, NoticeKind::NotFollowed, "tasks that stand in files beside this one were not read");
        }
        let defaults = of(["task-defaults", "job-defaults"]).and_then(|(_, node)| template::as_written(node));
        let images = root.get("transforms").map(Node::strings).unwrap_or_default();
        let images = images.iter().any(|(name, _)| name.contains("docker_image"));
        let mut known: Vec<(&str, UnitId, Made)> = Vec::new();
        let all = of(["tasks", "jobs"]).map(|(_, node)| node);
        for (key, node) in all.into_iter().flat_map(Node::entries).take(MAX_TASKS) {
            let Some(made) = template::as_written(node) else { continue };
            let mut entries = defaults.as_ref().map(|d| d.entries().to_vec()).unwrap_or_default();
            template::merge(&mut entries, made.entries().to_vec(), true, template::MAX_DEPTH);
            let task = Made { what: What::Map(entries), ..made };
            if !reading.take_step(key.line) {
                break;
            }
            let end_line = node.end_line().max(key.line);
            let unit =
                Unit { kind: UnitKind::Job, name: key.text.to_owned(), title: None, line: key.line, end_line, parent: Some(id) };
            let job = reading.unit(unit);
            chosen(&task, job, key.line, reading);
            match images {
                true => build(key.text, &task, job, key.line, reading),
                false => run(&task, job, key.line, reading),
            }
            known.push((key.text, job, task));
        }
        for (name, job, task) in &known {
            order((name, *job, task), &known, own, reading);
        }
    })
}

/// For which events and branches a task asks to be chosen.
fn chosen(task: &Made, job: UnitId, line: u32, reading: &mut Reading<'_>) {
    if let Some(events) = task.get("run-on-tasks-for").filter(|events| matches!(events.what, What::List(_))) {
        let all: Vec<&str> = events.items().iter().filter_map(Made::text).collect();
        let named = |word: &str| all.iter().any(|event| event.starts_with(word) || *event == "all");
        // whoever asks for it by name gets it
        let mut kinds = vec![TriggerKind::Schedule, TriggerKind::Upstream, TriggerKind::Api, TriggerKind::Manual];
        if named("github-push") || named("hg-push") || named("git-push") {
            kinds.extend([TriggerKind::Push, TriggerKind::Tag]);
        }
        if named("github-release") {
            kinds.push(TriggerKind::Tag);
        }
        if named("github-pull-request") {
            kinds.push(TriggerKind::Pr);
        }
        kinds.sort_unstable();
        kinds.dedup();
        reading.fact(job, events.line.max(line), FactKind::Guard(Guard::Event(kinds)));
    }
    if let Some(branches) = task.get("run-on-git-branches") {
        let all: Vec<String> = branches.items().iter().filter_map(Made::text).map(str::to_owned).collect();
        if !all.is_empty() && !all.iter().any(|branch| branch == "all") {
            reading.fact(job, branches.line.max(line), FactKind::Guard(Guard::Ref(all)));
        }
    }
}

/// An image of the folder in which these lie.
fn build(name: &str, task: &Made, job: UnitId, line: u32, reading: &mut Reading<'_>) {
    // three levels up stands the root of it all
    let home = folder(folder(folder(&reading.file.path))).to_owned();
    let from = task.get("definition").and_then(Made::text).unwrap_or(name);
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    if !plain(from) || !plain(name) {
        return;
    }
    let words = ["docker", "build", "-f", &format!("{home}/docker/{from}/Dockerfile"), "-t", name, "."];
    let words: Vec<Option<Said>> = words.iter().map(|word| Some(Said { text: (*word).to_owned(), line, exact: false })).collect();
    container::told(&words, &Start { line, dir: ".", ..Start::default() }, job, reading);
}

/// What a task runs: its own text or words, a script of the tool chain, or what the worker is told.
fn run(task: &Made, job: UnitId, line: u32, reading: &mut Reading<'_>) {
    if let Some(pool) = task.get("worker-type").and_then(|pool| Some((pool.text()?, pool.line))) {
        reading.fact(job, pool.1.max(1), FactKind::Machine { label: pool.0.to_owned(), hosted: false });
    }
    let mut variables: BTreeMap<String, String> = BTreeMap::from([("VCS_PATH".to_owned(), CHECKOUT.to_owned())]);
    for (key, value) in task.at("worker.env").map(Made::entries).unwrap_or_default().iter().take(200) {
        if let Some(text) = value.text().filter(|text| text.len() <= 2_000) {
            reading.setting(job, value.line, key, text);
            if !text.contains(['$', '`', '{']) {
                variables.insert(key.clone(), text.to_owned());
            }
        }
    }
    let image = task.at("worker.docker-image");
    if let Some((label, line)) = image.and_then(|i| Some((i.text().or_else(|| i.get("in-tree")?.text())?, i.line))) {
        reading.fact(job, line.max(1), FactKind::Machine { label: label.to_owned(), hosted: false });
    }
    let put = |text: &str| text.replace("{checkout}", CHECKOUT);
    if let Some(script) = task.at("run.script").filter(|_| task.at("run.using").and_then(Made::text) == Some("toolchain-script"))
    {
        let home = folder(folder(folder(&reading.file.path)));
        let Some(name) = script.text().filter(|name| !name.contains(['{', ' ', '$'])) else { return };
        let text = source::join(home, &format!("scripts/toolchain/{name}")).unwrap_or_default();
        let said = Some(Said { text: format!("./{text}"), line: script.line, exact: false });
        return container::told(&[said], &Start { line: script.line, dir: ".", ..Start::default() }, job, reading);
    }
    let mut mounts = vec![CHECKOUT.to_owned()];
    let cwd = task.at("run.cwd").and_then(Made::text).map(put);
    let dir = tasks::begins(cwd.as_deref(), &mut mounts);
    let start = Start { line, dir: &dir, mounts: &mounts, variables };
    let Some(command) = task.at("run.command").or_else(|| task.at("worker.command")) else { return };
    let start = Start { line: command.line.max(1), ..start };
    match &command.what {
        // one text is read by a shell
        What::Text(text) => {
            let program = super::super::shells::Program::Shell { errexit: true, pipefail: false };
            let line_of = |n: u32| if command.exact { command.line.saturating_add(n.saturating_sub(1)) } else { command.line };
            container::lower_from(&put(text), &line_of, &program, &start, job, reading);
        }
        What::List(words) => {
            let word = |word: &Made| {
                let text = match &word.what {
                    What::Number(number) => number.to_string(),
                    _ => word.text()?.to_owned(),
                };
                Some(Said { text: put(&text), line: word.line, exact: word.exact })
            };
            let words: Vec<Option<Said>> = words.iter().take(400).map(word).collect();
            let start = Start { line: words.iter().flatten().map(|w| w.line).next().unwrap_or(start.line), ..start };
            container::told(&words, &start, job, reading);
        }
        _ => {}
    }
}

/// The tasks that one waits for, by their labels: the name of a kind and that of a task in it.
fn order((name, job, task): (&str, UnitId, &Made), known: &[(&str, UnitId, Made)], own: &str, reading: &mut Reading<'_>) {
    let kinds = folder(folder(&reading.file.path)).to_owned();
    for (_, on) in task.get("dependencies").map(Made::entries).unwrap_or_default().iter().take(200) {
        let Some(label) = on.text() else { continue };
        let here = |other: &&(&str, UnitId, Made)| {
            other.0 != name && label.strip_prefix(own).and_then(|rest| rest.strip_prefix('-')) == Some(other.0)
        };
        if let Some((_, on_id, _)) = known.iter().find(here) {
            reading.fact(job, on.line, FactKind::Needs(Needs { on: *on_id, stops: true }));
            continue;
        }
        // where one name ends and the other begins is not written
        for (at, _) in label.match_indices('-').take(20) {
            let (kind, rest) = (label.get(..at).unwrap_or_default(), label.get(at + 1..).unwrap_or_default());
            let path = format!("{kinds}/{kind}/kind.yml");
            let fact = FactKind::After { path: path.as_str().into(), kind: UnitKind::Job, name: rest.to_owned(), stops: true };
            if !rest.is_empty() && kind != own {
                reading.fact(job, on.line, fact);
            }
        }
    }
    for kind in task.at("from-deps.kinds").map(Made::items).unwrap_or_default().iter().take(50) {
        let Some(text) = kind.text() else { continue };
        let path = format!("{kinds}/{text}/kind.yml");
        let fact = FactKind::After { path: path.as_str().into(), kind: UnitKind::Workflow, name: path.clone(), stops: true };
        reading.fact(job, kind.line, fact);
    }
}

fn times(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    Reading::of_yaml(file, context, |tree, reading: &mut Reading<'_>| {
        let jobs = tree.root().and_then(|root| root.get("jobs"));
        for job in jobs.into_iter().flat_map(Node::items).filter(|job| job.kind() == Kind::Map).take(MAX_TASKS) {
            let (line, end_line) = (job.line(), job.end_line().max(job.line()));
            let name = format!("cron {}", job.at("name").unwrap_or("?"));
            let id = reading.unit(Unit { kind: UnitKind::Workflow, name, title: None, line, end_line, parent: None });
            let mut stated = 0;
            for when in job.get("when").into_iter().flat_map(Node::items).take(50) {
                let of = |key: &str| when.at(key).map(|value| format!("{key} {value}"));
                let text: Vec<String> = ["weekday", "day", "hour", "minute"].into_iter().filter_map(of).collect();
                let trigger = Trigger::plain(TriggerKind::Schedule, format!("schedule \"{}\"", text.join(" ")));
                let trigger = trigger.elsewhere("the service must be told of the repository");
                reading.fact(id, when.line(), FactKind::Trigger(trigger));
                stated += 1;
            }
            if stated == 0 {
                let trigger = Trigger::plain(TriggerKind::Manual, "a person asks for it".to_owned());
                reading.fact(id, line, FactKind::Trigger(trigger));
            }
            if job.at("job.type").is_none_or(|of| of == "decision-task") {
                let to = UsesTarget::File(ROOT.to_owned());
                let (reference, with, edge) = (ROOT.to_owned(), Vec::new(), EdgeKind::Invokes);
                let uses = Uses { reference, with, to, edge, on_failure: OnFailure::Stops };
                reading.fact(id, job.key_line("job").unwrap_or(line), FactKind::Uses(uses));
            }
        }
    })
}
