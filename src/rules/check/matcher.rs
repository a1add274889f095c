//! What makes one matcher sound: its form, its patterns, and a word to look for.

use crate::rules::needles::{SHORTEST, literals};
use crate::rules::pattern::Patterns;
use crate::rules::signal::{
    CallMatch, CommandMatch, Condition, ImportMatch, Matcher, OneOrMany, PathMatch, TreeMatch, UsesMatch,
};

/// A word of the matcher that is too short to be looked for before parsing; the empty one where it has none at all.
pub(super) fn too_short(matcher: &Matcher) -> Option<String> {
    let words = literals(matcher);
    match matcher {
        // names and readers decide; there is nothing to look for
        Matcher::Path(_) | Matcher::Git(_) | Matcher::Dependency(_) | Matcher::PythonBranch(_) | Matcher::Dockerfile(_) => None,
        // always read, so that short programs will do
        Matcher::ShellCommand(_) | Matcher::Uses(_) if words.is_empty() => Some(String::new()),
        Matcher::ShellCommand(_) | Matcher::Uses(_) => words.into_iter().find(String::is_empty),
        _ if words.is_empty() => Some(String::new()),
        _ => words.into_iter().find(|w| w.len() < SHORTEST),
    }
}

/// What a matcher lacks, or says twice.
pub(super) fn forms(matcher: &Matcher) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut must = |holds: bool, message: &str| {
        if !holds {
            wrong.push(message.to_owned());
        }
    };
    let some = |list: &OneOrMany| !list.all().is_empty() && list.all().iter().all(|word| !word.is_empty());
    match matcher {
        Matcher::Path(PathMatch::Globs(globs)) => must(some(globs), "`path:` has no glob; give one"),
        Matcher::Path(PathMatch::Full(full)) => must(some(&full.any), "`path:` has no glob under `any:`; give one"),
        Matcher::Yaml(m) | Matcher::Json(m) | Matcher::Toml(m) | Matcher::Hcl(m) | Matcher::Ini(m) => {
            must(!m.conditions.is_empty(), "a matcher over keys asks for nothing; give a condition under `where:`");
            must(
                m.conditions.iter().all(|c| !c.key.is_empty()),
                "a condition has an empty `key:`; write `.` for the node itself",
            );
            let asks_twice = |c: &Condition| {
                c.exists.is_some() && (c.matches.is_some() || some(&c.equals) || some(&c.prefix) || c.between.is_some())
            };
            must(
                !m.conditions.iter().any(asks_twice),
                "a condition has `exists:` beside a value; the value alone says that it exists",
            );
            must(
                m.conditions.iter().all(|c| c.between.is_none_or(|(low, high)| low < high)),
                "`between:` needs the lower bound first",
            );
        }
        Matcher::Dockerfile(m) => {
            let upper = |word: &String| word.bytes().all(|b| b.is_ascii_uppercase());
            must(
                some(&m.instruction) && m.instruction.all().iter().all(upper),
                "`instruction:` is written in capitals: FROM, COPY, CMD",
            );
        }
        Matcher::PythonImport(ImportMatch::Names(names)) => must(some(names), "`python-import:` has no name; give one"),
        Matcher::PythonCall(CallMatch::Names(names)) => must(some(names), "`python-call:` has no name; give one"),
        Matcher::PythonCall(CallMatch::Full(full)) => {
            let asks = [&full.name, &full.decorator, &full.subclass, &full.method, &full.own].into_iter().any(some);
            must(asks, "`python-call:` needs `name:`, `decorator:`, `subclass:`, `method:` or `own:`");
            let starts = |name: &String| !name.trim_end_matches('*').contains('*');
            must(full.own.all().iter().all(starts), "`own:` takes whole names, or beginnings that end in `*`");
            must(full.class.is_none() || some(&full.subclass), "`class:` is asked of a `subclass:`; give one");
            must(full.receiver.is_none() || some(&full.method), "`receiver:` is asked of a `method:`; give one");
            must(full.written.is_none() || some(&full.name), "`written:` is asked of a `name:`; give one");
        }
        Matcher::PythonBranch(m) => {
            must(!m.tests.is_empty(), "`python-branch:` needs `tests:`, an expression over the names it tests")
        }
        Matcher::ShellCommand(CommandMatch::Words(words)) => {
            must(some(words), "`shell-command:` has no words; give the first ones of the line")
        }
        Matcher::ShellCommand(CommandMatch::Full(full)) => {
            must(some(&full.words), "`shell-command:` needs `words:`, the first ones of the line")
        }
        Matcher::Uses(UsesMatch::Names(names)) => must(
            some(names) && !names.all().iter().any(|n| n.contains('@')),
            "`uses:` needs a reference without what follows `@`",
        ),
        Matcher::Uses(UsesMatch::Full(full)) => {
            must(
                some(&full.name) && !full.name.all().iter().any(|n| n.contains('@')),
                "`uses:` needs a `name:` without what follows `@`",
            );
        }
        Matcher::Dependency(m) => {
            let names = m.parts().0;
            let normal = |name: &String| name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            must(
                some(names) && names.all().iter().all(normal),
                "a distribution is written in small letters and `-`: `scikit-learn`",
            );
        }
        Matcher::Text(text) => must(some(&text.files) && some(&text.literal), "`text:` needs `files:` and `literal:`"),
        Matcher::Git(git) => {
            must(git.subject.is_some() != git.tag.is_some(), "`git:` needs `subject:` or `tag:`, one of the two")
        }
    }
    wrong
}

