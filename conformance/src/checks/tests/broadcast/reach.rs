//! Who hears a message: every member, once, under one name, and nobody else.

use crate::recording::What;
use crate::recording::tape::Tape;
use crate::scenarios::ONE_MESSAGE_PER_TYPE;

/// Two members of one room, and a message.
fn sent() -> Tape {
    let mut tape = Tape::of(&ONE_MESSAGE_PER_TYPE);
    tape.member("a", "Partner").member("b", "Partner").sends("Partner", "hello");
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
    // A newer message of the chat shows that this one was saved before it.
    let mut newer = sent();
    let chat = newer.sends("Partner", "newer").summary("newer");
    let told = finding(newer.lists("a", "Partner", (1, 100), vec![chat]));
    assert!(told.contains("saved all the same"), "{told}");
    // Another type's list, or a chat with words that nobody knows, tell nothing.
    let mut answered = sent();
    let mut chat = answered.summary("hello");
    chat["last_message"] = serde_json::json!("an agent's answer");
    for tape in [answered.lists("a", "Partner", (1, 100), vec![chat]), sent().lists("a", "Vendor", (1, 100), vec![])] {
        let told = finding(tape);
        assert!(!told.contains("saved"), "{told}");
    }
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
