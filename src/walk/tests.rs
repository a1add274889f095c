use std::path::Path;

use super::*;
use crate::git::made::{Made, fifo};
use crate::git::{Search, open};

fn listed(path: &Path, revision: Option<&str>, limits: &Limits) -> (Inventory, Vec<Notice>) {
    let opened = open(path, Search::Here, revision).unwrap();
    list(&opened.root, opened.repository.as_ref(), limits, revision.is_some()).unwrap()
}

fn of(path: &Path) -> Inventory {
    listed(path, None, &Limits::default()).0
}

fn paths(inventory: &Inventory) -> Vec<&str> {
    inventory.entries().iter().map(|e| &*e.path).collect()
}

fn why(inventory: &Inventory, path: &str) -> Option<SkipReason> {
    inventory.skipped().iter().find(|s| &*s.path == path).map(|s| s.why)
}

fn link(made: &Made, path: &str, target: &str) {
    std::os::unix::fs::symlink(target, made.path().join(path)).unwrap();
}

#[test]
fn folders_are_slices() {
    let inventory = Inventory::in_memory(&[("a/b.py", "1"), ("a.py", ""), ("a/c/d.py", ""), ("a-b/x", ""), ("./a/b.py", "2")]);
    assert_eq!(paths(&inventory), ["a-b/x", "a.py", "a/b.py", "a/c/d.py"]);
    assert_eq!(inventory.below("a").len(), 2);
    assert_eq!(inventory.below("a/c/").len(), 1);
    assert_eq!(inventory.below(".").len(), 4);
    assert!(inventory.is_dir("a/c") && !inventory.is_dir("a.py") && !inventory.is_dir("b"));
    assert_eq!(inventory.read("a/b.py").unwrap().text, "2");
}

#[test]
fn a_work_tree_is_what_the_next_commit_could_hold() {
    let made = Made::new();
    made.write(".gitignore", "*.log\n/out/\n").write("src/a.py", "a").write(".github/w.yml", "on: push").write("gone.py", "");
    made.write("forced.log", "tracked all the same");
    made.stage().stage_entry("forced.log", "tracked all the same", 0o100_644).stage_entry("out/deep/kept.txt", "kept", 0o100_644);
    made.write("out/deep/kept.txt", "kept").commit("first", 10);
    made.write("src/new.py", "new").write("noise.log", "").write("out/x", "").write("src/a.py", "changed");
    std::fs::remove_file(made.path().join("gone.py")).unwrap();
    // The folder above the root has an opinion that does not count.
    let inventory = of(made.path());
    assert_eq!(paths(&inventory), [".github/w.yml", ".gitignore", "forced.log", "out/deep/kept.txt", "src/a.py", "src/new.py"]);
    assert_eq!(inventory.dirty(), 3, "a changed, an untracked and a removed file");
    let blob = |path: &str| inventory.get(path).unwrap().blob.clone();
    assert_eq!(blob(".github/w.yml"), Some(made.blob("on: push")));
    assert_eq!(blob("out/deep/kept.txt"), Some(made.blob("kept")));
    assert_eq!(blob("src/a.py"), None);
    assert_eq!(inventory.read("src/a.py").unwrap().text, "changed");
}

#[test]
fn a_commit_is_read_without_the_disk() {
    let made = Made::new();
    made.write("a.py", "old").write("d/b.py", "b").commit_all("first", 10);
    made.write("a.py", "new").commit_all("second", 20);
    made.write("a.py", "newer").write("untracked", "");
    let (inventory, notices) = listed(made.path(), Some("HEAD~1"), &Limits::default());
    assert_eq!(paths(&inventory), ["a.py", "d/b.py"]);
    assert_eq!(inventory.read("a.py").unwrap().text, "old");
    assert_eq!(inventory.get("a.py").unwrap().size, 3);
    assert_eq!((inventory.dirty(), notices.len()), (0, 0));
    let bare = of(&made.path().join(".git"));
    assert_eq!(bare.read("a.py").unwrap().text, "new");
}

