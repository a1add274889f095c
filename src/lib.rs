//! treering reads a Git repository and says how far its machine-learning work is automated, and how it knows.
//!
//! The whole program is the function [`scan`]: walk → history → scope → facts → signals → graph → subject → practices →
//! maturity → report, each stage a room of its own that imports only from rooms before it. It checks what is asked and makes the threads;
//! `arrive` finds repository, settings and files, `scan_here` asks Git and goes through the rooms, `look` goes from files
//! to the graph, `judge` from systems to levels, and `write_down` makes the report. `ARCHITECTURE.md` is the map.
//!
//! Nothing scanned is executed, imported or fetched. Same tree and rules in, same bytes out, whatever the number of
//! threads, the machine or the day.
#![forbid(unsafe_code)]

mod error;
mod explain;
mod fact;
mod facts;
pub mod gate;
mod git;
mod graph;
mod history;
mod maturity;
mod practices;
mod render;
mod report;
mod resolve;
mod rules;
mod scope;
mod settings;
mod signals;
mod source;
mod subject;
mod syntax;
mod verdict;
mod walk;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

pub use error::{Error, RuleError};
pub use explain::{Explained, Explanation, FileView, Inspection, Link, Question, Row, Scope, Sighting, Start, Weighing};
pub use render::{Format, Gated, LinkFormat, Links, Style, Told, write, write_explanation};
pub use report::{FilesFrom, Report};
pub use rules::{Catalog, Listed, Summary};

use history::{History, PathChange, PathChanges};
use practices::Evidence;
use report::compile::settings::{Effects, told};
use report::compile::{Asked, Findings, JudgedSystem, raise};
use settings::Settings;
use source::{Location, Notice, NoticeKind, RepoPath};
use subject::System;

/// What a scan is asked for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Scan this commit, branch or tag instead of the work tree.
    pub revision: Option<String>,
    /// Only these maturity models, by id; all where none is named.
    pub models: Vec<String>,
    /// Number of threads; as many as there are cores where none is given. The result does not depend on it.
    pub threads: Option<usize>,
    /// Whether a folder inside a work tree is scanned with its repository: read from the root, and of the systems those
    /// that lie below it are reported. Otherwise the folder is scanned alone.
    pub parent: bool,
    /// Settings from this file instead of `treering.toml` at the root of what is scanned.
    pub config: Option<PathBuf>,
    /// Age is counted back from this day (`YYYY-MM-DD`), and commits and tags after it do not count; without one, the day
    /// of the newest commit is the last.
    pub as_of: Option<String>,
    /// Whether the report tells places only, and no text of files.
    pub no_snippets: bool,
    /// Copies of other repositories, each by the name that references to it have (`OWNER/NAME`) and where it lies. What the
    /// scanned files name in them is followed there; nothing else of them counts.
    pub with: Vec<(String, PathBuf)>,
}

/// Is told how far a scan has come.
pub trait Progress: Sync {
    /// `done` of `total` steps of a stage; a total of 0 means that it is not known.
    fn stage(&self, name: &'static str, done: u64, total: u64);
}

/// Which schema is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// Of the JSON report.
    Report,
    /// Of a file of signal rules (practices and models have none yet).
    Rules,
    /// Of `treering.toml`.
    Settings,
}

/// The JSON Schema, pretty, with a final line feed.
pub fn schema(which: Schema) -> String {
    match which {
        Schema::Report => report::schema(),
        Schema::Rules => rules::schema(),
        Schema::Settings => settings::schema(),
    }
}

/// Stack of the reading threads, in bytes: hostile nesting aborts smaller ones.
const STACK: usize = 16 << 20;

/// Scans a repository or folder.
///
/// # Errors
///
/// [`Error::Unreadable`] where the folder cannot be listed, [`Error::Revision`] where the revision does not exist,
/// [`Error::Settings`] for mistakes in `treering.toml`, [`Error::Usage`] where a model or a day is not known. Whatever
/// else is wrong *inside* the repository is a notice in the report.
pub fn scan(path: &Path, catalog: &Catalog, options: &Options, progress: &dyn Progress) -> Result<Report, Error> {
    if let Some(unknown) = options.models.iter().find(|id| !catalog.models.iter().any(|m| m.id == **id)) {
        let known: Vec<&str> = catalog.models.iter().map(|m| m.id.as_str()).collect();
        return Err(Error::Usage(format!("no maturity model is called `{unknown}`; there are {}", known.join(", "))));
    }
    threads(options)?.install(|| scan_here(path, catalog, options, progress, None)).map(|found| found.report)
}

