//! The words of a command line, shared out to what a program says it takes.
//!
//! Invariant: a word that is not literal, and an option that nobody defined, leave open whatever they might give; nothing
//! is taken to be left out that such a word could hold.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use crate::syntax::shell::Word;

/// What a value is, as far as the command line decides it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// Not known.
    Unknown,
    /// `None`.
    None,
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A text.
    Str(String),
    /// Several.
    List(Vec<What>),
    /// What the words were read as, by name.
    Names(Rc<Names>),
    /// All words, the program's own name first.
    Words,
    /// Some of the words.
    Tail,
    /// A text that the environment holds.
    Environment,
}

/// A value, and how the command line said it; none where it did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Val {
    pub(super) what: What,
    pub(super) by: Option<Rc<str>>,
}

impl Val {
    pub(super) const UNKNOWN: Self = Self { what: What::Unknown, by: None };

    pub(super) fn plain(what: What) -> Self {
        Self { what, by: None }
    }

    pub(super) fn told(what: What, by: &str) -> Self {
        Self { what, by: Some(by.into()) }
    }
}

/// Values by the names that the program has for them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Names {
    values: BTreeMap<String, Val>,
    /// Said of every name that is not there.
    rest: Option<Rc<str>>,
    /// Names lie inside each other, told with dots.
    nested: bool,
}

impl Names {
    /// The value of a name.
    pub(super) fn get(&self, name: &str) -> Val {
        if let Some(known) = self.values.get(name) {
            return known.clone();
        }
        let rest = || Val { what: What::Unknown, by: self.rest.clone() };
        if !self.nested {
            return rest();
        }
        let inner = |(key, val): (&String, &Val)| {
            let inside = key.strip_prefix(name)?.strip_prefix('.')?;
            Some((inside.to_owned(), val.clone()))
        };
        let values: BTreeMap<String, Val> = self.values.iter().filter_map(inner).collect();
        if values.is_empty() {
            return rest();
        }
        Val::plain(What::Names(Rc::new(Self { values, rest: self.rest.clone(), nested: true })))
    }

    /// All values, as a function takes them.
    pub(super) fn into_values(self) -> BTreeMap<String, Val> {
        self.values
    }
}

/// How many words an argument takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// None: it is there or not.
    Nothing,
    /// One.
    One,
    /// One or none.
    Maybe,
    /// So many.
    Count(usize),
    /// As many as there are.
    Many,
}

/// What becomes of the text of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It stays.
    Text,
    /// A number.
    Int,
    /// True, whatever it is.
    Filled,
    /// A word for yes or no.
    Switch,
    /// What it would be in Python.
    Literal,
    /// Only a run knows.
    Other,
}

/// Something that a command line takes.
#[derive(Debug, Clone)]
pub(super) struct Argument {
    /// The options that give it; none where its place does.
    pub(super) flags: Vec<String>,
    /// The options that take it back.
    pub(super) negated: Vec<String>,
    /// Its name in the program.
    pub(super) name: String,
    pub(super) takes: Takes,
    pub(super) kind: Kind,
    /// Its value where it is given without a word.
    pub(super) set: What,
    /// Its value where it is not given.
    pub(super) default: Val,
    /// Each time adds one.
    pub(super) again: bool,
    /// The command word behind which alone it stands.
    pub(super) behind: Option<String>,
    /// Its word is such a command word.
    pub(super) chooses: bool,
}

impl Argument {
    pub(super) fn named(name: String, flags: Vec<String>) -> Self {
        Self {
            flags,
            negated: Vec::new(),
            name,
            takes: Takes::One,
            kind: Kind::Text,
            set: What::Bool(true),
            default: Val::plain(What::None),
            again: false,
            behind: None,
            chooses: false,
        }
    }
}

