//! Taskfiles: tasks with what they need first, their commands, and calls of each other with variables.
//!
//! A task that is called with variables is read for them, as a target of its own, so that no caller is led to what only
//! another asked for. Calls that go round, and calls without end, are bounded.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::tasks::{self, How, MAX_TASKS, define, folder_in, lines_of, runs, takes_in};
use crate::fact::{Asked, FileFacts, OnFailure, UnitId};
use crate::facts::shell::{HOLE, Shell};
use crate::facts::{Context, Reader, When, unparsable};
use crate::resolve::tasks::key;
use crate::source::{self, SourceFile, file_name, folder};
use crate::syntax::tree::{Kind, Node};
use crate::syntax::yaml;

/// `Taskfile.yml` under its names, and what it takes in under them.
pub(crate) const READER: Reader = Reader { name: "Taskfile", wants, when: When::Always, read };

/// What the file in a folder may be called.
const NAMES: &[&str] =
    &["Taskfile.yml", "Taskfile.yaml", "Taskfile.dist.yml", "Taskfile.dist.yaml", "taskfile.yml", "taskfile.yaml"];
/// How deep calls with variables are followed.
const DEPTH: usize = 8;

/// Values of variables by name.
type Variables = BTreeMap<String, String>;

fn wants(path: &str) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    let stem = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml"));
    // a part is called what it holds: `docs.taskfile.yml`, `Taskfile_linux.yml`
    stem.is_some_and(|stem| {
        let stem = stem.strip_suffix(".dist").unwrap_or(stem);
        stem == "taskfile"
            || stem.starts_with("taskfile.")
            || stem.starts_with("taskfile_")
            || stem.starts_with("taskfile-")
            || stem.ends_with(".taskfile")
    })
}

/// A call of a task with variables that is still to be read.
struct Call {
    task: String,
    target: String,
    given: Variables,
    depth: usize,
}

/// The file, as every task sees it.
struct File<'f> {
    tasks: Node<'f>,
    variables: Variables,
    environment: Variables,
    /// Where its tasks run; none where that is not known.
    home: Option<String>,
}

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let parsed = yaml::parse(&file.text);
    let mut facts = FileFacts { notices: parsed.errors.iter().map(|e| unparsable(file, e)).collect(), ..FileFacts::default() };
    if let Some(root) = parsed.tree.root() {
        if let Some(included) = root.get("includes") {
            includes(included, file, &mut facts);
        }
        if let Some(tasks) = root.get("tasks") {
            let (home, given) = as_part(file, context).unwrap_or_else(|| (Some(folder(&file.path).to_owned()), Variables::new()));
            let mut variables = values(root.get("vars"), &given);
            variables.extend(given);
            let environment = values(root.get("env"), &variables);
            let whole = File { tasks, variables, environment, home };
            all(&whole, context, &mut facts);
        }
    }
    facts.tree = Some(Arc::new(parsed.tree));
    facts
}

/// Other files whose tasks are called with a name in front.
fn includes(included: Node<'_>, file: &SourceFile, facts: &mut FileFacts) {
    let mut parts: BTreeSet<String> = BTreeSet::new();
    for (name, body) in included.entries().take(200) {
        let path = body.text().or_else(|| body.get("taskfile").and_then(Node::text)).unwrap_or_default();
        let flat = body.get("flatten").and_then(Node::as_bool) == Some(true);
        let known = !path.contains("{{") && !path.contains("://");
        // a folder stands for the file in it
        let named: Vec<String> = match source::extension(path) {
            Some("yml" | "yaml") => vec![path.to_owned()],
            _ => NAMES.iter().map(|name| format!("{}/{name}", path.trim_end_matches('/'))).collect(),
        };
        let mut prefixes = vec![if flat { "" } else { name.text }];
        prefixes.extend(body.get("aliases").map(Node::strings).unwrap_or_default().into_iter().map(|(alias, _)| alias));
        for (prefix, named) in prefixes.iter().flat_map(|p| named.iter().map(move |n| (p, n))) {
            let to = source::join(folder(&file.path), named).filter(|_| known);
            parts.extend(to.clone());
            takes_in(facts, name.line, prefix, to);
        }
    }
    if !parts.is_empty() {
        facts.asked = Some(Asked { reader: READER.name, parts, others: BTreeSet::new() });
    }
}

/// Where a file that another takes in runs, and with which variables: in the folder of that one, or in the one it says.
fn as_part(file: &SourceFile, context: &Context<'_>) -> Option<(Option<String>, Variables)> {
    let whole = context.joined.wholes.iter().find(|whole| whole.root != file.path)?;
    let home = folder(&whole.root);
    let included = whole.documents.get(&whole.root)?.root()?.get("includes")?;
    let own = |path: &str| {
        let to = source::join(home, path).unwrap_or_default();
        *file.path == *to || NAMES.iter().any(|name| *file.path == *source::join(&to, name).unwrap_or_default())
    };
    let is_own = |body: &Node<'_>| body.text().or_else(|| body.get("taskfile").and_then(Node::text)).is_some_and(own);
    let (_, body) = included.entries().find(|(_, body)| is_own(body))?;
    let dir = body.get("dir").and_then(Node::text);
    Some((folder_in(home, dir), values(body.get("vars"), &Variables::new())))
}

