//! Socket.IO packets (Socket.IO protocol, section "Packet encoding").
//!
//! `<type>[<attachments>-][<namespace>,][<id>][<JSON>]`; the main namespace `/` is left out. This is the text inside
//! an Engine.IO message packet. Attachments come as frames of their own: putting them together is not done here.

mod reader;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use serde_json::Value;
use thiserror::Error;

use self::reader::Reader;
use super::EnginePacket;
use crate::wire::Frame;

/// A Socket.IO packet.
#[derive(Debug, Clone, PartialEq)]
pub enum SocketPacket {
    /// `0`: asks to connect to a namespace, or says that it was done.
    Connect {
        /// The namespace; `/` is the main one.
        namespace: String,
        /// An object: credentials from the client, `{sid}` from the server.
        data: Option<Value>,
    },
    /// `1`: leaves a namespace.
    Disconnect {
        /// The namespace.
        namespace: String,
    },
    /// `2`: an event.
    Event {
        /// The namespace.
        namespace: String,
        /// Asks for an acknowledgement under this id.
        id: Option<u64>,
        /// The event's name, then its arguments. Never empty.
        args: Vec<Value>,
    },
    /// `3`: the acknowledgement of an event.
    Ack {
        /// The namespace.
        namespace: String,
        /// The event's id.
        id: u64,
        /// The answer.
        args: Vec<Value>,
    },
    /// `4`: the namespace was refused.
    ConnectError {
        /// The namespace.
        namespace: String,
        /// Why: `{message, data?}` by the protocol; some servers send a bare string.
        data: Option<Value>,
    },
    /// `5`: an event with attachments.
    BinaryEvent {
        /// The namespace.
        namespace: String,
        /// How many binary frames belong to it and follow.
        attachments: usize,
        /// Asks for an acknowledgement under this id.
        id: Option<u64>,
        /// The event's name, then its arguments, with placeholders. Never empty.
        args: Vec<Value>,
    },
    /// `6`: an acknowledgement with attachments.
    BinaryAck {
        /// The namespace.
        namespace: String,
        /// How many binary frames belong to it and follow.
        attachments: usize,
        /// The event's id.
        id: u64,
        /// The answer, with placeholders.
        args: Vec<Value>,
    },
}

/// Why a text is no Socket.IO packet.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("position {position}: {fault}")]
pub struct SocketError {
    /// Where, in bytes from the start of the packet.
    pub position: usize,
    /// What.
    pub fault: SocketFault,
}

/// What is wrong with a Socket.IO packet.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SocketFault {
    /// No packet type.
    #[error("{}, expected a Socket.IO packet type from `0` to `6`", shown(*.found))]
    Type {
        /// What stands there.
        found: Option<char>,
    },
    /// A binary packet does not say how many attachments it has.
    #[error("expected a number of attachments and `-`")]
    Attachments,
    /// An acknowledgement does not say what it acknowledges.
    #[error("an acknowledgement without an id")]
    NoId,
    /// The id is too large.
    #[error("the id `{digits}` is too large")]
    Id {
        /// The id.
        digits: String,
    },
    /// The data is not JSON.
    #[error("not JSON: {reason}")]
    Json {
        /// The parser's words.
        reason: String,
    },
    /// The data is JSON of the wrong shape.
    #[error("{packet} needs {expected}")]
    Shape {
        /// Which packet.
        packet: &'static str,
        /// What must stand there.
        expected: &'static str,
    },
}

impl SocketPacket {
    /// An event in the main namespace that asks for no acknowledgement.
    pub fn event(name: &str, args: impl IntoIterator<Item = Value>) -> Self {
        let args = std::iter::once(Value::from(name)).chain(args).collect();
        Self::Event { namespace: "/".to_owned(), id: None, args }
    }

    /// The namespace; `/` is the main one.
    pub fn namespace(&self) -> &str {
        match self {
            Self::Connect { namespace, .. }
            | Self::Disconnect { namespace }
            | Self::Event { namespace, .. }
            | Self::Ack { namespace, .. }
            | Self::ConnectError { namespace, .. }
            | Self::BinaryEvent { namespace, .. }
            | Self::BinaryAck { namespace, .. } => namespace,
        }
    }

    /// Reads a packet from the text of an Engine.IO message.
    ///
    /// # Errors
    /// Says what is wrong, and where.
    pub fn decode(text: &str) -> Result<Self, SocketError> {
        let mut reader = Reader::new(text);
        let digit = reader.packet_type()?;
        let attachments = if matches!(digit, '5' | '6') { reader.attachments()? } else { 0 };
        let namespace = reader.namespace();
        // The other types have no id: digits would be the data.
        let id = if matches!(digit, '2' | '3' | '5' | '6') { reader.id()? } else { None };
        match digit {
            '0' => reader.object_or_nothing().map(|data| Self::Connect { namespace, data }),
            '1' => reader.nothing().map(|()| Self::Disconnect { namespace }),
            '2' => reader.event_args().map(|args| Self::Event { namespace, id, args }),
            '3' => {
                let id = id.ok_or_else(|| reader.fault(SocketFault::NoId))?;
                reader.ack_args().map(|args| Self::Ack { namespace, id, args })
            }
            '4' => reader.json().map(|data| Self::ConnectError { namespace, data }),
            '5' => reader.event_args().map(|args| Self::BinaryEvent { namespace, attachments, id, args }),
            _ => {
                let id = id.ok_or_else(|| reader.fault(SocketFault::NoId))?;
                reader.ack_args().map(|args| Self::BinaryAck { namespace, attachments, id, args })
            }
        }
    }

    /// The text of this packet, for an Engine.IO message.
    pub fn encode(&self) -> String {
        match self {
            Self::Connect { namespace, data } => written('0', None, namespace, None, data.as_ref()),
            Self::Disconnect { namespace } => written('1', None, namespace, None, None::<&Value>),
            Self::Event { namespace, id, args } => written('2', None, namespace, *id, Some(args)),
            Self::Ack { namespace, id, args } => written('3', None, namespace, Some(*id), Some(args)),
            Self::ConnectError { namespace, data } => written('4', None, namespace, None, data.as_ref()),
            Self::BinaryEvent { namespace, attachments, id, args } => {
                written('5', Some(*attachments), namespace, *id, Some(args))
            }
            Self::BinaryAck { namespace, attachments, id, args } => {
                written('6', Some(*attachments), namespace, Some(*id), Some(args))
            }
        }
    }

    /// The frame of this packet.
    pub fn frame(&self) -> Frame {
        EnginePacket::Message(&self.encode()).encode()
    }
}

fn written<T: serde::Serialize>(
    digit: char,
    attachments: Option<usize>,
    namespace: &str,
    id: Option<u64>,
    data: Option<&T>,
) -> String {
    let mut text = String::from(digit);
    // Writing to a string, and JSON values as text, cannot fail.
    if let Some(attachments) = attachments {
        let _ = write!(text, "{attachments}-");
    }
    if namespace != "/" {
        let _ = write!(text, "{namespace},");
    }
    if let Some(id) = id {
        let _ = write!(text, "{id}");
    }
    if let Some(data) = data {
        text.push_str(&serde_json::to_string(data).unwrap_or_default());
    }
    text
}

fn shown(found: Option<char>) -> String {
    found.map_or_else(|| "the end".to_owned(), |found| format!("`{}`", found.escape_debug()))
}
