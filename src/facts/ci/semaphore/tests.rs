//! What pipelines come to, told compactly.

use super::super::told::told;
use super::*;

fn of(path: &str, text: &str) -> Vec<String> {
    told(&read(&SourceFile::new(path.into(), text.to_owned()), &Context::default()))
}

#[test]
fn blocks_jobs_and_promotions() {
    let told = of(
        ROOT,
        "global_job_config:
  env_vars: [{name: SIZE, value: big}]
  prologue: {commands: [checkout]}
blocks:
  - name: fit
    dependencies: []
    task:
      agent: {machine: {type: s1-gpu}}
      jobs:
        - name: all
          commands:
            - make fit SIZE=$SIZE
            - |
              make look
              make tell
          matrix: [{env_var: HIVE, values: [a, b]}]
  - name: ship
    dependencies: [fit, gone]
    run: {when: \"branch = 'main' and change_in('/jobs')\"}
    task: {jobs: [{commands: [make ship]}], epilogue: {on_fail: {commands: [make undo]}}}
promotions:
  - {name: live, pipeline_file: live.yml, auto_promote: {when: \"tag =~ '^v' AND result = 'passed'\"}}
  - {name: old, pipeline_file: /ci/old.yml, auto_promote_on: [{result: passed, branch: [^main$]}]}
  - {name: asked, pipeline_file: asked.yml}
",
    );
    assert_eq!(
        told,
        [
            "! there is no block `gone` to wait for",
            "2 .semaphore/semaphore.yml: SIZE = big",
            "8 all: on s1-gpu (own)",
            "3 prologue: $ checkout @.",
            "12 commands: $ make fit SIZE=big @.",
            "14 commands: $ make look @. goes on",
            "15 commands: $ make tell @.",
            "3 prologue: $ checkout @.",
            "20 commands: $ make ship @.",
            "20 epilogue: $ make undo @.",
            "20 epilogue: AllowFailure(\"epilogue: on_fail\")",
            "20 epilogue: AfterFailure(\"epilogue: on_fail\")",
            "22 promotion live: uses promotes to .semaphore/live.yml -> file .semaphore/live.yml",
            "23 promotion old: uses promotes to ci/old.yml -> file ci/old.yml",
            "24 promotion asked: uses promotes to .semaphore/asked.yml -> file .semaphore/asked.yml",
            "4 .semaphore/semaphore.yml: push: push",
            "22 .semaphore/semaphore.yml: tag: tag",
            "19 ship: Event([Push, Schedule, Api, Manual])",
            "18 ship: needs fit",
            "22 promotion live: Event([Tag])",
            "22 promotion live: needs fit",
            "23 promotion old: Event([Push, Schedule, Api, Manual])",
            "23 promotion old: needs fit",
            "23 promotion old: needs ship",
            "24 promotion asked: manual: promotion",
            "24 promotion asked: Never(\"promotion\")",
            "24 promotion asked: needs fit anyhow",
            "24 promotion asked: needs ship anyhow",
        ],
        "\n{}",
        told.join("\n")
    );
}

#[test]
fn without_the_repository_no_file_is_meant() {
    let told = of(ROOT, "blocks: [{task: {jobs: [{commands: [make a, checkout, make b]}]}}]\n").join("\n");
    assert!(told.contains("$ make a @?") && told.contains("$ make b @."), "{told}");
}

#[test]
fn files_beside_the_pipeline_are_started_by_the_service() {
    let told = of(".semaphore/nightly.yml", "blocks: [{task: {jobs: [{commands: [checkout, make a]}]}}]\n").join("\n");
    assert!(told.contains("schedule: schedule (which task runs this file is set up in the service)"), "{told}");
    assert!(has_blocks(".semaphore/x.yml", "blocks:\n") && !has_blocks(".semaphore/x.yml", "apiVersion: v1\n"));
}

#[test]
fn what_waits_for_a_person_waits_in_a_promoted_pipeline_too() {
    let joined = crate::fact::Joined { named: true, ..crate::fact::Joined::default() };
    let context = Context { joined, ..Context::default() };
    let text = "blocks: [{task: {jobs: [{commands: [checkout, make a]}]}}]\npromotions: [{pipeline_file: live.yml}]\n";
    let told = told(&read(&SourceFile::new(".semaphore/fit.yml".into(), text.to_owned()), &context)).join("\n");
    assert!(told.contains("upstream: promotion nothing in this repository calls it"), "{told}");
    assert!(told.contains("promotion live.yml: Never(\"promotion\")"), "{told}");
}

#[test]
fn odd_files_are_no_panic() {
    for text in [
        "",
        "- a\n",
        "blocks: 3\n",
        "blocks: [3, {task: 4}, {task: {jobs: 5}}, {task: {jobs: [6, {commands: {a: b}, matrix: 3}]}}]\n",
        "blocks: [{name: a, dependencies: [b], task: {}}, {name: b, dependencies: [a], task: {}}]\n",
        "blocks: []\npromotions: [3, {name: a}, {pipeline_file: ../../../x}, {pipeline_file: x, auto_promote: 3, auto_promote_on: 4}]\n",
        "blocks: [{run: {when: \"(((\"}, task: {epilogue: 3, prologue: [], env_vars: {a: b}, jobs: [{commands_file: ../../..}]}}]\nafter_pipeline: 3\n",
    ] {
        of(ROOT, text);
    }
}
