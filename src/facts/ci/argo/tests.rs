//! What objects of a cluster come to, told compactly.

use super::super::told::told;
use super::*;
use crate::facts::Context;
use crate::source::SourceFile;
use crate::syntax::yaml;

fn of(text: &str) -> crate::fact::FileFacts {
    let file = SourceFile::new("k8s/wf.yaml".into(), text.to_owned());
    let context = Context::default();
    let mut reading: Reading<'_> = Reading::new(&file, &context);
    let parsed = yaml::parse(text);
    for doc in parsed.tree.docs() {
        let unit = reading.unit(Unit {
            kind: UnitKind::Manifest,
            name: "m".to_owned(),
            title: None,
            line: 1,
            end_line: 1,
            parent: None,
        });
        assert!(object(doc, unit, &mut reading));
    }
    reading.facts
}

fn check(text: &str, expected: &[&str]) {
    let told = told(&of(text));
    assert_eq!(told, expected, "\n{}", told.join("\n"));
}

#[test]
fn a_schedule_runs_the_first_template() {
    check(
        "apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: Tides}
spec:
  schedules: ['5 4 * * *']
  suspend: true
  workflowSpec:
    entrypoint: main
    arguments: {parameters: [{name: size, value: big}]}
    onExit: tell
    templates:
    - name: main
      steps:
      - - name: load
          template: py
          arguments: {parameters: [{name: what, value: load.py}]}
      - - name: fit
          template: py
          arguments: {parameters: [{name: what, value: 'fit.py --size {{workflow.parameters.size}} {{item}}'}]}
        - name: plot
          when: 'false'
          template: py
    - name: py
      inputs: {parameters: [{name: what, default: none.py}]}
      container:
        image: late/tides:1
        command: [sh, -ec]
        args:
        - |
          cd jobs
          python {{inputs.parameters.what}}
    - name: tell
      script:
        image: python
        command: [python3]
        source: |
          print('done')
    - name: unused
      container: {image: x, command: [rm]}
",
        &[
            "5 cronworkflow/tides: schedule: schedule \"5 4 * * *\" suspend: true",
            "30 load: $ cd jobs @.",
            "31 load: $ python load.py @jobs",
            "30 fit: $ cd jobs @.",
            "31 fit: $ python fit.py --size big ${_} @jobs",
            "17 fit: needs load",
            "30 plot: $ cd jobs @.",
            "31 plot: $ python none.py @jobs",
            "21 plot: Never(\"when: false\")",
            "20 plot: needs load",
            "37 onExit: $ python @. [python]",
            "10 onExit: Always(\"onExit\")",
        ],
    );
}

#[test]
fn a_graph_waits_for_what_it_names_and_for_people() {
    check(
        "apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: fit-}
spec:
  entrypoint: main
  templates:
  - name: main
    dag:
      tasks:
      - {name: fit, template: fit}
      - {name: ask, template: ask, dependencies: [fit]}
      - {name: ship, templateRef: {name: Ship, template: go}, depends: ask.Succeeded}
      - {name: tell, template: fit, depends: fit.Failed || gone}
  - name: fit
    container: {image: late/fit}
  - name: ask
    suspend: {}
",
        &[
            "! there is no task `gone` here to wait for",
            "15 fit: uses late/fit -> outside",
            "12 ship: uses workflowtemplate/Ship#go -> outside",
            "15 tell: uses late/fit -> outside",
            "11 ask: needs fit",
            "12 ship: needs ask",
            "13 tell: needs fit anyhow",
            "12 ship: manual: after `ask`, which waits for a person",
            "12 ship: Never(\"after `ask`, which waits for a person\")",
        ],
    );
}

#[test]
fn templates_stand_apart_and_sensors_run_them() {
    let text = "apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: fit}
spec:
  entrypoint: go
  templates:
  - name: go
    container: {image: x, command: [make, fit]}
---
apiVersion: argoproj.io/v1alpha1
kind: EventSource
metadata: {name: shore}
spec:
  service: {ports: [{port: 1}]}
  calendar:
    nightly: {schedule: '1 2 * * *'}
  webhook:
    asked: {port: '1'}
---
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {name: on-night}
spec:
  dependencies: [{name: d, eventSourceName: shore, eventName: nightly}]
  triggers:
  - template:
      name: fit
      argoWorkflow:
        operation: submit
        source: {resource: {kind: Workflow, metadata: {generateName: fit-}, spec: {workflowTemplateRef: {name: fit}}}}
";
    check(
        text,
        &[
            "8 go: $ make fit @.",
            "8 go: $ make fit @.",
            "16 eventsource/shore/nightly: schedule: schedule \"1 2 * * *\"",
            "18 eventsource/shore/asked: api: a call (webhook) (who calls is not in this repository)",
            "24 sensor/on-night: upstream: event nightly of shore eventsource/shore/nightly (its source is not in this repository)",
            "30 workflow/fit-: uses workflowtemplate/fit -> outside",
        ],
    );
    let apart: Vec<String> =
        of(text).units.iter().filter(|u| u.kind == UnitKind::Action && u.parent.is_none()).map(|u| u.name.clone()).collect();
    assert_eq!(
        apart,
        [
            "workflowtemplate/fit",
            "workflowtemplate/fit#go",
            "eventsource/shore/nightly",
            "eventsource/shore/asked",
            "sensor/on-night"
        ]
    );
}

#[test]
fn templates_that_name_themselves_end() {
    let text = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: x}\nspec:\n  entrypoint: a\n  templates:\n  - name: a\n    steps: [[{name: b, template: a}, {name: c, template: a}]]\n";
    let facts = of(text);
    assert!(!facts.notices.is_empty() && facts.units.len() < 10_000);
    for spec in [
        "3",
        "[]",
        "{entrypoint: [a]}",
        "{entrypoint: a, templates: {name: a}}",
        "{entrypoint: a, templates: [{name: a, steps: 3, dag: 4, container: []}]}",
    ] {
        of(&format!("apiVersion: argoproj.io/v1\nkind: Workflow\nspec: {spec}\n"));
    }
}
