//! Files with tables of tasks: `pyproject.toml` and what runners keep beside it, `mise.toml`, `package.json`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::tables::{Dialect, Item, List, PLAIN, Table, literals, lower};
use super::tasks::takes_in;
use super::tox;
use crate::fact::FileFacts;
use crate::facts::{Context, Reader, When, unparsable};
use crate::source::{self, SourceFile, file_name, folder};
use crate::syntax::tree::{Key, Kind, Node, Parsed};
use crate::syntax::{json, toml, yaml};

/// `pyproject.toml`.
pub(crate) const PYPROJECT: Reader = Reader {
    name: "tasks of a Python project",
    wants: |p| file_name(p) == "pyproject.toml",
    when: When::Always,
    read: pyproject,
};
/// Files of one runner each.
pub(crate) const OWN: Reader = Reader { name: "task runner", wants: is_own, when: When::Always, read: own };
/// `package.json`.
pub(crate) const PACKAGE: Reader =
    Reader { name: "scripts of a package", wants: |p| file_name(p) == "package.json", when: When::Always, read: package };

const POE: Dialect = Dialect {
    runner: "poe",
    list: List::Chain,
    item: Item::Task,
    command: &["cmd", "shell"],
    python: &["script"],
    chain: &["sequence", "parallel", "ref"],
    choice: &["switch"],
    before: &["deps"],
    dir: &["cwd"],
    lenient: &["ignore_fail"],
    ..PLAIN
};
const PDM: Dialect = Dialect {
    runner: "pdm",
    through: Some("pdm run"),
    item: Item::Either,
    command: &["cmd", "shell"],
    python: &["call"],
    chain: &["composite"],
    dir: &["working_dir"],
    hooks: Some(("pre_", "post_")),
    braces: Some(("{", "}", arguments)),
    ..PLAIN
};
const TASKIPY: Dialect = Dialect { runner: "taskipy", command: &["cmd"], dir: &["cwd"], hooks: Some(("pre_", "post_")), ..PLAIN };
const RYE: Dialect = Dialect {
    runner: "rye",
    through: Some("rye run"),
    item: Item::Either,
    command: &["cmd"],
    python: &["call"],
    chain: &["chain"],
    ..PLAIN
};
const PIPENV: Dialect = Dialect { runner: "pipenv", through: Some("pipenv run"), python: &["call"], ..PLAIN };
const HATCH: Dialect = Dialect {
    runner: "hatch",
    through: Some("hatch run"),
    list: List::Chain,
    item: Item::Either,
    braces: Some(("{", "}", arguments)),
    ..PLAIN
};
const PIXI: Dialect = Dialect {
    runner: "pixi",
    through: Some("pixi run"),
    list: List::Before,
    command: &["cmd"],
    before: &["depends-on", "depends_on"],
    dir: &["cwd"],
    braces: Some(("{{", "}}", unknown)),
    ..PLAIN
};
const MISE: Dialect = Dialect {
    runner: "mise",
    list: List::Chain,
    command: &["file"],
    chain: &["run"],
    before: &["depends"],
    after: &["depends_post"],
    dir: &["dir"],
    alias: &["alias"],
    braces: Some(("{{", "}}", unknown)),
    ..PLAIN
};
const NPM: Dialect = Dialect { runner: "npm", hooks: Some(("pre", "post")), ..PLAIN };

/// Arguments that nobody gives, and their default.
fn arguments(inner: &str) -> Option<String> {
    match inner.split_once(':') {
        Some(("args", default)) => Some(default.to_owned()),
        _ => (inner == "args").then(String::new),
    }
}

fn unknown(_: &str) -> Option<String> {
    None
}

fn with_root(file: &SourceFile, parsed: Parsed, state: impl FnOnce(Node<'_>, &mut FileFacts)) -> FileFacts {
    let mut facts = FileFacts { notices: parsed.errors.iter().map(|e| unparsable(file, e)).collect(), ..FileFacts::default() };
    if let Some(root) = parsed.tree.root() {
        state(root, &mut facts);
    }
    facts.tree = Some(Arc::new(parsed.tree));
    facts
}

/// What stands at a dotted path of keys.
fn under<'t>(node: Node<'t>, path: &str) -> Option<Node<'t>> {
    node.find(path).into_iter().next_back()
}

/// All entries of a table; none where it is none.
fn entries(table: Option<Node<'_>>) -> Vec<(Key<'_>, Node<'_>)> {
    table.into_iter().flat_map(|t| t.entries().collect::<Vec<_>>()).collect()
}

fn of(
    dialect: &Dialect,
    tasks: Option<Node<'_>>,
    variables: &BTreeMap<String, String>,
    file: &SourceFile,
    context: &Context<'_>,
    facts: &mut FileFacts,
) {
    let entries = entries(tasks);
    lower(&Table { dialect, entries: &entries, prefix: "", home: folder(&file.path), variables }, context, facts);
}

fn pyproject(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    // most have none, and another reader has read them
    let has = |tool: &&str| ["]", "."].iter().any(|end| file.text.contains(&format!("tool.{tool}{end}")));
    if !["poe", "pdm", "taskipy", "rye", "hatch", "pixi", "tox"].iter().any(has) {
        return FileFacts::default();
    }
    with_root(file, toml::parse(&file.text), |root, facts| {
        let Some(tool) = root.get("tool") else { return };
        if let Some(own) = tool.get("poe") {
            poe(own, file, context, facts);
        }
        let none = BTreeMap::new();
        of(&PDM, under(tool, "pdm.scripts"), &none, file, context, facts);
        of(&TASKIPY, under(tool, "taskipy.tasks"), &none, file, context, facts);
        of(&RYE, under(tool, "rye.scripts"), &none, file, context, facts);
        if let Some(own) = tool.get("hatch") {
            hatch(own, file, context, facts);
        }
        if let Some(own) = tool.get("pixi") {
            pixi(own, file, context, facts);
        }
        if let Some(own) = tool.get("tox") {
            tox::tables(own, file, context, facts);
        }
    })
}

