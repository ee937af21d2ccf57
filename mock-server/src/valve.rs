//! Holding back what is sent, for whoever wants to see a slow, a stopped or a disorderly network. Open by default: then
//! nothing comes in here.
//!
//! What is held and what becomes of it is the caller's; this keeps the order and the times.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How much may be held; when there is more, the oldest goes out.
const MOST_HELD: usize = 10_000;

/// The longest that something may be held by a setting, in milliseconds: ten minutes.
pub(crate) const LONGEST_MS: u64 = 600_000;

/// How what is sent to pages flows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Setting {
    /// Nothing goes out until this is `false` again; then everything does, in order.
    pub paused: bool,
    /// Everything goes out this much later, in order.
    #[schema(maximum = 600_000)]
    pub delay_ms: u64,
    /// Everything goes out later by a random time up to this, so that events overtake one another.
    #[schema(maximum = 600_000)]
    pub reorder_ms: u64,
}

/// What is held back, in the order in which it goes out.
#[derive(Debug)]
pub(crate) struct Valve<T> {
    setting: Setting,
    held: BTreeMap<(Instant, u64), T>,
    /// Tells apart what is due at the same instant.
    count: u64,
    /// Before this, nothing that comes now may go out, unless disorder is wanted.
    last_due: Option<Instant>,
    random: fastrand::Rng,
}

impl<T> Default for Valve<T> {
    fn default() -> Self {
        Self {
            setting: Setting::default(),
            held: BTreeMap::new(),
            count: 0,
            last_due: None,
            // Always the same disorder, so that a test that failed can be run again.
            random: fastrand::Rng::with_seed(0),
        }
    }
}

impl<T> Valve<T> {
    /// Whether what is sent now goes straight out.
    pub(crate) fn is_open(&self) -> bool {
        self.held.is_empty() && self.setting == Setting::default()
    }

    /// How things flow.
    pub(crate) fn setting(&self) -> Setting {
        self.setting
    }

    /// How much is held.
    pub(crate) fn held(&self) -> usize {
        self.held.len()
    }

    /// From now on things flow so. What is held already keeps its time.
    pub(crate) fn set(&mut self, setting: Setting) {
        self.setting = setting;
    }

    /// Takes something in.
    pub(crate) fn hold(&mut self, thing: T, now: Instant) {
        let Setting { delay_ms, reorder_ms, .. } = self.setting;
        let mut due = now + Duration::from_millis(delay_ms.min(LONGEST_MS));
        if reorder_ms > 0 {
            due += Duration::from_millis(self.random.u64(0..=reorder_ms.min(LONGEST_MS)));
        } else if let Some(last) = self.last_due {
            due = due.max(last);
        }
        self.last_due = self.last_due.max(Some(due));
        self.count += 1;
        self.held.insert((due, self.count), thing);
    }

    /// Gives out the next thing whose time has come, or for which there is no more room.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<T> {
        let is_full = self.held.len() > MOST_HELD;
        let first = self.held.first_entry()?;
        let is_due = !self.setting.paused && first.key().0 <= now;
        (is_full || is_due).then(|| first.remove())
    }

    /// When something is to be taken out next; never, while it is paused.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        let (first, _) = self.held.first_key_value()?;
        (!self.setting.paused).then_some(first.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What goes out within so many milliseconds.
    fn taken(valve: &mut Valve<u32>, start: Instant, ms: u64) -> Vec<u32> {
        std::iter::from_fn(|| valve.take_due(start + Duration::from_millis(ms))).collect()
    }

    #[test]
    fn what_is_delayed_goes_out_in_order_even_when_the_delay_ends() {
        let (mut valve, start) = (Valve::default(), Instant::now());
        assert!(valve.is_open());
        valve.set(Setting { delay_ms: 100, ..Setting::default() });
        (0..3).for_each(|n| valve.hold(n, start));
        assert!(taken(&mut valve, start, 99).is_empty());
        valve.set(Setting::default());
        assert!(!valve.is_open(), "what comes now must not overtake what is held");
        valve.hold(3, start);
        assert_eq!(taken(&mut valve, start, 100), [0, 1, 2, 3]);
        assert!(valve.is_open());
    }

    #[test]
    fn a_pause_holds_everything_until_it_ends() {
        let (mut valve, start) = (Valve::default(), Instant::now());
        valve.set(Setting { paused: true, ..Setting::default() });
        (0..3).for_each(|n| valve.hold(n, start));
        assert_eq!((taken(&mut valve, start, 10_000), valve.next_due(), valve.held()), (vec![], None, 3));
        valve.set(Setting::default());
        assert_eq!(taken(&mut valve, start, 0), [0, 1, 2]);
    }

    #[test]
    fn reordering_loses_nothing_and_keeps_no_order() {
        let (mut valve, start) = (Valve::default(), Instant::now());
        valve.set(Setting { reorder_ms: 100, ..Setting::default() });
        (0..100).for_each(|n| valve.hold(n, start));
        let mut out = taken(&mut valve, start, 100);
        assert!(!out.is_sorted());
        out.sort_unstable();
        assert_eq!(out, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_too_much_pushes_the_oldest_out() {
        let (mut valve, start) = (Valve::default(), Instant::now());
        valve.set(Setting { paused: true, ..Setting::default() });
        (0..=MOST_HELD as u32).for_each(|n| valve.hold(n, start));
        assert_eq!(taken(&mut valve, start, 0), [0]);
    }
}
