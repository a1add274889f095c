//! Commands, references, instructions and lines.

use super::{About, Hit, Look};
use crate::fact::{Command, FactKind};
use crate::rules::signal::{CommandFull, CommandMatch, InstructionMatch, TextMatch, UsesFull, UsesMatch};
use crate::signals::Owner;
use crate::source::extension;
use crate::syntax::plain;

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
    let runs = |program: &str| {
        let first = |line: &String| line.split_whitespace().next().is_some_and(|first| word_fits(first, program));
        full.words.all().iter().any(first)
    };
    let mut asked: Vec<usize> =
        look.commands.iter().filter(|(program, _)| runs(program)).flat_map(|(_, commands)| commands).copied().collect();
    asked.sort_unstable();
    asked
        .into_iter()
        .filter_map(|index| {
            let fact = look.facts.facts.get(index)?;
            let FactKind::Command(command) = &fact.kind else { return None };
            fits(full, command, look).then(|| {
                let text = command.text();
                let what = text.split_whitespace().collect::<Vec<_>>().join(" ");
                Hit {
                    end_line: Some(fact.end_line),
                    column: u32::try_from(index).unwrap_or(u32::MAX),
                    about: About::Stated(index),
                    ..Hit::new(fact.line, Owner::Command(index), cut(&what, 120))
                }
            })
        })
        .collect()
}

fn fits(full: &CommandFull, command: &Command, look: &Look<'_>) -> bool {
    let program = command.program();
    let words: Vec<&str> = command.words.iter().map(|w| w.text.as_str()).collect();
    let Some((_, rest)) = words.split_first() else { return false };
    let line = |pattern: &String| {
        let pattern: Vec<&str> = pattern.split_whitespace().collect();
        let Some((first, after)) = pattern.split_first() else { return false };
        word_fits(first, program) && words_fit(after, rest)
    };
    let has = |wanted: &String| {
        wanted.split('|').any(|w| words.iter().enumerate().any(|(at, word)| option_fits(w, word, words.get(at + 1).copied())))
    };
    full.words.all().iter().any(line)
        && full.with.iter().all(has)
        && !full.without.iter().any(has)
        && full.matches.as_ref().is_none_or(|r| look.catalog.patterns.regex(r, &words.join(" ")))
}

/// Most words of a command line that are compared with a pattern.
const WORDS: usize = 400;

/// First words, options in between passed over with or without a value of their own; `**` for any number. Position by
/// position, so that no line costs more than its length times that of the pattern.
fn words_fit(pattern: &[&str], words: &[&str]) -> bool {
    let words = words.get(..WORDS).unwrap_or(words);
    // where the rest of the line may begin after what has been matched so far
    let mut open = vec![false; words.len() + 1];
    open[0] = true;
    for wanted in pattern {
        let mut next = vec![false; words.len() + 1];
        if *wanted == "**" {
            let first = open.iter().position(|o| *o).unwrap_or(open.len());
            next.iter_mut().skip(first).for_each(|n| *n = true);
        } else {
            for (at, word) in words.iter().enumerate() {
                if !open[at] {
                    continue;
                }
                if word_fits(wanted, word) {
                    next[at + 1] = true;
                }
                if word.starts_with('-') {
                    open[at + 1] = true;
                    if let Some(after_value) = open.get_mut(at + 2) {
                        *after_value = true;
                    }
                }
            }
        }
        open = next;
    }
    open.contains(&true)
}

fn word_fits(pattern: &str, word: &str) -> bool {
    pattern.split('|').any(|p| match (p, p.strip_suffix('*')) {
        ("*", _) => true,
        (_, Some(start)) => word.starts_with(start),
        _ => p == word,
    })
}

/// `--push` fits `--push` and `--push=true`; `--format=json` fits that and `--format json`.
fn option_fits(wanted: &str, word: &str, after: Option<&str>) -> bool {
    if word == wanted {
        return true;
    }
    match wanted.split_once('=') {
        Some((option, value)) => option.starts_with('-') && word == option && after == Some(value),
        None => wanted.starts_with('-') && word.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('=')),
    }
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
        .enumerate()
        .filter_map(|(index, fact)| {
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
            fits.then(|| Hit::new(fact.line, owner, uses.reference.clone()).about(About::Stated(index)))
        })
        .collect()
}

