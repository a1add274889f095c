//! The command line; the only user of clap.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use treering::gate::{LevelAsked, Of, PracticeAsked};
use treering::{Format, LinkFormat};

/// How mature is the MLOps of a repository, and which lines say so?
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, arg_required_else_help = true, after_help = EXIT)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT: &str = "\
Nothing in a scanned repository is run, and no connection is opened.
Exit status: 0 fine; 1 below what was asked, or less than the baseline; 2 failed; 3 what was asked cannot be told.";

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read a repository and report
    Scan(Scan),
    /// Say what a practice, signal, level or file means, what counts, and why it is so in a repository
    Explain(Explain),
    /// List or check rules
    #[command(subcommand, arg_required_else_help = true)]
    Rules(Rules),
    /// Print the JSON Schema of the report, of a file of signal rules or of treering.toml
    Schema {
        /// Of what
        which: Which,
    },
}

/// `treering scan`.
#[derive(Debug, Args)]
#[command(after_help = EXIT)]
pub struct Scan {
    /// Work tree, folder in one, bare repository or plain folder; several give several reports, one after the other
    #[arg(default_value = ".", value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Scan this commit, branch or tag instead of the files on disk
    #[arg(long, value_name = "REV")]
    pub rev: Option<String>,
    /// Apply only this maturity model (repeatable)
    #[arg(long = "model", value_name = "ID")]
    pub models: Vec<String>,
    /// A folder of rules of your own, beside those that come with treering (repeatable)
    #[arg(long = "rules", value_name = "DIR")]
    pub rules: Vec<PathBuf>,
    /// Threads to use; changes nothing in the report [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// How to write the report
    #[arg(long, default_value = Format::Text.name(), value_parser = format_parser())]
    pub format: Format,
    /// Write the report to this file instead of the terminal, a .json or .md file in that format; FORMAT=FILE writes one
    /// more report, in the format named (repeatable; `-` is the terminal)
    #[arg(short, long, value_name = "[FORMAT=]FILE", value_parser = output_parser())]
    pub output: Vec<Output>,
    // what the report is held against; a comment of documentation would become the help of the flag below
    #[command(flatten)]
    pub gates: Gates,
    /// No progress and no remarks beside the report; why a gate fails is told all the same
    #[arg(short, long)]
    pub quiet: bool,
    /// Show every practice, chain and gap; twice: every criterion
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// When to colour; auto pays attention to NO_COLOR
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// How places link, on terminals that can: default (the page at its host, else the file), none, file, an editor
    /// (vscode, vscodium, cursor, kitty, macvim, textmate, grep+), or an address with {path} and {line} in it
    #[arg(long, value_name = "FORMAT", default_value = "default")]
    pub hyperlink_format: LinkFormat,
    /// Columns to fill [default: COLUMNS, or 80]
    #[arg(long, value_name = "N", value_parser = columns)]
    pub width: Option<u16>,
    /// Tell places only, and no text of files
    #[arg(long)]
    pub no_snippets: bool,
    #[command(flatten)]
    pub pointed: Pointed,
}

/// Flags of `treering scan` on where it is pointed, and on what decides besides the files.
#[derive(Debug, Args)]
pub struct Pointed {
    /// Scan a folder alone, and not with the repository that it lies in
    #[arg(long)]
    pub no_parent: bool,
    /// Follow what is named in another repository into a copy of it: a folder, work tree or bare repository (repeatable)
    #[arg(long, value_name = "OWNER/NAME=PATH", value_parser = with_parser())]
    pub with: Vec<With>,
    /// Take the settings from this file and not from treering.toml at the root of the repository
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Count age back from this day (YYYY-MM-DD); commits and tags after it do not count [default: the newest commit's]
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<String>,
}

/// `treering explain`.
#[derive(Debug, Args)]
#[command(after_help = WHAT)]
pub struct Explain {
    /// Id of a practice, signal, requirement, level or model, `levels`, or a file with or without a line
    #[arg(value_name = "ID|FILE[:LINE]")]
    pub what: String,
    /// The root of a repository: say why it is so there [default for a file: .]
    pub path: Option<PathBuf>,
    #[command(flatten)]
    pub pointed: Pointed,
    /// Look at this commit, branch or tag instead of the files on disk
    #[arg(long, value_name = "REV")]
    pub rev: Option<String>,
    /// Answer for the system in this folder alone, where there are several
    #[arg(long, value_name = "FOLDER|all")]
    pub system: Option<Of>,
    /// A folder of rules of your own, beside those that come with treering (repeatable)
    #[arg(long = "rules", value_name = "DIR")]
    pub rules: Vec<PathBuf>,
    /// Threads to use; changes nothing in the answer [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// No progress
    #[arg(short, long)]
    pub quiet: bool,
    /// Show every line of a file and every place of a signal
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// When to colour; auto pays attention to NO_COLOR
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// How places link, on terminals that can: default (the page at its host, else the file), none, file, an editor
    /// (vscode, vscodium, cursor, kitty, macvim, textmate, grep+), or an address with {path} and {line} in it
    #[arg(long, value_name = "FORMAT", default_value = "default")]
    pub hyperlink_format: LinkFormat,
    /// Columns to fill [default: COLUMNS, or 80]
    #[arg(long, value_name = "N", value_parser = columns)]
    pub width: Option<u16>,
}

const WHAT: &str = "\
  treering explain training.continuous      what a practice asks and what counts
  treering explain training.continuous .    and why it is so in this repository
  treering explain azure.2 .                a level: what opens it, and its rows
  treering explain levels                   how a level is decided
  treering explain Makefile:12 .            what was read there and where it leads
Where a file has the name of a rule, write ./ before it. Exit status: 0 fine; 2 failed or no such thing.";

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On terminals that can.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What a schema is asked of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Which {
    /// The JSON report.
    Report,
    /// A file of signal rules.
    Rules,
    /// A treering.toml.
    Settings,
}

/// `treering rules`.
#[derive(Debug, Subcommand)]
pub enum Rules {
    /// List every rule by kind and id
    List {
        /// A folder of rules of your own, beside those that come with treering (repeatable)
        #[arg(long = "rules", value_name = "DIR")]
        rules: Vec<PathBuf>,
    },
    /// Check a folder of rules, and that each holds its own examples
    Check {
        /// The folder [default: the rules that come with treering]
        dir: Option<PathBuf>,
    },
}

/// What a report is held against.
#[derive(Debug, Args)]
#[command(next_help_heading = "Gates")]
pub struct Gates {
    /// Fail with status 1 if a model is at a lower level, such as azure=2 or gigaom.architecture=1 (repeatable)
    #[arg(long, value_name = "MODEL=LEVEL")]
    pub at_least: Vec<LevelAsked>,
    /// Fail with status 1 unless a practice is met, or indicated for a reason that works (repeatable)
    #[arg(long, value_name = "PRACTICE=met|indicated")]
    pub require: Vec<PracticeAsked>,
    /// By what levels are judged: the level itself, or what is proven (complete chains alone)
    #[arg(long, value_name = "WHICH", default_value = "level")]
    pub evidence: WhichEvidence,
    /// Judge, and tell in full, the system in this folder; `all` for each of them, so that the worst decides [default: the
    /// primary one]
    #[arg(long, value_name = "PATH|all")]
    pub system: Option<Of>,
    /// Compare with a report that was saved as JSON
    #[arg(long, value_name = "REPORT")]
    pub baseline: Option<PathBuf>,
    /// Fail with status 1 if a practice or a level is lost since the baseline
    #[arg(long, value_name = "WHAT", requires = "baseline")]
    pub fail_on: Option<FailOn>,
    /// Status 0 instead of 3 where what was asked cannot be told
    #[arg(long)]
    pub allow_no_verdict: bool,
}

/// By which number of a model a gate judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WhichEvidence {
    /// The level that the report shows.
    Level,
    /// The level from complete chains alone.
    Complete,
}

