//! `security.*`: nobody hears what is not theirs, and text stays text.

use fixtures::{Role, Route};
use serde_json::Value;

use super::broadcast::observer;
use super::{Check, Judge};
use crate::conversation::{Connection, Conversation, Delivery, Message, evidence, not_tested};
use crate::recording::{Direction, What};
use crate::scenarios::{FORGED, HOSTILE_TEXT, INTRUDER, ISOLATION, SHOWS_A_TOKEN, guest};
use crate::verdict::{Failure, Finding, Judgement};

/// The area's checks.
pub const CHECKS: &[Check] = &[
    Check { id: "security.isolation", needs: &[], scenario: &ISOLATION, judge: Judge::Whole(isolation) },
    Check { id: "security.input", needs: &[], scenario: &HOSTILE_TEXT, judge: Judge::Whole(input) },
];

/// No sequence of client events makes a socket receive a room's broadcasts without an acknowledged join, or lets it send
/// one itself.
fn isolation(conversation: &Conversation<'_>) -> Judgement {
    let messages = conversation.audible()?;
    let mut observations = 0;
    for intruder in conversation.connections.iter().filter(|one| one.peer.actor.starts_with(INTRUDER)) {
        intruder.usable()?;
        for message in &messages {
            observations += usize::from(hears_nothing(conversation, intruder, message)?);
        }
    }
    not_broadcast_by_clients(conversation)?;
    if observations == 0 && conversation.contract().routes.iter().all(|route| is_everybody_told(conversation, route)) {
        return Err(Failure::NotTested {
            reason: "every socket was told that it is in the rooms, those that did not ask too".to_owned(),
            because: Some("join.private-answer"),
        });
    }
    Ok(observations)
}

/// Whether the intruder was seen to hear nothing of the message. A socket that the server threw out has nothing to show,
/// and one whose join was acknowledged all the same is a member.
fn hears_nothing(
    conversation: &Conversation<'_>,
    intruder: &Connection<'_>,
    message: &Message<'_>,
) -> Result<bool, Failure> {
    let Some(route) = conversation.contract().route(&message.sent.customer_type) else { return Ok(false) };
    if is_acknowledged(conversation, intruder, route) {
        return Ok(false);
    }
    let heard = conversation
        .heard_by(intruder, message)
        .into_iter()
        .find(|heard| conversation.contract().routes.iter().any(|route| route.event == heard.event));
    if let Some(heard) = heard {
        return Err(Finding::new(
            format!("no broadcast of {} for a socket whose join was never acknowledged", route.room),
            format!("{} heard `{}`", intruder.describe(), heard.event),
        )
        .with(sent_by(conversation, intruder))
        .with([message.line(), heard.line()])
        .into());
    }
    Ok(intruder.fenced_after(conversation.first_delivery(message)?.at))
}

/// Whether the server told the socket that it is in the room.
fn is_acknowledged(conversation: &Conversation<'_>, connection: &Connection<'_>, route: &Route) -> bool {
    let answer = conversation.contract().join.answer.as_deref().unwrap_or_default();
    connection.received(answer).filter_map(|event| event.args.first()).any(|told| {
        told.get("status") == Some(&Value::from(1)) && told.get("room").and_then(Value::as_str) == Some(&route.room)
    })
}

/// Whether every intruder was told that it is in the room.
fn is_everybody_told(conversation: &Conversation<'_>, route: &Route) -> bool {
    let mut intruders = conversation.connections.iter().filter(|one| one.peer.actor.starts_with(INTRUDER));
    intruders.all(|intruder| is_acknowledged(conversation, intruder, route))
}

/// What clients put into events of the server's reaches nobody else.
fn not_broadcast_by_clients(conversation: &Conversation<'_>) -> Result<(), Failure> {
    for listener in conversation.connections.iter().filter(|one| !one.peer.actor.starts_with(INTRUDER)) {
        let forged = listener.events.iter().find(|event| {
            event.dir == Direction::In && event.args.iter().any(|arg| crate::conversation::mentions(arg, FORGED))
        });
        if let Some(forged) = forged {
            let senders = conversation.connections.iter().filter(|one| one.peer.actor.starts_with(INTRUDER));
            let sent = senders.flat_map(|one| sent_by(conversation, one)).filter(|line| line.contains(FORGED));
            return Err(Finding::new(
                "what a client emits under the server's names reaches nobody else",
                format!("{} heard `{}` with its text", listener.describe(), forged.name),
            )
            .with(sent.take(4))
            .with([format!(
                "{}  {}: {}",
                evidence::clock(forged.at),
                forged.name,
                evidence::brief(&Value::from(forged.args.to_vec()), 160)
            )])
            .into());
        }
    }
    Ok(())
}

