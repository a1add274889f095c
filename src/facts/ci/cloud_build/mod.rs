//! Cloud Build: a list of containers over one workspace.
//!
//! The configuration says nothing of what starts it. Where Terraform names the file in a trigger (`deploy/terraform`), that starts it; else
//! a push is only assumed to, for the trigger is set up in the service; whoever has the file can hand it in by hand.
//!
//! Invariants: a step without a program of its own runs what its image starts, which is known for the service's own
//! builders and for images that are built here; substitutions with defaults are put in, all others stay variables.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::container;
use super::reading::Reading;
use super::shells::{self, Program};
use crate::fact::{FactKind, FileFacts, Guard, Needs, OnFailure, Trigger, Unit, UnitId, UnitKind, Uses, UsesTarget};
use crate::facts::{Context, Reader, When};
use crate::rules::pattern::Format;
use crate::source::{self, NoticeKind, SourceFile, extension, file_name, folder};
use crate::syntax::shell::REPO_ROOT;
use crate::syntax::top;
use crate::syntax::tree::{Kind, Node};
use crate::words::{EdgeKind, TriggerKind};

/// The name under which configurations are asked for.
pub(in crate::facts) const NAME: &str = "Cloud Build configuration";

/// Where the service keeps the images of its own builders.
const BUILDERS: &str = "gcr.io/cloud-builders/";

/// Configurations, by their name or by their keys.
pub(crate) const CONFIGURATION: Reader = Reader { name: NAME, wants, when: When::Recognised(is_configuration), read };

/// Of JSON only what its name tells: the rest is data as often as not, and large.
fn wants(path: &str) -> bool {
    match extension(path) {
        Some("yaml" | "yml") => !crate::source::is_of_host(path),
        Some("json") => file_name(path).contains("cloudbuild"),
        _ => false,
    }
}

/// Whether a file is a configuration: a list of steps that name images, under its name, beside keys of its own, or with
/// one of the service's own builders among the images.
pub(in crate::facts) fn is_configuration(path: &str, text: &str) -> bool {
    let is_json = extension(path) == Some("json");
    let quoted = |line: &str, key: &str| line.strip_prefix(key).is_some_and(|rest| rest.starts_with('"'));
    let indented = |keys: &[&str]| {
        let mut starts = text.lines().filter_map(|line| line.trim_start().trim_start_matches('{').trim_start().strip_prefix('"'));
        starts.any(|line| keys.iter().any(|key| quoted(line, key)))
    };
    let has = |keys: &[&str]| if is_json { indented(keys) } else { top::has(text, keys) };
    let named = file_name(path).contains("cloudbuild") || folder(path).rsplit('/').next() == Some("cloudbuild");
    let shaped =
        has(&["steps"]) && text.contains("name") && !has(&["kind", "apiVersion", "on", "trigger", "pool", "jobs", "runs"]);
    let own = || has(&["substitutions", "availableSecrets", "logsBucket", "serviceAccount"]) || text.lines().any(names_builder);
    shaped && (named || (!is_json && own()))
}

/// Whether a line names an image of the service's own builders.
fn names_builder(line: &str) -> bool {
    let image = line.trim_start().trim_start_matches("- ").strip_prefix("name:");
    image.is_some_and(|image| image.trim_start().trim_start_matches(['"', '\'']).starts_with(BUILDERS))
}

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let format = if extension(&file.path) == Some("json") { Format::Json } else { Format::Yaml };
    let document = context.document(file, format);
    let mut reading: Reading<'_> = Reading::new(file, context);
    let known = context.joined.named;
    if let Some(root) =
        document.tree.root().filter(|root| root.kind() == Kind::Map && (known || is_configuration(&file.path, &file.text)))
    {
        reading.facts.notices = document.notices(file);
        let (name, end_line) = (file.path.to_string(), reading.last_line());
        let top = reading.unit(Unit { kind: UnitKind::Workflow, name, title: None, line: 1, end_line, parent: None });
        if !known {
            let push = Trigger::plain(TriggerKind::Push, "push".to_owned());
            reading.fact(top, 1, FactKind::Trigger(push.elsewhere("its trigger is set up in the service")));
            // who has the file can hand it in
            let hand = Trigger::plain(TriggerKind::Manual, "gcloud builds submit".to_owned());
            reading.fact(top, 1, FactKind::Trigger(hand));
        }
        steps(root, top, &mut reading);
    }
    reading.facts.tree = Some(document.tree.clone());
    reading.facts
}

