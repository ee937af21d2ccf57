//! The provider's webhook: WhatsApp Cloud API bodies, signed as the provider signs them.

use std::time::Duration;

use bytes::Bytes;
use fixtures::webhooks::{self, Inbound};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::form_urlencoded;

use super::{Accepted, TriggerError};
use crate::config::{Secret, WhatsappConfig};
use crate::net::{Answer, HttpClient, HttpError, Request};
use crate::target::redact::Redactor;
use crate::target::tokens::hmac_sha256;
use crate::target::{
    notices::Notices,
    patience::{self, Patient},
};

/// How long the suite waits in all where webhooks are rate-limited: a minute's limit, and some.
const PATIENCE: Duration = Duration::from_secs(70);
/// How much of a body is quoted, in characters.
const QUOTED: usize = 200;
/// What stands for the business number in the path.
const CHANNEL: &str = "{channel}";

/// Calls the webhook as the provider does.
pub struct Webhook {
    path: String,
    secret: Option<Secret>,
    verify_path: String,
    verify_token: Option<Secret>,
    caller: Caller,
}

/// How a body is signed (`X-Hub-Signature-256`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signature {
    /// With the configured secret; not at all where there is none.
    #[default]
    Right,
    /// With another secret.
    Wrong,
    /// With the configured secret, and for another body.
    OfAnother,
    /// With the configured secret, but for the last digit.
    Almost,
    /// Not at all.
    Missing,
}

impl Webhook {
    pub(super) fn new(config: &WhatsappConfig, path: &str, caller: Caller) -> Self {
        Self {
            path: path.to_owned(),
            secret: config.secret.clone(),
            verify_path: config.verify_path.clone(),
            verify_token: config.verify_token.clone(),
            caller,
        }
    }

    pub(super) fn needs_channel(&self) -> bool {
        self.path.contains(CHANNEL)
    }

    /// Whether bodies are signed, so that wrong signatures mean something.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        self.secret.is_some()
    }

    /// The token that the subscription handshake asks for, where it is known.
    #[must_use]
    pub fn verify_token(&self) -> Option<&Secret> {
        self.verify_token.as_ref()
    }

    /// Delivers messages to a business number in one body.
    pub(super) async fn deliver(&self, channel: &str, messages: &[Inbound]) -> Result<Accepted, TriggerError> {
        let body = webhooks::messages(channel, messages).to_string();
        self.caller.accepted(self.request(channel, body.into(), Signature::Right)).await
    }

    /// Posts any JSON to a business number's webhook; the answer is the caller's to judge.
    ///
    /// # Errors
    /// [`HttpError`] when nothing answered.
    pub async fn post_json(&self, channel: &str, body: &Value, signature: Signature) -> Result<Answer, HttpError> {
        self.post_raw(channel, body.to_string().into(), signature).await
    }

    /// Posts any bytes to a business number's webhook; the answer is the caller's to judge.
    ///
    /// # Errors
    /// [`HttpError`] when nothing answered.
    pub async fn post_raw(&self, channel: &str, body: Bytes, signature: Signature) -> Result<Answer, HttpError> {
        Ok(self.caller.call(self.request(channel, body, signature)).await?.answer)
    }

    /// As [`Webhook::post_raw`], in chunks, so that the body's length is not known beforehand.
    ///
    /// # Errors
    /// [`HttpError`] when nothing answered.
    pub async fn post_chunked(&self, channel: &str, body: Bytes, signature: Signature) -> Result<Answer, HttpError> {
        let request = self.request(channel, body, signature).header("transfer-encoding", "chunked");
        Ok(self.caller.call(request).await?.answer)
    }

    /// Where the provider asks for a subscription's verification.
    #[must_use]
    pub fn verify_path(&self) -> &str {
        &self.verify_path
    }

    fn request(&self, channel: &str, body: Bytes, signature: Signature) -> Request {
        let segment: String = form_urlencoded::byte_serialize(channel.as_bytes()).collect();
        let header = match (signature, &self.secret) {
            (Signature::Right, Some(secret)) => Some(signature_of(secret.expose().as_bytes(), &body)),
            (Signature::OfAnother, Some(secret)) => Some(signature_of(secret.expose().as_bytes(), b"another body")),
            (Signature::Almost, Some(secret)) => Some(almost(signature_of(secret.expose().as_bytes(), &body))),
            (Signature::Wrong | Signature::OfAnother | Signature::Almost, _) => {
                Some(signature_of(b"not the secret", &body))
            }
            (Signature::Right, None) | (Signature::Missing, _) => None,
        };
        let path = self.path.replace(CHANNEL, &segment.replace('+', "%20"));
        let request = Request::post(path, body).header("content-type", "application/json");
        match header {
            Some(header) => request.header("x-hub-signature-256", header),
            None => request,
        }
    }
}

/// `sha256=<hex HMAC-SHA256 of the raw body with the app secret>`.
fn signature_of(secret: &[u8], body: &[u8]) -> String {
    format!("sha256={}", hex::encode(hmac_sha256(secret, body)))
}

/// The same with another last digit.
fn almost(mut signature: String) -> String {
    let last = signature.pop();
    signature.push(if last == Some('0') { '1' } else { '0' });
    signature
}

/// Makes HTTP calls that are to be accepted, patiently.
pub(super) struct Caller {
    pub http: HttpClient,
    pub timeout: Duration,
    pub redactor: Redactor,
    pub notices: Notices,
}

impl Caller {
    pub async fn call(&self, request: Request) -> Result<Patient, HttpError> {
        patience::send(&self.http, request, self.timeout, PATIENCE, &self.notices).await
    }

    /// Makes a call and takes any 2xx for an acceptance.
    pub async fn accepted(&self, request: Request) -> Result<Accepted, TriggerError> {
        let shown = self.redactor.redact(&format!("{} {}", request.method, request.path_and_query)).into_owned();
        let Patient { answer, throttled, asked } = self.call(request).await?;
        let body = self.redactor.redact(&answer.body_start(QUOTED)).into_owned();
        match answer.status {
            status if status.is_success() => Ok(Accepted {
                status: Some(status.as_u16()),
                detail: format!("{status} {body}").trim_end().to_owned(),
                took: answer.took,
                local_port: Some(answer.local_port),
                request: shown,
                throttled,
            }),
            StatusCode::TOO_MANY_REQUESTS => Err(TriggerError::Throttled { request: shown, waited: throttled, asked }),
            status => Err(TriggerError::Refused { request: shown, status, body }),
        }
    }
}

#[cfg(test)]
mod tests;