#[test]
fn outside_git_the_folders_own_ignore_files_count() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("in/.github")).unwrap();
    std::fs::write(folder.path().join(".gitignore"), "*\n").unwrap();
    for (path, text) in [("in/.gitignore", "x\n"), ("in/x", ""), ("in/.ignore", "y"), ("in/y", ""), ("in/.github/z", "")] {
        std::fs::write(folder.path().join(path), text).unwrap();
    }
    let inventory = of(&folder.path().join("in"));
    assert_eq!(paths(&inventory), [".github/z", ".gitignore", ".ignore"]);
}

#[test]
fn only_plain_files_are_opened() {
    let made = Made::new();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), "secret").unwrap();
    made.write("real.py", "real").write("dir/f", "");
    link(&made, "in.py", "real.py");
    link(&made, "out.py", outside.path().join("secret").to_str().unwrap());
    link(&made, "up", "../x");
    link(&made, "dangling", "nothing");
    link(&made, "loop", "loop");
    link(&made, "alias", "dir");
    link(&made, "device.py", "/dev/zero");
    made.commit_all("first", 10);
    let has_fifo = fifo(&made.path().join("pipe.yml")) && fifo(&made.path().join("dir/.gitignore"));
    let (inventory, notices) = listed(made.path(), None, &Limits::default());
    assert_eq!(paths(&inventory), ["dir/f", "in.py", "real.py"]);
    assert_eq!(inventory.get("in.py").unwrap().link.as_deref(), Some("real.py"));
    let read = inventory.read("in.py").unwrap();
    assert_eq!((read.text.as_str(), &*read.path), ("real", "in.py"));
    for (path, reason) in [
        ("out.py", SkipReason::LinkOutside),
        ("up", SkipReason::LinkOutside),
        ("device.py", SkipReason::LinkOutside),
        ("dangling", SkipReason::LinkNowhere),
        ("loop", SkipReason::LinkCircle),
        ("alias", SkipReason::LinkToFolder),
    ] {
        assert_eq!(why(&inventory, path), Some(reason), "{path}");
    }
    if has_fifo {
        assert_eq!(why(&inventory, "pipe.yml"), Some(SkipReason::Special));
        assert_eq!(why(&inventory, "dir/.gitignore"), Some(SkipReason::Special));
    }
    assert!(notices.iter().any(|n| n.text.contains("leads out") && n.text.contains("2 more")));
    // The same tree as a commit gives the same answer.
    let commit = listed(made.path(), Some("HEAD"), &Limits::default()).0;
    assert_eq!(paths(&commit), ["dir/f", "in.py", "real.py"]);
    assert_eq!(why(&commit, "out.py"), Some(SkipReason::LinkOutside));
}

#[test]
fn a_tracked_folder_replaced_by_a_link_leads_nowhere() {
    let made = Made::new();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("f.py"), "secret").unwrap();
    made.write("d/f.py", "own").commit_all("first", 10);
    std::fs::remove_dir_all(made.path().join("d")).unwrap();
    link(&made, "d", outside.path().to_str().unwrap());
    let inventory = of(made.path());
    assert!(inventory.entries().is_empty());
    assert!(inventory.read("d/f.py").is_err());
}

#[test]
fn names_that_lead_astray_are_left_out() {
    let made = Made::new();
    let blob = made.blob("x");
    let git = made.raw_tree(&[(0o100_644, "config", &blob)]);
    let tree = made.raw_tree(&[
        (0o100_644, "..", &blob),
        (0o040_000, ".GIT", &git),
        (0o100_644, "a/../../b", &blob),
        (0o100_644, "fine", &blob),
        (0o100_644, "fine", &blob),
        (0o160_000, "sub", &blob),
    ]);
    let commit = made.commit_tree(&tree);
    let (inventory, _) = listed(made.path(), Some(&commit), &Limits::default());
    assert_eq!(paths(&inventory), ["fine"]);
    assert_eq!(why(&inventory, ".."), Some(SkipReason::UnsafeName));
    assert_eq!(why(&inventory, ".GIT/config"), Some(SkipReason::UnsafeName));
    assert_eq!(why(&inventory, "sub"), Some(SkipReason::Submodule));
}

