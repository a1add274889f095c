//! `pyproject.toml` and `pixi.toml`: dependencies of every tool that keeps them there, commands, the project's name.

use std::sync::Arc;

use super::requirement::{self, Requirement, address_pin, is_commit, normal, pin, strict_pin};
use super::{dependency, entry_point, includes, pytest, script, setting};
use crate::fact::{FileFacts, Pin};
use crate::facts::{Context, Reader, When, unparsable};
use crate::source::{SourceFile, file_name};
use crate::syntax::toml;
use crate::syntax::tree::{Kind, Node};

/// `pyproject.toml`.
pub(crate) const READER: Reader =
    Reader { name: "Python project file", wants: |path| file_name(path) == "pyproject.toml", when: When::Always, read };
/// `pixi.toml`.
pub(crate) const PIXI: Reader =
    Reader { name: "Pixi project file", wants: |path| file_name(path) == "pixi.toml", when: When::Always, read: read_pixi };

fn read(file: &SourceFile, _: &Context<'_>) -> FileFacts {
    with_root(file, |root, facts| project(root, file, facts))
}

fn read_pixi(file: &SourceFile, _: &Context<'_>) -> FileFacts {
    with_root(file, |root, facts| {
        for key in ["project", "workspace", "package"] {
            name(root.get(key), facts);
        }
        pixi(root, facts);
    })
}

