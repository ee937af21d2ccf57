//! Socket.IO packets (Socket.IO protocol, section "Packet encoding").
//!
//! `<type>[<attachments>-][<namespace>,][<id>][<JSON>]`; the main namespace `/` is left out. This is the text inside
//! an Engine.IO message packet. Attachments come as frames of their own: putting them together is not done here.

use std::fmt::Write as _;

use serde_json::Value;
use thiserror::Error;

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
        let mut reader = Reader { text, position: 0 };
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

/// Takes a packet apart from left to right, and knows where it is.
struct Reader<'a> {
    text: &'a str,
    position: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.position..]
    }

    fn fault(&self, fault: SocketFault) -> SocketError {
        SocketError { position: self.position, fault }
    }

    fn packet_type(&mut self) -> Result<char, SocketError> {
        match self.rest().chars().next() {
            Some(digit @ '0'..='6') => {
                self.position += 1;
                Ok(digit)
            }
            found => Err(self.fault(SocketFault::Type { found })),
        }
    }

    fn digits(&self) -> &'a str {
        let rest = self.rest();
        &rest[..rest.bytes().take_while(u8::is_ascii_digit).count()]
    }

    fn attachments(&mut self) -> Result<usize, SocketError> {
        let digits = self.digits();
        let count = digits.parse().map_err(|_| self.fault(SocketFault::Attachments))?;
        if !self.rest()[digits.len()..].starts_with('-') {
            return Err(self.fault(SocketFault::Attachments));
        }
        self.position += digits.len() + 1;
        Ok(count)
    }

    /// Up to the comma, which may be missing at the end, as the official parsers have it.
    fn namespace(&mut self) -> String {
        let rest = self.rest();
        if !rest.starts_with('/') {
            return "/".to_owned();
        }
        let length = rest.find(',').unwrap_or(rest.len());
        self.position += (length + 1).min(rest.len());
        rest[..length].to_owned()
    }

    fn id(&mut self) -> Result<Option<u64>, SocketError> {
        let digits = self.digits();
        if digits.is_empty() {
            return Ok(None);
        }
        let id = digits.parse().map_err(|_| self.fault(SocketFault::Id { digits: digits.to_owned() }))?;
        self.position += digits.len();
        Ok(Some(id))
    }

    fn json(&mut self) -> Result<Option<Value>, SocketError> {
        if self.rest().is_empty() {
            return Ok(None);
        }
        serde_json::from_str(self.rest()).map(Some).map_err(|error| SocketError {
            position: self.position + offset(self.rest(), &error),
            fault: SocketFault::Json { reason: error.to_string() },
        })
    }

    fn nothing(&self) -> Result<(), SocketError> {
        if self.rest().is_empty() {
            return Ok(());
        }
        Err(self.fault(SocketFault::Shape { packet: "a DISCONNECT", expected: "nothing behind it" }))
    }

    fn object_or_nothing(&mut self) -> Result<Option<Value>, SocketError> {
        match self.json()? {
            Some(value) if !value.is_object() => {
                Err(self.fault(SocketFault::Shape { packet: "a CONNECT", expected: "an object, or nothing" }))
            }
            data => Ok(data),
        }
    }

    fn event_args(&mut self) -> Result<Vec<Value>, SocketError> {
        match self.json()? {
            Some(Value::Array(args)) if args.first().is_some_and(Value::is_string) => Ok(args),
            _ => Err(self.fault(SocketFault::Shape {
                packet: "an EVENT",
                expected: "an array that starts with the event's name",
            })),
        }
    }

    fn ack_args(&mut self) -> Result<Vec<Value>, SocketError> {
        match self.json()? {
            Some(Value::Array(args)) => Ok(args),
            _ => Err(self.fault(SocketFault::Shape { packet: "an ACK", expected: "an array" })),
        }
    }
}

/// Where in `text` a JSON error is, in bytes; serde gives line and column, both from 1.
fn offset(text: &str, error: &serde_json::Error) -> usize {
    let lines_before = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    let start: usize = lines_before.map(str::len).sum();
    (start + error.column().saturating_sub(1)).min(text.len())
}

