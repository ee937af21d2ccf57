//! Connections: their lives, what they emitted and received, and when they were members of which room.

use std::collections::HashMap;
use std::time::Duration;

use fixtures::Contract;
use serde_json::Value;

use super::not_tested;
use crate::recording::{Direction, Entry, Peer, TokenPlace, TokenUse, Transport, What};
use crate::verdict::Failure;

/// An event on a connection.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// When.
    pub at: Duration,
    /// Which way.
    pub dir: Direction,
    /// Its name.
    pub name: &'a str,
    /// Its arguments.
    pub args: &'a [Value],
}

/// A fence: what was queued for the socket before its answer has been read when the answer is.
#[derive(Debug, Clone, Copy)]
pub struct Fence {
    /// When it was sent.
    pub sent: Duration,
    /// When it came back.
    pub back: Option<Duration>,
    /// Until when the socket was watched after it.
    pub watched_until: Option<Duration>,
}

/// Why a connection never got as far as CONNECT's answer.
#[derive(Debug, Clone)]
pub enum Refusal<'a> {
    /// No open packet.
    Open {
        /// What came instead.
        reason: &'a str,
        /// The HTTP status, where there was one.
        status: Option<u16>,
    },
    /// CONNECT_ERROR.
    Connect(&'a Value),
    /// No answer to CONNECT.
    TimedOut,
}

/// A stay in a room.
#[derive(Debug, Clone, Copy)]
pub struct Membership {
    /// When the join was asked for.
    pub asked: Duration,
    /// When it was acknowledged.
    pub from: Option<Duration>,
    /// When leaving was asked for.
    pub leaving: Option<Duration>,
    /// When it had been left for certain: the answer, or else a fence and a quiet window later; or the connection's end.
    pub until: Option<Duration>,
}

