//! What pipelines come to, told compactly.

use super::super::told::told;
use super::*;
use crate::fact::Joined;

fn of(path: &str, text: &str, named: bool) -> FileFacts {
    let joined = Joined { named, ..Joined::default() };
    read(&SourceFile::new(path.into(), text.to_owned()), &Context { joined, ..Context::default() })
}

fn check(text: &str, expected: &[&str]) {
    let told = told(&of("Jenkinsfile", text, false));
    assert_eq!(told, expected, "\n{}", told.join("\n"));
}

const HAND: &str = "1 Jenkinsfile: manual: a person builds the job";
const PUSH: &str = "1 Jenkinsfile: push: push (the job that runs this file is set up in the service)";

#[test]
fn stages_run_one_after_the_other() {
    check(
        "pipeline {
  agent { docker { image 'python:3.11' } }
  environment { DATA = 'sea/tides'; KEY = credentials('k') }
  parameters { string(name: 'SIZE', defaultValue: 'big'); booleanParam(name: 'SHIP') }
  triggers { cron('''H 3 * * 1''') }
  stages {
    stage('Fit') {
      steps {
        dir('ml') {
          sh '''
            pip install -r requirements.txt
            python fit.py --size $SIZE --from ${DATA}
          '''
        }
        sh \"python check.py ${params.SIZE} ${env.KEY} ${x + 1}\"
        sh script: 'make report', returnStatus: true
      }
    }
    stage('Ship') {
      when { allOf { branch 'main'; expression { params.SHIP } } }
      steps { bat 'make ship' }
    }
  }
  post {
    failure { sh 'tell' }
    success { sh 'tag' }
  }
}
",
        &[
            "5 Jenkinsfile: schedule: schedule \"H 3 * * 1\"",
            PUSH,
            "4 Jenkinsfile: manual: a person gives the parameters",
            "4 Jenkinsfile: SIZE = big",
            "4 Jenkinsfile: SHIP = false",
            "2 Jenkinsfile: on python:3.11 (own)",
            "3 Jenkinsfile: DATA = sea/tides",
            "11 Fit: $ pip install -r requirements.txt @ml",
            "12 Fit: $ python fit.py --size big --from sea/tides @ml",
            "15 Fit: $ python check.py big ${KEY} ${_} @.",
            "16 Fit: $ make report @. lost",
            "20 Ship: Event([Manual])",
            "20 Ship: if branch main && params.SHIP",
            "21 Ship: $ make ship @.",
            "19 Ship: needs Fit",
            "25 post failure: AfterFailure(\"post failure\")",
            "25 post failure: needs Ship anyhow",
            "25 post failure: $ tell @.",
            "26 post success: needs Ship",
            "26 post success: $ tag @.",
        ],
    );
}

#[test]
fn what_starts_a_pipeline() {
    let first = |triggers: &str| {
        let text =
            format!("pipeline {{ agent any\ntriggers {{ {triggers} }}\nstages {{ stage('a') {{ steps {{ sh 'x' }} }} }} }}\n");
        told(&of("Jenkinsfile", &text, false)).first().cloned().unwrap_or_default()
    };
    for (triggers, expected) in [
        ("cron('@daily')", "2 Jenkinsfile: schedule: schedule \"@daily\""),
        ("cron(env.BRANCH_NAME == 'main' ? '5 4 * * *' : '')", "2 Jenkinsfile: schedule: schedule \"5 4 * * *\" main"),
        ("cron('')", PUSH),
        ("// cron('@daily')\n", PUSH),
        ("cron(NIGHTLY)", "2 Jenkinsfile: schedule: schedule (its time is computed)"),
        ("pollSCM 'H/5 * * * *'", "2 Jenkinsfile: push: push, which is polled for"),
        ("githubPush()", "2 Jenkinsfile: push: push"),
        (
            "upstream(upstreamProjects: 'tides', threshold: hudson.model.Result.SUCCESS)",
            "2 Jenkinsfile: upstream: after job tides (the service knows it by that name)",
        ),
        ("GenericTrigger(token: 'x')", "2 Jenkinsfile: api: a call, by GenericTrigger (who calls is known in the service)"),
    ] {
        assert_eq!(first(triggers), expected, "{triggers}");
    }
    let old = "def WHEN = env.X ? '1 2 * * *' : ''\nproperties([pipelineTriggers([cron(WHEN), [$class: 'SCMTrigger', spec: 'x']])])\nnode { sh 'x' }\n";
    let all = told(&of("Jenkinsfile", old, false));
    assert_eq!(all[..2], ["2 Jenkinsfile: schedule: schedule \"1 2 * * *\"", "2 Jenkinsfile: push: push, which is polled for"]);
}

