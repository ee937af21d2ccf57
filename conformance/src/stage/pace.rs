//! How fast this target is in this run, and where the run's time goes.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::timeout;

/// The shortest quiet window: what a local server's loop needs to show a second copy.
const SHORTEST: Duration = Duration::from_millis(20);

/// The longest quiet window.
const LONGEST: Duration = Duration::from_millis(1000);

/// A wait of more than so many quiet windows is for what hardly comes any more.
const STALLED: u32 = 5;

/// The slowest answer seen so far, from which quiet windows follow, and time spent waiting by reason.
#[derive(Debug, Default)]
pub struct Pace {
    slowest_micros: AtomicU64,
    waited: Mutex<BTreeMap<&'static str, Duration>>,
    stalled: watch::Sender<usize>,
}

/// The steps of one conversation that are stalled at the moment; while there are any, the conversation is.
#[derive(Debug, Default)]
pub(super) struct Stalls(AtomicUsize);

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

    /// How many conversations wait at the moment for what hardly comes any more. They load neither the target nor us.
    pub fn stalled(&self) -> watch::Receiver<usize> {
        self.stalled.subscribe()
    }

    /// Performs a step; once it takes much longer than this target is known to, its conversation counts as stalled.
    pub(super) async fn watching<T>(&self, stalls: &Stalls, step: impl Future<Output = T>) -> T {
        let mut step = pin!(step);
        if let Ok(outcome) = timeout(self.quiet() * STALLED, &mut step).await {
            return outcome;
        }
        if stalls.0.fetch_add(1, Ordering::Relaxed) == 0 {
            self.stalled.send_modify(|stalled| *stalled += 1);
        }
        let outcome = step.await;
        if stalls.0.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.stalled.send_modify(|stalled| *stalled -= 1);
        }
        outcome
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
