//! The door for sockets: Engine.IO v4 on the contract's path, by polling, WebSocket and upgrade from one to the other.
//!
//! The protocol itself is socketioxide's. Here stands what it leaves open: refusing at once what it would accept and
//! drop later, being able to cut a client off, pinging at the right time, and noticing a client that gives up its poll.
//! What clients say is for `namespace`.

mod connection;
mod engine;
mod heartbeat;
pub(crate) mod namespace;
pub(crate) mod open_packet;
mod session;
mod websocket;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use socketioxide::service::SocketIoService;
use socketioxide::{ParserConfig, SocketIo};
use tokio::runtime::Handle;

pub(crate) use connection::{Connections, Listener, OnConnection};
pub(crate) use engine::Engine;
pub(crate) use open_packet::Misprints;
pub(crate) use session::{Session, Sessions, Waiting};

use crate::faults::OpenPacket;
use crate::options::Options;

/// How many packets may wait for one client; whoever is further behind is cut off.
const MOST_BEHIND: usize = 4_096;

/// Engine.IO's packets of these names.
const CLOSE: &str = "1";
const PONG: &str = "3";

/// How much of a WebSocket is read at once: each keeps such a buffer, and what pages emit is small.
const READ_BUFFER: usize = 512;

/// The Engine.IO endpoint.
#[derive(Clone)]
pub(crate) struct Transport<E> {
    path: String,
    engine: E,
    sessions: Arc<Sessions>,
}

/// Why a request was refused, in the words and numbers of the reference implementation (engine.io's `Server.errors`).
#[derive(Debug, Clone, Copy)]
enum Refused {
    UnknownTransport,
    UnknownSid,
    BadMethod,
    BadRequest,
    UnsupportedVersion,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (code, message) = match self {
            Self::UnknownTransport => (0, "Transport unknown"),
            Self::UnknownSid => (1, "Session ID unknown"),
            Self::BadMethod => (2, "Bad handshake method"),
            Self::BadRequest => (3, "Bad request"),
            Self::UnsupportedVersion => (5, "Unsupported protocol version"),
        };
        (StatusCode::BAD_REQUEST, axum::Json(json!({"code": code, "message": message}))).into_response()
    }
}

/// What a request asks for.
enum Asked {
    /// To open a session by polling.
    OpenPolling,
    /// To open a session by WebSocket.
    OpenWebSocket,
    /// To go on polling.
    Poll(Arc<Session>),
    /// To go on by WebSocket.
    Upgrade(Arc<Session>),
}

/// The contract's endpoint, the handle to the sockets behind it, and what has to be written otherwise on connections.
pub(crate) fn open(options: &Options) -> (Transport<SocketIoService<Router>>, SocketIo, Misprints) {
    let packet = open_packet::of(options);
    let (transport, io) = Transport::of_socket_io(&options.contract.path, &packet);
    (transport, io, Misprints::of(&packet, options))
}

impl Transport<SocketIoService<Router>> {
    /// One on this path that keeps sessions as the open packet says, and the handle to the sockets behind it.
    pub(crate) fn of_socket_io(path: &str, packet: &OpenPacket) -> (Self, SocketIo) {
        let path = path.trim_end_matches('/').to_owned();
        let max_payload = packet.max_payload as usize;
        let (engine, io) = SocketIo::builder()
            .req_path(if path.is_empty() { "/".to_owned() } else { path.clone() })
            .ping_interval(packet.ping_interval)
            .ping_timeout(packet.ping_timeout)
            .max_buffer_size(MOST_BEHIND)
            .ws_read_buffer_size(READ_BUFFER)
            // Three limits for one rule: HTTP bodies, WebSocket messages and their frames, attachments.
            .max_payload(u64::from(packet.max_payload))
            .ws_max_message_size(max_payload)
            .ws_max_frame_size(max_payload)
            .with_parser(ParserConfig::common().max_incoming_binary_buf_size(max_payload))
            .build_with_inner_svc(Router::new());
        (Self::new(path, engine), io)
    }
}

impl<E: Engine> Transport<E> {
    /// One on this path, which begins with a slash and does not end with one.
    pub(crate) fn new(path: impl Into<String>, engine: E) -> Self {
        Self { path: path.into(), engine, sessions: Arc::default() }
    }

