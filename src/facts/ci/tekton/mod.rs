//! Tekton: pipelines and tasks of a cluster, the listeners that start them, and pipelines that a host's events start
//! because they lie in the folder of Pipelines as Code.
//!
//! A run is what runs when it is applied; pipelines and tasks only define, so they stand apart and are run by those who
//! refer to them by name. Who calls a listener is set up with the host, so that is only assumed.
//!
//! Invariants: what is put in a text at run time is a hole, unless it is a parameter with a literal value; a workspace
//! holds the repository; tasks and text are bounded.

mod runs;
#[cfg(test)]
mod tests;
mod triggers;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::reading::Reading;
use crate::fact::{Asked, FactKind, FileFacts, OnFailure, Unit, UnitId, UnitKind, Uses, UsesTarget};
use crate::facts::{Context, Reader, When, unparsable};
use crate::source::SourceFile;
use crate::syntax::tree::Node;
use crate::syntax::yaml;
use crate::words::EdgeKind;

/// The name under which it is asked for other files.
const NAME: &str = "Pipelines as Code";
/// Where the controller looks for pipelines.
pub(in crate::facts) const FOLDER: &str = ".tekton/";
/// Most objects of one file.
const MAX_OBJECTS: usize = 200;

/// Pipelines that events of the host start.
pub(crate) const PIPELINE: Reader =
    Reader { name: NAME, wants: |path| is_yaml(path) && path.starts_with(FOLDER), when: When::Always, read };

fn is_yaml(path: &str) -> bool {
    path.ends_with(".yml") || path.ends_with(".yaml")
}

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let parsed = yaml::parse(&file.text);
    let mut reading: Reading<'_> = Reading::new(file, context);
    reading.facts.notices = parsed.errors.iter().map(|e| unparsable(file, e)).collect();
    for doc in parsed.tree.docs().take(MAX_OBJECTS) {
        if doc.at("kind") == Some("PipelineRun") && is_ours(doc) {
            let name = doc.at("metadata.name").or_else(|| doc.at("metadata.generateName"));
            let (line, end_line) = (doc.line(), doc.end_line().max(doc.line()));
            let unit = Unit {
                kind: UnitKind::Workflow,
                name: format!("{}#{}", file.path, name.unwrap_or("?")),
                title: name.map(str::to_owned),
                line,
                end_line,
                parent: None,
            };
            let id = reading.unit(unit);
            triggers::annotated(doc, id, &mut reading);
            runs::run(doc, id, &mut reading);
        } else {
            define(doc, &mut reading);
        }
    }
    // what lies beside it is known to it by name
    let parts: BTreeSet<String> = ["*.yaml", "*.yml", "*/*.yaml", "*/*.yml"].iter().map(|end| format!("{FOLDER}{end}")).collect();
    reading.facts.asked = Some(Asked { reader: NAME, parts, others: BTreeSet::new() });
    reading.facts.tree = Some(Arc::new(parsed.tree));
    reading.facts
}

fn is_ours(doc: Node<'_>) -> bool {
    doc.at("apiVersion").is_some_and(|api| api.starts_with("tekton.dev/"))
}

/// A pipeline, task or step that others name; false where it is none.
fn define(doc: Node<'_>, reading: &mut Reading<'_>) -> bool {
    let kind = doc.at("kind").filter(|kind| matches!(*kind, "Pipeline" | "Task" | "ClusterTask" | "StepAction"));
    let Some(kind) = kind.filter(|_| is_ours(doc)) else { return false };
    if let (Some(id), Some(spec)) = (action(doc, reading), doc.get("spec")) {
        match kind {
            "Pipeline" => runs::pipeline(spec, id, None, reading),
            _ => runs::task(spec, id, None, reading),
        }
    }
    true
}

/// Reads an object; false where it is no object of these.
pub(super) fn object(doc: Node<'_>, unit: UnitId, reading: &mut Reading<'_>) -> bool {
    let api = doc.at("apiVersion").unwrap_or_default();
    if api.starts_with("triggers.tekton.dev/") {
        return triggers::object(doc, reading);
    }
    if is_ours(doc) && matches!(doc.at("kind"), Some("PipelineRun" | "TaskRun")) {
        runs::run(doc, unit, reading);
        return true;
    }
    define(doc, reading)
}

/// The unit of what an object defines, apart from the object itself: who applies the object does not run it.
fn action(doc: Node<'_>, reading: &mut Reading<'_>) -> Option<UnitId> {
    let kind = doc.at("kind").map(|kind| if kind == "ClusterTask" { "Task" } else { kind })?;
    let name = format!("{kind}/{}", doc.at("metadata.name")?).to_ascii_lowercase();
    Some(apart(name, doc, reading))
}

fn apart(name: String, node: Node<'_>, reading: &mut Reading<'_>) -> UnitId {
    let end_line = node.end_line().max(node.line());
    reading.unit(Unit { kind: UnitKind::Action, name, title: None, line: node.line(), end_line, parent: None })
}

/// Hands over to an object by its kind and name, or to what a resolver fetches.
fn refer(reference: Node<'_>, kind: &str, unit: UnitId, reading: &mut Reading<'_>) {
    let line = reference.line();
    let fetched = reference.at("resolver").or_else(|| reference.get("bundle").map(|_| "bundle"));
    match (fetched, reference.at("name")) {
        (Some(resolver), _) => {
            let what = format!("{kind} from {resolver}");
            hand_over(UsesTarget::Remote(what.clone()), what, line, unit, reading);
        }
        (None, Some(named)) => name(kind, named, line, unit, reading),
        (None, None) => {}
    }
}

/// Hands over to an object by its kind and name.
fn name(kind: &str, named: &str, line: u32, unit: UnitId, reading: &mut Reading<'_>) {
    let key = format!("{kind}/{named}").to_ascii_lowercase();
    hand_over(UsesTarget::Object(key.clone()), key, line, unit, reading);
}

fn hand_over(to: UsesTarget, reference: String, line: u32, unit: UnitId, reading: &mut Reading<'_>) {
    let uses = Uses { reference, with: Vec::new(), to, edge: EdgeKind::Invokes, on_failure: OnFailure::Stops };
    reading.fact(unit, line, FactKind::Uses(uses));
}
