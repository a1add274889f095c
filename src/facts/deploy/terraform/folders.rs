//! What an expression of a configuration means: over the files of its folder, the folder that takes it in, and those that
//! it takes in itself.
//!
//! A variable is what the one caller gives, else what a file of values says, else its default; where two callers give
//! something it is open. Every step over a name costs depth, so configurations that refer to each other end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{amazon, definition};
use crate::facts::Context;
use crate::source::{self, RepoPath, extension, folder};
use crate::syntax::tree::{Kind, Node, Tree};

/// Most resources of one folder.
const MAX_RESOURCES: usize = 2_000;
/// Most references of one text.
const MAX_REFERENCES: usize = 50;
/// Most folders that one takes in.
const MAX_MODULES: usize = 40;
/// Most names that stand for one another.
const DEPTH: usize = 6;

/// A resource of a folder: where it stands, and what it says.
#[derive(Clone, Copy)]
pub(super) struct Resource<'t> {
    pub(super) kind: &'t str,
    pub(super) name: &'t str,
    pub(super) line: u32,
    pub(super) node: Node<'t>,
    pub(super) path: &'t RepoPath,
}

/// The files of a folder as one.
#[derive(Default)]
pub(super) struct Folder<'t> {
    /// By `kind.name`, as expressions name them.
    pub(super) resources: BTreeMap<String, Resource<'t>>,
    variables: BTreeMap<&'t str, Node<'t>>,
    given: BTreeMap<&'t str, Node<'t>>,
    locals: BTreeMap<&'t str, Node<'t>>,
    outputs: BTreeMap<&'t str, Node<'t>>,
}

/// Folders by their path.
pub(super) type World<'t> = BTreeMap<String, Folder<'t>>;

/// Everything that is read together with a file, and the file itself.
pub(super) fn world<'t>(context: &'t Context<'_>, own: Option<(&'t RepoPath, &'t Arc<Tree>)>) -> World<'t> {
    let wholes = context.joined.wholes.iter().flat_map(|whole| whole.documents.iter());
    let documents: BTreeMap<&RepoPath, &Arc<Tree>> = wholes.chain(own).collect();
    let mut world: World<'t> = BTreeMap::new();
    for (path, tree) in documents.into_iter().filter(|(path, _)| matches!(extension(path), Some("tf" | "tfvars"))) {
        let Some(root) = tree.root() else { continue };
        let of = world.entry(folder(path).to_owned()).or_default();
        match extension(path) {
            Some("tfvars") => of.given.extend(root.entries().map(|(key, value)| (key.text, value))),
            _ => of.add(path, root),
        }
    }
    world
}

impl<'t> Folder<'t> {
    fn add(&mut self, path: &'t RepoPath, root: Node<'t>) {
        for (block, of) in root.entries() {
            match block.text {
                "resource" | "data" => {
                    let each = of.entries().flat_map(|(kind, named)| named.entries().map(move |(name, it)| (kind, name, it)));
                    for (kind, name, node) in each.take(MAX_RESOURCES) {
                        let front = if block.text == "data" { "data." } else { "" };
                        let resource = Resource { kind: kind.text, name: name.text, line: node.line(), node, path };
                        self.resources.insert(format!("{front}{}.{}", kind.text, name.text), resource);
                    }
                }
                "module" => {
                    for (name, node) in of.entries().take(MAX_RESOURCES) {
                        let resource = Resource { kind: "module", name: name.text, line: node.line(), node, path };
                        self.resources.insert(format!("module.{}", name.text), resource);
                    }
                }
                "variable" => self.variables.extend(of.entries().filter_map(|(k, v)| Some((k.text, v.get("default")?)))),
                "output" => self.outputs.extend(of.entries().filter_map(|(k, v)| Some((k.text, v.get("value")?)))),
                "locals" => self.locals.extend(of.entries().map(|(k, v)| (k.text, v))),
                _ => {}
            }
        }
    }
}

/// A folder among those that are read together.
#[derive(Clone, Copy)]
pub(super) struct Configuration<'t> {
    world: &'t World<'t>,
    pub(super) own: &'t Folder<'t>,
    pub(super) home: &'t str,
}

impl<'t> Configuration<'t> {
    pub(super) fn at(world: &'t World<'t>, home: &str) -> Option<Self> {
        world.get_key_value(home).map(|(home, own)| Self { world, own, home })
    }

    /// The folder that a module takes in, where it lies here.
    fn taken_in(&self, module: &Resource<'_>) -> Option<String> {
        let source = module.node.at("source").filter(|source| source.starts_with('.') && module.kind == "module")?;
        source::join(self.home, source)
    }

