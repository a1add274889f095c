//! Lists (`a && b || c`) and pipes: which part runs when, and whose failure counts.
//!
//! Invariant: lists and pipes of any length are loops.

use std::ops::Range;

use tree_sitter::Node;

use super::flow::{Ending, Pipeline, ended, flatten};
use super::walk::{Scope, Walk, lost};
use super::{ConditionKind, OnFailure, capped};

impl<'t> Walk<'t> {
    pub(super) fn list(&mut self, node: Node<'t>, scope: &Scope) {
        let pipelines = flatten(node);
        let count = pipelines.len();
        // For each part the next `||` to its right.
        let mut handlers: Vec<Option<usize>> = vec![None; count];
        let mut handler = None;
        for (at, pipeline) in pipelines.iter().enumerate().rev() {
            if let Some(slot) = handlers.get_mut(at) {
                *slot = handler;
            }
            if pipeline.operator == Some(ConditionKind::Or) {
                handler = Some(at);
            }
        }
        let start = pipelines.first().map_or(node.start_byte(), |first| first.range().start);
        let mut left = start..start;
        for (at, pipeline) in pipelines.iter().enumerate() {
            let Some(first) = pipeline.elements.first() else { continue };
            if !self.room(first.node) {
                return;
            }
            let mut inner = scope.clone();
            if at + 1 < count {
                inner.ignored = true;
                inner.inverted = None;
                if let Some(handler) = handlers.get(at).copied().flatten().and_then(|h| pipelines.get(h).map(|p| (h, p))) {
                    inner.soft = self.handled(handler.1, handler.0 + 1 == count, start..pipeline.range().end, scope);
                    inner.last = scope.last && inner.soft == OnFailure::Stops;
                }
            }
            let mark = self.journal.len();
            let dir = self.state.dir.clone();
            if let Some(kind) = pipeline.operator {
                inner.conditions = self.under(&scope.conditions, kind, left.clone());
            }
            self.pipeline(pipeline, &inner);
            match pipeline.operator {
                // After `cd x && y` the text usually means to be in x.
                Some(ConditionKind::And) => self.rejoin(mark, &self.state.dir.clone()),
                Some(_) => {
                    self.state.dir = dir.clone();
                    self.rejoin(mark, &dir);
                }
                None => {}
            }
            left.end = pipeline.range().end;
        }
    }

    /// What becomes of a failure that `|| handler` takes up.
    fn handled(&mut self, handler: &Pipeline<'t>, last: bool, left: Range<usize>, scope: &Scope) -> OnFailure {
        let text = self.src.get(handler.range()).unwrap_or_default();
        let words: String = capped(text, 120).split_whitespace().collect::<Vec<_>>().join(" ");
        let words = format!("|| {}", capped(&words, 60));
        let single = match handler.elements.as_slice() {
            [single] if !handler.negated => single.node,
            _ => return lost(words),
        };
        match self.ending(single, true, 0) {
            Some(Ending::Fails) if last => self.fate(scope),
            Some(Ending::Fails) => scope.soft.clone(),
            Some(ending) => ended(ending, scope).unwrap_or_else(|| lost(words)),
            None => {
                if single.kind() == "variable_assignment" {
                    if let Some(name) = single.child_by_field_name("name") {
                        self.noted.push((left, self.text(name).to_owned(), words.clone()));
                    }
                }
                lost(words)
            }
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline<'t>, scope: &Scope) {
        let mut scope = scope.clone();
        let inverted = scope.inverted.take();
        if pipeline.negated {
            let fate = inverted.unwrap_or_else(|| lost("!"));
            scope.soft = fate.clone();
            scope.abort = fate;
            scope.ignored = true;
        }
        let count = pipeline.elements.len();
        if let [single] = pipeline.elements.as_slice() {
            self.element(single, None, &scope);
            return;
        }
        let direct = self.fate(&scope);
        let mut from = None;
        for (at, element) in pipeline.elements.iter().enumerate() {
            if !self.room(element.node) {
                return;
            }
            let mut inner = scope.clone();
            inner.apart = true;
            let counts = at + 1 == count || self.state.pipefail;
            inner.soft = if counts { direct.clone() } else { lost("left side of a pipe without pipefail") };
            inner.abort = inner.soft.clone();
            inner.returned = inner.soft.clone();
            inner.last = scope.last && counts;
            let (state, mark) = (self.state.clone(), self.journal.len());
            let before = self.out.len();
            self.element(element, from, &inner);
            self.state = state;
            self.undo(mark);
            // The command that ends it, or its last part.
            from = (self.out.len() > before).then(|| before.max(self.producer(before)));
        }
    }

    /// The last command from `before` on that is not inside a substitution of another.
    fn producer(&self, before: usize) -> usize {
        let nested = self.out.get(before).is_some_and(|(_, command)| command.substitution);
        let found = self.out.iter().enumerate().skip(before).rev().find(|(_, (_, c))| c.substitution == nested);
        found.map_or(before, |(at, _)| at)
    }
}
