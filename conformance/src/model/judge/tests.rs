//! Who must hear, must not and may, on recordings made by hand.

use fixtures::Contract;
use serde_json::json;

use super::*;
use crate::recording::tape::Tape;
use crate::recording::{TokenUse, Transport, What};

const ROOM: &str = "PartnerApp";

fn tape() -> Tape {
    Tape::under(Contract::room_updates(), "by-hand")
}

fn judged(tape: &Tape, strict: bool) -> Judged {
    let recording = tape.ended();
    judge(&Conversation::new(&recording.header, "by-hand", &recording.entries), strict)
}

/// The counts of must, must not and may, and the violated requirements.
#[track_caller]
fn told(tape: &Tape) -> (usize, usize, usize, Vec<&'static str>) {
    let judged = judged(tape, false);
    assert_eq!(judged.untested, Vec::<String>::new());
    let requirements = judged.violations.iter().map(|violation| violation.requirement).collect();
    (judged.counts.must, judged.counts.must_not, judged.counts.doubtful(), requirements)
}

#[track_caller]
fn doubt(tape: &Tape) -> Doubt {
    let judged = judged(tape, false);
    assert_eq!((judged.violations, judged.counts.may.len()), (Vec::new(), 1));
    *judged.counts.may.keys().next().unwrap()
}

#[test]
fn a_member_must_hear_and_a_bystander_must_not() {
    let mut tape = tape();
    tape.member("a", "Partner").member("other", "Vendor").opens("b").sends("Partner", "m1").told("a", "m1");
    tape.settles(&["a", "other", "b"]);
    assert_eq!(told(&tape), (1, 2, 0, vec![]));
}

#[test]
fn a_member_that_hears_nothing_until_the_deadline_is_a_violation() {
    let mut tape = tape();
    tape.member("a", "Partner").sends("Partner", "m1").wait(2_000).settles(&["a"]);
    assert_eq!(told(&tape), (1, 0, 0, vec!["broadcast.delivered"]));
    let mut tape = self::tape();
    tape.member("a", "Partner").member("b", "Partner").sends("Partner", "m1").told("a", "m1").wait(2_000);
    let violation = judged(&tape, false).violations.remove(0);
    assert_eq!(&*violation.peer.unwrap().actor, "b");
    assert_eq!(violation.finding.observed, "not heard here, while it arrived 1 times elsewhere");
}

#[test]
fn a_recording_that_ends_before_the_deadline_shows_nothing_of_who_has_not_heard() {
    let mut tape = tape();
    tape.member("a", "Partner").sends("Partner", "m1").settles(&["a"]);
    assert_eq!(doubt(&tape), Doubt::Unobserved);
}

#[test]
fn what_comes_too_late_twice_under_another_name_or_to_a_bystander_is_a_violation() {
    let mut tape = tape();
    tape.member("a", "Partner").sends("Partner", "m1").wait(2_000).told("a", "m1");
    assert_eq!(told(&tape), (1, 0, 0, vec!["broadcast.delivered"]));
    let mut tape = self::tape();
    tape.member("a", "Partner").sends("Partner", "m1").told_all(&["a", "a"], "m1");
    assert_eq!(told(&tape).3, ["broadcast.exactly-once"]);
    let mut tape = self::tape();
    tape.member("a", "Partner").sends("Partner", "m1").told_as("a", "m1", "room_update_partner");
    assert_eq!(told(&tape).3, ["broadcast.one-name"]);
    let mut tape = self::tape();
    tape.member("a", "Partner").opens("b").sends("Partner", "m1").told_all(&["a", "b"], "m1");
    assert_eq!(told(&tape), (1, 1, 0, vec!["broadcast.only-room"]));
}

#[test]
fn who_left_and_who_came_back_without_joining_must_not_hear() {
    let mut tape = tape();
    tape.member("a", "Partner").member("b", "Partner").leaves("b", ROOM).sends("Partner", "m1");
    tape.told_all(&["a", "b"], "m1");
    assert_eq!(told(&tape).3, ["leave.effective"]);
    let mut tape = self::tape();
    tape.member("a", "Partner").member("b", "Partner").closes("b", true).opens("b").sends("Partner", "m1");
    tape.told_all(&["a", "b"], "m1");
    assert_eq!(told(&tape).3, ["join.not-inherited"]);
}

#[test]
fn who_joins_or_leaves_while_a_message_is_on_its_way_may_hear_it() {
    for hears in [true, false] {
        let mut tape = tape();
        tape.member("a", "Partner").opens("b").asks_to_join("b", ROOM).sends("Partner", "m1");
        tape.is_told("b", json!({"status": 1, "room": ROOM})).told("a", "m1");
        if hears {
            tape.told("b", "m1");
        }
        assert_eq!(doubt(&tape), Doubt::Joining);
        let mut tape = self::tape();
        tape.member("a", "Partner").member("b", "Partner").sends("Partner", "m1").asks_to_leave("b", ROOM);
        tape.told("a", "m1");
        if hears {
            tape.told("b", "m1");
        }
        assert_eq!(doubt(&tape), Doubt::Leaving);
    }
}

