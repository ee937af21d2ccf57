//! The command as its user meets it: each kind of bad input is answered with one clear message, the next step and the
//! right exit code, and what was recorded so far is kept.
//!
//! Targets are the mock, or the mock behind a [`Front`](support::Front) that answers in its place.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

mod arguments;
mod configuration;
mod interruption;
mod output;
mod properties;
mod recordings;
mod secrets;
mod targets;
mod triggers;
