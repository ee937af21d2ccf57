//! Sorts a report's verdicts into what a reader asks for. Shared by the formats; it neither formats nor judges.

mod standing;

use fixtures::{Level, requirements};

pub use standing::{Standing, level_name, of_standing, tally};

use super::Report;
use crate::verdict::{Finding, Outcome, Verdict, causes_of};

/// The verdicts of one area: what stands before the first dot of their ids.
#[derive(Debug)]
pub struct Area<'a> {
    /// E.g. `broadcast`.
    pub name: &'static str,
    /// Never empty.
    pub verdicts: Vec<&'a Verdict>,
}

impl Area<'_> {
    /// Its check ids, each once.
    #[must_use]
    pub fn checks(&self) -> Vec<&'static str> {
        let mut ids: Vec<_> = self.verdicts.iter().map(|verdict| verdict.id).collect();
        ids.dedup();
        ids
    }
}

/// All areas, in the order of the requirements.
#[must_use]
pub fn areas(report: &Report) -> Vec<Area<'_>> {
    let mut areas: Vec<Area<'_>> = Vec::new();
    for verdict in &report.verdicts {
        let name = verdict.id.split('.').next().unwrap_or(verdict.id);
        match areas.iter_mut().find(|area| area.name == name) {
            Some(area) => area.verdicts.push(verdict),
            None => areas.push(Area { name, verdicts: vec![verdict] }),
        }
    }
    areas
}

/// A violated requirement, with what was found for each customer type.
#[derive(Debug)]
pub struct Violation<'a> {
    /// The requirement's id.
    pub id: &'static str,
    /// How binding it is.
    pub level: Level,
    /// Its text.
    pub text: &'static str,
    /// What was found; types with the same finding stand together.
    pub findings: Vec<(Vec<&'a str>, &'a Finding)>,
}

/// The violated requirements of one standing.
#[must_use]
pub fn violations(report: &Report, standing: Standing) -> Vec<Violation<'_>> {
    let mut violations: Vec<Violation<'_>> = Vec::new();
    for verdict in of_standing(report, standing) {
        let Outcome::Violated { finding } = &verdict.outcome else { continue };
        if violations.last().is_none_or(|last| last.id != verdict.id) {
            let text = text_of(verdict.id);
            violations.push(Violation { id: verdict.id, level: verdict.level, text, findings: Vec::new() });
        }
        let Some(violation) = violations.last_mut() else { continue };
        let same = |other: &Finding| other.expected == finding.expected && other.observed == finding.observed;
        match violation.findings.iter_mut().find(|(_, other)| same(other)) {
            Some((subjects, _)) => subjects.extend(verdict.subject.as_deref()),
            None => violation.findings.push((verdict.subject.as_deref().into_iter().collect(), finding)),
        }
    }
    violations
}

/// The requirement's text; empty for an id without a row.
#[must_use]
pub fn text_of(id: &str) -> &'static str {
    requirements::find(id).map_or("", |row| row.text.as_str())
}

/// What is not applicable, or not judged by the suite's own fault, by reason, so that each reason is named once.
#[must_use]
pub fn by_reason(report: &Report, standing: Standing) -> Vec<(&str, Vec<&Verdict>)> {
    let mut groups: Vec<(&str, Vec<&Verdict>)> = Vec::new();
    for verdict in of_standing(report, standing) {
        let (Outcome::NotApplicable { reason } | Outcome::HarnessError { reason }) = &verdict.outcome else { continue };
        match groups.iter_mut().find(|(other, _)| other == reason) {
            Some((_, verdicts)) => verdicts.push(verdict),
            None => groups.push((reason, vec![verdict])),
        }
    }
    groups
}

