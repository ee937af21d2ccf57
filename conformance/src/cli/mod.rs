//! What the commands of this project have in common: flags, the way to a backend, where reports go, exit codes.
//!
//! `conformance` and `browser-tests` are made of it; each brings its own subcommands, and its own embedded mock.

mod args;
pub mod output;
mod recording;
mod target;

use std::fmt::Display;

use crate::checks::Check;
use crate::report::Detail;
use crate::run::{KnownFailures, select_among};

pub use args::{EXIT_CODES, Judging, TargetArgs};
pub use recording::RecordingFile;
pub use target::{block_on, reach, settings, stop, tell_of_embedded};

/// Why the command ends before or after its work, with the exit code that says so.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The command line or the configuration is wrong.
    #[error("{0}")]
    Usage(String),
    /// The target could not be reached.
    #[error("{0}")]
    Unreachable(String),
}

impl CommandError {
    /// The command line or the configuration is wrong, in these words.
    pub fn usage(error: impl Display) -> Self {
        Self::Usage(error.to_string())
    }

    /// The exit code that says so.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Unreachable(_) => 3,
        }
    }
}

impl Judging {
    /// How much the terminal shows.
    #[must_use]
    pub fn detail(&self) -> Detail {
        if self.verbose { Detail::Verbose } else { Detail::Normal }
    }

    /// The chosen ones among the checks that a command offers, and the known failures.
    ///
    /// # Errors
    /// A pattern that matches none of them, or a list that cannot be read.
    pub fn resolve(
        &self,
        offered: impl Iterator<Item = &'static Check>,
    ) -> Result<(Vec<&'static Check>, KnownFailures), CommandError> {
        let checks = select_among(offered, &self.only, &self.skip).map_err(CommandError::usage)?;
        let known = self.known_failures.as_deref().map(KnownFailures::load).transpose().map_err(CommandError::usage)?;
        Ok((checks, known.unwrap_or_default()))
    }
}
