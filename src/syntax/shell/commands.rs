//! Simple commands: their words, where they read and write, and what they change for those after them.

use tree_sitter::Node;

use super::dirs;
use super::walk::{Errexit, Scope, Walk, lost};
use super::{Command, Stdin, Word};

/// Words kept of one command.
const MAX_WORDS: usize = 4_096;

/// What the redirections of a statement come to.
#[derive(Default)]
pub(super) struct Redirections<'t> {
    pub stdin: Option<Stdin>,
    pub stdout: Option<String>,
    /// Words after a redirection, which the grammar takes for further targets.
    arguments: Vec<Node<'t>>,
    pub substitutions: Vec<Node<'t>>,
}

/// A command in the making.
#[derive(Default)]
struct Draft<'t> {
    words: Vec<Word>,
    assignments: Vec<(String, Word)>,
    redirects: Vec<Node<'t>>,
    substitutions: Vec<Node<'t>>,
}

impl<'t> Walk<'t> {
    /// One command, declaration, test or assignment.
    pub(super) fn simple(&mut self, node: Node<'t>, redirects: &[Node<'t>], pipe: Option<usize>, scope: &Scope) {
        let mut draft = Draft::default();
        let mut cursor = node.walk();
        let children: Vec<Node<'t>> = node.children(&mut cursor).collect();
        match node.kind() {
            "variable_assignment" => self.assignment(node, &mut draft),
            "test_command" => self.test(node, &mut draft),
            "compound_statement" => {
                draft.words.push(Word { text: self.text(node).to_owned(), literal: false });
                self.substitutions_in(node, &mut draft.substitutions);
            }
            _ => {
                for child in children {
                    match child.kind() {
                        "comment" => {}
                        "variable_assignment" => self.assignment(child, &mut draft),
                        "file_redirect" | "herestring_redirect" | "heredoc_redirect" => draft.redirects.push(child),
                        "subshell" => draft.substitutions.push(child),
                        _ if draft.words.len() < MAX_WORDS => {
                            let found = self.split_word(child, &mut draft.words);
                            draft.substitutions.extend(found);
                        }
                        _ => {}
                    }
                }
            }
        }
        draft.redirects.extend(redirects);
        let redirected = self.redirections(&draft.redirects);
        for argument in redirected.arguments {
            let found = self.split_word(argument, &mut draft.words);
            draft.substitutions.extend(found);
        }
        draft.substitutions.extend(redirected.substitutions);
        if draft.words.is_empty() && draft.assignments.is_empty() && draft.substitutions.is_empty() {
            return;
        }
        let fate = self.fate(scope);
        let bare = draft.words.is_empty();
        let name = draft.words.first().map(|word| word.text.clone()).unwrap_or_default();
        let prelude =
            matches!(name.as_str(), "" | "set" | "shopt" | "source" | "." | "export" | "readonly" | "declare" | "local");
        if !prelude && self.early.is_none() {
            self.early = Some(self.state.errexit == Errexit::On);
        }
        let stdin = redirected.stdin.or(pipe.map(|from| Stdin::Pipe { from })).or_else(|| self.waiting.take());
        let command = Command {
            words: draft.words,
            assignments: draft.assignments,
            line: self.line(node),
            end_line: self.end_line(node),
            function: scope.function,
            conditions: scope.conditions.clone(),
            on_failure: fate.clone(),
            decides_status: scope.last,
            stdin,
            stdout: redirected.stdout.or_else(|| scope.stdout.clone()),
            dir: self.state.dir.clone(),
            background: scope.background,
            substitution: scope.substitution,
            apart: scope.apart,
        };
        self.effects(&command);
        self.out.push((node.start_byte(), command));
        for substitution in draft.substitutions {
            // Only a bare assignment hands on the status of what it substitutes.
            let inner = if bare { fate.clone() } else { lost("inside $( )") };
            self.substitution(substitution, scope, inner);
        }
        self.call(&name, scope);
    }

    fn assignment(&mut self, node: Node<'t>, draft: &mut Draft<'t>) {
        let Some(name) = node.child_by_field_name("name") else { return };
        let mut cursor = node.walk();
        let appends = node.children(&mut cursor).any(|child| child.kind() == "+=");
        let mut word = Word { text: String::new(), literal: true };
        if let Some(value) = node.child_by_field_name("value") {
            let (found, substitutions) = self.word(value);
            word = found;
            draft.substitutions.extend(substitutions);
        }
        let name = self.text(name).to_owned();
        if appends {
            match self.value(&name) {
                Some((before, literal)) => {
                    word = Word { text: format!("{before}{}", word.text), literal: word.literal && literal };
                }
                None => word.literal = false,
            }
        }
        if draft.assignments.len() < MAX_WORDS {
            draft.assignments.push((name, word));
        }
    }

    /// `[ … ]` and `[[ … ]]`, as words.
    fn test(&mut self, node: Node<'t>, draft: &mut Draft<'t>) {
        let mut cursor = node.walk();
        if !cursor.goto_first_child() {
            return;
        }
        loop {
            let inner = cursor.node();
            let expression = inner.kind().ends_with("_expression") && inner.kind() != "brace_expression";
            if expression || inner.kind() == "redirected_statement" {
                if cursor.goto_first_child() {
                    continue;
                }
            } else if inner.kind() == "file_redirect" {
                draft.redirects.push(inner);
            } else if draft.words.len() < MAX_WORDS {
                let (word, found) = self.word(inner);
                draft.words.push(word);
                draft.substitutions.extend(found);
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() || cursor.node() == node {
                    return;
                }
            }
        }
    }

    pub(super) fn redirections(&mut self, nodes: &[Node<'t>]) -> Redirections<'t> {
        let mut all = Redirections::default();
        for node in nodes {
            let mut cursor = node.walk();
            let children: Vec<Node<'t>> = node.children(&mut cursor).collect();
            match node.kind() {
                "file_redirect" => self.file_redirect(&children, &mut all),
                "herestring_redirect" => {
                    if let Some(value) = children.iter().rev().find(|child| child.is_named()) {
                        let (word, found) = self.word(*value);
                        all.substitutions.extend(found);
                        all.stdin = Some(Stdin::HereString(word));
                    }
                }
                _ => {}
            }
        }
        all
    }

    fn file_redirect(&mut self, children: &[Node<'t>], all: &mut Redirections<'t>) {
        let descriptor = children.iter().find(|c| c.kind() == "file_descriptor").map(|c| self.text(*c));
        let Some(operator) = children.iter().find(|c| !c.is_named()) else { return };
        let mut targets = children.iter().filter(|c| c.is_named() && c.kind() != "file_descriptor");
        let Some(target) = targets.next() else { return };
        all.arguments.extend(targets);
        if let Some(heredoc) = self.heredoc(operator.start_byte()) {
            all.stdin = Some(heredoc);
            return;
        }
        let (word, found) = self.word(*target);
        all.substitutions.extend(found);
        match operator.kind() {
            "<" if descriptor.is_none_or(|d| d == "0") => all.stdin = Some(Stdin::File(word)),
            ">" | ">>" | ">|" | "&>" | "&>>" if descriptor.is_none_or(|d| d == "1") && word.literal => {
                all.stdout = Some(word.text);
            }
            ">&" if descriptor.is_none() && word.literal && !word.text.bytes().all(|b| b.is_ascii_digit() || b == b'-') => {
                all.stdout = Some(word.text);
            }
            _ => {}
        }
    }

    /// The heredoc whose `<<` stood at this offset.
    fn heredoc(&self, offset: usize) -> Option<Stdin> {
        let heredoc = self.prepared.heredocs.get(&offset)?;
        let body = self.src.get(heredoc.body.clone()).unwrap_or_default();
        let text = if heredoc.strip_tabs {
            body.split('\n').map(|line| line.trim_start_matches('\t')).collect::<Vec<_>>().join("\n")
        } else {
            body.to_owned()
        };
        Some(Stdin::Heredoc { text, line: self.prepared.line(heredoc.body.start), quoted: heredoc.quoted })
    }

    /// What a command changes for those after it.
    fn effects(&mut self, command: &Command) {
        let name = command.words.first().map(|word| word.text.as_str()).unwrap_or_default();
        let arguments = command.words.get(1..).unwrap_or_default();
        match name {
            "" | "export" | "declare" | "typeset" | "local" | "readonly" => {
                for (name, word) in &command.assignments {
                    let known = word.literal || dirs::anchored(&word.text);
                    self.assign(name, known.then(|| (word.text.clone(), word.literal)));
                }
            }
            "set" => self.set(arguments.iter().map(|word| word.text.as_str())),
            "unset" | "read" | "mapfile" | "readarray" | "getopts" => {
                for word in arguments.iter().filter(|word| !word.text.starts_with('-')) {
                    self.assign(&word.text, None);
                }
            }
            "cd" | "pushd" => {
                let target = arguments.iter().find(|word| !matches!(word.text.as_str(), "-P" | "-L" | "--"));
                let before = self.state.dir.clone();
                if name == "pushd" && self.state.dirs.len() < 64 {
                    self.state.dirs.push(before.clone());
                }
                self.state.dir = match target {
                    Some(word) if word.text == "-" => self.state.previous_dir.clone(),
                    Some(word) if dirs::is_here(&word.text) => before.clone(),
                    Some(word) if word.text.starts_with('~') => Some("?".into()),
                    Some(word) if word.literal || dirs::anchored(&word.text) => {
                        Some(dirs::join(before.as_deref(), &word.text)).filter(|dir| dir.len() <= 1_024 && dir != ".")
                    }
                    _ => Some("?".into()),
                };
                self.state.previous_dir = before;
            }
            "popd" => self.state.dir = self.state.dirs.pop().unwrap_or(Some("?".into())),
            _ => {}
        }
    }
}
