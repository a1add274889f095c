//! What the tests that scan have in common: a scan in silence, its bytes, a copy of a tree, a dice that always falls alike.
#![allow(dead_code)] // each file of tests takes what it needs

pub mod dice;

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

/// The built-in rules, loaded once for all tests of a file.
pub static RULES: LazyLock<treering::Catalog> =
    LazyLock::new(|| treering::Catalog::embedded().expect("the built-in rules are sound"));

/// Progress that nobody watches.
pub struct Quiet;

impl treering::Progress for Quiet {
    fn stage(&self, _: &'static str, _: u64, _: u64) {}
}

/// The report of a folder that is scanned alone, in so many threads.
pub fn report(path: &Path, threads: usize) -> treering::Report {
    let options = treering::Options { threads: Some(threads), ..treering::Options::default() };
    treering::scan(path, &RULES, &options, &Quiet).expect("a report")
}

/// The same as the bytes of its JSON.
pub fn bytes(path: &Path, threads: usize) -> Vec<u8> {
    let mut out = Vec::new();
    treering::write(&report(path, threads), treering::Format::Json, &mut out, &treering::Style::default()).expect("JSON");
    out
}

/// Copies a folder with all that lies in it.
pub fn copy(from: &Path, to: &Path) {
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
