//! Tools that bring a declared stack about, and calls that start what the platform knows by name.
//!
//! A template that a build or an upload writes anew is followed back to the one it was made from, where the same file
//! says so. A change that is only prepared, and a template that lies in a store, lead nowhere here.

use super::cluster::{self, Said};
use super::{Invocation, Lead, Located, Run, Target, View, launch, placed};
use crate::fact::{Command, FactKind, UnitKind, Uses, UsesTarget};
use crate::source::{self, RepoPath};
use crate::syntax::shell::Word;
use crate::words::{EdgeKind, Strength};

/// Options of these tools whose value is the next word.
const VALUED: &[&str] = &[
    "-t",
    "--template",
    "--template-file",
    "--template-body",
    "--output-template-file",
    "--stack-name",
    "--config-env",
    "--config-file",
    "--s3-bucket",
    "--region",
    "--profile",
    "--capabilities",
    "--pipeline-name",
    "-c",
    "--config",
    "-s",
    "--stage",
    "-r",
    "-f",
    "--function",
];
/// Options by which they are told a template.
const TEMPLATE: &[&str] = &["-t", "--template", "--template-file", "--template-body"];

/// `sam deploy`, `sam sync`.
pub(super) fn sam(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let said = Said::of(invocation, VALUED);
    if !matches!(said.words.first(), Some(&("deploy" | "sync"))) || cluster::only_tries(invocation.command) {
        return Vec::new();
    }
    let named = said.values(TEMPLATE).next();
    match named.filter(|named| !named.contains(".aws-sam")) {
        Some(named) => template(invocation, named, view),
        None => match before(invocation, view, &|command| command.program() == "sam" && second(command) == Some("build")) {
            Some(built) => {
                let said = Said::of(&built, VALUED);
                match said.values(TEMPLATE).next() {
                    Some(named) => template(&built, named, view),
                    None => own_template(invocation, view),
                }
            }
            None => own_template(invocation, view),
        },
    }
}

/// `aws cloudformation deploy|create-stack|update-stack`, `aws sagemaker start-pipeline-execution`; anything else is given
/// files like any program.
pub(super) fn aws(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let said = Said::of(invocation, VALUED);
    match said.words.as_slice() {
        ["cloudformation", "deploy" | "create-stack" | "update-stack", ..] if !cluster::only_tries(invocation.command) => {
            let named = said.values(TEMPLATE).next().map(|named| named.trim_start_matches("file://"));
            named.map(|named| template(invocation, named, view)).unwrap_or_default()
        }
        ["cloudformation", ..] => Vec::new(),
        ["sagemaker", "start-pipeline-execution", ..] => {
            said.values(&["--pipeline-name"]).map(|name| pipeline(name, view)).collect()
        }
        _ => super::applied(invocation, view),
    }
}

/// Options of `az` and its kin whose value is the next word.
const VALUED_THERE: &[&str] = &[
    "--template-file",
    "-f",
    "-TemplateFile",
    "--template-uri",
    "-u",
    "--template-spec",
    "-s",
    "--parameters",
    "-p",
    "-TemplateParameterFile",
    "--resource-group",
    "-g",
    "--location",
    "-l",
    "--name",
    "-n",
    "--mode",
    "--subscription",
    "--output",
    "-o",
    "--query",
];

/// `az deployment group create` and the other scopes, stacks of deployments; anything else is given files like any program.
pub(super) fn az(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let said = Said::of(invocation, VALUED_THERE);
    match said.words.as_slice() {
        ["deployment", "group" | "sub" | "mg" | "tenant", "create", ..]
        | ["deployment", "create", ..]
        | ["group", "deployment", "create", ..]
        | ["stack", "group" | "sub" | "mg", "create", ..] => azure(invocation, &said, view),
        ["deployment" | "stack" | "bicep", ..] => Vec::new(),
        _ => super::applied(invocation, view),
    }
}

/// `New-AzResourceGroupDeployment -TemplateFile`.
pub(super) fn new_az(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    azure(invocation, &Said::of(invocation, VALUED_THERE), view)
}

/// `azd up`, `azd provision`: the template at its fixed place.
pub(super) fn azd(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let said = Said::of(invocation, &["-e", "--environment", "-C", "--cwd"]);
    if !matches!(said.words.first(), Some(&("up" | "provision"))) || said.values(&["--preview"]).next().is_some() {
        return Vec::new();
    }
    let at = said.values(&["-C", "--cwd"]).next().unwrap_or(".");
    let path = invocation.dir().and_then(|dir| source::join(&source::join(dir, at)?, "infra/main.bicep"));
    match path.filter(|path| view.inventory.contains(path)) {
        Some(path) => vec![applies(path.into(), Strength::Resolved)],
        None => vec![outside("a template that is not named here")],
    }
}

