//! Databricks bundles: jobs and their tasks, in `databricks.yml` and in the files that it includes.
//!
//! A job is a workflow and its tasks are jobs; nothing runs before the bundle is deployed, and a schedule works only for
//! the targets that do not pause it. So every target is a unit of the bundle's file, which a command installs, and a
//! trigger waits for those for which it is meant. What an included file holds is stated there; one that no pattern of
//! `include` finds is no part of the bundle.
//!
//! Invariants: jobs and tasks are bounded; what only a deployment knows is open, never guessed.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::fact::{
    Asked, Command, FactKind, FileFacts, Guard, Held, Needs, OnFailure, Trigger, Unit, UnitId, UnitKind, Until, Uses, UsesTarget,
};
use crate::facts::{Context, Reader, When, unparsable};
use crate::resolve::BUNDLES;
use crate::source::{self, RepoPath, SourceFile, file_name};
use crate::syntax::shell::Word;
use crate::syntax::tree::{Kind, Node};
use crate::syntax::{top, yaml};
use crate::words::{EdgeKind, Strength, TriggerKind};

/// The name under which it asks for other files.
const NAME: &str = "Databricks bundle";
/// The bundle, and what it includes.
pub(crate) const READER: Reader = Reader {
    name: NAME,
    wants: |path| BUNDLES.contains(&file_name(path)),
    when: When::Recognised(|_, text| is_bundle(text)),
    read,
};

/// Most jobs of one file, and most tasks of one job.
const MOST: usize = 500;
/// Most patterns of one bundle, each of which is tried on all files.
const INCLUDES: usize = 50;
/// Deepest nesting of variables in a value.
const DEPTH: usize = 4;

fn is_bundle(text: &str) -> bool {
    top::has(text, &["bundle"])
}

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let parsed = yaml::parse(&file.text);
    let tree = Arc::new(parsed.tree);
    let mut facts = FileFacts { notices: parsed.errors.iter().map(|e| unparsable(file, e)).collect(), ..FileFacts::default() };
    if let Some(root) = tree.root() {
        if BUNDLES.contains(&file_name(&file.path)) && is_bundle(&file.text) {
            let bundle = Bundle { root, path: &file.path };
            bundle.targets(&mut facts);
            let home = source::folder(&file.path);
            let patterns = root.get("include").map(Node::strings).unwrap_or_default();
            let parts = patterns.iter().filter_map(|(pattern, _)| source::join(home, pattern)).take(INCLUDES).collect();
            facts.asked = Some(Asked { reader: NAME, parts, ..Asked::default() }).filter(|asked| !asked.parts.is_empty());
            jobs(root, &bundle, file, &mut facts);
            bundle.of_targets(file, &mut facts);
        }
        for whole in context.joined.wholes.iter().filter(|whole| whole.root != file.path) {
            if let Some(of) = whole.documents.get(&whole.root).and_then(|tree| tree.root()) {
                jobs(root, &Bundle { root: of, path: &whole.root }, file, &mut facts);
            }
        }
    }
    facts.tree = Some(tree);
    facts
}

/// The definition that says to which targets jobs are deployed.
pub(super) struct Bundle<'t> {
    pub(super) root: Node<'t>,
    pub(super) path: &'t RepoPath,
}

/// Of a schedule: for which targets it works, why it does not for the others, and whether that is known.
#[derive(Default)]
struct Works {
    targets: Vec<String>,
    paused: Option<String>,
    unclear: bool,
}

impl<'t> Bundle<'t> {
    /// The targets, that which is meant where none is named first.
    fn names(&self) -> Vec<(&'t str, Option<Node<'t>>)> {
        let mut all: Vec<(&'t str, Option<Node<'t>>)> = ["targets", "environments"]
            .iter()
            .filter_map(|key| self.root.get(key))
            .flat_map(|targets| targets.entries().map(|(key, target)| (key.text, Some(target))).take(MOST).collect::<Vec<_>>())
            .collect();
        all.sort_by_key(|(_, target)| target.and_then(|t| t.get("default")).and_then(Node::as_bool) != Some(true));
        if all.is_empty() {
            all.push(("default", None));
        }
        all
    }

    /// One unit for each target: what a deployment installs.
    pub(super) fn targets(&self, facts: &mut FileFacts) {
        for (name, target) in self.names() {
            let line = target.map_or(1, |t| t.line());
            let end_line = target.map_or(line, |t| t.end_line().max(line));
            let title = Some(format!("target {name} of the bundle"));
            facts.units.push(Unit { kind: UnitKind::Manifest, name: name.to_owned(), title, line, end_line, parent: None });
        }
    }

