//! Values of a template: what a reference means, as far as the template says it.
//!
//! Functions that only put texts together are seen through; a parameter has its default. What only a deployment knows
//! stays in a text as `${…}`, or is open. Depth and length are bounded.

use std::collections::BTreeMap;

use crate::facts::deploy::machine::Said;
use crate::syntax::tree::{Kind, Node};

/// Deepest nesting of functions in functions.
const DEPTH: usize = 6;
/// Longest text that is put together, in bytes.
const MAX_TEXT: usize = 64 << 10;
/// Most parts that are put together.
const MAX_PARTS: usize = 100;

/// Keys under which resources say the name by which the service knows them.
const NAMES: &[&str] =
    &["FunctionName", "StateMachineName", "Name", "JobName", "JobDefinitionName", "PipelineName", "TopicName", "QueueName"];

/// A template: its resources and what its parameters are where nothing is given.
pub(super) struct Template<'t> {
    pub(super) root: Node<'t>,
    resources: BTreeMap<&'t str, Node<'t>>,
    defaults: BTreeMap<&'t str, &'t str>,
    /// Resources by the name that the service knows.
    names: BTreeMap<&'t str, &'t str>,
}

impl<'t> Template<'t> {
    /// The template of a document; `most` resources of it.
    pub(super) fn of(root: Node<'t>, most: usize) -> Self {
        let all = root.get("Resources").into_iter().flat_map(Node::entries).take(most);
        let resources: BTreeMap<&str, Node<'_>> = all.filter(|(_, r)| r.at("Type").is_some()).map(|(k, r)| (k.text, r)).collect();
        let parameters = root.get("Parameters").into_iter().flat_map(Node::entries).take(most);
        let defaults = parameters.filter_map(|(key, of)| Some((key.text, of.get("Default")?.text()?))).collect();
        let mut names = BTreeMap::new();
        for (id, resource) in &resources {
            let own = resource.get("Properties").and_then(|p| NAMES.iter().find_map(|key| p.get(key)));
            if let Some(name) = own.filter(|n| n.tag().is_none()).and_then(Node::text) {
                names.insert(name, *id);
            }
        }
        Self { root, resources, defaults, names }
    }

