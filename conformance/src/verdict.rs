//! What comes out of judging: verdicts, and the findings that carry them.

use fixtures::Level;
use serde::Serialize;

/// Why a check did not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The backend did what it must not, or did not do what it must.
    Violation(Box<Finding>),
    /// What the check needs could not be brought about. Red, and not the backend's fault as far as this check can tell.
    NotTested {
        /// What was missing.
        reason: String,
        /// The requirement whose violation explains it, where there is one.
        because: Option<&'static str>,
    },
    /// The target is said to lack what the check is about.
    NotApplicable(String),
    /// The suite did something wrong.
    Harness(String),
}

/// What a check returns: how many observations bear it out, or why it does not pass. Zero observations never pass.
pub type Judgement = Result<usize, Failure>;

/// A violation, told so that a backend developer can act on it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Finding {
    /// What was expected.
    pub expected: String,
    /// What was observed instead.
    pub observed: String,
    /// What was sent, answered and heard, in the order of time.
    pub evidence: Vec<String>,
}

impl Finding {
    /// A finding without evidence yet.
    pub fn new(expected: impl Into<String>, observed: impl Into<String>) -> Self {
        Self { expected: expected.into(), observed: observed.into(), evidence: Vec::new() }
    }

    /// Adds lines of evidence.
    #[must_use]
    pub fn with(mut self, evidence: impl IntoIterator<Item = String>) -> Self {
        self.evidence.extend(evidence);
        self
    }
}

impl From<Finding> for Failure {
    fn from(finding: Finding) -> Self {
        Self::Violation(Box::new(finding))
    }
}

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// It was borne out by this many observations.
    Passed {
        /// At least one.
        observations: usize,
    },
    /// The requirement is violated.
    Violated {
        /// How.
        finding: Finding,
    },
    /// It could not be tested.
    NotTested {
        /// What was missing.
        reason: String,
        /// The requirement whose violation explains it, where there is one.
        #[serde(skip_serializing_if = "Option::is_none")]
        because: Option<&'static str>,
    },
    /// The target is said to lack what it is about.
    NotApplicable {
        /// What it lacks.
        reason: String,
    },
    /// The suite is broken.
    HarnessError {
        /// How.
        reason: String,
    },
}

impl From<Judgement> for Outcome {
    fn from(judgement: Judgement) -> Self {
        match judgement {
            Ok(0) => Self::NotTested { reason: "nothing was observed that bears it out".to_owned(), because: None },
            Ok(observations) => Self::Passed { observations },
            Err(Failure::Violation(finding)) => Self::Violated { finding: *finding },
            Err(Failure::NotTested { reason, because }) => Self::NotTested { reason, because },
            Err(Failure::NotApplicable(reason)) => Self::NotApplicable { reason },
            Err(Failure::Harness(reason)) => Self::HarnessError { reason },
        }
    }
}

impl Outcome {
    /// Whether it stands in the way of "conforms".
    #[must_use]
    pub fn is_red(&self) -> bool {
        !matches!(self, Self::Passed { .. } | Self::NotApplicable { .. })
    }

    /// Whether the requirement is violated.
    #[must_use]
    pub fn is_violated(&self) -> bool {
        matches!(self, Self::Violated { .. })
    }
}

/// One check's word on one subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The check's id, which is the requirement's.
    pub id: &'static str,
    /// The customer type it is about; none for checks that are not about one type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// How binding the requirement is.
    pub level: Level,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The reason for which a violation was expected (a known failure).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known: Option<String>,
}

impl Verdict {
    /// `broadcast.delivered [Partner]`: unique in a run, stable between runs.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.subject {
            Some(subject) => format!("{} [{subject}]", self.id),
            None => self.id.to_owned(),
        }
    }
}

/// The violated verdicts that explain why one was not tested: those of the requirement that it names, of its own customer
/// type where that is red there, followed through what was itself not tested. None where the chain leads to no violation.
#[must_use]
pub fn causes_of<'a>(verdict: &'a Verdict, all: &'a [Verdict]) -> Vec<&'a Verdict> {
    let mut at = verdict;
    // A chain is never longer than the list; the bound ends a circle.
    for _ in 0..all.len() {
        let Outcome::NotTested { because: Some(id), .. } = &at.outcome else { break };
        let mut candidates: Vec<_> = all.iter().filter(|other| other.id == *id && other.outcome.is_red()).collect();
        if candidates.iter().any(|other| other.subject == verdict.subject) {
            candidates.retain(|other| other.subject == verdict.subject);
        }
        let violated: Vec<_> = candidates.iter().copied().filter(|other| other.outcome.is_violated()).collect();
        match candidates.first() {
            Some(next) if violated.is_empty() => at = next,
            _ => return violated,
        }
    }
    Vec::new()
}

/// Whether what was not tested is excused: all that explains it is known to fail, and none of it is another customer type's
/// matter.
#[must_use]
pub fn is_excused(verdict: &Verdict, all: &[Verdict]) -> bool {
    let causes = causes_of(verdict, all);
    let concerns =
        |cause: &Verdict| cause.subject.is_none() || verdict.subject.is_none() || cause.subject == verdict.subject;
    !causes.is_empty() && causes.iter().all(|cause| cause.known.is_some() && concerns(cause))
}

/// Why nothing is held against a backend that was observed from a machine which had no time for it.
#[must_use]
pub fn too_busy(starved: &str, observed: &str) -> String {
    format!("this machine was too busy to tell: {starved} (observed: {observed}); try again with less beside it")
}
