//! How often something may be done.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const WINDOW: Duration = Duration::from_secs(60);

/// So many times a minute, counted from the first.
#[derive(Debug)]
pub(crate) struct RateLimit {
    per_minute: Option<u32>,
    window: Mutex<Option<(Instant, u32)>>,
}

impl RateLimit {
    /// No limit at all for `None`.
    pub(crate) fn new(per_minute: Option<u32>) -> Self {
        Self { per_minute, window: Mutex::new(None) }
    }

    /// Counts one; where it is too much, how long to wait.
    pub(crate) fn take(&self) -> Result<(), Duration> {
        self.take_at(Instant::now())
    }

    fn take_at(&self, now: Instant) -> Result<(), Duration> {
        let Some(limit) = self.per_minute else { return Ok(()) };
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let (start, used) = window.filter(|(start, _)| now.duration_since(*start) < WINDOW).unwrap_or((now, 0));
        if used >= limit {
            return Err(WINDOW - now.duration_since(start));
        }
        *window = Some((start, used + 1));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_waits_for_the_next_minute() {
        let limit = RateLimit::new(Some(2));
        let start = Instant::now();
        assert_eq!(limit.take_at(start), Ok(()));
        assert_eq!(limit.take_at(start + Duration::from_secs(20)), Ok(()));
        assert_eq!(limit.take_at(start + Duration::from_secs(20)), Err(Duration::from_secs(40)));
        assert_eq!(limit.take_at(start + Duration::from_secs(60)), Ok(()));
    }

    #[test]
    fn without_a_limit_nothing_is_too_much() {
        let limit = RateLimit::new(None);
        assert!((0..1_000).all(|_| limit.take().is_ok()));
    }
}
