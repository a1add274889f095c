//! Which signals a rule means, and what keeps one from counting fully.

use super::Evidence;
use crate::graph::NodeId;
use crate::rules::practice::Select;
use crate::rules::signal::OneOrMany;
use crate::signals::Signal;
use crate::words::Scope;

/// Whether an id fits one of the patterns; `*` at the end stands for any rest.
pub(crate) fn id_fits(id: &str, patterns: &OneOrMany) -> bool {
    patterns.all().iter().any(|p| match p.strip_suffix('*') {
        Some(start) => id.starts_with(start),
        None => id == p,
    })
}

/// Whether a signal is of the kind asked for, wherever it stands.
pub(crate) fn is_kind(signal: &Signal, select: &Select) -> bool {
    let id = select.id.all().is_empty() || id_fits(&signal.id, &select.id);
    let op = select.op.is_empty() || signal.op.is_some_and(|op| select.op.contains(&op));
    let with = select.with.iter().all(|(key, words)| signal.qualifiers.get(key).is_some_and(|w| words.all().contains(w)));
    id && op && with
}

/// Scopes a rule means where it names none.
const PLAIN: &[Scope] = &[Scope::Source];

/// Whether the signal's file is there for such a purpose.
pub(crate) fn in_scope(signal: &Signal, select: &Select, evidence: &Evidence<'_>) -> bool {
    let scopes: &[Scope] = if select.scope.is_empty() { PLAIN } else { &select.scope };
    // what lies in another repository is as good as source where a chain runs it; see `Clause::Signal` for the rest
    let lifted = || signal.scope == Scope::Elsewhere || evidence.system.lifts(&signal.at.path);
    scopes.contains(&signal.scope) || (scopes.contains(&Scope::Source) && lifted())
}

/// Indices of the signals meant that belong to the system, in the order of place, with the node each stands on.
pub(crate) fn select(evidence: &Evidence<'_>, select: &Select) -> Vec<(usize, Option<NodeId>)> {
    evidence
        .signals
        .all
        .iter()
        .enumerate()
        .filter(|(i, s)| {
            let is_void = evidence.graph.void.contains(i);
            !is_void
                && is_kind(s, select)
                && in_scope(s, select, evidence)
                && evidence.system.owns_signal(*i, s)
                && s.off.is_none()
        })
        .map(|(i, _)| (i, evidence.graph.node_of(i)))
        .collect()
}
