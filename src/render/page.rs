//! Lines of words with ink, laid out to a width.
//!
//! Why: every text that comes from a report passes here, so that nothing can forget to be escaped, and colour is
//! never the only carrier of a meaning. Invariant: no line is wider than the page, except for a place (path and
//! line) that alone is wider, which stays whole so that it can be copied.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style as Ansi};

use super::Style;
use super::escape::{columns, visible};
use super::links::Target;
use crate::report::{Report, System};

/// What a word is, by which it is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    Plain,
    Title,
    Strong,
    Good,
    Part,
    Bad,
    Place,
    Quiet,
}

impl Ink {
    fn ansi(self) -> Ansi {
        let color = |c: AnsiColor| Ansi::new().fg_color(Some(c.into()));
        match self {
            Self::Plain => Ansi::new(),
            Self::Title | Self::Strong => Ansi::new().bold(),
            Self::Good => color(AnsiColor::Green),
            Self::Part => color(AnsiColor::Yellow),
            Self::Bad => color(AnsiColor::Red),
            Self::Place => color(AnsiColor::Cyan),
            Self::Quiet => Ansi::new().dimmed(),
        }
    }
}

#[derive(Debug, Clone)]
struct Word {
    ink: Ink,
    text: String,
    /// No space before it.
    glued: bool,
    /// Never broken.
    whole: bool,
    link: Option<Target>,
}

/// A run of words, escaped as they are added.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    words: Vec<Word>,
    open: bool,
}

impl Line {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn of(ink: Ink, text: &str) -> Self {
        Self::new().add(ink, text)
    }

    /// Adds words. They join the word before unless one side has a space.
    pub(super) fn add(mut self, ink: Ink, text: &str) -> Self {
        let text = visible(text);
        let mut glued = self.open && !text.starts_with(' ');
        for part in text.split(' ').filter(|p| !p.is_empty()) {
            self.words.push(Word { ink, text: part.to_owned(), glued, whole: is_place(part), link: None });
            glued = false;
        }
        if !text.is_empty() {
            self.open = !text.ends_with(' ');
        }
        self
    }

    pub(super) fn plain(self, text: &str) -> Self {
        self.add(Ink::Plain, text)
    }

    /// Adds a place that is never broken.
    pub(super) fn place(mut self, text: &str, link: Option<Target>) -> Self {
        let glued = self.open;
        self.words.push(Word { ink: Ink::Place, text: visible(text).into_owned(), glued, whole: true, link });
        self.open = true;
        self
    }

    /// Adds another run of words, which were escaped as they were added.
    pub(super) fn join(mut self, other: Self) -> Self {
        let glued = self.open;
        let mut words = other.words.into_iter();
        self.words.extend(words.next().map(|first| Word { glued, ..first }));
        self.words.extend(words);
        self.open = other.open;
        self
    }

    /// Columns that it takes unbroken.
    pub(super) fn width(&self) -> usize {
        let gaps = self.words.iter().skip(1).filter(|w| !w.glued).count();
        gaps + self.words.iter().map(|w| columns(&w.text)).sum::<usize>()
    }

    /// Columns of its longest word.
    fn longest(&self) -> usize {
        self.words.iter().map(|w| columns(&w.text)).max().unwrap_or(0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }
}

/// Whether a word is a path with a line, in brackets or with a mark behind it, which must stay whole to be copied.
fn is_place(word: &str) -> bool {
    let bare = word.trim_matches(|c: char| matches!(c, '(' | ')' | '`' | ',' | ';' | ':' | '.'));
    let numbered = |(path, line): (&str, &str)| {
        path.contains(['/', '.']) && !path.contains("//") && !line.is_empty() && line.chars().all(|c| c.is_ascii_digit())
    };
    bare.rsplit_once(':').is_some_and(numbered)
}

/// Columns that a text takes once it is made visible.
pub(super) fn width_of(text: &str) -> usize {
    columns(&visible(text))
}

/// The page that is being filled.
pub(super) struct Page<'s> {
    style: &'s Style,
    text: String,
}

impl<'s> Page<'s> {
    pub(super) fn new(style: &'s Style) -> Self {
        Self { style, text: String::new() }
    }

    /// An empty page of the same style, to see how much room something takes.
    pub(super) fn trial(&self) -> Self {
        Self::new(self.style)
    }

