//! From a body of the provider's (WhatsApp Cloud API) to the messages in it.
//!
//! Reactions and what the mock has no use for are passed over. Something that is not what the provider
//! describes costs only itself where the rest of the body is usable, and the body where nothing is.

use fixtures::webhooks::ReceiptStatus;
use serde_json::Value;

use crate::chats::Incoming;
use crate::faults::FaultSet;

/// What one body delivers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Delivery {
    /// Customers' messages, in the body's order.
    pub messages: Vec<Incoming>,
    /// How far agents' messages have come: their ids, and what the customer's phone says.
    pub receipts: Vec<(String, ReceiptStatus)>,
    /// Why others were left out.
    pub bad: Vec<String>,
}

/// Why a body was refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    #[error("not JSON: {0}")]
    NotJson(#[from] serde_json::Error),
    #[error("not a webhook body: {0}")]
    Shape(String),
}

/// Reads a body that was delivered for a customer type.
pub(super) fn parse(body: &[u8], customer_type: &str, faults: &FaultSet) -> Result<Delivery, BodyError> {
    let mut body: Value = serde_json::from_slice(body)?;
    faults.webhook(&mut body);
    if body.get("object").and_then(Value::as_str) != Some("whatsapp_business_account") {
        return Err(BodyError::Shape("object: expected \"whatsapp_business_account\"".to_owned()));
    }
    let mut reader = Reader { customer_type, delivery: Delivery::default(), passed_over: 0 };
    let entries = list(&body, "entry").map_err(BodyError::Shape)?;
    for entry in entries {
        match list(entry, "changes") {
            Ok(changes) => changes.iter().for_each(|change| reader.change(change)),
            Err(reason) => reader.delivery.bad.push(reason),
        }
    }
    match reader {
        Reader { delivery, passed_over: 0, .. } if delivery.messages.is_empty() && !delivery.bad.is_empty() => {
            Err(BodyError::Shape(delivery.bad.join("; ")))
        }
        Reader { delivery, .. } => Ok(delivery),
    }
}

struct Reader<'a> {
    customer_type: &'a str,
    delivery: Delivery,
    passed_over: usize,
}

impl Reader<'_> {
    fn change(&mut self, change: &Value) {
        let Some(value) = change.get("value").filter(|value| value.is_object()) else {
            return self.delivery.bad.push("value: expected an object".to_owned());
        };
        let statuses = value.get("statuses").and_then(Value::as_array).into_iter().flatten();
        self.delivery.receipts.extend(statuses.filter_map(receipt));
        // A change of another field, or one with receipts only, has no messages.
        match value.get("messages") {
            None => self.passed_over += 1,
            Some(Value::Array(messages)) => messages.iter().for_each(|message| self.message(message, value)),
            Some(_) => self.delivery.bad.push("messages: expected a list".to_owned()),
        }
    }

    fn message(&mut self, message: &Value, value: &Value) {
        match read(message, value, self.customer_type) {
            Ok(Some(incoming)) => self.delivery.messages.push(incoming),
            Ok(None) => self.passed_over += 1,
            Err(reason) => self.delivery.bad.push(reason),
        }
    }
}

/// A customer's message; `None` for one that is rightly there and shows nothing.
fn read(message: &Value, value: &Value, customer_type: &str) -> Result<Option<Incoming>, String> {
    let id = text(message, "id")?;
    let kind = text(message, "type")?;
    text(message, "timestamp")?.parse::<i64>().map_err(|_| "timestamp: expected Unix seconds as text".to_owned())?;
    let Some(shown) = shown(kind, message)? else { return Ok(None) };
    // Newer bodies may name a customer by an opaque id alone: there is no number to file the message under.
    let number = match message.get("from") {
        None | Some(Value::Null) => return Ok(None),
        Some(_) => text(message, "from")?,
    };
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("from: expected a number of digits".to_owned());
    }
    Ok(Some(Incoming {
        customer_type: customer_type.to_owned(),
        number: number.to_owned(),
        name: profile_name(value, number),
        id: id.to_owned(),
        text: shown,
        media_type: is_medium(kind).then(|| kind.to_owned()),
        media_id: message[kind]["id"].as_str().filter(|_| is_medium(kind)).map(ToOwned::to_owned),
    }))
}

