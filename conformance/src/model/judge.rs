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

use fixtures::Level;

use super::broadcasts::{self, Broadcast};
use super::presence::{Presence, Stay};
use super::{answers, contents};
use crate::conversation::{Connection, Conversation, Delivery, evidence};
use crate::recording::{Peer, TokenUse, What};
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

/// Whether a connection is to hear a broadcast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Duty {
    Must,
    MustNot,
    May(Doubt),
    /// It was not there, or nobody was there to hear it: nothing to judge, unless it hears something all the same.
    None,
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

/// One broadcast at one connection.
struct Hearing<'j, 'c, 'a> {
    conversation: &'c Conversation<'a>,
    broadcast: &'j Broadcast<'c, 'a>,
    connection: &'c Connection<'a>,
    stay: Stay,
    /// What the connection received of it.
    heard: Vec<&'c Delivery<'a>>,
    strict: bool,
}

impl<'j, 'c, 'a> Hearing<'j, 'c, 'a> {
    fn new(
        conversation: &'c Conversation<'a>,
        broadcast: &'j Broadcast<'c, 'a>,
        connection: &'c Connection<'a>,
        strict: bool,
    ) -> Self {
        let stay = Stay::of(connection, &broadcast.route.room, conversation.contract());
        let heard = broadcast.heard.iter().filter(|delivery| delivery.peer == connection.peer).copied().collect();
        Self { conversation, broadcast, connection, stay, heard, strict }
    }

    fn due(&self) -> Duration {
        self.broadcast.starts + self.conversation.deadline()
    }

    /// By when the broadcast had been made.
    fn made(&self) -> Duration {
        self.broadcast.first_heard().unwrap_or_else(|| self.due())
    }

    /// When the last of it arrived anywhere.
    fn over(&self) -> Duration {
        self.broadcast.heard.last().map_or_else(|| self.due(), |delivery| delivery.at)
    }

    fn closed_by(&self, at: Duration) -> bool {
        self.connection.closed.is_some_and(|(closed, ..)| closed <= at)
    }

    fn duty(&self) -> Duty {
        let (caused, over) = (self.broadcast.caused(), self.over());
        if self.connection.connected.is_none_or(|connected| connected > over) || self.closed_by(caused) {
            return Duty::None;
        }
        if self.stay.between(caused, over).all(|now| now == Presence::Out) {
            return self.duty_of_outsider();
        }
        let doubt = self.stay.between(caused, self.made()).find(|now| *now != Presence::In);
        match doubt {
            Some(doubt) => Duty::May(self.doubt(doubt)),
            None => self.duty_of_member(),
        }
    }

    /// Silence means something where others heard it, and where a fence sent after that came back.
    fn duty_of_outsider(&self) -> Duty {
        match self.broadcast.first_heard() {
            None => Duty::None,
            Some(_) if !self.heard.is_empty() => Duty::MustNot,
            Some(first) if self.connection.fenced_after(first) => Duty::MustNot,
            Some(_) => Duty::May(self.cut_short()),
        }
    }

    fn duty_of_member(&self) -> Duty {
        if self.broadcast.level < Level::Must && !self.strict {
            return Duty::None;
        }
        if !self.heard.is_empty() {
            return Duty::Must;
        }
        let cut_short = self.cut_short();
        let observed = match self.broadcast.is_reply {
            true => self.connection.fenced_after(self.broadcast.answered),
            false => self.conversation.entries.last().is_some_and(|entry| entry.at >= self.due()),
        };
        match cut_short {
            Doubt::Unobserved if observed => Duty::Must,
            doubt => Duty::May(doubt),
        }
    }

    /// What kept the connection from hearing, or the suite from seeing that it did not.
    fn cut_short(&self) -> Doubt {
        if self.malformed().is_some_and(|at| at <= self.due()) {
            Doubt::Malformed
        } else if self.connection.stopped_reading.is_some_and(|at| at <= self.due()) {
            Doubt::NotReading
        } else if self.connection.closed.is_some_and(|(at, ..)| at < self.due()) {
            Doubt::Closing
        } else {
            Doubt::Unobserved
        }
    }

    fn malformed(&self) -> Option<Duration> {
        let own = self.conversation.entries.iter().filter(|entry| entry.peer.as_ref() == Some(self.connection.peer));
        own.filter(|entry| matches!(entry.what, What::Malformed { .. })).map(|entry| entry.at).next()
    }

