//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueHint};
use conformance::cli::{EXIT_CODES, Judging, TargetArgs};
use conformance::config::parse_duration;

/// Checks any Socket.IO backend against its room-update contract, by its URL.
#[derive(Debug, Parser)]
#[command(name = "conformance", version, about, after_help = EXIT_CODES, max_term_width = 110, args_conflicts_with_subcommands = true)]
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
    /// Run the suite; without a target, against the embedded mock
    #[command(after_help = RUN_EXAMPLES)]
    Run(Box<RunArgs>),
    /// Try random scenarios, and make what fails small
    #[command(after_help = PROPERTY_EXAMPLES)]
    Property(Box<PropertyArgs>),
    /// Perform a scenario file, and judge who heard what
    #[command(after_help = REPLAY_EXAMPLES)]
    Replay(Box<ReplayArgs>),
    /// Judge a saved recording again, without a network
    #[command(after_help = JUDGE_EXAMPLES)]
    Judge(JudgeArgs),
    /// Try the suite itself: against the embedded mock with each of its faults, does it find what it must?
    #[command(after_help = MATRIX_EXAMPLES)]
    Matrix(MatrixArgs),
    /// List the requirements and whether each has a check
    List(ListArgs),
    /// Say all there is to say about a requirement and its check
    #[command(after_help = "Example:\n  conformance explain broadcast.delivered")]
    Explain {
        /// Its id, as in reports
        id: String,
    },
    /// Write a commented configuration
    #[command(after_help = "Examples:\n  conformance init\n  conformance init - | less")]
    Init {
        /// The file to write, which must not exist; `-` for standard output
        #[arg(default_value = "conformance.toml", value_hint = ValueHint::FilePath)]
        path: PathBuf,
    },
    /// Print a completion script for a shell
    #[command(
        after_help = "Example:\n  conformance completions bash > ~/.local/share/bash-completion/completions/conformance"
    )]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

const RUN_EXAMPLES: &str = "\
Examples:
  conformance run                                         the embedded mock: what a correct backend looks like
  conformance run --target http://127.0.0.1:8000          any backend
  conformance run --config conformance.toml --strict      the target that the configuration names (see `conformance init`)
  conformance run --run 'join.*' --skip join.malformed    some of the checks
  conformance run --report junit:report.xml --save-recording run.jsonl
  conformance run --known-failures known.txt              with expected violations, a line each: CHECK: REASON";

const PROPERTY_EXAMPLES: &str = "\
Examples:
  conformance property                                          the embedded mock
  conformance property --config conformance.toml --cases 1000   the target that the configuration names
  conformance property --seed 42                                the same scenarios as at any other time
  conformance property --regressions scenarios                  earlier failures first; new ones are kept there";

const REPLAY_EXAMPLES: &str = "\
Examples:
  conformance replay broadcast.delivered.yaml --target http://127.0.0.1:8000 --config conformance.toml
  conformance replay broadcast.delivered.yaml --times 20    a race does not show each time";

const JUDGE_EXAMPLES: &str = "\
Examples:
  conformance judge run.jsonl
  conformance judge run.jsonl --run 'broadcast.*' --report json
  conformance judge page.jsonl      what `mock-server record` has watched, by the checks that can judge that";

const MATRIX_EXAMPLES: &str = "\
Examples:
  conformance matrix                                every fault, and which requirements it violates
  conformance matrix --fault 'join-*' --fault missing-branch
  conformance matrix --json > matrix.json

Exit codes:
  0  each fault is found by the checks that it is declared to violate, and by no others; a mock without faults conforms
  1  not so: what differs is told
  2  the command line is wrong
  3  not all of it could be tried";

/// The options of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The backend.
    #[command(flatten)]
    pub target: TargetArgs,
    /// The checks and their verdicts.
    #[command(flatten)]
    pub judging: Judging,
    /// Show which checks and scenarios would run, and stop there
    #[arg(long)]
    pub dry_run: bool,
    /// Keep what happened, for `conformance judge`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub save_recording: Option<PathBuf>,
    /// Stop after this long; what was not judged by then is not tested
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub timeout: Option<Duration>,
    /// How many scenarios run at the same time, at most: fewer where the target is slow
    #[arg(long, value_name = "NUMBER", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: u16,
    /// Let rust_socketio, a client that is not ours, hear the broadcasts too, and compare (builds with `--features
    /// rust-socketio`)
    #[arg(long)]
    pub witness: bool,
}

/// The options of `property`.
#[derive(Debug, Args)]
pub struct PropertyArgs {
    /// The backend.
    #[command(flatten)]
    pub target: TargetArgs,
    /// How many random scenarios
    #[arg(long, value_name = "NUMBER", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    pub cases: u32,
    /// Where chance begins; without one, anywhere, and the report tells where
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// How many scenarios run at the same time
    #[arg(long, value_name = "NUMBER", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: u16,
    /// SHOULD requirements (agents' replies, redeliveries) count like MUST
    #[arg(long)]
    pub strict: bool,
    /// A folder of scenario files that failed once: they come first, and a new failure is kept there
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub regressions: Option<PathBuf>,
    /// Stop after this long
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub timeout: Option<Duration>,
}

/// The options of `replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// The scenario, as `conformance property` keeps it or as you write it
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// The backend.
    #[command(flatten)]
    pub target: TargetArgs,
    /// How often; the first time that it fails is shown
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub times: u32,
    /// SHOULD requirements (agents' replies, redeliveries) count like MUST
    #[arg(long)]
    pub strict: bool,
}

/// The options of `judge`.
#[derive(Debug, Args)]
pub struct JudgeArgs {
    /// The recording, as `--save-recording` or `mock-server record` wrote it; `-` for standard input
    #[arg(value_hint = ValueHint::FilePath)]
    pub recording: PathBuf,
    /// The checks and their verdicts.
    #[command(flatten)]
    pub judging: Judging,
}

/// The options of `matrix`.
#[derive(Debug, Args)]
pub struct MatrixArgs {
    /// Only faults of this form, e.g. 'join-*' (may be repeated); `mock-server --list-faults` lists them
    #[arg(long = "fault", value_name = "GLOB")]
    pub faults: Vec<String>,
    /// As JSON
    #[arg(long)]
    pub json: bool,
    /// How many faults are tried at the same time
    #[arg(long, value_name = "NUMBER", default_value_t = 12, value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: u16,
    /// Stop after this long
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub timeout: Option<Duration>,
}

/// The options of `list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only requirements of this form, e.g. 'join.*' (may be repeated)
    #[arg(value_name = "GLOB")]
    pub only: Vec<String>,
    /// As JSON
    #[arg(long)]
    pub json: bool,
    /// As the document CHECKS.md: what each check asks and how it finds out
    #[arg(long, conflicts_with_all = ["json", "only"])]
    pub markdown: bool,
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
