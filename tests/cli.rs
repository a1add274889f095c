//! A handful of runs of the program: exit statuses, where words go, and that a report keeps to the schema.

use std::path::Path;
use std::process::{Output, Stdio};

use assert_cmd::cargo::cargo_bin_cmd;

fn treering(args: &[&str]) -> Output {
    cargo_bin_cmd!("treering").args(args).env_remove("COLUMNS").output().expect("the program runs")
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder without machine learning.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("README.md"), "# A folder\n").expect("a file");
    dir
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[test]
fn help_names_every_format_and_status() {
    let output = treering(&["scan", "--help"]);
    assert_eq!(output.status.code(), Some(0));
    for format in treering::Format::ALL {
        assert!(out(&output).contains(format.name()), "{}", out(&output));
    }
    assert!(out(&output).contains("Exit status"));
}

#[test]
fn what_cannot_be_done_is_status_2_and_one_sentence() {
    for args in [
        &["scan", "--format", "pdf"][..],
        &["scan", "--at-least", "azure"],
        &["scan", "--at-least", "nonsense=1"],
        &["scan", "--at-least", "gigaom=2"],
        &["scan", "--at-least", "azure=9"],
        &["scan", "--require", "training.continuous"],
        &["scan", "--require", "no.such.practice=met"],
        &["scan", "--fail-on", "regression"],
        &["scan", "--baseline", "no/such/report.json"],
        &["scan", "--baseline", "Cargo.toml"],
        &["scan", "--system", "all"],
        &["scan", "--output", "json=a", "--output", "markdown=a"],
        &["scan", "--threads", "0"],
        &["scan", "no/such/folder"],
        &["explain", "no.such.rule"],
        &["frobnicate"],
    ] {
        let output = treering(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", err(&output));
        assert!(out(&output).is_empty() && err(&output).starts_with("error: "), "{args:?}: {}", err(&output));
    }
    assert!(err(&treering(&["scan", "no/such/folder"])).contains("no/such/folder"));
}

#[test]
fn a_folder_gives_a_report_that_keeps_to_the_schema() {
    let dir = folder();
    let output = treering(&["scan", text(dir.path()), "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let schema = serde_json::from_str(include_str!("../schemas/report.schema.json")).expect("JSON");
    let mut compiler = boon::Compiler::new();
    compiler.add_resource("report.json", schema).expect("a resource");
    let mut schemas = boon::Schemas::new();
    let index = compiler.compile("report.json", &mut schemas).expect("a valid schema");
    if let Err(error) = schemas.validate(&report, index) {
        panic!("{error:#}");
    }
    assert_eq!(report["claim"], "declared");
    assert!(!out(&output).contains(text(dir.path())), "a report names no path of the machine");
}

#[test]
fn text_is_plain_where_nobody_watches() {
    let dir = folder();
    let output = treering(&["scan", text(dir.path())]);
    assert!(out(&output).starts_with("treering ") && !out(&output).contains('\u{1b}'));
    let output = treering(&["scan", text(dir.path()), "--color", "always"]);
    assert!(out(&output).contains('\u{1b}'));
}

#[test]
fn what_is_there_of_machine_learning_is_said_where_no_system_is() {
    let dir = folder();
    let file = |name: &str, code: &str| std::fs::write(dir.path().join(name), code).expect("a file");
    file("late.py", "import os\nimport xgboost\n\nprint(os.name, xgboost.__version__)\n");
    let told = out(&treering(&["scan", text(dir.path())]));
    assert!(told.contains("no system that trains or serves was recognised"), "{told}");
    assert!(told.contains("imports xgboost at late.py:2"), "{told}");
    file("late.py", "import os\n");
    let told = out(&treering(&["scan", text(dir.path())]));
    assert!(told.contains("no machine learning") && told.contains("nothing here trains a model"), "{told}");
}

/// Where serving is in the head, the steps have it too.
#[test]
fn what_serves_and_nothing_starts_is_no_missing_step() {
    let dir = folder();
    let code = "import joblib\nfrom fastapi import FastAPI\n\napp = FastAPI()\nmodel = joblib.load(\"late.pkl\")\n\n\n@app.post(\"/late\")\ndef late(km: float):\n    return bool(model.predict([[km]])[0])\n";
    std::fs::write(dir.path().join("api.py"), code).expect("a file");
    let told = out(&treering(&["scan", text(dir.path())]));
    let steps = told.split("WHO STARTS").nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap_or_default();
    let missing = steps.lines().find(|l| l.trim_start().starts_with("not found")).unwrap_or_default();
    assert!(steps.contains("serve") && !missing.contains("serve"), "{told}");
}

#[test]
fn a_gate_without_a_system_gives_no_verdict() {
    let dir = folder();
    let output = treering(&["scan", text(dir.path()), "--at-least", "azure=1"]);
    assert_eq!(output.status.code(), Some(3), "{}", err(&output));
    assert!(err(&output).contains("no verdict"), "{}", err(&output));
    let output = treering(&["scan", text(dir.path()), "--at-least", "azure=1", "--quiet"]);
    assert_eq!((output.status.code(), err(&output).as_str()), (Some(3), ""));
    let output = treering(&["scan", text(dir.path()), "--at-least", "azure=1", "--allow-no-verdict"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(err(&output).contains("no verdict"), "{}", err(&output));
}

const STORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/cron-retrain/repo");
const CUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/cron-retrain-cut/repo");

#[test]
fn a_gate_passes_or_fails_and_says_why() {
    let output = treering(&["scan", STORY, "--at-least", "azure=1", "--require", "training.continuous=met"]);
    assert_eq!((output.status.code(), err(&output).as_str()), (Some(0), ""));
    let output = treering(&["scan", CUT, "--require", "training.continuous=indicated"]);
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    assert!(err(&output).contains("training.continuous is not found") && err(&output).lines().count() == 1, "{}", err(&output));
    let output = treering(&["scan", STORY, "--system", "elsewhere", "--at-least", "azure=1"]);
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(2), ""));
    assert!(err(&output).contains("name one of ."), "{}", err(&output));
}

#[test]
fn a_regression_is_told_and_fails_where_that_is_asked() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("report.json");
    let saved = treering(&["scan", STORY, "--format", "json", "-o", text(&file)]);
    assert_eq!((saved.status.code(), out(&saved).as_str()), (Some(0), ""));
    let again = treering(&["scan", STORY, "--baseline", text(&file), "--fail-on", "regression"]);
    assert_eq!(again.status.code(), Some(0), "{}", err(&again));
    let told = treering(&["scan", CUT, "--baseline", text(&file)]);
    assert_eq!(told.status.code(), Some(0), "{}", err(&told));
    let failed = treering(&["scan", CUT, "--baseline", text(&file), "--fail-on", "regression"]);
    assert_eq!(failed.status.code(), Some(1), "{}", err(&failed));
    assert_eq!(err(&told), err(&failed));
    assert!(err(&failed).contains("lost: training.continuous"), "{}", err(&failed));
    // judged by other rules
    let other = std::fs::read_to_string(&file).expect("a report").replace("\"digest\": \"", "\"digest\": \"0");
    std::fs::write(&file, other).expect("a file");
    let refused = treering(&["scan", STORY, "--baseline", text(&file)]);
    assert_eq!((refused.status.code(), out(&refused).as_str()), (Some(2), ""));
    assert!(err(&refused).contains("judged by other rules"), "{}", err(&refused));
}

#[test]
fn several_reports_are_written_at_once_or_none() {
    let dir = tempfile::tempdir().expect("a folder");
    let (json, summary) = (dir.path().join("report.json"), dir.path().join("summary.md"));
    let (json, summary) = (format!("json={}", text(&json)), format!("markdown={}", text(&summary)));
    let output = treering(&["scan", STORY, "--output", &json, "--output", &summary]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(out(&output).starts_with("treering "), "the text is printed beside them");
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).expect("a report");
    assert!(read("report.json").starts_with('{') && read("summary.md").starts_with("## treering"));
    let output = treering(&["scan", STORY, "--output", &json, "--output", "markdown=-"]);
    assert!(out(&output).starts_with("## treering"), "{}", out(&output));
    std::fs::remove_file(dir.path().join("report.json")).expect("a file");
    let output = treering(&["scan", STORY, "--output", &json, "--output", "markdown=no/such/folder/x.md"]);
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(2), ""));
    assert_eq!(std::fs::read_dir(dir.path()).expect("a folder").count(), 1, "only the old summary is there");
}

