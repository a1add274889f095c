//! Same tree, same bytes: on one thread or eight, and wherever the tree lies.

mod scanning;

use std::path::Path;

use scanning::{bytes, copy};

#[test]
fn threads_and_places_do_not_show() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    for story in [
        "broken-everything",
        "dvc-stages-in-order",
        "kitchen-sink",
        "make-include",
        "python-inherited-method",
        "reusable-workflow-called",
        "two-systems-scheduled-one",
    ] {
        let repo = fixtures.join(story).join("repo");
        let one = bytes(&repo, 1);
        assert!(one.len() > 1000, "{story}: hardly a report");
        assert!(one == bytes(&repo, 8), "{story}: the number of threads shows");
        let elsewhere = tempfile::tempdir().expect("a temporary folder");
        copy(&repo, elsewhere.path());
        assert!(one == bytes(elsewhere.path(), 2), "{story}: the place of the tree shows");
    }
}

/// The same commit, in a clone of the clone: of a repository only what Git hands on may show.
#[test]
fn a_commit_says_the_same_wherever_it_lies() {
    let repo = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/kitchen-sink/repo");
    let first = tempfile::tempdir().expect("a temporary folder");
    copy(&repo, first.path());
    commit(first.path());
    let second = tempfile::tempdir().expect("a temporary folder");
    copy(first.path(), second.path());
    let one = bytes(first.path(), 1);
    assert!(one == bytes(first.path(), 8), "the number of threads shows");
    assert!(one == bytes(second.path(), 2), "the place of the repository shows");
}

fn commit(folder: &Path) {
    let git = git2::Repository::init(folder).expect("a repository");
    let mut index = git.index().expect("an index");
    index.add_all(["*"], git2::IndexAddOption::FORCE, None).expect("files are added");
    index.write().expect("the index is written");
    let tree = git.find_tree(index.write_tree().expect("a tree")).expect("the tree");
    let who = git2::Signature::new("someone", "someone@example.com", &git2::Time::new(1_700_000_000, 0)).expect("a name");
    git.commit(Some("HEAD"), &who, &who, "All of it", &tree, &[]).expect("a commit");
}
