//! Objects by which a controller looks for new images and rolls them out: of Flux, the image updater of Argo CD, Keel, and
//! Kargo, whose stages take what a warehouse found, by themselves where a policy says so.
//!
//! The controller runs elsewhere, so what it does is at most assumed. Which of them look for which image is joined in
//! `resolve`, because the parts lie in several files. One that is suspended, or told never to, starts nothing.

use std::sync::Arc;

use crate::fact::{FactKind, FileFacts, Guard, OnFailure, Trigger, Unit, UnitId, UnitKind, Uses, UsesTarget};
use crate::facts::{Context, Reader, When};
use crate::resolve::REPOSITORY;
use crate::resolve::renewed::{ALONE, BEFORE, IMAGE, MARK, OF};
use crate::source::{self, SourceFile, extension};
use crate::syntax::tree::Node;
use crate::syntax::yaml;
use crate::words::{EdgeKind, TriggerKind};

/// Objects that look for images, and manifests with places that are filled in by them.
pub(crate) const READER: Reader = Reader {
    name: "image automation",
    wants: |path| matches!(extension(path), Some("yml" | "yaml")),
    when: When::Recognised(|_, text| is_ours(text)),
    read,
};

/// What stands in front of the annotations of the image updater.
const UPDATER: &str = "argocd-image-updater.argoproj.io/";
/// What stands in front of the versions of warehouses and stages.
const STAGES: &str = "kargo.akuity.io/";
/// Most objects of one file.
const MAX_OBJECTS: usize = 200;
/// Most images, and most marked places, of one file.
const MAX_IMAGES: usize = 100;

fn is_ours(text: &str) -> bool {
    ["image.toolkit.fluxcd.io/", UPDATER, "keel.sh/policy", MARK, STAGES].iter().any(|word| text.contains(word))
}

fn read(file: &SourceFile, _: &Context<'_>) -> FileFacts {
    let mut facts = FileFacts::default();
    // what cannot be read of it is told by whoever reads it as a document
    let parsed = yaml::parse(&file.text);
    for doc in parsed.tree.docs().take(MAX_OBJECTS) {
        let api = doc.at("apiVersion").unwrap_or_default();
        match doc.at("kind") {
            Some(kind) if api.starts_with("image.toolkit.fluxcd.io/") => flux(doc, kind, &mut facts),
            Some(kind) if api.starts_with(STAGES) => kargo(doc, kind, &mut facts),
            Some("ImageUpdater") if api.starts_with(UPDATER) => updater(doc, &mut facts),
            Some("Application") if api.starts_with("argoproj.io/") => annotated(doc, &mut facts),
            Some(kind) => keel(doc, kind, &mut facts),
            None => {}
        }
    }
    marked(&file.text, &mut facts);
    facts.tree = Some(Arc::new(parsed.tree));
    facts
}

fn unit(doc: Node<'_>, kind: &str, facts: &mut FileFacts) -> UnitId {
    let name = doc.at("metadata.name").unwrap_or("?");
    facts.units.push(Unit {
        kind: UnitKind::Manifest,
        name: format!("{}/{}", kind.to_ascii_lowercase(), name.to_ascii_lowercase()),
        title: Some(format!("{kind} {name}")),
        line: doc.line(),
        end_line: doc.end_line().max(doc.line()),
        parent: None,
    });
    facts.units.len() - 1
}

/// A new image starts it, as far as anybody can tell from here.
fn starts(id: UnitId, line: u32, facts: &mut FileFacts) {
    let trigger = Trigger::plain(TriggerKind::Upstream, "a new image, which a controller looks for".to_owned());
    facts.state(id, line, FactKind::Trigger(trigger.elsewhere("the controller runs outside of this repository")));
}

fn setting(id: UnitId, line: u32, key: &str, value: &str, facts: &mut FileFacts) {
    facts.state(id, line, FactKind::Setting { key: key.to_owned(), value: value.to_owned() });
}

fn uses(id: UnitId, line: u32, uses: Uses, facts: &mut FileFacts) {
    facts.state(id, line, FactKind::Uses(uses));
}

fn plain(reference: &str, to: UsesTarget, edge: EdgeKind) -> Uses {
    Uses { reference: reference.to_owned(), with: Vec::new(), to, edge, on_failure: OnFailure::Stops }
}

