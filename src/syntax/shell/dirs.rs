//! Folders in shell text: what `cd` leads to, and the idioms that name the script's own folder.
//!
//! Everything here is about text: no folder is looked up. Expressions are bounded in length and in nesting.

use super::{REPO_ROOT, SCRIPT_DIR};

/// Longer expressions are no idiom.
const MAX_IDIOM: usize = 300;

/// A folder, spelt without detours: `a/./b//c/..` is `a/b`. What leads above the start keeps its `..`.
fn tidy(path: &str) -> String {
    for marker in [SCRIPT_DIR, REPO_ROOT] {
        if let Some(rest) = path.strip_prefix(marker) {
            let rest = tidy(rest.trim_start_matches('/'));
            return if rest == "." { marker.to_owned() } else { format!("{marker}/{rest}") };
        }
    }
    let root = if path.starts_with('/') { "/" } else { "" };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if !root.is_empty() => {}
            part => parts.push(part),
        }
    }
    if parts.is_empty() && root.is_empty() {
        return ".".to_owned();
    }
    format!("{root}{}", parts.join("/"))
}

/// Where a shell stands after `cd path`, from `base` (where it stood, if it has moved).
pub(super) fn join(base: Option<&str>, path: &str) -> String {
    let anchored = path.starts_with('/') || path.starts_with(SCRIPT_DIR) || path.starts_with(REPO_ROOT);
    match base {
        _ if anchored => tidy(path),
        None => tidy(path),
        Some("?") => "?".to_owned(),
        Some(base) => tidy(&format!("{base}/{path}")),
    }
}

/// Whether a text names a folder that is known up to a marker.
pub(super) fn anchored(text: &str) -> bool {
    [SCRIPT_DIR, REPO_ROOT].iter().any(|marker| text.strip_prefix(marker).is_some_and(|rest| !rest.contains(['$', '`'])))
}

/// The folder that a substitution or expansion stands for, if it is one of the usual ways to say "where this script
/// lies" or "the root of the repository". `known` gives the values of variables.
pub(super) fn idiom<'v>(expression: &str, known: &dyn Fn(&str) -> Option<&'v str>) -> Option<String> {
    if expression.len() > MAX_IDIOM {
        return None;
    }
    let mut plain = expression.replace('"', "");
    for noise in ["2>/dev/null", ">/dev/null", "&>/dev/null", "2>&1", " -P ", " -L ", " -- "] {
        plain = plain.replace(noise, " ");
    }
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ").replace(" )", ")").replace("( ", "(");
    folder(&plain, known, 0)
}

/// Whether an expression is the folder that one is in.
pub(super) fn is_here(text: &str) -> bool {
    matches!(text, "." | "$PWD" | "${PWD}" | "$(pwd)" | "`pwd`")
}

/// `$( … )` without its wrapping.
fn unwrapped(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("$(").and_then(|t| t.strip_suffix(')'));
    inner.or_else(|| text.strip_prefix('`').and_then(|t| t.strip_suffix('`'))).map(str::trim)
}

/// An expression that is a folder.
fn folder<'v>(text: &str, known: &dyn Fn(&str) -> Option<&'v str>, depth: u8) -> Option<String> {
    if depth > 6 {
        return None;
    }
    if matches!(text, "${0%/*}" | "${BASH_SOURCE%/*}" | "${BASH_SOURCE[0]%/*}") {
        return Some(SCRIPT_DIR.to_owned());
    }
    if let Some(value) = variable(text).and_then(known) {
        return anchored(value).then(|| value.to_owned());
    }
    let command = unwrapped(text)?;
    if command == "git rev-parse --show-toplevel" {
        return Some(REPO_ROOT.to_owned());
    }
    if let Some(argument) = command.strip_prefix("dirname ") {
        if script(argument, depth + 1) {
            return Some(SCRIPT_DIR.to_owned());
        }
        return folder(argument, known, depth + 1).map(|inner| tidy(&format!("{inner}/..")));
    }
    if let Some(argument) = real_path(command) {
        return below(argument, known, depth);
    }
    let (target, flags) = command.strip_prefix("cd ")?.rsplit_once("pwd")?;
    if !matches!(flags, "" | " -P" | " -L") {
        return None;
    }
    below(target.trim_end_matches([' ', '&', ';']).trim(), known, depth)
}

