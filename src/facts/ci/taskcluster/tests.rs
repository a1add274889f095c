//! What definitions come to, told compactly.

use super::super::told::{check, told};
use super::*;

fn of(reader: &Reader, path: &str, text: &str) -> Vec<String> {
    told(&(reader.read)(&SourceFile::new(path.into(), text.to_owned()), &Context::default()))
}

#[test]
fn a_template_is_worked_out_for_every_event() {
    check(
        DEFINITION.read,
        (
            ROOT,
            "version: 1
tasks:
  $let:
    from: ${event.repository.clone_url}
    pool: {provisionerId: looms, workerType: small}
  in:
    - $if: 'tasks_for == \"github-push\" && event.ref == \"refs/heads/main\"'
      then:
        $merge:
          - {$eval: pool}
          - taskId: {$eval: 'as_slugid(\"fit\")'}
            payload:
              image: python
              env: {LOOM: north}
              command: [/bin/bash, -cxe, \"git clone ${from} looms && cd looms/src && make fit X=$LOOM\"]
    - $switch:
        'tasks_for[:19] == \"github-pull-request\" && event.action in [\"opened\", \"closed\"]':
          {provisionerId: looms, taskId: look, dependencies: [fit], payload: {command: [make, look]}}
    - $if: 'tasks_for == \"github-push\" && event.ref[:10] == \"refs/tags/\"'
      then: {workerType: big, taskId: ship, requires: all-resolved, payload: {image: a/b}}
      else: {workerType: big, taskId: other, payload: {command: [make, '${event.ref[11:]}']}}
",
        ),
        &[
            "5 fit: on looms/small (own)",
            "14 fit: LOOM = north",
            "13 fit: on python (own)",
            "15 fit: $ git clone ${this_repository} . @.",
            "15 fit: $ cd src @.",
            "15 fit: $ make fit X=north @src",
            "21 other: on big (own)",
            "21 other: $ make ${_} @.",
            "20 ship: on big (own)",
            "20 ship: on a/b (own)",
            "20 ship: uses a/b -> outside",
            "18 look: on looms (own)",
            "18 look: $ make look @.",
            "2 .taskcluster.yml: push: push",
            "20 .taskcluster.yml: tag: tag",
            "2 .taskcluster.yml: pr: pull request",
            "11 fit: Event([Push])",
            "20 ship: Event([Tag])",
            "18 look: Event([Pr])",
        ],
    );
}

#[test]
fn the_first_form_lists_its_events() {
    let text = "version: 0
tasks:
  - provisionerId: looms
    workerType: small
    extra: {github: {events: [push, pull_request.opened], branches: [main]}}
    metadata: {name: fit}
    payload: {command: [make, fit]}
";
    let told = of(&DEFINITION, ROOT, text).join("\n");
    assert!(told.contains("push: push main") && told.contains("pr: pull request") && !told.contains("tag:"), "{told}");
}

#[test]
fn hooks_wait_to_be_put_into_the_service() {
    let text = "{
  \"schedule\": [\"0 0 3 * * *\"],
  \"bindings\": [{\"exchange\": \"exchange/done\", \"routingKeyPattern\": \"#\"}],
  \"metadata\": {\"name\": \"nightly\"},
  \"task\": {\"workerType\": \"small\", \"payload\": {\"command\": [\"make\", \"fit\"]}}
}";
    assert!(matches!(HOOK.when, When::Recognised(is) if is("infra/hook.json", text)));
    assert_eq!(
        of(&HOOK, "infra/hook.json", text),
        [
            "2 hook nightly: schedule: schedule \"0 0 3 * * *\" (it works once somebody has put it into the service)",
            "3 hook nightly: upstream: a message of exchange/done (it works once somebody has put it into the service)",
            "5 nightly: on small (own)",
            "5 nightly: $ make fit @.",
        ]
    );
}

#[test]
fn lists_start_nothing() {
    let text = "tasks:
  $let: {from: 'https://x.example/a/looms'}
  in:
    - $map: [north, south]
      each(loom):
        ID: fit-${loom}
        workerType: small
        payload: {command: [python, fit.py, '${loom}']}
    - ID: look
      workerType: small
      dependencies: [fit-north]
      payload: {command: [make, look]}
";
    assert_eq!(
        of(&TASKS, "infra/tasks.yml", text),
        [
            "7 fit-north: on small (own)",
            "8 fit-north: $ python fit.py north @.",
            "7 fit-south: on small (own)",
            "8 fit-south: $ python fit.py south @.",
            "10 look: on small (own)",
            "12 look: $ make look @.",
            "1 infra/tasks.yml: upstream: tasks nothing in this repository calls it",
            "11 look: needs fit-north",
        ]
    );
}

