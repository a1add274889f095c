//! Tasks that stand in a table: a name, and behind it a command, a list, or keys that say what is run.
//!
//! Seven runners share that shape and differ in their keys, which a [`Dialect`] lists. An item of a list is a command, a
//! task, or whichever of both it can be; a task that is named and not there is left for `resolve` to call broken.

use std::collections::{BTreeMap, BTreeSet};

use super::tasks::{self, How, MAX_TASKS, define, folder_in, lines_of, runs};
use crate::fact::{FileFacts, OnFailure, UnitId, UsesTarget};
use crate::facts::Context;
use crate::facts::shell::{HOLE, Shell, quoted};
use crate::resolve::tasks::key;
use crate::syntax::tree::{Key, Kind, Node};

/// Lists within lists.
const DEPTH: usize = 8;

/// What a text among others says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    /// A command.
    Command,
    /// The name of a task, and arguments for it.
    Task,
    /// A task where there is one of that name, else a command.
    Either,
}

/// What a task says that is a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    /// One command, word by word.
    Words,
    /// One thing after the other.
    Chain,
    /// Tasks that come before it, and nothing else.
    Before,
}

/// The keys of one runner.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dialect {
    /// The word in front of its tasks' names.
    pub(super) runner: &'static str,
    /// The call that gives its commands an environment of their own.
    pub(super) through: Option<&'static str>,
    /// What a bare list says.
    pub(super) list: List,
    /// What a text in a chain says.
    pub(super) item: Item,
    /// Keys with a command, as a text or word by word.
    pub(super) command: &'static [&'static str],
    /// Keys with a Python function, as `package.module:function`.
    pub(super) python: &'static [&'static str],
    /// Keys with what is run one after the other.
    pub(super) chain: &'static [&'static str],
    /// Keys with a chain of which a condition picks some.
    pub(super) choice: &'static [&'static str],
    /// Keys with tasks that come before, and after.
    pub(super) before: &'static [&'static str],
    pub(super) after: &'static [&'static str],
    /// Keys with the folder.
    pub(super) dir: &'static [&'static str],
    /// Keys that throw the failure away where they are true or a text.
    pub(super) lenient: &'static [&'static str],
    /// Keys with other names for the task.
    pub(super) alias: &'static [&'static str],
    /// What the name of a task that comes before or after another begins with.
    pub(super) hooks: Option<(&'static str, &'static str)>,
    /// What stands between braces: how many of them, and what each comes to.
    pub(super) braces: Option<(&'static str, &'static str, fn(&str) -> Option<String>)>,
}

/// A dialect in which a task is a command and nothing else.
pub(super) const PLAIN: Dialect = Dialect {
    runner: "",
    through: None,
    list: List::Words,
    item: Item::Command,
    command: &[],
    python: &[],
    chain: &[],
    choice: &[],
    before: &[],
    after: &[],
    dir: &[],
    lenient: &[],
    alias: &[],
    hooks: None,
    braces: None,
};

/// What all tasks of a table have in common.
pub(super) struct Table<'t> {
    /// Its keys.
    pub(super) dialect: &'t Dialect,
    /// The tasks.
    pub(super) entries: &'t [(Key<'t>, Node<'t>)],
    /// What stands in front of their names besides the runner's.
    pub(super) prefix: &'t str,
    /// The folder they run in.
    pub(super) home: &'t str,
    /// Variables with literal values.
    pub(super) variables: &'t BTreeMap<String, String>,
}

/// The tasks that are lowered, with what stays the same for all of them.
struct Tasks<'t> {
    table: &'t Table<'t>,
    /// Their names, to tell a task from a command.
    names: BTreeSet<&'t str>,
    context: &'t Context<'t>,
}

/// Where a value stands.
struct Place<'p> {
    unit: UnitId,
    line: u32,
    how: How<'p>,
    on_failure: OnFailure,
}

