//! What one socket sends amiss, and what the others hear afterwards.

use crate::recording::What;
use crate::recording::tape::Tape;
use crate::scenarios::{Blueprint, MALFORMED, MAX_PAYLOAD};

const BOTH: [(&Blueprint, &str); 2] =
    [(&MALFORMED, "transport.malformed [Partner]"), (&MAX_PAYLOAD, "transport.max-payload")];
const MEMBER: &str = "member/Partner";
const ODD: &str = "Partner/an empty frame, by websocket";

/// A message that the observer hears so often, and another member of the room that sends something odd and is thrown out.
fn oddity(blueprint: &Blueprint, heard: usize) -> Tape {
    let mut tape = Tape::of(blueprint);
    tape.member(MEMBER, "Partner").sends("Partner", "Partner/plain");
    for _ in 0..heard {
        tape.told(MEMBER, "Partner/plain");
    }
    tape.member(ODD, "Partner").at(ODD, What::Malformed { text: String::new() }).closes(ODD, false);
    tape
}

#[test]
fn a_malformed_packet_may_cost_its_own_session_and_no_more() {
    for (blueprint, name) in BOTH {
        oddity(blueprint, 1).sends("Partner", ODD).told(MEMBER, ODD).settles(&[MEMBER]).passes(name);
    }
}

#[test]
fn what_others_lose_by_it_is_told() {
    for (blueprint, name) in BOTH {
        oddity(blueprint, 1).sends("Partner", ODD).settles(&[MEMBER]).violates(name, "never");
        oddity(blueprint, 1).sends_in_vain("Partner", ODD, "connection refused").violates(name, "connection refused");
        oddity(blueprint, 1).closes(MEMBER, false).sends("Partner", ODD).violates(name, "its connection ended");
        let mut tape = oddity(blueprint, 1);
        tape.sends("Partner", ODD).told(MEMBER, ODD).told(MEMBER, ODD).settles(&[MEMBER]).violates(name, "2 times");
    }
}

#[test]
fn where_plain_messages_are_lost_or_doubled_already_packets_are_not_to_blame() {
    for (blueprint, name) in BOTH {
        oddity(blueprint, 0).sends("Partner", ODD).leaves_open(name, "broadcast.delivered");
        oddity(blueprint, 2).sends("Partner", ODD).leaves_open(name, "broadcast.exactly-once");
    }
}

#[test]
fn without_a_fence_or_without_anything_odd_nothing_is_shown() {
    for (blueprint, name) in BOTH {
        oddity(blueprint, 1).sends("Partner", ODD).told(MEMBER, ODD).leaves_open(name, None);
        oddity(blueprint, 1).leaves_open(name, None);
    }
}

#[test]
fn a_limit_beyond_what_the_suite_sends_is_not_tested() {
    let mut tape = oddity(&MAX_PAYLOAD, 1);
    tape.skips("a big one", "`maxPayload` is larger than what the suite sends");
    tape.leaves_open("transport.max-payload", None);
}
