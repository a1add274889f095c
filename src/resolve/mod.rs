//! What a reference leads to: pure functions from a fact and the tree to a target. Nothing here reads a file.
//!
//! Runners are named here and in `facts/runners`; so are the published steps by which files come along, which a rule
//! could not follow. What other programs do with files stands in `rules/programs.yaml`. A literal reference that leads
//! nowhere is [`Target::Missing`], which cuts the chain; that is said only where nothing else could have made the file.

mod absent;
mod applied;
mod assembled;
mod begun;
mod bundles;
mod calls;
mod cluster;
mod collected;
mod containers;
mod copies;
mod cron;
mod dotnet;
pub(crate) mod environment;
mod flows;
mod installs;
mod jvm;
mod kinds;
mod launch;
mod make;
mod placed;
pub(crate) mod program;
mod projects;
pub(crate) mod python;
mod queued;
mod renamed;
pub(crate) mod renewed;
mod runners;
mod selected;
mod services;
mod stacks;
mod stages;
pub(crate) mod statements;
pub(crate) mod tasks;
mod uploads;
mod wholes;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;

use crate::fact::{Book, Command, Data, Fact, FactKind, FileFacts, UnitId, UnitKind, Uses, UsesTarget};
use crate::rules::programs::Programs;
use crate::source::{self, RepoPath};
use crate::syntax::shell::{SCRIPT_DIR, Word};
use crate::walk::Inventory;
use crate::words::{EdgeKind, Strength};

pub(crate) use absent::is_nowhere;
pub(crate) use assembled::{PROJECTS, STAGE};
pub(crate) use begun::import_paths;
pub(crate) use bundles::BUNDLES;
pub(crate) use calls::{as_called, calls};
pub(crate) use cluster::{Given, NO_PROGRAM, given_to_chart, is_about_nothing};
pub(crate) use collected::COLLECTED;
pub(crate) use containers::is_image_of_others;
pub(crate) use containers::started_image;
pub(crate) use copies::{DOUBT, unnamed};
pub(crate) use cron::{CRONTAB, is_read_by_cron};
pub(crate) use installs::{Install, installs};
pub(crate) use kinds::{is_told_by_its_first_line, run_of};
pub(crate) use placed::AS;
pub(crate) use program::{ALTERNATIVE, Callee, Program, Quick};
pub(crate) use python::Modules;
pub(crate) use selected::Selection;
pub(crate) use services::{REPLACED, replaced};
pub(crate) use wholes::wholes;

use applied::applied;
use kinds::run_by_path;

/// The tree and what was read of it so far.
pub(crate) struct View<'v> {
    /// All files.
    pub(crate) inventory: &'v Inventory,
    /// What was read.
    pub(crate) book: &'v Book,
    /// Python modules by name.
    pub(crate) imports: &'v Modules,
    /// What programs do with the files that they are given.
    pub(crate) programs: &'v Programs,
    /// Commands that the project installs, by name: the file that says so, the first in path order.
    commands: BTreeMap<&'v str, &'v RepoPath>,
    /// Files that another file takes in as a part of itself (`include`, `source`), and the first that does.
    taken_in: BTreeMap<RepoPath, &'v RepoPath>,
    /// Parts of Makefiles in other folders: those in which their recipes run.
    run_from: BTreeMap<RepoPath, BTreeSet<String>>,
    /// What each file takes in; every bare command of a text with such parts asks for them.
    parts: HashMap<&'v str, Vec<RepoPath>>,
    /// Functions of shell texts by name: the files that define one, in path order.
    functions: HashMap<&'v str, Vec<&'v RepoPath>>,
    /// Images that the repository builds, and what defines each; found when first asked for.
    images: OnceLock<containers::Built>,
    /// What image definitions copy where; found when first asked for.
    places: OnceLock<placed::Places>,
    /// Objects of clusters by kind and name, and the file that declares each; found when first asked for.
    objects: OnceLock<BTreeMap<String, Option<RepoPath>>>,
    /// Variables of the environment that some program asks for; found when first asked for.
    asked: OnceLock<std::collections::BTreeSet<String>>,
    /// For each file what may put files there; found when first asked for.
    made: OnceLock<BTreeMap<RepoPath, launch::Made>>,
}

