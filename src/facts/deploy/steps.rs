//! Pipelines of the ML platform of Amazon's cloud: the steps of a definition as jobs, with what each waits for and the job
//! on a managed machine that it is.
//!
//! Steps behind a condition wait for it and run only where it holds. Invariants: steps and depth are bounded.

use std::collections::BTreeMap;

use super::machine::{self, Machine};
use super::wiring;
use crate::fact::{FactKind, Guard, Needs, UnitId, UnitKind};
use crate::facts::ci::reading::Reading;
use crate::syntax::tree::{Kind, Node};

/// Most steps of one list.
const MOST: usize = 200;
/// Deepest nesting of conditions.
const DEPTH: usize = 4;

/// Lowers a definition (`Steps`) to the jobs of a unit.
pub(super) fn lower(definition: Node<'_>, unit: UnitId, machine: &Machine<'_>, reading: &mut Reading<'_>) {
    let steps = definition.get("Steps").filter(|s| s.kind() == Kind::Seq);
    let Some(steps) = steps else {
        let line = (machine.line)(definition.line());
        return wiring::open(unit, line, "a pipeline whose steps only a deployment knows", reading);
    };
    let line = (machine.line)(steps.line());
    let end_line = (machine.line)(steps.end_line()).max(line);
    wiring::by_hand(unit, line, reading);
    let Some(group) = wiring::inside("steps", UnitKind::Group, (line, end_line), unit, reading) else { return };
    let mut known = BTreeMap::new();
    list(steps, None, group, machine, &mut known, reading, 0);
    order(steps, &known, machine, reading, 0);
}

/// The jobs of a list, each of them behind a condition where there is one.
fn list<'t>(
    steps: Node<'t>,
    behind: Option<(&str, UnitId)>,
    group: UnitId,
    machine: &Machine<'_>,
    known: &mut BTreeMap<&'t str, UnitId>,
    reading: &mut Reading<'_>,
    depth: usize,
) {
    for step in steps.items().take(MOST) {
        let (Some(name), Some(kind)) = (step.get("Name").and_then(Node::text), step.get("Type").and_then(Node::text)) else {
            continue;
        };
        let lines = ((machine.line)(step.line()), (machine.line)(step.end_line()));
        let Some(id) = wiring::inside(name, UnitKind::Job, lines, group, reading) else { return };
        known.insert(name, id);
        if let Some((condition, on)) = behind {
            reading.fact(id, lines.0, FactKind::Needs(Needs { on, stops: true }));
            reading.fact(id, lines.0, FactKind::Guard(Guard::If(condition.to_owned())));
        }
        let arguments = step.get("Arguments");
        let action = match kind {
            "Training" => "createTrainingJob",
            "Tuning" => "createHyperParameterTuningJob",
            "Processing" => "createProcessingJob",
            "Transform" => "createTransformJob",
            "Model" => "createModel",
            "RegisterModel" => "createModelPackage",
            "AutoML" => "createAutoMLJob",
            "Condition" if depth < DEPTH => {
                for inner in ["IfSteps", "ElseSteps"].iter().filter_map(|key| arguments?.get(key)) {
                    list(inner, Some((name, id)), group, machine, known, reading, depth + 1);
                }
                continue;
            }
            _ => continue,
        };
        machine::service_call(("sagemaker", action), arguments, (id, lines.0), machine, reading);
    }
}

/// What the steps of a list wait for by name.
fn order(steps: Node<'_>, known: &BTreeMap<&str, UnitId>, machine: &Machine<'_>, reading: &mut Reading<'_>, depth: usize) {
    for step in steps.items().take(MOST) {
        let Some(id) = step.at("Name").and_then(|name| known.get(name)) else { continue };
        for (on, line) in step.get("DependsOn").map(Node::strings).unwrap_or_default() {
            if let Some(on) = known.get(on).filter(|on| *on != id) {
                reading.fact(*id, (machine.line)(line), FactKind::Needs(Needs { on: *on, stops: true }));
            }
        }
        for inner in ["IfSteps", "ElseSteps"].iter().filter_map(|key| step.get("Arguments")?.get(key)).filter(|_| depth < DEPTH) {
            order(inner, known, machine, reading, depth + 1);
        }
    }
}
