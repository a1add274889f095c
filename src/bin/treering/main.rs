//! The command line of treering: parse, call the library, write, choose the exit status.
//!
//! Exit status: 0 fine, 1 below what was asked for or less than the baseline, 2 failed, 3 no verdict could be given.

mod again;
mod args;
mod commands;
mod held_against;
mod output;
mod progress;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};

/// A scan makes and drops millions of small texts and trees from all threads; the library leaves the choice to its user.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match &cli.command {
        Command::Scan(scan) => commands::scan::run(scan),
        Command::Explain(explain) => commands::explain::run(explain),
        Command::Rules(rules) => commands::rules::run(rules),
        Command::Schema { which } => commands::schema::run(*which),
    };
    match result {
        Ok(status) => status,
        // Whoever read our output has had enough: no failure of ours.
        Err(error) if output::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::remark(&format!("error: {error:#}"), usize::MAX);
            ExitCode::from(2)
        }
    }
}
