//! A structured file is parsed once, whichever of its readers ask for it.
//!
//! Several readers may want one file (a template and a manifest are both YAML), and rules ask for the keys of most. All
//! of them share one tree and what broke the rules of the format.

use std::sync::{Arc, OnceLock};

use super::{Context, unparsable};
use crate::rules::pattern::Format;
use crate::source::{Notice, RepoPath, SourceFile};
use crate::syntax::tree::Tree;
use crate::syntax::{SyntaxError, bicep, hcl, ini, json, toml, yaml};

/// What one file says, and what of it cannot be read.
#[derive(Debug)]
pub(crate) struct Document {
    /// Everything that was understood.
    pub(crate) tree: Arc<Tree>,
    errors: Vec<SyntaxError>,
}

impl Document {
    /// What cannot be read, as notices of the file.
    pub(crate) fn notices(&self, file: &SourceFile) -> Vec<Notice> {
        self.errors.iter().map(|error| unparsable(file, error)).collect()
    }

    fn of(text: &str, format: Format) -> Self {
        let parsed = match format {
            Format::Yaml => yaml::parse(text),
            Format::Json => json::parse(text),
            Format::Toml => toml::parse(text),
            Format::Hcl => hcl::parse(text),
            Format::Ini => ini::parse(text),
            Format::Bicep => bicep::parse(text),
        };
        Self { tree: Arc::new(parsed.tree), errors: parsed.errors }
    }
}

/// The one document that a context keeps: a file is hardly ever read as two formats.
#[derive(Debug, Default)]
pub(crate) struct Kept(OnceLock<(RepoPath, usize, Format, Arc<Document>)>);

impl Context<'_> {
    /// A file as a document, parsed when it is asked for first. A context is made for one file; any other is parsed anew.
    pub(crate) fn document(&self, file: &SourceFile, format: Format) -> Arc<Document> {
        let of = || Arc::new(Document::of(&file.text, format));
        let (path, length, kept, document) = self.kept.0.get_or_init(|| (file.path.clone(), file.text.len(), format, of()));
        let same = *path == file.path && *length == file.text.len() && *kept == format;
        if same { document.clone() } else { of() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_parsed_once_a_format() {
        let context = Context::default();
        let file = SourceFile::new("a.json".into(), "{\"a\": 1}".to_owned());
        let first = context.document(&file, Format::Json);
        assert!(Arc::ptr_eq(&first, &context.document(&file, Format::Json)));
        assert!(!Arc::ptr_eq(&first, &context.document(&file, Format::Yaml)));
        let other = SourceFile::new("b.json".into(), "{\"b\": 1}".to_owned());
        assert!(context.document(&other, Format::Json).tree.root().is_some_and(|root| root.get("b").is_some()));
    }
}
