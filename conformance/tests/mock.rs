//! The suite against the mock, in one process.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it cannot go on")]

mod support;

use std::net::SocketAddr;

use fixtures::Contract;
use mock_server::Options;
use support::{all_checks, config, red, run};

/// A mock that lives as long as the test.
fn mock(contract: &Contract) -> String {
    let listener = mock_server::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let options = Options {
        contract: contract.clone(),
        webhook_secret: Some("test-webhook-secret".to_owned()),
        ..Options::default()
    };
    tokio::spawn(mock_server::serve(listener, options, std::future::pending()));
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mock_conforms() {
    let contract = Contract::room_updates();
    let (report, _) = run(&config(&mock(&contract)), &contract, &all_checks()).await;
    assert_eq!(red(&report), Default::default());
    eprintln!("{:?} {:?} {:?}", report.took, report.waited, report.scenarios);
}
