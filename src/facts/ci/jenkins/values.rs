//! What names stand for, as far as the file says it literally.

use std::collections::BTreeMap;

use crate::facts::shell::HOLE;
use crate::source::RepoPath;
use crate::syntax::groovy::{Kind, Part, Piece, arguments, statements};
use crate::syntax::shell::REPO_ROOT;

/// Most names that are kept.
const MAX_NAMES: usize = 1_000;

/// A text, and where it stands.
pub(super) struct Said {
    pub(super) text: String,
    pub(super) line: u32,
    /// Its lines are those of the file.
    pub(super) exact: bool,
}

/// What is known where a statement stands.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    /// Variables of the script with literal values.
    values: BTreeMap<String, String>,
    /// Variables of the environment.
    pub(super) environment: BTreeMap<String, String>,
    /// What the pipeline may be given, with what it is where nobody gives it.
    pub(super) parameters: BTreeMap<String, String>,
    /// Scripts by the variable that holds them.
    pub(super) loaded: BTreeMap<String, RepoPath>,
    /// Folder of the repository; none where that is not known.
    pub(super) dir: Option<String>,
    /// Variables that one statement of the whole file gives a value, and what it is: they are never anything else.
    once: BTreeMap<String, String>,
}

impl Scope {
    /// At the root of the workspace, which is that of the repository.
    pub(super) fn at_the_root() -> Self {
        let environment = BTreeMap::from([("WORKSPACE".to_owned(), REPO_ROOT.to_owned())]);
        Self { environment, dir: Some(".".to_owned()), ..Self::default() }
    }

    /// Takes the literal values that statements at the top give to names.
    pub(super) fn declare(&mut self, pieces: &[Piece]) {
        for statement in statements(pieces) {
            if let Some((name, value)) = assigned(statement)
                && let Some(said) = self.text(value)
            {
                self.set(&name, said.text);
            }
        }
    }

    /// Takes the names that the whole file gives one literal value each, wherever that stands.
    pub(super) fn settle(&mut self, pieces: &[Piece]) {
        let mut given = BTreeMap::new();
        bound(pieces, &mut given, 0);
        let once = given.into_iter().filter_map(|(name, value)| Some((name, value?)));
        self.once = once.filter(|(name, _)| !name.contains('.')).take(MAX_NAMES).collect();
    }

    /// What a name is wherever it is anything, if the file says so and nobody may give it another value.
    pub(super) fn never_but(&self, name: &str) -> Option<&str> {
        self.once.get(name).filter(|_| !self.parameters.contains_key(name)).map(String::as_str)
    }

    /// Gives a name a value; one that is given a second one is not known.
    pub(super) fn set(&mut self, name: &str, value: String) {
        if let Some(variable) = name.strip_prefix("env.") {
            self.environment.insert(variable.to_owned(), value);
        } else if self.values.len() < MAX_NAMES {
            let again = self.values.get(name).is_some_and(|known| *known != value);
            self.values.insert(name.to_owned(), if again { HOLE.to_owned() } else { value });
        }
    }

    /// The value of a name, with `env.` or `params.` in front or not.
    pub(super) fn of(&self, name: &str) -> Option<&str> {
        let found = match name.split_once('.') {
            Some(("env", rest)) => self.environment.get(rest).or_else(|| self.parameters.get(rest)),
            Some(("params", rest)) => self.parameters.get(rest),
            Some(_) => None,
            None => self.values.get(name).or_else(|| self.environment.get(name)).or_else(|| self.parameters.get(name)),
        };
        found.map(String::as_str)
    }

    /// What is put in a text for what it computes.
    fn computed(&self, source: &str) -> String {
        if let Some(known) = self.of(source) {
            return known.to_owned();
        }
        let name = source.strip_prefix("env.").unwrap_or(source);
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if is_name { format!("${{{name}}}") } else { HOLE.to_owned() }
    }

