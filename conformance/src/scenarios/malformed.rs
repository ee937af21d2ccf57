//! Conversations in which one socket misbehaves, and others must not notice.

use fixtures::Route;

use super::{Blueprint, Phase, broadcast, for_each_route, join, label_of, member, observer_heard, open_by, send};
use crate::recording::Transport;
use crate::scenario::{Actor, Raw, Step};

/// What breaks a codec that trusts its input, by name; for polling also bodies that are no payload.
fn odd_frames(by: Transport) -> Vec<(&'static str, Raw)> {
    let text = |text: &str| Raw::Text(text.to_owned());
    let mut frames = vec![
        ("an empty frame", text("")),
        ("an unknown Engine.IO packet", text("9hello")),
        ("an unknown Socket.IO packet", text("49")),
        ("an open packet", text(r#"0{"sid":"x"}"#)),
        ("an upgrade that was not probed", text("5")),
        ("an event without data", text("42")),
        ("an event that is no JSON", text(r#"42["message",{"#)),
        ("an event that is no list", text(r#"42{"room":"x"}"#)),
        ("an event without a name", text("42[]")),
        ("an event whose name is no text", text(r#"42[{"a":1},null]"#)),
        ("an answer to nothing", text("43999[1]")),
        ("an absurd number", text("42999999999999999999999999[\"x\"]")),
        ("a binary event without its attachment", text(r#"451-["message",{"_placeholder":true,"num":0}]"#)),
        ("an absurd count of attachments", text(r#"45999999999999-["x"]"#)),
        ("a placeholder for nothing", text(r#"451-["x",{"_placeholder":true,"num":7}]"#)),
        ("a namespace that does not end", text("42/nowhere")),
        ("10,000 lists in each other", Raw::Text(format!("42{}{}", "[".repeat(10_000), "]".repeat(10_000)))),
        ("text with NUL", text("42[\"\\u0000\",\"\u{0}\"]")),
    ];
    match by {
        Transport::Polling => frames.extend([
            ("packets that are all empty", text("\u{1e}\u{1e}\u{1e}")),
            ("a binary packet that is no base64", text("b!!!")),
            ("a body that is not UTF-8", Raw::Bytes("NDJb//79XQ==".to_owned())),
            ("a thousand packets", Raw::Repeated("42[\"x\"]\u{1e}".to_owned(), 1_000)),
        ]),
        _ => frames.extend([("bytes that nothing announced", Raw::Bytes("//79AA==".to_owned()))]),
    }
    frames
}

/// A socket of the route's room that sends something odd, and a message right behind it, which the observer must hear.
fn oddity(route: &Route, by: Transport, name: &str, raw: Raw) -> Vec<Step> {
    let label = format!("{name}, by {by}");
    let actor = Actor::from(label_of(route, &label));
    vec![
        open_by(&actor, by),
        join(&actor, &route.room),
        Step::Raw { actor, raw },
        send(route, &label, "customer", "after something odd"),
        observer_heard(route, &[&label]),
    ]
}

/// Fences the observers only: what became of those that misbehaved is their own affair.
fn settle_members(routes: &[Route]) -> Step {
    Step::Settle { actors: routes.iter().map(|route| Actor::from(member(route))).collect() }
}

/// Every kind of malformed frame, shared out among the types, each followed by a message.
pub const MALFORMED: Blueprint = Blueprint {
    name: "malformed",
    about: "malformed packets by each transport, shared out among the types, each from a socket of its own in the type's \
            room and followed by a message that the other member must hear",
    needs: &[],
    phase: Phase::Last,
    steps: |plan| {
        let all: Vec<_> = plan
            .doors()
            .into_iter()
            .flat_map(|by| odd_frames(by).into_iter().map(move |(name, raw)| (by, name, raw)))
            .collect();
        let routes = plan.contract.routes.len();
        vec![
            for_each_route(plan, |route| {
                let place = plan.contract.routes.iter().position(|other| other == route).unwrap_or(0);
                let mut steps = broadcast::observed_plainly(route);
                let share = all.iter().enumerate().filter(|(index, _)| index % routes == place);
                steps.extend(share.flat_map(|(_, (by, name, raw))| oddity(route, *by, name, raw.clone())));
                steps
            }),
            settle_members(&plan.contract.routes),
        ]
    },
};

/// A message above the announced limit, by each transport.
pub const MAX_PAYLOAD: Blueprint = Blueprint {
    name: "max-payload",
    about: "per transport an event of one byte more than `maxPayload`, and one of far more, each followed by a message that \
            the other member must hear",
    needs: &[],
    phase: Phase::Last,
    steps: |plan| {
        let Some(route) = plan.contract.routes.first() else { return Vec::new() };
        let mut steps = broadcast::observed_plainly(route);
        for by in plan.doors() {
            steps.extend(oddity(route, by, "one byte over maxPayload", Raw::OverPayload(1)));
            steps.extend(oddity(route, by, "3 MB over maxPayload", Raw::OverPayload(3_000_000)));
        }
        steps.push(settle_members(std::slice::from_ref(route)));
        steps
    },
};
