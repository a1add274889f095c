//! `treering scan`: read a repository, write the report, hold it against what was asked for.

use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use treering::{Format, Options, Style};

use super::catalog;
use crate::args::{Color, Output, Scan};
use crate::held_against;
use crate::output;
use crate::progress::Bar;

pub fn run(scan: &Scan) -> Result<ExitCode> {
    let catalog = catalog(&scan.rules)?;
    let gates = held_against::Gates::of(scan, &catalog)?;
    let outputs = outputs(scan)?;
    let options = Options {
        revision: scan.rev.clone(),
        models: scan.models.clone(),
        threads: scan.threads.map(usize::from),
        ..Options::default()
    };
    let bar = Bar::new(scan.quiet);
    let report = treering::scan(&scan.path, &catalog, &options, &bar);
    bar.clear();
    let report = report?;

    // all that can fail comes before the first file is moved to its place
    let held = gates.judge(&report)?;
    let mut terminal = Vec::new();
    let mut files = Vec::new();
    for Output { format, path } in &outputs {
        let format = format.unwrap_or(scan.format);
        let mut bytes = Vec::new();
        treering::write(&report, format, &mut bytes, &style(scan, format, path.is_none()))?;
        match path {
            Some(path) => files.push(output::stage(path, &bytes)?),
            None => terminal.append(&mut bytes),
        }
    }
    for file in files {
        file.commit()?;
    }
    // A reader that went away does not change what the gate says.
    match output::print(&terminal) {
        Err(error) if output::is_closed_pipe(&error) => {}
        other => other?,
    }
    if !scan.quiet {
        held.lines.iter().for_each(|line| output::remark(line));
    }
    Ok(ExitCode::from(held.status))
}

/// Where the report goes: to the terminal too, unless a plain file takes its place.
fn outputs(scan: &Scan) -> Result<Vec<Output>> {
    let mut outputs = scan.output.clone();
    if let Some(twice) = outputs.iter().enumerate().find_map(|(at, output)| {
        let path = output.path.as_ref().filter(|path| !is_special(path))?;
        outputs.iter().skip(at + 1).any(|other| other.path.as_ref() == Some(path)).then_some(path)
    }) {
        bail!("two reports would be written to `{}`; give each a file of its own", twice.display());
    }
    if outputs.iter().all(|output| output.format.is_some() && output.path.is_some()) {
        outputs.push(Output { format: None, path: None });
    }
    Ok(outputs)
}

/// Whether a path is there and no regular file: a device or a pipe may take several reports.
fn is_special(path: &Path) -> bool {
    path.metadata().is_ok_and(|m| !m.is_file())
}

fn style(scan: &Scan, format: Format, terminal: bool) -> Style {
    let terminal = terminal && std::io::stdout().is_terminal();
    let color = match scan.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => terminal && anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never,
    };
    let columns = || std::env::var("COLUMNS").ok().and_then(|c| c.trim().parse().ok()).filter(|_| terminal);
    let width = scan.width.map(usize::from).or_else(columns).unwrap_or(80);
    // Links only where there is a person to follow them, and colour shows that the terminal is not a plain one.
    Style { color, width: width.clamp(40, 400), verbose: scan.verbose, links: terminal && color && format == Format::Text }
}