    pub(super) fn resources(&self) -> impl Iterator<Item = (&'t str, Node<'t>)> + '_ {
        self.resources.iter().map(|(id, resource)| (*id, *resource))
    }

    pub(super) fn resource(&self, id: &str) -> Option<Node<'t>> {
        self.resources.get(id).copied()
    }

    fn part(&self, id: &str) -> Option<Said> {
        self.resources.contains_key(id).then(|| Said::Part { name: id.to_owned(), path: None })
    }

    /// What a value means.
    pub(super) fn said(&self, node: Node<'_>) -> Said {
        match self.value(node, &BTreeMap::new(), 0) {
            Said::Text(text) => self.by_name(&text).unwrap_or(Said::Text(text)),
            other => other,
        }
    }

    /// The text of a value, where it is one without holes.
    pub(super) fn text(&self, node: Node<'_>) -> Option<String> {
        match self.value(node, &BTreeMap::new(), 0) {
            Said::Text(text) if !text.contains("${") => Some(text),
            _ => None,
        }
    }

    /// A resource by the name or address by which the service knows it.
    fn by_name(&self, text: &str) -> Option<Said> {
        if !text.starts_with("arn:") {
            return self.names.get(text).and_then(|id| self.part(id));
        }
        let mut ends = text.rsplit([':', '/']).take(2);
        ends.find_map(|end| self.names.get(end)).and_then(|id| self.part(id))
    }

    fn value(&self, node: Node<'_>, put: &BTreeMap<String, String>, depth: usize) -> Said {
        if depth > DEPTH {
            return Said::Open;
        }
        let (function, argument) = match (node.tag(), node.kind()) {
            (Some(tag), _) if tag.starts_with('!') && !tag.starts_with("!!") => (tag.trim_start_matches('!').to_owned(), node),
            (_, Kind::Map) => {
                let mut entries = node.entries();
                match (entries.next(), entries.next()) {
                    (Some((key, value)), None) => (key.text.trim_start_matches("Fn::").to_owned(), value),
                    _ => return Said::Open,
                }
            }
            (_, Kind::Scalar) => return Said::Text(node.text().unwrap_or_default().to_owned()),
            _ => return Said::Open,
        };
        match function.as_str() {
            "Ref" => argument.text().map_or(Said::Open, |name| self.named(name, put)),
            "GetAtt" => {
                let of = argument.text().map(|text| text.split('.').next().unwrap_or(text));
                let of = of.or_else(|| argument.items().next().and_then(Node::text));
                of.and_then(|id| self.part(id)).unwrap_or(Said::Open)
            }
            // a part of another file of the same program
            "Elsewhere" => match argument.strings().as_slice() {
                [(path, _), (name, _)] => Said::Part { name: (*name).to_owned(), path: Some((*path).to_owned()) },
                _ => Said::Open,
            },
            "Sub" => match argument.kind() {
                Kind::Scalar => self.sub(argument.text().unwrap_or_default(), put),
                Kind::Seq => {
                    let mut items = argument.items();
                    let Some(text) = items.next().and_then(Node::text) else { return Said::Open };
                    let mut more = put.clone();
                    for (key, value) in items.next().into_iter().flat_map(Node::entries).take(MAX_PARTS) {
                        match self.value(value, put, depth + 1) {
                            Said::Text(text) => drop(more.insert(key.text.to_owned(), text)),
                            Said::Part { name, .. } => drop(more.insert(key.text.to_owned(), format!("${{{name}}}"))),
                            Said::Open => {}
                        }
                    }
                    self.sub(text, &more)
                }
                _ => Said::Open,
            },
            "Join" => {
                let mut items = argument.items();
                let (Some(between), Some(list)) = (items.next().and_then(Node::text), items.next()) else { return Said::Open };
                let mut text = String::new();
                for (at, item) in list.items().take(MAX_PARTS).enumerate() {
                    let part = match self.value(item, put, depth + 1) {
                        Said::Text(text) => text,
                        Said::Part { name, .. } => format!("${{{name}}}"),
                        Said::Open => "${?}".to_owned(),
                    };
                    if text.len() + part.len() > MAX_TEXT {
                        return Said::Open;
                    }
                    text.push_str(if at == 0 { "" } else { between });
                    text.push_str(&part);
                }
                self.sub(&text, put)
            }
            _ => Said::Open,
        }
    }

    /// What a name refers to: a resource, or a parameter with its default.
    fn named(&self, name: &str, put: &BTreeMap<String, String>) -> Said {
        if let Some(text) = put.get(name) {
            return self.whole(text).unwrap_or_else(|| Said::Text(text.clone()));
        }
        self.part(name).unwrap_or_else(|| match self.defaults.get(name) {
            Some(text) => Said::Text((*text).to_owned()),
            None => Said::Text(format!("${{{name}}}")),
        })
    }

    /// A text that is one reference, or an address that ends with one.
    fn whole(&self, text: &str) -> Option<Said> {
        let text = text.trim();
        if !text.starts_with("arn:") && !text.starts_with("${") {
            return None;
        }
        let (_, last) = text.rsplit_once("${")?;
        let (name, behind) = last.split_once('}')?;
        let ends = behind.is_empty() || (text.starts_with("arn:") && behind.starts_with(':'));
        self.part(name.split('.').next()?).filter(|_| ends)
    }

    /// Puts what is known into a text.
    fn sub(&self, text: &str, put: &BTreeMap<String, String>) -> Said {
        let filled = self.filled(text, put);
        self.whole(&filled).unwrap_or(Said::Text(filled))
    }

    /// A text with what is known of its `${…}` put in; what refers to a resource stays.
    pub(super) fn filled(&self, text: &str, put: &BTreeMap<String, String>) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            let Some((name, behind)) = after.split_once('}') else {
                out.push_str("${");
                rest = after;
                break;
            };
            let known = put.get(name).map(String::as_str).or_else(|| self.defaults.get(name).copied());
            match known.filter(|known| out.len() + known.len() <= MAX_TEXT) {
                Some(known) => out.push_str(known),
                None => {
                    out.push_str("${");
                    out.push_str(name);
                    out.push('}');
                }
            }
            rest = behind;
        }
        out + rest
    }

    /// What a value of a definition means into which `put` is put.
    pub(super) fn said_with(&self, node: Node<'_>, put: &BTreeMap<String, String>) -> Said {
        let said = match node.text().filter(|_| node.tag().is_none()) {
            Some(text) => self.sub(text, put),
            None => self.value(node, put, 0),
        };
        match said {
            Said::Text(text) => self.by_name(&text).unwrap_or(Said::Text(text)),
            other => other,
        }
    }

    /// Names and values that a resource gives to the definition that it names.
    pub(super) fn given(&self, of: Option<Node<'_>>) -> BTreeMap<String, String> {
        let text = |said: Said| match said {
            Said::Text(text) => Some(text),
            Said::Part { name, .. } => Some(format!("${{{name}}}")),
            Said::Open => None,
        };
        let all = of.into_iter().flat_map(Node::entries).take(MAX_PARTS);
        all.filter_map(|(key, value)| Some((key.text.to_owned(), text(self.value(value, &BTreeMap::new(), 0))?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::yaml;

    #[test]
    fn references_are_seen_through() {
        let text = "Parameters: {Stage: {Default: prod}}
Resources:
  Fit: {Type: 'AWS::Lambda::Function', Properties: {FunctionName: learn}}
Values:
  - !GetAtt Fit.Arn
  - {\"Fn::GetAtt\": [Fit, Arn]}
  - !Ref Fit
  - !Sub '${Fit.Arn}'
  - !Sub 'arn:aws:lambda:${AWS::Region}:1:function:${Fit}:live'
  - !Join [':', ['arn:aws:lambda', !Ref 'AWS::Region', !Ref Fit]]
  - 'arn:aws:lambda:eu-west-1:1:function:learn'
  - learn
  - !Sub '${Stage}/${Fit}.zip'
  - !Sub ['${A}-${Stage}', {A: !Ref Stage}]
  - !Ref Stage
  - !If [IsProd, a, b]
  - !ImportValue other
  - {a: 1, b: 2}
";
        let parsed = yaml::parse(text);
        let Some(root) = parsed.tree.root() else { return };
        let template = Template::of(root, 100);
        let said: Vec<String> = root
            .get("Values")
            .into_iter()
            .flat_map(Node::items)
            .map(|node| match template.said(node) {
                Said::Part { name, .. } => format!("part {name}"),
                Said::Text(text) => text,
                Said::Open => "open".to_owned(),
            })
            .collect();
        assert_eq!(said[..8], ["part Fit"; 8].map(str::to_owned));
        assert_eq!(said[8..], ["prod/${Fit}.zip", "prod-prod", "prod", "open", "open", "open"].map(str::to_owned));
    }
}