#[test]
fn who_leaves_after_the_first_has_heard_must_hear_all_the_same() {
    let mut tape = tape();
    tape.member("a", "Partner").member("b", "Partner").sends("Partner", "m1").told("a", "m1");
    tape.asks_to_leave("b", ROOM).wait(2_000).settles(&["a", "b"]);
    assert_eq!(told(&tape), (2, 0, 0, vec!["broadcast.delivered"]));
}

#[test]
fn joining_again_leaves_no_doubt() {
    let mut tape = tape();
    tape.member("a", "Partner").asks_to_join("a", ROOM).sends("Partner", "m1").told("a", "m1");
    tape.is_told("a", json!({"status": 1, "room": ROOM})).settles(&["a"]);
    assert_eq!(told(&tape), (1, 0, 0, vec![]));
}

#[test]
fn a_join_and_a_leave_at_once_are_in_doubt_until_the_next_request() {
    let mut tape = tape();
    tape.opens("a").asks_to_join("a", ROOM).asks_to_leave("a", ROOM).is_told("a", json!({"status": 1, "room": ROOM}));
    tape.hears("a", "leave_room_response", vec![json!({"status": 1, "room": ROOM})]).sends("Partner", "m1").wait(2_000);
    assert_eq!(doubt(&tape), Doubt::JoiningAndLeaving);
    tape.joins("a", ROOM).sends("Partner", "m2").told("a", "m2").settles(&["a"]);
    assert_eq!(told(&tape), (1, 0, 1, vec![]));
}

#[test]
fn who_goes_before_the_deadline_or_a_fence_may_hear() {
    let mut tape = tape();
    tape.member("a", "Partner").sends("Partner", "m1").closes("a", true).wait(2_000);
    assert_eq!(doubt(&tape), Doubt::Closing);
    let mut tape = self::tape();
    tape.member("a", "Partner").opens("b").sends("Partner", "m1").told("a", "m1").closes("b", true).settles(&["a"]);
    assert_eq!(doubt(&tape), Doubt::Closing);
}

#[test]
fn who_does_not_read_or_has_sent_a_malformed_frame_may_hear_and_be_cut_off() {
    for (what, expected) in
        [(What::StoppedReading, Doubt::NotReading), (What::Malformed { text: "42[".to_owned() }, Doubt::Malformed)]
    {
        let mut tape = tape();
        tape.member("a", "Partner").at("a", what).sends("Partner", "m1").wait(2_000).closes("a", false);
        assert_eq!(doubt(&tape), expected);
    }
    let mut tape = tape();
    tape.member("a", "Partner").closes("a", false);
    assert_eq!(told(&tape).3, ["resilience.churn"]);
}

#[test]
fn a_redelivery_may_be_broadcast_again_unless_it_is_strict() {
    let mut tape = tape();
    tape.member("a", "Partner").sends("Partner", "m1").told("a", "m1").redelivers("m1", "m2").told("a", "m1");
    assert_eq!(told(&tape).3, Vec::<&str>::new());
    assert_eq!(judged(&tape, true).violations[0].requirement, "broadcast.exactly-once");
    tape.told("a", "m1");
    assert_eq!(told(&tape).3, ["broadcast.exactly-once"]);
}

#[test]
fn a_reply_need_not_be_heard_unless_it_is_strict_and_goes_to_nobody_else() {
    let with = |hearers: &[&str]| {
        let mut tape = tape();
        tape.member("a", "Partner").opens("b").sends("Partner", "m1").told("a", "m1");
        let text =
            format!("reply 1 ({})", tape.summary("m1")["last_message"].as_str().unwrap().split(' ').next().unwrap());
        tape.emits("a", "send_message", vec![json!({"message": text})]);
        tape.hears("a", "send_message_response", vec![json!({"status": 1})]);
        for hearer in hearers {
            tape.told_with(hearer, "m1", |summary| drop(summary.insert("last_message".to_owned(), json!(text))));
        }
        tape.settles(&["a", "b"]);
        tape
    };
    assert_eq!(told(&with(&[])), (1, 1, 0, vec![]));
    assert_eq!(told(&with(&["a"])), (1, 2, 0, vec![]));
    assert_eq!(judged(&with(&[]), true).violations[0].requirement, "broadcast.agent-reply");
    assert_eq!(told(&with(&["a", "b"])).3, ["broadcast.only-room"]);
    assert_eq!(told(&with(&["a", "a"])).3, ["broadcast.exactly-once"]);
}

