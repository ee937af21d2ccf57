//! The provider's webhook: its handshake, its signature, its bodies and its haste.

use std::time::Duration;

use crate::recording::What;
use crate::recording::tape::Tape;
use crate::scenarios::{CHALLENGE, MALFORMED_WEBHOOKS, ONE_MESSAGE_PER_TYPE, SIGNATURES, VERIFY};

const MEMBER: &str = "member/Partner";

fn handshake(body: &str, wrong: u16, empty: u16) -> Tape {
    let mut tape = Tape::of(&VERIFY);
    tape.is_answered("the right token", 200, &[], body);
    tape.is_answered("a wrong token", wrong, &[], "").is_answered("an empty token", empty, &[], "");
    tape
}

#[test]
fn the_challenge_comes_back_for_the_right_token_only() {
    handshake(CHALLENGE, 403, 401).passes("ingress.verify");
    handshake(&format!("{CHALLENGE:?}"), 403, 403).violates("ingress.verify", "200 with");
    handshake(CHALLENGE, 200, 403).violates("ingress.verify", "200");
    handshake(CHALLENGE, 403, 500).violates("ingress.verify", "500");
    Tape::of(&VERIFY).is_not_answered("the right token").leaves_open("ingress.verify", None);
}

/// A good message, four forged ones that are answered with these statuses, and one that is heard as the first of them is.
fn forgeries(statuses: [u16; 4]) -> Tape {
    let mut tape = Tape::of(&SIGNATURES);
    tape.member(MEMBER, "Partner").sends("Partner", "Partner/plain").told(MEMBER, "Partner/plain");
    let labels = [
        "without a signature",
        "signed with another secret",
        "signed for another body",
        "signed rightly but for the last digit",
    ];
    for (label, status) in labels.into_iter().zip(statuses) {
        let label = format!("Partner/{label}");
        tape.sends_in_vain("Partner", &label, "refused").is_answered(&label, status, &[], "");
    }
    tape
}

const RESPELLED: &str = "Partner/in another spelling";

#[test]
fn what_is_wrongly_signed_is_refused_and_what_is_rightly_signed_is_not() {
    let name = "ingress.signature [Partner]";
    let accepted = |statuses: [u16; 4]| {
        let mut tape = forgeries(statuses);
        tape.sends("Partner", RESPELLED).is_answered(RESPELLED, 200, &[], "");
        tape.told(MEMBER, RESPELLED).settles(&[MEMBER]);
        tape
    };
    accepted([401, 403, 401, 401]).passes(name);
    accepted([200, 401, 401, 401]).violates(name, "200");
    accepted([401, 401, 500, 401]).violates(name, "500");
    accepted([401, 401, 401, 200]).violates(name, "200");
    accepted([401, 429, 401, 401]).leaves_open(name, None);
    let mut tape = forgeries([401; 4]);
    tape.sends_in_vain("Partner", RESPELLED, "401").is_answered(RESPELLED, 401, &[], "").violates(name, "not accepted");
}

#[test]
fn what_is_refused_is_not_broadcast() {
    let mut tape = forgeries([401; 4]);
    tape.told(MEMBER, "Partner/without a signature").sends("Partner", RESPELLED);
    tape.is_answered(RESPELLED, 200, &[], "").told(MEMBER, RESPELLED).settles(&[MEMBER]);
    tape.violates("ingress.signature [Partner]", "member/Partner heard it");
}

const TYPES: [&str; 4] = ["Partner", "Customer", "Vendor", "SRDP"];

/// Good messages of every type around a body with this name.
fn around(label: &str, answer: impl Fn(&mut Tape)) -> Tape {
    let mut tape = Tape::of(&MALFORMED_WEBHOOKS);
    for of_type in TYPES {
        let (member, plain) = (format!("member/{of_type}"), format!("{of_type}/plain"));
        tape.member(&member, of_type).sends(of_type, &plain).told(&member, &plain);
    }
    tape.sends_in_vain("Partner", label, "refused");
    answer(&mut tape);
    for of_type in TYPES {
        let (member, after) = (format!("member/{of_type}"), format!("{of_type}/after"));
        tape.sends(of_type, &after).told(&member, &after).settles(&[&member]);
    }
    tape
}

/// The same, with this status for the body.
fn answered(label: &str, status: u16) -> Tape {
    around(label, |tape| {
        tape.is_answered(label, status, &[], "");
    })
}

#[test]
fn a_malformed_body_gets_a_4xx_and_harms_nobody() {
    for (label, status) in [("Partner/a list", 400), ("Partner/harmless: reaction", 200), ("Partner/harmless: x", 422)]
    {
        answered(label, status).passes("ingress.malformed");
    }
    for (label, status) in [("Partner/a list", 200), ("Partner/a list", 500), ("Partner/harmless: reaction", 500)] {
        answered(label, status).violates("ingress.malformed", &status.to_string());
    }
    answered("Partner/a list", 429).leaves_open("ingress.malformed", None);
}

#[test]
fn a_malformed_body_that_is_broadcast_all_the_same_is_told() {
    let label = "Partner/an unknown channel";
    let mut tape = answered(label, 404);
    tape.told("member/Vendor", label).violates("ingress.malformed", "member/Vendor heard it");
}

#[test]
fn hanging_up_on_a_large_body_is_a_refusal_and_never_answering_is_none() {
    let hung_up = |label: &str| {
        let (request, reason) = ("POST".to_owned(), "the connection was closed".to_owned());
        around(label, |tape| {
            let (request, reason) = (request.clone(), reason.clone());
            tape.happens(What::ProbeFailed { probe: label.into(), request, reason, timed_out: false });
        })
    };
    hung_up("Partner/a list").violates("ingress.malformed", "was closed");
    hung_up("Partner/more than 1 MiB").leaves_open("ingress.malformed", None); // nothing else was sent
    let label = "Partner/more than 1 MiB";
    around(label, |tape| {
        tape.is_not_answered(label);
    })
    .violates("ingress.malformed", "no complete answer");
}

#[test]
fn a_backend_that_takes_nothing_after_a_malformed_body_is_told() {
    let mut tape = Tape::of(&MALFORMED_WEBHOOKS);
    tape.member(MEMBER, "Partner").sends("Partner", "Partner/plain").told(MEMBER, "Partner/plain");
    tape.sends_in_vain("Partner", "Partner/null", "400").is_answered("Partner/null", 400, &[], "");
    tape.sends_in_vain("Partner", "Partner/after", "connection refused");
    tape.violates("ingress.malformed", "not accepted: connection refused");
}

#[test]
fn an_answer_within_a_second_is_prompt() {
    Tape::of(&ONE_MESSAGE_PER_TYPE).sends("Partner", "Partner/hello").passes("ingress.prompt [Partner]");
    let mut tape = Tape::of(&ONE_MESSAGE_PER_TYPE);
    tape.sends_in_vain("Partner", "Partner/hello", "").happens(What::Accepted {
        trigger: 0,
        request: "POST /webhook".to_owned(),
        status: Some(200),
        took: Duration::from_millis(1_100),
        throttled: Duration::ZERO,
    });
    tape.violates("ingress.prompt [Partner]", "after 1.1 s");
}
