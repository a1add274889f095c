//! Keys of structured documents.

use super::text::cut;
use super::{About, Hit, Look};
use crate::rules::pattern::{Format, format_at};
use crate::rules::signal::{Condition, TreeMatch};
use crate::signals::find::owner_at;
use crate::syntax::tree::{Kind, Node};

/// Every node (or document) on which all conditions hold.
pub(crate) fn find(matcher: &TreeMatch, format: Format, look: &Look<'_>) -> Vec<Hit> {
    let Some(tree) = &look.facts.tree else { return Vec::new() };
    let patterns = &look.catalog.patterns;
    let globs = matcher.files.all();
    if format_at(look.path) != Some(format) || (!globs.is_empty() && !globs.iter().any(|g| patterns.glob(g, look.path))) {
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
            let about = About::Node(node.line(), node.end_line(), node.id());
            hits.push(Hit { end_line: Some(end), about, ..Hit::new(line, owner_at(look, line), what) });
        }
    }
    hits
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
        return (found.is_empty() != condition.exists.unwrap_or(true)) != condition.not;
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
        Some(text) if name != "." && !name.is_empty() => {
            format!("{name}: {}", text.split_whitespace().collect::<Vec<_>>().join(" "))
        }
        Some(text) => text.to_owned(),
        None => name.to_owned(),
    };
    (line, at.end_line().max(line), cut(&what, 120))
}
