//! Azure Pipelines: definitions, wherever they lie, and the templates that they name.
//!
//! A definition is told by its keys, because its file may have any name. A template is read only where a definition
//! (or another template) names it, once for each set of parameters and variables that it is given.
//!
//! Invariants: a value that only a run can say stays as written; a template of another repository is an open end; which
//! file is a pipeline is set up in the service, so a file that says nothing of what starts it is only assumed to be one.

mod expression;
mod jobs;
mod scope;
mod start;
mod steps;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::called::{self, Callee};
use crate::fact::{Asked, FileFacts, Inputs, Unit, UnitId, UnitKind};
use crate::facts::{Context, Reader, When, unparsable};
use crate::source::{RepoPath, SourceFile};
use crate::syntax::tree::{Kind, Node};
use crate::syntax::{top, yaml};
use crate::words::TriggerKind;

use jobs::Place;
use scope::{MAX_NAMES, Scope, to_text};

/// The name under which templates are asked for.
const NAME: &str = "Azure Pipelines definition";

/// Definitions and templates.
pub(crate) const DEFINITION: Reader = Reader {
    name: NAME,
    wants: |path| (path.ends_with(".yml") || path.ends_with(".yaml")) && !crate::source::is_of_host(path),
    when: When::Recognised(is_definition),
    read: |file, context| read(file, context, &[]),
};

/// The same reader for templates with their values.
pub(crate) const CALLED: &[(&str, super::ReadFor)] = &[(NAME, read)];

/// A file being read, with what jobs must know of its top, and what it asks for.
pub(super) type Reading<'c> = super::reading::Reading<'c, Own>;

/// What is known of a definition while it is read.
#[derive(Debug, Default)]
pub(super) struct Own {
    /// What starts it; empty for a template.
    kinds: BTreeSet<TriggerKind>,
    /// The only branch whose pushes start it, where there is but one.
    branch: Option<String>,
    /// Images by the names that jobs use.
    containers: BTreeMap<String, String>,
    /// Templates of stages, jobs and steps.
    templates: BTreeSet<RepoPath>,
    /// Templates of variables.
    parts: BTreeSet<String>,
    /// Roots of copies of other repositories, by the names that the pipeline gives these.
    copies: BTreeMap<String, String>,
    /// Jobs in which a person is asked, and stages with one.
    asking: BTreeMap<UnitId, String>,
}

/// Whether a text is a definition, by its keys: what runs, and what starts it or where it runs.
fn is_definition(path: &str, text: &str) -> bool {
    let named = path.contains("azure-pipelines") || path.contains("azure_pipelines");
    top::has(text, &["stages", "jobs", "steps", "extends"])
        && (top::has(text, &["trigger", "pr", "schedules"]) || (named && top::has(text, &["pool", "resources"])))
        // other systems that have the one and the other
        && !top::has(text, &["kind", "on", "apiVersion", "when", "workflows", "language"])
}

fn read(file: &SourceFile, context: &Context<'_>, calls: &[Inputs]) -> FileFacts {
    let parsed = yaml::parse(&file.text);
    let tree = Arc::new(parsed.tree);
    let mut reading: Reading<'_> = Reading::new(file, context);
    let is_pipeline = is_definition(&file.path, &file.text);
    if let Some(root) = tree.root().filter(|root| root.kind() == Kind::Map && (is_pipeline || context.joined.named)) {
        reading.facts.notices = parsed.errors.iter().map(|e| unparsable(file, e)).collect();
        top(root, is_pipeline, calls, &mut reading);
        let own = std::mem::take(&mut reading.own);
        reading.facts.asked = Some(Asked { reader: NAME, parts: own.parts, others: own.templates })
            .filter(|asked| !asked.parts.is_empty() || !asked.others.is_empty());
    }
    reading.facts.tree = Some(tree);
    reading.facts
}

