//! When the command is to end: Ctrl-C, SIGTERM, or the end of its parent where it was told to go with it.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// Set to `1`, the command ends with its standard input, so that a test that dies leaves no server behind.
const EXIT_WITH_PARENT: &str = "EXIT_WITH_PARENT";

/// What the command listens to.
#[derive(Debug)]
pub struct Ending {
    interrupt: Signal,
    terminate: Signal,
}

impl Ending {
    /// Listens from now on: a signal that comes before [`Ending::asked_for`] is not missed.
    ///
    /// # Errors
    /// If the system does not let it.
    pub fn listen() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Returns when the command is to end.
    pub async fn asked_for(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            () = end_of_input(), if std::env::var(EXIT_WITH_PARENT).is_ok_and(|value| value == "1") => {}
        }
    }
}

/// Reads in a thread of its own, which nothing waits for: a blocked read cannot be cancelled.
async fn end_of_input() {
    let (ended, end) = oneshot::channel::<()>();
    std::thread::spawn(move || {
        io::copy(&mut io::stdin(), &mut io::sink()).ok();
        drop(ended);
    });
    end.await.ok();
}
