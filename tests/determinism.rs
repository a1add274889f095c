//! Same tree, same bytes: on one thread or eight, and wherever the tree lies.

use std::fs;
use std::path::Path;

struct Quiet;

impl treering::Progress for Quiet {
    fn stage(&self, _: &'static str, _: u64, _: u64) {}
}

fn bytes(path: &Path, catalog: &treering::Catalog, threads: usize) -> Vec<u8> {
    let options = treering::Options { threads: Some(threads), ..treering::Options::default() };
    let report = treering::scan(path, catalog, &options, &Quiet).expect("a report");
    let mut out = Vec::new();
    treering::write(&report, treering::Format::Json, &mut out, &treering::Style::default()).expect("JSON");
    out
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a copy");
        }
    }
}

#[test]
fn threads_and_places_do_not_show() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let catalog = treering::Catalog::embedded().expect("the built-in rules are sound");
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
        let one = bytes(&repo, &catalog, 1);
        assert!(one.len() > 1000, "{story}: hardly a report");
        assert!(one == bytes(&repo, &catalog, 8), "{story}: the number of threads shows");
        let elsewhere = tempfile::tempdir().expect("a temporary folder");
        copy(&repo, elsewhere.path());
        assert!(one == bytes(elsewhere.path(), &catalog, 2), "{story}: the place of the tree shows");
    }
}

/// The same commit, in a clone of the clone: of a repository only what Git hands on may show.
#[test]
fn a_commit_says_the_same_wherever_it_lies() {
    let catalog = treering::Catalog::embedded().expect("the built-in rules are sound");
    let repo = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/kitchen-sink/repo");
    let first = tempfile::tempdir().expect("a temporary folder");
    copy(&repo, first.path());
    commit(first.path());
    let second = tempfile::tempdir().expect("a temporary folder");
    copy(first.path(), second.path());
    let one = bytes(first.path(), &catalog, 1);
    assert!(one == bytes(first.path(), &catalog, 8), "the number of threads shows");
    assert!(one == bytes(second.path(), &catalog, 2), "the place of the repository shows");
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
