//! Connections that drop and come back.

use fixtures::Route;
use serde_json::Value;

use super::list::plain;
use super::{SHOWN_WITHIN, story};
use crate::conversation::{Conversation, Page, evidence, not_tested};
use crate::recording::{Act, Direction};
use crate::scenarios::{DROPPED, EXPIRED, label_of};
use crate::verdict::{Failure, Finding, Judgement};

/// After the connection drops and comes back, the next message shows.
pub(super) fn reconnect(conversation: &Conversation<'_>) -> Judgement {
    let page = conversation.page(DROPPED)?;
    let route = &conversation.contract().routes[0];
    let mut observations = 0;
    for label in ["cut", "unplugged"] {
        observations += usize::from(is_skipped(&page, label) || shown_again(conversation, &page, route, label)?);
    }
    Ok(observations)
}

/// Not every browser can unplug its network.
fn is_skipped(page: &Page<'_, '_>, label: &str) -> bool {
    label == "unplugged" && page.skipped.iter().any(|(what, _)| *what == Act::Unplug.to_string())
}

/// A page whose token's time is over gets a new one, and goes on.
pub(super) fn session(conversation: &Conversation<'_>) -> Judgement {
    let page = conversation.page(EXPIRED)?;
    if let Some((what, reason)) = page.skipped.first() {
        return Err(not_tested(format!("{what}: {reason}")));
    }
    shown_again(conversation, &page, &conversation.contract().routes[0], "renewed").map(usize::from)
}

/// Whether the message behind a drop is shown.
fn shown_again<'a>(
    conversation: &Conversation<'a>,
    page: &Page<'_, 'a>,
    route: &Route,
    label: &str,
) -> Result<bool, Failure> {
    let message = conversation.message(&label_of(route, label))?;
    plain(conversation, page, route)?;
    let first = conversation.first_delivery(message)?;
    if page.shows(message).is_some_and(|showing| showing.at <= first.at + conversation.deadline() + SHOWN_WITHIN) {
        return Ok(true);
    }
    let explained = |reason: String, because| Err(Failure::NotTested { reason, because: Some(because) });
    let expected = "the next message shows after the connection is back";
    let violation = |observed: String| {
        let lines: Vec<String> =
            life(conversation, page).into_iter().chain(story(conversation, page, message)).collect();
        Err(Finding::new(expected, observed).with(lines).into())
    };
    if let Some(told) = conversation.told_at_all(page, message).first() {
        return violation(format!("the page's socket got {}, and the list did not show it", told.event));
    }
    let Some(connection) = page.connected_at(message.at) else {
        return violation("the page has no connection when the message is sent: it did not come back".to_owned());
    };
    let join = &conversation.contract().join;
    let asked = connection.events.iter().any(|event| {
        let room = event.args.first().map(|arg| arg.get("room").unwrap_or(arg)).and_then(Value::as_str);
        event.dir == Direction::Out && event.name == join.request && room == Some(&route.room)
    });
    if !asked && page.name == EXPIRED {
        let reason = format!("{} came back and did not rejoin its room", connection.peer);
        return explained(reason, "page.reconnect");
    }
    if !asked {
        return violation(format!(
            "{} connected at {} and never emitted `{}`: the page came back and did not rejoin its room",
            connection.peer,
            connection.connected.map(evidence::clock).unwrap_or_default(),
            join.request
        ));
    }
    match connection.member_since(&route.room, message.at) {
        None => {
            explained(format!("{} asked for {} and was not let in", connection.peer, route.room), "join.acknowledged")
        }
        Some(_) => explained(
            format!(
                "{} had joined {} again and did not get the message, which others got",
                connection.peer, route.room
            ),
            "broadcast.delivered",
        ),
    }
}

/// The connections of a page, and what was done to it.
fn life(conversation: &Conversation<'_>, page: &Page<'_, '_>) -> Vec<String> {
    let join = &conversation.contract().join;
    let mut lines: Vec<_> =
        page.acts.iter().map(|(at, _, act)| (*at, format!("{}  {}: {act}", evidence::clock(*at), page.name))).collect();
    for connection in &page.connections {
        let at = connection.connected.unwrap_or(connection.opening);
        lines.push((at, format!("{}  {} connected", evidence::clock(at), connection.peer)));
        lines.extend(
            connection
                .closed
                .map(|(at, _, how)| (at, format!("{}  {} closed: {how}", evidence::clock(at), connection.peer))),
        );
        let joins = connection.events.iter().filter(|event| event.dir == Direction::Out && event.name == join.request);
        lines.extend(joins.map(|event| {
            (event.at, format!("{}  {} emitted {}", evidence::clock(event.at), connection.peer, event.name))
        }));
    }
    lines.sort_by_key(|(at, _)| *at);
    lines.into_iter().map(|(_, line)| line).collect()
}
