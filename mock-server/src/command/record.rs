//! `record` and `replay`: what a real backend says, kept in a file, and said again.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter};
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueHint};
use fixtures::recording::Recording;
use mock_server::{Options, Record, Replay, Upstream};

use super::UsageError;

const RECORD_HELP: &str = "\
Point the page at this instead of its backend. Let the provider's webhook, or whatever stands for it, come here too: that is
how it is known what was to be broadcast. Tokens, passwords and the ids of sessions are hidden in the recording; what
customers write stands in it. Of the other options, those of address, contract and certificate count here.

Examples:
  mock-server record --upstream http://127.0.0.1:8000
  mock-server record --upstream https://api.example.com --out page.jsonl --tls --port 5443
  conformance judge page.jsonl          what the recording says of the backend
  mock-server replay page.jsonl         the same again, without the backend";

const REPLAY_HELP: &str = "\
Calls are answered as they were recorded, by method and path. A connection hears what the recording's next one heard: answers
when the page asks, the rest at its time, counted from when the page joins. Any token is good.

Examples:
  mock-server replay page.jsonl
  mock-server replay page.jsonl --speed 10";

/// What to stand in front of.
#[derive(Debug, Args)]
#[command(after_help = RECORD_HELP)]
pub struct RecordArguments {
    /// The backend's URL
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    upstream: Upstream,

    /// The file to write; what is there is overwritten
    #[arg(long, value_name = "FILE", default_value = "recording.jsonl", value_hint = ValueHint::FilePath)]
    out: PathBuf,
}

impl RecordArguments {
    /// What to record, under the options' contract and by their certificate.
    ///
    /// # Errors
    /// [`UsageError::Out`] where the file cannot be written.
    pub fn options(&self, options: &Options) -> Result<Record, UsageError> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&self.out).and_then(|file| {
            // Two that write the same would leave neither's.
            file.try_lock().map_err(|_| io::Error::other("another process is writing to it"))?;
            file.set_len(0)?;
            Ok(file)
        });
        let file = file.map_err(|source| UsageError::Out { file: self.out.display().to_string(), source })?;
        Ok(Record {
            upstream: self.upstream.clone(),
            contract: options.contract.clone(),
            tls: options.tls.clone(),
            out: Box::new(BufWriter::new(file)),
        })
    }

    /// What to say once it listens.
    pub fn said(&self, address: SocketAddr) -> impl fmt::Display {
        let (upstream, out) = (self.upstream.clone(), self.out.display().to_string());
        fmt::from_fn(move |formatter| {
            writeln!(formatter, "listening on http://{address}")?;
            writeln!(formatter, "everything goes to {upstream}, and is written to {out}")?;
            writeln!(formatter, "Press Ctrl-C to end; then: conformance judge {out}, or mock-server replay {out}\n")
        })
    }
}

/// What to serve back.
#[derive(Debug, Args)]
#[command(after_help = REPLAY_HELP)]
pub struct ReplayArguments {
    /// The recording, of `mock-server record`
    #[arg(value_hint = ValueHint::FilePath)]
    file: PathBuf,
}

impl ReplayArguments {
    /// What to replay, so many times as fast, by the options' certificate.
    ///
    /// # Errors
    /// [`UsageError::Recording`] where the file is none, or holds nothing to replay.
    pub fn options(&self, options: &Options) -> Result<Replay, UsageError> {
        let unusable = |reason: String| UsageError::Recording { file: self.file.display().to_string(), reason };
        let file = File::open(&self.file).map_err(|error| unusable(error.to_string()))?;
        let recording = Recording::read(BufReader::new(file)).map_err(|error| unusable(error.to_string()))?;
        let replay = Replay { recording, speed: options.speed, tls: options.tls.clone() };
        match replay.contents() {
            (0, 0) => Err(unusable("it has neither connections nor calls to replay".to_owned())),
            _ => Ok(replay),
        }
    }

    /// What to say once it listens.
    pub fn said(&self, address: SocketAddr, (connections, calls): (usize, usize)) -> impl fmt::Display {
        let file = self.file.display().to_string();
        fmt::from_fn(move |formatter| {
            writeln!(formatter, "listening on http://{address}")?;
            writeln!(formatter, "replaying {file}: {connections} connections, {calls} calls\n")
        })
    }
}
