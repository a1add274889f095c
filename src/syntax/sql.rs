//! SQL as statements of words: enough to see what is created, changed and called, whatever the dialect.
//!
//! Comments are left out; texts, blocks between `$$` and names in quotes are one word each, and so is what a template
//! puts into a name. A statement ends at its `;`, that of a block of statements behind its `END`. Bounded in words; what
//! is not closed ends with the text.

/// Most words that are kept of one text.
const MOST: usize = 100_000;

/// A statement.
#[derive(Debug, Clone, Default)]
pub(crate) struct Statement<'t> {
    /// Its words and signs, without the last `;`.
    pub(crate) words: Vec<Word<'t>>,
}

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A key word, a number, or a name with its dots and quotes.
    Name,
    /// A text, without its quotes.
    Text,
    /// What stands between two `$$`.
    Block,
    /// One sign.
    Sign,
}

/// A word.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word<'t> {
    pub(crate) kind: Kind,
    pub(crate) text: &'t str,
    /// First line, 1-based.
    pub(crate) line: u32,
    /// Last line.
    pub(crate) end_line: u32,
}

impl Word<'_> {
    /// Whether it is this key word.
    pub(crate) fn is(&self, word: &str) -> bool {
        self.kind == Kind::Name && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether it is one of these key words.
    pub(crate) fn is_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    fn is_sign(&self, sign: &str) -> bool {
        self.kind == Kind::Sign && self.text == sign
    }
}

impl Statement<'_> {
    /// First line.
    pub(crate) fn line(&self) -> u32 {
        self.words.first().map_or(1, |word| word.line)
    }

    /// Last line.
    pub(crate) fn end_line(&self) -> u32 {
        self.words.last().map_or(1, |word| word.end_line)
    }
}

/// The statements of a text.
pub(crate) fn parse(text: &str) -> Vec<Statement<'_>> {
    let mut all = Vec::new();
    let mut now = Statement::default();
    let mut open = 0usize;
    let mut declaring = false;
    let mut words = words(text).into_iter().peekable();
    while let Some(word) = words.next() {
        let before = now.words.last();
        let begins = before.is_none_or(|w| w.is_any(&["as", "then", "else", "do", "begin", "loop"]) || w.is_sign(";"));
        if word.is_sign(";") && open == 0 {
            all.extend((!now.words.is_empty()).then(|| std::mem::take(&mut now)));
            continue;
        }
        let next = words.peek();
        if word.is("declare") && begins {
            (open, declaring) = (open + 1, true);
        } else if word.is("begin") && begins {
            let transaction = open == 0 && next.is_none_or(|w| w.is_sign(";") || w.is_any(&["transaction", "work", "name"]));
            if !transaction && !std::mem::take(&mut declaring) {
                open += 1;
            }
        } else if word.is("case") && !before.is_some_and(|w| w.is("end")) {
            open += 1;
        } else if word.is("end") && !next.is_some_and(|w| w.is_any(&["if", "for", "while", "loop", "repeat"])) {
            open = open.saturating_sub(1);
        }
        now.words.push(word);
    }
    all.extend((!now.words.is_empty()).then_some(now));
    all
}

fn words(text: &str) -> Vec<Word<'_>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let (mut at, mut line) = (0usize, 1u32);
    while at < bytes.len() && found.len() < MOST {
        let rest = &text[at..];
        let mut taken = |kind: Kind, from: usize, to: usize, end: usize, at: &mut usize, line: &mut u32| {
            let first = *line;
            *line += lines(&text[*at..end]);
            if let Some(text) = text.get(from..to) {
                found.push(Word { kind, text, line: first, end_line: *line });
            }
            *at = end;
        };
        if rest.starts_with("--") || rest.starts_with("//") || rest.starts_with('#') {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if rest.starts_with("/*") {
            skip(text, &mut at, &mut line, rest.find("*/").map_or(rest.len(), |end| end + 2));
        } else if rest.starts_with("{%") {
            skip(text, &mut at, &mut line, rest.find("%}").map_or(rest.len(), |end| end + 2));
        } else if let Some(inside) = rest.strip_prefix("$$") {
            let end = inside.find("$$");
            let to = at + 2 + end.unwrap_or(inside.len());
            let (from, end) = (at + 2, if end.is_some() { to + 2 } else { to });
            taken(Kind::Block, from, to, end, &mut at, &mut line);
        } else if rest.starts_with('\'') {
            let (to, end) = quoted(bytes, at);
            let from = at + 1;
            taken(Kind::Text, from, to, end, &mut at, &mut line);
        } else if let end @ 1.. = name(rest) {
            let (from, to) = (at, at + end);
            taken(Kind::Name, from, to, to, &mut at, &mut line);
        } else {
            let size = rest.chars().next().map_or(1, char::len_utf8);
            if rest.starts_with(char::is_whitespace) {
                skip(text, &mut at, &mut line, size);
            } else {
                let (from, to) = (at, at + size);
                taken(Kind::Sign, from, to, to, &mut at, &mut line);
            }
        }
    }
    found
}

