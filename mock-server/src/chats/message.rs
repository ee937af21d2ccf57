//! One message of a chat, and how it is shown in histories and in `new_message`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Author {
    /// The customer.
    Customer,
    /// An agent.
    Executive,
}

impl Author {
    /// As it is sent: `Customer` or `Executive`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "Customer",
            Self::Executive => "Executive",
        }
    }
}

/// How a message travels between the customer and the backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Channel {
    /// Through the provider.
    Whatsapp,
    /// Through the socket, by `send_message` with type `Customer`.
    InApp,
}

impl Channel {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Whatsapp => "whatsapp",
            Self::InApp => "inapp",
        }
    }
}

/// One message, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Message {
    /// The provider's id where it came from there, else one of ours.
    pub id: String,
    /// Who wrote it.
    pub author: Author,
    /// The number of whoever wrote it, as they gave it.
    pub sender: String,
    /// What it says; for a medium its caption or a placeholder.
    pub text: String,
    /// How it travelled.
    pub channel: Channel,
    /// `image`, `video` and so on; none for text.
    pub media_type: Option<String>,
    /// Where the medium can be had.
    pub media_url: Option<String>,
    /// When it was stored; milliseconds.
    pub time: Timestamp,
}

impl Message {
    /// What stands for the last message where there is none: as if the customer had said nothing.
    pub(super) fn nothing(sender: String, time: Timestamp) -> Self {
        let (id, text, media_type, media_url) = (String::new(), String::new(), None, None);
        Self { id, author: Author::Customer, sender, text, channel: Channel::InApp, media_type, media_url, time }
    }

    /// The payload of `new_message`, and one item of a history.
    pub(crate) fn to_json(&self, chat_id: &str) -> Value {
        json!({
            "chat_id": chat_id,
            "message_id": self.id,
            "sender": self.sender,
            "sender_type": self.author.as_str(),
            "message": self.text,
            "channel": self.channel.as_str(),
            "media_type": self.media_type,
            "media_url": self.media_url,
            "datetime": iso(self.time),
        })
    }
}

/// ISO 8601 in UTC with milliseconds, e.g. `2026-02-24T10:30:00.000Z`.
pub(crate) fn iso(time: Timestamp) -> String {
    format!("{time:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_utc_with_milliseconds() {
        let time = Timestamp::from_millisecond(1_771_929_000_007).unwrap();
        assert_eq!(iso(time), "2026-02-24T10:30:00.007Z");
        assert_eq!(iso(Timestamp::from_millisecond(1_771_929_000_000).unwrap()), "2026-02-24T10:30:00.000Z");
    }
}
