//! One file a verb.

pub mod explain;
pub mod rules;
pub mod scan;
pub mod schema;

use std::io::IsTerminal;
use std::path::PathBuf;

use treering::{Catalog, Error, Style};

use crate::args::Color;

/// The rules that come with treering, and those of the user. They are there until the program ends: to take ten thousand
/// small texts apart before that is a tenth of a small scan.
fn catalog(dirs: &[PathBuf]) -> Result<&'static Catalog, Error> {
    let catalog = if dirs.is_empty() { Catalog::embedded() } else { Catalog::load(dirs) }?;
    Ok(Box::leak(Box::new(catalog)))
}

/// How to write for a person; `shown` says that it goes to standard output, `links` that places may link.
fn style(shown: bool, color: Color, width: Option<u16>, verbose: u8, links: bool) -> Style {
    let terminal = shown && std::io::stdout().is_terminal();
    let color = match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => terminal && anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never,
    };
    let columns = || std::env::var("COLUMNS").ok().and_then(|c| c.trim().parse().ok()).filter(|c| *c > 0);
    let width = width.map(usize::from).or_else(columns).unwrap_or(80);
    // Links only where there is a person to follow them, and colour shows that the terminal is not a plain one.
    Style { color, width: width.clamp(40, 400), verbose, links: terminal && color && links, asked: String::new() }
}
