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
        &["scan", "--output", "json=a", "--output", "markdown=a"],
        &["scan", "--output", "markdwn=summary.md"],
        &["scan", "--width", "5"],
        &["scan", "--width", "abc"],
        &["scan", "--threads", "0"],
        &["scan", "no/such/folder"],
        &["scan", ".", "--with", "acme/pipelines"],
        &["scan", ".", "--with", "=src"],
        &["scan", ".", "--with", "acme/pipelines="],
        &["scan", ".", "--with", "acme/pipelines=no/such/folder"],
        &["scan", ".", "--with", "acme/pipelines=Cargo.toml"],
        &["scan", ".", "--with", "../pipelines=src"],
        &["scan", ".", "--with", "acme/pipelines@v1=src"],
        &["scan", ".", "--with", "acme/pipelines=src", "--with", "Acme/Pipelines=tests"],
        &["explain", "training.continuous", ".", "--with", "acme/pipelines=no/such/folder"],
        &["explain", "no.such.rule"],
        &["frobnicate"],
    ] {
        let output = treering(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", err(&output));
        assert!(out(&output).is_empty() && err(&output).starts_with("error: "), "{args:?}: {}", err(&output));
    }
    assert!(err(&treering(&["scan", "no/such/folder"])).contains("no/such/folder"));
    assert!(err(&treering(&["scan", "--output", "markdwn=x"])).contains("there are text, json, markdown, github"));
    assert!(err(&treering(&["scan", "--width", "abc"])).contains("write a number of columns from 40 to 400"));
    let plain = folder();
    let told = err(&treering(&["scan", text(plain.path()), "--rev", "v9"]));
    assert!(told.contains("leave out --rev") && !told.contains("git tag"), "{told}");
    let beyond = treering(&["explain", "README.md:999", text(plain.path())]);
    assert_eq!((beyond.status.code(), out(&beyond).as_str()), (Some(2), ""));
    assert!(err(&beyond).contains("there is no line 999 in `README.md`"), "{}", err(&beyond));
    let begun = err(&treering(&["explain", "training"]));
    assert!(begun.contains("training.automated") && !begun.contains("train.rl"), "{begun}");
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
    // why it fails is the answer of the gate and no remark
    assert_eq!(output.status.code(), Some(3));
    assert!(err(&output).starts_with("no verdict"), "{}", err(&output));
    let output = treering(&["scan", text(dir.path()), "--at-least", "azure=1", "--allow-no-verdict"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(err(&output).contains("no verdict"), "{}", err(&output));
}

const STORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/cron-retrain/repo");
const CUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/cron-retrain-cut/repo");

#[test]
fn a_gate_passes_or_fails_and_says_why() {
    let output = treering(&["scan", STORY, "--no-parent", "--at-least", "azure=1", "--require", "training.continuous=met"]);
    assert_eq!((output.status.code(), err(&output).matches("passed: ").count()), (Some(0), 2), "{}", err(&output));
    let output = treering(&["scan", CUT, "--no-parent", "--require", "training.continuous=indicated"]);
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    assert!(err(&output).contains("training.continuous is not found") && err(&output).lines().count() == 1, "{}", err(&output));
    let output = treering(&["scan", STORY, "--no-parent", "--system", "elsewhere", "--at-least", "azure=1"]);
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(2), ""));
    assert!(err(&output).contains("name one of ."), "{}", err(&output));
}

#[test]
fn what_a_gate_misses_stands_in_the_outputs_of_a_job() {
    let shown =
        |format: &str, asked: &str| out(&treering(&["scan", STORY, "--no-parent", "--format", format, "--at-least", asked]));
    let notes = shown("github", "azure=4");
    assert!(notes.starts_with("::error title=treering%3A below what was asked::below: azure is at level"), "{notes}");
    assert!(!notes.contains("Google") && !notes.contains("GigaOm"), "nobody asked for these: {notes}");
    assert!(!shown("github", "azure=1").contains("::error"), "passed");
    let summary = shown("markdown", "azure=4");
    assert!(summary.contains("\n**Below what was asked**\n\n- below: azure is at level"), "{summary}");
    assert!(shown("markdown", "azure=1").contains("\n**Gates passed**\n"), "passed");
    assert!(!shown("markdown", "azure=1").contains("Below what"), "passed");
}