impl<'v> View<'v> {
    /// Looks once for what every command would otherwise look for again.
    pub(crate) fn new(inventory: &'v Inventory, book: &'v Book, imports: &'v Modules, programs: &'v Programs) -> Self {
        let mut commands = BTreeMap::new();
        for (path, facts) in book {
            for unit in facts.units.iter().filter(|u| u.kind == UnitKind::EntryPoint) {
                commands.entry(unit.name.as_str()).or_insert(path);
            }
        }
        let mut functions: HashMap<&str, Vec<&RepoPath>> = HashMap::new();
        for (path, facts) in book {
            for unit in facts.units.iter().filter(|u| u.kind == UnitKind::ShellFunction) {
                functions.entry(unit.name.as_str()).or_default().push(path);
            }
        }
        let taken_in = BTreeMap::new();
        let run_from = BTreeMap::new();
        let parts = HashMap::new();
        let images = OnceLock::new();
        let places = OnceLock::new();
        let objects = OnceLock::new();
        let made = OnceLock::new();
        let asked = OnceLock::new();
        let mut view = Self {
            inventory,
            book,
            imports,
            programs,
            commands,
            taken_in,
            run_from,
            parts,
            functions,
            images,
            places,
            objects,
            asked,
            made,
        };
        let takers: Vec<(&RepoPath, Vec<&Fact>)> = book
            .iter()
            .map(|(path, facts)| (path, facts.facts.iter().filter(|fact| takes_in(fact)).collect()))
            .filter(|(_, taking): &(_, Vec<_>)| !taking.is_empty())
            .collect();
        let mut taken_in = BTreeMap::new();
        let mut makefiles: BTreeMap<RepoPath, BTreeSet<&RepoPath>> = BTreeMap::new();
        for (path, taking) in &takers {
            for part in view.find_parts(path, taking) {
                if make::is_part(&part) {
                    makefiles.entry(part.clone()).or_default().insert(path);
                }
                taken_in.entry(part).or_insert(*path);
            }
        }
        view.taken_in = taken_in;
        view.run_from = makefiles.keys().map(|part| (part.clone(), make::run_from(part, &makefiles))).collect();
        // a part that is itself taken in looks for its own from where it is taken in, which is known from here on
        view.parts = takers.iter().map(|(path, taking)| (&***path, view.find_parts(path, taking))).collect();
        view
    }

    /// Files that a file takes in as a part of itself: of a Makefile what it includes, of shell text what it sources.
    fn parts(&self, path: &str) -> &[RepoPath] {
        self.parts.get(path).map_or(&[], Vec::as_slice)
    }

    fn find_parts(&self, path: &RepoPath, taking: &[&Fact]) -> Vec<RepoPath> {
        let parts = |fact: &Fact| match &fact.kind {
            FactKind::Uses(Uses { to: UsesTarget::File(to), .. }) if to.contains('*') => {
                placed::matching(to, self).into_iter().map(RepoPath::from).collect()
            }
            FactKind::Uses(Uses { to: UsesTarget::File(to), .. }) => {
                let module = calls::main_of_module(to).filter(|_| !self.inventory.contains(to));
                vec![RepoPath::from(module.as_deref().unwrap_or(to))]
            }
            FactKind::Command(command) => {
                let invocation = Invocation::new(command, path, fact.unit, self);
                let located = invocation.arguments().first().map(|word| invocation.locate(&word.text, self));
                match located {
                    Some(Located::Found(path, Strength::Resolved)) => vec![path],
                    _ => Vec::new(),
                }
            }
            _ => Vec::new(),
        };
        taking.iter().flat_map(|fact| parts(fact)).filter(|to| self.inventory.contains(to)).collect()
    }
}

/// Whether a fact may make another file a part of its own.
fn takes_in(fact: &Fact) -> bool {
    match &fact.kind {
        FactKind::Uses(Uses { to: UsesTarget::File(_), .. }) => fact.unit.is_none(),
        FactKind::Command(command) => matches!(command.program(), "source" | "."),
        _ => false,
    }
}

/// Where a reference leads.
#[derive(Debug, Clone)]
pub(crate) struct Lead {
    /// To what.
    pub(crate) to: Target,
    /// In what sense.
    pub(crate) edge: EdgeKind,
    /// How sure.
    pub(crate) strength: Strength,
    /// What it says, in short.
    pub(crate) what: String,
}

