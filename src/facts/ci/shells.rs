//! Which program reads the text of a step.

use crate::fact::{Command, OnFailure};
use crate::syntax::shell::{Word, Wrapper, strip};

/// The reader of a step's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Program {
    /// A shell of the Bourne family.
    Shell {
        /// A failing command ends it.
        errexit: bool,
        /// A failing part of a pipe fails the pipe.
        pipefail: bool,
    },
    /// PowerShell or cmd: line by line, the last command decides.
    Lines,
    /// Python.
    Python,
    /// Any other interpreter, by its command line.
    Other(Vec<String>),
}

/// What `shell:` means; none is the default of the machine.
pub(super) fn program(shell: Option<&str>, windows: bool) -> Program {
    let Some(shell) = shell.map(str::trim).filter(|s| !s.is_empty() && !s.contains("${{")) else {
        return if windows { Program::Lines } else { Program::Shell { errexit: true, pipefail: false } };
    };
    match shell {
        // naming it turns pipefail on
        "bash" => return Program::Shell { errexit: true, pipefail: true },
        "sh" => return Program::Shell { errexit: true, pipefail: false },
        "pwsh" | "powershell" | "cmd" => return Program::Lines,
        "python" => return Program::Python,
        _ => {}
    }
    // a template of one's own: `bash -leo pipefail {0}`, `conda run -n env bash -e {0}`, `Rscript {0}`
    let words: Vec<&str> = shell.split_whitespace().collect();
    let base = |word: &&str| crate::source::file_name(word).to_ascii_lowercase();
    for (at, word) in words.iter().enumerate() {
        match base(word).as_str() {
            "bash" | "sh" | "zsh" | "dash" => {
                let flags = words.get(at + 1..).unwrap_or(&[]);
                let short = |flag: char| flags.iter().any(|f| f.starts_with('-') && !f.starts_with("--") && f.contains(flag));
                let errexit = short('e') || flags.contains(&"errexit");
                return Program::Shell { errexit, pipefail: flags.contains(&"pipefail") };
            }
            // wrappers of bash that set both
            "micromamba-shell" | "bash-l" => return Program::Shell { errexit: true, pipefail: true },
            "pwsh" | "powershell" | "cmd" | "pwsh.exe" | "powershell.exe" | "cmd.exe" => return Program::Lines,
            name if name.starts_with("python") => return Program::Python,
            _ => {}
        }
    }
    Program::Other(words.into_iter().filter(|w| !w.contains("{0}")).map(str::to_owned).collect())
}

/// The program that the first line of a text names; a shell where it names none, which `errexit` is for.
pub(super) fn by_first_line(text: &str, errexit: bool) -> Program {
    let Some(named) = text.trim_start().strip_prefix("#!") else {
        return Program::Shell { errexit, pipefail: false };
    };
    let words = named.lines().next().unwrap_or("").split_whitespace();
    let called: Vec<&str> = words.filter(|w| !w.ends_with("/env") && *w != "-S").collect();
    let by = called.first().map_or("sh", |w| crate::source::file_name(w));
    match by {
        "bash" | "sh" | "zsh" | "dash" | "ash" => {
            let errexit = called.iter().skip(1).any(|w| w.starts_with('-') && w.contains('e'));
            Program::Shell { errexit, pipefail: called.contains(&"pipefail") }
        }
        "pwsh" | "powershell" => Program::Lines,
        name if name.starts_with("python") => Program::Python,
        _ => Program::Other(called.iter().map(|w| (*w).to_owned()).collect()),
    }
}

/// The commands of a text in PowerShell or cmd, as far as a plain line shows them, with 1-based lines.
pub(super) fn plain_lines(text: &str, dir: Option<&str>, wrappers: &[Wrapper]) -> Vec<(u32, Command)> {
    let mut commands: Vec<(u32, Command)> = Vec::new();
    let mut dir = dir.map(str::to_owned);
    let (mut joined, mut first) = (String::new(), 1);
    for (number, line) in (1_u32..).zip(text.lines()) {
        if joined.is_empty() {
            first = number;
        }
        let line = line.trim();
        if let Some(more) = line.strip_suffix(['`', '^']) {
            joined.push_str(more);
            joined.push(' ');
            continue;
        }
        joined.push_str(line);
        let words = strip(&words(&joined), wrappers).words;
        joined.clear();
        let Some(program) = words.first().map(|w| w.text.clone()) else { continue };
        if program.eq_ignore_ascii_case("rem") || !program.starts_with(|c: char| c.is_ascii_alphabetic() || c == '.') {
            continue;
        }
        if matches!(program.to_ascii_lowercase().as_str(), "cd" | "set-location" | "pushd" | "chdir") {
            dir =
                words.last().filter(|w| words.len() > 1 && w.literal).and_then(|w| crate::source::join(dir.as_deref()?, &w.text));
        }
        let command = Command { on_failure: OnFailure::GoesOn, ..Command::new(words, dir.clone()) };
        commands.push((first, command));
    }
    if let Some((_, last)) = commands.last_mut() {
        last.on_failure = OnFailure::Stops;
    }
    commands
}

/// Words between blanks, quotes taken off; paths with the slashes that everybody else writes.
fn words(line: &str) -> Vec<Word> {
    let line = line.strip_prefix("& ").unwrap_or(line);
    if line.starts_with('#') || line.starts_with("::") {
        return Vec::new();
    }
    let mut words = Vec::new();
    let (mut text, mut quote, mut begun) = (String::new(), None, false);
    for c in line.chars().chain([' ']) {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            (c, Some(_)) => text.push(c),
            ('"' | '\'', None) => (quote, begun) = (Some(c), true),
            (' ' | '\t', None) => {
                if begun || !text.is_empty() {
                    let literal = !text.contains(['$', '%']);
                    words.push(Word { text: std::mem::take(&mut text).replace('\\', "/"), literal });
                }
                begun = false;
            }
            (c, None) => text.push(c),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_are_told_apart() {
        let shell = |errexit, pipefail| Program::Shell { errexit, pipefail };
        assert_eq!(program(None, false), shell(true, false));
        assert_eq!(program(None, true), Program::Lines);
        assert_eq!(program(Some("bash"), true), shell(true, true));
        assert_eq!(program(Some("bash -l {0}"), false), shell(false, false));
        assert_eq!(program(Some("bash -leo pipefail {0}"), false), shell(true, true));
        assert_eq!(program(Some("uv run python {0}"), false), Program::Python);
        assert_eq!(program(Some("Rscript {0}"), false), Program::Other(vec!["Rscript".into()]));
    }

    #[test]
    fn lines_of_other_shells_are_commands() {
        let text = "# fit\n$x = 1\ncd jobs\npython .\\fit.py `\n  --out \"my model\"\n";
        let shown: Vec<String> = plain_lines(text, Some("."), &[])
            .into_iter()
            .map(|(line, c)| format!("{line} {} in {} {:?}", c.text(), c.dir.as_deref().unwrap_or("?"), c.on_failure))
            .collect();
        assert_eq!(shown, ["3 cd jobs in jobs GoesOn", "4 python ./fit.py --out my model in jobs Stops"]);
    }
}
