//! What the calls and names of Python mean across the files of a repository.
//!
//! A name is followed through imports, aliases, re-exports and assignments; a method through the class of its
//! receiver: a constructor, an annotation, what a function returns, what `self` was given, what all callers pass. What
//! cannot be followed stays unknown, and a call never means several own functions at once.
//!
//! Invariants: nothing is read and nothing run; every question is bounded in depth, candidates and steps; the answers
//! depend on the files alone, in path order.

mod applications;
mod asked;
mod attribute;
mod callback;
mod commands;
mod constant;
mod decided;
mod ends;
mod index;
mod infer;
mod kept;
mod left_out;
mod meaning;
mod orders;
mod origin;
mod quick;
mod replaced;
mod result;
mod settle;
#[cfg(test)]
pub(crate) mod tests;
mod told;
mod wording;
mod world;
mod written;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use rayon::prelude::*;

use super::python::{Modules, Place};
use crate::fact::{Book, Code, FactKind};
use crate::rules::callables::Callables;
use crate::source::RepoPath;
use crate::syntax::python::{CallId, FlowId, FlowKind, Module, Name, Root, ScopeId, ScopeKind, Target, Value};
use crate::syntax::tree::Tree;
use crate::words::Strength;
use commands::Commands;
pub(crate) use commands::{Offered, Start};
use index::Index;
use infer::{Ctx, Infer, Type};
pub(crate) use meaning::Meaning;
pub(crate) use quick::Quick;
pub(crate) use replaced::Replaced;
pub(crate) use told::{Course, Told, Why};
pub(crate) use wording::{name_text, text_of};

/// Index into [`Program::files`].
pub(crate) type FileId = usize;

/// A scope of a file of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct At {
    /// The file.
    pub(crate) file: FileId,
    /// The scope.
    pub(crate) scope: ScopeId,
}

/// Stands between the classes that one value may have, in a name from outside (`a.B|c.D#fit`).
pub(crate) const ALTERNATIVE: char = '|';

/// What a call calls, as rules ask for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Callee {
    /// Something that is not of this repository, by its full name: `mlflow.log_metric`; a method on a value that such a
    /// thing made: `sklearn.svm.SVC#fit`; where that may be one of several, `xgboost.XGBClassifier|sklearn.svm.SVC#fit`.
    External {
        /// The name.
        name: String,
        /// How sure.
        strength: Strength,
    },
    /// A function of this repository; for a class its constructor, or the class itself where it has none.
    Own {
        /// Its file.
        path: RepoPath,
        /// Its scope there.
        scope: ScopeId,
        /// How sure.
        strength: Strength,
        /// For a class that builds on one from outside, or a method of it: the name that it would have there.
        external_base: Option<String>,
    },
    /// Not known.
    Unknown {
        /// The method or function, as written.
        method: Option<String>,
        /// The last name of what it is called on, as written.
        receiver: Option<String>,
    },
}

/// What a call leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    /// Something from outside.
    External {
        /// Its full name.
        name: Arc<str>,
        /// It was followed literally.
        sure: bool,
    },
    /// Own code.
    Own {
        /// What runs: a function, or a class without constructor.
        to: At,
        /// The class of which an object is made.
        makes: Option<At>,
        /// The name it would have in the class from outside that its own class builds on.
        external_base: Option<Arc<str>>,
        /// It was followed literally.
        sure: bool,
    },
    /// Not known.
    Unknown {
        /// What it is called on is own code, so the chain may go on here.
        own: bool,
    },
}

/// Python code of the repository: a file, or code in a command.
#[derive(Debug)]
pub(crate) struct CodeFile {
    /// The file.
    pub(crate) path: RepoPath,
    /// For code in a command: the index of the command's fact.
    pub(crate) embedded: Option<usize>,
    /// The code.
    pub(crate) code: Arc<Code>,
    /// From where its imports are looked up: the file, or the folder that the command runs in.
    from: RepoPath,
    index: Index,
}

/// An own function or class that a call hands over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Passed {
    /// Which.
    pub(crate) at: At,
    /// What takes it is known to run it.
    pub(crate) sure: bool,
}

/// What stands above a function or class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decorator {
    /// Its name as written.
    pub(crate) text: String,
    /// Its full name, if it is from outside.
    pub(crate) outside: Option<Arc<str>>,
    /// The own function that it is.
    pub(crate) own: Option<At>,
    /// The call, where it is written as one.
    pub(crate) call: Option<CallId>,
}

