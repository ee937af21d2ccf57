//! The suite against backends that are not ours: FastAPI with python-socketio, and Node's socket.io.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it cannot go on")]

mod support;

use conformance::recording::Transport;
use conformance::run::{Conclusion, Report, RunOptions};
use fixtures::Contract;
use support::{Backend, all_checks, config, red, run};

/// Runs all checks, ordinary sockets connecting by this transport.
async fn judged(backend: &Backend, transport: Transport) -> Report {
    let options = RunOptions { transport, ..all_checks() };
    run(&config(&backend.url), &Contract::room_updates(), &options).await.0
}

/// Asserts that nothing is red, and no cause is made up.
fn assert_green(report: &Report) {
    assert_eq!(red(report), Default::default());
    assert_eq!(report.diagnoses, []);
    assert_eq!(report.conclusion, Conclusion::Conforms);
}

/// Everything that is asked of a correct backend, on one process: run after run finds chats and sockets of the last one.
async fn conforms(name: &str) {
    let backend = Backend::start(name, "").await;
    for transport in [Transport::Websocket, Transport::Polling, Transport::Upgrade] {
        assert_green(&judged(&backend, transport).await);
    }
    // Two suites at once are foreign traffic to each other: in the same rooms, of the same types, with chats in one list.
    let (one, other) = tokio::join!(judged(&backend, Transport::Websocket), judged(&backend, Transport::Polling));
    assert_green(&one);
    assert_green(&other);
}

#[tokio::test(flavor = "multi_thread")]
async fn fastapi_conforms_by_each_transport_and_amid_foreign_traffic() {
    conforms("fastapi").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn node_conforms_by_each_transport_and_amid_foreign_traffic() {
    conforms("node").await;
}
