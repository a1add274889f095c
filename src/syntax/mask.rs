//! Makes templated YAML readable as YAML, line for line.
//!
//! A Helm or Jinja file is not YAML until somebody renders it, and nothing is rendered here. But
//! the directives can be covered up so that what remains has the structure the author had in mind.
//!
//! Invariants:
//! - Line `n` of the masked text is line `n` of the source.
//! - What an inline directive said is not lost: [`Masked::restore`] puts it back into the text of
//!   a scalar.
//! - `${{ … }}` belongs to a CI system, is valid YAML, and is left alone.

use std::ops::Range;

/// Takes the place of each character of an inline directive: one private-use character, allowed
/// anywhere in a YAML scalar and meaningless to YAML.
const COVER: char = '\u{E000}';

/// A text with its directives covered.
pub(crate) struct Masked<'s> {
    /// The text to parse.
    pub text: String,
    source: &'s str,
    /// Runs of [`COVER`]: where they start in `text`, and the source they cover.
    covers: Vec<(usize, Range<usize>)>,
}

/// Whether there is anything to mask.
pub(crate) fn has_directive(text: &str) -> bool {
    !directives(text).is_empty()
}

/// Covers all directives.
///
/// A line of nothing but directives becomes empty, which no block scalar or list minds. Elsewhere
/// control directives at either end of a line vanish, and everything else becomes a scalar of the
/// same length. A directive that is the whole value of a key leaves the key without a value when
/// what it prints is a block: when it re-indents its output, or when the next real line goes
/// deeper or starts a list item.
pub(crate) fn mask(source: &str) -> Masked<'_> {
    let directives = directives(source);
    let lines = lines_of(source, &directives);
    let next = next_real_lines(source, &lines);
    let mut masked = Masked { text: String::with_capacity(source.len()), source, covers: Vec::new() };
    for (line, next) in lines.iter().zip(next) {
        masked.add_line(line, next);
    }
    masked
}

impl Masked<'_> {
    /// The text of a scalar with its directives put back, or none if there are none in it.
    /// `range` is where the scalar stands in the masked text, in bytes.
    pub(crate) fn restore(&self, scalar: &str, range: Range<usize>) -> Option<String> {
        if !scalar.contains(COVER) {
            return None;
        }
        let from = self.covers.partition_point(|(at, _)| *at < range.start);
        let mut covers = self.covers.get(from..)?.iter().take_while(|(at, _)| *at < range.end);
        let mut restored = String::with_capacity(scalar.len());
        let mut inside = false;
        for c in scalar.chars() {
            match (c == COVER, inside) {
                (true, false) => {
                    let source = covers.next().and_then(|(_, range)| self.source.get(range.clone()));
                    restored.push_str(source.unwrap_or("?"));
                    inside = true;
                }
                (true, true) => {}
                (false, _) => {
                    restored.push(c);
                    inside = false;
                }
            }
        }
        Some(restored)
    }

    fn add_line(&mut self, line: &Line, next: Option<Real>) {
        let end_of_text = line.text.end;
        let ending = self.source.get(end_of_text..line.end).unwrap_or_default();
        if line.is_only_directives(self.source) {
            self.text.push_str(ending);
            return;
        }
        let kept_until = line.block_value(self.source, next).unwrap_or(end_of_text);
        let mut at = line.text.start;
        for directive in &line.directives {
            let (start, end) = (directive.range.start, directive.range.end);
            if start >= kept_until {
                break;
            }
            let before = self.source.get(line.text.start..start).unwrap_or_default();
            let after = self.source.get(end..end_of_text).unwrap_or_default();
            self.push(at..start);
            at = end;
            if !(directive.control && (before.trim().is_empty() || after.trim().is_empty())) {
                self.cover(start..end);
            }
        }
        self.push(at..kept_until);
        self.text.push_str(ending);
    }

    fn push(&mut self, range: Range<usize>) {
        self.text.push_str(self.source.get(range).unwrap_or_default());
    }

    fn cover(&mut self, range: Range<usize>) {
        let Some(covered) = self.source.get(range.clone()) else {
            return;
        };
        match self.covers.last_mut() {
            // Two directives side by side are one run of covers, so they are one entry.
            Some((_, last)) if last.end == range.start => last.end = range.end,
            _ => self.covers.push((self.text.len(), range)),
        }
        self.text.extend(covered.chars().map(|_| COVER));
    }
}

/// A directive, or the part of one that stands on one line.
#[derive(Clone, Debug)]
struct Directive {
    range: Range<usize>,
    /// Prints nothing itself: `if`, `end`, comments, assignments.
    control: bool,
}

