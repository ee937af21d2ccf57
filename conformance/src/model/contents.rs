//! What broadcasts say: text, type and identity, their order within a chat, and the unread counter.

use std::collections::BTreeMap;
use std::time::Duration;

use fixtures::Role;
use serde_json::Value;

use super::broadcasts::{Broadcast, shown};
use super::judge::Violation;
use super::presence::accepted;
use crate::conversation::{Conversation, Delivery, evidence};
use crate::verdict::Finding;

/// What is wrong with what was said.
pub(super) fn violations(
    conversation: &Conversation<'_>,
    broadcasts: &[Broadcast<'_, '_>],
    strict: bool,
) -> Vec<Violation> {
    let mut found: Vec<Violation> = broadcasts.iter().filter_map(|one| payload(conversation, one)).collect();
    let mut chats: BTreeMap<(&str, &str), Vec<&Broadcast<'_, '_>>> = BTreeMap::new();
    for broadcast in broadcasts {
        chats.entry(broadcast.chat()).or_default().push(broadcast);
    }
    found.extend(identities(conversation, &chats));
    for chat in chats.values() {
        found.extend(order(chat));
        found.extend(Counter { conversation, chat, strict }.violation());
    }
    found
}

fn violation(requirement: &'static str, delivery: &Delivery<'_>, brief: String, finding: Finding) -> Violation {
    Violation { requirement, at: delivery.at, peer: Some(delivery.peer.clone()), brief, finding }
}

/// Text and type, as each delivery under the right name shows them.
fn payload(conversation: &Conversation<'_>, broadcast: &Broadcast<'_, '_>) -> Option<Violation> {
    let rules = [
        ("payload.text", Role::Text, broadcast.text.filter(|_| !broadcast.is_reply)),
        ("payload.type", Role::Type, Some(broadcast.route.customer_type.as_str())),
    ];
    for delivery in broadcast.heard.iter().filter(|delivery| delivery.event == broadcast.route.event) {
        for (requirement, role, expected) in rules {
            let told = shown(conversation, delivery, role);
            if expected.is_some_and(|expected| told.as_ref().and_then(Value::as_str) != Some(expected)) {
                let key = conversation.contract().key(role).unwrap_or_default();
                let told = told.map_or_else(|| "nothing".to_owned(), |told| told.to_string());
                let (expected, observed) = apart(&Value::from(expected).to_string(), &told);
                let finding = Finding::new(format!("`{key}` of {}: {expected}", broadcast.name), observed)
                    .with([broadcast.line.clone(), delivery.line()]);
                return Some(violation(requirement, delivery, format!("another `{key}`"), finding));
            }
        }
    }
    None
}

/// Two texts, shortened to where they part.
fn apart(expected: &str, observed: &str) -> (String, String) {
    let same = expected.chars().zip(observed.chars()).take_while(|(a, b)| a == b).count();
    let skip = same.saturating_sub(20);
    let part = |text: &str| {
        let rest: String = text.chars().skip(skip).collect();
        let dots = if skip > 0 { "…" } else { "" };
        format!("{dots}{} ({} characters as JSON)", evidence::shorten(&rest, 60), text.chars().count())
    };
    (part(expected), part(observed))
}

/// A chat keeps its id, and shares it with no other.
fn identities(
    conversation: &Conversation<'_>,
    chats: &BTreeMap<(&str, &str), Vec<&Broadcast<'_, '_>>>,
) -> Option<Violation> {
    let mut owners: BTreeMap<String, (&str, &str)> = BTreeMap::new();
    for (chat, broadcasts) in chats {
        let mut id = None;
        let own = |broadcast: &&&Broadcast<'_, '_>| !broadcast.heard.is_empty();
        for delivery in broadcasts.iter().filter(own).flat_map(|broadcast| &broadcast.heard) {
            let Some(told) = shown(conversation, delivery, Role::Identity).map(|told| told.to_string()) else {
                continue;
            };
            let first = id.get_or_insert_with(|| told.clone());
            let owner = owners.entry(told.clone()).or_insert(*chat);
            let wrong = if *first != told {
                Some((format!("{first} for every message of one chat"), told))
            } else if owner != chat {
                Some(("an id of its own for each chat".to_owned(), format!("{told} for {owner:?} and {chat:?}")))
            } else {
                None
            };
            if let Some((expected, observed)) = wrong {
                let finding = Finding::new(expected, observed).with([delivery.line()]);
                return Some(violation("payload.identity", delivery, "another chat's id".to_owned(), finding));
            }
        }
    }
    None
}

/// Messages of a chat that were sent one after the other, each answered before the next, arrive in that order.
fn order(chat: &[&Broadcast<'_, '_>]) -> Option<Violation> {
    let messages: Vec<_> = chat.iter().filter(|one| !one.is_reply && one.causes.len() == 1).collect();
    for (index, earlier) in messages.iter().enumerate() {
        for later in messages[index + 1..].iter().filter(|later| earlier.answered <= later.caused()) {
            for delivery in &later.heard {
                let first = earlier.heard.iter().find(|other| other.peer == delivery.peer);
                if let Some(first) = first.filter(|first| delivery.at < first.at) {
                    let expected = format!("{} before {} at {}", earlier.name, later.name, delivery.peer);
                    let finding = Finding::new(expected, "the other way round").with([
                        earlier.line.clone(),
                        later.line.clone(),
                        delivery.line(),
                        first.line(),
                    ]);
                    return Some(violation("broadcast.order", first, format!("{} too late", earlier.name), finding));
                }
            }
        }
    }
    None
}