fn shown(found: Option<char>) -> String {
    found.map_or_else(|| "the end".to_owned(), |found| format!("`{}`", found.escape_debug()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_examples_of_the_protocol_read_and_write_alike() {
        let main = || "/".to_owned();
        let admin = || "/admin".to_owned();
        let placeholder = json!({"_placeholder": true, "num": 0});
        let examples = [
            ("0", SocketPacket::Connect { namespace: main(), data: None }),
            (
                r#"0/admin,{"token":"123"}"#,
                SocketPacket::Connect { namespace: admin(), data: Some(json!({"token": "123"})) },
            ),
            ("1/admin,", SocketPacket::Disconnect { namespace: admin() }),
            (r#"2["foo"]"#, SocketPacket::event("foo", [])),
            (r#"2/admin,["bar"]"#, SocketPacket::Event { namespace: admin(), id: None, args: vec![json!("bar")] }),
            (r#"212["foo"]"#, SocketPacket::Event { namespace: main(), id: Some(12), args: vec![json!("foo")] }),
            (r#"3/admin,13["bar"]"#, SocketPacket::Ack { namespace: admin(), id: 13, args: vec![json!("bar")] }),
            (
                r#"4{"message":"Not authorized"}"#,
                SocketPacket::ConnectError { namespace: main(), data: Some(json!({"message": "Not authorized"})) },
            ),
            (
                r#"51-["baz",{"_placeholder":true,"num":0}]"#,
                SocketPacket::BinaryEvent {
                    namespace: main(),
                    attachments: 1,
                    id: None,
                    args: vec![json!("baz"), placeholder.clone()],
                },
            ),
            (
                r#"61-/admin,15[{"_placeholder":true,"num":0}]"#,
                SocketPacket::BinaryAck { namespace: admin(), attachments: 1, id: 15, args: vec![placeholder] },
            ),
        ];
        for (text, packet) in examples {
            assert_eq!(packet.encode(), text);
            assert_eq!(SocketPacket::decode(text), Ok(packet));
        }
    }

    #[test]
    fn a_namespace_may_end_the_packet_without_a_comma() {
        assert_eq!(SocketPacket::decode("1/admin"), Ok(SocketPacket::Disconnect { namespace: "/admin".to_owned() }));
    }

    #[test]
    fn a_refusal_may_be_a_bare_string_as_python_sends_it() {
        let refused = SocketPacket::decode(r#"4"Authentication failed""#).unwrap();
        let data = Some(json!("Authentication failed"));
        assert_eq!(refused, SocketPacket::ConnectError { namespace: "/".to_owned(), data });
    }

    #[test]
    fn what_is_wrong_with_a_packet_is_said_with_its_place() {
        for (text, message) in [
            ("", "position 0: the end, expected a Socket.IO packet type from `0` to `6`"),
            ("9", "position 0: `9`, expected a Socket.IO packet type from `0` to `6`"),
            ("2", "position 1: an EVENT needs an array that starts with the event's name"),
            ("2[]", "position 1: an EVENT needs an array that starts with the event's name"),
            ("2[7]", "position 1: an EVENT needs an array that starts with the event's name"),
            ("2/admin,{}", "position 8: an EVENT needs an array that starts with the event's name"),
            ("3[]", "position 1: an acknowledgement without an id"),
            ("31{}", "position 2: an ACK needs an array"),
            ("0[]", "position 1: a CONNECT needs an object, or nothing"),
            ("1{}", "position 1: a DISCONNECT needs nothing behind it"),
            ("5[\"a\"]", "position 1: expected a number of attachments and `-`"),
            ("299999999999999999999[\"a\"]", "position 1: the id `99999999999999999999` is too large"),
        ] {
            assert_eq!(SocketPacket::decode(text).unwrap_err().to_string(), message, "{text}");
        }
    }

    #[test]
    fn broken_json_is_located_in_the_packet() {
        assert_eq!(SocketPacket::decode(r#"2["a",x]"#).unwrap_err().position, 6);
        assert_eq!(SocketPacket::decode("2[\"a\",\n\n x]").unwrap_err().position, 9);
        let nested = format!("2{}", "[".repeat(1_000));
        assert!(SocketPacket::decode(&nested).unwrap_err().to_string().contains("recursion limit"));
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map(any::<String>(), inner, 0..4)
                    .prop_map(|object| object.into_iter().collect()),
            ]
        })
    }

    fn packet() -> impl Strategy<Value = SocketPacket> {
        let namespace = prop_oneof![Just("/".to_owned()), "/[^,]{1,8}"];
        let parts = (0..7, namespace, any::<Option<u64>>(), any::<u64>(), any::<usize>());
        let data = (any::<String>(), proptest::collection::vec(json(), 0..4), proptest::option::of(json()));
        (parts, data).prop_map(|((kind, namespace, id, acked, attachments), (name, args, data))| {
            let event_args = || std::iter::once(Value::from(name.clone())).chain(args.clone()).collect();
            match kind {
                0 => SocketPacket::Connect { namespace, data: data.map(|data| json!({ "data": data })) },
                1 => SocketPacket::Disconnect { namespace },
                2 => SocketPacket::Event { namespace, id, args: event_args() },
                3 => SocketPacket::Ack { namespace, id: acked, args },
                4 => SocketPacket::ConnectError { namespace, data },
                5 => SocketPacket::BinaryEvent { namespace, attachments, id, args: event_args() },
                _ => SocketPacket::BinaryAck { namespace, attachments, id: acked, args },
            }
        })
    }

    proptest! {
        #[test]
        fn packets_go_round_trip(packet in packet()) {
            prop_assert_eq!(SocketPacket::decode(&packet.encode()), Ok(packet));
        }

        #[test]
        fn arbitrary_text_is_read_or_refused_at_a_place_within_it(text in "[0-6]?[0-9/,\\-]{0,6}\\PC*") {
            if let Err(error) = SocketPacket::decode(&text) {
                prop_assert!(error.position <= text.len());
            }
        }
    }
}