/// What is put in for substitutions.
struct Values {
    defaults: BTreeMap<String, String>,
}

impl Values {
    fn of(root: Node<'_>) -> Self {
        const MAX: usize = 200;
        let all = root.get("substitutions").into_iter().flat_map(Node::entries);
        let defaults = all.filter_map(|(key, value)| Some((key.text.to_owned(), value.text()?.to_owned()))).take(MAX).collect();
        Self { defaults }
    }

    /// The text as the step gets it: two dollars are one, and the workspace is the repository.
    fn put(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            if let Some(behind) = after.strip_prefix('$') {
                out.push('$');
                rest = behind;
                continue;
            }
            let (name, behind) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
                Some(found) => found,
                None => after.split_at(after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(after.len())),
            };
            match self.defaults.get(name) {
                Some(value) => out.push_str(value),
                None => {
                    out.push('$');
                    rest = after;
                    continue;
                }
            }
            rest = behind;
        }
        (out + rest).replace("/workspace/", &format!("{REPO_ROOT}/"))
    }
}

fn steps(root: Node<'_>, top: UnitId, reading: &mut Reading<'_>) {
    let line = root.key_line("steps").unwrap_or(1);
    let Some(list) = root.get("steps").filter(|list| list.kind() == Kind::Seq) else {
        return reading.wrong(line, "`steps` is no list");
    };
    let values = Values::of(root);
    for (key, value) in root.get("substitutions").into_iter().flat_map(Node::entries) {
        if let Some(value) = value.text() {
            reading.setting(top, key.line, key.text, value);
        }
    }
    // who names what he waits for runs beside the others
    let beside = list.items().any(|step| step.get("waitFor").is_some());
    let owner = if beside {
        top
    } else {
        let end_line = list.end_line().max(line);
        reading.unit(Unit { kind: UnitKind::Job, name: "steps".to_owned(), title: None, line, end_line, parent: Some(top) })
    };
    let mut ids: Vec<(Option<&str>, UnitId)> = Vec::new();
    for (number, step) in (1..).zip(list.items()) {
        let line = step.line();
        if !reading.take_step(line) {
            return;
        }
        if step.kind() != Kind::Map || step.at("name").is_none() {
            reading.wrong(line, "a step that names no image");
            continue;
        }
        let own = step.get("id").and_then(Node::text);
        let name = own.map_or_else(|| number.to_string(), str::to_owned);
        let kind = if beside { UnitKind::Job } else { UnitKind::Step };
        let end_line = step.end_line().max(line);
        let id = reading.unit(Unit { kind, name, title: None, line, end_line, parent: Some(owner) });
        if beside {
            waits(step, id, &ids, reading);
        }
        guards(step, id, reading);
        run(step, id, &values, reading);
        ids.push((own, id));
    }
}

/// What a step waits for: what it names, nothing (`-`), or every step before it.
fn waits(step: Node<'_>, id: UnitId, before: &[(Option<&str>, UnitId)], reading: &mut Reading<'_>) {
    let named = step.get("waitFor").map(Node::strings);
    let line = step.key_line("waitFor").unwrap_or_else(|| step.line());
    let mut on: BTreeSet<UnitId> = BTreeSet::new();
    match named {
        None => on.extend(before.iter().map(|(_, id)| *id)),
        Some(names) => {
            for (name, line) in names.into_iter().filter(|(name, _)| *name != "-") {
                match before.iter().find(|(own, _)| *own == Some(name)) {
                    Some((_, id)) => drop(on.insert(*id)),
                    None => reading.notice(line, NoticeKind::NotFollowed, &format!("there is no step `{name}` before this one")),
                }
            }
        }
    }
    for on in on {
        reading.fact(id, line, FactKind::Needs(Needs { on, stops: true }));
    }
}

