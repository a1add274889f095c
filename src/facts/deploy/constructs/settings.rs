//! The settings that name a program which declares stacks: `cdk.json`.

use crate::fact::{FileFacts, Unit, UnitKind};
use crate::facts::ci::reading::Reading;
use crate::facts::deploy::wiring;
use crate::facts::shell::{self, Shell};
use crate::facts::{Context, Reader, When};
use crate::rules::pattern::Format;
use crate::source::{self, SourceFile};

/// Settings, by their name.
pub(crate) const READER: Reader = Reader { name: "settings of a stack program", wants: is_settings, when: When::Always, read };

pub(super) fn is_settings(path: &str) -> bool {
    source::file_name(path) == "cdk.json"
}

/// The program is run in the folder of its settings, by whoever brings its stacks about.
fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let document = context.document(file, Format::Json);
    let mut reading: Reading<'_> = Reading::new(file, context);
    reading.facts.notices = document.notices(file);
    let whole = wiring::whole(&mut reading);
    if let Some(app) = document.tree.root().and_then(|root| root.get("app"))
        && let Some(text) = app.text()
    {
        let line = app.site_line();
        let unit = Unit {
            kind: UnitKind::Step,
            name: "app".to_owned(),
            title: Some("program".to_owned()),
            line,
            end_line: line,
            parent: Some(whole),
        };
        let id = reading.unit(unit);
        let how = Shell { dir: Some(source::folder(&file.path).to_owned()), errexit: true, ..Shell::default() };
        if reading.take_text(line, text) {
            shell::lower(text, &|_| line, id, &how, context, &mut reading.facts);
        }
    }
    reading.facts.tree = Some(document.tree.clone());
    reading.facts
}
