//! What pipelines come to, told compactly.

use std::collections::BTreeMap;

use super::super::told::told;
use super::*;
use crate::fact::{Joined, Whole};
use crate::source::RepoPath;

/// Reads files as one pipeline, each with all the others, until nothing more is asked for; tells one of them.
fn of(files: &[(&str, &str)], told_of: &str) -> Vec<String> {
    let by_path: BTreeMap<&str, &str> = files.iter().copied().collect();
    let mut whole = Whole { root: ROOT.into(), ..Whole::default() };
    for (path, text) in files {
        whole.documents.insert((*path).into(), Arc::new(yaml::parse(text).tree));
    }
    let read_with = |path: &str, whole: &Whole| {
        let joined = Joined { wholes: vec![whole.clone()], ..Joined::default() };
        read(&SourceFile::new(path.into(), by_path[path].to_owned()), &Context { joined, ..Context::default() })
    };
    for _ in 0..10 {
        let Some(asked) = read_with(ROOT, &whole).asked else { break };
        for pattern in asked.parts {
            let found: Vec<RepoPath> = by_path.get(pattern.as_str()).map(|_| pattern.as_str().into()).into_iter().collect();
            whole.parts.insert(pattern, found);
        }
        whole.others = asked.others.into_iter().filter(|p| by_path.contains_key(&**p)).collect();
    }
    told(&read_with(told_of, &whole))
}

fn check(text: &str, expected: &[&str]) {
    let told = of(&[(ROOT, text)], ROOT);
    assert_eq!(told, expected, "\n{}", told.join("\n"));
}

#[test]
fn stages_and_needs_say_the_order() {
    check(
        "stages: [a, b]
fit:
  stage: a
  image: python:3.11
  script:
    - pip install .
    - make fit
ship:
  stage: b
  script: make ship
  environment: production
look:
  stage: b
  needs: []
  allow_failure: true
  script: make look
later:
  stage: b
  needs: [fit, {job: look, optional: true}]
  script: [make later]
",
        &[
            "2 .gitlab-ci.yml: push: push",
            "4 fit: on python:3.11 (own)",
            "6 script: $ pip install . @.",
            "7 script: $ make fit @.",
            "11 ship: environment production",
            "10 script: $ make ship @.",
            "15 look: AllowFailure(\"allow_failure: true\")",
            "16 script: $ make look @.",
            "20 script: $ make later @.",
            "9 ship: needs fit",
            "19 later: needs fit",
            "19 later: needs look anyhow",
        ],
    );
}

#[test]
fn rules_say_what_starts_a_job() {
    check(
        "fit:
  rules:
    - if: $CI_PIPELINE_SOURCE == \"schedule\"
  script: make fit
test:
  script: make test
mr:
  rules:
    - if: $CI_PIPELINE_SOURCE == 'merge_request_event'
    - if: $CI_COMMIT_BRANCH == 'main'
  script: make mr
by-hand:
  when: manual
  script: make ship
main-by-hand:
  rules:
    - if: $CI_COMMIT_BRANCH == 'main'
      when: manual
  script: make ship
after:
  needs: [main-by-hand]
  script: make after
never:
  rules: [{when: never}]
  script: make never
told:
  rules: [{if: '$FIT == \"yes\"'}]
  script: make told
",
        &[
            "5 .gitlab-ci.yml: push: push",
            "9 .gitlab-ci.yml: pr: merge request",
            "3 .gitlab-ci.yml: schedule: schedule (it is set up in the service)",
            "3 fit: Event([Schedule])",
            "4 script: $ make fit @.",
            "5 test: Event([Push, Tag, Schedule, Upstream, Api, Manual])",
            "6 script: $ make test @.",
            "11 script: $ make mr @.",
            "12 by-hand: manual: when: manual",
            "12 by-hand: Never(\"when: manual\")",
            "14 script: $ make ship @.",
            "17 main-by-hand: manual: when: manual",
            "17 main-by-hand: Never(\"when: manual\")",
            "19 script: $ make ship @.",
            "20 after: manual: after job `main-by-hand`, which waits for a person",
            "20 after: Never(\"after job `main-by-hand`, which waits for a person\")",
            "22 script: $ make after @.",
            "24 never: Never(\"rules that never hold\")",
            "25 script: $ make never @.",
            "27 told: push: push (`$FIT` is set outside of the repository)",
            "27 told: Event([Schedule, Upstream, Api, Manual])",
            "27 told: if $FIT == 'yes'",
            "28 script: $ make told @.",
            "21 after: needs main-by-hand",
        ],
    );
}

