//! Prepares the built-in rules: their YAML is read once, here, and goes into the program as JSON beside its text. Reading
//! YAML was most of what the scan of a small repository cost.
//!
//! Nothing is checked or dropped here: the library reads the JSON into the same types as a user's YAML, and a test holds
//! the two readings of every built-in rule against each other.

// how a build script and cargo speak to each other
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=rules");
    let (from, into) = (PathBuf::from(given("CARGO_MANIFEST_DIR")?).join("rules"), PathBuf::from(given("OUT_DIR")?));
    let mut names = Vec::new();
    rule_files(&from, "", &mut names)?;
    names.sort();
    let mut table = String::from("[\n");
    for name in &names {
        let path = from.join(name);
        let document: serde_yaml::Value =
            serde_yaml::from_str(&fs::read_to_string(&path)?).map_err(|e| format!("rules/{name}: {e}"))?;
        let json = into.join(name.replace('/', "+") + ".json");
        fs::write(&json, serde_json::to_string(&document)?)?;
        writeln!(table, "    BuiltIn {{ path: {name:?}, text: include_str!({path:?}), json: include_str!({json:?}) }},")?;
    }
    table.push_str("]\n");
    fs::write(into.join("built_in_rules.rs"), table)?;
    Ok(())
}

fn given(variable: &str) -> Result<std::ffi::OsString, String> {
    std::env::var_os(variable).ok_or_else(|| format!("cargo has not set {variable}"))
}

/// The names of all rule files below a folder, with `/` between their parts.
fn rule_files(folder: &Path, prefix: &str, into: &mut Vec<String>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|name| format!("a rule file is called {name:?}"))?;
        if entry.file_type()?.is_dir() {
            rule_files(&entry.path(), &format!("{prefix}{name}/"), into)?;
        } else if name.ends_with(".yaml") {
            into.push(format!("{prefix}{name}"));
        }
    }
    Ok(())
}
