//! Values and names as people would write them, cut short.

use crate::syntax::python::{Name, Root, Value};

/// A value as people would write it, cut short.
pub(crate) fn text_of(value: &Value, depth: u32) -> String {
    let Some(depth) = depth.checked_sub(1) else { return "…".to_owned() };
    let text = match value {
        Value::Str(text) => format!("{text:?}"),
        Value::Int(number) => number.to_string(),
        Value::Float(text) => text.clone(),
        Value::Bool(yes) => if *yes { "True" } else { "False" }.to_owned(),
        Value::None => "None".to_owned(),
        Value::Name(name) => name_text(name),
        Value::Call(_) => "…()".to_owned(),
        Value::Compare { left, ops, rights } => {
            let rest: Vec<String> =
                ops.iter().zip(rights).map(|(op, right)| format!(" {op} {}", text_of(right, depth))).collect();
            format!("{}{}", text_of(left, depth), rest.concat())
        }
        Value::BoolOp { op, values } => {
            let parts: Vec<String> = values.iter().take(4).map(|v| text_of(v, depth)).collect();
            parts.join(&format!(" {op} "))
        }
        Value::Unary { op: "not", value } => format!("not {}", text_of(value, depth)),
        Value::BinOp { op, left, right } => format!("{} {op} {}", text_of(left, depth), text_of(right, depth)),
        _ => "…".to_owned(),
    };
    match text.char_indices().nth(100) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

/// A dotted name as people would write it.
pub(crate) fn name_text(name: &Name) -> String {
    let root = match &name.root {
        Root::Local(local) => local.clone(),
        Root::Call(_) => "…()".to_owned(),
        Root::Item(of, _) => format!("{}[…]", of.last().unwrap_or("…")),
        Root::Str(_) => "\"…\"".to_owned(),
        Root::Other => "…".to_owned(),
    };
    name.path.iter().take(8).fold(root, |text, part| format!("{text}.{part}"))
}
