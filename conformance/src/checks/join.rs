//! `join.*`: a join is acknowledged to whom it concerns, is effective, and nothing else gets one into a room.

use std::time::Duration;

use fixtures::Route;
use serde_json::Value;

use super::broadcast::{once, plainly, silent};
use super::{Check, Judge};
use crate::conversation::{Connection, Conversation, Event, evidence, mentions, not_tested};
use crate::scenarios::{JOIN_MALFORMED, JOIN_UNKNOWN, MEMBERSHIP, ONE_MESSAGE_PER_TYPE, member};
use crate::verdict::{Failure, Finding, Judgement};

/// The area's checks.
pub const CHECKS: &[Check] = &[
    Check {
        id: "join.acknowledged",
        needs: &[],
        scenario: &ONE_MESSAGE_PER_TYPE,
        judge: Judge::PerRoute(acknowledged),
    },
    Check {
        id: "join.private-answer",
        needs: &[],
        scenario: &ONE_MESSAGE_PER_TYPE,
        judge: Judge::Whole(private_answer),
    },
    Check { id: "join.effective", needs: &[], scenario: &ONE_MESSAGE_PER_TYPE, judge: Judge::PerRoute(effective) },
    Check { id: "join.unknown-room", needs: &[], scenario: &JOIN_UNKNOWN, judge: Judge::Whole(unknown_room) },
    Check { id: "join.malformed", needs: &[], scenario: &JOIN_MALFORMED, judge: Judge::Whole(malformed) },
    Check { id: "join.idempotent", needs: &[], scenario: &MEMBERSHIP, judge: Judge::PerRoute(idempotent) },
    Check { id: "join.several", needs: &[], scenario: &MEMBERSHIP, judge: Judge::PerRoute(several) },
    Check { id: "join.not-inherited", needs: &[], scenario: &MEMBERSHIP, judge: Judge::PerRoute(not_inherited) },
];

/// The answers' event name.
fn answer_name<'a>(conversation: &Conversation<'a>) -> &'a str {
    conversation.contract().join.answer.as_deref().unwrap_or_default()
}

fn joins<'c, 'a>(
    conversation: &Conversation<'a>,
    connection: &'c Connection<'a>,
) -> Vec<(&'c Event<'a>, Option<&'c Event<'a>>)> {
    connection.exchanges(&conversation.contract().join.request, answer_name(conversation))
}

fn asked_room<'a>(event: &Event<'a>) -> Option<&'a str> {
    event.args.first()?.get("room")?.as_str()
}

/// Each room is acknowledged with `status: 1` and its own name.
fn acknowledged(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let mut observations = 0;
    let mut unusable = None;
    for connection in &conversation.connections {
        if let Err(failure) = connection.usable() {
            unusable = Some(failure);
            continue;
        }
        for (asked, answer) in
            joins(conversation, connection).into_iter().filter(|(asked, _)| asked_room(asked) == Some(&route.room))
        {
            let payload = answer.and_then(|answer| answer.args.first());
            let status = payload.and_then(|payload| payload.get("status"));
            let room = payload.and_then(|payload| payload.get("room")).and_then(Value::as_str);
            if status == Some(&Value::from(1)) && room == Some(&route.room) {
                observations += 1;
                continue;
            }
            let observed = match payload {
                Some(payload) => evidence::brief(payload, 200),
                None => format!("no `{}` came", answer_name(conversation)),
            };
            return Err(Finding::new(
                format!("{} {{\"status\":1,\"room\":{:?}}}", answer_name(conversation), route.room),
                observed,
            )
            .with([format!(
                "{}  {}: {} {}",
                evidence::clock(asked.at),
                connection.describe(),
                asked.name,
                first_arg(asked)
            )])
            .into());
        }
    }
    match unusable {
        Some(failure) if observations == 0 => Err(failure),
        _ => Ok(observations),
    }
}

fn first_arg(event: &Event<'_>) -> String {
    event.args.first().map(|arg| evidence::brief(arg, 120)).unwrap_or_default()
}

