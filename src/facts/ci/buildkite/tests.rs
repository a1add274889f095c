//! What pipelines come to, told compactly.

use super::super::told::{check as check_file, told};
use super::*;

fn of(path: &str, text: &str) -> Vec<String> {
    told(&read(&SourceFile::new(path.into(), text.to_owned()), &Context::default()))
}

fn check(text: &str, expected: &[&str]) {
    check_file(read, (".buildkite/pipeline.yml", text), expected);
}

#[test]
fn waits_and_blocks_say_the_order() {
    check(
        "steps:
  - label: fit
    key: fit
    command: make fit
    agents: {queue: gpu}
  - commands:
      - cd jobs
      - make look X=$$X
    soft_fail: true
  - wait
  - block: Ship?
  - {label: ship, command: make ship, branches: main}
  - {label: later, command: make later, depends_on: fit, if: build.source == \"schedule\"}
",
        &[
            "5 fit: on queue=gpu (own)",
            "4 command: $ make fit @.",
            "7 commands: $ cd jobs @.",
            "8 commands: $ make look X=$X @jobs",
            "9 step 2: AllowFailure(\"soft_fail\")",
            "12 command: $ make ship @.",
            "13 command: $ make later @.",
            "1 .buildkite/pipeline.yml: push: push",
            "1 .buildkite/pipeline.yml: pr: pull request",
            "13 .buildkite/pipeline.yml: schedule: schedule (it is set up in the service)",
            "11 Ship?: manual: block",
            "11 Ship?: Never(\"block\")",
            "11 Ship?: needs fit",
            "11 Ship?: needs step 2 anyhow",
            "12 ship: manual: after job `Ship?`, which waits for a person",
            "12 ship: Never(\"after job `Ship?`, which waits for a person\")",
            "12 ship: needs Ship?",
            "13 later: Event([Schedule])",
            "13 later: needs fit",
        ],
    );
}

#[test]
fn other_files_are_taken_by_the_service() {
    let told = of(
        ".buildkite/nightly.yml",
        "- {label: fit, command: make fit, if: build.tag != null}\n- wait: ~\n  continue_on_failure: true\n- {command: make end}\n",
    );
    let told = told.join("\n");
    assert!(told.contains("push: push (which pipeline takes this file is set up in the service)"), "{told}");
    assert!(told.contains("tag: tag") && told.contains("step 2: needs fit anyhow"), "{told}");
    assert!(has_steps(".buildkite/x.yml", "env: {}\nsteps:\n") && !has_steps(".buildkite/compose.yml", "services:\n"));
}

#[test]
fn matrices_plugins_groups_and_triggers() {
    let text = "env: {SIZE: big}
steps:
  - group: all
    key: all
    steps:
      - command: make {{matrix}} SIZE=$SIZE
        matrix: [a, b]
        plugins: [docker#v5.0.0: {image: 'python:3.11'}]
      - trigger: other
        async: true
  - {command: make end, depends_on: [{step: all, allow_failure: true}, gone]}
  - {command: make off, skip: true}
";
    let told = of(".buildkite/pipeline.yml", text).join("\n");
    for part in [
        "$ make a SIZE=big @.",
        "$ make b SIZE=big @.",
        "on python:3.11 (own)",
        "uses buildkite-plugins/docker@v5.0.0 -> outside image=python:3.11",
        "uses the pipeline other -> outside",
        "needs step 1 anyhow",
        "there is no step `gone` here to wait for",
        "Never(\"skip: true\")",
    ] {
        assert!(told.contains(part), "{part}\n{told}");
    }
}

#[test]
fn wrong_types_cost_no_more_than_their_key() {
    let text = "env: [x]
agents: 5
steps:
  - 5
  - odd
  - [x]
  - {}
  - {group: [x], steps: 5}
  - {group: a, steps: [{group: b, steps: [wait]}]}
  - {command: [[make a], {a: b}], key: [x], depends_on: {a: b}, plugins: 5, matrix: 5, if: [x], branches: {a: b}, env: 5, agents: [x], soft_fail: [x], skip: [x]}
  - {command: {a: b}, plugins: [5, [x], {a: [x]}], matrix: {setup: {a: 5}}}
  - {key: a, command: x, depends_on: b}
  - {key: b, command: x, depends_on: a}
";
    let told = of(".buildkite/pipeline.yml", text).join("\n");
    assert!(told.contains("$ make a @.") && told.contains("jobs that wait for each other"), "{told}");
    for text in ["- a\n", "", "just text", "steps: *x\n", "steps: 5\n"] {
        of("buildkite.yml", text);
    }
    of("buildkite.yml", &format!("steps: [{}]\n", "wait, {command: make a}, ".repeat(2_000)));
    of("buildkite.yml", &format!("steps: [{{command: {}make a{}}}]\n", "[".repeat(90), "]".repeat(90)));
}
