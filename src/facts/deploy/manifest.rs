//! Manifests that something hands over for running elsewhere: what they start stands under a few usual keys.
//!
//! Read where something leads to the file, so an unrelated document is never taken for a job. Of a file that nothing here
//! applies only those objects are read that start something by themselves, and what they start (somebody may apply them:
//! `graph` knows that nothing here does). An object of a cluster is a unit of its own, with its schedule, its image and
//! its command.

use super::wiring;
use crate::fact::{FactKind, FileFacts, Guard, Held, OnFailure, Trigger, Unit, UnitId, UnitKind, Until, Uses, UsesTarget};
use crate::facts::ci::container;
use crate::facts::ci::reading::Reading;
use crate::facts::shell::quoted;
use crate::facts::{Context, Reader, When};
use crate::resolve::import_paths;
use crate::rules::pattern::Format;
use crate::source::{self, SourceFile, extension, file_name, folder};
use crate::syntax::tree::{Kind, Node};
use crate::syntax::yaml;
use crate::words::{EdgeKind, Strength, TriggerKind};

/// YAML documents that a command names.
pub(crate) const READER: Reader = Reader { name: "manifest", wants, when: When::LedToOr(starts_something), read };

/// Objects that start something by themselves, and what these name.
const STARTING: &[&str] = &[
    "CronJob",
    "CronWorkflow",
    "EventListener",
    "EventSource",
    "PingSource",
    "RayCronJob",
    "ScheduledSparkApplication",
    "Sensor",
    "Trigger",
    "TriggerTemplate",
];

/// Keys whose text is a command line.
const COMMANDS: &[&str] = &["entrypoint", "command", "run", "cmd", "setup"];
/// Deepest place at which they are looked for.
const DEPTH: usize = 8;
/// Deepest place at which containers are looked for in an object (a schedule holds a job, which holds a pod).
const POD_DEPTH: usize = 10;
/// Most of what starts one object.
const MAX_STARTS: usize = 50;
/// Most objects of one file that become units.
const MAX_OBJECTS: usize = 500;

fn wants(path: &str) -> bool {
    let own = crate::source::is_of_host(path)
        || path.starts_with(crate::facts::ci::tekton::FOLDER)
        || matches!(file_name(path), "dvc.yaml" | "dvc.lock" | "action.yml" | "action.yaml" | "params.yaml");
    let compose = file_name(path).starts_with("compose") || file_name(path).starts_with("docker-compose");
    (matches!(extension(path), Some("yml" | "yaml")) && !own && !compose) || file_name(path) == "Kustomization"
}

/// Whether a file that nothing leads to may hold an object that starts something. One that is still to be filled in is
/// read with what fills it in.
fn starts_something(_: &str, text: &str) -> bool {
    let kind = |line: &str| {
        let kind = line.trim_start_matches(['-', ' ']).strip_prefix("kind:").map(|rest| rest.trim().trim_matches(['"', '\'']));
        kind.is_some_and(|kind| STARTING.contains(&kind))
    };
    text.contains("apiVersion:") && !is_filled_in(text) && text.lines().any(kind)
}

