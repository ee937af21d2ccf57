//! Going from one type's page to another.

use std::time::Duration;

use fixtures::Route;
use serde_json::Value;

use super::story;
use crate::conversation::{Connection, Conversation, Message, Page, evidence, not_tested};
use crate::recording::{Act, Direction};
use crate::scenarios::{TOUR, label_of};
use crate::verdict::{Failure, Finding, Judgement};

/// Going away leaves the old room: its messages no longer change the list; and coming back shows each chat once.
pub(super) fn switch(conversation: &Conversation<'_>, left: &Route) -> Judgement {
    let page = conversation.page(TOUR)?;
    let stay = stay_after(conversation, &page, left)?;
    let next = stay.next;
    let message = conversation.message(&label_of(left, "left"))?;
    conversation.first_delivery(message)?;
    let here = conversation.message(&label_of(next, "here"))?;
    conversation.told(&page, here, next)?;
    let lists: Vec<_> = page.lists.iter().filter(|(at, _)| *at >= message.at && *at < stay.until).collect();
    let shows = |nonce: &str, count: usize| {
        let of = |rows: &[crate::recording::Row]| rows.iter().filter(|row| row.preview.contains(nonce)).count();
        lists.iter().find(|(_, rows)| of(rows) >= count)
    };
    if let Some((at, _)) = shows(&message.sent.nonce, 1) {
        let observed = format!(
            "at {} the list of the {} page shows a message of {}",
            evidence::clock(*at),
            next.customer_type,
            left.customer_type
        );
        return Err(violation(conversation, &page, left, observed, message));
    }
    if let Some(told) = conversation.told_at_all(&page, message).first() {
        let leave = conversation.contract().leave.as_ref().map(|leave| leave.request.as_str()).unwrap_or_default();
        let asked = page.connections.iter().any(|connection| asks_to_leave(connection, leave, left, message.at));
        if asked {
            let reason = format!("{} asked to leave {} and got {} all the same", page.name, left.room, told.event);
            return Err(Failure::NotTested { reason, because: Some("leave.effective") });
        }
        let observed = format!("no `{leave}` left the page, and its socket still gets {}", told.event);
        return Err(violation(conversation, &page, left, observed, message));
    }
    if page.shows(here).is_none() {
        let reason = format!("{} does not show the {} message either", page.name, next.customer_type);
        return Err(Failure::NotTested { reason, because: Some("page.immediate") });
    }
    doubled(conversation, &page, &stay)?;
    Ok(1)
}

/// The page's time at the type that it went to from a route.
struct Stay<'a> {
    next: &'a Route,
    from: Duration,
    until: Duration,
}

fn stay_after<'a>(conversation: &Conversation<'a>, page: &Page<'_, 'a>, left: &Route) -> Result<Stay<'a>, Failure> {
    let routes = &conversation.contract().routes;
    let index = routes.iter().position(|route| route.customer_type == left.customer_type).unwrap_or_default();
    let next = &routes[(index + 1) % routes.len()];
    let to = |act: &Act| matches!(act, Act::Switch { customer_type } if *customer_type == next.customer_type);
    if let Some((what, reason)) = page.skipped.iter().find(|(what, _)| what.contains(&next.customer_type)) {
        return Err(not_tested(format!("{what}: {reason}")));
    }
    let Some(place) = page.acts.iter().position(|(_, _, act)| to(act)) else {
        return Err(not_tested(format!("{} did not go on to the {} page", page.name, next.customer_type)));
    };
    let until = page.acts.get(place + 1).map_or(Duration::MAX, |(from, ..)| *from);
    Ok(Stay { next, from: page.acts[place].0, until })
}

fn asks_to_leave(connection: &Connection<'_>, leave: &str, left: &Route, before: Duration) -> bool {
    connection.events.iter().any(|event| {
        let room = event.args.first().map(|arg| arg.get("room").unwrap_or(arg)).and_then(Value::as_str);
        event.dir == Direction::Out && event.name == leave && room == Some(&left.room) && event.at <= before
    })
}

/// A chat that stands in the list twice while the page shows this type.
fn doubled(conversation: &Conversation<'_>, page: &Page<'_, '_>, stay: &Stay<'_>) -> Result<(), Failure> {
    let lists = page.lists.iter().filter(|(at, _)| *at >= stay.from && *at < stay.until);
    for (at, rows) in lists {
        for message in conversation.messages.iter().filter(|one| one.sent.customer_type == stay.next.customer_type) {
            let copies = rows.iter().filter(|row| row.preview.contains(&message.sent.nonce)).count();
            if copies > 1 {
                let expected = format!("the {} page shows each chat once", stay.next.customer_type);
                let observed = format!("at {} it shows the same chat {copies} times", evidence::clock(*at));
                return Err(Finding::new(expected, observed).with([page.list_line(*at, rows)]).into());
            }
        }
    }
    Ok(())
}

fn violation(
    conversation: &Conversation<'_>,
    page: &Page<'_, '_>,
    left: &Route,
    observed: String,
    message: &Message<'_>,
) -> Failure {
    let expected = format!("the page leaves {} when it goes from the {} page", left.room, left.customer_type);
    let leaving = page.connections.iter().flat_map(|connection| &connection.events);
    let rooms = leaving
        .filter(|event| event.dir == Direction::Out && event.args.first().is_some_and(|arg| arg.get("room").is_some()));
    let asked = rooms.map(|event| {
        let arg = event.args.first().map(|arg| evidence::brief(arg, 80)).unwrap_or_default();
        format!("{}  {} emitted {} {arg}", evidence::clock(event.at), page.name, event.name)
    });
    let lines: Vec<String> = asked.chain(story(conversation, page, message)).collect();
    Finding::new(expected, observed).with(lines).into()
}