    /// The text that pieces come to: a string, strings added to each other, or a name that stands for one.
    pub(super) fn text(&self, pieces: &[Piece]) -> Option<Said> {
        let first = pieces.first()?;
        if let [one] = pieces
            && let Some(inside) = one.group('(')
        {
            // brackets only bind; they nest as deep as the script may
            return self.text(inside);
        }
        let mut said = Said { text: String::new(), line: first.line, exact: true };
        let mut number = 0;
        for part in pieces.split(|piece| piece.is("+")) {
            number += 1;
            match part {
                [piece, rest @ ..] if piece.text().is_some() && only_trims(rest) => {
                    let text = piece.text()?;
                    let put_in = |source: &str| self.computed(source);
                    let adds_lines = text.parts.iter().any(|p| matches!(p, Part::Computed(s) if put_in(s).contains('\n')));
                    said.exact &= text.exact && !adds_lines;
                    said.text.push_str(&text.with(&put_in));
                }
                _ => {
                    let name = dotted(part)?;
                    let known = self.of(&name);
                    // a name alone says nothing unless it is known
                    said.text.push_str(known.or((pieces.len() > 1).then_some(HOLE))?);
                }
            }
        }
        said.exact &= number == 1;
        Some(said)
    }

    /// The text of the argument with one of these names, or else of the first without a name.
    pub(super) fn argument(&self, call: &[&[Piece]], names: &[&str]) -> Option<Said> {
        self.text(given(call, names)?)
    }
}

/// Every name that something below binds, with the literal text that it is; none where that is another thing or two.
fn bound(pieces: &[Piece], given: &mut BTreeMap<String, Option<String>>, depth: usize) {
    /// Deepest brackets that are looked into.
    const DEEPEST: usize = 200;
    let mut opened: Vec<&str> = Vec::new();
    if depth > DEEPEST {
        return;
    }
    for (at, piece) in pieces.iter().enumerate() {
        let next = pieces.get(at + 1);
        let Some(name) = piece.word() else { continue };
        // `for (x in …)`, `{ x -> … }`, `x += …`, the parameters of a function, and `x++`
        let changed = |p: &Piece| {
            matches!(p.kind, Kind::Sign("->" | "+=" | "-=" | "*=" | "/=" | "<<" | "++" | "--")) || p.word() == Some("in")
        };
        if next.is_some_and(changed) || pieces.get(at.wrapping_sub(1)).is_some_and(|p| p.is("++") || p.is("--")) {
            opened.push(name);
        }
    }
    if let Some(arrow) = pieces.iter().take(12).position(|piece| piece.is("->")) {
        opened.extend(pieces.iter().take(arrow).filter_map(Piece::word));
    }
    for statement in statements(pieces) {
        let called = statement.first().and_then(Piece::word);
        if super::function(statement).is_some() || matches!(called, Some("for" | "catch" | "class")) {
            let heads = statement.iter().filter_map(|piece| piece.group('('));
            opened.extend(heads.flatten().filter_map(Piece::word));
        }
        // `(a, b) = …`
        if let Some(at) = statement.iter().position(|piece| piece.is("="))
            && let Some(several) = at.checked_sub(1).and_then(|before| statement.get(before)?.group('('))
        {
            opened.extend(several.iter().filter_map(Piece::word));
        }
        // a name that is nothing yet compares with no text
        if let Some((name, value)) =
            assigned(statement).filter(|(_, value)| !matches!(value, [one] if one.word() == Some("null")))
        {
            let literal = match value {
                [one] => one.text().and_then(crate::syntax::groovy::Text::literal),
                _ => None,
            };
            let again = given.contains_key(&name);
            given.insert(name, literal.filter(|_| !again));
        }
    }
    given.extend(opened.into_iter().map(|name| (name.to_owned(), None)));
    for piece in pieces {
        if let Kind::Group(_, inside) = &piece.kind {
            bound(inside, given, depth + 1);
        }
    }
}

/// Methods that change nothing but the blanks around a text.
fn only_trims(rest: &[Piece]) -> bool {
    rest.chunks(3).all(|part| match part {
        [dot, name, group] => {
            dot.is(".")
                && matches!(name.word(), Some("stripIndent" | "trim" | "stripMargin" | "toString"))
                && group.group('(').is_some()
        }
        _ => false,
    })
}

