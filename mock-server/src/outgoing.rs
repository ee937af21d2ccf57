//! The one exit: everything that is sent to clients, and all that changes who hears it, goes through here.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use socketioxide::extract::AckSender;
use socketioxide::socket::Sid;
use utoipa::ToSchema;

use crate::client::Client;
use crate::control::log::{Happening, Kind, Log, without_secrets};
use crate::exit::{Exit, encoded};
use crate::faults::FaultSet;
use crate::rooms::{Change, Room, Rooms};
use crate::valve::Setting;

/// An answer to one client's request.
#[derive(Debug, Clone, PartialEq)]
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

/// How a connection is ended from here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Dropping {
    /// The network goes away: clients come back by themselves.
    #[default]
    Cut,
    /// By a DISCONNECT packet, after which the official client does not come back by itself.
    Disconnect,
}

/// The exit. Owned by the worker, so that the order of calls is the order of what is heard.
pub(crate) struct Outgoing {
    rooms: Rooms,
    faults: FaultSet,
    exit: Exit,
    /// How often something was sent.
    sent: u64,
}

impl Outgoing {
    /// With nobody in any room.
    pub(crate) fn new(faults: FaultSet, log: Arc<Log>) -> Self {
        Self { rooms: Rooms::default(), faults, exit: Exit::new(log), sent: 0 }
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
        for answer in &answers {
            let Some(event) = &answer.event else { continue };
            let others = self.rooms.members(&Room::Dashboard).filter(|(other, _)| other.id() != client.id());
            let others = others.map(|(other, _)| other).filter(|_| answer.to_everybody);
            let hearers: Vec<&Client> = std::iter::once(client).chain(others).collect();
            let what = Happening::new(Kind::Answered).of(client.connection()).event(event);
            let Some(payload) = encoded(&answer.payload) else { continue };
            let what = what.payload(Some(self.shown(&answer.payload, &payload)));
            let gone = self.exit.send(&hearers, payload, what);
            self.sent += 1;
            self.forget(gone);
        }
        if let Some(answer) = answers.into_iter().next() {
            let gone = self.exit.acknowledge(client, ack, answer.payload);
            self.forget(gone);
        }
    }

    /// Sends an event to every member of a room, once.
    pub(crate) fn broadcast(&mut self, broadcast: &Broadcast) {
        let Broadcast { room, event, payload, reaches, except, .. } = broadcast;
        let hears = |index, client: &Client| *except != Some(client.id()) && reaches(index, client);
        let members = self.rooms.members(room).enumerate().filter(|(index, (client, _))| hears(*index, client));
        let hearers: Vec<&Client> =
            members.flat_map(|(_, (client, copies))| std::iter::repeat_n(client, copies)).collect();
        // That a list's update reached nobody is worth a line in the log; that nobody has a chat open is not.
        if hearers.is_empty() && !matches!(room, Room::Route(_)) {
            return;
        }
        let Some(encoded) = encoded(payload) else { return };
        let what = Happening::new(Kind::Broadcast)
            .event(event)
            .heard(room.name(), hearers.iter().map(|client| client.connection()).collect())
            .payload(Some(self.shown(payload, &encoded)));
        let gone = self.exit.send(&hearers, encoded, what);
        self.sent += 1;
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

    /// What tells whether a fault has changed who hears what, or sent something itself.
    pub(crate) fn trace(&self) -> impl PartialEq + use<> {
        (self.sent, self.rooms.trace())
    }

    fn forget(&mut self, gone: impl IntoIterator<Item = Sid>) {
        for client in gone {
            self.rooms.forget(client);
        }
    }
}

/// What only the control side asks for.
impl Outgoing {
    /// A payload as the log may show it: as it was encoded, if there is nothing to hide.
    pub(crate) fn shown(&self, payload: &Value, encoded: &Arc<RawValue>) -> Arc<RawValue> {
        without_secrets(payload, encoded, &|text| self.rooms.has_sid(text))
    }

    /// Ends a client's connection, and forgets it.
    pub(crate) fn drop_client(&mut self, client: &Client, how: Dropping) {
        match how {
            Dropping::Cut => client.cut_off("asked for by the control API"),
            Dropping::Disconnect => client.disconnect(),
        }
        self.rooms.forget(client.id());
    }

    /// How things flow, and how much is held.
    pub(crate) fn flow(&self) -> (Setting, usize) {
        self.exit.flow()
    }

    /// From now on things flow so.
    pub(crate) fn set_flow(&mut self, setting: Setting) {
        self.exit.set_flow(setting);
    }

    /// Forgets what is held back, and lets everything through again.
    pub(crate) fn reset_flow(&mut self) {
        self.exit.reset();
    }

    /// When something that is held back goes out next.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.exit.next_due()
    }

    /// Sends the next thing that was held back, if its time has come.
    pub(crate) fn release(&mut self) {
        let gone = self.exit.release();
        self.forget(gone);
    }
}
