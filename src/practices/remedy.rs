//! What would mend the cause, where the cause is known: a link of a chain, or a start that is missing.
//!
//! Why: what a practice asks for in general helps nobody who has it but for one line. Invariants: a remedy has the place
//! where something is to be done; what only this program cannot prove is no work for anybody; where several causes hold a
//! practice back the first on the way is told, and the practice is not said to hang on that one alone.

use std::collections::BTreeMap;

use super::chain::Chain;
use super::clause::Judge;
use super::near::{OPEN, UNHEEDED};
use super::{Judged, Miss};
use crate::graph::{EdgeId, NodeKind, Wait};
use crate::rules::practice::{Clause, From, PracticeRule, Reach};
use crate::source::Location;
use crate::verdict::Standing;
use crate::words::{Because, EdgeKind, Strength, TriggerKind, Verdict};

/// What to do about a cause.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Remedy {
    /// In what way.
    pub(crate) way: Way,
    /// Where.
    pub(crate) at: Location,
    /// Whether nothing else holds the practice back.
    pub(crate) alone: bool,
}

/// How the words of a rule end that tell what only this program could not prove.
pub(crate) const LIKELY: &str = " is likely, not proven";

/// In what way a cause is mended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    /// It is made switched off, or switched off by a word: says how it is switched on.
    SwitchOn(String),
    /// Somebody must run what registers it: the command, where it has a name.
    Register(Option<String>),
    /// Somebody must apply what declares it.
    Apply,
    /// A person starts it: what should.
    Start(Starts),
    /// It names what is not there: says what.
    Repair(String),
    /// Its failure is thrown away: says by what.
    Heed(String),
    /// It leaves the repository: what it names.
    Follow(String),
    /// It is there as far as can be told, and not proven.
    Confirm,
}

/// What should start something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Starts {
    /// A schedule or new data.
    Time,
    /// A push, tag or schedule.
    Any,
    /// A push or tag.
    Release,
    /// A push or pull request.
    Ci,
    /// A push: what suits a check and a release.
    Push,
    /// A push, and a schedule or new data besides.
    Both,
}

impl Starts {
    const fn of(from: From) -> Option<Self> {
        match from {
            From::Continuous | From::Recurring => Some(Self::Time),
            From::Unattended | From::UnattendedNotPr => Some(Self::Any),
            From::Release => Some(Self::Release),
            From::Ci => Some(Self::Ci),
            From::Alert | From::Anyone => None,
        }
    }
}

/// What an answer came to.
pub(super) struct Found<'f> {
    pub(super) standing: Standing,
    pub(super) chains: &'f [Chain],
    pub(super) near: Option<&'f Miss>,
    /// Whether the rule's own words say why it is no more.
    pub(super) said: bool,
}

/// The remedy of what keeps a practice from being met; none where the cause is not known, or is the practice's own matter.
pub(super) fn of(judge: &mut Judge<'_>, rule: &PracticeRule, found: &Found<'_>) -> Option<Remedy> {
    match found.standing.verdict {
        Verdict::NotShown => heeded(judge, found.near?).or_else(|| start(judge, rule, found.near?)),
        Verdict::Indicated => {
            let because = found.standing.because?;
            let of_chain = found.chains.iter().find_map(|chain| of_chain(judge, rule, chain, because));
            match because {
                // the rule's words are about something else than the way there
                Because::Weak => None,
                Because::Inferred => {
                    // where the rule's words name what is missing, that is to be done
                    let near = found.near.filter(|near| near.seen.is_none() && (found.said || near.before.ends_with(LIKELY)));
                    let confirm = |at: &Location| Remedy { way: Way::Confirm, at: at.clone(), alone: true };
                    match near {
                        Some(near) => near.before.ends_with(LIKELY).then(|| confirm(&near.at)),
                        None => of_chain,
                    }
                }
                Because::Idle if found.said => found.near.and_then(switched_off),
                _ => of_chain,
            }
        }
        _ => None,
    }
}