/// Compiles the patterns of a matcher.
pub(super) fn compile(matcher: &Matcher, patterns: &mut Patterns) -> Result<(), String> {
    let globs = |list: &OneOrMany, patterns: &mut Patterns| list.all().iter().try_for_each(|g| patterns.add_glob(g));
    match matcher {
        Matcher::Path(PathMatch::Globs(list)) => globs(list, patterns),
        Matcher::Path(PathMatch::Full(full)) => {
            globs(&full.any, patterns)?;
            globs(&full.none, patterns)?;
            full.text.all().iter().try_for_each(|r| patterns.add_regex(r))
        }
        Matcher::Yaml(m) | Matcher::Json(m) | Matcher::Toml(m) | Matcher::Hcl(m) | Matcher::Ini(m) => tree(m, patterns),
        Matcher::Dockerfile(m) => patterns.add_regex(&m.matches),
        Matcher::PythonImport(_) | Matcher::Dependency(_) | Matcher::PythonCall(CallMatch::Names(_)) => Ok(()),
        Matcher::PythonCall(CallMatch::Full(full)) => {
            full.receiver.iter().chain(&full.class).chain(&full.written).try_for_each(|r| patterns.add_regex(r))?;
            full.keyword.values().chain(full.argument.values()).try_for_each(|r| patterns.add_regex(r))
        }
        Matcher::PythonBranch(m) => {
            patterns.add_regex(&m.tests)?;
            m.within.iter().chain(&m.given_by).try_for_each(|r| patterns.add_regex(r))
        }
        Matcher::ShellCommand(CommandMatch::Words(_)) => Ok(()),
        Matcher::ShellCommand(CommandMatch::Full(full)) => full.matches.iter().try_for_each(|r| patterns.add_regex(r)),
        Matcher::Uses(UsesMatch::Names(names)) => names.all().iter().try_for_each(|g| patterns.add_glob(&g.to_lowercase())),
        Matcher::Uses(UsesMatch::Full(full)) => {
            full.name.all().iter().try_for_each(|g| patterns.add_glob(&g.to_lowercase()))?;
            full.with.values().try_for_each(|r| patterns.add_regex(r))
        }
        Matcher::Text(text) => {
            globs(&text.files, patterns)?;
            text.matches.iter().try_for_each(|r| patterns.add_regex(r))
        }
        Matcher::Git(git) => git.subject.iter().chain(&git.tag).try_for_each(|r| patterns.add_regex(r)),
    }
}

fn tree(m: &TreeMatch, patterns: &mut Patterns) -> Result<(), String> {
    m.files.all().iter().try_for_each(|g| patterns.add_glob(g))?;
    m.conditions.iter().filter_map(|c| c.matches.as_ref()).try_for_each(|r| patterns.add_regex(r))
}
