//! A machine that has too little time for us: what then came late may have come in time, so no violation is found in it,
//! and it is performed again.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use super::event::{Reporter, RunEvent};
use super::{During, Run};
use crate::recording::What;
use crate::scenarios::{Blueprint, Plan};

/// How often the machine is looked at.
const EVERY: Duration = Duration::from_millis(20);

/// A timer of ours that comes later than this part of what a broadcast may take leaves too little of that to the target.
const TOO_LATE: u32 = 4;

/// And so do many that come late, if that is more than this part, of four, of as long as a broadcast may take.
const TOO_OFTEN_LATE: u32 = 3;

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
    began: Instant,
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
        Self { began: Instant::now(), looks, task }
    }

    /// Why what was seen between these moments tells nothing, where it does not. A broadcast may take `delivery`.
    pub(crate) fn starved(&self, from: Instant, until: Instant, delivery: Duration) -> Option<String> {
        let mut looks = lock(&self.looks).clone();
        // One that should have been taken by now is as late as it is already.
        let now = Instant::now();
        let due = looks.last().map_or(self.began, |look| look.at) + EVERY;
        looks.push(Look { at: now.max(due), late: now.saturating_duration_since(due) });
        starved(&looks, from, until, delivery)
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
        while !self.starved.is_empty() {
            self.tries_left -= 1;
            let due = std::mem::take(&mut self.starved);
            let names: Vec<&str> = due.iter().map(|blueprint| blueprint.name).collect();
            let notice = format!("this machine was too busy for {}: performed again", names.join(", "));
            reporter.on_event(&RunEvent::Notice(&notice))?;
            notices.push(notice);
            let why = self.perform_all(plan, &due, 1, false, reporter, stop.as_mut()).await?;
            if why.is_some() {
                return Ok(why);
            }
        }
        Ok(None)
    }

    /// Writes down that there was too little time for a scenario that was performed then, if so.
    pub(super) fn was_starved(&self, blueprint: &Blueprint, during: &During) -> bool {
        let starved = self.vigil.starved(during.start, during.end, self.header.settings.delivery);
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
    // The one behind the end, too, if it was due before.
    let concerns = |look: &&Look| look.at >= from && (look.at <= until || look.at - look.late < until);
    let seen: Vec<&Look> = looks.iter().filter(concerns).collect();
    let latest = seen.iter().map(|look| look.late).max()?;
    if latest > delivery / TOO_LATE {
        return Some(format!("its timers came up to {} ms late", latest.as_millis()));
    }
    // A machine that is given to others most of the time is late at each look, by little.
    let (mut first, mut late) = (0, Duration::ZERO);
    let most = seen.iter().map(|look| {
        late += look.late;
        while look.at.duration_since(seen[first].at) > delivery {
            late -= seen[first].late;
            first += 1;
        }
        late
    });
    let most = most.max()?;
    (most > delivery * TOO_OFTEN_LATE / 4)
        .then(|| format!("its timers were late for {} ms of {} ms", most.as_millis(), delivery.as_millis()))
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
    fn timers_that_are_late_most_of_the_time_are_told() {
        let start = Instant::now();
        // Of each 100 ms the machine has 10 for us.
        let seen: Vec<(u64, u64)> = (1..=60).map(|turn| (turn * 100, 80)).collect();
        let slow = looks(start, &seen);
        let why = starved(&slow, start, start + DELIVERY * 3, DELIVERY).unwrap_or_default();
        assert_eq!(why, "its timers were late for 1680 ms of 2000 ms");
        // As much in all, and never much within as long as a broadcast may take.
        let seen: Vec<(u64, u64)> = (1..=60).map(|turn| (turn * 1_000, 80)).collect();
        assert_eq!(starved(&looks(start, &seen), start, start + DELIVERY * 30, DELIVERY), None);
    }

    #[tokio::test]
    async fn a_look_that_is_overdue_counts_before_it_is_taken() {
        let vigil = Vigil::start();
        let from = Instant::now();
        // The one thread that there is has no time for anything else.
        std::thread::sleep(Duration::from_millis(120));
        let why = vigil.starved(from, Instant::now(), Duration::from_millis(200));
        assert!(why.is_some_and(|why| why.starts_with("its timers came up to ")), "it was not seen");
    }

    #[test]
    fn what_came_before_or_after_tells_nothing() {
        let start = Instant::now();
        let ms = |ms| start + Duration::from_millis(ms);
        let around = looks(start, &[(20, 900), (1_000, 3), (1_200, 3), (3_000, 900)]);
        assert_eq!(starved(&around, ms(500), ms(1_100), DELIVERY), None);
    }
}
