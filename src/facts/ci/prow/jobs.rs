//! What a job runs: the containers of its pod, in a clone of the repository or in their images; or what another service runs.

use super::super::container::{self, Said, Start};
use super::Reading;
use crate::fact::{FactKind, UnitId};
use crate::syntax::tree::{Kind, Node};

/// Most containers of one job.
const MAX_CONTAINERS: usize = 20;

/// The work of a job.
pub(super) fn work(job: Node<'_>, id: UnitId, own: bool, reading: &mut Reading<'_>) {
    let agent = job.at("agent").unwrap_or("kubernetes");
    if agent != "kubernetes" {
        let line = job.key_line("agent").unwrap_or_else(|| job.line());
        return reading.outside(id, line, &format!("what the agent {agent} runs"), Vec::new());
    }
    let Some(spec) = job.get("spec").filter(|spec| spec.kind() == Kind::Map) else { return };
    for container in spec.get("containers").into_iter().flat_map(Node::items).take(MAX_CONTAINERS) {
        let first = reading.facts.facts.len();
        if is_cloned(job) {
            in_clone(container, id, reading);
        } else {
            container::run(container, id, &container::literal, reading);
        }
        // of a configuration the clone is one of whatever repository the job is for
        let elsewhere = !own && is_cloned(job);
        for fact in reading.facts.facts.iter_mut().skip(first).filter(|_| elsewhere) {
            if let FactKind::Command(command) = &mut fact.kind {
                command.dir = None;
            }
        }
    }
}

/// Whether the work of a job begins in a clone of its repository.
fn is_cloned(job: Node<'_>) -> bool {
    let decorated = job.get("decorate").and_then(Node::as_bool) == Some(true);
    let skips = job.get("decoration_config").and_then(|c| c.get("skip_cloning")).and_then(Node::as_bool) == Some(true);
    decorated && !skips
}

/// A container whose command is started in the clone, its arguments alone where it has none.
fn in_clone(container: Node<'_>, id: UnitId, reading: &mut Reading<'_>) {
    if let Some(image) = container.get("image").and_then(|image| Some((image.text()?.to_owned(), image.line()))) {
        reading.fact(id, image.1, FactKind::Machine { label: image.0, hosted: false });
    }
    for variable in container.get("env").into_iter().flat_map(Node::items) {
        if let (Some(key), Some(value)) = (variable.at("name"), variable.at("value")) {
            reading.setting(id, variable.line(), key, value);
        }
    }
    let lists = ["command", "args"].into_iter().filter_map(|key| container.get(key));
    let words: Vec<Node<'_>> = lists.flat_map(Node::items).filter(|word| word.text().is_some()).collect();
    let Some(first) = words.first() else { return };
    let line = ["command", "args"].iter().find_map(|key| container.key_line(key)).unwrap_or_else(|| first.line());
    let said = |word: &Node<'_>| {
        let exact = word.style() == crate::syntax::tree::Style::Literal;
        Some(Said { text: word.text()?.to_owned(), line: if exact { word.line() } else { line }, exact })
    };
    let words: Vec<Option<Said>> = words.iter().map(said).collect();
    container::told(&words, &Start { line, dir: ".", ..Start::default() }, id, reading);
}
