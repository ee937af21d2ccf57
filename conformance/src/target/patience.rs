//! Rate limits: a 429 is no violation, so the suite waits as long as it is asked to, within bounds, and says so.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode, header};

use super::notices::Notices;
use crate::net::{Answer, HttpClient, HttpError, Request};

/// How long to wait where a 429 does not say.
const DEFAULT_WAIT: Duration = Duration::from_secs(1);
/// The least wait before the second try, doubled for each further one: a server may ask for zero seconds, for ever.
const FIRST_WAIT: Duration = Duration::from_millis(50);

/// An answer and the time that it cost to be allowed to have it.
pub(super) struct Patient {
    /// The last answer; a 429 only when the patience was not enough.
    pub answer: Answer,
    /// How long was waited between the tries.
    pub throttled: Duration,
    /// The further wait that the last 429 asked for, which was too long.
    pub asked: Duration,
}

/// Sends a request, and again after each 429, waiting as its `Retry-After` asks; `patience` bounds the waits' sum.
pub(super) async fn send(
    http: &HttpClient,
    request: Request,
    deadline: Duration,
    patience: Duration,
    notices: &Notices,
) -> Result<Patient, HttpError> {
    let mut throttled = Duration::ZERO;
    let mut least = FIRST_WAIT;
    loop {
        let answer = http.send(request.clone(), deadline).await?;
        if answer.status != StatusCode::TOO_MANY_REQUESTS {
            return Ok(Patient { answer, throttled, asked: Duration::ZERO });
        }
        let wait = retry_after(&answer.headers, SystemTime::now()).max(least);
        if throttled + wait > patience {
            return Ok(Patient { answer, throttled, asked: wait });
        }
        notices.tell(&format!(
            "{} is rate-limited (429): the run waits as it is asked to",
            request.shown(http.endpoint())
        ));
        tokio::time::sleep(wait).await;
        throttled += wait;
        least *= 2;
    }
}

/// What `Retry-After` asks for: seconds, or a date (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Duration {
    let Some(text) = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()) else {
        return DEFAULT_WAIT;
    };
    if let Ok(seconds) = text.trim().parse() {
        return Duration::from_secs(seconds);
    }
    match jiff::fmt::rfc2822::parse(text.trim()) {
        Ok(date) => SystemTime::from(date.timestamp()).duration_since(now).unwrap_or(Duration::ZERO),
        Err(_) => DEFAULT_WAIT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(value: &'static str) -> Duration {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        retry_after(&HeaderMap::from_iter([(header::RETRY_AFTER, http::HeaderValue::from_static(value))]), now)
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(asked("3"), Duration::from_secs(3));
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:47 GMT"), Duration::from_secs(10));
        assert_eq!(asked("Sun, 06 Nov 1994 08:00:00 GMT"), Duration::ZERO);
        assert_eq!(asked("soon"), DEFAULT_WAIT);
        assert_eq!(retry_after(&HeaderMap::new(), SystemTime::now()), DEFAULT_WAIT);
    }
}
