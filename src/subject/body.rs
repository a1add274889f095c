//! The body of a template: what a project made from it would hold.
//!
//! A generator keeps the body in a folder of its own and marks what it fills in. Read as a repository whose paths begin
//! at that folder, with each mark replaced by the bare name of what it asks for, the body can be judged like any other;
//! nothing is generated, no answer is guessed. Both sides of a condition are kept. Masking keeps the lines where they
//! are and never makes a text longer than a constant times what it was.

use std::collections::BTreeMap;

use crate::source::{file_name, folder};
use crate::walk::Inventory;

/// Most bytes of a body that are read.
const BYTES: u64 = 32 << 20;
/// Largest file of a body that is read, in bytes.
const FILE: u64 = 1 << 20;
/// Longest mark, in bytes: what closes later was no mark.
const MARK: usize = 2_000;

/// The body that a generator's folder holds, as files of its own. `None` where the body is the repository itself.
pub(crate) fn body(inventory: &Inventory) -> Option<Inventory> {
    let root = root(inventory)?;
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let mut bytes = 0;
    for entry in inventory.below(&root) {
        let Some(path) = entry.path.strip_prefix(root.as_str()).and_then(|p| p.strip_prefix('/')) else { continue };
        bytes += entry.size;
        if entry.size > FILE || bytes > BYTES {
            continue;
        }
        let named: Vec<String> = path.split('/').map(|part| mask(part).trim().to_owned()).collect();
        if named.iter().any(String::is_empty) {
            continue;
        }
        let named = named.join("/");
        let named = [".jinja", ".jinja2", ".j2", ".tmpl"].iter().find_map(|s| named.strip_suffix(s)).unwrap_or(&named).to_owned();
        // what is only listed still is there
        let text = inventory.read(&entry.path).map(|file| mask(&file.text)).unwrap_or_default();
        files.entry(named).or_insert(text);
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    (!files.is_empty()).then(|| Inventory::in_memory(&files))
}

/// The folder of the body: what the generator's answers file says, else the folder whose name is filled in.
fn root(inventory: &Inventory) -> Option<String> {
    for name in ["copier.yml", "copier.yaml"] {
        let Ok(file) = inventory.read(name) else { continue };
        let value = file.text.lines().find_map(|line| line.strip_prefix("_subdirectory:"));
        let value = value.map(|v| v.split(" #").next().unwrap_or(v).trim().trim_matches(['"', '\'']).trim_end_matches('/'));
        if let Some(value) = value.filter(|v| inventory.is_dir(v)) {
            return Some(value.to_owned());
        }
    }
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in inventory.entries() {
        let mut at: &str = folder(&entry.path);
        let mut outermost = None;
        while at != "." {
            let name = file_name(at);
            if name.starts_with("{{") || name.starts_with("{%") {
                outermost = Some(at);
            }
            at = folder(at);
        }
        if let Some(outermost) = outermost {
            *sizes.entry(outermost).or_default() += 1;
        }
    }
    // the largest; of equals the first
    sizes.into_iter().rev().max_by_key(|(_, files)| *files).map(|(path, _)| path.to_owned())
}

/// The text with its marks replaced: `{{ a.name }}` by `name`, `{% … %}` and `{# … #}` by nothing but their line feeds.
/// What a mark escapes, or stands between `raw` and `endraw`, stays as written, and so does `${{ … }}`.
fn mask(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut raw_ends) = (text, true);
    while let Some(at) = rest.find('{') {
        let (before, mark) = rest.split_at(at);
        out.push_str(before);
        let close = match mark.get(..2) {
            Some("{{") if !before.ends_with('$') => "}}",
            Some("{%") => "%}",
            Some("{#") => "#}",
            _ => "",
        };
        let end =
            mark.get(2..).filter(|_| !close.is_empty()).and_then(|inner| inner[..inner.floor_char_boundary(MARK)].find(close));
        let Some(end) = end else {
            // two at once, so that the second is not taken for the start of a mark
            let width = if mark.starts_with("{{") { 2 } else { 1 };
            out.push_str(&mark[..width]);
            rest = &mark[width..];
            continue;
        };
        let (inner, after) = (&mark[2..2 + end], &mark[end + 4..]);
        rest = after;
        if close == "}}" {
            out.push_str(&filled(inner));
        }
        out.extend(inner.chars().filter(|c| *c == '\n'));
        if close == "%}" && raw_ends && inner.trim_matches(['-', '+', ' ']) == "raw" {
            let ends = |at: &usize| after[*at + 2..].trim_start_matches(['-', '+', ' ']).starts_with("endraw");
            match after.match_indices("{%").map(|(at, _)| at).find(ends) {
                Some(stop) => {
                    out.push_str(&after[..stop]);
                    rest = &after[stop..];
                }
                // looked for once, not once a mark
                None => raw_ends = false,
            }
        }
    }
    out.push_str(rest);
    out
}

