//! The provider's send API, by which an agent's message reaches the customer: `POST {url}/messages`, once.
//!
//! It does not try again: the agent is told, and decides.

use std::collections::HashMap;

use axum::http::StatusCode;
use serde_json::json;
use tokio::sync::oneshot;

use crate::backend::{Backend, Job, Queue};
use crate::chats::Written;
use crate::events::{Refusal, ReplyTo};
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
}

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
    to: ReplyTo,
    result: Result<(), DeliveryError>,
}

impl Delivered {
    /// Stores and tells what was taken, and answers the agent either way.
    pub(crate) fn finish(self, backend: &mut Backend) {
        let Self { message: Outbound { chat_id, sender, text, .. }, to, result } = self;
        let answer = match result {
            Ok(()) => match backend.write(&chat_id, Written::by_whatsapp(sender, text)) {
                Some(message) => json!({"status": 1, "message_id": message.id}),
                None => Refusal::no_such_chat(&chat_id).to_json(),
            },
            Err(error) => {
                tracing::warn!(%error, "agent's message");
                Refusal::new(error.to_string()).to_json()
            }
        };
        to.answer(backend, answer);
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
    pub(crate) fn deliver(&mut self, message: Outbound, to: ReplyTo) {
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
            let delivered = Delivered { message: message.clone(), to, result: sent.result };
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
    let (status, _) = messages
        .post(&json!({
            "messaging_product": "whatsapp",
            "to": message.number,
            "type": "text",
            "text": {"body": message.text},
        }))
        .await?;
    if status.is_success() { Ok(()) } else { Err(DeliveryError::Refused(status)) }
}
