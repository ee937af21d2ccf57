//! The command: reads the command line, puts browser, page, backend and runner together, and turns the outcome into an exit
//! code.

mod command;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::main()
}
