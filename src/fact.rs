//! What one file states: plain data with its place, nothing that reads.
//!
//! Every reader, whatever the format, lowers a file to the same few kinds: *units* (things that can run and own
//! others: a workflow, a job, a step, a make target, a stage, a script) and *facts* (what a unit states: its
//! trigger, a command, a reference, an order, a guard). So nothing downstream can tell one CI system from another.
//! A fact sees one file only; what needs two files is the work of `resolve` and `graph`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::source::{Notice, RepoPath};
use crate::syntax::python::{CallId, Module, ScopeId};
use crate::syntax::shell::Word;
use crate::syntax::tree::Tree;
use crate::words::{EdgeKind, Scope, Strength, TriggerKind};

/// Index into [`FileFacts::units`].
pub type UnitId = usize;

/// What is known of every file that was read, by path.
pub type Book = BTreeMap<RepoPath, FileFacts>;

/// Everything that one file states.
#[derive(Debug, Clone, Default)]
pub struct FileFacts {
    /// Things in this file that can run and own others; parents stand before their children.
    pub units: Vec<Unit>,
    /// What the units state, in file order.
    pub facts: Vec<Fact>,
    /// The file as a structured document (YAML, JSON, TOML, HCL, INI), kept for rules that ask for keys.
    pub tree: Option<Arc<Tree>>,
    /// The file as Python code (a script, a module, the code cells of a notebook).
    pub code: Option<Arc<Code>>,
    /// Python code that stands in commands (a heredoc, `python -c`), by the index of the fact of its command.
    pub embedded: Vec<(usize, Arc<Code>)>,
    /// What of the file's Python is not run where it stands, because an orchestrator runs it.
    pub orchestrated: Orchestrated,
    /// For a file that others call with inputs: what it was read for.
    pub called: Option<Called>,
    /// For a file that takes values from others by name: which.
    pub templated: Option<Templated>,
    /// What the file asks of others that are written in its format.
    pub asked: Option<Asked>,
    /// Files of another format that this one says all about which their reader must ask, with that reader's name: a
    /// trigger says what starts a build.
    pub handed: BTreeMap<RepoPath, &'static str>,
    /// The file's text, kept only where a rule for texts without a reader may look at it.
    pub lines: Option<Lines>,
    /// What could not be read or followed.
    pub notices: Vec<Notice>,
}

/// Values of inputs, by name. What only a run can say stays in them as an expression.
pub type Inputs = BTreeMap<String, String>;

/// What a file that others call with inputs was read for: once by itself, and once for each different set of values
/// that its callers give it, each with units of its own, so that no caller is led to what only another asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Called {
    /// The inputs that matter to what it runs, each with the value it has where a caller gives none.
    pub inputs: Inputs,
    /// The unit for its own triggers and for callers that are not known; none where nothing else starts it.
    pub alone: Option<UnitId>,
    /// The unit for the callers that give just these values.
    pub by_inputs: Vec<(Inputs, UnitId)>,
}

impl Called {
    /// The one input of a script: its arguments in one line, as a shell would be given them. By default none, or what
    /// only a run knows, where they choose what it does.
    pub const ARGUMENTS: &'static str = "@";
    /// What stands before the name of a variable that comes with the environment.
    pub const VARIABLE: &'static str = "$";
    /// The one input of an image: the words that are told to its entry point in place of its own, in such a line.
    pub const TOLD: &'static str = "told";
}

/// What a file takes from the documents that it names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Templated {
    /// The names, dotted, that it does not give itself.
    pub names: BTreeSet<String>,
    /// The documents that may give them; the first that does counts.
    pub files: Vec<RepoPath>,
    /// The values that it gives itself.
    pub given: Inputs,
}

/// What a file asks of others that are written in its format: a pipeline of a CI system that includes others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// The name of the reader of all of them.
    pub reader: &'static str,
    /// Paths, or globs, of files that are one document together with this one.
    pub parts: BTreeSet<String>,
    /// Files that the same reader reads, each for itself.
    pub others: BTreeSet<RepoPath>,
}