/// Scans as [`scan`] does, and says what is known of a rule or a file there.
///
/// # Errors
///
/// Those of [`scan`], and [`Error::Usage`] where there is no such file.
pub fn inspect(
    path: &Path,
    catalog: &Catalog,
    options: &Options,
    question: &Question,
    progress: &dyn Progress,
) -> Result<Inspection, Error> {
    threads(options)?.install(|| scan_here(path, catalog, options, progress, Some(question)))
}

fn threads(options: &Options) -> Result<rayon::ThreadPool, Error> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads.unwrap_or(0))
        .stack_size(STACK)
        .build()
        .map_err(|e| Error::Usage(format!("cannot start {:?} threads: {e}; ask for fewer with --threads", options.threads)))
}

fn scan_here(
    path: &Path,
    catalog: &Catalog,
    options: &Options,
    progress: &dyn Progress,
    question: Option<&Question>,
) -> Result<Inspection, Error> {
    progress.stage("listing files", 0, 0);
    let as_of = options.as_of.as_deref().map(last_day).transpose()?;
    let copies = walk::Copies::list(&options.with, &walk::Limits::default())?;
    let Site { opened, mut inventory, history, mut notices, settings, below } = arrive(path, catalog, options, as_of)?;
    let mut effects = Effects::default();
    if let Some(settings) = &settings {
        let exclude = &settings.exclude;
        effects.left_out = inventory.leave_out(exclude.globs.len(), &|path| exclude.fits(path));
    }
    let git = opened.repository.as_ref();
    let information = git.map(git::Repository::information);
    let remote = information.as_ref().and_then(|i| i.remote.as_deref()).map(owner_and_name);
    let means = git.and_then(|git| Some(git.names_of(git.commit()?))).unwrap_or_default();
    let inventory = inventory.with(copies.beside(remote.clone(), means));
    let given = settings.clone().unwrap_or_default();
    let off = given.switched_off();
    let question = question.map(|asked| here(asked, &inventory, below.as_deref())).transpose()?;
    notices.extend(history_notice(&history));
    let committed = information.as_ref().and_then(|i| i.committed.as_deref());
    notices.extend(options.as_of.as_deref().and_then(|day| newer_files(day, committed?)));

    let checkout =
        graph::connect::Checkout { branches: information.as_ref().map(|i| i.branches.clone()).unwrap_or_default(), remote };
    let done = |done, total| progress.stage("reading", done, total);
    let mut scene = look(&inventory, catalog, &history, &checkout, &off, &done)?;
    notices.extend(scene.notices.iter().cloned());
    notices.extend(resolve::unnamed(&inventory, &scene.book));
    let question = question.map(|asked| as_read(asked, &inventory, &scene.book));
    let question = question.as_ref();
    let mut systems = subject::systems(
        &scene.signals,
        (&scene.graph, &scene.book),
        &scene.placements,
        &projects(&inventory),
        &given.systems,
        false,
    );
    let mut subject = subject::decide(&scene.signals, &scene.graph, &scene.book, &scene.placements, &systems, &|name| {
        catalog.knows_import(name)
    });
    read_in_part(&mut scene, &systems, catalog);
    effects.signals.clone_from(&scene.off);
    effects.subject = Some(subject.kind);
    for system in &mut systems {
        let Some(named) = given.system_at(&system.path) else { continue };
        let roots = (system.trains.len() + system.serves.len()).max(1) as u64;
        effects.systems.insert(named.path.clone(), roots);
        system.why.push_str(&format!("; {} makes this folder one system", given.place(named.line)));
    }
    correct(&mut subject, &given);
    if let Some(below) = &below {
        let all = systems.len();
        systems.retain(|system| lies_below(system, below, &scene.signals));
        of_folder(&mut subject, below, &systems, all, &scene.signals);
    }

    progress.stage("judging", 0, 0);
    let changes = PathChanges::of(git, &history);
    let paths = |files: &BTreeSet<RepoPath>| changes.touching(files);
    let mut judged: Vec<JudgedSystem<'_>> = if claims(subject.kind) {
        judge(&systems, catalog, options, &scene, (&scene.signals, &scene.graph), &history, &off, &paths)
    } else {
        Vec::new()
    };
    mark_primary(&mut judged);
    effects.judged = judged.len() as u64;
    let settings = settings.map(|settings| {
        let (mut input, idle) = told(&settings, &effects);
        notices.extend(idle);
        let judged_otherwise = input.entries.iter().any(|e| e.touched > 0 && e.key != report::SettingKey::Exclude);
        if judged_otherwise {
            let below = below.as_deref();
            input.without = Some(without(&inventory, &scene, catalog, options, &history, &paths, below));
        }
        input
    });

    let asked = Asked {
        digest: catalog.digest.clone(),
        commit: information.as_ref().and_then(|i| i.commit.clone()),
        committed_at: information.as_ref().and_then(|i| i.committed.clone()),
        remote: information.as_ref().and_then(|i| i.remote.clone()),
        first_commit: history.first(),
        revision: options.revision.clone(),
        bare: git.is_some_and(git::Repository::is_bare),
        models: options.models.clone(),
        in_git: git.is_some(),
        history: git.map(|_| {
            let branches = information.as_ref().map_or(0, |i| i.branches.len());
            (history.commits.len(), branches, history.tags.len(), !history.is_whole())
        }),
        as_of: options.as_of.clone(),
        below,
        settings,
        places_only: options.no_snippets,
        with: inventory.copies().clone(),
        read: scene.read,
        probes: question.is_some(),
    };
    notices.sort();
    notices.dedup();
    let mut report = write_down(&inventory, &scene, catalog, &asked, &subject, &judged, &notices);
    let (sightings, more, file) =
        question.map(|q| answer(&inventory, &scene, catalog, &judged, &notices, q)).transpose()?.unwrap_or_default();
    if subject.kind == words::SubjectKind::Template {
        report.systems = generated(&inventory, scene, catalog, options, &asked, &subject, &off)?;
        report.summary.systems = report.systems.len() as u64;
    }
    Ok(explain::told(Inspection { report, sightings, more, file }, inventory.copies()))
}

