//! Which entries of the log somebody wants to see.

use serde::Deserialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{ConnectionId, Entry, Kind};

/// Which entries; what is left out does not restrict them.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Only entries of this kind.
    pub kind: Option<Kind>,
    /// Only events of this name.
    pub event: Option<String>,
    /// Only broadcasts to this room.
    pub room: Option<String>,
    /// Only what came from this page, or was sent to it.
    #[param(value_type = Option<String>, example = "c12")]
    pub connection: Option<ConnectionId>,
    /// Only entries that have this text somewhere, in any case.
    pub search: Option<String>,
    /// Which direction; by default both.
    #[serde(skip)]
    #[param(ignore)]
    pub direction: Option<Direction>,
    /// What the payload has at least.
    #[serde(skip)]
    #[param(ignore)]
    pub payload: Option<Value>,
}

/// Where an event goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Direction {
    /// From the mock to a page.
    #[default]
    Sent,
    /// From a page to the mock.
    Emitted,
}

impl Filter {
    /// Whether the entry is wanted.
    pub(crate) fn admits(&self, entry: &Entry) -> bool {
        let what = &entry.what;
        let is = |wanted: &Option<String>, own: &Option<String>| wanted.is_none() || wanted == own;
        self.kind.is_none_or(|kind| what.kind == kind)
            && self.direction.is_none_or(|direction| direction.is_of(what.kind))
            && is(&self.event, &what.event)
            && is(&self.room, &what.room)
            && self.connection.is_none_or(|connection| entry.concerns(connection))
            && self.search.as_ref().is_none_or(|text| contains(entry, text))
            && self.payload.as_ref().is_none_or(|wanted| has(entry, wanted))
    }
}

impl Direction {
    fn is_of(self, kind: Kind) -> bool {
        match self {
            Self::Sent => kind.is_sent(),
            Self::Emitted => kind == Kind::Emitted,
        }
    }
}

fn contains(entry: &Entry, text: &str) -> bool {
    let text = text.to_lowercase();
    serde_json::to_string(entry).is_ok_and(|entry| entry.to_lowercase().contains(&text))
}

fn has(entry: &Entry, wanted: &Value) -> bool {
    let payload = entry.what.payload.as_ref().and_then(|payload| serde_json::from_str::<Value>(payload.get()).ok());
    payload.is_some_and(|payload| includes(&payload, wanted))
}

/// Whether a value has all that is wanted of it: an object may have more keys, anything else is the same.
fn includes(value: &Value, wanted: &Value) -> bool {
    match (value, wanted) {
        (Value::Object(value), Value::Object(wanted)) => {
            wanted.iter().all(|(key, wanted)| value.get(key).is_some_and(|value| includes(value, wanted)))
        }
        _ => value == wanted,
    }
}
