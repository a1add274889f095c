//! Which controllers roll an image out once a new one is pushed: joined over the objects that say so, which lie in several
//! files.
//!
//! The controller runs elsewhere, so no such lead is more than assumed. With Flux a policy chooses among the images of a
//! repository, a place in a manifest bears the name of the policy, and an automation writes there; where one of these is
//! not here nothing is said.

use super::containers::{self, image_key};
use super::{Lead, Target, View};
use crate::fact::{FactKind, FileFacts, Guard, UnitId, UnitKind};
use crate::source::RepoPath;
use crate::words::{EdgeKind, Strength};

/// The setting of an object that says which image it looks for.
pub(crate) const IMAGE: &str = "image";
/// The setting of a policy that says of which repository of images it is.
pub(crate) const OF: &str = "image repository";
/// The setting of a file that says which policy fills in a place of it.
pub(crate) const MARK: &str = "$imagepolicy";
/// The setting of a stage that says after which other it comes.
pub(crate) const BEFORE: &str = "stage before";
/// The setting of a project that says which stage takes by itself what is new.
pub(crate) const ALONE: &str = "stage that promotes by itself";
/// Most controllers that one image leads to.
const MOST: usize = 50;

/// What rolls out an image of this name, which was pushed.
pub(super) fn pushed(image: &str, view: &View<'_>) -> Vec<Lead> {
    let key = image_key(image);
    let mut leads = Vec::new();
    for (path, facts, unit) in units(view, &["imagerepository/", "imageupdater/", "keel/", "warehouse/"]) {
        let looks = settings(facts, Some(unit), IMAGE).any(|other| is_same(&key, &image_key(other)));
        if !looks || leads.len() >= MOST {
            continue;
        }
        let Some(of) = facts.units.get(unit) else { continue };
        match of.name.split_once('/') {
            Some(("imagerepository", name)) => leads.extend(automations(name, &key, view)),
            // one that waits for a person to take what it finds starts nothing
            Some(("warehouse", _)) if is_never(facts, unit) => {}
            Some(("warehouse", name)) => leads.extend(stages(name, &key, view)),
            _ => leads.push(lead(path, &of.name, &key)),
        }
    }
    leads
}

fn lead(path: &RepoPath, name: &str, key: &str) -> Lead {
    let to = Target::Unit { path: path.clone(), kind: UnitKind::Manifest, name: name.to_owned() };
    let what = format!("a controller looks for new images of {key}, outside of this repository");
    Lead { to, edge: EdgeKind::Starts, strength: Strength::Assumed, what }
}

/// The automations that write what a policy chooses of a repository of images.
fn automations(repository: &str, key: &str, view: &View<'_>) -> Vec<Lead> {
    let chosen = units(view, &["imagepolicy/"])
        .filter(|(_, facts, unit)| settings(facts, Some(*unit), OF).any(|of| of.eq_ignore_ascii_case(repository)));
    let policies = chosen.filter_map(|(_, facts, unit)| facts.units.get(unit)?.name.strip_prefix("imagepolicy/"));
    let marked =
        |policy: &str| view.book.values().any(|facts| settings(facts, None, MARK).any(|of| of.eq_ignore_ascii_case(policy)));
    if !policies.into_iter().any(marked) {
        return Vec::new();
    }
    let all = units(view, &["imageupdateautomation/"]);
    all.filter_map(|(path, facts, unit)| Some(lead(path, &facts.units.get(unit)?.name, key))).take(MOST).collect()
}

/// Whether a unit is switched off.
fn is_never(facts: &FileFacts, unit: UnitId) -> bool {
    facts.facts.iter().any(|fact| fact.unit == Some(unit) && matches!(fact.kind, FactKind::Guard(Guard::Never(_))))
}

