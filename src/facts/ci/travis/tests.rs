//! What configurations come to, told compactly.

use super::super::told::{check as check_file, told};
use super::*;

fn of_text(text: &str) -> Vec<String> {
    told(&read(&SourceFile::new(ROOT.into(), text.to_owned()), &Context::default()))
}

fn check(text: &str, expected: &[&str]) {
    check_file(read, (ROOT, text), expected);
}

#[test]
fn phases_of_one_job() {
    check(
        "language: python
env: {global: [SIZE=big]}
install: pip install .
script:
  - cd jobs
  - make fit SIZE=$SIZE
  - make test
after_success: make tell
deploy:
  provider: script
  script: bash ship.sh
  on: {tags: true}
",
        &[
            "2 .travis.yml: SIZE = big",
            "1 test: language = python",
            "2 test: SIZE = big",
            "3 install: $ pip install . @.",
            "5 script: $ cd jobs @.",
            "6 script: $ make fit SIZE=big @jobs",
            "7 script: $ make test @jobs",
            "8 after_success: $ make tell @jobs",
            "8 after_success: AllowFailure(\"after_success\")",
            "11 deploy: $ bash ship.sh @.",
            "12 deploy: Event([Tag])",
            "1 .travis.yml: push: push",
            "1 .travis.yml: pr: pull request",
            "4 .travis.yml: tag: tag",
        ],
    );
}

#[test]
fn stages_and_conditions() {
    check(
        "stages: [test, {name: fit, if: type = cron}]
jobs:
  include:
    - stage: test
      script: make test
    - {script: make lint, name: lint, if: branch = main}
    - {stage: fit, script: make fit}
    - {stage: off, script: make off, if: false}
",
        &[
            "5 script: $ make test @.",
            "6 script: $ make lint @.",
            "7 script: $ make fit @.",
            "8 script: $ make off @.",
            "1 .travis.yml: push: push",
            "1 .travis.yml: pr: pull request",
            "1 .travis.yml: schedule: schedule (it is set up in the service)",
            "1 job 3: Event([Schedule])",
            "7 job 3: needs job 1",
            "7 job 3: needs lint",
            "8 job 4: Never(\"conditions that never hold\")",
        ],
    );
}

#[test]
fn rows_of_variables_are_told_apart() {
    let told = of_text("env:\n  - TASK=fit\n  - TASK=check\nscript: make $TASK\n");
    assert!(told.iter().any(|t| t == "4 script: $ make fit @. goes on" || t == "4 script: $ make fit @."), "{told:?}");
    assert!(told.iter().any(|t| t.contains("$ make check @.")), "{told:?}");
}

#[test]
fn wrong_types_cost_no_more_than_their_key() {
    let text = "language: [x]
env: {global: 5, matrix: {a: b}}
branches: 5
if: [x]
stages: {a: b}
jobs:
  include:
    - 5
    - {stage: [x], if: {a: b}, script: {a: b}, deploy: 5, env: [[x]], os: {a: b}}
    - {name: [x], script: [[make a], {a: b}], deploy: [{provider: [x]}, {provider: script}, {provider: x, on: 5}]}
  allow_failures: 5
";
    let told = of_text(text).join("\n");
    assert!(told.contains("$ make a @."), "{told}");
    for text in ["- a\n", "", "just text", "script: *x\n", "jobs: 5\n", "script: 5\n", "matrix: {include: {a: b}}\nscript: x\n"] {
        of_text(text);
    }
    of_text(&format!("script: {}make a{}\n", "[".repeat(90), "]".repeat(90)));
    of_text(&format!("script: [{}]\njobs: {{include: [{}]}}\n", "make a, ".repeat(3_000), "{script: a}, ".repeat(3_000)));
}