/// The first link of a chain that is as weak as the answer.
fn of_chain(judge: &Judge<'_>, rule: &PracticeRule, chain: &Chain, because: Because) -> Option<Remedy> {
    let graph = judge.evidence().graph;
    let at = |strength: Strength| {
        let is = |id: &&EdgeId| graph.edges[**id].strength == strength;
        chain.edges.iter().find(is).copied().filter(|_| chain.strength == strength)
    };
    // how many links are not sure, the last of them the thing itself
    let unsure = chain.edges.iter().filter(|id| graph.edges[**id].strength < Strength::Resolved).count();
    let seen = judge.evidence().signals.all[chain.signal].strength < Strength::Resolved;
    let alone = unsure + usize::from(seen) == 1;
    let (way, at) = match because {
        Because::Broken if chain.strength == Strength::Broken => {
            let broken = at(Strength::Broken)?;
            let cause = &graph.edges[graph.broken_by.get(&broken).copied().unwrap_or(broken)];
            let missing = graph.nodes[cause.to].kind == NodeKind::Missing;
            let what = if missing { &graph.nodes[cause.to].label } else { &cause.what };
            (Way::Repair(what.clone()), cause.at.clone())
        }
        Because::Broken => unheeded(judge, chain)?,
        // what is handed over stands where it is named
        Because::Assumed if at(Strength::Assumed).is_none() => {
            let open = &judge.evidence().signals.all[chain.signal];
            let named = open.what.trim_start_matches("uses:").trim();
            return (&*open.id == OPEN).then(|| Remedy { way: Way::Follow(named.to_owned()), at: open.at.clone(), alone: true });
        }
        Because::Assumed => {
            let id = at(Strength::Assumed)?;
            let edge = &graph.edges[id];
            match (graph.waits.get(&id), &graph.nodes[edge.to].kind) {
                (Some(Wait::SwitchedOn(remedy)), _) => (Way::SwitchOn(remedy.clone()), edge.at.clone()),
                (Some(Wait::Registered { at, command }), _) => {
                    (Way::Register(command.clone()), at.clone().unwrap_or_else(|| edge.at.clone()))
                }
                (Some(Wait::Applied), _) => (Way::Apply, edge.at.clone()),
                (None, NodeKind::Outside) => (Way::Follow(graph.nodes[edge.to].label.clone()), edge.at.clone()),
                // what lies elsewhere and starts this, as the words that are handed over say
                (None, _) if edge.what.contains('/') && edge.what.contains('@') && !edge.what.contains(' ') => {
                    (Way::Follow(edge.what.clone()), edge.at.clone())
                }
                (None, _) => return None,
            }
        }
        Because::Inferred => {
            let edge = at(Strength::Inferred).map(|id| &graph.edges[id].at);
            let last = || chain.hops.last().filter(|_| chain.strength == Strength::Inferred).map(|hop| &hop.at);
            (Way::Confirm, edge.or_else(last)?.clone())
        }
        Because::Idle => {
            let by_hand = chain.trigger.is_none_or(|kind| kind == TriggerKind::Manual);
            let starts = from_of(rule.met.as_ref()?).and_then(Starts::of).filter(|_| by_hand)?;
            (Way::Start(starts), chain.hops.first()?.at.clone())
        }
        Because::Weak => return None,
    };
    Some(Remedy { way, at, alone: alone || because == Because::Idle })
}

/// A start that is missing, where nothing else is: what is asked for is there, and a person starts it.
fn start(judge: &mut Judge<'_>, rule: &PracticeRule, near: &Miss) -> Option<Remedy> {
    if let Some(off) = switched_off(near) {
        return Some(off);
    }
    // what checks or builds another part of the repository is no near miss of work on this system
    let system = judge.evidence().system;
    let folder = crate::source::folder(&near.at.path);
    let holds = folder.is_empty() || folder.starts_with('.') || {
        let files = system.train_files.iter().chain(&system.serve_files);
        files.map(|path| &**path).any(|path: &str| path.starts_with(&format!("{folder}/")))
    };
    let lies_there = near.at.line > 0 && !near.at.path.ends_with(".ipynb") && (holds || rule_is_not_ci(rule));
    let seen = near.seen.filter(|_| near.unstarted && lies_there)?;
    let starts = wants(judge, rule.met.as_ref()?, seen)?;
    // what registers a start besides is the same work
    let evidence = judge.evidence();
    let registers = |wait: &Wait| match wait {
        Wait::Registered { at: Some(at), command } if *at == evidence.signals.all[seen].at => Some((command.clone(), at.clone())),
        _ => None,
    };
    if let Some((command, at)) = evidence.graph.waits.values().find_map(registers).filter(|_| starts != Starts::Time) {
        return Some(Remedy { way: Way::Register(command), at, alone: true });
    }
    Some(Remedy { way: Way::Start(starts), at: near.at.clone(), alone: true })
}

/// Whether a rule asks for more than a start by pushes and pull requests.
fn rule_is_not_ci(rule: &PracticeRule) -> bool {
    rule.met.as_ref().and_then(from_of) != Some(From::Ci)
}

/// A check that is there, and whose failure is thrown away on the way to it.
fn heeded(judge: &mut Judge<'_>, near: &Miss) -> Option<Remedy> {
    let signal = near.seen.filter(|_| near.before == UNHEEDED)?;
    let graph = judge.evidence().graph;
    let targets: Vec<_> = graph.nodes_of(signal).map(|node| (signal, node)).collect();
    let chain = judge.best(From::Anyone, &[], &targets, false)?;
    let (way, at) = unheeded(judge, &chain)?;
    Some(Remedy { way, at, alone: true })
}

