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
mod property;
mod replay;
mod run;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use conformance::checks;
use conformance::cli::{CommandError, output};
use conformance::run::RunOptions;

use args::{Cli, Command};

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

impl args::RunArgs {
    fn options(&self) -> Result<RunOptions, CommandError> {
        let (checks, known) = self.judging.resolve(checks::of_backends())?;
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
