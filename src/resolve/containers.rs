//! Container tools: what is built, what is started, and by which key images are known.

use std::collections::BTreeMap;

use super::{Invocation, Lead, Located, Run, Target, View};
use crate::fact::{Book, Command, Data, DataKind, FactKind, UnitKind};
use crate::source::{self, RepoPath};
use crate::words::{EdgeKind, Strength};

/// `docker build`, `docker run`, `docker compose up|run|build`.
pub(super) fn follow(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let words: Vec<&str> = invocation.arguments().iter().map(|w| w.text.as_str()).collect();
    let compose = invocation.command.program() == "docker-compose" || words.first() == Some(&"compose");
    if compose {
        let rest = if words.first() == Some(&"compose") { &words[1..] } else { &words[..] };
        return services(invocation, rest, view);
    }
    let rest = match words.first() {
        Some(&"buildx" | &"image" | &"builder" | &"container") => &words[1..],
        _ => &words[..],
    };
    match rest.first() {
        Some(&"build") => build(invocation, &rest[1..], view),
        Some(&"run") => run(&rest[1..], view),
        _ => Vec::new(),
    }
}

/// Options of `docker build` and `docker run` that take a value.
const VALUED: &[&str] = &[
    "-t",
    "--tag",
    "--build-arg",
    "--target",
    "--platform",
    "--cache-from",
    "--cache-to",
    "--label",
    "--secret",
    "--network",
    "-e",
    "--env",
    "--env-file",
    "-v",
    "--volume",
    "-p",
    "--publish",
    "--name",
    "-w",
    "--workdir",
    "--gpus",
    "--mount",
    "-u",
    "--user",
    "--entrypoint",
    "--memory",
    "--cpus",
    "--shm-size",
    "-m",
    "--add-host",
    "--restart",
    "-h",
    "--hostname",
    "-l",
    "--output",
    "-o",
    "--progress",
];

fn build(invocation: &Invocation<'_>, words: &[&str], view: &View<'_>) -> Vec<Lead> {
    let mut file: Option<&str> = None;
    let mut context = ".";
    let mut at = 0;
    while let Some(word) = words.get(at) {
        match *word {
            "-f" | "--file" => {
                file = words.get(at + 1).copied();
                at += 1;
            }
            word if VALUED.contains(&word) => at += 1,
            word if word.starts_with("--file=") => file = Some(&word[7..]),
            word if word.starts_with('-') && word != "-" => {}
            word => context = word,
        }
        at += 1;
    }
    let Some(dir) = invocation.dir() else { return Vec::new() };
    let name = match file {
        Some(file) => file.to_owned(),
        None => match source::join(context, "Dockerfile") {
            Some(path) => path,
            None => return Vec::new(),
        },
    };
    let what = format!("builds {name}");
    match invocation.locate(&name, view) {
        Located::Found(path, strength) => {
            vec![Lead { to: Target::File { path, run: Run::Script }, edge: EdgeKind::Invokes, strength, what }]
        }
        Located::Missing(_) if !context.contains("://") && !context.contains('$') => {
            let missing = format!("there is no `{name}` in `{dir}`");
            vec![Lead {
                to: Target::Missing { path: name, what: missing },
                edge: EdgeKind::Invokes,
                strength: Strength::Broken,
                what,
            }]
        }
        _ => Vec::new(),
    }
}

fn run(words: &[&str], view: &View<'_>) -> Vec<Lead> {
    let mut at = 0;
    while let Some(word) = words.get(at) {
        match *word {
            word if VALUED.contains(&word) => at += 2,
            word if word.starts_with('-') => at += 1,
            image => {
                let key = image_key(image);
                let built = view.images.get_or_init(|| built(view.book)).get(&key).and_then(|path| view.book.get_key_value(path));
                // what it starts is known where the image is built here
                return match built.and_then(|(path, facts)| definition(path, facts, &key, view)) {
                    Some(path) => vec![Lead {
                        to: Target::File { path, run: Run::Image },
                        edge: EdgeKind::Invokes,
                        strength: Strength::Resolved,
                        what: format!("starts image {key}"),
                    }],
                    // an image made elsewhere may do anything
                    None if !image.is_empty() => {
                        let what = format!("image {image}");
                        let to = Target::Outside { what: what.clone() };
                        vec![Lead { to, edge: EdgeKind::Invokes, strength: Strength::Assumed, what: format!("starts {what}") }]
                    }
                    None => Vec::new(),
                };
            }
        }
    }
    Vec::new()
}

