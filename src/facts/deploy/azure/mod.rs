//! Templates of Azure's resource manager, in JSON or Bicep: jobs and services of containers, flows with a clock, schedules
//! and endpoints of the ML platform, alerts; and other templates that one brings about.
//!
//! Bringing a template about runs nothing but what is kept running; a job runs when its clock or its event starts it,
//! once something deploys the template, which the graph knows. A resource that a condition may leave out, or that stands
//! in a loop, is only meant. What puts a thing into the platform is the command line that would do it.
//!
//! Invariants: resources, nesting and references are bounded; a value that only a deployment knows is open.

mod parts;
mod template;
#[cfg(test)]
mod tests;

use super::wiring;
use crate::fact::FileFacts;
use crate::facts::ci::reading::Reading;
use crate::facts::{Context, Reader, When};
use crate::rules::pattern::Format;
use crate::source::{SourceFile, extension};
use template::Template;

/// Templates, by their suffix or by what they say they are.
pub(crate) const READER: Reader = Reader {
    name: "Azure template",
    wants: |path| matches!(extension(path), Some("bicep" | "bicepparam" | "json")),
    when: When::Recognised(is_template),
    read,
};

/// Whether a file is a template that declares something.
fn is_template(path: &str, text: &str) -> bool {
    match extension(path) {
        Some("bicep") => text.contains("resource ") || text.contains("module "),
        Some("bicepparam") => text.contains("using "),
        _ => text.contains("eploymentTemplate.json#") && text.contains("\"resources\""),
    }
}

fn read(file: &SourceFile, context: &Context<'_>) -> FileFacts {
    let format = if extension(&file.path) == Some("json") { Format::Json } else { Format::Bicep };
    let document = context.document(file, format);
    let mut reading: Reading<'_> = Reading::new(file, context);
    reading.facts.notices = document.notices(file);
    if let Some(root) = document.tree.root().filter(|_| is_template(&file.path, &file.text)) {
        let template = match format {
            Format::Json => Template::of_json(root),
            _ => Template::of_bicep(root),
        };
        parts::lower(&template, &mut reading);
    }
    reading.facts.tree = Some(document.tree.clone());
    reading.facts
}
