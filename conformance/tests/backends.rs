//! The suite against backends that are not ours: FastAPI with python-socketio, and Node's socket.io.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it cannot go on")]

mod support;

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use conformance::config::Config;
use conformance::recording::Transport;
use conformance::run::{Conclusion, Report, Reporter, RunEvent, RunOptions};
use conformance::stage::preflight;
use conformance::target::Target;
use conformance::verdict::Outcome;
use fixtures::Contract;
use support::{Backend, Services, all_checks, config, red, run};

/// Runs all checks, ordinary sockets connecting by this transport.
async fn judged(config: &Config, transport: Transport) -> Report {
    let options = RunOptions { transport, ..all_checks() };
    run(config, &Contract::room_updates(), &options).await.0
}

/// Asserts that nothing is red, and no cause is made up.
fn assert_green(report: &Report) {
    assert_eq!(red(report), Default::default());
    assert_eq!(report.diagnoses, []);
    assert_eq!(report.conclusion, Conclusion::Conforms);
}

/// Everything that is asked of a correct backend: by each transport on one process, where run after run finds chats and
/// sockets of the last one; then by two runs at a time, on one that calls no services, as only one can play them.
async fn conforms(name: &str) {
    let services = Services::new();
    let backend = Backend::start_calling(name, "", &services).await;
    let followed = services.played(config(&backend.url));
    for transport in [Transport::Websocket, Transport::Polling, Transport::Upgrade] {
        assert_green(&judged(&followed, transport).await);
    }
    drop(backend);
    let backend = Backend::start(name, "").await;
    let config = config(&backend.url);
    // Two suites at once are foreign traffic to each other: in the same rooms, of the same types, with chats in one list.
    let (one, other) = tokio::join!(judged(&config, Transport::Websocket), judged(&config, Transport::Polling));
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

/// Kills the backend when the first conversation is over, in the middle of all others.
struct Killer(Option<Backend>);

impl Reporter for Killer {
    fn on_event(&mut self, event: &RunEvent<'_>) -> io::Result<()> {
        if let RunEvent::ScenarioFinished { .. } = event {
            self.0 = None;
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_is_killed_in_mid_run_is_blamed_for_nothing() {
    let backend = Backend::start("node", "").await;
    let contract = Contract::room_updates();
    let target = Target::resolve(&config(&backend.url), &contract).unwrap();
    let ground = Arc::new(preflight(target, contract, Duration::ZERO).await.unwrap());
    let mut killer = Killer(Some(backend));
    let (report, _) = conformance::run::run(&ground, &all_checks(), &mut killer, pending()).await.unwrap();
    assert_eq!(report.conclusion, Conclusion::CouldNotTest);
    let outcomes: Vec<&Outcome> = report.verdicts.iter().map(|verdict| &verdict.outcome).collect();
    assert!(outcomes.iter().any(|outcome| matches!(outcome, Outcome::Passed { .. })));
    let lost =
        |outcome: &&&Outcome| matches!(outcome, Outcome::NotTested { reason, .. } if reason.contains("went away"));
    assert!(outcomes.iter().filter(lost).count() > 20);
}
