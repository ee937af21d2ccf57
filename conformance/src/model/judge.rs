//! The history checker: for each message and each connection, whether it must hear it, must not, or may, and whether it did.
//!
//! A message is broadcast at some time between its trigger and its first arrival anywhere (or the deadline, where nobody
//! heard it). A connection that was a member all that time **must** hear it, once and in time. One that was not a member
//! from the trigger to the last arrival anywhere **must not**, and a fence shows that its silence means something. All
//! others **may**, each for a [`Doubt`]. Since that time is mostly a few milliseconds, few are in doubt, however much
//! happens at once; the counts tell how many.
//!
//! Agents' replies and redeliveries are SHOULDs: without `strict` nobody must hear them, and the wrong ones still must not.

use std::collections::BTreeMap;
use std::time::Duration;

use super::hearing::{Duty, Hearing};
use super::{answers, broadcasts, contents};
use crate::conversation::Conversation;
use crate::recording::{Peer, TokenUse};
use crate::verdict::{Failure, Finding};

/// Why it cannot be said whether a connection was to hear a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Doubt {
    /// A join was asked for or granted while the message was on its way.
    Joining,
    /// A leave was.
    Leaving,
    /// Joins and leaves of one room overlapped, so that nobody knows which came last.
    JoiningAndLeaving,
    /// The connection ended before the message's time was over, or before its silence was shown to mean something.
    Closing,
    /// It had stopped reading.
    NotReading,
    /// It had sent a malformed frame, which may cost a connection its session.
    Malformed,
    /// The recording ends before the deadline.
    Unobserved,
}

impl Doubt {
    /// In a word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Joining => "joining",
            Self::Leaving => "leaving",
            Self::JoiningAndLeaving => "joining and leaving",
            Self::Closing => "closing",
            Self::NotReading => "not reading",
            Self::Malformed => "after a malformed frame",
            Self::Unobserved => "unobserved",
        }
    }
}

/// How many judgements of each sort were made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Messages.
    pub messages: usize,
    /// Must hear.
    pub must: usize,
    /// Must not hear.
    pub must_not: usize,
    /// May hear, by the doubt.
    pub may: BTreeMap<Doubt, usize>,
}

impl Counts {
    /// How many may, whatever the doubt.
    #[must_use]
    pub fn doubtful(&self) -> usize {
        self.may.values().sum()
    }

    /// All judgements.
    #[must_use]
    pub fn total(&self) -> usize {
        self.must + self.must_not + self.doubtful()
    }

    /// Adds another's.
    pub fn add(&mut self, other: &Self) {
        self.messages += other.messages;
        self.must += other.must;
        self.must_not += other.must_not;
        for (doubt, count) in &other.may {
            *self.may.entry(*doubt).or_default() += count;
        }
    }
}

/// Something that a backend did and must not, or did not and must.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The requirement's id.
    pub requirement: &'static str,
    /// When it showed.
    pub at: Duration,
    /// At which connection.
    pub peer: Option<Peer>,
    /// In a few words, for diagrams.
    pub brief: String,
    /// In full.
    pub finding: Finding,
}

/// What came of judging a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judged {
    /// How many judgements.
    pub counts: Counts,
    /// Violations, in the order of time.
    pub violations: Vec<Violation>,
    /// What could not be judged, and why: nobody's fault as far as can be told.
    pub untested: Vec<String>,
}

/// Judges a conversation.
#[must_use]
pub fn judge(conversation: &Conversation<'_>, strict: bool) -> Judged {
    let mut judged = Judged::default();
    if let Err(failure) = conversation.performed() {
        judged.untested.push(reason(failure));
        return judged;
    }
    for connection in conversation.connections.iter().filter(|connection| connection.token == TokenUse::Good) {
        judged.untested.extend(connection.usable().err().map(reason));
    }
    let (broadcasts, untested) = broadcasts::collect(conversation);
    judged.untested.extend(untested);
    for broadcast in &broadcasts {
        judged.counts.messages += usize::from(!broadcast.is_reply);
        for connection in &conversation.connections {
            let hearing = Hearing::new(conversation, broadcast, connection, strict);
            match hearing.duty() {
                Duty::Must => judged.counts.must += 1,
                Duty::MustNot => judged.counts.must_not += 1,
                Duty::May(doubt) => *judged.counts.may.entry(doubt).or_default() += 1,
                Duty::None => {}
            }
            judged.violations.extend(hearing.violation());
        }
    }
    judged.violations.extend(contents::violations(conversation, &broadcasts, strict));
    judged.violations.extend(answers::violations(conversation));
    judged.violations.sort_by_key(|violation| violation.at);
    judged
}

/// Why something could not be judged, in words.
pub(super) fn reason(failure: Failure) -> String {
    match failure {
        Failure::Violation(finding) => finding.observed,
        Failure::NotTested { reason, .. } | Failure::NotApplicable(reason) | Failure::Harness(reason) => reason,
    }
}

#[cfg(test)]
mod tests;
