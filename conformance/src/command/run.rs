//! `conformance run`.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use conformance::config::{Config, parse_base_url};
use conformance::net::TlsOptions;
use conformance::recording::Recording;
use conformance::run::RunOptions;
use conformance::scenarios::Plan;
use conformance::stage::preflight;
use conformance::target::{Capability, Target};
use fixtures::Contract;

use super::args::RunArgs;
use super::embedded::Embedded;
use super::{CommandError, contract, output};

/// Runs the suite.
pub(super) fn run(args: &RunArgs) -> Result<u8, CommandError> {
    let mut config =
        args.config.as_deref().map_or_else(|| Ok(Config::default()), Config::load).map_err(CommandError::usage)?;
    override_with(&mut config, args)?;
    let contract = contract(config.contract.as_deref())?;
    let options = args.options()?;
    if args.dry_run {
        return dry_run(&config, &contract, &options);
    }
    let runtime =
        tokio::runtime::Runtime::new().map_err(|error| CommandError::Unreachable(format!("no runtime: {error}")))?;
    let outcome = runtime.block_on(perform(args, config, contract, options));
    // A name that is still being looked up cannot be called off; everything else ends at once.
    runtime.shutdown_timeout(Duration::from_millis(500));
    outcome
}

/// Flags stand over the file.
fn override_with(config: &mut Config, args: &RunArgs) -> Result<(), CommandError> {
    if let Some(target) = &args.target {
        config.target = Some(parse_base_url(target).map_err(|reason| {
            let next_step = if reason.contains("; ") { "" } else { "; expected one such as http://127.0.0.1:8000" };
            CommandError::Usage(format!("--target: {reason}{next_step}"))
        })?);
    }
    config.contract = args.contract.clone().or(config.contract.take());
    config.socket_path = args.socket_path.clone().or(config.socket_path.take());
    if args.insecure {
        config.tls = TlsOptions { insecure: true, ..config.tls.clone() };
    }
    Ok(())
}

async fn perform(
    args: &RunArgs,
    mut config: Config,
    contract: Contract,
    options: RunOptions,
) -> Result<u8, CommandError> {
    let mut reporters = output::reporters(&args.judging.report, args.judging.detail())?;
    let recording_file =
        args.save_recording.as_deref().map(|path| create(path).map(|file| (path, file))).transpose()?;
    let embedded = match config.target {
        Some(_) => None,
        None => Some(Embedded::start(&contract, &mut config).await?),
    };
    let target = Target::resolve(&config, &contract).map_err(CommandError::usage)?;
    let url = target.endpoint.shown_url("");
    let mut stop = pin!(stop(args.timeout));
    let ready = tokio::select! {
        biased; // signals are listened for before anything is sent
        why = stop.as_mut() => {
            return Err(CommandError::Unreachable(format!("{why}: {url} was not ready by then, and nothing was tested")));
        }
        ready = preflight(target, contract, args.wait_for.unwrap_or_default()) => ready,
    };
    let ground = Arc::new(ready.map_err(|error| match error.is_unreachable() {
        true => CommandError::Unreachable(error.to_string()),
        false => CommandError::Usage(error.to_string()),
    })?);
    let stop = async { format!("{}: what was not judged by then is not tested", stop.await) };
    let outcome = conformance::run::run(&ground, &options, &mut reporters, stop).await;
    let (report, recording) = outcome.map_err(CommandError::usage)?;
    let unsaved = recording_file.and_then(|(path, file)| save(path, file, &recording).err());
    if let Some(embedded) = embedded {
        embedded.stop().await;
    }
    let unwritten = reporters.into_errors();
    let errors = unwritten.iter().map(ToString::to_string).chain(unsaved);
    Ok(output::finish(errors, report.conclusion.exit_code()))
}

/// Resolves with the reason when the run is to stop early: Ctrl-C, the system's request to end, or `--timeout`.
async fn stop(timeout: Option<Duration>) -> String {
    let over = async {
        match timeout {
            Some(timeout) => tokio::time::sleep(timeout).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = interrupted() => "interrupted".to_owned(),
        () = terminated() => "asked to end".to_owned(),
        () = over => format!("--timeout {:?} is over", timeout.unwrap_or_default()),
    }
}

async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// SIGTERM, by which a CI ends a job that takes too long.
#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}

fn create(path: &Path) -> Result<File, CommandError> {
    File::create(path).map_err(|error| {
        CommandError::Usage(format!(
            "cannot write the recording {}: {error}; choose another path with --save-recording",
            path.display()
        ))
    })
}

fn save(path: &Path, file: File, recording: &Recording) -> Result<(), String> {
    recording.write(&mut BufWriter::new(file)).map_err(|error| {
        format!(
            "cannot write the recording {}: {error}; the verdicts stand, the recording is not whole",
            path.display()
        )
    })
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
