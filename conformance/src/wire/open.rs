//! Opening a session: from nothing to the open packet.

use std::sync::Arc;

use super::{
    Direction, EnginePacket, Frame, Handshake, OpenError, SessionOptions, Signal, Transport,
    error::{BODY_SHOWN, described},
    packet::split,
    signal::Witness,
    websocket::{Incoming, Socket},
};
use crate::net::{Budget, HttpClient, Request};

/// A session that was just opened.
pub(super) struct Opened {
    pub(super) handshake: Arc<Handshake>,
    pub(super) live: Live,
}

/// What carries a session.
pub(super) enum Live {
    WebSocket(Socket),
    Polling {
        http: HttpClient,
        local_port: u16,
        /// What came behind the open packet in the same payload: some servers ping at once. Not reported yet.
        early: Vec<Frame>,
    },
}

/// Opens a session and reports the open packet.
pub(super) async fn open(options: &SessionOptions, witness: &Witness) -> Result<Opened, OpenError> {
    match options.transport {
        Transport::WebSocket => open_websocket(options, witness).await,
        Transport::Polling => open_polling(options, witness).await,
    }
}

async fn open_websocket(options: &SessionOptions, witness: &Witness) -> Result<Opened, OpenError> {
    let budget = Budget::new(options.deadline);
    let url = options.endpoint.shown_url(&options.path_and_query(Transport::WebSocket, None));
    let mut socket = Socket::connect(options, None, budget).await?;
    let Ok(first) = budget.bound(socket.receive()).await else {
        return Err(OpenError::TimedOut { url, missing: "Engine.IO open packet", after: budget.limit() });
    };
    match first {
        Incoming::Frame(frame) => {
            let handshake = read_open_packet(&url, frame, Transport::WebSocket, socket.local_port(), witness)?;
            Ok(Opened { handshake, live: Live::WebSocket(socket) })
        }
        Incoming::Closed(detail) => Err(OpenError::closed_early(url, &detail)),
        Incoming::Lost(how) => Err(OpenError::ClosedEarly { url, how }),
    }
}

async fn open_polling(options: &SessionOptions, witness: &Witness) -> Result<Opened, OpenError> {
    let target = options.path_and_query(Transport::Polling, None);
    let url = options.endpoint.shown_url(&target);
    let http = HttpClient::new(options.endpoint.clone());
    let answer = http.send(options.with_headers(Request::get(target)), options.deadline).await?;
    if answer.status != http::StatusCode::OK {
        return Err(OpenError::refused(url, &answer));
    }
    let not_engine_io = || OpenError::NotEngineIo { url: url.clone(), found: described(&answer) };
    let payload = str::from_utf8(&answer.body).map_err(|_| not_engine_io())?;
    // A page is no payload, and need not be recorded as one.
    if !payload.starts_with('0') {
        return Err(not_engine_io());
    }
    let mut frames = split(payload);
    let first = frames.next().ok_or_else(not_engine_io)?;
    let handshake = read_open_packet(&url, first, Transport::Polling, answer.local_port, witness)?;
    let live = Live::Polling { http, local_port: answer.local_port, early: frames.collect() };
    Ok(Opened { handshake, live })
}

fn read_open_packet(
    url: &str,
    frame: Frame,
    transport: Transport,
    local_port: u16,
    witness: &Witness,
) -> Result<Arc<Handshake>, OpenError> {
    let url = url.to_owned();
    let read = match EnginePacket::decode(&frame) {
        Ok(EnginePacket::Open(json)) => Handshake::parse(json).map_err(|error| OpenError::Handshake {
            url,
            error,
            json: json.chars().take(BODY_SHOWN).collect(),
        }),
        Ok(_) => Err(OpenError::NotEngineIo { url, found: shown(&frame) }),
        Err(error) => Err(OpenError::NotEngineIo { url, found: format!("{} ({error})", shown(&frame)) }),
    };
    witness.frame(Direction::In, transport, local_port, frame);
    let handshake = Arc::new(read?);
    witness.tell(Signal::Opened { handshake: Arc::clone(&handshake), local_port });
    Ok(handshake)
}

/// A frame in a message.
pub(super) fn shown(frame: &Frame) -> String {
    match frame {
        Frame::Text(text) => format!("the frame `{}`", text.chars().take(BODY_SHOWN).collect::<String>()),
        Frame::Binary(bytes) => format!("a binary frame of {} bytes", bytes.len()),
    }
}
