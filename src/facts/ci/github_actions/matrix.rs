//! `strategy.matrix`: the cells that a job is run for.

use std::collections::BTreeMap;

use super::Reading;
use super::expression;
use super::known::Cell;
use crate::fact::{FactKind, UnitId};
use crate::syntax::tree::{Kind, Node};

/// Most cells, which is what the service allows.
const MAX_CELLS: usize = 256;
/// Most values told of one axis.
const MAX_TOLD: usize = 50;
/// Longest value, in bytes.
const MAX_VALUE: usize = 200;
/// Most axes.
const MAX_AXES: usize = 20;

/// Reads the matrix of a job. Its values become settings; the cells are returned where all are literal and few.
pub(super) fn read(job: Node<'_>, unit: UnitId, reading: &mut Reading<'_>) -> Vec<Cell> {
    let Some(matrix) = job.get("strategy").and_then(|s| s.get("matrix")) else { return Vec::new() };
    if matrix.kind() != Kind::Map {
        if matrix.text().is_none_or(|t| !t.contains("${{")) {
            reading.wrong(matrix.site_line(), "`matrix` has no keys");
        }
        return Vec::new();
    }
    let mut cells: Vec<Cell> = vec![Cell::new()];
    let mut own: Vec<String> = Vec::new();
    for (key, values) in matrix.entries().filter(|(k, _)| k.text != "include" && k.text != "exclude").take(MAX_AXES) {
        let name = format!("matrix.{}", key.text);
        let points = axis(&name, values);
        let told: Vec<&str> = points.iter().take(MAX_TOLD).filter_map(|p| p.values().next()).map(String::as_str).collect();
        let value = if told.is_empty() { values.text().unwrap_or("").to_owned() } else { told.join(", ") };
        reading.fact(unit, key.line, FactKind::Setting { key: name.clone(), value });
        own.extend(points.iter().flat_map(|p| p.keys().cloned()));
        if points.is_empty() {
            continue;
        }
        if cells.len().saturating_mul(points.len()) > MAX_CELLS {
            return Vec::new();
        }
        cells = cells.iter().flat_map(|cell| points.iter().map(move |point| joined(cell, point))).collect();
    }
    for entry in matrix.get("exclude").into_iter().flat_map(Node::items) {
        let out = flat("matrix", entry);
        cells.retain(|cell| out.is_empty() || !out.iter().all(|(k, v)| cell.get(k) == Some(v)));
    }
    include(matrix, &own, &mut cells);
    cells.retain(|cell| !cell.is_empty());
    cells
}

fn include(matrix: Node<'_>, own: &[String], cells: &mut Vec<Cell>) {
    let alone = own.is_empty();
    if alone {
        cells.clear();
    }
    for entry in matrix.get("include").into_iter().flat_map(Node::items).take(MAX_CELLS) {
        let more = flat("matrix", entry);
        let mut added = false;
        // it joins each cell whose own values it does not change
        for cell in cells.iter_mut().filter(|_| !alone) {
            if more.iter().all(|(k, v)| !own.contains(k) || cell.get(k) == Some(v)) {
                cell.extend(more.clone());
                added = true;
            }
        }
        if !added && cells.len() < MAX_CELLS {
            cells.push(more);
        }
    }
}

fn joined(cell: &Cell, point: &Cell) -> Cell {
    cell.iter().chain(point).map(|(k, v)| (k.clone(), v.clone())).collect()
}

/// The points of one axis; none where one of them is not literal.
fn axis(name: &str, values: Node<'_>) -> Vec<Cell> {
    if let Some(text) = values.text() {
        let listed = expression::expressions(text).first().and_then(|e| expression::json_strings(e));
        return listed.unwrap_or_default().into_iter().map(|v| Cell::from([(name.to_owned(), v)])).collect();
    }
    let mut points = Vec::new();
    for item in values.items() {
        let point = flat(name, item);
        if point.is_empty() {
            return Vec::new();
        }
        points.push(point);
    }
    points
}

/// A value, or the values of an object under dotted names.
fn flat(name: &str, node: Node<'_>) -> Cell {
    let mut cell = BTreeMap::new();
    let mut waiting = vec![(name.to_owned(), node, 0)];
    while let Some((name, node, depth)) = waiting.pop() {
        match node.text() {
            Some(text) if text.len() <= MAX_VALUE && !text.contains("${{") && !text.contains('\n') => {
                cell.insert(name, text.to_owned());
            }
            Some(_) => {}
            None if depth < 3 => {
                waiting
                    .extend(node.entries().take(MAX_AXES).map(|(key, value)| (format!("{name}.{}", key.text), value, depth + 1)));
            }
            None => {}
        }
    }
    cell
}
