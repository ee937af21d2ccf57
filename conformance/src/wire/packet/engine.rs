//! Engine.IO packets (Engine.IO protocol, section "Protocol": "Packet encoding").

use bytes::Bytes;
use thiserror::Error;

use crate::wire::Frame;

/// An Engine.IO packet, borrowed from its frame: telling a ping from a message costs nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnginePacket<'a> {
    /// `0`: the handshake, as JSON text.
    Open(&'a str),
    /// `1`: the session is over.
    Close,
    /// `2`: from the server the heartbeat; from the client with `probe` the first step of an upgrade.
    Ping(&'a str),
    /// `3`: the answer to a ping, with the ping's data.
    Pong(&'a str),
    /// `4`: a message; here the text of a Socket.IO packet.
    Message(&'a str),
    /// `5`: the last step of an upgrade.
    Upgrade,
    /// `6`: nothing; ends an outstanding poll.
    Noop,
    /// A message of bytes; here an attachment of a Socket.IO packet.
    Binary(&'a [u8]),
}

/// Why a frame is no Engine.IO packet.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EngineError {
    /// There is no packet type.
    #[error("an empty frame, expected an Engine.IO packet type from `0` to `6`")]
    Empty,
    /// The first character is no packet type.
    #[error("position 0: `{}`, expected an Engine.IO packet type from `0` to `6`", .found.escape_debug())]
    UnknownType {
        /// The first character.
        found: char,
    },
    /// A packet that consists of its type alone has something behind it.
    #[error("position 1: {bytes} bytes behind a {packet} packet, expected none")]
    UnexpectedData {
        /// Which packet.
        packet: &'static str,
        /// How much too much.
        bytes: usize,
    },
}

impl<'a> EnginePacket<'a> {
    /// Reads the packet in `frame`.
    ///
    /// # Errors
    /// When the frame does not start with a packet type, or has data where none may be.
    pub fn decode(frame: &'a Frame) -> Result<Self, EngineError> {
        let text = match frame {
            Frame::Text(text) => text,
            Frame::Binary(bytes) => return Ok(Self::Binary(bytes)),
        };
        let found = text.chars().next().ok_or(EngineError::Empty)?;
        let data = &text[found.len_utf8()..];
        let bare = |packet: &'static str, decoded| match data.len() {
            0 => Ok(decoded),
            bytes => Err(EngineError::UnexpectedData { packet, bytes }),
        };
        match found {
            '0' => Ok(Self::Open(data)),
            '1' => bare("close", Self::Close),
            '2' => Ok(Self::Ping(data)),
            '3' => Ok(Self::Pong(data)),
            '4' => Ok(Self::Message(data)),
            '5' => bare("upgrade", Self::Upgrade),
            '6' => bare("noop", Self::Noop),
            _ => Err(EngineError::UnknownType { found }),
        }
    }

    /// The frame of this packet.
    pub fn encode(self) -> Frame {
        let (digit, data) = match self {
            Self::Open(data) => ("0", data),
            Self::Close => ("1", ""),
            Self::Ping(data) => ("2", data),
            Self::Pong(data) => ("3", data),
            Self::Message(data) => ("4", data),
            Self::Upgrade => ("5", ""),
            Self::Noop => ("6", ""),
            Self::Binary(bytes) => return Frame::Binary(Bytes::copy_from_slice(bytes)),
        };
        Frame::Text([digit, data].concat())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_packet_type_has_its_digit() {
        let packets = [
            (EnginePacket::Open("{}"), "0{}"),
            (EnginePacket::Close, "1"),
            (EnginePacket::Ping("probe"), "2probe"),
            (EnginePacket::Pong("probe"), "3probe"),
            (EnginePacket::Message("2[\"a\"]"), "42[\"a\"]"),
            (EnginePacket::Upgrade, "5"),
            (EnginePacket::Noop, "6"),
        ];
        for (packet, text) in packets {
            assert_eq!(packet.encode(), Frame::from(text));
            assert_eq!(EnginePacket::decode(&Frame::from(text)), Ok(packet));
        }
    }

    #[test]
    fn what_is_wrong_with_a_frame_is_said() {
        for (text, message) in [
            ("", "an empty frame, expected an Engine.IO packet type from `0` to `6`"),
            ("7", "position 0: `7`, expected an Engine.IO packet type from `0` to `6`"),
            ("\n", "position 0: `\\n`, expected an Engine.IO packet type from `0` to `6`"),
            ("1bye", "position 1: 3 bytes behind a close packet, expected none"),
        ] {
            assert_eq!(EnginePacket::decode(&Frame::from(text)).unwrap_err().to_string(), message);
        }
    }

    proptest! {
        #[test]
        fn a_decoded_frame_encodes_to_itself(text: String) {
            let frame = Frame::Text(text);
            if let Ok(packet) = EnginePacket::decode(&frame) {
                prop_assert_eq!(packet.encode(), frame);
            }
        }

        #[test]
        fn bytes_are_a_binary_packet(bytes: Vec<u8>) {
            let frame = Frame::Binary(bytes.clone().into());
            prop_assert_eq!(EnginePacket::decode(&frame), Ok(EnginePacket::Binary(&bytes)));
            prop_assert_eq!(EnginePacket::Binary(&bytes).encode(), frame);
        }
    }
}
