//! What a verdict means to whoever reads the report.

use std::collections::BTreeMap;

use fixtures::Level;

use crate::report::Report;
use crate::report::text::count;
use crate::verdict::{Outcome, Verdict, is_excused};

/// What a verdict means to whoever reads the report: its outcome, in the light of level, strictness and known failures.
/// The same rules as the conclusion's, which the runner draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Borne out.
    Passed,
    /// A violation that fails the run.
    Violated,
    /// A known failure that passes: the list of known failures is out of date, which fails the run.
    PassesAgain,
    /// The suite's own fault.
    HarnessError,
    /// Not green, although nothing is known against the backend.
    NotTested,
    /// Not tested, without weight: the requirement is not binding in this run, or a known failure explains it.
    LeftOpen,
    /// A violation of a requirement that is not binding in this run.
    Warning,
    /// A violation that was expected.
    KnownFailure,
    /// The target is said to lack what it is about.
    NotApplicable,
}

impl Standing {
    /// The standing of one of the report's verdicts.
    #[must_use]
    pub fn of(report: &Report, verdict: &Verdict) -> Self {
        let binding = match verdict.level {
            Level::Must => true,
            Level::Should => report.strict,
            Level::May => false,
        };
        match (&verdict.outcome, &verdict.known) {
            (Outcome::Passed { .. }, Some(_)) if all_pass_again(report, verdict) => Self::PassesAgain,
            (Outcome::Passed { .. }, _) => Self::Passed,
            (Outcome::Violated { .. }, Some(_)) => Self::KnownFailure,
            (Outcome::Violated { .. }, None) if binding => Self::Violated,
            (Outcome::Violated { .. }, None) => Self::Warning,
            (Outcome::NotTested { .. }, _) if binding && !is_excused(verdict, &report.verdicts) => Self::NotTested,
            (Outcome::NotTested { .. }, _) => Self::LeftOpen,
            (Outcome::NotApplicable { .. }, _) => Self::NotApplicable,
            (Outcome::HarnessError { .. }, _) => Self::HarnessError,
        }
    }

    /// Whether it stands in the way of "conforms".
    #[must_use]
    pub fn is_red(self) -> bool {
        matches!(self, Self::Violated | Self::PassesAgain | Self::HarnessError | Self::NotTested)
    }

    /// As in `3 violated`, `1 warning`.
    #[must_use]
    pub fn counted(self, number: usize) -> String {
        match self {
            Self::Passed => format!("{number} passed"),
            Self::Violated => format!("{number} violated"),
            Self::PassesAgain => format!("{number} known to fail but passed"),
            Self::HarnessError => count(number, "harness error"),
            Self::NotTested => format!("{number} not tested"),
            Self::LeftOpen => format!("{number} left open"),
            Self::Warning => count(number, "warning"),
            Self::KnownFailure => count(number, "known failure"),
            Self::NotApplicable => format!("{number} not applicable"),
        }
    }
}

/// Whether all verdicts pass that the same entry of the list is about: a check that is listed as a whole passes again only
/// when every customer type does.
fn all_pass_again(report: &Report, verdict: &Verdict) -> bool {
    let mut listed = report.verdicts.iter().filter(|other| other.id == verdict.id && other.known == verdict.known);
    listed.all(|other| matches!(other.outcome, Outcome::Passed { .. }))
}

/// `MUST`, `SHOULD` or `MAY`.
#[must_use]
pub fn level_name(level: Level) -> &'static str {
    match level {
        Level::Must => "MUST",
        Level::Should => "SHOULD",
        Level::May => "MAY",
    }
}

/// How many of these verdicts of the report there are of each standing.
#[must_use]
pub fn tally<'a>(report: &Report, verdicts: impl IntoIterator<Item = &'a Verdict>) -> BTreeMap<Standing, usize> {
    let mut counts = BTreeMap::new();
    for verdict in verdicts {
        *counts.entry(Standing::of(report, verdict)).or_default() += 1;
    }
    counts
}

/// The report's verdicts of one standing, in their order.
pub fn of_standing(report: &Report, standing: Standing) -> impl Iterator<Item = &Verdict> {
    report.verdicts.iter().filter(move |verdict| Standing::of(report, verdict) == standing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::{self, finding, verdict, violated};

    fn standing(strict: bool, verdicts: Vec<Verdict>) -> Vec<Standing> {
        let report = Report { strict, verdicts, ..samples::green() };
        report.verdicts.iter().map(|verdict| Standing::of(&report, verdict)).collect()
    }

    fn known(verdict: Verdict) -> Verdict {
        Verdict { known: Some("agreed".to_owned()), ..verdict }
    }

    fn passed(id: &'static str, subject: &str) -> Verdict {
        verdict(id, Some(subject), Outcome::Passed { observations: 1 })
    }

    fn not_tested(id: &'static str, because: Option<&'static str>) -> Verdict {
        verdict(id, Some("Partner"), Outcome::NotTested { reason: "no delivery".to_owned(), because })
    }

    #[test]
    fn a_should_counts_only_where_the_run_is_strict() {
        let verdicts = vec![violated("broadcast.redelivery", None, finding()), not_tested("auth.logout", None)];
        assert_eq!(standing(false, verdicts.clone()), [Standing::Warning, Standing::LeftOpen]);
        assert_eq!(standing(true, verdicts), [Standing::Violated, Standing::NotTested]);
    }

    #[test]
    fn a_known_failure_is_excused_with_what_it_explains_and_with_nothing_else() {
        let verdicts = vec![
            known(violated("broadcast.delivered", Some("Partner"), finding())),
            not_tested("payload.text", Some("broadcast.delivered")),
            not_tested("payload.time", Some("join.effective")),
            known(not_tested("payload.type", None)),
        ];
        let expected = [Standing::KnownFailure, Standing::LeftOpen, Standing::NotTested, Standing::NotTested];
        assert_eq!(standing(false, verdicts), expected);
    }

    #[test]
    fn a_known_failure_of_one_type_excuses_nothing_of_another() {
        let of_vendor = Verdict {
            subject: Some("Vendor".to_owned()),
            ..not_tested("broadcast.burst", Some("broadcast.delivered"))
        };
        let verdicts = vec![known(violated("broadcast.delivered", Some("Partner"), finding())), of_vendor];
        assert_eq!(standing(false, verdicts), [Standing::KnownFailure, Standing::NotTested]);
    }

    #[test]
    fn a_check_that_is_listed_whole_passes_again_when_every_type_does() {
        let [partner, vendor] = ["Partner", "Vendor"].map(|subject| known(passed("payload.time", subject)));
        assert_eq!(standing(false, vec![partner.clone(), vendor]), [Standing::PassesAgain; 2]);
        let vendor = known(violated("payload.time", Some("Vendor"), finding()));
        assert_eq!(standing(false, vec![partner, vendor]), [Standing::Passed, Standing::KnownFailure]);
    }
}
