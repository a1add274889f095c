//! One requirement, as every list of Python packages writes it: `name[extra]>=1,<2 ; marker`, an address, a file.

use crate::fact::Pin;
use crate::source::file_name;

/// Longer requirements are no requirements.
const MAX_LENGTH: usize = 2_000;

/// A requirement, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Requirement {
    /// Normalised name.
    pub(super) name: String,
    /// The constraint or address, as written.
    pub(super) version: Option<String>,
    /// How exactly that fixes it.
    pub(super) pin: Pin,
    /// It asks for extras, and so for what those bring.
    pub(super) extras: bool,
}

impl Requirement {
    /// One version, as a lock states it.
    pub(super) fn fixed(name: &str, version: Option<&str>) -> Self {
        Self { name: normal(name), version: version.map(str::to_owned), pin: Pin::Exact, extras: false }
    }
}

/// A distribution's name as indexes compare it.
pub(super) fn normal(name: &str) -> String {
    let mut normal = String::new();
    for c in name.trim().chars() {
        match c {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            c => normal.extend(c.to_lowercase()),
        }
    }
    normal
}

/// Reads a requirement without its comment. None for what is none.
pub(super) fn read(text: &str) -> Option<Requirement> {
    let text = text.trim();
    if text.is_empty() || text.len() > MAX_LENGTH {
        return None;
    }
    let (name, rest) = split_name(text);
    let is_address = rest.starts_with("://") || rest.starts_with("+") || rest.starts_with('/') || text.starts_with(['.', '/']);
    if is_address || (is_archive(text) && !rest.contains('@')) {
        return of_address(text);
    }
    if !is_name(name) {
        return None;
    }
    let rest = rest.trim_start();
    let (rest, extras) = match rest.strip_prefix('[') {
        Some(extras) => (extras.split_once(']')?.1, true),
        None => (rest, false),
    };
    let rest = rest.trim();
    if let Some(address) = rest.strip_prefix('@') {
        let address = address.split(" ;").next().unwrap_or(address).trim();
        return Some(Requirement { name: normal(name), version: Some(address.to_owned()), pin: address_pin(address), extras });
    }
    let constraint = rest.split(';').next().unwrap_or("").split(" --").next().unwrap_or("").trim();
    let constraint = constraint.trim_matches(['(', ')']).trim();
    // prose goes on with words
    if !constraint.is_empty() && !constraint.starts_with(['=', '<', '>', '!', '~']) {
        return None;
    }
    Some(Requirement {
        name: normal(name),
        version: (!constraint.is_empty()).then(|| constraint.to_owned()),
        pin: pin(constraint),
        extras,
    })
}

fn split_name(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))).unwrap_or(text.len());
    text.split_at(end)
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.ends_with(|c: char| c.is_ascii_alphanumeric())
}

fn is_archive(address: &str) -> bool {
    let path = address.split(['#', '?', ';', ' ']).next().unwrap_or(address);
    [".whl", ".tar.gz", ".zip", ".conda", ".tar.bz2"].iter().any(|end| path.ends_with(end))
}

/// How exactly a constraint fixes a version.
pub(super) fn pin(constraint: &str) -> Pin {
    let constraint = constraint.trim();
    if constraint.is_empty() || constraint == "*" {
        return Pin::Bare;
    }
    let exact = constraint.split(',').any(|part| part.trim().starts_with("==") && !part.contains('*'));
    if exact { Pin::Exact } else { Pin::Range }
}

/// As [`pin`], where a bare version means exactly that one (Poetry, Pixi, conda).
pub(super) fn strict_pin(constraint: &str) -> Pin {
    let constraint = constraint.trim();
    let version = constraint.trim_start_matches('=');
    let bare = version.starts_with(|c: char| c.is_ascii_digit()) && !version.contains(['*', ',', '|', '<', '>', ' ']);
    if bare { Pin::Exact } else { pin(constraint) }
}

/// A commit or a released file fixes what an address names; a branch or a folder does not.
pub(super) fn address_pin(address: &str) -> Pin {
    let plain = address.split(['#', '?']).next().unwrap_or(address).trim();
    let at = plain.rsplit_once('@').map_or("", |(_, at)| at);
    if is_commit(at) || is_archive(plain) { Pin::Exact } else { Pin::Range }
}