#[test]
fn a_regression_is_told_and_fails_where_that_is_asked() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("report.json");
    let saved = treering(&["scan", STORY, "--no-parent", "--format", "json", "-o", text(&file)]);
    assert_eq!((saved.status.code(), out(&saved).as_str()), (Some(0), ""));
    let again = treering(&["scan", STORY, "--no-parent", "--baseline", text(&file), "--fail-on", "regression"]);
    assert_eq!(again.status.code(), Some(0), "{}", err(&again));
    let told = treering(&["scan", CUT, "--no-parent", "--baseline", text(&file)]);
    assert_eq!(told.status.code(), Some(0), "{}", err(&told));
    let failed = treering(&["scan", CUT, "--no-parent", "--baseline", text(&file), "--fail-on", "regression"]);
    assert_eq!(failed.status.code(), Some(1), "{}", err(&failed));
    let mild = format!("{}nothing fails for it; add --fail-on regression if it should\n", err(&failed));
    assert_eq!(err(&told), mild);
    assert!(err(&failed).contains("training.continuous was met and is not found"), "{}", err(&failed));
    assert_eq!(err(&failed).matches("`Makefile` has no target `retrain`").count(), 1, "one cause is told once: {}", err(&failed));
    assert!(err(&failed).contains("\nlost with "), "{}", err(&failed));
    // judged by other rules
    let other = std::fs::read_to_string(&file).expect("a report").replace("\"digest\": \"", "\"digest\": \"0");
    std::fs::write(&file, other).expect("a file");
    let refused = treering(&["scan", STORY, "--no-parent", "--baseline", text(&file)]);
    assert_eq!((refused.status.code(), out(&refused).as_str()), (Some(2), ""));
    assert!(err(&refused).contains("judged by other rules"), "{}", err(&refused));
}

#[test]
fn several_reports_are_written_at_once_or_none() {
    let dir = tempfile::tempdir().expect("a folder");
    let (json, summary) = (dir.path().join("report.json"), dir.path().join("summary.md"));
    let (json, summary) = (format!("json={}", text(&json)), format!("markdown={}", text(&summary)));
    let output = treering(&["scan", STORY, "--no-parent", "--output", &json, "--output", &summary]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(out(&output).starts_with("treering "), "the text is printed beside them");
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).expect("a report");
    assert!(read("report.json").starts_with('{') && read("summary.md").starts_with("## treering"));
    let output = treering(&["scan", STORY, "--no-parent", "--output", &json, "--output", "markdown=-"]);
    assert!(out(&output).starts_with("## treering"), "{}", out(&output));
    std::fs::remove_file(dir.path().join("report.json")).expect("a file");
    let output = treering(&["scan", STORY, "--no-parent", "--output", &json, "--output", "markdown=no/such/folder/x.md"]);
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
    assert_eq!(out(&treering(&["schema", "settings"])), include_str!("../schemas/treering.schema.json"));
    assert!(treering(&["rules", "check"]).status.success());
    assert!(treering(&["explain", "training.continuous"]).status.success());
}

/// A repository with two systems, the CI of one of them at the root, and a commit of 2024.
fn two_systems() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let train = |model: &str| {
        format!(
            "import lightgbm\n\nmodel = lightgbm.{model}()\nmodel.fit([[1], [2]], [1, 2])\nmodel.booster_.save_model(\"m.txt\")\n"
        )
    };
    for (path, text) in [
        ("services/eta/train.py", train("LGBMRegressor")),
        ("services/eta/requirements.txt", "lightgbm==4.5.0\n".to_owned()),
        ("services/returns/fit.py", train("LGBMClassifier")),
        ("services/returns/requirements.txt", "lightgbm==4.5.0\n".to_owned()),
        ("docs/notes.md", "# Notes\n".to_owned()),
        (
            ".github/workflows/eta.yml",
            "on:\n  schedule:\n    - cron: \"5 4 * * 2\"\njobs:\n  eta:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - run: pip install -r services/eta/requirements.txt\n      - run: python services/eta/train.py\n".to_owned(),
        ),
    ] {
        let file = dir.path().join(path);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
        std::fs::write(file, text).expect("a file");
    }
    let git = git2::Repository::init(dir.path()).expect("a repository");
    let mut index = git.index().expect("an index");
    index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).expect("files are added");
    index.write().expect("the index is written");
    let tree = git.find_tree(index.write_tree().expect("a tree")).expect("the tree");
    let who = git2::Signature::new("Ada", "ada@example.org", &git2::Time::new(1_714_000_000, 0)).expect("a name");
    git.commit(Some("HEAD"), &who, &who, "first", &tree, &[]).expect("a commit");
    dir
}

