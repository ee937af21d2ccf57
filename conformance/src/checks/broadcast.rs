//! `broadcast.*`: one inbound message of a type goes to every member of the type's room, once, and to nobody else.

use std::collections::BTreeMap;

use fixtures::{Role, Route};
use serde_json::Value;

use super::{Check, Judge};
use crate::conversation::{
    Connection, Conversation, Delivery, Event, Message, chats_of, evidence, mentions, not_tested,
};
use crate::recording::What;
use crate::scenarios::{
    AGENT_REPLY, BATCH, BURST, CONCURRENT, CONVERSATION, KINDS, LIST_ON_RECEIPT, ONE_MESSAGE_PER_TYPE, RECEIPTS,
    REDELIVERY, REOPENED, SLOW, SLOW_MEMBER,
};
use crate::target::Capability;
use crate::verdict::{Failure, Finding, Judgement};

/// The area's checks.
pub const CHECKS: &[Check] = &[
    Check { id: "broadcast.delivered", needs: &[], scenario: &ONE_MESSAGE_PER_TYPE, judge: Judge::PerRoute(delivered) },
    Check {
        id: "broadcast.exactly-once",
        needs: &[],
        scenario: &ONE_MESSAGE_PER_TYPE,
        judge: Judge::PerRoute(exactly_once),
    },
    Check { id: "broadcast.only-room", needs: &[], scenario: &ONE_MESSAGE_PER_TYPE, judge: Judge::PerRoute(only_room) },
    Check { id: "broadcast.one-name", needs: &[], scenario: &ONE_MESSAGE_PER_TYPE, judge: Judge::PerRoute(one_name) },
    Check {
        id: "broadcast.independent",
        needs: &[],
        scenario: &ONE_MESSAGE_PER_TYPE,
        judge: Judge::Whole(independent),
    },
    Check { id: "broadcast.order", needs: &[], scenario: &CONVERSATION, judge: Judge::PerRoute(order) },
    Check { id: "broadcast.burst", needs: &[], scenario: &BURST, judge: Judge::PerRoute(burst) },
    Check { id: "broadcast.concurrent", needs: &[], scenario: &CONCURRENT, judge: Judge::PerRoute(concurrent) },
    Check { id: "broadcast.new-chat", needs: &[], scenario: &CONVERSATION, judge: Judge::PerRoute(new_chat) },
    Check { id: "broadcast.same-chat", needs: &[], scenario: &CONVERSATION, judge: Judge::PerRoute(same_chat) },
    Check {
        id: "broadcast.saved-first",
        needs: &[Capability::List],
        scenario: &LIST_ON_RECEIPT,
        judge: Judge::PerRoute(saved_first),
    },
    Check { id: "broadcast.kinds", needs: &[Capability::Webhook], scenario: &KINDS, judge: Judge::PerRoute(kinds) },
    Check {
        id: "broadcast.not-status",
        needs: &[Capability::Webhook],
        scenario: &RECEIPTS,
        judge: Judge::PerRoute(not_status),
    },
    Check { id: "broadcast.batch", needs: &[Capability::Webhook], scenario: &BATCH, judge: Judge::PerRoute(batch) },
    Check {
        id: "broadcast.redelivery",
        needs: &[Capability::Webhook],
        scenario: &REDELIVERY,
        judge: Judge::PerRoute(redelivery),
    },
    Check { id: "broadcast.slow-member", needs: &[], scenario: &SLOW_MEMBER, judge: Judge::Whole(slow_member) },
    Check {
        id: "broadcast.reopened",
        needs: &[Capability::UpdateStatus],
        scenario: &REOPENED,
        judge: Judge::PerRoute(reopened),
    },
    Check {
        id: "broadcast.agent-reply",
        needs: &[Capability::Send],
        scenario: &AGENT_REPLY,
        judge: Judge::PerRoute(agent_reply),
    },
];

