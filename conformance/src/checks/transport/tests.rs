use crate::made::Made;
use crate::recording::{Direction, What};

/// Two pings at the steady client, and a silent one that is dropped so many milliseconds after the ping.
fn heartbeat(pings: u64, dropped_after: Option<u64>) -> Made {
    let mut made = Made::for_check("transport.heartbeat");
    made.opened("steady/websocket").opened("silent/websocket").by("silent/websocket", What::FellSilent);
    for _ in 0..pings {
        made.after(1_000).frame("steady/websocket", Direction::In, "2").frame("steady/websocket", Direction::Out, "3");
    }
    made.frame("silent/websocket", Direction::In, "2");
    match dropped_after {
        Some(millis) => made.after(millis).dropped("silent/websocket"),
        None => made.after(5_000).closed("silent/websocket"),
    };
    made
}

#[test]
fn pings_that_come_and_a_silent_client_that_goes_are_a_heartbeat() {
    heartbeat(2, Some(510)).fenced("steady/websocket").passes_with(4);
}

#[test]
fn a_server_that_never_pings_has_no_heartbeat() {
    heartbeat(0, Some(510)).fenced("steady/websocket").is_violated_by("0 pings");
}

#[test]
fn a_silent_client_that_is_kept_or_not_given_its_time_is_told() {
    heartbeat(2, None).fenced("steady/websocket").is_violated_by("still open");
    heartbeat(2, Some(10)).fenced("steady/websocket").is_violated_by("after 11 ms");
}

#[test]
fn a_client_that_answers_may_not_be_dropped() {
    heartbeat(2, Some(510)).dropped("steady/websocket").is_violated_by("it ended: closed by the server");
}

#[test]
fn a_heartbeat_that_is_too_long_to_wait_for_is_not_tested() {
    let mut made = Made::for_check("transport.heartbeat");
    made.opened("steady/websocket").opened("silent/websocket").by(
        "silent/websocket",
        What::Skipped { what: "the heartbeat".to_owned(), reason: "longer than is waited for".to_owned() },
    );
    made.is_not_tested_as("longer than is waited for");
}

#[test]
fn a_refusal_is_a_4xx_where_a_good_handshake_is_accepted() {
    let refusals = |good: u16, bad: u16| {
        let mut made = Made::for_check("transport.reject");
        made.probe("a good handshake by polling", good, &[], "0{}").probe(
            "an unknown transport by polling",
            bad,
            &[],
            "",
        );
        made
    };
    refusals(200, 400).passes_with(1);
    refusals(200, 404).passes_with(1);
    for accepted in [101, 200, 302, 500] {
        refusals(200, accepted).is_violated_by(&accepted.to_string());
    }
    refusals(503, 400).is_not_tested_as("a good handshake by polling: 503");
    refusals(200, 429).is_not_tested_as("429");
}

#[test]
fn an_answer_that_never_comes_is_no_refusal() {
    let mut made = Made::for_check("transport.reject");
    made.probe("a good handshake by websocket", 101, &[], "").what(What::ProbeFailed {
        probe: "an unknown session id by websocket".into(),
        request: "GET /ws/".to_owned(),
        reason: "no complete answer within 2s".to_owned(),
        timed_out: true,
    });
    made.is_violated_by("no complete answer within 2s");
}

/// The handshake and calls of a page, with these headers in all answers, and these in the preflight's besides.
fn page(origin: &[(&str, &str)], preflight: &[(&str, &str)]) -> Made {
    let mut made = Made::for_check("transport.cors");
    made.probe("a good handshake by polling", 200, &[], "0{}")
        .probe("a page's handshake by polling", 200, origin, "0{}")
        .probe("a good call", 200, &[], "{}")
        .probe("a preflight", 204, &[origin, preflight].concat(), "")
        .probe("a page's call", 200, origin, "{}");
    made
}

#[test]
fn a_page_is_let_in_by_its_own_origin_or_by_any() {
    let headers = [("access-control-allow-headers", "Content-Type, Authorization")];
    for origin in ["https://page.example", "*"] {
        page(&[("access-control-allow-origin", origin)], &headers).passes_with(3);
    }
    page(&[("access-control-allow-origin", "https://other.example")], &headers).is_violated_by("https://other.example");
    page(&[], &headers).is_violated_by("no such header");
}

#[test]
fn a_star_does_not_cover_the_authorization_header() {
    let origin = [("access-control-allow-origin", "*")];
    page(&origin, &[("access-control-allow-headers", "*")]).is_violated_by("`*`");
    page(&origin, &[]).is_violated_by("``");
}

/// A message, something odd by another socket, and a message behind it.
fn oddity(check: &str) -> Made {
    let odd = "Partner/an empty frame";
    let mut made = Made::for_check(check);
    made.observer("Partner")
        .message("Partner", "Partner/plain")
        .heard("member/Partner", "Partner/plain")
        .opened(odd)
        .joined(odd, "Partner")
        .by(odd, What::Malformed { text: String::new() })
        .dropped(odd);
    made
}

#[test]
fn a_malformed_packet_may_cost_its_own_session_and_no_more() {
    for check in ["transport.malformed", "transport.max-payload"] {
        oddity(check)
            .message("Partner", "Partner/an empty frame")
            .heard("member/Partner", "Partner/an empty frame")
            .fenced("member/Partner")
            .passes_with(1);
    }
}

#[test]
fn what_others_lose_by_a_malformed_packet_is_told_with_the_packet() {
    for check in ["transport.malformed", "transport.max-payload"] {
        let next = |made: &mut Made| {
            made.message("Partner", "Partner/an empty frame").fenced("member/Partner").is_violated_by("never")
        };
        next(&mut oddity(check));
        oddity(check).sending("Partner", "Partner/an empty frame").not_accepted().is_violated_by("not accepted");
        oddity(check)
            .dropped("member/Partner")
            .message("Partner", "Partner/an empty frame")
            .is_violated_by("its connection ended");
        oddity(check)
            .message("Partner", "Partner/an empty frame")
            .heard("member/Partner", "Partner/an empty frame")
            .heard("member/Partner", "Partner/an empty frame")
            .is_violated_by("2 times");
    }
}

#[test]
fn where_plain_messages_are_lost_already_packets_are_not_to_blame() {
    let mut made = Made::for_check("transport.malformed");
    made.observer("Partner").message("Partner", "Partner/plain").message("Partner", "Partner/an empty frame");
    let odd = "Partner/an empty frame";
    made.opened(odd).by(odd, What::Malformed { text: String::new() }).fenced("member/Partner");
    made.is_not_tested_as("did not hear");
}

#[test]
fn a_limit_beyond_what_the_suite_sends_is_not_tested() {
    let mut made = oddity("transport.max-payload");
    made.skipped("a big one", "`maxPayload` is too large").is_not_tested_as("too large");
}
