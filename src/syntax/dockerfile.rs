//! Dockerfiles: stages, instructions, and what a container of a stage starts.
//!
//! The format is one of lines, so one bad instruction costs one instruction: the reader is our own, because the
//! parser at hand gives up on the whole file, keeps comments inside shell text, and has no heredocs for `COPY`.
//! The tests hold it against that parser.
//!
//! Invariants: shell text has a line for each line of the file, so line `n` of it is line `line + n - 1` of the
//! file; nothing is looked up or run; size, instructions and substitutions are bounded.

use std::collections::{BTreeMap, BTreeSet};

use super::SyntaxError;

/// Longer files are not read.
const MAX_TEXT: usize = 1 << 20;
/// Instructions kept of one file.
const MAX_INSTRUCTIONS: usize = 10_000;
/// Stages kept of one file.
const MAX_STAGES: usize = 200;
/// `ENV` variables kept of one stage.
const MAX_VARIABLES: usize = 500;
/// Errors kept of one file.
const MAX_ERRORS: usize = 20;
/// Longest value that a variable puts in.
const MAX_VALUE: usize = 1_024;
/// What runs shell text, until `SHELL` says otherwise.
const SHELL: [&str; 2] = ["/bin/sh", "-c"];

/// A Dockerfile, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dockerfile {
    /// In the order of the file.
    pub stages: Vec<Stage>,
    /// Defaults of all `ARG`s, with their line; of several the first.
    pub args: BTreeMap<String, (String, u32)>,
    /// What could not be read.
    pub errors: Vec<SyntaxError>,
}

/// What follows one `FROM`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stage {
    /// After `AS`.
    pub name: Option<String>,
    /// The image or stage it starts from, defaults of `ARG`s put in; what has no default stands as written.
    pub base: String,
    /// Index of the stage it starts from, where `base` is one.
    pub parent: Option<usize>,
    /// Line of `FROM`.
    pub line: u32,
    /// Without the `FROM`.
    pub instructions: Vec<Instruction>,
    /// The last `WORKDIR`, that of the parent included.
    pub workdir: Option<String>,
    /// `ENV` and defaults of `ARG`, as known at its end; those of the parent's `ENV` included.
    pub variables: BTreeMap<String, String>,
    /// Which of them are of `ENV`, and so reach the stages that start from this one.
    kept: BTreeSet<String>,
}

/// One instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// In capitals.
    pub keyword: String,
    /// Line of the keyword.
    pub line: u32,
    /// Last line, heredocs included.
    pub end_line: u32,
    /// What follows.
    pub form: Form,
    /// `--from=builder`: name and value.
    pub flags: Vec<(String, String)>,
    /// The `WORKDIR` in effect.
    pub workdir: Option<String>,
    /// Heredocs. Those of `RUN` also stand in its text.
    pub heredocs: Vec<Heredoc>,
}

/// What stands behind a keyword.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// `["a", "b"]`
    Exec(Vec<String>),
    /// Text for a shell, lines kept.
    Shell(String),
    /// Words; variables put in for `WORKDIR`, `COPY`, `ADD` and `ENV` (there as `NAME=value`).
    Args(Vec<String>),
}

/// A heredoc.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heredoc {
    /// Its delimiter.
    pub name: String,
    /// Its lines.
    pub text: String,
    /// Line of the first of them in the file.
    pub line: u32,
}

/// What a container starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// The whole command line; shell text is the last word after `/bin/sh -c`.
    pub argv: Vec<String>,
    /// Line of the instruction that names the program.
    pub line: u32,
    /// Where it runs.
    pub workdir: Option<String>,
}

impl Dockerfile {
    /// The index of the stage of this name or number; of the last one without a name.
    pub fn stage(&self, name: Option<&str>) -> Option<usize> {
        match name {
            None => self.stages.len().checked_sub(1),
            Some(name) => find(&self.stages, name),
        }
    }

    /// `ENTRYPOINT` and `CMD` of a stage (the last without a name), those of the stages it starts from included:
    /// the last of each wins, and a new `ENTRYPOINT` forgets a `CMD` from below.
    pub fn command_of(&self, stage: Option<&str>) -> Option<Started> {
        self.started(stage, None)
    }

    /// The same, where whoever starts the container gives words in place of `CMD`.
    pub fn told(&self, words: &[String], line: u32) -> Option<Started> {
        self.started(None, Some((words.to_vec(), line)))
    }

