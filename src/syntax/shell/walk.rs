//! Walks the syntax tree the way a shell would run it, and keeps what failure, conditions and folders come to.
//!
//! Both branches of everything are walked; a function is walked where it is first called, in the light of that
//! call, or at the end if nothing calls it.
//!
//! Invariants: no recursion deeper than [`MAX_DEPTH`] nested constructs and calls; sequences of any length
//! are loops; each command node is visited once.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use tree_sitter::{Node, Tree};

use super::flow::{Element, Statement, statements_of};
use super::prepare::Prepared;
use super::wordtext::MAX_VALUE;
use super::{Command, Condition, Function, MAX_COMMANDS, MAX_ERRORS, OnFailure, Options, Script, Stdin};
use crate::syntax::SyntaxError;

/// Constructs and calls inside one another.
const MAX_DEPTH: u16 = 100;
/// How much text variables may add to a script.
const MAX_GROWTH: usize = 1 << 20;

/// Words that can only end or go on with something.
const STRAY: [&str; 8] = ["then", "elif", "else", "fi", "do", "done", "esac", "}"];

/// Whether failure ends the script.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Errexit {
    Off,
    On,
    /// Off again, by an explicit `set +e`.
    TurnedOff,
}

/// What a subshell gets a copy of, but for variables, which are undone by a journal.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub errexit: Errexit,
    pub pipefail: bool,
    pub dir: Option<String>,
    pub previous_dir: Option<String>,
    pub dirs: Vec<Option<String>>,
}

/// What surrounds a statement.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    pub function: Option<usize>,
    pub conditions: Arc<[Condition]>,
    /// What a failing status comes to here when errexit does not fire.
    pub soft: OnFailure,
    /// What it comes to when this shell ends with a failure.
    pub abort: OnFailure,
    /// What it comes to when this function returns one.
    pub returned: OnFailure,
    /// Errexit is off here because the status is being tested.
    pub ignored: bool,
    /// What a failure under `!` comes to, where that is known better than "lost".
    pub inverted: Option<OnFailure>,
    pub last: bool,
    pub background: bool,
    pub substitution: bool,
    /// In a shell of its own.
    pub apart: bool,
    pub stdout: Option<String>,
    pub depth: u16,
}

pub(super) struct Walk<'t> {
    pub src: &'t str,
    pub masked: &'t str,
    pub prepared: &'t Prepared,
    pub state: State,
    /// Variables: `None` is "set, but not known".
    variables: BTreeMap<String, Option<(String, bool)>>,
    pub journal: Vec<(String, Option<Option<(String, bool)>>)>,
    /// How much text variables may still add.
    pub growth: usize,
    /// Last offset at which a variable is used.
    pub used: BTreeMap<String, usize>,
    functions: Vec<Function>,
    pub bodies: Vec<Option<Node<'t>>>,
    walked: Vec<bool>,
    by_start: BTreeMap<usize, usize>,
    pub by_name: BTreeMap<String, usize>,
    /// Commands with the offset at which they start.
    pub out: Vec<(usize, Command)>,
    /// Given to the next command that says not itself what it reads.
    pub waiting: Option<Stdin>,
    /// Errexit at the first real command.
    pub early: Option<bool>,
    /// `a || failed=1`: where `a` stands, the variable, the words.
    pub noted: Vec<(Range<usize>, String, String)>,
    errors: Vec<SyntaxError>,
    full: bool,
}

pub(super) fn walk<'t>(src: &'t str, prepared: &'t Prepared, tree: &'t Tree, options: &Options) -> Script {
    let mut walk = Walk {
        src,
        masked: &prepared.masked,
        prepared,
        state: State {
            errexit: if options.errexit { Errexit::On } else { Errexit::Off },
            pipefail: options.pipefail,
            dir: None,
            previous_dir: None,
            dirs: Vec::new(),
        },
        variables: options.variables.iter().map(|(k, v)| (k.clone(), Some((v.clone(), true)))).collect(),
        journal: Vec::new(),
        growth: MAX_GROWTH,
        used: BTreeMap::new(),
        functions: Vec::new(),
        bodies: Vec::new(),
        walked: Vec::new(),
        by_start: BTreeMap::new(),
        by_name: BTreeMap::new(),
        out: Vec::new(),
        waiting: None,
        early: None,
        noted: Vec::new(),
        errors: prepared.errors.clone(),
        full: false,
    };
    walk.shebang();
    walk.survey(tree);
    let scope = Scope {
        function: None,
        conditions: Arc::from([]),
        soft: OnFailure::Stops,
        abort: OnFailure::Stops,
        returned: OnFailure::Stops,
        ignored: false,
        inverted: None,
        last: true,
        background: false,
        substitution: false,
        apart: false,
        stdout: None,
        depth: 0,
    };
    let statements = walk.statements(tree.root_node());
    walk.sequence(&statements, &scope);
    walk.uncalled(&scope);
    walk.finish()
}

