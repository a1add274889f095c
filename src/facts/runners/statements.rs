//! SQL that Snowflake keeps and runs by itself: tasks with their schedules, and the procedures that they call. (Models that
//! SQL trains are rules, and not read here.)
//!
//! Who applies the file runs its own statements, and makes its tasks and procedures without running any. A task is made
//! suspended: it waits until something applies the file that makes it, and the statement that resumes it, which may stand
//! in another file. The last word that a file says of a task counts.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::fact::{
    Code, Command, FactKind, FileFacts, Held, OnFailure, Trigger, Unit, UnitId, UnitKind, Until, Uses, UsesTarget,
};
use crate::facts::{Context, Reader, When};
use crate::resolve::statements::{PROCEDURE, RESUMES, RESUMES_ALL, TASKS, called, name_of};
use crate::source::{SourceFile, extension};
use crate::syntax::python::{self, Mode};
use crate::syntax::shell::Word as ShellWord;
use crate::syntax::sql::{self, Kind, Statement, Word};
use crate::words::{EdgeKind, Strength, TriggerKind};

/// Statements that make something which a warehouse runs.
pub(crate) const READER: Reader =
    Reader { name: "statements of a warehouse", wants, when: When::Recognised(|_, text| is_one(text)), read };

/// Most tasks, and most procedures, of one file.
const MOST: usize = 500;
/// Most tasks that follow one another.
const DEPTH: usize = 50;

fn wants(path: &str) -> bool {
    extension(path).is_some_and(|end| end.eq_ignore_ascii_case("sql"))
}

/// Whether a text says anything of tasks or makes procedures.
fn is_one(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.any(|word| ["task", "procedure", "task_dependents_enable"].iter().any(|is| word.eq_ignore_ascii_case(is)))
}

/// A task, as far as it is put together.
struct Task<'t> {
    name: String,
    statement: &'t Statement<'t>,
    /// Where its own statement begins.
    body: usize,
    after: Vec<(String, u32)>,
    resumed: bool,
    /// The line that suspends or takes it away, after it was made.
    off: Option<(String, u32)>,
}

fn read(file: &SourceFile, _context: &Context<'_>) -> FileFacts {
    let mut facts = FileFacts::default();
    let statements = sql::parse(&file.text);
    let last = u32::try_from(file.text.lines().count()).unwrap_or(u32::MAX).max(1);
    let unit = |kind: UnitKind, name: &str, (line, end_line): (u32, u32)| {
        let title = (kind == UnitKind::Manifest).then(|| "tasks".to_owned());
        Unit { kind, name: name.to_owned(), title, line, end_line, parent: None }
    };
    // what is made once the file is applied, and what is run then
    facts.units.push(unit(UnitKind::Manifest, TASKS, (1, last)));
    facts.units.push(unit(UnitKind::Script, file.name(), (1, last)));
    let mut tasks: BTreeMap<String, Task<'_>> = BTreeMap::new();
    let mut elsewhere: Vec<(String, u32)> = Vec::new();
    let mut own: Vec<&Statement<'_>> = Vec::new();
    for statement in &statements {
        let words = &statement.words;
        if let Some((at, name)) = made(words, "task").filter(|_| tasks.len() < MOST) {
            let Some(body) = body_of(words, at) else { continue };
            let kept = words.iter().take(at).any(|w| w.is("alter")) && tasks.get(&name).is_some_and(|task| task.resumed);
            let after = named_after(&words[at..body]);
            tasks.insert(name.clone(), Task { name, statement, body, after, resumed: kept, off: None });
        } else if let Some((at, name)) = made(words, "procedure").filter(|_| facts.units.len() < MOST) {
            procedure(statement, at, &name, &mut facts);
        } else if let Some((name, what)) = altered(words) {
            match (tasks.get_mut(&name), what) {
                (Some(task), Change::Resumed) => (task.resumed, task.off) = (true, None),
                (Some(task), Change::Suspended) => {
                    (task.resumed, task.off) =
                        (false, Some((format!("suspended on line {}", statement.line()), statement.line())));
                }
                (Some(task), Change::After(more)) => task.after.extend(more),
                (None, Change::Resumed) => elsewhere.push((format!("{RESUMES}{name}"), statement.line())),
                (None, Change::Suspended) => elsewhere.retain(|(resumed, _)| *resumed != format!("{RESUMES}{name}")),
                (None, Change::After(_)) => {}
            }
        } else if let Some(name) = resumed_with_all(words) {
            if !tasks.contains_key(&name) {
                elsewhere.push((format!("{RESUMES_ALL}{name}"), statement.line()));
            }
            let all: Vec<String> = tasks.keys().filter(|task| *task == &name || follows(task, &name, &tasks)).cloned().collect();
            for task in all {
                if let Some(task) = tasks.get_mut(&task) {
                    (task.resumed, task.off) = (true, None);
                }
            }
        } else {
            own.push(statement);
        }
    }
    for (name, line) in elsewhere.into_iter().take(MOST) {
        facts.units.push(unit(UnitKind::Manifest, &name, (line, line)));
    }
    for task in tasks.values() {
        lower(task, &tasks, &mut facts);
    }
    for statement in own {
        run(&statement.words, 1, 0, &mut facts);
    }
    facts
}

