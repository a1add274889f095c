//! The rounds: what is read first, what that leads to, and when it ends.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::{Context, Reader, When, readers};
use crate::fact::{Book, FactKind, FileFacts, Guard, Inputs, Joined, Placement, Unit, UnitId, UnitKind};
use crate::resolve::{self, Modules, Program, View};
use crate::rules::Catalog;
use crate::source::{self, Location, Notice, NoticeKind, RepoPath, SourceFile};
use crate::walk::Inventory;
use crate::words::Scope;

/// Most rounds; each follows what the one before led to.
const ROUNDS: usize = 40;
/// Most files read because something led to them.
const LED_TO: usize = 20_000;

/// How often a file is read anew for what its callers give it; each level of callers takes one.
const REREAD: usize = 8;
/// How often a file is read anew with the other files of its document; each level of inclusion takes one.
const REJOINED: usize = 12;

/// Everything that was read.
#[derive(Debug, Default)]
pub(crate) struct Extracted {
    /// What each file states.
    pub(crate) book: Book,
    /// What could not be read.
    pub(crate) notices: Vec<Notice>,
    /// Number of files whose bytes were read.
    pub(crate) read: usize,
    /// Files of automation that is known and not followed: which, and the number of its kind in the rules.
    pub(crate) unread: Vec<(RepoPath, usize)>,
    /// The Python of all that, with its calls followed.
    pub(crate) program: Program,
}

/// What the reading of one file came to.
enum Outcome {
    /// Nothing in it matters.
    Silent,
    /// It states something; and whether every reader that wants it has read it.
    Facts(Box<FileFacts>, Vec<usize>, bool),
    /// It could not be read.
    Failed(Notice),
}