/// Whether braces of a text are filled in before it is an object: those of the workflows of a cluster are its own, which
/// name what is known when it runs (`{{workflow.uid}}`, `{{inputs.parameters.rows}}`).
fn is_filled_in(text: &str) -> bool {
    const OWN: &[&str] = &[
        "args",
        "cronworkflow",
        "events",
        "inputs",
        "item",
        "lastRetry",
        "node",
        "outputs",
        "pod",
        "retries",
        "steps",
        "tasks",
        "workflow",
        "=",
    ];
    let is_own = |rest: &str| {
        let rest = rest.trim_start();
        OWN.iter().any(|word| {
            let behind = rest.strip_prefix(word).map(|after| after.trim_start());
            behind.is_some_and(|after| *word == "=" || after.starts_with(['.', '}', '[']))
        })
    };
    let of_workflows = text.contains("argoproj.io/");
    text.split("{{").skip(1).any(|rest| !of_workflows || !is_own(rest))
}

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    use crate::facts::ci;
    let of_others = crate::facts::runners::is_azureml(&file.path, &file.text)
        || super::stack::is_template(&file.text)
        || ci::is_cloud_build(&file.path, &file.text)
        || ci::taskcluster::is_ours(&file.path, &file.text)
        || ci::concourse::is_ours(&file.text)
        || ci::prow::is_jobs(&file.text);
    if of_others {
        return FileFacts::default();
    }
    let document = context.document(file, Format::Yaml);
    let mut reading: Reading<'_> = Reading::new(file, context);
    reading.facts.notices = document.notices(file);
    let objects = document.tree.docs().any(|doc| is_object(doc)) || is_overlay(&file.path);
    let (name, end_line) = (file.name().to_owned(), reading.last_line());
    let kind = if objects { UnitKind::Manifest } else { UnitKind::Job };
    reading.unit(Unit { kind, name, title: None, line: 1, end_line, parent: None });
    let alone = !context.led_to;
    for doc in document.tree.docs() {
        if alone {
            if is_object(doc) && doc.at("kind").is_some_and(|kind| STARTING.contains(&kind)) {
                object(doc, &mut reading);
            }
        } else if is_overlay(&file.path) {
            overlay(doc, folder(&file.path), &mut reading.facts);
        } else if is_object(doc) {
            object(doc, &mut reading);
        } else if !is_torn(doc) {
            commands(doc, 0, &mut reading, 0);
        }
    }
    reading.facts.tree = Some(document.tree.clone());
    reading.facts
}

/// Whether a document is an object of a cluster.
fn is_object(doc: Node<'_>) -> bool {
    doc.at("apiVersion").is_some() && doc.at("kind").is_some()
}

/// Whether a document is an object of a cluster but for what it is, so that nobody takes it.
fn is_torn(doc: Node<'_>) -> bool {
    let half = doc.at("apiVersion").is_some() != doc.at("kind").is_some();
    half && doc.get("metadata").is_some() && doc.get("spec").is_some()
}

fn is_overlay(path: &str) -> bool {
    matches!(file_name(path), "kustomization.yaml" | "kustomization.yml" | "Kustomization")
}

/// A kustomization applies what it names.
fn overlay(doc: Node<'_>, home: &str, facts: &mut FileFacts) {
    for key in ["resources", "bases", "components"] {
        for (named, line) in doc.get(key).map(Node::strings).unwrap_or_default() {
            if named.contains("://") || named.starts_with("github.com/") || named.contains("?ref=") {
                continue;
            }
            if let Some(path) = source::join(home, named) {
                facts.state(0, line, FactKind::Uses(uses(named, UsesTarget::File(path), EdgeKind::Applies)));
            }
        }
    }
}

fn uses(reference: &str, to: UsesTarget, edge: EdgeKind) -> Uses {
    Uses { reference: reference.to_owned(), with: Vec::new(), to, edge, on_failure: OnFailure::Stops }
}

/// One object: a list of others, or something that runs.
fn object(doc: Node<'_>, reading: &mut Reading<'_>) {
    let kind = doc.at("kind").unwrap_or_default();
    if reading.facts.units.len() > MAX_OBJECTS {
        return;
    }
    if kind == "List" {
        for item in doc.get("items").into_iter().flat_map(Node::items).filter(|item| item.at("kind") != Some("List")) {
            object(item, reading);
        }
        return;
    }
    let name = doc.at("metadata.name").or_else(|| doc.at("metadata.generateName")).unwrap_or("?");
    let id = reading.unit(Unit {
        kind: UnitKind::Manifest,
        name: format!("{}/{}", kind.to_ascii_lowercase(), name.to_ascii_lowercase()),
        title: Some(format!("{kind} {name}")),
        line: doc.line(),
        end_line: doc.end_line().max(doc.line()),
        parent: Some(0),
    });
    if let Some((word, line)) = switched_off(doc) {
        reading.fact(id, line, FactKind::Guard(Guard::Never(word)));
    }
    if crate::facts::ci::object(doc, id, reading) {
        return;
    }
    let Some(spec) = doc.get("spec") else { return };
    if let Some(every) = spec.get("schedule").and_then(|s| Some((s.text()?, s.line())))
        && matches!(kind, "CronJob" | "RayCronJob" | "ScheduledSparkApplication")
    {
        let suspended = spec.get("suspend").and_then(Node::as_bool) == Some(true);
        let off = suspended.then(|| "suspend: true".to_owned());
        let held = by_values(doc, spec, reading.file);
        let trigger = Trigger { off, held, ..Trigger::plain(TriggerKind::Schedule, format!("schedule \"{}\"", every.0)) };
        reading.fact(id, every.1, FactKind::Trigger(trigger));
    }
    if kind == "CronJob" && spec.get("schedule").is_none() {
        reading.fact(id, doc.line(), FactKind::Guard(Guard::Never("no schedule".to_owned())));
    }
    events(kind, spec, id, reading);
    if kind == "RayService" {
        applications(spec, id, reading);
    }
    // what only describes a kind of object runs nothing
    if kind != "CustomResourceDefinition" {
        pods(spec, id, reading, 0);
    }
}

