//! What is known where a part of a definition is read: parameters, variables, and what templates make of lists.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::super::held::{Held, Truth};
use super::expression::{self, Known};
use crate::syntax::json;
use crate::syntax::shell::REPO_ROOT;
use crate::syntax::tree::{Kind, Node};

/// Most variables or parameters of one place.
pub(super) const MAX_NAMES: usize = 200;
/// Longest value that is kept.
const MAX_VALUE: usize = 16 << 10;
/// Deepest nesting of directives.
const MAX_DEPTH: usize = 20;
/// Most elements that one list is repeated for.
const MAX_EACH: usize = 200;

/// The folder of the repository, as a shell names it.
pub(super) const ROOT: &str = "${BUILD_SOURCESDIRECTORY}";
/// Most items that the directives of one file make, together.
const MAX_ITEMS: usize = 20_000;

/// Values by name. Lists and maps are kept as JSON.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    /// `parameters.size`, and the names that `each` gives.
    pub(super) values: BTreeMap<String, String>,
    /// Variables, as written.
    pub(super) variables: BTreeMap<String, String>,
    /// Some variables come from a group or a template that is not here.
    pub(super) open_variables: bool,
    /// A condition of a template around it that is not decided.
    pub(super) open: Option<String>,
    /// The line of what is read, where it does not stand in the file as such.
    pub(super) fixed: Option<u32>,
    /// The variables of each cell of a matrix.
    pub(super) cells: Rc<[BTreeMap<String, String>]>,
    depth: usize,
    /// Items that may still be made; shared by all scopes of a file.
    left: Rc<Cell<usize>>,
}

impl Default for Scope {
    fn default() -> Self {
        Self {
            values: BTreeMap::new(),
            variables: BTreeMap::new(),
            open_variables: false,
            open: None,
            fixed: None,
            cells: Rc::from([]),
            depth: 0,
            left: Rc::new(Cell::new(MAX_ITEMS)),
        }
    }
}

impl Scope {
    /// The value of a name.
    pub(super) fn of(&self, name: &str) -> Option<String> {
        if let Some(value) = self.values.get(name) {
            return Some(value.clone());
        }
        if let Some(name) = name.strip_prefix("variables.") {
            return self.variable(name).filter(|v| !v.contains("$(") && !v.contains("${{"));
        }
        // a field of a value that has several
        let (first, rest) = name.match_indices('.').rev().find_map(|(at, _)| {
            let (first, rest) = (name.get(..at)?, name.get(at + 1..)?);
            self.values.get(first).map(|value| (value, rest))
        })?;
        let parsed = json::parse(first);
        Some(parsed.tree.root()?.at(rest)?.to_owned())
    }