/// The stages that take by themselves what a warehouse finds, with those after which they come.
fn stages(warehouse: &str, key: &str, view: &View<'_>) -> Vec<Lead> {
    let policies = || units(view, &["project/", "projectconfig/"]);
    let by_itself = |stage: &str| {
        policies().any(|(_, facts, unit)| settings(facts, Some(unit), ALONE).any(|name| name.eq_ignore_ascii_case(stage)))
    };
    let mut reached: Vec<&str> = Vec::new();
    let mut leads = Vec::new();
    // each round reaches at least one stage more
    while leads.len() < MOST {
        let before = leads.len();
        for (path, facts, unit) in units(view, &["stage/"]) {
            let Some((_, name)) = facts.units.get(unit).and_then(|unit| unit.name.split_once('/')) else { continue };
            let takes = settings(facts, Some(unit), OF).any(|of| of.eq_ignore_ascii_case(warehouse));
            let mut waits = settings(facts, Some(unit), BEFORE);
            let ready = waits.all(|stage| reached.iter().any(|done| done.eq_ignore_ascii_case(stage)));
            if takes && ready && !reached.contains(&name) && by_itself(name) {
                reached.push(name);
                leads.push(lead(path, &format!("stage/{name}"), key));
            }
        }
        if leads.len() == before {
            break;
        }
    }
    leads
}

/// Objects of these kinds.
fn units<'v>(view: &View<'v>, kinds: &'static [&'static str]) -> impl Iterator<Item = (&'v RepoPath, &'v FileFacts, UnitId)> {
    view.book.iter().flat_map(move |(path, facts)| {
        let is = move |name: &str| kinds.iter().any(|kind| name.starts_with(kind));
        let of = facts.units.iter().enumerate().filter(move |(_, unit)| unit.kind == UnitKind::Manifest && is(&unit.name));
        of.map(move |(unit, _)| (path, facts, unit))
    })
}

fn settings<'f>(facts: &'f FileFacts, unit: Option<UnitId>, name: &'static str) -> impl Iterator<Item = &'f str> {
    facts.facts.iter().filter(move |fact| fact.unit == unit).filter_map(move |fact| match &fact.kind {
        FactKind::Setting { key, value } if key == name => Some(value.as_str()),
        _ => None,
    })
}

/// Whether two keys are those of one image, of which a part in front may be computed.
fn is_same(one: &str, other: &str) -> bool {
    one == other
        || (containers::end(one).is_some()
            && containers::end(one) == containers::end(other)
            && containers::may_be_same(one, other))
}

#[cfg(test)]
mod tests {
    use super::super::Modules;
    use super::*;
    use crate::fact::{Book, Unit};
    use crate::rules::programs::Programs;
    use crate::walk::Inventory;

    #[test]
    fn a_policy_joins_an_image_with_the_place_that_names_it() {
        let led = |marked: &str, image: &str| {
            let mut facts = FileFacts::default();
            for (name, key, value) in [
                ("imagerepository/late", IMAGE, "x.io/a/late"),
                ("imagepolicy/newest", OF, "late"),
                ("imageupdateautomation/all", "", ""),
            ] {
                let kind = UnitKind::Manifest;
                facts.units.push(Unit { kind, name: name.to_owned(), title: None, line: 1, end_line: 1, parent: None });
                let (unit, setting) = (facts.units.len() - 1, FactKind::Setting { key: key.to_owned(), value: value.to_owned() });
                facts.state(unit, 1, setting);
            }
            facts.state(None, 2, FactKind::Setting { key: MARK.to_owned(), value: marked.to_owned() });
            let inventory = Inventory::in_memory(&[("fleet.yaml", "")]);
            let book = Book::from([(RepoPath::from("fleet.yaml"), facts)]);
            let (modules, programs) = (Modules::build(&inventory), Programs::default());
            pushed(image, &View::new(&inventory, &book, &modules, &programs)).len()
        };
        assert_eq!(led("newest", "x.io/a/late:7"), 1);
        assert_eq!(led("oldest", "x.io/a/late:7"), 0);
        assert_eq!(led("newest", "x.io/a/early:7"), 0);
        assert_eq!(led("newest", "$IMAGE"), 0);
    }
}
