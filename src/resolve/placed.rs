//! Where in the repository a path lies that is meant inside of an image: what its definition copies there.
//!
//! Asked for the commands of the definition itself, of services that are built from it and for lists of schedules that it
//! takes in; a full path anywhere else may be one of any machine. Bounded by the instructions of the definitions.

use std::collections::{BTreeMap, BTreeSet};

use super::{CRONTAB, Target, View, containers};
use crate::fact::{CONTEXT, Command, DataKind, FactKind, FileFacts, Instruction, UnitId, UnitKind, Uses, UsesTarget};
use crate::source::{self, RepoPath};
use crate::words::Strength;

/// Most definitions that are asked for one path.
const MOST: usize = 200;
/// The flag of `FROM` that holds the name of the stage.
pub(crate) const AS: &str = "as";
/// How far up a job is looked for the image that it is given.
const DEPTH: usize = 8;
/// Most files and folders that one definition copies.
const COPIES: usize = 1_000;

/// Folders in which an image looks for a program that is named without one.
const PROGRAMS: &[&str] = &["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
/// Most stages of one definition that are told apart.
const STAGES: usize = 100;

/// What each image definition copies where; worked out when first asked for.
pub(super) type Places = BTreeMap<RepoPath, Image>;

/// What an image holds of the repository.
#[derive(Debug, Default)]
pub(super) struct Image {
    /// What all stages copy, in their order.
    all: Vec<Place>,
    /// What the last stage has.
    last: Stage,
}

/// A stage of an image definition.
#[derive(Debug, Default, Clone)]
struct Stage {
    name: Option<String>,
    /// The folder in which it works, at its end.
    dir: String,
    places: Vec<Place>,
    /// It may hold more of the repository than is copied by name.
    open: bool,
}

/// A file or folder of the repository, and where an image has it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    there: String,
    here: String,
}

/// The image in which a command runs, and the folder in which it starts there.
pub(super) struct Inside<'v> {
    image: &'v Image,
    dir: String,
    /// More of the repository may lie there than the image says.
    open: bool,
    /// It runs nowhere else.
    sure: bool,
}

/// The image of this repository in which a command runs for certain. Not asked by what builds images.
pub(super) fn inside<'v>(command: &Command, path: &RepoPath, unit: Option<UnitId>, view: &'v View<'_>) -> Option<Inside<'v>> {
    if let Some(named) = command.image.as_deref().filter(|_| !command.at_build) {
        return of_container(named, command, view);
    }
    let facts = view.book.get(path)?;
    let unit = unit.filter(|_| !command.at_build)?;
    let kind = facts.units.get(unit)?.kind;
    let own = || facts.units.iter().any(|u| u.kind == UnitKind::Image);
    if kind == UnitKind::Script {
        return of_script(command, path, view);
    }
    let (image, start, open) = match kind {
        UnitKind::Image => (path.clone(), source::folder(path).to_owned(), false),
        // what an image is read as for those who start it
        UnitKind::Service if own() => (path.clone(), source::folder(path).to_owned(), false),
        UnitKind::Service => {
            let stated = || facts.facts.iter().filter(|fact| fact.unit == Some(unit));
            let built = stated().find_map(|fact| match &fact.kind {
                FactKind::Uses(Uses { to: UsesTarget::File(to), with, .. }) => {
                    let (_, start) = with.iter().find(|(key, _)| key == CONTEXT)?;
                    Some((RepoPath::from(to.as_str()), start.clone()))
                }
                _ => None,
            })?;
            // what is put there when it starts
            let mounted = |fact: &crate::fact::Fact| matches!(&fact.kind, FactKind::Data(d) if d.kind == DataKind::Path);
            (built.0, built.1, stated().any(mounted))
        }
        _ => return None,
    };
    let image = all(view).get(&image)?;
    let dir = folder(command, &start, image)?;
    Some(Inside { image, dir, open: open || image.last.open, sure: true })
}

