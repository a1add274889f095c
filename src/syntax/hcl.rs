//! HCL (Terraform, Packer, Nomad) into the common tree.
//!
//! A block becomes maps nested by its labels: `resource "aws_s3_bucket" "b" { x = 1 }` is at
//! `resource.aws_s3_bucket.b.x`, and blocks that repeat are duplicate keys. Nothing is evaluated:
//! what is not literal is kept as its source, marked [`Node::is_expression`]. The encoding and
//! conversion functions that only wrap a literal (`jsonencode({…})`) are seen through.
//!
//! A text that cannot be read as a whole is read block by block, so that an error costs one block.
//!
//! [`Node::is_expression`]: super::tree::Node::is_expression

use std::ops::Range;

use hcl_edit::Span;
use hcl_edit::expr::{Expression, FuncCall, ObjectKey};
use hcl_edit::structure::{Block, Body, Structure};
use hcl_edit::template::HeredocTemplate;

use super::build::{Builder, Leaf, Lines, Stop};
use super::tree::{Parsed, Style};

/// Longest text that is read, in bytes: less than for other formats, because configuration is
/// written by hand and the parser goes back over what it has read.
const MAX_TEXT: usize = 1 << 20;

/// Functions whose value is that of their only argument.
const TRANSPARENT: [&str; 7] = ["jsonencode", "yamlencode", "toset", "tolist", "tomap", "sensitive", "nonsensitive"];

/// Reads an HCL text.
pub fn parse(text: &str) -> Parsed {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() > MAX_TEXT {
        return Parsed::failed(1, format!("longer than {MAX_TEXT} bytes"));
    }
    let mut lowering = Lowering { builder: Builder::default(), lines: Lines::new(text), text, base: 0 };
    // A stop is already noted, and what was built stays.
    let _ = lowering.file();
    lowering.builder.finish()
}

/// Pieces that begin where a line begins with a name: one top-level block or attribute each.
fn pieces(text: &str) -> Vec<Range<usize>> {
    let mut starts = vec![0];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if at > 0 && line.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            starts.push(at);
        }
        at += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
}

struct Lowering<'s> {
    builder: Builder,
    lines: Lines,
    text: &'s str,
    /// Where the text that is being lowered starts in the file.
    base: usize,
}

