//! The mock as a target, and the configuration that leads to it.

use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;

use mock_server::Options;

/// The password by which the mock lets the suite in.
const PASSWORD: &str = "agent-password";

/// A mock for as long as the test's runtime lives; its URL.
pub fn mock() -> String {
    mock_with(Options::default())
}

/// A mock with these settings, and a heartbeat that nobody has to wait for.
pub fn mock_with(options: Options) -> String {
    let options =
        Options { ping_interval: Duration::from_millis(300), ping_timeout: Duration::from_secs(1), ..options };
    let listener = mock_server::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(mock_server::serve(listener, options, pending()));
    url
}

/// A configuration that logs in, with `more` at its end. Messages go to the webhook, unsigned, unless `more` says
/// otherwise.
pub fn configuration(target: &str, more: &str) -> String {
    format!("target = \"{target}\"\n[auth]\nusername = \"agent\"\npassword = \"{PASSWORD}\"\n{more}\n")
}
