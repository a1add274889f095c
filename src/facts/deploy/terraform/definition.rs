//! Definitions of state machines, in the configuration or in a file that it reads (`file`, `templatefile`).

use std::collections::BTreeMap;

use super::folders::{self, Configuration, Resource};
use crate::fact::{FileFacts, UnitId};
use crate::facts::Context;
use crate::facts::ci::reading::Reading;
use crate::facts::deploy::machine::{self, Machine, Said};
use crate::facts::deploy::{steps, wiring};
use crate::rules::pattern::Format;
use crate::source::{SourceFile, extension};
use crate::syntax::json;
use crate::syntax::tree::{Kind, Node};

/// Most values that are put into a definition.
const MAX_VALUES: usize = 100;

/// The states of a state machine.
pub(super) fn lower(all: &Configuration<'_>, key: &str, node: Node<'_>, unit: UnitId, reading: &mut Reading<'_>) {
    let Some(definition) = node.get("definition") else { return };
    let from = reading.file.path.clone();
    let refer = |node: Node<'_>| all.said(node, &from);
    if definition.kind() == Kind::Map {
        return machine::states(definition, unit, &Machine { refer: &refer, line: &|line| line }, reading);
    }
    if let Some((path, _)) = file(all, definition) {
        return wiring::pass(unit, definition.line(), &name(&from, key), Some(path), reading);
    }
    let parsed = definition.text().filter(|text| text.trim_start().starts_with('{')).map(json::parse);
    match parsed.as_ref().and_then(|p| p.tree.root()) {
        Some(root) => machine::states(root, unit, &Machine { refer: &refer, line: &wiring::lines_of(definition) }, reading),
        None => wiring::open(unit, definition.line(), "a definition that lies elsewhere", reading),
    }
}

/// The name of a state machine in the file that holds its definition: configurations may share one.
pub(super) fn name(configuration: &str, key: &str) -> String {
    format!("{key} of {configuration}")
}

/// What a resource says of its states or steps.
pub(super) fn of<'n>(resource: &Resource<'n>) -> Option<Node<'n>> {
    let key = if resource.kind == "aws_sagemaker_pipeline" { "pipeline_definition" } else { "definition" };
    resource.node.get(key)
}

/// The file that a value reads, and what it puts in.
pub(super) fn file<'n>(all: &Configuration<'_>, definition: Node<'n>) -> Option<(String, &'n str)> {
    let text = definition.text().filter(|_| definition.is_expression())?.trim();
    // a template that is filled as a source of data
    let data = all.references(text, 0).into_iter().map(|(_, resource)| resource).find(|r| r.kind == "template_file");
    if let Some(template) = data.and_then(|data| data.node.get("template")).filter(|_| text.starts_with("data.")) {
        return read(all, template.text()?.trim()).map(|(path, _)| (path, ""));
    }
    // a file that is read as a source of data
    let data = all.references(text, 0).into_iter().map(|(_, resource)| resource).find(|r| r.kind == "local_file");
    if let Some(path) = data.and_then(|data| all.path(data.node.get("filename")?)).filter(|_| text.starts_with("data.")) {
        return Some((path, "")).filter(|(path, _)| extension(path) != Some("tf"));
    }
    read(all, text)
}

/// The file that a call of `file` or `templatefile` names, and what stands behind the name.
fn read<'n>(all: &Configuration<'_>, text: &'n str) -> Option<(String, &'n str)> {
    let inside = ["templatefile(", "file("].iter().find_map(|start| text.strip_prefix(start))?.trim_start();
    let (path, behind) = inside.strip_prefix('"')?.split_once('"')?;
    let path = ["path.module", "path.root"].iter().fold(path.to_owned(), |path, of| path.replace(&format!("${{{of}}}"), "."));
    let path = if path.contains("${") { None } else { crate::source::join(all.home, &path) };
    path.filter(|path| extension(path) != Some("tf")).map(|path| (path, behind))
}

/// What a template is given: `name = expression`, as it is written.
fn given(behind: &str) -> BTreeMap<&str, &str> {
    let pairs = behind.split(['\n', ',', '{', '}']).filter_map(|pair| pair.split_once(['=', ':']));
    let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
    pairs.map(|(name, value)| (name.trim().trim_matches('"'), value.trim())).filter(|(n, _)| plain(n)).take(MAX_VALUES).collect()
}

/// A file that holds the definition of state machines which a configuration declares.
pub(super) fn of_others(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let document = context.document(file, Format::Json);
    let mut reading: Reading<'_> = Reading::new(file, context);
    let Some(root) = document.tree.root() else { return reading.facts };
    let world = folders::world(context, None);
    for all in world.keys().filter_map(|home| Configuration::at(&world, home)) {
        for (key, resource) in &all.own.resources {
            let read = of(resource).and_then(|d| self::file(&all, d)).filter(|(path, _)| *path == *file.path);
            let Some((_, behind)) = read else { continue };
            let Some(unit) = wiring::part(&name(resource.path, key), (1, reading.last_line()), &mut reading) else {
                return reading.facts;
            };
            let given = given(behind);
            let refer = |node: Node<'_>| {
                let put =
                    node.text().and_then(|text| text.strip_prefix("${")?.strip_suffix('}')).and_then(|n| given.get(n.trim()));
                let referred = put.and_then(|put| all.references(put, 0).into_iter().next());
                match referred {
                    Some((key, resource)) => Said::Part { name: key, path: Some(resource.path.to_string()) },
                    None => all.said(node, &file.path),
                }
            };
            let machine = Machine { refer: &refer, line: &|line| line };
            match resource.kind {
                "aws_sagemaker_pipeline" => steps::lower(root, unit, &machine, &mut reading),
                _ => machine::states(root, unit, &machine, &mut reading),
            }
        }
    }
    reading.facts.tree = Some(document.tree.clone());
    reading.facts
}