/// What running or applying a file means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Run {
    /// A Python file as a program: its main block too.
    Program,
    /// A Python module by name (`python -m`).
    Module,
    /// A script of another kind, or a unit file as a whole.
    Script,
    /// A notebook, cell by cell.
    Notebook,
    /// A file that is applied.
    Manifest,
    /// A list of packages that is installed: what it defines besides is made, and not run.
    Packages,
    /// An image that is started, rather than built.
    Image,
}

/// The end of a lead.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    /// A unit of a file that was read.
    Unit {
        /// The file.
        path: RepoPath,
        /// Its kind.
        kind: UnitKind,
        /// Its name.
        name: String,
    },
    /// A file.
    File {
        /// The file.
        path: RepoPath,
        /// What is done with it.
        run: Run,
    },
    /// A Python function.
    Function {
        /// The file.
        path: RepoPath,
        /// Its qualified name.
        name: String,
    },
    /// Test files that a runner collects.
    Tests {
        /// The files.
        paths: Vec<RepoPath>,
        /// Files that look like tests and are not collected, and why.
        left_out: Vec<(RepoPath, String)>,
        /// Which tests of the files are run.
        selection: Box<Selection>,
    },
    /// Something that is not in this repository.
    Outside {
        /// What it is, as it is named.
        what: String,
    },
    /// Something that is named literally and is not there.
    Missing {
        /// Where it would be.
        path: String,
        /// What is missing.
        what: String,
    },
}

/// A family of runners: which programs it is for, and what their commands lead to.
struct Family {
    names: &'static [&'static str],
    follow: fn(&Invocation<'_>, &View<'_>) -> Vec<Lead>,
}

/// Every family. To add one: a file beside this one, and its line here.
const FAMILIES: &[Family] = &[
    Family { names: &["make", "gmake"], follow: make::follow },
    Family {
        names: &[
            "python",
            "python3",
            "python3.8",
            "python3.9",
            "python3.10",
            "python3.11",
            "python3.12",
            "python3.13",
            "ipython",
            "spark-submit",
        ],
        follow: launch::python,
    },
    Family { names: &["bash", "sh", "zsh", "dash", "source", "."], follow: launch::shell },
    Family { names: &["Rscript", "R", "julia", "quarto"], follow: launch::script },
    Family { names: &["dotnet"], follow: dotnet::follow },
    Family { names: &["mvn", "mvnw"], follow: jvm::maven },
    Family { names: &["sbt"], follow: jvm::sbt },
    Family {
        names: &["papermill", "jupyter", "jupyter-nbconvert", "jupyter-execute", "jupyter-run", "runipy"],
        follow: launch::notebook,
    },
    Family { names: &["pytest", "py.test", "nosetests", "unittest", "coverage"], follow: collected::follow },
    Family { names: &["dvc"], follow: stages::dvc },
    Family { names: &["databricks"], follow: bundles::follow },
    Family { names: &["dbx"], follow: bundles::dbx },
    Family { names: &["pyflyte", "flyte"], follow: flows::pyflyte },
    Family { names: &["luigi"], follow: flows::luigi },
    Family { names: &["elyra-pipeline"], follow: flows::elyra },
    Family { names: &["prefect"], follow: flows::prefect },
    Family { names: &["airflow"], follow: flows::airflow },
    Family { names: &["kedro"], follow: flows::kedro },
    Family { names: &["mlflow"], follow: projects::mlflow },
    Family { names: &["spacy", "weasel"], follow: projects::spacy },
    Family { names: &["snakemake"], follow: projects::snakemake },
    Family { names: &["nextflow"], follow: projects::nextflow },
    Family { names: &["crontab", "cron", "crond", "supercronic", "go-crond", "service", "busybox"], follow: cron::follow },
    Family { names: &["just"], follow: runners::just },
    Family { names: &["task", "go-task"], follow: runners::task },
    Family { names: &["mise", "rtx"], follow: runners::mise },
    Family { names: &["poe", "poethepoet"], follow: runners::poe },
    Family { names: &["pdm", "hatch"], follow: runners::packager },
    Family { names: &["tox"], follow: runners::tox },
    Family { names: &["nox"], follow: runners::nox },
    Family { names: &["invoke", "inv"], follow: runners::invoke },
    Family { names: &["npm", "pnpm", "yarn", "bun"], follow: runners::node },
    Family { names: &["pip", "pip3", "uv"], follow: installs::follow },
    Family { names: &["docker", "podman", "docker-compose", "nerdctl", "buildah"], follow: containers::follow },
    Family { names: &["kubectl", "oc", "helm"], follow: cluster::follow },
    Family { names: &["buildkite-agent"], follow: uploads::follow },
    Family { names: &["argo", "tkn"], follow: cluster::submit },
    Family { names: &["taskgraph", "mach"], follow: queued::graph },
    Family { names: &["sam"], follow: stacks::sam },
    Family { names: &["aws"], follow: stacks::aws },
    Family { names: &["serverless", "sls"], follow: stacks::serverless },
    Family { names: &["cdk", "aws-cdk"], follow: assembled::cdk },
    Family { names: &["pulumi"], follow: assembled::pulumi },
    Family { names: &["az"], follow: stacks::az },
    Family { names: &["azd"], follow: stacks::azd },
    Family {
        names: &["New-AzResourceGroupDeployment", "New-AzSubscriptionDeployment", "New-AzDeployment"],
        follow: stacks::new_az,
    },
    Family { names: &["serve"], follow: begun::applications },
    Family { names: &["snow", "snowsql"], follow: statements::client },
    Family { names: &["schemachange"], follow: statements::schemachange },
    Family { names: &["terraform", "tofu", "terragrunt"], follow: cluster::configuration },
];

