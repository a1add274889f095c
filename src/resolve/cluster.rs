//! Tools of clusters: the files of the tree that a command applies, and the objects and images that it names.
//!
//! A dry run, a rendering that nothing applies and a removal lead nowhere. Charts and folders are taken as they lie in
//! the tree. Of the values of a chart, literal ones tell here which image it starts; what they switch on or suspend is read
//! in `facts/deploy/manifest.rs` and judged in `graph/values.rs`. A values file is led to as if it were applied, so that it
//! is read.

use std::collections::{BTreeMap, BTreeSet};

use super::{Invocation, Lead, Located, Run, Target, View, containers, launch, renamed, wholes};
use crate::fact::{Book, Command, FactKind, UnitKind};
use crate::source::{self, RepoPath};
use crate::syntax::shell::Word;
use crate::syntax::tree::{Kind, Node};
use crate::words::{EdgeKind, Strength};

/// How what is brought to a cluster is told that runs no program of this repository: a chart that others publish, and
/// objects that run nothing.
pub(crate) const NO_PROGRAM: [&str; 2] = ["the chart of others ", "an object that runs nothing: "];
/// Kinds of objects that run nothing.
const RUN_NOTHING: &[&str] = &[
    "namespace",
    "ns",
    "secret",
    "configmap",
    "cm",
    "serviceaccount",
    "sa",
    "quota",
    "role",
    "rolebinding",
    "clusterrole",
    "clusterrolebinding",
    "priorityclass",
    "token",
];
/// Most files that one folder or chart stands for.
const MAX_FILES: usize = 200;
/// Most commands of a pipe that are looked at.
const PIPE: usize = 4;
/// Most lines over which a pipe goes on.
const PIPE_LINES: u32 = 6;

/// Options of these tools that take a value.
const VALUED: &[&str] = &[
    "-n",
    "--namespace",
    "--context",
    "--kube-context",
    "--kubeconfig",
    "--cluster",
    "-l",
    "--selector",
    "-o",
    "--output",
    "--timeout",
    "--field-manager",
    "-f",
    "--filename",
    "--values",
    "-k",
    "--kustomize",
    "--set",
    "--set-string",
    "--version",
    "--repo",
    "--image",
    "--from",
    "-c",
    "--container",
    "--history-max",
    "--user",
    "--token",
    "--server",
    "-s",
];

/// What a command line says: words by position, and options with their values.
pub(super) struct Said<'w> {
    pub(super) words: Vec<&'w str>,
    options: Vec<(&'w str, &'w str)>,
}

impl<'w> Said<'w> {
    /// Sorts the words; `valued` are the options whose value is the next word.
    pub(super) fn of(invocation: &'w Invocation<'_>, valued: &[&str]) -> Self {
        Self::of_words(invocation.arguments(), valued)
    }

    fn of_words(words: &'w [Word], valued: &[&str]) -> Self {
        let mut said = Self { words: Vec::new(), options: Vec::new() };
        let mut rest = words.iter().map(|w| w.text.as_str());
        while let Some(word) = rest.next() {
            match word.split_once('=').filter(|_| word.starts_with('-')) {
                Some((option, value)) => said.options.push((option, value)),
                None if valued.contains(&word) => said.options.push((word, rest.next().unwrap_or(""))),
                None if word.starts_with('-') && word.len() > 1 => said.options.push((word, "")),
                None => said.words.push(word),
            }
        }
        said
    }

    /// The values of an option by any of its names.
    pub(super) fn values<'s>(&'s self, names: &'s [&str]) -> impl Iterator<Item = &'w str> + 's {
        self.options.iter().filter(|(option, _)| names.contains(option)).map(|(_, value)| *value)
    }

    fn only_tries(&self) -> bool {
        self.options.iter().any(|(option, value)| match *option {
            "--dry-run" => !matches!(*value, "none" | "false"),
            "-h" | "--help" => true,
            _ => false,
        })
    }
}

