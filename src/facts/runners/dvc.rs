//! DVC: stages ordered by what they read and write, pointers with content hashes, the lock, the remote.

pub(crate) mod template;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::fact::{Data, DataKind, Fact, FactKind, FileFacts, Guard, Inputs, Needs, Unit, UnitId, UnitKind};
use crate::facts::shell::{Shell, lower};
use crate::facts::{Context, Reader, When, unparsable};
use crate::source::{self, SourceFile, file_name, folder};
use crate::syntax::tree::{Kind, Node};
use crate::syntax::{ini, yaml};

/// `dvc.yaml`.
pub(crate) const PIPELINE: Reader =
    Reader { name: "DVC pipeline", wants: |p| file_name(p) == "dvc.yaml", when: When::Always, read: pipeline };
/// `data.csv.dvc`.
pub(crate) const POINTER: Reader = Reader { name: "DVC pointer", wants: is_pointer, when: When::Always, read: pointer };
/// `dvc.lock`.
pub(crate) const LOCK: Reader =
    Reader { name: "DVC lock", wants: |p| file_name(p) == "dvc.lock", when: When::Always, read: lock };
/// `.dvc/config`.
pub(crate) const CONFIG: Reader = Reader {
    name: "DVC configuration",
    wants: |p| p == ".dvc/config" || p.ends_with("/.dvc/config"),
    when: When::Always,
    read: config,
};

fn is_pointer(path: &str) -> bool {
    path.ends_with(".dvc") && !path.ends_with("/.dvc")
}

fn pipeline(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    with_parameters(file, context, &[])
}

/// Reads a pipeline with what its parameter files give.
pub(super) fn with_parameters(file: &SourceFile, context: &Context<'_>, given: &[Inputs]) -> FileFacts {
    let parsed = yaml::parse(&file.text);
    let mut facts = FileFacts { notices: parsed.errors.iter().map(|e| unparsable(file, e)).collect(), ..FileFacts::default() };
    let home = folder(&file.path);
    facts.templated = parsed.tree.root().and_then(|root| template::asked(root, home));
    let mut values = facts.templated.as_ref().map(|t| t.given.clone()).unwrap_or_default();
    values.extend(given.iter().flatten().map(|(name, value)| (name.clone(), value.clone())));
    let values = &values;
    if let Some(stages) = parsed.tree.root().and_then(|r| r.get("stages")) {
        for (key, stage) in stages.entries().filter(|(_, s)| s.kind() == Kind::Map) {
            let inner =
                stage.get("do").filter(|_| stage.get("foreach").is_some() || stage.get("matrix").is_some()).unwrap_or(stage);
            one_stage(key.text, key.line, stage, inner, home, context, values, &mut facts);
        }
        order(&mut facts);
    }
    facts.tree = Some(Arc::new(parsed.tree));
    facts
}

#[allow(clippy::too_many_arguments)] // a stage has that many sides
fn one_stage(
    name: &str,
    line: u32,
    outer: Node<'_>,
    stage: Node<'_>,
    home: &str,
    context: &Context<'_>,
    values: &Inputs,
    facts: &mut FileFacts,
) {
    let id = facts.units.len();
    facts.units.push(Unit {
        kind: UnitKind::Stage,
        name: name.to_owned(),
        title: None,
        line,
        end_line: outer.end_line().max(line),
        parent: None,
    });
    let wdir = match stage.get("wdir").and_then(Node::text).map(|wdir| template::fill(wdir, values)) {
        Some(wdir) if wdir.contains("${") => None,
        Some(wdir) => source::join(home, &wdir),
        None => Some(home.to_owned()),
    };
    if let Some(frozen) = stage.get("frozen").filter(|f| f.as_bool() == Some(true)) {
        facts.state(id, frozen.line(), FactKind::Guard(Guard::Never("frozen: true".to_owned())));
    }
    if let Some(cmd) = stage.get("cmd") {
        let texts: Vec<Node<'_>> = if cmd.kind() == Kind::Seq { cmd.items().collect() } else { vec![cmd] };
        for text in texts {
            let Some(shell) = text.text() else { continue };
            let first = text.line();
            let exact = matches!(text.style(), crate::syntax::tree::Style::Literal);
            let how = Shell { dir: wdir.clone(), ..Shell::default() };
            lower(&template::fill(shell, values), &|n| if exact { first + n - 1 } else { first }, id, &how, context, facts);
        }
    }
    let dir = wdir.as_deref().unwrap_or(home);
    for (key, kind, writes) in [
        ("deps", DataKind::Path, false),
        ("outs", DataKind::Path, true),
        ("metrics", DataKind::Metrics, true),
        ("plots", DataKind::Path, true),
    ] {
        for (path, line) in stage.get(key).map(paths).unwrap_or_default() {
            data(facts, id, line, dir, &template::fill(path, values), kind, writes, None);
        }
    }
    for item in stage.get("params").into_iter().flat_map(Node::items) {
        // `- train.lr` reads params.yaml; `- other.yaml: [a]` reads that file
        match item.kind() {
            Kind::Map => item.entries().for_each(|(key, _)| {
                data(facts, id, key.line, dir, &template::fill(key.text, values), DataKind::Params, false, None);
            }),
            _ => data(facts, id, item.line(), dir, "params.yaml", DataKind::Params, false, None),
        }
    }
}

/// Paths of a list whose items are a path, or a path with settings.
fn paths(node: Node<'_>) -> Vec<(&str, u32)> {
    let mut found: Vec<(&str, u32)> = Vec::new();
    for item in node.items() {
        match (item.kind(), item.text()) {
            (_, Some(text)) => found.push((text, item.line())),
            (Kind::Map, None) => found.extend(item.entries().map(|(key, _)| (key.text, key.line))),
            _ => {}
        }
    }
    found
}

