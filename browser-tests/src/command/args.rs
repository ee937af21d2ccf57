//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use browser_tests::Engine;
use clap::{Args, Parser, Subcommand, ValueHint};
use conformance::cli::{EXIT_CODES, Judging, TargetArgs};
use conformance::config::parse_duration;

/// Checks what an agent sees: any page, in a real browser, against any backend.
#[derive(Debug, Parser)]
#[command(name = "browser-tests", version, about, after_help = EXIT_CODES, max_term_width = 110, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do; without it, `run`.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The options of `run`.
    #[command(flatten)]
    pub run: RunArgs,
}

/// What the command can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the pages and judge what they show; without a page, the reference page on the embedded mock
    #[command(after_help = RUN_EXAMPLES)]
    Run(Box<RunArgs>),
}

const RUN_EXAMPLES: &str = "\
Examples:
  browser-tests run                                               the reference page on the embedded mock
  browser-tests run --page '/?variant=never-rejoins'              with a defect of real pages
  browser-tests run --target http://127.0.0.1:5000                the reference page, as `mock-server` serves it
  browser-tests run --page http://localhost:4200 --profile page.yaml --target http://127.0.0.1:8000 --config conformance.toml
  browser-tests run --run 'page.*' --report junit:page.xml --save-recording page.jsonl";

/// The options of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The page's URL, or its path at the target; without one, `/` there: the reference page, as the mock serves it
    #[arg(long, value_name = "URL", default_value = "/", value_hint = ValueHint::Url)]
    pub page: String,
    /// How the page is used: login, routes, selectors, console lines; without one, the reference page's
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub profile: Option<PathBuf>,
    /// The browser; Firefox does not do all that Chromium does: what it cannot is not tested
    #[arg(long, value_name = "NAME", value_enum, default_value_t)]
    pub browser: Engine,
    /// Where the evidence goes when anything is red: one HTML file with pictures, console, frames and lists
    #[arg(long, value_name = "FILE", default_value = "page-evidence.html", value_hint = ValueHint::FilePath)]
    pub evidence: PathBuf,
    /// Take no pictures: quicker, where nobody will look
    #[arg(long)]
    pub no_pictures: bool,
    /// The backend.
    #[command(flatten)]
    pub target: TargetArgs,
    /// The checks and their verdicts.
    #[command(flatten)]
    pub judging: Judging,
    /// Keep what happened, for `conformance judge`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub save_recording: Option<PathBuf>,
    /// Stop after this long; what was not judged by then is not tested
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub timeout: Option<Duration>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
