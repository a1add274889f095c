//! The whole configuration: what is included, laid over each other; what a job extends; what `!reference` names.
//!
//! Maps are merged key by key, the later over the earlier; anything else is replaced. Every value still knows the file
//! and the line that it stands on, so that what comes of it has its place there.
//!
//! Invariants: the number of files, the depth of inclusion, extension and reference and the number of merged entries
//! are bounded; cycles end with a notice.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use crate::fact::Whole;
use crate::source::{self, RepoPath};
use crate::syntax::tree::{Kind, Node, Tree};
use crate::walk::Copies;

/// Most files of one configuration, each counted as often as it is included.
const MAX_FILES: usize = 150;
/// Deepest chain of inclusions.
const MAX_INCLUDES: usize = 30;
/// Longest chain of `extends`, and of references.
const MAX_CHAIN: usize = 12;
/// Most entries that are merged for one configuration.
const MAX_ENTRIES: usize = 300_000;
/// Longest value of an input.
const MAX_INPUT: usize = 1_000;

/// A file of the configuration, as often as it is included.
pub(super) struct Doc<'t> {
    /// Its path.
    pub(super) path: RepoPath,
    /// Its inputs with their values.
    inputs: BTreeMap<String, String>,
    /// It is included only under a condition.
    pub(super) conditional: bool,
    root: Node<'t>,
}

/// A key of a merged map.
#[derive(Debug, Clone)]
pub(super) struct Entry<'t> {
    pub(super) key: &'t str,
    /// Number of the file that said so last.
    pub(super) doc: usize,
    pub(super) line: u32,
    pub(super) value: Value<'t>,
}

/// A merged value.
#[derive(Debug, Clone)]
pub(super) enum Value<'t> {
    /// Keys, in the order in which they first came.
    Map(Vec<Entry<'t>>),
    /// Anything else, and the number of its file.
    Leaf(usize, Node<'t>),
}

/// A value that is no map, with its file.
pub(super) type Item<'t> = (usize, Node<'t>);

/// Something that the configuration takes from elsewhere, or misses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Include {
    /// The file that asks for it.
    pub(super) by: RepoPath,
    pub(super) line: u32,
    pub(super) what: String,
    pub(super) kind: IncludeKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IncludeKind {
    /// It lies outside of the repository.
    Outside,
    /// It is not there.
    Missing,
    /// It is not there, and need not be.
    MissingPerhaps,
    /// It includes itself, or is one too many.
    NotFollowed,
}

/// The configuration.
pub(super) struct Config<'t> {
    pub(super) docs: Vec<Doc<'t>>,
    pub(super) top: Vec<Entry<'t>>,
    /// Local files that are asked for.
    pub(super) asked: BTreeSet<String>,
    /// What is included and not here.
    pub(super) elsewhere: Vec<Include>,
    /// Every file that is asked for is known.
    pub(super) complete: bool,
    /// Copies of other projects, which files are included from.
    pub(super) copies: Option<&'t Copies>,
    left: Cell<usize>,
    extended: RefCell<BTreeMap<String, Vec<Entry<'t>>>>,
    /// Names of jobs that are extended or referred to and not there.
    pub(super) unknown: RefCell<BTreeSet<String>>,
}

impl<'t> Config<'t> {
    /// Puts the configuration of a file together, as far as its parts are known.
    pub(super) fn new(root: &RepoPath, tree: &'t Tree, whole: Option<&'t Whole>, copies: Option<&'t Copies>) -> Self {
        let mut config = Self {
            docs: Vec::new(),
            top: Vec::new(),
            asked: BTreeSet::new(),
            elsewhere: Vec::new(),
            complete: true,
            copies,
            left: Cell::new(MAX_ENTRIES),
            extended: RefCell::default(),
            unknown: RefCell::default(),
        };
        config.add(root, tree, whole, &BTreeMap::new(), false, &mut Vec::new());
        config
    }

