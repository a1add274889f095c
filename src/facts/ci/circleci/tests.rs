//! What configurations come to, told compactly.

use super::super::told::{check as check_file, told};
use super::*;

fn of(text: &str) -> Vec<String> {
    told(&read(&SourceFile::new(ROOT.into(), text.to_owned()), &Context::default()))
}

fn check(text: &str, expected: &[&str]) {
    check_file(read, (ROOT, text), expected);
}

#[test]
fn workflows_say_what_starts_jobs_and_in_what_order() {
    check(
        "version: 2.1
jobs:
  fit:
    docker: [{image: python:3.11}]
    steps:
      - checkout
      - run: make fit
  ship:
    machine: true
    steps:
      - checkout
      - run:
          name: Ship
          working_directory: ops
          command: |
            ./ship.sh
            echo done
workflows:
  nightly:
    triggers:
      - schedule:
          cron: \"0 2 * * *\"
          filters: {branches: {only: [main]}}
    jobs: [fit]
  change:
    jobs:
      - fit
      - hold: {type: approval, requires: [fit]}
      - ship:
          requires: [hold]
          filters: {branches: {only: main}}
",
        &[
            "4 fit: on python:3.11 (own)",
            "7 : $ make fit @.",
            "22 nightly: schedule: schedule \"0 2 * * *\" main main",
            "4 fit: on python:3.11 (own)",
            "7 : $ make fit @.",
            "9 ship: on machine",
            "16 Ship: $ ./ship.sh @ops",
            "17 Ship: $ echo done @ops",
            "25 change: push: push",
            "28 hold: manual: type: approval",
            "28 hold: Never(\"type: approval\")",
            "28 hold: needs fit",
            "31 ship: manual: after job `hold`, which waits for a person",
            "31 ship: Never(\"after job `hold`, which waits for a person\")",
            "30 ship: needs hold",
        ],
    );
}

#[test]
fn parameters_fill_jobs_and_commands() {
    check(
        "version: 2.1
parameters:
  size: {type: string, default: small}
executors:
  py:
    parameters: {tag: {type: string, default: '3.10'}}
    docker: [{image: 'python:<< parameters.tag >>'}]
    environment: {WHERE: lab}
commands:
  fit:
    parameters: {what: {type: string}, also: {type: boolean, default: false}}
    steps:
      - run: make << parameters.what >> SIZE=<< pipeline.parameters.size >> WHERE=$WHERE
      - when:
          condition: << parameters.also >>
          steps: [{run: make also}]
      - unless:
          condition: << parameters.also >>
          steps: [{run: make only}]
jobs:
  train:
    parameters: {model: {type: string, default: a}, after: {type: steps, default: []}}
    executor: {name: py, tag: '3.12'}
    steps: [checkout, {fit: {what: << parameters.model >>}}, {steps: << parameters.after >>}]
workflows:
  all:
    jobs:
      - train: {matrix: {parameters: {model: [b, c]}}, after: [{run: make after}]}
",
        &[
            "7 train-b: on python:3.12 (own)",
            "8 train-b: WHERE = lab",
            "13 : $ make b SIZE=small WHERE=lab @.",
            "15 when: Never(\"when\")",
            "19 : $ make only @.",
            "28 : $ make after @.",
            "7 train-c: on python:3.12 (own)",
            "8 train-c: WHERE = lab",
            "13 : $ make c SIZE=small WHERE=lab @.",
            "15 when: Never(\"when\")",
            "19 : $ make only @.",
            "28 : $ make after @.",
            "26 all: push: push",
        ],
    );
}

#[test]
fn conditions_of_workflows_and_filters() {
    let jobs = "jobs: {fit: {docker: [{image: a}], steps: [checkout, {run: make fit}]}}\nparameters: {go: {type: boolean, default: false}}\n";
    let with = |workflow: &str| {
        let told = of(&format!("{jobs}workflows:\n  w:\n{workflow}\n"));
        told.into_iter().filter(|t| !t.contains("make fit") && !t.contains("on a ")).collect::<Vec<_>>().join("\n")
    };
    let scheduled = "    when: {equal: [scheduled_pipeline, << pipeline.trigger_source >>]}\n    jobs: [fit]";
    assert_eq!(with(scheduled), "5 w: schedule: schedule (it is set up in the service)");
    assert_eq!(
        with("    when: << pipeline.parameters.go >>\n    jobs: [fit]"),
        "5 w: api: a call of the service, or a schedule that is set up there\n5 fit: if pipeline.parameters.go"
    );
    assert_eq!(
        with(
            "    when: {and: [{equal: [main, << pipeline.git.branch >>]}, {not: << pipeline.parameters.go >>}]}\n    jobs: [fit]"
        ),
        "4 w: push: push main main"
    );
    assert_eq!(
        with("    when: false\n    jobs: [fit]"),
        "5 w: Never(\"a condition that never holds\")\n5 fit: Never(\"conditions that never hold\")"
    );
    assert_eq!(with("    jobs: [{fit: {filters: {tags: {only: /^v.*/}, branches: {ignore: /.*/}}}}]"), "5 w: tag: tag");
    assert_eq!(with("    unless: << pipeline.parameters.go >>\n    jobs: [fit]"), "4 w: push: push");
}

