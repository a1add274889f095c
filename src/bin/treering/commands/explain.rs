//! `treering explain`: what an id means and what counts.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};

use super::catalog;
use crate::output;

pub fn run(id: &str, rules: &[PathBuf]) -> Result<ExitCode> {
    let catalog = catalog(rules)?;
    let Some(explanation) = catalog.explain(id) else {
        let near = catalog.suggestions(id);
        if near.is_empty() {
            bail!("there is no rule `{id}`; `treering rules list` names them all");
        }
        bail!("there is no rule `{id}`; did you mean {}? `treering rules list` names them all", near.join(", "));
    };
    let mut text = format!("{}\n", explanation.heading);
    for (title, lines) in &explanation.sections {
        text.push('\n');
        if !title.is_empty() {
            let _ = writeln!(text, "{}", title.to_uppercase());
        }
        for line in lines {
            wrap(&mut text, line);
        }
    }
    output::print(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// Two columns in, at most 80 wide; an indent that the line brings along is kept for what follows.
fn wrap(text: &mut String, line: &str) {
    let own = line.len() - line.trim_start_matches(' ').len();
    let indent = " ".repeat(2 + own.min(20));
    let mut column = 0;
    for word in line.split_whitespace() {
        let width = word.chars().count();
        if column == 0 {
            text.push_str(&indent);
            column = indent.len();
        } else if column + 1 + width > 80 {
            text.push('\n');
            text.push_str(&indent);
            text.push_str("  ");
            column = indent.len() + 2;
        } else {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += width;
    }
    text.push('\n');
}
