//! Files that others call with inputs: read once by themselves, and once for every set of values that they are called
//! with, each time into units of their own.

use super::reading::Reading;
use crate::fact::{Called, Inputs, Unit, UnitId};
use crate::source::NoticeKind;

/// Most sets of inputs that one file is read for.
const MAX_CALLS: usize = 64;
/// Longest list of values in the name of a unit, in characters.
const MAX_SHOWN: usize = 60;

/// A file that may be called.
pub(super) struct Callee<'c> {
    /// Its inputs that matter, with their defaults.
    pub(super) inputs: Inputs,
    /// The values it is called with.
    pub(super) calls: &'c [Inputs],
    /// Something else starts it as well.
    pub(super) started: bool,
}

/// Reads a body for its own sake, into the unit of the file, and for every set of values, each into a unit beside it.
/// Where nothing but known callers starts the file, the first of them takes the place of the unit of the file.
pub(super) fn read<Own>(
    callee: Callee<'_>,
    line: u32,
    reading: &mut Reading<'_, Own>,
    body: &dyn Fn(UnitId, &Inputs, &mut Reading<'_, Own>),
) {
    let mut calls = callee.calls;
    let many = calls.len() > MAX_CALLS;
    if many {
        calls = calls.get(..MAX_CALLS).unwrap_or(calls);
        reading.notice(line, NoticeKind::TooLarge, "called with too many different inputs; some callers were not followed");
    }
    let mut called = Called { inputs: callee.inputs, ..Called::default() };
    let kept = callee.started || many || calls.is_empty();
    if kept {
        called.alone = Some(0);
        body(0, &Inputs::new(), reading);
    }
    for (number, inputs) in calls.iter().enumerate() {
        let unit = if kept || number > 0 { another(inputs, number, reading) } else { Some(0) };
        let Some(unit) = unit else { break };
        body(unit, inputs, reading);
        called.by_inputs.push((inputs.clone(), unit));
    }
    if !called.inputs.is_empty() {
        reading.facts.called = Some(called);
    }
}

/// A unit like that of the file, named for the values it is read for.
fn another<Own>(inputs: &Inputs, number: usize, reading: &mut Reading<'_, Own>) -> Option<UnitId> {
    let like = reading.facts.units.first()?.clone();
    let shown: Vec<String> =
        inputs.iter().filter(|(_, v)| !v.contains("${{") && !v.is_empty()).map(|(k, v)| format!("{k}={v}")).collect();
    let shown: String = shown.join(", ").split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_SHOWN).collect();
    Some(reading.unit(Unit { name: format!("{}, call {}: {shown}", like.name, number + 1), title: None, parent: None, ..like }))
}
