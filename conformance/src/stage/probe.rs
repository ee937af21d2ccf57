//! Steps that send what is wrong on purpose: raw frames, HTTP requests of any kind, odd webhook calls. Whatever comes back
//! is written down; what it should have been is for checks to say.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderMap, Method};
use serde_json::Value;
use url::form_urlencoded;

use super::messages::inbound;
use super::placeholder;
use super::wire::Performance;
use crate::conversation::evidence;
use crate::net::{self, Budget, HttpError, Request, Upgrade};
use crate::recording::{TokenPlace, TokenUse, What};
use crate::scenario::{Actor, Body, Door, Message, Probe, Raw};
use crate::target::Signature;

/// How many characters of a body are kept.
const BODY_KEPT: usize = 300;

/// Where a message's body has the customer's profile name.
const PROFILE_NAME: &str = "/entry/0/changes/0/value/contacts/0/profile/name";

/// An answer, as far as it is written down.
struct Answered {
    status: u16,
    took: Duration,
    headers: HeaderMap,
    body: String,
}

impl From<net::Answer> for Answered {
    fn from(answer: net::Answer) -> Self {
        let body = evidence::shorten(&answer.text(), BODY_KEPT);
        Self { status: answer.status.as_u16(), took: answer.took, headers: answer.headers, body }
    }
}