/// A command and where it stands.
pub(crate) struct Invocation<'c> {
    pub(crate) command: &'c Command,
    pub(crate) path: &'c RepoPath,
    pub(crate) unit: Option<UnitId>,
    /// What its folder is in the repository, where it moves to one of an image.
    place: Option<String>,
    /// The folders in which it may run in place of its own.
    moved: Vec<String>,
}

impl<'c> Invocation<'c> {
    /// A command, and where it stands.
    pub(crate) fn new(command: &'c Command, path: &'c RepoPath, unit: Option<UnitId>, view: &View<'_>) -> Self {
        let place = command.place.as_deref().filter(|_| command.dir.is_none()).and_then(|at| placed::of(path, unit, at, view));
        let moved = make::moved(command, path, view);
        Self { command, path, unit, place, moved }
    }
}

impl Invocation<'_> {
    /// Arguments after the program.
    pub(crate) fn arguments(&self) -> &[Word] {
        self.command.words.get(1..).unwrap_or(&[])
    }

    /// Folder it runs in.
    pub(crate) fn dir(&self) -> Option<&str> {
        match self.moved.as_slice() {
            [] => self.command.dir.as_deref().or(self.place.as_deref()),
            [one] => Some(one),
            _ => None,
        }
    }

    /// Whether its folder is one of an image.
    pub(crate) fn is_placed(&self) -> bool {
        self.place.is_some()
    }

    /// Where a path named by the command lies, as far as it is known and there.
    pub(crate) fn locate(&self, word: &str, view: &View<'_>) -> Located {
        let clean = word.trim_start_matches("./");
        if word.is_empty() || word.starts_with('-') {
            return Located::Unknown;
        }
        if word.starts_with('/')
            && !word.contains('$')
            && let Some(path) = placed::of(self.path, self.unit, word, view)
        {
            return Located::Found(path.into(), Strength::Resolved);
        }
        if word.starts_with('/')
            && !word.contains('$')
            && let Some(path) = placed::beside(self.path, word, view)
        {
            return Located::Found(path.into(), Strength::Inferred);
        }
        // from the folder of the script itself, wherever it is started
        if let Some(rest) = word.strip_prefix(SCRIPT_DIR)
            && !rest.contains('$')
            && matches!(source::extension(self.path), None | Some("sh" | "bash" | "zsh" | "ksh"))
            && let Some(path) = source::join(source::folder(self.path), rest.trim_start_matches('/'))
            && (view.inventory.contains(&path) || view.inventory.is_dir(&path))
        {
            return Located::Found(path.into(), Strength::Resolved);
        }
        if let Some(dir) = self.dir()
            && !word.contains('$')
            && let Some(path) = source::join(dir, word)
        {
            if view.inventory.contains(&path) || view.inventory.is_dir(&path) {
                return Located::Found(path.into(), Strength::Resolved);
            }
            // what is included runs where the file runs that includes it
            if let Some(path) = view
                .taken_in
                .get(self.path)
                .and_then(|by| source::join(source::folder(by), word))
                .filter(|p| view.inventory.contains(p))
            {
                return Located::Found(path.into(), Strength::Resolved);
            }
            // a script is started from its own folder as often as from the root, but for one of another repository
            let near = || source::join(source::folder(self.path), word).filter(|p| view.inventory.contains(p));
            if let Some(path) = near().filter(|_| !source::is_copy(self.path)) {
                return Located::Found(path.into(), Strength::Inferred);
            }
            // an absolute path is one of the machine, and what lies there cannot be said here
            let absent = if word.starts_with('/') { Located::Unknown } else { Located::Missing(path) };
            let known = if self.is_asked_of_a_known_folder(clean, view) { None } else { self.by_suffix(clean, view) };
            return known.unwrap_or(absent);
        }
        if !self.moved.is_empty() && !word.contains('$') {
            let there = |path: &String| view.inventory.contains(path) || view.inventory.is_dir(path);
            let mut found = self.moved.iter().filter_map(|dir| source::join(dir, word)).filter(there).peekable();
            return match (found.next(), found.peek()) {
                (Some(path), None) => Located::Found(path.into(), Strength::Resolved),
                _ => Located::Unknown,
            };
        }
        // computed in front: a literal end that only one file has
        let literal = clean.rsplit(['}', '$', ')']).next().unwrap_or(clean).trim_start_matches('/');
        if literal.contains('.') { self.by_suffix(literal, view).unwrap_or(Located::Unknown) } else { Located::Unknown }
    }

    /// The one file whose path ends so, if there is only one.
    /// Whether a file is asked for by its bare name where a step of a CI job certainly stands: one of that name in another
    /// folder is another file.
    fn is_asked_of_a_known_folder(&self, name: &str, view: &View<'_>) -> bool {
        let unit = self.unit.and_then(|unit| view.book.get(self.path)?.units.get(unit));
        let in_job = unit.is_some_and(|unit| match unit.kind {
            UnitKind::Step => true,
            UnitKind::Job => unit.parent.is_some(),
            _ => false,
        });
        in_job && !name.contains('/') && self.dir().is_some_and(|dir| dir != ".")
    }

    fn by_suffix(&self, suffix: &str, view: &View<'_>) -> Option<Located> {
        let suffix = suffix.trim_start_matches("../").trim_start_matches("./");
        // an absolute path of an image or a machine still ends like the file it was copied from
        let tail = format!("/{}", suffix.trim_start_matches('/'));
        if !suffix.contains('.') || suffix.len() < 4 {
            return None;
        }
        let named = view.inventory.named(source::file_name(&tail)).map(|entry| &entry.path);
        let mut found = named.filter(|path| path.ends_with(&tail) || ***path == *suffix);
        let first = found.next()?;
        let alone = found.next().is_none();
        alone.then(|| Located::Found(first.clone(), Strength::Inferred))
    }
}

