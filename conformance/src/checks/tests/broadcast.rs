//! Who hears a message, how often, when, and what else must not be heard.

use fixtures::webhooks::MessageKind;
use serde_json::{Value, json};

use crate::recording::What;
use crate::recording::tape::Tape;
use crate::scenarios::{
    AGENT_REPLY, BATCH, BURST, Blueprint, CONCURRENT, CONVERSATION, KINDS, LIST_ON_RECEIPT, ONE_MESSAGE_PER_TYPE,
    RECEIPTS, REDELIVERY, REOPENED, SLOW, SLOW_MEMBER,
};

const MEMBER: &str = "member/Partner";

/// Two members of one room, and a message.
fn sent() -> Tape {
    let mut tape = Tape::of(&ONE_MESSAGE_PER_TYPE);
    tape.member("a", "Partner").member("b", "Partner").sends("Partner", "hello");
    tape
}

/// The type's plain member, and a message that it hears.
fn plainly(blueprint: &Blueprint) -> Tape {
    let mut tape = Tape::of(blueprint);
    tape.member(MEMBER, "Partner").sends("Partner", "plain").told(MEMBER, "plain");
    tape
}

#[test]
fn every_member_hears_in_time() {
    let name = "broadcast.delivered [Partner]";
    sent().told_all(&["a", "b"], "hello").passes(name);
    sent().told("a", "hello").violates(name, "not heard by b (websocket, port 40000)");
    sent().violates(name, "none of them heard it");
    sent().told("a", "hello").wait(2000).told("b", "hello").violates(name, "late: b (websocket, port 40000) after 2");
    sent()
        .told("a", "hello")
        .told_as("b", "hello", "room_update_partner")
        .violates(name, "but b heard it as `room_update_partner`");
}

#[test]
fn what_a_machine_without_time_shows_is_held_against_nobody() {
    let name = "broadcast.delivered [Partner]";
    let starved = || What::Starved { reason: "its timers came up to 900 ms late".to_owned() };
    sent().told("a", "hello").wait(2000).told("b", "hello").happens(starved()).leaves_open(name, None);
    sent().told_all(&["a", "b"], "hello").happens(starved()).passes(name);
}

#[test]
fn a_member_that_went_before_the_deadline_owes_nothing_and_proves_nothing() {
    let name = "broadcast.delivered [Partner]";
    sent().told("a", "hello").closes("b", true).passes(name);
    sent().closes("a", true).closes("b", true).leaves_open(name, None);
    sent().told("a", "hello").wait(2000).closes("b", true).violates(name, "not heard by b");
}

#[test]
fn a_message_that_nobody_could_hear_or_that_was_not_taken_is_not_judged() {
    let name = "broadcast.delivered [Partner]";
    Tape::of(&ONE_MESSAGE_PER_TYPE).opens("a").sends("Partner", "hello").leaves_open(name, "join.acknowledged");
    Tape::of(&ONE_MESSAGE_PER_TYPE)
        .member("a", "Partner")
        .sends_in_vain("Partner", "hello", "HTTP 500")
        .leaves_open(name, None);
    sent().told_all(&["a", "b"], "hello").leaves_open("broadcast.delivered [Vendor]", None);
}

#[test]
fn a_missing_broadcast_is_told_from_a_message_without_effect() {
    let finding = |tape: &Tape| {
        let recording = tape.ended();
        let verdicts = crate::checks::find("broadcast.delivered").unwrap().judge_recording(&recording);
        format!("{:?}", verdicts[0].outcome)
    };
    let mut saved = sent();
    let chat = saved.summary("hello");
    let told = finding(saved.lists("a", "Partner", (1, 100), vec![chat]));
    assert!(told.contains("saved all the same"), "{told}");
    let told = finding(sent().lists("a", "Partner", (1, 100), vec![]));
    assert!(told.contains("not saved either"), "{told}");
}

