//! Gates and regressions, asked of reports: no process, no repository but two stories.

use serde_json::{Value, json};
use treering::gate::{self, Asked, Baseline, Of, Outcome, Status, Weighing};
use treering::{Catalog, Options, Report};

fn sample(change: impl FnOnce(&mut Value)) -> Report {
    let mut value = serde_json::from_str(include_str!("render/sample.json")).expect("JSON");
    change(&mut value);
    serde_json::from_value(value).expect("the sample is a report")
}

fn ask(levels: &[&str], practices: &[&str]) -> Asked {
    Asked {
        levels: levels.iter().map(|l| l.parse().expect("a level")).collect(),
        practices: practices.iter().map(|p| p.parse().expect("a practice")).collect(),
        ..Asked::default()
    }
}

fn judged(report: &Report, asked: &Asked) -> Outcome {
    gate::judge(report, asked).expect("what is asked makes sense")
}

/// One line that says all of it.
#[track_caller]
fn says(outcome: &Outcome, status: Status, words: &[&str]) {
    assert_eq!(outcome.status, status, "{:?}", outcome.lines);
    let line = outcome.lines.first().map(String::as_str).unwrap_or_default();
    for word in words {
        assert!(line.contains(word), "`{word}` is missing: {line}");
    }
}

#[test]
fn a_level_passes_falls_short_or_cannot_be_told() {
    let report = sample(|_| {});
    assert_eq!(judged(&report, &ask(&[], &[])), Outcome::default());
    let passed = judged(&report, &ask(&["azure=2", "gigaom.modeling=2"], &[]));
    says(&passed, Status::Fine, &["passed: azure is at level 2, 2 was asked"]);
    assert_eq!(passed.lines.len(), 2);
    let google = judged(&report, &ask(&["google=2"], &[]));
    let words = [
        "google is at level 1, 2 was asked",
        "what level 2 asks is open",
        "tests.features",
        "test src/eta/features.py",
        "tests/test_dates.py:9",
    ];
    says(&google, Status::Below, &words);
    // what is unknown would lift it to 3, and to no more
    let azure = judged(&report, &ask(&["azure=3"], &[]));
    says(&azure, Status::NoVerdict, &["azure is at level 2, 3 was asked", "would be 3", "review.enforced", "fetch-depth: 0"]);
    says(&judged(&report, &ask(&["azure=4"], &[])), Status::Below, &["what level 3 asks is open", "deploy.automated"]);
    let both = judged(&report, &ask(&["azure=3", "google=2"], &[]));
    assert_eq!((both.status, both.lines.len()), (Status::Below, 2));
}

#[test]
fn what_was_not_read_is_named_and_so_is_the_way_to_the_answer() {
    let report = sample(|value| {
        for practice in value["systems"][0]["practices"].as_array_mut().expect("practices") {
            if practice["id"] == "ci.tests" {
                practice["verdict"] = json!("unknown");
                practice["because"] = json!("not_read");
            }
        }
        value["coverage"]["seen_not_read"] = json!([
            { "path": "a.yml", "what": "a CI system", "practices": ["ci.tests"] },
            { "path": "b.yml", "what": "a CI system", "practices": ["deploy.automated"] },
            { "path": "c.yml", "what": "a CI system", "practices": ["ci.tests"] },
        ]);
    });
    let asked = Asked { place: "eta --no-parent".to_owned(), ..ask(&["google=2"], &["ci.tests=met"]) };
    let all = judged(&report, &asked).lines.join("\n");
    assert!(all.contains("no verdict on ci.tests: a.yml and 1 more may show it and were not read"), "{all}");
    assert!(all.contains("Why: treering explain google.2 eta --no-parent"), "{all}");
    assert_eq!(report.coverage.undecided_by(["training.tuned"]), None);
}

#[test]
fn the_floor_is_asked_by_itself() {
    let report = sample(|_| {});
    let floor = Asked { weighing: Weighing::Complete, ..ask(&["google=1"], &[]) };
    says(
        &judged(&report, &floor),
        Status::Below,
        &["google is at level 0 from what is proven", "what level 1 asks is open", "(level 1 if"],
    );
    assert_eq!(judged(&report, &Asked { weighing: Weighing::Level, ..floor }).status, Status::Fine);
}

#[test]
fn a_model_without_a_level_of_its_own_is_asked_by_its_dimensions() {
    let report = sample(|_| {});
    let error = gate::judge(&report, &ask(&["gigaom=1"], &[])).expect_err("no overall level").to_string();
    assert!(error.contains("gigaom.architecture"), "{error}");
    says(&judged(&report, &ask(&["gigaom.management=1"], &[])), Status::Below, &["gigaom.management is at level 0"]);
    says(&judged(&report, &ask(&["azure.people=1"], &[])), Status::NoVerdict, &["azure.people"]);
}

