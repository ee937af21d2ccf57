//! Reading a request's payload, and refusing it with a reason that a person can act on.

use fixtures::Contract;
use serde_json::{Map, Value, json};

use crate::chats::Page;
use crate::client::Client;

/// How many characters of what a client sent are shown to it again.
const SHOWN: usize = 40;

/// The most that one page of a list has; who asks for more gets this many.
const LARGEST_PAGE: u64 = 100;

/// One request of a client.
pub(crate) struct Request<'a> {
    /// Who asks.
    pub client: &'a Client,
    /// The first argument; `None` where it is not JSON.
    pub payload: Option<&'a Value>,
}

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The `message` of the answer.
    pub message: String,
    /// Whether it names something that does not exist.
    pub is_unknown: bool,
}

impl Refusal {
    /// Refuses for this reason.
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self { message: reason.into(), is_unknown: false }
    }

    /// Refuses a name that is none of those that are known.
    pub(crate) fn unknown<'k>(what: &str, given: &str, known: impl Iterator<Item = &'k str>) -> Self {
        let known = known.collect::<Vec<_>>().join(", ");
        Self::not_found(format!("unknown {what} {}: expected one of {known}", shown(&given.into())))
    }

    /// Refuses an id that no chat has.
    pub(crate) fn no_such_chat(chat_id: &str) -> Self {
        Self::not_found(format!("unknown chat_id {}: expected one of the chat list", shown(&chat_id.into())))
    }

    /// Refuses a number that no chat has.
    pub(crate) fn no_chat_of(number: &str) -> Self {
        Self::not_found(format!("no chat of {}: expected a number that has written before", shown(&number.into())))
    }

    fn not_found(message: String) -> Self {
        Self { message, is_unknown: true }
    }

    /// The answer: `{status: 0, message}`.
    pub(crate) fn to_json(&self) -> Value {
        json!({"status": 0, "message": self.message})
    }
}

impl Request<'_> {
    /// The payload, which must be an object.
    pub(crate) fn object(&self) -> Result<&Map<String, Value>, Refusal> {
        match self.payload {
            Some(Value::Object(object)) => Ok(object),
            Some(other) => Err(Refusal::new(format!("expected an object, found {}", shown(other)))),
            None => Err(Refusal::new("expected an object, found something that is not JSON")),
        }
    }

    /// The payload, where none at all is an empty one.
    pub(crate) fn optional_object(&self) -> Result<Option<&Map<String, Value>>, Refusal> {
        if self.payload == Some(&Value::Null) { Ok(None) } else { self.object().map(Some) }
    }

    /// A text that must be there and must not be empty.
    pub(crate) fn text(&self, key: &str) -> Result<&str, Refusal> {
        text(self.object()?, key)
    }
}

/// A text that must be there and must not be empty.
pub(crate) fn text<'a>(object: &'a Map<String, Value>, key: &str) -> Result<&'a str, Refusal> {
    optional_text(object, key)?.ok_or_else(|| Refusal::new(format!("missing {key}: expected a text")))
}

/// A text that may be left out; null and empty texts count as left out, since pages send both.
pub(crate) fn optional_text<'a>(object: &'a Map<String, Value>, key: &str) -> Result<Option<&'a str>, Refusal> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
        Some(other) => Err(Refusal::new(format!("{key}: expected a text, found {}", shown(other)))),
    }
}

/// A customer type that may be left out, but must be one of the contract's if it is there.
pub(crate) fn optional_type<'a>(
    object: &'a Map<String, Value>,
    contract: &Contract,
) -> Result<Option<&'a str>, Refusal> {
    let newer = optional_text(object, "customer_type")?;
    // By its older name, where pages send that.
    let Some(customer_type) = newer.or(optional_text(object, "chat_type")?) else { return Ok(None) };
    if contract.route(customer_type).is_none() {
        let known = contract.routes.iter().map(|route| route.customer_type.as_str());
        return Err(Refusal::unknown("customer_type", customer_type, known));
    }
    Ok(Some(customer_type))
}

/// A customer type that must be there.
pub(crate) fn required_type<'a>(object: &'a Map<String, Value>, contract: &Contract) -> Result<&'a str, Refusal> {
    let missing = || Refusal::new("missing customer_type: expected one of the contract's");
    optional_type(object, contract)?.ok_or_else(missing)
}

/// `page` and `page_size`, both from 1.
pub(crate) fn page(object: &Map<String, Value>, default_size: u64) -> Result<Page, Refusal> {
    let number = |key: &str, default: u64| match object.get(key) {
        None | Some(Value::Null) => Ok(default),
        Some(value) => value
            .as_u64()
            .filter(|number| *number > 0)
            .ok_or_else(|| Refusal::new(format!("{key}: expected a whole number from 1, found {}", shown(value)))),
    };
    let (page, size) = (number("page", 1)?, number("page_size", default_size)?.min(LARGEST_PAGE));
    Ok(Page { number: usize::try_from(page).unwrap_or(usize::MAX), size: usize::try_from(size).unwrap_or(1) })
}

/// A value as JSON, cut short.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::String(text) if text.chars().count() > SHOWN => {
            format!("{}…", Value::from(text.chars().take(SHOWN).collect::<String>()))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_shown_cut_short_and_nesting_not_at_all() {
        let refusal = Refusal::unknown("room", &"x".repeat(65_536), ["PartnerApp"].into_iter());
        assert_eq!(refusal.message, format!("unknown room \"{}\"…: expected one of PartnerApp", "x".repeat(SHOWN)));
        assert_eq!(shown(&json!([[[[]]]])), "a list");
        assert_eq!(shown(&json!("\"<b>\n")), r#""\"<b>\n""#);
    }

    #[test]
    fn a_page_counts_from_one_and_has_at_most_a_hundred_items() {
        let read = |value: Value| page(value.as_object().unwrap(), 10);
        assert_eq!(read(json!({})), Ok(Page { number: 1, size: 10 }));
        assert_eq!(read(json!({"page": 3, "page_size": 1_000})), Ok(Page { number: 3, size: 100 }));
        for bad in [json!({"page": 0}), json!({"page": -1}), json!({"page": "two"}), json!({"page_size": 1.5})] {
            assert!(read(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn null_and_empty_texts_count_as_left_out() {
        let object = json!({"null": null, "empty": "", "text": "x", "number": 42});
        let read = |key| optional_text(object.as_object().unwrap(), key);
        assert_eq!((read("none"), read("null"), read("empty")), (Ok(None), Ok(None), Ok(None)));
        assert_eq!(read("text"), Ok(Some("x")));
        assert_eq!(read("number"), Err(Refusal::new("number: expected a text, found 42")));
    }
}
