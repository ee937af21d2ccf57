//! One chat: a customer's number and type, and what was said.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::{Author, Channel, Message};

/// How many messages of a chat are kept; older ones are forgotten, so that a mock can run for days.
const HISTORY: usize = 1_000;

/// Whether somebody still has to look after a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// In progress.
    Active,
    /// Done, until the customer writes again.
    Resolved,
}

impl Status {
    /// As it is sent: `active` or `resolved`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Resolved => "resolved",
        }
    }

    /// The status of this name, in any case.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::Active, Self::Resolved].into_iter().find(|status| name.eq_ignore_ascii_case(status.as_str()))
    }
}

/// One chat. It has at least one message, since the first one makes it.
#[derive(Debug, Clone)]
pub(crate) struct Chat {
    /// 24 hexadecimal digits.
    pub id: String,
    /// The customer's number: digits.
    pub number: String,
    /// The customer's name, where the provider told it.
    pub name: Option<String>,
    /// One of the contract's customer types.
    pub customer_type: String,
    /// Whether it is in progress.
    pub status: Status,
    /// Labels that agents gave it.
    pub tags: Vec<String>,
    /// Who cares for it: id and name.
    pub executive: Option<(String, String)>,
    /// Customer messages that no agent has read.
    pub unread: u64,
    /// When its first message was stored.
    pub created: Timestamp,
    /// When a customer's message last came, by whichever way.
    pub last_incoming: Option<Timestamp>,
    /// When a customer's message last came through the provider.
    pub last_incoming_whatsapp: Option<Timestamp>,
    /// When an agent last wrote.
    pub last_outgoing: Option<Timestamp>,
    /// Counts changes over all chats: the later of two chats that were written to in one millisecond has the higher one.
    pub(super) touched: u64,
    messages: VecDeque<Message>,
    last: Message,
}

impl Chat {
    /// A chat that starts with this message.
    pub(super) fn new(id: String, number: String, customer_type: String, first: Message, touched: u64) -> Self {
        let mut chat = Self {
            id,
            number,
            name: None,
            customer_type,
            status: Status::Active,
            tags: Vec::new(),
            executive: None,
            unread: 0,
            created: first.time,
            last_incoming: None,
            last_incoming_whatsapp: None,
            last_outgoing: None,
            touched,
            messages: VecDeque::new(),
            last: first.clone(),
        };
        chat.push(first, touched);
        chat
    }

    /// The last message.
    pub(crate) fn last(&self) -> &Message {
        &self.last
    }

    /// The messages that are kept, oldest first.
    pub(crate) fn messages(&self) -> &VecDeque<Message> {
        &self.messages
    }

    /// When a message that comes now is said to have come: whole milliseconds, and later than the one before, because
    /// pages sort by this time and take an equal one for no news.
    pub(super) fn next_time(&self, now: Timestamp) -> Timestamp {
        let after_last = self.last.time.saturating_add(SignedDuration::from_millis(1)).unwrap_or(self.last.time);
        milliseconds(now).max(after_last)
    }

    /// Appends a message. A customer's makes the chat active again, and unread.
    pub(super) fn push(&mut self, message: Message, touched: u64) {
        match message.author {
            Author::Customer => {
                self.status = Status::Active;
                self.unread += 1;
                self.last_incoming = Some(message.time);
                if message.channel == Channel::Whatsapp {
                    self.last_incoming_whatsapp = Some(message.time);
                }
            }
            Author::Executive => self.last_outgoing = Some(message.time),
        }
        if self.messages.len() == HISTORY {
            self.messages.pop_front();
        }
        self.messages.push_back(message.clone());
        self.last = message;
        self.touched = touched;
    }
}

/// Without what is finer than a millisecond.
pub(super) fn milliseconds(time: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time)
}
