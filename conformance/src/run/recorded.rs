//! A recording, judged again.

use std::collections::BTreeMap;

use super::event::Report;
use super::selection::KnownFailures;
use super::{summary, watched};
use crate::checks::Check;
use crate::recording::Recording;

/// Judges a recording: every chosen check whose scenario stands in it. Of traffic that was only watched, every
/// chosen check, and what it can say of that.
#[must_use]
pub fn judge(
    recording: &Recording,
    source: &str,
    checks: &[&'static Check],
    strict: bool,
    known: &KnownFailures,
) -> Report {
    let performed = recording.scenarios();
    let lacks = |check: &Check| {
        check.all_needs().into_iter().any(|need| recording.header.settings.lacks.iter().any(|name| name == need.name()))
    };
    let concerned =
        checks.iter().filter(|check| lacks(check) || performed.iter().any(|name| **name == *check.scenario.name));
    let verdicts = match watched::is_watched(recording) {
        true => watched::judge(recording, checks),
        false => concerned.flat_map(|check| check.judge_recording(recording)).collect(),
    };
    let facts = summary::Facts {
        took: recording.entries.last().map(|entry| entry.at).unwrap_or_default(),
        scenarios: summary::scenario_times(recording),
        waited: BTreeMap::new(),
        interrupted: false,
        notices: Vec::new(),
    };
    let mut report = summary::report(recording, verdicts, strict, known, facts);
    source.clone_into(&mut report.target);
    report
}
