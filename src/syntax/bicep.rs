//! Bicep into the common tree.
//!
//! A declaration becomes maps nested by its words, as a block of HCL does: `resource api 'a/b@1' = { x: 1 }` is at
//! `resource.api.x`, with its type at `resource.api.@type`; `param`, `var` and `output` hold their value, `module` its
//! path at `@path`; what stands before the body is at `@if`, `@for` and `@existing`. A resource within a resource lies
//! within its map. Nothing is evaluated: what is no literal, list or object is kept as its source, marked
//! [`Node::is_expression`].
//!
//! Only this skeleton is read, and every expression is passed over as brackets and quotes: the grammars that there are
//! stop short of words the language has had for years (spreads, extensions), and an error costs them more than a line.
//!
//! Invariants: one pass; nesting ends with the depth limit of the builder; a declaration that cannot be read costs its
//! lines, and no other.
//!
//! [`Node::is_expression`]: super::tree::Node::is_expression

use super::build::{Builder, Leaf, Lines, Stop};
use super::tree::{Parsed, Style};

/// Longest text that is read, in bytes: what is written by hand is smaller.
const MAX_TEXT: usize = 1 << 20;

/// Signs at which an expression goes on in the next line, where they end or begin one.
const GOES_ON: &[&str] = &["?", ":", "&&", "||", "??", "==", "!=", "=~", "!~", "+", "*", "/", "%", ".", "|", "=>"];

/// Reads a text.
pub fn parse(text: &str) -> Parsed {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() > MAX_TEXT {
        return Parsed::failed(1, format!("longer than {MAX_TEXT} bytes"));
    }
    let mut scan = Scan { text, at: 0, lines: Lines::new(text), builder: Builder::default() };
    // a stop is already noted, and what was built stays
    let _ = scan.file();
    scan.builder.finish()
}

struct Scan<'s> {
    text: &'s str,
    at: usize,
    lines: Lines,
    builder: Builder,
}

