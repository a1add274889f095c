//! What was found about every practice of one system: the words that judging hands to grading.
//!
//! Kept apart from both, so that the judge of practices and the maturity models share no more than this table.
//! Invariant: reading never fails; what is not in the table is unknown, never silently absent.

use std::collections::BTreeMap;

use crate::words::{Because, Unknown, Verdict};

/// Where one practice or probe stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The verdict.
    pub verdict: Verdict,
    /// Of an indicated one: what keeps it from being met.
    pub because: Option<Because>,
    /// Of an unknown one: why nothing can be said.
    pub unknown: Option<Unknown>,
}

impl Standing {
    /// A standing that needs no reason: met, attested, not shown, contradicted or not applicable.
    pub const fn plain(verdict: Verdict) -> Self {
        Self { verdict, because: None, unknown: None }
    }

    /// Indicated, and why it is no more than that.
    pub const fn indicated(because: Because) -> Self {
        Self { verdict: Verdict::Indicated, because: Some(because), unknown: None }
    }

    /// Unknown, and why.
    pub const fn unknown(unknown: Unknown) -> Self {
        Self { verdict: Verdict::Unknown, because: None, unknown: Some(unknown) }
    }
}

/// Every practice and probe of one system by its id, and by `id[key=word]` where a qualifier was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Verdicts(BTreeMap<String, Standing>);

impl Verdicts {
    /// The standing under a key.
    ///
    /// A qualified key that is not in the table takes what the bare id says where that is unknown or not applicable;
    /// any other bare standing means that the word was looked for and not found.
    /// A bare id that is not in the table is unknown: nobody looked.
    pub fn get(&self, key: &str) -> Standing {
        if let Some(standing) = self.0.get(key) {
            return *standing;
        }
        let nobody_looked = Standing::unknown(Unknown::NoDetector);
        let Some((id, _)) = key.split_once('[') else {
            return nobody_looked;
        };
        match self.0.get(id).copied().unwrap_or(nobody_looked) {
            bare if matches!(bare.verdict, Verdict::Unknown | Verdict::NotApplicable) => bare,
            _ => Standing::plain(Verdict::NotShown),
        }
    }

    /// Whether a person attested this very thing (used for criteria that no repository can show, by their id).
    pub fn is_attested(&self, key: &str) -> bool {
        self.0.get(key).is_some_and(|s| s.verdict == Verdict::Attested)
    }

    /// Whether anything at all was attested.
    pub fn has_attestations(&self) -> bool {
        self.0.values().any(|s| s.verdict == Verdict::Attested)
    }
}

/// How tests write a table, entry by entry.
#[cfg(test)]
impl Verdicts {
    /// An empty table: everything in it is unknown for want of a detector.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a standing under an id, or under an id with its qualifier in brackets; a later one replaces an earlier one.
    pub fn insert(&mut self, key: impl Into<String>, standing: Standing) {
        self.0.insert(key.into(), standing);
    }

    /// All of the table, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Standing)> {
        self.0.iter().map(|(key, standing)| (key.as_str(), *standing))
    }
}

impl FromIterator<(String, Standing)> for Verdicts {
    fn from_iter<T: IntoIterator<Item = (String, Standing)>>(entries: T) -> Self {
        Self(entries.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_qualifier_is_only_as_known_as_its_practice() {
        let mut verdicts = Verdicts::new();
        verdicts.insert("a.met", Standing::plain(Verdict::Met));
        verdicts.insert("a.na", Standing::plain(Verdict::NotApplicable));
        verdicts.insert("a.dark", Standing::unknown(Unknown::NoHistory));
        verdicts.insert("a.dark[env=prod]", Standing::plain(Verdict::Met));
        assert_eq!(verdicts.get("a.met[env=prod]").verdict, Verdict::NotShown);
        assert_eq!(verdicts.get("a.na[env=prod]").verdict, Verdict::NotApplicable);
        assert_eq!(verdicts.get("a.dark[env=test]").unknown, Some(Unknown::NoHistory));
        assert_eq!(verdicts.get("a.dark[env=prod]").verdict, Verdict::Met);
        assert_eq!(verdicts.get("a.nothing").unknown, Some(Unknown::NoDetector));
        assert_eq!(verdicts.get("a.nothing[env=prod]").unknown, Some(Unknown::NoDetector));
    }
}
