//! One connection of one actor, by the suite's own client or by one that we did not write.

mod own;
#[cfg(feature = "rust-socketio")]
mod witness;

use std::sync::Arc;

use serde_json::Value;

use super::log::ScenarioLog;
use crate::recording::{Peer, TokenPlace, TokenUse, Transport};
use crate::target::Redactor;
use crate::wire::{Handshake, SessionOptions};
use own::OwnSocket;

/// How a connection is to be opened.
pub(super) struct Opening {
    pub transport: Transport,
    pub token: TokenUse,
    pub place: TokenPlace,
    /// The token itself, where there is one.
    pub token_text: Option<String>,
    pub options: SessionOptions,
    pub namespace: String,
}

/// A live connection.
pub(super) struct Socket {
    pub peer: Peer,
    line: Line,
}

enum Line {
    Own(OwnSocket),
    #[cfg(feature = "rust-socketio")]
    Witness(witness::Witness),
}

impl Socket {
    /// Opens and connects; what happened stands in the log. None where no session came about.
    pub async fn open(opening: Opening, peer: Peer, log: &Arc<ScenarioLog>, redactor: &Redactor) -> Option<Self> {
        let line = Line::Own(OwnSocket::open(opening, peer.clone(), log, redactor).await?);
        Some(Self { peer, line })
    }

    /// The same by rust_socketio, and by WebSocket.
    #[cfg(feature = "rust-socketio")]
    pub async fn open_witness(
        opening: Opening,
        peer: Peer,
        log: &Arc<ScenarioLog>,
        redactor: &Redactor,
        join: &fixtures::Exchange,
    ) -> Option<Self> {
        let witness = witness::Witness::open(opening, peer.clone(), log, redactor, join).await?;
        Some(Self { peer, line: Line::Witness(witness) })
    }

    /// The suite's own client, which alone can do what no good client does.
    fn own(&self) -> Option<&OwnSocket> {
        match &self.line {
            Line::Own(own) => Some(own),
            #[cfg(feature = "rust-socketio")]
            Line::Witness(_) => None,
        }
    }

    /// The Socket.IO sid, once CONNECT has been answered, where the client tells it.
    pub fn sid(&self) -> Option<String> {
        self.own()?.sid()
    }

    /// What the server said when the session opened, where the client tells it.
    pub fn handshake(&self) -> Option<&Handshake> {
        self.own().map(OwnSocket::handshake)
    }

    /// Turns polling into WebSocket, with something done between the answer to the probe and the last step; the outcome stands
    /// in the log.
    pub async fn upgrade(&self, meanwhile: impl Future<Output = ()>) {
        match self.own() {
            Some(own) => own.upgrade(meanwhile).await,
            None => meanwhile.await,
        }
    }

    /// Emits an event; `written` are the arguments as they are to stand in the recording.
    pub async fn emit(&self, event: &str, args: &[Value], written: Vec<Value>) {
        match &self.line {
            Line::Own(own) => own.emit(event, args, written).await,
            #[cfg(feature = "rust-socketio")]
            Line::Witness(witness) => witness.emit(event, args, written).await,
        }
    }

    /// Sends bytes as they stand: the body of one `POST`, or one WebSocket message. `shown` stands for them in the log.
    pub async fn send_raw(&self, bytes: Vec<u8>, is_text: bool, shown: String) {
        if let Some(own) = self.own() {
            own.send_raw(bytes, is_text, shown).await;
        }
    }

    /// Whether the session is over, as far as the client tells.
    pub fn is_over(&self) -> bool {
        self.own().is_some_and(OwnSocket::is_over)
    }

    /// Answers no ping from here on.
    pub fn fall_silent(&self) {
        self.own().inspect(|own| own.fall_silent());
    }

    /// Sends a fence: a request whose answer comes back behind everything that was queued for this connection before.
    pub async fn fence(&self) -> u32 {
        match &self.line {
            Line::Own(own) => own.fence().await,
            #[cfg(feature = "rust-socketio")]
            Line::Witness(witness) => witness.fence().await,
        }
    }

    /// Stops reading.
    pub fn stop_reading(&self) {
        self.own().inspect(|own| own.stop_reading());
    }

    /// Reads again.
    pub fn resume_reading(&self) {
        self.own().inspect(|own| own.resume_reading());
    }

    /// Ends the connection as a good client does.
    pub async fn close(&self) {
        match &self.line {
            Line::Own(own) => own.close().await,
            #[cfg(feature = "rust-socketio")]
            Line::Witness(witness) => witness.close().await,
        }
    }

    /// Cuts the line, or, where the client cannot, ends the connection without a word.
    pub async fn drop_line(&self) {
        match &self.line {
            Line::Own(own) => own.drop_line().await,
            #[cfg(feature = "rust-socketio")]
            Line::Witness(witness) => witness.close().await,
        }
    }
}
