//! Same tree, same bytes: on one thread or eight, and wherever the tree lies.

use std::fs;
use std::path::Path;

struct Quiet;

impl treering::Progress for Quiet {
    fn stage(&self, _: &'static str, _: u64, _: u64) {}
}

fn bytes(path: &Path, threads: usize) -> Vec<u8> {
    let catalog = treering::Catalog::embedded().expect("the built-in rules are sound");
    let options = treering::Options { threads: Some(threads), ..treering::Options::default() };
    let report = treering::scan(path, &catalog, &options, &Quiet).expect("a report");
    let mut out = Vec::new();
    treering::write(&report, treering::Format::Json, &mut out, &treering::Style::default()).expect("JSON");
    out
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() { copy(&path, &target) } else { drop(fs::copy(&path, &target).expect("a copy")) }
    }
}

#[test]
fn threads_and_places_do_not_show() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    for story in ["kitchen-sink", "broken-everything", "dvc-stages-in-order", "two-systems-scheduled-one"] {
        let repo = fixtures.join(story).join("repo");
        let one = bytes(&repo, 1);
        assert_eq!(one, bytes(&repo, 8), "{story}: the number of threads shows");
        let elsewhere = tempfile::tempdir().expect("a temporary folder");
        copy(&repo, elsewhere.path());
        assert_eq!(one, bytes(elsewhere.path(), 2), "{story}: the place of the tree shows");
    }
}
