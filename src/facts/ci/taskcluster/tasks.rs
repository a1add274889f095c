//! Tasks: what each runs, in which image, on what, and which others it waits for.
//!
//! A task begins with nothing; the repository is there once it is cloned, by the task's own text or by the program that
//! wraps it, and then lies where that puts it. Without a clone the image brings what is needed, from its own root.

use std::collections::BTreeMap;

use super::super::container::{self, Said, Start};
use super::Reading;
use super::template::{Made, OWN, What};
use crate::fact::{FactKind, OnFailure, Unit, UnitId, UnitKind, Uses, UsesTarget};
use crate::facts::shell::HOLE;
use crate::source::file_name;
use crate::words::EdgeKind;

/// Most words of one command.
const MAX_WORDS: usize = 400;

/// Whether a part of a document is a task.
pub(super) fn is_task(made: &Made) -> bool {
    let pool = ["provisionerId", "workerType", "taskQueueId", "worker-type", "worker"].iter().any(|key| made.get(key).is_some());
    made.get("payload").is_some() && (pool || made.get("metadata").is_some())
}

/// What it is called: for others that wait for it, and for people.
pub(super) fn names(task: &Made, number: usize) -> (Option<String>, String) {
    let id = ["taskId", "ID", "id", "label"].iter().find_map(|key| task.get(key)?.text()).map(str::to_owned);
    let title = task.at("metadata.name").and_then(Made::text).map(str::to_owned);
    let name = id.clone().filter(|id| !id.contains('$')).or(title).unwrap_or_else(|| format!("task {}", number + 1));
    (id, name)
}

/// The tasks that it waits for, with their lines; and whether it stays away when one of these fails.
pub(super) fn waits(task: &Made) -> (Vec<(String, u32)>, bool) {
    let all = task.get("dependencies").map(Made::items).unwrap_or_default();
    let named = all.iter().filter_map(|on| Some((on.text()?.to_owned(), on.line)));
    (named.collect(), task.get("requires").and_then(Made::text) != Some("all-resolved"))
}

/// A task as a job under a unit.
pub(super) fn job(task: &Made, name: &str, parent: UnitId, reading: &mut Reading<'_>) -> Option<UnitId> {
    let (line, end_line) = (task.line.max(1), task.span().1);
    if !reading.take_step(line) {
        return None;
    }
    let title = task.at("metadata.name").and_then(Made::text).map(str::to_owned);
    let unit =
        Unit { kind: UnitKind::Job, name: name.to_owned(), title, line, end_line: end_line.max(line), parent: Some(parent) };
    let id = reading.unit(unit);
    let pool: Vec<&str> = ["provisionerId", "workerType", "taskQueueId"].iter().filter_map(|key| task.get(key)?.text()).collect();
    if !pool.is_empty() {
        let line = ["workerType", "taskQueueId", "provisionerId"].iter().find_map(|key| task.get(key)).map_or(line, |m| m.line);
        reading.fact(id, line, FactKind::Machine { label: pool.join("/"), hosted: false });
    }
    for route in task.get("routes").map(Made::items).unwrap_or_default().iter().take(50) {
        if let Some(text) = route.text() {
            reading.setting(id, route.line, "route", text);
        }
    }
    if let Some(payload) = task.get("payload") {
        let source = task.at("metadata.source").and_then(Made::text).unwrap_or_default();
        run(payload, source, id, reading);
    }
    Some(id)
}

/// What a worker is told: an image, variables, and words or texts to run.
fn run(payload: &Made, source: &str, id: UnitId, reading: &mut Reading<'_>) {
    let mut variables: BTreeMap<String, String> = BTreeMap::new();
    for (key, value) in payload.get("env").map(Made::entries).unwrap_or_default().iter().take(200) {
        let Some(text) = value.text().filter(|text| text.len() <= 2_000) else { continue };
        reading.setting(id, value.line, key, text);
        if !text.contains(['$', '`']) {
            variables.insert(key.clone(), text.to_owned());
        }
    }
    let image = payload.get("image").and_then(image);
    if let Some((image, line)) = &image {
        reading.fact(id, *line, FactKind::Machine { label: image.clone(), hosted: false });
    }
    let Some(command) = payload.get("command") else {
        // then the image says what it runs
        if let Some((image, line)) = image {
            let to = UsesTarget::Image(image.clone());
            let uses = Uses { reference: image, with: Vec::new(), to, edge: EdgeKind::Invokes, on_failure: OnFailure::Stops };
            reading.fact(id, line, FactKind::Uses(uses));
        }
        return;
    };
    let nested = command.items().iter().any(|item| matches!(item.what, What::List(_)));
    match nested {
        // a worker without images runs one list of words after the other
        true => command.items().iter().take(100).for_each(|one| words(one, source, &variables, id, reading)),
        false => words(command, source, &variables, id, reading),
    }
}

/// The name of an image, or of the one that another task has packed.
fn image(made: &Made) -> Option<(String, u32)> {
    if let Some(text) = made.text() {
        return Some((text.to_owned(), made.line));
    }
    let packed = made.get("path").and_then(Made::text)?;
    let name = file_name(packed);
    Some((name.split(".tar").next().unwrap_or(name).to_owned(), made.line.max(1)))
}