/// Reads a repository in rounds. `everything` reads each file as if
/// something led to it (for proofs of rules); `step` is told how many files were read so far, of how many in this round.
pub(crate) fn extract(
    inventory: &Inventory,
    placements: &BTreeMap<RepoPath, Placement>,
    catalog: &Catalog,
    modules: &Modules,
    everything: bool,
    step: &(dyn Fn(u64, u64) + Sync),
) -> Extracted {
    let mut found = Extracted::default();
    let mut asked: BTreeSet<RepoPath> = BTreeSet::new();
    let mut led: BTreeSet<RepoPath> = BTreeSet::new();
    let mut read_whole: BTreeSet<RepoPath> = BTreeSet::new();
    let mut next: Vec<(RepoPath, bool)> = inventory
        .entries()
        .iter()
        .filter(|e| is_read(placements, &e.path) && e.link.is_none())
        .filter(|e| {
            readers().any(|r| !matches!(r.when, When::LedTo) && (r.wants)(&e.path))
                || catalog.wants_tree(&e.path)
                || catalog.wants_text(&e.path)
                || !catalog.unread_at.at(&e.path).is_empty()
        })
        .map(|e| (e.path.clone(), everything))
        .collect();
    let mut calls: BTreeMap<RepoPath, Vec<Inputs>> = BTreeMap::new();
    let mut reread: BTreeMap<RepoPath, usize> = BTreeMap::new();
    let mut joined: BTreeMap<RepoPath, Joined> = BTreeMap::new();
    let mut rejoined: BTreeMap<RepoPath, usize> = BTreeMap::new();
    let mut again = 0;
    let mut lowered = None;
    for round in 0..ROUNDS {
        if next.is_empty() && lowered.is_none() {
            // definitions in Python say what to run only once all that they import is there
            let (programs, surroundings) = (Some(&catalog.programs), Some(&catalog.surroundings));
            let context = Context { wrappers: &catalog.wrappers, programs, surroundings, ..Context::default() };
            let program = Program::build(&found.book, modules, &catalog.callables);
            next = followed(&mut found.book, &program, inventory, modules, catalog, &context);
            lowered = Some(program);
            next.retain(|(path, _)| !led.contains(path) && is_read(placements, path) && !read_whole.contains(path));
        }
        if next.is_empty() {
            break;
        }
        asked.extend(next.iter().map(|(path, _)| path.clone()));
        led.extend(next.iter().filter(|(_, led_to)| *led_to).map(|(path, _)| path.clone()));
        let total = next.len() as u64;
        let done = std::sync::atomic::AtomicU64::new(0);
        let read: Vec<Outcome> = next
            .par_iter()
            .map(|(path, led_to)| {
                let joined = joined.get(path).cloned().unwrap_or_default();
                let (programs, copies) = (Some(&catalog.programs), Some(inventory.copies()));
                let (wrappers, led_to, surroundings) = (&*catalog.wrappers, *led_to, Some(&catalog.surroundings));
                let context = Context { wrappers, programs, surroundings, led_to, joined, copies, ..Context::default() };
                let outcome = one(path, led_to, calls.get(path).map_or(&[], Vec::as_slice), inventory, catalog, &context);
                let so_far = done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
                if so_far.is_multiple_of(64) {
                    step(so_far, total);
                }
                outcome
            })
            .collect();
        found.read += own(&next) - again;
        let mut fresh: BTreeSet<RepoPath> = BTreeSet::new();
        let mut silent: BTreeSet<RepoPath> = BTreeSet::new();
        for ((path, led_to), outcome) in next.iter().zip(read) {
            match outcome {
                Outcome::Facts(mut facts, unread, whole) => {
                    if whole {
                        read_whole.insert(path.clone());
                    }
                    found.unread.extend(unread.into_iter().map(|kind| (path.clone(), kind)));
                    found.notices.append(&mut facts.notices);
                    found.book.insert(path.clone(), *facts);
                    fresh.insert(path.clone());
                }
                Outcome::Failed(notice) => found.notices.push(notice),
                // it may still be asked for by something that leads to it
                Outcome::Silent if !led_to => {
                    silent.insert(path.clone());
                }
                Outcome::Silent => {}
            }
        }
        for path in &silent {
            asked.remove(path);
        }
        if round + 1 == ROUNDS || asked.len() > LED_TO + inventory.entries().len() {
            break;
        }
        // what was asked for and not yet parsed, led to by any file read so far (a target may appear late)
        let view = View::new(inventory, &found.book, modules, &catalog.programs);
        let sources: Vec<&RepoPath> = if round < 3 { found.book.keys().collect() } else { fresh.iter().collect() };
        let demanded: BTreeSet<RepoPath> = sources
            .par_iter()
            .flat_map_iter(|path| {
                found.book.get(*path).map(|facts| resolve::demands(facts, path, fresh.contains(*path), &view)).unwrap_or_default()
            })
            .collect::<Vec<_>>()
            .into_iter()
            .collect();
        next = demanded
            .into_iter()
            .filter(|p| !led.contains(p) && is_read(placements, p) && inventory.contains(p))
            // what was read for its lines or its name alone is read again where a reader waited to be led to it
            .filter(|p| !read_whole.contains(p))
            .map(|p| (p, true))
            .collect();
        let demanded_now = own(&next);
        // files whose callers give something else than they were read for
        for (path, sets) in resolve::calls(&view) {
            let times = reread.entry(path.clone()).or_default();
            if calls.get(&path) != Some(&sets) && *times < REREAD {
                *times += 1;
                next.push((path.clone(), led.contains(&path)));
                calls.insert(path, sets);
            }
        }
        // files that belong together with others than those they were read with
        for (path, asked) in resolve::wholes(&view) {
            let times = rejoined.entry(path.clone()).or_default();
            if is_read(placements, &path) && *times < REJOINED && !joined.get(&path).is_some_and(|known| known.is_like(&asked)) {
                *times += 1;
                next.push((path.clone(), true));
                joined.insert(path, asked);
            }
        }
        next.sort();
        next.dedup_by(|a, b| {
            let same = a.0 == b.0;
            b.1 |= same && a.1;
            same
        });
        again = own(&next) - demanded_now.min(own(&next));
    }
    found.unread.sort();
    found.unread.dedup();
    found.notices.sort();
    found.notices.dedup();
    // lowering leads to few files, and mostly to none with code: what it asked is then as true now
    let still = lowered.filter(|program| program.is_of(&found.book));
    found.program = still.unwrap_or_else(|| Program::build(&found.book, modules, &catalog.callables));
    found
}