/// Why something was not tested: the end of the chain of what it waited for.
#[derive(Debug, PartialEq, Eq)]
pub enum Cause<'a> {
    /// These verdicts are violated.
    Violated(Vec<&'a Verdict>),
    /// Nothing else explains it.
    Reason(&'a str),
}

impl Cause<'_> {
    /// `join.acknowledged [Partner] is violated`, or the reason as the check gave it.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Violated(verdicts) if verdicts.len() == 1 => {
                format!("{} is violated", names(verdicts.iter().copied()))
            }
            Self::Violated(verdicts) => format!("{} are violated", names(verdicts.iter().copied())),
            Self::Reason(reason) => (*reason).to_owned(),
        }
    }
}

/// What was not tested, or left open, by cause, so that each cause is named once.
#[must_use]
pub fn not_tested(report: &Report) -> Vec<(Cause<'_>, Vec<&Verdict>)> {
    let mut groups: Vec<(Cause<'_>, Vec<&Verdict>)> = Vec::new();
    for verdict in report.verdicts.iter().filter(|verdict| matches!(verdict.outcome, Outcome::NotTested { .. })) {
        let cause = root_cause(report, verdict);
        match groups.iter_mut().find(|(other, _)| same(other, &cause)) {
            Some((_, verdicts)) => verdicts.push(verdict),
            None => groups.push((cause, vec![verdict])),
        }
    }
    groups
}

/// Whether two causes are one, seen by different connections: each has a port of its own.
fn same(one: &Cause<'_>, other: &Cause<'_>) -> bool {
    fn without_port(reason: &str) -> (&str, &str) {
        let (before, after) = reason.split_once("local port ").unwrap_or((reason, ""));
        (before, after.trim_start_matches(|c: char| c.is_ascii_digit()))
    }
    match (one, other) {
        (Cause::Reason(one), Cause::Reason(other)) => without_port(one) == without_port(other),
        _ => one == other,
    }
}

/// Follows `because` to a violation. Where it leads to none (a check that was left out of the run), its own reason stands.
fn root_cause<'a>(report: &'a Report, verdict: &'a Verdict) -> Cause<'a> {
    let violated = causes_of(verdict, &report.verdicts);
    match (&verdict.outcome, violated.is_empty()) {
        (_, false) => Cause::Violated(violated),
        (Outcome::NotTested { reason, .. }, true) => Cause::Reason(reason),
        _ => Cause::Reason("no reason is known"),
    }
}

/// `payload.text [Partner, Vendor], list.shape`: verdicts by name, the types of a check together.
#[must_use]
pub fn names<'a>(verdicts: impl IntoIterator<Item = &'a Verdict>) -> String {
    let named = |(id, subjects): (&str, Vec<&str>)| match subjects.is_empty() {
        true => id.to_owned(),
        false => format!("{id} [{}]", subjects.join(", ")),
    };
    by_check(verdicts).into_iter().map(named).collect::<Vec<_>>().join(", ")
}

/// Check ids by the customer types that they are named for: no types where all of the report's are meant.
#[must_use]
pub fn by_types<'a>(
    report: &'a Report,
    verdicts: impl IntoIterator<Item = &'a Verdict>,
) -> Vec<(Vec<&'a str>, Vec<&'static str>)> {
    let mut groups: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
    for (id, mut subjects) in by_check(verdicts) {
        if report.verdicts.iter().filter(|verdict| verdict.id == id).count() == subjects.len() {
            subjects.clear();
        }
        match groups.iter_mut().find(|(other, _)| *other == subjects) {
            Some((_, ids)) => ids.push(id),
            None => groups.push((subjects, vec![id])),
        }
    }
    groups
}

/// Each check's customer types.
fn by_check<'a>(verdicts: impl IntoIterator<Item = &'a Verdict>) -> Vec<(&'static str, Vec<&'a str>)> {
    let mut checks: Vec<(&str, Vec<&str>)> = Vec::new();
    for verdict in verdicts {
        match checks.iter_mut().find(|(id, _)| *id == verdict.id) {
            Some((_, subjects)) => subjects.extend(verdict.subject.as_deref()),
            None => checks.push((verdict.id, verdict.subject.as_deref().into_iter().collect())),
        }
    }
    checks
}