/// What other files ask of one; a file that nobody names has the empty one.
#[derive(Debug, Clone, Default)]
pub struct Joined {
    /// Names of the readers that they ask for.
    pub readers: BTreeSet<&'static str>,
    /// One of them asks that it be read for itself.
    pub named: bool,
    /// The documents that it belongs to, by the file that asks for the others; its own among them.
    pub wholes: Vec<Whole>,
}

impl Joined {
    /// Whether both come to the same reading.
    pub fn is_like(&self, other: &Self) -> bool {
        let files = |joined: &Self| -> Vec<(RepoPath, BTreeMap<String, Vec<RepoPath>>, Vec<RepoPath>, BTreeSet<RepoPath>)> {
            let of = |w: &Whole| (w.root.clone(), w.parts.clone(), w.documents.keys().cloned().collect(), w.others.clone());
            joined.wholes.iter().map(of).collect()
        };
        self.readers == other.readers && self.named == other.named && files(self) == files(other)
    }
}

/// A document that is written over several files.
#[derive(Debug, Clone, Default)]
pub struct Whole {
    /// The file that asks for the others.
    pub root: RepoPath,
    /// What it asked for (see [`Asked::parts`]), each with the files that there are, in order.
    pub parts: BTreeMap<String, Vec<RepoPath>>,
    /// Of [`Asked::others`], those that there are.
    pub others: BTreeSet<RepoPath>,
    /// Its files, as far as they were read; the asking one among them.
    pub documents: BTreeMap<RepoPath, Arc<Tree>>,
}

/// Python that only says what an orchestrator is to run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Orchestrated {
    /// Calls that define a pipeline, a step or its registration: they run none of the functions that they name.
    pub calls: BTreeMap<CallId, Defined>,
    /// Functions that a decorator makes a pipeline or a step: the decorator alone runs nothing.
    pub functions: BTreeSet<ScopeId>,
    /// Pipelines for which the file is imported whenever they run.
    pub pipelines: Vec<UnitId>,
    /// Words behind the name of the file that run a unit, in a command that runs the file.
    pub run_by: Vec<(Vec<String>, UnitId)>,
    /// Calls of own functions that hand a function over to be registered there, and not to be run.
    pub handed: BTreeSet<CallId>,
}

/// What a call defines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Defined {
    /// The unit, where it is one.
    pub unit: Option<UnitId>,
    /// Whether reaching the call runs the unit, rather than only defining it.
    pub runs: bool,
}

/// The text of a file without a reader of its own.
#[derive(Debug, Clone)]
pub struct Lines {
    /// All of it.
    pub text: Arc<str>,
}

/// Python code of a file, and where its lines are.
#[derive(Debug, Clone)]
pub struct Code {
    /// The parsed module.
    pub module: Module,
    /// Whether the code stands in a notebook.
    pub notebook: bool,
    /// For code that is not the file itself (cells, heredocs): line of the code to line of the file.
    /// Empty means that both are the same.
    pub lines: Vec<u32>,
}

impl Code {
    /// The line of the file for a 1-based line of the code.
    pub fn file_line(&self, line: u32) -> u32 {
        match (line as usize).checked_sub(1).and_then(|i| self.lines.get(i)) {
            Some(line) => *line,
            None => line,
        }
    }
}

/// What kind of thing a unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnitKind {
    /// A pipeline definition of a CI system or orchestrator: what triggers start.
    Workflow,
    /// A named set of jobs; they run beside each other unless an order is stated.
    Group,
    /// A job or task inside it; runs beside its siblings unless an order is stated.
    Job,
    /// A step of a job; steps run one after the other.
    Step,
    /// A reusable list of steps with a name (composite action, template).
    Action,
    /// A named target of a task runner; its prerequisites run first.
    Target,
    /// A stage of a data pipeline; ordered by what it reads and writes.
    Stage,
    /// A shell script, or the body of one.
    Script,
    /// A function of a script, run by those who call it.
    ShellFunction,
    /// A container service.
    Service,
    /// A container image definition: what runs when it starts, and what ran when it was built.
    Image,
    /// A named command of a package (console script).
    EntryPoint,
    /// A definition that is applied elsewhere: a file of objects, and each object that runs something.
    Manifest,
}

