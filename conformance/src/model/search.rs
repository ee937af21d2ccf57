//! The search for a scenario that a backend fails: many random ones, several at a time; and the smallest of the first kind
//! that is found.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::generate::{self, Script};
use super::judge::Counts;
use super::lower;
use super::perform::{Performed, Performer};
use super::shrink::Shrinker;
use crate::scenario::Scenario;

/// How often a scenario that failed is tried alone, to know whether it fails each time.
const CONFIRMATIONS: usize = 3;

/// How often a smaller scenario is tried where the first failed each time, and where it did not.
const ATTEMPTS: (usize, usize) = (4, 10);

/// After so many cases of which not one message was accepted, no other will do better.
const HOPELESS: u32 = 5;

/// What could not be tested is told up to this many times.
const UNTESTED: usize = 10;

/// What to search.
#[derive(Debug, Clone, Copy)]
pub struct SearchOptions {
    /// How many random scenarios.
    pub cases: u32,
    /// Where chance begins: the same seed gives the same scenarios.
    pub seed: u64,
    /// How many are performed at the same time.
    pub jobs: usize,
    /// How long a failure is made smaller.
    pub shrink_for: Duration,
}

/// What the search is at.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'p> {
    /// A case was judged.
    Judged {
        /// How many cases were so far.
        cases: u32,
        /// The judgements so far.
        counts: &'p Counts,
    },
    /// A failure is being made smaller.
    Shrinking {
        /// The violated requirement.
        requirement: &'static str,
        /// How many conversations that has taken so far.
        runs: usize,
        /// How many steps the smallest has.
        steps: usize,
    },
}

/// Where a failing scenario comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A random one, by its number from 1.
    Case(u32),
    /// An earlier failure, by its file's name.
    Regression(String),
}

/// A failure.
#[derive(Debug)]
pub struct Failure {
    /// Where it comes from.
    pub origin: Origin,
    /// The violated requirement's id.
    pub requirement: &'static str,
    /// The smallest scenario that shows it.
    pub scenario: Scenario,
    /// A performance of it that failed.
    pub performed: Performed,
    /// How often it failed when it was tried alone, and how often that was.
    pub failed: (usize, usize),
    /// How many steps the scenario had at first.
    pub steps_at_first: usize,
    /// How many conversations it took to make it smaller.
    pub runs: usize,
}

/// What a search came to.
#[derive(Debug, Default)]
pub struct Searched {
    /// How many cases were judged, regressions among them.
    pub cases: u32,
    /// All judgements.
    pub counts: Counts,
    /// The first failure.
    pub failure: Option<Failure>,
    /// What could not be tested, and why; a few.
    pub untested: Vec<String>,
}

impl Searched {
    /// Whether nothing can be tested at all, as where every message is refused.
    fn is_hopeless(&self) -> bool {
        self.cases >= HOPELESS && self.counts.messages == 0 && !self.untested.is_empty()
    }

    fn take(&mut self, performed: &Performed) {
        self.cases += 1;
        self.counts.add(&performed.judged.counts);
        for reason in &performed.judged.untested {
            if self.untested.len() < UNTESTED && !self.untested.contains(reason) {
                self.untested.push(reason.clone());
            }
        }
    }
}