/// The same for a container of a cluster, which may have more mounted.
fn of_container<'v>(named: &str, command: &Command, view: &'v View<'_>) -> Option<Inside<'v>> {
    let start = containers::start(named, view)?;
    let Target::File { path: image, .. } = start.to else { return None };
    let image = all(view).get(&image)?;
    Some(Inside { image, dir: folder(command, ".", image)?, open: true, sure: start.strength == Strength::Resolved })
}

/// The same for a script that one image takes along, which may be started elsewhere as well.
fn of_script<'v>(command: &Command, path: &RepoPath, view: &'v View<'_>) -> Option<Inside<'v>> {
    let mut taking = all(view).values().take(MOST).filter(|image| covers(&image.last.places, path));
    let image = taking.next().filter(|_| taking.next().is_none())?;
    Some(Inside { image, dir: folder(command, ".", image)?, open: true, sure: false })
}

/// The folder of an image in which a command runs whose text starts in a folder of the repository.
fn folder(command: &Command, start: &str, image: &Image) -> Option<String> {
    match (&command.place, &command.dir) {
        (Some(place), _) => Some(place.clone()),
        (None, Some(dir)) if start == "." => Some(moved(&image.last.dir, dir)),
        (None, Some(dir)) => match dir.strip_prefix(start)? {
            "" => Some(image.last.dir.clone()),
            rest => Some(moved(&image.last.dir, rest.strip_prefix('/')?)),
        },
        (None, None) => None,
    }
}

impl Inside<'_> {
    /// The file or folder behind a path of the image.
    pub(super) fn at(&self, text: &str, view: &View<'_>) -> Option<String> {
        within(&self.image.last.places, &moved(&self.dir, text), view)
    }

    /// The file of a program that is named without a folder.
    pub(super) fn program(&self, name: &str, view: &View<'_>) -> Option<String> {
        let found = PROGRAMS.iter().find_map(|folder| self.at(&format!("{folder}/{name}"), view));
        found.filter(|path| view.inventory.contains(path))
    }

    /// The file of a module, from a folder of the image; `ends` are the endings that are tried.
    pub(super) fn module(&self, folder: &str, dotted: &str, ends: &[&str], view: &View<'_>) -> Option<String> {
        let stem = dotted.replace('.', "/");
        let found = ends.iter().filter_map(|end| self.at(&format!("{folder}/{stem}{end}"), view));
        found.into_iter().find(|path| view.inventory.contains(path))
    }

    /// How sure it is that what lies there is meant.
    pub(super) fn strength(&self) -> Strength {
        if self.sure { Strength::Resolved } else { Strength::Inferred }
    }

    /// Whether the image cannot hold a file.
    pub(super) fn lacks(&self, path: &str) -> bool {
        !self.open && !self.image.last.places.is_empty() && !covers(&self.image.last.places, path)
    }
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
    covers(of_image(image, view), path)
}

fn covers(places: &[Place], path: &str) -> bool {
    let covers = |place: &Place| {
        place.here == "." || place.here == path || path.strip_prefix(&place.here).is_some_and(|r| r.starts_with('/'))
    };
    places.iter().any(covers)
}

/// The path of the repository behind a full path of an image.
pub(super) fn in_image(image: &RepoPath, full: &str, view: &View<'_>) -> Option<String> {
    let image = all(view).get(image)?;
    within(&image.last.places, full, view).or_else(|| within(&image.all, full, view))
}

/// What lies at a full path, of these places.
fn within(places: &[Place], full: &str, view: &View<'_>) -> Option<String> {
    let full = full.trim_end_matches('/');
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
    all(view).get(image).map_or(&[], |image| image.all.as_slice())
}

/// What every image definition copies where.
fn all<'v>(view: &'v View<'_>) -> &'v Places {
    view.places.get_or_init(|| {
        let sent = sent(view);
        let images = view.book.iter().filter(|(_, facts)| facts.units.iter().any(|u| u.kind == UnitKind::Image));
        images.map(|(path, facts)| (path.clone(), image(facts, &homes(path, facts, sent.get(path), view), view))).collect()
    })
}

