//! Hashing of small numbers that we made ourselves, where nobody outside can choose them.

use std::hash::{BuildHasherDefault, Hasher};

/// For maps from numbers.
pub(crate) type Quick = BuildHasherDefault<Mixer>;

/// Mixes numbers by multiplication.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        // the table takes the upper bits from one place and the lower from another
        self.0 ^ (self.0 >> 29)
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|b| self.write_u64(u64::from(*b)));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(23) ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }
}
