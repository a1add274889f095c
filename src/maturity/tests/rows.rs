//! Rows: their verdicts from practices, deficits, and the strict reading.

use super::*;

/// Everything a model's strict rows of the given levels ask for.
fn strictly(model: &Model, levels: std::ops::RangeInclusive<u8>) -> Vec<String> {
    let rows = model.criteria.iter().filter(|c| c.is_strict() && levels.contains(&c.level));
    rows.filter_map(|c| c.needs.as_ref()).flat_map(Expr::references).flat_map(|r| [r.key.clone(), r.id.clone()]).collect()
}

#[test]
fn the_strict_reading_asks_for_every_core_row() {
    let google = model("google");
    let all = strictly(&google, 1..=2);
    let read = |given: &[&str]| graded("google", given).overall;
    let without = |part: &str| -> Vec<&str> { all.iter().map(String::as_str).filter(|id| !id.starts_with(part)).collect() };
    assert_eq!(read(&without("nothing")).strict, Some(2));
    assert_eq!(read(&without("model.gated")).strict, Some(0), "one row of many undoes it");
    // A group is content with one of its members.
    let mut one_test = without("tests.");
    one_test.push("tests.features");
    assert_eq!(read(&one_test).strict, Some(2));
    let none = graded("google", &without("tests."));
    assert_eq!(none.overall.strict, Some(1));
    assert_eq!(numbers(&none.overall), [1, 1, 1]);
    assert_eq!(none.strict_gaps, [""; 0], "what is open at level 2 is no gap of level 1");
    // Starting by hand is a trigger, and no continuous training.
    let mut by_hand = without("training.automated");
    by_hand.retain(|id| !id.starts_with("loop."));
    assert_eq!(read(&by_hand).strict, Some(0));
    by_hand.push("training.automated[trigger=schedule]");
    assert_eq!(read(&by_hand).strict, Some(2), "at level 2 an alert to people may stand for the loop");

    // A row that a repository can only indicate is content with that, one for a reason that works.
    let mut symmetric = without("pipeline.symmetric");
    symmetric.push("pipeline.symmetric:inferred");
    let grades = read(&symmetric);
    assert_eq!((grades.strict, grades.strict_indicated), (Some(2), 1));
    let last = symmetric.len() - 1;
    symmetric[last] = "pipeline.symmetric:idle";
    assert_eq!(read(&symmetric).strict, Some(0));
    // Any other row is not; nor is a statement.
    let mut modular = without("source.modular");
    for word in ["source.modular:inferred", "source.modular:attested"] {
        modular.push(word);
        assert_eq!(read(&modular).strict, Some(0), "{word}");
        modular.pop();
    }
    modular.push("source.modular:na");
    assert_eq!(read(&modular).strict, Some(2), "what has no object never blocks");
}

#[test]
fn the_strict_reading_of_a_dimension_is_its_own() {
    let assessment = graded("azure", &["serving.defined", "tests.serving"]);
    assert_eq!(dimension(&assessment, "release").strict, Some(2));
    assert_eq!(dimension(&assessment, "create").strict, Some(0));
    assert_eq!(assessment.overall.strict, Some(0));
    assert_eq!(dimension(&assessment, "people").strict, None);
}

#[test]
fn deficits_hold_or_do_not_and_have_no_verdict() {
    let by_hand = graded("google", &["serving.defined"]);
    let row = outcome(&by_hand, "google.l0.manual_interactive");
    assert_eq!((row.verdict, row.holds, row.satisfied), (None, Some(true), false));
    assert_eq!(outcome(&by_hand, "google.l0.skew_risk").holds, Some(true));
    let automated = graded("google", &["training.automated", "features.shared_code"]);
    assert_eq!(outcome(&automated, "google.l0.manual_interactive").holds, Some(false));
    assert_eq!(outcome(&automated, "google.l0.skew_risk").holds, Some(false));
    // Absence is claimed only where somebody looked.
    let unknown = graded("google", &["training.automated:unknown"]);
    assert_eq!(outcome(&unknown, "google.l0.manual_interactive").holds, None);
    let attest = graded("azure", &[]);
    assert_eq!(outcome(&attest, "azure.l0.people.ds_isolated").holds, None);
    assert_eq!(
        outcome(&graded("azure", &["azure.l0.people.ds_isolated:attested"]), "azure.l0.people.ds_isolated").holds,
        Some(true)
    );
}

