//! Stacks that a program declares, brought about by `cdk deploy` or `pulumi up`: the program that the settings of the folder
//! name is run, and what it declares (of the CDK: for the stacks that the command means) is applied.
//!
//! What is only put together, compared or prepared leads nowhere. A stage is no stack of its own: it is meant only where a
//! pattern or a pipeline says so.

use super::cluster::{self, Said};
use super::stacks::{applies, outside};
use super::{Invocation, Lead, Target, View};
use crate::fact::{FactKind, FileFacts, Uses, UsesTarget};
use crate::source::{self, RepoPath};
use crate::words::{EdgeKind, Strength};

/// Under which name what a stack holds says of which stage it is a part.
pub(crate) const STAGE: &str = "stage";

/// Options whose value is the next word.
const VALUED: &[&str] = &[
    "-a",
    "--app",
    "-c",
    "--context",
    "-p",
    "--plugin",
    "--profile",
    "-r",
    "--role-arn",
    "-o",
    "--output",
    "-O",
    "--outputs-file",
    "--require-approval",
    "--toolkit-stack-name",
    "--parameters",
    "--method",
    "-m",
    "--progress",
    "--concurrency",
    "-t",
    "--tags",
    "-E",
    "--build-exclude",
    "--change-set-name",
    "--notification-arns",
];

/// Settings of a program of which all that it makes is one stack.
pub(crate) const PROJECTS: &[&str] = &["Pulumi.yaml", "Pulumi.yml"];

/// Options of `pulumi` whose value is the next word.
const OF_PROJECTS: &[&str] = &[
    "-C",
    "--cwd",
    "-s",
    "--stack",
    "-c",
    "--config",
    "--config-file",
    "-m",
    "--message",
    "-p",
    "--parallel",
    "-t",
    "--target",
    "--replace",
    "--color",
    "--policy-pack",
    "--secrets-provider",
    "-v",
    "--verbose",
];

/// Most stars of one pattern.
const STARS: usize = 4;

/// A name that only a run of the program knows.
const OPEN: &str = "?";

/// `cdk deploy`, of the stacks that it names; of the only one, or with `--all` of all.
pub(super) fn cdk(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let said = Said::of(invocation, VALUED);
    let Some(("deploy", names)) = said.words.split_first().map(|(verb, names)| (*verb, names)) else { return Vec::new() };
    let prepares = said.values(&["--no-execute", "--help", "-h"]).next().is_some()
        || said.values(&["--method", "-m"]).any(|method| method == "prepare-change-set")
        || said.values(&["--execute"]).any(|value| value == "false");
    if prepares || cluster::only_tries(invocation.command) {
        return Vec::new();
    }
    let settings = invocation.dir().and_then(|dir| source::join(dir, "cdk.json"));
    let Some((path, facts)) = settings.and_then(|path| view.book.get_key_value(path.as_str())) else {
        return vec![outside("a program that is not named here")];
    };
    let mut sure = Strength::Resolved;
    if let Some(app) = said.values(&["-a", "--app"]).next() {
        let own = facts.facts.iter().any(|fact| matches!(&fact.kind, FactKind::Command(command) if command.text() == app));
        match app.trim_end_matches('/') {
            // what was put together before, most likely by the same program
            "cdk.out" | "./cdk.out" => sure = Strength::Inferred,
            _ if own => {}
            _ => return vec![outside("a program that is not named here")],
        }
    }
    let stacks = stacks(facts);
    let top: Vec<&str> = unique(stacks.iter().filter(|stack| stack.stage.is_empty()).map(|stack| stack.name));
    let all = said.values(&["--all"]).next().is_some();
    // without a name only a single stack can be meant
    if names.is_empty() && !all && top.len() > 1 {
        sure = Strength::Assumed;
    }
    let open = names.iter().any(|name| name.contains('$'));
    let meant = |stack: &Stack<'_>| match names {
        [] => stack.stage.is_empty().then_some(sure),
        _ if open => Some(Strength::Assumed),
        _ if names.iter().any(|pattern| fits(pattern, stack.name)) => Some(sure),
        _ if stack.name.contains(OPEN) && stack.stage.is_empty() => Some(sure.min(Strength::Inferred)),
        _ => None,
    };
    let mut leads = vec![applies(path.clone(), sure)];
    for stack in &stacks {
        let Some(strength) = meant(stack) else { continue };
        // what one file declares for several stacks is told apart by the file alone
        let shared = stacks.iter().any(|other| other.file() == stack.file() && meant(other).is_none());
        leads.extend(stack.leads(path, if shared { strength.min(Strength::Inferred) } else { strength }));
    }
    leads.dedup_by(|a, b| matches!((&a.to, &b.to), (Target::Unit { path: a, .. }, Target::Unit { path: b, .. }) if a == b));
    leads
}

