//! Where in the repository a full path lies that is meant inside of an image: what its definition copies there.
//!
//! Asked for the commands of the definition itself and for lists of schedules that it takes in; a full path anywhere
//! else may be one of any machine. Bounded by the instructions of the definitions.

use std::collections::BTreeMap;

use super::{CRONTAB, Target, View, containers};
use crate::fact::{FactKind, FileFacts, UnitId, UnitKind};
use crate::source::{self, RepoPath};
use crate::words::Strength;

/// Most definitions that are asked for one path.
const MOST: usize = 200;
/// How far up a job is looked for the image that it is given.
const DEPTH: usize = 8;
/// Most files and folders that one definition copies.
const COPIES: usize = 1_000;

/// What each image definition copies where, in its order; worked out when first asked for.
pub(super) type Places = BTreeMap<RepoPath, Vec<Place>>;

/// A file or folder of the repository, and where an image has it.
#[derive(Debug)]
pub(super) struct Place {
    there: String,
    here: String,
}

/// The path of the repository behind a full path of the image in which this unit runs; none where nothing of that is there.
pub(super) fn of(path: &RepoPath, unit: Option<UnitId>, full: &str, view: &View<'_>) -> Option<String> {
    let facts = view.book.get(path)?;
    let own = facts.units.iter().any(|u| u.kind == UnitKind::Image);
    if own {
        return in_image(path, full, view);
    }
    let scheduled = facts.units.iter().any(|u| u.name == CRONTAB) && unit.is_some_and(|unit| facts.is_scheduled(unit));
    if !scheduled {
        return None;
    }
    let mut taking = all(view).keys().take(MOST).filter(|image| takes(image, path, view));
    taking.find_map(|image| in_image(image, full, view))
}

/// The path of the repository behind a full path that a program names which images are given: where it runs in one of
/// them, and all that know the path have the same there.
pub(super) fn beside(program: &RepoPath, full: &str, view: &View<'_>) -> Option<String> {
    let taking = all(view).keys().take(MOST).filter(|image| *image != program && takes(image, program, view));
    let mut found = taking.filter_map(|image| in_image(image, full, view));
    let first = found.next()?;
    found.all(|other| other == first).then_some(first)
}

/// The path of the repository behind a full path of the image that a job is given, where that is built here; how sure that
/// is. Not asked by what builds images, of which this asks.
pub(super) fn by_machine(path: &RepoPath, unit: Option<UnitId>, full: &str, view: &View<'_>) -> Option<(String, Strength)> {
    let facts = view.book.get(path)?;
    let around = std::iter::successors(unit, |at| facts.units.get(*at)?.parent).take(DEPTH);
    let images =
        around.flat_map(|of| facts.facts.iter().filter(move |fact| fact.unit == Some(of))).filter_map(|fact| match &fact.kind {
            FactKind::Machine { label, hosted: false } => Some(label.as_str()),
            _ => None,
        });
    images.take(MOST).find_map(|label| {
        let start = containers::start(label, view)?;
        let Target::File { path: image, .. } = start.to else { return None };
        Some((in_image(&image, full, view)?, start.strength))
    })
}

/// Whether an image definition copies a file.
pub(super) fn takes(image: &RepoPath, path: &str, view: &View<'_>) -> bool {
    let covers = |place: &Place| {
        place.here == "." || place.here == path || path.strip_prefix(&place.here).is_some_and(|r| r.starts_with('/'))
    };
    of_image(image, view).iter().any(covers)
}

/// The path of the repository behind a full path of an image.
pub(super) fn in_image(image: &RepoPath, full: &str, view: &View<'_>) -> Option<String> {
    let full = full.trim_end_matches('/');
    let places = of_image(image, view);
    let within = places.iter().rev().find_map(|place| {
        let rest = match full.strip_prefix(place.there.trim_end_matches('/'))? {
            "" => "",
            rest => rest.strip_prefix('/')?,
        };
        let here = source::join(&place.here, rest)?;
        (here == "." || view.inventory.contains(&here) || view.inventory.is_dir(&here)).then_some(here)
    });
    // a folder of which only parts are copied, each to where it lies here as well
    let above = |place: &Place| {
        let rest = place.there.strip_prefix(full)?.strip_prefix('/')?;
        match place.here.strip_suffix(rest)? {
            "" => Some(".".to_owned()),
            base => base.strip_suffix('/').map(str::to_owned),
        }
    };
    within.or_else(|| places.iter().find_map(above))
}

