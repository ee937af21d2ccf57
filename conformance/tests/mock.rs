//! The suite against the mock, in one process.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it cannot go on")]

mod support;

use fixtures::Contract;
use support::{all_checks, config, mock, red, run};

#[tokio::test(flavor = "multi_thread")]
async fn the_mock_conforms() {
    let contract = Contract::room_updates();
    let (report, _) = run(&config(&mock(&contract)), &contract, &all_checks()).await;
    assert_eq!(red(&report), Default::default());
    assert_eq!(report.diagnoses, []);
}
