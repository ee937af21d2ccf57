//! The one thread that writes into the state file.

use std::io;
use std::thread::{self, JoinHandle};

use rusqlite::{Connection, Transaction};
use tokio::sync::mpsc;

use crate::chats::Change;

/// How many batches may wait; then the worker waits, too.
const MOST_WAITING: usize = 1_024;

/// What one job of the worker's has changed.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// In chats.
    pub chats: Vec<Change>,
    /// Which agents came, and which have gone.
    pub executives: Vec<(String, bool)>,
}

impl Batch {
    /// Whether nothing has.
    pub(crate) fn is_empty(&self) -> bool {
        self.chats.is_empty() && self.executives.is_empty()
    }
}

/// The thread, and the way to it.
pub(crate) struct Writer {
    batches: mpsc::Sender<Batch>,
    thread: JoinHandle<()>,
}

impl Writer {
    pub(super) fn start(mut connection: Connection, name: String) -> io::Result<Self> {
        let (batches, mut waiting) = mpsc::channel(MOST_WAITING);
        let thread = thread::Builder::new().name("state".to_owned()).spawn(move || {
            while let Some(first) = waiting.blocking_recv() {
                if let Err(error) = write(&mut connection, first, &mut waiting) {
                    // What the file holds is a moment of the past, and stays so: with gaps it would be none.
                    tracing::error!(%error, "nothing more is kept in the state file {name}; make room, and start again");
                    return;
                }
            }
        })?;
        Ok(Self { batches, thread })
    }

    /// The way in. When every one of them is dropped, the thread writes the rest and ends.
    pub(crate) fn batches(&self) -> mpsc::Sender<Batch> {
        self.batches.clone()
    }

    /// Waits until everything is written.
    pub(crate) async fn finish(self) {
        let Self { batches, thread } = self;
        drop(batches);
        if tokio::task::spawn_blocking(|| thread.join().is_err()).await.unwrap_or(true) {
            tracing::error!("the thread that writes the state file failed; please report this");
        }
    }
}

/// Writes a batch, and whatever else waits by now, in one transaction.
fn write(connection: &mut Connection, first: Batch, waiting: &mut mpsc::Receiver<Batch>) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    let mut next = Some(first);
    while let Some(batch) = next {
        for change in batch.chats {
            apply(&transaction, change)?;
        }
        for (id, online) in batch.executives {
            transaction.prepare_cached("INSERT OR REPLACE INTO executives VALUES (?, ?)")?.execute((id, online))?;
        }
        next = waiting.try_recv().ok();
    }
    transaction.commit()
}

fn apply(transaction: &Transaction<'_>, change: Change) -> rusqlite::Result<usize> {
    let run = |sql: &str| transaction.prepare_cached(sql);
    match change {
        Change::Removed(id) => {
            run("DELETE FROM messages WHERE chat_id = ?")?.execute([&id])?;
            run("DELETE FROM chats WHERE id = ?")?.execute([&id])
        }
        Change::Chat { id, body } => run("INSERT OR REPLACE INTO chats VALUES (?, ?)")?.execute((id, body)),
        Change::Message { chat_id, number, body } => {
            run("INSERT OR REPLACE INTO messages VALUES (?, ?, ?)")?.execute((chat_id, number, body))
        }
        Change::Forgotten { chat_id, up_to } => {
            run("DELETE FROM messages WHERE chat_id = ? AND number <= ?")?.execute((chat_id, up_to))
        }
    }
}
