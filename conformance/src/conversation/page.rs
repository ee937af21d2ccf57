//! Pages: what was done to one, what its list showed when, what its console said, and what its sockets heard.

use std::time::Duration;

use fixtures::Route;

use super::{Connection, Conversation, Delivery, Message, evidence, not_tested};
use crate::recording::{Act, Direction, Row, What};
use crate::verdict::Failure;

/// A page in a browser.
#[derive(Debug)]
pub struct Page<'c, 'a> {
    /// Its name.
    pub name: &'a str,
    /// Each state of its list, from when.
    pub lists: Vec<(Duration, &'a [Row])>,
    /// The lines of its console.
    pub console: Vec<(Duration, &'a str)>,
    /// What was done to it: from when, until when, what.
    pub acts: Vec<(Duration, Option<Duration>, &'a Act)>,
    /// What could not be done to it, and why.
    pub skipped: Vec<(&'a str, &'a str)>,
    /// Its connections, in the order of opening.
    pub connections: Vec<&'c Connection<'a>>,
}

/// Where a page shows a message.
#[derive(Debug, Clone, Copy)]
pub struct Showing<'a> {
    /// From when.
    pub at: Duration,
    /// In which row, from the top, from 0.
    pub place: usize,
    /// The row.
    pub row: &'a Row,
}

impl<'a> Conversation<'a> {
    /// The page of this name.
    ///
    /// # Errors
    /// [`Failure::NotTested`] where none was opened.
    pub fn page(&self, name: &str) -> Result<Page<'_, 'a>, Failure> {
        let own = || {
            let is_own = |peer: &crate::recording::Peer| &*peer.actor == name;
            self.entries.iter().copied().filter(move |entry| entry.peer.as_ref().is_some_and(is_own))
        };
        let Some(name) = own().find_map(|entry| entry.peer.as_ref().map(|peer| &*peer.actor)) else {
            return Err(not_tested(format!("`{name}` was never opened")));
        };
        let mut page = Page {
            name,
            lists: Vec::new(),
            console: Vec::new(),
            acts: Vec::new(),
            skipped: Vec::new(),
            connections: self.connections.iter().filter(|connection| &*connection.peer.actor == name).collect(),
        };
        for entry in own() {
            match &entry.what {
                What::Shows { rows } => page.lists.push((entry.at, rows)),
                What::Console { text, .. } => page.console.push((entry.at, text)),
                What::Acting { act } => page.acts.push((entry.at, None, act)),
                What::Acted { act } => {
                    let acting = page.acts.iter_mut().rev().find(|(_, done, other)| done.is_none() && *other == act);
                    acting.into_iter().for_each(|(_, done, _)| *done = Some(entry.at));
                }
                What::Skipped { what, reason } => page.skipped.push((what, reason)),
                _ => {}
            }
        }
        page.lists.sort_by_key(|(at, _)| *at);
        page.console.sort_by_key(|(at, _)| *at);
        Ok(page)
    }

    /// What a page's socket got of a message under the route's own name.
    ///
    /// # Errors
    /// [`Failure::NotTested`] where it got nothing: explained by `broadcast.delivered` where the page was in the room, or
    /// nobody else heard it either, and by `page.join-logged` where the page was not in the room.
    pub fn told(&self, page: &Page<'_, 'a>, message: &Message<'a>, route: &Route) -> Result<&Delivery<'a>, Failure> {
        message.accepted()?;
        self.first_delivery(message)?;
        if let Some(told) = self.told_at_all(page, message).into_iter().find(|told| told.event == route.event) {
            return Ok(told);
        }
        let (room, label) = (&route.room, &message.sent.label);
        let is_page = |connection: &&Connection<'_>| &*connection.peer.actor == page.name;
        Err(match self.members_at(room, message).into_iter().find(is_page) {
            Some(connection) => Failure::NotTested {
                reason: format!(
                    "{} had joined {room} and did not get {} of the message `{label}`, which others got",
                    connection.peer, route.event
                ),
                because: Some("broadcast.delivered"),
            },
            None => Failure::NotTested {
                reason: format!("{} was not in {room} when the message `{label}` was sent", page.name),
                because: Some("page.join-logged"),
            },
        })
    }

    /// Whatever a page's sockets got of a message.
    pub fn told_at_all(&self, page: &Page<'_, 'a>, message: &Message<'a>) -> Vec<&Delivery<'a>> {
        let of_page = |told: &&&Delivery<'a>| &*told.peer.actor == page.name;
        self.heard(message).iter().filter(of_page).copied().collect()
    }
}

impl<'a> Page<'_, 'a> {
    /// When the list first showed a message, and where.
    #[must_use]
    pub fn shows(&self, message: &Message<'_>) -> Option<Showing<'a>> {
        self.showings(message).next()
    }

    /// Every state of the list that shows a message, in the order of time.
    pub fn showings(&self, message: &Message<'_>) -> impl Iterator<Item = Showing<'a>> {
        let nonce = message.sent.nonce.clone();
        self.lists.iter().filter_map(move |(at, rows)| {
            let place = rows.iter().position(|row| row.preview.contains(&nonce))?;
            Some(Showing { at: *at, place, row: &rows[place] })
        })
    }

    /// The list as it last was before a moment.
    #[must_use]
    pub fn list_before(&self, at: Duration) -> Option<(Duration, &'a [Row])> {
        self.lists.iter().rev().find(|(from, _)| *from < at).copied()
    }

    /// The last state of the list within a span of time, that it began with where it did not change.
    #[must_use]
    pub fn list_at_end(&self, until: Duration) -> Option<(Duration, &'a [Row])> {
        self.lists.iter().rev().find(|(from, _)| *from <= until).copied()
    }

    /// When its list was asked for between two moments.
    #[must_use]
    pub fn list_asked_for(&self, request: &str, from: Duration, until: Duration) -> Option<Duration> {
        let asked = self.connections.iter().flat_map(|connection| &connection.events).find(|event| {
            event.dir == Direction::Out && event.name == request && event.at >= from && event.at <= until
        });
        asked.map(|event| event.at)
    }

    /// The connection that stood at a moment, the latest where there are several.
    #[must_use]
    pub fn connected_at(&self, at: Duration) -> Option<&Connection<'a>> {
        let stood = |connection: &&&Connection<'_>| {
            connection.connected.is_some_and(|from| from <= at) && connection.closed.is_none_or(|(end, ..)| end > at)
        };
        self.connections.iter().rev().find(stood).copied()
    }

    /// `2.113 s  page/Partner shows: "Conformance Check" "~abc… hello" (2) | …`
    #[must_use]
    pub fn list_line(&self, at: Duration, rows: &[Row]) -> String {
        let told: Vec<String> = rows.iter().take(4).map(row_in_words).collect();
        let more = if rows.len() > 4 { format!(" | {} more", rows.len() - 4) } else { String::new() };
        let told = if told.is_empty() { "no rows".to_owned() } else { told.join(" | ") };
        format!("{}  {} shows: {told}{more}", evidence::clock(at), self.name)
    }
}

/// `"~abc… hello" (2)`: a row's preview and badge.
#[must_use]
pub fn row_in_words(row: &Row) -> String {
    let badge = row.badge.map(|badge| format!(" ({badge})")).unwrap_or_default();
    format!("{:?}{badge}", evidence::shorten(&row.preview, 40))
}
