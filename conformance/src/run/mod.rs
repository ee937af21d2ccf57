//! The runner: performs the scenarios that the chosen checks read, judges them as they end, and tells what happens as
//! [`RunEvent`]s. It formats nothing and decides nothing that a check could decide.

pub mod event;
mod loss;
mod recorded;
mod selection;
mod starvation;
mod summary;
mod watched;
#[cfg(feature = "rust-socketio")]
mod witness;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

pub use event::{Conclusion, Latency, Report, Reporter, RunEvent};
pub use recorded::judge;
pub use selection::{KnownFailure, KnownFailures, SelectionError, matches, select, select_among};
use starvation::TRIES;
pub(crate) use starvation::Vigil;

use crate::checks::Check;
use crate::conversation::Conversation;
use crate::recording::{FORMAT, Header, Recording, Settings, Transport};
use crate::scenario::Scenario;
use crate::scenarios::{Blueprint, Phase, Plan};
use crate::stage::{Ground, Pace, Recorder, WireStage};
use crate::target::Capability;
use crate::verdict::Verdict;

/// What a run is to do.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// The checks to judge, from [`select`].
    pub checks: Vec<&'static Check>,
    /// Whether SHOULD requirements count like MUST.
    pub strict: bool,
    /// Violations that are expected.
    pub known: KnownFailures,
    /// How ordinary sockets connect.
    pub transport: Transport,
    /// How many scenarios are performed at the same time, at most: fewer where the target turns out to be slow.
    pub jobs: usize,
    /// Whether the broadcast scenarios are performed once more, heard by rust_socketio: in builds with the feature of that
    /// name, and not otherwise.
    pub witness: bool,
}

