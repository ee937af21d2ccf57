//! Messages and the chats that they belong to: new, known, saved, resolved, answered.

use serde_json::{Value, json};

use super::{MEMBER, plainly};
use crate::recording::tape::Tape;
use crate::scenarios::{AGENT_REPLY, CONVERSATION, LIST_ON_RECEIPT, REOPENED};

#[test]
fn a_first_message_makes_a_chat_and_the_next_ones_are_in_it() {
    let named =
        |id: Value| move |chat: &mut serde_json::Map<String, Value>| drop(chat.insert("chat_id".to_owned(), id));
    let mut tape = plainly(&CONVERSATION);
    tape.sends("Partner", "2").told(MEMBER, "2");
    tape.passes("broadcast.new-chat [Partner]");
    tape.passes("broadcast.same-chat [Partner]");
    tape.sends("Partner", "3").told_with(MEMBER, "3", named(json!("another")));
    tape.violates("broadcast.same-chat [Partner]", "chat \"another\"");

    for id in [json!(""), json!(7), Value::Null] {
        let mut tape = Tape::of(&CONVERSATION);
        tape.member(MEMBER, "Partner").sends("Partner", "1").told_with(MEMBER, "1", named(id));
        tape.violates("broadcast.new-chat [Partner]", "names no chat");
    }
    plainly(&CONVERSATION).leaves_open("broadcast.same-chat [Partner]", None); // one message tells nothing of the next
}

#[test]
fn a_list_on_receipt_shows_the_message() {
    let name = "broadcast.saved-first [Partner]";
    let base = |shown: [Option<&str>; 2]| {
        let mut tape = plainly(&LIST_ON_RECEIPT);
        for (label, shown) in [("plain", shown[0]), ("second", shown[1])] {
            if label != "plain" {
                tape.sends("Partner", label).told(MEMBER, label);
            }
            let chats = shown.into_iter().map(|shown| tape.summary(shown)).collect();
            tape.lists(MEMBER, "Partner", (1, 100), chats);
        }
        tape
    };
    base([Some("plain"), Some("second")]).passes(name);
    base([Some("plain"), Some("plain")]).violates(name, "does not show it");
    base([None, Some("second")]).violates(name, "does not show it");
    base([None, None]).leaves_open(name, "list.filter");
    plainly(&LIST_ON_RECEIPT).leaves_open(name, "list.shape");
    Tape::of(&LIST_ON_RECEIPT).member(MEMBER, "Partner").sends("Partner", "1").leaves_open(name, "broadcast.delivered");
}

/// A message, and an agent who resolves its chat with this outcome; then another message.
fn resolved(status: u8) -> Tape {
    let mut tape = plainly(&REOPENED);
    tape.emits(MEMBER, "update_chat_status", vec![json!({"status": "resolved"})])
        .hears(MEMBER, "update_chat_status_response", vec![json!({"status": status, "message": "so be it"})])
        .sends("Partner", "after");
    tape
}

#[test]
fn a_message_in_a_resolved_chat_reopens_it() {
    let name = "broadcast.reopened [Partner]";
    resolved(1).told(MEMBER, "after").passes(name);
    resolved(1)
        .told_with(MEMBER, "after", |chat| drop(chat.insert("status".to_owned(), json!("resolved"))))
        .violates(name, "\"resolved\"");
    resolved(1)
        .told_with(MEMBER, "after", |chat| drop(chat.insert("chat_id".to_owned(), json!("a new one"))))
        .violates(name, "chat \"a new one\"");
    resolved(1).violates(name, "none");
    resolved(0).told(MEMBER, "after").leaves_open(name, None);
    plainly(&REOPENED).leaves_open(name, None);
}

/// A question, and an agent's reply that is answered with this status.
fn replied(status: u8) -> Tape {
    let mut tape = plainly(&AGENT_REPLY);
    tape.emits(MEMBER, "send_message", vec![json!({"message": "we look into it"})]).hears(
        MEMBER,
        "send_message_response",
        vec![json!({"status": status})],
    );
    tape
}

#[test]
fn an_agents_reply_updates_the_list() {
    let name = "broadcast.agent-reply [Partner]";
    let update = |by: &str| vec![json!({"last_message": "we look into it", "last_interaction_by": by})];
    replied(1).hears(MEMBER, "room_update", update("Executive")).passes(name);
    replied(1).hears(MEMBER, "room_update", update("Customer")).violates(name, "\"Customer\"");
    replied(1).hears(MEMBER, "room_update_vendor", update("Executive")).violates(name, "no broadcast of the reply");
    replied(0).leaves_open(name, None);
    plainly(&AGENT_REPLY).leaves_open(name, None);
}