    fn started(&self, stage: Option<&str>, told: Option<(Vec<String>, u32)>) -> Option<Started> {
        let mut chain = Vec::new();
        let mut next = self.stage(stage);
        while let Some(index) = next {
            let stage = self.stages.get(index)?;
            chain.push(stage);
            // A parent stands before, so this ends.
            next = stage.parent.filter(|parent| *parent < index);
        }
        let mut shell: Vec<String> = SHELL.map(str::to_owned).to_vec();
        let (mut entry, mut command): (Option<(Vec<String>, u32, bool)>, Option<(Vec<String>, u32)>) = (None, None);
        for stage in chain.iter().rev() {
            let mut own_command = false;
            for instruction in &stage.instructions {
                let line = instruction.line;
                let is_shell = matches!(instruction.form, Form::Shell(_));
                let argv = match &instruction.form {
                    Form::Exec(words) | Form::Args(words) => words.clone(),
                    Form::Shell(text) => shell.iter().cloned().chain([text.clone()]).collect(),
                };
                match instruction.keyword.as_str() {
                    "SHELL" => shell = argv,
                    "CMD" => {
                        own_command = true;
                        command = Some((argv, line));
                    }
                    "ENTRYPOINT" => {
                        entry = Some((argv, line, is_shell));
                        if !own_command {
                            command = None;
                        }
                    }
                    _ => {}
                }
            }
        }
        let entry = entry.filter(|(argv, ..)| !argv.is_empty());
        let command = told.or(command);
        let (argv, line) = match (entry, command) {
            (Some((argv, line, true)), _) | (Some((argv, line, _)), None) => (argv, line),
            (Some((argv, line, _)), Some((arguments, _))) => (argv.into_iter().chain(arguments).collect(), line),
            (None, command) => command?,
        };
        let workdir = chain.first().and_then(|stage| stage.workdir.clone());
        (!argv.is_empty()).then_some(Started { argv, line, workdir })
    }
}

/// Reads a Dockerfile. Never fails: what could not be read is in [`Dockerfile::errors`].
pub fn parse(text: &str) -> Dockerfile {
    let mut file = Dockerfile::default();
    if text.len() > MAX_TEXT {
        file.errors.push(SyntaxError { line: 1, message: format!("longer than {MAX_TEXT} bytes") });
        return file;
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = Lines { lines: text.lines().collect(), at: 0, escape: escape(text), endless: BTreeSet::new() };
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    let mut count = 0;
    while let Some(raw) = lines.next_instruction(&mut file.errors) {
        count += 1;
        if count > MAX_INSTRUCTIONS || file.stages.len() > MAX_STAGES {
            let message = format!("more than {MAX_INSTRUCTIONS} instructions or {MAX_STAGES} stages; the rest is not read");
            file.errors.push(SyntaxError { line: raw.line, message });
            break;
        }
        take(&mut file, raw, &mut known, lines.escape);
    }
    file.errors.truncate(MAX_ERRORS);
    if file.stages.is_empty() && file.errors.is_empty() {
        file.errors.push(SyntaxError { line: 1, message: "no FROM".into() });
    }
    file
}

/// `# escape=` among the comments before anything else.
fn escape(text: &str) -> char {
    let directives = text.lines().map_while(|line| line.trim().strip_prefix('#')).filter_map(|line| line.split_once('='));
    for (name, value) in directives.take(10) {
        if name.trim().eq_ignore_ascii_case("escape") && value.trim() == "`" {
            return '`';
        }
    }
    '\\'
}

/// An instruction as it stands.
struct Raw {
    keyword: String,
    line: u32,
    end_line: u32,
    /// With `\` and a newline wherever the file has a newline.
    rest: String,
    heredocs: Vec<Heredoc>,
}

struct Lines<'a> {
    lines: Vec<&'a str>,
    at: usize,
    escape: char,
    /// Delimiters that end nothing from here on.
    endless: BTreeSet<String>,
}

