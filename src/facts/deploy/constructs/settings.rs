//! The settings that name a program which declares stacks: `cdk.json`; `Pulumi.yaml`, whose program is a whole by itself.

use crate::fact::{FileFacts, Unit, UnitId, UnitKind};
use crate::facts::ci::reading::Reading;
use crate::facts::deploy::wiring;
use crate::facts::shell::{self, Shell};
use crate::facts::{Context, Reader, When};
use crate::resolve::PROJECTS;
use crate::rules::pattern::Format;
use crate::source::{self, SourceFile};

/// Settings, by their name.
pub(crate) const READER: Reader = Reader { name: "settings of a stack program", wants: is_settings, when: When::Always, read };

pub(super) fn is_settings(path: &str) -> bool {
    source::file_name(path) == "cdk.json" || is_project(path)
}

/// Whether the whole program is one stack.
pub(super) fn is_project(path: &str) -> bool {
    PROJECTS.contains(&source::file_name(path))
}

/// The program is run in the folder of its settings, by whoever brings its stacks about.
fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    if is_project(&file.path) {
        return project(file, context);
    }
    let document = context.document(file, Format::Json);
    let mut reading: Reading<'_> = Reading::new(file, context);
    reading.facts.notices = document.notices(file);
    let whole = wiring::whole(&mut reading);
    if let Some(app) = document.tree.root().and_then(|root| root.get("app"))
        && let Some(text) = app.text()
    {
        runs(text, app.site_line(), whole, &mut reading);
    }
    reading.facts.tree = Some(document.tree.clone());
    reading.facts
}

/// The program of a project in Python: the file that `main` names, or the package that its folder is.
fn project(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let document = context.document(file, Format::Yaml);
    let mut reading: Reading<'_> = Reading::new(file, context);
    reading.facts.notices = document.notices(file);
    let whole = wiring::whole(&mut reading);
    if let Some(root) = document.tree.root()
        && let Some(runtime) = root.get("runtime")
        && runtime.text().or_else(|| runtime.at("name")) == Some("python")
    {
        let main = root.get("main");
        let path = main.and_then(|main| main.text()).unwrap_or(".");
        let program = if path.ends_with(".py") { path.to_owned() } else { format!("{}/__main__.py", path.trim_end_matches('/')) };
        let line = main.map_or_else(|| runtime.site_line(), |main| main.site_line());
        runs(&format!("python {}", shell::quoted(&program)), line, whole, &mut reading);
    }
    reading.facts.tree = Some(document.tree.clone());
    reading.facts
}

/// The step in which the program is run.
fn runs(text: &str, line: u32, whole: UnitId, reading: &mut Reading<'_>) {
    let (name, title) = ("app".to_owned(), Some("program".to_owned()));
    let id = reading.unit(Unit { kind: UnitKind::Step, name, title, line, end_line: line, parent: Some(whole) });
    let dir = Some(source::folder(&reading.file.path).to_owned());
    let how = Shell { dir, errexit: true, ..Shell::default() };
    if reading.take_text(line, text) {
        shell::lower(text, &|_| line, id, &how, reading.context, &mut reading.facts);
    }
}
