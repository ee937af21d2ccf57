//! One trial: the whole suite against an embedded mock with one fault, or with none.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use conformance::checks;
use conformance::config::{Config, Deadlines};
use conformance::recording::Transport;
use conformance::run::{KnownFailures, Reporter, RunEvent, RunOptions, run};
use conformance::stage::preflight;
use conformance::target::Target;
use conformance::verdict::Verdict;
use fixtures::Contract;
use mock_server::faults::Fault;

use super::row::Row;
use crate::command::embedded::Embedded;

/// How long broadcasts and answers may take in a trial.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience(Duration);

/// Beside other trials: the mock is in this process, and most of a trial with a faulty one is waiting for what never comes.
pub(super) const BESIDE_OTHERS: Patience = Patience(Duration::from_millis(800));

/// With nothing beside it, as long as `conformance run` waits.
pub(super) const ALONE: Patience = Patience(Duration::from_secs(2));

/// How many conversations are held at the same time, as `conformance run` does it: with more of them, each takes longer.
const CONVERSATIONS: usize = 4;

/// The largest room: more than the 256 places that real backends run out of, and few enough to be filled 150 times.
const MEMBERS: u32 = 300;

/// How many connections a trial may have open at a time.
pub(super) const CONNECTIONS: u32 = MEMBERS * 2;

/// Runs all checks.
pub(super) async fn trial(fault: Option<&'static Fault>, contract: Contract, patience: Patience) -> Row {
    let began = Instant::now();
    match verdicts(fault, contract, patience).await {
        Ok(verdicts) => Row::of(fault, &verdicts, began.elapsed()),
        Err(reason) => Row::impossible(fault, reason),
    }
}

async fn verdicts(
    fault: Option<&'static Fault>,
    contract: Contract,
    patience: Patience,
) -> Result<Vec<Verdict>, String> {
    let mut config = Config {
        deadlines: Deadlines { delivery: patience.0, answer: patience.0, ..Deadlines::default() },
        members: Some(MEMBERS),
        ..Config::default()
    };
    let faults = fault.into_iter().collect();
    let mock = Embedded::start(&contract, &mut config, faults).await.map_err(|error| error.to_string())?;
    let outcome = judged(&config, contract, &mock).await;
    mock.stop().await;
    outcome
}

async fn judged(config: &Config, contract: Contract, mock: &Embedded) -> Result<Vec<Verdict>, String> {
    let mut target = Target::resolve(config, &contract).map_err(|error| error.to_string())?;
    target.restarts_on(mock.restart());
    let ground = preflight(target, contract, Duration::ZERO).await.map_err(|error| error.to_string())?;
    let options = RunOptions {
        checks: checks::of_backends().collect(),
        strict: true,
        known: KnownFailures::default(),
        transport: Transport::Websocket,
        jobs: CONVERSATIONS,
        witness: false,
    };
    let outcome = run(&Arc::new(ground), &options, &mut Unheard, pending()).await;
    outcome.map(|(report, _)| report.verdicts).map_err(|error| error.to_string())
}

/// Nobody looks at a single run.
struct Unheard;

impl Reporter for Unheard {
    fn on_event(&mut self, _: &RunEvent<'_>) -> io::Result<()> {
        Ok(())
    }
}