/// What a socket sent, a line each.
fn sent_by(conversation: &Conversation<'_>, connection: &Connection<'_>) -> Vec<String> {
    let own = conversation.entries.iter().filter(|entry| entry.peer.as_ref() == Some(connection.peer));
    own.filter_map(|entry| match &entry.what {
        What::Event { dir: Direction::Out, event, args } => {
            let args = evidence::brief(&Value::from(args.clone()), 120);
            Some(format!("{}  {}: {event} {args}", evidence::clock(entry.at), connection.peer))
        }
        What::Malformed { text } => Some(format!("{}  {}: {text}", evidence::clock(entry.at), connection.peer)),
        _ => None,
    })
    .take(12)
    .collect()
}

/// Hostile text in names, messages, rooms and tokens changes nothing but itself.
fn input(conversation: &Conversation<'_>) -> Judgement {
    let mut observations = 0;
    for route in &conversation.contract().routes {
        observations += messages(conversation, route)? + rooms(conversation, route)?;
    }
    Ok(observations + tokens(conversation)?)
}

/// Whoever hears the observer's plain message hears the hostile ones, word for word, each as a chat of its own; and the
/// plain chat is what it was.
fn messages(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let observer = observer(conversation, route)?;
    let own = || conversation.messages.iter().filter(|message| message.sent.customer_type == route.customer_type);
    let plain = own().next().ok_or_else(|| not_tested(format!("no {} message was sent", route.customer_type)))?;
    plain.accepted()?;
    let before = conversation.delivered(observer, plain, route)?[0];
    plainly_told(conversation, route, plain, before)?;
    let mut observations = 0;
    for message in own().skip(1) {
        let same_chat = message.sent.number == plain.sent.number;
        let what = if same_chat { "a plain message after hostile text" } else { "a message with hostile text" };
        let wrong = |observed: String, heard: Option<&Delivery<'_>>| -> Failure {
            Finding::new(format!("{what} is accepted, and broadcast as it was sent"), observed)
                .with([plain.line(), before.line(), message.line()])
                .with(heard.map(Delivery::line))
                .into()
        };
        match message.accepted() {
            Err(Failure::NotTested { reason, .. }) if !reason.contains("rate limit") => {
                return Err(wrong(reason, None));
            }
            accepted => accepted?,
        }
        let Ok(heard) = conversation.delivered(observer, message, route) else {
            return Err(wrong(format!("`{}` was never heard", message.sent.label), None));
        };
        if let Some(observed) = changed(conversation, (plain, before), (message, heard[0]), route) {
            return Err(wrong(observed, Some(heard[0])));
        }
        observations += 1;
    }
    Ok(observations)
}

/// The plain message's broadcast says what it should. Where not even that is so, hostile text has nothing to do with it.
fn plainly_told(
    conversation: &Conversation<'_>,
    route: &Route,
    plain: &Message<'_>,
    told: &Delivery<'_>,
) -> Result<(), Failure> {
    let contract = conversation.contract();
    let text_of = |role| told.payload()?.get(contract.key(role)?)?.as_str();
    let wrong = if text_of(Role::Text) != plain.sent.text.as_deref() {
        "payload.text"
    } else if text_of(Role::Type).is_some_and(|of_type| of_type != route.customer_type) {
        "payload.type"
    } else if text_of(Role::Identity).is_none_or(str::is_empty) {
        "payload.identity"
    } else {
        return Ok(());
    };
    let reason = "not even a plain message is told as it was sent".to_owned();
    Err(Failure::NotTested { reason, because: Some(wrong) })
}

