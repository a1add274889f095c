//! `treering scan`: read a repository, write the report, hold it against what was asked for.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use treering::{Format, Gated, Options, Report, Style, gate};

use super::catalog;
use crate::again;
use crate::args::{Output, Scan};
use crate::held_against;
use crate::output;
use crate::progress::Bar;

pub fn run(scan: &Scan) -> Result<ExitCode> {
    let catalog = catalog(&scan.rules)?;
    let gates = held_against::Gates::of(scan, catalog)?;
    let outputs = outputs(scan)?;
    if scan.paths.len() > 1 && outputs.iter().any(|output| output.path.is_some()) {
        bail!("--output takes one report and {} paths were given; scan one path at a time, or leave it out", scan.paths.len());
    }
    let options = Options {
        revision: scan.rev.clone(),
        models: scan.models.clone(),
        threads: scan.threads.map(usize::from),
        parent: !scan.pointed.no_parent,
        config: scan.pointed.config.clone(),
        as_of: scan.pointed.as_of.clone(),
        no_snippets: scan.no_snippets,
        with: scan.pointed.copies(),
    };
    // all of them before a word is written: a report that comes out is one of a scan that was done
    let bar = Bar::new(scan.quiet);
    let reports: Result<Vec<Report>, treering::Error> =
        scan.paths.iter().map(|path| treering::scan(path, catalog, &options, &bar)).collect();
    bar.clear();
    let reports = reports?;

    // all that can fail comes before the first file is moved to its place
    let held = gates.judge(scan, &reports)?;
    let of = scan.gates.system.clone().unwrap_or_default();
    reports.iter().try_for_each(|report| gate::check_system(report, &of))?;
    let told = super::told(&of);
    let is_asked = !scan.gates.at_least.is_empty() || !scan.gates.require.is_empty() || scan.gates.fail_on.is_some();
    let models = scan.gates.at_least.iter().map(|asked| asked.model.clone()).collect();
    let gate = is_asked.then(|| Gated { passed: held.status == 0, lines: held.lines.clone(), models });
    let mut terminal = Vec::new();
    let mut files = Vec::new();
    for (number, (path, report)) in scan.paths.iter().zip(&reports).enumerate() {
        for output in &outputs {
            let format = output.format.unwrap_or_else(|| written_as(scan.format, output.path.as_deref()));
            let mut bytes = Vec::new();
            let shown = output.path.is_none() && format == Format::Text;
            let style = super::style(output.path.is_none(), scan.color, scan.width, scan.verbose);
            let links = super::links(&style, &scan.hyperlink_format, path, report).filter(|_| shown);
            let style = Style { asked: again::words(scan, path, true), links, told: told.clone(), gate: gate.clone(), ..style };
            treering::write(report, format, &mut bytes, &style)?;
            match &output.path {
                Some(path) => files.push(output::stage(path, &bytes)?),
                None => {
                    if scan.paths.len() > 1 && format == Format::Text {
                        let gap = if number > 0 { "\n" } else { "" };
                        terminal.extend(format!("{gap}==> {} <==\n", printable(path)).bytes());
                    }
                    terminal.append(&mut bytes);
                }
            }
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
    // why a gate fails is its answer and no remark
    if !scan.quiet || held.status != 0 {
        let columns = super::style(false, scan.color, scan.width, 0).width;
        held.lines.iter().for_each(|line| output::remark(line, columns));
    }
    Ok(ExitCode::from(held.status))
}

/// The format of a report that goes to a file without a word of it: the one asked for, or else that of the file's name.
fn written_as(asked: Format, path: Option<&Path>) -> Format {
    let named = path.and_then(Path::extension).and_then(|ext| ext.to_str()).map(str::to_ascii_lowercase);
    match (asked, named.as_deref()) {
        (Format::Text, Some("json")) => Format::Json,
        (Format::Text, Some("md" | "markdown")) => Format::Markdown,
        (asked, _) => asked,
    }
}

/// A path in a headline; what a terminal would take for an order is shown as its code.
fn printable(path: &Path) -> String {
    path.to_string_lossy().chars().flat_map(|c| if c.is_control() { c.escape_unicode().collect() } else { vec![c] }).collect()
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