/// Every member of T's room gets T's event within the deadline.
fn delivered(conversation: &Conversation<'_>, route: &Route) -> Judgement {
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
    let lists = conversation.connections.iter().flat_map(|connection| conversation.lists_of(connection));
    let later: Vec<_> = lists.filter(|(asked, _)| *asked > message.at).collect();
    if later.is_empty() {
        return None;
    }
    let saved = later.iter().find_map(|(_, answer)| {
        let chat = chats_of(answer)?.iter().find(|chat| mentions(chat, &message.sent.nonce))?;
        Some(format!(
            "{}  saved all the same: the chat list shows {}",
            evidence::clock(answer.at),
            evidence::brief(chat, 160)
        ))
    });
    Some(saved.unwrap_or_else(|| "not saved either: the chat list does not show the message".to_owned()))
}

/// Each of them gets it once.
fn exactly_once(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let mut observations = 0;
    for message in conversation.messages_to(route)? {
        for member in conversation.members(route, message)? {
            observations += once(conversation, member, message, route)?;
        }
    }
    Ok(observations)
}

/// The member heard the message once under the route's name, and a fence shows that no second copy was on its way.
pub(super) fn once(
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

/// Nobody else gets it: not the other rooms, not a socket in no room, not one that left.
fn only_room(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let mut observations = 0;
    for message in conversation.messages_to(route)? {
        let outsiders = conversation
            .connections
            .iter()
            .filter(|connection| connection.usable().is_ok() && !connection.may_be_member(&route.room, message.at));
        for outsider in outsiders {
            observations += silent(conversation, outsider, message, route)?;
        }
    }
    Ok(observations)
}

/// The socket heard nothing of the message, although others did, and although a fence came back after that.
pub(super) fn silent(
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
fn one_name(conversation: &Conversation<'_>, route: &Route) -> Judgement {
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
fn independent(conversation: &Conversation<'_>) -> Judgement {
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

/// The only member of the route in scenarios that have one per type.
pub(super) fn observer<'c, 'a>(
    conversation: &'c Conversation<'a>,
    route: &Route,
) -> Result<&'c Connection<'a>, Failure> {
    let connection = conversation.actor(&crate::scenarios::member(route))?;
    if connection.memberships.iter().all(|(_, stay)| stay.from.is_none()) {
        return Err(Failure::NotTested {
            reason: format!("{} did not get into {}", connection.peer, route.room),
            because: Some("join.acknowledged"),
        });
    }
    Ok(connection)
}

/// What the route's observer, a plain member, heard of a message: once. The yardstick for sockets with another history
/// and for messages of another kind: where even this is lost or doubled, that is another requirement's matter.
pub(super) fn plainly<'a>(
    conversation: &Conversation<'a>,
    route: &Route,
    message: &Message<'_>,
) -> Result<Delivery<'a>, Failure> {
    let observer = observer(conversation, route)?;
    let heard = conversation.delivered(observer, message, route)?;
    if heard.len() > 1 {
        return Err(Failure::NotTested {
            reason: format!("{} heard the message `{}` {} times", observer.peer, message.sent.label, heard.len()),
            because: Some("broadcast.exactly-once"),
        });
    }
    Ok(*heard[0])
}

/// The first deliveries of the messages to the route's observer, one per message, in the order of arrival.
fn arrivals<'a>(conversation: &Conversation<'a>, route: &Route) -> Result<Vec<Delivery<'a>>, Failure> {
    let observer = observer(conversation, route)?;
    let mut arrivals = Vec::new();
    for message in conversation.messages_to(route)? {
        arrivals.push(*conversation.delivered(observer, message, route)?[0]);
    }
    arrivals.sort_by_key(|delivery| delivery.at);
    Ok(arrivals)
}

