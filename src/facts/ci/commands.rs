//! Commands that a file lists one by one and that one shell runs: lowered as one text, each line at its own place.

use super::reading::Reading;
use super::text::{self, How};
use crate::fact::{FactKind, FileFacts, Unit, UnitId, UnitKind};
use crate::syntax::tree::{Kind, Node, Style};

/// Most items of one list.
const MAX_ITEMS: usize = 2_000;
/// Most items that are told apart, where none holds back another.
const MAX_BESIDE: usize = 60;
/// Deepest nesting of lists, as anchors make them.
const MAX_DEPTH: usize = 4;

/// The text, and the line of the file for each of its lines.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Commands {
    text: String,
    lines: Vec<u32>,
    /// How many lines stand before each item.
    starts: Vec<usize>,
    /// Lines in front that the same shell ran before, and that are told elsewhere.
    skipped: usize,
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

    /// Commands that one line of the file comes to.
    pub(super) fn on_line(text: &str, line: u32) -> Self {
        Self { text: text.to_owned(), lines: text.lines().map(|_| line).collect(), starts: vec![0], skipped: 0 }
    }

    /// The same in a shell that ran others before.
    pub(super) fn behind(self, before: &Self) -> Self {
        let skipped = before.lines.len();
        Self {
            text: before.text.clone() + &self.text,
            lines: before.lines.iter().chain(&self.lines).copied().collect(),
            starts: self.starts.iter().map(|start| start + skipped).collect(),
            skipped,
        }
    }

    /// One more text, which stands where the node is written.
    pub(super) fn add(&mut self, text: &str, node: Node<'_>) {
        let exact = node.style() == Style::Literal;
        self.starts.push(self.lines.len());
        for (number, line) in (0..).zip(text.lines()) {
            self.lines.push(if exact { node.line().saturating_add(number) } else { node.line() });
            self.text.push_str(line);
            self.text.push('\n');
        }
    }

    /// The first and the last line.
    pub(super) fn span(&self) -> Option<(u32, u32)> {
        let own = self.lines.get(self.skipped..)?;
        Some((*own.iter().min()?, *own.iter().max()?))
    }

    /// The same with names replaced by what is known; lines stay lines.
    pub(super) fn filled(&self, fill: &dyn Fn(&str) -> String) -> Self {
        let text = fill(&self.text);
        // what is put in may bring lines of its own; then all of it stands at its first line
        let same = text.lines().count() == self.lines.len();
        let first = self.lines.first().copied().unwrap_or(1);
        let lines = if same { self.lines.clone() } else { text.lines().map(|_| first).collect() };
        let starts = if same { self.starts.clone() } else { vec![0] };
        Self { text, lines, starts, skipped: if same { self.skipped } else { 0 } }
    }

    /// A step under a unit that runs the text; none where there is nothing to run. Of several ways to run it each is a
    /// cell of a matrix.
    pub(super) fn step<Own>(
        &self,
        name: &str,
        parent: UnitId,
        hows: &[How<'_>],
        reading: &mut Reading<'_, Own>,
    ) -> Option<UnitId> {
        let id = reading.step(name, self.span()?, parent)?;
        self.state(id, hows, reading);
        Some(id)
    }

    /// States what the text comes to, of a unit.
    pub(super) fn state<Own>(&self, unit: UnitId, hows: &[How<'_>], reading: &mut Reading<'_, Own>) {
        self.run(&self.text, self.skipped, unit, hows, reading);
    }

    /// States what a text that begins like this one comes to from one of its lines on.
    fn run<Own>(&self, text: &str, from: usize, unit: UnitId, hows: &[How<'_>], reading: &mut Reading<'_, Own>) {
        let mut lowered: Vec<FileFacts> = Vec::new();
        for how in hows {
            let Some(first) = self.lines.get(from).copied().filter(|line| reading.take_text(*line, text)) else { return };
            let line_of = |line: u32| {
                let at = (line as usize).saturating_sub(1);
                // what stands before is run, and told elsewhere
                if at < from { 0 } else { self.lines.get(at).or(self.lines.last()).copied().unwrap_or(first) }
            };
            let mut facts = text::lower(text, &line_of, (unit, reading.facts.units.len()), how, reading);
            let before = facts.facts.iter().take_while(|fact| fact.line == 0).count();
            facts.facts.drain(..before);
            facts.embedded.retain(|(at, _)| *at >= before);
            for (at, _) in &mut facts.embedded {
                *at -= before;
            }
            for fact in &mut facts.facts {
                if let FactKind::Command(command) = &mut fact.kind {
                    text::from_the_root(command);
                }
            }
            lowered.push(facts);
        }
        text::join_cells(lowered, reading);
    }

    /// Items that one shell runs one after the other, whatever becomes of those before, and of which each fails the
    /// whole: a group with a step for each.
    pub(super) fn steps_beside<Own>(
        &self,
        name: &str,
        parent: UnitId,
        hows: &[How<'_>],
        reading: &mut Reading<'_, Own>,
    ) -> Option<UnitId> {
        let (line, end_line) = self.span()?;
        // functions of one item are called in the next
        let apart = self.starts.len() <= MAX_BESIDE && !self.text.contains("()") && !self.text.contains("function ");
        if !apart || self.starts.len() < 2 {
            return self.step(name, parent, hows, reading);
        }
        let unit = Unit { kind: UnitKind::Group, name: name.to_owned(), title: None, line, end_line, parent: Some(parent) };
        let group = reading.unit(unit);
        let ends = self.starts.iter().copied().skip(1).chain([self.lines.len()]);
        for (start, end) in self.starts.iter().zip(ends) {
            let last = self.lines.get(end.saturating_sub(1)).copied();
            let Some(span) = self.lines.get(*start).copied().zip(last) else { continue };
            let id = reading.step(name, span, group)?;
            let text: String = self.text.lines().take(end).flat_map(|line| [line, "\n"]).collect();
            self.run(&text, *start, id, hows, reading);
        }
        Some(group)
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
