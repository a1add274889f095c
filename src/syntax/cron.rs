//! Crontabs: a schedule and a command a line, settings between them.
//!
//! Five fields and a command, or a name (`@daily`) and a command; lists of the system have the user between the two. What
//! stands behind a `%` is fed to the command, and `\%` is the sign itself. `@reboot` is no schedule and is left out.
//! Bounded in entries and in the length of a line; a line that is neither is told, once.

use std::collections::BTreeMap;

use super::SyntaxError;

/// Most entries of one list.
const MOST: usize = 1_000;
/// Longest line that is looked at, in bytes.
const LONGEST: usize = 16 << 10;
/// Names for schedules.
const NAMED: &[&str] = &["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly", "@every"];
/// Words that begin a command and are no names of users.
const PROGRAMS: &[&str] = &[
    "bash",
    "cd",
    "command",
    "conda",
    "cp",
    "curl",
    "date",
    "docker",
    "echo",
    "env",
    "exec",
    "export",
    "find",
    "flock",
    "git",
    "make",
    "nice",
    "node",
    "nohup",
    "npm",
    "perl",
    "php",
    "pipenv",
    "poetry",
    "python",
    "python2",
    "python3",
    "rm",
    "rsync",
    "run-parts",
    "sh",
    "sleep",
    "source",
    "sudo",
    "test",
    "timeout",
    "touch",
    "uv",
    "wget",
];

/// A list of schedules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Crontab {
    /// What is run when, in the order of the text.
    pub entries: Vec<Entry>,
    /// Settings with the line of each, in the order of the text.
    pub settings: Vec<(String, String, u32)>,
    /// The first line that is neither.
    pub error: Option<SyntaxError>,
}

/// A line that runs something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// 1-based.
    pub line: u32,
    /// Its five fields, or its name.
    pub schedule: String,
    /// The command, as the shell gets it.
    pub command: String,
    /// The settings that stand above it.
    pub settings: BTreeMap<String, String>,
}

/// Reads a list. `users` says that it is one of the system, whose lines name a user.
pub fn parse(text: &str, users: bool) -> Crontab {
    let mut list = Crontab::default();
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    for (number, raw) in text.lines().enumerate() {
        let line = u32::try_from(number + 1).unwrap_or(u32::MAX);
        let written = raw.trim();
        if written.is_empty() || written.starts_with('#') || list.entries.len() >= MOST {
            continue;
        }
        if let Some((name, value)) = setting(written) {
            known.insert(name.to_owned(), value.to_owned());
            list.settings.push((name.to_owned(), value.to_owned(), line));
        } else if let Some((schedule, rest)) = schedule(written).filter(|_| raw.len() <= LONGEST) {
            let command = fed(without_user(rest, users));
            if !command.is_empty() {
                list.entries.push(Entry { line, schedule, command, settings: known.clone() });
            }
        } else if !written.starts_with("@reboot") {
            let message = "neither a schedule with a command nor a setting".to_owned();
            list.error.get_or_insert(SyntaxError { line, message });
        }
    }
    list
}

/// Whether some line of a text is a schedule with a command.
pub fn is_one(text: &str) -> bool {
    let list = parse(text, false);
    !list.entries.is_empty() && list.error.is_none()
}

/// `NAME = value`, quotes taken off.
fn setting(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim().trim_matches(['"', '\'']);
    let is =
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !name.starts_with(char::is_numeric);
    is.then(|| (name, value.trim().trim_matches(['"', '\''])))
}

/// The schedule at the beginning of a line, and what follows it.
fn schedule(line: &str) -> Option<(String, &str)> {
    if line.starts_with('@') {
        let (name, rest) = line.split_once(char::is_whitespace)?;
        let (more, rest) = match name {
            // the duration belongs to it
            "@every" => rest.trim_start().split_once(char::is_whitespace)?,
            _ => ("", rest),
        };
        return NAMED.contains(&name).then(|| (format!("{name} {more}").trim_end().to_owned(), rest.trim_start()));
    }
    let mut rest = line;
    let mut fields: Vec<&str> = Vec::with_capacity(5);
    for _ in 0..5 {
        let (field, after) = rest.split_once(char::is_whitespace)?;
        fields.push(field);
        rest = after.trim_start();
    }
    fields.iter().all(|field| is_field(field)).then(|| (fields.join(" "), rest))
}

