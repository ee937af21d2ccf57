//! When a connection was certainly in a room, certainly not, or neither: from what it asked, and when that was answered.
//!
//! A request that changes something leaves its room in doubt from when it was sent until it was answered. Requests that
//! overlap may be carried out in any order, as real servers run handlers side by side: where they pull in different
//! directions, the doubt stays until a later request ends it.

use std::collections::VecDeque;
use std::time::Duration;

use fixtures::Contract;
use serde_json::Value;

use crate::conversation::{Connection, Event};
use crate::recording::Direction;

/// Where a connection stands to a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    In,
    Out,
    /// It has asked to join, and was not answered yet.
    Joining,
    /// It has asked to leave, and was not answered yet.
    Leaving,
    /// It has asked for both at once.
    Both,
}

/// A connection's presence in one room over time.
#[derive(Debug)]
pub(super) struct Stay {
    /// From when on which, in the order of time; out before the first.
    changes: Vec<(Duration, Presence)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Join,
    Leave,
}

/// A request to join or leave, and when it was answered.
struct Request {
    wish: Wish,
    asked: Duration,
    answered: Option<Duration>,
}

impl Stay {
    pub(super) fn of(connection: &Connection<'_>, room: &str, contract: &Contract) -> Self {
        let mut moments: Vec<(Duration, Wish, bool)> = Vec::new();
        for request in requests(connection, room, contract) {
            moments.push((request.asked, request.wish, true));
            moments.extend(request.answered.map(|at| (at, request.wish, false)));
        }
        moments.sort_by_key(|(at, ..)| *at);
        let mut changes: Vec<(Duration, Presence)> = Vec::new();
        let (mut settled, mut open, mut wishes) = (Presence::Out, 0_usize, Vec::new());
        for (at, wish, asked) in moments {
            if asked {
                open += 1;
                wishes.push(wish);
            } else {
                open -= 1;
            }
            let outcome = outcome(settled, &wishes);
            if open == 0 {
                settled = outcome;
                wishes.clear();
                changes.push((at, settled));
            } else {
                changes.push((at, in_doubt(settled, outcome, &wishes)));
            }
        }
        Self { changes }
    }

    /// What it was at some time from `from` to `to`, both included, in the order of time; at least one.
    pub(super) fn between(&self, from: Duration, to: Duration) -> impl Iterator<Item = Presence> {
        let before = self.changes.iter().rev().find(|(at, _)| *at <= from).map_or(Presence::Out, |(_, now)| *now);
        let later = self.changes.iter().filter(move |(at, _)| *at > from && *at <= to).map(|(_, now)| *now);
        std::iter::once(before).chain(later)
    }

    /// Whether it was ever in, or may have been, before `at`.
    pub(super) fn began_before(&self, at: Duration) -> bool {
        self.changes.iter().any(|(since, _)| *since < at)
    }
}

/// What comes of requests that overlap one another.
fn outcome(before: Presence, wishes: &[Wish]) -> Presence {
    let (join, leave) = (wishes.contains(&Wish::Join), wishes.contains(&Wish::Leave));
    match (join, leave) {
        (true, true) => Presence::Both,
        (true, false) => Presence::In,
        (false, true) => Presence::Out,
        (false, false) => before,
    }
}

/// While requests are unanswered: what they would not change stays certain.
fn in_doubt(before: Presence, outcome: Presence, wishes: &[Wish]) -> Presence {
    if outcome == before {
        return before;
    }
    match wishes.contains(&Wish::Join) && wishes.contains(&Wish::Leave) {
        true => Presence::Both,
        false if wishes.contains(&Wish::Join) => Presence::Joining,
        false => Presence::Leaving,
    }
}

/// The connection's requests about the room, each with the time of its own answer: `{status: 1, room}`, the first
/// unanswered one first. Where leaving is not answered, a fence behind it that came back, and a quiet window, stand in.
fn requests(connection: &Connection<'_>, room: &str, contract: &Contract) -> Vec<Request> {
    let mut requests: Vec<Request> = Vec::new();
    let (mut joins, mut leaves) = (VecDeque::new(), VecDeque::new());
    let leave = contract.leave.as_ref();
    for event in connection.events.iter().filter(|event| room_of(event) == Some(room)) {
        let is = |dir, name: Option<&str>| event.dir == dir && Some(event.name) == name;
        let mut ask = |wish| {
            requests.push(Request { wish, asked: event.at, answered: None });
            requests.len() - 1
        };
        if is(Direction::Out, Some(&contract.join.request)) {
            joins.push_back(ask(Wish::Join));
        } else if is(Direction::Out, leave.map(|leave| leave.request.as_str())) {
            leaves.push_back(ask(Wish::Leave));
        } else if accepted(event) {
            let asked = if is(Direction::In, contract.join.answer.as_deref()) {
                joins.pop_front()
            } else if is(Direction::In, leave.and_then(|leave| leave.answer.as_deref())) {
                leaves.pop_front()
            } else {
                None
            };
            if let Some(asked) = asked {
                requests[asked].answered = Some(event.at);
            }
        }
    }
    for request in requests.iter_mut().filter(|request| request.wish == Wish::Leave && request.answered.is_none()) {
        let fences = connection.fences.iter().filter(|fence| fence.sent >= request.asked && fence.back.is_some());
        request.answered = fences.filter_map(|fence| fence.watched_until).min();
    }
    requests
}

/// `{status: 1}`.
pub(super) fn accepted(event: &Event<'_>) -> bool {
    event.args.first().and_then(|answer| answer.get("status")) == Some(&Value::from(1))
}

/// The room that a request or an answer names: `{room: text}`, or a bare text.
pub(super) fn room_of<'e>(event: &Event<'e>) -> Option<&'e str> {
    let first = event.args.first()?;
    first.get("room").unwrap_or(first).as_str()
}
