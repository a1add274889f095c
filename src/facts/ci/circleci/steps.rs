//! The steps of a job: texts for a shell, commands of the file and of orbs, conditions, and where the repository lies.

use std::collections::BTreeMap;

use super::super::commands::Commands;
use super::super::text::How;
use super::known::{Definition, Given, Known, Parameters};
use super::{Reading, jobs};
use crate::fact::{Command, FactKind, Guard, UnitId};
use crate::source::{self, NoticeKind};
use crate::syntax::tree::{Kind, Node};

/// Deepest nesting of commands and conditions.
const MAX_DEPTH: usize = 12;
/// Steps of the service that run nothing of the project's.
const SERVICE: &[&str] = &[
    "save_cache",
    "restore_cache",
    "persist_to_workspace",
    "store_artifacts",
    "store_test_results",
    "setup_remote_docker",
    "add_ssh_keys",
    "add-ssh-keys",
];

/// Where the steps of a job run.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    /// The folder that a step begins in.
    pub(super) folder: String,
    /// The folder of the repository, once it is there.
    pub(super) repository: Option<String>,
    pub(super) shell: Option<String>,
    pub(super) windows: bool,
    pub(super) variables: BTreeMap<String, String>,
    /// Why no step runs any more.
    pub(super) halted: Option<String>,
}

/// What is known where steps are read.
pub(super) struct At<'a, 't> {
    pub(super) known: &'a Known<'t>,
    pub(super) parameters: &'a Parameters<'t>,
    pub(super) place: &'a mut Place,
    /// Conditions and commands around, and of these which.
    pub(super) depth: usize,
    pub(super) open: Vec<u32>,
}

/// Reads a list of steps under a job or step.
pub(super) fn read<'t>(list: Node<'t>, parent: UnitId, at: &mut At<'_, 't>, reading: &mut Reading<'_>) {
    // a parameter that holds steps
    let list = match list.text().and_then(|text| parameter(text, at)) {
        Some(node) => node,
        None => list,
    };
    if !matches!(list.kind(), Kind::Seq | Kind::Null) {
        return reading.wrong(list.site_line(), "`steps` is no list");
    }
    if at.depth > MAX_DEPTH {
        return reading.notice(list.site_line(), NoticeKind::NotFollowed, "commands call each other too deeply");
    }
    for step in list.items() {
        let line = step.site_line();
        match (step.text(), step.kind(), step.entries().next()) {
            (Some(name), ..) => one(name, line, None, parent, at, reading),
            (None, Kind::Map, Some((key, body))) => one(key.text, key.line, Some(body), parent, at, reading),
            _ => reading.wrong(line, "a step that is neither a name nor has keys"),
        }
    }
}

/// The steps that a parameter holds, where a text is just its name.
fn parameter<'t>(text: &str, at: &At<'_, 't>) -> Option<Node<'t>> {
    let name = text.trim().strip_prefix("<<")?.strip_suffix(">>")?.trim();
    match at.parameters.get(name)? {
        Given::Node(node) => Some(*node),
        Given::Text(_) => None,
    }
}

fn one<'t>(name: &str, line: u32, body: Option<Node<'t>>, parent: UnitId, at: &mut At<'_, 't>, reading: &mut Reading<'_>) {
    match name {
        "checkout" => {
            let path = body.and_then(|b| b.get("path")).and_then(Node::text).map(|t| at.known.fill(t, at.parameters));
            at.place.repository = Some(path.map_or_else(|| at.place.folder.clone(), |p| absolute(&p, &at.place.folder)));
        }
        "attach_workspace" => {
            // what other jobs left; where it is put over the folder of the job, that is the repository
            let to = body.and_then(|b| b.get("at")).and_then(Node::text).map(|t| at.known.fill(t, at.parameters));
            let to = absolute(to.as_deref().unwrap_or("."), &at.place.folder);
            let over = at.place.folder == to || at.place.folder.strip_prefix(&*to).is_some_and(|rest| rest.starts_with('/'));
            if over && at.place.repository.is_none() {
                at.place.repository = Some(at.place.folder.clone());
            }
        }
        "run" | "deploy" => {
            if let Some(body) = body {
                run(body, line, parent, at, reading);
            } else {
                reading.wrong(line, "`run` without a command");
            }
        }
        "steps" => {
            if let Some(body) = body {
                at.depth += 1;
                read(body, parent, at, reading);
                at.depth -= 1;
            }
        }
        "when" | "unless" => {
            let Some(body) = body.filter(|b| b.get("steps").is_some()) else {
                return reading.wrong(line, &format!("`{name}` without steps"));
            };
            let condition = body.get("condition");
            let guard = condition.and_then(|c| jobs::guard(c, name == "unless", at));
            let Some(id) = reading.step(name, (line, body.end_line()), parent) else { return };
            if let Some(guard) = guard {
                let never = matches!(guard, Guard::Never(_));
                reading.fact(id, body.key_line("condition").unwrap_or(line), FactKind::Guard(guard));
                if never {
                    return;
                }
            }
            nested(body, id, at, reading);
        }
        _ if SERVICE.contains(&name) => {}
        _ => call(name, line, body, parent, at, reading),
    }
}