fn with_root(file: &SourceFile, state: impl FnOnce(Node<'_>, &mut FileFacts)) -> FileFacts {
    let parsed = toml::parse(&file.text);
    let mut facts = FileFacts { notices: parsed.errors.iter().map(|e| unparsable(file, e)).collect(), ..FileFacts::default() };
    if let Some(root) = parsed.tree.root() {
        state(root, &mut facts);
    }
    facts.tree = Some(Arc::new(parsed.tree));
    facts
}

fn project(root: Node<'_>, file: &SourceFile, facts: &mut FileFacts) {
    if let Some(project) = root.get("project") {
        name(Some(project), facts);
        text(project, "requires-python", facts);
        list(project.get("dependencies"), None, facts);
        groups(project.get("optional-dependencies"), facts);
        let points = project.get("entry-points");
        for commands in [project.get("scripts"), project.get("gui-scripts"), points.and_then(|p| p.get("console_scripts"))] {
            self::commands(commands, file, facts);
        }
    }
    groups(root.get("dependency-groups"), facts);
    if let Some(build) = root.get("build-system") {
        let backend = build.get("build-backend").and_then(Node::text).map(str::to_owned);
        let requires = || build.get("requires").map(Node::strings).unwrap_or_default();
        let value = backend.unwrap_or_else(|| requires().into_iter().map(|(r, _)| r).collect::<Vec<_>>().join(", "));
        setting(facts, root.key_line("build-system").unwrap_or_else(|| build.line()), "build-system", &value);
    }
    if let Some(tool) = root.get("tool") {
        tools(tool, file, facts);
    }
}

/// What the tools keep in tables of their own.
fn tools(tool: Node<'_>, file: &SourceFile, facts: &mut FileFacts) {
    if let Some(poetry) = tool.get("poetry") {
        name(Some(poetry), facts);
        table(poetry.get("dependencies"), None, strict_pin, facts);
        table(poetry.get("dev-dependencies"), Some("dev"), strict_pin, facts);
        for (group, body) in entries(poetry.get("group")) {
            table(body.get("dependencies"), Some(group), strict_pin, facts);
        }
        commands(poetry.get("scripts"), file, facts);
        commands(poetry.get("plugins").and_then(|p| p.get("console_scripts")), file, facts);
    }
    if let Some(flit) = tool.get("flit") {
        list(flit.get("metadata").and_then(|m| m.get("requires")), None, facts);
        groups(flit.get("metadata").and_then(|m| m.get("requires-extra")), facts);
        commands(flit.get("scripts"), file, facts);
        if let Some(metadata) = flit.get("metadata")
            && let Some(module) = metadata.get("dist-name").or_else(|| metadata.get("module"))
        {
            setting(facts, module.line(), "project.name", module.text().unwrap_or(""));
        }
    }
    groups(tool.get("pdm").and_then(|t| t.get("dev-dependencies")), facts);
    for tool in [tool.get("uv"), tool.get("rye")] {
        list(tool.and_then(|t| t.get("dev-dependencies")), Some("dev"), facts);
    }
    for (environment, body) in entries(tool.get("hatch").and_then(|t| t.get("envs"))) {
        for key in ["dependencies", "extra-dependencies"] {
            list(body.get(key), Some(environment), facts);
        }
    }
    if let Some(own) = tool.get("pixi") {
        pixi(own, facts);
    }
    // lists that lie in files of their own
    if let Some(dynamic) = tool.get("setuptools").and_then(|t| t.get("dynamic")) {
        let optional = entries(dynamic.get("optional-dependencies")).into_iter().map(|(_, body)| body);
        for (path, line) in
            dynamic.get("dependencies").into_iter().chain(optional).filter_map(|d| d.get("file")).flat_map(Node::strings)
        {
            includes(facts, line, file, path);
        }
    }
    if let Some(section) = tool.get("pytest").and_then(|pytest| pytest.get("ini_options")) {
        pytest::settings(section, facts);
    }
}

/// Tables of Pixi, at the top and in features and platforms.
fn pixi(root: Node<'_>, facts: &mut FileFacts) {
    tables(root, None, facts);
    for (_, platform) in entries(root.get("target")) {
        tables(platform, None, facts);
    }
    for (feature, body) in entries(root.get("feature")) {
        tables(body, Some(feature), facts);
        for (_, platform) in entries(body.get("target")) {
            tables(platform, Some(feature), facts);
        }
    }
}

fn tables(node: Node<'_>, group: Option<&str>, facts: &mut FileFacts) {
    table(node.get("dependencies"), group, strict_pin, facts);
    table(node.get("pypi-dependencies"), group, pin, facts);
    table(node.get("host-dependencies"), group.or(Some("build")), strict_pin, facts);
    table(node.get("build-dependencies"), group.or(Some("build")), strict_pin, facts);
}

fn entries(node: Option<Node<'_>>) -> Vec<(&str, Node<'_>)> {
    node.into_iter().flat_map(|n| n.entries().map(|(key, value)| (key.text, value)).collect::<Vec<_>>()).collect()
}

fn name(node: Option<Node<'_>>, facts: &mut FileFacts) {
    if let Some(name) = node.and_then(|n| n.get("name"))
        && let Some(text) = name.text()
    {
        setting(facts, name.line(), "project.name", text);
    }
}

fn text(node: Node<'_>, key: &str, facts: &mut FileFacts) {
    if let Some(value) = node.get(key)
        && let Some(text) = value.text()
    {
        setting(facts, value.line(), &format!("project.{key}"), text);
    }
}

/// A list of requirements; `{include-group = "x"}` brings in nothing of its own.
fn list(node: Option<Node<'_>>, group: Option<&str>, facts: &mut FileFacts) {
    for item in node.into_iter().flat_map(Node::items) {
        if let Some(it) = item.text().and_then(requirement::read) {
            dependency(facts, item.line(), it, group, false);
        }
    }
}

fn groups(node: Option<Node<'_>>, facts: &mut FileFacts) {
    for (group, items) in entries(node) {
        list(Some(items), Some(group), facts);
    }
}

/// Dependencies by key: `name = "^1.2"`, `name = { version = "…" }`, `name = { git = "…", rev = "…" }`, or several of
/// those, of which the first is told. `of` says how exactly a version fixes.
pub(super) fn table(node: Option<Node<'_>>, group: Option<&str>, of: fn(&str) -> Pin, facts: &mut FileFacts) {
    for (key, value) in node.into_iter().flat_map(|n| n.entries().collect::<Vec<_>>()) {
        if key.text == "python" {
            continue;
        }
        let value = if value.kind() == Kind::Seq { value.items().next().unwrap_or(value) } else { value };
        let given = |key: &str| value.get(key).and_then(Node::text);
        let (version, pin) = if let Some(version) = value.text().or_else(|| given("version")) {
            (Some(version.to_owned()), of(version))
        } else if let Some(address) = given("git").or_else(|| given("url")) {
            let at = given("rev").or_else(|| given("ref")).or_else(|| given("tag")).or_else(|| given("branch"));
            let pin = if at.is_some_and(is_commit) { Pin::Exact } else { address_pin(address) };
            (Some(at.map_or_else(|| address.to_owned(), |at| format!("{address}@{at}"))), pin)
        } else if given("path").is_some() {
            // a folder of one's own
            continue;
        } else {
            (None, Pin::Bare)
        };
        let optional = value.get("optional").and_then(Node::as_bool) == Some(true);
        let group = group.or(optional.then_some("optional"));
        dependency(
            facts,
            key.line,
            Requirement { name: normal(key.text), version, pin, extras: value.get("extras").is_some() },
            group,
            false,
        );
    }
}

fn commands(node: Option<Node<'_>>, file: &SourceFile, facts: &mut FileFacts) {
    for (key, value) in node.into_iter().flat_map(|n| n.entries().collect::<Vec<_>>()) {
        let given = |key: &str| value.get(key).and_then(Node::text);
        match value.text().or_else(|| given("callable")).or_else(|| given("reference")) {
            Some(path) if given("type") == Some("file") => script(facts, key.line, file, path),
            Some(target) => entry_point(facts, key.line, key.text, target),
            None => {}
        }
    }
}
