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

/// How a trial is made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// For broadcasts and answers.
    deadline: Duration,
    /// How many conversations are held at the same time.
    conversations: usize,
}

/// Beside other trials. Most conversations with a faulty backend are waiting for what never comes: many at a time, and not
/// for long, since the mock is in this process.
pub(super) const BESIDE_OTHERS: Pace = Pace { deadline: Duration::from_millis(800), conversations: 16 };

/// With nothing beside it, as `conformance run` does it.
pub(super) const ALONE: Pace = Pace { deadline: Duration::from_secs(2), conversations: 4 };

/// The largest room: more than the 256 places that real backends run out of, and few enough to be filled 150 times.
const MEMBERS: u32 = 300;

/// How many connections a trial may have open at a time.
pub(super) const CONNECTIONS: u32 = MEMBERS * 2;

/// Runs all checks.
pub(super) async fn trial(fault: Option<&'static Fault>, contract: Contract, pace: Pace) -> Row {
    let began = Instant::now();
    match verdicts(fault, contract, pace).await {
        Ok(verdicts) => Row::of(fault, &verdicts, began.elapsed()),
        Err(reason) => Row::impossible(fault, reason),
    }
}

async fn verdicts(fault: Option<&'static Fault>, contract: Contract, pace: Pace) -> Result<Vec<Verdict>, String> {
    let mut config = Config {
        deadlines: Deadlines { delivery: pace.deadline, answer: pace.deadline, ..Deadlines::default() },
        members: Some(MEMBERS),
        ..Config::default()
    };
    let faults = fault.into_iter().collect();
    let mock = Embedded::start(&contract, &mut config, faults).await.map_err(|error| error.to_string())?;
    let outcome = judged(&config, contract, &mock, pace.conversations).await;
    mock.stop().await;
    outcome
}

async fn judged(config: &Config, contract: Contract, mock: &Embedded, jobs: usize) -> Result<Vec<Verdict>, String> {
    let mut target = Target::resolve(config, &contract).map_err(|error| error.to_string())?;
    target.restarts_on(mock.restart());
    let ground = preflight(target, contract, Duration::ZERO).await.map_err(|error| error.to_string())?;
    let options = RunOptions {
        checks: checks::all().collect(),
        strict: true,
        known: KnownFailures::default(),
        transport: Transport::Websocket,
        jobs,
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