struct Line {
    /// Without the line break.
    text: Range<usize>,
    /// With it.
    end: usize,
    directives: Vec<Directive>,
}

/// A line that is neither empty nor a comment nor only directives.
#[derive(Clone, Copy)]
struct Real {
    indent: usize,
    is_item: bool,
}

impl Line {
    fn is_only_directives(&self, source: &str) -> bool {
        let mut at = self.text.start;
        let blank = |range: Range<usize>| source.get(range).is_some_and(|gap| gap.trim().is_empty());
        for directive in &self.directives {
            if !blank(at..directive.range.start) {
                return false;
            }
            at = directive.range.end;
        }
        !self.directives.is_empty() && blank(at..self.text.end)
    }

    /// Where `key:` or `-` ends, if its value is nothing but directives that print a block.
    fn block_value(&self, source: &str, next: Option<Real>) -> Option<usize> {
        let first = self.directives.first()?.range.start;
        let head = source.get(self.text.start..first)?;
        let content = head.trim();
        if content.starts_with('#') {
            return None;
        }
        let value = Line { text: first..self.text.end, end: self.end, directives: self.directives.clone() };
        if !value.is_only_directives(source) {
            return None;
        }
        let kept = self.text.start + head.trim_end().len();
        if content == "-" {
            // An item whose first lines are printed and whose others stand below.
            let indent = head.len() - head.trim_start().len();
            return next.is_some_and(|next| next.indent > indent).then_some(kept);
        }
        content.strip_suffix(':')?;
        let indent = head.len() - head.trim_start_matches([' ', '-']).len();
        let in_block =
            next.is_some_and(|next| next.indent > indent || (next.is_item && next.indent == indent && !content.starts_with('-')));
        let indents = self
            .directives
            .iter()
            .any(|directive| source.get(directive.range.clone()).is_some_and(|text| text.contains("nindent")));
        (in_block || indents).then_some(kept)
    }

    fn real(&self, source: &str) -> Option<Real> {
        if self.is_only_directives(source) {
            return None;
        }
        let text = source.get(self.text.clone())?;
        let content = text.trim_start();
        if content.is_empty() || content.starts_with('#') {
            return None;
        }
        let is_item = content == "-" || content.starts_with("- ");
        Some(Real { indent: text.len() - content.len(), is_item })
    }
}

/// The lines with the parts of directives that stand on each.
fn lines_of(source: &str, directives: &[Directive]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut start = 0;
    let mut upcoming = directives.iter().peekable();
    for whole in source.split_inclusive('\n') {
        let end = start + whole.len();
        let text = start..start + whole.trim_end_matches(['\n', '\r']).len();
        let mut here = Vec::new();
        while let Some(directive) = upcoming.peek() {
            let part = directive.range.start.max(text.start)..directive.range.end.min(text.end);
            if part.start < part.end {
                here.push(Directive { range: part, control: directive.control });
            }
            if directive.range.end > end {
                break;
            }
            upcoming.next();
        }
        lines.push(Line { text, end, directives: here });
        start = end;
    }
    lines
}

/// For each line the next real one after it.
fn next_real_lines(source: &str, lines: &[Line]) -> Vec<Option<Real>> {
    let mut next = None;
    let mut found = Vec::with_capacity(lines.len());
    for line in lines.iter().rev() {
        found.push(next);
        next = line.real(source).or(next);
    }
    found.reverse();
    found
}

/// All directives, in order, none inside another.
fn directives(text: &str) -> Vec<Directive> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    // Once a closer is known to be missing it is not looked for again: this stays linear.
    let mut missing = [false; 3];
    while let Some(offset) = bytes.get(at..).and_then(|rest| memchr::memchr(b'{', rest)) {
        let start = at + offset;
        at = start + 1;
        let (closer, kind) = match bytes.get(start + 1) {
            Some(b'{') => ("}}", 0),
            Some(b'%') => ("%}", 1),
            Some(b'#') => ("#}", 2),
            _ => continue,
        };
        if missing.get(kind).copied().unwrap_or(true) {
            continue;
        }
        let Some(end) = end_of(text, start + 2, closer) else {
            if let Some(slot) = missing.get_mut(kind) {
                *slot = true;
            }
            continue;
        };
        at = end;
        let is_ci_expression = kind == 0 && start > 0 && bytes.get(start - 1) == Some(&b'$');
        if !is_ci_expression {
            let inner = text.get(start + 2..end.saturating_sub(2)).unwrap_or_default();
            found.push(Directive { range: start..end, control: kind != 0 || is_control(inner) });
        }
    }
    found
}