fn guards(step: Node<'_>, id: UnitId, reading: &mut Reading<'_>) {
    let allowed = step.get("allowFailure").filter(|a| a.as_bool() == Some(true)).map(|_| "allowFailure");
    if let Some(word) = allowed.or_else(|| step.get("allowExitCodes").map(|_| "allowExitCodes")) {
        let line = step.key_line(word).unwrap_or_else(|| step.line());
        reading.fact(id, line, FactKind::Guard(Guard::AllowFailure(word.to_owned())));
    }
    for (text, line) in step.get("env").map(Node::strings).unwrap_or_default() {
        if let Some((key, value)) = text.split_once('=') {
            reading.setting(id, line, key, value);
        }
    }
}

fn run(step: Node<'_>, id: UnitId, values: &Values, reading: &mut Reading<'_>) {
    let said = |text: &str| Some(values.put(text));
    let named = step.at("dir").map_or_else(|| ".".to_owned(), |dir| values.put(dir));
    let inside = named.strip_prefix(REPO_ROOT).map_or(named.as_str(), |rest| rest.trim_start_matches('/'));
    let dir = source::join(".", inside).filter(|dir| !dir.contains('$') && !inside.starts_with('/'));
    let Some(dir) = dir else {
        return reading.notice(step.line(), NoticeKind::NotFollowed, "a step in a folder that is not known");
    };
    let image = values.put(step.at("name").unwrap_or_default());
    if let Some(script) = step.get("script") {
        let program = shells::by_first_line(script.text().unwrap_or_default(), true);
        return container::text(script, None, (&program, &dir), id, &said, reading);
    }
    let arguments = step.get("args").map(|args| if args.kind() == Kind::Seq { args.items().collect() } else { vec![args] });
    let arguments: Vec<Node<'_>> = arguments.unwrap_or_default();
    let line = step.key_line("args").or_else(|| step.key_line("entrypoint")).unwrap_or_else(|| step.line());
    if let Some(entrypoint) = step.get("entrypoint") {
        let words: Vec<Node<'_>> = std::iter::once(entrypoint).chain(arguments).collect();
        return container::words_of(&words, (line, &dir), id, &said, reading);
    }
    match starts(&image) {
        Starts::Program(program) => {
            let words: Vec<String> = arguments.iter().filter_map(|word| Some(values.put(word.text()?))).collect();
            let text = container::quoted(std::iter::once(program.to_owned()).chain(words));
            container::line(&text, line, (&Program::Shell { errexit: true, pipefail: false }, &dir), id, reading);
        }
        Starts::Arguments => container::words_of(&arguments, (line, &dir), id, &said, reading),
        Starts::Own => {
            let to = UsesTarget::Image(image.clone());
            let uses = Uses { reference: image, with: Vec::new(), to, edge: EdgeKind::Invokes, on_failure: OnFailure::Stops };
            reading.fact(id, step.key_line("name").unwrap_or(line), FactKind::Uses(uses));
        }
    }
}

/// What an image starts when it is given arguments alone.
enum Starts<'i> {
    /// The program of a builder.
    Program(&'i str),
    /// Its arguments: it has no program of its own.
    Arguments,
    /// Whatever it was built for.
    Own,
}

fn starts(image: &str) -> Starts<'_> {
    let path = image.split('@').next().unwrap_or(image);
    let (front, last) = path.rsplit_once('/').unwrap_or(("", path));
    let name = last.split(':').next().unwrap_or(last);
    match front {
        _ if front.ends_with("/cloud-builders") => Starts::Program(name),
        "hashicorp" => Starts::Program(name),
        _ if front.ends_with("cloudsdktool") => Starts::Arguments,
        // images of the public library bring a program, and run whatever else they are given
        "" | "library" | "docker.io" | "docker.io/library" => Starts::Arguments,
        _ => Starts::Own,
    }
}
