//! The one exit: everything that is sent to clients, and all that changes who hears it, goes through here.
//!
//! Rooms are kept here and not by socketioxide, whose broadcast does not tell whose buffer was full.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use socketioxide::extract::{AckSender, SocketRef};
use socketioxide::socket::Sid;
use socketioxide::{SendError, SocketError};

use crate::transport::{Session, Waiting};

/// A connected client.
#[derive(Clone)]
pub(crate) struct Client {
    socket: SocketRef,
    session: Arc<Session>,
}

/// Whether something was put into a client's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    Yes,
    /// It never will be: the client is gone or was cut off.
    Gone,
}

impl Client {
    /// The client behind a socket.
    pub(crate) fn new(socket: SocketRef) -> Self {
        let session = socket.req_parts().extensions.get::<Arc<Session>>().cloned().unwrap_or_default();
        Self { socket, session }
    }

    /// What logs call it.
    pub(crate) fn number(&self) -> u64 {
        self.session.number
    }

    /// Counts one more event of it as waiting, or `None` where too many do.
    pub(crate) fn wait_for_turn(&self) -> Option<Waiting> {
        self.session.wait_for_turn()
    }

    /// Ends its connection; what waits to be sent to it is lost.
    pub(crate) fn cut_off(&self, reason: &str) {
        self.session.cut_off(reason);
    }

    /// What tells it from others; never shown, since it opens the session to whoever knows it.
    pub(crate) fn id(&self) -> Sid {
        self.socket.id
    }

    fn emit(&self, event: &str, payload: &impl Serialize) -> Sent {
        self.judge(self.socket.emit(event, payload))
    }

    /// A full buffer is an incident: what does not fit would be a gap that the client never learns of.
    fn judge(&self, sent: Result<(), SendError>) -> Sent {
        match sent {
            Ok(()) => Sent::Yes,
            Err(SendError::Socket(SocketError::Closed)) => Sent::Gone,
            Err(SendError::Socket(SocketError::InternalChannelFull)) => {
                self.cut_off("it reads more slowly than it is written to");
                Sent::Gone
            }
            Err(SendError::Serialize(error)) => {
                tracing::error!(%error, "a payload could not be encoded");
                Sent::Yes
            }
        }
    }
}

/// Where broadcasts go.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Room {
    /// A row of the routing table, by the room's name there.
    Route(String),
    /// One open chat, by its id.
    Chat(String),
    /// Everybody who is connected.
    Dashboard,
}

/// The exit. Owned by the worker, so that the order of calls is the order of what is heard.
#[derive(Default)]
pub(crate) struct Outgoing {
    rooms: HashMap<Room, HashMap<Sid, Client>>,
}

impl Outgoing {
    /// From now on the client hears what is broadcast to the room.
    pub(crate) fn enter(&mut self, client: &Client, room: Room) {
        // One that has disconnected already would never be removed again.
        if client.socket.connected() {
            self.rooms.entry(room).or_default().insert(client.id(), client.clone());
        }
    }

    /// Whether the client is connected, as far as the worker has been told.
    pub(crate) fn is_connected(&self, client: Sid) -> bool {
        self.rooms.get(&Room::Dashboard).is_some_and(|everybody| everybody.contains_key(&client))
    }

    /// From now on it does not. Harmless where it never did.
    pub(crate) fn leave(&mut self, client: &Client, room: &Room) {
        if let Some(members) = self.rooms.get_mut(room) {
            members.remove(&client.id());
            if members.is_empty() {
                self.rooms.remove(room);
            }
        }
    }

    /// The client hears nothing more.
    pub(crate) fn forget(&mut self, client: Sid) {
        self.rooms.retain(|_, members| {
            members.remove(&client);
            !members.is_empty()
        });
    }

    /// Answers one client's request: by the answering event where the contract has one, and by a Socket.IO
    /// acknowledgement where the client asked for it.
    pub(crate) fn answer(&mut self, client: &Client, event: Option<&str>, ack: AckSender, payload: &Value) {
        let emitted = event.map_or(Sent::Yes, |event| client.emit(event, payload));
        if emitted == Sent::Gone || client.judge(ack.send(payload)) == Sent::Gone {
            self.forget(client.id());
        }
    }

    /// Sends an event to every member of a room, once.
    pub(crate) fn broadcast(&mut self, room: &Room, event: &str, payload: &Value) {
        let Some(members) = self.rooms.get(room) else { return };
        // Encoded once, not once a member.
        let payload: Box<RawValue> = match to_raw_value(payload) {
            Ok(payload) => payload,
            Err(error) => return tracing::error!(%error, event, "a broadcast could not be encoded"),
        };
        let gone: Vec<Sid> =
            members.values().filter(|client| client.emit(event, &payload) == Sent::Gone).map(Client::id).collect();
        tracing::debug!(event, ?room, members = members.len(), "broadcast");
        for client in gone {
            self.forget(client);
        }
    }
}