/// The values of its chart on which an object hangs: those under whose condition it is written, and the one that may suspend
/// it.
fn by_values(doc: Node<'_>, spec: Node<'_>, file: &SourceFile) -> Option<Held> {
    let value = |text: &str| {
        let inner = text.trim().strip_prefix("{{")?.strip_suffix("}}")?.trim_matches(['-', ' ']);
        let name = inner.split('|').next()?.trim().strip_prefix(".Values.")?;
        name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')).then(|| name.to_owned())
    };
    // what stands open where the object begins
    let mut open: Vec<Option<(String, bool)>> = Vec::new();
    for line in file.text.lines().take(doc.line() as usize) {
        let Some(word) = line.trim().strip_prefix("{{").map(|rest| rest.trim_start_matches(['-', ' '])) else { continue };
        let ended = word.contains("{{ end") || word.contains("{{- end") || word.contains("{{end");
        match word.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default() {
            "if" | "range" | "with" | "define" | "block" if ended => {}
            "if" => {
                let asked = word.trim_start_matches("if").trim().trim_end_matches(['}', '-', ' ']);
                let (asked, is) = asked.strip_prefix("not ").map_or((asked, true), |rest| (rest.trim(), false));
                open.push(value(&format!("{{{{ {asked} }}}}")).map(|key| (key, is)));
            }
            "range" | "with" | "define" | "block" => open.push(None),
            "else" => {
                if let Some(last) = open.last_mut() {
                    *last = last.take().filter(|_| !word.contains("else if")).map(|(key, is)| (key, !is));
                }
            }
            "end" => {
                open.pop();
            }
            _ => {}
        }
    }
    let suspend = spec.get("suspend").and_then(Node::text).and_then(value).map(|key| (key, false));
    let wanted: Vec<(String, bool)> = open.into_iter().flatten().chain(suspend).collect();
    let names: Vec<String> = wanted.iter().map(|(key, _)| format!("`{key}`")).collect();
    let why = format!("the values of its chart decide ({})", names.join(", "));
    let until = Some(Until::Values(wanted));
    (!names.is_empty()).then_some(Held { strength: Strength::Assumed, why, until, remedy: None })
}

/// Objects by which a clock or what arrives starts another, or themselves.
fn events(kind: &str, spec: Node<'_>, id: UnitId, reading: &mut Reading<'_>) {
    if kind == "PingSource" {
        if let Some(every) = spec.get("schedule").and_then(|s| Some((s.text()?, s.line()))) {
            reading.fact(id, every.1, FactKind::Trigger(wiring::schedule(every.0, None)));
        }
        if let Some(sink) = spec.get("sink").and_then(|s| s.get("ref"))
            && let (Some(kind), Some(name)) = (sink.at("kind"), sink.at("name"))
        {
            let key = format!("{kind}/{name}").to_ascii_lowercase();
            let uses = uses(&key, UsesTarget::Object(key.clone()), EdgeKind::Invokes);
            reading.fact(id, sink.line(), FactKind::Uses(uses));
        }
    }
    // one that only makes more of a service is no start
    for trigger in spec.get("triggers").into_iter().flat_map(Node::items).filter(|_| kind == "ScaledJob").take(MAX_STARTS) {
        let Some(of) = trigger.at("type") else { continue };
        let stated = match trigger.at("metadata.start").filter(|_| of == "cron") {
            Some(every) => wiring::schedule(every, None),
            None => wiring::message(of),
        };
        reading.fact(id, trigger.line(), FactKind::Trigger(stated));
    }
}