/// How many of these are files of what is scanned.
fn own(next: &[(RepoPath, bool)]) -> usize {
    next.iter().filter(|(path, _)| !source::is_copy(path)).count()
}

/// Adds what calls across files come to (definitions of pipelines, programs that are started), and says which files
/// that leads to.
fn followed(
    book: &mut Book,
    program: &Program,
    inventory: &Inventory,
    modules: &Modules,
    catalog: &Catalog,
    context: &Context<'_>,
) -> Vec<(RepoPath, bool)> {
    let mut added = super::code::handed_on::commands(program, context);
    if super::orchestrators::concern(book, &catalog.orchestrators) {
        for (path, facts) in super::orchestrators::lower(book, program, &catalog.orchestrators, (context, inventory)) {
            added.entry(path).or_default().merge(facts);
        }
    }
    if super::deploy::constructs::concern(book, &catalog.constructs) {
        let view = View::new(inventory, book, modules, &catalog.programs);
        let declared = super::deploy::constructs::lower(book, program, &catalog.constructs, context, (&view, inventory));
        for (path, facts) in declared {
            added.entry(path).or_default().merge(facts);
        }
    }
    let changed: Vec<RepoPath> = added.keys().cloned().collect();
    for (path, facts) in added {
        if let Some(known) = book.get_mut(&path) {
            known.merge(facts);
        }
    }
    let view = View::new(inventory, book, modules, &catalog.programs);
    let wanted: BTreeSet<RepoPath> = changed
        .iter()
        .filter_map(|path| Some(resolve::demands(book.get(path)?, path, false, &view)))
        .flatten()
        .filter(|path| inventory.contains(path))
        .collect();
    wanted.into_iter().map(|path| (path, true)).collect()
}

/// Vendored files are somebody else's; they are never read.
fn is_read(placements: &BTreeMap<RepoPath, Placement>, path: &str) -> bool {
    placements.get(path).is_none_or(|p| p.scope != Scope::Vendored)
}

