//! `Pipfile`: dependencies by category.

use std::sync::Arc;

use super::pyproject::table;
use crate::fact::FileFacts;
use crate::facts::{Context, Reader, When, unparsable};
use crate::source::{SourceFile, file_name};
use crate::syntax::toml;

/// `Pipfile`.
pub(crate) const READER: Reader =
    Reader { name: "Pipfile", wants: |path| file_name(path) == "Pipfile", when: When::Always, read };

fn read(file: &SourceFile, _: &Context<'_>) -> FileFacts {
    let parsed = toml::parse(&file.text);
    let mut facts = FileFacts { notices: parsed.errors.iter().map(|e| unparsable(file, e)).collect(), ..FileFacts::default() };
    for (key, body) in parsed.tree.root().into_iter().flat_map(|root| root.entries().collect::<Vec<_>>()) {
        let group = match key.text {
            "source" | "requires" | "scripts" | "pipenv" => continue,
            "packages" => None,
            "dev-packages" => Some("dev"),
            other => Some(other),
        };
        table(Some(body), group, super::requirement::pin, &mut facts);
    }
    facts.tree = Some(Arc::new(parsed.tree));
    facts
}
