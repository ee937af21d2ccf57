//! The event log: everything that came in and went out, the last of it kept, without secrets.
//!
//! Bounded in number and in bytes. Whoever follows it asks for what is after the last entry seen, and is never waited
//! for: a reader that is too slow misses entries, and can tell by their numbers.

mod entry;
mod filter;
pub(crate) mod secrets;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::watch;

pub(crate) use entry::{ConnectionId, Entry, Happening, Kind};
pub(crate) use filter::{Direction, Filter};
pub(crate) use secrets::without_secrets;

/// How many entries are kept.
const MOST_ENTRIES: usize = 10_000;

/// How many bytes they may take together.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// The log. Shared by all that something happens to.
#[derive(Debug)]
pub(crate) struct Log {
    kept: Mutex<Kept>,
    newest: watch::Sender<u64>,
    clock: fn() -> Timestamp,
}

#[derive(Debug, Default)]
struct Kept {
    /// Oldest first, numbered without gaps.
    entries: VecDeque<Arc<Entry>>,
    bytes: usize,
    newest: u64,
}

impl Log {
    /// An empty log whose entries have this clock's times.
    pub(crate) fn new(clock: fn() -> Timestamp) -> Self {
        Self { kept: Mutex::default(), newest: watch::Sender::new(0), clock }
    }

    /// Adds what happened; the oldest entries make room.
    pub(crate) fn record(&self, what: Happening) {
        let mut kept = self.kept();
        kept.newest += 1;
        kept.bytes += what.size();
        let entry = Entry { number: kept.newest, time: (self.clock)(), what };
        kept.entries.push_back(Arc::new(entry));
        while kept.entries.len() > MOST_ENTRIES || kept.bytes > MOST_BYTES {
            let Some(oldest) = kept.entries.pop_front() else { break };
            kept.bytes -= oldest.what.size();
        }
        self.newest.send_replace(kept.newest);
    }

    /// Forgets all entries. Numbers go on.
    pub(crate) fn clear(&self) {
        let mut kept = self.kept();
        kept.entries.clear();
        kept.bytes = 0;
    }

    /// The number of the newest entry; 0 before the first.
    pub(crate) fn newest(&self) -> u64 {
        self.kept().newest
    }

    /// Tells of new entries.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    /// The entries after this number that the filter admits, oldest first: the newest `limit` of them.
    pub(crate) fn after(&self, number: u64, filter: &Filter, limit: usize) -> Vec<Arc<Entry>> {
        let kept = self.kept();
        let newest_first = kept.entries.iter().rev().take_while(|entry| entry.number > number);
        let mut entries: Vec<_> = newest_first.filter(|entry| filter.admits(entry)).take(limit).cloned().collect();
        entries.reverse();
        entries
    }

    /// The first entries after this number that the filter admits, and the number of the last that was looked at.
    pub(crate) fn next(&self, number: u64, filter: &Filter, limit: usize) -> (Vec<Arc<Entry>>, u64) {
        let kept = self.kept();
        let first = kept.entries.front().map_or(0, |entry| entry.number);
        let seen = usize::try_from((number + 1).saturating_sub(first)).unwrap_or(usize::MAX);
        let mut last = number;
        let unseen = kept.entries.iter().skip(seen).inspect(|entry| last = entry.number);
        let entries = unseen.filter(|entry| filter.admits(entry)).take(limit).cloned().collect();
        (entries, last)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
