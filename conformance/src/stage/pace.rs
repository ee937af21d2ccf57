//! How fast this target is in this run, and where the run's time goes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The shortest quiet window: what a local server's loop needs to show a second copy.
const SHORTEST: Duration = Duration::from_millis(20);

/// The longest quiet window.
const LONGEST: Duration = Duration::from_millis(1000);

/// The slowest answer seen so far, from which quiet windows follow, and time spent waiting by reason.
#[derive(Debug, Default)]
pub struct Pace {
    slowest_micros: AtomicU64,
    waited: Mutex<BTreeMap<&'static str, Duration>>,
}

impl Pace {
    /// Takes note of how long an answer or a broadcast took.
    pub fn seen(&self, took: Duration) {
        self.slowest_micros.fetch_max(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// How long to watch a fenced socket: three times the slowest that this run has seen, within bounds.
    #[must_use]
    pub fn quiet(&self) -> Duration {
        Duration::from_micros(self.slowest_micros.load(Ordering::Relaxed)).saturating_mul(3).clamp(SHORTEST, LONGEST)
    }

    /// Accounts for the time since `from` under a reason.
    pub fn waited(&self, reason: &'static str, from: Instant) {
        self.add(reason, from.elapsed());
    }

    /// Accounts for time under a reason.
    pub fn add(&self, reason: &'static str, took: Duration) {
        *self.waited.lock().unwrap_or_else(PoisonError::into_inner).entry(reason).or_default() += took;
    }

    /// The account.
    #[must_use]
    pub fn account(&self) -> BTreeMap<&'static str, Duration> {
        self.waited.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