fn json(args: &[&str]) -> serde_json::Value {
    let output = treering(&[&["scan", "--format", "json"], args].concat());
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", err(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn systems(report: &serde_json::Value) -> Vec<&str> {
    report["systems"].as_array().into_iter().flatten().filter_map(|s| s["path"].as_str()).collect()
}

fn verdict<'r>(report: &'r serde_json::Value, practice: &str) -> &'r str {
    let practices = report["systems"][0]["practices"].as_array().into_iter().flatten();
    practices.filter(|p| p["id"] == practice).find_map(|p| p["verdict"].as_str()).unwrap_or("absent")
}

#[test]
fn a_folder_inside_a_work_tree_is_scanned_with_its_repository() {
    let dir = two_systems();
    let eta = dir.path().join("services/eta");
    let whole = json(&[text(dir.path())]);
    assert_eq!(systems(&whole), ["services/eta", "services/returns"]);
    assert_eq!((&whole["inputs"]["below"], &whole["repository"]["dirty"]), (&serde_json::Value::Null, &false.into()));
    let below = json(&[text(&eta)]);
    assert_eq!((systems(&below), &below["inputs"]["below"]), (vec!["services/eta"], &"services/eta".into()));
    assert_eq!(verdict(&below, "training.automated"), "met", "the root's CI starts it");
    let alone = json(&[text(&eta), "--no-parent"]);
    assert_eq!((alone["inputs"]["tree"].as_str(), verdict(&alone, "training.automated") == "met"), (Some("folder"), false));
    assert!(alone["repository"]["dirty"].is_null(), "outside Git nobody can tell");
    let docs = treering(&["scan", text(&dir.path().join("docs")), "--at-least", "azure=1"]);
    assert_eq!(docs.status.code(), Some(3));
    assert!(out(&docs).contains("lies below docs"), "{}", out(&docs));
}

#[test]
fn a_folder_that_the_repository_above_ignores_is_scanned_alone() {
    let dir = two_systems();
    std::fs::write(dir.path().join(".gitignore"), "build/\n").expect("a file");
    let build = dir.path().join("build");
    std::fs::create_dir(&build).expect("a folder");
    std::fs::write(build.join("a.py"), "print(1)\n").expect("a file");
    let report = json(&[text(&build)]);
    assert_eq!((report["inputs"]["tree"].as_str(), report["coverage"]["files"].as_u64()), (Some("folder"), Some(1)));
    assert!(report["notices"].to_string().contains("scanned alone"), "{}", report["notices"]);
    let output = treering(&["scan", text(&build), "--rev", "HEAD"]);
    assert!(output.status.code() == Some(2) && err(&output).contains("holds no file at revision"), "{}", err(&output));
}

#[test]
fn several_paths_give_several_reports() {
    let dir = two_systems();
    let paths = [dir.path().join("services/eta"), dir.path().join("services/returns")];
    let output = treering(&["scan", text(&paths[0]), text(&paths[1])]);
    assert_eq!(out(&output).lines().filter(|l| l.starts_with("==> ")).count(), 2);
    let output = treering(&["scan", text(&paths[0]), text(&paths[1]), "--format", "json"]);
    let all: Vec<serde_json::Value> =
        serde_json::Deserializer::from_slice(&output.stdout).into_iter().map(|r| r.expect("JSON")).collect();
    assert_eq!(all.iter().flat_map(systems).collect::<Vec<_>>(), ["services/eta", "services/returns"]);
    let file = dir.path().join("report.txt");
    let output = treering(&["scan", text(&paths[0]), text(&paths[1]), "-o", text(&file)]);
    assert!(output.status.code() == Some(2) && err(&output).contains("takes one report") && !file.exists(), "{}", err(&output));
    let output = treering(&["scan", text(&paths[0]), "no/such/folder"]);
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(2), ""), "nothing half written");
}

