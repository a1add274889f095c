//! Which files the training run names, and which what serves.
//!
//! That a table or a file of settings lies in the tree says nothing of training; that what runs when training is started
//! writes its path does. Paths are compared part by part, so that `conf/fit.yaml` is not `other/fit.yaml`, and a folder
//! counts only where it is written as a path.

use std::collections::BTreeSet;

use super::Evidence;
use crate::fact::FactKind;
use crate::graph::NodeId;
use crate::signals::{Owner, Signal};
use crate::source::RepoPath;
use crate::words::Op;

/// Longest text that is taken for a path, in bytes.
const LONGEST: usize = 300;
/// Most parts of a path that are compared.
const PARTS: usize = 12;

/// Every path that the code, the commands and the declared inputs of the training run write.
pub(crate) struct Named {
    /// As written, without what leads to the root.
    written: BTreeSet<String>,
    /// The ends of those, for paths that begin outside the repository.
    ends: BTreeSet<String>,
    /// Folders, likewise both ways.
    folders: BTreeSet<String>,
}

impl Named {
    /// Reads the files of which something runs when training is started.
    pub(crate) fn of(evidence: &Evidence<'_>) -> Self {
        Self::by(evidence, &evidence.system.train_run, &only_after(evidence))
    }

    /// Reads the files of which something runs when the model is served.
    pub(crate) fn of_serving(evidence: &Evidence<'_>) -> Self {
        Self::by(evidence, &evidence.system.serve_run, &BTreeSet::new())
    }

    fn by(evidence: &Evidence<'_>, run: &[bool], after: &BTreeSet<RepoPath>) -> Self {
        let files: BTreeSet<&RepoPath> =
            evidence.graph.nodes.iter().zip(run).filter(|(_, runs)| **runs).map(|(node, _)| &node.at.path).collect();
        let mut named = Self { written: BTreeSet::new(), ends: BTreeSet::new(), folders: BTreeSet::new() };
        let feeds = |path: &&RepoPath| !after.contains(*path);
        for facts in files.into_iter().filter(feeds).filter_map(|path| evidence.book.get(path)) {
            let codes = facts.code.iter().chain(facts.embedded.iter().map(|(_, code)| code));
            codes.flat_map(|code| &code.module.strings).for_each(|(text, _)| named.take(text));
            for fact in &facts.facts {
                match &fact.kind {
                    FactKind::Command(command) => {
                        for word in &command.words {
                            word.text.split(['=', ',']).for_each(|part| named.take(part));
                        }
                    }
                    FactKind::Data(data) => named.take(&data.key),
                    FactKind::Setting { value, .. } => named.take(value),
                    _ => {}
                }
            }
        }
        named
    }

    /// Of these signals those that are files which the run names.
    pub(crate) fn files(&self, evidence: &Evidence<'_>, found: &[(usize, Option<NodeId>)]) -> Vec<(usize, Option<NodeId>)> {
        let all = &evidence.signals.all;
        found.iter().copied().filter(|(s, _)| is_file(&all[*s]) && self.names(&all[*s].at.path)).collect()
    }

    /// Takes a text for a path, where it can be one.
    fn take(&mut self, text: &str) {
        if text.is_empty() || text.len() > LONGEST || text.contains(['\n', '\t']) {
            return;
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            // a file of this tree is also read from where the tree is published: its whole path ends the address
            let path = rest.split(['?', '#']).next().unwrap_or(rest);
            if scheme.starts_with("http") && !path.contains(['*', '{', '$']) {
                let parts: Vec<&str> = path.split('/').skip(1).filter(|p| !p.is_empty()).collect();
                let first = parts.len().saturating_sub(PARTS);
                self.ends.extend(
                    (first..parts.len())
                        .filter_map(|from| parts.get(from..))
                        .filter(|rest| rest.len() > 1)
                        .map(|rest| rest.join("/")),
                );
            }
            return;
        }
        // what stands before a pattern or a variable names a folder
        let (whole, cut) = match text.find(['*', '{', '$', '%', '?']) {
            Some(at) => (text.get(..at).and_then(|t| t.rfind('/').and_then(|slash| t.get(..slash))).unwrap_or(""), true),
            None => (text, false),
        };
        let slashed = cut || whole.contains('/');
        let parts: Vec<&str> = whole.split('/').filter(|p| !matches!(*p, "" | "." | "..")).take(PARTS).collect();
        if parts.is_empty() {
            return;
        }
        for from in 0..parts.len() {
            let end = parts.get(from..).unwrap_or_default().join("/");
            if slashed && (from == 0 || end.contains('/')) {
                self.folders.insert(end.clone());
            }
            if !cut {
                if from == 0 {
                    self.written.insert(end.clone());
                }
                self.ends.insert(end);
            }
        }
    }

