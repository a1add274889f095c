//! Objects by which a controller follows a folder of a repository: what is merged there is brought about.
//!
//! The controller runs elsewhere, so whether it follows this repository is as sure as the address that the object names;
//! an object that is suspended, fixed to one version or synchronised by hand starts nothing by itself.

use std::collections::BTreeMap;

use crate::fact::{FactKind, FileFacts, OnFailure, Trigger, Unit, UnitKind, Uses, UsesTarget};
use crate::facts::{Context, Reader, When};
use crate::resolve::REPOSITORY;
use crate::rules::pattern::Format;
use crate::source::{self, SourceFile, extension};
use crate::syntax::tree::Node;
use crate::words::{EdgeKind, TriggerKind};

/// Applications of Argo CD, kustomizations and releases of Flux, and what Config Sync follows.
pub(crate) const READER: Reader = Reader { name: "GitOps object", wants, when: When::Telling, read };

/// Groups of objects that are followed.
const GROUPS: &[&str] = &["argoproj.io/", "toolkit.fluxcd.io/", "configmanagement.gke.io/", "configsync.gke.io/"];
/// Most objects of one file that are followed.
const MAX_OBJECTS: usize = 200;

fn wants(path: &str) -> bool {
    matches!(extension(path), Some("yml" | "yaml"))
}

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let mut facts = FileFacts::default();
    if !GROUPS.iter().any(|group| file.text.contains(group)) {
        return facts;
    }
    // what cannot be read of it is told by whoever reads it as a document
    let document = context.document(file, Format::Yaml);
    for doc in document.tree.docs().take(MAX_OBJECTS) {
        let api = doc.at("apiVersion").unwrap_or_default();
        match doc.at("kind") {
            Some("Application") if api.starts_with("argoproj.io/") => {
                doc.get("spec").into_iter().for_each(|spec| application(doc, spec, &Given::new(), &mut facts));
            }
            Some("ApplicationSet") if api.starts_with("argoproj.io/") => set(doc, &mut facts),
            Some("ConfigManagement") if api.starts_with("configmanagement.gke.io/") => {
                synchronised(doc, ["syncRepo", "syncBranch", "syncRev", "policyDir"], &mut facts);
            }
            Some("RootSync" | "RepoSync") if api.starts_with("configsync.gke.io/") => {
                synchronised(doc, ["repo", "branch", "revision", "dir"], &mut facts);
            }
            Some("Kustomization" | "HelmRelease") if api.contains("toolkit.fluxcd.io/") => flux(doc, &mut facts),
            _ => {}
        }
    }
    facts
}

/// What a generator gives to the template of a set, by name, each where it is written.
type Given<'t> = BTreeMap<String, Node<'t>>;

/// A set of applications: one for each element of a list, and for each folder that is named, all of one template.
fn set(doc: Node<'_>, facts: &mut FileFacts) {
    let Some(spec) = doc.get("spec") else { return };
    let Some(template) = spec.get("template").and_then(|t| t.get("spec")) else { return };
    let mut generators: Vec<Node<'_>> = spec.get("generators").into_iter().flat_map(Node::items).collect();
    // of several that are combined, each gives names of its own
    let kinds = ["matrix", "merge"];
    let combined = generators.iter().flat_map(|g| kinds.iter().filter_map(|kind| g.get(kind)?.get("generators")));
    let combined: Vec<Node<'_>> = combined.flat_map(Node::items).collect();
    generators.extend(combined);
    let mut all: Vec<Given<'_>> = Vec::new();
    for generator in generators.iter().take(MAX_OBJECTS) {
        let elements = generator.get("list").and_then(|list| list.get("elements"));
        all.extend(
            elements.into_iter().flat_map(Node::items).map(|e| e.entries().map(|(k, v)| (k.text.to_owned(), v)).collect()),
        );
        let folders = generator.get("git").and_then(|git| git.get("directories")).into_iter().flat_map(Node::items);
        let taken = folders.filter(|f| f.get("exclude").and_then(Node::as_bool) != Some(true)).filter_map(|f| f.get("path"));
        all.extend(taken.flat_map(|path| ["path", "path.path"].map(|name| Given::from([(name.to_owned(), path)]))));
    }
    if all.is_empty() {
        all.push(Given::new());
    }
    all.iter().take(MAX_OBJECTS).for_each(|given| application(doc, template, given, facts));
}

