//! Jobs of Databricks that are written down outside of a bundle: `databricks jobs create --json @job.json`, and the
//! deployment file of dbx with its jobs by environment.
//!
//! The object is the one that a bundle has under `resources.jobs`; it is read where a command puts it into a workspace.

use super::bundles::{Bundle, one, work};
use crate::fact::{FactKind, FileFacts, Unit, UnitId, UnitKind, Until};
use crate::facts::{Context, Reader, When};
use crate::rules::pattern::Format;
use crate::source::{SourceFile, extension};
use crate::syntax::tree::Node;

/// Definitions that a command hands to a workspace.
pub(crate) const READER: Reader = Reader { name: "job of a workspace", wants, when: When::LedTo, read };

/// Jobs by environment, which a command deploys one by one.
pub(crate) const DEPLOYMENT: Reader =
    Reader { name: "jobs by environment", wants: is_document, when: When::LedTo, read: deployment };

/// Most jobs of one file.
const MOST: usize = 500;
/// What a task does.
const WORK: &[&str] = &["notebook_task", "spark_python_task", "python_wheel_task"];

fn wants(path: &str) -> bool {
    extension(path) == Some("json")
}

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let mut facts = FileFacts::default();
    if !file.text.contains("_task\"") {
        return facts;
    }
    let document = context.document(file, Format::Json);
    let Some(root) = document.tree.root() else { return facts };
    // the older form says in its middle what it says about
    let job = root.get("settings").or_else(|| root.get("new_settings")).unwrap_or(root);
    let alone = WORK.iter().any(|key| job.get(key).is_some());
    if !alone && !job.get("tasks").is_some_and(|tasks| tasks.items().any(|task| task.at("task_key").is_some())) {
        return facts;
    }
    facts.notices = document.notices(file);
    let bundle = Bundle { root, path: &file.path };
    bundle.targets(&mut facts);
    let name = job.at("name").unwrap_or(file.name());
    one(name, job.line(), job, &bundle, None, file, &mut facts);
    if alone {
        only_task(name, job, &bundle, file, &mut facts);
    }
    facts.tree = Some(document.tree.clone());
    facts
}

fn is_document(path: &str) -> bool {
    matches!(extension(path), Some("yml" | "yaml" | "json"))
}

fn deployment(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let mut facts = FileFacts::default();
    if !file.text.contains("environments") || !file.text.contains("_task") {
        return facts;
    }
    let format = if extension(&file.path) == Some("json") { Format::Json } else { Format::Yaml };
    let document = context.document(file, format);
    let Some(all) = document.tree.root().and_then(|root| root.get("environments")) else { return facts };
    let mut left = MOST;
    for (environment, said) in all.entries() {
        for job in ["workflows", "jobs"].iter().filter_map(|key| said.get(key)).flat_map(Node::items) {
            let Some(name) = job.at("name").filter(|_| left > 0) else { continue };
            left -= 1;
            // what is put into the workspace is one job of one environment
            let name = format!("{} {name}", environment.text);
            let (line, end_line) = (job.line(), job.end_line().max(job.line()));
            facts.units.push(Unit { kind: UnitKind::Manifest, name: name.clone(), title: None, line, end_line, parent: None });
            let bundle = Bundle { root: job, path: &file.path };
            let first = facts.facts.len();
            one(&name, line, job, &bundle, None, file, &mut facts);
            if WORK.iter().any(|key| job.get(key).is_some()) {
                only_task(&name, job, &bundle, file, &mut facts);
            }
            for fact in facts.facts.iter_mut().skip(first) {
                if let FactKind::Trigger(trigger) = &mut fact.kind
                    && let Some(held) = trigger.held.as_mut()
                    && let Some(Until::Installed { names, .. }) = held.until.as_mut()
                {
                    *names = vec![name.clone()];
                    held.why = format!("nothing in this repository deploys job {name}");
                }
            }
        }
    }
    if !facts.units.is_empty() {
        facts.notices = document.notices(file);
        facts.tree = Some(document.tree.clone());
    }
    facts
}

