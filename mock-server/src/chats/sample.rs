//! Filling the state with sample chats.

use fixtures::SampleChat;
use fixtures::chats::SampleMessage;
use jiff::{SignedDuration, Timestamp};

use super::chat::milliseconds;
use super::{Author, Channel, Chat, Chats, Message, Status};

impl Chats {
    /// Adds sample chats, whose messages are as old as the samples say. One without a message is left out.
    pub(crate) fn add_samples(&mut self, samples: &[SampleChat], now: Timestamp) {
        for sample in samples {
            if let Some(chat) = self.sample(sample, now) {
                self.insert(chat);
            }
        }
    }

    fn sample(&mut self, sample: &SampleChat, now: Timestamp) -> Option<Chat> {
        let mut messages = sample.messages.iter().enumerate().map(|(index, message)| Message {
            id: format!("{}{index:04}", sample.chat_id),
            author: author(message),
            sender: match author(message) {
                Author::Customer => sample.customer.clone(),
                Author::Executive => sample.assigned_executive_id.clone().unwrap_or_default(),
            },
            text: message.text.clone(),
            channel: Channel::Whatsapp,
            media_type: None,
            time: milliseconds(
                now.saturating_sub(SignedDuration::from_mins(i64::from(message.minutes_ago))).unwrap_or(now),
            ),
        });
        self.changes += 1;
        let (id, number, customer_type) =
            (sample.chat_id.clone(), sample.customer.clone(), sample.customer_type.clone());
        let mut chat = Chat::new(id, number, customer_type, messages.next()?, self.changes);
        for message in messages {
            let message = Message { time: chat.next_time(message.time), ..message };
            chat.push(message, self.changes);
        }
        chat.name.clone_from(&sample.customer_name);
        chat.tags.clone_from(&sample.tags);
        chat.status = Status::parse(&sample.status).unwrap_or(Status::Active);
        chat.executive = sample.assigned_executive_id.clone().zip(sample.assigned_executive_name.clone());
        let unread = |message: &&SampleMessage| author(message) == Author::Customer && !message.read;
        chat.unread = sample.messages.iter().filter(unread).count() as u64;
        Some(chat)
    }
}

fn author(message: &SampleMessage) -> Author {
    if message.from == Author::Executive.as_str() { Author::Executive } else { Author::Customer }
}