/// What stands for a filled-in value: its name, a quoted text as it is, nothing for what only steers.
fn filled(inner: &str) -> String {
    let inner = inner.trim_matches('-').trim();
    for quote in ['"', '\'', '`'] {
        if let Some(text) = inner.strip_prefix(quote).and_then(|t| t.strip_suffix(quote)).filter(|t| !t.contains(quote)) {
            return text.to_owned();
        }
    }
    let mut words = inner.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|w| !w.is_empty());
    match words.next() {
        None | Some("if" | "else" | "end" | "range" | "with" | "define" | "block" | "skip") => String::new(),
        Some(_) if inner.starts_with('$') => String::new(),
        Some("cookiecutter" | "copier" | "template" | "values" | "inputs") => words.next().unwrap_or_default().to_owned(),
        Some(word) => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_names_and_lines_stay() {
        assert_eq!(mask("name: {{ cookiecutter.slug | lower }}-x"), "name: slug-x");
        assert_eq!(mask("{% if cloud\n  == 'aws' %}\na\n{%- endif -%}\nb"), "\n\na\n\nb");
        assert_eq!(mask("{# note #}{{.input_name}} {{ '{{' }} {{ if x }}y{{ end }}"), "input_name {{ y");
    }

    #[test]
    fn what_another_tool_fills_in_stays() {
        assert_eq!(mask("${{ secrets.TOKEN }}"), "${{ secrets.TOKEN }}");
        assert_eq!(mask("{% raw %}{{ kept }}{% endraw %}{{ gone.by }}"), "{{ kept }}gone");
        assert_eq!(mask("x = {{ never closed"), "x = {{ never closed");
        assert_eq!(mask("{é}{"), "{é}{");
    }

    #[test]
    fn the_body_begins_at_the_folder_that_is_filled_in() {
        let files = [
            ("cookiecutter.json", "{}"),
            ("docs/{{x}}/a.md", ""),
            ("{{cookiecutter.slug}}/{{cookiecutter.module}}/train.py", "import {{cookiecutter.module}}\n"),
            ("{{cookiecutter.slug}}/conf.yml.j2", "a: 1\n"),
        ];
        let body = body(&Inventory::in_memory(&files)).expect("a body");
        let paths: Vec<&str> = body.entries().iter().map(|e| &*e.path).collect();
        assert_eq!(paths, ["conf.yml", "module/train.py"]);
        assert_eq!(body.read("module/train.py").expect("text").text, "import module\n");
        assert!(super::body(&Inventory::in_memory(&[("train.py", "")])).is_none(), "the repository is its own body");
    }

    #[test]
    fn the_answers_file_names_the_folder() {
        let files = [("copier.yml", "_subdirectory: template\n"), ("template/steps/{% if a %}fit{% endif %}/x.py", "")];
        let body = body(&Inventory::in_memory(&files)).expect("a body");
        assert_eq!(&*body.entries()[0].path, "steps/fit/x.py");
    }
}
