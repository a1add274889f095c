//! Conda environment files, with the part that pip installs.

use std::sync::Arc;

use super::requirement::{self, Requirement, normal, strict_pin};
use super::{aside, dependency, includes, without_comment};
use crate::fact::{FileFacts, Pin};
use crate::facts::{Context, Reader, When, unparsable};
use crate::source::{SourceFile, file_name};
use crate::syntax::tree::{Kind, Node};
use crate::syntax::yaml;

/// `*environment*.yml`, `*conda*.yml`, `env.yml`.
pub(crate) const READER: Reader = Reader { name: "conda environment", wants: by_name, when: When::Always, read };
/// Environments of any other name, where a command names them.
pub(crate) const NAMED: Reader = Reader {
    name: "named conda environment",
    wants: |path| is_yaml(path) && !by_name(path) && !is_lock(path),
    when: When::LedTo,
    read,
};

fn is_yaml(path: &str) -> bool {
    path.ends_with(".yml") || path.ends_with(".yaml")
}

fn is_lock(path: &str) -> bool {
    file_name(path).to_lowercase().contains("lock")
}

fn by_name(path: &str) -> bool {
    let name = file_name(path).to_lowercase();
    let words = || name.split(['-', '_', '.']);
    is_yaml(path)
        && !is_lock(path)
        && (name.contains("environment") || words().any(|w| w == "env") || words().any(|w| w == "conda"))
}

fn read(file: &SourceFile, _: &Context<'_>) -> FileFacts {
    let parsed = yaml::parse(&file.text);
    let mut facts = FileFacts::default();
    // other tools have files of that name: an environment lists packages as texts
    let is_listed = |d: &Node<'_>| d.kind() == Kind::Seq && d.items().any(|i| i.text().is_some() || i.get("pip").is_some());
    let list = parsed.tree.root().and_then(|r| r.get("dependencies")).filter(is_listed);
    if let Some(list) = list {
        facts.notices = parsed.errors.iter().map(|e| unparsable(file, e)).collect();
        let group = aside(file.name());
        for item in list.items() {
            match item.text().and_then(package) {
                Some(it) => dependency(&mut facts, item.line(), it, group, false),
                None => pip(item, file, group, &mut facts),
            }
        }
    }
    facts.tree = Some(Arc::new(parsed.tree));
    facts
}

/// `channel::name=version=build`, `name >=1,<2`, `name[version='1.2']`. The interpreter and pip are not told.
fn package(text: &str) -> Option<Requirement> {
    let text = text.rsplit("::").next().unwrap_or(text).trim();
    let end = text.find(['=', '>', '<', '!', '~', ' ', '[']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let name = normal(name);
    if name.is_empty() || name == "python" || name == "pip" {
        return None;
    }
    let rest = rest.trim();
    let bracket =
        rest.strip_prefix('[').and_then(|b| b.split_once("version=")).map(|(_, v)| v.split([']', ',']).next().unwrap_or(v));
    let version = bracket.unwrap_or(rest).trim_matches(['\'', '"']).trim();
    // `1.2=py_0` and `=1.2=py_0` end with a build
    let plain = version.trim_start_matches('=');
    let number = if version.starts_with(['>', '<', '!', '~']) { version } else { plain.split('=').next().unwrap_or(plain) };
    let pin = if version.is_empty() { Pin::Bare } else { strict_pin(number) };
    Some(Requirement { name, version: (!version.is_empty()).then(|| version.to_owned()), pin, extras: false })
}

/// `- pip: [...]`, a requirement list in itself.
fn pip(item: Node<'_>, file: &SourceFile, group: Option<&str>, facts: &mut FileFacts) {
    for inner in item.get("pip").into_iter().flat_map(Node::items) {
        let Some(text) = inner.text().map(without_comment) else { continue };
        if let Some(path) = text.strip_prefix("-r ").or_else(|| text.strip_prefix("--requirement ")) {
            includes(facts, inner.line(), file, path);
            continue;
        }
        let text = text.strip_prefix("-e ").or_else(|| text.strip_prefix("--editable ")).unwrap_or(text);
        if let Some(it) = requirement::read(text) {
            dependency(facts, inner.line(), it, group, false);
        }
    }
}
