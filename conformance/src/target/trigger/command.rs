//! The trigger by a program: the message is in its environment, exit code 0 means accepted.
//!
//! A program that takes too long is killed; what it started itself is its own to end.

use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::{Accepted, TriggerError};
use crate::config::{CommandConfig, Values};
use crate::target::redact::Redactor;

/// How much of the end of standard error is kept, in bytes.
const KEPT: usize = 1000;
/// How long after its end a program's last words may take: a process that it left behind can hold the pipe for ever.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Runs the program once a message.
pub(super) struct CommandTrigger {
    config: CommandConfig,
    timeout: Duration,
    redactor: Redactor,
    /// One program a core: more of them would only keep one another from ending in time.
    slots: Semaphore,
}

impl CommandTrigger {
    pub fn new(config: CommandConfig, timeout: Duration, redactor: Redactor) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { config, timeout, redactor, slots: Semaphore::new(cores) }
    }

    pub async fn send(&self, values: &Values<'_>) -> Result<Accepted, TriggerError> {
        if values.text.contains('\0') {
            let problem =
                "the text has a NUL in it, which no environment variable can hold; leave such texts out (--skip)";
            return Err(TriggerError::Template(problem.to_owned()));
        }
        let program = self.config.program.display().to_string();
        let waiting = Instant::now();
        // An error would mean a closed semaphore, and nobody closes it.
        let _slot = self.slots.acquire().await;
        let held_back = waiting.elapsed();
        let began = Instant::now();
        let detail = run(self.command(values), &program, self.timeout, &self.redactor).await?;
        Ok(Accepted {
            status: None,
            detail,
            took: began.elapsed(),
            local_port: None,
            request: program,
            throttled: held_back,
        })
    }

    fn command(&self, values: &Values<'_>) -> Command {
        let mut command = Command::new(&self.config.program);
        command.args(&self.config.args).envs(self.config.env.iter().map(|(name, value)| (name, value)));
        for (name, value) in values.named() {
            command.env(format!("CONFORMANCE_{}", name.to_uppercase()), value.to_string());
        }
        command
    }
}

/// Runs a program to its end, which is to be exit code 0, and says how it ended. It is killed when it takes too long.
pub(in crate::target) async fn run(
    mut command: Command,
    program: &str,
    limit: Duration,
    redactor: &Redactor,
) -> Result<String, TriggerError> {
    let program = program.to_owned();
    let not_started =
        |error: std::io::Error| TriggerError::NotStarted { program: program.clone(), reason: error.to_string() };
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(not_started)?;
    let stderr = Tail::default();
    let reading = child.stderr.take().map(|pipe| tokio::spawn(stderr.clone().read(pipe)));
    let ended = timeout(limit, child.wait()).await;
    if ended.is_err() {
        // A failure means that it has ended in this moment.
        let _ = child.kill().await;
    }
    if let Some(mut reading) = reading
        && timeout(LAST_WORDS, &mut reading).await.is_err()
    {
        reading.abort();
    }
    let stderr = redactor.redact(&stderr.text()).into_owned();
    match ended {
        Err(_) => Err(TriggerError::CommandTimedOut { program, after: limit, stderr }),
        Ok(Err(error)) => Err(not_started(error)),
        Ok(Ok(status)) if !status.success() => {
            Err(TriggerError::CommandFailed { program, outcome: told(status), stderr })
        }
        Ok(Ok(status)) => Ok(told(status)),
    }
}

fn told(status: ExitStatus) -> String {
    status.code().map_or_else(|| status.to_string(), |code| format!("exit code {code}"))
}

/// The end of what was read, bounded, readable while reading goes on.
#[derive(Clone, Default)]
struct Tail(Arc<Mutex<Vec<u8>>>);

impl Tail {
    async fn read(self, mut pipe: impl AsyncRead + Unpin) {
        let mut chunk = [0; 4096];
        while let Ok(length @ 1..) = pipe.read(&mut chunk).await {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend_from_slice(&chunk[..length]);
            let surplus = kept.len().saturating_sub(KEPT);
            kept.drain(..surplus);
        }
    }

    /// On one line. Where its beginning was lost, it begins with a whole word: of a secret that was cut in two nobody
    /// recognises the end.
    fn text(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&kept);
        let cut = if kept.len() < KEPT { 0 } else { text.find(char::is_whitespace).unwrap_or(text.len()) };
        let words: Vec<&str> = text[cut..].split_whitespace().collect();
        if words.is_empty() { "nothing on standard error".to_owned() } else { words.join(" ") }
    }
}

#[cfg(test)]
mod tests;
