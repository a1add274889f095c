//! Shell scripts: read once for their own sake, and once for each list of arguments that a caller gives, each time as a
//! unit of its own.

use crate::fact::{Called, FactKind, FileFacts, Inputs, Unit, UnitKind};
use crate::facts::shell::{HOLE, Shell, lower_script, said};
use crate::facts::{Context, Reader, When};
use crate::source::{SourceFile, extension, folder};
use crate::syntax::shell;

/// Most lists of arguments that one script is read for.
const MAX_CALLS: usize = 64;
/// Longest list of arguments in the name of a unit, in characters.
const MAX_SHOWN: usize = 60;

/// Scripts by their extension.
pub(crate) const READER: Reader = Reader { name: "shell script", wants, when: When::Always, read };

fn wants(path: &str) -> bool {
    matches!(extension(path), Some("sh" | "bash" | "zsh"))
}

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    read_for(file, context, &[])
}

/// Reads a script for its own sake, and once for every list of arguments that it is called with.
pub(super) fn read_for(file: &SourceFile, context: &Context<'_>, calls: &[Inputs]) -> FileFacts {
    let mut facts = FileFacts::default();
    let lines = file.text.lines().count().max(1) as u32;
    let first = file.text.lines().next().unwrap_or("");
    let how = Shell {
        // a script starts where its caller stands; that is the root for most, and the folder of the script for the rest
        dir: Some(".".to_owned()),
        script_dir: Some(folder(&file.path).to_owned()),
        errexit: first.starts_with("#!") && first.split_whitespace().skip(1).any(|w| w.starts_with('-') && w.contains('e')),
        ..Shell::default()
    };
    let script = shell::parse(&file.text, &how.options());
    let whole = |name: String| {
        let (kind, title, parent) = (UnitKind::Script, None, None);
        Unit { kind, name, title, line: 1, end_line: lines, parent }
    };
    facts.units.push(whole(file.name().to_owned()));
    lower_script(&script, &|line| line, 0, &how, context, &mut facts);
    let chooses = shell::asks(&script);
    let asked = shell::variables(&script);
    if !chooses && asked.is_empty() && !shell::passes_on(&script) {
        return facts;
    }
    let open = if chooses { HOLE } else { "" };
    let mut unknown = Inputs::from([(Called::ARGUMENTS.to_owned(), open.to_owned())]);
    unknown.extend(asked.into_iter().map(|name| (format!("{}{name}", Called::VARIABLE), HOLE.to_owned())));
    let mut called = Called { inputs: unknown, alone: Some(0), by_inputs: Vec::new() };
    for (number, inputs) in calls.iter().enumerate().take(MAX_CALLS) {
        let Some(told) = inputs.get(Called::ARGUMENTS) else { continue };
        let unit = facts.units.len();
        let variables: Vec<(&str, &String)> =
            inputs.iter().filter_map(|(key, value)| Some((key.strip_prefix(Called::VARIABLE)?, value))).collect();
        let with: String = variables.iter().map(|(name, value)| format!("{name}={value} ")).collect();
        let name = match told.chars().count() {
            0 => format!("{} without arguments", file.name()),
            1..=MAX_SHOWN => format!("{} {}", file.name(), told.replace(HOLE, "…")),
            _ => format!("{}, call {}: {}…", file.name(), number + 1, told.chars().take(MAX_SHOWN).collect::<String>()),
        };
        facts.units.push(whole(format!("{with}{name}")));
        let mut how = Shell { arguments: Some(said(told)), ..how.clone() };
        for (name, value) in &variables {
            how.variables.insert((*name).to_owned(), (*value).clone());
            facts.state(unit, 1, FactKind::Setting { key: (*name).to_owned(), value: (*value).clone() });
        }
        if variables.is_empty() {
            lower_script(&script, &|line| line, unit, &how, context, &mut facts);
        } else {
            lower_script(&shell::parse(&file.text, &how.options()), &|line| line, unit, &how, context, &mut facts);
        }
        called.by_inputs.push((inputs.clone(), unit));
    }
    facts.called = Some(called);
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::OnFailure;

    #[test]
    fn commands_know_what_their_failure_does() {
        let text = "#!/bin/bash\nset -e\ncd src\npoetry run python train.py || true\npython - <<'PY'\nprint(1)\nPY\n";
        let file = SourceFile::new("ci/run.sh".into(), text.to_owned());
        let wrappers: Vec<crate::syntax::shell::Wrapper> =
            serde_yaml::from_str("- { words: [poetry, run] }\n").expect("a table of one entry");
        let facts = read(&file, &Context { wrappers: &wrappers, ..Context::default() });
        let commands: Vec<(u32, String, Option<String>, bool)> = facts
            .facts
            .iter()
            .filter_map(|f| match &f.kind {
                FactKind::Command(c) => Some((f.line, c.text(), c.dir.clone(), matches!(c.on_failure, OnFailure::Discarded(_)))),
                _ => None,
            })
            .collect();
        assert!(commands.contains(&(4, "python train.py".to_owned(), Some("src".to_owned()), true)), "{commands:?}");
        assert_eq!(facts.embedded.len(), 1);
        assert_eq!(facts.embedded[0].1.file_line(1), 6);
    }
}
