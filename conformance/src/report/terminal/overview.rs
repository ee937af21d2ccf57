//! The parts that every report has: a line an area, figures, and the conclusion with what to do next.

use anstyle::Style;

use super::Detail;
use super::page::{BAD, DOUBT, FAINT, GOOD, PLAIN, Page, STRONG};
use crate::report::summary::{self, Standing, customer_types, names, of_standing, tally};
use crate::report::text::{columns, count, span};
use crate::report::times::Times;
use crate::report::{Conclusion, Report};
use crate::verdict::{Outcome, Verdict};

/// How many names the conclusion gives before it only counts.
const NAMES_AT_THE_END: usize = 3;

/// `✓ broadcast  18 checks  72 verdicts  0.52 s`, and in a red area what it is red with.
pub(super) fn areas(page: &mut Page, report: &Report, times: &Times, detail: Detail) {
    page.gap();
    let areas = summary::areas(report);
    let widest = areas.iter().map(|area| area.name.len()).max().unwrap_or(0);
    for area in &areas {
        let counts = tally(area.verdicts.iter().copied(), report.strict);
        let mut line = format!(
            "{:widest$}  {:>9}  {:>12}",
            area.name,
            count(area.checks().len(), "check"),
            count(area.verdicts.len(), "verdict")
        );
        if let Some(took) = times.longest(area.checks()) {
            line.push_str(&format!("  {:>7}", span(took)));
        }
        let other: Vec<_> = counts.iter().filter(|(standing, _)| **standing != Standing::Passed).collect();
        if !other.is_empty() {
            let told: Vec<_> =
                other.iter().map(|(standing, number)| format!("{number} {}", standing.words())).collect();
            line.push_str(&format!("  {}", told.join(", ")));
        }
        page.item(0, mark(counts.keys().copied()), (PLAIN, &line));
        if detail == Detail::Verbose {
            for verdict in &area.verdicts {
                page.item(2, mark([Standing::of(verdict, report.strict)]), (FAINT, &verdict_line(verdict)));
            }
        }
    }
}

/// The mark of the worst of these.
fn mark(standings: impl IntoIterator<Item = Standing>) -> (Style, &'static str) {
    let mut all: Vec<_> = standings.into_iter().collect();
    all.sort_unstable();
    let has = |standing| all.contains(&standing);
    if has(Standing::Violated) || has(Standing::PassesAgain) {
        (BAD, "✗ ")
    } else if has(Standing::HarnessError) || has(Standing::NotTested) {
        (DOUBT, "? ")
    } else if has(Standing::Warning) {
        (DOUBT, "! ")
    } else if has(Standing::Passed) {
        (GOOD, "✓ ")
    } else {
        (FAINT, "– ")
    }
}

/// `broadcast.delivered [Partner]: 3 observations`.
fn verdict_line(verdict: &Verdict) -> String {
    let how = match &verdict.outcome {
        Outcome::Passed { observations } => count(*observations, "observation"),
        Outcome::Violated { finding } => finding.observed.clone(),
        Outcome::NotTested { reason, .. } | Outcome::NotApplicable { reason } | Outcome::HarnessError { reason } => {
            reason.clone()
        }
    };
    format!("{}: {how}", verdict.name())
}

/// A line for each thing that the target is said to lack.
pub(super) fn not_applicable(page: &mut Page, report: &Report) {
    let mut reasons: Vec<(&str, Vec<&Verdict>)> = Vec::new();
    for verdict in of_standing(report, Standing::NotApplicable) {
        let Outcome::NotApplicable { reason } = &verdict.outcome else { continue };
        match reasons.iter_mut().find(|(other, _)| other == reason) {
            Some((_, verdicts)) => verdicts.push(verdict),
            None => reasons.push((reason, vec![verdict])),
        }
    }
    if !reasons.is_empty() {
        page.gap();
    }
    for (reason, verdicts) in reasons {
        let line = format!("{} not applicable, {reason}: {}", count(verdicts.len(), "verdict"), names(verdicts));
        page.item(0, (FAINT, "– "), (FAINT, &line));
    }
}

