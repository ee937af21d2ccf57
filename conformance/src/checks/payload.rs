//! `payload.*`: what the broadcasts say.

use std::time::Duration;

use fixtures::{Role, Route};
use jiff::Timestamp;
use serde_json::Value;

use super::{Check, Judge};
use crate::conversation::{Conversation, Delivery, Message, chats_of, evidence, mentions, not_tested};
use crate::scenarios::{CONVERSATION, NAMELESS, ONE_MESSAGE_PER_TYPE, SUMMARIES, TEXTS, label_of, member};
use crate::verdict::{Failure, Finding, Judgement};

/// The area's checks.
pub const CHECKS: &[Check] = &[
    Check { id: "payload.schema", needs: &[], scenario: &SUMMARIES, judge: Judge::PerRoute(schema) },
    Check { id: "payload.identity", needs: &[], scenario: &SUMMARIES, judge: Judge::PerRoute(identity) },
    Check { id: "payload.type", needs: &[], scenario: &SUMMARIES, judge: Judge::PerRoute(customer_type) },
    Check { id: "payload.text", needs: &[], scenario: &TEXTS, judge: Judge::PerRoute(text) },
    Check { id: "payload.time", needs: &[], scenario: &CONVERSATION, judge: Judge::PerRoute(time) },
    Check { id: "payload.unread", needs: &[], scenario: &CONVERSATION, judge: Judge::PerRoute(rises_by_one) },
    Check { id: "payload.parity", needs: &[], scenario: &ONE_MESSAGE_PER_TYPE, judge: Judge::Whole(parity) },
];

/// A route's messages. One that the provider tells no name for counts only where it was heard: a backend may have no place
/// for it.
fn told<'c, 'a>(conversation: &'c Conversation<'a>, route: &Route) -> Result<Vec<&'c Message<'a>>, Failure> {
    let nameless = label_of(route, NAMELESS);
    let counts = |message: &Message<'_>| *message.sent.label != *nameless || !conversation.heard(message).is_empty();
    let mut told = Vec::new();
    for message in conversation.messages.iter().filter(|message| message.sent.customer_type == route.customer_type) {
        if counts(message) {
            message.accepted()?;
            told.push(message);
        }
    }
    if told.is_empty() { conversation.messages_to(route) } else { Ok(told) }
}

/// The deliveries of a route's messages under whatever name, at least one.
fn deliveries<'a>(conversation: &Conversation<'a>, route: &Route) -> Result<Vec<Delivery<'a>>, Failure> {
    let mut all = Vec::new();
    for message in told(conversation, route)? {
        conversation.first_delivery(message)?;
        all.extend(conversation.heard(message).into_iter().copied());
    }
    Ok(all)
}

/// An object with the summary's keys, each of its type.
fn schema(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let validator = jsonschema::draft7::new(&conversation.contract().summary_schema)
        .map_err(|error| Failure::Harness(format!("the contract's summary schema is unusable: {error}")))?;
    let deliveries = deliveries(conversation, route)?;
    for delivery in &deliveries {
        if delivery.args.len() != 1 {
            return Err(Finding::new("one argument: the chat summary", format!("{} arguments", delivery.args.len()))
                .with([delivery.line()])
                .into());
        }
        let errors: Vec<String> = validator
            .iter_errors(&delivery.args[0])
            .map(|error| match error.instance_path().as_str() {
                "" => error.to_string(),
                path => format!("{path}: {error}"),
            })
            .collect();
        if !errors.is_empty() {
            return Err(Finding::new(
                "a chat summary as the contract's schema has it",
                evidence::shorten(&errors.join("; "), 400),
            )
            .with([delivery.line()])
            .into());
        }
    }
    Ok(deliveries.len())
}

/// The value of a role's key in a payload.
fn field<'a>(conversation: &Conversation<'_>, payload: Option<&'a Value>, role: Role) -> Option<&'a Value> {
    conversation.contract().keys(role).find_map(|key| payload?.get(key))
}

