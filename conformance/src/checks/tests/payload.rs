//! What the broadcasts say.

use serde_json::{Map, Value, json};

use crate::recording::tape::Tape;
use crate::scenarios::{CONVERSATION, NAMELESS, ONE_MESSAGE_PER_TYPE, SUMMARIES, TEXTS};

const MEMBER: &str = "member/Partner";

/// A change of one key of a payload.
fn with(key: &str, value: Value) -> impl FnOnce(&mut Map<String, Value>) {
    let key = key.to_owned();
    move |chat| drop(chat.insert(key, value))
}

fn without(key: &str) -> impl FnOnce(&mut Map<String, Value>) {
    move |chat| drop(chat.shift_remove(key))
}

/// A member, and a message to it.
fn sent() -> Tape {
    let mut tape = Tape::of(&SUMMARIES);
    tape.member("a", "Partner").sends("Partner", "hello");
    tape
}

#[test]
fn a_payload_is_a_chat_summary() {
    let name = "payload.schema [Partner]";
    sent().told("a", "hello").passes(name);
    for key in ["chat_id", "customer_type", "last_message", "last_message_time"] {
        sent().told_with("a", "hello", without(key)).violates(name, key);
        sent().told_with("a", "hello", with(key, json!(7))).violates(name, key);
    }
    let mut tape = sent();
    let summary = tape.summary("hello");
    tape.hears("a", "room_update", vec![summary, json!(2)]).violates(name, "2 arguments");
    sent().leaves_open(name, "broadcast.delivered");
    // Of one whose name nobody knows, a backend may say nothing; what it says is a summary.
    let nameless = || {
        let mut tape = sent();
        tape.told("a", "hello").sends_from("nobody", "Partner", &format!("Partner/{NAMELESS}"));
        tape
    };
    nameless().passes(name);
    nameless().told_with("a", "Partner/nameless", with("customer_name", Value::Null)).passes(name);
    nameless().told_with("a", "Partner/nameless", without("customer_name")).violates(name, "customer_name");
}

#[test]
fn a_chat_has_an_id_of_its_own_which_the_list_shares() {
    let name = "payload.identity [Partner]";
    let two = |id: Value| {
        let mut tape = sent();
        tape.told("a", "hello").sends_from("another", "Partner", "other").told_with("a", "other", with("chat_id", id));
        tape
    };
    two(json!("chat-other")).passes(name);
    two(json!("chat-15550100000")).violates(name, "\"chat-15550100000\" for two");
    for wrong in [json!(""), json!(7), Value::Null] {
        two(wrong.clone()).violates(name, &wrong.to_string());
    }
    // One number that writes to two types has two chats.
    let with_both = |id: &str| {
        let mut tape = Tape::of(&SUMMARIES);
        tape.member("a", "Partner").member("b", "Vendor");
        tape.sends_from("*all", "Partner", "hello").told("a", "hello");
        tape.sends_from("*all", "Vendor", "other").told_with("b", "other", with("chat_id", json!(id)));
        tape
    };
    with_both("another").passes(name);
    with_both("chat-15550100000").violates(name, "for two");
    let listed = |id: &str| {
        let mut tape = sent();
        tape.told("a", "hello");
        let mut chat = tape.summary("hello");
        chat["chat_id"] = json!(id);
        tape.lists("a", "Partner", (1, 100), vec![chat]);
        tape
    };
    listed("chat-15550100000").passes(name);
    listed("another").violates(name, "the list has \"another\"");
}

#[test]
fn a_payload_names_its_own_type() {
    let name = "payload.type [Partner]";
    sent().told("a", "hello").passes(name);
    sent().told_with("a", "hello", with("customer_type", json!("Vendor"))).violates(name, "\"Vendor\"");
    sent().told_with("a", "hello", without("customer_type")).violates(name, "no such key");
}

#[test]
fn a_text_comes_through_code_point_for_code_point() {
    let name = "payload.text [Partner]";
    let base = || {
        let mut tape = Tape::of(&TEXTS);
        tape.member(MEMBER, "Partner").sends("Partner", "plain").told(MEMBER, "plain").sends("Partner", "text");
        tape
    };
    base().told(MEMBER, "text").passes(name);
    base().told_with(MEMBER, "text", with("last_message", json!("~nonce00001 hellø"))).violates(name, "character 17");
    base().told_with(MEMBER, "text", with("last_message", json!("~nonce00001 hello "))).violates(name, "18 characters");
    base().violates(name, "none, although plain words were broadcast");
    let renamed = |chat: &mut Map<String, Value>| {
        let text = chat.shift_remove("last_message").unwrap();
        chat.insert("lastMessage".to_owned(), text);
    };
    base().told_with(MEMBER, "text", renamed).violates(name, "no text");
    Tape::of(&TEXTS).member(MEMBER, "Partner").sends("Partner", "plain").leaves_open(name, "broadcast.delivered");
}