/// How fast broadcasts were, by customer type, and what the time was spent on.
pub(super) fn figures(page: &mut Page, report: &Report, detail: Detail) {
    page.gap();
    if let Some(slowest) = report.latencies.iter().max_by_key(|latency| latency.max) {
        let told: Vec<_> = customer_types(report)
            .into_iter()
            .map(|customer_type| match report.latencies.iter().find(|latency| latency.customer_type == customer_type) {
                Some(latency) if latency.arrivals > 0 => format!("{customer_type} {}", span(latency.median)),
                _ => format!("{customer_type} never"),
            })
            .collect();
        let line = format!(
            "{}  (median from trigger to arrival; slowest {}, {})",
            told.join(" · "),
            span(slowest.max),
            slowest.customer_type
        );
        page.item(0, (FAINT, "heard    "), (PLAIN, &line));
    }
    let mut waited: Vec<_> = report.waited.iter().filter(|(_, took)| !took.is_zero()).collect();
    if !waited.is_empty() {
        waited.sort_by_key(|(_, took)| std::cmp::Reverse(**took));
        let told: Vec<_> = waited.iter().map(|(reason, took)| format!("{reason} {}", span(**took))).collect();
        let line = format!("{}  (summed over conversations held at the same time)", told.join(" · "));
        page.item(0, (FAINT, "waiting  "), (PLAIN, &line));
    }
    if detail == Detail::Verbose {
        let mut scenarios: Vec<_> = report.scenarios.iter().collect();
        scenarios.sort_by_key(|(_, took)| std::cmp::Reverse(*took));
        let widest = scenarios.iter().map(|(name, _)| columns(name)).max().unwrap_or(0);
        for (index, (name, took)) in scenarios.into_iter().enumerate() {
            let label = if index == 0 { "talks    " } else { "         " };
            page.item(0, (FAINT, label), (PLAIN, &format!("{name:widest$}  {:>7}", span(*took))));
        }
    }
}

/// Known failures that matched nothing, and the like.
pub(super) fn notices(page: &mut Page, report: &Report) {
    if !report.notices.is_empty() {
        page.gap();
    }
    for notice in &report.notices {
        page.item(0, (DOUBT, "! "), (PLAIN, notice));
    }
}

/// The last line: the conclusion, what the exit code means, and the next step.
pub(super) fn conclusion(page: &mut Page, report: &Report) {
    page.gap();
    let (mark, ended) = match report.conclusion {
        Conclusion::Conforms => ((GOOD, "✓ "), conforms(report)),
        Conclusion::Violates => ((BAD, "✗ "), violates(report)),
        Conclusion::CouldNotTest => ((DOUBT, "? "), could_not_test(report)),
    };
    page.item(0, mark, (STRONG, &ended));
}

fn conforms(report: &Report) -> String {
    let mut ids: Vec<_> = of_standing(report, Standing::Passed).map(|verdict| verdict.id).collect();
    let passed = ids.len();
    ids.dedup();
    let warnings = match summary::violations(report, Standing::Warning).len() {
        0 => String::new(),
        number => format!(" {} only warned: `--strict` makes them count.", count(number, "requirement")),
    };
    format!(
        "{} conforms: {}, {} in {} (exit code 0).{warnings}",
        report.target,
        count(ids.len(), "requirement"),
        count(passed, "verdict"),
        span(report.took)
    )
}

fn violates(report: &Report) -> String {
    let violated: Vec<_> = of_standing(report, Standing::Violated).collect();
    let Some(first) = violated.first() else {
        return format!(
            "{} does better than its list of known failures: exit code 1 until the list is mended. \
             Next: take off it what passes, {}.",
            report.target,
            names(of_standing(report, Standing::PassesAgain))
        );
    };
    let requirements = summary::violations(report, Standing::Violated).len();
    let more = violated.len().saturating_sub(NAMES_AT_THE_END);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!(
        "{} violates {}: {}{rest} (exit code 1). Next: `conformance explain {}` tells what is asked and how it is judged; \
         `--save-recording FILE` keeps every frame.",
        report.target,
        count(requirements, "requirement"),
        names(violated.iter().copied().take(NAMES_AT_THE_END)),
        first.id,
    )
}

fn could_not_test(report: &Report) -> String {
    let red = report.verdicts.iter().filter(|verdict| Standing::of(verdict, report.strict).is_red()).count();
    let (what, next) = if report.interrupted {
        let judged = count(report.verdicts.len(), "verdict");
        (format!("was interrupted after {judged}"), "run it again to the end")
    } else if of_standing(report, Standing::HarnessError).next().is_some() {
        (
            format!("could not be judged: {} missing", count(red, "verdict")),
            "report the suite's fault that is named above",
        )
    } else {
        (format!("could not be tested: {} missing", count(red, "verdict")), "mend what is named above and run it again")
    };
    format!("{} {what} (exit code 3: neither conforms nor violates). Next: {next}.", report.target)
}
