//! One tree for every structured format, with the line of everything in it.
//!
//! YAML, JSON, TOML, HCL, INI and Bicep are lowered to the same arena, so whatever looks for keys, values
//! and lines is written once and works for all of them.
//!
//! Invariants:
//! - A tree is plain data and borrows nothing from the text it was read from.
//! - Every node and every key knows its 1-based lines.
//! - Aliases are references. They never form a cycle, a path through them is never deeper than
//!   [`MAX_DEPTH`], and walking everything through them visits at most [`MAX_NODES`] +
//!   [`MAX_EXPANDED`] nodes: a reader may recurse over a hostile file without a guard of its own.
//! - Duplicate keys are kept in file order; [`Node::get`] answers with the last.
//!
//! [`MAX_DEPTH`]: super::build::MAX_DEPTH
//! [`MAX_NODES`]: super::build::MAX_NODES
//! [`MAX_EXPANDED`]: super::build::MAX_EXPANDED

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use super::SyntaxError;

/// What could be read of a text, and what could not.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    /// Everything that was understood, including what stood before an error.
    pub tree: Tree,
    /// What was not, in the order in which it was noticed. Empty means the whole text was read.
    pub errors: Vec<SyntaxError>,
}

impl Parsed {
    /// Nothing read, for one reason.
    pub(crate) fn failed(line: u32, message: impl Into<String>) -> Parsed {
        Parsed { tree: Tree::default(), errors: vec![SyntaxError { line, message: message.into() }] }
    }
}

/// The documents of one file, as an arena.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    pub(super) nodes: Vec<Data>,
    /// Children of sequences, and key, value, key, value… of maps.
    pub(super) links: Vec<u32>,
    /// The texts of all scalars, end to end.
    pub(super) text: String,
    pub(super) tags: Vec<String>,
    pub(super) docs: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Data {
    pub(super) content: Content,
    pub(super) line: u32,
    pub(super) end_line: u32,
    /// One more than the index into `Tree::tags`; zero is no tag.
    pub(super) tag: u32,
    pub(super) style: Style,
    pub(super) expression: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Content {
    /// A null keeps its text, because it may be a key called `null`.
    Null(Run),
    Scalar(Run),
    Seq(Run),
    Map(Run),
    Alias(u32),
}

/// A stretch of `Tree::text` or of `Tree::links`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Run {
    pub(super) start: u32,
    pub(super) len: u32,
}

impl Run {
    fn range(self) -> Range<usize> {
        let start = self.start as usize;
        start..start + self.len as usize
    }
}

/// Stands in for a node that is not there.
pub(super) static NOTHING: Data = Data {
    content: Content::Null(Run { start: 0, len: 0 }),
    line: 1,
    end_line: 1,
    tag: 0,
    style: Style::Plain,
    expression: false,
};

/// What a node is, aliases followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// No value: `key:`, `~`, `null`.
    Null,
    /// A text, number, truth value or date; all of them are kept as text.
    Scalar,
    /// A list.
    Seq,
    /// Keys with values.
    Map,
}

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In quotes, which are not part of the text.
    Quoted,
    /// Line by line: line `i` of the text (from 0) stands on line `node.line() + i` of the file.
    Literal,
    /// Over several lines that were joined; only the first line of the text has a known place.
    Folded,
}

/// A key of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key<'t> {
    /// The key without quotes; empty when the key is itself a map or a list.
    pub text: &'t str,
    /// 1-based line of the key.
    pub line: u32,
}

