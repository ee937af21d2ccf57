//! A connected client, as the worker sees it: somebody who can be written to, and cut off.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use socketioxide::extract::SocketRef;
use socketioxide::socket::Sid;
use socketioxide::{SendError, SocketError, TransportType};

use crate::control::log::ConnectionId;
use crate::transport::{Session, Waiting};

/// A connected client.
#[derive(Clone)]
pub(crate) struct Client {
    socket: SocketRef,
    session: Arc<Session>,
}

/// Whether something was put into a client's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// It will reach the client, or is lost with its connection.
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

    /// What people call it.
    pub(crate) fn connection(&self) -> ConnectionId {
        ConnectionId(self.session.number)
    }

    /// Notes who it was admitted as.
    pub(crate) fn admitted_as(&self, agent: Option<String>) {
        self.session.admitted_as(agent);
    }

    /// Who it was admitted as, if its token said so.
    pub(crate) fn agent(&self) -> Option<&str> {
        self.session.agent()
    }

    /// Tells it that the server does not want it any more; the official client does not come back after that.
    pub(crate) fn disconnect(&self) {
        self.socket.clone().disconnect().ok();
    }

    /// Counts one more event of it as waiting, or `None` where too many do.
    pub(crate) fn wait_for_turn(&self) -> Option<Waiting> {
        self.session.wait_for_turn()
    }

    /// Ends its connection; what waits to be sent to it is lost.
    pub(crate) fn cut_off(&self, reason: &str) {
        self.session.cut_off(reason);
    }

    /// Whether it is still connected to the namespace.
    pub(crate) fn is_connected(&self) -> bool {
        self.socket.connected()
    }

    /// Whether it polls, and has not become a WebSocket.
    pub(crate) fn polls(&self) -> bool {
        self.socket.transport_type() == TransportType::Polling
    }

    /// Whether it asked less than this long ago to become a WebSocket.
    pub(crate) fn asked_to_upgrade_within(&self, period: Duration) -> bool {
        self.session.asked_to_upgrade_within(period)
    }

    /// Whether its connection takes no more bytes at the moment.
    pub(crate) fn is_stalled(&self) -> bool {
        self.session.is_stalled()
    }

    /// What tells it from others; never shown, since it opens the session to whoever knows it.
    pub(crate) fn id(&self) -> Sid {
        self.socket.id
    }

    /// Puts an event into its buffer.
    pub(crate) fn emit(&self, event: &str, payload: &impl Serialize) -> Sent {
        self.judge(self.socket.emit(event, payload))
    }

    /// What came of it. A full buffer is an incident: what does not fit would be a gap that the client never learns of.
    pub(crate) fn judge(&self, sent: Result<(), SendError>) -> Sent {
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
