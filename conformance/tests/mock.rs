//! The suite against the mock, in one process.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it cannot go on")]

mod support;

use std::time::{Duration, Instant};

use conformance::recording::What;
use conformance::run::{RunOptions, select};
use conformance::verdict::Outcome;
use fixtures::Contract;
use mock_server::Options;
use support::{Services, all_checks, config, mock_calling, mock_with, red, run};

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

/// One thread for everything, which somebody else takes at first for longer than a broadcast may be late.
#[tokio::test]
async fn what_this_machine_is_too_busy_for_is_performed_again() {
    let contract = Contract::room_updates();
    let missing_branch = mock_server::faults::find("missing-branch").unwrap();
    let config = config(&mock_with(&contract, Options { faults: vec![missing_branch], ..Options::default() }));
    let options = RunOptions { checks: select(&["broadcast.delivered".to_owned()], &[]).unwrap(), ..all_checks() };
    let busy_until = Instant::now() + Duration::from_secs(4);
    tokio::spawn(async move {
        while Instant::now() < busy_until {
            std::thread::sleep(Duration::from_millis(800));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let (report, recording) = run(&config, &contract, &options).await;
    let violated: Vec<_> = red(&report).into_keys().collect();
    assert_eq!(violated, ["broadcast.delivered [Partner]"]);
    let told = "this machine was too busy for one-message-per-type: performed again";
    assert!(report.notices.iter().any(|notice| notice == told), "{:?}", report.notices);
    // What was recorded is what was judged.
    assert!(!recording.entries.iter().any(|entry| matches!(entry.what, What::Starved { .. })));
}
