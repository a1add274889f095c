//! `make`: targets of a Makefile and of what it includes.

use std::collections::{BTreeMap, BTreeSet};

use super::{Invocation, Lead, Target, View, placed};
use crate::fact::{Command, Fact, FactKind, UnitKind, Uses, UsesTarget};
use crate::source::{self, RepoPath};
use crate::syntax::shell::{HOLE, quoted};
use crate::words::{EdgeKind, Strength};

/// `make [-C dir] [-f file] [k=v] [target …]`.
pub(super) fn follow(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let mut dir = invocation.dir().map(str::to_owned);
    let mut file: Option<String> = None;
    let mut targets: Vec<&str> = Vec::new();
    let mut words = invocation.arguments().iter().map(|w| w.text.as_str());
    while let Some(word) = words.next() {
        match word {
            "-C" | "--directory" => {
                dir = words.next().filter(|d| !d.contains('$')).and_then(|d| source::join(dir.as_deref()?, d))
            }
            "-f" | "--file" | "--makefile" => file = words.next().map(str::to_owned),
            "-j" | "-l" => drop(words.next()),
            word if word.starts_with("--directory=") => dir = source::join(dir.as_deref().unwrap_or("."), &word[12..]),
            word if word.starts_with('-') || word.contains('=') => {}
            word => targets.push(word),
        }
    }
    let Some(dir) = dir.filter(|_| !only_says(invocation)) else { return Vec::new() };
    let names: Vec<String> =
        file.map_or_else(|| ["GNUmakefile", "makefile", "Makefile"].map(str::to_owned).to_vec(), |f| vec![f]);
    let path = names.iter().filter_map(|n| source::join(&dir, n)).find(|p| view.inventory.contains(p));
    let Some(path) = path.map(RepoPath::from) else {
        // what is fetched and unpacked first may bring its own along
        let named = names.first().and_then(|name| source::join(&dir, name)).unwrap_or_default();
        if !super::launch::certain(invocation, &named, view) {
            return Vec::new();
        }
        let what = format!("there is no Makefile in `{dir}`");
        let to = Target::Missing { path: dir, what: what.clone() };
        return vec![Lead { to, edge: EdgeKind::Invokes, strength: Strength::Broken, what }];
    };
    if !view.book.contains_key(&path) {
        // not read yet: ask for it
        return vec![Lead {
            to: Target::File { path, run: super::Run::Script },
            edge: EdgeKind::Invokes,
            strength: Strength::Resolved,
            what: "make".to_owned(),
        }];
    }
    if targets.is_empty() {
        targets.push("");
    }
    // a make that another starts is given the same variables
    let same = || view.book.get(&path).filter(|_| *invocation.path == path)?.units.get(invocation.unit?);
    let given = variables(invocation.command)
        .or_else(|| same().filter(|unit| unit.kind == UnitKind::Target)?.name.split_once(' ').map(|(_, given)| given.to_owned()));
    targets.into_iter().flat_map(|target| one(&path, target, given.as_deref(), view)).collect()
}

/// Longest list of variables that a target is read for, in bytes.
const MAX_GIVEN: usize = 300;

/// The variables that a command line sets, as one line; none where it sets none.
pub(super) fn variables(command: &Command) -> Option<String> {
    let named = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') && !text.is_empty();
    let pairs = command.words.iter().skip(1).filter_map(|word| {
        let (name, value) = word.text.split_once('=').filter(|(name, _)| named(name))?;
        let value = if word.literal { quoted(value) } else { HOLE.to_owned() };
        Some(format!("{name}={value}"))
    });
    let line = pairs.collect::<Vec<_>>().join(" ");
    (!line.is_empty() && line.len() <= MAX_GIVEN).then_some(line)
}

/// Whether it only says what it would do.
fn only_says(invocation: &Invocation<'_>) -> bool {
    const WORDS: &[&str] = &["--dry-run", "--just-print", "--recon", "--question", "--touch", "--help", "--version"];
    // of letters in one word, one that takes a value ends them
    let letters = |word: &str| {
        let letters = word.strip_prefix('-').filter(|rest| !rest.starts_with('-')).unwrap_or_default();
        letters.chars().take_while(|letter| !"CEfIjloW".contains(*letter)).any(|letter| "nqth".contains(letter))
    };
    invocation.arguments().iter().any(|word| WORDS.contains(&word.text.as_str()) || letters(&word.text))
}

