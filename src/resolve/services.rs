//! Services of compose files: what a command starts of them, and what they tell the images they start.

use super::containers::{has_entry_point, start};
use super::{Invocation, Lead, Run, Target, View, calls};
use crate::fact::{
    CONTEXT, Command, DataKind, Fact, FactKind, FileFacts, PROFILES, REPLICAS, Unit, UnitId, UnitKind, Uses, UsesTarget,
};
use crate::source::{self, RepoPath};
use crate::words::{EdgeKind, Strength};

/// Where the service stands that `compose run` starts.
pub(super) fn of_service(words: &[&str], from: usize) -> Option<usize> {
    let verb = words.iter().skip(from).position(|w| *w == "run")? + from;
    if words.iter().any(|w| *w == "--entrypoint" || w.starts_with("--entrypoint=")) {
        return None;
    }
    /// Options of `compose run` that take a value.
    const TAKING: &[&str] = &[
        "-e",
        "--env",
        "--env-file",
        "-v",
        "--volume",
        "-p",
        "--publish",
        "-u",
        "--user",
        "-w",
        "--workdir",
        "--name",
        "-l",
        "--label",
        "--pull",
        "--cap-add",
        "--cap-drop",
    ];
    let mut at = verb + 1;
    while let Some(word) = words.get(at).filter(|w| w.starts_with('-')) {
        at += if TAKING.contains(word) { 2 } else { 1 };
    }
    Some(at)
}

/// Whether a reference builds the image of a service from a definition that was read.
pub(super) fn builds_service(uses: &Uses, path: &str, view: &View<'_>) -> bool {
    let image = |facts: &FileFacts| facts.units.first().is_some_and(|unit| unit.kind == UnitKind::Image);
    uses.with.iter().any(|(key, _)| key == CONTEXT) && view.book.get(path).is_some_and(image)
}

/// The input of a reference to an image whose entry point is replaced.
pub(crate) const REPLACED: &str = "entrypoint";

/// Whether a service that is built here starts with what its image says, or tells that something.
pub(super) fn is_started(uses: &Uses) -> bool {
    !uses.with.iter().any(|(key, _)| key == REPLACED)
}

