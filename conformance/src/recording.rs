//! The recording: all that happened in a run, written down before anything is judged. JSON Lines in and out.
//!
//! The first line is the [`Header`] (the contract and the settings that judging needs), each further line is one
//! [`Entry`]. A recording holds no secrets: whoever writes entries redacts them first. Nothing is judged here.

mod outside;
mod page;
#[cfg(test)]
pub(crate) mod tape;

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use std::sync::Arc;
use std::time::Duration;

use fixtures::Contract;
use fixtures::webhooks::{MessageKind, ReceiptStatus};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use outside::{LoginCase, ProviderAnswer};
pub use page::{Act, ConsoleLines, Row};

/// The version of the recording's format; a reader refuses a newer one.
pub const FORMAT: u32 = 1;

/// How many characters a message's nonce has.
pub const NONCE_LENGTH: usize = 11;

/// What a nonce begins with, so that it is found quickly and does not pass for a word.
pub const NONCE_START: char = '~';

/// The first line of a recording.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Header {
    /// [`FORMAT`].
    pub recording: u32,
    /// The version of the suite that wrote it.
    pub suite: String,
    /// The target's URL, without credentials.
    pub target: String,
    /// When the recording's clock stood at zero.
    pub started: jiff::Timestamp,
    /// The contract that the traffic is judged by.
    pub contract: Contract,
    /// What else judging depends on.
    pub settings: Settings,
}

/// What judging depends on besides the contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// How long a broadcast may take.
    #[serde(with = "millis")]
    pub delivery: Duration,
    /// How far the clocks of backend, provider and suite may differ.
    #[serde(with = "millis")]
    pub skew: Duration,
    /// Capabilities that the target is said to lack, by their configuration names.
    pub lacks: Vec<String>,
    /// Where each of them was said, by the same names: a place in the configuration, or what the contract leaves out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lacks_because: BTreeMap<String, String>,
    /// What a page's console is to say, where pages were opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub console: Option<ConsoleLines>,
}

/// One thing that happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    /// Time since the start of the recording, monotonic.
    #[serde(rename = "us", with = "micros")]
    pub at: Duration,
    /// The scenario that it belongs to.
    pub scenario: Arc<str>,
    /// The socket that did or saw it; none for what has no socket (webhooks, REST).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<Peer>,
    /// The local port that it went over, to find it in a server's log; none for what is no frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// One connection of one actor. An actor that reconnects is the same actor with the next connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Peer {
    /// The actor's name within the scenario.
    pub actor: Arc<str>,
    /// Which of the actor's connections, from 1; 0 stands for a page itself, beside its connections.
    pub connection: u32,
}

impl std::fmt::Display for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.connection > 1 {
            write!(f, "{} (connection {})", self.actor, self.connection)
        } else {
            f.write_str(&self.actor)
        }
    }
}

/// How a socket reaches the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// WebSocket from the start.
    Websocket,
    /// HTTP long-polling only.
    Polling,
    /// Polling that becomes WebSocket by probe.
    Upgrade,
}

impl std::fmt::Display for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Websocket => "websocket",
            Self::Polling => "polling",
            Self::Upgrade => "upgrade",
        })
    }
}

/// Which token a socket or a request showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenUse {
    /// The run's good token.
    Good,
    /// None at all.
    Missing,
    /// Text that is no token.
    Garbage,
    /// A token whose time is over, rightly signed.
    Expired,
    /// The good token with another payload and the old signature.
    Tampered,
    /// The good token's content, signed with another key.
    WrongKey,
    /// The good token's content, unsigned, `alg: none`.
    AlgNone,
    /// A refresh token, which is good, and no access token.
    Refresh,
    /// A token that was good until it was logged out.
    LoggedOut,
}

/// Where the token was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenPlace {
    /// In the CONNECT packet's payload, `{token}`.
    Auth,
    /// In the query string, `?token=`.
    Query,
}

/// Which way a frame went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From the server.
    In,
    /// To the server.
    Out,
}

/// An inbound message as it was handed to the trigger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// Its name within the scenario.
    pub label: Arc<str>,
    /// Unguessable text of this message's own, part of [`Sent::text`]; how its broadcasts are told from foreign traffic.
    pub nonce: String,
    /// The customer type whose channel it was sent to.
    pub customer_type: String,
    /// The customer's number.
    pub number: String,
    /// The customer's profile name.
    pub name: String,
    /// What kind of message it is.
    pub message: MessageKind,
    /// The text, reply title or caption; none for kinds without.
    pub text: Option<String>,
    /// The provider's message id.
    pub id: String,
    /// When it was written, Unix seconds.
    pub timestamp: i64,
}

