//! The command's parts.

mod args;
mod embedded;
mod run;

use std::process::ExitCode;

use clap::Parser;
use conformance::cli::output;

use args::{Cli, Command};

/// Runs the command.
pub fn main() -> ExitCode {
    let Cli { command, run } = Cli::parse();
    let args = match command {
        None => run,
        Some(Command::Run(args)) => *args,
    };
    match run::run(&args) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            output::complain(&error);
            ExitCode::from(error.exit_code())
        }
    }
}