/// A receipt; `None` for one of a status that is still to be invented.
fn receipt(status: &Value) -> Option<(String, ReceiptStatus)> {
    Some((text(status, "id").ok()?.to_owned(), serde_json::from_value(status.get("status")?.clone()).ok()?))
}

/// The text that the list shows of a message: what the customer wrote, or what stands for a medium without words.
fn shown(kind: &str, message: &Value) -> Result<Option<String>, String> {
    let body = &message[kind];
    let expect_object = || if body.is_object() { Ok(body) } else { Err(format!("{kind}: expected an object")) };
    let shown = match kind {
        "text" => text(expect_object()?, "body")?.to_owned(),
        "button" => text(expect_object()?, "text")?.to_owned(),
        "interactive" => {
            let reply = text(expect_object()?, "type")?;
            text(body.get(reply).ok_or_else(|| format!("interactive: expected {reply}"))?, "title")?.to_owned()
        }
        "image" | "video" | "audio" | "document" | "sticker" => {
            let body = expect_object()?;
            text(body, "id")?;
            let words =
                ["caption", "filename"].into_iter().find_map(|key| body[key].as_str().filter(|it| !it.is_empty()));
            words.map_or_else(|| format!("[{kind}]"), ToOwned::to_owned)
        }
        "location" => location(expect_object()?)?,
        "contacts" => contacts(body)?,
        // Reactions, system messages, and kinds that are still to be invented.
        _ => return Ok(None),
    };
    Ok(Some(shown))
}

fn is_medium(kind: &str) -> bool {
    matches!(kind, "image" | "video" | "audio" | "document" | "sticker" | "location" | "contacts")
}

fn location(body: &Value) -> Result<String, String> {
    let degrees = |key: &str| body[key].as_f64().ok_or_else(|| format!("location.{key}: expected a number"));
    let (latitude, longitude) = (degrees("latitude")?, degrees("longitude")?);
    let place = ["name", "address"].into_iter().find_map(|key| body[key].as_str().filter(|it| !it.is_empty()));
    Ok(place.map_or_else(|| format!("[location] {latitude}, {longitude}"), |place| format!("[location] {place}")))
}

fn contacts(body: &Value) -> Result<String, String> {
    let contacts = body.as_array().ok_or("contacts: expected a list")?;
    let names: Vec<&str> = contacts.iter().filter_map(|contact| contact["name"]["formatted_name"].as_str()).collect();
    Ok(format!("[contacts] {}", names.join(", ")).trim_end().to_owned())
}

fn profile_name(value: &Value, number: &str) -> Option<String> {
    let contacts = value.get("contacts")?.as_array()?;
    let contact = contacts.iter().find(|contact| contact["wa_id"].as_str() == Some(number))?;
    contact["profile"]["name"].as_str().filter(|name| !name.is_empty()).map(ToOwned::to_owned)
}

fn text<'v>(value: &'v Value, key: &str) -> Result<&'v str, String> {
    value.get(key).and_then(Value::as_str).ok_or_else(|| format!("{key}: expected a text"))
}

fn list<'v>(value: &'v Value, key: &str) -> Result<&'v Vec<Value>, String> {
    value.get(key).and_then(Value::as_array).ok_or_else(|| format!("{key}: expected a list"))
}

#[cfg(test)]
mod tests {
    use fixtures::webhooks::{self, Inbound, MessageKind};
    use serde_json::json;

    use super::*;

    fn parsed(body: &Value) -> Delivery {
        parse(body.to_string().as_bytes(), "Partner", &FaultSet::default()).unwrap()
    }

    fn body_of(messages: Value) -> Value {
        json!({"object": "whatsapp_business_account", "entry": [{"changes": [{"value": {"messages": messages}}]}]})
    }

    fn good(id: &str) -> Value {
        json!({"from": "15550100001", "id": id, "timestamp": "1771929000", "type": "text", "text": {"body": id}})
    }

