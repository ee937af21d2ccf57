//! The command: reads the command line, puts target, runner and reporters together, and turns the outcome into an exit code.

mod command;

use std::process::ExitCode;

/// A fifth of a run's time went into the system's, which also keeps what a crowd has left.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    command::main()
}