/// Lowers a table of tasks.
pub(super) fn lower(table: &Table<'_>, context: &Context<'_>, facts: &mut FileFacts) {
    let tasks = Tasks { table, names: table.entries.iter().map(|(key, _)| key.text).collect(), context };
    let dialect = table.dialect;
    for (key, value) in table.entries.iter().take(MAX_TASKS) {
        if facts.units.len() >= MAX_TASKS {
            return;
        }
        let unit = define(facts, dialect.runner, &named(table, key.text), key.line, value.end_line());
        let given = |keys: &[&str]| keys.iter().find_map(|k| value.get(k));
        let mut variables = table.variables.clone();
        variables.extend(literals(value.get("env")));
        let shell = Shell {
            dir: folder_in(table.home, given(dialect.dir).and_then(Node::text)),
            script_dir: Some(table.home.to_owned()),
            errexit: true,
            variables,
            ..Shell::default()
        };
        let lenient = dialect.lenient.iter().copied().find(|k| {
            value.get(k).is_some_and(|it| it.as_bool() == Some(true) || it.text().is_some_and(|text| text == "return_zero"))
        });
        let on_failure = lenient.map_or(OnFailure::Stops, |why| OnFailure::Discarded(why.to_owned()));
        let how = How { shell, ignored: lenient, through: dialect.through, condition: None };
        let place = Place { unit, line: key.line, how, on_failure };
        if let Some((pre, _)) = dialect.hooks {
            hook(&tasks, &format!("{pre}{}", key.text), &place, facts);
        }
        one(&tasks, *value, &place, 0, facts);
        if let Some((_, post)) = dialect.hooks {
            let after = Place { line: value.end_line().max(key.line), how: How::default(), ..place };
            hook(&tasks, &format!("{post}{}", key.text), &after, facts);
        }
        for (alias, line) in given(dialect.alias).map(Node::strings).unwrap_or_default() {
            let other = define(facts, dialect.runner, &named(table, alias), line, line);
            runs(facts, other, line, self::key(dialect.runner, &named(table, key.text)), OnFailure::Stops);
        }
    }
}

fn named(table: &Table<'_>, task: &str) -> String {
    format!("{}{task}", table.prefix)
}

/// A task that runs because another does, by its name.
fn hook(tasks: &Tasks<'_>, task: &str, place: &Place<'_>, facts: &mut FileFacts) {
    if tasks.names.contains(task) {
        call(tasks.table, task, place, facts);
    }
}

fn call(table: &Table<'_>, task: &str, place: &Place<'_>, facts: &mut FileFacts) {
    // a task of another group is named with it
    let name = if table.prefix.is_empty() || task.contains(':') { task.to_owned() } else { named(table, task) };
    runs(facts, place.unit, place.line, key(table.dialect.runner, &name), place.on_failure.clone());
}

/// What one task, or one part of a chain, runs.
fn one(tasks: &Tasks<'_>, value: Node<'_>, place: &Place<'_>, depth: usize, facts: &mut FileFacts) {
    let Tasks { table, context, .. } = tasks;
    let dialect = table.dialect;
    if depth > DEPTH {
        return;
    }
    match value.kind() {
        Kind::Seq => match dialect.list {
            List::Words if depth == 0 => words(table, value, place, context, facts),
            List::Before => before(table, value, place, facts),
            _ => chain(tasks, value, place, depth, facts),
        },
        Kind::Map => {
            let given = |keys: &'static [&'static str]| keys.iter().filter_map(|k| value.get(k));
            given(dialect.before).for_each(|tasks| before(table, tasks, place, facts));
            // an item that is a task
            for others in ["task", "tasks"].iter().filter_map(|k| value.get(k)).filter(|_| depth > 0) {
                before(table, others, place, facts);
            }
            for command in given(dialect.command) {
                match command.kind() {
                    Kind::Seq => words(table, command, place, context, facts),
                    _ => text(table, command, place, context, facts),
                }
            }
            for function in given(dialect.python).filter_map(Node::text) {
                // `package.module:function(argument=1)`
                let plain = function.split('(').next().unwrap_or(function).trim().to_owned();
                let to = UsesTarget::Python(plain);
                tasks::hand_over(facts, place.unit, place.line, function.to_owned(), to, place.on_failure.clone());
            }
            given(dialect.chain).for_each(|items| chain(tasks, items, place, depth, facts));
            for items in given(dialect.choice) {
                let how = How { condition: Some("one case of several"), ..place.how.clone() };
                let place = Place { unit: place.unit, line: place.line, how, on_failure: place.on_failure.clone() };
                chain(tasks, items, &place, depth, facts);
            }
            let end = value.end_line().max(place.line);
            let last = Place { unit: place.unit, line: end, how: How::default(), on_failure: place.on_failure.clone() };
            given(dialect.after).for_each(|tasks| before(table, tasks, &last, facts));
        }
        _ => text(table, value, place, context, facts),
    }
}

