//! The steps of a pipeline, each a container of its own over one workspace: commands, or the settings of a plugin.

use std::collections::BTreeMap;

use super::super::commands::Commands;
use super::super::shells::Program;
use super::super::text::How;
use super::Reading;
use crate::fact::{FactKind, Guard, Unit, UnitId, UnitKind};
use crate::source::{self, NoticeKind};
use crate::syntax::shell::REPO_ROOT;
use crate::syntax::tree::{Kind, Node};

/// Most steps of one pipeline.
const MAX_STEPS: usize = 300;

/// The steps with their names and lines, whether they are listed or named by keys.
pub(super) fn named<'t>(list: Node<'t>, reading: &mut Reading<'_>) -> Vec<(String, Node<'t>, u32)> {
    let mut found = Vec::new();
    match list.kind() {
        Kind::Seq => {
            for (number, item) in list.items().enumerate() {
                let line = item.entries().map(|(key, _)| key.line).min().unwrap_or_else(|| item.site_line());
                let name = item.get("name").and_then(Node::text).map_or_else(|| format!("step {}", number + 1), str::to_owned);
                found.push((name, item, line));
            }
        }
        Kind::Map => found.extend(list.entries().map(|(key, node)| (key.text.to_owned(), node, key.line))),
        _ => reading.wrong(list.site_line(), "`steps` holds none"),
    }
    if found.len() > MAX_STEPS {
        reading.notice(list.site_line(), NoticeKind::TooLarge, "too many steps in one pipeline; the others were not read");
        found.truncate(MAX_STEPS);
    }
    found
}

/// Whether the failure of a step is thrown away.
pub(super) fn is_ignored(node: Node<'_>) -> bool {
    node.get("failure").and_then(Node::text) == Some("ignore") || is_detached(node)
}

fn is_detached(node: Node<'_>) -> bool {
    ["detach", "detached"].iter().any(|key| node.get(key).and_then(Node::as_bool) == Some(true))
}

/// One step, as a job; `own` says whether the repository is brought along.
pub(super) fn job(
    name: &str,
    node: Node<'_>,
    line: u32,
    parent: UnitId,
    (own, document): (bool, Node<'_>),
    reading: &mut Reading<'_>,
) -> Option<UnitId> {
    if !reading.take_step(line) {
        return None;
    }
    let id = reading.unit(Unit {
        kind: UnitKind::Job,
        name: name.to_owned(),
        title: None,
        line,
        end_line: node.end_line().max(line),
        parent: Some(parent),
    });
    if node.kind() != Kind::Map {
        reading.wrong(line, "a step without keys");
        return Some(id);
    }
    if is_ignored(node) {
        let word = if is_detached(node) { "detach: true" } else { "failure: ignore" };
        let line = ["failure", "detach", "detached"].iter().find_map(|key| node.key_line(key)).unwrap_or(line);
        reading.fact(id, line, FactKind::Guard(Guard::AllowFailure(word.to_owned())));
    }
    let image = node.get("image").and_then(Node::text);
    let image_line = node.key_line("image").unwrap_or(line);
    let variables = environment(node, document, id, reading);
    let commands = node.get("commands").map(|c| Commands::read(c, "commands", reading));
    match (commands, image) {
        (Some(commands), image) => {
            if let Some(image) = image {
                reading.fact(id, image_line, FactKind::Machine { label: image.to_owned(), hosted: false });
            }
            let folder = node.get("directory").and_then(Node::text).unwrap_or(".");
            let dir = if folder.starts_with(['/', '~', '$']) { None } else { source::join(".", folder) };
            // the first failing command ends it
            let program = Program::Shell { errexit: true, pipefail: false };
            let how = How { dir: dir.filter(|_| own), variables, program: &program };
            commands.step("commands", id, &[how], reading);
        }
        (None, Some(image)) => plugin(image, image_line, node, id, own, reading),
        (None, None) => reading.wrong(line, "a step that runs nothing"),
    }
    Some(id)
}

fn environment(node: Node<'_>, document: Node<'_>, id: UnitId, reading: &mut Reading<'_>) -> BTreeMap<String, String> {
    // a dollar that the service is not to fill in is written twice
    let plain = |text: &str| text.replace("$$", "$");
    let mut found = reading.variables(document, "environment", id, &plain);
    found.extend(reading.variables(node, "environment", id, &plain));
    for (key, value) in [("CI", "true"), ("DRONE_WORKSPACE", REPO_ROOT), ("CI_WORKSPACE", REPO_ROOT)] {
        found.insert(key.to_owned(), value.to_owned());
    }
    found
}

/// A published plugin, with its settings; of those that build an image, as the commands that do.
fn plugin(image: &str, line: u32, node: Node<'_>, id: UnitId, own: bool, reading: &mut Reading<'_>) {
    let settings = node.get("settings").unwrap_or(node);
    let of = |key: &str| settings.get(key).map(Node::strings).and_then(|all| all.first().map(|(text, _)| (*text).to_owned()));
    let with: Vec<(String, String)> =
        settings.entries().filter_map(|(key, value)| Some((key.text.to_owned(), value.text()?.to_owned()))).collect();
    let Some(step) = reading.step(image, (line, node.end_line()), id) else { return };
    let (name, version) = match image.rsplit_once(':').filter(|(_, version)| !version.contains('/')) {
        Some((name, version)) => (name, format!("@{version}")),
        None => (image, String::new()),
    };
    reading.outside(step, line, &format!("{name}{version}"), with);
    let builds = matches!(
        name.trim_start_matches("docker.io/"),
        "plugins/docker"
            | "plugins/kaniko"
            | "plugins/ecr"
            | "plugins/gcr"
            | "plugins/gar"
            | "plugins/acr"
            | "woodpeckerci/plugin-docker"
            | "woodpeckerci/plugin-docker-buildx"
            | "woodpeckerci/plugin-kaniko"
    );
    let Some(repository) = of("repo").filter(|_| builds) else { return };
    let safe = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "./_-:@".contains(c));
    let tag = of("tags").or_else(|| of("tag")).filter(|t| safe(t)).map(|t| format!(":{t}")).unwrap_or_default();
    let dockerfile = of("dockerfile").filter(|d| safe(d)).map(|d| format!(" -f {d}")).unwrap_or_default();
    let context = of("context").filter(|c| safe(c)).unwrap_or_else(|| ".".to_owned());
    if !safe(&repository) {
        return;
    }
    let program = Program::Shell { errexit: true, pipefail: false };
    let how = How { dir: own.then(|| ".".to_owned()), variables: BTreeMap::new(), program: &program };
    let mut text = format!("docker build{dockerfile} -t {repository}{tag} {context}\n");
    let dry = settings.get("dry_run").or_else(|| settings.get("dry-run")).and_then(Node::as_bool) == Some(true);
    if !dry {
        text.push_str(&format!("docker push {repository}{tag}\n"));
    }
    let at = settings.get("repo").map_or(line, |n| n.site_line());
    Commands::on_line(&text, at).state(step, &[how], reading);
}