#[test]
fn rows_follow_the_algebra() {
    let of = |id: &str, given: &[&str]| {
        let (model, row) = id.split_once(' ').unwrap();
        let assessment = graded(model, given);
        let row = outcome(&assessment, row);
        (row.verdict.unwrap(), row.because)
    };
    let met = (Verdict::Met, None);
    let because = |b| (Verdict::Indicated, Some(b));
    let plain = |v| (v, None);
    let env = "azure azure.l2.highlight.env_traceable"; // (env.locked or env.container) and metadata.recorded
    assert_eq!(of(env, &["env.locked", "metadata.recorded"]), met);
    assert_eq!(of(env, &["env.locked:assumed", "env.container:weak", "metadata.recorded"]), because(Because::Weak));
    assert_eq!(of(env, &["env.locked:assumed", "metadata.recorded:idle"]), because(Because::Idle));
    assert_eq!(of(env, &["env.locked:na", "env.container:na", "metadata.recorded"]), met);
    assert_eq!(of(env, &["env.locked:na", "env.container:na", "metadata.recorded:na"]), plain(Verdict::NotApplicable));
    assert_eq!(of(env, &["env.locked", "metadata.recorded:attested"]), plain(Verdict::Attested));
    assert_eq!(of(env, &["env.locked", "metadata.recorded:unknown"]), plain(Verdict::Unknown));
    assert_eq!(of(env, &["metadata.recorded:unknown"]), plain(Verdict::NotShown), "absent already");
    assert_eq!(of(env, &["metadata.recorded:contradicted", "env.locked:unknown"]), plain(Verdict::Contradicted));
    assert_eq!(of(env, &["env.locked", "env.container:unknown", "metadata.recorded"]), met);
    assert_eq!(of(env, &["env.locked:weak", "env.container:unknown", "metadata.recorded"]), plain(Verdict::Unknown));
    // A weaker form is at most indicated.
    let ab = "azure azure.l3.tech.ab_testing";
    assert_eq!(of(ab, &["deploy.progressive"]), because(Because::Weak));
    assert_eq!(of(ab, &["deploy.progressive", "deploy.progressive[kind=ab]"]), met);
    assert_eq!(of(ab, &["deploy.progressive:idle"]), because(Because::Idle));
    // A row that a repository can only indicate prints no more, and weighs as its practices do.
    assert_eq!(of("gigaom gigaom.management.1", &["review.enforced"]), because(Because::Inferred));
    assert_eq!(numbers(dimension(&graded("gigaom", &["review.enforced"]), "management")), [1, 1, 1]);
    // No object without a feature store.
    let fresh = "azure azure.l4.tech.feature_freshness";
    assert_eq!(of(fresh, &[]), plain(Verdict::NotApplicable));
    assert_eq!(of(fresh, &["features.store"]), plain(Verdict::NotShown));
    assert_eq!(of(fresh, &["features.store:unknown"]), plain(Verdict::NotShown));
    // Evidence against.
    let symmetry = "google google.l1.symmetry";
    assert_eq!(of(symmetry, &["probe.train.divergent"]), plain(Verdict::Contradicted));
    assert_eq!(of(symmetry, &[]), plain(Verdict::NotShown));
    // A hint about people is a hint, and a statement about the very row counts.
    assert_eq!(of("gigaom gigaom.strategy.2", &["platform.templated"]), because(Because::Weak));
    assert_eq!(of("azure azure.l2.people.ds_with_de", &["azure.l2.people.ds_with_de:attested"]), plain(Verdict::Attested));
}
