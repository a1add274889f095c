//! Snakemake and Nextflow: the rules and processes of a workflow, with the commands that each runs.
//!
//! Which of them a run needs is decided by files that only the run knows, so a rule is a target and no order is stated.
//! Both languages are programs; only the text that a rule gives to a shell, and the script that it names, is read. What
//! is computed in that text is a hole.

use crate::fact::{Command, FactKind, FileFacts, OnFailure, Unit, UnitId, UnitKind, Uses, UsesTarget};
use crate::facts::shell::{HOLE, Shell, lower};
use crate::facts::{Context, Reader, When};
use crate::source::{self, SourceFile, extension, file_name};
use crate::syntax::shell::Word;
use crate::words::EdgeKind;

use super::projects::without_fields;

/// `Snakefile`, `*.smk`.
pub(crate) const SNAKEMAKE: Reader = Reader {
    name: "Snakemake workflow",
    wants: |path| file_name(path) == "Snakefile" || extension(path) == Some("smk"),
    when: When::Always,
    read: rules,
};
/// `*.nf`.
pub(crate) const NEXTFLOW: Reader =
    Reader { name: "Nextflow workflow", wants: |path| extension(path) == Some("nf"), when: When::Always, read: processes };

/// Most rules of one file.
const MOST: usize = 1_000;

/// A line with its number, from 1.
type Line<'t> = (u32, &'t str);

fn numbered(text: &str) -> Vec<Line<'_>> {
    text.lines().enumerate().map(|(at, line)| (u32::try_from(at + 1).unwrap_or(u32::MAX), line)).collect()
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn target(name: &str, lines: (u32, u32), facts: &mut FileFacts) -> UnitId {
    let (line, end_line) = lines;
    facts.units.push(Unit { kind: UnitKind::Target, name: name.to_owned(), title: None, line, end_line, parent: None });
    facts.units.len() - 1
}

fn takes_in(path: Option<String>, line: u32, facts: &mut FileFacts) {
    let Some(path) = path else { return };
    let (to, edge) = (UsesTarget::File(path.clone()), EdgeKind::Imports);
    let uses = Uses { reference: path, with: Vec::new(), to, edge, on_failure: OnFailure::Stops };
    facts.state(None, line, FactKind::Uses(uses));
}

fn rules(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let mut facts = FileFacts::default();
    let home = source::folder(&file.path);
    let lines = numbered(&file.text);
    let mut at = 0;
    while let Some((number, line)) = lines.get(at).copied() {
        at += 1;
        if let Some(included) = line.strip_prefix("include:") {
            takes_in(quoted(included).and_then(|path| source::join(home, path)), number, &mut facts);
        }
        let named = line.strip_prefix("rule ").or_else(|| line.strip_prefix("checkpoint ")).and_then(|rest| rest.split_once(':'));
        let Some((name, _)) = named.filter(|_| facts.units.len() < MOST) else { continue };
        let body = lines.get(at..).unwrap_or_default();
        let length = body.iter().take_while(|(_, line)| line.trim().is_empty() || indent(line) > 0).count();
        let body = body.get(..length).unwrap_or_default();
        let last = body.iter().rev().find(|(_, line)| !line.trim().is_empty()).map_or(number, |(last, _)| *last);
        let unit = target(name.trim(), (number, last), &mut facts);
        rule(body, unit, home, context, &mut facts);
        at += length;
    }
    facts
}

/// Inputs and parameters with a name, which the text of a rule may name: what is computed in them is a hole.
fn named(directive: &str, text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for line in text.lines() {
        let Some((name, value)) = line.split_once('=') else { continue };
        let (name, value) = (name.trim(), value.trim().trim_end_matches(','));
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            continue;
        }
        let joined =
            value.strip_prefix("os.path.join(").or_else(|| value.strip_prefix("join(")).and_then(|v| v.strip_suffix(')'));
        let value = match joined {
            Some(parts) => {
                let part = |part: &str| quoted(part).map_or_else(|| HOLE.to_owned(), str::to_owned);
                parts.split(',').map(part).collect::<Vec<_>>().join("/")
            }
            None if value.starts_with(['"', '\'']) => quoted(value).unwrap_or_default().to_owned(),
            None => continue,
        };
        if !value.contains('{') || joined.is_some() {
            found.push((format!("{{{directive}.{name}}}"), value));
        }
    }
    found
}

