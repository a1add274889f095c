//! Steps: scripts, tasks, templates.

use super::super::shells::Program;
use super::super::text::{self, How};
use super::jobs::{Place, hand_over};
use super::scope::{ROOT, Scope};
use super::{Reading, start};
use crate::fact::{FactKind, FileFacts, OnFailure, Unit, UnitId, UnitKind, Uses, UsesTarget};
use crate::source;
use crate::syntax::tree::{Kind, Node, Style};
use crate::words::EdgeKind;

/// Reads the steps of a job, hook or template.
pub(super) fn read(owner: Node<'_>, parent: UnitId, scope: &Scope, place: &Place, reading: &mut Reading<'_>) {
    let Some(list) = scope.get(owner, "steps") else { return };
    if !matches!(list.kind(), Kind::Seq | Kind::Null) && list.text().is_none_or(|t| !t.contains("${{")) {
        return reading.wrong(scope.line(list.site_line()), "`steps` is no list");
    }
    // where the repository lies: not there before a deployment, beside others where there are several
    let mut own = place.checked_out;
    let checkouts = list.items().filter_map(|i| i.get("checkout")?.text()).filter(|c| *c != "none").count();
    let mut number = 0;
    scope.items(list, &mut |step, scope| {
        let line = scope.line(step.entries().map(|(key, _)| key.line).min().unwrap_or_else(|| step.site_line()));
        if !reading.take_step(line) {
            return;
        }
        if step.kind() != Kind::Map {
            return reading.wrong(line, "a step without keys");
        }
        number += 1;
        if let Some(checkout) = scope.get(step, "checkout").and_then(|c| scope.text(c)) {
            own = checkout == "self" || (own && checkout != "none" && checkouts > 1);
        }
        let text = |key: &str| scope.get(step, key).and_then(|n| scope.text(n));
        let id = reading.unit(Unit {
            kind: UnitKind::Step,
            name: text("name").unwrap_or_else(|| number.to_string()),
            title: text("displayName"),
            line,
            end_line: scope.line(step.end_line()).max(line),
            parent: Some(parent),
        });
        start::guards(step, id, scope, reading);
        let mut inner = scope.clone();
        if let Some(env) = reading.map(step, "env") {
            for (key, value) in env.entries() {
                if let Some(value) = scope.text(value) {
                    reading.setting(id, scope.line(key.line), key.text, &value);
                    inner.variables.insert(key.text.to_owned(), value);
                }
            }
        }
        let at = At { id, scope: &inner, place, dir: if own && checkouts < 2 { Some(".") } else { None } };
        one(step, line, &at, reading);
    });
}

/// Where a step runs.
struct At<'a> {
    id: UnitId,
    scope: &'a Scope,
    place: &'a Place,
    /// The folder that it begins in; none where that is not this repository's.
    dir: Option<&'a str>,
}

fn one(step: Node<'_>, line: u32, at: &At<'_>, reading: &mut Reading<'_>) {
    let dir = at.scope.get(step, "workingDirectory");
    for (key, program) in [
        ("script", if at.place.windows { Program::Lines } else { shell() }),
        ("bash", shell()),
        ("pwsh", Program::Lines),
        ("powershell", Program::Lines),
    ] {
        if let Some(text) = at.scope.get(step, key) {
            return run(step, key, text, dir, &program, at, reading);
        }
    }
    if step.get("task").is_some() {
        task(step, line, at, reading);
    } else if step.get("template").is_some() {
        hand_over(step, at.id, at.scope, reading);
    } else {
        const OTHERS: &[&str] = &["checkout", "download", "publish", "downloadBuild", "getPackage", "reviewApp"];
        match OTHERS.iter().find_map(|key| Some((*key, at.scope.get(step, key)?))) {
            Some((key, what)) => {
                let what = at.scope.text(what).unwrap_or_default();
                reading.setting(at.id, line, key, &what);
            }
            None => reading.wrong(line, "a step that does nothing that is known"),
        }
    }
}

/// The shell of the service: the last command decides.
fn shell() -> Program {
    Program::Shell { errexit: false, pipefail: false }
}

