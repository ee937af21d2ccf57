//! Conversations with the provider's webhook, in the provider's place.

use fixtures::{Route, webhooks};
use serde_json::{Value, json};

use super::{Blueprint, Phase, broadcast, for_each_route, label_of, member, observer_heard, send};
use crate::scenario::{Actor, Body, Door, Message, Probe, Raw, Step};
use crate::target::{Capability, Signature};

/// The limit that every backend has to have.
const MIB: usize = 1 << 20;

/// The challenge of the good handshake: no number, and nothing that an encoding leaves as it is.
pub const CHALLENGE: &str = "cH4ll-ng_e.~ 7&=";

/// The subscription handshake with the right token, and with wrong ones.
pub const VERIFY: Blueprint = Blueprint {
    name: "verify",
    about: "the provider's subscription handshake with the right verify token, a wrong one and an empty one",
    needs: &[Capability::Webhook, Capability::Verify],
    phase: Phase::Together,
    steps: |_| {
        let handshake = |label: &str, token: &str| {
            let query = [("hub.mode", "subscribe"), ("hub.challenge", CHALLENGE), ("hub.verify_token", token)];
            vec![Step::Probe(Probe::get(label, Door::Verify).query(&query))]
        };
        let branches = vec![
            handshake("the right token", "$verify_token"),
            handshake("a wrong token", "not-the-verify-token"),
            handshake("an empty token", ""),
        ];
        vec![Step::Together { branches }]
    },
};

fn text(route: &Route, label: &str, text: &str) -> Message {
    Message::text(label_of(route, label), &route.customer_type, label, text)
}

fn deliver(message: Message, body: Body, signature: Signature) -> Step {
    Step::Deliver { message, body, signature, channel: None, chunked: false }
}

/// Fences the observers.
fn settle_observers(routes: &[Route]) -> Step {
    Step::Settle { actors: routes.iter().map(|route| Actor::from(member(route))).collect() }
}

/// Bodies that are not signed, wrongly signed, and rightly signed in an unusual spelling.
pub const SIGNATURES: Blueprint = Blueprint {
    name: "signatures",
    about: "per type a message, one without a signature, three with wrong ones, and one rightly signed over bytes with \
            unusual spaces, escapes and order",
    needs: &[Capability::Webhook, Capability::Signature],
    phase: Phase::Together,
    steps: |plan| {
        vec![
            for_each_route(plan, |route| {
                let mut steps = broadcast::observed_plainly(route);
                for (label, signature) in [
                    ("without a signature", Signature::Missing),
                    ("signed with another secret", Signature::Wrong),
                    ("signed for another body", Signature::OfAnother),
                    ("signed rightly but for the last digit", Signature::Almost),
                ] {
                    steps.push(deliver(text(route, label, "forged"), Body::AsSent, signature));
                }
                let respelled = text(route, "in another spelling", "überall / \"so\" 😀");
                steps.push(deliver(respelled, Body::Respelled, Signature::Right));
                steps.push(observer_heard(route, &["in another spelling"]));
                steps
            }),
            settle_observers(&plan.contract.routes),
        ]
    },
};

/// What a webhook body must not be, by name. Each has the message in it as far as its damage allows, so that a backend that
/// broadcasts it all the same is found out.
fn malformed() -> Vec<(&'static str, Body)> {
    let at = |place: &str, value: Value| Body::Replaced(place.to_owned(), value);
    let other = |text: &str| Body::Other(Raw::Text(text.to_owned()));
    let value = "/entry/0/changes/0/value";
    let messages = format!("{value}/messages");
    let message = format!("{messages}/0");
    vec![
        ("an empty body", other("")),
        ("JSON that breaks off", Body::Cut),
        ("bytes that are not UTF-8", Body::Other(Raw::Bytes("eyJlbnRyeSI6W3siaWQiOiL//iJ9XX0=".to_owned()))),
        ("a list", other("[]")),
        ("null", other("null")),
        ("a text", other("\"entry\"")),
        ("a number", other("42")),
        ("an empty object", other("{}")),
        ("an entry that is no list", at("/entry", json!({"changes": []}))),
        ("an entry that is null", at("/entry", Value::Null)),
        ("an entry of texts", at("/entry", json!(["changes"]))),
        ("changes that are missing", at("/entry/0", json!({"id": "100000000000001"}))),
        ("changes that are no list", at("/entry/0/changes", json!({"0": "value"}))),
        ("a change that is null", at("/entry/0/changes/0", Value::Null)),
        ("a value that is a text", at(value, json!("messages"))),
        ("messages that are no list", at(&messages, json!({"0": {"type": "text"}}))),
        ("a message that is null", at(&message, Value::Null)),
        ("a sender that is a number", at(&format!("{message}/from"), json!(15_550_100_001_u64))),
        ("a type that is a list", at(&format!("{message}/type"), json!(["text"]))),
        ("a text that is an object", at(&format!("{message}/text/body"), json!({"body": "words"}))),
        ("lists in each other", Body::Other(Raw::Text(format!("{}{}", "[".repeat(5_000), "]".repeat(5_000))))),
    ]
}

/// Malformed bodies, then bodies that are merely of no interest, then good messages.
pub const MALFORMED_WEBHOOKS: Blueprint = Blueprint {
    name: "malformed-webhooks",
    about: "a message of each type; bodies that are broken, of a wrong shape, for an unknown channel or above 1 MiB; bodies of \
            no interest; and another message of each type",
    needs: &[Capability::Webhook],
    phase: Phase::Together,
    steps: |plan| {
        let Some(route) = plan.contract.routes.first() else { return Vec::new() };
        let mut branches: Vec<Vec<Step>> = malformed()
            .into_iter()
            .map(|(label, body)| vec![deliver(text(route, label, "never said"), body, Signature::Right)])
            .collect();
        branches.push(vec![Step::Deliver {
            message: text(route, "an unknown channel", "never said"),
            body: Body::AsSent,
            signature: Signature::Right,
            channel: Some("19999999999".to_owned()),
            chunked: false,
        }]);
        for (label, chunked) in [("more than 1 MiB", false), ("more than 1 MiB in chunks", true)] {
            branches.push(vec![Step::Deliver {
                message: text(route, label, "never said"),
                body: Body::Padded(MIB + 1_024),
                signature: Signature::Right,
                channel: None,
                chunked,
            }]);
        }
        let harmless = webhooks::OTHERS.iter().filter(|(name, _)| *name != "batch").map(|(name, body)| {
            let body = Body::Other(Raw::Text((*body).to_owned()));
            vec![deliver(text(route, &format!("harmless: {name}"), "never said"), body, Signature::Right)]
        });
        branches.extend(harmless);
        let none = Body::Replaced("/entry".to_owned(), json!([]));
        branches.push(vec![deliver(text(route, "harmless: an empty entry", "never said"), none, Signature::Right)]);
        branches.push(vec![deliver(
            text(route, "harmless: partly bad", "beside a bad one"),
            Body::Beside(json!({"type": "text", "from": 42})),
            Signature::Right,
        )]);
        vec![
            for_each_route(plan, broadcast::observed_plainly),
            Step::Together { branches },
            for_each_route(plan, |route| {
                vec![send(route, "after", "customer", "after all that"), observer_heard(route, &["after"])]
            }),
            settle_observers(&plan.contract.routes),
        ]
    },
};