/// The template that a deployment names, or the file of values that names it; nothing where it is only tried.
fn azure(invocation: &Invocation<'_>, said: &Said<'_>, view: &View<'_>) -> Vec<Lead> {
    let tries = ["--what-if", "-w", "-WhatIf", "--help", "-h"];
    let mode = said.values(&["--mode"]).next().unwrap_or_default();
    if said.values(&tries).next().is_some() || mode.starts_with("Validat") {
        return Vec::new();
    }
    let values = said.values(&["--parameters", "-p", "-TemplateParameterFile"]).find(|text| text.ends_with(".bicepparam"));
    let Some(named) = said.values(&["--template-file", "-f", "-TemplateFile"]).next().or(values) else {
        return vec![outside("a template that lies in the service")];
    };
    // what is compiled beforehand lies beside what it is compiled from
    let compiled = named.strip_suffix(".json").map(|stem| format!("{stem}.bicep"));
    let from = compiled.filter(|_| matches!(invocation.locate(named, view), Located::Missing(_)));
    match from.map(|from| invocation.locate(&from, view)) {
        Some(Located::Found(path, strength)) if view.inventory.contains(&path) => {
            vec![applies(path, strength.min(Strength::Inferred))]
        }
        _ => template(invocation, named, view),
    }
}

/// `serverless deploy`: the service in the folder, or that of another file there.
pub(super) fn serverless(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let said = Said::of(invocation, VALUED);
    if said.words.first() != Some(&"deploy") || cluster::only_tries(invocation.command) {
        return Vec::new();
    }
    if said.words.get(1) == Some(&"list") || said.words.get(1) == Some(&"plugin") {
        return Vec::new();
    }
    let names: Vec<&str> = match said.values(&["-c", "--config"]).next() {
        Some(named) => vec![named],
        None => vec!["serverless.yml", "serverless.yaml"],
    };
    let found = names.iter().find_map(|name| source::join(invocation.dir()?, name).filter(|p| view.inventory.contains(p)));
    match found {
        Some(path) => vec![applies(path.into(), Strength::Resolved)],
        None => vec![outside("a service that is not named here")],
    }
}

/// What a published step leads to that stands for a command: the step runs at the root, or in the folder that the command
/// goes to first.
pub(super) fn step(uses: &Uses, from: &RepoPath, view: &View<'_>) -> Vec<Lead> {
    let UsesTarget::Remote(reference) = &uses.to else { return Vec::new() };
    let Some(words) = view.programs.step(reference, &uses.with) else { return Vec::new() };
    let (dir, words) = match words.as_slice() {
        [cd, dir, and, rest @ ..] if cd == "cd" && and == "&&" => (source::join(".", dir), rest),
        all => (Some(".".to_owned()), all),
    };
    let words = words.iter().map(|text| Word { literal: !text.contains("${{"), text: text.clone() }).collect();
    let command = Command::new(words, dir);
    super::command(&command, (from, None), view)
}

/// The program's first argument.
fn second(command: &Command) -> Option<&str> {
    command.words.get(1).map(|w| w.text.as_str())
}

/// The last command in front of this one, in the same file, for which something holds.
fn before<'v>(invocation: &Invocation<'_>, view: &View<'v>, holds: &dyn Fn(&Command) -> bool) -> Option<Invocation<'v>> {
    let (path, facts) = view.book.get_key_value(invocation.path)?;
    let own = facts.facts.iter().position(|f| matches!(&f.kind, FactKind::Command(c) if std::ptr::eq(c, invocation.command)))?;
    facts.facts.get(..own)?.iter().rev().find_map(|fact| match &fact.kind {
        FactKind::Command(command) if holds(command) => Some(Invocation::new(command, path, fact.unit, view)),
        _ => None,
    })
}

/// The template in the folder of a command that names none.
fn own_template(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let names = ["template.yaml", "template.yml", "template.json"];
    let found = names.iter().find_map(|name| source::join(invocation.dir()?, name).filter(|p| view.inventory.contains(p)));
    match found {
        Some(path) => vec![applies(path.into(), Strength::Resolved)],
        None => vec![outside("a template that is not named here")],
    }
}

pub(super) fn applies(path: RepoPath, strength: Strength) -> Lead {
    let what = format!("brings about {path}");
    Lead { to: Target::File { path, run: Run::Manifest }, edge: EdgeKind::Applies, strength, what }
}

