//! One broadcast at one connection: whether it must be heard there, must not, or may, and whether it was.

use std::time::Duration;

use fixtures::Level;

use super::broadcasts::Broadcast;
use super::judge::{Doubt, Violation};
use super::presence::{Presence, Stay};
use crate::conversation::{Connection, Conversation, Delivery, evidence};
use crate::recording::What;
use crate::verdict::Finding;

/// Whether a connection is to hear a broadcast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Duty {
    Must,
    MustNot,
    May(Doubt),
    /// It was not there, or nobody was there to hear it: nothing to judge, unless it hears something all the same.
    None,
}

/// One broadcast at one connection.
pub(super) struct Hearing<'j, 'c, 'a> {
    conversation: &'c Conversation<'a>,
    broadcast: &'j Broadcast<'c, 'a>,
    connection: &'c Connection<'a>,
    stay: Stay,
    /// What the connection received of it.
    heard: Vec<&'c Delivery<'a>>,
    strict: bool,
}

impl<'j, 'c, 'a> Hearing<'j, 'c, 'a> {
    pub(super) fn new(
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

    pub(super) fn duty(&self) -> Duty {
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

    pub(super) fn violation(&self) -> Option<Violation> {
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
