//! Shell scripts.

use crate::fact::{FileFacts, Unit, UnitKind};
use crate::facts::shell::{Shell, lower};
use crate::facts::{Context, Reader, When};
use crate::source::{SourceFile, extension, folder};

/// Scripts by their extension.
pub(crate) const READER: Reader = Reader { name: "shell script", wants, when: When::Always, read };

fn wants(path: &str) -> bool {
    matches!(extension(path), Some("sh" | "bash" | "zsh"))
}

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let mut facts = FileFacts::default();
    let lines = file.text.lines().count().max(1) as u32;
    facts.units.push(Unit {
        kind: UnitKind::Script,
        name: file.name().to_owned(),
        title: None,
        line: 1,
        end_line: lines,
        parent: None,
    });
    let first = file.text.lines().next().unwrap_or("");
    let how = Shell {
        // a script starts where its caller stands; that is the root for most, and the folder of the script for the rest
        dir: Some(".".to_owned()),
        script_dir: Some(folder(&file.path).to_owned()),
        errexit: first.starts_with("#!") && first.split_whitespace().skip(1).any(|w| w.starts_with('-') && w.contains('e')),
        ..Shell::default()
    };
    lower(&file.text, &|line| line, 0, &how, context, &mut facts);
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::{FactKind, OnFailure};

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
