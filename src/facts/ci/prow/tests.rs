//! What jobs come to, told compactly.

use super::super::told::check as check_with;
use super::*;

fn check(path: &str, text: &str, expected: &[&str]) {
    check_with(read, (path, text), expected);
}

#[test]
fn a_repository_declares_its_own_jobs() {
    check(
        ".prow.yaml",
        "presubmits:
- name: pull-fit-test
  always_run: true
  decorate: true
  optional: true
  spec:
    containers:
    - image: python:3.12
      command: [bash, -c, \"make test && make fit\"]
- name: pull-fit-slow
  decorate: true
  spec: {containers: [{image: python:3.12, args: [make, slow]}]}
- name: pull-fit-docs
  run_if_changed: '^docs/'
  decorate: true
  spec: {containers: [{image: python:3.12, command: [make], args: [docs]}]}
postsubmits:
- name: post-fit
  branches: [^main$]
  decorate: true
  spec: {containers: [{image: python:3.12, command: [python, fit.py], env: [{name: SIZE, value: large}]}]}
- name: post-any
  branches: [release-.*]
  always_run: false
  spec: {containers: [{image: python:3.12, command: [python, any.py]}]}
periodics:
- name: night
  cron: \"0 3 * * *\"
  spec: {}
",
        &[
            "! no clock starts jobs that the repository itself declares",
            "5 pull-fit-test: AllowFailure(\"optional: true\")",
            "8 pull-fit-test: on python:3.12 (own)",
            "9 pull-fit-test: $ make test @.",
            "9 pull-fit-test: $ make fit @.",
            "3 pull-fit-test: pr: pull request",
            "12 pull-fit-slow: on python:3.12 (own)",
            "12 pull-fit-slow: $ make slow @.",
            "10 pull-fit-slow: manual: the comment `/test pull-fit-slow`",
            "16 pull-fit-docs: on python:3.12 (own)",
            "16 pull-fit-docs: $ make docs @.",
            "14 pull-fit-docs: pr: pull request",
            "21 post-fit: on python:3.12 (own)",
            "21 post-fit: SIZE = large",
            "21 post-fit: $ python fit.py @.",
            "18 post-fit: push: push main main",
            "25 post-any: $ python any.py @.",
            "24 post-any: manual: a person",
        ],
    );
}

#[test]
fn a_configuration_holds_those_of_many() {
    check(
        "config/jobs/fit.yaml",
        "periodics:
- name: night
  cron: \"0 3 * * *\"
  decorate: true
  extra_refs: [{org: late, repo: fit, base_ref: main}]
  spec:
    containers:
    - image: python:3.12
      command:
      - python
      - fit.py
- {name: often, interval: 2h, agent: jenkins}
presubmits:
  late/fit:
  - {name: pull-fit, always_run: true, decorate: true, spec: {containers: [{image: a, command: [make]}]}}
  late/odd: 3
",
        &[
            "15 pull-fit: on a (own)",
            "15 pull-fit: $ make @?",
            "15 pull-fit: pr: pull request (the service must be told that this file is part of its configuration)",
            "8 night: on python:3.12 (own)",
            "9 night: $ python fit.py @?",
            "3 night: schedule: schedule \"0 3 * * *\" (the service must be told that this file is part of its configuration)",
            "12 often: uses what the agent jenkins runs -> outside",
            "12 often: schedule: schedule every 2h (the service must be told that this file is part of its configuration)",
        ],
    );
}

#[test]
fn branches_are_expressions_and_tags_may_be_meant() {
    check(
        ".prow/push.yaml",
        "postsubmits:
- {name: a, branches: [^main$, 'release-.*'], spec: {containers: []}}
- {name: b, branches: ['^v(0|[1-9]\\d*)\\.(\\d+)$'], spec: {containers: []}}
- {name: c, branches: ['.*'], spec: {containers: []}}
",
        &["2 a: push: push main, release-* main release-*", "3 b: tag: a tag that is a version", "4 c: push: push"],
    );
}

#[test]
fn other_documents_are_not_taken_for_jobs() {
    assert!(is_ours(".prow/fit.yaml", "") && is_ours("jobs/a.yaml", "periodics:\n- name: a\n  spec: {}\n"));
    assert!(!is_ours("jobs/a.yaml", "jobs:\n  periodics: [a]\n") && !is_ours("clubs.yaml", "periodics: [monthly]\n"));
    check(".prow.yaml", "presubmits: 3\n", &["! `presubmits` holds no jobs"]);
    check(".prow.yaml", "postsubmits: [a, {spec: 3}]\n", &["! a job without keys", "! a job without a name"]);
}