/// Where a named path lies.
pub(crate) enum Located {
    /// There.
    Found(RepoPath, Strength),
    /// Named literally, and not there.
    Missing(String),
    /// Not known.
    Unknown,
}

/// What a command leads to.
pub(crate) fn command(command: &Command, from: (&RepoPath, Option<UnitId>), view: &View<'_>) -> Vec<Lead> {
    let mut leads = of_command(command, from, view);
    if command.elsewhere && command.dir.is_some() {
        // a checkout on another machine is most likely one of this repository, and what it lacks may be there
        leads.retain(|lead| !matches!(lead.to, Target::Missing { .. }));
        leads.iter_mut().for_each(|lead| lead.strength = lead.strength.min(Strength::Inferred));
    }
    if command.image.as_deref().is_some_and(|image| !command.at_build && containers::is_of_others(image, view)) {
        // an image from elsewhere has files of this repository only if somebody puts them there: their names fit
        leads.retain(|lead| !matches!(lead.to, Target::Missing { .. }));
        leads.iter_mut().for_each(|lead| lead.strength = lead.strength.min(Strength::Inferred));
    }
    copies::doubted(leads, from.0, view)
}

fn of_command(command: &Command, from: (&RepoPath, Option<UnitId>), view: &View<'_>) -> Vec<Lead> {
    let invocation = Invocation::new(command, from.0, from.1, view);
    let program = command.program();
    let mut leads = match (runners::wrapped(&invocation, view), FAMILIES.iter().find(|f| f.names.contains(&program))) {
        (Some(leads), _) => leads,
        (None, Some(family)) => (family.follow)(&invocation, view),
        (None, None) => launch::own(&invocation, view),
    };
    if leads.is_empty() {
        leads.extend(not_given(command, program));
    }
    if leads.is_empty() && !FAMILIES.iter().any(|f| f.names.contains(&program)) {
        leads = applied(&invocation, view);
    }
    leads
}

