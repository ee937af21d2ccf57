//! The door for sockets: Engine.IO v4 on the contract's path, by polling, WebSocket and upgrade from one to the other.
//!
//! The protocol itself is socketioxide's. Here stands what it leaves open: refusing at once what it would accept and
//! drop later, and being able to cut a client off. What clients say is for `namespace`.

mod connection;
pub(crate) mod namespace;
mod open_packet;
mod session;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use socketioxide::service::SocketIoService;
use socketioxide::{ParserConfig, SocketIo};
use tower::ServiceExt;

pub(crate) use connection::{Connections, Listener, OnConnection};
use open_packet::Misprints;
pub(crate) use session::{Session, Sessions, Waiting};

use crate::options::Options;

/// How many packets may wait for one client; whoever is further behind is cut off.
const MOST_BEHIND: usize = 4_096;

/// The Engine.IO endpoint.
#[derive(Clone)]
pub(crate) struct Transport {
    path: String,
    service: SocketIoService<Router>,
    sessions: Arc<Sessions>,
    misprints: Misprints,
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

impl Transport {
    /// The endpoint, and the handle to the sockets behind it.
    pub(crate) fn new(options: &Options) -> (Self, SocketIo) {
        let open_packet = open_packet::of(options);
        let max_payload = open_packet.max_payload as usize;
        let path = options.contract.path.trim_end_matches('/').to_owned();
        let (service, io) = SocketIo::builder()
            .req_path(if path.is_empty() { "/".to_owned() } else { path.clone() })
            .ping_interval(open_packet.ping_interval)
            .ping_timeout(open_packet.ping_timeout)
            .max_buffer_size(MOST_BEHIND)
            // Three limits for one rule: HTTP bodies, WebSocket messages and their frames, attachments.
            .max_payload(u64::from(open_packet.max_payload))
            .ws_max_message_size(max_payload)
            .ws_max_frame_size(max_payload)
            .with_parser(ParserConfig::common().max_incoming_binary_buf_size(max_payload))
            .build_with_inner_svc(Router::new());
        let misprints = Misprints::of(&open_packet, options);
        (Self { path, service, sessions: Arc::default(), misprints }, io)
    }

    /// What has to be written otherwise on its connections.
    pub(crate) fn misprints(&self) -> Misprints {
        self.misprints.clone()
    }

    /// Whether the request is for this endpoint: the contract's path, with or without a slash behind it.
    pub(crate) fn is_for(&self, request: &Request) -> bool {
        request.uri().path().strip_prefix(&self.path).is_some_and(|rest| matches!(rest, "" | "/"))
    }

    /// Answers a request for this endpoint.
    pub(crate) async fn answer(
        self,
        ConnectInfo(OnConnection { connection, .. }): ConnectInfo<OnConnection>,
        mut request: Request,
    ) -> Response {
        let asked = match self.asked(&request) {
            Ok(asked) => asked,
            Err(refused) => return refused.into_response(),
        };
        let opened = match asked {
            Asked::Poll(session) => {
                // Whoever waits for what is new must learn that there will be nothing more.
                return tokio::select! {
                    Ok(response) = self.service.oneshot(request) => response.map(Body::new),
                    () = session.ended() => Refused::UnknownSid.into_response(),
                };
            }
            Asked::Upgrade(session) => {
                session.asks_to_upgrade();
                session.runs_over(&connection);
                None
            }
            Asked::OpenWebSocket => {
                let session = self.sessions.open();
                session.runs_over(&connection);
                request.extensions_mut().insert(session);
                None
            }
            Asked::OpenPolling => {
                let session = self.sessions.open();
                request.extensions_mut().insert(Arc::clone(&session));
                Some(session)
            }
        };
        let Ok(response) = self.service.oneshot(request).await;
        match opened {
            Some(session) => name(&self.sessions, &session, response.map(Body::new)).await,
            None => response.map(Body::new),
        }
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