/// `create [or replace|or alter] … WHAT [if not exists] NAME`: where what follows the name begins, and the name.
fn made(words: &[Word<'_>], what: &str) -> Option<(usize, String)> {
    if !words.first()?.is("create") {
        return None;
    }
    let at = words.iter().take(6).position(|w| w.is(what))?;
    let between = words.get(1..at)?;
    if !between.iter().all(|w| w.is_any(&["or", "replace", "alter", "secure", "temporary", "temp"])) {
        return None;
    }
    let mut at = at + 1;
    while words.get(at).is_some_and(|w| w.is_any(&["if", "not", "exists"])) {
        at += 1;
    }
    let name = words.get(at).filter(|w| w.kind == Kind::Name)?;
    Some((at + 1, name_of(name.text)))
}

/// Where the statement begins that a task or procedure runs: behind the `AS` that stands in no brackets and says in whose
/// name nothing is run.
fn body_of(words: &[Word<'_>], from: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (at, word) in words.iter().enumerate().skip(from) {
        match (word.kind, word.text) {
            (Kind::Sign, "(") => depth += 1,
            (Kind::Sign, ")") => depth = depth.saturating_sub(1),
            _ if depth == 0
                && word.is("as")
                && !at.checked_sub(1).and_then(|i| words.get(i)).is_some_and(|w| w.is("execute")) =>
            {
                return Some(at + 1);
            }
            _ => {}
        }
    }
    None
}

/// The tasks behind which one runs.
fn named_after(words: &[Word<'_>]) -> Vec<(String, u32)> {
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        if word.is("after") {
            let listed = words.iter().skip(at + 1).take_while(|w| w.text == "," || matches!(w.kind, Kind::Name | Kind::Text));
            let mut comma = true;
            for word in listed {
                if word.text == "," {
                    comma = true;
                } else if std::mem::take(&mut comma) {
                    found.push((name_of(word.text), word.line));
                } else {
                    break;
                }
            }
        }
        // what is run at the end runs after the first as well
        if let (true, Some(root)) = (word.is("finalize"), words.get(at + 2).filter(|w| w.kind != Kind::Sign)) {
            found.push((name_of(root.text), root.line));
        }
    }
    found
}

enum Change {
    Resumed,
    Suspended,
    After(Vec<(String, u32)>),
}

/// `alter task [if exists] NAME resume|suspend|add after …`, `drop task NAME`.
fn altered(words: &[Word<'_>]) -> Option<(String, Change)> {
    let [verb, task, rest @ ..] = words else { return None };
    if !verb.is_any(&["alter", "drop"]) || !task.is("task") {
        return None;
    }
    let rest = if rest.first().is_some_and(|w| w.is("if")) { rest.get(2..)? } else { rest };
    let (name, rest) = rest.split_first()?;
    let change = match rest.first() {
        _ if verb.is("drop") => Change::Suspended,
        Some(word) if word.is("resume") => Change::Resumed,
        Some(word) if word.is("suspend") => Change::Suspended,
        Some(word) if word.is("add") => Change::After(named_after(rest)),
        _ => Change::After(Vec::new()),
    };
    Some((name_of(name.text), change))
}

/// `select system$task_dependents_enable('NAME')`: it and all behind it.
fn resumed_with_all(words: &[Word<'_>]) -> Option<String> {
    let at = words.iter().position(|w| w.is("system$task_dependents_enable"))?;
    words.get(at + 2).filter(|w| w.kind == Kind::Text).map(|w| name_of(w.text))
}

/// Whether a task runs some time after another.
fn follows(task: &str, root: &str, tasks: &BTreeMap<String, Task<'_>>) -> bool {
    roots(task, tasks).iter().any(|it| it == root)
}

/// All tasks before one.
fn roots(task: &str, tasks: &BTreeMap<String, Task<'_>>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut next: Vec<String> = vec![task.to_owned()];
    for _ in 0..DEPTH {
        let before = next.iter().filter_map(|name| tasks.get(name)).flat_map(|task| task.after.iter().map(|(name, _)| name));
        let fresh: Vec<String> = before.filter(|name| !found.contains(name)).cloned().collect();
        if fresh.is_empty() {
            break;
        }
        found.extend(fresh.iter().cloned());
        next = fresh;
    }
    found.truncate(MOST);
    found
}

fn lower(task: &Task<'_>, tasks: &BTreeMap<String, Task<'_>>, facts: &mut FileFacts) {
    let unit = facts.units.len();
    let (line, end_line) = (task.statement.line(), task.statement.end_line());
    let title = Some(format!("task {}", task.name));
    facts.units.push(Unit { kind: UnitKind::Workflow, name: task.name.clone(), title, line, end_line, parent: None });
    let mut until = Until::Installed { path: None, names: vec![TASKS.to_owned()] };
    let mut remedy = None;
    let mut why = "nothing in this repository applies it".to_owned();
    if !task.resumed {
        let mut names = vec![format!("{RESUMES}{}", task.name), format!("{RESUMES_ALL}{}", task.name)];
        names.extend(roots(&task.name, tasks).iter().map(|root| format!("{RESUMES_ALL}{root}")));
        // a command that says it by itself is led to it here
        for name in names.iter().filter(|_| task.off.is_none()) {
            if !facts.units.iter().any(|u| u.name == *name) {
                let unit = Unit { kind: UnitKind::Action, name: name.clone(), title: None, line, end_line: line, parent: None };
                facts.units.push(unit);
            }
        }
        until = Until::All(vec![until, Until::Anywhere(names)]);
        why = "a task is made suspended, and nothing in this repository applies and resumes it".to_owned();
        remedy = Some(format!("say `ALTER TASK {} RESUME` after it", task.name));
    }
    let held = Held { strength: Strength::Assumed, why, until: Some(until), remedy };
    let head = task.statement.words.get(..task.body).unwrap_or_default();
    let mut state = |line: u32, trigger: Trigger| {
        let off = task.off.as_ref().map(|(why, _)| why.clone());
        facts.state(unit, line, FactKind::Trigger(Trigger { held: Some(held.clone()), off, ..trigger }));
    };
    let mut started = false;
    for (at, word) in head.iter().enumerate() {
        let value = head.get(at + 1).filter(|w| w.text == "=").and_then(|_| head.get(at + 2));
        if let Some(value) = value.filter(|_| word.is("schedule")) {
            state(word.line, Trigger::plain(TriggerKind::Schedule, format!("schedule \"{}\"", schedule(value.text))));
            started = true;
        }
    }
    for (name, line) in &task.after {
        let trigger = Trigger { from: vec![name.clone()], ..Trigger::plain(TriggerKind::Upstream, format!("after {name}")) };
        state(*line, trigger);
        started = true;
    }
    let streams = head.iter().find(|w| w.is("system$stream_has_data")).filter(|_| !started);
    if let Some(word) = streams {
        state(word.line, Trigger::plain(TriggerKind::Data, "rows arrive in a stream".to_owned()));
    } else if !started {
        state(line, Trigger::plain(TriggerKind::Manual, "by hand (EXECUTE TASK)".to_owned()));
    }
    run(task.statement.words.get(task.body..).unwrap_or_default(), unit, 0, facts);
}

/// A schedule as other services write it, without the name of the clock.
fn schedule(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        [using, cron, rest @ ..] if using.eq_ignore_ascii_case("using") && cron.eq_ignore_ascii_case("cron") => {
            rest.iter().take(5).copied().collect::<Vec<_>>().join(" ")
        }
        _ => words.join(" ").to_ascii_lowercase(),
    }
}

fn procedure(statement: &Statement<'_>, at: usize, name: &str, facts: &mut FileFacts) {
    let words = &statement.words;
    let unit = facts.units.len();
    let (line, end_line) = (statement.line(), statement.end_line());
    let name = format!("{PROCEDURE}{name}");
    facts.units.push(Unit { kind: UnitKind::Action, name, title: None, line, end_line, parent: None });
    let body = body_of(words, at);
    let head = words.get(at..body.unwrap_or(words.len())).unwrap_or_default();
    let said = |key: &str| {
        let at = head.iter().position(|w| w.is(key))?;
        head.iter().skip(at + 1).find(|w| w.text != "=")
    };
    let in_python = said("language").is_some_and(|w| w.is("python"));
    match (body.and_then(|at| words.get(at)), in_python, said("handler")) {
        (Some(text), true, Some(handler)) if matches!(text.kind, Kind::Block | Kind::Text) => {
            in_own_words(text, handler, unit, facts);
        }
        // the file lies in a store of the warehouse, most likely as it lies here
        (None, true, Some(handler)) => {
            if let Some((module, function)) = handler.text.rsplit_once('.') {
                let reference = format!("{module}:{function}");
                let to = UsesTarget::Likely(Box::new(UsesTarget::Python(reference.clone())));
                state_use(unit, handler.line, reference, to, facts);
            }
        }
        _ => run(words.get(body.unwrap_or(words.len())..).unwrap_or_default(), unit, 0, facts),
    }
}

/// Python that stands in the statement, and the function of it that is called.
fn in_own_words(text: &Word<'_>, handler: &Word<'_>, unit: UnitId, facts: &mut FileFacts) {
    let code = format!("{}\n{}()\n", text.text, handler.text);
    let last = text.end_line.saturating_sub(text.line);
    let lines = (0..u32::try_from(code.lines().count()).unwrap_or(0)).map(|n| text.line + n.min(last)).collect();
    let plain = |text: &str| ShellWord { text: text.to_owned(), literal: true };
    let mut command = Command::new(vec![plain("python"), plain("-")], None);
    command.elsewhere = true;
    let index = facts.facts.len();
    facts.state(unit, text.line, FactKind::Command(command));
    facts.embedded.push((index, Arc::new(Code { module: python::parse(&code, Mode::Module), notebook: false, lines })));
}

/// What statements start: procedures that they call, and tasks.
fn run(words: &[Word<'_>], unit: UnitId, depth: usize, facts: &mut FileFacts) {
    for (line, target) in called(words) {
        let (kind, name) = target;
        let to = UsesTarget::Unit { path: None, kind, name: name.clone() };
        state_use(unit, line, name, to, facts);
    }
    // a block of statements between two `$$`
    for block in words.iter().filter(|w| w.kind == Kind::Block && depth == 0) {
        for statement in sql::parse(block.text) {
            let moved = |word: &Word<'_>| word.line.saturating_add(block.line.saturating_sub(1));
            let words: Vec<Word<'_>> = statement.words.iter().map(|w| Word { line: moved(w), ..*w }).collect();
            run(&words, unit, depth + 1, facts);
        }
    }
}

fn state_use(unit: UnitId, line: u32, reference: String, to: UsesTarget, facts: &mut FileFacts) {
    let uses = Uses { reference, with: Vec::new(), to, edge: EdgeKind::Invokes, on_failure: OnFailure::Stops };
    facts.state(unit, line, FactKind::Uses(uses));
}