fn one(path: &RepoPath, target: &str, given: Option<&str>, view: &View<'_>) -> Vec<Lead> {
    if target.contains('$') {
        return Vec::new();
    }
    if let Some(given) = given {
        let name = format!("{target} {given}");
        let known = view.book.get(path).is_some_and(|f| f.units.iter().any(|u| u.kind == UnitKind::Target && u.name == name));
        if known {
            let what = format!("make {}", name.trim_start());
            let to = Target::Unit { path: path.clone(), kind: UnitKind::Target, name };
            return vec![Lead { to, edge: EdgeKind::Invokes, strength: Strength::Resolved, what }];
        }
    }
    let what = if target.is_empty() { "make".to_owned() } else { format!("make {target}") };
    let has =
        |p: &RepoPath| view.book.get(p).is_some_and(|f| f.units.iter().any(|u| u.kind == UnitKind::Target && u.name == target));
    let files = included(path, view);
    match files.iter().find(|p| has(p)) {
        Some(path) => {
            let to = Target::Unit { path: path.clone(), kind: UnitKind::Target, name: target.to_owned() };
            vec![Lead { to, edge: EdgeKind::Invokes, strength: Strength::Resolved, what }]
        }
        // a pattern rule, a file, or a Makefile that could not be read whole may still make it
        None if view.inventory.contains(target) || patterned(&files, target, view) || is_open(&files, view) => Vec::new(),
        None => {
            let missing =
                if target.is_empty() { format!("`{path}` has no target") } else { format!("`{path}` has no target `{target}`") };
            let to = Target::Missing { path: path.to_string(), what: missing };
            vec![Lead { to, edge: EdgeKind::Invokes, strength: Strength::Broken, what }]
        }
    }
}

/// Whether a file is one that Makefiles include, and that nobody runs by itself.
pub(super) fn is_part(path: &str) -> bool {
    path.ends_with(".mk")
}

/// The folders in which the recipes of a part run: those of the Makefiles that include it, through other parts too.
pub(super) fn run_from(part: &RepoPath, takers: &BTreeMap<RepoPath, BTreeSet<&RepoPath>>) -> BTreeSet<String> {
    let mut seen: BTreeSet<&RepoPath> = BTreeSet::new();
    let mut next = vec![part];
    let mut folders = BTreeSet::new();
    while let Some(path) = next.pop() {
        match takers.get(path) {
            Some(by) if seen.insert(path) => next.extend(by),
            Some(_) => {}
            None => drop(folders.insert(source::folder(path).to_owned())),
        }
    }
    folders
}

/// The folders in which a command of a part may run, where that is not the part's own.
pub(super) fn moved(command: &Command, path: &RepoPath, view: &View<'_>) -> Vec<String> {
    let own = source::folder(path);
    let Some(folders) = view.run_from.get(path).filter(|folders| !folders.iter().eq([own])) else { return Vec::new() };
    let Some(dir) = command.dir.as_deref() else { return Vec::new() };
    let below = if own == "." { Some(dir) } else { dir.strip_prefix(own) };
    let below = below.filter(|rest| own == "." || rest.is_empty() || rest.starts_with('/'));
    below
        .map(|rest| folders.iter().filter_map(|folder| source::join(folder, rest.trim_start_matches('/'))).collect())
        .unwrap_or_default()
}

fn patterned(files: &[RepoPath], target: &str, view: &View<'_>) -> bool {
    files.iter().filter_map(|p| view.book.get(p)).any(|facts| {
        // what a target was read for again, with variables that are given, is no other target
        let own = facts.units.iter().filter(|u| !u.name.contains(' '));
        own.filter(|u| u.name.contains('%') || u.name.contains('$')).any(|u| {
            u.name.contains('$')
                || u.name.split_once('%').is_some_and(|(start, end)| target.starts_with(start) && target.ends_with(end))
        })
    })
}

/// The file, or the pattern of files, that a line of a Makefile includes.
fn taken_in(fact: &Fact) -> Option<&str> {
    match &fact.kind {
        FactKind::Uses(Uses { to: UsesTarget::File(to), .. }) if fact.unit.is_none() => Some(to),
        _ => None,
    }
}

/// Whether files include what only a run knows, which may hold any target.
fn is_open(files: &[RepoPath], view: &View<'_>) -> bool {
    let facts = files.iter().filter_map(|path| view.book.get(path)).flat_map(|facts| &facts.facts);
    facts.filter_map(taken_in).any(|to| to.contains(['$', '`']))
}

/// A Makefile and what it includes, as far as that is there.
pub(super) fn included(path: &RepoPath, view: &View<'_>) -> Vec<RepoPath> {
    let mut seen: BTreeSet<RepoPath> = BTreeSet::new();
    let mut order = vec![path.clone()];
    let mut at = 0;
    while let Some(path) = order.get(at).cloned() {
        at += 1;
        if !seen.insert(path.clone()) || seen.len() > 100 {
            continue;
        }
        for fact in view.book.get(&path).into_iter().flat_map(|f| &f.facts) {
            match taken_in(fact) {
                Some(to) if to.contains('*') => order.extend(placed::matching(to, view).into_iter().map(RepoPath::from)),
                Some(to) if view.inventory.contains(to) => order.push(to.into()),
                _ => {}
            }
        }
    }
    order.dedup();
    order
}
