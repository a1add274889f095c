//! SQL of Snowflake: what statements call, and the commands that hand them over (`snow`, `snowsql`, `schemachange`).

use super::{Invocation, Lead, Run, Target, View};
use crate::fact::UnitKind;
use crate::source::{self, RepoPath};
use crate::syntax::sql::{self, Kind, Word};
use crate::words::{EdgeKind, Strength};

/// The name of the unit that stands for the tasks of a file: who applies it makes them.
pub(crate) const TASKS: &str = "tasks";
/// With what the name of a unit begins that resumes a task.
pub(crate) const RESUMES: &str = "resume ";
/// … a task and all behind it.
pub(crate) const RESUMES_ALL: &str = "resume all behind ";
/// With what the name of a procedure's unit begins.
pub(crate) const PROCEDURE: &str = "procedure ";

/// The last part of a name, in small letters unless it is quoted. What a template puts in front is left out.
pub(crate) fn name_of(text: &str) -> String {
    let last = text.rsplit(['.', '}', '>']).find(|part| !part.is_empty()).unwrap_or(text);
    match last.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => quoted.to_owned(),
        None => last.to_ascii_lowercase(),
    }
}

/// What statements call: procedures, and tasks that are run by hand; each with its line.
pub(crate) fn called(words: &[Word<'_>]) -> Vec<(u32, (UnitKind, String))> {
    let mut found = Vec::new();
    for three in words.windows(3) {
        let [first, second, third] = three else { continue };
        if first.is("call") && second.kind == Kind::Name && third.text == "(" {
            found.push((first.line, (UnitKind::Action, format!("{PROCEDURE}{}", name_of(second.text)))));
        }
        if first.is("execute") && second.is("task") && third.kind == Kind::Name {
            found.push((first.line, (UnitKind::Workflow, name_of(third.text))));
        }
    }
    found
}

/// The one file that makes what a statement elsewhere calls.
pub(super) fn made_elsewhere(kind: UnitKind, name: &str, view: &View<'_>) -> Option<RepoPath> {
    let mut makes = view.book.iter().filter(|(path, facts)| {
        is_sql(path) && facts.units.iter().any(|unit| unit.kind == kind && unit.name == name && unit.parent.is_none())
    });
    match (makes.next(), makes.next()) {
        (Some((path, _)), None) => Some(path.clone()),
        _ => None,
    }
}

fn is_sql(path: &str) -> bool {
    source::extension(path).is_some_and(|end| end.eq_ignore_ascii_case("sql"))
}

/// `snow sql -q TEXT`, `snowsql -q TEXT`; what they are given as a file is applied like any.
pub(super) fn client(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let mut leads = super::applied(invocation, view);
    let words = invocation.arguments();
    let texts = words.iter().enumerate().filter_map(|(at, word)| match word.text.as_str() {
        "-q" | "--query" => words.get(at + 1).map(|w| w.text.as_str()),
        text => text.strip_prefix("--query="),
    });
    for text in texts {
        for statement in sql::parse(text) {
            let mut named: Vec<(UnitKind, String)> = called(&statement.words).into_iter().map(|(_, target)| target).collect();
            if let [alter, task, name, resume] = statement.words.as_slice()
                && alter.is("alter")
                && task.is("task")
                && resume.is("resume")
            {
                named.push((UnitKind::Action, format!("{RESUMES}{}", name_of(name.text))));
            }
            for (kind, name) in named {
                if let Some(path) = made_elsewhere(kind, &name, view) {
                    let what = format!("{}: {name}", invocation.command.program());
                    let to = Target::Unit { path, kind, name };
                    leads.push(Lead { to, edge: EdgeKind::Submits, strength: Strength::Resolved, what });
                }
            }
        }
    }
    leads
}

/// `schemachange [deploy] [-f FOLDER]`: every script below the folder that is named by its rules (`V1__a.sql`, `R__b.sql`,
/// `A__c.sql`).
pub(super) fn schemachange(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let words: Vec<&str> = invocation.arguments().iter().map(|w| w.text.as_str()).collect();
    let tries = words.iter().any(|word| matches!(*word, "render" | "verify" | "--dry-run" | "--help" | "-h" | "--version"));
    let Some(dir) = invocation.dir().filter(|_| !tries) else { return Vec::new() };
    let given = words.iter().enumerate().find_map(|(at, word)| match *word {
        "-f" | "--root-folder" => words.get(at + 1).copied(),
        word => word.strip_prefix("--root-folder="),
    });
    let Some(folder) = source::join(dir, given.unwrap_or(".")) else { return Vec::new() };
    let is_script = |path: &&RepoPath| {
        let name = source::file_name(path);
        let below = folder == "." || path.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'));
        let named = name.split_once("__").is_some_and(|(front, _)| {
            front.eq_ignore_ascii_case("r") || front.eq_ignore_ascii_case("a") || front.starts_with(['V', 'v'])
        });
        below && named && (is_sql(path) || name.ends_with(".sql.jinja"))
    };
    let scripts = view.book.keys().filter(is_script);
    scripts
        .map(|path| {
            let to = Target::File { path: path.clone(), run: Run::Manifest };
            let what = format!("schemachange applies {path}");
            Lead { to, edge: EdgeKind::Applies, strength: Strength::Resolved, what }
        })
        .collect()
}