    /// The value of a variable, whatever the case of its letters.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        let found = self
            .variables
            .get(name)
            .or_else(|| self.variables.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value));
        found.cloned()
    }

    /// A text with what is known in its place.
    pub(super) fn text(&self, node: Node<'_>) -> Option<String> {
        Some(self.fill(node.text()?))
    }

    pub(super) fn fill(&self, text: &str) -> String {
        if text.contains("${{") { expression::fill(text, &|name| self.of(name)) } else { text.to_owned() }
    }

    /// The line of something.
    pub(super) fn line(&self, line: u32) -> u32 {
        self.fixed.unwrap_or(line)
    }

    /// The value of a key, also where a directive stands around it.
    pub(super) fn get<'t>(&self, node: Node<'t>, key: &str) -> Option<Node<'t>> {
        node.get(key).or_else(|| {
            node.entries()
                .filter(|(k, v)| v.kind() == Kind::Map && directive(k.text).is_some())
                .filter(|(k, _)| match directive(k.text) {
                    Some(Directive::If(condition) | Directive::ElseIf(condition)) => self.held(condition).truth != Truth::No,
                    Some(Directive::Else | Directive::Insert) => true,
                    _ => false,
                })
                .find_map(|(_, value)| value.get(key))
        })
    }

    /// Whether a condition of a template holds.
    fn held(&self, condition: &str) -> Held {
        match expression::parse(condition) {
            Some(parsed) => expression::judge(&parsed, &|name| self.of(name).map_or(Known::Nothing, Known::Text)),
            None => Held::asking(condition),
        }
    }

    /// Every item of a list, once what the template says of it is followed, each with what is known there.
    pub(super) fn items(&self, list: Node<'_>, each: &mut dyn FnMut(Node<'_>, &Scope)) {
        if self.depth > MAX_DEPTH {
            return;
        }
        if let Some(text) = list.text() {
            return self.inserted(text, list.site_line(), each);
        }
        let mut decided = Truth::No;
        for item in list.items() {
            if self.left.get() == 0 {
                return;
            }
            self.left.set(self.left.get() - 1);
            let first = item.entries().next();
            let Some((directive, body)) = first.and_then(|(key, value)| Some((directive(key.text)?, value))) else {
                match item.text().filter(|t| t.trim().starts_with("${{") && t.trim().ends_with("}}")) {
                    Some(text) => self.inserted(text, item.site_line(), each),
                    None => each(item, self),
                }
                continue;
            };
            match directive {
                Directive::If(condition) => decided = self.branch(condition, Truth::No, body, each),
                Directive::ElseIf(condition) => decided = self.branch(condition, decided, body, each),
                Directive::Else => {
                    self.branch("true", decided, body, each);
                }
                Directive::Insert => self.deeper().items(body, each),
                Directive::Each(name, of) => self.repeated(name, of, body, each),
            }
        }
    }

    /// One branch; says how far one of the branches so far is taken.
    fn branch(&self, condition: &str, before: Truth, body: Node<'_>, each: &mut dyn FnMut(Node<'_>, &Scope)) -> Truth {
        let held = self.held(condition);
        let mut inner = self.deeper();
        match (before, held.truth) {
            (Truth::Yes, _) => return Truth::Yes,
            (_, Truth::No) => return before,
            (Truth::No, Truth::Yes) => {}
            _ => inner.open = self.open.clone().or_else(|| Some(condition.trim().to_owned())),
        }
        inner.items(body, each);
        if before == Truth::No || held.truth == Truth::Yes { held.truth } else { Truth::Maybe }
    }

    fn repeated(&self, name: &str, of: &str, body: Node<'_>, each: &mut dyn FnMut(Node<'_>, &Scope)) {
        let known = expression::parse(of).and_then(|e| expression::value(&e, &|name| self.of(name)));
        let mut inner = self.deeper();
        let Some(known) = known.filter(|k| k.trim_start().starts_with(['[', '{'])) else {
            inner.open = self.open.clone().or_else(|| Some(format!("each {name} in {}", of.trim())));
            return inner.items(body, each);
        };
        let parsed = json::parse(&known);
        let Some(root) = parsed.tree.root() else { return };
        let pairs: Vec<(Option<String>, Node<'_>)> = match root.kind() {
            Kind::Map => root.entries().map(|(key, value)| (Some(key.text.to_owned()), value)).collect(),
            _ => root.items().map(|item| (None, item)).collect(),
        };
        for (key, value) in pairs.into_iter().take(MAX_EACH) {
            let mut inner = self.deeper();
            let (name, value) = match key {
                Some(key) => {
                    inner.values.insert(format!("{name}.key"), key);
                    (format!("{name}.value"), value)
                }
                None => (name.to_owned(), value),
            };
            inner.values.insert(name, to_text(value, &Scope::default()));
            inner.items(body, each);
        }
    }

    /// What a parameter brings in as items.
    fn inserted(&self, text: &str, line: u32, each: &mut dyn FnMut(Node<'_>, &Scope)) {
        let inner = text.trim().strip_prefix("${{").and_then(|t| t.strip_suffix("}}"));
        let value = inner.and_then(expression::parse).and_then(|e| expression::value(&e, &|name| self.of(name)));
        let Some(value) = value.filter(|v| v.trim_start().starts_with(['[', '{'])) else { return };
        let parsed = json::parse(&value);
        let Some(root) = parsed.tree.root() else { return };
        let mut inner = self.deeper();
        inner.fixed = Some(self.line(line));
        match root.kind() {
            Kind::Map => each(root, &inner),
            _ => inner.items(root, each),
        }
    }

    /// The same behind a part that told of the open condition itself.
    pub(super) fn closed(&self) -> Self {
        Self { open: None, ..self.clone() }
    }

    fn deeper(&self) -> Self {
        Self { depth: self.depth + 1, ..self.clone() }
    }

    /// Adds variables of a pipeline, stage or job: a map, or a list of names, groups and templates. `template` gives the
    /// document of a template.
    pub(super) fn add_variables<'d>(&mut self, node: Node<'_>, template: &dyn Fn(&str) -> Option<Node<'d>>) {
        let mut found: Vec<(String, String)> = Vec::new();
        let mut open = false;
        if node.kind() == Kind::Map {
            found.extend(node.entries().filter_map(|(key, value)| Some((key.text.to_owned(), self.text(value)?))));
        } else {
            let known = self.clone();
            known.items(node, &mut |item, scope| {
                let of = |key: &str| item.get(key).and_then(|n| scope.text(n));
                if let Some(name) = of("name") {
                    // what only some runs set is not known
                    match of("value").filter(|_| scope.open.is_none()) {
                        Some(value) => found.push((name, value)),
                        None => open = true,
                    }
                } else if let Some(path) = of("template") {
                    match template(&path).and_then(|root| root.get("variables")) {
                        Some(inner) if scope.depth < MAX_DEPTH => {
                            let mut deeper = scope.deeper();
                            deeper.add_variables(inner, &|_| None);
                            open |= deeper.open_variables;
                            found.extend(deeper.variables);
                        }
                        _ => open = true,
                    }
                } else {
                    open |= item.get("group").is_some();
                }
            });
        }
        self.open_variables |= open;
        for (name, value) in found.into_iter().take(MAX_NAMES).filter(|(_, v)| v.len() <= MAX_VALUE) {
            self.variables.insert(name, value);
        }
    }

    /// A text for a shell: `$(name)` gives way to its value where that is known, and to a variable of the shell where
    /// the service would put one in.
    pub(super) fn for_a_shell(&self, text: &str) -> String {
        self.macros(&self.fill(text), 0)
    }

    fn macros(&self, text: &str, depth: usize) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("$(") {
            out.push_str(before);
            let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
            let name = after.split(')').next().filter(|n| !n.is_empty() && after.len() > n.len() && n.chars().all(is_name));
            let Some(name) = name else {
                out.push_str("$(");
                rest = after;
                continue;
            };
            rest = after.get(name.len() + 1..).unwrap_or("");
            match self.variable(name).filter(|v| !v.is_empty()) {
                Some(value) if depth < 4 && out.len() < MAX_VALUE * 16 => out.push_str(&self.macros(&value, depth + 1)),
                _ if is_root(name) => out.push_str(ROOT),
                // a command of the shell, and no variable
                None if !name.contains('.') && name.chars().all(|c| c.is_ascii_lowercase() || c == '-') => {
                    out.push_str(&format!("$({name})"));
                }
                _ => out.push_str(&format!("${{{}}}", name.replace(['.', '-'], "_").to_uppercase())),
            }
        }
        out.push_str(rest);
        out
    }

    /// Variables with literal values, as a shell sees them.
    pub(super) fn shell_variables(&self) -> BTreeMap<String, String> {
        let mut found: BTreeMap<String, String> = self
            .variables
            .iter()
            .map(|(name, value)| (name.replace(['.', '-'], "_").to_uppercase(), self.macros(value, 0)))
            .filter(|(_, value)| !value.contains('$'))
            .collect();
        for name in ["BUILD_SOURCESDIRECTORY", "SYSTEM_DEFAULTWORKINGDIRECTORY", "BUILD_REPOSITORY_LOCALPATH"] {
            found.insert(name.to_owned(), REPO_ROOT.to_owned());
        }
        found
    }
}

