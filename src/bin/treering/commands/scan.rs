//! `treering scan`: read a repository, write the report, hold it against what was asked for.

use std::process::ExitCode;

use anyhow::{Result, bail};
use treering::{Format, Options, Report, Style};

use super::catalog;
use crate::args::{Gate, Scan};
use crate::output;
use crate::progress::Bar;

pub fn run(scan: &Scan) -> Result<ExitCode> {
    let catalog = catalog(&scan.rules)?;
    known_models(&catalog, scan)?;
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

    let mut bytes = Vec::new();
    treering::write(&report, scan.format, &mut bytes, &style(scan))?;
    let status = judge(&report, &scan.at_least, scan.quiet);
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
    let text = scan.format == Format::Text;
    super::style(scan.output.is_none(), scan.color, scan.width, scan.verbose, text)
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
