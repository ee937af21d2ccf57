//! What a cause explains: the violations that it brings about, and what could not be tested because of them.

use crate::verdict::{Finding, Outcome, Verdict, causes_of};

/// The verdicts of a run, asked for what is red.
#[derive(Clone, Copy)]
pub(super) struct Red<'a>(pub &'a [Verdict]);

impl<'a> Red<'a> {
    /// Whether one of these checks is violated, for this customer type or for any.
    pub fn is_violated(self, ids: &[&str], subject: Option<&str>) -> bool {
        self.violated(ids, subject).next().is_some()
    }

    /// The violated verdicts of these checks (`area.` stands for all of an area) that concern a customer type, or any.
    fn violated(self, ids: &[&str], subject: Option<&str>) -> impl Iterator<Item = &'a Verdict> {
        self.0.iter().filter(move |verdict| {
            let listed = ids.iter().any(|id| *id == verdict.id || (id.ends_with('.') && verdict.id.starts_with(id)));
            verdict.outcome.is_violated() && listed && concerns(verdict, subject)
        })
    }

    /// The finding of the first violated verdict of a check.
    pub fn finding(self, id: &str) -> Option<&'a Finding> {
        self.0.iter().find_map(|verdict| match &verdict.outcome {
            Outcome::Violated { finding } if verdict.id == id => Some(finding),
            _ => None,
        })
    }

    /// The names of these, and of all that was not tested because of them, directly or not. In the order of the verdicts.
    pub fn explained(self, ids: &[&str], subject: Option<&str>) -> Vec<String> {
        let violated: Vec<&Verdict> = self.violated(ids, subject).collect();
        let among = |verdict: &Verdict| violated.iter().any(|other| std::ptr::eq(*other, verdict));
        let explained =
            |verdict: &&Verdict| among(verdict) || causes_of(verdict, self.0).iter().any(|cause| among(cause));
        self.0.iter().filter(explained).map(Verdict::name).collect()
    }

    /// The names of what was not tested for no violation's sake.
    pub fn untested(self) -> Vec<String> {
        let loose = |verdict: &&Verdict| {
            matches!(verdict.outcome, Outcome::NotTested { .. }) && causes_of(verdict, self.0).is_empty()
        };
        self.0.iter().filter(loose).map(Verdict::name).collect()
    }
}

/// Whether a verdict is about this customer type; those that are about none concern every one.
fn concerns(verdict: &Verdict, subject: Option<&str>) -> bool {
    subject.is_none() || verdict.subject.is_none() || verdict.subject.as_deref() == subject
}
