//! A connection by the suite's own client: opens, connects, emits, fences, and writes every frame down.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Opening;
use crate::conversation::evidence;
use crate::recording::{Direction, Peer, TokenPlace, Transport, What};
use crate::stage::log::ScenarioLog;
use crate::target::Redactor;
use crate::wire::{self, EnginePacket, Frame, Handshake, SendError, Session, Signal, SocketPacket};

/// Frames that are no events are kept up to this many characters.
const FRAME_LIMIT: usize = 200;

/// A live connection.
pub(super) struct OwnSocket {
    pub peer: Peer,
    session: Session,
    shared: Arc<Shared>,
    fences: AtomicU32,
    deadline: Duration,
}

/// What the reader task needs to write frames down.
struct Shared {
    log: Arc<ScenarioLog>,
    peer: Peer,
    namespace: String,
    redactor: Redactor,
    /// The Socket.IO sid: a capability, so never written down.
    sid: Mutex<Option<String>>,
    /// Events on their way out, in order, as they are to be written down.
    outgoing: Mutex<VecDeque<(String, Vec<Value>)>>,
    we_close: std::sync::atomic::AtomicBool,
}

impl OwnSocket {
    /// Opens and connects; what happened stands in the log. None where no session came about.
    pub async fn open(opening: Opening, peer: Peer, log: &Arc<ScenarioLog>, redactor: &Redactor) -> Option<Self> {
        let Opening { transport, token, place, token_text, mut options, namespace } = opening;
        let deadline = options.deadline;
        log.write(Some(&peer), What::Opening { transport, token, place });
        let shared = Arc::new(Shared {
            log: Arc::clone(log),
            peer: peer.clone(),
            namespace: namespace.clone(),
            redactor: redactor.clone(),
            sid: Mutex::new(None),
            outgoing: Mutex::new(VecDeque::new()),
            we_close: false.into(),
        });
        if let (TokenPlace::Query, Some(token)) = (place, &token_text) {
            options.query.push(("token".to_owned(), token.clone()));
        }
        options.transport = match transport {
            Transport::Websocket => wire::Transport::WebSocket,
            Transport::Polling | Transport::Upgrade => wire::Transport::Polling,
        };
        let observer = {
            let shared = Arc::clone(&shared);
            Arc::new(move |when, signal| shared.take(when, signal))
        };
        let session = match Session::open(options, observer).await {
            Ok(session) => session,
            Err(error) => {
                let reason = redactor.redact(&error.to_string()).into_owned();
                log.write(Some(&peer), What::OpenFailed { reason, status: error.status() });
                return None;
            }
        };
        let socket = Self { peer, session, shared, fences: AtomicU32::new(0), deadline };
        let data = token_text.filter(|_| place != TokenPlace::Query).map(|token| json!({ "token": token }));
        socket.connect(&namespace, data, deadline).await;
        if transport == Transport::Upgrade && socket.is_connected() {
            socket.upgrade(async {}).await;
        }
        Some(socket)
    }

    async fn connect(&self, namespace: &str, data: Option<Value>, deadline: Duration) {
        let from = self.shared.log.position();
        let packet = SocketPacket::Connect { namespace: namespace.to_owned(), data };
        self.send(packet.frame()).await;
        let answered = self
            .shared
            .log
            .wait(from, Instant::now() + deadline, |entry| {
                let ours = entry.peer.as_ref() == Some(&self.peer);
                (ours && matches!(entry.what, What::Connected | What::ConnectError { .. } | What::Closed { .. }))
                    .then_some(())
            })
            .await;
        if answered.is_none() {
            self.shared.log.write(Some(&self.peer), What::ConnectTimedOut);
        }
    }

    /// Hands a frame to the transport. A session that is over says so in the log; one whose server takes nothing more in
    /// holds nobody up for longer than opening may take.
    async fn send(&self, frame: Frame) {
        let _outcome_is_logged = tokio::time::timeout(self.deadline, self.session.send(frame)).await;
    }

