//! Causes in the chat summary: its keys, and its unread counter.

use fixtures::Role;
use serde_json::Value;

use super::super::facts::Facts;
use super::{Diagnosis, in_words, list, node, python};
use crate::conversation::Conversation;
use crate::scenarios::CONVERSATION;

/// The types' payloads have different keys.
pub(super) fn payload_differs(facts: &Facts<'_, '_>) -> Option<Diagnosis> {
    let finding = facts.red.finding("payload.parity")?;
    Some(Diagnosis {
        id: "payload-differs",
        cause: format!("one type's payload is built by other code than the rest: {}", finding.observed),
        evidence: vec![finding.expected.clone()],
        remedies: vec![in_words(
            "build the chat summary in one function and let every branch send its result; only event and room depend on the type",
        )],
        explains: facts.red.explained(
            &["payload.", "broadcast.agent-reply", "broadcast.reopened", "list.shape", "security.input"],
            None,
        ),
    })
}

/// The counters of one chat's first messages, which nobody has read, and of the first one after an agent has.
struct Counters<'a> {
    unread: Vec<Option<&'a Value>>,
    after_reading: Option<&'a Value>,
}

/// The unread counter follows another rule than "one more with each message, until the chat is read".
pub(super) fn unread_miscounted(facts: &Facts<'_, '_>) -> Option<Diagnosis> {
    let explains = facts.red.explained(&["payload.unread", "broadcast.redelivery"], None);
    let conversation =
        facts.conversation(&CONVERSATION).filter(|_| facts.red.is_violated(&["payload.unread"], None))?;
    let routes = &conversation.contract().routes;
    let counters: Vec<_> =
        routes.iter().filter_map(|route| Some((route, counters(conversation, &route.customer_type)?))).collect();
    let rule = counters.iter().find_map(|(_, counters)| rule(counters))?;
    let told = |value: &Option<&Value>| value.map_or("none".to_owned(), Value::to_string);
    let line = |(route, counters): &(&fixtures::Route, Counters<'_>)| {
        let after = counters
            .after_reading
            .map(|count| format!("; {count} after an agent had read the chat"))
            .unwrap_or_default();
        format!(
            "{}: {} with as many messages of one chat{after}",
            route.customer_type,
            list(counters.unread.iter().map(told))
        )
    };
    Some(Diagnosis {
        id: "unread-miscounted",
        cause: rule.to_owned(),
        evidence: counters.iter().map(line).collect(),
        remedies: vec![
            python(
                "await chats.update_one({\"_id\": chat_id}, {\"$inc\": {\"unread_count\": 1}})    # once, where the message is saved",
            ),
            node(
                "await chats.updateOne({ _id: chatId }, { $inc: { unread_count: 1 } });    // once, where the message is saved",
            ),
            in_words(
                "set it to 0 in the handler by which an agent reads the chat, and nowhere else; send it as a number",
            ),
        ],
        explains,
    })
}

/// What the counters of one type's chat did; none where the messages did not come to one chat, which is another matter.
fn counters<'a>(conversation: &Conversation<'a>, customer_type: &str) -> Option<Counters<'a>> {
    let contract = conversation.contract();
    let read_at = contract.history.as_ref().and_then(|history| {
        let answer = history.answer.as_deref()?;
        conversation.connections.iter().find_map(|connection| {
            let own = connection.peer.actor.ends_with(customer_type);
            connection
                .exchanges(&history.request, answer)
                .iter()
                .filter(|_| own)
                .find_map(|(_, answer)| Some((*answer)?.at))
        })
    });
    let id = contract.key(Role::Identity)?;
    let mut found = Counters { unread: Vec::new(), after_reading: None };
    let mut chat = None;
    for message in conversation.messages.iter().filter(|message| message.sent.customer_type == customer_type) {
        let payload = conversation.first_delivery(message).ok()?.payload()?;
        if *chat.get_or_insert(payload.get(id)) != payload.get(id) {
            return None;
        }
        let count = contract.keys(Role::Unread).find_map(|key| payload.get(key));
        match read_at.is_some_and(|read| message.at >= read) {
            true => found.after_reading = found.after_reading.or(count),
            false => found.unread.push(count),
        }
    }
    (found.unread.len() > 1).then_some(found)
}

/// The rule that the counters follow, in a sentence.
fn rule(counters: &Counters<'_>) -> Option<&'static str> {
    let Counters { unread, after_reading } = counters;
    let numbers: Option<Vec<i64>> = unread.iter().map(|count| count.and_then(Value::as_i64)).collect();
    let Some(numbers) = numbers else {
        let text = unread.iter().all(|count| count.is_some_and(Value::is_string));
        let none = unread.iter().all(Option::is_none);
        return match (text, none) {
            (true, _) => Some("the unread counter is sent as text"),
            (_, true) => Some("the broadcasts carry no unread counter"),
            _ => None,
        };
    };
    let messages = || (1_i64..).take(numbers.len());
    if numbers.iter().all(|count| *count == numbers[0]) {
        return Some(match numbers[0] {
            0 => "the unread counter is never raised",
            _ => "the unread counter is a flag: it stays at the same number, however many messages are unread",
        });
    }
    if numbers.iter().copied().eq(messages().map(|message| 2 * message)) {
        return Some("the unread counter is raised twice for each message: by the webhook and again where it is saved");
    }
    let never_cleared = numbers.iter().copied().eq(messages())
        && after_reading.and_then(Value::as_i64) == i64::try_from(numbers.len() + 1).ok();
    never_cleared.then_some("reading a chat does not clear its unread counter")
}