/// What the text of one word is.
pub(super) fn typed(kind: Kind, word: &Word, by: &str) -> Val {
    let text = word.text.as_str();
    if !word.literal {
        return Val::told(What::Unknown, by);
    }
    let what = match kind {
        Kind::Text => What::Str(text.to_owned()),
        Kind::Int => text.parse().map_or(What::Unknown, What::Int),
        Kind::Filled => What::Bool(!text.is_empty()),
        Kind::Switch => match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "on" | "1" => What::Bool(true),
            "false" | "f" | "no" | "n" | "off" | "0" => What::Bool(false),
            _ => What::Unknown,
        },
        Kind::Literal => literal(text),
        Kind::Other => What::Unknown,
    };
    Val::told(what, by)
}

/// What a text is that is read as a literal where it is one.
fn literal(text: &str) -> What {
    match text.to_ascii_lowercase().as_str() {
        "true" => return What::Bool(true),
        "false" => return What::Bool(false),
        "none" | "null" => return What::None,
        _ => {}
    }
    if let Ok(number) = text.parse() {
        return What::Int(number);
    }
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'/'));
    // a number with a point, a list, a mapping or a quoted text is something else than it looks
    if plain && text.parse::<f64>().is_err() { What::Str(text.to_owned()) } else { What::Unknown }
}

/// The sentence about words that could hold anything.
fn open(word: &Word) -> Rc<str> {
    format!("`{}`", word.text).into()
}

/// `key=value` words, as a configuration is overridden.
pub(super) fn keys(words: &[Word]) -> Names {
    let mut names = Names { nested: true, ..Names::default() };
    for word in words {
        let text = word.text.trim_start_matches('+');
        match text.split_once('=').filter(|(key, _)| !key.starts_with('-')) {
            Some((key, value)) if !key.contains('$') => {
                let single = Word { text: value.to_owned(), literal: word.literal && !value.contains(',') };
                names.values.insert(key.to_owned(), typed(Kind::Literal, &single, &format!("`{key}={value}`")));
            }
            _ if !word.literal => names.rest = Some(open(word)),
            _ => {}
        }
    }
    names
}

/// Shares the words out.
pub(super) fn read(taken: &[Argument], words: &[Word]) -> Names {
    let behind = |a: &Argument, chosen: &[&str]| a.behind.as_deref().is_none_or(|word| chosen.contains(&word));
    let mut chosen: Vec<&str> = Vec::new();
    let mut places: VecDeque<&Argument> = taken.iter().filter(|a| a.flags.is_empty() && a.behind.is_none()).collect();
    let mut names = Names::default();
    let mut doubt: Option<Rc<str>> = None; // words may stand in another place
    let (mut at, mut places_only) = (0, false);
    while let Some(word) = words.get(at) {
        at += 1;
        let text = word.text.as_str();
        if text == "--" && !places_only {
            places_only = true;
            continue;
        }
        let option = !places_only && text.len() > 1 && text.starts_with('-') && text.parse::<f64>().is_err();
        if option {
            let (flag, inline) = match text.split_once('=') {
                Some((flag, value)) if text.starts_with("--") => (flag, Some(value.to_owned())),
                _ => (text, None),
            };
            let found = find(taken.iter().filter(|a| behind(a, &chosen)), flag).map(|a| (a, inline.clone())).or_else(|| {
                // `-mtrain`
                let short = text.get(..2).filter(|s| !s.ends_with('-') && text.len() > 2)?;
                let of = find(taken.iter().filter(|a| behind(a, &chosen)), short)?;
                (of.takes != Takes::Nothing).then(|| (of, text.get(2..).map(str::to_owned)))
            });
            match found {
                Some((argument, inline)) => at = give(&mut names, argument, word, flag, inline, words, at),
                None => {
                    names.rest.get_or_insert_with(|| open(word));
                    // what follows may be its value, or not
                    if inline.is_none() && words.get(at).is_some_and(|w| !w.text.starts_with('-')) {
                        doubt.get_or_insert_with(|| open(word));
                    }
                }
            }
            continue;
        }
        if !word.literal {
            // it may come to several words, and to none
            names.rest.get_or_insert_with(|| open(word));
            doubt.get_or_insert_with(|| open(word));
        }
        let Some(argument) = places.front().copied() else { continue };
        let value = match &doubt {
            Some(by) => Val { what: What::Unknown, by: Some(by.clone()) },
            None => typed(argument.kind, word, &format!("`{text}`")),
        };
        match argument.takes {
            Takes::Many | Takes::Count(_) => push(&mut names, argument, value),
            _ => drop(names.values.insert(argument.name.clone(), value)),
        }
        let full = match (argument.takes, names.values.get(&argument.name).map(|v| &v.what)) {
            (Takes::Many, _) => false,
            (Takes::Count(n), Some(What::List(items))) => items.len() >= n,
            _ => true,
        };
        if full {
            places.pop_front();
        }
        if argument.chooses && doubt.is_none() {
            chosen.push(text);
            places.extend(taken.iter().filter(|a| a.flags.is_empty() && a.behind.as_deref() == Some(text)));
        }
    }
    // what nothing was told for may still be
    names.rest = names.rest.take().or(doubt);
    for argument in taken.iter().filter(|a| behind(a, &chosen) || names.rest.is_some()) {
        let left_out = match &names.rest {
            Some(by) => Val { what: What::Unknown, by: Some(by.clone()) },
            None => {
                let known = argument.default.what != What::Unknown;
                let long = argument.flags.iter().rev().max_by_key(|f| f.starts_with("--")).unwrap_or(&argument.name);
                let by = argument.default.by.clone().or_else(|| known.then(|| format!("no `{long}`").into()));
                Val { by, ..argument.default.clone() }
            }
        };
        names.values.entry(argument.name.clone()).or_insert(left_out);
    }
    names
}

