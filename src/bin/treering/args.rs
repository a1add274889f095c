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
    /// Say what a practice, criterion, signal or model means and what counts
    Explain {
        /// Its id, such as training.continuous or azure
        id: String,
        /// A folder of rules of your own, beside those that come with treering (repeatable)
        #[arg(long = "rules", value_name = "DIR")]
        rules: Vec<PathBuf>,
    },
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
    /// Where it is pointed, and with which settings.
    #[command(flatten)]
    pub pointed: Pointed,
}

/// Flags of `treering scan` on where it is pointed, and on what decides besides the files.
#[derive(Debug, Args)]
pub struct Pointed {
    /// Scan a folder alone, and not with the repository that it lies in
    #[arg(long)]
    pub no_parent: bool,
    /// Take the settings from this file and not from treering.toml at the root of the repository
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Count age back from this day (YYYY-MM-DD); commits and tags after it do not count [default: the newest commit's]
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<String>,
    /// Tell places only, and no text of files
    #[arg(long)]
    pub no_snippets: bool,
}

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
