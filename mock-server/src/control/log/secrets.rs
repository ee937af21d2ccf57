//! Keeping secrets out of the log: tokens, passwords, and session ids, which open a session to whoever knows them.
//!
//! Payloads are pages' own, so that a secret may stand anywhere in them. It is known by its key, by the form of a JWT, or
//! by being the id of a session that lives.

use std::sync::Arc;

use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

/// What stands in place of a secret.
pub(crate) const HIDDEN: &str = "(hidden)";

/// How long a secret is at least: a session's id has 16 characters.
const SHORTEST: usize = 16;

/// Keys, in lower case and without `_` and `-`, whose values are nobody's business.
const SECRET_KEYS: [&str; 8] =
    ["token", "accesstoken", "refreshtoken", "password", "authorization", "secret", "sid", "socketid"];

/// A payload's JSON with secrets hidden: as it was `encoded`, where there are none. `is_sid` knows the ids of sessions.
pub(crate) fn without_secrets(
    payload: &Value,
    encoded: &Arc<RawValue>,
    is_sid: &dyn Fn(&str) -> bool,
) -> Arc<RawValue> {
    if !has_secret(payload, is_sid) {
        return Arc::clone(encoded);
    }
    let mut payload = payload.clone();
    hide(&mut payload, is_sid);
    to_raw_value(&payload).map_or_else(|_| Arc::from(RawValue::NULL.to_owned()), Arc::from)
}

/// Whether something in it must be hidden.
fn has_secret(payload: &Value, is_sid: &dyn Fn(&str) -> bool) -> bool {
    match payload {
        Value::String(text) => words(text).any(|word| is_secret(word, is_sid)),
        Value::Array(items) => items.iter().any(|item| has_secret(item, is_sid)),
        Value::Object(object) => {
            object.iter().any(|(key, value)| is_named_secret(key, value) || has_secret(value, is_sid))
        }
        _ => false,
    }
}

/// Hides the secrets of a payload in it. `is_sid` knows the ids of sessions.
pub(crate) fn hide(payload: &mut Value, is_sid: &dyn Fn(&str) -> bool) {
    match payload {
        Value::String(text) => {
            let secrets: Vec<String> = words(text).filter(|word| is_secret(word, is_sid)).map(str::to_owned).collect();
            for secret in secrets {
                *text = text.replace(&secret, HIDDEN);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide(item, is_sid)),
        Value::Object(object) => {
            for (key, value) in object {
                if is_named_secret(key, value) {
                    *value = HIDDEN.into();
                } else {
                    hide(value, is_sid);
                }
            }
        }
        _ => {}
    }
}

fn is_named_secret(key: &str, value: &Value) -> bool {
    !value.is_null() && is_secret_key(key)
}

/// Whether what has this name is a secret.
pub(crate) fn is_secret_key(key: &str) -> bool {
    // No key that is much longer is one of them.
    key.len() <= 16 && {
        let key: String = key.chars().filter(|letter| !matches!(letter, '_' | '-')).collect();
        SECRET_KEYS.iter().any(|secret| key.eq_ignore_ascii_case(secret))
    }
}

/// A path, or a request's first line, with the secrets of its query hidden by their names.
pub(crate) fn hidden_in_query(path_and_query: &str) -> String {
    let Some((path, query)) = path_and_query.split_once('?') else { return path_and_query.to_owned() };
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((key, _)) if is_secret_key(key) => format!("{key}={HIDDEN}"),
        _ => pair.to_owned(),
    });
    format!("{path}?{}", Vec::from_iter(pairs).join("&"))
}

/// The pieces of a text that could be a token or an id of a session: answers quote what they refuse.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_between = |letter: char| !(letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-'));
    text.split(is_between).filter(|word| word.len() >= SHORTEST)
}

/// A JWT begins with the Base64 of `{"` and has three parts.
fn is_secret(text: &str, is_sid: &dyn Fn(&str) -> bool) -> bool {
    (text.starts_with("eyJ") && text.split('.').count() == 3) || is_sid(text)
}
