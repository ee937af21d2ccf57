//! The chats: who wrote what, what is unread, what is resolved.
//!
//! Pure state. It knows no sockets and no clock: the time of every change is handed in, and what is to be sent because
//! of a change is for the caller to say.

mod chat;
mod list;
mod message;
mod note;
mod sample;
mod seen;
mod stored;
mod summary;
#[cfg(test)]
mod tests;
mod waiting;

use std::collections::HashMap;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

pub(crate) use chat::{Chat, Status};
pub(crate) use list::{Filter, Page};
pub(crate) use message::{Author, Channel, Message, iso};
pub(crate) use note::{Happened, Note};
pub(crate) use stored::{Change, Changes};
pub(crate) use summary::{Place, SummaryShape};
pub(crate) use waiting::Alert;

use seen::Seen;

/// Where media are served, before their id.
pub(crate) const MEDIA: &str = "/api/whatsapp/downloadmedia/";

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
    /// The provider's id of the medium, where it has one.
    pub media_id: Option<String>,
}

/// What somebody writes in a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    /// Who writes.
    pub author: Author,
    /// Their number, as they gave it.
    pub sender: String,
    /// What they write.
    pub text: String,
    /// How it travels.
    pub channel: Channel,
    /// `image`, `video` and so on; none for text.
    pub media_type: Option<String>,
    /// Where the medium can be had.
    pub media_url: Option<String>,
}

/// All chats. A chat is a number *and* a customer type: one number that writes to two channels has two.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chats {
    chats: HashMap<String, Chat>,
    ids: HashMap<(String, String), String>,
    seen: Seen,
    changes: u64,
    /// What the state file has not been told yet.
    unsaved: Changes,
}

impl Chats {
    /// Stores a message from the provider, and makes its chat if it is the number's first.
    ///
    /// Gives the chat's id, or `None` for a message that was delivered before: providers repeat themselves for days.
    pub(crate) fn receive(&mut self, incoming: Incoming, now: Timestamp) -> Option<String> {
        if !self.seen.first_time(&incoming.id) {
            return None;
        }
        let Incoming { customer_type, number, name, id, text, media_type, media_id } = incoming;
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
            media_url: media_id.map(|id| format!("{MEDIA}{id}")),
            time: now,
        };
        if self.chats.contains_key(&chat_id) {
            self.append(&chat_id, message, now);
        } else {
            self.changes += 1;
            let message = Message { time: chat::milliseconds(now), ..message };
            self.insert(Chat::new(chat_id.clone(), number, customer_type, message, self.changes));
        }
        if let (Some(chat), Some(name)) = (self.get_mut(&chat_id), name) {
            chat.name = Some(name);
        }
        Some(chat_id)
    }

    /// Stores a message that was written in a page: an agent's reply, or an in-app customer's message.
    ///
    /// Gives the message, or `None` if there is no such chat.
    pub(crate) fn write(&mut self, chat_id: &str, written: Written, now: Timestamp) -> Option<&Message> {
        let Written { author, sender, text, channel, media_type, media_url } = written;
        let id = format!("{:012x}{:012x}", now.as_millisecond(), self.changes + 1);
        self.append(chat_id, Message { id, author, sender, text, channel, media_type, media_url, time: now }, now)
    }

    /// The chat of this number and type, made without a message where there is none; and whether it was made.
    pub(crate) fn open(&mut self, number: &str, customer_type: &str, now: Timestamp) -> (String, bool) {
        if let Some(chat) = self.find(number, Some(customer_type)) {
            return (chat.id.clone(), false);
        }
        let id = chat_id(customer_type, number);
        self.changes += 1;
        self.insert(Chat::empty(id.clone(), number.to_owned(), customer_type.to_owned(), now, self.changes));
        (id, true)
    }

    /// Gives a chat to an agent: id and name; gives the former agent's id. `None` if there is no such chat.
    pub(crate) fn assign(&mut self, chat_id: &str, executive: (&str, &str), now: Timestamp) -> Option<Option<String>> {
        let chat = self.get_mut(chat_id)?;
        let (id, name) = executive;
        let former = chat.executive.replace((id.to_owned(), name.to_owned())).map(|(id, _)| id);
        chat.happened("assigned", format!("to {name} ({id})"), now);
        Some(former)
    }

    /// Notes that an agent has read the chat.
    pub(crate) fn read(&mut self, chat_id: &str) {
        if let Some(chat) = self.get_mut(chat_id) {
            chat.unread = 0;
        }
    }

    /// Changes a chat's status; gives the former one, or `None` if there is no such chat.
    pub(crate) fn set_status(&mut self, chat_id: &str, status: Status, now: Timestamp) -> Option<Status> {
        let chat = self.get_mut(chat_id)?;
        let former = std::mem::replace(&mut chat.status, status);
        if former != status {
            chat.wait_no_longer();
            chat.happened("status", status.as_str(), now);
        }
        Some(former)
    }

    /// The chat with this id.
    pub(crate) fn get(&self, chat_id: &str) -> Option<&Chat> {
        self.chats.get(chat_id)
    }

    /// The same, to change it.
    pub(crate) fn get_mut(&mut self, chat_id: &str) -> Option<&mut Chat> {
        let chat = self.chats.get_mut(chat_id)?;
        self.unsaved.changed(chat_id);
        Some(chat)
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

    /// What kind of medium a customer sent under this id, if one did.
    pub(crate) fn kind_of_medium(&self, media_id: &str) -> Option<String> {
        let url = format!("{MEDIA}{media_id}");
        let mut messages = self.all().flat_map(Chat::messages);
        messages.find(|message| message.media_url.as_ref() == Some(&url))?.media_type.clone()
    }

    /// Every chat, in no order.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Chat> {
        self.chats.values()
    }

    /// Takes a chat away, as if it had never been.
    pub(crate) fn remove(&mut self, chat_id: &str) {
        if let Some(chat) = self.chats.remove(chat_id) {
            self.ids.remove(&(chat.customer_type, chat.number));
            self.unsaved.removed(chat_id);
        }
    }

    fn insert(&mut self, chat: Chat) {
        self.unsaved.changed(&chat.id);
        self.ids.insert((chat.customer_type.clone(), chat.number.clone()), chat.id.clone());
        self.chats.insert(chat.id.clone(), chat);
    }

    fn append(&mut self, chat_id: &str, message: Message, now: Timestamp) -> Option<&Message> {
        self.changes += 1;
        let touched = self.changes;
        let chat = self.get_mut(chat_id)?;
        let message = Message { time: chat.next_time(now), ..message };
        chat.push(message, touched);
        Some(chat.last())
    }
}

/// The id of a new chat: 24 hexadecimal digits, the same for the same number and type after every restart, so that a
/// page that was left open still knows its chats.
fn chat_id(customer_type: &str, number: &str) -> String {
    let digest = Sha256::new().chain_update(customer_type).chain_update([0]).chain_update(number).finalize();
    hex::encode(&digest[..12])
}
