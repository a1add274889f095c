//! The verb `before`: one thing lies before another on the paths that count.

use super::answer::Answer;
use super::chain::{Chain, is_lost};
use super::clause::Judge;
use super::{Miss, near, rank};
use crate::graph::order::Seen;
use crate::graph::reach::Walk;
use crate::graph::{NodeId, Order};
use crate::rules::practice::{Before, From, Notebooks, Paths};
use crate::verdict::Standing;
use crate::words::{Because, Strength, Verdict};

impl Judge<'_> {
    /// `before`: `first` lies before `then`, on the paths that something unattended starts, or on all found paths
    /// where nothing is.
    pub(super) fn before(&mut self, ask: &Before) -> Answer {
        let graph = self.evidence.graph;
        let first: Vec<Seen> = self
            .targets(&ask.first)
            .into_iter()
            .map(|(signal, node)| {
                let seen = &self.evidence.signals.all[signal];
                Seen {
                    node,
                    order: Order(seen.at.line, seen.column),
                    signal,
                    encloses: seen.branch.filter(|b| !b.stops).map(|b| (b.from, b.to)),
                    stops: seen.branch.is_none_or(|b| b.stops || b.returns),
                    returns: seen.branch.is_some_and(|b| b.returns && !b.stops),
                }
            })
            .collect();
        let mut then = self.targets(&ask.then);
        if let Some(after) = &ask.after {
            let marks: Vec<NodeId> = self.targets(after).into_iter().map(|(_, n)| n).collect();
            let all: Vec<NodeId> = self.starters(From::Anyone, &[]).into_iter().flatten().collect();
            let leading = graph.reach_back(&marks, Walk::at(Strength::Assumed));
            let shared: Vec<NodeId> = all.into_iter().filter(|n| leading[*n]).collect();
            let live = graph.reach(&shared, Walk { things: true, ..Walk::at(Strength::Assumed) });
            then.retain(|(_, node)| live.has(*node));
        }
        if first.is_empty() || then.is_empty() {
            return Answer::no();
        }
        let unattended: Vec<NodeId> = self.starters(From::Unattended, &[]).into_iter().flatten().collect();
        let live = graph.reach(&unattended, Walk::at(Strength::Assumed));
        let by_itself: Vec<(usize, NodeId)> = then.iter().filter(|(_, n)| live.has(*n)).copied().collect();
        let by_hand =
            !by_itself.is_empty() && ask.on == Paths::EveryPath && self.bypassed_by_hand(ask, &first, &then, &unattended);
        let (starters, judged) = if by_itself.is_empty() {
            (self.starters(From::Anyone, &[]).into_iter().flatten().collect::<Vec<_>>(), then)
        } else {
            (unattended, by_itself)
        };
        let mut every = true;
        let mut passed: Option<(usize, usize)> = None;
        for (signal, node) in &judged {
            let at = &self.evidence.signals.all[*signal];
            let found = graph.before(*node, Order(at.at.line, at.column), &first, &starters);
            every &= found.every && found.some;
            if let Some(by) = found.by {
                passed = passed.or(Some((by, *signal)));
            }
        }
        let Some((by, held)) = passed else { return Answer::no() };
        if ask.on == Paths::EveryPath && !every {
            return Answer::no();
        }
        let mut answer = Answer::plain(Verdict::Met);
        if self.evidence.signals.all[by].strength < Strength::Resolved {
            answer.standing = Standing::indicated(Because::Inferred);
            answer.why = Some(Miss::quote(self.evidence.signals.all[by].at.clone(), "", by, near::unsure(Strength::Inferred)));
        }
        let targets: Vec<(usize, NodeId)> = graph.nodes_of(by).map(|n| (by, n)).collect();
        if let Some(found) = self.best(From::Anyone, &[], &targets, false) {
            let heeded = found.unheeded.is_none() || self.ends_inside(&found, &judged, &starters);
            if ask.stops && !heeded {
                return Answer::no();
            }
            let standing = self.standing_of(&found, ask.stops && !heeded, Notebooks::Capped);
            if rank(standing) < rank(answer.standing) {
                answer.standing = standing;
                answer.why = self.why_of(&found, standing);
            }
            self.qualify(&found, answer.standing, &mut answer.qualified);
            answer.chains.push(found);
        }
        answer.signals = vec![by, held];
        if ask.on == Paths::EveryPath && !self.evidence.unread.is_empty() {
            // a way around may lie in what was not read
            let met = answer.standing.verdict == Verdict::Met;
            answer = answer.cap(Because::Assumed);
            if met {
                let at = self.evidence.signals.all[by].at.clone();
                answer.why = Some(Miss::quote(at, "", by, " comes before it; automation that was not read may go around it"));
            }
        }
        if by_hand { answer.cap(Because::Weak) } else { answer }
    }

    /// Whether all that is held back lies beyond the place where the failure of a check is lost: it has ended there what would
    /// do it, whatever is made of its status afterwards.
    fn ends_inside(&self, found: &Chain, judged: &[(usize, NodeId)], starters: &[NodeId]) -> bool {
        let graph = self.evidence.graph;
        let Some(lost) = found.edges.iter().rev().find(|id| is_lost(graph, &graph.edges[**id])) else { return false };
        let to = graph.edges[*lost].to;
        let walk = Walk::at(Strength::Assumed);
        let beyond = graph.reach(&[to], walk);
        let around = graph.reach_without(starters, walk, &|_, node| node == to);
        judged.iter().all(|(_, node)| beyond.has(*node) && !around.has(*node))
    }

    /// Whether a run that only a person starts does all the work and leaves out the check. One that starts behind
    /// `after` (a registration alone) is a part of the way, not a way around.
    pub(super) fn bypassed_by_hand(&self, ask: &Before, first: &[Seen], then: &[(usize, NodeId)], unattended: &[NodeId]) -> bool {
        let Some(after) = &ask.after else { return false };
        let graph = self.evidence.graph;
        let walk = Walk::at(Strength::Inferred);
        let marks: Vec<NodeId> = self.targets(after).into_iter().map(|(_, n)| n).collect();
        let leading = graph.reach_back(&marks, walk);
        let everyone = self.starters(From::Anyone, &[]).into_iter().flatten();
        let people: Vec<NodeId> = everyone.filter(|n| leading[*n] && !unattended.contains(n)).collect();
        let live = graph.reach(&people, walk);
        then.iter().filter(|(_, node)| live.has(*node)).any(|(signal, node)| {
            let at = &self.evidence.signals.all[*signal];
            !graph.before(*node, Order(at.at.line, at.column), first, &people).every
        })
    }
}