#[test]
fn settings_change_what_they_say_and_stand_in_the_report() {
    let dir = two_systems();
    let plain = json(&[text(dir.path())]);
    assert_eq!(verdict(&plain, "training.automated"), "met");
    let with = |settings: &str| {
        std::fs::write(dir.path().join("treering.toml"), settings).expect("a file");
        json(&[text(dir.path())])
    };
    let entry = |report: &serde_json::Value, at: usize| {
        let entry = &report["inputs"]["settings"]["entries"][at];
        (entry["line"].as_u64().unwrap_or(0), entry["touched"].as_u64().unwrap_or(0))
    };
    let report = with("exclude = [\"services/returns\", \"nothing/*\"]\n");
    assert_eq!((systems(&report), report["coverage"]["left_out"].as_u64()), (vec!["services/eta"], Some(2)));
    assert_eq!((entry(&report, 0), entry(&report, 1)), ((1, 0), (1, 2)));
    assert!(report["notices"].to_string().contains("`nothing/*` leaves out no file"), "{}", report["notices"]);
    assert_eq!((&report["repository"]["dirty"], report["repository"]["changed"].as_u64()), (&true.into(), Some(1)));

    let report = with("[[system]]\nname = \"both\"\npath = \"services\"\n");
    assert_eq!((systems(&report), &report["systems"][0]["name"]), (vec!["services"], &"both".into()));
    assert!(report["systems"][0]["why"].as_str().is_some_and(|why| why.contains("treering.toml:3")), "{report}");

    let report = with("[subject]\nkind = \"teaching\"\nreason = \"two lessons\"\n");
    let subject = &report["repository"]["subject"];
    assert_eq!((&subject["kind"], systems(&report).len()), (&"teaching".into(), 0));
    assert!(subject["why"].as_str().is_some_and(|why| why.starts_with("corrected by treering.toml:2, because two lessons")));

    let report = with("[[off]]\nrule = \"training.automated\"\nreason = \"not by us\"\n");
    assert_eq!((verdict(&report, "training.automated"), entry(&report, 0)), ("unknown", (2, 2)));
    for (model, level) in report["summary"]["levels"].as_object().into_iter().flatten() {
        let before = plain["summary"]["levels"][model].as_u64();
        assert!(level.as_u64() <= before, "{model}: what is switched off raises no level");
    }
    let output = treering(&["scan", text(dir.path())]);
    assert!(out(&output).contains("treering.toml: 1 rule off (line 2)"), "{}", out(&output));

    // what each of them hides can be seen: the levels without the file stand beside it
    let levels = |report: &serde_json::Value| report["inputs"]["settings"]["without"]["levels"].clone();
    for (model, level) in plain["summary"]["levels"].as_object().into_iter().flatten().filter(|(_, level)| !level.is_null()) {
        assert_eq!(&levels(&report)[model], level, "{model}");
    }
    assert!(out(&output).contains("without it: "), "{}", out(&output));
    let gated = treering(&["scan", text(dir.path()), "--at-least", "azure=0"]);
    let said = String::from_utf8_lossy(&gated.stderr).into_owned();
    assert!(said.contains("treering.toml changed what was judged (line 2); without it: "), "{said}");
    let report = with("exclude = [\"services/returns\"]\n[subject]\nkind = \"teaching\"\nreason = \"two lessons\"\n");
    assert!(levels(&report).as_object().is_some_and(|levels| !levels.is_empty()), "{report}");
    let output = treering(&["scan", text(dir.path())]);
    assert!(out(&output).contains("was not compared"), "{}", out(&output));

    // a signal that is off is not seen, and so neither is the system that it made
    let id = plain["systems"][0]["trains"][0]["signal"].as_str().unwrap_or_default();
    let report = with(&format!("[[off]]\nrule = \"{id}\"\nreason = \"a table of means\"\n"));
    assert!(entry(&report, 0).1 > 0 && !report.to_string().contains(&format!("\"signal\":\"{id}\"")), "{id}");
    assert_eq!(levels(&report)["azure"], plain["summary"]["levels"]["azure"], "judged as if it were seen");

    // at a revision the settings are those of the revision; those of the user come before all others
    let report = json(&[text(dir.path()), "--rev", "HEAD"]);
    assert!(report["inputs"].get("settings").is_none());
    let own = tempfile::tempdir().expect("a folder");
    std::fs::write(own.path().join("ours.toml"), "exclude = [\"services/eta\"]\n").expect("a file");
    let report = json(&[text(dir.path()), "--config", text(&own.path().join("ours.toml"))]);
    assert_eq!((systems(&report), &report["inputs"]["settings"]["file"]), (vec!["services/returns"], &"ours.toml".into()));
    assert!(!report.to_string().contains(text(own.path())), "no path of the machine");
    // what is left out is no missing file: the job leaves the scan, and nothing is called broken
    assert!(!report.to_string().contains("is not there"), "{report}");
}

