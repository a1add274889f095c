//! YAML into the common tree.
//!
//! The parser gives events with positions, and the tree is built from those, because no value type
//! of a YAML library keeps the line of every key. The parser is named in this file only.
//!
//! Invariants: a broken document costs no other document, and not what stood before the error;
//! a template is read through [`mask`] when it cannot be read, or would be misread, as it stands.

use std::collections::BTreeMap;

use granit_parser::{Event, Parser, ScalarStyle, Span, StructureStyle, Tag};

use super::build::{Builder, Leaf, Lines, MAX_DEPTH, MAX_DOCUMENTS, MAX_TEXT, Stop};
use super::mask::{self, Masked};
use super::schemas;
use super::tree::{Parsed, Style};

/// Reads all documents of a text.
///
/// A text over 4 MiB is read up to its last document separator before that size.
///
/// Schemas of custom resources are left out; where that would break the text, it is read as it stands.
pub fn parse(text: &str) -> Parsed {
    if let Some(short) = schemas::left_out(text) {
        let parsed = parse_whole(&short);
        if parsed.errors.is_empty() {
            return parsed;
        }
    }
    parse_whole(text)
}

fn parse_whole(text: &str) -> Parsed {
    if let Some(head) = readable(text) {
        let message = format!("only the documents within the first {MAX_TEXT} bytes were read");
        let line = Lines::new(head).at(head.len());
        let mut parsed = parse_readable(head);
        parsed.errors.push(super::SyntaxError { line, message });
        return parsed;
    }
    parse_readable(text)
}

/// Reads a text that is known to be short enough and no template.
pub(crate) fn parse_as_is(text: &str) -> Parsed {
    read(text, None).0
}

/// The documents that fit, if not all do.
fn readable(text: &str) -> Option<&str> {
    if text.len() <= MAX_TEXT {
        return None;
    }
    let head = text.as_bytes().get(..MAX_TEXT)?;
    let end = memchr::memmem::rfind(head, b"\n---").map_or(0, |at| at + 1);
    text.get(..end)
}

fn parse_readable(text: &str) -> Parsed {
    let (plain, misread) = read(text, None);
    if (plain.errors.is_empty() && !misread) || !mask::has_directive(text) {
        return plain;
    }
    let masked = mask::mask(text);
    let (through_mask, _) = read(&masked.text, Some(&masked));
    let is_better = match through_mask.errors.len().cmp(&plain.errors.len()) {
        std::cmp::Ordering::Less => true,
        std::cmp::Ordering::Equal => misread || through_mask.tree.len() > plain.tree.len(),
        std::cmp::Ordering::Greater => false,
    };
    if is_better { through_mask } else { plain }
}

/// Reads a text as it stands. Also says whether `{{` was taken for a map in a map, which is what
/// YAML makes of a directive without quotes and what nobody ever means.
fn read(text: &str, masked: Option<&Masked<'_>>) -> (Parsed, bool) {
    let options = granit_parser::options! {
        emit_unresolved_aliases: true,
        block_scalar_eof_without_line_feed: true,
        emit_comments: false,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut reading = Reading {
        builder: Builder::default(),
        anchors: BTreeMap::new(),
        lines: Lines::new(text),
        text,
        masked,
        flow_start: None,
        misread: false,
    };
    let mut failures = 0;
    while let Some(next) = parser.next_event() {
        let stopped = match next {
            Ok((Event::DocumentStart(..), span)) if reading.builder.documents() >= MAX_DOCUMENTS => {
                let line = line(span.start.line());
                reading.builder.note(line, format!("more than {MAX_DOCUMENTS} documents"));
                Err(Stop::Tree)
            }
            Ok((event, span)) => reading.event(event, span),
            Err(error) => {
                reading.builder.note(line(error.marker().line()), error.info());
                Err(Stop::Document)
            }
        };
        match stopped {
            Ok(()) => {}
            Err(Stop::Tree) => break,
            Err(Stop::Document) => {
                reading.builder.abandon();
                failures += 1;
                if failures >= MAX_DOCUMENTS || !parser.proceed_next_document().unwrap_or(false) {
                    break;
                }
            }
        }
    }
    (reading.builder.finish(), reading.misread)
}

struct Reading<'s> {
    builder: Builder,
    /// From the parser's number of an anchor, unique in the text, to the node that carries it.
    anchors: BTreeMap<usize, u32>,
    lines: Lines,
    text: &'s str,
    masked: Option<&'s Masked<'s>>,
    /// Where the flow map starts that the last event opened.
    flow_start: Option<usize>,
    misread: bool,
}

