//! What is really put into clients' buffers, and noted in the log: at once, or when the valve lets it.
//!
//! Who is to hear something is decided before (`outgoing`), so that what is held back reaches those who were there.

use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use socketioxide::extract::AckSender;
use socketioxide::socket::Sid;

use crate::client::{Client, Sent};
use crate::control::log::{Happening, Log};
use crate::valve::{Setting, Valve};

/// Something that is held back.
enum Held {
    Event { to: Vec<Client>, payload: Arc<RawValue>, what: Happening },
    Ack { to: Client, ack: AckSender, payload: Value },
}

/// The last thing before the clients' buffers.
pub(crate) struct Exit {
    log: Arc<Log>,
    valve: Valve<Held>,
}

impl Exit {
    /// One that lets everything through at once.
    pub(crate) fn new(log: Arc<Log>) -> Self {
        Self { log, valve: Valve::default() }
    }

    /// Sends an event, named in `what`, to these clients; gives those that are gone.
    pub(crate) fn send(&mut self, to: &[&Client], payload: Arc<RawValue>, what: Happening) -> Vec<Sid> {
        if self.valve.is_open() {
            return emit(&self.log, to.iter().copied(), &payload, what);
        }
        let to = to.iter().copied().cloned().collect();
        self.valve.hold(Held::Event { to, payload, what }, Instant::now());
        Vec::new()
    }

    /// Sends an acknowledgement to whoever asked for one; gives the client if it is gone.
    pub(crate) fn acknowledge(&mut self, to: &Client, ack: AckSender, payload: Value) -> Option<Sid> {
        if self.valve.is_open() {
            return acknowledge(to, ack, &payload);
        }
        self.valve.hold(Held::Ack { to: to.clone(), ack, payload }, Instant::now());
        None
    }

    /// When something that is held goes out next.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.valve.next_due()
    }

    /// Sends the next thing that is held and due; gives those that are gone.
    pub(crate) fn release(&mut self) -> Vec<Sid> {
        if self.valve.is_open() {
            return Vec::new();
        }
        match self.valve.take_due(Instant::now()) {
            Some(Held::Event { to, payload, what }) => emit(&self.log, to.iter(), &payload, what),
            Some(Held::Ack { to, ack, payload }) => acknowledge(&to, ack, &payload).into_iter().collect(),
            None => Vec::new(),
        }
    }

    /// How things flow, and how much is held.
    pub(crate) fn flow(&self) -> (Setting, usize) {
        (self.valve.setting(), self.valve.held())
    }

    /// From now on things flow so.
    pub(crate) fn set_flow(&mut self, setting: Setting) {
        self.valve.set(setting);
    }

    /// Forgets what is held, and lets everything through again.
    pub(crate) fn reset(&mut self) {
        self.valve = Valve::default();
    }
}

fn emit<'c>(log: &Log, to: impl Iterator<Item = &'c Client>, payload: &Arc<RawValue>, what: Happening) -> Vec<Sid> {
    let event = what.event.as_deref().unwrap_or_default();
    let gone = to.filter(|client| client.emit(event, payload) == Sent::Gone).map(Client::id).collect();
    log.record(what);
    gone
}

fn acknowledge(to: &Client, ack: AckSender, payload: &Value) -> Option<Sid> {
    (to.judge(ack.send(payload)) == Sent::Gone).then(|| to.id())
}

/// A payload, encoded once and not once a client.
pub(crate) fn encoded(payload: &Value) -> Option<Arc<RawValue>> {
    match to_raw_value(payload) {
        Ok(payload) => Some(payload.into()),
        Err(error) => {
            tracing::error!(%error, "a payload could not be encoded");
            None
        }
    }
}
