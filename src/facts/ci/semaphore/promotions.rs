//! `promotions`: which pipelines come next, and whether by themselves.

use std::collections::BTreeSet;

use super::super::held::{Held, Truth};
use super::super::plan::{Need, Planned, Source};
use super::{Reading, judged};
use crate::fact::{FactKind, OnFailure, Unit, UnitId, UnitKind, Uses, UsesTarget};
use crate::source::{self, NoticeKind, RepoPath};
use crate::syntax::tree::{Kind, Node};
use crate::words::{EdgeKind, TriggerKind};

/// Most promotions of one pipeline.
const MAX_PROMOTIONS: usize = 100;
/// How a pipeline ends whose blocks all went well.
const PASSED: &str = "passed";

/// Adds a job for each promotion, which waits for all jobs so far, and the files that they hand over to.
pub(super) fn read(
    root: Node<'_>,
    workflow: UnitId,
    sources: &[Source],
    (jobs, others): (&mut Vec<Planned>, &mut BTreeSet<RepoPath>),
    reading: &mut Reading<'_>,
) {
    let before = jobs.len();
    for (number, node) in root.get("promotions").into_iter().flat_map(Node::items).enumerate() {
        let line = node.site_line();
        if number >= MAX_PROMOTIONS {
            return reading.notice(line, NoticeKind::TooLarge, "too many promotions; the others were not read");
        }
        let Some(file) = node.at("pipeline_file") else {
            reading.wrong(line, "a promotion without a `pipeline_file`");
            continue;
        };
        let name = format!("promotion {}", node.at("name").unwrap_or(file));
        let end_line = node.end_line().max(line);
        let unit = Unit { kind: UnitKind::Job, name: name.clone(), title: None, line, end_line, parent: Some(workflow) };
        let id = reading.unit(unit);
        hand_over(file, id, node.key_line("pipeline_file").unwrap_or(line), others, reading);
        let (held, stops, by_hand) = match asked(node) {
            Some(asked) => {
                let of = |result: &'static str| sources.iter().map(move |source| asked.held(source.kind, result));
                (of(PASSED).collect(), of("failed").all(|held| held.truth == Truth::No), None)
            }
            // a person may ask for it before the others are done
            None => (vec![Held::just(Truth::Yes); sources.len()], false, Some("promotion".to_owned())),
        };
        let at = ["auto_promote", "auto_promote_on"].iter().find_map(|key| node.key_line(key)).unwrap_or(line);
        let needs = (0..before).map(|on| Need { on, line, stops }).collect();
        jobs.push(Planned { id, name, line: at, held, needs, by_hand });
    }
}

/// The file of the next pipeline: beside this one, or from the root where it begins with a slash.
fn hand_over(file: &str, id: UnitId, line: u32, others: &mut BTreeSet<RepoPath>, reading: &mut Reading<'_>) {
    let own = &reading.file.path;
    let folder = if file.starts_with('/') { "." } else { source::folder(own) };
    let path = Some(file).filter(|f| !f.contains("{{")).and_then(|f| source::join(folder, f.trim_start_matches('/')));
    let Some(path) = path else {
        return reading.outside(id, line, &format!("the pipeline {file}"), Vec::new());
    };
    let known = reading.context.joined.wholes.iter().find(|w| w.root == *own);
    let to = if known.is_some_and(|w| w.others.contains(path.as_str())) {
        UsesTarget::Unit { path: Some(path.clone()), kind: UnitKind::Workflow, name: path.clone() }
    } else {
        UsesTarget::File(path.clone())
    };
    let reference = format!("promotes to {path}");
    let uses = Uses { reference, with: Vec::new(), to, edge: EdgeKind::Invokes, on_failure: OnFailure::GoesOn };
    reading.fact(id, line, FactKind::Uses(uses));
    others.insert(path.as_str().into());
}

/// When a promotion happens by itself.
#[derive(Clone, Copy)]
enum Automatic<'t> {
    /// A condition in text.
    When(&'t str),
    /// The older form: a list of which one must fit.
    On(Node<'t>),
}

fn asked(node: Node<'_>) -> Option<Automatic<'_>> {
    let when = node.get("auto_promote").and_then(|a| a.at("when")).map(Automatic::When);
    when.or_else(|| node.get("auto_promote_on").filter(|on| on.kind() == Kind::Seq).map(Automatic::On))
}

impl Automatic<'_> {
    fn held(self, kind: TriggerKind, result: &str) -> Held {
        match self {
            Self::When(text) => judged(text, kind, result),
            Self::On(list) => Held::any(list.items().take(MAX_PROMOTIONS).map(|one| fits(one, kind, result)).collect()),
        }
    }
}

/// One item of the older form.
fn fits(one: Node<'_>, kind: TriggerKind, result: &str) -> Held {
    if one.at("result").is_some_and(|asked| asked != result) {
        return Held::just(Truth::No);
    }
    let patterns = one.get("branch").map(Node::strings).unwrap_or_default();
    let whole = |pattern: &str| Some(pattern.strip_prefix('^')?.strip_suffix('$')?.to_owned());
    let plain = |name: &String| name.chars().all(|c| c.is_alphanumeric() || "/_-".contains(c));
    let branches: Option<BTreeSet<String>> = patterns.iter().map(|(p, _)| whole(p).filter(plain)).collect();
    match kind {
        _ if patterns.is_empty() => Held::just(Truth::Yes),
        TriggerKind::Tag | TriggerKind::Pr => Held::just(Truth::No),
        _ => Held { branches, ..Held::just(Truth::Maybe) },
    }
}