impl<'s> Scan<'s> {
    fn rest(&self) -> &'s str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn line(&self) -> u32 {
        self.lines.at(self.at)
    }

    fn skip(&mut self, bytes: usize) {
        self.at = (self.at + bytes).min(self.text.len());
    }

    fn take(&mut self, sign: &str) -> bool {
        let is = self.rest().starts_with(sign);
        self.skip(if is { sign.len() } else { 0 });
        is
    }

    /// Passes over blanks within a line.
    fn blanks(&mut self) {
        let rest = self.rest();
        self.skip(rest.len() - rest.trim_start_matches([' ', '\t']).len());
    }

    /// Passes over blanks, lines, comments and directives for the compiler.
    fn between(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.skip(rest.len() - trimmed.len());
            if trimmed.starts_with("//") || trimmed.starts_with('#') {
                self.skip_line();
            } else if let Some(inside) = trimmed.strip_prefix("/*") {
                self.skip(2 + inside.find("*/").map_or(inside.len(), |end| end + 2));
            } else {
                return;
            }
        }
    }

    fn skip_line(&mut self) {
        let rest = self.rest();
        self.skip(rest.find('\n').unwrap_or(rest.len()));
    }

    /// A name at this place; empty where there is none.
    fn word(&mut self) -> &'s str {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        self.skip(end);
        rest.get(..end).unwrap_or_default()
    }

    fn key(&mut self, text: &str, style: Style) -> Result<(), Stop> {
        self.builder.leaf(Leaf::new(text, self.line(), style)).map(drop)
    }

    fn source(&mut self, text: &str, line: u32) -> Result<(), Stop> {
        self.builder.leaf(Leaf { expression: true, ..Leaf::new(text, line, Style::Plain) }).map(drop)
    }

    fn file(&mut self) -> Result<(), Stop> {
        self.builder.open(true, 1, None)?;
        loop {
            self.between();
            let (start, line) = (self.at, self.line());
            if self.rest().is_empty() {
                break;
            }
            if self.take("@") {
                self.pass();
                continue;
            }
            let word = self.word();
            self.blanks();
            match word {
                "resource" | "module" => {
                    let name = self.word();
                    if name.is_empty() {
                        self.wrong(line, "a declaration without a name");
                    } else {
                        self.key(word, Style::Plain)?;
                        self.builder.open(true, line, None)?;
                        self.declared(name, if word == "module" { "@path" } else { "@type" })?;
                        self.builder.close(self.lines.before(self.at));
                    }
                }
                "param" | "var" | "output" => {
                    let name = self.word();
                    self.key(word, Style::Plain)?;
                    self.builder.open(true, line, None)?;
                    self.key(name, Style::Plain)?;
                    // its type, which may be a choice of texts over several lines
                    let line = self.line();
                    match self.skip_to_value() {
                        true => self.value()?,
                        false => self.builder.leaf(Leaf::null(line)).map(drop)?,
                    }
                    self.builder.close(0);
                }
                "using" => {
                    self.key(word, Style::Plain)?;
                    self.value()?;
                }
                "" => {
                    self.wrong(line, "no declaration");
                }
                _ => {
                    self.pass();
                }
            }
            // whatever it was, it is behind us
            if self.at == start {
                self.skip(self.rest().chars().next().map_or(1, char::len_utf8));
            }
        }
        self.builder.close(0);
        Ok(())
    }

    /// Says that a line cannot be read, and leaves it.
    fn wrong(&mut self, line: u32, what: &str) {
        self.builder.note(line, what);
        self.skip_line();
    }

    /// Goes to the value behind `=`; false where the declaration ends before it.
    fn skip_to_value(&mut self) -> bool {
        let start = self.at;
        let passed = self.pass();
        let sign = equals(passed);
        match sign {
            Some(at) => {
                self.at = start + at + 1;
                self.between();
                true
            }
            None => false,
        }
    }

    /// A resource or module: its name as a key, and its map.
    fn declared(&mut self, name: &str, of: &str) -> Result<(), Stop> {
        let line = self.line();
        self.key(name, Style::Plain)?;
        self.builder.open(true, line, None)?;
        self.blanks();
        if self.rest().starts_with('\'') {
            self.key(of, Style::Plain)?;
            self.value()?;
        }
        self.blanks();
        if self.take("existing") {
            self.key("@existing", Style::Plain)?;
            self.builder.leaf(Leaf::new("true", line, Style::Plain))?;
            self.blanks();
        }
        if self.take("=") {
            self.body(0)?;
        } else {
            self.wrong(line, "a declaration without a body");
        }
        self.builder.close(self.lines.before(self.at));
        Ok(())
    }

    /// The object of a declaration, and what stands around it.
    fn body(&mut self, depth: usize) -> Result<(), Stop> {
        self.between();
        let line = self.line();
        let rest = self.rest();
        if rest.starts_with('{') {
            self.skip(1);
            return self.entries();
        }
        if depth < 4 && rest.starts_with("if") {
            self.skip(2);
            self.between();
            let condition = self.bracket();
            let condition = condition.strip_prefix('(').and_then(|c| c.strip_suffix(')')).unwrap_or(condition).trim();
            self.key("@if", Style::Plain)?;
            let literal = matches!(condition, "true" | "false");
            self.builder.leaf(Leaf { expression: !literal, ..Leaf::new(condition, line, Style::Plain) })?;
            return self.body(depth + 1);
        }
        if depth < 4 && rest.starts_with('[') {
            let inside = rest.get(1..).unwrap_or_default();
            let head = inside.get(..end_of_head(inside)).unwrap_or_default();
            self.key("@for", Style::Plain)?;
            self.source(head.trim().trim_start_matches("for").trim(), line)?;
            self.skip(1 + head.len() + 1);
            self.body(depth + 1)?;
            self.between();
            self.take("]");
            return Ok(());
        }
        self.wrong(line, "a declaration without a body");
        Ok(())
    }

    /// What stands between the brackets of an object, and the closing one.
    fn entries(&mut self) -> Result<(), Stop> {
        loop {
            self.between();
            let (start, line) = (self.at, self.line());
            if self.rest().is_empty() || self.take("}") {
                return Ok(());
            }
            if self.take(",") {
                continue;
            }
            if self.take("@") {
                self.pass();
                continue;
            }
            if self.take("...") {
                self.key("...", Style::Plain)?;
                let passed = self.pass();
                self.source(passed.trim(), line)?;
                continue;
            }
            let name = if self.rest().starts_with('\'') { unquoted(self.quoted()) } else { self.word() };
            self.blanks();
            if name == "resource" && self.rest().starts_with(|c: char| c.is_alphabetic() || c == '_') {
                let inner = self.word();
                self.key(name, Style::Plain)?;
                self.builder.open(true, line, None)?;
                self.declared(inner, "@type")?;
                self.builder.close(self.lines.before(self.at));
            } else if !name.is_empty() && self.take(":") {
                self.builder.leaf(Leaf::new(name, line, Style::Plain))?;
                self.between();
                self.value()?;
            } else {
                self.wrong(line, "no key with a value");
            }
            if self.at == start {
                self.skip(self.rest().chars().next().map_or(1, char::len_utf8));
            }
        }
    }

    /// A value: an object, a list, a text, a literal; anything else as its source.
    fn value(&mut self) -> Result<(), Stop> {
        let (start, line) = (self.at, self.line());
        let rest = self.rest();
        match rest.chars().next() {
            Some('{') => {
                self.builder.open(true, line, None)?;
                self.skip(1);
                self.entries()?;
                self.builder.close(self.lines.before(self.at));
                // one of its values is meant, which none is until it is deployed
                if self.rest().starts_with(['[', '.']) {
                    self.pass();
                }
                Ok(())
            }
            Some('[') if !rest.trim_start_matches(['[', ' ', '\t', '\r', '\n']).starts_with("for ") => {
                self.builder.open(false, line, None)?;
                self.skip(1);
                loop {
                    self.between();
                    let before = self.at;
                    if self.rest().is_empty() || self.take("]") {
                        break;
                    }
                    if self.take(",") {
                        continue;
                    }
                    self.value()?;
                    if self.at == before {
                        self.skip(self.rest().chars().next().map_or(1, char::len_utf8));
                    }
                }
                self.builder.close(self.lines.before(self.at));
                Ok(())
            }
            Some('\'') => {
                let written = self.quoted();
                let behind = self.at;
                if !self.ends_here() {
                    self.at = start;
                    return self.expression(line);
                }
                self.at = behind;
                self.text(written, line)
            }
            _ => self.expression(line),
        }
    }

    /// Whether a value ends at this place.
    fn ends_here(&mut self) -> bool {
        self.blanks();
        let rest = self.rest();
        if !rest.is_empty() && !rest.starts_with(['\n', '\r', ',', '}', ']', ')', '=']) && !rest.starts_with("//") {
            return rest.starts_with("existing") || rest.starts_with("/*");
        }
        !goes_on(rest)
    }

    fn expression(&mut self, line: u32) -> Result<(), Stop> {
        let passed = self.pass().trim();
        match passed {
            "null" => self.builder.leaf(Leaf::null(line)).map(drop),
            _ => {
                let number = !passed.is_empty() && passed.trim_start_matches('-').chars().all(|c| c.is_ascii_digit());
                let literal = number || matches!(passed, "true" | "false");
                let end_line = self.lines.before(self.at).max(line);
                self.builder.leaf(Leaf { expression: !literal, end_line, ..Leaf::new(passed, line, Style::Plain) }).map(drop)
            }
        }
    }

    /// A text with its quotes, as a leaf without them; lines of a long one are those of the file.
    fn text(&mut self, written: &str, line: u32) -> Result<(), Stop> {
        if let Some(inner) = written.strip_prefix("'''") {
            let inner = inner.strip_suffix("'''").unwrap_or(inner);
            let body = inner.strip_prefix("\r\n").or_else(|| inner.strip_prefix('\n'));
            let first = line + u32::from(body.is_some());
            let body = body.unwrap_or(inner);
            let end_line = self.lines.before(self.at).max(first);
            return self.builder.leaf(Leaf { end_line, ..Leaf::new(body, first, Style::Literal) }).map(drop);
        }
        let inner = unquoted(written);
        let expression = inner.replace("\\$", "").contains("${");
        let plain = inner.replace("\\'", "'").replace("\\n", "\n").replace("\\$", "$").replace("\\\\", "\\");
        let text = if expression { inner } else { &plain };
        self.builder.leaf(Leaf { expression, ..Leaf::new(text, line, Style::Quoted) }).map(drop)
    }

    /// Passes over a text with its quotes; what is put in may hold texts of its own.
    fn quoted(&mut self) -> &'s str {
        let rest = self.rest();
        let end = end_of_text(rest);
        self.skip(end);
        rest.get(..end).unwrap_or_default()
    }

    /// Passes over what stands between brackets, with them.
    fn bracket(&mut self) -> &'s str {
        let rest = self.rest();
        let end = if rest.starts_with(['(', '[', '{']) { end_of_expression(rest, true) } else { 0 };
        self.skip(end);
        rest.get(..end).unwrap_or_default()
    }

    /// Passes over an expression to the end of its line, or to what encloses it.
    fn pass(&mut self) -> &'s str {
        let rest = self.rest();
        let end = end_of_expression(rest, false);
        self.skip(end);
        let passed = rest.get(..end).unwrap_or_default();
        passed.split_once("//").filter(|(front, _)| !front.contains('\'')).map_or(passed, |(front, _)| front)
    }
}

