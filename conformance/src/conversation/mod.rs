//! One scenario of a recording, indexed for judging: who was connected and joined when, what was sent, who heard it.
//!
//! Everything here is derived from entries; nothing is judged and nothing touches a network.

mod connection;
pub mod evidence;
mod message;
mod obstacle;
mod page;
mod probe;
mod reply;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use fixtures::{Contract, Role, Route};
use serde_json::Value;

pub use connection::{Connection, Event, Fence, Membership, Refusal};
pub use message::{Acceptance, Delivery, Message, is_about, mentions};
pub use page::{Page, Showing, row_in_words};
pub use probe::{Answer, Probed};
pub use reply::{Attempt, Reply};

use crate::recording::{Entry, Header, What};
use crate::target::Capability;
use crate::verdict::Failure;

/// One scenario's part of a recording.
#[derive(Debug)]
pub struct Conversation<'a> {
    /// The recording's first line.
    pub header: &'a Header,
    /// The scenario's name.
    pub name: &'a str,
    /// Its entries, in the order of time.
    pub entries: Vec<&'a Entry>,
    /// Every connection, in the order of opening.
    pub connections: Vec<Connection<'a>>,
    /// Every inbound message, in the order of sending.
    pub messages: Vec<Message<'a>>,
    /// Every event received that carries one of the messages, in the order of time.
    pub deliveries: Vec<Delivery<'a>>,
}

impl<'a> Conversation<'a> {
    /// Indexes the entries of one scenario.
    pub fn new(header: &'a Header, name: &'a str, entries: &'a [Arc<Entry>]) -> Self {
        let entries: Vec<&Entry> = entries.iter().map(Arc::as_ref).filter(|entry| &*entry.scenario == name).collect();
        let connections = connection::index(&header.contract, &entries);
        let messages = message::index(&entries);
        let deliveries = message::deliveries(&header.contract, &connections, &messages);
        Self { header, name, entries, connections, messages, deliveries }
    }

