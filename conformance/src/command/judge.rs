//! `conformance judge`: a saved recording, judged again without a network.

use std::fs::File;
use std::io::{BufRead, BufReader, stdin};
use std::path::Path;

use conformance::checks;
use conformance::recording::Recording;
use conformance::run::{Reporter, RunEvent};

use super::args::JudgeArgs;
use conformance::cli::{CommandError, output};

/// Judges a recording.
pub(super) fn judge(args: &JudgeArgs) -> Result<u8, CommandError> {
    let (checks, known) = args.judging.resolve(checks::all())?;
    let mut reporters = output::reporters(&args.judging.report, args.judging.detail())?;
    let recording = read(&args.recording)?;
    let source = args.recording.display().to_string();
    let report = conformance::run::judge(&recording, &source, &checks, args.judging.strict, &known);
    if report.verdicts.is_empty() {
        return Err(CommandError::Usage(format!(
            "{source}: none of the chosen checks' scenarios stands in this recording; choose others with --run"
        )));
    }
    reporters.on_event(&RunEvent::Finished(&report)).map_err(CommandError::usage)?;
    let unwritten = reporters.into_errors();
    Ok(output::finish(unwritten.iter().map(ToString::to_string), report.conclusion.exit_code()))
}

fn read(path: &Path) -> Result<Recording, CommandError> {
    let input: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(stdin().lock())
    } else {
        let file = File::open(path).map_err(|error| {
            CommandError::Usage(format!(
                "cannot read the recording {}: {error}; name a file that `--save-recording` or `mock-server record` wrote",
                path.display()
            ))
        })?;
        Box::new(BufReader::new(file))
    };
    Recording::read(input).map_err(|error| CommandError::Usage(format!("{}: {error}", path.display())))
}
