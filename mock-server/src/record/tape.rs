//! The recording as it is written: a line at a time, without secrets, so that it is whole up to wherever it is cut off.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, Write};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fixtures::Contract;
use fixtures::recording::{Entry, FORMAT, Header, Peer, Settings, WATCHED, What, write_line};
use serde_json::Value;

use crate::control::log::secrets;

/// How long a broadcast may take, and how far clocks may differ: what the suite has unless it is told otherwise.
const DELIVERY: Duration = Duration::from_secs(2);
const SKEW: Duration = Duration::from_secs(60);

/// The recording.
pub(super) struct Tape {
    started: Instant,
    out: Mutex<Out>,
    /// The ids of sessions, which open them to whoever knows them.
    sids: Mutex<HashSet<String>>,
    /// The ids of the messages that were delivered so far.
    delivered: Mutex<HashSet<String>>,
    pages: AtomicU32,
    triggers: AtomicU32,
}

struct Out {
    writer: Box<dyn Write + Send>,
    /// Whether it has been said that nothing more can be written.
    failed: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Tape {
    /// Writes the header.
    pub(super) fn begin(mut writer: Box<dyn Write + Send>, contract: &Contract, target: &str) -> io::Result<Self> {
        let header = Header {
            recording: FORMAT,
            suite: env!("CARGO_PKG_VERSION").to_owned(),
            target: target.to_owned(),
            started: jiff::Timestamp::now(),
            contract: contract.clone(),
            settings: Settings {
                delivery: DELIVERY,
                skew: SKEW,
                lacks: Vec::new(),
                lacks_because: BTreeMap::new(),
                console: None,
            },
        };
        write_line(&mut writer, &header)?;
        writer.flush()?;
        let tape = Self {
            started: Instant::now(),
            out: Mutex::new(Out { writer, failed: false }),
            sids: Mutex::default(),
            delivered: Mutex::default(),
            pages: AtomicU32::new(0),
            triggers: AtomicU32::new(0),
        };
        tape.write(None, What::Began);
        Ok(tape)
    }

    /// Writes what happens now.
    pub(super) fn write(&self, peer: Option<&Peer>, what: What) {
        let mut out = lock(&self.out);
        // Under the lock, so that lines stand in the order of their times.
        let at = self.started.elapsed();
        let entry = Entry { at, scenario: WATCHED.into(), peer: peer.cloned(), port: None, what };
        let Out { writer, failed } = &mut *out;
        if let Err(error) = write_line(writer, &entry).and_then(|()| writer.flush())
            && !std::mem::replace(failed, true)
        {
            tracing::error!("the recording cannot be written on: {error}; what is passed on now is lost to it");
        }
    }

    /// Writes that it is whole.
    pub(super) fn end(&self) {
        self.write(None, What::Ended { error: None });
    }

    /// A name for a connection that opens.
    pub(super) fn next_page(&self) -> Peer {
        Peer { actor: format!("page-{}", self.pages.fetch_add(1, Ordering::Relaxed) + 1).into(), connection: 1 }
    }

    /// A number for a webhook call.
    pub(super) fn next_trigger(&self) -> u32 {
        self.triggers.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether a message with this id has not been delivered before.
    pub(super) fn is_new(&self, id: &str) -> bool {
        lock(&self.delivered).insert(id.to_owned())
    }

    /// From now on this is a secret.
    pub(super) fn learn_sid(&self, sid: &str) {
        lock(&self.sids).insert(sid.to_owned());
    }

    /// A value with its secrets hidden.
    pub(super) fn hidden(&self, mut value: Value) -> Value {
        let sids = lock(&self.sids);
        secrets::hide(&mut value, &|text| sids.contains(text));
        value
    }

    /// A text with its secrets hidden: JSON by its keys, anything else by its words.
    pub(super) fn hidden_text(&self, text: &str) -> String {
        match serde_json::from_str::<Value>(text) {
            Ok(value @ (Value::Object(_) | Value::Array(_))) => {
                let hidden = self.hidden(value.clone());
                // What has no secrets stays as it was, to the last space.
                if hidden == value { text.to_owned() } else { hidden.to_string() }
            }
            _ => match self.hidden(Value::String(text.to_owned())) {
                Value::String(hidden) => hidden,
                _ => String::new(),
            },
        }
    }
}
