//! `conformance matrix`: the suite against the embedded mock with each of its faults. Does every fault trip the checks that
//! it is declared to violate, and no others? Is every check tripped by something?
//!
//! [`trial`] runs the suite against one fault, [`row`] compares what came of it with what the fault declares, [`coverage`]
//! looks for requirements that nothing trips, [`text`] lays it all out. Nothing here judges a backend.

mod coverage;
mod row;
mod text;
mod trial;

use std::pin::pin;
use std::time::{Duration, Instant};

use conformance::net::open_files_for;
use conformance::report::Look;
use conformance::run::{Conclusion, matches};
use fixtures::Contract;
use futures_util::StreamExt;
use futures_util::stream::iter;
use indicatif::{ProgressBar, ProgressStyle};
use mock_server::faults::{self, Fault};
use serde::Serialize;

use super::args::MatrixArgs;
use conformance::cli::{self, CommandError, output};
use coverage::Untripped;
use row::Row;
use tokio::task::JoinError;
use trial::Patience;

/// The version of the matrix's shape as JSON. Keys may be added within a version; none is taken away or changes its meaning.
const FORMAT: u32 = 1;

/// The faults that a trial waits longest with: they come first, lest the end waits for one of them alone.
const LONGEST: [&str; 5] = [
    "webhook-answered-late",
    "auth-payload-ignored",
    "join-answered-by-ack-only",
    "no-join-handler",
    "list-unanswered",
];

/// All that was found.
#[derive(Debug, Serialize)]
struct Matrix {
    format: u32,
    suite: &'static str,
    #[serde(serialize_with = "row::seconds")]
    took: Duration,
    /// Whether everything is as it is declared.
    as_declared: bool,
    /// Why it ended early, where it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    interrupted: Option<String>,
    /// The mock without faults first, then fault by fault in the order of `FAULTS.md`.
    rows: Vec<Row>,
    /// The requirements that no fault trips; empty where only some of the faults were tried.
    untripped: Vec<Untripped>,
}

/// Tries the chosen faults.
pub(super) fn matrix(args: &MatrixArgs) -> Result<u8, CommandError> {
    let subjects = subjects(&args.faults)?;
    cli::block_on(perform(args, &subjects))
}

async fn perform(args: &MatrixArgs, subjects: &[Option<&'static Fault>]) -> Result<u8, CommandError> {
    let began = Instant::now();
    let bar = bar();
    let mut trials = Trials { subjects, bar: &bar, rows: subjects.iter().map(|_| None).collect() };
    let mut stop = pin!(cli::stop(args.timeout));
    let interrupted = tokio::select! {
        biased;
        why = &mut stop => Some(why),
        () = trials.make(usize::from(args.jobs)) => None,
    };
    let rows: Vec<Row> = trials.rows.into_iter().flatten().collect();
    bar.finish_and_clear();
    let is_whole = args.faults.is_empty() && interrupted.is_none();
    let untripped = if is_whole { coverage::untripped(&rows) } else { Vec::new() };
    let as_declared = rows.iter().all(|row| row.differences.is_empty()) && untripped.iter().all(Untripped::is_excused);
    let suite = env!("CARGO_PKG_VERSION");
    let matrix = Matrix { format: FORMAT, suite, took: began.elapsed(), as_declared, interrupted, rows, untripped };
    output::print(&match args.json {
        true => serde_json::to_string_pretty(&matrix).map_err(CommandError::usage)? + "\n",
        false => text::of(&matrix, Look::of_stdout()),
    })?;
    Ok(match (&matrix.interrupted, matrix.as_declared) {
        (_, false) => Conclusion::Violates.exit_code(),
        (Some(_), true) => Conclusion::CouldNotTest.exit_code(),
        (None, true) => Conclusion::Conforms.exit_code(),
    })
}

/// Trials under way: what came of each so far.
struct Trials<'a> {
    subjects: &'a [Option<&'static Fault>],
    bar: &'a ProgressBar,
    rows: Vec<Option<Row>>,
}

impl Trials<'_> {
    /// Makes all of them, so many at a time. What differs is tried once more with nothing beside it before it is held against
    /// anybody: on a busy machine it may have been the load.
    async fn make(&mut self, jobs: usize) {
        let connections = trial::CONNECTIONS.saturating_mul(u32::try_from(jobs).unwrap_or(u32::MAX));
        if let Err(reason) = open_files_for(connections) {
            output::complain(&reason);
        }
        let mut all: Vec<usize> = (0..self.subjects.len()).collect();
        let is_long = |index: &usize| self.subjects[*index].is_some_and(|fault| LONGEST.contains(&fault.id));
        all.sort_by_key(|index| !is_long(index));
        self.make_some(all, jobs, trial::BESIDE_OTHERS).await;
        let again = |row: &Option<Row>| row.as_ref().is_some_and(|row| !row.differences.is_empty());
        let again = (0..self.rows.len()).filter(|index| again(&self.rows[*index])).collect();
        self.make_some(again, 1, trial::ALONE).await;
    }

    async fn make_some(&mut self, indices: Vec<usize>, jobs: usize, patience: Patience) {
        let contract = Contract::room_updates();
        self.bar.inc_length(u64::try_from(indices.len()).unwrap_or(u64::MAX));
        let subjects = self.subjects;
        let trials = indices.into_iter().map(|index| {
            // A task of its own, so that one that computes does not hold up the others.
            let trial = tokio::spawn(trial::trial(subjects[index], contract.clone(), patience));
            async move {
                let broken = |error: JoinError| Row::impossible(subjects[index], error.to_string());
                (index, trial.await.unwrap_or_else(broken))
            }
        });
        let mut trials = pin!(iter(trials).buffer_unordered(jobs));
        while let Some((index, mut row)) = trials.next().await {
            row.differed_beside_others = self.rows[index].take().map(|first| first.differences).unwrap_or_default();
            self.rows[index] = Some(row);
            self.bar.inc(1);
            let differing = self.rows.iter().flatten().filter(|row| !row.differences.is_empty()).count();
            self.bar.set_message(if differing == 0 { String::new() } else { format!("{differing} differ") });
        }
    }
}

/// The mock without faults, and the faults that were asked for: all, where none is.
fn subjects(patterns: &[String]) -> Result<Vec<Option<&'static Fault>>, CommandError> {
    for pattern in patterns {
        if !faults::all().any(|fault| matches(pattern, fault.id)) {
            return Err(match faults::find(pattern) {
                Err(unknown) if !pattern.contains('*') => CommandError::usage(unknown),
                _ => {
                    CommandError::Usage(format!("`{pattern}` matches no fault; `mock-server --list-faults` lists them"))
                }
            });
        }
    }
    let is_chosen = |fault: &&Fault| patterns.is_empty() || patterns.iter().any(|pattern| matches(pattern, fault.id));
    Ok(std::iter::once(None).chain(faults::all().filter(is_chosen).map(Some)).collect())
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {pos}/{len} trials  {elapsed}  {wide_msg}");
    let bar = ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    if !bar.is_hidden() {
        bar.enable_steady_tick(Duration::from_millis(100));
    }
    bar
}