/// Only the asking socket gets the answer, once per request.
fn private_answer(conversation: &Conversation<'_>) -> Judgement {
    let mut observations = 0;
    for connection in conversation.connections.iter().filter(|connection| connection.usable().is_ok()) {
        let asked = joins(conversation, connection);
        let answers: Vec<_> = connection.received(answer_name(conversation)).collect();
        if answers.len() > asked.len() {
            return Err(Finding::new(
                format!("{} answers at {}, one for each request of its own", asked.len(), connection.describe()),
                format!("{} answers", answers.len()),
            )
            .with(
                answers
                    .iter()
                    .map(|answer| format!("{}  {} {}", evidence::clock(answer.at), answer.name, first_arg(answer))),
            )
            .into());
        }
        let last = answers.last().map_or(Duration::ZERO, |answer| answer.at);
        conversation.fenced(connection, last)?;
        observations += answers.len();
    }
    if observations == 0 {
        return Err(Failure::NotTested {
            reason: "no request to join was answered".to_owned(),
            because: conversation.obstacle(None).or(Some("join.acknowledged")),
        });
    }
    Ok(observations)
}

/// From the acknowledgement on, the socket gets the room's broadcasts.
///
/// Violated where some members hear and others do not, or where every room's joins are acknowledged and yet no member of
/// any room hears anything. Where one whole room is silent while others work, no broadcast was made as far as anybody can
/// tell, which is `broadcast.delivered`.
fn effective(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let mut observations = 0;
    for message in conversation.messages_to(route)? {
        let members = conversation.members(route, message)?;
        let (heard, deaf): (Vec<_>, Vec<_>) =
            members.into_iter().partition(|member| !conversation.heard_by(member, message).is_empty());
        if heard.is_empty() && !conversation.deliveries.is_empty() {
            return Err(Failure::NotTested {
                reason: format!(
                    "nobody heard the {} message, while other types' members heard theirs",
                    route.customer_type
                ),
                because: Some("broadcast.delivered"),
            });
        }
        if let Some(first) = deaf.first() {
            let who: Vec<String> = deaf.iter().map(|member| member.describe()).collect();
            let others = if heard.is_empty() {
                "no member of any room heard anything".to_owned()
            } else {
                format!("{} others heard it", heard.len())
            };
            return Err(Finding::new(
                format!("a socket whose join of {} was acknowledged hears its broadcasts", route.room),
                format!("not heard by {}; {others}", who.join(", ")),
            )
            .with([conversation.join_line(first, &route.room), message.line()])
            .into());
        }
        observations += heard.len();
    }
    Ok(observations)
}

