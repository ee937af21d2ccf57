//! Filling the state with sample chats.

use fixtures::SampleChat;
use fixtures::chats::SampleMessage;
use jiff::{SignedDuration, Timestamp};

use super::chat::milliseconds;
use super::seen::Seen;
use super::{Author, Channel, Chat, Chats, Message, Status, chat_id};

impl Chats {
    /// Begins again with sample chats alone: what was delivered before is new then.
    pub(crate) fn begin_again(&mut self, samples: &[SampleChat], now: Timestamp) {
        let all: Vec<String> = self.all().map(|chat| chat.id.clone()).collect();
        all.iter().for_each(|id| self.remove(id));
        self.seen = Seen::default();
        self.add_samples(samples, now);
    }

    /// Adds sample chats, whose messages are as old as the samples say. One without a message is left out.
    pub(crate) fn add_samples(&mut self, samples: &[SampleChat], now: Timestamp) {
        for sample in samples {
            self.add_sample(sample, now);
        }
    }

    /// Adds one sample chat, in the place of the customer's chat if there is one; gives its id.
    pub(crate) fn add_sample(&mut self, sample: &SampleChat, now: Timestamp) -> Option<String> {
        let chat = self.sample(sample, now)?;
        self.remove_sample(sample);
        let id = chat.id.clone();
        self.remove(&id);
        self.insert(chat);
        Some(id)
    }

    /// Takes away the chat of a sample's customer.
    pub(crate) fn remove_sample(&mut self, sample: &SampleChat) {
        if let Some(chat) = self.find(&sample.customer, Some(&sample.customer_type)) {
            let id = chat.id.clone();
            self.remove(&id);
        }
    }

    fn sample(&mut self, sample: &SampleChat, now: Timestamp) -> Option<Chat> {
        let id = if sample.chat_id.is_empty() {
            chat_id(&sample.customer_type, &sample.customer)
        } else {
            sample.chat_id.clone()
        };
        let mut messages = sample.messages.iter().enumerate().map(|(index, message)| Message {
            id: format!("{id}{index:04}"),
            author: author(message),
            sender: match author(message) {
                Author::Customer => sample.customer.clone(),
                Author::Executive => sample.assigned_executive_id.clone().unwrap_or_default(),
            },
            text: message.text.clone(),
            channel: Channel::Whatsapp,
            media_type: None,
            media_url: None,
            time: milliseconds(
                now.saturating_sub(SignedDuration::from_mins(i64::from(message.minutes_ago))).unwrap_or(now),
            ),
        });
        self.changes += 1;
        let (number, customer_type) = (sample.customer.clone(), sample.customer_type.clone());
        let mut chat = Chat::new(id.clone(), number, customer_type, messages.next()?, self.changes);
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
        if chat.status == Status::Resolved {
            chat.wait_no_longer();
        }
        // Who has been waiting all along is no news.
        chat.skip_alerts(now);
        Some(chat)
    }
}

fn author(message: &SampleMessage) -> Author {
    if message.from == Author::Executive.as_str() { Author::Executive } else { Author::Customer }
}
