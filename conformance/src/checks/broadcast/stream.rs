//! Many messages: in order, at once, of all types, and past a member that does not read.

use std::collections::BTreeMap;

use fixtures::Route;
use serde_json::Value;

use super::reach::{once, silent};
use super::{joined, observer, plainly};
use crate::conversation::{Connection, Conversation, Message, chats_of, evidence, mentions, not_tested};
use crate::scenarios::{SETTLING, SLOW};
use crate::target::Capability;
use crate::verdict::{Failure, Finding, Judgement};

/// Messages of one chat sent one after the other arrive in that order, all of them if the first does.
pub(super) fn order(conversation: &Conversation<'_>, route: &Route) -> Judgement {
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
pub(super) fn burst(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let observer = observer(conversation, route)?;
    let messages = conversation.messages_to(route)?;
    let observations = all_once(conversation, observer, &messages, route)?;
    let told = |value: &Value| messages.iter().find(|message| mentions(value, &message.sent.nonce)).copied();
    let last = observer.received(&route.event).filter_map(|event| Some((event, told(event.args.first()?)?))).last();
    let Some((event, last)) = last else { return Ok(observations) };
    if conversation.contract().list.is_none() || conversation.lacks(Capability::List) {
        return Ok(observations);
    }
    let lists = conversation.lists_of(observer);
    let Some((_, answer)) = lists.iter().find(|(asked, _)| *asked > event.at) else {
        return Err(Failure::NotTested {
            reason: "the chat list was not answered".to_owned(),
            because: Some("list.shape"),
        });
    };
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

/// Each message once at the observer; a violation names all that are missing or doubled. The first one was sent plainly,
/// on its own: where that is lost or doubled, so is everything, which is not about the others.
pub(super) fn all_once(
    conversation: &Conversation<'_>,
    observer: &Connection<'_>,
    messages: &[&Message<'_>],
    route: &Route,
) -> Judgement {
    plainly(conversation, route, messages[0])?;
    let others = &messages[1..];
    let (mut wrong, mut untested) = (BTreeMap::new(), None);
    for message in others {
        match once(conversation, observer, message, route) {
            Ok(_) => {}
            Err(Failure::Violation(finding)) => {
                wrong.insert(message.sent.label.to_string(), finding.observed);
            }
            Err(Failure::NotTested { because: Some(_), .. }) => {
                wrong.insert(message.sent.label.to_string(), "never".to_owned());
            }
            // Where others are missing, that may be why it was never fenced.
            Err(other) => untested = untested.or(Some(other)),
        }
    }
    if wrong.is_empty() {
        return untested.map_or(Ok(others.len()), Err);
    }
    let told: Vec<String> = wrong.iter().map(|(label, how)| format!("{label}: {how}")).collect();
    Err(Finding::new(format!("each of {} messages once at {}", others.len(), observer.describe()), told.join(", "))
        .with([conversation.join_line(observer, &route.room)])
        .with(others.iter().filter(|message| wrong.contains_key(&*message.sent.label)).map(|message| message.line()))
        .into())
}

/// All types at once: none lost, none crossed.
pub(super) fn concurrent(conversation: &Conversation<'_>, route: &Route) -> Judgement {
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

/// A member that stops reading delays nobody else.
pub(super) fn slow_member(conversation: &Conversation<'_>) -> Judgement {
    let route = &conversation.contract().routes[0];
    let steady = observer(conversation, route)?;
    let messages = conversation.messages_to(route)?;
    conversation.delivered(steady, messages[0], route)?;
    let slow = joined(conversation, SLOW, route)?;
    let Some(stopped) = slow.stopped_reading else { return Err(not_tested("the connection could not be clogged")) };
    let mut observations = 0;
    let settled =
        messages.into_iter().filter(|message| message.at >= stopped && !message.sent.label.ends_with(SETTLING));
    for message in settled {
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
