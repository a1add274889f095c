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
fn a_gate_without_a_system_gives_no_verdict() {
    let dir = folder();
    let output = treering(&["scan", text(dir.path()), "--at-least", "azure=1"]);
    assert_eq!(output.status.code(), Some(3), "{}", err(&output));
    assert!(err(&output).contains("no verdict"), "{}", err(&output));
    let output = treering(&["scan", text(dir.path()), "--at-least", "azure=1", "--quiet"]);
    assert_eq!((output.status.code(), err(&output).as_str()), (Some(3), ""));
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

#[test]
fn a_rule_goes_before_a_file_and_a_dot_makes_it_a_file() {
    let dir = folder();
    std::fs::write(dir.path().join("azure"), "notes\n").expect("a file");
    let told = |what: &str| out(&treering(&["explain", what, text(dir.path())]));
    assert!(told("azure").contains("a maturity model") && told("azure").contains("IN THIS REPOSITORY"));
    assert!(told("./azure").starts_with("azure, 1 line"), "{}", told("./azure"));
    let path = dir.path().join("README.md");
    assert!(told(text(&path)).starts_with("README.md"), "{}", told(text(&path)));
    let plain = out(&treering(&["explain", "azure.2"]));
    assert!(plain.starts_with("azure.2, a level") && !plain.contains("IN THIS REPOSITORY"));
}

#[test]
fn a_wrong_id_is_told_with_the_right_one() {
    let dir = folder();
    for (wrong, right) in [("training.continous", "training.continuous"), ("azure.22", "azure.2"), ("src/README.md", "README.md")]
    {
        let output = treering(&["explain", wrong, text(dir.path())]);
        assert_eq!((output.status.code(), out(&output).as_str()), (Some(2), ""));
        let said = err(&output);
        assert!(said.contains("did you mean") && said.contains(right) && said.lines().count() == 1, "{said}");
    }
}
