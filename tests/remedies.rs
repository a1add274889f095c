//! What a report promises of a change comes true: the change is made in a copy, which is scanned again.

mod scanning;

use std::fs;
use std::path::Path;

use scanning::{copy, report};
use treering::Report;

/// The verdict on a practice of the first system, and its reason.
fn verdict(report: &Report, id: &str) -> String {
    let practices = &report.systems.first().expect("a system").practices;
    let practice = practices.iter().find(|p| p.id == id).expect("each practice is judged");
    format!("{:?} {:?}", practice.verdict, practice.because)
}

/// Makes one change to a file of a story, and holds what comes of it against what the remedy beginning with these words
/// promised: the level of each model, and that each practice that hangs on the cause holds better.
#[track_caller]
fn keeps_its_word(story: &str, remedy: &str, file: &str, from: &str, to: &str) {
    let repo = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(story).join("repo");
    let before = report(&repo, 2);
    let system = before.systems.first().expect("a system");
    let promised =
        system.remedies.iter().find(|r| r.action.starts_with(remedy)).unwrap_or_else(|| {
            panic!("no such remedy among {:?}", system.remedies.iter().map(|r| &r.action).collect::<Vec<_>>())
        });
    let folder = tempfile::tempdir().expect("a temporary folder");
    copy(&repo, folder.path());
    let text = fs::read_to_string(folder.path().join(file)).expect("the file is there");
    assert!(text.contains(from), "{file} of {story} was written anew: {from}");
    fs::write(folder.path().join(file), text.replacen(from, to, 1)).expect("it can be written");
    let after = report(folder.path(), 2);
    let done = after.systems.first().expect("a system still");
    for model in &done.models {
        let before = system.models.iter().find(|m| m.id == model.id).and_then(|m| m.level);
        let said = promised.lifts.get(&model.id).map(|three| three.level).or(before);
        assert_eq!(said, model.level, "{story}: {} after `{}`", model.id, promised.action);
    }
    for id in &promised.practices {
        assert_ne!(verdict(&before, id), verdict(&after, id), "{story}: {id} after `{}`", promised.action);
    }
}

#[test]
fn a_start_brings_all_that_hangs_on_it() {
    keeps_its_word(
        "deploy-by-hand",
        "let a push, and a schedule or new data, start",
        ".github/workflows/rollout.yml",
        "on:\n  workflow_dispatch:\n",
        "on:\n  push:\n    branches: [main]\n  schedule:\n    - cron: \"20 3 * * 1\"\n",
    );
}

#[test]
fn a_switch_brings_all_that_hangs_on_it() {
    let paused = "catchup=False,\n";
    let running = "catchup=False,\n    is_paused_upon_creation=False,\n";
    keeps_its_word("airflow-paused-by-default", "set `is_paused_upon_creation=False`", "dags/rents_dag.py", paused, running);
}

#[test]
fn a_registration_brings_all_that_hangs_on_it() {
    const WORKFLOW: &str = ".github/workflows/deploy.yml";
    keeps_its_word("prefect-deployed-by-hand", "run `prefect deploy`", WORKFLOW, "prefect version", "prefect deploy --all");
}