/// `kubectl apply|create|replace -f|-k`, `kubectl set image|rollout restart`, `helm install|upgrade`.
pub(super) fn follow(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let said = Said::of(invocation, VALUED);
    if said.only_tries() {
        return Vec::new();
    }
    match (invocation.command.program(), said.words.as_slice()) {
        ("helm", ["install" | "upgrade", given @ ..]) => chart(invocation, &said, given.last().copied(), view),
        ("helm", _) => Vec::new(),
        (_, ["apply" | "create" | "replace", given @ ..]) => {
            let mut leads = manifests(invocation, &said, view);
            leads.extend(said.values(&["--from"]).filter_map(|from| object(from, view)));
            if matches!(given, ["deployment" | "job", ..]) {
                leads.extend(said.values(&["--image"]).filter_map(|image| containers::start(image, view)));
            }
            leads
        }
        (_, ["run", ..]) => said.values(&["--image"]).filter_map(|image| containers::start(image, view)).collect(),
        (_, ["set", "image", named, images @ ..]) => {
            let started = images.iter().filter_map(|pair| containers::start(pair.split_once('=')?.1, view));
            object(named, view).into_iter().chain(started).collect()
        }
        (_, ["argo", "rollouts", "set", "image", named, ..] | ["argo", "rollouts", "promote" | "restart", named, ..]) => {
            object(&format!("rollout/{named}"), view).into_iter().collect()
        }
        (_, ["rollout", "restart", named]) => object(named, view).into_iter().collect(),
        (_, ["rollout", "restart", kind, name]) => object(&format!("{kind}/{name}"), view).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The values that a command gives to the chart that it installs.
pub(crate) struct Given<'c> {
    /// The files that it names, in order.
    pub(crate) files: Vec<&'c str>,
    /// What it sets by itself, in order.
    pub(crate) set: Vec<(&'c str, &'c str)>,
}

/// What a command gives to a chart; none where it installs none.
pub(crate) fn given_to_chart(command: &Command) -> Option<Given<'_>> {
    let said = Said::of_words(command.words.get(1..)?, VALUED);
    let installs = command.program() == "helm" && matches!(said.words.first(), Some(&("install" | "upgrade")));
    let files = said.values(&["-f", "--values"]).flat_map(|all| all.split(',')).collect();
    let set = said.values(&["--set", "--set-string"]).flat_map(|all| all.split(',')).filter_map(|pair| pair.split_once('='));
    let set = set.collect();
    installs.then_some(Given { files, set })
}

/// What `-f` and `-k` name.
fn manifests(invocation: &Invocation<'_>, said: &Said<'_>, view: &View<'_>) -> Vec<Lead> {
    let deep = said.options.iter().any(|(option, _)| matches!(*option, "-R" | "--recursive"));
    let mut leads = Vec::new();
    for value in said.values(&["-f", "--filename"]).flat_map(|v| v.split(',')) {
        match value {
            "-" | "/dev/stdin" => leads.extend(piped(invocation, view)),
            _ => leads.extend(applied(invocation, value, deep, view)),
        }
    }
    for value in said.values(&["-k", "--kustomize"]) {
        leads.extend(applied(invocation, value, false, view));
    }
    leads
}

/// What is applied by naming a file or folder.
fn applied(invocation: &Invocation<'_>, named: &str, deep: bool, view: &View<'_>) -> Vec<Lead> {
    let named = named.trim_end_matches('/');
    let named = if named.is_empty() { "." } else { named };
    if named.contains("://") {
        return Vec::new();
    }
    match invocation.locate(named, view) {
        Located::Found(path, strength) => apply(&path, deep, strength, view),
        Located::Missing(path) if launch::certain(invocation, &path, view) => {
            let what = format!("`{path}` is not there");
            let to = Target::Missing { path, what };
            vec![Lead { to, edge: EdgeKind::Applies, strength: Strength::Broken, what: named.to_owned() }]
        }
        _ => Vec::new(),
    }
}

