//! What a person reads of a search or a replay: counts, and of a failure the scenario, what happened, and what is wrong.

use std::fmt::Write;
use std::time::Duration;

use super::diagram;
use super::file;
use super::judge::{Counts, Doubt, Violation};
use super::perform::Performed;
use super::search::{Failure, Origin};
use crate::conversation::evidence;
use crate::report::visible;

/// How many judgements there were, and how many of them are no judgement.
#[must_use]
pub fn counts(counts: &Counts) -> String {
    let total = counts.total();
    let share = if total == 0 { 0.0 } else { 100.0 * counts.doubtful() as f64 / total as f64 };
    let mut doubts: Vec<(&Doubt, &usize)> = counts.may.iter().collect();
    doubts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let doubts: Vec<String> = doubts.into_iter().map(|(doubt, count)| format!("{} {count}", doubt.name())).collect();
    let why = if doubts.is_empty() { String::new() } else { format!(": {}", doubts.join(", ")) };
    format!(
        "  must hear      {:>7}\n  must not hear  {:>7}\n  may            {:>7}  ({share:.1} %{why})\n",
        counts.must,
        counts.must_not,
        counts.doubtful()
    )
}

/// `200 scenarios in 12.3 s: 2277 messages, 6986 judgements`.
#[must_use]
pub fn headline(cases: u32, all: &Counts, took: Duration) -> String {
    let noun = if cases == 1 { "scenario" } else { "scenarios" };
    let (messages, total) = (all.messages, all.total());
    format!("{cases} {noun} in {}: {messages} messages, {total} judgements\n", evidence::span(took))
}

/// What failed, where it comes from, and how sure that is.
#[must_use]
pub fn verdict(failure: &Failure, seed: u64) -> String {
    let (failed, times) = failure.failed;
    let origin = match &failure.origin {
        Origin::Case(case) => format!("case {case} of seed {seed}"),
        Origin::Regression(name) => format!("regression {name}"),
    };
    let (first, last) = (failure.steps_at_first, failure.scenario.count());
    let size = match failure.runs {
        0 => format!("{last} steps"),
        runs => format!("{first} steps made {last} in {runs} tries"),
    };
    let sure = match failed {
        0 => "it failed beside other scenarios and never alone: try it with more --jobs, or replay it many --times"
            .into(),
        _ => format!("alone it fails {failed} of {times} times"),
    };
    format!("{}: {origin}, {size}; {sure}", failure.requirement)
}

/// What a scenario's file says above it.
#[must_use]
pub fn comments(failure: &Failure, seed: u64) -> Vec<String> {
    let brief = failure.performed.violation(failure.requirement).map(|violation| violation.brief.clone());
    vec![verdict(failure, seed), brief.unwrap_or_default()].into_iter().filter(|line| !line.is_empty()).collect()
}

/// A failure in full: what is wrong, the scenario, and what happened.
#[must_use]
pub fn failure(failure: &Failure, seed: u64, unicode: bool) -> String {
    let yaml = file::to_yaml(&failure.scenario, &[]).unwrap_or_else(|reason| reason);
    let yaml: String = yaml.lines().map(|line| format!("  {}\n", shortened(line))).collect();
    let wrong = findings(&failure.performed);
    let told = format!(
        "violated: {}\n{wrong}\nthe scenario\n{yaml}\n{}",
        verdict(failure, seed),
        drawn(&failure.performed, unicode)
    );
    visible(&told).into_owned()
}

/// Long texts stand in full in the file.
fn shortened(line: &str) -> String {
    evidence::shorten(line, 110)
}

/// What happened, and what is wrong with it.
#[must_use]
pub fn performance(performed: &Performed, unicode: bool) -> String {
    visible(&format!("{}{}", drawn(performed, unicode), findings(performed))).into_owned()
}

fn drawn(performed: &Performed, unicode: bool) -> String {
    let drawing = diagram::draw(&performed.conversation(), &performed.judged.violations, unicode);
    format!("what happened\n{drawing}")
}

fn findings(performed: &Performed) -> String {
    performed.judged.violations.iter().map(finding).collect()
}

fn finding(violation: &Violation) -> String {
    let mut out = String::new();
    let finding = &violation.finding;
    let _ = writeln!(out, "\n{}", violation.requirement);
    let _ = writeln!(out, "  expected  {}", finding.expected);
    let _ = writeln!(out, "  observed  {}", finding.observed);
    for line in &finding.evidence {
        let _ = writeln!(out, "    {line}");
    }
    out
}