impl CodeFile {
    pub(crate) fn module(&self) -> &Module {
        &self.code.module
    }
}

/// Where an argument may come from: a call of own code.
#[derive(Debug, Clone, Copy)]
struct Site {
    file: FileId,
    call: CallId,
    /// The first parameters that the call does not fill (`self`).
    offset: usize,
}

/// Calls of each own function.
type Sites = HashMap<At, Vec<Site>, Quick>;

/// Calls of each own function, for those who need them all.
#[derive(Debug)]
pub(crate) struct Callers(Sites);

impl Callers {
    /// The calls of one: the file, the call, and how many parameters the call does not fill (`self`).
    pub(crate) fn of(&self, at: At) -> Vec<(FileId, CallId, usize)> {
        self.0.get(&at).into_iter().flatten().map(|s| (s.file, s.call, s.offset)).collect()
    }
}

/// What a class builds on.
#[derive(Debug, Clone, Default)]
struct Bases {
    /// The class and its own bases, in the order in which members are looked for.
    order: Vec<At>,
    /// Classes from outside, in the same order.
    external: Vec<Arc<str>>,
    /// Some base is not known.
    unknown: bool,
}

/// Most dotted names that are taken from commands.
const MAX_TOLD: usize = 500;

/// Files that share what their questions remember.
const CHUNK: usize = 64;

/// What following the calls of one file gives.
struct Followed {
    reached: Vec<Destination>,
    passed: BTreeMap<CallId, Vec<Passed>>,
    decorators: Vec<(At, Vec<Decorator>)>,
}

impl Followed {
    fn of(infer: &mut Infer<'_>, file: FileId, known: Vec<Destination>) -> Self {
        let reached = infer.reach_all(file, Some(known));
        let passed = infer.passed(file, &reached);
        let scopes = infer.world.files.get(file).map_or(&[][..], |f| &f.module().scopes);
        let decorated = scopes.iter().enumerate().filter(|(_, s)| !s.decorators.is_empty()).map(|(scope, _)| At { file, scope });
        let decorators = decorated.map(|at| (at, infer.decorators(at))).collect();
        Self { reached, passed, decorators }
    }
}

/// All that questions are answered from.
#[derive(Debug, Default)]
struct World {
    files: Vec<CodeFile>,
    by_path: HashMap<RepoPath, FileId>,
    modules: Modules,
    bases: HashMap<At, Bases, Quick>,
    /// Direct own sub-classes.
    subclasses: HashMap<At, Vec<At>, Quick>,
    /// Own classes by the names of their methods.
    methods: HashMap<Box<str>, Vec<At>>,
    /// What is put into attributes and elements of things that others reach as well.
    kept: kept::Kept,
    /// What runs the functions it is given.
    callables: Callables,
    /// Dotted names that options of commands are given.
    told_modules: BTreeSet<String>,
    /// Whether hooks may mark any test; worked out when first asked.
    hooks: std::sync::OnceLock<bool>,
}

/// The documents that a book holds, in path order.
fn documents(book: &Book) -> impl Iterator<Item = (&RepoPath, &Arc<Tree>)> {
    book.iter().filter_map(|(path, facts)| Some((path, facts.tree.as_ref()?)))
}

/// Dotted names that options of commands are given (`--module pipelines.fit`): code may import what it is told. What
/// stands behind `-m` is a program, which is run.
fn told_modules(book: &Book) -> BTreeSet<String> {
    let dotted = |text: &str| {
        let mut parts = text.split('.');
        text.contains('.') && parts.all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
    };
    let words = book.values().flat_map(|facts| &facts.facts).filter_map(|fact| match &fact.kind {
        FactKind::Command(command) => Some(&command.words),
        _ => None,
    });
    let told = words.flat_map(|words| {
        let apart = words.windows(2).filter_map(|pair| match pair {
            [option, value] if option.text.starts_with('-') && option.text != "-m" && value.literal => Some(&*value.text),
            _ => None,
        });
        apart
            .chain(words.iter().filter(|w| w.literal && w.text.starts_with("--")).filter_map(|w| Some(w.text.split_once('=')?.1)))
    });
    told.filter(|text| dotted(text)).map(str::to_owned).take(MAX_TOLD).collect()
}