fn rule(body: &[Line<'_>], unit: UnitId, home: &str, context: &Context<'_>, facts: &mut FileFacts) {
    let mut known: Vec<(String, String)> = Vec::new();
    let Some(depth) = body.iter().find(|(_, line)| !line.trim().is_empty()).map(|(_, line)| indent(line)) else { return };
    for (at, (number, line)) in body.iter().enumerate().filter(|(_, (_, line))| indent(line) == depth) {
        let Some((directive, rest)) = line.trim().split_once(':') else { continue };
        let more = body.get(at + 1..).unwrap_or_default();
        let more = more.iter().take_while(|(_, line)| line.trim().is_empty() || indent(line) > depth || !line.contains(':'));
        let mut text = rest.to_owned();
        more.for_each(|(_, line)| {
            text.push('\n');
            text.push_str(line);
        });
        match directive {
            "input" | "params" => known.extend(named(directive, &text)),
            "shell" => {
                let (text, skipped) = literals(&text);
                let text = known.iter().fold(text, |text, (name, value)| text.replace(name, value));
                let text = text.replace(HOLE, "\u{0}");
                // the workflow's folder is the one above the folder of its definition
                let dir = home.strip_suffix("workflow").map_or(home, |above| above.trim_end_matches('/'));
                let dir = if dir.is_empty() { "." } else { dir };
                let how = Shell { dir: Some(dir.to_owned()), errexit: true, pipefail: true, ..Shell::default() };
                let first = number + skipped;
                lower(&without_fields(&text, "{", "}").replace('\u{0}', HOLE), &|n| first + n - 1, unit, &how, context, facts);
            }
            "script" | "notebook" => {
                let Some(path) = quoted(&text).filter(|path| !path.contains('{')).and_then(|path| source::join(home, path))
                else {
                    continue;
                };
                let program = match extension(&path) {
                    Some("R" | "r") => "Rscript",
                    Some("jl") => "julia",
                    Some("sh") => "bash",
                    Some("ipynb") => "papermill",
                    _ => "python",
                };
                command(&[program, &path], unit, *number, facts);
            }
            _ => {}
        }
    }
}

fn command(words: &[&str], unit: UnitId, line: u32, facts: &mut FileFacts) {
    let words = words.iter().map(|text| Word { text: (*text).to_owned(), literal: true }).collect();
    facts.state(unit, line, FactKind::Command(Command::new(words, Some(".".to_owned()))));
}

/// The first text in quotes.
fn quoted(text: &str) -> Option<&str> {
    let at = text.find(['"', '\''])?;
    let mark = text.get(at..)?.chars().next()?;
    let inside = text.get(at..)?.trim_start_matches(mark);
    inside.split(mark).next().filter(|found| !found.is_empty())
}

/// Texts in quotes that stand one after the other, joined as Python joins them; and how many lines stand before the first.
fn literals(text: &str) -> (String, u32) {
    let mut out = String::new();
    let mut before: Option<u32> = None;
    let mut rest = text;
    let mut passed = 0;
    while let Some(at) = rest.find(['"', '\'', '#']) {
        passed += rest.get(..at).unwrap_or_default().matches('\n').count();
        let here = rest.get(at..).unwrap_or_default();
        if here.starts_with('#') {
            rest = here.find('\n').and_then(|end| here.get(end..)).unwrap_or_default();
            continue;
        }
        let mark = here.chars().next().unwrap_or('"');
        let long = mark.to_string().repeat(3);
        let close = if here.starts_with(&long) { long.as_str() } else { &long[..1] };
        let inside = here.get(close.len()..).unwrap_or_default();
        let end = inside.find(close).unwrap_or(inside.len());
        before.get_or_insert_with(|| u32::try_from(passed).unwrap_or(0));
        out.push_str(inside.get(..end).unwrap_or_default());
        passed += inside.get(..end).unwrap_or_default().matches('\n').count();
        rest = inside.get(end + close.len()..).unwrap_or_default();
    }
    (out.replace("\\n", "\n"), before.unwrap_or(0))
}

fn processes(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let mut facts = FileFacts::default();
    let home = source::folder(&file.path);
    let lines = numbered(&file.text);
    let mut at = 0;
    while let Some((number, line)) = lines.get(at).copied() {
        at += 1;
        let written = line.trim();
        if written.starts_with("include") && written.contains(" from ") {
            let named = written.rsplit(" from ").next().and_then(quoted).filter(|path| path.starts_with('.'));
            let with_suffix = |path: String| if path.ends_with(".nf") { path } else { format!("{path}.nf") };
            takes_in(named.and_then(|path| source::join(home, path)).map(with_suffix), number, &mut facts);
        }
        let Some(name) = written.strip_prefix("process ").map(|rest| rest.trim_end_matches('{').trim()) else { continue };
        let name = name.trim_matches(['\'', '"']);
        if facts.units.len() >= MOST || name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            continue;
        }
        let body = lines.get(at..).unwrap_or_default();
        let length = body.iter().take_while(|(_, line)| !line.starts_with('}')).count();
        let unit = target(name, (number, number + u32::try_from(length).unwrap_or(0)), &mut facts);
        process(body.get(..length).unwrap_or_default(), unit, home, context, &mut facts);
        at += length;
    }
    facts
}