#[test]
fn includes_and_extensions_reach_over_files() {
    let files = [
        (
            ROOT,
            "include:\n  - local: /ci/jobs.yml\n  - local: ci/base.yml\n  - template: Security/SAST.gitlab-ci.yml\nship:\n  extends: .base\n  variables: {WHAT: all}\n  needs: [fit]\n",
        ),
        ("ci/jobs.yml", "fit:\n  stage: build\n  script:\n    - !reference [.base, before_script]\n    - make fit\n"),
        ("ci/base.yml", ".base:\n  before_script:\n    - pip install .\n  script:\n    - make ship WHAT=$WHAT\n"),
    ];
    let told_of = |path: &str| of(&files, path).join("\n");
    assert_eq!(
        told_of(ROOT),
        [
            "5 .gitlab-ci.yml: push: push",
            "4 .gitlab-ci.yml: uses template Security/SAST.gitlab-ci.yml -> outside",
            "2 .gitlab-ci.yml: uses includes ci/jobs.yml -> Workflow ci/jobs.yml, a part of .gitlab-ci.yml of ci/jobs.yml",
            "7 ship: WHAT = all",
            "5 before_script: uses before_script of ci/base.yml -> Action before_script of job ship in .gitlab-ci.yml, 1 of ci/base.yml",
            "5 script: uses script of ci/base.yml -> Action script of job ship in .gitlab-ci.yml, 2 of ci/base.yml",
            "8 ship: After { path: \"ci/jobs.yml\", kind: Job, name: \"fit\", stops: true }",
        ]
        .join("\n")
    );
    assert_eq!(
        told_of("ci/jobs.yml"),
        "1 script: uses script of ci/base.yml -> Action script of job fit in .gitlab-ci.yml, 1 of ci/base.yml\n5 script: $ make fit @."
    );
    assert_eq!(
        told_of("ci/base.yml"),
        "3 script of job fit in .gitlab-ci.yml, 1: $ pip install . @.\n3 before_script of job ship in .gitlab-ci.yml, 1: $ pip install . @.\n5 script of job ship in .gitlab-ci.yml, 2: $ make ship WHAT=all @."
    );
}

#[test]
fn what_is_not_there_and_what_goes_round() {
    let told = of(&[(ROOT, "include: ci/gone.yml\na: {script: make a}\n")], ROOT).join("\n");
    assert!(told.contains("push: push it includes ci/gone.yml, which is not there"), "{told}");
    assert!(told.contains("uses ci/gone.yml -> file ci/gone.yml"), "{told}");
    let round = [
        (ROOT, "include: a.yml\nx: {extends: .a, script: make x}\n"),
        ("a.yml", "include: .gitlab-ci.yml\n.a: {extends: .b}\n.b: {extends: .a}\n"),
    ];
    let told = of(&round, ROOT).join("\n");
    assert!(told.contains("is included by itself") && told.contains("extends itself") && told.contains("$ make x"), "{told}");
}

#[test]
fn a_child_is_started_by_its_job() {
    let files = [
        (ROOT, "go:\n  trigger:\n    include: ci/child.yml\n    strategy: depend\nout:\n  trigger: group/other\n"),
        ("ci/child.yml", "fit: {script: make fit}\n"),
    ];
    let told = of(&files, ROOT).join("\n");
    assert!(told.contains("uses starts ci/child.yml -> Workflow ci/child.yml of ci/child.yml"), "{told}");
    assert!(told.contains("uses the pipeline of project group/other -> outside"), "{told}");
    let joined = Joined { named: true, readers: [NAME].into(), ..Joined::default() };
    let facts = read(&SourceFile::new(files[1].0.into(), files[1].1.to_owned()), &Context { joined, ..Context::default() });
    assert_eq!(
        super::super::told::told(&facts),
        ["1 ci/child.yml: upstream: trigger nothing in this repository calls it", "1 script: $ make fit @."]
    );
}

#[test]
fn wrong_types_cost_no_more_than_their_key() {
    let text = "include: [1, {local: {}}, []]
stages: {a: b}
default: 7
workflow: [x]
variables: 3
list: [a]
empty:
nothing: {}
a:
  extends: {x: y}
  stage: [a]
  rules: yes
  needs: 5
  script: {a: b}
  image: []
  environment: [x]
  trigger: [x]
  tags: {a: b}
  parallel: {matrix: {a: {b: c}}}
  when: [a]
  only: 5
  variables: [1]
b: {rules: [x, {if: [a]}, {if: '((('}], only: [1], script: [[[make b]], {a: b}, 5]}
c: {script: [!reference [c, script]], extends: c}
d: {script: !reference [gone, script]}
e: {rules: !reference [e, rules], script: make e}
";
    let told = of(&[(ROOT, text)], ROOT).join("\n");
    assert!(told.contains("$ make b"), "{told}");
    for text in ["- a\n", "", "just text", "a: *x\n"] {
        of(&[(ROOT, text)], ROOT);
    }
    let deep = format!("a: {{script: {}make a{}}}\n", "[".repeat(90), "]".repeat(90));
    of(&[(ROOT, &deep)], ROOT);
    let many: String = (0..3_000).map(|n| format!("j{n}: {{extends: j{}, script: 'make {n}'}}\n", n + 1)).collect();
    of(&[(ROOT, &many)], ROOT);
}
