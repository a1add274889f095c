//! The short and the long way to write a matcher: a word, a list of words, or a map of conditions.
//!
//! Written by hand so that a mistake inside the long form is reported with its own words and line; an untagged enum
//! would only say that nothing fitted.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::signal::{CallMatch, CommandMatch, DependencyMatch, ImportMatch, OneOrMany, PathMatch, UsesMatch};

/// A scalar as text: `true` and `3` are words too where words are compared.
struct Scalar(String);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Words;
        impl Visitor<'_> for Words {
            type Value = Scalar;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a word")
            }
            fn visit_str<E: Error>(self, word: &str) -> Result<Scalar, E> {
                Ok(Scalar(word.to_owned()))
            }
            fn visit_bool<E: Error>(self, word: bool) -> Result<Scalar, E> {
                Ok(Scalar(word.to_string()))
            }
            fn visit_i64<E: Error>(self, word: i64) -> Result<Scalar, E> {
                Ok(Scalar(word.to_string()))
            }
            fn visit_u64<E: Error>(self, word: u64) -> Result<Scalar, E> {
                Ok(Scalar(word.to_string()))
            }
            fn visit_f64<E: Error>(self, word: f64) -> Result<Scalar, E> {
                Ok(Scalar(word.to_string()))
            }
        }
        from.deserialize_any(Words)
    }
}

/// Reads a type from a word, a list of words, or (where there is a long form) a map.
macro_rules! short_or_long {
    ($name:ident, $what:literal, |$words:ident| $short:expr $(, $long:path)?) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                struct Form;
                impl<'de> Visitor<'de> for Form {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($what)
                    }
                    fn visit_str<E: Error>(self, word: &str) -> Result<$name, E> {
                        let $words = OneOrMany::One(word.to_owned());
                        Ok($short)
                    }
                    fn visit_bool<E: Error>(self, word: bool) -> Result<$name, E> {
                        self.visit_str(&word.to_string())
                    }
                    fn visit_i64<E: Error>(self, word: i64) -> Result<$name, E> {
                        self.visit_str(&word.to_string())
                    }
                    fn visit_u64<E: Error>(self, word: u64) -> Result<$name, E> {
                        self.visit_str(&word.to_string())
                    }
                    fn visit_f64<E: Error>(self, word: f64) -> Result<$name, E> {
                        self.visit_str(&word.to_string())
                    }
                    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<$name, A::Error> {
                        let mut many = Vec::new();
                        while let Some(Scalar(word)) = list.next_element()? {
                            many.push(word);
                        }
                        let $words = OneOrMany::Many(many);
                        Ok($short)
                    }
                    $(fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<$name, A::Error> {
                        Deserialize::deserialize(MapAccessDeserializer::new(map)).map($long)
                    })?
                }
                from.deserialize_any(Form)
            }
        }
    };
}

short_or_long!(OneOrMany, "a word or a list of words", |words| words);
short_or_long!(PathMatch, "a glob, a list of globs, or a map with `any`", |words| PathMatch::Globs(words), PathMatch::Full);
short_or_long!(ImportMatch, "a dotted name or a list of them", |words| ImportMatch::Names(words));
short_or_long!(
    CallMatch,
    "a dotted name, a list of them, or a map of conditions",
    |words| CallMatch::Names(words),
    CallMatch::Full
);
short_or_long!(
    CommandMatch,
    "a command line, a list of them, or a map with `words`",
    |words| CommandMatch::Words(words),
    CommandMatch::Full
);
short_or_long!(UsesMatch, "a reference, a list of them, or a map with `name`", |words| UsesMatch::Names(words), UsesMatch::Full);
short_or_long!(
    DependencyMatch,
    "a distribution, a list of them, or a map with `any`",
    |words| DependencyMatch::Names(words),
    DependencyMatch::Full
);
