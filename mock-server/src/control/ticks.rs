//! How far agents' messages have come, by the receipts that customers' phones send. Bounded: of the last ten thousand.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use fixtures::webhooks::ReceiptStatus;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const REMEMBERED: usize = 10_000;

/// How far a message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Tick {
    /// It is on its way.
    Sent,
    /// The phone has it.
    Delivered,
    /// The customer has seen it.
    Read,
    /// It will never arrive.
    Failed,
}

impl From<ReceiptStatus> for Tick {
    fn from(status: ReceiptStatus) -> Self {
        match status {
            ReceiptStatus::Sent => Self::Sent,
            ReceiptStatus::Delivered => Self::Delivered,
            ReceiptStatus::Read => Self::Read,
            ReceiptStatus::Failed => Self::Failed,
        }
    }
}

impl From<Tick> for ReceiptStatus {
    fn from(tick: Tick) -> Self {
        match tick {
            Tick::Sent => Self::Sent,
            Tick::Delivered => Self::Delivered,
            Tick::Read => Self::Read,
            Tick::Failed => Self::Failed,
        }
    }
}

/// What is known of each message.
#[derive(Debug, Default)]
pub(crate) struct Ticks(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    by_id: HashMap<String, Tick>,
    oldest_first: VecDeque<String>,
}

impl Ticks {
    /// Notes a receipt. They come in no order: none takes back what a later one has said.
    pub(crate) fn note(&self, id: String, status: ReceiptStatus) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tick = Tick::from(status);
        if let Some(own) = known.by_id.get_mut(&id) {
            *own = tick.max(*own);
            return;
        }
        if known.oldest_first.len() == REMEMBERED
            && let Some(oldest) = known.oldest_first.pop_front()
        {
            known.by_id.remove(&oldest);
        }
        known.oldest_first.push_back(id.clone());
        known.by_id.insert(id, tick);
    }

    /// How far a message has come: it was sent, if nothing else is known.
    pub(crate) fn of(&self, id: &str) -> Tick {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.by_id.get(id).copied().unwrap_or(Tick::Sent)
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Known::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_that_comes_late_takes_nothing_back() {
        let ticks = Ticks::default();
        let note = |status| {
            ticks.note("1".to_owned(), status);
            ticks.of("1")
        };
        assert_eq!(ticks.of("1"), Tick::Sent);
        assert_eq!(note(ReceiptStatus::Delivered), Tick::Delivered);
        assert_eq!(note(ReceiptStatus::Read), Tick::Read);
        assert_eq!(note(ReceiptStatus::Delivered), Tick::Read);
        ticks.clear();
        assert_eq!(ticks.of("1"), Tick::Sent);
    }

    #[test]
    fn the_oldest_receipt_is_forgotten_first() {
        let ticks = Ticks::default();
        for n in 0..=REMEMBERED {
            ticks.note(n.to_string(), ReceiptStatus::Read);
        }
        assert_eq!([ticks.of("0"), ticks.of("1")], [Tick::Sent, Tick::Read]);
    }
}
