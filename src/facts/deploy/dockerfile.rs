//! Image definitions: what runs while the image is built, and what runs when it starts.

use crate::fact::{
    Asked, Called, Command, Data, DataKind, Fact, FactKind, FileFacts, Inputs, Instruction, Unit, UnitId, UnitKind,
};
use crate::facts::runners::cron;
use crate::facts::shell::{HOLE, Shell, lower, said};
use crate::facts::{Context, Reader, When, unparsable};
use crate::resolve;
use crate::source::{self, SourceFile, file_name, folder};
use crate::syntax::shell::{self, Word};
use crate::syntax::{
    self,
    dockerfile::{self, Form, Started},
};

/// Dockerfiles and Containerfiles.
pub(crate) const READER: Reader = Reader { name: "Dockerfile", wants, when: When::Always, read };

/// Most lists of words that one definition is read for.
const MAX_CALLS: usize = 64;
/// Longest list of words in the name of a unit, in characters.
const MAX_SHOWN: usize = 60;
/// Most names under which lists of schedules are asked for.
const MOST_ASKED: usize = 40;

fn wants(path: &str) -> bool {
    let name = file_name(path).to_lowercase();
    let kept_out = name.ends_with(".dockerignore");
    name == "dockerfile"
        || name.starts_with("dockerfile.") && !kept_out
        || name.ends_with(".dockerfile")
        || name == "containerfile"
}

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    read_for(file, context, &[])
}

/// Reads a definition for its own sake, and once for every list of words that those tell it who start it.
pub(super) fn read_for(file: &SourceFile, context: &Context<'_>, calls: &[Inputs]) -> FileFacts {
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
        facts.state(
            0,
            stage.line,
            FactKind::Data(Data { kind: DataKind::Image, key: stage.base.clone(), writes: false, hash: None }),
        );
        facts.state(
            0,
            stage.line,
            FactKind::Instruction(Instruction {
                keyword: "FROM".to_owned(),
                args: vec![stage.base.clone()],
                flags: stage.name.iter().map(|name| (resolve::AS.to_owned(), name.clone())).collect(),
            }),
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
                "RUN" => {
                    let before = facts.facts.len();
                    run(instruction, file, stage, context, &mut facts);
                    written(before, context, &mut facts);
                }
                "COPY" | "ADD" if !instruction.flags.iter().any(|(flag, _)| flag == "from") => {
                    let sources = args.len().saturating_sub(1);
                    for copied in args.iter().take(sources).filter(|a| !a.contains("://")) {
                        if let Some(key) = source::join(folder(&file.path), copied) {
                            facts.state(
                                0,
                                instruction.line,
                                FactKind::Data(Data { kind: DataKind::Path, key, writes: false, hash: None }),
                            );
                        }
                        if args.last().is_some_and(|to| resolve::is_read_by_cron(to)) {
                            ask(copied, file, &mut facts);
                        }
                    }
                }
                _ => {}
            }
        }
    }
    let entry = parsed.stages.iter().flat_map(|s| &s.instructions).any(|i| i.keyword == "ENTRYPOINT");
    if let Some(started) = parsed.command_of(None) {
        // who starts the image may add words to an entry point
        start(&started, 0, entry, file, context, &mut facts);
    }
    let Some(last) = parsed.stages.last() else { return facts };
    let open = Inputs::from([(Called::TOLD.to_owned(), String::new())]);
    let mut called = Called { inputs: open, alone: Some(0), by_inputs: Vec::new() };
    for (number, inputs) in calls.iter().enumerate().take(MAX_CALLS) {
        let line = inputs.get(Called::TOLD);
        let started = match line {
            Some(line) => {
                let words: Vec<String> = said(line).into_iter().map(|word| word.unwrap_or_else(|| HOLE.to_owned())).collect();
                parsed.told(&words, last.line)
            }
            None => parsed.command_of(None),
        };
        let Some(started) = started else { continue };
        let unit = facts.units.len();
        let variables = || inputs.iter().filter_map(|(key, value)| Some((key.strip_prefix(Called::VARIABLE)?, value)));
        let shown = variables().map(|(name, value)| format!("{name}={value}")).chain(line.cloned());
        let shown: String = shown.collect::<Vec<_>>().join(" ").replace(HOLE, "…").chars().take(MAX_SHOWN).collect();
        for (key, value) in variables() {
            facts.state(unit, started.line, FactKind::Setting { key: key.to_owned(), value: value.clone() });
        }
        facts.units.push(Unit {
            kind: UnitKind::Service,
            name: format!("{} told {shown} ({})", file.name(), number + 1),
            title: Some(format!("start of the image of {}, told `{shown}`", file.name())),
            line: started.line,
            end_line: started.line,
            parent: None,
        });
        // nobody adds words where the start says none; a command may
        start(&started, unit, entry && line.is_none(), file, context, &mut facts);
        called.by_inputs.push((inputs.clone(), unit));
    }
    facts.called = Some(called);
    facts
}

/// What a container starts; `more` where it may be given further words.
fn start(started: &Started, unit: UnitId, more: bool, file: &SourceFile, context: &Context<'_>, facts: &mut FileFacts) {
    let words: Vec<Word> = started.argv.iter().map(|a| Word { text: a.clone(), literal: !a.contains('$') }).collect();
    let shell::Stripped { words, wrappers: through, .. } = shell::strip(&words, context.wrappers);
    let home = Some(folder(&file.path).to_owned());
    let shell_text = matches!(words.first().map(|w| w.text.as_str()), Some("sh" | "/bin/sh" | "bash" | "/bin/bash"))
        .then(|| words.iter().position(|w| w.text == "-c").and_then(|at| words.get(at + 1)).map(|w| w.text.clone()))
        .flatten();
    match shell_text {
        Some(text) => {
            lower(&text, &|_| started.line, unit, &Shell { dir: home, ..Shell::default() }, context, facts);
        }
        None if !words.is_empty() => {
            let command = Command { through, more, ..Command::new(words, home) };
            facts.state(unit, started.line, FactKind::Command(command));
        }
        None => {}
    }
}

/// Asks that what is copied be read as a list of schedules, from the folder of the definition and from the root.
fn ask(copied: &str, file: &SourceFile, facts: &mut FileFacts) {
    let asked = facts.asked.get_or_insert_with(|| Asked { reader: cron::NAME, ..Asked::default() });
    // each is looked for among all files
    if asked.parts.len() >= MOST_ASKED {
        return;
    }
    for path in [folder(&file.path), "."].iter().filter_map(|home| source::join(home, copied)).filter(|path| path != ".") {
        asked.parts.insert(format!("{path}/*"));
        asked.parts.insert(path);
    }
}

/// Schedules that commands write to where cron looks for them.
fn written(from: usize, context: &Context<'_>, facts: &mut FileFacts) {
    let texts: Vec<(String, u32)> = facts
        .facts
        .iter()
        .skip(from)
        .filter_map(|fact| match &fact.kind {
            FactKind::Command(command) if matches!(command.program(), "echo" | "printf") => {
                command.stdout.as_deref().filter(|out| resolve::is_read_by_cron(out))?;
                let words: Vec<&str> = command.words.iter().skip(1).map(|w| w.text.as_str()).filter(|w| *w != "-e").collect();
                Some((words.join(" ").replace("\\n", "\n"), fact.line))
            }
            _ => None,
        })
        .collect();
    for (text, line) in texts {
        let entries = syntax::cron::parse(&text, true).entries;
        if entries.is_empty() {
            continue;
        }
        cron::installed(facts, (line, line));
        entries.iter().for_each(|entry| cron::line_of(entry, line, context, facts));
    }
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