impl UnitKind {
    /// Whether the children of such a unit run one after the other, in file order.
    pub const fn is_sequential(self) -> bool {
        matches!(
            self,
            Self::Job | Self::Step | Self::Action | Self::Target | Self::Stage | Self::Script | Self::ShellFunction | Self::Image
        )
    }
}

/// A thing that can run.
#[derive(Debug, Clone)]
pub struct Unit {
    /// What kind of thing it is.
    pub kind: UnitKind,
    /// Its name, unique among its kind in the file: job id, target, stage, service; the file name for a workflow.
    pub name: String,
    /// A name for people, where there is another (`name:` of a workflow).
    pub title: Option<String>,
    /// First line, 1-based.
    pub line: u32,
    /// Last line.
    pub end_line: u32,
    /// The unit it stands in.
    pub parent: Option<UnitId>,
}

/// One thing that a file states.
#[derive(Debug, Clone)]
pub struct Fact {
    /// The unit it belongs to; none for statements about the whole file.
    pub unit: Option<UnitId>,
    /// First line, 1-based.
    pub line: u32,
    /// Last line.
    pub end_line: u32,
    /// What is stated.
    pub kind: FactKind,
}

/// The closed list of what can be stated.
#[derive(Debug, Clone)]
pub enum FactKind {
    /// Something starts the unit.
    Trigger(Trigger),
    /// The unit runs a command.
    Command(Command),
    /// The unit hands over to another file or unit by reference (reusable workflow, action, template, script key).
    Uses(Uses),
    /// The unit starts after another unit of the same file.
    Needs(Needs),
    /// The unit starts after a unit of another file.
    After {
        /// The file.
        path: RepoPath,
        /// The kind of the unit that must finish first.
        kind: UnitKind,
        /// Its name.
        name: String,
        /// Whether the later unit stays away when the earlier one fails.
        stops: bool,
    },
    /// A condition, an allowed failure or an approval on the unit.
    Guard(Guard),
    /// The unit works in a named environment (`staging`, `production`).
    Environment(String),
    /// The unit takes or makes a thing that others take or make.
    Data(Data),
    /// A distribution this project depends on.
    Dependency(Dependency),
    /// An instruction of an image definition.
    Instruction(Instruction),
    /// A variable or parameter with a literal value (environment, `with:`, params).
    Setting {
        /// Its name.
        key: String,
        /// Its value as written.
        value: String,
    },
    /// The unit's work is given to a kind of machine (`runs-on`, container image, cluster).
    Machine {
        /// Label or image as written.
        label: String,
        /// Whether it is the CI provider's default machine.
        hosted: bool,
    },
}

/// What starts a unit.
#[derive(Debug, Clone)]
pub struct Trigger {
    /// Who or what.
    pub kind: TriggerKind,
    /// The event or expression as written: `schedule "0 3 * * 1"`, `push main`.
    pub text: String,
    /// Branch patterns, when it is filtered to some.
    pub branches: Vec<String>,
    /// For `upstream`: names (or paths) of the workflows it waits for. For `api`: the event types it answers to.
    pub from: Vec<String>,
    /// Set where it is written but switched off by an explicit word; says which.
    pub off: Option<String>,
    /// Set where something else must happen first.
    pub held: Option<Held>,
}

/// What a trigger waits for, once, before it starts anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// How sure the trigger is all the same.
    pub strength: Strength,
    /// What must happen, or is not known.
    pub why: String,
    /// What makes it sure, where something unattended runs that.
    pub until: Option<Until>,
    /// What would spare it, imperative, where the tool that makes it so has a word for it.
    pub remedy: Option<String>,
}

/// What registers a trigger with its orchestrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Until {
    /// A command or program that hands over the file it stands in.
    Applied,
    /// The code on this line of the same file.
    Line(u32),
    /// Whatever installs one of these units: manifests by their names, of this file or of another.
    Installed {
        /// The file; the own one where none.
        path: Option<RepoPath>,
        /// The names.
        names: Vec<String>,
    },
    /// Whatever runs one of these units, which nothing else runs, in any file.
    Anywhere(Vec<String>),
    /// All of these.
    All(Vec<Until>),
    /// A command in which the words of one of these stand in this order, with others between them.
    Words(Vec<Vec<String>>),
    /// A command of the program with these first words, run in this folder or below it.
    Command {
        /// Program and first words.
        words: Vec<String>,
        /// The folder of the definition.
        dir: String,
    },
    /// A release of the chart that the file is a template of, whose values are true or not as is said here.
    Values(Vec<(String, bool)>),
}