/// One connection of one actor.
#[derive(Debug)]
pub struct Connection<'a> {
    /// Whose, and which.
    pub peer: &'a Peer,
    /// How it was opened.
    pub transport: Transport,
    /// With which token.
    pub token: TokenUse,
    /// Where the token was shown.
    pub place: TokenPlace,
    /// When opening began.
    pub opening: Duration,
    /// The local port.
    pub port: Option<u16>,
    /// The open packet's JSON.
    pub handshake: Option<&'a Value>,
    /// When CONNECT was answered with success.
    pub connected: Option<Duration>,
    /// Why it was not.
    pub refusal: Option<Refusal<'a>>,
    /// When the upgrade was done, or why it failed.
    pub upgraded: Option<Result<Duration, &'a str>>,
    /// When it ended, whether by us, and how.
    pub closed: Option<(Duration, bool, &'a str)>,
    /// When it stopped reading.
    pub stopped_reading: Option<Duration>,
    /// Its events in both directions, in the order of time.
    pub events: Vec<Event<'a>>,
    /// Its fences.
    pub fences: Vec<Fence>,
    /// Its stays in rooms, by name, in the order of asking.
    pub memberships: Vec<(&'a str, Membership)>,
}

impl<'a> Connection<'a> {
    /// Whether CONNECT succeeded.
    ///
    /// # Errors
    /// [`Failure::NotTested`] with the reason why it did not.
    pub fn usable(&self) -> Result<(), Failure> {
        let because = self.opened_by();
        match &self.refusal {
            None if self.connected.is_some() => Ok(()),
            None => Err(not_tested(format!("{} did not connect", self.peer))),
            Some(Refusal::Open { reason, .. }) => Err(Failure::NotTested {
                reason: format!("{} could not open: {reason}", self.peer),
                because: Some(because),
            }),
            Some(Refusal::Connect(data)) => Err(Failure::NotTested {
                reason: format!("{} was refused: {data}", self.peer),
                because: Some(match self.place {
                    TokenPlace::Auth | TokenPlace::Both => "auth.token.auth",
                    TokenPlace::Query => "auth.token.query",
                }),
            }),
            Some(Refusal::TimedOut) => Err(Failure::NotTested {
                reason: format!("{}: CONNECT was not answered", self.peer),
                because: Some(because),
            }),
        }
    }

    /// The requirement that its opening is about.
    #[must_use]
    pub fn opened_by(&self) -> &'static str {
        match self.transport {
            Transport::Polling | Transport::Upgrade => "transport.open.polling",
            Transport::Websocket => "transport.open.websocket",
        }
    }

    /// The events received with this name.
    pub fn received<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Event<'a>> {
        self.events.iter().filter(move |event| event.dir == Direction::In && event.name == name)
    }

    /// Each request with this name beside its answer: the first answer of that name before the next such request. Steps
    /// wait for an answer before they ask again, so a request without one does not shift those of later requests.
    #[must_use]
    pub fn exchanges<'s>(&'s self, request: &str, answer: &str) -> Vec<(&'s Event<'a>, Option<&'s Event<'a>>)> {
        let is_request = |event: &Event<'a>| event.dir == Direction::Out && event.name == request;
        let mut exchanges = Vec::new();
        for (index, asked) in self.events.iter().enumerate().filter(|(_, event)| is_request(event)) {
            let until_next = self.events[index + 1..].iter().take_while(|event| !is_request(event));
            exchanges
                .push((asked, until_next.into_iter().find(|event| event.dir == Direction::In && event.name == answer)));
        }
        exchanges
    }

    /// The membership that covers `at` for certain: acknowledged before, not being left, the connection alive.
    #[must_use]
    pub fn member_since(&self, room: &str, at: Duration) -> Option<&Membership> {
        self.memberships
            .iter()
            .filter(|(name, _)| *name == room)
            .map(|(_, stay)| stay)
            .find(|stay| stay.from.is_some_and(|from| from <= at) && self.end_of(stay).is_none_or(|end| end > at))
    }

    /// Whether the socket may have been in the room at or after `at`: a join asked for and not yet left for certain.
    #[must_use]
    pub fn may_be_member(&self, room: &str, at: Duration) -> bool {
        self.memberships.iter().any(|(name, stay)| *name == room && stay.until.is_none_or(|until| until > at))
    }

    /// When a stay began to end: leaving was asked for, or the connection closed.
    #[must_use]
    pub fn end_of(&self, stay: &Membership) -> Option<Duration> {
        [stay.leaving, self.closed.map(|(at, ..)| at)].into_iter().flatten().min()
    }

    /// Whether a fence sent after `since` came back and was followed by a quiet window.
    #[must_use]
    pub fn fenced_after(&self, since: Duration) -> bool {
        self.fences.iter().any(|fence| fence.sent >= since && fence.back.is_some() && fence.watched_until.is_some())
    }

    /// `partner-1 (websocket, port 40112)`.
    #[must_use]
    pub fn describe(&self) -> String {
        match self.port {
            Some(port) => format!("{} ({}, port {port})", self.peer, self.transport),
            None => format!("{} ({})", self.peer, self.transport),
        }
    }
}

/// Builds the connections of a scenario's entries.
pub(super) fn index<'a>(contract: &'a Contract, entries: &[&'a Entry]) -> Vec<Connection<'a>> {
    let mut connections: Vec<Connection<'a>> = Vec::new();
    let mut latest: HashMap<&Peer, usize> = HashMap::new();
    for entry in entries {
        let Some(peer) = &entry.peer else { continue };
        if let What::Opening { transport, token, place } = &entry.what {
            latest.insert(peer, connections.len());
            connections.push(opening(peer, *transport, *token, *place, entry.at));
        } else if let Some(index) = latest.get(peer) {
            apply(&mut connections[*index], contract, entry);
        }
    }
    connections
}

fn opening(peer: &Peer, transport: Transport, token: TokenUse, place: TokenPlace, at: Duration) -> Connection<'_> {
    Connection {
        peer,
        transport,
        token,
        place,
        opening: at,
        port: None,
        handshake: None,
        connected: None,
        refusal: None,
        upgraded: None,
        closed: None,
        stopped_reading: None,
        events: Vec::new(),
        fences: Vec::new(),
        memberships: Vec::new(),
    }
}