/// Messages of one chat sent one after the other arrive in that order, all of them if the first does.
fn order(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let observer = observer(conversation, route)?;
    let messages = conversation.messages_to(route)?;
    conversation.delivered(observer, messages[0], route)?;
    let mut arrived: Vec<_> = messages
        .iter()
        .filter_map(|message| Some((conversation.delivered(observer, message, route).ok()?[0].at, &message.sent.label)))
        .collect();
    arrived.sort_by_key(|(at, _)| *at);
    let arrived: Vec<&str> = arrived.into_iter().map(|(_, label)| &**label).collect();
    let sent: Vec<&str> = messages.iter().map(|message| &*message.sent.label).collect();
    if arrived == sent {
        return Ok(sent.len());
    }
    Err(Finding::new(
        format!("in the order of sending: {}", sent.join(", ")),
        format!("arrived as {}", arrived.join(", ")),
    )
    .with(messages.iter().map(|message| message.line()))
    .into())
}

/// n messages sent at once give n broadcasts, and the last state seen equals the chat list's.
fn burst(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let observer = observer(conversation, route)?;
    let messages = conversation.messages_to(route)?;
    let observations = all_once(conversation, observer, &messages, route)?;
    let told = |value: &Value| messages.iter().find(|message| mentions(value, &message.sent.nonce)).copied();
    let last = observer.received(&route.event).filter_map(|event| Some((event, told(event.args.first()?)?))).last();
    let Some((event, last)) = last else { return Ok(observations) };
    let lists = conversation.lists_of(observer);
    let Some((_, answer)) = lists.iter().find(|(asked, _)| *asked > event.at) else { return Ok(observations) };
    let listed = chats_of(answer).and_then(|chats| chats.iter().find_map(told));
    match listed {
        Some(listed) if listed.sent.nonce == last.sent.nonce => Ok(observations + 1),
        // A chat that the list does not show at all is not about bursts.
        None => Err(Failure::NotTested {
            reason: "the list does not show the chat".to_owned(),
            because: Some("list.filter"),
        }),
        Some(listed) => Err(Finding::new(
            format!("after {} messages at once, the chat list and the last broadcast agree", messages.len()),
            format!("the last broadcast is of `{}`, the list shows `{}`", last.sent.label, listed.sent.label),
        )
        .with([last.line(), listed.line()])
        .into()),
    }
}

fn brief(value: Option<&Value>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| evidence::brief(value, 80))
}

