//! What a page in a browser is made to do, and what it shows.

use serde::{Deserialize, Serialize};

/// Something that an agent does at a page, or that happens to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// Opens a window at the page of this customer type, logs in where it asks, and waits until its room was joined.
    Open {
        /// The customer type.
        customer_type: String,
    },
    /// Goes to another type's page within the same document, and waits until its room was joined.
    Switch {
        /// The customer type.
        customer_type: String,
    },
    /// The browser's network emulation says that there is no network.
    Unplug,
    /// It says that there is one again; waits until the page is connected again.
    Plug,
    /// The network emulation makes this window's network slow.
    Slow,
    /// The server's side drops every connection, and takes none.
    Cut,
    /// The server's side takes connections again; waits until the page is connected again.
    Mend,
    /// The token that the page shows is logged out, as if its time were over.
    Expire,
    /// The page's window is minimised, so that the page is hidden.
    Hide,
    /// The page's window is brought in front again.
    Reveal,
    /// Waits until what is sent next is later, by the second, than what was sent before: a page that sorts by whole seconds
    /// moves no row up for an equal time.
    NextSecond,
}

impl std::fmt::Display for Act {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Open { customer_type } => return write!(f, "opens the {customer_type} page"),
            Self::Switch { customer_type } => return write!(f, "goes to the {customer_type} page"),
            Self::Unplug => "the network is away",
            Self::Plug => "the network is back",
            Self::Slow => "the network is slow from here on",
            Self::Cut => "the server's side drops its connections",
            Self::Mend => "the server's side takes connections again",
            Self::Expire => "its token is logged out",
            Self::Hide => "its window is hidden",
            Self::Reveal => "its window is in front again",
            Self::NextSecond => "the next second begins",
        })
    }
}

/// One row of a page's chat list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The chat's id, where the page tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The customer's name.
    pub name: String,
    /// The preview of the last message, as text.
    pub preview: String,
    /// The unread badge; none where it shows no number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub badge: Option<u64>,
}

/// What the page's console is to say, by its profile. Names in braces stand for what they say: `{room}`, `{answer}` (JSON),
/// `{event}`, `{chat_id}`, `{type}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsoleLines {
    /// That a room is asked for: `[Socket] emitting join_room: {room}`.
    pub joining: String,
    /// What was answered: `[Socket] join_room_response: {answer}`.
    pub joined: String,
    /// That an update came: `[Socket] {event} received: {chat_id} {type}`.
    pub updated: String,
}
