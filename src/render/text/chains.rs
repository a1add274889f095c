//! The strongest chains hop by hop, what only looks automatic, and where the automation leaves the repository.

use super::phrases;
use crate::render::page::{Ink, Line, Page};
use crate::report::{Chain, ChainHead, Hop, Repository, System};

/// Chains shown, and hops of each, unless the user wants all.
const CHAINS: usize = 4;
const HOPS: usize = 9;

/// The strongest chains, hop by hop.
pub(super) fn strongest(page: &mut Page<'_>, system: &System, repository: &Repository) {
    page.title("STRONGEST CHAINS");
    if system.chain_heads.is_empty() {
        page.wrap(
            2,
            2,
            &Line::new().plain("none: nothing was found that starts by itself and leads to training, release or monitoring"),
        );
        return;
    }
    let most = if page.verbose() > 0 { usize::MAX } else { CHAINS };
    for head in system.chain_heads.iter().take(most) {
        chain_head(page, head, repository);
    }
    if let Some(more) = system.chain_heads.len().checked_sub(most).filter(|n| *n > 0) {
        page.wrap(2, 2, &Line::of(Ink::Quiet, &format!("and {more} more: -v")));
    }
}

fn chain_head(page: &mut Page<'_>, head: &ChainHead, repository: &Repository) {
    let (ink, state) = phrases::completeness(head);
    let name = format!("{:<11}", phrases::deed(head.op)).replace(' ', "\u{a0}");
    page.edges(2, &Line::of(Ink::Strong, &name).plain(&head.text), &Line::of(ink, &state.replace(' ', "\u{a0}")));
    hops(page, &head.chain, repository);
}

fn hops(page: &mut Page<'_>, chain: &Chain, repository: &Repository) {
    let hops = &chain.0;
    let cut = page.verbose() == 0 && hops.len() > HOPS;
    // The trigger and the effect are what a reader looks for; the middle of a long chain can wait.
    let (first, last) = if cut { (HOPS / 2, hops.len() - HOPS / 2) } else { (hops.len(), hops.len()) };
    let widest = hops.iter().map(|hop| place(hop).chars().count()).max().unwrap_or(0);
    let at = (4 + widest + 2).min(page.width() / 2);
    for hop in hops.iter().take(first) {
        one(page, hop, at, repository);
    }
    if cut {
        page.wrap(6, 6, &Line::of(Ink::Quiet, &format!("... {} hops between: -v", last - first)));
    }
    for hop in hops.iter().skip(last) {
        one(page, hop, at, repository);
    }
}

fn one(page: &mut Page<'_>, hop: &Hop, at: usize, repository: &Repository) {
    let what = Line::new().plain(&hop.what);
    let link = phrases::link(repository, &hop.path, hop.line);
    page.pair(4, &Line::new().place(&place(hop), link), at, &what);
    if let Some(outside) = &hop.outside {
        let told = format!("... {outside} is not in this scan, so what it does cannot be said here");
        page.wrap(6, 10, &Line::of(Ink::Part, &told));
    }
}

pub(super) fn place(hop: &Hop) -> String {
    if hop.line > 0 { format!("{}:{}", hop.path, hop.line) } else { hop.path.clone() }
}

/// What looks automatic and is not.
pub(super) fn lookalikes(page: &mut Page<'_>, system: &System, repository: &Repository) {
    if system.lookalikes.is_empty() {
        return;
    }
    page.title("LOOKS AUTOMATIC, IS NOT");
    let most = if page.verbose() > 0 { usize::MAX } else { 5 };
    let places: Vec<String> =
        system.lookalikes.iter().map(|l| l.evidence.iter().find_map(phrases::place).unwrap_or_default()).collect();
    let widest = places.iter().take(most).map(|p| p.chars().count()).max().unwrap_or(0);
    let at = (2 + widest + 2).min(page.width() / 2);
    for (lookalike, place) in system.lookalikes.iter().zip(&places).take(most) {
        let link = lookalike.evidence.first().and_then(|e| super::link(repository, e));
        page.pair(2, &Line::new().place(place, link), at, &Line::new().plain(&lookalike.why));
    }
    if let Some(more) = places.len().checked_sub(most).filter(|n| *n > 0) {
        page.wrap(2, 2, &Line::of(Ink::Quiet, &format!("and {more} more: -v")));
    }
}

/// Where the automation leaves the repository, beyond what the chains show.
pub(super) fn open_ends(page: &mut Page<'_>, system: &System, repository: &Repository) {
    let told = |outside: &str| {
        system.chain_heads.iter().flat_map(|head| &head.chain.0).any(|hop| hop.outside.as_deref() == Some(outside))
    };
    let ends: Vec<_> = system.open_ends.iter().filter(|end| page.verbose() > 0 || !told(&end.outside)).collect();
    if ends.is_empty() {
        return;
    }
    page.title("LEAVES THIS REPOSITORY");
    for end in ends {
        let mut line = Line::of(Ink::Strong, &end.outside).plain(": ").plain(&end.why);
        if let Some((evidence, place)) = end.evidence.iter().find_map(|e| phrases::place(e).map(|p| (e, p))) {
            line = line.plain(" (").place(&place, super::link(repository, evidence)).plain(")");
        }
        page.wrap(2, 4, &line);
    }
}