    /// Whether some file is one of a copy that may not be what the inclusion means.
    pub(super) fn is_doubted(&self) -> bool {
        let doubted = |doc: &Doc<'_>| self.copies.and_then(|copies| copies.of(&doc.path)).is_some_and(|(_, doubted)| doubted);
        self.docs.iter().any(doubted)
    }

    /// Whether nothing more can be merged.
    pub(super) fn is_full(&self) -> bool {
        self.left.get() == 0
    }

    fn add(
        &mut self,
        path: &RepoPath,
        tree: &'t Tree,
        whole: Option<&'t Whole>,
        given: &BTreeMap<String, String>,
        conditional: bool,
        open: &mut Vec<RepoPath>,
    ) {
        let mut docs = tree.docs();
        let Some(first) = docs.next() else { return };
        // a header says which inputs there are
        let (header, body) = match (first.get("spec"), docs.next()) {
            (Some(spec), Some(body)) => (spec.get("inputs"), body),
            _ => (None, first),
        };
        let mut inputs: BTreeMap<String, String> = BTreeMap::new();
        for (key, input) in header.into_iter().flat_map(Node::entries).take(200) {
            if let Some(value) = given.get(key.text).map(String::as_str).or_else(|| input.get("default")?.text()) {
                inputs.insert(key.text.to_owned(), value.to_owned());
            }
        }
        if body.kind() != Kind::Map {
            return;
        }
        open.push(path.clone());
        let doc = Doc { path: path.clone(), inputs, conditional, root: body };
        if let Some(include) = body.get("include") {
            let line = body.key_line("include").unwrap_or_else(|| include.line());
            let all: Vec<Node<'t>> = if include.kind() == Kind::Seq { include.items().collect() } else { vec![include] };
            for one in all {
                self.include(&doc, one, line, whole, conditional, open);
            }
        }
        open.pop();
        let number = self.docs.len();
        self.docs.push(doc);
        let own = self.entries(number, body, 0);
        let top = std::mem::take(&mut self.top);
        self.top = self.over(top, own);
    }

    fn include(
        &mut self,
        doc: &Doc<'t>,
        one: Node<'t>,
        line: u32,
        whole: Option<&'t Whole>,
        conditional: bool,
        open: &mut Vec<RepoPath>,
    ) {
        let line = if one.kind() == Kind::Null { line } else { one.site_line().max(line) };
        let text_of = |node: Node<'t>| node.text().map(|text| filled(text, &doc.inputs));
        let local = match (one.text(), one.get("local").and_then(text_of)) {
            (Some(text), _) if text.contains("://") => return self.outside(doc, line, text.to_owned(), IncludeKind::Outside),
            (Some(_), _) => text_of(one),
            (None, local) => local,
        };
        let Some(local) = local else {
            if let Some(component) = one.get("component").and_then(text_of)
                && let Some(paths) = self.component(&component)
            {
                return self.parts(doc, (one, line), &[paths], whole, conditional, open);
            }
            for key in ["remote", "template", "component"] {
                if let Some(what) = one.get(key).and_then(text_of) {
                    return self.outside(doc, line, format!("{key} {what}"), IncludeKind::Outside);
                }
            }
            if let Some(project) = one.get("project").and_then(text_of) {
                let files: Vec<String> =
                    one.get("file").map(Node::strings).unwrap_or_default().into_iter().map(|(f, _)| f.to_owned()).collect();
                let revision = one.get("ref").and_then(text_of);
                if let Some(paths) = self.of_project(&project, revision.as_deref(), &files, &doc.inputs) {
                    return self.parts(doc, (one, line), &paths, whole, conditional, open);
                }
                return self.outside(doc, line, format!("{} of project {project}", files.join(", ")), IncludeKind::Outside);
            }
            return self.outside(doc, line, "`include` names nothing".to_owned(), IncludeKind::NotFollowed);
        };
        // of a copy only files are known that are named
        let root = source::root(&doc.path);
        if local.contains('$') || (root != "." && local.contains('*')) {
            return self.outside(doc, line, local, IncludeKind::Outside);
        }
        let Some(pattern) = source::join(root, local.trim_start_matches('/')) else {
            return self.outside(doc, line, local, IncludeKind::MissingPerhaps);
        };
        self.parts(doc, (one, line), &[vec![pattern]], whole, conditional, open);
    }

