//! The command: reads its arguments, says where it listens, serves until it is told to end.
//!
//! Exit codes: 0 ended as asked, 1 the server failed, 2 wrong usage, contract or address.

mod command;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use command::{Arguments, Ending, Greeting, UsageError};
use mock_server::ServeError;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(shell) = arguments.completions {
        clap_complete::generate(shell, &mut Arguments::command(), "mock-server", &mut io::stdout());
        return ExitCode::SUCCESS;
    }
    if let Some(format) = arguments.list_faults {
        // Nobody may be reading to the end.
        write!(io::stdout(), "{format}").ok();
        return ExitCode::SUCCESS;
    }
    arguments.log_format.start();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(1, &error),
    };
    match runtime.block_on(run(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(error)) => fail(2, &error),
        Err(Failure::Serve(error @ (ServeError::Option { .. } | ServeError::State(_)))) => fail(2, &error),
        Err(Failure::Serve(error)) => fail(1, &error),
    }
}

/// Why the command ends otherwise than it was asked to.
enum Failure {
    Usage(UsageError),
    Serve(ServeError),
}

async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let options = arguments.options().map_err(Failure::Usage)?;
    let (listener, address) = arguments.listen().await.map_err(Failure::Usage)?;
    let ending = Ending::listen().map_err(|error| Failure::Usage(UsageError::Signals(error)))?;
    let greeting = Greeting::new(&options, address).to_string();
    let shutdown = async {
        // Said once it is true: whoever waits for these lines can connect. Nobody may be listening to them.
        io::stdout().write_all(greeting.as_bytes()).and_then(|()| io::stdout().flush()).ok();
        ending.asked_for().await;
    };
    mock_server::serve(listener, options, shutdown).await.map_err(Failure::Serve)
}

fn fail(code: u8, error: &dyn std::error::Error) -> ExitCode {
    eprintln!("mock-server: {error}");
    ExitCode::from(code)
}
