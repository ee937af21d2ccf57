//! Why a configuration was refused: where, what was found, and what to do about it.

use std::fmt;
use std::sync::Arc;

/// A place in the configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as it was given.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: usize,
    /// The column, in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Why a configuration was refused. The command ends with the exit code for usage and configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("cannot read the configuration {file}: {reason}; `conformance init` writes one to start from")]
    Read {
        /// The file, as it was given.
        file: String,
        /// What the system said.
        reason: String,
    },
    /// Something in the file is wrong.
    #[error("{place}: {problem}; {help}")]
    Invalid {
        /// Where.
        place: Place,
        /// What was found.
        problem: String,
        /// What was expected, and the next step.
        help: String,
    },
    /// Something is wrong that no single place in a file is to blame for: a missing setting, a flag, the contract.
    #[error("{problem}; {help}")]
    Inconsistent {
        /// What was found.
        problem: String,
        /// What was expected, and the next step.
        help: String,
    },
}

impl ConfigError {
    /// An error at a place, where it is known.
    pub(crate) fn new(place: Option<&Place>, problem: impl Into<String>, help: impl Into<String>) -> Self {
        let (problem, help) = (problem.into(), help.into());
        match place {
            Some(place) => Self::Invalid { place: place.clone(), problem, help },
            None => Self::Inconsistent { problem, help },
        }
    }

    /// A key's text that its parser refused. A reason of the form "problem; next step" brings its own help.
    pub(super) fn refused(place: &Place, key: &str, reason: &str, help: impl Into<String>) -> Self {
        match reason.split_once("; ") {
            Some((problem, next_step)) => Self::new(Some(place), format!("`{key}`: {problem}"), next_step),
            None => Self::new(Some(place), format!("`{key}`: {reason}"), help),
        }
    }
}