/// What stands there, or what a generator gives where a name of it stands there alone.
fn filled<'t>(node: Node<'t>, given: &Given<'t>) -> Node<'t> {
    let name = node.text().and_then(|text| text.trim().strip_prefix("{{")?.strip_suffix("}}"));
    name.and_then(|name| given.get(name.trim().trim_start_matches('.'))).copied().unwrap_or(node)
}

fn application<'t>(doc: Node<'t>, spec: Node<'t>, given: &Given<'t>, facts: &mut FileFacts) {
    let automated = spec.get("syncPolicy").and_then(|p| p.get("automated"));
    let automated = automated.filter(|a| a.get("enabled").and_then(Node::as_bool) != Some(false));
    let several = spec.get("sources").into_iter().flat_map(Node::items);
    for source in spec.get("source").into_iter().chain(several) {
        let of = |key: &str| source.get(key).map(|node| filled(node, given));
        let (Some(address), Some(path)) = (of("repoURL").and_then(Node::text), of("path")) else { continue };
        let revision = of("targetRevision").and_then(Node::text).unwrap_or("HEAD");
        let kind = if automated.is_some() { TriggerKind::Push } else { TriggerKind::Manual };
        follows(doc, address, path, (kind, revision), None, facts);
    }
}

fn flux(doc: Node<'_>, facts: &mut FileFacts) {
    let Some(spec) = doc.get("spec") else { return };
    let suspended = spec.get("suspend").and_then(Node::as_bool) == Some(true);
    let chart = spec.get("chart").and_then(|c| c.get("spec"));
    let (path, from) = match chart {
        // a chart by its name comes from a store of charts
        Some(chart) => (chart.get("chart").filter(|c| c.text().is_some_and(|c| c.starts_with('.'))), chart.get("sourceRef")),
        None => (spec.get("path"), spec.get("sourceRef")),
    };
    let (Some(path), Some(name)) = (path, from.and_then(|f| f.at("name"))) else { return };
    follows(doc, name, path, (TriggerKind::Push, "HEAD"), suspended.then(|| "suspend: true".to_owned()), facts);
}

/// What Config Sync follows: the keys of the repository, its branch, a fixed revision and the folder.
fn synchronised(doc: Node<'_>, [address, branch, revision, folder]: [&str; 4], facts: &mut FileFacts) {
    let Some(git) = doc.get("spec").and_then(|spec| spec.get("git")) else { return };
    let (Some(address), Some(path)) = (git.at(address), git.get(folder)) else { return };
    let off = git.at(revision).filter(|fixed| !matches!(*fixed, "" | "HEAD")).map(|fixed| format!("fixed to `{fixed}`"));
    let branch = git.at(branch).unwrap_or("HEAD");
    follows(doc, address, path, (TriggerKind::Push, branch), off, facts);
}