impl Until {
    /// Whether something must be installed, whatever else must happen.
    fn is_installed(&self) -> bool {
        match self {
            Self::Installed { .. } => true,
            Self::All(all) => all.iter().any(Self::is_installed),
            _ => false,
        }
    }
}

impl Trigger {
    /// A trigger that nothing filters, holds or switches off.
    pub fn plain(kind: TriggerKind, text: String) -> Self {
        Self { kind, text, branches: Vec::new(), from: Vec::new(), off: None, held: None }
    }

    /// The same, where it is set up outside of the repository, which says no more than that it is meant; `why` says so.
    pub fn elsewhere(self, why: impl Into<String>) -> Self {
        Self { held: Some(Held { strength: Strength::Assumed, why: why.into(), until: None, remedy: None }), ..self }
    }

    /// What keeps a unit that only others call from starting, until a caller is found.
    const UNCALLED: &'static str = "nothing in this repository calls it";

    /// A unit that waits for its callers; `text` is the word that says so.
    pub fn call(text: &str) -> Self {
        let off = Some(Self::UNCALLED.to_owned());
        Self { off, ..Self::plain(TriggerKind::Upstream, text.to_owned()) }
    }

    /// Whether it only waits for callers, which starts nothing by itself.
    pub fn is_call(&self) -> bool {
        self.kind == TriggerKind::Upstream && self.off.as_deref() == Some(Self::UNCALLED)
    }
}

/// What happens to what follows when a command or step fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnFailure {
    /// What follows does not run, and the unit fails.
    Stops,
    /// What follows runs; the failure is lost unless this was the last command.
    GoesOn,
    /// The failure is thrown away; says by what (`|| true`, `continue-on-error`).
    Discarded(String),
}

/// A command line, tokenised; wrappers (`sudo`, `poetry run`, …) are taken off.
#[derive(Debug, Clone)]
pub struct Command {
    /// Program and arguments.
    pub words: Vec<Word>,
    /// Folder of the repository it runs in; `None` where that is not literal.
    pub dir: Option<String>,
    /// Folder of the machine or image it runs in, where a text moves to one by its full path.
    pub place: Option<String>,
    /// The image that it is started in, as the object names it that starts it there; in the image's own folder where
    /// nothing else is said.
    pub image: Option<String>,
    /// What its failure does.
    pub on_failure: OnFailure,
    /// The conditions it stands under, as written (`if`, `&&` left sides, loops), outermost first.
    pub conditions: Vec<String>,
    /// Why it cannot run with what its text is told, where that is certain.
    pub off: Option<String>,
    /// The kinds of trigger with which it runs, where its text asks what started it.
    pub admits: Option<Vec<TriggerKind>>,
    /// Text fed to it (heredoc, here-string) with the line of the file where that text begins.
    pub stdin: Option<(String, u32)>,
    /// File that is fed to it (`< file`).
    pub fed: Option<String>,
    /// File its output is written to.
    pub stdout: Option<String>,
    /// Whether it runs while an image is built rather than when it starts.
    pub at_build: bool,
    /// The wrappers that were taken off in front of it (`poetry run`), outermost first.
    pub through: Vec<String>,
    /// Whether it is given further words that are not told here.
    pub more: bool,
    /// It runs on another machine or in a container, with an environment of its own.
    pub elsewhere: bool,
    /// Variables of the environment that its own text sets for it, of which the last counts; none for a value that only a
    /// run knows.
    pub environment: Vec<(String, Option<String>)>,
}

impl Command {
    /// A command that stops what follows when it fails, and of which nothing more is known than its words and folder.
    pub fn new(words: Vec<Word>, dir: Option<String>) -> Self {
        Self {
            words,
            dir,
            place: None,
            image: None,
            on_failure: OnFailure::Stops,
            conditions: Vec::new(),
            off: None,
            admits: None,
            stdin: None,
            fed: None,
            stdout: None,
            at_build: false,
            through: Vec::new(),
            more: false,
            elsewhere: false,
            environment: Vec::new(),
        }
    }

