//! The command: reads its arguments, says where it listens, serves until it is told to end.
//!
//! Exit codes: 0 ended as asked, 1 the server or the browser failed, 2 wrong usage, contract or address.

mod command;

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use command::{
    Arguments, BrowserError, Command, Ending, Greeting, RecordArguments, ReplayArguments, UsageError, from_here,
};
use mock_server::{Options, ServeError};

fn main() -> ExitCode {
    let arguments = Arguments::read();
    if let Some(shell) = arguments.completions {
        clap_complete::generate(shell, &mut Arguments::program(), "mock-server", &mut io::stdout());
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
        Err(Failure::Browser(error)) => fail(1, &error),
    }
}

/// Why the command ends otherwise than it was asked to.
enum Failure {
    Usage(UsageError),
    Serve(ServeError),
    Browser(BrowserError),
}

async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let options = arguments.options().map_err(Failure::Usage)?;
    match &arguments.command {
        Some(Command::Record(record)) => return run_record(arguments, record, &options).await,
        Some(Command::Replay(replay)) => return run_replay(arguments, replay, &options).await,
        _ => {}
    }
    let open = match &arguments.command {
        Some(Command::Open(open)) => {
            let browser = open.browser().map_err(|error| Failure::Usage(error.into()))?;
            options.tls.clone().map(|tls| (open, browser, tls))
        }
        _ => None,
    };
    let (listener, address) = arguments.listen().await.map_err(Failure::Usage)?;
    let ending = Ending::listen().map_err(|error| Failure::Usage(UsageError::Signals(error)))?;
    let greeting = Greeting::new(&options, address).to_string();
    let mut closed = Ok(());
    let shutdown = async {
        // Said once it is true: whoever waits for these lines can connect.
        say(&greeting);
        let Some((open, browser, tls)) = open else { return ending.asked_for().await };
        let address = from_here(address);
        closed = match open.start(browser, address, &tls) {
            Ok(browser) => {
                say(&open.said(&browser, address));
                browser.run(ending.asked_for()).await
            }
            Err(error) => Err(error),
        };
    };
    mock_server::serve(listener, options, shutdown).await.map_err(Failure::Serve)?;
    closed.map_err(Failure::Browser)
}

async fn run_record(arguments: &Arguments, record: &RecordArguments, options: &Options) -> Result<(), Failure> {
    let (listener, address) = arguments.listen().await.map_err(Failure::Usage)?;
    let ending = Ending::listen().map_err(|error| Failure::Usage(UsageError::Signals(error)))?;
    let options = record.options(options).map_err(Failure::Usage)?;
    let shutdown = async {
        say(&record.said(address));
        ending.asked_for().await;
    };
    mock_server::record(listener, options, shutdown).await.map_err(Failure::Serve)
}

async fn run_replay(arguments: &Arguments, replay: &ReplayArguments, options: &Options) -> Result<(), Failure> {
    let options = replay.options(options).map_err(Failure::Usage)?;
    let (listener, address) = arguments.listen().await.map_err(Failure::Usage)?;
    let ending = Ending::listen().map_err(|error| Failure::Usage(UsageError::Signals(error)))?;
    let contents = options.contents();
    let shutdown = async {
        say(&replay.said(address, contents));
        ending.asked_for().await;
    };
    mock_server::replay(listener, options, shutdown).await.map_err(Failure::Serve)
}

/// Nobody may be listening.
fn say(text: &dyn Display) {
    let mut output = io::stdout();
    write!(output, "{text}").and_then(|()| output.flush()).ok();
}

fn fail(code: u8, error: &dyn std::error::Error) -> ExitCode {
    eprintln!("mock-server: {error}");
    ExitCode::from(code)
}
