//! What pipelines, tasks and listeners come to, told compactly.

use super::super::told::{check as check_file, told};
use super::*;

fn of(path: &str, text: &str) -> FileFacts {
    read(&SourceFile::new(path.into(), text.to_owned()), &Context::default())
}

fn check(text: &str, expected: &[&str]) {
    check_file(read, (".tekton/fit.yaml", text), expected);
}

#[test]
fn events_start_what_their_annotations_match() {
    check(
        "apiVersion: tekton.dev/v1
kind: PipelineRun
metadata:
  name: fit
  annotations:
    pipelinesascode.tekton.dev/on-event: '[push, pull_request]'
    pipelinesascode.tekton.dev/on-target-branch: '[refs/heads/main]'
spec:
  params: [{name: size, value: big}]
  pipelineSpec:
    params: [{name: size, default: small}]
    tasks:
    - name: fetch
      taskRef: {resolver: hub, params: []}
    - name: fit
      runAfter: [fetch]
      params: [{name: how, value: $(params.size)}]
      taskSpec:
        params: [{name: how}]
        steps:
        - name: learn
          image: python:3.11
          workingDir: $(workspaces.source.path)/ml
          script: |
            #!/usr/bin/env bash
            N=$(nproc)
            python fit.py --size $(params.how) --at {{ revision }}
        - {name: look, image: x, onError: continue, command: [python], args: [look.py, '$(tasks.fetch.results.commit)']}
    - name: ship
      taskRef: {name: ship}
      when: [{input: $(params.size), operator: in, values: [big]}]
      params: [{name: m, value: $(tasks.fit.results.model)}]
    finally:
    - {name: tell, taskSpec: {steps: [{script: echo done}]}}
",
        &[
            "6 .tekton/fit.yaml#fit: push: push main main",
            "6 .tekton/fit.yaml#fit: pr: pull request main",
            "14 fetch: uses task from hub -> outside",
            "26 learn: $ nproc @ml goes on",
            "27 learn: $ python fit.py --size big --at ${_} @ml",
            "28 look: AllowFailure(\"onError: continue\")",
            "28 look: $ python look.py ${_} @.",
            "31 ship: if $(params.size) in big",
            "30 ship: uses task/ship -> outside",
            "16 fit: needs fetch",
            "32 ship: needs fit",
            "34 1: $ echo done @.",
            "34 tell: Always(\"finally\")",
            "34 tell: needs fetch anyhow",
            "34 tell: needs fit anyhow",
            "34 tell: needs ship anyhow",
        ],
    );
}

#[test]
fn an_expression_takes_the_place_of_events() {
    let of = |expression: &str| {
        let text = format!(
            "apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata:\n  name: x\n  annotations:\n    pipelinesascode.tekton.dev/on-event: '[pull_request]'\n    pipelinesascode.tekton.dev/on-cel-expression: |\n      {expression}\nspec: {{}}\n"
        );
        told(&of(".tekton/x.yaml", &text))
    };
    assert_eq!(of("event == \"push\" && target_branch == \"main\""), ["7 .tekton/x.yaml#x: push: push main main"]);
    assert_eq!(of("event == 'pull_request'"), ["7 .tekton/x.yaml#x: pr: pull request"]);
    assert_eq!(of("has(body.x)"), ["7 .tekton/x.yaml#x: push: push (an expression decides which events)"]);
}

#[test]
fn a_listener_makes_what_its_template_says() {
    let text = "apiVersion: triggers.tekton.dev/v1beta1
kind: EventListener
metadata: {name: ears}
spec:
  triggers:
  - name: pushed
    interceptors: [{ref: {name: github}, params: [{name: eventTypes, value: [push]}]}]
    template: {ref: fit}
  - {name: other, triggerRef: t}
---
apiVersion: triggers.tekton.dev/v1beta1
kind: TriggerTemplate
metadata: {name: fit}
spec:
  resourcetemplates:
  - {apiVersion: tekton.dev/v1, kind: PipelineRun, spec: {pipelineRef: {name: fit}}}
---
apiVersion: tekton.dev/v1
kind: Task
metadata: {name: ship}
spec:
  steps: [{image: x, script: make ship}]
";
    let file = SourceFile::new("k8s/all.yaml".into(), text.to_owned());
    let context = Context::default();
    let mut reading: Reading<'_> = Reading::new(&file, &context);
    let parsed = yaml::parse(text);
    for doc in parsed.tree.docs() {
        assert!(object(doc, 0, &mut reading));
    }
    let told = told(&reading.facts);
    assert_eq!(
        told,
        [
            "6 eventlistener/ears/pushed: push: push (the host must be told the listener's address)",
            "8 eventlistener/ears/pushed: uses triggertemplate/fit -> outside",
            "9 eventlistener/ears/other: api: a call of the listener (the host must be told the listener's address)",
            "9 eventlistener/ears/other: uses trigger/t -> outside",
            "16 PipelineRun: uses pipeline/fit -> outside",
            "22 1: $ make ship @.",
        ],
        "\n{}",
        told.join("\n")
    );
}

#[test]
fn odd_objects_are_no_panic() {
    for spec in [
        "3",
        "[]",
        "{pipelineSpec: 3}",
        "{pipelineSpec: {tasks: {a: b}, finally: 1}}",
        "{taskSpec: {steps: [3, {script: [x]}, {command: 3}]}}",
        "{params: [{name: [x]}], pipelineSpec: {tasks: [{name: a, runAfter: [a, b]}]}}",
    ] {
        let _: FileFacts =
            of(".tekton/x.yaml", &format!("apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: 4\nspec: {spec}\n"));
    }
    assert_eq!(told(&of(".tekton/x.yaml", "- 1\n---\nkind: [x]\n")), [""; 0]);
}