/// Tasks by name; what follows the name are arguments.
fn before(table: &Table<'_>, tasks: Node<'_>, place: &Place<'_>, facts: &mut FileFacts) {
    let of_maps = tasks.items().filter_map(|item| item.get("task")).filter_map(Node::text);
    for task in tasks.strings().into_iter().map(|(task, _)| task).chain(of_maps) {
        if let Some(task) = task.split_whitespace().next().filter(|task| !task.contains(['*', '{'])) {
            call(table, task, place, facts);
        }
    }
}

fn chain(tasks: &Tasks<'_>, items: Node<'_>, place: &Place<'_>, depth: usize, facts: &mut FileFacts) {
    let Tasks { table, names, context } = tasks;
    let own = items.text().map(|_| items);
    for item in own.into_iter().chain(items.items()) {
        let Some(written) = item.text() else {
            one(tasks, item, place, depth + 1, facts);
            continue;
        };
        let first = written.split_whitespace().next().unwrap_or_default();
        let is_task = match table.dialect.item {
            Item::Command => false,
            Item::Task => true,
            Item::Either => names.contains(first),
        };
        if is_task {
            let here = Place { unit: place.unit, line: item.line(), how: How::default(), on_failure: place.on_failure.clone() };
            call(table, first, &here, facts);
        } else {
            text(table, item, place, context, facts);
        }
    }
}

/// A command that is written word by word.
fn words(table: &Table<'_>, list: Node<'_>, place: &Place<'_>, context: &Context<'_>, facts: &mut FileFacts) {
    let line = list.line();
    let words: Vec<String> = list.strings().into_iter().map(|(word, _)| quoted(&filled(table.dialect, word))).collect();
    tasks::shell(facts, place.unit, &words.join(" "), &|_| line, &place.how, context);
}

/// Shell text.
fn text(table: &Table<'_>, node: Node<'_>, place: &Place<'_>, context: &Context<'_>, facts: &mut FileFacts) {
    let Some(written) = node.text() else { return };
    // a runner of this shape ignores the failure of what a hyphen stands before
    let (written, ignored) = match written.strip_prefix("- ") {
        Some(rest) => (rest, Some("`-` before the command")),
        None => (written, place.how.ignored),
    };
    let how = How { ignored, ..place.how.clone() };
    tasks::shell(facts, place.unit, &filled(table.dialect, written), &lines_of(node), &how, context);
}

/// A text with what stands between braces put in, as far as it is known.
pub(super) fn filled(dialect: &Dialect, text: &str) -> String {
    let Some((open, close, means)) = dialect.braces else { return text.to_owned() };
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((start, behind)) = rest.split_once(open) {
        let Some((inner, after)) = behind.split_once(close) else { break };
        filled.push_str(start);
        // `${name}` is the shell's own
        if open == "{" && start.ends_with('$') {
            filled.push_str(&format!("{{{inner}}}"));
        } else {
            filled.push_str(&means(inner.trim()).unwrap_or_else(|| HOLE.to_owned()));
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// Variables of a table that have a literal value.
pub(super) fn literals(table: Option<Node<'_>>) -> BTreeMap<String, String> {
    let entries = table.into_iter().flat_map(|t| t.entries().collect::<Vec<_>>());
    let plain = |(key, value): (Key<'_>, Node<'_>)| {
        let text = value.text().filter(|text| !text.contains(['$', '{', '`']))?;
        Some((key.text.to_owned(), text.to_owned()))
    };
    entries.take(1_000).filter_map(plain).collect()
}
