//! Commands that a file lists one by one and that one shell runs: lowered as one text, each line at its own place.

use super::reading::Reading;
use super::text::{self, How};
use crate::fact::{FactKind, FileFacts, UnitId};
use crate::syntax::tree::{Kind, Node, Style};

/// Most items of one list.
const MAX_ITEMS: usize = 2_000;
/// Deepest nesting of lists, as anchors make them.
const MAX_DEPTH: usize = 4;

/// The text, and the line of the file for each of its lines.
#[derive(Debug, Clone, Default)]
pub(super) struct Commands {
    text: String,
    lines: Vec<u32>,
}

impl Commands {
    /// A text, or a list of texts.
    pub(super) fn read<Own>(node: Node<'_>, key: &str, reading: &mut Reading<'_, Own>) -> Self {
        let mut commands = Self::default();
        for item in listed(node, key, reading) {
            if let Some(text) = item.text() {
                commands.add(text, item);
            }
        }
        commands
    }

    /// One more text, which stands where the node is written.
    pub(super) fn add(&mut self, text: &str, node: Node<'_>) {
        let exact = node.style() == Style::Literal;
        for (number, line) in (0..).zip(text.lines()) {
            self.lines.push(if exact { node.line().saturating_add(number) } else { node.line() });
            self.text.push_str(line);
            self.text.push('\n');
        }
    }

    /// All of another behind it.
    pub(super) fn append(&mut self, other: &Self) {
        self.text.push_str(&other.text);
        self.lines.extend(&other.lines);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The first and the last line.
    pub(super) fn span(&self) -> Option<(u32, u32)> {
        Some((*self.lines.iter().min()?, *self.lines.iter().max()?))
    }

    /// The same with names replaced by what is known; lines stay lines.
    pub(super) fn filled(&self, fill: &dyn Fn(&str) -> String) -> Self {
        let text = fill(&self.text);
        // what is put in may bring lines of its own; then all of it stands at its first line
        let same = text.lines().count() == self.lines.len();
        let first = self.lines.first().copied().unwrap_or(1);
        let lines = if same { self.lines.clone() } else { text.lines().map(|_| first).collect() };
        Self { text, lines }
    }

    /// What the text comes to, in facts of their own.
    pub(super) fn lower<Own>(&self, unit: UnitId, how: &How<'_>, reading: &mut Reading<'_, Own>) -> Option<FileFacts> {
        let first = *self.lines.first()?;
        if !reading.take_text(first, &self.text) {
            return None;
        }
        let line_of = |line: u32| {
            let at = (line as usize).saturating_sub(1);
            self.lines.get(at).or(self.lines.last()).copied().unwrap_or(first)
        };
        let mut facts = text::lower(&self.text, &line_of, (unit, reading.facts.units.len()), how, reading);
        for fact in &mut facts.facts {
            if let FactKind::Command(command) = &mut fact.kind {
                text::from_the_root(command);
            }
        }
        Some(facts)
    }

    /// States what the text comes to, of a unit.
    pub(super) fn state<Own>(&self, unit: UnitId, how: &How<'_>, reading: &mut Reading<'_, Own>) {
        if let Some(facts) = self.lower(unit, how, reading) {
            text::join_cells(vec![facts], reading);
        }
    }
}

/// The items of a list, or the one thing that stands in its place; lists in lists are taken apart.
pub(super) fn listed<'t, Own>(node: Node<'t>, key: &str, reading: &mut Reading<'_, Own>) -> Vec<Node<'t>> {
    let mut found = Vec::new();
    let mut wrong = None;
    let mut open: Vec<(Node<'t>, usize)> = vec![(node, 0)];
    while let Some((node, depth)) = open.pop() {
        match node.kind() {
            Kind::Seq if depth < MAX_DEPTH => {
                let from = open.len();
                open.extend(node.items().map(|item| (item, depth + 1)));
                if let Some(items) = open.get_mut(from..) {
                    items.reverse();
                }
            }
            Kind::Scalar if found.len() < MAX_ITEMS => found.push(node),
            Kind::Map if depth > 0 && found.len() < MAX_ITEMS => found.push(node),
            Kind::Null => {}
            _ => wrong = Some(node.site_line()),
        }
    }
    if let Some(line) = wrong {
        reading.wrong(line, &format!("`{key}` holds something that does not belong there"));
    }
    found
}
