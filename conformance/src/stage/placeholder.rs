//! Placeholders in a step's arguments: `$chat_id:LABEL`, `$number:LABEL`, `$nonce:LABEL`, `$sid:ACTOR`,
//! `$session:ACTOR`, `$agent`, `$origin`, `$verify_token`.

use serde_json::Value;

/// What a placeholder stands for, by its kind and the name behind the colon (empty for `$agent`).
pub(super) type Lookup<'a> = dyn Fn(&str, &str) -> Option<String> + 'a;

const KINDS: [&str; 8] = ["chat_id", "number", "nonce", "sid", "session", "agent", "origin", "verify_token"];

/// Replaces every placeholder in every text of the value; the first that nothing is known of is the error.
pub(super) fn fill(value: &Value, lookup: &Lookup<'_>) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => Value::String(fill_text(text, lookup)?),
        Value::Array(items) => Value::Array(items.iter().map(|item| fill(item, lookup)).collect::<Result<_, _>>()?),
        Value::Object(map) => Value::Object(
            map.iter().map(|(key, item)| Ok((key.clone(), fill(item, lookup)?))).collect::<Result<_, String>>()?,
        ),
        other => other.clone(),
    })
}

/// A placeholder is a whole text, or stands in parentheses within one.
fn fill_text(text: &str, lookup: &Lookup<'_>) -> Result<String, String> {
    let resolve = |placeholder: &str| -> Option<Result<String, String>> {
        let (kind, name) = placeholder.strip_prefix('$')?.split_once(':').unwrap_or((&placeholder[1..], ""));
        let known = KINDS.contains(&kind);
        known.then(|| lookup(kind, name).ok_or_else(|| placeholder.to_owned()))
    };
    if let Some(whole) = resolve(text) {
        return whole;
    }
    if let (Some(start), Some(end)) = (text.find("($"), text.rfind(')'))
        && let Some(part) = text.get(start + 1..end).and_then(resolve)
    {
        return Ok(format!("{}({}{}", &text[..start], part?, &text[end..]));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lookup(kind: &str, name: &str) -> Option<String> {
        (name != "unknown").then(|| format!("<{kind} {name}>"))
    }

    #[test]
    fn placeholders_are_filled_wherever_they_stand() {
        let value = json!({"a": "$chat_id:x/y", "b": ["$agent", "see ($nonce:q)!"], "c": "$5 (or $6)", "d": 1});
        let filled = fill(&value, &lookup).unwrap();
        assert_eq!(
            filled,
            json!({"a": "<chat_id x/y>", "b": ["<agent >", "see (<nonce q>)!"], "c": "$5 (or $6)", "d": 1})
        );
    }

    #[test]
    fn an_unknown_name_is_told() {
        assert_eq!(fill(&json!("$sid:unknown"), &lookup), Err("$sid:unknown".to_owned()));
    }
}