fn nested<'t>(body: Node<'t>, id: UnitId, at: &mut At<'_, 't>, reading: &mut Reading<'_>) {
    if let Some(steps) = body.get("steps") {
        at.depth += 1;
        read(steps, id, at, reading);
        at.depth -= 1;
    }
}

/// A command by its name.
fn call<'t>(name: &str, line: u32, given: Option<Node<'t>>, parent: UnitId, at: &mut At<'_, 't>, reading: &mut Reading<'_>) {
    if reading.own.calls_left == 0 {
        return reading.notice(line, NoticeKind::TooLarge, "too many calls of commands; the others were not followed");
    }
    reading.own.calls_left -= 1;
    let found = at.known.find("commands", name);
    if let Definition::None = found {
        return reading.wrong(line, &format!("there is no command `{name}`"));
    }
    let end_line = given.map_or(line, Node::end_line);
    let Some(id) = reading.step(name, (line, end_line), parent) else { return };
    match found {
        Definition::Here(definition, _, home) => {
            let parameters = home.parameters(definition, given, at.parameters, at.known);
            if at.open.contains(&definition.id()) {
                return reading.wrong(line, &format!("command `{name}` calls itself"));
            }
            let mut open = at.open.clone();
            open.push(definition.id());
            let mut inner = At { known: &home, parameters: &parameters, place: at.place, depth: at.depth, open };
            nested(definition, id, &mut inner, reading);
        }
        Definition::Orb(orb) => jobs::published(name, &orb, given, id, line, at.known, reading),
        Definition::None => {}
    }
}

fn run(body: Node<'_>, line: u32, parent: UnitId, at: &mut At<'_, '_>, reading: &mut Reading<'_>) {
    let fill = |text: &str| at.known.fill(text, at.parameters);
    let of = |key: &str| body.get(key).and_then(Node::text).map(fill);
    let command = if body.kind() == Kind::Map { body.get("command") } else { Some(body) };
    let Some(command) = command.filter(|c| c.text().is_some()) else {
        return reading.wrong(line, "`run` without a command");
    };
    let text = Commands::read(command, "command", reading).filled(&fill);
    let end = text.span().map_or(line, |(_, last)| last);
    let Some(id) = reading.step(&of("name").unwrap_or_default(), (line, end.max(body.end_line())), parent) else { return };
    let key_line = |key: &str| body.key_line(key).unwrap_or(line);
    match of("when").as_deref() {
        Some("always") => reading.fact(id, key_line("when"), FactKind::Guard(Guard::Always("when: always".to_owned()))),
        Some("on_fail") => {
            reading.fact(id, key_line("when"), FactKind::Guard(Guard::AfterFailure("when: on_fail".to_owned())));
        }
        _ => {}
    }
    if body.get("background").and_then(Node::as_bool) == Some(true) {
        reading.fact(id, key_line("background"), FactKind::Guard(Guard::AllowFailure("background: true".to_owned())));
    }
    let mut place = at.place.clone();
    place.variables.extend(reading.variables(body, "environment", id, &fill));
    let folder = of("working_directory").map_or_else(|| place.folder.clone(), |f| absolute(&f, &place.folder));
    let program = place.program(of("shell").as_deref());
    let how = How { dir: inside(&folder, place.repository.as_deref()), variables: place.shell_variables(), program: &program };
    let first = reading.facts.facts.len();
    text.state(id, &[how], reading);
    if let Some(halted) = &at.place.halted {
        reading.never(id, line, halted);
    }
    // a step that does nothing but end the job
    let commands = reading.facts.facts.get(first..).unwrap_or_default().iter().filter_map(|fact| match &fact.kind {
        FactKind::Command(command) => Some(command),
        _ => None,
    });
    let all: Vec<&Command> = commands.take(2).collect();
    let halts =
        matches!(all.as_slice(), [one] if one.off.is_none() && one.conditions.is_empty() && one.text().ends_with(" step halt"));
    if halts && at.depth == 0 && at.place.halted.is_none() {
        at.place.halted = Some("`step halt` in a step before it".to_owned());
    }
}

/// A folder of the machine, from the one that a job begins in.
fn absolute(folder: &str, home: &str) -> String {
    let folder = folder.trim_end_matches('/');
    if folder.starts_with(['/', '~', '$']) {
        return folder.replacen("/home/circleci", "~", 1);
    }
    match folder.trim_start_matches("./") {
        "" | "." => home.to_owned(),
        rest => format!("{home}/{rest}"),
    }
}

/// The folder of the repository that a folder of the machine is; none where it is not known or lies elsewhere.
fn inside(folder: &str, repository: Option<&str>) -> Option<String> {
    let rest = folder.strip_prefix(repository?)?;
    let elsewhere = rest.contains('$') || !(rest.is_empty() || rest.starts_with('/'));
    if elsewhere { None } else { source::join(".", rest.trim_start_matches('/')) }
}
