//! Stages perform scenarios against a target and write down what happens. They judge nothing.
//!
//! [`WireStage`] speaks the protocol itself, so that it can also send what no good client would.

mod asking;
mod crowd;
mod ground;
mod heartbeat;
mod log;
mod messages;
mod outside;
mod pace;
mod pages;
mod placeholder;
mod preflight;
mod probe;
mod restart;
mod socket;
mod stand_in;
mod wire;

pub use ground::Ground;
pub use log::{Recorder, ScenarioLog};
pub use pace::Pace;
pub use pages::{Doing, Pages, SHOWN_WITHIN, Scene, UP_WITHIN};
pub use preflight::{PreflightError, greeting, preflight, try_trigger};
pub(crate) use preflight::{is_away, reach};
pub use wire::WireStage;

use crate::recording::{NONCE_LENGTH, NONCE_START};

/// A fresh nonce: letters and digits that nobody types.
pub(crate) fn nonce() -> String {
    std::iter::once(NONCE_START).chain(std::iter::repeat_with(fastrand::alphanumeric).take(NONCE_LENGTH - 1)).collect()
}
