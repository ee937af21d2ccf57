//! `broadcast.*`: one inbound message of a type goes to every member of the type's room, once, and to nobody else.

use std::collections::BTreeMap;

use fixtures::{Role, Route};
use serde_json::Value;

use super::{Check, Judge};
use crate::conversation::{Connection, Conversation, Delivery, Message, chats_of, evidence, not_tested};
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
    let members = conversation.members_at(&route.room, message);
    if members.is_empty() {
        return Err(Failure::NotTested {
            reason: format!("no socket had an acknowledged join of {} when the message was sent", route.room),
            because: Some("join.acknowledged"),
        });
    }
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
        let chat = chats_of(answer)?.iter().find(|chat| crate::conversation::mentions(chat, &message.sent.nonce))?;
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
        for member in conversation.members_at(&route.room, message) {
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
fn observer<'c, 'a>(conversation: &'c Conversation<'a>, route: &Route) -> Result<&'c Connection<'a>, Failure> {
    let connection = conversation.actor(&crate::scenarios::member(route))?;
    if connection.memberships.iter().all(|(_, stay)| stay.from.is_none()) {
        return Err(Failure::NotTested {
            reason: format!("{} did not get into {}", connection.peer, route.room),
            because: Some("join.acknowledged"),
        });
    }
    Ok(connection)
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

/// Messages of one chat sent one after the other arrive in that order.
fn order(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let messages = conversation.messages_to(route)?;
    let arrived: Vec<&str> = arrivals(conversation, route)?.iter().map(|delivery| delivery.nonce).collect();
    let sent: Vec<&str> = messages.iter().map(|message| message.sent.nonce.as_str()).collect();
    if arrived == sent {
        return Ok(sent.len());
    }
    let label = |nonce: &&str| {
        messages.iter().find(|message| message.sent.nonce == *nonce).map_or("?", |message| &message.sent.label)
    };
    Err(Finding::new(
        format!("in the order of sending: {}", sent.iter().map(label).collect::<Vec<_>>().join(", ")),
        format!("arrived as {}", arrived.iter().map(label).collect::<Vec<_>>().join(", ")),
    )
    .with(messages.iter().map(|message| message.line()))
    .into())
}

/// n messages sent at once give n broadcasts, and the last state seen equals the chat list's.
fn burst(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let observer = observer(conversation, route)?;
    let messages = conversation.messages_to(route)?;
    let mut observations = all_once(conversation, observer, &messages, route)?;
    let last = observer.received(&route.event).filter(|event| {
        messages
            .iter()
            .any(|message| event.args.iter().any(|arg| crate::conversation::mentions(arg, &message.sent.nonce)))
    });
    let (Some(last), Some(text)) = (last.last(), conversation.contract().key(Role::Text)) else {
        return Ok(observations);
    };
    for (_, answer) in conversation.lists_of(observer) {
        let chat_id = conversation.contract().key(Role::Identity);
        let id = chat_id.and_then(|key| last.args.first()?.get(key));
        let listed =
            chats_of(answer).and_then(|chats| chats.iter().find(|chat| chat_id.and_then(|key| chat.get(key)) == id));
        let (seen, listed) =
            (last.args.first().and_then(|payload| payload.get(text)), listed.and_then(|chat| chat.get(text)));
        if listed.is_some() && seen != listed {
            return Err(Finding::new(
                format!("after {} messages at once, the chat list and the last broadcast agree", messages.len()),
                format!("the last broadcast says {}, the list says {}", brief(seen), brief(listed)),
            )
            .into());
        }
        observations += usize::from(listed.is_some());
    }
    Ok(observations)
}

fn brief(value: Option<&Value>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| evidence::brief(value, 80))
}

/// Each message once at the observer; a violation names all that are missing or doubled.
fn all_once(
    conversation: &Conversation<'_>,
    observer: &Connection<'_>,
    messages: &[&Message<'_>],
    route: &Route,
) -> Judgement {
    let mut wrong = BTreeMap::new();
    for message in messages {
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
        return Ok(messages.len());
    }
    let never = wrong.values().filter(|how| *how == "never").count();
    if never == messages.len() {
        return Err(Failure::NotTested {
            reason: format!("{} heard none of the {} messages", observer.peer, messages.len()),
            because: Some("broadcast.delivered"),
        });
    }
    let told: Vec<String> = wrong.iter().map(|(label, how)| format!("{label}: {how}")).collect();
    Err(Finding::new(format!("each of {} messages once at {}", messages.len(), observer.describe()), told.join(", "))
        .with([conversation.join_line(observer, &route.room)])
        .with(messages.iter().filter(|message| wrong.contains_key(&*message.sent.label)).map(|message| message.line()))
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

/// A chat list asked for on receipt already shows that message or a newer one.
fn saved_first(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let observer = observer(conversation, route)?;
    let messages = conversation.messages_to(route)?;
    let lists = conversation.lists_of(observer);
    let mut observations = 0;
    for (index, message) in messages.iter().enumerate() {
        let heard = conversation.delivered(observer, message, route)?[0];
        let Some((asked, answer)) = lists.iter().find(|(asked, _)| *asked >= heard.at) else {
            return Err(Failure::NotTested {
                reason: "the chat list was not answered".to_owned(),
                because: Some("list.shape"),
            });
        };
        let shown = messages[index..].iter().any(|newer| {
            chats_of(answer)
                .is_some_and(|chats| chats.iter().any(|chat| crate::conversation::mentions(chat, &newer.sent.nonce)))
        });
        if !shown {
            return Err(Finding::new(
                "a chat list asked for on receipt already shows the message",
                format!(
                    "the list asked for {} after the broadcast does not show it",
                    evidence::span(*asked - heard.at)
                ),
            )
            .with([message.line(), heard.line()])
            .with([format!(
                "{}  the list: {}",
                evidence::clock(answer.at),
                evidence::brief(&Value::from(answer.args.to_vec()), 300)
            )])
            .into());
        }
        observations += 1;
    }
    Ok(observations)
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

/// Delivery receipts broadcast nothing: of the chat, the observer hears the two messages around them and nothing else.
fn not_status(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let observer = observer(conversation, route)?;
    let messages = conversation.messages_to(route)?;
    let (before, after) = (messages[0], messages[messages.len() - 1]);
    let first = conversation.delivered(observer, before, route)?[0];
    let last = conversation.delivered(observer, after, route)?[0];
    conversation.fenced(observer, last.at)?;
    let id = chat_id(conversation, first);
    let key = conversation.contract().key(Role::Identity).unwrap_or_default();
    let about: Vec<_> = observer
        .received(&route.event)
        .filter(|event| event.args.first().and_then(|payload| payload.get(key)) == id)
        .collect();
    if about.len() == 2 {
        return accepted_receipts(conversation, route);
    }
    Err(Finding::new(
        "two broadcasts: for the message before the receipts and for the one after them",
        format!("{} broadcasts of the chat", about.len()),
    )
    .with([before.line(), "then receipts: sent, delivered, read, failed".to_owned(), after.line()])
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
    let twice = messages[0];
    let after = messages[messages.len() - 1];
    let mut observations = once(conversation, observer, twice, route)?;
    let heard =
        [conversation.delivered(observer, twice, route)?[0], conversation.delivered(observer, after, route)?[0]];
    let unread: Vec<Option<i64>> =
        heard.iter().map(|delivery| super::payload::unread(conversation, delivery)).collect();
    if let [Some(first), Some(second)] = unread[..] {
        if second != first + 1 {
            return Err(Finding::new(
                "unread raised once for a message that was delivered twice",
                format!("{first} after it, {second} after the next message"),
            )
            .with(heard.iter().map(|delivery| delivery.line()))
            .into());
        }
        observations += 1;
    }
    Ok(observations)
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
    let resolved =
        exchanges.iter().any(|(_, got)| got.and_then(|got| got.args.first()?.get("status")) == Some(&Value::from(1)));
    if !resolved {
        return Err(not_tested(format!(
            "the chat could not be resolved: {} was not answered with status 1",
            update.request
        )));
    }
    let heard = conversation.delivered(observer, messages[messages.len() - 1], route)?;
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
    let Some((send, text)) = contract.send.as_ref().zip(contract.key(Role::Text)) else {
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
        .filter(|event| event.at >= asked.at)
        .find(|event| event.args.first().and_then(|payload| payload.get(text)).and_then(Value::as_str) == Some(reply));
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
