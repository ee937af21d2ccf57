//! `browser-tests run`.

use std::path::Path;
use std::pin::pin;
use std::sync::Arc;

use browser_tests::{BrowserError, BrowserStage, RehearsalError, StandError, evidence, stage};
use conformance::checks;
use conformance::cli::{self, CommandError, RecordingFile, output};
use conformance::config::Config;
use conformance::recording::Recording;
use conformance::run::{Conclusion, Report, RunOptions};
use conformance::stage::{Ground, try_trigger};
use fixtures::Contract;
use fixtures::pages::Profile;

use super::args::RunArgs;
use super::embedded::Embedded;

/// Opens the pages and judges them.
pub(super) fn run(args: &RunArgs) -> Result<u8, CommandError> {
    let (config, contract) = cli::settings(&args.target)?;
    let profile = match &args.profile {
        Some(path) => Profile::load(path, &contract),
        None => Profile::reference(&contract),
    };
    let profile = profile.map_err(CommandError::usage)?;
    let (checks, known) = args.judging.resolve(checks::beside_a_page())?;
    let options = RunOptions {
        checks,
        strict: args.judging.strict,
        known,
        transport: args.target.transport,
        jobs: 4,
        witness: false,
    };
    cli::block_on(perform(args, config, contract, profile, options))
}

async fn perform(
    args: &RunArgs,
    mut config: Config,
    contract: Contract,
    profile: Profile,
    options: RunOptions,
) -> Result<u8, CommandError> {
    let mut reporters = output::reporters(&args.judging.report, args.judging.detail())?;
    let recording_file = args.save_recording.as_deref().map(RecordingFile::create).transpose()?;
    let mut stop = pin!(cli::stop(args.timeout));
    let embedded = match config.target {
        Some(_) => None,
        None => Some(Embedded::start(&contract, &mut config)?),
    };
    let ground = cli::reach(&args.target, &config, contract, stop.as_mut()).await?;
    if embedded.is_some() {
        cli::tell_of_embedded(&args.target, &ground);
    }
    let (ground, stage) = tokio::select! {
        biased;
        prepared = prepare(args, ground, profile) => prepared?,
        why = stop.as_mut() => return Err(CommandError::Unreachable(format!("{why}: nothing was judged by then"))),
    };
    let stop = async { format!("{}: what was not judged by then is not tested", stop.await) };
    let outcome = conformance::run::run(&ground, &options, &mut reporters, stop).await;
    drop(ground);
    if let Some(stage) = Arc::into_inner(stage) {
        stage.end().await;
    }
    let (report, recording) = outcome.map_err(CommandError::usage)?;
    let unsaved = recording_file.and_then(|file| file.save(&recording).err());
    let unproved = show(&args.evidence, &report, &recording).err();
    if let Some(embedded) = embedded {
        embedded.stop().await;
    }
    let unwritten = reporters.into_errors();
    let errors = unwritten.iter().map(ToString::to_string).chain(unsaved).chain(unproved);
    Ok(output::finish(errors, report.conclusion.exit_code()))
}

/// Writes the evidence where anything is red, and says where. What an earlier run left behind is not this run's.
fn show(path: &Path, report: &Report, recording: &Recording) -> Result<(), String> {
    if report.conclusion == Conclusion::Conforms {
        return Ok(());
    }
    std::fs::write(path, evidence::html(report, recording)).map_err(|error| {
        format!("cannot write the evidence {}: {error}; choose another path with --evidence", path.display())
    })?;
    output::tell(&format!("evidence: {}", path.display()));
    Ok(())
}

/// Tries the trigger, starts the browser, and holds the profile against the page.
async fn prepare(
    args: &RunArgs,
    mut ground: Ground,
    profile: Profile,
) -> Result<(Arc<Ground>, Arc<BrowserStage>), CommandError> {
    try_trigger(&ground).await.map_err(CommandError::usage)?;
    let page = ground.target.endpoint.base().join(&args.page).map_err(|error| {
        CommandError::Usage(format!("--page {}: {error}; expected a URL such as http://localhost:4200", args.page))
    })?;
    let name = args.profile.as_ref().map_or_else(|| "reference.yaml".to_owned(), |path| path.display().to_string());
    let stage = stage(args.browser, &page, profile, &ground.target.endpoint).await.map_err(no_stage)?;
    let stage = if args.no_pictures { stage.without_pictures() } else { stage };
    stage.rehearse(&ground, &name).await.map_err(unfit)?;
    let stage = Arc::new(stage);
    ground.pages = Some(Arc::clone(&stage) as Arc<_>);
    Ok((Arc::new(ground), stage))
}

fn no_stage(error: StandError) -> CommandError {
    match error {
        StandError::Host { .. } => CommandError::usage(error),
        StandError::Browser(BrowserError::Driver(_)) | StandError::Browser(_) | StandError::Line(_) => {
            CommandError::Unreachable(error.to_string())
        }
    }
}

fn unfit(error: RehearsalError) -> CommandError {
    match error {
        RehearsalError::Browser(reason) => CommandError::Unreachable(reason),
        RehearsalError::NotLoggedIn { .. } | RehearsalError::Selector { .. } => CommandError::usage(error),
    }
}
