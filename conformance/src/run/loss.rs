//! A target that goes away in mid-run: what it broke off is not held against it.

use crate::recording::What;
use crate::stage::{Ground, ScenarioLog, is_away, reach};

/// Whether something broke off that a target which is going away would break off, too.
pub(super) fn saw_trouble(log: &ScenarioLog) -> bool {
    let is_trouble = |what: &What| {
        matches!(
            what,
            What::Closed { by_us: false, .. }
                | What::OpenFailed { status: None, .. }
                | What::NotAccepted { throttled: false, .. }
                | What::ConnectTimedOut
                | What::RestFailed { .. }
                | What::ProbeFailed { .. }
                | What::LoginTried { status: None, .. }
        )
    };
    log.find(|entry| is_trouble(&entry.what).then_some(())).is_some()
}

/// Writes down that the target is gone, if it is. Whether it is.
pub(super) async fn note_loss(ground: &Ground, log: &ScenarioLog) -> bool {
    match reach(&ground.target).await {
        Err(error) if is_away(&error) => {
            let reason = ground.target.redactor.redact(&error.to_string()).into_owned();
            log.write(None, What::TargetLost { reason });
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::LoginCase;
    use crate::stage::Recorder;

    #[test]
    fn what_is_not_answered_is_trouble_whoever_asked() {
        let recorder = Recorder::start();
        let (probe, request, reason) = ("origin".into(), "GET /ws/".to_owned(), "connection reset".to_owned());
        for what in [
            What::ConnectTimedOut,
            What::ProbeFailed { probe, request, reason: reason.clone(), timed_out: false },
            What::LoginTried { login: LoginCase::WrongPassword, asked: true, status: None, reason: Some(reason) },
        ] {
            let log = recorder.scenario("one".into());
            log.write(
                None,
                What::LoginTried { login: LoginCase::WrongPassword, asked: true, status: Some(401), reason: None },
            );
            assert!(!saw_trouble(&log));
            log.write(None, what);
            assert!(saw_trouble(&log));
        }
    }
}
