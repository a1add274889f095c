//! Statements, and-or lists and pipes as the shell reads them, and how sequences end.
//!
//! The tree nests operators as it likes: `a && b > f` is a redirected list there, and `! a | b` a pipe that begins
//! with a negation. Here a statement is flattened into its tokens and split by the real precedence.

use std::ops::Range;

use tree_sitter::Node;

use super::walk::{Scope, Walk};
use super::{ConditionKind, OnFailure, capped};

/// A statement of a sequence.
#[derive(Clone, Copy)]
pub(super) struct Statement<'t> {
    pub node: Node<'t>,
    pub background: bool,
}

/// A part of a pipe, with the redirections that follow it.
pub(super) struct Element<'t> {
    pub node: Node<'t>,
    pub redirects: Vec<Node<'t>>,
}

/// A part of an and-or list.
pub(super) struct Pipeline<'t> {
    /// What stands left of it; nothing for the first.
    pub operator: Option<ConditionKind>,
    pub negated: bool,
    pub elements: Vec<Element<'t>>,
}

impl Pipeline<'_> {
    pub(super) fn range(&self) -> Range<usize> {
        let start = self.elements.first().map_or(0, |element| element.node.start_byte());
        let end = self
            .elements
            .last()
            .map_or(start, |last| last.redirects.last().map_or(last.node.end_byte(), |r| r.end_byte().max(last.node.end_byte())));
        start..end
    }
}

/// How something ends the sequence it stands in.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Ending {
    Exit {
        fails: bool,
    },
    Return {
        fails: bool,
    },
    /// It does not end it, but always fails.
    Fails,
}

impl<'t> Walk<'t> {
    /// What a failing status comes to if the next statement looks at `$?`, and whether it is handed on as it is.
    pub(super) fn looked_at(&self, next: Statement<'t>, scope: &Scope) -> Option<(OnFailure, bool)> {
        let text = capped(self.text(next.node), 400);
        match next.node.kind() {
            "command" => match text.split_whitespace().collect::<Vec<_>>().as_slice() {
                ["exit"] | ["exit", "$?" | "\"$?\""] => Some((scope.abort.clone(), true)),
                ["return"] | ["return", "$?" | "\"$?\""] => Some((scope.returned.clone(), true)),
                _ => None,
            },
            "variable_assignment" if text.contains("$?") => Some((OnFailure::GoesOn, false)),
            "if_statement" => {
                let clauses = Clauses::of(next.node);
                let (condition, body) = clauses.tested.first()?;
                let test = condition.first().map(|statement| capped(self.text(statement.node), 200))?;
                let failing = match failing_test(test)? {
                    true => Some(body),
                    false => clauses.otherwise.as_ref(),
                };
                Some((
                    failing.and_then(|body| self.end_of(body)).and_then(|e| ended(e, scope)).unwrap_or(OnFailure::GoesOn),
                    false,
                ))
            }
            "list" => {
                let pipelines = flatten(next.node);
                let test = pipelines.first().map(|first| self.src.get(first.range()).unwrap_or_default())?;
                let second = pipelines.get(1)?;
                let acts = failing_test(test)? == (second.operator == Some(ConditionKind::And));
                let ending = second.elements.first().and_then(|element| self.ending(element.node, false, 0));
                Some((ending.filter(|_| acts).and_then(|e| ended(e, scope)).unwrap_or(OnFailure::GoesOn), false))
            }
            _ => None,
        }
    }

    /// How a sequence ends, if it always ends the same way.
    pub(super) fn end_of(&self, statements: &[Statement<'t>]) -> Option<Ending> {
        statements.iter().take(50).find_map(|s| self.ending(s.node, false, 0).filter(|e| *e != Ending::Fails))
    }

    /// How a statement ends its sequence. `failed`: it runs right after a failure, so that a bare `exit` hands it on.
    pub(super) fn ending(&self, node: Node<'t>, failed: bool, depth: u8) -> Option<Ending> {
        if depth > 6 {
            return None;
        }
        match node.kind() {
            "command" => {
                let mut words = capped(self.text(node), 200).split_whitespace();
                let name = words.next()?;
                let fails = match words.next() {
                    None | Some("$?" | "\"$?\"") => failed,
                    Some(number) => number != "0",
                };
                match name {
                    "exit" => Some(Ending::Exit { fails }),
                    "return" => Some(Ending::Return { fails }),
                    "false" => Some(Ending::Fails),
                    function => {
                        let body = self.by_name.get(function).and_then(|index| *self.bodies.get(*index)?)?;
                        match self.ending(body, failed, depth + 2)? {
                            Ending::Return { fails } => fails.then_some(Ending::Fails),
                            other => Some(other),
                        }
                    }
                }
            }
            "compound_statement" | "subshell" => {
                let statements = self.statements(node);
                let mut inner = statements.iter().take(50).enumerate();
                let found = inner
                    .find_map(|(at, s)| self.ending(s.node, failed && at == 0, depth + 1).filter(|e| *e != Ending::Fails))?;
                match (node.kind(), found) {
                    ("subshell", Ending::Exit { fails } | Ending::Return { fails }) => fails.then_some(Ending::Fails),
                    _ => Some(found),
                }
            }
            "redirected_statement" => self.ending(node.child_by_field_name("body")?, failed, depth + 1),
            "list" => {
                // `echo no && exit 1`: an announcement does not fail.
                let pipelines = flatten(node);
                let said = pipelines.iter().rev().skip(1).all(|p| {
                    let text = self.src.get(p.range()).unwrap_or_default();
                    text.starts_with("echo ") || text.starts_with("printf ")
                });
                let last = pipelines.last().filter(|last| said && last.operator == Some(ConditionKind::And))?;
                self.ending(last.elements.first()?.node, false, depth + 1)
            }
            _ => None,
        }
    }
}

/// What an ending comes to; nothing if it is a success.
pub(super) fn ended(ending: Ending, scope: &Scope) -> Option<OnFailure> {
    match ending {
        Ending::Exit { fails: true } => Some(scope.abort.clone()),
        Ending::Return { fails: true } => Some(scope.returned.clone()),
        _ => None,
    }
}

/// Whether a test of `$?` holds after a failure; nothing if it is none.
fn failing_test(test: &str) -> Option<bool> {
    if !test.contains("$?") {
        return None;
    }
    let words: Vec<&str> = test.split(|c: char| c.is_whitespace() || "[]()\"".contains(c)).filter(|w| !w.is_empty()).collect();
    match words.as_slice() {
        [.., "$?", "-ne" | "!=" | "-gt", "0"] => Some(true),
        [.., "$?", "-eq" | "==" | "=", "0"] => Some(false),
        _ => None,
    }
}

/// The statements among nodes, each with whether `&` follows it.
pub(super) fn statements_of<'t>(children: &[Node<'t>]) -> Vec<Statement<'t>> {
    const OTHER: [&str; 8] =
        ["comment", "variable_name", "word", "extglob_pattern", "elif_clause", "else_clause", "heredoc_body", "command_name"];
    let mut statements: Vec<Statement<'t>> = Vec::new();
    for child in children {
        if child.is_named() {
            if !OTHER.contains(&child.kind()) {
                statements.push(Statement { node: *child, background: false });
            }
        } else if child.kind() == "&" {
            if let Some(last) = statements.last_mut() {
                last.background = true;
            }
        }
    }
    statements
}

