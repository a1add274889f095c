//! The level rule against the published table of verdicts and levels, and case by case; what every case needs.

use super::*;
use crate::rules::model::{Expr, load};
use crate::verdict::Standing;
use crate::words::{Because, Unknown, Verdict};

mod levels;
mod rows;
mod table;

fn model(id: &str) -> Model {
    let text = match id {
        "google" => include_str!("../../../rules/models/google.yaml"),
        "azure" => include_str!("../../../rules/models/azure.yaml"),
        "gigaom" => include_str!("../../../rules/models/gigaom.yaml"),
        other => panic!("no model is called `{other}` here; add its line"),
    };
    load(&format!("models/{id}.yaml"), text, None).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// Verdicts of everything a model names: not shown, but for those given as `id` (met), `id:word` (indicated because, or
/// `na`, `attested`, `unknown`, `contradicted`).
fn found(model: &Model, given: &[&str]) -> Verdicts {
    let mut verdicts = Verdicts::new();
    let of_rows = model.all_levels().flat_map(|l| l.weighs.iter().map(|r| &r.of));
    let of_keys = model.all_levels().flat_map(|l| l.keys.iter().filter_map(|a| a.when.as_ref())).flat_map(|k| k.formulas());
    for reference in of_rows.chain(of_keys).chain(model.criteria.iter().flat_map(|c| c.formulas())).flat_map(Expr::references) {
        verdicts.insert(reference.id.clone(), Standing::plain(Verdict::NotShown));
    }
    for entry in given {
        let (id, word) = entry.split_once(':').unwrap_or((entry, "met"));
        let standing = match word {
            "met" => Standing::plain(Verdict::Met),
            "na" => Standing::plain(Verdict::NotApplicable),
            "attested" => Standing::plain(Verdict::Attested),
            "contradicted" => Standing::plain(Verdict::Contradicted),
            "unknown" => Standing::unknown(Unknown::NoDetector),
            because => Standing::indicated(Because::from_word(because).unwrap_or_else(|| panic!("{entry}"))),
        };
        verdicts.insert(id, standing);
    }
    verdicts
}

fn graded(id: &str, given: &[&str]) -> Assessment {
    let model = model(id);
    grade(&model, &found(&model, given))
}

fn numbers(grades: &Grades) -> [u8; 3] {
    let three = grades.numbers.expect("a ladder with levels has numbers");
    [three.floor, three.level, three.ceiling]
}

fn dimension<'a>(assessment: &'a Assessment, name: &str) -> &'a Grades {
    &assessment.dimensions.iter().find(|(n, _)| n == name).unwrap_or_else(|| panic!("no dimension {name}")).1
}

fn outcome<'a>(assessment: &'a Assessment, id: &str) -> &'a Outcome {
    assessment.outcomes.iter().find(|o| o.id == id).unwrap_or_else(|| panic!("no criterion {id}"))
}
