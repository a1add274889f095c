//! Builds of images that copy what is not there: in a job that has nothing but a checkout.
//!
//! Invariant: only what is certain. A build is asked only where its job began with the files of the commit and nothing
//! that stands before it may have made others; a source is missing only where no path of the repository ends with it,
//! whatever folder is sent to be built.

use std::collections::{BTreeMap, BTreeSet};

use super::connect::throwaway::job_of;
use super::connect::{command_key, node_key};
use super::interpreter::{Failure, fail};
use super::{Graph, NodeId, NodeKind};
use crate::fact::{Book, Command, FactKind, FileFacts, UnitId, UnitKind, Uses, UsesTarget};
use crate::resolve::{self, View};
use crate::source::{self, Location, RepoPath};

/// Most builds that are looked at.
const MOST: usize = 500;
/// The file that says that folders are those of other repositories.
const FOREIGN: &str = ".gitmodules";
/// The option that builds an earlier stage.
const STAGE: &str = "--target";
/// Where a redirection makes no file of the checkout.
const AWAY: &[&str] = &["$", "/dev/", "/tmp/", "~", "&"];

/// Marks such builds as broken.
pub(super) fn mark(graph: &mut Graph, book: &Book, view: &View<'_>) {
    let inventory = view.inventory;
    if inventory.is_incomplete() || inventory.is_unsure() || inventory.contains(FOREIGN) {
        return;
    }
    let mut broken: BTreeMap<NodeId, Failure> = BTreeMap::new();
    for (path, facts) in book.iter().filter(|(path, _)| source::is_of_host(path)) {
        // jobs in which something may have made files
        let mut changed: BTreeSet<UnitId> = BTreeSet::new();
        for (index, fact) in facts.facts.iter().enumerate() {
            let Some((unit, job)) = fact.unit.and_then(|unit| Some((unit, job_of(facts, unit)?))) else { continue };
            if changed.contains(&job) || broken.len() >= MOST {
                continue;
            }
            let (key, keeps) = match &fact.kind {
                FactKind::Command(command) => (command_key(path, index), command_keeps(command, view)),
                FactKind::Uses(uses) => (node_key(path, facts, unit), step_keeps(uses, view)),
                _ => continue,
            };
            let whole = !matches!(&fact.kind, FactKind::Command(c) if c.words.iter().any(|w| w.text.starts_with(STAGE)));
            let whole = whole && !matches!(&fact.kind, FactKind::Uses(u) if u.with.iter().any(|(key, _)| key == "target"));
            if let Some(node) = graph.find(&key).filter(|_| whole)
                && let Some(failure) = builds(graph, node).iter().find_map(|image| lacking(image, book, view))
            {
                broken.entry(node).or_insert(failure);
            }
            if !keeps {
                changed.insert(job);
            }
        }
    }
    for (node, failure) in broken {
        fail(graph, node, failure);
    }
}

/// The image definitions that a command or step builds.
fn builds(graph: &Graph, node: NodeId) -> Vec<RepoPath> {
    let images = graph.leaving(node).filter(|e| e.runs() && e.off.is_none()).map(|e| &graph.nodes[e.to]);
    images.filter(|to| to.kind == NodeKind::Unit(UnitKind::Image)).map(|to| to.at.path.clone()).collect()
}

/// What an image takes from the repository although it is nowhere there.
fn lacking(path: &RepoPath, book: &Book, view: &View<'_>) -> Option<Failure> {
    let facts: &FileFacts = book.get(path)?;
    let instructions = facts.facts.iter().filter_map(|fact| match &fact.kind {
        FactKind::Instruction(it) => Some((fact.line, it)),
        _ => None,
    });
    let all: Vec<_> = instructions.collect();
    // earlier stages may be ones that nobody takes from
    let last = all.iter().rposition(|(_, it)| it.keyword == "FROM")?;
    all.iter().skip(last).find_map(|(line, it)| {
        if !matches!(it.keyword.as_str(), "COPY" | "ADD") || it.flags.iter().any(|(flag, _)| flag == "from") {
            return None;
        }
        let (_, sources) = it.args.split_last()?;
        let gone = sources.iter().find(|source| resolve::is_nowhere(source, path, view))?;
        let what = format!("`{gone}` is not there to be copied");
        Some(Failure { at: Location::line(path, *line), what })
    })
}

/// Whether a command leaves the files of the checkout as they are.
fn command_keeps(command: &Command, view: &View<'_>) -> bool {
    let writes = command.stdout.as_ref().is_some_and(|to| !AWAY.iter().any(|start| to.starts_with(start)));
    let words: Vec<&str> = command.words.iter().skip(1).take(2).map(|word| word.text.as_str()).collect();
    !writes && view.programs.keeps(command.program(), &words.join(" "))
}

/// The same for a published step: one that checks out something else brings other files.
fn step_keeps(uses: &Uses, view: &View<'_>) -> bool {
    let UsesTarget::Remote(reference) = &uses.to else { return false };
    let other = uses.with.iter().any(|(key, _)| matches!(key.as_str(), "repository" | "ref" | "path" | "submodules"));
    !other && view.programs.step_keeps(reference)
}