    /// Jobs that only a target has.
    fn of_targets(&self, file: &SourceFile, facts: &mut FileFacts) {
        for (name, target) in self.names() {
            let jobs = target.and_then(|t| t.get("resources")).and_then(|r| r.get("jobs"));
            for (key, job) in jobs.into_iter().flat_map(|jobs| jobs.entries().take(MOST).collect::<Vec<_>>()) {
                let known = facts.units.iter().any(|u| u.kind == UnitKind::Workflow && u.name == key.text);
                if job.get("tasks").is_some() && !known {
                    one(key.text, key.line, job, self, Some(name), file, facts);
                }
            }
        }
    }

    /// A value with the variables of a target put in; none where one is not known.
    fn value(&self, text: &str, target: Option<Node<'t>>, depth: usize) -> Option<String> {
        let Some((before, rest)) = text.split_once("${var.") else {
            return (!text.contains("${")).then(|| text.to_owned());
        };
        let (name, after) = rest.split_once('}')?;
        let of = |node: Option<Node<'t>>| {
            let value = node?.get("variables")?.get(name)?;
            value.text().or_else(|| value.at("default")).or_else(|| value.at("value"))
        };
        let known = of(target).or_else(|| of(Some(self.root)))?;
        let known = self.value(known, target, depth.checked_sub(1)?)?;
        Some(format!("{before}{known}{}", self.value(after, target, depth)?))
    }

    /// For which targets what starts a job works.
    fn works(&self, job: &str, key: &str, base: Option<Node<'t>>, only: Option<&str>) -> Works {
        let mut works = Works::default();
        for (name, target) in self.names().into_iter().filter(|(name, _)| only.is_none_or(|only| only == *name)) {
            let own = target.and_then(|t| t.get("resources")?.get("jobs")?.get(job)?.get(key));
            let said = own.and_then(|s| s.at("pause_status")).or_else(|| base.and_then(|s| s.at("pause_status")));
            let develops = target.and_then(|t| t.at("mode")) == Some("development");
            let preset = target.and_then(|t| t.get("presets")).and_then(|p| p.at("trigger_pause_status"));
            match said.or(preset).map(|said| self.value(said, target, DEPTH)) {
                None if develops => {
                    let why = format!("target `{name}` is for development, which pauses what starts by itself");
                    works.paused.get_or_insert(why);
                }
                Some(None) => works.unclear = true,
                Some(Some(said)) if said.eq_ignore_ascii_case("PAUSED") => {
                    works.paused = Some("switched off by `pause_status: PAUSED`".to_owned());
                }
                _ => works.targets.push(name.to_owned()),
            }
        }
        works
    }
}

/// The jobs that a document holds.
fn jobs(root: Node<'_>, bundle: &Bundle<'_>, file: &SourceFile, facts: &mut FileFacts) {
    let Some(jobs) = root.get("resources").and_then(|r| r.get("jobs")) else { return };
    for (key, job) in jobs.entries().take(MOST) {
        one(key.text, key.line, job, bundle, None, file, facts);
    }
}

pub(super) fn one(
    name: &str,
    line: u32,
    job: Node<'_>,
    bundle: &Bundle<'_>,
    only: Option<&str>,
    file: &SourceFile,
    facts: &mut FileFacts,
) {
    if job.kind() != Kind::Map || facts.units.iter().any(|u| u.kind == UnitKind::Workflow && u.name == name) {
        return;
    }
    let unit = facts.units.len();
    let title = job.at("name").filter(|title| !title.contains("${")).map(str::to_owned);
    let end_line = job.end_line().max(line);
    facts.units.push(Unit { kind: UnitKind::Workflow, name: name.to_owned(), title, line, end_line, parent: None });
    facts.state(unit, line, FactKind::Trigger(Trigger::plain(TriggerKind::Manual, "the service, by hand".to_owned())));
    starts(name, unit, job, bundle, only, facts);
    let mut tasks: BTreeMap<&str, UnitId> = BTreeMap::new();
    let all: Vec<Node<'_>> = job.get("tasks").into_iter().flat_map(Node::items).take(MOST).collect();
    for task in &all {
        let Some(key) = task.at("task_key") else { continue };
        let id = facts.units.len();
        let (line, end_line) = (task.line(), task.end_line().max(task.line()));
        facts.units.push(Unit { kind: UnitKind::Job, name: key.to_owned(), title: None, line, end_line, parent: Some(unit) });
        tasks.insert(key, id);
        let inner = task.get("for_each_task").and_then(|each| each.get("task")).unwrap_or(*task);
        work(inner, id, bundle, file, facts);
        if task.get("disabled").and_then(Node::as_bool) == Some(true) {
            facts.state(id, task.line(), FactKind::Guard(Guard::Never("disabled: true".to_owned())));
        }
    }
    for task in &all {
        let Some(id) = task.at("task_key").and_then(|key| tasks.get(key)) else { continue };
        let anyway = matches!(task.at("run_if"), Some("ALL_DONE" | "AT_LEAST_ONE_FAILED" | "ALL_FAILED"));
        for before in task.get("depends_on").into_iter().flat_map(Node::items).take(MOST) {
            if let Some(on) = before.at("task_key").and_then(|key| tasks.get(key)).filter(|on| *on != id) {
                facts.state(*id, before.line(), FactKind::Needs(Needs { on: *on, stops: !anyway }));
            }
            if let Some(outcome) = before.at("outcome") {
                let text = format!("{} is {outcome}", before.at("task_key").unwrap_or("a condition"));
                facts.state(*id, before.line(), FactKind::Guard(Guard::If(text)));
            }
        }
    }
}

