//! The models that are shipped, and what the loader refuses.

use super::*;
use std::collections::BTreeSet;

const GOOGLE: &str = include_str!("../../../rules/models/google.yaml");
const AZURE: &str = include_str!("../../../rules/models/azure.yaml");
const GIGAOM: &str = include_str!("../../../rules/models/gigaom.yaml");

fn shipped() -> Vec<Model> {
    [("google", GOOGLE), ("azure", AZURE), ("gigaom", GIGAOM)]
        .into_iter()
        .map(|(id, text)| load(&format!("models/{id}.yaml"), text, None).unwrap_or_else(|errors| panic!("{errors:#?}")))
        .collect()
}

/// A model of one level, as small as can be.
const SMALL: &str = "
id: small
title: Small
edition: '1'
publisher: us
source: none
read_on: '2026'
source_basis: inferred
note: none
levels:
  - level: 1
    decided_by: It is built.
    keys: [{when: {shown: ci.build}, share: 0.5}]
    weighs:
      - {id: small.1.w1, of: ci.build, stands_for: small.built}
criteria:
  - id: small.built
    level: 1
    dim: all
    role: core
    observability: direct
    says: It is built.
    where: nowhere
    needs: ci.build
";

fn refused(from: &str, to: &str) -> String {
    let text = SMALL.replacen(from, to, 1);
    assert_ne!(text, SMALL, "`{from}` is not there to replace");
    let errors = load("models/small.yaml", &text, None).expect_err(to);
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_published_row_is_there() {
    let counts: Vec<(String, usize)> = shipped().into_iter().map(|m| (m.id, m.criteria.len())).collect();
    assert_eq!(counts, [("google".into(), 61), ("azure".into(), 76), ("gigaom".into(), 20)]);
}

#[test]
fn what_is_inferred_says_so() {
    for model in shipped() {
        assert_eq!(model.source_basis == Basis::Inferred, model.id == "gigaom", "{}", model.id);
        assert_eq!(model.title.contains("inferred"), model.id == "gigaom", "{}", model.id);
        assert_eq!(model.levels.is_empty(), model.id == "gigaom", "{}", model.id);
    }
}

#[test]
fn no_two_rows_say_the_same() {
    for model in shipped() {
        let said: BTreeSet<(&str, &str)> = model.criteria.iter().map(|c| (c.says.as_str(), c.place.as_str())).collect();
        assert_eq!(said.len(), model.criteria.len(), "{}", model.id);
    }
}

#[test]
fn probes_are_explained_where_they_are_first_used() {
    let mut explained = BTreeSet::new();
    for text in [GOOGLE, AZURE, GIGAOM] {
        for (line, row) in text.lines().enumerate() {
            if let Some(rest) = row.trim_start().strip_prefix("# probe.") {
                let (name, question) = rest.split_once(':').unwrap_or_default();
                assert!(!question.is_empty(), "line {}: `{row}` asks nothing", line + 1);
                assert!(explained.insert(format!("probe.{name}")), "line {}: explained twice", line + 1);
            }
        }
    }
    let used: BTreeSet<String> = shipped()
        .iter()
        .flat_map(|m| &m.criteria)
        .flat_map(|c| c.formulas().flat_map(Expr::references))
        .map(|r| r.id.clone())
        .filter(|id| id.starts_with("probe."))
        .collect();
    assert_eq!(used, explained);
}

#[test]
fn levels_are_decided_without_probes() {
    for model in shipped() {
        for level in model.all_levels() {
            let keys = level.keys.iter().filter_map(|a| a.when.as_ref()).flat_map(Key::references);
            let rows = level.weighs.iter().flat_map(|r| r.of.references());
            for reference in keys.chain(rows) {
                assert!(!reference.id.starts_with("probe."), "{}: {}", model.id, reference.id);
            }
        }
    }
}

#[test]
fn names_that_lead_nowhere_are_found() {
    let model = load("models/small.yaml", &SMALL.replace("needs: ci.build", "needs: 'ci.build[scope=ml]'"), None).unwrap();
    let words = |list: &[&str]| list.iter().map(ToString::to_string).collect::<BTreeSet<String>>();
    let with = |qualifiers: &[(&str, &[&str])]| -> Known {
        let qualifiers = qualifiers.iter().map(|(k, v)| ((*k).to_owned(), words(v))).collect();
        Known::from([("ci.build".to_owned(), qualifiers)])
    };
    assert_eq!(check(&model, &with(&[("scope", &["app", "ml"])])), []);
    let one = |known: &Known| check(&model, known).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        one(&with(&[("scope", &["app"])])),
        ["models/small.yaml:17: small.built: `ci.build[scope]` is never `ml`; it is one of: app"]
    );
    assert_eq!(
        one(&with(&[("kind", &["app"])])),
        ["models/small.yaml:17: small.built: `ci.build` has no qualifier `scope`; it has: kind"]
    );
    assert_eq!(one(&Known::new()).len(), 2, "the row and the criterion");
}

#[test]
fn mistakes_of_form_are_refused() {
    assert!(load("models/small.yaml", SMALL, None).is_ok());
    for (from, to, part) in [
        ("title:", "titel:", "titel"),
        ("level: 1", "level: 0", "ascend from 1"),
        ("share: 0.5", "share: 1.5", "between 0 and 1"),
        ("keys: [{when: {shown: ci.build}, share: 0.5}]", "keys: []", "no key"),
        ("stands_for: small.built", "stands_for: small.bulit", "no criterion"),
        ("id: small.1.w1", "id: small.built", "given twice"),
        ("id: small.1.w1", "id: other.1.w1", "must start with"),
        ("of: ci.build", "of: '!ci.build'", "no weight"),
        ("needs: ci.build", "needs: {mean: [ci.build, ci.tests]}", "weighing rows"),
        ("    needs: ci.build\n", "", "give `needs`"),
        ("role: core", "role: any_of", "go together"),
        ("role: core", "role: heart", "heart"),
        ("observability: direct", "observability: attest", "topic"),
        ("observability: direct", "observability: n/a", "a note"),
        ("needs: ci.build", "needs: {both: [ci.build]}", "no word of a formula"),
    ] {
        let errors = refused(from, to);
        assert!(errors.contains(part), "{to}: {errors}");
    }
    assert!(refused("note: none", &format!("note: {}{}", "[".repeat(100), "]".repeat(100))).contains("nest deeper"));
}

#[test]
fn a_mistake_has_its_line() {
    assert!(refused("stands_for: small.built", "stands_for: small.x").starts_with("models/small.yaml:15: "));
    assert!(refused("role: core", "role: any_of").starts_with("models/small.yaml:17: "));
}
