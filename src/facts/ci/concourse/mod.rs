//! Concourse: pipelines of jobs that new versions of resources start, and tasks that lie in files of their own.
//!
//! A pipeline works once somebody has set it in the service; the file alone starts nothing. What a job works with are
//! folders, one for each resource that it gets, and in one of these lies the repository: that of the one Git resource, of
//! several that from which the most tasks are taken.
//!
//! Invariants: a job that nothing triggers is started by a person; a new version of what lies elsewhere is no push here;
//! what is put in when the pipeline is set is a hole; steps, nesting and text are bounded.

mod plan;
mod steps;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::called::{self, Callee};
use super::plan::Source;
use super::text::put_between;
use crate::fact::{FileFacts, Inputs, Unit, UnitKind};
use crate::facts::shell::HOLE;
use crate::facts::{Context, ReadFor, Reader, When};
use crate::source::SourceFile;
use crate::syntax::tree::{Kind, Node};
use crate::words::TriggerKind;

/// Most jobs of one pipeline.
const MAX_JOBS: usize = 300;
/// What every start of a pipeline waits for.
const ONCE_SET: &str = "it works once the pipeline is set in the service";
/// The input of a task that says under which name it has the repository.
const REPOSITORY: &str = "repository";

/// Pipelines, wherever they lie.
pub(crate) const PIPELINE: Reader = Reader {
    name: "Concourse pipeline",
    wants: is_yaml,
    when: When::Recognised(|path, text| !crate::source::is_of_host(path) && is_pipeline(text)),
    read,
};

/// Tasks in files of their own.
pub(crate) const TASK: Reader = Reader {
    name: "Concourse task",
    wants: is_yaml,
    when: When::Recognised(|path, text| !crate::source::is_of_host(path) && is_task(text)),
    read: |file, context| task(file, context, &[]),
};

/// The same reader for tasks that are told under which name they have the repository.
pub(crate) const CALLED: &[(&str, ReadFor)] = &[(TASK.name, task)];

/// A file while it is read.
type Reading<'c> = super::reading::Reading<'c>;

fn is_yaml(path: &str) -> bool {
    path.ends_with(".yml") || path.ends_with(".yaml")
}

/// Whether a file is one of these, which no other reader takes for something that is applied.
pub(in crate::facts) fn is_ours(text: &str) -> bool {
    is_pipeline(text) || is_task(text)
}

fn is_pipeline(text: &str) -> bool {
    let top = |key: &str| text.lines().any(|line| line.trim_end() == key);
    let plan = || text.lines().any(|line| matches!(line.trim().trim_start_matches("- "), "plan:" | "plan: &plan"));
    let steps =
        || ["get:", "task:", "put:", "in_parallel:", "set_pipeline:"].iter().any(|key| text.contains(&format!("- {key}")));
    top("jobs:") && plan() && steps()
}

fn is_task(text: &str) -> bool {
    let begins = |key: &str| text.lines().any(|line| line.starts_with(key));
    begins("platform:") && begins("run:") && text.contains("path:")
}

/// What a pipeline gets from elsewhere.
struct Resource<'t> {
    name: &'t str,
    kind: &'t str,
    node: Node<'t>,
    /// The repository itself lies in it.
    own: bool,
}

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    Reading::of_yaml(file, context, |tree, reading| {
        let Some(root) = tree.root().filter(|root| root.kind() == Kind::Map) else { return };
        let Some(jobs) = root.get("jobs").filter(|jobs| jobs.kind() == Kind::Seq) else {
            return reading.wrong(1, "there is no list under `jobs`");
        };
        if !jobs.items().any(|job| job.get("plan").is_some()) {
            return;
        }
        let (name, end_line) = (file.path.to_string(), reading.last_line());
        let workflow = reading.unit(Unit { kind: UnitKind::Workflow, name, title: None, line: 1, end_line, parent: None });
        let mut resources: Vec<Resource<'_>> = root
            .get("resources")
            .into_iter()
            .flat_map(Node::items)
            .filter_map(|node| Some(Resource { name: node.at("name")?, kind: node.at("type")?, node, own: false }))
            .take(MAX_JOBS)
            .collect();
        own(&mut resources, jobs);
        plan::read(jobs, &resources, (workflow, root.key_line("jobs").unwrap_or(1)), reading);
    })
}

