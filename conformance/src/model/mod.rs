//! Property tests: random scenarios, and a model that says for each message and each connection whether it must, must
//! not or may hear it.
//!
//! [`generate`] makes scripts, [`lower`] makes scenarios of them, a stage performs them as it does any other, and
//! [`judge`](judge::judge) reads the recording afterwards, as a history checker does. Nothing here opens a connection of
//! its own.

mod answers;
mod broadcasts;
mod contents;
pub mod diagram;
pub mod file;
pub mod generate;
mod hearing;
pub mod judge;
pub mod lower;
pub mod perform;
mod presence;
pub mod search;
mod shrink;
pub mod tell;
