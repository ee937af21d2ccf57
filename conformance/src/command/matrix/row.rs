//! A row of the matrix: what a fault tripped, and where that is not what it declares.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use conformance::verdict::{Outcome, Verdict};
use mock_server::faults::Fault;
use serde::{Serialize, Serializer};

/// One fault, or the mock without faults.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    /// The fault; none for the mock without faults.
    pub fault: Option<&'static str>,
    /// What it is declared to violate.
    pub violates: &'static [&'static str],
    /// What it is declared to violate perhaps, or to make impossible to test.
    pub side_effects: &'static [&'static str],
    /// How long the run took, in seconds.
    #[serde(serialize_with = "seconds")]
    pub took: Duration,
    /// What is violated: a requirement's id where all its verdicts are, otherwise the verdicts: `broadcast.delivered [Partner]`.
    pub violated: Vec<String>,
    /// The verdicts that could not be had, by the requirement whose violation explains it.
    pub not_tested: BTreeMap<&'static str, Vec<String>>,
    /// Where this is not what is declared.
    pub differences: Vec<Difference>,
    /// Where it was not at first, beside other trials; then it was tried once more with nothing beside it, which counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differed_beside_others: Vec<Difference>,
}

/// Where a row is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(super) enum Difference {
    /// No verdict on it is a violation, and the fault is declared to violate it.
    NotViolated { requirement: &'static str },
    /// It is violated, and the fault is not declared to do so.
    NotDeclared { verdict: String, observed: String },
    /// It is not tested, and no violation explains why.
    NotExplained { verdict: String, reason: String },
    /// The suite is broken.
    HarnessError { verdict: String, reason: String },
    /// There was no run.
    Impossible { reason: String },
}

impl Row {
    /// What came of a run with this fault.
    pub(super) fn of(fault: Option<&'static Fault>, verdicts: &[Verdict], took: Duration) -> Self {
        Self {
            took,
            violated: violated(verdicts),
            not_tested: not_tested(verdicts),
            differences: differences(fault, verdicts),
            ..Self::empty(fault)
        }
    }

    /// There was no run with this fault.
    pub(super) fn impossible(fault: Option<&'static Fault>, reason: String) -> Self {
        Self { differences: vec![Difference::Impossible { reason }], ..Self::empty(fault) }
    }

    fn empty(fault: Option<&'static Fault>) -> Self {
        Self {
            fault: fault.map(|fault| fault.id),
            violates: fault.map_or(&[], |fault| fault.violates),
            side_effects: fault.map_or(&[], |fault| fault.side_effects),
            took: Duration::ZERO,
            violated: Vec::new(),
            not_tested: BTreeMap::new(),
            differences: Vec::new(),
            differed_beside_others: Vec::new(),
        }
    }

    /// Whether this requirement is declared to be violated, and is.
    pub(super) fn trips(&self, requirement: &str) -> bool {
        let is_found = !self.differences.iter().any(
            |difference| matches!(difference, Difference::NotViolated { requirement: other } if *other == requirement),
        );
        self.violates.contains(&requirement) && is_found
    }
}

/// By id where every verdict of a check is a violation, by name otherwise; in the order of the requirements.
fn violated(verdicts: &[Verdict]) -> Vec<String> {
    let mut names = Vec::new();
    for of_check in verdicts.chunk_by(|one, next| one.id == next.id) {
        match of_check.iter().all(|verdict| verdict.outcome.is_violated()) {
            true => names.extend(of_check.first().map(|verdict| verdict.id.to_owned())),
            false => names.extend(of_check.iter().filter(|verdict| verdict.outcome.is_violated()).map(Verdict::name)),
        }
    }
    names
}

fn not_tested(verdicts: &[Verdict]) -> BTreeMap<&'static str, Vec<String>> {
    let mut by_cause: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for verdict in verdicts {
        if let Outcome::NotTested { because: Some(because), .. } = verdict.outcome {
            by_cause.entry(because).or_default().push(verdict.name());
        }
    }
    by_cause
}