/// What starts a job, for the targets for which it does.
fn starts(name: &str, unit: UnitId, job: Node<'_>, bundle: &Bundle<'_>, only: Option<&str>, facts: &mut FileFacts) {
    for key in ["schedule", "trigger", "continuous"] {
        let Some(said) = job.get(key).filter(|said| said.kind() == Kind::Map) else { continue };
        let found = match key {
            "schedule" => said
                .get("quartz_cron_expression")
                .and_then(|every| Some((TriggerKind::Schedule, format!("schedule \"{}\"", every.text()?), every.line()))),
            "trigger" => event(said),
            _ => Some((TriggerKind::Schedule, "again as soon as it is done".to_owned(), said.line())),
        };
        let Some((kind, text, line)) = found else { continue };
        let works = bundle.works(name, key, Some(said), only);
        let mut trigger = Trigger::plain(kind, text);
        if works.targets.is_empty() && !works.unclear {
            trigger.off = works.paused;
        } else {
            let why = match works.targets.as_slice() {
                [] => "whether it is paused is not said here".to_owned(),
                names => format!("nothing in this repository deploys the bundle to {}", names.join(" or ")),
            };
            let until = Until::Installed { path: Some(bundle.path.clone()), names: works.targets };
            trigger.held = Some(Held { strength: Strength::Assumed, why, until: Some(until), remedy: None });
        }
        facts.state(unit, line, FactKind::Trigger(trigger));
    }
}

fn event(said: Node<'_>) -> Option<(TriggerKind, String, u32)> {
    if let Some(periodic) = said.get("periodic") {
        let every = format!("schedule every {} {}", periodic.at("interval")?, periodic.at("unit").unwrap_or_default());
        return Some((TriggerKind::Schedule, every.trim_end().to_owned(), periodic.line()));
    }
    if let Some(files) = said.get("file_arrival") {
        return Some((TriggerKind::Data, format!("new files in {}", files.at("url")?), files.line()));
    }
    let tables = said.get("table_update").or_else(|| said.get("table"))?;
    let names: Vec<&str> = tables.get("table_names")?.strings().into_iter().map(|(name, _)| name).take(5).collect();
    (!names.is_empty()).then(|| (TriggerKind::Data, format!("new rows in {}", names.join(", ")), tables.line()))
}

