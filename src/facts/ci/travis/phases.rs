//! The phases of a job, from what prepares it to what it deploys.

use std::collections::BTreeMap;

use super::super::commands::Commands;
use super::super::shells::Program;
use super::super::text::How;
use super::{Reading, deployments, of};
use crate::fact::{FactKind, Guard, UnitId};
use crate::source::NoticeKind;
use crate::syntax::shell::REPO_ROOT;
use crate::syntax::tree::{Kind, Node};
use crate::words::TriggerKind;

/// Most rows of variables that are told apart.
const MAX_CELLS: usize = 20;

/// The variables that every job has, stated of a unit.
pub(super) fn variables(root: Node<'_>, owner: Node<'_>, unit: UnitId, reading: &mut Reading<'_>) -> BTreeMap<String, String> {
    let plain = |text: &str| text.to_owned();
    let Some(env) = owner.get("env") else { return BTreeMap::new() };
    if env.get("global").is_some() {
        return reading.variables(env, "global", unit, &plain);
    }
    let is_matrix = env.get("matrix").or_else(|| env.get("jobs")).is_some() || env.kind() == Kind::Seq;
    if is_matrix && owner == root { BTreeMap::new() } else { reading.variables(owner, "env", unit, &plain) }
}

/// The variables of each row of the matrix; one empty row where there is none.
fn rows(root: Node<'_>, own: Option<Node<'_>>) -> Vec<BTreeMap<String, String>> {
    let none = vec![BTreeMap::new()];
    let Some(env) = root.get("env").filter(|_| own.is_none()) else { return none };
    let list = env.get("matrix").or_else(|| env.get("jobs")).unwrap_or(env);
    if list.kind() != Kind::Seq || list.items().count() > MAX_CELLS {
        return none;
    }
    let row = |item: Node<'_>| -> BTreeMap<String, String> {
        let pairs = item.text().into_iter().flat_map(str::split_whitespace).filter_map(|pair| pair.split_once('='));
        let mut row: BTreeMap<String, String> =
            pairs.map(|(key, value)| (key.to_owned(), value.trim_matches(['"', '\'']).to_owned())).collect();
        row.extend(item.entries().filter_map(|(key, value)| Some((key.text.to_owned(), value.text()?.to_owned()))));
        row.retain(|key, value| key != "secure" && !value.contains('$'));
        row
    };
    let rows: Vec<BTreeMap<String, String>> = list.items().map(row).collect();
    if rows.is_empty() { none } else { rows }
}

/// Reads a job into its unit; returns the line that stands for what it does.
pub(super) fn read(root: Node<'_>, own: Option<Node<'_>>, id: UnitId, line: u32, reading: &mut Reading<'_>) -> u32 {
    machine(root, own, id, reading);
    let mut known = variables(root, root, id, reading);
    if let Some(own) = own {
        known.extend(variables(root, own, id, reading));
    }
    for (key, value) in [("CI", "true"), ("TRAVIS", "true"), ("TRAVIS_BUILD_DIR", REPO_ROOT)] {
        known.insert(key.to_owned(), value.to_owned());
    }
    let stops = Program::Shell { errexit: true, pipefail: false };
    let goes_on = Program::Shell { errexit: false, pipefail: false };
    let rows = rows(root, own);
    let hows = |program: &str| -> Vec<How<'_>> {
        let of_row = |row: &BTreeMap<String, String>| {
            let mut variables = known.clone();
            variables.extend(row.clone());
            How { dir: Some(".".to_owned()), variables, program: if program == "stops" { &stops } else { &goes_on } }
        };
        rows.iter().map(of_row).collect()
    };
    // one shell runs them all
    let mut before = Commands::default();
    for phase in ["before_install", "install", "before_script"] {
        phase_of(root, own, phase, &mut before, reading, &mut |commands, reading| {
            commands.step(phase, id, &hows("stops"), reading);
        });
    }
    phase_of(root, own, "script", &mut before, reading, &mut |commands, reading| {
        commands.steps_beside("script", id, &hows("goes on"), reading);
    });
    // other languages have a script by default, Python has none
    if of(root, own, "script").is_none() && of(root, own, "language").and_then(|(node, _)| node.text()) == Some("python") {
        let text = "a job in Python without `script` tests nothing: the service has none by default";
        reading.notice(line, NoticeKind::NotFollowed, text);
    }
    for phase in ["after_success", "after_failure"] {
        phase_of(root, own, phase, &mut before, reading, &mut |commands, reading| {
            let step = commands.step(phase, id, &hows("goes on"), reading);
            let (Some(step), Some((line, _))) = (step, commands.span()) else { return };
            reading.fact(step, line, FactKind::Guard(Guard::AllowFailure(phase.to_owned())));
            if phase == "after_failure" {
                reading.fact(step, line, FactKind::Guard(Guard::AfterFailure(phase.to_owned())));
            }
        });
    }
    let all = deployments(root, own, reading);
    if !all.is_empty() {
        phase_of(root, own, "before_deploy", &mut before, reading, &mut |commands, reading| {
            commands.step("before_deploy", id, &hows("stops"), reading);
        });
    }
    for one in &all {
        deployment(*one, id, &hows("stops"), reading);
    }
    for phase in ["after_deploy", "after_script"] {
        phase_of(root, own, phase, &mut before, reading, &mut |commands, reading| {
            let step = commands.step(phase, id, &hows("goes on"), reading);
            let (Some(step), Some((line, _))) = (step, commands.span()) else { return };
            reading.fact(step, line, FactKind::Guard(Guard::AllowFailure(phase.to_owned())));
            if phase == "after_script" {
                reading.fact(step, line, FactKind::Guard(Guard::Always(phase.to_owned())));
            }
        });
    }
    line
}

