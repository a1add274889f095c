//! What the commits say.
