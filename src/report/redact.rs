//! The one gate between a scanned file and anything that is shown of it.
//!
//! Why: a report is pasted into issues and kept as an artefact of CI, and lines that carry evidence also carry
//! passwords. Hidden are the values of keys that name secrets, long random strings, user information in addresses
//! and private keys; what is hidden is replaced by how much of it there was.
//!
//! Invariants: linear in the text, which is cut first; at most [`LIMIT`] characters come out; a reference to a
//! secret (`${{ secrets.X }}`, `$TOKEN`, `os.environ["X"]`) stays, for it is evidence and no secret. In doubt a
//! value is hidden: the line number still leads to it.

use std::ops::Range;

/// Most characters of a snippet, the marks included.
pub const LIMIT: usize = 200;
/// Most bytes of a text that are looked at.
const LOOKED_AT: usize = 4096;

/// Makes text of a scanned file fit to be shown: secrets hidden, white space folded, cut to [`LIMIT`] characters
/// with a count of what was left out.
pub fn snippet(text: &str) -> String {
    let text = head(text.trim(), LOOKED_AT);
    let shown = hide(text, &secrets(text));
    let folded = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    cap(&folded)
}

/// The same of a sentence that this program writes around places: nothing is cut from it, for a place that is cut leads
/// nowhere, and what it quotes was cut before.
pub fn sentence(text: &str) -> String {
    let text = head(text.trim(), LOOKED_AT);
    hide(text, &secrets(text)).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The address of a remote without its user information.
pub fn address(url: &str) -> String {
    let url = head(url.trim(), LOOKED_AT);
    let mut ranges = Vec::new();
    user_information(url, &mut ranges);
    let mut clean = String::with_capacity(url.len());
    let mut from = 0;
    for range in ranges {
        clean.push_str(url.get(from..range.start).unwrap_or_default());
        from = range.end + 1; // the `@` too: nothing is left to stand before it
    }
    clean.push_str(url.get(from..).unwrap_or_default());
    clean
}

/// At most `limit` bytes, cut between characters.
fn head(text: &str, limit: usize) -> &str {
    let mut end = text.len().min(limit);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

fn cap(text: &str) -> String {
    let count = text.chars().count();
    if count <= LIMIT {
        return text.to_owned();
    }
    let mut keep = LIMIT - 24; // room for the longest mark
    loop {
        let mark = format!(" [{} more characters]", count - keep);
        if keep + mark.chars().count() <= LIMIT {
            return text.chars().take(keep).chain(mark.chars()).collect();
        }
        keep -= 1;
    }
}

fn hide(text: &str, ranges: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for range in ranges {
        let start = range.start.max(from);
        let Some(secret) = text.get(start..range.end.max(start)).filter(|s| !s.is_empty()) else { continue };
        out.push_str(text.get(from..start).unwrap_or_default());
        let count = secret.chars().count();
        out.push_str(&format!("[hidden: {count} character{}]", if count == 1 { "" } else { "s" }));
        from = range.end;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

/// What must not be shown, by place.
fn secrets(text: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    private_key(text, &mut ranges);
    user_information(text, &mut ranges);
    user_options(text, &mut ranges);
    named_values(text, &mut ranges);
    random_strings(text, &mut ranges);
    ranges.sort_by_key(|r| (r.start, std::cmp::Reverse(r.end)));
    ranges
}

/// From the first line of a private key to the end of the text.
fn private_key(text: &str, ranges: &mut Vec<Range<usize>>) {
    if let Some(start) = text.find("-----BEGIN").filter(|at| text[*at..].contains("PRIVATE KEY")) {
        ranges.push(start..text.len());
    }
}

/// What stands between `://` and the last `@` before the end of the host.
fn user_information(text: &str, ranges: &mut Vec<Range<usize>>) {
    for (at, mark) in text.match_indices("://") {
        let start = at + mark.len();
        let rest = text.get(start..).unwrap_or_default();
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '<' | '>')).unwrap_or(rest.len());
        if let Some(sign) = rest.get(..end).and_then(|host| host.rfind('@')) {
            ranges.push(start..start + sign);
        }
    }
}

/// What stands behind the name in `-u name:password` and `--user name:password`.
fn user_options(text: &str, ranges: &mut Vec<Range<usize>>) {
    for option in ["--user", "-u", "--proxy-user", "-U"] {
        for (at, _) in text.match_indices(option).filter(|(at, _)| *at == 0 || text[..*at].ends_with([' ', '\t', '"', '\''])) {
            let from = at + option.len();
            let rest = text.get(from..).unwrap_or_default();
            let value = rest.trim_start_matches([' ', '\t', '=', '"', '\'', ',']);
            // it is the same word, or the next one
            if value.len() == rest.len() && option.starts_with("--") {
                continue;
            }
            let start = from + rest.len() - value.len();
            let end = value.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')).unwrap_or(value.len());
            let Some(colon) = value.get(..end).and_then(|word| word.find(':')) else { continue };
            let secret = value.get(colon + 1..end).unwrap_or_default();
            if !secret.is_empty() && !secret.starts_with("//") && !is_reference(secret) && !is_number(secret) {
                ranges.push(start + colon + 1..start + end);
            }
        }
    }
}

/// `docker run -u 1000:1000` names a group.
fn is_number(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a character can stand in a key.
fn in_key(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// Values behind keys that name secrets: `KEY=value`, `key: "value"`, `["key"] = 'value'`, `--key value`,
/// `Bearer value`, `ENV KEY value`.
fn named_values(text: &str, ranges: &mut Vec<Range<usize>>) {
    let mut at = 0;
    while at < text.len() {
        let rest = text.get(at..).unwrap_or_default();
        let Some(offset) = rest.find(in_key) else { break };
        let start = at + offset;
        let word = text.get(start..).unwrap_or_default();
        let length = word.find(|c| !in_key(c)).unwrap_or(word.len());
        let end = start + length;
        at = end;
        let key = word.get(..length).unwrap_or_default();
        if !names_secret(key) {
            continue;
        }
        let before = text.get(..start).unwrap_or_default();
        // `$PWD:/app`: the value of a variable does not stand behind a mention of it, only a default may
        let behind = text.get(end..).unwrap_or_default();
        if before.ends_with('$') && behind.starts_with(':') && !behind.starts_with(":=") {
            continue;
        }
        if let Some(value) = value_after(text, end, key, before) {
            at = value.end.max(end);
            ranges.push(value);
        }
    }
}

fn value_after(text: &str, end: usize, key: &str, before: &str) -> Option<Range<usize>> {
    let mut rest = text.get(end..)?;
    let whole = text.len();
    let spaces = |s: &str| s.len() - s.trim_start_matches([' ', '\t']).len();
    let closing = rest.len() - rest.trim_start_matches(['"', '\'', ']', ')', '`']).len();
    rest = rest.get(closing..)?;
    rest = rest.get(spaces(rest)..)?;
    let separator = [":=", "=>", "==", "!=", "=", ":"].into_iter().find(|s| rest.starts_with(s));
    let line = before.rsplit('\n').next().unwrap_or_default();
    let spaced = key.starts_with("--")
        || line.ends_with("ENV ")
        || matches!(key.to_ascii_lowercase().as_str(), "bearer" | "basic")
        || rest.starts_with(',') && before.ends_with(['"', '\'']);
    match separator {
        Some("==" | "!=") => return None, // a comparison: what is compared is the concern of the next key
        Some(s) => rest = rest.get(s.len()..)?,
        None if spaced && (closing > 0 || text[end..].starts_with([' ', '\t'])) => {
            rest = rest.strip_prefix(',').unwrap_or(rest);
        }
        None => return None,
    }
    rest = rest.get(spaces(rest)..)?;
    // A prefix of a Python or YAML string, and the scheme of a header, are no part of the value.
    for scheme in ["Bearer ", "Basic ", "bearer ", "basic ", "token "] {
        rest = rest.strip_prefix(scheme).unwrap_or(rest);
    }
    let start = whole - rest.len();
    let value = match rest.chars().next()? {
        quote @ ('"' | '\'' | '`') => {
            let inner = rest.get(1..)?;
            start + 1..start + 1 + quoted_end(inner, quote)
        }
        '\n' | '\r' => return None,
        _ => {
            let block = separator == Some(":") && line.trim_matches([' ', '\t', '-', '"', '\'']).is_empty();
            start..start + bare_end(rest, block)
        }
    };
    let shown = text.get(value.clone())?;
    (!shown.is_empty() && !is_reference(shown)).then_some(value)
}

/// The length of a quoted text up to its closing quote.
fn quoted_end(inner: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in inner.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\n' => return at,
            _ if c == quote => return at,
            _ => {}
        }
    }
    inner.len()
}

/// The length of a value without quotes. In a block of YAML it goes to the end of the line; elsewhere to the next
/// mark, brackets of a reference or call taken as one.
fn bare_end(rest: &str, block: bool) -> usize {
    let line = rest.find('\n').unwrap_or(rest.len());
    let rest = rest.get(..line).unwrap_or_default();
    if block {
        return rest.find(" #").unwrap_or(rest.len());
    }
    let mut depth = 0usize;
    for (at, c) in rest.char_indices() {
        match c {
            '(' | '{' | '[' => depth += 1,
            ')' | '}' | ']' if depth > 0 => depth -= 1,
            ')' | '}' | ']' => return at,
            ',' | ';' | '&' | '"' | '\'' if depth == 0 => return at,
            _ if c.is_whitespace() && depth == 0 => return at,
            _ => {}
        }
    }
    rest.len()
}

/// Whether a value only says where the secret is kept, or is a word of a grammar.
fn is_reference(value: &str) -> bool {
    let value = value.trim();
    // a long command is cut before it comes here, and the cut may go through a reference
    if let Some(kept) = value.strip_suffix('…') {
        let inner = kept.strip_prefix("${{").map(|v| v.contains(['\'', '"', '}', '|']));
        let variable = kept.trim_start_matches(['$', '{']);
        let named = kept.is_empty() || kept.starts_with('$') && variable.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        return named || inner == Some(false);
    }
    let name = |s: &str| !s.is_empty() && s.chars().all(|c| c.is_ascii_alphanumeric() || "_-./:".contains(c));
    let lower = value.to_ascii_lowercase();
    if matches!(
        lower.as_str(),
        "true" | "false" | "none" | "null" | "read" | "write" | "inherit" | "~" | "[]" | "{}" | "|" | ">" | "str" | "|-" | ">-"
    ) {
        return true;
    }
    if let Some(inner) = value.strip_prefix("${{").and_then(|v| v.strip_suffix("}}")) {
        return !inner.contains(['\'', '"', '}']);
    }
    if let Some(inner) = value.strip_prefix("{{").and_then(|v| v.strip_suffix("}}")) {
        return !inner.contains('}') && quoted_parts(inner) <= 1;
    }
    if let Some(inner) = value.strip_prefix("${").and_then(|v| v.strip_suffix('}')) {
        return inner.chars().all(|c| c.is_ascii_alphanumeric() || "_.".contains(c));
    }
    if let Some(inner) = value.strip_prefix("$(").and_then(|v| v.strip_suffix(')')) {
        return inner.chars().all(|c| !matches!(c, '\'' | '"'));
    }
    if let Some(inner) = value.strip_prefix('$') {
        return name(inner) && !inner.contains(['/', ':', '-', '.']);
    }
    // A call or a subscript: `os.environ["X"]`, `get_secret("x")`; with a second literal it may carry a default.
    let called = value.find(['(', '[']).filter(|at| *at > 0 && value.ends_with([')', ']']));
    called.is_some_and(|at| name(&value[..at])) && quoted_parts(value) <= 1
}

fn quoted_parts(text: &str) -> usize {
    text.chars().filter(|c| matches!(c, '"' | '\'')).count().div_ceil(2)
}

/// Whether a key names a secret: by its words, or by words grown together.
fn names_secret(key: &str) -> bool {
    if key.len() > 128 {
        return false; // no key; a long run like this is the concern of random_strings
    }
    let words = words(key);
    let Some(last) = words.last() else { return false };
    const ABOUT: &[&str] = &[
        "name", "ref", "arn", "path", "file", "url", "uri", "dir", "type", "length", "len", "count", "limit", "ttl", "manager",
        "scope", "store", "provider", "class", "version", "expiry",
    ];
    if words.len() > 1 && ABOUT.contains(&last.as_str()) {
        return false;
    }
    const ALONE: &[&str] = &["token", "pwd", "pass", "pat", "sig", "sas", "authorization", "cookie", "bearer", "creds", "otp"];
    const WITHIN: &[&str] = &[
        "password",
        "passwd",
        "passphrase",
        "secret",
        "apikey",
        "accesskey",
        "accountkey",
        "privatekey",
        "sharedkey",
        "signingkey",
        "encryptionkey",
        "storagekey",
        "sharedaccesskey",
        "connectionstring",
        "connstr",
        "credential",
        "authtoken",
        "accesstoken",
        "sastoken",
        "webhookurl",
        "subscriptionkey",
        "licensekey",
    ];
    let joined = words.concat();
    joined != "secrets" && (words.iter().any(|w| ALONE.contains(&w.as_str())) || WITHIN.iter().any(|w| joined.contains(w)))
}

/// The words of an identifier in lower case: parted by `_`, `-`, `.` and by a capital after a small letter.
fn words(key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for c in key.chars() {
        let parted = matches!(c, '_' | '-' | '.');
        if (parted || small && c.is_uppercase()) && words.last().is_some_and(|w| !w.is_empty()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| !parted) {
            word.extend(c.to_lowercase());
        }
        small = c.is_lowercase() || c.is_ascii_digit();
    }
    words.retain(|w| !w.is_empty());
    words
}

/// Tokens that no person would have written.
fn random_strings(text: &str, ranges: &mut Vec<Range<usize>>) {
    let in_token = |c: char| c.is_ascii_alphanumeric() || "+/_-".contains(c);
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (start, in_token(c)) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                start = None;
                let token = text.get(from..at).unwrap_or_default();
                if is_random(token, text.get(..from).unwrap_or_default()) {
                    ranges.push(from..at);
                }
            }
            _ => {}
        }
    }
}

