//! What the official test suites of Engine.IO (revision 4) and Socket.IO (revision 5) ask of a server, asked of `--echo`
//! in our own words: the suites themselves are run by `ci/protocol-suites`, where they can be fetched.

mod engine_io;
mod socket;
mod socket_io;

use std::time::Duration;

use axum::http::Method;
use mock_server::Options;
use serde_json::Value;

use crate::support::{Server, options};

/// What the suites expect.
const INTERVAL: Duration = Duration::from_millis(300);
const TIMEOUT: Duration = Duration::from_millis(200);

/// A server as the suites want it.
fn server() -> Server {
    Server::start(Options { echo: true, ping_interval: INTERVAL, ping_timeout: TIMEOUT, ..options() })
}

/// An answer to a request by HTTP: status and text.
async fn http(server: &Server, method: Method, path: &str, body: &'static str) -> (u16, String) {
    let (status, body) = server.request(method, path, &[], body).await;
    (status.as_u16(), String::from_utf8(body.to_vec()).unwrap())
}

/// Opens a session by polling; gives the path to go on by.
async fn polling(server: &Server, endpoint: &str) -> String {
    let open = format!("{endpoint}?EIO=4&transport=polling");
    let (status, packet) = http(server, Method::GET, &open, "").await;
    assert_eq!(status, 200);
    let handshake: Value = serde_json::from_str(packet.strip_prefix('0').unwrap()).unwrap();
    format!("{open}&sid={}", handshake["sid"].as_str().unwrap())
}

async fn poll(server: &Server, session: &str) -> (u16, String) {
    http(server, Method::GET, session, "").await
}

async fn post(server: &Server, session: &str, body: &'static str) -> (u16, String) {
    http(server, Method::POST, session, body).await
}