/// The last parts of dotted names that files assign to.
fn given_fields(files: &[CodeFile]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut add = |name: &Name| {
        if !name.path.is_empty() {
            found.extend(name.last().map(str::to_owned));
        }
    };
    for target in files.iter().flat_map(|f| &f.module().assigns).flat_map(|a| &a.targets) {
        match target {
            Target::Name(name) => add(name),
            Target::Tuple(names) => names.iter().for_each(&mut add),
            Target::Item(..) => {}
        }
    }
    found
}

/// The code that a book holds, in path order: where, in which command, from where its imports are looked up, and what.
fn code(book: &Book) -> impl Iterator<Item = (&RepoPath, Option<usize>, RepoPath, &Arc<Code>)> {
    book.iter().flat_map(|(path, facts)| {
        let own = facts.code.iter().map(move |code| (path, None, path.clone(), code));
        own.chain(facts.embedded.iter().map(move |(fact, code)| {
            let dir = facts.facts.get(*fact).and_then(|f| match &f.kind {
                FactKind::Command(command) => command.dir.as_deref(),
                _ => None,
            });
            (path, Some(*fact), dir.unwrap_or(".").into(), code)
        }))
    })
}

/// The Python of a repository, with its calls followed.
#[derive(Debug, Default)]
pub(crate) struct Program {
    world: World,
    sites: Sites,
    reached: Vec<Vec<Destination>>,
    /// Own functions and classes handed over by a call.
    passed: Vec<BTreeMap<CallId, Vec<Passed>>>,
    decorators: BTreeMap<At, Vec<Decorator>>,
    by_code: BTreeMap<(RepoPath, Option<usize>), FileId>,
    commands: Commands,
    /// Attributes of anything that something is assigned to.
    given_fields: BTreeSet<String>,
    /// Calls that end what they stand in.
    ends: ends::Ends,
    /// Documents of the repository, by path.
    trees: BTreeMap<RepoPath, Arc<Tree>>,
}

impl Program {
    /// Follows every call of everything that was read.
    pub(crate) fn build(book: &Book, modules: &Modules, callables: &Callables) -> Self {
        let mut program = Self::default();
        program.world.callables = callables.clone();
        program.world.modules = modules.clone();
        program.world.told_modules = told_modules(book);
        program.trees = documents(book).map(|(path, tree)| (path.clone(), tree.clone())).collect();
        for (path, embedded, from, code) in code(book) {
            if embedded.is_none() {
                program.world.by_path.insert(path.clone(), program.world.files.len());
            }
            program.add(path, embedded, from, code);
        }
        program.world.find_methods();
        program.world.kept = kept::Kept::of(&program.world.files);
        program.world.find_bases();
        program.given_fields = given_fields(&program.world.files);
        program.follow();
        program.find_ends();
        program.commands = Commands::of(&program.world, &program.sites, &program.reached, &program.decorators);
        program
    }

    /// Whether a book holds the very code and documents of which this was built, so that building again would give the
    /// same answers.
    pub(crate) fn is_of(&self, book: &Book) -> bool {
        let files = self.world.files.iter().map(|f| (&f.path, f.embedded, &f.from, Arc::as_ptr(&f.code)));
        let of = code(book).collect::<Vec<_>>();
        self.world.told_modules == told_modules(book)
            && documents(book)
                .map(|(path, tree)| (path, Arc::as_ptr(tree)))
                .eq(self.trees.iter().map(|(p, t)| (p, Arc::as_ptr(t))))
            && of.iter().map(|(path, embedded, from, code)| (*path, *embedded, from, Arc::as_ptr(code))).eq(files)
    }

    fn add(&mut self, path: &RepoPath, embedded: Option<usize>, from: RepoPath, code: &Arc<Code>) {
        self.by_code.insert((path.clone(), embedded), self.world.files.len());
        let index = Index::of(&code.module);
        self.world.files.push(CodeFile { path: path.clone(), embedded, code: code.clone(), from, index });
    }

