//! The answers to "why?" over stories whose truth is known, looked at as their readers see them.

use std::path::{Path, PathBuf};

use treering::{Catalog, Explanation, FileView, Inspection, Options, Question, Scope, Style, Told};

struct Quiet;

impl treering::Progress for Quiet {
    fn stage(&self, _: &'static str, _: u64, _: u64) {}
}

fn story(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name).join("repo")
}

fn inspect(at: &Path, question: &Question) -> Result<Inspection, treering::Error> {
    treering::inspect(at, &Catalog::embedded().expect("sound rules"), &Options::default(), question, &Quiet)
}

type Answer = (Option<Explanation>, Inspection);

/// The answer about a rule in a story.
fn of_rule(name: &str, id: &str) -> Answer {
    let explanation = Catalog::embedded().expect("sound rules").explain(id).unwrap_or_else(|| panic!("{id} is no rule"));
    let found = inspect(&story(name), &Question::Rule(explanation.id.clone())).expect("a scan");
    (Some(explanation), found)
}

/// The answer about a file of a folder.
fn of_file(at: &Path, path: &str, line: Option<u32>) -> Answer {
    (None, inspect(at, &Question::File { path: path.to_owned(), line }).expect("a scan"))
}

fn written((rule, found): &Answer, style: &Style) -> String {
    let mut out = Vec::new();
    treering::write_explanation(rule.as_ref(), Some(found), &mut out, style).expect("writing to memory");
    String::from_utf8(out).expect("UTF-8")
}

fn rule(name: &str, id: &str, style: &Style) -> String {
    written(&of_rule(name, id), style)
}

fn file(at: &Path, path: &str, line: Option<u32>, style: &Style) -> String {
    written(&of_file(at, path, line), style)
}

fn view(at: &Path, path: &str, line: Option<u32>) -> FileView {
    of_file(at, path, line).1.file.expect("a file")
}

fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("explain");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

const WIDE: Style =
    Style { color: false, width: 80, verbose: 0, links: None, asked: String::new(), told: Told::Primary, gate: None };
const NARROW: Style =
    Style { color: false, width: 60, verbose: 0, links: None, asked: String::new(), told: Told::Primary, gate: None };

#[test]
fn a_practice_that_is_met() {
    snapshot("practice-met", &rule("cron-retrain", "training.continuous", &WIDE));
}

#[test]
fn a_practice_that_is_there_in_part() {
    snapshot("practice-partly", &rule("reusable-workflow-remote", "training.automated", &WIDE));
}

#[test]
fn a_practice_that_is_not_shown() {
    snapshot("practice-not-shown", &rule("cron-retrain-cut", "training.continuous", &NARROW));
}

#[test]
fn a_criterion() {
    snapshot("criterion", &rule("kitchen-sink", "azure.l2.highlight.env_traceable", &WIDE));
}

#[test]
fn a_level() {
    snapshot("level", &rule("kitchen-sink", "azure.2", &WIDE));
    let spelt = |id: &str| Catalog::embedded().expect("sound rules").explain(id).map(|e| e.id);
    assert_eq!(spelt("azure.l2").as_deref(), Some("azure.2"));
    assert_eq!(spelt("azure.2.w3").as_deref(), Some("azure.2"));
    assert_eq!(spelt("azure.create.2").as_deref(), Some("azure.create.l2"));
    assert_eq!(spelt("azure.9"), None);
}

#[test]
fn a_signal() {
    snapshot("signal", &rule("cron-retrain", "train.lightgbm", &NARROW));
    assert!(rule("cron-retrain", "train.xgboost", &WIDE).contains("Not seen in any file"));
}

#[test]
fn a_file_and_one_line_of_it() {
    snapshot("file", &file(&story("cron-retrain"), ".github/workflows/retrain.yml", None, &WIDE));
    snapshot("file-line", &file(&story("cron-retrain"), "src/train.py", Some(21), &WIDE));
}

