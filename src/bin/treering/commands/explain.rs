//! `treering explain`: what an id or a file means, and why it is so in a repository.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use treering::gate::{self, Of};
use treering::{Catalog, Explanation, Inspection, Options, Question};

use super::catalog;
use crate::args::Explain;
use crate::output;
use crate::progress::Bar;

pub fn run(explain: &Explain) -> Result<ExitCode> {
    let catalog = catalog(&explain.rules)?;
    let (rule, found) = answer(explain, catalog)?;
    let style = super::style(true, explain.color, explain.width, explain.verbose);
    let root = explain.path.as_deref().unwrap_or(Path::new("."));
    let links = found.as_ref().and_then(|found| super::links(&style, &explain.hyperlink_format, root, &found.report));
    let style = treering::Style { links, ..style };
    let mut bytes = Vec::new();
    treering::write_explanation(rule.as_ref(), found.as_ref(), &mut bytes, &style)?;
    output::print(&bytes)?;
    Ok(ExitCode::SUCCESS)
}

/// A rule goes before a file of the same name; `./` makes it a file.
fn answer(explain: &Explain, catalog: &Catalog) -> Result<(Option<Explanation>, Option<Inspection>)> {
    // what opens a level is told with the level
    let of_level = || catalog.explain(explain.what.strip_suffix(".key")?);
    // a practice is told with all that it may say more closely
    let qualified = || catalog.explain(explain.what.strip_suffix(']')?.split_once('[')?.0);
    if let Some(rule) = catalog.explain(&explain.what).or_else(of_level).or_else(qualified) {
        let found = match &explain.path {
            Some(path) => Some(inspect(explain, catalog, path, &Question::Rule(rule.id.clone()))?),
            None => None,
        };
        return Ok((Some(rule), found));
    }
    let (file, line) = file_and_line(&explain.what);
    let root = explain.path.as_deref().unwrap_or(Path::new("."));
    let question = Question::File { path: inside(file, root), line };
    match inspect(explain, catalog, root, &question) {
        Ok(found) => {
            let end =
                found.file.as_ref().and_then(|file| file.lines.zip(file.line)).filter(|(end, line)| line > end || *line == 0);
            if let Some((end, line)) = end {
                bail!("there is no line {line} in `{file}`, which has {}; name one of these", lines(end));
            }
            Ok((None, Some(found)))
        }
        Err(treering::Error::Usage(no_file)) => {
            let near = catalog.suggestions(&explain.what);
            if near.is_empty() || no_file.contains("did you mean") {
                bail!("{no_file} (nor is it a rule; `treering rules list` names them all)");
            }
            bail!("there is no rule and no file `{}`; did you mean {}?", explain.what, near.join(", "));
        }
        Err(error) => Err(error.into()),
    }
}

fn lines(number: u32) -> String {
    format!("{number} {}", if number == 1 { "line" } else { "lines" })
}

fn inspect(explain: &Explain, catalog: &Catalog, path: &Path, question: &Question) -> Result<Inspection, treering::Error> {
    let options = Options {
        revision: explain.rev.clone(),
        threads: explain.threads.map(usize::from),
        parent: !explain.pointed.no_parent,
        config: explain.pointed.config.clone(),
        as_of: explain.pointed.as_of.clone(),
        with: explain.pointed.copies(),
        ..Options::default()
    };
    let bar = Bar::new(explain.quiet);
    let found = treering::inspect(path, catalog, &options, question, &bar);
    bar.clear();
    let mut found = found?;
    let of = explain.system.clone().unwrap_or_default();
    gate::check_system(&found.report, &of)?;
    if let Of::Path(path) = of {
        found.report.systems.retain(|system| system.path == path);
    }
    Ok(found)
}

/// `path:12` as path and line.
fn file_and_line(what: &str) -> (&str, Option<u32>) {
    match what.rsplit_once(':').map(|(file, line)| (file, line.parse().ok())) {
        Some((file, Some(line))) if !file.is_empty() => (file, Some(line)),
        _ => (what, None),
    }
}

/// The file as the repository names it: without `./`, and without the root where the user wrote that as well.
fn inside(file: &str, root: &Path) -> String {
    let path = Path::new(file);
    let short = if root == Path::new(".") { path } else { path.strip_prefix(root).unwrap_or(path) };
    let parts = short.components().filter(|c| !matches!(c, std::path::Component::CurDir));
    parts.map(|c| c.as_os_str().to_string_lossy().into_owned()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_follows_the_last_colon_if_it_is_a_number() {
        assert_eq!(file_and_line("src/a.py:12"), ("src/a.py", Some(12)));
        assert_eq!(file_and_line("a:b"), ("a:b", None));
        assert_eq!(file_and_line(":3"), (":3", None));
    }

    #[test]
    fn a_file_is_named_from_the_root() {
        assert_eq!(inside("./src/a.py", Path::new(".")), "src/a.py");
        assert_eq!(inside("../eta/src/a.py", Path::new("../eta")), "src/a.py");
        assert_eq!(inside("src/a.py", Path::new("../eta")), "src/a.py");
    }
}
