//! What one file states: plain data, nothing that reads.