#[test]
fn what_lies_elsewhere_is_an_open_end() {
    let text = "version: 2.1
setup: true
orbs: {py: circleci/python@2.1.1, path: circleci/path-filtering@1.0.0, own: {commands: {say: {steps: [{run: make say}]}}}}
jobs: {a: {docker: [{image: x}], steps: [checkout, py/install-packages: {pip-dependency-file: r.txt}, own/say]}}
workflows: {w: {jobs: [a, path/filter: {base-revision: main, mapping: 'x', config-path: .circleci/next.yml}, py/test, gone]}}
";
    let told = of(text).join("\n");
    assert!(told.contains("uses circleci/python/install-packages@2.1.1 -> outside pip-dependency-file=r.txt"), "{told}");
    assert!(told.contains("$ make say @."), "{told}");
    assert!(told.contains("uses goes on with .circleci/next.yml -> file .circleci/next.yml"), "{told}");
    assert!(told.contains("uses circleci/python/test@2.1.1 -> outside"), "{told}");
    assert!(told.contains("gone: Never(\"a job that is not there\")"), "{told}");
    let file = SourceFile::new(
        ".circleci/next.yml".into(),
        "jobs: {fit: {machine: true, steps: [checkout, run: make fit]}}\nworkflows: {w: {jobs: [fit]}}\n".to_owned(),
    );
    let told = super::super::told::told(&read(&file, &Context::default())).join("\n");
    assert!(
        told.contains("upstream: continuation nothing in this repository calls it") && told.contains("$ make fit @."),
        "{told}"
    );
}

#[test]
fn without_the_repository_no_file_is_meant() {
    let told = of("jobs: {build: {machine: true, steps: [{run: make a}, checkout, {run: make b}]}}\n").join("\n");
    assert!(told.contains("$ make a @?") && told.contains("$ make b @.") && told.contains("push: push"), "{told}");
    let folder = "jobs: {build: {machine: true, working_directory: ~/x/sub, steps: [{checkout: {path: ~/x}}, {run: make a}, {run: {command: make b, working_directory: ~/x}}]}}\n";
    let told = of(folder).join("\n");
    assert!(told.contains("$ make a @sub") && told.contains("$ make b @."), "{told}");
}

#[test]
fn wrong_types_cost_no_more_than_their_key() {
    let text = "version: [2]
setup: {a: b}
orbs: [x]
parameters: 5
executors: [1]
commands: {loop: {steps: [loop, {loop: {a: b}}]}, odd: 7, bad: {steps: {a: b}}}
jobs:
  a: {docker: 5, steps: [5, [x], {run: [x]}, {run: {command: {a: b}}}, {when: 5}, {when: {steps: 7, condition: [x]}}, loop, odd, bad, {checkout: [x]}]}
  b: 7
  c: {machine: {image: [x]}, executor: [x], environment: 7, resource_class: [x], working_directory: {a: b}, steps: [checkout, {run: make c}]}
workflows:
  version: 2
  odd: 5
  list: [a]
  w:
    when: {equal: 5, and: [x]}
    triggers: [5, {schedule: {cron: [x]}}]
    jobs: [a, b, c, 7, [x], {c: 5}, {c: {requires: 5, filters: [x], matrix: [x], name: [y]}}, {c: {requires: [{a: [x]}, [z]], matrix: {parameters: {q: 5}}}}]
  round: {jobs: [{a: {requires: [c]}}, {c: {requires: [a]}}]}
";
    let told = of(text).join("\n");
    assert!(told.contains("$ make c @."), "{told}");
    assert!(told.contains("calls itself") && told.contains("round: Never(\"jobs that wait for each other\")"), "{told}");
    for text in ["- a\n", "", "just text", "workflows: *x\n", "jobs: 5\nworkflows: 7\n", "jobs: {build: 7}\n"] {
        of(text);
    }
    let deep = format!(
        "jobs: {{build: {{steps: [{}{{run: a}}{}]}}}}\n",
        "{when: {condition: true, steps: [".repeat(28),
        "]}}".repeat(28)
    );
    of(&deep);
    let deep = format!(
        "jobs: {{build: {{steps: []}}}}\nworkflows: {{w: {{when: {}x{}, jobs: [build]}}}}\n",
        "{not: ".repeat(60),
        "}".repeat(60)
    );
    of(&deep);
}
