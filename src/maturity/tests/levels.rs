//! Levels case by case: keys, shares, what is unknown, what is stated, what blocks.

use super::*;

#[test]
fn the_smallest_set_of_changes_is_told_where_no_single_one_is_enough() {
    let google = model("google");
    // one of the two that the key asks for is there
    let half = found(&google, &["training.orchestrated", "source.modular", "model.evaluated", "deploy.automated"]);
    let change = |keys: &[&'static str]| keys.to_vec();
    assert_eq!(together(&google, &half, &[change(&["model.sliced"]), change(&["training.continuous"])]), None, "one does");
    let none = found(&google, &["training.orchestrated", "source.modular", "model.evaluated"]);
    let changes = [change(&["model.sliced"]), change(&["training.continuous"]), change(&["deploy.automated"])];
    assert_eq!(together(&google, &none, &changes), Some(vec![1, 2]));
    assert_eq!(together(&google, &none, &changes[..2]), None, "what is missing is not among them");
    assert_eq!(together(&google, &none, &[change(&["training.continuous", "deploy.automated"])]), None, "one does both");
}

#[test]
fn what_is_unknown_weighs_nothing_and_is_named() {
    // Deployment alone is unknown: it decides level 3, so the answer is open and a gate must not fail it.
    let assessment = graded(
        "azure",
        &[
            "ci.build",
            "training.automated",
            "model.versioned",
            "experiment.tracked",
            "compute.managed",
            "deploy.automated:unknown",
        ],
    );
    assert_eq!(numbers(&assessment.overall), [2, 2, 2]);
    assert_eq!(assessment.overall.incomplete, ["deploy.automated"]);
    assert_eq!(assessment.overall.could_be.map(|t| t.level), Some(3));

    // Unknown, but level 2 is out of reach either way.
    let assessment = graded("azure", &["ci.build", "deploy.automated:unknown"]);
    assert_eq!(numbers(&assessment.overall), [1, 1, 1]);
    assert_eq!(assessment.overall.could_be, None);
    assert!(assessment.overall.incomplete.is_empty());

    // Two that are only together enough are both named; one that decides nothing is not.
    let assessment = graded(
        "google",
        &[
            "training.orchestrated",
            "source.modular",
            "model.evaluated",
            "training.continuous:unknown",
            "deploy.automated:unknown",
            "model.sliced:unknown",
        ],
    );
    assert_eq!(numbers(&assessment.overall), [0, 0, 0]);
    assert_eq!(assessment.overall.incomplete, ["deploy.automated", "training.continuous"]);

    // Where any two of three would do, no single one tells: all are named.
    let assessment = graded(
        "azure",
        &["compute.managed:unknown", "experiment.tracked:unknown", "model.versioned:unknown", "data.ingest_automated"],
    );
    assert_eq!(dimension(&assessment, "create").incomplete, ["compute.managed", "experiment.tracked", "model.versioned"]);

    // A practice nobody looked for is unknown, not absent.
    let nothing = grade(&model("google"), &Verdicts::new());
    assert_eq!(numbers(&nothing.overall), [0, 0, 0]);
    assert_eq!(nothing.overall.could_be.map(|t| t.floor), Some(2));
    assert!(nothing.outcomes.iter().all(|o| o.verdict.is_none_or(|v| v == Verdict::Unknown)));
    assert!(nothing.outcomes.iter().all(|o| o.holds.is_none()));
    assert!(!nothing.overall.strict_incomplete.is_empty());
}

#[test]
fn levels_out_of_order_are_traits() {
    let assessment = graded("azure", &["deploy.automated", "loop.retrain", "monitoring.model_quality"]);
    assert_eq!(numbers(&assessment.overall), [1, 1, 1]);
    assert_eq!(assessment.overall.traits, [3, 4]);
    assert_eq!(graded("azure", &["ci.build"]).overall.traits, [0u8; 0]);
}

#[test]
fn a_level_by_its_key_alone_is_thin() {
    let assessment = graded("azure", &["training.automated", "model.versioned", "deploy.automated"]);
    assert_eq!(numbers(&assessment.overall), [3, 3, 3]);
    let thin: Vec<(u8, bool)> = assessment.overall.reached.iter().map(|r| (r.level, r.thin)).collect();
    assert_eq!(thin, [(1, false), (2, true), (3, true), (4, false)]);
    let second = &assessment.overall.reached[1];
    let weights: Vec<f64> = second.rows.iter().filter_map(|row| row.weight.level).collect();
    assert_eq!(weights.iter().filter(|w| **w >= 1.0).count(), 4);
    assert_eq!(weights.iter().filter(|w| **w <= 0.0).count(), 5);
    assert_eq!(weights.len(), 9, "none weighs in part");
    assert!(assessment.strict_gaps.contains(&"azure.l2.highlight.reproducible".to_owned()));
    assert!(!assessment.strict_gaps.iter().any(|id| id.starts_with("azure.l4")));
}

#[test]
fn what_needs_confirmation_opens_the_ceiling() {
    let base = ["training.automated", "experiment.tracked", "model.versioned"];
    let with = |deploy: &str| graded("azure", &[&base[..], &[deploy]].concat());
    assert_eq!(numbers(&with("deploy.automated:assumed").overall), [2, 2, 3]);
    assert_eq!(numbers(&with("deploy.automated:idle").overall), [2, 2, 2]);
    assert_eq!(numbers(&with("deploy.automated:broken").overall), [2, 2, 2]);
    let third = &with("deploy.automated:assumed").overall.reached[2];
    assert_eq!(third.key, "full(deploy.automated), share 0.00; or shown(deploy.automated), share 0.60");
    assert_eq!((third.needed.floor, third.needed.level, third.needed.ceiling), (0.0, 0.6, 0.0));
    assert_eq!((third.holds.floor, third.holds.level, third.holds.ceiling), (false, true, true));
}

#[test]
fn tests_of_kinds_weigh_by_their_mean() {
    let third = |given: &[&str]| graded("azure", given).overall.reached[2].rows[3].weight.level;
    assert_eq!(third(&["tests.features", "tests.model:weak"]), Some(0.5));
    assert_eq!(third(&["tests.features", "tests.model:na", "tests.serving:na"]), Some(1.0));
    assert_eq!(third(&["tests.features:na", "tests.model:na", "tests.serving:na"]), None);
}

#[test]
fn only_checks_before_training_weigh_as_validation() {
    let weight = |given: &[&str]| graded("google", given).overall.reached[0].rows[4].weight.level;
    assert_eq!(weight(&["data.validated", "data.validated[at=serving]"]), Some(0.0));
    assert_eq!(weight(&["data.validated", "data.validated[at=training]"]), Some(1.0));
    assert_eq!(weight(&["data.validated", "data.validated[at=ingest]:weak"]), Some(0.5));
    assert_eq!(weight(&["data.validated:na"]), None);
}

#[test]
fn repeated_cells_are_told() {
    let assessment = graded(
        "azure",
        &[
            "serving.defined",
            "tests.serving",
            "deploy.automated",
            "data.ingest_automated",
            "compute.managed",
            "experiment.tracked",
        ],
    );
    let release = dimension(&assessment, "release");
    assert_eq!((numbers(release), release.same_as), ([3, 3, 3], Some(4)), "release 3 (= 4)");
    let create = dimension(&assessment, "create");
    assert_eq!((numbers(create), create.same_as), ([2, 2, 2], Some(3)), "creation 2 (= 3)");
    assert_eq!(dimension(&assessment, "people").numbers, None);
    // A level whose rows have no object neither raises nor blocks.
    let assessment = graded("azure", &["data.ingest_automated:na", "compute.managed", "experiment.tracked"]);
    assert_eq!(numbers(dimension(&assessment, "create")), [2, 2, 2]);
    let assessment = graded("azure", &["data.ingest_automated:na"]);
    assert_eq!(numbers(dimension(&assessment, "create")), [0, 0, 0]);
}

#[test]
fn gigaom_has_a_profile_and_no_level() {
    let assessment = graded("gigaom", &["ci.build", "review.enforced:weak"]);
    assert_eq!(assessment.overall.numbers, None);
    assert_eq!(assessment.overall.strict, None);
    assert!(assessment.overall.reached.is_empty());
    assert_eq!(dimension(&assessment, "strategy").numbers, None);
    assert_eq!(numbers(dimension(&assessment, "architecture")), [1, 1, 1]);
    assert_eq!(numbers(dimension(&assessment, "management")), [0, 1, 1]);
    // What only a person can state has no verdict, not a bad one.
    assert_eq!(outcome(&assessment, "gigaom.strategy.4").verdict, None);
    // Each category has its own way on.
    let next: Vec<(Option<&str>, u8)> = assessment.blocking.iter().map(|b| (b.dimension.as_deref(), b.level)).collect();
    assert!(next.contains(&(Some("architecture"), 2)) && next.contains(&(Some("processes"), 1)));
}

#[test]
fn statements_stand_beside_the_level() {
    let given = ["training.automated", "experiment.tracked", "model.versioned", "deploy.automated:attested"];
    let assessment = graded("azure", &given);
    assert_eq!(numbers(&assessment.overall), [2, 2, 2]);
    assert_eq!(assessment.overall.with_attestations, Some(3));
    assert_eq!(graded("azure", &given[..3]).overall.with_attestations, None);
}

#[test]
fn the_list_says_what_lifts_the_level_alone() {
    let assessment =
        graded("azure", &["training.automated", "experiment.tracked", "model.versioned", "deploy.automated:assumed"]);
    let list: Vec<(&str, &str, Option<u8>)> =
        assessment.blocking.iter().map(|b| (b.row.as_str(), b.practice.as_str(), b.lifts_to)).collect();
    assert_eq!(
        list,
        [
            ("azure.3.key", "deploy.automated", Some(3)),
            ("azure.3.w2", "lineage.recorded", None),
            ("azure.3.w3", "env.separated", None),
            ("azure.3.w3", "infra.code", None),
            ("azure.3.w4", "tests.features", None),
            ("azure.3.w4", "tests.model", None),
            ("azure.3.w4", "tests.serving", None),
            ("azure.3.w6", "ci.tests", None),
        ]
    );
    // Two that are needed together: neither lifts alone, the key still comes first.
    let list = graded("google", &["source.modular", "model.evaluated"]).blocking;
    let keys: Vec<(&str, Option<u8>)> = list.iter().take(3).map(|b| (b.practice.as_str(), b.lifts_to)).collect();
    assert_eq!(keys, [("training.continuous", None), ("loop.retrain", None), ("deploy.automated", None)]);
    // Where the key holds and only the share is missing, a row lifts.
    let list = graded("google", &["training.continuous:weak", "deploy.automated:weak", "source.modular"]).blocking;
    assert_eq!(list.first().map(|b| (b.row.as_str(), b.lifts_to)), Some(("google.1.w1", Some(1))));
    // At the top there is nothing to list.
    let google = model("google");
    let everything: Verdicts = found(&google, &[]).iter().map(|(id, _)| (id.to_owned(), Standing::plain(Verdict::Met))).collect();
    let top = grade(&google, &everything);
    assert_eq!(numbers(&top.overall), [2, 2, 2]);
    assert_eq!(top.blocking, []);
}
