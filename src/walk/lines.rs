//! Lines of files for snippets; each file that is quoted is read once more, and only then.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::Inventory;
use crate::source::{Location, RepoPath, SourceFile};

/// The lines of an inventory's files.
pub struct Lines<'i> {
    inventory: &'i Inventory,
    read: RefCell<BTreeMap<RepoPath, Option<SourceFile>>>,
}

impl<'i> Lines<'i> {
    /// Nothing is read yet.
    pub fn new(inventory: &'i Inventory) -> Self {
        Self { inventory, read: RefCell::default() }
    }

    /// The text of a line; empty where there is none, or the file cannot be read.
    pub fn line(&self, at: &Location) -> String {
        let mut read = self.read.borrow_mut();
        let file = read.entry(at.path.clone()).or_insert_with(|| self.inventory.read(&at.path).ok());
        file.as_ref().map(|f| f.line_text(at.line).to_owned()).unwrap_or_default()
    }
}