/// The customer types that a run was about, in the order of their verdicts.
#[must_use]
pub fn customer_types(report: &Report) -> Vec<&str> {
    let mut types: Vec<&str> = Vec::new();
    for subject in report.verdicts.iter().filter_map(|verdict| verdict.subject.as_deref()) {
        if !types.contains(&subject) {
            types.push(subject);
        }
    }
    types
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::{self, finding, verdict, violated};

    fn not_tested_because(id: &'static str, subject: &str, because: &'static str) -> Verdict {
        let outcome = Outcome::NotTested { reason: format!("{because} first"), because: Some(because) };
        verdict(id, Some(subject), outcome)
    }

    #[test]
    fn a_chain_of_prerequisites_ends_at_the_violation_of_the_same_type() {
        let mut report = samples::green();
        report.verdicts = vec![
            violated("join.acknowledged", Some("Partner"), finding()),
            violated("join.acknowledged", Some("Vendor"), finding()),
            not_tested_because("broadcast.delivered", "Partner", "join.acknowledged"),
            not_tested_because("payload.text", "Partner", "broadcast.delivered"),
            not_tested_because("payload.text", "Customer", "join.acknowledged"),
        ];
        let groups = not_tested(&report);
        let told: Vec<_> = groups.iter().map(|(cause, held)| (cause.words(), names(held.iter().copied()))).collect();
        assert_eq!(told.len(), 2);
        assert_eq!(told[0].0, "join.acknowledged [Partner] is violated");
        assert_eq!(told[0].1, "broadcast.delivered [Partner], payload.text [Partner]");
        assert_eq!(told[1].0, "join.acknowledged [Partner, Vendor] are violated");
    }

    #[test]
    fn a_prerequisite_that_was_not_judged_or_waits_for_itself_leaves_the_reason() {
        let mut report = samples::green();
        report.verdicts = vec![not_tested_because("payload.text", "Partner", "broadcast.delivered")];
        assert_eq!(not_tested(&report)[0].0, Cause::Reason("broadcast.delivered first"));
        report.verdicts = vec![not_tested_because("payload.text", "Partner", "payload.text")];
        assert_eq!(not_tested(&report)[0].0, Cause::Reason("payload.text first"));
    }

    #[test]
    fn a_cause_that_several_connections_saw_is_named_once() {
        let saw = |id, reason: &str| {
            verdict(id, Some("Partner"), Outcome::NotTested { reason: reason.to_owned(), because: None })
        };
        let mut report = samples::green();
        report.verdicts = vec![
            saw("payload.text", "no answer (local port 40906); see the log"),
            saw("payload.time", "no answer (local port 40910); see the log"),
            saw("payload.unread", "no answer (local port 40910) at all"),
        ];
        let counts: Vec<_> = not_tested(&report).iter().map(|(_, verdicts)| verdicts.len()).collect();
        assert_eq!(counts, [2, 1]);
    }

    #[test]
    fn types_with_the_same_finding_stand_together() {
        let mut report = samples::green();
        let other = Finding::new("once", "twice");
        report.verdicts = vec![
            violated("broadcast.exactly-once", Some("Partner"), finding()),
            violated("broadcast.exactly-once", Some("Customer"), other),
            violated("broadcast.exactly-once", Some("Vendor"), finding().with(["evidence of its own".to_owned()])),
        ];
        let violations = violations(&report, Standing::Violated);
        assert_eq!(violations.len(), 1);
        let subjects: Vec<_> = violations[0].findings.iter().map(|(subjects, _)| subjects.clone()).collect();
        assert_eq!(subjects, [vec!["Partner", "Vendor"], vec!["Customer"]]);
        assert_eq!(violations[0].text, text_of("broadcast.exactly-once"));
    }
}