    /// The command as one line, for people.
    pub fn text(&self) -> String {
        self.words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// The program's name without its folder.
    pub fn program(&self) -> &str {
        self.words.first().map_or("", |w| crate::source::file_name(&w.text))
    }
}

/// A reference that hands over control.
#[derive(Debug, Clone)]
pub struct Uses {
    /// What it says: `./.github/workflows/x.yml`, `owner/repo/path@ref`, `owner/action@v1`.
    pub reference: String,
    /// Inputs given to it.
    pub with: Vec<(String, String)>,
    /// Where it leads.
    pub to: UsesTarget,
    /// What kind of edge it makes.
    pub edge: EdgeKind,
    /// What its failure does.
    pub on_failure: OnFailure,
}

/// The input of a reference to an image definition that names the folder which is sent to be built.
pub const CONTEXT: &str = "context";
/// The key under which a service says with which profiles alone it is started, separated by commas.
pub const PROFILES: &str = "service.profiles";
/// The key under which a service says how many of it there shall be.
pub const REPLICAS: &str = "service.replicas";

/// How the name begins of an action that a command deploys: who runs the file around it does not run that.
pub const DEPLOYED: &str = "deployed ";

/// Where a [`Uses`] leads, as far as its own file says.
#[derive(Debug, Clone)]
pub enum UsesTarget {
    /// A file (or the folder of an action) of this repository.
    File(String),
    /// A unit of some file of this repository.
    Unit {
        /// The file; the own file where none.
        path: Option<String>,
        /// Its kind.
        kind: UnitKind,
        /// Its name.
        name: String,
    },
    /// Something published or owned elsewhere.
    Remote(String),
    /// Python code, as `package.module:function`.
    Python(String),
    /// A function of a Python file.
    Function {
        /// The file.
        path: String,
        /// Its qualified name.
        name: String,
        /// It was followed literally.
        sure: bool,
    },
    /// What a container image starts, where the image is built in this repository.
    Image(String),
    /// An object of a cluster, as `kind/name` in small letters; a part of it behind a `#`.
    Object(String),
    /// One of these that was not followed literally.
    Likely(Box<UsesTarget>),
}

impl UsesTarget {
    /// What is led to, however sure that is.
    pub fn plain(&self) -> &Self {
        match self {
            Self::Likely(to) => to,
            sure => sure,
        }
    }
}

/// An order between two units of one file.
#[derive(Debug, Clone)]
pub struct Needs {
    /// The unit that must finish first.
    pub on: UnitId,
    /// Whether the later unit stays away when the earlier one fails.
    pub stops: bool,
}

/// What holds a unit back, or fails to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guard {
    /// Runs only if; the condition as written.
    If(String),
    /// Never runs: switched off by an explicit word.
    Never(String),
    /// Runs only in the repository of that name (`owner/name`, or `owner/` for all of an owner).
    Repository(String),
    /// Runs only for these branches or tags.
    Ref(Vec<String>),
    /// Runs only for these triggers of the workflow.
    Event(Vec<TriggerKind>),
    /// Its failure is thrown away; says by what.
    AllowFailure(String),
    /// Runs although earlier ones failed; says by what.
    Always(String),
    /// Runs only after an earlier one failed; says by what.
    AfterFailure(String),
}

/// A thing that is passed on, by its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Data {
    /// What kind of thing.
    pub kind: DataKind,
    /// Its key: a path of the repository, an image's repository path, a model's name, an address.
    pub key: String,
    /// Whether the unit makes it (else it takes it).
    pub writes: bool,
    /// Its content hash, where the file states one.
    pub hash: Option<String>,
}

/// Kinds of things that are passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DataKind {
    /// A file or folder.
    Path,
    /// A container image.
    Image,
    /// A file of metrics.
    Metrics,
    /// A file of parameters.
    Params,
    /// A store outside (bucket, remote, database).
    Remote,
}

