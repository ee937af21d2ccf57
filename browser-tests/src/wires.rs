//! From what the probe saw of a page's sockets to entries of a recording: the same as the suite's own sockets write, so
//! that the same checks read them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use conformance::recording::{Direction, Peer, TokenPlace, TokenUse, Transport, What};
use conformance::stage::ScenarioLog;
use conformance::target::{Redactor, Token};
use conformance::wire::packet::split;
use conformance::wire::{EnginePacket, Frame, SocketPacket};
use serde_json::Value;

/// Frames that are no events are kept up to this many characters.
const FRAME_LIMIT: usize = 200;

/// The connections of one page.
pub(crate) struct Wires {
    log: Arc<ScenarioLog>,
    page: Arc<str>,
    namespace: String,
    redactor: Redactor,
    /// By the id of a WebSocket, or by the sid of a session that began by polling.
    open: HashMap<String, Wire>,
    connections: u32,
    /// The token that the page showed last.
    token: Option<Token>,
}

#[derive(Clone)]
struct Wire {
    peer: Peer,
    transport: Transport,
}

/// A WebSocket or a polling request, as its URL tells it.
pub(crate) struct Address {
    sid: Option<String>,
    token: Option<String>,
}

impl Address {
    pub(crate) fn of(url: &str) -> Self {
        let pairs: HashMap<String, String> =
            url::Url::parse(url).map(|url| url.query_pairs().into_owned().collect()).unwrap_or_default();
        Self { sid: pairs.get("sid").cloned(), token: pairs.get("token").cloned() }
    }
}

impl Wires {
    pub(crate) fn new(log: Arc<ScenarioLog>, page: Arc<str>, namespace: String, redactor: Redactor) -> Self {
        Self { log, page, namespace, redactor, open: HashMap::new(), connections: 0, token: None }
    }

    pub(crate) fn token(&self) -> Option<Token> {
        self.token.clone()
    }

    /// A WebSocket was made. One that carries a session's sid is that session's upgrade.
    pub(crate) fn socket(&mut self, id: &str, url: &str) {
        let address = Address::of(url);
        self.learn(address.token.as_deref());
        if let Some(wire) = address.sid.and_then(|sid| self.open.get(&sid)).cloned() {
            self.open.insert(id.to_owned(), Wire { transport: Transport::Upgrade, ..wire });
        }
    }

    /// A frame of a WebSocket.
    pub(crate) fn frame(&mut self, when: Instant, id: &str, dir: Direction, text: &str) {
        self.packet(when, id, dir, Transport::Websocket, text);
    }

    /// The body of a polling request, or of its answer.
    pub(crate) fn polled(&mut self, when: Instant, url: &str, dir: Direction, body: &str) {
        let address = Address::of(url);
        self.learn(address.token.as_deref());
        for frame in split(body) {
            let Some(text) = frame.text() else { continue };
            let sid = address.sid.clone().or_else(|| handshake(text)?.get("sid")?.as_str().map(str::to_owned));
            if let Some(sid) = sid {
                self.packet(when, &sid, dir, Transport::Polling, text);
            }
        }
    }

    /// A WebSocket has ended.
    pub(crate) fn closed(&mut self, when: Instant, id: &str, by_page: bool, code: u64) {
        if let Some(wire) = self.open.remove(id) {
            self.open.retain(|_, other| other.peer != wire.peer);
            let detail = if by_page { "the page closed it".to_owned() } else { format!("it was closed, code {code}") };
            self.log.write_at(when, Some(&wire.peer), None, What::Closed { by_us: by_page, detail });
        }
    }

    /// The document that held them is gone, and so are they.
    pub(crate) fn left(&mut self, when: Instant) {
        let mut peers: Vec<Peer> = self.open.drain().map(|(_, wire)| wire.peer).collect();
        peers.sort();
        peers.dedup();
        for peer in peers {
            let detail = "the page's document was left".to_owned();
            self.log.write_at(when, Some(&peer), None, What::Closed { by_us: true, detail });
        }
    }

    fn learn(&mut self, token: Option<&str>) {
        if let Some(token) = token.filter(|token| !token.is_empty()) {
            let token = Token::new(token);
            self.redactor.add(token.secret());
            self.token = Some(token);
        }
    }

    fn packet(&mut self, when: Instant, key: &str, dir: Direction, transport: Transport, text: &str) {
        if let (Direction::In, Some(handshake)) = (dir, handshake(text)) {
            self.begin(when, key, transport, handshake);
            return;
        }
        if let Some(token) = token_in(text).filter(|_| dir == Direction::Out) {
            self.learn(Some(&token));
        }
        let Some(wire) = self.open.get(key).cloned() else { return };
        let frame = Frame::Text(self.redactor.redact(text).into_owned());
        let what = match EnginePacket::decode(&frame) {
            Ok(EnginePacket::Message(message)) => self.message(dir, SocketPacket::decode(message).ok(), text),
            Ok(EnginePacket::Upgrade) if wire.transport == Transport::Upgrade => What::Upgraded,
            _ => other(dir, text),
        };
        self.log.write_at(when, Some(&wire.peer), None, what);
    }

    /// The server's first word on a session.
    fn begin(&mut self, when: Instant, key: &str, transport: Transport, mut handshake: Value) {
        self.connections += 1;
        let peer = Peer { actor: Arc::clone(&self.page), connection: self.connections };
        self.open.insert(key.to_owned(), Wire { peer: peer.clone(), transport });
        if let Some(sid) = handshake.get_mut("sid") {
            *sid = Value::from("*".repeat(sid.as_str().map_or(0, str::len))); // a capability
        }
        let opening = What::Opening { transport, token: TokenUse::Good, place: TokenPlace::Auth };
        self.log.write_at(when, Some(&peer), None, opening);
        self.log.write_at(when, Some(&peer), None, What::Opened { handshake });
    }

    fn message(&self, dir: Direction, packet: Option<SocketPacket>, text: &str) -> What {
        match (dir, packet) {
            (Direction::In, Some(SocketPacket::Connect { namespace, .. })) if namespace == self.namespace => {
                What::Connected
            }
            (Direction::In, Some(SocketPacket::ConnectError { namespace, data })) if namespace == self.namespace => {
                What::ConnectError { data: data.unwrap_or_default() }
            }
            (Direction::Out, Some(SocketPacket::Connect { .. })) => other(dir, "CONNECT"),
            (_, Some(SocketPacket::Event { namespace, args, .. })) if namespace == self.namespace => {
                let mut args = args.into_iter();
                match args.next() {
                    Some(Value::String(event)) => What::Event { dir, event, args: args.collect() },
                    _ => other(dir, text),
                }
            }
            _ => other(dir, &self.redactor.redact(text)),
        }
    }
}

fn other(dir: Direction, text: &str) -> What {
    What::Frame { dir, text: text.chars().take(FRAME_LIMIT).collect() }
}

/// The open packet's JSON.
fn handshake(text: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(text.strip_prefix('0')?).ok()?;
    value.get("sid")?.is_string().then_some(value)
}

/// The token of a CONNECT packet.
fn token_in(text: &str) -> Option<String> {
    let packet = SocketPacket::decode(text.strip_prefix('4')?).ok()?;
    let SocketPacket::Connect { data: Some(data), .. } = packet else { return None };
    data.get("token")?.as_str().map(str::to_owned)
}
