use super::made::{Made, fifo};
use super::*;

fn opened(path: &Path) -> Opened {
    open(path, Search::Here, None).unwrap()
}

/// The one notice of a repository that was refused.
fn refused(made: &Made) -> String {
    let opened = opened(made.path());
    assert!(opened.repository.is_none());
    assert_eq!(opened.notices.len(), 1);
    opened.notices[0].text.clone()
}

fn one_commit() -> (Made, String) {
    let made = Made::new();
    let id = made.write("a.txt", "one").commit_all("first", 1_700_000_000);
    (made, id)
}

#[test]
fn what_a_report_says_of_it() {
    let (made, id) = one_commit();
    made.write_git("config", "[remote \"origin\"]\n\turl = https://me:token@Example.org/o/n.git\n");
    made.write_git("refs/remotes/origin/HEAD", "ref: refs/remotes/origin/trunk\n");
    made.write_git("refs/remotes/origin/trunk", &format!("{id}\n"));
    let repository = opened(made.path()).repository.unwrap();
    let information = repository.information();
    assert_eq!(information.commit.as_deref(), Some(&*id));
    assert_eq!(information.committed.as_deref(), Some("2023-11-14T22:13:20Z"));
    assert_eq!(information.remote.as_deref(), Some("example.org/o/n"));
    assert_eq!(information.branches, ["main", "trunk"]);
    assert_eq!(information.default_branch.as_deref(), Some("trunk"));
    assert_eq!(information.head_branch.as_deref(), Some("main"));
}

#[test]
fn it_is_found_from_below_only_if_asked() {
    let (made, _) = one_commit();
    made.write("sub/dir/x", "");
    let below = made.path().join("sub/dir");
    assert!(opened(&below).repository.is_none());
    let found = open(&below, Search::Upwards, None).unwrap();
    assert!(found.repository.is_some());
    assert_eq!(found.root, made.path().canonicalize().unwrap());
}

#[test]
fn revisions_are_understood() {
    let (made, first) = one_commit();
    let second = made.write("a.txt", "two").commit_all("second", 1_700_000_100);
    made.tag("v1", &first, Some("annotated"));
    made.tag("v2", &second, None);
    let resolved =
        |text: &str| open(made.path(), Search::Here, Some(text)).map(|o| o.repository.unwrap().commit().unwrap().to_string());
    for text in ["HEAD~1", "main^", "@^1", "v1", "tags/v1^{commit}", "v1^{}", &first, &first[..8], "refs/heads/main~"] {
        assert_eq!(resolved(text).unwrap(), first, "{text}");
    }
    assert_eq!(resolved("v2").unwrap(), second);
    for text in ["nope", "HEAD~2", "HEAD^2", "HEAD@{1}", "HEAD:a.txt", "", "^", "HEAD^{tree}", "~99999999999999999999"] {
        assert!(matches!(resolved(text), Err(Error::Revision { .. })), "{text}");
    }
    let plain = tempfile::tempdir().unwrap();
    assert!(matches!(open(plain.path(), Search::Here, Some("HEAD")), Err(Error::Revision { .. })));
}

#[test]
fn no_folder_is_an_error_and_no_repository_is_not() {
    let plain = tempfile::tempdir().unwrap();
    assert!(matches!(open(&plain.path().join("x"), Search::Here, None), Err(Error::Unreadable { .. })));
    let opened = opened(plain.path());
    assert!(opened.repository.is_none() && opened.notices.is_empty());
}

#[test]
fn an_unborn_branch_is_a_notice() {
    let made = Made::new();
    let opened = opened(made.path());
    assert_eq!(opened.repository.map(|r| r.commit()), Some(None));
    assert_eq!(opened.notices.len(), 1);
}

#[test]
fn traps_are_refused_before_they_are_opened() {
    let (made, _) = one_commit();
    made.write_git("config", "[extensions]\n\tobjectformat = sha256\n");
    assert!(refused(&made).contains("SHA-1"));

    let (made, _) = one_commit();
    made.write_git("config", "[extensions]\n\trefStorage = reftable\n");
    assert!(refused(&made).contains("reftable"));

    for place in ["packed-refs", "objects/info/alternates", "objects/pack/pack-1.idx", "shallow"] {
        let (made, _) = one_commit();
        std::fs::create_dir_all(made.path().join(".git/objects/info")).unwrap();
        if fifo(&made.path().join(".git").join(place)) {
            assert!(refused(&made).contains("plain file"), "{place}");
        }
    }
}

