//! Repositories made for a test, in a folder that goes away with it.

use std::path::Path;

use tempfile::TempDir;

/// A repository with a work tree (or a bare one) that a test writes into.
pub struct Made {
    folder: TempDir,
    git: git2::Repository,
}

impl Made {
    /// An empty one, with a work tree.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = git2::RepositoryInitOptions::new();
        options.initial_head("main").external_template(false);
        let git = git2::Repository::init_opts(folder.path(), &options).unwrap();
        Self { folder, git }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file into the work tree.
    pub fn write(&self, path: &str, text: &str) -> &Self {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// Puts everything that is not ignored into the index, and takes out what is gone.
    pub fn stage(&self) -> &Self {
        let mut index = self.git.index().unwrap();
        index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
        index.update_all(["*"], None).unwrap();
        index.write().unwrap();
        self
    }

    /// Adds an entry to the index as it is, whatever its name.
    pub fn stage_entry(&self, path: &str, text: &str, mode: u32) -> &Self {
        let mut index = self.git.index().unwrap();
        let id = match mode {
            0o160_000 => git2::Oid::from_str("00112233445566778899aabbccddeeff00112233").unwrap(),
            _ => self.git.blob(text.as_bytes()).unwrap(),
        };
        let time = git2::IndexTime::new(0, 0);
        let path = path.as_bytes().to_vec();
        let entry = git2::IndexEntry {
            ctime: time,
            mtime: time,
            dev: 0,
            ino: 0,
            mode,
            uid: 0,
            gid: 0,
            file_size: 0,
            id,
            flags: 0,
            flags_extended: 0,
            path,
        };
        index.add(&entry).unwrap();
        index.write().unwrap();
        self
    }

    /// Commits the index on `HEAD`; the id.
    pub fn commit(&self, message: &str, seconds: i64) -> String {
        self.commit_by(message, seconds, "Ada", "ada@example.org", &[])
    }

    /// Commits everything in the work tree.
    pub fn commit_all(&self, message: &str, seconds: i64) -> String {
        self.stage().commit(message, seconds)
    }

    /// Commits the index, by somebody, with further parents.
    pub fn commit_by(&self, message: &str, seconds: i64, name: &str, email: &str, further: &[&str]) -> String {
        let time = git2::Time::new(seconds, 0);
        let who = git2::Signature::new(name, email, &time).unwrap();
        let tree = self.git.find_tree(self.git.index().unwrap().write_tree().unwrap()).unwrap();
        let head = self.git.head().ok().and_then(|h| h.peel_to_commit().ok());
        let further = further.iter().map(|hex| self.git.find_commit(git2::Oid::from_str(hex).unwrap()).unwrap());
        let parents: Vec<_> = head.into_iter().chain(further).collect();
        let parents: Vec<_> = parents.iter().collect();
        self.git.commit(Some("HEAD"), &who, &who, message, &tree, &parents).unwrap().to_string()
    }

    /// A commit with the tree of another and the parents given, on no branch.
    pub fn commit_aside(&self, like: &str, message: &str, seconds: i64, parents: &[&str]) -> String {
        let who = git2::Signature::new("Bob", "bob@example.org", &git2::Time::new(seconds, 0)).unwrap();
        let find = |hex: &str| self.git.find_commit(git2::Oid::from_str(hex).unwrap()).unwrap();
        let parents: Vec<_> = parents.iter().map(|hex| find(hex)).collect();
        let parents: Vec<_> = parents.iter().collect();
        self.git.commit(None, &who, &who, message, &find(like).tree().unwrap(), &parents).unwrap().to_string()
    }

    /// A tag; annotated where there is a message.
    pub fn tag(&self, name: &str, commit: &str, message: Option<&str>) -> &Self {
        let object = self.git.find_object(git2::Oid::from_str(commit).unwrap(), None).unwrap();
        let who = git2::Signature::new("Ada", "ada@example.org", &git2::Time::new(0, 0)).unwrap();
        match message {
            Some(message) => self.git.tag(name, &object, &who, message, false).unwrap(),
            None => self.git.tag_lightweight(name, &object, false).unwrap(),
        };
        self
    }

    /// Writes a file of Git's own data.
    pub fn write_git(&self, path: &str, text: &str) -> &Self {
        let path = self.git.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// Removes a loose object, as a partial clone would lack it.
    pub fn forget(&self, hex: &str) {
        std::fs::remove_file(self.git.path().join(format!("objects/{}/{}", &hex[..2], &hex[2..]))).unwrap();
    }

    /// A tree object of raw bytes; its id.
    pub fn raw_tree(&self, entries: &[(u32, &str, &str)]) -> String {
        let mut bytes = Vec::new();
        for (mode, name, hex) in entries {
            bytes.extend_from_slice(format!("{mode:o} {name}\0").as_bytes());
            bytes.extend_from_slice(git2::Oid::from_str(hex).unwrap().as_bytes());
        }
        self.git.odb().unwrap().write(git2::ObjectType::Tree, &bytes).unwrap().to_string()
    }

    /// A blob; its id.
    pub fn blob(&self, text: &str) -> String {
        self.git.blob(text.as_bytes()).unwrap().to_string()
    }

    /// A commit of a raw tree, on no branch.
    pub fn commit_tree(&self, tree: &str) -> String {
        let text = format!("tree {tree}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nraw\n");
        self.git.odb().unwrap().write(git2::ObjectType::Commit, text.as_bytes()).unwrap().to_string()
    }
}

/// Makes a FIFO; `false` where the system has none.
pub fn fifo(path: &Path) -> bool {
    std::process::Command::new("mkfifo").arg(path).status().is_ok_and(|status| status.success())
}