/// What the stages know beyond the report.
fn answer(
    inventory: &walk::Inventory,
    scene: &Scene,
    catalog: &Catalog,
    judged: &[JudgedSystem<'_>],
    notices: &[Notice],
    question: &Question,
) -> Result<(Vec<Sighting>, usize, Option<FileView>), Error> {
    let scopes = scopes(catalog)?;
    let lines = walk::Lines::new(inventory);
    let seen = explain::Seen {
        findings: &Findings {
            inventory,
            signals: &scene.signals,
            graph: &scene.graph,
            book: &scene.book,
            rules: &catalog.practices,
            unread: &scene.unread,
            aside: &|path| is_aside(scene, path),
            line: &|at| lines.line(at),
        },
        book: &scene.book,
        placements: &scene.placements,
        program: &scene.program,
        standard: &|module| catalog.interpreter.is_standard(module),
        judged,
        notices,
        scope: &|path| scopes.why(inventory, path),
    };
    Ok(explain::look_up(&seen, question))
}

/// The question as the repository puts it: a file may be named from the root, or from the folder that was scanned. A name
/// that leads to no file is told with those of the same name, before anything is read.
fn here(question: &Question, inventory: &walk::Inventory, below: Option<&str>) -> Result<Question, Error> {
    let Question::File { path, line } = question else { return Ok(question.clone()) };
    // a file of a copy is named as the report tells it
    let copied = || {
        let (name, path) = path.split_once(':')?;
        let copy = inventory.copies().all().iter().find(|copy| copy.name == name)?;
        copy.roots().first().and_then(|root| source::join(root, path)).filter(|path| inventory.contains(path))
    };
    if let Some(path) = copied() {
        return Ok(Question::File { path, line: *line });
    }
    let is_there = |path: &str| inventory.contains(path) || inventory.skipped().iter().any(|s| *s.path == *path);
    let inside = below.and_then(|folder| source::join(folder, path)).filter(|path| is_there(path));
    if let Some(path) = inside {
        return Ok(Question::File { path, line: *line });
    }
    if is_there(path) {
        return Ok(question.clone());
    }
    let name = source::file_name(path);
    let same: Vec<&str> = inventory.entries().iter().map(|e| &*e.path).filter(|p| source::file_name(p) == name).take(3).collect();
    let hint = if inventory.is_dir(path) {
        "that is a folder; name a file in it".to_owned()
    } else if same.is_empty() {
        "name it from the root of the repository".to_owned()
    } else {
        format!("did you mean {}?", same.join(", "))
    };
    Err(Error::Usage(format!("there is no file `{path}` here; {hint}")))
}

/// The question about a file of a copy, under the one of its two roots by which it was read.
fn as_read(question: Question, inventory: &walk::Inventory, book: &fact::Book) -> Question {
    let Question::File { path, line } = &question else { return question };
    let Some((copy, _)) = inventory.copies().of(path).filter(|_| !book.contains_key(&**path)) else { return question };
    let others = copy.roots().into_iter().filter_map(|root| source::join(&root, source::within(path)));
    let read = others.into_iter().find(|other| book.contains_key(&**other));
    read.map(|path| Question::File { path, line: *line }).unwrap_or(question)
}

/// What stands where the user pointed, before any of it is read.
struct Site {
    opened: git::Opened,
    inventory: walk::Inventory,
    history: History,
    notices: Vec<Notice>,
    settings: Option<Settings>,
    /// The folder that was named, where the scan begins above it.
    below: Option<String>,
}

/// Finds repository, settings and files. A folder that holds nothing of the repository above it is scanned alone.
fn arrive(path: &Path, catalog: &Catalog, options: &Options, as_of: Option<i64>) -> Result<Site, Error> {
    let revision = options.revision.as_deref();
    // the headers of the commits are read beside the list of files
    let list = |opened: &git::Opened| {
        let git = opened.repository.as_ref();
        let (listing, history) = rayon::join(
            || walk::list(&opened.root, git, &walk::Limits::default(), revision.is_some()),
            || git.map_or_else(|| History::absent("this is no Git repository"), |git| history::headers(git, as_of)),
        );
        listing.map(|(inventory, listed)| (inventory, listed, history))
    };
    let search = if options.parent { git::Search::Upwards } else { git::Search::Here };
    let mut opened = git::open(path, search, revision)?;
    let (mut inventory, mut listed, mut history) = list(&opened)?;
    let mut below = (opened.prefix != ".").then(|| opened.prefix.clone());
    if let Some(folder) = below.take_if(|folder| !inventory.is_dir(folder)) {
        if let Some(revision) = revision {
            let why = format!("`{folder}` holds no file at revision `{revision}`; name a folder that has some, or the root");
            return Err(Error::Usage(why));
        }
        opened = git::open(path, git::Search::Here, revision)?;
        (inventory, listed, history) = list(&opened)?;
        let text = format!("`{folder}` holds no file of the repository above it, so it was scanned alone");
        listed.push(Notice { at: None, kind: NoticeKind::NotFollowed, text });
    }
    let settings = given(&opened, catalog, options)?;
    let mut notices = std::mem::take(&mut opened.notices);
    notices.extend(listed);
    Ok(Site { opened, inventory, history, notices, settings, below })
}

/// The settings: of the file that the user names, else of the one at the root of what is scanned, else none.
fn given(opened: &git::Opened, catalog: &Catalog, options: &Options) -> Result<Option<Settings>, Error> {
    let known = |id: &str| catalog.signals.iter().any(|s| s.id == id) || catalog.practices.iter().any(|p| p.id == id);
    let near = |id: &str| catalog.suggestions(id).into_iter().filter(|id| known(id)).collect();
    let read = |file: &str, bytes: &[u8]| settings::read(file, bytes, &known, &near).map_err(Error::Settings);
    if let Some(path) = &options.config {
        let bytes = walk::of_user(path, settings::LARGEST)?;
        // only its name enters the report: where it lies is the user's affair
        let name = path.file_name().map_or_else(|| settings::NAME.to_owned(), |name| name.to_string_lossy().into_owned());
        return read(&name, &bytes).map(Some);
    }
    let at_revision = options.revision.is_some();
    match walk::top_file(&opened.root, opened.repository.as_ref(), at_revision, settings::NAME, settings::LARGEST) {
        Ok(None) => Ok(None),
        Ok(Some(bytes)) => Ok(Some(Settings { in_repository: true, ..read(settings::NAME, &bytes)? })),
        Err(why) => {
            let message = format!("it cannot be used: {why}; mend it, or give other settings with --config");
            Err(Error::Settings(vec![RuleError { path: settings::NAME.to_owned(), line: 0, message }]))
        }
    }
}

/// Takes over what the owner says that the repository is.
fn correct(subject: &mut subject::Subject, settings: &Settings) {
    let Some(correction) = &settings.subject else { return };
    if subject.kind != correction.kind {
        let reason = report::redact::snippet(&correction.reason);
        let found = format!("without this it is found to be {}: {}", subject.kind, subject.why);
        subject.why = format!("corrected by {}, because {reason} ({found})", settings.place(correction.line));
        subject.kind = correction.kind;
    }
    if settings.in_repository {
        subject.places.insert(0, Location::line(&settings.file.as_str().into(), correction.line));
    }
}

/// Of a repository with systems, what is said of a folder of it speaks of those that lie there.
fn of_folder(subject: &mut subject::Subject, below: &str, systems: &[System], all: usize, signals: &signals::Signals) {
    let judged = claims(subject.kind);
    if !judged && subject.kind != words::SubjectKind::NotMl || judged && systems.len() == all {
        return;
    }
    subject.signals.retain(|i| signals.all.get(*i).is_some_and(|seen| subject::beneath(&seen.at.path, below)));
    subject.places.retain(|at| subject::beneath(&at.path, below));
    if !judged {
        // what else the repository holds was not asked for
        let there = if subject.signals.is_empty() { "nothing" } else { "no system" };
        subject.why =
            format!("as a part of its repository, {there} below {below} that trains a model or serves one was recognised");
        return;
    }
    subject.why = match systems {
        [] => format!("nothing below {below} trains a model or serves one; of the whole repository: {}", subject.why),
        [one] => format!("the system below {below}, one of {all} in the repository: {}", one.why),
        several => format!("{} of the {all} systems of the repository lie below {below}", several.len()),
    };
    if systems.len() == 1 && subject.kind == words::SubjectKind::MlCollection {
        subject.kind = words::SubjectKind::MlSystem;
    }
}

/// Whether a system, or a place where it trains or serves, lies below a folder.
fn lies_below(system: &System, folder: &str, signals: &signals::Signals) -> bool {
    let roots = system.trains.iter().chain(&system.serves);
    subject::beneath(&system.path, folder)
        || roots.filter_map(|i| signals.all.get(*i)).any(|root| subject::beneath(&root.at.path, folder))
}

/// The day that is asked for, in days since 1970-01-01.
fn last_day(text: &str) -> Result<i64, Error> {
    history::day(text).ok_or_else(|| Error::Usage(format!("`{text}` is no day; write one as YYYY-MM-DD, such as 2024-05-31")))
}

/// Files that are younger than the day from which age is counted.
fn newer_files(day: &str, committed: &str) -> Option<Notice> {
    let date = committed.get(..10)?;
    let text = || format!("the files are those of the commit of {date}, which came after {day}; --rev takes an older one");
    (date > day).then(|| Notice { at: None, kind: NoticeKind::History, text: text() })
}

/// Everything between the files and the judging.
struct Scene {
    placements: std::collections::BTreeMap<RepoPath, fact::Placement>,
    book: fact::Book,
    signals: signals::Signals,
    graph: graph::Graph,
    program: resolve::Program,
    /// Signals and graph with those that are switched off, where some are.
    whole: Option<(signals::Signals, graph::Graph)>,
    notices: Vec<Notice>,
    /// Automation that was seen and not read, and the practices that it may hide.
    unread: Vec<report::compile::Unread>,
    hidden: BTreeSet<String>,
    /// For each signal that is switched off, in how many places it was seen.
    off: BTreeMap<String, u64>,
    read: usize,
}

fn look(
    inventory: &walk::Inventory,
    catalog: &Catalog,
    history: &History,
    checkout: &graph::connect::Checkout,
    off: &BTreeSet<String>,
    done: &(dyn Fn(u64, u64) + Sync),
) -> Result<Scene, Error> {
    let mut placements = scopes(catalog)?.place(inventory);
    let modules = resolve::Modules::build(inventory);
    let extracted = facts::extract(inventory, &placements, catalog, &modules, false, done);
    let (book, program) = (extracted.book, extracted.program);
    let elsewhere = fact::Placement { scope: words::Scope::Elsewhere, nested_root: false };
    placements.extend(book.keys().filter(|path| source::is_copy(path)).map(|path| (path.clone(), elsewhere)));
    let mut signals = signals::find(catalog, inventory, &book, &placements, &program, history);
    let known = off.iter().filter(|id| catalog.signals.iter().any(|rule| rule.id == **id));
    let mut switched_off: BTreeMap<String, u64> = known.map(|id| (id.clone(), 0)).collect();
    let some_off = signals.all.iter().any(|signal| switched_off.contains_key(&*signal.id));
    let all = some_off.then(|| signals::Signals { all: signals.all.clone() });
    signals.all.retain(|signal| {
        let count = switched_off.get_mut(&*signal.id);
        let counts = count.is_none();
        count.into_iter().for_each(|count| *count += 1);
        counts
    });
    let view = resolve::View::new(inventory, &book, &modules, &catalog.programs);
    let connected =
        |signals: &signals::Signals| graph::connect::connect(&book, &view, &program, &placements, signals, checkout, catalog);
    let graph = connected(&signals);
    graph::settle(&mut signals, &graph, &program);
    let whole = all.map(|mut signals| {
        let graph = connected(&signals);
        graph::settle(&mut signals, &graph, &program);
        (signals, graph)
    });
    // only source files hide anything: an example's pipeline is no practice of this repository; nor is what needs a
    // runner that nothing calls
    let called = graph.called(&book, &|command, uses| {
        let own = command.iter().map(|command| command.words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>());
        let through = command.iter().flat_map(|command| &command.through).map(|by| by.split(' ').collect::<Vec<_>>());
        let lines: Vec<Vec<&str>> = own.chain(through).collect();
        let fits = |kind: &rules::unread::Unread| match (command, uses) {
            (Some(_), _) => lines.iter().any(|words| kind.is_run_by(words)),
            (_, Some(uses)) => kind.is_set_up_by(&uses.reference),
            _ => false,
        };
        (0..catalog.unread.len()).filter(|kind| fits(&catalog.unread[*kind])).collect()
    });
    let unread: Vec<(RepoPath, usize)> = extracted
        .unread
        .into_iter()
        .filter(|(path, _)| placements.get(path).is_none_or(|p| p.scope == words::Scope::Source))
        .filter(|(_, kind)| catalog.unread[*kind].called_by.is_empty() || called.contains(kind))
        .collect();
    let mut hidden: BTreeSet<String> =
        unread.iter().flat_map(|(_, kind)| catalog.unread[*kind].practices.iter().cloned()).collect();
    let unread = unread.into_iter().map(|(path, number)| {
        let kind = &catalog.unread[number];
        report::compile::Unread { path, what: kind.what.clone(), kind: number, practices: kind.practices.clone() }
    });
    if inventory.is_incomplete() {
        // where the list of files was cut off, nothing can be said not to be there
        hidden.extend(catalog.practices.iter().map(|rule| rule.id.clone()));
    }
    Ok(Scene {
        placements,
        book,
        signals,
        graph,
        program,
        whole,
        notices: extracted.notices,
        unread: unread.collect(),
        hidden,
        off: switched_off,
        read: extracted.read,
    })
}

/// What a template's body would be judged as: systems of its own, none of them primary, without a history.
fn generated(
    inventory: &walk::Inventory,
    scene: Scene,
    catalog: &Catalog,
    options: &Options,
    asked: &Asked,
    subject: &subject::Subject,
    off: &BTreeSet<String>,
) -> Result<Vec<report::System>, Error> {
    let history = History::absent("what a template makes has no history yet");
    let body = subject::body(inventory);
    let scene = match &body {
        Some(body) => look(body, catalog, &history, &graph::connect::Checkout::default(), off, &|_, _| {})?,
        None => scene,
    };
    let inventory = body.as_ref().unwrap_or(inventory);
    let systems =
        subject::systems(&scene.signals, (&scene.graph, &scene.book), &scene.placements, &projects(inventory), &[], true);
    let judged =
        judge(&systems, catalog, options, &scene, (&scene.signals, &scene.graph), &history, off, &|_| PathChange::default());
    // the subject's own places lie in the template and not in its body
    let subject = subject::Subject { signals: Vec::new(), places: Vec::new(), ..subject.clone() };
    Ok(write_down(inventory, &scene, catalog, asked, &subject, &judged, &[]).systems)
}

fn write_down(
    inventory: &walk::Inventory,
    scene: &Scene,
    catalog: &Catalog,
    asked: &Asked,
    subject: &subject::Subject,
    judged: &[JudgedSystem<'_>],
    notices: &[Notice],
) -> Report {
    let lines = walk::Lines::new(inventory);
    let findings = Findings {
        inventory,
        signals: &scene.signals,
        graph: &scene.graph,
        book: &scene.book,
        rules: &catalog.practices,
        unread: &scene.unread,
        aside: &|path| is_aside(scene, path),
        line: &|at| lines.line(at),
    };
    report::compile::compile(&findings, asked, subject, judged, notices)
}

/// What the same files come to where no setting decides: judged once more on the same facts, nothing is read anew.
fn without(
    inventory: &walk::Inventory,
    scene: &Scene,
    catalog: &Catalog,
    options: &Options,
    history: &History,
    paths: &dyn Fn(&BTreeSet<RepoPath>) -> PathChange,
    below: Option<&str>,
) -> report::Without {
    let (signals, graph) = scene.whole.as_ref().map_or((&scene.signals, &scene.graph), |whole| (&whole.0, &whole.1));
    let mut systems = subject::systems(signals, (graph, &scene.book), &scene.placements, &projects(inventory), &[], false);
    let known = |name: &str| catalog.knows_import(name);
    let subject = subject::decide(signals, graph, &scene.book, &scene.placements, &systems, &known);
    if let Some(below) = below {
        systems.retain(|system| lies_below(system, below, signals));
    }
    let mut without = report::Without { subject: Some(subject.kind), ..report::Without::default() };
    if !claims(subject.kind) {
        return without;
    }
    let mut judged = judge(&systems, catalog, options, scene, (signals, graph), history, &BTreeSet::new(), paths);
    mark_primary(&mut judged);
    without.systems = judged.len() as u64;
    for (model, found) in judged.iter().filter(|s| s.primary).flat_map(|s| &s.models) {
        match &found.overall.numbers {
            Some(numbers) => {
                without.levels.insert(model.id.clone(), numbers.level);
            }
            None => without
                .levels
                .extend(found.dimensions.iter().filter_map(|(name, d)| Some((format!("{}.{name}", model.id), d.numbers?.level)))),
        }
    }
    without
}

/// Whether levels are claimed for what a repository is.
fn claims(kind: words::SubjectKind) -> bool {
    matches!(kind, words::SubjectKind::MlSystem | words::SubjectKind::MlCollection)
}

/// Where all that trains stands in files of which only that is read, what else they may show is not known.
fn read_in_part(scene: &mut Scene, systems: &[System], catalog: &Catalog) {
    let trains = systems.iter().flat_map(|system| &system.trains).map(|signal| scene.signals.all[*signal].at.path.clone());
    let trains: BTreeSet<RepoPath> = trains.filter(|path| !path.ends_with(".ipynb")).collect();
    let paths: Vec<&str> = trains.iter().map(|path| &**path).collect();
    for (path, number) in catalog.unread_at.all_in_part(&paths) {
        let kind = &catalog.unread[number];
        scene.hidden.extend(kind.practices.iter().cloned());
        let (path, what, practices) = (RepoPath::from(path), kind.what.clone(), kind.practices.clone());
        scene.unread.push(report::compile::Unread { path, what, kind: number, practices });
    }
}

/// Judges every system on its own.
#[allow(clippy::too_many_arguments)] // the stages before it, each by name
fn judge<'s>(
    systems: &'s [System],
    catalog: &'s Catalog,
    options: &Options,
    scene: &Scene,
    (signals, graph): (&signals::Signals, &graph::Graph),
    history: &History,
    off: &BTreeSet<String>,
    paths: &dyn Fn(&BTreeSet<RepoPath>) -> PathChange,
) -> Vec<JudgedSystem<'s>> {
    systems
        .iter()
        .map(|system| {
            let evidence = Evidence {
                rules: &catalog.practices,
                signals,
                graph,
                history,
                paths,
                book: &scene.book,
                unread: &scene.hidden,
                off,
                system,
            };
            let practices = practices::judge(&evidence);
            let verdicts = practices::verdicts(&practices);
            let models: Vec<_> = catalog
                .models
                .iter()
                .filter(|m| options.models.is_empty() || options.models.contains(&m.id))
                .map(|model| (model, maturity::grade(model, &verdicts)))
                .collect();
            let remedies = raise(&practices, &models, &|remedy| practices::mended(&evidence, remedy));
            let practices = practices.into_iter().map(|(p, _)| p).collect();
            JudgedSystem { system, primary: false, alike: 0, practices, verdicts, models, remedies }
        })
        .collect()
}