fn all(file: &File<'_>, context: &Context<'_>, facts: &mut FileFacts) {
    let mut calls: Vec<Call> = Vec::new();
    for (name, body) in file.tasks.entries().take(MAX_TASKS) {
        let target = key("task", name.text);
        let unit = define(facts, "task", name.text, name.line, body.end_line());
        one(file, unit, (name.line, body), &Variables::new(), 0, context, facts, &mut calls);
        for (alias, line) in body.get("aliases").map(Node::strings).unwrap_or_default() {
            let other = define(facts, "task", alias, line, line);
            runs(facts, other, line, target.clone(), OnFailure::Stops);
        }
        if name.text == "default" {
            let bare = define(facts, "task", "", name.line, name.line);
            runs(facts, bare, name.line, target, OnFailure::Stops);
        }
    }
    let mut known: BTreeSet<String> = BTreeSet::new();
    let mut at = 0;
    while let Some(Call { task, target, given, depth }) =
        calls.get(at).map(|c| Call { given: c.given.clone(), task: c.task.clone(), target: c.target.clone(), depth: c.depth })
    {
        at += 1;
        if facts.units.len() >= MAX_TASKS || !known.insert(target.clone()) {
            continue;
        }
        let Some(body) = file.tasks.get(&task) else { continue };
        let line = file.tasks.key_line(&task).unwrap_or_else(|| body.line());
        let name = target.strip_prefix("task ").unwrap_or(&target).to_owned();
        let unit = define(facts, "task", &name, line, body.end_line());
        one(file, unit, (line, body), &given, depth, context, facts, &mut calls);
    }
}

#[allow(clippy::too_many_arguments)] // a task has that many sides
fn one(
    file: &File<'_>,
    unit: UnitId,
    (line, body): (u32, Node<'_>),
    given: &Variables,
    depth: usize,
    context: &Context<'_>,
    facts: &mut FileFacts,
    calls: &mut Vec<Call>,
) {
    // a variable of the call wins over one of the task, and that over one of the file
    let mut variables = file.variables.clone();
    variables.extend(values(body.get("vars"), &variables).into_iter().filter(|(name, _)| !given.contains_key(name)));
    variables.extend(given.clone());
    let mut environment = file.environment.clone();
    environment.extend(values(body.get("env"), &variables));
    let dir = body.get("dir").and_then(Node::text).map(|dir| filled(dir, &variables, true));
    let shell = Shell {
        dir: file.home.as_deref().and_then(|home| folder_in(home, dir.as_deref())),
        errexit: true,
        variables: environment,
        ..Shell::default()
    };
    let ignores = |node: Node<'_>| (node.get("ignore_error").and_then(Node::as_bool) == Some(true)).then_some("ignore_error");
    let always = ignores(body);
    let call = |node: Node<'_>, line: u32, ignored: Option<&str>, facts: &mut FileFacts, calls: &mut Vec<Call>| {
        let Some(task) = node.text().or_else(|| node.get("task").and_then(Node::text)) else { return };
        let task = filled(task, &variables, false);
        let given = values(node.get("vars"), &variables);
        let said: Vec<String> = given.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let own = file.tasks.get(&task).is_some();
        let name = if given.is_empty() || !own { task.clone() } else { format!("{task}({})", said.join(" ")) };
        let target = key("task", &name);
        let on_failure = ignored.map_or(OnFailure::Stops, |why| OnFailure::Discarded(why.to_owned()));
        if task.contains(HOLE) || target.len() > 500 || depth >= DEPTH {
            return;
        }
        if !given.is_empty() && own {
            calls.push(Call { task, target: target.clone(), given, depth: depth + 1 });
        }
        // what is the root's is named from there
        runs(facts, unit, line, target, on_failure);
    };
    for dep in body.get("deps").into_iter().flat_map(Node::items) {
        call(dep, line, always, facts, calls);
    }
    let run = |node: Node<'_>, ignored: Option<&str>, facts: &mut FileFacts| {
        let Some(text) = node.text() else { return };
        let how = How { shell: shell.clone(), ignored: ignored.or(always), ..How::default() };
        let in_place = body.get("dir").is_none();
        tasks::shell(facts, unit, &filled(text, &variables, in_place), &lines_of(node), &how, context);
    };
    let plain = Some(body).filter(|b| b.text().is_some());
    let listed = Some(body).filter(|b| b.kind() == Kind::Seq);
    let items = body.get("cmds").or(listed).into_iter().flat_map(Node::items);
    for item in plain.into_iter().chain(body.get("cmd")).chain(items).take(1_000) {
        if item.text().is_some() {
            run(item, None, facts);
        } else if let Some(command) = item.get("cmd") {
            run(command, ignores(item), facts);
        } else if let Some(deferred) = item.get("defer") {
            match deferred.kind() {
                Kind::Map => call(deferred, body.end_line(), Some("defer"), facts, calls),
                _ => run(deferred, Some("defer"), facts),
            }
        } else {
            call(item, item.line(), ignores(item).or(always), facts, calls);
        }
    }
}

