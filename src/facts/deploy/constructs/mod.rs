//! Stacks that a program declares by calls of constructors, as the templates that they come to.
//!
//! Names must be resolved across files, so this is no reader of one file (but for the settings that name the program): it
//! runs once, between the rounds. Each call that the program surely makes becomes a resource as templates have it, with
//! its line, and the resources of a file are then read as a template is. Which call is which resource stands in
//! `rules/constructs.yaml`; nothing behind this room knows that there was no template.
//!
//! Invariants: only what a program makes whose whole is made here counts; a value that is not literal is open; what may
//! not be made is only meant; every search is bounded.

mod paths;
mod piece;
mod settings;
mod shape;
mod states;
#[cfg(test)]
mod tests;
mod value;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use super::stack;
use crate::fact::{Book, FactKind, FileFacts, OnFailure, UnitKind, Uses, UsesTarget};
use crate::facts::Context;
use crate::facts::ci::reading::Reading;
use crate::resolve::program::FileId;
use crate::resolve::{self, Program, Run, Target, View};
use crate::rules::constructs::Constructs;
use crate::source::{self, RepoPath, SourceFile};
use crate::walk::Inventory;
use crate::words::EdgeKind;
use piece::PartId;
use value::Putting;
use walk::{App, Live};

pub(crate) use settings::READER;

/// Whether any file imports one of the tools.
pub(in crate::facts) fn concern(book: &Book, rules: &Constructs) -> bool {
    let modules = book.values().filter_map(|facts| facts.code.as_ref()).map(|code| &code.module);
    modules.flat_map(|module| &module.imports).any(|import| import.level == 0 && rules.has_root(&import.module))
}

/// What the programs declare, by file.
pub(in crate::facts) fn lower(
    book: &Book,
    program: &Program,
    rules: &Constructs,
    context: &Context<'_>,
    (view, inventory): (&View<'_>, &Inventory),
) -> BTreeMap<RepoPath, FileFacts> {
    let apps = apps(book, program, rules, view);
    let live = walk::live(program, rules, &apps);
    let homes: BTreeMap<FileId, String> =
        live.files.iter().map(|(file, app)| (*file, apps.get(*app).map_or(".", |app| &app.dir).to_owned())).collect();
    let mut putting = Putting::new(program, rules, &live, &homes);
    let calls: Vec<_> = live.order.clone();
    for (file, call) in calls {
        putting.call(file, call);
    }
    let parts = putting.finish();
    let names = piece::names(&parts);
    let mut all: BTreeMap<RepoPath, FileFacts> = BTreeMap::new();
    let mut by_file: BTreeMap<FileId, Vec<PartId>> = BTreeMap::new();
    for id in parts.keys() {
        by_file.entry(id.file).or_default().push(*id);
    }
    for (file, ids) in &by_file {
        let Some(code) = program.files().get(*file) else { continue };
        let Ok(read) = inventory.read(&code.path) else { continue };
        let source = SourceFile::new(code.path.clone(), read.text);
        let tree = piece::template(*file, ids, &parts, &names, &|file| Some(program.files().get(file)?.path.to_string()));
        let mut reading: Reading<'_> = Reading::new(&source, context);
        let home = homes.get(file).map_or(".", String::as_str);
        if let Some(root) = tree.root() {
            stack::declared(root, home, &mut reading);
        }
        follow_elsewhere(&mut reading.facts, home, inventory);
        all.insert(code.path.clone(), reading.facts);
    }
    brought_about(&apps, &live, &by_file, program, &mut all);
    all
}

/// The programs: those that settings name, then those that no settings name.
fn apps(book: &Book, program: &Program, rules: &Constructs, view: &View<'_>) -> Vec<App> {
    let mut found: Vec<App> = Vec::new();
    for (path, facts) in book.iter().filter(|(path, _)| settings::is_settings(path)) {
        for fact in &facts.facts {
            let FactKind::Command(command) = &fact.kind else { continue };
            for lead in resolve::command(command, (path, fact.unit), view) {
                let Target::File { path: to, run: Run::Program | Run::Module } = lead.to else { continue };
                if let Some(file) = program.file(&to, None) {
                    let whole = settings::is_project(path);
                    found.push(App { file, dir: source::folder(path).to_owned(), settings: Some(path.clone()), whole });
                }
            }
        }
    }
    let known: BTreeSet<FileId> = found.iter().map(|app| app.file).collect();
    for (file, code) in program.files().iter().enumerate().filter(|(file, code)| code.embedded.is_none() && !known.contains(file))
    {
        if !code.code.notebook && walk::makes_app(program, rules, file) {
            found.push(App { file, dir: source::folder(&code.path).to_owned(), settings: None, whole: false });
        }
    }
    found
}

/// The specification of a build lies in the repository that its pipeline follows, which may be another, or only the folder
/// of the program: what is not here is not missing.
fn follow_elsewhere(facts: &mut FileFacts, home: &str, inventory: &Inventory) {
    for fact in &mut facts.facts {
        let FactKind::Uses(uses) = &mut fact.kind else { continue };
        let UsesTarget::File(path) = &uses.to else { continue };
        if !matches!(source::extension(path), Some("yml" | "yaml" | "json")) || inventory.contains(path) {
            continue;
        }
        uses.to = match source::join(home, path).filter(|path| inventory.contains(path)) {
            Some(near) => UsesTarget::Likely(Box::new(UsesTarget::File(near))),
            None => UsesTarget::Remote(format!("{path} of the repository that is built")),
        };
    }
}

/// Says beside the settings which files hold what each stack has, for whoever brings it about.
fn brought_about(
    apps: &[App],
    live: &Live,
    by_file: &BTreeMap<FileId, Vec<PartId>>,
    program: &Program,
    all: &mut BTreeMap<RepoPath, FileFacts>,
) {
    for stack in &live.stacks {
        let Some(settings) = apps.get(stack.app).and_then(|app| app.settings.as_ref()) else { continue };
        for (file, ids) in by_file {
            let holds = ids.iter().any(|id| live.calls.get(&(id.file, id.call)).is_some_and(|it| it.stacks.contains(&stack.id)));
            let Some(code) = program.files().get(*file).filter(|_| holds) else { continue };
            let name = source::file_name(&code.path).to_owned();
            let to = UsesTarget::Unit { path: Some(code.path.to_string()), kind: UnitKind::Manifest, name };
            let with = vec![(resolve::STAGE.to_owned(), stack.stage.clone())];
            let uses = Uses { reference: stack.name.clone(), with, to, edge: EdgeKind::Applies, on_failure: OnFailure::Stops };
            all.entry(settings.clone()).or_default().state(None, stack.line, FactKind::Uses(uses));
        }
    }
}
