//! The result in words.
//!
//! A format is one file here and its lines in this one: the entry of [`Format`], of [`Format::ALL`], of its name and
//! of [`write`]. Renderers only read the report; they decide nothing.

mod escape;
mod explain;
mod github;
mod json;
mod links;
mod markdown;
mod page;
mod phrases;
mod text;

pub use explain::write_explanation;
pub use links::{LinkFormat, Links};

use std::io::{self, Write};

pub(crate) use escape::visible;

use crate::report::{Practice, Report, System};

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a person at a terminal.
    Text,
    /// For programs: everything, see the schema.
    Json,
    /// For a job summary or a comment: what matters, short.
    Markdown,
    /// For the log of a GitHub Actions job: workflow commands that annotate lines.
    Github,
}

impl Format {
    /// Every format, in the order of the help.
    pub const ALL: &'static [Self] = &[Self::Text, Self::Json, Self::Markdown, Self::Github];

    /// The name by which the user asks for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Markdown => "markdown",
            Self::Github => "github",
        }
    }

    /// The format of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.name() == name)
    }
}

/// How the terminal report looks. Formats for programs pay no attention to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Style {
    /// Whether to colour.
    pub color: bool,
    /// Columns to fill at most; less than 40 counts as 40.
    pub width: usize,
    /// 0: what matters; 1: every practice, chain and gap; 2: every criterion.
    pub verbose: u8,
    /// Where places link to, for terminals that can (OSC 8); none for no links at all.
    pub links: Option<Links>,
    /// What was scanned as the user wrote it after `treering scan`, for commands that are suggested; empty: `.`.
    pub asked: String,
    /// Of which system the whole is told, where there are several; the primary one where none is named.
    pub told: Told,
    /// What gates said of the report, for formats that a job shows; none where none was asked.
    pub gate: Option<Gated>,
}

/// Of which system a report for people tells the whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Told {
    /// The primary one.
    #[default]
    Primary,
    /// The one in this folder, as the report writes it.
    Of(String),
    /// Every one, one after the other.
    All,
}

impl Told {
    /// The system that a report is about first.
    fn first<'r>(&self, report: &'r Report) -> Option<&'r System> {
        let named = |s: &&System| matches!(self, Self::Of(path) if s.path == *path);
        let all = &report.systems;
        all.iter().find(named).or_else(|| all.iter().find(|s| s.primary)).or_else(|| all.first())
    }
}

/// The answer of the gates that were asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gated {
    /// Whether all passed.
    pub passed: bool,
    /// What they say, a sentence each.
    pub lines: Vec<String>,
    /// Ids of the models that were asked for a level; of others nothing is remarked.
    pub models: Vec<String>,
}

impl Default for Style {
    fn default() -> Self {
        Self { color: false, width: 80, verbose: 0, links: None, asked: String::new(), told: Told::Primary, gate: None }
    }
}

/// The verdict of a practice in plain words, with its cause.
pub(crate) fn verdict(practice: &Practice) -> String {
    phrases::verdict(practice.verdict, practice.because, practice.chains.first()).1
}

/// Writes the report in one format.
///
/// # Errors
/// Only those of the writer.
pub fn write(report: &Report, format: Format, out: &mut dyn Write, style: &Style) -> io::Result<()> {
    match format {
        Format::Text => text::write(report, out, style),
        Format::Json => json::write(report, out),
        Format::Markdown => markdown::write(report, out, style),
        Format::Github => github::write(report, out, style.gate.as_ref()),
    }
}
