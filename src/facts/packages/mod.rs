//! What a project depends on, and the commands it installs. To add a format: a file here, and its two lines below.

mod conda;
mod locks;
mod pyproject;
mod requirements;
mod setup;

use super::Reader;
use crate::fact::{Dependency, Fact, FactKind, FileFacts, OnFailure, Pin, Unit, UnitKind, Uses, UsesTarget};
use crate::words::EdgeKind;

pub(crate) const ALL: &[Reader] = &[requirements::READER, pyproject::READER, setup::SCRIPT, setup::CONFIG, conda::READER, locks::READER];

/// A distribution's name as indexes compare it.
fn normal(name: &str) -> String {
    let mut normal = String::new();
    for c in name.trim().chars() {
        match c {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            c => normal.extend(c.to_lowercase()),
        }
    }
    normal
}

/// A requirement as it is written in lists of every kind: `name[extra]>=1,<2; marker`. None for what is none.
fn requirement(text: &str) -> Option<(String, Option<String>, Pin)> {
    let text = text.split(" #").next().unwrap_or(text).split(';').next().unwrap_or("").trim();
    let text = text.split(" --hash").next().unwrap_or(text).trim();
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if name.is_empty() || !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    let rest = rest.trim_start();
    let rest = if rest.starts_with('[') { rest.split_once(']').map_or("", |(_, r)| r) } else { rest }.trim();
    if let Some(address) = rest.strip_prefix('@') {
        // a commit in an address fixes it; a branch does not
        let fixed = address.rsplit('@').next().is_some_and(|at| at.len() >= 40 && at.chars().take(40).all(|c| c.is_ascii_hexdigit()));
        return Some((normal(name), Some(address.trim().to_owned()), if fixed { Pin::Exact } else { Pin::Range }));
    }
    let rest = rest.trim_matches(['(', ')']);
    Some((normal(name), (!rest.is_empty()).then(|| rest.to_owned()), pin(rest)))
}

/// How exactly a constraint fixes a version.
fn pin(constraint: &str) -> Pin {
    let constraint = constraint.trim();
    if constraint.is_empty() || constraint == "*" {
        return Pin::Bare;
    }
    let exact = constraint.starts_with("==") && !constraint.contains('*') && !constraint.contains(',');
    if exact { Pin::Exact } else { Pin::Range }
}

fn dependency(facts: &mut FileFacts, line: u32, parsed: (String, Option<String>, Pin), group: Option<&str>, locked: bool) {
    let (name, version, pin) = parsed;
    let kind = FactKind::Dependency(Dependency { name, version, pin, group: group.map(str::to_owned), locked });
    facts.facts.push(Fact { unit: None, line, end_line: line, kind });
}

fn setting(facts: &mut FileFacts, line: u32, key: &str, value: &str) {
    let kind = FactKind::Setting { key: key.to_owned(), value: value.to_owned() };
    facts.facts.push(Fact { unit: None, line, end_line: line, kind });
}

/// A command that installing the package makes: `name = "pkg.module:function"`.
fn entry_point(facts: &mut FileFacts, line: u32, name: &str, target: &str) {
    let unit = facts.units.len();
    facts.units.push(Unit { kind: UnitKind::EntryPoint, name: name.trim().to_owned(), title: None, line, end_line: line, parent: None });
    let uses = Uses {
        reference: target.trim().to_owned(),
        with: Vec::new(),
        to: UsesTarget::Python(target.split('[').next().unwrap_or(target).trim().to_owned()),
        edge: EdgeKind::Invokes,
        on_failure: OnFailure::Stops,
    };
    facts.facts.push(Fact { unit: Some(unit), line, end_line: line, kind: FactKind::Uses(uses) });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_are_told_apart() {
        let of = |text: &str| requirement(text).map(|(name, _, pin)| (name, pin));
        assert_eq!(of("Scikit_Learn[all]==1.2 ; python_version > '3.8'  # via x"), Some(("scikit-learn".into(), Pin::Exact)));
        assert_eq!(of("pandas>=1,<2"), Some(("pandas".into(), Pin::Range)));
        assert_eq!(of("numpy"), Some(("numpy".into(), Pin::Bare)));
        assert_eq!(of("torch==2.*"), Some(("torch".into(), Pin::Range)));
        assert_eq!(of("-r other.txt"), None);
        assert_eq!(of("# note"), None);
    }
}