/// The parts of an `if`.
pub(super) struct Clauses<'t> {
    pub tested: Vec<(Vec<Statement<'t>>, Vec<Statement<'t>>)>,
    pub otherwise: Option<Vec<Statement<'t>>>,
}

impl<'t> Clauses<'t> {
    pub(super) fn of(node: Node<'t>) -> Self {
        let mut clauses = Self { tested: Vec::new(), otherwise: None };
        let mut cursor = node.walk();
        let children: Vec<Node<'t>> = node.children(&mut cursor).collect();
        let own: Vec<Node<'t>> =
            children.iter().copied().filter(|c| !matches!(c.kind(), "elif_clause" | "else_clause")).collect();
        clauses.tested.push(split_at_then(&own));
        for child in children {
            let mut cursor = child.walk();
            match child.kind() {
                "elif_clause" => clauses.tested.push(split_at_then(&child.children(&mut cursor).collect::<Vec<_>>())),
                "else_clause" => {
                    clauses.otherwise = Some(statements_of(&child.children(&mut cursor).collect::<Vec<_>>()));
                }
                _ => {}
            }
        }
        clauses
    }
}

fn split_at_then<'t>(children: &[Node<'t>]) -> (Vec<Statement<'t>>, Vec<Statement<'t>>) {
    let then = children.iter().position(|child| child.kind() == "then").unwrap_or(children.len());
    let (condition, body) = children.split_at(then);
    (statements_of(condition), statements_of(body))
}

/// A statement as an and-or list of pipes, whichever way the tree nests them.
pub(super) fn flatten(node: Node<'_>) -> Vec<Pipeline<'_>> {
    enum Work<'t> {
        Visit(Node<'t>, Vec<Node<'t>>),
        Operator(ConditionKind),
        Pipe,
        Not,
    }
    let mut pipelines = vec![Pipeline { operator: None, negated: false, elements: Vec::new() }];
    let mut stack = vec![Work::Visit(node, Vec::new())];
    while let Some(work) = stack.pop() {
        match work {
            Work::Pipe => {}
            Work::Operator(kind) => {
                pipelines.push(Pipeline { operator: Some(kind), negated: false, elements: Vec::new() });
            }
            Work::Not => {
                if let Some(last) = pipelines.last_mut() {
                    last.negated = !last.negated;
                }
            }
            Work::Visit(node, redirects) => {
                let mut cursor = node.walk();
                match node.kind() {
                    "list" | "pipeline" => {
                        let children: Vec<Node<'_>> = node.children(&mut cursor).collect();
                        let mut redirects = Some(redirects);
                        for child in children.into_iter().rev() {
                            match child.kind() {
                                "&&" => stack.push(Work::Operator(ConditionKind::And)),
                                "||" => stack.push(Work::Operator(ConditionKind::Or)),
                                "|" | "|&" => stack.push(Work::Pipe),
                                "comment" => {}
                                // Redirections belong to the last part.
                                _ => stack.push(Work::Visit(child, redirects.take().unwrap_or_default())),
                            }
                        }
                    }
                    "negated_command" => {
                        if let Some(inner) = node.named_children(&mut cursor).find(|child| child.kind() != "comment") {
                            stack.push(Work::Visit(inner, redirects));
                        }
                        stack.push(Work::Not);
                    }
                    "redirected_statement" => {
                        let body = node.child_by_field_name("body");
                        let own = node.named_children(&mut cursor).filter(|child| Some(*child) != body);
                        let all: Vec<Node<'_>> = own.chain(redirects).collect();
                        if let Some(body) = body {
                            stack.push(Work::Visit(body, all));
                        }
                    }
                    _ => {
                        if let Some(last) = pipelines.last_mut() {
                            last.elements.push(Element { node, redirects });
                        }
                    }
                }
            }
        }
    }
    pipelines.retain(|pipeline| !pipeline.elements.is_empty());
    pipelines
}
