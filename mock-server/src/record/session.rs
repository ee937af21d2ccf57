//! One connection of a page: what its packets say, as the suite would have written it down.
//!
//! Engine.IO v4 and Socket.IO v5. What is not understood is passed on all the same, and stands there as a frame.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use fixtures::recording::{Direction, Peer, TokenPlace, TokenUse, Transport, What};
use serde_json::Value;

use super::tape::Tape;

/// How much of a frame that is no event is kept, in characters.
const LONGEST_FRAME: usize = 400;

/// A page's connection.
pub(super) struct Session {
    peer: Peer,
    namespace: String,
    tape: Arc<Tape>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// How many pings have come, and when the last did.
    fences: u32,
    fenced: Option<Instant>,
    closed: bool,
}

impl Session {
    /// One that is about to be opened.
    pub(super) fn opening(tape: &Arc<Tape>, namespace: &str, transport: Transport, query: Option<&str>) -> Arc<Self> {
        let session = Self {
            peer: tape.next_page(),
            namespace: namespace.to_owned(),
            tape: Arc::clone(tape),
            state: Mutex::default(),
        };
        let place = match super::parameter(query, "token") {
            Some(_) => TokenPlace::Query,
            None => TokenPlace::Auth,
        };
        // Whether the token is a good one is for the backend to say.
        session.note(What::Opening { transport, token: TokenUse::Good, place });
        Arc::new(session)
    }

    fn note(&self, what: What) {
        self.tape.write(Some(&self.peer), what);
    }

    /// It was refused before it was open.
    pub(super) fn refused(&self, reason: String, status: Option<u16>) {
        self.note(What::OpenFailed { reason, status });
    }

    /// It has ended, by the page or otherwise; the first time counts.
    pub(super) fn closed(&self, by_page: bool, detail: &str) {
        let mut state = self.state();
        if !std::mem::replace(&mut state.closed, true) {
            self.quiet(&state);
            self.note(What::Closed { by_us: by_page, detail: detail.to_owned() });
        }
    }

    /// Whether it has ended.
    pub(super) fn is_closed(&self) -> bool {
        self.state().closed
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Packets of a polling request or answer.
    pub(super) fn payload(&self, direction: Direction, payload: &str) -> Option<String> {
        payload.split('\x1e').filter_map(|packet| self.packet(direction, packet)).last()
    }

    /// A packet. Gives the session's id, where it is the one that tells it.
    pub(super) fn packet(&self, direction: Direction, packet: &str) -> Option<String> {
        let (kind, rest) = packet.split_at_checked(1).unwrap_or_default();
        match (direction, kind) {
            (Direction::In, "0") => return self.opened(rest),
            (Direction::In, "2") => self.pinged(packet),
            (Direction::Out, "5") => {
                self.frame(direction, packet);
                self.note(What::Upgraded);
            }
            (_, "1") => {
                self.frame(direction, packet);
                self.closed(direction == Direction::Out, "a close packet");
            }
            (_, "4") => self.message(direction, packet, rest),
            _ => self.frame(direction, packet),
        }
        None
    }

    fn frame(&self, dir: Direction, text: &str) {
        let text = self.tape.hidden_text(text);
        self.note(What::Frame { dir, text: text.chars().take(LONGEST_FRAME).collect() });
    }

    fn opened(&self, json: &str) -> Option<String> {
        let mut handshake: Value = serde_json::from_str(json).unwrap_or_default();
        let sid = handshake["sid"].as_str().map(ToOwned::to_owned);
        if let Some(sid) = &sid {
            self.tape.learn_sid(sid);
            handshake["sid"] = "*".repeat(sid.len()).into();
        }
        self.note(What::Opened { handshake });
        sid
    }

    /// A ping comes behind all that the server has had for this connection, as the answer to a fence does.
    fn pinged(&self, packet: &str) {
        self.frame(Direction::In, packet);
        let mut state = self.state();
        self.quiet(&state);
        let fence = state.fences;
        self.note(What::FenceSent { fence });
        self.note(What::FenceBack { fence });
        state.fences += 1;
        state.fenced = Some(Instant::now());
    }

    /// It was watched since the last ping.
    fn quiet(&self, state: &State) {
        if let Some(since) = state.fenced {
            self.note(What::Quiet { window: since.elapsed() });
        }
    }

    /// A Socket.IO packet: `4`, its kind, its namespace unless that is `/`, the id of an acknowledgement, JSON.
    fn message(&self, direction: Direction, packet: &str, rest: &str) {
        let (kind, rest) = rest.split_at_checked(1).unwrap_or_default();
        let (namespace, rest) = match rest.split_once(',') {
            Some((namespace, rest)) if namespace.starts_with('/') => (namespace, rest),
            None if rest.starts_with('/') => (rest, ""),
            _ => ("/", rest),
        };
        let json = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
        let value = || self.tape.hidden(serde_json::from_str(json).unwrap_or_default());
        let is_own = namespace.split('?').next() == Some(self.namespace.as_str());
        match (direction, kind) {
            _ if !is_own => self.frame(direction, packet),
            (Direction::In, "0") => {
                if let Ok(Value::Object(told)) = serde_json::from_str(json)
                    && let Some(sid) = told.get("sid").and_then(Value::as_str)
                {
                    self.tape.learn_sid(sid);
                }
                self.note(What::Connected);
            }
            // What it carries is the token.
            (Direction::Out, "0") => self.frame(direction, packet.get(..2).unwrap_or_default()),
            (_, "1") => {
                self.frame(direction, packet);
                self.closed(direction == Direction::Out, "a disconnect packet");
            }
            (Direction::In, "4") => self.note(What::ConnectError { data: value() }),
            (dir, "2") => match value() {
                Value::Array(mut args) if args.first().is_some_and(Value::is_string) => {
                    let event = args.remove(0).as_str().unwrap_or_default().to_owned();
                    self.note(What::Event { dir, event, args });
                }
                _ => self.frame(direction, packet),
            },
            (dir, "3") => {
                let id = &rest[..rest.len() - json.len()];
                self.frame(dir, &format!("43{id}{}", value()));
            }
            _ => self.frame(direction, packet),
        }
    }
}