impl Tree {
    /// The documents in file order, without empty ones.
    pub fn docs(&self) -> impl Iterator<Item = Node<'_>> {
        self.docs.iter().map(|&id| self.node(id))
    }

    /// The first document.
    pub fn root(&self) -> Option<Node<'_>> {
        self.docs.first().map(|&id| self.node(id))
    }

    /// [`Node::find`] in every document.
    #[cfg(test)]
    pub fn find(&self, path: &str) -> Vec<Node<'_>> {
        self.docs().flat_map(|doc| doc.find(path)).collect()
    }

    /// Number of nodes, keys included.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is nothing at all in it.
    pub fn is_empty(&self) -> bool {
        self.docs.is_empty()
    }

    fn text_of(&self, run: Run) -> &str {
        self.text.get(run.range()).unwrap_or_default()
    }

    pub(super) fn data(&self, id: u32) -> &Data {
        self.nodes.get(id as usize).unwrap_or(&NOTHING)
    }

    fn node(&self, site: u32) -> Node<'_> {
        // An anchor never stands on an alias, so one step is all there is.
        let id = match self.data(site).content {
            Content::Alias(target) => target,
            _ => site,
        };
        Node { tree: self, site, id }
    }
}

/// One value in a [`Tree`]. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Node<'t> {
    tree: &'t Tree,
    /// Where it is written: the alias, if it is one.
    site: u32,
    /// Where its content is.
    id: u32,
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}@{}", self.kind(), self.line())?;
        match self.text() {
            Some(text) => write!(f, " {text:?}"),
            None => Ok(()),
        }
    }
}

/// The same place in the same tree.
impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.tree, other.tree) && self.site == other.site
    }
}