/// What a controller applies that follows a folder, or each folder that `…/*` stands for.
pub(super) fn followed(path: &str, view: &View<'_>) -> Vec<Lead> {
    let Some(above) = path.strip_suffix("/*") else { return apply(path, false, Strength::Resolved, view) };
    let child = |p: &str| p.strip_prefix(above)?.strip_prefix('/')?.split_once('/').map(|(child, _)| child.to_owned());
    let folders: BTreeSet<String> = view.inventory.below(above).iter().filter_map(|entry| child(&entry.path)).collect();
    let each = |folder| apply(&format!("{above}/{folder}"), false, Strength::Resolved, view);
    folders.into_iter().take(MAX_FILES).flat_map(each).collect()
}

/// What applying a path of the tree applies: a file, what its folder's kustomization names, or the folder's files.
pub(super) fn apply(path: &str, deep: bool, strength: Strength, view: &View<'_>) -> Vec<Lead> {
    let lead = |path: RepoPath| {
        let what = format!("applies {path}");
        Lead { to: Target::File { path, run: Run::Manifest }, edge: EdgeKind::Applies, strength, what }
    };
    if view.inventory.contains(path) {
        return vec![lead(path.into())];
    }
    let inside = |name: &&str| source::join(path, name).filter(|p| view.inventory.contains(p));
    if let Some(overlay) = renamed::NAMES.iter().find_map(inside) {
        return vec![lead(overlay.into())];
    }
    if let Some(files) = templates(path, view) {
        return files.into_iter().map(lead).collect();
    }
    let files = view.inventory.below(path).iter().map(|e| &e.path);
    let here = files.filter(|p| matches!(source::extension(p), Some("yaml" | "yml" | "json")));
    here.filter(|p| deep || source::folder(p) == path).take(MAX_FILES).cloned().map(lead).collect()
}

/// What releasing the chart of that name applies, where just one here lies in a folder called so, as a chart must.
pub(super) fn called(name: &str, view: &View<'_>) -> Vec<Lead> {
    let is_it = |path: &&RepoPath| source::file_name(source::folder(path)) == name;
    let mut charts = view.inventory.named("Chart.yaml").map(|entry| &entry.path).filter(is_it);
    match (charts.next(), charts.next()) {
        (Some(chart), None) => apply(source::folder(chart), false, Strength::Inferred, view),
        _ => Vec::new(),
    }
}

/// The templates of a chart, those of the charts inside it too; none where the folder is no chart.
fn templates(folder: &str, view: &View<'_>) -> Option<Vec<RepoPath>> {
    source::join(folder, "Chart.yaml").filter(|p| view.inventory.contains(p))?;
    let files = view.inventory.below(folder).iter().map(|e| &e.path);
    let files = files.filter(|p| p.contains("/templates/") && !p.contains("/templates/tests/"));
    Some(files.filter(|p| matches!(source::extension(p), Some("yaml" | "yml"))).take(MAX_FILES).cloned().collect())
}

/// What the commands in front of this one in its pipe render or print.
fn piped(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    // it is told there what to apply
    if invocation.command.stdin.is_some() {
        return Vec::new();
    }
    let Some(facts) = view.book.get(invocation.path) else { return Vec::new() };
    let own = facts.facts.iter().position(|f| matches!(&f.kind, FactKind::Command(c) if std::ptr::eq(c, invocation.command)));
    let Some((own, at)) = own.and_then(|own| Some((own, facts.facts.get(own)?.line))) else { return Vec::new() };
    let mut leads = Vec::new();
    for fact in facts.facts[..own].iter().rev().take(PIPE) {
        let FactKind::Command(command) = &fact.kind else { break };
        let renders = matches!(
            command.program(),
            "kustomize" | "kubectl" | "helm" | "envsubst" | "cat" | "sed" | "yq" | "jinja2" | "j2" | "ytt" | "oc" | "echo"
        );
        if fact.unit != invocation.unit || fact.line + PIPE_LINES < at || !renders {
            break;
        }
        let before = Invocation::new(command, invocation.path, fact.unit, view);
        leads.extend(rendered(&before, view));
    }
    leads
}