#[test]
fn one_link_decides_what_is_said_of_a_line() {
    let whole = view(&story("cron-retrain"), "ci/retrain.sh", Some(5));
    let start = whole.start.expect("it runs");
    assert!(start.by.contains("schedule") && start.way.0.len() > 2, "{start:?}");
    assert_eq!(whole.rows.len(), 1);
    assert!(whole.rows[0].to.iter().any(|l| l.place.as_deref().is_some_and(|p| p.starts_with("src/train.py"))));
    assert!(whole.rows[0].practices.iter().any(|p| p == "training.continuous"));
    let cut = view(&story("cron-retrain-cut"), "src/train.py", Some(21));
    assert!(!cut.start.is_some_and(|s| s.by.contains("schedule")), "nothing leads here any more");
}

#[test]
fn lines_that_say_nothing_and_lines_that_are_not_there() {
    let quiet = view(&story("cron-retrain"), "src/train.py", Some(2));
    assert!(quiet.rows.is_empty() && !quiet.nearest.is_empty());
    let text = file(&story("cron-retrain"), "src/train.py", Some(9_999), &WIDE);
    assert!(text.contains("There is no line 9999"), "{text}");
    let wrong = inspect(&story("cron-retrain"), &Question::File { path: "train.py".into(), line: None });
    assert!(wrong.is_err_and(|e| e.to_string().contains("did you mean src/train.py?")));
}

#[test]
fn a_scope_says_what_put_the_file_there() {
    let test = view(&story("kitchen-sink"), "tests/test_features.py", None);
    assert_eq!(test.scope, Scope::Test);
    assert!(test.scope_why.is_some_and(|why| why.contains("tests")));
    assert_eq!(view(&story("kitchen-sink"), "Makefile", None).scope_why, None);
}

#[test]
fn what_a_file_holds_is_hidden_and_escaped() {
    let dir = tempfile::tempdir().expect("a folder");
    let shell = "#!/bin/sh\nexport DB_PASSWORD=hunter2\ncurl --password hunter2 http://h\u{202e}x\u{1b}[2J.example\n";
    std::fs::write(dir.path().join("Makefile"), "all:\n\tsh run\u{1b}[31m.sh\n\tsh run.sh\n").expect("a file");
    std::fs::write(dir.path().join("run.sh"), shell).expect("a file");
    for (path, line) in [("run.sh", None), ("run.sh", Some(2)), ("run.sh", Some(3)), ("Makefile", None), ("Makefile", Some(2))] {
        let text = file(dir.path(), path, line, &WIDE);
        assert!(!text.contains(['\u{1b}', '\u{202e}']) && !text.contains("hunter2"), "{text}");
    }
    assert!(file(dir.path(), "run.sh", None, &WIDE).contains("hidden"));
}

#[test]
fn no_line_is_wider_than_the_page_and_colour_adds_nothing() {
    let answers = [
        of_rule("kitchen-sink", "deploy.automated"),
        of_rule("kitchen-sink", "azure.3"),
        of_rule("kitchen-sink", "google"),
        of_rule("kitchen-sink", "levels"),
        of_file(&story("kitchen-sink"), "dvc.yaml", None),
    ];
    for width in [40, 60, 80] {
        for text in answers.iter().map(|a| written(a, &Style { width, ..WIDE })) {
            for line in text.lines() {
                assert!(line.chars().count() <= width || !line.trim().contains(' '), "{width}: {line}");
            }
        }
    }
    for answer in &answers {
        let (plain, rich) = (written(answer, &WIDE), written(answer, &Style { color: true, ..WIDE }));
        assert!(rich.contains('\u{1b}') && !plain.contains('\u{1b}'));
        let words = |(i, part): (usize, &'_ str)| {
            if i == 0 { part.to_owned() } else { part.split_once('m').map_or("", |(_, t)| t).to_owned() }
        };
        let bare: String = rich.split('\u{1b}').enumerate().map(words).collect();
        assert_eq!(bare, plain);
    }
}

#[test]
fn where_nothing_is_judged_the_reason_is_said() {
    let text = rule("not-ml", "training.continuous", &WIDE);
    assert!(text.contains("Nothing is judged here"), "{text}");
}

#[test]
fn the_same_answer_whatever_the_threads() {
    let catalog = Catalog::embedded().expect("sound rules");
    let question = Question::File { path: "dvc.yaml".to_owned(), line: None };
    let with = |threads| {
        let options = Options { threads: Some(threads), ..Options::default() };
        treering::inspect(&story("kitchen-sink"), &catalog, &options, &question, &Quiet).expect("a scan")
    };
    assert_eq!(with(1), with(4));
}
