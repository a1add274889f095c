//! The report as it is, field by field.

use std::io::{self, Write};

use crate::report::Report;

/// Writes pretty JSON with a final line feed. The same report gives the same bytes.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    out.write_all(b"\n")
}
