//! The command's parts: one file per subcommand.

mod args;
mod backend;
mod document;
mod embedded;
mod explain;
mod init;
mod judge;
mod list;
mod matrix;
mod output;
mod property;
mod replay;
mod run;

use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use conformance::report::Detail;
use conformance::run::{KnownFailures, RunOptions, select};
use fixtures::Contract;

use args::{Cli, Command, Judging};

/// Why the command ends before or after its work, with the exit code that says so.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    /// The command line or the configuration is wrong.
    #[error("{0}")]
    Usage(String),
    /// The target could not be reached.
    #[error("{0}")]
    Unreachable(String),
}

impl CommandError {
    fn usage(error: impl Display) -> Self {
        Self::Usage(error.to_string())
    }

    fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Unreachable(_) => 3,
        }
    }
}

/// Runs the command.
pub fn main() -> ExitCode {
    let Cli { command, run } = Cli::parse();
    let outcome = match command {
        None => run::run(&run),
        Some(Command::Run(args)) => run::run(&args),
        Some(Command::Property(args)) => property::property(&args),
        Some(Command::Replay(args)) => replay::replay(&args),
        Some(Command::Judge(args)) => judge::judge(&args),
        Some(Command::Matrix(args)) => matrix::matrix(&args),
        Some(Command::List(args)) => list::list(&args),
        Some(Command::Explain { id }) => explain::explain(&id),
        Some(Command::Init { path }) => init::init(&path),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new(); // not standard output itself: the generator panics where it cannot write
            clap_complete::generate(shell, &mut Cli::command(), "conformance", &mut script);
            output::print(&String::from_utf8_lossy(&script))
        }
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            output::complain(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

/// The contract of a file, or the built-in one.
fn contract(path: Option<&Path>) -> Result<Contract, CommandError> {
    path.map_or_else(|| Ok(Contract::room_updates()), |path| Contract::load(path).map_err(CommandError::usage))
}

impl Judging {
    /// How much the terminal shows.
    fn detail(&self) -> Detail {
        if self.verbose { Detail::Verbose } else { Detail::Normal }
    }

    /// The chosen checks and the known failures.
    fn resolve(&self) -> Result<(Vec<&'static conformance::checks::Check>, KnownFailures), CommandError> {
        let checks = select(&self.only, &self.skip).map_err(CommandError::usage)?;
        let known = self.known_failures.as_deref().map(KnownFailures::load).transpose().map_err(CommandError::usage)?;
        Ok((checks, known.unwrap_or_default()))
    }
}

impl args::RunArgs {
    fn options(&self) -> Result<RunOptions, CommandError> {
        let (checks, known) = self.judging.resolve()?;
        if self.witness && cfg!(not(feature = "rust-socketio")) {
            return Err(CommandError::Usage(
                "--witness: this build has no second client; build with `--features rust-socketio`, which needs OpenSSL's \
                 headers (Debian: libssl-dev)"
                    .to_owned(),
            ));
        }
        Ok(RunOptions {
            checks,
            strict: self.judging.strict,
            known,
            transport: self.target.transport,
            jobs: usize::from(self.jobs),
            witness: self.witness,
        })
    }
}
