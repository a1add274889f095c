//! Where places link to, for terminals that can (OSC 8): the page at the remote, the file here, or an editor.
//!
//! Why a pattern: terminals open `file:` addresses without a line, and every editor has a scheme of its own, so whoever
//! reads says which. The names and variables are those that search tools have for it. Invariant: nothing of a repository
//! gets into an address but letters, digits and `%XX`, so that no path can end the sequence.

use std::str::FromStr;

/// Longest address that terminals take, in bytes.
const LONGEST: usize = 2083;

/// Patterns by name, as search tools have them.
const NAMED: &[(&str, &str)] = &[
    ("cursor", "cursor://file{path}:{line}:{column}"),
    ("file", "file://{host}{path}"),
    ("grep+", "grep+://{path}:{line}"),
    ("kitty", "file://{host}{path}#{line}"),
    ("macvim", "mvim://open?url=file://{path}&line={line}&column={column}"),
    ("textmate", "txmt://open?url=file://{path}&line={line}&column={column}"),
    ("vscode", "vscode://file{path}:{line}:{column}"),
    ("vscode-insiders", "vscode-insiders://file{path}:{line}:{column}"),
    ("vscodium", "vscodium://file{path}:{line}:{column}"),
];

/// How a link is made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum LinkFormat {
    /// The page at the remote where its host is known, else the file on this machine.
    #[default]
    Default,
    /// No links.
    None,
    /// An address with `{host}`, `{path}`, `{line}` and `{column}` in it.
    Pattern(String),
}

impl FromStr for LinkFormat {
    type Err = String;

    /// A name, or a pattern.
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "default" => return Ok(Self::Default),
            "none" => return Ok(Self::None),
            _ => {}
        }
        if let Some((_, pattern)) = NAMED.iter().find(|(name, _)| *name == text) {
            return Ok(Self::Pattern((*pattern).to_owned()));
        }
        let names = || NAMED.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        if !text.contains("{path}") {
            return Err(format!("name one of default, none, {}, or write an address with {{path}} in it", names()));
        }
        let scheme = text.split_once(':').map(|(scheme, _)| scheme).unwrap_or_default();
        let sound = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !scheme.chars().all(sound) {
            return Err("an address begins with a scheme, such as file:// or vscode://".to_owned());
        }
        if let Some(wrong) = text.chars().find(|c| !c.is_ascii_graphic()) {
            return Err(format!("`{}` is no character of an address; write it as %XX", wrong.escape_default()));
        }
        let known = ["{host}", "{path}", "{line}", "{column}"].iter().fold(text.to_owned(), |rest, name| rest.replace(name, ""));
        if known.contains(['{', '}']) {
            return Err("only {host}, {path}, {line} and {column} stand for something".to_owned());
        }
        Ok(Self::Pattern(text.to_owned()))
    }
}

/// Where the places of one report link to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Links {
    /// How.
    pub format: LinkFormat,
    /// Name of this machine, which an address of a file carries so that nobody opens it elsewhere; empty if not known.
    pub host: String,
    /// Absolute path of the folder that the report's paths begin in; none where the files are not on disk.
    pub root: Option<String>,
}

/// What a place links to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// The file, relative to the root of the repository.
    pub(super) path: String,
    /// 1-based; 0 where the whole file is meant.
    pub(super) line: u32,
    /// Its page at the remote, where the host is known.
    pub(super) remote: Option<String>,
}

impl Links {
    /// The address of a place; none where there is nothing to link to.
    pub(super) fn address(&self, target: &Target) -> Option<String> {
        let local = |pattern: &str| {
            let root = self.root.as_deref()?.trim_end_matches('/');
            let path = percent(&format!("{root}/{}", target.path));
            let line = target.line.max(1).to_string();
            let made = pattern.replace("{line}", &line).replace("{column}", "1").replace("{host}", &percent(&self.host));
            Some(made.replace("{path}", &path))
        };
        let address = match &self.format {
            LinkFormat::None => None,
            LinkFormat::Default => target.remote.clone().or_else(|| local("file://{host}{path}")),
            LinkFormat::Pattern(pattern) => local(pattern),
        };
        address.filter(|address| address.len() <= LONGEST)
    }
}

/// Every byte but the unreserved ones and `/` as `%XX`, so that a path can neither end the address nor the sequence.
pub(super) fn percent(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(format: &str, remote: Option<&str>) -> Option<String> {
        let format = format.parse().expect("a format");
        let links = Links { format, host: "box".to_owned(), root: Some("/home/a b".to_owned()) };
        links.address(&Target { path: "src/x\u{1b}.py".to_owned(), line: 7, remote: remote.map(str::to_owned) })
    }

    #[test]
    fn an_address_names_host_file_and_line() {
        let file = "file://box/home/a%20b/src/x%1B.py";
        assert_eq!(address("file", None).as_deref(), Some(file));
        assert_eq!(address("default", None).as_deref(), Some(file));
        assert_eq!(address("default", Some("https://h/x#L7")).as_deref(), Some("https://h/x#L7"));
        assert_eq!(address("vscode", Some("https://h/x")).as_deref(), Some("vscode://file/home/a%20b/src/x%1B.py:7:1"));
        assert_eq!(address("x://open?f={path}&l={line}", None).as_deref(), Some("x://open?f=/home/a%20b/src/x%1B.py&l=7"));
        assert_eq!(address("none", Some("https://h/x")), None);
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for wrong in ["emacs", "{path}", "x://{path}{row}", "x://{path} ", "x://{path}\u{1b}", "1:{path}"] {
            assert!(wrong.parse::<LinkFormat>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_not_on_disk_has_no_address_here() {
        let links = Links { format: "file".parse().expect("a format"), ..Links::default() };
        assert_eq!(links.address(&Target { path: "a.py".to_owned(), line: 1, remote: None }), None);
    }
}