/// The open end of a command whose program or target is an input that nobody in this repository gives.
fn not_given(command: &Command, program: &str) -> Option<Lead> {
    // options whose value is what is run
    const NAMING: &[&str] = &["-m", "-f", "--file", "-C", "--directory"];
    let asks =
        |word: &Word| word.text.split("${{").skip(1).any(|rest| rest.split("}}").next().unwrap_or(rest).contains("inputs."));
    let runs = FAMILIES.iter().any(|family| family.names.contains(&program));
    let mut open = command.words.first().filter(|word| asks(word));
    if runs && open.is_none() {
        let arguments = command.words.get(1..).unwrap_or(&[]);
        let named =
            |at: usize| at.checked_sub(1).and_then(|i| arguments.get(i)).is_some_and(|w| NAMING.contains(&w.text.as_str()));
        let first =
            arguments.iter().enumerate().find(|(at, word)| named(*at) || !word.text.starts_with('-')).map(|(_, word)| word);
        open = first.filter(|word| asks(word));
    }
    let what = format!("`{}`, an input that nothing here gives", open?.text.split_whitespace().collect::<Vec<_>>().join(" "));
    Some(Lead { to: Target::Outside { what: what.clone() }, edge: EdgeKind::Invokes, strength: Strength::Assumed, what })
}

/// Under which name a reference to a folder says of which repository it is.
pub(crate) const REPOSITORY: &str = "repository";

/// What a reference leads to.
pub(crate) fn uses(uses: &Uses, from: &RepoPath, view: &View<'_>) -> Vec<Lead> {
    let mut leads = of_reference(uses, from, view);
    leads = calls::as_started(leads, uses, from, view);
    leads.extend(copies::open(uses, &leads, view));
    copies::doubted(leads, from, view)
}