    fn is_connected(&self) -> bool {
        self.sid().is_some()
    }

    /// The Socket.IO sid, once CONNECT has been answered.
    pub fn sid(&self) -> Option<String> {
        self.shared.sid.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Turns polling into WebSocket, with something done between the answer to the probe and the last step; the outcome stands
    /// in the log.
    pub async fn upgrade(&self, meanwhile: impl Future<Output = ()>) {
        if let Err(error) = self.session.upgrade_around(meanwhile).await {
            let reason = self.shared.redactor.redact(&error.to_string()).into_owned();
            self.shared.log.write(Some(&self.peer), What::UpgradeFailed { reason });
        }
    }

    /// Emits an event; `written` are the arguments as they are to stand in the recording.
    pub async fn emit(&self, event: &str, args: &[Value], written: Vec<Value>) {
        let mut all = vec![Value::from(event)];
        all.extend_from_slice(args);
        let packet = SocketPacket::Event { namespace: self.shared.namespace.clone(), id: None, args: all };
        self.shared.outgoing.lock().unwrap_or_else(PoisonError::into_inner).push_back((event.to_owned(), written));
        self.send(packet.frame()).await;
    }

    /// What the server said when the session opened.
    pub fn handshake(&self) -> &Handshake {
        self.session.handshake()
    }

    /// Sends bytes as they stand: the body of one `POST`, or one WebSocket message. `shown` stands for them in the log.
    pub async fn send_raw(&self, bytes: Vec<u8>, is_text: bool, shown: String) {
        self.shared.log.write(Some(&self.peer), What::Malformed { text: shown });
        let posted = tokio::time::timeout(self.deadline, self.session.post_raw(bytes.clone())).await;
        if matches!(posted, Ok(Err(SendError::NotPolling))) {
            let frame = match String::from_utf8(bytes) {
                Ok(text) if is_text => Frame::Text(text),
                Ok(text) => Frame::Binary(text.into_bytes().into()),
                Err(error) => Frame::Binary(error.into_bytes().into()),
            };
            self.send(frame).await;
        }
    }

    /// Whether the session is over.
    pub fn is_over(&self) -> bool {
        self.session.close_reason().is_some()
    }

    /// Answers no ping from here on.
    pub fn fall_silent(&self) {
        self.session.answer_pings(false);
        self.shared.log.write(Some(&self.peer), What::FellSilent);
    }

    /// Sends a fence: CONNECT to a namespace that does not exist. Its refusal comes back behind everything that was
    /// queued for this connection before.
    pub async fn fence(&self) -> u32 {
        let fence = self.fences.fetch_add(1, Ordering::Relaxed);
        self.shared.log.write(Some(&self.peer), What::FenceSent { fence });
        let packet = SocketPacket::Connect { namespace: fence_namespace(fence), data: None };
        self.send(packet.frame()).await;
        fence
    }

    /// Stops reading.
    pub fn stop_reading(&self) {
        self.session.pause_reading();
        self.shared.log.write(Some(&self.peer), What::StoppedReading);
    }

    /// Reads again.
    pub fn resume_reading(&self) {
        self.session.resume_reading();
        self.shared.log.write(Some(&self.peer), What::ResumedReading);
    }

    /// Ends the connection as a good client does.
    pub async fn close(&self) {
        self.shared.we_close.store(true, Ordering::Relaxed);
        self.send(SocketPacket::Disconnect { namespace: self.shared.namespace.clone() }.frame()).await;
        self.session.close().await;
    }

    /// Cuts the line.
    pub async fn drop_line(&self) {
        self.shared.we_close.store(true, Ordering::Relaxed);
        self.session.abort().await;
    }
}

fn fence_namespace(fence: u32) -> String {
    format!("/conformance-fence-{fence}")
}

impl Shared {
    /// Writes down what the session tells.
    fn take(&self, when: Instant, signal: Signal) {
        let (port, what) = match signal {
            Signal::Opened { handshake, local_port } => {
                let mut raw = handshake.raw.clone();
                if let Some(sid) = raw.get_mut("sid").filter(|sid| sid.is_string()) {
                    *sid = Value::from("*".repeat(sid.as_str().map_or(0, str::len)));
                }
                (Some(local_port), What::Opened { handshake: raw })
            }
            Signal::Upgraded => (None, What::Upgraded),
            Signal::Closed { reason } => {
                let by_us = self.we_close.load(Ordering::Relaxed);
                (None, What::Closed { by_us, detail: self.redactor.redact(&reason.to_string()).into_owned() })
            }
            Signal::Frame { direction, frame, local_port, .. } => (Some(local_port), self.frame(direction, &frame)),
        };
        self.log.write_at(when, Some(&self.peer), port, what);
    }

