//! What a reference leads to.