fn one(
    path: &RepoPath,
    led_to: bool,
    calls: &[Inputs],
    inventory: &Inventory,
    catalog: &Catalog,
    context: &Context<'_>,
) -> Outcome {
    let joined = &context.joined;
    // a file is what it is by its place in its own repository; what rules ask of files they ask of those scanned
    let (here, copied) = (source::within(path), source::is_copy(path));
    let wanting: Vec<&Reader> = readers().filter(|r| (r.wants)(here) || joined.readers.contains(r.name)).collect();
    // what something takes values from is a document, whether or not a rule asks for its keys
    let tree = (!copied && catalog.wants_tree(path)) || (led_to && crate::rules::pattern::format_at(path).is_some());
    let text = !copied && catalog.wants_text(path);
    let unread = if copied { Vec::new() } else { catalog.unread_at.at(path) };
    if wanting.is_empty() && !tree && !text && unread.is_empty() {
        return Outcome::Silent;
    }
    let file = match inventory.read(path) {
        Ok(file) => file,
        Err(notice) => return Outcome::Failed(notice),
    };
    let mut telling: Option<bool> = led_to.then_some(true);
    let mut facts: Option<FileFacts> = None;
    let mut whole = true;
    for reader in wanting {
        let wanted = match reader.when {
            When::Always => true,
            When::LedTo => led_to,
            When::LedToOr(starts) => led_to || starts(path, &file.text),
            When::Recognised(is) => joined.readers.contains(reader.name) || is(path, &file.text),
            When::Telling => led_to || *telling.get_or_insert_with(|| catalog.needles.tells(path, &file.text)),
        };
        whole &= match reader.when {
            When::LedToOr(_) => led_to,
            When::Recognised(_) => true,
            _ => wanted,
        };
        if wanted {
            let read = guarded(reader.name, &file, || match super::read_for(reader.name).filter(|_| !calls.is_empty()) {
                Some(read_for) => read_for(&file, context, calls),
                None => (reader.read)(&file, context),
            });
            match &mut facts {
                Some(known) => known.merge(read),
                None => facts = Some(read),
            }
        }
    }
    let has_tree = facts.as_ref().is_some_and(|f| f.tree.is_some());
    if tree && !has_tree && (led_to || *telling.get_or_insert_with(|| catalog.needles.tells(path, &file.text))) {
        let read = guarded("document", &file, || super::document(&file, context));
        match &mut facts {
            Some(known) => known.merge(read),
            None => facts = Some(read),
        }
    }
    if text && catalog.needles.lines_tell(path, &file.text) {
        facts.get_or_insert_default().lines = Some(crate::fact::Lines { text: file.text.clone().into() });
    }
    let unread: Vec<usize> = unread.into_iter().filter(|kind| catalog.unread[*kind].told_by(&file.text)).collect();
    if !unread.is_empty() {
        facts.get_or_insert_default();
    }
    if let Some(facts) = facts.as_mut().filter(|_| copied) {
        only_called(facts);
    }
    if let Some(facts) = facts.as_mut().filter(|facts| facts.tree.is_some() && is_unmerged(&file.text)) {
        starts_nothing(facts);
    }
    facts.map_or(Outcome::Silent, |f| Outcome::Facts(Box::new(f), unread, whole))
}

/// Whether two sides of a merge stand in a text one after the other, with the marks between them.
fn is_unmerged(text: &str) -> bool {
    let mut lines = text.lines();
    ["<<<<<<< ", "=======", ">>>>>>> "].iter().all(|mark| lines.any(|line| line.starts_with(mark)))
}

/// No service takes a document with such marks in it.
fn starts_nothing(facts: &mut FileFacts) {
    for fact in &mut facts.facts {
        if let FactKind::Trigger(trigger) = &mut fact.kind {
            trigger.off.get_or_insert_with(|| "the file holds the marks of a merge that was not ended".to_owned());
        }
    }
}

/// What starts a file of another repository starts it there; here it runs where it is called, and not at all where it
/// says what starts it and that is no call. The numbers of facts stay as they are.
fn only_called(facts: &mut FileFacts) {
    let mut started: BTreeMap<UnitId, bool> = BTreeMap::new();
    for fact in &mut facts.facts {
        if let (FactKind::Trigger(trigger), Some(unit)) = (&fact.kind, fact.unit) {
            *started.entry(unit).or_default() |= trigger.is_call();
            fact.kind = FactKind::Setting { key: "started elsewhere by".to_owned(), value: trigger.text.clone() };
        }
    }
    let closed = |unit: &Unit| unit.parent.is_some_and(|parent| started.get(&parent) == Some(&false));
    let jobs = facts.units.iter().enumerate().filter(|(_, unit)| unit.kind == UnitKind::Job && closed(unit));
    let jobs: Vec<(UnitId, u32)> = jobs.map(|(id, unit)| (id, unit.line)).collect();
    for (id, line) in jobs {
        let word = "its file, which is not made to be called".to_owned();
        facts.state(id, line, FactKind::Guard(Guard::Never(word)));
    }
}

/// A reader that panics loses its file, no more.
fn guarded(reader: &str, file: &SourceFile, read: impl FnOnce() -> FileFacts) -> FileFacts {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)).unwrap_or_else(|_| FileFacts {
        notices: vec![Notice {
            at: Some(Location::file(&file.path)),
            kind: NoticeKind::Defect,
            text: format!("the reader for {reader} failed on this file, which is a defect of treering; please report it"),
        }],
        ..FileFacts::default()
    })
}