fn is_field(field: &str) -> bool {
    let said = field.chars().any(|c| c.is_ascii_digit() || c == '*' || c == '?') || names_a_day(field);
    said && field.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '*' | '/' | ',' | '-' | '?' | '~' | '#'))
}

fn names_a_day(field: &str) -> bool {
    field.split(['-', ',']).all(|word| word.len() == 3 && word.chars().all(|c| c.is_ascii_alphabetic()))
}

/// The command without the user in front of it.
fn without_user(rest: &str, users: bool) -> &str {
    let Some((first, after)) = rest.split_once(char::is_whitespace) else { return rest };
    let name = first.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$'));
    let user = first == "root" || (users && name && !PROGRAMS.contains(&first) && !first.starts_with('-'));
    if user { after.trim_start() } else { rest }
}

/// A command up to the text that it is fed.
fn fed(command: &str) -> String {
    let mut out = String::with_capacity(command.len());
    let mut rest = command.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' if rest.peek() == Some(&'%') => out.extend(rest.next()),
            '%' => break,
            c => out.push(c),
        }
    }
    out.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, users: bool) -> Vec<String> {
        parse(text, users).entries.iter().map(|e| format!("{} [{}] {}", e.line, e.schedule, e.command)).collect()
    }

    #[test]
    fn schedules_are_told_from_settings_and_comments() {
        let text = "# 0 1 * * * off\nPATH=/usr/bin\nA = \"b c\"\n0 3 * * MON-FRI cd /app && python fit.py >> /log 2>&1\n\n@daily  make fit\n@every 1h30m ls\n@reboot x\n*/5 1-3,7 * jan ? date +\\%F%in\n";
        let list = parse(text, false);
        assert_eq!(
            told(text, false),
            [
                "4 [0 3 * * MON-FRI] cd /app && python fit.py >> /log 2>&1",
                "6 [@daily] make fit",
                "7 [@every 1h30m] ls",
                "9 [*/5 1-3,7 * jan ?] date +%F"
            ]
        );
        assert_eq!(list.settings[1], ("A".to_owned(), "b c".to_owned(), 3));
        assert_eq!(list.error, None);
    }

    #[test]
    fn the_user_is_no_part_of_the_command() {
        assert_eq!(told("0 3 * * * root python fit.py\n", false), ["1 [0 3 * * *] python fit.py"]);
        assert_eq!(told("0 3 * * * learner fit\n", true), ["1 [0 3 * * *] fit"]);
        assert_eq!(told("0 3 * * * learner fit\n", false), ["1 [0 3 * * *] learner fit"]);
        assert_eq!(told("0 3 * * * python fit.py\n", true), ["1 [0 3 * * *] python fit.py"]);
        assert_eq!(told("0 3 * * * /bin/fit now\n", true), ["1 [0 3 * * *] /bin/fit now"]);
    }

    #[test]
    fn other_texts_are_no_lists() {
        assert!(is_one("0 3 * * * fit\n") && !is_one("A=b\n"));
        assert!(!is_one("We run it at 3 in the morning.\n0 3 * * * fit\n"));
        assert!(told("0 3 * *\n0 3 * * *\nx y z u v w\n", false).is_empty());
        assert_eq!(parse("x\ny\n", false).error.map(|e| e.line), Some(1));
        assert!(told(&format!("0 3 * * * {}\n", "x".repeat(LONGEST)), false).is_empty());
        assert_eq!(parse(&"* * * * * x\n".repeat(MOST + 5), true).entries.len(), MOST);
    }
}
