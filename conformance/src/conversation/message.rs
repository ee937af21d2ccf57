//! Inbound messages, what became of their triggers, and which received events carry them.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use fixtures::{Contract, Role};
use serde_json::Value;

use super::connection::{Connection, Event};
use super::not_tested;
use crate::recording::{Direction, Entry, NONCE_LENGTH, NONCE_START, Peer, Sent, What};
use crate::verdict::Failure;

/// What became of a trigger.
#[derive(Debug, Clone)]
pub enum Acceptance<'a> {
    /// It was accepted.
    Yes {
        /// `POST /api/…`.
        request: &'a str,
        /// The HTTP status, where there was one.
        status: Option<u16>,
        /// How long the answer took.
        took: Duration,
        /// How long the suite held back first.
        throttled: Duration,
    },
    /// It was not.
    No {
        /// Why.
        reason: &'a str,
        /// Whether a rate limit was the reason.
        throttled: bool,
    },
    /// The recording ends before that is known.
    Unknown,
}

/// An inbound message.
#[derive(Debug, Clone)]
pub struct Message<'a> {
    /// What was sent.
    pub sent: &'a Sent,
    /// When its trigger was set off.
    pub at: Duration,
    /// The trigger's number.
    pub trigger: u32,
    /// What became of it.
    pub acceptance: Acceptance<'a>,
}

impl Message<'_> {
    /// Whether the trigger was accepted.
    ///
    /// # Errors
    /// [`Failure::NotTested`] with the reason why not.
    pub fn accepted(&self) -> Result<(), Failure> {
        match &self.acceptance {
            Acceptance::Yes { .. } => Ok(()),
            Acceptance::No { reason, throttled: false } => {
                Err(not_tested(format!("a message was not accepted: {reason}")))
            }
            Acceptance::No { reason, throttled: true } => {
                Err(not_tested(format!("the rate limit held the suite back: {reason}")))
            }
            Acceptance::Unknown => Err(not_tested(format!("the message `{}` was never answered", self.sent.label))),
        }
    }

    /// From when its deadline counts: the trigger, later by what rate limits held back.
    #[must_use]
    pub fn starts(&self) -> Duration {
        match self.acceptance {
            Acceptance::Yes { throttled, .. } => self.at + throttled,
            _ => self.at,
        }
    }
}

/// A received event that carries a message.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'a> {
    /// Who received it.
    pub peer: &'a Peer,
    /// When.
    pub at: Duration,
    /// The event's name.
    pub event: &'a str,
    /// Its arguments.
    pub args: &'a [Value],
    /// The message's nonce.
    pub nonce: &'a str,
}

impl<'a> Delivery<'a> {
    /// The first argument.
    #[must_use]
    pub fn payload(&self) -> Option<&'a Value> {
        self.args.first()
    }
}

/// Collects the messages of a scenario's entries.
pub(super) fn index<'a>(entries: &[&'a Entry]) -> Vec<Message<'a>> {
    let outcomes: HashMap<u32, Acceptance<'a>> = entries.iter().filter_map(|entry| outcome(&entry.what)).collect();
    let mut messages = Vec::new();
    for entry in entries {
        let What::Sending { trigger, messages: sent } = &entry.what else { continue };
        let acceptance = outcomes.get(trigger).cloned().unwrap_or(Acceptance::Unknown);
        messages.extend(sent.iter().map(|sent| Message {
            sent,
            at: entry.at,
            trigger: *trigger,
            acceptance: acceptance.clone(),
        }));
    }
    messages
}

fn outcome(what: &What) -> Option<(u32, Acceptance<'_>)> {
    match what {
        What::Accepted { trigger, request, status, took, throttled } => {
            Some((*trigger, Acceptance::Yes { request, status: *status, took: *took, throttled: *throttled }))
        }
        What::NotAccepted { trigger, reason, throttled } => {
            Some((*trigger, Acceptance::No { reason, throttled: *throttled }))
        }
        _ => None,
    }
}