/// For image definitions the folders that are sent to be built, as compose files, commands and published steps say.
fn sent(view: &View<'_>) -> BTreeMap<RepoPath, BTreeSet<String>> {
    let mut all: BTreeMap<RepoPath, BTreeSet<String>> = BTreeMap::new();
    for facts in view.book.values() {
        for fact in &facts.facts {
            let said = match &fact.kind {
                FactKind::Command(command) => containers::sent(command),
                FactKind::Uses(uses) => containers::sent_by_step(uses),
                _ => None,
            };
            if let Some((definition, folder)) = said {
                all.entry(definition.as_str().into()).or_default().insert(folder);
            }
        }
    }
    all
}

/// The folders from which a definition may copy, the likeliest first.
fn homes(path: &RepoPath, facts: &FileFacts, sent: Option<&BTreeSet<String>>, view: &View<'_>) -> Vec<String> {
    let own = source::folder(path).to_owned();
    let mut homes: Vec<String> = sent.into_iter().flatten().cloned().collect();
    for usual in [own, ".".to_owned()] {
        if !homes.contains(&usual) && (homes.is_empty() || sent.is_none()) {
            homes.push(usual);
        }
    }
    // the one in which most of what is copied lies
    let copied: Vec<&String> = facts.facts.iter().filter_map(copies).flat_map(|(_, from)| from).take(COPIES).collect();
    let there = |home: &String| {
        let lies = |from: &&&String| {
            source::join(home, from).is_some_and(|p| p != "." && (view.inventory.contains(&p) || view.inventory.is_dir(&p)))
        };
        copied.iter().filter(lies).count()
    };
    homes.sort_by_cached_key(|home| std::cmp::Reverse(there(home)));
    homes
}

/// What an instruction copies from the repository: to where, and what.
fn copies(fact: &crate::fact::Fact) -> Option<(&String, &[String])> {
    let FactKind::Instruction(it) = &fact.kind else { return None };
    let plain = matches!(it.keyword.as_str(), "COPY" | "ADD") && !it.flags.iter().any(|(flag, _)| flag == "from");
    it.args.split_last().filter(|_| plain)
}

/// What of the repository an instruction binds into the image while it runs, as if it were copied there.
fn bound(it: &Instruction) -> Vec<Instruction> {
    let mounts = it.flags.iter().filter(|(flag, _)| flag == "mount").map(|(_, text)| text);
    let one = |text: &String| {
        let parts: Vec<(&str, &str)> = text.split(',').filter_map(|part| part.split_once('=')).collect();
        let said = |keys: &[&str]| parts.iter().find(|(key, _)| keys.contains(key)).map(|(_, value)| (*value).to_owned());
        let binds = said(&["type"]).is_none_or(|kind| kind == "bind") && said(&["from"]).is_none();
        let (from, to) = (said(&["source", "src"]).unwrap_or_else(|| ".".to_owned()), said(&["target", "dst", "destination"])?);
        binds.then(|| Instruction { keyword: "COPY".to_owned(), args: vec![from, to], flags: Vec::new() })
    };
    mounts.filter_map(one).collect()
}

