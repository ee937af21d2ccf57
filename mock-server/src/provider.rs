//! The provider's send API, by which an agent's message reaches the customer: `POST {url}/messages`, once.
//!
//! It does not try again: the agent is told, and decides. No TLS: it is for stand-ins on the same machine or network.

use std::collections::HashMap;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Request, StatusCode, Uri, header};
use http_body_util::Full;
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::json;
use tokio::sync::oneshot;

use crate::backend::{Backend, Job, Queue};
use crate::chats::Written;
use crate::events::{Refusal, ReplyTo};

/// How long the provider may take.
const DEADLINE: Duration = Duration::from_secs(10);

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
enum DeliveryError {
    #[error("not sent: the provider could not be reached")]
    Unreachable(#[from] hyper_util::client::legacy::Error),
    #[error("not sent: the provider answered {0}")]
    Refused(StatusCode),
    #[error("not sent: the provider did not answer within {} s", DEADLINE.as_secs())]
    Late,
    #[error("not sent: {0}")]
    Unsendable(#[from] axum::http::Error),
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
    messages: Uri,
    http: HttpClient<HttpConnector, Full<Bytes>>,
    queue: Queue,
    /// Ends when the chat's last message was taken, so that a chat's messages are sent one after the other.
    last: HashMap<String, oneshot::Receiver<()>>,
}

impl Provider {
    /// The provider whose send API stands at this address.
    pub(crate) fn new(messages: Uri, queue: Queue) -> Self {
        Self { messages, http: HttpClient::builder(TokioExecutor::new()).build_http(), queue, last: HashMap::new() }
    }

    /// Sends a message when those of the same chat before it are done with; what became of it comes by the queue.
    pub(crate) fn deliver(&mut self, message: Outbound, to: ReplyTo) {
        let (done, next) = oneshot::channel::<()>();
        let before = self.last.insert(message.chat_id.clone(), next);
        let (messages, http, queue) = (self.messages.clone(), self.http.clone(), self.queue.clone());
        tokio::spawn(async move {
            if let Some(before) = before {
                // It never says anything: it is dropped at the end.
                drop(before.await);
            }
            let result = tokio::time::timeout(DEADLINE, post(&http, messages, &message)).await;
            let result = result.unwrap_or(Err(DeliveryError::Late));
            queue.push(Job::Delivered(Delivered { message, to, result })).await;
            drop(done);
        });
    }
}

async fn post(
    http: &HttpClient<HttpConnector, Full<Bytes>>,
    messages: Uri,
    message: &Outbound,
) -> Result<(), DeliveryError> {
    let body = json!({
        "messaging_product": "whatsapp",
        "to": message.number,
        "type": "text",
        "text": {"body": message.text},
    });
    let request = Request::post(messages)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body.to_string())))?;
    let status = http.request(request).await?.status();
    if status.is_success() { Ok(()) } else { Err(DeliveryError::Refused(status)) }
}