/// The chat's id: non-empty text, the same as in the chat list, distinct between chats.
fn identity<'a>(conversation: &Conversation<'a>, route: &Route) -> Judgement {
    let key = conversation.contract().key(Role::Identity).unwrap_or_default();
    let mut observations = 0;
    for message in told(conversation, route)? {
        let delivery = conversation.first_delivery(message)?;
        let id = field(conversation, delivery.payload(), Role::Identity);
        if id.and_then(Value::as_str).is_none_or(str::is_empty) {
            let observed = id.map_or_else(|| "no such key".to_owned(), Value::to_string);
            return Err(Finding::new(format!("`{key}`: non-empty text"), observed).with([delivery.line()]).into());
        }
        observations += 1;
        // A number's chats with two types are two.
        let of = |message: &Message<'a>| (message.sent.customer_type.as_str(), message.sent.number.as_str());
        for other in conversation.messages.iter().filter(|other| of(other) != of(message)) {
            let theirs = conversation
                .heard(other)
                .first()
                .and_then(|heard| field(conversation, heard.payload(), Role::Identity));
            if theirs == id {
                return Err(Finding::new(
                    format!("a `{key}` of its own for each chat"),
                    format!("{} for two", evidence::brief(&theirs.cloned().into(), 60)),
                )
                .with([message.line(), other.line()])
                .into());
            }
        }
        let lists = conversation.connections.iter().flat_map(|connection| conversation.lists_of(connection));
        for (_, answer) in lists.filter(|(asked, _)| *asked > delivery.at) {
            let listed =
                chats_of(answer).and_then(|chats| chats.iter().find(|chat| mentions(chat, &message.sent.nonce)));
            let Some(listed) = listed else { continue };
            if listed.get(key) != id {
                return Err(Finding::new(
                    format!("`{key}` in the broadcast as in the chat list"),
                    format!("the list has {}", listed.get(key).map_or_else(|| "none".to_owned(), Value::to_string)),
                )
                .with([delivery.line()])
                .into());
            }
            observations += 1;
        }
    }
    Ok(observations)
}

/// The customer type is the one whose room it was sent to.
fn customer_type(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let key = conversation.contract().key(Role::Type).unwrap_or_default();
    let deliveries = deliveries(conversation, route)?;
    for delivery in &deliveries {
        let told = field(conversation, delivery.payload(), Role::Type);
        if told.and_then(Value::as_str) != Some(&route.customer_type) {
            let observed = told.map_or_else(|| "no such key".to_owned(), Value::to_string);
            return Err(Finding::new(format!("`{key}`: {:?}", route.customer_type), observed)
                .with([delivery.line()])
                .into());
        }
    }
    Ok(deliveries.len())
}

/// The text that was sent, code point for code point.
fn text(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let key = conversation.contract().key(Role::Text).unwrap_or_default();
    let observer = conversation.actor(&member(route))?;
    let messages = conversation.messages_to(route)?;
    conversation.delivered(observer, messages[0], route)?;
    let mut observations = 0;
    for message in messages {
        let sent = message.sent.text.as_deref().unwrap_or_default();
        let Ok(heard) = conversation.delivered(observer, message, route) else {
            return Err(Finding::new(
                format!(
                    "a broadcast of the {} characters that were sent ({})",
                    sent.chars().count(),
                    message.sent.label
                ),
                "none, although plain words were broadcast",
            )
            .with([message.line()])
            .into());
        };
        let told = field(conversation, heard[0].payload(), Role::Text).and_then(Value::as_str);
        if told != Some(sent) {
            return Err(Finding::new(
                format!("`{key}`: the {} characters that were sent ({})", sent.chars().count(), message.sent.label),
                difference(sent, told),
            )
            .with([message.line()])
            .into());
        }
        observations += 1;
    }
    Ok(observations)
}

/// Where two texts part.
fn difference(sent: &str, told: Option<&str>) -> String {
    let Some(told) = told else { return "no text".to_owned() };
    let same = sent.chars().zip(told.chars()).take_while(|(a, b)| a == b).count();
    let rest = |text: &str| text.chars().skip(same).take(12).collect::<String>();
    format!(
        "{} characters, different from character {} on: {:?} instead of {:?}",
        told.chars().count(),
        same + 1,
        rest(told),
        rest(sent)
    )
}

/// Reads ISO 8601; without an offset it is UTC.
pub(crate) fn parse_time(text: &str) -> Option<Timestamp> {
    text.parse::<Timestamp>().ok().or_else(|| {
        let civil = text.parse::<jiff::civil::DateTime>().ok()?;
        civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })
}

/// ISO 8601, not in the future, not older than the trigger by more than the skew, never going back within a chat.
fn time(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let key = conversation.contract().key(Role::Time).unwrap_or_default();
    let observer = conversation.actor(&member(route))?;
    let skew = conversation.header.settings.skew;
    let mut before: Option<Timestamp> = None;
    let mut observations = 0;
    for message in conversation.messages_to(route)? {
        let delivery = conversation.delivered(observer, message, route)?[0];
        let told = field(conversation, delivery.payload(), Role::Time);
        let violation = |expected: String, observed: String| {
            Err(Finding::new(expected, observed).with([message.line(), delivery.line()]).into())
        };
        let Some(time) = told.and_then(Value::as_str).and_then(parse_time) else {
            let observed = told.map_or_else(|| "no such key".to_owned(), Value::to_string);
            return violation(format!("`{key}`: ISO 8601, such as 2026-02-24T10:30:00Z"), observed);
        };
        let wall = |at: Duration| conversation.header.started + at;
        if time > wall(delivery.at) + skew {
            return violation(
                format!("`{key}` not in the future (it was {} then)", wall(delivery.at)),
                time.to_string(),
            );
        }
        // Providers' times are whole seconds.
        if time + skew + Duration::from_secs(1) < wall(message.at) {
            return violation(
                format!(
                    "`{key}` not older than the message by more than {} s (sent at {})",
                    skew.as_secs(),
                    wall(message.at)
                ),
                time.to_string(),
            );
        }
        if let Some(before) = before.filter(|before| time < *before) {
            return violation(format!("`{key}` never goes back within a chat: {before} before"), time.to_string());
        }
        before = Some(time);
        observations += 1;
    }
    Ok(observations)
}

