//! What pipelines and tasks come to, told compactly.

use super::super::told::{check, told};
use super::*;

fn of(read: fn(&SourceFile, &Context<'_>) -> FileFacts, path: &str, text: &str) -> Vec<String> {
    told(&read(&SourceFile::new(path.into(), text.to_owned()), &Context::default()))
}

#[test]
fn versions_start_jobs_and_pass_through_others() {
    check(
        read,
        (
            "ci/pipeline.yml",
            "resources:
- {name: looms, type: git, source: {uri: 'https://x.example/a/looms.git', branch: main}}
- {name: night, type: time, source: {interval: 24h}}
- {name: image, type: docker-image, source: {repository: a/looms}}
jobs:
- name: fit
  plan:
  - in_parallel: [{get: night, trigger: true}, {get: src, resource: looms}]
  - task: fit
    config:
      platform: linux
      image_resource: {type: registry-image, source: {repository: python}}
      inputs: [{name: src}]
      params: {LOOM: north, KEY: ((key))}
      run: {path: src/fit.sh, args: [--loom, ((loom))]}
    on_failure: {put: image}
- name: ship
  plan:
  - {get: looms, trigger: true, passed: [fit]}
  - try: {task: look, file: looms/ci/look.yml, input_mapping: {code: looms}}
  - {put: image, params: {build: looms/serve}}
- name: asked
  plan:
  - {get: looms}
  - {task: x, config: {platform: linux, run: {path: make, args: [x], dir: looms/jobs}}}
",
        ),
        &[
            "12 fit: on python (own)",
            "14 fit: LOOM = north",
            "14 fit: KEY = ${_}",
            "15 fit: $ ./fit.sh --loom ${_} @.",
            "16 on_failure 16: if after a failure",
            "16 put image: $ docker push a/looms @?",
            "20 try 20: AllowFailure(\"try\")",
            "20 look: uses looms/ci/look.yml -> file ci/look.yml repository=code",
            "21 put image: $ docker build -t a/looms serve @.",
            "21 put image: $ docker push a/looms @?",
            "25 x: $ make x @jobs",
            "3 ci/pipeline.yml: schedule: schedule \"every 24h\" (it works once the pipeline is set in the service)",
            "22 ci/pipeline.yml: manual: a person starts the job (it works once the pipeline is set in the service)",
            "6 fit: Event([Schedule])",
            "17 ship: Event([Schedule])",
            "19 ship: needs fit",
            "22 asked: Event([Manual])",
        ],
    );
}

#[test]
fn of_several_repositories_one_is_this() {
    let text = "resources:
- {name: tools, type: git, source: {uri: 'https://x.example/a/tools.git'}}
- {name: looms, type: git, source: {uri: 'https://x.example/a/looms.git'}}
jobs:
- name: a
  plan:
  - {get: tools, trigger: true}
  - {get: looms, trigger: true}
  - {task: x, file: looms/ci/x.yml}
  - {task: y, file: looms/ci/y.yml}
  - {task: z, file: tools/z.yml}
  - {set_pipeline: self, file: looms/ci/pipeline.yml}
";
    let told = of(read, "ci/pipeline.yml", text).join("\n");
    for part in [
        "upstream: a push to another repository (tools)",
        "push: push (it works",
        "x: uses looms/ci/x.yml -> file ci/x.yml",
        "z: uses tools/z.yml elsewhere -> outside",
        "set self: uses looms/ci/pipeline.yml -> outside",
    ] {
        assert!(told.contains(part), "{part}\n{told}");
    }
}

#[test]
fn a_task_is_read_under_the_name_it_is_called_with() {
    let text = "platform: linux\ninputs: [{name: looms}, {name: other}]\nrun:\n  path: looms/ci/fit.sh\n";
    assert_eq!(of(TASK.read, "ci/fit.yml", text), ["4 ci/fit.yml: $ ./ci/fit.sh @."]);
    let file = SourceFile::new("ci/fit.yml".into(), text.to_owned());
    let calls = [Inputs::from([(REPOSITORY.to_owned(), "other".to_owned())])];
    assert_eq!(told(&task(&file, &Context::default(), &calls)), ["4 ci/fit.yml: $ looms/ci/fit.sh @?"]);
}

#[test]
fn names_that_are_put_in_are_holes() {
    assert_eq!(put("a ((b.c)) d $((1 + 2)) ((e"), "a ${_} d $((1 + 2)) ((e");
}

#[test]
fn wrong_types_cost_no_more_than_their_key() {
    let text = "resources: [5, {name: a}, {name: b, type: git, source: 5}]
jobs:
- 5
- {name: [x], plan: {a: b}}
- {plan: [5, {get: [x]}, {get: b, passed: {a: b}, trigger: 5}, {task: x}, {task: y, config: {run: 5}}, {task: z, config: {run: {path: [x], args: 5}}}]}
- {name: one, plan: [{get: b, trigger: true, passed: [two, gone]}, {task: a, config: {run: {path: make, args: [a]}}}]}
- {name: two, plan: [{get: b, trigger: true, passed: [one]}, {in_parallel: 5}, {do: {a: b}}, {try: 5}, {put: gone}], on_failure: 5}
";
    let told = of(read, "ci/pipeline.yml", text).join("\n");
    assert!(told.contains("$ make a") && told.contains("jobs that wait for each other"), "{told}");
    for text in ["- a\n", "", "just text", "jobs: *x\n", "jobs: {a: b}\n", "platform: [x]\nrun: 5\ninputs: {a: b}\n"] {
        of(read, "ci/pipeline.yml", text);
        of(TASK.read, "ci/task.yml", text);
    }
    let deep = format!("jobs:\n- plan: [{}{{task: a, file: b}}{}]\n", "{do: [".repeat(40), "]}".repeat(40));
    of(read, "ci/pipeline.yml", &deep);
}