/// Every answer is `{status: 0, message}`; for requests other than plain valid rooms.
fn refused(
    conversation: &Conversation<'_>,
    connection: &Connection<'_>,
    is_bad: impl Fn(&Event<'_>) -> bool,
) -> Judgement {
    let mut observations = 0;
    for (asked, answer) in joins(conversation, connection).into_iter().filter(|(asked, _)| is_bad(asked)) {
        let told = answer.and_then(|answer| answer.args.first());
        let status = told.and_then(|told| told.get("status"));
        let message = told.and_then(|told| told.get("message")).and_then(Value::as_str);
        if status == Some(&Value::from(0)) && message.is_some_and(|message| !message.is_empty()) {
            observations += 1;
            continue;
        }
        let observed = match (told, connection.closed) {
            (Some(told), _) => evidence::brief(told, 200),
            (None, Some((_, false, how))) => format!("the connection ended: {how}"),
            (None, _) => "no answer".to_owned(),
        };
        let args = evidence::brief(&Value::from(asked.args.to_vec()), 120);
        return Err(Finding::new(
            format!(
                "{} {{\"status\":0,\"message\":…}} to {} with arguments {args}",
                answer_name(conversation),
                asked.name
            ),
            observed,
        )
        .with([format!("{}  {}", evidence::clock(asked.at), connection.describe())])
        .into());
    }
    Ok(observations)
}

/// Any other name gets `{status: 0, message}` and no membership.
fn unknown_room(conversation: &Conversation<'_>) -> Judgement {
    let mut observations = 0;
    let contract = conversation.contract();
    for connection in conversation.connections.iter().filter(|connection| connection.peer.actor.starts_with("probe")) {
        connection.usable()?;
        observations += refused(conversation, connection, |asked| {
            asked_room(asked).is_none_or(|room| contract.route_of_room(room).is_none())
        })?;
        for message in conversation.audible()? {
            // Not `heard_by`: a room named like a chat or a socket brings events under other names.
            let leaked =
                connection.events.iter().find(|event| event.args.iter().any(|arg| mentions(arg, &message.sent.nonce)));
            if let Some(event) = leaked {
                return Err(Finding::new(
                    format!("nothing at {}, whose joins named no room of the contract", connection.describe()),
                    format!("it heard `{}`", event.name),
                )
                .with([message.line()])
                .into());
            }
            let others = conversation.first_delivery(message)?;
            conversation.fenced(connection, others.at)?;
            observations += 1;
        }
    }
    Ok(observations)
}

/// A malformed request is answered, and the connection lives on: the same socket's next good join is effective.
fn malformed(conversation: &Conversation<'_>) -> Judgement {
    let mut observations = 0;
    let contract = conversation.contract();
    for connection in
        conversation.connections.iter().filter(|connection| connection.peer.actor.starts_with("malformed"))
    {
        connection.usable()?;
        observations += refused(conversation, connection, |asked| {
            asked_room(asked).is_none_or(|room| contract.route_of_room(room).is_none())
        })?;
        if let Some((at, false, how)) = connection.closed {
            return Err(Finding::new("the connection lives on", format!("it ended: {how}"))
                .with([format!("{}  {}", evidence::clock(at), connection.describe())])
                .into());
        }
        let acknowledged = connection.memberships.iter().any(|(_, stay)| stay.from.is_some());
        if !acknowledged {
            return Err(Finding::new("a good join on the same connection is acknowledged", "it was not")
                .with([connection.describe()])
                .into());
        }
        observations += 1;
    }
    Ok(observations)
}

/// The actor's messages of the route, each heard once, as a plain member hears them.
fn hears_once(conversation: &Conversation<'_>, actor: &str, route: &Route) -> Judgement {
    let connection = conversation.actor(actor)?;
    let mut observations = 0;
    for message in conversation.messages_to(route)? {
        if connection.member_since(&route.room, message.starts()).is_none() {
            return Err(Failure::NotTested {
                reason: format!("{} had no acknowledged join of {}", connection.peer, route.room),
                because: Some("join.acknowledged"),
            });
        }
        plainly(conversation, route, message)?;
        if conversation.delivered(connection, message, route).is_err() {
            return Err(Finding::new(
                format!("`{}` once at {}", route.event, connection.describe()),
                "never, although others heard it",
            )
            .with([conversation.join_line(connection, &route.room)])
            .with(conversation.story(message, route))
            .into());
        }
        observations += once(conversation, connection, message, route)?;
    }
    Ok(observations)
}

/// Joining twice delivers once.
fn idempotent(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let connection = conversation.actor(&format!("twice/{}", route.customer_type))?;
    let asked = joins(conversation, connection).len();
    if asked < 2 {
        return Err(not_tested("the second join was not sent"));
    }
    hears_once(conversation, &connection.peer.actor, route)
}

/// One socket may be in several rooms, and gets each room's event exactly once.
fn several(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    hears_once(conversation, "several", route)
}

/// A new connection is in no room, whatever an earlier one had joined.
fn not_inherited(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    conversation.actor(&member(route))?;
    let mut observations = 0;
    for connection in conversation
        .connections
        .iter()
        .filter(|connection| connection.peer.actor.starts_with("again/") && connection.peer.connection > 1)
    {
        connection.usable()?;
        for message in conversation.messages_to(route)? {
            observations += silent(conversation, connection, message, route)?;
        }
    }
    Ok(observations)
}
