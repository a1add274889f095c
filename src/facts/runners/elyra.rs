//! Pipelines of Elyra: notebooks and scripts as nodes of a drawing, kept as JSON.
//!
//! A node runs the file that it names, from the folder of the pipeline; links say which nodes come before it. A person
//! starts the pipeline where it is drawn, or a command does. Nodes of other kinds are components of a catalogue, which
//! lies elsewhere.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::fact::{FactKind, FileFacts, Needs, OnFailure, Trigger, Unit, UnitId, UnitKind, Uses, UsesTarget};
use crate::facts::{Context, Reader, When, unparsable};
use crate::source::{self, SourceFile, extension};
use crate::syntax::json;
use crate::syntax::tree::Node;
use crate::words::{EdgeKind, TriggerKind};

/// Pipelines that are drawn.
pub(crate) const READER: Reader =
    Reader { name: "Elyra pipeline", wants: |path| extension(path) == Some("pipeline"), when: When::Recognised(is_ours), read };

/// Most nodes of one file.
const MAX_NODES: usize = 1_000;
/// Most links of one node.
const MAX_LINKS: usize = 100;
/// What nodes run that name a file.
const FILES: &[&str] = &["execute-notebook-node", "execute-python-node", "execute-r-node"];

fn is_ours(_: &str, text: &str) -> bool {
    text.contains("\"pipelines\"") && text.contains("\"execution_node\"")
}

fn read(file: &SourceFile, _: &Context<'_>) -> FileFacts {
    let parsed = json::parse(&file.text);
    let mut facts = FileFacts { notices: parsed.errors.iter().map(|e| unparsable(file, e)).collect(), ..FileFacts::default() };
    let tree = Arc::new(parsed.tree);
    let Some(root) = tree.root() else { return facts };
    let pipelines = root.get("pipelines");
    let title = pipelines.and_then(|all| all.items().next()?.get("app_data")?.get("properties")?.at("name"));
    let workflow = facts.units.len();
    facts.units.push(Unit {
        kind: UnitKind::Workflow,
        name: file.name().to_owned(),
        title: title.map(str::to_owned),
        line: 1,
        end_line: root.end_line().max(1),
        parent: None,
    });
    facts.state(workflow, 1, FactKind::Trigger(Trigger::plain(TriggerKind::Manual, "Elyra, by hand".to_owned())));
    let nodes = pipelines.into_iter().flat_map(Node::items).flat_map(|p| p.get("nodes").into_iter().flat_map(Node::items));
    let nodes: Vec<Node<'_>> = nodes.filter(|n| n.at("type") == Some("execution_node")).take(MAX_NODES).collect();
    let mut known: BTreeMap<&str, UnitId> = BTreeMap::new();
    for node in &nodes {
        let id = facts.units.len();
        let (line, end_line) = (node.line(), node.end_line().max(node.line()));
        let named = |key: &str| node.get("app_data").and_then(|data| data.at(key)).filter(|text| !text.is_empty());
        let given = told(*node, "filename");
        let name = named("label").or(given.map(|(name, _)| source::file_name(name))).or_else(|| node.at("op")).unwrap_or("?");
        facts.units.push(Unit {
            kind: UnitKind::Job,
            name: name.to_owned(),
            title: None,
            line,
            end_line,
            parent: Some(workflow),
        });
        if let Some(key) = node.at("id") {
            known.insert(key, id);
        }
        work(*node, given, id, file, &mut facts);
    }
    for node in &nodes {
        let Some(id) = node.at("id").and_then(|key| known.get(key)) else { continue };
        let inputs = node.get("inputs").into_iter().flat_map(Node::items);
        let links = inputs.flat_map(|port| port.get("links").into_iter().flat_map(Node::items)).take(MAX_LINKS);
        for link in links {
            if let Some(on) = link.at("node_id_ref").and_then(|key| known.get(key)).filter(|on| *on != id) {
                facts.state(*id, link.line(), FactKind::Needs(Needs { on: *on, stops: true }));
            }
        }
    }
    facts.tree = Some(tree);
    facts
}

/// A property of a node, which newer versions keep one level deeper.
fn told<'t>(node: Node<'t>, key: &str) -> Option<(&'t str, u32)> {
    let data = node.get("app_data")?;
    let value = data.get("component_parameters").and_then(|given| given.get(key)).or_else(|| data.get(key))?;
    Some((value.text().filter(|text| !text.is_empty())?, value.line()))
}

/// What a node runs.
fn work(node: Node<'_>, named: Option<(&str, u32)>, id: UnitId, file: &SourceFile, facts: &mut FileFacts) {
    let op = node.at("op").unwrap_or_default();
    let path = named.filter(|_| FILES.contains(&op)).and_then(|(path, _)| source::join(source::folder(&file.path), path));
    let (reference, to, line) = match (path, named) {
        (Some(path), Some((name, line))) => (format!("runs {name}"), UsesTarget::File(path), line),
        _ => (format!("component {op}"), UsesTarget::Remote(op.to_owned()), node.line()),
    };
    let uses = Uses { reference, with: Vec::new(), to, edge: EdgeKind::Submits, on_failure: OnFailure::Stops };
    facts.state(id, line, FactKind::Uses(uses));
    if let Some((image, line)) = told(node, "runtime_image") {
        facts.state(id, line, FactKind::Machine { label: image.to_owned(), hosted: false });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::ci::told_of as told;

    const TEXT: &str = r#"{
"doc_type": "pipeline",
"pipelines": [{"nodes": [
{"id": "a", "type": "execution_node", "op": "execute-notebook-node", "app_data": {"component_parameters": {"filename": "load.ipynb", "runtime_image": "late/nb:1"}, "label": ""}},
{"id": "b", "type": "execution_node", "op": "execute-python-node", "app_data": {"filename": "../src/fit.py"},
 "inputs": [{"links": [{"node_id_ref": "a"}, {"node_id_ref": "b"}, {"node_id_ref": "z"}]}]},
{"id": "c", "type": "execution_node", "op": "catalog:send", "app_data": {"label": "send"}},
{"id": "d", "type": "binding"}
], "app_data": {"properties": {"name": "weekly"}}}]}"#;

    #[test]
    fn nodes_run_their_files_in_the_order_of_the_links() {
        assert!(is_ours("a.pipeline", TEXT) && !is_ours("a.pipeline", "pipeline { agent any }"));
        let facts = read(&SourceFile::new("nb/weekly.pipeline".into(), TEXT.to_owned()), &Context::default());
        assert_eq!(facts.units[0].title.as_deref(), Some("weekly"));
        assert_eq!(
            told(&facts),
            [
                "1 weekly.pipeline: manual: Elyra, by hand",
                "4 load.ipynb: uses runs load.ipynb -> file nb/load.ipynb",
                "4 load.ipynb: on late/nb:1 (own)",
                "5 fit.py: uses runs ../src/fit.py -> file src/fit.py",
                "7 send: uses component catalog:send -> outside",
                "6 fit.py: needs load.ipynb",
            ]
        );
    }

    #[test]
    fn wrong_types_are_left() {
        for text in [
            "{\"pipelines\": 3, \"x\": \"execution_node\"}",
            "[]",
            "{\"pipelines\": [{\"nodes\": [1, {\"type\": \"execution_node\", \"app_data\": []}]}]}",
        ] {
            let facts = read(&SourceFile::new("a.pipeline".into(), text.to_owned()), &Context::default());
            assert!(facts.units.len() <= 2, "{text}");
        }
    }
}