#[test]
fn every_member_hears_once() {
    let name = "broadcast.exactly-once [Partner]";
    let both = ["a", "b"];
    sent().told_all(&both, "hello").settles(&both).passes(name);
    sent().told_all(&both, "hello").told("b", "hello").settles(&both).violates(name, "2 times");
    sent().told_all(&both, "hello").settles(&["a"]).leaves_open(name, None);
    sent().told("a", "hello").settles(&both).leaves_open(name, "broadcast.delivered");
}

#[test]
fn nobody_else_hears() {
    let name = "broadcast.only-room [Partner]";
    let base = || {
        let mut tape = sent();
        tape.told_all(&["a", "b"], "hello");
        tape
    };
    let with_outsider = || {
        let mut tape = Tape::of(&ONE_MESSAGE_PER_TYPE);
        tape.member("a", "Partner").member("left", "Partner").leaves("left", "PartnerApp").member("other", "Vendor");
        tape.opens("bystander").sends("Partner", "hello").told("a", "hello");
        tape
    };
    let outside = ["left", "other", "bystander"];
    with_outsider().settles(&outside).passes(name);
    for outsider in outside {
        with_outsider().told(outsider, "hello").settles(&outside).violates(name, "it heard `room_update`");
        let others: Vec<&str> = outside.into_iter().filter(|other| *other != outsider).collect();
        with_outsider().settles(&others).leaves_open(name, None);
    }
    base().leaves_open(name, None); // nobody was outside
}

#[test]
fn a_message_has_one_name() {
    let name = "broadcast.one-name [Partner]";
    sent().told_all(&["a", "b"], "hello").passes(name);
    sent().told("a", "hello").told_as("a", "hello", "room_update_partner").violates(name, "`room_update_partner`");
    sent().told("a", "hello").told_as("a", "hello", "room_update_vendor").violates(name, "`room_update_vendor`");
    sent().leaves_open(name, "broadcast.delivered");
}

/// A member of each type, and a message to each; all hear theirs but these.
fn of_each_type(deaf: &[&str]) -> Tape {
    let mut tape = Tape::of(&ONE_MESSAGE_PER_TYPE);
    for customer_type in ["Partner", "Customer", "Vendor", "SRDP"] {
        tape.member(customer_type, customer_type).sends(customer_type, customer_type);
        if !deaf.contains(&customer_type) {
            tape.told(customer_type, customer_type);
        }
    }
    tape
}

#[test]
fn all_types_work_alike() {
    of_each_type(&[]).passes("broadcast.independent");
    of_each_type(&["Vendor"]).violates("broadcast.independent", "Partner, Customer, SRDP delivered, Vendor did not");
    of_each_type(&["Partner", "Customer", "Vendor", "SRDP"])
        .leaves_open("broadcast.independent", "broadcast.delivered");
}

#[test]
fn messages_arrive_in_the_order_of_sending() {
    let name = "broadcast.order [Partner]";
    let base = || {
        let mut tape = plainly(&CONVERSATION);
        tape.sends("Partner", "2").sends("Partner", "3");
        tape
    };
    base().told(MEMBER, "2").told(MEMBER, "3").passes(name);
    base().told(MEMBER, "3").told(MEMBER, "2").violates(name, "arrived as plain, 3, 2");
    base().told(MEMBER, "3").violates(name, "arrived as plain, 3");
    Tape::of(&CONVERSATION).member(MEMBER, "Partner").sends("Partner", "1").leaves_open(name, "broadcast.delivered");
}

