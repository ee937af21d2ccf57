//! The open packet (Engine.IO protocol, section "Handshake").

use std::time::Duration;

use serde_json::{Map, Value};
use thiserror::Error;

/// What the server says when a session opens.
#[derive(Debug, Clone, PartialEq)]
pub struct Handshake {
    /// The session's id. Whoever knows it can take the session over: it belongs in no report.
    pub sid: String,
    /// The transports that the session can be upgraded to.
    pub upgrades: Vec<String>,
    /// How often the server pings.
    pub ping_interval: Duration,
    /// How long it then waits for the pong.
    pub ping_timeout: Duration,
    /// The most bytes that the server takes in one payload. Servers from before it was introduced do not say.
    pub max_payload: Option<u64>,
    /// The whole packet as it came.
    pub raw: Value,
}

/// Why an open packet cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HandshakeError {
    /// Not JSON, or not an object.
    #[error("not a JSON object ({reason})")]
    NotAnObject {
        /// The parser's words, or what came instead.
        reason: String,
    },
    /// A field is missing.
    #[error("the field `{field}` is missing, expected {expected}")]
    Missing {
        /// Which.
        field: &'static str,
        /// What should stand there.
        expected: &'static str,
    },
    /// A field has the wrong type or a senseless value.
    #[error("the field `{field}` is {found}, expected {expected}")]
    Wrong {
        /// Which.
        field: &'static str,
        /// The value, as JSON.
        found: String,
        /// What should stand there.
        expected: &'static str,
    },
}

impl Handshake {
    /// Reads the JSON of an open packet.
    ///
    /// # Errors
    /// Names the first field that is missing or wrong.
    pub fn parse(json: &str) -> Result<Self, HandshakeError> {
        let raw: Value =
            serde_json::from_str(json).map_err(|error| HandshakeError::NotAnObject { reason: error.to_string() })?;
        let fields = raw.as_object().ok_or_else(|| HandshakeError::NotAnObject { reason: format!("`{raw}`") })?;
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let texts = |value: &Value| value.as_array()?.iter().map(|name| Some(name.as_str()?.to_owned())).collect();
        let millis = |value: &Value| value.as_u64().map(Duration::from_millis);
        Ok(Self {
            sid: field(fields, "sid", "text", text)?,
            upgrades: field(fields, "upgrades", "a list of transport names", texts)?,
            ping_interval: field(fields, "pingInterval", "milliseconds", millis)?,
            ping_timeout: field(fields, "pingTimeout", "milliseconds", millis)?,
            max_payload: match fields.contains_key("maxPayload") {
                true => Some(field(fields, "maxPayload", "a number of bytes", Value::as_u64)?),
                false => None,
            },
            raw,
        })
    }
}

fn field<T>(
    fields: &Map<String, Value>,
    field: &'static str,
    expected: &'static str,
    read: impl FnOnce(&Value) -> Option<T>,
) -> Result<T, HandshakeError> {
    let value = fields.get(field).ok_or(HandshakeError::Missing { field, expected })?;
    read(value).ok_or_else(|| HandshakeError::Wrong { field, found: format!("`{value}`"), expected })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_is_read_and_kept_as_it_came() {
        let json = r#"{"sid":"abc","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,
                       "maxPayload":1000000,"more":1}"#;
        let handshake = Handshake::parse(json).unwrap();
        assert_eq!(handshake.sid, "abc");
        assert_eq!(handshake.upgrades, ["websocket"]);
        assert_eq!(handshake.ping_interval, Duration::from_secs(25));
        assert_eq!(handshake.ping_timeout, Duration::from_secs(20));
        assert_eq!(handshake.max_payload, Some(1_000_000));
        assert_eq!(handshake.raw["more"], 1);
    }

    #[test]
    fn the_field_that_is_missing_or_wrong_is_named() {
        for (json, message) in [
            ("[]", "not a JSON object (`[]`)"),
            (r#"{"upgrades":[]}"#, "the field `sid` is missing, expected text"),
            (r#"{"sid":""}"#, "the field `sid` is `\"\"`, expected text"),
            (
                r#"{"sid":"a","upgrades":"websocket"}"#,
                "the field `upgrades` is `\"websocket\"`, expected a list of transport names",
            ),
            (
                r#"{"sid":"a","upgrades":[],"pingInterval":-1}"#,
                "the field `pingInterval` is `-1`, expected milliseconds",
            ),
            (
                r#"{"sid":"a","upgrades":[],"pingInterval":1}"#,
                "the field `pingTimeout` is missing, expected milliseconds",
            ),
            (
                r#"{"sid":"a","upgrades":[],"pingInterval":1,"pingTimeout":1,"maxPayload":"1MB"}"#,
                "the field `maxPayload` is `\"1MB\"`, expected a number of bytes",
            ),
        ] {
            assert_eq!(Handshake::parse(json).unwrap_err().to_string(), message, "{json}");
        }
        assert!(Handshake::parse("{").unwrap_err().to_string().starts_with("not a JSON object (EOF"));
    }
}