    /// The files of another project that are included, each as the only choice; none where no copy of it is given.
    fn of_project(
        &self,
        project: &str,
        revision: Option<&str>,
        files: &[String],
        inputs: &BTreeMap<String, String>,
    ) -> Option<Vec<Vec<String>>> {
        let root = self.copies?.root(project.trim_start_matches('/'), revision)?;
        let path = |file: &String| {
            let file = filled(file, inputs);
            let plain = !file.contains(['$', '*']) && !file.is_empty();
            Some(vec![source::join(&root, file.trim_start_matches('/')).filter(|_| plain)?])
        };
        files.iter().map(path).collect::<Option<Vec<_>>>().filter(|paths| !paths.is_empty())
    }

    /// The places of a component (`HOST/PROJECT/NAME@VERSION`), the first of which that is there counts.
    fn component(&self, component: &str) -> Option<Vec<String>> {
        let (path, revision) = component.split_once('@')?;
        let (_, path) = path.split_once('/')?;
        let (project, name) = path.rsplit_once('/')?;
        let root = self.copies?.root(project, Some(revision))?;
        let places = [format!("templates/{name}.yml"), format!("templates/{name}/template.yml")];
        Some(places.iter().filter_map(|place| source::join(&root, place)).collect())
    }

    /// Includes files, each the first of its choices that there is.
    fn parts(
        &mut self,
        doc: &Doc<'t>,
        (one, line): (Node<'t>, u32),
        paths: &[Vec<String>],
        whole: Option<&'t Whole>,
        conditional: bool,
        open: &mut Vec<RepoPath>,
    ) {
        let conditional = conditional || one.get("rules").is_some();
        for choices in paths.iter().take(MAX_FILES) {
            self.asked.extend(choices.iter().cloned());
            let known = whole.and_then(|w| Some((w, choices.iter().map(|c| w.parts.get(c)).collect::<Option<Vec<_>>>()?)));
            let Some((whole, found)) = known else {
                self.complete = false;
                continue;
            };
            match found.into_iter().find(|files| !files.is_empty()) {
                Some(files) => self.part(doc, (one, line), files, whole, conditional, open),
                None => self.absent(doc, line, choices.first().map_or("", String::as_str), conditional),
            }
        }
    }

    /// What is included is not there.
    fn absent(&mut self, doc: &Doc<'t>, line: u32, path: &str, conditional: bool) {
        // the commit that is meant may have it
        let doubted = self.copies.and_then(|copies| copies.of(path)).is_some_and(|(_, doubted)| doubted);
        let kind = match () {
            () if doubted => IncludeKind::Outside,
            () if conditional || path.contains('*') => IncludeKind::MissingPerhaps,
            () => IncludeKind::Missing,
        };
        self.outside(doc, line, path.to_owned(), kind);
    }

    fn outside(&mut self, doc: &Doc<'t>, line: u32, what: String, kind: IncludeKind) {
        if self.elsewhere.len() < MAX_FILES {
            self.elsewhere.push(Include { by: doc.path.clone(), line, what, kind });
        }
    }

    fn part(
        &mut self,
        doc: &Doc<'t>,
        (one, line): (Node<'t>, u32),
        files: &'t [RepoPath],
        whole: &'t Whole,
        conditional: bool,
        open: &mut Vec<RepoPath>,
    ) {
        let text_of = |node: Node<'t>| node.text().map(|text| filled(text, &doc.inputs));
        let given: BTreeMap<String, String> = one
            .get("inputs")
            .into_iter()
            .flat_map(Node::entries)
            .filter_map(|(key, value)| Some((key.text.to_owned(), text_of(value).filter(|v| v.len() <= MAX_INPUT)?)))
            .collect();
        for path in files {
            if open.contains(path) || open.len() >= MAX_INCLUDES || self.docs.len() >= MAX_FILES {
                self.elsewhere.push(Include {
                    by: doc.path.clone(),
                    line,
                    what: format!("`{path}` is included by itself, or too deep, or one file too many"),
                    kind: IncludeKind::NotFollowed,
                });
                continue;
            }
            match whole.documents.get(path) {
                Some(tree) => self.add(path, tree, Some(whole), &given, conditional, open),
                None => self.complete = false,
            }
        }
    }

    /// A map of the tree as merged entries; recursion is bounded by the depth of a tree.
    fn entries(&self, doc: usize, node: Node<'t>, depth: usize) -> Vec<Entry<'t>> {
        let mut found: Vec<Entry<'t>> = Vec::new();
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        for (key, value) in node.entries() {
            if self.left.get() == 0 {
                break;
            }
            self.left.set(self.left.get() - 1);
            let value = match value.kind() {
                Kind::Map if depth < 100 => Value::Map(self.entries(doc, value, depth + 1)),
                _ => Value::Leaf(doc, value),
            };
            let entry = Entry { key: key.text, doc, line: key.line, value };
            // of duplicates the last counts
            match places.get(key.text).and_then(|at| found.get_mut(*at)) {
                Some(known) => *known = entry,
                None => {
                    places.insert(key.text, found.len());
                    found.push(entry);
                }
            }
        }
        found
    }

    /// One map laid over another.
    fn over(&self, mut below: Vec<Entry<'t>>, above: Vec<Entry<'t>>) -> Vec<Entry<'t>> {
        let places: BTreeMap<&str, usize> = below.iter().enumerate().map(|(at, e)| (e.key, at)).collect();
        for mut entry in above {
            match places.get(entry.key).and_then(|at| below.get_mut(*at)) {
                Some(known) => {
                    let old = std::mem::replace(&mut known.value, Value::Map(Vec::new()));
                    entry.value = match (old, entry.value) {
                        (Value::Map(old), Value::Map(new)) => Value::Map(self.over(old, new)),
                        (_, new) => new,
                    };
                    *known = entry;
                }
                None => below.push(entry),
            }
        }
        below
    }

    /// A key of the configuration itself.
    pub(super) fn get(&self, key: &str) -> Option<&Entry<'t>> {
        get(&self.top, key)
    }

    /// A job with everything that it extends; none where there is no such job.
    pub(super) fn job(&self, name: &str) -> Option<Vec<Entry<'t>>> {
        self.extended_at(name, &mut Vec::new())
    }