pub(super) fn outside(what: &str) -> Lead {
    let to = Target::Outside { what: what.to_owned() };
    Lead { to, edge: EdgeKind::Applies, strength: Strength::Assumed, what: what.to_owned() }
}

/// The template that a command names: itself, or what it was written from.
fn template(invocation: &Invocation<'_>, named: &str, view: &View<'_>) -> Vec<Lead> {
    if named.contains("://") {
        return vec![outside("a template that lies in a store")];
    }
    let missing = match invocation.locate(named, view) {
        Located::Found(path, strength) if view.inventory.contains(&path) => return vec![applies(path, strength)],
        Located::Missing(path) => Some(path),
        _ => None,
    };
    let writes = |command: &Command| {
        let name = source::file_name(named);
        let packs = matches!(command.program(), "sam" | "aws") && command.words.iter().any(|w| w.text == "package");
        packs && command.words.iter().any(|w| source::file_name(w.text.split('=').next_back().unwrap_or("")) == name)
    };
    if let Some(packing) = before(invocation, view, &writes) {
        let said = Said::of(&packing, VALUED);
        let from = said.values(TEMPLATE).next().filter(|from| !from.contains(".aws-sam"));
        return match from.map(|from| packing.locate(from, view)) {
            Some(Located::Found(path, strength)) if view.inventory.contains(&path) => vec![applies(path, strength)],
            None => own_template(&packing, view),
            Some(_) => vec![outside("a template that is put together elsewhere")],
        };
    }
    if let Some(leads) = super::assembled::template(named, view) {
        return leads;
    }
    match missing.filter(|path| launch::certain(invocation, path, view)) {
        // what a build leaves behind is not in the repository
        Some(path) if !path.split('/').any(|part| matches!(part, "build" | "dist" | "out" | "cdk.out" | ".aws-sam")) => {
            let what = format!("`{path}` is not there");
            let to = Target::Missing { path, what };
            vec![Lead { to, edge: EdgeKind::Applies, strength: Strength::Broken, what: named.to_owned() }]
        }
        _ => vec![outside("a template that is put together elsewhere")],
    }
}

/// A pipeline of the platform by its name: the one definition here that has it, as far as names can tell.
fn pipeline(name: &str, view: &View<'_>) -> Lead {
    let mut found = view.book.iter().flat_map(|(path, facts)| {
        let defined = facts.orchestrated.pipelines.iter().filter_map(|unit| facts.units.get(*unit));
        // a part of a declaration has its name in the service beside it
        let declares = facts.units.first().is_some_and(|unit| unit.kind == UnitKind::Manifest);
        let declared = facts.units.iter().filter(move |unit| declares && unit.kind == UnitKind::Action && unit.title.is_some());
        defined
            .chain(declared)
            .filter(|unit| unit.name == name || unit.title.as_deref() == Some(name))
            .map(move |unit| (path, unit))
    });
    let what = format!("starts pipeline {name}");
    match (found.next(), found.next()) {
        (Some((path, unit)), None) => {
            let to = Target::Unit { path: path.clone(), kind: unit.kind, name: unit.name.clone() };
            Lead { to, edge: EdgeKind::Submits, strength: Strength::Inferred, what }
        }
        _ => Lead { edge: EdgeKind::Submits, ..outside(&format!("pipeline {name} of the service")) },
    }
}

/// The handler that an image of a function names in place of a program: `app.answer`, in a file that the image takes in.
pub(super) fn handler(invocation: &Invocation<'_>, word: &str, view: &View<'_>) -> Option<Lead> {
    let facts = view.book.get(invocation.path)?;
    let is_image = facts.units.get(invocation.unit?).is_some_and(|unit| unit.kind == UnitKind::Image);
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    let (module, name) = word.rsplit_once('.').filter(|_| is_image && word.chars().all(plain))?;
    let file = format!("{}.py", module.replace('.', "/"));
    let works = facts.facts.iter().rev().find_map(|fact| match &fact.kind {
        FactKind::Instruction(it) if it.keyword == "WORKDIR" => it.args.first().cloned(),
        _ => None,
    });
    let homes = ["/var/task", "/${LAMBDA_TASK_ROOT}", "/$LAMBDA_TASK_ROOT", ""].map(str::to_owned);
    let homes = works.into_iter().map(|dir| format!("/{}", dir.trim_matches('/'))).chain(homes);
    let path = homes.into_iter().find_map(|home| {
        placed::in_image(invocation.path, &format!("{home}/{file}"), view).filter(|path| view.inventory.contains(path))
    })?;
    let to = Target::Function { path: path.into(), name: name.to_owned() };
    Some(Lead { to, edge: EdgeKind::Invokes, strength: Strength::Resolved, what: format!("handler {word}") })
}
