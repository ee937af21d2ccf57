//! The suite against backends that are not ours: FastAPI with python-socketio, and Node's socket.io.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it cannot go on")]

mod support;

use fixtures::Contract;
use support::{Backend, all_checks, config, red, run};

#[tokio::test(flavor = "multi_thread")]
async fn fastapi_conforms() {
    let backend = Backend::start("fastapi", "").await;
    let (report, _) = run(&config(&backend.url), &Contract::room_updates(), &all_checks()).await;
    eprintln!("{:?} {:?} {:?}", report.took, report.waited, report.scenarios);
    assert_eq!(red(&report), Default::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn node_conforms() {
    let backend = Backend::start("node", "").await;
    let (report, _) = run(&config(&backend.url), &Contract::room_updates(), &all_checks()).await;
    eprintln!("{:?} {:?} {:?}", report.took, report.waited, report.scenarios);
    assert_eq!(red(&report), Default::default());
}