fn of_reference(uses: &Uses, from: &RepoPath, view: &View<'_>) -> Vec<Lead> {
    let lead = |to: Target, strength: Strength| Lead { to, edge: uses.edge, strength, what: uses.reference.clone() };
    match &uses.to {
        UsesTarget::Remote(reference) => {
            if let Some(gone) = containers::step_gone(uses, from, view) {
                return vec![gone];
            }
            // a script that a workflow elsewhere is given is run there, as far as anybody can tell from here
            let workflow = source::WORKFLOW_HOMES.iter().any(|home| reference.contains(&format!("/{home}/workflows/")));
            let handed = uses
                .with
                .iter()
                .filter(|_| workflow)
                .map(|(_, value)| value.trim_start_matches("./"))
                .filter(|value| view.inventory.contains(value));
            let handed = handed.map(|path| (run_of(path), RepoPath::from(path))).filter(|(run, _)| *run != Run::Manifest);
            let leads = handed.map(|(run, path)| lead(Target::File { path, run }, Strength::Assumed));
            let built =
                containers::step(uses, view).map(|path| lead(Target::File { path, run: Run::Script }, Strength::Resolved));
            let outside = lead(Target::Outside { what: reference.clone() }, Strength::Assumed);
            let command = stacks::step(uses, from, view);
            // a step that builds an image pushes it where it is told to
            let pushes =
                containers::builds(uses) && uses.with.iter().any(|(key, value)| key == "push" && value.trim() != "false");
            let tags = view.book.get(from).filter(|_| pushes).map(|facts| containers::tags(uses, facts)).unwrap_or_default();
            let renewed = tags.iter().flat_map(|image| renewed::pushed(image, view));
            std::iter::once(outside).chain(leads).chain(built).chain(command).chain(renewed).collect()
        }
        UsesTarget::Likely(to) => {
            let plain = Uses { to: to.plain().clone(), ..uses.clone() };
            // what is only likely meant is not missed for certain
            let likely = |lead: Lead| match lead.to {
                Target::Missing { .. } => {
                    let to = Target::Outside { what: lead.what.clone() };
                    Lead { to, strength: Strength::Assumed, ..lead }
                }
                _ => Lead { strength: lead.strength.min(Strength::Inferred), ..lead },
            };
            self::uses(&plain, from, view).into_iter().map(likely).collect()
        }
        UsesTarget::Unit { path, kind, name } => {
            let path: RepoPath = path.as_deref().map_or_else(|| from.clone(), RepoPath::from);
            let known =
                |p: &RepoPath| view.book.get(p).is_some_and(|f| f.units.iter().any(|u| u.kind == *kind && u.name == *name));
            if known(&path) {
                return vec![lead(Target::Unit { path, kind: *kind, name: name.clone() }, Strength::Resolved)];
            }
            match make::included(&path, view).into_iter().find(known) {
                Some(path) => vec![lead(Target::Unit { path, kind: *kind, name: name.clone() }, Strength::Resolved)],
                None if *kind == UnitKind::Target => tasks::reference(name, &path, view),
                None if name.starts_with(statements::PROCEDURE) || source::extension(&path) == Some("sql") => {
                    let made = statements::made_elsewhere(*kind, name, view);
                    made.map(|path| lead(Target::Unit { path, kind: *kind, name: name.clone() }, Strength::Resolved))
                        .into_iter()
                        .collect()
                }
                None => Vec::new(),
            }
        }
        UsesTarget::Image(image) if image.contains("{{") => {
            let valued = cluster::valued(image, from, view);
            valued.and_then(|image| containers::start(&image, view)).into_iter().collect()
        }
        UsesTarget::Object(key) => vec![cluster::declared(key, from, uses.edge, view)],
        UsesTarget::Image(image) => {
            let renamed = renamed::image(image, from, view);
            containers::start(renamed.as_deref().unwrap_or(image), view).into_iter().collect()
        }
        // a chart by its name may come from a store of charts as well: where none here is called so, nothing is missing
        UsesTarget::File(path) if uses.edge == EdgeKind::Applies && path.starts_with("**/") => {
            cluster::called(path.trim_start_matches("**/"), view)
        }
        UsesTarget::File(path) if uses.edge == EdgeKind::Applies => {
            let leads = cluster::followed(path, view);
            if !leads.is_empty() {
                return leads;
            }
            // a controller may follow another repository than this
            match uses.with.iter().find(|(key, _)| key == REPOSITORY) {
                Some((_, address)) => vec![lead(Target::Outside { what: address.clone() }, Strength::Assumed)],
                None => {
                    vec![lead(Target::Missing { path: path.clone(), what: format!("`{path}` is not there") }, Strength::Broken)]
                }
            }
        }
        // files that a pattern fits, taken in one after the other
        UsesTarget::File(pattern) if pattern.contains('*') && uses.edge == EdgeKind::Imports => {
            let one = |path: String| Uses { to: UsesTarget::File(path), ..uses.clone() };
            placed::matching(pattern, view).into_iter().flat_map(|path| self::uses(&one(path), from, view)).collect()
        }
        // where a script in R is run decides what it takes in; that is the root for most, and its own folder for the rest
        UsesTarget::File(path) if uses.edge == EdgeKind::Imports && run_of(from) == Run::Script && from.ends_with(['R', 'r']) => {
            let beside = source::join(source::folder(from), path);
            let found = std::iter::once(path.clone()).chain(beside).find(|path| view.inventory.contains(path));
            found.map(|path| lead(Target::File { path: path.into(), run: Run::Script }, Strength::Resolved)).into_iter().collect()
        }
        // what only a run knows
        UsesTarget::File(path) if path.contains('$') && uses.edge == EdgeKind::Imports => Vec::new(),
        UsesTarget::File(path)
            if !view.inventory.contains(path)
                && let Some(rest) = from_project_folder(path, from, view) =>
        {
            of_reference(&Uses { to: UsesTarget::File(rest.to_string()), ..uses.clone() }, from, view)
        }
        UsesTarget::File(path) if services::builds_service(uses, path, view) => {
            let path = RepoPath::from(path.as_str());
            let runs = match services::is_started(uses) {
                true => vec![Run::Script, Run::Image],
                false => vec![Run::Script],
            };
            runs.into_iter().map(|run| lead(Target::File { path: path.clone(), run }, Strength::Resolved)).collect()
        }
        UsesTarget::File(path) => {
            match calls::file(path, view).or_else(|| from_project_folder(path, from, view)).or_else(|| as_notebook(path, view)) {
                // what is only taken in is not called
                Some(to) => match view
                    .book
                    .get(&to)
                    .and_then(|facts| Some((facts, facts.called.as_ref()?)))
                    .filter(|(facts, _)| uses.edge != EdgeKind::Imports && !calls::starts(facts))
                {
                    Some((facts, called)) => vec![calls::lead(uses, &to, facts, called)],
                    None => {
                        // the folder of an action stands for what defines it
                        let run = if source::folder(&to) == path { Run::Script } else { run_of(&to) };
                        vec![lead(Target::File { path: to, run }, Strength::Resolved)]
                    }
                },
                None => vec![copies::missing(path, from, view).map_or_else(
                    || lead(Target::Missing { path: path.clone(), what: format!("`{path}` is not there") }, Strength::Broken),
                    |what| lead(Target::Outside { what }, Strength::Assumed),
                )],
            }
        }
        UsesTarget::Function { path, name, sure } => {
            let path: RepoPath = path.as_str().into();
            let code = view.book.get(&path).and_then(|f| f.code.as_ref());
            let known = code.is_none_or(|c| c.module.scopes.iter().any(|s| s.name == *name));
            let strength = if *sure { Strength::Resolved } else { Strength::Inferred };
            if view.inventory.contains(&path) && known {
                return vec![lead(Target::Function { path, name: name.clone() }, strength)];
            }
            let what = format!("there is no `{name}` in `{path}`");
            vec![lead(Target::Missing { path: path.to_string(), what }, Strength::Broken)]
        }
        UsesTarget::Python(target) => launch::entry(target, from, view).map_or_else(
            || vec![lead(Target::Missing { path: from.to_string(), what: format!("no function `{target}`") }, Strength::Broken)],
            |to| vec![lead(to, Strength::Resolved)],
        ),
    }
}

