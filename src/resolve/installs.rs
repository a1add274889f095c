//! What a command installs into the Python that runs after it.
//!
//! The answer is an upper bound, or `Unknown`: a list that is not read, a word that is computed and a distribution from
//! an address make it unknown. Whoever says that something is missing needs all of it.

use std::collections::BTreeSet;

use super::{Invocation, Lead, Located, Run, Target, View};
use crate::fact::{Command, FactKind, UnitId, UsesTarget};
use crate::source::{self, RepoPath};
use crate::syntax::shell::Word;
use crate::words::EdgeKind;

/// What a command does to the packages of the interpreter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Install {
    /// It is no installer.
    No,
    /// At most these, by their normalised names, and what they bring along.
    Packages(BTreeSet<String>),
    /// Anything.
    Unknown,
    /// A list that it names literally is not there.
    Gone(String),
    /// The project refuses the interpreter that is given: the project's file, the line, and the demand.
    Refused(RepoPath, u32, String),
}

/// Lists that include each other.
const MAX_LISTS: usize = 50;
/// Options of pip whose value is the next word.
const VALUED: &[&str] = &[
    "-i",
    "--index-url",
    "--extra-index-url",
    "-f",
    "--find-links",
    "--timeout",
    "--retries",
    "--trusted-host",
    "--progress-bar",
    "--root-user-action",
    "--upgrade-strategy",
    "-c",
    "--constraint",
    "--cache-dir",
    "--no-binary",
    "--only-binary",
    "--prefer-binary",
    "--python-version",
    "--platform",
    "--log",
    "--proxy",
];

/// What `pip install` and its kin install; `minor` is the version of Python 3 that runs it, where that is known.
pub(crate) fn installs(command: &Command, from: (&RepoPath, Option<UnitId>), minor: Option<u8>, view: &View<'_>) -> Install {
    let Some(arguments) = of_pip(command) else { return Install::No };
    let invocation = Invocation::new(command, from.0, from.1, view);
    let mut found = BTreeSet::new();
    let mut at = 0;
    while let Some(word) = arguments.get(at) {
        if !word.literal {
            return Install::Unknown;
        }
        let text = word.text.as_str();
        let list = list_at(arguments, at);
        at += list.map_or(1, |(_, words)| words);
        let done = match (list, text) {
            (Some((list, _)), _) => listed(list, &invocation, view, &mut found),
            (None, "-e" | "--editable") => {
                at += 1;
                arguments.get(at - 1).map_or(Install::Unknown, |w| project(&w.text, &invocation, minor, view, &mut found))
            }
            (None, option) if VALUED.contains(&option) => {
                at += 1;
                Install::No
            }
            (None, option) if option.starts_with('-') => Install::No,
            (None, place) if place.starts_with('.') => project(place, &invocation, minor, view, &mut found),
            (None, name) => named(name, &mut found),
        };
        if done != Install::No {
            return done;
        }
    }
    Install::Packages(found)
}

/// The lists that an installation reads, as what it applies.
pub(super) fn follow(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let arguments = invocation.arguments();
    let from = match invocation.command.program() {
        "uv" => arguments.iter().position(|w| w.text == "pip").map(|at| at + 1),
        _ => arguments.iter().position(|w| w.text == "pip").map(|at| at + 1).or(Some(0)),
    };
    let Some(rest) = from.and_then(|at| arguments.get(at..)) else { return Vec::new() };
    let verb = rest.first().map_or("", |w| w.text.as_str());
    if !matches!(verb, "install" | "sync" | "wheel" | "download") {
        return Vec::new();
    }
    let mut leads = Vec::new();
    let mut at = 1;
    while let Some(word) = rest.get(at) {
        // what is synchronised with is named by place as well
        let list = list_at(rest, at).or((verb == "sync").then_some((word.text.as_str(), 1)));
        at += list.map_or(1, |(_, words)| words);
        let Some(list) = list.map(|(list, _)| list).filter(|l| l.len() > 1 && !l.starts_with('-')) else { continue };
        if let Located::Found(path, strength) = invocation.locate(list, view) {
            let what = format!("installs from {list}");
            leads.push(Lead { to: Target::File { path, run: Run::Packages }, edge: EdgeKind::Applies, strength, what });
        }
    }
    leads
}

/// The list that pip is told to read at a place among its arguments, and how many words say so.
fn list_at(arguments: &[Word], at: usize) -> Option<(&str, usize)> {
    match arguments.get(at)?.text.as_str() {
        "-r" | "--requirement" => Some((arguments.get(at + 1).map_or("", |w| w.text.as_str()), 2)),
        text => text.strip_prefix("--requirement=").or_else(|| text.strip_prefix("-r")).map(|list| (list, 1)),
    }
}

/// The arguments behind `pip install`.
fn of_pip(command: &Command) -> Option<&[Word]> {
    let text = |at: usize| command.words.get(at).map_or("", |w| w.text.as_str());
    let program = command.program();
    let from = match program {
        "pip" | "pip3" => 1,
        "python" | "python3" if text(1) == "-m" && text(2) == "pip" => 3,
        _ => return None,
    };
    (text(from) == "install").then(|| command.words.get(from + 1..).unwrap_or_default())
}

