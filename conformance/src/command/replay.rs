//! `conformance replay`: performs a scenario file, and judges who heard what.

use std::pin::pin;
use std::time::{Duration, Instant};

use conformance::config::Config;
use conformance::model::judge::Counts;
use conformance::model::perform::{Performed, Performer};
use conformance::model::{file, tell};
use conformance::report::Look;
use conformance::run::Conclusion;
use conformance::scenario::Scenario;
use fixtures::Contract;

use super::args::ReplayArgs;
use super::backend::Backend;
use conformance::cli::{self, CommandError, output};

/// Performs the file as often as it is asked for.
pub(super) fn replay(args: &ReplayArgs) -> Result<u8, CommandError> {
    let (config, contract) = cli::settings(&args.target)?;
    let loaded = file::load(&args.file, &contract).map_err(CommandError::usage)?;
    if let Some(left_out) = &loaded.left_out {
        output::print(&format!("left out, since only `mock-server --scenario` performs it: {left_out}\n\n"))?;
    }
    cli::block_on(perform(args, config, contract, &loaded.scenario))
}

async fn perform(
    args: &ReplayArgs,
    config: Config,
    contract: Contract,
    scenario: &Scenario,
) -> Result<u8, CommandError> {
    let mut stop = pin!(cli::stop(None));
    let backend = Backend::reach(&args.target, config, contract, stop.as_mut()).await?;
    let performer = Performer::new(backend.ground.clone(), args.target.transport, args.strict);
    let lacking = scenario.needs.iter().find_map(|need| Some((need, backend.ground.target.lacks(*need)?)));
    if let Some((need, why)) = lacking {
        let reason = format!("the scenario needs `{}`, which the target lacks: {why}", need.name());
        return Err(CommandError::Unreachable(reason));
    }
    let began = Instant::now();
    let mut replayed = Replayed::default();
    loop {
        tokio::select! {
            performed = performer.perform(scenario) => replayed.take(performed),
            why = stop.as_mut() => return Err(CommandError::Unreachable(format!("{why} after {} replays", replayed.times))),
        }
        if replayed.times >= args.times {
            break;
        }
    }
    backend.leave().await;
    output::print(&replayed.told(began.elapsed()))?;
    Ok(replayed.conclusion().exit_code())
}

/// What came of all the times.
#[derive(Default)]
struct Replayed {
    times: u32,
    failed: u32,
    untested: Vec<String>,
    counts: Counts,
    /// The first that failed, or else the last.
    shown: Option<Performed>,
}

impl Replayed {
    fn take(&mut self, performed: Performed) {
        self.times += 1;
        self.counts.add(&performed.judged.counts);
        self.untested.extend(performed.judged.untested.iter().cloned());
        let fails = !performed.judged.violations.is_empty();
        if self.failed == 0 {
            self.shown = Some(performed);
        }
        self.failed += u32::from(fails);
    }

    fn conclusion(&self) -> Conclusion {
        match (self.failed, self.untested.is_empty() && self.counts.total() > 0) {
            (0, true) => Conclusion::Conforms,
            (0, false) => Conclusion::CouldNotTest,
            _ => Conclusion::Violates,
        }
    }

    fn told(&self, took: Duration) -> String {
        let shown = self.shown.as_ref().map(|shown| tell::performance(shown, Look::of_stdout().unicode));
        let mut out = shown.unwrap_or_default();
        out.push_str(&format!("\n{}{}", tell::headline(self.times, &self.counts, took), tell::counts(&self.counts)));
        out.push_str(&match self.conclusion() {
            Conclusion::Conforms => "conforms\n".to_owned(),
            Conclusion::Violates => format!("violated {} of {} times\n", self.failed, self.times),
            Conclusion::CouldNotTest if self.untested.is_empty() => {
                "could not be tested: nobody was there to hear; `open` a socket and let it `join` a room before messages are \
                 sent\n"
                    .to_owned()
            }
            Conclusion::CouldNotTest => format!("could not be tested:\n  {}\n", self.untested.join("\n  ")),
        });
        out
    }
}
