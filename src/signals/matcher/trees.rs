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
            if !matcher.conditions.iter().all(|c| holds(c, node, doc, look)) {
                continue;
            }
            let (line, end, what) = place(matcher, node, doc, look);
            let about = About::Node(node.line(), node.end_line(), node.id());
            hits.push(Hit { end_line: Some(end), about, ..Hit::new(line, owner_at(look, line), what) });
        }
    }
    hits
}

fn nodes<'t>(node: Node<'t>, key: &str) -> Vec<Node<'t>> {
    if key == "." { vec![node] } else { node.find(key) }
}

fn holds(condition: &Condition, node: Node<'_>, doc: Node<'_>, look: &Look<'_>) -> bool {
    let found = nodes(node, &condition.key);
    if !asks_value(condition) {
        return (found.is_empty() != condition.exists.unwrap_or(true)) != condition.not;
    }
    found.iter().any(|n| fits(condition, *n, doc, look)) != condition.not
}

fn asks_value(condition: &Condition) -> bool {
    !condition.equals.all().is_empty()
        || !condition.prefix.all().is_empty()
        || condition.matches.is_some()
        || condition.between.is_some()
}

/// Whether a node has the value that is asked for; a list of scalars is tried item by item.
fn fits(condition: &Condition, node: Node<'_>, doc: Node<'_>, look: &Look<'_>) -> bool {
    let one = |n: Node<'_>| {
        let Some(text) = said(n, doc) else { return false };
        (condition.equals.all().is_empty() || condition.equals.all().iter().any(|e| e == text))
            && (condition.prefix.all().is_empty() || condition.prefix.all().iter().any(|p| text.starts_with(p.as_str())))
            && condition.matches.as_ref().is_none_or(|r| look.catalog.patterns.regex(r, text))
            && condition.between.is_none_or(|(low, high)| text.parse::<f64>().is_ok_and(|v| v > low && v < high))
    };
    one(node) || (node.kind() == Kind::Seq && node.items().any(one))
}

/// The text of a value. One that names a parameter of its template says what that parameter is where nothing is given.
fn said<'t>(node: Node<'t>, doc: Node<'t>) -> Option<&'t str> {
    let referred = match (node.tag(), node.kind()) {
        (Some("!Ref"), _) => node.text(),
        (None, Kind::Map) => {
            let mut entries = node.entries();
            entries.next().filter(|(key, _)| key.text == "Ref" && entries.next().is_none()).and_then(|(_, name)| name.text())
        }
        _ => None,
    };
    let default = match referred {
        Some(name) => doc.get("Parameters").and_then(|all| all.get(name)?.get("Default")?.text()),
        None => {
            let name = node.text().and_then(|text| text.strip_prefix("[parameters('")?.strip_suffix("')]"));
            name.and_then(|name| doc.get("parameters")?.get(name)?.get("defaultValue")?.text())
        }
    };
    default.or_else(|| node.text())
}

/// The place that is reported, and what stands there: of several nodes at one key the first that fits.
fn place(matcher: &TreeMatch, node: Node<'_>, doc: Node<'_>, look: &Look<'_>) -> (u32, u32, String) {
    let positive = matcher.conditions.iter().find(|c| !c.not && c.exists != Some(false)).map(|c| c.key.as_str());
    let key = matcher.at.as_deref().or(positive).unwrap_or(".");
    let asked = matcher.conditions.iter().find(|c| !c.not && c.key == key && asks_value(c));
    let all = written(node, key);
    let fitting = asked.and_then(|asked| all.iter().find(|(_, n)| fits(asked, *n, doc, look)));
    let (line, at) = fitting.or_else(|| all.first()).copied().unwrap_or((node.line(), node));
    let name = key.rsplit(['.', ']']).next().unwrap_or(key).trim_matches('"');
    let what = match at.text() {
        Some(text) if name != "." && !name.is_empty() => {
            format!("{name}: {}", text.split_whitespace().collect::<Vec<_>>().join(" "))
        }
        Some(text) => text.to_owned(),
        None => name.to_owned(),
    };
    (line, at.end_line().max(line), cut(&what, 120))
}

/// The nodes at a key, each with its line: that of the key says more than that of a nested value.
fn written<'t>(node: Node<'t>, key: &str) -> Vec<(u32, Node<'t>)> {
    let (parent, last) = key.rsplit_once('.').map_or((".", key), |(p, l)| (p, l));
    let under = |holder: Node<'t>| {
        let found = if key == "." { Vec::new() } else { holder.find(last) };
        found.into_iter().map(move |at| {
            let key = holder.entries().find(|(_, value)| value.id() == at.id());
            (key.map_or_else(|| at.line(), |(key, _)| key.line), at)
        })
    };
    let all: Vec<(u32, Node<'t>)> = nodes(node, parent).into_iter().flat_map(under).collect();
    match all.is_empty() {
        // a key in quotes may hold dots of its own
        true => nodes(node, key).into_iter().map(|at| (at.line(), at)).collect(),
        false => all,
    }
}