#[test]
fn messages_at_once_are_all_heard_and_the_list_agrees_with_the_last() {
    let name = "broadcast.burst [Partner]";
    let base = || {
        let mut tape = plainly(&BURST);
        tape.sends("Partner", "2").sends("Partner", "3").told(MEMBER, "2");
        tape
    };
    let listing = |label: Option<&str>| {
        let mut tape = base();
        tape.told(MEMBER, "3").settles(&[MEMBER]);
        let chats: Vec<Value> = label.into_iter().map(|label| tape.summary(label)).collect();
        tape.lists(MEMBER, "Partner", (1, 100), chats);
        tape
    };
    listing(Some("3")).passes(name);
    listing(Some("2")).violates(name, "the last broadcast is of `3`, the list shows `2`");
    listing(None).leaves_open(name, "list.filter");
    base().told(MEMBER, "3").settles(&[MEMBER]).leaves_open(name, "list.shape");
    base().told(MEMBER, "3").settles(&[MEMBER]).lacking("list").passes(name);
    base().settles(&[MEMBER]).violates(name, "3: never");
    base().told(MEMBER, "3").told(MEMBER, "3").settles(&[MEMBER]).violates(name, "3: 2 times");
}

#[test]
fn a_burst_is_not_blamed_for_what_a_single_message_suffers() {
    let name = "broadcast.burst [Partner]";
    let mut tape = plainly(&BURST);
    tape.told(MEMBER, "plain").sends("Partner", "2").told(MEMBER, "2").told(MEMBER, "2").settles(&[MEMBER]);
    tape.leaves_open(name, "broadcast.exactly-once");
    let mut tape = Tape::of(&BURST);
    tape.member(MEMBER, "Partner").sends("Partner", "plain").leaves_open(name, "broadcast.delivered");
}

#[test]
fn types_at_once_are_not_crossed() {
    let name = "broadcast.concurrent [Partner]";
    let all = ["member/Partner", "member/Customer", "member/Vendor", "member/SRDP"];
    let base = || {
        let mut tape = Tape::of(&CONCURRENT);
        for actor in all {
            tape.member(actor, actor.split('/').nth(1).unwrap());
        }
        tape.sends("Partner", "plain").told(MEMBER, "plain").sends("Partner", "1").told(MEMBER, "1");
        tape
    };
    base().settles(&all).passes(name);
    base().told("member/SRDP", "1").settles(&all).violates(name, "it heard `room_update`");
    base().sends("Partner", "2").settles(&all).violates(name, "2: never");
    base().settles(&[MEMBER]).leaves_open(name, None);
}

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

#[test]
fn every_kind_of_message_is_broadcast() {
    let name = "broadcast.kinds [Partner]";
    let base = || {
        let mut tape = plainly(&KINDS);
        tape.sends_kind(MessageKind::Image, "customer", "Partner", "image").told(MEMBER, "image");
        tape.sends_kind(MessageKind::Sticker, "customer", "Partner", "sticker");
        tape
    };
    base().told(MEMBER, "sticker").passes(name);
    base().violates(name, "none for: sticker");
    Tape::of(&KINDS).member(MEMBER, "Partner").sends("Partner", "text").leaves_open(name, "broadcast.delivered");
}

#[test]
fn receipts_broadcast_nothing() {
    let name = "broadcast.not-status [Partner]";
    let base = |copies: usize, told_of_receipts: usize| {
        let mut tape = Tape::of(&RECEIPTS);
        tape.member(MEMBER, "Partner");
        for label in ["plain", "before", "after"] {
            tape.sends("Partner", label);
            tape.told_all(&vec![MEMBER; copies], label);
            if label == "before" {
                tape.receipts("Partner");
                tape.told_all(&vec![MEMBER; told_of_receipts], label);
            }
        }
        tape
    };
    base(1, 0).settles(&[MEMBER]).passes(name);
    base(1, 4).settles(&[MEMBER]).violates(name, "7 broadcasts");
    base(1, 1).settles(&[MEMBER]).violates(name, "4 broadcasts");
    base(2, 0).settles(&[MEMBER]).passes(name); // doubled, and not because of receipts
    base(2, 1).settles(&[MEMBER]).violates(name, "7 broadcasts");
    base(1, 0).leaves_open(name, None);
    base(0, 0).settles(&[MEMBER]).leaves_open(name, "broadcast.delivered");
}

