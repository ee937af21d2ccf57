//! Restarting the target: by the user's own command, or by a notice to whoever runs it.

use std::sync::Arc;
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::Notify;

use super::redact::Redactor;
use super::trigger::{TriggerError, run};
use crate::config::RestartConfig;

/// How long a restart may take that is only notified of.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Restarts the target.
pub struct Restart(How);

enum How {
    Command(RestartConfig, Redactor),
    Notice(Arc<Notify>),
}

impl Restart {
    pub(super) fn by_command(config: RestartConfig, redactor: Redactor) -> Self {
        Self(How::Command(config, redactor))
    }

    pub(super) fn by_notice(notice: Arc<Notify>) -> Self {
        Self(How::Notice(notice))
    }

    /// How long a restart may take in all.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        match &self.0 {
            How::Command(config, _) => config.timeout,
            How::Notice(_) => TIMEOUT,
        }
    }

    /// Runs the command to its end, or gives notice. Whether the target is back by then, the caller has to see.
    ///
    /// # Errors
    /// [`TriggerError`] when the command cannot be started, takes too long or fails.
    pub async fn run(&self) -> Result<(), TriggerError> {
        match &self.0 {
            How::Command(config, redactor) => {
                let mut shell = Command::new("sh");
                shell.arg("-c").arg(&config.command);
                if !config.folder.as_os_str().is_empty() {
                    shell.current_dir(&config.folder);
                }
                run(shell, "[restart] command", config.timeout, redactor).await.map(drop)
            }
            How::Notice(notice) => {
                notice.notify_one();
                Ok(())
            }
        }
    }
}
