//! Jobs of Databricks that are written down outside of a bundle: `databricks jobs create --json @job.json`.
//!
//! The object is the one that a bundle has under `resources.jobs`; it is read where a command puts it into a workspace.

use super::bundles::{Bundle, one, work};
use crate::fact::{FileFacts, Unit, UnitKind};
use crate::facts::{Context, Reader, When};
use crate::rules::pattern::Format;
use crate::source::{SourceFile, extension};
use crate::syntax::tree::Node;

/// Definitions that a command hands to a workspace.
pub(crate) const READER: Reader = Reader { name: "job of a workspace", wants, when: When::LedTo, read };

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

/// A job that is one task.
fn only_task(name: &str, job: Node<'_>, bundle: &Bundle<'_>, file: &SourceFile, facts: &mut FileFacts) {
    let Some(parent) = facts.units.iter().position(|unit| unit.kind == UnitKind::Workflow) else { return };
    let id = facts.units.len();
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
    fn the_older_form_is_one_task() {
        let text = "{\"name\": \"fit\",\n\"notebook_task\": {\"notebook_path\": \"fit\"}}";
        assert_eq!(told(text), ["1 the service, by hand", "2 runs fit"]);
        assert!(told("{\"tasks\": [1]}").is_empty() && told("[\"a_task\"]").is_empty());
    }
}