/// What a command that prints manifests takes them from.
fn rendered(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let said = Said::of(invocation, VALUED);
    match (invocation.command.program(), said.words.as_slice()) {
        ("kustomize", ["build", folder @ ..]) | ("kubectl", ["kustomize", folder @ ..]) => {
            applied(invocation, folder.first().copied().unwrap_or("."), false, view)
        }
        ("helm", ["template", given @ ..]) => chart(invocation, &said, given.last().copied(), view),
        // what is only tried is printed
        ("kubectl" | "oc", ["create", kind, ..]) if RUN_NOTHING.contains(kind) && said.only_tries() => {
            let what = format!("{}{kind}", NO_PROGRAM[1]);
            let to = Target::Outside { what: what.clone() };
            vec![Lead { to, edge: EdgeKind::Applies, strength: Strength::Assumed, what }]
        }
        ("kubectl" | "oc", ["create", ..]) => manifests(invocation, &said, view),
        (_, words) => {
            let fed = invocation.command.fed.as_deref();
            let named = words.iter().copied().chain(said.values(&["-f", "--filename"])).chain(fed);
            let documents = named.filter(|w| matches!(source::extension(w), Some("yaml" | "yml" | "json" | "tpl" | "tmpl")));
            documents.flat_map(|word| applied(invocation, word, false, view)).collect()
        }
    }
}

/// A chart: its templates, and the images that its values and the command's name.
fn chart(invocation: &Invocation<'_>, said: &Said<'_>, named: Option<&str>, view: &View<'_>) -> Vec<Lead> {
    let mut leads = Vec::new();
    let mut values: Vec<RepoPath> = Vec::new();
    let named = named.map(|n| n.trim_end_matches('/')).filter(|n| n.contains('/') || n.starts_with('.'));
    let mut strength = Strength::Inferred;
    match named.map(|n| (n, invocation.locate(n, view))) {
        Some((_, Located::Found(path, how))) => {
            if templates(&path, view).is_some() {
                strength = how;
                leads.extend(apply(&path, false, how, view));
                values.extend(source::join(&path, "values.yaml").filter(|p| view.inventory.contains(p)).map(RepoPath::from));
            }
        }
        Some((n, Located::Missing(path))) if n.starts_with('.') && launch::certain(invocation, &path, view) => {
            let what = format!("there is no chart at `{path}`");
            let to = Target::Missing { path, what };
            leads.push(Lead { to, edge: EdgeKind::Applies, strength: Strength::Broken, what: n.to_owned() });
        }
        // handed on through a place that only the run knows, the chart keeps its name
        Some((n, Located::Unknown)) => {
            if let Some(path) = chart_named(source::file_name(n), view) {
                leads.extend(apply(&path, false, strength, view));
                values.extend(source::join(&path, "values.yaml").filter(|p| view.inventory.contains(p)).map(RepoPath::from));
            }
        }
        _ => {}
    }
    let others = named.filter(|n| leads.is_empty() && is_chart_of_others(n, view));
    let mut images: BTreeMap<String, String> = BTreeMap::new();
    for value in said.values(&["-f", "--values"]) {
        if let Located::Found(path, how) = invocation.locate(value, view) {
            leads.extend(apply(&path, false, how, view));
            values.push(path);
        }
    }
    // the last that says something counts
    for path in &values {
        if let Some(root) = view.book.get(path).and_then(|f| f.tree.as_deref()).and_then(|t| t.root()) {
            images_of(root, "", 0, &mut images);
        }
    }
    for pair in said.values(&["--set", "--set-string"]).flat_map(|v| v.split(',')) {
        if let Some((key, value)) = pair.split_once('=')
            && let Some(key) = key.strip_suffix(".repository").or_else(|| key.ends_with("image").then_some(key))
        {
            images.insert(key.to_owned(), value.to_owned());
        }
    }
    leads.extend(images.values().filter_map(|image| {
        let lead = containers::start(image, view)?;
        Some(Lead { strength: lead.strength.min(strength), ..lead })
    }));
    // values of its own may fill the chart of a team with what is built here
    if let Some(chart) = others.filter(|_| leads.is_empty() && images.is_empty()) {
        let what = format!("{}{chart}", NO_PROGRAM[0]);
        let to = Target::Outside { what: what.clone() };
        leads.push(Lead { to, edge: EdgeKind::Applies, strength: Strength::Assumed, what });
    }
    leads
}

