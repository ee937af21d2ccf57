//! What no good client and no provider would send: frames, requests and webhook bodies that are wrong on purpose.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::recording::TokenUse;

/// The largest message that the suite makes: no reasonable `maxPayload` is above it.
const MOST: u64 = 64 << 20;

/// What is sent as it stands: one WebSocket message, or the body of one polling `POST`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Raw {
    /// This text.
    Text(String),
    /// These bytes, in base64.
    Bytes(String),
    /// This text so many times.
    Repeated(String, usize),
    /// An event of so many bytes more than the handshake's `maxPayload`.
    OverPayload(u64),
}

impl Raw {
    /// The bytes, and whether they are meant as text.
    ///
    /// # Errors
    /// Why they cannot be made.
    pub fn bytes(&self, max_payload: Option<u64>) -> Result<(Vec<u8>, bool), String> {
        match self {
            Self::Text(text) => Ok((text.clone().into_bytes(), true)),
            Self::Bytes(base64) => {
                STANDARD.decode(base64).map(|bytes| (bytes, false)).map_err(|error| format!("not base64: {error}"))
            }
            Self::Repeated(text, times) => Ok((text.repeat(*times).into_bytes(), true)),
            Self::OverPayload(by) => {
                let limit = max_payload.ok_or("the handshake announces no `maxPayload`")?;
                if limit > MOST {
                    return Err(format!("`maxPayload` is {limit} bytes, more than the suite sends ({MOST})"));
                }
                let (start, end) = (r#"42["message",""#, r#""]"#);
                let filling = usize::try_from(limit + by).unwrap_or(usize::MAX).saturating_sub(start.len() + end.len());
                Ok((format!("{start}{}{end}", "x".repeat(filling)).into_bytes(), true))
            }
        }
    }
}

/// An HTTP request of any kind, of which the answer is written down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// Its name within the scenario.
    pub label: Arc<str>,
    /// The method.
    #[serde(default = "get")]
    pub method: String,
    /// Where it goes.
    pub to: Door,
    /// The query. A value may be `$verify_token`, or `$session:ACTOR`, which stands for an actor's Engine.IO session.
    #[serde(default)]
    pub query: Vec<(String, String)>,
    /// Headers. A value may be `$origin`, the origin of the page that browsers load.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// Whether it asks to go over to WebSocket.
    #[serde(default)]
    pub websocket: bool,
    /// The token in the `Authorization` header; none without it.
    #[serde(default)]
    pub token: Option<TokenUse>,
}

/// Where a probe goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Door {
    /// The Engine.IO path.
    Socket,
    /// The protected REST route.
    Protected,
    /// Where the provider verifies a subscription.
    Verify,
}

fn get() -> String {
    "GET".to_owned()
}

impl Probe {
    /// A `GET` with nothing special about it.
    #[must_use]
    pub fn get(label: impl Into<Arc<str>>, to: Door) -> Self {
        Self {
            label: label.into(),
            method: get(),
            to,
            query: Vec::new(),
            headers: Vec::new(),
            websocket: false,
            token: None,
        }
    }

    /// With these query parameters.
    #[must_use]
    pub fn query(self, pairs: &[(&str, &str)]) -> Self {
        Self { query: owned(pairs), ..self }
    }

    /// With these headers.
    #[must_use]
    pub fn headers(self, pairs: &[(&str, &str)]) -> Self {
        Self { headers: owned(pairs), ..self }
    }

    /// With another method.
    #[must_use]
    pub fn method(self, method: &str) -> Self {
        Self { method: method.to_owned(), ..self }
    }
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// How a webhook body differs from what the provider would send for its message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Body {
    /// Not at all.
    #[default]
    AsSent,
    /// In its spelling only: spaces, escapes, and the order of keys.
    Respelled,
    /// It breaks off in the middle.
    Cut,
    /// Another value stands in this place (a JSON pointer; empty for the whole).
    Replaced(String, Value),
    /// Another value stands beside the message, in the same list, before it.
    Beside(Value),
    /// Something else altogether.
    Other(Raw),
    /// It has a further key with so many bytes of text.
    Padded(usize),
}