    /// Twice: what callers pass is known only once their calls are. Chunks of files are followed side by side; what one
    /// question remembers for the next stays within its chunk, so that the answers do not hang on the threads.
    fn follow(&mut self) {
        let world = &self.world;
        let files: Vec<FileId> = (0..world.files.len()).collect();
        let first: Vec<Vec<Destination>> = files
            .par_chunks(CHUNK)
            .flat_map_iter(|chunk| {
                let mut infer = Infer::new(world, None);
                chunk.iter().map(|file| infer.reach_all(*file, None)).collect::<Vec<_>>()
            })
            .collect();
        let sites = world.find_sites(&first, settle::MAX_SITES);
        let followed: Vec<Followed> = first
            .into_par_iter()
            .enumerate()
            .chunks(CHUNK)
            .flat_map_iter(|chunk| {
                let mut infer = Infer::new(world, Some(&sites));
                chunk.into_iter().map(|(file, known)| Followed::of(&mut infer, file, known)).collect::<Vec<_>>()
            })
            .collect();
        self.sites = sites;
        for file in followed {
            self.passed.push(file.passed);
            self.reached.push(file.reached);
            self.decorators.extend(file.decorators);
        }
    }

    /// All code, files in path order.
    pub(crate) fn files(&self) -> &[CodeFile] {
        &self.world.files
    }

    /// The file of a path.
    pub(crate) fn file(&self, path: &str, embedded: Option<usize>) -> Option<FileId> {
        match embedded {
            None => self.world.by_path.get(path).copied(),
            some => self.by_code.get(&(path.into(), some)).copied(),
        }
    }

    /// What the imports of a file run, in file order: the import's index and each module that was read, packages
    /// before what stands in them.
    pub(crate) fn imports(&self, file: FileId) -> Vec<(usize, FileId)> {
        let Some(code) = self.world.files.get(file) else { return Vec::new() };
        let mut found = Vec::new();
        for (id, import) in code.module().imports.iter().enumerate() {
            let Some(place) = self.world.modules.of_import(&code.from, import) else { continue };
            let child = import.name.as_deref().and_then(|name| self.world.modules.child(&place, name));
            let mut paths = self.world.modules.packages(&place);
            paths.reverse();
            paths.extend([Some(place), child].into_iter().flatten().filter_map(|p| match p {
                Place::File(path) => Some(path),
                Place::Folder(_) => None,
            }));
            found.extend(paths.iter().filter_map(|p| self.world.by_path.get(p)).filter(|f| **f != file).map(|f| (id, *f)));
        }
        found
    }

    /// The own function that a module calls by a name, wherever it is defined.
    pub(crate) fn function_named(&self, file: FileId, name: &str) -> Option<At> {
        match Infer::new(&self.world, Some(&self.sites)).export(file, name)?.what {
            Type::Function(at) => Some(at),
            _ => None,
        }
    }

    /// The function that the objects of an own class have under a name.
    pub(crate) fn method(&self, class: At, name: &str) -> Option<At> {
        self.class_order(class).iter().find_map(|own| {
            let index = &self.world.files.get(own.file)?.index;
            Some(At { scope: index.definition(own.scope, name)?, ..*own })
        })
    }

    /// The functions that stand directly in the body of a class.
    pub(crate) fn methods(&self, class: At) -> Vec<At> {
        let Some(code) = self.world.files.get(class.file) else { return Vec::new() };
        let scopes = code.module().scopes.iter().enumerate().skip(class.scope + 1);
        scopes
            .take_while(|(_, s)| s.line <= code.module().scopes.get(class.scope).map_or(0, |c| c.end_line))
            .filter(|(_, s)| s.parent == class.scope && s.kind == ScopeKind::Function)
            .map(|(scope, _)| At { scope, ..class })
            .collect()
    }

    /// The methods that run where a method is called that only says that sub-classes must have it: one of these.
    pub(crate) fn stand_ins(&self, method: At) -> Vec<At> {
        self.world.stand_ins(method)
    }

    /// Where an own function is called: the file, the call, and how many parameters the call does not fill (`self`).
    pub(crate) fn callers(&self, at: At) -> Vec<(FileId, CallId, usize)> {
        self.sites.get(&at).into_iter().flatten().map(|s| (s.file, s.call, s.offset)).collect()
    }

    /// Where all own functions are called, up to so many calls of each; test code left out.
    pub(crate) fn all_callers(&self, most: usize) -> Callers {
        Callers(self.world.find_sites(&self.reached, most))
    }

    /// What a call leads to.
    pub(crate) fn reached(&self, file: FileId, call: CallId) -> &Destination {
        const UNKNOWN: &Destination = &Destination::Unknown { own: false };
        self.reached.get(file).and_then(|calls| calls.get(call)).unwrap_or(UNKNOWN)
    }

