use serde_json::{Value, json};

use super::*;
use crate::made::Made;
use crate::recording::{TokenPlace, TokenUse, Transport};
use crate::verdict::Outcome;

const SLY: &str = "intruder/is sly";

/// A member and an intruder, who tries something before a message that the member hears.
fn intrusion(attempt: impl Fn(&mut Made) -> &mut Made) -> Made {
    let mut made = Made::for_check("security.isolation");
    made.observer("Partner").opened(SLY);
    attempt(&mut made);
    made.message("Partner", "Partner/after").heard("member/Partner", "Partner/after");
    made
}

fn opens_the_room(made: &mut Made) -> &mut Made {
    made.event(SLY, Direction::Out, "join_chat", json!({"chat_id": "PartnerApp"}))
}

#[test]
fn an_intruder_who_is_fenced_and_heard_nothing_is_kept_out() {
    intrusion(opens_the_room).fenced(SLY).passes_with(1);
}

#[test]
fn an_intruder_who_hears_a_broadcast_is_told_with_what_it_did() {
    let mut made = intrusion(opens_the_room);
    made.heard(SLY, "Partner/after").fenced(SLY).is_violated_by("intruder/is sly (websocket) heard `room_update`");
    let Outcome::Violated { finding } = made.outcome() else { panic!() };
    assert!(finding.evidence.iter().any(|line| line.contains("join_chat")), "{finding:#?}");
}

#[test]
fn whose_join_is_acknowledged_is_no_intruder() {
    let acknowledged = json!({"status": 1, "room": "PartnerApp"});
    intrusion(|made| made.event(SLY, Direction::In, "join_room_response", acknowledged.clone()))
        .heard(SLY, "Partner/after")
        .fenced(SLY)
        .is_not_tested_as("nothing was observed");
}

#[test]
fn silence_without_a_fence_or_without_a_member_shows_nothing() {
    intrusion(opens_the_room).is_not_tested_as("nothing was observed");
    let mut made = Made::for_check("security.isolation");
    made.observer("Partner").opened(SLY).message("Partner", "Partner/after").fenced(SLY);
    made.is_not_tested_as("nobody heard");
}

#[test]
fn what_a_client_broadcasts_itself_is_told() {
    let forged = json!({"chat_id": "forged", "last_message": FORGED});
    intrusion(|made| made.event(SLY, Direction::Out, "room_update", forged.clone()))
        .event("member/Partner", Direction::In, "room_update", forged.clone())
        .fenced(SLY)
        .is_violated_by("heard `room_update` with its text");
}

/// Per type a plain message, one with hostile text, a guest who asks for a hostile room, and the plain chat's next message.
/// Partner's hostile message is heard with these changes, and its guest's request gets this answer.
fn hostile(changes: Value, answer: Value) -> Made {
    let mut made = Made::for_check("security.input");
    for of_type in ["Partner", "Customer", "Vendor", "SRDP"] {
        let (member, guest) = (format!("member/{of_type}"), format!("guest/{of_type}"));
        let (plain, script) = (format!("{of_type}/plain"), format!("{of_type}/a script"));
        let changes = if of_type == "Partner" { changes.clone() } else { json!({}) };
        made.observer(of_type).message(of_type, &plain).heard(&member, &plain);
        made.message(of_type, &script).heard_with(&member, &script, changes);
        made.opened(&guest).event(&guest, Direction::Out, "join_room", json!({"room": "<script>"})).event(
            &guest,
            Direction::In,
            "join_room_response",
            answer.clone(),
        );
    }
    made
}

fn refusal() -> Value {
    json!({"status": 0, "message": "no such room"})
}

#[test]
fn hostile_text_that_comes_through_as_it_was_changes_nothing() {
    hostile(json!({}), refusal()).passes_with(8);
}

#[test]
fn hostile_text_that_changes_something_is_told_with_what_it_changed() {
    hostile(json!({"last_message": "~0000000002 &lt;"}), refusal())
        .is_violated_by("`last_message` is \"~0000000002 &lt;\"");
    hostile(json!({"customer_name": "SRDP"}), refusal()).is_violated_by("`customer_name` is \"SRDP\"");
    hostile(json!({"customer_type": "SRDP"}), refusal()).is_violated_by("`customer_type` is \"SRDP\"");
    hostile(json!({"chat_id": "chat of 15550100001"}), refusal()).is_violated_by("the plain chat's id");
    hostile(json!({}), json!({"status": 1, "room": "<script>"})).is_violated_by("\"status\":1");
}

#[test]
fn a_hostile_message_that_is_lost_or_refused_is_told() {
    let mut made = Made::for_check("security.input");
    made.observer("Partner").message("Partner", "Partner/plain").heard("member/Partner", "Partner/plain");
    made.message("Partner", "Partner/SQL").is_violated_by("`Partner/SQL` was never heard");
    made.sending("Partner", "Partner/NUL").not_accepted();
    made.heard("member/Partner", "Partner/SQL").is_violated_by("connection refused");
}

#[test]
fn a_hostile_token_is_refused_and_is_no_error_of_the_servers() {
    let token = |status: u16| {
        let mut made = hostile(json!({}), refusal());
        made.probe("a token that is SQL", status, &[], "");
        made
    };
    token(401).passes_with(9);
    token(500).is_violated_by("500");
    token(200).is_violated_by("200");
    let actor = format!("{SHOWS_A_TOKEN}SQL");
    let mut made = hostile(json!({}), refusal());
    let opening = What::Opening { transport: Transport::Websocket, token: TokenUse::Missing, place: TokenPlace::Auth };
    made.by(&actor, opening).by(&actor, What::ConnectError { data: json!({"message": "no token"}) });
    made.by(&actor, What::Malformed { text: "40{}".to_owned() }).passes_with(9);
    made.by(&actor, What::Connected).is_violated_by("connected");
}
