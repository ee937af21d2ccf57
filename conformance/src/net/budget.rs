//! One deadline that is shared by the steps of an operation: resolving, connecting, TLS, the answer.

use std::time::{Duration, Instant};

use tokio::time::error::Elapsed;

/// How long an operation may take in all, counted from when the budget was made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    started: Instant,
    limit: Duration,
}

impl Budget {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { started: Instant::now(), limit }
    }

    /// The whole of it, for messages.
    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }

    pub(crate) fn remaining(&self) -> Duration {
        self.limit.saturating_sub(self.started.elapsed())
    }

    /// Runs `future` for as long as the budget lasts.
    pub(crate) async fn bound<F: Future>(&self, future: F) -> Result<F::Output, Elapsed> {
        tokio::time::timeout(self.remaining(), future).await
    }
}
