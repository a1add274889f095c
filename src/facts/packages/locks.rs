//! Lock files: complete lists made by a tool. One fact a package, from the lines that name it.

use super::{dependency, normal};
use crate::fact::{FileFacts, Pin};
use crate::facts::{Context, Reader, When};
use crate::source::{SourceFile, file_name};

/// Locks of the Python tools.
pub(crate) const READER: Reader = Reader { name: "lock file", wants, when: When::Always, read };

fn wants(path: &str) -> bool {
    matches!(file_name(path), "poetry.lock" | "uv.lock" | "pdm.lock" | "pixi.lock" | "Pipfile.lock" | "conda-lock.yml")
}

/// Locks are long and regular, so their lines are scanned rather than parsed; only that there is one, and which
/// packages it fixes, is asked.
fn read(file: &SourceFile, _: &Context<'_>) -> FileFacts {
    let mut facts = FileFacts::default();
    let json = file.name() == "Pipfile.lock";
    let lines: Vec<&str> = file.text.lines().collect();
    for (number, line) in lines.iter().enumerate() {
        let text = line.trim();
        let name = if json {
            let next = lines.get(number + 1).is_some_and(|l| l.contains("\"hashes\"") || l.contains("\"version\""));
            text.strip_suffix(": {").filter(|_| next).map(|n| n.trim_matches('"'))
        } else {
            text.strip_prefix("name = ").or_else(|| text.strip_prefix("- name: ")).or_else(|| text.strip_prefix("name: ")).map(|n| n.trim_matches('"'))
        };
        if let Some(name) = name {
            dependency(&mut facts, number as u32 + 1, (normal(name), None, Pin::Exact), None, true);
        }
    }
    facts
}
