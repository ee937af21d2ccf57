//! The command's arguments, and where it listens.

mod options;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use jiff::SignedDuration;
use mock_server::faults::{self, Fault};
use mock_server::{Scenario, bind};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use super::{Open, RecordArguments, ReplayArguments, UsageError};

const AFTER_HELP: &str = "\
Environment:
  JWT_SECRET        signs tokens                       [default: local-development-secret-not-for-production]
  LOGIN_USERNAME    who may log in                     [default: agent]
  LOGIN_PASSWORD    with which password                [default: agent-password]
  WEBHOOK_SECRET    checks X-Hub-Signature-256         [default: none, signatures are not looked at]
  VERIFY_TOKEN      for the webhook's subscription     [default: verify-me]
  EXIT_WITH_PARENT  1: end when standard input ends
  RUST_LOG          what is logged, to standard error  [default: warn; mock_server=debug shows what happens]

Examples:
  mock-server                                   the customer-care backend on port 5000, with sample chats
  mock-server --port 0 --no-sample-chats        on any free port, empty; it prints which one
  mock-server --data my-chats                   one's own chats, read again when their files change
  mock-server --state desk.state                goes on where it ended the last time
  mock-server --auth none --cors-origin http://localhost:4200
  mock-server --tls                             by https://, too, with a certificate made on the spot
  mock-server open https://app.example.com --map api.example.com
  mock-server record --upstream http://127.0.0.1:8000
  mock-server --contract order-board.yaml       another team's rooms, events and path
  mock-server --fault missing-branch,text-truncated
  mock-server --scenario busy-morning --speed 10
  WEBHOOK_SECRET=secret mock-server --ping-interval 300ms --ping-timeout 200ms";

/// The reference mock backend: a real server that carries the complete contract.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER_HELP)]
pub struct Arguments {
    /// What to do beside serving
    #[command(subcommand)]
    pub command: Option<Command>,

    /// The port to listen on; 0 is any free one
    #[arg(long, default_value_t = 5000, value_parser = port)]
    port: u16,

    /// The address or host name to listen on
    #[arg(long, default_value = "127.0.0.1")]
    host: String,

    /// The contract to carry, instead of the customer-care dashboard's
    #[arg(long, value_name = "FILE")]
    contract: Option<PathBuf>,

    /// Whether a token is needed
    #[arg(long, value_enum, default_value_t = AuthChoice::Jwt)]
    auth: AuthChoice,

    /// Speak HTTPS too, on the same port, by a certificate that is made on the spot
    #[arg(long)]
    tls: bool,

    /// Speak HTTPS too, by the certificate in this file (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// The file with the certificate's private key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// How often clients are pinged, e.g. 25s or 300ms
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "25s")]
    ping_interval: Duration,

    /// How long they may take to answer
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "20s")]
    ping_timeout: Duration,

    /// The largest message from a client
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(1..), default_value_t = 1_000_000)]
    max_payload: u32,

    /// An origin whose pages may call, e.g. http://localhost:4200; repeatable; without it any may
    #[arg(long = "cors-origin", value_name = "ORIGIN")]
    cors_origins: Vec<String>,

    /// How many logins a minute are answered, the others with 429
    #[arg(long, value_name = "N")]
    rate_limit_login: Option<u32>,

    /// How many webhook calls a minute are answered, the others with 429
    #[arg(long, value_name = "N")]
    rate_limit_webhook: Option<u32>,

    /// How long an access token is good, e.g. 24h or 90s
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "24h")]
    access_token_lifetime: Duration,

    /// How long a refresh token is good
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "168h")]
    refresh_token_lifetime: Duration,

    /// Where the provider's send API is: agents' messages are posted to URL/messages
    #[arg(long, value_name = "URL")]
    provider_url: Option<String>,

    /// Where the login service is: credentials are posted to URL/login, instead of compared with the environment's
    #[arg(long, value_name = "URL")]
    login_url: Option<String>,

    /// How long the provider and the login service may take to answer
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "10s")]
    upstream_timeout: Duration,

    /// What is to go wrong, see --list-faults; several with commas between them
    #[arg(long = "fault", value_name = "ID", value_delimiter = ',', value_parser = faults::find)]
    faults: Vec<&'static Fault>,

    /// A timeline of messages and faults to play from the start: a file, or one of those that the console lists
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,

    /// How many times as fast as the scenario's file says, or as it was recorded
    #[arg(long, value_name = "TIMES", value_parser = speed)]
    speed: Option<f64>,

    /// Print what can go wrong, and end
    #[arg(long, value_enum, value_name = "FORMAT", num_args = 0..=1, require_equals = true, default_missing_value = "text")]
    pub list_faults: Option<ListFormat>,

    /// Open the console and the control API to other machines, by any host name: whoever reaches them can do everything
    #[arg(long)]
    console_anywhere: bool,

    /// Serve what the official test suites of Engine.IO and Socket.IO expect too, at /engine.io/ and /socket.io/
    #[arg(long)]
    echo: bool,

    /// Start without chats
    #[arg(long)]
    no_sample_chats: bool,

    /// The folder with the chats to start with, instead of the samples, and with agents, templates, customers and media
    #[arg(long, value_name = "DIR", conflicts_with = "no_sample_chats")]
    data: Option<PathBuf>,

    /// The file to keep the state in: the next start goes on from there
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    /// Forget what the state file holds, and begin again
    #[arg(long, requires = "state")]
    reset: bool,

    /// How logs are written
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,

    /// Print a completion script for this shell, and end
    #[arg(long, value_name = "SHELL")]
    pub completions: Option<Shell>,
}