fn differences(fault: Option<&'static Fault>, verdicts: &[Verdict]) -> Vec<Difference> {
    let (violates, side_effects) = fault.map_or((&[][..], &[][..]), |fault| (fault.violates, fault.side_effects));
    let is_violated = |id: &str| verdicts.iter().any(|verdict| verdict.id == id && verdict.outcome.is_violated());
    let missed = violates.iter().copied().filter(|id| !is_violated(id));
    let missed = missed.map(|requirement| Difference::NotViolated { requirement });
    let wrong = verdicts.iter().filter_map(|verdict| {
        let name = verdict.name();
        match &verdict.outcome {
            Outcome::Violated { .. } if violates.contains(&verdict.id) || side_effects.contains(&verdict.id) => None,
            Outcome::Violated { finding } => {
                Some(Difference::NotDeclared { verdict: name, observed: finding.observed.clone() })
            }
            Outcome::NotTested { because: Some(because), .. } if is_violated(because) => None,
            Outcome::NotTested { .. } if side_effects.contains(&verdict.id) => None,
            Outcome::NotTested { reason, because } => {
                let reason = match because {
                    Some(because) => format!("{reason} (blames {because}, which is not violated)"),
                    None => reason.clone(),
                };
                Some(Difference::NotExplained { verdict: name, reason })
            }
            Outcome::HarnessError { reason } => {
                Some(Difference::HarnessError { verdict: name, reason: reason.clone() })
            }
            Outcome::Passed { .. } | Outcome::NotApplicable { .. } => None,
        }
    });
    missed.chain(wrong).collect()
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotViolated { requirement } => write!(out, "{requirement} is declared, and not violated"),
            Self::NotDeclared { verdict, observed } => {
                write!(out, "{verdict} is violated, and not declared: {observed}")
            }
            Self::NotExplained { verdict, reason } => {
                write!(out, "{verdict} is not tested, and no violation explains it: {reason}")
            }
            Self::HarnessError { verdict, reason } => write!(out, "{verdict} is a harness error: {reason}"),
            Self::Impossible { reason } => write!(out, "there was no run: {reason}"),
        }
    }
}

/// To the millisecond.
pub(super) fn seconds<S: Serializer>(took: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64((took.as_secs_f64() * 1e3).round() / 1e3)
}

#[cfg(test)]
mod tests {
    use conformance::verdict::Finding;
    use fixtures::Level;
    use mock_server::faults::find;

    use super::*;

    fn verdict(id: &'static str, subject: Option<&str>, outcome: Outcome) -> Verdict {
        Verdict { id, subject: subject.map(str::to_owned), level: Level::Must, outcome, known: None }
    }

    fn violated(id: &'static str, subject: Option<&str>) -> Verdict {
        verdict(id, subject, Outcome::Violated { finding: Finding::new("silence", "a sound") })
    }

    fn passed(id: &'static str, subject: Option<&str>) -> Verdict {
        verdict(id, subject, Outcome::Passed { observations: 1 })
    }

    fn not_tested(id: &'static str, subject: Option<&str>, because: Option<&'static str>) -> Verdict {
        verdict(id, subject, Outcome::NotTested { reason: "nothing came".to_owned(), because })
    }

    /// What a run with `wrong-room` comes to, which violates `broadcast.delivered`, `.only-room` and `.independent`.
    fn wrong_room() -> Vec<Verdict> {
        vec![
            passed("broadcast.delivered", Some("Partner")),
            violated("broadcast.delivered", Some("Vendor")),
            violated("broadcast.only-room", Some("Vendor")),
            violated("broadcast.independent", None),
            not_tested("broadcast.order", Some("Vendor"), Some("broadcast.delivered")),
        ]
    }

    fn row(verdicts: &[Verdict]) -> Row {
        Row::of(Some(find("wrong-room").unwrap()), verdicts, Duration::ZERO)
    }

    #[test]
    fn a_fault_that_trips_what_it_declares_leaves_nothing_to_say() {
        let row = row(&wrong_room());
        assert_eq!(row.differences, []);
        assert_eq!(row.violated, ["broadcast.delivered [Vendor]", "broadcast.only-room", "broadcast.independent"]);
        assert_eq!(
            row.not_tested,
            BTreeMap::from([("broadcast.delivered", vec!["broadcast.order [Vendor]".to_owned()])])
        );
        assert!(row.trips("broadcast.independent") && !row.trips("broadcast.order"));
    }

    #[test]
    fn a_declared_requirement_that_is_not_violated_is_told() {
        let mut verdicts = wrong_room();
        verdicts[3] = passed("broadcast.independent", None);
        let row = row(&verdicts);
        assert_eq!(row.differences, [Difference::NotViolated { requirement: "broadcast.independent" }]);
        assert!(!row.trips("broadcast.independent"));
    }

    #[test]
    fn a_violation_that_is_not_declared_is_told_with_what_was_observed() {
        let mut verdicts = wrong_room();
        verdicts.push(violated("payload.text", None));
        let (verdict, observed) = ("payload.text".to_owned(), "a sound".to_owned());
        assert_eq!(row(&verdicts).differences, [Difference::NotDeclared { verdict, observed }]);
    }

    #[test]
    fn what_is_not_tested_must_blame_what_is_violated() {
        for because in [None, Some("join.acknowledged")] {
            let mut verdicts = wrong_room();
            verdicts.push(not_tested("payload.time", Some("Vendor"), because));
            let differences = row(&verdicts).differences;
            assert!(matches!(&differences[..], [Difference::NotExplained { .. }]), "{differences:?}");
        }
    }

    #[test]
    fn without_a_fault_nothing_may_be_red() {
        let row = Row::of(None, &wrong_room(), Duration::ZERO);
        assert_eq!(row.differences.len(), 3, "{:?}", row.differences);
        assert_eq!(Row::of(None, &[passed("join.several", None)], Duration::ZERO).differences, []);
    }
}
