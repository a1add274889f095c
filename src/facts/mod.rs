//! What each file states: the table of readers, and the rounds in which they read.
//!
//! Facts come in rounds. Round one reads what its name or a telling word asks for; each further round reads the files
//! that the facts so far lead to, until nothing new is asked for or the budget is spent. Every round is one parallel
//! map whose results are collected in path order, so the number of threads cannot be seen in the result.
//!
//! Invariants: a reader sees one file; a reader that panics loses that file alone, with a notice; nothing is executed.

pub(crate) mod ci;
pub(crate) mod code;
pub(crate) mod deploy;
mod document;
mod extract;
pub(crate) mod orchestrators;
pub(crate) mod packages;
pub(crate) mod runners;
pub(crate) mod shell;

use crate::fact::{FileFacts, Inputs, Joined};
use crate::rules::programs::Programs;
use crate::rules::surroundings::{Surroundings, Ways};
use crate::source::{Location, Notice, NoticeKind, SourceFile};
use crate::syntax::shell::Wrapper;
use crate::syntax::{self};
use crate::walk::Copies;

pub(crate) use extract::extract;

/// A reader: what it is called, which paths it reads, and how a file becomes facts.
pub(crate) struct Reader {
    /// For notices, and the key of [`read_for`].
    pub(crate) name: &'static str,
    /// Whether a path is its business, by name alone.
    pub(crate) wants: fn(&str) -> bool,
    /// When a wanted file is read.
    pub(crate) when: When,
    /// Turns one file into facts. Never fails: what it cannot read becomes a notice among the facts.
    pub(crate) read: fn(&SourceFile, &Context) -> FileFacts,
}

/// When a file that a reader wants is read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum When {
    /// In round one, always: few files, each telling by its name.
    Always,
    /// In round one where a word of some rule stands in its text; later where something leads to it.
    Telling,
    /// Only where something leads to it.
    LedTo,
    /// Where something leads to it; and in round one where its path and text say that it may start something by itself,
    /// for that alone (see [`Context::led_to`]).
    LedToOr(fn(&str, &str) -> bool),
    /// In round one where its path and text say that it is one; and where another file of its format asks for it.
    Recognised(fn(&str, &str) -> bool),
}

/// What every reader may know besides its file.
#[derive(Default)]
pub(crate) struct Context<'c> {
    /// Programs that run the command given to them.
    pub(crate) wrappers: &'c [Wrapper],
    /// What programs and published steps do with what they are given, where that is known.
    pub(crate) programs: Option<&'c Programs>,
    /// What services set by themselves, where that is known.
    pub(crate) surroundings: Option<&'c Surroundings>,
    /// Something leads to the file.
    pub(crate) led_to: bool,
    /// What other files of the same format ask of this one.
    pub(crate) joined: Joined,
    /// Copies of other repositories, which files may name.
    pub(crate) copies: Option<&'c Copies>,
    /// The file as a document, once something asked for it.
    pub(crate) kept: document::Kept,
}

impl Context<'_> {
    /// The root of the copy of another repository, as that revision of it is meant; none where no copy is given.
    pub(crate) fn copy(&self, name: &str, revision: Option<&str>) -> Option<String> {
        self.copies?.root(name, revision)
    }

    /// The ways in which services start something; `known` says that one of them does.
    pub(crate) fn ways(&self, known: bool) -> Ways {
        self.surroundings.map_or_else(Ways::default, |table| table.ways(known))
    }
}

/// Every reader, folder by folder. A path may have several; their facts are joined.
pub(crate) fn readers() -> impl Iterator<Item = &'static Reader> {
    [ci::ALL, orchestrators::ALL, runners::ALL, code::ALL, packages::ALL, deploy::ALL].into_iter().flatten()
}

/// Turns a file into facts for these sets of values: those its callers give, or those it takes from other files.
pub(crate) type ReadFor = fn(&SourceFile, &Context<'_>, &[Inputs]) -> FileFacts;

/// How a file is read for values, by the name of its reader.
fn read_for(reader: &str) -> Option<ReadFor> {
    let all = ci::CALLED.iter().copied().flatten().chain(runners::GIVEN).chain(code::CALLED).chain(deploy::CALLED);
    all.into_iter().find(|(name, _)| *name == reader).map(|(_, read)| *read)
}

/// A structured file that no reader lowers: its document alone, for rules that ask for keys.
fn document(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let Some(format) = crate::rules::pattern::format_at(&file.path) else { return FileFacts::default() };
    let document = context.document(file, format);
    FileFacts { notices: document.notices(file), tree: Some(document.tree.clone()), ..FileFacts::default() }
}

/// The notice for a part of a file that breaks the rules of its format.
pub(crate) fn unparsable(file: &SourceFile, error: &syntax::SyntaxError) -> Notice {
    Notice { at: Some(Location::line(&file.path, error.line)), kind: NoticeKind::Unparsable, text: error.message.clone() }
}
