//! CodeBuild: the phases of a build specification.
//!
//! Which project reads the file, and what starts it, is set up in the service or in a stack, so a push is only assumed to
//! start it. All commands run in one shell, phase after phase; what comes after the build runs whether or not it failed.

use std::collections::BTreeMap;

use super::commands::Commands;
use super::reading::Reading;
use super::shells::Program;
use super::text::How;
use crate::fact::{FactKind, FileFacts, Guard, Needs, Trigger, Unit, UnitId, UnitKind};
use crate::facts::{Context, Reader, When};
use crate::rules::pattern::Format;
use crate::source::{SourceFile, extension, file_name};
use crate::syntax::shell::REPO_ROOT;
use crate::syntax::tree::{Kind, Node};
use crate::syntax::{top, yaml};
use crate::words::TriggerKind;

/// Build specifications, by their name or by their keys.
pub(crate) const SPECIFICATION: Reader = Reader {
    name: "CodeBuild specification",
    wants: |path| matches!(extension(path), Some("yaml" | "yml")) && !crate::source::is_of_host(path),
    when: When::Recognised(is_specification),
    read,
};

/// The phases, in the order in which they run.
const PHASES: &[&str] = &["install", "pre_build", "build", "post_build"];
/// Most variables of one file.
const MAX_VARIABLES: usize = 200;

fn is_specification(path: &str, text: &str) -> bool {
    let version = || top::value(text, "version").is_some_and(|v| matches!(v.trim().trim_matches(['"', '\'']), "0.2" | "0.1"));
    top::has(text, &["phases"]) && (file_name(path).starts_with("buildspec") || version())
}

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let document = context.document(file, Format::Yaml);
    let mut reading: Reading<'_> = Reading::new(file, context);
    if let Some(root) = document.tree.root().filter(|root| root.kind() == Kind::Map) {
        reading.facts.notices = document.notices(file);
        let (name, end_line) = (file.path.to_string(), reading.last_line());
        let top = reading.unit(Unit { kind: UnitKind::Workflow, name, title: None, line: 1, end_line, parent: None });
        let push = Trigger::plain(TriggerKind::Push, "push".to_owned()).elsewhere("its project is set up in the service");
        reading.fact(top, 1, FactKind::Trigger(push));
        let by_hand = Trigger::plain(TriggerKind::Manual, "a person starts the build".to_owned());
        reading.fact(top, 1, FactKind::Trigger(by_hand));
        phases(root, top, &mut reading);
    }
    reading.facts.tree = Some(document.tree.clone());
    reading.facts
}

/// A specification that stands in another file, as what `unit` runs; `line_of` gives the line of the file.
pub(in crate::facts) fn inline(text: &str, unit: UnitId, line_of: &dyn Fn(u32) -> u32, reading: &mut Reading<'_>) {
    let parsed = yaml::parse(text);
    let Some(root) = parsed.tree.root().filter(|root| root.kind() == Kind::Map) else { return };
    let (units, facts) = (reading.facts.units.len(), reading.facts.facts.len());
    phases(root, unit, reading);
    for unit in reading.facts.units.iter_mut().skip(units) {
        (unit.line, unit.end_line) = (line_of(unit.line), line_of(unit.end_line));
    }
    for fact in reading.facts.facts.iter_mut().skip(facts) {
        (fact.line, fact.end_line) = (line_of(fact.line), line_of(fact.end_line));
    }
}