/// Each message once at the observer; a violation names all that are missing or doubled. The first one was sent plainly,
/// on its own: where that is lost or doubled, so is everything, which is not about the others.
fn all_once(
    conversation: &Conversation<'_>,
    observer: &Connection<'_>,
    messages: &[&Message<'_>],
    route: &Route,
) -> Judgement {
    plainly(conversation, route, messages[0])?;
    let others = &messages[1..];
    let mut wrong = BTreeMap::new();
    for message in others {
        match once(conversation, observer, message, route) {
            Ok(_) => {}
            Err(Failure::Violation(finding)) => {
                wrong.insert(message.sent.label.to_string(), finding.observed);
            }
            Err(Failure::NotTested { because: Some(_), .. }) => {
                wrong.insert(message.sent.label.to_string(), "never".to_owned());
            }
            Err(other) => return Err(other),
        }
    }
    if wrong.is_empty() {
        return Ok(others.len());
    }
    let told: Vec<String> = wrong.iter().map(|(label, how)| format!("{label}: {how}")).collect();
    Err(Finding::new(format!("each of {} messages once at {}", others.len(), observer.describe()), told.join(", "))
        .with([conversation.join_line(observer, &route.room)])
        .with(others.iter().filter(|message| wrong.contains_key(&*message.sent.label)).map(|message| message.line()))
        .into())
}

/// All types at once: none lost, none crossed.
fn concurrent(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let observer = observer(conversation, route)?;
    let messages = conversation.messages_to(route)?;
    let mut observations = all_once(conversation, observer, &messages, route)?;
    for message in messages {
        for other in conversation.contract().routes.iter().filter(|other| *other != route) {
            observations += silent(conversation, self::observer(conversation, other)?, message, route)?;
        }
    }
    Ok(observations)
}

/// The chat's id in a delivery.
fn chat_id<'a>(conversation: &Conversation<'a>, delivery: &Delivery<'a>) -> Option<&'a Value> {
    delivery.payload()?.get(conversation.contract().key(Role::Identity)?)
}

/// A first message from an unknown number makes a chat and broadcasts it.
fn new_chat(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let first = conversation.messages_to(route)?[0];
    let observer = observer(conversation, route)?;
    let heard = conversation.delivered(observer, first, route)?;
    match chat_id(conversation, heard[0]).and_then(Value::as_str) {
        Some(id) if !id.is_empty() => Ok(1),
        _ => Err(Finding::new("a chat of its own for a number that never wrote before", "the broadcast names no chat")
            .with([first.line(), heard[0].line()])
            .into()),
    }
}

/// The next message from that number has the same chat id.
fn same_chat(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let arrivals = arrivals(conversation, route)?;
    let first = chat_id(conversation, &arrivals[0]);
    for arrival in &arrivals[1..] {
        if chat_id(conversation, arrival) != first {
            return Err(Finding::new(
                format!("chat {} for each message of this number", brief(first)),
                format!("chat {}", brief(chat_id(conversation, arrival))),
            )
            .with(arrivals.iter().map(Delivery::line))
            .into());
        }
    }
    Ok(arrivals.len() - 1)
}

/// A chat list asked for on receipt already shows that message or a newer one. A list that never shows the chat at all is
/// not late but wrong, which is `list.filter`'s to say.
fn saved_first(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let observer = observer(conversation, route)?;
    let messages = conversation.messages_to(route)?;
    let lists = conversation.lists_of(observer);
    let shows = |answer: &Event<'_>, messages: &[&Message<'_>]| {
        let chats = chats_of(answer).map_or(&[][..], Vec::as_slice);
        chats.iter().any(|chat| messages.iter().any(|message| mentions(chat, &message.sent.nonce)))
    };
    let mut observations = 0;
    let mut late = None;
    for (index, message) in messages.iter().enumerate() {
        let heard = conversation.delivered(observer, message, route)?[0];
        let Some((asked, answer)) = lists.iter().find(|(asked, _)| *asked >= heard.at) else {
            return Err(Failure::NotTested {
                reason: "the chat list was not answered".to_owned(),
                because: Some("list.shape"),
            });
        };
        if shows(answer, &messages[index..]) {
            observations += 1;
        } else {
            late = late.or(Some((message, heard, asked, answer)));
        }
    }
    let Some((message, heard, asked, answer)) = late else { return Ok(observations) };
    if !lists.iter().any(|(_, answer)| shows(answer, &messages)) {
        return Err(Failure::NotTested {
            reason: "no list that was asked for ever shows the chat".to_owned(),
            because: Some("list.filter"),
        });
    }
    Err(Finding::new(
        "a chat list asked for on receipt already shows the message",
        format!("the list asked for {} after the broadcast does not show it", evidence::span(*asked - heard.at)),
    )
    .with([message.line(), heard.line()])
    .with([format!(
        "{}  the list: {}",
        evidence::clock(answer.at),
        evidence::brief(&Value::from(answer.args.to_vec()), 300)
    )])
    .into())
}

/// Every kind of message is broadcast.
fn kinds(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let observer = observer(conversation, route)?;
    let messages = conversation.messages_to(route)?;
    conversation.delivered(observer, messages[0], route)?;
    let missing: Vec<&&Message<'_>> =
        messages.iter().filter(|message| conversation.delivered(observer, message, route).is_err()).collect();
    if missing.is_empty() {
        return Ok(messages.len());
    }
    let names: Vec<String> = missing.iter().map(|message| message.sent.label.to_string()).collect();
    Err(Finding::new("a broadcast for each kind of message", format!("none for: {}", names.join(", ")))
        .with([conversation.join_line(observer, &route.room)])
        .with(missing.iter().map(|message| message.line()))
        .into())
}