    /// The contract that the recording is judged by.
    #[must_use]
    pub fn contract(&self) -> &'a Contract {
        &self.header.contract
    }

    /// Whether the target is said to lack this.
    #[must_use]
    pub fn lacks(&self, capability: Capability) -> bool {
        self.header.settings.lacks.iter().any(|name| name == capability.name())
    }

    /// That the target is said to lack this, and where that was said.
    #[must_use]
    pub fn said_to_lack(&self, capability: Capability) -> String {
        let why = self.header.settings.lacks_because.get(capability.name());
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        format!("the target is said to lack `{}`{why}", capability.name())
    }

    /// How long a broadcast may take.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.header.settings.delivery
    }

    /// Whether the stage performed the scenario to its end.
    ///
    /// # Errors
    /// [`Failure::Harness`] where it gave up, [`Failure::NotTested`] where it was never performed or interrupted.
    pub fn performed(&self) -> Result<(), Failure> {
        if self.entries.is_empty() {
            return Err(not_tested(format!("the scenario `{}` was not performed", self.name)));
        }
        if let Some(reason) = self.entries.iter().find_map(|entry| match &entry.what {
            What::TargetLost { reason } => Some(reason),
            _ => None,
        }) {
            return Err(not_tested(format!("the target went away during the run: {reason}")));
        }
        match self.entries.iter().rev().find_map(|entry| match &entry.what {
            What::Ended { error } => Some(error),
            _ => None,
        }) {
            Some(Some(error)) => Err(Failure::Harness(format!("scenario `{}`: {error}", self.name))),
            Some(None) => Ok(()),
            None => Err(not_tested(format!("the scenario `{}` was interrupted", self.name))),
        }
    }

    /// How it was seen that the machine had too little time for this scenario, if so.
    #[must_use]
    pub fn starved(&self) -> Option<&'a str> {
        self.entries.iter().find_map(|entry| match &entry.what {
            What::Starved { reason } => Some(reason.as_str()),
            _ => None,
        })
    }

    /// The latest connection of an actor.
    ///
    /// # Errors
    /// [`Failure::NotTested`] where the actor could not connect.
    pub fn actor(&self, name: &str) -> Result<&Connection<'a>, Failure> {
        let connection = self
            .connections
            .iter()
            .rev()
            .find(|connection| &*connection.peer.actor == name)
            .ok_or_else(|| not_tested(format!("the socket `{name}` was never opened")))?;
        connection.usable()?;
        Ok(connection)
    }

    /// The message with this label.
    ///
    /// # Errors
    /// [`Failure::NotTested`] where it was not sent or not accepted.
    pub fn message(&self, label: &str) -> Result<&Message<'a>, Failure> {
        let message = self
            .messages
            .iter()
            .find(|message| &*message.sent.label == label)
            .ok_or_else(|| not_tested(format!("the message `{label}` was never sent")))?;
        message.accepted()?;
        Ok(message)
    }

    /// The accepted messages of a type, in the order of sending.
    ///
    /// # Errors
    /// [`Failure::NotTested`] where there is none, or one was not accepted.
    pub fn messages_to(&self, route: &Route) -> Result<Vec<&Message<'a>>, Failure> {
        let messages: Vec<_> =
            self.messages.iter().filter(|message| message.sent.customer_type == route.customer_type).collect();
        if messages.is_empty() {
            return Err(not_tested(format!("no {} message was sent", route.customer_type)));
        }
        for message in &messages {
            message.accepted()?;
        }
        Ok(messages)
    }

    /// The messages that somebody heard: those whose silence elsewhere means something. At least one.
    ///
    /// # Errors
    /// [`Failure::NotTested`] where a message was not accepted, or nobody heard any.
    pub fn audible(&self) -> Result<Vec<&Message<'a>>, Failure> {
        let mut audible = Vec::new();
        let mut silence = not_tested("no message was sent");
        for message in &self.messages {
            message.accepted()?;
            match self.first_delivery(message) {
                Ok(_) => audible.push(message),
                Err(failure) => silence = failure,
            }
        }
        if audible.is_empty() { Err(silence) } else { Ok(audible) }
    }

    /// The connections that were members of the room when the message was sent.
    pub fn members_at(&self, room: &str, message: &Message<'_>) -> Vec<&Connection<'a>> {
        let at = message.starts();
        self.connections.iter().filter(|connection| connection.member_since(room, at).is_some()).collect()
    }

    /// What a connection received of a message, whatever the event was called.
    pub fn heard_by(&self, connection: &Connection<'_>, message: &Message<'_>) -> Vec<&Delivery<'a>> {
        self.deliveries
            .iter()
            .filter(|delivery| delivery.nonce == message.sent.nonce && delivery.peer == connection.peer)
            .collect()
    }

    /// Everything that anybody received of a message, in the order of time.
    pub fn heard(&self, message: &Message<'_>) -> Vec<&Delivery<'a>> {
        self.deliveries.iter().filter(|delivery| delivery.nonce == message.sent.nonce).collect()
    }

    /// The connections that were members of the route's room when the message was sent; at least one.
    ///
    /// # Errors
    /// [`Failure::NotTested`], explained by what kept them out, where there is none.
    pub fn members(&self, route: &Route, message: &Message<'_>) -> Result<Vec<&Connection<'a>>, Failure> {
        let members = self.members_at(&route.room, message);
        if members.is_empty() {
            return Err(Failure::NotTested {
                reason: format!("no socket had an acknowledged join of {} when the message was sent", route.room),
                because: self.obstacle(Some(&route.customer_type)).or(Some("join.acknowledged")),
            });
        }
        Ok(members)
    }

    /// What a member received of a message under the route's own event name; at least one.
    ///
    /// # Errors
    /// [`Failure::NotTested`], explained by `broadcast.delivered`, where there is nothing, or by `join.acknowledged`, where
    /// it was no member.
    pub fn delivered(
        &self,
        member: &Connection<'_>,
        message: &Message<'_>,
        route: &Route,
    ) -> Result<Vec<&Delivery<'a>>, Failure> {
        let mut heard = self.heard_by(member, message);
        heard.retain(|delivery| delivery.event == route.event);
        if heard.is_empty() {
            message.accepted()?;
            let joined = member.member_since(&route.room, message.starts()).is_some();
            return Err(Failure::NotTested {
                reason: format!(
                    "{} did not hear {} of the {} message `{}`",
                    member.peer, route.event, route.customer_type, message.sent.label
                ),
                because: Some(if joined { "broadcast.delivered" } else { "join.acknowledged" }),
            });
        }
        Ok(heard)
    }

    /// The first delivery of a message to anybody under whatever name: the observation that makes silence elsewhere
    /// meaningful.
    ///
    /// # Errors
    /// [`Failure::NotTested`] where nobody heard it: explained by `broadcast.delivered`, or by `join.acknowledged`, where
    /// nobody had got into its room.
    pub fn first_delivery(&self, message: &Message<'_>) -> Result<&Delivery<'a>, Failure> {
        let is_broadcast = |delivery: &&Delivery<'_>| self.is_broadcast(delivery);
        let heard = self.deliveries.iter().filter(|delivery| delivery.nonce == message.sent.nonce);
        if let Some(first) = heard.into_iter().find(is_broadcast) {
            return Ok(first);
        }
        if let Some(route) = self.contract().route(&message.sent.customer_type) {
            self.members(route, message)?;
        }
        Err(Failure::NotTested {
            reason: format!("nobody heard the {} message `{}`", message.sent.customer_type, message.sent.label),
            because: Some("broadcast.delivered"),
        })
    }

    /// Whether it was told to a room, as far as can be seen: under the name of a broadcast, or to a member of some room. What
    /// others receive under other names are answers to what they asked.
    fn is_broadcast(&self, delivery: &Delivery<'_>) -> bool {
        let is_member = |connection: &&Connection<'_>| {
            connection.peer == delivery.peer && connection.memberships.iter().any(|(_, stay)| stay.from.is_some())
        };
        self.contract().routes.iter().any(|route| route.event == delivery.event)
            || self.connections.iter().any(|connection| is_member(&connection))
    }

    /// How long the slowest broadcast took from its trigger to its first arrival.
    #[must_use]
    pub fn slowest_delivery(&self) -> Option<Duration> {
        let took = |message: &Message<'a>| Some(self.first_delivery(message).ok()?.at.saturating_sub(message.starts()));
        self.messages.iter().filter_map(took).max()
    }

    /// Shows that the connection would have told of everything that was queued for it by `since`.
    ///
    /// # Errors
    /// [`Failure::NotTested`] where no fence sent after `since` came back, followed by a quiet window.
    pub fn fenced(&self, connection: &Connection<'_>, since: Duration) -> Result<(), Failure> {
        if connection.fenced_after(since) {
            Ok(())
        } else {
            Err(not_tested(format!("{} was not fenced after {}", connection.peer, evidence::clock(since))))
        }
    }

    /// The chat's id as the broadcasts of this number and type tell it.
    #[must_use]
    pub fn chat_id_of(&self, sent: &crate::recording::Sent) -> Option<&'a str> {
        let key = self.contract().key(Role::Identity)?;
        self.messages
            .iter()
            .filter(|message| message.sent.number == sent.number && message.sent.customer_type == sent.customer_type)
            .flat_map(|message| self.heard(message))
            .find_map(|delivery| delivery.payload()?.get(key)?.as_str())
    }

    /// Where the chat list showed afterwards that the message was saved, by itself or by a newer one of its chat: when, and
    /// the chat. None where nobody asked for a list that would show it, or where the chat's last words are nobody's that
    /// are known.
    pub fn saved(&self, message: &Message<'_>) -> Option<Option<(Duration, &'a Value)>> {
        let contract = self.contract();
        let (type_key, text_key) = (contract.key(Role::Type), contract.key(Role::Text)?);
        let is_of_type = |asked: &Event<'_>| {
            let told = type_key.and_then(|key| asked.args.first()?.get(key)?.as_str());
            told.is_none_or(|told| told == message.sent.customer_type)
        };
        let list = contract.list.as_ref()?;
        let lists = self
            .connections
            .iter()
            .flat_map(|connection| connection.exchanges(&list.request, list.answer.as_deref().unwrap_or_default()));
        let answers =
            lists.filter(|(asked, _)| asked.at > message.at && is_of_type(asked)).filter_map(|(_, answer)| answer);
        let sent = message.sent;
        let of_chat = |other: &&Message<'_>| {
            (&other.sent.number, &other.sent.customer_type) == (&sent.number, &sent.customer_type)
        };
        let (earlier, later): (Vec<&Message<'_>>, Vec<_>) =
            self.messages.iter().filter(of_chat).partition(|other| other.at < message.at);
        let (mut seen, mut others_words) = (false, false);
        for answer in answers {
            seen = true;
            for chat in chats_of(answer).into_iter().flatten() {
                let words = chat.get(text_key).and_then(Value::as_str);
                let is_chat = is_about(chat, contract, sent, None);
                let shows = |message: &&Message<'_>| {
                    // What was only watched has no nonce in its text.
                    let same = words.is_some() && words == message.sent.text.as_deref();
                    mentions(chat, &message.sent.nonce) || same && is_chat
                };
                if later.iter().any(shows) {
                    return Some(Some((answer.at, chat)));
                }
                others_words |= is_chat && !earlier.iter().any(shows);
            }
        }
        (seen && !others_words).then_some(None)
    }

    /// The answers of the chat list that a connection got, in the order of time, with when they were asked for.
    pub fn lists_of<'c>(&self, connection: &'c Connection<'a>) -> Vec<(Duration, &'c Event<'a>)> {
        let Some(list) = &self.contract().list else { return Vec::new() };
        let Some(answer) = &list.answer else { return Vec::new() };
        connection
            .exchanges(&list.request, answer)
            .into_iter()
            .filter_map(|(asked, answer)| Some((asked.at, answer?)))
            .collect()
    }
}

/// A [`Failure::NotTested`] that no other requirement explains.
pub fn not_tested(reason: impl Into<String>) -> Failure {
    Failure::NotTested { reason: reason.into(), because: None }
}

/// The chats of a list answer: the array under `chats`.
#[must_use]
pub fn chats_of<'e>(answer: &Event<'e>) -> Option<&'e Vec<Value>> {
    answer.args.first()?.get("chats")?.as_array()
}