/// The unread counter of a delivery.
pub(super) fn unread(conversation: &Conversation<'_>, delivery: &Delivery<'_>) -> Option<i64> {
    field(conversation, delivery.payload(), Role::Unread).and_then(Value::as_i64)
}

/// A whole number that rises by one with each inbound message until an agent reads the chat.
fn rises_by_one(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let observer = conversation.actor(&member(route))?;
    let keys: Vec<&str> = conversation.contract().keys(Role::Unread).collect();
    let read_at = reading(conversation, observer);
    let mut expected = 1;
    let mut was_read = false;
    let mut observations = 0;
    for message in conversation.messages_to(route)? {
        let delivery = conversation.delivered(observer, message, route)?[0];
        if !was_read && read_at.is_some_and(|read| message.at >= read) {
            was_read = true;
            expected = 1;
        }
        match unread(conversation, delivery) {
            Some(count) if count == expected => {}
            told => {
                let observed = match (told, field(conversation, delivery.payload(), Role::Unread)) {
                    (Some(count), _) => count.to_string(),
                    (None, Some(value)) => format!("{value}, which is no whole number"),
                    (None, None) => "no such key".to_owned(),
                };
                let why =
                    if was_read { "after an agent has read the chat" } else { "after as many messages of a new chat" };
                return Err(Finding::new(format!("`{}`: {expected} {why}", keys.join("` or `")), observed)
                    .with([message.line(), delivery.line()])
                    .into());
            }
        }
        expected += 1;
        observations += 1;
    }
    Ok(observations)
}

/// When the observer's request for the chat's history was answered with success.
fn reading(conversation: &Conversation<'_>, observer: &crate::conversation::Connection<'_>) -> Option<Duration> {
    let history = conversation.contract().history.as_ref()?;
    let exchanges = observer.exchanges(&history.request, history.answer.as_deref()?);
    let (_, answer) = exchanges.first()?;
    let answer = (*answer)?;
    (answer.args.first()?.get("status") == Some(&Value::from(1))).then_some(answer.at)
}

/// All types' events carry the same keys with the same JSON types; `Customer`, where there is such a type, is the reference.
fn parity(conversation: &Conversation<'_>) -> Judgement {
    let routes = &conversation.contract().routes;
    if routes.len() < 2 {
        return Err(Failure::NotApplicable("the contract has one customer type".to_owned()));
    }
    let mut payloads = Vec::new();
    let mut silence = None;
    for route in routes {
        match deliveries(conversation, route) {
            Ok(heard) => payloads.extend(heard.first().map(|delivery| (route, *delivery))),
            Err(failure) => silence = Some(failure),
        }
    }
    let is_reference = |(route, _): &&(&Route, Delivery<'_>)| route.customer_type == "Customer";
    let Some((reference, expected)) = payloads.iter().find(is_reference).or(payloads.first()).copied() else {
        return Err(silence.unwrap_or_else(|| not_tested("no broadcast was heard")));
    };
    let mut observations = 0;
    for (route, delivery) in payloads.iter().filter(|(route, _)| *route != reference) {
        let differences = compare(expected.payload(), delivery.payload());
        if !differences.is_empty() {
            return Err(Finding::new(
                format!("{} carries the same keys with the same JSON types as {}", route.event, reference.event),
                differences.join("; "),
            )
            .with([expected.line(), delivery.line()])
            .into());
        }
        observations += 1;
    }
    // Of a type that nobody heard, nothing is known.
    silence.map_or(Ok(observations), Err)
}

/// Which keys two objects do not share, or share with other types. Null goes with every type.
fn compare(expected: Option<&Value>, got: Option<&Value>) -> Vec<String> {
    let object = |value: Option<&Value>| value.and_then(Value::as_object).cloned();
    let (Some(expected), Some(got)) = (object(expected), object(got)) else {
        return vec!["one of them carries no object".to_owned()];
    };
    let missing = expected.keys().filter(|key| !got.contains_key(*key)).map(|key| format!("`{key}` is missing"));
    let surplus =
        got.keys().filter(|key| !expected.contains_key(*key)).map(|key| format!("`{key}` is not in the other"));
    let retyped = expected.iter().filter_map(|(key, value)| {
        let theirs = got.get(key)?;
        let alike = value.is_null() || theirs.is_null() || kind(value) == kind(theirs);
        (!alike).then(|| format!("`{key}` is {}, not {}", kind(theirs), kind(value)))
    });
    missing.chain(surplus).chain(retyped).collect()
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