/// A declared dependency.
#[derive(Debug, Clone)]
pub struct Dependency {
    /// Normalised distribution name (lower case, `-`).
    pub name: String,
    /// The version constraint as written, if any.
    pub version: Option<String>,
    /// How exactly it is fixed.
    pub pin: Pin,
    /// The group or extra it belongs to; none for the main list.
    pub group: Option<String>,
    /// Whether the list is a complete one made by a tool (a lock).
    pub locked: bool,
    /// Whether it asks for extras, and so for what those bring.
    pub extras: bool,
}

/// How exactly a dependency is fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pin {
    /// One version.
    Exact,
    /// A range of versions.
    Range,
    /// Nothing but a name.
    Bare,
}

/// An instruction of an image definition.
#[derive(Debug, Clone)]
pub struct Instruction {
    /// Upper-case keyword.
    pub keyword: String,
    /// Its operands as written, flags left out.
    pub args: Vec<String>,
    /// Its flags (`from`, `mount`).
    pub flags: Vec<(String, String)>,
}

/// What is known of a file before it is read: why it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// Why it is there.
    pub scope: Scope,
    /// It lies in a folder with a manifest or CI of its own.
    pub nested_root: bool,
}

impl FileFacts {
    /// States something that stands on one line, of a unit or of the whole file.
    pub fn state(&mut self, unit: impl Into<Option<UnitId>>, line: u32, kind: FactKind) {
        self.facts.push(Fact { unit: unit.into(), line, end_line: line, kind });
    }

    /// Adds what another reader found in the same file.
    pub fn merge(&mut self, other: FileFacts) {
        let (units, facts) = (self.units.len(), self.facts.len());
        self.units.extend(other.units.into_iter().map(|u| Unit { parent: u.parent.map(|p| p + units), ..u }));
        self.facts.extend(other.facts.into_iter().map(|mut fact| {
            fact.unit = fact.unit.map(|u| u + units);
            if let FactKind::Needs(needs) = &mut fact.kind {
                needs.on += units;
            }
            fact
        }));
        self.embedded.extend(other.embedded.into_iter().map(|(fact, code)| (fact + facts, code)));
        let orchestrated = other.orchestrated;
        self.orchestrated
            .calls
            .extend(orchestrated.calls.into_iter().map(|(call, it)| (call, Defined { unit: it.unit.map(|u| u + units), ..it })));
        self.orchestrated.functions.extend(orchestrated.functions);
        self.orchestrated.pipelines.extend(orchestrated.pipelines.into_iter().map(|u| u + units));
        self.orchestrated.handed.extend(orchestrated.handed);
        self.orchestrated.run_by.extend(orchestrated.run_by.into_iter().map(|(words, u)| (words, u + units)));
        self.called = self.called.take().or(other.called.map(|called| Called {
            inputs: called.inputs,
            alone: called.alone.map(|u| u + units),
            by_inputs: called.by_inputs.into_iter().map(|(inputs, u)| (inputs, u + units)).collect(),
        }));
        self.templated = self.templated.take().or(other.templated);
        self.asked = self.asked.take().or(other.asked);
        self.handed.extend(other.handed);
        self.tree = self.tree.take().or(other.tree);
        self.code = self.code.take().or(other.code);
        self.lines = self.lines.take().or(other.lines);
        self.notices.extend(other.notices);
    }

    /// Whether a unit belongs to a list of schedules: who names the file installs that, and runs nothing of it.
    pub fn is_scheduled(&self, unit: UnitId) -> bool {
        let waits = |fact: &Fact| match &fact.kind {
            FactKind::Trigger(Trigger { held: Some(held), .. }) => held.until.as_ref().is_some_and(Until::is_installed),
            _ => false,
        };
        match self.units.get(unit).map(|it| it.kind) {
            Some(UnitKind::Manifest) => return self.units.iter().any(|u| u.kind == UnitKind::Image),
            Some(UnitKind::Workflow) => {}
            _ => return false,
        }
        self.facts.iter().any(|fact| fact.unit == Some(unit) && waits(fact))
    }

    /// The innermost unit that covers a line.
    pub fn unit_at(&self, line: u32) -> Option<UnitId> {
        (0..self.units.len())
            .filter(|u| (self.units[*u].line..=self.units[*u].end_line).contains(&line))
            .min_by_key(|u| (self.units[*u].end_line - self.units[*u].line, std::cmp::Reverse(*u)))
    }
}