/// The phases of a specification, as what `top` runs.
pub(in crate::facts) fn phases(root: Node<'_>, top: UnitId, reading: &mut Reading<'_>) {
    let Some(all) = reading.map(root, "phases") else { return };
    let mut variables = BTreeMap::from([("CODEBUILD_SRC_DIR".to_owned(), REPO_ROOT.to_owned())]);
    let env = root.get("env");
    for (key, value) in env.and_then(|e| e.get("variables")).into_iter().flat_map(Node::entries).take(MAX_VARIABLES) {
        if let Some(value) = value.text() {
            reading.setting(top, key.line, key.text, value);
            if !value.contains('$') {
                variables.insert(key.text.to_owned(), value.to_owned());
            }
        }
    }
    let line = root.key_line("phases").unwrap_or(1);
    let end_line = all.end_line().max(line);
    let job =
        reading.unit(Unit { kind: UnitKind::Job, name: "phases".to_owned(), title: None, line, end_line, parent: Some(top) });
    let windows = env.and_then(|e| e.at("shell")).is_some_and(|shell| shell.starts_with("powershell"));
    let program = if windows { Program::Lines } else { Program::Shell { errexit: true, pipefail: false } };
    let how = How { dir: Some(".".to_owned()), variables, program: &program };
    // one shell runs all of them: a phase goes on where the one before ended
    let mut so_far = Commands::default();
    let mut before: Vec<UnitId> = Vec::new();
    for name in PHASES {
        let Some(phase) = all.get(name).filter(|phase| phase.kind() == Kind::Map) else { continue };
        let line = all.key_line(name).unwrap_or_else(|| phase.line());
        if !reading.take_step(line) {
            return;
        }
        let (title, end_line) = (Some((*name).to_owned()), phase.end_line().max(line));
        let unit = Unit { kind: UnitKind::Step, name: (*name).to_owned(), title, line, end_line, parent: Some(job) };
        let id = reading.unit(unit);
        // a build that failed is wound up all the same, where nothing says otherwise; what failed before it is not
        if *name == "post_build"
            && !asks_for_success(phase)
            && all.get("build").and_then(|build| build.at("on-failure")) != Some("ABORT")
        {
            reading.fact(id, line, FactKind::Guard(Guard::Always((*name).to_owned())));
            for on in before.iter().copied() {
                reading.fact(id, line, FactKind::Needs(Needs { on, stops: true }));
            }
        }
        if *name != "build" {
            before.push(id);
        }
        if phase.at("on-failure") == Some("CONTINUE") {
            let line = phase.key_line("on-failure").unwrap_or(line);
            reading.fact(id, line, FactKind::Guard(Guard::AllowFailure("on-failure: CONTINUE".to_owned())));
        }
        for key in ["commands", "finally"] {
            let Some(list) = phase.get(key) else { continue };
            so_far = Commands::read(list, key, reading).behind(&so_far);
            so_far.state(id, std::slice::from_ref(&how), reading);
        }
    }
}

/// Whether the commands of a phase look at how the build went.
fn asks_for_success(phase: Node<'_>) -> bool {
    let texts = phase.get("commands").map(|list| list.strings()).unwrap_or_default();
    texts.iter().any(|(text, _)| text.contains("CODEBUILD_BUILD_SUCCEEDING"))
}

#[cfg(test)]
mod tests {
    use super::super::told::told;
    use super::*;

    fn of(text: &str) -> Vec<String> {
        told(&read(&SourceFile::new("ml/buildspec.yml".into(), text.to_owned()), &Context::default()))
    }

    #[test]
    fn phases_share_one_shell() {
        let text = "version: 0.2
env: {variables: {SIZE: big}}
phases:
  install:
    commands:
      - cd $CODEBUILD_SRC_DIR/ml
      - pip install -r requirements.txt
  build:
    on-failure: CONTINUE
    commands:
      - |
        # fit
        python fit.py --size $SIZE
      - make report
  post_build:
    commands: [make ship]
";
        let told = of(text);
        assert_eq!(
            told,
            [
                "1 ml/buildspec.yml: push: push (its project is set up in the service)",
                "1 ml/buildspec.yml: manual: a person starts the build",
                "2 ml/buildspec.yml: SIZE = big",
                "6 install: $ cd ml @.",
                "7 install: $ pip install -r requirements.txt @ml",
                "9 build: AllowFailure(\"on-failure: CONTINUE\")",
                "13 build: $ python fit.py --size big @ml",
                "14 build: $ make report @ml",
                "15 post_build: Always(\"post_build\")",
                "15 post_build: needs install",
                "16 post_build: $ make ship @ml",
            ],
            "\n{}",
            told.join("\n")
        );
    }

    #[test]
    fn odd_files_are_no_panic() {
        assert!(is_specification("x/buildspec-fit.yml", "phases:\n"));
        assert!(is_specification("fit.yml", "version: 0.2\nphases:\n"));
        assert!(!is_specification("fit.yml", "version: 3\nphases:\n"));
        for text in [
            "phases: 3\n",
            "phases: {build: 4}\n",
            "phases: {build: {commands: {a: b}}}\n",
            "phases: {build: {commands: [3, [4], null]}}\n",
            "- 1\n",
        ] {
            of(text);
        }
    }
}
