//! Values that `dvc.yaml` takes from parameter files: `${model.dir}`.
//!
//! Which files a pipeline takes them from stands in it, and so do some values; what the files hold is known to who has
//! seen them, so the pipeline is read again with what they give. What stays unknown stays as it is written.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::fact::{Inputs, Templated};
use crate::source::{self, RepoPath};
use crate::syntax::tree::{Kind, Node};

/// Most different names that are looked up for one pipeline.
const MAX_NAMES: usize = 1_000;
/// Most nodes looked through.
const MAX_NODES: usize = 50_000;

/// The names that a pipeline asks for, and the files that may give them; none where it asks for nothing.
pub(super) fn asked(root: Node<'_>, home: &str) -> Option<Templated> {
    let mut names: BTreeSet<String> = BTreeSet::new();
    let mut waiting = vec![root];
    let mut left = MAX_NODES;
    while let Some(node) = waiting.pop() {
        left = left.saturating_sub(1);
        if left == 0 || names.len() >= MAX_NAMES {
            break;
        }
        match node.kind() {
            Kind::Map => {
                for (key, value) in node.entries() {
                    names.extend(holes(key.text).map(|(_, name)| name.to_owned()));
                    waiting.push(value);
                }
            }
            Kind::Seq => waiting.extend(node.items()),
            _ => names.extend(node.text().into_iter().flat_map(holes).map(|(_, name)| name.to_owned())),
        }
    }
    if names.is_empty() {
        return None;
    }
    let mut files: Vec<RepoPath> = Vec::new();
    let mut given = Inputs::new();
    for item in root.get("vars").into_iter().flat_map(Node::items) {
        match (item.kind(), item.text()) {
            (Kind::Map, _) => {
                let found = names.iter().filter_map(|name| Some((name.clone(), item.at(name)?.to_owned())));
                given.extend(found);
            }
            // `file.yaml:key` takes some of its keys
            (_, Some(file)) => files.extend(source::join(home, file.split(':').next().unwrap_or(file)).map(RepoPath::from)),
            _ => {}
        }
    }
    files.extend(source::join(home, "params.yaml").map(RepoPath::from));
    names.retain(|name| !given.contains_key(name));
    Some(Templated { names, files, given })
}

/// A text with the values that are known.
pub(super) fn fill<'t>(text: &'t str, values: &Inputs) -> Cow<'t, str> {
    if values.is_empty() || !text.contains("${") {
        return Cow::Borrowed(text);
    }
    let mut filled = String::with_capacity(text.len());
    let mut from = 0;
    for (range, name) in holes(text) {
        if let Some(value) = values.get(name) {
            filled.push_str(text.get(from..range.start).unwrap_or(""));
            filled.push_str(value);
            from = range.end;
        }
    }
    filled.push_str(text.get(from..).unwrap_or(""));
    Cow::Owned(filled)
}

/// Each `${name}` that is not escaped: where it stands, and the name.
fn holes(text: &str) -> impl Iterator<Item = (std::ops::Range<usize>, &str)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let start = from + text.get(from..)?.find("${")?;
            let end = start + text.get(start..)?.find('}')?;
            from = end + 1;
            let name = text.get(start + 2..end)?.trim();
            let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']');
            if !name.is_empty() && name.chars().all(plain) && !text.get(..start)?.ends_with('\\') {
                return Some((start..end + 1, name));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::yaml;

    #[test]
    fn names_are_found_and_filled() {
        let text = "vars:\n  - more.yaml:a\n  - b: {c: [x, y]}\nstages:\n  s:\n    cmd: run ${ a.d } ${b.c[1]} \\${no} ${item}\n";
        let parsed = yaml::parse(text);
        let root = parsed.tree.root().unwrap_or_else(|| panic!("no root"));
        let asked = asked(root, "ml").unwrap_or_else(|| panic!("nothing asked"));
        assert_eq!(asked.names.iter().map(String::as_str).collect::<Vec<_>>(), ["a.d", "item"]);
        assert_eq!(asked.files, ["ml/more.yaml", "ml/params.yaml"].map(RepoPath::from));
        let mut values = asked.given;
        assert_eq!(values.get("b.c[1]").map(String::as_str), Some("y"));
        values.insert("a.d".to_owned(), "1".to_owned());
        assert_eq!(fill("run ${ a.d } ${b.c[1]} \\${no} ${item}", &values), "run 1 y \\${no} ${item}");
    }
}