    /// Whether the request is for this endpoint: the contract's path, with or without a slash behind it.
    pub(crate) fn is_for(&self, request: &Request) -> bool {
        request.uri().path().strip_prefix(&self.path).is_some_and(|rest| matches!(rest, "" | "/"))
    }

    /// Answers a request for this endpoint.
    pub(crate) async fn answer(
        self,
        ConnectInfo(OnConnection { connection, .. }): ConnectInfo<OnConnection>,
        request: Request,
    ) -> Response {
        match self.asked(&request) {
            Ok(Asked::OpenPolling) => self.open_polling(request).await,
            Ok(Asked::OpenWebSocket) => {
                let session = self.sessions.open();
                session.runs_over(&connection);
                websocket::open(self.engine, request, &session)
            }
            Ok(Asked::Poll(session)) => self.poll(&session, request).await,
            Ok(Asked::Upgrade(session)) => {
                session.asks_to_upgrade();
                session.runs_over(&connection);
                self.engine.answer(request).await
            }
            Err(refused) => refused.into_response(),
        }
    }

    async fn open_polling(self, request: Request) -> Response {
        let session = self.sessions.open();
        let kept = websocket::kept(&request, &session).map(|()| Body::empty());
        let response = self.engine.clone().answer(kept).await;
        let response = name(&self.sessions, &session, response).await;
        if let Some(sid) = session.sid() {
            // Nobody else knows the session yet: what the library sends at once is the ping that comes too early.
            for (method, body) in [(Method::GET, ""), (Method::POST, PONG)] {
                self.engine.clone().answer(polling(&self.path, method, sid, body)).await;
            }
        }
        response
    }

    async fn poll(self, session: &Arc<Session>, request: Request) -> Response {
        let mut poll = (request.method() == Method::GET).then(|| Pending::new(&self, session));
        // Whoever waits for what is new must learn that there will be nothing more.
        let response = tokio::select! {
            response = self.engine.answer(request) => response,
            () = session.ended() => Refused::UnknownSid.into_response(),
        };
        poll.iter_mut().for_each(Pending::is_answered);
        response
    }

    fn asked(&self, request: &Request) -> Result<Asked, Refused> {
        let query = request.uri().query().unwrap_or_default();
        let value = |name: &str| {
            query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value)
        };
        if value("EIO") != Some("4") {
            return Err(Refused::UnsupportedVersion);
        }
        let by_websocket = match value("transport") {
            Some("websocket") => true,
            Some("polling") => false,
            _ => return Err(Refused::UnknownTransport),
        };
        // A session that was opened by WebSocket cannot be polled, so its sid is as unknown as any.
        let session = value("sid").map(|sid| self.sessions.find(sid).ok_or(Refused::UnknownSid)).transpose()?;
        if session.as_ref().is_some_and(|session| session.is_cut_off()) {
            return Err(Refused::UnknownSid);
        }
        match (by_websocket, session, request.method()) {
            (true, session, &Method::GET) if is_upgrade(request.headers()) => {
                Ok(session.map_or(Asked::OpenWebSocket, Asked::Upgrade))
            }
            (true, _, &Method::GET) => Err(Refused::BadRequest),
            (false, Some(session), &Method::GET | &Method::POST) => Ok(Asked::Poll(session)),
            (false, None, &Method::GET) => Ok(Asked::OpenPolling),
            (_, None, _) => Err(Refused::BadMethod),
            (_, Some(_), _) => Err(Refused::BadRequest),
        }
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
        Self { given_up: Some((transport.clone(), Arc::clone(session))), runtime: Handle::current() }
    }

    fn is_answered(&mut self) {
        self.given_up = None;
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

/// Whether the request asks for a WebSocket (RFC 6455, section 4.2.1).
fn is_upgrade(headers: &HeaderMap) -> bool {
    let has = |name, wanted: &str| {
        headers.get(name).is_some_and(|value| value.to_str().is_ok_and(|value| value.eq_ignore_ascii_case(wanted)))
    };
    has(header::UPGRADE, "websocket")
        && has(header::SEC_WEBSOCKET_VERSION, "13")
        && headers.contains_key(header::SEC_WEBSOCKET_KEY)
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
