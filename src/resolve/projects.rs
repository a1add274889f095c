//! Projects whose files give names to commands, and workflows that are made of rules: which of them a command runs.

use super::{Invocation, Lead, Located, Run, Target, View, make, run_of};
use crate::fact::{FileFacts, UnitKind};
use crate::source::{self, RepoPath};
use crate::words::{EdgeKind, Strength};

fn lead(to: Target, strength: Strength, what: String) -> Lead {
    Lead { to, edge: EdgeKind::Invokes, strength, what }
}

/// The words that are no options, and the value of the first of these options.
fn split<'w>(words: &[&'w str], valued: &[&str], asked: &[&str]) -> (Vec<&'w str>, Option<&'w str>) {
    let (mut plain, mut value) = (Vec::new(), None);
    let mut words = words.iter().copied();
    while let Some(word) = words.next() {
        match word.split_once('=') {
            Some((option, given)) if asked.contains(&option) => value = value.or(Some(given)),
            _ if asked.contains(&word) => value = value.or(words.next()),
            _ if valued.contains(&word) => drop(words.next()),
            _ if word.starts_with('-') => {}
            _ => plain.push(word),
        }
    }
    (plain, value)
}

fn words<'c>(invocation: &Invocation<'c>) -> Vec<&'c str> {
    invocation.command.words.get(1..).unwrap_or_default().iter().map(|w| w.text.as_str()).collect()
}

/// `mlflow run FOLDER [-e NAME]`; without an `MLproject` that has the name, a file of the folder may have it.
pub(super) fn mlflow(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    const VALUED: &[&str] = &[
        "-P",
        "--param-list",
        "-v",
        "--version",
        "-A",
        "--docker-args",
        "--experiment-name",
        "--experiment-id",
        "-b",
        "--backend",
        "-c",
        "--backend-config",
        "--env-manager",
        "--storage-dir",
        "--run-id",
        "--run-name",
        "--build-image",
    ];
    let words = words(invocation);
    let Some((&"run", rest)) = words.split_first() else { return Vec::new() };
    let (plain, name) = split(rest, VALUED, &["-e", "--entry-point"]);
    let Some(folder) = plain.first() else { return Vec::new() };
    let name = name.unwrap_or("main");
    let what = format!("mlflow run {folder} -e {name}");
    if folder.contains("://") || folder.starts_with("git@") {
        return vec![lead(Target::Outside { what: format!("project {folder}") }, Strength::Assumed, what)];
    }
    let folder = folder.split('#').next().unwrap_or(folder);
    let path = format!("{}/MLproject", folder.trim_end_matches('/'));
    let (path, strength) = match invocation.locate(&path, view) {
        Located::Found(path, strength) => (path, strength),
        _ => match ends_with(&path, view) {
            Some(path) => (path, Strength::Inferred),
            None => return beside(invocation, folder, name, what, view),
        },
    };
    named(&path, name, strength, what, view)
        .or_else(|| beside(invocation, folder, name, format!("mlflow run -e {name}"), view).pop())
        .into_iter()
        .collect()
}

/// The one file with this end; a folder that is computed in front still has its last parts.
fn ends_with(path: &str, view: &View<'_>) -> Option<RepoPath> {
    let literal = path.rsplit(['}', '$', ')']).next().unwrap_or(path).trim_start_matches(['/', '.']);
    if literal.split('/').count() < 2 || literal.len() == path.len() {
        return None;
    }
    let tail = format!("/{literal}");
    let mut found =
        view.inventory.named(source::file_name(path)).map(|e| &e.path).filter(|p| p.ends_with(&tail) || ***p == *literal);
    let first = found.next()?;
    found.next().is_none().then(|| first.clone())
}

/// A file of the folder, by its name.
fn beside(invocation: &Invocation<'_>, folder: &str, name: &str, what: String, view: &View<'_>) -> Vec<Lead> {
    if !name.ends_with(".py") && !name.ends_with(".sh") {
        return Vec::new();
    }
    match invocation.locate(&format!("{}/{name}", folder.trim_end_matches('/')), view) {
        Located::Found(path, strength) => vec![lead(Target::File { run: run_of(&path), path }, strength, what)],
        _ => Vec::new(),
    }
}

