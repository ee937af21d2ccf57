//! The checks: pure functions from a recorded conversation to a verdict. One file per area of the requirements.
//!
//! Adding one is: its requirement row, the [`Check`] in its area's file, its name in that file's list. A check knows the
//! recording and the contract, and nothing else.

mod auth;
mod broadcast;
mod ingress;
mod join;
mod leave;
mod list;
mod login;
mod page;
mod payload;
mod provider;
mod resilience;
mod security;
mod survival;
#[cfg(test)]
mod tests;
mod transport;

pub(crate) use payload::parse_time;

use fixtures::{Route, requirements};

use crate::conversation::Conversation;
use crate::recording::Recording;
use crate::scenarios::{Blueprint, MEMBERSHIP, ONE_MESSAGE_PER_TYPE};
use crate::target::Capability;
use crate::verdict::{Failure, Judgement, Outcome, Verdict, too_busy};

/// A requirement's check.
#[derive(Debug)]
pub struct Check {
    /// The requirement's id.
    pub id: &'static str,
    /// What the target must be able to do; where it is said to lack it, the check is not applicable.
    pub needs: &'static [Capability],
    /// The scenario whose recording it reads.
    pub scenario: &'static Blueprint,
    /// The judge.
    pub judge: Judge,
}

/// How a check judges.
#[derive(Debug)]
pub enum Judge {
    /// Each customer type on its own.
    PerRoute(fn(&Conversation<'_>, &Route) -> Judgement),
    /// The conversation as a whole.
    Whole(fn(&Conversation<'_>) -> Judgement),
}

/// Every check, in the order of the requirements.
pub fn all() -> impl Iterator<Item = &'static Check> {
    of_backends().chain(page::CHECKS)
}

/// The checks of what a browser shows, which need a page.
pub fn of_pages() -> impl Iterator<Item = &'static Check> {
    page::CHECKS.iter()
}

/// What is judged where there is a page: its own checks, and those of the conversations that tell whether the backend lets
/// members in and tells them, without which no page shows anything.
pub fn beside_a_page() -> impl Iterator<Item = &'static Check> {
    let explains = |check: &&'static Check| [ONE_MESSAGE_PER_TYPE.name, MEMBERSHIP.name].contains(&check.scenario.name);
    of_backends().filter(explains).chain(of_pages())
}

/// The checks of what a backend does, which need no page.
pub fn of_backends() -> impl Iterator<Item = &'static Check> {
    [
        transport::CHECKS,
        auth::CHECKS,
        join::CHECKS,
        leave::CHECKS,
        broadcast::CHECKS,
        payload::CHECKS,
        ingress::CHECKS,
        list::CHECKS,
        provider::CHECKS,
        resilience::CHECKS,
        security::CHECKS,
    ]
    .into_iter()
    .flatten()
}

/// The check with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Check> {
    all().find(|check| check.id == id)
}

impl Check {
    /// The requirement that it covers.
    ///
    /// # Panics
    /// Never: a test holds every check to a row of its own.
    #[must_use]
    pub fn requirement(&self) -> &'static fixtures::Requirement {
        static UNKNOWN: std::sync::LazyLock<fixtures::Requirement> =
            std::sync::LazyLock::new(|| fixtures::Requirement {
                id: "unknown".to_owned(),
                level: fixtures::Level::Must,
                text: "a check without a requirement row".to_owned(),
                source: "none".to_owned(),
                coverage: fixtures::Coverage::Check,
            });
        requirements::find(self.id).unwrap_or(&UNKNOWN)
    }

    /// What the target must be able to do, for the check or for its conversation: each once.
    #[must_use]
    pub fn all_needs(&self) -> Vec<Capability> {
        let mut needs = self.needs.to_vec();
        needs.extend(self.scenario.needs.iter().filter(|need| !self.needs.contains(need)));
        needs
    }

    /// Judges a conversation: one verdict per customer type, or one in all.
    #[must_use]
    pub fn judge(&self, conversation: &Conversation<'_>) -> Vec<Verdict> {
        let verdict = |subject: Option<String>, judgement: Judgement| Verdict {
            id: self.id,
            level: self.requirement().level,
            outcome: explained(Outcome::from(judgement), conversation, subject.as_deref()),
            subject,
            known: None,
        };
        let precondition = || {
            for capability in self.all_needs() {
                if conversation.lacks(capability) {
                    return Err(Failure::NotApplicable(conversation.said_to_lack(capability)));
                }
            }
            conversation.performed()
        };
        match self.judge {
            Judge::Whole(judge) => vec![verdict(None, precondition().and_then(|()| judge(conversation)))],
            Judge::PerRoute(judge) => conversation
                .contract()
                .routes
                .iter()
                .map(|route| {
                    verdict(Some(route.customer_type.clone()), precondition().and_then(|()| judge(conversation, route)))
                })
                .collect(),
        }
    }

    /// Judges a whole recording.
    #[must_use]
    pub fn judge_recording(&self, recording: &Recording) -> Vec<Verdict> {
        self.judge(&Conversation::new(&recording.header, self.scenario.name, &recording.entries))
    }
}

/// Where a conversation was held to its end and nothing says why a check could not be tested, the conversation's first
/// obstacle does. What was observed on a machine that had no time for it is not held against anybody.
fn explained(outcome: Outcome, conversation: &Conversation<'_>, customer_type: Option<&str>) -> Outcome {
    match (outcome, conversation.starved()) {
        (Outcome::Violated { finding }, Some(starved)) => {
            Outcome::NotTested { reason: too_busy(starved, &finding.observed), because: None }
        }
        (Outcome::NotTested { reason, because: None }, Some(starved)) => {
            Outcome::NotTested { reason: too_busy(starved, &reason), because: None }
        }
        (Outcome::NotTested { reason, because: None }, _) if conversation.performed().is_ok() => {
            Outcome::NotTested { reason, because: conversation.obstacle(customer_type) }
        }
        (outcome, _) => outcome,
    }
}