/// Whether what is installed lies in a repository of charts, and no chart of that name is written here.
fn is_chart_of_others(named: &str, view: &View<'_>) -> bool {
    let name = source::file_name(named);
    let stored = named.contains("://") || (named.matches('/').count() == 1 && !named.starts_with(['.', '/']));
    let called = |entry: &RepoPath| {
        let tree = view.book.get(entry).and_then(|facts| facts.tree.as_deref());
        tree.and_then(|tree| tree.root()?.get("name")?.text()).is_some_and(|own| own == name)
    };
    stored
        && !named.contains(['$', '{', '<'])
        && !view
            .inventory
            .named("Chart.yaml")
            .any(|entry| source::file_name(source::folder(&entry.path)) == name || called(&entry.path))
}

/// The one folder of that name that holds a chart.
fn chart_named(name: &str, view: &View<'_>) -> Option<RepoPath> {
    if name.is_empty() || name.contains(['$', '{', '*']) {
        return None;
    }
    let folders = view.inventory.named("Chart.yaml").map(|entry| source::folder(&entry.path));
    let mut found = folders.filter(|folder| source::file_name(folder) == name);
    let one = found.next()?;
    found.next().is_none().then(|| RepoPath::from(one))
}

/// The images that values name, by the dotted key under which they stand; what is not enabled starts nothing.
fn images_of(node: Node<'_>, at: &str, depth: usize, into: &mut BTreeMap<String, String>) {
    let off = ["enabled", "create"].iter().any(|key| node.get(key).and_then(Node::as_bool) == Some(false));
    let none = node.at("replicaCount").or_else(|| node.at("replicas")) == Some("0");
    if depth > 5 || off || none || into.len() >= MAX_FILES {
        return;
    }
    for (key, value) in node.entries() {
        let place = if at.is_empty() { key.text.to_owned() } else { format!("{at}.{}", key.text) };
        let is_image = key.text == "image" || key.text.ends_with("Image");
        match value.kind() {
            Kind::Scalar if is_image => {
                into.extend(value.text().map(|text| (place, text.to_owned())));
            }
            Kind::Map if is_image => {
                let name = value.at("repository").or_else(|| value.at("name"));
                into.extend(name.map(|name| {
                    let host = value.at("registry").filter(|host| !host.is_empty());
                    (place, host.map_or_else(|| name.to_owned(), |host| format!("{host}/{name}")))
                }));
            }
            Kind::Map => images_of(value, &place, depth + 1, into),
            _ => {}
        }
    }
}

/// A text of a chart's template with the chart's own values put in; none where one is not literal.
pub(super) fn valued(text: &str, from: &str, view: &View<'_>) -> Option<String> {
    let (folder, _) = from.rsplit_once("/templates/")?;
    let path = source::join(folder, "values.yaml")?;
    let values = view.book.get(path.as_str())?.tree.as_deref()?.root()?;
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let (said, behind) = after.split_once("}}")?;
        let named = said.split(['|', ' ', '(', ')']).find_map(|word| word.strip_prefix(".Values."));
        match named.and_then(|key| values.at(key)) {
            Some(value) => out.push_str(value),
            // what stands behind the name is a version, which tells nothing about the image
            None if out.rsplit('/').next().is_some_and(|end| end.contains(':')) => return Some(out),
            None => return None,
        }
        rest = behind;
    }
    Some(out + rest)
}