    /// Lines that are written.
    pub(super) fn lines(&self) -> usize {
        self.text.matches('\n').count()
    }

    /// Whether another page says the same.
    pub(super) fn says(&self, other: &Page<'_>) -> bool {
        self.text == other.text
    }

    /// Whether a place was written, which is never broken.
    pub(super) fn tells(&self, place: &str) -> bool {
        self.text.contains(visible(place).as_ref())
    }

    /// Writes what stands on another page.
    pub(super) fn append(&mut self, other: &Page<'_>) {
        self.text.push_str(&other.text);
    }

    /// Columns of the page.
    pub(super) fn width(&self) -> usize {
        self.style.width.max(40)
    }

    /// What was scanned, as the user wrote it.
    pub(super) fn asked(&self) -> &str {
        if self.style.asked.is_empty() { "." } else { &self.style.asked }
    }

    /// The system that the report is about first.
    pub(super) fn first<'r>(&self, report: &'r Report) -> Option<&'r System> {
        self.style.told.first(report)
    }

    /// Whether the whole of each system is told.
    pub(super) fn tells_all(&self) -> bool {
        self.style.told == super::Told::All
    }

    pub(super) fn verbose(&self) -> u8 {
        self.style.verbose
    }

    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    pub(super) fn title(&mut self, text: &str) {
        self.blank();
        self.wrap(0, 2, &Line::of(Ink::Title, text));
    }

    /// Writes a run of words from column `first`, further lines from column `rest`.
    pub(super) fn wrap(&mut self, first: usize, rest: usize, line: &Line) {
        self.fill(first, 0, rest, line);
        self.end();
    }

    /// Writes `left` at `indent` and `right` from column `at` on, hanging there. Where `left` is too wide, `right`
    /// stands behind it if all of it fits there, and else on lines of its own.
    pub(super) fn pair(&mut self, indent: usize, left: &Line, at: usize, right: &Line) {
        let used = self.fill(indent, 0, indent + 2, left);
        if right.is_empty() {
            return self.end();
        }
        // a word that would be broken beside it stands below, where there is more room
        let broken = at + right.longest() > self.width() && at > indent + 4;
        if (used + 1 > at || broken) && used + 2 + right.width() <= self.width() {
            self.fill(used + 2, used, at, right);
        } else if used + 1 > at || broken {
            if !left.is_empty() {
                self.end();
            }
            self.fill(at.min(indent + 4), 0, at.min(indent + 4), right);
        } else {
            self.fill(at, used, at, right);
        }
        self.end();
    }

    /// Writes `left` at `indent` and `right` flush with the right edge; on the next line where both do not fit.
    pub(super) fn edges(&mut self, indent: usize, left: &Line, right: &Line) {
        let room = self.width().saturating_sub(indent + right.width());
        if left.width() + 2 <= room {
            let used = self.fill(indent, 0, indent, left);
            self.fill(self.width() - right.width(), used, indent, right);
        } else {
            self.fill(indent, 0, indent + 2, left);
            self.end();
            self.fill(indent + 2, 0, indent + 2, right);
        }
        self.end();
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    /// Fills from column `first`, of which `used` columns are written already. Gives the column reached.
    fn fill(&mut self, first: usize, used: usize, rest: usize, line: &Line) -> usize {
        let edge = self.width();
        let mut pad = first.saturating_sub(used);
        let mut column = first.max(used);
        let mut fresh = true;
        let mut at = 0;
        while let Some(word) = line.words.get(at) {
            // A word and what is glued to it go together.
            let run = 1 + line.words.iter().skip(at + 1).take_while(|w| w.glued).count();
            let group = line.words.get(at..at + run).unwrap_or_default();
            let width: usize = group.iter().map(|w| columns(&w.text)).sum();
            let gap = usize::from(!fresh && !word.glued);
            if !fresh && column + gap + width > edge {
                self.end();
                pad = rest;
                column = rest;
            } else {
                pad += gap;
                column += gap;
            }
            let _ = write!(self.text, "{:pad$}", "");
            pad = 0;
            fresh = false;
            let mut whole = false;
            for word in group {
                // a mark behind a place that fills the line stays with it
                if whole && columns(&word.text) == 1 {
                    self.ink(word, &word.text);
                    column += 1;
                } else {
                    column = self.word(word, column, rest, edge);
                }
                whole = word.whole;
            }
            at += run;
        }
        column
    }

    /// Writes one word, in pieces where it is wider than the page.
    fn word(&mut self, word: &Word, mut column: usize, rest: usize, edge: usize) -> usize {
        let width = columns(&word.text);
        if word.whole || column + width <= edge {
            self.ink(word, &word.text);
            return column + width;
        }
        let mut piece = String::new();
        for c in word.text.chars() {
            let next = columns(c.encode_utf8(&mut [0; 4]));
            if column + next > edge && column > rest {
                // a name that is taken apart where it has a joint can still be searched for
                let joint = piece.rfind(['/', '.', ':', ',', '=']).map_or(piece.len(), |at| at + 1);
                let left = piece.split_off(joint);
                self.ink(word, &piece);
                piece = left;
                self.end();
                let _ = write!(self.text, "{:rest$}", "");
                column = rest + columns(&piece);
            }
            piece.push(c);
            column += next;
        }
        self.ink(word, &piece);
        column
    }

    fn ink(&mut self, word: &Word, text: &str) {
        let ansi = if self.style.color { word.ink.ansi() } else { Ansi::new() };
        let link = self.style.links.as_ref().and_then(|links| links.address(word.link.as_ref()?));
        if let Some(link) = &link {
            let _ = write!(self.text, "\u{1b}]8;;{link}\u{1b}\\");
        }
        // A fixed space kept words together while lines were filled; what is copied should hold plain ones.
        let _ = write!(self.text, "{ansi}{}{ansi:#}", text.replace('\u{a0}', " "));
        if link.is_some() {
            self.text.push_str("\u{1b}]8;;\u{1b}\\");
        }
    }

    fn end(&mut self) {
        self.text.truncate(self.text.trim_end_matches(' ').len());
        self.text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(width: usize, f: impl FnOnce(&mut Page<'_>)) -> String {
        let style = Style { width, ..Style::default() };
        let mut page = Page::new(&style);
        f(&mut page);
        page.finish()
    }

    #[test]
    fn words_wrap_and_hang() {
        let line = Line::of(Ink::Plain, "one two three four five six seven eight nine ten").add(Ink::Quiet, ", and more");
        let text = page(40, |p| p.wrap(2, 4, &line));
        assert_eq!(text, "  one two three four five six seven\n    eight nine ten, and more\n");
    }

    #[test]
    fn a_long_word_is_broken_and_a_place_is_not() {
        let long = "x".repeat(100);
        let text = page(40, |p| p.wrap(0, 2, &Line::of(Ink::Plain, &long)));
        assert!(text.lines().all(|l| columns(l) <= 40), "{text}");
        let text = page(40, |p| p.pair(2, &Line::new().place(&long, None), 20, &Line::new().plain("what")));
        assert_eq!(text, format!("  {long}\n      what\n"));
        // beside the place it would be broken, below it is not
        let what = "y".repeat(30);
        let text = page(40, |p| p.pair(2, &Line::new().place("src/a.py:1", None), 14, &Line::new().plain(&what)));
        assert_eq!(text, format!("  src/a.py:1\n      {what}\n"));
        // a wide place leaves room for a short word
        let text = page(40, |p| p.pair(2, &Line::new().place("src/a/longer.py:1", None), 8, &Line::new().plain("main()")));
        assert_eq!(text, "  src/a/longer.py:1  main()\n");
        // nor is a place that stands in a sentence
        let told = format!("leads to fit() ({}/fit_model.py:122), which", "x".repeat(30));
        let text = page(40, |p| p.wrap(0, 2, &Line::new().plain(&told)));
        assert_eq!(text, format!("leads to fit()\n  ({}/fit_model.py:122),\n  which\n", "x".repeat(30)));
        let text = page(40, |p| p.wrap(2, 4, &Line::new().place(&"z".repeat(38), None).plain(": why")));
        assert_eq!(text, format!("  {}:\n    why\n", "z".repeat(38)));
    }

    #[test]
    fn nothing_of_the_repository_reaches_the_terminal_raw() {
        let text = page(40, |p| p.wrap(0, 0, &Line::new().plain("a\u{1b}[2Jb").place("c\nd", None)));
        assert_eq!(text, "a\\u{1b}[2Jbc\\nd\n");
    }
}