#[test]
fn a_report_is_written_whole_to_its_file() {
    let dir = folder();
    let to = tempfile::tempdir().expect("a folder");
    let file = to.path().join("report.json");
    std::fs::write(&file, "old").expect("a file");
    let output = treering(&["scan", text(dir.path()), "--format", "json", "-o", text(&file)]);
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(0), ""));
    assert!(std::fs::read_to_string(&file).expect("a file").ends_with("}\n"));
    assert_eq!(std::fs::read_dir(to.path()).expect("a folder").count(), 1, "nothing is left beside it");
    let output = treering(&["scan", text(dir.path()), "-o", text(&to.path().join("no/such/folder.txt"))]);
    assert_eq!(output.status.code(), Some(2), "{}", err(&output));
}

#[test]
fn a_reader_who_leaves_is_no_failure() {
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("treering"))
        .args(["schema", "report"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), err(&output).as_str()), (Some(0), ""));
}

#[test]
fn schemas_and_rules_are_printed() {
    assert_eq!(out(&treering(&["schema", "report"])), include_str!("../schemas/report.schema.json"));
    let output = treering(&["rules", "list"]);
    assert!(output.status.success() && !output.stdout.is_empty());
    assert!(treering(&["rules", "check"]).status.success());
    assert!(treering(&["explain", "training.continuous"]).status.success());
}
