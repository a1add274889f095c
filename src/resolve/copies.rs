//! What leads into a copy of another repository, and how far it may be believed there.
//!
//! The copy stands on one commit. A reference that may mean another one is no more than inferred, and what is not there
//! may be there at that other one: an open end, where the very commit would make it missing.

use std::collections::BTreeSet;

use super::{Lead, Target, View};
use crate::fact::{Book, Fact, FactKind, UnitKind, Uses, UsesTarget};
use crate::source::{self, Notice, NoticeKind, RepoPath};
use crate::walk::Inventory;
use crate::words::{EdgeKind, Strength};

/// What a lead says that is believed less because of the copy, behind its own words.
pub(crate) const DOUBT: &str = ": the copy given may differ";

/// Leads into a copy that may not be what their reference means are inferred at best.
pub(super) fn doubted(mut leads: Vec<Lead>, from: &RepoPath, view: &View<'_>) -> Vec<Lead> {
    let own = source::root(from);
    for lead in &mut leads {
        let to = match &lead.to {
            Target::File { path, .. } | Target::Unit { path, .. } | Target::Function { path, .. } => path,
            Target::Tests { .. } | Target::Outside { .. } | Target::Missing { .. } => continue,
        };
        // inside one copy nothing more is doubted
        let enters = source::is_copy(to) && source::root(to) != own;
        if let Some((copy, true)) = view.inventory.copies().of(to).filter(|_| enters) {
            lead.strength = lead.strength.min(Strength::Inferred);
            lead.what = format!("{}{DOUBT} ({})", lead.what, copy.state());
        }
    }
    leads
}

/// A file that is not there and may be all the same, because of a copy; none where it certainly is not.
pub(super) fn missing(path: &str, from: &RepoPath, view: &View<'_>) -> Option<String> {
    let Some((copy, doubted)) = view.inventory.copies().of(path) else {
        // what an action of another repository finds in the workspace is what its callers have brought there
        return source::is_copy(from).then(|| format!("`{path}`, which whoever calls {from} may have brought along"));
    };
    let what = || format!("`{path}`, which is not in the copy that is given ({})", copy.state());
    (doubted || view.inventory.may_hold(path)).then(what)
}

/// The open end of what is published and not read here although its copy is given: a program of another language, or
/// an image.
pub(super) fn open(uses: &Uses, leads: &[Lead], view: &View<'_>) -> Option<Lead> {
    let UsesTarget::File(path) = &uses.to else { return None };
    if !source::is_copy(path) {
        return None;
    }
    let (Target::File { path, .. } | Target::Unit { path, .. }) = &leads.first()?.to else { return None };
    let facts = view.book.get(path)?;
    let action = facts.units.first().is_some_and(|unit| unit.kind == UnitKind::Action);
    let runs = facts.facts.iter().any(|fact| matches!(fact.kind, FactKind::Command(_) | FactKind::Uses(_)));
    let to = Target::Outside { what: uses.reference.clone() };
    let (edge, strength) = (EdgeKind::Invokes, Strength::Assumed);
    (action && !runs).then(|| Lead { to, edge, strength, what: uses.reference.clone() })
}

/// Copies of other repositories that nothing names: a name may be misspelt.
pub(crate) fn unnamed(inventory: &Inventory, book: &Book) -> Vec<Notice> {
    let names = |fact: &Fact| match &fact.kind {
        FactKind::Uses(Uses { to: UsesTarget::File(path), .. }) => Some(source::root(path).to_owned()),
        _ => None,
    };
    let named: BTreeSet<String> = book
        .iter()
        .filter(|_| !inventory.copies().all().is_empty())
        .flat_map(|(path, facts)| {
            let asked = facts.asked.iter().flat_map(|asked| &asked.parts).map(|path| source::root(path).to_owned());
            let own = std::iter::once(source::root(path).to_owned());
            own.chain(asked).chain(facts.facts.iter().filter_map(names)).collect::<Vec<_>>()
        })
        .collect();
    let idle = inventory.copies().all().iter().filter(|copy| !copy.roots().iter().any(|root| named.contains(root)));
    let text =
        |name: &str| format!("nothing that was read names a file of {name}, so the copy given with --with changed nothing");
    idle.map(|copy| Notice { at: None, kind: NoticeKind::NotFollowed, text: text(&copy.name) }).collect()
}
