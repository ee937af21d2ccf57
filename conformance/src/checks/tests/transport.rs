//! Handshakes, upgrades, and polling beside WebSocket.

use serde_json::{Value, json};

use crate::recording::tape::Tape;
use crate::recording::{TokenPlace, TokenUse, Transport, What};
use crate::scenarios::{ONE_MESSAGE_PER_TYPE, UPGRADE};

#[test]
fn an_open_packet_is_complete() {
    let mut tape = Tape::of(&ONE_MESSAGE_PER_TYPE);
    tape.opens("a").opens_by("b", Transport::Polling);
    tape.passes("transport.open.websocket");
    tape.passes("transport.open.polling");

    let whole = json!({"sid": "****", "upgrades": [], "pingInterval": 25000, "pingTimeout": 20000, "maxPayload": 1});
    for (key, wrong) in [
        ("sid", json!("")),
        ("upgrades", json!("websocket")),
        ("pingInterval", json!("25000")),
        ("pingTimeout", json!(-1)),
        ("maxPayload", Value::Null),
    ] {
        let mut handshake = whole.clone();
        handshake[key] = wrong;
        let mut tape = Tape::of(&ONE_MESSAGE_PER_TYPE);
        tape.opening("a", Transport::Websocket, TokenUse::Good, TokenPlace::Auth).at("a", What::Opened { handshake });
        tape.violates("transport.open.websocket", key);
    }
}

#[test]
fn a_transport_that_does_not_open_is_violated_alone() {
    let mut tape = Tape::of(&ONE_MESSAGE_PER_TYPE);
    tape.opens("a").opening("b", Transport::Polling, TokenUse::Good, TokenPlace::Auth);
    tape.at("b", What::OpenFailed { reason: "HTTP 400: unknown sid".to_owned(), status: Some(400) });
    tape.passes("transport.open.websocket");
    tape.violates("transport.open.polling", "unknown sid");
}

/// A polling member that upgrades between two messages, beside a plain one; both are to be fenced.
fn upgrading() -> Tape {
    let mut tape = Tape::of(&UPGRADE);
    tape.member("member/Partner", "Partner").opens_by("upgrading/Partner", Transport::Polling);
    tape.joins("upgrading/Partner", "PartnerApp").sends("Partner", "1").told_all(&BOTH, "1");
    tape
}

const BOTH: [&str; 2] = ["member/Partner", "upgrading/Partner"];

#[test]
fn an_upgrade_neither_loses_nor_doubles() {
    let mut tape = upgrading();
    tape.at("upgrading/Partner", What::Upgraded).sends("Partner", "2").told_all(&BOTH, "2").settles(&BOTH);
    tape.passes("transport.upgrade [Partner]");

    let mut tape = upgrading();
    tape.at("upgrading/Partner", What::Upgraded).sends("Partner", "2").told("member/Partner", "2").settles(&BOTH);
    tape.violates("transport.upgrade [Partner]", "lost while");

    let mut tape = upgrading();
    tape.at("upgrading/Partner", What::Upgraded).sends("Partner", "2").told_all(&BOTH, "2");
    tape.told("upgrading/Partner", "2").settles(&BOTH).violates("transport.upgrade [Partner]", "2 times");
}

#[test]
fn an_upgrade_is_not_blamed_for_what_a_plain_member_misses_or_hears_twice() {
    let mut tape = upgrading();
    tape.at("upgrading/Partner", What::Upgraded).sends("Partner", "2").settles(&BOTH);
    tape.leaves_open("transport.upgrade [Partner]", "broadcast.delivered");

    let mut tape = upgrading();
    tape.at("upgrading/Partner", What::Upgraded).sends("Partner", "2").told_all(&BOTH, "2").told_all(&BOTH, "2");
    tape.settles(&BOTH).leaves_open("transport.upgrade [Partner]", "broadcast.exactly-once");
}

#[test]
fn a_probe_that_fails_is_a_violation_and_one_that_was_not_tried_is_none() {
    let mut tape = upgrading();
    tape.settles(&BOTH).leaves_open("transport.upgrade [Partner]", None);
    tape.at("upgrading/Partner", What::UpgradeFailed { reason: "no pong".to_owned() });
    tape.violates("transport.upgrade [Partner]", "no pong");
}

/// A member by WebSocket and one by polling, and a message.
fn side_by_side() -> Tape {
    let mut tape = Tape::of(&ONE_MESSAGE_PER_TYPE);
    tape.member("socket", "Partner").opens_by("polling", Transport::Polling).joins("polling", "PartnerApp");
    tape.sends("Partner", "hello");
    tape
}

#[test]
fn polling_members_hear_what_websocket_members_hear() {
    side_by_side().told_all(&["socket", "polling"], "hello").passes("transport.polling-equal [Partner]");
    side_by_side().told("socket", "hello").violates("transport.polling-equal [Partner]", "although WebSocket members");
    side_by_side().told("polling", "hello").leaves_open("transport.polling-equal [Partner]", "broadcast.delivered");
}
