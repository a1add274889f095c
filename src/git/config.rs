//! A repository's own configuration, read as plain text.
//!
//! Only a handful of values matter here (is it bare, where was it cloned from, how does it store objects), and the
//! file may be hostile, so nothing in it is followed: what it includes is never opened.

use std::collections::BTreeMap;

/// The values of one configuration file, by `section.key` or `section.subsection.key`.
#[derive(Debug, Clone, Default)]
pub struct Config {
    values: BTreeMap<String, String>,
}

impl Config {
    /// Reads the text of a configuration. Lines that make no sense are passed over.
    pub fn parse(text: &str) -> Self {
        let mut config = Self::default();
        let mut section = String::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let mut rest = line.trim_start_matches('\u{feff}').trim();
            if let Some(inner) = rest.strip_prefix('[') {
                let Some(end) = header_end(inner) else { continue };
                section = section_name(inner.get(..end).unwrap_or(""));
                rest = inner.get(end + 1..).unwrap_or("").trim();
            }
            if rest.is_empty() || rest.starts_with(['#', ';']) {
                continue;
            }
            let mut whole = rest.to_owned();
            while whole.ends_with('\\') && !whole.ends_with("\\\\") {
                whole.pop();
                let Some(next) = lines.next() else { break };
                whole.push_str(next);
            }
            let (key, value) = match whole.split_once('=') {
                Some((key, value)) => (key.trim().to_ascii_lowercase(), plain(value.trim())),
                None => (whole.trim().to_ascii_lowercase(), "true".to_owned()),
            };
            config.values.insert(format!("{section}.{key}"), value);
        }
        config
    }

    /// The last value given for a key; section and key in lower case, the subsection as written.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }

    /// Whether a key is set to something true.
    pub fn is_true(&self, key: &str) -> bool {
        self.get(key).is_some_and(|v| matches!(v.to_ascii_lowercase().as_str(), "true" | "yes" | "on" | "1"))
    }

    /// Whether some remote promises objects that were not fetched.
    pub fn has_promisor(&self) -> bool {
        self.get("extensions.partialclone").is_some()
            || self.values.keys().any(|k| k.starts_with("remote.") && k.ends_with(".promisor") && self.is_true(k))
    }
}

/// Where the section header ends: the first `]` outside quotes.
fn header_end(text: &str) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            ']' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

fn section_name(header: &str) -> String {
    match header.split_once('"') {
        Some((name, sub)) => {
            let sub = sub.strip_suffix('"').unwrap_or(sub);
            format!("{}.{}", name.trim().to_ascii_lowercase(), sub.replace("\\\"", "\"").replace("\\\\", "\\"))
        }
        None => header.trim().to_ascii_lowercase(),
    }
}

/// A value without quotes, escapes and trailing comment.
fn plain(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut quoted = false;
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some(other) => out.push(other),
                None => {}
            },
            '"' => quoted = !quoted,
            '#' | ';' if !quoted => break,
            other => out.push(other),
        }
    }
    out.trim_end().to_owned()
}

/// Where a repository was cloned from, as `host/owner/name`: no scheme, no user, no port, no `.git`.
/// `None` for a path on some machine, which says nothing to anyone else.
pub fn public_address(url: &str) -> Option<String> {
    let url = url.trim();
    let (host, path) = match url.split_once("://") {
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("file") => return None,
        Some((_, rest)) => rest.split_once('/')?,
        None => url.split_once(':').filter(|(host, path)| !host.contains('/') && host.len() > 1 && !path.is_empty())?,
    };
    let host = host.rsplit('@').next().unwrap_or(host);
    let host = host.split(':').next().unwrap_or(host).to_ascii_lowercase();
    let path = path.split(['?', '#']).next().unwrap_or("").trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let sane = |text: &str| !text.is_empty() && !text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '@');
    (sane(&host) && sane(path)).then(|| format!("{host}/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_git_writes_them() {
        let config = Config::parse(
            "[core]\n\tbare = false ; yes\n[remote \"origin\"]\n\turl = \"https://h/x#y\" # c\n[extensions] objectFormat = sha256\n",
        );
        assert!(!config.is_true("core.bare"));
        assert_eq!(config.get("remote.origin.url"), Some("https://h/x#y"));
        assert_eq!(config.get("extensions.objectformat"), Some("sha256"));
    }

    #[test]
    fn what_is_included_says_nothing_of_the_rest() {
        let text =
            "[remote \"origin\"]\n\turl = https://h/o/n\n[includeIf \"gitdir:/w/.git\"]\n\tpath = /t/credentials\n\turl = x\n";
        let config = Config::parse(&format!("{text}[core]\n\tbare = true\n"));
        assert_eq!(config.get("remote.origin.url"), Some("https://h/o/n"));
        assert!(config.is_true("core.bare"));
    }

    #[test]
    fn addresses_lose_what_is_private() {
        let cases = [
            ("https://user:secret@GitHub.com/o/n.git", Some("github.com/o/n")),
            ("git@gitlab.example:group/sub/n.git", Some("gitlab.example/group/sub/n")),
            ("ssh://git@host:2222/o/n", Some("host/o/n")),
            ("https://host/o/n?token=x", Some("host/o/n")),
            ("/srv/git/n.git", None),
            ("C:\\code\\n", None),
            ("file:///srv/n", None),
        ];
        for (url, want) in cases {
            assert_eq!(public_address(url).as_deref(), want, "{url}");
        }
    }
}
