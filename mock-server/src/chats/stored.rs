//! What changed since the state file was told, and chats as they come back from there. Pure: the file is `state`'s.

use std::collections::HashSet;

use super::chat::HISTORY;
use super::{Author, Channel, Chat, Chats, Message};

/// The chats that the state file knows an older version of.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changes {
    changed: HashSet<String>,
    removed: HashSet<String>,
}

impl Changes {
    /// Something in this chat is not what it was.
    pub(super) fn changed(&mut self, chat_id: &str) {
        if !self.changed.contains(chat_id) {
            self.changed.insert(chat_id.to_owned());
        }
    }

    /// This chat is gone, whatever may come under its id later.
    pub(super) fn removed(&mut self, chat_id: &str) {
        self.changed.remove(chat_id);
        self.removed.insert(chat_id.to_owned());
    }
}

/// One thing for the state file to write down, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// A chat is gone with all its messages.
    Removed(String),
    /// A chat without its messages, as JSON.
    Chat { id: String, body: String },
    /// A message of a chat and its number there, as JSON.
    Message { chat_id: String, number: u64, body: String },
    /// The messages of a chat up to this number are no longer kept.
    Forgotten { chat_id: String, up_to: u64 },
}

impl Chats {
    /// What has changed since the last time this was asked.
    ///
    /// # Errors
    /// Only if the encoding itself fails.
    pub(crate) fn take_changes(&mut self) -> Result<Vec<Change>, serde_json::Error> {
        let unsaved = std::mem::take(&mut self.unsaved);
        let mut changes: Vec<Change> = unsaved.removed.into_iter().map(Change::Removed).collect();
        for id in unsaved.changed {
            let Some(chat) = self.chats.get_mut(&id) else { continue };
            changes.push(Change::Chat { id: id.clone(), body: serde_json::to_string(chat)? });
            let new = std::mem::take(&mut chat.unsaved).min(chat.messages.len());
            for (index, message) in chat.messages.iter().enumerate().skip(chat.messages.len() - new) {
                let number = chat.written - (chat.messages.len() - 1 - index) as u64;
                changes.push(Change::Message { chat_id: id.clone(), number, body: serde_json::to_string(message)? });
            }
            if new > 0 && chat.written > HISTORY as u64 {
                changes.push(Change::Forgotten { chat_id: id, up_to: chat.written - HISTORY as u64 });
            }
        }
        Ok(changes)
    }

    /// Takes what has changed for written down, where nobody writes it down.
    pub(crate) fn forget_changes(&mut self) {
        self.unsaved.changed.clear();
        self.unsaved.removed.clear();
    }

    /// The chats as the state file has them: each with its messages, oldest first.
    pub(crate) fn restored(stored: Vec<(Chat, Vec<Message>)>) -> Self {
        let mut chats = Self::default();
        let mut delivered = Vec::new();
        for (mut chat, messages) in stored {
            chat.messages.extend(messages);
            chats.changes = chats.changes.max(chat.touched);
            let from_provider =
                |message: &&Message| message.author == Author::Customer && message.channel == Channel::Whatsapp;
            delivered.extend(chat.messages.iter().filter(from_provider).map(|it| (it.time, it.id.clone())));
            chats.insert(chat);
        }
        delivered.sort();
        for (_, id) in delivered {
            chats.seen.first_time(&id);
        }
        chats.unsaved = Changes::default();
        chats
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{at, incoming, one_chat, reply};
    use super::*;

    /// What comes back when everything that changed is written down and read again.
    fn round_trip(chats: &mut Chats) -> Chats {
        let mut stored: Vec<(Chat, Vec<Message>)> = Vec::new();
        let changes = chats.take_changes().unwrap();
        for change in &changes {
            if let Change::Chat { body, .. } = change {
                stored.push((serde_json::from_str(body).unwrap(), Vec::new()));
            }
        }
        for change in changes {
            if let Change::Message { chat_id, body, .. } = change {
                let (_, messages) = stored.iter_mut().find(|(chat, _)| chat.id == chat_id).unwrap();
                messages.push(serde_json::from_str(&body).unwrap());
            }
        }
        Chats::restored(stored)
    }

    #[test]
    fn what_is_written_down_comes_back_as_it_was() {
        let (mut chats, id) = one_chat();
        reply(&mut chats, &id, "Hi", at(2_000));
        chats.apply_tag(&id, "vip", true, at(3_000)).unwrap();
        chats.add_note(&id, "call back", (None, None), at(4_000)).unwrap();
        let mut back = round_trip(&mut chats);
        let (chat, was) = (back.get(&id).unwrap(), chats.get(&id).unwrap());
        assert_eq!(format!("{chat:?}"), format!("{was:?}"));
        assert_eq!(back.receive(incoming("Partner", "15550100001", "1", "Hello"), at(9_000)), None, "a redelivery");
        assert!(back.receive(incoming("Partner", "15550100001", "2", "new"), at(9_000)).is_some());
        assert_eq!(back.get(&id).unwrap().messages().len(), 3);
    }

    #[test]
    fn only_what_is_new_is_written_down() {
        let (mut chats, id) = one_chat();
        assert_eq!(chats.take_changes().unwrap().len(), 2, "the chat and its message");
        assert_eq!(chats.take_changes().unwrap(), []);
        chats.read(&id);
        assert!(matches!(chats.take_changes().unwrap().as_slice(), [Change::Chat { .. }]));
        reply(&mut chats, &id, "Hi", at(2_000));
        let changes = chats.take_changes().unwrap();
        assert!(matches!(changes.as_slice(), [Change::Chat { .. }, Change::Message { number: 2, .. }]), "{changes:?}");
        chats.remove(&id);
        assert_eq!(chats.take_changes().unwrap(), [Change::Removed(id)]);
    }

    #[test]
    fn what_the_chat_forgets_the_file_forgets() {
        let (mut chats, id) = one_chat();
        for n in 0..HISTORY as i64 {
            reply(&mut chats, &id, "x", at(2_000 + n));
        }
        let changes = chats.take_changes().unwrap();
        assert_eq!(changes.len(), 1 + HISTORY + 1);
        assert_eq!(changes.last(), Some(&Change::Forgotten { chat_id: id, up_to: 1 }));
    }
}