/// The unread counter of one chat. Each broadcast's value lies between what must have been counted by then and what may
/// have been; where messages come one by one these are the same. What the counter began with is not known.
struct Counter<'j, 'c, 'a> {
    conversation: &'c Conversation<'a>,
    chat: &'j [&'j Broadcast<'c, 'a>],
    strict: bool,
}

impl Counter<'_, '_, '_> {
    fn violation(&self) -> Option<Violation> {
        self.conversation.contract().key(Role::Unread)?;
        let reads = self.reads();
        // Whether a reply clears the counter is not judged, and so neither is what comes after one.
        let replied = self.chat.iter().find(|one| one.is_reply).map(|reply| reply.caused());
        let mut since_beginning = (i64::MIN, i64::MAX);
        for broadcast in self.chat.iter().filter(|one| !one.is_reply) {
            for delivery in broadcast.heard.iter().filter(|delivery| delivery.event == broadcast.route.event) {
                if replied.is_some_and(|replied| replied <= delivery.at) {
                    continue;
                }
                let overlaps = |(asked, answered): &&(Duration, Duration)| {
                    *asked <= delivery.at && *answered >= broadcast.caused()
                };
                if reads.iter().any(|read| overlaps(&read)) {
                    continue;
                }
                let read = reads.iter().rfind(|(_, answered)| *answered < broadcast.caused());
                let told = shown(self.conversation, delivery, Role::Unread);
                let (least, most) = self.counted(broadcast, delivery, read);
                let value = told.as_ref().and_then(Value::as_i64);
                let allowed = match (value, read) {
                    (Some(value), Some(_)) => (least..=most).contains(&value),
                    (Some(value), None) => {
                        since_beginning = (since_beginning.0.max(value - most), since_beginning.1.min(value - least));
                        since_beginning.0 <= since_beginning.1
                    }
                    (None, _) => false,
                };
                if !allowed {
                    return Some(self.found(broadcast, delivery, told.as_ref(), (least, most), read.is_some()));
                }
            }
        }
        None
    }

    /// When an agent asked for the chat's messages, and was answered.
    fn reads(&self) -> Vec<(Duration, Duration)> {
        let contract = self.conversation.contract();
        let Some(history) = &contract.history else { return Vec::new() };
        let answer = history.answer.as_deref().unwrap_or_default();
        let ids: Vec<Value> = self
            .chat
            .iter()
            .flat_map(|one| &one.heard)
            .filter_map(|delivery| shown(self.conversation, delivery, Role::Identity))
            .collect();
        let key = contract.key(Role::Identity).unwrap_or_default();
        let mut reads: Vec<(Duration, Duration)> = Vec::new();
        for connection in &self.conversation.connections {
            for (asked, answer) in connection.exchanges(&history.request, answer) {
                let ours = asked.args.first().and_then(|asked| asked.get(key)).is_some_and(|id| ids.contains(id));
                // Without an answer nobody knows when it was read, if at all: what follows is not judged.
                let until = match answer {
                    Some(answer) if accepted(answer) => answer.at,
                    _ => Duration::MAX,
                };
                reads.extend(ours.then_some((asked.at, until)));
            }
        }
        reads.sort_unstable();
        reads
    }

    /// How many messages since the reading (or the beginning) the counter must and may have counted when this delivery's
    /// broadcast was made.
    fn counted(
        &self,
        broadcast: &Broadcast<'_, '_>,
        delivery: &Delivery<'_>,
        read: Option<&(Duration, Duration)>,
    ) -> (i64, i64) {
        let (mut least, mut most) = (1, 0);
        for other in self.chat.iter().filter(|other| !other.is_reply) {
            let done = other.first_heard();
            let before_reading = read.is_some_and(|(asked, _)| done.is_some_and(|done| done < *asked));
            let after_reading = read.is_none_or(|(_, answered)| other.caused() > *answered);
            let copies = if self.strict { 1 } else { other.causes.iter().filter(|at| **at < delivery.at).count() };
            if other.caused() < delivery.at && (!before_reading || copies > 1) {
                most += i64::try_from(copies).unwrap_or(i64::MAX);
            }
            let counted = done.is_some_and(|done| done < broadcast.caused()) && after_reading;
            least += i64::from(counted && other.sent.nonce != broadcast.sent.nonce);
        }
        (least, most)
    }

    fn found(
        &self,
        broadcast: &Broadcast<'_, '_>,
        delivery: &Delivery<'_>,
        told: Option<&Value>,
        (least, most): (i64, i64),
        read: bool,
    ) -> Violation {
        let keys: Vec<&str> = self.conversation.contract().keys(Role::Unread).collect();
        let since = if read { "since the chat was read" } else { "since the first message" };
        let count = if least == most { least.to_string() } else { format!("{least} to {most}") };
        let expected = format!("`{}` raised by one with each message: {count} {since}", keys.join("` or `"));
        let observed = told.map_or_else(|| "no such key".to_owned(), Value::to_string);
        let lines = self.chat.iter().map(|one| one.line.clone()).chain(
            self.chat
                .iter()
                .flat_map(|one| one.heard.iter().filter(|other| other.peer == delivery.peer))
                .map(|one| one.line()),
        );
        let brief = format!("{} unread with {}", observed, broadcast.name);
        violation("payload.unread", delivery, brief, Finding::new(expected, observed).with(lines))
    }
}
