//! The provider's send API, by which an agent's message reaches the customer: `POST {url}/messages`, once.
//!
//! It does not try again: the agent is told, and decides.

use std::collections::HashMap;

use axum::http::StatusCode;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::backend::{Backend, Job, Queue};
use crate::chats::{Author, Channel, Written};
use crate::control::log::{Happening, Kind};
use crate::events::Refusal;
use crate::exit::encoded;
use crate::faults::{FaultSet, Sent};
use crate::upstream::{Upstream, UpstreamError};

/// An agent's message that is to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Outbound {
    /// The chat it belongs to.
    pub chat_id: String,
    /// The customer's number.
    pub number: String,
    /// The agent's.
    pub sender: String,
    /// What it says.
    pub text: String,
    /// What goes along with the text, or is meant by it.
    pub form: Form,
}

/// How an agent's message is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    /// As a text.
    Text,
    /// As a medium with the text for a caption.
    Medium {
        /// `image`, `video` and so on, where it was said.
        kind: Option<String>,
        /// Where it can be had.
        url: String,
    },
    /// As a template, whose content the text is.
    Template {
        /// Its name.
        name: String,
        /// E.g. `en`.
        language: String,
    },
}

/// Called in the worker's turn with the id of the stored message, or with the reason why there is none.
pub(crate) type Told = Box<dyn FnOnce(&mut Backend, Result<String, Refusal>) + Send>;

/// Why a message was not taken. The texts are what agents are told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeliveryError {
    /// There is no answer.
    #[error("not sent: the provider {0}")]
    Unanswered(#[from] UpstreamError),
    /// The answer is no.
    #[error("not sent: the provider answered {0}")]
    Refused(StatusCode),
}

/// What became of a message.
pub(crate) struct Delivered {
    message: Outbound,
    told: Told,
    result: Result<(), DeliveryError>,
}

impl Delivered {
    /// Stores and tells what was taken, and says so to whoever wrote it, or what went wrong.
    pub(crate) fn finish(self, backend: &mut Backend) {
        let Self { message, told, result } = self;
        let detail = result.as_ref().map_or_else(ToString::to_string, |()| "taken by the provider".to_owned());
        let what = Happening::new(Kind::Provider).event("send").payload(encoded(&message.to_json()));
        backend.log.record(what.detail(detail));
        let result = match result {
            Ok(()) => message.store(backend),
            Err(error) => {
                tracing::warn!(%error, "agent's message");
                Err(Refusal::new(error.to_string()))
            }
        };
        told(backend, result);
    }
}

impl Outbound {
    /// Stores and tells it; gives its id.
    pub(crate) fn store(self, backend: &mut Backend) -> Result<String, Refusal> {
        let Self { chat_id, sender, text, form, .. } = self;
        let (media_type, media_url) = match form {
            Form::Medium { kind, url } => (kind, Some(url)),
            Form::Text | Form::Template { .. } => (None, None),
        };
        let (author, channel) = (Author::Executive, Channel::Whatsapp);
        let written = Written { author, sender, text, channel, media_type, media_url };
        let message = backend.write(&chat_id, written).ok_or_else(|| Refusal::no_such_chat(&chat_id))?;
        Ok(message.id)
    }

    /// As the provider takes it (WhatsApp Cloud API, messages). A medium that only this server knows goes as a text.
    fn to_json(&self) -> Value {
        let text = &self.text;
        let (kind, body) = match &self.form {
            Form::Template { name, language } => ("template", json!({"name": name, "language": {"code": language}})),
            Form::Medium { kind, url } if url.contains("://") => {
                (kind.as_deref().unwrap_or("document"), json!({"link": url, "caption": text}))
            }
            Form::Medium { .. } | Form::Text => ("text", json!({"body": text})),
        };
        json!({"messaging_product": "whatsapp", "to": self.number, "type": kind, kind: body})
    }
}

/// The way to customers.
pub(crate) struct Provider {
    messages: Upstream,
    queue: Queue,
    faults: FaultSet,
    /// Ends when the chat's last message was taken, so that a chat's messages are sent one after the other.
    last: HashMap<String, oneshot::Receiver<()>>,
    /// Ends with what the worker is to wait for.
    holds_up: Option<oneshot::Receiver<()>>,
}

impl Provider {
    /// The provider whose send API stands at this address.
    pub(crate) fn new(messages: Upstream, queue: Queue, faults: FaultSet) -> Self {
        Self { messages, queue, faults, last: HashMap::new(), holds_up: None }
    }

    /// Sends a message when those of the same chat before it are done with; what became of it comes by the queue.
    pub(crate) fn deliver(&mut self, message: Outbound, told: Told) {
        let (done, next) = oneshot::channel::<()>();
        let before = self.last.insert(message.chat_id.clone(), next);
        self.holds_up = self.faults.holds_up_for_provider().then(|| self.last.remove(&message.chat_id)).flatten();
        let (messages, queue, faults) = (self.messages.clone(), self.queue.clone(), self.faults.clone());
        tokio::spawn(async move {
            if let Some(before) = before {
                // It never says anything: it is dropped at the end.
                drop(before.await);
            }
            let mut outgoing = vec![message.clone()];
            faults.sending(&mut outgoing);
            let mut result = Ok(());
            for message in &outgoing {
                result = post(&messages, message).await;
            }
            let mut sent = Sent { result, again: None };
            faults.sent(&mut sent);
            let delivered = Delivered { message: message.clone(), told, result: sent.result };
            let mut goes_on = queue.push(Job::Delivered(delivered)).await;
            drop(done);
            // Never, unless a fault says so: whoever was told that it was not sent may send it again.
            while let Some(delay) = sent.again.filter(|_| goes_on) {
                tokio::time::sleep(delay).await;
                sent = Sent { result: post(&messages, &message).await, again: None };
                faults.sent(&mut sent);
                goes_on = queue.is_open();
            }
        });
    }

    /// Waits until nothing holds up the worker: not at all, unless a fault says so.
    pub(crate) async fn is_through(&mut self) {
        if let Some(held_up) = self.holds_up.take() {
            drop(held_up.await);
        }
    }
}

async fn post(messages: &Upstream, message: &Outbound) -> Result<(), DeliveryError> {
    let (status, _) = messages.post(&message.to_json()).await?;
    if status.is_success() { Ok(()) } else { Err(DeliveryError::Refused(status)) }
}
