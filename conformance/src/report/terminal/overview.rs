//! The parts that every report has: a line an area, figures, and the conclusion with what to do next.

use anstyle::Style;

use super::Detail;
use super::page::{BAD, DOUBT, FAINT, GOOD, PLAIN, Page, STRONG};
use crate::report::summary::{self, Standing, customer_types, names, of_standing, tally};
use crate::report::text::{columns, count, span};
use crate::report::times::Times;
use crate::report::{Conclusion, Report};
use crate::run::event::Latency;
use crate::verdict::{Outcome, Verdict};

/// How many names the conclusion gives before it only counts.
const NAMES_AT_THE_END: usize = 3;

/// `✓ broadcast  18 checks  72 verdicts  0.52 s`, and in a red area what it is red with.
pub(super) fn areas(page: &mut Page, report: &Report, times: &Times, detail: Detail) {
    page.gap();
    let areas = summary::areas(report);
    let widest = areas.iter().map(|area| area.name.len()).max().unwrap_or(0);
    for area in &areas {
        let counts = tally(report, area.verdicts.iter().copied());
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
            let told: Vec<_> = other.iter().map(|(standing, number)| standing.counted(**number)).collect();
            line.push_str(&format!("  {}", told.join(", ")));
        }
        page.item(0, mark(counts.keys().copied()), (PLAIN, &line));
        if detail == Detail::Verbose {
            for verdict in &area.verdicts {
                page.item(2, mark([Standing::of(report, verdict)]), (FAINT, &verdict_line(verdict)));
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
    let reasons = summary::by_reason(report, Standing::NotApplicable);
    if !reasons.is_empty() {
        page.gap();
    }
    for (reason, verdicts) in reasons {
        let line = format!("{} not applicable, {reason}: {}", count(verdicts.len(), "verdict"), names(verdicts));
        page.item(0, (FAINT, "– "), (FAINT, &line));
    }
}

/// How fast broadcasts and pages were, by customer type, and what the time was spent on.
pub(super) fn figures(page: &mut Page, report: &Report, detail: Detail) {
    page.gap();
    times(page, report, &report.latencies, ("heard    ", "from trigger to arrival"));
    times(page, report, &report.shown, ("shown    ", "from the frame's arrival to the page's list"));
    let mut waited: Vec<_> = report.waited.iter().filter(|(_, took)| !took.is_zero()).collect();
    if !waited.is_empty() && detail == Detail::Verbose {
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

/// One kind of times, by customer type; nothing where there are none.
fn times(page: &mut Page, report: &Report, times: &[Latency], (label, of): (&str, &str)) {
    let measured = times.iter().filter(|latency| latency.arrivals > 0);
    let Some(slowest) = measured.max_by_key(|latency| latency.max) else { return };
    let told: Vec<_> = customer_types(report)
        .into_iter()
        .map(|customer_type| match times.iter().find(|latency| latency.customer_type == customer_type) {
            Some(latency) if latency.arrivals > 0 => format!("{customer_type} {}", span(latency.median)),
            _ => format!("{customer_type} never"),
        })
        .collect();
    let line = format!("{}  (median {of}; slowest {}, {})", told.join(" · "), span(slowest.max), slowest.customer_type);
    page.item(0, (FAINT, label), (PLAIN, &line));
}

/// Known failures that matched nothing, and the like; without those that whoever reads this was told while the run went.
pub(super) fn notices(page: &mut Page, report: &Report, told: &[String]) {
    let news: Vec<_> = report.notices.iter().filter(|notice| !told.contains(notice)).collect();
    if !news.is_empty() {
        page.gap();
    }
    for notice in news {
        page.item(0, (DOUBT, "! "), (PLAIN, notice));
    }
}

/// The last lines: the conclusion with its exit code, the likely cause once more, and the next step. Whoever has a long
/// report on the screen sees these first.
pub(super) fn conclusion(page: &mut Page, report: &Report) {
    let (mark, ended, next) = match report.conclusion {
        Conclusion::Conforms => ((GOOD, "✓ "), conforms(report), None),
        Conclusion::Violates => ((BAD, "✗ "), violates(report), Some(after_violation(report))),
        Conclusion::CouldNotTest => ((DOUBT, "? "), could_not_test(report), Some(after_no_test(report))),
    };
    page.gap();
    page.item(0, mark, (STRONG, &ended));
    if let Some(likeliest) = report.diagnoses.first() {
        page.item(2, (FAINT, "cause  "), (PLAIN, &likeliest.cause));
    }
    if let Some(next) = next {
        page.item(2, (FAINT, "next   "), (PLAIN, &next));
    }
}

fn conforms(report: &Report) -> String {
    let mut ids: Vec<_> = of_standing(report, Standing::Passed).map(|verdict| verdict.id).collect();
    let passed = count(ids.len(), "verdict");
    ids.dedup();
    let warnings = match summary::violations(report, Standing::Warning).len() {
        0 => String::new(),
        number => format!(", {} that `--strict` would count", count(number, "warning")),
    };
    let requirements = count(ids.len(), "requirement");
    // Not listed together with what is merely left open: those are what somebody has decided.
    let but = match of_standing(report, Standing::KnownFailure).count() {
        0 => String::new(),
        number => {
            let open = of_standing(report, Standing::LeftOpen).count();
            let open = if open == 0 { String::new() } else { format!(" and {} left open", count(open, "verdict")) };
            format!(" but for {}{open}", count(number, "known failure"))
        }
    };
    let took = span(report.took);
    format!("{} conforms{but}: {requirements}, {passed} in {took}{warnings} (exit code 0)", report.target)
}

fn violates(report: &Report) -> String {
    let violated: Vec<_> = of_standing(report, Standing::Violated).collect();
    if violated.is_empty() {
        return format!("{} does better than its list of known failures says (exit code 1)", report.target);
    }
    let mut ids: Vec<&str> = violated.iter().map(|verdict| verdict.id).collect();
    ids.dedup();
    let requirements = count(ids.len(), "requirement");
    let listed = match ids.len().saturating_sub(NAMES_AT_THE_END) {
        0 => names(violated),
        more => format!("{} and {more} more", ids[..NAMES_AT_THE_END].join(", ")),
    };
    format!("{} violates {requirements}: {listed} (exit code 1)", report.target)
}

fn after_violation(report: &Report) -> String {
    match of_standing(report, Standing::Violated).next() {
        Some(first) => format!("`conformance explain {}` tells what is asked and how it is judged", first.id),
        None => format!("take off the list what passes: {}", names(of_standing(report, Standing::PassesAgain))),
    }
}

fn could_not_test(report: &Report) -> String {
    if report.interrupted {
        let judged = count(report.verdicts.len(), "verdict");
        return format!("{} was not judged to the end: interrupted after {judged} (exit code 3)", report.target);
    }
    let red = report.verdicts.iter().filter(|verdict| Standing::of(report, verdict).is_red()).count();
    let missing = count(red, "verdict");
    format!("{} neither conforms nor violates: {missing} could not be had (exit code 3)", report.target)
}

fn after_no_test(report: &Report) -> String {
    let next = if report.interrupted {
        "run it again to the end"
    } else if of_standing(report, Standing::HarnessError).next().is_some() {
        "report the suite's own fault that is named above"
    } else {
        "mend what is named above, then run it again"
    };
    next.to_owned()
}