/// Variables with literal values, once known ones are put in; what a command gives is a hole.
fn values(table: Option<Node<'_>>, known: &Variables) -> Variables {
    let mut found = Variables::new();
    for (name, value) in table.into_iter().flat_map(|t| t.entries().collect::<Vec<_>>()).take(500) {
        let text = match value.text() {
            Some(text) => {
                let mut all = known.clone();
                all.extend(found.clone());
                filled(text, &all, false)
            }
            None => HOLE.to_owned(),
        };
        found.insert(name.text.to_owned(), text.chars().take(2_000).collect());
    }
    found
}

/// A template with its variables put in; `in_place`: it is read in the folder of the file.
fn filled(text: &str, variables: &Variables, in_place: bool) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((start, behind)) = rest.split_once("{{") {
        let Some((inner, after)) = behind.split_once("}}") else { break };
        filled.push_str(start);
        let inner = inner.trim_matches(['-', ' ']);
        let (name, default) = match inner.split_once('|') {
            Some((name, filter)) => {
                (name.trim(), filter.trim().strip_prefix("default ").map(|d| d.trim().trim_matches(['"', '\'', '`'])))
            }
            None => (inner, None),
        };
        let value = name.strip_prefix('.').and_then(|name| match name {
            "CLI_ARGS" => Some(""),
            "TASKFILE_DIR" if in_place => Some("."),
            name => variables.get(name).map(String::as_str),
        });
        // any other function may make anything of it
        let plain = default.is_some() || !inner.contains('|');
        filled.push_str(value.or(default).filter(|_| plain).unwrap_or(HOLE));
        rest = after;
        if filled.len() > 64 << 10 {
            break;
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        told("Taskfile.yml", text, &Context::default())
    }

    fn told(path: &str, text: &str, context: &Context<'_>) -> Vec<String> {
        let facts = read(&SourceFile::new(path.into(), text.to_owned()), context);
        super::super::told::told(&facts)
    }

    #[test]
    fn tasks_call_each_other_with_variables() {
        let text = "version: '3'\nvars: {PY: python}\ntasks:\n  default: {cmds: [{task: fit}]}\n  fit:\n    dir: ml\n    cmds:\n      - task: run\n        vars: {NAME: train}\n      - cmd: '{{.PY}} score.py'\n        ignore_error: true\n    deps: [data]\n  run:\n    cmds: ['{{.PY}} {{.NAME | default \"help\"}}.py {{.CLI_ARGS}}']\n  data: echo {{.NOW}}\n";
        assert_eq!(
            of(text),
            [
                "task default 4> task fit",
                "task 4> task default",
                "task fit 5> task data",
                "task fit 8> task run(NAME=train)",
                "task fit 10: python score.py @ml (lost)",
                "task run 14: python help.py @.",
                "task data 15: echo ${_} @.",
                "task run(NAME=train) 14: python train.py @.",
            ]
        );
    }

    #[test]
    fn a_part_runs_where_it_is_taken_in() {
        let root = "includes:\n  ml: {taskfile: ./ml, dir: src, vars: {NAME: train}}\n  look: ./look\n";
        let documents = [("Taskfile.yml".into(), Arc::new(yaml::parse(root).tree))].into();
        let whole = crate::fact::Whole { root: "Taskfile.yml".into(), documents, ..Default::default() };
        let joined = crate::fact::Joined { wholes: vec![whole], ..Default::default() };
        let context = Context { joined, ..Context::default() };
        let text = "tasks:\n  fit: python {{.NAME}}.py\n";
        assert_eq!(told("ml/Taskfile.yaml", text, &context), ["task fit 2: python train.py @src"]);
        assert_eq!(told("look/Taskfile.yml", text, &context), ["task fit 2: python ${_}.py @."]);
    }

    #[test]
    fn calls_that_never_end_are_cut() {
        let text = "tasks:\n  a:\n    cmds:\n      - {task: a, vars: {X: 'x{{.X}}'}}\n      - {task: a, vars: {X: 'y{{.X}}'}}\n";
        assert!(of(text).len() < 2 * MAX_TASKS);
        assert_eq!(of("tasks: [a, {b: 1}]\nincludes: 3\nvars: [x]\n"), [""; 0]);
    }

    #[test]
    fn other_files_are_taken_in_under_a_name() {
        let told = of("includes:\n  docs: ./docs\n  far: https://host/Taskfile.yml\n");
        assert_eq!(told.iter().filter(|t| *t == "- 2> docs").count(), NAMES.len());
        assert_eq!(told.last().map(String::as_str), Some("- 3> far"));
        assert!(wants("a/Taskfile.dist.yaml") && wants("docs.taskfile.yml") && !wants("tasks.yml"));
    }
}
