//! Getting into rooms: answered to whom it concerns, effective, and by no other way.

use fixtures::Contract;
use serde_json::{Value, json};

use crate::recording::tape::Tape;
use crate::scenarios::{JOIN_MALFORMED, JOIN_UNKNOWN, MEMBERSHIP, ONE_MESSAGE_PER_TYPE};

fn plain() -> Tape {
    Tape::of(&ONE_MESSAGE_PER_TYPE)
}

#[test]
fn a_join_is_acknowledged_with_status_1_and_the_rooms_own_name() {
    plain().member("a", "Partner").passes("join.acknowledged [Partner]");
    for wrong in
        [json!({"status": 0, "message": "no"}), json!({"status": 1, "room": "VendorApp"}), json!({"status": 1})]
    {
        let mut tape = plain();
        tape.opens("a").asks_to_join("a", "PartnerApp").is_told("a", wrong.clone());
        tape.violates("join.acknowledged [Partner]", &wrong.to_string());
    }
    plain()
        .opens("a")
        .asks_to_join("a", "PartnerApp")
        .violates("join.acknowledged [Partner]", "no `join_room_response`");
}

#[test]
fn an_answer_goes_to_the_asking_socket_once() {
    let base = || {
        let mut tape = plain();
        tape.member("a", "Partner").opens("b");
        tape
    };
    base().settles(&["a", "b"]).passes("join.private-answer");
    let answer = json!({"status": 1, "room": "PartnerApp"});
    base().is_told("b", answer.clone()).settles(&["a", "b"]).violates("join.private-answer", "1 answers");
    base().is_told("a", answer).settles(&["a", "b"]).violates("join.private-answer", "2 answers");
    base().settles(&["a"]).leaves_open("join.private-answer", None);
    plain()
        .opens("a")
        .asks_to_join("a", "PartnerApp")
        .settles(&["a"])
        .leaves_open("join.private-answer", "join.acknowledged");
}

#[test]
fn an_acknowledged_socket_hears_its_room() {
    let base = || {
        let mut tape = plain();
        tape.member("a", "Partner").member("b", "Partner").sends("Partner", "hello");
        tape
    };
    base().told_all(&["a", "b"], "hello").passes("join.effective [Partner]");
    base().told_all(&["a", "b"], "hello").leaves_open("join.effective [Vendor]", None);
    base()
        .told("a", "hello")
        .violates("join.effective [Partner]", "not heard by b (websocket, port 40000); 1 others heard it");
    base().violates("join.effective [Partner]", "no member of any room heard anything");
    plain()
        .opens("a")
        .asks_to_join("a", "PartnerApp")
        .sends("Partner", "hello")
        .leaves_open("join.effective [Partner]", "join.acknowledged");
}

#[test]
fn one_silent_room_beside_others_that_work_is_the_broadcasts_matter() {
    let mut tape = plain();
    tape.member("a", "Partner").member("b", "Vendor").sends("Partner", "one").sends("Vendor", "two").told("b", "two");
    tape.leaves_open("join.effective [Partner]", "broadcast.delivered");
    tape.passes("join.effective [Vendor]");
}

/// A socket that asks for a room that is none, and a message that members hear.
fn unknown(answer: Option<Value>) -> Tape {
    let mut tape = Tape::of(&JOIN_UNKNOWN);
    tape.member("member/Partner", "Partner").opens("probe/1").asks_to_join("probe/1", "partnerapp");
    if let Some(answer) = answer {
        tape.is_told("probe/1", answer);
    }
    tape.sends("Partner", "hello").told("member/Partner", "hello");
    tape
}

#[test]
fn an_unknown_room_is_refused_and_brings_nothing() {
    let refusal = || Some(json!({"status": 0, "message": "no such room"}));
    unknown(refusal()).settles(&["probe/1"]).passes("join.unknown-room");
    unknown(refusal()).leaves_open("join.unknown-room", None);
    unknown(refusal())
        .told("probe/1", "hello")
        .settles(&["probe/1"])
        .violates("join.unknown-room", "it heard `room_update`");
    unknown(refusal())
        .told_as("probe/1", "hello", "new_message")
        .settles(&["probe/1"])
        .violates("join.unknown-room", "it heard `new_message`");
    unknown(None).settles(&["probe/1"]).violates("join.unknown-room", "no answer");
    unknown(Some(json!({"status": 0}))).settles(&["probe/1"]).violates("join.unknown-room", "{\"status\":0}");
    unknown(Some(json!({"status": 1, "room": "partnerapp"})))
        .settles(&["probe/1"])
        .violates("join.unknown-room", "\"status\":1");
}