/// Two messages of one chat whose broadcasts tell these times; the recording begins at 10:30:00.
fn at_times(first: &str, second: &str) -> Tape {
    let mut tape = Tape::of(&CONVERSATION);
    tape.member(MEMBER, "Partner");
    for (label, time) in [("1", first), ("2", second)] {
        tape.sends("Partner", label).told_with(MEMBER, label, with("last_message_time", json!(time)));
    }
    tape
}

#[test]
fn a_time_is_now_and_never_goes_back() {
    let name = "payload.time [Partner]";
    at_times("2026-02-24T10:30:00Z", "2026-02-24T10:30:00.005Z").passes(name);
    at_times("2026-02-24T16:00:00+05:30", "2026-02-24T10:30:00").passes(name); // without an offset it is UTC
    at_times("2026-02-24T10:29:01Z", "2026-02-24T10:30:59Z").passes(name); // within the skew
    at_times("2026-02-24T10:30:00Z", "2026-02-24T10:29:59Z").violates(name, "10:29:59");
    at_times("2026-02-24T10:32:00Z", "2026-02-24T10:32:00Z").violates(name, "10:32:00");
    at_times("2026-02-24T10:28:00Z", "2026-02-24T10:30:00Z").violates(name, "10:28:00");
    at_times("2026-02-24T16:00:00", "2026-02-24T16:00:00").violates(name, "16:00:00"); // local time without its offset
    for wrong in ["1771929000", "24/02/2026 10:30", "", "10:30"] {
        at_times(wrong, "2026-02-24T10:30:00Z").violates(name, wrong);
    }
}

/// A conversation whose broadcasts tell these counts; an agent reads the chat before the last message, if told so.
fn counting(counts: &[Value], read: bool) -> Tape {
    let mut tape = Tape::of(&CONVERSATION);
    tape.member(MEMBER, "Partner");
    for (index, count) in counts.iter().enumerate() {
        if read && index + 1 == counts.len() {
            tape.emits(MEMBER, "fetch_chats_by_user", vec![json!({"chat_id": "c"})]).hears(
                MEMBER,
                "fetch_chats_by_user_response",
                vec![json!({"status": 1, "messages": []})],
            );
        }
        let label = index.to_string();
        tape.sends("Partner", &label).told_with(MEMBER, &label, with("unread_count", count.clone()));
    }
    tape
}

#[test]
fn unread_messages_are_counted_until_they_are_read() {
    let name = "payload.unread [Partner]";
    counting(&[json!(1), json!(2), json!(3)], false).passes(name);
    counting(&[json!(1), json!(2), json!(1)], true).passes(name);
    counting(&[json!(1), json!(1)], false).violates(name, "1");
    counting(&[json!(0)], false).violates(name, "0");
    counting(&[json!(1), json!(2), json!(3)], true).violates(name, "3");
    counting(&[json!(1), json!(2), json!(1)], false).violates(name, "1");
    counting(&[json!("1")], false).violates(name, "no whole number");
}

/// A message of two types, the second one's payload changed.
fn side_by_side(change: impl FnOnce(&mut Map<String, Value>)) -> Tape {
    let mut tape = Tape::of(&ONE_MESSAGE_PER_TYPE);
    for customer_type in ["Partner", "Customer", "SRDP"] {
        tape.member(customer_type, customer_type).sends(customer_type, customer_type);
        tape.told(customer_type, customer_type);
    }
    tape.member("Vendor", "Vendor").sends("Vendor", "Vendor").told_with("Vendor", "Vendor", change);
    tape
}

#[test]
fn all_types_send_the_same_keys_with_the_same_types() {
    side_by_side(|_| ()).passes("payload.parity");
    side_by_side(with("customer_name", Value::Null)).passes("payload.parity"); // null goes with every type
    side_by_side(without("last_message")).violates("payload.parity", "`last_message` is missing");
    side_by_side(with("extra", json!(1))).violates("payload.parity", "`extra` is not in the other");
    side_by_side(with("unread_count", json!("1"))).violates("payload.parity", "`unread_count` is text, not a number");
}

#[test]
fn parity_is_not_known_of_a_type_that_nobody_heard() {
    let mut tape = Tape::of(&ONE_MESSAGE_PER_TYPE);
    for customer_type in ["Partner", "Customer", "Vendor", "SRDP"] {
        tape.member(customer_type, customer_type).sends(customer_type, customer_type);
    }
    tape.told("Customer", "Customer").told("Vendor", "Vendor").told("SRDP", "SRDP");
    tape.leaves_open("payload.parity", "broadcast.delivered");
}