    fn extended_at(&self, name: &str, open: &mut Vec<String>) -> Option<Vec<Entry<'t>>> {
        if let Some(known) = self.extended.borrow().get(name) {
            self.left.set(self.left.get().saturating_sub(weight(known)));
            return Some(known.clone());
        }
        let Value::Map(own) = &self.get(name)?.value else { return None };
        let mut merged: Vec<Entry<'t>> = Vec::new();
        if let Some(extends) = get(own, "extends").filter(|_| open.len() < MAX_CHAIN) {
            open.push(name.to_owned());
            for (text, _) in self.texts(&extends.value) {
                if open.contains(&text) {
                    self.unknown.borrow_mut().insert(format!("`{text}` extends itself"));
                    continue;
                }
                match self.extended_at(&text, open) {
                    Some(base) => merged = self.over(merged, base),
                    None => {
                        self.unknown.borrow_mut().insert(format!("there is no job `{text}` to extend"));
                    }
                }
            }
            open.pop();
        }
        let size = weight(own) + weight(&merged);
        if self.left.get() < size {
            self.left.set(0);
            return Some(own.clone());
        }
        self.left.set(self.left.get() - size);
        let merged = self.over(merged, own.clone());
        if open.is_empty() {
            self.extended.borrow_mut().insert(name.to_owned(), merged.clone());
        }
        Some(merged)
    }

    /// What a value is once references are followed.
    pub(super) fn follow(&self, value: &Value<'t>) -> Option<Value<'t>> {
        let mut value = value.clone();
        for _ in 0..MAX_CHAIN {
            match &value {
                Value::Leaf(doc, node) if node.tag() == Some("!reference") => value = self.referred(*doc, *node)?,
                _ => return Some(value),
            }
        }
        None
    }

    fn referred(&self, doc: usize, node: Node<'t>) -> Option<Value<'t>> {
        let path: Vec<String> = node.items().filter_map(|item| self.text((doc, item))).collect();
        let (first, rest) = path.split_first()?;
        let mut at = match self.job(first) {
            Some(map) => Value::Map(map),
            None => match self.get(first) {
                Some(entry) => entry.value.clone(),
                None => {
                    self.unknown.borrow_mut().insert(format!("there is no `{first}` to refer to"));
                    return None;
                }
            },
        };
        for key in rest {
            at = match at {
                Value::Map(map) => get(&map, key)?.value.clone(),
                Value::Leaf(..) => return None,
            };
        }
        Some(at)
    }

    /// The items of a list, references followed and lists in lists laid flat; a single value is a list of one.
    pub(super) fn items(&self, value: &Value<'t>) -> Vec<Item<'t>> {
        let mut found = Vec::new();
        self.items_at(value, 0, &mut found);
        found
    }

    fn items_at(&self, value: &Value<'t>, depth: usize, found: &mut Vec<Item<'t>>) {
        let Some(Value::Leaf(doc, node)) = self.follow(value) else { return };
        if depth > MAX_CHAIN || self.left.get() == 0 {
            return;
        }
        self.left.set(self.left.get() - 1);
        match node.kind() {
            Kind::Seq => node.items().for_each(|item| self.items_at(&Value::Leaf(doc, item), depth + 1, found)),
            Kind::Null => {}
            _ => found.push((doc, node)),
        }
    }

    /// The texts of a list, or the one text.
    pub(super) fn texts(&self, value: &Value<'t>) -> Vec<(String, Item<'t>)> {
        self.items(value).into_iter().filter_map(|item| Some((self.text(item)?, item))).collect()
    }

    /// A text with the inputs of its file in their places.
    pub(super) fn text(&self, (doc, node): Item<'t>) -> Option<String> {
        let text = node.text()?;
        Some(self.docs.get(doc).map_or_else(|| text.to_owned(), |doc| filled(text, &doc.inputs)))
    }

    /// The text of a key of a map.
    pub(super) fn text_at(&self, map: &[Entry<'t>], key: &str) -> Option<(String, &'t str, usize, u32)> {
        let entry = get(map, key)?;
        match self.follow(&entry.value)? {
            Value::Leaf(doc, node) => Some((self.text((doc, node))?, entry.key, entry.doc, entry.line)),
            Value::Map(_) => None,
        }
    }

    /// The path of a file by its number.
    pub(super) fn path(&self, doc: usize) -> Option<&RepoPath> {
        self.docs.get(doc).map(|doc| &doc.path)
    }

    /// The top of the file that asks for all others.
    pub(super) fn own(&self) -> Option<Node<'t>> {
        self.docs.last().map(|doc| doc.root)
    }
}

/// A key of a merged map.
pub(super) fn get<'m, 't>(map: &'m [Entry<'t>], key: &str) -> Option<&'m Entry<'t>> {
    map.iter().find(|e| e.key == key)
}

fn weight(map: &[Entry<'_>]) -> usize {
    map.iter()
        .map(|e| match &e.value {
            Value::Map(inner) => 1 + weight(inner),
            Value::Leaf(..) => 1,
        })
        .sum()
}

/// Inputs (`$[[ inputs.size ]]`) in their places.
fn filled(text: &str, inputs: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("$[[") {
        let Some((inner, tail)) = after.split_once("]]") else { break };
        out.push_str(before);
        let value = inner.trim().strip_prefix("inputs.").and_then(|name| inputs.get(name));
        match value {
            Some(value) if out.len() < MAX_INPUT * 1_000 => out.push_str(value),
            _ => {
                out.push_str("$[[");
                out.push_str(inner);
                out.push_str("]]");
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}