/// Where a directive ends, given where its inside starts. Closers in quotes do not count, unless
/// that leaves none on the line.
fn end_of(text: &str, from: usize, closer: &str) -> Option<usize> {
    let rest = text.get(from..)?;
    let nearest = rest.find(closer)?;
    let line = rest.get(..rest.find('\n').unwrap_or(rest.len()))?;
    let mut end = nearest + closer.len();
    if nearest < line.len() && line.get(..nearest).is_some_and(|inside| inside.contains(['"', '`', '\''])) {
        end = unquoted(line, closer).unwrap_or(end);
    }
    // `{{{ x }}}` closes with three.
    while rest.starts_with('{') && closer == "}}" && rest.as_bytes().get(end) == Some(&b'}') {
        end += 1;
    }
    Some(from + end)
}

fn unquoted(line: &str, closer: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        match quote {
            Some(q) if c == q && !escaped => quote = None,
            Some(q) => escaped = c == '\\' && q != '`' && !escaped,
            None if line.get(at..).is_some_and(|rest| rest.starts_with(closer)) => {
                return Some(at + closer.len());
            }
            None if matches!(c, '"' | '`' | '\'') => {
                quote = Some(c);
                escaped = false;
            }
            None => {}
        }
    }
    None
}

fn is_control(inner: &str) -> bool {
    let inner = inner.trim_start_matches(['-', '~', ' ', '\t']);
    let word = inner.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
    inner.starts_with("/*")
        || (inner.starts_with('$') && inner.contains(":="))
        || matches!(word, "if" | "else" | "end" | "range" | "with" | "define" | "block" | "fail" | "break" | "continue")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(source: &str) -> String {
        mask(source).text.replace(COVER, "x")
    }

    #[test]
    fn directive_lines_become_empty_and_inline_ones_scalars() {
        let source = "{{- if .on }}\nname: {{ .n }}-a\n{{- end }}\nargs: {{ .x }}\n";
        assert_eq!(show(source), "\nname: xxxxxxxx-a\n\nargs: xxxxxxxx\n");
    }

    #[test]
    fn a_value_that_prints_a_block_is_blanked() {
        assert_eq!(show("env: {{ toYaml .e | nindent 2 }}\nb: 1\n"), "env:\nb: 1\n");
        assert_eq!(show("env: {{ .e }}\n  - a\n"), "env:\n  - a\n");
        assert_eq!(show("env: {{ .e }}\n- a\n"), "env:\n- a\n");
        assert_eq!(show("- env: {{ .e }}\n  b: 1\n"), "- env: xxxxxxxx\n  b: 1\n");
        assert_eq!(show("- env: {{ .e }}\n- b: 1\n"), "- env: xxxxxxxx\n- b: 1\n");
        assert_eq!(show("- {{ .c }}\n  b: 1\n"), "-\n  b: 1\n");
        assert_eq!(show("- {{ .c }}\n- b\n"), "- xxxxxxxx\n- b\n");
    }

    #[test]
    fn ci_expressions_are_left_alone() {
        let source = "if: ${{ github.ref }}\n";
        assert_eq!(show(source), source);
        assert!(!has_directive(source));
    }

    #[test]
    fn closers_in_quotes_and_control_at_the_ends() {
        assert_eq!(show("a: {{ `{{ x }}` }}b\n"), format!("a: {}b\n", "x".repeat(15)));
        assert_eq!(show("{{ if .a }}k: v{{ end }}\n"), "k: v\n");
        assert_eq!(show("{% if a %}\nk: {{ don't }}\n"), "\nk: xxxxxxxxxxx\n");
    }

    #[test]
    fn directives_over_lines_keep_the_lines() {
        assert_eq!(show("{{/* one\ntwo\n*/}}\nk: v\r\n"), "\n\n\nk: v\r\n");
    }

    #[test]
    fn covered_text_comes_back() {
        let masked = mask("image: {{ .repo }}{{ .x }}:{{ .tag }}\n");
        let value = masked.text.trim_start_matches("image: ").trim_end();
        let restored = masked.restore(value, 7..masked.text.len());
        assert_eq!(restored.as_deref(), Some("{{ .repo }}{{ .x }}:{{ .tag }}"));
    }

    #[test]
    fn unclosed_openers_cost_nothing() {
        assert!(!has_directive(&"{{ {% {# ".repeat(300_000)));
        assert!(has_directive(&"{{\"}}".repeat(100_000)));
    }
}
