//! What a clause comes to, and how answers are put together.

use std::collections::BTreeMap;

use super::chain::Chain;
use super::{Miss, Proof, rank};
use crate::verdict::Standing;
use crate::words::{Because, Verdict};

/// The answer to one clause.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) standing: Standing,
    pub(crate) signals: Vec<usize>,
    pub(crate) places: Vec<Proof>,
    pub(crate) chains: Vec<Chain>,
    /// For every `key=word` seen: the best standing of a path that carries it.
    pub(crate) qualified: BTreeMap<String, Standing>,
    /// What keeps it from being met, where an indicated answer knows.
    pub(crate) why: Option<Miss>,
}

impl Answer {
    pub(crate) fn plain(verdict: Verdict) -> Self {
        Self {
            standing: Standing::plain(verdict),
            signals: Vec::new(),
            places: Vec::new(),
            chains: Vec::new(),
            qualified: BTreeMap::new(),
            why: None,
        }
    }

    pub(crate) fn no() -> Self {
        Self::plain(Verdict::NotShown)
    }

    pub(crate) fn holds(&self) -> bool {
        matches!(self.standing.verdict, Verdict::Met | Verdict::Indicated | Verdict::Attested)
    }

    /// At most indicated, because of this; a worse reason of its own stays.
    pub(super) fn cap(mut self, because: Because) -> Self {
        let before = self.standing;
        self.standing = cap(self.standing, because);
        if self.standing != before {
            // what it said of itself is no longer what holds it down
            self.why = None;
        }
        for standing in self.qualified.values_mut() {
            *standing = cap(*standing, because);
        }
        self
    }

    /// Takes in the proof of a part that holds as well.
    pub(super) fn join(&mut self, other: Self) {
        self.signals.extend(other.signals);
        self.places.extend(other.places);
        self.chains.extend(other.chains);
        for (word, standing) in other.qualified {
            let best = self.qualified.entry(word).or_insert(standing);
            if rank(standing) > rank(*best) {
                *best = standing;
            }
        }
    }
}

/// All parts together, as good as the one that decides.
pub(super) fn joined(parts: Vec<Answer>, decides: usize) -> Answer {
    let mut all = Answer::plain(Verdict::Met);
    if let Some(part) = parts.get(decides) {
        all.standing = part.standing;
        all.why.clone_from(&part.why);
    }
    parts.into_iter().for_each(|part| all.join(part));
    all
}

pub(super) fn cap(standing: Standing, because: Because) -> Standing {
    match standing.verdict {
        Verdict::Met => Standing::indicated(because),
        Verdict::Indicated => Standing::indicated(standing.because.map_or(because, |b| b.min(because))),
        _ => standing,
    }
}
