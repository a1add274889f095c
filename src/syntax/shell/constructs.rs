//! `if`, loops and `case`: which conditions they put on what stands in them, and who hands on a failure.

use std::ops::Range;
use std::sync::Arc;

use tree_sitter::Node;

use super::flow::{Clauses, Statement, ended, statements_of};
use super::walk::{Scope, Walk, lost};
use super::{Condition, ConditionKind, OnFailure, capped};

/// Branches before one whose tests are kept.
const MAX_BEFORE: usize = 8;
/// Conditions kept of one command.
const MAX_CONDITIONS: usize = 32;

impl<'t> Walk<'t> {
    pub(super) fn conditional(&mut self, node: Node<'t>, scope: &Scope) {
        let clauses = Clauses::of(node);
        let otherwise = clauses.otherwise.as_ref().and_then(|body| self.end_of(body)).and_then(|e| ended(e, scope));
        let mut last_test = node.start_byte()..node.start_byte();
        let mut before: Vec<String> = Vec::new();
        for (condition, body) in &clauses.tested {
            let mut tested = scope.clone();
            tested.ignored = true;
            tested.last = false;
            // `if ! x; then exit 1` and `if x; … else exit 1` hand the failure on.
            let then = self.end_of(body).and_then(|ending| ended(ending, scope));
            tested.soft = match (&otherwise, clauses.tested.len()) {
                (Some(fate), 1) => fate.clone(),
                _ => lost("condition of an if"),
            };
            tested.inverted = Some(then.unwrap_or_else(|| lost("condition of an if")));
            self.sequence(condition, &tested);
            let start = condition.first().map_or(node.start_byte(), |s| s.node.start_byte());
            last_test = start..condition.last().map_or(start, |s| s.node.end_byte());
            let mut inner = scope.clone();
            inner.conditions = after(self.under(&scope.conditions, ConditionKind::If, last_test.clone()), &before);
            self.branch(body, &inner);
            if before.len() < MAX_BEFORE {
                before.push(capped(self.src.get(last_test.clone()).unwrap_or_default().trim(), 200).to_owned());
            }
        }
        if let Some(body) = &clauses.otherwise {
            let mut inner = scope.clone();
            inner.conditions = after(self.under(&scope.conditions, ConditionKind::Else, last_test), &before);
            self.branch(body, &inner);
        }
    }

    /// A sequence that may or may not run.
    fn branch(&mut self, body: &[Statement<'t>], scope: &Scope) {
        let (mark, dir) = (self.journal.len(), self.state.dir.clone());
        self.sequence(body, scope);
        self.rejoin(mark, &dir);
    }

    pub(super) fn repeated(&mut self, node: Node<'t>, scope: &Scope) {
        let body = node.child_by_field_name("body");
        let head = node.start_byte()..body.map_or(node.end_byte(), |body| body.start_byte());
        let mut cursor = node.walk();
        let children: Vec<Node<'t>> = node.children(&mut cursor).filter(|child| child.start_byte() < head.end).collect();
        let mut tested = scope.clone();
        tested.ignored = true;
        tested.last = false;
        tested.soft = lost("condition of a loop");
        tested.inverted = Some(lost("condition of a loop"));
        if node.kind() == "while_statement" {
            self.sequence(&statements_of(&children), &tested);
        } else {
            for child in children {
                let mut found = Vec::new();
                match child.kind() {
                    "command_substitution" => found.push(child),
                    _ => self.substitutions_in(child, &mut found),
                }
                for substitution in found {
                    self.substitution(substitution, scope, lost("inside $( )"));
                }
            }
            if let Some(variable) = node.child_by_field_name("variable") {
                self.assign(self.text(variable), None);
            }
        }
        let Some(body) = body else { return };
        let mut inner = scope.clone();
        // Only the last turn decides, so a turn before it is not the status of anything.
        inner.soft = OnFailure::GoesOn;
        inner.last = false;
        let head = self
            .src
            .get(head.clone())
            .map_or(head.clone(), |text| head.start..head.start + text.trim_end_matches([' ', ';', '\n']).len());
        inner.conditions = self.under(&scope.conditions, ConditionKind::Loop, head);
        let (mark, dir) = (self.journal.len(), self.state.dir.clone());
        self.sequence_in(body, &inner);
        self.rejoin(mark, &dir);
    }

    pub(super) fn cases(&mut self, node: Node<'t>, scope: &Scope) {
        let value = node.child_by_field_name("value");
        if let Some(value) = value {
            for substitution in self.word(value).1 {
                self.substitution(substitution, scope, lost("inside $( )"));
            }
        }
        let mut cursor = node.walk();
        let items: Vec<Node<'t>> = node.children(&mut cursor).filter(|child| child.kind() == "case_item").collect();
        for item in items {
            let mut cursor = item.walk();
            let children: Vec<Node<'t>> = item.children(&mut cursor).collect();
            let close = children.iter().position(|child| child.kind() == ")").unwrap_or(0);
            let pattern = item.start_byte()..children.get(close).map_or(item.start_byte(), |c| c.start_byte());
            let mut inner = scope.clone();
            let words = format!(
                "{} in {}",
                value.map_or("", |value| capped(self.text(value), 90)),
                capped(self.src.get(pattern).unwrap_or_default().trim_start_matches('('), 100)
            );
            inner.conditions = self.under(&scope.conditions, ConditionKind::Case, item.start_byte()..item.start_byte());
            inner.conditions = inner
                .conditions
                .iter()
                .enumerate()
                .map(|(at, condition)| match at + 1 == inner.conditions.len() {
                    true => Condition { test: words.clone(), ..condition.clone() },
                    false => condition.clone(),
                })
                .collect();
            self.branch(&statements_of(children.get(close..).unwrap_or_default()), &inner);
        }
    }

    /// Conditions with one more, which is what `test` covers.
    pub(super) fn under(&self, outer: &Arc<[Condition]>, kind: ConditionKind, test: Range<usize>) -> Arc<[Condition]> {
        let line = self.prepared.line(test.start);
        let text = capped(self.src.get(test).unwrap_or_default().trim(), 200).to_owned();
        let skip = (outer.len() + 1).saturating_sub(MAX_CONDITIONS);
        outer
            .iter()
            .skip(skip)
            .cloned()
            .chain(std::iter::once(Condition { kind, test: text, line, before: Vec::new() }))
            .collect()
    }
}

/// The conditions of a branch that is taken where those before it are not.
fn after(conditions: Arc<[Condition]>, before: &[String]) -> Arc<[Condition]> {
    if before.is_empty() {
        return conditions;
    }
    let mut all = conditions.to_vec();
    if let Some(last) = all.last_mut() {
        last.before = before.to_vec();
    }
    all.into()
}
