//! Tokens: good ones connect, bad ones do not and never hear a thing.

use serde_json::json;

use crate::recording::tape::Tape;
use crate::recording::{TokenPlace, TokenUse, Transport, What};
use crate::scenarios::{AUTH_LOGOUT, AUTH_REST, AUTH_TOKENS};

/// A good socket in each place, a refused one, and a member that hears a message; then everybody is fenced.
fn tokens() -> Tape {
    let mut tape = Tape::of(&AUTH_TOKENS);
    for (actor, place) in [("good/auth", TokenPlace::Auth), ("good/query", TokenPlace::Query)] {
        tape.shakes_hands(actor, Transport::Websocket, TokenUse::Good, place).at(actor, What::Connected);
    }
    tape.is_refused("garbage/auth", TokenUse::Garbage).member("member/Partner", "Partner");
    tape.sends("Partner", "hello").told("member/Partner", "hello");
    tape
}

#[test]
fn good_tokens_that_connect_and_bad_ones_that_are_refused_pass() {
    let mut tape = tokens();
    tape.settles(&["garbage/auth"]);
    for name in ["auth.token.auth", "auth.token.query", "auth.reject"] {
        tape.passes(name);
    }
}

#[test]
fn a_good_token_that_is_refused_in_one_place_violates_that_place_only() {
    let mut tape = Tape::of(&AUTH_TOKENS);
    tape.opens("good/auth");
    tape.shakes_hands("good/query", Transport::Websocket, TokenUse::Good, TokenPlace::Query)
        .at("good/query", What::ConnectError { data: json!("no token") });
    tape.passes("auth.token.auth");
    tape.violates("auth.token.query", "CONNECT_ERROR \"no token\"");
}

#[test]
fn what_the_payload_says_wins_over_the_query_string() {
    let both = |tape: &mut Tape, token, what| {
        tape.shakes_hands("both", Transport::Websocket, token, TokenPlace::Both).at("both", what);
    };
    let refusal = || What::ConnectError { data: json!("no token") };
    let mut tape = tokens();
    both(&mut tape, TokenUse::Good, refusal());
    tape.settles(&["garbage/auth"]).violates("auth.token.auth", "CONNECT_ERROR \"no token\"");
    let mut tape = tokens();
    both(&mut tape, TokenUse::Good, What::Connected);
    tape.shakes_hands("other", Transport::Websocket, TokenUse::Garbage, TokenPlace::Both).at("other", What::Connected);
    tape.settles(&["garbage/auth", "other"]).passes("auth.token.auth");
    tape.violates("auth.reject", "it connected");
}

#[test]
fn a_handshake_that_fails_is_not_about_tokens() {
    let mut tape = Tape::of(&AUTH_TOKENS);
    tape.opening("good/auth", Transport::Websocket, TokenUse::Good, TokenPlace::Auth)
        .at("good/auth", What::OpenFailed { reason: "HTTP 502".to_owned(), status: Some(502) });
    tape.leaves_open("auth.token.auth", "transport.open.websocket");
}

#[test]
fn a_bad_token_that_connects_is_a_violation() {
    let mut tape = tokens();
    tape.shakes_hands("expired/auth", Transport::Websocket, TokenUse::Expired, TokenPlace::Auth)
        .at("expired/auth", What::Connected);
    tape.settles(&["garbage/auth", "expired/auth"]).violates("auth.reject", "it connected");
}

#[test]
fn a_refusal_without_a_message_is_a_violation() {
    for data in [json!(""), json!({}), json!({"message": ""}), json!(null)] {
        let mut tape = tokens();
        tape.shakes_hands("missing/auth", Transport::Websocket, TokenUse::Missing, TokenPlace::Auth)
            .at("missing/auth", What::ConnectError { data });
        tape.settles(&["garbage/auth", "missing/auth"]).violates("auth.reject", "CONNECT_ERROR");
    }
}

#[test]
fn a_refused_socket_that_hears_a_broadcast_is_a_violation() {
    let mut tape = tokens();
    tape.told("garbage/auth", "hello").settles(&["garbage/auth"]).violates("auth.reject", "room_update");
}

#[test]
fn a_refused_socket_that_was_not_fenced_is_no_proof_and_one_that_the_server_ended_needs_no_fence() {
    let tape = tokens();
    tape.leaves_open("auth.reject", None);
    let mut tape = Tape::of(&AUTH_TOKENS);
    tape.opens("good/auth").is_refused("garbage/auth", TokenUse::Garbage).closes("garbage/auth", false);
    tape.member("member/Partner", "Partner").sends("Partner", "hello").told("member/Partner", "hello");
    tape.passes("auth.reject");
}

#[test]
fn a_refusal_proves_nothing_where_not_even_a_good_token_connects() {
    let mut tape = Tape::of(&AUTH_TOKENS);
    tape.is_refused("good/auth", TokenUse::Good).is_refused("garbage/auth", TokenUse::Garbage);
    tape.leaves_open("auth.reject", "auth.token.auth");
}

/// The protected route, called with tokens of these kinds.
fn rest(calls: &[(TokenUse, u16)]) -> Tape {
    let mut tape = Tape::of(&AUTH_REST);
    for (token, status) in calls {
        tape.happens(What::Rest { request: "GET /api/dashboard/stats".to_owned(), token: *token, status: *status });
    }
    tape
}

#[test]
fn a_protected_route_answers_401_to_bad_tokens_and_something_good_to_good_ones() {
    rest(&[(TokenUse::Good, 200), (TokenUse::Expired, 401)]).passes("auth.rest");
    rest(&[(TokenUse::Good, 200), (TokenUse::Expired, 200)]).violates("auth.rest", "200");
    rest(&[(TokenUse::Good, 200), (TokenUse::Expired, 403)]).violates("auth.rest", "403");
}

#[test]
fn a_route_that_refuses_everybody_or_nobody_was_asked_proves_nothing() {
    rest(&[(TokenUse::Good, 401), (TokenUse::Expired, 401)]).leaves_open("auth.rest", None);
    rest(&[(TokenUse::Good, 200)]).leaves_open("auth.rest", None);
    rest(&[(TokenUse::Expired, 401)]).leaves_open("auth.rest", None);
}

/// A token that connects, is logged out, and is tried again.
fn logout() -> Tape {
    let mut tape = Tape::of(&AUTH_LOGOUT);
    tape.opens("before").happens(What::LoggedOut);
    tape
}

#[test]
fn a_logged_out_token_no_longer_connects() {
    logout().is_refused("after", TokenUse::LoggedOut).passes("auth.logout");
    let mut tape = logout();
    tape.shakes_hands("after", Transport::Websocket, TokenUse::LoggedOut, TokenPlace::Auth)
        .at("after", What::Connected)
        .violates("auth.logout", "it connects");
}

#[test]
fn logging_out_that_could_not_be_tried_is_not_tested() {
    logout().leaves_open("auth.logout", None);
    let mut tape = logout();
    tape.happens(What::Skipped { what: "logging out".to_owned(), reason: "HTTP 500".to_owned() });
    tape.is_refused("after", TokenUse::LoggedOut).leaves_open("auth.logout", None);
    let mut tape = logout();
    tape.opening("after", Transport::Websocket, TokenUse::LoggedOut, TokenPlace::Auth)
        .at("after", What::OpenFailed { reason: "HTTP 500".to_owned(), status: Some(500) });
    tape.leaves_open("auth.logout", None);
}
