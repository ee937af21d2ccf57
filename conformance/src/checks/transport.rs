//! `transport.*`: Engine.IO v4 and Socket.IO v5.

mod heartbeat;
mod malformed;
mod refusals;

use fixtures::Route;
use serde_json::Value;

use super::broadcast::{once, plainly};
use super::{Check, Judge};
use crate::conversation::{Connection, Conversation, Refusal, evidence, not_tested};
use crate::recording::Transport;
use crate::scenarios::{CORS, HEARTBEAT, MALFORMED, MAX_PAYLOAD, ONE_MESSAGE_PER_TYPE, REFUSALS, UPGRADE};
use crate::target::Capability;
use crate::verdict::{Failure, Finding, Judgement};

/// The area's checks.
pub const CHECKS: &[Check] = &[
    Check {
        id: "transport.open.websocket",
        needs: &[Capability::Websocket],
        scenario: &ONE_MESSAGE_PER_TYPE,
        judge: Judge::Whole(|conversation| open(conversation, Transport::Websocket)),
    },
    Check {
        id: "transport.open.polling",
        needs: &[Capability::Polling],
        scenario: &ONE_MESSAGE_PER_TYPE,
        judge: Judge::Whole(|conversation| open(conversation, Transport::Polling)),
    },
    Check {
        id: "transport.upgrade",
        needs: &[Capability::Upgrade],
        scenario: &UPGRADE,
        judge: Judge::PerRoute(upgrade),
    },
    Check { id: "transport.heartbeat", needs: &[], scenario: &HEARTBEAT, judge: Judge::Whole(heartbeat::heartbeat) },
    Check { id: "transport.reject", needs: &[], scenario: &REFUSALS, judge: Judge::Whole(refusals::reject) },
    Check { id: "transport.malformed", needs: &[], scenario: &MALFORMED, judge: Judge::PerRoute(malformed::malformed) },
    Check {
        id: "transport.max-payload",
        needs: &[],
        scenario: &MAX_PAYLOAD,
        judge: Judge::Whole(malformed::max_payload),
    },
    Check { id: "transport.cors", needs: &[], scenario: &CORS, judge: Judge::Whole(refusals::cors) },
    Check {
        id: "transport.polling-equal",
        needs: &[Capability::Polling, Capability::Websocket],
        scenario: &ONE_MESSAGE_PER_TYPE,
        judge: Judge::PerRoute(polling_equal),
    },
];

/// The handshake answers an open packet with `sid`, `upgrades`, `pingInterval`, `pingTimeout`, `maxPayload`.
fn open(conversation: &Conversation<'_>, transport: Transport) -> Judgement {
    let mut observations = 0;
    for connection in conversation.connections.iter().filter(|connection| connection.transport == transport) {
        if let Some(Refusal::Open { reason, .. }) = &connection.refusal {
            return Err(Finding::new(format!("an open packet by {transport}"), (*reason).to_owned()).into());
        }
        let Some(handshake) = connection.handshake else { continue };
        let is_count = |key: &str| handshake.get(key).and_then(Value::as_u64).is_some();
        let wrong = if handshake.get("sid").and_then(Value::as_str).is_none_or(str::is_empty) {
            Some("`sid`: non-empty text")
        } else if !handshake
            .get("upgrades")
            .and_then(Value::as_array)
            .is_some_and(|list| list.iter().all(Value::is_string))
        {
            Some("`upgrades`: a list of text")
        } else if !is_count("pingInterval") {
            Some("`pingInterval`: milliseconds")
        } else if !is_count("pingTimeout") {
            Some("`pingTimeout`: milliseconds")
        } else if !is_count("maxPayload") {
            Some("`maxPayload`: bytes")
        } else {
            None
        };
        if let Some(expected) = wrong {
            return Err(Finding::new(format!("{expected} in the open packet"), evidence::brief(handshake, 200))
                .with([connection.describe()])
                .into());
        }
        observations += 1;
    }
    Ok(observations)
}

/// Nothing broadcast during the upgrade is lost or doubled.
fn upgrade(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let connection = conversation.actor(&format!("upgrading/{}", route.customer_type))?;
    match connection.upgraded {
        Some(Ok(_)) => {}
        Some(Err(reason)) => {
            return Err(Finding::new("polling becomes WebSocket by probe", reason.to_owned())
                .with([connection.describe()])
                .into());
        }
        None => return Err(not_tested("the upgrade was not tried")),
    }
    let mut observations = 1;
    for message in conversation.messages_to(route)? {
        if connection.member_since(&route.room, message.starts()).is_none() {
            return Err(Failure::NotTested {
                reason: format!("{} had not joined", connection.peer),
                because: Some("join.acknowledged"),
            });
        }
        plainly(conversation, route, message)?;
        if conversation.delivered(connection, message, route).is_err() {
            return Err(lost(conversation, connection, message, route, "lost while the transport was upgraded"));
        }
        observations += once(conversation, connection, message, route)?;
    }
    Ok(observations)
}

fn lost(
    conversation: &Conversation<'_>,
    connection: &Connection<'_>,
    message: &crate::conversation::Message<'_>,
    route: &Route,
    observed: &str,
) -> Failure {
    Finding::new(format!("`{}` at {}", route.event, connection.describe()), observed)
        .with(conversation.story(message, route))
        .into()
}

/// A polling-only member gets every broadcast that a WebSocket member gets.
fn polling_equal(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let mut observations = 0;
    for message in conversation.messages_to(route)? {
        let members = conversation.members(route, message)?;
        let by = |transport| members.iter().filter(move |member| member.transport == transport);
        let heard = |member: &&&Connection<'_>| conversation.delivered(member, message, route).is_ok();
        if !by(Transport::Websocket).any(|member| heard(&member)) {
            return Err(Failure::NotTested {
                reason: "no WebSocket member heard the message".to_owned(),
                because: conversation.obstacle(Some(&route.customer_type)),
            });
        }
        for member in by(Transport::Polling) {
            if !heard(&member) {
                return Err(lost(conversation, member, message, route, "never, although WebSocket members heard it"));
            }
            observations += 1;
        }
    }
    Ok(observations)
}
