//! What a file of settings changed, entry by entry: a setting that nobody sees would be a lie.

use std::collections::BTreeMap;

use super::super::{SettingEntry, SettingKey, SettingsInput, redact};
use crate::settings::Settings;
use crate::source::{Location, Notice, NoticeKind};
use crate::words::SubjectKind;

/// What came of the settings, as the scan went on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Effects {
    /// For each pattern, how many files it was the first to leave out.
    pub(crate) left_out: Vec<u64>,
    /// For each signal that is off, in how many places it was seen.
    pub(crate) signals: BTreeMap<String, u64>,
    /// For each declared folder, how many places in it train or serve (1 at least where it is a system at all).
    pub(crate) systems: BTreeMap<String, u64>,
    /// What the subject was found to be.
    pub(crate) subject: Option<SubjectKind>,
    /// How many systems were judged.
    pub(crate) judged: u64,
}

/// Every entry with what it changed, and a notice for each that changed nothing.
pub(crate) fn told(settings: &Settings, effects: &Effects) -> (SettingsInput, Vec<Notice>) {
    let mut entries = Vec::new();
    let mut idle: Vec<(u32, String)> = Vec::new();
    let reason = |text: &str| Some(redact::snippet(text));
    for (at, (glob, line)) in settings.exclude.globs.iter().enumerate() {
        let touched = effects.left_out.get(at).copied().unwrap_or(0);
        if touched == 0 {
            idle.push((*line, format!("the pattern `{glob}` leaves out no file that no other one does; mend it or take it out")));
        }
        let effect = count(touched, "file left out", "files left out");
        entries.push(entry(*line, SettingKey::Exclude, glob, None, effect, touched));
    }
    for named in &settings.systems {
        let touched = effects.systems.get(&named.path).copied().unwrap_or(0);
        let (path, name) = (&named.path, &named.name);
        let effect = if touched > 0 { format!("one system, called `{name}`") } else { "nothing".to_owned() };
        if touched == 0 {
            idle.push((
                named.line,
                format!("nothing below `{path}` trains or serves a model, so it is no system; is the path right?"),
            ));
        }
        entries.push(entry(named.line, SettingKey::System, path, None, effect, touched));
    }
    if let Some(correction) = &settings.subject {
        let (kind, found) = (correction.kind, effects.subject);
        let differs = found != Some(kind);
        if !differs {
            idle.push((correction.line, format!("the subject is found to be `{kind}` without this; take it out")));
        }
        let effect = match found {
            Some(found) if differs => format!("corrected; it was found to be `{found}`"),
            _ => "nothing".to_owned(),
        };
        let touched = u64::from(differs);
        entries.push(entry(correction.line, SettingKey::Subject, kind.word(), reason(&correction.reason), effect, touched));
    }
    for off in &settings.off {
        let (effect, touched) = match effects.signals.get(&off.rule) {
            Some(0) => {
                idle.push((off.line, format!("the signal `{}` is seen nowhere here; take this out", off.rule)));
                ("nothing".to_owned(), 0)
            }
            Some(seen) => (format!("{} not counted", count(*seen, "place", "places")), *seen),
            None => ("not judged: unknown".to_owned(), effects.judged),
        };
        entries.push(entry(off.line, SettingKey::Off, &off.rule, reason(&off.reason), effect, touched));
    }
    entries.sort();
    let notices = idle.into_iter().map(|(line, text)| notice(settings, line, text)).collect();
    (SettingsInput { file: settings.file.clone(), in_repository: settings.in_repository, entries, without: None }, notices)
}

fn entry(line: u32, key: SettingKey, names: &str, reason: Option<String>, effect: String, touched: u64) -> SettingEntry {
    SettingEntry { line, key, names: redact::snippet(names), reason, effect: redact::snippet(&effect), touched }
}

fn notice(settings: &Settings, line: u32, text: String) -> Notice {
    if settings.in_repository {
        return Notice { at: Some(Location::line(&settings.file.as_str().into(), line)), kind: NoticeKind::Setting, text };
    }
    Notice { at: None, kind: NoticeKind::Setting, text: format!("{}: {text}", settings.place(line)) }
}

fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