fn top(root: Node<'_>, is_pipeline: bool, calls: &[Inputs], reading: &mut Reading<'_>) {
    let only_steps = root.get("steps").is_some() && root.get("jobs").is_none() && root.get("stages").is_none();
    let kind = if only_steps && !is_pipeline { UnitKind::Action } else { UnitKind::Workflow };
    let (name, end_line) = (reading.file.path.to_string(), reading.last_line());
    reading.unit(Unit { kind, name, title: None, line: 1, end_line, parent: None });
    if is_pipeline {
        start::triggers(root, reading);
    }
    for container in root.get("resources").and_then(|r| r.get("containers")).into_iter().flat_map(Node::items) {
        let of = |key: &str| container.get(key).and_then(Node::text).map(str::to_owned);
        if let (Some(name), Some(image)) = (of("container"), of("image")) {
            reading.own.containers.insert(name, image);
        }
    }
    for repository in root.get("resources").and_then(|r| r.get("repositories")).into_iter().flat_map(Node::items) {
        let of = |key: &str| repository.get(key).and_then(Node::text);
        if let (Some(alias), Some(name)) = (of("repository"), of("name"))
            && let Some(root) = reading.context.copy(name, of("ref"))
        {
            reading.own.copies.insert(alias.to_owned(), root);
        }
    }
    let declared = parameters(root);
    let text = &reading.file.text;
    let mut inputs: Inputs = declared
        .iter()
        .filter(|(name, _)| text.contains(&format!("parameters.{name}")) || text.contains(&format!("parameters['{name}']")))
        .map(|(name, default)| (name.clone(), default.clone().unwrap_or_default()))
        .collect();
    if !is_pipeline {
        inputs.extend(variables_named(text).into_iter().map(|name| (format!("variables.{name}"), String::new())));
    }
    let callee = Callee { inputs, calls, started: is_pipeline };
    called::read(callee, 1, reading, &|unit: UnitId, given: &Inputs, reading: &mut Reading<'_>| {
        let mut scope = Scope::default();
        for (name, default) in &declared {
            match (given.get(name), default) {
                (Some(value), _) if !value.contains("${{") => scope.values.insert(format!("parameters.{name}"), value.clone()),
                (Some(_), _) => None,
                (None, Some(default)) => scope.values.insert(format!("parameters.{name}"), default.clone()),
                (None, None) => None,
            };
        }
        for (name, value) in given {
            if let Some(name) = name.strip_prefix("variables.").filter(|_| !value.is_empty()) {
                scope.variables.insert(name.to_owned(), value.clone());
            }
        }
        let scope = jobs::variables(root, unit, &scope, reading);
        let place = Place::with_the_repository().with(root, &scope);
        jobs::body(root, unit, &scope, &place, reading);
    });
}

/// The parameters of a template, with their defaults: a list of names, or, as of old, a map.
fn parameters(root: Node<'_>) -> BTreeMap<String, Option<String>> {
    let Some(declared) = root.get("parameters") else { return BTreeMap::new() };
    let plain = Scope::default();
    match declared.kind() {
        Kind::Seq => declared
            .items()
            .filter_map(|p| Some((p.get("name")?.text()?.to_owned(), p.get("default").map(|d| to_text(d, &plain)))))
            .take(MAX_NAMES)
            .collect(),
        _ => declared.entries().map(|(key, value)| (key.text.to_owned(), Some(to_text(value, &plain)))).take(MAX_NAMES).collect(),
    }
}

/// Names of variables that a text takes from whoever includes it: `$(name)`, `variables.name`, `variables['name']`.
fn variables_named(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (mark, end) in [("$(", ')'), ("variables['", '\'')] {
        for part in text.split(mark).skip(1) {
            let name = part.split(end).next().unwrap_or("");
            let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
            if !name.is_empty() && name.len() < 100 && name.chars().all(is_name) && found.len() < MAX_NAMES {
                found.insert(name.to_owned());
            }
        }
    }
    found
}