    fn frame(&self, direction: wire::Direction, frame: &Frame) -> What {
        let redacted = frame.text().and_then(|text| match self.redactor.redact(text) {
            Cow::Borrowed(_) => None,
            Cow::Owned(text) => Some(Frame::Text(text)),
        });
        let frame = redacted.as_ref().unwrap_or(frame);
        let packet = match EnginePacket::decode(frame) {
            Ok(EnginePacket::Message(message)) => SocketPacket::decode(message).ok(),
            // The handshake stands in `What::Opened`, without the sid.
            Ok(EnginePacket::Open(_)) => return What::Frame { dir: dir(direction), text: "open packet".to_owned() },
            _ => None,
        };
        let other = || What::Frame {
            dir: dir(direction),
            text: frame.text().map_or_else(|| "binary".to_owned(), |text| evidence::shorten(text, FRAME_LIMIT)),
        };
        match (direction, packet) {
            (wire::Direction::Out, Some(SocketPacket::Event { .. })) => {
                let written = self.outgoing.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                written.map_or_else(other, |(event, args)| What::Event { dir: Direction::Out, event, args })
            }
            (wire::Direction::Out, Some(SocketPacket::Connect { .. })) => {
                What::Frame { dir: Direction::Out, text: "CONNECT".to_owned() }
            }
            (wire::Direction::In, Some(packet)) => self.packet(packet).unwrap_or_else(other),
            _ => other(),
        }
    }

    /// A packet from the server, where it means something to a scenario.
    fn packet(&self, packet: SocketPacket) -> Option<What> {
        match packet {
            SocketPacket::Connect { namespace, data } if namespace == self.namespace => {
                let sid = data.as_ref().and_then(|data| data.get("sid")).and_then(Value::as_str).unwrap_or_default();
                *self.sid.lock().unwrap_or_else(PoisonError::into_inner) = Some(sid.to_owned());
                Some(What::Connected)
            }
            SocketPacket::ConnectError { namespace, data } if namespace == self.namespace => {
                Some(What::ConnectError { data: data.unwrap_or(Value::Null) })
            }
            // A server with dynamic namespaces accepts the fence's namespace; that is an answer all the same.
            SocketPacket::Connect { namespace, .. } | SocketPacket::ConnectError { namespace, .. } => {
                let fence = namespace.strip_prefix("/conformance-fence-")?.parse().ok()?;
                Some(What::FenceBack { fence })
            }
            SocketPacket::Event { namespace, mut args, .. }
                if namespace == self.namespace && args.first().is_some_and(Value::is_string) =>
            {
                let rest = args.split_off(1);
                let event = args.pop()?.as_str()?.to_owned();
                Some(What::Event { dir: Direction::In, event, args: rest })
            }
            _ => None,
        }
    }
}

fn dir(direction: wire::Direction) -> Direction {
    match direction {
        wire::Direction::In => Direction::In,
        wire::Direction::Out => Direction::Out,
    }
}