#[test]
fn a_practice_passes_by_its_verdict_and_its_reason() {
    let report = sample(|_| {});
    for (asked, status, words) in [
        ("training.continuous=met", Status::Fine, &["passed: training.continuous is met"][..]),
        ("deploy.automated=indicated", Status::Fine, &["passed: deploy.automated is partly"]), // leaves the repository, which works
        ("deploy.automated=met", Status::Below, &["met was asked", "deploy.automated is partly: leaves this repository"]),
        ("monitoring.data_drift=indicated", Status::Below, &["monitoring.data_drift is partly"]), // idle
        ("model.gated=indicated", Status::Below, &["model.gated is partly"]),                     // broken
        ("data.validated=indicated", Status::Below, &["data.validated is not found"]),
        ("review.enforced=met", Status::NoVerdict, &["needs the history"]),
        ("training.tuned=indicated", Status::NoVerdict, &["no detector"]),
        ("serving.loadtested=met", Status::Fine, &["does not apply"]),
    ] {
        says(&judged(&report, &ask(&[], &[asked])), status, words);
    }
}

/// A second system, without any of the practices.
fn two(value: &mut Value) {
    let mut second = value["systems"][0].clone();
    second["path"] = json!("services/returns");
    second["primary"] = json!(false);
    for practice in second["practices"].as_array_mut().expect("practices") {
        practice["verdict"] = json!("not_shown");
        practice["because"] = Value::Null;
    }
    value["systems"].as_array_mut().expect("systems").push(second);
}

#[test]
fn the_system_is_the_primary_one_or_the_one_named_or_the_worst() {
    let report = sample(two);
    let asked = |of: &str| Asked { of: of.parse().expect("a system"), ..ask(&[], &["ci.tests=met"]) };
    assert_eq!(judged(&report, &ask(&[], &["ci.tests=met"])).status, Status::Fine);
    assert_eq!(judged(&report, &asked("./")).status, Status::Fine);
    says(&judged(&report, &asked("services/returns/")), Status::Below, &["in `services/returns`"]);
    says(&judged(&report, &asked("all")), Status::Below, &["in `services/returns`"]);
    let error = gate::judge(&report, &asked("services")).expect_err("no such system").to_string();
    assert!(error.contains("services/returns") && error.contains("`all`"), "{error}");
    let none = sample(|value| value["systems"] = json!([]));
    for of in [Of::Primary, Of::All, Of::Path("services".to_owned())] {
        says(&judged(&none, &Asked { of, ..ask(&["azure=1"], &[]) }), Status::NoVerdict, &["no verdict: there is no system"]);
    }
}

fn compared(old: &Report, new: &Report) -> Outcome {
    let baseline = Baseline { name: "report.json".to_owned(), report: old.clone() };
    gate::compare(&baseline, new, &Asked::default(), "treering scan .").expect("the same rules")
}

#[test]
fn nothing_lost_is_fine_and_what_is_better_is_counted() {
    let (old, new) = (sample(|_| {}), sample(|value| value["systems"][0]["practices"][1]["verdict"] = json!("met")));
    says(&compared(&old, &old), Status::Fine, &["`report.json` of commit 4be1c07: 0 lost, 0 better"]);
    let better = old.systems.first().and_then(|s| s.practices.get(1)).map(|p| p.id.clone()).expect("a practice");
    says(&compared(&old, &new), Status::Fine, &["0 lost, 1 better", &format!("({better})")]);
}

#[test]
fn what_is_lost_is_named() {
    let old = sample(|_| {});
    let new = sample(|value| {
        let practices = value["systems"][0]["practices"].as_array_mut().expect("practices");
        for practice in practices {
            match practice["id"].as_str() {
                Some("training.continuous") => practice["verdict"] = json!("not_shown"),
                Some("deploy.automated") => practice["because"] = json!("idle"), // worked before, does not now
                Some("ci.tests") => {
                    practice["verdict"] = json!("unknown");
                    practice["because"] = json!("not_read");
                }
                _ => {}
            }
        }
        value["systems"][0]["models"][0]["level"] = json!(1);
        value["systems"][0]["models"][0]["could_be"] = Value::Null;
    });
    let outcome = compared(&old, &new);
    says(&outcome, Status::Below, &["3 lost", "0 better", "1 without a verdict"]);
    let all = outcome.lines.join("\n");
    for told in [
        "lost: azure was at level 2 and is at 1",
        "lost: training.continuous was met and is not found",
        "lost: deploy.automated was partly",
        "no verdict: ci.tests was met and could not be looked for now: a file was not read that may show it",
    ] {
        assert!(all.contains(told), "`{told}` is missing:\n{all}");
    }
    says(&compared(&sample(two), &old), Status::Below, &["1 lost"]);
    let gone = sample(|value| {
        for practice in value["systems"][0]["practices"].as_array_mut().expect("practices") {
            if practice["id"] == "training.continuous" {
                practice["verdict"] = json!("n/a");
            }
        }
    });
    // the way to the whole answer is named where it is known
    let baseline = Baseline { name: "report.json".to_owned(), report: old.clone() };
    let asked = Asked { place: "eta --no-parent".to_owned(), ..Asked::default() };
    let told = gate::compare(&baseline, &new, &asked, "treering scan eta").expect("the same rules").lines.join("\n");
    assert!(told.contains("Why: treering explain training.continuous eta --no-parent"), "{told}");
    assert_eq!(compared(&old, &gone).status, Status::Fine, "what does not apply any more is no loss");
    // a folder that moved is no loss
    assert_eq!(compared(&old, &sample(|value| value["systems"][0]["path"] = json!("src"))).status, Status::Fine);
}

