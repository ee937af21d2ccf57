//! `conformance run`.

use std::pin::pin;
use std::time::Duration;

use conformance::config::Config;
use conformance::run::RunOptions;
use conformance::scenarios::Plan;
use conformance::target::{Capability, Target};
use fixtures::Contract;

use super::args::RunArgs;
use super::backend::Backend;
use conformance::cli::{self, CommandError, RecordingFile, output};

/// How long the trial of the trigger may take: refusals come at once.
const TRIAL: Duration = Duration::from_secs(1);

/// Runs the suite.
pub(super) fn run(args: &RunArgs) -> Result<u8, CommandError> {
    let (config, contract) = cli::settings(&args.target)?;
    let options = args.options()?;
    if args.dry_run {
        return dry_run(&config, &contract, &options);
    }
    cli::block_on(perform(args, config, contract, options))
}

async fn perform(args: &RunArgs, config: Config, contract: Contract, options: RunOptions) -> Result<u8, CommandError> {
    let mut reporters = output::reporters(&args.judging.report, args.judging.detail())?;
    let recording_file = args.save_recording.as_deref().map(RecordingFile::create).transpose()?;
    let mut stop = pin!(cli::stop(args.timeout));
    let backend = Backend::reach(&args.target, config, contract, stop.as_mut()).await?;
    // Whoever stops it here stops the run, which then says what there is.
    let mut stopped = None;
    if sends_messages(&options, &backend) {
        tokio::select! {
            biased;
            why = stop.as_mut() => stopped = Some(why),
            tried = tokio::time::timeout(TRIAL, backend.try_trigger()) => tried.unwrap_or(Ok(()))?,
        }
    }
    let stop = async {
        match stopped {
            Some(why) => why,
            None => stop.await,
        }
    };
    let stop = async { format!("{}: what was not judged by then is not tested", stop.await) };
    let outcome = conformance::run::run(&backend.ground, &options, &mut reporters, stop).await;
    let (report, recording) = outcome.map_err(CommandError::usage)?;
    let unsaved = recording_file.and_then(|file| file.save(&recording).err());
    backend.leave().await;
    let unwritten = reporters.into_errors();
    let errors = unwritten.iter().map(ToString::to_string).chain(unsaved);
    Ok(output::finish(errors, report.conclusion.exit_code()))
}

/// Whether any of the chosen conversations is about messages.
fn sends_messages(options: &RunOptions, backend: &Backend) -> bool {
    let lacks: Vec<Capability> = backend.ground.target.lacking().keys().copied().collect();
    let plan = Plan { contract: &backend.ground.contract, lacks: &lacks };
    let scenarios = conformance::run::blueprints(&options.checks).into_iter().filter_map(|one| one.scenario(&plan));
    scenarios.into_iter().any(|scenario| scenario.sends_messages())
}

/// What would be done: checks by scenario, and what the configuration rules out.
fn dry_run(config: &Config, contract: &Contract, options: &RunOptions) -> Result<u8, CommandError> {
    let lacks: Vec<Capability> = match &config.target {
        Some(_) => Target::resolve(config, contract).map_err(CommandError::usage)?.lacking().keys().copied().collect(),
        None => Vec::new(),
    };
    let plan = Plan { contract, lacks: &lacks };
    let mut out = String::new();
    for blueprint in conformance::run::blueprints(&options.checks) {
        let readers = options.checks.iter().filter(|check| check.scenario.name == blueprint.name).map(|check| check.id);
        let state = match blueprint.scenario(&plan) {
            Some(_) => "",
            None => " (not applicable: the target lacks what it needs)",
        };
        out.push_str(&format!("{}{state}: {}\n", blueprint.name, blueprint.about));
        for id in readers {
            out.push_str(&format!("  {id}\n"));
        }
    }
    output::print(&out)
}
