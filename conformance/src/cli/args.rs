//! Flags that every command takes which speaks to a backend, or which judges.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};

use crate::config::{parse_duration, parse_path};
use crate::recording::Transport;
use crate::report::ReportSpec;

/// What the exit codes mean, for `--help`.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  conforms
  1  violates the contract (or a known failure passes again)
  2  the command line or the configuration is wrong
  3  could not reach the target, or could not test all of it";

/// Which checks, and what becomes of their verdicts.
#[derive(Debug, Args)]
pub struct Judging {
    /// Only checks of this form, e.g. 'broadcast.*' (may be repeated)
    #[arg(long = "run", value_name = "GLOB")]
    pub only: Vec<String>,
    /// No checks of this form (may be repeated)
    #[arg(long, value_name = "GLOB")]
    pub skip: Vec<String>,
    /// SHOULD requirements count like MUST
    #[arg(long)]
    pub strict: bool,
    /// Expected violations, a line each: `CHECK: REASON` or `CHECK [TYPE]: REASON`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub known_failures: Option<PathBuf>,
    /// A report to write besides: json, junit, markdown or text, to standard output or a file (may be repeated)
    #[arg(long, value_name = "FORMAT[:FILE]")]
    pub report: Vec<ReportSpec>,
    /// Show every verdict, those that passed too
    #[arg(long, short)]
    pub verbose: bool,
}

/// Which backend, and how to get there.
#[derive(Debug, Args)]
pub struct TargetArgs {
    /// The target's base URL; without one, in the configuration neither, the embedded mock
    // Text: clap would repeat a refused value, and a password may stand in it.
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub target: Option<String>,
    /// The configuration: how to log in, how messages are caused, deadlines
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// The contract, an AsyncAPI file; without one, the built-in one
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub contract: Option<PathBuf>,
    /// The Socket.IO path; without one, the contract's
    #[arg(long, value_name = "PATH", value_parser = parse_path)]
    pub socket_path: Option<String>,
    /// How ordinary sockets connect: websocket, polling or upgrade
    #[arg(long, value_name = "TRANSPORT", default_value = "websocket", value_parser = transport)]
    pub transport: Transport,
    /// Wait this long for the target to come up, e.g. 30s
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub wait_for: Option<Duration>,
    /// Accept any TLS certificate
    #[arg(long)]
    pub insecure: bool,
}

fn transport(text: &str) -> Result<Transport, String> {
    match text {
        "websocket" => Ok(Transport::Websocket),
        "polling" => Ok(Transport::Polling),
        "upgrade" => Ok(Transport::Upgrade),
        _ => Err("expected websocket, polling or upgrade".to_owned()),
    }
}
