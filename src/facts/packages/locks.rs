//! Lock files: complete lists made by a tool. One fact a package, at the line that names it.
//!
//! Locks are long and regular, so all but the JSON one are scanned line by line rather than parsed; only which package
//! is fixed to which version is asked.

use std::collections::BTreeSet;

use super::requirement::{Requirement, named_by_file};
use super::{dependency, requirement};
use crate::fact::FileFacts;
use crate::facts::{Context, Reader, When, unparsable};
use crate::source::{SourceFile, file_name};
use crate::syntax::json;
use crate::syntax::tree::Node;

/// Locks of the Python tools.
pub(crate) const READER: Reader = Reader { name: "lock file", wants: |path| format_of(path).is_some(), when: When::Always, read };

/// How a lock is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// `[[package]]` blocks.
    Blocks,
    /// Lists of maps.
    Yaml,
    /// Pipenv's.
    Json,
    /// One address a line, under `@EXPLICIT`.
    Addresses,
}

fn format_of(path: &str) -> Option<Format> {
    let name = file_name(path);
    Some(match name {
        "poetry.lock" | "uv.lock" | "pdm.lock" => Format::Blocks,
        "Pipfile.lock" => Format::Json,
        "pixi.lock" => Format::Yaml,
        _ if name.starts_with("pylock.") && name.ends_with(".toml") => Format::Blocks,
        _ if name.contains("conda-lock") && (name.ends_with(".yml") || name.ends_with(".yaml")) => Format::Yaml,
        _ if name.starts_with("conda-") && name.ends_with(".lock") => Format::Addresses,
        _ => return None,
    })
}

fn read(file: &SourceFile, _: &Context<'_>) -> FileFacts {
    match format_of(&file.path) {
        Some(Format::Blocks) => blocks(&file.text),
        Some(Format::Yaml) => list(&file.text),
        Some(Format::Json) => pipenv(file),
        Some(Format::Addresses) => addresses(&file.text),
        None => FileFacts::default(),
    }
}

/// One package on its way into the facts.
#[derive(Debug, Clone, Default)]
struct Package<'t> {
    line: u32,
    name: &'t str,
    version: Option<&'t str>,
    group: Option<&'t str>,
    own: bool,
}

/// Packages seen, each name and version once (a lock for several systems repeats them).
#[derive(Default)]
struct Found<'t> {
    facts: FileFacts,
    seen: BTreeSet<(&'t str, Option<&'t str>)>,
}

impl<'t> Found<'t> {
    fn add(&mut self, package: Package<'t>) {
        let is_new = !package.name.is_empty() && !package.own && self.seen.insert((package.name, package.version));
        if is_new {
            dependency(&mut self.facts, package.line, Requirement::fixed(package.name, package.version), package.group, true);
        }
    }
}

fn quoted<'t>(line: &'t str, key: &str) -> Option<&'t str> {
    let value = line.strip_prefix(key)?.trim_start().strip_prefix('=')?.trim();
    Some(value.trim_matches(['"', '\'']))
}

/// `[[package]]` of Poetry, uv and PDM, `[[packages]]` of the standard.
fn blocks(text: &str) -> FileFacts {
    let mut found = Found::default();
    let mut open: Option<Package<'_>> = None;
    for (number, line) in (1_u32..).zip(text.lines()) {
        if line.starts_with('[') {
            // tables of a package follow its own keys
            if let Some(package) = open.take() {
                found.add(package);
            }
            open = line.starts_with("[[package").then(Package::default);
            continue;
        }
        let Some(package) = &mut open else { continue };
        if let Some(name) = quoted(line, "name") {
            (package.name, package.line) = (name, number);
        } else if let Some(version) = quoted(line, "version") {
            package.version = Some(version);
        } else if let Some(category) = quoted(line, "category") {
            package.group = Some(category).filter(|c| *c != "main");
        } else if line.starts_with("groups = [") {
            let named = |group: &str| line.contains(&format!("\"{group}\""));
            let first = line.split('"').nth(1);
            package.group = first.filter(|_| !named("main") && !named("default"));
        } else if line.starts_with("source = {") {
            // the project itself and its members
            package.own = ["editable =", "virtual =", "directory ="].iter().any(|word| line.contains(word));
        }
    }
    found.add(open.unwrap_or_default());
    found.facts
}

/// Lists of conda-lock and Pixi: `- name: x`, `- conda: https://…/x-1.2-py_0.conda`.
fn list(text: &str) -> FileFacts {
    let mut found = Found::default();
    let mut within = false;
    let mut open: Option<(usize, Package<'_>)> = None;
    for (number, line) in (1_u32..).zip(text.lines()) {
        let is_top = line.starts_with(|c: char| c.is_ascii_alphabetic());
        if is_top {
            within = matches!(line.trim_end(), "package:" | "packages:");
        }
        let trimmed = line.trim_start();
        let depth = line.len() - trimmed.len();
        // an item that stands as deep as the last, or the first of all
        let item = trimmed.strip_prefix("- ").filter(|_| within && open.as_ref().is_none_or(|(at, _)| depth <= *at));
        if is_top || item.is_some() {
            if let Some((_, package)) = open.take() {
                found.add(package);
            }
        }
        if item.is_some() {
            open = Some((depth, Package { line: number, ..Package::default() }));
        }
        let Some((at, package)) = &mut open else { continue };
        if item.is_none() && depth != *at + 2 {
            continue;
        }
        let Some((key, value)) = item.unwrap_or(trimmed).split_once(':') else { continue };
        let value = value.trim().trim_matches(['"', '\'']);
        match key {
            "name" => (package.name, package.line) = (value, number),
            "version" => package.version = Some(value),
            "category" => package.group = Some(value).filter(|c| *c != "main"),
            "conda" | "pypi" | "url" if package.name.is_empty() => {
                let file = file_name(value.split(['#', '?']).next().unwrap_or(value));
                match named_by_file(file) {
                    Some((name, version)) => (package.name, package.version) = (name, Some(version)),
                    // a folder of one's own
                    None => package.own = key == "pypi" && !value.contains("://"),
                }
            }
            "path" | "editable" => package.own |= value == "." || value.starts_with("./"),
            _ => {}
        }
    }
    if let Some((_, package)) = open {
        found.add(package);
    }
    found.facts
}

fn addresses(text: &str) -> FileFacts {
    let mut found = Found::default();
    for (line, row) in (1_u32..).zip(text.lines()) {
        let address = row.split(['#', '?']).next().unwrap_or(row).trim();
        if let Some((name, version)) = named_by_file(file_name(address)).filter(|_| address.contains("://")) {
            found.add(Package { line, name, version: Some(version), ..Package::default() });
        }
    }
    found.facts
}

fn pipenv(file: &SourceFile) -> FileFacts {
    let parsed = json::parse(&file.text);
    let mut facts = FileFacts { notices: parsed.errors.iter().map(|e| unparsable(file, e)).collect(), ..FileFacts::default() };
    for (section, packages) in parsed.tree.root().into_iter().flat_map(|r| r.entries().collect::<Vec<_>>()) {
        let group = match section.text {
            "_meta" => continue,
            "default" => None,
            "develop" => Some("dev"),
            other => Some(other),
        };
        for (name, body) in packages.entries() {
            let version = body.get("version").or_else(|| body.get("ref")).and_then(Node::text);
            let own = body.get("path").is_some() || body.get("editable").is_some() && body.get("git").is_none();
            if !own {
                let it = Requirement { name: requirement::normal(name.text), ..Requirement::fixed("", version) };
                dependency(&mut facts, name.line, it, group, true);
            }
        }
    }
    facts
}