fn lines(text: &str) -> u32 {
    u32::try_from(memchr::memchr_iter(b'\n', text.as_bytes()).count()).unwrap_or(u32::MAX)
}

fn skip(text: &str, at: &mut usize, line: &mut u32, size: usize) {
    *line += lines(&text[*at..*at + size]);
    *at += size;
}

/// Where the text that begins here ends, and where it goes on behind it; a quote is told by a second one, or by `\`.
fn quoted(bytes: &[u8], start: usize) -> (usize, usize) {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'\'' if bytes.get(at + 1) == Some(&b'\'') => at += 2,
            b'\'' => return (at, at + 1),
            _ => at += 1,
        }
    }
    (bytes.len(), bytes.len())
}

/// How long the name is with which a text begins; what a template puts in belongs to it.
fn name(text: &str) -> usize {
    /// What a template puts in, and what closes that.
    const TEMPLATES: &[(&str, &str)] = &[("{{", "}}"), ("<%", "%>"), ("&{", "}"), ("${", "}"), ("\"", "\"")];
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty() && !rest.starts_with("$$")) {
        if let Some((open, close)) = TEMPLATES.iter().find(|(open, _)| rest.starts_with(open)) {
            match rest.get(open.len()..).and_then(|inside| inside.find(close)) {
                Some(end) => at += open.len() + end + close.len(),
                None => break,
            }
            continue;
        }
        match rest.chars().next() {
            Some(c) if c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | '@') => at += c.len_utf8(),
            _ => break,
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let one = |s: &Statement<'_>| s.words.iter().map(|w| w.text).collect::<Vec<_>>().join(" ");
        parse(text).iter().map(|s| format!("{}-{} {}", s.line(), s.end_line(), one(s))).collect()
    }

    #[test]
    fn statements_end_at_their_semicolon() {
        let text = "-- no; comment\nselect 'a;''b' /* c;\nd */ from x;\n\ncreate table \"My; t\".y as\n select 1\n";
        assert_eq!(told(text), ["2-3 select a;''b from x", "5-6 create table \"My; t\".y as select 1"]);
    }

    #[test]
    fn a_block_is_one_statement() {
        let text =
            "create task t as begin\n let x := case when a then 1 else 2 end;\n if (x) then\n call f(); end if;\nend;\nselect 1;";
        let told = told(text);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].starts_with("1-5 create task") && told[1] == "6-6 select 1");
        assert_eq!(super::parse("begin; delete from x; commit;").len(), 3);
        assert_eq!(super::parse("create procedure p() as declare x int; begin return x; end; select 1").len(), 2);
        assert_eq!(super::parse("create function f() as $$ a; b; $$; select 2;").len(), 2);
    }

    #[test]
    fn names_keep_what_a_template_puts_in() {
        assert_eq!(told("call {{ db }}.ml.fit('x')"), ["1-1 call {{ db }}.ml.fit ( x )"]);
        assert_eq!(told("alter task <% db %>.t resume"), ["1-1 alter task <% db %>.t resume"]);
        for broken in ["'", "$$", "{{", "/*", "{%", "\"", "begin", "'\\", "é'ü$$", "&{x"] {
            parse(broken);
        }
    }
}
