//! What the repository is, and its systems.