/// The argument with one of these names, or else the first without a name.
pub(super) fn given<'p>(call: &[&'p [Piece]], names: &[&str]) -> Option<&'p [Piece]> {
    named(call, names).or_else(|| call.iter().copied().find(|argument| !argument.get(1).is_some_and(|p| p.is(":"))))
}

/// The argument with one of these names.
pub(super) fn named<'p>(call: &[&'p [Piece]], names: &[&str]) -> Option<&'p [Piece]> {
    call.iter().copied().find_map(|argument| match argument {
        [key, colon, value @ ..] if colon.is(":") => {
            let key = key.word().map(str::to_owned).or_else(|| key.text()?.literal())?;
            names.contains(&key.as_str()).then_some(value)
        }
        _ => None,
    })
}

/// Names with dots between them, as one text.
pub(super) fn dotted(pieces: &[Piece]) -> Option<String> {
    let mut out = String::new();
    for (at, piece) in pieces.iter().enumerate() {
        match &piece.kind {
            Kind::Word(word) if at % 2 == 0 => out.push_str(word),
            Kind::Sign("." | "?.") if at % 2 == 1 => out.push('.'),
            _ => return None,
        }
    }
    (!out.is_empty() && !out.ends_with('.')).then_some(out)
}

/// The name and value of a statement that gives one a value.
pub(super) fn assigned(statement: &[Piece]) -> Option<(String, &[Piece])> {
    let at = statement.iter().position(|piece| piece.is("="))?;
    let (before, value) = (statement.get(..at)?, statement.get(at + 1..)?);
    // a type or `def` may stand in front
    let from = before.iter().rposition(|piece| piece.group('[').is_some() || piece.group('(').is_some()).map_or(0, |at| at + 1);
    let mut start = before.len().checked_sub(1)?;
    while start >= from + 2 && before.get(start - 1).is_some_and(|piece| piece.is(".")) {
        start -= 2;
    }
    let name = dotted(before.get(start.max(from)..)?)?;
    (!value.is_empty()).then_some((name, value))
}

/// A call: its name with dots, its arguments, its block, and what comes behind.
pub(super) struct Call<'p> {
    pub(super) name: String,
    pub(super) arguments: Vec<&'p [Piece]>,
    pub(super) block: Option<&'p [Piece]>,
    pub(super) rest: &'p [Piece],
    pub(super) line: u32,
}

impl<'p> Call<'p> {
    /// Takes a call apart, where pieces begin with one.
    pub(super) fn of(pieces: &'p [Piece]) -> Option<Self> {
        let line = pieces.first()?.line;
        let mut end = 0;
        while pieces.get(end).and_then(Piece::word).is_some() {
            end += 1;
            if !pieces.get(end).is_some_and(|piece| piece.is(".") || piece.is("?.")) {
                break;
            }
            end += 1;
        }
        let name = dotted(pieces.get(..end)?)?;
        let rest = pieces.get(end..)?;
        let mut call = Self { name, arguments: Vec::new(), block: None, rest, line };
        match rest.split_first() {
            Some((first, behind)) if first.group('(').is_some() => {
                call.arguments = arguments(first.group('(').unwrap_or(&[])).collect();
                call.rest = behind;
            }
            Some((first, _)) if first.group('{').is_some() => {}
            // signs ask something of a value; these are no arguments
            Some((first, _)) if matches!(first.kind, Kind::Sign(sign) if sign != "-" && sign != "!") => {}
            _ => {
                let block = rest.last().filter(|last| {
                    let before = rest.len().checked_sub(2).and_then(|at| rest.get(at));
                    last.group('{').is_some() && !before.is_some_and(|p| p.is(":") || p.is(","))
                });
                let (all, behind) = rest.split_at(rest.len() - usize::from(block.is_some()));
                call.arguments = arguments(all).collect();
                call.rest = behind;
            }
        }
        if let Some((first, behind)) = call.rest.split_first()
            && let Some(inside) = first.group('{')
        {
            call.block = Some(inside);
            call.rest = behind;
        } else if let Some([last]) = call.arguments.last()
            && let Some(inside) = last.group('{')
        {
            // `stage('x', { … })` and `stage 'x', { … }` hand over the very block
            call.block = Some(inside);
            call.arguments.pop();
        }
        Some(call)
    }
}