#[allow(clippy::too_many_arguments)] // one fact, all its fields
fn data(
    facts: &mut FileFacts,
    unit: UnitId,
    line: u32,
    dir: &str,
    path: &str,
    kind: DataKind,
    writes: bool,
    hash: Option<String>,
) {
    let remote = path.contains("://");
    let key = if remote || path.contains("${") { Some(path.to_owned()) } else { source::join(dir, path) };
    if let Some(key) = key {
        let kind = if remote { DataKind::Remote } else { kind };
        facts.state(unit, line, FactKind::Data(Data { kind, key, writes, hash }));
    }
}

/// A stage comes after those that make what it takes.
fn order(facts: &mut FileFacts) {
    let mut makers: BTreeMap<String, UnitId> = BTreeMap::new();
    for fact in &facts.facts {
        if let (FactKind::Data(data), Some(unit)) = (&fact.kind, fact.unit)
            && data.writes
        {
            makers.insert(data.key.clone(), unit);
        }
    }
    let mut needs: Vec<Fact> = Vec::new();
    for fact in &facts.facts {
        let (FactKind::Data(data), Some(unit)) = (&fact.kind, fact.unit) else { continue };
        if data.writes || data.kind == DataKind::Params {
            continue;
        }
        // the thing itself, or a folder that holds it
        let mut at = data.key.as_str();
        let maker = loop {
            if let Some(maker) = makers.get(at) {
                break Some(*maker);
            }
            match folder(at) {
                "." => break None,
                up => at = up,
            }
        };
        // or something inside the folder that is taken
        let maker = maker.or_else(|| makers.iter().find(|(key, _)| key.starts_with(&format!("{}/", data.key))).map(|(_, m)| *m));
        if let Some(on) = maker.filter(|m| *m != unit) {
            let kind = FactKind::Needs(Needs { on, stops: true });
            needs.push(Fact { unit: Some(unit), line: fact.line, end_line: fact.line, kind });
        }
    }
    facts.facts.extend(needs);
}

fn pointer(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let parsed = yaml::parse(&file.text);
    let mut facts = FileFacts { notices: parsed.errors.iter().map(|e| unparsable(file, e)).collect(), ..FileFacts::default() };
    if let Some(root) = parsed.tree.root() {
        let lines = file.text.lines().count().max(1) as u32;
        facts.units.push(Unit {
            kind: UnitKind::Stage,
            name: file.name().to_owned(),
            title: None,
            line: 1,
            end_line: lines,
            parent: None,
        });
        let home = folder(&file.path);
        for (key, writes) in [("deps", false), ("outs", true)] {
            for item in root.get(key).into_iter().flat_map(Node::items) {
                let hash = item.get("md5").or_else(|| item.get("etag")).and_then(Node::text).map(str::to_owned);
                if let Some(path) = item.get("path").and_then(|p| Some((p.text()?, p.line()))) {
                    data(&mut facts, 0, path.1, home, path.0, DataKind::Path, writes, hash);
                }
            }
        }
        // the form of old: one stage a file
        if let Some(cmd) = root.get("cmd").and_then(|c| Some((c.text()?, c.line()))) {
            let how = Shell { dir: Some(home.to_owned()), ..Shell::default() };
            lower(cmd.0, &|_| cmd.1, 0, &how, context, &mut facts);
        }
    }
    facts.tree = Some(Arc::new(parsed.tree));
    facts
}

fn lock(file: &SourceFile, _: &Context<'_>) -> FileFacts {
    let parsed = yaml::parse(&file.text);
    let mut facts = FileFacts { notices: parsed.errors.iter().map(|e| unparsable(file, e)).collect(), ..FileFacts::default() };
    facts.tree = Some(Arc::new(parsed.tree));
    facts
}

fn config(file: &SourceFile, _: &Context<'_>) -> FileFacts {
    let parsed = ini::parse(&file.text);
    let mut facts = FileFacts { notices: parsed.errors.iter().map(|e| unparsable(file, e)).collect(), ..FileFacts::default() };
    for (section, body) in parsed.tree.root().into_iter().flat_map(|r| r.entries().collect::<Vec<_>>()) {
        if let Some(url) = body.get("url").and_then(|u| Some((u.text()?, u.line()))) {
            let kind = FactKind::Setting { key: section.text.to_owned(), value: url.0.to_owned() };
            facts.state(None, url.1, kind);
        }
    }
    facts.tree = Some(Arc::new(parsed.tree));
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_ordered_by_what_they_pass_on() {
        let text = "stages:\n  prepare:\n    cmd: python prepare.py\n    deps: [prepare.py]\n    outs:\n      - data/clean\n  train:\n    wdir: ml\n    cmd: python train.py\n    deps:\n      - ../data/clean/x.csv\n    metrics:\n      - m.json: {cache: false}\n";
        let facts = pipeline(&SourceFile::new("dvc.yaml".into(), text.to_owned()), &Context::default());
        let needs: Vec<(Option<usize>, usize)> = facts
            .facts
            .iter()
            .filter_map(|f| match &f.kind {
                FactKind::Needs(n) => Some((f.unit, n.on)),
                _ => None,
            })
            .collect();
        assert_eq!(needs, [(Some(1), 0)]);
        let dirs: Vec<Option<String>> = facts
            .facts
            .iter()
            .filter_map(|f| match &f.kind {
                FactKind::Command(c) => Some(c.dir.clone()),
                _ => None,
            })
            .collect();
        assert_eq!(dirs, [Some(".".to_owned()), Some("ml".to_owned())]);
    }
}