impl Lowering<'_> {
    fn file(&mut self) -> Result<(), Stop> {
        self.builder.open(true, 1, None)?;
        match hcl_edit::parser::parse_body(self.text) {
            Ok(body) => self.body(&body)?,
            Err(_) => {
                for piece in pieces(self.text) {
                    let text = self.text.get(piece.clone()).unwrap_or_default();
                    self.base = piece.start;
                    match hcl_edit::parser::parse_body(text) {
                        Ok(body) => self.body(&body)?,
                        Err(error) => {
                            let line = self.lines.at(piece.start) + error.location().line() as u32 - 1;
                            self.builder.note(line, error.message());
                        }
                    }
                }
            }
        }
        self.builder.close(0);
        Ok(())
    }

    /// The lines of a span, first and last.
    fn place(&self, span: Option<Range<usize>>) -> (u32, u32) {
        let span = span.unwrap_or(0..0);
        let first = self.lines.at(self.base + span.start);
        (first, self.lines.before(self.base + span.end).max(first))
    }

    fn source(&self, span: Option<Range<usize>>) -> &str {
        let span = span.unwrap_or(0..0);
        self.text.get(self.base + span.start..self.base + span.end).unwrap_or_default()
    }

    fn key(&mut self, text: &str, span: Option<Range<usize>>, style: Style) -> Result<(), Stop> {
        let (line, _) = self.place(span);
        self.builder.leaf(Leaf::new(text, line, style)).map(drop)
    }

    /// Recursion ends with the nesting limit of the parser and the depth limit of the builder.
    fn body(&mut self, body: &Body) -> Result<(), Stop> {
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => {
                    self.key(attribute.key.as_str(), attribute.key.span(), Style::Plain)?;
                    self.expression(&attribute.value, None)?;
                }
                Structure::Block(block) => self.block(block)?,
            }
        }
        Ok(())
    }

    fn block(&mut self, block: &Block) -> Result<(), Stop> {
        let (line, end_line) = self.place(block.span());
        self.key(block.ident.as_str(), block.ident.span(), Style::Plain)?;
        self.builder.open(true, line, None)?;
        for label in &block.labels {
            self.key(label.as_str(), label.span(), Style::Quoted)?;
            self.builder.open(true, line, None)?;
        }
        self.body(&block.body)?;
        for _ in 0..=block.labels.len() {
            self.builder.close(end_line);
        }
        Ok(())
    }

    fn expression(&mut self, expression: &Expression, tag: Option<&str>) -> Result<(), Stop> {
        let span = expression.span();
        let (line, end_line) = self.place(span.clone());
        match expression {
            Expression::Null(_) => self.builder.leaf(Leaf::null(line)).map(drop),
            Expression::Bool(_) | Expression::Number(_) => self.written(span, false, Style::Plain),
            Expression::String(text) => {
                let leaf = Leaf { end_line, tag, ..Leaf::new(text.as_str(), line, Style::Quoted) };
                self.builder.leaf(leaf).map(drop)
            }
            Expression::Array(items) => {
                self.builder.open(false, line, tag)?;
                for item in items.iter() {
                    self.expression(item, None)?;
                }
                self.builder.close(end_line);
                Ok(())
            }
            Expression::Object(object) => {
                self.builder.open(true, line, tag)?;
                for (key, value) in object.iter() {
                    match key {
                        ObjectKey::Ident(name) => self.key(name.as_str(), key.span(), Style::Plain)?,
                        ObjectKey::Expression(Expression::String(name)) => {
                            self.key(name.as_str(), key.span(), Style::Quoted)?;
                        }
                        ObjectKey::Expression(Expression::Parenthesis(inner)) => {
                            self.written(inner.inner().span(), true, Style::Plain)?;
                        }
                        ObjectKey::Expression(_) => self.written(key.span(), true, Style::Plain)?,
                    }
                    self.expression(value.expr(), None)?;
                }
                self.builder.close(end_line);
                Ok(())
            }
            Expression::HeredocTemplate(heredoc) => self.heredoc(heredoc, span),
            Expression::StringTemplate(_) => self.written(span, true, Style::Quoted),
            Expression::Parenthesis(inner) => self.expression(inner.inner(), tag),
            Expression::FuncCall(call) => match see_through(call) {
                Some((name, argument)) => self.expression(argument, Some(name)),
                None => self.written(span, true, Style::Plain),
            },
            _ => self.written(span, true, Style::Plain),
        }
    }

    /// A scalar that is its source, without quotes if it has some.
    fn written(&mut self, span: Option<Range<usize>>, expression: bool, style: Style) -> Result<(), Stop> {
        let (line, end_line) = self.place(span.clone());
        let mut text = self.source(span).trim();
        if style == Style::Quoted {
            text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
        }
        let text = text.to_owned();
        self.builder.leaf(Leaf { end_line, expression, ..Leaf::new(&text, line, style) }).map(drop)
    }

    /// The lines between the markers as they stand, indentation included.
    fn heredoc(&mut self, heredoc: &HeredocTemplate, span: Option<Range<usize>>) -> Result<(), Stop> {
        let (line, _) = self.place(span.clone());
        let source = self.source(span).trim_end();
        let body = source.split_once('\n').map_or("", |(_, body)| body);
        let marker = heredoc.delimiter.as_str();
        let body = match body.strip_suffix(marker) {
            Some(body) => body.trim_end_matches([' ', '\t']),
            None => body,
        };
        let text = body.to_owned();
        let expression = !heredoc.template.iter().all(|element| element.is_literal());
        let end_line = line + text.lines().count() as u32;
        self.builder.leaf(Leaf { end_line, expression, ..Leaf::new(&text, line + 1, Style::Literal) }).map(drop)
    }
}

