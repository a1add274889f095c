//! Compose files: services, what they are built from and what they run.

use std::sync::Arc;

use super::MOUNT;
use crate::fact::{
    CONTEXT, Called, Command, Data, DataKind, FactKind, FileFacts, Instruction, Needs, OnFailure, PROFILES, REPLICAS, Unit,
    UnitId, UnitKind, Uses, UsesTarget,
};
use crate::facts::shell::{HOLE, Shell, lower, quoted, said};
use crate::facts::{Context, Reader, When, unparsable};
use crate::resolve;
use crate::source::{self, SourceFile, file_name, folder};
use crate::syntax::shell::{self, Word};
use crate::syntax::tree::{Kind, Node};
use crate::syntax::yaml;
use crate::words::EdgeKind;

/// Compose files.
pub(crate) const READER: Reader = Reader { name: "compose file", wants, when: When::Always, read };

fn wants(path: &str) -> bool {
    let name = file_name(path);
    // what comes before or behind the word tells several of a project apart
    let word = |part: &str| part == "compose";
    name.split(['.', '-', '_']).any(word) && (name.ends_with(".yml") || name.ends_with(".yaml"))
}

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let parsed = yaml::parse(&file.text);
    let mut facts = FileFacts { notices: parsed.errors.iter().map(|e| unparsable(file, e)).collect(), ..FileFacts::default() };
    let home = folder(&file.path);
    if let Some(services) = parsed.tree.root().and_then(|r| r.get("services")) {
        let mut names: Vec<(String, UnitId, Node<'_>)> = Vec::new();
        for (key, service) in services.entries().filter(|(_, s)| s.kind() == Kind::Map) {
            let id = facts.units.len();
            facts.units.push(Unit {
                kind: UnitKind::Service,
                name: key.text.to_owned(),
                title: None,
                line: key.line,
                end_line: service.end_line().max(key.line),
                parent: None,
            });
            one(service, id, home, context, &mut facts);
            absent(service, id, &mut facts);
            names.push((key.text.to_owned(), id, service));
        }
        for (_, id, service) in &names {
            let Some(after) = service.get("depends_on") else { continue };
            let wanted: Vec<(&str, u32)> = if after.kind() == Kind::Map {
                after.entries().map(|(k, _)| (k.text, k.line)).collect()
            } else {
                after.strings()
            };
            for (name, line) in wanted {
                if let Some((_, on, _)) = names.iter().find(|(n, _, _)| n == name) {
                    facts.state(*id, line, FactKind::Needs(Needs { on: *on, stops: false }));
                }
            }
        }
    }
    facts.tree = Some(Arc::new(parsed.tree));
    facts
}

/// What keeps a service from being started with the others: the profiles that somebody must ask for, or that there shall be
/// none of it. What starts it by name does so all the same.
fn absent(service: Node<'_>, id: UnitId, facts: &mut FileFacts) {
    let profiles: Vec<&str> =
        service.get("profiles").map(Node::strings).unwrap_or_default().into_iter().map(|(p, _)| p).collect();
    let line = |key: &str| service.key_line(key).unwrap_or_else(|| service.line());
    if !profiles.is_empty() {
        facts.state(id, line("profiles"), FactKind::Setting { key: PROFILES.to_owned(), value: profiles.join(",") });
    }
    let none = |node: Option<Node<'_>>| node.and_then(|n| n.text()) == Some("0");
    let replicas = service.get("deploy").and_then(|deploy| deploy.get("replicas"));
    if none(replicas) || (replicas.is_none() && none(service.get("scale"))) {
        let at = if replicas.is_some() { "deploy" } else { "scale" };
        facts.state(id, line(at), FactKind::Setting { key: REPLICAS.to_owned(), value: "0".to_owned() });
    }
}

/// What is told to the image of a service.
fn started(service: Node<'_>) -> Option<(String, String)> {
    if let Some(entry) = service.get("entrypoint") {
        return Some((resolve::REPLACED.to_owned(), entry.text().unwrap_or_default().to_owned()));
    }
    let words = listed(service.get("command")?);
    let open = |word: String| if word.contains("${") { HOLE.to_owned() } else { quoted(&word) };
    Some((Called::TOLD.to_owned(), words.into_iter().map(open).collect::<Vec<_>>().join(" ")))
}

/// The words of a command, which may stand in one line.
fn listed(command: Node<'_>) -> Vec<String> {
    match command.text().filter(|_| command.kind() != Kind::Seq) {
        Some(line) => said(line).into_iter().map(|word| word.unwrap_or_else(|| HOLE.to_owned())).collect(),
        None => command.strings().into_iter().map(|(word, _)| word.to_owned()).collect(),
    }
}

/// A text with each variable that has a default replaced by that: what stands where nobody says otherwise.
fn by_default(text: &str) -> String {
    let (mut told, mut rest) = (String::new(), text);
    while let Some((before, from)) = rest.split_once("${") {
        let default = from.split_once('}').and_then(|(inside, after)| {
            let at = inside.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?;
            let (name, given) = inside.split_at(at);
            let default = given.strip_prefix(":-").or_else(|| given.strip_prefix('-'))?;
            (!name.is_empty() && !default.contains('$')).then_some((default, after))
        });
        told.push_str(before);
        match default {
            Some((default, after)) => {
                told.push_str(default);
                rest = after;
            }
            None => {
                told.push_str("${");
                rest = from;
            }
        }
    }
    told + rest
}

