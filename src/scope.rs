//! Why each file is there.