impl<'s> Reading<'s> {
    fn event(&mut self, event: Event<'s>, span: Span) -> Result<(), Stop> {
        let start = span.byte_range().map(|range| range.start);
        let outer = self.flow_start.take();
        let at = line(span.start.line());
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                let id = self.scalar(&value, style, tag.as_deref(), &span)?;
                self.anchor(anchor, id);
            }
            Event::SequenceStart(_, anchor, tag) => {
                let id = self.builder.open(false, at, tag.map(|tag| tag.original()).as_deref())?;
                self.anchor(anchor, id);
            }
            Event::MappingStart(style, anchor, tag) => {
                let id = self.builder.open(true, at, tag.map(|tag| tag.original()).as_deref())?;
                self.anchor(anchor, id);
                if style == StructureStyle::Flow {
                    self.misread |= outer.is_some_and(|outer| start == Some(outer + 1));
                    self.flow_start = start;
                }
            }
            // A block collection's end is only noticed at the next token, so it says nothing.
            Event::SequenceEnd | Event::MappingEnd => {
                let is_flow = span.byte_range().is_some_and(|range| !range.is_empty());
                self.builder.close(if is_flow { line(span.end.line()) } else { 0 });
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(&target) => {
                    self.builder.alias(target, at)?;
                }
                None => {
                    self.builder.leaf(Leaf::null(at))?;
                }
            },
            Event::UnresolvedAlias(name) => {
                self.builder.note(at, format!("unknown anchor `{name}`"));
                self.builder.leaf(Leaf::null(at))?;
            }
            _ => {}
        }
        Ok(())
    }

    fn anchor(&mut self, anchor: usize, id: u32) {
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
    }

    fn scalar(&mut self, value: &str, style: ScalarStyle, tag: Option<&Tag>, span: &Span) -> Result<u32, Stop> {
        let range = span.byte_range().unwrap_or_default();
        let written = self.text.get(range.clone()).unwrap_or_default();
        let mut first = line(span.start.line());
        if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) && !written.trim().is_empty() {
            // The span starts after blank lines that are content, the text with them.
            let blank = value.bytes().take_while(|&byte| byte == b'\n').count();
            first = first.saturating_sub(line(blank) * u32::from(blank > 0)).max(1);
        }
        let tag = tag.map(|tag| tag.original());
        let restored = self.masked.and_then(|masked| masked.restore(value, range.clone()));
        let plain = style == ScalarStyle::Plain;
        // The parser reports a missing value as `~` of no length.
        let text = if plain && written.is_empty() { "" } else { restored.as_deref().unwrap_or(value) };
        self.builder.leaf(Leaf {
            text,
            line: first,
            end_line: self.lines.before(range.start + written.trim_end().len()),
            style: match style {
                ScalarStyle::Plain => Style::Plain,
                ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
                ScalarStyle::Literal => Style::Literal,
                ScalarStyle::Folded => Style::Folded,
            },
            null: plain && tag.is_none() && matches!(text, "" | "~" | "null" | "Null" | "NULL"),
            tag: tag.as_deref(),
            expression: restored.is_some(),
        })
    }
}

fn line(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::super::build::MAX_NODES;
    use super::super::tree::{Kind, Node};
    use super::*;

    fn texts<'t>(nodes: impl IntoIterator<Item = Node<'t>>) -> Vec<&'t str> {
        nodes.into_iter().map(|node| node.text().unwrap_or("-")).collect()
    }

    fn clean(text: &str) -> Parsed {
        let parsed = parse(text);
        assert_eq!(parsed.errors, [], "{text}");
        parsed
    }

    const WORKFLOW: &str = "\
# nightly
on:
  schedule:
    - cron: \"0 3 * * 1\"
  push: {branches: [main,
    dev]}
