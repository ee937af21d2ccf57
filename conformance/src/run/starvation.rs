//! A machine that has too little time for us: what then came late may have come in time, so no violation is found in it,
//! and it is performed again.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use super::Run;
use super::event::{Reporter, RunEvent};
use crate::recording::What;
use crate::scenarios::{Blueprint, Plan};

/// How often the machine is looked at.
const EVERY: Duration = Duration::from_millis(20);

/// A timer of ours that comes later than this part of what a broadcast may take leaves too little of that to the target.
const TOO_LATE: u32 = 4;

/// How often what this machine was too busy to tell the outcome of is performed again.
pub(super) const TRIES: usize = 2;

/// What was seen of the machine at one moment.
#[derive(Debug, Clone, Copy)]
struct Look {
    at: Instant,
    /// By how much the look came late.
    late: Duration,
}

/// Looks at the machine all the time, until it is dropped.
#[derive(Debug)]
pub(crate) struct Vigil {
    looks: Arc<Mutex<Vec<Look>>>,
    task: JoinHandle<()>,
}

impl Drop for Vigil {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Vigil {
    /// Begins to look.
    pub(crate) fn start() -> Self {
        let looks = Arc::<Mutex<Vec<Look>>>::default();
        let seen = Arc::clone(&looks);
        let task = tokio::spawn(async move {
            loop {
                let due = Instant::now() + EVERY;
                tokio::time::sleep_until(due.into()).await;
                let at = Instant::now();
                lock(&seen).push(Look { at, late: at.saturating_duration_since(due) });
            }
        });
        Self { looks, task }
    }

    /// Why what was seen between these moments tells nothing, where it does not. A broadcast may take `delivery`.
    pub(crate) fn starved(&self, from: Instant, until: Instant, delivery: Duration) -> Option<String> {
        starved(&lock(&self.looks), from, until, delivery)
    }
}

impl Run<'_> {
    /// Performs again, each by itself, what this machine was too busy for. Returns why it was stopped early.
    pub(super) async fn perform_starved(
        &mut self,
        plan: &Plan<'_>,
        reporter: &mut (dyn Reporter + Send),
        notices: &mut Vec<String>,
        mut stop: Pin<&mut impl Future<Output = String>>,
    ) -> io::Result<Option<String>> {
        while self.tries_left > 0 {
            self.tries_left -= 1;
            let due = std::mem::take(&mut self.starved);
            if !due.is_empty() {
                let names: Vec<&str> = due.iter().map(|blueprint| blueprint.name).collect();
                let notice = format!("this machine was too busy for {}: performed again", names.join(", "));
                reporter.on_event(&RunEvent::Notice(&notice))?;
                notices.push(notice);
            }
            let why = self.perform_all(plan, &due, 1, false, reporter, stop.as_mut()).await?;
            if why.is_some() {
                return Ok(why);
            }
        }
        Ok(None)
    }

    /// Writes down that there was too little time for a scenario that has just ended, if so.
    pub(super) fn was_starved(&self, blueprint: &Blueprint, took: Duration) -> bool {
        let now = Instant::now();
        let from = now.checked_sub(took).unwrap_or(now);
        let starved = self.vigil.starved(from, now, self.header.settings.delivery);
        match (self.recorder.log(blueprint.name), starved) {
            (Some(log), Some(reason)) => {
                log.write(None, What::Starved { reason });
                true
            }
            _ => false,
        }
    }
}

fn starved(looks: &[Look], from: Instant, until: Instant, delivery: Duration) -> Option<String> {
    // The one behind the end, too: it may have been due before.
    let beyond = looks.iter().position(|look| look.at > until).map_or(looks.len(), |index| index + 1);
    let late = looks[..beyond].iter().filter(|look| look.at >= from).map(|look| look.late).max()?;
    (late > delivery / TOO_LATE).then(|| format!("its timers came up to {} ms late", late.as_millis()))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELIVERY: Duration = Duration::from_secs(2);

    fn looks(start: Instant, seen: &[(u64, u64)]) -> Vec<Look> {
        let look = |&(at, late)| Look { at: start + Duration::from_millis(at), late: Duration::from_millis(late) };
        seen.iter().map(look).collect()
    }

    #[test]
    fn a_busy_machine_is_no_starved_one() {
        let start = Instant::now();
        let busy = looks(start, &[(20, 3), (40, 90), (60, 1)]);
        assert_eq!(starved(&busy, start, start + DELIVERY, DELIVERY), None);
        assert_eq!(starved(&[], start, start + DELIVERY, DELIVERY), None);
    }

    #[test]
    fn timers_that_come_late_are_told() {
        let start = Instant::now();
        let late = looks(start, &[(20, 3), (700, 640)]);
        let why = starved(&late, start, start + Duration::from_millis(600), DELIVERY).unwrap_or_default();
        assert_eq!(why, "its timers came up to 640 ms late");
    }

    #[test]
    fn what_came_before_or_after_tells_nothing() {
        let start = Instant::now();
        let ms = |ms| start + Duration::from_millis(ms);
        let around = looks(start, &[(20, 900), (1_000, 3), (1_200, 3), (3_000, 900)]);
        assert_eq!(starved(&around, ms(500), ms(1_100), DELIVERY), None);
    }
}
