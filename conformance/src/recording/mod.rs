//! The recording: all that happened in a run, written down before anything is judged. See [`fixtures::recording`]: the
//! mock's `record` writes the same.

#[cfg(test)]
pub(crate) mod tape;

pub use fixtures::recording::*;