    /// The files that one of this folder asks for: those beside it, those of the folders that it takes in, and the
    /// definitions that it reads.
    pub(super) fn asks(&self, path: &RepoPath) -> BTreeSet<String> {
        let own = || self.own.resources.values().filter(|resource| resource.path == path);
        let definitions = own().filter_map(|resource| definition::file(self, definition::of(resource)?));
        let inside = own().filter_map(|module| self.taken_in(module)).take(MAX_MODULES);
        let beside = ["*.tf", "terraform.tfvars", "*.auto.tfvars"].iter().filter_map(|name| source::join(self.home, name));
        let inside = inside.filter_map(|home| source::join(&home, "*.tf"));
        beside.chain(inside).chain(definitions.map(|(path, _)| path)).collect()
    }

    /// The modules by which other folders take this one in.
    fn callers(&self) -> impl Iterator<Item = (Self, &'t Resource<'t>)> {
        let this = *self;
        this.world.iter().flat_map(move |(home, own)| {
            let at = Self { world: this.world, own, home };
            own.resources.values().filter(move |module| at.taken_in(module).as_deref() == Some(this.home)).map(move |m| (at, m))
        })
    }

    /// The folder in which all of it is applied: of what one other takes in, that one's.
    pub(super) fn applied_in(&self) -> Option<&'t str> {
        let mut at = *self;
        for _ in 0..DEPTH {
            let homes: BTreeSet<&'t str> = at.callers().take(MAX_MODULES).map(|(caller, _)| caller.home).collect();
            match (homes.first(), homes.len()) {
                (None, _) => return Some(at.home),
                (Some(home), 1) => at = Self::at(at.world, home)?,
                _ => return None,
            }
        }
        None
    }

    /// Whether there is one of a resource, and of the folder that it stands in; else why that cannot be said.
    pub(super) fn is_there(&self, resource: &Resource<'_>) -> Result<bool, &'static str> {
        let mut callers = self.callers().take(MAX_MODULES).peekable();
        let called = callers.peek().is_some();
        if called && callers.all(|(at, module)| at.several(module) == Ok(false)) {
            return Ok(false);
        }
        self.several(resource)
    }

    /// What `count` and `for_each` of a block come to: whether there is any.
    fn several(&self, resource: &Resource<'_>) -> Result<bool, &'static str> {
        const OPEN: &str = "whether it is there at all is decided when it is applied";
        if let Some(count) = resource.node.get("count") {
            return self.number(count).map(|number| number != "0").ok_or(OPEN);
        }
        match resource.node.get("for_each") {
            None => Ok(true),
            Some(each) if matches!(each.kind(), Kind::Map | Kind::Seq) => {
                Ok(each.entries().next().is_some() || each.items().next().is_some())
            }
            Some(each) => match each.text().map(|text| text.trim_start_matches("${").trim_end_matches('}').trim()) {
                Some("toset([])" | "{" | "[]") => Ok(false),
                _ => Err(OPEN),
            },
        }
    }

    /// A number: a literal, or a choice by a literal (`var.on ? 1 : 0`).
    fn number(&self, node: Node<'_>) -> Option<String> {
        if let Some(literal) = self.literal(node) {
            return Some(literal);
        }
        let text = node.text()?;
        let inner = text.strip_prefix("${").and_then(|t| t.strip_suffix('}')).unwrap_or(text);
        let (asked, choice) = inner.split_once('?')?;
        let (yes, no) = choice.split_once(':')?;
        let (at, value) = self.named(asked.trim())?;
        let chosen = match at.literal(value)?.as_str() {
            "true" => yes.trim(),
            "false" => no.trim(),
            _ => return None,
        };
        chosen.parse::<u32>().ok().map(|number| number.to_string())
    }

    /// What a variable is: the value, and where that stands.
    fn variable(&self, name: &str) -> Option<(Self, Node<'t>)> {
        let own = || self.own.given.get(name).or_else(|| self.own.variables.get(name)).map(|value| (*self, *value));
        let given =
            self.callers().take(MAX_MODULES).map(|(at, module)| module.node.get(name).map(|value| (at, value)).or_else(own));
        let given: Vec<Option<(Self, Node<'t>)>> = given.collect();
        let Some((first, rest)) = given.split_first() else { return own() };
        // one environment beside another takes the same module in: known is what all of them say alike
        let first = (*first)?;
        let alike = |other: &Option<(Self, Node<'t>)>| other.is_some_and(|other| Self::says(other) == Self::says(first));
        (rest.is_empty() || (Self::says(first).is_some() && rest.iter().all(alike))).then_some(first)
    }

    /// What a value says: a literal, or the resource that it names.
    fn says((at, value): (Self, Node<'t>)) -> Option<(bool, String)> {
        let literal = at.literal(value).map(|text| (false, text));
        literal
            .or_else(|| Some((true, value.text().filter(|text| !text.contains("var.") && !text.contains("local."))?.to_owned())))
    }

    /// What a name like `var.x` or `local.x` stands for.
    fn named(&self, text: &str) -> Option<(Self, Node<'t>)> {
        let name = text.strip_prefix("${").and_then(|t| t.strip_suffix('}')).unwrap_or(text).trim();
        match name.split_once('.')? {
            ("var", name) => self.variable(name),
            ("local", name) => self.own.locals.get(name).map(|value| (*self, *value)),
            _ => None,
        }
    }

    /// The literal that a value is, whole.
    pub(super) fn literal(&self, node: Node<'_>) -> Option<String> {
        let (mut text, mut expression, mut at) = (node.text()?.to_owned(), node.is_expression(), *self);
        for _ in 0..DEPTH {
            if !expression {
                return Some(text);
            }
            let (there, value) = at.named(&text)?;
            (text, expression, at) = (value.text()?.to_owned(), value.is_expression(), there);
        }
        None
    }

    /// The text of a value: a literal, a variable, a path of a folder; and the folder from which it is named. None for
    /// anything more.
    pub(super) fn text(&self, node: Node<'_>) -> Option<(String, &'t str)> {
        let (mut text, mut expression, mut at) = (node.text()?.to_owned(), node.is_expression(), *self);
        for _ in 0..DEPTH {
            if !expression {
                return Some((text, at.home));
            }
            let Some((there, value)) = at.named(&text) else { break };
            (text, expression, at) = (value.text()?.to_owned(), value.is_expression(), there);
        }
        let put = |text: String, name: &&str| text.replace(&format!("${{{name}}}"), ".");
        let text = ["path.module", "path.root", "path.cwd"].iter().fold(text, put);
        (!text.contains("${") && text.contains('/') && !text.contains(['(', '"', '?'])).then_some((text, at.home))
    }

    /// A text of several lines as it will stand: what is literal is put in, any other hole is a variable that nobody
    /// knows, and two dollars are one.
    pub(super) fn filled(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            rest = after;
            if let Some(before) = before.strip_suffix('$') {
                out.push_str(before);
                out.push_str("${");
                continue;
            }
            out.push_str(before);
            let Some((name, behind)) = after.split_once('}') else { break };
            let known = self.named(name).and_then(|(at, value)| at.literal(value));
            out.push_str(known.as_deref().unwrap_or("$UNKNOWN"));
            rest = behind;
        }
        out + rest
    }

    /// A path of the repository that a value names.
    pub(super) fn path(&self, node: Node<'_>) -> Option<String> {
        let (text, home) = self.text(node)?;
        source::join(home, &text)
    }

    /// The resources that a text refers to, in its order, with what variables and the outputs of other folders stand for.
    pub(super) fn references(&self, text: &str, depth: usize) -> Vec<(String, Resource<'t>)> {
        let name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        let tokens = text.split(|c: char| !name(c)).filter(|token| token.contains('.'));
        let mut found = Vec::new();
        for token in tokens.take(MAX_REFERENCES).filter(|_| depth < DEPTH) {
            let mut parts = token.split('.');
            let (Some(first), Some(second)) = (parts.next(), parts.next()) else { continue };
            if matches!(first, "var" | "local") {
                if let Some((at, value)) = self.named(&format!("{first}.{second}"))
                    && let Some(text) = value.text().filter(|_| value.is_expression())
                {
                    found.extend(at.references(text, depth + 1));
                }
                continue;
            }
            let key = match first {
                "data" => format!("data.{second}.{}", parts.next().unwrap_or_default()),
                _ => format!("{first}.{second}"),
            };
            let Some(resource) = self.own.resources.get(&key).copied() else { continue };
            match self.taken_in(&resource).filter(|_| !amazon::takes_part(&resource)) {
                Some(home) => {
                    let output = Self::at(self.world, &home).zip(parts.next());
                    let value = output.and_then(|(at, name)| Some((at, at.own.outputs.get(name)?.text()?)));
                    found.extend(value.into_iter().flat_map(|(at, text)| at.references(text, depth + 1)));
                }
                None => found.push((key, resource)),
            }
            if found.len() >= MAX_REFERENCES {
                break;
            }
        }
        found
    }

    /// The resource that a value refers to, and what it is.
    pub(super) fn referred(&self, node: Node<'_>) -> Option<(String, Resource<'t>)> {
        let text = node.text().filter(|_| node.is_expression())?;
        self.references(text, 0).into_iter().next()
    }
}
