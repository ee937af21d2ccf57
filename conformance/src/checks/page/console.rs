//! What the page says in its console, which is what people look at first.

use std::time::Duration;

use fixtures::{Role, Route};
use serde_json::Value;

use super::{CLOCKS_DIFFER, SHOWN_WITHIN, story};
use crate::conversation::{Conversation, Page, evidence, not_tested};
use crate::recording::ConsoleLines;
use crate::scenarios::{label_of, page_of};
use crate::verdict::{Failure, Finding, Judgement};

fn lines<'a>(conversation: &Conversation<'a>) -> Result<&'a ConsoleLines, Failure> {
    let lines = conversation.header.settings.console.as_ref();
    lines.ok_or_else(|| not_tested("the recording does not tell what the page's console is to say"))
}

/// The console shows that the room was asked for, and that it was granted.
pub(super) fn join_logged(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let page = conversation.page(&page_of(route))?;
    let lines = lines(conversation)?;
    let joining = lines.joining.replace("{room}", &route.room);
    let asked = asked(conversation, &page, route);
    let first_lines = || {
        let lines = page.console.iter().take(8);
        let mut lines: Vec<String> = lines.map(|(at, text)| console_line(&page, *at, text)).collect();
        lines.extend(asked.iter().map(|(at, answer)| {
            format!("{}  {} asked for {} and was answered {answer}", evidence::clock(*at), page.name, route.room)
        }));
        lines
    };
    let missing = |expected: String| Finding::new(expected, "no such line").with(first_lines()).into();
    if !page.console.iter().any(|(_, text)| text.contains(&joining)) {
        let violation = missing(format!("the console shows `{joining}`"));
        // A page that never got a connection has nothing to say of rooms.
        return Err(match page.connections.iter().any(|connection| connection.connected.is_some()) {
            true => violation,
            false => not_tested(format!("{} never connected", page.name)),
        });
    }
    if asked.is_empty() {
        let observed = format!("the console says so, and no `{}` left the page", conversation.contract().join.request);
        return Err(Finding::new(format!("the page asks for {}", route.room), observed).with(first_lines()).into());
    }
    if !asked.iter().any(|(_, answer)| is_granted(answer, &route.room)) {
        let reason = format!("{} asked for {} and was not let in", page.name, route.room);
        return Err(Failure::NotTested { reason, because: Some("join.acknowledged") });
    }
    let (before, after) = lines.joined.split_once("{answer}").unwrap_or((&lines.joined, ""));
    let is_told = |text: &str| {
        let answer = text.split_once(before).map(|(_, rest)| rest.strip_suffix(after).unwrap_or(rest));
        let answer = answer.and_then(|answer| serde_json::from_str::<Value>(answer.trim()).ok());
        answer.is_some_and(|answer| is_granted(&answer, &route.room))
    };
    if !page.console.iter().any(|(_, text)| is_told(text)) {
        let answer = format!("{{\"status\":1,\"room\":\"{}\"}}", route.room);
        return Err(missing(format!("the console shows `{}`", lines.joined.replace("{answer}", &answer))));
    }
    Ok(2)
}

fn is_granted(answer: &Value, room: &str) -> bool {
    answer.get("status") == Some(&Value::from(1)) && answer.get("room").and_then(Value::as_str) == Some(room)
}

/// When the page's sockets asked for the route's room, and what they were answered; null where they were not.
fn asked(conversation: &Conversation<'_>, page: &Page<'_, '_>, route: &Route) -> Vec<(Duration, Value)> {
    let join = &conversation.contract().join;
    let answer = join.answer.as_deref().unwrap_or_default();
    let exchanges = page.connections.iter().flat_map(|connection| connection.exchanges(&join.request, answer));
    exchanges
        .filter(|(asked, _)| {
            let room = asked.args.first().map(|arg| arg.get("room").unwrap_or(arg));
            room.and_then(Value::as_str) == Some(&route.room)
        })
        .map(|(asked, answer)| (asked.at, answer.and_then(|answer| answer.args.first().cloned()).unwrap_or_default()))
        .collect()
}

/// On a message the console shows the event, the chat and its type.
pub(super) fn update_logged(conversation: &Conversation<'_>, route: &Route) -> Judgement {
    let page = conversation.page(&page_of(route))?;
    let lines = lines(conversation)?;
    let message = conversation.message(&label_of(route, "again"))?;
    let told = conversation.told(&page, message, route)?;
    let key = conversation.contract().key(Role::Identity).unwrap_or_default();
    let chat = told.payload().and_then(|payload| payload.get(key)?.as_str()).unwrap_or_default();
    let expected = lines
        .updated
        .replace("{event}", &route.event)
        .replace("{chat_id}", chat)
        .replace("{type}", &route.customer_type);
    let in_time = |at: Duration| at + CLOCKS_DIFFER >= told.at && at <= told.at + SHOWN_WITHIN + CLOCKS_DIFFER;
    if page.console.iter().any(|(at, text)| in_time(*at) && text.contains(&expected)) {
        return Ok(1);
    }
    if page.shows(message).is_none() {
        let reason = format!("{} took no notice of the message at all", page.name);
        return Err(Failure::NotTested { reason, because: Some("page.immediate") });
    }
    Err(Finding::new(
        format!("the console shows `{expected}`"),
        "the list shows the message, and there is no such line",
    )
    .with(story(conversation, &page, message))
    .into())
}

fn console_line(page: &Page<'_, '_>, at: Duration, text: &str) -> String {
    format!("{}  {} console: {}", evidence::clock(at), page.name, evidence::shorten(text, 200))
}
