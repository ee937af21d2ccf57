//! JUnit XML: a suite an area, a case a verdict. Valid against `junit-10.xsd` of Jenkins' xUnit plugin, the strictest schema
//! of the kind that is in use; what it does not allow (a `skipped` count on the root, properties of a case) is not written.
//!
//! | verdict | case |
//! |---|---|
//! | passed, not binding | passed; a warning stands in `system-out` |
//! | violated, known to fail but passed | `failure` |
//! | not tested, harness error | `error` |
//! | not applicable, known to fail, left open | `skipped` |

#[cfg(test)]
mod tests;
mod xml;

use std::io::{self, Write};
use std::time::Duration;

use super::summary::{Area, Standing, areas, level_name, text_of};
use super::times::Times;
use super::{Report, Reporter, RunEvent};
use crate::verdict::{Outcome, Verdict};

/// Writes the document when the run is over.
#[derive(Debug)]
pub struct Junit<W> {
    out: W,
    times: Times,
}

impl<W: Write> Junit<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out, times: Times::default() }
    }
}

impl<W: Write> Reporter for Junit<W> {
    fn on_event(&mut self, event: &RunEvent<'_>) -> io::Result<()> {
        self.times.note(event);
        if let RunEvent::Finished(report) = event {
            xml::write(&mut self.out, report, &suites(report, &self.times))?;
            self.out.flush()?;
        }
        Ok(())
    }
}

/// A `testsuite`.
struct Suite {
    name: &'static str,
    time: Option<Duration>,
    cases: Vec<Case>,
}

/// A `testcase`.
struct Case {
    name: String,
    time: Option<Duration>,
    result: CaseResult,
}

/// The element inside a `testcase`.
enum CaseResult {
    Passed,
    PassedWith { output: String },
    Other { element: &'static str, kind: &'static str, message: String, text: String },
}

impl CaseResult {
    fn is(&self, name: &str) -> bool {
        matches!(self, Self::Other { element, .. } if *element == name)
    }
}

impl Suite {
    fn count(&self, element: &str) -> usize {
        self.cases.iter().filter(|case| case.result.is(element)).count()
    }
}

fn suites(report: &Report, times: &Times) -> Vec<Suite> {
    let mut suites: Vec<_> = areas(report).iter().map(|area| suite(area, report, times)).collect();
    if report.interrupted {
        // Else what was judged until then would be taken for the whole.
        let message = "the run was interrupted before all was judged".to_owned();
        let result = CaseResult::Other { element: "error", kind: "interrupted", message, text: String::new() };
        let case = Case { name: "run.complete".to_owned(), time: None, result };
        suites.push(Suite { name: "run", time: None, cases: vec![case] });
    }
    suites
}

fn suite(area: &Area<'_>, report: &Report, times: &Times) -> Suite {
    let cases = area.verdicts.iter().map(|verdict| Case {
        name: verdict.name(),
        time: times.share(verdict.id),
        result: result(verdict, report),
    });
    Suite { name: area.name, time: times.longest(area.checks()), cases: cases.collect() }
}

fn result(verdict: &Verdict, report: &Report) -> CaseResult {
    let standing = Standing::of(report, verdict);
    let known = verdict.known.as_deref().unwrap_or_default();
    let (element, kind) = match standing {
        Standing::Passed => return CaseResult::Passed,
        Standing::Warning => {
            return CaseResult::PassedWith {
                output: format!("warning, not binding in this run\n{}", text(verdict, report)),
            };
        }
        Standing::Violated => ("failure", "violated"),
        Standing::PassesAgain => ("failure", "known-failure-passed"),
        Standing::NotTested => ("error", "not-tested"),
        Standing::HarnessError => ("error", "harness-error"),
        Standing::LeftOpen => ("skipped", "not-tested"),
        Standing::KnownFailure => ("skipped", "known-failure"),
        Standing::NotApplicable => ("skipped", "not-applicable"),
    };
    let message = match &verdict.outcome {
        Outcome::Passed { .. } => format!("passes, and is listed as a known failure: {known}"),
        Outcome::Violated { .. } if standing == Standing::KnownFailure => format!("known failure: {known}"),
        Outcome::Violated { finding } => format!("expected {}; observed {}", finding.expected, finding.observed),
        Outcome::HarnessError { reason } => format!("the suite's own fault, not the backend's: {reason}"),
        Outcome::NotTested { reason, because: Some(id) } => format!("{reason} (because of {id})"),
        Outcome::NotTested { reason, because: None } | Outcome::NotApplicable { reason } => reason.clone(),
    };
    CaseResult::Other { element, kind, message, text: text(verdict, report) }
}

/// The requirement, what was found, and the likely cause with its remedies.
fn text(verdict: &Verdict, report: &Report) -> String {
    let mut lines = vec![format!("{} {}", level_name(verdict.level), text_of(verdict.id))];
    if let Outcome::Violated { finding } = &verdict.outcome {
        lines.extend([
            String::new(),
            format!("expected  {}", finding.expected),
            format!("observed  {}", finding.observed),
        ]);
        lines.extend(finding.evidence.iter().map(|line| format!("  {line}")));
    }
    let name = verdict.name();
    for diagnosis in report.diagnoses.iter().filter(|diagnosis| diagnosis.explains.contains(&name)) {
        lines.extend([String::new(), format!("likely cause: {}", diagnosis.cause)]);
        for remedy in &diagnosis.remedies {
            lines.push(if remedy.stack == "any" { "what to do:".to_owned() } else { format!("{}:", remedy.stack) });
            lines.extend(remedy.code.lines().map(|line| format!("    {line}")));
        }
    }
    lines.join("\n")
}
