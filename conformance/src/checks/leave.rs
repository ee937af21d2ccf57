//! `leave.*`: leaving ends a room's broadcasts, and nothing else.

use fixtures::Route;

use super::broadcast::{observer, once, plainly, silent};
use super::{Check, Judge};
use crate::conversation::{Conversation, evidence, not_tested};
use crate::scenarios::MEMBERSHIP;
use crate::target::Capability;
use crate::verdict::{Failure, Finding, Judgement};

/// The area's checks.
pub const CHECKS: &[Check] = &[
    Check {
        id: "leave.effective",
        needs: &[Capability::Leave],
        scenario: &MEMBERSHIP,
        judge: Judge::PerRoute(effective),
    },
    Check { id: "leave.harmless", needs: &[Capability::Leave], scenario: &MEMBERSHIP, judge: Judge::Whole(harmless) },
    Check { id: "leave.rejoin", needs: &[Capability::Leave], scenario: &MEMBERSHIP, judge: Judge::PerRoute(rejoin) },
];

/// After leaving, no further broadcast of that room; the other rooms are unaffected.
fn effective(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let leaver = conversation.actor(&format!("left/{}", route.customer_type))?;
    let mut observations = 0;
    for message in &conversation.messages {
        message.accepted()?;
        let Some(other) = conversation.contract().route(&message.sent.customer_type) else { continue };
        if other == route {
            if leaver.may_be_member(&route.room, message.at) {
                return Err(not_tested(format!("{} was still leaving when the message was sent", leaver.peer)));
            }
            if leaver.memberships.iter().all(|(room, _)| *room != route.room) {
                return Err(not_tested(format!("{} never was in {}", leaver.peer, route.room)));
            }
            // What a plain member does not hear tells nothing of one that left.
            conversation.delivered(observer(conversation, route)?, message, route)?;
            observations += silent(conversation, leaver, message, route)?;
        } else if observer(conversation, other).and_then(|o| conversation.delivered(o, message, other)).is_ok() {
            if conversation.delivered(leaver, message, other).is_err() {
                return Err(Finding::new(
                    format!("leaving {} leaves {} in {}", route.room, leaver.peer, other.room),
                    format!("it no longer hears {}", other.event),
                )
                .with(conversation.story(message, other))
                .into());
            }
            observations += 1;
        }
    }
    Ok(observations)
}

/// Leaving a room one is not in, or a room that does not exist, breaks nothing.
fn harmless(conversation: &Conversation<'_>) -> Judgement {
    let connection = conversation.actor("stranger")?;
    if let Some((at, false, how)) = connection.closed {
        return Err(Finding::new("the connection lives on", format!("it ended: {how}"))
            .with([format!("{}  {}", evidence::clock(at), connection.describe())])
            .into());
    }
    let rooms = connection.memberships.iter().filter(|(_, stay)| stay.leaving.is_none());
    let joined =
        rooms.filter_map(|(room, stay)| Some((*room, stay, conversation.contract().route_of_room(room)?))).next();
    let Some((room, stay, route)) = joined else { return Err(not_tested("it asked for no room after leaving")) };
    let observer = observer(conversation, route)?;
    if stay.from.is_none() {
        return Err(Finding::new(
            format!("after leaving rooms it was not in, {} may join {room}", connection.peer),
            "the join was not acknowledged, although others' were",
        )
        .with([conversation.join_line(connection, room)])
        .into());
    }
    let mut observations = 0;
    for message in conversation.messages_to(route)? {
        conversation.delivered(observer, message, route)?;
        if conversation.delivered(connection, message, route).is_err() {
            return Err(Finding::new(
                format!("after leaving rooms it was not in, {} still hears those it joined", connection.peer),
                format!("it did not hear {}", route.event),
            )
            .with(conversation.story(message, route))
            .into());
        }
        observations += 1;
    }
    Ok(observations)
}

/// Leave then join again delivers again, once.
fn rejoin(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let connection = conversation.actor(&format!("back/{}", route.customer_type))?;
    let mut observations = 0;
    for message in conversation.messages_to(route)? {
        if connection.member_since(&route.room, message.starts()).is_none() {
            return Err(Failure::NotTested {
                reason: "the second join was not acknowledged".to_owned(),
                because: Some("join.acknowledged"),
            });
        }
        plainly(conversation, route, message)?;
        if conversation.delivered(connection, message, route).is_err() {
            return Err(Finding::new("a room that was left and joined again delivers again", "it does not")
                .with([conversation.join_line(connection, &route.room), message.line()])
                .into());
        }
        observations += once(conversation, connection, message, route)?;
    }
    Ok(observations)
}