/// The folder that a step names.
fn folder_of(dir: Option<Node<'_>>, at: &At<'_>) -> Option<String> {
    let Some(dir) = dir.and_then(|d| at.scope.text(d)).filter(|d| !d.is_empty()) else { return at.dir.map(str::to_owned) };
    let dir = at.scope.for_a_shell(&dir);
    let dir = match dir.strip_prefix(ROOT) {
        Some(rest) => rest.trim_start_matches('/').to_owned(),
        None => dir,
    };
    let elsewhere = dir.contains('$') || dir.starts_with(['/', '~']);
    if elsewhere { None } else { source::join(at.dir?, &dir) }
}

fn run(
    owner: Node<'_>,
    key: &str,
    node: Node<'_>,
    dir: Option<Node<'_>>,
    program: &Program,
    at: &At<'_>,
    reading: &mut Reading<'_>,
) {
    let line = at.scope.line(owner.key_line(key).unwrap_or_else(|| node.line()));
    let Some(text) = node.text() else {
        if node.kind() != Kind::Null {
            reading.wrong(line, &format!("`{key}` is no text"));
        }
        return;
    };
    let first = at.scope.line(node.line());
    let exact = node.style() == Style::Literal && at.scope.fixed.is_none();
    let line_of = |line: u32| if exact { first.saturating_add(line.saturating_sub(1)) } else { first };
    let none = [std::collections::BTreeMap::new()];
    let cells = if at.scope.cells.is_empty() { &none[..] } else { &at.scope.cells };
    let mut lowered: Vec<FileFacts> = Vec::new();
    for cell in cells {
        let mut scope = at.scope.clone();
        scope.variables.extend(cell.clone());
        let text = scope.for_a_shell(text);
        if !reading.take_text(first, &text) {
            break;
        }
        let dir = folder_of(dir, &At { scope: &scope, ..*at });
        let how = How { dir, variables: scope.shell_variables(), program };
        let mut facts = text::lower(&text, &line_of, (at.id, reading.facts.units.len()), &how, reading);
        for fact in &mut facts.facts {
            if let FactKind::Command(command) = &mut fact.kind {
                text::from_the_root(command);
            }
        }
        lowered.push(facts);
    }
    text::join_cells(lowered, reading);
}

/// A task by its name: those that run commands, as these commands; all others as something published.
fn task(step: Node<'_>, line: u32, at: &At<'_>, reading: &mut Reading<'_>) {
    let scope = at.scope;
    let Some(reference) = scope.get(step, "task").and_then(|t| scope.text(t)).filter(|t| !t.is_empty()) else {
        return reading.wrong(line, "`task` names nothing");
    };
    let inputs = reading.map(step, "inputs");
    let find = |names: &[&str]| {
        let entries = inputs.into_iter().flat_map(Node::entries);
        entries
            .filter(|(key, _)| names.iter().any(|n| key.text.eq_ignore_ascii_case(n)))
            .last()
            .map(|(key, value)| (key.text, value))
    };
    let given = |names: &[&str]| {
        find(names).and_then(|(_, value)| scope.text(value)).map(|t| scope.for_a_shell(&t)).filter(|t| !t.trim().is_empty())
    };
    let name = reference.split('@').next().unwrap_or(&reference).to_ascii_lowercase();
    let dir = find(&["workingDirectory", "workingFolder", "cwd"]).map(|(_, value)| value);
    let is = |names: &[&str], word: &str| given(names).is_some_and(|t| t.to_ascii_lowercase().contains(word));
    let with: Vec<(String, String)> = inputs
        .into_iter()
        .flat_map(Node::entries)
        .filter_map(|(key, value)| Some((key.text.to_owned(), scope.text(value)?)))
        .collect();
    let reference_name = reference.clone();
    let uses = Uses {
        to: UsesTarget::Remote(reference.clone()),
        reference,
        with,
        edge: EdgeKind::Invokes,
        on_failure: OnFailure::Stops,
    };
    reading.fact(at.id, scope.line(step.key_line("task").unwrap_or(line)), FactKind::Uses(uses));
    if matches!(name.as_str(), "manualvalidation" | "manualintervention") {
        return asks(step, &reference_name, &given, at, reading);
    }
    // a text of its own
    let inline = match name.as_str() {
        "bash" if is(&["targetType"], "inline") => Some((&["script"][..], shell())),
        "cmdline" => Some((&["script"][..], if at.place.windows { Program::Lines } else { shell() })),
        "powershell" if is(&["targetType"], "inline") => Some((&["script"][..], Program::Lines)),
        "pythonscript" if is(&["scriptSource"], "inline") => Some((&["script"][..], Program::Python)),
        "azurecli"
            if is(&["scriptLocation"], "inline")
                || find(&["inlineScript", "script"]).is_some() && find(&["scriptPath"]).is_none() =>
        {
            let lines = is(&["scriptType"], "ps") || (at.place.windows && !is(&["scriptType"], "bash"));
            Some((&["inlineScript", "script"][..], if lines { Program::Lines } else { shell() }))
        }
        "azurepowershell" if is(&["scriptType"], "inline") => Some((&["inline"][..], Program::Lines)),
        _ => None,
    };
    if let Some((names, program)) = inline {
        if let (Some(inputs), Some((key, text))) = (inputs, find(names)) {
            run(inputs, key, text, dir, &program, at, reading);
        }
        return;
    }
    let line = inputs.map_or(line, |i| scope.line(i.line()));
    let words = as_command(&name, &given);
    for (text, names) in words {
        let line = find(names).and_then(|(key, _)| inputs?.key_line(key)).map_or(line, |l| scope.line(l));
        if reading.take_text(line, &text) {
            let how = How { dir: folder_of(dir, at), variables: scope.shell_variables(), program: &shell() };
            let mut facts = text::lower(&text, &|_| line, (at.id, reading.facts.units.len()), &how, reading);
            for fact in &mut facts.facts {
                if let FactKind::Command(command) = &mut fact.kind {
                    text::from_the_root(command);
                }
            }
            text::join_cells(vec![facts], reading);
        }
    }
}

