//! What a script is told, held against its conditions: which of its commands cannot run.
//!
//! `run.sh --plan` reads the same text as `run.sh --apply` and does something else. Every variable and argument has a
//! set of possible values, gathered from the whole text whatever the order of its lines; a condition that none of them
//! fulfils keeps its commands from running. Nothing is executed, and what is not understood may be anything.
//!
//! Invariant: a command is only ruled out where no order of events could let it run with these arguments.

mod put;

use std::collections::{BTreeMap, BTreeSet};

use super::leaving::Leaving;
use super::values::{MAX_VALUES, May, Values, compared, may_be};
use super::{Command, Condition, ConditionKind, Options, Script, Word, parse};
pub use put::put_in;

/// How far values are followed from variable to variable.
const DEPTH: usize = 12;
/// Longest test that is taken apart, in bytes: a longer one may have been cut.
const MAX_TEST: usize = 180;

/// What is known before the first line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// The arguments in order, each a literal or unknown; none at all where not even their number is known.
    pub arguments: Option<Vec<Option<String>>>,
    /// Variables that come with a literal value.
    pub variables: BTreeMap<String, String>,
    /// What variables, and expressions that are filled in before the text is run, may be in one way of starting it; a
    /// [`HOLE`](super::HOLE) stands in a value for what only a run knows, and for something.
    pub given: BTreeMap<String, Vec<String>>,
}

/// Whether what the script does depends on its arguments.
pub fn asks(script: &Script) -> bool {
    let numbered = |text: &str| {
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            rest = rest.get(at + 1..).unwrap_or_default();
            let name = rest.trim_start_matches('{').trim_start_matches('#');
            if name.starts_with(|c: char| c.is_ascii_digit() && c != '0') || rest.starts_with(['@', '*', '#']) {
                return true;
            }
        }
        false
    };
    let program = |command: &Command| {
        let front = |word: &&Word| matches!(word.text.as_str(), "exec" | "eval" | "command" | "nohup" | "sudo" | "time");
        let word = command.words.iter().find(|word| !front(word));
        word.is_some_and(|word| is_all(&word.text) || matches!(word.text.as_str(), "$1" | "${1}"))
    };
    if script.commands.iter().any(|c| c.function.is_none() && program(c)) {
        return true;
    }
    let tests = script.commands.iter().flat_map(|c| c.conditions.iter());
    tests.clone().any(|condition| numbered(&condition.test) || condition.test.contains("getopts "))
        || (tests.count() > 0 && script.commands.iter().flat_map(|c| &c.assignments).any(|(_, word)| numbered(&word.text)))
}

/// Whether a script tells others what it is told, or a part of it.
pub fn passes_on(script: &Script) -> bool {
    let own = |word: &Word| {
        is_all(&word.text) || reference(&word.text).is_some_and(|(name, _, _)| name.parse::<u8>().is_ok_and(|n| n > 0))
    };
    let of = |c: &Command| c.words.iter().skip(1).any(own) || c.assignments.iter().any(|(_, word)| own(word));
    script.commands.iter().any(|c| c.function.is_none() && of(c))
}

/// Variables by which a script chooses what it does, and which it does not set for certain.
pub fn variables(script: &Script) -> BTreeSet<String> {
    let tests = script.commands.iter().flat_map(|c| c.conditions.iter()).map(|condition| condition.test.as_str());
    let mut found = BTreeSet::new();
    for test in tests {
        let mut rest = test;
        while let Some(at) = rest.find('$') {
            rest = rest.get(at..).unwrap_or_default();
            if let Some((name, _, _)) =
                reference(rest).filter(|(name, _, _)| name.starts_with(|c: char| !c.is_ascii_digit() && c != '#'))
            {
                found.insert(name.to_owned());
            }
            rest = rest.get(1..).unwrap_or_default();
        }
        if found.len() > MAX_VALUES {
            break;
        }
    }
    let set = |c: &&Command| c.conditions.is_empty() && c.function.is_none() && !c.substitution;
    let own = |name: &str, word: &Word| !word.text.contains(&format!("{{{name}:"));
    for (name, _) in script.commands.iter().filter(set).flat_map(|c| &c.assignments).filter(|(name, word)| own(name, word)) {
        found.remove(name);
    }
    found
}

