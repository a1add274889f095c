//! What the functions of a text do with what they are told: run it, or put it into a command of their own.
//!
//! `retry() { …; "$@"; }` runs its arguments, `on_box() { ssh box "$1"; }` hands one on, `SSH="ssh -i key $BOX"` is a
//! command under a name. All arguments (`"$@"`) count under any
//! condition, since such functions try again or wrap; a single one only where its command runs whatever happens, and its
//! failure is kept.

use std::collections::BTreeMap;

use crate::syntax::shell::{ConditionKind, OnFailure, Script, Word};

/// Most commands of one function that take what it is told.
const MOST: usize = 20;

/// A command of a function that takes what the function is told.
pub(super) enum Handing<'s> {
    /// All of it, behind these words; so many are taken off first.
    All { front: &'s [Word], taken: usize },
    /// Single arguments in the place of some of these words.
    Single { words: &'s [Word], places: Vec<(usize, usize)> },
}

impl Handing<'_> {
    /// What a call of the function with these words runs.
    pub(super) fn told(&self, call: &[Word]) -> Option<Vec<Word>> {
        let (_, told) = call.split_first()?;
        match self {
            Self::All { front, taken } => {
                let rest = told.get(*taken..).filter(|rest| !rest.is_empty())?;
                Some(front.iter().chain(rest).cloned().collect())
            }
            Self::Single { words, places } => {
                let mut words = words.to_vec();
                for (at, number) in places {
                    *words.get_mut(*at)? = told.get(number.checked_sub(1)?)?.clone();
                }
                Some(words)
            }
        }
    }
}

/// The functions of a text that hand on what they are told, by name.
pub(super) fn of(script: &Script) -> BTreeMap<&str, Vec<Handing<'_>>> {
    let mut all: BTreeMap<&str, Vec<Handing<'_>>> = BTreeMap::new();
    for (number, function) in script.functions.iter().enumerate() {
        let mut taken = 0;
        // what its arguments are called in it
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        for command in script.commands.iter().filter(|c| c.function == Some(number)) {
            for (name, word) in &command.assignments {
                match argument(&word.text, &names) {
                    Some(at) => names.insert(name.clone(), at + taken),
                    None => names.remove(name),
                };
            }
            match command.words.as_slice() {
                [shift] if shift.text == "shift" => taken += 1,
                [shift, count] if shift.text == "shift" => match count.text.parse::<usize>() {
                    Ok(count) => taken += count,
                    Err(_) => break,
                },
                [front @ .., last]
                    if matches!(last.text.as_str(), "$@" | "${@}" | "$*") && front.first().is_none_or(|w| w.literal) =>
                {
                    let front = if front.first().is_some_and(|w| w.text == "eval") { &front[1..] } else { front };
                    let known = all.entry(function.name.as_str()).or_default();
                    // one way of running all of it is enough
                    if !known.iter().any(|it| matches!(it, Handing::All { .. })) {
                        known.push(Handing::All { front, taken });
                    }
                }
                words if words.first().is_some_and(|w| w.literal) => {
                    let always = command.conditions.iter().all(|c| c.kind == ConditionKind::And)
                        && !matches!(command.on_failure, OnFailure::Discarded { .. });
                    let of_word = |(at, word): (usize, &Word)| {
                        let number = argument(&word.text, &names)?;
                        // a name was given before anything more was taken off
                        let own = word.text.trim_matches(['$', '{', '}']).parse::<usize>().is_ok();
                        Some((at, if own { number + taken } else { number }))
                    };
                    let places: Vec<(usize, usize)> = words.iter().enumerate().filter_map(of_word).collect();
                    let known = all.entry(function.name.as_str()).or_default();
                    if always && !places.is_empty() && known.len() < MOST {
                        known.push(Handing::Single { words, places });
                    }
                }
                _ => {}
            }
        }
    }
    all.retain(|_, handing| !handing.is_empty());
    all
}

/// Which argument a word is: `$1`, `${2}`, or the name of one.
fn argument(text: &str, names: &BTreeMap<String, usize>) -> Option<usize> {
    let name = text.strip_prefix('$')?;
    let name = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')).unwrap_or(name);
    match name.parse::<usize>() {
        Ok(number) => (number > 0).then_some(number),
        Err(_) => names.get(name).copied(),
    }
}

/// Commands that a text keeps under a name once, with words that only a run knows.
pub(super) fn programs(script: &Script) -> BTreeMap<&str, Option<&Word>> {
    let mut all: BTreeMap<&str, Option<&Word>> = BTreeMap::new();
    for command in &script.commands {
        let certain = command.conditions.is_empty();
        for (name, word) in &command.assignments {
            all.entry(name).and_modify(|known| *known = None).or_insert(Some(word).filter(|_| certain));
        }
    }
    all
}

/// A command whose program is such a name.
pub(super) fn spelt_out(words: &[Word], named: &BTreeMap<&str, Option<&Word>>) -> Option<Vec<Word>> {
    let (first, rest) = words.split_first().filter(|(first, _)| !first.literal)?;
    let name = first.text.strip_prefix('$')?;
    let name = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')).unwrap_or(name);
    let word = named.get(name).copied().flatten()?;
    let mut spelt = word.text.split_whitespace();
    let program = spelt.next().filter(|program| !program.contains(['$', '`', '(', '"', '\'']))?;
    let plain = |text: &str| Word { text: text.to_owned(), literal: !text.contains(['$', '`']) };
    // what a command prints is no command of the text
    let rest = rest.iter().cloned();
    (!word.text.contains("$(")).then(|| std::iter::once(plain(program)).chain(spelt.map(plain)).chain(rest).collect())
}
