//! `treering scan`: read a repository, write the report, hold it against what was asked for.

use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use treering::{Format, Options, Report, Style};

use super::catalog;
use crate::args::{Color, Gate, Scan};
use crate::output;
use crate::progress::Bar;

pub fn run(scan: &Scan) -> Result<ExitCode> {
    let catalog = catalog(&scan.rules)?;
    known_models(&catalog, scan)?;
    if scan.paths.len() > 1 && scan.output.is_some() {
        bail!("--output takes one report and {} paths were given; scan one path at a time, or leave it out", scan.paths.len());
    }
    let options = Options {
        revision: scan.rev.clone(),
        models: scan.models.clone(),
        threads: scan.threads.map(usize::from),
        parent: !scan.pointed.no_parent,
        config: scan.pointed.config.clone(),
        as_of: scan.pointed.as_of.clone(),
        no_snippets: scan.pointed.no_snippets,
    };
    // all of them before a word is written: a report that comes out is one of a scan that was done
    let bar = Bar::new(scan.quiet);
    let reports: Result<Vec<Report>, treering::Error> =
        scan.paths.iter().map(|path| treering::scan(path, &catalog, &options, &bar)).collect();
    bar.clear();
    let reports = reports?;

    let mut bytes = Vec::new();
    let mut status = 0;
    for (number, (path, report)) in scan.paths.iter().zip(&reports).enumerate() {
        if scan.paths.len() > 1 && scan.format == Format::Text {
            let gap = if number > 0 { "\n" } else { "" };
            bytes.extend(format!("{gap}==> {} <==\n", printable(path)).bytes());
        }
        treering::write(report, scan.format, &mut bytes, &style(scan))?;
        status = worse(status, judge(report, &scan.at_least, scan.quiet));
    }
    match &scan.output {
        Some(path) => output::write_file(path, &bytes)?,
        // A reader that went away does not change what the gate says.
        None => match output::print(&bytes) {
            Err(error) if output::is_closed_pipe(&error) => {}
            other => other?,
        },
    }
    Ok(ExitCode::from(status))
}

/// A path in a headline; what a terminal would take for an order is shown as its code.
fn printable(path: &Path) -> String {
    path.to_string_lossy().chars().flat_map(|c| if c.is_control() { c.escape_unicode().collect() } else { vec![c] }).collect()
}

/// The status of several reports: below what was asked for is worse than no verdict, and that is worse than fine.
fn worse(one: u8, other: u8) -> u8 {
    match (one, other) {
        (1, _) | (_, 1) => 1,
        _ => one.max(other),
    }
}

/// A gate on a model that is not there must never pass or fail in silence.
fn known_models(catalog: &treering::Catalog, scan: &Scan) -> Result<()> {
    if scan.models.is_empty() && scan.at_least.is_empty() {
        return Ok(());
    }
    let known: Vec<String> = catalog.list().into_iter().filter(|l| l.kind == "model").map(|l| l.id).collect();
    for id in scan.models.iter().chain(scan.at_least.iter().map(|g| &g.model)) {
        if !known.contains(id) {
            bail!("there is no maturity model `{id}`; there are {}", known.join(", "));
        }
    }
    if let Some(gate) = scan.at_least.iter().find(|g| !scan.models.is_empty() && !scan.models.contains(&g.model)) {
        bail!("--at-least asks for `{0}`, which --model leaves out; add --model {0}", gate.model);
    }
    Ok(())
}

fn style(scan: &Scan) -> Style {
    let terminal = scan.output.is_none() && std::io::stdout().is_terminal();
    let color = match scan.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => terminal && anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never,
    };
    let columns = || std::env::var("COLUMNS").ok().and_then(|c| c.trim().parse().ok()).filter(|_| terminal);
    let width = scan.width.map(usize::from).or_else(columns).unwrap_or(80);
    // Links only where there is a person to follow them, and colour shows that the terminal is not a plain one.
    Style { color, width: width.clamp(40, 400), verbose: scan.verbose, links: terminal && color && scan.format == Format::Text }
}

/// 0 where every level asked for is there, 1 where one is lower, 3 where one cannot be told.
fn judge(report: &Report, gates: &[Gate], quiet: bool) -> u8 {
    let remark = |text: String| {
        if !quiet {
            output::remark(&text);
        }
    };
    let system = report.systems.iter().find(|s| s.primary);
    let mut status = 0;
    for Gate { model, level: asked } in gates {
        let assessment = system.and_then(|s| s.models.iter().find(|m| m.id == *model));
        match assessment.and_then(|a| a.level) {
            Some(level) if level >= *asked => {}
            Some(level) => {
                let unknown = assessment.map_or(0, |a| a.incomplete.len());
                let more = if unknown > 0 {
                    format!("; {unknown} practices that could not be looked for might change it")
                } else {
                    String::new()
                };
                remark(format!("{model} is at level {level}, {asked} was asked for{more}"));
                status = 1;
            }
            None => {
                let why = match (system, assessment) {
                    (None, _) => "there is no system here that trains or serves a model".to_owned(),
                    (Some(_), None) => "it was not applied".to_owned(),
                    (Some(_), Some(_)) => "it gives no overall level".to_owned(),
                };
                remark(format!("no verdict on {model}: {why}"));
                status = if status == 1 { 1 } else { 3 };
            }
        }
    }
    status
}
