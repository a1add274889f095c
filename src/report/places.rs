//! A report without the text of files: where everything stands, and no word of what stands there.
//!
//! Why: some may see which lines decide and not the lines. It is made from the finished report, so whatever put a text in
//! is passed here once more. What stays are words of our own, paths, ids of rules and commits, names that a rule captures
//! (such as that of an environment), and the reasons in a file of settings, which are written for the report.
//! Invariant: what a sentence quotes stands between backticks.

use super::{Chain, Evidence, RemedyKind, Report, System};

/// What stands in place of a quotation.
const QUOTED: &str = "`…`";

/// Takes the text of files out.
pub(super) fn only(report: &mut Report) {
    evidence(&mut report.repository.subject.evidence);
    report.repository.subject.why = unquoted(&report.repository.subject.why);
    for notice in &mut report.notices {
        notice.text = unquoted(&notice.text);
    }
    report.systems.iter_mut().for_each(system);
}

fn system(system: &mut System) {
    system.why = unquoted(&system.why);
    evidence(&mut system.trains);
    evidence(&mut system.serves);
    for practice in &mut system.practices {
        evidence(&mut practice.evidence);
        practice.chains.iter_mut().for_each(chain);
        if let Some(miss) = &mut practice.nearest_miss {
            miss.text = unquoted(&miss.text);
            evidence(&mut miss.evidence);
            miss.chain.iter_mut().for_each(chain);
        }
    }
    for model in &mut system.models {
        for blocking in &mut model.blocking {
            blocking.what = unquoted(&blocking.what);
            if let Some(kind) = blocking.remedy {
                blocking.action = remedy(kind, &blocking.evidence);
            }
            evidence(&mut blocking.evidence);
        }
        model.criteria.iter_mut().for_each(|criterion| evidence(&mut criterion.evidence));
    }
    for end in &mut system.open_ends {
        end.outside = named_at(end.evidence.first().and_then(|e| Some((e.path.as_deref()?, e.line.unwrap_or(0)))));
        evidence(&mut end.evidence);
    }
    for lookalike in &mut system.lookalikes {
        // these two begin with what is written there
        lookalike.why = match lookalike.evidence.first().map(|e| e.signal.as_str()) {
            Some("switched-off") => "it is switched off".to_owned(),
            Some("broken") => "what it names is not there".to_owned(),
            _ => unquoted(&lookalike.why),
        };
        evidence(&mut lookalike.evidence);
    }
    for head in &mut system.chain_heads {
        chain(&mut head.chain);
        head.text = match head.trigger {
            Some(trigger) => trigger.word().to_owned(),
            None => head.chain.0.first().map(|hop| hop.path.clone()).unwrap_or_default(),
        };
    }
    for remedied in &mut system.remedies {
        remedied.action = remedy(remedied.kind, &remedied.evidence);
        evidence(&mut remedied.evidence);
    }
    for step in &mut system.steps {
        step.why = unquoted(&step.why);
        evidence(&mut step.evidence);
    }
}

/// What is to be done, without what stands there.
fn remedy(kind: RemedyKind, evidence: &[Evidence]) -> String {
    let place = evidence.first().and_then(|e| Some((e.path.as_deref()?, e.line.unwrap_or(0))));
    let at = place.map(|(path, line)| if line > 0 { format!("{path}:{line}") } else { path.to_owned() }).unwrap_or_default();
    match kind {
        RemedyKind::SwitchOn => format!("switch {at} on"),
        RemedyKind::Register => format!("run {at} in a job that starts on push"),
        RemedyKind::Apply => format!("apply {at} in a job that starts on push"),
        RemedyKind::Start => format!("let a push, tag, schedule or new data start {at}"),
        RemedyKind::Repair => format!("repair {at}: what it names is not there"),
        RemedyKind::Heed => format!("let {at} fail the run"),
        RemedyKind::Follow => format!("look up {}", named_at(place)),
        RemedyKind::Confirm => format!("nothing to change if it is so; not proven: {at}"),
    }
}

fn evidence(all: &mut [Evidence]) {
    all.iter_mut().for_each(|evidence| evidence.snippet = None);
}

/// A hop says what kind of link it is, and no longer in which words.
fn chain(chain: &mut Chain) {
    for hop in &mut chain.0 {
        hop.what = hop.edge.word().to_owned();
        if hop.outside.is_some() {
            hop.outside = Some(named_at(Some((&hop.path, hop.line))));
        }
    }
}

fn named_at(place: Option<(&str, u32)>) -> String {
    match place {
        Some((path, 0)) => format!("what {path} names"),
        Some((path, line)) => format!("what {path}:{line} names"),
        None => "something outside".to_owned(),
    }
}

/// A sentence without what stands between its backticks; what is opened and not closed goes to the end.
fn unquoted(text: &str) -> String {
    let mut parts = text.split('`');
    let mut out = parts.next().unwrap_or_default().to_owned();
    while parts.next().is_some() {
        out.push_str(QUOTED);
        out.push_str(parts.next().unwrap_or_default());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotations_are_taken_out_of_sentences() {
        assert_eq!(unquoted("`make x` (a.yml:3) starts `y`, and"), "`…` (a.yml:3) starts `…`, and");
        assert_eq!(unquoted("cut off `secret th"), "cut off `…`");
        assert_eq!(unquoted("plain"), "plain");
    }
}
