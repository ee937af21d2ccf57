//! The command: reads the command line, puts target, runner and reporters together, and turns the outcome into an exit code.

mod command;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::main()
}