/// A malformed request, its answer, and a good join on the same connection.
fn malformed(answer: Option<Value>) -> Tape {
    let mut tape = Tape::of(&JOIN_MALFORMED);
    tape.opens("malformed/null").emits("malformed/null", "join_room", vec![Value::Null]);
    if let Some(answer) = answer {
        tape.is_told("malformed/null", answer);
    }
    tape
}

#[test]
fn a_malformed_join_is_refused_and_the_connection_lives_on() {
    let refusal = || Some(json!({"status": 0, "message": "a room's name is needed"}));
    malformed(refusal()).joins("malformed/null", "PartnerApp").passes("join.malformed");
    malformed(None).joins("malformed/null", "PartnerApp").violates("join.malformed", "no answer");
    malformed(refusal()).closes("malformed/null", false).violates("join.malformed", "it ended");
    malformed(None).closes("malformed/null", false).violates("join.malformed", "the connection ended");
    malformed(refusal()).asks_to_join("malformed/null", "PartnerApp").violates("join.malformed", "it was not");
    malformed(Some(json!({"status": 1, "room": null}))).violates("join.malformed", "\"status\":1");
}

/// A plain member, and a second socket; a message follows.
fn beside_a_plain_member(actor: &str) -> Tape {
    let mut tape = Tape::of(&MEMBERSHIP);
    tape.member("member/Partner", "Partner").opens(actor);
    tape
}

#[test]
fn joining_twice_delivers_once() {
    let both = ["member/Partner", "twice/Partner"];
    let base = || {
        let mut tape = beside_a_plain_member("twice/Partner");
        tape.joins("twice/Partner", "PartnerApp").joins("twice/Partner", "PartnerApp").sends("Partner", "hello");
        tape
    };
    let name = "join.idempotent [Partner]";
    base().told_all(&both, "hello").settles(&both).passes(name);
    base().told_all(&both, "hello").told("twice/Partner", "hello").settles(&both).violates(name, "2 times");
    base().told("member/Partner", "hello").settles(&both).violates(name, "never, although others heard it");
    base().told_all(&both, "hello").leaves_open(name, None);
    base().settles(&both).leaves_open(name, "broadcast.delivered");
    base().told_all(&both, "hello").told_all(&both, "hello").settles(&both).leaves_open(name, "broadcast.exactly-once");
    beside_a_plain_member("twice/Partner").joins("twice/Partner", "PartnerApp").leaves_open(name, None);
}

#[test]
fn a_socket_in_several_rooms_hears_each_once() {
    let base = || {
        let mut tape = beside_a_plain_member("several");
        for route in Contract::room_updates().routes {
            tape.joins("several", &route.room);
        }
        tape.sends("Partner", "hello").told("member/Partner", "hello");
        tape
    };
    base().told("several", "hello").settles(&["several"]).passes("join.several [Partner]");
    base().settles(&["several"]).violates("join.several [Partner]", "never");
    base()
        .told("several", "hello")
        .told("several", "hello")
        .settles(&["several"])
        .violates("join.several [Partner]", "2 times");
}

#[test]
fn a_new_connection_is_in_no_room() {
    let base = || {
        let mut tape = beside_a_plain_member("again/Partner");
        tape.joins("again/Partner", "PartnerApp").closes("again/Partner", true).opens("again/Partner");
        tape.sends("Partner", "hello").told("member/Partner", "hello");
        tape
    };
    let name = "join.not-inherited [Partner]";
    base().settles(&["again/Partner"]).passes(name);
    base().told("again/Partner", "hello").settles(&["again/Partner"]).violates(name, "it heard `room_update`");
    base().leaves_open(name, None);
}
