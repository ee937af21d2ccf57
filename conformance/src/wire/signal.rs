//! What a session reports while it lives, and why it ended.

use std::{fmt, sync::Arc, time::Instant};

use thiserror::Error;

use super::{Direction, Frame, Handshake, Transport};

/// Is told everything that happens in a session, in order, by one task at a time.
///
/// The instant is when a frame was taken from the transport, or just before it was handed to it. The observer is
/// called from the session's own task and should return quickly: while it runs, nothing is read.
pub type Observer = Arc<dyn Fn(Instant, Signal) + Send + Sync>;

/// Tells the observer, with the time.
#[derive(Clone)]
pub(super) struct Witness(pub(super) Observer);

impl Witness {
    pub(super) fn tell(&self, signal: Signal) {
        (self.0)(Instant::now(), signal);
    }

    pub(super) fn frame(&self, direction: Direction, transport: Transport, local_port: u16, frame: Frame) {
        self.tell(Signal::Frame { direction, transport, local_port, frame });
    }
}

/// Something that happened in a session.
#[derive(Debug, Clone, PartialEq)]
pub enum Signal {
    /// A frame came or goes. Every frame is reported once, the open packet before [`Signal::Opened`].
    Frame {
        /// Which way.
        direction: Direction,
        /// How. While an upgrade is probed, both transports carry frames.
        transport: Transport,
        /// Our port of the connection that carries it.
        local_port: u16,
        /// The frame.
        frame: Frame,
    },
    /// The session is open.
    Opened {
        /// What the server said.
        handshake: Arc<Handshake>,
        /// Our port of the connection that opened it.
        local_port: u16,
    },
    /// The session went over from polling to WebSocket: what was polled came before, what follows comes by WebSocket.
    Upgraded,
    /// The session is over. Comes once, last, and only after [`Signal::Opened`].
    Closed {
        /// Why.
        reason: CloseReason,
    },
}

/// Why a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloseReason {
    /// We closed or aborted it.
    ByUs,
    /// The server closed it.
    ByServer {
        /// How.
        detail: ServerClose,
    },
    /// The connection broke, or carried something that cannot be followed.
    Lost {
        /// What happened, in words.
        error: String,
    },
}

/// How a server ends a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerClose {
    /// By an Engine.IO close packet.
    EnginePacket,
    /// By a WebSocket close frame.
    WebSocket {
        /// The status code, where there was one.
        code: Option<u16>,
        /// The reason; often empty.
        reason: String,
    },
    /// By refusing a poll.
    Http {
        /// The status.
        status: u16,
        /// The start of the answer's body.
        body: String,
    },
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByUs => f.write_str("closed by us"),
            Self::ByServer { detail } => write!(f, "closed by the server: {detail}"),
            Self::Lost { error } => write!(f, "connection lost: {error}"),
        }
    }
}

impl fmt::Display for ServerClose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EnginePacket => f.write_str("Engine.IO close packet"),
            Self::WebSocket { code: None, .. } => f.write_str("WebSocket close"),
            Self::WebSocket { code: Some(code), reason } if reason.is_empty() => write!(f, "WebSocket close {code}"),
            Self::WebSocket { code: Some(code), reason } => write!(f, "WebSocket close {code} `{reason}`"),
            Self::Http { status, body } => write!(f, "a poll was answered with HTTP {status}: {body}"),
        }
    }
}

/// The session is over: nothing more can be done with it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the session is over: {0}")]
pub struct Closed(pub CloseReason);
