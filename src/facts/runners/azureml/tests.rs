use super::{owns, read};
use crate::fact::{FactKind, FileFacts, Guard, UnitId, Uses, UsesTarget};
use crate::facts::Context;
use crate::source::SourceFile;

fn facts(path: &str, text: &str) -> FileFacts {
    read(&SourceFile::new(path.into(), text.to_owned()), &Context::default())
}

fn told(path: &str, text: &str) -> Vec<String> {
    let facts = facts(path, text);
    let unit = |id: Option<UnitId>| id.and_then(|u| facts.units.get(u)).map_or("?", |u| u.name.as_str());
    let told = |f: &crate::fact::Fact| {
        let what = match &f.kind {
            FactKind::Command(c) => format!("{} in {}", c.text(), c.dir.as_deref().unwrap_or("?")),
            FactKind::Uses(Uses { to: UsesTarget::File(path), .. }) => format!("uses {path}"),
            FactKind::Uses(Uses { to: UsesTarget::Remote(name), .. }) => format!("elsewhere {name}"),
            FactKind::Uses(Uses { to: UsesTarget::Function { path, name, .. }, .. }) => format!("calls {path}#{name}"),
            FactKind::Trigger(t) => {
                format!("{} {}{}{}", t.kind, t.text, if t.held.is_some() { " held" } else { "" }, t.off.as_deref().unwrap_or(""))
            }
            FactKind::Needs(needs) => format!("after {}", facts.units[needs.on].name),
            FactKind::Guard(Guard::If(text)) => format!("if {text}"),
            _ => return None,
        };
        Some(format!("{} {}: {what}", f.line, unit(f.unit)))
    };
    facts.facts.iter().filter_map(told).collect()
}

const SCHEMA: &str = "$schema: https://azuremlschemas.azureedge.net/latest/";

#[test]
fn a_pipeline_runs_its_steps_in_the_folder_sent_along() {
    let text = format!(
        "{SCHEMA}pipelineJob.schema.json\ntype: pipeline\njobs:\n  clean:\n    code: ../src\n    command: python clean.py $[[--day ${{{{inputs.day}}}}]]\n    environment: azureml:e@latest\n  fit:\n    type: command\n    component: file:./fit.yml\n    inputs: {{rows: \"${{{{parent.jobs.clean.outputs.rows}}}}\"}}\n  kept:\n    component: azureml:keep:3\n  tuned:\n    type: sweep\n    trial:\n      code: azureml:code:1\n      command: python try.py\n"
    );
    let said = told("ml/jobs/fit.yml", &text);
    assert_eq!(
        said,
        [
            "1 fit.yml: manual Azure ML, by hand",
            "6 clean: python clean.py --day ${{inputs.day}} in ml/src",
            "10 fit: uses ml/jobs/fit.yml",
            "13 kept: elsewhere azureml:keep:3",
            "18 tuned: python try.py in ?",
            "11 fit: after clean",
        ]
    );
}

#[test]
fn a_component_waits_for_those_who_name_it() {
    let text = format!("{SCHEMA}commandComponent.schema.json\nname: fit\ntype: command\ncode: .\ncommand: python fit.py\n");
    let facts = facts("ml/fit.yml", &text);
    let called = facts.called.expect("called");
    assert_eq!((called.alone, called.by_inputs[0].1), (Some(0), 1));
    assert!(facts.facts.iter().all(|f| f.unit == Some(1) && !matches!(f.kind, FactKind::Trigger(_))));
}

#[test]
fn a_schedule_starts_what_it_names_once_it_is_put_there() {
    let cron = format!(
        "{SCHEMA}schedule.schema.json\nname: n\ntrigger:\n  type: cron\n  expression: 0 4 * * 1\ncreate_job: ../job.yml\n"
    );
    assert_eq!(
        told("ml/s/weekly.yml", &cron),
        ["5 schedule/n: schedule schedule \"0 4 * * 1\" held", "6 schedule/n: uses ml/job.yml"]
    );
    let rest = "name: n\ntrigger:\n  type: recurrence\n  frequency: week\n  interval: 2\nis_enabled: false\ncreate_job:\n  type: pipeline\n  job: ./job.yml\n  inputs: {a: \"azureml:rows:1\"}\n";
    assert!(owns("s.yaml", rest));
    assert_eq!(
        told("s.yaml", rest),
        ["4 schedule/n: schedule schedule every 2 week heldis_enabled: false", "9 create_job: uses job.yml"]
    );
}

#[test]
fn a_condition_comes_before_what_it_chooses() {
    let text = "type: pipeline\njobs:\n  look: {component: ./look.yml}\n  keep: {component: ./keep.yml}\n  ask:\n    type: if_else\n    condition: ${{parent.jobs.look.outputs.good}}\n    true_block: ${{parent.jobs.keep}}\n";
    assert!(owns("p.yml", text));
    let said = told("p.yml", text);
    assert!(said.contains(&"7 ask: after look".to_owned()) && said.contains(&"8 keep: after ask".to_owned()), "{said:?}");
}

#[test]
fn a_deployment_calls_its_scoring_script() {
    let text = format!(
        "{SCHEMA}managedOnlineDeployment.schema.json\nname: blue\nmodel: azureml:m@latest\ncode_configuration:\n  code: ../score\n  scoring_script: answer.py\n"
    );
    assert_eq!(
        told("ml/online/blue.yml", &text),
        ["6 blue.yml: calls ml/score/answer.py#init", "6 blue.yml: calls ml/score/answer.py#run"]
    );
}

#[test]
fn others_are_left_alone() {
    assert!(!owns(".github/workflows/a.yml", "on: push\njobs:\n  a: {}\n# azureml:x\n"));
    assert!(!owns("ci/a.yml", "jobs:\n  a:\n    steps: []\n    env: {A: \"azureml:x\"}\n"));
    assert!(!owns("k8s/a.yml", "apiVersion: v1\nkind: Pod\nspec: {command: [a]}\n"));
    // a comment or another file's text that names the schema
    assert!(!owns("docs/a.yml", "note: see azuremlschemas.azureedge.net\n"));
    assert!(facts("env.yml", &format!("{SCHEMA}environment.schema.json\nname: e\nimage: x\n")).units.is_empty());
}

#[test]
fn hostile_files_end() {
    let deep = format!("type: pipeline\njobs: {}{}\n# azureml:\n", "{a: {jobs: ".repeat(40), "}}".repeat(40));
    assert!(facts("a.yml", &deep).units.len() < 20);
    let many: String = (0..3_000).map(|n| format!("  s{n}: {{command: \"echo ${{{{parent.jobs.s{n}}}}}\"}}\n")).collect();
    assert!(facts("b.yml", &format!("{SCHEMA}pipelineJob.schema.json\njobs:\n{many}")).units.len() <= 2_001);
    for odd in [
        "jobs: 3\ntype: pipeline\n",
        "type: [a]\ntrigger: 4\ncreate_job: []\n",
        "- a\n- b\n",
        "create_job: {job: 3}\ntrigger: {}\n",
    ] {
        let _ = facts("c.yml", &format!("{SCHEMA}schedule.schema.json\n{odd}"));
        let _ = facts("c.yml", odd);
    }
}