/// What a comparison fails on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// A practice or a level that is lost.
    Regression,
}

/// Where a report goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// In which format; none for that of `--format`.
    pub format: Option<Format>,
    /// The file; none for standard output.
    pub path: Option<PathBuf>,
}

impl Output {
    /// `FORMAT=FILE`, or a file. What stands before an `=` and is no format is a mistake and no file, for otherwise a
    /// misspelt format would cost a report without a word; a folder before it, `./a=b`, makes it a file.
    fn of(text: OsString) -> Result<Self, String> {
        let split = text.to_str().and_then(|t| t.split_once('=')).filter(|(name, _)| !name.contains(['/', '\\']));
        let (format, path) = match split {
            Some((name, path)) => {
                let known = || Format::ALL.iter().map(|f| f.name()).collect::<Vec<_>>().join(", ");
                let wrong =
                    || format!("there is no format `{name}`; there are {} (a file of that name is ./{name}={path})", known());
                (Some(Format::from_name(name).ok_or_else(wrong)?), OsString::from(path))
            }
            None => (None, text),
        };
        Ok(Self { format, path: (path != "-").then(|| PathBuf::from(path)) })
    }
}

/// A copy of another repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct With {
    /// What references call it.
    pub name: String,
    /// Where the copy lies.
    pub path: PathBuf,
}

impl With {
    fn of(text: OsString) -> Result<Self, String> {
        let split =
            text.to_str().and_then(|text| text.split_once('=')).filter(|(name, path)| !name.is_empty() && !path.is_empty());
        let (name, path) = split.ok_or("write OWNER/NAME=PATH, the name as others refer to it and where its copy lies")?;
        Ok(Self { name: name.to_owned(), path: PathBuf::from(path) })
    }
}

fn with_parser() -> impl TypedValueParser<Value = With> {
    OsStringValueParser::new().try_map(With::of)
}

impl Pointed {
    /// The copies as the library takes them.
    pub fn copies(&self) -> Vec<(String, PathBuf)> {
        self.with.iter().map(|with| (with.name.clone(), with.path.clone())).collect()
    }
}

fn output_parser() -> impl TypedValueParser<Value = Output> {
    OsStringValueParser::new().try_map(Output::of)
}

fn columns(text: &str) -> Result<u16, &'static str> {
    text.parse().ok().filter(|n| (40..=400).contains(n)).ok_or("write a number of columns from 40 to 400")
}

fn format_parser() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.iter().map(|f| f.name()))
        .try_map(|name| Format::from_name(&name).ok_or("no such format"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
        let output = |text: &str| Output::of(OsString::from(text));
        assert_eq!(output("json=a=b"), Ok(Output { format: Some(Format::Json), path: Some("a=b".into()) }));
        assert_eq!(output("./pdf=a"), Ok(Output { format: None, path: Some("./pdf=a".into()) }));
        assert_eq!(output("markdown=-"), Ok(Output { format: Some(Format::Markdown), path: None }));
        assert!(output("markdwn=a").is_err_and(|told| told.contains("text, json, markdown, github")));
    }
}
