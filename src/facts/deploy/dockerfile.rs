//! Image definitions: what runs while the image is built, and what runs when it starts.

use crate::fact::{Command, Data, DataKind, Fact, FactKind, FileFacts, Instruction, Unit, UnitKind};
use crate::facts::shell::{Shell, lower};
use crate::facts::{Context, Reader, When, unparsable};
use crate::source::{self, SourceFile, file_name, folder};
use crate::syntax::dockerfile::{self, Form};
use crate::syntax::shell::{self, Word};

/// Dockerfiles and Containerfiles.
pub(crate) const READER: Reader = Reader { name: "Dockerfile", wants, when: When::Always, read };

fn wants(path: &str) -> bool {
    let name = file_name(path).to_lowercase();
    name == "dockerfile" || name.starts_with("dockerfile.") || name.ends_with(".dockerfile") || name == "containerfile"
}

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let parsed = dockerfile::parse(&file.text);
    let mut facts = FileFacts { notices: parsed.errors.iter().map(|e| unparsable(file, e)).collect(), ..FileFacts::default() };
    let lines = file.text.lines().count().max(1) as u32;
    facts.units.push(Unit {
        kind: UnitKind::Image,
        name: file.name().to_owned(),
        title: None,
        line: 1,
        end_line: lines,
        parent: None,
    });
    for stage in &parsed.stages {
        push(
            &mut facts,
            stage.line,
            FactKind::Data(Data { kind: DataKind::Image, key: stage.base.clone(), writes: false, hash: None }),
        );
        push(
            &mut facts,
            stage.line,
            FactKind::Instruction(Instruction { keyword: "FROM".to_owned(), args: vec![stage.base.clone()], flags: Vec::new() }),
        );
        for instruction in &stage.instructions {
            let args = match &instruction.form {
                Form::Exec(words) | Form::Args(words) => words.clone(),
                Form::Shell(text) => vec![text.clone()],
            };
            let kind = Instruction { keyword: instruction.keyword.clone(), args: args.clone(), flags: instruction.flags.clone() };
            let end = instruction.end_line;
            facts.facts.push(Fact { unit: Some(0), line: instruction.line, end_line: end, kind: FactKind::Instruction(kind) });
            match instruction.keyword.as_str() {
                "RUN" => run(instruction, file, stage, context, &mut facts),
                "COPY" | "ADD" if !instruction.flags.iter().any(|(flag, _)| flag == "from") => {
                    let sources = args.len().saturating_sub(1);
                    for copied in args.iter().take(sources).filter(|a| !a.contains("://")) {
                        if let Some(key) = source::join(folder(&file.path), copied) {
                            push(
                                &mut facts,
                                instruction.line,
                                FactKind::Data(Data { kind: DataKind::Path, key, writes: false, hash: None }),
                            );
                        }
                    }
                }
                _ => {}
            }
        }
    }
    if let Some(started) = parsed.command_of(None) {
        let words: Vec<Word> = started.argv.iter().map(|a| Word { text: a.clone(), literal: !a.contains('$') }).collect();
        let shell::Stripped { words, wrappers: through, .. } = shell::strip(&words, context.wrappers);
        let shell_text = matches!(words.first().map(|w| w.text.as_str()), Some("sh" | "/bin/sh" | "bash" | "/bin/bash"))
            .then(|| words.iter().position(|w| w.text == "-c").and_then(|at| words.get(at + 1)).map(|w| w.text.clone()))
            .flatten();
        match shell_text {
            Some(text) => lower(
                &text,
                &|_| started.line,
                0,
                &Shell { dir: Some(folder(&file.path).to_owned()), ..Shell::default() },
                context,
                &mut facts,
            ),
            None if !words.is_empty() => push(
                &mut facts,
                started.line,
                FactKind::Command(Command { through, ..Command::plain(words, Some(folder(&file.path).to_owned())) }),
            ),
            None => {}
        }
    }
    facts
}

fn run(
    instruction: &dockerfile::Instruction,
    file: &SourceFile,
    stage: &dockerfile::Stage,
    context: &Context<'_>,
    facts: &mut FileFacts,
) {
    let text = match &instruction.form {
        Form::Shell(text) => text.clone(),
        Form::Exec(words) | Form::Args(words) => words.join(" "),
    };
    let first = instruction.line;
    let how = Shell {
        dir: Some(folder(&file.path).to_owned()),
        variables: stage.variables.clone(),
        at_build: true,
        ..Shell::default()
    };
    lower(&text, &|n| first + n.saturating_sub(1), 0, &how, context, facts);
}

fn push(facts: &mut FileFacts, line: u32, kind: FactKind) {
    facts.facts.push(Fact { unit: Some(0), line, end_line: line, kind });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn building_and_starting_are_told_apart() {
        let text = "FROM python:3.11\nCOPY requirements.txt .\nRUN pip install -r requirements.txt && \\\n    python train.py\nCMD [\"uvicorn\", \"app:app\"]\n";
        let facts = read(&SourceFile::new("svc/Dockerfile".into(), text.to_owned()), &Context::default());
        let commands: Vec<(u32, String, bool)> = facts
            .facts
            .iter()
            .filter_map(|f| match &f.kind {
                FactKind::Command(c) => Some((f.line, c.text(), c.at_build)),
                _ => None,
            })
            .collect();
        assert_eq!(
            commands,
            [
                (3, "pip install -r requirements.txt".to_owned(), true),
                (4, "python train.py".to_owned(), true),
                (5, "uvicorn app:app".to_owned(), false)
            ]
        );
    }
}