/// What happened, by kind.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum What {
    /// A scenario began.
    Began,
    /// A scenario ended; `error` where the stage could not perform it to the end.
    Ended {
        /// Why the stage gave up: a defect of the suite's, never of the backend's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// A socket is about to open.
    Opening {
        /// How.
        transport: Transport,
        /// With which token.
        token: TokenUse,
        /// Where the token is shown.
        place: TokenPlace,
    },
    /// The handshake was answered.
    Opened {
        /// The open packet's JSON, with its `sid` redacted to its length.
        handshake: Value,
    },
    /// The connection was refused before an open packet came.
    OpenFailed {
        /// What came instead.
        reason: String,
        /// The HTTP status, where there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
    },
    /// The server answered CONNECT.
    Connected,
    /// The server refused CONNECT.
    ConnectError {
        /// The packet's payload.
        data: Value,
    },
    /// CONNECT was not answered in time.
    ConnectTimedOut,
    /// The polling session has become a WebSocket.
    Upgraded,
    /// The probe failed.
    UpgradeFailed {
        /// Why.
        reason: String,
    },
    /// An event was emitted or received.
    Event {
        /// Which way.
        dir: Direction,
        /// Its name.
        event: String,
        /// Its arguments.
        args: Vec<Value>,
    },
    /// A frame that is no event: heartbeats, probes, malformed text.
    Frame {
        /// Which way.
        dir: Direction,
        /// As it stood on the wire, shortened where it is long.
        text: String,
    },
    /// The suite is about to send something as it stands, however malformed; the frame's own entry follows. From here on
    /// the server may end this connection.
    Malformed {
        /// What, in short.
        text: String,
    },
    /// The socket answers no ping from here on.
    FellSilent,
    /// A fence was sent: a request whose answer comes back behind all that was queued for this socket.
    FenceSent {
        /// Its number on this connection.
        fence: u32,
    },
    /// The fence's answer came.
    FenceBack {
        /// Its number on this connection.
        fence: u32,
    },
    /// The socket was watched for this long after its fence came back.
    Quiet {
        /// How long, as asked for.
        #[serde(rename = "for_us", with = "micros")]
        window: Duration,
    },
    /// The socket stopped reading.
    StoppedReading,
    /// The socket reads again.
    ResumedReading,
    /// The connection ended.
    Closed {
        /// Whether the suite ended it.
        by_us: bool,
        /// How.
        detail: String,
    },
    /// A trigger was set off: these messages, in one go.
    Sending {
        /// Its number in the run; its outcome carries the same.
        trigger: u32,
        /// The messages.
        messages: Vec<Sent>,
    },
    /// The trigger was accepted.
    Accepted {
        /// The number of its [`What::Sending`].
        trigger: u32,
        /// What was asked, readable: `POST /api/…`.
        request: String,
        /// The HTTP status, where there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        /// How long the answer took.
        #[serde(rename = "took_us", with = "micros")]
        took: Duration,
        /// How long the suite held back because of rate limits.
        #[serde(rename = "throttled_us", with = "micros")]
        throttled: Duration,
    },
    /// The trigger was not accepted, or could not be set off.
    NotAccepted {
        /// The number of its [`What::Sending`].
        trigger: u32,
        /// Why.
        reason: String,
        /// Whether the rate limit was the reason.
        throttled: bool,
    },
    /// A receipt was delivered.
    Receipt {
        /// The customer type whose channel it came by.
        customer_type: String,
        /// How far the agent's message has come.
        status: ReceiptStatus,
        /// Why it was not accepted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refused: Option<String>,
    },
    /// A REST call was answered.
    Rest {
        /// `GET /api/…`.
        request: String,
        /// With which token.
        token: TokenUse,
        /// The status.
        status: u16,
    },
    /// A REST call was not answered.
    RestFailed {
        /// `GET /api/…`.
        request: String,
        /// Why.
        reason: String,
    },
    /// A token was logged out.
    LoggedOut,
    /// The target no longer answers: nothing that this scenario saw from some moment on is the doing of a working backend.
    TargetLost {
        /// What reaching it gave.
        reason: String,
    },
    /// A probe, or a webhook call with something odd about it, was answered.
    Probed {
        /// Its name within the scenario.
        probe: Arc<str>,
        /// `GET /ws/?EIO=4`, secrets hidden.
        request: String,
        /// The status; 101 where the connection became a WebSocket.
        status: u16,
        /// How long the answer took.
        #[serde(rename = "took_us", with = "micros")]
        took: Duration,
        /// The headers, by their names in lower case.
        headers: Vec<(String, String)>,
        /// The start of the body.
        body: String,
    },
    /// It was not answered.
    ProbeFailed {
        /// Its name within the scenario.
        probe: Arc<str>,
        /// What was asked.
        request: String,
        /// Why there is no answer.
        reason: String,
        /// Whether the time was over; otherwise the connection failed.
        timed_out: bool,
    },
    /// An agent is about to reply to a customer; the frame's own entry follows.
    Replying {
        /// The label of a message of that customer's.
        of: Arc<str>,
        /// The customer's number.
        number: String,
        /// What the reply says.
        text: String,
    },
    /// The provider's stand-in got a message for a customer of this scenario, or with a text of this scenario.
    ProviderGot {
        /// The label of a message of that customer's.
        of: Arc<str>,
        /// The number that it is for: digits.
        to: String,
        /// What it says; none where it is no text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
        /// What it was answered.
        answered: ProviderAnswer,
    },
    /// A login was tried.
    LoginTried {
        /// What the login service was to answer.
        login: LoginCase,
        /// Whether it was asked for this very login.
        asked: bool,
        /// The status of the target's answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        /// Why there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The target was restarted and answers again.
    Restarted {
        /// How long it took.
        #[serde(rename = "took_us", with = "micros")]
        took: Duration,
    },
    /// Something is about to be done at a page, or to it.
    Acting {
        /// What.
        act: Act,
    },
    /// It is done, and what it waits for has come about, or the time for that is over.
    Acted {
        /// What.
        act: Act,
    },
    /// The page went to this address, or stands there in a new document.
    Navigated {
        /// Its path and fragment.
        to: String,
    },
    /// The page wrote a line to its console.
    Console {
        /// `log`, `info`, `warn`, `error` or `debug`.
        level: String,
        /// The line.
        text: String,
    },
    /// The page's chat list shows this from here on.
    Shows {
        /// The rows, from the top.
        rows: Vec<Row>,
    },
    /// What the page looked like.
    Looked {
        /// A JPEG in base64.
        jpeg: Arc<str>,
    },
    /// Something could not be tried, and why: the checks that need it are not tested.
    Skipped {
        /// What could not be tried.
        what: String,
        /// Why.
        reason: String,
    },
}

/// A whole recording.
#[derive(Debug, Clone)]
pub struct Recording {
    /// The first line.
    pub header: Header,
    /// The rest, in the order of time.
    pub entries: Vec<Arc<Entry>>,
}

/// Why a recording could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file could not be read.
    #[error("cannot read it to its end: {0}; is it a file that `--save-recording` wrote?")]
    Io(#[from] io::Error),
    /// It is empty.
    #[error("line 1: the recording is empty; expected its header, as `--save-recording` writes it")]
    Empty,
    /// The first line is no header.
    #[error("line 1: this is not the header of a recording ({reason}); expected a file that `--save-recording` wrote")]
    NotARecording {
        /// What is wrong with it.
        reason: String,
    },
    /// A newer suite wrote it.
    #[error(
        "line 1: the recording's format is {format}, newer than this suite's ({FORMAT}); judge it with a newer suite"
    )]
    Newer {
        /// Its format.
        format: u32,
    },
    /// A line is no entry.
    #[error("line {line}: this is not an entry of a recording ({reason}); take the line out, or record the run again")]
    NotAnEntry {
        /// From 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A line ends before its entry does.
    #[error(
        "line {line}: the line ends in the middle of its entry; was the file cut off? `head -n {}` keeps what is whole",
        line - 1
    )]
    CutOff {
        /// From 1.
        line: usize,
    },
}

