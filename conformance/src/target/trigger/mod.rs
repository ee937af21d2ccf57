//! The trigger: how an inbound message is caused. One file per kind; only the provider's webhook carries every message
//! kind and several messages at once, the others carry texts, one by one.
//!
//! A trigger reports how its call was answered. Whether anything was broadcast is for the checks to see.

mod command;
mod error;
mod request;
mod socket;
mod webhook;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fixtures::webhooks::{Inbound, MessageKind};

use self::command::CommandTrigger;
use self::request::RequestTrigger;
use self::socket::SocketTrigger;
use self::webhook::Caller;
use super::auth::Auth;
use super::notices::Notices;
use super::redact::Redactor;
use crate::config::{Config, ConfigError, TriggerKind, Values};
use crate::net::{Endpoint, HttpClient};

pub(super) use command::run;
pub use error::TriggerError;
pub use webhook::{Signature, Webhook};

/// Messages to cause, all to the business number of one customer type.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The customer type.
    pub customer_type: String,
    /// The messages, in this order.
    pub messages: Vec<Inbound>,
}

/// What the target answered to a trigger that it accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The HTTP status, where there is one.
    pub status: Option<u16>,
    /// What was answered, in short.
    pub detail: String,
    /// How long the answers took, without connecting and without waiting for a rate limit.
    pub took: Duration,
    /// The port that was called from, to be found in a server's log.
    pub local_port: Option<u16>,
    /// What was called, e.g. `POST /api/chats/whatsapp_chat/15550100101`.
    pub request: String,
    /// How long was waited because of rate limits, or for a free core to run a program on.
    pub throttled: Duration,
}

/// What a trigger must know of a customer type.
#[derive(Debug, Clone)]
pub(super) struct Recipient {
    pub channel: Option<String>,
    pub room: String,
    pub event: String,
}

/// Causes inbound messages.
pub struct Trigger {
    kind: Kind,
    recipients: BTreeMap<String, Recipient>,
}

enum Kind {
    Webhook(Webhook),
    Texts(Texts),
}

/// The kinds that carry texts only, one a call.
enum Texts {
    Http(RequestTrigger),
    Socket(SocketTrigger),
    Command(CommandTrigger),
}

/// What a trigger is made of, besides its own settings.
pub(super) struct Parts<'a> {
    pub config: &'a Config,
    pub webhook_path: Option<&'a str>,
    pub namespace: &'a str,
    pub socket_path: &'a str,
    pub recipients: BTreeMap<String, Recipient>,
    pub http: &'a HttpClient,
    pub auth: &'a Arc<Auth>,
    pub redactor: &'a Redactor,
    pub notices: &'a Notices,
}

impl Trigger {
    pub(super) fn resolve(parts: Parts<'_>) -> Result<Self, ConfigError> {
        let settings = &parts.config.trigger;
        let redactor = parts.redactor.clone();
        let caller = |http: HttpClient| Caller {
            http,
            timeout: settings.timeout,
            redactor: redactor.clone(),
            notices: parts.notices.clone(),
        };
        let (kind, needs_channel) = match &settings.kind {
            TriggerKind::Whatsapp(whatsapp) => {
                let path = whatsapp.path.as_deref().or(parts.webhook_path).ok_or_else(|| {
                    let problem = "the contract names no webhook for the provider to call";
                    let help = "set [trigger] path, or another kind: http, socket, command";
                    ConfigError::new(settings.place.as_ref(), problem, help)
                })?;
                let webhook = Webhook::new(whatsapp, path, caller(parts.http.clone()));
                let needs_channel = webhook.needs_channel();
                (Kind::Webhook(webhook), needs_channel)
            }
            TriggerKind::Http(config) => {
                let http = match &config.host {
                    None => parts.http.clone(),
                    Some(host) => {
                        HttpClient::new(Endpoint::new(host.clone(), parts.config.tls.clone()).map_err(|error| {
                            ConfigError::new(settings.place.as_ref(), error.to_string(), "mend [trigger] url")
                        })?)
                    }
                };
                let needs_channel = config.uses("channel");
                (Kind::Texts(Texts::Http(RequestTrigger::new(config.clone(), caller(http)))), needs_channel)
            }
            TriggerKind::Socket(config) => {
                let needs_channel = config.payload.uses("channel");
                (Kind::Texts(Texts::Socket(SocketTrigger::new(config.clone(), &parts))), needs_channel)
            }
            TriggerKind::Command(config) => (
                Kind::Texts(Texts::Command(CommandTrigger::new(config.clone(), settings.timeout, redactor.clone()))),
                false,
            ),
        };
        let nameless = parts.recipients.iter().find(|(_, recipient)| recipient.channel.is_none());
        if let Some((customer_type, _)) = nameless.filter(|_| needs_channel) {
            return Err(ConfigError::new(
                settings.place.as_ref(),
                format!("the trigger needs a business number per customer type, and {customer_type} has none"),
                format!("set `channel` in [types.{customer_type}], or in the contract"),
            ));
        }
        Ok(Self { kind, recipients: parts.recipients })
    }