    /// Own functions and classes that a call hands over, in the order of its arguments.
    pub(crate) fn passed(&self, file: FileId, call: CallId) -> &[Passed] {
        self.passed.get(file).and_then(|calls| calls.get(&call)).map_or(&[], Vec::as_slice)
    }

    /// What decorates a function or class, top to bottom.
    pub(crate) fn decorators(&self, at: At) -> &[Decorator] {
        self.decorators.get(&at).map_or(&[], Vec::as_slice)
    }

    /// The scope of an own function or class.
    pub(crate) fn scope(&self, at: At) -> Option<&crate::syntax::python::Scope> {
        self.world.scope(at)
    }

    /// What is known of callables from outside.
    pub(crate) fn callables(&self) -> &Callables {
        &self.world.callables
    }

    /// The classes from outside that an own class builds on.
    pub(crate) fn external_bases(&self, class: At) -> &[Arc<str>] {
        self.world.bases.get(&class).map_or(&[], |b| &b.external)
    }

    /// An own class and its own bases, nearest first.
    pub(crate) fn class_order(&self, class: At) -> &[At] {
        self.world.bases.get(&class).map_or(&[], |b| &b.order)
    }

    /// What a call calls. `embedded` is the index of the fact for code in a command.
    pub(crate) fn callee(&self, path: &str, embedded: Option<usize>, call: CallId) -> Callee {
        let strength = |sure: bool| if sure { Strength::Resolved } else { Strength::Inferred };
        let unknown = Callee::Unknown { method: None, receiver: None };
        let Some(file) = self.file(path, embedded) else { return unknown };
        match self.reached(file, call) {
            Destination::External { name, sure } => Callee::External { name: name.to_string(), strength: strength(*sure) },
            Destination::Own { to, external_base, sure, .. } => {
                let Some(target) = self.world.files.get(to.file) else { return unknown };
                Callee::Own {
                    path: target.path.clone(),
                    scope: to.scope,
                    strength: strength(*sure),
                    external_base: external_base.as_deref().map(str::to_owned),
                }
            }
            Destination::Unknown { .. } => {
                let callee = self.world.files.get(file).and_then(|f| f.module().calls.get(call)).map(|c| &c.callee);
                Callee::Unknown {
                    method: callee.and_then(|c| c.last()).map(str::to_owned),
                    receiver: callee.and_then(|c| self.receiver(file, c)),
                }
            }
        }
    }

    /// The last name before the method: `model` in `self.model.fit`, `models` in `models[0].fit`.
    fn receiver(&self, file: FileId, callee: &Name) -> Option<String> {
        let before = callee.path.len().checked_sub(1)?;
        if let Some(last) = before.checked_sub(1).and_then(|i| callee.path.get(i)) {
            return Some(last.clone());
        }
        match &callee.root {
            Root::Local(name) => Some(name.clone()),
            Root::Item(of, _) => of.last().map(str::to_owned),
            Root::Call(id) => self.world.files.get(file)?.module().calls.get(*id)?.callee.last().map(str::to_owned),
            _ => None,
        }
    }

    /// What a name stands for where it is used, as text: the full name of a thing from outside or of what made it; for
    /// an own class that of the class from outside it builds on; the text of a literal. `scope` is where it stands: for
    /// a decorator or base class the scope around the definition.
    pub(crate) fn value(&self, path: &str, embedded: Option<usize>, scope: ScopeId, name: &Name) -> Option<String> {
        let file = self.file(path, embedded)?;
        let ctx = Ctx { file, scope, at: u32::MAX, conditions: &[] };
        let found = Infer::new(&self.world, Some(&self.sites)).name(name, ctx)?;
        match found.what {
            Type::External(name) | Type::Instance(name) => Some(name.to_string()),
            Type::Class(class) | Type::Object(class) => self.external_bases(class).first().map(|b| b.to_string()),
            Type::Literal(value, _) => match value {
                Value::Str(text) | Value::Float(text) => Some(text.clone()),
                Value::Int(number) => Some(number.to_string()),
                Value::Bool(yes) => Some(if *yes { "True" } else { "False" }.to_owned()),
                _ => None,
            },
            _ => None,
        }
    }
}
