//! Which level? Verdicts against one maturity model.
//!
//! Every model is reported with one level and its two neighbours by the same rule under other weights, with the strict
//! reading of its publisher's rows beside it, and with what stands between here and the next level.
//!
//! What a model asks for, and how its rows add up, stands in its rule file. Here are only the words of that rule: shown,
//! full, weight, share, role. No model is known by name.

mod algebra;
mod blocking;
mod ladder;
mod weigh;

use crate::rules::model::Model;
use crate::verdict::Verdicts;

pub(crate) use algebra::Outcome;
pub(crate) use blocking::{Blocker, together};
#[cfg_attr(not(test), allow(unused_imports))] // the parts of what `grade` gives, named by its tests
pub(crate) use ladder::{Grades, Reached, Three};

/// One system held against one maturity model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Assessment {
    /// The model as a whole; without numbers where it has no overall level.
    pub overall: Grades,
    /// Each dimension by its name, in the model's order.
    pub dimensions: Vec<(String, Grades)>,
    /// Every criterion, in the model's order: the n-th belongs to the n-th of [`Model::criteria`].
    pub outcomes: Vec<Outcome>,
    /// What keeps the system from the next level: of the model, or of each dimension where the model has no level.
    pub blocking: Vec<Blocker>,
    /// The core criteria that are open at the level reached and below it.
    pub strict_gaps: Vec<String>,
}

/// Grades one system against one model.
pub(crate) fn grade(model: &Model, verdicts: &Verdicts) -> Assessment {
    let view = weigh::View::of(verdicts);
    let top = model.top();
    let outcomes = algebra::outcomes(model, &view);
    let graded = |levels: &[_], kind, dimension: Option<&str>| {
        let mut grades = ladder::grade(levels, kind, top, &view);
        let strict = algebra::strict(model, &outcomes, dimension);
        if grades.numbers.is_some() {
            grades.strict = Some(strict.level);
            grades.strict_indicated = strict.indicated_only;
            grades.strict_incomplete = strict.incomplete;
        }
        let number = grades.numbers.map_or(0, |n| n.level);
        let gaps: Vec<String> = strict.open.into_iter().filter(|(l, _)| *l <= number).map(|(_, id)| id).collect();
        (grades, gaps)
    };

    let (overall, mut strict_gaps) = graded(&model.levels, ladder::Kind::Overall, None);
    let mut dimensions = Vec::new();
    let mut of_dimensions = Vec::new();
    for dimension in &model.dimensions {
        let name = dimension.name.as_str();
        let (grades, gaps) = graded(&dimension.levels, ladder::Kind::Dimension, Some(name));
        dimensions.push((dimension.name.clone(), grades));
        if model.levels.is_empty() {
            strict_gaps.extend(gaps);
            of_dimensions.extend(blocking::of(model, Some(name), &dimension.levels, ladder::Kind::Dimension, &view));
        }
    }
    let blocking = if model.levels.is_empty() {
        of_dimensions
    } else {
        blocking::of(model, None, &model.levels, ladder::Kind::Overall, &view)
    };
    Assessment { overall, dimensions, outcomes, blocking, strict_gaps }
}

#[cfg(test)]
mod tests;
