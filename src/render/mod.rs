//! The result in words.
