//! Restarting the target, and waiting until it is there again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::wire::{Performance, lock};
use crate::recording::What;
use crate::wire::{Session, SessionOptions, Transport};

/// How long to wait before a target that is on its way up is tried again.
const RETRY: Duration = Duration::from_millis(50);

impl Performance<'_> {
    /// Runs the command, waits until every connection of before has ended, and then until a new one opens.
    pub(super) async fn restart(&self) -> Result<(), String> {
        let target = &self.stage.ground.target;
        let Some(restart) = &target.restart else { return Err("a restart without [restart] command".to_owned()) };
        let from = Instant::now();
        let deadline = from + restart.timeout();
        let position = self.log.position();
        let outcome = match restart.run().await {
            Err(error) => Err(error.to_string()),
            Ok(()) if !self.all_ended(position, deadline).await => {
                let reason = "no connection ended: does [restart] command restart the process that the suite talks to?";
                Err(reason.to_owned())
            }
            Ok(()) => self.is_back(deadline).await,
        };
        self.stage.pace.waited("restarts", from);
        self.log.write(
            None,
            match outcome {
                Ok(()) => What::Restarted { took: from.elapsed() },
                Err(reason) => What::Skipped { what: "a restart".to_owned(), reason: self.redacted(&reason) },
            },
        );
        Ok(())
    }

    async fn all_ended(&self, position: usize, deadline: Instant) -> bool {
        let mut open = lock(&self.sockets).len();
        self.log
            .wait(position, deadline, |entry| {
                open -= usize::from(matches!(entry.what, What::Closed { .. }));
                (open == 0).then_some(())
            })
            .await
            .is_some()
    }

    async fn is_back(&self, deadline: Instant) -> Result<(), String> {
        let target = &self.stage.ground.target;
        let by = if self.stage.is_polling() { Transport::Polling } else { Transport::WebSocket };
        loop {
            let mut options = SessionOptions::new(target.endpoint.clone(), target.socket_path.clone(), by);
            options.deadline = target.deadlines.connect;
            match Session::open(options, Arc::new(|_, _| {})).await {
                Ok(session) => {
                    session.close().await;
                    return Ok(());
                }
                Err(error) if Instant::now() + RETRY >= deadline => return Err(error.to_string()),
                Err(_) => tokio::time::sleep(RETRY).await, // nobody tells us when a server comes up
            }
        }
    }
}
