//! `conformance property`: random scenarios, and the smallest of those that fail.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::{Duration, Instant};

use conformance::config::Config;
use conformance::model::file;
use conformance::model::judge::Counts;
use conformance::model::perform::Performer;
use conformance::model::search::{Failure, Origin, Progress, SearchOptions, Searched, search};
use conformance::model::tell;
use conformance::report::Look;
use conformance::run::Conclusion;
use conformance::scenario::Scenario;
use fixtures::Contract;
use indicatif::{ProgressBar, ProgressStyle};

use super::args::PropertyArgs;
use super::backend::Backend;
use conformance::cli::{self, CommandError, output};

/// How long a failure is made smaller, at most.
const SHRINK_FOR: Duration = Duration::from_secs(30);

/// Searches for a scenario that the backend fails.
pub(super) fn property(args: &PropertyArgs) -> Result<u8, CommandError> {
    let (config, contract) = cli::settings(&args.target)?;
    let regressions = args.regressions.as_deref().map_or_else(|| Ok(Vec::new()), |folder| read(folder, &contract))?;
    cli::block_on(perform(args, config, contract, regressions))
}

async fn perform(
    args: &PropertyArgs,
    config: Config,
    contract: Contract,
    regressions: Vec<(String, Scenario)>,
) -> Result<u8, CommandError> {
    let mut stop = pin!(cli::stop(args.timeout));
    let backend = Backend::reach(&args.target, config, contract, stop.as_mut()).await?;
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..1_000_000_000));
    let performer = Performer::new(backend.ground.clone(), args.target.transport, args.strict);
    let options = SearchOptions { cases: args.cases, seed, jobs: usize::from(args.jobs), shrink_for: SHRINK_FOR };
    let began = Instant::now();
    let bar = bar(u64::from(args.cases) + regressions.len() as u64);
    let mut so_far = (0, Counts::default());
    let searched = {
        let mut tell = |progress: Progress<'_>| show(&bar, progress, &mut so_far);
        tokio::select! {
            searched = search(&performer, &options, regressions, &mut tell) => Ok(searched.map_err(CommandError::usage)?),
            why = stop.as_mut() => Err(why),
        }
    };
    bar.finish_and_clear();
    let code = match searched {
        Ok(searched) => report(args, seed, &searched, began.elapsed())?,
        Err(why) => {
            let (cases, counts) = so_far;
            let head = tell::headline(cases, &counts, began.elapsed());
            output::print(&format!("{head}{}{why}: seed {seed}, nothing found by then\n", tell::counts(&counts)))?;
            Conclusion::CouldNotTest.exit_code()
        }
    };
    backend.leave().await;
    Ok(code)
}

/// Says what came of it; keeps a new failure as a file.
fn report(args: &PropertyArgs, seed: u64, searched: &Searched, took: Duration) -> Result<u8, CommandError> {
    let head = tell::headline(searched.cases, &searched.counts, took);
    let mut out = format!("{head}{}", tell::counts(&searched.counts));
    let conclusion = match (&searched.failure, searched.untested.as_slice()) {
        (Some(failure), _) => {
            let unicode = Look::of_stdout().unicode;
            out.push_str(&format!("\n{}", tell::failure(failure, seed, unicode)));
            out.push_str(&format!("\n{}\n", kept(args, failure, seed)?));
            Conclusion::Violates
        }
        (None, []) => {
            out.push_str(&format!("conforms, as far as seed {seed} goes\n"));
            Conclusion::Conforms
        }
        (None, untested) => {
            out.push_str(&format!("could not be tested (seed {seed}):\n  {}\n", untested.join("\n  ")));
            Conclusion::CouldNotTest
        }
    };
    output::print(&out)?;
    Ok(conclusion.exit_code())
}

/// Where the scenario is kept, and how to try it again.
fn kept(args: &PropertyArgs, failure: &Failure, seed: u64) -> Result<String, CommandError> {
    let path = match &failure.origin {
        Origin::Regression(name) => args.regressions.clone().unwrap_or_default().join(name),
        Origin::Case(case) => {
            let folder = args.regressions.clone().unwrap_or_default();
            let path = folder.join(format!("{}-{seed}-{case}.yaml", failure.requirement));
            save(&folder, &path, failure, seed)?;
            path
        }
    };
    let target = args.target.target.as_ref().map(|url| format!(" --target {url}")).unwrap_or_default();
    let config = args.target.config.as_ref().map(|path| format!(" --config {}", path.display())).unwrap_or_default();
    Ok(format!("kept as {0}; try it again: conformance replay {0}{config}{target}", path.display()))
}

fn save(folder: &Path, path: &Path, failure: &Failure, seed: u64) -> Result<(), CommandError> {
    let yaml = file::to_yaml(&failure.scenario, &tell::comments(failure, seed)).map_err(CommandError::usage)?;
    let unwritable = |error: std::io::Error| {
        CommandError::Usage(format!(
            "cannot keep the scenario as {}: {error}; name a folder with --regressions",
            path.display()
        ))
    };
    if !folder.as_os_str().is_empty() {
        std::fs::create_dir_all(folder).map_err(unwritable)?;
    }
    std::fs::write(path, yaml).map_err(unwritable)
}

/// The scenario files of a folder, by name; a folder that is not there yet has none.
fn read(folder: &Path, contract: &Contract) -> Result<Vec<(String, Scenario)>, CommandError> {
    let unreadable =
        |error| CommandError::Usage(format!("cannot read the regressions in {}: {error}", folder.display()));
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(unreadable)?,
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<PathBuf>, _>>();
    let mut paths = paths.map_err(unreadable)?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    let load = |path: PathBuf| {
        let loaded = file::load(&path, contract).map_err(CommandError::usage)?;
        Ok((path.file_name().unwrap_or_default().to_string_lossy().into_owned(), loaded.scenario))
    };
    paths.into_iter().map(load).collect()
}

fn bar(scenarios: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {pos}/{len} scenarios  {elapsed}  {wide_msg}");
    let bar = ProgressBar::new(scenarios).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    if !bar.is_hidden() {
        bar.enable_steady_tick(Duration::from_millis(100));
    }
    bar
}

fn show(bar: &ProgressBar, progress: Progress<'_>, so_far: &mut (u32, Counts)) {
    match progress {
        Progress::Judged { cases, counts } => {
            *so_far = (cases, counts.clone());
            bar.set_position(u64::from(cases));
            bar.set_message(format!("{} judgements", counts.total()));
        }
        Progress::Shrinking { requirement, runs, steps } => {
            bar.set_message(format!("{requirement} is violated; {steps} steps after {runs} tries"));
        }
    }
}