const CALLER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/central-workflow/repo");
const CENTRAL: &str = concat!("harbour-office/pipelines=", env!("CARGO_MANIFEST_DIR"), "/fixtures/central-workflow/central");

#[test]
fn a_copy_of_another_repository_is_followed_and_told() {
    let report = json(&[CALLER, "--no-parent", "--with", CENTRAL]);
    let with = serde_json::json!([{ "repository": "harbour-office/pipelines", "commit": null, "dirty": null }]);
    // a folder without a commit may be anything
    assert_eq!((&report["inputs"]["with"], verdict(&report, "training.automated")), (&with, "indicated"));
    let hop = &report["systems"][0]["chain_heads"][0]["chain"][4];
    assert_eq!(hop["repository"], "harbour-office/pipelines", "{hop}");
    assert_eq!(hop["path"], ".github/workflows/train-model.yml", "{hop}");
    assert_eq!((&report["coverage"]["files"], &report["coverage"]["read"]), (&4.into(), &4.into()));
    let all = report.to_string();
    assert!(!all.contains(".git/") && !all.contains(env!("CARGO_MANIFEST_DIR")), "{all}");
    let told = out(&treering(&["scan", CALLER, "--no-parent", "--with", CENTRAL]));
    for says in [
        "followed into a copy of harbour-office/pipelines (no commit)",
        "    harbour-office/pipelines:.github/workflows/train-model.yml:16\n",
        "linked by name",
    ] {
        assert!(told.contains(says) && !told.contains(".git/"), "{says}: {told}");
    }
    let place = "harbour-office/pipelines:.github/workflows/train-model.yml:16";
    let told = out(&treering(&["explain", place, CALLER, "--no-parent", "--with", CENTRAL]));
    assert!(told.starts_with(place) && told.contains("python src/train.py"), "{told}");
    assert!(told.contains("starts by itself") && !told.contains(".git/"), "{told}");
    let notes = out(&treering(&["scan", CALLER, "--no-parent", "--with", CENTRAL, "--format", "github"]));
    assert!(!notes.contains("train-model.yml,"), "{notes}");

    let without = json(&[CALLER, "--no-parent"]);
    assert!(without["inputs"].get("with").is_none() && !without.to_string().contains("\"repository\":\""), "{without}");
    let idle = json(&[STORY, "--no-parent", "--with", CENTRAL]);
    let notices = idle["notices"].as_array().cloned().unwrap_or_default();
    assert!(notices.iter().any(|n| n["text"].as_str().is_some_and(|t| t.contains("so the copy given"))), "{notices:?}");
    assert_eq!(idle["systems"], json(&[STORY, "--no-parent"])["systems"]);
}