fn is_own(path: &str) -> bool {
    const POE: &[&str] = &["poe_tasks.toml", "poe_tasks.yaml", "poe_tasks.yml", "poe_tasks.json"];
    let name = file_name(path);
    POE.contains(&name)
        || matches!(name, "hatch.toml" | "pixi.toml" | "Pipfile" | "tox.toml" | "mise.toml" | ".mise.toml")
        || (name == "config.toml" && (path.ends_with("mise/config.toml")))
}

fn own(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let parsed = match source::extension(&file.path) {
        Some("json") => json::parse(&file.text),
        Some("yaml" | "yml") => yaml::parse(&file.text),
        _ => toml::parse(&file.text),
    };
    let none = BTreeMap::new();
    with_root(file, parsed, |root, facts| match file.name() {
        "hatch.toml" => hatch(root, file, context, facts),
        "pixi.toml" => pixi(root, file, context, facts),
        "tox.toml" => tox::tables(root, file, context, facts),
        "Pipfile" => of(&PIPENV, root.get("scripts"), &none, file, context, facts),
        name if name.starts_with("poe_tasks") => {
            poe(under(root, "tool.poe").unwrap_or(root), file, context, facts);
        }
        _ => mise(root, file, context, facts),
    })
}

fn poe(own: Node<'_>, file: &SourceFile, context: &Context<'_>, facts: &mut FileFacts) {
    of(&POE, own.get("tasks"), &literals(own.get("env")), file, context, facts);
    // files that are taken in may be called anything, and scripts make tasks
    for key in ["include", "include_script"] {
        let Some(included) = own.get(key) else { continue };
        let of_maps = included.items().chain(Some(included)).filter_map(|item| item.get("path")).filter_map(Node::text);
        for path in included.strings().into_iter().map(|(path, _)| path).chain(of_maps).take(100) {
            let read = Some(path).filter(|path| is_own(path)).and_then(|path| source::join(folder(&file.path), path));
            takes_in(facts, included.line(), "", read);
        }
    }
}

/// Scripts of every environment, with those of the one that it is made from.
fn hatch(own: Node<'_>, file: &SourceFile, context: &Context<'_>, facts: &mut FileFacts) {
    let Some(environments) = own.get("envs") else { return };
    let none = BTreeMap::new();
    for (environment, body) in environments.entries().take(200) {
        let mut scripts: Vec<(Key<'_>, Node<'_>)> = Vec::new();
        let mut at = Some((environment.text, body));
        // a template of a template, as deep as anybody goes
        for _ in 0..4 {
            let Some((name, body)) = at else { break };
            for key in ["scripts", "extra-scripts"] {
                let known: Vec<&str> = scripts.iter().map(|(key, _)| key.text).collect();
                let more: Vec<_> = entries(body.get(key)).into_iter().filter(|(key, _)| !known.contains(&key.text)).collect();
                scripts.extend(more);
            }
            let template = body.get("template").and_then(Node::text).unwrap_or("default");
            at = environments.get(template).filter(|_| template != name && name != "default").map(|body| (template, body));
        }
        let mut variables = none.clone();
        variables.extend(literals(body.get("env-vars")));
        let prefix = format!("{}:", environment.text);
        let prefixes: &[&str] = if environment.text == "default" { &["", &prefix] } else { &[&prefix] };
        for prefix in prefixes {
            let home = folder(&file.path);
            lower(&Table { dialect: &HATCH, entries: &scripts, prefix, home, variables: &variables }, context, facts);
        }
    }
}

fn pixi(own: Node<'_>, file: &SourceFile, context: &Context<'_>, facts: &mut FileFacts) {
    let variables = literals(under(own, "activation.env"));
    let features = entries(own.get("feature"));
    let bodies = || std::iter::once(own).chain(features.iter().map(|(_, body)| *body));
    for body in bodies() {
        of(&PIXI, body.get("tasks"), &variables, file, context, facts);
    }
    // those for single platforms, where there is none for all
    for (_, target) in bodies().flat_map(|body| entries(body.get("target"))) {
        let known = |name: &str| facts.units.iter().any(|u| u.name == crate::resolve::tasks::key("pixi", name));
        let fresh: Vec<_> = entries(target.get("tasks")).into_iter().filter(|(key, _)| !known(key.text)).collect();
        let home = folder(&file.path);
        lower(&Table { dialect: &PIXI, entries: &fresh, prefix: "", home, variables: &variables }, context, facts);
    }
}

fn mise(root: Node<'_>, file: &SourceFile, context: &Context<'_>, facts: &mut FileFacts) {
    let variables = literals(root.get("env"));
    let tasks = entries(root.get("tasks"));
    // the configuration may lie in a folder of its own
    let mut home = folder(&file.path);
    for own in [".config/mise", ".config", ".mise", "mise"] {
        if let Some(above) = home.strip_suffix(own).filter(|above| above.is_empty() || above.ends_with('/')) {
            home = above.trim_end_matches('/');
            break;
        }
    }
    let home = if home.is_empty() { "." } else { home };
    lower(&Table { dialect: &MISE, entries: &tasks, prefix: "", home, variables: &variables }, context, facts);
    for includes in under(root, "task_config.includes").into_iter().filter(|i| i.kind() == Kind::Seq) {
        takes_in(facts, includes.line(), "", None);
    }
}

fn package(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    with_root(file, json::parse(&file.text), |root, facts| {
        of(&NPM, root.get("scripts"), &BTreeMap::new(), file, context, facts);
    })
}