/// The argument of an option, which may be cut short as far as it stays the only one.
fn find<'a>(taken: impl Iterator<Item = &'a Argument> + Clone, flag: &str) -> Option<&'a Argument> {
    let has = |a: &&Argument| a.flags.iter().chain(&a.negated).any(|f| f == flag);
    if let Some(exact) = taken.clone().find(has) {
        return Some(exact);
    }
    let mut short = taken.filter(|a| flag.len() > 2 && flag.starts_with("--") && a.flags.iter().any(|f| f.starts_with(flag)));
    short.next().filter(|_| short.next().is_none())
}

/// Gives an option its words; says where the next one stands.
fn give(
    names: &mut Names,
    argument: &Argument,
    word: &Word,
    flag: &str,
    inline: Option<String>,
    words: &[Word],
    mut at: usize,
) -> usize {
    let mut set = |value: Val| match argument.again {
        true => push(names, argument, value),
        false => drop(names.values.insert(argument.name.clone(), value)),
    };
    let one = |text: &Word| typed(argument.kind, text, &format!("`{flag} {}`", text.text));
    if let Some(text) = inline {
        set(one(&Word { text, literal: word.literal }));
        return at;
    }
    let free = |at: usize| words.get(at).filter(|w| !w.text.starts_with('-') || w.text.parse::<f64>().is_ok());
    match argument.takes {
        Takes::Nothing => {
            let back = argument.negated.iter().any(|f| f == flag);
            set(Val::told(if back { What::Bool(false) } else { argument.set.clone() }, &format!("`{flag}`")));
        }
        Takes::One => {
            if let Some(text) = words.get(at) {
                set(one(text));
                at += 1;
            }
        }
        Takes::Maybe => match free(at) {
            Some(text) => {
                set(one(text));
                at += 1;
            }
            None => set(Val::told(argument.set.clone(), &format!("`{flag}`"))),
        },
        Takes::Many | Takes::Count(_) => {
            let most = if let Takes::Count(n) = argument.takes { n } else { usize::MAX };
            let mut items = Vec::new();
            let mut texts = vec![flag];
            while let Some(text) = free(at).filter(|_| items.len() < most) {
                items.push(if text.literal { typed(argument.kind, text, "").what } else { What::Unknown });
                texts.push(&text.text);
                at += 1;
            }
            set(Val::told(What::List(items), &format!("`{}`", texts.join(" "))));
        }
    }
    at
}

