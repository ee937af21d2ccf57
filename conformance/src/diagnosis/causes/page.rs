//! Causes in a page: what the backend sent as it should, and the page did not take.

use super::super::facts::Facts;
use super::{Diagnosis, in_words, list, remedy};
use crate::conversation::Conversation;
use crate::scenarios::{DROPPED, PAGE_LIVE, PAGE_RECONNECT, PAGE_SWITCH, TOUR, label_of, page_of};

/// What mends a page is JavaScript, whatever it is built with.
fn page(code: impl Into<String>) -> super::Remedy {
    remedy("page", code)
}

/// The page comes back after its connection was dropped, and asks for no room.
pub(super) fn never_rejoins(facts: &Facts<'_, '_>) -> Option<Diagnosis> {
    let explains = facts.red.explained(&["page.reconnect"], None);
    let conversation = facts.conversation(&PAGE_RECONNECT)?;
    let dropped = conversation.page(DROPPED).ok()?;
    let join = &conversation.contract().join.request;
    let asks = |connection: &&&crate::conversation::Connection<'_>| {
        !connection.events.iter().any(|event| event.dir == crate::recording::Direction::Out && event.name == *join)
    };
    let silent: Vec<String> = dropped
        .connections
        .iter()
        .skip(1)
        .filter(|connection| connection.connected.is_some())
        .filter(asks)
        .map(|connection| format!("{} connected and never emitted `{join}`", connection.peer))
        .collect();
    (facts.red.is_violated(&["page.reconnect"], None) && !silent.is_empty()).then(|| Diagnosis {
        id: "page-never-rejoins",
        cause: "the page, not the backend: it connects again and does not rejoin its room, as if rooms outlived connections"
            .to_owned(),
        evidence: silent.into_iter().chain(witnesses(conversation, &["cut", "unplugged"])).collect(),
        remedies: vec![
            page(format!("socket.on(\"connect\", () => socket.emit(\"{join}\", {{ room }}));    // each time, not only the first")),
            in_words("a new connection is in no room: whoever joins when a page is entered must join again when it is connected"),
        ],
        explains,
    })
}

/// The page goes to another type and asks to leave nothing.
pub(super) fn stays_in_old_room(facts: &Facts<'_, '_>) -> Option<Diagnosis> {
    let explains = facts.red.explained(&["page.switch"], None);
    let conversation = facts.conversation(&PAGE_SWITCH)?;
    let tour = conversation.page(TOUR).ok()?;
    let leave = &conversation.contract().leave.as_ref()?.request;
    let emitted = tour.connections.iter().flat_map(|connection| &connection.events);
    let left = emitted.filter(|event| event.dir == crate::recording::Direction::Out && event.name == *leave).count();
    let told: Vec<String> = conversation
        .contract()
        .routes
        .iter()
        .filter_map(|route| conversation.message(&label_of(route, "left")).ok())
        .filter_map(|message| conversation.told_at_all(&tour, message).first().copied())
        .map(|told| format!("{} was told {} of the type whose page it had left", told.peer, told.event))
        .collect();
    (facts.red.is_violated(&["page.switch"], None) && left == 0 && !told.is_empty()).then(|| Diagnosis {
        id: "page-stays-in-room",
        cause: format!("the page, not the backend: it never emits `{leave}`, so it stays in every room that it has shown"),
        evidence: told,
        remedies: vec![
            page(format!("socket.emit(\"{leave}\", {{ room: before }});    // when the page is left, before the next room is joined")),
            page("if (summary.customer_type !== shown) return;    // and nothing of another type changes this list"),
        ],
        explains,
    })
}

/// An event reaches the page's socket, and the list does not change.
pub(super) fn deaf_page(facts: &Facts<'_, '_>) -> Option<Diagnosis> {
    let conversation = facts.conversation(&PAGE_LIVE)?;
    let mut deaf = Vec::new();
    let mut evidence = Vec::new();
    for route in &conversation.contract().routes {
        let Ok(page) = conversation.page(&page_of(route)) else { continue };
        let Ok(message) = conversation.message(&label_of(route, "again")) else { continue };
        let Ok(told) = conversation.told(&page, message, route) else { continue };
        if page.shows(message).is_none() {
            deaf.push(route);
            evidence.push(format!("{} was told {}, and its list never showed the message", told.peer, told.event));
        }
    }
    let events = list(deaf.iter().map(|route| format!("`{}`", route.event)));
    let explains = deaf.iter().flat_map(|route| facts.red.explained(&["page.immediate"], Some(&route.customer_type)));
    (!deaf.is_empty()).then(|| Diagnosis {
        id: "page-does-not-listen",
        cause: format!(
            "the page, not the backend: {events} reaches its socket, and nothing there listens, or acts on it"
        ),
        evidence,
        remedies: deaf
            .iter()
            .map(|route| page(format!("socket.on(\"{}\", (summary) => list.update(summary));", route.event)))
            .collect(),
        explains: explains.collect(),
    })
}

/// That others heard the messages which the page did not show.
fn witnesses(conversation: &Conversation<'_>, labels: &[&str]) -> Vec<String> {
    let route = &conversation.contract().routes[0];
    let messages = labels.iter().filter_map(|label| conversation.message(&label_of(route, label)).ok());
    let heard = messages.filter_map(|message| conversation.first_delivery(message).ok());
    heard.map(|heard| format!("{} heard {} at that time", heard.peer, heard.event)).collect()
}