/// The commands of a phase, where it has any and is not skipped.
fn phase_of(
    root: Node<'_>,
    own: Option<Node<'_>>,
    phase: &str,
    before: &mut Commands,
    reading: &mut Reading<'_>,
    with: &mut dyn FnMut(&Commands, &mut Reading<'_>),
) {
    let Some((node, _)) = of(root, own, phase) else { return };
    if matches!(node.text(), Some("skip" | "true" | "ignore")) {
        return;
    }
    let commands = Commands::read(node, phase, reading).behind(before);
    with(&commands, reading);
    *before = commands;
}

fn machine(root: Node<'_>, own: Option<Node<'_>>, id: UnitId, reading: &mut Reading<'_>) {
    for key in ["os", "dist"] {
        if let Some((node, line)) = of(root, own, key)
            && let Some(label) = node.text()
        {
            reading.fact(id, line, FactKind::Machine { label: label.to_owned(), hosted: true });
        }
    }
    for key in ["language", "python"] {
        let Some((node, line)) = of(root, own, key) else { continue };
        for (value, _) in node.strings().into_iter().take(MAX_CELLS) {
            reading.setting(id, line, key, value);
        }
    }
}

/// Whether some deployment of a job is for tags.
pub(super) fn deploys_tags(root: Node<'_>, own: Option<Node<'_>>) -> bool {
    let Some((node, _)) = of(root, own, "deploy") else { return false };
    let all: Vec<Node<'_>> = if node.kind() == Kind::Seq { node.items().collect() } else { vec![node] };
    all.into_iter().any(is_for_tags)
}

fn is_for_tags(one: Node<'_>) -> bool {
    one.get("on").or_else(|| one.get("true")).and_then(|on| on.get("tags")).and_then(Node::as_bool) == Some(true)
}

/// One deployment: a command of the project's own, or a provider of the service.
fn deployment(one: Node<'_>, job: UnitId, hows: &[How<'_>], reading: &mut Reading<'_>) {
    let line = one.key_line("provider").unwrap_or_else(|| one.site_line());
    let Some(provider) = one.get("provider").and_then(Node::text) else {
        return reading.wrong(line, "a deployment without a provider");
    };
    let script = one.get("script").filter(|_| provider == "script");
    let step = match script {
        Some(script) => Commands::read(script, "script", reading).step("deploy", job, hows, reading),
        None => {
            let with: Vec<(String, String)> =
                one.entries().filter_map(|(key, value)| Some((key.text.to_owned(), value.text()?.to_owned()))).collect();
            let step = reading.step(&format!("deploy {provider}"), (line, one.end_line()), job);
            if let Some(step) = step {
                reading.outside(step, line, &format!("travis-ci/dpl/{provider}"), with);
            }
            step
        }
    };
    let Some(step) = step else { return };
    let on = one.get("on");
    let at = one.key_line("on").unwrap_or(line);
    if on.and_then(Node::as_bool) == Some(false) {
        return reading.never(step, at, "on: false");
    }
    // never for pull requests; for tags only where it says so
    let kinds =
        if is_for_tags(one) { vec![TriggerKind::Tag] } else { vec![TriggerKind::Push, TriggerKind::Schedule, TriggerKind::Api] };
    reading.fact(step, at, FactKind::Guard(Guard::Event(kinds)));
    if let Some(condition) = on.and_then(|on| on.get("condition")).and_then(Node::text) {
        reading.fact(step, at, FactKind::Guard(Guard::If(condition.to_owned())));
    }
}
