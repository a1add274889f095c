//! The command line; the only user of clap.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use treering::Format;

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
Exit status: 0 fine; 1 below --at-least; 2 failed; 3 no verdict could be given for --at-least.";

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
    /// Print the JSON Schema of the report or of a file of signal rules
    Schema {
        /// Of what
        which: Which,
    },
}

/// `treering scan`.
#[derive(Debug, Args)]
#[command(after_help = EXIT)]
pub struct Scan {
    /// The root of the repository; folders above it are not searched
    #[arg(default_value = ".")]
    pub path: PathBuf,
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
    /// Write the report to this file instead of the terminal
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Fail with status 1 if the level of a model is lower (repeatable)
    #[arg(long, value_name = "MODEL=LEVEL", value_parser = gate)]
    pub at_least: Vec<Gate>,
    /// No progress and no remarks beside the report
    #[arg(short, long)]
    pub quiet: bool,
    /// Show every practice, chain and gap; twice: every criterion
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// When to colour; auto pays attention to NO_COLOR
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// Columns to fill [default: COLUMNS, or 80]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(40..=400))]
    pub width: Option<u16>,
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
    /// Look at this commit, branch or tag instead of the files on disk
    #[arg(long, value_name = "REV")]
    pub rev: Option<String>,
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
    /// Columns to fill [default: COLUMNS, or 80]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(40..=400))]
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

/// A level that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// Id of the model.
    pub model: String,
    /// The lowest level that passes.
    pub level: u8,
}

fn gate(text: &str) -> Result<Gate, String> {
    let wrong = || "write the id of a model, `=` and a level, such as azure=2".to_owned();
    let (model, level) = text.split_once('=').ok_or_else(wrong)?;
    let level = level.trim().parse().map_err(|_| wrong())?;
    if model.trim().is_empty() { Err(wrong()) } else { Ok(Gate { model: model.trim().to_owned(), level }) }
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
        assert_eq!(gate("azure=2"), Ok(Gate { model: "azure".into(), level: 2 }));
        assert!(gate("azure").is_err() && gate("azure=high").is_err() && gate("=1").is_err());
    }
}