impl Performance<'_> {
    pub(super) async fn raw(&self, actor: &Actor, raw: &Raw) -> Result<(), String> {
        let Some(socket) = self.socket(actor) else { return Ok(()) };
        match raw.bytes(socket.handshake().and_then(|handshake| handshake.max_payload)) {
            Ok((bytes, is_text)) => {
                let shown = match raw {
                    Raw::Text(text) => evidence::shorten(text, 200),
                    _ => format!("{} bytes: {}", bytes.len(), evidence::shorten(&String::from_utf8_lossy(&bytes), 40)),
                };
                socket.send_raw(bytes, is_text, shown).await;
            }
            Err(reason) => {
                self.log.write(Some(&socket.peer), What::Skipped { what: format!("{raw:?} by {actor}"), reason });
            }
        }
        Ok(())
    }

    pub(super) async fn probe(&self, probe: &Probe) -> Result<(), String> {
        let Some(request) = self.request(probe)? else { return Ok(()) };
        let target = &self.stage.ground.target;
        let mut shown = request.shown(&target.endpoint);
        if probe.websocket {
            shown.push_str(" (WebSocket)");
        }
        if let Some((_, origin)) = request.headers.iter().find(|(name, _)| name == "origin") {
            shown.push_str(&format!(" from {origin}"));
        }
        let from = Instant::now();
        let answer = if probe.websocket {
            let budget = Budget::new(target.deadlines.answer);
            net::upgrade(&target.endpoint, &request, budget).await.map(|upgrade| match upgrade {
                Upgrade::Refused(answer) => answer.into(),
                Upgrade::Switched { headers, .. } => {
                    Answered { status: 101, took: from.elapsed(), headers, body: String::new() }
                }
            })
        } else {
            target.http.send(request, target.deadlines.answer).await.map(Answered::from)
        };
        self.stage.pace.waited("probes", from);
        self.answered(&probe.label, shown, answer);
        Ok(())
    }

    /// The probe as a request; none where a placeholder in it stands for nothing, or a token cannot be had.
    fn request(&self, probe: &Probe) -> Result<Option<Request>, String> {
        let ground = &self.stage.ground;
        let target = &ground.target;
        let skipped = |reason: String| {
            self.log.write(None, What::Skipped { what: probe.label.to_string(), reason });
            Ok(None)
        };
        let lookup = |kind: &str, name: &str| self.lookup(kind, name);
        let filled = |value: &str| match placeholder::fill(&Value::from(value), &lookup) {
            Ok(Value::String(text)) => Ok(text),
            Ok(other) => Ok(other.to_string()),
            Err(placeholder) => Err(format!("nothing is known of {placeholder}")),
        };
        let mut query = form_urlencoded::Serializer::new(String::new());
        // Some backends look at the token as early as in the handshake.
        if probe.to == Door::Socket
            && target.auth.place() == TokenPlace::Query
            && let Ok(Some(token)) = ground.token(TokenUse::Good)
        {
            query.append_pair("token", token.expose());
        }
        for (name, value) in &probe.query {
            match filled(value) {
                Ok(value) => query.append_pair(name, &value),
                Err(reason) => return skipped(reason),
            };
        }
        let path = match probe.to {
            Door::Socket => format!("{}/", target.socket_path),
            Door::Protected => target.auth.protected_path().to_owned(),
            Door::Verify => {
                target.trigger.webhook().map(|webhook| webhook.verify_path().to_owned()).unwrap_or_default()
            }
        };
        let method = Method::from_bytes(probe.method.as_bytes()).map_err(|_| format!("no method: {}", probe.method))?;
        let query = query.finish();
        let mut request = Request::new(method, if query.is_empty() { path } else { format!("{path}?{query}") }, "");
        for (name, value) in &probe.headers {
            match filled(value) {
                Ok(value) => request = request.header(name, value),
                Err(reason) => return skipped(reason),
            }
        }
        if let Some(token) = probe.token {
            match ground.token(token) {
                Ok(Some(token)) => request = request.header("authorization", format!("Bearer {}", token.expose())),
                Ok(None) => {}
                Err(reason) => return skipped(reason),
            }
        }
        if probe.websocket {
            request = request
                .header("connection", "Upgrade")
                .header("upgrade", "websocket")
                .header("sec-websocket-version", "13")
                .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        }
        Ok(Some(request))
    }

    /// Delivers a message by a webhook body that is not as the provider would send it.
    pub(super) async fn deliver(
        &self,
        message: &Message,
        body: &Body,
        signature: Signature,
        channel: Option<&str>,
        chunked: bool,
    ) -> Result<(), String> {
        let target = &self.stage.ground.target;
        let Some(webhook) = target.trigger.webhook() else { return Err("an odd body needs a webhook".to_owned()) };
        let own = target.trigger.channel(&message.customer_type).unwrap_or_default();
        let channel = channel.unwrap_or(own);
        let mut sent = self.compose(message)?;
        let bytes = body.bytes(fixtures::webhooks::messages(own, &[inbound(&sent)]))?;
        let name = serde_json::from_slice(&bytes)
            .ok()
            .and_then(|body: Value| body.pointer(PROFILE_NAME).and_then(Value::as_str).map(str::to_owned));
        sent.name = name.unwrap_or(sent.name);
        let from = Instant::now();
        let trigger = self.sending(from, vec![sent]);
        let shown =
            format!("POST webhook of {channel}, {} bytes{}", bytes.len(), if chunked { " in chunks" } else { "" });
        let answer = match chunked {
            true => webhook.post_chunked(channel, bytes.into(), signature).await,
            false => webhook.post_raw(channel, bytes.into(), signature).await,
        };
        self.stage.pace.waited("triggers", from);
        let outcome = match &answer {
            Ok(answer) if answer.status.is_success() => What::Accepted {
                trigger,
                request: shown.clone(),
                status: Some(answer.status.as_u16()),
                took: answer.took,
                throttled: Duration::ZERO,
            },
            Ok(answer) => What::NotAccepted {
                trigger,
                reason: format!("{shown}: {}", answer.status),
                throttled: answer.status == http::StatusCode::TOO_MANY_REQUESTS,
            },
            Err(error) => What::NotAccepted { trigger, reason: self.redacted(&error.to_string()), throttled: false },
        };
        self.answered(&message.label, shown, answer.map(Answered::from));
        self.log.write(None, outcome);
        Ok(())
    }

    fn answered(&self, probe: &Arc<str>, request: String, answer: Result<Answered, HttpError>) {
        let (probe, request) = (Arc::clone(probe), self.redacted(&request));
        self.log.write(
            None,
            match answer {
                Ok(Answered { status, took, headers, body }) => What::Probed {
                    probe,
                    request,
                    status,
                    took,
                    headers: headers
                        .iter()
                        .map(|(name, value)| {
                            (name.as_str().to_owned(), self.redacted(&String::from_utf8_lossy(value.as_bytes())))
                        })
                        .collect(),
                    body: self.redacted(&body),
                },
                Err(error) => What::ProbeFailed {
                    probe,
                    request,
                    timed_out: matches!(error, HttpError::TimedOut { .. }),
                    reason: self.redacted(&error.to_string()),
                },
            },
        );
    }
}
