//! Where a text is left before its last line: by `exit`, `return` or `exec` that stand under no condition, or under one
//! that always holds, and by functions of its own that do nothing else in the end.
//!
//! Invariant: what is said to lie behind such a place is in the same function, later in the text, and under all the
//! conditions of the place; a shell of its own (`( )`, a part of a pipe) is all that a command in it can leave.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Command, Condition, ConditionKind, Script};

/// Most places that are kept.
const MAX_PLACES: usize = 64;

/// A place that is not passed.
struct Place {
    function: Option<usize>,
    /// What stands under all of them lies behind it.
    conditions: Arc<[Condition]>,
    /// Its last line: what is substituted in it runs before it.
    end_line: u32,
    why: String,
}

/// Where a text is left.
pub(super) struct Leaving<'s> {
    script: &'s Script,
    /// Functions that end whatever calls them, by name.
    ending: BTreeMap<&'s str, usize>,
    places: Vec<Place>,
}

impl<'s> Leaving<'s> {
    /// Looks for functions that end their callers.
    pub(super) fn of(script: &'s Script) -> Self {
        let mut ending = BTreeMap::new();
        for (number, function) in script.functions.iter().enumerate() {
            let own = || script.commands.iter().filter(move |c| c.function == Some(number));
            let ends = own().any(|c| c.conditions.is_empty() && leaves(c).is_some_and(|word| word != "return"));
            let returns = own().any(|c| leaves(c) == Some("return"));
            let once = script.functions.iter().filter(|f| f.name == function.name).count() == 1;
            if ends && !returns && once {
                ending.insert(function.name.as_str(), number);
            }
        }
        Self { script, ending, places: Vec::new() }
    }

    /// Whether anything in the text may leave it.
    pub(super) fn anything(&self) -> bool {
        self.script.commands.iter().any(|c| leaves(c).is_some())
    }

    /// Why a command is not reached.
    pub(super) fn before(&self, command: &Command) -> Option<String> {
        let behind = |place: &&Place| {
            place.function == command.function
                && command.conditions.starts_with(&place.conditions)
                && !(command.substitution && command.line <= place.end_line)
        };
        self.places.iter().find(behind).map(|place| place.why.clone())
    }

    /// Takes note of a command that runs; `always` says of one under conditions why it runs for certain.
    pub(super) fn note(&mut self, command: &Command, always: &mut dyn FnMut(&Command) -> Option<String>) {
        let called = || command.words.first().filter(|_| !command.apart).map(|word| word.text.as_str());
        let by_call = || called().filter(|name| self.ending.get(name).is_some_and(|f| command.function != Some(*f)));
        if self.places.len() >= MAX_PLACES || (leaves(command).is_none() && by_call().is_none()) {
            return;
        }
        let words: Vec<&str> = command.words.iter().take(2).map(|word| word.text.as_str()).collect();
        let plain = || format!("`{}` before it ends the text", words.join(" "));
        // of an and-or list only the one command is meant
        let listed = |c: &Condition| matches!(c.kind, ConditionKind::And | ConditionKind::Or);
        let (conditions, why) = match (command.conditions.is_empty(), always(command)) {
            (true, _) => (command.conditions.clone(), plain()),
            (false, Some(why)) => (Arc::from([]), why),
            (false, None) if command.conditions.iter().any(listed) => return,
            (false, None) => (command.conditions.clone(), plain()),
        };
        self.places.push(Place { function: command.function, conditions, end_line: command.end_line, why });
    }
}

/// The word by which a command leaves the text or function that it stands in.
fn leaves(command: &Command) -> Option<&str> {
    let mut words = command.words.iter().map(|word| word.text.as_str());
    match (words.next(), words.next()) {
        _ if command.apart => None,
        (Some(word @ ("exit" | "return")), _) => Some(word),
        // with nothing but redirections it opens files
        (Some(word @ "exec"), Some(program)) => {
            let named = program.starts_with(|c: char| c.is_ascii_alphabetic() || "/.$_\"".contains(c));
            named.then_some(word)
        }
        _ => None,
    }
}