#[test]
fn a_script_is_followed_as_far_as_it_is_literal() {
    check(
        "@Library('shared@1') _
def model = 'tides'
def lib
def fit(String what) {
  sh 'python fit.py'
}
node('gpu') {
  checkout scm
  lib = load 'ci/more.groovy'
  stage('Fit') {
    fit('x')
    docker.image('python:3').inside { sh \"make ${model}\" }
  }
  if (false) { sh 'never' } else { sh 'other' }
  try { sh 'python check.py' } catch (e) { echo 'no' }
  parallel a: { lib.ship() }, 'b': { build job: 'other', wait: false }
  input 'Ship it?'
  sh 'make ship'
}
",
        &[
            PUSH,
            HAND,
            "1 Jenkinsfile: uses shared library shared@1 -> outside",
            "7 script: on gpu (own)",
            "9 script: uses ci/more.groovy -> file ci/more.groovy",
            "11 Fit: uses fit() -> ShellFunction fit of .",
            "12 Fit: on python:3 (own)",
            "12 Fit: $ make tides @.",
            "14 if: Never(\"if false\")",
            "14 if: $ never @.",
            "14 if: if not false",
            "14 if: $ other @.",
            "15 try: AllowFailure(\"try … catch\")",
            "15 try: $ python check.py @.",
            "15 catch: if it failed",
            "15 catch: Always(\"catch\")",
            "16 a: uses ship() -> ShellFunction ship of ci/more.groovy",
            "16 b: uses job other -> outside",
            "18 afterwards: manual: input: Ship it?",
            "18 afterwards: Never(\"input: Ship it?\")",
            "18 afterwards: $ make ship @.",
            "5 fit: $ python fit.py @.",
        ],
    );
}

#[test]
fn who_is_asked_starts_what_follows() {
    let told = told(&of(
        "Jenkinsfile",
        "pipeline { agent any\nstages {\nstage('a') { steps { sh 'a' } }\nstage('b') { input { message 'Go?' }\nsteps { sh 'b' } }\nstage('c') { steps { sh 'c' } }\nstage('d') { when { triggeredBy 'TimerTrigger' }\nsteps { catchError { sh 'd' } } } } }\n",
        false,
    ));
    for line in [
        "4 b: manual: input: Go?",
        "4 b: Never(\"input: Go?\")",
        "6 c: Never(\"input: Go?\")",
        "7 d: Event([Schedule])",
        "8 catchError: AllowFailure(\"catchError\")",
    ] {
        assert!(told.iter().any(|l| l == line), "{line}\n{}", told.join("\n"));
    }
    assert!(!told.iter().any(|l| l.starts_with("3 a: Never")));
}

#[test]
fn a_script_that_is_loaded_runs_its_top() {
    let facts = of("ci/more.groovy", "echo 'x'\nsh 'now'\ndef ship() { sh 'later' }\nreturn this\n", true);
    assert_eq!(told(&facts), ["2 ci/more.groovy: $ now @.", "3 ship: $ later @."]);
    assert_eq!(facts.units[1].kind, UnitKind::ShellFunction);
    // whoever loads it may be started by anything
    let held =
        of("ci/more.groovy", "def ship(rows) {\n if (rows) { sh 'later' }\n if (false) { sh 'never' }\n}\nreturn this\n", true);
    let told = told(&held);
    assert!(
        told.iter().any(|l| l.contains("if rows")) && told.iter().any(|l| l.starts_with("3 ") && l.contains("Never")),
        "{told:?}"
    );
    assert!(!told.iter().any(|l| l.starts_with("2 ") && l.contains("Never")), "{told:?}");
}

#[test]
fn only_pipelines_are_recognised() {
    assert!(is_pipeline("ci/fit.groovy", "pipeline {\n agent any\n stages {}\n}\n"));
    assert!(!is_pipeline("src/x.groovy", "def pipeline = 1\nagent stages\n"));
    assert!(is_named("a/Jenkinsfile.fit") && is_named("fit.jenkinsfile") && !is_named("Jenkinsfile.md"));
}

#[test]
fn hostile_files_are_cut() {
    let deep = format!("pipeline {{ agent any\nstages {{ {} {} }} }}", "stage('x') { stages { ".repeat(40), "} } ".repeat(40));
    let of = |text: &str| of("Jenkinsfile", text, false);
    assert!(!of(&deep).notices.is_empty());
    let nested = format!("node {{ {} {} }}", "x { ".repeat(80), "} ".repeat(80));
    assert!(!of(&nested).notices.is_empty());
    let many = format!("node {{ {} }}", "sh 'x'\n".repeat(10_000));
    let facts = of(&many);
    assert!(facts.facts.len() < 5_000 && !facts.notices.is_empty());
    for text in [
        "",
        "pipeline",
        "pipeline {}",
        "pipeline { stages { stage } }",
        "sh",
        "= =",
        "a.b.",
        "if",
        "else",
        "try",
        "parallel",
        "load 'x'",
        "properties([pipelineTriggers([[]])])",
        "def x(",
        "'",
    ] {
        let _: FileFacts = of(text);
    }
}