/// The folder of the repository, by its names.
fn is_root(name: &str) -> bool {
    ["build.sourcesdirectory", "system.defaultworkingdirectory", "build.repository.localpath"]
        .iter()
        .any(|root| name.eq_ignore_ascii_case(root))
}

/// What a key of a template says of what stands under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Directive<'t> {
    If(&'t str),
    ElseIf(&'t str),
    Else,
    Each(&'t str, &'t str),
    Insert,
}

fn directive(key: &str) -> Option<Directive<'_>> {
    let inner = key.trim().strip_prefix("${{")?.strip_suffix("}}")?.trim();
    if inner == "else" {
        return Some(Directive::Else);
    }
    if inner == "insert" {
        return Some(Directive::Insert);
    }
    if let Some(rest) = inner.strip_prefix("each ") {
        let (name, of) = rest.split_once(" in ")?;
        return Some(Directive::Each(name.trim(), of));
    }
    if let Some(condition) = inner.strip_prefix("elseif ").or_else(|| inner.strip_prefix("else if ")) {
        return Some(Directive::ElseIf(condition));
    }
    let rest = inner.strip_prefix("if")?;
    rest.starts_with([' ', '(']).then_some(Directive::If(rest))
}

/// A value as text: a scalar as it is, lists and maps as JSON.
pub(super) fn to_text(node: Node<'_>, scope: &Scope) -> String {
    match node.text() {
        Some(text) => scope.fill(text),
        None => {
            let mut out = String::new();
            write_json(node, scope, &mut out, 0);
            if out.len() > MAX_VALUE { String::new() } else { out }
        }
    }
}

fn write_json(node: Node<'_>, scope: &Scope, out: &mut String, depth: usize) {
    if depth > MAX_DEPTH || out.len() > MAX_VALUE {
        return out.push_str("null");
    }
    match node.kind() {
        Kind::Null => out.push_str("null"),
        Kind::Scalar => out.push_str(&quoted(&scope.fill(node.text().unwrap_or("")))),
        Kind::Seq => {
            out.push('[');
            for (at, item) in node.items().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                write_json(item, scope, out, depth + 1);
            }
            out.push(']');
        }
        Kind::Map => {
            out.push('{');
            for (at, (key, value)) in node.entries().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                out.push_str(&quoted(key.text));
                out.push(':');
                write_json(value, scope, out, depth + 1);
            }
            out.push('}');
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned())
}