fn is_random(token: &str, before: &str) -> bool {
    let issued =
        ["AKIA", "ASIA", "ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "hf_", "sk-", "AIza", "dapi", "eyJ"];
    if token.len() >= 16 && issued.iter().any(|p| token.starts_with(p)) && token.bytes().any(|b| b.is_ascii_digit()) {
        return true;
    }
    if token.len() < 20 {
        return false;
    }
    if token.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-') && token.bytes().any(|b| b.is_ascii_digit()) {
        return token.len() >= 32 && !names_content(before);
    }
    let bytes = token.as_bytes();
    let class = |b: u8| match b {
        b'0'..=b'9' => Some(0),
        b'a'..=b'z' => Some(1),
        b'A'..=b'Z' => Some(2),
        _ => None,
    };
    let (mut pairs, mut turns) = (0usize, 0usize);
    for pair in bytes.windows(2) {
        if let [Some(a), Some(b)] = [class(pair[0]), class(pair[1])] {
            pairs += 1;
            turns += usize::from(a != b);
        }
    }
    let digits = bytes.iter().filter(|b| b.is_ascii_digit()).count();
    let needed = if digits >= 2 { 25 } else { 40 }; // per cent of neighbours that change between digit, small, capital
    pairs >= 16 && turns * 100 >= pairs * needed
}

