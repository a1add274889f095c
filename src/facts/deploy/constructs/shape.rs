//! Forms of the table, filled with what a call is given.

use std::collections::BTreeMap;

use super::piece::{self, HOLE, Piece, What};
use super::value::{Putting, Site};
use super::walk::name_of;
use crate::rules::constructs::Shape;

/// How a document becomes a text in a template.
const AS_TEXT: &str = "Fn::ToJsonString";

impl<'p> Putting<'p> {
    /// A shape with everything put in; none where what it stands for is not given.
    pub(super) fn fill(&mut self, shape: &'p Shape, site: &mut Site<'p>) -> Option<Piece> {
        let line = site.call.line;
        Some(match shape {
            Shape::Flag(yes) => Piece { line, what: What::Flag(*yes) },
            Shape::Number(number) => Piece::text(line, number.to_string()),
            Shape::Text(text) => return self.filled(text, site),
            Shape::List(items) => {
                let mut list = Vec::new();
                for item in items {
                    let Some(piece) = self.fill(item, site) else { continue };
                    match (item, piece) {
                        (Shape::Text(text), Piece { what: What::List(more), .. }) if text.contains("[]") => list.extend(more),
                        (_, piece) => list.push(piece),
                    }
                }
                let line = list.first().map_or(line, |first| first.line);
                Piece { line, what: What::List(list) }
            }
            Shape::Map(keys) => {
                if let Some(inner) = keys.get(AS_TEXT) {
                    let inner = self.fill(inner, site)?;
                    return Some(piece::document(&inner).unwrap_or_else(|| Piece::open(line)));
                }
                let kind = match keys.get("Type") {
                    Some(Shape::Text(kind)) if kind.starts_with("AWS::") => Some(kind),
                    _ => None,
                };
                if let Some(kind) = kind {
                    let number = site.count;
                    site.count += 1;
                    let id = self.part(kind, site, number)?;
                    for (key, shape) in keys.iter().filter(|(key, _)| *key != "Type") {
                        let Some(piece) = self.fill(shape, site) else { continue };
                        if let Some(part) = self.parts.get_mut(&id) {
                            part.keys.insert(key.clone(), piece);
                        }
                    }
                    return Some(Piece { line, what: What::Part(id) });
                }
                let mut map = BTreeMap::new();
                for (key, shape) in keys {
                    if let Some(piece) = self.fill(shape, site) {
                        map.insert(key.clone(), piece);
                    }
                }
                // what has nothing in it that was asked for is not there
                if map.is_empty() && !keys.is_empty() {
                    return None;
                }
                Piece { line, what: What::Map(map) }
            }
        })
    }

    /// A text of the table: one thing that the call is given, or words around some.
    fn filled(&mut self, text: &str, site: &Site<'p>) -> Option<Piece> {
        let line = site.call.line;
        let whole = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).filter(|inner| !inner.contains('{'));
        if let Some(inner) = whole {
            return self.expression(inner, site);
        }
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (inner, behind) = after.split_once('}')?;
            let piece = self.expression(inner, site)?;
            out.push_str(before);
            out.push_str(piece.as_text().as_deref().unwrap_or(HOLE));
            rest = behind;
        }
        out.push_str(rest);
        Some(Piece::text(line, out))
    }

    /// What stands in braces: `name`, `0|name`, `name.Key`, `name[].Key`, `name=word`, `name%.py`.
    pub(super) fn expression(&mut self, text: &str, site: &Site<'p>) -> Option<Piece> {
        let (text, end) = text.split_once('%').map_or((text, None), |(text, end)| (text, Some(end)));
        let (text, default) = text.split_once('=').map_or((text, None), |(text, default)| (text, Some(default)));
        let mut found = None;
        for one in text.split('|') {
            let (source, path) = one.split_at(one.find(['.', '[']).unwrap_or(one.len()));
            found = self.source(source, site).and_then(|piece| within(piece, path));
            if found.is_some() {
                break;
            }
        }
        let found = found.or_else(|| default.map(|word| Piece::text(site.call.line, word)))?;
        Some(match (&found.what, end) {
            (What::Text(text), Some(end)) => {
                let text = text.strip_suffix(end).unwrap_or(text).to_owned();
                Piece { what: What::Text(text), ..found }
            }
            _ => found,
        })
    }

    fn source(&mut self, source: &str, site: &Site<'p>) -> Option<Piece> {
        let line = site.call.line;
        match source {
            "id" => return name_of(self.program, site.file, site.id, site.call).map(|name| Piece::text(line, name)),
            "this" => return Some(self.call(site.file, site.id)),
            "of" => {
                let (file, id) = self.receiver(site.file, site.id)?;
                let piece = self.call(file, id);
                return Some(if file == site.file { piece } else { Piece { line, ..piece } });
            }
            _ => {}
        }
        let place = self.place(site.file, site.id)?;
        let call = site.call;
        if let Ok(position) = source.parse::<usize>() {
            return self.value(place, call.args.get(position)?);
        }
        if let Some((_, value)) = call.keywords.iter().find(|(key, _)| key == source) {
            return self.value(place, value);
        }
        // what is handed on as a whole may hold it
        call.keywords
            .iter()
            .filter(|(key, _)| key == "**")
            .find_map(|(_, value)| within(self.value(place, value)?, &format!(".{source}")))
    }
}

/// What a piece has under a path of keys; of a list with `[]` what each has.
fn within(piece: Piece, path: &str) -> Option<Piece> {
    if path.is_empty() {
        return Some(piece);
    }
    let line = piece.line;
    if let Some(rest) = path.strip_prefix("[]") {
        return match piece.what {
            What::List(items) => {
                let items: Vec<Piece> = items.into_iter().filter_map(|item| within(item, rest)).collect();
                (!items.is_empty()).then_some(Piece { line, what: What::List(items) })
            }
            _ => Some(Piece::open(line)),
        };
    }
    let rest = path.strip_prefix('.')?;
    let at = rest.find(['.', '[']).unwrap_or(rest.len());
    let (key, rest) = rest.split_at(at);
    match piece.what {
        What::Map(mut keys) => within(keys.remove(key)?, rest),
        What::Open => Some(Piece::open(line)),
        _ => None,
    }
}