/// Performs the regressions, then the cases, until one fails; that one is made smaller.
///
/// # Errors
/// Why no scenario could be generated.
pub async fn search(
    performer: &Performer,
    options: &SearchOptions,
    regressions: Vec<(String, Scenario)>,
    tell: &mut dyn FnMut(Progress<'_>),
) -> Result<Searched, String> {
    let mut searched = Searched::default();
    for (name, scenario) in regressions {
        searched.failure = again(performer, name, scenario, &mut searched, tell).await;
        if searched.failure.is_some() {
            return Ok(searched);
        }
    }
    let (mut next, mut jobs, mut beside_others) = (0, options.jobs.max(1), None);
    while let Some((case, performed)) = first_failure(performer, options, &mut next, jobs, &mut searched, tell).await? {
        let script = generate::script(&performer.plan(), options.seed, case)?;
        let failure = smallest(performer, options, script, performed, case + 1, tell).await;
        if failure.failed.0 > 0 {
            searched.failure = Some(failure);
            return Ok(searched);
        }
        // It failed beside other cases and not alone: one at a time, another may show it by itself.
        beside_others.get_or_insert(failure);
        jobs = 1;
    }
    searched.failure = beside_others;
    Ok(searched)
}

/// An earlier failure, tried again.
async fn again(
    performer: &Performer,
    name: String,
    scenario: Scenario,
    searched: &mut Searched,
    tell: &mut dyn FnMut(Progress<'_>),
) -> Option<Failure> {
    for attempt in 1..=CONFIRMATIONS {
        let performed = performer.perform(&scenario).await;
        searched.take(&performed);
        tell(Progress::Judged { cases: searched.cases, counts: &searched.counts });
        if let Some(violation) = performed.judged.violations.first() {
            let (requirement, steps_at_first) = (violation.requirement, scenario.count());
            let origin = Origin::Regression(name);
            let failed = (1, attempt);
            return Some(Failure { origin, requirement, scenario, performed, failed, steps_at_first, runs: 0 });
        }
    }
    None
}

/// Performs cases from `next` on, `jobs` at a time, up to the first that fails.
async fn first_failure(
    performer: &Performer,
    options: &SearchOptions,
    next: &mut u32,
    jobs: usize,
    searched: &mut Searched,
    tell: &mut dyn FnMut(Progress<'_>),
) -> Result<Option<(u32, Performed)>, String> {
    let mut running = JoinSet::new();
    loop {
        while running.len() < jobs && *next < options.cases {
            let case = *next;
            let script = generate::script(&performer.plan(), options.seed, case)?;
            let scenario = lower::scenario(&script, &performer.plan());
            let performer = performer.clone();
            running.spawn(async move { (case, performer.perform(&scenario).await) });
            *next += 1;
        }
        let Some(ended) = running.join_next().await else { return Ok(None) };
        let (case, performed) = ended.map_err(|panic| format!("a case broke off: {panic}"))?;
        searched.take(&performed);
        tell(Progress::Judged { cases: searched.cases, counts: &searched.counts });
        if searched.is_hopeless() {
            running.shutdown().await;
            return Ok(None);
        }
        if !performed.judged.violations.is_empty() {
            running.shutdown().await;
            return Ok(Some((case, performed)));
        }
    }
}

/// The smallest scenario that fails as this case did, with nothing beside it. It is made smaller in a hurry, and the smallest
/// that fails with the full time, too, is gone on from with that.
async fn smallest(
    performer: &Performer,
    options: &SearchOptions,
    script: Script,
    performed: Performed,
    case: u32,
    tell: &mut dyn FnMut(Progress<'_>),
) -> Failure {
    let scenario = lower::scenario(&script, &performer.plan());
    let requirement = performed.judged.violations.first().map_or("", |violation| violation.requirement);
    let steps_at_first = scenario.count();
    let hurried = performer.in_a_hurry();
    let alone = confirm(&hurried, &scenario, requirement, CONFIRMATIONS).await;
    // What fails in a hurry alone has not failed.
    let unconfirmed = (0, CONFIRMATIONS);
    let origin = Origin::Case(case);
    let mut failure =
        Failure { origin, requirement, scenario, performed, failed: unconfirmed, steps_at_first, runs: 0 };
    if alone.failed == 0 {
        return failure;
    }
    let attempts = if alone.failed == CONFIRMATIONS { ATTEMPTS.0 } else { ATTEMPTS.1 };
    let until = Instant::now() + options.shrink_for;
    let mut from = script;
    for pace in [&hurried, performer] {
        let runs = failure.runs;
        let mut told = |now: usize, steps| tell(Progress::Shrinking { requirement, runs: runs + now, steps });
        let mut shrinker = Shrinker::new(pace, requirement, attempts, until, &mut told, from);
        shrinker.shrink().await;
        failure.runs += shrinker.runs;
        let mut scripts = shrinker.into_scripts();
        let found = scripts.len();
        let Some((script, confirmed)) = last_that_fails(performer, &mut scripts, requirement, attempts).await else {
            break;
        };
        let (scenario, failed) = (lower::scenario(&script, &performer.plan()), (confirmed.failed, confirmed.tries));
        if let Some(performed) = confirmed.seen {
            failure = Failure { scenario, performed, failed, ..failure };
        }
        if scripts.len() + 1 == found || Instant::now() >= until {
            break;
        }
        from = script;
    }
    failure
}

/// Goes back from the last script to the first until one fails, and takes it and what comes after it out. What passes takes
/// no time: of what failed in a hurry alone, any number is soon gone back from.
async fn last_that_fails(
    performer: &Performer,
    scripts: &mut Vec<Script>,
    requirement: &str,
    attempts: usize,
) -> Option<(Script, Confirmed)> {
    while let Some(script) = scripts.pop() {
        let scenario = lower::scenario(&script, &performer.plan());
        let confirmed = confirm(performer, &scenario, requirement, attempts).await;
        if confirmed.failed > 0 {
            return Some((script, confirmed));
        }
    }
    None
}

/// What came of trying a scenario alone.
struct Confirmed {
    failed: usize,
    tries: usize,
    /// A performance that failed.
    seen: Option<Performed>,
}

/// Tries a scenario alone: some times to know how often it fails, and up to `most` times until it does.
async fn confirm(performer: &Performer, scenario: &Scenario, requirement: &str, most: usize) -> Confirmed {
    let mut confirmed = Confirmed { failed: 0, tries: 0, seen: None };
    while confirmed.tries < if confirmed.failed > 0 { CONFIRMATIONS } else { most } {
        let performed = performer.perform(scenario).await;
        confirmed.tries += 1;
        if performed.violation(requirement).is_some() {
            confirmed.failed += 1;
            confirmed.seen = Some(performed);
        }
    }
    confirmed
}
