//! Where reports and texts go.

use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal, Write};

use crate::report::{Detail, Look, Progress, ReportSpec, Reporters, Terminal};

use super::CommandError;

/// The reporters that were asked for, and the terminal's where none of them takes standard output.
///
/// # Errors
/// A report's file that cannot be created.
pub fn reporters(specs: &[ReportSpec], detail: Detail) -> Result<Reporters, CommandError> {
    let mut reporters = Reporters::open(specs).map_err(CommandError::usage)?;
    reporters.add("the progress", Box::new(Progress::stderr(Look::of_stdout())));
    if specs.iter().all(|spec| spec.path.is_some()) {
        let terminal = Terminal::stdout(detail);
        let one_screen = std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
        reporters.add("the report", Box::new(if one_screen { terminal.beside_the_progress() } else { terminal }));
    }
    Ok(reporters)
}

/// Tells what could not be written. That changes the exit code of a run that would have ended well, and no other.
pub fn finish(errors: impl IntoIterator<Item = String>, code: u8) -> u8 {
    let mut written = true;
    for error in errors {
        complain(&error);
        written = false;
    }
    if code == 0 && !written { 2 } else { code }
}

/// Prints text; a reader that has gone away is no error.
///
/// # Errors
/// What writing to standard output said.
pub fn print(text: &str) -> Result<u8, CommandError> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(CommandError::Usage(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(0),
    }
}

/// Tells what goes on, on standard error.
pub fn tell(sentence: &str) {
    let _ = writeln!(anstream::stderr(), "{sentence}");
}

/// Tells an error, on standard error. Whether anybody hears it changes nothing.
pub fn complain(error: &dyn Display) {
    let style = anstyle::AnsiColor::Red.on_default().bold();
    let _ = writeln!(anstream::stderr(), "{style}error:{style:#} {error}");
}
