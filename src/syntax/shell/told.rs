//! What a script is told, held against its conditions: which of its commands cannot run.
//!
//! `run.sh --plan` reads the same text as `run.sh --apply` and does something else. Every variable and argument has a
//! set of possible values, gathered from the whole text whatever the order of its lines; a condition that none of them
//! fulfils keeps its commands from running. Nothing is executed, and what is not understood may be anything.
//!
//! Invariant: a command is only ruled out where no order of events could let it run with these arguments.

mod put;

use std::collections::{BTreeMap, BTreeSet};

use super::{Command, Condition, ConditionKind, Options, Script, Word, parse};
pub use put::put_in;

/// Most values that something may have before it may be anything.
const MAX_VALUES: usize = 64;
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
    let tested = |c: &Command| c.conditions.iter().any(|condition| condition.test.contains('$'));
    if !script.commands.iter().any(tested) {
        return none;
    }
    let mut text = Text { script, told, values: BTreeMap::new(), parameters: BTreeMap::new(), tests: BTreeMap::new() };
    let mut ended: Option<String> = None;
    let mut out = none;
    for (command, why) in script.commands.iter().zip(&mut out) {
        *why = match &ended {
            Some(end) if command.function.is_none() => Some(end.clone()),
            _ => text.never(command),
        };
        let ends = matches!(command.words.first(), Some(word) if word.text == "exit") && command.function.is_none();
        if ends && why.is_none() && !command.conditions.is_empty() && !command.substitution && text.always(command) {
            ended = Some(text.because(command.conditions.last().map_or("", |c| c.test.as_str()), "it ends where"));
        }
    }
    out
}

/// What something may be.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Values {
    Any,
    Of(BTreeSet<String>),
}

impl Values {
    fn one(text: &str) -> Self {
        Self::Of(BTreeSet::from([text.to_owned()]))
    }

    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Of(mut all), Self::Of(more)) if all.len() + more.len() <= MAX_VALUES => {
                all.extend(more);
                Self::Of(all)
            }
            _ => Self::Any,
        }
    }
}

/// Whether a test may succeed, and whether it may fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct May {
    succeed: bool,
    fail: bool,
}

impl May {
    const EITHER: Self = Self { succeed: true, fail: true };

    fn not(self) -> Self {
        Self { succeed: self.fail, fail: self.succeed }
    }

    fn and(self, other: Self) -> Self {
        Self { succeed: self.succeed && other.succeed, fail: self.fail || other.fail }
    }

    fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }
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
        if condition.test.len() > MAX_TEST || !condition.test.contains('$') || depth > DEPTH {
            return May::EITHER;
        }
        match condition.kind {
            ConditionKind::Loop => May::EITHER,
            ConditionKind::Case => self.arm(&condition.test, within, depth),
            ConditionKind::If | ConditionKind::And => self.list(&condition.test, within, depth),
            ConditionKind::Else | ConditionKind::Or => self.list(&condition.test, within, depth).not(),
        }
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
        let fits = |value: &String| patterns.iter().any(|pattern| matches(pattern, value));
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
        if !parsed.errors.is_empty() || parsed.commands.iter().any(|c| c.substitution || c.words.is_empty()) {
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
                let (Values::Of(left), Values::Of(right)) = (self.word(left, within, depth), self.word(right, within, depth))
                else {
                    return May::EITHER;
                };
                let fits = |of: &dyn Fn(&str, &str) -> bool| {
                    let all: Vec<bool> = left.iter().flat_map(|l| right.iter().map(|r| of(l, r))).collect();
                    May { succeed: all.contains(&true), fail: all.contains(&false) }
                };
                let number = |of: &dyn Fn(i64, i64) -> bool| {
                    let parsed = |all: &BTreeSet<String>| all.iter().all(|text| text.trim().parse::<i64>().is_ok());
                    if !parsed(&left) || !parsed(&right) {
                        return May::EITHER;
                    }
                    fits(&|l, r| of(l.trim().parse().unwrap_or(0), r.trim().parse().unwrap_or(0)))
                };
                match operator.text.as_str() {
                    "=" | "==" => fits(&|l, r| matches(r, l)),
                    "!=" => fits(&|l, r| matches(r, l)).not(),
                    "-eq" => number(&|l, r| l == r),
                    "-ne" => number(&|l, r| l != r),
                    "-lt" => number(&|l, r| l < r),
                    "-le" => number(&|l, r| l <= r),
                    "-gt" => number(&|l, r| l > r),
                    "-ge" => number(&|l, r| l >= r),
                    _ => May::EITHER,
                }
            }
            _ => May::EITHER,
        }
    }

    fn is_empty(&mut self, word: &Word, within: Option<usize>, depth: usize) -> May {
        match self.word(word, within, depth) {
            Values::Any => May::EITHER,
            Values::Of(all) => May { succeed: all.contains(""), fail: all.iter().any(|value| !value.is_empty()) },
        }
    }

    fn word(&mut self, word: &Word, within: Option<usize>, depth: usize) -> Values {
        if word.literal { Values::one(&word.text) } else { self.expand(&word.text, within, depth) }
    }

    /// What a word with at most one expansion in it may be.
    fn expand(&mut self, text: &str, within: Option<usize>, depth: usize) -> Values {
        let Some(at) = text.find('$') else {
            return if text.contains('`') { Values::Any } else { Values::one(text) };
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
            return Values::Any;
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

    /// Every value that the text, or who starts it, may give to a variable.
    fn assigned(&mut self, name: &str, depth: usize) -> Values {
        let script = self.script;
        if script.counted.contains(name) {
            return Values::Any;
        }
        let mut values: Option<Values> = self.told.variables.get(name).map(|value| Values::one(value));
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

/// Whether a value fits a pattern of the shell; a pattern with a set of letters fits everything.
fn matches(pattern: &str, value: &str) -> bool {
    if pattern.contains('[') || pattern.contains('\\') {
        return true;
    }
    let (pattern, value): (Vec<char>, Vec<char>) = (pattern.chars().collect(), value.chars().collect());
    let (mut p, mut v) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while v < value.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, v));
                p += 1;
            }
            Some(c) if *c == '?' || value.get(v) == Some(c) => {
                p += 1;
                v += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    v = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests;
