//! The suite against the mock, in one process.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it cannot go on")]

mod support;

use conformance::verdict::Outcome;
use fixtures::Contract;
use support::{Services, all_checks, config, mock_calling, red, run};

#[tokio::test(flavor = "multi_thread")]
async fn the_mock_conforms() {
    let contract = Contract::room_updates();
    let services = Services::new();
    let config = services.played(config(&mock_calling(&contract, &services)));
    let (report, _) = run(&config, &contract, &all_checks()).await;
    assert_eq!(red(&report), Default::default());
    assert_eq!(report.diagnoses, []);
    let passed = |id: &str| {
        let mut verdicts = report.verdicts.iter().filter(|verdict| verdict.id == id);
        verdicts.all(|verdict| matches!(verdict.outcome, Outcome::Passed { .. }))
    };
    for id in ["provider.reply-sent", "provider.timeout", "auth.login-service"] {
        assert!(passed(id), "{id} was not tried");
    }
}
