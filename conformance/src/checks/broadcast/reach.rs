//! Who hears a message: every member, once, under one name, and nobody else.

use fixtures::Route;

use crate::conversation::{Connection, Conversation, Message, evidence};
use crate::verdict::{Failure, Finding, Judgement};

/// Every member of T's room gets T's event within the deadline.
pub(super) fn delivered(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let mut observations = 0;
    for message in conversation.messages_to(route)? {
        observations += delivered_to_members(conversation, route, message)?;
    }
    Ok(observations)
}

/// Every member at the time of sending hears the message under the route's own name within the deadline. A member that
/// left or closed before the deadline was over owes nothing.
fn delivered_to_members(conversation: &Conversation<'_>, route: &Route, message: &Message<'_>) -> Judgement {
    let members = conversation.members(route, message)?;
    let mut in_time = 0;
    let mut missed = Vec::new();
    let mut late = Vec::new();
    for member in members {
        let heard = conversation.delivered(member, message, route).ok().and_then(|heard| heard.first().copied());
        let due = message.starts() + conversation.deadline();
        match heard {
            Some(heard) if heard.at <= due => in_time += 1,
            Some(heard) => {
                late.push(format!("{} after {}", member.describe(), evidence::span(heard.at - message.starts())))
            }
            None if member.closed.is_none_or(|(at, ..)| at >= due) => missed.push(member.describe()),
            None => {}
        }
    }
    if missed.is_empty() && late.is_empty() {
        return Ok(in_time);
    }
    let mut observed = Vec::new();
    if in_time == 0 && late.is_empty() {
        observed.push("none of them heard it".to_owned());
    } else {
        if !missed.is_empty() {
            observed.push(format!("not heard by {}", missed.join(", ")));
        }
        if !late.is_empty() {
            observed.push(format!("late: {}", late.join(", ")));
        }
    }
    let elsewhere: Vec<_> =
        conversation.heard(message).into_iter().filter(|heard| heard.event != route.event).collect();
    if let Some(other) = elsewhere.first() {
        observed.push(format!("but {} heard it as `{}`", other.peer, other.event));
    }
    Err(Finding::new(
        format!(
            "`{}` to room {} within {}: {} members, each with an acknowledged join",
            route.event,
            route.room,
            evidence::span(conversation.deadline()),
            in_time + missed.len() + late.len()
        ),
        observed.join("; "),
    )
    .with(conversation.story(message, route))
    .with(saved_all_the_same(conversation, message))
    .into())
}

/// Whether the message was saved although it was not heard: tells a missing broadcast from a webhook without effect.
fn saved_all_the_same(conversation: &Conversation<'_>, message: &Message<'_>) -> Option<String> {
    let saved = conversation.saved(message)?.map(|(at, chat)| {
        format!("{}  saved all the same: the chat list shows {}", evidence::clock(at), evidence::brief(chat, 160))
    });
    Some(saved.unwrap_or_else(|| "not saved either: the chat list does not show the message".to_owned()))
}

/// Each of them gets it once.
pub(super) fn exactly_once(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let mut observations = 0;
    for message in conversation.messages_to(route)? {
        for member in conversation.members(route, message)? {
            observations += once(conversation, member, message, route)?;
        }
    }
    Ok(observations)
}

/// The member heard the message once under the route's name, and a fence shows that no second copy was on its way.
pub(in crate::checks) fn once(
    conversation: &Conversation<'_>,
    member: &Connection<'_>,
    message: &Message<'_>,
    route: &Route,
) -> Judgement {
    let heard = conversation.delivered(member, message, route)?;
    if heard.len() > 1 {
        return Err(Finding::new(
            format!("`{}` once at {}", route.event, member.describe()),
            format!("{} times", heard.len()),
        )
        .with([conversation.join_line(member, &route.room), message.line()])
        .with(heard.iter().map(|delivery| delivery.line()))
        .into());
    }
    conversation.fenced(member, heard[0].at)?;
    Ok(1)
}

/// Nobody else gets it of those who are connected: not the other rooms, not a socket in no room, not one that left.
pub(super) fn only_room(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let mut observations = 0;
    for message in conversation.messages_to(route)? {
        let is_there = |connection: &&Connection<'_>| {
            connection.connected.is_some_and(|since| since <= message.at)
                && connection.closed.is_none_or(|(until, ..)| until > message.at)
        };
        let outsiders = conversation
            .connections
            .iter()
            .filter(is_there)
            .filter(|connection| connection.usable().is_ok() && !connection.may_be_member(&route.room, message.at));
        for outsider in outsiders {
            observations += silent(conversation, outsider, message, route)?;
        }
    }
    Ok(observations)
}

/// The socket heard nothing of the message, although others did, and although a fence came back after that.
pub(in crate::checks) fn silent(
    conversation: &Conversation<'_>,
    outsider: &Connection<'_>,
    message: &Message<'_>,
    route: &Route,
) -> Judgement {
    let heard = conversation.heard_by(outsider, message);
    if let Some(first) = heard.first() {
        return Err(Finding::new(
            format!(
                "nothing of a {} message at {}, which is not in {}",
                route.customer_type,
                outsider.describe(),
                route.room
            ),
            format!("it heard `{}`", first.event),
        )
        .with([conversation.join_line(outsider, &route.room), message.line(), first.line()])
        .into());
    }
    let others = conversation.first_delivery(message)?;
    conversation.fenced(outsider, others.at)?;
    Ok(1)
}

/// The message is not also broadcast under another name.
pub(super) fn one_name(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let mut observations = 0;
    for message in conversation.messages_to(route)? {
        for heard in conversation.heard(message) {
            if heard.event != route.event {
                return Err(Finding::new(format!("`{}` and no other name", route.event), format!("`{}`", heard.event))
                    .with(conversation.story(message, route))
                    .into());
            }
            observations += 1;
        }
        conversation.first_delivery(message)?;
    }
    Ok(observations)
}

/// With the same members and the same message, each type delivers.
pub(super) fn independent(conversation: &Conversation<'_>) -> Judgement {
    let mut figures = Vec::new();
    let (mut works, mut fails) = (Vec::new(), Vec::new());
    for route in &conversation.contract().routes {
        match delivered(conversation, route) {
            Ok(_) => {
                figures.push(latencies(conversation, route));
                works.push(route.customer_type.as_str());
            }
            Err(Failure::Violation(_)) => fails.push(route.customer_type.as_str()),
            Err(other) => return Err(other),
        }
    }
    if fails.is_empty() {
        return Ok(works.len());
    }
    if works.is_empty() {
        return Err(Failure::NotTested { reason: "no type delivers".to_owned(), because: Some("broadcast.delivered") });
    }
    Err(Finding::new(
        "all types alike: same members, same message".to_owned(),
        format!("{} delivered, {} did not", works.join(", "), fails.join(", ")),
    )
    .with(figures)
    .into())
}

/// `Customer: 3 members heard it within 4 ms`.
fn latencies(conversation: &Conversation<'_>, route: &Route) -> String {
    let mut slowest = std::time::Duration::ZERO;
    let mut members = 0;
    for message in conversation.messages.iter().filter(|message| message.sent.customer_type == route.customer_type) {
        for heard in conversation.heard(message).iter().filter(|heard| heard.event == route.event) {
            slowest = slowest.max(heard.at.saturating_sub(message.starts()));
            members += 1;
        }
    }
    format!("{}: {members} members heard it within {}", route.customer_type, evidence::span(slowest))
}