/// A job that is one task.
fn only_task(name: &str, job: Node<'_>, bundle: &Bundle<'_>, file: &SourceFile, facts: &mut FileFacts) {
    let parent = facts.units.iter().rposition(|unit| unit.kind == UnitKind::Workflow && unit.name == name);
    let Some(parent) = parent else { return };
    let id: UnitId = facts.units.len();
    let (line, end_line) = (job.line(), job.end_line().max(job.line()));
    facts.units.push(Unit { kind: UnitKind::Job, name: name.to_owned(), title: None, line, end_line, parent: Some(parent) });
    work(job, id, bundle, file, facts);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::{FactKind, Uses};

    fn told(text: &str) -> Vec<String> {
        let file = SourceFile::new("jobs/fit.json".into(), text.to_owned());
        let facts = read(&file, &Context { led_to: true, ..Context::default() });
        let of = |fact: &crate::fact::Fact| match &fact.kind {
            FactKind::Command(c) => Some(format!("{} {}", fact.line, c.text())),
            FactKind::Uses(Uses { reference, .. }) => Some(format!("{} {reference}", fact.line)),
            FactKind::Trigger(t) => Some(format!("{} {}{}", fact.line, t.text, if t.off.is_some() { " off" } else { "" })),
            _ => None,
        };
        facts.facts.iter().filter_map(of).collect()
    }

    #[test]
    fn a_job_is_what_a_bundle_holds_as_well() {
        let text = "{\n\"name\": \"fit\",\n\"schedule\": {\"quartz_cron_expression\": \"0 0 4 * * ?\", \"pause_status\": \"UNPAUSED\"},\n\"tasks\": [\n{\"task_key\": \"fit\", \"spark_python_task\": {\"python_file\": \"../fit.py\"}}\n]}";
        assert_eq!(told(text), ["1 the service, by hand", "3 schedule \"0 0 4 * * ?\"", "5 python fit.py"]);
        assert_eq!(told(&text.replace("UNPAUSED", "PAUSED"))[1], "3 schedule \"0 0 4 * * ?\" off");
    }

    #[test]
    fn jobs_stand_under_their_environment() {
        let text = "environments:\n  test:\n    workflows:\n      - name: fit\n        spark_python_task: {python_file: \"file://fit.py\"}\n  prod:\n    jobs:\n      - name: fit\n        schedule: {quartz_cron_expression: 0 0 4 * * ?}\n        tasks: [{task_key: a, spark_python_task: {python_file: \"file://fit.py\"}}]\n      - {odd: 3}\n";
        let facts = deployment(&SourceFile::new("conf/deployment.yml".into(), text.to_owned()), &Context::default());
        let units: Vec<&str> = facts.units.iter().filter(|u| u.kind == UnitKind::Workflow).map(|u| u.name.as_str()).collect();
        assert_eq!(units, ["test fit", "prod fit"]);
        let commands = facts.facts.iter().filter(|f| matches!(&f.kind, FactKind::Command(c) if c.text() == "python fit.py"));
        assert_eq!(commands.count(), 2);
        let waits = facts.facts.iter().find_map(|f| match &f.kind {
            FactKind::Trigger(t) => t.held.as_ref()?.until.clone(),
            _ => None,
        });
        assert!(matches!(waits, Some(Until::Installed { names, .. }) if names == ["prod fit"]));
    }

    #[test]
    fn the_older_form_is_one_task() {
        let text = "{\"name\": \"fit\",\n\"notebook_task\": {\"notebook_path\": \"fit\"}}";
        assert_eq!(told(text), ["1 the service, by hand", "2 runs fit"]);
        assert!(told("{\"tasks\": [1]}").is_empty() && told("[\"a_task\"]").is_empty());
    }
}
