//! The repository as Git knows it: tree, index, blobs, commits. The only user of git2.
