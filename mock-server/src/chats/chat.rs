//! One chat: a customer's number and type, and what was said.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Author, Channel, Happened, Message, Note};

/// How many messages of a chat are kept; older ones are forgotten, so that a mock can run for days.
pub(super) const HISTORY: usize = 1_000;

/// Whether somebody still has to look after a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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

/// One chat: made by its first message, or opened without one by an in-app customer.
#[derive(Debug, Clone, Serialize, Deserialize)]
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
    /// What agents noted about it, oldest first.
    pub(super) notes: VecDeque<Note>,
    /// What happened to it besides messages, oldest first.
    pub(super) past: VecDeque<Happened>,
    /// Since when the customer has been waiting for an answer.
    pub(super) waiting_since: Option<Timestamp>,
    /// How many of the alerts about that were given.
    pub(super) alerted: usize,
    /// How many messages were ever written in it: the number of the last one.
    pub(super) written: u64,
    /// How many of the last messages are not in the state file yet.
    #[serde(skip)]
    pub(super) unsaved: usize,
    /// Kept apart in the state file, since there may be many.
    #[serde(skip)]
    pub(super) messages: VecDeque<Message>,
    last: Message,
}

impl Chat {
    /// A chat in which nothing was written so far.
    pub(super) fn empty(id: String, number: String, customer_type: String, created: Timestamp, touched: u64) -> Self {
        let nothing = Message::nothing(number.clone(), milliseconds(created));
        Self {
            id,
            number,
            name: None,
            customer_type,
            status: Status::Active,
            tags: Vec::new(),
            executive: None,
            unread: 0,
            created: nothing.time,
            last_incoming: None,
            last_incoming_whatsapp: None,
            last_outgoing: None,
            touched,
            notes: VecDeque::new(),
            past: VecDeque::new(),
            waiting_since: None,
            alerted: 0,
            written: 0,
            unsaved: 0,
            messages: VecDeque::new(),
            last: nothing,
        }
    }

    /// A chat that starts with this message.
    pub(super) fn new(id: String, number: String, customer_type: String, first: Message, touched: u64) -> Self {
        let mut chat = Self::empty(id, number, customer_type, first.time, touched);
        chat.push(first, touched);
        chat
    }

    /// The last message; in an empty chat one that says nothing.
    pub(crate) fn last(&self) -> &Message {
        &self.last
    }

    /// The id of whoever cares for it.
    pub(crate) fn executive_id(&self) -> Option<&str> {
        self.executive.as_ref().map(|(id, _)| id.as_str())
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
                self.waiting_since.get_or_insert(message.time);
                if message.channel == Channel::Whatsapp {
                    self.last_incoming_whatsapp = Some(message.time);
                }
            }
            Author::Executive => {
                self.last_outgoing = Some(message.time);
                self.wait_no_longer();
            }
        }
        if self.messages.len() == HISTORY {
            self.messages.pop_front();
        }
        self.messages.push_back(message.clone());
        self.last = message;
        self.touched = touched;
        self.written += 1;
        self.unsaved = (self.unsaved + 1).min(HISTORY);
    }

    /// The customer was answered, or the chat is done.
    pub(super) fn wait_no_longer(&mut self) {
        (self.waiting_since, self.alerted) = (None, 0);
    }
}

/// Without what is finer than a millisecond.
pub(super) fn milliseconds(time: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time)
}
