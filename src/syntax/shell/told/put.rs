//! What a script is told, put into the words of its commands: only what is certain, where it stands.

use std::collections::BTreeMap;

use super::super::{Command, HOLE, Script, Word};
use super::{Text, Told, Values, is_all};

/// The words of every command of a script that is told arguments, with what is certain put in; none where that changes
/// nothing. What is left out where it stands, because it is empty, is left out.
pub fn put_in(script: &Script, told: &Told) -> Vec<Option<Vec<Word>>> {
    let asks = |c: &Command| told.arguments.is_some() && !c.substitution && c.words.iter().any(|w| !w.literal);
    let mut text = Text { script, told, values: BTreeMap::new(), parameters: BTreeMap::new(), tests: BTreeMap::new() };
    let words = |(at, command): (usize, &Command)| asks(command).then(|| text.put(at, command)).flatten();
    script.commands.iter().enumerate().map(words).collect()
}

impl Text<'_> {
    /// The words of a command with all put in that is certain.
    fn put(&mut self, at: usize, command: &Command) -> Option<Vec<Word>> {
        let mut words: Vec<Word> = Vec::new();
        for word in &command.words {
            let taken = || self.taken(at, command.function);
            let values: Vec<Values> = if word.literal {
                vec![]
            } else if is_all(&word.text) {
                let taken = taken()?;
                self.arguments(command.function, 0)?.into_iter().skip(taken).collect()
            } else {
                match self.numbered(word, at, command.function, 0) {
                    Some(value) => vec![value],
                    None => vec![self.expand(&word.text, command.function, 0)],
                }
            };
            if word.literal {
                words.push(word.clone());
                continue;
            }
            for value in values {
                match value {
                    Values::Of(all) if all.len() == 1 => {
                        let text = all.into_iter().next().filter(|text| !text.is_empty());
                        words.extend(text.map(|text| Word { text, literal: true }));
                    }
                    _ if is_all(&word.text) => words.push(Word { text: HOLE.to_owned(), literal: false }),
                    _ => words.push(word.clone()),
                }
            }
        }
        (words != command.words).then_some(words)
    }
}