#[test]
fn other_repositories_are_not_entered() {
    let made = Made::new();
    made.write("a", "").stage().stage_entry("sub", "", 0o160_000).commit("first", 10);
    made.write("nested/.git/HEAD", "ref: refs/heads/main\n").write("nested/x.py", "").write("sub/y.py", "");
    let inventory = of(made.path());
    assert_eq!(paths(&inventory), ["a"]);
    assert_eq!(why(&inventory, "nested"), Some(SkipReason::NestedRepository));
    assert_eq!(why(&inventory, "sub"), Some(SkipReason::Submodule));
}

#[test]
fn what_the_clone_lacks_is_listed_and_not_readable() {
    let made = Made::new();
    made.write("a.py", "here").write("big.py", "not here").write("d/x", "x").commit_all("first", 10);
    made.forget(&made.blob("not here"));
    let (inventory, _) = listed(made.path(), Some("HEAD"), &Limits::default());
    assert!(inventory.contains("big.py"));
    assert_eq!(inventory.read("big.py").unwrap_err().kind, NoticeKind::Missing);
    assert_eq!(inventory.read("a.py").unwrap().text, "here");
}

#[test]
fn bounds_are_kept_and_told() {
    let made = Made::new();
    made.write("a", "12345").write("b.ipynb", "12345").write("c", "").write("d/e/f", "");
    let limits = Limits { file: 4, notebook: 5, files: 100, depth: 2 };
    let (inventory, notices) = listed(made.path(), None, &limits);
    assert_eq!(inventory.read("a").unwrap_err().kind, NoticeKind::TooLarge);
    assert!(inventory.read("b.ipynb").is_ok());
    assert_eq!(why(&inventory, "d/e/f"), Some(SkipReason::TooDeep));
    assert!(!inventory.is_incomplete() && notices.iter().any(|n| n.kind == NoticeKind::TooLarge));
    let (cut, _) = listed(made.path(), None, &Limits { files: 2, ..limits });
    assert_eq!(paths(&cut), ["a", "b.ipynb"]);
    assert!(cut.is_incomplete());
}

#[test]
fn names_that_are_no_text_are_listed_and_readable() {
    let made = Made::new();
    let name = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"caf\xe9.py");
    if std::fs::write(made.path().join(name), "x = 1").is_err() {
        return;
    }
    let (inventory, notices) = listed(made.path(), None, &Limits::default());
    assert_eq!(paths(&inventory), ["caf\u{fffd}.py"]);
    assert_eq!(inventory.read("caf\u{fffd}.py").unwrap().text, "x = 1");
    assert_eq!(notices.len(), 1);
    made.commit_all("first", 10);
    assert_eq!(of(made.path()).read("caf\u{fffd}.py").unwrap().text, "x = 1");
}

#[test]
fn what_is_no_text_is_told_apart() {
    let inventory = Inventory::in_memory(&[("a.bin", "a\0b"), ("t", "text")]);
    assert_eq!(inventory.read("a.bin").unwrap_err().kind, NoticeKind::Unparsable);
    assert_eq!(inventory.read("none").unwrap_err().kind, NoticeKind::Missing);
}

#[test]
fn what_a_sparse_work_tree_lacks_is_read_from_the_store() {
    let made = Made::new();
    made.write("a.py", "a").write("d/b.py", "b").commit_all("first", 10);
    std::fs::remove_file(made.path().join("d/b.py")).unwrap();
    assert_eq!(paths(&of(made.path())), ["a.py"]);
    // An index that cannot be read, in a sparse checkout: the commit stands in for it.
    made.write_git("info/sparse-checkout", "/a.py\n").write_git("index", "DIRC nonsense");
    let (inventory, notices) = listed(made.path(), None, &Limits::default());
    assert_eq!(paths(&inventory), ["a.py", "d/b.py"]);
    assert_eq!(inventory.read("d/b.py").unwrap().text, "b");
    assert_eq!((inventory.dirty(), notices.len()), (0, 1));
}
