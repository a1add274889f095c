//! What pipelines come to, told compactly.

use super::super::told::told;
use super::*;

fn of(path: &str, text: &str) -> Vec<String> {
    let dialect = if path.contains("drone") { Dialect::Drone } else { Dialect::Woodpecker };
    told(&read(&SourceFile::new(path.into(), text.to_owned()), &Context::default(), dialect))
}

fn check(path: &str, text: &str, expected: &[&str]) {
    let told = of(path, text);
    assert_eq!(told, expected, "\n{}", told.join("\n"));
}

#[test]
fn documents_are_pipelines() {
    check(
        ".drone.yml",
        "kind: pipeline
type: docker
name: test
steps:
  - name: fit
    image: python:3.11
    commands: [pip install ., make fit]
  - name: look
    image: python:3.11
    failure: ignore
    commands:
      - make look
    when: {branch: main}
---
kind: secret
name: x
---
kind: pipeline
name: night
trigger: {event: cron, cron: [nightly]}
depends_on: [test]
steps:
  - {name: ship, image: plugins/docker, settings: {repo: a/b, tags: v1}}
",
        &[
            "1 test: on docker",
            "6 fit: on python:3.11 (own)",
            "7 commands: $ pip install . @.",
            "7 commands: $ make fit @.",
            "10 look: AllowFailure(\"failure: ignore\")",
            "9 look: on python:3.11 (own)",
            "12 commands: $ make look @.",
            "1 test: push: push",
            "1 test: pr: pull request",
            "13 look: needs fit",
            "23 plugins/docker: uses plugins/docker -> outside repo=a/b tags=v1",
            "23 plugins/docker: $ docker build -t a/b:v1 . @.",
            "23 plugins/docker: $ docker push a/b:v1 @.",
            "20 night: schedule: schedule (it is set up in the service)",
            "21 night: needs test",
        ],
    );
}

#[test]
fn woodpecker_has_a_file_a_workflow() {
    check(
        ".woodpecker/fit.yaml",
        "when:
  - event: push
    branch: main
  - event: [cron, manual]
    cron: weekly
depends_on: [test]
steps:
  fit: {image: python, directory: jobs, commands: [make fit], depends_on: []}
  tell: {image: x/tell, settings: {room: a}, depends_on: [fit], when: [{status: [success, failure]}]}
  off: {image: python, commands: [make off], when: {event: tag}}
",
        &[
            "8 fit: on python (own)",
            "8 commands: $ make fit @jobs",
            "9 x/tell: uses x/tell -> outside room=a",
            "10 off: on python (own)",
            "10 commands: $ make off @.",
            "9 tell: Always(\"status\")",
            "1 .woodpecker/fit.yaml: push: push main main",
            "1 .woodpecker/fit.yaml: schedule: schedule (it is set up in the service)",
            "1 .woodpecker/fit.yaml: manual: a person",
            "9 tell: needs fit anyhow",
            "10 off: Never(\"conditions that never hold\")",
            "6 .woodpecker/fit.yaml: After { path: \".woodpecker/test.yaml\", kind: Workflow, name: \".woodpecker/test.yaml\", stops: true }",
        ],
    );
}

#[test]
fn conditions_in_text_and_by_reference() {
    let with = |when: &str| {
        let told = of(".woodpecker.yml", &format!("when: {when}\nsteps: [{{name: a, image: x, commands: [make a]}}]\n"));
        told.into_iter().skip(2).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(
        with("{evaluate: 'CI_PIPELINE_EVENT == \"cron\"'}"),
        "1 .woodpecker.yml: schedule: schedule (it is set up in the service)"
    );
    assert_eq!(with("{ref: refs/tags/v*}"), "1 .woodpecker.yml: tag: tag");
    assert_eq!(with("{event: {exclude: [pull_request]}}"), "1 .woodpecker.yml: push: push");
}

#[test]
fn wrong_types_cost_no_more_than_their_key() {
    let text = "kind: pipeline
trigger: {event: 5, branch: {a: b}, ref: [[x]], cron: {a: b}}
depends_on: {a: b}
clone: 5
environment: [5]
steps:
  - 5
  - [x]
  - {name: [x], image: [x], commands: {a: b}, when: 5, depends_on: 5, failure: [x], environment: 5}
  - {name: a, image: x, commands: [[make a], {a: b}], when: [5, {status: 5}], depends_on: [b, gone]}
  - {name: b, depends_on: [a], settings: 5, image: plugins/docker}
---
kind: pipeline
steps: 5
---
[x]
";
    for path in [".drone.yml", ".woodpecker.yml"] {
        let told = of(path, text).join("\n");
        assert!(told.contains("$ make a @.") && told.contains("jobs that wait for each other"), "{told}");
    }
    for text in ["- a\n", "", "just text", "steps: *x\n", "pipeline: {a: {image: x}}\n"] {
        of(".drone.yml", text);
        of(".woodpecker.yml", text);
    }
    of(".drone.yml", &format!("steps: [{}]\n", "{image: x, commands: [a]}, ".repeat(3_000)));
    of(".drone.yml", &"kind: pipeline\nsteps: [{image: x, commands: [a]}]\n---\n".repeat(1_000));
}
