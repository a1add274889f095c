//! What a report is held against: the flags for it, read and checked before anything is scanned, and the status that
//! the answer turns into.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};
use treering::gate::{self, Asked, Baseline, Outcome, Status, Weighing};
use treering::{Catalog, Report};

use crate::again;
use crate::args::{Scan, WhichEvidence};

/// A saved report may be this large, in bytes.
const LARGEST: u64 = 64 << 20;

/// Everything that the report is held against.
pub struct Gates {
    asked: Asked,
    baseline: Option<Baseline>,
    fails: bool,
    allow_no_verdict: bool,
    rescan: String,
}

/// What to say, and the exit status.
pub struct Held {
    pub lines: Vec<String>,
    pub status: u8,
}

impl Gates {
    /// Reads the flags and the baseline; whatever is wrong with them is told before the scan.
    pub fn of(scan: &Scan, catalog: &Catalog) -> Result<Self> {
        let flags = &scan.gates;
        let weighing = match flags.evidence {
            WhichEvidence::Level => Weighing::Level,
            WhichEvidence::Complete => Weighing::Complete,
        };
        let of = flags.system.clone().unwrap_or_default();
        let asked =
            Asked { levels: flags.at_least.clone(), practices: flags.require.clone(), weighing, of, place: String::new() };
        asked.check(catalog, &scan.models)?;
        let baseline = flags.baseline.as_deref().map(read).transpose()?;
        if asked.is_empty() && baseline.is_none() {
            let lonely = [("--evidence", weighing != Weighing::Level), ("--allow-no-verdict", flags.allow_no_verdict)];
            if let Some((flag, _)) = lonely.iter().find(|(_, given)| *given) {
                bail!("{flag} says how to judge, and nothing is asked; add --at-least, --require or --baseline");
            }
        }
        if baseline.is_some() && scan.paths.len() > 1 {
            bail!("--baseline is held against one report and {} paths were given; scan one path at a time", scan.paths.len());
        }
        let rescan: Vec<String> = scan.paths.iter().map(|path| again::words(scan, path, false)).collect();
        let rescan = format!("treering scan {}", rescan.join(" "));
        Ok(Self { asked, baseline, fails: flags.fail_on.is_some(), allow_no_verdict: flags.allow_no_verdict, rescan })
    }

    /// Judges the reports; where there are several, each line says of which path it speaks.
    pub fn judge(&self, scan: &Scan, reports: &[Report]) -> Result<Held> {
        let paths = &scan.paths;
        let mut all = Held { lines: Vec::new(), status: 0 };
        for (path, report) in paths.iter().zip(reports) {
            let held = self.one(report, again::words(scan, path, true))?;
            let of = if paths.len() > 1 { format!("{}: ", quoted(path)) } else { String::new() };
            all.lines.extend(held.lines.into_iter().map(|line| format!("{of}{line}")));
            all.status = worse(all.status, held.status);
        }
        Ok(all)
    }

    fn one(&self, report: &Report, place: String) -> Result<Held> {
        let asked = Asked { place, ..self.asked.clone() };
        let mut outcome = gate::judge(report, &asked)?;
        if let Some(baseline) = &self.baseline {
            let compared = gate::compare(baseline, report, &asked, &self.rescan)?;
            // without --fail-on the comparison is told and decides nothing
            let status = if self.fails { compared.status } else { Status::Fine };
            let lost = compared.status != Status::Fine;
            outcome.join(Outcome { status, ..compared });
            if lost && !self.fails {
                outcome.lines.push("nothing fails for it; add --fail-on regression if it should".to_owned());
            }
        }
        let status = match outcome.status {
            Status::Fine => 0,
            Status::Below => 1,
            Status::NoVerdict if self.allow_no_verdict => 0,
            Status::NoVerdict => 3,
        };
        Ok(Held { lines: outcome.lines, status })
    }
}

/// The status of several reports: below what was asked for is worse than no verdict, and that is worse than fine.
fn worse(one: u8, other: u8) -> u8 {
    if one == 1 || other == 1 { 1 } else { one.max(other) }
}

fn read(path: &Path) -> Result<Baseline> {
    let name = path.display().to_string();
    let failed = || format!("cannot read the baseline `{name}`; name a report saved with --format json");
    let mut bytes = Vec::new();
    let file = File::open(path).with_context(failed)?;
    file.take(LARGEST + 1).read_to_end(&mut bytes).with_context(failed)?;
    if bytes.len() as u64 > LARGEST {
        bail!(
            "the baseline `{name}` is larger than {} MiB, which no report is; name a report saved with --format json",
            LARGEST >> 20
        );
    }
    Ok(Baseline::read(&name, &bytes)?)
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | '@' | ':');
    if !text.is_empty() && text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