/// Files that call each other over both repositories, and links and names that would lead out of the copy.
#[test]
#[cfg(unix)]
fn a_copy_stays_within_its_root() {
    let dir = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| {
        let file = dir.path().join(path);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
        std::fs::write(file, text).expect("a file");
    };
    let fit = "import lightgbm\n\nlightgbm.LGBMRegressor().fit([[1], [2]], [1, 2])\n";
    let job = |name: &str, uses: &str| format!("  {name}:\n    uses: {uses}\n");
    let step = |run: &str| format!("      - run: {run}\n");
    write("own/fit.py", fit);
    write(
        "own/.github/workflows/go.yml",
        &format!(
            "on: push\njobs:\n{}{}{}{}",
            job("a", "o/n/.github/workflows/round.yml@main"),
            job("b", "o/n/.github/workflows/linked.yml@main"),
            job("c", "o/n/../../outer.yml@main"),
            job("d", "o/n/.github/workflows/leads.yml@main"),
        ),
    );
    write("own/.gitlab-ci.yml", "include: [{ project: o/n, file: [round.yml, ../../outer.yml] }]\n");
    write("n/round.yml", "include: [{ local: round.yml }, { local: ../../outer.yml }, { project: o/n, file: round.yml }]\n");
    let round = format!("on: workflow_call\njobs:\n{}", job("a", "./.github/workflows/round.yml"));
    write("n/.github/workflows/round.yml", &format!("{round}{}", job("b", "o/n/.github/workflows/round.yml@v9")));
    let leads = ["python ../../../outer.py", "python $GITHUB_ACTION_PATH/../../outer.py", "python n/outer.py"];
    write(
        "n/.github/workflows/leads.yml",
        &format!(
            "on: workflow_call\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: ./../../act\n      - uses: o/n/act@main\n{}",
            leads.iter().map(|run| step(run)).collect::<String>()
        ),
    );
    let steps: String = leads.iter().map(|run| format!("{}        shell: bash\n", step(run))).collect();
    write(
        "n/act/action.yml",
        &format!("name: act\nruns:\n  using: composite\n  steps:\n{}", steps.replace("      - ", "    - ")),
    );
    write("outer.yml", "on: workflow_call\njobs:\n  found-out:\n    runs-on: x\n    steps:\n      - run: python fit.py\n");
    write("outer.py", &fit.replace("lightgbm.", "found_out = lightgbm."));
    std::os::unix::fs::symlink("../../../outer.yml", dir.path().join("n/.github/workflows/linked.yml")).expect("a link");
    std::os::unix::fs::symlink("../outer.py", dir.path().join("n/outer.py")).expect("a link");
    let with = format!("o/n={}", dir.path().join("n").display());
    let report = json(&[text(&dir.path().join("own")), "--with", &with]);
    let all = report.to_string();
    assert!(!all.contains("found-out") && !all.contains("found_out"), "{all}");
    assert_ne!(verdict(&report, "training.automated"), "met");
    let same = treering(&["scan", text(&dir.path().join("own")), "--with", &with, "--format", "json", "--threads", "1"]);
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&same.stdout).ok(), Some(report));
}

#[test]
fn bad_settings_stop_the_scan_with_one_sentence() {
    let dir = two_systems();
    let file = dir.path().join("report.json");
    for (settings, says) in [
        ("exlude = []\n", "treering.toml:1: there is no key `exlude` at the top; did you mean `exclude`?"),
        ("[[off]]\nrule = \"training.automatd\"\nreason = \"x\"\n", "treering.toml:2: there is no signal or practice"),
        ("exclude = [\"../other\"]\n", "treering.toml:1: `../other` leads out"),
    ] {
        std::fs::write(dir.path().join("treering.toml"), settings).expect("a file");
        let output = treering(&["scan", text(dir.path()), "--format", "json", "-o", text(&file)]);
        assert_eq!((output.status.code(), out(&output).as_str(), file.exists()), (Some(2), "", false), "{settings}");
        assert!(err(&output).contains(says) && err(&output).lines().count() == 1, "{}", err(&output));
    }
    for args in [["--config", "no/such.toml"], ["--as-of", "last week"]] {
        let output = treering(&[&["scan", text(dir.path())], args.as_slice()].concat());
        assert!(output.status.code() == Some(2) && err(&output).lines().count() == 1, "{args:?}: {}", err(&output));
    }
}

#[test]
fn a_day_asked_for_ends_the_history() {
    let dir = two_systems();
    assert_eq!(json(&[text(dir.path())])["inputs"]["history"]["commits"], 1);
    let later = json(&[text(dir.path()), "--as-of", "2024-12-31"]);
    assert_eq!((&later["inputs"]["as_of"], &later["inputs"]["history"]["commits"]), (&"2024-12-31".into(), &1.into()));
    let before = json(&[text(dir.path()), "--as-of", "2024-01-01"]);
    assert_eq!(before["inputs"]["history"]["commits"], 0);
    assert!(before["notices"].to_string().contains("which came after 2024-01-01"), "{}", before["notices"]);
}

#[test]
fn without_snippets_no_line_of_a_file_is_told() {
    let dir = two_systems();
    let quoted = json(&[text(dir.path())]).to_string();
    let report = json(&[text(dir.path()), "--no-snippets"]).to_string();
    for text in ["5 4 * * 2", "model.fit", "LGBMRegressor", "pip install"] {
        assert!(!report.contains(text), "{text}");
    }
    assert!(quoted.contains("5 4 * * 2") && quoted.contains("model.fit"), "the test would see them");
    assert!(report.contains("services/eta/train.py"), "places stay");
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
