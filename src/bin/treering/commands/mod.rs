//! One file a verb.

pub mod explain;
pub mod rules;
pub mod scan;
pub mod schema;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use treering::gate::Of;
use treering::{Catalog, Error, FilesFrom, LinkFormat, Links, Report, Style, Told};

use crate::args::Color;

/// The rules that come with treering, and those of the user. They are there until the program ends: to take ten thousand
/// small texts apart before that is a tenth of a small scan.
fn catalog(dirs: &[PathBuf]) -> Result<&'static Catalog, Error> {
    let catalog = if dirs.is_empty() { Catalog::embedded() } else { Catalog::load(dirs) }?;
    Ok(Box::leak(Box::new(catalog)))
}

/// How to write for a person; `shown` says that it goes to standard output.
fn style(shown: bool, color: Color, width: Option<u16>, verbose: u8) -> Style {
    let terminal = shown && std::io::stdout().is_terminal();
    let color = match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => terminal && anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never,
    };
    let columns = || std::env::var("COLUMNS").ok().and_then(|c| c.trim().parse().ok()).filter(|c| *c > 0);
    let width = width.map(usize::from).or_else(columns).unwrap_or(80);
    Style { color, width: width.clamp(40, 400), verbose, ..Style::default() }
}

/// Of which system the whole is told.
fn told(of: &Of) -> Told {
    match of {
        Of::Primary => Told::Primary,
        Of::Path(path) => Told::Of(path.clone()),
        Of::All => Told::All,
    }
}

/// Where places link to; nowhere but on a terminal that shows colours, is not a log of CI and does not call itself dumb.
fn links(style: &Style, format: &LinkFormat, path: &Path, report: &Report) -> Option<Links> {
    let is = |name: &str| std::env::var(name).is_ok_and(|value| !value.is_empty() && value != "0" && value != "false");
    let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
    let able = style.color && std::io::stdout().is_terminal() && !dumb && !is("CI");
    if !able || *format == LinkFormat::None {
        return None;
    }
    Some(Links { format: format.clone(), host: host(), root: root(path, report) })
}

/// The folder that the report's paths begin in; none where it was not the files on disk that were read.
fn root(path: &Path, report: &Report) -> Option<String> {
    if report.inputs.tree == FilesFrom::Revision {
        return None;
    }
    let scanned = path.canonicalize().ok()?;
    let up = report.inputs.below.as_deref().map_or(0, |below| below.split('/').count());
    scanned.ancestors().nth(up)?.to_str().map(str::to_owned)
}

/// The name of this machine; empty where it is not told.
fn host() -> String {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    kernel.or_else(|| std::env::var("HOSTNAME").ok()).map(|name| name.trim().to_owned()).unwrap_or_default()
}