/// What can be done beside serving.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve, and open a page in Chromium so that it talks to this mock instead of its backend
    Open(Open),
    /// Stand between a page and a real backend, and write down what is said
    Record(RecordArguments),
    /// Serve a recording back to a page
    Replay(ReplayArguments),
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum AuthChoice {
    /// An access token of the login
    Jwt,
    /// None: everybody may do everything
    None,
}

/// How faults are listed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ListFormat {
    /// For a terminal
    Text,
    /// As FAULTS.md
    Markdown,
}

impl fmt::Display for ListFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&match self {
            Self::Text => faults::table(),
            Self::Markdown => faults::markdown(),
        })
    }
}

/// How logs are written, to standard error.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum LogFormat {
    /// For people
    Text,
    /// For programs, one object a line
    Json,
}

impl LogFormat {
    /// Logs in this format from now on.
    pub fn start(self) {
        let filter =
            EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,mock_server::reload=info"));
        let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
        match self {
            Self::Text => log.init(),
            Self::Json => log.json().init(),
        }
    }
}

impl Arguments {
    /// The program's arguments. Those of serving may stand before a subcommand and behind it.
    pub fn program() -> clap::Command {
        <Self as CommandFactory>::command().mut_args(|argument| argument.global(true))
    }

    /// What the program was told; ends it where that cannot be.
    pub fn read() -> Self {
        let mut program = Self::program();
        let matches = program.get_matches_mut();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.format(&mut program).exit())
    }

    /// Listens where it was told to; gives the real address too.
    ///
    /// # Errors
    /// If that address is not to be had.
    pub async fn listen(&self) -> Result<(TcpListener, SocketAddr), UsageError> {
        let unknown = |source| UsageError::Host { host: self.host.clone(), source };
        let mut found = tokio::net::lookup_host((self.host.as_str(), self.port)).await.map_err(unknown)?;
        let address = found.next().ok_or_else(|| unknown(io::ErrorKind::NotFound.into()))?;
        let refused = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => UsageError::PortTaken { host: self.host.clone(), port: self.port },
            _ => UsageError::Listen { address, source },
        };
        let listener = bind(address).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok((listener, address))
    }
}

fn port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| "expected a whole number from 0 to 65535; 0 is any free port".to_owned())
}

fn speed(text: &str) -> Result<f64, String> {
    let speed = text.parse().ok().filter(|speed| Scenario::SPEEDS.contains(speed));
    speed.ok_or_else(|| "expected a number from 0.001 to 100000, such as 10".to_owned())
}

fn duration(text: &str) -> Result<Duration, String> {
    let parsed = text.parse::<SignedDuration>().ok().and_then(|duration| Duration::try_from(duration).ok());
    parsed.filter(|duration| !duration.is_zero()).ok_or_else(|| "expected a duration such as 25s or 300ms".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_fit_together() {
        Arguments::program().debug_assert();
    }

    /// The flags, as a table of the README.
    fn flags() -> String {
        let mut table = "| flag | | default |\n|---|---|---|\n".to_owned();
        for argument in Arguments::program().get_arguments() {
            let Some(flag) = argument.get_long() else { continue };
            let value = argument.get_value_names().filter(|_| argument.get_action().takes_values());
            let optional = argument.get_num_args().is_some_and(|number| number.min_values() == 0);
            let value = value.map_or_else(String::new, |names| {
                if optional { format!("[={}]", names[0]) } else { format!(" {}", names[0]) }
            });
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            let choices: Vec<String> =
                argument.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect();
            let choices = if value.is_empty() || choices.is_empty() {
                String::new()
            } else {
                format!(": {}", choices.join(", "))
            };
            let default = argument.get_default_values().first().map(|value| format!("`{}`", value.display()));
            table += &format!("| `--{flag}{value}` | {help}{choices} | {} |\n", default.unwrap_or_default());
        }
        table
    }

    #[test]
    fn the_readme_names_the_flags() {
        let flags = flags();
        assert!(
            include_str!("../../README.md").contains(&flags),
            "the flags in README.md are stale; they are\n{flags}"
        );
    }

    #[test]
    fn a_duration_has_a_unit_and_is_more_than_nothing() {
        assert_eq!(duration("300ms"), Ok(Duration::from_millis(300)));
        assert_eq!(duration("25s"), Ok(Duration::from_secs(25)));
        for bad in ["25", "0s", "-1s", "soon", ""] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