/// Every image that some file builds, by its key, and the first such file.
fn built(book: &Book) -> BTreeMap<String, RepoPath> {
    let mut images = BTreeMap::new();
    for (path, fact) in book.iter().flat_map(|(path, facts)| facts.facts.iter().map(move |fact| (path, fact))) {
        let keys: Vec<String> = match &fact.kind {
            FactKind::Data(d) if d.kind == DataKind::Image && d.writes => vec![image_key(&d.key)],
            FactKind::Command(c) => data(c).iter().filter(|d| d.writes).map(|d| image_key(&d.key)).collect(),
            _ => Vec::new(),
        };
        for key in keys {
            images.entry(key).or_insert_with(|| path.clone());
        }
    }
    images
}

/// The image definition that the file which builds an image names.
fn definition(path: &RepoPath, facts: &crate::fact::FileFacts, key: &str, view: &View<'_>) -> Option<RepoPath> {
    facts.facts.iter().find_map(|fact| {
        let FactKind::Command(command) = &fact.kind else { return None };
        if !data(command).iter().any(|d| d.writes && image_key(&d.key) == key) {
            return None;
        }
        let invocation = Invocation { command, path, unit: fact.unit };
        follow(&invocation, view).into_iter().find_map(|lead| match lead.to {
            Target::File { path, .. } => Some(path),
            _ => None,
        })
    })
}

fn services(invocation: &Invocation<'_>, words: &[&str], view: &View<'_>) -> Vec<Lead> {
    let mut files: Vec<&str> = Vec::new();
    let mut rest: Vec<&str> = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        match *word {
            "-f" | "--file" => {
                files.extend(words.get(at + 1));
                at += 1;
            }
            "-p" | "--project-name" | "--profile" | "--env-file" | "-e" | "--env" | "-v" | "--entrypoint" | "-u" | "--user"
            | "-w" => at += 1,
            word if word.starts_with('-') => {}
            word => rest.push(word),
        }
        at += 1;
    }
    let Some(verb) = rest.first().copied().filter(|v| matches!(*v, "up" | "run" | "build" | "start" | "create")) else {
        return Vec::new();
    };
    let dir = invocation.dir().unwrap_or(".");
    let candidates: Vec<String> = if files.is_empty() {
        ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"]
            .iter()
            .filter_map(|n| source::join(dir, n))
            .collect()
    } else {
        files.iter().filter_map(|f| source::join(dir, f)).collect()
    };
    let paths: Vec<RepoPath> = candidates.into_iter().filter(|p| view.inventory.contains(p)).map(RepoPath::from).collect();
    let names: &[&str] = if verb == "run" { rest.get(1..2).unwrap_or(&[]) } else { &rest[1..] };
    let mut leads = Vec::new();
    for path in paths {
        let Some(facts) = view.book.get(&path) else { continue };
        for unit in facts.units.iter().filter(|u| u.kind == UnitKind::Service) {
            if names.is_empty() || names.contains(&unit.name.as_str()) {
                let to = Target::Unit { path: path.clone(), kind: UnitKind::Service, name: unit.name.clone() };
                // on another machine, or in a folder that is computed, it may be another file of that name
                let strength = if invocation.dir().is_some() { Strength::Resolved } else { Strength::Inferred };
                leads.push(Lead { to, edge: EdgeKind::Invokes, strength, what: format!("{verb} service {}", unit.name) });
            }
        }
    }
    leads
}

/// Images by the keys that commands name.
pub(super) fn data(command: &Command) -> Vec<Data> {
    if !matches!(command.program(), "docker" | "podman" | "nerdctl") {
        return Vec::new();
    }
    let words: Vec<&str> = command.words.iter().skip(1).map(|w| w.text.as_str()).collect();
    let rest = match words.first() {
        Some(&"buildx" | &"image" | &"builder") => &words[1..],
        _ => &words[..],
    };
    let image = |key: &str, writes: bool| Data { kind: DataKind::Image, key: image_key(key), writes, hash: None };
    match rest.first() {
        Some(&"build") => {
            let mut found = Vec::new();
            for (at, word) in rest.iter().enumerate() {
                let tag = match *word {
                    "-t" | "--tag" => rest.get(at + 1).copied(),
                    word => word.strip_prefix("--tag="),
                };
                found.extend(tag.map(|t| image(t, true)));
            }
            found
        }
        Some(&"push") => rest.get(1).map(|t| image(t, true)).into_iter().collect(),
        Some(&"pull") => rest.get(1).map(|t| image(t, false)).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The repository path of an image: host, tag and digest are routinely changed on the way.
pub(crate) fn image_key(image: &str) -> String {
    let image = image.split('@').next().unwrap_or(image);
    let (path, tag) = image.rsplit_once(':').map_or((image, ""), |(p, t)| (p, t));
    let path = if tag.contains('/') { image } else { path };
    match path.split_once('/') {
        Some((host, rest)) if host.contains('.') || host.contains(':') || host == "localhost" => rest.to_owned(),
        _ => path.to_owned(),
    }
}
