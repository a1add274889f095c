//! Places in copies of other repositories, as people and programs are told them.
//!
//! Inside, a path says by its beginning that it lies in a copy. In the report the repository stands beside the path, and in
//! a text before it (`OWNER/NAME:path`). It is done last and in one place, over the whole report as plain data, so that no
//! text is forgotten.
//!
//! Invariant: where no copy is given, the report is not touched.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::WithInput;
use crate::source::{self, COPIES};
use crate::walk::Copies;

/// Deepest nesting of a report that is looked at; it has a fixed form and comes nowhere near.
const DEEPEST: usize = 64;

/// What the report says of the copies that were given.
pub(super) fn given(copies: &Copies) -> Vec<WithInput> {
    let one =
        |copy: &crate::walk::Given| WithInput { repository: copy.name.clone(), commit: copy.commit.clone(), dirty: copy.differs };
    copies.all().iter().map(one).collect()
}

/// The report, or a part of one, with every place in a copy told as such.
pub(crate) fn told<T: Serialize + DeserializeOwned>(part: T, copies: &Copies) -> T {
    if copies.all().is_empty() {
        return part;
    }
    let Ok(mut value) = serde_json::to_value(&part) else { return part };
    tell(&mut value, copies, DEEPEST);
    serde_json::from_value(value).unwrap_or(part)
}

fn tell(value: &mut Value, copies: &Copies, depth: usize) {
    let Some(left) = depth.checked_sub(1) else { return };
    match value {
        Value::String(text) => {
            if text.contains(COPIES) {
                *text = text_of(text, copies);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| tell(item, copies, left)),
        Value::Object(map) => {
            if let Some((repository, path)) = map.get("path").and_then(Value::as_str).and_then(|path| place(path, copies)) {
                map.insert("repository".to_owned(), repository.into());
                map.insert("path".to_owned(), path.into());
            }
            map.values_mut().for_each(|item| tell(item, copies, left));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The repository of a path that lies in a copy, and the path there.
pub(crate) fn place(path: &str, copies: &Copies) -> Option<(String, String)> {
    let (copy, _) = copies.of(path)?;
    Some((copy.name.clone(), source::within(path).to_owned()))
}

/// `owner/name` of what is named in another repository, as `--with` takes it.
pub(crate) fn repository_of(outside: &str) -> Option<&str> {
    let plain = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    let (owner, rest) = outside.split_once('/')?;
    let name = rest.split(['/', '@', ':']).next()?;
    // what is pulled from a host of packages or images is no repository of source
    let file = rest.contains('/') || rest.contains('@');
    (file && plain(owner) && !owner.contains('.') && plain(name)).then(|| &outside[..owner.len() + 1 + name.len()])
}

/// A text that may name places in copies.
pub(crate) fn text_of(text: &str, copies: &Copies) -> String {
    let mut told = text.to_owned();
    for copy in copies.all() {
        let [meant, doubted] = copy.roots();
        for root in [doubted, meant] {
            told = told.replace(&format!("{root}/"), &format!("{}:", copy.name));
            // the root itself, and no longer name that begins with it
            let mut rest = told.as_str();
            let mut out = String::with_capacity(told.len());
            while let Some((before, after)) = rest.split_once(&root) {
                let longer = after.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '~'));
                out.push_str(before);
                out.push_str(if longer { &root } else { &copy.name });
                rest = after;
            }
            out.push_str(rest);
            told = out;
        }
    }
    told
}
