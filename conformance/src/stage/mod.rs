//! Stages perform scenarios against a target and write down what happens. They judge nothing.
//!
//! [`WireStage`] speaks the protocol itself, so that it can also send what no good client would.

mod ground;
mod log;
mod pace;
mod placeholder;
mod preflight;
mod socket;
mod wire;

pub use ground::Ground;
pub use log::{Recorder, ScenarioLog};
pub use pace::Pace;
pub use preflight::{PreflightError, preflight};
pub use wire::WireStage;

/// How many characters a message's nonce has.
pub const NONCE_LENGTH: usize = 11;

/// A fresh nonce: letters and digits that nobody types, `~` first so that it does not pass for a word.
pub(crate) fn nonce() -> String {
    std::iter::once('~').chain(std::iter::repeat_with(fastrand::alphanumeric).take(NONCE_LENGTH - 1)).collect()
}
