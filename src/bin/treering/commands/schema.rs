//! `treering schema`: the form of what treering writes and reads.

use std::process::ExitCode;

use anyhow::Result;

use crate::args::Which;
use crate::output;

pub fn run(which: Which) -> Result<ExitCode> {
    let which = match which {
        Which::Report => treering::Schema::Report,
        Which::Rules => treering::Schema::Rules,
        Which::Settings => treering::Schema::Settings,
    };
    output::print(treering::schema(which).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
