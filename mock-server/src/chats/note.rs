//! What is written down about a chat besides its messages: agents' notes, and what was done to it.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::message::iso;
use super::{Chat, Chats};

/// How many things that happened to a chat are remembered.
const PAST: usize = 100;

/// How many notes a chat has at most; the oldest one makes room.
const NOTES: usize = 500;

/// An agent's note, for other agents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    id: String,
    content: String,
    author_name: Option<String>,
    author_id: Option<String>,
    created: Timestamp,
}

impl Note {
    /// As it is listed, and the payload of `note_added`.
    pub(crate) fn to_json(&self, chat_id: &str) -> Value {
        json!({
            "id": self.id,
            "chat_id": chat_id,
            "content": self.content,
            "author_name": self.author_name,
            "author_id": self.author_id,
            "created_at": iso(self.created),
        })
    }
}

/// Something that was done to a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Happened {
    what: String,
    about: String,
    time: Timestamp,
}

impl Happened {
    /// An item of the context history.
    fn to_json(&self, chat: &Chat) -> Value {
        json!({
            "chat_id": chat.id,
            "customer_type": chat.customer_type,
            "type": self.what,
            "description": self.about,
            "datetime": iso(self.time),
        })
    }
}

impl Chat {
    /// Remembers that something was done to it.
    pub(super) fn happened(&mut self, what: &str, about: impl Into<String>, time: Timestamp) {
        push_bounded(&mut self.past, Happened { what: what.to_owned(), about: about.into(), time }, PAST);
    }

    /// Its notes, as they are listed, oldest first.
    pub(crate) fn notes(&self) -> Vec<Value> {
        self.notes.iter().map(|note| note.to_json(&self.id)).collect()
    }
}

impl Chats {
    /// Adds an agent's note; `None` if there is no such chat.
    pub(crate) fn add_note(
        &mut self,
        chat_id: &str,
        content: &str,
        (author_id, author_name): (Option<&str>, Option<&str>),
        now: Timestamp,
    ) -> Option<&Note> {
        self.changes += 1;
        let note = Note {
            id: format!("{:012x}{:012x}", now.as_millisecond(), self.changes),
            content: content.to_owned(),
            author_name: author_name.map(ToOwned::to_owned),
            author_id: author_id.map(ToOwned::to_owned),
            created: now,
        };
        let chat = self.get_mut(chat_id)?;
        push_bounded(&mut chat.notes, note, NOTES);
        chat.notes.back()
    }

    /// Adds a label or takes it away; `None` if there is no such chat. Twice is once.
    pub(crate) fn apply_tag(&mut self, chat_id: &str, tag: &str, add: bool, now: Timestamp) -> Option<&Chat> {
        let chat = self.get_mut(chat_id)?;
        let had = chat.tags.iter().any(|own| own == tag);
        match (add, had) {
            (true, false) => chat.tags.push(tag.to_owned()),
            (false, true) => chat.tags.retain(|own| own != tag),
            _ => return Some(chat),
        }
        chat.happened(if add { "tag_added" } else { "tag_removed" }, tag, now);
        Some(chat)
    }

    /// Remembers what a customer thought of an agent, from 1 to 5; `None` if there is no such chat.
    pub(crate) fn rate(&mut self, chat_id: &str, executive_id: &str, rating: u64, now: Timestamp) -> Option<()> {
        self.get_mut(chat_id)?.happened("rated", format!("{rating} of 5 for {executive_id}"), now);
        Some(())
    }

    /// What was done to a customer's chats, newest first; `None` if the number has none.
    pub(crate) fn context(&self, number: &str) -> Option<Vec<Value>> {
        let chats: Vec<&Chat> = self.all().filter(|chat| chat.number == number).collect();
        let mut past: Vec<(&Chat, &Happened)> =
            chats.iter().flat_map(|chat| chat.past.iter().map(|happened| (*chat, happened))).collect();
        past.sort_by_key(|(_, happened)| std::cmp::Reverse(happened.time));
        (!chats.is_empty()).then(|| past.into_iter().map(|(chat, happened)| happened.to_json(chat)).collect())
    }
}

fn push_bounded<T>(list: &mut VecDeque<T>, item: T, most: usize) {
    if list.len() == most {
        list.pop_front();
    }
    list.push_back(item);
}
