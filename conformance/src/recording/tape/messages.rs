//! Messages and receipts of customers, and how they are told.

use std::time::Duration;

use fixtures::Role;
use fixtures::webhooks::{MessageKind, ReceiptStatus};
use serde_json::{Map, Value, json};

use super::Tape;
use crate::recording::{NONCE_START, Sent, What};

impl Tape {
    /// A text of the type's one customer, accepted.
    pub fn sends(&mut self, customer_type: &str, label: &str) -> &mut Self {
        self.sends_from("customer", customer_type, label)
    }

    /// A text of this customer's, accepted.
    pub fn sends_from(&mut self, customer: &str, customer_type: &str, label: &str) -> &mut Self {
        self.sends_kind(MessageKind::Text, customer, customer_type, label)
    }

    /// A message of this kind, accepted.
    pub fn sends_kind(&mut self, kind: MessageKind, customer: &str, customer_type: &str, label: &str) -> &mut Self {
        let sent = self.compose(kind, customer, customer_type, label);
        self.trigger(vec![sent])
    }

    /// An earlier message once more, byte for byte.
    pub fn redelivers(&mut self, label: &str, again: &str) -> &mut Self {
        let sent = Sent { label: again.into(), ..self.sent(label).clone() };
        self.trigger(vec![sent])
    }

    /// A message that the backend does not take.
    pub fn sends_in_vain(&mut self, customer_type: &str, label: &str, reason: &str) -> &mut Self {
        let sent = self.compose(MessageKind::Text, "customer", customer_type, label);
        let trigger = u32::try_from(self.sent.len()).unwrap();
        self.sent.push(sent.clone());
        self.happens(What::Sending { trigger, messages: vec![sent] }).happens(What::NotAccepted {
            trigger,
            reason: reason.to_owned(),
            throttled: false,
        })
    }

    fn compose(&mut self, kind: MessageKind, customer: &str, customer_type: &str, label: &str) -> Sent {
        let of_type = if customer.starts_with('*') { "" } else { customer_type };
        let key = (customer.to_owned(), of_type.to_owned());
        let place = self.customers.iter().position(|known| *known == key).unwrap_or_else(|| {
            self.customers.push(key);
            self.customers.len() - 1
        });
        let nonce = format!("{NONCE_START}nonce{:05}", self.sent.len());
        Sent {
            label: label.into(),
            customer_type: customer_type.to_owned(),
            number: format!("1555010{place:04}"),
            name: "Conformance Check".to_owned(),
            message: kind,
            text: kind.carries_text().then(|| format!("{nonce} hello")),
            id: format!("wamid.{nonce}"),
            timestamp: self.header.started.as_second(),
            nonce,
        }
    }

    fn trigger(&mut self, messages: Vec<Sent>) -> &mut Self {
        let trigger = u32::try_from(self.sent.len()).unwrap();
        self.sent.extend(messages.iter().cloned());
        self.happens(What::Sending { trigger, messages }).happens(What::Accepted {
            trigger,
            request: "POST /api/chats/whatsapp_chat/15550100101".to_owned(),
            status: Some(200),
            took: Duration::from_millis(1),
            throttled: Duration::ZERO,
        })
    }

    /// All four receipts, accepted.
    pub fn receipts(&mut self, customer_type: &str) -> &mut Self {
        for status in ReceiptStatus::ALL {
            self.happens(What::Receipt { customer_type: customer_type.to_owned(), status, refused: None });
        }
        self
    }

    fn sent(&self, label: &str) -> &Sent {
        self.sent.iter().find(|sent| &*sent.label == label).unwrap_or_else(|| panic!("{label} was never sent"))
    }

    /// The chat summary after this message.
    pub fn summary(&self, label: &str) -> Value {
        let sent = self.sent(label);
        let mut nonces: Vec<&str> = Vec::new();
        for other in self.sent.iter().filter(|other| other.number == sent.number) {
            if !nonces.contains(&&*other.nonce) {
                nonces.push(&other.nonce);
            }
        }
        let unread = nonces.iter().position(|nonce| *nonce == sent.nonce).map(|index| index + 1);
        let mut summary = Map::new();
        for (role, key) in &self.contract().roles {
            let value = match role {
                Role::Identity => json!(format!("chat-{}", sent.number)),
                Role::Type => json!(sent.customer_type),
                Role::Text => json!(sent.text.as_deref().unwrap_or("[medium]")),
                Role::Time => json!((self.header.started + self.now).to_string()),
                Role::Unread => json!(unread),
                Role::Number => json!(sent.number),
                Role::Name => json!(sent.name),
                Role::Status => json!("active"),
                Role::LastBy => json!("Customer"),
            };
            summary.insert(key.clone(), value);
        }
        Value::Object(summary)
    }

    /// An actor hears the broadcast of a message.
    pub fn told(&mut self, actor: &str, label: &str) -> &mut Self {
        self.told_with(actor, label, |_| ())
    }

    /// Each of them hears the broadcast of a message.
    pub fn told_all(&mut self, actors: &[&str], label: &str) -> &mut Self {
        for actor in actors {
            self.told(actor, label);
        }
        self
    }

    /// An actor hears the broadcast of a message with its payload changed.
    pub fn told_with(&mut self, actor: &str, label: &str, change: impl FnOnce(&mut Map<String, Value>)) -> &mut Self {
        let event = self.route(&self.sent(label).customer_type).event;
        let mut summary = self.summary(label);
        change(summary.as_object_mut().unwrap());
        self.hears(actor, &event, vec![summary])
    }

    /// An actor hears the broadcast of a message under another name.
    pub fn told_as(&mut self, actor: &str, label: &str, event: &str) -> &mut Self {
        let summary = self.summary(label);
        self.hears(actor, event, vec![summary])
    }
}
