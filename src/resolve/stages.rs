//! `dvc`: which stages a command runs.

use super::{Invocation, Lead, Target, View};
use crate::fact::UnitKind;
use crate::source::{self, RepoPath};
use crate::words::{EdgeKind, Strength};

/// `dvc repro [targets]`, `dvc exp run [targets]`; everything else moves or shows data.
pub(super) fn dvc(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let words: Vec<&str> = invocation.arguments().iter().map(|w| w.text.as_str()).collect();
    let rest = match words.first().copied() {
        Some("repro") => &words[1..],
        Some("exp" | "experiments") if words.get(1) == Some(&"run") => &words[2..],
        _ => return Vec::new(),
    };
    let dir = invocation.dir().unwrap_or(".");
    let mut targets: Vec<&str> = Vec::new();
    let mut skip = false;
    for word in rest {
        if std::mem::take(&mut skip) {
            continue;
        }
        match *word {
            "-S" | "--set-param" | "-n" | "--name" | "-j" | "--jobs" => skip = true,
            word if word.starts_with('-') => {}
            word => targets.push(word),
        }
    }
    let all = rest.iter().any(|w| matches!(*w, "-P" | "--all-pipelines" | "-R" | "--recursive"));
    let path = source::join(dir, "dvc.yaml").filter(|p| view.inventory.contains(p));
    let paths: Vec<RepoPath> = if all || path.is_none() {
        view.inventory.entries().iter().filter(|e| source::file_name(&e.path) == "dvc.yaml").map(|e| e.path.clone()).collect()
    } else {
        path.into_iter().map(RepoPath::from).collect()
    };
    if paths.is_empty() && targets.is_empty() {
        let what = "there is no dvc.yaml".to_owned();
        let to = Target::Missing { path: dir.to_owned(), what: what.clone() };
        return vec![Lead { to, edge: EdgeKind::Invokes, strength: Strength::Broken, what }];
    }
    let mut leads = Vec::new();
    for path in &paths {
        let Some(facts) = view.book.get(path) else { continue };
        for unit in facts.units.iter().filter(|u| u.kind == UnitKind::Stage) {
            // a stage that is named brings in those before it, which its order says
            if targets.is_empty() || targets.iter().any(|t| *t == unit.name || t.ends_with(&format!(":{}", unit.name)) || t.starts_with(&format!("{}@", unit.name))) {
                let to = Target::Unit { path: path.clone(), kind: UnitKind::Stage, name: unit.name.clone() };
                leads.push(Lead { to, edge: EdgeKind::Invokes, strength: Strength::Resolved, what: format!("stage {}", unit.name) });
            }
        }
    }
    if leads.is_empty() && !targets.is_empty() && paths.iter().all(|p| view.book.contains_key(p)) && !paths.is_empty() {
        let target = targets[0];
        if !target.contains(['/', '.', '$']) {
            let what = format!("dvc.yaml has no stage `{target}`");
            let to = Target::Missing { path: paths[0].to_string(), what: what.clone() };
            leads.push(Lead { to, edge: EdgeKind::Invokes, strength: Strength::Broken, what });
        }
    }
    leads
}