pub(super) fn lost(why: impl Into<String>) -> OnFailure {
    OnFailure::Discarded { why: why.into() }
}

impl<'t> Walk<'t> {
    /// `#!/bin/bash -e`
    fn shebang(&mut self) {
        let first = self.src.lines().next().unwrap_or_default();
        if let Some(line) = first.strip_prefix("#!") {
            let options: Vec<&str> = line.split_whitespace().filter(|word| *word != "-S").collect();
            self.set(options.into_iter().skip_while(|word| !word.starts_with('-')));
        }
    }

    /// The words after `set`.
    pub(super) fn set<'w>(&mut self, words: impl Iterator<Item = &'w str>) {
        let mut names = None;
        for word in words {
            if let Some(on) = names.take() {
                match word {
                    "errexit" => self.set_errexit(on),
                    "pipefail" => self.state.pipefail = on,
                    _ => {}
                }
                continue;
            }
            let (on, letters) = match (word.strip_prefix('-'), word.strip_prefix('+')) {
                (Some("-" | ""), _) | (None, None) => return,
                (Some(letters), _) => (true, letters),
                (_, Some(letters)) => (false, letters),
            };
            if letters.contains('e') && !letters.starts_with('-') {
                self.set_errexit(on);
            }
            if letters.ends_with('o') {
                names = Some(on);
            }
        }
    }

    fn set_errexit(&mut self, on: bool) {
        self.state.errexit = if on { Errexit::On } else { Errexit::TurnedOff };
    }

    /// One pass over the whole tree for functions and errors.
    fn survey(&mut self, tree: &'t Tree) {
        let mut cursor = tree.walk();
        loop {
            let node = cursor.node();
            if node.kind() == "function_definition" {
                let index = self.functions.len();
                let name = node.child_by_field_name("name").map_or("", |n| self.text(n)).to_owned();
                self.functions.push(Function { name, line: self.line(node), end_line: self.end_line(node) });
                self.bodies.push(node.child_by_field_name("body"));
                self.walked.push(false);
                self.by_start.insert(node.start_byte(), index);
            } else if node.kind() == "command_name" && STRAY.contains(&self.text(node)) {
                // The grammar takes them for commands.
                self.error(node.start_byte(), format!("`{}` ends nothing here", self.text(node)));
            } else if node.is_missing() {
                self.error(node.start_byte(), format!("`{}` is missing", node.kind()));
            } else if node.is_error() {
                self.error(node.start_byte(), "not understood from here on".into());
            }
            if cursor.goto_first_child() {
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return;
                }
            }
        }
    }

    pub(super) fn error(&mut self, offset: usize, message: String) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(SyntaxError { line: self.prepared.line(offset), message });
        }
    }

    pub(super) fn text(&self, node: Node<'t>) -> &'t str {
        self.src.get(node.byte_range()).unwrap_or_default()
    }

    pub(super) fn line(&self, node: Node<'t>) -> u32 {
        self.prepared.line(node.start_byte())
    }

    pub(super) fn end_line(&self, node: Node<'t>) -> u32 {
        self.prepared.line(node.end_byte().saturating_sub(1).max(node.start_byte()))
    }

    // Variables.

    pub(super) fn value(&self, name: &str) -> Option<(&str, bool)> {
        self.variables.get(name)?.as_ref().map(|(text, literal)| (text.as_str(), *literal))
    }

    pub(super) fn assign(&mut self, name: &str, value: Option<(String, bool)>) {
        let value = value.filter(|(text, _)| text.len() <= MAX_VALUE);
        let before = self.variables.insert(name.to_owned(), value);
        self.journal.push((name.to_owned(), before));
    }

    pub(super) fn undo(&mut self, mark: usize) {
        while self.journal.len() > mark {
            let Some((name, before)) = self.journal.pop() else { return };
            match before {
                Some(value) => self.variables.insert(name, value),
                None => self.variables.remove(&name),
            };
        }
    }

    /// After something that may or may not have run: what it changed is not known.
    pub(super) fn rejoin(&mut self, mark: usize, dir: &Option<String>) {
        let mut first: BTreeMap<String, Option<Option<(String, bool)>>> = BTreeMap::new();
        for (name, before) in self.journal.get(mark..).unwrap_or_default() {
            first.entry(name.clone()).or_insert_with(|| before.clone());
        }
        for (name, before) in first {
            if self.variables.get(&name) != before.as_ref() {
                self.assign(&name, None);
            }
        }
        if self.state.dir != *dir {
            self.state.dir = Some("?".into());
        }
    }

    // Emitting.

    /// Whether there is room for one more command.
    pub(super) fn room(&mut self, node: Node<'t>) -> bool {
        if self.out.len() >= MAX_COMMANDS && !self.full {
            self.full = true;
            self.error(node.start_byte(), format!("more than {MAX_COMMANDS} commands; the rest is not read"));
        }
        !self.full
    }

    /// What a failing command comes to.
    pub(super) fn fate(&self, scope: &Scope) -> OnFailure {
        if self.state.errexit == Errexit::On && !scope.ignored { scope.abort.clone() } else { scope.soft.clone() }
    }

    fn finish(mut self) -> Script {
        let mut order: Vec<usize> = (0..self.out.len()).collect();
        order.sort_by_key(|index| self.out.get(*index).map_or(0, |(start, _)| *start));
        let mut place = vec![0; order.len()];
        for (new, old) in order.iter().enumerate() {
            if let Some(slot) = place.get_mut(*old) {
                *slot = new;
            }
        }
        self.out.sort_by_key(|(start, _)| *start);
        let noted = std::mem::take(&mut self.noted);
        for (range, variable, words) in noted {
            // A status that is noted in a variable and looked at later is not lost.
            if self.used.get(&variable).is_none_or(|at| *at < range.end) {
                continue;
            }
            let from = self.out.partition_point(|(start, _)| *start < range.start);
            for (start, command) in self.out.iter_mut().skip(from) {
                if *start >= range.end {
                    break;
                }
                if matches!(&command.on_failure, OnFailure::Discarded { why } if *why == words) {
                    command.on_failure = OnFailure::GoesOn;
                }
            }
        }
        let errexit = self.early.unwrap_or(self.state.errexit == Errexit::On);
        let mut commands: Vec<Command> = self.out.into_iter().map(|(_, command)| command).collect();
        for command in &mut commands {
            if let Some(Stdin::Pipe { from }) = &mut command.stdin {
                *from = place.get(*from).copied().unwrap_or(*from);
            }
        }
        self.errors.sort_by_key(|error| error.line);
        Script { commands, functions: self.functions, errors: self.errors, errexit, ..Script::default() }
    }

    // Sequences.

    /// The statements among the children of a node.
    pub(super) fn statements(&self, node: Node<'t>) -> Vec<Statement<'t>> {
        let mut cursor = node.walk();
        let children: Vec<Node<'t>> = node.children(&mut cursor).collect();
        statements_of(&children)
    }

    pub(super) fn sequence_in(&mut self, node: Node<'t>, scope: &Scope) {
        let statements = self.statements(node);
        self.sequence(&statements, scope);
    }

    pub(super) fn sequence(&mut self, statements: &[Statement<'t>], scope: &Scope) {
        if scope.depth >= MAX_DEPTH {
            if let Some(first) = statements.first() {
                self.error(first.node.start_byte(), format!("nested deeper than {MAX_DEPTH}; not read"));
            }
            return;
        }
        // Whatever fails before an unconditional success at the end of the sequence is lost.
        let success = statements.iter().enumerate().rev().find_map(|(at, statement)| {
            let text = if statement.node.kind() == "command" { self.text(statement.node) } else { "" };
            let ends = text == "exit 0" || (at + 1 == statements.len() && matches!(text, "true" | ":"));
            ends.then_some((at, text))
        });
        for (at, statement) in statements.iter().enumerate() {
            if !self.room(statement.node) {
                return;
            }
            let mut inner = scope.clone();
            inner.depth += 1;
            if statement.background {
                inner.soft = lost("&");
                inner.abort = lost("&");
                inner.background = true;
                inner.apart = true;
                inner.ignored = true;
                inner.last = false;
            } else if let Some(next) = statements.get(at + 1) {
                let (soft, last) = self.looked_at(*next, scope).unwrap_or_else(|| {
                    let soft = match success {
                        Some((end, text)) if at < end => lost(format!("; {text}")),
                        _ if self.state.errexit == Errexit::TurnedOff => lost("set +e"),
                        _ => OnFailure::GoesOn,
                    };
                    (soft, false)
                });
                inner.soft = soft;
                inner.last = last && scope.last;
            }
            self.list(statement.node, &inner);
        }
    }

    // Elements.

    pub(super) fn element(&mut self, element: &Element<'t>, pipe: Option<usize>, scope: &Scope) {
        let node = element.node;
        if matches!(
            node.kind(),
            "command" | "variable_assignment" | "variable_assignments" | "declaration_command" | "unset_command" | "test_command"
        ) || (node.kind() == "compound_statement" && self.text(node).starts_with("(("))
        {
            self.simple(node, &element.redirects, pipe, scope);
            return;
        }
        let mut scope = scope.clone();
        scope.depth += 1;
        let redirected = self.redirections(&element.redirects);
        if redirected.stdout.is_some() {
            scope.stdout = redirected.stdout;
        }
        for substitution in redirected.substitutions {
            self.substitution(substitution, &scope, lost("inside $( )"));
        }
        let outer = self.waiting.take();
        self.waiting = redirected.stdin.or(pipe.map(|from| Stdin::Pipe { from })).or_else(|| outer.clone());
        match node.kind() {
            "subshell" => {
                let fate = self.fate(&scope);
                let (state, mark) = (self.state.clone(), self.journal.len());
                scope.apart = true;
                scope.soft = fate.clone();
                scope.abort = fate.clone();
                scope.returned = fate;
                self.sequence_in(node, &scope);
                self.state = state;
                self.undo(mark);
            }
            "compound_statement" | "do_group" | "ERROR" => self.sequence_in(node, &scope),
            "if_statement" => self.conditional(node, &scope),
            "while_statement" | "for_statement" | "c_style_for_statement" => self.repeated(node, &scope),
            "case_statement" => self.cases(node, &scope),
            "function_definition" => {
                if let Some(index) = self.by_start.get(&node.start_byte()).copied() {
                    let name = self.functions.get(index).map(|f| f.name.clone()).unwrap_or_default();
                    self.by_name.insert(name, index);
                }
            }
            _ => {}
        }
        self.waiting = None;
    }

    // Substitutions and functions.

    pub(super) fn substitution(&mut self, node: Node<'t>, scope: &Scope, fate: OnFailure) {
        let mut inner = scope.clone();
        inner.substitution = true;
        inner.apart = true;
        inner.stdout = None;
        inner.soft = fate.clone();
        inner.abort = fate.clone();
        inner.returned = fate;
        // A substitution does not inherit errexit.
        inner.ignored = true;
        inner.inverted = None;
        inner.last = false;
        inner.depth += 1;
        let (state, mark) = (self.state.clone(), self.journal.len());
        let waiting = self.waiting.take();
        self.sequence_in(node, &inner);
        self.waiting = waiting;
        self.state = state;
        self.undo(mark);
    }

    /// Walks the body of a function in the light of its first call.
    pub(super) fn call(&mut self, name: &str, scope: &Scope) {
        let Some(index) = self.by_name.get(name).copied() else { return };
        let Some(body) = self.unwalked(index) else { return };
        let fate = self.fate(scope);
        let inner = Scope {
            function: Some(index),
            conditions: Arc::from([]),
            soft: fate.clone(),
            returned: fate,
            inverted: None,
            background: false,
            substitution: false,
            // a `return` leaves the function, wherever that was called
            apart: false,
            stdout: None,
            depth: scope.depth + 1,
            ..scope.clone()
        };
        self.body(body, &inner);
    }

    fn body(&mut self, body: Node<'t>, scope: &Scope) {
        let waiting = self.waiting.take();
        self.element(&Element { node: body, redirects: Vec::new() }, None, scope);
        self.waiting = waiting;
    }

    /// The body of a function, once.
    fn unwalked(&mut self, index: usize) -> Option<Node<'t>> {
        let walked = self.walked.get_mut(index)?;
        if std::mem::replace(walked, true) {
            return None;
        }
        *self.bodies.get(index)?
    }

    /// What nothing in this text calls may be called by one that sources it.
    fn uncalled(&mut self, scope: &Scope) {
        self.state.dir = None;
        let mut scope = Scope { last: false, soft: OnFailure::GoesOn, returned: OnFailure::GoesOn, ..scope.clone() };
        scope.depth += 1;
        for index in 0..self.functions.len() {
            if let Some(body) = self.unwalked(index) {
                let (state, mark) = (self.state.clone(), self.journal.len());
                scope.function = Some(index);
                self.body(body, &scope);
                self.state = state;
                self.undo(mark);
            }
        }
    }
}
