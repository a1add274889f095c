//! What definitions and templates come to, told compactly.

use super::super::told::told;
use super::*;
use crate::fact::Joined;

fn of(path: &str, text: &str, named: bool, calls: &[Inputs]) -> FileFacts {
    let joined = Joined { named, ..Joined::default() };
    read(&SourceFile::new(path.into(), text.to_owned()), &Context { joined, ..Context::default() }, calls)
}

fn check(text: &str, expected: &[&str]) {
    let told = told(&of("azure-pipelines.yml", text, false, &[]));
    assert_eq!(told, expected, "\n{}", told.join("\n"));
}

#[test]
fn what_starts_a_pipeline() {
    check(
        "trigger: {branches: {include: [main], exclude: [old/*]}, paths: {include: [src]}}
pr: none
schedules:
  - {cron: '0 3 * * *', always: true, branches: {include: [main]}}
  - cron: 0 4 * * *
resources:
  pipelines: [{pipeline: up, source: build, trigger: true}]
steps: [{script: make}]
",
        &[
            "1 azure-pipelines.yml: push: push main, !old/*, only src main !old/*",
            "4 azure-pipelines.yml: schedule: schedule \"0 3 * * *\" main",
            "5 azure-pipelines.yml: push: schedule \"0 4 * * *\", after a change alone",
            "7 azure-pipelines.yml: upstream: after pipeline build (the service knows it by that name)",
            "8 1: $ make @.",
        ],
    );
    check(
        "pool: x\nsteps: [{script: make}]\n",
        &[
            "1 azure-pipelines.yml: push: push, as nothing else is said (whether a service runs this file is known there)",
            "1 steps: on x (own)",
            "2 1: $ make @.",
        ],
    );
    check("trigger:\n- none\nsteps: [{script: make}]\n", &["3 1: $ make @."]);
    assert!(told(&of("a.yml", "pool: x\nsteps: []\n", false, &[])).is_empty());
    assert!(told(&of("a.yml", "kind: pipeline\ntrigger: x\nsteps: [{script: a}]\n", false, &[])).is_empty());
}

#[test]
fn stages_jobs_and_steps() {
    check(
        "trigger: [main]
variables:
  size: big
  image: shop/model
stages:
- stage: a
  jobs:
  - job: fit
    pool: {vmImage: ubuntu-latest}
    steps:
    - bash: |
        cd $(Build.SourcesDirectory)/ml
        python fit.py --size $(size) --run $(Build.BuildId)
    - task: AzureCLI@2
      condition: and(succeeded(), eq(variables['Build.Reason'], 'Schedule'))
      inputs:
        scriptType: bash
        scriptLocation: inlineScript
        inlineScript: az ml job create -f job.yml
    - task: PythonScript@0
      continueOnError: true
      inputs: {scriptSource: filePath, scriptPath: tools/check.py, arguments: --all}
- stage: b
  jobs:
  - deployment: ship
    environment: {name: production}
    strategy:
      runOnce:
        deploy:
          steps:
          - checkout: self
          - task: Docker@2
            inputs: {command: buildAndPush, repository: $(image), Dockerfile: app/Dockerfile}
          - task: KubernetesManifest@1
            inputs: {action: deploy, manifests: k8s/app.yml}
- stage: c
  dependsOn: a
  condition: always()
  jobs: [{job: last, steps: [{script: make last, enabled: false}]}]
",
        &[
            "1 azure-pipelines.yml: push: push main main",
            "2 azure-pipelines.yml: image = shop/model",
            "2 azure-pipelines.yml: size = big",
            "9 fit: on ubuntu-latest",
            "12 1: $ cd ml @. goes on",
            "13 1: $ python fit.py --size big --run ${BUILD_BUILDID} @ml",
            "15 2: Never(\"condition: and(succeeded(), eq(variables['Build.Reason'], 'Schedule'))\")",
            "14 2: uses AzureCLI@2 -> outside scriptType=bash scriptLocation=inlineScript inlineScript=az ml job create -f job.yml",
            "19 2: $ az ml job create -f job.yml @.",
            "21 3: AllowFailure(\"continueOnError: true\")",
            "20 3: uses PythonScript@0 -> outside scriptSource=filePath scriptPath=tools/check.py arguments=--all",
            "22 3: $ python tools/check.py --all @.",
            "26 ship: environment production",
            "29 ship: strategy = runOnce",
            "31 1: checkout = self",
            "32 2: uses Docker@2 -> outside command=buildAndPush repository=$(image) Dockerfile=app/Dockerfile",
            "33 2: $ docker build -f app/Dockerfile -t shop/model app @.",
            "33 2: $ docker push shop/model @.",
            "34 3: uses KubernetesManifest@1 -> outside action=deploy manifests=k8s/app.yml",
            "35 3: $ kubectl apply -f k8s/app.yml @.",
            "23 b: needs a",
            "38 c: Always(\"condition: always()\")",
            "39 1: Never(\"enabled: false\")",
            "39 1: $ make last @.",
            "37 c: needs a anyhow",
        ],
    );
}

