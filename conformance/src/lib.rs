//! Checks any backend, in any language, by its URL.
//!
//! Scenarios drive, checks judge: a [`scenario`] is a list of steps, a [`stage`] performs them against a [`target`] and
//! writes a [`recording`], and the [`checks`] are pure functions from the recording to [`verdict`]s. [`run`] puts these
//! together and tells reporters what happens; [`model`] does the same with random scenarios.

pub mod checks;
pub mod cli;
pub mod config;
pub mod conversation;
pub mod diagnosis;
pub mod model;
pub mod net;
pub mod recording;
pub mod report;
pub mod run;
pub mod scenario;
pub mod scenarios;
pub mod stage;
pub mod target;
pub mod verdict;
pub mod wire;
