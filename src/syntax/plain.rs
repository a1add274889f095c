//! Text of a language without a parser: what of it is code.
//!
//! Comments and texts in quotation marks are covered with spaces, line by line the same, so that a pattern finds neither a
//! call that is commented out nor one that is only spoken of. Documents that hold code in fences (R Markdown, Quarto) keep
//! what their fences hold, but for those that say that they are not run.
//!
//! Invariants: line `n` stays line `n`; the work grows with the text alone; nothing that is open at the end is an error.

/// What a language writes around its comments and texts.
pub(crate) struct Marks<'m> {
    /// What begins a comment to the end of the line.
    pub(crate) lines: Vec<&'m str>,
    /// What begins and ends a comment over lines.
    pub(crate) blocks: Vec<(&'m str, &'m str)>,
    /// What stands around a text; one character ends at the latest with its line.
    pub(crate) quotes: Vec<&'m str>,
}

enum Within<'m> {
    Code,
    Line,
    Block(&'m str),
    Quote(&'m str),
}

/// The text with comments and quoted texts covered.
pub(crate) fn code(text: &str, marks: &Marks<'_>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut within = Within::Code;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let mut step = c.len_utf8();
        let starts = |mark: &&&str| !mark.is_empty() && rest.starts_with(**mark);
        let mut shown = false;
        match &within {
            Within::Code => {
                // three quotation marks before one
                let quote = marks.quotes.iter().filter(starts).max_by_key(|q| q.len());
                let block = marks.blocks.iter().find(|(open, _)| rest.starts_with(open));
                if let Some((open, close)) = block {
                    (within, step) = (Within::Block(close), open.len());
                } else if let Some(mark) = marks.lines.iter().find(starts) {
                    (within, step) = (Within::Line, mark.len());
                } else if let Some(quote) = quote {
                    (within, step) = (Within::Quote(quote), quote.len());
                } else {
                    shown = true;
                }
            }
            Within::Line if c == '\n' => within = Within::Code,
            Within::Line => {}
            Within::Block(close) if rest.starts_with(close) => {
                step = close.len();
                within = Within::Code;
            }
            Within::Block(_) => {}
            Within::Quote(quote) if rest.starts_with(quote) => {
                step = quote.len();
                within = Within::Code;
            }
            Within::Quote(quote) if c == '\n' && quote.len() == 1 => within = Within::Code,
            // what is escaped ends nothing
            Within::Quote(_) if c == '\\' => step += rest.chars().nth(1).filter(|c| *c != '\n').map_or(0, char::len_utf8),
            Within::Quote(_) => {}
        }
        let (passed, after) = rest.split_at_checked(step).unwrap_or((rest, ""));
        match shown {
            true => out.push_str(passed),
            false => out.extend(passed.chars().map(|c| if c == '\n' { '\n' } else { ' ' })),
        }
        rest = after;
    }
    out
}

/// What the fences of a document hold that are run; all other lines are empty.
pub(crate) fn fenced(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // how many marks opened the fence, and whether it is run
    let mut open: Option<(usize, bool)> = None;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_start();
        let ticks = trimmed.chars().take_while(|c| *c == '`').count();
        match open {
            None if ticks >= 3 => {
                let head = trimmed.trim_start_matches('`').trim();
                let is_code = head.starts_with('{') && !head.starts_with("{=") && !head.starts_with("{.");
                open = Some((ticks, is_code && !is_off(head)));
            }
            Some((most, _)) if ticks >= most && trimmed.trim_matches('`').trim().is_empty() => open = None,
            Some((most, true)) if trimmed.starts_with("#|") && is_off(&trimmed.replace("#|", "").replace(':', "=")) => {
                open = Some((most, false));
            }
            Some((_, true)) => {
                out.push_str(line);
                continue;
            }
            _ => {}
        }
        out.extend(line.ends_with('\n').then_some('\n'));
    }
    out
}

/// Whether the options of a fence say that it is not run.
fn is_off(options: &str) -> bool {
    let plain: String = options.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
    plain.contains("eval=false") || plain.contains("eval=f,") || plain.contains("eval=f}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn r(text: &str) -> String {
        code(text, &Marks { lines: vec!["#"], blocks: Vec::new(), quotes: vec!["\"", "'"] })
    }

    #[test]
    fn comments_and_texts_are_covered_and_lines_stay() {
        assert_eq!(r("a # b\nc"), "a    \nc");
        assert_eq!(r("f(\"x # y\") # z\ng"), "f(       )    \ng");
        assert_eq!(r("f('it\\'s') + 1"), "f(       ) + 1");
        // an apostrophe that is none costs its line alone
        assert_eq!(r("don't\nfit(x)"), "don  \nfit(x)");
        let marks = Marks { lines: vec!["//"], blocks: vec![("/*", "*/")], quotes: vec!["\"\"\"", "\""] };
        assert_eq!(code("a /* b\nc */ d \"\"\"e\n\"f\"\"\" g // h", &marks), "a     \n     d     \n      g     ");
        assert_eq!(code("\"open\\", &marks), "      ");
        assert_eq!(code("ä\"ö\"ü", &marks), "ä   ü");
    }

    #[test]
    fn of_a_document_the_fences_that_run_are_code() {
        let text = "fit(a)\n```{r}\nfit(b)\n```\n```{r, eval=FALSE}\nfit(c)\n```\n```r\nfit(d)\n```\n```{r}\n#| eval: false\nfit(e)\n```\nfit(f)\n````{julia}\n```\nfit(g)\n````\n";
        let kept: Vec<String> = fenced(text).lines().map(str::to_owned).filter(|l| l.starts_with("fit")).collect();
        assert_eq!(kept, ["fit(b)", "fit(g)"]);
        assert_eq!(fenced(text).lines().count(), text.lines().count());
    }
}