fn one(service: Node<'_>, id: UnitId, home: &str, context: &Context<'_>, facts: &mut FileFacts) {
    let mut built_in: Option<String> = None;
    if let Some(build) = service.get("build") {
        let at = build.get("context").and_then(Node::text).or_else(|| build.text()).unwrap_or(".");
        let name = build.get("dockerfile").and_then(Node::text).unwrap_or("Dockerfile");
        if let Some(dir) = source::join(home, at)
            && let Some(path) = source::join(&dir, name)
        {
            let with = std::iter::once((CONTEXT.to_owned(), dir.clone())).chain(started(service)).collect();
            let uses = Uses {
                reference: path.clone(),
                with,
                to: UsesTarget::File(path),
                edge: EdgeKind::Invokes,
                on_failure: OnFailure::Stops,
            };
            built_in = Some(dir);
            facts.state(id, build.line(), FactKind::Uses(uses));
        }
    }
    if let Some(image) = service.get("image").and_then(|i| Some((i.text()?, i.line()))) {
        let writes = service.get("build").is_some();
        facts.state(id, image.1, FactKind::Data(Data { kind: DataKind::Image, key: image.0.to_owned(), writes, hash: None }));
        // a service runs what the image says, or tells that something, which is known where that is built here
        if !writes && service.get("entrypoint").is_none() {
            let (reference, to) = (image.0.to_owned(), UsesTarget::Image(image.0.to_owned()));
            let uses = Uses {
                reference,
                with: started(service).into_iter().collect(),
                to,
                edge: EdgeKind::Invokes,
                on_failure: OnFailure::Stops,
            };
            facts.state(id, image.1, FactKind::Uses(uses));
        }
    }
    for key in ["entrypoint", "command"] {
        let Some(run) = service.get(key) else { continue };
        // what stands beside an entry point is told to that
        let behind = service.get("command").filter(|_| key == "entrypoint");
        if key == "command" && service.get("entrypoint").is_some_and(|entry| entry.kind() == Kind::Seq) {
            continue;
        }
        let before = facts.facts.len();
        let dir = service.get("working_dir").is_none().then(|| built_in.clone().unwrap_or_else(|| home.to_owned()));
        match run.kind() {
            Kind::Seq => {
                let behind = behind.into_iter().flat_map(listed);
                let all = run.strings().into_iter().map(|(w, _)| w.to_owned()).chain(behind);
                let words: Vec<Word> = all.map(|text| Word { literal: !text.contains("${"), text }).collect();
                let shell_text = words.iter().position(|w| w.text == "-c" || w.text == "-lc").and_then(|at| words.get(at + 1));
                if let Some(text) = shell_text {
                    let line = run.line();
                    lower(&text.text, &|_| line, id, &Shell { dir, ..Shell::default() }, context, facts);
                } else {
                    let shell::Stripped { words, wrappers: through, .. } = shell::strip(&words, context.wrappers);
                    if !words.is_empty() {
                        let command = Command { through, ..Command::new(words, dir) };
                        facts.state(id, run.line(), FactKind::Command(command));
                    }
                }
            }
            _ => {
                if let Some(text) = run.text() {
                    let line = run.line();
                    lower(text, &|_| line, id, &Shell { dir, ..Shell::default() }, context, facts);
                }
            }
        }
        if let Some(place) = service.at("working_dir").filter(|place| place.starts_with('/') && !place.contains('$')) {
            for fact in facts.facts.iter_mut().skip(before) {
                if let FactKind::Command(command) = &mut fact.kind {
                    command.place.get_or_insert_with(|| place.to_owned());
                }
            }
        }
        // the words of whoever runs the service follow
        for fact in facts.facts.iter_mut().skip(before).filter(|_| key == "entrypoint" && behind.is_none()) {
            if let FactKind::Command(command) = &mut fact.kind {
                command.more = true;
            }
        }
    }
    if let Some(environment) = service.get("environment") {
        match environment.kind() {
            Kind::Map => {
                for (key, value) in environment.entries() {
                    if let Some(value) = value.text() {
                        facts.state(id, key.line, FactKind::Setting { key: key.text.to_owned(), value: value.to_owned() });
                    }
                }
            }
            _ => {
                for (text, line) in environment.strings() {
                    if let Some((key, value)) = text.split_once('=') {
                        facts.state(id, line, FactKind::Setting { key: key.to_owned(), value: value.to_owned() });
                    }
                }
            }
        }
    }
    for (text, line) in service.get("volumes").map(Node::strings).unwrap_or_default() {
        let text = by_default(text);
        if let Some((from, to)) = text.split_once(':')
            && from.starts_with('.')
            && let Some(key) = source::join(home, from)
        {
            let to = to.split(':').next().unwrap_or(to).trim_end_matches('/').to_owned();
            let args = vec![key.clone(), to];
            facts.state(id, line, FactKind::Instruction(Instruction { keyword: MOUNT.to_owned(), args, flags: Vec::new() }));
            facts.state(id, line, FactKind::Data(Data { kind: DataKind::Path, key, writes: false, hash: None }));
        }
    }
}