fn kargo(doc: Node<'_>, kind: &str, facts: &mut FileFacts) {
    let Some(spec) = doc.get("spec").filter(|_| matches!(kind, "Warehouse" | "Stage" | "Project" | "ProjectConfig")) else {
        return;
    };
    let id = unit(doc, kind, facts);
    let items = |key: &str| spec.get(key).into_iter().flat_map(Node::items).take(MAX_IMAGES);
    if let Some(policy) = spec.get("freightCreationPolicy").filter(|policy| policy.text() == Some("Manual")) {
        facts.state(id, policy.line(), FactKind::Guard(Guard::Never("freightCreationPolicy: Manual".to_owned())));
    }
    for image in items("subscriptions").filter_map(|one| one.get("image")?.get("repoURL")) {
        setting(id, image.line(), IMAGE, image.text().unwrap_or_default(), facts);
    }
    for asked in items("requestedFreight") {
        let Some(name) = asked.get("origin").and_then(|origin| origin.get("name")) else { continue };
        setting(id, name.line(), OF, name.text().unwrap_or_default(), facts);
        let sources = asked.get("sources");
        let direct = sources.and_then(|s| s.get("direct")).and_then(Node::as_bool) == Some(true);
        for (stage, line) in sources.and_then(|s| s.get("stages")).map(Node::strings).unwrap_or_default() {
            // what may come straight from the warehouse waits for no other stage
            if !direct {
                setting(id, line, BEFORE, stage, facts);
            }
        }
    }
    for policy in items("promotionPolicies") {
        let by_itself = policy.get("autoPromotionEnabled").and_then(Node::as_bool) == Some(true);
        let stage = policy.get("stage").or_else(|| policy.get("stageSelector")?.get("name"));
        if let Some(stage) = stage.filter(|_| by_itself) {
            setting(id, stage.line(), ALONE, stage.text().unwrap_or_default(), facts);
        }
    }
}

fn flux(doc: Node<'_>, kind: &str, facts: &mut FileFacts) {
    let Some(spec) = doc.get("spec") else { return };
    let id = unit(doc, kind, facts);
    if let Some(off) = spec.get("suspend").filter(|s| s.as_bool() == Some(true)) {
        facts.state(id, off.line(), FactKind::Guard(Guard::Never("suspend: true".to_owned())));
    }
    match kind {
        "ImageRepository" => {
            if let Some((image, line)) = spec.get("image").and_then(|image| Some((image.text()?, image.line()))) {
                setting(id, line, IMAGE, image, facts);
            }
        }
        "ImagePolicy" => {
            let of = spec.get("imageRepositoryRef").and_then(|of| of.get("name"));
            if let Some((name, line)) = of.and_then(|of| Some((of.text()?, of.line()))) {
                setting(id, line, OF, name, facts);
            }
        }
        "ImageUpdateAutomation" => {
            starts(id, doc.line(), facts);
            let path = spec.get("update").and_then(|update| update.get("path"));
            let folder = path.and_then(|path| Some((source::join(".", path.text()?)?, path.line())));
            if let (Some((folder, line)), Some(address)) = (folder, spec.at("sourceRef.name")) {
                let applied = plain(&folder, UsesTarget::File(folder.clone()), EdgeKind::Applies);
                let with = vec![(REPOSITORY.to_owned(), address.to_owned())];
                uses(id, line, Uses { with, ..applied }, facts);
            }
        }
        _ => {}
    }
}

/// Images as the updater lists them: `name=host/path:constraint, …`.
fn listed(text: &str) -> impl Iterator<Item = &str> {
    let images = text.split(',').map(|one| one.split_once('=').map_or(one, |(_, image)| image).trim());
    images.filter(|image| !image.is_empty()).take(MAX_IMAGES)
}

fn annotated(doc: Node<'_>, facts: &mut FileFacts) {
    let key = format!("{UPDATER}image-list");
    let annotations = doc.get("metadata").and_then(|metadata| metadata.get("annotations"));
    let Some((list, line)) = annotations.and_then(|all| Some((all.get(&key)?.text()?, all.key_line(&key)?))) else { return };
    let id = unit(doc, "ImageUpdater", facts);
    starts(id, line, facts);
    listed(list).for_each(|image| setting(id, line, IMAGE, image, facts));
    if let Some(name) = doc.at("metadata.name") {
        let name = format!("application/{name}");
        let to = UsesTarget::Unit { path: None, kind: UnitKind::Manifest, name: name.clone() };
        uses(id, line, plain(&name, to, EdgeKind::Invokes), facts);
    }
}

fn updater(doc: Node<'_>, facts: &mut FileFacts) {
    let id = unit(doc, "ImageUpdater", facts);
    starts(id, doc.line(), facts);
    let images = doc.find("spec.applicationRefs[].images[].imageName");
    for (image, line) in images.into_iter().filter_map(|image| Some((image.text()?, image.line()))).take(MAX_IMAGES) {
        setting(id, line, IMAGE, image, facts);
    }
}