    /// Whether it can cause a message of this kind.
    #[must_use]
    pub fn supports(&self, kind: MessageKind) -> bool {
        kind == MessageKind::Text || self.webhook().is_some()
    }

    /// Whether several messages go out in one call.
    #[must_use]
    pub fn supports_batches(&self) -> bool {
        self.webhook().is_some()
    }

    /// The provider's webhook, for what only it can show: signatures, receipts, malformed bodies.
    #[must_use]
    pub fn webhook(&self) -> Option<&Webhook> {
        match &self.kind {
            Kind::Webhook(webhook) => Some(webhook),
            Kind::Texts(_) => None,
        }
    }

    /// The business number of a customer type.
    #[must_use]
    pub fn channel(&self, customer_type: &str) -> Option<&str> {
        self.recipients.get(customer_type)?.channel.as_deref()
    }

    /// Causes the messages, in their order.
    ///
    /// # Errors
    /// [`TriggerError`] for the first call that was not accepted.
    pub async fn send(&self, batch: &Batch) -> Result<Accepted, TriggerError> {
        let recipient = self
            .recipients
            .get(&batch.customer_type)
            .ok_or_else(|| TriggerError::UnknownType(batch.customer_type.clone()))?;
        let (first, further) = batch.messages.split_first().ok_or(TriggerError::Empty)?;
        match &self.kind {
            Kind::Webhook(webhook) => webhook.deliver(recipient.channel(), &batch.messages).await,
            Kind::Texts(texts) => {
                let mut all = texts.send(&batch.customer_type, recipient, first).await?;
                for message in further {
                    all = all.followed_by(texts.send(&batch.customer_type, recipient, message).await?);
                }
                Ok(all)
            }
        }
    }
}

impl Texts {
    async fn send(&self, customer_type: &str, to: &Recipient, message: &Inbound) -> Result<Accepted, TriggerError> {
        if message.kind != MessageKind::Text {
            return Err(TriggerError::Unsupported(message.kind));
        }
        let values = Values {
            text: message.text.as_deref().unwrap_or_default(),
            number: &message.from,
            name: &message.name,
            customer_type,
            channel: to.channel(),
            message_id: &message.id,
            timestamp: message.timestamp,
            room: &to.room,
            event: &to.event,
        };
        match self {
            Self::Http(trigger) => trigger.send(&values).await,
            Self::Socket(trigger) => trigger.send(&values).await,
            Self::Command(trigger) => trigger.send(&values).await,
        }
    }
}

impl Recipient {
    /// The business number; empty where there is none, which is refused beforehand where it matters.
    fn channel(&self) -> &str {
        self.channel.as_deref().unwrap_or_default()
    }
}

impl Accepted {
    /// The calls of one batch as one: times add up, the last answer stands for all.
    fn followed_by(self, next: Self) -> Self {
        Self { took: self.took + next.took, throttled: self.throttled + next.throttled, ..next }
    }
}

#[cfg(test)]
mod tests;