fn apply<'a>(connection: &mut Connection<'a>, contract: &Contract, entry: &'a Entry) {
    match &entry.what {
        What::Opened { handshake } => {
            connection.handshake = Some(handshake);
            connection.port = entry.port;
        }
        What::OpenFailed { reason, status } => connection.refusal = Some(Refusal::Open { reason, status: *status }),
        What::Connected => connection.connected = Some(entry.at),
        What::ConnectError { data } => connection.refusal = Some(Refusal::Connect(data)),
        What::ConnectTimedOut => connection.refusal = Some(Refusal::TimedOut),
        What::Upgraded => connection.upgraded = Some(Ok(entry.at)),
        What::UpgradeFailed { reason } => connection.upgraded = Some(Err(reason)),
        What::StoppedReading => connection.stopped_reading = Some(entry.at),
        What::FenceSent { .. } => connection.fences.push(Fence { sent: entry.at, back: None, watched_until: None }),
        What::FenceBack { fence } => {
            if let Some(fence) = connection.fences.get_mut(*fence as usize) {
                fence.back = Some(entry.at);
            }
        }
        What::Quiet { .. } => quiet(connection, entry.at),
        What::Closed { by_us, detail } => close(connection, entry.at, *by_us, detail),
        What::Event { dir, event, args } => {
            let event = Event { at: entry.at, dir: *dir, name: event, args };
            follow_membership(connection, contract, &event);
            connection.events.push(event);
        }
        _ => {}
    }
}

/// A quiet window has ended: the last fence is complete, and whoever was leaving without an answer has left.
fn quiet(connection: &mut Connection<'_>, at: Duration) {
    let Some(fence) = connection.fences.iter_mut().rev().find(|fence| fence.back.is_some()) else { return };
    fence.watched_until = Some(at);
    let sent = fence.sent;
    for (_, stay) in &mut connection.memberships {
        if stay.until.is_none() && stay.leaving.is_some_and(|leaving| leaving <= sent) {
            stay.until = Some(at);
        }
    }
}

fn close<'a>(connection: &mut Connection<'a>, at: Duration, by_us: bool, detail: &'a str) {
    connection.closed = Some((at, by_us, detail));
    for (_, stay) in &mut connection.memberships {
        stay.until = stay.until.or(Some(at));
    }
}

/// Keeps the account of rooms: a join counts from its answer `{status: 1, room}`, a leave from its asking.
fn follow_membership<'a>(connection: &mut Connection<'a>, contract: &Contract, event: &Event<'a>) {
    let Some(room) = event.args.first().and_then(room_of) else { return };
    let stays = &mut connection.memberships;
    let accepted = event.args.first().and_then(|answer| answer.get("status")) == Some(&Value::from(1));
    if event.dir == Direction::Out && event.name == contract.join.request {
        // A second join of a room one is in changes nothing: it extends no stay and begins none.
        if !stays.iter().any(|(name, stay)| *name == room && stay.leaving.is_none() && stay.from.is_some()) {
            stays.push((room, Membership { asked: event.at, from: None, leaving: None, until: None }));
        }
    } else if event.dir == Direction::In && Some(event.name) == contract.join.answer.as_deref() && accepted {
        if let Some((_, stay)) = stays.iter_mut().find(|(name, stay)| *name == room && stay.from.is_none()) {
            stay.from = Some(event.at);
        }
    } else if let Some(leave) = &contract.leave
        && let Some((_, stay)) = stays.iter_mut().rev().find(|(name, stay)| *name == room && stay.until.is_none())
    {
        if event.dir == Direction::Out && event.name == leave.request {
            stay.leaving = stay.leaving.or(Some(event.at));
        } else if event.dir == Direction::In
            && Some(event.name) == leave.answer.as_deref()
            && accepted
            && stay.leaving.is_some()
        {
            stay.until = Some(event.at);
        }
    }
}

/// The room that a request or an answer names: `{room: text}`, or a bare text.
fn room_of(value: &Value) -> Option<&str> {
    value.get("room").unwrap_or(value).as_str()
}