/// What an image holds, stage by stage.
fn image(facts: &FileFacts, homes: &[String], view: &View<'_>) -> Image {
    let mut all: Vec<Place> = Vec::new();
    let mut stages: Vec<Stage> = Vec::new();
    for fact in &facts.facts {
        let FactKind::Instruction(it) = &fact.kind else { continue };
        if it.keyword == "FROM" {
            let from = it.args.first().and_then(|base| stages.iter().find(|s| s.name.as_deref() == Some(base.as_str())));
            let name = it.flags.iter().find(|(flag, _)| flag == AS).map(|(_, name)| name.clone());
            let new = Stage { dir: "/".to_owned(), ..Stage::default() };
            stages.push(Stage { name, ..from.cloned().unwrap_or(new) });
            if stages.len() > STAGES {
                break;
            }
            continue;
        }
        let Some((stage, before)) = stages.split_last_mut() else { continue };
        match (it.keyword.as_str(), it.args.split_last()) {
            ("WORKDIR", Some((to, _))) => stage.dir = moved(&stage.dir, to),
            ("RUN", Some((text, _))) => {
                stage.open |= ["git clone", "curl ", "wget ", "tar "].iter().any(|w| text.contains(w));
                // what is only there while the image is built is found by what runs then
                let mut here = Stage { dir: stage.dir.clone(), ..Stage::default() };
                bound(it).iter().for_each(|mount| taken(mount, homes, &mut here, view));
                all.extend(here.places);
            }
            ("COPY" | "ADD", Some((to, from))) => match it.flags.iter().find(|(flag, _)| flag == "from") {
                Some((_, of)) => handed(of, from, to, stage, before),
                None => {
                    let first = stage.places.len();
                    taken(it, homes, stage, view);
                    all.extend(stage.places.iter().skip(first).cloned());
                }
            },
            _ => {}
        }
    }
    Image { all, last: stages.pop().unwrap_or_default() }
}

/// What a stage takes from the repository.
fn taken(it: &Instruction, homes: &[String], stage: &mut Stage, view: &View<'_>) {
    let Some((to, from)) = it.args.split_last() else { return };
    let several = from.len() > 1;
    for from in from.iter().filter(|from| !from.contains("://")) {
        if stage.places.len() >= COPIES {
            return;
        }
        for here in matching(from, view) {
            let there = moved(&moved(&stage.dir, to), source::file_name(&here));
            stage.places.push(Place { there, here });
        }
        let here = homes.iter().filter_map(|home| source::join(home, from.trim_end_matches(['/', '*'])));
        let known = |p: &String| p == "." || view.inventory.contains(p) || view.inventory.is_dir(p);
        let Some(here) = here.into_iter().find(known) else { continue };
        let mut there = moved(&stage.dir, to);
        let file = view.inventory.contains(&here);
        // a place that a variable names is a folder of the base image
        let variable = source::file_name(to).starts_with('$');
        let within = to.ends_with('/') || matches!(to.as_str(), "." | "./") || there == stage.dir || several || variable;
        if file && within {
            there = moved(&there, source::file_name(&here));
        }
        stage.places.push(Place { there, here });
    }
}

/// What a stage takes from one before it.
fn handed(of: &str, from: &[String], to: &str, stage: &mut Stage, before: &[Stage]) {
    let number = of.parse::<usize>().ok().and_then(|number| before.get(number));
    let Some(giving) = number.or_else(|| before.iter().find(|s| s.name.as_deref() == Some(of))) else { return };
    stage.open |= giving.open;
    for from in from {
        let full = moved("/", from);
        let mut found = false;
        for place in &giving.places {
            let (rest, here) = match (place.there.strip_prefix(full.as_str()), full.strip_prefix(place.there.as_str())) {
                // all that lies there
                (Some(rest), _) if rest.is_empty() || rest.starts_with('/') || full == "/" => (rest, place.here.clone()),
                (_, Some(rest)) if rest.starts_with('/') || place.there == "/" => {
                    match source::join(&place.here, rest.trim_start_matches('/')) {
                        Some(here) => ("", here),
                        None => continue,
                    }
                }
                _ => continue,
            };
            found = true;
            let target = moved(&stage.dir, to);
            let there = match rest.trim_start_matches('/') {
                "" if to.ends_with('/') && source::file_name(&here).contains('.') => moved(&target, source::file_name(&here)),
                "" => target,
                rest => moved(&target, rest),
            };
            if stage.places.len() < COPIES {
                stage.places.push(Place { there, here });
            }
        }
        // what was made there may be of the repository
        stage.open |= !found;
    }
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