/// Whether a revision is a whole commit id.
pub(super) fn is_commit(revision: &str) -> bool {
    revision.len() >= 40 && revision.chars().all(|c| c.is_ascii_hexdigit())
}

/// A requirement that is only an address or a path. A folder of the project itself is none.
fn of_address(text: &str) -> Option<Requirement> {
    let address = text.split(" ;").next().unwrap_or(text).split(" --").next().unwrap_or(text).trim();
    let (place, fragment) = address.split_once('#').unwrap_or((address, ""));
    let egg = fragment.split('&').find_map(|part| part.strip_prefix("egg=")).map(|egg| split_name(egg).0);
    let last = file_name(place.trim_end_matches('/'));
    let name = match egg {
        Some(egg) => egg,
        None if is_archive(place) => named_by_file(last)?.0,
        // a repository is called like its package more often than not
        None if place.starts_with("git+") => {
            let last = last.split('@').next().unwrap_or(last);
            last.strip_suffix(".git").unwrap_or(last)
        }
        None => return None,
    };
    is_name(name).then(|| Requirement {
        name: normal(name),
        version: Some(address.to_owned()),
        pin: address_pin(address),
        extras: false,
    })
}

/// Name and version of a wheel, source archive or conda package, by its file name.
pub(super) fn named_by_file(file: &str) -> Option<(&str, &str)> {
    if let Some(stem) = file.strip_suffix(".whl") {
        let mut parts = stem.split('-');
        return Some((parts.next()?, parts.next()?));
    }
    if let Some(stem) = file.strip_suffix(".conda").or_else(|| file.strip_suffix(".tar.bz2")) {
        let (rest, _build) = stem.rsplit_once('-')?;
        return rest.rsplit_once('-');
    }
    let stem = file.strip_suffix(".tar.gz").or_else(|| file.strip_suffix(".zip"))?;
    stem.rsplit_once('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(&str, Option<&str>, Pin)>) {
        let expected = expected.map(|(name, version, pin)| Requirement {
            name: name.into(),
            version: version.map(str::to_owned),
            pin,
            extras: text.contains('['),
        });
        assert_eq!(read(text), expected, "{text}");
    }

    #[test]
    fn requirements_are_told_apart() {
        check("Scikit_Learn[all]==1.2 ; python_version > '3.8'", Some(("scikit-learn", Some("==1.2"), Pin::Exact)));
        check("pandas>=1,<2", Some(("pandas", Some(">=1,<2"), Pin::Range)));
        check("numpy", Some(("numpy", None, Pin::Bare)));
        check("torch==2.*", Some(("torch", Some("==2.*"), Pin::Range)));
        check("torch ( == 2.1 )", Some(("torch", Some("== 2.1"), Pin::Exact)));
        check("ray[tune] ~= 2.3 --hash=sha256:ab", Some(("ray", Some("~= 2.3"), Pin::Range)));
        check("-r other.txt", None);
        check("this is prose", None);
        check("", None);
    }

    #[test]
    fn addresses_name_what_they_hold() {
        let commit = "0123456789012345678901234567890123456789";
        let at = format!("git+https://x.org/o/tide.git@{commit}");
        check(&at, Some(("tide", Some(&at), Pin::Exact)));
        check(
            "git+ssh://git@x.org/o/t.git@main#egg=tide",
            Some(("tide", Some("git+ssh://git@x.org/o/t.git@main#egg=tide"), Pin::Range)),
        );
        check("tide @ git+https://x.org/t", Some(("tide", Some("git+https://x.org/t"), Pin::Range)));
        check(
            "https://x.org/torch-2.0-cp311-none.whl",
            Some(("torch", Some("https://x.org/torch-2.0-cp311-none.whl"), Pin::Exact)),
        );
        check("./wheels/tide_1-3.4.tar.gz", Some(("tide-1", Some("./wheels/tide_1-3.4.tar.gz"), Pin::Exact)));
        check("./libs/tide", None);
        check(".", None);
        assert_eq!(named_by_file("a-b-1.2-py_0.conda"), Some(("a-b", "1.2")));
    }
}
