//! What the command says when it cannot use what it was told: what is wrong, and what to do.

use std::io;
use std::net::SocketAddr;

use fixtures::scenario::ScenarioError;
use fixtures::{ContractError, DataError};
use mock_server::TlsError;

use super::BrowserError;

/// What cannot be used of what the command was told.
#[derive(Debug, thiserror::Error)]
pub enum UsageError {
    #[error(transparent)]
    Contract(#[from] ContractError),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Browser(#[from] BrowserError),
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    #[error(
        "there is no scenario {name}, neither as a file nor built in{}\nThe built-in ones are {}",
        meant(name, built_in),
        built_in.join(", ")
    )]
    NoScenario { name: String, built_in: Vec<String> },
    #[error(
        "cannot find the host {host}: {source}\nUse an address or a host name of this machine, e.g. --host 127.0.0.1"
    )]
    Host { host: String, source: io::Error },
    #[error(
        "port {port} on {host} is taken\nEnd what listens there, or use --port N, or --port 0 for any free one{}",
        airplay(*port)
    )]
    PortTaken { host: String, port: u16 },
    #[error("cannot write the recording {file}: {source}\nChoose another file with --out")]
    Out { file: String, source: io::Error },
    #[error("cannot replay {file}: {reason}\nName a file that `mock-server record` wrote")]
    Recording { file: String, reason: String },
    #[error("--speed says how fast --scenario or `replay` goes; give one of them")]
    SpeedOfNothing,
    #[error("cannot listen for Ctrl-C and SIGTERM: {0}")]
    Signals(io::Error),
    #[error("cannot listen on {address}: {source}\nUse another --port or --host")]
    Listen { address: SocketAddr, source: io::Error },
}

/// Which of the known ones was meant, where one is alike.
fn meant(name: &str, known: &[String]) -> String {
    fixtures::did_you_mean(name, known.iter().map(String::as_str))
        .map_or_else(String::new, |near| format!("; did you mean {near}?"))
}

/// Who it may be that listens at a port, where one is known to.
fn airplay(port: u16) -> &'static str {
    if port == 5000 {
        "\nOn macOS it is the AirPlay Receiver; System Settings > General > AirDrop & Handoff ends it"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_finds_port_5000_taken_is_told_who_may_listen_there() {
        let taken = |port| UsageError::PortTaken { host: "127.0.0.1".to_owned(), port }.to_string();
        assert!(taken(5000).contains("AirPlay") && taken(5000).contains("--port N"));
        assert!(!taken(5001).contains("AirPlay"));
    }
}
