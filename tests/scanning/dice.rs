//! Chance that is the same in every run: a xorshift, so that a failure comes back.

/// Throws numbers that depend on nothing but the seed.
pub struct Dice(u64);

impl Dice {
    /// The dice of a seed; neighbouring seeds have nothing in common.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `sides`; 0 where there are none.
    pub fn below(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap_or(0).checked_rem(sides).unwrap_or(0)
    }

    /// At most so many of these, in their order.
    pub fn some<T>(&mut self, mut all: Vec<T>, most: usize) -> Vec<T> {
        while all.len() > most {
            let out = self.below(all.len());
            all.remove(out);
        }
        all
    }
}
