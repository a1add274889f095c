//! What configurations and their triggers come to, told compactly.

use super::super::told::told;
use super::*;
use crate::fact::Joined;

fn of(path: &str, text: &str, named: bool) -> FileFacts {
    let joined = Joined { named, ..Joined::default() };
    read(&SourceFile::new(path.into(), text.to_owned()), &Context { joined, ..Context::default() })
}

fn check(text: &str, expected: &[&str]) {
    let told = told(&of("cloudbuild.yaml", text, true));
    assert_eq!(told, expected, "\n{}", told.join("\n"));
}

#[test]
fn steps_run_what_they_name_or_what_their_image_starts() {
    check(
        "steps:
- name: gcr.io/cloud-builders/docker
  args: [build, -t, 'eu/$PROJECT_ID/fit:$_TAG', .]
- name: python:3.11
  entrypoint: bash
  dir: ml
  args:
  - -c
  - |
    pip install -r requirements.txt
    for x in $$ALL; do python fit.py --size ${_SIZE}; done
- name: gcr.io/google.com/cloudsdktool/cloud-sdk
  args: [gcloud, run, deploy, tides]
- name: python
  env: [A=b]
  allowFailure: true
  script: |
    #!/usr/bin/env python3
    print(1)
- name: eu/$PROJECT_ID/fit
  args: [--all]
substitutions: {_SIZE: big}
",
        &[
            "22 cloudbuild.yaml: _SIZE = big",
            "3 1: $ docker build -t eu/$PROJECT_ID/fit:$_TAG . @.",
            "10 2: $ pip install -r requirements.txt @ml goes on",
            // only the last turn of a loop fails the whole
            "11 2: $ python fit.py --size big @ml goes on",
            "13 3: $ gcloud run deploy tides @.",
            "16 4: AllowFailure(\"allowFailure\")",
            "15 4: A = b",
            "18 4: $ python @. [python]",
            "20 5: uses eu/$PROJECT_ID/fit -> outside",
        ],
    );
}

#[test]
fn who_names_what_he_waits_for_runs_beside_the_others() {
    check(
        "steps:
- {name: python, id: a, args: [python, a.py]}
- {name: python, id: b, waitFor: ['-'], args: [python, b.py]}
- {name: python, id: c, waitFor: [a, x], args: [python, c.py]}
- {name: python, args: [python, d.py]}
",
        &[
            "! there is no step `x` before this one",
            "2 a: $ python a.py @.",
            "3 b: $ python b.py @.",
            "4 c: needs a",
            "4 c: $ python c.py @.",
            "5 4: needs a",
            "5 4: needs b",
            "5 4: needs c",
            "5 4: $ python d.py @.",
        ],
    );
}

#[test]
fn a_trigger_is_assumed_unless_something_names_the_file() {
    let told = told(&of("cloudbuild.yaml", "steps:\n- name: python\n  args: [make]\n", false));
    assert_eq!(told[0], "1 cloudbuild.yaml: push: push (its trigger is set up in the service)");
    assert_eq!(told[1], "1 cloudbuild.yaml: manual: gcloud builds submit");
    for (path, text, is) in [
        ("ci/fit.yaml", "steps:\n- name: x\nsubstitutions: {}\n", true),
        ("ci/fit.yaml", "steps:\n- name: x\n", false),
        ("ci/fit.yaml", "steps:\n- name: 'gcr.io/cloud-builders/git'\n", true),
        ("ci/fit.yaml", "on: push\nsteps:\n- name: gcr.io/cloud-builders/git\n", false),
        ("cloudbuild.json", "{\n  \"steps\": [{\"name\": \"x\"}]\n}\n", true),
        ("cloudbuild.yaml", "apiVersion: v1\nkind: X\nname: y\n", false),
        ("fit.yml", "trigger: [main]\nsteps:\n- name: x\nsubstitutions: 1\n", false),
    ] {
        assert_eq!(is_configuration(path, text), is, "{path} {text}");
    }
}

#[test]
fn odd_files_are_no_panic() {
    for text in [
        "steps: 3\n",
        "steps: []\n",
        "steps: [3, {name: [x]}, {name: x, args: 4, waitFor: 3}]\n",
        "steps:\n- {name: $$${, args: ['${', '$']}\n",
        "steps: [{name: x, dir: ../../.., args: [y]}]\nsubstitutions: [1]\n",
    ] {
        let _: FileFacts = of("cloudbuild.yaml", text, false);
    }
}