/// The text between three quotes of a process, without that which stands in for it when it is tried out (`stub:`).
fn process(body: &[Line<'_>], unit: UnitId, home: &str, context: &Context<'_>, facts: &mut FileFacts) {
    let mut open: Option<(u32, String)> = None;
    let mut stub = false;
    for (number, line) in body {
        let mark = ["\"\"\"", "'''"].into_iter().find(|mark| line.contains(mark));
        match (&mut open, mark) {
            (None, Some(_)) if !stub => open = Some((number + 1, String::new())),
            (None, None) => match line.trim() {
                "stub:" => stub = true,
                "script:" | "shell:" | "exec:" => stub = false,
                _ => {}
            },
            (Some((_, text)), None) => {
                text.push_str(line);
                text.push('\n');
            }
            (Some(_), Some(_)) => {
                let Some((first, text)) = open.take() else { continue };
                let before = facts.facts.len();
                let root = if home == "." { String::new() } else { format!("{home}/") };
                let text = ["${projectDir}/", "$projectDir/", "${baseDir}/", "$baseDir/", "${moduleDir}/"]
                    .iter()
                    .fold(text, |text, variable| text.replace(variable, &root));
                let how = Shell { dir: Some(".".to_owned()), errexit: true, ..Shell::default() };
                lower(&text, &|n| first + n - 1, unit, &how, context, facts);
                facts.facts.iter_mut().skip(before).for_each(|fact| on_the_path(&mut fact.kind));
            }
            _ => {}
        }
    }
}

/// Scripts of the folder `bin`, of the project or of a module, are called by their name.
fn on_the_path(fact: &mut FactKind) {
    let FactKind::Command(command) = fact else { return };
    let Some(first) = command.words.first_mut() else { return };
    let script = matches!(extension(&first.text), Some("py" | "sh" | "R" | "r")) && !first.text.contains(['/', '$']);
    if script {
        first.text = format!("bin/{}", first.text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(reader: &Reader, path: &str, text: &str) -> Vec<String> {
        let facts = (reader.read)(&SourceFile::new(path.into(), text.to_owned()), &Context::default());
        let name = |unit: Option<UnitId>| unit.and_then(|u| facts.units.get(u)).map_or("", |u| u.name.as_str());
        let of = |fact: &crate::fact::Fact| match &fact.kind {
            FactKind::Command(c) => Some(format!("{} {}: {}", fact.line, name(fact.unit), c.text())),
            FactKind::Uses(uses) => Some(format!("{} takes in {}", fact.line, uses.reference)),
            _ => None,
        };
        facts.facts.iter().filter_map(of).collect()
    }

    #[test]
    fn rules_run_their_shell_text_and_scripts() {
        let text = "include: \"rules/more.smk\"\n\nrule made:\n    input:\n        script = os.path.join(steps, \"make.py\"),\n    shell: \"python {input.script} {output}\"\nrule all:\n    input: \"model.bin\"\n\nrule fit:\n    input:\n        \"rows.csv\"\n    output: \"model.bin\"\n    shell:\n        \"python src/fit.py --rows {input} \"\n        \"--out {output}\"\n\nrule check:\n    script: \"scripts/check.py\"\n\nrule long:\n    shell:\n        \"\"\"\n        set -e\n        make report\n        \"\"\"\n";
        assert_eq!(
            told(&SNAKEMAKE, "workflow/Snakefile", text),
            [
                "1 takes in workflow/rules/more.smk",
                "6 made: python ${_}/make.py ${_}",
                "15 fit: python src/fit.py --rows ${_} --out ${_}",
                "19 check: python workflow/scripts/check.py",
                "24 long: set -e",
                "25 long: make report"
            ]
        );
    }

    #[test]
    fn processes_run_their_script() {
        let text = "include { CHECK } from './modules/check'\nprocess FIT {\n  input:\n  path rows\n\n  script:\n  \"\"\"\n  fit.py --rows ${rows}\n  python ${projectDir}/src/score.py\n  \"\"\"\n\n  stub:\n  \"\"\"\n  touch model\n  \"\"\"\n}\n\nworkflow { FIT(rows) }\n";
        assert_eq!(
            told(&NEXTFLOW, "main.nf", text),
            ["1 takes in modules/check.nf", "8 FIT: bin/fit.py --rows ${rows}", "9 FIT: python src/score.py"]
        );
    }

    #[test]
    fn comments_are_no_shell_text() {
        let text = "rule fit:\n  shell:\n    # \"python old.py\"\n    \"make fit \"  # \"make more\"\n    \"FAST=1\"\n";
        assert_eq!(told(&SNAKEMAKE, "Snakefile", text), ["4 fit: make fit FAST=1"]);
    }

    #[test]
    fn odd_texts_end() {
        for text in [
            "rule :\nrule a:\n",
            "rule a:\n  shell:\n    \"open\n",
            "rule a:\n\tshell: '''\n",
            "process {\n",
            "process A {\n  \"\"\"\n",
        ] {
            assert!(told(&SNAKEMAKE, "Snakefile", text).len() < 3 && told(&NEXTFLOW, "a.nf", text).len() < 3);
        }
    }
}