/// A folder, or a path below one.
fn below<'v>(text: &str, known: &dyn Fn(&str) -> Option<&'v str>, depth: u8) -> Option<String> {
    if let Some(whole) = folder(text, known, depth + 1) {
        return Some(whole);
    }
    // The first slash outside of any bracket ends what may be a substitution.
    let mut open = 0_i32;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b'{' => open += 1,
            b')' | b'}' => open -= 1,
            b'/' if open == 0 => {
                let (head, rest) = (text.get(..at)?, text.get(at..)?);
                if rest.contains(['$', '`', ' ']) {
                    return None;
                }
                return folder(head, known, depth + 1).map(|head| tidy(&format!("{head}{rest}")));
            }
            _ => {}
        }
    }
    None
}

/// Whether an expression is the script itself.
fn script(text: &str, depth: u8) -> bool {
    const SELF: [&str; 7] =
        ["$0", "${0}", "$BASH_SOURCE", "${BASH_SOURCE}", "${BASH_SOURCE[0]}", "${BASH_SOURCE[0]:-$0}", "${BASH_SOURCE:-$0}"];
    if SELF.contains(&text) {
        return true;
    }
    depth <= 6 && unwrapped(text).and_then(real_path).is_some_and(|inner| script(inner, depth + 1))
}

fn real_path(command: &str) -> Option<&str> {
    ["readlink -f ", "readlink -e ", "realpath -s ", "realpath "].iter().find_map(|prefix| command.strip_prefix(prefix))
}

/// `$X` or `${X}`.
fn variable(text: &str) -> Option<&str> {
    let name = text.strip_prefix('$')?;
    let name = name.strip_prefix('{').and_then(|n| n.strip_suffix('}')).unwrap_or(name);
    name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_').then_some(name).filter(|n| !n.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_joined_and_tidied() {
        assert_eq!(join(None, "a/./b/"), "a/b");
        assert_eq!(join(Some("a/b"), "../c"), "a/c");
        assert_eq!(join(Some("a"), "../../c"), "../c");
        assert_eq!(join(Some("a"), "/x/../.."), "/");
        assert_eq!(join(Some("?"), "a"), "?");
        assert_eq!(join(Some("?"), "/a"), "/a");
        assert_eq!(join(Some("${0%/*}"), ".."), "${0%/*}/..");
        assert_eq!(join(Some("${0%/*}/x"), ".."), "${0%/*}");
    }

    #[test]
    fn the_folder_of_the_script_has_many_names() {
        let known = |name: &str| (name == "HERE").then_some("${0%/*}/x");
        for (text, folder) in [
            ("$(dirname \"$0\")", Some("${0%/*}")),
            ("`dirname $0`", Some("${0%/*}")),
            ("$(cd \"$(dirname \"${BASH_SOURCE[0]}\")\" >/dev/null 2>&1 && pwd -P)", Some("${0%/*}")),
            ("$(cd -- \"$(dirname -- \"$0\")/..\" ; pwd)", Some("${0%/*}/..")),
            ("$(dirname \"$(readlink -f \"$0\")\")", Some("${0%/*}")),
            ("$(dirname $(dirname $(realpath $0)))", Some("${0%/*}/..")),
            ("$(cd $HERE/../y && pwd)", Some("${0%/*}/y")),
            ("$(git rev-parse --show-toplevel)", Some("$(git rev-parse --show-toplevel)")),
            ("$(dirname \"$1\")", None),
            ("$(cd /tmp && pwd)", None),
            ("$(pwd)", None),
        ] {
            assert_eq!(idiom(text, &known).as_deref(), folder, "{text}");
        }
    }
}