/// Instructions of image definitions.
pub(crate) fn instruction(matcher: &InstructionMatch, look: &Look<'_>) -> Vec<Hit> {
    look.facts
        .facts
        .iter()
        .enumerate()
        .filter_map(|(index, fact)| {
            let FactKind::Instruction(it) = &fact.kind else { return None };
            let text = it.args.join(" ");
            let fits = matcher.instruction.all().contains(&it.keyword) && look.catalog.patterns.regex(&matcher.matches, &text);
            let owner = fact.unit.map_or(Owner::File, Owner::Unit);
            fits.then(|| Hit {
                end_line: Some(fact.end_line),
                about: About::Stated(index),
                ..Hit::new(fact.line, owner, cut(&format!("{} {text}", it.keyword), 120))
            })
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
    if !matcher.quotes.all().is_empty() {
        return code_lines(matcher, &lines.text, look);
    }
    let (block, marks): (Vec<&String>, Vec<&String>) = matcher.comment.all().iter().partition(|c| *c == "/*");
    let mut within = false;
    let mut hits = Vec::new();
    for (number, line) in (1_u32..).zip(lines.text.lines()) {
        let shown = if block.is_empty() { std::borrow::Cow::Borrowed(line) } else { outside_blocks(line, &mut within) };
        let code = &shown[..comment_at(&shown, &marks)];
        let fits = match &matcher.matches {
            Some(regex) => patterns.regex(regex, code),
            None => matcher.literal.all().iter().any(|l| code.contains(l.as_str())),
        };
        if fits {
            let owner = look.facts.unit_at(number).map_or(Owner::File, Owner::Unit);
            hits.push(Hit::new(number, owner, cut(code.trim(), 120)).about(About::Line(number)));
        }
    }
    hits
}

/// Lines of code: what is commented out, quoted or not run is not looked at.
fn code_lines(matcher: &TextMatch, text: &str, look: &Look<'_>) -> Vec<Hit> {
    let document = extension(look.path).is_some_and(|e| e.eq_ignore_ascii_case("rmd") || e.eq_ignore_ascii_case("qmd"));
    let run: std::borrow::Cow<'_, str> = if document { plain::fenced(text).into() } else { text.into() };
    let (block, marks): (Vec<&str>, Vec<&str>) =
        matcher.comment.all().iter().map(String::as_str).partition(|c| matches!(*c, "/*" | "#="));
    let close = |open: &str| if open == "#=" { "=#" } else { "*/" };
    let marks = plain::Marks {
        lines: marks,
        blocks: block.into_iter().map(|open| (open, close(open))).collect(),
        quotes: matcher.quotes.all().iter().map(String::as_str).collect(),
    };
    let code = plain::code(&run, &marks);
    let fits = |code: &str| match &matcher.matches {
        Some(regex) => look.catalog.patterns.regex(regex, code),
        None => matcher.literal.all().iter().any(|l| code.contains(l.as_str())),
    };
    (1_u32..)
        .zip(code.lines().zip(text.lines()))
        .filter(|(_, (code, _))| fits(code))
        .map(|(number, (_, line))| {
            let owner = look.facts.unit_at(number).map_or(Owner::File, Owner::Unit);
            Hit::new(number, owner, cut(line.trim(), 120)).about(About::Line(number))
        })
        .collect()
}

/// Where a comment to the end of the line begins: at the start, or after a space, bracket, comma or semicolon, so that
/// `https://` is none; and outside double quotes.
fn comment_at(line: &str, marks: &[&String]) -> usize {
    let begins = |at: usize| {
        let before = &line[..at];
        before.chars().next_back().is_none_or(|c| c.is_whitespace() || "(){}[];,".contains(c))
            && before.matches('"').count().is_multiple_of(2)
    };
    marks
        .iter()
        .filter_map(|mark| line.match_indices(mark.as_str()).map(|(at, _)| at).take(20).find(|at| begins(*at)))
        .min()
        .unwrap_or(line.len())
}

/// The line without what stands between `/*` and `*/`.
fn outside_blocks<'l>(line: &'l str, within: &mut bool) -> std::borrow::Cow<'l, str> {
    if !*within && !line.contains("/*") {
        return line.into();
    }
    let (mut shown, mut rest) = (String::new(), line);
    loop {
        let mark = if *within { "*/" } else { "/*" };
        let found = rest.find(mark);
        if !*within {
            shown.push_str(&rest[..found.unwrap_or(rest.len())]);
        }
        let Some(at) = found else { return shown.into() };
        rest = &rest[at + mark.len()..];
        *within = !*within;
    }
}

/// At most so many letters.
pub(crate) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
