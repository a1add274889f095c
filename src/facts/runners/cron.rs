//! Crontabs: every line is a workflow of its own, started by its schedule once something installs the list.
//!
//! A list is told by its name and by what stands in it, or by an image definition that copies it to where cron looks.
//! Whoever installs it runs nothing of it, so the list itself is a unit beside its lines. What nothing here installs may
//! be installed by hand: it is meant, and no more.

use std::collections::BTreeMap;

use crate::fact::{FactKind, FileFacts, Held, Trigger, Unit, UnitId, UnitKind, Until};
use crate::facts::shell::{Shell, lower};
use crate::facts::{Context, Reader, When, unparsable};
use crate::resolve::CRONTAB;
use crate::source::{SourceFile, extension, file_name};
use crate::syntax::cron;
use crate::words::{Strength, TriggerKind};

/// The name under which image definitions ask for a list.
pub(crate) const NAME: &str = "crontab";

/// Lists of schedules.
pub(crate) const READER: Reader = Reader { name: NAME, wants, when: When::Recognised(|_, text| cron::is_one(text)), read };

/// Longest title, in characters.
const TITLE: usize = 80;

fn wants(path: &str) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    let plain = matches!(extension(&name), None | Some("cron" | "crontab" | "tab" | "txt" | "conf"));
    plain && (name.contains("cron") || of_the_system(path) || path.contains("crontabs/"))
}

/// Whether a list lies where those lie that name a user.
fn of_the_system(path: &str) -> bool {
    path.starts_with("cron.d/") || path.contains("/cron.d/") || path.ends_with("etc/crontab")
}

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let mut facts = FileFacts::default();
    // the definition that asks for its lists is read by its own reader
    let asked = context.joined.wholes.iter().any(|whole| whole.root != file.path);
    if !wants(&file.path) && !asked {
        return facts;
    }
    let list = cron::parse(&file.text, of_the_system(&file.path) || asked);
    if list.entries.is_empty() {
        return facts;
    }
    facts.notices.extend(list.error.iter().map(|error| unparsable(file, error)));
    let lines = u32::try_from(file.text.lines().count()).unwrap_or(u32::MAX).max(1);
    let unit = installed(&mut facts, (1, lines));
    for (key, value, line) in &list.settings {
        facts.state(unit, *line, FactKind::Setting { key: key.clone(), value: value.clone() });
    }
    for entry in &list.entries {
        line_of(entry, entry.line, context, &mut facts);
    }
    facts
}

/// The list as such: what is installed.
pub(crate) fn installed(facts: &mut FileFacts, (line, end_line): (u32, u32)) -> UnitId {
    facts.units.push(Unit { kind: UnitKind::Manifest, name: CRONTAB.to_owned(), title: None, line, end_line, parent: None });
    facts.units.len() - 1
}

/// One line of a list, which stands on this line of the file.
pub(crate) fn line_of(entry: &cron::Entry, line: u32, context: &Context<'_>, facts: &mut FileFacts) {
    let unit = facts.units.len();
    let title = match entry.command.char_indices().nth(TITLE) {
        Some((at, _)) => format!("{}…", &entry.command[..at]),
        None => entry.command.clone(),
    };
    let name = format!("{CRONTAB} line {line}");
    facts.units.push(Unit { kind: UnitKind::Workflow, name, title: Some(title), line, end_line: line, parent: None });
    let held = Held {
        strength: Strength::Assumed,
        why: "nothing in this repository installs it".to_owned(),
        until: Some(Until::Installed { path: None, names: vec![CRONTAB.to_owned()] }),
        remedy: None,
    };
    let trigger =
        Trigger { held: Some(held), ..Trigger::plain(TriggerKind::Schedule, format!("schedule \"{}\"", entry.schedule)) };
    facts.state(unit, line, FactKind::Trigger(trigger));
    let variables: BTreeMap<String, String> = entry.settings.clone();
    lower(&entry.command, &|_| line, unit, &Shell { variables, ..Shell::default() }, context, facts);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_workflow() {
        let text =
            "DIR=jobs\n0 3 * * * cd /app && python fit.py >> /tmp/log 2>&1\n# 0 4 * * * python old.py\n@daily sh $DIR/check.sh\n";
        let facts = read(&SourceFile::new("ops/crontab".into(), text.to_owned()), &Context::default());
        let told: Vec<(u32, String)> = facts
            .facts
            .iter()
            .filter_map(|fact| match &fact.kind {
                FactKind::Command(c) => Some((fact.line, c.text())),
                FactKind::Trigger(t) => Some((fact.line, format!("{}, {:?}", t.text, t.held.as_ref().map(|h| h.strength)))),
                _ => None,
            })
            .collect();
        let told: Vec<(u32, &str)> = told.iter().map(|(line, text)| (*line, text.as_str())).collect();
        assert_eq!(
            told,
            [
                (2, "schedule \"0 3 * * *\", Some(Assumed)"),
                (2, "cd /app"),
                (2, "python fit.py"),
                (4, "schedule \"@daily\", Some(Assumed)"),
                (4, "sh jobs/check.sh")
            ]
        );
    }

    #[test]
    fn names_alone_do_not_make_a_list() {
        for path in ["crontab", "deploy/crontab.txt", "cron.d/fit", "ops/fit.cron", "crontabs/root"] {
            assert!(wants(path), "{path}");
        }
        assert!(!wants("cron.py") && !wants("crontab.j2") && !wants("docs/cron.md") && !wants("jobs/fit"));
        assert!(!cron::is_one("Our cron jobs run on the server.\n"));
    }
}
