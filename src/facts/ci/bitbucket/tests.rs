//! What definitions come to, told compactly.

use super::super::told::{check as check_file, told};
use super::*;

fn of(text: &str) -> Vec<String> {
    told(&read(&SourceFile::new(ROOT.into(), text.to_owned()), &Context::default()))
}

fn check(text: &str, expected: &[&str]) {
    check_file(read, (ROOT, text), expected);
}

#[test]
fn parts_run_one_after_the_other() {
    check(
        "image: python:3.11
pipelines:
  branches:
    main:
      - step:
          name: fit
          script:
            - pip install .
            - |
              cd jobs
              make fit
      - parallel:
          - step: {name: a, script: [make a]}
          - step: {name: b, script: [make b]}
      - step:
          name: ship
          trigger: manual
          deployment: production
          script:
            - pipe: atlassian/aws-ecs-deploy:1.6.0
              variables: {CLUSTER_NAME: x}
          after-script: [make tell]
      - step: {name: last, script: [make last]}
",
        &[
            "1 fit: on python:3.11 (own)",
            "8 script: $ pip install . @.",
            "10 script: $ cd jobs @.",
            "11 script: $ make fit @jobs",
            "1 a: on python:3.11 (own)",
            "13 script: $ make a @.",
            "1 b: on python:3.11 (own)",
            "14 script: $ make b @.",
            "1 ship: on python:3.11 (own)",
            "18 ship: environment production",
            "20 atlassian/aws-ecs-deploy:1.6.0: uses atlassian/aws-ecs-deploy@1.6.0 -> outside CLUSTER_NAME=x",
            "22 after-script: $ make tell @.",
            "22 after-script: Always(\"after-script\")",
            "22 after-script: AllowFailure(\"after-script\")",
            "1 last: on python:3.11 (own)",
            "23 script: $ make last @.",
            "4 branches main: push: push main main",
            "13 a: needs fit",
            "14 b: needs fit",
            "17 ship: manual: trigger: manual",
            "17 ship: Never(\"trigger: manual\")",
            "15 ship: needs a",
            "15 ship: needs b",
            "23 last: manual: after job `ship`, which waits for a person",
            "23 last: Never(\"after job `ship`, which waits for a person\")",
            "23 last: needs ship",
        ],
    );
}

#[test]
fn what_starts_a_pipeline() {
    let one = "- step: {script: [make a]}";
    let text = format!(
        "pipelines:
  default: [&one {{step: {{script: [make a]}}}}]
  tags: {{'v*': [*one]}}
  pull-requests: {{'**': [*one]}}
  custom:
    fit: [{{variables: [{{name: SIZE, default: big}}]}}, *one]
    night:
      {one}
triggers:
  repository-push:
    - condition: BITBUCKET_BRANCH == \"main\"
      pipelines: [night]
"
    );
    let told: Vec<String> = of(&text).into_iter().filter(|t| !t.contains("make a")).collect();
    assert_eq!(
        told,
        [
            "2 default: push: push",
            "3 tags v*: tag: tag v*",
            "4 pull-requests **: pr: pull request",
            "6 custom fit: SIZE = big",
            "6 custom fit: manual: a person, or a schedule that is set up in the service",
            "7 custom night: manual: a person, or a schedule that is set up in the service",
            "12 custom night: push: push main main",
        ]
    );
}

#[test]
fn wrong_types_cost_no_more_than_their_key() {
    let text = "image: [x]
clone: 5
definitions: 7
triggers: [x]
pipelines:
  default: {a: b}
  odd: 5
  branches: [x]
  custom:
    a: 5
    b: [5, [x], {step: 5}, {stage: 5}, {stage: {steps: [5, {step: 5}]}}, {parallel: 5}, {parallel: [5, {step: [x]}]}, {variables: 5}, {odd: x}]
    c: {import: 'shared:1:x'}
    d:
      - step: {name: [x], image: {a: b}, deployment: [x], trigger: [x], condition: 5, script: 5, services: 5, runs-on: {a: b}}
      - step: {script: [[make d], {a: b}, {pipe: [x]}, {pipe: x/y, variables: 5}], after-script: {a: b}, on-fail: 5}
";
    let told = of(text).join("\n");
    assert!(told.contains("$ make d @.") && told.contains("uses x/y -> outside"), "{told}");
    for text in ["- a\n", "", "just text", "pipelines: *x\n", "pipelines: 5\n"] {
        of(text);
    }
    of(&format!("pipelines: {{default: [step: {{script: {}make a{}}}]}}\n", "[".repeat(90), "]".repeat(90)));
    of(&format!("pipelines: {{default: [{}]}}\n", "{step: {script: [make a]}}, ".repeat(3_000)));
}
