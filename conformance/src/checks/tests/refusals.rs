//! What the Engine.IO path refuses, and what browsers on other origins may do.

use crate::recording::Transport;
use crate::recording::tape::Tape;
use crate::scenarios::{CORS, REFUSALS, accepted_by};

/// A good handshake and a bad one, with these statuses.
fn refusals(by: Transport, good: u16, bad: u16) -> Tape {
    let mut tape = Tape::of(&REFUSALS);
    tape.is_answered(&accepted_by(by), good, &[], "");
    tape.is_answered(&format!("an unknown transport by {by}"), bad, &[], "");
    tape
}

#[test]
fn a_refusal_is_a_4xx_where_a_good_handshake_is_accepted() {
    for refused in [400, 403, 405] {
        refusals(Transport::Polling, 200, refused).passes("transport.reject");
        refusals(Transport::Websocket, 101, refused).passes("transport.reject");
    }
    for accepted in [101, 200, 302, 500] {
        refusals(Transport::Polling, 200, accepted).violates("transport.reject", &accepted.to_string());
    }
}

#[test]
fn where_no_good_handshake_is_accepted_refusals_mean_nothing() {
    refusals(Transport::Polling, 503, 400).leaves_open("transport.reject", "transport.open.polling");
    refusals(Transport::Websocket, 200, 429).leaves_open("transport.reject", None);
    Tape::of(&REFUSALS)
        .is_answered("an unknown transport by polling", 400, &[], "")
        .leaves_open("transport.reject", None);
}

#[test]
fn a_request_that_is_never_answered_is_not_refused_at_once() {
    let mut tape = Tape::of(&REFUSALS);
    tape.is_answered(&accepted_by(Transport::Websocket), 101, &[], "");
    tape.is_not_answered("an unknown session id by websocket").violates("transport.reject", "no complete answer");
}

/// What a page does, with these headers in all answers, and these in the preflight's besides.
fn page(origin: &[(&str, &str)], preflight: &[(&str, &str)]) -> Tape {
    let mut tape = Tape::of(&CORS);
    tape.is_answered(&accepted_by(Transport::Polling), 200, &[], "")
        .is_answered("a page's handshake by polling", 200, origin, "")
        .is_answered("a good call", 200, &[], "")
        .is_answered("a preflight", 204, &[origin, preflight].concat(), "")
        .is_answered("a page's call", 200, origin, "");
    tape
}

const HEADERS: [(&str, &str); 1] = [("access-control-allow-headers", "Content-Type, Authorization")];

#[test]
fn a_page_is_let_in_by_its_own_origin_or_by_any() {
    for origin in ["https://page.example", "*"] {
        page(&[("access-control-allow-origin", origin)], &HEADERS).passes("transport.cors");
    }
    page(&[("access-control-allow-origin", "https://other.example")], &HEADERS)
        .violates("transport.cors", "https://other.example");
    page(&[], &HEADERS).violates("transport.cors", "no such header");
}

#[test]
fn a_star_does_not_cover_the_authorization_header() {
    let origin = [("access-control-allow-origin", "*")];
    page(&origin, &[("access-control-allow-headers", "*")]).violates("transport.cors", "`*`");
    page(&origin, &[]).violates("transport.cors", "``");
}

#[test]
fn a_page_that_is_refused_where_others_are_not_is_told() {
    let mut tape = Tape::of(&CORS);
    tape.is_answered(&accepted_by(Transport::Websocket), 101, &[], "");
    tape.is_answered("a page's handshake by websocket", 403, &[], "").violates("transport.cors", "403");
}

#[test]
fn without_a_protected_route_the_transports_are_judged_alone() {
    let mut tape = Tape::of(&CORS);
    tape.lacking("rest").is_answered(&accepted_by(Transport::Websocket), 101, &[], "");
    tape.is_answered("a page's handshake by websocket", 101, &[], "").passes("transport.cors");
}
