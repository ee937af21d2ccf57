//! Requests to join are answered, each once and only where it was asked; and connections live on.

use fixtures::Exchange;

use super::judge::Violation;
use super::presence::{accepted, room_of};
use crate::conversation::{Connection, Conversation, Event, evidence};
use crate::recording::{Direction, What};
use crate::verdict::Finding;

/// What is wrong with answers and connections.
pub(super) fn violations(conversation: &Conversation<'_>) -> Vec<Violation> {
    let usable = conversation.connections.iter().filter(|connection| connection.usable().is_ok());
    usable
        .flat_map(|connection| [answers(conversation, connection), lives_on(conversation, connection)])
        .flatten()
        .collect()
}

/// Each join of a room is granted by that name, each other request refused, as often as it was asked for. Missing answers
/// count where a fence shows that none is on its way.
fn answers(conversation: &Conversation<'_>, connection: &Connection<'_>) -> Option<Violation> {
    let contract = conversation.contract();
    let Exchange { request, answer: Some(answer) } = &contract.join else { return None };
    let is = |event: &&Event<'_>, dir, name: &str| event.dir == dir && event.name == name;
    let asked: Vec<&Event<'_>> = connection.events.iter().filter(|event| is(event, Direction::Out, request)).collect();
    let told: Vec<&Event<'_>> = connection.events.iter().filter(|event| is(event, Direction::In, answer)).collect();
    let fenced = asked.last().is_none_or(|last| connection.fenced_after(last.at));
    let found = |requirement, event: &Event<'_>, expected: String, observed: String| Violation {
        requirement,
        at: event.at,
        peer: Some(connection.peer.clone()),
        brief: observed.clone(),
        finding: Finding::new(format!("{expected} at {}", connection.describe()), observed)
            .with(asked.iter().chain(&told).map(|event| line(event))),
    };
    if let Some(wrong) = told.iter().find(|event| accepted(event) && room_asked(conversation, event).is_none()) {
        let observed = format!("{answer} grants what is no room");
        return Some(found("join.unknown-room", wrong, "no answer that grants what is no room".to_owned(), observed));
    }
    let mut all_granted = true;
    let rooms = contract.routes.iter().map(|route| Some(route.room.as_str()));
    for subject in rooms.chain([None]) {
        let requests: Vec<_> = asked.iter().filter(|event| room_asked(conversation, event) == subject).collect();
        let granted = |event: &&&Event<'_>| {
            accepted(event) == subject.is_some() && (subject.is_none() || room_asked(conversation, event) == subject)
        };
        let answers: Vec<_> = told.iter().filter(granted).collect();
        all_granted &= subject.is_none() || answers.len() >= requests.len();
        let what =
            subject.map_or_else(|| format!("refusals of malformed {request}"), |room| format!("grants of {room}"));
        let expected = format!("{} {what}, one for each request", requests.len());
        let observed = format!("{} {what}", answers.len());
        // A refusal too many may be what a join of a room was answered with.
        if let Some(extra) = answers.get(requests.len()).filter(|_| all_granted) {
            return Some(found("join.private-answer", extra, expected, observed));
        }
        if let Some(unanswered) = requests.get(answers.len()).filter(|_| fenced) {
            let requirement = if subject.is_some() { "join.acknowledged" } else { "join.malformed" };
            return Some(found(requirement, unanswered, expected, observed));
        }
    }
    None
}

/// The room of the contract that a request or an answer names.
fn room_asked<'e>(conversation: &Conversation<'_>, event: &Event<'e>) -> Option<&'e str> {
    room_of(event).filter(|room| conversation.contract().route_of_room(room).is_some())
}

fn line(event: &Event<'_>) -> String {
    let argument = event.args.first().map(|argument| evidence::brief(argument, 100)).unwrap_or_default();
    format!("{}  {} {argument}", evidence::clock(event.at), event.name)
}

/// The server ends no connection that has sent nothing malformed and reads what it is told.
fn lives_on(conversation: &Conversation<'_>, connection: &Connection<'_>) -> Option<Violation> {
    let (at, false, how) = connection.closed? else { return None };
    let own = conversation.entries.iter().filter(|entry| entry.peer.as_ref() == Some(connection.peer));
    let excused = own
        .filter(|entry| entry.at <= at)
        .any(|entry| matches!(entry.what, What::Malformed { .. } | What::StoppedReading));
    let finding = Finding::new(format!("{} stays connected", connection.describe()), format!("it ended: {how}"))
        .with(connection.events.iter().rev().take(4).rev().map(line));
    (!excused).then(|| Violation {
        requirement: "resilience.churn",
        at,
        peer: Some(connection.peer.clone()),
        brief: "cut off by the server".to_owned(),
        finding,
    })
}