/// Finds which received events carry which message: by the nonce anywhere in the arguments. What bears the name of a
/// broadcast and none of our words (a message has none, or the backend left them out) is told by the customer's number or
/// the chat's id, and taken for the latest message of that customer with the same words, or else one without words first.
pub(super) fn deliveries<'a>(
    contract: &'a Contract,
    connections: &[Connection<'a>],
    messages: &[Message<'a>],
) -> Vec<Delivery<'a>> {
    let nonces: HashSet<&'a str> = messages.iter().map(|message| message.sent.nonce.as_str()).collect();
    let mut received: Vec<(&'a Peer, Event<'a>)> = connections
        .iter()
        .flat_map(|connection| connection.events.iter().map(|event| (connection.peer, *event)))
        .filter(|(_, event)| event.dir == Direction::In)
        .collect();
    received.sort_by_key(|(_, event)| event.at);
    let mut chats = HashMap::new();
    if let Some(key) = contract.key(Role::Identity) {
        received.iter().flat_map(|(_, event)| event.args).for_each(|arg| learn_chats(arg, key, &nonces, &mut chats));
    }
    let chat_of = |sent: &Sent| {
        let same = |other: &&Message<'_>| other.sent.number == sent.number;
        messages.iter().filter(same).find_map(|other| chats.get(&*other.sent.nonce).copied())
    };
    let unnamed = |event: &Event<'a>| {
        let payload = event.args.first().filter(|_| contract.routes.iter().any(|route| route.event == event.name))?;
        let about = |message: &&Message<'a>| {
            message.at <= event.at && is_about(payload, contract, message.sent, chat_of(message.sent))
        };
        let mut latest = messages.iter().rev().filter(about);
        let text = contract.key(Role::Text).and_then(|key| payload.get(key)).and_then(Value::as_str);
        // In traffic that was only watched, texts have no nonces.
        let same = latest.clone().find(|message| text.is_some() && message.sent.text.as_deref() == text);
        same.or_else(|| latest.clone().find(|message| message.sent.text.is_none())).or_else(|| latest.next())
    };
    let mut found = Vec::new();
    for (peer, event) in received {
        if contract.other_events.iter().any(|other| other == event.name) {
            continue;
        }
        let mut carried = Vec::new();
        event.args.iter().for_each(|arg| collect_nonces(arg, &nonces, &mut carried));
        if carried.is_empty() {
            carried.extend(unnamed(&event).map(|message| message.sent.nonce.as_str()));
        }
        let delivery = |nonce| Delivery { peer, at: event.at, event: event.name, args: event.args, nonce };
        found.extend(carried.into_iter().map(delivery));
    }
    found
}

/// Whether a chat summary is of this message's chat: by the customer's number, or by the chat's id where that is known. What
/// names another number is of another chat, whatever its id: ids may be anything.
#[must_use]
pub fn is_about(summary: &Value, contract: &Contract, sent: &Sent, chat: Option<&str>) -> bool {
    let text = |role| contract.key(role).and_then(|key| summary.get(key)).and_then(Value::as_str);
    let number = text(Role::Number).unwrap_or_default();
    if number == sent.number {
        return true;
    }
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let may_be_the_same = digits.ends_with(&sent.number) || sent.number.ends_with(&digits);
    may_be_the_same && chat.is_some_and(|chat| !chat.is_empty()) && text(Role::Identity) == chat
}

/// Learns which nonce's chat has which id, from every object that tells both: broadcasts and lists alike.
fn learn_chats<'a>(value: &'a Value, key: &str, known: &HashSet<&'a str>, chats: &mut HashMap<&'a str, &'a str>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| learn_chats(item, key, known, chats)),
        Value::Object(map) => {
            if let Some(id) = map.get(key).and_then(Value::as_str) {
                let mut nonces = Vec::new();
                map.values().filter(|item| item.is_string()).for_each(|item| collect_nonces(item, known, &mut nonces));
                for nonce in nonces {
                    chats.entry(nonce).or_insert(id);
                }
            }
            map.values().for_each(|item| learn_chats(item, key, known, chats));
        }
        _ => {}
    }
}

/// The known nonces in all texts within the value, each once.
fn collect_nonces<'a>(value: &Value, known: &HashSet<&'a str>, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => {
            for (start, _) in text.match_indices(NONCE_START) {
                let candidate = text.get(start..start + NONCE_LENGTH).and_then(|nonce| known.get(nonce));
                found.extend(candidate.filter(|nonce| !found.contains(nonce)).copied());
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_nonces(item, known, found)),
        Value::Object(map) => map.values().for_each(|item| collect_nonces(item, known, found)),
        _ => {}
    }
}

/// Whether any text within the value contains the nonce.
#[must_use]
pub fn mentions(value: &Value, nonce: &str) -> bool {
    match value {
        Value::String(text) => text.contains(nonce),
        Value::Array(items) => items.iter().any(|item| mentions(item, nonce)),
        Value::Object(map) => map.values().any(|item| mentions(item, nonce)),
        _ => false,
    }
}