/// What a reader needs to know before it trusts the rest of the header.
#[derive(Deserialize)]
struct Version {
    recording: u32,
}

/// The parser's words. Its line is always 1, as each line is read on its own; the column is left out where it knows none.
fn parser_words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&place) {
        Some(words) => format!("{words} at column {}", error.column()),
        None => text,
    }
}

impl Recording {
    /// Writes JSON Lines: the header, then an entry a line.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, &self.header)?;
        out.write_all(b"\n")?;
        for entry in &self.entries {
            serde_json::to_writer(&mut *out, entry)?;
            out.write_all(b"\n")?;
        }
        out.flush()
    }

    /// Reads what [`Recording::write`] wrote.
    ///
    /// # Errors
    /// [`ReadError`] names the line.
    pub fn read(input: impl BufRead) -> Result<Self, ReadError> {
        let mut lines = (1..).zip(input.lines());
        let (_, first) = lines.next().ok_or(ReadError::Empty)?;
        let first = first?;
        let not_a_recording = |error: serde_json::Error| ReadError::NotARecording { reason: parser_words(&error) };
        // A newer header may look different: its version comes first.
        let Version { recording: format } = serde_json::from_str(&first).map_err(not_a_recording)?;
        if format > FORMAT {
            return Err(ReadError::Newer { format });
        }
        let header: Header = serde_json::from_str(&first).map_err(not_a_recording)?;
        let mut entries = Vec::new();
        for (line, text) in lines {
            let text = text?;
            if !text.trim().is_empty() {
                entries.push(serde_json::from_str(&text).map_err(|error| match error.is_eof() {
                    true => ReadError::CutOff { line },
                    false => ReadError::NotAnEntry { line, reason: parser_words(&error) },
                })?);
            }
        }
        Ok(Self { header, entries })
    }

    /// The names of its scenarios, in the order of their first entries.
    #[must_use]
    pub fn scenarios(&self) -> Vec<Arc<str>> {
        let mut names: Vec<Arc<str>> = Vec::new();
        for entry in &self.entries {
            if !names.contains(&entry.scenario) {
                names.push(Arc::clone(&entry.scenario));
            }
        }
        names
    }
}

/// Durations as whole microseconds.
mod micros {
    use super::Duration;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(u64::try_from(value.as_micros()).unwrap_or(u64::MAX))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_micros)
    }
}

/// Durations as whole milliseconds.
mod millis {
    use super::Duration;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(u64::try_from(value.as_millis()).unwrap_or(u64::MAX))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}
