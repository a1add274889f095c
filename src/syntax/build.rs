//! Filling a tree, within limits.
//!
//! Every format is lowered through one [`Builder`], so that no format can forget a limit: the
//! promises that a [`Tree`](super::tree::Tree) makes about hostile input are kept here.

use super::SyntaxError;
use super::tree::{Content, Data, NOTHING, Parsed, Run, Style, Tree};

/// Longest text that is read, in bytes.
pub(crate) const MAX_TEXT: usize = 4 << 20;
/// Most nodes in one tree, keys included.
pub(crate) const MAX_NODES: usize = 250_000;
/// Deepest nesting, with aliases followed.
pub(crate) const MAX_DEPTH: usize = 128;
/// Most documents in one text.
pub(crate) const MAX_DOCUMENTS: usize = 1_000;
/// Most nodes that the aliases of one tree may stand for, together.
pub(crate) const MAX_EXPANDED: u64 = 1_000_000;
/// Most complaints kept about one text.
const MAX_ERRORS: usize = 50;

/// A limit was reached; the complaint is already noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Too deep: nothing more of this document.
    Document,
    /// Too much: nothing more at all.
    Tree,
}

/// A scalar on its way into the tree.
#[derive(Clone, Copy)]
pub(crate) struct Leaf<'a> {
    pub text: &'a str,
    pub line: u32,
    pub end_line: u32,
    pub style: Style,
    pub tag: Option<&'a str>,
    pub null: bool,
    pub expression: bool,
}

impl<'a> Leaf<'a> {
    pub(crate) fn new(text: &'a str, line: u32, style: Style) -> Leaf<'a> {
        Leaf { text, line, end_line: line, style, tag: None, null: false, expression: false }
    }

    pub(crate) fn null(line: u32) -> Leaf<'static> {
        Leaf { null: true, ..Leaf::new("", line, Style::Plain) }
    }
}

/// Fills a [`Tree`] from the events of any format, within the limits.
///
/// In a map, keys and values are given in turn. A document is whatever is built while nothing is
/// open; [`Builder::abandon`] closes what an error left open.
#[derive(Default)]
pub(crate) struct Builder {
    tree: Tree,
    errors: Vec<SyntaxError>,
    open: Vec<Frame>,
    /// Children of all open collections, the innermost last.
    pending: Vec<u32>,
    /// Per node: levels below it, itself included; zero while it is open.
    heights: Vec<u8>,
    /// Per node: nodes below it, itself included, with aliases followed.
    sizes: Vec<u32>,
    expanded: u64,
}

struct Frame {
    id: u32,
    is_map: bool,
    /// Where its children start in `Builder::pending`.
    from: usize,
}

