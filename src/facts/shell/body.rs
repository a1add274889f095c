//! Program text that stands in a command: for a shell, for another machine or a container, for Python.
//!
//! Programs are named here as far as their words must be taken apart to find the text.

use super::quoted;
use crate::fact::Command;
use crate::resolve::started_image;

/// Program text given to a command.
pub(super) enum Body {
    Shell(String),
    /// Shell text for another machine; the line as below.
    Remote(String, u32),
    /// With the line of the file where it begins; 0 where it stands on the command's own line.
    Python(String, u32),
}

/// The program text that a command is given.
pub(super) fn body_of(command: &Command) -> Option<Body> {
    let argument = |flag: &str| {
        let at = command.words.iter().position(|w| w.text == flag)?;
        command.words.get(at + 1).map(|w| w.text.clone())
    };
    let program = command.program();
    if matches!(program, "bash" | "sh" | "zsh" | "dash") {
        let dash_c =
            command.words.iter().position(|w| w.text.starts_with('-') && !w.text.starts_with("--") && w.text.ends_with('c'));
        return match dash_c {
            Some(at) => command.words.get(at + 1).map(|w| Body::Shell(w.text.clone())),
            None => command.stdin.as_ref().filter(|_| command.words.len() == 1).map(|(text, _)| Body::Shell(text.clone())),
        };
    }
    if program == "ssh" {
        return remote(command);
    }
    if let Some(body) = inside(command) {
        return Some(body);
    }
    // what is started anew after each change: a whole command in one word
    if program == "watchfiles" {
        let pairs = command.words.windows(2).find(|pair| {
            matches!(pair, [before, word] if word.text.contains(' ') && before.text != "--args" && !word.text.starts_with('-'))
        });
        return pairs.and_then(|pair| pair.get(1)).map(|word| Body::Shell(word.text.clone()));
    }
    if program == "eval" {
        return command.words.get(1).map(|w| Body::Shell(w.text.clone()));
    }
    if program.starts_with("python") || program == "ipython" {
        if let Some(text) = argument("-c") {
            return Some(Body::Python(text, 0));
        }
        let from_stdin = command.words.len() == 1 || command.words.get(1).is_some_and(|w| w.text == "-");
        return command.stdin.as_ref().filter(|_| from_stdin).map(|(text, line)| Body::Python(text.clone(), *line));
    }
    None
}

/// What `ssh` runs on the other machine: the words behind its name, or else what it is fed.
fn remote(command: &Command) -> Option<Body> {
    /// Options that take a value.
    const VALUED: &str = "bcDEeFIiJLlmOopQRSWw";
    let mut words = command.words.iter().skip(1).map(|w| w.text.as_str());
    loop {
        match words.next()? {
            // `-p 22`, `-p22`, `-tt`, `-vp 22`
            option if option.starts_with('-') => {
                let at = option.char_indices().skip(1).find(|(_, c)| VALUED.contains(*c)).map(|(at, _)| at);
                if at.is_some_and(|at| at + 1 == option.len()) {
                    words.next()?;
                }
            }
            _ => break,
        }
    }
    // options may stand behind the machine as well
    let rest = words.skip_while(|w| matches!(*w, "-t" | "-tt" | "-T" | "--")).collect::<Vec<_>>().join(" ");
    let reads = |w: &str| {
        matches!(crate::source::file_name(w), "bash" | "sh" | "zsh" | "-s" | "-se" | "-es" | "-e" | "-l" | "-ls" | "--" | "sudo")
    };
    match (&command.stdin, rest.split_whitespace().all(reads)) {
        (Some((text, line)), true) => Some(Body::Remote(text.clone(), *line)),
        _ if rest.is_empty() => None,
        _ => Some(Body::Remote(rest, 0)),
    }
}

/// What a command runs inside a container, on a cluster or in another shell: the words behind the name of the place.
fn inside(command: &Command) -> Option<Body> {
    let words: Vec<&str> = command.words.iter().skip(1).map(|w| w.text.as_str()).collect();
    let behind = |at: usize| -> Option<String> {
        let rest = words.get(at..).filter(|rest| rest.first().is_some_and(|first| !first.starts_with('-')))?;
        Some(
            rest.iter()
                .map(|word| if word.contains('$') { format!("\"{word}\"") } else { quoted(word) })
                .collect::<Vec<_>>()
                .join(" "),
        )
    };
    let value = |options: &[&str]| {
        words.iter().enumerate().find_map(|(at, word)| {
            let given = word.split_once('=').filter(|(option, _)| options.contains(option)).map(|(_, value)| value);
            given.or_else(|| options.contains(word).then(|| words.get(at + 1).copied()).flatten())
        })
    };
    let dashes = || words.iter().position(|w| *w == "--").map(|at| at + 1);
    match (command.program(), words.first().copied()) {
        ("docker" | "podman" | "nerdctl", Some("exec")) => behind(place(&words, 1)? + 1).map(|text| Body::Remote(text, 0)),
        ("docker" | "podman" | "nerdctl", Some("container")) if words.get(1) == Some(&"exec") => {
            behind(place(&words, 2)? + 1).map(|text| Body::Remote(text, 0))
        }
        ("docker" | "podman" | "nerdctl", Some("run")) => started(&words, 1).and_then(behind).map(|text| Body::Remote(text, 0)),
        ("docker" | "podman" | "nerdctl", Some("container")) if words.get(1) == Some(&"run") => {
            started(&words, 2).and_then(behind).map(|text| Body::Remote(text, 0))
        }
        ("docker" | "podman" | "nerdctl", Some("compose")) | ("docker-compose" | "podman-compose", _) => {
            let verb = words.iter().position(|w| matches!(*w, "exec" | "run"))?;
            behind(place(&words, verb + 1)? + 1).map(|text| Body::Remote(text, 0))
        }
        ("kubectl" | "oc", Some("exec")) => behind(dashes()?).map(|text| Body::Remote(text, 0)),
        ("gcloud", Some("compute")) if words.get(1) == Some(&"ssh") => Some(Body::Remote(value(&["--command"])?.to_owned(), 0)),
        ("sbatch", _) => Some(Body::Shell(value(&["--wrap"])?.to_owned())),
        ("nix-shell", _) => Some(Body::Shell(value(&["--run", "--command"])?.to_owned())),
        _ => None,
    }
}

/// Where the words begin that a new container runs in place of its own command.
fn started(words: &[&str], from: usize) -> Option<usize> {
    Some(from + started_image(words.get(from..)?)? + 1)
}

/// The first word from a place on that is neither an option nor the value of one.
fn place(words: &[&str], from: usize) -> Option<usize> {
    /// Options of `exec` and `run` that take a value.
    const VALUED: &[&str] = &[
        "-e",
        "--env",
        "--env-file",
        "-u",
        "--user",
        "-w",
        "--workdir",
        "--index",
        "-v",
        "--volume",
        "-p",
        "--publish",
        "--name",
        "--entrypoint",
        "-l",
        "--label",
        "--detach-keys",
    ];
    let mut at = from;
    while let Some(word) = words.get(at).filter(|w| w.starts_with('-')) {
        at += if VALUED.contains(word) { 2 } else { 1 };
    }
    (at < words.len()).then_some(at)
}
