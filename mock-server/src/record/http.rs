//! What passes by HTTP: the page's calls, the provider's webhook, and long-polling.

use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body as HttpBody, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use fixtures::recording::{Body, Direction, NONCE_LENGTH, NONCE_START, Sent, Transport, What};
use fixtures::webhooks::{self, Inbound};
use http_body_util::Full;

use super::session::Session;
use super::tape::Tape;
use super::upstream::LARGEST_BODY;
use super::{Recorder, parameter};
use crate::control::log::secrets;
use crate::rest::Problem;

/// The largest answer that is kept, in bytes; of a larger one only its size is.
const LARGEST_KEPT: usize = 1 << 20;

/// A call of the page's, or of the provider's.
pub(super) async fn call(recorder: &Recorder, request: Request) -> Result<Response, Problem> {
    let line = format!("{} {}", request.method(), request.uri().path_and_query().map_or("/", |it| it.as_str()));
    let line = recorder.tape.hidden_text(&secrets::hidden_in_query(&line));
    let (request, body) = whole(request).await?;
    let trigger = sending(recorder, &request, &body);
    let began = Instant::now();
    let answered = recorder.upstream.ask(request).await;
    let took = began.elapsed();
    if let Some(trigger) = trigger {
        let outcome = match &answered {
            Ok(answer) if answer.status().is_success() => What::Accepted {
                trigger,
                request: line.clone(),
                status: Some(answer.status().as_u16()),
                took,
                throttled: std::time::Duration::ZERO,
            },
            Ok(answer) => What::NotAccepted {
                trigger,
                reason: format!("{line} answered {}", answer.status()),
                throttled: answer.status() == StatusCode::TOO_MANY_REQUESTS,
            },
            Err(problem) => What::NotAccepted { trigger, reason: problem.message().to_owned(), throttled: false },
        };
        recorder.tape.write(None, outcome);
    }
    let answer = match answered {
        Ok(answer) => answer,
        Err(problem) => {
            recorder.tape.write(None, What::RestFailed { request: line, reason: problem.message().to_owned() });
            return Err(problem);
        }
    };
    let content_type = answer.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let (status, content_type) = (answer.status().as_u16(), content_type.map(ToOwned::to_owned));
    let body = kept(&recorder.tape, answer.body());
    recorder.tape.write(None, What::Called { request: line, status, took, content_type, body });
    Ok(answer.map(HttpBody::from))
}

fn kept(tape: &Tape, body: &Bytes) -> Body {
    match std::str::from_utf8(body) {
        _ if body.len() > LARGEST_KEPT => Body::Omitted(body.len() as u64),
        Ok(text) => Body::Text(tape.hidden_text(text)),
        Err(_) => Body::Base64(BASE64_STANDARD.encode(body)),
    }
}

/// The request, ready to be passed on, and its body.
async fn whole(request: Request) -> Result<(Request<Full<Bytes>>, Bytes), Problem> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, LARGEST_BODY).await;
    let body =
        body.map_err(|error| Problem::new(StatusCode::BAD_REQUEST, format!("the body cannot be read: {error}")))?;
    Ok((Request::from_parts(head, Full::new(body.clone())), body))
}

/// Notes the messages that a webhook call brings, before anything can come of them. Those that were delivered before are
/// to cause nothing. Gives the call's number.
fn sending(recorder: &Recorder, request: &Request<Full<Bytes>>, body: &Bytes) -> Option<u32> {
    let channel = recorder.webhook.as_ref()?.channel(request.uri().path())?;
    let route = recorder.contract.routes.iter().find(|route| route.channel.as_deref() == Some(channel))?;
    let inbound = webhooks::read(&serde_json::from_slice(body).ok()?);
    let fresh: Vec<Inbound> = inbound.into_iter().filter(|message| recorder.tape.is_new(&message.id)).collect();
    if request.method() != Method::POST || fresh.is_empty() {
        return None;
    }
    let trigger = recorder.tape.next_trigger();
    let sent = |(index, message): (usize, Inbound)| {
        let label = format!("m{trigger}.{index}");
        Sent {
            // Whatever is known of it, this is part of no text: broadcasts are told by number and words.
            nonce: format!("{NONCE_START}{label:_<width$}", width = NONCE_LENGTH - 1),
            label: label.into(),
            customer_type: route.customer_type.clone(),
            number: message.from,
            name: message.name,
            message: message.kind,
            text: message.text,
            id: message.id,
            timestamp: message.timestamp,
        }
    };
    let messages = fresh.into_iter().enumerate().map(sent).collect();
    recorder.tape.write(None, What::Sending { trigger, messages });
    Some(trigger)
}

/// A request of long-polling.
pub(super) async fn poll(recorder: &Arc<Recorder>, request: Request) -> Result<Response, Problem> {
    let query = request.uri().query().map(ToOwned::to_owned);
    let known = parameter(query.as_deref(), "sid").and_then(|sid| recorder.session(sid));
    let opens = parameter(query.as_deref(), "sid").is_none() && request.method() == Method::GET;
    let session = match known {
        None if opens => {
            let namespace = &recorder.contract.namespace;
            Some(Session::opening(&recorder.tape, namespace, Transport::Polling, query.as_deref()))
        }
        known => known,
    };
    let (request, body) = whole(request).await?;
    if let Some(session) = session.as_ref().filter(|_| request.method() == Method::POST) {
        session.payload(Direction::Out, &String::from_utf8_lossy(&body));
    }
    let polls = request.method() == Method::GET;
    let waiting = Waiting(session.as_deref().filter(|_| polls));
    let answered = recorder.upstream.ask(request).await;
    waiting.answered();
    let Some(session) = session else { return answered.map(|answer| answer.map(HttpBody::from)) };
    let answer = match answered {
        Ok(answer) => answer,
        Err(problem) => {
            ended(&session, opens, problem.message(), None);
            return Err(problem);
        }
    };
    let text = String::from_utf8_lossy(answer.body());
    if !answer.status().is_success() {
        ended(&session, opens, &recorder.tape.hidden_text(&text), Some(answer.status().as_u16()));
    } else if polls && let Some(sid) = session.payload(Direction::In, &text) {
        recorder.remember(sid, session);
    }
    drop(text);
    Ok(answer.map(HttpBody::from))
}

/// A poll that waits for its answer. A page that goes away meanwhile drops it, and that is the only sign of its going.
struct Waiting<'s>(Option<&'s Session>);

impl Waiting<'_> {
    fn answered(mut self) {
        self.0 = None;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(session) = self.0 {
            session.closed(true, "the page went away while it polled");
        }
    }
}

fn ended(session: &Session, opens: bool, reason: &str, status: Option<u16>) {
    match (opens, status) {
        (true, status) => session.refused(reason.to_owned(), status),
        (false, status) => session.closed(false, &status.map_or(reason.to_owned(), |it| format!("{it}: {reason}"))),
    }
}