#[test]
fn receipts_that_were_refused_or_never_sent_prove_nothing() {
    let name = "broadcast.not-status [Partner]";
    let mut tape = plainly(&RECEIPTS);
    tape.settles(&[MEMBER]).leaves_open(name, None);
    let refused = Some("the webhook answered 400".to_owned());
    let status = fixtures::webhooks::ReceiptStatus::Read;
    tape.receipts("Partner").happens(What::Receipt { customer_type: "Partner".to_owned(), status, refused });
    tape.leaves_open(name, None);
}

#[test]
fn each_message_of_a_batch_is_broadcast() {
    let name = "broadcast.batch [Partner]";
    let base = || {
        let mut tape = plainly(&BATCH);
        tape.sends_from("a", "Partner", "1").sends_from("b", "Partner", "2");
        tape
    };
    base().told(MEMBER, "1").told(MEMBER, "2").settles(&[MEMBER]).passes(name);
    base().told(MEMBER, "1").settles(&[MEMBER]).violates(name, "2: never");
    base().settles(&[MEMBER]).violates(name, "1: never, 2: never");
    base().told(MEMBER, "1").told(MEMBER, "2").leaves_open(name, None);
}

/// A message, its redelivery, and a next one; how often each is broadcast, and the next one's unread count.
fn redelivered(copies: [usize; 2], unread: i64) -> Tape {
    let mut tape = Tape::of(&REDELIVERY);
    tape.member(MEMBER, "Partner").sends("Partner", "once").redelivers("once", "again");
    tape.told_all(&vec![MEMBER; copies[0]], "once");
    tape.sends("Partner", "after");
    for _ in 0..copies[1] {
        tape.told_with(MEMBER, "after", |chat| {
            chat.insert("unread_count".to_owned(), json!(unread));
        });
    }
    tape
}

#[test]
fn a_message_that_is_delivered_twice_is_one_message() {
    let name = "broadcast.redelivery [Partner]";
    redelivered([1, 1], 2).settles(&[MEMBER]).passes(name);
    redelivered([2, 1], 2).settles(&[MEMBER]).violates(name, "2 broadcasts of it, 1 of the next message");
    redelivered([1, 1], 3).settles(&[MEMBER]).violates(name, "1 after it, 3 after the next message");
    redelivered([2, 2], 2).settles(&[MEMBER]).passes(name); // doubled, and not because of the redelivery
    redelivered([1, 1], 1).settles(&[MEMBER]).leaves_open(name, "payload.unread");
    redelivered([1, 1], 2).leaves_open(name, None);
    redelivered([0, 1], 2).settles(&[MEMBER]).leaves_open(name, "broadcast.delivered");
    plainly(&REDELIVERY).settles(&[MEMBER]).leaves_open(name, None);
    Tape::of(&REDELIVERY).member(MEMBER, "Partner").sends("Partner", "once").leaves_open(name, "broadcast.delivered");
}

#[test]
fn a_member_that_stops_reading_delays_nobody() {
    let name = "broadcast.slow-member";
    let base = || {
        let mut tape = plainly(&SLOW_MEMBER);
        tape.member(SLOW, "Partner").at(SLOW, What::StoppedReading).sends("Partner", "1");
        tape
    };
    base().told(MEMBER, "1").passes(name);
    base().wait(2000).told(MEMBER, "1").violates(name, "while slow");
    base().violates(name, "while slow");
    // Whoever is in no room holds up nobody in it.
    let mut elsewhere = plainly(&SLOW_MEMBER);
    elsewhere.opens(SLOW).asks_to_join(SLOW, "PartnerApp").at(SLOW, What::StoppedReading).sends("Partner", "1");
    elsewhere.told(MEMBER, "1").leaves_open(name, "join.acknowledged");
    let mut never_slow = plainly(&SLOW_MEMBER);
    never_slow.member(SLOW, "Partner").sends("Partner", "1").told_all(&[MEMBER, SLOW], "1").leaves_open(name, None);
    Tape::of(&SLOW_MEMBER).member(MEMBER, "Partner").sends("Partner", "plain").leaves_open(name, "broadcast.delivered");
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
