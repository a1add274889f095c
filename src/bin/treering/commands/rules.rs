//! `treering rules`: which rules there are, and whether they are sound.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::Result;

use super::catalog;
use crate::args::Rules;
use crate::output;

pub fn run(rules: &Rules) -> Result<ExitCode> {
    match rules {
        Rules::List { rules } => {
            let mut text = String::new();
            let listed = catalog(rules)?.list();
            let widest = listed.iter().map(|l| l.id.chars().count()).max().unwrap_or(0).min(44);
            for rule in &listed {
                let line = format!("{:<9} {:<widest$}  {}  ({})", rule.kind, rule.id, rule.title, rule.file);
                let _ = writeln!(text, "{}", line.trim_end());
            }
            output::print(text.as_bytes())?;
        }
        Rules::Check { dir } => {
            let found = treering::check_rules(dir.as_deref())?;
            let told = match dir {
                Some(dir) => format!("{} and the built-in rules: {found}, all sound\n", dir.display()),
                None => format!("built-in rules: {found}, all sound\n"),
            };
            output::print(told.as_bytes())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