/// One distribution by its name. Extras bring what nobody lists here.
fn named(text: &str, into: &mut BTreeSet<String>) -> Install {
    let end = text.find(['=', '<', '>', '!', '~', ';', ' ']).unwrap_or(text.len());
    let name = text.get(..end).unwrap_or_default();
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if !plain || text.contains('@') || name.ends_with(".whl") {
        return Install::Unknown;
    }
    into.insert(name.to_lowercase().replace(['_', '.'], "-"));
    Install::No
}

/// A list of requirements and those that it takes in.
fn listed(name: &str, invocation: &Invocation<'_>, view: &View<'_>, into: &mut BTreeSet<String>) -> Install {
    let first = match invocation.locate(name, view) {
        Located::Found(path, _) => path,
        Located::Missing(path) if name.ends_with(".txt") && super::launch::certain(invocation, &path, view) => {
            return Install::Gone(path);
        }
        _ => return Install::Unknown,
    };
    let mut lists = vec![first];
    let mut at = 0;
    while let Some(path) = lists.get(at).cloned() {
        at += 1;
        let Some(facts) = view.book.get(&path).filter(|_| at <= MAX_LISTS) else { return Install::Unknown };
        for fact in &facts.facts {
            match &fact.kind {
                FactKind::Dependency(it) if it.extras || it.version.as_deref().is_some_and(is_address) => {
                    return Install::Unknown;
                }
                FactKind::Setting { key, .. } if key == "requirements.unnamed" => return Install::Unknown,
                FactKind::Dependency(it) => {
                    into.insert(it.name.clone());
                }
                FactKind::Uses(uses) => match &uses.to {
                    UsesTarget::File(to) if !lists.iter().any(|l| **l == **to) => lists.push(to.as_str().into()),
                    UsesTarget::File(_) => {}
                    _ => return Install::Unknown,
                },
                _ => {}
            }
        }
    }
    Install::No
}

fn is_address(version: &str) -> bool {
    version.contains(['/', ':'])
}

/// The project of a folder, with what its file declares.
fn project(place: &str, invocation: &Invocation<'_>, minor: Option<u8>, view: &View<'_>, into: &mut BTreeSet<String>) -> Install {
    let (folder, extras) = place.split_once('[').map_or((place, false), |(folder, _)| (folder, true));
    let home = invocation.dir().and_then(|dir| source::join(dir, folder)).unwrap_or_default();
    let at = |name: &str| source::join(&home, name).unwrap_or_default();
    let Some(facts) = view.book.get(&*at("pyproject.toml")) else { return Install::Unknown };
    for fact in &facts.facts {
        if let (FactKind::Setting { key, value }, Some(minor)) = (&fact.kind, minor)
            && key == "project.requires-python"
            && admits(value, minor) == Some(false)
        {
            return Install::Refused(at("pyproject.toml").into(), fact.line, value.clone());
        }
    }
    // what a build script or another tool's table adds is not known
    let plain = facts.facts.iter().any(|f| matches!(&f.kind, FactKind::Setting { key, .. } if key == "project.requires-python"))
        && !view.inventory.contains(&at("setup.py"))
        && !view.inventory.contains(&at("setup.cfg"));
    if extras || !plain || facts.facts.iter().any(|f| matches!(f.kind, FactKind::Uses(_)) && f.unit.is_none()) {
        return Install::Unknown;
    }
    for fact in &facts.facts {
        if let FactKind::Dependency(it) = &fact.kind
            && it.group.is_none()
        {
            if it.extras || it.version.as_deref().is_some_and(is_address) {
                return Install::Unknown;
            }
            into.insert(it.name.clone());
        }
    }
    Install::No
}

/// Whether a demand on the interpreter admits a version of Python 3, as far as its plain bounds tell.
pub(crate) fn admits(demand: &str, minor: u8) -> Option<bool> {
    let mut admits = None;
    for part in demand.split(',') {
        let part = part.trim();
        let (operator, version) = part.split_at(part.find(|c: char| c.is_ascii_digit())?);
        let mut numbers = version.trim().split('.').map(|n| n.parse::<u8>().ok());
        let (Some(Some(3)), Some(Some(bound))) = (numbers.next(), numbers.next()) else { continue };
        // within one minor version the patch decides, which is not known
        let fits = match operator.trim() {
            ">=" | "^" | "~=" if minor < bound => false,
            ">" if minor < bound => false,
            "<" if minor > bound || (minor == bound && numbers.next().is_none()) => false,
            "<=" if minor > bound => false,
            ">=" | "^" | "~=" | ">" | "<" | "<=" => true,
            _ => continue,
        };
        admits = Some(admits.unwrap_or(true) && fits);
    }
    admits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn demands_on_the_interpreter() {
        for (demand, minor, answer) in [
            (">=3.12", 8, Some(false)),
            (">=3.8", 8, Some(true)),
            (">=3.9,<3.12", 12, Some(false)),
            ("<3.11.5", 11, Some(true)),
            ("^3.10", 9, Some(false)),
            ("==3.9.*", 8, None),
            ("*", 8, None),
        ] {
            assert_eq!(admits(demand, minor), answer, "{demand} on 3.{minor}");
        }
    }

    #[test]
    fn names_of_distributions() {
        let mut found = BTreeSet::new();
        assert_eq!(named("Scikit_Learn==1.5", &mut found), Install::No);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["scikit-learn"]);
        for text in ["uvicorn[standard]", "git+https://host/a/b", "a.whl", "name @ https://host/a"] {
            assert_eq!(named(text, &mut BTreeSet::new()), Install::Unknown, "{text}");
        }
    }
}
