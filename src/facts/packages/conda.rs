//! Conda environment files.

use std::sync::Arc;

use super::{dependency, normal, requirement};
use crate::fact::{FileFacts, Pin};
use crate::facts::{Context, Reader, When, unparsable};
use crate::source::{SourceFile, file_name};
use crate::syntax::tree::Node;
use crate::syntax::yaml;

/// `environment*.yml`, `conda*.yml`.
pub(crate) const READER: Reader = Reader { name: "conda environment", wants, when: When::Always, read };

fn wants(path: &str) -> bool {
    let name = file_name(path).to_lowercase();
    (name.ends_with(".yml") || name.ends_with(".yaml")) && (name.starts_with("environment") || name.starts_with("conda")) && !name.contains("lock")
}

fn read(file: &SourceFile, _: &Context<'_>) -> FileFacts {
    let parsed = yaml::parse(&file.text);
    let mut facts = FileFacts { notices: parsed.errors.iter().map(|e| unparsable(file, e)).collect(), ..FileFacts::default() };
    for item in parsed.tree.root().and_then(|r| r.get("dependencies")).into_iter().flat_map(Node::items) {
        if let Some(text) = item.text() {
            // channel::name=version=build
            let text = text.rsplit("::").next().unwrap_or(text);
            let (name, version) = text.split_once(['=', '>', '<', ' ']).map_or((text, None), |(n, v)| (n, Some(v)));
            let pin = match version {
                None => Pin::Bare,
                Some(_) if text.contains('>') || text.contains('<') || text.contains('*') => Pin::Range,
                Some(_) => Pin::Exact,
            };
            if normal(name) != "python" && normal(name) != "pip" {
                dependency(&mut facts, item.line(), (normal(name), version.map(str::to_owned), pin), None, false);
            }
        }
        for inner in item.get("pip").into_iter().flat_map(Node::items) {
            if let Some(parsed) = inner.text().and_then(requirement) {
                dependency(&mut facts, inner.line(), parsed, None, false);
            }
        }
    }
    facts.tree = Some(Arc::new(parsed.tree));
    facts
}