/// What a task runs.
pub(super) fn work(task: Node<'_>, id: UnitId, bundle: &Bundle<'_>, file: &SourceFile, facts: &mut FileFacts) {
    let home = source::folder(&file.path);
    if let Some((notebook, line)) = text_of(task, "notebook_task", "notebook_path") {
        let to = match located(notebook, task, "notebook_task", home, bundle) {
            Some(path) => UsesTarget::File(path),
            None => from_git(notebook, task, "notebook_task"),
        };
        hand_over(facts, id, line, format!("runs {notebook}"), to, EdgeKind::Submits);
    }
    if let Some((script, line)) = text_of(task, "spark_python_task", "python_file") {
        match located(script, task, "spark_python_task", home, bundle) {
            Some(path) => {
                let given =
                    task.get("spark_python_task").and_then(|t| t.get("parameters")).map(Node::strings).unwrap_or_default();
                let words = ["python", path.as_str()].into_iter().chain(given.into_iter().map(|(word, _)| word));
                command(facts, id, line, words);
            }
            None => {
                let to = from_git(script, task, "spark_python_task");
                hand_over(facts, id, line, script.to_owned(), to, EdgeKind::Submits);
            }
        }
    }
    if let Some((entry, line)) = text_of(task, "python_wheel_task", "entry_point") {
        let given = task.get("python_wheel_task").and_then(|t| t.get("parameters")).map(Node::strings).unwrap_or_default();
        command(facts, id, line, [entry].into_iter().chain(given.into_iter().map(|(word, _)| word)));
    }
    if let Some((job, line)) = text_of(task, "run_job_task", "job_id") {
        let name = job.strip_prefix("${resources.jobs.").and_then(|rest| rest.strip_suffix(".id}"));
        let to = match name {
            // of another file it is found by the command that runs it, not from here
            Some(name) if file.path == *bundle.path || is_own(name, file) => {
                UsesTarget::Unit { path: None, kind: UnitKind::Workflow, name: name.to_owned() }
            }
            _ => UsesTarget::Remote(format!("job {}", name.unwrap_or(job))),
        };
        hand_over(facts, id, line, format!("starts job {}", name.unwrap_or(job)), to, EdgeKind::Starts);
    }
    for other in ["pipeline_task", "sql_task", "dbt_task", "spark_jar_task", "spark_submit_task", "dashboard_task"] {
        if let Some(line) = task.key_line(other) {
            hand_over(facts, id, line, other.to_owned(), UsesTarget::Remote(other.to_owned()), EdgeKind::Submits);
        }
    }
}

/// Whether a job stands in the same file.
fn is_own(name: &str, file: &SourceFile) -> bool {
    file.text.lines().any(|line| line.trim_end().trim_start().strip_suffix(':') == Some(name))
}

fn text_of<'t>(task: Node<'t>, of: &str, key: &str) -> Option<(&'t str, u32)> {
    let node = task.get(of)?.get(key)?;
    Some((node.text()?, node.line()))
}

/// The path of the repository that a task names: from the file that names it, or from the bundle's folder.
fn located(text: &str, task: Node<'_>, of: &str, home: &str, bundle: &Bundle<'_>) -> Option<String> {
    let root = source::folder(bundle.path);
    // what older tools take along lies as from the folder above their settings
    if let Some(rest) = text.strip_prefix("file:fuse://").or_else(|| text.strip_prefix("file://")) {
        return source::join(source::folder(root), rest);
    }
    for start in ["${workspace.file_path}/", "${workspace.root_path}/files/", "/Workspace${workspace.file_path}/"] {
        if let Some(rest) = text.strip_prefix(start) {
            return source::join(root, rest);
        }
    }
    // of another repository, or of this at another revision, it is named from the root
    let remote = task.get(of).and_then(|t| t.at("source")) == Some("GIT");
    if text.contains("${") || text.contains("://") || text.starts_with('/') {
        return None;
    }
    if remote { None } else { source::join(home, text) }
}

/// A file that the service takes from a repository: most likely this one, where it is named from the root.
fn from_git(text: &str, task: Node<'_>, of: &str) -> UsesTarget {
    let git = task.get(of).and_then(|t| t.at("source")) == Some("GIT");
    match source::join(".", text).filter(|_| git && !text.contains(['$', ':']) && !text.starts_with('/')) {
        Some(path) => UsesTarget::Likely(Box::new(UsesTarget::File(path))),
        None => UsesTarget::Remote(text.to_owned()),
    }
}

fn hand_over(facts: &mut FileFacts, unit: UnitId, line: u32, reference: String, to: UsesTarget, edge: EdgeKind) {
    let uses = Uses { reference, with: Vec::new(), to, edge, on_failure: OnFailure::Stops };
    facts.state(unit, line, FactKind::Uses(uses));
}