/// Whether a file starts nothing by what it is.
fn is_aside(scene: &Scene, path: &str) -> bool {
    path.ends_with(".ipynb") || scene.placements.get(path).is_some_and(|p| p.scope != words::Scope::Source)
}

/// The primary system is the one with the most of train, deploy and serve, then of code.
fn mark_primary(judged: &mut [JudgedSystem<'_>]) {
    let weight = |s: &JudgedSystem<'_>| {
        let deploys = s.practices.iter().any(|p| p.id == "deploy.scripted" && practices::rank(p.standing) > 3);
        let kinds = usize::from(!s.system.trains.is_empty()) + usize::from(!s.system.serves.is_empty()) + usize::from(deploys);
        (kinds, s.system.train_files.len() + s.system.serve_files.len())
    };
    let best = (0..judged.len()).max_by_key(|i| (weight(&judged[*i]), std::cmp::Reverse(*i)));
    if let Some(best) = best {
        judged[best].alike = judged.iter().filter(|other| weight(other) == weight(&judged[best])).count();
        judged[best].primary = true;
    }
}

/// Loads, checks and proves the rules of a folder together with the built-in ones (or those alone): every example must
/// be seen, no counter-example may be.
///
/// # Errors
///
/// [`Error::Rules`] with every mistake.
pub fn check_rules(folder: Option<&Path>) -> Result<Summary, Error> {
    let catalog = Catalog::load(folder.map(Path::to_owned).as_slice())?;
    let pool = rayon::ThreadPoolBuilder::new().stack_size(STACK).build().map_err(|e| Error::Usage(e.to_string()))?;
    let wrong = pool.install(|| signals::prove(&catalog, &|files| see(&catalog, files)));
    if wrong.is_empty() { Ok(catalog.summary()) } else { Err(Error::Rules(wrong)) }
}

