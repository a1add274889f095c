//! Cron: who installs a list of schedules, and which lists a daemon finds in its image.

use super::{Invocation, Lead, Located, Target, View, placed};
use crate::fact::{DataKind, FactKind, FileFacts, UnitId, UnitKind, Uses, UsesTarget};
use crate::source::{self, RepoPath};
use crate::words::{EdgeKind, Strength};

/// The name of the unit that stands for a list of schedules.
pub(crate) const CRONTAB: &str = "crontab";

/// Where a daemon looks for lists.
const PLACES: &[&str] = &["/etc/cron.d", "/etc/crontabs", "/var/spool/cron", "/etc/crontab"];

/// Whether a daemon looks for lists at a place.
pub(crate) fn is_read_by_cron(place: &str) -> bool {
    PLACES.iter().any(|at| place.strip_prefix(at).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// `crontab FILE`, and the programs that run what is installed or what they are given.
pub(super) fn follow(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let words: Vec<&str> = invocation.arguments().iter().map(|w| w.text.as_str()).collect();
    // while an image is built nothing is scheduled yet
    if invocation.command.at_build {
        return Vec::new();
    }
    match (invocation.command.program(), words.as_slice()) {
        ("crontab", words) => given(invocation, words, &["-u"], view),
        ("supercronic" | "go-crond", words) => given(invocation, words, &[], view),
        ("service", ["cron" | "crond", "start" | "restart"]) | ("cron", []) => of_image(invocation, view),
        ("service", _) => Vec::new(),
        ("busybox", words) if words.first() != Some(&"crond") => Vec::new(),
        // `/etc/init.d/cron stop`
        (_, ["stop" | "status"]) => Vec::new(),
        _ => of_image(invocation, view),
    }
}

fn lead(path: RepoPath, strength: Strength, program: &str) -> Lead {
    let what = format!("{program} takes {path}");
    let to = Target::Unit { path, kind: UnitKind::Manifest, name: CRONTAB.to_owned() };
    Lead { to, edge: EdgeKind::Applies, strength, what }
}

/// The lists that a command names.
fn given(invocation: &Invocation<'_>, words: &[&str], valued: &[&str], view: &View<'_>) -> Vec<Lead> {
    let mut leads = Vec::new();
    let mut skip = false;
    for word in words {
        if std::mem::take(&mut skip) || *word == "-" {
            continue;
        }
        if word.starts_with('-') {
            skip = valued.contains(word);
            continue;
        }
        if let Located::Found(path, strength) = invocation.locate(word, view).or_taken(invocation, word, view) {
            leads.push(lead(path, strength, invocation.command.program()));
        }
    }
    leads
}

impl Located {
    /// What is not there as it is named may be what the image definition that takes the text in puts there.
    fn or_taken(self, invocation: &Invocation<'_>, word: &str, view: &View<'_>) -> Self {
        match self {
            Self::Found(path, Strength::Resolved) => Self::Found(path, Strength::Resolved),
            other => {
                let mut images = images(invocation, view).into_iter();
                let found = images.find_map(|(image, _)| placed::in_image(image, word, view));
                found.map_or(other, |path| Self::Found(path.into(), Strength::Resolved))
            }
        }
    }
}

/// The lists that lie where a daemon looks in the image in which it is started.
fn of_image(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let mut paths: Vec<RepoPath> = Vec::new();
    for (image, facts) in images(invocation, view) {
        paths.extend(placed::copied(image, is_read_by_cron, view));
        // written there, or installed while the image is built
        if facts.units.iter().any(|u| u.name == CRONTAB) {
            paths.push(image.clone());
        }
        let installed = facts.facts.iter().filter_map(|fact| match &fact.kind {
            FactKind::Command(c) if c.at_build && c.program() == CRONTAB => c.words.last().map(|w| w.text.as_str()),
            _ => None,
        });
        paths.extend(installed.filter_map(|word| placed::in_image(image, word, view)).map(RepoPath::from));
    }
    if let Some((unit, facts)) = service(invocation, view) {
        let mounted = facts.facts.iter().filter(|f| f.unit == Some(unit)).filter_map(|fact| match &fact.kind {
            FactKind::Data(data) if data.kind == DataKind::Path && !data.writes => Some(RepoPath::from(data.key.as_str())),
            _ => None,
        });
        paths.extend(mounted);
    }
    paths.retain(|path| view.book.get(path).is_some_and(|f| f.units.iter().any(|u| u.name == CRONTAB)));
    paths.sort();
    paths.dedup();
    paths.into_iter().map(|path| lead(path, Strength::Resolved, invocation.command.program())).collect()
}

fn service<'v>(invocation: &Invocation<'_>, view: &View<'v>) -> Option<(UnitId, &'v FileFacts)> {
    let facts = view.book.get(invocation.path)?;
    let unit = invocation.unit.filter(|unit| facts.units.get(*unit).is_some_and(|u| u.kind == UnitKind::Service))?;
    Some((unit, facts))
}

/// The image definitions in whose image a command runs: its own, that of its service, or those that take its text in.
fn images<'v>(invocation: &Invocation<'_>, view: &View<'v>) -> Vec<(&'v RepoPath, &'v FileFacts)> {
    let is_image = |facts: &FileFacts| facts.units.iter().any(|u| u.kind == UnitKind::Image);
    if let Some((path, facts)) = view.book.get_key_value(invocation.path)
        && is_image(facts)
    {
        return vec![(path, facts)];
    }
    if let Some((unit, facts)) = service(invocation, view) {
        let built = facts.facts.iter().filter(|f| f.unit == Some(unit)).filter_map(|fact| match &fact.kind {
            FactKind::Uses(Uses { to: UsesTarget::File(path), .. }) => view.book.get_key_value(path.as_str()),
            _ => None,
        });
        return built.filter(|(_, facts)| is_image(facts)).collect();
    }
    let beside = |image: &RepoPath| {
        let home = source::folder(image);
        home == "." || invocation.path.strip_prefix(home).is_some_and(|rest| rest.starts_with('/'))
    };
    let all = view.book.iter().filter(|(image, facts)| is_image(facts) && beside(image));
    all.filter(|(image, _)| placed::takes(image, invocation.path, view)).take(20).collect()
}