/// The applications that a cluster of its own serves, as the command that would: in the image of the head, unless they
/// bring their files along.
fn applications(spec: Node<'_>, id: UnitId, reading: &mut Reading<'_>) {
    let Some(node) = spec.get("serveConfigV2") else { return };
    let Some(text) = node.text() else { return };
    let brings = text.contains("working_dir");
    let head = spec.get("rayClusterConfig").and_then(|c| c.get("headGroupSpec")?.get("template")?.get("spec"));
    let head = head.and_then(|pod| pod.get("containers")?.items().next()).filter(|_| !brings);
    let parsed = yaml::parse(text);
    let Some(root) = parsed.tree.root() else { return };
    for path in import_paths(root).into_iter().filter(|path| !path.contains(char::is_whitespace)) {
        let said = (format!("serve run {}", quoted(path)), node.line());
        container::says_in(head, (&said.0, said.1), id, &container::literal, reading);
    }
}

/// The word by which an object is kept from running anything.
fn switched_off(doc: Node<'_>) -> Option<(String, u32)> {
    let spec = doc.get("spec")?;
    if let Some(none) = spec.get("replicas").filter(|r| r.text() == Some("0")) {
        return Some(("replicas: 0".to_owned(), none.line()));
    }
    let suspend = spec.get("suspend").filter(|s| s.as_bool() == Some(true))?;
    Some(("suspend: true".to_owned(), suspend.line()))
}

/// Containers, wherever the object holds them: their image, or their own command.
fn pods(node: Node<'_>, id: UnitId, reading: &mut Reading<'_>, depth: usize) {
    if depth > POD_DEPTH {
        return;
    }
    for (key, value) in node.entries() {
        match (key.text, value.kind()) {
            ("containers" | "initContainers", Kind::Seq) => {
                for one in value.items() {
                    container::run(one, id, &container::literal, reading);
                }
            }
            // the server of a model is a container
            ("container", Kind::Map) => container::run(value, id, &container::literal, reading),
            // what a job of a cluster of its own runs: in the image of the head, unless it brings its files along
            ("entrypoint", Kind::Scalar) => {
                let brings = node.at("runtimeEnvYAML").is_some_and(|env| env.contains("working_dir"));
                let head = node.get("rayClusterSpec").and_then(|c| c.get("headGroupSpec")?.get("template")?.get("spec"));
                let head = head.and_then(|pod| pod.get("containers")?.items().next()).filter(|_| !brings);
                container::line_in(head, value, id, &container::literal, reading);
            }
            // whatever its images would run by themselves, the pods of that cluster wait for the job
            ("rayClusterSpec", Kind::Map) if node.get("entrypoint").is_some() => {}
            (_, Kind::Map | Kind::Seq) => pods(value, id, reading, depth + 1),
            _ => {}
        }
    }
    for item in node.items() {
        pods(item, id, reading, depth + 1);
    }
}

