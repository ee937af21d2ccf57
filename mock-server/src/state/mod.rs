//! The state file: the chats and who is there, in SQLite, so that a restart goes on where the last run ended.
//!
//! The worker hands over what changed after every job; one thread writes it, each time all that waits in one transaction.
//! So the file always holds some moment of the past as it was, whenever the process or the machine ends: at worst the
//! last moments are missing. Which tokens were logged out is not in it.

mod writer;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension};

use crate::chats::{Chat, Chats, Message};

pub(crate) use writer::{Batch, Writer};

/// The version of the tables. Older ones can be read, newer ones are refused.
const FORMAT: i32 = 1;

/// Tells the file from other SQLite files: `mock` in ASCII.
const APPLICATION: i32 = 0x6d6f_636b;

/// How long another process may take to let go of the file.
const PATIENCE: Duration = Duration::from_millis(500);

const TABLES: &str = "
    CREATE TABLE chats (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE messages (
        chat_id TEXT NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (chat_id, number)
    ) WITHOUT ROWID;
    CREATE TABLE executives (id TEXT PRIMARY KEY, online INTEGER NOT NULL) WITHOUT ROWID;";

/// Where the state is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The file; it is made where it is not there.
    pub file: PathBuf,
    /// Whether to forget what it holds, and to begin again.
    pub reset: bool,
}

/// Why a state file was refused.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It is open in another process.
    #[error("the state file {file} is in use; end the other mock-server, or use another --state file")]
    InUse {
        /// The file, as given.
        file: String,
    },
    /// It is not one of ours.
    #[error("{file} is no state file of mock-server; check the path: nothing was changed in it")]
    Foreign {
        /// The file, as given.
        file: String,
    },
    /// A later version of this program wrote it.
    #[error(
        "the state file {file} has format {found}, and this mock-server knows up to {FORMAT}; use a newer mock-server, or \
         another --state file"
    )]
    Newer {
        /// The file, as given.
        file: String,
        /// Its format.
        found: i32,
    },
    /// What it holds cannot be read.
    #[error("the state file {file} cannot be read: {reason}; start with --reset to begin again")]
    Unreadable {
        /// The file, as given.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// The system refused.
    #[error("cannot open the state file {file}: {reason}; check that its folder exists and can be written to")]
    Open {
        /// The file, as given.
        file: String,
        /// What SQLite said.
        reason: String,
    },
}

/// What a state file holds.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// The chats.
    pub chats: Chats,
    /// Agents' ids, and whether they were there.
    pub executives: Vec<(String, bool)>,
}

/// An open state file.
pub(crate) struct StateFile {
    connection: Connection,
    name: String,
}

impl StateFile {
    /// Opens the file, for this process alone, and makes it where it is not there.
    pub(crate) fn open(state: &State) -> Result<Self, StateError> {
        let name = state.file.display().to_string();
        let refused = |error: rusqlite::Error| refusal(&name, &error);
        let mut connection = Connection::open(&state.file).map_err(refused)?;
        connection.busy_timeout(PATIENCE).map_err(refused)?;
        // Before anything is written: it may be somebody else's.
        check(&connection, &name)?;
        connection
            .execute_batch("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")
            .map_err(refused)?;
        let transaction = connection.transaction().map_err(refused)?;
        if state.reset {
            let forget = "DROP TABLE IF EXISTS chats; DROP TABLE IF EXISTS messages; DROP TABLE IF EXISTS executives;";
            transaction.execute_batch(forget).map_err(refused)?;
        }
        if !has_tables(&transaction).map_err(refused)? {
            transaction.execute_batch(TABLES).map_err(refused)?;
        }
        transaction
            .execute_batch(&format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {FORMAT};"))
            .map_err(refused)?;
        transaction.commit().map_err(refused)?;
        Ok(Self { connection, name })
    }

    /// What it holds; `None` where nothing was ever kept in it.
    pub(crate) fn read(&self) -> Result<Option<Kept>, StateError> {
        let unreadable = |reason: String| StateError::Unreadable { file: self.name.clone(), reason };
        let chats = self.chats().map_err(|error| unreadable(error.to_string()))?;
        if chats.is_empty() {
            return Ok(None);
        }
        let executives = self.executives().map_err(|error| unreadable(error.to_string()))?;
        let parse = |(id, body, messages): (String, String, Vec<String>)| -> Result<(Chat, Vec<Message>), StateError> {
            let wrong = |error: serde_json::Error| unreadable(format!("chat {id}: {error}"));
            let messages = messages.iter().map(|body| serde_json::from_str(body)).collect::<Result<_, _>>();
            Ok((serde_json::from_str(&body).map_err(wrong)?, messages.map_err(wrong)?))
        };
        let chats = chats.into_iter().map(parse).collect::<Result<_, _>>()?;
        Ok(Some(Kept { chats: Chats::restored(chats), executives }))
    }

    /// Each chat's id, its JSON, and that of its messages, oldest first.
    fn chats(&self) -> rusqlite::Result<Vec<(String, String, Vec<String>)>> {
        let mut chats = self.connection.prepare("SELECT id, body FROM chats")?;
        let mut messages = self.connection.prepare("SELECT body FROM messages WHERE chat_id = ? ORDER BY number")?;
        let rows = chats.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        rows.map(|row| {
            let (id, body) = row?;
            let messages = messages.query_map([&id], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
            Ok((id, body, messages))
        })
        .collect()
    }

    fn executives(&self) -> rusqlite::Result<Vec<(String, bool)>> {
        let mut executives = self.connection.prepare("SELECT id, online FROM executives")?;
        executives.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    }

    /// The thread that writes into it from now on.
    pub(crate) fn writer(self) -> std::io::Result<Writer> {
        Writer::start(self.connection, self.name)
    }
}

/// Refuses a file that is not ours, or newer than we are.
fn check(connection: &Connection, name: &str) -> Result<(), StateError> {
    let refused = |error: rusqlite::Error| refusal(name, &error);
    let number = |pragma: &str| connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, i32>(0));
    let application = number("application_id").map_err(refused)?;
    let found = number("user_version").map_err(refused)?;
    match (application, found) {
        (APPLICATION, found) if found > FORMAT => Err(StateError::Newer { file: name.to_owned(), found }),
        (APPLICATION, _) => Ok(()),
        (0, 0) if !any_table(connection).map_err(refused)? => Ok(()),
        _ => Err(StateError::Foreign { file: name.to_owned() }),
    }
}

fn any_table(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(connection.query_row("SELECT 1 FROM sqlite_schema LIMIT 1", [], |_| Ok(())).optional()?.is_some())
}

fn has_tables(connection: &Connection) -> rusqlite::Result<bool> {
    let found = connection.query_row("SELECT 1 FROM sqlite_schema WHERE name = 'chats'", [], |_| Ok(()));
    Ok(found.optional()?.is_some())
}

fn refusal(name: &str, error: &rusqlite::Error) -> StateError {
    let file = name.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StateError::InUse { file },
        Some(ErrorCode::NotADatabase) => StateError::Foreign { file },
        Some(ErrorCode::DatabaseCorrupt) => StateError::Unreadable { file, reason: error.to_string() },
        _ => StateError::Open { file, reason: error.to_string() },
    }
}

impl State {
    /// In this file, from which a run goes on.
    #[must_use]
    pub fn in_file(file: &Path) -> Self {
        Self { file: file.to_owned(), reset: false }
    }
}
