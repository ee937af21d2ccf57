//! What travels: one Engine.IO packet at a time.

use std::fmt;

use bytes::Bytes;

/// One Engine.IO packet exactly as it came, or as it is to be sent. Nothing says that it is well-formed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A WebSocket text message, or one packet of a polling payload.
    Text(String),
    /// A WebSocket binary message, or the decoded bytes of a `b` packet of a polling payload.
    Binary(Bytes),
}

impl Frame {
    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Binary(_) => None,
        }
    }
}

impl From<String> for Frame {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Frame {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Bytes> for Frame {
    fn from(bytes: Bytes) -> Self {
        Self::Binary(bytes)
    }
}

/// Which way a frame went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the server to us.
    In,
    /// From us to the server.
    Out,
}

/// How frames travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// One WebSocket message each.
    WebSocket,
    /// HTTP long-polling: `GET` to receive, `POST` to send.
    Polling,
}

impl Transport {
    /// Its name in the `transport` query parameter and in the handshake's `upgrades`.
    pub fn name(self) -> &'static str {
        match self {
            Self::WebSocket => "websocket",
            Self::Polling => "polling",
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