fn keel(doc: Node<'_>, kind: &str, facts: &mut FileFacts) {
    let policy = ["annotations", "labels"].iter().find_map(|place| {
        let all = doc.get("metadata")?.get(place)?;
        Some((all.get("keel.sh/policy")?.text()?, all.key_line("keel.sh/policy")?))
    });
    let Some((policy, line)) = policy else { return };
    let id = unit(doc, "Keel", facts);
    if let Some(unit) = facts.units.get_mut(id) {
        unit.title = Some(format!("Keel for {kind} {}", doc.at("metadata.name").unwrap_or("?")));
    }
    if policy == "never" {
        facts.state(id, line, FactKind::Guard(Guard::Never("keel.sh/policy: never".to_owned())));
    }
    starts(id, line, facts);
    let images = doc.find("spec.**.containers[].image");
    for (image, line) in images.into_iter().filter_map(|image| Some((image.text()?, image.line()))).take(MAX_IMAGES) {
        setting(id, line, IMAGE, image, facts);
    }
    if let Some(name) = doc.at("metadata.name") {
        let key = format!("{kind}/{name}").to_ascii_lowercase();
        uses(id, line, plain(&key, UsesTarget::Object(key.clone()), EdgeKind::Invokes), facts);
    }
}

/// Places that a policy of Flux fills in: a comment behind the image names it.
fn marked(text: &str, facts: &mut FileFacts) {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| line.contains(MARK));
    for (number, line) in lines.take(MAX_IMAGES) {
        let comment = line.split_once('#').and_then(|(_, comment)| comment.split_once(MARK));
        let named = comment.map(|(_, rest)| rest.trim_start_matches(['"', ' ', ':']));
        let policy = named.and_then(|rest| rest.split('"').next()).and_then(|rest| rest.split(':').nth(1));
        if let Some(policy) = policy {
            facts.state(None, number, FactKind::Setting { key: MARK.to_owned(), value: policy.to_owned() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::ci::told_of;

    fn of(text: &str) -> Vec<String> {
        assert!(is_ours(text), "{text}");
        told_of(&read(&SourceFile::new("fleet/late.yaml".into(), text.to_owned()), &Context::default()))
    }

    #[test]
    fn flux_is_written_in_parts() {
        let api = "apiVersion: image.toolkit.fluxcd.io/v1beta2\n";
        let text = format!(
            "{api}kind: ImageRepository\nmetadata: {{name: late}}\nspec: {{image: x.io/a/late}}\n---\n{api}kind: ImagePolicy\nmetadata: {{name: newest}}\nspec: {{imageRepositoryRef: {{name: late}}}}\n---\n{api}kind: ImageUpdateAutomation\nmetadata: {{name: all}}\nspec: {{suspend: true, sourceRef: {{name: late}}, update: {{path: ./k8s}}}}\n"
        );
        assert_eq!(
            of(&text),
            [
                "4 imagerepository/late: image = x.io/a/late",
                "9 imagepolicy/newest: image repository = late",
                "14 imageupdateautomation/all: Never(\"suspend: true\")",
                "11 imageupdateautomation/all: upstream: a new image, which a controller looks for (the controller runs outside of this repository)",
                "14 imageupdateautomation/all: uses k8s -> file k8s repository=late",
            ]
        );
        let marked = "kind: Deployment\nspec:\n  image: x.io/a/late:1 # {\"$imagepolicy\": \"flux-system:newest\"}\n";
        assert_eq!(of(marked), ["3 -: $imagepolicy = newest"]);
    }

    #[test]
    fn annotations_say_which_images_are_looked_for() {
        let text = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: late\n  annotations:\n    argocd-image-updater.argoproj.io/image-list: one=x.io/a/late:~1, b/two\n";
        let told = of(text).join("\n");
        assert!(told.contains("image = x.io/a/late:~1") && told.contains("image = b/two"), "{told}");
        assert!(told.contains("uses application/late -> Manifest application/late of ."), "{told}");
        let keel = |policy: &str| {
            format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: late\n  annotations: {{keel.sh/policy: {policy}}}\nspec: {{template: {{spec: {{containers: [{{image: a/late}}]}}}}}}\n"
            )
        };
        assert!(of(&keel("major")).join("\n").contains("uses deployment/late -> outside"));
        assert!(of(&keel("never")).join("\n").contains("Never(\"keel.sh/policy: never\")"));
    }

    #[test]
    fn odd_objects_cost_nothing() {
        for text in [
            "kind: [x]\nkeel.sh/policy: 5\n",
            "apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImagePolicy\nspec: 5\n",
            "# $imagepolicy\nimage: x # {\"$imagepolicy\": 5}\n# \"$imagepolicy\": \"a\"\n",
        ] {
            of(text);
        }
    }
}