jobs:
  train:
    needs: prepare
    steps:
      - uses: actions/checkout@v4
      - name: Train
        run: |

          pip install .
          make train
        if: true
      - run: >
          one
          two

      - run: done
";

    #[test]
    fn keys_and_values_know_their_lines() {
        let parsed = clean(WORKFLOW);
        let root = parsed.tree.root().unwrap();
        assert_eq!(root.key_line("on"), Some(2));
        let on = root.get("on").unwrap();
        assert_eq!((on.kind(), on.line(), on.end_line()), (Kind::Map, 3, 6));
        let cron = &root.find("on.schedule[].cron")[0];
        assert_eq!((cron.text(), cron.line(), cron.is_quoted()), (Some("0 3 * * 1"), 4, true));
        let push = on.get("push").unwrap();
        assert_eq!((push.line(), push.end_line()), (5, 6));
        assert_eq!(push.get("branches").unwrap().strings(), [("main", 5), ("dev", 6)]);
        let train = root.find("jobs.train")[0];
        assert_eq!(train.get("needs").unwrap().strings(), [("prepare", 9)]);
        assert_eq!(train.end_line(), 22);
    }

    #[test]
    fn block_scalars_start_at_their_first_content_line() {
        let parsed = clean(WORKFLOW);
        let runs = parsed.tree.find("jobs.*.steps[].run");
        assert_eq!(runs[0].text(), Some("\npip install .\nmake train\n"));
        assert_eq!((runs[0].style(), runs[0].line(), runs[0].end_line()), (Style::Literal, 14, 16));
        assert_eq!((runs[1].style(), runs[1].line(), runs[1].end_line()), (Style::Folded, 19, 20));
        let step = parsed.tree.find("jobs.train.steps[]")[1];
        assert_eq!((step.line(), step.end_line()), (12, 17));
        assert_eq!(step.get("if").and_then(Node::as_bool), Some(true));
        assert_eq!(step.key_line("run"), Some(13));
    }

    #[test]
    fn literal_lines_map_to_file_lines() {
        for (text, first) in [("a: |\n  x\n", 2), ("a: |-\n\n\n  x", 2), ("a: |2\n    x\n  y\n", 2), ("- |\n x", 2)] {
            let parsed = clean(text);
            let root = parsed.tree.root().unwrap();
            let node = root.get("a").or_else(|| root.items().next()).unwrap();
            assert_eq!(node.line(), first, "{text:?}");
            let found = node.text().unwrap().lines().position(|line| line.trim() == "x").unwrap();
            assert_eq!(text.lines().nth(first as usize - 1 + found).unwrap().trim(), "x", "{text:?}");
        }
    }

    #[test]
    fn all_path_operators() {
        let parsed = clean("a:\n  b.c: {d: 1}\n  e: [{d: 2}, {d: 3, d: 4}]\n  x: {y: {d: 5}}\n");
        let find = |path| texts(parsed.tree.find(path));
        assert_eq!(find("a.\"b.c\".d"), ["1"]);
        assert_eq!(find("a.*.d"), ["1"]);
        assert_eq!(find("a.e[].d"), ["2", "3", "4"]);
        assert_eq!(find("**.d"), ["1", "2", "3", "4", "5"]);
        assert_eq!(find("a.x.**.d"), ["5"]);
        assert_eq!(find("a.x.d"), [""; 0]);
        assert_eq!(find("a[].d"), [""; 0]);
    }

    #[test]
    fn scalars_stay_text_and_nulls_are_none() {
        let parsed = clean("a: true\nb: 'yes'\nc:\nd: ~\ne: null\nf: ''\nnull: g\ng: !!str\nh: No\n");
        let root = parsed.tree.root().unwrap();
        let bool_of = |key| root.get(key).and_then(Node::as_bool);
        assert_eq!((bool_of("a"), bool_of("b"), bool_of("h")), (Some(true), None, Some(false)));
        for key in ["c", "d", "e"] {
            assert_eq!((root.get(key).unwrap().kind(), root.get(key).unwrap().text()), (Kind::Null, None));
        }
        assert_eq!(root.get("f").unwrap().text(), Some(""));
        assert_eq!(root.get("null").unwrap().text(), Some("g"));
        assert_eq!((root.get("g").unwrap().text(), root.get("g").unwrap().tag()), (Some(""), Some("!!str")));
    }

    #[test]
    fn anchors_aliases_and_merge_keys() {
        let text = "\
.base: &base
  image: python
  tags: [gpu]
.more: &more {image: other, retry: 2}
train:
  <<: [*base, *more]
  tags: [cpu]
  script: *missing
list: *base
again: !reference [.base, tags]
";
        let parsed = parse(text);
        assert_eq!(parsed.errors.len(), 1);
        assert_eq!(parsed.errors[0].line, 8);
        let root = parsed.tree.root().unwrap();
        let train = root.get("train").unwrap();
        assert_eq!(train.get("image").unwrap().text(), Some("python"));
        assert_eq!(train.get("tags").unwrap().strings(), [("cpu", 7)]);
        assert_eq!(train.key_line("retry"), Some(4));
        let keys: Vec<&str> = train.entries().map(|(key, _)| key.text).collect();
        assert_eq!(keys, ["tags", "script", "image", "retry"]);
        assert_eq!(texts(root.find("train.image")), ["python"]);
        let list = root.get("list").unwrap();
        assert_eq!((list.kind(), list.line(), list.site_line()), (Kind::Map, 2, 9));
        assert_eq!(root.get("again").unwrap().tag(), Some("!reference"));
    }

    #[test]
    fn duplicate_keys_are_kept_and_the_last_wins() {
        let parsed = clean("a: 1\nb: 2\na: 3\n");
        let root = parsed.tree.root().unwrap();
        assert_eq!(root.entries().map(|(key, _)| key.line).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!((root.get("a").unwrap().text(), root.key_line("a")), (Some("3"), Some(3)));
        assert_eq!(texts(root.find("a")), ["1", "3"]);
    }

    #[test]
    fn a_broken_document_costs_no_other() {
        let parsed = parse("a: 1\n---\nb: 2\nc: [1, 2\n---\nd: 4\n---\n");
        assert_eq!(parsed.errors.len(), 1);
        let docs: Vec<_> = parsed.tree.docs().collect();
        assert_eq!(docs.len(), 3);
        assert_eq!(docs[0].get("a").unwrap().line(), 1);
        assert_eq!(docs[1].get("b").unwrap().text(), Some("2"));
        assert_eq!(docs[1].get("c").unwrap().strings(), [("1", 4)]);
        assert_eq!(docs[2].get("d").unwrap().line(), 6);
    }

    #[test]
    fn helm_templates_are_read_through_the_mask() {
        let text = "\
{{- if .Values.enabled }}
apiVersion: apps/v1
metadata:
  name: {{ include \"x.name\" . }}-serve
  labels: {{- include \"x.labels\" . | nindent 4 }}
spec:
  containers:
    - image: \"{{ .Values.repo }}:{{ .Values.tag | default \"latest\" }}\"
      env:
        {{- range .Values.env }}
        - name: {{ .name }}
        {{- end }}
{{- end }}
";
        let parsed = clean(text);
        let root = parsed.tree.root().unwrap();
        assert_eq!(root.key_line("spec"), Some(6));
        let name = root.find("metadata.name")[0];
        assert_eq!((name.text(), name.is_expression()), (Some("{{ include \"x.name\" . }}-serve"), true));
        assert_eq!(root.find("metadata.labels")[0].kind(), Kind::Null);
        let image = root.find("**.image")[0];
        assert_eq!(image.text(), Some("{{ .Values.repo }}:{{ .Values.tag | default \"latest\" }}"));
        assert_eq!(root.find("**.env[].name")[0].line(), 11);
    }

    #[test]
    fn directives_that_yaml_would_misread_or_need_no_mask() {
        let parsed = clean("a: {{ cookiecutter.x }}\nb: [{{ y }}]\n");
        let root = parsed.tree.root().unwrap();
        assert_eq!(root.get("a").unwrap().text(), Some("{{ cookiecutter.x }}"));
        assert_eq!(root.get("b").unwrap().strings(), [("{{ y }}", 2)]);
        // Text in a script is no template of this file.
        let parsed = clean("run: |\n  docker ps --format {{.Names}}\nif: ${{ a && b }}\nx: {a: {b: 1}}\n");
        let run = parsed.tree.root().unwrap().get("run").unwrap();
        assert_eq!((run.text(), run.is_expression()), (Some("docker ps --format {{.Names}}\n"), false));
        assert_eq!(parsed.tree.root().unwrap().get("if").unwrap().text(), Some("${{ a && b }}"));
    }

    #[test]
    fn depth_is_bounded_in_every_way() {
        for text in ["[".repeat(100_000), "- ".repeat(100_000), "{a: ".repeat(50_000)] {
            let parsed = parse(&text);
            assert_eq!(parsed.errors.len(), 1);
            assert!(parsed.tree.len() < 1000);
        }
        // A chain of aliases, each one level deeper than the last.
        let chain: String = (1..1000).map(|i| format!("- &a{i} [*a{}]\n", i - 1)).collect();
        let parsed = parse(&format!("- &a0 x\n{chain}"));
        assert!(!parsed.errors.is_empty());
        let mut node = parsed.tree.root().unwrap();
        let mut depth = 0;
        while let Some(last) = node.items().last() {
            (node, depth) = (last, depth + 1);
        }
        assert!(depth <= MAX_DEPTH);
        assert_eq!(parse("a: &a [*a]\n").errors.len(), 1);
    }

    #[test]
    fn an_alias_bomb_is_small_and_bounded() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for i in 1..12 {
            let items = vec![format!("*a{}", i - 1); 9].join(", ");
            text.push_str(&format!("a{i}: &a{i} [{items}]\n"));
        }
        let parsed = parse(&text);
        assert!(parsed.tree.len() < 200);
        fn walk(node: Node<'_>) -> u64 {
            1 + node.items().map(walk).sum::<u64>() + node.entries().map(|(_, value)| walk(value)).sum::<u64>()
        }
        assert!(walk(parsed.tree.root().unwrap()) < 1_500_000);
        assert!(parsed.tree.find("**").len() < 200);
    }

    #[test]
    fn sizes_are_bounded() {
        let parsed = parse(&"- a\n".repeat(MAX_NODES + 10));
        assert_eq!((parsed.errors.len(), parsed.tree.len()), (1, MAX_NODES));
        let parsed = parse(&"---\na\n".repeat(1_500));
        assert_eq!((parsed.errors.len(), parsed.tree.docs().count()), (1, MAX_DOCUMENTS));
        let long = format!("a: 1\n---\nb: {}\n", "x".repeat(MAX_TEXT));
        let parsed = parse(&long);
        assert_eq!((parsed.errors.len(), parsed.tree.docs().count()), (1, 1));
    }

    #[test]
    fn nothing_and_noise() {
        for text in ["", "# only a comment\n", "---\n---\n", "\u{feff}"] {
            let parsed = parse(text);
            assert_eq!((parsed.errors.len(), parsed.tree.root().is_none()), (0, true), "{text:?}");
        }
        for text in ["\0\0\0", "\t- a\n\t\t:", "%%%\n", "? [a, b]\n: c\n", "*x : y\n", "}{", "a: b: c"] {
            let _ = parse(text);
        }
        assert_eq!(parse("\u{feff}a: 1\r\nb: 2\r\n").tree.root().unwrap().key_line("b"), Some(2));
    }
}