fn commands(node: Node<'_>, id: UnitId, reading: &mut Reading<'_>, depth: usize) {
    if depth > DEPTH {
        return;
    }
    for item in node.items() {
        commands(item, id, reading, depth + 1);
    }
    for (key, value) in node.entries() {
        let plain = match value.kind() {
            Kind::Scalar => value.text().is_some_and(|text| !text.contains("{{")),
            Kind::Seq => value.items().all(|i| i.text().is_some_and(|text| !text.contains("{{"))),
            _ => false,
        };
        match value.kind() {
            Kind::Scalar if plain && COMMANDS.contains(&key.text) => {
                container::line_of_text(value, id, &container::literal, reading);
            }
            Kind::Seq if plain && COMMANDS.contains(&key.text) => {
                container::command(node, key.text, id, &container::literal, reading)
            }
            _ => commands(value, id, reading, depth + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(path: &str, text: &str) -> Vec<String> {
        let facts = read(&SourceFile::new(path.into(), text.to_owned()), &Context { led_to: true, ..Context::default() });
        let unit = |id: Option<UnitId>| id.and_then(|u| facts.units.get(u)).map_or("?", |u| u.name.as_str());
        let told = |f: &crate::fact::Fact| {
            let what = match &f.kind {
                FactKind::Command(c) => c.text(),
                FactKind::Uses(Uses { to: UsesTarget::Image(image), .. }) => format!("image {image}"),
                FactKind::Uses(Uses { to: UsesTarget::File(path), .. }) => format!("applies {path}"),
                FactKind::Trigger(t) => format!("{}{}", t.text, if t.off.is_some() { " off" } else { "" }),
                FactKind::Guard(Guard::Never(word)) => format!("never: {word}"),
                _ => return None,
            };
            Some(format!("{} {} {what}", f.line, unit(f.unit)))
        };
        facts.facts.iter().filter_map(told).collect()
    }

    #[test]
    fn what_a_job_starts_is_found_at_its_line() {
        let text = "name: weekly\nentrypoint: bash jobs/fit.sh\nspec:\n  containers:\n    - name: fit\n      command: [python, fit.py]\n      args: [--all]\n";
        assert_eq!(told("jobs/weekly.yaml", text), ["2 weekly.yaml bash jobs/fit.sh", "6 weekly.yaml python fit.py --all"]);
    }

    #[test]
    fn an_object_starts_its_command_or_its_image() {
        let text = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: Fit}\nspec:\n  schedule: \"5 2 * * *\"\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          containers:\n            - image: late/fit:3\n              command: [sh, -c, \"python fit.py && python check.py\"]\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec:\n  replicas: 0\n  template:\n    spec:\n      containers:\n        - {name: api, image: \"late/api:3\", args: [--slow]}\n";
        assert_eq!(
            told("k8s/all.yaml", text),
            [
                "5 cronjob/fit schedule \"5 2 * * *\"",
                "12 cronjob/fit python fit.py",
                "12 cronjob/fit python check.py",
                "18 deployment/api never: replicas: 0",
                "22 deployment/api image late/api:3"
            ]
        );
    }

    #[test]
    fn what_nothing_leads_to_is_read_for_its_starts() {
        let text = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: fit}\nspec:\n  schedule: \"5 2 * * *\"\n  template: {containers: [{command: [python, fit.py]}]}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec: {containers: [{command: [python, api.py]}]}\n";
        assert!(starts_something("k8s/all.yaml", text));
        assert!(!starts_something("k8s/all.yaml", &text.replace("CronJob", "Job")));
        assert!(!starts_something("chart/templates/all.yaml", &text.replace("fit.py", "{{ .Values.program }}")));
        let facts = read(&SourceFile::new("k8s/all.yaml".into(), text.to_owned()), &Context::default());
        let units: Vec<&str> = facts.units.iter().map(|unit| unit.name.as_str()).collect();
        assert_eq!(units, ["all.yaml", "cronjob/fit"]);
        assert_eq!(facts.facts.len(), 2);
    }

    #[test]
    fn events_start_what_takes_them() {
        let text = "apiVersion: sources.knative.dev/v1\nkind: PingSource\nmetadata: {name: weekly}\nspec:\n  schedule: \"0 4 * * 1\"\n  sink: {ref: {kind: Service, name: Fit}}\n---\napiVersion: keda.sh/v1alpha1\nkind: ScaledJob\nmetadata: {name: fit}\nspec:\n  triggers: [{type: cron, metadata: {start: 0 4 * * *}}, {type: kafka}]\n---\napiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: api}\nspec: {triggers: [{type: cpu}]}\n";
        assert_eq!(
            told("k8s/events.yaml", text),
            [
                "5 pingsource/weekly schedule \"0 4 * * 1\"",
                "12 scaledjob/fit schedule \"0 4 * * *\"",
                "12 scaledjob/fit a message (kafka)",
            ]
        );
    }

    #[test]
    fn an_overlay_applies_what_it_names() {
        let text = "resources:\n  - ../../base\n  - https://example.org/x.yaml\n  - quota.yaml\n";
        assert_eq!(
            told("k8s/overlays/prod/kustomization.yaml", text),
            ["2 kustomization.yaml applies k8s/base", "4 kustomization.yaml applies k8s/overlays/prod/quota.yaml"]
        );
    }

    #[test]
    fn nesting_without_end_is_cut() {
        let deep = format!("apiVersion: v1\nkind: Pod\nspec: {}{}\n", "{a: ".repeat(60), "}".repeat(60));
        assert!(told("k8s/deep.yaml", &deep).is_empty());
        assert!(told("k8s/odd.yaml", "apiVersion: v1\nkind: [Pod]\nspec: 3\n---\n- 4\n").is_empty());
    }
}