/// All arguments, in one word.
fn is_all(text: &str) -> bool {
    matches!(text, "$@" | "${@}" | "$*" | "${*}")
}

/// The first word of a command.
fn first(command: &Command) -> &str {
    command.words.first().map_or("", |word| word.text.as_str())
}

/// For every command of the script why it cannot run, as a sentence (`it is told …; it runs only where …`).
pub fn ruled_out(script: &Script, told: &Told) -> Vec<Option<String>> {
    let none = vec![None; script.commands.len()];
    let mut leaving = Leaving::of(script);
    let tested = |c: &Command| c.conditions.iter().any(|condition| is_judged(&condition.test));
    if !leaving.anything() && !script.commands.iter().any(tested) {
        return none;
    }
    let mut text = Text { script, told, values: BTreeMap::new(), parameters: BTreeMap::new(), tests: BTreeMap::new() };
    let mut out = none;
    for (command, why) in script.commands.iter().zip(&mut out) {
        *why = leaving.before(command).or_else(|| text.never(command));
        if why.is_none() {
            leaving.note(command, &mut |command| {
                let always = !command.conditions.is_empty() && text.always(command);
                always.then(|| text.because(command.conditions.last().map_or("", |c| c.test.as_str()), "it ends where"))
            });
        }
    }
    out
}

/// Whether a test may be decided: it names something, or what it comes to stands in it.
fn is_judged(test: &str) -> bool {
    let plain = test.trim_start_matches("while ").trim_start_matches("until ").trim_start_matches("! ");
    test.contains('$')
        || plain.starts_with(['[', ':'])
        || ["true", "false", "test ", "(("].iter().any(|word| plain.starts_with(word))
}

struct Text<'s> {
    script: &'s Script,
    told: &'s Told,
    /// What variables may be; none while that is worked out.
    values: BTreeMap<String, Option<Values>>,
    /// What the parameters of functions may be; none while that is worked out.
    parameters: BTreeMap<usize, Option<Option<Vec<Values>>>>,
    tests: BTreeMap<String, Script>,
}

