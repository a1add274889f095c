//! The resources of a template, whichever of its two formats declares them, and what their values mean.
//!
//! A parameter is its default where it has a literal one. A text of Bicep with names put in is filled where each of them is
//! known; any other expression, in JSON also one that is more than a name, is open.

use std::collections::BTreeMap;

use crate::syntax::tree::{Kind, Node, Style};

/// Most resources of one template.
const MAX_RESOURCES: usize = 1_000;
/// Deepest nesting of resources, and most names that stand for one another.
const DEPTH: usize = 5;

/// A resource, and under which conditions it is there.
#[derive(Clone, Copy)]
pub(super) struct Resource<'t> {
    pub(super) node: Node<'t>,
    /// The name by which others in the template refer to it; in JSON its own name.
    pub(super) symbol: &'t str,
    /// The word or condition that may leave it out.
    pub(super) condition: Option<&'t str>,
    /// Whether there may be several, or none.
    pub(super) repeated: bool,
}

/// A template.
#[derive(Default)]
pub(super) struct Template<'t> {
    /// With the type of each, in small letters and without version, in the order of the file.
    pub(super) resources: Vec<(String, Resource<'t>)>,
    /// Other templates that it brings about: what names them.
    pub(super) others: Vec<Node<'t>>,
    values: BTreeMap<&'t str, Node<'t>>,
    json: bool,
}

impl<'t> Template<'t> {
    /// A Bicep file.
    pub(super) fn of_bicep(root: Node<'t>) -> Self {
        let mut template = Self::default();
        for (key, of) in root.entries() {
            match key.text {
                "param" | "var" => template.values.extend(of.entries().map(|(key, value)| (key.text, value))),
                "module" => {
                    let there = of.entries().filter(|(_, module)| module.at("@if") != Some("false"));
                    template.others.extend(there.filter_map(|(_, module)| module.get("@path")));
                }
                "using" => template.others.push(of),
                "resource" => template.declared(of, "", 0),
                _ => {}
            }
        }
        template
    }

    fn declared(&mut self, of: Node<'t>, above: &str, depth: usize) {
        for (key, node) in of.entries() {
            let written = node.at("@type").unwrap_or_default();
            let kind = written.split('@').next().unwrap_or_default().to_ascii_lowercase();
            // one within another says only what it adds
            let kind = if above.is_empty() { kind } else { format!("{above}/{kind}") };
            let inner = node.entries().filter(|(key, _)| key.text == "resource" && depth < DEPTH);
            inner.for_each(|(_, inner)| self.declared(inner, &kind, depth + 1));
            if node.get("@existing").is_some() || self.resources.len() >= MAX_RESOURCES {
                continue;
            }
            let condition = node.at("@if");
            let resource = Resource { node, symbol: key.text, condition, repeated: node.get("@for").is_some() };
            self.resources.push((kind, resource));
        }
    }

    /// A file of JSON.
    pub(super) fn of_json(root: Node<'t>) -> Self {
        let mut template = Self { json: true, ..Self::default() };
        template.nested(root, "", 0);
        template
    }