/// The one object of the tree that a command names as `kind/name`.
fn object(named: &str, view: &View<'_>) -> Option<Lead> {
    let (kind, name) = named.split_once('/')?;
    let name = name.to_ascii_lowercase();
    let key = format!("{}/{name}", long_kind(kind));
    let path = view.objects.get_or_init(|| objects(view.book)).get(&key)?.clone()?;
    let what = format!("names {key}");
    let to = Target::Unit { path, kind: UnitKind::Manifest, name: key };
    // the cluster's object of that name came from this file, as far as names can tell
    Some(Lead { to, edge: EdgeKind::Invokes, strength: Strength::Inferred, what })
}

/// What an object refers to by kind and name (and a part of it): a unit of the file that declares it.
pub(super) fn declared(key: &str, from: &RepoPath, edge: EdgeKind, view: &View<'_>) -> Lead {
    let unit_in = |path: &RepoPath| {
        let units = view.book.get(path).map_or(&[][..], |facts| facts.units.as_slice());
        // the object itself runs nothing of what it defines
        let kinds = || units.iter().filter(|unit| unit.name == key).map(|unit| unit.kind);
        (kinds().find(|kind| *kind == UnitKind::Action).or_else(|| kinds().next()), units.is_empty())
    };
    let whole = key.split('#').next().unwrap_or(key);
    let (path, strength) = match unit_in(from).0 {
        // written together, applied together
        Some(_) => (Some(from.clone()), Strength::Resolved),
        None => (view.objects.get_or_init(|| objects(view.book)).get(whole).cloned().flatten(), Strength::Inferred),
    };
    let Some(path) = path else {
        let what = format!("{key}, which is declared elsewhere");
        return Lead { to: Target::Outside { what: what.clone() }, edge, strength: Strength::Assumed, what };
    };
    let what = format!("refers to {key}");
    // files that are one document know each other
    let asked = view.book.get(from).and_then(|facts| facts.asked.as_ref());
    let together = asked.is_some_and(|asked| wholes::asked_for(from, asked, view).contains(&path));
    let strength = if together { Strength::Resolved } else { strength };
    match unit_in(&path) {
        (None, false) if key.contains('#') => {
            let missing = format!("there is no `{key}` in `{path}`");
            Lead { to: Target::Missing { path: path.to_string(), what: missing }, edge, strength: Strength::Broken, what }
        }
        (kind, _) => {
            let to = Target::Unit { path, kind: kind.unwrap_or(UnitKind::Action), name: key.to_owned() };
            Lead { to, edge, strength, what }
        }
    }
}

/// Tools that start workflows and pipelines of a cluster: `argo submit`, `argo cron create`, `tkn pipeline start`.
pub(super) fn submit(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    const OPTIONS: &[&str] = &[
        "-n",
        "--namespace",
        "-p",
        "--parameter",
        "--param",
        "--parameter-file",
        "--name",
        "--generate-name",
        "--entrypoint",
        "--serviceaccount",
        "-s",
        "-w",
        "--workspace",
        "-l",
        "--labels",
        "--from",
        "-f",
        "--filename",
        "-o",
        "--output",
    ];
    let said = Said::of(invocation, OPTIONS);
    if said.only_tries() || said.options.iter().any(|(option, _)| *option == "--server-dry-run") {
        return Vec::new();
    }
    let by_name = |named: &str| {
        let (kind, name) = named.split_once('/')?;
        let kind = match kind {
            "wftmpl" | "workflowtemplates" => "workflowtemplate",
            "cwftmpl" => "clusterworkflowtemplate",
            "cronwf" | "cwf" => "cronworkflow",
            other => other,
        };
        Some(declared(&format!("{kind}/{name}").to_ascii_lowercase(), invocation.path, EdgeKind::Submits, view))
    };
    match (invocation.command.program(), said.words.as_slice()) {
        ("argo", ["submit", files @ ..] | ["cron" | "template" | "cluster-template", "create" | "update", files @ ..]) => {
            let named = said.values(&["--from"]).filter_map(by_name);
            named.chain(files.iter().flat_map(|file| applied(invocation, file, false, view))).collect()
        }
        ("tkn", [kind @ ("pipeline" | "task" | "p" | "t"), "start", names @ ..]) => {
            let kind = if kind.starts_with('p') { "pipeline" } else { "task" };
            let named = names.iter().filter_map(|name| by_name(&format!("{kind}/{name}")));
            named.chain(manifests(invocation, &said, view)).collect()
        }
        _ => Vec::new(),
    }
}