    #[test]
    fn every_kind_of_message_shows_something() {
        for kind in MessageKind::ALL {
            for text in [None, Some("the caption".to_owned())] {
                let inbound = Inbound {
                    kind,
                    from: "15550100001".to_owned(),
                    name: "Vivek".to_owned(),
                    id: "wamid.1".to_owned(),
                    timestamp: 1_771_929_000,
                    text: text.clone(),
                };
                let Delivery { messages, bad, .. } = parsed(&webhooks::messages("15550100101", &[inbound]));
                let [message] = messages.as_slice() else { panic!("{kind:?}: {messages:?} {bad:?}") };
                assert_eq!((message.number.as_str(), message.name.as_deref()), ("15550100001", Some("Vivek")));
                match text {
                    Some(text) if kind.carries_text() => assert_eq!(message.text, text),
                    _ => assert!(!message.text.is_empty(), "{kind:?}"),
                }
            }
        }
    }

    #[test]
    fn receipts_are_no_messages_and_reactions_and_unknown_kinds_are_passed_over() {
        for status in ReceiptStatus::ALL {
            let receipt = webhooks::receipt("15550100101", "wamid.1", status, "15550100001", 1_771_929_000);
            let told = Delivery { receipts: vec![("wamid.1".to_owned(), status)], ..Delivery::default() };
            assert_eq!(parsed(&receipt), told);
        }
        for kind in ["reaction", "system", "unsupported", "something new"] {
            let mut message = good("1");
            message["type"] = kind.into();
            assert_eq!(parsed(&body_of(json!([message]))), Delivery::default(), "{kind}");
        }
    }

    #[test]
    fn a_message_without_a_number_is_passed_over() {
        let mut message = good("1");
        message["from"] = Value::Null;
        assert_eq!(parsed(&body_of(json!([message]))), Delivery::default());
    }

    #[test]
    fn one_body_may_hold_several_entries_changes_and_messages() {
        let change = |ids: [&str; 2]| json!({"value": {"messages": ids.map(good)}});
        let body = json!({"object": "whatsapp_business_account", "entry": [
            {"changes": [change(["1", "2"]), change(["3", "4"])]},
            {"changes": [change(["5", "6"])]},
        ]});
        let ids: Vec<_> = parsed(&body).messages.into_iter().map(|message| message.id).collect();
        assert_eq!(ids, ["1", "2", "3", "4", "5", "6"]);
    }

    #[test]
    fn what_is_bad_in_a_batch_costs_itself_only() {
        let Delivery { messages, bad, .. } = parsed(&body_of(json!([42, good("1"), {"id": "2"}, good("3")])));
        assert_eq!(messages.iter().map(|message| message.id.as_str()).collect::<Vec<_>>(), ["1", "3"]);
        assert_eq!(bad, ["id: expected a text", "type: expected a text"]);
    }

    #[test]
    fn a_body_of_which_nothing_can_be_used_is_refused() {
        let mut without_text = good("1");
        without_text["text"] = json!({"body": 42});
        let mut named_by_letters = good("1");
        named_by_letters["from"] = "Vivek".into();
        for body in [
            "".to_owned(),
            "{".to_owned(),
            "[]".to_owned(),
            "null".to_owned(),
            "{}".to_owned(),
            json!({"object": "page", "entry": []}).to_string(),
            json!({"object": "whatsapp_business_account"}).to_string(),
            json!({"object": "whatsapp_business_account", "entry": {}}).to_string(),
            json!({"object": "whatsapp_business_account", "entry": ["x"]}).to_string(),
            json!({"object": "whatsapp_business_account", "entry": [{"changes": [{"value": []}]}]}).to_string(),
            body_of(json!("x")).to_string(),
            body_of(json!([{}])).to_string(),
            body_of(json!([without_text])).to_string(),
            body_of(json!([named_by_letters])).to_string(),
        ] {
            assert!(parse(body.as_bytes(), "Partner", &FaultSet::default()).is_err(), "{body}");
        }
    }

    #[test]
    fn an_empty_entry_is_no_error() {
        assert_eq!(parsed(&json!({"object": "whatsapp_business_account", "entry": []})), Delivery::default());
    }
}