impl Body {
    /// The bytes, from the body that the provider would send.
    ///
    /// # Errors
    /// Why they cannot be made.
    pub fn bytes(&self, mut good: Value) -> Result<Vec<u8>, String> {
        let messages = "/entry/0/changes/0/value/messages";
        let missing = |place: &str| format!("the provider's body has no {place}");
        match self {
            Self::AsSent => {}
            Self::Respelled => return Ok(respelled(&good, 0).into_bytes()),
            Self::Cut => {
                let mut text = good.to_string().into_bytes();
                text.truncate(text.len() - 3);
                return Ok(text);
            }
            Self::Replaced(place, value) => {
                *good.pointer_mut(place).ok_or_else(|| missing(place))? = value.clone();
            }
            Self::Beside(value) => {
                let list = good.pointer_mut(messages).and_then(Value::as_array_mut).ok_or_else(|| missing(messages))?;
                list.insert(0, value.clone());
            }
            Self::Other(raw) => return raw.bytes(None).map(|(bytes, _)| bytes),
            Self::Padded(bytes) => good["padding"] = "x".repeat(*bytes).into(),
        }
        Ok(good.to_string().into_bytes())
    }
}

/// The same JSON, written as no serializer here would: keys in reverse, a line each, and every character that may be
/// escaped escaped.
fn respelled(value: &Value, depth: usize) -> String {
    let indent = "  ".repeat(depth);
    let lines = |open: char, items: Vec<String>, close: char| {
        let items: Vec<String> = items.into_iter().map(|item| format!("\n{indent}  {item}")).collect();
        format!("{open}{}\n{indent}{close}", items.join(" ,"))
    };
    match value {
        Value::String(text) => quoted(text),
        Value::Array(items) => lines('[', items.iter().map(|item| respelled(item, depth + 1)).collect(), ']'),
        Value::Object(map) => {
            let entry = |(key, item): (&String, &Value)| format!("{} : {}", quoted(key), respelled(item, depth + 1));
            lines('{', map.iter().rev().map(entry).collect(), '}')
        }
        other => other.to_string(),
    }
}

/// A JSON text in which all but letters and digits is written as `\uXXXX`.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for unit in text.encode_utf16() {
        match u8::try_from(unit).map(char::from) {
            Ok(plain) if plain.is_ascii_alphanumeric() => out.push(plain),
            _ => out.push_str(&format!("\\u{unit:04x}")),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn another_spelling_is_the_same_json() {
        let value = json!({"b": [1, "é/😀\n\"", null], "a_1": {"x": true, "empty": []}});
        let spelled = respelled(&value, 0);
        assert_eq!(serde_json::from_str::<Value>(&spelled).unwrap(), value);
        assert!(spelled.contains(r"\ud83d\ude00") && spelled.find("a\\u005f1") < spelled.find("\"b\""), "{spelled}");
    }

    #[test]
    fn a_message_over_the_limit_is_over_it_by_as_much_as_was_asked_for() {
        let (bytes, is_text) = Raw::OverPayload(1).bytes(Some(1_000)).unwrap();
        assert_eq!((bytes.len(), is_text), (1_001, true));
        assert!(Raw::OverPayload(1).bytes(None).unwrap_err().contains("maxPayload"));
        assert!(Raw::OverPayload(1).bytes(Some(MOST + 1)).unwrap_err().contains("more than the suite sends"));
    }

    #[test]
    fn bodies_differ_where_they_are_meant_to() {
        let good = json!({"entry": [{"changes": [{"value": {"messages": [{"id": "good"}]}}]}]});
        let made = |body: Body| String::from_utf8(body.bytes(good.clone()).unwrap()).unwrap();
        let json = |body: Body| serde_json::from_str::<Value>(&made(body));
        assert_eq!(json(Body::AsSent).unwrap(), good);
        assert_eq!(json(Body::Respelled).unwrap(), good);
        assert!(json(Body::Cut).is_err() && made(Body::Cut).contains("good"));
        assert_eq!(json(Body::Replaced("/entry".to_owned(), json!(7))).unwrap(), json!({"entry": 7}));
        let beside = json(Body::Beside(json!(null))).unwrap();
        assert_eq!(beside["entry"][0]["changes"][0]["value"]["messages"], json!([null, {"id": "good"}]));
        assert!(made(Body::Padded(5_000)).len() > 5_000);
        assert_eq!(
            Body::Replaced("/no".to_owned(), json!(1)).bytes(good).unwrap_err(),
            "the provider's body has no /no"
        );
    }
}