/// The files that an image definition copies to where this holds of the place.
pub(super) fn copied(image: &RepoPath, to: fn(&str) -> bool, view: &View<'_>) -> Vec<RepoPath> {
    let mut found = Vec::new();
    for place in of_image(image, view).iter().filter(|place| to(&place.there)) {
        match view.inventory.contains(&place.here) {
            true => found.push(RepoPath::from(place.here.as_str())),
            false => found.extend(view.inventory.below(&place.here).iter().map(|entry| entry.path.clone())),
        }
    }
    found
}

/// What one image definition copies where.
fn of_image<'v>(image: &RepoPath, view: &'v View<'_>) -> &'v [Place] {
    all(view).get(image).map_or(&[], Vec::as_slice)
}

/// What every image definition copies where.
fn all<'v>(view: &'v View<'_>) -> &'v Places {
    view.places.get_or_init(|| {
        let images = view.book.iter().filter(|(_, facts)| facts.units.iter().any(|u| u.kind == UnitKind::Image));
        images.map(|(image, facts)| (image.clone(), places(image, facts, view))).collect()
    })
}

/// What an image definition copies where, in its order.
fn places(image: &RepoPath, facts: &FileFacts, view: &View<'_>) -> Vec<Place> {
    let mut at = "/".to_owned();
    let mut places = Vec::new();
    for fact in &facts.facts {
        let FactKind::Instruction(it) = &fact.kind else { continue };
        match (it.keyword.as_str(), it.args.split_last()) {
            ("FROM", _) => at = "/".to_owned(),
            ("WORKDIR", Some((to, _))) => at = moved(&at, to),
            ("COPY" | "ADD", Some((to, from))) if !it.flags.iter().any(|(flag, _)| flag == "from") => {
                let several = from.len() > 1;
                for from in from.iter().filter(|from| !from.contains("://")) {
                    if places.len() >= COPIES {
                        return places;
                    }
                    for here in matching(from, view) {
                        let there = moved(&moved(&at, to), source::file_name(&here));
                        places.push(Place { there, here });
                    }
                    let homes = [source::folder(image), "."];
                    let here = homes.iter().filter_map(|home| source::join(home, from.trim_end_matches(['/', '*'])));
                    let known = |p: &String| p == "." || view.inventory.contains(p) || view.inventory.is_dir(p);
                    let Some(here) = here.into_iter().find(known) else { continue };
                    let mut there = moved(&at, to);
                    let file = view.inventory.contains(&here);
                    // a place that a variable names is a folder of the base image
                    let variable = source::file_name(to).starts_with('$');
                    let within = to.ends_with('/') || matches!(to.as_str(), "." | "./") || there == at || several || variable;
                    if file && within {
                        there = moved(&there, source::file_name(&here));
                    }
                    places.push(Place { there, here });
                }
            }
            _ => {}
        }
    }
    places
}

/// The files of one folder that a pattern in the last part of a path means.
pub(super) fn matching(pattern: &str, view: &View<'_>) -> Vec<String> {
    let (folder, name) = (source::folder(pattern.trim_start_matches("./")), source::file_name(pattern));
    // a star alone means the folder, which is known without its files
    let Some((front, end)) = name.split_once('*').filter(|(front, end)| !(front.is_empty() && end.is_empty())) else {
        return Vec::new();
    };
    if folder.contains('*') || end.contains('*') {
        return Vec::new();
    }
    let fits = |path: &RepoPath| {
        let own = source::file_name(path);
        source::folder(path) == folder && own.len() >= front.len() + end.len() && own.starts_with(front) && own.ends_with(end)
    };
    let below = view.inventory.below(folder);
    below.iter().map(|entry| &entry.path).filter(|path| fits(path)).take(COPIES).map(|path| path.to_string()).collect()
}

/// A folder of the image, from another.
fn moved(at: &str, to: &str) -> String {
    let joined = if to.starts_with('/') { source::join(".", to) } else { source::join(at, to) };
    match joined {
        Some(path) if path != "." => format!("/{path}"),
        _ => "/".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_an_image_are_full_paths() {
        assert_eq!(moved("/", "app"), "/app");
        assert_eq!(moved("/app", "./src/"), "/app/src");
        assert_eq!(moved("/app", "/etc/cron.d/fit"), "/etc/cron.d/fit");
        assert_eq!(moved("/app", ".."), "/");
        assert_eq!(moved("/", "../.."), "/");
    }
}
