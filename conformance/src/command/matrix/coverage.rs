//! Requirements that no fault trips: a check of which nobody has seen that it can fail. Pages have variants for that, which
//! the tests of the browser part try.

use conformance::checks;
use fixtures::Level;
use mock_server::faults::EXCLUDED;
use serde::Serialize;

use super::row::Row;

/// A requirement with a check that no fault trips.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Untripped {
    /// Its id.
    pub requirement: &'static str,
    /// Why no fault can; without a reason, one is missing.
    pub excluded: Option<&'static str>,
}

impl Untripped {
    /// Whether there is a reason.
    pub(super) fn is_excused(&self) -> bool {
        self.excluded.is_some()
    }
}

/// The requirements, MUST and SHOULD, whose check none of these rows trips as it is declared.
pub(super) fn untripped(rows: &[Row]) -> Vec<Untripped> {
    checks::of_backends()
        .filter(|check| check.requirement().level != Level::May)
        .filter(|check| !rows.iter().any(|row| row.trips(check.id)))
        .map(|check| {
            let reason = EXCLUDED.iter().find(|(id, _)| *id == check.id).map(|(_, reason)| *reason);
            Untripped { requirement: check.id, excluded: reason }
        })
        .collect()
}
