//! `pyproject.toml` and `Pipfile`: dependencies, commands, the name of the distribution.

use std::sync::Arc;

use super::{dependency, entry_point, normal, pin, requirement, setting};
use crate::fact::{FileFacts, Pin};
use crate::facts::{Context, Reader, When, unparsable};
use crate::source::{SourceFile, file_name};
use crate::syntax::toml;
use crate::syntax::tree::{Kind, Node};

/// Both are TOML.
pub(crate) const READER: Reader =
    Reader { name: "Python project file", wants: |p| matches!(file_name(p), "pyproject.toml" | "Pipfile"), when: When::Always, read };

fn read(file: &SourceFile, _: &Context<'_>) -> FileFacts {
    let parsed = toml::parse(&file.text);
    let mut facts = FileFacts { notices: parsed.errors.iter().map(|e| unparsable(file, e)).collect(), ..FileFacts::default() };
    if let Some(root) = parsed.tree.root() {
        if file.name() == "Pipfile" {
            table(root.get("packages"), None, &mut facts);
            table(root.get("dev-packages"), Some("dev"), &mut facts);
        } else {
            project(root, &mut facts);
        }
    }
    facts.tree = Some(Arc::new(parsed.tree));
    facts
}

fn project(root: Node<'_>, facts: &mut FileFacts) {
    let poetry = root.get("tool").and_then(|t| t.get("poetry"));
    if let Some(project) = root.get("project") {
        name(project, facts);
        list(project.get("dependencies"), None, facts);
        groups(project.get("optional-dependencies"), facts);
        for key in ["scripts", "gui-scripts"] {
            commands(project.get(key), facts);
        }
    }
    groups(root.get("dependency-groups"), facts);
    if let Some(poetry) = poetry {
        name(poetry, facts);
        table(poetry.get("dependencies"), None, facts);
        table(poetry.get("dev-dependencies"), Some("dev"), facts);
        for (group, body) in poetry.get("group").into_iter().flat_map(|g| g.entries().collect::<Vec<_>>()) {
            table(body.get("dependencies"), Some(group.text), facts);
        }
        commands(poetry.get("scripts"), facts);
    }
    if let Some(build) = root.get("build-system") {
        setting(facts, build.line(), "build-system", build.get("build-backend").and_then(Node::text).unwrap_or(""));
    }
    if let Some(tests) = root.find("tool.pytest.ini_options.testpaths").into_iter().next() {
        for (path, line) in tests.strings() {
            setting(facts, line, "pytest.testpaths", path);
        }
    }
}

fn name(node: Node<'_>, facts: &mut FileFacts) {
    if let Some(name) = node.get("name")
        && let Some(text) = name.text()
    {
        setting(facts, name.line(), "project.name", text);
    }
}

fn list(node: Option<Node<'_>>, group: Option<&str>, facts: &mut FileFacts) {
    for item in node.into_iter().flat_map(Node::items) {
        if let Some(parsed) = item.text().and_then(requirement) {
            dependency(facts, item.line(), parsed, group, false);
        }
    }
}

fn groups(node: Option<Node<'_>>, facts: &mut FileFacts) {
    for (group, items) in node.into_iter().flat_map(|n| n.entries().collect::<Vec<_>>()) {
        list(Some(items), Some(group.text), facts);
    }
}

/// `name = "^1.2"` or `name = { version = "…" }`.
fn table(node: Option<Node<'_>>, group: Option<&str>, facts: &mut FileFacts) {
    for (key, value) in node.into_iter().flat_map(|n| n.entries().collect::<Vec<_>>()) {
        if key.text == "python" {
            continue;
        }
        let version = if value.kind() == Kind::Map { value.get("version") } else { Some(value) }.and_then(Node::text);
        let optional = value.get("optional").and_then(Node::as_bool) == Some(true);
        let pin = match version {
            None => Pin::Range,
            // a bare version fixes it here, other than in lists
            Some(v) if v.starts_with(|c: char| c.is_ascii_digit()) && !v.contains(['*', ',']) => Pin::Exact,
            Some(v) => pin(v),
        };
        let group = group.or(optional.then_some("optional"));
        dependency(facts, key.line, (normal(key.text), version.map(str::to_owned), pin), group, false);
    }
}

fn commands(node: Option<Node<'_>>, facts: &mut FileFacts) {
    for (key, value) in node.into_iter().flat_map(|n| n.entries().collect::<Vec<_>>()) {
        let target = value.text().or_else(|| value.get("callable").or_else(|| value.get("reference")).and_then(Node::text));
        if let Some(target) = target {
            entry_point(facts, key.line, key.text, target);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::FactKind;

    #[test]
    fn dependencies_and_commands_are_found() {
        let text = "[project]\nname = \"tide-heights\"\ndependencies = [\n  \"pandas==2.0\",\n]\n[project.scripts]\ntide-train = \"tides.train:main\"\n[tool.poetry.group.dev.dependencies]\npytest = \"^8\"\n";
        let facts = read(&SourceFile::new("pyproject.toml".into(), text.to_owned()), &Context { wrappers: &[] });
        assert_eq!(facts.units[0].name, "tide-train");
        let found: Vec<(String, u32, Pin, Option<String>)> = facts
            .facts
            .iter()
            .filter_map(|f| match &f.kind {
                FactKind::Dependency(d) => Some((d.name.clone(), f.line, d.pin, d.group.clone())),
                _ => None,
            })
            .collect();
        assert_eq!(found[0], ("pandas".to_owned(), 4, Pin::Exact, None));
        assert_eq!(found[1], ("pytest".to_owned(), 9, Pin::Range, Some("dev".to_owned())));
    }
}