/// Delivery receipts broadcast nothing: of the chat, the observer hears the three messages around them and nothing else.
fn not_status(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let observer = observer(conversation, route)?;
    let messages = conversation.messages_to(route)?;
    let plain = conversation.delivered(observer, messages[0], route)?;
    let mut last = plain[0];
    for message in &messages[1..] {
        last = conversation.delivered(observer, message, route)?[0];
    }
    conversation.fenced(observer, last.at)?;
    let id = chat_id(conversation, plain[0]);
    let key = conversation.contract().key(Role::Identity).unwrap_or_default();
    let about: Vec<_> = observer
        .received(&route.event)
        .filter(|event| event.args.first().and_then(|payload| payload.get(key)) == id)
        .collect();
    // Where every message is broadcast twice, the first one shows it, and receipts are not to blame.
    if about.len() == messages.len() * plain.len() {
        return accepted_receipts(conversation, route);
    }
    Err(Finding::new(
        format!("{} broadcasts: one for each message, and none for a receipt", messages.len() * plain.len()),
        format!("{} broadcasts of the chat", about.len()),
    )
    .with(messages.iter().map(|message| message.line()))
    .with(["between the last two, receipts: sent, delivered, read, failed".to_owned()])
    .with(about.iter().map(|event| {
        format!("{}  {} heard {}: {}", evidence::clock(event.at), observer.peer, event.name, brief(event.args.first()))
    }))
    .into())
}

/// How many receipts the backend took in.
fn accepted_receipts(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let mut accepted = 0;
    for entry in &conversation.entries {
        match &entry.what {
            What::Receipt { customer_type, refused: None, .. } if *customer_type == route.customer_type => {
                accepted += 1
            }
            What::Receipt { customer_type, refused: Some(reason), .. } if *customer_type == route.customer_type => {
                return Err(not_tested(format!("a receipt was not accepted: {reason}")));
            }
            _ => {}
        }
    }
    Ok(accepted)
}

/// One webhook body with several messages broadcasts each.
fn batch(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let observer = observer(conversation, route)?;
    all_once(conversation, observer, &conversation.messages_to(route)?, route)
}

/// The same message id delivered twice is one message: one broadcast, unread raised once.
fn redelivery(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let observer = observer(conversation, route)?;
    let messages = conversation.messages_to(route)?;
    let (twice, after) = (messages[0], messages[messages.len() - 1]);
    let heard = conversation.delivered(observer, twice, route)?;
    let plain = conversation.delivered(observer, after, route)?;
    conversation.fenced(observer, plain[0].at)?;
    if heard.len() > plain.len() {
        return Err(Finding::new(
            "one message: broadcast as often as any other",
            format!("{} broadcasts of it, {} of the next message", heard.len(), plain.len()),
        )
        .with(heard.iter().chain(&plain).map(|delivery| delivery.line()))
        .into());
    }
    let unread = |delivery| super::payload::unread(conversation, delivery);
    match (unread(heard[0]), unread(plain[0])) {
        (Some(first), Some(second)) if second > first + 1 => Err(Finding::new(
            "unread raised once for a message that was delivered twice",
            format!("{first} after it, {second} after the next message"),
        )
        .with([heard[0].line(), plain[0].line()])
        .into()),
        (Some(first), Some(second)) if second == first + 1 => Ok(2),
        _ if conversation.contract().key(Role::Unread).is_none() => Ok(1),
        _ => Err(Failure::NotTested {
            reason: "the unread counter does not rise with messages that are delivered once".to_owned(),
            because: Some("payload.unread"),
        }),
    }
}

