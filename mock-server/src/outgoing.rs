//! The one exit: everything that is sent to clients, and all that changes who hears it, goes through here.

use std::time::Duration;

use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use socketioxide::extract::AckSender;
use socketioxide::socket::Sid;

use crate::client::{Client, Sent};
use crate::faults::FaultSet;
use crate::rooms::{Change, Room, Rooms};

/// An answer to one client's request.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The answering event, where the contract has one.
    pub event: Option<String>,
    /// What it says.
    pub payload: Value,
    /// Whether others hear it too: never, unless a fault says so.
    pub to_everybody: bool,
}

impl Answer {
    /// Whether it says that nothing was done.
    pub(crate) fn is_refusal(&self) -> bool {
        self.payload["status"] == 0
    }
}

/// An event on its way to the members of a room.
#[derive(Debug, Clone)]
pub(crate) struct Broadcast {
    /// The room.
    pub room: Room,
    /// The event's name.
    pub event: String,
    /// Its one argument.
    pub payload: Value,
    /// Which of the members hear it, counted from 0: all, unless a fault says otherwise.
    pub reaches: fn(usize, &Client) -> bool,
    /// How long it is held back: not at all, unless a fault says otherwise.
    pub delay: Duration,
    /// The one member that does not hear it: whoever caused it, where they need not be told.
    pub except: Option<Sid>,
}

impl Broadcast {
    /// To all members of the room, at once.
    pub(crate) fn new(room: Room, event: impl Into<String>, payload: Value) -> Self {
        Self { room, event: event.into(), payload, reaches: |_, _| true, delay: Duration::ZERO, except: None }
    }

    /// The same for all but one of the members.
    pub(crate) fn except(self, client: &Client) -> Self {
        Self { except: Some(client.id()), ..self }
    }
}

/// The exit. Owned by the worker, so that the order of calls is the order of what is heard.
#[derive(Default)]
pub(crate) struct Outgoing {
    rooms: Rooms,
    faults: FaultSet,
}

impl Outgoing {
    /// With nobody in any room.
    pub(crate) fn new(faults: FaultSet) -> Self {
        Self { rooms: Rooms::default(), faults }
    }

    /// Whether the client is connected, as far as the worker has been told.
    pub(crate) fn is_connected(&self, client: &Client) -> bool {
        self.rooms.copies(client, &Room::Dashboard).is_some()
    }

    /// From now on the client hears more, or less.
    pub(crate) fn change(&mut self, client: &Client, change: Change) {
        if self.faults.membership(&mut self.rooms, client, &change) {
            self.rooms.apply(client, change);
        }
    }

    /// Answers one client's request: by the answering event where the contract has one, and by a Socket.IO
    /// acknowledgement where the client asked for it.
    pub(crate) fn answer(&mut self, client: &Client, ack: AckSender, answers: Vec<Answer>) {
        let mut gone = Vec::new();
        for answer in &answers {
            let Some(event) = &answer.event else { continue };
            let others = self.rooms.members(&Room::Dashboard).filter(|(other, _)| other.id() != client.id());
            let others = others.map(|(other, _)| other).filter(|_| answer.to_everybody);
            let hearers = std::iter::once(client).chain(others);
            gone.extend(hearers.filter(|it| it.emit(event, &answer.payload) == Sent::Gone).map(Client::id));
        }
        if let Some(answer) = answers.first()
            && client.judge(ack.send(&answer.payload)) == Sent::Gone
        {
            gone.push(client.id());
        }
        self.forget(gone);
    }

    /// Sends an event to every member of a room, once.
    pub(crate) fn broadcast(&mut self, broadcast: &Broadcast) {
        let Broadcast { room, event, payload, reaches, except, .. } = broadcast;
        if self.rooms.members(room).next().is_none() {
            return;
        }
        // Encoded once, not once a member.
        let payload: Box<RawValue> = match to_raw_value(payload) {
            Ok(payload) => payload,
            Err(error) => return tracing::error!(%error, event, "a broadcast could not be encoded"),
        };
        let mut gone = Vec::new();
        for (index, (client, copies)) in self.rooms.members(room).enumerate() {
            let hears = *except != Some(client.id()) && reaches(index, client);
            if hears && (0..copies).any(|_| client.emit(event, &payload) == Sent::Gone) {
                gone.push(client.id());
            }
        }
        tracing::debug!(event, ?room, "broadcast");
        self.forget(gone);
    }

    /// The rooms that a client is in, in no order.
    pub(crate) fn rooms_of(&self, client: &Client) -> impl Iterator<Item = &Room> {
        self.rooms.of(client)
    }

    /// The clients in a room.
    pub(crate) fn members(&self, room: &Room) -> impl Iterator<Item = &Client> {
        self.rooms.members(room).map(|(client, _)| client)
    }

    /// Takes everybody out of every room of the routing table: a fault's doing.
    pub(crate) fn empty_routes(&mut self) {
        self.rooms.empty_routes();
    }

    fn forget(&mut self, gone: Vec<Sid>) {
        for client in gone {
            self.rooms.forget(client);
        }
    }
}
