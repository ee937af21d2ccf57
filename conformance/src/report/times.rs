//! How long the conversations took that verdicts were read from. A check itself takes no time worth telling.

use std::collections::HashMap;
use std::time::Duration;

use super::RunEvent;

/// The times of a run, by check.
#[derive(Debug, Default)]
pub(super) struct Times {
    /// By check id: the conversation's time, and how many verdicts it gave.
    checks: HashMap<&'static str, (Duration, u32)>,
}

impl Times {
    /// Takes down what an event tells.
    pub fn note(&mut self, event: &RunEvent<'_>) {
        if let RunEvent::ScenarioFinished { took, verdicts, .. } = event {
            let count = u32::try_from(verdicts.len()).unwrap_or(u32::MAX);
            self.checks.extend(verdicts.iter().map(|verdict| (verdict.id, (*took, count))));
        }
    }

    /// The longest conversation among these checks' own: they are held at the same time. None where a recording was judged.
    pub fn longest(&self, checks: impl IntoIterator<Item = &'static str>) -> Option<Duration> {
        checks.into_iter().filter_map(|id| self.checks.get(id)).map(|(took, _)| *took).max()
    }

    /// One verdict's share of its conversation, so that the shares of all verdicts add up to the conversations' times.
    pub fn share(&self, check: &str) -> Option<Duration> {
        self.checks.get(check).map(|(took, count)| *took / *count)
    }
}