/// What throws a failure away on a chain, and where.
fn unheeded(judge: &Judge<'_>, chain: &Chain) -> Option<(Way, Location)> {
    let graph = judge.evidence().graph;
    let thrown = |id: &&EdgeId| graph.edges[**id].discarded.is_some();
    let later = |id: &&EdgeId| graph.edges[**id].kind == EdgeKind::Contains && !graph.edges[**id].stops;
    let edge = chain.edges.iter().find(thrown).or_else(|| chain.edges.iter().find(later));
    let at = edge.map_or_else(|| chain.hops.last().map(|hop| hop.at.clone()), |id| Some(graph.edges[*id].at.clone()));
    Some((Way::Heed(chain.unheeded.clone()?), at?))
}

/// A link that an explicit word switches off.
fn switched_off(near: &Miss) -> Option<Remedy> {
    let (_, word) = near.before.split_once(": switched off by ").filter(|_| near.seen.is_none())?;
    Some(Remedy { way: Way::SwitchOn(format!("take away {word}")), at: near.at.clone(), alone: true })
}

/// The start that a clause lacks of a thing, where it lacks nothing else.
fn wants(judge: &mut Judge<'_>, clause: &Clause, seen: usize) -> Option<Starts> {
    match clause {
        Clause::Reach(reach) => {
            let starts = Starts::of(reach.from)?;
            // all that is asked for would be there, whoever starts it
            let anyone = Reach { from: From::Anyone, triggers: Vec::new(), ..reach.clone() };
            let is_meant = judge.targets(&reach.to).iter().any(|(signal, _)| *signal == seen);
            (is_meant && judge.clause(&Clause::Reach(anyone)).standing.verdict == Verdict::Met).then_some(starts)
        }
        Clause::All(parts) => {
            let open: Vec<&Clause> = parts.iter().filter(|part| !judge.clause(part).holds()).collect();
            let [one] = open.as_slice() else { return None };
            wants(judge, one, seen)
        }
        Clause::Any(parts) => parts.iter().find_map(|part| wants(judge, part, seen)),
        Clause::Cap(cap) => wants(judge, &cap.of, seen),
        _ => None,
    }
}

/// Who must start what a rule asks for.
fn from_of(clause: &Clause) -> Option<From> {
    match clause {
        Clause::Reach(reach) if reach.from != From::Anyone => Some(reach.from),
        Clause::All(parts) | Clause::Any(parts) => parts.iter().find_map(from_of),
        Clause::Cap(cap) => from_of(&cap.of),
        _ => None,
    }
}

/// One thing that several practices want started is started once, by what suits all of them.
pub(super) fn agree(judged: &mut [(Judged, BTreeMap<String, Standing>)]) {
    let mut wanted: BTreeMap<Location, Starts> = BTreeMap::new();
    for (practice, _) in judged.iter() {
        if let Some(Remedy { way: Way::Start(starts), at, .. }) = &practice.remedy {
            let known = wanted.entry(at.clone()).or_insert(*starts);
            *known = both(*known, *starts);
        }
    }
    for (practice, _) in judged {
        if let Some(Remedy { way: Way::Start(starts), at, .. }) = &mut practice.remedy {
            *starts = wanted.get(at).copied().unwrap_or(*starts);
        }
    }
}

/// What suits two wishes; whom any start suits is content with that of another.
const fn both(one: Starts, other: Starts) -> Starts {
    match (one, other) {
        (Starts::Any, starts) | (starts, Starts::Any) => starts,
        (Starts::Time, Starts::Time) => Starts::Time,
        (Starts::Release, Starts::Release) => Starts::Release,
        (Starts::Ci, Starts::Ci) => Starts::Ci,
        (Starts::Time | Starts::Both, _) | (_, Starts::Time | Starts::Both) => Starts::Both,
        (Starts::Release | Starts::Ci | Starts::Push, _) => Starts::Push,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_start_suits_all_that_want_one() {
        let all = [Starts::Time, Starts::Any, Starts::Release, Starts::Ci, Starts::Push, Starts::Both];
        for one in all {
            assert_eq!(both(one, one), one);
            assert_eq!(both(one, Starts::Any), one);
            for other in all {
                assert_eq!(both(one, other), both(other, one));
            }
        }
        assert_eq!(both(Starts::Release, Starts::Ci), Starts::Push);
        assert_eq!(both(Starts::Time, Starts::Release), Starts::Both);
    }
}