/// The argument of a function that only wraps a literal, and the function's name.
fn see_through(call: &FuncCall) -> Option<(&str, &Expression)> {
    let name = call.name.name.as_str();
    if call.name.is_namespaced() || call.args.expand_final() || !TRANSPARENT.contains(&name) {
        return None;
    }
    let mut arguments = call.args.iter();
    match (arguments.next(), arguments.next()) {
        (Some(argument), None) => Some((name, argument)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::{Kind, Node};
    use super::*;

    const MAIN: &str = r#"# state
terraform {
  backend "s3" {}
}
resource "aws_sagemaker_endpoint" "churn" {
  name  = "churn-${var.env}"
  count = var.live ? 1 : 0
  tags  = { team = "ml", "a.b" = null, (var.k) = true }
  lifecycle {
    create_before_destroy = true
  }
}
resource "aws_sagemaker_endpoint" "other" {
  policy = jsonencode({ Version = "2012", Statement = [{ Action = ["s3:*"] }] })
  script = <<-EOT
    echo one
    echo two
  EOT
  templ = <<EOT
run ${x}
EOT
}
locals { n = 3 }
"#;

    #[test]
    fn blocks_become_maps_by_label() {
        let parsed = parse(MAIN);
        assert_eq!(parsed.errors, []);
        let root = parsed.tree.root().unwrap();
        assert_eq!(root.find("terraform.backend.s3")[0].kind(), Kind::Map);
        let endpoints = root.find("resource.aws_sagemaker_endpoint.*");
        assert_eq!(endpoints.iter().map(|node| (node.line(), node.end_line())).collect::<Vec<_>>(), [(5, 12), (13, 22)]);
        let churn = endpoints[0];
        assert_eq!(churn.key_line("count"), Some(7));
        let name = churn.get("name").unwrap();
        assert_eq!((name.text(), name.is_quoted(), name.is_expression()), (Some("churn-${var.env}"), true, true));
        let count = churn.get("count").unwrap();
        assert_eq!((count.text(), count.is_expression()), (Some("var.live ? 1 : 0"), true));
        let tags = churn.get("tags").unwrap();
        assert_eq!(tags.entries().map(|(key, _)| key.text).collect::<Vec<_>>(), ["team", "a.b", "var.k"]);
        assert_eq!(tags.get("team").unwrap().text(), Some("ml"));
        assert_eq!(tags.get("a.b").unwrap().kind(), Kind::Null);
        assert_eq!(churn.find("lifecycle.create_before_destroy")[0].as_bool(), Some(true));
        assert_eq!(root.find("locals.n")[0].text(), Some("3"));
    }

    #[test]
    fn wrapped_literals_and_heredocs() {
        let parsed = parse(MAIN);
        let other = parsed.tree.find("resource.*.other")[0];
        let policy = other.get("policy").unwrap();
        assert_eq!((policy.kind(), policy.tag()), (Kind::Map, Some("jsonencode")));
        assert_eq!(policy.find("Statement[].Action[]")[0].text(), Some("s3:*"));
        let script = other.get("script").unwrap();
        assert_eq!(script.text(), Some("    echo one\n    echo two\n"));
        assert_eq!((script.style(), script.line(), script.end_line(), script.is_expression()), (Style::Literal, 16, 17, false));
        let templ = other.get("templ").unwrap();
        assert_eq!((templ.text(), templ.line(), templ.is_expression()), (Some("run ${x}\n"), 20, true));
    }

    #[test]
    fn an_error_costs_one_block() {
        let parsed = parse("a \"x\" {\n  b = 1\n}\n\nc {\n  d = = 2\n}\n\ne {\n  f = 3\n}\n");
        assert_eq!(parsed.errors.len(), 1);
        assert_eq!(parsed.errors[0].line, 6);
        assert_eq!(parsed.tree.find("a.x.b").first().and_then(|node| node.text()), Some("1"));
        assert_eq!(parsed.tree.find("e.f").first().map(|node| node.line()), Some(10));
    }

    #[test]
    fn nesting_is_bounded() {
        for text in [
            format!("a = {}", "[".repeat(50_000)),
            "a {\n".repeat(20_000),
            format!("a = {}1", "-".repeat(50_000)),
            format!("a = {}", "\"${".repeat(20_000)),
            format!("a = 1{}", " + 1".repeat(20_000)),
            format!("a {} {{}}", "\"l\" ".repeat(20_000)),
        ] {
            assert!(!parse(&text).errors.is_empty());
        }
    }

    #[test]
    fn noise_is_no_panic() {
        for text in ["", "\0", "}{", "a = <<EOT\n", "a = <<A\nA\n", "\u{feff}é = 1"] {
            let _: Option<Node<'_>> = parse(text).tree.root();
        }
    }
}