/// A task that waits for a person, and lets nothing go on where nobody answers.
fn asks(step: Node<'_>, reference: &str, given: Given<'_>, at: &At<'_>, reading: &mut Reading<'_>) {
    let goes_on = given(&["onTimeout"]).is_some_and(|what| what.eq_ignore_ascii_case("resume"));
    let off = at.scope.get(step, "enabled").and_then(|e| at.scope.text(e)).is_some_and(|e| e.eq_ignore_ascii_case("false"));
    let lost =
        at.scope.get(step, "continueOnError").and_then(|e| at.scope.text(e)).is_some_and(|e| e.eq_ignore_ascii_case("true"));
    if goes_on || off || lost {
        return;
    }
    let mut unit = Some(at.id);
    while let Some((id, found)) = unit.and_then(|id| Some((id, reading.facts.units.get(id)?))) {
        if matches!(found.kind, UnitKind::Job | UnitKind::Group) {
            reading.own.asking.entry(id).or_insert_with(|| format!("task: {reference}"));
        }
        unit = found.parent.filter(|parent| *parent < id);
    }
}

type Given<'g> = &'g dyn Fn(&[&str]) -> Option<String>;

/// The commands that a task comes to, each with the inputs that name what it runs.
fn as_command(name: &str, given: Given<'_>) -> Vec<(String, &'static [&'static str])> {
    let file = |names: &'static [&'static str], program: &str, arguments: &[&str]| {
        let Some(path) = given(names) else { return Vec::new() };
        vec![(format!("{program} {} {}", quoted(&path), given(arguments).unwrap_or_default()).trim().to_owned(), names)]
    };
    const COMMAND: &[&str] = &["command", "action"];
    match name {
        "bash" | "shellscript" => file(&["filePath", "scriptPath"], "bash", &["arguments", "args"]),
        "azurecli" => {
            let path = given(&["scriptPath"]).unwrap_or_default();
            let program = if path.ends_with(".ps1") { "pwsh" } else { "bash" };
            file(&["scriptPath"], program, &["arguments", "scriptArguments", "args"])
        }
        "pythonscript" => file(&["scriptPath", "filePath"], "python", &["arguments"]),
        "powershell" | "azurepowershell" => file(&["filePath", "scriptPath"], "pwsh", &["arguments", "scriptArguments"]),
        "batchscript" => file(&["filename"], "cmd", &["arguments"]),
        "docker" => {
            let image = given(&["repository", "imageName"]).unwrap_or_default();
            let image = match given(&["containerRegistry"]) {
                Some(registry) if !image.is_empty() && !registry.contains(' ') => format!("{registry}/{image}"),
                _ => image,
            };
            let tag = given(&["tags"]).and_then(|t| t.lines().next().map(|t| format!(":{}", t.trim()))).unwrap_or_default();
            let dockerfile =
                given(&["Dockerfile"]).filter(|d| !d.contains('*')).map(|d| format!(" -f {}", quoted(&d))).unwrap_or_default();
            let context = given(&["buildContext"]).filter(|c| !c.contains('*'));
            let context =
                context.unwrap_or_else(|| given(&["Dockerfile"]).map_or(".".to_owned(), |d| source::folder(&d).to_owned()));
            let context = if context.contains('*') { ".".to_owned() } else { context };
            let build = format!("docker build{dockerfile} -t {} {}", quoted(&format!("{image}{tag}")), quoted(&context));
            let push = format!("docker push {}", quoted(&format!("{image}{tag}")));
            match given(COMMAND).unwrap_or_else(|| "buildAndPush".to_owned()).to_ascii_lowercase().as_str() {
                "buildandpush" => vec![(build, COMMAND), (push, COMMAND)],
                "build" | "build an image" => vec![(build, COMMAND)],
                "push" | "push an image" => vec![(push, COMMAND)],
                _ => Vec::new(),
            }
        }
        "dockercompose" => {
            let file = given(&["dockerComposeFile"]).map(|f| format!(" -f {}", quoted(&f))).unwrap_or_default();
            let action = given(&["dockerComposeCommand", "action"]).unwrap_or_default();
            match action.to_ascii_lowercase().as_str() {
                "run services" | "up" => vec![(format!("docker compose{file} up -d"), COMMAND)],
                "build services" | "build" => vec![(format!("docker compose{file} build"), COMMAND)],
                _ => Vec::new(),
            }
        }
        "kubernetes" => {
            let command = given(COMMAND).unwrap_or_else(|| "apply".to_owned());
            let file = given(&["configuration"]).map(|f| format!(" -f {}", quoted(&f))).unwrap_or_default();
            vec![(format!("kubectl {command}{file} {}", given(&["arguments"]).unwrap_or_default()).trim().to_owned(), COMMAND)]
        }
        "kubernetesmanifest" => {
            let deploys = given(&["action"]).is_none_or(|a| a.eq_ignore_ascii_case("deploy"));
            let manifests = given(&["manifests"]).filter(|_| deploys).unwrap_or_default();
            let each = manifests.split([',', '\n']).map(str::trim).filter(|m| !m.is_empty());
            each.take(20).map(|m| (format!("kubectl apply -f {}", quoted(m)), &["manifests"][..])).collect()
        }
        "helmdeploy" => {
            let command = given(&["command"]).unwrap_or_else(|| "ls".to_owned());
            let chart = given(&["chartPath", "chartName"]).map(|c| quoted(&c)).unwrap_or_default();
            let release = given(&["releaseName"]).map(|r| quoted(&r)).unwrap_or_default();
            let values = given(&["valueFile"]).map(|f| format!(" --values {}", quoted(&f))).unwrap_or_default();
            let install = if command == "upgrade" { " --install" } else { "" };
            vec![(
                format!("helm {command}{install} {release} {chart}{values} {}", given(&["arguments"]).unwrap_or_default()),
                COMMAND,
            )]
        }
        "maven" => vec![(format!("mvn {}", given(&["goals"]).unwrap_or_else(|| "package".to_owned())), &["goals"])],
        _ if name.starts_with("terraformtask") || name.ends_with("terraformcli") => {
            let command = given(&["command"]).unwrap_or_default();
            let arguments = given(&["commandOptions"]).unwrap_or_default();
            vec![(format!("terraform {command} {arguments}").trim().to_owned(), COMMAND)]
        }
        _ => Vec::new(),
    }
}

/// A value as one word of a shell.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "./_-:@%+=,~".contains(c);
    if text.chars().all(is_plain) { text.to_owned() } else { format!("\"{}\"", text.replace(['"', '`'], "").replace("$(", "(")) }
}