/// The files of the bundle lie as in the repository, and are named from its root here.
fn command<'w>(facts: &mut FileFacts, unit: UnitId, line: u32, words: impl Iterator<Item = &'w str>) {
    let words = words.map(|text| Word { text: text.to_owned(), literal: !text.contains("${") }).collect();
    facts.state(unit, line, FactKind::Command(Command::new(words, Some(".".to_owned()))));
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOBS: &str = "resources:\n  jobs:\n    learn:\n      schedule:\n        quartz_cron_expression: \"0 0 3 * * ?\"\n        pause_status: ${var.pause}\n      tasks:\n        - task_key: fetch\n          notebook_task: {notebook_path: ../jobs/fetch.ipynb}\n        - task_key: fit\n          depends_on: [{task_key: fetch, outcome: \"true\"}]\n          run_if: ALL_DONE\n          python_wheel_task: {entry_point: fit, parameters: [--all]}\n        - task_key: tell\n          run_job_task: {job_id: \"${resources.jobs.report.id}\"}\n    report:\n      trigger: {file_arrival: {url: \"s3://rents/\"}}\n      tasks: [{task_key: show, spark_python_task: {python_file: ../jobs/show.py}}]\n";

    fn told(path: &str, text: &str) -> Vec<String> {
        let facts = read(&SourceFile::new(path.into(), text.to_owned()), &Context::default());
        let name = |unit: Option<UnitId>| unit.and_then(|u| facts.units.get(u)).map_or("?", |u| u.name.as_str());
        let of = |fact: &crate::fact::Fact| {
            let what = match &fact.kind {
                FactKind::Trigger(t) if t.kind == TriggerKind::Manual => return None,
                FactKind::Trigger(t) => match (&t.off, &t.held) {
                    (Some(off), _) => format!("{} off: {off}", t.text),
                    (None, Some(Held { until: Some(Until::Installed { names, .. }), .. })) => format!("{} in {names:?}", t.text),
                    _ => t.text.clone(),
                },
                FactKind::Command(c) => c.text(),
                FactKind::Uses(uses) => uses.reference.clone(),
                FactKind::Needs(needs) => format!("after {}, {}", name(Some(needs.on)), needs.stops),
                FactKind::Guard(Guard::If(text)) => format!("if {text}"),
                _ => return None,
            };
            Some(format!("{} {}: {what}", fact.line, name(fact.unit)))
        };
        facts.facts.iter().filter_map(of).collect()
    }

    fn schedule(targets: &str) -> Option<String> {
        let text = format!("bundle: {{name: rents}}\n{targets}{JOBS}");
        told("databricks.yml", &text).into_iter().find(|line| line.contains("schedule"))
    }

    #[test]
    fn jobs_run_their_tasks_in_order() {
        let text = format!("bundle: {{name: rents}}\n{}", JOBS.replace("${var.pause}", "UNPAUSED"));
        assert_eq!(
            told("ml/databricks.yml", &text),
            [
                "6 learn: schedule \"0 0 3 * * ?\" in [\"default\"]",
                "10 fetch: runs ../jobs/fetch.ipynb",
                "14 fit: fit --all",
                "16 tell: starts job report",
                "12 fit: after fetch, false",
                "12 fit: if fetch is true",
                "18 report: new files in s3://rents/ in [\"default\"]",
                "19 show: python jobs/show.py"
            ]
        );
    }

    #[test]
    fn what_a_target_pauses_does_not_start_there() {
        let of = |targets: &str| schedule(targets).unwrap_or_default();
        assert!(of("targets: {dev: {mode: development}, prod: {mode: production}}\n").ends_with("in []"));
        let both = "variables: {pause: {default: PAUSED}}\ntargets: {dev: {}, prod: {variables: {pause: UNPAUSED}}}\n";
        assert!(of(both).ends_with("in [\"prod\"]"), "{}", of(both));
        assert!(of("variables: {pause: {default: PAUSED}}\ntargets: {prod: {}}\n").contains("off: "));
        let text = "bundle: {name: a}\ntargets: {dev: {mode: development}}\nresources: {jobs: {a: {schedule: {quartz_cron_expression: x}}}}\n";
        assert!(told("databricks.yml", text).concat().contains("off: target `dev` is for development"));
    }

    #[test]
    fn odd_bundles_end() {
        for text in [
            "bundle:\nresources: {jobs: [1]}\n",
            "bundle:\ntargets: [a]\nresources: {jobs: {a: {tasks: {x: 1}, schedule: [3], trigger: {periodic: 3}}}}\n",
            "bundle:\nvariables: {pause: {default: \"${var.pause}\"}}\nresources: {jobs: {a: {schedule: {quartz_cron_expression: x, pause_status: \"${var.pause}\"}}}}\n",
            "bundle:\nresources: {jobs: {a: {tasks: [{task_key: a, depends_on: [{task_key: a}]}, 3, {}]}}}\n",
        ] {
            assert!(told("databricks.yml", text).len() < 3, "{text}");
        }
        assert!(told("other/databricks.yml", "name: x\n").is_empty());
    }
}