impl Lines<'_> {
    fn number(&self) -> u32 {
        u32::try_from(self.at + 1).unwrap_or(u32::MAX)
    }

    fn next_instruction(&mut self, errors: &mut Vec<SyntaxError>) -> Option<Raw> {
        loop {
            let line = self.lines.get(self.at)?.trim();
            if !line.is_empty() && !line.starts_with('#') {
                break;
            }
            self.at += 1;
        }
        let line = self.number();
        let mut whole = String::new();
        let mut goes_on = true;
        while goes_on {
            let Some(next) = self.lines.get(self.at) else { break };
            let trimmed = next.trim_end();
            if !whole.is_empty() {
                whole.push_str("\\\n");
            }
            self.at += 1;
            if trimmed.trim_start().starts_with('#') || (trimmed.is_empty() && !whole.is_empty()) {
                // Comments and blank lines inside an instruction are dropped; their line is kept.
                continue;
            }
            goes_on = trimmed.ends_with(self.escape);
            whole.push_str(if goes_on { trimmed.strip_suffix(self.escape).unwrap_or(trimmed) } else { trimmed });
            if goes_on && whole.is_empty() {
                whole.push(' ');
            }
        }
        let whole = whole.trim_start();
        let end = whole.find(|c: char| c.is_whitespace() || c == '\\').unwrap_or(whole.len());
        let (keyword, rest) = whole.split_at_checked(end).unwrap_or((whole, ""));
        let keyword = keyword.to_ascii_uppercase();
        let mut heredocs = Vec::new();
        if matches!(keyword.as_str(), "RUN" | "COPY" | "ADD") {
            for (name, strip_tabs) in delimiters(rest) {
                let start = self.at;
                let ends = |line: &&str| if strip_tabs { line.trim_start_matches('\t') == name } else { *line == name };
                let after = self.lines.get(start..).filter(|_| !self.endless.contains(&name));
                let Some(length) = after.and_then(|after| after.iter().position(ends)) else {
                    self.endless.insert(name.clone());
                    errors.push(SyntaxError { line, message: format!("the heredoc `{name}` has no end") });
                    break;
                };
                let body: Vec<&str> = self.lines.iter().skip(start).take(length).copied().collect();
                heredocs.push(Heredoc { name, text: body.join("\n"), line: self.number() });
                self.at = start + length + 1;
            }
        }
        let end_line = u32::try_from(self.at).unwrap_or(u32::MAX).max(line);
        Some(Raw { keyword, line, end_line, rest: rest.to_owned(), heredocs })
    }
}