impl Text<'_> {
    /// What a word is that is one argument by its number, where it stands.
    fn numbered(&mut self, word: &Word, at: usize, within: Option<usize>, depth: usize) -> Option<Values> {
        let (name, default, after) = reference(&word.text)?;
        let number = name.parse::<usize>().ok().filter(|n| *n > 0 && default.is_none() && after.is_empty())?;
        let taken = self.taken(at, within)?;
        let all = self.arguments(within, depth)?;
        Some(all.into_iter().nth(taken + number - 1).unwrap_or_else(|| Values::one("")))
    }

    /// How many arguments were shifted away before a command; none where that is not certain.
    fn taken(&self, at: usize, within: Option<usize>) -> Option<usize> {
        let mut taken = 0;
        for command in self.script.commands.iter().take(at).filter(|c| c.function == within) {
            match (first(command), command.words.get(1)) {
                ("eval", _) => return None,
                ("set", Some(_)) if command.words.iter().any(|word| word.text == "--") => return None,
                ("shift", count) => {
                    let looped = !command.conditions.is_empty() || command.substitution;
                    taken += count.map_or(Some(1), |word| word.text.parse::<usize>().ok()).filter(|_| !looped)?;
                }
                _ => {}
            }
        }
        Some(taken)
    }

    /// Why a command cannot run.
    fn never(&mut self, command: &Command) -> Option<String> {
        let conditions = command.conditions.clone();
        let failed = conditions.iter().find(|condition| !self.holds(condition, command.function, 0).succeed)?;
        if self.taken_before(failed, command.function, 0).1 {
            return Some("a branch before it is always taken".to_owned());
        }
        let shown = || failed.test.split_whitespace().collect::<Vec<_>>().join(" ");
        if !failed.test.contains('$') && !failed.test.contains("((") {
            return Some(match failed.kind {
                ConditionKind::Else | ConditionKind::Or => format!("it runs only without `{}`, which is always so", shown()),
                _ => format!("it runs only where `{}`, which is never so", shown()),
            });
        }
        let word = match failed.kind {
            ConditionKind::Else | ConditionKind::Or => "it runs only without",
            _ => "it runs only where",
        };
        Some(self.because(&failed.test, word))
    }

    /// Whether a command runs for certain.
    fn always(&mut self, command: &Command) -> bool {
        let conditions = command.conditions.clone();
        conditions.iter().all(|condition| !self.holds(condition, command.function, 0).fail)
    }

    fn because(&self, test: &str, word: &str) -> String {
        let given = match &self.told.arguments {
            Some(all) if all.is_empty() => "it is told nothing".to_owned(),
            Some(all) => {
                let all: Vec<&str> = all.iter().map(|one| one.as_deref().unwrap_or("…")).collect();
                format!("it is told `{}`", all.join(" "))
            }
            None => "the variable is set otherwise".to_owned(),
        };
        format!("{given}; {word} `{}`", test.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    fn holds(&mut self, condition: &Condition, within: Option<usize>, depth: usize) -> May {
        if depth > DEPTH {
            return May::EITHER;
        }
        let own = match condition.kind {
            _ if condition.test.len() > MAX_TEST || !is_judged(&condition.test) => May::EITHER,
            ConditionKind::Loop => self.turn(&condition.test, within, depth),
            ConditionKind::Case => self.arm(&condition.test, within, depth),
            ConditionKind::If | ConditionKind::And => self.list(&condition.test, within, depth),
            ConditionKind::Else | ConditionKind::Or => self.list(&condition.test, within, depth).not(),
        };
        let taken_before = self.taken_before(condition, within, depth);
        May { succeed: own.succeed && !taken_before.1, fail: own.fail || taken_before.0 }
    }

    /// Whether a branch before this one may be taken, and whether one always is.
    fn taken_before(&mut self, condition: &Condition, within: Option<usize>, depth: usize) -> (bool, bool) {
        let mut taken = (false, false);
        for test in &condition.before {
            let judged = test.len() <= MAX_TEST && is_judged(test);
            let may = if judged { self.list(test, within, depth) } else { May::EITHER };
            taken = (taken.0 || may.succeed, taken.1 || !may.fail);
        }
        taken
    }

    /// The head of a loop: one that asks for the same each time may never begin.
    fn turn(&mut self, head: &str, within: Option<usize>, depth: usize) -> May {
        let begins = match (head.strip_prefix("while "), head.strip_prefix("until ")) {
            (Some(test), _) if !test.contains('$') => self.list(test, within, depth).succeed,
            (_, Some(test)) if !test.contains('$') => self.list(test, within, depth).fail,
            _ => true,
        };
        May { succeed: begins, fail: true }
    }

    /// `value in pattern | pattern`.
    fn arm(&mut self, test: &str, within: Option<usize>, depth: usize) -> May {
        let Some((value, patterns)) = test.split_once(" in ") else { return May::EITHER };
        let literal = value.trim().trim_matches('"');
        let Values::Of(values) = self.expand(literal, within, depth) else { return May::EITHER };
        let patterns: Vec<&str> = patterns.split('|').map(|p| p.trim().trim_matches(['"', '\''])).collect();
        if patterns.iter().any(|pattern| pattern.contains(['$', '`'])) {
            return May::EITHER;
        }
        let fits = |value: &String| patterns.iter().any(|pattern| may_be(pattern, value));
        // an arm before this one may have taken the value
        May { succeed: values.iter().any(fits), fail: true }
    }

    /// Tests joined by `&&` and `||`.
    fn list(&mut self, test: &str, within: Option<usize>, depth: usize) -> May {
        let (inverted, plain) = match test.trim().strip_prefix("! ") {
            Some(rest) => (true, rest.to_owned()),
            None => (false, test.to_owned()),
        };
        let parsed = self.tests.entry(plain).or_insert_with_key(|text| parse(text, &Options::default())).clone();
        let spoils = |c: &Command| c.substitution || c.background || c.words.is_empty();
        // a `!` that is no word of a test inverts a part, and the parts do not say which
        let inverts = |words: &mut dyn Iterator<Item = &str>| words.filter(|word| *word == "!").count();
        let kept = inverts(&mut parsed.commands.iter().flat_map(|c| &c.words).map(|word| word.text.as_str()));
        let written = inverts(&mut test.split_whitespace()) - usize::from(inverted);
        if !parsed.errors.is_empty() || parsed.commands.iter().any(spoils) || kept != written {
            return May::EITHER;
        }
        let mut all: Option<May> = None;
        for command in &parsed.commands {
            let one = self.test(&command.words, within, depth);
            all = Some(match (all, command.conditions.last().map(|c| c.kind)) {
                (None, None) => one,
                (Some(before), Some(ConditionKind::And)) => before.and(one),
                (Some(before), Some(ConditionKind::Or)) => before.or(one),
                _ => return May::EITHER,
            });
        }
        let all = all.unwrap_or(May::EITHER);
        if inverted && parsed.commands.len() > 1 {
            return May::EITHER;
        }
        if inverted { all.not() } else { all }
    }

    /// One test, or a variable that is `true` or `false`.
    fn test(&mut self, words: &[Word], within: Option<usize>, depth: usize) -> May {
        let words: Vec<&Word> = words.iter().collect();
        let inner = match words.as_slice() {
            [open, inner @ .., close] if (open.text == "[" && close.text == "]") || (open.text == "[[" && close.text == "]]") => {
                inner
            }
            [open, inner @ ..] if open.text == "test" => inner,
            [word, ..] if matches!(word.text.as_str(), "true" | ":") => return May { succeed: true, fail: false },
            [word, ..] if word.text == "false" => return May { succeed: false, fail: true },
            [only] if only.text.starts_with("((") => return self.arithmetic(&only.text, within, depth),
            [only] if !only.literal => {
                return match self.expand(&only.text, within, depth) {
                    Values::Of(all) if all.iter().all(|v| v == "true" || v == "false") => {
                        May { succeed: all.contains("true"), fail: all.contains("false") }
                    }
                    _ => May::EITHER,
                };
            }
            _ => return May::EITHER,
        };
        if inner.iter().any(|word| matches!(word.text.as_str(), "(" | ")")) {
            return May::EITHER;
        }
        let mut any: Option<May> = None;
        for part in inner.split(|word| matches!(word.text.as_str(), "||" | "-o")) {
            let mut every: Option<May> = None;
            for one in part.split(|word| matches!(word.text.as_str(), "&&" | "-a")) {
                let one = self.comparison(one, within, depth);
                every = Some(every.map_or(one, |before| before.and(one)));
            }
            let every = every.unwrap_or(May::EITHER);
            any = Some(any.map_or(every, |before| before.or(every)));
        }
        any.unwrap_or(May::EITHER)
    }

    fn comparison(&mut self, words: &[&Word], within: Option<usize>, depth: usize) -> May {
        match words {
            [not, rest @ ..] if not.text == "!" => self.comparison(rest, within, depth).not(),
            [one] => self.is_empty(one, within, depth).not(),
            [flag, one] if flag.text == "-n" => self.is_empty(one, within, depth).not(),
            [flag, one] if flag.text == "-z" => self.is_empty(one, within, depth),
            [left, operator, right] => {
                let (left, right) = (self.word(left, within, depth), self.word(right, within, depth));
                compared(&left, &operator.text, &right)
            }
            [] => May { succeed: false, fail: true },
            _ => May::EITHER,
        }
    }

    /// `(( a > b ))`: numbers, and variables that hold some.
    fn arithmetic(&mut self, text: &str, within: Option<usize>, depth: usize) -> May {
        const OPERATORS: [(&str, &str); 6] =
            [("==", "-eq"), ("!=", "-ne"), ("<=", "-le"), (">=", "-ge"), ("<", "-lt"), (">", "-gt")];
        let Some(inner) = text.strip_prefix("((").and_then(|rest| rest.strip_suffix("))")) else { return May::EITHER };
        let parts = OPERATORS.iter().find_map(|(mark, word)| inner.split_once(mark).map(|(left, right)| (left, *word, right)));
        let (left, operator, right) = parts.unwrap_or((inner, "-ne", "0"));
        let mut term = |term: &str| {
            let name = term.trim().trim_start_matches('$').trim_start_matches('{').trim_end_matches('}');
            if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') || name.is_empty() {
                return Values::Any;
            }
            match term.trim().parse::<i64>() {
                Ok(number) => Values::one(&number.to_string()),
                // what is not set is nought there
                Err(_) => match self.named(name, within, depth + 1) {
                    Values::Of(all) => {
                        Values::Of(all.into_iter().map(|v| if v.is_empty() { "0".to_owned() } else { v }).collect())
                    }
                    Values::Any => Values::Any,
                },
            }
        };
        let (left, right) = (term(left), term(right));
        compared(&left, operator, &right)
    }

    fn is_empty(&mut self, word: &Word, within: Option<usize>, depth: usize) -> May {
        match self.word(word, within, depth) {
            Values::Any => May::EITHER,
            Values::Of(all) => May { succeed: all.contains(""), fail: all.iter().any(|value| !value.is_empty()) },
        }
    }

    fn word(&mut self, word: &Word, within: Option<usize>, depth: usize) -> Values {
        if word.literal && word.text.contains('$') {
            return Values::one(&word.text);
        }
        self.expand(&word.text, within, depth)
    }

    /// What a word with at most one expansion in it may be.
    fn expand(&mut self, text: &str, within: Option<usize>, depth: usize) -> Values {
        let Some(at) = text.find('$') else {
            // what a generator fills in before a shell sees it
            let filled = ["{{", "<<", "{%", "<%", "%(", "@@", "__"].iter().any(|mark| text.contains(mark));
            return if filled || text.contains('`') { Values::Any } else { Values::one(text) };
        };
        let (before, rest) = text.split_at(at);
        let Some((name, default, after)) = reference(rest) else { return Values::Any };
        if after.contains(['$', '`']) || before.contains('`') {
            return Values::Any;
        }
        let mut values = self.named(name, within, depth + 1);
        if let (Some(default), Values::Of(all)) = (default, &mut values)
            && all.remove("")
        {
            if default.contains(['$', '`', '"', '\'']) {
                return Values::Any;
            }
            all.insert(default.to_owned());
        }
        match values {
            Values::Of(all) => Values::Of(all.into_iter().map(|value| format!("{before}{value}{after}")).collect()),
            Values::Any => Values::Any,
        }
    }

    /// What a variable or an argument may be.
    fn named(&mut self, name: &str, within: Option<usize>, depth: usize) -> Values {
        if depth > DEPTH {
            return Values::Any;
        }
        if name == "#" {
            let shifts = self.shifts(within);
            return match self.arguments(within, depth) {
                Some(all) if !shifts && (within.is_some() || self.told.arguments.is_some()) => {
                    Values::one(&all.len().to_string())
                }
                Some(all) if shifts => Values::Of((0..=all.len()).map(|n| n.to_string()).collect()),
                _ => Values::Any,
            };
        }
        if let Ok(number) = name.parse::<usize>() {
            let Some(all) = self.arguments(within, depth).filter(|_| number > 0) else { return Values::Any };
            if self.shifts(within) {
                return all.into_iter().fold(Values::one(""), Values::or);
            }
            return all.into_iter().nth(number - 1).unwrap_or_else(|| Values::one(""));
        }
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return self.given(name).unwrap_or(Values::Any);
        }
        match self.values.get(name) {
            Some(Some(known)) => return known.clone(),
            // it depends on itself
            Some(None) => return Values::Any,
            None => {}
        }
        self.values.insert(name.to_owned(), None);
        let values = self.assigned(name, depth);
        self.values.insert(name.to_owned(), Some(values.clone()));
        values
    }

    /// What a name is in the way of starting that is asked about.
    fn given(&self, name: &str) -> Option<Values> {
        self.told.given.get(name).map(|all| Values::Of(all.iter().cloned().collect()))
    }

    /// Every value that the text, or who starts it, may give to a variable.
    fn assigned(&mut self, name: &str, depth: usize) -> Values {
        let script = self.script;
        if script.counted.contains(name) {
            return Values::Any;
        }
        let literal = || self.told.variables.get(name).map(|value| Values::one(value));
        let mut values: Option<Values> = self.given(name).or_else(literal);
        let mut certain = values.is_some();
        for (at, command) in script.commands.iter().enumerate() {
            let first = first(command);
            let named = || command.words.iter().skip(1).any(|word| word.text == name);
            let changed = match first {
                "read" | "mapfile" | "readarray" | "getopts" | "printf" | "select" | "unset" => named(),
                "let" | "trap" => counts(command, name),
                "export" | "declare" | "typeset" | "local" | "readonly" => open(command, name),
                // what another file, or a text that is put together, sets
                "source" | "." | "eval" => true,
                _ => false,
            };
            if changed {
                return match first {
                    "getopts" => self.options(command, depth),
                    _ => Values::Any,
                };
            }
            let head = |condition: &&Condition| {
                condition.kind == ConditionKind::Loop
                    && condition.test.split_whitespace().nth(1).is_some_and(|word| word.trim_end_matches(';') == name)
            };
            if let Some(turn) =
                command.conditions.iter().find(|c| head(c) && !c.test.starts_with("while") && !c.test.starts_with("until"))
            {
                return self.turns(turn, command.function, depth);
            }
            for (_, word) in command.assignments.iter().filter(|(variable, _)| variable == name) {
                // a value in front of a command is for that command alone
                if !first.is_empty() && !matches!(first, "export" | "declare" | "typeset" | "local" | "readonly") {
                    continue;
                }
                let reached = command.conditions.iter().all(|c| self.holds(c, command.function, depth + 1).succeed);
                if !reached {
                    continue;
                }
                certain |= command.conditions.is_empty() && command.function.is_none() && !command.substitution;
                let value = match self.numbered(word, at, command.function, depth + 1) {
                    Some(value) => value,
                    None => self.word(word, command.function, depth + 1),
                };
                values = Some(values.map_or(value.clone(), |before| before.or(value)));
            }
        }
        // what is not set for certain may come with the environment
        values.filter(|_| certain).unwrap_or(Values::Any)
    }

    /// `for name in words`, or over all arguments.
    fn turns(&mut self, head: &Condition, within: Option<usize>, depth: usize) -> Values {
        let words: Vec<&str> = head.test.split_whitespace().collect();
        let listed = match words.iter().position(|word| *word == "in") {
            Some(at) => words.get(at + 1..).unwrap_or_default().to_vec(),
            None => vec!["\"$@\""],
        };
        let mut values: Option<Values> = None;
        for word in listed {
            let word = word.trim_matches([';', '"']);
            let more = match word {
                "$@" | "$*" => match self.arguments(within, depth) {
                    Some(all) => all.into_iter().reduce(Values::or).unwrap_or_else(|| Values::one("")),
                    None => Values::Any,
                },
                word if word.contains(['$', '`', '*', '?', '{', '\'']) => Values::Any,
                word => Values::one(word),
            };
            values = Some(values.map_or(more.clone(), |before| before.or(more)));
        }
        values.unwrap_or(Values::Any)
    }

    /// The letters that `getopts` finds among the arguments.
    fn options(&mut self, command: &Command, depth: usize) -> Values {
        let Some(Values::Of(all)) = self
            .arguments(command.function, depth)
            .map(|all| all.into_iter().reduce(Values::or).unwrap_or_else(|| Values::one("")))
        else {
            return Values::Any;
        };
        let mut letters = BTreeSet::from(["?".to_owned(), ":".to_owned()]);
        let flags = all.iter().filter_map(|argument| argument.strip_prefix('-'));
        letters.extend(flags.flat_map(str::chars).map(|letter| letter.to_string()));
        if letters.len() > MAX_VALUES { Values::Any } else { Values::Of(letters) }
    }

    /// Whether arguments move up, or are set anew, in a function or outside of all.
    fn shifts(&self, within: Option<usize>) -> bool {
        self.script.commands.iter().filter(|c| c.function == within).any(|c| {
            let mut words = c.words.iter().map(|word| word.text.as_str());
            let first = words.next();
            first == Some("shift") || (first == Some("set") && words.any(|word| word == "--"))
        })
    }

    /// The arguments of the script, or of one of its functions; none where they are not known.
    fn arguments(&mut self, within: Option<usize>, depth: usize) -> Option<Vec<Values>> {
        let Some(function) = within else {
            // `eval set -- …` as well
            let resets = self.script.commands.iter().any(|c| {
                let first = c.words.first().map_or("", |word| word.text.as_str());
                c.function.is_none() && (first == "eval" || (first == "set" && c.words.iter().any(|w| w.text == "--")))
            });
            let told = self.told.arguments.as_ref().filter(|_| !resets)?;
            return Some(told.iter().map(|one| one.as_deref().map_or(Values::Any, Values::one)).collect());
        };
        match self.parameters.get(&function) {
            Some(Some(known)) => return known.clone(),
            Some(None) => return None,
            None => {}
        }
        self.parameters.insert(function, None);
        let known = self.parameters_of(function, depth);
        self.parameters.insert(function, Some(known.clone()));
        known
    }

    fn parameters_of(&mut self, function: usize, depth: usize) -> Option<Vec<Values>> {
        let script = self.script;
        let name = &script.functions.get(function)?.name;
        if depth > DEPTH || script.functions.iter().filter(|f| f.name == *name).count() > 1 || self.shifts(Some(function)) {
            return None;
        }
        let mut all: Option<Vec<Values>> = None;
        for command in &script.commands {
            let mut words = command.words.iter();
            match words.next() {
                Some(word) if word.text == *name => {}
                // a function that is named elsewhere may be called with anything
                Some(word) if word.text != *name && words.clone().any(|w| w.text == *name) => return None,
                _ => continue,
            }
            let mut given: Vec<Values> = Vec::new();
            for word in words {
                match word.text.as_str() {
                    "$@" | "${@}" | "$*" => {
                        if self.shifts(command.function) {
                            return None;
                        }
                        given.extend(self.arguments(command.function, depth + 1)?);
                    }
                    _ => given.push(self.word(word, command.function, depth + 1)),
                }
            }
            all = Some(match all {
                None => given,
                Some(before) => {
                    let length = before.len().max(given.len());
                    let at = |list: &[Values], n: usize| list.get(n).cloned().unwrap_or_else(|| Values::one(""));
                    (0..length).map(|n| at(&before, n).or(at(&given, n))).collect()
                }
            });
        }
        all
    }
}