    /// Whether the file, or a folder that holds it, is written.
    pub(crate) fn names(&self, path: &str) -> bool {
        let parts: Vec<&str> = path.split('/').collect();
        let file = self.ends.contains(path) || ends(&parts).any(|end| self.written.contains(&end));
        file || (1..parts.len()).any(|to| {
            let above = parts.get(..to).unwrap_or_default();
            ends(above).any(|end| self.folders.contains(&end))
        })
    }
}

/// Files of the same run that work on what training has made, and on nothing before it: what an evaluation reads is not
/// what training reads.
fn only_after(evidence: &Evidence<'_>) -> BTreeSet<RepoPath> {
    let mut after = BTreeSet::new();
    let mut before: BTreeSet<&RepoPath> = evidence.system.train_files.iter().collect();
    for signal in &evidence.signals.all {
        match signal.op {
            Some(Op::Ingest | Op::ValidateData | Op::Features | Op::Train | Op::Tune) => {
                before.insert(&signal.at.path);
            }
            Some(_) if matches!(signal.owner, Owner::Code(_)) => {
                after.insert(signal.at.path.clone());
            }
            _ => {}
        }
    }
    after.retain(|path| !before.contains(path));
    after
}

/// Whether what was seen is that a file is there.
pub(crate) fn is_file(signal: &Signal) -> bool {
    signal.owner == Owner::File && signal.at.line == 0
}

/// The path and its ends, longest first.
fn ends<'p>(parts: &'p [&'p str]) -> impl Iterator<Item = String> + 'p {
    let first = parts.len().saturating_sub(PARTS);
    (first..parts.len()).filter_map(move |from| parts.get(from..).map(|rest| rest.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(texts: &[&str]) -> Named {
        let mut named = Named { written: BTreeSet::new(), ends: BTreeSet::new(), folders: BTreeSet::new() };
        texts.iter().for_each(|text| named.take(text));
        named
    }

    #[test]
    fn a_file_is_named_by_its_path_or_the_end_of_it() {
        let run = named(&["conf/fit.yaml", "../rows.csv", "/srv/app/data/late.csv"]);
        assert!(
            run.names("conf/fit.yaml") && run.names("ml/conf/fit.yaml") && run.names("rows.csv") && run.names("data/late.csv")
        );
        assert!(!run.names("other/fit.yaml") && !run.names(".bot/config.yaml"));
    }

    #[test]
    fn an_address_names_a_file_by_its_whole_path() {
        let run = named(&["https://files.example/team/late/main/data/rows.csv?raw=1"]);
        assert!(run.names("data/rows.csv"));
        assert!(!run.names("rows.csv") && !run.names("ml/data/rows.csv"));
    }

    #[test]
    fn a_folder_is_named_where_it_is_written_as_a_path() {
        let run = named(&["data/raw/*.csv", "data", "model {x}"]);
        assert!(run.names("data/raw/rows.csv") && run.names("data/raw/old/rows.csv"));
        assert!(!run.names("data/rows.csv") && !run.names("x/raw/rows.csv"));
        assert!(named(&["input/"]).names("input/rows.csv") && !named(&["input"]).names("input/rows.csv"));
    }
}