#[test]
fn another_text_type_or_chat_is_a_violation() {
    for (key, value, requirement) in [
        ("last_message", "hello", "payload.text"),
        ("customer_type", "Vendor", "payload.type"),
        ("chat_id", "another", "payload.identity"),
    ] {
        let mut tape = tape();
        tape.member("a", "Partner").sends("Partner", "m1").told("a", "m1").sends("Partner", "m2");
        tape.told_with("a", "m2", |summary| drop(summary.insert(key.to_owned(), json!(value))));
        assert_eq!(told(&tape).3, [requirement], "{key}");
    }
}

#[test]
fn messages_of_a_chat_that_were_sent_one_by_one_come_in_that_order() {
    let mut tape = tape();
    tape.member("a", "Partner").sends("Partner", "m1").sends("Partner", "m2").told_all(&["a"], "m2").told("a", "m1");
    assert_eq!(told(&tape).3, ["broadcast.order"]);
}

#[test]
fn the_unread_counter_rises_with_each_message_and_falls_when_the_chat_is_read() {
    let unread = |tape: &mut Tape, label: &str, count: i64| {
        tape.told_with("a", label, |summary| {
            for key in ["unread_count", "unseen_count"] {
                if summary.contains_key(key) {
                    summary.insert(key.to_owned(), json!(count));
                }
            }
        });
    };
    let read = |tape: &mut Tape| {
        let chat = tape.summary("m1")["chat_id"].clone();
        tape.emits("a", "fetch_chats_by_user", vec![json!({"chat_id": chat})]);
        tape.hears("a", "fetch_chats_by_user_response", vec![json!({"status": 1, "messages": []})]);
    };
    for (third, violated) in [(1, vec![]), (3, vec!["payload.unread"])] {
        let mut tape = tape();
        tape.member("a", "Partner").sends("Partner", "m1");
        unread(&mut tape, "m1", 1);
        tape.sends("Partner", "m2");
        unread(&mut tape, "m2", 2);
        read(&mut tape);
        tape.sends("Partner", "m3");
        unread(&mut tape, "m3", third);
        assert_eq!(told(&tape).3, violated);
    }
    let mut tape = tape();
    tape.member("a", "Partner").sends("Partner", "m1");
    unread(&mut tape, "m1", 1);
    tape.sends("Partner", "m2");
    unread(&mut tape, "m2", 1);
    assert_eq!(told(&tape).3, ["payload.unread"]);
}

#[test]
fn two_messages_at_once_may_be_counted_in_either_order() {
    for (first, second, violated) in [(1, 2, vec![]), (2, 2, vec![]), (2, 1, vec![]), (1, 4, vec!["payload.unread"])] {
        let mut tape = tape();
        tape.member("a", "Partner").sends("Partner", "m1").sends("Partner", "m2");
        for (label, count) in [("m1", first), ("m2", second)] {
            tape.told_with("a", label, |summary| {
                for key in ["unread_count", "unseen_count"] {
                    if summary.contains_key(key) {
                        summary.insert(key.to_owned(), json!(count));
                    }
                }
            });
        }
        assert_eq!(told(&tape).3, violated, "{first}, {second}");
    }
}

#[test]
fn requests_to_join_are_answered_once_each() {
    let mut tape = tape();
    tape.opens("a").asks_to_join("a", ROOM).settles(&["a"]);
    assert_eq!(told(&tape).3, ["join.acknowledged"]);
    let mut tape = self::tape();
    tape.opens("a").joins("a", ROOM).is_told("a", json!({"status": 1, "room": ROOM}));
    assert_eq!(told(&tape).3, ["join.private-answer"]);
    let mut tape = self::tape();
    tape.opens("a").asks_to_join("a", "nowhere").settles(&["a"]);
    assert_eq!(told(&tape).3, ["join.malformed"]);
    let mut tape = self::tape();
    tape.opens("a").joins("a", "nowhere").settles(&["a"]);
    assert_eq!(told(&tape).3, ["join.unknown-room"]);
}

#[test]
fn what_could_not_be_done_is_told_and_judged_no_further() {
    let mut tape = tape();
    tape.member("a", "Partner").sends_in_vain("Partner", "m1", "the webhook answered 500").wait(2_000);
    tape.is_refused("b", TokenUse::Good).is_refused("c", TokenUse::Garbage);
    let judged = judged(&tape, false);
    assert_eq!((judged.counts.total(), judged.violations.len(), judged.untested.len()), (0, 0, 2), "{judged:?}");
    let interrupted = tape.interrupted();
    let conversation = Conversation::new(&interrupted.header, "by-hand", &interrupted.entries);
    assert_eq!(judge(&conversation, false).untested, ["the scenario `by-hand` was interrupted"]);
    let polling = Transport::Polling;
    let mut tape = self::tape();
    tape.opens_by("a", polling).joins("a", ROOM).sends("Partner", "m1").told("a", "m1");
    assert_eq!(told(&tape), (1, 0, 0, vec![]), "however it is connected");
}