/// What the broadcast of a message says otherwise than it should, beside an earlier, plain one.
fn changed(
    conversation: &Conversation<'_>,
    (plain, before): (&Message<'_>, &Delivery<'_>),
    (message, heard): (&Message<'_>, &Delivery<'_>),
    route: &Route,
) -> Option<String> {
    let contract = conversation.contract();
    let value = |delivery: &Delivery<'_>, role| delivery.payload()?.get(contract.key(role)?).cloned();
    let text_of = |role| value(heard, role).and_then(|value| value.as_str().map(str::to_owned));
    let told = |key: Role, found: Option<Value>, expected: &str| {
        let found = found.map_or_else(|| "nothing".to_owned(), |found| evidence::brief(&found, 120));
        Some(format!("`{}` is {found}, not {}", contract.key(key).unwrap_or_default(), evidence::shorten(expected, 80)))
    };
    // Databases that cannot hold NUL may leave it out, or put U+FFFD in its place; everything else comes through.
    let text = message.sent.text.as_deref().unwrap_or_default();
    let without_nul = |text: &str| text.replace(['\0', '\u{fffd}'], "");
    if text_of(Role::Text).is_none_or(|told| without_nul(&told) != without_nul(text)) {
        return told(Role::Text, value(heard, Role::Text), text);
    }
    if text_of(Role::Type).is_some_and(|of_type| of_type != route.customer_type) {
        return told(Role::Type, value(heard, Role::Type), &route.customer_type);
    }
    // Not every backend takes the profile's name over: where the plain one is not, none is. A long one may be shortened.
    let taken_over = value(before, Role::Name).as_ref().and_then(Value::as_str) == Some(&plain.sent.name);
    let name = &message.sent.name;
    let exact = !name.contains('\0') && name.len() < 1_000;
    if taken_over && exact && text_of(Role::Name).as_ref() != Some(name) {
        return told(Role::Name, value(heard, Role::Name), name);
    }
    let same_chat = message.sent.number == plain.sent.number;
    if (value(heard, Role::Identity) == value(before, Role::Identity)) != same_chat {
        let which = if same_chat { "the plain chat has another id than before" } else { "it has the plain chat's id" };
        return Some(which.to_owned());
    }
    None
}

/// No hostile name is a room, and asking for one costs nothing.
fn rooms(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let guest = conversation.actor(&guest(route))?;
    let join = &conversation.contract().join;
    let mut observations = 0;
    for (asked, answer) in guest.exchanges(&join.request, join.answer.as_deref().unwrap_or_default()) {
        let room = asked.args.first().and_then(|arg| arg.get("room")).and_then(Value::as_str).unwrap_or_default();
        if conversation.contract().route_of_room(room).is_some() {
            continue;
        }
        let told = answer.and_then(|answer| answer.args.first());
        if told.and_then(|told| told.get("status")) == Some(&Value::from(1)) {
            let told = told.map(|told| evidence::brief(told, 120)).unwrap_or_default();
            return Err(Finding::new(format!("no room is named {:?}", evidence::shorten(room, 80)), told)
                .with([guest.describe()])
                .into());
        }
        observations += 1;
    }
    if let Some((at, false, how)) = guest.closed {
        return Err(Finding::new(
            "a socket that asked for rooms of hostile names lives on",
            format!("it ended: {how}"),
        )
        .with([format!("{}  {}", evidence::clock(at), guest.describe())])
        .into());
    }
    Ok(observations)
}

/// No hostile text is a token, and none is an error of the server's.
fn tokens(conversation: &Conversation<'_>) -> Judgement {
    let mut observations = 0;
    for probe in conversation.probes().filter(|probe| probe.name.starts_with("a token that is")) {
        match probe.status() {
            Some(429) => return Err(not_tested(format!("{}: {}", probe.name, probe.outcome()))),
            Some(400..=499) => observations += 1,
            _ => {
                return Err(Finding::new(format!("401 for {}", probe.name), probe.outcome())
                    .with([probe.line()])
                    .into());
            }
        }
    }
    for connection in conversation.connections.iter().filter(|one| one.peer.actor.starts_with(SHOWS_A_TOKEN)) {
        if connection.connected.is_some() {
            return Err(Finding::new("no hostile text is taken for a token", format!("{} connected", connection.peer))
                .with(sent_by(conversation, connection))
                .into());
        }
        observations += 1;
    }
    Ok(observations)
}