/// A text without its quotes.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('\'').map_or(text, |inner| inner.strip_suffix('\'').unwrap_or(inner))
}

/// The place of the sign that a value follows, and no other that begins alike.
fn equals(text: &str) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = text.get(at..)?.find(['=', '\'']) {
        let here = at + found;
        let rest = text.get(here..)?;
        if rest.starts_with('\'') {
            at = here + end_of_text(rest).max(1);
        } else if rest.starts_with("==") || rest.starts_with("=>") {
            at = here + 2;
        } else {
            return Some(here);
        }
    }
    None
}

/// The length of a text with its quotes; to the end of the line where it is not closed.
fn end_of_text(text: &str) -> usize {
    if let Some(inner) = text.strip_prefix("'''") {
        return inner.find("'''").map_or(text.len(), |end| end + 6);
    }
    // how many brackets are open in each `${` that is open
    let mut open: Vec<u32> = Vec::new();
    let mut inside = true;
    let mut texts: usize = 1;
    let bytes = text.as_bytes();
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\n' if texts <= 1 && inside => return at,
            b'\\' if inside => at += 1,
            b'$' if inside && bytes.get(at + 1) == Some(&b'{') => {
                open.push(0);
                inside = false;
                at += 1;
            }
            b'\'' if inside => {
                texts -= 1;
                if texts == 0 {
                    return at + 1;
                }
                inside = false;
            }
            b'\'' => {
                texts += 1;
                inside = true;
            }
            b'{' if !inside => open.iter_mut().next_back().into_iter().for_each(|of| *of += 1),
            b'}' if !inside => match open.last_mut() {
                Some(0) => {
                    open.pop();
                    inside = true;
                }
                Some(of) => *of -= 1,
                None => {}
            },
            _ => {}
        }
        at += 1;
    }
    text.len()
}

