//! What files of tasks come to, told compactly: for tests.

use crate::fact::{FactKind, FileFacts, OnFailure};

/// One line for each command and each call of another task.
pub(super) fn told(facts: &FileFacts) -> Vec<String> {
    let mut lines = Vec::new();
    for fact in &facts.facts {
        let name = fact.unit.and_then(|u| facts.units.get(u)).map_or("-", |u| &u.name);
        match &fact.kind {
            FactKind::Command(c) => {
                let lost = if matches!(c.on_failure, OnFailure::Discarded(_)) { " (lost)" } else { "" };
                lines.push(format!("{name} {}: {} @{}{lost}", fact.line, c.text(), c.dir.as_deref().unwrap_or("?")));
            }
            FactKind::Uses(u) => lines.push(format!("{name} {}> {}", fact.line, u.reference)),
            _ => {}
        }
    }
    lines
}
