//! The contract file as a judge: whatever a page hears must be what the file says that the event is.

use std::collections::HashMap;
use std::sync::LazyLock;

use fixtures::contract::ROOM_UPDATES;
use jsonschema::Validator;
use serde_json::{Value, json};

/// A validator for each event of the contract, by the event's name.
static EVENTS: LazyLock<HashMap<String, Validator>> = LazyLock::new(|| {
    let document: Value = serde_saphyr::from_str(ROOM_UPDATES).unwrap();
    let messages = document["components"]["messages"].as_object().unwrap();
    let validator = |key: &String| {
        let reference = format!("#/components/messages/{key}/payload");
        let schema = json!({"$ref": reference, "components": document["components"]});
        jsonschema::draft7::new(&schema).unwrap()
    };
    messages.iter().map(|(key, message)| (message["name"].as_str().unwrap().to_owned(), validator(key))).collect()
});

/// Panics unless the contract has this event, with such a payload.
pub fn check(event: &str, payload: &Value) {
    let validator = EVENTS.get(event).unwrap_or_else(|| panic!("the contract has no event {event}: {payload}"));
    let whole = json!([event, payload]);
    let errors: Vec<String> = validator.iter_errors(&whole).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{event} {payload}: {errors:?}");
}

/// The requests that the contract lets clients emit, and the answer to each where there is one.
pub fn requests() -> Vec<(String, Option<String>)> {
    let document: Value = serde_saphyr::from_str(ROOM_UPDATES).unwrap();
    let event = |messages: &Value| {
        let reference = messages[0]["$ref"].as_str().unwrap();
        let key = reference.rsplit('/').next().unwrap();
        document["components"]["messages"][key]["name"].as_str().unwrap().to_owned()
    };
    let operations = document["operations"].as_object().unwrap().values();
    operations
        .filter(|operation| operation["channel"]["$ref"] == "#/channels/namespace")
        .map(|operation| (event(&operation["messages"]), operation.get("reply").map(|reply| event(&reply["messages"]))))
        .collect()
}