#[test]
fn a_template_is_read_for_what_it_is_given() {
    let text = "parameters:
- name: steps
  type: object
  default: []
- {name: size, type: string}
- {name: deep, type: boolean, default: false}
steps:
- ${{ each one in parameters.steps }}:
  - script: make ${{ one }} SIZE=${{ parameters.size }} AT=$(where)
- ${{ if eq(parameters.deep, true) }}:
  - script: make deep
- ${{ elseif eq(parameters.size, 'small') }}:
  - script: make small
- ${{ else }}:
  - script: make other
- ${{ if parameters.open }}:
  - script: make open
";
    let alone = of("t.yml", text, true, &[]);
    let called = alone.called.clone().unwrap();
    assert_eq!(called.inputs.keys().map(String::as_str).collect::<Vec<_>>(), ["deep", "size", "steps", "variables.where"]);
    let given = |pairs: &[(&str, &str)]| -> Inputs {
        let mut all = called.inputs.clone();
        all.extend(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
        all
    };
    let calls = [
        given(&[("steps", "[\"a\",\"b\"]"), ("size", "small"), ("variables.where", "here")]),
        given(&[("deep", "True"), ("size", "x")]),
    ];
    let told = told(&of("t.yml", text, true, &calls));
    assert_eq!(
        told,
        [
            "9 1: $ make a SIZE=small AT=here @.",
            "9 2: $ make b SIZE=small AT=here @.",
            "13 3: $ make small @.",
            "17 4: if parameters.open",
            "17 4: $ make open @.",
            "11 1: $ make deep @.",
            "17 2: if parameters.open",
            "17 2: $ make open @.",
        ],
        "\n{}",
        told.join("\n")
    );
}

#[test]
fn templates_are_asked_for_by_path() {
    let text = "trigger: none
variables:
- template: vars.yml
- {name: a, value: b}
stages:
- template: stages/fit.yml
  parameters: {sizes: [1, 2], name: $(a)}
- template: other.yml@elsewhere
";
    let facts = of("ci/azure-pipelines.yml", text, false, &[]);
    let asked = facts.asked.clone().unwrap();
    assert_eq!(asked.parts.into_iter().collect::<Vec<_>>(), ["ci/vars.yml"]);
    assert_eq!(asked.others.iter().map(|p| &**p).collect::<Vec<_>>(), ["ci/stages/fit.yml"]);
    let told = told(&facts).join("\n");
    assert!(told.contains("file ci/stages/fit.yml sizes=[\"1\",\"2\"] name=$(a) variables.a=b"), "{told}");
    assert!(told.contains("uses other.yml@elsewhere -> outside"), "{told}");
}

#[test]
fn wrong_types_cost_no_more_than_their_key() {
    let text = "trigger: {branches: 5, paths: [[x]]}
pr: [1]
schedules: {cron: 1}
resources: [x]
variables: 7
parameters: {a: {b: c}}
pool: []
stages: [1, {stage: [a]}, {stage: s, dependsOn: {a: b}, jobs: 5}, {stage: t, jobs: [x, {job: j, steps: {a: b}}, {deployment: d, environment: [], strategy: 5}, {job: k, strategy: {matrix: [1]}, steps: [x, {script: [a]}, {task: []}, {task: Bash@3, inputs: 5}, {template: }, {}, {script: make good, env: 3, condition: '((', continueOnError: [x]}]}]}]
jobs: 5
steps: x
extends: [a]
";
    let found = told(&of("azure-pipelines.yml", text, false, &[])).join("\n");
    assert!(found.contains("$ make good"), "{found}");
    for text in ["trigger: x\nsteps:\n", "- trigger:\n", "trigger:\nsteps: *a\n"] {
        of("azure-pipelines.yml", text, true, &[]);
    }
    let each = "- ${{ each a in parameters.list }}:\n";
    let deep: String = (0..15).map(|n| format!("{}{each}", "  ".repeat(n))).collect();
    let list = (0..150).map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
    let text = format!(
        "trigger: x\nparameters:\n- name: list\n  default: [{list}]\nsteps:\n{deep}{}- script: make it\n",
        "  ".repeat(15)
    );
    let facts = of("azure-pipelines.yml", &text, false, &[]);
    assert!(facts.units.len() < 30_000);
}