/// Whether a hexadecimal string is announced as the id of a content or a commit, which is evidence.
fn names_content(before: &str) -> bool {
    let before = before.trim_end_matches(['"', '\'', ' ']);
    if before.ends_with('@') {
        return true;
    }
    let before = before.trim_end_matches([':', '=', ' ', '"', '\'']);
    let word = before.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default().to_ascii_lowercase();
    matches!(
        word.as_str(),
        "sha"
            | "sha1"
            | "sha256"
            | "sha512"
            | "md5"
            | "rev"
            | "revision"
            | "commit"
            | "digest"
            | "hash"
            | "checksum"
            | "etag"
            | "ref"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_secret_keys_are_hidden() {
        for (text, gone) in [
            ("DB_PASSWORD=hunter2", "hunter2"),
            ("password: correct horse, battery", "battery"),
            ("  - apiKey: 'abc'", "abc"),
            ("os.environ[\"API_TOKEN\"] = \"s3cr3t\"", "s3cr3t"),
            ("client(api_key='x\\'yz', region='eu')", "yz"),
            ("curl -H 'Authorization: Bearer abcdef'", "abcdef"),
            ("login --password letmein --user me", "letmein"),
            ("curl -u admin:hunter22 https://x", "hunter22"),
            ("curl --user 'admin:myPassw0rd' -X POST", "myPassw0rd"),
            ("ENV API_TOKEN abc123", "abc123"),
            ("?sig=Zm9v&v=1", "Zm9v"),
            ("PASSWORD=${DB_PASSWORD:-hunter2}", "hunter2"),
            ("PASSWORD=${DB_PASSWORD:-hunt…", "hunt"),
            ("PASSWORD=hunter2…", "hunter2"),
            ("token = os.getenv('TOKEN', 'fallback')", "fallback"),
            ("AccountName=x;AccountKey=Zm9vYmFy;", "Zm9vYmFy"),
            ("os.environ.setdefault(\"AWS_SECRET_ACCESS_KEY\", \"hunter2\")", "hunter2"),
        ] {
            let shown = snippet(text);
            assert!(!shown.contains(gone) && shown.contains("[hidden: "), "{text} -> {shown}");
        }
        assert_eq!(snippet("DB_PASSWORD=hunter2 make x"), "DB_PASSWORD=[hidden: 7 characters] make x");
    }

    #[test]
    fn references_and_plain_text_stay() {
        for text in [
            "token: ${{ secrets.GITHUB_TOKEN }}",
            "docker build --build-arg AWS_ACCESS_KEY_ID=…",
            "docker build --build-arg AWS_ACCESS_KEY_ID=${{ secrets.AWS_ACC…",
            "id-token: write",
            "secrets: inherit",
            "password = os.environ[\"DB_PASSWORD\"]",
            "API_KEY=$API_KEY python -m train",
            "docker run -v $PWD:/score image:$PWD:latest",
            "secretName: eta-db",
            "tokenizer = AutoTokenizer.from_pretrained('bert-base')",
            "mlflow.sklearn.log_model(model, 'eta')",
            "uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683",
            "md5: d41d8cd98f00b204e9800998ecf8427e",
            "python src/features/TemporalFusionTransformerTraining2024.py --epochs 10",
            "s3://my-bucket-eu-west-1/models/2024-01-15/retrain-run-000123/model.bst",
        ] {
            assert_eq!(snippet(text), text);
        }
    }

    #[test]
    fn random_strings_and_addresses_are_hidden() {
        assert_eq!(
            snippet("wandb.login(key='0123456789abcdef0123456789abcdef01234567')"),
            "wandb.login(key='[hidden: 40 characters]')"
        );
        assert!(!snippet("x = 'kT9vQ2mX7bL4pR8sW3nZ6'").contains("kT9v"));
        assert!(!snippet("AKIAIOSFODNN7EXAMPLE").contains("AKIA"));
        assert_eq!(snippet("git clone https://me:pw@git.example/x"), "git clone https://[hidden: 5 characters]@git.example/x");
        assert_eq!(address("https://me:p@w@git.example/x.git"), "https://git.example/x.git");
        assert!(!snippet("-----BEGIN RSA PRIVATE KEY-----\nMIIE").contains("MIIE"));
    }

    #[test]
    fn long_text_is_cut_and_counted() {
        let shown = snippet(&"é ".repeat(10_000));
        assert!(shown.chars().count() <= LIMIT, "{}", shown.chars().count());
        assert!(shown.ends_with("more characters]"));
        assert_eq!(snippet(" a\n\t b "), "a b");
        assert_eq!(snippet(""), "");
    }
}
