//! Where entries are written down as they happen, and where steps wait for them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::recording::{Entry, Peer, What};

/// The clock and the scenarios of a run.
#[derive(Debug)]
pub struct Recorder {
    started: Instant,
    scenarios: Mutex<Vec<Arc<ScenarioLog>>>,
}

impl Recorder {
    /// Starts the clock.
    #[must_use]
    pub fn start() -> Self {
        Self { started: Instant::now(), scenarios: Mutex::new(Vec::new()) }
    }

    /// A log for one more scenario; a new one for a scenario that is performed again.
    pub fn scenario(&self, name: Arc<str>) -> Arc<ScenarioLog> {
        let log = Arc::new(ScenarioLog {
            name,
            started: self.started,
            entries: Mutex::new(Vec::new()),
            changed: Notify::new(),
        });
        let mut scenarios = lock(&self.scenarios);
        scenarios.retain(|earlier| earlier.name != log.name);
        scenarios.push(Arc::clone(&log));
        drop(scenarios);
        log
    }

    /// A scenario's log, once it has begun.
    #[must_use]
    pub fn log(&self, name: &str) -> Option<Arc<ScenarioLog>> {
        lock(&self.scenarios).iter().find(|log| &*log.name == name).cloned()
    }

    /// What one scenario has written so far.
    #[must_use]
    pub fn entries_of(&self, name: &str) -> Vec<Arc<Entry>> {
        self.log(name).map(|log| log.entries()).unwrap_or_default()
    }

    /// Everything written so far by all scenarios, in the order of time.
    #[must_use]
    pub fn entries(&self) -> Vec<Arc<Entry>> {
        let mut all: Vec<Arc<Entry>> = lock(&self.scenarios).iter().flat_map(|log| log.entries()).collect();
        all.sort_by_key(|entry| entry.at);
        all
    }
}

/// The entries of one scenario.
#[derive(Debug)]
pub struct ScenarioLog {
    name: Arc<str>,
    started: Instant,
    entries: Mutex<Vec<Arc<Entry>>>,
    changed: Notify,
}

impl ScenarioLog {
    /// Writes an entry that happens now.
    pub fn write(&self, peer: Option<&Peer>, what: What) -> Duration {
        self.write_at(Instant::now(), peer, None, what)
    }

    /// Writes an entry that happened at `when`, over the local `port`.
    pub fn write_at(&self, when: Instant, peer: Option<&Peer>, port: Option<u16>, what: What) -> Duration {
        let at = when.saturating_duration_since(self.started);
        let entry = Entry { at, scenario: Arc::clone(&self.name), peer: peer.cloned(), port, what };
        lock(&self.entries).push(Arc::new(entry));
        self.changed.notify_waiters();
        at
    }

    /// How many entries there are: a place to wait from.
    pub fn position(&self) -> usize {
        lock(&self.entries).len()
    }

    /// All entries so far.
    pub fn entries(&self) -> Vec<Arc<Entry>> {
        lock(&self.entries).clone()
    }

    /// Looks at every entry from `position` on, including those still to come, until `found` says so or the deadline is
    /// over.
    pub async fn wait<T>(
        &self,
        position: usize,
        deadline: Instant,
        mut found: impl FnMut(&Entry) -> Option<T>,
    ) -> Option<T> {
        let mut next = position;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            {
                let entries = lock(&self.entries);
                for entry in &entries[next..] {
                    if let Some(value) = found(entry) {
                        return Some(value);
                    }
                }
                next = entries.len();
            }
            if tokio::time::timeout_at(deadline.into(), changed).await.is_err() {
                return None;
            }
        }
    }

    /// Looks once at what is there.
    pub fn find<T>(&self, found: impl FnMut(&Entry) -> Option<T>) -> Option<T> {
        self.find_from(0, found)
    }

    /// Looks once at what is there from `position` on.
    pub fn find_from<T>(&self, position: usize, mut found: impl FnMut(&Entry) -> Option<T>) -> Option<T> {
        lock(&self.entries)[position..].iter().find_map(|entry| found(entry))
    }
}

/// A panic elsewhere must not hide what was recorded.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