/// Whether a command computes the variable (`let n=n+1`), or puts down a text that does (`trap 'n=1' EXIT`).
fn counts(command: &Command, name: &str) -> bool {
    let mut changed = BTreeSet::new();
    command.words.iter().skip(1).for_each(|word| super::counted::changed(&word.text, &mut changed));
    changed.contains(name)
}

/// Whether a declaration may set the variable in a way that is no plain assignment: by a word that is put together
/// (`export $(cat .env)`), in quotes (`export "n=$other"`), or by another name for it (`local -n other=n`).
fn open(command: &Command, name: &str) -> bool {
    command.words.iter().skip(1).any(|word| match word.text.split_once('=') {
        Some((set, _)) => set == name || set.contains(['$', '`']),
        None => !word.literal || word.text.contains(['$', '`']) || word.text == "-n",
    })
}

/// `$name`, `${name}`, `${name:-default}` at the start of a text: the name, the default, and what follows.
fn reference(text: &str) -> Option<(&str, Option<&str>, &str)> {
    let rest = text.strip_prefix('$')?;
    // filled in before the text is run
    if let Some((name, after)) = rest.strip_prefix("{{").and_then(|inner| inner.split_once("}}")) {
        return Some((name.trim(), None, after));
    }
    let Some(inner) = rest.strip_prefix('{') else {
        let end = match rest.chars().next()? {
            c if c.is_ascii_digit() || c == '#' => 1,
            c if c.is_ascii_alphabetic() || c == '_' => {
                rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len())
            }
            _ => return None,
        };
        return Some((rest.get(..end)?, None, rest.get(end..)?));
    };
    let (inner, after) = inner.split_once('}')?;
    let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
    let (name, operation) = inner.split_at(end);
    if name.is_empty() {
        return None;
    }
    match operation {
        "" => Some((name, None, after)),
        _ => {
            let default = operation.strip_prefix(":-").or_else(|| operation.strip_prefix(":="))?;
            Some((name, Some(default), after))
        }
    }
}

#[cfg(test)]
mod tests;
