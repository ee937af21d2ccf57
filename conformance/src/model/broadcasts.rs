//! What was to be broadcast: the inbound messages and the agents' replies of a conversation, and who heard which.

use std::time::Duration;

use fixtures::{Level, Role, Route};
use serde_json::Value;

use super::judge::reason;
use crate::conversation::{Connection, Conversation, Delivery, Event, Message, evidence};
use crate::recording::{Direction, Sent, What};

/// Something that is to be heard by the members of one room.
#[derive(Debug)]
pub(super) struct Broadcast<'c, 'a> {
    /// `m3`, or `the reply to m3`.
    pub name: String,
    pub route: &'a Route,
    /// How binding it is that it is broadcast at all; that nobody else hears it always is.
    pub level: Level,
    /// When it was caused, the first time and again: a provider's redelivery is one message, by a SHOULD.
    pub causes: Vec<Duration>,
    /// From when the deadline counts.
    pub starts: Duration,
    /// When whatever caused it had been answered.
    pub answered: Duration,
    /// The text that it must show, where it has one.
    pub text: Option<&'a str>,
    /// The customer's message; a reply's is the one that it answers.
    pub sent: &'a Sent,
    pub is_reply: bool,
    /// What was received of it, in the order of time.
    pub heard: Vec<&'c Delivery<'a>>,
    /// How it was sent, for evidence.
    pub line: String,
}

impl Broadcast<'_, '_> {
    pub(super) fn caused(&self) -> Duration {
        self.causes[0]
    }

    pub(super) fn first_heard(&self) -> Option<Duration> {
        self.heard.first().map(|delivery| delivery.at)
    }

    /// The customer's chat: its type and number.
    pub(super) fn chat(&self) -> (&str, &str) {
        (&self.sent.customer_type, &self.sent.number)
    }
}

/// Everything that was to be broadcast, in the order of causing, and what could not be told.
pub(super) fn collect<'c, 'a>(conversation: &'c Conversation<'a>) -> (Vec<Broadcast<'c, 'a>>, Vec<String>) {
    let mut untested = Vec::new();
    let mut all: Vec<Broadcast<'c, 'a>> = Vec::new();
    for message in &conversation.messages {
        let Some(route) = conversation.contract().route(&message.sent.customer_type) else { continue };
        if let Some(earlier) = all.iter_mut().find(|earlier| earlier.sent.nonce == message.sent.nonce) {
            earlier.causes.push(message.at);
        } else if message.accepted().is_ok() {
            all.push(inbound(message, route, conversation));
        } else {
            untested.extend(message.accepted().err().map(reason));
        }
    }
    let replies: Vec<_> = conversation.connections.iter().flat_map(|one| replies(conversation, one, &all)).collect();
    for mut reply in replies {
        let own = |delivery: &&Delivery<'_>| shown(conversation, delivery, Role::Text) == reply.text.map(Value::from);
        if let Some(answered) = all.iter_mut().find(|one| one.sent.nonce == reply.sent.nonce) {
            let (heard, rest) = std::mem::take(&mut answered.heard).into_iter().partition(own);
            (reply.heard, answered.heard) = (heard, rest);
        }
        all.push(reply);
    }
    all.sort_by_key(Broadcast::caused);
    (all, untested)
}

fn inbound<'c, 'a>(message: &Message<'a>, route: &'a Route, conversation: &'c Conversation<'a>) -> Broadcast<'c, 'a> {
    let answer = conversation
        .entries
        .iter()
        .find(|entry| matches!(&entry.what, What::Accepted { trigger, .. } if *trigger == message.trigger));
    Broadcast {
        name: message.sent.label.to_string(),
        route,
        level: Level::Must,
        causes: vec![message.at],
        starts: message.starts(),
        answered: answer.map_or(Duration::MAX, |answer| answer.at),
        text: message.sent.text.as_deref(),
        sent: message.sent,
        is_reply: false,
        heard: conversation.deliveries.iter().filter(|delivery| delivery.nonce == message.sent.nonce).collect(),
        line: message.line(),
    }
}

/// The replies that a connection sent, each with the message that it answers.
fn replies<'c, 'a>(
    conversation: &Conversation<'a>,
    connection: &Connection<'a>,
    messages: &[Broadcast<'c, 'a>],
) -> Vec<Broadcast<'c, 'a>> {
    let Some(exchange) = &conversation.contract().send else { return Vec::new() };
    let answer = exchange.answer.as_deref().unwrap_or_default();
    let exchanges = connection.exchanges(&exchange.request, answer);
    let reply = |(asked, answer): &(&Event<'a>, Option<&Event<'a>>)| {
        let text = asked.args.first()?.get("message")?.as_str()?;
        let message = messages.iter().find(|message| text.contains(&message.sent.nonce))?;
        Some(Broadcast {
            name: format!("the reply to {}", message.name),
            route: message.route,
            level: Level::Should,
            causes: vec![asked.at],
            starts: asked.at,
            answered: answer.map_or(asked.at, |answer| answer.at),
            text: Some(text),
            sent: message.sent,
            is_reply: true,
            heard: Vec::new(),
            line: format!("{}  {} replied: {text:?}", evidence::clock(asked.at), connection.peer),
        })
    };
    exchanges.iter().filter(|(asked, _)| asked.dir == Direction::Out).filter_map(reply).collect()
}

/// What a delivery shows under the first of the role's keys that it has.
pub(super) fn shown(conversation: &Conversation<'_>, delivery: &Delivery<'_>, role: Role) -> Option<Value> {
    let payload = delivery.payload()?;
    conversation.contract().keys(role).find_map(|key| payload.get(key)).cloned()
}