/// Why the command of a service is none by itself: it is told to the entry point of its image.
pub(crate) fn replaced(command: &Command, facts: &FileFacts, unit: Option<UnitId>, view: &View<'_>) -> Option<String> {
    let unit = unit.filter(|unit| facts.units.get(*unit).is_some_and(|u| u.kind == UnitKind::Service))?;
    let image =
        facts.facts.iter().filter(|fact| fact.unit == Some(unit) && !command.at_build).find_map(|fact| match &fact.kind {
            FactKind::Uses(uses) if calls::told(uses).is_some() => match &uses.to {
                UsesTarget::File(path) => Some(RepoPath::from(path.as_str())),
                UsesTarget::Image(image) => match start(image, view)?.to {
                    Target::File { path, .. } => Some(path),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        })?;
    has_entry_point(&image, view).then(|| format!("it is told to the entry point of {image}"))
}

/// `docker compose up|run|build|start`: the services that are meant, or the images that are built for them.
pub(super) fn follow(invocation: &Invocation<'_>, words: &[&str], view: &View<'_>) -> Vec<Lead> {
    let mut files: Vec<&str> = Vec::new();
    let mut rest: Vec<&str> = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        match *word {
            "-f" | "--file" => {
                files.extend(words.get(at + 1));
                at += 1;
            }
            "-p"
            | "--project-name"
            | "--project-directory"
            | "--ansi"
            | "--progress"
            | "--parallel"
            | "--profile"
            | "--env-file"
            | "-e"
            | "--env"
            | "-v"
            | "--entrypoint"
            | "-u"
            | "--user"
            | "-w" => at += 1,
            word if word.starts_with('-') => {}
            word => rest.push(word),
        }
        at += 1;
    }
    // what is started in place of a service's own program is another
    if words.iter().any(|word| *word == "--entrypoint" || word.starts_with("--entrypoint=")) {
        return Vec::new();
    }
    let Some(verb) = rest.first().copied().filter(|v| matches!(*v, "up" | "run" | "build" | "start")) else {
        return Vec::new();
    };
    let dir = invocation.dir().unwrap_or(".");
    let there = |name: &&str| source::join(dir, name).filter(|path| view.inventory.contains(path)).map(RepoPath::from);
    let paths: Vec<RepoPath> = if files.is_empty() {
        // of each kind the first that is there
        [BASES, OVERRIDES].iter().filter_map(|names| names.iter().find_map(there)).collect()
    } else {
        files.iter().filter_map(there).collect()
    };
    // without one of the files that it is given nothing is started
    let gone = |name: &&str| {
        let path = source::join(dir, name).filter(|_| !name.contains(['$', '{']) && !name.starts_with(['/', '-']))?;
        let missing = !view.inventory.contains(&path) && super::launch::certain(invocation, &path, view);
        missing.then_some(path)
    };
    if let Some(path) = files.iter().find_map(gone).filter(|_| invocation.dir().is_some()) {
        let what = format!("`{path}` is not there");
        let to = Target::Missing { path: path.clone(), what };
        return vec![Lead { to, edge: EdgeKind::Invokes, strength: Strength::Broken, what: path }];
    }
    let names: &[&str] = if verb == "run" { rest.get(1..2).unwrap_or(&[]) } else { &rest[1..] };
    // another command in place of the service's own; a word that is no program may still go to its entry point
    let told = names.first().filter(|_| verb == "run").and_then(|name| words.iter().position(|w| w == name));
    let told = told.is_some_and(|at| words.get(at + 1).is_some());
    let mut leads = Vec::new();
    for (at, path) in paths.iter().enumerate() {
        let Some(facts) = view.book.get(path) else { continue };
        // what a later file says of a service holds, all files being one
        let later = paths.get(at + 1..).unwrap_or_default();
        let retold = |name: &str| later.iter().filter_map(|path| view.book.get(path)).any(|facts| says_what_starts(facts, name));
        for unit in facts.units.iter().filter(|u| u.kind == UnitKind::Service) {
            if !told && verb != "build" && retold(&unit.name) {
                continue;
            }
            if names.is_empty() || names.contains(&unit.name.as_str()) {
                if verb == "build" || words.contains(&"--no-start") {
                    leads.extend(images_of(facts, unit));
                    continue;
                }
                // words in place of the service's own go to what its image starts
                if told {
                    let started = |lead: Lead| match lead.to {
                        Target::File { path, .. } => Lead { to: Target::File { path, run: Run::Image }, ..lead },
                        _ => lead,
                    };
                    leads.extend(images_of(facts, unit).into_iter().map(started));
                    leads.extend(named_by_service(facts, unit).and_then(|image| start(image, view)));
                    continue;
                }
                if !is_among(facts, unit, (verb, names, words), invocation.command) {
                    continue;
                }
                let to = Target::Unit { path: path.clone(), kind: UnitKind::Service, name: unit.name.clone() };
                // on another machine, or in a folder that is computed, it may be another file of that name
                let sure = invocation.dir().is_some();
                let strength = if sure { Strength::Resolved } else { Strength::Inferred };
                leads.push(Lead { to, edge: EdgeKind::Invokes, strength, what: format!("{verb} service {}", unit.name) });
            }
        }
    }
    leads
}

/// The files that are taken where none is named.
const BASES: &[&str] = &["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
/// Those that are joined to them.
const OVERRIDES: &[&str] =
    &["compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"];

/// Whether a file tells a service what it starts, rather than its image.
fn says_what_starts(facts: &FileFacts, service: &str) -> bool {
    let own = |fact: &&Fact| fact.unit.and_then(|unit| facts.units.get(unit)).is_some_and(|unit| unit.name == service);
    facts.facts.iter().filter(own).any(|fact| match &fact.kind {
        FactKind::Command(_) => true,
        FactKind::Uses(uses) => calls::told(uses).is_some() || !is_started(uses),
        _ => false,
    })
}

/// Whether a service is among those that a command starts: one with profiles is where it is named, or a profile of it;
/// one of which there shall be none is where a number is given.
fn is_among(facts: &FileFacts, service: &Unit, (verb, names, words): (&str, &[&str], &[&str]), command: &Command) -> bool {
    let own = |fact: &&Fact| fact.unit.and_then(|unit| facts.units.get(unit)).is_some_and(|unit| unit.name == service.name);
    let said = |asked: &str| {
        facts.facts.iter().filter(own).find_map(|fact| match &fact.kind {
            FactKind::Setting { key, value } if key == asked => Some(value.as_str()),
            _ => None,
        })
    };
    let scaled = words.iter().any(|word| word.trim_start_matches("--scale=").starts_with(&format!("{}=", service.name)));
    if said(REPLICAS).is_some() && verb != "run" && !scaled {
        return false;
    }
    let Some(profiles) = said(PROFILES).filter(|_| !names.contains(&service.name.as_str())) else { return true };
    let of_profile = |asked: &str| asked == "*" || asked.contains('$') || profiles.split(',').any(|one| one == asked);
    let mut environment = command.environment.iter().filter(|(name, _)| name == "COMPOSE_PROFILES");
    let after = words.iter().zip(words.iter().skip(1)).filter(|(option, _)| **option == "--profile").map(|(_, value)| *value);
    let mut asked = after.chain(words.iter().filter_map(|word| word.strip_prefix("--profile=")));
    asked.any(of_profile) || environment.any(|(_, value)| value.as_deref().is_none_or(|all| all.split(',').any(of_profile)))
}

/// The image of a service that is not built for it.
fn named_by_service<'f>(facts: &'f FileFacts, service: &Unit) -> Option<&'f str> {
    let own = |fact: &&Fact| fact.unit.and_then(|unit| facts.units.get(unit)).is_some_and(|unit| unit.name == service.name);
    facts.facts.iter().filter(own).find_map(|fact| match &fact.kind {
        FactKind::Data(d) if d.kind == DataKind::Image && !d.writes => Some(d.key.as_str()),
        _ => None,
    })
}

/// What is built for a service, which starts nothing.
fn images_of(facts: &FileFacts, service: &Unit) -> Vec<Lead> {
    let own = |fact: &&Fact| fact.unit.and_then(|unit| facts.units.get(unit)).is_some_and(|unit| unit.name == service.name);
    let built = facts.facts.iter().filter(own).filter_map(|fact| match &fact.kind {
        FactKind::Uses(Uses { to: UsesTarget::File(path), .. }) => Some(path.as_str()),
        _ => None,
    });
    let lead = |path: &str| {
        let (to, edge) = (Target::File { path: path.into(), run: Run::Script }, EdgeKind::Invokes);
        Lead { to, edge, strength: Strength::Resolved, what: format!("builds {path}") }
    };
    built.map(lead).collect()
}