/// What the readers and rules see in a few files held in memory.
fn see(catalog: &Catalog, files: &[(&str, &str)]) -> signals::Signals {
    let inventory = walk::Inventory::in_memory(files);
    let Ok(scopes) = scopes(catalog) else { return signals::Signals::default() };
    let placements = scopes.place(&inventory);
    let modules = resolve::Modules::build(&inventory);
    let extracted = facts::extract(&inventory, &placements, catalog, &modules, true, &|_, _| {});
    let history = History::absent("an example has none");
    signals::find(catalog, &inventory, &extracted.book, &placements, &extracted.program, &history)
}

/// Folders with a manifest of their own.
fn projects(inventory: &walk::Inventory) -> BTreeSet<String> {
    const MANIFESTS: &[&str] = &[
        "pyproject.toml",
        "setup.py",
        "Pipfile",
        "requirements.txt",
        "environment.yml",
        "environment.yaml",
        "DESCRIPTION",
        "Project.toml",
    ];
    let named = inventory.entries().iter().filter(|e| MANIFESTS.contains(&source::file_name(&e.path)));
    named.map(|e| source::folder(&e.path).to_owned()).collect()
}

/// The matchers of scopes are rules as well; they are compiled for every scan.
fn scopes(catalog: &Catalog) -> Result<scope::Scopes, Error> {
    scope::Scopes::load("scopes.yaml", catalog.text("scopes.yaml")).map_err(Error::Rules)
}

fn history_notice(history: &History) -> Option<Notice> {
    let text = match &history.state {
        history::State::Full => return None,
        history::State::Shallow => {
            "the clone ends before the first commit, so practices that need history are unknown; fetch all of it (fetch-depth: 0)"
                .to_owned()
        }
        history::State::Absent { why } => format!("{why}, so practices that need history are unknown"),
    };
    Some(Notice { at: None, kind: NoticeKind::History, text })
}

/// `owner/name` of `host/owner/name`.
fn owner_and_name(remote: &str) -> String {
    remote.split_once('/').map_or(remote, |(_, rest)| rest).to_owned()
}
