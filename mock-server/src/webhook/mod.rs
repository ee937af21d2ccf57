//! The provider's side: its subscription handshake, and the messages that it delivers.
//!
//! A body is answered as soon as it is understood and enqueued; what comes of it is the worker's.

mod parse;
pub(crate) mod signature;

use std::sync::Arc;

use axum::Extension;
use axum::body::{Bytes, to_bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use fixtures::Contract;
use http_body_util::LengthLimitError;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::auth::same;
use crate::backend::Job;
use crate::control::log::{Happening, Kind};
use crate::faults::Signed;
use crate::rest::{App, Noted, Problem};
use parse::Delivery;

/// The largest body, in bytes: 1 MiB.
const LARGEST_BODY: usize = 1 << 20;

/// The contract's webhook address, with a place for the business number.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    before: String,
    after: String,
}

impl Address {
    /// From e.g. `/api/chats/whatsapp_chat/{channel}`. Without a place for the number it stands at the end.
    pub(crate) fn new(template: &str) -> Self {
        let (before, after) = template.split_once("{channel}").unwrap_or((template, ""));
        Self { before: before.to_owned(), after: after.to_owned() }
    }

    /// The business number in a path, if it is of this form.
    pub(crate) fn channel<'p>(&self, path: &'p str) -> Option<&'p str> {
        let channel = path.strip_prefix(&self.before)?.strip_suffix(&self.after)?;
        Some(channel).filter(|channel| !channel.is_empty() && !channel.contains('/'))
    }
}

/// `POST` to the webhook's address.
pub(crate) async fn deliver(
    app: &App,
    contract: &Contract,
    channel: &str,
    request: Request,
) -> Result<Response, Problem> {
    let route = contract.routes.iter().find(|route| route.channel.as_deref() == Some(channel)).ok_or_else(|| {
        Problem::new(StatusCode::NOT_FOUND, "unknown channel: expected a business number of the contract")
    })?;
    app.webhook_limit.take().map_err(Problem::too_many)?;
    let (head, body) = request.into_parts();
    let body = to_bytes(body, LARGEST_BODY).await.map_err(unreadable)?;
    authenticate(app, &head.headers, &body)?;
    app.log.record(delivered(head.uri.path(), &body));
    let Delivery { messages, receipts, bad } = parse::parse(&body, &route.customer_type, &app.faults)
        .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, error.to_string()))?;
    for reason in bad {
        tracing::warn!(reason, "a message of the provider's was left out");
    }
    for (id, status) in receipts {
        app.ticks.note(id, status);
    }
    if app.queue.push(Job::Incoming(messages)).await {
        Ok((Extension(Noted), axum::Json(json!({"status": 1, "message": "received"}))).into_response())
    } else {
        Err(Problem::ending())
    }
}

/// What the log says of a body: before anything comes of it, so that causes stand before effects.
fn delivered(path: &str, body: &Bytes) -> Happening {
    let what = Happening::new(Kind::Http).event(format!("POST {path}"));
    match serde_json::from_slice::<Box<RawValue>>(body) {
        Ok(body) => what.payload(Some(body.into())),
        Err(_) => what.detail("its body is not JSON"),
    }
}

fn unreadable(error: axum::Error) -> Problem {
    if error.into_inner().is::<LengthLimitError>() {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("body too large: expected at most {LARGEST_BODY} bytes"))
    } else {
        Problem::new(StatusCode::BAD_REQUEST, "the body could not be read to its end")
    }
}

/// Checks the signature over the bytes as they came, before anything looks into them.
fn authenticate(app: &App, headers: &HeaderMap, body: &Bytes) -> Result<(), Problem> {
    let Some(secret) = &app.webhook_secret else { return Ok(()) };
    let header = headers.get(signature::HEADER).map(axum::http::HeaderValue::as_bytes);
    let is_right = signature::is_right(secret, header, body);
    if app.faults.signature(Signed { secret, header, body, is_right }) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNAUTHORIZED,
        "wrong or missing X-Hub-Signature-256: expected sha256=<hex HMAC-SHA256 of the raw body with the app secret>",
    ))
}

/// The handshake's parameters; some clients cannot write the dots.
#[derive(Debug, Deserialize)]
pub(crate) struct Handshake {
    #[serde(rename = "hub.mode", alias = "hub_mode")]
    mode: Option<String>,
    #[serde(rename = "hub.challenge", alias = "hub_challenge")]
    challenge: Option<String>,
    #[serde(rename = "hub.verify_token", alias = "hub_verify_token")]
    verify_token: Option<String>,
}

/// `GET /api/webhook/verify`: the challenge for the right token.
pub(crate) async fn verify(
    State(app): State<Arc<App>>,
    handshake: Result<Query<Handshake>, QueryRejection>,
) -> Result<String, Problem> {
    let forbidden =
        || Problem::new(StatusCode::FORBIDDEN, "expected hub.mode=subscribe and the right hub.verify_token");
    let Query(handshake) = handshake.map_err(|_| forbidden())?;
    let is_right = handshake.verify_token.is_some_and(|token| bool::from(same(&token, &app.verify_token)));
    if !is_right || handshake.mode.as_deref() != Some("subscribe") {
        return Err(forbidden());
    }
    handshake.challenge.ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, "missing hub.challenge"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_channel_is_the_one_piece_that_the_address_leaves_open() {
        let address = Address::new("/api/chats/whatsapp_chat/{channel}");
        assert_eq!(address.channel("/api/chats/whatsapp_chat/15550100101"), Some("15550100101"));
        for other in ["/api/chats/whatsapp_chat/", "/api/chats/whatsapp_chat/1/2", "/api/chats/tags", "/"] {
            assert_eq!(address.channel(other), None, "{other}");
        }
        assert_eq!(Address::new("/hooks/{channel}/inbound").channel("/hooks/1/inbound"), Some("1"));
    }
}
