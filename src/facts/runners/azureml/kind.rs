//! What an Azure ML file defines: its schema says so, or else its keys.

use crate::source::extension;
use crate::syntax::top;
use crate::syntax::tree::{Kind, Node};

/// What matters of the kinds of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Document {
    /// Work that is handed over to be run.
    Job,
    /// Work that jobs name.
    Component,
    /// What starts a job by the clock.
    Schedule,
    /// A model behind an endpoint.
    Deployment,
}

/// Where the schemas are published.
const SCHEMAS: &[&str] = &["azuremlschemas.azureedge.net", "azuremlschemasprod.azureedge.net"];
/// Kinds of work.
const WORK: &[&str] = &["command", "pipeline", "sweep", "spark", "parallel", "automl"];

pub(super) fn may_be(path: &str) -> bool {
    matches!(extension(path), Some("yml" | "yaml")) && !crate::source::is_of_host(path)
}

/// Whether a text is such a document. The schema need not be given; without it keys that nothing else has tell.
pub(super) fn is_one(_: &str, text: &str) -> bool {
    if SCHEMAS.iter().any(|host| text.contains(host)) {
        return top::value(text, "$schema").is_some_and(|schema| SCHEMAS.iter().any(|host| schema.contains(host)));
    }
    let has = |key: &str| top::has(text, &[key]);
    let names = text.contains("azureml:") || text.contains("${{parent.") || text.contains("${{inputs.");
    let work = || top::value(text, "type").is_some_and(|kind| WORK.contains(&kind.trim()));
    let runs = || (has("jobs") && work()) || (has("command") && has("environment") && (work() || has("compute")));
    names && (runs() || (has("trigger") && has("create_job")))
}

/// What the document is.
pub(super) fn of(root: Node<'_>) -> Option<Document> {
    if root.kind() != Kind::Map {
        return None;
    }
    let schema = root.get("$schema").and_then(Node::text).and_then(|s| s.rsplit('/').next()).unwrap_or_default().to_lowercase();
    let schema = schema.trim_end_matches(".json").trim_end_matches(".schema");
    if schema.ends_with("component") {
        return Some(Document::Component);
    }
    if schema.ends_with("deployment") {
        return Some(Document::Deployment);
    }
    if schema == "schedule" {
        return Some(Document::Schedule);
    }
    if schema.ends_with("job") {
        return Some(Document::Job);
    }
    let has = |key: &str| root.get(key).is_some();
    if !schema.is_empty() {
        return None;
    }
    if has("create_job") && has("trigger") {
        return Some(Document::Schedule);
    }
    let work = root.at("type").is_none_or(|kind| WORK.contains(&kind)) && (has("command") || has("jobs") || has("trial"));
    // what a component takes is described; what a job takes is given
    let described = |key: &str| {
        let inputs = root.get(key).into_iter().flat_map(Node::entries).map(|(_, value)| value);
        inputs.filter(|value| value.kind() == Kind::Map).any(|v| v.get("type").is_some() && v.get("path").is_none())
    };
    let given = ["compute", "experiment_name", "settings"].iter().any(|key| has(key));
    match work {
        true if has("name") && !given && described("inputs") => Some(Document::Component),
        true => Some(Document::Job),
        false => None,
    }
}
