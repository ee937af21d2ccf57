//! Sessions by polling: opening one, its requests in the order in which their client sent them, and a poll that its client
//! gives up. What a request asks for has been found out before (`asked`).

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::runtime::Handle;

use super::engine::Engine;
use super::session::{Session, Sessions};
use super::{Refused, Transport, websocket};

/// Engine.IO's packets of these names.
const CLOSE: &str = "1";
const PONG: &str = "3";

/// How long a request waits for what its client sent just before it on another connection: they are read by several
/// threads, and may overtake one another.
const OVERTAKEN: Duration = Duration::from_millis(50);

impl<E: Engine> Transport<E> {
    /// Opens a session.
    pub(super) async fn open_polling(self, request: Request) -> Response {
        let session = self.sessions.open();
        let kept = websocket::kept(&request, &session).map(|()| Body::empty());
        let response = self.engine.clone().answer(kept).await;
        let response = name(&self.sessions, &session, response).await;
        if let Some(sid) = session.sid() {
            // Nobody else knows the session yet: what the library sends at once is the ping that comes too early.
            for (method, body) in [(Method::GET, ""), (Method::POST, PONG)] {
                self.engine.clone().answer(polling(&self.path, method, sid, body)).await;
            }
            session.is_heard();
        }
        response
    }

    /// Answers a request of a session.
    pub(super) async fn poll(self, session: &Arc<Session>, request: Request) -> Response {
        let request = match self.in_turn(session, request).await {
            Ok(request) => request,
            Err(refused) => return refused.into_response(),
        };
        let mut poll = (request.method() == Method::GET).then(|| Pending::new(&self, session));
        // Whoever waits for what is new must learn that there will be nothing more.
        let response = tokio::select! {
            response = self.engine.answer(request) => response,
            () = session.ended() => Refused::UnknownSid.into_response(),
        };
        poll.iter_mut().for_each(Pending::is_answered);
        response
    }

    /// Brings a request into the order in which its client, and the clock, did things.
    async fn in_turn(&self, session: &Session, request: Request) -> Result<Request, Refused> {
        if request.method() == Method::GET {
            if session.asked_to_upgrade_within(Duration::MAX) {
                // The WebSocket may have said already that polling is over.
                tokio::time::sleep(OVERTAKEN).await;
            } else if session.is_silent_for(self.patience) {
                // The library is about to notice: its two timers are late by a millisecond each.
                return Err(Refused::UnknownSid);
            }
            return Ok(request);
        }
        session.is_heard();
        let (parts, mut body) = request.into_parts();
        if body.size_hint().exact() == Some(CLOSE.len() as u64) {
            let packet = body.collect().await.map_err(|_| Refused::BadRequest)?.to_bytes();
            if packet == CLOSE {
                // It ends the poll that waits, which may have been sent first and not have come yet.
                tokio::time::timeout(OVERTAKEN, session.polling()).await.ok();
            }
            body = Body::from(packet);
        }
        Ok(Request::from_parts(parts, body))
    }
}

/// A request of one's own by polling.
fn polling(path: &str, method: Method, sid: &str, body: &'static str) -> Request {
    let mut request = Request::new(Body::from(body));
    *request.method_mut() = method;
    *request.uri_mut() = format!("{path}/?EIO=4&transport=polling&sid={sid}").parse().unwrap_or_default();
    request
}

/// A polling request that waits. Where its client gives it up, the session is over, as the protocol's tests demand; the
/// library would keep it until the heartbeat.
struct Pending<E: Engine> {
    given_up: Option<(Transport<E>, Arc<Session>)>,
    runtime: Handle,
}

impl<E: Engine> Pending<E> {
    fn new(transport: &Transport<E>, session: &Arc<Session>) -> Self {
        session.polls(true);
        Self { given_up: Some((transport.clone(), Arc::clone(session))), runtime: Handle::current() }
    }

    fn is_answered(&mut self) {
        self.given_up.take().into_iter().for_each(|(_, session)| session.polls(false));
    }
}

impl<E: Engine> Drop for Pending<E> {
    fn drop(&mut self) {
        // One that goes on by WebSocket has no more use for it.
        let given_up = self.given_up.take().filter(|(_, session)| !session.asked_to_upgrade_within(Duration::MAX));
        if let Some((Transport { path, engine, .. }, session)) = given_up {
            session.ends();
            self.runtime.spawn(async move {
                let close = session.sid().map(|sid| polling(&path, Method::POST, sid, CLOSE));
                if let Some(close) = close {
                    engine.answer(close).await;
                }
            });
        }
    }
}

/// Learns from the open packet, `0{"sid": …}`, which sid the library gave to the session.
async fn name(sessions: &Arc<Sessions>, session: &Arc<Session>, response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => {
            tracing::error!(%error, "the open packet could not be read");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let open: Option<Value> = body.strip_prefix(b"0").and_then(|json| serde_json::from_slice(json).ok());
    if let Some(sid) = open.as_ref().and_then(|open| open["sid"].as_str()) {
        sessions.name(session, sid);
    }
    Response::from_parts(parts, Body::from(body))
}
