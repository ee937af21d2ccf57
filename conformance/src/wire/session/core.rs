//! What the task behind a session has, whichever transport it is on.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    super::{
        CloseReason, Direction, EnginePacket, Frame, Handshake, SendError, SessionOptions, Signal, Transport,
        UpgradeError, open::Live, signal::Witness,
    },
    polling::{self, End},
    upgrade::Hold,
    websocket,
};

/// How long a goodbye may take. A server that does not answer it is left without.
pub(super) const GOODBYE: Duration = Duration::from_secs(1);

/// Where the result of a command goes. Dropped without one, it means that the session is over.
pub(super) type Reply<T, E> = oneshot::Sender<Result<T, E>>;

/// What the handle asks of the task.
pub(super) enum Command {
    Send(Frame, Reply<(), SendError>),
    PostRaw(Bytes, Reply<u16, SendError>),
    Upgrade(Reply<(), UpgradeError>, Hold),
    Read(bool),
    Close,
    Abort,
}

/// Something that waits to be sent.
pub(super) enum Outgoing {
    /// A frame; without a reply it is a pong of our own.
    Frame(Frame, Option<Reply<(), SendError>>),
    /// A `POST` body.
    Raw(Bytes, Reply<u16, SendError>),
}

/// What a received frame asks of the transport.
pub(super) enum Reaction {
    Nothing,
    /// To send this.
    Answer(Frame),
    /// The server closed the session.
    Close,
}

pub(super) struct Core {
    pub(super) options: Arc<SessionOptions>,
    pub(super) handshake: Arc<Handshake>,
    pub(super) witness: Witness,
    pub(super) commands: mpsc::UnboundedReceiver<Command>,
    pub(super) answer_pings: Arc<AtomicBool>,
    pub(super) reading: bool,
}

impl Core {
    /// Carries the session to its end, over one transport or two.
    pub(super) async fn run(mut self, live: Live, ended: watch::Sender<Option<CloseReason>>) {
        let reason = match live {
            Live::WebSocket(socket) => websocket::drive(&mut self, socket, VecDeque::new()).await,
            Live::Polling { http, local_port, early } => {
                match polling::drive(&mut self, http, local_port, early).await {
                    End::Closed(reason) => reason,
                    End::Upgraded { socket, outbox } => websocket::drive(&mut self, socket, outbox).await,
                }
            }
        };
        self.witness.tell(Signal::Closed { reason: reason.clone() });
        ended.send_replace(Some(reason));
    }

    /// Reports a frame that came, and says what is to be done about it.
    pub(super) fn receive(&self, transport: Transport, local_port: u16, frame: Frame) -> Reaction {
        let reaction = match EnginePacket::decode(&frame) {
            Ok(EnginePacket::Ping(_)) if self.answer_pings.load(Ordering::Relaxed) => {
                Reaction::Answer(EnginePacket::Pong("").encode())
            }
            Ok(EnginePacket::Close) => Reaction::Close,
            _ => Reaction::Nothing,
        };
        self.witness.frame(Direction::In, transport, local_port, frame);
        reaction
    }
}
