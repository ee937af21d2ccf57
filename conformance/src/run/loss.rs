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
                | What::RestFailed { .. }
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