/// A member that stops reading delays nobody else.
fn slow_member(conversation: &Conversation<'_>) -> Judgement {
    let route = &conversation.contract().routes[0];
    let steady = observer(conversation, route)?;
    let messages = conversation.messages_to(route)?;
    conversation.delivered(steady, messages[0], route)?;
    let slow = conversation.actor(SLOW)?;
    let Some(stopped) = slow.stopped_reading else { return Err(not_tested("the connection could not be clogged")) };
    let mut observations = 0;
    for message in messages.into_iter().filter(|message| message.at >= stopped) {
        let due = message.starts() + conversation.deadline();
        if conversation.delivered(steady, message, route).is_ok_and(|heard| heard[0].at <= due) {
            observations += 1;
            continue;
        }
        return Err(Finding::new(
            format!("{} hears the message within {}", steady.describe(), evidence::span(conversation.deadline())),
            format!("it did not, while {} had stopped reading", slow.describe()),
        )
        .with([format!("{}  {} stopped reading", evidence::clock(stopped), slow.peer), message.line()])
        .into());
    }
    Ok(observations)
}

/// A message in a resolved chat makes it active again, and says so.
fn reopened(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let observer = observer(conversation, route)?;
    let contract = conversation.contract();
    let Some((update, status)) = contract.update_status.as_ref().zip(contract.key(Role::Status)) else {
        return Err(Failure::NotApplicable("the contract has no chat status".to_owned()));
    };
    let messages = conversation.messages_to(route)?;
    conversation.delivered(observer, messages[0], route)?;
    let answer = update.answer.as_deref().unwrap_or_default();
    let exchanges = observer.exchanges(&update.request, answer);
    let answers: Vec<&Value> = exchanges.iter().filter_map(|(_, got)| got.as_ref()?.args.first()).collect();
    if !answers.iter().any(|answer| answer.get("status") == Some(&Value::from(1))) {
        let answer = brief(answers.last().copied());
        return Err(not_tested(format!(
            "the chat could not be resolved: {} was answered with {answer}",
            update.request
        )));
    }
    let after = messages[messages.len() - 1];
    let Ok(heard) = conversation.delivered(observer, after, route) else {
        return Err(Finding::new("a broadcast of a message in a resolved chat", "none").with([after.line()]).into());
    };
    match heard[0].payload().and_then(|payload| payload.get(status)) {
        Some(Value::String(value)) if value == "active" => Ok(1),
        other => Err(Finding::new(format!("`{status}`: \"active\" after a message in a resolved chat"), brief(other))
            .with([heard[0].line()])
            .into()),
    }
}

/// An agent's reply updates the list too.
fn agent_reply(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let observer = observer(conversation, route)?;
    let contract = conversation.contract();
    let Some(send) = &contract.send else {
        return Err(Failure::NotApplicable("the contract has no agents' messages".to_owned()));
    };
    let message = conversation.messages_to(route)?[0];
    conversation.delivered(observer, message, route)?;
    let exchanges = observer.exchanges(&send.request, send.answer.as_deref().unwrap_or_default());
    let Some((asked, Some(answer))) = exchanges.first() else {
        return Err(not_tested(format!("{} was not answered", send.request)));
    };
    if answer.args.first().and_then(|answer| answer.get("status")) != Some(&Value::from(1)) {
        return Err(not_tested(format!("the agent's message was refused: {}", brief(answer.args.first()))));
    }
    let reply = asked.args.first().and_then(|asked| asked.get("message")).and_then(Value::as_str).unwrap_or_default();
    let update = observer
        .received(&route.event)
        .find(|event| event.at >= asked.at && event.args.iter().any(|arg| mentions(arg, reply)));
    let Some(update) = update else {
        return Err(Finding::new(format!("`{}` with the agent's text", route.event), "no broadcast of the reply")
            .with([format!("{}  {} {}", evidence::clock(asked.at), send.request, brief(asked.args.first()))])
            .into());
    };
    let by = contract.key(Role::LastBy).and_then(|key| update.args.first()?.get(key));
    match by {
        Some(Value::String(by)) if by == "Executive" => Ok(2),
        other => Err(Finding::new("the broadcast says that an Executive wrote last", brief(other)).into()),
    }
}
