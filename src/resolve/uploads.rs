//! Programs that hand a file of steps to the service that runs them: `buildkite-agent pipeline upload steps.yml`.
//!
//! Steps that another program makes are not in the repository; that is an open end.

use super::{Invocation, Lead, Located, Run, Target, View};
use crate::fact::UnitKind;
use crate::words::{EdgeKind, Strength};

pub(super) fn follow(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let words: Vec<&str> = invocation.arguments().iter().map(|w| w.text.as_str()).collect();
    let Some(rest) = words.strip_prefix(&["pipeline", "upload"]) else { return Vec::new() };
    let what = "uploads steps".to_owned();
    let lead = |to: Target, strength: Strength, what: String| vec![Lead { to, edge: EdgeKind::Invokes, strength, what }];
    let Some(file) = rest.iter().find(|word| !word.starts_with('-')) else {
        return lead(Target::Outside { what: "steps that another program makes".to_owned() }, Strength::Assumed, what);
    };
    let what = format!("uploads {file}");
    match invocation.locate(file, view) {
        Located::Found(path, strength) => {
            let is_pipeline = |unit: &crate::fact::Unit| unit.kind == UnitKind::Workflow && unit.name == *path;
            let known = view.book.get(&path).is_some_and(|facts| facts.units.iter().any(is_pipeline));
            let to = if known {
                Target::Unit { kind: UnitKind::Workflow, name: path.to_string(), path }
            } else {
                Target::File { path, run: Run::Script }
            };
            lead(to, strength, what)
        }
        Located::Missing(path) => lead(Target::Missing { what: format!("there is no {path}"), path }, Strength::Broken, what),
        Located::Unknown => lead(Target::Outside { what: format!("the steps of {file}") }, Strength::Assumed, what),
    }
}