/// The scenarios that the checks read, each once, in the checks' order.
#[must_use]
pub fn blueprints(checks: &[&'static Check]) -> Vec<&'static Blueprint> {
    let mut found: Vec<&'static Blueprint> = Vec::new();
    for check in checks {
        if !found.iter().any(|blueprint| blueprint.name == check.scenario.name) {
            found.push(check.scenario);
        }
    }
    found
}

/// A run in progress.
struct Run<'r> {
    ground: &'r Arc<Ground>,
    options: &'r RunOptions,
    header: Header,
    recorder: Recorder,
    pace: Arc<Pace>,
    verdicts: Vec<Verdict>,
    scenarios: Vec<(String, Duration)>,
    /// How many of the target's notices were told.
    told: usize,
    vigil: Vigil,
    /// Scenarios that this machine was too busy to tell the outcome of, and how often such ones may be performed again.
    starved: Vec<&'static Blueprint>,
    tries_left: usize,
    /// Scenarios of [`Phase::Beside`] that are still being performed.
    beside: JoinSet<(&'static Blueprint, During)>,
}

/// When a scenario was performed.
#[derive(Debug, Clone, Copy)]
struct During {
    start: Instant,
    end: Instant,
}

/// Performs and judges; ends early, with what there is, when `stop` resolves.
///
/// # Errors
/// What a reporter's writing said.
pub async fn run(
    ground: &Arc<Ground>,
    options: &RunOptions,
    reporter: &mut (dyn Reporter + Send),
    stop: impl Future<Output = String>,
) -> io::Result<(Report, Recording)> {
    let lacks: Vec<Capability> = ground.target.lacking().keys().copied().collect();
    let plan = Plan { contract: &ground.contract, lacks: &lacks };
    let began = Instant::now();
    let mut run = Run {
        ground,
        options,
        header: header(ground, &lacks),
        recorder: Recorder::start(),
        pace: Arc::default(),
        verdicts: Vec::new(),
        scenarios: Vec::new(),
        told: 0,
        vigil: Vigil::start(),
        starved: Vec::new(),
        tries_left: TRIES,
        beside: JoinSet::new(),
    };
    let blueprints = blueprints(&options.checks);
    reporter.on_event(&RunEvent::Started {
        target: &run.header.target,
        scenarios: blueprints.len(),
        checks: options.checks.len(),
    })?;
    tokio::pin!(stop);
    let mut why = None;
    let mut notices = Vec::new();
    for phase in [Phase::First, Phase::Together, Phase::Last, Phase::End] {
        let due: Vec<_> = blueprints.iter().copied().filter(|blueprint| blueprint.phase == phase).collect();
        let jobs = if phase == Phase::Together { run.bearable(&blueprints) } else { 1 };
        if jobs * 2 <= options.jobs && phase == Phase::Together && due.len() > jobs {
            let notice = format!("the target is slow: {jobs} conversations at a time instead of {}", options.jobs);
            reporter.on_event(&RunEvent::Notice(&notice))?;
            notices.push(notice);
        }
        if phase == Phase::Together {
            run.start_beside(&plan, &blueprints, reporter)?;
        }
        let all_over = phase == Phase::Last;
        why = run.perform_all(&plan, &due, jobs, all_over, reporter, stop.as_mut()).await?;
        if why.is_none() && matches!(phase, Phase::Last | Phase::End) {
            why = run.perform_starved(&plan, reporter, &mut notices, stop.as_mut()).await?;
        }
        if why.is_some() {
            break;
        }
    }
    let why = why.map(|why| format!("{why} ({} of {} checks were judged)", run.judged_checks(), options.checks.len()));
    if let Some(why) = &why {
        reporter.on_event(&RunEvent::Notice(why))?;
    }
    run.judge_the_rest();
    run.judge_anew_where_lost().await;
    #[cfg(feature = "rust-socketio")]
    if options.witness && why.is_none() {
        let notice = run.hear_witness(&plan).await;
        reporter.on_event(&RunEvent::Notice(&notice))?;
        notices.push(notice);
    }
    let recording = Recording { header: run.header, entries: run.recorder.entries() };
    notices.extend(ground.target.notices.all());
    notices.extend(why.iter().cloned());
    let facts = summary::Facts {
        took: began.elapsed(),
        scenarios: run.scenarios,
        waited: run.pace.account(),
        interrupted: why.is_some(),
        notices,
    };
    let report = summary::report(&recording, run.verdicts, options.strict, &options.known, facts);
    reporter.on_event(&RunEvent::Finished(&report))?;
    Ok((report, recording))
}

pub(crate) fn header(ground: &Ground, lacks: &[Capability]) -> Header {
    let deadlines = ground.target.deadlines;
    Header {
        recording: FORMAT,
        suite: env!("CARGO_PKG_VERSION").to_owned(),
        target: ground.target.endpoint.shown_url(""),
        started: jiff::Timestamp::now(),
        contract: ground.contract.clone(),
        settings: Settings {
            delivery: deadlines.delivery,
            skew: deadlines.skew,
            lacks: lacks.iter().map(|capability| capability.name().to_owned()).collect(),
            lacks_because: ground
                .target
                .lacking()
                .iter()
                .map(|(lack, why)| (lack.name().to_owned(), why.clone()))
                .collect(),
            console: ground.pages.as_ref().map(|pages| pages.console()),
        },
    }
}

/// How many messages of each type the largest conversation has under way at once.
const AT_ONCE: u32 = 8;

impl Run<'_> {
    /// How many conversations at a time the target bears without missing deadlines for our load alone: by how long the
    /// first conversation's broadcasts took, one of each type with nothing beside them.
    fn bearable(&self, blueprints: &[&'static Blueprint]) -> usize {
        let slowest = blueprints.iter().filter(|blueprint| blueprint.phase == Phase::First).filter_map(|blueprint| {
            let entries = self.recorder.entries_of(blueprint.name);
            let conversation = Conversation::new(&self.header, blueprint.name, &entries);
            conversation.slowest_delivery()
        });
        let largest = slowest.max().unwrap_or_default() * AT_ONCE;
        let bearable = self.header.settings.delivery.as_micros() / largest.as_micros().max(1);
        usize::try_from(bearable).unwrap_or(usize::MAX).clamp(1, self.options.jobs.max(1))
    }

    /// Starts what is performed beside all the rest.
    fn start_beside(
        &mut self,
        plan: &Plan<'_>,
        blueprints: &[&'static Blueprint],
        reporter: &mut (dyn Reporter + Send),
    ) -> io::Result<()> {
        for &blueprint in blueprints.iter().filter(|blueprint| blueprint.phase == Phase::Beside) {
            match blueprint.scenario(plan) {
                Some(scenario) => {
                    reporter.on_event(&RunEvent::ScenarioStarted { name: blueprint.name })?;
                    let performance = self.perform(scenario, Phase::Beside);
                    self.beside.spawn(async move { (blueprint, performance.await) });
                }
                None => self.judged(blueprint, None, reporter)?,
            }
        }
        Ok(())
    }

    /// Performs scenarios, up to `jobs` at a time, and judges each when it ends; with `all_over`, waits also for what was
    /// started beside. Where there may be several, one that waits for what hardly comes any more makes room for another: a
    /// backend that tells nobody anything would else take the sum of all waits. Returns why it was stopped early.
    async fn perform_all(
        &mut self,
        plan: &Plan<'_>,
        blueprints: &[&'static Blueprint],
        jobs: usize,
        all_over: bool,
        reporter: &mut (dyn Reporter + Send),
        mut stop: std::pin::Pin<&mut impl Future<Output = String>>,
    ) -> io::Result<Option<String>> {
        let mut waiting = blueprints.iter();
        let mut running = JoinSet::new();
        let mut stalled = self.pace.stalled();
        loop {
            let stalling = if jobs > 1 { *stalled.borrow_and_update() } else { 0 };
            while running.len().saturating_sub(stalling) < jobs {
                let Some(&blueprint) = waiting.next() else { break };
                match blueprint.scenario(plan) {
                    Some(scenario) => {
                        reporter.on_event(&RunEvent::ScenarioStarted { name: blueprint.name })?;
                        let performance = self.perform(scenario, blueprint.phase);
                        running.spawn(async move { (blueprint, performance.await) });
                    }
                    None => self.judged(blueprint, None, reporter)?,
                }
            }
            if running.is_empty() && (!all_over || self.beside.is_empty()) {
                return Ok(None);
            }
            let next = tokio::select! {
                biased;
                why = stop.as_mut() => return Ok(Some(why)),
                sentence = self.ground.target.notices.nth(self.told) => {
                    self.told += 1;
                    reporter.on_event(&RunEvent::Notice(&sentence))?;
                    continue;
                }
                Ok(()) = stalled.changed() => continue,
                Some(next) = running.join_next() => next,
                Some(next) = self.beside.join_next() => next,
            };
            // A panic in a stage is ours; the scenario stays without its end, and is judged as such with the rest.
            if let Ok((blueprint, during)) = next {
                self.judged(blueprint, Some(during), reporter)?;
            }
        }
    }

    fn perform(&self, scenario: Scenario, phase: Phase) -> impl Future<Output = During> + Send + use<> {
        let stage = WireStage::new(Arc::clone(self.ground), Arc::clone(&self.pace), self.options.transport);
        // It takes nobody's place, so it leaves none while it waits.
        let stage = if phase == Phase::Beside { stage.beside_others() } else { stage };
        let log = self.recorder.scenario(Arc::clone(&scenario.name));
        let ground = Arc::clone(self.ground);
        async move {
            let start = Instant::now();
            stage.perform(&scenario, Arc::clone(&log)).await;
            if loss::saw_trouble(&log) {
                loss::note_loss(&ground, &log).await;
            }
            During { start, end: Instant::now() }
        }
    }

    /// A target that is ending may still answer when a scenario that it broke has ended. So, before anything is held
    /// against it, it is asked once more at the end of the run, and what it was broken off in the middle of is judged anew.
    async fn judge_anew_where_lost(&mut self) {
        if !self.verdicts.iter().any(|verdict| verdict.outcome.is_violated()) {
            return;
        }
        for blueprint in blueprints(&self.options.checks) {
            let Some(log) = self.recorder.log(blueprint.name).filter(|log| loss::saw_trouble(log)) else { continue };
            if loss::note_loss(self.ground, &log).await {
                let readers = |id: &str| {
                    self.options.checks.iter().any(|check| check.id == id && check.scenario.name == blueprint.name)
                };
                self.verdicts.retain(|verdict| !readers(verdict.id));
                self.judge_scenario(blueprint);
            }
        }
    }

    /// How many of the checks have a verdict.
    fn judged_checks(&self) -> usize {
        let judged = |check: &&&Check| self.verdicts.iter().any(|verdict| verdict.id == check.id);
        self.options.checks.iter().filter(judged).count()
    }

    fn judged(
        &mut self,
        blueprint: &'static Blueprint,
        during: Option<During>,
        reporter: &mut (dyn Reporter + Send),
    ) -> io::Result<()> {
        let first = self.verdicts.len();
        self.judge_scenario(blueprint);
        if self.verdicts[first..].iter().any(|verdict| verdict.outcome.is_red())
            && during.is_some_and(|during| self.was_starved(blueprint, &during))
        {
            self.verdicts.truncate(first);
            if self.tries_left > 0 {
                self.starved.push(blueprint);
                return Ok(());
            }
            self.judge_scenario(blueprint);
        }
        self.options.known.mark(&mut self.verdicts[first..]);
        let took = during.map(|during| during.end - during.start).unwrap_or_default();
        if during.is_some() {
            self.scenarios.push((blueprint.name.to_owned(), took));
        }
        reporter.on_event(&RunEvent::ScenarioFinished { name: blueprint.name, took, verdicts: &self.verdicts[first..] })
    }

    fn judge_scenario(&mut self, blueprint: &Blueprint) {
        let entries = self.recorder.entries_of(blueprint.name);
        let conversation = Conversation::new(&self.header, blueprint.name, &entries);
        let readers = self.options.checks.iter().filter(|check| check.scenario.name == blueprint.name);
        self.verdicts.extend(readers.flat_map(|check| check.judge(&conversation)));
    }

    /// What has no verdict yet gets one from what was recorded, which is "not tested": after an interruption, or where a
    /// stage broke off. Nothing that was chosen goes without a verdict.
    fn judge_the_rest(&mut self) {
        for blueprint in blueprints(&self.options.checks) {
            let judged = |check: &&&Check| self.verdicts.iter().any(|verdict| verdict.id == check.id);
            let missing = self
                .options
                .checks
                .iter()
                .filter(|check| check.scenario.name == blueprint.name)
                .any(|check| !judged(&check));
            if missing {
                self.judge_scenario(blueprint);
            }
        }
    }
}