#[test]
fn what_a_configuration_includes_is_not_opened() {
    // a checkout in CI keeps its credentials in a file beside; here whoever opens one waits for ever
    let (made, id) = one_commit();
    let own = "[core]\n\tbare = false\n[remote \"origin\"]\n\turl = https://example.org/o/n\n";
    let included = "[includeIf \"gitdir:**\"]\n\tpath = trap\n[include]\n\tpath = trap\n\tpath = config\n";
    made.write_git("config", &format!("{own}{included}"));
    fifo(&made.path().join(".git/trap"));
    let opened = opened(made.path());
    assert!(opened.notices.is_empty());
    let information = opened.repository.unwrap().information();
    assert_eq!((information.commit, information.remote.as_deref()), (Some(id), Some("example.org/o/n")));

    // the format of the repository is what its own file says, whatever else is included
    made.write_git("config", &format!("{included}[extensions]\n\tobjectformat = sha256\n"));
    assert!(refused(&made).contains("SHA-1"));
}

#[test]
fn a_git_file_must_lead_to_a_folder_that_points_back() {
    let (made, id) = one_commit();
    let elsewhere = tempfile::tempdir().unwrap();
    let data = made.path().join(".git");
    std::fs::write(elsewhere.path().join(".git"), format!("gitdir: {}\n", data.display())).unwrap();
    let stolen = opened(elsewhere.path());
    assert!(stolen.repository.is_none());
    assert!(stolen.notices[0].text.contains("does not know this work tree"));

    // A linked work tree, as `git worktree add` makes it.
    made.write_git("worktrees/w/commondir", "../..\n");
    made.write_git("worktrees/w/HEAD", &format!("{id}\n"));
    made.write_git("worktrees/w/gitdir", &format!("{}\n", elsewhere.path().join(".git").display()));
    let link = format!("gitdir: {}\n", data.join("worktrees/w").display());
    std::fs::write(elsewhere.path().join(".git"), link).unwrap();
    let repository = opened(elsewhere.path()).repository.unwrap();
    assert_eq!(repository.commit().unwrap().to_string(), id);
    assert!(!repository.is_bare());
}

#[test]
fn a_bare_repository_is_read() {
    let (made, id) = one_commit();
    made.write_git("config", "[core]\n\tbare = true\n");
    let bare = opened(&made.path().join(".git")).repository.unwrap();
    assert!(bare.is_bare());
    assert_eq!(bare.commit().unwrap().to_string(), id);
    assert_eq!(bare.file_at(bare.commit().unwrap(), "a.txt", 10).as_deref(), Some(&b"one"[..]));
    assert_eq!(bare.file_at(bare.commit().unwrap(), "a.txt", 2), None);
}

#[test]
fn a_bomb_of_trees_ends() {
    let made = Made::new();
    let mut tree = made.raw_tree(&[]);
    for _ in 0..9 {
        let names: Vec<String> = (0..10).map(|i| i.to_string()).collect();
        let entries: Vec<_> = names.iter().map(|n| (0o040_000, n.as_str(), tree.as_str())).collect();
        tree = made.raw_tree(&entries);
    }
    let commit = made.commit_tree(&tree);
    let repository = open(made.path(), Search::Here, Some(&commit)).unwrap().repository.unwrap();
    let listing = repository.tree(repository.commit().unwrap(), 20_000, 100).unwrap();
    assert!(listing.cut_off);
    let shallow = repository.tree(repository.commit().unwrap(), 20_000, 2).unwrap();
    assert!(!shallow.cut_off);
    assert_eq!(shallow.closed.len(), 100);
}

#[test]
fn mailmap_makes_two_addresses_one_person() {
    let made = Made::new();
    made.write(".mailmap", "Ada <ada@example.org> <ada@old.example>\n").commit_all("m", 5);
    let identities = opened(made.path()).repository.unwrap().identities();
    let key = |name: &str, email: &str| identities.key(&Person { name: name.into(), email: email.into() });
    assert_eq!(key("A. L.", "ada@old.example"), key("Ada", "ADA@example.org"));
    assert_ne!(key("Bob", "bob@example.org"), key("Ada", "ada@example.org"));
    assert_eq!(key("", ""), key("", ""));
}