/// A target of a file, by its name; what is certainly not there is missing.
fn named(path: &RepoPath, name: &str, strength: Strength, what: String, view: &View<'_>) -> Option<Lead> {
    let Some(facts) = view.book.get(path) else {
        return Some(lead(Target::File { path: path.clone(), run: Run::Manifest }, strength, what));
    };
    if has(facts, name) {
        let to = Target::Unit { path: path.clone(), kind: UnitKind::Target, name: name.to_owned() };
        return Some(lead(to, strength, what));
    }
    if name.contains(['$', '.', '{']) || strength != Strength::Resolved {
        return None;
    }
    let missing = format!("`{path}` has no `{name}`");
    Some(lead(Target::Missing { path: path.to_string(), what: missing }, Strength::Broken, what))
}

fn has(facts: &FileFacts, name: &str) -> bool {
    facts.units.iter().any(|u| u.kind == UnitKind::Target && u.name == name)
}

/// `spacy project run NAME [FOLDER]`, `weasel run NAME [FOLDER]`.
pub(super) fn spacy(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    of_spacy(invocation, &words(invocation), view)
}

/// The same, run as a module of Python: the words behind the module's name.
pub(super) fn of_spacy(invocation: &Invocation<'_>, words: &[&str], view: &View<'_>) -> Vec<Lead> {
    let rest = match words {
        ["project", "run", rest @ ..] | ["run", rest @ ..] => rest,
        _ => return Vec::new(),
    };
    let (plain, _) = split(rest, &[], &[]);
    let Some(name) = plain.first() else { return Vec::new() };
    let folder = plain.get(1).filter(|folder| !folder.contains('=')).copied().unwrap_or(".");
    let files = ["project.yml", "project.yaml"].map(|file| format!("{}/{file}", folder.trim_end_matches('/')));
    let found = files.iter().find_map(|file| match invocation.locate(file, view) {
        Located::Found(path, strength) => Some((path, strength)),
        _ => None,
    });
    found.and_then(|(path, strength)| named(&path, name, strength, format!("runs {name}"), view)).into_iter().collect()
}

/// `snakemake [-s FILE] [RULE …]`: the rules that it names; which others a run needs its files decide.
pub(super) fn snakemake(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    const VALUED: &[&str] =
        &["-c", "--cores", "-j", "--jobs", "--configfile", "--config", "--profile", "--resources", "--directory", "-d"];
    let words = words(invocation);
    if words.iter().any(|word| {
        matches!(*word, "-n" | "--dry-run" | "--dryrun" | "--lint" | "--dag" | "--rulegraph" | "--unlock" | "--report")
    }) {
        return Vec::new();
    }
    let (plain, file) = split(&words, VALUED, &["-s", "--snakefile"]);
    let usual = ["Snakefile", "workflow/Snakefile", "snakefile", "workflow/snakefile"];
    let files: Vec<&str> = file.map_or_else(|| usual.to_vec(), |file| vec![file]);
    workflow(invocation, &files, &plain, view)
}

/// `nextflow run FILE|FOLDER`: the processes of the file and of what it takes in.
pub(super) fn nextflow(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let words = words(invocation);
    let (plain, _) = split(&words, &["-profile", "-c", "-params-file", "-work-dir", "-w"], &[]);
    let ["run", what, ..] = plain.as_slice() else { return Vec::new() };
    if words.iter().any(|word| matches!(*word, "-preview" | "-stub" | "-stub-run")) {
        return Vec::new();
    }
    let inside = format!("{}/main.nf", what.trim_end_matches('/'));
    workflow(invocation, &[if what.ends_with(".nf") { what } else { &inside }], &[], view)
}

fn workflow(invocation: &Invocation<'_>, files: &[&str], wanted: &[&str], view: &View<'_>) -> Vec<Lead> {
    let found = files.iter().find_map(|file| match invocation.locate(file, view) {
        Located::Found(path, _) => Some(path),
        _ => None,
    });
    let Some(path) = found else { return Vec::new() };
    if !view.book.contains_key(&path) {
        return vec![lead(Target::File { path, run: Run::Manifest }, Strength::Inferred, "workflow".to_owned())];
    }
    let mut leads = Vec::new();
    for path in make::included(&path, view) {
        let Some(facts) = view.book.get(&path) else {
            leads.push(lead(Target::File { path, run: Run::Manifest }, Strength::Inferred, "takes in".to_owned()));
            continue;
        };
        for unit in facts.units.iter().filter(|u| u.kind == UnitKind::Target) {
            let strength = if wanted.contains(&unit.name.as_str()) { Strength::Resolved } else { Strength::Inferred };
            let to = Target::Unit { path: path.clone(), kind: UnitKind::Target, name: unit.name.clone() };
            leads.push(lead(to, strength, format!("runs {}", unit.name)));
        }
    }
    leads
}
