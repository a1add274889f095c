//! Keys of structured documents.

use super::text::cut;
use super::{Hit, Look};
use crate::rules::pattern::Format;
use crate::rules::signal::{Condition, TreeMatch};
use crate::signals::find::owner_at;
use crate::source::extension;
use crate::syntax::tree::{Kind, Node};

/// Every node (or document) on which all conditions hold.
pub(crate) fn find(matcher: &TreeMatch, format: Format, look: &Look<'_>) -> Vec<Hit> {
    let Some(tree) = &look.facts.tree else { return Vec::new() };
    let patterns = &look.catalog.patterns;
    let globs = matcher.files.all();
    if !is_format(look.path, format) || (!globs.is_empty() && !globs.iter().any(|g| patterns.glob(g, look.path))) {
        return Vec::new();
    }
    let mut hits = Vec::new();
    for doc in tree.docs() {
        let nodes = match matcher.each.as_deref() {
            Some(each) => doc.find(each),
            None => vec![doc],
        };
        for node in nodes {
            if !matcher.conditions.iter().all(|c| holds(c, node, look)) {
                continue;
            }
            let (line, end, what) = place(matcher, node);
            hits.push(Hit { end_line: Some(end), ..Hit::new(line, owner_at(look, line), what) });
        }
    }
    hits
}

fn is_format(path: &str, format: Format) -> bool {
    let is = match extension(path) {
        Some("yml" | "yaml") => Format::Yaml,
        Some("json") => Format::Json,
        Some("toml") => Format::Toml,
        Some("tf" | "hcl" | "tfvars") => Format::Hcl,
        Some("cfg" | "ini") => Format::Ini,
        // files with a name of their own
        _ if path.ends_with("dvc.lock") || path.ends_with(".dvc") || path.ends_with("MLproject") => Format::Yaml,
        _ if path.ends_with(".dvc/config") => Format::Ini,
        _ if path.ends_with("Pipfile") || path.ends_with(".lock") => Format::Toml,
        _ => return false,
    };
    is == format
}

fn nodes<'t>(node: Node<'t>, key: &str) -> Vec<Node<'t>> {
    if key == "." { vec![node] } else { node.find(key) }
}

fn holds(condition: &Condition, node: Node<'_>, look: &Look<'_>) -> bool {
    let found = nodes(node, &condition.key);
    let asks_value = !condition.equals.all().is_empty()
        || !condition.prefix.all().is_empty()
        || condition.matches.is_some()
        || condition.between.is_some();
    if !asks_value {
        return (!found.is_empty() == condition.exists.unwrap_or(true)) != condition.not;
    }
    let fits = |n: &Node<'_>| {
        let Some(text) = n.text() else { return false };
        (condition.equals.all().is_empty() || condition.equals.all().iter().any(|e| e == text))
            && (condition.prefix.all().is_empty() || condition.prefix.all().iter().any(|p| text.starts_with(p.as_str())))
            && condition.matches.as_ref().is_none_or(|r| look.catalog.patterns.regex(r, text))
            && condition.between.is_none_or(|(low, high)| text.parse::<f64>().is_ok_and(|v| v > low && v < high))
    };
    // a list of scalars is tried item by item
    let any = found.iter().any(|n| fits(n) || (n.kind() == Kind::Seq && n.items().any(|i| fits(&i))));
    any != condition.not
}

/// The place that is reported, and what stands there.
fn place(matcher: &TreeMatch, node: Node<'_>) -> (u32, u32, String) {
    let positive = matcher.conditions.iter().find(|c| !c.not && c.exists != Some(false)).map(|c| c.key.as_str());
    let key = matcher.at.as_deref().or(positive).unwrap_or(".");
    let at = nodes(node, key).into_iter().next().unwrap_or(node);
    let name = key.rsplit(['.', ']']).next().unwrap_or(key).trim_matches('"');
    let (parent, last) = key.rsplit_once('.').map_or((".", key), |(p, l)| (p, l));
    // the line of the key says more than that of a nested value
    let line = nodes(node, parent).into_iter().find_map(|p| p.key_line(last.trim_matches('"'))).unwrap_or_else(|| at.line());
    let what = match at.text() {
        Some(text) if name != "." && !name.is_empty() => format!("{name}: {}", text.split_whitespace().collect::<Vec<_>>().join(" ")),
        Some(text) => text.to_owned(),
        None => name.to_owned(),
    };
    (line, at.end_line().max(line), cut(&what, 120))
}