fn push(names: &mut Names, argument: &Argument, value: Val) {
    let Some(Val { what: What::List(items), by }) = names.values.get_mut(&argument.name) else {
        let by = value.by.clone();
        names.values.insert(argument.name.clone(), Val { what: What::List(vec![value.what]), by });
        return;
    };
    items.push(value.what);
    if let (Some(before), Some(more)) = (by.as_deref(), value.by.as_deref()) {
        *by = Some(format!("{} {}", before.trim_end_matches('`'), more.trim_start_matches('`')).into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Word> {
        text.split_whitespace().map(|w| Word { text: w.to_owned(), literal: !w.contains('$') }).collect()
    }

    fn taken() -> Vec<Argument> {
        let mode = Argument::named("mode".to_owned(), vec!["--mode".to_owned(), "-m".to_owned()]);
        let mut fast = Argument::named("fast".to_owned(), vec!["--fast".to_owned()]);
        (fast.takes, fast.default) = (Takes::Nothing, Val::plain(What::Bool(false)));
        let mut command = Argument::named("command".to_owned(), Vec::new());
        command.chooses = true;
        let mut lr = Argument::named("lr".to_owned(), vec!["--lr".to_owned()]);
        lr.behind = Some("train".to_owned());
        vec![mode, fast, command, lr]
    }

    fn told(line: &str, name: &str) -> (What, Option<String>) {
        let val = read(&taken(), &words(line)).get(name);
        (val.what, val.by.map(|b| b.to_string()))
    }

    #[test]
    fn options_and_places_are_given_their_words() {
        let text = |t: &str| What::Str(t.to_owned());
        for line in ["--mode fit", "--mode=fit", "-m fit", "-mfit", "--mo fit"] {
            assert_eq!(told(line, "mode").0, text("fit"), "{line}");
        }
        assert_eq!(told("--fast score", "fast"), (What::Bool(true), Some("`--fast`".to_owned())));
        assert_eq!(told("--fast score", "command").0, text("score"));
        assert_eq!(told("score", "fast"), (What::Bool(false), Some("no `--fast`".to_owned())));
        assert_eq!(told("train --lr 3", "lr").0, text("3"));
        assert_eq!(told("score", "lr").0, What::Unknown);
    }

    #[test]
    fn what_may_hold_anything_leaves_all_else_open() {
        assert_eq!(told("--mode $MODE", "mode"), (What::Unknown, Some("`--mode $MODE`".to_owned())));
        assert_eq!(told("--mode $MODE", "fast").0, What::Bool(false));
        assert_eq!(told("$ARGS", "fast").0, What::Unknown);
        assert_eq!(told("$ARGS", "command").0, What::Unknown);
        assert_eq!(told("--stranger score", "command").0, What::Unknown);
        assert_eq!(told("--stranger score", "fast").0, What::Unknown);
        assert_eq!(told("score $ARGS", "command").0, What::Str("score".to_owned()));
    }

    #[test]
    fn keys_lie_inside_each_other() {
        let names = keys(&words("mode=evaluate +trainer.epochs=3 data=$X a=1,2"));
        assert_eq!(names.get("mode").what, What::Str("evaluate".to_owned()));
        let What::Names(trainer) = names.get("trainer").what else { panic!() };
        assert_eq!(trainer.get("epochs").what, What::Int(3));
        assert_eq!((names.get("a").what, names.get("data").what), (What::Unknown, What::Unknown));
        assert_eq!(names.get("model"), Val::UNKNOWN);
    }
}
