//! Faults of taking in: kinds, batches, receipts and redeliveries that are mistaken for something else.

use serde_json::{Value, json};

use super::{Act, Area, Fault};

/// The area.
pub(super) const AREA: Area = Area {
    title: "Taking in",
    about: "What the provider delivers, before it is a message in a chat.",
    faults: &[
        &CHAT_PER_MESSAGE,
        &MEDIA_UNTOLD,
        &REPLIES_UNTOLD,
        &PLACES_AND_CONTACTS_UNTOLD,
        &RECEIPTS_TOLD,
        &BATCH_FIRST_ONLY,
        &BATCH_LAST_ONLY,
        &REDELIVERY_COUNTED,
    ],
};

const CHAT_PER_MESSAGE: Fault = Fault {
    id: "chat-per-message",
    about: "Every message makes a chat of its own: the look-up is for a number in another spelling.",
    violates: &["broadcast.same-chat"],
    side_effects: &[
        "payload.unread",
        "broadcast.kinds",
        "broadcast.redelivery",
        "broadcast.not-status",
        "broadcast.reopened",
        "list.filter",
        "provider.reply-sent",
        "security.input",
    ],
    acts: &[Act::Arrival(|arrival| {
        // What tells messages apart tells the chats apart; only digits are numbers.
        let digits: String = arrival.message.id.bytes().map(|byte| char::from(b'0' + byte % 10)).collect();
        arrival.message.number.push_str(&digits);
    })],
};

const MEDIA_UNTOLD: Fault = Fault {
    id: "media-untold",
    about: "Only texts are told: a message without `text.body` falls through the conditional.",
    violates: &["broadcast.kinds"],
    side_effects: &[],
    acts: &[Act::Webhook(|body| {
        keep_messages(body, |message| !is_of(message, &["image", "video", "audio", "document", "sticker"]))
    })],
};

const REPLIES_UNTOLD: Fault = Fault {
    id: "replies-untold",
    about: "What customers choose from buttons and lists is saved nowhere: `button` and `interactive` are unknown \
            kinds.",
    violates: &["broadcast.kinds"],
    side_effects: &[],
    acts: &[Act::Webhook(|body| keep_messages(body, |message| !is_of(message, &["button", "interactive"])))],
};

const PLACES_AND_CONTACTS_UNTOLD: Fault = Fault {
    id: "places-and-contacts-untold",
    about: "Locations and contact cards have no text to show, so that nothing is told of them.",
    violates: &["broadcast.kinds"],
    side_effects: &[],
    acts: &[Act::Webhook(|body| keep_messages(body, |message| !is_of(message, &["location", "contacts"])))],
};

const RECEIPTS_TOLD: Fault = Fault {
    id: "receipts-told",
    about: "A receipt is taken for a message: ticks turn up in the list as if the customer had written.",
    violates: &["broadcast.not-status"],
    side_effects: &[],
    acts: &[Act::Webhook(|body| {
        for value in values(body).filter(|value| value.is_object() && value["messages"].is_null()) {
            let receipts = value["statuses"].as_array().into_iter().flatten();
            value["messages"] = receipts.map(as_message).collect();
        }
    })],
};

const BATCH_FIRST_ONLY: Fault = Fault {
    id: "batch-first-only",
    about: "Of a body with several messages the first is told: the code reads `messages[0]`.",
    violates: &["broadcast.batch"],
    side_effects: &[],
    acts: &[Act::Webhook(|body| {
        for value in values(body) {
            let messages = value.get_mut("messages").and_then(Value::as_array_mut);
            messages.into_iter().for_each(|messages| messages.truncate(1));
        }
    })],
};

const BATCH_LAST_ONLY: Fault = Fault {
    id: "batch-last-only",
    about: "Of a body with several messages the last is told: the broadcast stands behind the loop.",
    violates: &["broadcast.batch"],
    side_effects: &[],
    acts: &[Act::Webhook(|body| {
        for value in values(body) {
            let messages = value.get_mut("messages").and_then(Value::as_array_mut);
            messages.into_iter().for_each(|messages| drop(messages.drain(..messages.len().saturating_sub(1))));
        }
    })],
};

const REDELIVERY_COUNTED: Fault = Fault {
    id: "redelivery-counted",
    about: "A message that the provider delivers again counts again: nobody remembers ids.",
    violates: &["broadcast.redelivery"],
    side_effects: &[],
    acts: &[Act::Arrival(|arrival| arrival.message.id = format!("{} of {}", arrival.message.id, arrival.time))],
};

/// Each `value` of a webhook's body: what holds messages, or receipts.
fn values(body: &mut Value) -> impl Iterator<Item = &mut Value> {
    let values = list_mut(body, "entry").flat_map(|entry| list_mut(entry, "changes"));
    values.filter_map(|change| change.get_mut("value")).filter(|value| value.is_object())
}

fn list_mut<'v>(value: &'v mut Value, key: &str) -> impl Iterator<Item = &'v mut Value> {
    value.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten()
}

/// Removes the messages that are not to be kept.
fn keep_messages(body: &mut Value, keep: impl Fn(&Value) -> bool) {
    for messages in values(body).filter_map(|value| value.get_mut("messages")?.as_array_mut()) {
        messages.retain(&keep);
    }
}

fn is_of(message: &Value, kinds: &[&str]) -> bool {
    message["type"].as_str().is_some_and(|kind| kinds.contains(&kind))
}

/// A receipt, as a message with the receipt's word for a text.
fn as_message(receipt: &Value) -> Value {
    json!({
        "from": receipt["recipient_id"],
        "id": format!("{} {}", receipt["id"], receipt["status"]),
        "timestamp": receipt["timestamp"],
        "type": "text",
        "text": {"body": receipt["status"]},
    })
}