    /// A presence that was not certain all the time, as a doubt: what it turned from or into counts too.
    fn doubt(&self, first: Presence) -> Doubt {
        let later = self.stay.between(self.broadcast.caused(), self.over());
        match later.chain([first]).find(|now| !matches!(now, Presence::In | Presence::Out)) {
            Some(Presence::Leaving) => Doubt::Leaving,
            Some(Presence::Both) => Doubt::JoiningAndLeaving,
            _ => Doubt::Joining,
        }
    }

    fn violation(&self) -> Option<Violation> {
        let event = &self.broadcast.route.event;
        let members = || format!("in room {}", self.broadcast.route.room);
        let name = &self.broadcast.name;
        let at_whom = self.connection.describe();
        match (self.duty(), self.heard.as_slice()) {
            (Duty::Must, []) => {
                let others = match self.broadcast.heard.len() {
                    0 => "nobody heard it".to_owned(),
                    count => format!("not heard here, while it arrived {count} times elsewhere"),
                };
                let within = evidence::span(self.conversation.deadline());
                let expected = format!("`{event}` of {name} at {at_whom}, {}, within {within}", members());
                Some(self.found(self.requirement(), self.due(), format!("nothing of {name}"), expected, others))
            }
            (_, []) => None,
            (_, [first, ..]) if self.was_outside() => {
                let expected = format!("nothing of {name} at {at_whom}, which was not {}", members());
                let observed = format!("it heard `{}`", first.event);
                Some(self.found(self.trespass(), first.at, format!("must not hear {name}"), expected, observed))
            }
            (_, [first, rest @ ..]) => {
                let allowed = if self.strict { 1 } else { self.broadcast.causes.len() };
                if let Some(other) = self.heard.iter().find(|delivery| delivery.event != *event) {
                    let observed = format!("`{}`", other.event);
                    let brief = format!("{name} under another name");
                    return Some(self.found(
                        "broadcast.one-name",
                        other.at,
                        brief,
                        format!("`{event}` of {name}"),
                        observed,
                    ));
                }
                if let Some(extra) = rest.get(allowed - 1) {
                    let observed = format!("{} times", self.heard.len());
                    let expected = format!("`{event}` of {name} once at {at_whom}");
                    return Some(self.found(
                        "broadcast.exactly-once",
                        extra.at,
                        format!("{name} again"),
                        expected,
                        observed,
                    ));
                }
                (self.duty() == Duty::Must && !self.broadcast.is_reply && first.at > self.due() && !self.delayed())
                    .then(|| {
                        let observed =
                            format!("after {}", evidence::span(first.at.saturating_sub(self.broadcast.starts)));
                        let within = evidence::span(self.conversation.deadline());
                        let expected = format!("`{event}` of {name} at {at_whom} within {within}");
                        self.found("broadcast.delivered", first.at, format!("{name}, late"), expected, observed)
                    })
            }
        }
    }

    /// Whether it was certainly outside from the trigger to its own first arrival.
    fn was_outside(&self) -> bool {
        let until = self.heard.first().map_or_else(|| self.over(), |first| first.at);
        self.stay.between(self.broadcast.caused(), until).all(|now| now == Presence::Out)
    }

    fn delayed(&self) -> bool {
        self.connection.stopped_reading.is_some() || self.malformed().is_some()
    }

    fn requirement(&self) -> &'static str {
        if self.broadcast.is_reply { "broadcast.agent-reply" } else { "broadcast.delivered" }
    }

    /// Which rule an outsider's hearing breaks, by how it came to be outside.
    fn trespass(&self) -> &'static str {
        let peer = self.connection.peer;
        let mut earlier = self
            .conversation
            .connections
            .iter()
            .filter(|other| other.peer.actor == peer.actor && other.peer.connection < peer.connection);
        let contract = self.conversation.contract();
        let room = &self.broadcast.route.room;
        if self.stay.began_before(self.broadcast.caused()) {
            "leave.effective"
        } else if earlier.any(|other| Stay::of(other, room, contract).began_before(self.broadcast.caused())) {
            "join.not-inherited"
        } else {
            "broadcast.only-room"
        }
    }

    fn found(
        &self,
        requirement: &'static str,
        at: Duration,
        brief: String,
        expected: String,
        observed: String,
    ) -> Violation {
        let room = &self.broadcast.route.room;
        let finding = Finding::new(expected, observed)
            .with([self.conversation.join_line(self.connection, room), self.broadcast.line.clone()])
            .with(self.broadcast.heard.iter().take(6).map(|delivery| delivery.line()));
        Violation { requirement, at, peer: Some(self.connection.peer.clone()), brief, finding }
    }
}
