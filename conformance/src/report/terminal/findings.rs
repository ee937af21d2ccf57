//! The parts of a red report: likely causes, violations with their evidence, and what stands in the way of a verdict.

use super::Detail;
use super::page::{BAD, DOUBT, FAINT, PLAIN, Page, STRONG};
use crate::report::Report;
use crate::report::summary::{self, Cause, Standing, Violation, of_standing};
use crate::report::text::{columns, count};
use crate::verdict::{Finding, Verdict};

/// Names that a cause is said to explain, before they are only counted.
const NAMES: usize = 6;

/// Lines of evidence for the first finding of a requirement, unless all is asked for.
const EVIDENCE_LINES: usize = 12;

/// And for its further findings, which most often tell the same of another customer type.
const FURTHER_EVIDENCE_LINES: usize = 4;

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
        let roomy = diagnosis.remedies.iter().any(|remedy| remedy.code.contains('\n'));
        for (index, remedy) in diagnosis.remedies.iter().enumerate() {
            if index == 0 || roomy {
                page.gap();
            }
            let label = format!("{:widest$}  ", remedy.stack);
            match remedy.stack {
                // What to do, in words.
                "any" => page.item(4, (FAINT, "→ "), (PLAIN, &remedy.code)),
                _ => page.code(4, &label, &remedy.code),
            }
        }
        if detail > Detail::Quiet && !diagnosis.explains.is_empty() {
            page.gap();
            page.item(4, (FAINT, "explains  "), (FAINT, &first_few(&diagnosis.explains)));
        }
        page.gap();
    }
}

/// The first names of a list, and how many more there are.
fn first_few(names: &[String]) -> String {
    let (first, rest) = names.split_at(names.len().min(NAMES));
    let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
    format!("{}{more}", first.join(", "))
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
        page.item(4, (FAINT, &format!("{:<10}", summary::level_name(violation.level))), (PLAIN, violation.text));
    }
    for (index, (subjects, finding)) in violation.findings.iter().enumerate() {
        let indent = if violation.findings.len() > 1 && !subjects.is_empty() {
            page.item(4, (STRONG, ""), (STRONG, &subjects.join(", ")));
            6
        } else {
            4
        };
        let lines = match detail {
            Detail::Quiet => 0,
            Detail::Normal if index == 0 => EVIDENCE_LINES,
            Detail::Normal => FURTHER_EVIDENCE_LINES,
            Detail::Verbose => usize::MAX,
        };
        one_finding(page, finding, indent, lines);
    }
    if detail > Detail::Quiet {
        page.gap();
    }
}

fn one_finding(page: &mut Page, finding: &Finding, indent: usize, lines: usize) {
    page.item(indent, (FAINT, "expected  "), (PLAIN, &finding.expected));
    page.item(indent, (FAINT, "observed  "), (PLAIN, &finding.observed));
    for line in finding.evidence.iter().take(lines) {
        page.evidence(indent + 2, line);
    }
    let hidden = finding.evidence.len().saturating_sub(lines);
    if lines > 0 && hidden > 0 {
        page.item(indent + 2, (FAINT, "… "), (FAINT, &format!("{} more with `--verbose`", count(hidden, "line"))));
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
        let counts = verdicts.iter().any(|verdict| Standing::of(report, verdict).is_red());
        let (mark, weight) =
            if counts { ((DOUBT, "? "), "") } else { ((FAINT, "– "), ", without weight in this run") };
        let joint = if matches!(cause, Cause::Reason(_)) { ":" } else { " because" };
        let line = format!("{}{weight}{joint} {}", count(verdicts.len(), "verdict"), cause.words());
        page.item(2, mark, (PLAIN, &line));
        if detail > Detail::Quiet {
            listed(page, report, verdicts);
        }
    }
}

/// A line for each set of customer types: `Partner: broadcast.order, payload.text`.
fn listed<'a>(page: &mut Page, report: &'a Report, verdicts: impl IntoIterator<Item = &'a Verdict>) {
    for (types, ids) in summary::by_types(report, verdicts) {
        let lead = if types.is_empty() { String::new() } else { format!("{}: ", types.join(", ")) };
        page.item(4, (FAINT, &lead), (FAINT, &ids.join(", ")));
    }
}

/// Faults of the suite's own: told apart from the backend's, with what to do about them.
pub(super) fn harness_errors(page: &mut Page, report: &Report) {
    let reasons = summary::by_reason(report, Standing::HarnessError);
    if reasons.is_empty() {
        return;
    }
    page.heading("The suite's own fault, not the backend's");
    for (reason, verdicts) in reasons {
        page.item(2, (DOUBT, "! "), (PLAIN, reason));
        listed(page, report, verdicts);
    }
    let advice = format!(
        "Please report this to the suite's maintainers, with these lines, the suite's version ({}) and the recording that \
         `--save-recording FILE` keeps.",
        report.suite
    );
    page.item(2, (PLAIN, ""), (PLAIN, &advice));
}

/// Violations that were expected: excused, and still to be seen. (Those that pass again are told by the report's notices.)
pub(super) fn known_failures(page: &mut Page, report: &Report, detail: Detail) {
    let known: Vec<_> = of_standing(report, Standing::KnownFailure).collect();
    if known.is_empty() || detail == Detail::Quiet {
        return;
    }
    page.heading("Known failures");
    for verdict in known {
        let line = format!("{}: {}", verdict.name(), verdict.known.as_deref().unwrap_or_default());
        page.item(2, (FAINT, "– "), (PLAIN, &line));
    }
}