/// `pulumi up`: what the program of the project makes, in whose folder or below it is run; which stack of it only says with
/// which values.
pub(super) fn pulumi(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let said = Said::of(invocation, OF_PROJECTS);
    let tries = said.values(&["--help", "-h"]).next().is_some() || cluster::only_tries(invocation.command);
    if !matches!(said.words.first(), Some(&"up" | &"update")) || tries {
        return Vec::new();
    }
    let at = said.values(&["-C", "--cwd"]).next().unwrap_or(".");
    let Some(mut folder) = invocation.dir().and_then(|dir| source::join(dir, at)) else { return Vec::new() };
    loop {
        let named = PROJECTS.iter().filter_map(|name| source::join(&folder, name));
        let settings = named.into_iter().find_map(|path| view.book.get_key_value(path.as_str()));
        if let Some((path, facts)) = settings {
            let parts = stacks(facts).into_iter().filter_map(|stack| stack.leads(path, Strength::Resolved));
            return std::iter::once(applies(path.clone(), Strength::Resolved)).chain(parts).collect();
        }
        if folder == "." {
            return Vec::new();
        }
        folder = source::folder(&folder).to_owned();
    }
}

/// The template that a program writes for one of its stacks, or for the stage of that name, where one is named so.
pub(super) fn template(named: &str, view: &View<'_>) -> Option<Vec<Lead>> {
    let name = source::file_name(named).strip_suffix(".template.json")?;
    let mut leads = Vec::new();
    for (path, facts) in view.book.iter().filter(|(path, _)| source::file_name(path) == "cdk.json") {
        for stack in stacks(facts).iter().filter(|stack| stack.name == name || stack.stage == name) {
            leads.extend(stack.leads(path, Strength::Resolved));
        }
    }
    Some(if leads.is_empty() { vec![outside("a template that is put together elsewhere")] } else { leads })
}

/// What one stack has in one file.
struct Stack<'f> {
    name: &'f str,
    stage: &'f str,
    uses: &'f Uses,
}

impl Stack<'_> {
    fn file(&self) -> Option<&str> {
        match &self.uses.to {
            UsesTarget::Unit { path, .. } => path.as_deref(),
            _ => None,
        }
    }

    fn leads(&self, from: &RepoPath, strength: Strength) -> Option<Lead> {
        let UsesTarget::Unit { path, kind, name } = &self.uses.to else { return None };
        let path: RepoPath = path.as_deref().map_or_else(|| from.clone(), RepoPath::from);
        let what = format!("brings about {} of {path}", self.name);
        let to = Target::Unit { path, kind: *kind, name: name.clone() };
        Some(Lead { to, edge: EdgeKind::Applies, strength, what })
    }
}

fn stacks(facts: &FileFacts) -> Vec<Stack<'_>> {
    let of = |uses: &'_ Uses| uses.with.iter().any(|(key, _)| key == STAGE);
    let all = facts.facts.iter().filter(|fact| fact.unit.is_none()).filter_map(|fact| match &fact.kind {
        FactKind::Uses(uses) if of(uses) => Some(uses),
        _ => None,
    });
    let stage = |uses: &'_ Uses| uses.with.iter().position(|(key, _)| key == STAGE);
    all.filter_map(|uses| Some(Stack { name: &uses.reference, stage: &uses.with.get(stage(uses)?)?.1, uses })).collect()
}

fn unique<'n>(names: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let mut all: Vec<&str> = names.collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Whether a pattern of the command line means a stack: `*` stands for anything but a `/`, `**` for that too.
fn fits(pattern: &str, name: &str) -> bool {
    if pattern.replace("**", "*").matches('*').count() > STARS {
        return false;
    }
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => {
            let Some(rest) = name.strip_prefix(before) else { return false };
            let (deep, after) = after.strip_prefix('*').map_or((false, after), |after| (true, after));
            (0..=rest.len()).filter(|at| rest.is_char_boundary(*at)).any(|at| {
                let (taken, left) = rest.split_at(at);
                (deep || !taken.contains('/')) && fits(after, left)
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_stacks() {
        for (pattern, name, is) in [
            ("Fit", "Fit", true),
            ("Fit", "Fitting", false),
            ("Fit*", "Fitting", true),
            ("*", "Fit", true),
            ("*", "Prod/Fit", false),
            ("**", "Prod/Fit", true),
            ("Prod/*", "Prod/Fit", true),
        ] {
            assert_eq!(fits(pattern, name), is, "{pattern} {name}");
        }
    }
}
