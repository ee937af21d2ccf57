//! A real backend watched by the mock's recorder, while a page talks to it through that, and judged by what was seen. The
//! page is the suite's own client here, whose scenario the recorder knows nothing of.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it cannot go on")]

mod support;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use conformance::config::Config;
use conformance::recording::{Recording, Transport, WATCHED};
use conformance::run::{KnownFailures, Report, RunOptions, judge, select};
use conformance::verdict::Outcome;
use fixtures::Contract;
use mock_server::{Record, bind, record};
use support::{Backend, all_checks, config, run};
use tokio::sync::oneshot;

/// A file in memory.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Lets pages talk to a backend through a recorder; gives what that has written.
async fn watched(backend: &Backend, transport: Transport) -> Recording {
    let contract = Contract::room_updates();
    let listener = bind(([127, 0, 0, 1], 0).into()).unwrap();
    let between = format!("http://{}", listener.local_addr().unwrap());
    let paper = Paper::default();
    let options = Record {
        upstream: backend.url.parse().unwrap(),
        contract: contract.clone(),
        tls: None,
        out: Box::new(paper.clone()),
    };
    let (shutdown, asked) = oneshot::channel::<()>();
    let recorder = tokio::spawn(record(listener, options, async {
        asked.await.ok();
    }));
    // Pages that stay for longer than the recording gives a broadcast.
    let mut config: Config = config(&between);
    config.deadlines.delivery = Duration::from_secs(3);
    let checks = select(&["broadcast.delivered".to_owned()], &[]).unwrap();
    run(&config, &contract, &RunOptions { checks, transport, ..all_checks() }).await;
    shutdown.send(()).unwrap();
    recorder.await.unwrap().unwrap();
    let text = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
    assert!(!text.contains("agent-password") && !text.contains("eyJ"), "secrets are hidden");
    Recording::read(text.as_bytes()).unwrap()
}

fn judged(recording: &Recording) -> Report {
    judge(recording, "page.jsonl", &select(&[], &[]).unwrap(), false, &KnownFailures::default())
}

fn outcome<'r>(report: &'r Report, name: &str) -> &'r Outcome {
    &report
        .verdicts
        .iter()
        .find(|verdict| verdict.name() == name)
        .unwrap_or_else(|| panic!("no verdict {name}"))
        .outcome
}

fn violated(report: &Report) -> Vec<String> {
    report.verdicts.iter().filter(|verdict| verdict.outcome.is_violated()).map(|verdict| verdict.name()).collect()
}

const TYPES: [&str; 4] = ["Partner", "Customer", "Vendor", "SRDP"];

#[tokio::test(flavor = "multi_thread")]
async fn a_correct_backend_that_was_watched_conforms_by_either_transport() {
    let backend = Backend::start("fastapi", "").await;
    for transport in [Transport::Websocket, Transport::Polling] {
        let recording = watched(&backend, transport).await;
        assert!(recording.entries.iter().all(|entry| &*entry.scenario == WATCHED));
        let report = judged(&recording);
        assert_eq!(violated(&report), Vec::<String>::new(), "{transport}");
        for check in
            ["join.acknowledged", "broadcast.delivered", "broadcast.one-name", "payload.schema", "payload.type"]
        {
            for customer_type in TYPES {
                let outcome = outcome(&report, &format!("{check} [{customer_type}]"));
                assert!(matches!(outcome, Outcome::Passed { .. }), "{transport} {check} {customer_type}: {outcome:?}");
            }
        }
        assert!(matches!(outcome(&report, "broadcast.order"), Outcome::NotApplicable { .. }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_is_missing_is_found_in_what_was_watched() {
    let backend = Backend::start("fastapi", "missing-partner-branch").await;
    let report = judged(&watched(&backend, Transport::Websocket).await);
    assert_eq!(violated(&report), ["broadcast.delivered [Partner]", "broadcast.independent"]);
    let causes: Vec<&str> = report.diagnoses.iter().map(|diagnosis| diagnosis.id).collect();
    assert_eq!(causes, ["missing-branch"]);
}