impl<'t> Node<'t> {
    fn data(self) -> &'t Data {
        self.tree.data(self.id)
    }

    /// What it is, with aliases followed.
    pub fn kind(self) -> Kind {
        match self.data().content {
            Content::Null(_) | Content::Alias(_) => Kind::Null,
            Content::Scalar(_) => Kind::Scalar,
            Content::Seq(_) => Kind::Seq,
            Content::Map(_) => Kind::Map,
        }
    }

    /// 1-based line on which the value starts: of a block scalar its first content line, of an
    /// alias the line of what it stands for.
    pub fn line(self) -> u32 {
        self.data().line
    }

    /// 1-based line on which the value ends.
    pub fn end_line(self) -> u32 {
        self.data().end_line
    }

    /// 1-based line on which the value, or the alias that stands for it, is written.
    pub fn site_line(self) -> u32 {
        self.tree.data(self.site).line
    }

    /// A number that is this node's alone within its tree; the same through every alias.
    pub fn id(self) -> u32 {
        self.id
    }

    /// The text of any scalar as written, without quotes. None for nulls, lists and maps.
    pub fn text(self) -> Option<&'t str> {
        match self.data().content {
            Content::Scalar(run) => Some(self.tree.text_of(run)),
            _ => None,
        }
    }

    /// Like [`Node::text`], but a null has its text too, as keys need.
    fn raw(self) -> &'t str {
        match self.data().content {
            Content::Scalar(run) | Content::Null(run) => self.tree.text_of(run),
            _ => "",
        }
    }

    /// Whether it is a scalar in quotes.
    #[cfg(test)]
    pub fn is_quoted(self) -> bool {
        self.style() == Style::Quoted
    }

    /// How the scalar was written; `Plain` for everything else.
    pub fn style(self) -> Style {
        self.data().style
    }

    /// Whether the text has to be evaluated to know the value: an HCL expression or interpolation,
    /// or a YAML scalar with a template directive in it. [`Node::text`] is then its source.
    pub fn is_expression(self) -> bool {
        self.data().expression
    }

    /// The truth value of an unquoted `true`, `false`, `yes`, `no`, `on` or `off`.
    pub fn as_bool(self) -> Option<bool> {
        if self.style() != Style::Plain || self.is_expression() {
            return None;
        }
        let text = self.text()?;
        let is = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
        match () {
            () if is(&["true", "yes", "on"]) => Some(true),
            () if is(&["false", "no", "off"]) => Some(false),
            () => None,
        }
    }

    /// The tag as written (`!reference`, `!Ref`, `!!str`); for HCL the name of an encoding
    /// function that was seen through.
    pub fn tag(self) -> Option<&'t str> {
        let index = self.data().tag.checked_sub(1)?;
        self.tree.tags.get(index as usize).map(String::as_str)
    }

    fn children(self) -> &'t [u32] {
        match self.data().content {
            Content::Seq(run) | Content::Map(run) => self.tree.links.get(run.range()).unwrap_or_default(),
            _ => &[],
        }
    }

    /// Keys and values as written, merge keys among them.
    fn pairs(self) -> impl DoubleEndedIterator<Item = (Node<'t>, Node<'t>)> {
        let children = if self.kind() == Kind::Map { self.children() } else { &[] };
        let tree = self.tree;
        children.chunks_exact(2).filter_map(move |pair| match *pair {
            [key, value] => Some((tree.node(key), tree.node(value))),
            _ => None,
        })
    }

    /// The maps that the merge keys (`<<`) of this one refer to, in order.
    fn merged(self) -> impl Iterator<Item = Node<'t>> {
        self.pairs().filter(|&(key, value)| is_merge(key, value)).flat_map(|(_, value)| {
            let own = (value.kind() == Kind::Map).then_some(value);
            own.into_iter().chain(value.items().filter(|item| item.kind() == Kind::Map))
        })
    }

    fn lookup(self, key: &str) -> Option<(Node<'t>, Node<'t>)> {
        let own = self.pairs().rev().find(|&(k, v)| k.raw() == key && !is_merge(k, v));
        // Recursion is bounded: merge chains are paths through aliases.
        own.or_else(|| self.merged().find_map(|source| source.lookup(key)))
    }

    /// The value of a key; of duplicates the last, and a key of the map itself before a merged one.
    pub fn get(self, key: &str) -> Option<Node<'t>> {
        self.lookup(key).map(|(_, value)| value)
    }

    /// The text of the scalar at a dotted path, with elements of lists by number: `model.layers[0]`.
    pub fn at(self, path: &str) -> Option<&'t str> {
        let mut node = self;
        for part in path.split('.') {
            let (key, mut rest) = part.split_at(part.find('[').unwrap_or(part.len()));
            node = node.get(key)?;
            while let Some((index, more)) = rest.strip_prefix('[').and_then(|r| r.split_once(']')) {
                node = match index.parse::<usize>() {
                    Ok(index) => node.items().nth(index)?,
                    Err(_) => node.get(index)?,
                };
                rest = more;
            }
        }
        node.text()
    }

    /// 1-based line of the key that [`Node::get`] finds.
    pub fn key_line(self, key: &str) -> Option<u32> {
        self.lookup(key).map(|(key, _)| key.site_line())
    }

    /// Keys and values in file order, duplicates kept, merge keys replaced by what they bring in
    /// (at the end, and only keys that the map does not have itself). Empty when no map.
    pub fn entries(self) -> impl Iterator<Item = (Key<'t>, Node<'t>)> {
        let inherited = self.inherited();
        self.own_entries().chain(inherited)
    }

    fn own_entries(self) -> impl Iterator<Item = (Key<'t>, Node<'t>)> {
        self.pairs()
            .filter(|&(key, value)| !is_merge(key, value))
            .map(|(key, value)| (Key { text: key.raw(), line: key.site_line() }, value))
    }

    fn inherited(self) -> Vec<(Key<'t>, Node<'t>)> {
        let mut sources = self.merged().peekable();
        if sources.peek().is_none() {
            return Vec::new();
        }
        let mut known: BTreeSet<&str> = self.own_entries().map(|(key, _)| key.text).collect();
        let mut inherited = Vec::new();
        for source in sources {
            let new: Vec<_> = source.entries().filter(|(key, _)| !known.contains(key.text)).collect();
            known.extend(new.iter().map(|(key, _)| key.text));
            inherited.extend(new);
        }
        inherited
    }

    /// The items of a list; empty when it is none.
    pub fn items(self) -> impl Iterator<Item = Node<'t>> {
        let children = if self.kind() == Kind::Seq { self.children() } else { &[] };
        let tree = self.tree;
        children.iter().map(move |&id| tree.node(id))
    }

    /// A scalar, or the scalars of a list, as a list of texts with their lines.
    pub fn strings(self) -> Vec<(&'t str, u32)> {
        let own = self.text().map(|text| (text, self.line()));
        let items = self.items().filter_map(|item| Some((item.text()?, item.line())));
        own.into_iter().chain(items).collect()
    }

    /// All nodes at a key path, in document order: `jobs.*.steps[].uses`.
    ///
    /// `*` is any key, `[]` any item of a list, `**` any depth including none, through maps and
    /// lists alike. A key with dots, brackets or stars goes in double quotes: `a."b.c".d`. Where
    /// keys are duplicated, all of them are followed. An empty path is the node itself.
    pub fn find(self, path: &str) -> Vec<Node<'t>> {
        let mut found = vec![self];
        for step in steps(path) {
            found = match step {
                Step::Key(key) => {
                    let matching = |node: Node<'t>| node.entries().filter(|(k, _)| k.text == key);
                    found.into_iter().flat_map(|node| matching(node).map(|(_, v)| v)).collect()
                }
                Step::AnyKey => found.into_iter().flat_map(|node| node.entries().map(|(_, v)| v)).collect(),
                Step::Items => found.into_iter().flat_map(Node::items).collect(),
                Step::AnyDepth => with_descendants(found),
            };
            if found.is_empty() {
                break;
            }
        }
        found
    }
}

