//! Images that a kustomization gives another name: a manifest names a stand-in, and who takes the manifest in says what is
//! meant.
//!
//! Followed where every kustomization that takes a manifest in says the same; overlays that differ leave it open. Two
//! levels of kustomizations are asked (an overlay, and the base that names the file).

use std::collections::BTreeSet;

use super::View;
use super::containers::image_key;
use crate::fact::{FactKind, Uses, UsesTarget};
use crate::source::{self, RepoPath};
use crate::syntax::tree::Node;
use crate::words::EdgeKind;

/// What a kustomization is called.
pub(super) const NAMES: &[&str] = &["kustomization.yaml", "kustomization.yml", "Kustomization"];
/// Most names that one kustomization gives.
const MOST: usize = 200;

/// The name of an image of a manifest after what the kustomizations say that take the manifest in; none where they say
/// nothing, or different things.
pub(super) fn image(written: &str, from: &RepoPath, view: &View<'_>) -> Option<String> {
    let key = |name: &str| name.split('@').next().map(image_key);
    let wanted = key(written)?;
    let mut takers = takers(&[&**from, source::folder(from)], view);
    let folders: Vec<&str> = takers.iter().flat_map(|path| [&***path, source::folder(path)]).collect();
    takers.extend(self::takers(&folders, view));
    let mut found: BTreeSet<&str> = BTreeSet::new();
    for path in takers {
        let document = view.book.get(path).and_then(|facts| facts.tree.as_deref()).and_then(|tree| tree.root());
        for one in document.and_then(|root| root.get("images")).into_iter().flat_map(Node::items).take(MOST) {
            if let (Some(name), Some(new)) = (one.get("name").and_then(Node::text), one.get("newName").and_then(Node::text))
                && key(name).as_ref() == Some(&wanted)
            {
                found.insert(new);
            }
        }
    }
    let mut found = found.into_iter();
    found.next().filter(|_| found.next().is_none()).map(str::to_owned)
}

/// The kustomizations that take in one of these files or folders.
fn takers<'v>(paths: &[&str], view: &View<'v>) -> BTreeSet<&'v RepoPath> {
    let overlays = view.book.iter().filter(|(path, _)| NAMES.contains(&source::file_name(path)));
    let takes = |fact: &crate::fact::Fact| match &fact.kind {
        FactKind::Uses(Uses { to: UsesTarget::File(to), edge: EdgeKind::Applies, .. }) => paths.contains(&to.as_str()),
        _ => false,
    };
    overlays.filter(|(_, facts)| facts.facts.iter().any(takes)).map(|(path, _)| path).collect()
}
