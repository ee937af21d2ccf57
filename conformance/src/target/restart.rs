//! Restarting the target by the user's own command.

use tokio::process::Command;

use super::redact::Redactor;
use super::trigger::{TriggerError, run};
use crate::config::RestartConfig;

/// Restarts the target.
pub struct Restart {
    config: RestartConfig,
    redactor: Redactor,
}

impl Restart {
    pub(super) fn new(config: RestartConfig, redactor: Redactor) -> Self {
        Self { config, redactor }
    }

    /// How long a restart may take in all.
    #[must_use]
    pub fn timeout(&self) -> std::time::Duration {
        self.config.timeout
    }

    /// Runs the command to its end. Whether the target is back by then, the caller has to see.
    ///
    /// # Errors
    /// [`TriggerError`] when it cannot be started, takes too long or fails.
    pub async fn run(&self) -> Result<(), TriggerError> {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(&self.config.command);
        if !self.config.folder.as_os_str().is_empty() {
            shell.current_dir(&self.config.folder);
        }
        run(shell, "[restart] command", self.config.timeout, &self.redactor).await.map(drop)
    }
}