fn is_merge(key: Node<'_>, value: Node<'_>) -> bool {
    key.raw() == "<<" && key.style() == Style::Plain && matches!(value.kind(), Kind::Map | Kind::Seq)
}

/// The nodes and everything below them, each once, parents first.
fn with_descendants<'t>(start: Vec<Node<'t>>) -> Vec<Node<'t>> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    let mut waiting: Vec<Node<'t>> = start.into_iter().rev().collect();
    while let Some(node) = waiting.pop() {
        if !seen.insert(node.site) {
            continue;
        }
        found.push(node);
        let from = waiting.len();
        waiting.extend(node.entries().map(|(_, value)| value));
        waiting.extend(node.items());
        if let Some(children) = waiting.get_mut(from..) {
            children.reverse();
        }
    }
    found
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    AnyKey,
    Items,
    AnyDepth,
}

/// Splits a key path. Paths come from rules and readers, so there is no error: what is not an
/// operator is a key.
fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(tail) = rest.strip_prefix("[]") {
            steps.push(Step::Items);
            rest = tail.strip_prefix('.').unwrap_or(tail);
            continue;
        }
        let (key, quoted, tail) = match rest.strip_prefix('"').and_then(|r| r.split_once('"')) {
            Some((key, tail)) => (key, true, tail),
            None => {
                let end = rest.find('.').unwrap_or(rest.len()).min(rest.find("[]").unwrap_or(rest.len()));
                let (key, tail) = rest.split_at(end);
                (key, false, tail)
            }
        };
        steps.push(match key {
            "*" if !quoted => Step::AnyKey,
            "**" if !quoted => Step::AnyDepth,
            _ => Step::Key(key.to_owned()),
        });
        rest = tail.strip_prefix('.').unwrap_or(tail);
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_split_at_operators() {
        let key = |text: &str| Step::Key(text.to_owned());
        assert_eq!(steps("jobs.*.steps[].uses"), [key("jobs"), Step::AnyKey, key("steps"), Step::Items, key("uses")]);
        assert_eq!(steps("a.\"b.c\".d"), [key("a"), key("b.c"), key("d")]);
        assert_eq!(steps("**.x[][]"), [Step::AnyDepth, key("x"), Step::Items, Step::Items]);
        assert_eq!(steps("\"*\""), [key("*")]);
        assert_eq!(steps(""), []);
    }
}