/// The length of what stands before the colon of a loop.
fn end_of_head(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut depth, mut at): (u32, usize) = (0, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\'' => {
                at += end_of_text(text.get(at..).unwrap_or_default()).max(1);
                continue;
            }
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b':' if depth == 0 => return at,
            _ => {}
        }
        at += 1;
    }
    text.len()
}

/// The length of an expression: to the end of its line unless it goes on, or to what closes around it. With `bracket`, to
/// what closes the bracket that it begins with.
fn end_of_expression(text: &str, bracket: bool) -> usize {
    let bytes = text.as_bytes();
    let (mut depth, mut at): (u32, usize) = (0, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\'' => {
                at += end_of_text(text.get(at..).unwrap_or_default()).max(1);
                continue;
            }
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                let rest = text.get(at..).unwrap_or_default();
                at += rest.find('\n').unwrap_or(rest.len());
                continue;
            }
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => {
                if depth == 0 {
                    return at;
                }
                depth -= 1;
                if depth == 0 && bracket {
                    return at + 1;
                }
            }
            b',' if depth == 0 => return at,
            b'\n' if depth == 0 => {
                let before = text.get(..at).unwrap_or_default().trim_end();
                let ended = GOES_ON.iter().any(|sign| before.ends_with(sign)) || before.ends_with('=');
                let rest = text.get(at..).unwrap_or_default();
                if !ended && !goes_on(rest) {
                    return at;
                }
                at += (rest.len() - rest.trim_start().len()).max(1);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    text.len()
}

/// Whether what follows belongs to the expression before it.
fn goes_on(rest: &str) -> bool {
    let next = rest.trim_start();
    !next.starts_with("//")
        && !next.starts_with("/*")
        && !next.starts_with("...")
        && GOES_ON.iter().any(|sign| next.starts_with(sign))
}

#[cfg(test)]
mod tests {
    use super::super::tree::Kind;
    use super::*;

    const MAIN: &str = "targetScope = 'resourceGroup'
@description('How often, in UTC = now')
@allowed([
  'a'
  'b'
])
param every string = '0 4 * * 1' // weekly
param size 'small' | 'large'
param tags object = {}
var name = 'fit-${every}-${toLower('A')}'
var big = size == 'large'
  ? 3
  : 1
#disable-next-line no-unused-params
resource env 'Microsoft.App/managedEnvironments@2024-03-01' existing = {
  name: 'late'
}

/* two
   lines */
resource fit 'Microsoft.App/jobs@2024-03-01' = if (big > 1 && tags.live) {
  name: name
  tags: union(tags, { a: 'b' })
  properties: {
    environmentId: env.id
    template: {
      containers: [
        {
          image: '${registry}/fit:1'
          command: ['python', 'fit.py']
          args: [
            '--all' // every one
            ...more
          ]
        }
      ]
    }
    'odd key': null
  }
  resource inner 'rules' = {
    name: 'x'
  }
}
module other './other.bicep' = [for (one, i) in all: {
  name: 'm-${i}'
  params: { x: one }
}]
output id string = fit.id
var script = '''
one
two'''
";

    #[test]
    fn declarations_become_maps() {
        let parsed = parse(MAIN);
        assert_eq!(parsed.errors, []);
        let root = parsed.tree.root().unwrap();
        let at = |path: &str| {
            let found = root.find(path);
            let node = found.first().unwrap_or_else(|| panic!("{path}"));
            (node.line(), node.text().map(str::to_owned), node.is_expression())
        };
        let text = |line: u32, text: &str, expression: bool| (line, Some(text.to_owned()), expression);
        assert_eq!(at("param.every"), text(7, "0 4 * * 1", false));
        assert_eq!(root.find("param.size")[0].kind(), Kind::Null);
        assert_eq!(root.find("param.tags")[0].kind(), Kind::Map);
        assert_eq!(at("var.name"), text(10, "fit-${every}-${toLower('A')}", true));
        assert_eq!(at("var.big"), text(11, "size == 'large'\n  ? 3\n  : 1", true));
        assert_eq!(at("resource.env.@existing"), text(15, "true", false));
        assert_eq!(at("resource.fit.@type"), text(21, "Microsoft.App/jobs@2024-03-01", false));
        assert_eq!(at("resource.fit.@if"), text(21, "big > 1 && tags.live", true));
        assert_eq!(at("resource.fit.tags"), text(23, "union(tags, { a: 'b' })", true));
        let one = root.find("resource.fit.properties.template.containers[]")[0];
        assert_eq!(one.get("image").and_then(|n| n.text()), Some("${registry}/fit:1"));
        assert_eq!(one.find("command[]").iter().filter_map(|n| n.text()).collect::<Vec<_>>(), ["python", "fit.py"]);
        assert_eq!(one.find("args[]").iter().filter_map(|n| n.text()).collect::<Vec<_>>(), ["--all", "...more"]);
        assert_eq!(at("resource.fit.resource.inner.@type"), text(40, "rules", false));
        assert_eq!((root.find("resource.fit")[0].line(), root.find("resource.fit")[0].end_line()), (21, 43));
        assert_eq!(at("module.other.@path"), text(44, "./other.bicep", false));
        assert_eq!(at("module.other.@for"), text(44, "(one, i) in all", true));
        assert_eq!(at("module.other.params.x"), text(46, "one", true));
        assert_eq!(at("output.id"), text(48, "fit.id", true));
        assert_eq!(at("var.script"), text(50, "one\ntwo", false));
    }

    #[test]
    fn loops_and_choices_are_passed_over() {
        let text = "module m 'm.bicep' = [
  for one in [
    'a.${b == 'c' ? 'd' : 'e'}'
  ]: if (one.on) {
    name: one
  }
]
var at = {
  a: -1
}[?which]
var last = 'x'
";
        let parsed = parse(text);
        assert_eq!(parsed.errors, []);
        assert_eq!(parsed.tree.find("module.m.name").first().map(|node| node.line()), Some(5));
        assert_eq!(parsed.tree.find("module.m.@if").first().and_then(|node| node.text()), Some("one.on"));
        assert_eq!(parsed.tree.find("var.last").first().and_then(|node| node.text()), Some("x"));
    }

    #[test]
    fn an_error_costs_its_line() {
        let parsed = parse("resource = 3\nresource a 'x@1' {\nvar b = 'ok'\n}}\n'\nvar c = 'good'\n");
        assert!(parsed.errors.len() >= 2, "{:?}", parsed.errors);
        assert_eq!(parsed.tree.find("var.c").first().and_then(|n| n.text()), Some("good"));
    }

    #[test]
    fn noise_ends() {
        for text in [
            "[".repeat(50_000),
            "resource a 'b' = {".repeat(20_000),
            format!("var a = {}", "{a: ".repeat(50_000)),
            format!("var a = {}", "'${".repeat(50_000)),
            format!("var a = {}", "?\n".repeat(50_000)),
            "@".repeat(50_000),
            "resource a 'b' = [for x in y: [for".repeat(3_000),
            "'''".to_owned(),
            "\0\u{fffd}é = 'ü".to_owned(),
            "var a = 'é\\".to_owned(),
            "/*".to_owned(),
            format!("var a = b{}? 1 : 2", "\n".repeat(500_000)),
        ] {
            drop(parse(&text));
        }
    }
}