/// One followed folder: the unit, what starts it, and what it applies.
fn follows(
    doc: Node<'_>,
    address: &str,
    path: Node<'_>,
    (kind, revision): (TriggerKind, &str),
    off: Option<String>,
    facts: &mut FileFacts,
) {
    let Some(folder) = path.text().filter(|text| !text.contains("{{")).and_then(|text| source::join(".", text)) else { return };
    let is_version = revision.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit());
    let off = off.or_else(|| is_version.then(|| format!("fixed to `{revision}`")));
    let id = facts.units.len();
    let name = doc.at("metadata.name").unwrap_or("?");
    let kind_of_object = doc.at("kind").unwrap_or_default();
    facts.units.push(Unit {
        kind: UnitKind::Manifest,
        name: format!("{}/{name}", kind_of_object.to_ascii_lowercase()),
        title: Some(format!("{kind_of_object} {name}")),
        line: doc.line(),
        end_line: doc.end_line().max(doc.line()),
        parent: None,
    });
    let branches = if revision == "HEAD" { Vec::new() } else { vec![revision.to_owned()] };
    let text = match kind {
        TriggerKind::Manual => "synchronised by hand".to_owned(),
        _ => format!("push to `{folder}`, which a controller follows"),
    };
    let from = vec![address.to_owned()];
    facts.state(id, path.line(), FactKind::Trigger(Trigger { branches, from, off, ..Trigger::plain(kind, text) }));
    let with = vec![(REPOSITORY.to_owned(), address.to_owned())];
    let to = UsesTarget::File(folder.clone());
    let uses = Uses { reference: folder, with, to, edge: EdgeKind::Applies, on_failure: OnFailure::Stops };
    facts.state(id, path.line(), FactKind::Uses(uses));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn triggers(text: &str) -> Vec<String> {
        let facts = read(&SourceFile::new("gitops/late.yaml".into(), text.to_owned()), &Context::default());
        let told = facts.facts.iter().filter_map(|f| match &f.kind {
            FactKind::Trigger(t) => Some(format!("{} {} {:?}", f.line, t.kind, t.off)),
            _ => None,
        });
        told.collect()
    }

    #[test]
    fn a_folder_that_is_followed_is_applied_by_a_push() {
        let argo = |policy: &str, revision: &str| {
            format!(
                "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: late}}\nspec:\n  source:\n    repoURL: https://example.org/a/late.git\n    path: k8s\n    targetRevision: {revision}\n  syncPolicy: {policy}\n"
            )
        };
        assert_eq!(triggers(&argo("{automated: {}}", "HEAD")), ["7 push None"]);
        assert_eq!(triggers(&argo("{automated: {enabled: false}}", "HEAD")), ["7 manual None"]);
        assert_eq!(triggers(&argo("{}", "HEAD")), ["7 manual None"]);
        assert_eq!(triggers(&argo("{automated: {}}", "v1.2.0")), ["7 push Some(\"fixed to `v1.2.0`\")"]);
        assert!(triggers(&argo("{automated: {}}", "HEAD").replace("path: k8s", "chart: late")).is_empty());
    }

    #[test]
    fn a_set_follows_what_its_list_and_its_folders_give() {
        let set = |generator: &str, path: &str| {
            format!(
                "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {{name: all}}\nspec:\n  generators:\n  {generator}\n  template:\n    spec:\n      source: {{repoURL: 'https://example.org/a/late.git', path: '{path}'}}\n      syncPolicy: {{automated: {{}}}}\n"
            )
        };
        let list = "- list:\n      elements:\n      - name: one\n        path: k8s/one\n      - name: two\n        path: k8s/two";
        assert_eq!(triggers(&set(list, "{{path}}")), ["9 push None", "11 push None"]);
        assert_eq!(triggers(&set(list, "{{ .path }}")), ["9 push None", "11 push None"]);
        assert!(triggers(&set(list, "{{folder}}")).is_empty());
        let folders = "- git:\n      directories:\n      - path: k8s/*\n      - {path: k8s/old, exclude: true}";
        assert_eq!(triggers(&set(folders, "{{path}}")), ["8 push None"]);
        assert_eq!(triggers(&set(folders, "{{.path.path}}")), ["8 push None"]);
    }

    #[test]
    fn what_config_sync_follows_is_applied_by_a_push() {
        let root = |more: &str| {
            format!(
                "apiVersion: configsync.gke.io/v1beta1\nkind: RootSync\nmetadata: {{name: late}}\nspec:\n  sourceType: git\n  git:\n    repo: https://example.org/a/late.git\n    branch: main\n    dir: clusters/prod\n{more}"
            )
        };
        assert_eq!(triggers(&root("")), ["9 push None"]);
        assert_eq!(triggers(&root("    revision: 1f0c2ab\n")), ["9 push Some(\"fixed to `1f0c2ab`\")"]);
        let older = "apiVersion: configmanagement.gke.io/v1\nkind: ConfigManagement\nmetadata: {name: late}\nspec:\n  git:\n    syncRepo: git@example.org:a/late.git\n    syncBranch: main\n    policyDir: clusters\n";
        assert_eq!(triggers(older), ["8 push None"]);
        assert!(triggers(&older.replace("  git:", "  other:")).is_empty());
    }

    #[test]
    fn flux_says_when_it_is_suspended() {
        let text = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: late}\nspec:\n  path: ./k8s\n  suspend: true\n  sourceRef: {kind: GitRepository, name: late}\n";
        assert_eq!(triggers(text), ["5 push Some(\"suspend: true\")"]);
        let chart = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: late}\nspec:\n  chart:\n    spec: {chart: redis, sourceRef: {kind: HelmRepository, name: x}}\n";
        assert!(triggers(chart).is_empty());
    }
}