/// The heredocs that a line announces, outside of quotes.
fn delimiters(rest: &str) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    let mut quote = None;
    let bytes = rest.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let here = rest.get(at..).unwrap_or_default();
        match (quote, byte) {
            (None, b'\'' | b'"') => quote = Some(*byte),
            (Some(open), _) if open == *byte => quote = None,
            (None, b'<') if here.starts_with("<<<") => at += 2,
            (None, b'<') if here.starts_with("<<") => {
                let after = here.get(2..).unwrap_or_default();
                let (after, strip_tabs) = after.strip_prefix('-').map_or((after, false), |after| (after, true));
                let open = after.chars().next().filter(|c| matches!(c, '"' | '\''));
                let name: String = after
                    .chars()
                    .skip(usize::from(open.is_some()))
                    .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
                    .take(100)
                    .collect();
                if name.starts_with(|c: char| c.is_alphabetic() || c == '_') && found.len() < 50 {
                    at += 1 + name.len();
                    found.push((name, strip_tabs));
                    // Past the closing quote too.
                    at += usize::from(strip_tabs) + 2 * usize::from(open.is_some());
                } else {
                    at += 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Adds an instruction to the file.
fn take(file: &mut Dockerfile, raw: Raw, known: &mut BTreeMap<String, String>, escape: char) {
    const KEYWORDS: [&str; 17] = [
        "ADD",
        "ARG",
        "CMD",
        "COPY",
        "ENTRYPOINT",
        "ENV",
        "EXPOSE",
        "HEALTHCHECK",
        "LABEL",
        "MAINTAINER",
        "ONBUILD",
        "RUN",
        "SHELL",
        "STOPSIGNAL",
        "USER",
        "VOLUME",
        "WORKDIR",
    ];
    let (flags, rest) = flags(&raw.keyword, &raw.rest);
    if raw.keyword == "FROM" {
        from(file, raw.line, &rest, known);
        return;
    }
    if !KEYWORDS.contains(&raw.keyword.as_str()) {
        let word: String = raw.keyword.chars().take(40).collect();
        file.errors.push(SyntaxError { line: raw.line, message: format!("`{word}` is no instruction") });
        return;
    }
    if raw.keyword == "ARG" {
        for word in words(&rest, escape) {
            if let Some((name, value)) = word.split_once('=') {
                let value = substituted(value, known);
                file.args.entry(name.to_owned()).or_insert((value.clone(), raw.line));
                known.entry(name.to_owned()).or_insert(value.clone());
                if let Some(stage) = file.stages.last_mut() {
                    stage.variables.entry(name.to_owned()).or_insert(value);
                }
            } else if let (Some(value), Some(stage)) = (known.get(&word), file.stages.last_mut()) {
                // `ARG X` in a stage brings in the default from before the first FROM.
                stage.variables.entry(word).or_insert(value.clone());
            }
        }
    }
    let Some(stage) = file.stages.last_mut() else {
        if raw.keyword != "ARG" {
            file.errors.push(SyntaxError { line: raw.line, message: format!("{} before FROM", raw.keyword) });
        }
        return;
    };
    if matches!(raw.keyword.as_str(), "RUN" | "CMD" | "ENTRYPOINT") && plain(&rest).trim().is_empty() {
        file.errors.push(SyntaxError { line: raw.line, message: format!("{} without a command", raw.keyword) });
        return;
    }
    let form = match raw.keyword.as_str() {
        "RUN" | "CMD" | "ENTRYPOINT" | "SHELL" => command(&rest, &raw.heredocs),
        "HEALTHCHECK" => {
            let start = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\\');
            match start.get(..3).filter(|word| word.eq_ignore_ascii_case("cmd")) {
                Some(_) => command(start.get(3..).unwrap_or_default(), &[]),
                None => Form::Args(words(&rest, escape)),
            }
        }
        "COPY" | "ADD" | "WORKDIR" | "VOLUME" => {
            let list = match serde_json::from_str::<Vec<String>>(plain(&rest).trim()) {
                Ok(list) if !list.is_empty() => list,
                _ => words(&rest, escape),
            };
            Form::Args(list.iter().map(|word| substituted(word, &stage.variables)).collect())
        }
        "ENV" => Form::Args(environment(&words(&rest, escape), &stage.variables)),
        _ => Form::Args(words(&rest, escape)),
    };
    if let ("WORKDIR", Form::Args(list)) = (raw.keyword.as_str(), &form) {
        stage.workdir = list.first().map(|to| joined(stage.workdir.as_deref(), to));
    }
    if let ("ENV", Form::Args(list)) = (raw.keyword.as_str(), &form) {
        for (name, value) in list.iter().filter_map(|word| word.split_once('=')) {
            if stage.variables.len() < MAX_VARIABLES {
                stage.variables.insert(name.to_owned(), value.to_owned());
                stage.kept.insert(name.to_owned());
            }
        }
    }
    stage.instructions.push(Instruction {
        keyword: raw.keyword,
        line: raw.line,
        end_line: raw.end_line,
        form,
        flags,
        workdir: stage.workdir.clone(),
        heredocs: raw.heredocs,
    });
}

fn from(file: &mut Dockerfile, line: u32, rest: &str, known: &BTreeMap<String, String>) {
    let list = words(rest, '\\');
    let Some(image) = list.first() else {
        file.errors.push(SyntaxError { line, message: "FROM without an image".into() });
        return;
    };
    let named = list.get(1).is_some_and(|word| word.eq_ignore_ascii_case("as"));
    let base = substituted(image, known);
    let parent = find(&file.stages, &base).filter(|_| base.parse::<usize>().is_err());
    let below = parent.and_then(|parent| file.stages.get(parent));
    let kept = below.map(|stage| stage.kept.clone()).unwrap_or_default();
    let inherited = below.map(|stage| stage.variables.iter().filter(|(name, _)| kept.contains(*name)));
    let variables = inherited.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect();
    let workdir = below.and_then(|stage| stage.workdir.clone());
    let name = list.get(2).filter(|_| named).cloned();
    file.stages.push(Stage { name, base, parent, line, instructions: Vec::new(), workdir, variables, kept });
}

/// The stage of this name, or of this number.
fn find(stages: &[Stage], name: &str) -> Option<usize> {
    let named = stages.iter().rposition(|stage| stage.name.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(name)));
    named.or_else(|| name.parse().ok().filter(|index| *index < stages.len()))
}

/// The text on one line.
fn plain(text: &str) -> String {
    text.replace("\\\n", " ")
}

/// The flags in front, and the rest with as many line breaks as were passed.
fn flags(keyword: &str, text: &str) -> (Vec<(String, String)>, String) {
    let mut flags = Vec::new();
    let mut rest = text;
    let mut breaks = 0;
    while !matches!(keyword, "CMD" | "ENTRYPOINT" | "SHELL" | "ENV" | "ARG" | "LABEL") {
        let mut start = rest;
        let mut passed = 0;
        loop {
            let trimmed = start.trim_start();
            match trimmed.strip_prefix("\\\n") {
                Some(after) => (start, passed) = (after, passed + 1),
                None => {
                    start = trimmed;
                    break;
                }
            }
        }
        let Some(flag) = start.strip_prefix("--") else { break };
        let end = flag.find(char::is_whitespace).unwrap_or(flag.len());
        let Some((word, after)) = flag.split_at_checked(end) else { break };
        // `--mount=a\` with the line's end glued to it.
        let glued = word.ends_with('\\') && after.starts_with('\n');
        let word = word.strip_suffix('\\').filter(|_| glued).unwrap_or(word);
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        flags.push((name.to_owned(), value.trim_matches('"').to_owned()));
        breaks += passed + usize::from(glued);
        rest = if glued { after.get(1..).unwrap_or_default() } else { after };
    }
    (flags, format!("{}{}", "\\\n".repeat(breaks), rest.trim_start_matches([' ', '\t'])))
}

/// A command: a JSON list, or text for a shell.
fn command(rest: &str, heredocs: &[Heredoc]) -> Form {
    let flat = plain(rest);
    let flat = flat.trim();
    if flat.starts_with('[') {
        if let Ok(list) = serde_json::from_str::<Vec<String>>(flat) {
            return Form::Exec(list);
        }
    }
    let Some(first) = heredocs.first() else { return Form::Shell(rest.trim_end().to_owned()) };
    let alone = flat.strip_prefix("<<").is_some_and(|word| !word.contains(char::is_whitespace));
    let script = first.text.trim_start_matches('\t');
    match (alone, script.strip_prefix("#!").map(|line| line.lines().next().unwrap_or_default().trim())) {
        // The lines are the script itself.
        (true, None) => Form::Shell(format!("\n{}", first.text)),
        (true, Some(interpreter)) => Form::Shell(format!("{interpreter} <<'{0}'\n{1}\n{0}", first.name, first.text)),
        _ => {
            let bodies: Vec<String> = heredocs.iter().map(|doc| format!("\n{}\n{}", doc.text, doc.name)).collect();
            Form::Shell(format!("{}{}", rest.trim_end(), bodies.concat()))
        }
    }
}

/// Words, quotes removed.
fn words(text: &str, escape: char) -> Vec<String> {
    let text = plain(text);
    let mut list = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(next) = chars.next() {
        match (quote, next) {
            (Some(open), _) if open == next => quote = None,
            (None, '"' | '\'') => {
                quote = Some(next);
                word.get_or_insert_default();
            }
            (None, _) if next.is_whitespace() => list.extend(word.take()),
            (None | Some('"'), _) if next == escape => word.get_or_insert_default().extend(chars.next()),
            _ => word.get_or_insert_default().push(next),
        }
    }
    list.extend(word);
    list
}

/// `NAME=value` for each; the old form `NAME value with blanks` is one.
fn environment(list: &[String], known: &BTreeMap<String, String>) -> Vec<String> {
    match list {
        [name, value @ ..] if !name.contains('=') => vec![format!("{name}={}", substituted(&value.join(" "), known))],
        _ => list.iter().map(|word| substituted(word, known)).collect(),
    }
}

/// Known variables put in: `$X`, `${X}`, `${X:-y}`, `${X-y}`. Others stand as written.
fn substituted(text: &str, known: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let braced = after.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let (name, default, tail, written) = match braced {
            Some((inner, tail)) => {
                let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
                let (name, operator) = inner.split_at_checked(end).unwrap_or((inner, ""));
                let default = operator.strip_prefix(":-").or_else(|| operator.strip_prefix('-'));
                let simple = operator.is_empty() || default.is_some();
                (if simple { name } else { "" }, default, tail, format!("${{{inner}}}"))
            }
            None => {
                let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
                let (name, tail) = after.split_at_checked(end).unwrap_or((after, ""));
                (name, None, tail, format!("${name}"))
            }
        };
        match known.get(name).map(String::as_str).or(default) {
            Some(value) if out.len() + value.len() <= text.len() + MAX_VALUE => out.push_str(value),
            _ => out.push_str(&written),
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// A folder inside the image.
fn joined(base: Option<&str>, to: &str) -> String {
    let whole = if to.starts_with(['/', '$']) { to.to_owned() } else { format!("{}/{to}", base.unwrap_or("")) };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let root = if whole.starts_with('$') { "" } else { "/" };
    let path = format!("{root}{}", parts.join("/"));
    // A chain of relative steps may not grow without end.
    if path.len() > 4_096 { root.to_owned() } else { path }
}

#[cfg(test)]
mod tests;
