//! Commands, references, instructions and lines.

use super::{Hit, Look};
use crate::fact::{Command, FactKind};
use crate::rules::signal::{CommandFull, CommandMatch, InstructionMatch, TextMatch, UsesFull, UsesMatch};
use crate::signals::Owner;

/// Command lines.
pub(crate) fn command(matcher: &CommandMatch, look: &Look<'_>) -> Vec<Hit> {
    let simple;
    let full = match matcher {
        CommandMatch::Words(words) => {
            simple = CommandFull { words: words.clone(), ..CommandFull::default() };
            &simple
        }
        CommandMatch::Full(full) => full,
    };
    look.facts
        .facts
        .iter()
        .enumerate()
        .filter_map(|(index, fact)| {
            let FactKind::Command(command) = &fact.kind else { return None };
            fits(full, command, look).then(|| {
                let text = command.text();
                let what = text.split_whitespace().collect::<Vec<_>>().join(" ");
                Hit { end_line: Some(fact.end_line), column: index as u32, ..Hit::new(fact.line, Owner::Command(index), cut(&what, 120)) }
            })
        })
        .collect()
}

fn fits(full: &CommandFull, command: &Command, look: &Look<'_>) -> bool {
    let words: Vec<&str> = command.words.iter().map(|w| w.text.as_str()).collect();
    let Some((_, rest)) = words.split_first() else { return false };
    let program = command.program();
    let line = |pattern: &String| {
        let pattern: Vec<&str> = pattern.split_whitespace().collect();
        let Some((first, after)) = pattern.split_first() else { return false };
        word_fits(first, program) && words_fit(after, rest)
    };
    let has = |wanted: &String| wanted.split('|').any(|w| words.iter().any(|word| option_fits(w, word)));
    full.words.all().iter().any(line)
        && full.with.iter().all(has)
        && !full.without.iter().any(has)
        && full.matches.as_ref().is_none_or(|r| look.catalog.patterns.regex(r, &words.join(" ")))
}

/// First words, options in between passed over; `**` for any number.
fn words_fit(pattern: &[&str], words: &[&str]) -> bool {
    match pattern.split_first() {
        None => true,
        Some((&"**", rest)) => (0..=words.len()).any(|skip| words_fit(rest, &words[skip..])),
        Some((first, rest)) => {
            let Some((word, after)) = words.split_first() else { return false };
            if word_fits(first, word) && words_fit(rest, after) {
                return true;
            }
            // options of the program itself may stand before its verb
            word.starts_with('-') && !first.starts_with('-') && (words_fit(pattern, after) || after.split_first().is_some_and(|(_, more)| words_fit(pattern, more)))
        }
    }
}

fn word_fits(pattern: &str, word: &str) -> bool {
    pattern.split('|').any(|p| match (p, p.strip_suffix('*')) {
        ("*", _) => true,
        (_, Some(start)) => word.starts_with(start),
        _ => p == word,
    })
}

/// `--push` fits `--push` and `--push=true`; `--format=json` only that.
fn option_fits(wanted: &str, word: &str) -> bool {
    word == wanted || (!wanted.contains('=') && wanted.starts_with('-') && word.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('=')))
}

/// References that hand over control.
pub(crate) fn uses(matcher: &UsesMatch, look: &Look<'_>) -> Vec<Hit> {
    let simple;
    let full = match matcher {
        UsesMatch::Names(names) => {
            simple = UsesFull { name: names.clone(), ..UsesFull::default() };
            &simple
        }
        UsesMatch::Full(full) => full,
    };
    let patterns = &look.catalog.patterns;
    look.facts
        .facts
        .iter()
        .filter_map(|fact| {
            let FactKind::Uses(uses) = &fact.kind else { return None };
            let name = uses.reference.split('@').next().unwrap_or("").to_lowercase();
            let given = |key: &str| uses.with.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str());
            let fits = full.name.all().iter().any(|p| patterns.glob(&p.to_lowercase(), &name))
                && full.with.iter().all(|(key, regex)| given(key).is_some_and(|v| patterns.regex(regex, v)))
                && !full.without.all().iter().any(|w| match w.split_once('=') {
                    Some((key, value)) => given(key) == Some(value),
                    None => given(w).is_some(),
                });
            let owner = fact.unit.map_or(Owner::File, Owner::Unit);
            fits.then(|| Hit::new(fact.line, owner, uses.reference.clone()))
        })
        .collect()
}

/// Instructions of image definitions.
pub(crate) fn instruction(matcher: &InstructionMatch, look: &Look<'_>) -> Vec<Hit> {
    look.facts
        .facts
        .iter()
        .filter_map(|fact| {
            let FactKind::Instruction(it) = &fact.kind else { return None };
            let text = it.args.join(" ");
            let fits = matcher.instruction.all().contains(&it.keyword) && look.catalog.patterns.regex(&matcher.matches, &text);
            let owner = fact.unit.map_or(Owner::File, Owner::Unit);
            fits.then(|| Hit { end_line: Some(fact.end_line), ..Hit::new(fact.line, owner, cut(&format!("{} {text}", it.keyword), 120)) })
        })
        .collect()
}

/// Lines of texts without a reader.
pub(crate) fn lines(matcher: &TextMatch, look: &Look<'_>) -> Vec<Hit> {
    let patterns = &look.catalog.patterns;
    let Some(lines) = &look.facts.lines else { return Vec::new() };
    let wanted = matcher.files.all().iter().any(|g| patterns.glob(g, look.path))
        && matcher.literal.all().iter().any(|l| lines.text.contains(l.as_str()));
    if !wanted {
        return Vec::new();
    }
    let mut hits = Vec::new();
    for (number, line) in (1_u32..).zip(lines.text.lines()) {
        let end = matcher.comment.all().iter().filter_map(|c| line.find(c.as_str())).min().unwrap_or(line.len());
        let code = &line[..end];
        let fits = match &matcher.matches {
            Some(regex) => patterns.regex(regex, code),
            None => matcher.literal.all().iter().any(|l| code.contains(l.as_str())),
        };
        if fits {
            hits.push(Hit::new(number, Owner::File, cut(code.trim(), 120)));
        }
    }
    hits
}

/// At most so many letters.
pub(crate) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