fn long_kind(kind: &str) -> String {
    let kind = kind.split('.').next().unwrap_or(kind).to_ascii_lowercase();
    match kind.trim_end_matches('s') {
        "deploy" => "deployment".to_owned(),
        "sts" | "st" => "statefulset".to_owned(),
        "d" => "daemonset".to_owned(),
        "cj" => "cronjob".to_owned(),
        "isvc" => "inferenceservice".to_owned(),
        other => other.to_owned(),
    }
}

/// Every object of the documents that were read, by kind and name; none where several files declare it.
fn objects(book: &Book) -> BTreeMap<String, Option<RepoPath>> {
    let mut all: BTreeMap<String, Option<RepoPath>> = BTreeMap::new();
    for (path, facts) in book.iter().filter(|(path, _)| matches!(source::extension(path), Some("yaml" | "yml"))) {
        for doc in facts.tree.iter().flat_map(|tree| tree.docs()) {
            if let (Some(_), Some(kind), Some(name)) = (doc.at("apiVersion"), doc.at("kind"), doc.at("metadata.name")) {
                let key = format!("{}/{}", kind.to_ascii_lowercase(), name.to_ascii_lowercase());
                all.entry(key).and_modify(|found| *found = None).or_insert_with(|| Some(path.clone()));
            }
        }
    }
    all
}

/// Whether a line stands in an object that is about another by its name, which is not there although others of that kind
/// are. Where charts make objects nobody knows their names.
pub(crate) fn is_about_nothing(path: &RepoPath, line: u32, view: &View<'_>) -> bool {
    // asked of whatever was read as a document, be it applied or not
    let Some(facts) = view.book.get(path).filter(|_| matches!(source::extension(path), Some("yaml" | "yml"))) else {
        return false;
    };
    let Some(doc) = facts.tree.iter().flat_map(|tree| tree.docs()).find(|doc| (doc.line()..=doc.end_line()).contains(&line))
    else {
        return false;
    };
    let of = |key: &str| doc.at(&format!("spec.targetRef.{key}")).map(str::to_ascii_lowercase);
    let (Some(kind), Some(name), true) = (of("kind"), of("name"), doc.at("kind") == Some("Canary")) else { return false };
    if name.contains(['{', '$', '<']) || view.inventory.named("Chart.yaml").next().is_some() {
        return false;
    }
    let objects = view.objects.get_or_init(|| objects(view.book));
    let mut alike = objects.keys().filter_map(|key| key.strip_prefix(&kind)?.strip_prefix('/')).peekable();
    alike.peek().is_some() && alike.all(|other| other != name && !other.contains('{'))
}