#[test]
fn kinds_say_what_their_tasks_run_and_for_what() {
    let text = "loader: taskgraph.loader.transform:loader
task-defaults:
  worker-type: small
  run: {using: run-task, cwd: '{checkout}/jobs'}
tasks:
  fit:
    run-on-tasks-for: [github-push]
    worker: {docker-image: {in-tree: loom}, env: {LOOM: north}}
    run:
      command: make fit X=$LOOM
  look:
    dependencies: {fit: looms-fit, data: load-all}
    run: {command: [bash, -c, 'cd $VCS_PATH && make look']}
  tool: {run: {using: toolchain-script, script: build.sh}}
";
    let path = "taskcluster/kinds/looms/kind.yml";
    assert_eq!(
        of(&KIND, path, text),
        [
            "7 fit: Event([Push, Tag, Schedule, Upstream, Api, Manual])",
            "3 fit: on small (own)",
            "8 fit: LOOM = north",
            "8 fit: on loom (own)",
            "10 fit: $ make fit X=north @jobs",
            "3 look: on small (own)",
            "13 look: $ cd ../ @jobs",
            "13 look: $ make look @.",
            "3 tool: on small (own)",
            "14 tool: $ ./taskcluster/scripts/toolchain/build.sh @.",
            "12 look: needs fit",
            "12 look: After { path: \"taskcluster/kinds/load/kind.yml\", kind: Job, name: \"all\", stops: true }",
        ]
    );
}

#[test]
fn times_start_the_definition() {
    let text = "jobs:
  - name: nightly
    job: {type: decision-task, target-tasks-method: nightly}
    when: [{hour: 3, minute: 15}]
  - name: asked
    job: {type: decision-task}
    when: []
";
    assert_eq!(
        of(&TIMES, ".cron.yml", text),
        [
            "4 cron nightly: schedule: schedule \"hour 3 minute 15\" (the service must be told of the repository)",
            "3 cron nightly: uses .taskcluster.yml -> file .taskcluster.yml",
            "5 cron asked: manual: a person asks for it",
            "6 cron asked: uses .taskcluster.yml -> file .taskcluster.yml",
        ]
    );
}

#[test]
fn wrong_types_cost_no_more_than_their_key() {
    let odd = "version: 1
tasks:
  - 5
  - [x]
  - $if: [x]
    then: 5
  - {$let: 5, in: {$eval: [x]}}
  - {$map: 5, 'each(x)': 6}
  - {$merge: [5, {payload: 5}, {$switch: 5}]}
  - {workerType: [x], payload: {command: {a: b}, env: [5], image: [x]}, dependencies: 5, routes: {a: b}}
  - {workerType: a, taskId: b, dependencies: [c], payload: {command: [[x, 5], 6]}}
  - {workerType: a, taskId: c, dependencies: [b], payload: {command: [bash, -c]}}
";
    let told = of(&DEFINITION, ROOT, odd).join("\n");
    assert!(told.contains("jobs that wait for each other"), "{told}");
    for reader in [&DEFINITION, &TASKS, &HOOK, &KIND, &TIMES] {
        for text in
            ["- a\n", "", "just text", "tasks: *x\n", "{\"task\": 5, \"schedule\": {}}", "jobs: {a: 5, b: [x]}\ntasks: 7\n"]
        {
            of(reader, "taskcluster/ci/x/kind.yml", text);
        }
    }
}

#[test]
fn what_doubles_itself_is_cut() {
    let mut text = "version: 1\ntasks:\n  $let: {a: [{workerType: x, payload: {command: [make, a]}}]}\n  in:\n".to_owned();
    let mut indent = "    ".to_owned();
    for (one, other) in ('a'..='y').zip('b'..='z') {
        text.push_str(&format!("{indent}$let: {{{other}: {{$flatten: [{{$eval: {one}}}, {{$eval: {one}}}]}}}}\n{indent}in:\n"));
        indent.push_str("  ");
    }
    text.push_str(&format!("{indent}$eval: z\n"));
    of(&DEFINITION, ROOT, &text);
    let deep = format!("version: 1\ntasks: [{{$if: '{}true{}', then: 5}}]\n", "(".repeat(900), ")".repeat(900));
    of(&DEFINITION, ROOT, &deep);
}