impl Builder {
    /// Notes what could not be read; the list is capped.
    pub(crate) fn note(&mut self, line: u32, message: impl Into<String>) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(SyntaxError { line: line.max(1), message: message.into() });
        }
    }

    /// Adds a scalar or null and answers with its number.
    pub(crate) fn leaf(&mut self, leaf: Leaf<'_>) -> Result<u32, Stop> {
        let run = Run { start: self.tree.text.len() as u32, len: leaf.text.len() as u32 };
        let content = if leaf.null { Content::Null(run) } else { Content::Scalar(run) };
        let tag = self.tag(leaf.tag);
        let id = self.push(Data {
            content,
            line: leaf.line,
            end_line: leaf.end_line.max(leaf.line),
            tag,
            style: leaf.style,
            expression: leaf.expression,
        })?;
        self.tree.text.push_str(leaf.text);
        self.settle(id, 1, 1);
        Ok(id)
    }

    /// Opens a map or, if not, a sequence.
    pub(crate) fn open(&mut self, is_map: bool, line: u32, tag: Option<&str>) -> Result<u32, Stop> {
        if self.open.len() >= MAX_DEPTH {
            self.note(line, format!("nested more than {MAX_DEPTH} levels deep"));
            return Err(Stop::Document);
        }
        let tag = self.tag(tag);
        let content = if is_map { Content::Map(Run::default()) } else { Content::Seq(Run::default()) };
        let id = self.push(Data { content, line, end_line: line, tag, ..NOTHING })?;
        self.open.push(Frame { id, is_map, from: self.pending.len() });
        Ok(id)
    }

    /// Closes the innermost collection. It ends where its last child does, or on `end_line` if
    /// that is later (zero when the format does not say).
    pub(crate) fn close(&mut self, end_line: u32) {
        let Some(frame) = self.open.pop() else { return };
        let children: Vec<u32> = self.pending.drain(frame.from.min(self.pending.len())..).collect();
        let mut children = children.as_slice();
        if frame.is_map && children.len() % 2 == 1 {
            // Only after the node limit: the key found no room for its value.
            children = children.split_last().map_or(children, |(_, most)| most);
        }
        let run = Run { start: self.tree.links.len() as u32, len: children.len() as u32 };
        let end_line = children.iter().map(|&id| self.tree.data(id).end_line).max().unwrap_or(0).max(end_line);
        let size = children.iter().fold(1u32, |sum, &id| sum.saturating_add(self.size(id)));
        let height = children.iter().map(|&id| self.height(id)).max().unwrap_or(0).saturating_add(1);
        self.tree.links.extend_from_slice(children);
        if let Some(data) = self.tree.nodes.get_mut(frame.id as usize) {
            data.content = if frame.is_map { Content::Map(run) } else { Content::Seq(run) };
            data.end_line = data.line.max(end_line);
        }
        self.settle(frame.id, height, size);
    }

    /// Adds a reference to a node that is complete. A reference that would make a cycle, or too
    /// deep or too large a tree, is noted and becomes a null.
    pub(crate) fn alias(&mut self, target: u32, line: u32) -> Result<u32, Stop> {
        let (height, size) = (self.height(target), self.size(target));
        let refusal = if height == 0 {
            Some("an alias inside of what it stands for".to_owned())
        } else if self.open.len() + usize::from(height) > MAX_DEPTH {
            Some(format!("an alias nests more than {MAX_DEPTH} levels deep"))
        } else if self.expanded + u64::from(size) > MAX_EXPANDED {
            Some(format!("the aliases stand for more than {MAX_EXPANDED} values"))
        } else {
            None
        };
        if let Some(refusal) = refusal {
            self.note(line, refusal);
            return self.leaf(Leaf::null(line));
        }
        let id = self.push(Data { content: Content::Alias(target), line, end_line: line, ..NOTHING })?;
        self.expanded += u64::from(size);
        self.settle(id, height, size.saturating_add(1));
        Ok(id)
    }

    /// Closes everything that an error left open; a key without value gets a null.
    pub(crate) fn abandon(&mut self) {
        while let Some(frame) = self.open.last() {
            let is_half = frame.is_map && self.pending.len().saturating_sub(frame.from) % 2 == 1;
            if is_half && self.tree.nodes.len() < MAX_NODES {
                let line = self.pending.last().map_or(1, |&key| self.tree.data(key).line);
                // A full arena has no room and drops the key instead, in `close`.
                let _ = self.leaf(Leaf::null(line));
            }
            self.close(0);
        }
    }

    /// Documents that are complete.
    pub(crate) fn documents(&self) -> usize {
        self.tree.docs.len()
    }

    /// Ends the work.
    pub(crate) fn finish(mut self) -> Parsed {
        self.abandon();
        Parsed { tree: self.tree, errors: self.errors }
    }

    fn push(&mut self, data: Data) -> Result<u32, Stop> {
        if self.tree.nodes.len() >= MAX_NODES {
            self.note(data.line, format!("more than {MAX_NODES} values"));
            return Err(Stop::Tree);
        }
        let id = self.tree.nodes.len() as u32;
        self.tree.nodes.push(data);
        self.heights.push(0);
        self.sizes.push(0);
        Ok(id)
    }

    /// Hands a complete node to the collection it stands in, or makes it a document.
    fn settle(&mut self, id: u32, height: u8, size: u32) {
        if let Some(slot) = self.heights.get_mut(id as usize) {
            *slot = height;
        }
        if let Some(slot) = self.sizes.get_mut(id as usize) {
            *slot = size;
        }
        let is_nothing = matches!(self.tree.data(id).content, Content::Null(Run { len: 0, .. }));
        if !self.open.is_empty() {
            self.pending.push(id);
        } else if !is_nothing {
            self.tree.docs.push(id);
        }
    }

    fn height(&self, id: u32) -> u8 {
        self.heights.get(id as usize).copied().unwrap_or(0)
    }

    fn size(&self, id: u32) -> u32 {
        self.sizes.get(id as usize).copied().unwrap_or(0)
    }

    fn tag(&mut self, tag: Option<&str>) -> u32 {
        let Some(tag) = tag else { return 0 };
        // A file has few different tags, and the last one is likely to come again.
        match self.tree.tags.iter().rev().take(16).position(|known| known == tag) {
            Some(back) => (self.tree.tags.len() - back) as u32,
            None => {
                self.tree.tags.push(tag.to_owned());
                self.tree.tags.len() as u32
            }
        }
    }
}

/// Byte offsets into lines.
pub(crate) struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    pub(crate) fn new(text: &str) -> Lines {
        let breaks = memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1);
        Lines { starts: std::iter::once(0).chain(breaks).collect() }
    }

    /// 1-based line of a byte offset.
    pub(crate) fn at(&self, offset: usize) -> u32 {
        self.starts.partition_point(|&start| start <= offset).max(1) as u32
    }

    /// 1-based line of the last byte before an (exclusive) end offset.
    pub(crate) fn before(&self, end: usize) -> u32 {
        self.at(end.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_offsets() {
        let lines = Lines::new("a\nbc\n");
        assert_eq!([0, 1, 2, 4, 5].map(|at| lines.at(at)), [1, 1, 2, 2, 3]);
        assert_eq!(lines.before(5), 2);
    }

    #[test]
    fn a_full_tree_stays_readable() {
        let mut builder = Builder::default();
        builder.open(true, 1, None).unwrap();
        let stop = (0..MAX_NODES as u32 + 1).find_map(|i| builder.leaf(Leaf::new("x", i, Style::Plain)).err());
        assert_eq!(stop, Some(Stop::Tree));
        let parsed = builder.finish();
        assert_eq!(parsed.errors.len(), 1);
        // The map itself takes one, so the last key stands alone and is dropped.
        assert_eq!(parsed.tree.root().unwrap().entries().count(), MAX_NODES / 2 - 1);
    }
}
