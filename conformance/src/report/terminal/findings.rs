//! The parts of a red report: likely causes, violations with their evidence, and what stands in the way of a verdict.

use fixtures::Level;

use super::Detail;
use super::page::{BAD, DOUBT, FAINT, PLAIN, Page, STRONG};
use crate::report::Report;
use crate::report::summary::{self, Standing, Violation, names, of_standing};
use crate::report::text::{columns, count};
use crate::verdict::{Finding, Outcome};

/// Lines of evidence for one finding, unless all is asked for.
const EVIDENCE_LINES: usize = 12;

/// What is likely wrong and the line of code that mends it: the first thing that a backend developer sees.
pub(super) fn causes(page: &mut Page, report: &Report, detail: Detail) {
    if report.diagnoses.is_empty() {
        return;
    }
    page.heading(if report.diagnoses.len() == 1 { "Likely cause" } else { "Likely causes" });
    for diagnosis in &report.diagnoses {
        page.item(2, (BAD, "✗ "), (STRONG, &diagnosis.cause));
        if detail > Detail::Quiet {
            for line in &diagnosis.evidence {
                page.evidence(4, line);
            }
        }
        let widest = diagnosis.remedies.iter().map(|remedy| columns(remedy.stack)).max().unwrap_or(0);
        for (index, remedy) in diagnosis.remedies.iter().enumerate() {
            if index == 0 || remedy.code.contains('\n') {
                page.gap();
            }
            page.code(4, &format!("{:widest$}  ", remedy.stack), &remedy.code);
        }
        if detail > Detail::Quiet && !diagnosis.explains.is_empty() {
            page.gap();
            page.item(4, (FAINT, "explains "), (FAINT, &diagnosis.explains.join(", ")));
        }
    }
}

/// Violated requirements, binding ones first, then warnings.
pub(super) fn violations(page: &mut Page, report: &Report, detail: Detail) {
    for (title, standing, mark) in
        [("Violated", Standing::Violated, (BAD, "✗ ")), ("Warnings", Standing::Warning, (DOUBT, "! "))]
    {
        let violations = summary::violations(report, standing);
        if violations.is_empty() {
            continue;
        }
        page.heading(title);
        for violation in &violations {
            one_violation(page, violation, mark, detail);
        }
    }
}

fn one_violation(page: &mut Page, violation: &Violation<'_>, mark: (anstyle::Style, &str), detail: Detail) {
    let everywhere: Vec<_> = violation.findings.iter().flat_map(|(subjects, _)| subjects.iter().copied()).collect();
    let title = match everywhere.is_empty() {
        true => violation.id.to_owned(),
        false => format!("{} [{}]", violation.id, everywhere.join(", ")),
    };
    page.item(2, mark, (STRONG, &title));
    if detail > Detail::Quiet {
        page.item(4, (FAINT, level_name(violation.level)), (PLAIN, violation.text));
    }
    for (subjects, finding) in &violation.findings {
        let indent = if violation.findings.len() > 1 && !subjects.is_empty() {
            page.item(4, (STRONG, ""), (STRONG, &subjects.join(", ")));
            6
        } else {
            4
        };
        one_finding(page, finding, indent, detail);
    }
    if detail > Detail::Quiet {
        page.gap();
    }
}

fn one_finding(page: &mut Page, finding: &Finding, indent: usize, detail: Detail) {
    page.item(indent, (FAINT, "expected  "), (PLAIN, &finding.expected));
    page.item(indent, (FAINT, "observed  "), (PLAIN, &finding.observed));
    let shown = match detail {
        Detail::Quiet => 0,
        Detail::Normal => EVIDENCE_LINES,
        Detail::Verbose => usize::MAX,
    };
    for line in finding.evidence.iter().take(shown) {
        page.evidence(indent + 2, line);
    }
    if detail == Detail::Normal && finding.evidence.len() > shown {
        let hidden = finding.evidence.len() - shown;
        page.item(indent + 2, (FAINT, "… "), (FAINT, &format!("{} more with `--verbose`", count(hidden, "line"))));
    }
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::Must => "MUST      ",
        Level::Should => "SHOULD    ",
        Level::May => "MAY       ",
    }
}

/// What was not tested, each cause named once.
pub(super) fn not_tested(page: &mut Page, report: &Report, detail: Detail) {
    let groups = summary::not_tested(report);
    if groups.is_empty() {
        return;
    }
    page.heading("Not tested");
    for (cause, verdicts) in groups {
        let because = format!("{} because {}", count(verdicts.len(), "verdict"), cause.words());
        page.item(2, (DOUBT, "? "), (PLAIN, &because));
        if detail > Detail::Quiet {
            page.item(4, (FAINT, ""), (FAINT, &names(verdicts)));
        }
    }
}

/// Faults of the suite's own: told apart from the backend's, with what to do about them.
pub(super) fn harness_errors(page: &mut Page, report: &Report) {
    let mut reasons: Vec<(&str, Vec<_>)> = Vec::new();
    for verdict in of_standing(report, Standing::HarnessError) {
        let Outcome::HarnessError { reason } = &verdict.outcome else { continue };
        match reasons.iter_mut().find(|(other, _)| other == reason) {
            Some((_, verdicts)) => verdicts.push(verdict),
            None => reasons.push((reason, vec![verdict])),
        }
    }
    if reasons.is_empty() {
        return;
    }
    page.heading("The suite's own fault, not the backend's");
    for (reason, verdicts) in reasons {
        page.item(2, (DOUBT, "! "), (PLAIN, reason));
        page.item(4, (FAINT, ""), (FAINT, &names(verdicts)));
    }
    let advice = format!(
        "Please report this to the suite's maintainers, with these lines, the suite's version ({}) and the recording that \
         `--save-recording FILE` keeps.",
        report.suite
    );
    page.item(2, (PLAIN, ""), (PLAIN, &advice));
}

/// Known failures: those that pass again fail the run; the others are excused, and stay visible.
pub(super) fn known_failures(page: &mut Page, report: &Report, detail: Detail) {
    let again: Vec<_> = of_standing(report, Standing::PassesAgain).collect();
    if !again.is_empty() {
        page.heading("Known to fail, but passed");
        for verdict in again {
            page.item(2, (BAD, "✗ "), (STRONG, &verdict.name()));
            page.item(4, (FAINT, "listed because  "), (PLAIN, verdict.known.as_deref().unwrap_or_default()));
        }
        page.item(
            2,
            (PLAIN, ""),
            (PLAIN, "Take what is mended off the list of known failures, so that it stays mended."),
        );
    }
    let known: Vec<_> = of_standing(report, Standing::KnownFailure).collect();
    if !known.is_empty() && detail > Detail::Quiet {
        page.heading("Known failures");
        for verdict in known {
            page.item(
                2,
                (FAINT, "– "),
                (PLAIN, &format!("{}: {}", verdict.name(), verdict.known.as_deref().unwrap_or_default())),
            );
        }
    }
}