/// One list of words, behind the program that fetches the repository for it.
pub(super) fn words(list: &Made, source: &str, variables: &BTreeMap<String, String>, id: UnitId, reading: &mut Reading<'_>) {
    let all: Vec<&Made> = if list.items().is_empty() { vec![list] } else { list.items().iter().take(MAX_WORDS).collect() };
    let line = all.first().map_or(list.line, |first| first.line);
    let text = |made: &&Made| match &made.what {
        What::Number(number) => Some(number.to_string()),
        What::Own => Some(OWN.to_owned()),
        What::Open | What::Front(_) | What::OneOf(_) | What::Given(_) => Some(HOLE.to_owned()),
        _ => made.text().map(str::to_owned),
    };
    let mut mounts: Vec<String> = Vec::new();
    let mut dir = None;
    let mut from = 0;
    // `run-task --x-checkout=PATH -- program …`
    if all.first().and_then(text).is_some_and(|first| file_name(&first) == WRAPPER)
        && let Some(at) = all.iter().position(|word| word.text() == Some("--"))
    {
        for option in all.iter().take(at).filter_map(|word| word.text()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            match value {
                "" => {}
                value if name == "--task-cwd" => dir = Some(value.to_owned()),
                value if name.ends_with("-checkout") => mounts.push(value.trim_end_matches('/').to_owned()),
                _ => {}
            }
        }
        from = at + 1;
    }
    let said: Vec<Option<Said>> =
        all.iter().skip(from).map(|word| Some(Said { text: text(word)?, line: word.line, exact: word.exact })).collect();
    for text in said.iter().flatten().map(|said| said.text.as_str()) {
        mounts.extend(cloned(text, source));
    }
    let starts = begins(dir.as_deref(), &mut mounts);
    let start = Start { line, dir: &starts, mounts: &mounts, variables: variables.clone() };
    container::told(&said, &start, id, reading);
}

/// The program of the images of Taskcluster that fetches the repository in front of another.
const WRAPPER: &str = "run-task";
/// Stands for the folder of the repository where a text begins in it.
const INSIDE: &str = "_repository";

/// The folder in which a text begins that is told one of the machine, in which the repository lies in these.
pub(super) fn begins(dir: Option<&str>, mounts: &mut Vec<String>) -> String {
    let moved = dir.and_then(|dir| mounts.iter().find_map(|mount| dir.strip_prefix(mount.as_str())));
    match moved.map(|rest| rest.trim_start_matches('/').to_owned()) {
        Some(rest) => {
            mounts.push(INSIDE.to_owned());
            if rest.is_empty() { INSIDE.to_owned() } else { format!("{INSIDE}/{rest}") }
        }
        None => ".".to_owned(),
    }
}

/// The folders into which a text clones the repository itself. What the definition gives as its source is the same
/// repository.
fn cloned(text: &str, source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("git clone ").take(20) {
        let rest = text.get(at..).unwrap_or_default();
        let end = rest.find(['&', ';', '|', '\n']).unwrap_or(rest.len());
        let (clone, after) = rest.split_at(end);
        let mut plain = Vec::new();
        let mut valued = false;
        for word in clone.split_whitespace().skip(2).map(|w| w.trim_matches(['"', '\''])) {
            if std::mem::take(&mut valued) {
                continue;
            }
            match word {
                "-b" | "--branch" | "--depth" | "-o" | "--origin" | "-c" | "--config" => valued = true,
                word if word.starts_with('-') => {}
                word => plain.push(word),
            }
        }
        let Some(address) = plain.first() else { continue };
        let same = |rest: &str| rest.is_empty() || rest.starts_with('/');
        let named = || source.strip_prefix(address.trim_end_matches(".git")).filter(|rest| same(rest));
        if *address != OWN && (!address.contains("://") || named().is_none()) {
            continue;
        }
        // the folder that is named, else the one that is gone to next, which bears the repository's name
        let gone = || {
            let to = after.split("cd ").nth(1)?.split([' ', '&', ';', '\n']).next()?;
            Some(to.split('/').next().unwrap_or(to)).filter(|to| !to.is_empty() && !to.contains(['$', '~']) && *to != "..")
        };
        let named = || file_name(address).strip_suffix(".git").or(Some(file_name(address))).filter(|name| !name.contains('$'));
        if let Some(folder) = plain.get(1).copied().or_else(gone).or_else(named).filter(|folder| *folder != ".") {
            found.push(folder.trim_start_matches("./").trim_end_matches('/').to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_lies_where_it_is_cloned() {
        for (text, source, folder) in [
            ("git clone -q ${this_repository} && cd looms/x && make", "", Some("looms")),
            ("git clone --depth 1 ${this_repository} /src && cd /src", "", Some("/src")),
            ("git clone https://x.example/a/looms.git && make", "https://x.example/a/looms/raw/main/t.yml", Some("looms")),
            ("git clone https://x.example/a/other && cd other", "https://x.example/a/looms", None),
        ] {
            assert_eq!(cloned(text, source).first().map(String::as_str), folder, "{text}");
        }
    }
}