/// `terraform apply`: the configuration in its folder and the modules of this tree that it calls.
pub(super) fn configuration(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let said = Said::of(invocation, &["-var", "--var", "-var-file", "--var-file", "-target", "--terragrunt-working-dir"]);
    // with that option it takes away what is there
    let destroys = invocation.arguments().iter().any(|w| w.literal && matches!(w.text.as_str(), "-destroy" | "--destroy"));
    if !said.words.contains(&"apply") || said.words.contains(&"plan") || destroys {
        return Vec::new();
    }
    let Some(dir) = invocation.dir() else { return Vec::new() };
    let at = said.values(&["-chdir", "--chdir", "--terragrunt-working-dir"]).next().unwrap_or(".");
    let mut folders: Vec<String> = source::join(dir, at).into_iter().collect();
    // the folder that is told and not there; what the command itself fetches or writes may lie anywhere
    let gone = |folder: &&String| !folder.contains('$') && **folder != "." && !view.inventory.is_dir(folder);
    if let Some(folder) = folders.first().filter(gone).filter(|folder| super::launch::certain(invocation, folder, view)) {
        let to = Target::Missing { path: folder.clone(), what: format!("there is no folder `{folder}`") };
        return vec![Lead { to, edge: EdgeKind::Applies, strength: Strength::Broken, what: format!("applies {folder}") }];
    }
    let mut leads = Vec::new();
    let mut next = 0;
    while let Some(folder) = folders.get(next).cloned() {
        next += 1;
        for entry in view.inventory.below(&folder).iter().filter(|e| source::folder(&e.path) == folder) {
            let path = &entry.path;
            if source::extension(path) != Some("tf") || leads.len() >= MAX_FILES {
                continue;
            }
            let root = view.book.get(path).and_then(|f| f.tree.as_deref()).and_then(|t| t.root());
            // every block stands under the same key
            let modules = root.into_iter().flat_map(|r| r.entries()).filter(|(key, _)| key.text == "module");
            let called = modules.flat_map(|(_, m)| m.entries()).filter(|(_, module)| module.at("count") != Some("0"));
            let called = called.filter_map(|(_, module)| module.at("source"));
            for local in called.filter(|s| s.starts_with('.')).filter_map(|s| source::join(&folder, s)) {
                if !folders.contains(&local) && folders.len() < MAX_FILES {
                    folders.push(local);
                }
            }
            let to = Target::File { path: path.clone(), run: Run::Manifest };
            leads.push(Lead { to, edge: EdgeKind::Applies, strength: Strength::Resolved, what: format!("applies {path}") });
        }
    }
    leads
}

/// What a command that rolls out on a platform starts there: an image by its name, or what a folder's definition says.
pub(super) fn rolled_out(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let said = Said::of(invocation, &["--image", "--image-uri", "--container-image", "--source", "--region", "--project"]);
    let images = said.values(&["--image", "--image-uri", "--container-image", "--image-name"]);
    let mut leads: Vec<Lead> = images.filter_map(|image| containers::start(image, view)).collect();
    for folder in said.values(&["--source"]).filter(|folder| !folder.contains("://")) {
        if let Located::Found(path, strength) = invocation.locate(if folder.is_empty() { "." } else { folder }, view)
            && let Some(path) = source::join(&path, "Dockerfile").filter(|p| view.inventory.contains(p))
        {
            let what = format!("builds and starts {path}");
            let to = Target::File { path: path.into(), run: Run::Image };
            leads.push(Lead { to, edge: EdgeKind::Invokes, strength, what });
        }
    }
    leads
}

/// Whether a command only asks what would be done.
pub(super) fn only_tries(command: &Command) -> bool {
    command.words.iter().any(|w| matches!(w.text.as_str(), "--dry-run" | "--help" | "--no-execute-changeset" | "--validate-only"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::yaml;

    #[test]
    fn values_name_images_unless_they_are_off() {
        let text = "image: late/api:3\nfit:\n  image: {registry: ghcr.io, repository: late/fit, tag: 4}\nold:\n  enabled: false\n  image: late/old\nnone:\n  replicaCount: 0\n  image: late/none\n";
        let parsed = yaml::parse(text);
        let mut found = BTreeMap::new();
        parsed.tree.root().into_iter().for_each(|root| images_of(root, "", 0, &mut found));
        let found: Vec<(&str, &str)> = found.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(found, [("fit.image", "ghcr.io/late/fit"), ("image", "late/api:3")]);
    }

    #[test]
    fn kinds_have_short_names() {
        for (short, long) in
            [("deploy", "deployment"), ("Deployments.apps", "deployment"), ("sts", "statefulset"), ("cj", "cronjob")]
        {
            assert_eq!(long_kind(short), long, "{short}");
        }
    }
}
