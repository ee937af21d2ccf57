//! Intruders, and text that wants to be more than text.

use serde_json::{Map, Value, json};

use crate::recording::tape::Tape;
use crate::recording::{TokenUse, What};
use crate::scenarios::{FORGED, HOSTILE_TEXT, ISOLATION, SHOWS_A_TOKEN};

const MEMBER: &str = "member/Partner";
const SLY: &str = "intruder/is sly";

/// A member and an intruder, who tries something before a message that the member hears.
fn intrusion(attempt: impl Fn(&mut Tape)) -> Tape {
    let mut tape = Tape::of(&ISOLATION);
    tape.member(MEMBER, "Partner").opens(SLY);
    attempt(&mut tape);
    tape.sends("Partner", "Partner/after").told(MEMBER, "Partner/after");
    tape
}

fn opens_the_room(tape: &mut Tape) {
    tape.emits(SLY, "join_chat", vec![json!({"chat_id": "PartnerApp"})]);
}

#[test]
fn an_intruder_who_is_fenced_and_heard_nothing_is_kept_out() {
    intrusion(opens_the_room).settles(&[SLY]).passes("security.isolation");
}

#[test]
fn an_intruder_who_hears_a_broadcast_is_told() {
    let mut tape = intrusion(opens_the_room);
    tape.told(SLY, "Partner/after").settles(&[SLY]).violates("security.isolation", "heard `room_update`");
}

#[test]
fn whose_join_is_acknowledged_is_no_intruder() {
    let mut tape = intrusion(|tape| {
        tape.is_told(SLY, json!({"status": 1, "room": "PartnerApp"}));
    });
    tape.told(SLY, "Partner/after").settles(&[SLY]).leaves_open("security.isolation", None);
}

#[test]
fn silence_without_a_fence_or_without_a_member_who_hears_shows_nothing() {
    intrusion(opens_the_room).leaves_open("security.isolation", None);
    let mut tape = Tape::of(&ISOLATION);
    tape.member(MEMBER, "Partner").opens(SLY).sends("Partner", "Partner/after").settles(&[SLY]);
    tape.leaves_open("security.isolation", "broadcast.delivered");
}

#[test]
fn what_a_client_broadcasts_itself_is_told() {
    let forged = json!({"chat_id": "forged", "last_message": FORGED});
    let mut tape = intrusion(|tape| {
        tape.emits(SLY, "room_update", vec![forged.clone()]);
    });
    tape.hears(MEMBER, "room_update", vec![forged.clone()]).settles(&[SLY]);
    tape.violates("security.isolation", "heard `room_update` with its text");
}

/// Per type a plain message, one with hostile text from somebody else, and a guest who asks for a hostile room. Partner's
/// hostile message is heard with its payload changed, and its guest's request gets this answer.
fn hostile(change: fn(&mut Map<String, Value>), answer: Value) -> Tape {
    let mut tape = Tape::of(&HOSTILE_TEXT);
    for of_type in ["Partner", "Customer", "Vendor", "SRDP"] {
        let (member, guest) = (format!("member/{of_type}"), format!("guest/{of_type}"));
        let (plain, script) = (format!("{of_type}/plain"), format!("{of_type}/a script"));
        tape.member(&member, of_type).sends(of_type, &plain).told(&member, &plain);
        tape.sends_from("somebody else", of_type, &script);
        tape.told_with(&member, &script, |payload| {
            if of_type == "Partner" {
                change(payload)
            }
        });
        tape.opens(&guest).asks_to_join(&guest, "<script>").is_told(&guest, answer.clone());
    }
    tape
}

fn refusal() -> Value {
    json!({"status": 0, "message": "no such room"})
}

#[test]
fn hostile_text_that_comes_through_as_it_was_changes_nothing() {
    hostile(|_| (), refusal()).passes("security.input");
}

#[test]
fn what_hostile_text_changes_is_told() {
    let name = "security.input";
    let escaped = |payload: &mut Map<String, Value>| {
        let text = payload["last_message"].as_str().unwrap().replace("hello", "&lt;");
        payload["last_message"] = json!(text);
    };
    hostile(escaped, refusal()).violates(name, "`last_message` is");
    hostile(|payload| payload["customer_name"] = json!("SRDP"), refusal())
        .violates(name, "`customer_name` is \"SRDP\"");
    hostile(|payload| payload["customer_type"] = json!("SRDP"), refusal())
        .violates(name, "`customer_type` is \"SRDP\"");
    hostile(|payload| payload["chat_id"] = json!("chat-15550100000"), refusal()).violates(name, "the plain chat's id");
    hostile(|_| (), json!({"status": 1, "room": "<script>"})).violates(name, "\"status\":1");
}

#[test]
fn the_plain_chat_stays_what_it_was() {
    let mut tape = hostile(|_| (), refusal());
    tape.sends("Partner", "Partner/after").told(MEMBER, "Partner/after").passes("security.input");
    let mut tape = hostile(|_| (), refusal());
    tape.sends("Partner", "Partner/after")
        .told_with(MEMBER, "Partner/after", |payload| payload["chat_id"] = json!("x"));
    tape.violates("security.input", "another id than before");
}

#[test]
fn a_hostile_message_that_is_lost_or_refused_is_told() {
    let mut tape = Tape::of(&HOSTILE_TEXT);
    tape.member(MEMBER, "Partner").sends("Partner", "Partner/plain").told(MEMBER, "Partner/plain");
    tape.sends_from("somebody else", "Partner", "Partner/SQL").violates("security.input", "was never heard");
    tape.told(MEMBER, "Partner/SQL").sends_in_vain("Partner", "Partner/NUL", "HTTP 500");
    tape.violates("security.input", "HTTP 500");
}

#[test]
fn a_guest_who_is_thrown_out_for_asking_is_told() {
    let mut tape = hostile(|_| (), refusal());
    tape.closes("guest/Vendor", false).violates("security.input", "it ended");
}

#[test]
fn a_hostile_token_is_refused_and_is_no_error_of_the_servers() {
    let token = |status: u16| {
        let mut tape = hostile(|_| (), refusal());
        tape.is_answered("a token that is SQL", status, &[], "");
        tape
    };
    token(401).passes("security.input");
    for wrong in [200, 500] {
        token(wrong).violates("security.input", &wrong.to_string());
    }
    let actor = format!("{SHOWS_A_TOKEN}SQL");
    let mut tape = hostile(|_| (), refusal());
    tape.is_refused(&actor, TokenUse::Missing).at(&actor, What::Malformed { text: "40{}".to_owned() });
    tape.passes("security.input");
    tape.at(&actor, What::Connected).violates("security.input", "connected");
}
