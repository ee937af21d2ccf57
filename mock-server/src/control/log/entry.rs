//! One thing that happened, as the log shows it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// The largest payload that is kept, in bytes; of a larger one only its size is told.
const LARGEST_PAYLOAD: usize = 64 * 1024;

/// How many of those who heard a broadcast are listed by id.
const LISTED: usize = 50;

/// What a connection is called wherever people can see it, e.g. `c12`. The sid itself would open the session to whoever
/// reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ToSchema)]
#[schema(value_type = String, example = "c12", pattern = "^c[0-9]+$")]
pub(crate) struct ConnectionId(pub u64);

impl fmt::Display for ConnectionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "c{}", self.0)
    }
}

impl FromStr for ConnectionId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.strip_prefix('c').and_then(|number| number.parse().ok());
        number.map(Self).ok_or_else(|| format!("expected a connection such as c12, found {text:?}"))
    }
}

impl Serialize for ConnectionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ConnectionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A page was admitted to the namespace.
    Connected,
    /// A page is gone.
    Disconnected,
    /// A page was not admitted.
    Refused,
    /// A page emitted an event.
    Emitted,
    /// A page's request was answered.
    Answered,
    /// An event was sent to a room.
    Broadcast,
    /// A call of the HTTP API, the provider's webhook included.
    Http,
    /// An agent's message was handed to the provider.
    Provider,
    /// Something was done from here: a fault, a pause, a reset.
    Control,
}

impl Kind {
    /// Whether it went to pages.
    pub(crate) fn is_sent(self) -> bool {
        matches!(self, Self::Answered | Self::Broadcast)
    }
}

/// What happened, before the log has given it a number and a time.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Happening {
    /// What kind of thing.
    pub kind: Kind,
    /// The page that it came from, or that was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<ConnectionId>,
    /// The event's name; the call of an HTTP API; what was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// The room of a broadcast.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    /// How many pages a broadcast was sent to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<usize>,
    /// Which ones: the first 50.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "first_few")]
    pub to: Vec<ConnectionId>,
    /// The status of an HTTP answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The event's first argument, or what an HTTP call carried. Tokens and passwords in it read `(hidden)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub payload: Option<Arc<RawValue>>,
    /// What else there is to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

fn first_few<S: Serializer>(to: &[ConnectionId], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(to.iter().take(LISTED))
}

impl Happening {
    /// Something of this kind, of which nothing else is known yet.
    pub(crate) fn new(kind: Kind) -> Self {
        Self {
            kind,
            connection: None,
            event: None,
            room: None,
            members: None,
            to: Vec::new(),
            status: None,
            payload: None,
            detail: None,
        }
    }

    /// From, or to, this page.
    pub(crate) fn of(self, connection: ConnectionId) -> Self {
        Self { connection: Some(connection), ..self }
    }

    /// Of this name.
    pub(crate) fn event(self, event: impl Into<String>) -> Self {
        Self { event: Some(event.into()), ..self }
    }

    /// Sent to a room, and heard by these.
    pub(crate) fn heard(self, room: impl Into<String>, to: Vec<ConnectionId>) -> Self {
        Self { room: Some(room.into()), members: Some(to.len()), to, ..self }
    }

    /// With this payload, without secrets.
    pub(crate) fn payload(self, payload: Option<Arc<RawValue>>) -> Self {
        match payload {
            Some(payload) if payload.get().len() > LARGEST_PAYLOAD => {
                let size = payload.get().len();
                self.detail(format!("a payload of {size} bytes is not kept here"))
            }
            payload => Self { payload, ..self },
        }
    }

    /// Answered with this status.
    pub(crate) fn status(self, status: u16) -> Self {
        Self { status: Some(status), ..self }
    }

    /// With this to be said about it.
    pub(crate) fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// About how much memory it takes, in bytes.
    pub(super) fn size(&self) -> usize {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        size_of::<Entry>()
            + text(&self.event)
            + text(&self.room)
            + text(&self.detail)
            + self.to.len() * size_of::<ConnectionId>()
            + self.payload.as_ref().map_or(0, |payload| payload.get().len())
    }
}

/// One entry of the log.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Entry {
    /// Counts from 1, and goes on counting when the log is emptied: whoever has seen entry 42 asks for what is `after` 42.
    pub number: u64,
    /// When it happened; UTC.
    #[schema(value_type = String, format = DateTime)]
    pub time: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub what: Happening,
}

impl Entry {
    /// Whether it came from this page, or reached it.
    pub(crate) fn concerns(&self, connection: ConnectionId) -> bool {
        self.what.connection == Some(connection) || self.what.to.contains(&connection)
    }
}
