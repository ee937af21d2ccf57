//! `[restart]`: how the suite may restart the target.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::ConfigError;
use super::reader::Section;
use super::secret::Secret;

/// How long a restart may take, unless configured.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The settings of `[restart]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestartConfig {
    /// A line for the shell, which ends when the restart is under way.
    pub command: String,
    /// Where it runs: the folder of the configuration file.
    pub folder: PathBuf,
    /// How long the command and the target's coming back may take together.
    pub timeout: Duration,
}

impl RestartConfig {
    /// Reads the section. `base` is the folder of the file; secrets found on the way are added to `secrets`.
    pub(super) fn read(section: &Section<'_>, base: &Path, secrets: &mut Vec<Secret>) -> Result<Self, ConfigError> {
        section.only(&["command", "timeout"])?;
        let command = section.required("command", "a shell command such as \"docker compose restart backend\"")?;
        secrets.extend(command.filled_in.into_iter().map(Secret::new));
        Ok(Self {
            command: command.value,
            folder: base.to_owned(),
            timeout: section.duration("timeout")?.unwrap_or(TIMEOUT),
        })
    }
}