    fn nested(&mut self, root: Node<'t>, above: &str, depth: usize) {
        let defaults = root.get("parameters").into_iter().flat_map(Node::entries);
        self.values.extend(defaults.filter_map(|(key, of)| Some((key.text, of.get("defaultValue")?))));
        self.values.extend(root.get("variables").into_iter().flat_map(Node::entries).map(|(key, value)| (key.text, value)));
        let Some(all) = root.get("resources").filter(|_| depth < DEPTH) else { return };
        let listed = all.items().map(|node| (None, node));
        let named = all.entries().map(|(key, node)| (Some(key.text), node));
        for (symbol, node) in listed.chain(named) {
            if node.kind() != Kind::Map || self.resources.len() >= MAX_RESOURCES {
                continue;
            }
            let kind = node.at("type").unwrap_or_default().to_ascii_lowercase();
            let kind = if above.is_empty() || kind.starts_with("microsoft.") { kind } else { format!("{above}/{kind}") };
            if kind == "microsoft.resources/deployments" {
                let properties = node.get("properties");
                let link = properties.and_then(|p| p.get("templateLink"));
                self.others.extend(link.and_then(|link| link.get("relativePath")));
                properties.and_then(|p| p.get("template")).into_iter().for_each(|inner| self.nested(inner, "", depth + 1));
                continue;
            }
            self.nested_in(node, &kind, depth);
            if node.get("existing").and_then(Node::as_bool) == Some(true) {
                continue;
            }
            let symbol = symbol.or_else(|| node.at("name")).unwrap_or("?");
            let resource = Resource { node, symbol, condition: node.at("condition"), repeated: node.get("copy").is_some() };
            self.resources.push((kind, resource));
        }
    }

    /// Resources within another say only what their type adds.
    fn nested_in(&mut self, node: Node<'t>, kind: &str, depth: usize) {
        if node.get("resources").is_some() {
            let values = std::mem::take(&mut self.values);
            self.nested(node, kind, depth + 1);
            self.values = values;
        }
    }

    /// The text of a value, where it is one without holes.
    pub(super) fn text(&self, node: Node<'_>) -> Option<String> {
        self.value(node, 0)
    }

    fn value(&self, node: Node<'_>, depth: usize) -> Option<String> {
        let text = node.text()?;
        if depth > DEPTH {
            return None;
        }
        if self.json {
            let Some(inner) = text.strip_prefix('[').filter(|inner| !inner.starts_with('[')) else {
                return Some(text.to_owned());
            };
            return self.value(self.named(inner.strip_suffix(']')?)?, depth + 1);
        }
        if !node.is_expression() {
            return Some(text.to_owned());
        }
        if node.style() != Style::Quoted {
            return self.value(*self.values.get(text)?, depth + 1);
        }
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, behind) = after.split_once('}')?;
            out.push_str(before);
            out.push_str(&self.value(*self.values.get(name)?, depth + 1)?);
            rest = behind;
        }
        Some(out + rest)
    }

    /// What an expression of JSON stands for that is one name: `parameters('x')`, `variables('x')`.
    fn named(&self, expression: &str) -> Option<Node<'t>> {
        let inner = ["parameters", "variables"].iter().find_map(|of| expression.trim().strip_prefix(of))?;
        let name = inner.trim().strip_prefix("('")?.strip_suffix("')")?;
        self.values.get(name).copied()
    }

    /// A value as it is written, with nothing put in: `${…}` stands where a deployment puts something.
    pub(super) fn open_text(&self, node: Node<'_>) -> String {
        self.text(node).unwrap_or_else(|| node.text().unwrap_or_default().to_owned())
    }

    /// The resource that a value refers to: `name.id` in Bicep, `resourceId('type', 'name')` in JSON.
    pub(super) fn referred(&self, node: Node<'_>) -> Option<&Resource<'t>> {
        let text = node.text()?;
        let is = |(kind, resource): &&(String, Resource<'t>)| match self.json {
            false => {
                let plain = text.strip_prefix("${").unwrap_or(text);
                let rest = plain.strip_prefix(resource.symbol);
                rest.is_some_and(|rest| node.is_expression() && (rest.is_empty() || rest.starts_with(['.', '!'])))
            }
            true => {
                let lower = text.to_ascii_lowercase();
                let name = resource.node.at("name").map(|name| name.trim_matches(['[', ']']).to_ascii_lowercase());
                let quoted = name.filter(|name| !name.is_empty() && lower.contains(name.as_str()));
                lower.starts_with("[resourceid(") && lower.contains(&format!("'{kind}'")) && quoted.is_some()
            }
        };
        self.resources.iter().find(is).map(|(_, resource)| resource)
    }
}