/// Marks the resources in which the repository lies.
fn own(resources: &mut [Resource<'_>], jobs: Node<'_>) {
    let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
    for node in jobs.find("**") {
        let places = [node.at("file"), node.at("run.path"), node.at("run.dir")];
        for place in places.into_iter().flatten() {
            *taken.entry(place.split('/').next().unwrap_or_default()).or_default() += 1;
        }
    }
    let times = |name: &str| taken.get(name).copied().unwrap_or(0);
    let mut first: Option<(&str, usize)> = None;
    for one in resources.iter().filter(|one| one.kind == "git") {
        if first.is_none_or(|(_, most)| times(one.name) > most) {
            first = Some((one.name, times(one.name)));
        }
    }
    let address = |node: Node<'_>| -> Option<String> {
        let uri = node.at("source.uri").or_else(|| node.at("source.repository")).or_else(|| node.at("source.repo"))?;
        let path = uri.trim_end_matches(".git").rsplit(['/', ':']).take(2).collect::<Vec<_>>();
        Some(path.join("/").to_ascii_lowercase())
    };
    let chosen = first.map(|(name, _)| name.to_owned());
    let of = resources.iter().find(|one| Some(one.name) == chosen.as_deref()).and_then(|one| address(one.node));
    for one in resources.iter_mut() {
        let same = of.is_some() && address(one.node) == of && (one.kind == "git" || is_request(one.kind));
        one.own = Some(one.name) == chosen.as_deref() || same || (chosen.is_none() && is_request(one.kind));
    }
}

fn is_request(kind: &str) -> bool {
    kind.contains("pull-request") || kind.contains("merge-request") || kind.contains("github-pr")
}

impl Resource<'_> {
    /// What a new version of it is.
    fn source(&self) -> Source {
        let of = |key: &str| self.node.get("source").and_then(|source| source.get(key)).and_then(Node::text);
        let source = match self.kind {
            "git" if self.own && of("tag_filter").or_else(|| of("tag_regex")).is_some() => {
                Source::implied(TriggerKind::Tag, "tag")
            }
            "git" if self.own => {
                let branch = of("branch").filter(|branch| !branch.contains("(("));
                Source { branches: branch.map(str::to_owned).into_iter().collect(), ..Source::implied(TriggerKind::Push, "push") }
            }
            "git" => Source::implied(TriggerKind::Upstream, &format!("a push to another repository ({})", self.name)),
            "time" => {
                let span = || Some(format!("from {} to {}", of("start")?, of("stop")?));
                let every = of("interval").map(|every| format!("every {every}")).or_else(span);
                let text = every.map_or_else(|| "schedule".to_owned(), |every| format!("schedule \"{every}\""));
                Source::implied(TriggerKind::Schedule, &text)
            }
            "s3" | "gcs" | "gcs-resource" | "azure-blobstore" | "s3-iam" => {
                Source::implied(TriggerKind::Data, &format!("data arrives ({})", self.name))
            }
            kind if is_request(kind) && self.own => Source::implied(TriggerKind::Pr, "pull request"),
            _ => Source::implied(TriggerKind::Upstream, &format!("a new version of {}", self.name)),
        };
        let line = Some(self.node.line());
        Source { line, implied: true, elsewhere: Some(ONCE_SET), put: true, ..source }
    }
}

/// A text with holes in the place of what is put in when the pipeline is set, or a task is told.
fn put(text: &str) -> String {
    // anything else is the arithmetic of a shell
    let is_name = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.:/\"".contains(c));
    put_between(text, ("((", "))"), &|name| is_name(name).then(|| HOLE.to_owned()))
}

/// A task in a file of its own, for each name under which its callers give it the repository.
fn task(file: &SourceFile, context: &Context<'_>, calls: &[Inputs]) -> FileFacts {
    Reading::of_yaml(file, context, |tree, reading| {
        let Some(root) = tree.root().filter(|root| root.kind() == Kind::Map) else { return };
        let (name, end_line) = (file.path.to_string(), reading.last_line());
        reading.unit(Unit { kind: UnitKind::Action, name, title: None, line: 1, end_line, parent: None });
        // of its inputs that which its program is taken from, where nobody says
        let inputs: Vec<&str> =
            root.get("inputs").into_iter().flat_map(Node::items).filter_map(|input| input.at("name")).collect();
        let from = root.at("run.path").and_then(|path| path.split('/').next()).filter(|first| inputs.contains(first));
        let alone = || inputs.first().copied().filter(|_| inputs.len() == 1);
        let own = from.or_else(alone).unwrap_or_default();
        let callee = Callee { inputs: Inputs::from([(REPOSITORY.to_owned(), own.to_owned())]), calls, started: false };
        called::read(callee, 1, reading, &|unit, given, reading| {
            let name = given.get(REPOSITORY).map_or(own, String::as_str);
            steps::configured(root, None, &[name.to_owned()], unit, reading);
        });
    })
}
