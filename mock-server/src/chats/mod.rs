//! The chats: who wrote what, what is unread, what is resolved.
//!
//! Pure state. It knows no sockets and no clock: the time of every change is handed in, and what is to be sent because
//! of a change is for the caller to say.

mod chat;
mod list;
mod message;
mod sample;
mod seen;
mod summary;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

pub(crate) use chat::{Chat, Status};
pub(crate) use list::{Filter, Page};
pub(crate) use message::{Author, Channel, Message};
pub(crate) use summary::{Place, SummaryShape};

use seen::Seen;

/// A customer's message that has come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Incoming {
    /// One of the contract's customer types.
    pub customer_type: String,
    /// The customer's number: digits.
    pub number: String,
    /// The customer's name, where it was told.
    pub name: Option<String>,
    /// The provider's id, the same in every delivery of the message.
    pub id: String,
    /// What it says; for a medium its caption or a placeholder.
    pub text: String,
    /// `image`, `video` and so on; none for text.
    pub media_type: Option<String>,
}

/// All chats. A chat is a number *and* a customer type: one number that writes to two channels has two.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chats {
    chats: HashMap<String, Chat>,
    ids: HashMap<(String, String), String>,
    seen: Seen,
    changes: u64,
}

impl Chats {
    /// Stores a message from the provider, and makes its chat if it is the number's first.
    ///
    /// Gives the chat's id, or `None` for a message that was delivered before: providers repeat themselves for days.
    pub(crate) fn receive(&mut self, incoming: Incoming, now: Timestamp) -> Option<String> {
        if !self.seen.first_time(&incoming.id) {
            return None;
        }
        let Incoming { customer_type, number, name, id, text, media_type } = incoming;
        let chat_id = self
            .ids
            .get(&(customer_type.clone(), number.clone()))
            .cloned()
            .unwrap_or_else(|| chat_id(&customer_type, &number));
        let message = Message {
            id,
            author: Author::Customer,
            sender: number.clone(),
            text,
            channel: Channel::Whatsapp,
            media_type,
            time: now,
        };
        if self.chats.contains_key(&chat_id) {
            self.append(&chat_id, message, now);
        } else {
            self.changes += 1;
            let message = Message { time: chat::milliseconds(now), ..message };
            self.insert(Chat::new(chat_id.clone(), number, customer_type, message, self.changes));
        }
        if let (Some(chat), Some(name)) = (self.chats.get_mut(&chat_id), name) {
            chat.name = Some(name);
        }
        Some(chat_id)
    }

    /// Stores a message that was written in a page: an agent's reply, or an in-app customer's message.
    ///
    /// Gives the message, or `None` if there is no such chat.
    pub(crate) fn write(
        &mut self,
        chat_id: &str,
        author: Author,
        sender: &str,
        text: &str,
        now: Timestamp,
    ) -> Option<&Message> {
        let message = Message {
            id: format!("{:012x}{:012x}", now.as_millisecond(), self.changes + 1),
            author,
            sender: sender.to_owned(),
            text: text.to_owned(),
            channel: if author == Author::Customer { Channel::InApp } else { Channel::Whatsapp },
            media_type: None,
            time: now,
        };
        self.append(chat_id, message, now)
    }

    /// Notes that an agent has read the chat.
    pub(crate) fn read(&mut self, chat_id: &str) {
        if let Some(chat) = self.get_mut(chat_id) {
            chat.unread = 0;
        }
    }

    /// Changes a chat's status; gives the former one, or `None` if there is no such chat.
    pub(crate) fn set_status(&mut self, chat_id: &str, status: Status) -> Option<Status> {
        let chat = self.chats.get_mut(chat_id)?;
        Some(std::mem::replace(&mut chat.status, status))
    }

    /// The chat with this id.
    pub(crate) fn get(&self, chat_id: &str) -> Option<&Chat> {
        self.chats.get(chat_id)
    }

    /// The same, to change it.
    pub(crate) fn get_mut(&mut self, chat_id: &str) -> Option<&mut Chat> {
        self.chats.get_mut(chat_id)
    }

    /// The chat of this number; without a customer type the one that was last written to.
    pub(crate) fn find(&self, number: &str, customer_type: Option<&str>) -> Option<&Chat> {
        match customer_type {
            Some(customer_type) => {
                self.ids.get(&(customer_type.to_owned(), number.to_owned())).and_then(|id| self.chats.get(id))
            }
            None => self.all().filter(|chat| chat.number == number).max_by_key(|chat| chat.touched),
        }
    }

    /// Every chat, in no order.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Chat> {
        self.chats.values()
    }

    fn insert(&mut self, chat: Chat) {
        self.ids.insert((chat.customer_type.clone(), chat.number.clone()), chat.id.clone());
        self.chats.insert(chat.id.clone(), chat);
    }

    fn append(&mut self, chat_id: &str, message: Message, now: Timestamp) -> Option<&Message> {
        let chat = self.chats.get_mut(chat_id)?;
        self.changes += 1;
        let message = Message { time: chat.next_time(now), ..message };
        chat.push(message, self.changes);
        Some(chat.last())
    }
}

/// The id of a new chat: 24 hexadecimal digits, the same for the same number and type after every restart, so that a
/// page that was left open still knows its chats.
fn chat_id(customer_type: &str, number: &str) -> String {
    let digest = Sha256::new().chain_update(customer_type).chain_update([0]).chain_update(number).finalize();
    hex::encode(&digest[..12])
}