#[test]
fn other_rules_and_other_files_are_refused_with_what_to_do() {
    let old = sample(|value| value["tool"]["ruleset"]["digest"] = json!("other"));
    let baseline = Baseline { name: "old.json".to_owned(), report: old };
    let refused = gate::compare(&baseline, &sample(|_| {}), &Asked::default(), "treering scan .");
    let error = refused.expect_err("other rules").to_string();
    let command = "treering scan . --rev 4be1c07d2f0a9e5b31c46f8877aa0d1122334455 --format json -o old.json";
    assert!(error.contains(command), "{error}");
    for (bytes, told) in [
        (&b"secret = 1"[..], "`x` is no JSON report of treering (line 1"),
        (b"{\"schema_version\": \"1.0\"}", "is no JSON report"),
        (b"{\"schema_version\": \"9.0\"}", "has the form 9.0"),
        (b"\xff\xfe", "is no JSON report"),
    ] {
        let error = Baseline::read("x", bytes).expect_err(told).to_string();
        assert!(error.contains(told) && !error.contains("secret"), "{error}");
    }
    let bytes = serde_json::to_vec(&sample(|_| {})).expect("JSON");
    assert_eq!(Baseline::read("x", &bytes).expect("a report").report, sample(|_| {}));
}

struct Quiet;

impl treering::Progress for Quiet {
    fn stage(&self, _: &'static str, _: u64, _: u64) {}
}

#[test]
fn the_hop_that_broke_is_named() {
    let catalog = Catalog::embedded().expect("the built-in rules are sound");
    let scan = |story: &str| {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(story).join("repo");
        treering::scan(&folder, &catalog, &Options::default(), &Quiet).expect("a report")
    };
    let outcome = compared(&scan("cron-retrain"), &scan("cron-retrain-cut"));
    assert_eq!(outcome.status, Status::Below);
    let broke = "it breaks at .github/workflows/retrain.yml:13: make retrain: `Makefile` has no target `retrain`";
    let told: Vec<&String> = outcome.lines.iter().filter(|line| line.contains(broke)).collect();
    let [first] = told.as_slice() else { panic!("one cause is told once: {:?}", outcome.lines) };
    let practice = first.strip_prefix("lost: ").and_then(|line| line.split(' ').next()).expect("a practice that is lost");
    let others = outcome.lines.iter().find(|line| line.starts_with(&format!("lost with {practice}: "))).expect("the others");
    assert!(others.contains("training.continuous was met and is not found"), "{others}");
}

#[test]
fn what_the_settings_changed_is_told_beside_the_answer() {
    let settings = |touched: u64| {
        sample(|value| {
            value["inputs"]["settings"] = json!({
                "file": "treering.toml",
                "in_repository": true,
                "entries": [{ "line": 4, "key": "off", "names": "eval.gate", "reason": "none here", "effect": "not seen", "touched": touched }]
            });
        })
    };
    let asked = ask(&[], &["training.automated=indicated"]);
    assert!(
        judged(&settings(2), &asked).lines.iter().any(|line| line.contains("treering.toml changed what was judged (line 4)"))
    );
    assert!(!judged(&settings(0), &asked).lines.iter().any(|line| line.contains("treering.toml")));
}

#[test]
fn a_baseline_of_something_else_is_refused() {
    let baseline = Baseline { name: "old.json".to_owned(), report: sample(|_| {}) };
    let against = |change: fn(&mut Value)| {
        gate::compare(&baseline, &sample(change), &Asked::default(), "treering scan .").map_err(|e| e.to_string())
    };
    let refused =
        against(|v| v["repository"]["remote"] = json!("https://github.com/acme/other")).expect_err("another repository");
    assert!(refused.contains("`old.json` is the report of") && refused.contains("acme/other"), "{refused}");
    let moved = |v: &mut Value| {
        v["systems"][0]["path"] = json!("services/other");
        v["systems"][0]["name"] = json!("other");
    };
    assert!(against(moved).expect_err("another system").contains("services/other"));
    let told = against(|v| v["repository"]["remote"] = Value::Null).expect("nothing says that it is another");
    assert!(told.lines.last().is_some_and(|line| line.contains("taken on trust")), "{:?}", told.lines);
    // two clones without a remote are told apart by the commit that they begin with
    let begins = |v: &mut Value, commit: &str| {
        v["repository"]["remote"] = Value::Null;
        v["repository"]["first_commit"] = json!(commit);
    };
    let baseline = Baseline { name: "old.json".to_owned(), report: sample(|v| begins(v, "1111111aa")) };
    let against = |commit: &str| gate::compare(&baseline, &sample(|v| begins(v, commit)), &Asked::default(), "treering scan .");
    assert!(against("1111111aa").is_ok_and(|told| told.lines.len() == 1));
    assert!(against("2222222bb").expect_err("another project").to_string().contains("begins with commit 1111111"));
}
