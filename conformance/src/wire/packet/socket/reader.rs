//! Reading a Socket.IO packet, part by part.

use serde_json::Value;

use super::{SocketError, SocketFault};

/// Takes a packet apart from left to right, and knows where it is.
pub(super) struct Reader<'a> {
    text: &'a str,
    position: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, position: 0 }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.position..]
    }

    pub(super) fn fault(&self, fault: SocketFault) -> SocketError {
        SocketError { position: self.position, fault }
    }

    pub(super) fn packet_type(&mut self) -> Result<char, SocketError> {
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

    pub(super) fn attachments(&mut self) -> Result<usize, SocketError> {
        let digits = self.digits();
        let count = digits.parse().map_err(|_| self.fault(SocketFault::Attachments))?;
        if !self.rest()[digits.len()..].starts_with('-') {
            return Err(self.fault(SocketFault::Attachments));
        }
        self.position += digits.len() + 1;
        Ok(count)
    }

    /// Up to the comma, which may be missing at the end, as the official parsers have it.
    pub(super) fn namespace(&mut self) -> String {
        let rest = self.rest();
        if !rest.starts_with('/') {
            return "/".to_owned();
        }
        let length = rest.find(',').unwrap_or(rest.len());
        self.position += (length + 1).min(rest.len());
        rest[..length].to_owned()
    }

    pub(super) fn id(&mut self) -> Result<Option<u64>, SocketError> {
        let digits = self.digits();
        if digits.is_empty() {
            return Ok(None);
        }
        let id = digits.parse().map_err(|_| self.fault(SocketFault::Id { digits: digits.to_owned() }))?;
        self.position += digits.len();
        Ok(Some(id))
    }

    pub(super) fn json(&mut self) -> Result<Option<Value>, SocketError> {
        if self.rest().is_empty() {
            return Ok(None);
        }
        serde_json::from_str(self.rest()).map(Some).map_err(|error| SocketError {
            position: self.position + offset(self.rest(), &error),
            fault: SocketFault::Json { reason: error.to_string() },
        })
    }

    pub(super) fn nothing(&self) -> Result<(), SocketError> {
        if self.rest().is_empty() {
            return Ok(());
        }
        Err(self.fault(SocketFault::Shape { packet: "a DISCONNECT", expected: "nothing behind it" }))
    }

    pub(super) fn object_or_nothing(&mut self) -> Result<Option<Value>, SocketError> {
        match self.json()? {
            Some(value) if !value.is_object() => {
                Err(self.fault(SocketFault::Shape { packet: "a CONNECT", expected: "an object, or nothing" }))
            }
            data => Ok(data),
        }
    }

    pub(super) fn event_args(&mut self) -> Result<Vec<Value>, SocketError> {
        match self.json()? {
            Some(Value::Array(args)) if args.first().is_some_and(Value::is_string) => Ok(args),
            _ => Err(self.fault(SocketFault::Shape {
                packet: "an EVENT",
                expected: "an array that starts with the event's name",
            })),
        }
    }

    pub(super) fn ack_args(&mut self) -> Result<Vec<Value>, SocketError> {
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