/// What a compose file in a folder of its own names, read from the root, where only that is there: the paths of a stack
/// begin at the project's folder, which is given when it is started.
fn from_project_folder(path: &str, from: &RepoPath, view: &View<'_>) -> Option<RepoPath> {
    let rest = path.strip_prefix(source::folder(from))?.strip_prefix('/')?;
    (source::file_name(from).contains("compose") && view.inventory.contains(rest)).then(|| rest.into())
}

/// A notebook that is named without its suffix, as the service names it that runs it.
fn as_notebook(path: &str, view: &View<'_>) -> Option<RepoPath> {
    let named = source::extension(path).is_none();
    let both = [".ipynb", ".py"].iter().filter(|_| named).map(|suffix| format!("{path}{suffix}"));
    both.into_iter().find(|path| view.inventory.contains(path)).map(RepoPath::from)
}

/// Things that a command makes or takes, by their keys.
pub(crate) fn data(command: &Command) -> Vec<Data> {
    containers::data(command)
}

/// Files that must be read next, because something in this one leads to them. Imports are answered by the tree alone,
/// so they are asked once: when the file is `fresh`.
pub(crate) fn demands(facts: &FileFacts, path: &RepoPath, fresh: bool, view: &View<'_>) -> Vec<RepoPath> {
    let mut wanted: Vec<RepoPath> = Vec::new();
    let mut take = |lead: Lead| match lead.to {
        Target::File { path, .. } | Target::Function { path, .. } | Target::Unit { path, .. } => wanted.push(path),
        Target::Tests { paths, left_out, .. } => {
            wanted.extend(collected::settled_by(&paths, &left_out, view));
            wanted.extend(paths);
            wanted.extend(left_out.into_iter().map(|(path, _)| path));
        }
        Target::Outside { .. } | Target::Missing { .. } => {}
    };
    for fact in &facts.facts {
        match &fact.kind {
            FactKind::Command(it) => command(it, (path, fact.unit), view).into_iter().for_each(&mut take),
            FactKind::Uses(it) => uses(it, path, view).into_iter().for_each(&mut take),
            _ => {}
        }
    }
    if let Some(templated) = &facts.templated {
        wanted.extend(templated.files.iter().filter(|f| view.inventory.contains(f)).cloned());
    }
    if let Some(asked) = &facts.asked {
        wanted.extend(wholes::asked_for(path, asked, view));
    }
    for code in facts.code.iter().chain(facts.embedded.iter().map(|(_, code)| code)).filter(|_| fresh) {
        wanted.extend(view.imports.imported(path, &code.module));
    }
    wanted.sort();
    wanted.dedup();
    wanted
}
