//! rust_socketio hears what the suite's own client hears: on correct backends and on faulty ones.
#![cfg(feature = "rust-socketio")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it cannot go on")]

mod support;

use conformance::config::Config;
use conformance::run::{Report, RunOptions, select};
use conformance::verdict::Outcome;
use fixtures::Contract;
use mock_server::Options;
use support::{Backend, all_checks, config, run};

/// The checks of what is heard: the others have nothing to do with who listens.
async fn heard_by_both(config: &Config) -> Report {
    let checks = select(&["broadcast.*", "payload.*"].map(str::to_owned), &[]).unwrap();
    run(config, &Contract::room_updates(), &RunOptions { checks, witness: true, ..all_checks() }).await.0
}

fn mock(fault: Option<&str>) -> Config {
    let listener = mock_server::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let faults = fault.map(|id| mock_server::faults::find(id).unwrap());
    let options = Options {
        webhook_secret: Some("test-webhook-secret".to_owned()),
        faults: faults.into_iter().collect(),
        ..Options::default()
    };
    tokio::spawn(mock_server::serve(listener, options, std::future::pending()));
    config(&url)
}

/// How many verdicts and broadcasts were compared; all were alike.
fn compared(report: &Report) -> (usize, usize) {
    for verdict in &report.verdicts {
        let Outcome::HarnessError { reason } = &verdict.outcome else { continue };
        panic!("{}: {reason}", verdict.name());
    }
    let notice = report.notices.iter().find_map(|notice| notice.strip_prefix("rust_socketio heard the same: "));
    let notice = notice.unwrap_or_else(|| panic!("{:?}", report.notices));
    let mut numbers = notice.split(' ').filter_map(|word| word.parse().ok());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn both_clients_hear_the_same_from_the_mock() {
    let report = heard_by_both(&mock(None)).await;
    assert!(report.verdicts.iter().all(|verdict| !verdict.outcome.is_red()));
    let (verdicts, broadcasts) = compared(&report);
    assert!(verdicts > 80 && broadcasts >= 4, "{verdicts} verdicts, {broadcasts} broadcasts");
}

#[tokio::test(flavor = "multi_thread")]
async fn both_clients_hear_the_same_from_the_example_backends() {
    for name in ["fastapi", "node"] {
        let backend = Backend::start(name, "").await;
        let report = heard_by_both(&config(&backend.url)).await;
        assert!(report.verdicts.iter().all(|verdict| !verdict.outcome.is_red()), "{name}");
        let (verdicts, broadcasts) = compared(&report);
        assert!(verdicts > 80 && broadcasts >= 4, "{name}: {verdicts} verdicts, {broadcasts} broadcasts");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_clients_see_the_same_faults() {
    for (fault, violated) in [
        ("broadcast-twice", "broadcast.exactly-once"),
        ("missing-branch", "broadcast.delivered"),
        ("broadcast-to-everybody", "broadcast.only-room"),
        ("text-truncated", "payload.text"),
    ] {
        let report = heard_by_both(&mock(Some(fault))).await;
        assert!(report.verdicts.iter().any(|v| v.id == violated && v.outcome.is_violated()), "{fault}");
        compared(&report);
    }
}
