//! The way to a backend: its settings, reaching it, and what ends the work early.

use std::convert::Infallible;
use std::future::Future;
use std::num::NonZero;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use fixtures::Contract;

use super::{CommandError, TargetArgs, output};
use crate::config::{Config, parse_base_url};
use crate::net::TlsOptions;
use crate::stage::{Ground, preflight};
use crate::target::Target;

/// How long the target is waited for before that is said.
const FIRST_WORD: Duration = Duration::from_secs(1);
/// And how often it is said again.
const FURTHER_WORDS: Duration = Duration::from_secs(5);

/// Reaches the target that a configuration names, unless `stop` resolves before that.
///
/// # Errors
/// That it cannot be reached, or what is wrong with the configuration.
pub async fn reach(
    args: &TargetArgs,
    config: &Config,
    contract: Contract,
    stop: Pin<&mut impl Future<Output = String>>,
) -> Result<Ground, CommandError> {
    let target = Target::resolve(config, &contract).map_err(CommandError::usage)?;
    let url = target.endpoint.shown_url("");
    let ready = tokio::select! {
        biased; // signals are listened for before anything is sent
        why = stop => {
            return Err(CommandError::Unreachable(format!("{why}: {url} was not ready by then, and nothing was tested")));
        }
        ready = preflight(target, contract, args.wait_for.unwrap_or_default()) => ready,
        never = tell_of_waiting(&url, args.wait_for) => match never {},
    };
    ready.map_err(|error| match error.is_unreachable() {
        true => CommandError::Unreachable(error.to_string()),
        false => CommandError::Usage(error.to_string()),
    })
}

/// Says that what is tested is the embedded mock, where a configuration was given: whoever forgot the target in it would
/// take the mock's verdicts for the backend's.
pub fn tell_of_embedded(args: &TargetArgs, ground: &Ground) {
    if let Some(file) = &args.config {
        let file = file.display();
        ground.target.notices.tell(&format!(
            "{file} names no target, and neither does --target: this is the embedded mock, and not your backend"
        ));
    }
}

/// The contract of a file, or the built-in one.
fn contract(path: Option<&Path>) -> Result<Contract, CommandError> {
    path.map_or_else(|| Ok(Contract::room_updates()), |path| Contract::load(path).map_err(CommandError::usage))
}

/// Says that the target is being waited for, as soon as that takes longer than an answer.
async fn tell_of_waiting(url: &str, wait_for: Option<Duration>) -> Infallible {
    let Some(wait_for) = wait_for else { return std::future::pending().await };
    let began = tokio::time::Instant::now();
    let mut ticks = tokio::time::interval_at(began + FIRST_WORD, FURTHER_WORDS);
    loop {
        ticks.tick().await;
        output::tell(&format!("waiting for {url}: {} s of {wait_for:?} (--wait-for)", began.elapsed().as_secs()));
    }
}

/// The configuration, with the flags over it, and the contract.
///
/// # Errors
/// What is wrong with a file or a flag.
pub fn settings(args: &TargetArgs) -> Result<(Config, Contract), CommandError> {
    let mut config =
        args.config.as_deref().map_or_else(|| Ok(Config::default()), Config::load).map_err(CommandError::usage)?;
    override_with(&mut config, args)?;
    let contract = contract(config.contract.as_deref())?;
    Ok((config, contract))
}

/// The least number of threads: where there are few cores, scenarios that are being judged must not keep sockets from being
/// read, and the system shares cores more fairly than tasks share threads.
const WORKERS: usize = 8;

/// Runs a command's work to its end.
///
/// # Errors
/// The work's own, or that the system gives no threads for it.
pub fn block_on(work: impl Future<Output = Result<u8, CommandError>>) -> Result<u8, CommandError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(std::thread::available_parallelism().map_or(1, NonZero::get).max(WORKERS))
        .enable_all()
        .build()
        .map_err(|error| CommandError::Unreachable(format!("no runtime: {error}")))?;
    let outcome = runtime.block_on(work);
    // A name that is still being looked up cannot be called off; everything else ends at once.
    runtime.shutdown_timeout(Duration::from_millis(500));
    outcome
}

/// Flags stand over the file.
fn override_with(config: &mut Config, args: &TargetArgs) -> Result<(), CommandError> {
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

/// Resolves with the reason when the run is to stop early: Ctrl-C, the system's request to end, or `--timeout`.
pub async fn stop(timeout: Option<Duration>) -> String {
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
